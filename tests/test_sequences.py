"""Alignment: known answers, Biopython, parasail and all alignments there are as oracles, and what is refused."""

import collections
import functools
import importlib.util
import math
import re
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from Bio.Align import PairwiseAligner, substitution_matrices
from hypothesis import example, given, settings
from hypothesis import strategies as st

from course_utils import datasets, sequences

AMINO_ACIDS = "ARNDCQEGHILKMFPSTWYV"
BLOSUM62 = sequences.substitution_matrix("BLOSUM62")
UNIT = sequences.substitution_matrix(match=1, mismatch=-1)
NAMES = substitution_matrices.load()
N_PAIRS = 500  # a property; the properties with an oracle together see 2,000 random pairs

words = st.one_of(st.text(AMINO_ACIDS, max_size=14), st.text("AW", max_size=9), st.text(AMINO_ACIDS, max_size=1))
few_letters = st.text(AMINO_ACIDS[:5], max_size=12)
pairs = st.tuples(words, words)
costs = st.tuples(st.sampled_from([0, 0.5, 1, 2, 5]), st.sampled_from([0, 1, 2.5, 9])).map(lambda x: (sum(x), x[0]))


@st.composite
def matrices(draw, size=5):
    """Any symmetric matrix over a few letters, whole or half numbers."""
    values = draw(st.lists(st.integers(-8, 12), min_size=size * size, max_size=size * size))
    table = np.array(values).reshape(size, size)
    table = np.triu(table) + np.triu(table, 1).T
    return sequences.SubstitutionMatrix("any", AMINO_ACIDS[:size], table / draw(st.sampled_from([1, 2])))


def oracle(matrix, gap_open, gap_extend, mode="global", free_ends=False):
    table = substitution_matrices.Array(matrix.alphabet, dims=2, data=np.array(matrix.scores, float))
    aligner = PairwiseAligner(mode=mode, substitution_matrix=table)
    aligner.open_gap_score, aligner.extend_gap_score = -gap_open, -gap_extend
    if free_ends:
        aligner.end_gap_score = 0
    return aligner


def expected_score(a, b, matrix, gap_open, gap_extend, mode="global", free_ends=False):
    """Biopython's score; it refuses empty sequences, where the answer is plain."""
    if a and b:
        return oracle(matrix, gap_open, gap_extend, mode, free_ends).score(a, b)
    length = len(a) + len(b)
    return 0 if mode == "local" or free_ends or not length else -gap_open - (length - 1) * gap_extend


# --- against Biopython -------------------------------------------------------------------------------------------


@settings(max_examples=N_PAIRS)
@given(pairs, costs, st.booleans())
def test_global_alignments_are_biopythons(pair, cost, free_ends):
    expected = expected_score(*pair, BLOSUM62, *cost, free_ends=free_ends)
    assert sequences.global_score(*pair, BLOSUM62, *cost, free_ends=free_ends) == expected
    found = sequences.align_global(*pair, BLOSUM62, *cost, free_ends=free_ends)
    assert found.score == expected
    assert (found.row_a.replace("-", ""), found.row_b.replace("-", "")) == pair
    assert sequences.score_alignment(found.row_a, found.row_b, BLOSUM62, *cost, free_ends=free_ends) == expected


@settings(max_examples=N_PAIRS)
@given(pairs, costs)
def test_local_alignments_are_biopythons(pair, cost):
    expected = expected_score(*pair, BLOSUM62, *cost, mode="local")
    assert sequences.local_score(*pair, BLOSUM62, *cost) == expected
    found = sequences.align_local(*pair, BLOSUM62, *cost)
    assert found.score == expected
    assert sequences.score_alignment(found.row_a, found.row_b, BLOSUM62, *cost) == expected
    a, b = pair
    assert a[found.start_a :].startswith(found.row_a.replace("-", ""))
    assert b[found.start_b :].startswith(found.row_b.replace("-", ""))
    assert not (found.row_a + found.row_b).startswith("-")


@settings(max_examples=N_PAIRS)
@given(pairs, st.sampled_from([0, 0.5, 1, 4, 8]))
def test_linear_gaps_are_biopythons(pair, gap):
    for free_ends in (False, True):
        expected = expected_score(*pair, BLOSUM62, gap, gap, free_ends=free_ends)
        assert sequences.global_score(*pair, BLOSUM62, gap, free_ends=free_ends) == expected
    assert sequences.local_score(*pair, BLOSUM62, gap) == expected_score(*pair, BLOSUM62, gap, gap, "local")


@settings(max_examples=N_PAIRS)
@given(st.tuples(few_letters, few_letters), matrices(), costs)
def test_any_matrix(pair, matrix, cost):
    for function, mode in ((sequences.global_score, "global"), (sequences.local_score, "local")):
        expected = expected_score(*pair, matrix, *cost, mode=mode)
        assert function(*pair, matrix, *cost) == pytest.approx(expected)
        assert function(*pair[::-1], matrix, *cost) == pytest.approx(expected)  # symmetric
    assert sequences.align_global(*pair, matrix, *cost).score == pytest.approx(
        expected_score(*pair, matrix, *cost, mode="global")
    )


@settings(max_examples=200)
@given(words, st.lists(words, max_size=6), costs)
def test_a_search_scores_each_target_as_if_it_were_alone(query, targets, cost):
    found = sequences.local_scores(query, targets, BLOSUM62, *cost)
    assert found.tolist() == [expected_score(query, target, BLOSUM62, *cost, mode="local") for target in targets]


