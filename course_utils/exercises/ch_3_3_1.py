"""Checks behind the exercises of chapter 3.3.1, Sequence alignment."""

import functools
import math

import numpy as np

from course_utils.exercises import Exercise, Misconception
from course_utils.exercises._answers import plain, show

# --- 3.3.1-a: a walk is judged by the alignment that it finds -------------------------------------------------------


def _local_table(a, b, gap):
    """Fill the matrix of a local alignment, as `fill_local` of the chapter does."""
    table = np.zeros((len(a) + 1, len(b) + 1), int)
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            pair = table[i - 1, j - 1] + (1 if a[i - 1] == b[j - 1] else -1)
            table[i, j] = max(0, pair, table[i - 1, j] - gap, table[i, j - 1] - gap)
    return table


_PAIRS = (
    ("CAT", "ATG", 1),
    ("TTACGTACGAA", "CCACGACGCCC", 1),
    ("ACGTCACGTCC", "ACGTACGTCC", 2),
    ("CCCTTGACATT", "GGTTGCATTAAAA", 1),
    ("AACCGGTT", "TTAACGGA", 2),
    ("ACACACTA", "AGCACACA", 1),
    ("TTACGTACGTT", "CCACGAACGCC", 2),  # a pair of different letters is needed
    ("ACGACG", "ACGTACG", 1),  # a gap in a is needed
    ("ACGTACGTCC", "ACGTCACGTCC", 2),  # a gap in a that costs more than 1 is needed
)
_LETTERS_LOST = "Read without its gaps, your {row} row is {found!r}: that is no stretch of {whole!r}."
_BACKWARDS = "Your rows are back to front: the walk meets the last column first, so where does a new one belong?"
_EXCHANGED = "Your rows are exchanged: that of a comes first."
_CORNER = "Your walk begins in the corner. Where does a local alignment end?"
_PAST_ZERO = "Your walk goes on past the 0: letters before the best part take away from it."
_TOO_SHORT = "Your walk ends too early: the pair that leads from 0 to the first positive cell belongs to it too."
_NEVER_UNEQUAL = "Two different letters may stand in a pair too: does your walk ever take one?"
_NEVER_LEFT = "Your walk puts no letter of b under a gap in a: is this step missing, or is its cost not `gap`?"
_LEFT = "your walk leaves the matrix, whose last cell is [len(a), len(b)]. Where does it begin, and where does it end?"
_NO_LETTER = (
    "your walk asks for a letter that is not there. Letter i of a is a[i - 1]. "
    "And on the border all values are 0, and no way leads to them: where does your walk end?"
)
_MANY_PLACES = "your walk is in several places at once, in an array. Take one place, two whole numbers: see the hint."


def _walk_complaint(answer):
    """The requirement on the reader's walk: empty text, or what is wrong with it."""
    if not callable(answer):
        return "Write a function: `trace_local(F, a, b, gap)`."
    for a, b, gap in _PAIRS:
        table = _local_table(a, b, gap)
        call = f"With the F of {a!r} and {b!r}, and gap = {gap},"
        try:
            rows = plain(answer(table.copy(), a, b, gap))
        except IndexError as error:
            return f"{call} {_NO_LETTER if 'string' in str(error) else _LEFT} (IndexError)"
        except (TypeError, ValueError) as error:
            if not any(words in str(error) for words in ("scalar", "string indices", "ambiguous")):
                raise
            return f"{call} {_MANY_PLACES} ({type(error).__name__})"
        if rows is None:
            return f"{call} your function returns nothing. Does it end with `return`?"
        if isinstance(rows, list) and len(rows) == 2:
            rows = ["".join(row) if _is_letters(row) else row for row in rows]
        if not (isinstance(rows, list) and len(rows) == 2 and all(isinstance(row, str) for row in rows)):
            return f"{call} it returns {show(rows)}. Two strings are asked for, as in ('AT', 'AT')."
        complaint = _rows_complaint(rows, table, a, b, gap)
        if complaint:
            return f"{call} it returns {show(rows)}. {complaint}"
    return ""


def _is_letters(row):
    return isinstance(row, list) and all(isinstance(letter, str) for letter in row)


