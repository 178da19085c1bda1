"""The glossary: alphabetical, no duplicates, every row complete."""

import re
from pathlib import Path

import pytest

from course_utils import notebooks

ROOT = Path(__file__).parents[1]
CHINESE = re.compile("[\u4e00-\u9fff]")


def read_rows(text):
    """The rows of the table below its heading, each a list of its cells without surrounding blanks."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert lines[1].replace("-", "") == "|||||", "the second line of the table separates the heading from the rows"
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def faults(rows, chapters):
    """What is wrong with the rows, one sentence each."""
    found = [f"not four complete cells: {row}" for row in rows if len(row) != 4 or not all(row)]
    rows = [row for row in rows if len(row) == 4]
    terms = [row[0].casefold() for row in rows]
    found += [f"not in alphabetical order: {b!r} after {a!r}" for a, b in zip(terms, terms[1:], strict=False) if b < a]
    found += [f"twice: {term!r}" for term in sorted(set(terms)) if terms.count(term) > 1]
    found += [f"no Chinese characters: {row}" for row in rows if not CHINESE.search(row[1])]
    found += [f"no chapter of _toc.yml: {row}" for row in rows if row[3] not in chapters]
    return found


@pytest.fixture
def chapters():
    return {entry.number for entry in notebooks.table_of_contents()}


def test_the_glossary_is_in_order(chapters):
    rows = read_rows((ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"))
    assert not faults(rows, chapters)
    assert len(rows) >= 90


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([["b", "乙", "second", "1"], ["A", "甲", "first", "1"]], "not in alphabetical order"),
        ([["a", "甲", "first", "1"], ["A", "甲", "first", "1"]], "twice"),
        ([["a", "甲", "", "1"]], "not four complete cells"),
        ([["a", "甲", "1"]], "not four complete cells"),
        ([["a", "jia", "first", "1"]], "no Chinese characters"),
        ([["a", "甲", "first", "9.9"]], "no chapter of _toc.yml"),
    ],
)
def test_a_broken_row_is_noticed(rows, fault):
    assert any(sentence.startswith(fault) for sentence in faults(rows, {"1"}))
