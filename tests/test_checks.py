"""The checks of arguments: one wording, one kind of error, and what is welcome."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from course_utils import _checks


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3)])
def test_integer_takes_every_whole_number(value):
    assert _checks.integer(value, "epochs", least=1) == 3
    assert type(_checks.integer(value, "epochs")) is int


@pytest.mark.parametrize("value", [True, np.True_, 3.0, "3", None, [3], np.array([3, 4])])
def test_integer_refuses_what_is_none(value):
    with pytest.raises(TypeError, match="epochs must be an integer, got"):
        _checks.integer(value, "epochs")


@pytest.mark.parametrize("value", [0.5, np.float32(0.5), 1, np.int8(1)])
def test_number_takes_every_real_number(value):
    assert type(_checks.number(value, "rate", above=0)) is float


@pytest.mark.parametrize("value", [True, np.False_, "a", None, 1j, pd.NA, [0.5]])
def test_number_refuses_what_is_none(value):
    with pytest.raises(TypeError, match="rate must be a number, got"):
        _checks.number(value, "rate")


@pytest.mark.parametrize("value", [10**400, -(10**5000), Fraction(10**400)], ids=["large", "low", "fraction"])
def test_number_refuses_what_no_float_holds(value):
    with pytest.raises(ValueError, match="rate must be a number that a float can hold"):
        _checks.number(value, "rate")


@pytest.mark.parametrize("value", [float("nan"), np.inf, np.float32("-inf")])
def test_number_refuses_what_is_not_finite(value):
    with pytest.raises(ValueError, match="rate must be finite, got"):
        _checks.number(value, "rate")


@pytest.mark.parametrize(
    ("limits", "value", "message"),
    [
        ({"least": 1}, 0, "must be at least 1, got 0"),
        ({"least": 1, "most": 8}, 9, "must be from 1 to 8, got 9"),
        ({"most": 8}, 9, "must be at most 8, got 9"),
    ],
)
def test_integer_names_its_limits(limits, value, message):
    with pytest.raises(ValueError, match=message):
        _checks.integer(value, "epochs", **limits)


@pytest.mark.parametrize(
    ("limits", "value", "message"),
    [
        ({"above": 0}, 0, r"must be above 0, got 0\.0"),
        ({"least": 0, "below": 1}, 1, r"must be at least 0 and below 1, got 1\.0"),
        ({"above": 0, "most": 1}, 1.5, r"must be above 0 and at most 1, got 1\.5"),
    ],
)
def test_number_names_its_limits(limits, value, message):
    with pytest.raises(ValueError, match=message):
        _checks.number(value, "rate", **limits)


def test_share_prints_enough_digits():
    assert _checks.share(1, "level", ends_allowed=True) == 1
    with pytest.raises(ValueError, match=r"level must be between 0 and 1, ends excluded, got 1\.0$"):
        _checks.share(1, "level")
    with pytest.raises(ValueError, match=r"between 0 and 1, got 1\.0000001$"):
        _checks.share(1.0000001, "level", ends_allowed=True)


@pytest.mark.parametrize("value", [0, 1, "True", None, np.array([True])])
def test_boolean_is_strict(value):
    assert _checks.boolean(np.True_, "flip") is True
    with pytest.raises(TypeError, match="flip must be True or False, got"):
        _checks.boolean(value, "flip")


def test_boolean_tells_an_array_from_its_answer():
    with pytest.raises(TypeError, match=r"holds must be True or False, got array.*; an array becomes one answer by"):
        _checks.boolean(np.array([True, False]), "holds")


def test_choice_names_the_nearest():
    assert _checks.choice("cnn", "kind", ["cnn", "bilstm"]) == "cnn"
    assert type(_checks.choice(np.int64(64), "size", (32, 64))) is int
    with pytest.raises(ValueError, match="kind must be one of 'cnn', 'bilstm', got 'bilstn'; did you mean 'bilstm'"):
        _checks.choice("bilstn", "kind", ["cnn", "bilstm"])
    with pytest.raises(ValueError, match="did you mean 'BLOSUM62'"):
        _checks.choice("blosum62", "name", ["BLOSUM50", "BLOSUM62"])
    with pytest.raises(ValueError, match="size must be one of 32, 64, got 'a'$"):
        _checks.choice("a", "size", [32, 64])
    for odd in (None, ["cnn"], True, np.array([1, 2]), "1"):
        with pytest.raises(ValueError, match="kind must be one of"):
            _checks.choice(odd, "kind", ["cnn", 1])


def test_seed_and_generator():
    rng = np.random.default_rng(1)
    assert _checks.seed(np.int64(5)) == 5 and _checks.generator(rng) is rng
    assert _checks.generator(3).random() == np.random.default_rng(3).random()
    for wrong in (-1, 2**32):
        with pytest.raises(ValueError, match=r"seed must be between 0 and 2\*\*32 - 1"):
            _checks.seed(wrong)
    with pytest.raises(TypeError, match="seed must be an integer"):
        _checks.generator(1.5)


def test_array_refuses_what_it_should():
    assert _checks.array([True, False], "x").dtype == bool
    assert _checks.array(np.ma.array([1.0, 2.0], mask=False), "x").tolist() == [1, 2]
    for wrong, message in [
        ([], "x must not be empty"),
        ([[1], [2]], r"x must have one dimension, got shape \(2, 1\); a Keras model predicts one column"),
        ([1, np.nan, np.inf], r"x must be finite, got 2 NaN or infinite value\(s\), the first in row 1"),
        (np.ma.array([1.0, 2.0], mask=[True, False]), r"x must not be masked, got 1 masked value"),
        ([[1, 2], [3]], "x must have rows of equal length"),
    ]:
        with pytest.raises(ValueError, match=message):
            _checks.array(wrong, "x", axes=None if message.endswith("length") else 1)
    with pytest.raises(TypeError, match="x must be an array of numbers, got dtype bool"):
        _checks.array([True, False], "x", booleans=False)
    for wrong in (["a"], [None, 1], [1j], [pd.NA, 1.0]):
        with pytest.raises(TypeError, match="x must be an array of numbers, got dtype"):
            _checks.array(wrong, "x")


def test_not_masked_refuses_hidden_values_only():
    _checks.not_masked(["a", None], "groups")
    _checks.not_masked(np.ma.array([1, 2], mask=False), "groups")
    with pytest.raises(ValueError, match=r"groups must not be masked, got 2 masked value\(s\): take them out"):
        _checks.not_masked(np.ma.array([1, 2, 3], mask=[1, 0, 1]), "groups")


def test_labels_and_probabilities():
    assert _checks.labels([True, False]).tolist() == [1, 0]
    assert _checks.labels(np.array([0.0, 1.0])).dtype == np.int64
    with pytest.raises(ValueError, match="labels must be 0 or 1, got 2"):
        _checks.labels([0, 2])
    with pytest.raises(ValueError, match="labels must hold both classes, got only 1"):
        _checks.labels([1, 1], both_classes=True)
    with pytest.raises(ValueError, match=r"probabilities must be between 0 and 1, got 1\.0000001; is this a logit\?"):
        _checks.probabilities([0.5, 1.0000001])


def test_same_length():
    _checks.same_length(labels=[1], scores=[2])
    with pytest.raises(ValueError, match="labels and scores must have the same length, got 1 and 2"):
        _checks.same_length(labels=[1], scores=[2, 3])


def test_numbers_row():
    assert _checks.numbers_row([1, 2], "time").dtype == np.float64
    with pytest.raises(TypeError, match="time must be an array of numbers, got dtype bool"):
        _checks.numbers_row([True, False], "time")
    with pytest.raises(ValueError, match="time must have one dimension"):
        _checks.numbers_row([[1, 2]], "time")


def test_lists_of_texts():
    assert _checks.listed((0.8, 0.2), "shares") == [0.8, 0.2]
    with pytest.raises(TypeError, match="shares must be a list or a tuple, got 7"):
        _checks.listed(7, "shares")
    assert _checks.texts(np.array(["CCO"]), "smiles", of="molecule") == ["CCO"]
    assert _checks.texts([None], "smiles", of="molecule", none_allowed=True) == [None]
    for bad, message in (
        ("CCO", r"smiles must be a list of strings, got one string: write \['CCO'\]"),
        ([], "smiles must hold at least one molecule, got an empty list"),
        (["C", None], "smiles must be a list of strings, got in row 1: None"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            _checks.texts(bad, "smiles", of="molecule")
    with pytest.raises(TypeError, match="smiles must be a list of strings or None, got in row 0: 3"):
        _checks.texts([3], "smiles", of="molecule", none_allowed=True)
