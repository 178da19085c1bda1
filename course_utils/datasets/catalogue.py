"""What is known about the data sets of the course: `data/catalogue.toml`, read and checked.

`course_utils.datasets.catalogue` is the function of this name, not this module: take what you need from here by
`from course_utils.datasets.catalogue import ...`.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from course_utils import _checks

CATALOGUE_FILE = Path(__file__).resolve().parent.parent.parent / "data" / "catalogue.toml"


@dataclass(frozen=True)
class File:
    """One file of a data set. The fields are explained at the head of data/catalogue.toml."""

    path: str
    address: str
    checksum: str
    max_bytes: int


@dataclass(frozen=True)
class Trap:
    """What has misled readers of a data set, or would, and what shows it: one of the three last fields."""

    text: str
    shown_by: str = ""  # a Python expression over `data` that is true
    tested_by: str = ""  # the name of a test in tests/datasets/
    read_in: str = ""  # a source, where no computation on the data can show it


@dataclass(frozen=True)
class Entry:
    """One data set of the catalogue. The fields are explained at the head of data/catalogue.toml."""

    name: str
    title: str
    tier: str
    what: str
    rows: str
    columns: str
    source: str
    citation: str
    licence: str
    used_by: tuple
    instead: str
    files: tuple
    traps: tuple


def catalogue():
    """List the data sets of the course: source, licence, size, known traps.

    Returns
    -------
    list of Entry
        In the order of data/catalogue.toml. The fields are explained at the head of that file.

    Raises
    ------
    ValueError
        If a table of the catalogue lacks a field, has one too many, names a file outside its folder, or has a trap
        that nothing shows.
    """
    with open(CATALOGUE_FILE, "rb") as file:
        tables = tomllib.load(file)
    return [_as_entry(name, table) for name, table in tables.items()]


def _as_entry(name, table):
    try:
        files = tuple(File(**file) for file in table.pop("files", []))
        traps = tuple(Trap(**trap) for trap in table.pop("traps", []))
        used_by = tuple(table.pop("used_by", ()))
        entry = Entry(name=name, files=files, traps=traps, used_by=used_by, **table)
    except TypeError as error:  # its message names the field
        raise ValueError(f"{CATALOGUE_FILE.name}, table [{name}]: {error}") from None
    for problem in _problems(entry):
        raise ValueError(f"{CATALOGUE_FILE.name}, table [{name}]: {problem}")
    return entry


def _problems(entry):
    if entry.tier not in ("embedded", "benchmark"):
        yield f"tier must be embedded or benchmark, got {entry.tier!r}"
    if not entry.files:
        yield f"has no [[{entry.name}.files]]"
    for file in entry.files:
        parts = PurePosixPath(file.path).parts
        if file.path.startswith("/") or ".." in parts or "\\" in file.path or ":" in file.path:
            yield f"path {file.path!r} leads out of the data folder"
    for trap in entry.traps:
        if sum(map(bool, (trap.shown_by, trap.tested_by, trap.read_in))) != 1:
            yield f"a trap must have one of shown_by, tested_by, read_in: {trap.text[:40]!r}"


def data_folder():
    """Return the folder of the catalogue and of the embedded files."""
    return CATALOGUE_FILE.parent


def find_entry(name):
    """Return the `Entry` of a data set; an unknown name is answered with the nearest."""
    _checks.text(name, "name", "the name of a data set, such as 'breast_cancer'")
    entries = {entry.name: entry for entry in catalogue()}
    return entries[_checks.choice(name, "name", entries)]


def credits(name):
    """Return the fields that every data set has from the catalogue, for the loader to fill in."""
    entry = find_entry(name)
    return {"name": entry.name, "licence": entry.licence, "citation": entry.citation}


def catalogue_table():
    """Show the catalogue as a table.

    Returns
    -------
    pandas.DataFrame
        One row for each data set, with its name as index; the columns are title, tier, rows, columns, licence, used by.

    Taught in: 00_start_here
    """
    import pandas as pd  # here, so that importing this module stays instant

    rows = [
        {
            "name": entry.name,
            "title": entry.title,
            "tier": entry.tier,
            "rows": entry.rows,
            "columns": entry.columns,
            "licence": entry.licence,
            "used by": ", ".join(entry.used_by),
        }
        for entry in catalogue()
    ]
    return pd.DataFrame(rows).set_index("name")
