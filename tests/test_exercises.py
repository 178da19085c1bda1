"""Every exercise of every chapter: the stub is not accepted, the solution is, each wrong answer gets its own hint."""

import pytest

from course_utils import exercises, notebooks

ALL = exercises.all_exercises()


def chapter_of(exercise):
    """The chapter's file name, so that `pytest -k <file>` finds the test; its number if it is not of this course."""
    number = exercise.id.rsplit("-", 1)[0]
    return {entry.number: entry.file for entry in notebooks.table_of_contents()}.get(number, number)


def each_exercise():
    return [pytest.param(exercise, id=f"{chapter_of(exercise)}-{exercise.id}") for exercise in ALL]


def each_misconception():
    return [
        pytest.param(exercise, misconception, id=f"{chapter_of(exercise)}-{exercise.id}-{number}")
        for exercise in ALL
        for number, misconception in enumerate(exercise.misconceptions)
    ]


@pytest.mark.parametrize("exercise", each_exercise())
def test_wrong_answers_are_listed(exercise):
    assert exercise.misconceptions, "list the wrong answers that readers give, each with a hint of its own"
    assert len({m.hint for m in exercise.misconceptions}) == len(exercise.misconceptions)


@pytest.mark.parametrize("exercise, misconception", each_misconception())
def test_each_wrong_answer_is_refused_with_its_own_hint(exercise, misconception):
    verdict = exercises.judge(exercise.id, misconception.answer)
    assert verdict.sign == "✗"
    assert misconception.hint in verdict.message


def test_ids_are_unique():
    ids = [exercise.id for exercise in ALL]
    assert len(ids) == len(set(ids))


def solved_chapters():
    return [pytest.param(entry, id=entry.file) for entry in notebooks.chapters() if entry.solution_path.exists()]


@pytest.mark.slow
@pytest.mark.parametrize("entry", solved_chapters())
def test_the_solution_is_accepted_and_the_stub_is_not(entry):
    """In the executed chapter every check says ○; in the freshly executed solution every check says ✓."""
    ids = {exercise.id for exercise in ALL if exercise.id.rsplit("-", 1)[0] == entry.number}
    stubs = verdicts(notebooks.read(entry.path))
    assert stubs.keys() == ids and set(stubs.values()) == {"○"}
    run = notebooks.execute(notebooks.read(entry.solution_path), entry.solution_path.parent)
    assert not run.error
    solutions = verdicts(run.notebook)
    assert solutions.keys() == ids and set(solutions.values()) == {"✓"}


def verdicts(notebook):
    """The sign that each `exercises.check(id, ...)` printed."""
    found = {}
    for cell in notebook.cells:
        if cell.cell_type == "code" and "exercises.check(" in cell.source:
            exercise_id = cell.source.split('exercises.check("')[1].split('"')[0]
            text = "".join(output.get("text", "") for output in cell.outputs)
            found[exercise_id] = text[:1]
    return found
