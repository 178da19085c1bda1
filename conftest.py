"""Settings of every test run, notebooks included: plain `pytest` does what `make test` does."""

import os
import tempfile
from pathlib import Path

from course_utils import machine

# Set before any kernel starts, because kernels inherit the environment.
_scratch = tempfile.TemporaryDirectory(prefix="course-", ignore_cleanup_errors=True)
for _name in set(os.environ) - set(machine.environment()):
    if not _name.startswith("PYTEST_"):  # pytest's own: it reads some of them later
        del os.environ[_name]
os.environ.update(machine.environment(_scratch.name))
os.environ["COURSE_OFFLINE"] = "1"
os.environ["TF_NUM_INTRAOP_THREADS"] = "1"  # two workers on two cores
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["COURSE_CACHE_DIR"] = os.path.join(_scratch.name, "cache")
os.environ["COURSE_PROGRESS"] = os.path.join(_scratch.name, "progress.json")
if os.environ.get("COURSE_DATA_DIR"):
    os.environ["COURSE_DATA_DIR"] = os.path.abspath(os.environ["COURSE_DATA_DIR"])


# --- make check CHAPTER= -------------------------------------------------------------------------------------------

# Where a test has no parameters it is about all chapters at once: a fault of one chapter shows here too.
ABOUT_EVERY_CHAPTER = {"test_class_kit.py", "test_guide.py", "test_glossary.py"}


def pytest_addoption(parser):
    parser.addoption("--chapter", nargs=2, metavar=("FILE", "NUMBER"), help="only the tests that concern this chapter")


def pytest_collection_modifyitems(config, items):
    wanted = config.getoption("chapter")
    if wanted:
        chosen = [item for item in items if concerns(item, *wanted)]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(chosen)])
        items[:] = chosen


def concerns(item, file, number):
    """Is this test about the chapter? It is when its name, or a value that it is called with, names the chapter."""
    if item.path.name in ABOUT_EVERY_CHAPTER and not hasattr(item, "callspec"):
        return True
    values = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return file in item.nodeid or any(names(value, file, number) for value in values)


def names(value, file, number):
    """Does a value name the chapter: by file name, number, exercise ("3.1.1-a"), path, or as an attribute?"""
    if isinstance(value, str):
        return value in (file, number) or (value.startswith(f"{number}-") and len(value) == len(number) + 2)
    if isinstance(value, Path):
        return value.stem in (file, "ch_" + number.replace(".", "_"))
    if isinstance(value, tuple | list):
        return any(names(part, file, number) for part in value)
    known = ("file", "number", "chapter", "id", "path")
    return any(names(vars(value)[key], file, number) for key in known if key in getattr(value, "__dict__", {}))
