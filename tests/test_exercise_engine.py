"""The engine behind `exercises.check`, on exercises made for the test."""

import builtins
import collections
import io
import json
import os
import sys
import threading
import time
from decimal import Decimal
from fractions import Fraction

import nbformat
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils import exercises, notebooks
from course_utils.exercises import Exercise, Misconception, Right, _running


def output_size(size, kernel):
    return size - kernel + 1


def forgot_the_one(size, kernel):
    return size - kernel


def above_ten(answer):
    return "" if answer > 10 else "It must be above 10."


def says_how_far(answer):
    return Right(f"{answer - 10} above ten.") if answer > 10 else "It must be above 10."


def doubles(answer):
    return "" if answer(3) == 6 else "Three becomes six."


OWN = [
    Exercise("9.9-a", expected=0.75, misconceptions=(Misconception(0.25, "That is the false positive rate."),)),
    Exercise(
        "9.9-b",
        expected=output_size,
        cases=((5, 3), (7, 1)),
        misconceptions=(Misconception(forgot_the_one, "The first position counts as well."),),
        hint="Slide the kernel on paper.",
        seconds=0.3,
    ),
    Exercise("9.9-c", requirement=above_ten),
    Exercise("9.9-d", expected=np.array([1.0, 2.0])),
    Exercise("9.9-e", expected=lambda a: sorted(a), cases=(([3, 1, 2],),)),
    Exercise("9.9-f", expected="Malignant"),
    Exercise("9.9-g", expected=[("A", "-"), ("C", "C")]),
    Exercise("9.9-h", expected=True),
    Exercise("9.9-i", expected=6),
    Exercise("9.9-j", requirement=doubles, seconds=0.3),
    Exercise("9.9-k", expected=[True, False]),
    Exercise("9.9-l", expected=lambda x: {"mean": x, "parts": {x, 2 * x}}, cases=((3,),)),
    Exercise("9.9-m", expected=[[1, 2, 3], [4, 5, 6]]),
    Exercise("9.9-n", expected=57_802_752),
    Exercise("9.9-o", expected=lambda n: "A" * n, cases=((4,),)),
    Exercise("9.9-p", expected=lambda n: 12 / n, cases=((4,),), error_hint="Divide by the size."),
    Exercise("9.9-q", expected=lambda n: [[n, 0], [0, n]], cases=((4,),)),
    Exercise("9.9-r", requirement=says_how_far),
    Exercise("9.9-s", expected=0.154, misconceptions=(Misconception(15.4, "In per cent.", also=(15.38, "15.4%")),)),
    Exercise(
        "9.9-t",
        expected=output_size,
        cases=((5, 3), (7, 2)),
        misconceptions=(Misconception(forgot_the_one, "Too few.", also=(lambda size, kernel: size + kernel,)),),
    ),
]


@pytest.fixture
def own_exercises(monkeypatch):
    monkeypatch.setattr(exercises, "find", lambda exercise_id: {exercise.id: exercise for exercise in OWN}[exercise_id])


pytestmark = pytest.mark.usefixtures("own_exercises")


def signs(exercise_id, *answers):
    return "".join(exercises.judge(exercise_id, answer).sign for answer in answers)


def message(exercise_id, answer):
    return exercises.judge(exercise_id, answer).message


# --- stubs -----------------------------------------------------------------------------------------------------


def stub(size, kernel): ...


def stub_with_docstring(size, kernel):
    """Size of the output."""
    ...


def stub_that_passes(size, kernel):
    pass


def stub_that_returns_dots(size, kernel):
    return ...


STUBS = [..., None, [..., 3], (..., ...), stub, stub_with_docstring, stub_that_passes, stub_that_returns_dots]


@pytest.mark.parametrize("answer", STUBS)
@pytest.mark.parametrize("exercise_id", ["9.9-a", "9.9-b", "9.9-c"])
def test_a_stub_is_not_attempted(exercise_id, answer):
    assert str(exercises.judge(exercise_id, answer)) == "○ not attempted yet"


def test_dots_left_in_a_formula_are_named():
    assert message("9.9-b", lambda size, kernel: size - ...) == (
        "your function(5, 3) met a `...` that is still to be replaced"
    )


# --- values ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [0.75, 3 / 4, np.float32(0.75), np.array(0.75), 0.75 + 1e-9, Fraction(3, 4)])
def test_the_right_value_is_accepted(answer):
    assert exercises.judge("9.9-a", answer).sign == "✓"


