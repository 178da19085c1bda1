"""The right answers of chapter 3.3.2 (03_3_2_protein_structure_prediction) do what the field's library does."""

import numpy as np

from course_utils import exercises


def test_the_recurrent_layer_is_that_of_keras():
    import keras

    rng = np.random.default_rng(0)
    X, W, U, b = (rng.normal(size=shape).astype("float32") for shape in ((7, 5), (5, 3), (3, 3), (3,)))
    layer = keras.layers.SimpleRNN(3, return_sequences=True)
    layer.build((1, 7, 5))
    layer.set_weights([W, U, b])
    assert np.allclose(exercises.find("3.3.2-b").expected(X, W, U, b), np.asarray(layer(X[None]))[0], atol=1e-5)


def test_attention_without_padding_is_that_of_keras():
    import keras

    rng = np.random.default_rng(1)
    Q, K = rng.normal(size=(2, 6, 4)).astype("float32")
    real = np.array([True, True, True, True, False, False])
    layer = keras.layers.Attention()  # its scores are not divided by the root of the key's width
    _, theirs = layer([Q[None] / 2, K[None], K[None]], mask=[real[None], real[None]], return_attention_scores=True)
    for answer in exercises.find("3.3.2-d").solutions:
        ours = np.asarray(answer(Q, K, real))
        assert np.allclose(ours[real], np.asarray(theirs)[0][real], atol=1e-5)
