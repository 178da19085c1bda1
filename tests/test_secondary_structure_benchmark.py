"""The network of benchmarks/secondary_structure.py that replaces residues in training: it does what its rows report."""

import numpy as np
import pytest

from course_utils import notebooks, proteins


@pytest.fixture(scope="module")
def secondary_structure():
    """The benchmark as a module; its folder stands on the path only while it is imported."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(notebooks.ROOT / "benchmarks"))
        import secondary_structure
    return secondary_structure


def test_substitution_probabilities_follow_blosum62(secondary_structure):
    probabilities = secondary_structure.substitution_probabilities()
    assert probabilities.shape == (20, 20) and np.allclose(probabilities.sum(axis=1), 1)
    assert (np.diag(probabilities) == 0).all()
    row = dict(zip(proteins.AMINO_ACIDS, probabilities[proteins.AMINO_ACIDS.index("I")], strict=True))
    assert max(row, key=row.get) == "V"
    assert np.isclose(row["V"] / row["L"], 2 ** ((3 - 2) / 2))  # BLOSUM62: I-V 3, I-L 2, in half-bits


def test_the_substituting_network_replaces_in_training_alone_and_leaves_padding_and_x(secondary_structure):
    network = secondary_structure.substituting_network(width=4, windows=(3,), rate=0.9)
    layer = next(layer for layer in network.layers if type(layer).__name__ == "Substitute")
    codes = np.tile(np.array([[1, 5, 20, 21, 0, 0]], dtype="int32"), (200, 1))
    assert (np.asarray(layer(codes, training=False)) == codes).all()
    changed = np.asarray(layer(codes, training=True))
    assert (changed[:, 3:] == codes[:, 3:]).all()
    assert changed[:, :3].min() >= 1 and changed[:, :3].max() <= 20
    share = np.mean(changed[:, :3] != codes[:, :3])  # never replaced by itself
    assert abs(share - 0.9) < 0.05
    assert not (np.asarray(layer(codes, training=True)) == changed).all()


def test_padding_does_not_reach_a_prediction_of_the_substituting_network(secondary_structure):
    network = secondary_structure.substituting_network(width=8, windows=(5, 3))
    short, long = (np.array([[3, 7, 9, *[0] * n]], dtype="int32") for n in (0, 40))
    alone, padded = (np.asarray(network(codes, training=False))[:, :3] for codes in (short, long))
    np.testing.assert_allclose(alone, padded, atol=1e-6)
