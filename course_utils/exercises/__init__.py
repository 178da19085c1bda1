"""The checks behind the exercises.

A chapter's checks are a list of `Exercise` in one module of this package: chapter 3.1.1 has `ch_3_1_1.py`.
Instructors may keep checks of their own in a folder named by the environment variable COURSE_EXERCISES.
"""

import builtins
import copy
import dis
import functools
import sys
import textwrap
import types
from dataclasses import dataclass

from course_utils.exercises import _library, _progress, _running
from course_utils.exercises._answers import flags_as_numbers, name_of, same, shorten, show, wrong_form, wrong_value

__all__ = [
    "Exercise",
    "Misconception",
    "Right",
    "Verdict",
    "all_exercises",
    "check",
    "faults",
    "find",
    "judge",
    "solved",
]


@dataclass(frozen=True)
class Misconception:
    """A wrong answer that readers give, and what it tells about their thinking.

    `answer` is a wrong value, or a wrong function where the exercise asks for a function; `also` holds more answers
    that tell the same, such as other roundings of it.
    """

    answer: object
    hint: str
    also: tuple = ()


@dataclass(frozen=True)
class Right:
    """What a `requirement` returns for a right answer of which there is something to say: `✓ correct: {note}`."""

    note: str


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
        Arguments on which the reader's function is compared with `expected`, of the types that the text names.
    solutions : sequence
        More right answers, written in other ways: a loop and a mask, a list and an array. The tests try them.
    misconceptions : sequence of Misconception
        Wrong answers that are recognised and answered with their own hint.
    hint : str
        What is said to a wrong answer that is not recognised: the next step, never the solution.
    tolerance : float
        Relative and absolute tolerance for numbers that are not whole.
    requirement : function, optional
        Instead of `expected`, for exercises with many right answers: takes the answer and returns an empty
        string if it is right, or `Right(note)` where the note tells the reader what was found; otherwise a sentence
        that says what is not right.
    flags : bool
        In the tables and lists that a function returns, True and False are as right as 1 and 0.
    error_hint : str
        What is said after an exception of the reader's code: which slip most often ends in one, such as a shape.
    seconds : float
        How long all of the reader's code behind the answer may take.
    """

    id: str
    expected: object = None
    cases: tuple = ()
    solutions: tuple = ()
    misconceptions: tuple = ()
    hint: str = "Look at the hint under the exercise."
    tolerance: float = 1e-6
    requirement: object = None
    flags: bool = False
    error_hint: str = ""
    seconds: float = 5


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
    # Wrapped here, because JupyterLab wraps a long line in the middle of a word.
    _say(textwrap.fill(str(verdict), 88, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False))
    if verdict.sign == "✓" and not _progress.in_a_solution():
        trouble = _progress.remember(exercise_id)
        if trouble:
            _say(f"  (not remembered: {trouble})")


def judge(exercise_id, answer):
    """Judge an answer and return a `Verdict`. Errors in the reader's code become part of the verdict."""
    try:
        exercise = find(exercise_id)
    except _library.Broken as fault:
        return Verdict("✗", f"this exercise cannot be checked: {fault}")
    if _not_attempted(answer):
        return Verdict("○", "not attempted yet")
    watched = _Watched(answer)
    try:
        verdict, printed = _running.run(lambda: _judge(exercise, watched), exercise.seconds)
    except KeyboardInterrupt:
        raise  # the reader stops it
    except _running.OutOfTime:
        what = watched.call or "your answer"
        return Verdict("✗", f"{what} was stopped after {exercise.seconds:g} seconds: does a loop in it never end?")
    except _running.AskedForInput:
        what = watched.call or "your answer"
        return Verdict("✗", f"{what} asks for `input()`. Take everything from the arguments instead.")
    except BaseException as error:  # SystemExit too
        trouble = watched.failure(error)
        return Verdict("✗", f"{trouble}. {exercise.error_hint}" if exercise.error_hint else trouble)
    if printed and verdict.sign == "✗":
        verdict = Verdict("✗", f"{verdict.message} (What your code prints is not shown here.)")
    return verdict


def find(exercise_id):
    """Return the `Exercise` with this id, or raise a ValueError that names the nearest id."""
    if not isinstance(exercise_id, str):
        raise TypeError(f"exercise_id must be a string such as '3.1.1-a', got {show(exercise_id)}")
    return _library.find(exercise_id)


def all_exercises():
    """Return every exercise of the course, chapter by chapter; what cannot be loaded is left out (see `faults`)."""
    return _library.everything()[0]


def faults():
    """Return one line for each module of exercises, or folder of them, that cannot be used."""
    return _library.everything()[1]


def solved():
    """Return the ids of the exercises solved on this computer, from a local file that is never sent anywhere.

    Raises
    ------
    ValueError
        If the file is not a list of exercise ids; the message names it.
    OSError
        If the file cannot be read, or there is no home folder to look into.
    """
    return _progress.solved()


# --- judging ---------------------------------------------------------------------------------------------------


def _not_attempted(answer):
    """The stub of an exercise is `name = ...`, or a function that does nothing but return None."""
    if answer is ... or answer is None:
        return True
    if isinstance(answer, list | tuple):
        return any(item is ... for item in answer)
    if not isinstance(answer, types.FunctionType):
        return False
    steps = [step for step in dis.get_instructions(answer.__code__) if step.opname != "RESUME"]
    return len(steps) <= 2 and steps[0].opname in ("LOAD_CONST", "RETURN_CONST") and steps[0].argval in (None, ...)