@pytest.mark.parametrize("answer", [0.76, "0.75", [0.75], np.array([0.75]), {}, float("nan"), True])
def test_a_wrong_value_gets_the_general_hint(answer):
    verdict = exercises.judge("9.9-a", answer)
    assert verdict.sign == "✗" and "hint under the exercise" in verdict.message


def test_a_whole_number_is_right_in_every_type_and_exact():
    import keras
    import tensorflow as tf

    sixes = [6, 6.0, np.int8(6), np.float16(6), np.array(6), np.array(6.0), Fraction(12, 2), Decimal(6)]
    sixes += [tf.constant(6), tf.constant(6.0), tf.Variable(6), keras.Variable(6.0)]
    assert signs("9.9-i", *sixes, pd.Series([6])[0]) == "✓" * 13
    assert signs("9.9-i", 6.01, 5, "6", True, np.array([6]), 10**400, -(10**400), 6j) == "✗" * 8
    assert message("9.9-i", -(10**400)).startswith("not a whole number of more than 60 digits: it is far too large")
    assert signs("9.9-n", 57_802_752.0, 57_802_753, 57_802_751) == "✓✗✗"


@given(st.floats(-1e6, 1e6), st.sampled_from([float, np.float64, np.array, Fraction, Decimal, pd.to_numeric]))
def test_every_number_is_itself_in_every_type(number, kind):
    assert exercises._answers.same(kind(number), number, 1e-6)
    assert not exercises._answers.same(kind(number + 1), number, 1e-9)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=5))
def test_every_list_is_itself_in_every_type(values):
    kinds = [tuple, np.array, pd.Series, collections.deque, lambda v: np.array(v, object), lambda v: list(map(str, v))]
    same = [exercises._answers.same(kind(values), values, 1e-6) for kind in kinds]
    assert same == [True] * 5 + [False]


def test_arrays_must_have_the_right_shape():
    import tensorflow as tf

    assert signs("9.9-d", [1, 2], (1, 2), range(1, 3), pd.Series([1, 2], index=[5, 3])) == "✓✓✓✓"
    assert signs("9.9-d", tf.constant([1, 2]), tf.constant([1, 2], tf.bfloat16), {0: 1, 1: 2}.values()) == "✓✓✓"
    assert "its shape is (1, 2), not (2,)" in message("9.9-d", [[1, 2]])
    assert "its shape is (2, 1), not (2,)" in message("9.9-d", np.array([[1], [2]]))
    assert "it has 1 value, not 2" in message("9.9-d", [1])
    assert "it has 3 values, not 2" in message("9.9-d", [1, 2, 3])
    assert "its shape is (2,), not (2, 3)" in message("9.9-m", [1, 2])
    assert signs("9.9-d", [[1], [1, 2]]) == "✗"
    assert "entry [1]: a number is asked for, not True or False" in message("9.9-d", [1, True])


def test_truth_values_are_not_numbers():
    assert signs("9.9-h", np.True_, np.array(True), True) == "✓✓✓"
    assert signs("9.9-h", 1, "True", [True]) == "✗✗✗"
    assert signs("9.9-k", np.array([True, False]), (np.True_, False), pd.Series([True, False])) == "✓✓✓"
    assert signs("9.9-k", np.array([1, 0]), [True, True]) == "✗✗"


def test_text_is_compared_without_case_and_outer_spaces():
    assert signs("9.9-f", " malignant", np.str_("Malignant"), "benign", ["Malignant"]) == "✓✓✗✗"
    assert signs("9.9-g", [["A", "-"], ["C", "C"]], np.array([["A", "-"], ["C", "C"]]), [("A", "-")]) == "✓✓✗"


class AlwaysEqual:
    def __eq__(self, other):
        return True

    def __repr__(self):
        raise RuntimeError("no text")


class RaisesWhenCompared(list):
    def __eq__(self, other):
        raise RuntimeError("compared")


