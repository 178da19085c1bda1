"""course_utils.images against SciPy, NumPy and closed forms, and its complaints about bad input."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage, stats

from course_utils import datasets
from course_utils import images as im

# --- Preprocessing, augmentation, networks ---------------------------------------------------------------------------

few = settings(deadline=None, max_examples=60)
seeds = st.integers(0, 2**32 - 1)


@st.composite
def image_arrays(draw, dtypes=(np.uint8, np.float32)):
    """A few small images, grey or with channels."""
    n, height, width = draw(st.integers(1, 4)), draw(st.integers(3, 7)), draw(st.integers(3, 7))
    shape = (n, height, width) + draw(st.sampled_from([(), (1,), (3,)]))
    dtype = draw(st.sampled_from(dtypes))
    grey_values = st.integers(0, 255) if dtype == np.uint8 else st.floats(-50, 50, width=32)
    return draw(hnp.arrays(dtype, shape, elements=grey_values))


def distinct_images(n, height=6, width=5, seed=0):
    """Images in which no two pixels are equal, so that every shift of every image looks different."""
    values = np.random.default_rng(seed).permutation(n * height * width)
    return values.reshape(n, height, width).astype(np.float32)


def all_moves(image, max_shift):
    """Every shifted and mirrored copy of one image, made by SciPy and NumPy: {(down, right, mirrored): copy}."""
    steps = range(-max_shift, max_shift + 1)
    return {
        (down, right, mirrored): ndimage.shift(
            np.flip(image, axis=1) if mirrored else image, (down, right), order=0, mode="nearest"
        )
        for down, right, mirrored in itertools.product(steps, steps, (False, True))
    }


def moves_made(images, augmented, max_shift):
    """For each augmented image the one move that explains it."""
    found = []
    for image, result in zip(images, augmented, strict=True):
        fitting = [move for move, copy in all_moves(image, max_shift).items() if np.array_equal(copy, result)]
        assert len(fitting) == 1
        found.append(fitting[0])
    return found


# --- standardise


@given(image_arrays())
@few
def test_standardised_images_have_mean_0_and_deviation_1_or_are_constant(images):
    result = im.standardise(images)
    assert result.dtype == np.float32 and result.shape == images.shape
    for before, after in zip(images, result, strict=True):
        if before.min() == before.max():
            assert np.all(after == 0)
        else:
            assert after.mean(dtype=float) == pytest.approx(0, abs=1e-4)
            assert after.std(dtype=float) == pytest.approx(1, abs=1e-4)


@given(hnp.arrays(np.uint8, (3, 5, 4), elements=st.integers(0, 255), unique=True))
@few
def test_standardise_equals_the_z_scores_of_scipy(images):
    expected = stats.zscore(images.reshape(3, -1).astype(float), axis=1).reshape(images.shape)
    np.testing.assert_allclose(im.standardise(images), expected, atol=1e-5)


def test_standardise_takes_out_brightness_and_contrast_but_looks_at_no_other_image():
    images = distinct_images(3)
    brighter = images * np.array([1, 2, 0.5])[:, None, None] + np.array([0, 30, -4])[:, None, None]
    np.testing.assert_allclose(im.standardise(brighter), im.standardise(images), atol=1e-5)
    np.testing.assert_array_equal(im.standardise(images)[:1], im.standardise(images[:1]))


def test_a_constant_image_of_odd_grey_value_becomes_exactly_zero():
    assert np.all(im.standardise(np.full((2, 5, 7), 0.1)) == 0)


@pytest.mark.parametrize("factor", [2.0**660, 2.0**-660, 2.0**1015])
def test_standardise_holds_for_huge_and_tiny_numbers(factor):
    images = distinct_images(3).astype(float)
    np.testing.assert_array_equal(im.standardise(images * factor), im.standardise(images))


def test_standardise_changes_no_bit_of_what_the_plain_formula_gives():
    images = distinct_images(3).astype(float) / 7 + 3
    plain = (images - images.mean(axis=(1, 2), keepdims=True)) / images.std(axis=(1, 2), keepdims=True)
    np.testing.assert_array_equal(im.standardise(images), plain.astype(np.float32))


# --- Hounsfield windows


def test_a_window_is_black_below_and_white_above():
    grey = im.window_hounsfield(np.array([-1000, -160, 40, 140, 240, 3000]), centre=40, width=400)
    np.testing.assert_allclose(grey, [0, 0, 0.5, 0.75, 1, 1])


@given(st.floats(-3000, 3000), st.floats(-1000, 1000), st.floats(1, 4000))
@settings(deadline=None)
def test_a_window_is_linear_inside(value, centre, width):
    grey = float(im.window_hounsfield(value, centre, width))
    assert 0 <= grey <= 1
    if centre - width / 2 < value < centre + width / 2:
        assert grey == pytest.approx((value - (centre - width / 2)) / width, abs=1e-9)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"values": [np.nan]}, ValueError, "values must be finite, got 1"),
        ({"values": ["bone"]}, TypeError, "values must be an array of numbers"),
        ({"values": []}, ValueError, "values must not be empty"),
        ({"width": 0}, ValueError, r"width must be above 0, got 0\.0"),
        ({"width": "400"}, TypeError, "width must be a number, got '400'"),
        ({"centre": np.nan}, ValueError, "centre must be finite, got nan"),
        ({"centre": None}, TypeError, "centre must be a number, got None"),
    ],
)
def test_window_refuses(changes, error, message):
    with pytest.raises(error, match=message):
        im.window_hounsfield(**{"values": [0.0], "centre": 40, "width": 400} | changes)


# --- augment


@given(seeds, st.integers(0, 2), st.booleans())
@few
def test_augment_is_a_shift_of_scipy_after_a_flip_of_numpy(seed, max_shift, flip):
    images = distinct_images(4)
    moves = moves_made(images, im.augment(images, max_shift, flip, seed), max_shift)
    assert flip or not any(mirrored for _, _, mirrored in moves)


def test_augment_makes_every_move_about_equally_often():
    images = distinct_images(2000)
    moves = moves_made(images, im.augment(images, max_shift=1, seed=3), max_shift=1)
    counts = [moves.count(move) for move in itertools.product((-1, 0, 1), (-1, 0, 1), (False, True))]
    assert sum(counts) == 2000
    assert stats.chisquare(counts).pvalue > 0.001


@given(image_arrays(), seeds)
@few
def test_augment_treats_channels_alike_and_keeps_shape_type_and_input(images, seed):
    before = images.copy()
    result = im.augment(images, max_shift=2, seed=seed)
    assert result.shape == images.shape and result.dtype == images.dtype
    assert not np.shares_memory(result, images)
    np.testing.assert_array_equal(images, before)
    if images.ndim == 4:
        for channel in range(images.shape[3]):
            np.testing.assert_array_equal(result[..., channel], im.augment(images[..., channel], 2, True, seed))


def test_augment_without_shift_and_flip_is_a_copy():
    images = distinct_images(3)
    result = im.augment(images, max_shift=0, flip=False)
    np.testing.assert_array_equal(result, images)
    assert not np.shares_memory(result, images)


def test_a_seed_repeats_the_augmentation_and_a_generator_goes_on():
    images = distinct_images(20)
    np.testing.assert_array_equal(im.augment(images, seed=5), im.augment(images, seed=5))
    assert not np.array_equal(im.augment(images, seed=5), im.augment(images, seed=6))
    rng = np.random.default_rng(5)
    first, second = im.augment(images, seed=rng), im.augment(images, seed=rng)
    np.testing.assert_array_equal(first, im.augment(images, seed=5))
    assert not np.array_equal(first, second)


def test_read_only_images_can_be_augmented():
    images = distinct_images(3)
    images.setflags(write=False)
    im.augment(images)[0, 0, 0] = -1


# --- batches


def numbered_images(labels):
    """Image i has the grey value i everywhere, so that it is recognised after any shift."""
    return np.broadcast_to(np.arange(len(labels), dtype=np.float32)[:, None, None, None], (len(labels), 4, 4, 1))


def rows_of(batch_images):
    return batch_images[:, 0, 0, 0].astype(int)


@given(st.integers(1, 12), st.integers(1, 12), st.sampled_from([2, 6, 8]), seeds)
@few
def test_half_of_each_batch_is_of_each_class_and_labels_belong_to_their_images(n_negative, n_positive, size, seed):
    labels = np.random.default_rng(seed).permutation([0] * n_negative + [1] * n_positive)
    batches = im.balanced_batches(numbered_images(labels), labels, size, seed)
    for batch_images, batch_labels in itertools.islice(batches, 5):
        assert batch_images.shape == (size, 4, 4, 1) and batch_labels.shape == (size,)
        assert batch_labels.sum() == size // 2
        np.testing.assert_array_equal(labels[rows_of(batch_images)], batch_labels)


def test_every_image_of_a_class_comes_once_before_any_comes_twice():
    labels = np.array([0] * 4 + [1] * 12)
    batches = im.balanced_batches(numbered_images(labels), labels, batch_size=8, seed=1)
    rows = np.concatenate([rows_of(x) for x, _ in itertools.islice(batches, 3)])
    assert sorted(rows[rows >= 4]) == list(range(4, 16))
    assert sorted(rows[rows < 4]) == sorted(3 * list(range(4)))
    assert list(rows[:4]) != list(rows[8:12]) or list(rows[:4]) != list(rows[16:20])  # shuffled anew


def test_batches_repeat_with_their_seed_and_differ_with_another():
    images, labels = distinct_images(40), np.arange(40) % 2

    def first(seed, n=12):
        return np.stack([x for x, _ in itertools.islice(im.balanced_batches(images, labels, 8, seed), n)])

    np.testing.assert_array_equal(first(7), first(7))
    assert not np.array_equal(first(7), first(8))


def test_an_image_is_augmented_anew_each_time():
    images, labels = distinct_images(2), np.array([0, 1])
    seen = [x[0] for x, _ in itertools.islice(im.balanced_batches(images, labels, 2), 600)]
    assert len({image.tobytes() for image in seen}) == 50  # 5 x 5 shifts, each mirrored or not
    plain = itertools.islice(im.balanced_batches(images, labels, 2, max_shift=0, flip=False), 20)
    assert {x[0].tobytes() for x, _ in plain} == {images[0].tobytes()}


# --- networks


def test_small_cnn_has_the_size_and_the_layers_that_are_stated():
    model = im.small_cnn((28, 28, 1))
    assert model.count_params() == 136_537
    assert model.get_layer("features").output.shape == (None, 7, 7, 96)
    assert model.get_layer("logit").output.shape == (None, 1)
    narrow = im.small_cnn((64, 64, 3), width=8, dropout=0.0)
    probabilities = narrow.predict(np.random.default_rng(0).normal(size=(3, 64, 64, 3)), verbose=0)
    assert probabilities.shape == (3, 1) and np.all((probabilities > 0) & (probabilities < 1))


def test_the_parameters_of_a_narrow_network_are_those_counted_by_hand():
    w = 12
    kernels = 25 * w + 9 * w * 2 * w + 9 * 2 * w * 4 * w + 9 * 4 * w * 4 * w
    network = im.small_cnn((64, 64, 1), width=w)
    assert network.count_params() == kernels + 4 * (w + 2 * w + 4 * w + 4 * w) + 4 * w + 1 < 100_000


def bright_halves(n=128, seed=0):
    """Images whose upper half is brighter (label 1) or darker (label 0) than the lower one; a quarter is label 0."""
    rng = np.random.default_rng(seed)
    labels = (np.arange(n) % 4 > 0).astype(int)
    images = rng.normal(size=(n, 8, 8, 1))
    images[:, :4] += (2 * labels - 1)[:, None, None, None]
    return im.standardise(images), labels


@pytest.fixture(scope="module")
def smoothed():
    """A network trained on targets of 0.2 and 0.8; 5 epochs of 8 batches."""
    return im.train_small_cnn(*bright_halves(), seed=3, epochs=5, batch_size=16, max_shift=0, label_smoothing=0.4)


def predict(model):
    return model.predict(bright_halves()[0], verbose=0)[:, 0]


def test_training_takes_the_steps_asked_for_and_learns(smoothed):
    assert smoothed.optimizer.iterations == 5 * 8
    losses = smoothed.history.history["loss"]
    assert len(losses) == 5 and losses[-1] < losses[0]
    assert np.mean((predict(smoothed) > 0.5) == bright_halves()[1]) > 0.9


@pytest.mark.slow
def test_training_repeats_with_its_seed(smoothed):
    again = im.train_small_cnn(*bright_halves(), seed=3, epochs=5, batch_size=16, max_shift=0, label_smoothing=0.4)
    np.testing.assert_allclose(predict(again), predict(smoothed), atol=1e-5)


def test_training_builds_the_width_asked_for():
    narrow = im.train_small_cnn(*bright_halves(), epochs=1, batch_size=64, width=4)
    assert narrow.count_params() == im.small_cnn(bright_halves()[0].shape[1:], width=4).count_params()


def test_learning_rate_rises_for_one_twentieth_of_the_steps_and_falls_to_zero(smoothed):
    rates = [float(smoothed.optimizer._learning_rate(step)) for step in range(41)]
    assert rates[0] == 0 and np.argmax(rates) == 2
    assert max(rates) == pytest.approx(2e-3)
    assert rates[-1] == pytest.approx(0, abs=1e-9)
    assert float(smoothed.optimizer.weight_decay) == pytest.approx(0.01)


@pytest.mark.slow
def test_training_without_balancing_and_smoothing(smoothed, monkeypatch):
    monkeypatch.setattr(im, "balanced_batches", None)  # calling it would fail
    data = bright_halves()
    model = im.train_small_cnn(
        *data, 3, epochs=5, batch_size=16, max_shift=0, balanced=False, label_smoothing=0, validation_data=data
    )
    assert len(model.history.history["val_loss"]) == 5
    floor = -0.2 * np.log(0.2) - 0.8 * np.log(0.8)  # no prediction does better on targets of 0.2 and 0.8
    assert smoothed.history.history["loss"][-1] > floor > model.history.history["loss"][-1]


def moving_averages(model):
    import keras

    return [layer.momentum for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]


@pytest.mark.parametrize(("epochs", "momentum"), [(1, 0.0), (5, 0.8), (100, 0.99)])  # of 8 steps each
def test_moving_averages_look_back_over_the_last_eighth_of_the_training(epochs, momentum, monkeypatch):
    import keras

    monkeypatch.setattr(keras.Model, "fit", lambda self, *args, **options: None)  # only what is built is looked at
    model = im.train_small_cnn(*bright_halves(), epochs=epochs, batch_size=16)
    assert moving_averages(model) == pytest.approx(4 * [momentum])


def training_and_test_images(n):
    """A few training images, drawn at random, and a test set: chest X-rays, or simulated brains where they are missing.

    Slices of one brain may stand on both sides: here training is compared with inference, not one patient with another.
    """
    try:
        data = datasets.load_pneumoniamnist()
    except datasets.DatasetUnavailable:
        brains = datasets.load_brain_lesions(size=32, slices_per_patient=4)
        rows = np.random.default_rng(0).permutation(len(brains.labels))
        images, labels = im.standardise(brains.images[rows])[..., np.newaxis], brains.labels[rows]
        return (images[:n], labels[:n]), (images[n:], labels[n:])
    rows = np.random.default_rng(0).permutation(len(data.train_labels))[:n]
    train = im.standardise(data.train_images[rows])[..., np.newaxis], data.train_labels[rows]
    return train, (im.standardise(data.test_images)[..., np.newaxis], data.test_labels)


@pytest.mark.slow
def test_after_a_short_training_the_network_predicts_as_it_was_trained():
    """96 steps: with a momentum of 0.99 the AUC is good here and every patient is called ill."""
    from course_utils import evaluation

    train, (x, y) = training_and_test_images(500)
    model = im.train_small_cnn(*train, seed=0)
    predicted = model.predict(x, batch_size=256, verbose=0)[:, 0]
    assert evaluation.accuracy(y, predicted) > max(y.mean(), 1 - y.mean())
    # The means and variances of the test images themselves, as in training, rank the images no better.
    own = np.concatenate([model(x[i : i + 256], training=True) for i in range(0, len(x), 256)])[:, 0]
    assert evaluation.roc_auc(y, predicted) > evaluation.roc_auc(y, own) - 0.02


def test_ten_views_are_the_mean_over_moves_made_by_scipy():
    model = im.small_cnn((8, 8, 1))
    images = im.standardise(distinct_images(3, 8, 8))[..., np.newaxis]
    chosen = [(0, 0), (-2, 0), (2, 0), (0, -2), (0, 2)]
    expected = []
    for down, right in chosen:
        for mirrored in (False, True):
            moved = [all_moves(image[..., 0], 2)[down, right, mirrored] for image in images]
            expected.append(model.predict(np.stack(moved)[..., np.newaxis], verbose=0)[:, 0])
    np.testing.assert_allclose(im.predict_with_views(model, images, shift=2), np.mean(expected, axis=0), atol=1e-6)


# --- Grad-CAM


@pytest.mark.parametrize("relu", [True, False])
def test_grad_cam_equals_class_activation_maps_divided_by_the_number_of_positions(relu):
    model = im.small_cnn((16, 12, 1), width=6)
    rng = np.random.default_rng(0)
    for layer in model.layers:  # batch normalisation as after training, not the identity it is at first
        layer.set_weights(
            [w * rng.uniform(0.5, 1.5, w.shape) + 0.05 * rng.normal(size=w.shape) for w in layer.get_weights()]
        )
    model.get_layer("logit").set_weights([rng.normal(size=(24, 1)), np.ones(1)])
    images = rng.normal(size=(5, 16, 12, 1)).astype(np.float32)
    import keras

    features = keras.Model(model.input, model.get_layer("features").output).predict(images, verbose=0)
    weights = model.get_layer("logit").get_weights()[0][:, 0]
    expected = features @ weights / (features.shape[1] * features.shape[2])
    expected = np.maximum(expected, 0) if relu else expected
    maps = im.grad_cam(model, images, relu=relu, batch_size=2)
    assert maps.shape == (5, 4, 3) and maps.dtype == np.float32
    np.testing.assert_allclose(maps, expected, rtol=1e-4, atol=1e-6)
    assert np.any(expected > 0) and (relu or np.any(expected < 0))


def test_grad_cam_looks_into_a_sequential_model_as_well():
    import keras

    keras.utils.set_random_seed(0)
    layers = [keras.layers.Conv2D(3, 3, activation="relu", name="features"), keras.layers.GlobalAveragePooling2D()]
    layers += [keras.layers.Dense(1, name="logit"), keras.layers.Activation("sigmoid")]
    model = keras.Sequential([keras.Input((6, 6, 1)), *layers])
    pictures = np.random.default_rng(0).normal(size=(2, 6, 6, 1)).astype(np.float32)
    maps = np.asarray(layers[0](pictures))
    expected = maps @ layers[2].get_weights()[0][:, 0] / 16
    np.testing.assert_allclose(im.grad_cam(model, pictures, relu=False), expected, atol=1e-6)


def test_grad_cam_does_not_depend_on_the_rest_of_the_batch_and_leaves_the_model_alone():
    model = im.small_cnn((16, 16, 1), width=4)
    before = [weight.copy() for weight in model.get_weights()]
    images = np.random.default_rng(1).normal(size=(4, 16, 16, 1)).astype(np.float32)
    together = im.grad_cam(model, images, relu=False)
    np.testing.assert_allclose(together[2:3], im.grad_cam(model, images[2:3], relu=False), atol=1e-6)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


# --- bad input

GREY = np.zeros((4, 8, 8), dtype=np.float32) + np.arange(8, dtype=np.float32)
READY = GREY[..., np.newaxis]
LABELS = np.array([0, 1, 0, 1])
NAN = np.where(np.arange(8) == 3, np.nan, GREY)
MODEL = []


def model():
    if not MODEL:
        MODEL.append(im.small_cnn((8, 8, 1), width=2))
    return MODEL[0]


@pytest.mark.parametrize("use", [im.standardise, im.augment, lambda x: im.balanced_batches(x, LABELS)])
@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (NAN, ValueError, "images must be finite, got 32 NaN"),
        (np.where(GREY == 7, np.inf, GREY), ValueError, "images must be finite, got 32 NaN or inf"),
        (GREY[0], ValueError, r"images must have the shape .*, got \(8, 8\)"),
        (READY[..., None], ValueError, r"images must have the shape .*, got \(4, 8, 8, 1, 1\)"),
        (GREY[:0], ValueError, r"images must not be empty, got shape \(0, 8, 8\)"),
        (GREY > 3, TypeError, "images must be an array of numbers, got dtype bool"),
        (GREY.astype(str), TypeError, "images must be an array of numbers, got dtype <U"),
        (GREY + 0j, TypeError, "images must be an array of numbers, got dtype complex"),
    ],
)
def test_bad_images_are_refused(use, bad, error, message):
    with pytest.raises(error, match=message):
        use(bad)


@pytest.mark.parametrize(
    "use",
    [
        lambda x: im.train_small_cnn(x, LABELS),
        lambda x: im.predict_with_views(model(), x),
        lambda x: im.grad_cam(model(), x),
    ],
)
@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (NAN, ValueError, "images must be finite"),
        (GREY, ValueError, r"channels\), got \(4, 8, 8\); grey images get their channel by images\[..., np.newaxis\]"),
        (READY.astype(np.uint8), TypeError, "images must be preprocessed floats, .*, got dtype uint8"),
        (READY * 30, ValueError, "images must be preprocessed, .*, got values of up to 210"),
        (READY * -30, ValueError, "images must be preprocessed, .*, got values of up to 210"),
    ],
)
def test_images_not_ready_for_a_network_are_refused(use, bad, error, message):
    with pytest.raises(error, match=message):
        use(bad)


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: im.augment(GREY, max_shift=-1), ValueError, "max_shift must be at least 0, got -1"),
        (lambda: im.augment(GREY, max_shift=8), ValueError, "max_shift must be smaller .* got 8 for images of"),
        (lambda: im.augment(GREY, max_shift=1.5), TypeError, "max_shift must be an integer, got 1.5"),
        (lambda: im.augment(GREY, flip="no"), TypeError, "flip must be True or False, got 'no'"),
        (lambda: im.augment(GREY, seed=-1), ValueError, "seed must be between 0 and .*, got -1"),
        (lambda: im.augment(GREY, seed=None), TypeError, "seed must be an integer, got None"),
        (
            lambda: im.balanced_batches(GREY, LABELS[:3]),
            ValueError,
            "images and labels must have the same length, got 4 and 3",
        ),
        (
            lambda: im.balanced_batches(GREY, LABELS[:, None]),
            ValueError,
            r"labels must have one dimension, got shape \(4, 1\)",
        ),
        (lambda: im.balanced_batches(GREY, LABELS + 1), ValueError, "labels must be 0 or 1, got 2"),
        (lambda: im.balanced_batches(GREY, LABELS * np.nan), ValueError, "labels must be finite"),
        (
            lambda: im.balanced_batches(GREY, LABELS.astype(str)),
            TypeError,
            "labels must be an array of numbers, got dtype <U",
        ),
        (lambda: im.balanced_batches(GREY, LABELS * 0), ValueError, "labels must hold both classes, got only 0"),
        (lambda: im.balanced_batches(GREY, LABELS, 7), ValueError, "batch_size must be even, .*, got 7"),
        (lambda: im.balanced_batches(GREY, LABELS, 0), ValueError, "batch_size must be at least 2, got 0"),
        (lambda: im.balanced_batches(GREY, LABELS, seed=-1), ValueError, "seed must be between 0 and .*, got -1"),
        (lambda: im.balanced_batches(GREY, LABELS, max_shift=8), ValueError, "max_shift must be smaller"),
        (lambda: im.balanced_batches(GREY, LABELS, flip=1), TypeError, "flip must be True or False, got 1"),
        (lambda: im.small_cnn((28, 28)), ValueError, r"input_shape must be \(height, width, channels\).* \(28, 28\)"),
        (lambda: im.small_cnn((3, 28, 1)), ValueError, "of at least 4 x 4 pixels"),
        (lambda: im.small_cnn((28, None, 1)), TypeError, "input_shape must be an integer, got None"),
        (lambda: im.small_cnn((28, 28, 1), width=0), ValueError, "width must be at least 1, got 0"),
        (lambda: im.small_cnn((28, 28, 1), dropout=1), ValueError, "dropout must be at least 0 and below 1, got 1"),
        (lambda: im.small_cnn((28, 28, 1), dropout="a"), TypeError, "dropout must be a number, got 'a'"),
        (lambda: im.train_small_cnn(READY, LABELS * 0), ValueError, "labels must hold both classes"),
        (lambda: im.train_small_cnn(READY, LABELS * 0, balanced=False), ValueError, "labels must hold both classes"),
        (lambda: im.train_small_cnn(READY, LABELS, -1), ValueError, "seed must be between 0 and .*, got -1"),
        (lambda: im.train_small_cnn(READY, LABELS, epochs=0), ValueError, "epochs must be at least 1, got 0"),
        (lambda: im.train_small_cnn(READY, LABELS, balanced=1), TypeError, "balanced must be True or False, got 1"),
        (
            lambda: im.train_small_cnn(READY, LABELS, label_smoothing=1.0),
            ValueError,
            "label_smoothing must be",
        ),
        (lambda: im.predict_with_views(model(), READY, shift=-1), ValueError, "shift must be at least 0, got -1"),
        (lambda: im.predict_with_views(model(), READY, shift=8), ValueError, "shift must be smaller"),
        (
            lambda: im.grad_cam(model(), READY, layer="conv"),
            ValueError,
            "layer must be a layer .* 'conv'; it has ",
        ),
        (lambda: im.grad_cam(model(), READY, layer="logit"), ValueError, "layer must give maps .*'logit' has"),
        (lambda: im.grad_cam(model(), READY, output="features"), ValueError, "output must give one number"),
        (lambda: im.grad_cam(model(), READY, relu=None), TypeError, "relu must be True or False, got None"),
        (lambda: im.grad_cam(model(), READY, batch_size=0), ValueError, "batch_size must be at least 1, got 0"),
    ],
)
def test_other_bad_arguments_are_refused(use, error, message):
    with pytest.raises(error, match=message):
        use()


def test_ten_views_refuse_a_model_with_several_outputs():
    import keras

    two = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match=r"model must give one probability .* \(None, 2\)"):
        im.predict_with_views(two, READY)


# --- simulate_calcifications


def test_calcifications_are_five_apart_and_grouped_or_not():
    images, labels = im.simulate_calcifications(400, 0)
    assert images.shape == (400, 32, 32, 1) and images.dtype == np.float32 and labels.tolist() == [0, 1] * 200
    for image, label in zip(images[..., 0], labels, strict=True):
        places = np.argwhere(image > 0.55)  # four and a half standard deviations from noise and from speck
        assert len(places) == 5 and places.min() >= 2 and places.max() < 30
        assert all(np.abs(one - other).max() >= 4 for one, other in itertools.combinations(places, 2))
        assert not label or np.ptp(places, axis=0).max() < 10
    scattered = [np.ptp(np.argwhere(image > 0.55), axis=0).max() for image in images[labels == 0, :, :, 0]]
    assert np.mean(np.array(scattered) >= 10) > 0.95


def test_specks_are_placed_as_the_docstring_says():
    for side in (10, 28):
        rng = np.random.default_rng(side)
        for _ in range(200):
            points = im._apart(rng, side)
            assert points.shape == (5, 2) and points.min() >= 0 and points.max() < side
            for first, second in itertools.combinations(points, 2):
                assert np.abs(first - second).max() >= 4


def test_scattered_calcifications_use_the_whole_image_and_groups_lie_anywhere():
    images, labels = im.simulate_calcifications(2000, 0)
    for label in (0, 1):
        mean = images[labels == label, :, :, 0].mean(axis=0)
        assert mean[2:30, 2:30].max() < 0.04 and mean[2:30, 2:30].min() > -0.02  # no place stands out
        assert images[labels == label].sum(axis=(1, 2, 3)).mean() == pytest.approx(5, abs=0.7)


def test_calcifications_are_the_same_for_the_same_seed_alone():
    first, again, other = (im.simulate_calcifications(6, seed)[0] for seed in (3, 3, 4))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("arguments", "error", "word"),
    [((1,), ValueError, "n_images"), ((2.5,), TypeError, "n_images"), ((4, -1), ValueError, "seed")],
)
def test_calcifications_complain(arguments, error, word):
    with pytest.raises(error, match=word):
        im.simulate_calcifications(*arguments)
