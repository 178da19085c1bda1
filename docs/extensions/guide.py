"""Make the page of the instructor's guide: what is general, and between it the plan of each chapter.

A chapter's plan is docs/guide/<chapter file>.md, without a heading; the plans follow in the order of `_toc.yml`. An
exercise that a plan does not place is set at home: the page says so below the plan.
"""

import re
from pathlib import Path

from course_utils import notebooks

FOLDER = notebooks.ROOT / "docs" / "guide"


def plans(folder=FOLDER, chapters=notebooks.FOLDER):
    """Return (chapter, its plan) of each chapter whose plan is written."""
    files = [(entry, Path(folder) / f"{entry.file}.md") for entry in notebooks.table_of_contents(chapters)]
    return [(entry, file.read_text(encoding="utf-8")) for entry, file in files if file.exists()]


def placed(plan):
    """Return the ids of the exercises that a plan names."""
    return set(re.findall(r"(?<![\w.])\d[\d.]*-[a-z]\b", plan))


def section(entry, plan):
    """Return the plan of a chapter below its heading, and where its other exercises are set."""
    exercises = notebooks.exercises(notebooks.read(entry.path)) if entry.path.exists() else []
    others = [name for name, *_ in exercises if name not in placed(plan)]
    at_home = f"\nAlso at home: {', '.join(others)}.\n" if others else ""
    return f"### {entry.number} {entry.title}\n\n{plan}{at_home}"


def page(folder=FOLDER, chapters=notebooks.FOLDER):
    """Return the text of docs/instructors_guide.md."""
    before, after = ((Path(folder) / name).read_text(encoding="utf-8") for name in ("_before.md", "_after.md"))
    parts = [section(entry, plan) for entry, plan in plans(folder, chapters)]
    return "\n".join([before, *parts, after])
