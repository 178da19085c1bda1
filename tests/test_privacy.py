"""course_utils.privacy against cases by hand, closed forms, loops, pandas and Google's dp-accounting."""

import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from course_utils import privacy

with_examples = settings(deadline=None, max_examples=60)
rarely = settings(deadline=None, max_examples=12)


def test_importing_the_module_is_light():
    code = (
        "import sys, course_utils.privacy; print(sorted({'tensorflow', 'scipy', 'dp_accounting'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


# --- tables ----------------------------------------------------------------------------------------------------------

TEN = pd.DataFrame({"age": [3, 3, 3, 4, 4, 4, 5, 5, 5, 5], "sex": list("fffmmmffff")})
ILL = ["asthma", "flu", "flu", "HIV", "HIV", "HIV", "flu", "asthma", "HIV", "flu"]


def test_ten_rows_by_hand():
    assert (privacy.k_anonymity(TEN), privacy.l_diversity(TEN, ILL)) == (3, 1)
    assert privacy.k_anonymity(TEN.iloc[:7]) == 1
    assert privacy.l_diversity(TEN[["sex"]], ILL) == 1
    assert privacy.l_diversity(TEN[["sex"]].iloc[[0, 1, 6, 7]], pd.Series(ILL).iloc[[0, 1, 6, 7]]) == 2


tables = st.lists(st.tuples(st.integers(0, 2), st.sampled_from("ab"), st.integers(0, 3)), min_size=1, max_size=30)


@with_examples
@given(tables)
def test_anonymity_agrees_with_pandas(rows):
    table = pd.DataFrame(rows, columns=["x", "y", "secret"])
    groups = table.groupby(["x", "y"])["secret"]
    quasi = [row[:2] for row in rows]
    assert privacy.k_anonymity(quasi) == privacy.k_anonymity(table[["x", "y"]]) == groups.size().min()
    assert privacy.l_diversity(quasi, [row[2] for row in rows]) == groups.nunique().min()
    assert privacy.l_diversity(quasi, table["secret"]) <= privacy.k_anonymity(quasi)


@with_examples
@given(tables)
def test_one_column_more_never_hides_better(rows):
    assert privacy.k_anonymity(rows) <= privacy.k_anonymity([row[:2] for row in rows])


def test_a_missing_value_is_one_value():
    assert privacy.k_anonymity(np.array([[1.0, np.nan], [1.0, np.nan]])) == 2
    assert privacy.l_diversity([(1,), (1,)], [np.nan, float("nan")]) == 1


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "rows must hold at least one row"),
        ([(1, 2), (1,)], "same quasi-identifiers"),
        ([()], "one or more"),
        ("abc", "rows must be a list"),
        ([("a", [1])], "must hold numbers or strings"),
        (["ab", "cd"], "a row of rows must be a list"),
        (None, "rows must be a list"),
    ],
)
def test_tables_that_are_none_are_refused(rows, message):
    with pytest.raises((TypeError, ValueError), match=message):
        privacy.k_anonymity(rows)


def test_the_sensitive_values_must_fit():
    with pytest.raises(ValueError, match="rows and sensitive must have the same length, got 2 and 1"):
        privacy.l_diversity([(1,), (2,)], ["a"])
    with pytest.raises(TypeError, match="sensitive must hold numbers or strings"):
        privacy.l_diversity([(1,)], [["a"]])


# --- noisy answers ---------------------------------------------------------------------------------------------------


def test_laplace_noise_has_the_scale_of_the_mechanism():
    noise = privacy.laplace_mechanism(np.zeros(100_000), 3.0, 0.5, seed=1)
    assert stats.kstest(noise, stats.laplace(0, 6.0).cdf).pvalue > 1e-3
    assert isinstance(privacy.laplace_mechanism(12, 1, 1.0), float)
    assert privacy.laplace_mechanism(12, 0, 1.0) == 12


