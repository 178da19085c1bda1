"""Checks behind the exercises of chapter 4.3, Lab: biological sequences."""

import functools
import math
from fractions import Fraction

import numpy as np

from course_utils.exercises import Exercise, Misconception
from course_utils.exercises._answers import plain, show

# --- 4.3-a: a property is judged by the programs it lets through ---------------------------------------------------


def _score(a, b, reward=True, gap=1, borders=True, corner=True):
    """The right score (1, -1, -1); with `gap=None` a gap is charged like the pair of letters beside it."""
    F = np.zeros((len(a) + 1, len(b) + 1), dtype=int)
    if borders:
        F[:, 0], F[0, :] = -gap * np.arange(len(a) + 1), -gap * np.arange(len(b) + 1)
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            pair = int(reward) if a[i - 1] == b[j - 1] else -1
            step = pair if gap is None else -gap
            F[i, j] = max(F[i - 1, j - 1] + pair, F[i - 1, j] + step, F[i, j - 1] + step)
    return int(F[-1, -1] if corner else F.max())


_WRONG_PROGRAMS = {
    "the document's own": {"reward": False, "gap": None, "borders": False, "corner": False},
    "the one where only a match was mended": {"gap": None, "borders": False, "corner": False},
    "the one with free gaps on the borders": {"borders": False, "corner": False},
    "the one that reads the maximum, not the corner": {"corner": False},
    "the fifth, whose gaps cost 2": {"gap": 2},
}
_PAIRS = [("A", "A"), ("A", "C"), ("A", "AA"), ("AC", "G"), ("ACGT", "ACGT"), ("GATTACA", "GCATGCG"), ("TTG", "CAGTT")]
_NOT_TRUE = "That is not true of the right score"
_CONSTANT = "It is true of every wrong program too, also of the one that always says 0."
_THE_FIFTH = "It catches the four of the table, but not the fifth: nothing in it depends on what a gap costs."
_ZERO = "It lets the document's own function through: the right score of your pair is 0, the one answer it has."
_NO_GAP = "Does your pair need a gap at all? These programs differ only where there are gaps or letters left over."


def _bites(answer):
    """The requirement on the reader's property: empty text, or what is wrong with it."""
    if not callable(answer):
        return "Write a function: `my_property(score, a, b)`."
    for a, b in _PAIRS:
        holds = plain(answer(_score, a, b))
        if not isinstance(holds, bool):
            return f"Return True or False: with {a!r} and {b!r} it returned {show(holds)}."
        if not holds:
            return f"{_NOT_TRUE}: with {a!r} and {b!r} your property says False."
    passing = []
    for name, faults in _WRONG_PROGRAMS.items():
        wrong = functools.partial(_score, **faults)
        if all(answer(wrong, a, b) for a, b in _PAIRS):
            passing.append(name)
    if not passing:
        return ""
    if len(passing) == len(_WRONG_PROGRAMS):
        return _CONSTANT
    if passing == ["the fifth, whose gaps cost 2"]:
        return _THE_FIFTH
    if passing == ["the document's own"]:
        return _ZERO
    return f"It lets through: {'; '.join(passing)}. {_NO_GAP}"


def _tried_on_both_sides(score, a, b):
    for first, second in ((a, b), (b, a)):
        if score(first + second, second) != len(second) - len(first):
            return False
        if score(second, second + first) != len(second) - len(first):
            return False
    return True


# --- 4.3-e: what the card allows ------------------------------------------------------------------------------------

_ALLOWED = {"A", "C"}
_FORBIDDEN = {
    "B": "B speaks about a patient's variant. The card excludes that, however high the probability.",
    "D": "D: membrane proteins are out of scope. The network has learned from others.",
    "E": "E: where a structure exists, also a predicted one, the card says: use that. Probabilities do not change it.",
}
_MISSING = {
    "A": "A is what the card is written for: teaching.",
    "C": "C is allowed: a baseline for methods of its own kind, compared chain by chain.",
}


