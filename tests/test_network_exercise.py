"""Exercises 4.1-b and 3.1.1-e accept every kind of network that forgets the place, and none that is bound to it.

Right networks were once refused because the pictures told one place from another; so a dozen of them are held here.
"""

import pytest
from keras import Input, Sequential, layers

from course_utils import exercises, images

pytestmark = pytest.mark.slow


def convolution(filters, size=3, **options):
    return lambda: layers.Conv2D(filters, size, **({"activation": "relu"} | options))


def dense(units):
    return lambda: layers.Dense(units, activation="relu")


def flip():
    return layers.RandomFlip("horizontal")


def average_pooling():
    return layers.AveragePooling2D(2)


POOL, MEAN, HIGHEST, FLAT = (
    layers.MaxPooling2D,
    layers.GlobalAveragePooling2D,
    layers.GlobalMaxPooling2D,
    layers.Flatten,
)
SAME = {"padding": "same"}
FORGET_THE_PLACE = {
    "8, 16": [convolution(8), POOL, convolution(16), MEAN],
    "16, 32": [convolution(16), POOL, convolution(32), MEAN],
    "16, 32, means of windows": [convolution(16), average_pooling, convolution(32), MEAN],
    "16, 32, the highest": [convolution(16), POOL, convolution(32), HIGHEST],
    "16, 32, dense": [convolution(16), POOL, convolution(32), MEAN, dense(16)],
    "stride": [convolution(16, 5, strides=2), POOL, convolution(32, **SAME), MEAN],
    "8, 8, 8": [convolution(8), POOL, convolution(8), POOL, convolution(8), MEAN],
    "8, 16, 32": [convolution(8), POOL, convolution(16), POOL, convolution(32), MEAN],
    "16, 32, 32": [convolution(16), POOL, convolution(32), POOL, convolution(32), MEAN],
    "8, 16, 32, dense": [convolution(8), POOL, convolution(16), POOL, convolution(32), MEAN, dense(16)],
    "16, 32, 32, padded": [
        *(convolution(16, **SAME), POOL, convolution(32, **SAME), POOL, convolution(32, **SAME), MEAN),
    ],
    "four, padded": [
        *(convolution(8, **SAME), POOL, convolution(16, **SAME), POOL, convolution(16, **SAME), POOL),
        *(convolution(16, **SAME), MEAN),
    ],
    "batch normalisation": [
        *(convolution(8, activation=None), layers.BatchNormalization, layers.ReLU, POOL),
        *(convolution(16, activation=None), layers.BatchNormalization, layers.ReLU, MEAN),
    ],
}
BOUND_TO_THE_PLACE = {
    "pixels": [FLAT],
    "dense": [FLAT, dense(12)],
    "one convolution": [convolution(8, strides=2), FLAT],
    "two convolutions": [convolution(8), POOL, convolution(16), POOL, FLAT],
    "two convolutions, dense": [convolution(8), POOL, convolution(16), POOL, FLAT, dense(8)],
    "three convolutions": [convolution(8), POOL, convolution(16), POOL, convolution(32), POOL, FLAT],
    "mirrored": [flip, convolution(8), POOL, convolution(16), POOL, FLAT],
}


def builder(parts):
    def build_network(input_shape):
        return Sequential([Input(input_shape), *[part() for part in parts], layers.Dense(1, activation="sigmoid")])

    return build_network


def each(networks):
    return [pytest.param(builder(parts), id=f"04_1_image_diagnosis_lab-{name}") for name, parts in networks.items()]


@pytest.mark.parametrize("build_network", each(FORGET_THE_PLACE))
def test_a_network_that_forgets_the_place_is_accepted(build_network):
    assert str(exercises.judge("4.1-b", build_network)) == "✓ correct"


def test_the_network_of_the_lab_made_narrower_is_accepted():
    verdict = exercises.judge("4.1-b", lambda input_shape: images.small_cnn(input_shape, width=8))
    assert str(verdict) == "✓ correct"


@pytest.mark.parametrize("build_network", each(BOUND_TO_THE_PLACE))
def test_a_network_that_is_bound_to_the_place_is_refused(build_network):
    verdict = exercises.judge("4.1-b", build_network)
    assert "it has learned where the haze lay" in verdict.message


@pytest.mark.parametrize("last", [None, "relu"])
def test_a_last_number_that_is_no_probability_is_refused(last):
    def build_network(input_shape):
        parts = [layers.Conv2D(16, 3, activation="relu"), POOL(), layers.Conv2D(32, 3, activation="relu"), MEAN()]
        return Sequential([Input(input_shape), *parts, layers.Dense(1, activation=last)])

    assert "outside 0 to 1" in exercises.judge("4.1-b", build_network).message


def test_a_mean_over_places_that_see_the_whole_picture_has_a_message_of_its_own():
    parts = [FLAT, dense(12), lambda: layers.Reshape((12, 1)), layers.GlobalAveragePooling1D]
    assert "sees almost the whole picture" in exercises.judge("4.1-b", builder(parts)).message


# --- 3.1.1-e: specks, with groups on the left in training and on the right in the test -------------------------------


def block(filters, size, **options):
    convolution = layers.Conv2D(filters, size, padding="same", use_bias=False, **options)
    return [convolution, layers.BatchNormalization(momentum=0.9), layers.ReLU()]


def speck_network(*parts):
    def build():
        last = layers.Dense(1, activation="sigmoid")
        return Sequential([Input((32, 32, 1)), *[layer for part in parts for layer in part()], last])

    return build


def first():
    return [*block(8, 3), POOL(), *block(16, 3)]


def dilated():
    return [layer for dilation in (1, 2, 4) for layer in block(8, 3, dilation_rate=dilation)]


SEE_SPECKS = {
    "the highest": speck_network(first, lambda: [HIGHEST()]),
    "dense behind the mean": speck_network(first, lambda: [MEAN(), layers.Dense(16, activation="relu")]),
    "dilation": speck_network(dilated, lambda: [MEAN()]),
}
EVERY_PLACE, FIELD = "Does its end keep a weight for every place?", "Work the field out"
HELD_BACK = {
    "flattens behind a wide field": (speck_network(first, lambda: [POOL(), *block(16, 3), FLAT()]), EVERY_PLACE),
    "pixels": (speck_network(lambda: [FLAT(), layers.Dense(16, activation="relu")]), EVERY_PLACE),
    "narrow": (speck_network(lambda: [*block(8, 3), *block(16, 3), MEAN()]), FIELD),
    "narrow without normalisation": (speck_network(lambda: [convolution(32)(), POOL(), MEAN()]), FIELD),
}


@pytest.mark.parametrize("name", SEE_SPECKS, ids="03_1_1_convolutional_networks-{}".format)
def test_a_network_that_sees_several_specks_anywhere_is_accepted(name):
    assert str(exercises.judge("3.1.1-e", SEE_SPECKS[name])) == "✓ correct"


@pytest.mark.parametrize("name", HELD_BACK, ids="03_1_1_convolutional_networks-{}".format)
def test_what_holds_a_network_back_is_named(name):
    build, hint = HELD_BACK[name]
    assert hint in exercises.judge("3.1.1-e", build).message


@pytest.mark.parametrize("build", [speck_network(first, lambda: [MEAN()])], ids=["03_1_1_convolutional_networks"])
def test_the_network_is_given_in_the_place_of_its_function(build):
    assert "Give the function, `build`" in exercises.judge("3.1.1-e", build()).message