def test_odd_objects_are_refused_with_a_sentence():
    import keras
    import tensorflow as tf

    itself = []
    itself.append(itself)
    odd = [AlwaysEqual(), [AlwaysEqual()] * 2, itself, pd.NA, pd.Series([1, pd.NA]), object(), iter([1, 2]), b"12"]
    odd += [
        tf.ragged.constant([[1], [2, 3]]),
        keras.Input((2,)),
        np.ma.masked_array([1, 2], [0, 1]),
        {1: AlwaysEqual()},
    ]
    odd += [np.zeros((3000, 3000)), [0] * 10**6, "x" * 10**6, np.array([1, None]), tf.constant(["a", "b"]), pd.NaT]
    for exercise_id in ("9.9-a", "9.9-d", "9.9-f", "9.9-h", "9.9-m"):
        for answer in odd:
            verdict = exercises.judge(exercise_id, answer)
            assert verdict.sign == "✗" and len(verdict.message) < 300, verdict
            assert " at 0x" not in verdict.message and "could not be checked" not in verdict.message, verdict
    assert message("9.9-d", np.zeros((500, 500))).startswith("not an array of shape (500, 500): it is far too large")
    assert message("9.9-d", [0] * 300_000).startswith("not a list of 300,000 entries: it is far too long")
    assert exercises.judge("9.9-d", RaisesWhenCompared([1, 2])).sign == "✓"
    assert "`list(...)` around it" in message("9.9-d", (x for x in (1, 2)))


def test_a_known_misconception_gets_its_own_hint():
    assert str(exercises.judge("9.9-a", np.float64(0.25))) == "✗ not 0.25. That is the false positive rate."


def test_messages_show_values_as_a_reader_writes_them():
    assert message("9.9-a", np.int64(6)).startswith("not 6. ")
    assert message("9.9-d", [np.int64(6), np.float64(0.1) * 3]).startswith("not [6, 0.3]. ")
    assert message("9.9-d", (np.float32(0.5),)).startswith("not [0.5]: it has 1 value, not 2. ")
    assert message("9.9-a", {"n": np.int64(6)}).startswith("not {'n': 6}: ")
    assert message("9.9-d", np.arange(50)).startswith("not [0, 1, 2, …] (50 entries): ")
    assert message("9.9-d", np.zeros((50, 50))).startswith("not an array of shape (50, 50): ")


def test_a_function_instead_of_a_value_is_recognised():
    assert message("9.9-a", output_size) == (
        "a value is asked for, not the function output_size: did you forget to call it?"
    )
    assert message("9.9-a", lambda: 0.75) == "a value is asked for, not a function: did you forget to call it?"


def test_one_misconception_may_have_several_answers():
    assert [message("9.9-s", answer) for answer in (15.4, 15.38, "15.4%")] == [
        "not 15.4. In per cent.",
        "not 15.38. In per cent.",
        "not '15.4%'. In per cent.",
    ]
    assert "hint under" in message("9.9-s", 15.2)
    for wrong in (forgot_the_one, lambda size, kernel: size + kernel):
        assert message("9.9-t", wrong).endswith("Too few.")


# --- functions -------------------------------------------------------------------------------------------------


def test_a_right_function_is_accepted():
    assert exercises.judge("9.9-b", lambda size, kernel: 1 + size - kernel).sign == "✓"


def test_a_wrong_function_is_shown_the_first_counter_example_and_its_misconception():
    assert message("9.9-b", forgot_the_one) == (
        "forgot_the_one(5, 3) gave 2: too small. The first position counts as well."
    )


def test_a_function_wrong_in_an_unknown_way_gets_the_general_hint():
    assert message("9.9-b", lambda size, kernel: 3) == (
        "your function(7, 1) gave 3: too small. Slide the kernel on paper."
    )


@pytest.mark.parametrize(
    "exercise_id, output, what",
    [
        ("9.9-b", 17, "17: too large."),
        ("9.9-b", "3", "'3': a number is asked for, not a string."),
        ("9.9-b", [3], "[3]: a number is asked for, not a list of one: take out what is in it."),
        ("9.9-b", float("nan"), "nan: NaN comes out"),
        ("9.9-e", [1, 3, 2], "[1, 3, 2]: entry [1] is too large."),
        ("9.9-e", [1, 2], "[1, 2]: it has 2 values, not 3."),
        ("9.9-l", {"mean": 3}, "{'mean': 3}: there is no entry 'parts'."),
        ("9.9-l", {"mean": 3, "parts": {3}}, "{'mean': 3, 'parts': {3}}: the entry 'parts': something is missing."),
        ("9.9-l", {"mean": 4, "parts": {3, 6}}, "{'mean': 4, 'parts': {3, 6}}: the entry 'mean' is too large."),
        ("9.9-o", "AABA", "'AABA': character [2] is wrong."),
        ("9.9-o", "AAA", "'AAA': it has 3 characters, not 4."),
        ("9.9-q", [[4, 0], [0, 3]], "[[4, 0], [0, 3]]: entry [1][1] is too small."),
        ("9.9-o", AlwaysEqual(), "a value of type AlwaysEqual: a string is asked for."),
    ],
)
def test_what_is_wrong_is_said_without_what_is_right(exercise_id, output, what):
    assert f" gave {what}" in message(exercise_id, lambda *arguments: output)


