"""Make the page of the class kit: plans for a class, computed from what the chapters say of themselves.

The minutes are those of the badge line, the order comes from "You need chapter ..." in *Before you start*, and what
students get wrong from the checks. Profiles and rubrics were written: docs/sources/class_kit.toml.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

import overview

from course_utils import classroom, notebooks

SOURCE = notebooks.ROOT / "docs" / "sources" / "class_kit.toml"
LESSONS, DAYS = 12, 3
IN_THE_ROOM = 90  # minutes of a double lesson; docs/guide/ has a plan of that length for every chapter
MOST = 180  # minutes that a double lesson asks for, with what is done at home for it; also those of half a day
BREAK = 15
EXERCISE = 8  # minutes, as in `notebooks.reading_minutes`


@dataclass(frozen=True)
class Chapter:
    """What the plans need to know of a chapter. `after` are the chapters it needs or uses, `needs` those it needs."""

    number: str
    title: str
    file: str
    part: str
    minutes: int
    exercises: tuple
    needs: frozenset
    after: frozenset

    @property
    def reading(self):
        """Minutes of the path without its exercises."""
        return self.minutes - EXERCISE * len(self.exercises)

    @property
    def left(self):
        """Minutes of the path that are left for home after a double lesson."""
        return max(0, self.minutes - IN_THE_ROOM)


def chapters(folder=notebooks.FOLDER):
    """Return the chapters that exist, in reading order; what they need and is still to come is left out."""
    entries = notebooks.chapters(folder)
    numbers = {entry.number for entry in entries}
    found = []
    for entry in entries:
        notebook = notebooks.read(entry.path)
        summary = overview.summarise(entry, notebook, numbers)
        minutes = int(summary.badge["Reading time"].split(" min path")[0])
        ids = tuple(exercise_id for exercise_id, *_ in notebooks.exercises(notebook))
        needs = frozenset(summary.needs)
        after = needs | set(summary.uses)
        found.append(Chapter(entry.number, entry.title, entry.file, entry.part, minutes, ids, needs, after))
    return found


# --- plans -------------------------------------------------------------------------------------------------------


def with_needs(wanted, known):
    """Return the numbers of the chapters in `wanted` that exist, and of all that they need."""
    by_number = {chapter.number: chapter for chapter in known}
    found, todo = set(), [number for number in wanted if number in by_number]
    while todo:
        number = todo.pop()
        if number not in found:
            found.add(number)
            todo += by_number[number].needs
    return found


def in_order(numbers, known):
    """Return these chapters so that each comes after what it needs, and a lab right after what it is made of."""
    left, found = [chapter for chapter in known if chapter.number in numbers], []
    while left:
        done = {chapter.number for chapter in found}
        ready = [chapter for chapter in left if chapter.needs & numbers <= done]
        if not ready:
            raise ValueError(f"chapters need one another: {', '.join(chapter.number for chapter in left)}")
        best = next((chapter for chapter in ready if chapter.part == "Labs"), ready[0])
        found.append(best)
        left.remove(best)
    return found


def in_the_room(known, most=LESSONS):
    """Choose the chapters that get a lesson: labs and all that they need, then what most others need."""
    chosen = set()
    for lab in (chapter for chapter in known if chapter.part == "Labs"):
        larger = chosen | with_needs([lab.number], known)
        chosen = larger if len(larger) <= most else chosen
    needed_by = {chapter.number: sum(chapter.number in other.needs for other in known) for chapter in known}
    for chapter in sorted(known, key=lambda chapter: -needed_by[chapter.number]):
        larger = chosen | with_needs([chapter.number], known)
        chosen = larger if len(larger) <= most else chosen
    return in_order(chosen, known)


def double_lessons(known, most=LESSONS):
    """Return [(chapter in the room, chapter read at home or None)], and the chapters that found no place."""
    room = in_the_room(known, most)
    lesson_of = {chapter.number: number for number, chapter in enumerate(room)}
    home, without = {}, []
    for chapter in known:
        if chapter.number in lesson_of:
            continue
        for number, taught in enumerate(room):
            before = {other.number for other in room[: number + 1]}
            before |= {other.number for lesson, other in home.items() if lesson < number}
            fits = IN_THE_ROOM + taught.left + chapter.reading <= MOST
            if number not in home and fits and chapter.after <= before:
                home[number] = chapter
                break
        else:
            without.append(chapter)
    return [(chapter, home.get(number)) for number, chapter in enumerate(room)], without


def lesson_minutes(taught, read):
    """Return the minutes that a double lesson asks for: in the room, and at home for it."""
    return IN_THE_ROOM + taught.left + (read.reading if read else 0)


def workshops(known, half_days=2 * DAYS):
    """Return [(lab, chapters of the half-days)] for each lab that half_days are enough for."""
    found = []
    for lab in (chapter for chapter in known if chapter.part == "Labs"):
        numbers = with_needs([lab.number], known)
        if len(numbers) > half_days:
            continue
        plan = in_order(numbers, known)
        for part in ("Challenges", "Orientation", "Principles"):
            for chapter in known:
                done = {other.number for other in plan}
                free = chapter.part == part and chapter.number not in done and chapter.needs <= done
                if free and len(plan) < half_days:
                    plan.append(chapter)
        found.append((lab, plan))
    return found


def taster(known, blocks=3):
    """Return the chapters of one day: the first, then chapters of the principles that need nothing else."""
    first = known[0]
    rest = [chapter for chapter in known[1:] if chapter.needs <= {first.number}]
    rest.sort(key=lambda chapter: chapter.part != "Principles")
    return [first, *rest[: blocks - 1]]


# --- the page ----------------------------------------------------------------------------------------------------

SHOWN = 3


HEAD = """\
# Class kit

