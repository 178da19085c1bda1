"""Read the terms of the course, and make the page of the glossary from them.

Each chapter has a file of its own, docs/glossary/<chapter file>.toml, with a table for each term:

    [[term]]
    term = "area under the ROC curve"
    abbreviation = "AUC"                  # only where there is one
    chinese = "ROC曲线下面积"
    meaning = "the probability that a random ill patient scores higher than a random healthy one"

A term stands in the file of the chapter that treats it.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from course_utils import notebooks

FOLDER = notebooks.ROOT / "docs" / "glossary"

HEAD = """\
# Glossary

<!-- Joined from docs/glossary/ by `make pages`: edit the files there. -->

Terms in English and Chinese (中文), each with its meaning in one line and the chapter that treats it.

| English | 中文 | meaning | chapter |
|---|---|---|---|
"""


@dataclass(frozen=True)
class Term:
    """One row of the glossary; `file` is that of the chapter in `_toc.yml`."""

    file: str
    term: str
    chinese: str
    meaning: str
    abbreviation: str = ""

    @property
    def name(self):
        return f"{self.term} ({self.abbreviation})" if self.abbreviation else self.term


def read(path):
    """Return the `Term`s of one file; a ValueError names a file that is not as it should be."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        if set(tables) != {"term"}:
            raise ValueError("a list of [[term]], and nothing else")
        return [Term(path.stem, **table) for table in tables["term"]]
    except (TypeError, ValueError) as problem:
        raise ValueError(f"docs/glossary/{path.name}: {problem}") from None


def terms(folder=FOLDER):
    """Return every `Term`, in alphabetical order."""
    found = [term for path in sorted(Path(folder).glob("*.toml")) for term in read(path)]
    return sorted(found, key=lambda term: term.name.casefold())


def abbreviations(folder=FOLDER):
    """Return {abbreviation: what it stands for}, such as {"AUC": "area under the ROC curve"}."""
    return {term.abbreviation: term.term for term in terms(folder) if term.abbreviation}


def page(folder=FOLDER, chapters=notebooks.FOLDER):
    """Return the text of docs/glossary.md."""
    place = {}
    for entry in notebooks.table_of_contents(chapters):
        link = f"[{entry.number}](../notebooks/{entry.file}.ipynb)"
        place[entry.file] = link if entry.path.exists() else entry.number
    rows = [f"| {t.name} | {t.chinese} | {t.meaning} | {place[t.file]} |\n" for t in terms(folder)]
    return HEAD + "".join(rows)