def test_after_an_exception_its_own_hint_is_said():
    def divides(size):
        return size / 0

    assert message("9.9-p", divides).endswith("raised ZeroDivisionError: division by zero. Divide by the size.")


def test_a_place_in_a_list_of_lists_is_named_in_one():
    wrong = exercises._answers.wrong_value([[1, 2], [3, 5]], np.array([[1, 2], [3, 4]]), 1e-6)
    assert wrong == "entry [1][1] is too large"


def test_a_missing_return_is_recognised():
    def no_return(size, kernel):
        result = size - kernel + 1  # noqa: F841

    assert message("9.9-b", no_return) == "no_return(5, 3) gave nothing. Does your function end with `return`?"


def test_an_exception_in_the_readers_code_is_shown_with_the_failing_input():
    def divides(size, kernel):
        return size / (kernel - 1)

    assert message("9.9-b", divides) == "divides(7, 1) raised ZeroDivisionError: division by zero"
    assert message("9.9-j", lambda x: x / 0) == "your function(3) raised ZeroDivisionError: division by zero"


def test_an_exception_without_a_text_of_its_own_is_no_traceback():
    class Mute(Exception):
        def __str__(self):
            raise RuntimeError

    def raises(*arguments):
        raise Mute

    assert message("9.9-b", raises) == "raises(5, 3) raised Mute"


def test_wrong_number_of_arguments_is_no_traceback():
    assert "TypeError" in message("9.9-b", lambda size: size)


def test_a_value_instead_of_a_function_is_recognised():
    assert "a function is asked for, not 3" in message("9.9-b", np.int64(3))


def test_requirements_accept_many_answers_and_say_what_is_missing():
    assert signs("9.9-c", 11, 12) == "✓✓"
    assert message("9.9-c", 9) == "It must be above 10."
    assert exercises.judge("9.9-c", "many").sign == "✗"
    assert signs("9.9-j", lambda x: 2 * x, lambda x: x) == "✓✗"


def test_a_requirement_may_say_something_of_a_right_answer(capsys):
    assert signs("9.9-r", 12, 9) == "✓✗"
    exercises.check("9.9-r", 12)
    assert capsys.readouterr().out == "✓ correct: 2 above ten.\n" and exercises.solved() == ["9.9-r"]


def test_the_readers_code_may_change_its_arguments():
    def sorts_in_place(a):
        a.sort()
        return a

    assert exercises.judge("9.9-e", sorts_in_place).sign == "✓"
    assert exercises.judge("9.9-e", sorts_in_place).sign == "✓"  # the case itself is unharmed
    assert exercises.judge("9.9-e", lambda a: a).sign == "✗"


# --- what the reader's code may do -------------------------------------------------------------------------------


def loops(size, kernel):
    while True:
        pass


def loops_and_catches_everything(size, kernel):
    while True:
        try:
            size = len(str(size)) + abs(kernel)
        except:  # noqa: E722
            pass


def waits(size, kernel):
    while True:
        time.sleep(0.01)


@pytest.mark.parametrize("function", [loops, loops_and_catches_everything, waits])
def test_an_endless_loop_is_stopped(function):
    start = time.perf_counter()
    assert message("9.9-b", function) == (
        f"{function.__name__}(5, 3) was stopped after 0.3 seconds: does a loop in it never end?"
    )
    assert time.perf_counter() - start < 5


def test_an_endless_loop_behind_a_requirement_is_stopped():
    def endless(x):
        while True:
            pass

    assert message("9.9-j", endless).startswith("endless(3) was stopped after 0.3 seconds")


def test_an_endless_loop_is_stopped_in_any_thread_and_without_signals(monkeypatch):
    monkeypatch.delattr("signal.setitimer", raising=False)
    monkeypatch.delattr("signal.SIGALRM", raising=False)
    found = []
    thread = threading.Thread(target=lambda: found.append(message("9.9-b", loops)))
    thread.start()
    thread.join(10)
    assert found and "was stopped" in found[0]


def test_an_endless_generator_is_refused_and_not_run():
    def counts(size, kernel):
        while True:
            yield size

    assert "gave a generator: `list(...)` around it gives its values." in message("9.9-b", counts)