def test_a_search_does_not_depend_on_the_company(monkeypatch):
    rng = np.random.default_rng(2)
    query, *targets = ("".join(rng.choice(list(AMINO_ACIDS), n)) for n in (90, 300, 0, 35, 36, 300, 1, 80, 200))
    alone = [sequences.local_score(query, target, BLOSUM62, 12, 1) for target in targets]
    for at_once in (1, 400, 1 << 15):
        monkeypatch.setattr(sequences, "_AT_ONCE", at_once)
        assert sequences.local_scores(query, targets, BLOSUM62, 12, 1).tolist() == alone
        assert sequences.local_scores(query, targets[::-1], "BLOSUM62", 12, 1).tolist() == alone[::-1]
    halves = sequences.local_scores(query, targets, BLOSUM62, 10, 0.5)
    assert halves.tolist() == [sequences.local_score(query, target, BLOSUM62, 10, 0.5) for target in targets]


@pytest.mark.skipif(importlib.util.find_spec("parasail") is None, reason="parasail is not installed")
def test_long_pairs_are_parasails():
    import parasail

    rng = np.random.default_rng(0)
    for length_a, length_b in ((1, 300), (150, 400), (700, 650)):
        a, b = ("".join(rng.choice(list(AMINO_ACIDS), length)) for length in (length_a, length_b))
        for gap_open, gap_extend in ((10, 1), (8, 8), (12, 2)):
            expected = parasail.nw_scan_32(a, b, gap_open, gap_extend, parasail.blosum62).score
            assert sequences.global_score(a, b, BLOSUM62, gap_open, gap_extend) == expected
            expected = parasail.sw_scan_32(a, b, gap_open, gap_extend, parasail.blosum62).score
            assert sequences.local_score(a, b, BLOSUM62, gap_open, gap_extend) == expected
            if gap_open == gap_extend:
                assert sequences.local_score(a, b, BLOSUM62, gap_open) == expected


# --- properties --------------------------------------------------------------------------------------------------


@settings(max_examples=200)
@given(pairs, st.sampled_from([0, 1, 3, 0.5]))
def test_hirschberg_is_needleman_wunsch(pair, gap):
    small, sequences._SMALL = sequences._SMALL, 2  # so that short sequences are divided too
    try:
        found = sequences.hirschberg(*pair, BLOSUM62, gap)
    finally:
        sequences._SMALL = small
    assert found.score == sequences.global_score(*pair, BLOSUM62, gap)
    assert sequences.score_alignment(found.row_a, found.row_b, BLOSUM62, gap) == found.score
    assert (found.row_a.replace("-", ""), found.row_b.replace("-", "")) == pair


@settings(max_examples=200)
@given(pairs, costs)
def test_local_is_at_least_semi_global_and_that_at_least_global(pair, cost):
    whole = sequences.global_score(*pair, BLOSUM62, *cost)
    ends = sequences.global_score(*pair, BLOSUM62, *cost, free_ends=True)
    assert whole <= ends <= sequences.local_score(*pair, BLOSUM62, *cost)


@settings(max_examples=100)
@given(pairs, costs)
def test_aligning_a_table_of_scores_is_aligning_the_sequences(pair, cost):
    a, b = (sequences.encode(x, BLOSUM62.alphabet) for x in pair)
    columns_a, columns_b, score = sequences.align_scores(BLOSUM62.scores[a[:, None], b], *cost)
    assert score == pytest.approx(sequences.global_score(*pair, BLOSUM62, *cost))
    assert columns_a[columns_a >= 0].tolist() == list(range(len(a)))
    assert columns_b[columns_b >= 0].tolist() == list(range(len(b)))
    assert not ((columns_a < 0) & (columns_b < 0)).any()


@settings(max_examples=200)
@given(pairs, costs, st.sampled_from([0, 1, 3, 0.5]), st.booleans())
def test_scores_are_symmetric(pair, cost, gap, free_ends):
    def scores(a, b):
        return (
            sequences.global_score(a, b, BLOSUM62, gap, free_ends=free_ends),
            sequences.local_score(a, b, BLOSUM62, gap),
            sequences.global_score(a, b, BLOSUM62, *cost, free_ends=free_ends),
            sequences.local_score(a, b, BLOSUM62, *cost),
            sequences.align_global(a, b, BLOSUM62, *cost, free_ends=free_ends).score,
            sequences.align_local(a, b, BLOSUM62, *cost).score,
            sequences.hirschberg(a, b, BLOSUM62, gap).score,
        )

    assert scores(*pair) == scores(*pair[::-1])


@settings(max_examples=300)
@given(st.tuples(few_letters, few_letters), matrices(), costs, st.booleans())
def test_the_traceback_scores_what_the_corner_says(pair, matrix, cost, free_ends):
    whole = sequences.align_global(*pair, matrix, *cost, free_ends=free_ends)
    part = sequences.align_local(*pair, matrix, *cost)
    for found, ends, corner in (
        (whole, free_ends, sequences.global_score(*pair, matrix, *cost, free_ends=free_ends)),
        (part, False, sequences.local_score(*pair, matrix, *cost)),
    ):
        again = sequences.score_alignment(found.row_a, found.row_b, matrix, *cost, free_ends=ends)
        assert again == pytest.approx(found.score) == pytest.approx(corner)


@settings(max_examples=200)
@given(pairs, st.sampled_from([0, 1, 4]))
def test_the_fast_way_for_linear_costs_agrees_with_the_three_matrices(pair, gap):
    a, b = (sequences.encode(x, BLOSUM62.alphabet) for x in pair)
    profile = BLOSUM62.scores[:, b].astype(np.int32)
    row, _ = sequences._global_affine(profile, a.tolist(), gap, gap, False)
    assert sequences.global_score(*pair, BLOSUM62, gap) == row[-1] == sequences.global_score(*pair, BLOSUM62, gap, gap)
    assert sequences.local_score(*pair, BLOSUM62, gap) == sequences._local_affine(profile, a.tolist(), gap, gap)[0]


# --- against all alignments there are, in exact numbers ----------------------------------------------------------


