"""A course of one chapter, for the tests of the commands."""

import os
import shutil
import subprocess
import sys

import nbformat

from course_utils import machine, notebooks


def make(folder):
    """Write a course of one chapter and one to come."""
    (folder / "solutions").mkdir(parents=True)
    (folder / "_toc.yml").write_text(
        '- {file: 00_one, number: "00", title: One, section: "-", part: P}\n'
        '- {file: 01_two, number: "1", title: To come, section: "-", part: P}\n',
        encoding="utf-8",
    )
    write_notebook(folder / "00_one.ipynb", "from course_utils import claim, setup", "N = 1", "claim('true', N == 1)")
    write_notebook(folder / "solutions" / "00_one.ipynb", "1 + 1")


def write_notebook(path, *sources):
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in sources]
    for cell in notebook.cells:
        if cell.source == "N = 1":
            cell.metadata["tags"] = ["parameters"]
    nbformat.write(notebook, path)


def copy_of_the_course(folder):
    """Copy the commands of the course into a folder, with one chapter beside them, as a reader would have them."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(notebooks.ROOT / "course_utils", folder / "course_utils", ignore=ignored)
    for name in ("Makefile", "conftest.py", "pyproject.toml", "requirements.txt"):
        shutil.copy(notebooks.ROOT / name, folder)
    make(folder / "notebooks")
    (folder / "data").mkdir()
    (folder / "data" / "catalogue.toml").touch()
    return folder


def add_environment(folder, python=sys.executable):
    """Give a copy of the course an environment in `.venv`, with the packages of the one that runs the tests.

    As after `pip install -e .`, the course is known there under the folder's name of today.
    """
    subprocess.run([python, "-m", "venv", "--without-pip", folder / ".venv"], check=True)
    packages = [path for path in sys.path if path.endswith("site-packages")]
    (site,) = (folder / ".venv").glob("lib/python*/site-packages")
    (site / "packages.pth").write_text("\n".join([str(folder), *packages]), encoding="utf-8")
    (folder / ".venv" / "ready").touch()
    return folder


def outside():
    """Return the environment of a reader's terminal: without what `make` and the tests themselves have set."""
    names = [name for name in os.environ if name in machine.KEPT or not name.startswith((*machine.FOREIGN, "MAKE"))]
    return {name: os.environ[name] for name in names if name != "MFLAGS"}