def _rows_complaint(rows, table, a, b, gap):
    """Say what is wrong with two rows: empty text, if they are a best local alignment."""
    row_a, row_b = rows
    part_a, part_b = row_a.replace("-", ""), row_b.replace("-", "")
    if len(row_a) != len(row_b):
        return "The two rows must be equally long: each step of the walk writes into both."
    if not (part_a in a and part_b in b):
        if part_a[::-1] in a and part_b[::-1] in b:
            return _BACKWARDS
        if part_b in a and part_a in b:
            return _EXCHANGED
        wrong = ("first", part_a, a) if part_a not in a else ("second", part_b, b)
        return _LETTERS_LOST.format(row=wrong[0], found=wrong[1], whole=wrong[2])
    score = 0
    for p, q in zip(row_a, row_b, strict=True):
        if p == q == "-":
            return "A gap stands over a gap: which letter does this column use?"
        score += -gap if "-" in (p, q) else (1 if p == q else -1)
    if score == table.max():
        return ""
    faults = (
        ({"corner": True}, _CORNER),
        ({"corner": True, "least": None}, _CORNER),
        ({"least": None}, _PAST_ZERO),
        ({"least": 1}, _TOO_SHORT),
        ({"only_equal": True}, _NEVER_UNEQUAL),
        ({"never_left": True}, _NEVER_LEFT),
    )
    for fault, hint in faults:
        if _walk(**fault)(table, a, b, gap) == (row_a, row_b):
            return hint
    return f"Its score is {score}, and the largest value of F is another. Look at the cells where your walk turns."


def _walk(corner=False, least=0, front=True, gaps_first=False, exchanged=False, only_equal=False, never_left=False):
    """Build a walk: where it begins, the value at which it ends (None: on a border), where new columns are written.

    `only_equal` and `never_left` leave out a step that every walk needs.
    """

    def trace_local(F, a, b, gap):
        rows = "", ""
        i, j = (len(a), len(b)) if corner else map(int, np.unravel_index(F.argmax(), F.shape))
        while (i > 0 and j > 0) if least is None else F[i, j] > least:
            is_pair = F[i, j] == max(0, F[i - 1, j - 1] + (1 if a[i - 1] == b[j - 1] else -1))
            up, left = F[i, j] == F[i - 1, j] - gap, F[i, j] == F[i, j - 1] - gap
            if only_equal:
                is_pair, left = a[i - 1] == b[j - 1], True
            if never_left:
                up, left = not is_pair, False
            if is_pair and not (gaps_first and (up or left)):
                column, i, j = (a[i - 1], b[j - 1]), i - 1, j - 1
            elif up:
                column, i = (a[i - 1], "-"), i - 1
            elif left:
                column, j = ("-", b[j - 1]), j - 1
            else:
                column, i, j = (a[i - 1], b[j - 1]), i - 1, j - 1
            rows = tuple(new + row if front else row + new for new, row in zip(column, rows, strict=True))
        return rows[::-1] if exchanged else rows

    return trace_local


def _walk_with_lists(F, a, b, gap):
    """Begin at the last of the largest values, collect columns in lists, and turn them round at the end."""
    i, j = np.argwhere(F == F.max())[-1]
    top, bottom = [], []
    while F[i, j]:
        if F[i, j] + gap == F[i, j - 1]:
            j -= 1
            top.append("-")
            bottom.append(b[j])
        elif F[i, j] + gap == F[i - 1, j]:
            i -= 1
            top.append(a[i])
            bottom.append("-")
        else:
            i, j = i - 1, j - 1
            top.append(a[i])
            bottom.append(b[j])
    return ["".join(reversed(top)), "".join(reversed(bottom))]


def _walk_by_recursion(F, a, b, gap):
    def until(i, j):
        if F[i, j] == 0:
            return "", ""
        if F[i, j] == F[i - 1, j - 1] + (1 if a[i - 1] == b[j - 1] else -1):
            x, y = until(i - 1, j - 1)
            return x + a[i - 1], y + b[j - 1]
        if F[i, j] == F[i - 1, j] - gap:
            x, y = until(i - 1, j)
            return x + a[i - 1], y + "-"
        x, y = until(i, j - 1)
        return x + "-", y + b[j - 1]

    ends = [(i, j) for i in range(len(a) + 1) for j in range(len(b) + 1) if F[i, j] == F.max()]
    return until(*ends[-1])


def _walk_without_gaps(F, a, b, gap):
    i, j = np.unravel_index(F.argmax(), F.shape)
    row_a, row_b = "", ""
    while F[i, j] > 0:
        row_a, row_b = a[i - 1] + row_a, b[j - 1] + row_b
        i, j = i - 1, j - 1
    return row_a, row_b


