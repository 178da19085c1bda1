"""Every exercise of every chapter: each right answer passes, the stub and each wrong answer do not, no message tells.

The exercises are found by asking the folders: those of the course, and those of the fixture chapter, which stand where
an instructor's own would (COURSE_EXERCISES).
"""

import ast
import functools
import inspect
import math
import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from course_utils import exercises, notebooks
from course_utils.exercises import Exercise
from course_utils.exercises._answers import plain, show

FIXTURE = Path(__file__).parent / "fixtures" / "chapter"

with pytest.MonkeyPatch.context() as patch:
    patch.setenv("COURSE_EXERCISES", str(FIXTURE / "exercises"))
    ALL = exercises.all_exercises()
    FAULTS = exercises.faults()
OF_THE_COURSE = [exercise for exercise in ALL if not exercise.id.startswith("9.9-")]
FILES = {entry.number: entry.file for entry in notebooks.table_of_contents()}


@pytest.fixture(autouse=True)
def fixture_exercises(monkeypatch):
    monkeypatch.setenv("COURSE_EXERCISES", str(FIXTURE / "exercises"))


def each(list_of):
    """One test for each item of an exercise; the chapter's file is in its name, for `pytest -k <file>`.

    The tests of an exercise whose check trains networks or draws often are slow ones.
    """
    return [
        pytest.param(
            exercise,
            item,
            id=f"{FILES.get(number, number)}-{exercise.id}-{position}",
            marks=[pytest.mark.slow] if exercise.seconds >= 20 else [],
        )
        for exercise in ALL
        for number in [exercise.id.rsplit("-", 1)[0]]
        for position, item in enumerate(list_of(exercise))
    ]


def is_function(exercise):
    return callable(exercise.expected) or any(callable(solution) for solution in exercise.solutions)


def right_answers(exercise):
    return [*([] if exercise.requirement else [exercise.expected]), *exercise.solutions]


def test_no_module_has_a_fault():
    assert FAULTS == []
    assert {exercise.id for exercise in ALL} - {exercise.id for exercise in OF_THE_COURSE} == {"9.9-a", "9.9-b"}


# --- right answers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("exercise, _", each(lambda exercise: [None]))
def test_several_right_and_several_wrong_answers_are_listed(exercise, _):
    assert len(exercise.solutions) >= 2, "list right answers written in other ways: a loop and a mask, a list, an array"
    assert len(exercise.misconceptions) >= 2, "list the wrong answers that readers give, each with a hint of its own"
    assert len({m.hint for m in exercise.misconceptions}) == len(exercise.misconceptions)
    default = Exercise("none").hint
    assert exercise.hint != default or exercise.requirement, "say what the next step is"


@pytest.mark.parametrize("exercise, answer", each(right_answers))
def test_each_right_answer_passes(exercise, answer):
    verdict = str(exercises.judge(exercise.id, answer))
    assert verdict == "✓ correct" or (exercise.requirement and verdict.startswith("✓ correct: ")), verdict


def natural_types(value):
    """The same value as other libraries and habits give it."""
    import tensorflow as tf

    value = plain(value)
    if isinstance(value, str):
        return [np.str_(value), f" {value.upper()} "]
    if isinstance(value, bool):
        return [np.bool_(value), np.array(value), tf.constant(value)]
    if isinstance(value, list) and all(isinstance(item, int | float) for item in np.ravel(value).tolist()):
        whole = [tuple(value), np.array(value), tf.constant(value), np.array(value, float), np.array(value, object)]
        return whole + ([pd.Series(value)] if np.ndim(value) == 1 else [pd.DataFrame(value), list(map(tuple, value))])
    if isinstance(value, int | float):
        integers = [float(value), np.int64(value)] if float(value).is_integer() else []
        numbers = [np.float64(value), np.array(value), tf.constant(value), tf.Variable(value), Fraction(value)]
        return [*integers, *numbers, pd.Series([value])[0]]
    return []


@pytest.mark.parametrize("exercise, _", each(lambda exercise: [None]))
def test_a_right_answer_passes_in_every_natural_type(exercise, _):
    if exercise.requirement:
        return
    if not callable(exercise.expected):
        answers = natural_types(exercise.expected)
        assert answers
    else:
        kinds = len(natural_types(exercise.expected(*exercise.cases[0])))
        assert kinds

        def with_output(position):
            @functools.wraps(exercise.expected)
            def answer(*arguments):
                variants = natural_types(exercise.expected(*arguments))
                return variants[position % len(variants)]

            return answer

        answers = map(with_output, range(kinds))
    verdicts = {show(answer): str(exercises.judge(exercise.id, answer)) for answer in answers}
    assert set(verdicts.values()) == {"✓ correct"}, verdicts


# --- wrong answers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("exercise, misconception", each(lambda exercise: exercise.misconceptions))
def test_each_wrong_answer_is_refused_with_its_own_hint(exercise, misconception):
    for answer in (misconception.answer, *misconception.also):
        verdict = exercises.judge(exercise.id, answer)
        assert verdict.sign == "✗"
        assert misconception.hint in verdict.message


