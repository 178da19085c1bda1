"""The class kit: its page is up to date, and its plans keep the order and the time, however many chapters there are."""

import re
import sys
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import notebooks

sys.path.insert(0, str(notebooks.ROOT / "docs" / "extensions"))
import class_kit  # noqa: E402  (found only after the line above)

KNOWN = class_kit.chapters()
WRITTEN = tomllib.loads(class_kit.SOURCE.read_text(encoding="utf-8"))


def chapter(number, needs=(), part="Principles", minutes=100, exercises=4, uses=()):
    ids = tuple(f"{number}-{letter}" for letter in "abcdefgh"[:exercises])
    needs = frozenset(needs)
    return class_kit.Chapter(number, f"Title {number}", number, part, minutes, ids, needs, needs | set(uses))


# The whole course: chapters still to come are taken to be as long as the others, and to need what is taught before.
TO_COME = [
    chapter("5.4", ["00", "3.1.2", "4.1"], "Challenges"),
    chapter("5.5", ["00", "3.1.2"], "Challenges"),
    chapter("6", ["00", "3.1.2", "4.1", "5.2", "5.3"], "Questions"),
]
WHOLE = KNOWN + [new for new in TO_COME if new.number not in {old.number for old in KNOWN}]


def faults(known, plan, without=()):
    """What is wrong with double lessons, one sentence each."""
    found, done = [], set()
    for number, (taught, read) in enumerate(plan, start=1):
        for one in [taught] + [read] * (read is not None):
            missing = one.needs - done
            found += [f"lesson {number}: {one.number} comes before {other}" for other in sorted(missing)]
            found += [f"lesson {number}: {one.number} a second time"] * (one.number in done)
            done.add(one.number)
        minutes = class_kit.lesson_minutes(taught, read)
        found += [f"lesson {number}: {minutes} minutes"] * (minutes > class_kit.MOST)
    lost = {one.number for one in known} - done - {one.number for one in without}
    return found + [f"{number} is lost" for number in sorted(lost)]


@pytest.mark.parametrize("known", [KNOWN, WHOLE], ids=["chapters that are there", "the whole course"])
def test_twelve_double_lessons_hold_every_chapter_in_order_and_in_time(known):
    plan, without = class_kit.double_lessons(known)
    assert len(plan) == 12 and without == []
    assert faults(known, plan) == []
    taught = {lesson.number for lesson, _ in plan}
    assert {one.number for one in known if one.part == "Labs"} <= taught


def test_faults_of_a_plan_are_noticed():
    one, two, long = chapter("1"), chapter("2", ["1"]), chapter("3", minutes=150, exercises=0)
    assert faults([one, two], [(one, None), (two, None)]) == []
    assert faults([one, two], [(two, None), (one, None)]) == ["lesson 1: 2 comes before 1"]
    assert faults([one, long], [(one, long)]) == ["lesson 1: 250 minutes"]
    assert faults([one, two], [(one, None)]) == ["2 is lost"]
    assert faults([one], [(one, one)]) == ["lesson 1: 1 a second time"]


@st.composite
def courses(draw):
    """Return the chapters of some course: each needs some of those before it."""
    known = [chapter("0")]
    for number in range(1, draw(st.integers(1, 24))):
        needs = draw(st.sets(st.sampled_from([str(before) for before in range(number)]), max_size=3))
        part = draw(st.sampled_from(["Principles", "Labs", "Challenges"]))
        minutes, exercises = draw(st.integers(75, 110)), draw(st.integers(3, 5))
        known.append(chapter(str(number), needs | {"0"}, part, minutes, exercises))
    return known


@given(courses())
@settings(max_examples=50)
def test_every_plan_of_every_course_keeps_the_order_and_the_time(known):
    plan, without = class_kit.double_lessons(known)
    assert len(plan) == min(12, len(known)) and faults(known, plan, without) == []
    for lab, half_days in class_kit.workshops(known):
        assert lab in half_days and len(half_days) <= 6
        assert [fault for fault in faults(half_days, [(one, None) for one in half_days]) if "before" in fault] == []
    day = class_kit.taster(known)
    assert day[0] == known[0] and all(one.needs <= {known[0].number} for one in day)


@pytest.mark.parametrize("known", [KNOWN, WHOLE], ids=["chapters that are there", "the whole course"])
def test_the_workshop_has_a_track_for_every_lab_and_time_for_a_break(known):
    plans = class_kit.workshops(known)
    assert [lab.number for lab, _ in plans] == [one.number for one in known if one.part == "Labs"]
    for _, half_days in plans:
        assert len(half_days) == 6
        assert all(one.minutes + class_kit.BREAK <= class_kit.MOST for one in half_days)
        assert faults(half_days, [(one, None) for one in half_days]) == []
    assert len(class_kit.taster(known)) == 3


def test_chapters_that_need_one_another_are_refused():
    with pytest.raises(ValueError, match="need one another: 1, 2"):
        class_kit.in_order({"1", "2"}, [chapter("1", ["2"]), chapter("2", ["1"])])


def test_minutes_needs_and_exercises_come_from_the_chapters():
    for one in KNOWN:
        notebook = notebooks.read(notebooks.find_chapter(one.number).path)
        assert one.minutes == notebooks.reading_minutes(notebook)[0]
        assert "00" in one.needs or one.number == "00"
        assert 0 < one.reading < one.minutes


def test_the_page_is_what_the_chapters_give():
    stored = (notebooks.ROOT / "docs" / "class_kit.md").read_text(encoding="utf-8")
    assert stored == class_kit.page(), "run `make pages`"


def test_the_page_is_made_of_any_chapters():
    text = class_kit.page([one for one in KNOWN if one.part == "Orientation"])
    assert "5.3 Privacy" not in text and "### 00 Start here" in text


@pytest.mark.parametrize("assessment", WRITTEN["assessment"], ids=lambda assessment: assessment["title"])
def test_a_rubric_adds_up_and_says_what_half_is(assessment):
    assert sum(points for _, points, _, _ in assessment["rubric"]) == 100
    assert all(full and half and full != half for _, _, full, half in assessment["rubric"])


@pytest.mark.parametrize("profile", WRITTEN["profile"], ids=lambda profile: profile["who"])
def test_a_profile_aims_at_chapters_of_the_course(profile):
    planned = {entry.number for entry in notebooks.table_of_contents()}
    assert set(profile["aims"]) <= planned
    for address in re.findall(r"\]\((.+?)\)", profile["first"]):
        assert (notebooks.ROOT / "docs" / address).is_file()
