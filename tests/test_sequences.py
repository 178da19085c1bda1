"""Alignment: known answers, Biopython and parasail as oracles on random pairs, and what is refused."""

import importlib.util
import itertools
import tracemalloc

import numpy as np
import pytest
from Bio.Align import PairwiseAligner, substitution_matrices
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import datasets, sequences

AMINO_ACIDS = "ARNDCQEGHILKMFPSTWYV"
BLOSUM62 = sequences.substitution_matrix("BLOSUM62")
UNIT = sequences.substitution_matrix(match=1, mismatch=-1)
N_PAIRS = 700  # a property; the properties with an oracle together see 2,000 random pairs and more

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
    assert sequences.global_score_affine(*pair, BLOSUM62, *cost, free_ends=free_ends) == expected
    found = sequences.align_global(*pair, BLOSUM62, *cost, free_ends=free_ends)
    assert found.score == expected
    assert (found.row_a.replace("-", ""), found.row_b.replace("-", "")) == pair
    assert sequences.score_alignment(found.row_a, found.row_b, BLOSUM62, *cost, free_ends=free_ends) == expected


@settings(max_examples=N_PAIRS)
@given(pairs, costs)
def test_local_alignments_are_biopythons(pair, cost):
    expected = expected_score(*pair, BLOSUM62, *cost, mode="local")
    assert sequences.local_score_affine(*pair, BLOSUM62, *cost) == expected
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
    for function, mode in ((sequences.global_score_affine, "global"), (sequences.local_score_affine, "local")):
        expected = expected_score(*pair, matrix, *cost, mode=mode)
        assert function(*pair, matrix, *cost) == pytest.approx(expected)
        assert function(*pair[::-1], matrix, *cost) == pytest.approx(expected)  # symmetric
    assert sequences.align_global(*pair, matrix, *cost).score == pytest.approx(
        expected_score(*pair, matrix, *cost, mode="global")
    )


@settings(max_examples=200)
@given(words, st.lists(words, max_size=6), costs)
def test_a_search_scores_each_target_as_if_it_were_alone(query, targets, cost):
    found = sequences.local_scores_affine(query, targets, BLOSUM62, *cost)
    assert found.tolist() == [expected_score(query, target, BLOSUM62, *cost, mode="local") for target in targets]


def test_a_search_does_not_depend_on_the_company(monkeypatch):
    rng = np.random.default_rng(2)
    query, *targets = ("".join(rng.choice(list(AMINO_ACIDS), n)) for n in (90, 300, 0, 35, 36, 300, 1, 80, 200))
    alone = [sequences.local_score_affine(query, target, BLOSUM62, 12, 1) for target in targets]
    for at_once in (1, 400, 1 << 15):
        monkeypatch.setattr(sequences, "_AT_ONCE", at_once)
        assert sequences.local_scores_affine(query, targets, BLOSUM62, 12, 1).tolist() == alone
        assert sequences.local_scores_affine(query, targets[::-1], "BLOSUM62", 12, 1).tolist() == alone[::-1]
    halves = sequences.local_scores_affine(query, targets, BLOSUM62, 10, 0.5)
    assert halves.tolist() == [sequences.local_score_affine(query, target, BLOSUM62, 10, 0.5) for target in targets]


@pytest.mark.skipif(importlib.util.find_spec("parasail") is None, reason="parasail is not installed")
def test_long_pairs_are_parasails():
    import parasail

    rng = np.random.default_rng(0)
    for length_a, length_b in ((1, 300), (150, 400), (700, 650)):
        a, b = ("".join(rng.choice(list(AMINO_ACIDS), length)) for length in (length_a, length_b))
        for gap_open, gap_extend in ((10, 1), (8, 8), (12, 2)):
            expected = parasail.nw_scan_32(a, b, gap_open, gap_extend, parasail.blosum62).score
            assert sequences.global_score_affine(a, b, BLOSUM62, gap_open, gap_extend) == expected
            expected = parasail.sw_scan_32(a, b, gap_open, gap_extend, parasail.blosum62).score
            assert sequences.local_score_affine(a, b, BLOSUM62, gap_open, gap_extend) == expected
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
    whole = sequences.global_score_affine(*pair, BLOSUM62, *cost)
    ends = sequences.global_score_affine(*pair, BLOSUM62, *cost, free_ends=True)
    assert whole <= ends <= sequences.local_score_affine(*pair, BLOSUM62, *cost)


