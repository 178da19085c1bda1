"""Alignment of two sequences: scores, alignments, and an alignment in little memory.

Everywhere in this module costs are positive numbers that are **subtracted**, and are given in one way: a gap of k
positions costs `gap_open` + (k - 1) * `gap_extend`, the first position `gap_open` and each further one `gap_extend`;
without `gap_extend` each position costs `gap_open` (linear costs). Biopython, EMBOSS and parasail count in the same
way; BLAST counts `gap_open` + k * `gap_extend` (its "11, 1" is 12, 1 here). A gap in one sequence may follow directly
on a gap in the other: these are two gaps.

Sequences are strings of letters of the substitution matrix, which are capitals in those that have a name. Nothing is
repaired silently: lower case (which in FASTA files often marks masked regions), gap characters and unknown letters
raise a ValueError that says where they are. Empty sequences are allowed: everything is then a gap, or, in a local
alignment, nothing is aligned.

**Which of several best alignments?** Columns are chosen from the end backwards: a pair of letters if any best alignment
has one there, or else a gap in `b` (a letter of `a` above "-"), or else a gap in `a`. So the rule names one alignment.
`hirschberg` alone does not keep it.

**How exact?** Scores and costs are turned into whole numbers before anything is added: with a cost of 0.5 all is
counted in halves, with 0.1 in tenths. Sums are then exact, and equal scores are equal. Numbers that have too many
digits for that, such as 1 / 3, are rounded, by less than a part in 10^9 of the largest score of the matrix. What cannot
be added in this way in 64 bits (a gap cost of 10^19) is refused.

How it is fast: within a row of the matrix the best gap from the left is a running maximum, which
`numpy.maximum.accumulate` finds in one call, once every score is shifted by the cost of the gaps that lead to it.
"""

import functools
import itertools
import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from course_utils import _checks

__all__ = [
    "Alignment",
    "SubstitutionMatrix",
    "align_global",
    "align_local",
    "align_scores",
    "conservation",
    "encode",
    "global_score",
    "hirschberg",
    "local_score",
    "local_scores",
    "score_alignment",
    "substitution_matrix",
]

MAX_CELLS = 250_000_000  # of the matrix that a traceback needs, one byte each
_AT_ONCE = 1 << 15  # letters of the targets that `local_scores` scores together: they stay in the cache
_SMALL = 1 << 18  # cells below which `hirschberg` keeps a whole matrix
_LIMIT = 1 << 62  # of all sums: twice as much would still be a 64-bit integer
_PAIR, _DOWN, _DOWN_OPENS, _DOWN_EXTENDS, _RIGHT_OPENS, _STOP = 1, 2, 4, 8, 16, 32  # bits of the traceback: see `_note`
_RIGHT = 64  # a step, like _PAIR and _DOWN; it needs no bit


# ---------------------------------------------------------------------------------------------------------------------
# Letters and scores


@dataclass(frozen=True, eq=False)
class SubstitutionMatrix:
    """What `substitution_matrix` returns: `scores[p, q]` is the score of `alphabet[p]` and `alphabet[q]`."""

    name: str
    alphabet: str
    scores: np.ndarray  # [letters, letters], int64 or float64, cannot be written to

    def __post_init__(self):
        alphabet, scores = _alphabet(self.alphabet), _table(self.scores)
        if scores.shape != (len(alphabet), len(alphabet)):
            raise ValueError(f"scores must have a row and a column for each of {alphabet!r}, got shape {scores.shape}")
        scores.setflags(write=False)
        object.__setattr__(self, "scores", scores)

    def __getitem__(self, pair):
        """Look up the score of two letters: `matrix["W", "W"]`."""
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise TypeError(f"a matrix is asked for two letters, as in matrix['W', 'W'], got {pair!r}")
        first, second = (self.alphabet.find(x) if isinstance(x, str) and len(x) == 1 else -1 for x in pair)
        if first < 0 or second < 0:
            raise ValueError(f"a matrix is asked for two letters of {self.alphabet!r}, got {pair!r}")
        return self.scores[first, second].item()


def substitution_matrix(name=None, *, match=None, mismatch=None, alphabet="ACGT"):
    """Give a named substitution matrix, or one with a single score for equal letters and one for different letters.

    Parameters
    ----------
    name : str, optional
        A matrix that Biopython carries: "BLOSUM62", "BLOSUM50", "PAM250", ...
    match, mismatch : int or float, optional
        Instead of a name: the score of equal and of different letters.
    alphabet : str
        The letters, with `match` and `mismatch`: all different, no gap character, no space.

    Returns
    -------
    SubstitutionMatrix

    Raises
    ------
    ValueError
        If there is no such matrix, it is not one over single letters, or a name and scores are given together; if a
        score is not finite, or is 2^62 or more; if the alphabet is not as described.
    TypeError
        If neither a name nor both scores are given, or an argument is of the wrong kind.

    Notes
    -----
    Henikoff and Henikoff, PNAS 89:10915-10919 (1992), https://doi.org/10.1073/pnas.89.22.10915, for BLOSUM.

    Taught in: 03_3_1_sequence_alignment
    """
    if name is not None:
        if match is not None or mismatch is not None:
            raise ValueError("name and match/mismatch exclude each other: give one of them")
        return _named_matrix(_checks.text(name, "name", "the name of a matrix, such as 'BLOSUM62'"))
    match, mismatch = _number(match, "match"), _number(mismatch, "mismatch")
    scores = np.where(np.eye(len(_alphabet(alphabet)), dtype=bool), match, mismatch)
    return SubstitutionMatrix(f"{match:+g}/{mismatch:+g}", alphabet, scores)


