"""The parts of which the site is made: what is folded, terms, links below the title, copies for Colab, Binder."""

import json
import re
import subprocess
import sys

import nbformat
import pytest

from course_utils import notebooks

ROOT = notebooks.ROOT
sys.path.insert(0, str(ROOT / "docs" / "extensions"))
import chapters  # noqa: E402  (found only after the line above)
import colab  # noqa: E402
import folds  # noqa: E402
import glossary  # noqa: E402
import strip  # noqa: E402
import terms  # noqa: E402

new = nbformat.v4


def notebook(*cells):
    """A notebook; a text that begins with `>` is a code cell."""
    made = [
        new.new_code_cell(text[1:], id=f"c{i}") if text.startswith(">") else new.new_markdown_cell(text, id=f"c{i}")
        for i, text in enumerate(cells)
    ]
    return new.new_notebook(cells=made)


def arranged(*cells, solved=None):
    chapter = notebook(*cells)
    folds.arrange(chapter, solved and notebook(*solved))
    return [cell.source for cell in chapter.cells]


OPEN = f'<details class="prediction"><summary>{folds.ANSWER_SUMMARY}</summary>'
ASK = "**Before you run it:** what comes?"


@pytest.mark.parametrize(
    ("cells", "folded"),
    [
        ([ASK, ">x", "The answer.", "More."], [">x", "The answer."]),
        ([ASK, ">x", ">plot", "The answer.", ">claim('a', 1)", ">y"], [">x", ">plot", "The answer.", ">claim('a', 1)"]),
        ([ASK, "Note.", ">x", "The answer.", ">y"], ["Note.", ">x", "The answer."]),
        ([ASK, ">x", "## Next"], [">x"]),
        ([ASK, ">x", ASK, ">y", "B."], [">x"]),
        ([ASK, ">x"], [">x"]),
    ],
)
def test_what_follows_a_prediction_is_folded(cells, folded):
    shown = arranged(*cells)
    start, end = shown.index(OPEN), shown.index("</details>")
    assert shown[start + 1 : end] == [text.removeprefix(">") for text in folded]
    assert [text for text in shown if "details" not in text] == [text.removeprefix(">") for text in cells]


ABOUT = "**Before you run it** asks for a guess."  # speaks of predictions, and is none


@pytest.mark.parametrize("cells", [[ASK, "Text."], [ASK, "## Heading", ">x"], ["No question.", ">x"], [ABOUT, ">x"]])
def test_without_code_nothing_is_folded(cells):
    assert not any("<details" in text for text in arranged(*cells))


def test_the_solution_stands_below_its_exercise():
    chapter = ["### Exercise 1-a: one\n\nDo.", ">x = ...", "Text.", "### Exercise 1-b: two\n\nDo.", ">y = ...", "End."]
    solved = ["# Solutions", ">setup()", "### Exercise 1-a: one\n\nDo.", ">x = 1", "Because.", "### Exercise 1-b: two"]
    shown = arranged(*chapter, solved=[*solved, ">y = 2"])
    first = shown.index('<details class="solution"><summary>Solution of 1-a</summary>')
    assert shown[first - 1 : first + 4] == ["x = ...", shown[first], "x = 1", "Because.", "</details>"]
    assert "y = 2" in shown and "setup()" not in shown
    assert not any("solution" in text for text in arranged(*chapter))


def test_the_ids_of_the_cells_stay_different_and_the_same_at_each_build():
    def ids():
        chapter = notebook("### Exercise 1-a: one", ">x = ...", ASK, ">x", "A.")
        folds.arrange(chapter, notebook("### Exercise 1-a: one", ">x = 1"))
        return [cell.id for cell in chapter.cells]

    assert ids() == ids() and len(set(ids())) == len(ids())


def term(name, abbreviation="", file="01_x"):
    return glossary.Term(file, name, "中", "meaning", abbreviation)


TERMS = [term("stride"), term("area under the ROC curve", "AUC"), term("Adam"), term("window (of a CT image)")]
TERMS += [term("test set"), term("set"), term("malignant, benign")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A stride of 2, two strides.", ["stride", "strides"]),
        ("Strides, backstride, stride-like", ["Strides"]),
        ("The AUC; an auc; the area under the\nROC curve", ["AUC", "area under the\nROC curve"]),
        ("Adam and adam", ["Adam"]),
        ("the test sets", ["test sets"]),
        ("a benign window", ["benign"]),
        ("nothing", []),
    ],
)
def test_terms_are_found(text, found):
    hits = terms.Finder(TERMS, "02_y").find(text)
    assert [text[first:last] for first, last, _ in hits] == found


def test_a_qualified_term_is_marked_in_its_own_chapter():
    assert [t.name for *_, t in terms.Finder(TERMS, "01_x").find("a window")] == ["window (of a CT image)"]
    assert terms.Finder([], "01_x").find("a window") == []


# --- links below the title -------------------------------------------------------------------------------------


def test_without_an_address_there_are_no_links_to_a_repository():
    assert strip.addresses("chapters/01_x", "") == [("Download the notebook", "notebooks/01_x.ipynb")]
    assert strip.addresses("notation", "") == [] and strip.line([], "../") == ""


def test_with_an_address_every_link_is_there():
    found = dict(strip.addresses("chapters/01_x", "https://github.com/a/b", has_slides=True))
    assert found["Slides"] == "slides/01_x.slides.html"
    assert found["Edit this page"] == "https://github.com/a/b/edit/main/notebooks/01_x.ipynb"
    assert found["Open in Colab"].endswith("/github/a/b/blob/gh-pages/colab/01_x.ipynb")
    assert found["Open in Binder"] == "https://mybinder.org/v2/gh/a/b/main?urlpath=lab/tree/notebooks/01_x.ipynb"
    assert found["Report a mistake"].startswith("https://github.com/a/b/issues/new?title=In%20notebooks/01_x.ipynb")
    html = strip.line(list(found.items()), "../")
    assert 'href="../notebooks/01_x.ipynb" download' in html and 'href="https://mybinder.org' in html


