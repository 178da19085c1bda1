"""Tests of the measures of generated molecules, by hand and against SciPy, and of what a generator must beat."""

import math

import numpy as np
import pytest
import scipy.linalg

from course_utils import datasets, generative, molecules

ALCOHOLS = ["CO", "CCO", "CCCO", "CCCCO"]


@pytest.fixture(scope="module")
def small():
    data = datasets.load_small_molecules()
    return [text for text, size in zip(data.smiles, data.heavy_atoms, strict=True) if 4 <= size <= 9]


# --- Distances -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_frechet_distance_is_the_closed_form(seed):
    generator = np.random.default_rng(seed)
    first = generator.normal(size=(30, 4)) @ generator.normal(size=(4, 4))
    second = generator.normal(1.0, 2.0, size=(50, 4))
    covariances = [np.cov(table, rowvar=False) for table in (first, second)]
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1]).real
    expected = np.sum((first.mean(axis=0) - second.mean(axis=0)) ** 2) + np.trace(sum(covariances) - 2 * root)
    assert generative.frechet_distance(first, second) == pytest.approx(expected, rel=1e-6)
    assert generative.frechet_distance(second, first) == pytest.approx(expected, rel=1e-6)


def test_frechet_distance_of_one_column_by_hand():
    # Means 1 and 4, standard deviations sqrt(2) and sqrt(8): 3**2 + (sqrt(8) - sqrt(2))**2 = 9 + 2
    assert generative.frechet_distance([[0.0], [2.0]], [[2.0], [6.0]]) == pytest.approx(11)


def test_frechet_distance_of_a_table_with_itself_is_zero_even_where_columns_repeat():
    table = np.random.default_rng(0).normal(size=(20, 3))
    assert generative.frechet_distance(table[:, [0, 0, 1]], table[:, [0, 0, 1]]) == pytest.approx(0, abs=1e-9)


@pytest.mark.filterwarnings("error")
def test_frechet_distance_refuses_numbers_whose_squares_overflow():
    with pytest.raises(ValueError, match="first and second must hold numbers whose squares can be added up"):
        generative.frechet_distance([[1e200], [2e200]], [[0.0], [1.0]])


def test_scaled_wasserstein_by_hand():
    # The reference 0, 2 has mean 1 and deviation 1; every value moves by 3.
    assert generative.scaled_wasserstein([[3.0], [5.0]], [[0.0], [2.0]]) == pytest.approx([3])
    # In a column ten times as large everything is ten times as far, and the answer is the same.
    assert generative.scaled_wasserstein([[30.0], [50.0]], [[0.0], [20.0]]) == pytest.approx([3])
    # Half of the values move by 2: the average is 1.
    assert generative.scaled_wasserstein([[0.0], [0.0]], [[0.0], [2.0]]) == pytest.approx([1])


def test_scaled_wasserstein_needs_a_reference_that_varies():
    with pytest.raises(ValueError, match="reference must vary in every column, got a single value in column 1"):
        generative.scaled_wasserstein([[0.0, 1.0]], [[0.0, 1.0], [2.0, 1.0]])


def test_tables_must_fit():
    with pytest.raises(ValueError, match="first must have at least 2 rows, got 1"):
        generative.frechet_distance([[1.0]], [[1.0], [2.0]])
    with pytest.raises(ValueError, match="generated and reference must have the same columns, got 1 and 2"):
        generative.scaled_wasserstein([[1.0]], [[1.0, 2.0]])


def test_internal_diversity_by_hand():
    # Pairs: (1, 2) share one of two bits, (1, 3) and (2, 3) share none.
    bits = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 1]])
    assert generative.internal_diversity(bits) == pytest.approx((0.5 + 1 + 1) / 3)
    assert generative.internal_diversity(bits[[0, 0]]) == 0
    with pytest.raises(ValueError, match="at least 2 rows of 0 and 1, got shape"):
        generative.internal_diversity(bits[:1])


# --- Measures --------------------------------------------------------------------------------------------------------


def test_measures_of_a_set_made_by_hand():
    # Ten texts: two are no molecules; of eight valid ones, "OCC" and "C(O)C" are ethanol again.
    generated = ["CCO", "OCC", "C(O)C", "CO", "CCN", "CCC", "CCCl", "CCBr", None, "C(C)(C)(C)(C)C"]
    measured = generative.measure_molecules(generated, ALCOHOLS)
    assert (measured.n, measured.valid) == (10, 0.8)
    assert measured.unique == 6 / 8
    assert measured.novel == 4 / 6  # all but methanol and ethanol
    assert 0 < measured.diversity < 1
    assert measured.wasserstein > 0 and measured.frechet > 0