def test_nothing_is_left_behind_when_the_time_is_over():
    before = builtins.input, sys.stdout, threading.active_count()
    for _ in range(20):
        with pytest.raises(_running.OutOfTime):
            _running.run(lambda: loops(1, 2), 0.001)
        assert _running.run(lambda: 3, 1) == (3, "")
    time.sleep(0.1)  # an exception on its way would arrive here
    assert (builtins.input, sys.stdout, threading.active_count()) == before


def test_work_that_ends_as_its_time_ends_gives_a_result_or_is_out_of_time():
    for step in range(60):
        seconds = 0.001 * (step % 4)
        try:
            result, _ = _running.run(lambda seconds=seconds: time.sleep(seconds) or "done", 0.002)
        except _running.OutOfTime:
            result = "done"
        assert result == "done"


def test_input_is_refused():
    def asks(size, kernel):
        while True:
            try:
                return int(input("Size? "))
            except Exception:
                pass

    assert message("9.9-b", asks) == "asks(5, 3) asks for `input()`. Take everything from the arguments instead."


def test_printing_does_not_disturb_the_verdict(capsys):
    def prints(size, kernel):
        print("size", size)
        print("to stderr", file=sys.stderr)
        return size - kernel + 1

    exercises.check("9.9-b", prints)
    assert capsys.readouterr() == ("✓ correct\n", "")
    exercises.check("9.9-b", lambda size, kernel: print(size - kernel + 1))
    out = capsys.readouterr().out
    assert "Does your function end with `return`?" in out and "prints is not shown here" in " ".join(out.split())


def test_endless_recursion_is_named():
    def again(size, kernel):
        return again(size, kernel)

    assert message("9.9-b", again) == "again(5, 3) called itself without end (RecursionError)"


@pytest.mark.parametrize("leave", [SystemExit, GeneratorExit, BaseException])
def test_the_readers_code_cannot_end_python(leave):
    def leaves(size, kernel):
        raise leave("over")

    assert message("9.9-b", leaves) == f"leaves(5, 3) raised {leave.__name__}: over"


def test_ctrl_c_still_stops():
    def interrupted(size, kernel):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        exercises.check("9.9-b", interrupted)
    assert builtins.input.__name__ != "refuse" and exercises.judge("9.9-b", output_size).sign == "✓"


def test_names_the_reader_has_overwritten_do_not_matter():
    notebook = {"sum": 3, "len": 4, "np": None, "sorted": "x", "isinstance": None, "print": None}
    exec("def right(size, kernel): return size - kernel + 1\ndef wrong(size, kernel): return sum([size])", notebook)
    assert exercises.judge("9.9-b", notebook["right"]).sign == "✓"
    assert message("9.9-b", notebook["wrong"]) == (
        "wrong(5, 3) raised TypeError: 'int' object is not callable. "
        "You gave the name `sum` a value of your own: `del sum` takes it back"
    )


def test_comparisons_of_arrays_without_brackets_are_explained():
    both = np.array([0, 1])

    def without_brackets(size, kernel):
        return np.sum(both == 1 & both == 1)

    def joined_by_and(size, kernel):
        return np.sum((both == 1) and (both == 1))

    for slip in (without_brackets, joined_by_and):
        told = message("9.9-b", slip)
        assert "ValueError" in told and told.endswith("each in its own brackets: `(a > 1) & (b < 2)`")


def test_warnings_are_no_errors(monkeypatch, recwarn):
    def warns(size, kernel):
        return size - kernel + 1 + 0 * np.nan_to_num(np.log(np.array(-1.0)))

    import warnings

    warnings.simplefilter("error")
    assert exercises.judge("9.9-b", warns).sign == "✓"


# --- what is printed -------------------------------------------------------------------------------------------


def test_unknown_exercise_is_answered_with_the_nearest(monkeypatch):
    monkeypatch.undo()
    with pytest.raises(ValueError, match="'9.9-z' does not exist; the nearest is '"):
        exercises.check("9.9-z", 1)
    with pytest.raises(TypeError, match="exercise_id must be a string"):
        exercises.check(9.9, 1)


def test_long_verdicts_are_wrapped_between_words(capsys):
    exercises.check("9.9-b", lambda size, kernel: [[size, kernel]] * 40)
    exercises.check("9.9-f", "wordbyword " * 5)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= 4 and all(len(line) <= 88 for line in lines)
    assert all(line.startswith(("✗ ", "  ")) for line in lines)


