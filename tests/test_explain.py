"""Tests of course_utils.explain: hand-made values, brute force, properties; shap and tf-keras-vis where installed."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from course_utils import datasets, explain, images

RNG = np.random.default_rng(0)
PIXELS = RNG.normal(size=(3, 6, 7, 2))
GREY = RNG.normal(size=(3, 8, 8, 1))
ENDS = ("dense", "dense with sigmoid", "activation")


def linear_model(weights, bias=0.3, end="dense"):
    """A weighted sum of the pixels, with or without a sigmoid. `weights` has the shape of an image."""
    import keras

    last = keras.layers.Dense(1, activation="sigmoid" if end == "dense with sigmoid" else None)
    layers = [keras.Input(weights.shape), keras.layers.Flatten(), last]
    model = keras.Sequential([*layers, *([keras.layers.Activation("sigmoid")] if end == "activation" else [])])
    last.set_weights([weights.reshape(-1, 1), np.array([bias])])
    return model


def small_network(seed=0):
    """The network of the course with weights as after training: batch normalisation is not the identity."""
    model = images.small_cnn((8, 8, 1), width=4)
    rng = np.random.default_rng(seed)
    model.set_weights(
        [w * rng.uniform(0.5, 1.5, w.shape) + 0.05 * rng.normal(size=w.shape) for w in model.get_weights()]
    )
    model.get_layer("logit").set_weights([rng.normal(size=(16, 1)), np.ones(1)])
    return model


def logits(model, pictures):
    outputs = np.asarray(model(np.asarray(pictures, dtype=np.float32), training=False), dtype=float)[:, 0]
    return np.log(outputs / (1 - outputs))


# --- images --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ENDS)
def test_a_weighted_sum_is_explained_by_its_weights_and_a_sigmoid_changes_nothing(end):
    weights = RNG.normal(size=(6, 7, 2))
    model, baseline = linear_model(weights, end=end), RNG.normal(size=PIXELS.shape)
    np.testing.assert_allclose(explain.saliency(model, PIXELS), [np.abs(weights).max(axis=-1)] * 3, rtol=1e-5)
    shares = (weights * (PIXELS - baseline)).sum(axis=-1)
    for steps in (1, 5):
        maps = explain.integrated_gradients(model, PIXELS, baseline, steps=steps)
        np.testing.assert_allclose(maps, shares, atol=1e-5)
    falls = explain.occlusion(model, PIXELS, size=1, stride=1, baseline=baseline)
    np.testing.assert_allclose(falls, shares, atol=1e-5)


def test_saliency_is_the_slope_that_finite_differences_find():
    import keras

    keras.utils.set_random_seed(0)
    layers = [keras.layers.Conv2D(3, 3, activation="tanh"), keras.layers.Flatten(), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((5, 4, 1)), *layers])
    picture = RNG.normal(size=(1, 5, 4, 1))
    step = 1e-2 * np.eye(20).reshape(20, 5, 4, 1)
    up, down = (model.predict((picture + sign * step).astype("float32"), verbose=0)[:, 0] for sign in (1, -1))
    slopes = np.abs(up - down).reshape(5, 4) / 2e-2
    np.testing.assert_allclose(explain.saliency(model, picture)[0], slopes, atol=2e-3)


def test_integrated_gradients_see_what_the_gradient_misses():
    """Of 1 - relu(1 - x) at x = 2 the slope is 0; from 0 to 2 the value rises by 1 (Sundararajan et al. 2017)."""
    import keras

    layers = [keras.layers.Flatten(), keras.layers.Dense(1, activation="relu"), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((1, 1, 1)), *layers])
    model.set_weights([-np.ones((1, 1)), np.ones(1), -np.ones((1, 1)), np.ones(1)])
    two = np.full((1, 1, 1, 1), 2.0)
    assert explain.saliency(model, two)[0, 0, 0] == 0
    assert explain.integrated_gradients(model, two, 0)[0, 0, 0] == 1


@pytest.mark.parametrize("seed", range(3))
def test_completeness_and_how_it_improves_with_the_steps(seed):
    model, baseline = small_network(seed), ndimage.gaussian_filter(GREY, (0, 2, 2, 0))
    change = logits(model, GREY) - logits(model, baseline)
    errors = {
        steps: np.abs(explain.integrated_gradients(model, GREY, baseline, steps=steps).sum(axis=(1, 2)) - change).max()
        for steps in (1, 64)
    }
    assert errors[64] < 0.06 * np.abs(change).max() and errors[64] < errors[1]


def test_the_middle_of_each_step_is_used():
    """The logit x^2 has the slope 2 x: in the middle of the steps this gives the exact sum even with one step."""
    import keras

    x = keras.Input((2, 2, 1))
    flat = keras.layers.Flatten()(x)
    model = keras.Model(x, keras.layers.Dense(1)(keras.layers.Multiply()([flat, flat])))
    model.layers[-1].set_weights([np.ones((4, 1)), np.zeros(1)])
    pictures = RNG.normal(size=(2, 2, 2, 1))
    for steps in (1, 2, 7):
        maps = explain.integrated_gradients(model, pictures, 0.5, steps=steps)
        np.testing.assert_allclose(maps, pictures[..., 0] ** 2 - 0.25, atol=1e-5)


def test_a_number_is_a_baseline_for_all_pixels():
    model = small_network()
    same = np.full(GREY.shape, 0.25)
    for explained in (
        lambda baseline: explain.integrated_gradients(model, GREY, baseline, steps=3),
        lambda baseline: explain.occlusion(model, GREY, size=4, stride=2, baseline=baseline),
    ):
        np.testing.assert_array_equal(explained(0.25), explained(same))


@pytest.mark.parametrize(("size", "stride"), [(3, 2), (3, 3), (5, 4), (8, 8), (8, 1)])
def test_occlusion_against_brute_force(size, stride):
    """Rows and columns of windows: 0, stride, 2 stride ..., and the last one ends at the border."""
    model, baseline = small_network(), RNG.normal(size=GREY.shape)
    starts = sorted({*range(0, 8 - size + 1, stride), 8 - size})
    falls = [[[[] for _ in range(8)] for _ in range(8)] for _ in GREY]
    before = logits(model, GREY)
    for top, left in itertools.product(starts, starts):
        covered = GREY.copy()
        covered[:, top : top + size, left : left + size] = baseline[:, top : top + size, left : left + size]
        after = logits(model, covered)
        for n, row, column in itertools.product(range(3), range(top, top + size), range(left, left + size)):
            falls[n][row][column].append(before[n] - after[n])
    expected = [[[np.mean(cell) for cell in row] for row in one] for one in falls]
    maps = explain.occlusion(model, GREY, size=size, stride=stride, baseline=baseline)
    np.testing.assert_allclose(maps, expected, atol=1e-4)


def test_a_window_as_large_as_the_image_gives_the_whole_difference_to_every_pixel():
    model = small_network()
    maps = explain.occlusion(model, GREY, size=8, stride=1, baseline=0.0)
    change = logits(model, GREY) - logits(model, np.zeros(GREY.shape))
    np.testing.assert_allclose(maps, np.broadcast_to(change[:, None, None], maps.shape), atol=1e-5)


def test_images_do_not_touch_each_other_and_model_and_images_stay_as_they_are(monkeypatch):
    model, kept = small_network(), GREY.copy()
    before = [weight.copy() for weight in model.get_weights()]
    methods = (
        explain.saliency,
        lambda model, x: explain.integrated_gradients(model, x, 0.0, steps=2),
        lambda model, x: explain.occlusion(model, x, size=4, stride=4, baseline=0.0),
    )
    for method in methods:
        together = method(model, GREY)
        alone = [method(model, GREY[n : n + 1])[0] for n in range(3)]
        with monkeypatch.context() as patch:
            patch.setattr(explain, "BATCH", 2)
            in_batches = method(model, GREY)
        np.testing.assert_allclose(together, alone, atol=1e-5)
        np.testing.assert_allclose(together, in_batches, atol=1e-5)
        assert together.shape == (3, 8, 8) and together.dtype == float
    np.testing.assert_array_equal(GREY, kept)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_dropout_and_batch_normalisation_are_as_in_predictions():
    model = small_network()
    np.testing.assert_array_equal(explain.saliency(model, GREY), explain.saliency(model, GREY))


def test_a_grad_cam_without_any_evidence_is_zero_and_not_nan():
    """All weights of the output negative: nothing raises it, and after the ReLU nothing is left."""
    model = small_network()
    model.get_layer("logit").set_weights([-np.ones((16, 1)), np.ones(1)])
    maps = images.grad_cam(model, GREY.astype(np.float32))
    assert maps.shape == (3, 2, 2) and not maps.any()


def test_integrated_gradients_from_a_blurred_copy_find_the_simulated_lesions():
    data, brains = datasets.load_lesion_networks(), datasets.load_brain_lesions(20, seed=3)
    network = images.small_cnn(data.input_shape, data.width)
    network.set_weights(data.trained)
    rows = np.flatnonzero(brains.masks.sum(axis=(1, 2)) >= 30)
    rows = rows[np.unique(brains.patients[rows], return_index=True)[1]]  # one slice of a patient
    slices = images.standardise(brains.images[rows])[..., np.newaxis]
    blurred = ndimage.gaussian_filter(slices, (0, 6, 6, 0))
    maps = explain.integrated_gradients(network, slices, blurred, steps=32)
    assert explain.pointing_game(maps, brains.masks[rows], within=2).mean() > 0.8
    assert (explain.mass_inside(maps, brains.masks[rows]) / brains.masks[rows].mean(axis=(1, 2))).mean() > 5


# --- tables --------------------------------------------------------------------------------------------------------


def curved(rows):
    """A function of any number of columns in which they interact."""
    rows = np.asarray(rows)
    return np.tanh(rows[:, 0] + rows.prod(axis=1)) + np.sin(rows).sum(axis=1) * rows[:, -1]


def by_all_orders(predict, row, background):
    """Shapley values of one patient from the definition: let the features join in every order."""
    d = len(row)
    values = np.zeros(d)
    orders = list(itertools.permutations(range(d)))
    for order in orders:
        mixed = background.copy()
        before = predict(mixed).mean()
        for feature in order:
            mixed[:, feature] = row[feature]
            after = predict(mixed).mean()
            values[feature] += (after - before) / len(orders)
            before = after
    return values


tables = st.integers(1, 5).flatmap(
    lambda d: st.tuples(st.just(d), st.integers(1, 4), st.integers(1, 6), st.integers(0, 10**6))
)


@settings(max_examples=40)
@given(tables)
def test_shapley_values_by_coalitions_by_orders_and_by_least_squares(table):
    d, n, b, seed = table
    rng = np.random.default_rng(seed)
    features, background = rng.normal(size=(n, d)), rng.normal(size=(b, d))
    values = explain.shapley_values(curved, features, background)
    np.testing.assert_allclose(values, [by_all_orders(curved, row, background) for row in features], atol=1e-10)
    np.testing.assert_allclose(values.sum(axis=1), curved(features) - curved(background).mean(), atol=1e-10)
    everyone = max(1, 2**d - 2)
    for n_coalitions in (everyone, everyone + 100):
        estimate = explain.kernel_shap(curved, features, background, n_coalitions=n_coalitions, seed=seed)
        np.testing.assert_allclose(estimate, values, atol=1e-8)


def test_a_weighted_sum_is_explained_by_the_way_from_the_mean():
    weights, features, background = RNG.normal(size=6), RNG.normal(size=(4, 6)), RNG.normal(size=(9, 6))
    expected = weights * (features - background.mean(axis=0))

    def predict(rows):
        return rows @ weights + 2

    np.testing.assert_allclose(explain.shapley_values(predict, features, background), expected, atol=1e-12)
    for seed in range(5):  # any coalitions determine a weighted sum
        sampled = explain.kernel_shap(predict, features, background, n_coalitions=40, seed=seed)
        np.testing.assert_allclose(sampled, expected, atol=1e-10)


def test_by_hand_on_three_features():
    """v = a b + c, from 0 to 1 each: a and b share their product, c has its own."""
    one, zero = np.ones((1, 3)), np.zeros((1, 3))
    values = explain.shapley_values(lambda rows: rows[:, 0] * rows[:, 1] + rows[:, 2], one, zero)
    np.testing.assert_allclose(values, [[0.5, 0.5, 1.0]], atol=1e-12)


def test_a_feature_that_is_not_used_gets_nothing_and_twins_get_the_same():
    features, background = RNG.normal(size=(5, 4)), RNG.normal(size=(7, 4))
    features[:, 1], background[:, 1] = features[:, 0], background[:, 0]

    def predict(rows):
        return np.exp(rows[:, 0] + rows[:, 1]) * rows[:, 2]

    values = explain.shapley_values(predict, features, background)
    np.testing.assert_allclose(values[:, 0], values[:, 1], atol=1e-10)
    np.testing.assert_allclose(values[:, 3], 0, atol=1e-10)


def test_many_rows_go_to_the_function_in_parts(monkeypatch):
    features, background = RNG.normal(size=(3, 5)), RNG.normal(size=(8, 5))
    values = explain.shapley_values(curved, features, background)
    monkeypatch.setattr(explain, "ROWS", 50)
    most = []

    def watched(rows):
        most.append(len(rows))
        return curved(rows)

    np.testing.assert_allclose(explain.shapley_values(watched, features, background), values, atol=1e-12)
    assert max(most) <= 50


def test_more_coalitions_come_nearer_and_every_row_has_the_right_sum():
    features, background = RNG.normal(size=(4, 8)), RNG.normal(size=(10, 8))
    exact, errors = explain.shapley_values(curved, features, background), {}
    for n_coalitions in (64, 253, 254):
        runs = [explain.kernel_shap(curved, features, background, n_coalitions=n_coalitions, seed=s) for s in range(20)]
        for run in runs:
            np.testing.assert_allclose(run.sum(axis=1), exact.sum(axis=1), atol=1e-10)
        errors[n_coalitions] = np.sqrt(np.mean((np.array(runs) - exact) ** 2))
        # The mean of many runs is near: no feature is favoured.
        assert np.abs(np.mean(runs, axis=0) - exact).max() < 2 * errors[n_coalitions] + 1e-10
    assert errors[64] > 1.4 * errors[253] > 0 and errors[254] < 1e-10


def test_the_seed_decides_which_coalitions_are_drawn():
    features, background = RNG.normal(size=(2, 8)), RNG.normal(size=(5, 8))
    one, again, other = (
        explain.kernel_shap(curved, features, background, n_coalitions=65, seed=seed)
        for seed in (3, np.random.default_rng(3), 4)
    )
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


def test_coalitions_are_drawn_as_often_as_their_weights_say():
    coalitions, counts = explain._weighted_coalitions(5, 29, np.random.default_rng(0))
    assert counts.sum() == 30  # an odd number is raised by one
    rng = np.random.default_rng(1)
    drawn = np.zeros(2**5)
    for _ in range(2000):
        coalitions, counts = explain._weighted_coalitions(5, 28, rng)
        drawn[coalitions @ (1 << np.arange(5))] += counts
    everyone, weights = explain._weighted_coalitions(5, 30, rng)
    shares = drawn[everyone @ (1 << np.arange(5))] / drawn.sum()
    np.testing.assert_allclose(shares, weights / weights.sum(), atol=0.003)


# --- scores --------------------------------------------------------------------------------------------------------


def test_pointing_by_hand():
    mask = np.zeros((6, 6), dtype=bool)
    mask[1:3, 1:3] = True
    maps = np.zeros((6, 6, 6))
    maps[0, 2, 2] = 1  # inside
    maps[1, 2, 4] = 1  # two pixels to the right
    maps[2, 4, 4] = 1  # two down, two right: the square root of 8
    maps[3, 2, 2] = maps[3, 5, 5] = 1  # two largest values, one of them outside
    maps[4] = 7  # constant
    maps[5, 2, 1:4] = 1  # a block, as of a window: two of three pixels are inside
    masks = np.repeat(mask[np.newaxis], 6, axis=0)
    right = [True, False, False, False, False, True]
    assert explain.pointing_game(maps, masks).tolist() == right
    right[1] = right[4] = True  # more than half of the image lies within two pixels
    assert explain.pointing_game(maps, masks, within=2).tolist() == right
    right[2] = True
    assert explain.pointing_game(maps, masks.astype(int), within=2.83).tolist() == right
    assert explain.pointing_game(maps, masks, within=100).all()
    assert explain.pointing_game(-maps[:1] - 1, masks[:1]).tolist() == [False]  # the least negative value


def test_mass_by_hand():
    mask = np.array([[[True, False], [False, False]]])
    maps = {(1, 1, 1, 1): 0.25, (3, 1, -9, 0): 0.75, (0, 2, 0, 0): 0.0, (0, 0, 0, 0): 0.0, (-1, -2, -3, -4): 0.0}
    for values, expected in (maps | {(1e308, 1e308, 0, 0): 0.5, (1e-320, 0, 0, 0): 1.0}).items():
        found = explain.mass_inside(np.reshape(values, (1, 2, 2)).astype(float), mask)
        np.testing.assert_allclose(found, [expected])


@given(st.integers(0, 10**6), st.floats(0.01, 100))
def test_scores_do_not_depend_on_the_unit_of_the_map_and_shuffled_maps_score_as_chance(seed, unit):
    rng = np.random.default_rng(seed)
    maps, masks = rng.normal(size=(4, 9, 9)), rng.random((4, 9, 9)) < 0.3
    masks[:, 0, 0] = True
    for score in (explain.pointing_game, explain.mass_inside):
        np.testing.assert_allclose(score(maps, masks), score(unit * maps, masks), atol=1e-12)
    inside = explain.mass_inside(maps, masks)
    assert ((inside >= 0) & (inside <= 1)).all()
    np.testing.assert_allclose(inside + explain.mass_inside(maps, ~masks), 1, atol=1e-12)
    hits, near = explain.pointing_game(maps, masks), explain.pointing_game(maps, masks, within=1)
    assert (hits <= near).all() and (hits != explain.pointing_game(maps, ~masks)).all()


def test_a_map_without_information_has_the_share_of_the_mask():
    rng = np.random.default_rng(0)
    masks = np.zeros((2000, 10, 10), dtype=bool)
    masks[:, 3:6, 2:9] = True  # 21 %
    maps = rng.random(masks.shape)
    assert abs(explain.pointing_game(maps, masks).mean() - 0.21) < 0.03
    assert abs(explain.mass_inside(maps, masks).mean() - 0.21) < 0.01


# --- other libraries -------------------------------------------------------------------------------------------------


def test_shap_agrees():
    shap = pytest.importorskip("shap")
    features, background = RNG.normal(size=(3, 6)), RNG.normal(size=(12, 6))
    values = explain.shapley_values(curved, features, background)
    kernel = shap.KernelExplainer(curved, background).shap_values(features, nsamples=1000, silent=True)
    np.testing.assert_allclose(values, kernel, atol=1e-6)
    exact = shap.explainers.Exact(curved, shap.maskers.Independent(background, max_samples=12))(features)
    np.testing.assert_allclose(values, exact.values, atol=1e-10)


def test_tf_keras_vis_agrees():
    saliency = pytest.importorskip("tf_keras_vis.saliency")
    gradcam = pytest.importorskip("tf_keras_vis.gradcam")
    import keras

    model, pictures = small_network(), GREY.astype(np.float32)
    inside = keras.Model(model.input, model.get_layer("logit").output)

    def score(outputs):
        return outputs[:, 0]

    theirs = saliency.Saliency(inside)(score, pictures, normalize_map=False)
    np.testing.assert_allclose(explain.saliency(model, pictures), np.asarray(theirs), atol=1e-5)
    options = {"penultimate_layer": "features", "seek_penultimate_conv_layer": False}
    options |= {"expand_cam": False, "normalize_cam": False}
    theirs = gradcam.Gradcam(inside)(score, pictures, **options)
    np.testing.assert_allclose(images.grad_cam(model, pictures), np.asarray(theirs), atol=1e-5)


# --- bad input -----------------------------------------------------------------------------------------------------

MAPS = np.arange(32.0).reshape(2, 4, 4)
MASKS = MAPS > 20
MASKS[0, 1] = True
EMPTY = MASKS.copy()
EMPTY[1] = False
ROWS = RNG.normal(size=(4, 3))
MODELS = {}


def model():
    if not MODELS:
        MODELS["small"] = images.small_cnn((8, 8, 1), width=2)
    return MODELS["small"]


def other_end(*layers):
    import keras

    return keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), *[make(keras) for make in layers]])


def softmax():
    return other_end(lambda keras: keras.layers.Dense(2, activation="softmax"))


def tanh():
    return other_end(lambda keras: keras.layers.Dense(1, activation="tanh", name="end"))


def dropout():
    return other_end(lambda keras: keras.layers.Dense(1), lambda keras: keras.layers.Dropout(0.5, name="end"))


def two_inputs():
    import keras

    both = [keras.Input((8, 8, 1)), keras.Input((8, 8, 1))]
    return keras.Model(both, keras.layers.Dense(1)(keras.layers.Flatten()(keras.layers.Add()(both))))


def subclassed():
    import keras

    class Mine(keras.Model):
        def call(self, x):
            return x

    return Mine()


NAN = np.where(np.arange(8) == 3, np.nan, np.ones((8, 8)))[np.newaxis, ..., np.newaxis]
INTEGRATED, COVERED = explain.integrated_gradients, explain.occlusion
SHAPLEY, KERNEL = explain.shapley_values, explain.kernel_shap


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: explain.saliency("model", GREY), TypeError, "model must be a Keras model, got str"),
        (lambda: explain.saliency(softmax(), GREY), ValueError, "model must give one number for each image"),
        (lambda: explain.saliency(two_inputs(), GREY), ValueError, "model must give one number for each image"),
        (lambda: explain.saliency(subclassed(), GREY), ValueError, "model must give one number for each image"),
        (lambda: explain.saliency(tanh(), GREY), ValueError, "model must end in a Dense or Activation layer"),
        (lambda: explain.saliency(dropout(), GREY), ValueError, "without activation, got Dropout 'end'"),
        (lambda: explain.saliency(model(), GREY[..., 0]), ValueError, "images must have the shape (n, height, width"),
        (lambda: explain.saliency(model(), GREY[:, 1:]), ValueError, "images must have the shape that model takes"),
        (lambda: explain.saliency(model(), NAN), ValueError, "images must be finite, got 8 NaN"),
        (lambda: explain.saliency(model(), GREY[:0]), ValueError, "images must not be empty"),
        (lambda: INTEGRATED(model(), GREY, GREY[:1]), ValueError, "baseline must be a number or have the shape of"),
        (lambda: INTEGRATED(model(), GREY, GREY[..., 0]), ValueError, "images, (3, 8, 8, 1), got (3, 8, 8)"),
        (lambda: INTEGRATED(model(), GREY, np.nan), ValueError, "baseline must be finite, got 1 NaN"),
        (lambda: INTEGRATED(model(), GREY, None), TypeError, "baseline must be an array of numbers"),
        (lambda: INTEGRATED(model(), GREY, 0, steps=0), ValueError, "steps must be at least 1, got 0"),
        (lambda: COVERED(model(), GREY, size=9, stride=1, baseline=0), ValueError, "size must be from 1 to 8, got 9"),
        (lambda: COVERED(model(), GREY, size=3, stride=4, baseline=0), ValueError, "stride must be from 1 to 3, got 4"),
        (lambda: COVERED(model(), GREY, size=3, stride=0, baseline=0), ValueError, "stride must be from 1 to 3, got 0"),
        (lambda: COVERED(model(), GREY, size=3, stride=1, baseline=GREY[0]), ValueError, "baseline must be a number"),
        (lambda: SHAPLEY(3, ROWS, ROWS), TypeError, "predict must be a function from rows to numbers, got int"),
        (lambda: SHAPLEY(curved, ROWS[0], ROWS), ValueError, "features must have 2 dimensions, got shape (3,)"),
        (lambda: SHAPLEY(curved, ROWS, ROWS[:, 1:]), ValueError, "background must have the columns of features, 3"),
        (lambda: SHAPLEY(curved, ROWS * np.nan, ROWS), ValueError, "features must be finite, got 12 NaN"),
        (lambda: SHAPLEY(curved, ROWS, ROWS * np.inf), ValueError, "background must be finite, got 12 NaN"),
        (lambda: SHAPLEY(curved, np.ones((1, 13)), np.ones((1, 13))), ValueError, "at most 12 columns"),
        (lambda: SHAPLEY(lambda rows: rows[:, :1], ROWS, ROWS), ValueError, "take predictions[:, 0]"),
        (lambda: SHAPLEY(lambda rows: rows[:5, 0], ROWS, ROWS), ValueError, "predict must return one number a row"),
        (lambda: SHAPLEY(lambda rows: rows[:, 0] * np.nan, ROWS, ROWS), ValueError, "predict returns must be finite"),
        (
            lambda: KERNEL(curved, ROWS, ROWS, n_coalitions=5, seed=0),
            ValueError,
            "n_coalitions must be at least 6, got 5",
        ),
        (lambda: KERNEL(curved, ROWS, ROWS, n_coalitions=6, seed=-1), ValueError, "seed must be between 0 and"),
        (lambda: explain.pointing_game(MAPS, MASKS[:, 1:]), ValueError, "masks must have the shape of maps, (2, 4, 4)"),
        (lambda: explain.pointing_game(MAPS[0], MASKS[0]), ValueError, "maps must have 3 dimensions, got shape (4, 4)"),
        (lambda: explain.pointing_game(MAPS, EMPTY), ValueError, "masks must mark at least one pixel each, got none"),
        (lambda: explain.pointing_game(MAPS, MASKS, within=-1), ValueError, "within must be at least 0, got -1"),
        (lambda: explain.pointing_game(MAPS * np.nan, MASKS), ValueError, "maps must be finite, got 32 NaN"),
        (lambda: explain.mass_inside(MAPS, MAPS), ValueError, "masks must be True or False (or 1 or 0) at every pixel"),
        (lambda: explain.mass_inside(MAPS, EMPTY), ValueError, "each, got none in row 1"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()


def test_coalitions_that_do_not_determine_the_values_are_refused():
    features, background = RNG.normal(size=(1, 8)), RNG.normal(size=(2, 8))
    refused = 0
    for seed in range(300):
        try:
            explain.kernel_shap(curved, features, background, n_coalitions=32, seed=seed)
        except ValueError as error:
            refused += "n_coalitions 32 left values undetermined" in str(error)
    assert 0 < refused < 30


def test_a_layer_without_maps_is_answered_with_those_that_have_them():
    with pytest.raises(ValueError, match="'logit' has .*; these do: .*features"):
        images.grad_cam(model(), GREY.astype(np.float32), layer="logit")
