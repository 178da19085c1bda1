"""Alignment of two sequences: scores, alignments, and an alignment in little memory.

Everywhere in this module costs are positive numbers that are **subtracted**. A gap of k positions costs k times `gap`,
or `gap_open` + (k - 1) * `gap_extend`: the first position costs `gap_open`, each further one `gap_extend`. Biopython,
EMBOSS and parasail count in the same way; BLAST counts `gap_open` + k * `gap_extend` (its "11, 1" is 12, 1 here).

Sequences are strings of capital letters of the substitution matrix. Nothing is repaired silently: lower case (which in
FASTA files often marks masked regions), gap characters and unknown letters raise a ValueError that says where they
are. Empty sequences are allowed: everything is then a gap, or, in a local alignment, nothing is aligned.

How it is fast: within a row of the matrix the best gap from the left is a running maximum, which
`numpy.maximum.accumulate` finds in one call, once every score is shifted by the cost of the gaps that lead to it.
"""

import functools
import math
import numbers
from dataclasses import dataclass

import numpy as np

__all__ = [
    "Alignment",
    "SubstitutionMatrix",
    "align_global",
    "align_local",
    "align_scores",
    "conservation",
    "encode",
    "global_score",
    "global_score_affine",
    "hirschberg",
    "local_score",
    "local_score_affine",
    "local_scores_affine",
    "score_alignment",
    "substitution_matrix",
]

MAX_CELLS = 250_000_000  # of the matrix that a traceback needs, one byte each
_AT_ONCE = 1 << 15  # letters of the targets that `local_scores_affine` scores together: they stay in the cache
_SMALL = 1 << 18  # cells below which `hirschberg` keeps a whole matrix
_NEVER = -(2**30)  # stands for minus infinity, also in 32-bit integers
_DIAGONAL, _DOWN, _RIGHT, _DOWN_EXTENDS, _RIGHT_EXTENDS = 1, 2, 4, 8, 16  # bits of the traceback


# ---------------------------------------------------------------------------------------------------------------------
# Letters and scores


@dataclass(frozen=True, eq=False)
class SubstitutionMatrix:
    """What `substitution_matrix` returns: `scores[p, q]` is the score of `alphabet[p]` and `alphabet[q]`."""

    name: str
    alphabet: str
    scores: np.ndarray  # [letters, letters], int64 or float64, cannot be written to

    def __getitem__(self, pair):
        """Look up the score of two letters: `matrix["W", "W"]`."""
        first, second = pair
        return self.scores[self.alphabet.index(first), self.alphabet.index(second)].item()


def substitution_matrix(name=None, *, match=None, mismatch=None, alphabet="ACGT"):
    """Give a named substitution matrix, or one with a single score for equal letters and one for different letters.

    Parameters
    ----------
    name : str, optional
        A matrix that Biopython carries: "BLOSUM62", "BLOSUM50", "PAM250", ...
    match, mismatch : int or float, optional
        Instead of a name: the score of equal and of different letters.
    alphabet : str
        The letters, with `match` and `mismatch`.

    Returns
    -------
    SubstitutionMatrix

    Raises
    ------
    ValueError, TypeError
        If there is no such matrix, or neither a name nor both scores are given.

    Notes
    -----
    Henikoff and Henikoff, PNAS 89:10915-10919 (1992), https://doi.org/10.1073/pnas.89.22.10915, for BLOSUM.

    Taught in: 03_3_1_sequence_alignment
    """
    if name is not None:
        if match is not None or mismatch is not None:
            raise ValueError("name and match/mismatch exclude each other: give one of them")
        if not isinstance(name, str):
            raise TypeError(f"name must be the name of a matrix, such as 'BLOSUM62', got {name!r}")
        return _named_matrix(name)
    match, mismatch = _number(match, "match"), _number(mismatch, "mismatch")
    if not isinstance(alphabet, str) or not alphabet or len(set(alphabet)) < len(alphabet):
        raise ValueError(f"alphabet must be a string of different letters, got {alphabet!r}")
    scores = np.where(np.eye(len(alphabet), dtype=bool), match, mismatch)
    return SubstitutionMatrix(f"{match:+g}/{mismatch:+g}", alphabet, _frozen(scores))