@functools.cache
def _named_matrix(name):
    from Bio.Align import substitution_matrices  # here, so that importing this module stays quick

    matrix = substitution_matrices.load(_checks.choice(name, "name", substitution_matrices.load()))
    if matrix.ndim != 2 or not isinstance(matrix.alphabet, str):
        raise ValueError(f"name must be a matrix over single letters, got {name!r}")
    return SubstitutionMatrix(name, matrix.alphabet, np.array(matrix, dtype=float))


def _alphabet(alphabet):
    _checks.text(alphabet, "alphabet", "a string of different letters")
    if not alphabet or len(set(alphabet)) < len(alphabet):
        raise ValueError(f"alphabet must be a string of different letters, got {alphabet!r}")
    for letter in alphabet:
        if letter in "-." or letter.isspace():
            raise ValueError(f"alphabet must have no gap character and no space, got {letter!r} in {alphabet!r}")
    return alphabet


def _table(scores):
    """Check a table of scores. Returns a copy: int64 if they are whole numbers, float64 if not."""
    scores = _checks.array(scores, "scores", axes=2)
    if np.abs(scores.astype(np.float64)).max() >= _LIMIT:
        raise ValueError("scores must be smaller than 2^62")
    return scores.astype(np.int64 if np.array_equal(scores, np.rint(scores)) else np.float64)


def encode(sequence, alphabet):
    """Turn a sequence into the positions of its letters in an alphabet.

    Parameters
    ----------
    sequence : str
        Letters of the alphabet, without gap characters. May be empty.
    alphabet : str
        The letters that are allowed: all different, no gap character, no space.

    Returns
    -------
    numpy array, [len(sequence)] int64

    Raises
    ------
    TypeError
        If the sequence or the alphabet is no string (None, a list, bytes).
    ValueError
        If the alphabet is not as described, or a character is not in it; lower case and gap characters are named so.

    Taught in: 03_3_1_sequence_alignment
    """
    return _encode(sequence, _alphabet(alphabet), "sequence")


def _encode(sequence, alphabet, name):
    _checks.text(sequence, name, "a string of letters")
    # "surrogatepass": half a character is refused below like any other letter that is not in the alphabet
    points = np.frombuffer(sequence.encode("utf-32-le", "surrogatepass"), np.uint32)
    last = max(map(ord, alphabet)) + 1
    table = np.full(last + 1, -1)
    table[[ord(letter) for letter in alphabet]] = np.arange(len(alphabet))
    codes = table[np.minimum(points, last)]
    if (codes >= 0).all():
        return codes
    place = int(np.argmax(codes < 0))
    letter = sequence[place]
    what = f"{name} has {letter!r} at position {place}"
    if letter.upper() in alphabet:
        raise ValueError(f"{what}: lower case is not accepted, because it often marks masked regions; use .upper()")
    if letter in "-." and "-" not in alphabet:
        raise ValueError(f"{what}: a gap character. Take the gaps out before you align")
    raise ValueError(f"{what}, which is not in the alphabet {alphabet!r}")


def _number(value, name):
    """Check a score or a cost. Returns an int where it is a whole number."""
    as_float = _checks.number(value, name)
    if abs(as_float) >= _LIMIT:
        raise ValueError(f"{name} must be smaller than 2^62, got {as_float:g}")
    return int(value) if as_float.is_integer() else as_float


def _costs(gap_open, gap_extend):
    gap_open = _cost(gap_open, "gap_open")
    gap_extend = gap_open if gap_extend is None else _cost(gap_extend, "gap_extend")
    if gap_open < gap_extend:
        raise ValueError(f"gap_open must be at least gap_extend, got {gap_open} and {gap_extend}")
    return gap_open, gap_extend


def _cost(value, name):
    value = _number(value, name)
    if value < 0:
        raise ValueError(f"{name} must be at least 0, got {value}: costs are positive numbers that are subtracted")
    return value


def _matrix(substitution):
    if isinstance(substitution, str):
        return substitution_matrix(substitution)
    if not isinstance(substitution, SubstitutionMatrix):
        raise TypeError(f"substitution must be a SubstitutionMatrix or a name, got {type(substitution).__name__}")
    return substitution


