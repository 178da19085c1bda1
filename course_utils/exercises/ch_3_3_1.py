"""Checks behind the exercises of chapter 3.3.1, Sequence alignment."""

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
        ),
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
        hint="D[i, j] = min(D[i-1, j-1] + (0 if equal else 1), D[i-1, j] + 1, D[i, j-1] + 1), and base cases.",
    ),
    Exercise(
        "3.3.1-c",
        expected=_blast,
        cases=((1, 11, 1), (5, 11, 1), (0, 11, 1), (3, 9, 2), (10, 5, 4)),
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
        hint="A gap of one position costs 12 with (11, 1), one of five 16.",
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
                "`int` and `floor` cut off. `round` takes the nearest whole number.",
            ),
        ),
        hint="round(2 * np.log2(share / (frequency_p * frequency_q)))",
    ),
    Exercise(
        "3.3.1-e",
        expected=_share,
        cases=(
            (["L", "L", "P", "-", "X"], "L"),
            (["E", "E", "E", "-"], "E"),
            (["K", "R", "R", "R", "X", "-"], "K"),
            (["A", "S"], "P"),
        ),
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
        hint="known = the letters without - and X; the share is the count of the human letter by len(known).",
    ),
]