@pytest.mark.parametrize("encoding, sign", [("ascii", "right:"), ("cp1252", "right:"), ("utf-8", "✓")])
def test_a_console_without_our_signs_gets_words(monkeypatch, encoding, sign):
    console = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", console)
    exercises.check("9.9-a", 0.75)
    exercises.check("9.9-f", "Ж" * 100)
    console.flush()
    text = console.buffer.getvalue().decode(encoding)
    assert text.startswith(f"{sign} correct") and "hint under" in text


# --- progress --------------------------------------------------------------------------------------------------


def test_check_prints_the_verdict_and_remembers_what_is_solved(capsys):
    exercises.check("9.9-a", ...)
    exercises.check("9.9-a", 1)
    assert exercises.solved() == []
    exercises.check("9.9-b", output_size)
    exercises.check("9.9-a", 0.75)
    exercises.check("9.9-a", 0.75)
    assert exercises.solved() == ["9.9-a", "9.9-b"]
    assert capsys.readouterr().out.splitlines()[-3:] == ["✓ correct"] * 3


@pytest.mark.parametrize("content", [b"{half", b"\xff\xfe", b"3", b'{"9.9-a": 1}', b"[1]", b"[" * 100_000, b""])
def test_a_damaged_progress_file_is_named_and_kept(tmp_path, monkeypatch, capsys, content):
    file = tmp_path / "damaged.json"
    file.write_bytes(content)
    monkeypatch.setenv("COURSE_PROGRESS", str(file))
    with pytest.raises(ValueError, match="damaged.json"):
        exercises.solved()
    exercises.check("9.9-a", 0.75)
    assert "✓ correct\n  (not remembered: " in capsys.readouterr().out
    assert file.read_bytes() == content and list(tmp_path.iterdir()) == [file]


def test_a_computer_without_a_home_is_one_line(tmp_path, monkeypatch, capsys):
    import platformdirs

    def no_home(*arguments, **named):
        raise RuntimeError("could not determine the home directory")

    monkeypatch.delenv("COURSE_PROGRESS")
    monkeypatch.setattr(platformdirs, "user_data_dir", no_home)
    monkeypatch.chdir(tmp_path)
    exercises.check("9.9-a", 0.75)
    out = capsys.readouterr().out
    assert out.startswith("✓ correct\n  (not remembered: no home folder was found") and out.count("\n") == 2
    with pytest.raises(OSError, match="COURSE_PROGRESS"):
        exercises.solved()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("where", ["a_file/progress.json", "a_folder"])
def test_a_place_that_cannot_be_written_is_one_line(tmp_path, monkeypatch, capsys, where):
    (tmp_path / "a_file").write_text("")
    (tmp_path / "a_folder").mkdir()
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / where))
    exercises.check("9.9-a", 0.75)
    out = capsys.readouterr().out
    assert out.startswith("✓ correct\n  (not remembered: ") and out.count("\n") == 2 and str(tmp_path) in out


@pytest.mark.parametrize("step", ["write_text", "replace"])
def test_a_read_only_folder_is_one_line_and_loses_nothing(tmp_path, monkeypatch, capsys, step):
    file = tmp_path / "progress.json"
    file.write_text('["00-a"]', encoding="utf-8")

    def refuse(self, *arguments, **named):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(f"pathlib.Path.{step}", refuse)
    exercises.check("9.9-a", 0.75)
    assert capsys.readouterr().out.endswith("cannot be written: Permission denied)\n")
    assert json.loads(file.read_text("utf-8")) == ["00-a"] and list(tmp_path.iterdir()) == [file]


