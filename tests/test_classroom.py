"""What a teacher hands out: sheets that ask without answering, and sheets that answer."""

import html
import os
import re
import shutil
from pathlib import Path

import pytest

from course_utils import classroom, cli, notebooks

FIXTURE = Path(__file__).parent / "fixtures" / "chapter"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A course of one chapter, with checks of its own."""
    monkeypatch.setenv("COURSE_EXERCISES", str(FIXTURE / "exercises"))
    return Path(shutil.copytree(FIXTURE, tmp_path / "a course"))


def code_of(page):
    return [html.unescape(code) for code in re.findall(r"<pre><code>(.*?)</code></pre>", page, re.DOTALL)]


def lines_of(*sources):
    return {line.strip() for source in sources for line in source.splitlines() if len(line.strip()) > 3}


# --- sheets ------------------------------------------------------------------------------------------------------


def test_a_sheet_asks_and_does_not_answer(folder):
    page = classroom.sheet(notebooks.find_chapter("9.9", folder))
    assert "Exercise 9.9-a: the normal scan" in page and "Exercise 9.9-b: two readings" in page
    assert [code.splitlines()[-1] for code in code_of(page)] == [
        'exercises.check("9.9-a", negative_predictive_value)',
        'exercises.check("9.9-b", call_back)',
    ]
    assert 'class="name"' in page and page.count('class="room"') == 2
    assert "Question 1" in page and "is right" not in page and "true_negatives" not in page
    exercises, hints = page.split("<h2>Hints</h2>")
    assert "Count two groups" in hints and "Count two groups" not in exercises
    assert "<details>" not in page and "This is the positive predictive value" not in page


def test_a_sheet_with_solutions_answers_and_says_what_goes_wrong(folder):
    page = classroom.sheet(notebooks.find_chapter("9.9", folder), solutions=True)
    assert "true_negatives = specificity * (1 - prevalence)" in page
    assert "A healthy person is now called back only if both readings are wrong." in page
    assert "<strong>C</strong> is right" in page
    assert "This is the positive predictive value: count those whose test is negative." in page
    assert 'class="name"' not in page and 'class="room"' not in page


@pytest.mark.parametrize("entry", notebooks.chapters(), ids=lambda entry: entry.file)
def test_the_sheet_of_a_chapter_holds_every_exercise_and_no_solution(entry):
    chapter, solution = notebooks.read(entry.path), notebooks.read(entry.solution_path)
    page, answered = classroom.sheet(entry), classroom.sheet(entry, solutions=True)
    asked = lines_of(*(stub.source for *_, stub, _ in notebooks.exercises(chapter)))
    shown = lines_of(*code_of(page))
    assert shown == asked
    solved = lines_of(*(code.source for *_, code, _ in notebooks.exercises(solution)))
    assert solved <= lines_of(*code_of(answered)) and solved - asked
    for exercise_id, text, *_ in notebooks.exercises(chapter):
        title = text.source.splitlines()[0].lstrip("# ")
        assert html.escape(title, quote=False).split(":")[0] in page
        assert all(hint for _, hint in classroom.mistakes(exercise_id))
    for words in (page, answered):
        assert "<details" not in words and "<summary" not in words
        assert re.findall(r'(?:src|href)="(?!https?://|#|mathjax/)[^"]*"', words) == []
    assert not re.search(r"<strong>[A-E]</strong> is right", page)


def test_sheets_are_written_with_what_draws_their_formulas(folder, tmp_path, capsys):
    out = tmp_path / "out"
    for options in ([], ["--solutions"]):
        assert cli.main(["sheets", "9.9", "--folder", str(folder), "--out", str(out), *options]) == 0
    said = capsys.readouterr().out
    names = ["99_fixture.html", "99_fixture_solutions.html"]
    assert sorted(path.name for path in out.glob("*.html")) == names and all(name in said for name in names)
    assert 'src="mathjax/tex-svg-full.js"' in (out / names[0]).read_text(encoding="utf-8")
    assert (out / "mathjax" / "tex-svg-full.js").stat().st_size > 1e6


def test_sheets_of_an_unknown_chapter_or_without_a_solution_are_one_clear_line(folder, tmp_path, capsys):
    options = ["--folder", str(folder), "--out", str(tmp_path / "out")]
    assert cli.main(["sheets", "7.7", *options]) == 1
    assert capsys.readouterr().err == "chapter '7.7' does not exist; there are: 9.9\n"
    (folder / "solutions" / "99_fixture.ipynb").unlink()
    assert cli.main(["sheets", "9.9", "--solutions", *options]) == 1
    assert capsys.readouterr().err == "chapter 9.9 has no solution notebook: 99_fixture.ipynb is missing\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="nothing is read-only here")
def test_sheets_into_a_read_only_folder_are_one_clear_line(folder, tmp_path, capsys):
    (tmp_path / "out").mkdir(mode=0o500)
    assert cli.main(["sheets", "9.9", "--folder", str(folder), "--out", str(tmp_path / "out")]) == 1
    assert "cannot be written or read here" in capsys.readouterr().err