def stub(*arguments): ...


def stub_with_text(*arguments):
    """Return something."""
    ...


def stub_that_passes(*arguments):
    pass


@pytest.mark.parametrize("exercise, answer", each(lambda exercise: [..., stub, stub_with_text, stub_that_passes]))
def test_the_stub_is_not_attempted(exercise, answer):
    assert str(exercises.judge(exercise.id, answer)) == "○ not attempted yet"


def spoilt(value):
    """Wrong answers that no author has thought of."""
    value = plain(value)
    odd = ["no idea", {"a": 1}, object(), float("nan"), [], [[1], [2, 3]], pd.NA, iter([1])]
    if isinstance(value, str):
        return [value + "?", value[:-1], "?" + value[1:], "?" * len(value), [value], 17, *odd]
    if isinstance(value, bool):
        return ["yes", 17, [value], *odd]
    if isinstance(value, int | float):
        return [1.37 * value + 0.113, -value - 0.713, 1e9, [value], np.full(5000, value), str(value), True, *odd]
    if isinstance(value, list):
        worse = [(np.array(value) * 1.37 + 0.113), value[:-1], value + value, np.ravel(value)[0]]
        last = np.array(value, float)
        last.flat[-1] += 0.713
        return [*worse, last, [value], str(value), *odd]
    return odd


def unrecognised(exercise):
    """Wrong answers, functions where a function is asked for, that are none of the listed ones."""
    if not is_function(exercise):
        answers = spoilt(exercise.expected if exercise.requirement is None else None)
    elif exercise.requirement:
        answers = [lambda *arguments: None, lambda *arguments: 1 / 0, lambda: True, lambda *arguments: "yes", 17, "no"]
        answers[0].__code__ = (lambda *arguments: [].sort()).__code__
    else:
        answers = [wrong_in(exercise, kind, last) for kind in range(12) for last in (False, True)]
        answers += [lambda *arguments: 1 / 0, lambda: 0, 17, "no idea"]
    hints = [m.hint for m in exercise.misconceptions if exercise.requirement is None]
    judged = [(answer, exercises.judge(exercise.id, answer)) for answer in answers]
    return [(answer, v) for answer, v in judged if not any(hint in v.message for hint in hints)]


def wrong_in(exercise, kind, last_case_only):
    """A function that is wrong everywhere, or in the last case alone."""

    def answer(*arguments):
        right = exercise.expected(*arguments)
        if last_case_only and show(arguments) != show(exercise.cases[-1]):
            return right
        wrong = spoilt(right)
        return wrong[kind % len(wrong)]

    return answer


@pytest.mark.parametrize("exercise, _", each(lambda exercise: [None]))
def test_no_message_to_a_wrong_answer_holds_the_solution(exercise, _):
    found = unrecognised(exercise)
    assert len(found) >= 4
    for answer, verdict in found:
        assert verdict.sign == "✗", (show(answer), verdict)
        assert len(verdict.message) < 500 and "\n" not in verdict.message and " at 0x" not in verdict.message
        message = verdict.message
        if callable(answer) and " gave " in message:
            case = next(case for case in exercise.cases if message.startswith(call(answer, case)))
            message = message.removeprefix(f"{call(answer, case)} gave {show(answer(*case))}")
            assert message.startswith(": ")
            assert not tells(message, [exercise.expected(*case)]), message
        elif not is_function(exercise) and exercise.requirement is None:
            assert not tells(message.replace(f"not {show(answer)}", ""), right_answers(exercise)), message
        assert not holds_code(message, exercise), message


@pytest.mark.parametrize("exercise, hint", each(lambda e: [e.hint, e.error_hint, *(m.hint for m in e.misconceptions)]))
def test_no_hint_holds_the_solution(exercise, hint):
    if not is_function(exercise) and exercise.requirement is None:
        assert not tells(hint, right_answers(exercise))
        if hint == exercise.hint:
            assert len(numbers(hint)) <= 2, "with so many numbers the hint is the calculation: ask for the next step"
    assert not holds_code(hint, exercise)


# --- does a text hold a solution? --------------------------------------------------------------------------------


def call(function, case):
    return (
        f"your function({', '.join(map(show, case))})"
        if "<" in function.__name__
        else (f"{function.__name__}({', '.join(map(show, case))})")
    )


def normal(text):
    """One notation for sums and products, thousands without a comma."""
    words = {
        "·": "*",
        "×": "*",
        "−": "-",
        "π": "pi",
        " divided by ": "/",
        " times ": "*",
        " minus ": "-",
        " plus ": "+",
    }
    for word, sign in words.items():
        text = text.replace(word, sign)
    return re.sub(r"(?<=\d)[,_\u202f](?=\d{3}\b)", "", text)