def _prepare(a, b, substitution, gap_open, gap_extend):
    """Check the arguments. Returns the codes of the sequences, and what `_whole` returns."""
    costs = _costs(gap_open, gap_extend)
    substitution = _matrix(substitution)
    a, b = _encode(a, substitution.alphabet, "a"), _encode(b, substitution.alphabet, "b")
    return a, b, *_whole(substitution.scores, *costs, len(a) + len(b))


def _whole(scores, gap_open, gap_extend, length):
    """Turn scores and costs into whole numbers, the scores in the smallest type in which no sum overflows.

    Returns the scores, both costs, and the unit: how many of these whole numbers make 1. Decimals such as 0.5 and 0.1
    are multiplied by the smallest number that makes all of them whole; what has more digits is rounded.
    """
    largest = np.abs(scores).max(initial=0).item()
    bound = (Fraction(largest) + 2 * Fraction(gap_open)) * (length + 2)  # no sum is larger
    unit, too_rough = 1, False
    for value in (gap_open, gap_extend, *([] if scores.dtype.kind == "i" else np.unique(scores).tolist())):
        unit = math.lcm(unit, Fraction(str(value)).denominator)
        if unit > 1 and unit * bound >= 2**52:  # too many digits: round to fractions of a power of two
            unit = 2 ** min(max(61 - math.frexp(bound)[1], 0), 1000)
            too_rough = (largest or gap_open) * unit < 2**30
            break
    if unit * bound >= _LIMIT or too_rough:
        raise ValueError(
            f"gap_open and the scores are too large, too small or too far apart to be added up exactly over {length} "
            f"letters, got {gap_open:g} and scores up to {largest:g}"
        )
    if unit > 1:
        gap_open, gap_extend = (round(Fraction(str(cost)) * unit) for cost in (gap_open, gap_extend))
        scores = np.rint(scores * float(unit))
    return scores.astype(np.int32 if unit * bound < 2**30 else np.int64), gap_open, gap_extend, unit


def _in_ones(total, unit):
    """Turn a sum back: a whole number stays one where scores and costs were whole numbers."""
    return total if unit == 1 else total / unit


# ---------------------------------------------------------------------------------------------------------------------
# Scores alone: two rows in memory


def global_score(a, b, substitution, gap_open, gap_extend=None, *, free_ends=False):
    """Score the best alignment of two whole sequences (Needleman-Wunsch; with affine gaps, Gotoh).

    Parameters
    ----------
    a, b : str
        Letters of the matrix; may be empty.
    substitution : SubstitutionMatrix or str
        Or the name of one: see `substitution_matrix`.
    gap_open, gap_extend : int or float
        A gap of k positions costs gap_open + (k - 1) * gap_extend, which is subtracted; 0 <= gap_extend <= gap_open.
        Without `gap_extend` every position costs `gap_open`, which is faster.
    free_ends : bool
        True: gaps before and after a sequence cost nothing (semi-global alignment). EMBOSS needle does so unless told
        otherwise; its scores are the same for the ten pairs of `datasets.load_emboss_pairs`, not for every pair.

    Returns
    -------
    int or float
        An int if all scores of the matrix and the costs are whole numbers, as 8.0 is.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind.
    ValueError
        If a sequence has a letter that the matrix has not, the matrix has no such name, or a cost is negative, not
        finite, or too large; if `gap_extend` is more than `gap_open`.

    Notes
    -----
    Needleman and Wunsch, J. Mol. Biol. 48:443-453 (1970), https://doi.org/10.1016/0022-2836(70)90057-4; Gotoh, J. Mol.
    Biol. 162:705-708 (1982), https://doi.org/10.1016/0022-2836(82)90398-9, with the initial values of Flouri et al.
    (2015), https://doi.org/10.1101/031500. Time grows with len(a) * len(b); memory with the longer sequence, so that
    two sequences of 10^5 letters need minutes, but little memory.

    Taught in: 03_3_1_sequence_alignment
    """
    _checks.boolean(free_ends, "free_ends")
    a, b, scores, gap_open, gap_extend, unit = _prepare(a, b, substitution, gap_open, gap_extend)
    a, b, scores = _shorter_first(a, b, scores)
    if gap_open == gap_extend and not free_ends:
        return _in_ones(_last_row(a, b, scores, gap_open)[-1].item(), unit)
    row, column = _global_affine(scores[:, b], a.tolist(), gap_open, gap_extend, free_ends)
    return _in_ones(max(row.max(), column.max()).item() if free_ends else row[-1].item(), unit)


def local_score(a, b, substitution, gap_open, gap_extend=None):
    """Score the best alignment of any part of `a` with any part of `b` (Smith-Waterman).

    Parameters
    ----------
    a, b, substitution, gap_open, gap_extend
        As in `global_score`.

    Returns
    -------
    int or float
        Not negative: 0 where no pair of letters scores above 0.

    Raises
    ------
    TypeError, ValueError
        As `global_score`.

    Notes
    -----
    Smith and Waterman, J. Mol. Biol. 147:195-197 (1981), https://doi.org/10.1016/0022-2836(81)90087-5.

    Taught in: 03_3_1_sequence_alignment
    """
    a, b, scores, gap_open, gap_extend, unit = _prepare(a, b, substitution, gap_open, gap_extend)
    a, b, scores = _shorter_first(a, b, scores)
    if gap_open == gap_extend:
        return _in_ones(_local_linear(scores[:, b], a.tolist(), gap_open), unit)
    return _in_ones(_local_affine(scores[:, b], a.tolist(), gap_open, gap_extend)[0], unit)