@with_examples
@given(st.floats(0.05, 5), st.floats(-3, 3))
def test_the_laplace_ratio_never_exceeds_epsilon(epsilon, answer):
    b = 1 / epsilon
    assert abs(stats.laplace.logpdf(answer, 0, b) - stats.laplace.logpdf(answer, 1, b)) <= epsilon + 1e-9


def test_gaussian_delta_by_hand_and_at_the_ends():
    assert privacy.gaussian_delta(1.0, 1.0) == pytest.approx(stats.norm.cdf(-0.5) - math.e * stats.norm.cdf(-1.5))
    assert privacy.gaussian_delta(1e-3, 0) == pytest.approx(1)
    assert privacy.gaussian_delta(1e3, 1.0) == 0
    assert privacy.gaussian_delta(0.01, 800.0) > 0.99  # exp(800) would overflow
    assert privacy.gaussian_delta(2.0, 0) == pytest.approx(2 * stats.norm.cdf(0.25) - 1)  # total variation


@rarely
@given(st.floats(0.5, 8), st.floats(0.1, 4))
def test_gaussian_delta_agrees_with_the_library(noise, epsilon):
    from dp_accounting.pld import privacy_loss_mechanism

    loss = privacy_loss_mechanism.GaussianPrivacyLoss(noise)
    assert privacy.gaussian_delta(noise, epsilon) == pytest.approx(
        loss.get_delta_for_epsilon(epsilon), rel=1e-6, abs=1e-12
    )


@with_examples
@given(st.floats(0.05, 10), st.floats(1e-9, 0.5))
def test_the_noise_multiplier_is_the_least(epsilon, delta):
    noise = privacy.gaussian_noise_multiplier(epsilon, delta)
    assert privacy.gaussian_delta(noise, epsilon) <= delta
    assert privacy.gaussian_delta(noise * (1 - 1e-6), epsilon) > delta * (1 - 1e-3)


@pytest.mark.parametrize("epsilon", [0, -1.0, math.inf, math.nan])
def test_no_epsilon_of_zero_or_less(epsilon):
    for function in (
        lambda: privacy.laplace_mechanism(1.0, 1.0, epsilon),
        lambda: privacy.gaussian_noise_multiplier(epsilon, 1e-5),
        lambda: privacy.noise_multiplier_for(epsilon, 1e-5, 0.1, 10),
    ):
        with pytest.raises(ValueError, match=r"epsilon must be (above 0|finite)"):
            function()


@pytest.mark.parametrize("delta", [0, 1, 1.5, -1e-5])
def test_no_delta_of_zero_or_one(delta):
    for function in (
        lambda: privacy.gaussian_noise_multiplier(1.0, delta),
        lambda: privacy.epsilon_spent(0.1, 1.0, 10, delta),
        lambda: privacy.epsilon_from_renyi([2], [0.1], delta),
    ):
        with pytest.raises(ValueError, match="delta must be between 0 and 1, ends excluded"):
            function()


# --- clipping and the private mean -----------------------------------------------------------------------------------

gradients = st.integers(1, 6).flatmap(
    lambda n: st.lists(
        st.lists(st.floats(-1e3, 1e3, allow_subnormal=False), min_size=3, max_size=3), min_size=n, max_size=n
    )
)


@with_examples
@given(gradients, st.floats(0.01, 100))
def test_clipping_shortens_and_does_not_turn(rows, clip_norm):
    rows = np.array(rows)
    clipped = privacy.clip_rows(rows, clip_norm)
    lengths, before = np.linalg.norm(clipped, axis=1), np.linalg.norm(rows, axis=1)
    assert (lengths <= clip_norm * (1 + 1e-9)).all()
    np.testing.assert_allclose(lengths, np.minimum(before, clip_norm), rtol=1e-9, atol=1e-200)
    np.testing.assert_allclose(clipped * before[:, None], rows * lengths[:, None], rtol=1e-9, atol=1e-6)