def test_a_home_in_the_setting_is_followed(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("COURSE_PROGRESS", "~/mine.json")
    exercises.check("9.9-a", 0.75)
    assert (tmp_path / "mine.json").exists()


@pytest.mark.parametrize(
    "session, folder, counts",
    [
        ("my_course/03_1_1_convolutional_networks.ipynb", "my_course", True),
        ("my_course/solutions/03_1_1_convolutional_networks.ipynb", "elsewhere", False),
        ("C:\\my_course\\solutions\\00_start_here.ipynb", "elsewhere", False),
        ("solutions/my_course/00_start_here.ipynb", "my_course", True),
        ("", "solutions", False),
        ("", "my_solutions", True),
    ],
)
def test_running_a_solution_marks_nothing(tmp_path, monkeypatch, capsys, session, folder, counts):
    (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path / folder)
    monkeypatch.setenv("JPY_SESSION_NAME", session)
    exercises.check("9.9-a", 0.75)
    assert exercises.solved() == (["9.9-a"] if counts else [])
    assert capsys.readouterr().out == "✓ correct\n"


@pytest.mark.slow
def test_in_a_kernel(tmp_path, monkeypatch):
    """The whole in the main thread of a Jupyter kernel: an endless loop, `input()`, printing, and a solution."""
    (tmp_path / "solutions").mkdir()
    monkeypatch.setenv("COURSE_EXERCISES", str(tmp_path))
    (tmp_path / "ch_9_8.py").write_text(
        "from course_utils.exercises import Exercise\n"
        "EXERCISES = [Exercise('9.8-a', expected=lambda n: n + 1, cases=((1,),), seconds=1)]",
        encoding="utf-8",
    )
    cells = [
        "from course_utils import exercises\nsum = print = None",
        "def endless(n):\n    while True:\n        n += 1\n\nexercises.check('9.8-a', endless)",
        "def asks(n):\n    return input()\n\nexercises.check('9.8-a', asks)",
        "def leaves(n):\n    raise SystemExit\n\nexercises.check('9.8-a', leaves)",
        "def right(n):\n    display(n)\n    return n + 1\n\nexercises.check('9.8-a', right)",
        "import sys; sys.stdout.write(str(exercises.solved()))",
    ]
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, cells)))
    progress = {"COURSE_PROGRESS": str(tmp_path / "progress.json"), "JPY_SESSION_NAME": ""}
    outputs = {}
    for folder in (tmp_path / "solutions", tmp_path):
        run = notebooks.execute(notebook, folder, environment=progress)
        assert run.error == ""
        outputs[folder.name] = ["".join(o.get("text", "") for o in cell.outputs) for cell in run.notebook.cells]
    solution, own = outputs.values()
    assert solution[1].startswith("✗ endless(1) was stopped after 1 seconds")
    assert "asks for `input()`" in solution[2] and "raised SystemExit" in solution[3]
    assert solution[4].endswith("✓ correct\n") and own[4].endswith("✓ correct\n")
    assert solution[5] == "[]" and own[5] == "['9.8-a']"


# --- where exercises are found -----------------------------------------------------------------------------------

GOOD = "from course_utils.exercises import Exercise\nEXERCISES = [Exercise('{id}', expected=3)]\n"
BROKEN = {
    "syntax": ("x = (", "SyntaxError in line 1"),
    "tabs": ("if True:\n    x = 1\n\ty = 2", "in line 3"),
    "exit": ("import sys\nsys.exit(1)", "SystemExit"),
    "missing": ("import no_such_module", "ModuleNotFoundError"),
    "empty": ("", "AttributeError"),
    "number": ("EXERCISES = 3", "TypeError"),
    "bytes": (b"\xff\xfe", "cannot be loaded"),
    "words": ("EXERCISES = ['a']", "must hold Exercise objects, got str"),
}


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
    """An instructor's folder with one good module, chapter 8.1; `exercises.find` is the real one."""
    monkeypatch.undo()
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "ch_8_1.py").write_text(GOOD.format(id="8.1-a"), encoding="utf-8")
    monkeypatch.setenv("COURSE_EXERCISES", str(folder))
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.json"))
    return folder


def test_exercises_of_an_own_folder_are_found(own_folder):
    assert signs("8.1-a", 3, 4) == "✓✗"
    assert "8.1-a" in [exercise.id for exercise in exercises.all_exercises()] and exercises.faults() == []


@pytest.mark.parametrize("code, why", BROKEN.values(), ids=BROKEN)
def test_a_broken_module_is_one_line_and_harms_nothing_else(own_folder, code, why, capsys):
    content = code if isinstance(code, bytes) else code.encode()
    (own_folder / "ch_8_0.py").write_bytes(content)
    exercises.check("8.0-a", 3)
    text = " ".join(capsys.readouterr().out.split())
    assert text.startswith("✗ this exercise cannot be checked: ch_8_0.py in COURSE_EXERCISES") and why in text
    assert signs("8.1-a", 3) == "✓" and signs("00-c", 2 / 13) == "✓"
    ids = [exercise.id for exercise in exercises.all_exercises()]
    assert "8.1-a" in ids and "00-a" in ids
    (fault,) = exercises.faults()
    assert fault.startswith("ch_8_0.py in COURSE_EXERCISES") and why in fault and "\n" not in fault