@functools.cache
def exact(value):
    """Give a number as it is written: 0.1 is a tenth."""
    return Fraction(str(value))


def every_alignment(a, b):
    """Give all alignments as tuples of columns, in the order of the rule: from the end, pair, gap in b, gap in a."""
    if not a and not b:
        yield ()
    if a and b:
        yield from ((*rest, (a[-1], b[-1])) for rest in every_alignment(a[:-1], b[:-1]))
    if a:
        yield from ((*rest, (a[-1], "-")) for rest in every_alignment(a[:-1], b))
    if b:
        yield from ((*rest, ("-", b[-1])) for rest in every_alignment(a, b[:-1]))


def every_local_alignment(a, b):
    """Give the alignments of all parts with where they begin: first ends first, and of one end shorter ones first."""
    for i in range(len(a) + 1):
        for j in range(len(b) + 1):
            yield from every_part(a[:i], b[:j])


def every_part(a, b):
    yield (), len(a), len(b)
    if a and b:
        yield from (((*rest, (a[-1], b[-1])), i, j) for rest, i, j in every_part(a[:-1], b[:-1]))
    if a:
        yield from (((*rest, (a[-1], "-")), i, j) for rest, i, j in every_part(a[:-1], b))
    if b:
        yield from (((*rest, ("-", b[-1])), i, j) for rest, i, j in every_part(a, b[:-1]))


def score_of(columns, matrix, gap_open, gap_extend, free_ends=False):
    total = sum(exact(matrix[p, q]) for p, q in columns if "-" not in (p, q))
    for row in zip(*columns, strict=True):
        row = "".join(row)
        for gap in re.findall("-+", row.strip("-") if free_ends else row):
            total -= exact(gap_open) + (len(gap) - 1) * exact(gap_extend)
    return total


def rows_of(columns):
    return tuple("".join(row) for row in zip(*columns, strict=True)) or ("", "")


@st.composite
def small_matrices(draw):
    """Two letters and few values, so that many alignments share the best score; not always symmetric."""
    values = draw(st.lists(st.sampled_from([-2, -1, 0, 1, 2]), min_size=4, max_size=4))
    return sequences.SubstitutionMatrix("any", "AC", np.array(values).reshape(2, 2) * draw(st.sampled_from([1, 0.1])))


few = st.text("AC", max_size=4)
close_costs = st.tuples(st.sampled_from([0, 0.1, 0.2, 0.5, 1, 2]), st.sampled_from([0, 0.1, 0.2, 1, None])).map(
    lambda x: (x[0], None) if x[1] is None else (x[0] + x[1] if x[1] in (0, 1) else round(x[0] + x[1], 1), x[0])
)


@settings(max_examples=400)
@given(few, few, small_matrices(), close_costs, st.booleans())
@example("A", "C", sequences.substitution_matrix(match=1, mismatch=0), (2, None), True)  # A over C, not A- over -C
@example("C", "CCA", sequences.substitution_matrix(match=2, mismatch=-2), (1, None), False)  # -C- over CCA, not C--
@example("AAC", "CA", sequences.substitution_matrix(match=0, mismatch=0), (1, 0), False)
@example("AACAAC", "AAC", sequences.SubstitutionMatrix("any", "AC", [[1, -2], [-2, -2]]), (1, None), True)
@example("CAC", "CAACA", sequences.SubstitutionMatrix("any", "AC", [[-3, -3], [-2, 0]]), (3, 0), False)
def test_of_several_best_alignments_it_is_the_one_that_the_rule_names(a, b, matrix, cost, free_ends):
    gap_open, gap_extend = cost[0], cost[0] if cost[1] is None else cost[1]

    def score(columns):
        return score_of(columns, matrix, gap_open, gap_extend, free_ends)

    expected = max(every_alignment(a, b), key=score)  # max takes the first of several
    found = sequences.align_global(a, b, matrix, *cost, free_ends=free_ends)
    assert (found.row_a, found.row_b) == rows_of(expected)
    assert found.score == float(score(expected))
    assert found.score == sequences.global_score(a, b, matrix, *cost, free_ends=free_ends)
    assert found.score == sequences.score_alignment(found.row_a, found.row_b, matrix, *cost, free_ends=free_ends)

    table = matrix.scores[sequences.encode(a, matrix.alphabet)[:, None], sequences.encode(b, matrix.alphabet)]
    columns_a, columns_b, total = sequences.align_scores(table, *cost, free_ends=free_ends)
    assert total == found.score
    assert "".join("-" if k < 0 else a[k] for k in columns_a) == found.row_a
    assert "".join("-" if k < 0 else b[k] for k in columns_b) == found.row_b


@settings(max_examples=200)
@given(few, few.map(lambda x: x[:3]), small_matrices(), close_costs)
@example("AC", "AC", sequences.substitution_matrix(match=1, mismatch=0), (1, None))
def test_of_several_best_local_alignments_it_is_the_one_that_the_rule_names(a, b, matrix, cost):
    gap_open, gap_extend = cost[0], cost[0] if cost[1] is None else cost[1]

    def score(part):
        return score_of(part[0], matrix, gap_open, gap_extend)

    expected = max(every_local_alignment(a, b), key=score)
    found = sequences.align_local(a, b, matrix, *cost)
    assert found.score == float(score(expected)) == sequences.local_score(a, b, matrix, *cost)
    assert (found.row_a, found.row_b) == rows_of(expected[0])
    assert (found.start_a, found.start_b) == expected[1:] or not found.row_a


def test_the_method_of_hirschberg_does_not_keep_the_rule(monkeypatch):
    monkeypatch.setattr(sequences, "_SMALL", 2)
    equal = sequences.substitution_matrix(match=0, mismatch=0)
    divided, whole = (align("AA", "CCC", equal, 1) for align in (sequences.hirschberg, sequences.align_global))
    assert divided.score == whole.score == -1
    assert divided.row_a != whole.row_a == "-AA"