def test_clipping_of_zeros_and_of_huge_numbers():
    clipped = privacy.clip_rows([[0.0, 0.0], [3e200, 4e200]], 1.0)
    np.testing.assert_allclose(clipped, [[0, 0], [0.6, 0.8]])


@with_examples
@given(gradients, st.floats(0.01, 100))
def test_one_person_moves_the_sum_by_the_norm_at_most(rows, clip_norm):
    rows = np.array(rows)
    moved = privacy.private_mean(rows, clip_norm, 0, 1.0) - privacy.private_mean(
        rows[1:].reshape(-1, 3), clip_norm, 0, 1.0
    )
    assert np.linalg.norm(moved) <= clip_norm * (1 + 1e-6)


def test_the_private_mean_by_hand():
    rows = [[3.0, 4.0], [0.3, 0.4]]
    np.testing.assert_allclose(privacy.private_mean(rows, 1.0, 0.0, 4.0), [0.225, 0.3])
    noise = privacy.private_mean(np.zeros((5, 50_000)), 2.0, 3.0, 4.0, seed=2)
    assert noise.std() == pytest.approx(1.5, rel=0.02)
    alone = privacy.private_mean(np.zeros((0, 50_000)), 2.0, 3.0, 4.0, seed=2)
    np.testing.assert_array_equal(alone, noise)


# --- Poisson batches -------------------------------------------------------------------------------------------------


@with_examples
@given(st.integers(1, 300), st.floats(0.001, 1), st.integers(0, 100))
def test_a_batch_holds_each_person_once_and_the_rest_weighs_nothing(n, q, seed):
    indices, weights = privacy.poisson_batch(n, q, seed)
    drawn = indices[weights == 1]
    assert len(set(drawn)) == len(drawn) == weights.sum() and set(weights) <= {0.0, 1.0}
    assert indices.min() >= 0 and indices.max() < n and len(indices) == len(weights) <= n
    np.testing.assert_array_equal(drawn, np.flatnonzero(np.random.default_rng(seed).random(n) < q))


def test_the_size_of_a_batch_varies_as_coins_do():
    rng = np.random.default_rng(0)
    sizes = [privacy.poisson_batch(1000, 0.1, rng)[1].sum() for _ in range(2000)]
    assert np.mean(sizes) == pytest.approx(100, abs=1.5) and np.var(sizes) == pytest.approx(90, rel=0.15)


def test_a_batch_that_does_not_fit_is_not_cut():
    with pytest.raises(ValueError, match="capacity must hold every person drawn, got 3 for 10"):
        privacy.poisson_batch(10, 1.0, capacity=3)


@pytest.mark.parametrize("q", [0, -0.1, 1.01, 64])
def test_a_sampling_rate_is_a_chance(q):
    for function in (
        lambda: privacy.poisson_batch(100, q),
        lambda: privacy.epsilon_spent(q, 1.0, 10, 1e-5),
        lambda: privacy.renyi_divergences(q, 1.0, [2]),
    ):
        with pytest.raises(ValueError, match="sampling_rate must be"):
            function()


# --- training --------------------------------------------------------------------------------------------------------


def network(seed=0):
    import keras

    keras.utils.set_random_seed(seed)
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, "tanh"), keras.layers.Dense(1)])


def cross_entropy(label, logit):
    import tensorflow as tf

    return tf.nn.sigmoid_cross_entropy_with_logits(labels=label[:, None], logits=logit)


def flat_gradients(model, X, y):
    """One gradient a person, by a loop."""
    import tensorflow as tf

    rows = []
    for x, label in zip(X, y, strict=True):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(cross_entropy(tf.constant([label]), model(x[None])))
        rows.append(np.concatenate([np.ravel(part) for part in tape.gradient(loss, model.trainable_variables)]))
    return np.array(rows)


def flat(model):
    return np.concatenate([np.ravel(part) for part in model.get_weights()])


def data(n=12, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 3)).astype("float32"), (rng.random(n) < 0.5).astype("float32")


