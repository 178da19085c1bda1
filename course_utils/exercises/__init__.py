"""The checks behind the exercises.

A chapter's checks are a list of `Exercise` in one module of this package: chapter 3.1.1 has `ch_3_1_1.py`.
Instructors may keep checks of their own in a folder named by the environment variable COURSE_EXERCISES.
"""

import copy
import difflib
import dis
import importlib
import importlib.util
import json
import math
import os
import pkgutil
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Exercise", "Misconception", "Verdict", "all_exercises", "check", "find", "judge", "solved"]


@dataclass(frozen=True)
class Misconception:
    """A wrong answer that readers give, and what it tells about their thinking.

    `answer` is a wrong value, or a wrong function where the exercise asks for a function.
    """

    answer: object
    hint: str


@dataclass(frozen=True)
class Exercise:
    """One exercise and how its answer is judged.

    Parameters
    ----------
    id : str
        Chapter number and letter, such as "3.1.1-a".
    expected : value or function
        The right value; or a function that is right, for an exercise that asks for a function.
    cases : sequence of tuples
        Arguments on which the reader's function is compared with `expected`.
    misconceptions : sequence of Misconception
        Wrong answers that are recognised and answered with their own hint.
    hint : str
        What is said to a wrong answer that is not recognised.
    tolerance : float
        Relative and absolute tolerance for numbers.
    requirement : function, optional
        Instead of `expected`, for exercises with many right answers: takes the answer and returns an empty
        string if it is right, otherwise a sentence that says what is not.
    """

    id: str
    expected: object = None
    cases: tuple = ()
    misconceptions: tuple = ()
    hint: str = "Look at the hint under the exercise."
    tolerance: float = 1e-6
    requirement: object = None


@dataclass(frozen=True)
class Verdict:
    """What `judge` thinks of an answer: a sign (○ not attempted, ✗ wrong, ✓ right) and a message."""

    sign: str
    message: str

    def __str__(self):
        return f"{self.sign} {self.message}"


def check(exercise_id, answer):
    """Judge an answer, print the verdict, and remember a solved exercise for `python -m course_utils progress`.

    Parameters
    ----------
    exercise_id : str
        Such as "3.1.1-a".
    answer : value or function
        What the exercise asks for.

    Raises
    ------
    ValueError
        If there is no such exercise; the message names the nearest one.

    Taught in: 00_start_here
    """
    verdict = judge(exercise_id, answer)
    print(verdict)
    if verdict.sign == "✓":
        _remember(exercise_id)


def judge(exercise_id, answer):
    """Judge an answer and return a `Verdict`. Errors in the reader's code become part of the verdict."""
    exercise = find(exercise_id)
    if _not_attempted(answer):
        return Verdict("○", "not attempted yet")
    if exercise.requirement is not None:
        return _judge_requirement(exercise, answer)
    if callable(exercise.expected):
        return _judge_function(exercise, answer)
    return _judge_value(exercise, answer)


def find(exercise_id):
    """Return the `Exercise` with this id, or raise a ValueError that names the nearest id."""
    if not isinstance(exercise_id, str):
        raise TypeError(f"exercise_id must be a string such as '3.1.1-a', got {exercise_id!r}")
    known = {exercise.id: exercise for exercise in all_exercises()}
    if exercise_id not in known:
        near = difflib.get_close_matches(exercise_id, known, n=1, cutoff=0)
        hint = f"; the nearest is {near[0]!r}" if near else ""
        raise ValueError(f"exercise_id {exercise_id!r} does not exist{hint}")
    return known[exercise_id]


def all_exercises():
    """Return every exercise of the course, chapter by chapter."""
    exercises = []
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        if module.name.startswith("ch_"):
            exercises += importlib.import_module(f"{__name__}.{module.name}").EXERCISES
    own_folder = os.environ.get("COURSE_EXERCISES")
    for path in sorted(Path(own_folder).glob("ch_*.py")) if own_folder else []:
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        exercises += module.EXERCISES
    return exercises


# --- judging ---------------------------------------------------------------------------------------------------


def _not_attempted(answer):
    """The stub of an exercise is `name = ...`, or a function that does nothing but return None."""
    if answer is ... or answer is None:
        return True
    if not hasattr(answer, "__code__"):
        return False
    steps = [step for step in dis.get_instructions(answer.__code__) if step.opname != "RESUME"]
    return len(steps) <= 2 and steps[0].opname in ("LOAD_CONST", "RETURN_CONST") and steps[0].argval is None


def _judge_value(exercise, answer):
    if callable(answer):
        return Verdict("✗", f"a value is asked for, not the function {_name(answer)}: did you forget to call it?")
    if _same(answer, exercise.expected, exercise.tolerance):
        return Verdict("✓", "correct")
    for misconception in exercise.misconceptions:
        if _same(answer, misconception.answer, exercise.tolerance):
            return Verdict("✗", f"not {_show(answer)}. {misconception.hint}")
    return Verdict("✗", f"not {_show(answer)}. {exercise.hint}")


