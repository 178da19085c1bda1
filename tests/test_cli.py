"""The commands a reader types."""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest

from course_utils import bootstrap, cli, notebooks


@pytest.fixture
def small_course(tmp_path):
    """A course of one chapter in a folder with a space in its name."""
    folder = tmp_path / "a course" / "notebooks"
    (folder / "solutions").mkdir(parents=True)
    (folder / "_toc.yml").write_text(
        '- {file: 00_one, number: "00", title: One, section: "-", part: P}\n'
        '- {file: 01_two, number: "1", title: To come, section: "-", part: P}\n',
        encoding="utf-8",
    )
    write_notebook(folder / "00_one.ipynb", "from course_utils import claim, setup", "N = 1", "claim('true', N == 1)")
    write_notebook(folder / "solutions" / "00_one.ipynb", "1 + 1")
    return folder


def write_notebook(path, *sources):
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in sources]
    for cell in notebook.cells:
        if cell.source == "N = 1":
            cell.metadata["tags"] = ["parameters"]
    nbformat.write(notebook, path)


# --- bootstrap -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 10, 14), (3, 14, 0)])
def test_another_python_is_refused_in_one_line(version):
    line = bootstrap.complaint(version, 100)
    assert "needs Python 3.11, 3.12 or 3.13" in line and f"{version[0]}.{version[1]}" in line and "\n" not in line


def test_a_full_disk_is_refused_in_one_line():
    assert bootstrap.complaint((3, 11, 7), 5.9) == "The course needs 6 GB of free disk space here; 5.9 GB are free."


@pytest.mark.parametrize("minor", [11, 12, 13])
def test_a_good_computer_is_accepted(minor):
    assert bootstrap.complaint((3, minor, 0), 6.1) == ""


# --- lab -------------------------------------------------------------------------------------------------------


def test_chapters_and_solutions_are_copied_once(small_course, tmp_path):
    mine = tmp_path / "my course"
    assert cli.copy_course(small_course, mine) == []
    assert sorted(path.relative_to(mine).as_posix() for path in mine.rglob("*.ipynb")) == [
        "00_one.ipynb",
        "solutions/00_one.ipynb",
    ]
    assert cli.copy_course(small_course, mine) == []


def test_a_readers_notes_are_never_overwritten(small_course, tmp_path):
    mine = tmp_path / "mine"
    cli.copy_course(small_course, mine)
    write_notebook(mine / "00_one.ipynb", "my own notes")
    assert cli.copy_course(small_course, mine) == []  # the course has not changed: nothing to say
    write_notebook(small_course / "00_one.ipynb", "a new edition")
    for _ in range(2):  # it is said every time, until the reader acts
        messages = cli.copy_course(small_course, mine)
        assert len(messages) == 1 and messages[0].startswith("00_one.ipynb has changed in the course.")
    assert notebooks.read(mine / "00_one.ipynb").cells[0].source == "my own notes"


def test_new_outputs_alone_are_no_change(small_course, tmp_path):
    cli.copy_course(small_course, tmp_path / "mine")
    notebook = notebooks.read(small_course / "00_one.ipynb")
    notebook.cells[0].outputs = [nbformat.v4.new_output("stream", text="another machine's output")]
    nbformat.write(notebook, small_course / "00_one.ipynb")
    assert cli.copy_course(small_course, tmp_path / "mine") == []


def test_a_deleted_copy_comes_back_in_the_new_edition(small_course, tmp_path):
    mine = tmp_path / "mine"
    cli.copy_course(small_course, mine)
    write_notebook(small_course / "00_one.ipynb", "a new edition")
    (mine / "00_one.ipynb").unlink()
    assert cli.copy_course(small_course, mine) == []
    assert notebooks.read(mine / "00_one.ipynb").cells[0].source == "a new edition"