def test_a_step_is_the_private_mean_of_a_loops_gradients():
    X, y = data()
    model = network()
    before, rows = flat(model), flat_gradients(model, X, y)
    step = privacy.dp_sgd_step(
        model, cross_entropy, learning_rate=0.3, clip_norm=0.2, noise_multiplier=0.0, expected_size=7.0
    )
    weights = np.array([1] * 9 + [0] * 3, "float32")
    step(X, y, weights)
    expected = before - 0.3 * privacy.private_mean(rows[:9], 0.2, 0.0, 7.0)
    np.testing.assert_allclose(flat(model), expected, atol=1e-6)


def test_the_noise_of_a_step_has_its_size_and_differs_from_step_to_step():
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(20_000)])

    def no_loss(label, output):
        return 0 * tf.reduce_sum(output)

    step = privacy.dp_sgd_step(
        model, no_loss, learning_rate=1.0, clip_norm=2.0, noise_multiplier=3.0, expected_size=4.0
    )
    X, y = data(2)
    moves = []
    for _ in range(2):
        before = flat(model)
        step(X, y, np.zeros(2, "float32"))
        moves.append(flat(model) - before)
    assert [move.std() for move in moves] == pytest.approx([1.5, 1.5], rel=0.02)
    assert abs(np.corrcoef(*moves)[0, 1]) < 0.02


def test_training_without_noise_and_with_everybody_is_gradient_descent():
    X, y = data()
    model, other = network(), network()
    privacy.dp_sgd(model, X, y, sampling_rate=1.0, noise_multiplier=0.0, clip_norm=1e6, steps=4, learning_rate=0.5)
    weights = flat(other)
    for _ in range(4):
        weights = weights - 0.5 * flat_gradients(other, X, y).mean(axis=0)
        parts = np.split(weights, np.cumsum([part.size for part in other.get_weights()])[:-1])
        other.set_weights([part.reshape(old.shape) for part, old in zip(parts, other.get_weights(), strict=True)])
    np.testing.assert_allclose(flat(model), flat(other), atol=1e-5)


def test_training_is_repeatable_and_a_seed_changes_it():
    X, y = data(40)
    ends = []
    for seed in (1, 1, 2):
        model = network()
        privacy.dp_sgd(model, X, y, sampling_rate=0.3, noise_multiplier=1.0, clip_norm=1.0, steps=3, seed=seed)
        ends.append(flat(model))
    np.testing.assert_array_equal(ends[0], ends[1])
    assert not np.allclose(ends[0], ends[2])


@pytest.mark.parametrize("frozen", [False, True])
def test_a_network_that_is_trained_again_with_other_settings_is_trained_like_a_new_one(frozen):
    X, y = data(40)
    model, ends = network(), []
    begun = model.get_weights()
    privacy.dp_sgd(model, X, y, sampling_rate=0.3, noise_multiplier=0.5, clip_norm=0.1, steps=2, seed=3)
    model.set_weights(begun)
    for some in (model, network()):
        some.layers[0].trainable = not frozen
        privacy.dp_sgd(
            some, X, y, sampling_rate=0.4, noise_multiplier=1.5, clip_norm=2.0, steps=3, learning_rate=0.2, seed=1
        )
        ends.append(flat(some))
    np.testing.assert_allclose(ends[0], ends[1], atol=1e-6)
    assert np.allclose(model.get_weights()[0], begun[0]) == frozen


def test_models_that_cannot_be_private_are_refused():
    import keras

    normalised = keras.Sequential([keras.Input((3,)), keras.layers.BatchNormalization(), keras.layers.Dense(1)])
    options = {"learning_rate": 1.0, "clip_norm": 1.0, "noise_multiplier": 1.0, "expected_size": 2.0}
    with pytest.raises(ValueError, match="model must not normalise over the batch"):
        privacy.dp_sgd_step(normalised, cross_entropy, **options)
    with pytest.raises(ValueError, match="model must have trainable weights"):
        privacy.dp_sgd_step(keras.Sequential([keras.layers.Dense(1)]), cross_entropy, **options)
    with pytest.raises(TypeError, match="model must be a Keras model, got 'mlp'"):
        privacy.dp_sgd_step("mlp", cross_entropy, **options)
    with pytest.raises(TypeError, match="loss must be a function"):
        privacy.dp_sgd_step(network(), "mse", **options)