# --- costs and scores of any size against exact numbers ----------------------------------------------------------


def exact_scores(a, b, matrix, gap_open, gap_extend):
    """Gotoh's three matrices in fractions: the global score, the one with free ends, and the local one."""
    gap_open, gap_extend = exact(gap_open), exact(gap_extend)
    never = -math.inf
    results = {}
    for kind in ("global", "free ends", "local"):
        pair, down, right = {(0, 0): Fraction(0)}, {}, {}

        def best(i, j, pair=pair, down=down, right=right):
            return max(matrix_.get((i, j), never) for matrix_ in (pair, down, right))

        for i in range(len(a) + 1):
            for j in range(len(b) + 1):
                if (i, j) == (0, 0):
                    continue
                edge = i == 0 or j == 0
                if edge and kind != "global":
                    pair[i, j] = Fraction(0)
                    continue
                if not edge:
                    pair[i, j] = best(i - 1, j - 1) + exact(matrix[a[i - 1], b[j - 1]])
                down[i, j] = max(best(i - 1, j) - gap_open, down.get((i - 1, j), never) - gap_extend)
                right[i, j] = max(best(i, j - 1) - gap_open, right.get((i, j - 1), never) - gap_extend)
                if kind == "local":
                    pair[i, j] = max(pair[i, j], Fraction(0))
        cells = [(i, j) for i in range(len(a) + 1) for j in range(len(b) + 1)]
        if kind == "free ends":
            cells = [(i, j) for i, j in cells if i == len(a) or j == len(b)]
        results[kind] = best(len(a), len(b)) if kind == "global" else max(best(i, j) for i, j in cells)
    return results


whole_numbers = st.one_of(st.integers(0, 20), st.integers(0, 2**54))
decimals = st.one_of(st.integers(0, 40_000), st.integers(0, 10**9)).map(lambda k: k / 1000)
any_numbers = st.one_of(
    whole_numbers, decimals, st.floats(0, allow_nan=False, allow_infinity=False), st.integers(0, 2**70)
)
signs = st.lists(st.sampled_from([-1, 1]), min_size=9, max_size=9)
few_of_three = st.text("ACG", max_size=6)


def check_against_exact_scores(a, b, values, sign, costs, tolerance=0):
    kind = float if max(values) >= 2**62 else None  # NumPy has no larger whole numbers
    table = np.array([s * value for s, value in zip(sign, values, strict=True)], dtype=kind).reshape(3, 3)
    matrix = sequences.SubstitutionMatrix("any", "ACG", table)
    gap_extend, gap_open = sorted(costs)
    for cost in ((gap_open, gap_extend), (gap_open, None)):
        expected = exact_scores(a, b, matrix, gap_open, gap_open if cost[1] is None else gap_extend)
        whole = sequences.align_global(a, b, matrix, *cost)
        ends = sequences.align_global(a, b, matrix, *cost, free_ends=True)
        part = sequences.align_local(a, b, matrix, *cost)
        found = {
            "global": [sequences.global_score(a, b, matrix, *cost), whole.score],
            "free ends": [sequences.global_score(a, b, matrix, *cost, free_ends=True), ends.score],
            "local": [sequences.local_score(a, b, matrix, *cost), part.score],
        }
        found["local"] += sequences.local_scores(a, [b, ""], matrix, *cost).tolist()[:1]
        found["global"].append(sequences.score_alignment(whole.row_a, whole.row_b, matrix, *cost))
        if cost[1] is None:
            found["global"].append(sequences.hirschberg(a, b, matrix, gap_open).score)
        for kind, scores in found.items():
            for score in scores:
                if tolerance:
                    assert abs(exact(score) - expected[kind]) <= tolerance * (len(a) + len(b) + 1)
                else:
                    assert score == (float(expected[kind]) if isinstance(score, float) else expected[kind])


@settings(max_examples=150)
@given(
    few_of_three, few_of_three, st.lists(whole_numbers, min_size=9, max_size=9), signs, st.tuples(*[whole_numbers] * 2)
)
@example("A", "AC", [1] * 9, [1] * 9, (2 * 10**9, 1))
@example("AC", "CAGC", [2**54] * 9, [-1] * 9, (2**54, 2**54))
@example("AC", "", [1] * 9, [1] * 9, (2**29, 2**29))
def test_whole_numbers_of_any_size_are_exact(a, b, values, sign, costs):
    check_against_exact_scores(a, b, values, sign, costs)


@settings(max_examples=150)
@given(few_of_three, few_of_three, st.lists(decimals, min_size=9, max_size=9), signs, st.tuples(*[decimals] * 2))
@example("AC", "CA", [0.1] * 9, [1] * 9, (0.3, 0.1))
@example("A", "", [0.0] * 9, [1] * 9, (0.29, 0.29))  # 0.29 * 100 is 28.999999999999996
def test_decimals_are_exact(a, b, values, sign, costs):
    check_against_exact_scores(a, b, values, sign, costs)


@settings(max_examples=200)
@given(few_of_three, few_of_three, st.lists(any_numbers, min_size=9, max_size=9), signs, st.tuples(*[any_numbers] * 2))
@example("A", "A", [1 / 3] * 9, [1] * 9, (10**16, 1))
@example("A", "AC", [1] * 9, [1] * 9, (10**19, 1))
@example("A", "AC", [1 / 3] * 9, [-1] * 9, (1 / 7, 1e-300))
@example("AC", "AC", [1e-300] * 9, [1] * 9, (1e-300, 1e-300))
@example("AAAAA", "", [0] * 8 + [6.842568132830632e16], [-1] * 9, (0.001, 48_138_695_379_193_048))
def test_any_other_number_is_added_up_right_or_refused(a, b, values, sign, costs):
    largest = max(values) or max(costs)
    try:
        check_against_exact_scores(a, b, values, sign, costs, tolerance=exact(largest) / 10**9)
    except ValueError as error:
        assert re.match("(gap_open|gap_extend|scores) must be smaller than|gap_open and the scores are too", str(error))


