"""The commands a reader types."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from small_course import write_notebook

from course_utils import bootstrap, cli, notebooks

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


def test_a_read_only_folder_is_refused_in_one_line():
    line = bootstrap.complaint((3, 12, 0), 100, writable=False)
    assert line.startswith("This folder is read-only") and "\n" not in line


LISTING = """:env:.user='1'
:env:.timeout='99'
global.index-url='https://name:secret@mirror.example/simple'
global.proxy='http://proxy.example:3128'
global.timeout='60'
install.target='/somewhere/else'
install.extra-index-url='https://a.example\\nhttps://b.example'
install.constraint='old.txt'
wheel.find-links='/wheels'
"""


def test_of_pips_settings_only_the_networks_are_kept():
    before = {"PATH": "/bin", "PIP_USER": "1", "PIP_PREFIX": "/x", "PIP_REQUIRE_HASHES": "1", "PIP_TIMEOUT": "99"}
    assert bootstrap.pip_environment(before, LISTING) == {
        "PATH": "/bin",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": "https://name:secret@mirror.example/simple",
        "PIP_PROXY": "http://proxy.example:3128",
        "PIP_TIMEOUT": "99",  # the variable wins over the file, as in pip
        "PIP_EXTRA_INDEX_URL": "https://a.example\nhttps://b.example",
    }


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


def test_save_writes_outputs_without_timing_and_debris(small_course):
    notebook = notebooks.read(small_course / "00_one.ipynb")
    notebook.metadata["jupytext"] = {"formats": "ipynb,py"}
    notebook.cells[0].metadata["lines_to_next_cell"] = 2
    nbformat.write(notebook, small_course / "00_one.ipynb")
    assert cli.main(["run", "--folder", str(small_course), "--save", "--solutions"]) == 0
    chapter = notebooks.read(small_course / "00_one.ipynb")
    assert [cell.execution_count for cell in chapter.cells] == [1, 2, 3]
    assert chapter.cells[2].outputs[0].text == "✓ true\n"
    assert all("execution" not in cell.metadata for cell in chapter.cells)
    assert "jupytext" not in chapter.metadata
    assert all("lines_to_next_cell" not in cell.metadata for cell in chapter.cells)
    assert notebooks.read(small_course / "solutions" / "00_one.ipynb").cells[0].outputs


@pytest.mark.parametrize("noise", ["import sys; print('x', file=sys.stderr)", "import os; os.system('echo x >&2')"])
def test_save_refuses_a_notebook_that_wrote_to_stderr(small_course, noise, capsys, monkeypatch):
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    write_notebook(small_course / "00_one.ipynb", "1 + 1", noise)
    before = (small_course / "00_one.ipynb").read_bytes()
    assert cli.main(["run", "--folder", str(small_course), "--save"]) == 1
    assert "00_one.ipynb: not written: cell 1 wrote to stderr" in capsys.readouterr().err
    assert (small_course / "00_one.ipynb").read_bytes() == before


def test_running_the_course_is_not_solving_it(small_course, monkeypatch):
    write_notebook(small_course / "00_one.ipynb", "import os", "assert os.environ['COURSE_PROGRESS'] != 'mine'")
    monkeypatch.setenv("COURSE_PROGRESS", "mine")
    assert cli.main(["run", "--folder", str(small_course)]) == 0


SHOWS = "import matplotlib.pyplot as plt; plt.plot([1]);"
NO_PICTURE = "it calls plt.show(), and no picture came"
NO_LATEX = "import os; os.environ['PATH'] = ''; import matplotlib; matplotlib.rcParams['text.usetex'] = True"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cell", "fault"),
    [
        (f"{NO_LATEX}\n{SHOWS}\nplt.show()", "RuntimeError: Failed to process string with tex"),
        (f"{SHOWS}\nplt.close()\nplt.show()", NO_PICTURE),
        (f"{SHOWS}\nwith plt.rc_context():\n    plt.close()\n    plt.show()", NO_PICTURE),
        ("get_ipython().showtraceback((KeyError, KeyError('k'), None))", "KeyError: 'k'"),
    ],
)
def test_run_fails_where_a_picture_is_missing(small_course, cell, fault, capsys):
    write_notebook(small_course / "00_one.ipynb", "1 + 1", cell)
    assert cli.main(["run", "--folder", str(small_course), "00"]) == 1
    assert f"00_one.ipynb: cell 1: {fault}" in capsys.readouterr().err


@pytest.mark.slow
def test_run_accepts_figures_and_what_only_may_be_shown(small_course):
    cells = [f"{SHOWS}\nplt.show()", "def draw():\n    plt.show()", "if False:\n    plt.show()", "# plt.show()"]
    write_notebook(small_course / "00_one.ipynb", *cells, "%time\nplt.show()")
    assert cli.main(["run", "--folder", str(small_course), "00"]) == 0


def test_damaged_chapters_are_named_and_the_others_run(small_course, capsys):
    damages = ["<<<<<<< HEAD\n{}", "[]", "{}", "", "\0", '{"cells": 1}']
    toc = (small_course / "_toc.yml").read_text(encoding="utf-8")
    for number, damage in enumerate(damages):
        toc += f'- {{file: bad_{number}, number: "9.{number}", title: T, section: "-", part: P}}\n'
        (small_course / f"bad_{number}.ipynb").write_text(damage, encoding="utf-8")
    (small_course / "_toc.yml").write_text(toc, encoding="utf-8")
    assert cli.main(["run", "--folder", str(small_course)]) == 1
    shown = capsys.readouterr()
    lines = shown.err.splitlines()
    assert "00_one.ipynb" in shown.out and len(lines) == len(damages)
    assert all(f"bad_{number}.ipynb is no notebook: " in line for number, line in enumerate(lines))
    assert ["merge" in line for line in lines] == [True, False, False, False, False, False]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("7.7", "chapter '7.7' does not exist; there are: 00\n"),
        ("1", "chapter 1 (To come) is still to come; there are: 00\n"),
        ("01_two.ipynb", "chapter 1 (To come) is still to come; there are: 00\n"),
        ("00_ne", "chapter '00_ne' does not exist; did you mean 00 (One)?\n"),
        ("To comme", "chapter 'To comme' does not exist; did you mean 1 (To come)?\n"),
    ],
)
def test_unknown_chapter_is_one_clear_line(small_course, name, line, capsys):
    assert cli.main(["run", "--folder", str(small_course), name]) == 1
    assert capsys.readouterr().err == line


@pytest.mark.parametrize("name", ["00", "00_one", "00_one.ipynb", "notebooks/00_one.ipynb", "One"])
def test_a_chapter_is_found_by_any_of_its_names(small_course, name):
    assert notebooks.find_chapter(name, small_course).number == "00"


def test_a_damaged_list_of_chapters_is_one_clear_line(small_course, capsys):
    for damage in ("<<<<<<< HEAD", "- {file: a}", "\t- x", "3"):
        (small_course / "_toc.yml").write_text(damage, encoding="utf-8")
        assert cli.main(["run", "--folder", str(small_course)]) == 1
        assert capsys.readouterr().err.endswith("_toc.yml is no list of chapters: the file is damaged\n")


# --- check, data, progress -------------------------------------------------------------------------------------


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("raise ImportError('no such symbol')", "pydicom cannot be imported: ImportError: no such symbol."),
        ("import os, signal; os.kill(os.getpid(), signal.SIGILL)", "pydicom cannot be imported: Python crashed (sig"),
        ("x = 1", "pydicom.py has the name of a package: rename it"),
        ("raise SystemExit(3)", "pydicom cannot be imported: no message."),
    ],
)
def test_check_imports_what_it_vouches_for(capsys, monkeypatch, tmp_path, content, said):
    (tmp_path / "pydicom.py").write_text(content, encoding="utf-8")
    monkeypatch.setattr(cli.lab, "MY_COURSE", tmp_path)
    monkeypatch.setattr(cli, "IMPORTED", ("pydicom",))
    monkeypatch.delitem(sys.modules, "pydicom", raising=False)
    assert cli.main(["check"]) == 1
    out = capsys.readouterr().out
    assert "✗ packages" in out and said in out.splitlines()[-1]


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


def test_the_version_is_shown(capsys):
    assert cli.main(["--version"]) == 0
    assert "course-utils" in capsys.readouterr().out


def test_no_command_is_answered_with_the_list(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main([])
    assert stop.value.code == 2 and "lab, run, check, data, progress, sheets, class" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (PermissionError(13, "Permission denied", "data"), "data cannot be written or read here. Copy the course"),
        (OSError(30, "Read-only file system", "data"), "data cannot be written or read here. Copy the course"),
        (OSError(28, "No space left on device", "data"), "The disk is full."),
        (FileNotFoundError(2, "No such file or directory", "data"), "data: No such file or directory"),
        (ModuleNotFoundError("No module named 'yaml'", name="yaml"), "The package yaml is missing in "),
        (KeyboardInterrupt(), "stopped"),
    ],
)
def test_a_fault_of_the_machine_is_one_clear_line(monkeypatch, capsys, error, line):
    def fail(options):
        raise error

    monkeypatch.setattr(cli, "_progress", fail)
    assert cli.main(["progress"]) in (1, 130)
    said = capsys.readouterr().err
    assert said.startswith(line) and said.count("\n") == 1 and "Errno" not in said


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
    pretend = f'sed "s/sys.version_info/(3, 8, 1)/" "$2" | "{sys.executable}" -'
    old_python.write_text(f'#!/bin/sh\n[ "$2" = -c ] || {pretend}\n')
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
