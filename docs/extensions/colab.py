"""Copies of the chapters for Google Colab: one more cell in front gets the course and what Colab lacks.

    python docs/extensions/colab.py      (`make colab`) writes docs/_build/colab/

Colab brings TensorFlow, Keras, NumPy and many more in versions of its own, which its other packages rely on. So the
cell names only packages that Colab has not, and holds every package that is there at its version: an installation that
would change TensorFlow fails instead. The course itself is not installed, but found in its folder.
"""

import ast
import copy
import functools
import re
import tomllib
from pathlib import Path

import edition
import nbformat

from course_utils import notebooks

# Where a package is imported under another name than its own.
IMPORTED_AS = {"scikit-learn": "sklearn", "pyyaml": "yaml", "biopython": "Bio", "imbalanced-learn": "imblearn"}

# {address}, {wanted}: filled in below. Runs as it stands in Colab, and in the test with a pip and a git of its own.
CELL = """\
# In Google Colab only: get the course and the packages that Colab lacks. Its TensorFlow stays as it is.
import importlib.metadata, importlib.util, pathlib, subprocess, sys

ADDRESS = "{address}"  # of the repository of the course
if not pathlib.Path("course").exists():
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", ADDRESS, "course"], check=True)
sys.path.insert(0, str(pathlib.Path("course").resolve()))

WANTED = {wanted}
lacking = [package for name, package in WANTED.items() if importlib.util.find_spec(name) is None]
if lacking:
    there = {{d.metadata["Name"]: d.version for d in importlib.metadata.distributions() if d.metadata["Name"]}}
    held = there.keys() & {held}
    pathlib.Path("held.txt").write_text("".join(f"{{name}}=={{there[name]}}\\n" for name in sorted(held)))
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--constraint", "held.txt", *lacking]
    subprocess.run(install, check=True)
"""
HELD = ["tensorflow", "keras", "numpy", "scipy", "pandas", "scikit-learn", "matplotlib", "protobuf", "h5py"]


def requirements(root=notebooks.ROOT):
    """Return {import name: requirement} of the packages that pyproject.toml names."""
    project = tomllib.loads((Path(root) / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = {}
    for line in project["dependencies"]:
        name = re.match(r"[A-Za-z0-9_.-]+", line)[0].lower()
        if ";" not in line:  # what one kind of computer lacks, no chapter needs
            found[IMPORTED_AS.get(name, name.replace("-", "_"))] = line
    return found


def imports(source):
    """Return the packages that a Python text imports anywhere."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


@functools.cache
def wanted(root=notebooks.ROOT):
    """Return {import name: requirement} of what the chapters and the helper package import, but for HELD."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((Path(root) / "course_utils").rglob("*.py"))]
    for entry in notebooks.chapters(Path(root) / "notebooks"):
        cells = notebooks.read(entry.path).cells
        texts += [cell.source for cell in cells if cell.cell_type == "code" and _is_python(cell.source)]
    used = set().union(*map(imports, texts))
    held = {name.replace("-", "_") for name in HELD} | {IMPORTED_AS.get(name, name) for name in HELD}
    used -= held | {"nbconvert", "nbclient", "nbformat", "ipykernel", "jupyterlab", "papermill", "pytest", "jupytext"}
    return {name: text for name, text in requirements(root).items() if name in used}


def _is_python(source):
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


def cell(address, root=notebooks.ROOT):
    """Return the source of the cell."""
    lines = "".join(f'    "{name}": "{text}",\n' for name, text in sorted(wanted(root).items()))
    held = ", ".join(f'"{name}"' for name in HELD)
    return CELL.format(address=address or "ADDRESS OF THE COURSE", wanted=f"{{\n{lines}}}", held=f"{{{held}}}")


def copy_of(notebook, address, root=notebooks.ROOT):
    """Return the chapter for Colab: the cell in front, no outputs."""
    notebook = copy.deepcopy(notebook)
    for each in notebook.cells:
        if each.cell_type == "code":
            each.outputs, each.execution_count = [], None
    notebook.cells.insert(0, nbformat.v4.new_code_cell(cell(address, root), id="colab"))
    return notebook


def main():
    folder = notebooks.ROOT / "docs" / "_build" / "colab"
    folder.mkdir(parents=True, exist_ok=True)
    for entry in notebooks.chapters():
        notebook = copy_of(notebooks.read(entry.path), edition.repository())
        (folder / entry.path.name).write_text(nbformat.writes(notebook), encoding="utf-8")
    print(f"{len(notebooks.chapters())} notebooks in {folder}")


if __name__ == "__main__":
    main()