@pytest.mark.slow
def test_the_lab_opens(tmp_path):
    """JupyterLab answers, in a folder with a space in its name, for root as for a plain user."""
    course = tmp_path / "my own copy"
    tracked = subprocess.run(["git", "ls-files"], cwd=notebooks.ROOT, capture_output=True, text=True, check=False)
    names = tracked.stdout.splitlines() or pytest.skip("not a git checkout")
    for name in names:
        if name.startswith(("course_utils/", "notebooks/")) and (notebooks.ROOT / name).exists():
            (course / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(notebooks.ROOT / name, course / name)
    environment = {**os.environ, "PYTHONPATH": str(course), "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime")}
    command = [sys.executable, "-m", "course_utils", "lab", "--no-browser", "--port=0"]
    lab = subprocess.Popen(command, cwd=course, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        address = next(line for line in lab.stderr if "?token=" in line).split()[-1]
        page, _, token = address.partition("?token=")
        assert page.endswith("/lab/tree/my_course/00_start_here.ipynb")
        base, headers = page.split("/lab")[0], {"Authorization": f"token {token}"}
        for _ in range(30):
            try:
                request = urllib.request.Request(f"{base}/api/contents/my_course", headers=headers)
                listing = json.load(urllib.request.urlopen(request, timeout=5))
                break
            except OSError:
                time.sleep(0.5)
        assert "00_start_here.ipynb" in [item["name"] for item in listing["content"]]
        stop = urllib.request.Request(f"{base}/api/shutdown", headers=headers, method="POST")
        urllib.request.urlopen(stop, timeout=5)  # the server is a child: ending the command alone would leave it behind
        assert lab.wait(timeout=30) == 0
    finally:
        lab.kill()


# --- run and notebooks -----------------------------------------------------------------------------------------


def test_run_ends_with_a_table(small_course, capsys):
    assert cli.main(["run", "--folder", str(small_course)]) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[0].split() == ["notebook", "seed", "seconds", "peak", "GB", "claims", "checked"]
    assert table[1].startswith("00_one.ipynb") and table[1].endswith("1 of 1")
    assert float(table[1].split()[2]) > 0.01  # a Python process needs more than 10 MB


def test_run_fails_when_a_cell_fails(small_course, capsys):
    write_notebook(small_course / "00_one.ipynb", "1 + 1", "1 / 0")
    assert cli.main(["run", "--folder", str(small_course), "00"]) == 1
    assert "00_one.ipynb: cell 1: ZeroDivisionError: division by zero" in capsys.readouterr().err


def test_run_with_seeds_injects_each_seed(small_course, capsys):
    write_notebook(
        small_course / "00_one.ipynb",
        "from course_utils import claim",
        "N = 1",
        "claim('the seed is injected', SEED < 2, kind='quality', margin=2 - SEED)",
    )
    assert cli.main(["run", "--folder", str(small_course), "00", "--seeds", "0", "1"]) == 0
    assert "         1  : the seed is injected" in capsys.readouterr().out


def test_save_writes_outputs_without_timing(small_course):
    assert cli.main(["run", "--folder", str(small_course), "--save", "--solutions"]) == 0
    chapter = notebooks.read(small_course / "00_one.ipynb")
    assert [cell.execution_count for cell in chapter.cells] == [1, 2, 3]
    assert chapter.cells[2].outputs[0].text == "✓ true\n"
    assert all("execution" not in cell.metadata for cell in chapter.cells)
    assert notebooks.read(small_course / "solutions" / "00_one.ipynb").cells[0].outputs


@pytest.mark.parametrize("noise", ["import sys; print('x', file=sys.stderr)", "import os; os.system('echo x >&2')"])
def test_save_refuses_a_notebook_that_wrote_to_stderr(small_course, noise, capsys, monkeypatch):
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    write_notebook(small_course / "00_one.ipynb", "1 + 1", noise)
    before = (small_course / "00_one.ipynb").read_bytes()
    assert cli.main(["run", "--folder", str(small_course), "--save"]) == 1
    assert "00_one.ipynb: not written: cell 1 wrote to stderr" in capsys.readouterr().err
    assert (small_course / "00_one.ipynb").read_bytes() == before


def test_running_the_course_is_not_solving_it(small_course, tmp_path):
    write_notebook(small_course / "00_one.ipynb", "import os", "assert os.environ['COURSE_PROGRESS'] != 'mine'")
    os.environ["COURSE_PROGRESS"] = "mine"
    assert cli.main(["run", "--folder", str(small_course)]) == 0


def test_unknown_chapter_is_one_clear_line(small_course, capsys):
    assert cli.main(["run", "--folder", str(small_course), "7.7"]) == 1
    assert capsys.readouterr().err == "chapter '7.7' does not exist; there are: 00\n"


# --- check, data, progress -------------------------------------------------------------------------------------


def test_check_says_what_is_there(capsys):
    assert cli.main(["check"]) == 0
    out = capsys.readouterr().out
    assert "✓ Python 3.1" in out and "Everything is ready." in out


def test_check_says_what_is_missing(capsys, monkeypatch):
    def version(name):
        if name == "papermill":
            raise cli.importlib.metadata.PackageNotFoundError(name)
        return "0"

    monkeypatch.setattr(cli.importlib.metadata, "version", version)
    assert cli.main(["check"]) == 1
    assert "Not installed: papermill. Run `make lab` again." in capsys.readouterr().out


def test_data_lists_every_set(capsys):
    assert cli.main(["data"]) == 0
    out = capsys.readouterr().out
    assert "breast_cancer" in out and "pneumoniamnist" in out


def test_unknown_data_set_is_one_clear_line(capsys):
    assert cli.main(["data", "pneumonia_mnist"]) == 1
    assert "pneumoniamnist" in capsys.readouterr().err


def test_progress_shows_solved_exercises(capsys, monkeypatch, tmp_path):
    file = tmp_path / "progress.json"
    file.write_text('["00-a"]', encoding="utf-8")
    monkeypatch.setenv("COURSE_PROGRESS", str(file))
    assert cli.main(["progress"]) == 0
    line = capsys.readouterr().out.splitlines()[0]
    assert line.startswith("00") and "1 of" in line and "✓ 00-a" in line and "○ 00-b" in line


def test_an_unknown_command_is_answered_with_the_list():
    with pytest.raises(SystemExit) as stop:
        cli.main(["dance"])
    assert stop.value.code == 2


def test_module_can_be_run():
    done = subprocess.run(
        [sys.executable, "-m", "course_utils", "--help"], cwd=notebooks.ROOT, capture_output=True, text=True, check=True
    )
    assert "lab" in done.stdout


# --- make ------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("target", ["lab", "test", "quick"])
def test_make_refuses_an_old_python_in_one_clear_line(target, tmp_path):
    old_python = tmp_path / "old python"
    old_python.write_text(f'#!/bin/sh\nsed "s/sys.version_info/(3, 8, 1)/" "$1" | "{sys.executable}" -\n')
    old_python.chmod(0o755)
    course = tmp_path / "course"
    (course / "course_utils").mkdir(parents=True)
    for file in ("Makefile", "requirements.txt", "pyproject.toml", "course_utils/bootstrap.py"):
        shutil.copy(notebooks.ROOT / file, course / file)
    # Not as a child of the `make` that may be running the tests: it would announce its folder.
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL")}
    command = ["make", target, f"PYTHON='{old_python}'"]
    done = subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines()[0] == "The course needs Python 3.11, 3.12 or 3.13; this is Python 3.8."
    assert not Path(course / ".venv").exists()