def _walk_of_a_global_alignment(F, a, b, gap, corner=True):
    """Walk as `trace` of the chapter does."""
    row_a, row_b = "", ""
    i, j = (len(a), len(b)) if corner else np.unravel_index(F.argmax(), F.shape)
    while i > 0 or j > 0:
        if i > 0 and j > 0 and F[i, j] == F[i - 1, j - 1] + (1 if a[i - 1] == b[j - 1] else -1):
            row_a, row_b = a[i - 1] + row_a, b[j - 1] + row_b
            i, j = i - 1, j - 1
        elif i > 0 and F[i, j] == F[i - 1, j] - gap:
            row_a, row_b = a[i - 1] + row_a, "-" + row_b
            i = i - 1
        else:
            row_a, row_b = "-" + row_a, b[j - 1] + row_b
            j = j - 1
    return row_a, row_b


def _walk_from_the_largest_value(F, a, b, gap):
    return _walk_of_a_global_alignment(F, a, b, gap, corner=False)


def _walk_at_the_cost_of_one(F, a, b, gap):
    return _walk()(F, a, b, 1)


def _walk_left_at_the_cost_of_one(F, a, b, gap):
    """Ask for a pair, then for a gap in a at the cost of 1; what is left must be a gap in b."""
    i, j = np.unravel_index(F.argmax(), F.shape)
    row_a, row_b = "", ""
    while F[i, j] > 0:
        if F[i, j] == F[i - 1, j - 1] + (1 if a[i - 1] == b[j - 1] else -1):
            row_a, row_b = a[i - 1] + row_a, b[j - 1] + row_b
            i, j = i - 1, j - 1
        elif F[i, j] == F[i, j - 1] - 1:
            row_a, row_b = "-" + row_a, b[j - 1] + row_b
            j = j - 1
        else:
            row_a, row_b = a[i - 1] + row_a, "-" + row_b
            i = i - 1
    return row_a, row_b


def _walk_from_many_places(F, a, b, gap):
    """Take the arrays of `np.where` for two numbers."""
    i, j = np.where(F == F.max())
    row_a, row_b = "", ""
    while F[i, j] > 0:
        row_a, row_b = a[i - 1] + row_a, b[j - 1] + row_b
        i, j = i - 1, j - 1
    return row_a, row_b


def _walk_from_the_shape(F, a, b, gap):
    """Begin in the cell whose numbers are the numbers of rows and of columns, one too far."""
    i, j = F.shape
    row_a, row_b = "", ""
    while F[i, j] > 0:
        row_a, row_b = a[i - 1] + row_a, b[j - 1] + row_b
        i, j = i - 1, j - 1
    return row_a, row_b


def _walk_past_the_last_letter(F, a, b, gap):
    """Take letter i of a for a[i], the one behind it."""
    i, j = np.unravel_index(F.argmax(), F.shape)
    row_a, row_b = "", ""
    while F[i, j] > 0:
        row_a, row_b = a[i] + row_a, b[j] + row_b
        i, j = i - 1, j - 1
    return row_a, row_b


def _walk_one_letter_late(F, a, b, gap):
    """Take the numbers of row and column for places in the strings, which count from 0."""
    row_a, row_b = _walk()(F, a, b, gap)
    i, j = np.unravel_index(F.argmax(), F.shape)
    n_a, n_b = len(row_a.replace("-", "")), len(row_b.replace("-", ""))
    return a[i - n_a + 1 : i + 1], b[j - n_b + 1 : j + 1]


# --- 3.3.1-b: a piece in a sequence ---------------------------------------------------------------------------------


def _find(first_row=0, first_column=1, read="last row", least=None):
    """Build an aligner of a piece in a sequence: what the borders cost (0 or 1 gap each), and where it is read."""

    def find_score(a, b, gap):
        table = np.zeros((len(a) + 1, len(b) + 1), int)
        table[:, 0] = -gap * first_column * np.arange(len(a) + 1)
        table[0, :] = -gap * first_row * np.arange(len(b) + 1)
        for i in range(1, len(a) + 1):
            for j in range(1, len(b) + 1):
                pair = table[i - 1, j - 1] + (1 if a[i - 1] == b[j - 1] else -1)
                table[i, j] = max(pair, table[i - 1, j] - gap, table[i, j - 1] - gap)
                if least is not None:
                    table[i, j] = max(least, table[i, j])
        last_row, last_column = table[-1].max(), table[:, -1].max()
        places = {"last row": last_row, "last column": last_column, "both": max(last_row, last_column)}
        return {**places, "corner": table[-1, -1], "anywhere": table.max()}[read]

    return find_score


def _find_by_rows(a, b, gap):
    row = [0] * (len(b) + 1)
    for i, letter in enumerate(a, start=1):
        above, row = row, [-gap * i]
        for j, other in enumerate(b, start=1):
            row.append(max(above[j - 1] + (1 if letter == other else -1), above[j] - gap, row[-1] - gap))
    return max(row)


