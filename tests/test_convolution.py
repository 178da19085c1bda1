"""Convolution, pooling, receptive field: known answers, SciPy, Keras, and bad inputs."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage, signal

from course_utils import convolution

COUNT = st.integers(1, 4)


def random_numbers(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


def keras_convolution(image, kernel, bias, stride=1, padding="valid", dilation=1):
    """The same through Keras, in its precision (float32)."""
    layer = keras.layers.Conv2D(
        kernel.shape[3], kernel.shape[:2], strides=stride, padding=padding, dilation_rate=dilation
    )
    layer.build((None, *image.shape))
    layer.set_weights([kernel, bias])
    return np.asarray(layer(image[np.newaxis].astype(np.float32)))[0]


# --- output_size


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((5, 3), 3),
        ((5, 3, 1, 1), 5),
        ((224, 7, 2, 3), 112),  # the first convolution of a ResNet
        ((28, 5), 24),  # the first convolution of LeNet-5 on MNIST without padding
        ((32, 3, 2, 0), 15),  # the last column takes no part
        ((32, 3, 1, 0, 4), 24),  # three weights that span nine pixels
        ((7, 7), 1),
        ((1, 1), 1),
    ],
)
def test_output_size_of_well_known_layers(arguments, expected):
    assert convolution.output_size(*arguments) == expected


@given(size=st.integers(1, 40), k=st.integers(1, 7), s=st.integers(1, 4), p=st.integers(0, 4), d=st.integers(1, 3))
@settings(deadline=None)
def test_output_size_counts_the_positions_that_fit(size, k, s, p, d):
    last_pixel = size + 2 * p - 1
    positions = [start for start in range(0, last_pixel + 1, s) if start + d * (k - 1) <= last_pixel]
    if positions:
        assert convolution.output_size(size, k, s, p, d) == len(positions)
    else:
        with pytest.raises(ValueError, match="expected at most"):
            convolution.output_size(size, k, s, p, d)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"size": 0}, ValueError, "size must be at least 1, got 0"),
        ({"kernel_size": 0}, ValueError, "kernel_size must be at least 1, got 0"),
        ({"stride": 0}, ValueError, "stride must be at least 1, got 0"),
        ({"padding": -1}, ValueError, "padding must be at least 0, got -1"),
        ({"dilation": 0}, ValueError, "dilation must be at least 1, got 0"),
        ({"kernel_size": 9}, ValueError, "kernel_size 9 with dilation 1 spans 9 pixels, expected at most 8"),
        ({"dilation": 4}, ValueError, "kernel_size 3 with dilation 4 spans 9 pixels, expected at most 8"),
        ({"size": 8.0}, TypeError, "size must be an integer, got 8.0"),
        ({"stride": True}, TypeError, "stride must be an integer, got True"),
        ({"padding": "same"}, TypeError, "padding must be an integer, got 'same'"),
    ],
)
def test_output_size_refuses(changes, error, message):
    with pytest.raises(error, match=message):
        convolution.output_size(**{"size": 8, "kernel_size": 3} | changes)


# --- conv2d


def test_conv2d_of_an_example_by_hand():
    image = np.array([[1, 2, 0], [0, 1, 3], [4, 0, 1]])[..., np.newaxis]
    kernel = np.array([[1, 0], [2, -1]])[..., np.newaxis, np.newaxis]
    np.testing.assert_array_equal(convolution.conv2d(image, kernel)[..., 0], [[0, 1], [8, 0]])
    np.testing.assert_array_equal(convolution.conv2d(image, kernel, bias=[10])[..., 0], [[10, 11], [18, 10]])


def test_conv2d_with_an_impulse_gives_the_kernel_turned_round():
    impulse = np.zeros((5, 5, 1))
    impulse[2, 2] = 1
    kernel = np.arange(9.0).reshape(3, 3, 1, 1)
    np.testing.assert_array_equal(convolution.conv2d(impulse, kernel)[..., 0], kernel[::-1, ::-1, 0, 0])


@given(
    seed=st.integers(0, 10**6), h=st.integers(4, 12), w=st.integers(4, 12), kh=st.integers(1, 3), kw=st.integers(1, 3)
)
@settings(deadline=None)
def test_conv2d_is_scipys_correlation_and_not_its_convolution(seed, h, w, kh, kw):
    image, kernel = random_numbers(seed, h, w, 1), random_numbers(seed + 1, kh, kw, 1, 1)
    ours = convolution.conv2d(image, kernel)[..., 0]
    np.testing.assert_allclose(ours, signal.correlate2d(image[..., 0], kernel[..., 0, 0], mode="valid"), atol=1e-12)
    turned = convolution.conv2d(image, kernel[::-1, ::-1])[..., 0]
    np.testing.assert_allclose(turned, signal.convolve2d(image[..., 0], kernel[..., 0, 0], mode="valid"), atol=1e-12)
    if kh * kw > 1:
        assert not np.allclose(ours, turned)


@given(
    seed=st.integers(0, 10**6),
    size=st.tuples(st.integers(5, 14), st.integers(5, 14)),
    kernel_size=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    channels=COUNT,
    filters=COUNT,
    stride=st.integers(1, 3),
    dilation=st.integers(1, 3),
    padding=st.integers(0, 3),
)
@settings(deadline=None, max_examples=60)
def test_conv2d_is_keras_conv2d(seed, size, kernel_size, channels, filters, stride, dilation, padding):
    if stride > 1 and dilation > 1:  # Keras does not offer both at once
        dilation = 1
    if any(dilation * (k - 1) + 1 > n + 2 * padding for k, n in zip(kernel_size, size, strict=True)):
        return
    image = random_numbers(seed, *size, channels).astype(np.float32)
    kernel = random_numbers(seed + 1, *kernel_size, channels, filters).astype(np.float32)
    bias = random_numbers(seed + 2, filters).astype(np.float32)
    ours = convolution.conv2d(image, kernel, bias, stride, padding, dilation)
    padded = np.pad(image, ((padding, padding), (padding, padding), (0, 0)))
    theirs = keras_convolution(padded, kernel, bias, stride, dilation=dilation)
    assert ours.dtype == np.float32 and ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=2e-5)


@given(seed=st.integers(0, 10**6), k=st.sampled_from([1, 3, 5]), dilation=st.integers(1, 2))
@settings(deadline=None, max_examples=20)
def test_padding_same_is_keras_same_for_stride_one(seed, k, dilation):
    image = random_numbers(seed, 9, 11, 2).astype(np.float32)
    kernel, bias = random_numbers(seed + 1, k, k, 2, 3).astype(np.float32), np.zeros(3, np.float32)
    ours = convolution.conv2d(image, kernel, bias, padding="same", dilation=dilation)
    assert ours.shape == (9, 11, 3)
    theirs = keras_convolution(image, kernel, bias, padding="same", dilation=dilation)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=2e-5)


def test_keras_same_with_stride_two_pads_unevenly_which_ours_does_not():
    image = random_numbers(0, 8, 8, 1).astype(np.float32)
    kernel, bias = random_numbers(1, 3, 3, 1, 1).astype(np.float32), np.zeros(1, np.float32)
    theirs = keras_convolution(image, kernel, bias, stride=2, padding="same")
    uneven = np.pad(image, ((0, 1), (0, 1), (0, 0)))
    np.testing.assert_allclose(convolution.conv2d(uneven, kernel, bias, stride=2), theirs, atol=1e-5)
    even = convolution.conv2d(image, kernel, bias, stride=2, padding=1)
    assert even.shape == theirs.shape and np.abs(even - theirs).max() > 0.1


def test_conv2d_computes_integers_in_float64_and_leaves_its_arguments_alone():
    image, kernel = np.ones((4, 4, 1), np.uint8), np.full((2, 2, 1, 1), 200, np.uint8)
    before = image.copy(), kernel.copy()
    out = convolution.conv2d(image, kernel, padding=1)
    assert out.dtype == np.float64 and out.max() == 800  # no overflow at 255
    assert (image == before[0]).all() and (kernel == before[1]).all()


IMAGE, KERNEL = np.zeros((6, 6, 2)), np.zeros((3, 3, 2, 4))


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"image": np.zeros((6, 6))}, ValueError, r"image must have 3 dimensions, got shape \(6, 6\)"),
        ({"image": np.zeros((0, 6, 2))}, ValueError, r"image must not be empty, got shape \(0, 6, 2\)"),
        ({"image": np.full((6, 6, 2), np.nan)}, ValueError, "image must be finite, got 72 NaN or infinite"),
        ({"image": np.full((6, 6, 2), "a")}, TypeError, "image must be an array of numbers"),
        ({"kernel": np.zeros((3, 3, 2))}, ValueError, r"kernel must have 4 dimensions, got shape \(3, 3, 2\)"),
        (
            {"kernel": np.zeros((3, 3, 5, 4))},
            ValueError,
            r"kernel must have the 2 channels .* \(3, 3, 5, 4\)",
        ),
        ({"kernel": np.full((3, 3, 2, 4), np.inf)}, ValueError, "kernel must be finite"),
        ({"kernel": np.zeros((7, 7, 2, 4))}, ValueError, "spans 7 pixels, expected at most 6"),
        ({"bias": np.zeros(3)}, ValueError, r"bias must have the shape \(4,\), one for each filter, got \(3,\)"),
        ({"bias": [np.nan] * 4}, ValueError, "bias must be finite"),
        ({"stride": 0}, ValueError, "stride must be at least 1, got 0"),
        ({"stride": 1.5}, TypeError, "stride must be an integer, got 1.5"),
        ({"dilation": 0}, ValueError, "dilation must be at least 1, got 0"),
        ({"padding": -1}, ValueError, "padding must be at least 0, got -1"),
        ({"padding": "valid"}, ValueError, "padding must be a number of pixels or 'same', got 'valid'"),
        ({"padding": "same", "stride": 2}, ValueError, "padding 'same' needs stride 1, got 2"),
        (
            {"padding": "same", "kernel": np.zeros((3, 2, 2, 4))},
            ValueError,
            r"padding 'same' needs a kernel with odd sides, got \(3, 2\)",
        ),
    ],
)
def test_conv2d_refuses(changes, error, message):
    with pytest.raises(error, match=message):
        convolution.conv2d(**{"image": IMAGE, "kernel": KERNEL} | changes)


# --- pooling


def test_pooling_of_an_example_by_hand():
    image = np.array([[1, 5, 2, 0], [3, 1, 4, 2], [0, 2, 9, 9], [6, 8, 9, 1]])[..., np.newaxis]
    np.testing.assert_array_equal(convolution.max_pool2d(image)[..., 0], [[5, 4], [8, 9]])
    np.testing.assert_array_equal(convolution.average_pool2d(image)[..., 0], [[2.5, 2], [4, 7]])


@given(
    seed=st.integers(0, 10**6),
    h=st.integers(4, 13),
    w=st.integers(4, 13),
    channels=COUNT,
    size=st.integers(1, 4),
    stride=st.one_of(st.none(), st.integers(1, 3)),
)
@settings(deadline=None, max_examples=40)
def test_pooling_is_that_of_keras(seed, h, w, channels, size, stride):
    image = random_numbers(seed, h, w, channels).astype(np.float32)
    for ours, layer in (
        (convolution.max_pool2d, keras.layers.MaxPooling2D),
        (convolution.average_pool2d, keras.layers.AveragePooling2D),
    ):
        theirs = np.asarray(layer(size, strides=stride)(image[np.newaxis]))[0]
        np.testing.assert_allclose(ours(image, size, stride), theirs, atol=1e-6)


@given(seed=st.integers(0, 10**6), size=st.sampled_from([1, 3, 5]))
@settings(deadline=None, max_examples=20)
def test_max_pooling_with_stride_one_is_scipys_maximum_filter(seed, size):
    image = random_numbers(seed, 9, 8, 1)
    filtered = ndimage.maximum_filter(image[..., 0], size)
    edge = size // 2
    inside = filtered[edge : 9 - edge, edge : 8 - edge]
    np.testing.assert_array_equal(convolution.max_pool2d(image, size, 1)[..., 0], inside)


@pytest.mark.parametrize("pool", [convolution.max_pool2d, convolution.average_pool2d])
@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"image": np.zeros((6, 6))}, ValueError, "image must have 3 dimensions"),
        ({"image": np.full((6, 6, 1), np.inf)}, ValueError, "image must be finite, got 36"),
        ({"size": 0}, ValueError, "size must be at least 1, got 0"),
        ({"size": 7}, ValueError, r"size must not exceed height and width, got 7 for an image of \(6, 6\)"),
        ({"stride": 0}, ValueError, "stride must be at least 1, got 0"),
        ({"stride": 2.0}, TypeError, "stride must be an integer, got 2.0"),
    ],
)
def test_pooling_refuses(pool, changes, error, message):
    with pytest.raises(error, match=message):
        pool(**{"image": np.zeros((6, 6, 1))} | changes)


# --- receptive field


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([], (1, 1)),
        ([(3, 1)], (3, 1)),
        ([(3, 1), (3, 1)], (5, 1)),
        ([(3, 1)] * 3, (7, 1)),  # three 3x3 see as much as one 7x7
        ([(3, 1), (2, 2), (3, 1)], (8, 2)),
        ([(3, 1, 1), (3, 1, 2), (3, 1, 4)], (15, 1)),
        ([(5, 1), (2, 2), (5, 1), (2, 2)], (16, 4)),  # LeNet-5 up to its second pooling
    ],
)
def test_receptive_fields_known_by_hand(layers, expected):
    assert convolution.receptive_field(layers) == expected


def test_receptive_field_takes_the_rows_of_an_array():
    assert convolution.receptive_field(np.array([[3, 1], [2, 2], [3, 1]])) == (8, 2)


@given(
    layers=st.lists(st.tuples(st.integers(1, 4), st.integers(1, 2), st.integers(1, 2)), min_size=1, max_size=4),
)
@settings(deadline=None, max_examples=40)
def test_the_receptive_field_is_where_the_output_changes(layers):
    """On a line of pixels, through the convolutions themselves: which pixels change the first output?"""
    field, jump = convolution.receptive_field(layers)
    line = np.zeros((field + jump, 1, 1))  # long enough for two outputs

    def outputs(image):
        for k, s, d in layers:
            image = convolution.conv2d(image, np.ones((k, 1, 1, 1)), stride=s, dilation=d)
        return image[:, 0, 0]

    touched = []
    for pixel in range(len(line)):
        impulse = line.copy()
        impulse[pixel] = 1
        touched.append(outputs(impulse)[:2] > 0)
    first, second = np.array(touched).T
    assert np.flatnonzero(first).min() == 0 and np.flatnonzero(first).max() == field - 1
    assert np.flatnonzero(second).min() == jump


@pytest.mark.parametrize(
    ("layers", "error", "message"),
    [
        ([(3,)], ValueError, r"layers must be pairs .* got \(3,\) at 0"),
        ([(3, 1), 3], ValueError, "layers must be pairs .* got 3 at 1"),
        ([(0, 1)], ValueError, "kernel_size must be at least 1, got 0"),
        ([(3, 0)], ValueError, "stride must be at least 1, got 0"),
        ([(3, 1, 0)], ValueError, "dilation must be at least 1, got 0"),
        ([(3, 1.0)], TypeError, "stride must be an integer, got 1.0"),
    ],
)
def test_receptive_field_refuses(layers, error, message):
    with pytest.raises(error, match=message):
        convolution.receptive_field(layers)