def _reads_the_card(answer):
    """The requirement on the set of letters: empty text, or what is wrong with the first wrong letter."""
    answer = plain(answer)
    if not isinstance(answer, frozenset | list) or not all(isinstance(letter, str) for letter in answer):
        return 'Give a set of letters, such as {"B", "D"}.'
    letters = {letter.strip().upper() for letter in answer}
    if letters - set("ABCDE"):
        return "The letters are A, B, C, D and E."
    for letter in sorted(letters - _ALLOWED):
        return _FORBIDDEN[letter]
    for letter in sorted(_ALLOWED - letters):
        return _MISSING[letter]
    return ""


def _residue_number(row, first_residue, column):
    if row[column] == "-":
        return 0
    return first_residue + sum(letter != "-" for letter in row[:column])


def _number_by_walking(row, first_residue, column):
    number = first_residue - 1
    for letter in row[: column + 1]:
        if letter != "-":
            number += 1
    return 0 if row[column] == "-" else number


def _number_by_table(row, first_residue, column):
    is_residue = np.array(list(row)) != "-"
    return (is_residue * (first_residue - 1 + np.cumsum(is_residue)))[column]


def _log_odds_by_loops(window, counts):
    total = 0
    for letter, row in zip(window, counts, strict=True):
        with_one = [count + 1 for count in row]
        total += math.log2(with_one["ACGT".index(letter)] / sum(with_one)) - math.log2(0.25)
    return total


def _log_odds_by_table(window, counts):
    share = (counts + 1) / (counts.sum(axis=1)[:, None] + 4)
    chosen = np.array([[x == y for y in "ACGT"] for x in window])
    return np.log2(4 * share)[chosen].sum()


def _log_odds(window, counts):
    share = (counts + 1) / (counts + 1).sum(axis=1, keepdims=True)
    return sum(np.log2(share[place, "ACGT".index(letter)] / 0.25) for place, letter in enumerate(window))


def _natural_logarithm(window, counts):
    return _log_odds(window, counts) * np.log(2)


def _no_background(window, counts):
    return _log_odds(window, counts) - 2 * len(window)


def _only_the_numerator(window, counts):
    share = (counts + 1) / counts.sum(axis=1, keepdims=True)
    return sum(np.log2(share[place, "ACGT".index(letter)] / 0.25) for place, letter in enumerate(window))


def _nothing_added(window, counts):
    with np.errstate(divide="ignore"):
        share = counts / counts.sum(axis=1, keepdims=True)
        return sum(np.log2(share[place, "ACGT".index(letter)] / 0.25) for place, letter in enumerate(window))


def _columns_summed(window, counts):
    share = (counts + 1) / (counts + 1).sum(axis=0, keepdims=True)
    return sum(np.log2(share[place, "ACGT".index(letter)] / 0.25) for place, letter in enumerate(window))


_COUNTS = np.array([[7, 1, 0, 2], [0, 0, 10, 0], [1, 1, 0, 8]])
_FEW_COUNTS = np.array([[3, 0, 1, 0], [0, 5, 0, 2]])  # rows with different sums

