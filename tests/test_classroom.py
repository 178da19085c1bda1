"""What a teacher hands out and gets back: sheets that ask without answering, and a class whose answers are checked."""

import csv
import html
import http.server
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import nbformat
import psutil
import pytest

import course_utils
from course_utils import _rerun, classroom, cli, notebooks

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


# --- a class -----------------------------------------------------------------------------------------------------

RIGHT = """def negative_predictive_value(sensitivity, specificity, prevalence):
    well = specificity * (1 - prevalence)
    return well / (well + (1 - sensitivity) * prevalence)


exercises.check("9.9-a", negative_predictive_value)"""
LISTED = """def negative_predictive_value(sensitivity, specificity, prevalence):
    return positive_predictive_value(sensitivity, specificity, prevalence)  # of the chapter, in a cell above


exercises.check("9.9-a", negative_predictive_value)"""
RIGHT_B = 'exercises.check("9.9-b", lambda first, second: first & second)'
LISTED_HINT = "This is the positive predictive value: count those whose test is negative."


def returned(place, **cells):
    """Write a student's copy of the chapter, with these cells instead of the stubs of exercise a and b.

    `setup` is taken out, so that a process of theirs does not load TensorFlow.
    """
    place.mkdir(parents=True)
    notebook = notebooks.read(FIXTURE / "99_fixture.ipynb")
    for exercise_id, _, stub, _ in notebooks.exercises(notebook):
        stub.source = cells.get(exercise_id[-1], stub.source)
    for cell in notebook.cells:
        cell.source = cell.source.replace("setup(seed=SEED", "dict(seed=SEED")
    nbformat.write(notebook, place / "99_fixture.ipynb")
    return place


def review(folder, class_folder, **options):
    entries = [notebooks.find_chapter("9.9", folder)]
    return {(one.student, one.exercise): one for one in classroom.review(class_folder, entries, **options)}


@pytest.mark.slow
def test_the_command_shows_who_solved_what_and_what_the_wrong_answers_show(folder, tmp_path, capsys):
    class_folder = tmp_path / "class"
    returned(class_folder / "anna" / "my_course", a=RIGHT, b=RIGHT_B)
    returned(class_folder / "ben", a=LISTED)
    returned(class_folder / "=cy", a="while 1: __import__('time').sleep(1)\n" + RIGHT, b="raise SystemExit\n" + RIGHT_B)
    (class_folder / "list of names.txt").write_text("anna, ben, cy")
    before = {path: path.read_bytes() for path in class_folder.rglob("*") if path.is_file()}
    report = tmp_path / "class.csv"
    options = ["--folder", str(folder), "--csv", str(report), "--seconds", "15"]
    assert cli.main(["class", str(class_folder), *options]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[:4]] == [
        ["student", "9.9", "solved"],
        ["=cy", "!!", "0", "of", "2"],
        ["anna", "✓✓", "2", "of", "2"],
        ["ben", "✗○", "0", "of", "2"],
    ]
    assert f"9.9-a  1 (ben): {LISTED_HINT}" in lines
    assert "9.9-a  1 (=cy): not checked: stopped after 20 seconds: does a loop in it never end?" in lines
    assert any(line.startswith("9.9-b  1 (=cy): not checked: SystemExit") for line in lines)
    with report.open(encoding="utf-8-sig", newline="") as file:
        rows = {(row["student"], row["exercise"]): row for row in csv.DictReader(file)}
    assert len(rows) == 6 and rows["anna", "9.9-b"]["result"] == "solved"
    assert rows["ben", "9.9-a"]["misconception"] == LISTED_HINT and rows["ben", "9.9-b"]["result"] == "open"
    assert rows["'=cy", "9.9-a"]["result"] == "fault"  # no formula for a spreadsheet
    assert {path: path.read_bytes() for path in class_folder.rglob("*") if path.is_file()} == before


HARM = """
import os, pathlib, subprocess, sys, urllib.request
tried = []
def attempt(what, action):
    try:
        action()
    except Exception:
        tried.append(what)
target = pathlib.Path({target!r})
attempt("write", lambda: target.write_text("spoilt"))
attempt("remove", target.unlink)
attempt("rename", lambda: target.rename(target.with_name("moved")))
attempt("folder", lambda: target.with_name("new").mkdir())
attempt("program", lambda: subprocess.run(["/bin/sh", "-c", f"echo spoilt > '{target}'"], check=True))
attempt("network", lambda: urllib.request.urlopen({address!r}, timeout=5))
pathlib.Path("mine.txt").write_text("in my own folder")
import course_utils
assert "SECRET" not in os.environ and course_utils.__file__ == {course!r}
exercises.check("9.9-b", lambda first, second: first & second if len(tried) == 6 else first)
"""


