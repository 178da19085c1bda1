"""Checks behind the exercises of chapter 3.1.1, Convolutional networks."""

import numpy as np

from course_utils.exercises import Exercise, Misconception


def _convolve(image, kernel, stride, padding):
    padded = np.pad(np.asarray(image, float), padding)
    k = len(kernel)
    rows, columns = ((size - k) // stride + 1 for size in padded.shape)
    out = np.zeros((rows, columns))
    for i in range(rows):
        for j in range(columns):
            out[i, j] = (padded[stride * i : stride * i + k, stride * j : stride * j + k] * kernel).sum()
    return out


def _convolve_everywhere_first(image, kernel, stride, padding):
    """Stride 1, then every second output: the same numbers, more work."""
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image, padding), np.shape(kernel))
    return np.tensordot(windows, kernel, axes=2)[::stride, ::stride]


def _convolve_with_lists(image, kernel, stride, padding):
    """Plain Python: a pixel beyond the edge counts 0."""
    height, width, k = len(image), len(image[0]), len(kernel)
    out = []
    for top in range(-padding, height + padding - k + 1, stride):
        out.append([])
        for left in range(-padding, width + padding - k + 1, stride):
            total = 0.0
            for u in range(k):
                for v in range(k):
                    if 0 <= top + u < height and 0 <= left + v < width:
                        total += float(image[top + u][left + v]) * float(kernel[u][v])
            out[-1].append(total)
    return out


def _size_of_a_row(image, kernel, stride, padding):
    """Wrong for images that are not square: as many columns as rows."""
    right = _convolve(image, kernel, stride, padding)
    n = len(right)
    return np.pad(right, ((0, 0), (0, max(0, n - right.shape[1]))))[:, :n]


def _steps_of_one(image, kernel, stride, padding):
    """The output has the right size, but the window moves by one pixel."""
    right = _convolve(image, kernel, stride, padding)
    return _convolve(image, kernel, 1, padding)[: right.shape[0], : right.shape[1]]


def _edge_repeated(image, kernel, stride, padding):
    return _convolve(np.pad(image, padding, mode="edge"), kernel, stride, 0)


def _padded_below_and_right(image, kernel, stride, padding):
    return _convolve(np.pad(image, ((0, padding), (0, padding))), kernel, stride, 0)


def _rows_alone_jump(image, kernel, stride, padding):
    """The stride moves the window down, but not to the right."""
    right = _convolve(image, kernel, stride, padding)
    return _convolve(image, kernel, 1, padding)[::stride][: right.shape[0], : right.shape[1]]


def _one_place_too_few(image, kernel, stride, padding):
    return _convolve(image, kernel, stride, padding)[:-1, :-1]


def _size_without_padding(image, kernel, stride, padding):
    size = _convolve(image, kernel, stride, 0).shape
    return _convolve(image, kernel, stride, padding)[: size[0], : size[1]]


def _output_padded(image, kernel, stride, padding):
    return np.pad(_convolve(image, kernel, stride, 0), padding)


def _rows_alone_padded(image, kernel, stride, padding):
    return _convolve(np.pad(image, ((padding, padding), (0, 0))), kernel, stride, 0)


