"""Checks behind the exercises of chapter 3.3.1, Sequence alignment."""

import functools
import math

import numpy as np

from course_utils.exercises import Exercise, Misconception


def _rows(equal=1, different=-1, gap_sign=-1, gap_in_b=True):
    def score_rows(row_a, row_b, gap):
        total = 0
        for p, q in zip(row_a, row_b, strict=True):
            if p == "-" or (gap_in_b and q == "-"):
                total += gap_sign * gap
            else:
                total += equal if p == q else different
        return total

    return score_rows


def _rows_with_masks(row_a, row_b, gap):
    a, b = np.array(list(row_a)), np.array(list(row_b))
    in_gap = (a == "-") | (b == "-")
    return np.where(in_gap, -gap, np.where(a == b, 1, -1)).sum()


def _rows_by_counting(row_a, row_b, gap):
    pairs = list(zip(row_a, row_b, strict=True))
    with_gap = sum("-" in pair for pair in pairs)
    equal = sum(p == q for p, q in pairs)
    return equal - (len(pairs) - with_gap - equal) - gap * with_gap


def _gap_as_mismatch(row_a, row_b, gap):
    return sum(1 if p == q else -1 for p, q in zip(row_a, row_b, strict=True))


def _one_event(row_a, row_b, gap):
    total = _rows(gap_sign=0)(row_a, row_b, gap)
    for row in (row_a, row_b):
        total -= gap * sum(row[k] == "-" and (k == 0 or row[k - 1] != "-") for k in range(len(row)))
    return total


def _distance(base=1, change=1, pick=min):
    def edit_distance(a, b):
        table = np.zeros((len(a) + 1, len(b) + 1), int)
        table[:, 0], table[0, :] = base * np.arange(len(a) + 1), base * np.arange(len(b) + 1)
        for i in range(1, len(a) + 1):
            for j in range(1, len(b) + 1):
                pair = table[i - 1, j - 1] + (0 if a[i - 1] == b[j - 1] else change)
                table[i, j] = pick(pair, table[i - 1, j] + 1, table[i, j - 1] + 1)
        return int(table[-1, -1])

    return edit_distance


@functools.cache
def _distance_by_recursion(a, b):
    if not a or not b:
        return len(a) + len(b)
    if a[-1] == b[-1]:
        return _distance_by_recursion(a[:-1], b[:-1])
    shorter_a, shorter_b = _distance_by_recursion(a[:-1], b), _distance_by_recursion(a, b[:-1])
    return 1 + min(shorter_a, shorter_b, _distance_by_recursion(a[:-1], b[:-1]))


def _distance_by_rows(a, b):
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a, start=1):
        above, row = row, [i]
        for j, other in enumerate(b, start=1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (letter != other)))
    return row[-1]


def _no_base_column(a, b):
    table = np.zeros((len(a) + 1, len(b) + 1), int)
    table[0, :] = np.arange(len(b) + 1)
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            pair = table[i - 1, j - 1] + (a[i - 1] != b[j - 1])
            table[i, j] = min(pair, table[i - 1, j] + 1, table[i, j - 1] + 1)
    return int(table[-1, -1])


def _place_by_place(a, b):
    return sum(p != q for p, q in zip(a, b, strict=False)) + abs(len(a) - len(b))


def _blast(k, existence, extension):
    return existence + k * extension if k else 0


def _half_bits(share, frequency_p, frequency_q):
    return round(2 * math.log2(share / (frequency_p * frequency_q)))


def _share(letters, human_letter):
    known = [x for x in letters if x not in ("-", "X")]
    return sum(x == human_letter for x in known) / len(known)


def _share_by_mask(letters, human_letter):
    known = (letters != "-") & (letters != "X")
    return (letters[known] == human_letter).mean()


def _share_by_list(letters, human_letter):
    known = [x for x in letters if x not in "-X"]
    return known.count(human_letter) / len(known)


def _share_by_counting(letters, human_letter):
    same, known = 0, 0
    for letter in letters:
        if letter == "-" or letter == "X":
            continue
        known += 1
        if letter == human_letter:
            same += 1
    return same / known


