"""Rules for the repository as a whole: functions that return problems, each seen to fail on a bad sample."""

import ast
import functools
import json
import re
import subprocess
import sys
import tomllib

import pytest

from course_utils import notebooks

ROOT = notebooks.ROOT
PACKAGE = ROOT / "course_utils"

# --- who imports whom ------------------------------------------------------------------------------------------

GROUND = {"_checks"}
FOUNDATION = {"evaluation", "training", "plots"}
TOPICS = {"images", "convolution", "brain_lesions", "sequences", "proteins", "molecules", "generative", "survival"}
TOPICS |= {"efficiency", "imbalance", "privacy", "fusion", "explain"}
# A topic that measures what another one reads, or starts programs, inside its functions.
STANDS_ON = {"generative": {"molecules"}, "efficiency": {"machine"}}
COMMANDS = {
    "__main__",
    "_host",
    "_rerun",
    "bootstrap",
    "classroom",
    "cli",
    "kernels",
    "lab",
    "machine",
    "many",
    "notebooks",
}
EVERYTHING = GROUND | FOUNDATION | TOPICS | COMMANDS | {"datasets", "exercises"}

# Group of modules -> what they may import when they are imported, and what only inside a function.
ALLOWED = {
    "ground": (set(), set()),
    "__init__": (GROUND, GROUND | {"plots"}),
    "foundation": (GROUND, GROUND),
    "topic": (GROUND | FOUNDATION, GROUND | FOUNDATION),
    "datasets": (GROUND | {"datasets"}, GROUND | {"datasets"} | TOPICS),  # a simulator, in the function that needs it
    "exercises": (  # a data set that answers are judged on, in the function that needs it
        GROUND | FOUNDATION | TOPICS | {"exercises"},
        GROUND | FOUNDATION | TOPICS | {"exercises", "datasets"},
    ),
    "command": (EVERYTHING, EVERYTHING),
}


def group(module):
    """Return the group of a module named as in `images` or `exercises.ch_00`, or None if it has none."""
    first = module.split(".")[0]
    if first in GROUND:
        return "ground"
    if first in FOUNDATION:
        return "foundation"
    if first in TOPICS:
        return "topic"
    if first in COMMANDS:
        return "command"
    return first if first in ALLOWED else None


def course_imports(tree):
    """Return the modules of course_utils that a syntax tree imports; "." stands for a relative import."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level:
            found.add("course_utils..")
        elif isinstance(node, ast.ImportFrom) and node.module == "course_utils":
            found |= {f"course_utils.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module)
    return {name.split(".")[1] or "." for name in found if name.startswith("course_utils.")}


def import_problems(module, source):
    """Return what is wrong with the imports of one module of course_utils."""
    if group(module) is None:
        return [f"{module}: a new module? Give it a group in test_repository.py"]
    at_import, in_functions = ALLOWED[group(module)]
    in_functions = in_functions | STANDS_ON.get(module, set())
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    late = set().union(*map(course_imports, functions))
    for function in functions:
        function.body = [ast.Pass()]
    early = course_imports(tree)
    names = {"claim", "setup", "ClaimError"}  # `from course_utils import claim` imports no module
    problems = [f"{module} must not import {name} at its top" for name in sorted(early - at_import - names)]
    problems += [f"{module} must not import {name}" for name in sorted(late - in_functions - names)]
    return problems


def package_sources():
    """Return module name and source of every module, the package itself as `__init__`."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)] = path.read_text("utf-8")
    return found