def _one_added_too_early(image, kernel, stride, padding):
    """(H + 2p - k + 1) // s: the 1 stands inside the division."""
    size = [(n + 2 * padding - len(kernel) + 1) // stride for n in np.shape(image)]
    return _convolve(image, kernel, stride, padding)[: size[0], : size[1]]


def _product_of_matrices(image, kernel, stride, padding):
    padded, k, right = np.pad(image, padding), len(kernel), _convolve(image, kernel, stride, padding)
    out = np.zeros(right.shape)
    for i, j in np.ndindex(*right.shape):
        out[i, j] = (padded[stride * i : stride * i + k, stride * j : stride * j + k] @ kernel).sum()
    return out


_IMAGE = np.array(  # wider than high, and float32, as Keras wants it
    [[2, 3, 0, 1, 5, 4], [0, 1, 4, 0, 2, 1], [1, 0, 2, 3, 1, 7], [5, 2, 1, 2, 0, 3], [3, 4, 1, 6, 2, 0]], "float32"
)
_KERNEL = np.array([[1, 2, 0], [0, -1, 1], [3, 0, 1]], "float32")


# --- 3.1.1-e: a network that the reader builds, and what it does -----------------------------------------------------


def build_wide():
    """Three convolutions with pooling between them."""
    from keras import Input, Sequential, layers

    return Sequential(
        [Input((32, 32, 1))]
        + [*_block(8, 3), layers.MaxPooling2D(2), *_block(16, 3), layers.MaxPooling2D(2), *_block(16, 3)]
        + [layers.GlobalAveragePooling2D(), layers.Dense(1, activation="sigmoid")]
    )


def build_with_large_kernels():
    """No more layers, but wider windows; the functional way of Keras."""
    from keras import Input, Model, layers

    image = h = Input((32, 32, 1))
    for layer in [*_block(8, 5), layers.MaxPooling2D(2), *_block(16, 5), layers.GlobalAveragePooling2D()]:
        h = layer(h)
    return Model(image, layers.Dense(1, activation="sigmoid")(h))


def build_narrow():
    """One position sees 8 pixels: several specks of a group, and not the whole group."""
    from keras import Input, Sequential, layers

    return Sequential(
        [Input((32, 32, 1)), *_block(8, 3), layers.MaxPooling2D(2), *_block(16, 3), layers.GlobalAveragePooling2D()]
        + [layers.Dense(1, activation="sigmoid")]
    )


def build_with_average_pooling():
    from keras import Input, Sequential, layers

    model = Sequential([Input((32, 32, 1))])
    for filters in (8, 16, 16):
        for layer in _block(filters, 3):
            model.add(layer)
        model.add(layers.AveragePooling2D(2))
    model.add(layers.GlobalMaxPooling2D())
    model.add(layers.Dense(1, activation="sigmoid"))
    return model


def _block(filters, size):
    from keras import layers

    convolution = layers.Conv2D(filters, size, padding="same", use_bias=False)
    return [convolution, layers.BatchNormalization(momentum=0.9), layers.ReLU()]


def _build(middle, last="sigmoid", units=1, shape=(32, 32, 1)):
    def build():
        from keras import Input, Sequential, layers

        return Sequential([Input(shape), *middle(layers), layers.Dense(units, activation=last)])

    return build


_TOO_NARROW = (
    "How many pixels does one of its positions see, and how far apart are the specks of a group? Work the field out, "
    "layer by layer."
)
_ALWAYS_1 = (
    "It answers 1 to every image. A softmax over one number is always 1: which activation makes one probability of it?"
)
_NO_NORMALISATION = "Its convolutions have no batch normalisation: 8 epochs may be too few. `conv_block` has it."
_SLOW_AVERAGES = (
    "Its batch normalisation has Keras' momentum of 0.99: the running means it uses for new images arrive too late for "
    "8 epochs. Take a momentum of 0.9, as `conv_block` does."
)
_BOUND_TO_PLACES = (
    "It has learned its training images, where all groups lie on the left, and fails where they lie on the right. "
    "Does its end keep a weight for every place?"
)
_KNOWS_THE_PLACE = (
    "It has learned its training images, where all groups lie on the left, and fails where they lie on the right. "
    "Do its positions see so much of the image, or are so few of them left, that they can tell the place?"
)
_WIDE_ENOUGH = "Its field is wide enough. Could one more convolution combine what the first ones found?"
_TOO_MANY = "At most 20,000 parameters are allowed. Which layer holds nearly all of them?"
_NO_PROBABILITY = "The output must be a probability between 0 and 1. Which activation function gives that?"
_UNTRAINED = "Return the network itself, a Keras model: `keras.Sequential([...])`. The check compiles and trains it."
_NOT_CALLED = "Give the function, `build`, and not the network that it returns: the check calls it itself."


def _specks(seed, side):
    """Simulate 1,000 images; those with a group are mirrored where needed, so that each lies on the side asked for."""
    from course_utils import images

    x, y = images.simulate_calcifications(1000, seed=seed)
    for number in np.flatnonzero(y):
        columns = np.nonzero(x[number, :, :, 0] > 0.55)[1]  # of the five specks; the noise stays below
        if (columns.mean() > 15.5) == (side == "left"):
            x[number] = x[number, :, ::-1].copy()
    return x, y


def _what_the_network_does(build):
    """Train what `build` returns with groups on the left, try it with groups on the right; say what is missing."""
    import keras

    from course_utils import evaluation

    if not callable(build) or isinstance(build, keras.Model):
        return _NOT_CALLED
    keras.utils.set_random_seed(0)
    model = build()
    if not isinstance(model, keras.Model):
        return _UNTRAINED
    if tuple(model.input_shape) != (None, 32, 32, 1):
        return f"The images have the shape (32, 32, 1). Your network asks for {tuple(model.input_shape[1:])}."
    if tuple(model.output_shape) != (None, 1):
        return f"One number for each image is asked for. The output of your network has the shape {model.output_shape}."
    if model.count_params() > 20_000:
        return f"Your network has {model.count_params():,} parameters. {_TOO_MANY}"
    (x, y), (new_x, new_y) = _specks(0, "left"), _specks(1, "right")
    extreme = model.predict(np.concatenate([1e6 * x[:50], -1e6 * x[:50]]), verbose=0)
    if extreme.min() < 0 or extreme.max() > 1:
        return _NO_PROBABILITY
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    model.fit(x, y, epochs=8, batch_size=32, verbose=0)
    answers = [np.nan_to_num(model.predict(rows, batch_size=250, verbose=0)[:, 0], nan=0.5) for rows in (x, new_x)]
    if np.min(answers) < 0 or np.max(answers) > 1:
        return _NO_PROBABILITY
    if np.min(answers) == 1:
        return _ALWAYS_1
    seen, new = (evaluation.roc_auc(truth, scores) for truth, scores in zip((y, new_y), answers, strict=True))
    if new >= 0.9:
        return ""
    return f"AUC with groups on the right: {new:.2f}; at least 0.9 is asked for. {_why(model, seen)}"


def _why(model, seen):
    """Say what keeps a trained network below the bar; `seen` is its AUC on the images it was trained on."""
    from keras import layers

    parts = list(_layers_of(model))
    flattens = any(isinstance(layer, layers.Flatten) for layer in parts)
    if flattens and seen > 0.9:
        return _BOUND_TO_PLACES
    field = _field_of(parts)
    if field < 8:
        return _TOO_NARROW
    normalisations = [layer for layer in parts if isinstance(layer, layers.BatchNormalization)]
    if not normalisations:
        return _NO_NORMALISATION
    if any(layer.momentum > 0.95 for layer in normalisations):
        return _SLOW_AVERAGES
    return _KNOWS_THE_PLACE if seen > 0.9 else _WIDE_ENOUGH


def _layers_of(model):
    for layer in model.layers:
        yield from _layers_of(layer) if hasattr(layer, "layers") else [layer]


def _field_of(parts):
    """Compute how many pixels, along one axis, one position behind the last convolution or pooling sees at most."""
    from course_utils import convolution

    windows = []
    for layer in parts:
        size = getattr(layer, "kernel_size", getattr(layer, "pool_size", None))
        if isinstance(size, tuple) and len(size) == 2:
            steps, gaps = layer.strides, getattr(layer, "dilation_rate", (1, 1))
            windows.append((max(size), max(steps), max(gaps)))
    return convolution.receptive_field(windows)[0] if windows else 1


EXERCISES = [
    Exercise(
        "3.1.1-a",
        expected=[[1, 2], [1, -1]],
        solutions=(np.array([[1, 2], [1, -1]]), np.array([[1.0, 2.0], [1.0, -1.0]], "float32"), ((1, 2), (1, -1))),
        misconceptions=(
            Misconception(
                [[5, 2], [1, 9]],
                "You turned the kernel by 180 degrees: that is the mathematical convolution. A layer does not turn it.",
            ),
            Misconception(
                [[-2, 0, -1, 0], [1, 1, 2, 1], [6, 1, -1, 0], [0, 8, 8, 2]],
                "This is another size: the window never leaves the image, so only 2 × 2 windows fit.",
            ),
            Misconception([[3, 2], [9, 3]], "The weight below on the right is -1: its product is subtracted."),
            Misconception(
                [[1, 1], [2, -1]],
                "Rows and columns are exchanged. The first row of the output holds the two upper windows.",
            ),
            Misconception(
                [[7, 2], [-1, 7]],
                "You exchanged rows and columns of the kernel: its first row, 1 and 2, lies on the window's first row.",
            ),
            Misconception([[1]], "There are four windows: two places across and two places down."),
        ),
        hint="Go window by window: upper left, upper right, lower left, lower right. Four products each.",
    ),
    Exercise(
        "3.1.1-b",
        expected=_convolve,
        cases=(
            (_IMAGE[:4, :4], _KERNEL, 1, 0),
            (_IMAGE, _KERNEL, 1, 0),
            (_IMAGE, _KERNEL, 2, 0),
            (_IMAGE, _KERNEL, 2, 1),
            (_IMAGE, _KERNEL[:2, :2], 3, 2),
        ),
        solutions=(_convolve_everywhere_first, _convolve_with_lists),
        misconceptions=(
            Misconception(
                lambda image, kernel, stride, padding: _convolve(image, kernel[::-1, ::-1], stride, padding),
                "Your kernel is turned by 180 degrees. A layer lays it on the window as it is.",
            ),
            Misconception(
                lambda image, kernel, stride, padding: _convolve(image, np.transpose(kernel), stride, padding),
                "Rows and columns of the kernel are exchanged.",
            ),
            Misconception(
                lambda image, kernel, stride, padding: _convolve(image, kernel, 1, padding),
                "The stride is missing: which outputs does a window that jumps leave out?",
            ),
            Misconception(
                _steps_of_one,
                "The size is right, but the window still moves by one pixel. Where does window number i begin?",
            ),
            Misconception(
                lambda image, kernel, stride, padding: _convolve(image, kernel, stride, 0),
                "The zeros around the image are missing.",
            ),
            Misconception(_padded_below_and_right, "The zeros go around the image: above and on the left as well."),
            Misconception(_edge_repeated, "Beyond the edge there are zeros. You repeated the pixels of the edge."),
            Misconception(
                lambda image, kernel, stride, padding: _convolve(image, kernel, stride, 2 * padding),
                "You added the padding twice: it is meant for each side.",
            ),
            Misconception(_rows_alone_jump, "The window jumps downwards only. It has to jump to the right as well."),
            Misconception(
                _one_place_too_few, "You counted the steps. The first place, before any step, is one more in each row."
            ),
            Misconception(
                _size_without_padding, "The output grows with the padding: its size follows from the padded image."
            ),
            Misconception(_output_padded, "You put the zeros around the output. They belong around the image."),
            Misconception(
                _rows_alone_padded, "Zeros stand above and below the image, and none on the left and on the right."
            ),
            Misconception(
                _one_added_too_early, "The 1 in the formula of the size is added after the division, not before it."
            ),
            Misconception(
                _product_of_matrices,
                "You multiplied matrices (`@`, `np.dot`). A layer multiplies each pixel by the weight over it.",
            ),
            Misconception(_size_of_a_row, "The image need not be square: count rows and columns each by themselves."),
        ),
        hint="First put the zeros around the image. Then: how many windows fit, and where does each of them begin?",
        error_hint="Does a window leave the padded image? Count rows and columns each by themselves, rounded down.",
    ),
    Exercise(
        "3.1.1-c",
        expected=[(9 * 32 + 1) * 64, 28 * 28 * 9 * 32 * 64],
        solutions=(np.array([18_496, 14_450_688]), (18_496.0, 14_450_688.0)),
        misconceptions=(
            Misconception([9 * 32 * 64, 28 * 28 * 9 * 32 * 64], "Nearly. Every filter has a bias too."),
            Misconception(
                [(9 * 32 + 1) * 64, 56 * 56 * 9 * 32 * 64],
                "The parameters are right. The stride is missing: the window skips every second place.",
            ),
            Misconception(
                [(9 * 32 + 1) * 64, 27 * 27 * 9 * 32 * 64],
                "The parameters are right. The zeros at the edges count: put p into the formula of the size.",
            ),
            Misconception(
                [(9 * 32 + 1) * 64, 29 * 29 * 9 * 32 * 64],
                "The parameters are right. The size is rounded down: no window may leave the padded image.",
            ),
            Misconception(
                [(9 + 1) * 64, 28 * 28 * 9 * 64],
                "A filter looks at all 32 input channels, with weights of its own for each.",
            ),
            Misconception(
                [(9 * 32 + 1) * 64, 9 * 32 * 64],
                "The parameters are right. Each weight is used again at every position of the output.",
            ),
            Misconception(
                [(9 * 32 + 1) * 64, 28 * 28 * (9 * 32 + 1) * 64],
                "The parameters are right. The bias is added, not multiplied.",
            ),
            Misconception(
                [(9 * 32 + 1) * 64, 28 * 28 * 9 * 32],
                "The parameters are right. You counted the multiplications of one filter.",
            ),
            Misconception(
                [(9 * 32 + 1) * 64, 2 * 28 * 28 * 9 * 32 * 64],
                "The parameters are right. Count the multiplications alone, not the additions.",
            ),
            Misconception(
                [(3 * 32 + 1) * 64, 28 * 28 * 3 * 32 * 64], "A window of 3 × 3 holds more than three pixels."
            ),
            Misconception(
                [(9 * 32 + 32) * 64, 28 * 28 * 9 * 32 * 64],
                "There is one bias for each filter, not one for each input channel.",
            ),
            Misconception(
                [(9 * 64 + 1) * 32, 28 * 28 * 9 * 32 * 64],
                "You exchanged input channels and filters: one bias for each of the 64 filters.",
            ),
            Misconception([28 * 28 * 9 * 32 * 64, (9 * 32 + 1) * 64], "Right numbers, wrong order: parameters first."),
        ),
        hint="How many weights has one filter, over all its channels? Then all filters, then all positions.",
    ),
    Exercise(
        "3.1.1-d",
        expected=27 * 200 / 32,
        solutions=(168.75, np.float64(27) * 6.25, 168.8, 169),
        tolerance=2e-3,  # to the millimetre
        misconceptions=(
            Misconception(27, "These are pixels. A pixel is 200 mm / 32 wide."),
            Misconception(
                12 * 200 / 32,
                "You left the strides out. Behind a stride of 2 a step in the map is two pixels of the image.",
            ),
            Misconception(
                33 * 200 / 32,
                "You used the jump after each layer. A layer's window steps with the jump before it.",
            ),
            Misconception(
                16 * 200 / 32,
                "The first convolution has a stride too. What does it do to the jump of the layers behind it?",
            ),
            Misconception(
                19 * 200 / 32,
                "Either a convolution behind the pooling is missing (there are two), or the stride of the pooling.",
            ),
            Misconception(25 * 200 / 32, "Pooling widens the field as well: its window adds one jump."),
            Misconception(
                17 * 200 / 32, "The pooling is missing: it counts like a convolution, with its window and its stride."
            ),
            Misconception(200, "The whole image is seen only after averaging over all positions."),
        ),
        hint="Write a row for each layer: its window, the jump before it, the field after it. Who changes the jump?",
    ),
    Exercise(
        "3.1.1-e",
        requirement=_what_the_network_does,
        solutions=(build_wide, build_with_large_kernels, build_with_average_pooling, build_narrow),
        misconceptions=(
            Misconception(
                _build(lambda layers: [*_block(32, 3), layers.MaxPooling2D(2), layers.GlobalAveragePooling2D()]),
                _TOO_NARROW,
            ),
            Misconception(
                _build(
                    lambda layers: (
                        [*_block(8, 3), layers.MaxPooling2D(2), *_block(16, 3), layers.MaxPooling2D(2)]
                        + [layers.Flatten()]
                    )
                ),
                _BOUND_TO_PLACES,
            ),
            Misconception(
                _build(
                    lambda layers: (
                        [*_block(8, 5), layers.MaxPooling2D(2), *_block(16, 3)] + [layers.GlobalAveragePooling2D()]
                    ),
                    last="softmax",
                ),
                _ALWAYS_1,
            ),
            Misconception(3, _NOT_CALLED),
            Misconception(
                _build(
                    lambda layers: [
                        layers.Conv2D(16, 5, activation="relu"),
                        layers.MaxPooling2D(2),
                        layers.Conv2D(16, 5, activation="relu"),
                        layers.GlobalAveragePooling2D(),
                    ]
                ),
                _NO_NORMALISATION,
            ),
            Misconception(
                _build(
                    lambda layers: [
                        layers.Conv2D(8, 3, padding="same", activation="relu"),
                        layers.BatchNormalization(),
                        layers.MaxPooling2D(2),
                        layers.Conv2D(16, 3, padding="same", activation="relu"),
                        layers.BatchNormalization(),
                        layers.GlobalAveragePooling2D(),
                    ]
                ),
                _SLOW_AVERAGES,
            ),
            Misconception(
                _build(lambda layers: [*_block(16, 3), layers.Flatten(), layers.Dense(32, activation="relu")]),
                _TOO_MANY,
            ),
            Misconception(
                _build(lambda layers: [*_block(8, 5), *_block(16, 5), layers.GlobalAveragePooling2D()], last=None),
                _NO_PROBABILITY,
            ),
            Misconception(
                _build(lambda layers: [*_block(8, 5), layers.MaxPooling2D(2)]), "One number for each image is asked for"
            ),
            Misconception(
                _build(lambda layers: [layers.GlobalAveragePooling2D()], shape=(64, 64, 1)), "The images have the shape"
            ),
            Misconception(lambda: [*_block(8, 3)], _UNTRAINED),
        ),
        seconds=180,
    ),
]