@pytest.mark.slow
def test_a_students_code_changes_nothing_outside_its_copy_and_has_no_network(folder, tmp_path, monkeypatch):
    class_folder, target = tmp_path / "class", tmp_path / "target"
    target.write_text("whole")
    monkeypatch.setenv("SECRET", "1")
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://192.0.2.1:{server.server_port}/"
        harm = HARM.format(target=str(target), address=address, course=course_utils.__file__)
        place = returned(class_folder / "dora", b=harm)
        (place / "course_utils").mkdir()  # a student's own package does not stand before the course's
        (place / "course_utils" / "__init__.py").write_text("raise SystemExit")
        found = review(folder, class_folder)
        server.shutdown()
    assert found["dora", "9.9-b"].result == "solved", found["dora", "9.9-b"]
    assert target.read_text() == "whole" and not target.with_name("new").exists()
    assert not (place / "mine.txt").exists()


@pytest.mark.slow
def test_what_ends_the_process_of_one_exercise_spares_the_other(folder, tmp_path):
    class_folder = tmp_path / "class"
    returned(class_folder / "exits", a="import os\nos._exit(7)\n" + RIGHT, b=RIGHT_B)
    returned(class_folder / "grows", a="x = bytearray(8_000_000_000)\n" + RIGHT, b=RIGHT_B)
    returned(class_folder / "raises", a="1 / 0\n" + RIGHT, b="def (:\n" + RIGHT_B)
    found = review(folder, class_folder, memory_gb=2)
    assert found["exits", "9.9-a"].message == "its code ended Python (exit code 7)"
    assert found["exits", "9.9-b"].result == "solved"
    assert found["grows", "9.9-a"].message.startswith(("MemoryError", "stopped: it needs more than 2 GB"))
    assert found["grows", "9.9-b"].result == "solved"
    assert found["raises", "9.9-a"].message == "ZeroDivisionError: division by zero"
    assert found["raises", "9.9-b"].message.startswith("SyntaxError")


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="no process knows there that its parent is gone")
def test_a_students_process_ends_with_the_command(folder, tmp_path):
    returned(tmp_path / "class" / "ian", a="__import__('time').sleep(90)\n" + RIGHT)
    command = [sys.executable, "-m", "course_utils", "class", str(tmp_path / "class"), "--folder", str(folder)]
    with subprocess.Popen(command, cwd=notebooks.ROOT, stdout=subprocess.DEVNULL) as process:
        own = psutil.Process(process.pid)
        end = time.monotonic() + 60
        while not own.children() and time.monotonic() < end:
            time.sleep(0.1)
        (child,) = own.children()
        time.sleep(2)  # until it has begun to watch
        process.kill()
    psutil.wait_procs([child], timeout=30)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_of_two_checks_the_right_one_counts_and_a_check_that_is_gone_is_named(folder, tmp_path):
    class_folder = tmp_path / "class"
    returned(class_folder / "eva", a=f"{RIGHT}\nexercises.check('9.9-a', 3)", b="# I deleted this")
    found = review(folder, class_folder)
    assert found["eva", "9.9-a"].result == "solved" and found["eva", "9.9-b"].result == "missing"


def test_a_stub_and_a_damaged_notebook_start_no_process(folder, tmp_path, monkeypatch):
    class_folder = tmp_path / "class"
    returned(class_folder / "fay")
    returned(class_folder / "gus")
    (class_folder / "gus" / "99_fixture.ipynb").write_text("{")
    (class_folder / "hal").mkdir()
    monkeypatch.setattr(classroom.subprocess, "Popen", None)
    found = review(folder, class_folder)
    assert {name: one.result for name, one in found.items() if name[0] == "fay"} == dict.fromkeys(
        [("fay", "9.9-a"), ("fay", "9.9-b")], "open"
    )
    assert found["gus", "9.9-a"].message == "99_fixture.ipynb is no notebook: the file is damaged"
    assert not any(student == "hal" for student, _ in found)


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (lambda folder: None, "is no folder: it should hold one folder for each student"),
        (lambda folder: folder.mkdir(), "holds no folder of a student: it should look like "),
        (lambda folder: (folder / "anna").mkdir(parents=True), "has returned one of these chapters"),
    ],
)
def test_a_folder_without_students_is_one_clear_line(folder, tmp_path, make, line, capsys):
    make(tmp_path / "class")
    assert cli.main(["class", str(tmp_path / "class"), "--folder", str(folder)]) == 1
    said = capsys.readouterr().err
    assert line in said and said.count("\n") == 1