def test_imports_run_one_way():
    sources = package_sources()
    assert "__init__" in sources and "exercises" in sources
    assert [problem for module, source in sources.items() for problem in import_problems(module, source)] == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("_checks", "from course_utils import evaluation"),
        ("evaluation", "from course_utils import plots"),
        ("plots", "def draw():\n    from course_utils.evaluation import Interval"),
        ("images", "import course_utils.molecules"),
        ("generative", "from course_utils import molecules"),
        ("molecules", "def draw():\n    from course_utils import generative"),
        ("images", "from course_utils import exercises"),
        ("datasets", "from course_utils.images import simulate_brain_lesions"),
        ("datasets", "from course_utils import evaluation"),
        ("datasets.images", "from course_utils.brain_lesions import simulate_brain_lesions"),
        ("exercises.ch_00", "from course_utils import datasets"),
        ("__init__", "from course_utils import plots"),
        ("training", "from . import plots"),
        ("survival", "try:\n    from course_utils import cli\nexcept ImportError:\n    pass"),
        ("helpers", ""),
    ],
)
def test_import_against_the_order_is_noticed(module, source):
    assert len(import_problems(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("datasets", "def load():\n    from course_utils.images import simulate_brain_lesions"),
        ("images", "from course_utils import _checks, evaluation, plots\nimport numpy"),
        ("generative", "def measure():\n    from course_utils import molecules"),
        ("datasets.images", "from course_utils.datasets import files\nfrom course_utils import _checks"),
        ("exercises.ch_3_1_1", "from course_utils import images\nfrom course_utils.exercises import Exercise"),
        ("__init__", "def setup():\n    from course_utils import plots"),
    ],
)
def test_import_along_the_order_passes(module, source):
    assert import_problems(module, source) == []


HEAVY = {"numpy", "scipy", "pandas", "sklearn", "matplotlib", "seaborn", "tensorflow", "keras", "rdkit"}


def imported_by(statement):
    """Return the heavy packages that a statement loads in a fresh interpreter."""
    code = f"import sys; {statement}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return HEAVY.intersection(run.stdout.split())


def test_importing_the_package_is_light():
    assert imported_by("import course_utils") == set()


def test_a_heavy_import_is_noticed():
    assert imported_by("import numpy.linalg") == {"numpy"}


# --- every helper is documented and taught ---------------------------------------------------------------------

COMMAND = "a command or what the commands share: it is run, not taught"
LOADERS = "behind the loaders, which are taught"
ANSWERS = "the answers of the exercises, explained in the chapters' solutions"
NOT_TAUGHT = {
    "__main__": COMMAND,
    "_rerun": "behind the command `class`",
    "_checks": "behind the functions that are taught",
    "bootstrap": COMMAND,
    "classroom": COMMAND,
    "cli": COMMAND,
    "kernels": COMMAND,
    "lab": COMMAND,
    "machine": COMMAND,
    "many": COMMAND,
    "datasets.catalogue.catalogue": "behind `catalogue_table` and the command `data`",
    "datasets.catalogue.credits": LOADERS,
    "datasets.catalogue.data_folder": LOADERS,
    "datasets.catalogue.find_entry": LOADERS,
    "datasets.files": LOADERS,
    "notebooks": COMMAND,
    "exercises.ch_*": ANSWERS,
    "exercises._answers": "behind `check`",
    "exercises._library": "behind `check`",
    "exercises._progress": "behind `check` and `python -m course_utils progress`",
    "exercises._running": "behind `check`",
    "exercises.judge": "what `check` and the tests of the exercises share",
    "exercises.find": "what `check` and the tests of the exercises share",
    "exercises.all_exercises": "what `progress` and the tests of the exercises share",
    "exercises.faults": "what `progress` and the tests of the exercises share",
    "plots.use_course_style": "every notebook calls it through `setup`",
    "exercises.solved": "behind `python -m course_utils progress`",
}


def is_taught(module, name):
    chapter_checks = re.sub(r"^exercises\.ch_\w+$", "exercises.ch_*", module)
    return not {module, chapter_checks, f"{module}.{name}"}.intersection(NOT_TAUGHT)


@functools.cache
def public(source):
    """Return the public functions and classes that a module defines at its top."""
    definitions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    return [node for node in definitions if not node.name.startswith("_")]


def taught_in(node):
    """Return the chapter that the docstring of a function names in its last line, or None."""
    lines = (ast.get_docstring(node) or "").splitlines()
    found = re.fullmatch(r"Taught in: (\w+)", lines[-1].strip()) if lines else None
    return found[1] if found else None


def names_used(code):
    """Return the names that the code of a chapter uses or shows; an import, a comment or a string uses none."""
    nodes = list(ast.walk(ast.parse(code)))
    return {node.id for node in nodes if isinstance(node, ast.Name)} | {
        node.attr for node in nodes if isinstance(node, ast.Attribute)
    }