def test_numbers_of_ordinary_size_are_never_refused():
    for scale in (1e-9, 1 / 3, 1, 1e9):
        matrix = sequences.SubstitutionMatrix("any", "AC", np.array([[math.pi, -math.e], [-math.e, 2]]) * scale)
        for gap_open in (0, 1 / 7 * scale, 11 * scale, 100 * math.pi * scale):
            score = sequences.global_score("ACCA" * 500, "ACA" * 500, matrix, gap_open, gap_open / 10)
            swapped = sequences.global_score("ACA" * 500, "ACCA" * 500, matrix, gap_open, gap_open / 10)
            assert score == swapped
            assert type(score) is float


def test_a_score_is_a_whole_number_where_all_scores_and_costs_are():
    halves = sequences.substitution_matrix(match=1.5, mismatch=-1)
    assert type(sequences.global_score("A", "A", UNIT, 8.0)) is int
    assert type(sequences.local_score("A", "A", UNIT, np.float32(2), np.int8(1))) is int
    assert type(sequences.global_score("AA", "AA", halves, 1)) is float
    assert type(sequences.align_local("A", "A", UNIT, 0.5).score) is float
    assert sequences.local_scores("A", ["A"], UNIT, 1).dtype == np.int64
    assert sequences.local_scores("A", ["A"], UNIT, 0.5).dtype == np.float64


# --- odd alphabets, names and tables -----------------------------------------------------------------------------

letters = st.characters(exclude_categories=["Zs", "Zl", "Zp", "Cc", "Cs"], exclude_characters="-.")
alphabets = st.lists(letters, min_size=4, max_size=4, unique=True).map("".join)


@settings(max_examples=300)
@given(alphabets, pairs, costs)
@example("AÅCG", ("AW", "WA"), (2, 1))
@example("A🧬CG", ("AW", "WA"), (2, 1))
def test_any_letters_will_do(alphabet, pair, cost):
    a, b = ("".join(alphabet[ord(letter) % 4] for letter in x) for x in pair)
    as_dna = ["".join("ACGT"[alphabet.index(letter)] for letter in x) for x in (a, b)]
    matrix = sequences.substitution_matrix(match=2, mismatch=-1, alphabet=alphabet)
    assert sequences.encode(a, alphabet).tolist() == [alphabet.index(letter) for letter in a]
    found = sequences.align_global(a, b, matrix, *cost)
    dna = sequences.align_global(*as_dna, sequences.substitution_matrix(match=2, mismatch=-1), *cost)
    assert found.score == dna.score == sequences.score_alignment(found.row_a, found.row_b, matrix, *cost)
    assert [k for k, p in enumerate(found.row_a) if p == "-"] == [k for k, p in enumerate(dna.row_a) if p == "-"]


@settings(max_examples=200)
@given(st.text(max_size=6), st.text(max_size=6))
@example("A\ud800", "A")
@example("A-", "A")
@example("A\u200b ", "A")
def test_an_alphabet_or_a_letter_that_will_not_do_is_one_clear_error(alphabet, sequence):
    good = 0 < len(alphabet) == len(set(alphabet)) and not any(x in "-." or x.isspace() for x in alphabet)
    try:
        codes = sequences.encode(sequence, alphabet)
    except ValueError as error:
        assert re.match("(alphabet must|sequence has)", str(error))
        assert not good or not set(sequence) <= set(alphabet)
    else:
        assert good
        assert codes.tolist() == [alphabet.index(letter) for letter in sequence]


@settings(max_examples=200)
@given(st.one_of(st.text(), st.sampled_from(NAMES), st.sampled_from(NAMES).map(lambda name: f"../data/{name}")))
@example("")
@example(".")
@example("..")
@example("/etc/passwd")
@example("__pycache__")
@example("README.txt")
@example("blosum62")
@example("BLOSUM62\0")
@example("\ud800")
def test_a_name_is_that_of_a_matrix_or_refused(name):
    if name in NAMES:
        return
    with pytest.raises(ValueError, match=r"name must be one of .*'BLOSUM62'.*, got"):
        sequences.substitution_matrix(name)
    with pytest.raises(ValueError, match=r"name must be one of .*'BLOSUM62'.*, got"):
        sequences.global_score("A", "A", name, 1)


def test_every_matrix_of_biopython_can_be_had():
    refused = []
    for name in NAMES:
        try:
            matrix = sequences.substitution_matrix(name)
        except ValueError as error:
            refused.append(name)
            assert "must be a matrix over single letters" in str(error)
            continue
        theirs = substitution_matrices.load(name)
        assert all(matrix[p, q] == theirs[p, q] for p in matrix.alphabet for q in matrix.alphabet)
    assert refused == ["SCHNEIDER"]


@settings(max_examples=200)
@given(st.integers(2, 5), st.integers(0, 6), st.data())
def test_conservation_counts_letters(n_rows, n_columns, data):
    unknown = data.draw(st.sampled_from(["X", "N", "NR", ""]))
    rows = [data.draw(st.text("ACNRX-", min_size=n_columns, max_size=n_columns)) for _ in range(n_rows)]
    reference = data.draw(st.integers(0, n_rows - 1))
    table = np.array([list(row) for row in rows], dtype="U1").reshape(n_rows, n_columns)
    found = sequences.conservation(table, reference, unknown=unknown)
    for k, share in enumerate(found):
        others = collections.Counter(row[k] for row in rows[:reference] + rows[reference + 1 :])
        for letter in "-" + unknown:
            del others[letter]
        letter = rows[reference][k]
        if not others.total() or letter in "-" + unknown:
            assert np.isnan(share)
        else:
            assert share == others[letter] / others.total()


