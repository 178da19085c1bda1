"""Proteins: encoding, padding, the networks and their masking, scores, contacts, coordinates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import procrustes
from scipy.spatial.distance import pdist, squareform
from scipy.spatial.transform import Rotation

from course_utils import proteins

KINDS = ["window", "cnn", "bilstm"]


# --- chains as numbers


def test_the_codes_follow_the_alphabet_and_leave_zero_free():
    codes = proteins.encode(proteins.AMINO_ACIDS + "X")
    assert codes.tolist() == list(range(1, 22)) and proteins.PADDING == 0
    assert proteins.encode("MKV").tolist() == [11, 9, 18]


@pytest.mark.parametrize(
    ("sequence", "error", "message"),
    [
        ("", ValueError, "at least one amino acid"),
        ("MKv", ValueError, "got 'v' at position 2"),
        ("MK-V", ValueError, "got '-' at position 2"),
        ("MKB", ValueError, "got 'B'"),
        ("M K", ValueError, "got ' ' at position 1"),
        (None, TypeError, "must be a string of amino acids, got None"),
        (["M", "K"], TypeError, r"got \['M', 'K'\]"),
        (b"MK", TypeError, "got b'MK'"),
    ],
)
def test_what_is_no_sequence_is_refused(sequence, error, message):
    with pytest.raises(error, match=message):
        proteins.encode(sequence)


@given(
    st.lists(st.text(proteins.AMINO_ACIDS + "X", min_size=1, max_size=30), min_size=1, max_size=8), st.integers(0, 9)
)
def test_padding_keeps_every_residue_and_marks_it(sequences, extra):
    chains = [proteins.encode(sequence) for sequence in sequences]
    longest = max(map(len, chains))
    padded, mask = proteins.pad(chains, length=longest + extra)
    assert padded.shape == mask.shape == (len(chains), longest + extra)
    assert mask.sum(axis=1).tolist() == [len(chain) for chain in chains]
    assert (padded[~mask] == proteins.PADDING).all() and (padded[mask] == np.concatenate(chains)).all()


def test_features_are_padded_too_and_the_value_is_ours():
    padded, mask = proteins.pad([np.ones((2, 3)), np.ones((4, 3))], value=-1)
    assert padded.shape == (2, 4, 3) and mask.tolist() == [[True, True, False, False], [True] * 4]
    assert (padded[0, 2:] == -1).all()


@pytest.mark.parametrize(
    ("chains", "arguments", "message"),
    [
        ([], {}, "at least one chain"),
        ([np.ones(3)], {"length": 2}, "at least that of the longest chain, 3, got 2"),
        ([np.ones((2, 3)), np.ones((2, 4))], {}, "must agree in shape beyond the first axis"),
        ([np.ones(2), 5], {}, "must agree in shape"),
    ],
)
def test_chains_that_cannot_be_padded_are_refused(chains, arguments, message):
    with pytest.raises(ValueError, match=message):
        proteins.pad(chains, **arguments)


@pytest.mark.parametrize(
    ("chains", "value"),
    [
        ([np.array([1, 2])], 0.5),
        ([np.array([1, 2])], np.nan),
        ([np.array([1, 2])], -np.inf),
        ([np.array([True, False])], 7),
        ([np.array([True, False])], np.nan),
        ([np.array([1, 2], dtype=np.uint8)], -1),
        ([np.array([1, 2], dtype=np.uint64)], -1),
        ([np.array([1, 2], dtype=np.int8)], 300),
        ([np.array([1.0], dtype=np.float16)], 1e6),
    ],
)
def test_a_value_that_the_chains_cannot_hold_is_refused(chains, value):
    with pytest.raises(ValueError, match=f"value must be a number that chains of {chains[0].dtype} can hold, got"):
        proteins.pad(chains, value)


def test_integers_that_floats_would_round_are_refused():
    with pytest.raises(ValueError, match="chains must agree in type, float64 cannot hold all integers of chain 1"):
        proteins.pad([np.array([0.5]), np.array([2**53 + 1])])


NUMBERS = (
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.integers(-300, 300)
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.sampled_from([2**53, 2**53 + 1, 2**63 - 1, -(2**63), 0.5, -1, 255, 256, -0.0, 1e300])
)
KINDS_OF_NUMBERS = st.sampled_from(
    ["bool", "int8", "uint8", "int16", "int32", "int64", "uint64", "float16", "float32", "float64"]
)


@st.composite
def chains_of_numbers(draw):
    def chain():
        values = np.array(draw(st.lists(NUMBERS, min_size=1, max_size=4)), dtype=object)
        with np.errstate(all="ignore"):
            return values.astype(float).astype(draw(KINDS_OF_NUMBERS))

    chains = [chain() for _ in range(draw(st.integers(1, 3)))]
    for i in range(len(chains)):  # and integers that no float holds
        if chains[i].dtype == np.int64 and draw(st.booleans()):
            chains[i] = np.array(draw(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=4)))
    return chains


def same_number(a, b):
    """As Python compares: integers with floats exactly."""
    return a == b or (a != a and b != b)


@settings(max_examples=500)
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")  # of the numbers drawn, not of pad
@given(chains_of_numbers(), NUMBERS | NUMBERS.map(np.asarray), st.integers(0, 3))
def test_pad_changes_no_number_silently(chains, value, extra):
    try:
        padded, mask = proteins.pad(chains, value, max(map(len, chains)) + extra)
    except ValueError as error:
        assert str(error).startswith(("value must be a number that", "chains must agree in type"))
        return
    for row, chain in enumerate(chains):
        assert all(same_number(a, b) for a, b in zip(padded[row].tolist(), chain.tolist(), strict=False))
    for filled in padded[~mask].tolist():
        rounded = isinstance(np.asarray(value).item(), float) and padded.dtype.kind == "f"  # 0.1 in float32
        assert same_number(filled, padded.dtype.type(value).item() if rounded else np.asarray(value).item())


# --- networks


@pytest.fixture(scope="module", params=[(kind, context) for kind in KINDS for context in (0, 4)])
def model(request):
    import keras

    kind, context = request.param
    keras.utils.set_random_seed(1)
    model = proteins.secondary_structure_network(kind, context=context)
    for weight in model.weights:  # biases begin at zero, which would hide a bias that leaks into the padding
        weight.assign(weight + np.random.default_rng(0).normal(0, 0.2, weight.shape))
    return model


def test_the_kinds_have_equal_budgets():
    counts = [proteins.secondary_structure_network(kind).count_params() for kind in KINDS]
    assert min(counts) > 0.95 * max(counts) and max(counts) < 25_000


@pytest.mark.parametrize("extra", [1, 7, 100])
def test_padding_never_changes_a_prediction(model, extra):
    codes = proteins.encode("MQIFVKTLTGKTITLEVEPSDTIENVKAKIQDKEGIPPDQQRLIFAGKQLE")
    alone = np.asarray(model(codes[None]))
    padded, _ = proteins.pad([codes], length=len(codes) + extra)
    np.testing.assert_allclose(np.asarray(model(padded))[:, : len(codes)], alone, atol=1e-5)
    other, _ = proteins.pad([codes, proteins.encode("WWWWW")])  # nor does the company in the batch
    np.testing.assert_allclose(np.asarray(model(other))[:1], alone, atol=1e-5)


def test_the_predictions_come_in_the_order_of_the_sequences(model):
    sequences = ["MKVLA" * 8, "GGS", "WDYCE" * 20, "A"]
    together = proteins.predict_secondary_structure(model, sequences, batch_size=2)
    for sequence, found in zip(sequences, together, strict=True):
        alone = proteins.predict_secondary_structure(model, [sequence])[0]
        assert found.shape == (len(sequence), 3)
        np.testing.assert_allclose(found, alone, atol=1e-5)
        np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


def test_only_with_context_does_a_far_residue_change_a_prediction():
    import keras

    keras.utils.set_random_seed(0)
    ending_in = [proteins.encode("A" * 60 + end)[None] for end in "AW"]
    for context, changed in ((0, False), (4, True)):
        network = proteins.secondary_structure_network("cnn", context=context)
        first, second = (np.asarray(network(codes))[0, 0] for codes in ending_in)
        assert (np.abs(first - second).max() > 1e-6) == changed


def easy_chains(n=24, seed=0):
    """Chains in which alanine is helix, valine strand and glycine coil."""
    rng = np.random.default_rng(seed)
    labels = [rng.integers(0, 3, rng.integers(20, 60)) for _ in range(n)]
    return ["".join("AVG"[state] for state in chain) for chain in labels], labels


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_training_learns_what_there_is_to_learn(kind):
    import keras

    keras.utils.set_random_seed(0)
    model = proteins.secondary_structure_network(kind, width=16)
    sequences, labels = easy_chains()
    history = proteins.train_secondary_structure(model, sequences, labels, epochs=15, batch_size=4, learning_rate=1e-2)
    assert len(history.history["loss"]) == 15 and history.history["loss"][-1] < 0.4 < history.history["loss"][0]
    fresh, truth = easy_chains(seed=1)
    found = np.concatenate([p.argmax(axis=1) for p in proteins.predict_secondary_structure(model, fresh)])
    assert proteins.q3(np.concatenate(truth), found) > 0.95


def test_the_loss_is_a_mean_over_residues_whatever_is_padded():
    import keras

    class Uniform(keras.layers.Layer):
        def call(self, codes):
            scores = keras.ops.ones_like(keras.ops.cast(codes, "float32"))[..., None] * [0.0, 0.0, 0.0]
            return keras.ops.softmax(scores)

    codes = keras.Input((None,), dtype="int32")
    model = keras.Model(codes, Uniform()(codes))
    history = proteins.train_secondary_structure(model, ["A" * 5, "AC" * 30], [np.zeros(5, int), np.ones(60, int)], 1)
    assert history.history["loss"][0] == pytest.approx(np.log(3), abs=1e-5)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"kind": "lstm"}, ValueError, "kind must be one of 'window', 'cnn', 'bilstm', got 'lstm'"),
        ({"kind": "cnn", "width": 0}, ValueError, "width must be at least 1, got 0"),
        ({"kind": "cnn", "width": 1.5}, TypeError, "width must be an integer, got 1.5"),
        ({"kind": "cnn", "dropout": 1}, ValueError, r"dropout must be at least 0 and below 1, got 1\.0"),
        ({"kind": "cnn", "embedding": True}, TypeError, "embedding must be an integer, got True"),
        ({"kind": "cnn", "context": -1}, ValueError, "context must be at least 0, got -1"),
    ],
)
def test_a_network_that_cannot_be_built_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        proteins.secondary_structure_network(**arguments)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"labels": [np.zeros(3, int)]}, ValueError, "sequences and labels must have the same length, got 2 and 1"),
        (
            {"labels": [np.zeros(3, int), np.zeros(3, int)]},
            ValueError,
            "labels of chain 1 must have one state for each",
        ),
        ({"labels": [np.zeros(3, int), np.full(2, 3)]}, ValueError, "labels of chain 1 must be 0, 1 or 2"),
        ({"sequences": ["MKV", "mk"]}, ValueError, "got 'm' at position 0"),
        ({"epochs": 0}, ValueError, "epochs must be at least 1"),
        ({"batch_size": "8"}, TypeError, "batch_size must be an integer, got '8'"),
        ({"weights": [1, 2]}, ValueError, "weights must be 3 numbers from 1e-6 to 1e6"),
        ({"weights": [1, 0, 1]}, ValueError, "weights must be 3 numbers from 1e-6 to 1e6"),
        ({"weights": [1, 1e39, 1]}, ValueError, "weights must be 3 numbers from 1e-6 to 1e6"),
        ({"weights": [1, np.inf, 1]}, ValueError, "weights must be finite, got 1"),
        ({"learning_rate": -1}, ValueError, r"learning_rate must be above 0, got -1\.0"),
        ({"learning_rate": "fast"}, TypeError, "learning_rate must be a number, got 'fast'"),
        ({"seed": 1.5}, TypeError, "seed must be an integer, got 1.5"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(arguments, error, message):
    good = {"sequences": ["MKV", "MK"], "labels": [np.zeros(3, int), np.zeros(2, int)], "epochs": 1}
    with pytest.raises(error, match=message):
        proteins.train_secondary_structure(None, **good | arguments)


# --- scores


def test_q3_and_recall_count_residues_and_leave_padding_out():
    true = np.array([[0, 0, 1, 2], [2, 2, 0, 0]])
    predicted = np.array([[0, 1, 1, 2], [2, 0, 0, 0]])
    mask = np.array([[True, True, True, True], [True, True, False, False]])
    assert proteins.q3(true, predicted, mask) == 4 / 6
    assert proteins.q3(true, predicted) == 6 / 8
    np.testing.assert_allclose(proteins.recall_per_class(true, predicted, mask), [1 / 2, 1, 2 / 3])
    assert np.isnan(proteins.recall_per_class([0, 0], [0, 1])[1])


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1))
def test_scores_agree_with_scikit_learn(pairs):
    from sklearn.metrics import accuracy_score, recall_score

    true, predicted = np.array(pairs).T
    assert proteins.q3(true, predicted) == pytest.approx(accuracy_score(true, predicted))
    expected = recall_score(true, predicted, labels=[0, 1, 2], average=None, zero_division=np.nan)
    np.testing.assert_allclose(proteins.recall_per_class(true, predicted), expected)


@pytest.mark.parametrize("score", [proteins.q3, proteins.recall_per_class])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 1], [0, 1, 2]), "must have the same shape"),
        (([0, 1], [0, 1], [1, 1]), "mask must be bool of shape"),
        (([0, 1], [0, 1], [False, False]), "mask must leave at least one residue"),
        (([0, 3], [0, 1]), "true must hold states from 0 to 2"),
        (([0, 1], [0, -1]), "predicted must hold states from 0 to 2"),
    ],
)
def test_scores_refuse_bad_input(score, arguments, message):
    with pytest.raises(ValueError, match=message):
        score(*arguments)


# --- contacts and coordinates


def points(n=40, seed=0):
    return np.random.default_rng(seed).normal(0, 10, (n, 3))


def test_contacts_are_pairs_below_the_cutoff():
    line = np.array([[0.0, 0, 0], [3.8, 0, 0], [7.6, 0, 0], [11.4, 0, 0]])
    contacts = proteins.contact_map(line)
    assert contacts.tolist() == (np.abs(np.subtract.outer(range(4), range(4))) <= 2).tolist()
    assert proteins.contact_map(line, 1).sum() == 4
    np.testing.assert_array_equal(proteins.contact_map(points()), squareform(pdist(points())) < 8)


def test_the_precision_of_a_perfect_and_of_a_useless_score():
    contacts = proteins.contact_map(points(50), 12)
    i, j = np.triu_indices(50, 12)
    assert proteins.contact_precision(contacts, contacts.astype(float)) == 1
    assert proteins.contact_precision(contacts, -contacts.astype(float)) == 0
    constant = proteins.contact_precision(contacts, np.zeros((50, 50)))
    assert constant == pytest.approx(contacts[i, j].mean())  # ties count by their mean
    assert proteins.contact_precision(contacts, np.zeros((50, 50)), top=10_000) == pytest.approx(contacts[i, j].mean())


def test_the_precision_takes_a_fifth_of_the_length_and_leaves_near_pairs_out():
    contacts = np.zeros((31, 31), dtype=bool)
    scores = np.zeros((31, 31))
    for rank, (i, j) in enumerate([(0, 12), (0, 13), (0, 14), (1, 13), (1, 14), (1, 15), (1, 16), (1, 17)]):
        scores[i, j] = 9 - rank
        contacts[i, j] = rank % 2 == 0
    scores[0, 5], contacts[0, 5] = 99, True  # too near to count
    assert proteins.contact_precision(contacts, scores) == pytest.approx(4 / 7)  # the best 7 of 31 / 5 = 6.2
    assert proteins.contact_precision(contacts, scores, top=2) == 0.5
    assert proteins.contact_precision(contacts, scores, separation=13, top=2) == 0.5


@given(st.integers(4, 60), st.integers(0, 1000))
def test_true_distances_give_the_points_back_up_to_a_mirror(n, seed):
    truth = points(n, seed)
    found = proteins.classical_mds(squareform(pdist(truth)))
    np.testing.assert_allclose(pdist(found), pdist(truth), atol=1e-8)
    assert procrustes(truth, found)[2] < 1e-12
    rmsd = min(proteins.kabsch(found * [1, 1, sign], truth)[1] for sign in (1, -1))
    assert rmsd < 1e-8


def test_in_fewer_dimensions_the_distances_are_approximated():
    truth = points()
    flat = proteins.classical_mds(squareform(pdist(truth)), dimensions=2)
    assert flat.shape == (40, 2) and (pdist(flat) <= pdist(truth) + 1e-9).all()


@given(st.integers(3, 50), st.integers(0, 1000), st.floats(0, 20))
def test_kabsch_agrees_with_scipy(n, seed, noise):
    rng = np.random.default_rng(seed)
    fixed = points(n, seed)
    moving = fixed @ Rotation.random(rng=rng).as_matrix().T + rng.normal(0, 50, 3) + rng.normal(0, 1, (n, 3)) * noise
    superposed, rmsd = proteins.kabsch(moving, fixed)
    rotation, distance = Rotation.align_vectors(fixed - fixed.mean(axis=0), moving - moving.mean(axis=0))
    assert rmsd == pytest.approx(distance / np.sqrt(n), abs=1e-5)
    expected = rotation.apply(moving - moving.mean(axis=0)) + fixed.mean(axis=0)
    if n > 3 and noise < 5:  # where the best rotation is well determined
        np.testing.assert_allclose(superposed, expected, atol=1e-4)


def test_kabsch_never_mirrors():
    truth = points()
    mirrored = truth * [1, 1, -1]
    superposed, rmsd = proteins.kabsch(mirrored, truth)
    assert rmsd > 3
    np.testing.assert_allclose(pdist(superposed), pdist(truth), atol=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: proteins.contact_map(np.zeros((3, 2))), r"coordinates must have the shape \(n, 3\), got \(3, 2\)"),
        (lambda: proteins.contact_map([[0, 0, np.nan]]), "coordinates must be finite"),
        (lambda: proteins.contact_map(points(), 0), r"cutoff must be above 0, got 0\.0"),
        (lambda: proteins.contact_precision(np.zeros((3, 3)), np.zeros((3, 3))), "must be a square array of bool"),
        (lambda: proteins.contact_precision(np.eye(3) > 0, np.zeros((3, 4))), "must have the shape of contacts"),
        (lambda: proteins.contact_precision(np.eye(3) > 0, np.zeros((3, 3))), "must leave at least one pair of 3"),
        (lambda: proteins.contact_precision(np.eye(20) > 0, np.full((20, 20), np.nan)), "scores must be finite"),
        (lambda: proteins.classical_mds(np.zeros((3, 4))), "must be a square array"),
        (lambda: proteins.classical_mds(-np.ones((3, 3))), r"distances must be at least 0, got -1\.0"),
        (lambda: proteins.classical_mds(np.triu(np.ones((3, 3)), 1)), "must be symmetric"),
        (lambda: proteins.classical_mds(np.ones((3, 3))), "zeros on the diagonal"),
        (lambda: proteins.classical_mds(np.zeros((2, 2))), "at most the number of points, 2, got 3"),
        (lambda: proteins.kabsch(points(3), points(4)), "must have the same shape"),
        (lambda: proteins.kabsch(np.zeros((0, 3)), np.zeros((0, 3))), "moving must not be empty"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