@settings(max_examples=100)
@given(pairs, costs)
def test_aligning_a_table_of_scores_is_aligning_the_sequences(pair, cost):
    a, b = (sequences.encode(x, BLOSUM62.alphabet) for x in pair)
    columns_a, columns_b, score = sequences.align_scores(BLOSUM62.scores[a[:, None], b], *cost)
    assert score == pytest.approx(sequences.global_score_affine(*pair, BLOSUM62, *cost))
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
            sequences.global_score_affine(a, b, BLOSUM62, *cost, free_ends=free_ends),
            sequences.local_score_affine(a, b, BLOSUM62, *cost),
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
        (whole, free_ends, sequences.global_score_affine(*pair, matrix, *cost, free_ends=free_ends)),
        (part, False, sequences.local_score_affine(*pair, matrix, *cost)),
    ):
        again = sequences.score_alignment(found.row_a, found.row_b, matrix, *cost, free_ends=ends)
        assert again == pytest.approx(found.score) == pytest.approx(corner)


@settings(max_examples=200)
@given(pairs, st.sampled_from([0, 0.5, 1, 4]))
def test_an_affine_gap_that_opens_as_it_extends_is_linear(pair, gap):
    for free_ends in (False, True):
        linear = sequences.global_score(*pair, BLOSUM62, gap, free_ends=free_ends)
        assert sequences.global_score_affine(*pair, BLOSUM62, gap, gap, free_ends=free_ends) == linear
    assert sequences.local_score_affine(*pair, BLOSUM62, gap, gap) == sequences.local_score(*pair, BLOSUM62, gap)


def test_an_alignment_is_the_best_of_all():
    def every(a, b):
        if not a and not b:
            yield "", ""
        for step_a, step_b in ((1, 1), (1, 0), (0, 1)):
            if len(a) >= step_a and len(b) >= step_b:
                for x, y in every(a[step_a:], b[step_b:]):
                    yield (a[:1] if step_a else "-") + x, (b[:1] if step_b else "-") + y

    for a, b in itertools.product(("", "A", "ACG", "GATT"), ("", "C", "TAC", "GCAT")):
        for cost in ((1, 1), (3, 1), (4, 0)):
            best = max(sequences.score_alignment(x, y, UNIT, *cost) for x, y in every(a, b))
            assert sequences.global_score_affine(a, b, UNIT, *cost) == best


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
    assert sequences.global_score_affine("PRTEINS", "PRTWPSEIN", "BLOSUM62", 11, 1) == 8
    assert sequences.local_score_affine("PLEASANTLY", "MEANLY", "BLOSUM62", 11, 1) == 12


def test_the_chains_of_haemoglobin():
    alpha, beta = datasets.load_globins().sequences[:2]
    found = sequences.align_global(alpha, beta, BLOSUM62, 10, 0.5)
    assert (found.score, found.identities, found.gaps) == (292.5, 65, 9)
    assert found.score == oracle(BLOSUM62, 10, 0.5).score(alpha, beta)
    assert sequences.local_score_affine(alpha, beta, BLOSUM62, 10, 0.5) == 293.5
    assert sequences.local_score_affine(alpha, beta, BLOSUM62, 12, 1) == 285  # "11, 1" of BLAST
    assert str(found).splitlines()[0] == f"    1 {found.row_a[:60]}"
    assert str(found).splitlines()[4] == f"   54 {found.row_a[60:120]}"


def test_the_chains_of_haemoglobin_without_their_methionine():
    alpha, beta = (chain[1:] for chain in datasets.load_globins().sequences[:2])
    assert sequences.global_score_affine(alpha, beta, BLOSUM62, 10, 0.5) == 287.5
    assert sequences.global_score_affine(alpha, beta, BLOSUM62, 10, 0.5, free_ends=True) == 290.5
    assert sequences.local_score_affine(alpha, beta, BLOSUM62, 10, 0.5) == 293.5


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
        found[ends_free.score] = sequences.global_score_affine(*pair, data.matrices[k], *costs)
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
    assert np.allclose(sequences.conservation(table, 0), [1 / 3, 1, np.nan, 0.5], equal_nan=True)
    assert np.isnan(sequences.conservation(np.array([["A"], ["X"]]), 0)).all()


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
    assert sequences.local_score_affine("GATTACA", long, UNIT, 2, 1) == 3
    assert sequences.encode(long, "ACGT").tolist()[:5] == [0, 1, 2, 3, 0]
    assert sequences.hirschberg(long, "GATTACA", UNIT, 1).score == sequences.global_score("GATTACA", long, UNIT, 1)
    assert sequences.local_scores_affine("GATTACA", [long, "", "TTAC"], UNIT, 2, 1).tolist() == [3, 0, 4]
    for align in (sequences.align_global, sequences.align_local):
        with pytest.raises(ValueError, match="a and b have 100000 and 100000 letters.*hirschberg"):
            align(long, long, UNIT, 1)