def _find_by_trying(a, b, gap):
    """Align the whole of `a` with every part of `b`, and take the best."""
    everything = _find(first_row=1, read="corner")
    parts = [b[start:end] for start in range(len(b) + 1) for end in range(start, len(b) + 1)]
    return max(everything(a, part, gap) for part in parts)


def _find_by_recursion(a, b, gap):
    @functools.cache
    def best(i, j):
        if i == 0:
            return 0
        if j == 0:
            return -gap * i
        pair = best(i - 1, j - 1) + (1 if a[i - 1] == b[j - 1] else -1)
        return max(pair, best(i - 1, j) - gap, best(i, j - 1) - gap)

    return max([best(len(a), j) for j in range(len(b) + 1)])


def _find_without_gaps(a, b, gap):
    scores = [sum(1 if p == q else -1 for p, q in zip(a, b[k:], strict=False)) for k in range(len(b) - len(a) + 1)]
    return max(scores, default=-gap * (len(a) - len(b)))


def _find_in_windows(a, b, gap):
    """Align the piece with each part of `b` of its own length."""
    everything = _find(first_row=1, read="corner")
    return max(everything(a, b[k : k + len(a)], gap) for k in range(max(1, len(b) - len(a) + 1)))


def _find_column_of_one_gap(a, b, gap):
    row = [0] * (len(b) + 1)
    for letter in a:
        above, row = row, [-gap]
        for j, other in enumerate(b, start=1):
            row.append(max(above[j - 1] + (1 if letter == other else -1), above[j] - gap, row[-1] - gap))
    return max(row)


def _find_in_a(a, b, gap):
    return _find()(b, a, gap)