@functools.cache
def _named_matrix(name):
    from Bio.Align import substitution_matrices  # here, so that importing this module stays quick

    try:
        matrix = substitution_matrices.load(name)
    except FileNotFoundError:
        known = ", ".join(substitution_matrices.load())
        raise ValueError(f"name must be a matrix of Biopython, got {name!r}; there are {known}") from None
    if matrix.ndim != 2 or not isinstance(matrix.alphabet, str):
        raise ValueError(f"name must be a matrix over single letters, got {name!r}")
    return SubstitutionMatrix(name, matrix.alphabet, _frozen(np.array(matrix, dtype=float)))


def _frozen(scores):
    scores = np.asarray(scores)
    if np.array_equal(scores, np.round(scores)):
        scores = scores.astype(np.int64)
    scores.setflags(write=False)
    return scores


def encode(sequence, alphabet):
    """Turn a sequence into the positions of its letters in an alphabet.

    Parameters
    ----------
    sequence : str
        Capital letters, without gap characters. May be empty.
    alphabet : str
        The letters that are allowed.

    Returns
    -------
    numpy array, [len(sequence)] int64

    Raises
    ------
    TypeError
        If the sequence is no string (None, a list, bytes).
    ValueError
        If a character is not in the alphabet; lower case and gap characters are named as such.

    Taught in: 03_3_1_sequence_alignment
    """
    return _encode(sequence, alphabet, "sequence")


def _encode(sequence, alphabet, name):
    if not isinstance(sequence, str):
        raise TypeError(f"{name} must be a string of letters, got {type(sequence).__name__}")
    points = np.frombuffer(sequence.encode("utf-32-le"), np.uint32)
    table = np.full(128, -1)
    table[[ord(letter) for letter in alphabet]] = np.arange(len(alphabet))
    codes = np.where(points < 128, table[np.minimum(points, 127)], -1)
    if (codes >= 0).all():
        return codes
    place = int(np.argmax(codes < 0))
    letter = sequence[place]
    what = f"{name} has {letter!r} at position {place}"
    if letter.upper() in alphabet:
        raise ValueError(f"{what}: lower case is not accepted, because it often marks masked regions; use .upper()")
    if letter in "-.":
        raise ValueError(f"{what}: a gap character. Take the gaps out before you align")
    raise ValueError(f"{what}, which is not in the alphabet {alphabet!r}")


def _number(value, name):
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not math.isfinite(value):
        raise ValueError(f"{name} must be finite, got {value}")
    return int(value) if float(value).is_integer() else float(value)


def _cost(value, name):
    value = _number(value, name)
    if value < 0:
        raise ValueError(f"{name} must not be negative: costs are positive numbers that are subtracted, got {value}")
    return value


def _costs(gap_open, gap_extend):
    gap_open, gap_extend = _cost(gap_open, "gap_open"), _cost(gap_extend, "gap_extend")
    if gap_open < gap_extend:
        raise ValueError(f"gap_open must be at least gap_extend, got {gap_open} and {gap_extend}")
    return gap_open, gap_extend


def _prepare(a, b, substitution, *costs):
    """Check the sequences. Returns their codes and the scores, in the smallest type in which nothing overflows."""
    substitution = _matrix(substitution)
    a, b = _encode(a, substitution.alphabet, "a"), _encode(b, substitution.alphabet, "b")
    return a, b, _typed(substitution.scores, len(a) + len(b), costs)


def _matrix(substitution):
    if isinstance(substitution, str):
        return substitution_matrix(substitution)
    if not isinstance(substitution, SubstitutionMatrix):
        raise TypeError(f"substitution must be a SubstitutionMatrix or a name, got {type(substitution).__name__}")
    return substitution


def _typed(scores, length, costs):
    if scores.dtype.kind == "f" or any(isinstance(cost, float) for cost in costs):
        return scores.astype(np.float64)
    largest = int(np.abs(scores).max(initial=0)) + 2 * max(costs) + 1
    return scores.astype(np.int32 if largest * (length + 2) < 2**30 else np.int64)


# ---------------------------------------------------------------------------------------------------------------------
# Scores alone: two rows in memory