def docstring_problems(module, source, chapters):
    """`chapters` are the files of `_toc.yml`."""
    problems = []
    for node in public(source):
        name = f"{module}.{node.name}"
        if not ast.get_docstring(node) and not re.match(r"exercises\.ch_", module):
            problems.append(f"{name} has no docstring")
        elif isinstance(node, ast.FunctionDef) and is_taught(module, node.name) and taught_in(node) not in chapters:
            problems.append(f"{name}: its docstring must end with `Taught in: <file of notebooks/_toc.yml>`")
    return problems


def not_used(file, code, sources):
    """Return the functions that say they are taught in a chapter whose code does not use them."""
    used = names_used(code)
    return [
        f"{module}.{node.name}"
        for module, source in sources.items()
        for node in public(source)
        if isinstance(node, ast.FunctionDef) and is_taught(module, node.name) and taught_in(node) == file
        if node.name not in used
    ]


def test_every_helper_is_documented():
    chapters = {entry.file for entry in notebooks.table_of_contents()}
    sources = package_sources().items()
    assert [problem for module, source in sources for problem in docstring_problems(module, source, chapters)] == []


EXCUSED = set(tomllib.loads((ROOT / "tests" / "excused.toml").read_text("utf-8"))["helpers_not_used_yet"])


@pytest.mark.parametrize("entry", notebooks.chapters(), ids=lambda entry: entry.file)
def test_a_chapter_uses_the_helpers_it_teaches(entry):
    missing = not_used(entry.file, chapter_code(entry), package_sources())
    assert [name for name in missing if name.split(".")[-1] not in EXCUSED] == []


def test_every_excused_helper_is_still_not_used():
    sources = package_sources()
    missing = {name for entry in notebooks.chapters() for name in not_used(entry.file, chapter_code(entry), sources)}
    assert EXCUSED - {name.split(".")[-1] for name in missing} == set()


def chapter_code(entry):
    return "\n".join(cell.source for cell in notebooks.read(entry.path).cells if cell.cell_type == "code")


def test_every_exemption_is_needed():
    sources = package_sources()
    known = {re.sub(r"\.ch_\w+$", ".ch_*", module) for module in sources} | {"exercises.ch_*"}
    known |= {f"{module}.{node.name}" for module, source in sources.items() for node in public(source)}
    assert set(NOT_TAUGHT) - known == set()


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("def dice(a, b):\n    pass", "no docstring"),
        ("class Overlap:\n    pass", "no docstring"),
        ('def dice(a, b):\n    """Return the Dice overlap."""', "must end with"),
        ('def dice(a, b):\n    """Return.\n\n    Taught in: 99_unknown\n    """', "must end with"),
        ('def dice(a, b):\n    """Return.\n\n    Taught in: 00_start_here\n\n    More.\n    """', "must end with"),
    ],
)
def test_undocumented_helper_is_noticed(source, complaint):
    (problem,) = docstring_problems("images", source, {"00_start_here", "01_background"})
    assert complaint in problem


def test_exempt_helper_still_has_a_docstring():
    assert docstring_problems("cli", "def lab():\n    pass", {}) == ["cli.lab has no docstring"]
    assert docstring_problems("cli", 'def lab():\n    """Open the course."""', {}) == []
    assert docstring_problems("exercises.ch_00", "def answer():\n    pass", {}) == []


def test_documented_helper_passes():
    source = (
        'def dice(a, b):\n    """Return the Dice overlap.\n\n    Taught in: 01_background\n    """\n\ndef _sum(): pass'
    )
    assert docstring_problems("images", source, {"01_background"}) == []


@pytest.mark.parametrize(
    "code",
    ["", "dices = 3", "# dice(a, b)", "print('dice')", "from course_utils.images import dice", "f(dice=3)"],
)
def test_a_helper_that_its_chapter_does_not_use_is_noticed(code):
    sources = {"images": 'def dice(a, b):\n    """Return.\n\n    Taught in: 00_start_here\n    """'}
    assert not_used("00_start_here", code, sources) == ["images.dice"]
    assert not_used("01_background", code, sources) == []


