"""The numbers of chapter 1 come from sources: each stands with the words it was read in, and the text says the same."""

import copy
import csv
import re

import pytest

from course_utils import notebooks

FILE = notebooks.ROOT / "docs" / "sources" / "01_background.csv"
CHAPTER = notebooks.FOLDER / "01_background.ipynb"
HISTORY = ["How deep learning came", "Side rooms", "The promise and", "One large trial", "Five cases"]
NUMBER = re.compile(r"(?<![\w.])\d{1,3}(?:[,\u00a0 ]\d{3})+(?!\d)|(?<![\w.])\d+(?:\.\d+)?")
WORDS = {"eight": 8, "forty-four": 44}

# What the text says, with the rows it must agree with, by (lane or part, label): `{:,}` is filled from the row.
SAID = {
    "judged places on chest films that might be lung nodules, about {:g} seconds a film": [("images", 1995)],
    "before 2010 the computing that went into training doubled about every {:g} months": [("compute", "before")],
    "after 2010 about every {:g} [5]": [("compute", "after")],
    "doubling in {:g} to {:g} months [5]": [("compute", "after, fastest"), ("compute", "after, slowest")],
    "({:,.0f} films of a public set are of {:,.0f} patients": [
        ("hospital", "films, first hospital"),
        ("hospital", "patients, first hospital"),
    ],
    "a review went through {:,.0f} records": [("plana", "records searched")],
    "care up to October {:g}. How many": [("plana", "searched until")],
    "There were {:g} [6]": [("plana", "trials")],
    "{:g} participants, {:g} % ran in a single place, and {:g} % did not analyse the program's errors": [
        ("plana", "median participants"),
        ("plana", "in a single place"),
        ("plana", "errors not analysed"),
    ],
    "inside the published interval, {:g} to {:g}, too": [("masai", "ratio, lower end"), ("masai", "ratio, upper end")],
    "A later review counted {:g}, published until November {:g}": [("han", "trials"), ("han", "searched until")],
    "{:,.0f} people were randomised: with a language model": [("bean", "people")],
    "the models alone name a right condition in {:g} % of the cases": [("bean", "model alone")],
    "Fewer than {:g} %, no better than those without a model": [("bean", "people with the model")],
    "chance decided for more than {:,.0f} women": [("masai", "women")],
    "about {:g} to {:g} % were there and missed": [("houssami", "missed, at least"), ("houssami", "missed, at most")],
    "A press report wrote: *{:g} % fewer interval cancers*": [("masai", "fewer interval cancers")],
    "There were {:g} for every 1,000 women with the program and {:g} without": [
        ("masai", "interval cancers, with"),
        ("masai", "interval cancers, without"),
    ],
    "the reading work fell by {:g} %": [("masai", "reading work saved")],
    "the sensitivity was {:g} % against {:g} %, at the same specificity of {:g} %": [
        ("masai", "sensitivity, with"),
        ("masai", "sensitivity, without"),
        ("masai", "specificity"),
    ],
    "{:,.0f} films of one, where {:g} % show pneumonia, and {:,.0f} of the other, where {:g} % do": [
        ("hospital", "films, first hospital"),
        ("hospital", "pneumonia, first hospital"),
        ("hospital", "films, second hospital"),
        ("hospital", "pneumonia, second hospital"),
    ],
    "report {:g} for their test films": [("hospital", "AUC of the hospital's name")],
    "tested it on {:,.0f} stays in one hospital system. {:,.0f} stays had sepsis, and it missed {:,.0f} of them; "
    "the AUC was {:g} (0.62 to 0.64), and there was an alert in {:g} % of the stays": [
        ("sepsis", "stays"),
        ("sepsis", "stays with sepsis"),
        ("sepsis", "of them missed"),
        ("sepsis", "AUC, tested by others"),
        ("sepsis", "stays with an alert"),
    ],
    "Version 2, in four others, had an AUC of {:g} to {:g}": [
        ("sepsis", "second version, lowest AUC"),
        ("sepsis", "second version, highest AUC"),
    ],
    "{:g} % of those helped are Black": [("cost", "Black patients among those helped")],
    "Repaired, the share would be {:g} %": [("cost", "the same, repaired")],
    "In {:,.0f} pairs of readings": [("oximeter", "pairs of readings")],
    "Where it said {:g} % or more, the blood held less than {:g} % in {:g} % (15.0 to 16.1) of the readings of white "
    "patients, and in {:g} % (18.6 to 20.6) of those of Black patients": [
        ("oximeter", "device says at least"),
        ("oximeter", "blood says below"),
        ("oximeter", "white patients"),
        ("oximeter", "Black patients"),
    ],
    "in {:g} fields of science, in {:g} papers (2023)": [("leakage", "fields"), ("leakage", "papers")],
}
# What the text counts or computes itself, or gives a second time in round numbers beside a cell that prints it.
OWN = r"""
    Networks of the 1990s|the 1990s|of 1988|In 1995|2012|nearly 17 million times|81 % reported success|52,500 women|
    "12 % fewer" is|1, \*no difference\*|since late 2015|that of 2018|has a 95 %|make a 95 %|Here 1.96|
    top-5|makes 36 to 16 doublings|### \d\. |
    of a hundred alarms|Version 2|version 1|13 to 26 of 100 alarms|more than 0.85|600 simulated|Before 2010|after 2010
"""
OWN = re.compile("|".join(part.strip() for part in OWN.strip().split("|")))
# Formulas, citations, links and the numbers of chapters are no facts of a source.
IGNORED = re.compile(
    r"\$\$.*?\$\$|\$[^$]*\$|\[[\d, ]+\]|\(\d\S*?\.ipynb\)|\[[\d.]+\]\(\S+?\)|chapter \[?[\d.]+", re.DOTALL
)