def global_score(a, b, substitution, gap, *, free_ends=False):
    """Score the best alignment of two whole sequences (Needleman-Wunsch), where each gap position costs the same.

    Parameters
    ----------
    a, b : str
        Capital letters of the matrix; may be empty.
    substitution : SubstitutionMatrix or str
        Or the name of one: see `substitution_matrix`.
    gap : int or float
        Cost of one gap position, not negative; it is subtracted.
    free_ends : bool
        True: gaps before and after a sequence cost nothing (semi-global alignment).

    Returns
    -------
    int or float
        A whole number if the scores and the cost are.

    Raises
    ------
    TypeError, ValueError
        If a sequence, the matrix or the cost is not as described.

    Notes
    -----
    Needleman and Wunsch, J. Mol. Biol. 48:443-453 (1970), https://doi.org/10.1016/0022-2836(70)90057-4. Time grows with
    len(a) * len(b); memory with the longer sequence, so that two sequences of 10^5 letters need minutes, but little
    memory.

    Taught in: 03_3_1_sequence_alignment
    """
    gap = _cost(gap, "gap")
    a, b, scores = _prepare(a, b, substitution, gap)
    a, b, scores = _shorter_first(a, b, scores)
    if free_ends:
        return _global_affine(scores[:, b], a.tolist(), gap, gap, free_ends)[0]
    return _last_row(a, b, scores, gap)[-1].item()


def _shorter_first(a, b, scores):
    """Let the loop run over the shorter sequence, and NumPy over the longer."""
    return (a, b, scores) if len(a) <= len(b) else (b, a, scores.T)