def test_a_copy_of_the_training_set_is_perfect_and_not_new(small):
    measured = generative.measure_molecules(small[:200], small[:200])
    assert (measured.valid, measured.unique, measured.novel) == (1, 1, 0)
    assert measured.wasserstein == pytest.approx(0, abs=1e-9)
    assert measured.frechet == pytest.approx(0, abs=1e-6)


def test_collapse_is_seen_by_uniqueness_and_distances_not_by_validity(small):
    measured = generative.measure_molecules(["NCCCCCN"] * 100, small[:200])
    assert (measured.valid, measured.unique) == (1, 0.01)
    assert math.isnan(measured.diversity)
    assert measured.frechet > 2


def test_a_mixture_is_not_a_molecule():
    measures = generative.measure_molecules(["CCO.CCO", "[Na+].[Cl-]", "CCO", "CCN"], ["CCO", "CCC"])
    assert (measures.valid, measures.unique, measures.novel) == (0.5, 1.0, 0.5)


def test_nothing_valid_leaves_nothing_to_measure():
    measured = generative.measure_molecules([None, "C("], ALCOHOLS)
    assert measured.valid == 0
    left = (measured.unique, measured.novel, measured.diversity, measured.wasserstein, measured.frechet)
    assert all(math.isnan(value) for value in left)


@pytest.mark.parametrize(
    ("generated", "training", "message"),
    [
        ([], ALCOHOLS, "generated must hold at least one molecule, got an empty list"),
        ("CCO", ALCOHOLS, "generated must be a list of strings, got one string"),
        (["CCO", 3], ALCOHOLS, "generated must be a list of strings or None, got in row 1: 3"),
        (["CCO"], ["CCO", "OCC"], "training must hold at least 2 different molecules, got 1"),
        (["CCO"], ["CCO", None], "training must be a list of strings, got in row 1: None"),
        (["CCO"], ["CCO", "C("], "smiles must be molecules"),
    ],
)
def test_what_cannot_be_measured_is_refused(generated, training, message):
    with pytest.raises((TypeError, ValueError), match=message.replace("(", r"\(")):
        generative.measure_molecules(generated, training)


# --- What a generator must beat --------------------------------------------------------------------------------------


def test_random_selfies_are_all_valid():
    drawn = generative.random_selfies(5000, seed=1)
    assert len(drawn) == 5000
    assert all(drawn) and generative.measure_molecules(drawn[:500], ALCOHOLS).valid == 1
    assert drawn == generative.random_selfies(5000, seed=1) != generative.random_selfies(5000, seed=2)


def test_position_marginals_keep_the_frequencies_and_lose_the_connections(small):
    atoms, bonds = molecules.atom_bond_matrices(small)
    drawn_atoms, drawn_bonds = generative.position_marginals(atoms, bonds, 5000, seed=0)
    for code in range(3):
        assert np.abs((drawn_atoms == code).mean(axis=0) - (atoms == code).mean(axis=0)).max() < 0.03
        assert np.abs((drawn_bonds == code).mean(axis=0) - (bonds == code).mean(axis=0)).max() < 0.03
    assert (drawn_bonds == drawn_bonds.transpose(0, 2, 1)).all()
    measured = generative.measure_molecules(molecules.smiles_from_matrices(drawn_atoms, drawn_bonds)[:1000], small)
    assert 0.05 < measured.valid < 0.2


def test_resampled_atoms_stand_on_real_bonds(small):
    atoms, bonds = molecules.atom_bond_matrices(small)
    drawn_atoms, drawn_bonds = generative.resample_atoms(atoms, bonds, 200, seed=0)
    real = {
        (np.sort((row > 0).astype(int)).tobytes(), matrix.tobytes()) for row, matrix in zip(atoms, bonds, strict=True)
    }
    drawn = zip(drawn_atoms, drawn_bonds, strict=True)
    assert all((np.sort((row > 0).astype(int)).tobytes(), matrix.tobytes()) in real for row, matrix in drawn)
    assert (drawn_atoms == 1).sum() / (drawn_atoms > 0).sum() == pytest.approx(
        (atoms == 1).sum() / (atoms > 0).sum(), abs=0.05
    )
    with pytest.raises(ValueError, match="at least one atom, got none"):
        generative.resample_atoms(np.zeros_like(atoms), bonds, 2)


def test_one_carbon_more(small):
    made = generative.add_one_carbon(small, len(small), seed=0)
    before = sorted(molecules.descriptors(small, "heavy atoms")[:, 0] + 1)
    after = sorted(molecules.descriptors(made, "heavy atoms")[:, 0])
    unchanged = sum(text in set(small) and molecules.descriptors([text], "H-bond donors")[0, 0] == 0 for text in made)
    assert sum(left != right for left, right in zip(before, after, strict=True)) <= unchanged
    assert generative.add_one_carbon(["C(Cl)(Cl)(Cl)Cl"], 3) == ["ClC(Cl)(Cl)Cl"] * 3  # no hydrogen to replace
    assert generative.add_one_carbon(["c1cc[nH]c1"], 200, seed=1).count("Cn1cccc1") > 10
    assert len(generative.add_one_carbon(ALCOHOLS, 11)) == 11


