"""The engine behind `exercises.check`, on exercises made for the test."""

import numpy as np
import pytest

from course_utils import exercises
from course_utils.exercises import Exercise, Misconception


def output_size(size, kernel):
    return size - kernel + 1


def forgot_the_one(size, kernel):
    return size - kernel


OWN = [
    Exercise("9.9-a", expected=0.75, misconceptions=(Misconception(0.25, "That is the false positive rate."),)),
    Exercise(
        "9.9-b",
        expected=output_size,
        cases=((5, 3), (7, 1)),
        misconceptions=(Misconception(forgot_the_one, "The first position counts as well."),),
        hint="Slide the kernel on paper.",
    ),
    Exercise("9.9-c", requirement=lambda x: "" if x > 10 else "It must be above 10."),
    Exercise("9.9-d", expected=np.array([1.0, 2.0])),
    Exercise("9.9-e", expected=lambda a: sorted(a), cases=(([3, 1, 2],),)),
    Exercise("9.9-f", expected="Malignant"),
    Exercise("9.9-g", expected=[("A", "-"), ("C", "C")]),
    Exercise("9.9-h", expected=True),
]


@pytest.fixture(autouse=True)
def own_exercises(monkeypatch):
    monkeypatch.setattr(exercises, "all_exercises", lambda: OWN)


def stub(size, kernel): ...


def stub_with_docstring(size, kernel):
    """Size of the output."""
    ...


@pytest.mark.parametrize("answer", [..., None, stub, stub_with_docstring])
@pytest.mark.parametrize("exercise_id", ["9.9-a", "9.9-b", "9.9-c"])
def test_a_stub_is_not_attempted(exercise_id, answer):
    assert str(exercises.judge(exercise_id, answer)) == "○ not attempted yet"


@pytest.mark.parametrize("answer", [0.75, 3 / 4, np.float32(0.75), np.array(0.75), 0.75 + 1e-9])
def test_the_right_value_is_accepted(answer):
    assert exercises.judge("9.9-a", answer).sign == "✓"


@pytest.mark.parametrize("answer", [0.76, "0.75", [0.75], np.array([0.75]), {}, float("nan"), True])
def test_a_wrong_value_gets_the_general_hint(answer):
    verdict = exercises.judge("9.9-a", answer)
    assert verdict.sign == "✗" and "hint under the exercise" in verdict.message


def test_a_known_misconception_gets_its_own_hint():
    assert str(exercises.judge("9.9-a", np.float64(0.25))) == "✗ not 0.25. That is the false positive rate."


def test_a_function_instead_of_a_value_is_recognised():
    assert "forget to call" in exercises.judge("9.9-a", output_size).message


def test_a_right_function_is_accepted():
    assert exercises.judge("9.9-b", lambda size, kernel: 1 + size - kernel).sign == "✓"


def test_a_wrong_function_is_shown_the_first_counter_example_and_its_misconception():
    message = exercises.judge("9.9-b", forgot_the_one).message
    assert message == "forgot_the_one(5, 3) gave 2, expected 3. The first position counts as well."


def test_a_function_wrong_in_an_unknown_way_gets_the_general_hint():
    message = exercises.judge("9.9-b", lambda size, kernel: 3).message
    assert "(7, 1) gave 3, expected 7. Slide the kernel on paper." in message


def test_a_missing_return_is_recognised():
    def no_return(size, kernel):
        result = size - kernel + 1  # noqa: F841

    assert "return" in exercises.judge("9.9-b", no_return).message


def test_an_exception_in_the_readers_code_is_shown_with_the_failing_input():
    def divides(size, kernel):
        return size / (kernel - 1)

    assert exercises.judge("9.9-b", divides).message == "divides(7, 1) raised ZeroDivisionError: division by zero"


def test_wrong_number_of_arguments_is_no_traceback():
    assert "TypeError" in exercises.judge("9.9-b", lambda size: size).message


def test_a_value_instead_of_a_function_is_recognised():
    assert "a function is asked for, not 3" in exercises.judge("9.9-b", 3).message


def test_requirements_accept_many_answers_and_say_what_is_missing():
    assert exercises.judge("9.9-c", 11).sign == exercises.judge("9.9-c", 12).sign == "✓"
    assert exercises.judge("9.9-c", 9).message == "It must be above 10."
    assert exercises.judge("9.9-c", "many").sign == "✗"


def test_arrays_must_have_the_right_shape():
    assert exercises.judge("9.9-d", [1, 2]).sign == "✓"
    assert exercises.judge("9.9-d", [[1, 2]]).sign == "✗"
    assert exercises.judge("9.9-d", [1, 2, 3]).sign == "✗"
    assert exercises.judge("9.9-d", [[1], [1, 2]]).sign == "✗"


def test_the_readers_code_may_change_its_arguments():
    def sorts_in_place(a):
        a.sort()
        return a

    assert exercises.judge("9.9-e", sorts_in_place).sign == "✓"
    assert exercises.judge("9.9-e", sorts_in_place).sign == "✓"  # the case itself is unharmed
    assert exercises.judge("9.9-e", lambda a: a).sign == "✗"


def test_text_is_compared_without_case_and_outer_spaces():
    assert exercises.judge("9.9-f", " malignant").sign == "✓"
    assert exercises.judge("9.9-f", "benign").sign == "✗"


def test_nested_lists():
    assert exercises.judge("9.9-g", [["A", "-"], ["C", "C"]]).sign == "✓"
    assert exercises.judge("9.9-g", [("A", "-")]).sign == "✗"


def test_truth_values_are_not_numbers():
    assert exercises.judge("9.9-h", np.True_).sign == "✓"
    assert exercises.judge("9.9-h", 1).sign == "✗"


def test_unknown_exercise_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="'9.9-z' does not exist; the nearest is '9.9-"):
        exercises.check("9.9-z", 1)
    with pytest.raises(TypeError, match="exercise_id must be a string"):
        exercises.check(9.9, 1)


def test_check_prints_the_verdict_and_remembers_what_is_solved(capsys):
    exercises.check("9.9-a", ...)
    exercises.check("9.9-a", 1)
    assert exercises.solved() == []
    exercises.check("9.9-b", output_size)
    exercises.check("9.9-a", 0.75)
    exercises.check("9.9-a", 0.75)
    assert exercises.solved() == ["9.9-a", "9.9-b"]
    assert capsys.readouterr().out.splitlines()[2:] == ["✓ correct"] * 3


def test_a_damaged_progress_file_is_named_and_kept(tmp_path, monkeypatch, capsys):
    file = tmp_path / "damaged.json"
    file.write_text("{half", encoding="utf-8")
    monkeypatch.setenv("COURSE_PROGRESS", str(file))
    with pytest.raises(ValueError, match="damaged.json"):
        exercises.solved()
    exercises.check("9.9-a", 0.75)
    assert "✓ correct\n  (not remembered: " in capsys.readouterr().out
    assert file.read_text(encoding="utf-8") == "{half"