def _last_row(a, b, scores, gap):
    """Fill the matrix F row by row, and return its last row.

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


def local_score(a, b, substitution, gap):
    """Score the best alignment of any part of `a` with any part of `b` (Smith-Waterman); a gap position costs `gap`.

    Parameters
    ----------
    a, b, substitution, gap
        As in `global_score`.

    Returns
    -------
    int or float
        Not negative: 0 where no pair of letters scores above 0.

    Raises
    ------
    TypeError, ValueError
        If a sequence, the matrix or the cost is not as described.

    Notes
    -----
    Smith and Waterman, J. Mol. Biol. 147:195-197 (1981), https://doi.org/10.1016/0022-2836(81)90087-5.

    Taught in: 03_3_1_sequence_alignment
    """
    gap = _cost(gap, "gap")
    a, b, scores = _prepare(a, b, substitution, gap)
    a, b, scores = _shorter_first(a, b, scores)
    profile = scores[:, b] + scores.dtype.type(gap)
    zero = gap * np.arange(len(b) + 1, dtype=scores.dtype)  # h[j] = F[i, j] + gap * j
    h, best, new = zero.copy(), zero.copy(), np.empty_like(zero)
    for letter in a.tolist():
        np.subtract(h, scores.dtype.type(gap), out=new)
        h[:-1] += profile[letter]
        np.maximum(new[1:], h[:-1], out=new[1:])
        np.maximum(new, zero, out=new)
        np.maximum.accumulate(new, out=new)
        np.maximum(best, new, out=best)
        h, new = new, h
    return (best - zero).max().item()


def global_score_affine(a, b, substitution, gap_open, gap_extend, *, free_ends=False):
    """Score the best alignment of two whole sequences, where a gap of k costs `gap_open` + (k - 1) * `gap_extend`.

    Parameters
    ----------
    a, b, substitution
        As in `global_score`.
    gap_open, gap_extend : int or float
        Costs of the first and of each further position of a gap, subtracted; 0 <= gap_extend <= gap_open.
    free_ends : bool
        True: gaps before and after a sequence cost nothing, as in EMBOSS needle unless told otherwise.

    Returns
    -------
    int or float

    Raises
    ------
    TypeError, ValueError
        If a sequence, the matrix or a cost is not as described.

    Notes
    -----
    Gotoh, J. Mol. Biol. 162:705-708 (1982), https://doi.org/10.1016/0022-2836(82)90398-9, with the initial values
    of Flouri et al. (2015), https://doi.org/10.1101/031500.

    Taught in: 03_3_1_sequence_alignment
    """
    gap_open, gap_extend = _costs(gap_open, gap_extend)
    a, b, scores = _prepare(a, b, substitution, gap_open, gap_extend)
    a, b, scores = _shorter_first(a, b, scores)
    return _global_affine(scores[:, b], a.tolist(), gap_open, gap_extend, free_ends)[0]


def local_score_affine(a, b, substitution, gap_open, gap_extend):
    """Score the best local alignment, where a gap of k costs `gap_open` + (k - 1) * `gap_extend`.

    Parameters
    ----------
    a, b, substitution, gap_open, gap_extend
        As in `global_score_affine`.

    Returns
    -------
    int or float
        Not negative.

    Raises
    ------
    TypeError, ValueError
        If a sequence, the matrix or a cost is not as described.

    Taught in: 03_3_1_sequence_alignment
    """
    gap_open, gap_extend = _costs(gap_open, gap_extend)
    a, b, scores = _prepare(a, b, substitution, gap_open, gap_extend)
    a, b, scores = _shorter_first(a, b, scores)
    return _local_affine(scores[:, b], a.tolist(), gap_open, gap_extend)[0]


def local_scores_affine(query, targets, substitution, gap_open, gap_extend):
    """Score the best local alignment of one sequence with each of many: a search through a database.

    Parameters
    ----------
    query : str
        Capital letters of the matrix; may be empty.
    targets : sequence of str
        Any number of them, each as `query`.
    substitution, gap_open, gap_extend
        As in `global_score_affine`.

    Returns
    -------
    numpy array, [len(targets)] int64 or float64
        What `local_score_affine` gives for each; faster where the targets are many and short.

    Raises
    ------
    TypeError, ValueError
        If a sequence, the matrix or a cost is not as described.

    Notes
    -----
    Targets of similar length fill one matrix each, a row of letters below the other; what is missing at the end of a
    row is filled with a letter that no alignment can use.

    Taught in: 03_3_1_sequence_alignment
    """
    gap_open, gap_extend = _costs(gap_open, gap_extend)
    if not isinstance(targets, (list, tuple)):
        raise TypeError(f"targets must be a list or tuple of strings, got {type(targets).__name__}")
    substitution = _matrix(substitution)
    alphabet = substitution.alphabet
    query = _encode(query, alphabet, "query")
    codes = [_encode(target, alphabet, f"targets[{k}]") for k, target in enumerate(targets)]
    longest = max(map(len, codes), default=0)
    scores = _typed(substitution.scores, len(query) + longest, (gap_open, gap_extend))
    scores = np.column_stack([scores, np.full(len(alphabet), _NEVER // 2, scores.dtype)])  # the last letter: padding
    found = np.zeros(len(codes), np.int64 if scores.dtype.kind == "i" else np.float64)
    order = sorted(range(len(codes)), key=lambda k: len(codes[k]))
    while order:
        room = 1.25 * len(codes[order[0]]) + 20  # so that not much is padding
        group = [k for k in order[: max(1, _AT_ONCE // int(room))] if len(codes[k]) <= room]
        del order[: len(group)]
        padded = np.full((len(group), len(codes[group[-1]])), len(alphabet))
        for row, k in enumerate(group):
            padded[row, : len(codes[k])] = codes[k]
        found[group] = _local_scores(scores[:, padded], query.tolist(), gap_open, gap_extend)
    return found


def _local_scores(profile, a, gap_open, gap_extend):
    """Like `_local_affine`, scores alone, for many second sequences: `profile` is [letters, sequences, positions]."""
    kind = profile.dtype.type
    profile = profile + kind(gap_extend)
    zero = gap_extend * np.arange(profile.shape[2] + 1, dtype=kind)
    h = np.tile(zero, (profile.shape[1], 1))
    down, right = np.full((2, *h.shape), _NEVER, kind)
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


def _global_affine(profile, a, gap_open, gap_extend, free_ends, directions=None):
    """Fill the three matrices of Gotoh row by row. Returns score, and row and column where the alignment ends.

    In the shifted scores h = F + gap_extend * (i + j) extending a gap costs nothing, opening one `gap_open` -
    `gap_extend`. `down[j]` ends with a letter of `a` against a gap, `right[j]` with a letter of `b` against a gap.
    `profile[a[i], j]` is the score of a[i] and b[j]. `directions`, if given, is filled with the bits of the traceback.
    """
    kind = profile.dtype.type
    open_more = kind(gap_open - gap_extend)
    profile = profile + kind(2 * gap_extend)
    m = profile.shape[1]
    shift = gap_extend * np.arange(m + 1, dtype=kind)
    h = shift.copy() if free_ends else np.full(m + 1, -open_more)
    h[0] = 0
    down = np.full(m + 1, _NEVER, kind)
    right = np.full(m + 1, _NEVER, kind)
    reached, before = np.empty_like(h), np.empty_like(h)
    best, end = h[-1] - shift[-1], (0, m)
    for i, letter in enumerate(a, start=1):
        if directions is not None:
            before[:] = down
        np.subtract(h, open_more, out=reached)
        np.maximum(down, reached, out=down)
        diagonal = h[:-1] + profile[letter]
        np.maximum(diagonal, down[1:], out=reached[1:])
        reached[0] = gap_extend * i if free_ends else -open_more
        np.maximum.accumulate(reached, out=h)  # the best place to open a gap from, so far to the left
        np.subtract(h[:-1], open_more, out=right[1:])
        np.maximum(reached[1:], right[1:], out=h[1:])
        h[0] = reached[0]
        if directions is not None:
            _note(directions[i], h, diagonal, down, before, right)
        if free_ends and (value := h[-1] - shift[-1] - gap_extend * i) > best:
            best, end = value, (i, m)
    last = h - shift - gap_extend * len(a)
    if not free_ends:
        return last[-1].item(), (len(a), m)
    if last.max() >= best:
        best, end = last.max(), (len(a), int(last.argmax()))
    return best.item(), end


def _local_affine(profile, a, gap_open, gap_extend, directions=None):
    """Like `_global_affine`, for local alignments, with h = F + gap_extend * j. Cells without bits are ends."""
    kind = profile.dtype.type
    open_more = kind(gap_open - gap_extend)
    profile = profile + kind(gap_extend)
    m = profile.shape[1]
    zero = gap_extend * np.arange(m + 1, dtype=kind)
    h = zero.copy()
    down = np.full(m + 1, _NEVER, kind)
    right = np.full(m + 1, _NEVER, kind)
    reached = np.empty_like(h)
    best = zero.copy()
    score, end = 0, (0, 0)
    for i, letter in enumerate(a, start=1):
        np.subtract(down, kind(gap_extend), out=down)
        before = down.copy() if directions is not None else None
        np.subtract(h, kind(gap_open), out=reached)
        np.maximum(down, reached, out=down)
        diagonal = h[:-1] + profile[letter]
        np.maximum(diagonal, down[1:], out=reached[1:])
        reached[0] = 0
        np.maximum(reached, zero, out=reached)
        np.maximum.accumulate(reached, out=h)
        np.subtract(h[:-1], open_more, out=right[1:])
        np.maximum(reached[1:], right[1:], out=h[1:])
        if directions is None:
            np.maximum(best, h, out=best)
            continue
        _note(directions[i], h, diagonal, down, before, right)
        directions[i][h == zero] = 0
        if (row := h - zero).max() > score:
            score, end = row.max().item(), (i, int(row.argmax()))
    return (score if directions is not None else (best - zero).max().item()), end


def _note(bits, h, diagonal, down, before, right):
    """Write down for one row how each cell was reached, and which gaps are extensions of longer ones."""
    bits[1:] = h[1:] == diagonal
    bits[1:] |= (h[1:] == down[1:]).view(np.uint8) * np.uint8(_DOWN)
    bits[1:] |= (h[1:] == right[1:]).view(np.uint8) * np.uint8(_RIGHT)
    bits |= (down == before).view(np.uint8) * np.uint8(_DOWN_EXTENDS)
    bits[1:] |= (right[1:] == right[:-1]).view(np.uint8) * np.uint8(_RIGHT_EXTENDS)


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
    a, b, substitution
        As in `global_score`.
    gap_open, gap_extend : int or float
        A gap of k positions costs gap_open + (k - 1) * gap_extend, which is subtracted. Without `gap_extend` every
        position costs `gap_open`.
    free_ends : bool
        True: gaps before and after a sequence cost nothing.

    Returns
    -------
    Alignment
        Its rows hold the whole sequences. Where several alignments share the best score, a pair of letters is
        preferred to a gap, and a gap in `b` to one in `a`, from the end backwards.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described, or the matrix would have more than 250 million cells: `hirschberg`
        aligns longer sequences.

    Taught in: 03_3_1_sequence_alignment
    """
    gap_open, gap_extend = _costs(gap_open, gap_open if gap_extend is None else gap_extend)
    codes_a, codes_b, scores = _prepare(a, b, substitution, gap_open, gap_extend)
    score, steps = _align_global(scores[:, codes_b], codes_a.tolist(), gap_open, gap_extend, free_ends)
    row_a, row_b = _rows(a, b, steps)
    return Alignment(row_a, row_b, score)


