"""The instructor's guide: a plan for every chapter, no exercise forgotten, and the page is what its files give."""

import re
import sys

import pytest

from course_utils import notebooks

sys.path.insert(0, str(notebooks.ROOT / "docs" / "extensions"))
import guide  # noqa: E402  (found only after the line above)

CHAPTERS = notebooks.chapters()


def exercise_ids(notebook):
    return {name for name, *_ in notebooks.exercises(notebook)}


def faults(plan, ids):
    """What is wrong with the plan of a chapter whose exercises are `ids`, one sentence each."""
    found = [f"exercise {name} does not exist" for name in sorted(guide.placed(plan) - ids)]
    found += ["no exercise is placed"] * (not guide.placed(plan))
    minutes = re.findall(r"^\| (\d+)–(\d+) \|", plan, re.MULTILINE)
    starts, ends = [m[0] for m in minutes], [m[1] for m in minutes]
    if starts != ["0", *ends[:-1]] or ends[-1:] != ["90"]:
        found.append("the minutes do not run from 0 to 90, without a gap")
    if re.search(r"^#{1,3} ", plan, re.MULTILINE):
        found.append("a heading of the first three levels: the page gives the chapter's own")
    for part in ("**For:**", "**Set:**", "| what happens |"):
        if part not in plan:
            found.append(f"{part} is missing")
    return found


@pytest.mark.parametrize("entry", CHAPTERS, ids=lambda entry: entry.file)
def test_the_plan_of_a_chapter_places_its_exercises(entry):
    plans = {found.file: plan for found, plan in guide.plans()}
    assert entry.file in plans, f"docs/guide/{entry.file}.md is missing"
    assert faults(plans[entry.file], exercise_ids(notebooks.read(entry.path))) == []


def test_every_plan_belongs_to_a_chapter():
    files = {path.stem for path in guide.FOLDER.iterdir()} - {"_before", "_after"}
    assert files <= {entry.file for entry in CHAPTERS}


def test_the_page_is_what_the_files_give():
    stored = (notebooks.ROOT / "docs" / "instructors_guide.md").read_text(encoding="utf-8")
    assert stored == guide.page(), "run `make pages`"


GOOD = """**For:** a walk in the park.

| minutes | in the room |
|---|---|
| 0–40 | exercise 1-a |
| 40–90 | the rest |

**Set:** 1-a in the room, 1-b at home: a good start. **Shorter:** a walk.

| what happens | what to say |
|---|---|
| rain | wait |
"""


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("1-", "", "no exercise is placed"),  # the article "a" is no exercise
        ("1-b at home", "1-b and 1-c at home", "exercise 1-c does not exist"),
        ("1-b at home", "1-b and 11-b at home", "exercise 11-b does not exist"),
        ("0–40", "0–50", "the minutes"),
        ("40–90", "40–80", "the minutes"),
        ("| 0–40 | exercise 1-a |\n| 40–90 | the rest |\n", "", "the minutes"),
        ("**For:**", "## For", "a heading"),
        ("**For:**", "For:", "**For:** is missing"),
        ("**Set:**", "Set:", "**Set:** is missing"),
        ("what happens", "what", "what happens | is missing"),
    ],
)
def test_a_plan_gone_stale_is_noticed(old, new, fault):
    assert faults(GOOD, {"1-a", "1-b"}) == []
    assert any(fault in sentence for sentence in faults(GOOD.replace(old, new), {"1-a", "1-b"}))


def test_the_plans_stand_in_the_order_of_the_chapters(tmp_path):
    toc = (
        '- {file: z_one, number: "1", title: One, section: "1", part: P}',
        '- {file: a_two, number: "2", title: Two, section: "2", part: P}',
        '- {file: b_three, number: "3", title: Three, section: "3", part: P}',
    )
    (tmp_path / "_toc.yml").write_text("\n".join(toc))
    for name, text in {"_before": "# Guide", "_after": "## End", "a_two": "two", "z_one": "one"}.items():
        (tmp_path / f"{name}.md").write_text(f"{text}\n")
    assert guide.page(tmp_path, tmp_path) == "# Guide\n\n### 1 One\n\none\n\n### 2 Two\n\ntwo\n\n## End\n"


def test_an_exercise_that_no_plan_places_is_set_at_home():
    entry = CHAPTERS[0]
    ids = sorted(exercise_ids(notebooks.read(entry.path)))
    text = guide.section(entry, f"**Set:** {ids[0]} in the room.\n")
    assert text.endswith(f"in the room.\n\nAlso at home: {', '.join(ids[1:])}.\n")
    assert "Also at home" not in guide.section(entry, " ".join(ids))
