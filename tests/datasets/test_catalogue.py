"""The catalogue: its file is complete, and what is wrong in it is named."""

import os
import re
import subprocess
import sys

import pytest
import yaml

from course_utils import datasets

from .helpers import ROOT


@pytest.mark.parametrize("path", ["../x.npz", "a/../../x.npz", "/etc/x.npz", "C:/x.npz", "..\\x.npz"])
def test_a_path_outside_the_cache_is_refused(use_catalogue, path):
    use_catalogue(path=path)
    with pytest.raises(ValueError, match="leads out of the data folder"):
        datasets.fetch("tiny")


@pytest.mark.parametrize(
    ("changed", "message"),
    [({"colour": "red"}, "colour"), ({"tier": "both"}, "tier must be embedded or benchmark, got 'both'")],
)
def test_a_wrong_table_in_the_catalogue_is_named(use_catalogue, changed, message):
    use_catalogue(**changed)
    with pytest.raises(ValueError, match=rf"table \[tiny\].*{message}"):
        datasets.catalogue()


@pytest.mark.parametrize("entry", datasets.catalogue(), ids=lambda entry: entry.name)
def test_every_entry_of_the_catalogue_is_complete(entry):
    for field in ("title", "what", "rows", "columns", "source", "citation", "licence", "used_by", "traps"):
        assert getattr(entry, field), f"{field} is empty"
    assert all(trap.text.endswith(".") for trap in entry.traps)
    chapters = {chapter["file"] for chapter in yaml.safe_load((ROOT / "notebooks" / "_toc.yml").read_text())}
    assert set(entry.used_by) <= chapters
    embedded = {other.name for other in datasets.catalogue() if other.tier == "embedded"}
    assert entry.instead == "" if entry.tier == "embedded" else entry.instead in embedded | {""}
    for file in entry.files:
        if entry.tier == "embedded":
            assert re.fullmatch("arrays:[0-9a-f]{64}", file.checksum) and file.max_bytes == 0
        else:
            assert file.path and file.address.startswith("https://") and 0 < file.max_bytes <= 100_000_000
            assert re.fullmatch("sha256:[0-9a-f]{64}|md5:[0-9a-f]{32}", file.checksum)


def test_the_catalogue_as_a_table():
    table = datasets.catalogue_table()
    assert list(table.index) == [entry.name for entry in datasets.catalogue()]
    assert list(table.columns) == ["title", "tier", "rows", "columns", "licence", "used by"]
    assert "00_start_here" in table.loc["breast_cancer", "used by"]


def test_importing_the_module_imports_nothing_heavy():
    heavy = {"tensorflow", "keras", "pandas", "sklearn", "pydicom", "scipy", "matplotlib", "pooch", "requests", "tqdm"}
    program = f"import sys, course_utils.datasets; print({heavy} & set(sys.modules))"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout == "set()\n"


def test_a_missing_field_in_the_catalogue_is_named(use_catalogue):
    use_catalogue(without="licence = 'not stated'\n")
    with pytest.raises(ValueError, match=r"table \[tiny\].*licence"):
        datasets.catalogue()


@pytest.mark.parametrize(
    "shown", ["", "shown_by = '1 == 1'\nread_in = 'a book'\n", "shown_by = ''\n", "believe_me = 'yes'\n"]
)
def test_a_trap_that_nothing_shows_is_refused(use_catalogue, shown):
    use_catalogue(more=f"[[tiny.traps]]\ntext = 'It is a trap.'\n{shown}")
    with pytest.raises(ValueError, match=r"table \[tiny\].*(must have one of shown_by, tested_by, read_in|believe_me)"):
        datasets.catalogue()


def test_what_is_public_in_the_modules_of_the_fields_is_found_in_the_package():
    assert datasets.FIELDS == sorted(datasets.FIELDS) and {"images", "tables"} <= set(datasets.FIELDS)
    for name in ("load_brca1", "BRCA1", "split_brain_lesions", "SplitBrainLesions", "fetch", "DatasetCorrupt"):
        assert name in datasets.__all__ and getattr(datasets, name).__name__ == name
    assert len(datasets.__all__) == len(set(datasets.__all__))
    assert not {"dataclass", "files", "np", "credits"} & set(datasets.__all__)