def _judge(exercise, watched):
    if exercise.requirement is not None:
        found = exercise.requirement(watched.for_requirement())
        if isinstance(found, Right):
            return Verdict("✓", f"correct: {found.note}")
        return Verdict("✗", found) if found else Verdict("✓", "correct")
    if callable(exercise.expected):
        return _judge_function(exercise, watched)
    return _judge_value(exercise, watched.answer)


def _judge_value(exercise, answer):
    if callable(answer):
        name = getattr(answer, "__name__", "")
        what = f"the function {name}" if name.isidentifier() else "a function"
        return Verdict("✗", f"a value is asked for, not {what}: did you forget to call it?")
    if same(answer, exercise.expected, exercise.tolerance):
        return Verdict("✓", "correct")
    for misconception in exercise.misconceptions:
        if any(same(answer, wrong, exercise.tolerance) for wrong in (misconception.answer, *misconception.also)):
            return Verdict("✗", f"not {show(answer)}. {misconception.hint}")
    form = wrong_form(answer, exercise.expected)
    return Verdict("✗", f"not {show(answer)}{f': {form}' if form else ''}. {exercise.hint}")


def _judge_function(exercise, watched):
    if not callable(watched.answer):
        return Verdict("✗", f"a function is asked for, not {show(watched.answer)}")
    outputs, first_wrong = [], None
    for case in exercise.cases:
        output = watched(*copy.deepcopy(case))  # a copy: the reader's code may change its arguments
        output = flags_as_numbers(output) if exercise.flags else output
        outputs.append(output)
        right = exercise.expected(*copy.deepcopy(case))
        if first_wrong is None and not same(output, right, exercise.tolerance):
            what = wrong_form(output, right) or wrong_value(output, right, exercise.tolerance)
            first_wrong = f"{_call(watched.answer, case)} gave {show(output)}: {what or 'that is not right'}."
    if first_wrong is None:
        return Verdict("✓", "correct")
    if all(output is None for output in outputs):
        case = exercise.cases[0]
        return Verdict("✗", f"{_call(watched.answer, case)} gave nothing. Does your function end with `return`?")
    for misconception in exercise.misconceptions:
        if any(_outputs_of(wrong, exercise, outputs) for wrong in (misconception.answer, *misconception.also)):
            return Verdict("✗", f"{first_wrong} {misconception.hint}")
    return Verdict("✗", f"{first_wrong} {exercise.hint}")


def _outputs_of(wrong_function, exercise, outputs):
    """Does this wrong function explain every output of the reader's function?"""
    for case, output in zip(exercise.cases, outputs, strict=True):
        try:
            wrong = wrong_function(*copy.deepcopy(case))
        except Exception:
            return False
        if not same(output, wrong, exercise.tolerance):
            return False
    return True


class _Watched:
    """A reader's answer; while it is being called, `call` says with what."""

    def __init__(self, answer):
        self.answer, self.call = answer, ""

    def __call__(self, *arguments, **named):
        self.call = _call(self.answer, arguments, named)
        output = self.answer(*arguments, **named)
        self.call = ""
        return output

    def for_requirement(self):
        """Return the answer; a plain function is watched."""
        if not isinstance(self.answer, types.FunctionType):
            return self.answer
        return functools.wraps(self.answer)(lambda *arguments, **named: self(*arguments, **named))

    def failure(self, error):
        """Say on one line what went wrong."""
        if not self.call:
            return f"your answer could not be checked: {_error_text(error)}"
        if isinstance(error, RecursionError):
            return f"{self.call} called itself without end (RecursionError)"
        if isinstance(error, TypeError) and "ellipsis" in str(error):
            return f"{self.call} met a `...` that is still to be replaced"
        text = f"{self.call} raised {_error_text(error)}"
        shadowed = _shadowed_names(self.answer)
        if shadowed and "not callable" in str(error):
            text += f". You gave the name `{shadowed[0]}` a value of your own: `del {shadowed[0]}` takes it back"
        if "truth value of an array" in text:
            text += ". Join comparisons of arrays with `&`, not `and`, each in its own brackets: `(a > 1) & (b < 2)`"
        return text


def _call(function, arguments, named=None):
    shown = [*map(show, arguments), *(f"{name}={show(value)}" for name, value in (named or {}).items())]
    return f"{name_of(function)}({', '.join(shown)})"


def _error_text(error):
    try:
        text = shorten(str(error), 200)
    except Exception:
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _shadowed_names(function):
    """Return names of Python, such as `sum`, that a function uses and that the notebook gave another meaning."""
    if not isinstance(function, types.FunctionType):
        return []
    names = [name for name in function.__code__.co_names if hasattr(builtins, name)]
    return [name for name in names if name in function.__globals__]


def _say(text):
    try:
        print(text)
    except UnicodeEncodeError:  # a console that knows no ✓
        encoding = sys.stdout.encoding or "ascii"
        for sign, word in (("✓", "right:"), ("✗", "wrong:"), ("○", "open:"), ("…", "...")):
            text = text.replace(sign, word)
        print(text.encode(encoding, "replace").decode(encoding))
