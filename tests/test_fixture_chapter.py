"""The fixture chapter, which has every element of a chapter, goes through every tool; broken copies are refused."""

import copy
import os
import shutil
import subprocess
import sys
from pathlib import Path

import mutate
import nbformat
import pytest
import structure
from test_all_chapters_fast import run_fast

from course_utils import cli, notebooks

pytestmark = pytest.mark.slow

FIXTURE = Path(__file__).parent / "fixtures" / "chapter"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A copy of the fixture chapter that a tool may write to."""
    monkeypatch.setenv("COURSE_EXERCISES", str(FIXTURE / "exercises"))
    return Path(shutil.copytree(FIXTURE, tmp_path / "chapter"))


def edit(folder, find, replace):
    """Change the one code cell that holds this text."""
    path = folder / "99_fixture.ipynb"
    notebook = mutate.mutate(notebooks.read(path), {"cell": find, "find": find, "replace": replace})
    nbformat.write(notebook, path)


def nbval(path):
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-c",
        os.devnull,
        "--rootdir",
        str(path.parent),
        "-p",
        "no:cacheprovider",
    ]
    command += ["--nbval-lax", "--nbval-current-env", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=path.parent)


def test_papermill_in_the_fast_profile(folder, tmp_path, monkeypatch):
    executed, claims = run_fast(notebooks.find_chapter("9.9", folder), tmp_path, monkeypatch)
    assert {claim["kind"]: claim["holds"] for claim in claims} == {"exact": True, "quality": None}
    assert executed.cells[4].source == "# Parameters\nFAST = True\nN_PEOPLE = 2000\n"


def test_nbval_accepts_the_chapter_and_its_solution(folder):
    for path in (folder / "99_fixture.ipynb", folder / "solutions" / "99_fixture.ipynb"):
        done = nbval(path)
        assert done.returncode == 0, done.stdout


def test_nbval_refuses_a_claim_that_fails(folder):
    edit(folder, "< 1 / 21", "< 1 / 2100")
    done = nbval(folder / "99_fixture.ipynb")
    assert done.returncode == 1 and "In the check-up more than twenty" in done.stdout


def test_nbval_refuses_a_claim_whose_stored_line_is_another(folder):
    edit(folder, "In the clinic the formula gives", "In every clinic the formula gives")
    assert nbval(folder / "99_fixture.ipynb").returncode == 1


def run_twice(notebook):
    """Run a chapter in its fast profile, each cell twice in a row, as a reader does who looks again."""
    doubled = copy.deepcopy(notebook)
    doubled.cells = [
        copy.deepcopy(cell)
        for cell in notebook.cells
        for _ in range(2 if cell.cell_type == "code" and "parameters" not in cell.metadata.get("tags", []) else 1)
    ]
    return notebooks.execute(doubled, FIXTURE, notebooks.fast_parameters(notebook))


def test_every_cell_can_be_run_twice(folder):
    notebook = notebooks.read(folder / "99_fixture.ipynb")
    assert run_twice(notebook).error == ""


def test_a_cell_that_cannot_be_run_twice_is_noticed(folder):
    edit(folder, "odds_after = odds_before * likelihood_ratio", "odds_after = odds_before * likelihood_ratio\ndel rng")
    assert "NameError" in run_twice(notebooks.read(folder / "99_fixture.ipynb")).error


def test_make_notebooks_stores_what_the_rules_accept(folder):
    assert cli.main(["run", "--save", "--solutions", "--folder", str(folder)]) == 0
    chapter = structure.load(notebooks.find_chapter("9.9", folder), folder / "mutations", least_exercises=1)
    assert [problem for rule in structure.RULES for problem in rule(chapter)] == []


def test_make_mutate_sees_every_mistake_noticed(folder, capsys):
    assert mutate.main(["--folder", str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= 3 and all(line.startswith("✓ noticed") for line in lines)


def test_make_mutate_reports_a_mistake_that_no_claim_notices(folder, capsys):
    (folder / "mutations" / "99_fixture.toml").write_text(
        '[[mutation]]\ncell = "odds_before ="\nfind = "odds_before ="\nreplace = "odds_before  ="\n'
        'breaks = "The odds after"\nwhy = "changes nothing"\n',
        encoding="utf-8",
    )
    assert mutate.main(["--folder", str(folder)]) == 1
    assert "✗ SURVIVED" in capsys.readouterr().out


@pytest.mark.parametrize(
    "mutation, message",
    [
        ({"cell": "no such text", "find": "a", "replace": "b"}, "found in 0 code cells"),
        ({"cell": "claim(", "find": "a", "replace": "b"}, "code cells, not in one"),
        ({"cell": "odds_before =", "find": "no such text", "replace": "b"}, "not found exactly once"),
    ],
)
def test_a_mutation_that_does_not_apply_is_refused(mutation, message):
    with pytest.raises(ValueError, match=message):
        mutate.mutate(notebooks.read(FIXTURE / "99_fixture.ipynb"), mutation)


def inner_pytest(tmp_path):
    return ["--numprocesses=0", f"--junitxml={tmp_path / 'inner.xml'}", "-pno:cacheprovider"]


def test_make_check_passes(folder, tmp_path):
    assert cli.main(["check", "--folder", str(folder), "9.9", *inner_pytest(tmp_path)]) == 0
    report = (tmp_path / "inner.xml").read_text("utf-8")
    assert "99_fixture.ipynb" in report and "test_chapter_keeps_the_rules[99_fixture]" in report  # cells, structure
    assert "tests.test_guide" in report and "tests.test_glossary" in report
    assert "03_1_1_convolutional_networks" not in report


def test_make_check_fails_when_the_chapter_is_broken(folder, tmp_path):
    edit(folder, "< 1 / 21", "< 1 / 2100")
    assert cli.main(["check", "--folder", str(folder), "9.9", *inner_pytest(tmp_path)]) == 1
