"""Every command that the pages show is one that exists, with the options that it has."""

import importlib.util
import re
import shlex
import subprocess
import sys
import tomllib

import pytest

from course_utils import cli, many, notebooks
from course_utils.datasets.catalogue import find_entry

ROOT = notebooks.ROOT
PAGES = ["README.md", "CONTRIBUTING.md", "docs/index.md", "docs/classroom.md", "docs/class_kit.md"]
PAGES += ["docs/instructors_guide.md", "benchmarks/README.md"]
# How a command begins: what else stands between back quotes is no command.
BEGINS = re.compile(r"(sudo |\w+=\S+ )*(make|python[\d.]*|pip|npm|pytest|apt-get|(\S*/)?\.venv/bin/\w+)( |$)")
OF_THE_SYSTEM = {"cd", "mkdir", "install", "cp", "apt-get", "npm", "find"}
BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


def commands(text):
    """Return the commands of a page: the lines of its blocks without a language, and those between back quotes."""
    blocks = [block for language, block in BLOCK.findall(text) if not language]
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    quoted = re.findall(r"`([^`\n]+)`", BLOCK.sub("", text))
    found = [line for line in lines if line] + [part for part in quoted if BEGINS.match(part)]
    return list(dict.fromkeys(command.strip() for line in found for command in re.split(r"&&|, `", line)))


def problem(command):
    """Return what is wrong with a command, or an empty string."""
    words = shlex.split(command)
    while words and (words[0] == "sudo" or re.match(r"[A-Z_]+=", words[0])):
        words.pop(0)
    program, *rest = words
    if any(word in ("...", "<name>") or word.endswith(("=...", "=<name>")) for word in rest):
        return ""  # the shape of a command
    if program == "make":
        return of_make(rest)
    if program in OF_THE_SYSTEM:
        return ""
    program = program.split(".venv/bin/")[-1]
    if program in ("pytest", "jupytext", "jupyterhub"):
        return "" if program == "jupyterhub" or importlib.util.find_spec(program) else f"there is no {program}"
    if not re.fullmatch(r"python[\d.]*", program):
        return f"nobody knows how to check `{program}`"
    if rest[:1] == ["-m"]:
        check = {"course_utils": of_the_course, "pip": of_pip, "dask": of_dask, "data.recipes": of_the_data}
        return check.get(rest[1], of_a_module)(rest[1:])
    return "" if not rest or (ROOT / rest[0]).is_file() else f"there is no file {rest[0]}"


def of_make(words):
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = [word for word in words if "=" not in word]
    settings = dict(word.split("=", 1) for word in words if "=" in word)
    missing = [name for name in targets if not re.search(rf"^{re.escape(name)}:", makefile, re.MULTILINE)]
    missing += [name for name in settings if f"$({name})" not in makefile]
    if "CHAPTER" in settings:
        notebooks.find_chapter(settings["CHAPTER"])
    return f"make does not know {missing}" if missing else ""


def of_the_course(words):
    try:
        options = cli._parser()[0].parse_args(words[1:])
    except SystemExit:
        return "the course does not understand it"
    entries = [notebooks.find_chapter(name) for name in getattr(options, "chapters", [])]
    if options.command == "data":
        [find_entry(name) for name in options.fetch]
    if options.command == "run" and entries and not many.jobs(entries, options.seeds or (), many.varied(options.vary)):
        return "it runs nothing"
    return ""


def of_pip(words):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for option, value in zip(words[2::2], words[3::2], strict=True):
        if option == "-r" and not (ROOT / value).is_file():
            return f"there is no file {value}"
        if option == "-e" and value.removeprefix(".[").removesuffix("]") not in project["optional-dependencies"]:
            return f"there is no extra {value}"
        if option not in ("-r", "-e"):
            return f"nobody knows how to check {option}"
    return ""


def of_dask(words):
    pytest.importorskip("distributed", reason="needs the extra `cluster`")
    help = subprocess.run([sys.executable, "-m", *words[:2], "--help"], capture_output=True, text=True).stdout
    return ", ".join(word for word in words if word.startswith("--") and word not in help.split())


def of_the_data(words):
    return "" if (ROOT / "data" / "recipes" / "__main__.py").is_file() else "there are no recipes"


def of_a_module(words):
    return "" if importlib.util.find_spec(words[0]) else f"there is no module {words[0]}"


SHOWN = {(page, command) for page in PAGES for command in commands((ROOT / page).read_text("utf-8"))}


@pytest.mark.parametrize(("page", "command"), sorted(SHOWN))
def test_a_command_that_is_shown_exists(page, command):
    assert problem(command) == ""


@pytest.mark.parametrize(
    "command",
    [
        "make nothing",
        "make lab CHAPTR=1",
        "sudo make labs",
        "python9 nowhere.py",
        ".venv/bin/python -m course_utils fly",
        ".venv/bin/python -m course_utils run 3.1.2 --worker-count 2",
        ".venv/bin/python -m pip install -r nowhere.txt",
        '/opt/course/.venv/bin/python -m pip install -e ".[nothing]"',
        ".venv/bin/python -m nosuchmodule",
        "notaprogram --now",
    ],
)
def test_a_command_that_does_not_exist_is_noticed(command):
    assert problem(command)


def test_an_option_that_dask_does_not_know_is_noticed():
    assert problem(".venv/bin/python -m dask scheduler --nosuch 1") == "--nosuch"


def test_the_readme_names_every_command():
    """Those of the course, and those of make."""
    text = (ROOT / "README.md").read_text("utf-8")
    named = set(re.findall(r"-m course_utils (\w+)", text)) | {"check"}  # `make check`
    assert set(cli._parser()[1].choices) == named
    targets = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert set(targets) - set(re.findall(r"\bmake ([a-z-]+)", text)) == {"help"}