@pytest.mark.parametrize("code", ["images.dice(a, b)", "dice(a, b)", "inspect.getsource(images.dice)"])
def test_a_helper_that_its_chapter_uses_passes(code):
    sources = {"images": 'def dice(a, b):\n    """Return.\n\n    Taught in: 00_start_here\n    """'}
    assert not_used("00_start_here", code, sources) == []


# --- what must not be in a file --------------------------------------------------------------------------------

MAX_BYTES = 2_000_000
FORBIDDEN = {
    "a path of one computer": re.compile(r"(?<![\w.:-])/(?:work|root|home)/|\b[A-Z]:\\{1,2}Users\b"),
    # One letter in brackets, so that this file does not find itself.
    "the name of a package registry": re.compile(r"pyp[i]\.org|python[h]osted|artifact[o]ry|jfro[g]|devp[i]|[n]exus"),
}


def repository_files():
    """Return the files of the repository, also those not committed yet."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if run.returncode:
        pytest.skip("not a git clone")
    paths = [ROOT / name for name in run.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


def file_problems(path):
    """Return what is wrong with the size or the text of a file."""
    problems = []
    if path.stat().st_size > MAX_BYTES:
        problems.append(f"{path.name} has {path.stat().st_size / 1e6:.1f} MB, at most {MAX_BYTES / 1e6:.0f}")
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError:
        return problems
    for what, pattern in FORBIDDEN.items():
        match = pattern.search(text)
        if match:
            line = text[: match.start()].count("\n") + 1
            problems.append(f"{path.name}, line {line}: {what}: {match[0]!r}")
    return problems


def test_no_file_is_large_or_speaks_of_one_computer():
    assert [problem for path in repository_files() for problem in file_problems(path)] == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("open('/ho" + "me/anna/data.csv')", "a path of one computer"),
        ('{"path": "/ro' + 'ot/x"}', "a path of one computer"),
        ("C:\\Us" + "ers\\anna", "a path of one computer"),
        ('"C:\\\\Us' + 'ers\\\\anna"', "a path of one computer"),
        ("see https://pypi" + ".org/simple", "package registry"),
        ("x" * (MAX_BYTES + 1), "MB"),
    ],
)
def test_forbidden_content_is_noticed(tmp_path, text, complaint):
    path = tmp_path / "sample.txt"
    path.write_text("first line\n" + text, encoding="utf-8")
    (problem,) = file_problems(path)
    assert complaint in problem


def test_web_addresses_and_binary_files_pass(tmp_path):
    (tmp_path / "text").write_text("https://example.org/home/x and ../work/x and homework", encoding="utf-8")
    (tmp_path / "binary").write_bytes(b"\x89PNG\xff\xfe")
    assert file_problems(tmp_path / "text") + file_problems(tmp_path / "binary") == []


# --- packages --------------------------------------------------------------------------------------------------


def requirements_problems(text):
    """Return what is wrong with requirements.txt."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    problems = [] if lines and lines[-1] == "-e ." else ["the last line must be `-e .`"]
    for line in lines[:-1]:
        if not line.startswith("#") and not re.match(r"[A-Za-z0-9._-]+(\[[\w,]+\])?==[^\s;]+( ;.*)?$", line):
            problems.append(f"not one package with its exact version: {line!r}")
    return problems


def test_requirements_are_pinned_and_come_from_no_special_place():
    assert requirements_problems((ROOT / "requirements.txt").read_text("utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        "numpy==2.4.6\n",
        "numpy>=2\n-e .\n",
        "--index-url https://example.org/simple\nnumpy==2.4.6\n-e .\n",
        "numpy @ https://example.org/numpy.whl\n-e .\n",
        "",
    ],
)
def test_bad_requirements_are_noticed(text):
    assert len(requirements_problems(text)) == 1


def test_good_requirements_pass():
    assert requirements_problems("# head\nnumpy==2.4.6 ; python_version < '3.12'\npandas==2.3.3\n-e .\n") == []


