"""Checks behind the exercises of chapter 4.3, Lab: biological sequences."""

import numpy as np

from course_utils.exercises import Exercise, Misconception


def _alignment_score(top, bottom, match, mismatch, gap):
    score = 0
    for a, b in zip(top, bottom, strict=True):
        if a == "-" or b == "-":
            score -= gap
        else:
            score += match if a == b else mismatch
    return score


def _gaps_as_mismatches(top, bottom, match, mismatch, gap):
    return sum(match if a == b else mismatch for a, b in zip(top, bottom, strict=True))


def _gaps_free(top, bottom, match, mismatch, gap):
    return sum(match if a == b else mismatch for a, b in zip(top, bottom, strict=True) if "-" not in (a, b))


def _one_cost_for_each_run(top, bottom, match, mismatch, gap):
    runs = sum(
        (a == "-") != (previous == "-") and a == "-"
        for line in (top, bottom)
        for previous, a in zip(" " + line, line, strict=False)
    )
    return _gaps_free(top, bottom, match, mismatch, gap) - gap * runs


def _gaps_rewarded(top, bottom, match, mismatch, gap):
    return _alignment_score(top, bottom, match, mismatch, -gap)


def _gaps_in_top_alone(top, bottom, match, mismatch, gap):
    return _alignment_score(top, bottom, match, mismatch, gap) + gap * bottom.count("-")


def _mismatch_subtracted(top, bottom, match, mismatch, gap):
    return _alignment_score(top, bottom, match, -mismatch, gap)


def _residue_number(row, first_residue, column):
    if row[column] == "-":
        return 0
    return first_residue + sum(letter != "-" for letter in row[:column])


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


def _q3_of_chains(true, predicted):
    pairs = [(t, p) for a, b in zip(true, predicted, strict=True) for t, p in zip(a, b, strict=True) if t != "."]
    return sum(t == p for t, p in pairs) / len(pairs)


def _with_padding(true, predicted):
    pairs = [(t, p) for a, b in zip(true, predicted, strict=True) for t, p in zip(a, b, strict=True)]
    return sum(t == p for t, p in pairs) / len(pairs)


def _right_over_all_places(true, predicted):
    pairs = [(t, p) for a, b in zip(true, predicted, strict=True) for t, p in zip(a, b, strict=True)]
    return sum(t == p and t != "." for t, p in pairs) / len(pairs)


def _mean_of_chains(true, predicted):
    return float(np.mean([_q3_of_chains([a], [b]) for a, b in zip(true, predicted, strict=True)]))


def _mean_of_states(true, predicted):
    pairs = [(t, p) for a, b in zip(true, predicted, strict=True) for t, p in zip(a, b, strict=True) if t != "."]
    return float(
        np.mean([np.mean([p == t for t, p in pairs if t == state]) for state in sorted({t for t, _ in pairs})])
    )


_COUNTS = np.array([[7, 1, 0, 2], [0, 0, 10, 0], [1, 1, 0, 8]])

EXERCISES = [
    Exercise(
        "4.3-a",
        expected=_alignment_score,
        cases=(
            ("GAT-TACA", "GACGT--A", 1, -2, 3),
            ("ACGT", "ACGT", 2, -1, 1),
            ("A--C", "AGG-", 1, -1, 2),
            ("AC", "GT", 1, -3, 2),
        ),
        misconceptions=(
            Misconception(_gaps_as_mismatches, "A gap is not a mismatch: it costs `gap`."),
            Misconception(_gaps_free, "You left the gap columns out. Each of them costs `gap`."),
            Misconception(_one_cost_for_each_run, "Here every gap position costs `gap`, not every run of gaps."),
            Misconception(_gaps_rewarded, "`gap` is a positive cost: subtract it."),
            Misconception(_gaps_in_top_alone, "A gap may stand in the lower line too."),
            Misconception(_mismatch_subtracted, "`mismatch` is a score, negative already: add it."),
        ),
        hint="Column by column: a gap costs `gap`, equal letters earn `match`, different ones add `mismatch`.",
    ),
    Exercise(
        "4.3-b",
        expected=_residue_number,
        cases=(("MK--LV-A", 274, 4), ("MK--LV-A", 274, 0), ("MK--LV-A", 274, 6), ("--ACD", 1, 4), ("ACDE", 10, 2)),
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
        hint="`first_residue` plus the number of letters, without gaps, before the column.",
    ),
    Exercise(
        "4.3-c",
        expected=_log_odds,
        cases=(("AGT", _COUNTS), ("CGT", _COUNTS), ("GAG", _COUNTS)),
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
        hint="Shares from counts + 1, row by row; then the sum of log2(share / 0.25).",
    ),
    Exercise(
        "4.3-d",
        expected=19 / (19 + 0.04 * 1980),
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
        hint="19 true calls, and 4 % of 1,980 false ones.",
    ),
    Exercise(
        "4.3-e",
        expected=_q3_of_chains,
        cases=(
            (["HHHC....", "EECCHHCC"], ["HHCC....", "EECCCHCE"]),
            (["CC......", "HHHHEEEE"], ["CCCCCCCC", "HHHHCCCC"]),
            (["EHC.", "CCCC"], ["CCC.", "CCCC"]),
        ),
        misconceptions=(
            Misconception(_with_padding, "You counted the dots as residues, and as right ones."),
            Misconception(_right_over_all_places, "You divided by all places. Dots are no residues."),
            Misconception(_mean_of_chains, "The mean over chains gives a short chain the weight of a long one."),
            Misconception(_mean_of_states, "That is the mean recall of the three states. Q3 counts residues."),
        ),
        hint="All residues of all chains together: right ones divided by all of them.",
    ),
]
