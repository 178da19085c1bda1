"""The numbers of chapter 2 that were read elsewhere: each stands with its DOI in docs/sources/02_core_concepts.toml."""

import re
import tomllib

import ipywidgets as widgets
import numpy as np
import pytest
from matplotlib.figure import Figure

from course_utils import exercises, notebooks, plots

FILE = "02_core_concepts"
SOURCES = tomllib.loads((notebooks.ROOT / "docs" / "sources" / f"{FILE}.toml").read_text("utf-8"))


def chapter(file):
    return notebooks.read(notebooks.FOLDER / f"{file}.ipynb")


def references(notebook):
    """Return number -> DOI of the list of references."""
    text = notebooks.section(notebook, "References")
    return {int(number): doi for number, doi in re.findall(r"^(\d+)\. .*https://doi\.org/(\S+)$", text, re.MULTILINE)}


def guideline_lines(notebook):
    """Return (name, number of the reference, year, items) of the lines of the table of guidelines."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    found = re.findall(r"^\| [^|]+ \| ([\w+-]+) \[(\d+)\] \| (\d{4}) \| ([^|]+) \|$", text, re.MULTILINE)
    return [(name, int(number), int(year), items.strip()) for name, number, year, items in found]


def table_problems(lines, cited, rows):
    """Say where the table of guidelines and the rows of the sources differ."""
    known = {row["name"]: row for row in rows}
    problems = [f"{name} has no line in the chapter" for name in sorted(set(known) - {line[0] for line in lines})]
    for name, number, year, items in lines:
        row = known.get(name)
        if row is None:
            problems.append(f"{name} has no row in the sources")
        elif (year, items, cited.get(number)) != (row["year"], row["items"], row["doi"]):
            problems.append(
                f"{name}: {(year, items, cited.get(number))} is not {(row['year'], row['items'], row['doi'])}"
            )
    return problems


def finding_problems(notebook, cited, findings):
    """Say which numbers of a work stand in no cell that cites it."""
    problems = []
    for finding in findings:
        number = next((number for number, doi in cited.items() if doi == finding["doi"]), None)
        cells = [
            cell.source for cell in notebook.cells if cell.cell_type == "markdown" and f"[{number}]" in cell.source
        ]
        for text in finding["numbers"]:
            if not any(text in source for source in cells):
                problems.append(f"{finding['doi']}: {text} stands in no cell that cites it")
    return problems


@pytest.mark.parametrize("file", [FILE])
def test_the_table_of_guidelines_rests_on_the_sources(file):
    notebook = chapter(file)
    assert len(guideline_lines(notebook)) == len(SOURCES["guideline"]) >= 5
    assert table_problems(guideline_lines(notebook), references(notebook), SOURCES["guideline"]) == []


@pytest.mark.parametrize("file", [FILE])
def test_numbers_of_other_works_rest_on_the_sources(file):
    notebook = chapter(file)
    assert finding_problems(notebook, references(notebook), SOURCES["finding"]) == []


@pytest.mark.parametrize("file", [FILE])
def test_every_row_says_what_was_read(file):
    for row in SOURCES["guideline"] + SOURCES["finding"]:
        assert row["read_in"] and re.fullmatch(r"10\.\d{4,}/\S+", row["doi"]), row


@pytest.mark.parametrize(
    "change",
    [
        ("CLAIM", 8, 2020, "44"),
        ("CLAIM", 8, 2024, "42"),
        ("CLAIM", 7, 2024, "44"),
        ("CLIAM", 8, 2024, "44"),
    ],
)
def test_a_line_that_differs_from_its_row_is_noticed(change):
    notebook = chapter(FILE)
    lines = [change if line[0] == "CLAIM" else line for line in guideline_lines(notebook)]
    assert table_problems(lines, references(notebook), SOURCES["guideline"])


def test_a_number_that_stands_nowhere_is_noticed():
    notebook = chapter(FILE)
    finding = {"doi": SOURCES["finding"][0]["doi"], "numbers": ["3.14"]}
    assert finding_problems(notebook, references(notebook), [finding])


def code_cell(text):
    return next(cell.source for cell in chapter(FILE).cells if cell.cell_type == "code" and text in cell.source)


def test_the_figure_with_sliders_follows_its_three_sliders(monkeypatch):
    shown = []
    monkeypatch.setattr(widgets, "interact", lambda turn, **sliders: shown.append((turn, sliders)))
    names = {"LIVE": True, "plots": plots}
    exec("import matplotlib.pyplot as plt", names)
    exec(code_cell("def turn("), names)
    turn, sliders = shown[0]
    assert set(sliders) == {"sensitivity", "specificity", "prevalence"}
    figure = turn(sensitivity=0.9, specificity=0.8, prevalence=0.1)
    assert isinstance(figure, Figure) and "90 of 270" in figure.axes[0].get_title()
    assert isinstance(widgets.interactive(turn, **sliders).children[0], widgets.FloatSlider)


def test_without_live_no_slider_is_made():
    names = {"LIVE": False}
    exec(code_cell("def turn("), names)
    assert "turn" not in names


def test_the_cells_of_the_thallium_study_are_those_of_the_published_rows():
    row = next(row for row in SOURCES["finding"] if "cells" in row)
    names = {"np": np}
    exec(code_cell("thallium = np.array").splitlines()[1], names)
    assert names["thallium"][:, :2].tolist() == row["cells"]


def test_the_row_asked_for_in_2_d_is_that_of_the_guideline_for_tests():
    text = next(cell.source for cell in chapter(FILE).cells if "| TRIPOD+AI [" in cell.source)
    number = exercises.find("2-d").expected[2]
    line = next(line for line in text.splitlines() if line.startswith(f"| **{number}**"))
    assert "reference standard" in line and "STARD-AI" in line