def test_limits_must_be_more_than_nothing(folder, tmp_path, capsys):
    assert cli.main(["class", str(tmp_path), "--folder", str(folder), "--seconds", "0"]) == 1
    assert capsys.readouterr().err == "--seconds must be more than 0, got 0.0\n"


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["import numpy as np", "a = 1", "np.zeros(b)"], [0]),
        (["x = []", "y = 2", "x.append(y)", "print(x)", "plt.plot(x)", "z = x[0]", "x"], [0, 1, 2]),
        (["def f():\n    return k", "k = 3", "f()"], [0, 1]),
        (["k = 1", "def f():\n    return k", "a = f()", "k = 2", "a + f()"], [0, 1, 2, 3]),
        (["from m import *", "nothing = 0", "g()"], [0]),
        (["model = 1", "history = model.fit(0)", "model"], [0, 1]),
        (["t = {}", "t['a'] = 1", "t.b = 2", "train(t)", "show = t.mean()", "t"], [0, 1, 2, 3]),
        (["total = 0", "for i in range(3):\n    total = i", "total"], [0, 1]),
        (["x = 1", "x = 2", "x"], [1]),
        (["x = 1", "x = x + 1", "x"], [0, 1]),
        (["k = 1", "rows = 2", "def g(k):\n    rows = k\n    return [i for i in rows]", "i = 3", "g(1)"], [2]),
        (["n = 1", "a = [n for _ in range(2)]", "a"], [0, 1]),
        (["n = 1", "class A:\n    size = n", "m = 3", "A()"], [0, 1]),
        (["n = 1", "n = 3\nprint(n)"], []),
        (["x = 1", "%time x = 2", "x"], [0, 1]),
    ],
)
def test_the_cells_that_an_exercise_needs_are_found(cells, expected):
    assert _rerun.needed([_rerun.facts(source) for source in cells], len(cells) - 1) == expected


def test_text_and_what_is_no_python_is_needed_by_nobody():
    assert _rerun.facts("a = (") is None and _rerun.facts("(" * 10_000) is None
    assert _rerun.needed([None, _rerun.facts("a = 1"), None, _rerun.facts("a")], 3) == [1]


@pytest.mark.slow
@pytest.mark.parametrize("number", ["3.3.1"])  # one whose exercises use what the chapter makes before them
def test_the_solutions_of_a_chapter_are_solved_wherever_they_stand(number, tmp_path):
    entry = notebooks.find_chapter(number)
    chapter = notebooks.read(entry.path)
    solutions = {name: code.source for name, _, code, _ in notebooks.exercises(notebooks.read(entry.solution_path))}
    for exercise_id, _, stub, _ in notebooks.exercises(chapter):
        stub.source = solutions[exercise_id]
    (tmp_path / "class" / "kim").mkdir(parents=True)
    nbformat.write(chapter, tmp_path / "class" / "kim" / entry.path.name)
    found = classroom.review(tmp_path / "class", [entry])
    assert {one.exercise: one.result for one in found} == dict.fromkeys(solutions, "solved"), found


@pytest.mark.slow
def test_where_a_name_is_missing_all_cells_run(folder, tmp_path):
    hidden = "exec('missing' + ' = 3')"  # no reader of code sees that it makes a name
    place = returned(tmp_path / "class" / "jo", a="assert missing == 3\n" + RIGHT)
    notebook = notebooks.read(place / "99_fixture.ipynb")
    notebook.cells.insert(5, nbformat.v4.new_code_cell(hidden))
    nbformat.write(notebook, place / "99_fixture.ipynb")
    assert review(folder, tmp_path / "class")["jo", "9.9-a"].result == "solved"