# --- known answers -----------------------------------------------------------------------------------------------


def test_published_examples():
    three = sequences.substitution_matrix(match=3, mismatch=-3)
    assert sequences.global_score("GCATGCG", "GATTACA", UNIT, 1) == 0
    assert sequences.local_score("TGTTACGG", "GGTTGACTA", three, 2) == 13
    assert sequences.global_score("HEAGAWGHEE", "PAWHEAE", "BLOSUM50", 8) == 1
    assert sequences.local_score("HEAGAWGHEE", "PAWHEAE", "BLOSUM50", 8) == 28
    edits = sequences.substitution_matrix(match=0, mismatch=-1, alphabet=AMINO_ACIDS)
    assert sequences.global_score("PLEASANTLY", "MEANLY", edits, 1) == -5
    assert sequences.global_score("PLEASANTLY", "MEANLY", "BLOSUM62", 5) == 8
    assert sequences.local_score("MEANLYPRTEINSTRING", "PLEASANTLYEINSTEIN", "PAM250", 5) == 23
    assert sequences.global_score("PRTEINS", "PRTWPSEIN", "BLOSUM62", 11, 1) == 8
    assert sequences.local_score("PLEASANTLY", "MEANLY", "BLOSUM62", 11, 1) == 12


def test_the_chains_of_haemoglobin():
    alpha, beta = datasets.load_globins().sequences[:2]
    found = sequences.align_global(alpha, beta, BLOSUM62, 10, 0.5)
    assert (found.score, found.identities, found.gaps) == (292.5, 65, 9)
    assert found.score == oracle(BLOSUM62, 10, 0.5).score(alpha, beta)
    assert sequences.local_score(alpha, beta, BLOSUM62, 10, 0.5) == 293.5
    assert sequences.local_score(alpha, beta, BLOSUM62, 12, 1) == 285  # "11, 1" of BLAST
    assert str(found).splitlines()[0] == f"    1 {found.row_a[:60]}"
    assert str(found).splitlines()[4] == f"   54 {found.row_a[60:120]}"


def test_the_chains_of_haemoglobin_without_their_methionine():
    alpha, beta = (chain[1:] for chain in datasets.load_globins().sequences[:2])
    assert sequences.global_score(alpha, beta, BLOSUM62, 10, 0.5) == 287.5
    assert sequences.global_score(alpha, beta, BLOSUM62, 10, 0.5, free_ends=True) == 290.5
    assert sequences.local_score(alpha, beta, BLOSUM62, 10, 0.5) == 293.5


NEEDLE = {  # EMBOSS's score -> ours with charged ends
    112.0: 89.0,
    154.0: 130.5,
    121.0: 97.5,
    126.0: 116.0,
    156.5: 143.0,
    591.5: 591.5,
    618.0: 618.0,
    609.0: 609.0,
    10155.0: 9881.0,
    561.0: 458.0,
}


def test_the_scores_of_needle():
    data = datasets.load_emboss_pairs()
    found = {}
    for k in [k for k, program in enumerate(data.programs) if program == "needle"]:
        pair, costs = (data.sequences_a[k], data.sequences_b[k]), (data.gap_open[k], data.gap_extend[k])
        ends_free = sequences.align_global(*pair, data.matrices[k], *costs, free_ends=True)
        assert ends_free.score == data.scores[k]
        found[ends_free.score] = sequences.global_score(*pair, data.matrices[k], *costs)
    assert found == NEEDLE


def test_the_score_of_water():
    data = datasets.load_emboss_pairs()
    k = data.programs.index("water")
    found = sequences.align_local(data.sequences_a[k], data.sequences_b[k], "BLOSUM62", 10, 0.5)
    assert found.score == data.scores[k] == 591.5
    assert (len(found.row_a), found.identities, found.gaps) == (131, 112, 19)


def test_the_alignments_of_matcher_share_no_pair():
    """Each is the best one that uses no pair of residues of those before it."""
    data = datasets.load_emboss_pairs()
    of_matcher = [k for k, program in enumerate(data.programs) if program == "matcher"]
    assert [data.scores[k] for k in of_matcher] == [264, 32, 28, 23, 23]
    a, b = (sequences.encode(x, BLOSUM62.alphabet) for x in (data.sequences_a[11], data.sequences_b[11]))
    allowed = BLOSUM62.scores[a[:, None], b].astype(np.int32)
    for k in of_matcher:
        best, _ = sequences._local_affine(allowed, range(len(a)), 14, 4)
        assert best == data.scores[k]
        rows = data.rows_a[k], data.rows_b[k]
        assert sequences.score_alignment(*rows, BLOSUM62, 14, 4) == best
        i = data.sequences_a[k].index(rows[0].replace("-", ""))
        j = data.sequences_b[k].index(rows[1].replace("-", ""))
        for p, q in zip(*rows, strict=True):
            if "-" not in (p, q):
                assert (data.sequences_a[k][i], data.sequences_b[k][j]) == (p, q)
                allowed[i, j] = -1000
            i, j = i + (p != "-"), j + (q != "-")


def test_the_matrix_of_the_henikoffs():
    block = BLOSUM62.scores[:20, :20]
    assert (np.trace(block), block.max(), block.min(), BLOSUM62["W", "W"]) == (116, 11, -4, 11)
    assert (block == block.T).all()
    with pytest.raises(ValueError, match="read-only"):
        BLOSUM62.scores[0, 0] = 9