@pytest.mark.parametrize(
    ("page", "file"),
    [
        ("notation", "docs/notation.md"),
        ("chapters/data", "data/README.md"),
        ("chapters/results", "benchmarks/RESULTS.md"),
        ("chapters/solutions/01_background", "notebooks/solutions/01_background.ipynb"),
        ("chapters/01_background", "notebooks/01_background.ipynb"),
        ("chapters/solutions", None),
        ("search", None),
    ],
)
def test_a_page_knows_its_file(page, file):
    assert strip.source(page) == file
    assert file is None or (ROOT / file).exists()


def test_elsewhere_than_github_there_is_no_colab():
    assert "Open in Colab" not in dict(strip.addresses("chapters/01_x", "https://example.org/a/b"))


# --- Colab -----------------------------------------------------------------------------------------------------

# What Colab had in August 2026 (its published list, Python 3.13).
COLAB = {"tensorflow": "2.20.0", "keras": "3.13.2", "numpy": "2.1.3", "pandas": "2.2.3", "scikit-learn": "1.6.1"}
COLAB |= {"scipy": "1.16.3", "protobuf": "5.29.6"}


def test_colab_brings_what_the_course_needs_most_in_versions_that_do():
    from packaging.requirements import Requirement

    bounds = {Requirement(text).name: Requirement(text).specifier for text in colab.requirements().values()}
    for name, version in COLAB.items():
        assert name not in bounds or bounds[name].contains(version), f"{name} {version} of Colab is refused"
        assert name in colab.HELD


def test_the_cell_never_asks_for_what_colab_brings():
    wanted = colab.wanted()
    assert {"rdkit", "selfies", "Bio"} <= set(wanted)
    assert not {"tensorflow", "keras", "numpy", "pandas", "sklearn", "scipy", "matplotlib"} & set(wanted)


def run_cell(folder, lacking):
    """Run the cell with a git and a pip that only write down what they are asked for; return that."""
    stand_in = f"""
import importlib.util, subprocess
asked = []
def run(command, check):
    asked.append(command)
    if command[0] == "git":
        pathlib.Path(command[-1]).mkdir()
subprocess.run = run
find = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name in {lacking!r} else find("json")
"""
    cell = colab.cell("https://example.org/a/b")
    program = f"import json, pathlib\n{stand_in}\n{cell}\nprint(json.dumps(asked))"
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_cell_gets_the_course_and_what_is_lacking_and_holds_tensorflow(tmp_path):
    git, pip = run_cell(tmp_path, ["rdkit", "selfies"])
    assert git == ["git", "clone", "--quiet", "--depth", "1", "https://example.org/a/b", "course"]
    assert [text.split(">")[0] for text in pip[-2:]] == ["rdkit", "selfies"]
    held = (tmp_path / "held.txt").read_text("utf-8")
    assert re.search(r"^tensorflow==\d", held, re.MULTILINE) and re.search(r"^numpy==\d", held, re.MULTILINE)
    assert pip[pip.index("--constraint") + 1] == "held.txt"


def test_the_cell_run_again_does_nothing(tmp_path):
    (tmp_path / "course").mkdir()
    assert run_cell(tmp_path, []) == []


def test_a_copy_for_colab_has_the_cell_in_front_and_no_outputs():
    chapter = notebook("# 1 Title", ">x = 1")
    chapter.cells[1].outputs = [new.new_output("stream", text="1")]
    copied = colab.copy_of(chapter, "https://example.org/a/b")
    nbformat.validate(copied)
    assert "https://example.org/a/b" in copied.cells[0].source and not copied.cells[2].outputs
    assert notebooks.sources(copied)[1:] == notebooks.sources(chapter) and chapter.cells[1].outputs


# --- Binder, JupyterHub ----------------------------------------------------------------------------------------


def test_the_files_of_repo2docker_are_well_formed():
    folder = ROOT / ".binder"
    assert (folder / "runtime.txt").read_text("utf-8").strip() in {"python-3.11", "python-3.12", "python-3.13"}
    (line,) = (folder / "requirements.txt").read_text("utf-8").split("\n")[:-1]
    assert line.startswith("-r ") and (folder / line.removeprefix("-r ")).resolve() == ROOT / "requirements.txt"
    script = folder / "postBuild"
    assert script.read_text("utf-8").startswith("#!/usr/bin/env bash\n")
    assert subprocess.run(["bash", "-n", str(script)]).returncode == 0
    listed = subprocess.run(["git", "ls-files", "-s", ".binder/postBuild"], cwd=ROOT, capture_output=True, text=True)
    assert not listed.stdout or listed.stdout.startswith("100755"), "postBuild must be executable"


# --- the page of the slides --------------------------------------------------------------------------------------


def test_the_page_of_the_slides_lists_those_that_are_made(tmp_path):
    entries = [notebooks.Entry(f"0{i}_x", str(i), "This & that", "1", "Labs", tmp_path) for i in (1, 2)]
    assert "`make slides`" in chapters.slides_page(entries, tmp_path)
    (tmp_path / "02_x.slides.html").write_text("", encoding="utf-8")
    text = chapters.slides_page(entries, tmp_path)
    assert 'href="../slides/02_x.slides.html">2 This &amp; that<' in text and "01_x" not in text