# --- accountants -----------------------------------------------------------------------------------------------------


def library(kind, q, noise, steps):
    import dp_accounting
    from dp_accounting.pld import pld_privacy_accountant
    from dp_accounting.rdp import rdp_privacy_accountant

    book = {"rdp": rdp_privacy_accountant.RdpAccountant, "pld": pld_privacy_accountant.PLDAccountant}[kind]()
    book.compose(dp_accounting.PoissonSampledDpEvent(q, dp_accounting.GaussianDpEvent(noise)), steps)
    return book


def test_one_answer_without_sampling_by_hand():
    np.testing.assert_allclose(privacy.renyi_divergences(1, 4.0, [2, 20]), [2 / 32, 20 / 32])
    epsilon = privacy.epsilon_from_renyi([20], [20 / 32], 1e-5, "classic")
    assert epsilon == pytest.approx(20 / 32 + math.log(1e5) / 19)


@rarely
@given(st.floats(0.001, 1), st.floats(0.6, 10), st.integers(1, 2000), st.sampled_from([1e-7, 1e-5, 1e-3]))
def test_own_accounting_agrees_with_the_librarys(q, noise, steps, delta):
    orders = np.arange(2, 257)
    divergences = steps * privacy.renyi_divergences(q, noise, orders)
    import dp_accounting
    from dp_accounting.rdp import rdp_privacy_accountant

    book = rdp_privacy_accountant.RdpAccountant(orders.tolist())
    book.compose(dp_accounting.PoissonSampledDpEvent(q, dp_accounting.GaussianDpEvent(noise)), steps)
    assert privacy.epsilon_from_renyi(orders, divergences, delta) == pytest.approx(book.get_epsilon(delta), rel=1e-4)


@rarely
@given(st.floats(0.005, 0.5), st.floats(0.8, 6), st.integers(1, 500))
@pytest.mark.slow
def test_sharper_accountants_give_smaller_numbers(q, noise, steps):
    orders = np.arange(2, 257)
    divergences = steps * privacy.renyi_divergences(q, noise, orders)
    classic = privacy.epsilon_from_renyi(orders, divergences, 1e-5, "classic")
    assert privacy.epsilon_from_renyi(orders, divergences, 1e-5) <= classic
    assert privacy.epsilon_spent(q, noise, steps, 1e-5, "pld") <= classic * 1.001


def test_the_published_value_of_the_moments_accountant():
    # Abadi et al. (2016) report 1.26 for q = 0.01, sigma = 4, 10,000 steps, delta = 1e-5.
    orders = np.arange(2, 257)
    divergences = 10_000 * privacy.renyi_divergences(0.01, 4.0, orders)
    assert privacy.epsilon_from_renyi(orders, divergences, 1e-5, "classic") == pytest.approx(1.26, abs=0.005)
    assert privacy.epsilon_spent(0.01, 4.0, 10_000, 1e-5, "rdp") == pytest.approx(1.0355, abs=1e-3)
    assert privacy.epsilon_spent(0.01, 4.0, 10_000, 1e-5) == pytest.approx(0.947, abs=1e-3)


def test_the_two_accountants_are_the_librarys():
    for kind in ("rdp", "pld"):
        assert privacy.epsilon_spent(0.05, 2.0, 100, 1e-5, kind) == library(kind, 0.05, 2.0, 100).get_epsilon(1e-5)