<!-- Made by `make pages` from the chapters, the checks and docs/sources/class_kit.toml: edit those. -->
"""


def page(known=None, source=SOURCE):
    """Return the text of docs/class_kit.md."""
    known = chapters() if known is None else known
    written = tomllib.loads(Path(source).read_text(encoding="utf-8"))
    text = written["text"]
    parts = [HEAD, text["intro"], *_lessons(known, text["lessons"]), *_workshops(known, text["workshop"])]
    parts += [*_taster(known, text["taster"]), text["profiles"], *_profiles(known, written["profile"])]
    parts += [text["assessments"], *_assessments(written["assessment"]), *_mistakes(known, text["mistakes"])]
    return "\n".join(parts)


def _named(chapter):
    return f"[{chapter.number} {chapter.title}](../notebooks/{chapter.file}.ipynb)"


def _table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, cells))} |" for cells in lines) + "\n"


def _lessons(known, text):
    plan, without = double_lessons(known)
    rows = []
    for number, (taught, read) in enumerate(plan, start=1):
        home = [f"the rest of {taught.number} ({taught.left} min)"] * bool(taught.left)
        home += [f"read {_named(read)} ({read.reading} min)"] if read else []
        rows.append([number, _named(taught), "; ".join(home) or "–", lesson_minutes(taught, read)])
    words = {12: "Twelve"}
    yield text.format(count=words.get(len(plan), len(plan)), room=IN_THE_ROOM, most=MOST)
    yield _table(["lesson", f"in the room ({IN_THE_ROOM} min)", "at home", "minutes"], rows)
    if without:
        yield f"Left for the curious: {', '.join(map(_named, without))}.\n"


def _workshops(known, text):
    plans = workshops(known)
    yield text.format(most=MOST, pause=BREAK)
    rows = []
    for lab, plan in plans:
        cells = [f"{_named(chapter)} ({chapter.minutes} min)" for chapter in plan]
        for day in range(0, len(cells), 2):
            rows.append([f"to {lab.number} {lab.title}" if day == 0 else "", day // 2 + 1, *cells[day : day + 2]])
    yield _table(["track", "day", "morning", "afternoon"], rows)


def _taster(known, text):
    plan = taster(known)
    words = {2: "Two", 3: "Three"}
    yield text.format(count=words.get(len(plan), len(plan)), room=IN_THE_ROOM)
    rows = [[number, _named(chapter), ", ".join(chapter.exercises)] for number, chapter in enumerate(plan, start=1)]
    yield _table(["block", "chapter", "exercises to choose from"], rows)


def _profiles(known, profiles):
    for profile in profiles:
        route = in_order(with_needs(profile["aims"], known), known)
        hours = sum(chapter.minutes for chapter in route) / 60
        yield f"### {profile['who']}\n"
        yield (
            f"{profile['brings']}\n\n"
            f"- **First:** {profile['first']}.\n"
            f"- **Route:** {', '.join(_named(chapter) for chapter in route)}: {hours:.0f} hours.\n"
            f"- **What helps:** {profile['help']}\n"
        )


def _assessments(assessments):
    for assessment in assessments:
        yield f"### {assessment['title']}\n\n{assessment['how']}\n"
        yield _table(["what", "points", "full marks", "half"], assessment["rubric"])


def _mistakes(known, text):
    yield text.format(most=SHOWN)
    for chapter in known:
        rows = []
        for exercise_id in chapter.exercises:
            listed = [(values, hint) for values, hint in classroom.mistakes(exercise_id) if hint[-1] in ".?!"]
            for values, hint in listed[:SHOWN]:
                shown = f"`{values}`: {hint}" if values else hint
                rows.append([exercise_id, shown.replace("|", "\\|")])
        if rows:
            yield f"### {chapter.number} {chapter.title}\n"
            yield _table(["exercise", "what the check says to it"], rows)
