"""The primers: every printed output is what Python prints."""

import contextlib
import doctest
import io
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PRIMERS = ["primer_arrays_and_plots.md", "primer_clinical_statistics.md"]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run_examples(text, name):
    """Run the examples of a page one after the other; return how many ran and the report of what failed."""
    # Everything outside the Python blocks becomes an empty line, so that a failure names the page's own line.
    lines = [""] * (text.count("\n") + 1)
    for block in BLOCK.finditer(text):
        first = text[: block.start(1)].count("\n")
        inside = block.group(1).splitlines()
        lines[first : first + len(inside)] = inside
    test = doctest.DocTestParser().get_doctest("\n".join(lines) + "\n", {}, name, name, 0)
    report = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()):
        result = doctest.DocTestRunner(verbose=False).run(test, out=report.write)
    return result.attempted, report.getvalue()


@pytest.fixture
def offscreen(tmp_path, monkeypatch):
    """Figures are written to a folder of the test's own, in matplotlib's plain style, and no window opens."""
    import matplotlib.pyplot as plt

    monkeypatch.chdir(tmp_path)
    plt.switch_backend("agg")
    with plt.rc_context():
        plt.rcdefaults()
        yield tmp_path
    plt.close("all")


@pytest.mark.parametrize("page", PRIMERS)
def test_every_snippet_prints_what_the_page_says(page, offscreen):
    attempted, report = run_examples((DOCS / page).read_text(encoding="utf-8"), page)
    assert attempted > 10
    assert not report, report


@pytest.mark.parametrize("page", PRIMERS)
def test_no_code_escapes_the_check(page):
    text = (DOCS / page).read_text(encoding="utf-8")
    blocks = BLOCK.findall(text)
    assert all(block.startswith(">>> ") for block in blocks)
    assert text.count("```") == 2 * len(blocks), "every fenced block of a primer is a checked Python block"
    assert not re.search(r"^>>> ", BLOCK.sub("", text), re.MULTILINE)


@pytest.mark.parametrize("page", PRIMERS)
def test_snippets_are_short(page):
    blocks = BLOCK.findall((DOCS / page).read_text(encoding="utf-8"))
    assert max(sum(line.startswith((">>> ", "... ")) for line in block.splitlines()) for block in blocks) <= 5


@pytest.mark.parametrize("page", PRIMERS)
def test_three_questions_with_folded_answers(page):
    text = (DOCS / page).read_text(encoding="utf-8")
    questions = text[text.index("## Check yourself") : text.index("## Sources")]
    assert len(re.findall(r"^\*\*\d\.\*\*", questions, re.MULTILINE)) == 3
    assert questions.count("<details>") == questions.count("<summary>Answer</summary>") == 3
    assert questions.count("</details>") == 3


def test_the_figure_on_the_page_is_the_one_its_snippet_draws(offscreen):
    from matplotlib.image import imread

    page = "primer_arrays_and_plots.md"
    run_examples((DOCS / page).read_text(encoding="utf-8"), page)
    drawn, stored = imread("pressure_by_age.png"), imread(DOCS / "figures" / "pressure_by_age.png")
    assert drawn.shape == stored.shape
    # Fonts differ a little between versions of matplotlib; another plot differs in many more pixels.
    assert abs(drawn - stored).mean() < 0.02


@pytest.mark.parametrize("wrong", ["(3, 4)", "(4, 3.0)", ""])
def test_a_wrong_output_is_noticed(wrong):
    page = "Text.\n\n```python\n>>> print((4, 3))\nOUTPUT\n```\n"
    assert run_examples(page.replace("OUTPUT", "(4, 3)"), "page") == (1, "")
    assert "line 4" in run_examples(page.replace("OUTPUT", wrong), "page")[1]
