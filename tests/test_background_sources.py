"""The numbers of chapter 1 come from sources: each stands with the words it was read in, and the text has no others."""

import csv
import re

import pytest

from course_utils import notebooks

FILE = notebooks.ROOT / "docs" / "sources" / "01_background.csv"
CHAPTER = notebooks.FOLDER / "01_background.ipynb"
HISTORY = ["How deep learning came into medicine", "Three curves", "The promise", "One large trial", "Five failures"]
NUMBER = re.compile(r"(?<![\w.])\d{1,3}(?:[,\u00a0 ]\d{3})+(?!\d)|(?<![\w.])\d+(?:\.\d+)?")
# Formulas, citations, links and the numbers of chapters are no facts of a source.
IGNORED = re.compile(r"\$\$.*?\$\$|\$[^$]*\$|\[[\d, ]+\]|\(\d\S*?\.ipynb\)|\[[\d.]+\]\(|chapter \[?[\d.]+", re.DOTALL)
WORDS = {"eight": 8, "forty-four": 44}


def rows():
    with open(FILE, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def numbers(text):
    """Return the numbers that a text names; `1.6 million` is 1.6 and 1,600,000."""
    found = {float(re.sub(r"[,\s]", "", number)) for number in NUMBER.findall(text)}
    found |= {1e6 * float(number) for number in re.findall(r"(\d+(?:\.\d+)?) million", text)}
    return found | {float(number) for word, number in WORDS.items() if word in text}


def row_faults(row):
    """What is wrong with one row, one sentence each."""
    found = [f"{name} is empty" for name in ("part", "year", "words", "read_in", "address") if not row[name]]
    if not re.fullmatch(r"https://\S+", row["address"]):
        found.append(f"no address: {row['address']!r}")
    if row["read_in"] not in ("abstract", "paper", "report") and not row["read_in"].startswith("report: https://"):
        found.append(f"read_in is {row['read_in']!r}: an abstract, a paper or a report")
    if row["value"] and float(row["value"]) not in numbers(row["words"]):
        found.append(f"{row['value']} does not stand in {row['words']!r}")
    if row["part"] == "timeline":
        said = numbers(row["words"]) | {float(row["year"])}
        found += [f"the label says {number}, the source does not" for number in numbers(row["label"]) - said - {2.0}]
    return found


def text_faults(cells, known):
    """The numbers in the text of the historical sections that neither a source nor a cell beside it gives."""
    found, inside, given = [], False, set()
    for cell in cells:
        if cell.cell_type == "markdown" and re.match(r"## ", cell.source):
            inside = any(cell.source[3:].startswith(title) for title in HISTORY)
        if inside and cell.cell_type == "code":
            given |= numbers(notebooks.printed(cell))
    for cell in cells:
        if cell.cell_type != "markdown":
            continue
        if re.match(r"## ", cell.source):
            inside = any(cell.source[3:].startswith(title) for title in HISTORY)
        if inside and not re.match(r"### Exercise|### A leak you can see", cell.source):
            text = IGNORED.sub(" ", cell.source)
            text = re.sub(r"^#+ \d\. ", "", text, flags=re.MULTILINE)
            found += [f"{number:g} in {cell.source[:40]!r}" for number in numbers(text) - known - given]
    return found


def known_numbers():
    known = {float(row["year"]) for row in rows()}
    for row in rows():
        known |= numbers(row["words"])
        known |= {round(100 * number, 6) for number in numbers(row["words"]) if number < 1}  # a share, said in per cent
    return known


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row['part']}-{row['lane']}-{row['label'][:20]}")
def test_a_number_stands_in_the_words_of_its_source(row):
    assert row_faults(row) == []


# What the text counts or assumes itself: places and lists, the two readers, round numbers of a worked case.
COUNTED = {0.0, 1.0, 2.0, 3.0, 95.0, 100.0, 1000.0, 52500.0, 1.96}


def test_the_text_has_no_number_without_a_source():
    assert text_faults(notebooks.read(CHAPTER).cells, known_numbers() | COUNTED) == []


def test_a_number_of_ones_own_is_noticed():
    cells = notebooks.read(CHAPTER).cells
    changed = next(cell for cell in cells if "112,120 films" in cell.source)
    changed.source = changed.source.replace("112,120 films", "112,121 films")
    assert len(text_faults(cells, known_numbers() | COUNTED)) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [("value", "99.5"), ("address", "doi:10.1"), ("words", ""), ("read_in", "memory"), ("label", "seen by 17,000")],
)
def test_a_broken_row_is_noticed(name, value):
    row = {**next(row for row in rows() if row["part"] == "timeline"), name: value}
    assert row_faults(row)