def test_a_broken_module_of_the_course_harms_no_other_chapter(monkeypatch, own_folder):
    import course_utils.exercises as package

    monkeypatch.setattr(package, "__path__", [*package.__path__, str(own_folder)])
    (own_folder / "ch_8_2.py").write_text("1 / 0", encoding="utf-8")
    monkeypatch.delenv("COURSE_EXERCISES")
    assert message("8.2-a", 3) == (
        "this exercise cannot be checked: ch_8_2.py cannot be loaded: ZeroDivisionError: division by zero"
    )
    assert signs("00-c", 2 / 13) == "✓"
    assert exercises.faults() == ["ch_8_2.py cannot be loaded: ZeroDivisionError: division by zero"]


def test_only_the_chapter_asked_for_is_loaded(own_folder):
    code = (
        "import sys\nfrom course_utils import exercises\nexercises.judge('00-c', 2 / 13)\n"
        "print(*[name for name in sys.modules if '.ch_' in name or name.startswith('own_exercises')])"
    )
    import subprocess

    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=notebooks.ROOT)
    assert run.stdout.split() == ["course_utils.exercises.ch_00"]


def test_dataclasses_in_an_own_module(own_folder):
    (own_folder / "ch_8_3.py").write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Patient:\n    age: int = 3\n" + GOOD.format(id="8.3-a").replace("=3", "=Patient().age"),
        encoding="utf-8",
    )
    assert signs("8.3-a", 3) == "✓"


def test_an_id_that_is_there_twice_or_elsewhere_is_named_and_the_first_used(own_folder):
    (own_folder / "ch_8_4.py").write_text(
        GOOD.format(id="8.4-a") + "EXERCISES += [Exercise('8.4-a', expected=4), Exercise('8.5-a', expected=5)]\n",
        encoding="utf-8",
    )
    (own_folder / "ch_00.py").write_text(GOOD.format(id="00-a"), encoding="utf-8")
    assert signs("8.4-a", 3, 4) == "✓✗"
    faults = exercises.faults()
    assert len(faults) == 3
    assert faults[0] == "ch_00.py in COURSE_EXERCISES: exercise 00-a is one of the course already"
    assert "8.4-a is there twice" in faults[1] and "'8.5-a' does not belong to this file" in faults[2]
    assert [exercise.id for exercise in exercises.all_exercises()].count("00-a") == 1


@pytest.mark.parametrize(
    "setting, why",
    [
        ("exercises", "must be a full path, got 'exercises'"),
        ("{tmp}/no_such_folder", "names no folder"),
        ("{tmp}/own/ch_8_1.py", "names no folder"),
        ("~nobody_of_this_name/x", "COURSE_EXERCISES"),
        ("{tmp}/" + "x" * 300, "COURSE_EXERCISES"),
    ],
)
def test_a_bad_folder_is_one_line(own_folder, tmp_path, monkeypatch, setting, why):
    monkeypatch.setenv("COURSE_EXERCISES", setting.format(tmp=tmp_path))
    (fault,) = exercises.faults()
    assert why in fault and "COURSE_EXERCISES" in fault and "\n" not in fault
    assert message("8.1-a", 3) == f"this exercise cannot be checked: {fault}"
    assert signs("00-c", 2 / 13) == "✓"


def test_a_folder_that_cannot_be_read_is_one_line(own_folder, monkeypatch):
    def refuse(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr("pathlib.Path.iterdir", refuse)
    (fault,) = exercises.faults()
    assert fault.startswith("COURSE_EXERCISES cannot be read: ") and "Permission denied" in fault


def test_a_folder_under_the_home_is_followed(own_folder, monkeypatch):
    monkeypatch.setenv("HOME", str(own_folder.parent))
    monkeypatch.setenv("USERPROFILE", str(own_folder.parent))
    monkeypatch.setenv("COURSE_EXERCISES", os.path.join("~", "own"))
    assert signs("8.1-a", 3) == "✓"


@pytest.mark.parametrize("exercise_id", ["", "-", "3.1.1", "../x-a", "3.1.1-", "__init__-a", "3.1.1-a\n", "é-a"])
def test_odd_ids_do_not_exist(own_folder, exercise_id):
    with pytest.raises(ValueError, match="does not exist; the nearest is"):
        exercises.check(exercise_id, 1)


def test_progress_names_what_is_broken(own_folder, capsys):
    from course_utils import cli

    (own_folder / "ch_8_0.py").write_text("x = (", encoding="utf-8")
    assert cli.main(["progress"]) == 0
    out = capsys.readouterr().out
    assert "8.1-a" in out and "! ch_8_0.py in COURSE_EXERCISES cannot be loaded: SyntaxError" in out