def rows():
    with open(FILE, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def values():
    """Return the value of each row by (lane, label); of the timeline by (lane, year), of a curve by (part, label)."""
    found = {}
    for row in rows():
        if row["part"] == "timeline":
            found[row["lane"], int(row["year"])] = row["value"]
        else:
            found[row["lane"] or row["part"], row["label"]] = row["value"]
    return found


def numbers(text):
    """Return the numbers that a text names; `1.6 million` is 1.6 and 1,600,000."""
    found = {float(re.sub(r"[,\s]", "", number)) for number in NUMBER.findall(text)}
    found |= {1e6 * float(number) for number in re.findall(r"(\d+(?:\.\d+)?) million", text)}
    return found | {float(number) for word, number in WORDS.items() if word in text}


def row_faults(row):
    """What is wrong with one row, one sentence each."""
    found = [f"{name} is empty" for name in ("part", "year", "words", "read_in", "address") if not row[name]]
    if not re.fullmatch(r"https://doi\.org/10\.\S+", row["address"]):
        found.append(f"no DOI: {row['address']!r}")
    if row["read_in"] not in ("abstract", "paper") and not row["read_in"].startswith("report: https://"):
        found.append(f"read_in is {row['read_in']!r}: an abstract, a paper or a report")
    if row["value"] and float(row["value"]) not in numbers(row["words"]):
        found.append(f"{row['value']} does not stand in {row['words']!r}")
    if row["part"] == "timeline":
        said = numbers(row["words"]) | {float(row["year"])}
        found += [f"the label says {number}, the source does not" for number in numbers(row["label"]) - said - {2.0}]
    return found


def history(cells):
    """Return the text of the historical sections, without exercises, tables and side remarks on simulated data."""
    found, inside = [], False
    for cell in cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            inside = any(cell.source[3:].startswith(title) for title in HISTORY)
        other = re.match(r"### (Exercise|A leak you can see|What to ask)", cell.source)
        if inside and cell.cell_type == "markdown" and not other:
            found.append(cell.source)
    return "\n\n".join(found)


def text_faults(cells):
    """What the text says against the rows, and which of its numbers no row gives."""
    text, known, found = history(cells), values(), []
    for template, keys in SAID.items():
        sentence = template.format(*(float(known[key]) for key in keys))
        if sentence.casefold() not in text.casefold():
            found.append(f"the text does not say {sentence!r}")
        text = re.sub(re.escape(sentence), " ", text, flags=re.IGNORECASE)
    text = re.sub(r"^#+ \d\. ", "", OWN.sub(" ", IGNORED.sub(" ", text)), flags=re.MULTILINE)
    return found + [f"{number:g} has no row" for number in sorted(numbers(text))]


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row['part']}-{row['lane']}-{row['label'][:20]}")
def test_a_number_stands_in_the_words_of_its_source(row):
    assert row_faults(row) == []


def test_the_text_says_what_its_sources_say():
    assert text_faults(notebooks.read(CHAPTER).cells) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("AUC was 0.63", "AUC was 0.92"),
        ("interval, 0.65 to 1.18", "interval, 0.65 to 0.98"),
        ("51 % ran in", "15 % ran in"),
        ("missed 1,709 of", "missed 709 of"),
        ("fell by 44 %", "fell by 81 %"),
        ("Fewer than 34.5 %", "Fewer than 12 %"),
        ("where 1.2 % show", "where 34.2 % show"),
        ("17.7 % of those helped", "46.5 % of those helped"),
        ("in 17 fields of science, in 294", "in 294 fields of science, in 17"),
        ("in 15.6 % (15.0", "in 19.6 % (15.0"),
        ("112,120 films of one", "112,121 films of one"),
        ("There were 41 [6]", "There were 41 of 900 [6]"),
    ],
)
def test_a_changed_number_is_noticed(old, new):
    cells = copy.deepcopy(notebooks.read(CHAPTER).cells)
    (changed,) = [cell for cell in cells if old in cell.source]
    changed.source = changed.source.replace(old, new)
    assert text_faults(cells)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("value", "99.5"),
        ("address", "https://example.org"),
        ("words", ""),
        ("read_in", "memory"),
        ("label", "seen by 17,000"),
    ],
)
def test_a_broken_row_is_noticed(name, value):
    row = {**next(row for row in rows() if row["part"] == "timeline"), name: value}
    assert row_faults(row)