IMPORT_NAMES = {
    "scikit-learn": "sklearn",
    "pyyaml": "yaml",
    "biopython": "Bio",
    "scikit-survival": "sksurv",
    "imbalanced-learn": "imblearn",
    "websocket-client": "websocket",
}
# Packages that are used without being imported by our code: where, and the text that shows it.
USED_BY_COMMAND = {
    "ipykernel": ("course_utils/kernels.py", 'kernel_name="python3"'),
    "jupyterlab": ("course_utils/lab.py", "jupyterlab.labapp"),
    "jupytext": ("CONTRIBUTING.md", "jupytext --to"),
    "nbconvert": ("Makefile", "-m nbconvert"),
    "myst-nb": ("docs/conf.py", '"myst_nb"'),
    "nbval": ("pyproject.toml", "--nbval-lax"),
    "pytest-timeout": ("pyproject.toml", "timeout = "),
    "pytest-xdist": ("pyproject.toml", "--dist loadfile"),
    "ruff": ("Makefile", "ruff check"),
    "sphinx-book-theme": ("docs/conf.py", "sphinx_book_theme"),
    "sphinx-copybutton": ("docs/conf.py", '"sphinx_copybutton"'),
    "sphinx-mathjax-offline": ("docs/extensions/packaged.py", '"sphinx-mathjax-offline"'),
    "sphinx-revealjs": ("docs/extensions/packaged.py", '"sphinx-revealjs"'),
}


def dependencies():
    """Return the names of the direct dependencies."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return [re.match(r"[A-Za-z0-9_.-]+", line)[0].lower() for line in project["dependencies"]]


def imported_packages(files):
    """Return the packages that Python files and notebooks import."""
    found = set()
    for path in files:
        sources = [path.read_text("utf-8")] if path.suffix == ".py" else []
        if path.suffix == ".ipynb":
            cells = json.loads(path.read_text("utf-8"))["cells"]
            sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        for source in sources:
            found |= set(re.findall(r"^\s*(?:import|from)\s+(\w+)", source, re.MULTILINE))
    return found


def dependency_problems(names, imported, read):
    """`read` returns the text of a file of the repository."""
    problems = []
    for name in names:
        used = IMPORT_NAMES.get(name, name.replace("-", "_")) in imported
        if name in USED_BY_COMMAND:
            file, text = USED_BY_COMMAND[name]
            used = used or text in read(file)
        if not used:
            problems.append(f"{name}: required but not used")
    return problems


def test_every_dependency_is_used():
    def read(name):
        return (ROOT / name).read_text("utf-8")

    assert dependency_problems(dependencies(), imported_packages(repository_files()), read) == []


def test_unused_dependency_is_noticed(tmp_path):
    (tmp_path / "a.py").write_text("import numpy as np\n\ndef f():\n    from sklearn import svm\n")
    (tmp_path / "b.ipynb").write_text('{"cells": [{"cell_type": "code", "source": ["import pandas\\n"]}]}')
    imported = imported_packages([tmp_path / "a.py", tmp_path / "b.ipynb"])
    assert imported == {"numpy", "sklearn", "pandas"}
    names = ["numpy", "scikit-learn", "pandas", "ruff", "torch"]
    assert dependency_problems(names, imported, lambda name: "ruff check .") == ["torch: required but not used"]
    assert dependency_problems(["ruff"], imported, lambda name: "") == ["ruff: required but not used"]


# --- commands --------------------------------------------------------------------------------------------------

COMMANDS_OF_MAKE = ["lab", "test", "quick", "check", "run", "notebooks", "lint", "mutate", "data-check"]
COMMANDS_OF_MAKE += ["progress", "site", "slides", "pdf", "colab"]


def missing_targets(makefile):
    return [name for name in COMMANDS_OF_MAKE if not re.search(rf"^{name}:", makefile, re.MULTILINE)]


def test_makefile_has_the_commands_of_the_course():
    assert missing_targets((ROOT / "Makefile").read_text("utf-8")) == []


def test_missing_command_is_noticed():
    makefile = "".join(f"{name}:\n\techo\n" for name in COMMANDS_OF_MAKE if name != "mutate") + ".PHONY: mutate\n"
    assert missing_targets(makefile) == ["mutate"]