def _half_bits(share, frequency_u, frequency_v):
    return round(2 * math.log2(share / (frequency_u * frequency_v)))


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
        requirement=_walk_complaint,
        solutions=(
            _walk(),
            _walk(gaps_first=True),
            _walk_with_lists,
            _walk_by_recursion,
            lambda F, a, b, gap: [list(row) for row in _walk()(F, a, b, gap)],
            lambda F, a, b, gap: np.array(_walk()(F, a, b, gap)),
        ),
        misconceptions=(
            Misconception(_walk(corner=True, least=None), _CORNER),
            Misconception(_walk(least=None), _PAST_ZERO),
            Misconception(_walk(least=1), _TOO_SHORT),
            Misconception(_walk(front=False), _BACKWARDS),
            Misconception(_walk(exchanged=True), _EXCHANGED),
            Misconception(_walk_without_gaps, "Look at the cells where your walk turns."),
            Misconception(_walk_one_letter_late, "each step of the walk writes into both"),
            Misconception(_walk_of_a_global_alignment, _NO_LETTER),
            Misconception(_walk_from_the_largest_value, "where does your walk end? (IndexError)"),
            Misconception(_walk_from_the_shape, _LEFT),
            Misconception(_walk_past_the_last_letter, "Letter i of a is a[i - 1]."),
            Misconception(_walk_from_many_places, _MANY_PLACES),
            Misconception(_walk(only_equal=True), _NEVER_UNEQUAL),
            Misconception(_walk(never_left=True), _NEVER_LEFT),
            Misconception(_walk_at_the_cost_of_one, "the largest value of F is another"),
            Misconception(_walk_left_at_the_cost_of_one, "or is its cost not `gap`?"),
        ),
    ),
    Exercise(
        "3.3.1-b",
        expected=_find(),
        cases=(
            ("ACG", "TTACGTT", 1),
            ("ACGT", "TTACTT", 1),
            ("GATTACA", "CCGATACACC", 2),
            ("TTACGTT", "ACG", 1),
            ("CCC", "AAAATAAA", 1),
            ("ACGTACGT", "CGTACG", 3),
            ("AGGA", "TAGTTGATTTTTT", 1),
            ("GGGACG", "ACGTT", 1),
            ("ACGGGG", "TTACG", 1),
            ("ACGGGG", "TTACGTT", 1),
            ("AACGAA", "TTACGTT", 1),
        ),
        solutions=(_find_by_rows, _find_by_trying, _find_by_recursion),
        misconceptions=(
            Misconception(
                _find(first_row=1, read="corner"),
                "That is the global score: letters of b before and after the piece are still charged.",
            ),
            Misconception(
                _find(read="corner"),
                "Letters of b before the piece are free now; those behind it are still charged. Where is the score?",
            ),
            Misconception(
                _find(first_row=1),
                "Letters of b behind the piece are free; those before it are still charged. Which border says so?",
            ),
            Misconception(
                _find(first_column=0, read="both"),
                "Now the ends of both sequences are free, so that letters of a can be left out. Only b's may be.",
            ),
            Misconception(
                _find(first_column=0),
                "The first letters of a can be left out without cost. Each letter of a must be placed.",
            ),
            Misconception(
                _find(read="both"), "The last letters of a can be left out: you also read where a is not used up."
            ),
            Misconception(
                _find(first_column=0, least=0, read="anywhere"),
                "That is the local score: it takes the best part of a. Here a is placed as a whole.",
            ),
            Misconception(_find(least=0), "A cell may fall below 0 here: the whole of a is placed, at any price."),
            Misconception(
                _find(read="anywhere"), "The largest value of the whole matrix may lie where a is not used up yet."
            ),
            Misconception(_find_in_a, "You look for b in a. It is the piece a that is looked for, in b."),
            Misconception(
                _find(first_row=1, first_column=0, read="last row"),
                "The borders are the wrong way round: which of the two holds letters of b before the piece?",
            ),
            Misconception(
                _find_in_windows,
                "You try parts of b that are as long as a. With gaps in the piece the best part may be longer.",
            ),
            Misconception(
                _find_column_of_one_gap,
                "Your first column costs one gap in every row. How many letters of a stand against gaps there?",
            ),
            Misconception(
                _find_without_gaps, "You lay the piece beside each place of b. There may be gaps in it as well."
            ),
        ),
        hint="Fill the matrix of AC with TAC by hand. Which border cells are free, and where is all of a placed?",
    ),
    Exercise(
        "3.3.1-c",
        expected=(23, 18, 13),
        solutions=([23, 18, 13], np.array([23.0, 18.0, 13.0])),
        misconceptions=(
            Misconception(
                (23, 18, 14),
                "You open a gap with the existence alone. BLAST charges the extension for the first position as well.",
            ),
            Misconception(
                (20, 18, 13), "M may follow any of the three states, not only M: a pair closes a gap without cost."
            ),
            Misconception(
                (20, 18, 14),
                "M may follow a gap too. And opening costs more than the existence alone.",
            ),
            Misconception(
                (23, 18, 15),
                "You have taken the extension off the existence. How much does a gap of one position cost?",
            ),
            Misconception((17, 18, 13), "The score of the new pair is missing in M."),
            Misconception((23, 24, 19), "The pair scores in M only: in X and Y the new column has a gap, and no pair."),
            Misconception(
                (23, 8, 13), "In X you open a gap that is open already: from X to X only the extension is paid."
            ),
            Misconception(
                (23, 18, 12), "A gap in one row may follow a gap in the other: Y can come from X as well, at full cost."
            ),
            Misconception((23, 13, 18), "X and Y are in the wrong order."),
            Misconception(
                (23, 24, 14),
                "X looks up, to cell (i-1, j); Y looks left, to cell (i, j-1). Yours are exchanged.",
            ),
            Misconception(
                (23, 19, 24), "You pay the extension whatever stood before. Only the gap's own state is open already."
            ),
            Misconception((23, 20, 25), "M is right. In X and Y the gap has to be paid for."),
        ),
        hint="Take one state at a time: which neighbour does it look at, and what does each of its three states pay?",
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
                lambda share, p, q: round(2 * math.log2(share / p * q)),
                "Python divides by the first frequency and multiplies by the second: brackets are missing.",
            ),
            Misconception(
                lambda share, p, q: round(2 * math.log2(share / (2 * p * q))),
                "Twice the product is the chance of two different letters in either order. This share is of one order.",
            ),
            Misconception(
                lambda share, p, q: round(math.log2(2 * share / (p * q))),
                "The 2 stands before the logarithm: twice the doublings, not the doublings of twice the share.",
            ),
            Misconception(
                lambda share, p, q: math.ceil(2 * math.log2(share / (p * q))),
                "`ceil` takes the whole number above. `round` takes the nearest one.",
            ),
            Misconception(
                lambda share, p, q: 2 * round(math.log2(share / (p * q))),
                "Round once, at the end: you round the whole bits and double what is left.",
            ),
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
                "Compare the share with what chance gives, frequency_u * frequency_v.",
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
                lambda letters, human_letter: round(_share(letters, human_letter), 2),
                "Do not round the share.",
            ),
            Misconception(
                lambda letters, human_letter: round(_share(letters, human_letter), 3),
                "Do not round the share, not to three decimals either.",
            ),
            Misconception(
                lambda letters, human_letter: sum(x == human_letter for x in letters),
                "That is the number of species; divide by those whose letter is known.",
            ),
        ),
        hint="Which of these letters say something about the position? Only those count, above the line and below it.",
    ),
]