def _judge_function(exercise, answer):
    if not callable(answer):
        return Verdict("✗", f"a function is asked for, not {_show(answer)}")
    outputs, first_wrong = [], None
    for case in exercise.cases:
        call = f"{_name(answer)}({', '.join(map(_show, case))})"
        try:
            output = answer(*copy.deepcopy(case))  # a copy: the reader's code may change its arguments
        except Exception as error:
            return Verdict("✗", f"{call} raised {type(error).__name__}: {error}")
        outputs.append(output)
        right = exercise.expected(*copy.deepcopy(case))
        if first_wrong is None and not _same(output, right, exercise.tolerance):
            first_wrong = f"{call} gave {_show(output)}, expected {_show(right)}."
    if first_wrong is None:
        return Verdict("✓", "correct")
    if all(output is None for output in outputs):
        return Verdict("✗", f"{first_wrong} Does your function end with `return`?")
    for misconception in exercise.misconceptions:
        if _outputs_of(misconception.answer, exercise, outputs):
            return Verdict("✗", f"{first_wrong} {misconception.hint}")
    return Verdict("✗", f"{first_wrong} {exercise.hint}")


def _outputs_of(wrong_function, exercise, outputs):
    """Does this wrong function explain every output of the reader's function?"""
    for case, output in zip(exercise.cases, outputs, strict=True):
        try:
            wrong = wrong_function(*copy.deepcopy(case))
        except Exception:
            return False
        if not _same(output, wrong, exercise.tolerance):
            return False
    return True


def _judge_requirement(exercise, answer):
    try:
        complaint = exercise.requirement(answer)
    except Exception as error:
        return Verdict("✗", f"your answer could not be checked: {type(error).__name__}: {error}")
    return Verdict("✗", complaint) if complaint else Verdict("✓", "correct")


def _same(a, b, tolerance):
    import numpy as np  # here, so that importing the package stays instant

    if isinstance(a, str) or isinstance(b, str):
        return isinstance(a, str) and isinstance(b, str) and a.strip().casefold() == b.strip().casefold()
    if a is None or b is None:
        return a is b
    if isinstance(a, dict) or isinstance(b, dict):
        return (
            isinstance(a, dict)
            and isinstance(b, dict)
            and a.keys() == b.keys()
            and all(_same(a[key], b[key], tolerance) for key in b)
        )
    if isinstance(a, set | frozenset) or isinstance(b, set | frozenset):
        return isinstance(a, set | frozenset) and isinstance(b, set | frozenset) and set(a) == set(b)
    if isinstance(b, list | tuple) and any(isinstance(item, str | list | tuple | dict) for item in b):
        return (
            isinstance(a, list | tuple)
            and len(a) == len(b)
            and all(_same(x, y, tolerance) for x, y in zip(a, b, strict=True))
        )
    try:
        a, b = np.asarray(a), np.asarray(b)
    except (TypeError, ValueError):  # for instance a ragged list
        return False
    if a.shape != b.shape or (a.dtype == bool) != (b.dtype == bool):
        return False
    if not (np.issubdtype(a.dtype, np.number) and np.issubdtype(b.dtype, np.number)):
        return bool(np.array_equal(a, b))
    return bool(np.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True))


def _name(function):
    return getattr(function, "__name__", "your function")


def _show(value, width=100):
    import numpy as np

    if isinstance(value, np.generic):
        value = value.item()  # NumPy's own repr would read np.float64(0.5)
    if isinstance(value, np.ndarray):
        text = np.array2string(value, threshold=12, precision=4, separator=", ")
    elif isinstance(value, float) and math.isfinite(value):
        text = f"{value:.6g}"
    elif callable(value):
        text = _name(value)
    else:
        text = repr(value)
    text = " ".join(text.split())
    return text if len(text) <= width else text[: width - 1] + "…"


# --- progress --------------------------------------------------------------------------------------------------


def _progress_file():
    if os.environ.get("COURSE_PROGRESS"):
        return Path(os.environ["COURSE_PROGRESS"])
    import platformdirs

    return Path(platformdirs.user_data_dir("deep-learning-in-medicine", appauthor=False)) / "progress.json"


def solved():
    """Return the ids of the exercises solved on this computer, from a local file that is never sent anywhere.

    Raises
    ------
    ValueError
        If the file is not a list of exercise ids; the message names it.
    """
    path = _progress_file()
    if not path.exists():
        return []
    try:
        ids = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError:
        ids = None
    if not isinstance(ids, list) or not all(isinstance(item, str) for item in ids):
        raise ValueError(f"the progress file {path} cannot be read: move it away to start a new one")
    return ids


def _remember(exercise_id):
    try:
        ids = solved()
        if exercise_id in ids:
            return
        path = _progress_file()
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(f".{os.getpid()}")
        scratch.write_text(json.dumps(sorted([*ids, exercise_id]), indent=0), encoding="utf-8")
        scratch.replace(path)  # atomic: a crash never leaves half a file
    except (OSError, ValueError) as error:
        print(f"  (not remembered: {error})")
