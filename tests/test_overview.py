"""The page "The course at a glance": what it takes from a chapter, and what it makes of it."""

import sys
import xml.etree.ElementTree as ET

import nbformat
import pytest

from course_utils import exercises, notebooks

sys.path.insert(0, str(notebooks.ROOT / "docs" / "extensions"))
import overview  # noqa: E402  (found only after the line above)

CHAPTER = """# 3.1 Images & more

A question?

**Document section** 3.1 · **Reading time** 60 min path / no side rooms · **Run time** 20 s
---
## What you will be able to do

- count pixels;
- name a unit.
---
## Before you start

You need chapter [00](00_first.ipynb): intervals. Training is explained in chapter 3.2; section 9.9 is no chapter.

1. What is 4.1 minus 1?
---
## Theory

Chapter 5 says more.
---
### Exercise 3.1-a: how many pixels?
"""


def entry(number, title="Images & more", part="Principles"):
    return notebooks.Entry(f"{number.replace('.', '_')}_file", number, title, number, part, notebooks.FOLDER)


def summary(number="3.1", text=CHAPTER, numbers=("00", "3.1", "3.2", "4.1", "5"), **other):
    cells = [nbformat.v4.new_markdown_cell(part) for part in text.split("---\n")]
    cells.append(nbformat.v4.new_code_cell('claim("one", True)\nclaim("two", lambda: proclaim())'))
    return overview.summarise(entry(number, **other), nbformat.v4.new_notebook(cells=cells), set(numbers))


def test_a_chapter_is_summarised():
    found = summary()
    assert found.badge["Reading time"] == "60 min path / no side rooms" and found.badge["Run time"] == "20 s"
    assert found.objectives == ["count pixels", "name a unit"]
    assert (found.needs, found.uses) == (["00"], ["3.2"])
    assert found.exercises == ["Exercise 3.1-a: how many pixels?"]
    assert found.n_claims == 2


def test_the_page_names_every_chapter_and_exercise():
    text = overview.page([summary(), summary("3.2", title="Training")])
    row = (
        "| [3.1 Images & more](chapters/3_1_file.ipynb) | 60 min | 20 s | 00 | [3.2](chapters/3_2_file.ipynb) | 1 | 2 |"
    )
    assert row in text.splitlines()
    assert "| [3.1-a](chapters/3_1_file.ipynb#exercise-31-a-how-many-pixels) | how many pixels? |" in text


def test_what_follows_from_other_arrows_is_not_drawn():
    first, one, two, three = (summary(n, text="") for n in ("00", "1", "2", "3"))
    one.needs, two.needs, three.needs = ["00"], ["00", "1"], ["00", "1", "2"]
    three.uses = ["9"]  # a chapter that is not written yet
    assert overview.relations([first, one, two, three]) == [("1", "2", "needs"), ("2", "3", "needs")]
    assert overview.in_words([first, one, two, three]).endswith("Arrows: 2 needs 1, 3 needs 2.")


def test_the_map_is_a_drawing_with_every_chapter():
    chapters = [summary("00", part="Orientation"), summary(), summary("3.2", title="Training")]
    drawing = ET.fromstring(overview.drawing(chapters))
    words = [node.text for node in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert words.count("Principles") == 1 and {"00", "3.1", "3.2", "Training", "Images & more"} <= set(words)
    paths = [node for node in drawing.iter("{http://www.w3.org/2000/svg}path") if node.get("marker-end")]
    assert len(paths) == 2 and all(path.get("stroke-dasharray") for path in paths)  # 00 and 3.1 use 3.2


def test_nothing_breaks_without_chapters():
    assert overview.relations([]) == []
    assert ET.fromstring(overview.drawing([])).tag.endswith("svg")
    assert "Index of exercises" in overview.page([])


def summary_of(entry):
    numbers = {chapter.number for chapter in notebooks.table_of_contents()}
    return overview.summarise(entry, notebooks.read(entry.path), numbers)


@pytest.mark.parametrize("entry", notebooks.chapters(), ids=lambda entry: entry.file)
def test_what_the_page_says_of_a_chapter_is_complete(entry):
    chapter, first = summary_of(entry), notebooks.chapters()[0]
    assert chapter.objectives and chapter.n_claims and "Run time" in chapter.badge
    assert entry.number == first.number or first.number in chapter.needs, f"{entry.file} needs no {first.number}?"


def test_the_index_of_exercises_is_complete():
    titles = [title for entry in notebooks.chapters() for title in summary_of(entry).exercises]
    found = [title.split(":")[0].removeprefix("Exercise ") for title in titles]
    assert sorted(found) == sorted(exercise.id for exercise in exercises.all_exercises())