def align_local(a, b, substitution, gap_open, gap_extend=None):
    """Align the parts of two sequences that match best (Smith-Waterman): one alignment with the best score.

    Parameters
    ----------
    a, b, substitution, gap_open, gap_extend
        As in `align_global`.

    Returns
    -------
    Alignment
        Its rows hold the aligned parts, `start_a` and `start_b` say where they begin. Both rows are empty where no
        pair of letters scores above 0.

    Raises
    ------
    TypeError, ValueError
        As `align_global`.

    Taught in: 03_3_1_sequence_alignment
    """
    gap_open, gap_extend = _costs(gap_open, gap_open if gap_extend is None else gap_extend)
    codes_a, codes_b, scores = _prepare(a, b, substitution, gap_open, gap_extend)
    directions = _new_directions(len(a), len(b))
    score, (i, j) = _local_affine(scores[:, codes_b], codes_a.tolist(), gap_open, gap_extend, directions)
    steps, start_a, start_b = _trace(directions, i, j)
    row_a, row_b = _rows(a[start_a:], b[start_b:], steps)
    return Alignment(row_a, row_b, score, start_a, start_b)


def align_scores(scores, gap_open, gap_extend=None, *, free_ends=False):
    """Align two series of anything, such as the columns of two alignments, given the score of every pair.

    Parameters
    ----------
    scores : array [L_a, L_b]
        `scores[i, j]` is the score of item i of the first with item j of the second series.
    gap_open, gap_extend, free_ends
        As in `align_global`.

    Returns
    -------
    columns_a, columns_b : numpy arrays of int64, equally long
        For each column of the alignment the item of the first and of the second series, -1 for a gap.
    score : float

    Raises
    ------
    TypeError, ValueError
        As `align_global`, or if `scores` is no table of finite numbers.

    Taught in: 03_3_1_sequence_alignment
    """
    gap_open, gap_extend = _costs(gap_open, gap_open if gap_extend is None else gap_extend)
    scores = np.asarray(scores)
    if scores.ndim != 2 or scores.dtype.kind not in "iuf" or not np.isfinite(scores).all():
        raise ValueError(f"scores must be a table of finite numbers, got {scores.dtype} of shape {scores.shape}")
    score, steps = _align_global(scores.astype(np.float64), range(len(scores)), gap_open, gap_extend, free_ends)
    moves = np.array(steps, dtype=np.int64)
    columns = []
    for letters in (moves != _RIGHT, moves != _DOWN):
        columns.append(np.where(letters, np.cumsum(letters) - 1, -1))
    return *columns, score