def test_conservation():
    table = np.array([list("PL-K"), list("LLAK"), list("LXAR"), list("P-AX")])
    assert np.allclose(sequences.conservation(table, 0, unknown="X"), [1 / 3, 1, np.nan, 0.5], equal_nan=True)
    assert np.isnan(sequences.conservation(np.array([["A"], ["X"]]), 0, unknown="X")).all()
    dna = [["A", "N"], ["N", "A"], ["A", "A"]]
    assert np.allclose(sequences.conservation(dna, 0, unknown="N"), [1, np.nan], equal_nan=True)
    assert sequences.conservation(dna, 0, unknown="X").tolist() == [0.5, 0]  # asparagine


# --- long sequences ----------------------------------------------------------------------------------------------


def test_hirschberg_needs_little_memory():
    rng = np.random.default_rng(1)
    a, b = ("".join(rng.choice(list("ACGT"), 4000)) for _ in "ab")
    sequences.hirschberg(a[:50], b[:50], UNIT, 1)  # imports
    tracemalloc.start()
    found = sequences.hirschberg(a, b, UNIT, 1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4e6  # the matrix has 16 million cells
    assert found.score == sequences.global_score(a, b, UNIT, 1)


def test_a_hundred_thousand_letters():
    long = "ACGT" * 25_000
    assert sequences.global_score(long, "ACGT", UNIT, 1) == 4 - 99_996
    assert sequences.local_score("GATTACA", long, UNIT, 2, 1) == 3
    assert sequences.encode(long, "ACGT").tolist()[:5] == [0, 1, 2, 3, 0]
    assert sequences.hirschberg(long, "GATTACA", UNIT, 1).score == sequences.global_score("GATTACA", long, UNIT, 1)
    assert sequences.local_scores("GATTACA", [long, "", "TTAC"], UNIT, 2, 1).tolist() == [3, 0, 4]
    for align in (sequences.align_global, sequences.align_local):
        with pytest.raises(ValueError, match="aligning 100000 with 100000 letters .*hirschberg"):
            align(long, long, UNIT, 1)


# --- what is refused ---------------------------------------------------------------------------------------------

BAD_SEQUENCES = [
    (None, TypeError, "a must be a string of letters, got None"),
    (b"ACGT", TypeError, "got b'ACGT'"),
    (["A", "C"], TypeError, r"got \['A', 'C'\]"),
    ("ACgT", ValueError, "'g' at position 2: lower case"),
    ("AC-T", ValueError, "'-' at position 2: a gap character"),
    ("ACNT", ValueError, "'N' at position 2, which is not in the alphabet 'ACGT'"),
    ("AC T", ValueError, "' ' at position 2"),
    ("ACGÅ", ValueError, "'Å' at position 3"),
    ("ACG🧬", ValueError, "at position 3"),
    ("AC\ud800", ValueError, r"'\\ud800' at position 2"),
]


def with_affine_gaps(function):
    return lambda a, b, substitution, gap: function(a, b, substitution, gap, gap)


FUNCTIONS = {
    "global_score": sequences.global_score,
    "local_score": sequences.local_score,
    "global_score, affine": with_affine_gaps(sequences.global_score),
    "local_score, affine": with_affine_gaps(sequences.local_score),
    "align_global": sequences.align_global,
    "align_local": sequences.align_local,
    "hirschberg": sequences.hirschberg,
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(("bad", "error", "message"), BAD_SEQUENCES)
def test_bad_sequences_are_refused(name, bad, error, message):
    function = FUNCTIONS[name]
    with pytest.raises(error, match=message):
        function(bad, "ACGT", UNIT, 1)
    with pytest.raises(error, match=message.replace("a must", "b must")):
        function("ACGT", bad, UNIT, 1)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (-8, ValueError, "gap_open must be at least 0, got -8: costs are positive numbers that are subtracted"),
        (float("nan"), ValueError, "must be finite"),
        (float("inf"), ValueError, "must be finite"),
        ("8", TypeError, "must be a number, got '8'"),
        (None, TypeError, "must be a number, got None"),
        (True, TypeError, "must be a number, got True"),
        (10**19, ValueError, r"gap_open must be smaller than 2\^62, got 1e\+19"),
        (10**400, ValueError, "gap_open must be "),
        (2**61, ValueError, "gap_open and the scores are too large, .* to be added up exactly over 8 letters, got 2.3"),
    ],
)
def test_bad_costs_are_refused(name, bad, error, message):
    function = FUNCTIONS[name]
    with pytest.raises(error, match=message):
        function("ACGT", "ACGT", UNIT, bad)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: sequences.global_score("A", "A", UNIT, 1, 2),
            ValueError,
            "gap_open must be at least gap_extend",
        ),
        (lambda: sequences.global_score("A", "A", "BLOSUM99", 1), ValueError, "did you mean 'BLOSUM90'"),
        (lambda: sequences.global_score("A", "A", np.eye(4), 1), TypeError, "must be a SubstitutionMatrix or a name"),
        (lambda: sequences.substitution_matrix(), TypeError, "match must be a number, got None"),
        (lambda: sequences.substitution_matrix("BLOSUM62", match=1), ValueError, "exclude each other"),
        (
            lambda: sequences.substitution_matrix(62),
            TypeError,
            "name must be the name of a matrix, such as 'BLOSUM62', got 62",
        ),
        (lambda: sequences.substitution_matrix("SCHNEIDER"), ValueError, "over single letters"),
        (lambda: sequences.substitution_matrix(match=1, mismatch=0, alphabet="AA"), ValueError, "different letters"),
        (lambda: sequences.substitution_matrix(match=1, mismatch=0, alphabet="A-"), ValueError, "no gap character"),
        (lambda: sequences.substitution_matrix(match=1, mismatch=0, alphabet="A "), ValueError, "no space, got ' '"),
        (lambda: sequences.substitution_matrix(match=1, mismatch=0, alphabet=""), ValueError, "different letters"),
        (lambda: sequences.substitution_matrix(match=1, mismatch=0, alphabet=["A"]), TypeError, "different letters"),
        (
            lambda: sequences.substitution_matrix(match=1e300, mismatch=0),
            ValueError,
            r"match must be smaller than 2\^62",
        ),
        (
            lambda: sequences.SubstitutionMatrix("any", "AC", np.eye(3)),
            ValueError,
            r"for each of 'AC', got shape \(3, 3",
        ),
        (lambda: sequences.SubstitutionMatrix("any", "AC", np.full((2, 2), np.inf)), ValueError, "must be finite"),
        (lambda: sequences.SubstitutionMatrix("any", "A", [[1e40]]), ValueError, r"scores must be smaller than 2\^62"),
        (lambda: sequences.SubstitutionMatrix("any", "A-", np.eye(2)), ValueError, "no gap character"),
        (lambda: BLOSUM62["AR", "A"], ValueError, "two letters of 'ARN.*got \\('AR', 'A'\\)"),
        (lambda: BLOSUM62["A", ""], ValueError, "two letters of"),
        (lambda: BLOSUM62["A", "b"], ValueError, "two letters of"),
        (lambda: BLOSUM62["A", 0], ValueError, "two letters of"),
        (lambda: BLOSUM62["A"], TypeError, "two letters, as in matrix"),
        (lambda: BLOSUM62["AR"], TypeError, "two letters, as in matrix"),
        (lambda: sequences.encode("A", None), TypeError, "alphabet must be a string"),
        (
            lambda: sequences.global_score("A", "A", UNIT, 1, free_ends="no"),
            TypeError,
            "free_ends must be True or False",
        ),
        (lambda: sequences.align_global("A", "A", UNIT, 1, free_ends=1), TypeError, "free_ends must be True or False"),
        (
            lambda: sequences.score_alignment("A", "A", UNIT, 1, free_ends=0),
            TypeError,
            "free_ends must be True or False",
        ),
        (lambda: sequences.score_alignment("A-?", "-C?", UNIT, 1), ValueError, r"row_a has '\?' at position 2"),
        (lambda: sequences.score_alignment("-", "?", UNIT, 1), ValueError, r"row_b has '\?' at position 0"),
        (lambda: sequences.score_alignment("A.", "AC", UNIT, 1), ValueError, "row_a has '.' at position 1"),
        (lambda: sequences.encode("a", "ACGT"), ValueError, "sequence has 'a' at position 0: lower case"),
        (
            lambda: sequences.score_alignment("A-", "A", UNIT, 1),
            ValueError,
            "row_a and row_b must have the same length, got 2 and 1",
        ),
        (
            lambda: sequences.score_alignment("A-", "A-", UNIT, 1),
            ValueError,
            "both have a gap in one column, got it in 1",
        ),
        (
            lambda: sequences.score_alignment(None, "A", UNIT, 1),
            TypeError,
            "row_a must be a string of letters, got None",
        ),
        (
            lambda: sequences.local_scores("A", "ACGT", UNIT, 2, 1),
            TypeError,
            "targets must be a list or tuple of strings, got str",
        ),
        (lambda: sequences.local_scores("A", None, UNIT, 2, 1), TypeError, "got NoneType"),
        (lambda: sequences.local_scores("A", ["A", "a"], UNIT, 2, 1), ValueError, r"targets\[1\] has 'a'"),
        (lambda: sequences.local_scores("A", ["A", None], UNIT, 2, 1), TypeError, r"targets\[1\] must be a str"),
        (lambda: sequences.local_scores("A-", ["A"], UNIT, 2, 1), ValueError, "query has '-'.*gap character"),
        (lambda: sequences.local_scores("A", ["A"], UNIT, -2, 1), ValueError, "gap_open must be at least 0"),
        (lambda: sequences.local_scores("A", ["A"], np.eye(4), 2, 1), TypeError, "SubstitutionMatrix or a name"),
        (lambda: sequences.align_scores([1, 2], 1), ValueError, "scores must have 2 dimensions"),
        (lambda: sequences.align_scores([[np.nan]], 1), ValueError, "scores must be finite"),
        (lambda: sequences.align_scores([["A"]], 1), TypeError, "scores must be an array of numbers"),
        (lambda: sequences.align_scores([[1], [1, 2]], 1), ValueError, "scores must have rows of equal length"),
        (lambda: sequences.align_scores([[1]], 1, free_ends="yes"), TypeError, "free_ends must be True or False"),
        (lambda: sequences.conservation([[1, 2], [3, 4]], 0, unknown="X"), TypeError, "array of letters"),
        (lambda: sequences.conservation([["A"]], 0, unknown="X"), ValueError, "two rows or more"),
        (lambda: sequences.conservation(["AC", "AC"], 0, unknown="X"), ValueError, r"single letters, got shape \(2,\)"),
        (lambda: sequences.conservation([["A"], ["A", "C"]], 0, unknown="X"), ValueError, "rows of equal length"),
        (
            lambda: sequences.conservation([["A"], ["C"]], 2, unknown="X"),
            ValueError,
            "reference must be from 0 to 1, got 2",
        ),
        (
            lambda: sequences.conservation([["A"], ["C"]], "Human", unknown="X"),
            TypeError,
            "reference must be an integer",
        ),
        (lambda: sequences.conservation([["A"], ["C"]], 0, unknown=None), TypeError, "unknown must be a string"),
        (
            lambda: sequences.conservation([["A"], ["a"]], 0, unknown="X"),
            ValueError,
            "capital .* got 'a' in row 1, column 0",
        ),
        (lambda: sequences.conservation([["A"], ["."]], 0, unknown="X"), ValueError, "'-' for a gap, got '.' in row 1"),
        (lambda: sequences.conservation([["A"], [""]], 0, unknown="X"), ValueError, "single capital letters"),
        (lambda: sequences.conservation([["AR"], ["AR"]], 0, unknown="X"), ValueError, "got 'AR' in row 0"),
    ],
)
def test_other_bad_input_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