EXERCISES = [
    Exercise(
        "4.3-a",
        requirement=_bites,
        solutions=(
            lambda score, a, b: score(a + b, b) == len(b) - len(a),
            lambda score, a, b: np.array(score(b, b + a)) == len(b) - len(a),
            _tried_on_both_sides,
        ),
        misconceptions=(
            Misconception(lambda score, a, b: score(a, b) == score(b, a), _CONSTANT),
            Misconception(lambda score, a, b: a == b or score(a, a) > score(a, b), _THE_FIFTH),
            Misconception(lambda score, a, b: score(a, a) == len(a), _NO_GAP),
            Misconception(lambda score, a, b: score(a + a, a) == 0, _ZERO),
            Misconception(lambda score, a, b: a == b or score(a, b) < 0, _NOT_TRUE),
            Misconception(lambda score, a, b: score(a, b), "Return True or False"),
        ),
    ),
    Exercise(
        "4.3-b",
        expected=_residue_number,
        cases=(("MK--LV-A", 274, 4), ("MK--LV-A", 274, 0), ("MK--LV-A", 274, 6), ("--ACD", 1, 4), ("ACDE", 10, 2)),
        solutions=(_number_by_walking, _number_by_table),
        misconceptions=(
            Misconception(
                lambda row, first, column: first + column if row[column] != "-" else 0,
                "You counted the gaps too. Gaps are no residues.",
            ),
            Misconception(lambda row, first, column: first + column, "Gaps have no number, and they are not counted."),
            Misconception(
                lambda row, first, column: first + sum(x != "-" for x in row[:column]),
                "Where the row itself has a gap no residue stands: return 0.",
            ),
            Misconception(
                lambda row, first, column: (
                    0 if row[column] == "-" else first + sum(x != "-" for x in row[: column + 1])
                ),
                "One too many: the first letter has the number `first_residue`, not one more.",
            ),
            Misconception(
                lambda row, first, column: 0 if row[column] == "-" else 1 + sum(x != "-" for x in row[:column]),
                "You began at 1. The alignment begins at `first_residue`.",
            ),
            Misconception(
                lambda row, first, column: 0 if row[column] == "-" else sum(x != "-" for x in row[:column]),
                "That is how many letters stand before it. Add `first_residue`.",
            ),
        ),
        hint="Walk along the row with a finger: at which places does the number go up, and at which does it stay?",
    ),
    Exercise(
        "4.3-c",
        expected=_log_odds,
        cases=(("AGT", _COUNTS), ("CGT", _COUNTS), ("GAG", _COUNTS), ("AC", _FEW_COUNTS)),
        solutions=(_log_odds_by_loops, _log_odds_by_table),
        misconceptions=(
            Misconception(_natural_logarithm, "That is the natural logarithm. Here the unit is bits: `np.log2`."),
            Misconception(_no_background, "Divide each share by 0.25, the share of a letter by chance."),
            Misconception(
                _only_the_numerator, "The sum of a row grows by the four ones too: else the shares exceed 1."
            ),
            Misconception(
                _nothing_added, "Add 1 to every count: a letter not seen in ten sites is rare, not impossible."
            ),
            Misconception(_columns_summed, "Each row, one place of the site, is turned into shares: sum over axis 1."),
        ),
        hint="Take the first place alone: its row of counts, what is added, its shares, the one share you need.",
    ),
    Exercise(
        "4.3-d",
        expected=19 / (19 + 0.04 * 1980),
        solutions=(0.95 * 20 / (0.95 * 20 + 0.04 * 1980), 0.193, Fraction(1900, 9820), np.float32(0.1935)),
        tolerance=1e-3,
        misconceptions=(
            Misconception(0.95, "That is the sensitivity: the share of true donors that are called."),
            Misconception(
                0.95 / (0.95 + 0.04), "As if true and other places were equally many. There are 20 and 1,980."
            ),
            Misconception(19 / (19 + 0.04 * 2000), "The 20 true donors are not among the false alarms: 4 % of 1,980."),
            Misconception(20 / 2000, "That is the share of true donors before anything is called."),
            Misconception(20 / (20 + 0.04 * 1980), "Only 95 % of the 20 are called."),
            Misconception(0.04 * 1980 / (19 + 0.04 * 1980), "That is the share of false calls."),
        ),
        hint="How many of its calls are true donors, and how many come from the places that are none?",
    ),
    Exercise(
        "4.3-e",
        requirement=_reads_the_card,
        solutions=({"A", "C"}, ["c", "a"], np.array(["A", "C"]), ("A ", "C")),
        misconceptions=(
            Misconception({"A", "B", "C"}, _FORBIDDEN["B"]),
            Misconception({"A", "C", "D"}, _FORBIDDEN["D"]),
            Misconception({"A", "C", "E"}, _FORBIDDEN["E"]),
            Misconception({"A"}, _MISSING["C"]),
            Misconception({"C"}, _MISSING["A"]),
            Misconception("AC", "Give a set of letters"),
        ),
    ),
]