def _align_global(profile, a, gap_open, gap_extend, free_ends):
    """Fill and trace back. Returns the score and the steps from the beginning, end gaps included."""
    n, m = len(a), profile.shape[1]
    directions = _new_directions(n, m)
    score, (end_a, end_b) = _global_affine(profile, a, gap_open, gap_extend, free_ends, directions)
    steps, start_a, start_b = _trace(directions, end_a, end_b)
    before = [_DOWN] * start_a + [_RIGHT] * start_b
    return score, before + steps + [_DOWN] * (n - end_a) + [_RIGHT] * (m - end_b)


def _new_directions(n, m):
    if n * m > MAX_CELLS:
        raise ValueError(
            f"a and b have {n} and {m} letters: the matrix would have {n * m:.1e} cells, at most {MAX_CELLS:.1e} are "
            "kept. `hirschberg` aligns them in little memory; the functions that only score need little memory too"
        )
    return np.zeros((n + 1, m + 1), np.uint8)


def _trace(directions, i, j):
    """Walk back until an edge, or a cell without bits. Returns the steps from the beginning, and where they begin."""
    steps = []
    state = None  # inside a gap: _DOWN or _RIGHT
    while i > 0 and j > 0:
        bits = directions.item(i, j)
        if state is None:
            if bits & _DIAGONAL:
                steps.append(_DIAGONAL)
                i, j = i - 1, j - 1
                continue
            if not bits & (_DOWN | _RIGHT):
                break
            state = _DOWN if bits & _DOWN else _RIGHT
        steps.append(state)
        if state == _DOWN:
            i, state = i - 1, _DOWN if bits & _DOWN_EXTENDS else None
        else:
            j, state = j - 1, _RIGHT if bits & _RIGHT_EXTENDS else None
    return steps[::-1], i, j


def _rows(a, b, steps):
    letters_a, letters_b = iter(a), iter(b)
    row_a = "".join("-" if step == _RIGHT else next(letters_a) for step in steps)
    row_b = "".join("-" if step == _DOWN else next(letters_b) for step in steps)
    return row_a, row_b