def local_scores(query, targets, substitution, gap_open, gap_extend=None):
    """Score the best local alignment of one sequence with each of many: a search through a database.

    Parameters
    ----------
    query : str
        Letters of the matrix; may be empty.
    targets : list or tuple of str
        Any number of them, each as `query`.
    substitution, gap_open, gap_extend
        As in `global_score`.

    Returns
    -------
    numpy array, [len(targets)] int64 or float64
        What `local_score` gives for each; faster where the targets are many and short.

    Raises
    ------
    TypeError, ValueError
        As `global_score`, or if `targets` is no list or tuple.

    Notes
    -----
    Targets of similar length fill one matrix each, a row of letters below the other; what is missing at the end of a
    row is filled with a letter that scores 0 with all others, which adds nothing to an alignment.

    Taught in: 03_3_1_sequence_alignment
    """
    costs = _costs(gap_open, gap_extend)
    if not isinstance(targets, (list, tuple)):
        raise TypeError(f"targets must be a list or tuple of strings, got {type(targets).__name__}")
    substitution = _matrix(substitution)
    alphabet = substitution.alphabet
    query = _encode(query, alphabet, "query")
    codes = [_encode(target, alphabet, f"targets[{k}]") for k, target in enumerate(targets)]
    longest = max(map(len, codes), default=0)
    scores, gap_open, gap_extend, unit = _whole(substitution.scores, *costs, len(query) + longest)
    scores = np.column_stack([scores, np.zeros(len(alphabet), scores.dtype)])  # the last letter fills up
    found = np.zeros(len(codes), np.int64)
    order = sorted(range(len(codes)), key=lambda k: len(codes[k]))
    while order:
        room = 1.25 * len(codes[order[0]]) + 20  # so that not much is filled up
        group = [k for k in order[: max(1, _AT_ONCE // int(room))] if len(codes[k]) <= room]
        del order[: len(group)]
        padded = np.full((len(group), len(codes[group[-1]])), len(alphabet))
        for row, k in enumerate(group):
            padded[row, : len(codes[k])] = codes[k]
        found[group] = _local_affine_many(scores[:, padded], query.tolist(), gap_open, gap_extend)
    return _in_ones(found, unit)


def _shorter_first(a, b, scores):
    """Let the loop run over the shorter sequence, and NumPy over the longer."""
    return (a, b, scores) if len(a) <= len(b) else (b, a, scores.T)


def _never(kind):
    """Give what stands for minus infinity: below every sum, and far enough from the end of the type to be lowered."""
    return np.iinfo(kind).min // 2


def _last_row(a, b, scores, gap):
    """Fill the matrix F row by row, for linear costs, and return its last row.

    With h[i, j] = F[i, j] + gap * (i + j) a gap costs nothing, and a pair of letters scores 2 * gap more.
    """
    profile = list(scores[:, b] + scores.dtype.type(2 * gap))  # profile[p][j]: the letter p against b[j]
    h, new = np.zeros((2, len(b) + 1), scores.dtype)
    for letter in a.tolist():
        inner = new[1:]
        np.add(h[:-1], profile[letter], out=inner)
        np.maximum(inner, h[1:], out=inner)
        np.maximum.accumulate(inner, out=inner)  # new[0] stays 0, and no score is below it
        h, new = new, h
    return h - gap * np.arange(len(a), len(a) + len(b) + 1, dtype=scores.dtype)


def _local_linear(profile, a, gap):
    """Find the largest value of the matrix of Smith and Waterman, with h[i, j] = F[i, j] + gap * j."""
    kind = profile.dtype.type
    profile = profile + kind(gap)
    zero = kind(gap) * np.arange(profile.shape[1] + 1, dtype=kind)
    h, best, new = zero.copy(), zero.copy(), np.empty_like(zero)
    for letter in a:
        np.subtract(h, kind(gap), out=new)
        h[:-1] += profile[letter]
        np.maximum(new[1:], h[:-1], out=new[1:])
        np.maximum(new, zero, out=new)
        np.maximum.accumulate(new, out=new)
        np.maximum(best, new, out=best)
        h, new = new, h
    return (best - zero).max().item()


def _global_affine(profile, a, gap_open, gap_extend, free_ends, directions=None):
    """Fill the three matrices of Gotoh row by row. Returns the last row and the last column of the best scores.

    In the shifted scores h = F + gap_extend * (i + j) extending a gap costs nothing, opening one `gap_open` -
    `gap_extend`. `down[j]` ends with a letter of `a` against a gap, `right[j]` with a letter of `b` against a gap.
    `profile[a[i], j]` is the score of a[i] and b[j]. `directions`, if given, is filled with the bits of the traceback.
    """
    kind = profile.dtype.type
    open_more = kind(gap_open - gap_extend)
    profile = profile + kind(2 * gap_extend)
    m = profile.shape[1]
    shift = kind(gap_extend) * np.arange(max(len(a), m) + 1, dtype=kind)
    h = shift[: m + 1].copy() if free_ends else np.full(m + 1, -open_more)
    h[0] = 0
    column = np.full(len(a) + 1, h[-1])
    down = np.full(m + 1, _never(kind), kind)
    right = np.full(m + 1, _never(kind), kind)
    opened, reached, furthest = np.empty((3, m + 1), kind)
    for i, letter in enumerate(a, start=1):
        before = down.copy() if directions is not None else None
        np.subtract(h, open_more, out=opened)
        np.maximum(down, opened, out=down)
        diagonal = h[:-1] + profile[letter]
        np.maximum(diagonal, down[1:], out=reached[1:])
        reached[0] = shift[i] if free_ends else -open_more
        np.maximum.accumulate(reached, out=furthest)  # the best place to open a gap from, so far to the left
        np.subtract(furthest[:-1], open_more, out=right[1:])
        np.maximum(reached, right, out=h)
        column[i] = h[-1]
        if directions is not None:
            _note(directions[i], h, diagonal, down, opened, before, furthest)
    return h - shift[: m + 1] - shift[len(a)], column - shift[: len(a) + 1] - shift[m]


def _local_affine(profile, a, gap_open, gap_extend, directions=None):
    """Like `_global_affine`, for local alignments, with h = F + gap_extend * j. Returns the best score and its cell.

    Of several cells with the best score it is the first one in the first row that has one; without `directions` the
    cell is not looked for.
    """
    kind = profile.dtype.type
    open_more = kind(gap_open - gap_extend)
    profile = profile + kind(gap_extend)
    m = profile.shape[1]
    zero = kind(gap_extend) * np.arange(m + 1, dtype=kind)
    h = zero.copy()
    down = np.full(m + 1, _never(kind), kind)
    right = np.full(m + 1, _never(kind), kind)
    opened, reached, furthest = np.empty((3, m + 1), kind)
    best = zero.copy()
    score, end = 0, (0, 0)
    for i, letter in enumerate(a, start=1):
        np.subtract(down, kind(gap_extend), out=down)
        before = down.copy() if directions is not None else None
        np.subtract(h, kind(gap_open), out=opened)
        np.maximum(down, opened, out=down)
        diagonal = h[:-1] + profile[letter]
        np.maximum(diagonal, down[1:], out=reached[1:])
        reached[0] = 0
        np.maximum(reached, zero, out=reached)
        np.maximum.accumulate(reached, out=furthest)
        np.subtract(furthest[:-1], open_more, out=right[1:])
        np.maximum(reached, right, out=h)
        if directions is None:
            np.maximum(best, h, out=best)
            continue
        _note(directions[i], h, diagonal, down, opened, before, furthest)
        directions[i] |= (h == zero).view(np.uint8) * np.uint8(_STOP)
        if (row := h - zero).max() > score:
            score, end = row.max().item(), (i, int(row.argmax()))
    return (score if directions is not None else (best - zero).max().item()), end


def _local_affine_many(profile, a, gap_open, gap_extend):
    """Like `_local_affine`, scores alone, for many second sequences: `profile` is [letters, sequences, positions]."""
    kind = profile.dtype.type
    profile = profile + kind(gap_extend)
    zero = kind(gap_extend) * np.arange(profile.shape[2] + 1, dtype=kind)
    h = np.tile(zero, (profile.shape[1], 1))
    down, right = np.full((2, *h.shape), _never(kind), kind)
    best, reached, diagonal = h.copy(), np.empty_like(h), np.empty_like(h[:, 1:])
    for letter in a:
        np.subtract(down, kind(gap_extend), out=down)
        np.subtract(h, kind(gap_open), out=reached)
        np.maximum(down, reached, out=down)
        np.add(h[:, :-1], profile[letter], out=diagonal)
        np.maximum(diagonal, down[:, 1:], out=reached[:, 1:])
        reached[:, 0] = 0
        np.maximum(reached, zero, out=reached)
        np.maximum.accumulate(reached, axis=1, out=h)
        np.subtract(h[:, :-1], kind(gap_open - gap_extend), out=right[:, 1:])
        np.maximum(reached[:, 1:], right[:, 1:], out=h[:, 1:])
        np.maximum(best, h, out=best)
    return (best - zero).max(axis=1)


def _note(bits, h, diagonal, down, opened, before, furthest):
    """Write down for one row what the traceback needs.

    _PAIR, _DOWN: the best score of the cell ends with a pair, with a gap in `b`. Where it ends with neither, it ends
    with a gap in `a`. _DOWN_OPENS, _DOWN_EXTENDS, _RIGHT_OPENS: the gap that ends here can begin here, or before.
    """
    bits[1:] = h[1:] == diagonal
    bits |= (h == down).view(np.uint8) * np.uint8(_DOWN)
    bits |= (down == opened).view(np.uint8) * np.uint8(_DOWN_OPENS)
    bits |= (down == before).view(np.uint8) * np.uint8(_DOWN_EXTENDS)
    bits[1:] |= (h[:-1] == furthest[:-1]).view(np.uint8) * np.uint8(_RIGHT_OPENS)


# ---------------------------------------------------------------------------------------------------------------------
# Alignments


@dataclass(frozen=True)
class Alignment:
    """Two sequences, one above the other. `print(alignment)` shows them in blocks, equal letters joined by a bar."""

    row_a: str  # the aligned part of a, "-" where it has a gap
    row_b: str  # the aligned part of b, as long as row_a
    score: float
    start_a: int = 0  # position in a, from 0, of the first letter of row_a
    start_b: int = 0

    @property
    def identities(self):
        """Number of columns in which both letters are the same."""
        return sum(p == q for p, q in zip(self.row_a, self.row_b, strict=True))

    @property
    def gaps(self):
        """Number of columns in which one row has a gap."""
        return self.row_a.count("-") + self.row_b.count("-")

    def __str__(self):
        bars = "".join("|" if p == q else " " for p, q in zip(self.row_a, self.row_b, strict=True))
        blocks = []
        for start in range(0, len(bars), 60):
            part = slice(start, start + 60)
            from_a = self.start_a + start - self.row_a[:start].count("-") + 1
            from_b = self.start_b + start - self.row_b[:start].count("-") + 1
            lines = [f"{from_a:>5} {self.row_a[part]}", f"{'':5} {bars[part]}", f"{from_b:>5} {self.row_b[part]}"]
            blocks.append("\n".join(line.rstrip() for line in lines))
        return "\n\n".join(blocks)


def align_global(a, b, substitution, gap_open, gap_extend=None, *, free_ends=False):
    """Align two whole sequences: one alignment with the best score (there may be others).

    Parameters
    ----------
    a, b, substitution, gap_open, gap_extend, free_ends
        As in `global_score`.

    Returns
    -------
    Alignment
        Its rows hold the whole sequences. Of several best alignments it is the one whose last column is a pair of
        letters, if any of them ends so; or else a gap in `b`, if any ends so; or else a gap in `a`; and of those that
        are left, the one whose last column but one is a pair, and so on to the beginning.

    Raises
    ------
    TypeError, ValueError
        As `global_score`, or if the matrix would have more than 250 million cells: `hirschberg` aligns longer
        sequences.

    Taught in: 03_3_1_sequence_alignment
    """
    codes_a, codes_b, scores, gap_open, gap_extend, unit = _prepare(a, b, substitution, gap_open, gap_extend)
    score, steps = _align_global(scores[:, codes_b], codes_a.tolist(), gap_open, gap_extend, free_ends)
    row_a, row_b = _rows(a, b, steps)
    return Alignment(row_a, row_b, _in_ones(score, unit))


def align_local(a, b, substitution, gap_open, gap_extend=None):
    """Align the parts of two sequences that match best (Smith-Waterman): one alignment with the best score.

    Parameters
    ----------
    a, b, substitution, gap_open, gap_extend
        As in `global_score`.

    Returns
    -------
    Alignment
        Its rows hold the aligned parts, `start_a` and `start_b` say where they begin. Both rows are empty where no
        pair of letters scores above 0. Of several best alignments it is the one that ends first in `a`, of these the
        one that ends first in `b`; from there backwards its columns are chosen as in `align_global`, and it begins as
        soon as the score is reached: a part in front that adds 0 is left out.

    Raises
    ------
    TypeError, ValueError
        As `align_global`.

    Taught in: 03_3_1_sequence_alignment
    """
    codes_a, codes_b, scores, gap_open, gap_extend, unit = _prepare(a, b, substitution, gap_open, gap_extend)
    directions = _new_directions(len(a), len(b))
    score, (i, j) = _local_affine(scores[:, codes_b], codes_a.tolist(), gap_open, gap_extend, directions)
    steps, start_a, start_b = _trace(directions, i, j)
    row_a, row_b = _rows(a[start_a:], b[start_b:], steps)
    return Alignment(row_a, row_b, _in_ones(score, unit), start_a, start_b)


def align_scores(scores, gap_open, gap_extend=None, *, free_ends=False):
    """Align two series of anything, such as the columns of two alignments, given the score of every pair.

    Parameters
    ----------
    scores : array [L_a, L_b]
        `scores[i, j]` is the score of item i of the first with item j of the second series.
    gap_open, gap_extend, free_ends
        As in `global_score`.

    Returns
    -------
    columns_a, columns_b : numpy arrays of int64, equally long
        For each column of the alignment the item of the first and of the second series, -1 for a gap. Of several best
        alignments the one that `align_global` would give.
    score : int or float

    Raises
    ------
    TypeError, ValueError
        As `align_global`, or if `scores` is no table of finite numbers below 2^62.

    Taught in: 03_3_1_sequence_alignment
    """
    costs = _costs(gap_open, gap_extend)
    if not (isinstance(scores, np.ndarray) and scores.ndim == 2 and not scores.size):  # an empty series is all gaps
        scores = _table(scores)
    scores, gap_open, gap_extend, unit = _whole(scores, *costs, sum(scores.shape))
    score, steps = _align_global(scores, range(len(scores)), gap_open, gap_extend, free_ends)
    moves = np.array(steps, dtype=np.int64)
    columns = []
    for letters in (moves != _RIGHT, moves != _DOWN):
        columns.append(np.where(letters, np.cumsum(letters) - 1, -1))
    return *columns, _in_ones(score, unit)


def _align_global(profile, a, gap_open, gap_extend, free_ends):
    """Fill and trace back. Returns the score and the steps from the beginning, end gaps included."""
    n, m = len(a), profile.shape[1]
    directions = _new_directions(n, m)
    row, column = _global_affine(profile, a, gap_open, gap_extend, free_ends, directions)
    end_a, end_b = _last_cell(row, column, directions) if _checks.boolean(free_ends, "free_ends") else (n, m)
    steps, start_a, start_b = _trace(directions, end_a, end_b)
    before = [_DOWN] * start_a + [_RIGHT] * start_b
    score = column[end_a] if end_b == m else row[end_b]
    return score.item(), before + steps + [_DOWN] * (n - end_a) + [_RIGHT] * (m - end_b)


def _new_directions(n, m):
    if n * m > MAX_CELLS:
        raise ValueError(
            f"aligning {n} with {m} letters takes a matrix of {n * m:.1e} cells, at most {MAX_CELLS:.1e} are kept. "
            "`hirschberg` aligns them in little memory; the functions that only score need little memory too"
        )
    return np.zeros((n + 1, m + 1), np.uint8)


def _last_cell(row, column, directions):
    """Choose where the free gap at the end begins, by the rule: pair, or else gap in `b`, or else gap in `a`."""
    n, m = len(column) - 1, len(row) - 1
    best = max(row.max(), column.max())
    ends = np.flatnonzero(column == best)  # from here a gap in `b` leads to the corner
    if not len(ends):
        return n, int(np.flatnonzero(row == best)[-1])
    pairs = ends[(directions[ends, m] & _PAIR) > 0]
    return int(pairs[-1] if len(pairs) else ends[0]), m


def _trace(directions, i, j):
    """Walk back until an edge, or a cell to stop at. Returns the steps from the beginning, and where they begin."""
    steps = []
    ways = directions.item(i, j)
    while i > 0 and j > 0 and not ways & _STOP:
        bits = directions.item(i, j)
        if ways & _PAIR:
            steps.append(_PAIR)
            i, j = i - 1, j - 1
            ways = directions.item(i, j)
        elif ways & _DOWN:
            steps.append(_DOWN)
            i -= 1
            ways = (directions.item(i, j) if bits & _DOWN_OPENS else 0) | (_DOWN if bits & _DOWN_EXTENDS else 0)
        else:
            steps.append(_RIGHT)
            j -= 1
            ways = directions.item(i, j) if bits & _RIGHT_OPENS else 0
    return steps[::-1], i, j


def _rows(a, b, steps):
    letters_a, letters_b = iter(a), iter(b)
    row_a = "".join("-" if step == _RIGHT else next(letters_a) for step in steps)
    row_b = "".join("-" if step == _DOWN else next(letters_b) for step in steps)
    return row_a, row_b


def hirschberg(a, b, substitution, gap_open):
    """Align two whole sequences in memory that grows with their length, not with its square.

    Parameters
    ----------
    a, b, substitution, gap_open
        As in `global_score`. Every position of a gap costs `gap_open`: this method is for linear costs.

    Returns
    -------
    Alignment
        With the score of `global_score`, in about twice the time. Where several alignments have that score it need
        not be the one of `align_global`.

    Raises
    ------
    TypeError, ValueError
        As `global_score`.

    Notes
    -----
    Hirschberg, Communications of the ACM 18:341-343 (1975), https://doi.org/10.1145/360825.360861: the best alignment
    passes the middle of `a` where the score of the first half and that of the reversed second half add up to most.

    Taught in: 03_3_1_sequence_alignment
    """
    codes_a, codes_b, scores, gap, _, unit = _prepare(a, b, substitution, gap_open, None)
    rows_a, rows_b, total = [], [], 0
    parts = [(0, len(a), 0, len(b))]  # the last is aligned next
    while parts:
        a0, a1, b0, b1 = parts.pop()
        left, right = codes_a[a0:a1], codes_b[b0:b1]
        if a1 - a0 < 2 or (a1 - a0) * (b1 - b0) <= _SMALL:
            score, steps = _align_global(scores[:, right], left.tolist(), gap, gap, False)
            row_a, row_b = _rows(a[a0:a1], b[b0:b1], steps)
            rows_a.append(row_a)
            rows_b.append(row_b)
            total += score
            continue
        middle = (a1 - a0) // 2
        forwards = _last_row(left[:middle], right, scores, gap)
        backwards = _last_row(left[: middle - 1 : -1], right[::-1], scores, gap)
        cut = int(np.argmax(forwards + backwards[::-1]))
        parts += [(a0 + middle, a1, b0 + cut, b1), (a0, a0 + middle, b0, b0 + cut)]
    return Alignment("".join(rows_a), "".join(rows_b), _in_ones(total, unit))


def score_alignment(row_a, row_b, substitution, gap_open, gap_extend=None, *, free_ends=False):
    """Score a given alignment, column by column and gap by gap.

    Parameters
    ----------
    row_a, row_b : str
        Letters of the matrix, and "-" for a gap; equally long. Neighbouring gaps in different rows are two gaps.
    substitution, gap_open, gap_extend, free_ends
        As in `global_score`.

    Returns
    -------
    int or float

    Raises
    ------
    TypeError, ValueError
        As `global_score`, or if the rows differ in length, or a column has two gaps.

    Taught in: 03_3_1_sequence_alignment
    """
    costs, substitution = _costs(gap_open, gap_extend), _matrix(substitution)
    _checks.boolean(free_ends, "free_ends")
    a, b = (_encode(row, substitution.alphabet + "-", name) for row, name in ((row_a, "row_a"), (row_b, "row_b")))
    _checks.same_length(row_a=row_a, row_b=row_b)
    scores, gap_open, gap_extend, unit = _whole(substitution.scores, *costs, 2 * len(a))
    gaps_a, gaps_b = (codes == len(substitution.alphabet) for codes in (a, b))
    if (gaps_a & gaps_b).any():
        raise ValueError(
            f"row_a and row_b must not both have a gap in one column, got it in {np.argmax(gaps_a & gaps_b)}"
        )
    pairs = ~gaps_a & ~gaps_b
    total = scores[a[pairs], b[pairs]].sum(dtype=np.int64).item()
    for gaps, row in ((gaps_a, row_a), (gaps_b, row_b)):
        first, last = len(row) - len(row.lstrip("-")), len(row.rstrip("-"))  # the letters are within
        for is_gap, columns in itertools.groupby(range(len(row)), key=gaps.item):
            columns = list(columns)
            if is_gap and not (free_ends and (columns[0] < first or columns[0] >= last)):
                total -= gap_open + (len(columns) - 1) * gap_extend
    return _in_ones(total, unit)


def conservation(alignment, reference, *, unknown):
    """For each column of a multiple alignment: the share of the other rows that have the letter of one row.

    Parameters
    ----------
    alignment : array [rows, columns] of single letters
        "-" is a gap, which does not count, for or against.
    reference : int
        The row the others are compared with. It does not count itself.
    unknown : str
        The letters that say "not known", which do not count either: "X" in proteins; "N" in DNA, or "NRYKMSWBDHV" where
        the letters for two or three possible bases occur. Without default, for "N" is an amino acid too. May be empty.

    Returns
    -------
    numpy array, [columns] float64
        From 0 to 1. NaN where the reference has a gap or an unknown letter, or no other row has a letter.

    Raises
    ------
    TypeError
        If `alignment` is no array of letters, `reference` no integer or `unknown` no string.
    ValueError
        If `alignment` is no table of single letters with two rows or more, or has no row `reference`; if it has lower
        case, ".", or spaces, which would count as letters of their own.

    Taught in: 03_3_1_sequence_alignment
    """
    try:
        alignment = np.asarray(alignment)
    except ValueError:
        raise ValueError("alignment must have rows of equal length") from None
    if alignment.dtype.kind != "U":
        raise TypeError(f"alignment must be an array of letters, got {alignment.dtype}")
    if alignment.ndim != 2 or len(alignment) < 2:
        raise ValueError(f"alignment must have two rows or more of single letters, got shape {alignment.shape}")
    reference = _checks.integer(reference, "reference", least=0, most=len(alignment) - 1)
    _checks.text(unknown, "unknown", "a string of letters")
    for letter in np.unique(alignment).tolist():
        if len(letter) != 1 or letter in ". " or letter != letter.upper():
            row, column = np.argwhere(alignment == letter)[0].tolist()
            where = f"{letter!r} in row {row}, column {column}"
            raise ValueError(f"alignment must hold single capital letters and '-' for a gap, got {where}")
    known = ~np.isin(alignment, ["-", *unknown])
    others = np.arange(len(alignment)) != reference
    n_known = known[others].sum(axis=0)
    n_same = (known & (alignment == alignment[reference]))[others].sum(axis=0)
    usable = known[reference] & (n_known > 0)
    return np.where(usable, n_same / np.maximum(n_known, 1), np.nan)