def test_matrices_must_be_codes(small):
    atoms, bonds = molecules.atom_bond_matrices(small[:3])
    for draw in (generative.position_marginals, generative.resample_atoms):
        with pytest.raises(TypeError, match="atoms must hold integer codes, got dtype float"):
            draw(atoms * 1.0, bonds, 2)
        with pytest.raises(ValueError, match="bonds must have the shape"):
            draw(atoms, bonds[:, 1:], 2)


# --- The network that draws graphs ----------------------------------------------------------------------------------


def test_graph_rows_by_hand():
    # Carbon and oxygen with a double bond, and one empty place: kinds none, C, O; pairs (0, 1), (0, 2), (1, 2).
    rows = generative.graph_rows([[1, 2, 0]], [[[0, 2, 0], [2, 0, 0], [0, 0, 0]]], 2)
    assert rows.tolist() == [[0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0]]
    assert rows.dtype == np.float32


def test_graph_rows_name_a_code_outside_the_alphabet():
    with pytest.raises(ValueError, match="atoms must hold codes from 0 to 2, got 0 to 3"):
        generative.graph_rows([[3, 0]], np.zeros((1, 2, 2), dtype=int), 2)
    with pytest.raises(ValueError, match="bonds must hold codes from 0 to 3, got 0 to 4"):
        generative.graph_rows([[1, 1]], [[[0, 4], [4, 0]]], 2)


def test_critic_loss_by_hand():
    keras = pytest.importorskip("keras")
    critic = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, use_bias=False)])
    critic.set_weights([np.array([[3.0], [4.0]])])
    real, fake = np.array([[1.0, 0.0]], dtype="float32"), np.array([[0.0, 1.0]], dtype="float32")
    arguments = [keras.ops.convert_to_tensor(value) for value in (real, fake, np.array([[0.5]], dtype="float32"))]
    assert float(generative.critic_loss(critic, *arguments)) == pytest.approx(4 - 3 + 10 * (5 - 1) ** 2)
    assert float(generative.critic_loss(critic, *arguments, penalty=0)) == pytest.approx(1)


@pytest.fixture(scope="module")
def trained():
    """A graph GAN after a few steps, its weights before, and how often its own loss was traced."""
    import keras

    keras.utils.set_random_seed(0)
    calls = []

    def loss(critic, real, fake, mix):
        calls.append((real.shape[1], mix.shape[1]))
        return generative.critic_loss(critic, real, fake, mix)

    model = generative.graph_gan(4, 3, loss=loss)
    before = [network.get_weights() for network in (model.generator, model.critic, model.averaged)]
    atoms, bonds = molecules.atom_bond_matrices(ALCOHOLS[:3] * 10, ("C", "N", "O"), 4)
    history = model.fit(generative.graph_rows(atoms, bonds, 3), batch_size=15, epochs=4, verbose=0)
    return model, before, calls, history


def test_graph_gan_trains_its_networks_with_fit_and_the_given_loss(trained):
    model, before, calls, history = trained
    for network, old in zip((model.generator, model.critic, model.averaged), before, strict=True):
        assert (network.get_weights()[0] != old[0]).any()
    assert set(calls) == {(4 * 4 + 6 * 4, 1)}
    assert np.isfinite(history.history["critic_loss"]).all()


def test_the_averaged_generator_lags_behind(trained):
    model, before, *_ = trained
    start, now, averaged = before[0][0], model.generator.get_weights()[0], model.averaged.get_weights()[0]
    assert 0 < np.abs(averaged - start).mean() < np.abs(now - start).mean() / 5  # after a few steps of 0.5 % each


def test_graph_gan_draws_graphs_and_repeats_itself(trained):
    model = trained[0]
    atoms, bonds = model.draw(50, seed=1)
    assert atoms.shape == (50, 4) and bonds.shape == (50, 4, 4)
    assert atoms.max() <= 3 and bonds.max() <= 3 and (bonds == bonds.transpose(0, 2, 1)).all()
    assert len(molecules.smiles_from_matrices(atoms, bonds, ("C", "N", "O"))) == 50
    again, other = model.draw(50, seed=1), model.draw(50, seed=2)
    assert (again[0] == atoms).all() and (again[1] == bonds).all() and (other[0] != atoms).any()


def test_graph_gan_wants_a_function_as_loss():
    with pytest.raises(TypeError, match="loss must be a function of critic, real, fake and mix, got 'wgan'"):
        generative.graph_gan(4, 3, loss="wgan")