def hirschberg(a, b, substitution, gap):
    """Align two whole sequences in memory that grows with their length, not with its square.

    Parameters
    ----------
    a, b, substitution, gap
        As in `global_score`: each gap position costs `gap`.

    Returns
    -------
    Alignment
        With the score of `global_score`. It needs about twice the time.

    Raises
    ------
    TypeError, ValueError
        If a sequence, the matrix or the cost is not as described.

    Notes
    -----
    Hirschberg, Communications of the ACM 18:341-343 (1975), https://doi.org/10.1145/360825.360861: the best alignment
    passes the middle of `a` where the score of the first half and that of the reversed second half add up to most.

    Taught in: 03_3_1_sequence_alignment
    """
    gap = _cost(gap, "gap")
    codes_a, codes_b, scores = _prepare(a, b, substitution, gap)
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
    return Alignment("".join(rows_a), "".join(rows_b), total)


def score_alignment(row_a, row_b, substitution, gap_open, gap_extend=None, *, free_ends=False):
    """Score a given alignment, column by column and gap by gap.

    Parameters
    ----------
    row_a, row_b : str
        Equally long, "-" for a gap. Neighbouring gaps in different rows are two gaps.
    substitution, gap_open, gap_extend, free_ends
        As in `align_global`.

    Returns
    -------
    int or float

    Raises
    ------
    TypeError, ValueError
        If the rows differ in length, a column has two gaps, or an argument is not as described.

    Taught in: 03_3_1_sequence_alignment
    """
    gap_open, gap_extend = _costs(gap_open, gap_open if gap_extend is None else gap_extend)
    if not isinstance(row_a, str) or not isinstance(row_b, str):
        raise TypeError(f"row_a and row_b must be strings, got {type(row_a).__name__} and {type(row_b).__name__}")
    if len(row_a) != len(row_b):
        raise ValueError(f"row_a and row_b must be equally long, got {len(row_a)} and {len(row_b)}")
    pairs = [(p, q) for p, q in zip(row_a, row_b, strict=True) if "-" not in (p, q)]
    a, b, scores = _prepare(
        "".join(p for p, _ in pairs), "".join(q for _, q in pairs), substitution, gap_open, gap_extend
    )
    total = scores[a, b].sum().item()
    kinds = [1 if p == "-" else 2 if q == "-" else 0 for p, q in zip(row_a, row_b, strict=True)]
    if any(p == q == "-" for p, q in zip(row_a, row_b, strict=True)):
        raise ValueError("row_a and row_b must not both have a gap in one column")
    for k, kind in enumerate(kinds):
        row = (None, row_a, row_b)[kind]
        if row is None or free_ends and not (row[:k].strip("-") and row[k:].strip("-")):
            continue
        total -= gap_extend if k and kinds[k - 1] == kind else gap_open
    return total


def conservation(alignment, reference):
    """For each column of a multiple alignment: the share of the other rows that have the letter of one row.

    Parameters
    ----------
    alignment : array [rows, columns] of single letters
        "-" is a gap, "X" an unknown letter. Neither counts, for or against.
    reference : int
        The row the others are compared with. It does not count itself.

    Returns
    -------
    numpy array, [columns] float64
        From 0 to 1. NaN where the reference has a gap or an unknown letter, or no other row has a letter.

    Raises
    ------
    TypeError, ValueError
        If `alignment` is no table of letters with two rows or more, or has no row `reference`.

    Taught in: 03_3_1_sequence_alignment
    """
    alignment = np.asarray(alignment)
    if alignment.dtype.kind != "U":
        raise TypeError(f"alignment must be an array of letters, got {alignment.dtype}")
    if alignment.ndim != 2 or len(alignment) < 2:
        raise ValueError(f"alignment must have two rows or more of equal length, got shape {alignment.shape}")
    if isinstance(reference, bool) or not isinstance(reference, numbers.Integral):
        raise TypeError(f"reference must be the number of a row, got {reference!r}")
    if not 0 <= reference < len(alignment):
        raise ValueError(f"reference must be from 0 to {len(alignment) - 1}, got {reference}")
    known = ~np.isin(alignment, ["-", "X"])
    others = np.arange(len(alignment)) != reference
    n_known = known[others].sum(axis=0)
    n_same = (known & (alignment == alignment[reference]))[others].sum(axis=0)
    usable = known[reference] & (n_known > 0)
    return np.where(usable, n_same / np.maximum(n_known, 1), np.nan)
