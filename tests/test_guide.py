"""The instructor's guide: a plan for every chapter, and every exercise of that chapter placed in it."""

import re

import pytest

from course_utils import exercises, notebooks

GUIDE = notebooks.ROOT / "docs" / "instructors_guide.md"


def sections(text):
    """The plans by their heading, such as "3.1.1 Convolutional networks"."""
    plans = text[text.index("## Chapter by chapter") :].split("\n## ")[0]
    return dict(re.findall(r"^### (.+?)\n(.*?)(?=^### |\Z)", plans, re.MULTILINE | re.DOTALL))


def faults(text, chapters, ids):
    """`chapters` are pairs of number and title, `ids` the exercises of the course."""
    plans = sections(text)
    found = [f"no chapter: {name}" for name in plans if name not in {f"{n} {title}" for n, title in chapters}]
    for number, title in chapters:
        plan = plans.get(f"{number} {title}")
        if plan is None:
            found.append(f"no plan for {number} {title}")
            continue
        mentioned = set(re.findall(r"(?<![\d.])\d[\d.]*-[a-z]\b", plan))
        letters = re.findall(r"\*\*Set:\*\*[^*]*", plan)
        mentioned |= {f"{number}-{x}" for text in letters for x in re.findall(r"\b[a-e]\b", text)}
        expected = {name for name in ids if name.rsplit("-", 1)[0] == number}
        found += [f"{number}: exercise {name} does not exist" for name in sorted(mentioned - expected)]
        found += [f"{number}: exercise {name} is not placed" for name in sorted(expected - mentioned)]
        minutes = re.findall(r"^\| (\d+)–(\d+) \|", plan, re.MULTILINE)
        if [m[0] for m in minutes] != ["0", *(m[1] for m in minutes[:-1])] or minutes[-1:][0][1] != "90":
            found.append(f"{number}: the minutes do not run from 0 to 90")
    order = re.search(r"in this order: ([\d., ]+)\.", text)
    if sorted(order[1].split(", ")) != sorted(number for number, _ in chapters):
        found.append("the list of chapters under 'the chapters that are there' is not what is there")
    return found


def test_every_chapter_has_its_plan():
    chapters = [(entry.number, entry.title) for entry in notebooks.chapters()]
    ids = [exercise.id for exercise in exercises.all_exercises()]
    assert faults(GUIDE.read_text(encoding="utf-8"), chapters, ids) == []


GOOD = """in this order: 1.

## Chapter by chapter

### 1 One

| 0–40 | exercise 1-a |
| 40–90 | the rest |

**Set:** a in the room, 1-b at home. **Shorter:** a walk.

## Assessment
"""


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("### 1 One", "### 1 Two", "no plan for 1 One"),
        ("1-b at home", "nothing at home", "1: exercise 1-b is not placed"),
        ("1-b at home", "1-b and 1-c at home", "1: exercise 1-c does not exist"),
        ("0–40", "0–50", "the minutes"),
        ("40–90", "40–80", "the minutes"),
        ("order: 1.", "order: 1, 2.", "the list of chapters"),
    ],
)
def test_a_plan_gone_stale_is_noticed(old, new, fault):
    arguments = ([("1", "One")], ["1-a", "1-b"])
    assert faults(GOOD, *arguments) == []
    assert any(fault in sentence for sentence in faults(GOOD.replace(old, new), *arguments))