def _most_common(letters, human_letter):
    known = [x for x in letters if x not in ("-", "X")]
    return max(known.count(x) for x in known) / len(known)


EXERCISES = [
    Exercise(
        "3.3.1-a",
        expected=_rows(),
        cases=(
            ("GATTACA", "GCTTA-A", 2),
            ("--ACGT", "TTACCA", 3),
            ("AC--GT", "ACTTG-", 2),
            ("AAAA", "CCCC", 1),
            ("-A", "A-", 5),
        ),
        solutions=(_rows_with_masks, _rows_by_counting),
        misconceptions=(
            Misconception(_gap_as_mismatch, "A gap is no mismatch: it costs `gap`, whatever that is."),
            Misconception(_rows(gap_sign=1), "A cost is subtracted: your gaps raise the score."),
            Misconception(_rows(gap_sign=0), "Your gaps cost nothing. Each column with a gap costs `gap`."),
            Misconception(_rows(different=0), "Different letters score -1; yours score 0."),
            Misconception(_rows(gap_in_b=False), "There are gaps in both rows. Ask for `-` in row_b too."),
            Misconception(_one_event, "You charge each gap once. Here every position of a gap is charged."),
        ),
        hint="Three kinds of columns: with a gap (-gap), equal letters (+1), different letters (-1).",
    ),
    Exercise(
        "3.3.1-b",
        expected=_distance(),
        cases=(
            ("PLEASANTLY", "MEANLY"),
            ("ACGT", ""),
            ("", "GAT"),
            ("TTTACG", "ACG"),
            ("ACG", "ACGTT"),
            ("KITTEN", "SITTING"),
            ("ACCA", "AGGA"),
            ("ACT", "CAT"),
        ),
        solutions=(_distance_by_rows, _distance_by_recursion),
        misconceptions=(
            Misconception(
                _distance(base=0),
                "Your first row and column are 0, so that letters at the beginning are left out free.",
            ),
            Misconception(_no_base_column, "Your first row is right, your first column is 0: set D[i, 0] = i as well."),
            Misconception(_distance(change=2), "A change is one step, not a deletion and an insertion."),
            Misconception(
                _distance(pick=max), "Costs are added up, so take the smallest of the three, not the largest."
            ),
            Misconception(_distance(change=0), "A pair of different letters costs 1."),
            Misconception(_place_by_place, "You compare place by place: one insertion shifts all that follows."),
            Misconception(
                lambda a, b: -_distance()(a, b), "That is a score of 0, -1 and -1. The distance counts steps: positive."
            ),
        ),
        hint="Fill the table of two short words by hand: the first row and column, then each cell from three.",
    ),
    Exercise(
        "3.3.1-c",
        expected=_blast,
        cases=((1, 11, 1), (5, 11, 1), (0, 11, 1), (3, 9, 2), (10, 5, 4)),
        solutions=(
            lambda k, existence, extension: (k > 0) * existence + extension * k,
            lambda k, existence, extension: sum([existence] * min(k, 1) + [extension] * k),
        ),
        misconceptions=(
            Misconception(
                lambda k, existence, extension: existence + (k - 1) * extension if k else 0,
                "That is the convention of Biopython and EMBOSS. BLAST extends from the first position on.",
            ),
            Misconception(
                lambda k, existence, extension: existence + k * extension,
                "Right for gaps. But no gap (k = 0) costs nothing.",
            ),
            Misconception(
                lambda k, existence, extension: existence + (k - 1) * extension,
                "That is Biopython's convention, and no gap (k = 0) costs nothing.",
            ),
            Misconception(
                lambda k, existence, extension: k * (existence + extension),
                "The existence is charged once for the whole gap.",
            ),
            Misconception(lambda k, existence, extension: k * extension, "The existence is missing."),
            Misconception(
                lambda k, existence, extension: -_blast(k, existence, extension),
                "A cost is a positive number; it is subtracted later.",
            ),
        ),
        hint="How many positions of the gap pay the extension, and how often is the existence paid?",
    ),
    Exercise(
        "3.3.1-d",
        expected=_half_bits,
        cases=(
            (0.0065, 0.013, 0.013),
            (0.0371, 0.099, 0.099),
            (0.0012, 0.074, 0.025),
            (0.02, 0.1, 0.05),
            (0.001, 0.1, 0.1),
        ),
        solutions=(
            lambda share, p, q: round(2 * (math.log2(share) - math.log2(p) - math.log2(q))),
            lambda share, p, q: np.rint(np.log(share / p / q) / np.log(2) * 2),
            lambda share, p, q: int(np.round(2 * np.log2(np.array(share) / (p * q)))),
        ),
        misconceptions=(
            Misconception(
                lambda share, p, q: round(math.log2(share / (p * q))), "Those are whole bits. Half bits: twice as many."
            ),
            Misconception(
                lambda share, p, q: round(2 * math.log(share / (p * q))),
                "That is the natural logarithm: use `np.log2`.",
            ),
            Misconception(
                lambda share, p, q: round(2 * math.log10(share / (p * q))),
                "That is the logarithm to base 10: `np.log2`.",
            ),
            Misconception(
                lambda share, p, q: round(-2 * math.log2(share / (p * q))),
                "The sign is turned: pairs seen more often than by chance score above 0.",
            ),
            Misconception(
                lambda share, p, q: round(2 * math.log2(share / (p + q))),
                "By chance two letters meet with the product of their frequencies, not the sum.",
            ),
            Misconception(
                lambda share, p, q: round(2 * math.log2(share)),
                "Compare the share with what chance gives, frequency_p * frequency_q.",
            ),
            Misconception(
                lambda share, p, q: 2 * math.log2(share / (p * q)), "Nearly: round to a whole number, as the tables do."
            ),
            Misconception(
                lambda share, p, q: math.floor(2 * math.log2(share / (p * q))),
                "`floor` takes the whole number below. `round` takes the nearest one.",
            ),
            Misconception(
                lambda share, p, q: int(2 * math.log2(share / (p * q))),
                "`int` cuts off what stands behind the point. `round` takes the nearest whole number.",
            ),
        ),
        hint="How much more often than by chance does the pair occur? Its base-2 logarithm counts whole bits.",
    ),
    Exercise(
        "3.3.1-e",
        expected=_share,
        cases=(
            (np.array(list("LLP-X")), "L"),
            (np.array(list("EEE-")), "E"),
            (np.array(list("KRRRX-")), "K"),
            (np.array(list("AS")), "P"),
        ),
        solutions=(_share_by_mask, _share_by_list, _share_by_counting),
        misconceptions=(
            Misconception(
                lambda letters, human_letter: sum(x == human_letter for x in letters) / len(letters),
                "You divide by all species. Those with `-` or `X` have no known letter: leave them out of both counts.",
            ),
            Misconception(
                lambda letters, human_letter: (
                    sum(x == human_letter for x in letters) / len([x for x in letters if x != "-"])
                ),
                "Gaps are left out, `X` is not. An unknown letter is no evidence either.",
            ),
            Misconception(
                lambda letters, human_letter: (
                    sum(x == human_letter for x in letters) / len([x for x in letters if x != "X"])
                ),
                "`X` is left out, gaps are not.",
            ),
            Misconception(
                _most_common,
                "That is the share of the most frequent letter. The question is about the human one: think of 871.",
            ),
            Misconception(
                lambda letters, human_letter: 1 - _share(letters, human_letter), "That is the share that differs."
            ),
            Misconception(
                lambda letters, human_letter: 100 * _share(letters, human_letter), "A share lies between 0 and 1."
            ),
            Misconception(
                lambda letters, human_letter: sum(x == human_letter for x in letters),
                "That is the number of species; divide by those whose letter is known.",
            ),
        ),
        hint="Which of these letters say something about the position? Only those count, above the line and below it.",
    ),
]