# --- what is refused ---------------------------------------------------------------------------------------------

BAD_SEQUENCES = [
    (None, TypeError, "a must be a string of letters, got NoneType"),
    (b"ACGT", TypeError, "got bytes"),
    (["A", "C"], TypeError, "got list"),
    ("ACgT", ValueError, "'g' at position 2: lower case"),
    ("AC-T", ValueError, "'-' at position 2: a gap character"),
    ("ACNT", ValueError, "'N' at position 2, which is not in the alphabet 'ACGT'"),
    ("AC T", ValueError, "' ' at position 2"),
    ("ACGÅ", ValueError, "'Å' at position 3"),
    ("ACG🧬", ValueError, "at position 3"),
]


def with_affine_gaps(function):
    return lambda a, b, substitution, gap: function(a, b, substitution, gap, gap)


FUNCTIONS = {
    "global_score": sequences.global_score,
    "local_score": sequences.local_score,
    "global_score_affine": with_affine_gaps(sequences.global_score_affine),
    "local_score_affine": with_affine_gaps(sequences.local_score_affine),
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
        (-8, ValueError, "must not be negative: costs are positive numbers that are subtracted, got -8"),
        (float("nan"), ValueError, "must be finite"),
        (float("inf"), ValueError, "must be finite"),
        ("8", TypeError, "must be a number, got '8'"),
        (None, TypeError, "must be a number, got None"),
        (True, TypeError, "must be a number, got True"),
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
            lambda: sequences.global_score_affine("A", "A", UNIT, 1, 2),
            ValueError,
            "gap_open must be at least gap_extend",
        ),
        (lambda: sequences.global_score("A", "A", "BLOSUM99", 1), ValueError, "must be a matrix of Biopython"),
        (lambda: sequences.global_score("A", "A", np.eye(4), 1), TypeError, "must be a SubstitutionMatrix or a name"),
        (lambda: sequences.substitution_matrix(), TypeError, "match must be a number, got None"),
        (lambda: sequences.substitution_matrix("BLOSUM62", match=1), ValueError, "exclude each other"),
        (lambda: sequences.substitution_matrix(62), TypeError, "name must be the name of a matrix"),
        (lambda: sequences.substitution_matrix("SCHNEIDER"), ValueError, "over single letters"),
        (lambda: sequences.substitution_matrix(match=1, mismatch=0, alphabet="AA"), ValueError, "different letters"),
        (lambda: sequences.encode("a", "ACGT"), ValueError, "sequence has 'a' at position 0: lower case"),
        (lambda: sequences.score_alignment("A-", "A", UNIT, 1), ValueError, "equally long, got 2 and 1"),
        (lambda: sequences.score_alignment("A-", "A-", UNIT, 1), ValueError, "both have a gap"),
        (lambda: sequences.score_alignment(None, "A", UNIT, 1), TypeError, "must be strings"),
        (
            lambda: sequences.local_scores_affine("A", "ACGT", UNIT, 2, 1),
            TypeError,
            "targets must be a list or tuple of strings, got str",
        ),
        (lambda: sequences.local_scores_affine("A", None, UNIT, 2, 1), TypeError, "got NoneType"),
        (lambda: sequences.local_scores_affine("A", ["A", "a"], UNIT, 2, 1), ValueError, r"targets\[1\] has 'a'"),
        (lambda: sequences.local_scores_affine("A", ["A", None], UNIT, 2, 1), TypeError, r"targets\[1\] must be a str"),
        (lambda: sequences.local_scores_affine("A-", ["A"], UNIT, 2, 1), ValueError, "query has '-'.*gap character"),
        (lambda: sequences.local_scores_affine("A", ["A"], UNIT, -2, 1), ValueError, "gap_open must not be negative"),
        (lambda: sequences.local_scores_affine("A", ["A"], np.eye(4), 2, 1), TypeError, "SubstitutionMatrix or a name"),
        (lambda: sequences.align_scores([1, 2], 1), ValueError, "table of finite numbers"),
        (lambda: sequences.align_scores([[np.nan]], 1), ValueError, "table of finite numbers"),
        (lambda: sequences.conservation([[1, 2], [3, 4]], 0), TypeError, "array of letters"),
        (lambda: sequences.conservation([["A"]], 0), ValueError, "two rows or more"),
        (lambda: sequences.conservation([["A"], ["C"]], 2), ValueError, "reference must be from 0 to 1, got 2"),
        (lambda: sequences.conservation([["A"], ["C"]], "Human"), TypeError, "number of a row"),
    ],
)
def test_other_bad_input_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
