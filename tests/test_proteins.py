"""Proteins: encoding, padding, the networks and their masking, scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
        (None, TypeError, "must be a string of amino acids, got NoneType"),
        (["M", "K"], TypeError, "got list"),
        (b"MK", TypeError, "got bytes"),
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


# --- networks


@pytest.fixture(scope="module", params=KINDS)
def model(request):
    import keras

    keras.utils.set_random_seed(1)
    model = proteins.secondary_structure_network(request.param)
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


def easy_chains(n=24, seed=0):
    """Chains in which alanine is helix, valine strand and glycine coil."""
    rng = np.random.default_rng(seed)
    labels = [rng.integers(0, 3, rng.integers(20, 60)) for _ in range(n)]
    return ["".join("AVG"[state] for state in chain) for chain in labels], labels


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
        ({"kind": "cnn", "dropout": 1}, ValueError, "dropout must be a number from 0 to below 1, got 1"),
        ({"kind": "cnn", "embedding": True}, TypeError, "embedding must be an integer, got True"),
    ],
)
def test_a_network_that_cannot_be_built_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        proteins.secondary_structure_network(**arguments)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"labels": [np.zeros(3, int)]}, ValueError, "must have the same length, got 2 and 1"),
        (
            {"labels": [np.zeros(3, int), np.zeros(3, int)]},
            ValueError,
            "labels of chain 1 must have one state for each",
        ),
        ({"labels": [np.zeros(3, int), np.full(2, 3)]}, ValueError, "labels of chain 1 must be 0, 1 or 2"),
        ({"sequences": ["MKV", "mk"]}, ValueError, "got 'm' at position 0"),
        ({"epochs": 0}, ValueError, "epochs must be at least 1"),
        ({"batch_size": "8"}, TypeError, "batch_size must be an integer, got '8'"),
        ({"weights": [1, 2]}, ValueError, "weights must be 3 positive numbers"),
        ({"weights": [1, 0, 1]}, ValueError, "weights must be 3 positive numbers"),
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
        (([0, 1], [0, 1], [False, False]), "at least one residue"),
        (([0, 3], [0, 1]), "true must hold states from 0 to 2"),
        (([0, 1], [0, -1]), "predicted must hold states from 0 to 2"),
    ],
)
def test_scores_refuse_bad_input(score, arguments, message):
    with pytest.raises(ValueError, match=message):
        score(*arguments)