def numbers(text):
    """The numbers of a text, its sums and products computed as well, per cent both ways."""
    sums = re.findall(r"[\d(][\d\s.()*/+-]*", normal(text))
    found = [float(number) for number in re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e-?\d+)?", normal(text))]
    for expression in sums:
        try:
            found.append(float(eval(expression.strip(" .+-*/"))))  # of digits and signs only
        except (SyntaxError, TypeError, ZeroDivisionError):
            pass
    return list(dict.fromkeys(found))


def tells(text, rights):
    """Does a text hold one of the right answers?"""
    for right in map(plain, rights):
        if isinstance(right, str) and len(right) > 1 and right.casefold() in text.casefold():
            return True
        if isinstance(right, list) and all(isinstance(item, int | float) for item in np.ravel(right).tolist()):
            digits = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", normal(text))]
            flat = [float(item) for item in np.ravel(right)]
            if any(digits[i : i + len(flat)] == flat for i in range(len(digits))):
                return True
            # each of several large numbers is a solution of its own
            if any(item in numbers(text) for item in flat if abs(item) > 1000):
                return True
        if isinstance(right, int | float) and not isinstance(right, bool):
            for number in numbers(text):
                if any(math.isclose(number, wanted, rel_tol=1e-3) for wanted in (right, 100 * right)):
                    return True
    return False


def pieces(text):
    return re.findall(r"[A-Za-z_]\w*|\d+(?:\.\d+)?|[^\s\w`]", normal(text))


def holds_code(text, exercise):
    """Does a text share five pieces in a row, two operators among them, with a solution's code?

    What the exercise's own text says in the chapter is no secret.
    """
    secret = set().union(*map(runs, code_of_solutions(exercise))) - runs(exercise_texts().get(exercise.id, ""))
    return bool(secret & runs(text))


def runs(text):
    found = pieces(text)
    fives = {tuple(found[i : i + 5]) for i in range(len(found) - 4)}
    return {five for five in fives if sum(piece in "+-*/%=<>&|" for piece in five) >= 2}


@functools.cache
def exercise_texts():
    texts = {}
    for entry in notebooks.chapters():
        for cell in notebooks.read(entry.path).cells:
            found = re.match(r"#+ Exercise (\S+):", cell.source)
            if cell.cell_type == "markdown" and found:
                texts[found[1]] = cell.source
    return texts


@functools.cache
def solution_cells(folder):
    texts = {}
    for path in sorted(folder.glob("*.ipynb")):
        for cell in notebooks.read(path).cells:
            found = re.search(r'exercises\.check\("([^"]+)"', cell.source)
            if cell.cell_type == "code" and found:
                texts[found[1]] = cell.source[: found.start()]
    return texts


@functools.cache
def functions_of(path):
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.Lambda)]


def code_of_solutions(exercise):
    """The code of the solution notebook and of each right function, without comments and docstrings."""
    sources = [
        cells[exercise.id]
        for cells in map(solution_cells, (notebooks.ROOT / "notebooks" / "solutions", FIXTURE / "solutions"))
        if exercise.id in cells
    ]
    nodes = [*map(ast.parse, sources)]
    for answer in filter(callable, right_answers(exercise)):
        function = inspect.unwrap(answer)
        line = function.__code__.co_firstlineno
        for node in functions_of(inspect.getsourcefile(function)):
            if line in (node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))):
                nodes.append(node)
    for node in nodes:
        for inner in ast.walk(node):
            if isinstance(inner, ast.FunctionDef) and ast.get_docstring(inner):
                inner.body[0].value = ast.Constant("")
    return [ast.unparse(node) for node in nodes]


GUILTY = {  # once in this course, as what was said to an unrecognised answer
    "3.3.1-b": "F[i, j] = max(pair, F[i - 1, j] - gap, F[i, j - 1] - gap), and the largest of the last row.",
    "3.3.1-d": "round(2 * np.log2(share / (frequency_u * frequency_v)))",
    "3.3.2-b": "The memory is np.tanh(x @ W + memory @ U + b).",
    "3.1.1-c": "Parameters: (9 · 32 + 1) · 64. Multiplications: the weights of all filters, at 28 · 28 positions.",
    "3.1.1-d": "r: 1, 5, 9, 11, 19, 27 pixels; the jump: 1, 2, 2, 4, 4, 4.",
    "4.3-c": "It is np.log2 of (counts + 1) / (counts.sum(axis=1) + 4) / 0.25.",
    "4.1-e": "60 of 200, minus a quarter of 30 of 200.",
    "3.1.2-e": "It is leaked + (1 - leaked) / 2.",
    "3.3.1-c": "The three are 23, 18 and 13.",
    "00-c": "It is about 15.4 %.",
    "3.1.1-a": "The rows are 1, 2 and 1, -1.",
}


@pytest.mark.parametrize("exercise_id", GUILTY)
def test_a_hint_that_holds_the_solution_is_noticed(exercise_id):
    exercise = exercises.find(exercise_id)
    guilty = Exercise(**{**vars(exercise), "hint": GUILTY[exercise_id]})
    with pytest.raises(AssertionError):
        test_no_hint_holds_the_solution(guilty, guilty.hint)


# --- the notebooks -----------------------------------------------------------------------------------------------


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