@pytest.mark.parametrize("epsilon", [0.5, 3.0])
def test_the_noise_for_an_epsilon_keeps_it_and_wastes_little(epsilon):
    noise = privacy.noise_multiplier_for(epsilon, 1e-5, 0.05, 50, "rdp", tolerance=1e-2)
    assert privacy.epsilon_spent(0.05, noise, 50, 1e-5, "rdp") <= epsilon
    assert privacy.epsilon_spent(0.05, noise - 2e-2, 50, 1e-5, "rdp") > epsilon


def test_a_noise_that_cannot_be_had_is_refused():
    with pytest.raises(ValueError, match="epsilon must be reachable"):
        privacy.noise_multiplier_for(1e-6, 1e-9, 1.0, 1000, "rdp")
    with pytest.raises(ValueError, match="accountant must be one of 'pld', 'rdp', got 'prv'"):
        privacy.epsilon_spent(0.1, 1.0, 10, 1e-5, "prv")
    with pytest.raises(ValueError, match="orders must be above 1"):
        privacy.epsilon_from_renyi([1.0], [0.1], 1e-5)
    with pytest.raises(ValueError, match="divergences must be at least 0"):
        privacy.epsilon_from_renyi([2.0], [-0.1], 1e-5)
    with pytest.raises(ValueError, match="conversion must be one of"):
        privacy.epsilon_from_renyi([2.0], [0.1], 1e-5, "best")


# --- hospitals -------------------------------------------------------------------------------------------------------


def test_the_average_by_hand():
    sites = [[np.array([1.0]), np.zeros((2, 2))], [np.array([5.0]), np.ones((2, 2))]]
    first, second = privacy.federated_average(sites, [300, 100])
    np.testing.assert_allclose(first, [2.0])
    np.testing.assert_allclose(second, np.full((2, 2), 0.25))


@with_examples
@given(
    st.lists(st.tuples(st.lists(st.floats(-9, 9), min_size=2, max_size=2), st.integers(1, 50)), min_size=1, max_size=5)
)
def test_the_average_is_that_of_numpy(sites):
    weights, sizes = [[np.array(w)] for w, _ in sites], [n for _, n in sites]
    expected = np.average([w[0] for w in weights], axis=0, weights=sizes)
    np.testing.assert_allclose(privacy.federated_average(weights, sizes)[0], expected, atol=1e-12)


def test_one_step_in_every_hospital_is_one_step_in_one_place():
    X, y = data(30)
    step = {"noise_multiplier": 0.0, "clip_norm": 1e6, "steps": 1, "sampling_rate": 1.0}
    ends = []
    for part in (slice(0, 20), slice(20, 27), slice(27, 30)):
        ends.append(privacy.dp_sgd(network(), X[part], y[part], **step).get_weights())
    together = privacy.dp_sgd(network(), X, y, **step).get_weights()
    for one, other in zip(privacy.federated_average(ends, [20, 7, 3]), together, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.parametrize(
    ("weights", "sizes", "message"),
    [
        ([], [], "at least one site"),
        ([[np.zeros(2)]], [1, 2], "same length"),
        ([[np.zeros(2)], [np.zeros(3)]], [1, 2], "same shapes at every site"),
        ([[np.zeros(2)]], [0], "sizes must be at least 1"),
        ([[]], [1], "at least one array a site"),
        ([[np.array(["a"])]], [1], "weights must be an array of numbers"),
        (3, [1], "weights must be a list"),
    ],
)
def test_averages_that_make_no_sense_are_refused(weights, sizes, message):
    with pytest.raises((TypeError, ValueError), match=message):
        privacy.federated_average(weights, sizes)


@with_examples
@given(st.integers(2, 8), st.integers(1, 20), st.integers(0, 10))
def test_masks_cancel_and_none_is_empty(n_sites, size, seed):
    masks = privacy.pairwise_masks(n_sites, size, seed)
    np.testing.assert_allclose(masks.sum(axis=0), 0, atol=1e-9)
    assert masks.shape == (n_sites, size) and (np.abs(masks) > 1e-6).all()
