"""Images: preprocessing, augmentation, a small network, and what it looked at.

Arrays of images have the shape (n, height, width) or (n, height, width, channels). Keras is imported only inside the
functions that need it, so that importing this module stays light.
"""

import itertools

import numpy as np

from course_utils import _checks

__all__ = [
    "augment",
    "balanced_batches",
    "grad_cam",
    "predict_with_views",
    "simulate_calcifications",
    "small_cnn",
    "standardise",
    "train_small_cnn",
    "window_hounsfield",
]

# --- Preprocessing, augmentation, networks ---------------------------------------------------------------------------

RAW_GREY_VALUE = 100  # values beyond it are taken for unscaled grey values; standardised ones stay far below


def standardise(images):
    """Give every image mean 0 and standard deviation 1, so that brightness and contrast no longer tell images apart.

    Parameters
    ----------
    images : array of numbers, shape (n, height, width) or (n, height, width, channels)
        Mean and standard deviation are taken over all pixels and channels of one image, never over other images:
        nothing passes from one patient, or from training to test.

    Returns
    -------
    array of float32, same shape
        An image whose pixels are all equal has no contrast to scale: it becomes all zeros.

    Raises
    ------
    ValueError, TypeError
        If `images` has another shape, is empty, or holds anything but finite numbers.

    Taught in: 04_1_image_diagnosis_lab
    """
    images = _image_array(images).astype(float)
    pixels = tuple(range(1, images.ndim))
    # Halve or double first: squares of huge or tiny numbers leave the range of a float. Powers of 2 round nothing.
    images = np.ldexp(images, -np.frexp(np.abs(images).max(axis=pixels, keepdims=True))[1])
    constant = images.min(axis=pixels, keepdims=True) == images.max(axis=pixels, keepdims=True)
    deviation = np.where(constant, 1.0, images.std(axis=pixels, keepdims=True))
    centred = np.where(constant, 0.0, images - images.mean(axis=pixels, keepdims=True))
    return (centred / deviation).astype(np.float32)


def window_hounsfield(values, centre, width):
    """Map Hounsfield units to grey values from 0 to 1, as DICOM's function LINEAR_EXACT does: black below, white above.

    Parameters
    ----------
    values : array of finite numbers
        Hounsfield units: slope times stored value plus intercept.
    centre : float
        Level of the window in Hounsfield units; it becomes 0.5.
    width : float
        Width of the window in Hounsfield units, positive.

    Returns
    -------
    array of float64, same shape, from 0 to 1

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Source: DICOM PS3.3 C.11.2.1.3.2, the function LINEAR_EXACT

    Taught in: 03_1_1_convolutional_networks
    """
    values = _checks.array(values, "values", booleans=False).astype(float)
    centre, width = _checks.number(centre, "centre"), _checks.number(width, "width", above=0)
    return np.clip((values - centre) / width + 0.5, 0, 1)


def augment(images, max_shift=2, flip=True, seed=0):
    """Shift every image by a few pixels and mirror half of them, at random.

    A shift moves the whole image by a whole number of pixels, from -max_shift to max_shift in each direction, all
    equally likely; the border that becomes free repeats the pixels of the edge. The mirror swaps left and right, which
    puts the heart on the other side: use `flip` only where the label does not depend on the side.

    Parameters
    ----------
    images : array of numbers, shape (n, height, width) or (n, height, width, channels)
    max_shift : int
        Pixels; at least 0 and smaller than height and width.
    flip : bool
        Mirror each image with a probability of one half.
    seed : int from 0 to 2**32 - 1, or numpy.random.Generator
        The same integer gives the same changes; a generator gives new ones at each call.

    Returns
    -------
    array, same shape and type as `images`
        Always a new array.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or `images` holds anything but finite numbers.

    Taught in: 04_1_image_diagnosis_lab
    """
    images = _image_array(images)
    max_shift = _shift_within(max_shift, "max_shift", images.shape)
    flip, rng = _checks.boolean(flip, "flip"), _checks.generator(seed)
    down, right = rng.integers(-max_shift, max_shift + 1, size=(2, len(images)))
    mirrored = rng.random(len(images)) < 0.5 if flip else np.zeros(len(images), dtype=bool)
    return _moved(images, down, right, mirrored)


def _moved(images, down, right, mirrored):
    """Mirror image i if mirrored[i], then move it by down[i] and right[i] pixels."""
    n, height, width = images.shape[:3]
    # The pixel at (y, x) comes from (y - down, x - right); beyond the edge, from the edge itself.
    source_y = np.clip(np.arange(height) - down[:, np.newaxis], 0, height - 1)
    source_x = np.clip(np.arange(width) - right[:, np.newaxis], 0, width - 1)
    source_x = np.where(mirrored[:, np.newaxis], width - 1 - source_x, source_x)
    return images[np.arange(n)[:, np.newaxis, np.newaxis], source_y[:, :, np.newaxis], source_x[:, np.newaxis, :]]


def balanced_batches(images, labels, batch_size=64, seed=0, max_shift=2, flip=True):
    """Yield training batches without end: half of each batch from each class, augmented anew each time.

    Each class is shuffled and gone through; when it is used up it is shuffled again. So images of the rarer class
    come more often. The network then learns as if both classes were equally frequent, and its probabilities are those
    of a population where they are.

    Parameters
    ----------
    images : array of numbers, shape (n, height, width) or (n, height, width, channels)
    labels : array of 0 and 1, shape (n,)
        Both classes must be there.
    batch_size : int
        Even, at least 2.
    seed : int from 0 to 2**32 - 1
        The same seed gives the same batches in the same order.
    max_shift, flip :
        As in `augment`.

    Returns
    -------
    generator of (images, labels)
        Arrays of shapes (batch_size, height, width[, channels]) and (batch_size,). For `model.fit`, which then needs
        `steps_per_epoch`.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Taught in: 04_1_image_diagnosis_lab
    """
    images = _image_array(images)
    labels, batch_size = _labels_of(images, labels), _checks.integer(batch_size, "batch_size", least=2)
    if batch_size % 2:
        raise ValueError(f"batch_size must be even, half for each class, got {batch_size}")
    classes = [np.flatnonzero(labels == 0), np.flatnonzero(labels == 1)]
    return _augmented_batches(images, labels, classes, batch_size, seed, max_shift, flip)


def _augmented_batches(images, labels, groups, batch_size, seed, max_shift, flip):
    """Check the rest of the arguments now; a generator alone would check them at its first batch."""
    _shift_within(max_shift, "max_shift", images.shape)
    flip, rng = _checks.boolean(flip, "flip"), np.random.default_rng(_checks.seed(seed))
    return _batches_of(images, labels, groups, batch_size, rng, max_shift, flip)


def _batches_of(images, labels, groups, batch_size, rng, max_shift, flip):
    def shuffled_without_end(rows):
        while True:
            yield from rng.permutation(rows)

    streams = [shuffled_without_end(rows) for rows in groups]
    while True:
        rows = [row for stream in streams for row in itertools.islice(stream, batch_size // len(groups))]
        yield augment(images[rows], max_shift, flip, rng), labels[rows]


def simulate_calcifications(n_images, seed=0):
    """Simulate pictures with five bright specks each, grouped in half of them and scattered in the other half.

    32 x 32 pixels of 1 mm: noise, and five specks of one pixel. Grouped (label 1) means that all five lie in a square
    of 10 x 10 pixels, scattered (label 0) that they lie anywhere. No two specks are nearer than four pixels along rows
    and along columns at once, so that a window of 4 x 4 pixels never holds two: seen through it, both kinds look alike.
    Nothing here was measured in a breast; the pictures pose one question, whose answer is known.

    Parameters
    ----------
    n_images : int
        At least 2; every second image is grouped.
    seed : int from 0 to 2**32 - 1

    Returns
    -------
    (array of float32, shape (n_images, 32, 32, 1); array of int64, shape (n_images,))
        Images and labels. The noise has standard deviation 0.1, a speck adds 1.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Taught in: 03_1_1_convolutional_networks
    """
    n_images = _checks.integer(n_images, "n_images", least=2)
    rng = np.random.default_rng(_checks.seed(seed))
    size, margin, group = 32, 2, 10
    images = 0.1 * rng.normal(size=(n_images, size, size, 1))
    labels = np.arange(n_images) % 2
    for image, label in zip(images, labels, strict=True):
        side = group if label else size - 2 * margin
        corner = rng.integers(margin, size - margin - side + 1, 2)
        for row, column in corner + _apart(rng, side):
            image[row, column, 0] += 1
    return images.astype(np.float32), labels


def _apart(rng, side, n_points=5, least=4):
    """Draw points on a square grid, no two of them nearer than `least` along both axes."""
    while True:
        points = []
        for point in rng.integers(0, side, (40, 2)):  # some first points leave no room for the others: then anew
            if all(np.abs(point - other).max() >= least for other in points):
                points.append(point)
            if len(points) == n_points:
                return np.array(points)


def small_cnn(input_shape, width=24, dropout=0.3, momentum=0.99):
    """Build a small convolutional network for a yes-or-no question about an image; it is not compiled.

    A 5x5 convolution of stride 2 with `width` filters, a 3x3 convolution with 2 `width`, max pooling, two 3x3
    convolutions with 4 `width`, the mean over all positions, dropout, one output. Each convolution is followed by batch
    normalisation and a ReLU. For 28 x 28 grey images and width 24 it has 136,537 parameters.

    Parameters
    ----------
    input_shape : (height, width, channels)
        Height and width of at least 4 pixels.
    width : int
        Filters of the first convolution.
    dropout : float
        Share of the features left out at random in training, at least 0 and below 1.
    momentum : float
        Of the moving averages in batch normalisation, at least 0 and below 1. In training the layer uses the mean and
        variance of each batch; predictions use these averages, which look back over about 1 / (1 - momentum) steps.
        They start at 0 and 1: a training of not many more steps needs a smaller momentum (see `train_small_cnn`).

    Returns
    -------
    keras.Model
        From (n, height, width, channels) to (n, 1): the probability of label 1. Layers to look into: "features", the
        last convolution's maps after the ReLU; "logit", the output before the sigmoid.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Source: batch normalisation: Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167; the mean over positions
    instead of dense layers: Lin et al. 2014, https://arxiv.org/abs/1312.4400

    Taught in: 04_1_image_diagnosis_lab
    """
    input_shape = _input_shape(input_shape)
    width = _checks.integer(width, "width", least=1)
    dropout = _checks.number(dropout, "dropout", least=0, below=1)
    momentum = _checks.number(momentum, "momentum", least=0, below=1)
    from keras import Input, Model, layers

    def convolution(x, filters, size, stride=1, name=None):
        # Batch normalisation subtracts the mean, and with it any bias.
        x = layers.Conv2D(filters, size, strides=stride, padding="same", use_bias=False)(x)
        return layers.ReLU(name=name)(layers.BatchNormalization(momentum=momentum)(x))

    image = Input(input_shape)
    x = convolution(image, width, 5, stride=2)
    x = convolution(x, 2 * width, 3)
    x = layers.MaxPooling2D()(x)
    x = convolution(x, 4 * width, 3)
    x = convolution(x, 4 * width, 3, name="features")
    x = layers.Dropout(dropout)(layers.GlobalAveragePooling2D()(x))
    logit = layers.Dense(1, name="logit")(x)
    return Model(image, layers.Activation("sigmoid", name="probability")(logit))


def train_small_cnn(
    images,
    labels,
    seed=0,
    epochs=12,
    batch_size=64,
    max_shift=2,
    flip=True,
    balanced=True,
    label_smoothing=0.1,
    validation_data=None,
    callbacks=(),
    width=24,
):
    """Build `small_cnn` and train it with the recipe of lab 4.1, always to the last epoch.

    AdamW with weight decay 0.01; the learning rate rises to 0.002 in the first 5 % of the steps, then falls along half
    a cosine to 0. The loss is the cross-entropy of smoothed labels: with `label_smoothing` 0.1 the targets are 0.05 and
    0.95. There is no early stopping: `validation_data` is only watched.

    The moving averages of batch normalisation look back over the last eighth of the training, at most 100 steps. With a
    fixed momentum of 0.99 they would not arrive in a training of 100 steps: the ranking of the patients would be good,
    and nearly every probability on the same side of 0.5.

    Parameters
    ----------
    images : array of floats, shape (n, height, width, channels)
        Preprocessed, as by `standardise`.
    labels : array of 0 and 1, shape (n,)
    seed : int from 0 to 2**32 - 1
        Seeds the first weights, the dropout and the batches. It also seeds Python, NumPy and Keras as a whole.
    epochs, batch_size : int
        An epoch has as many batches as it takes to go through n images once.
    max_shift, flip :
        As in `augment`; 0 and False switch augmentation off.
    balanced : bool
        Batches as in `balanced_batches`; False draws them from all images alike.
    label_smoothing : float of at least 0 and below 1
    validation_data : (images, labels), optional
        Its loss is recorded after each epoch.
    callbacks : list of keras.callbacks.Callback
        Such as `training.OneLineProgress(epochs)`.
    width : int
        Of `small_cnn`: filters of the first convolution.

    Returns
    -------
    keras.Model
        The trained model; `model.history.history` holds the loss of each epoch.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Source: AdamW: Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101; cosine decay: the same 2017,
    https://arxiv.org/abs/1608.03983; label smoothing: Szegedy et al. 2016, https://arxiv.org/abs/1512.00567

    Taught in: 04_1_image_diagnosis_lab
    """
    images, seed = _network_input(images), _checks.seed(seed)
    epochs = _checks.integer(epochs, "epochs", least=1)
    batch_size = _checks.integer(batch_size, "batch_size", least=1)
    label_smoothing = _checks.number(label_smoothing, "label_smoothing", least=0, below=1)
    if _checks.boolean(balanced, "balanced"):
        batches = balanced_batches(images, labels, batch_size, seed, max_shift, flip)
    else:
        labels = _labels_of(images, labels)
        all_rows = [np.arange(len(images))]
        batches = _augmented_batches(images, labels, all_rows, batch_size, seed, max_shift, flip)
    import keras

    keras.utils.set_random_seed(seed)
    steps_per_epoch = -(-len(images) // batch_size)  # rounded up
    steps = epochs * steps_per_epoch
    warm_up = round(0.05 * steps)
    rate = keras.optimizers.schedules.CosineDecay(0.0, steps - warm_up, warmup_target=2e-3, warmup_steps=warm_up)
    model = small_cnn(images.shape[1:], width, momentum=min(0.99, max(0.0, 1 - 8 / steps)))
    model.compile(
        optimizer=keras.optimizers.AdamW(rate if warm_up else 2e-3, weight_decay=1e-2),
        loss=keras.losses.BinaryCrossentropy(label_smoothing=label_smoothing),
    )
    model.fit(
        batches,
        steps_per_epoch=steps_per_epoch,
        epochs=epochs,
        shuffle=False,  # the batches are shuffled already
        validation_data=validation_data,
        verbose=0,
        callbacks=list(callbacks),
    )
    return model


def predict_with_views(model, images, shift=1):
    """Predict ten views of each image and return their mean probability (test-time augmentation).

    The views: the image itself and the image moved by `shift` pixels up, down, left and right, each also mirrored.
    Optional: it costs ten predictions instead of one, and what it gains is small (see benchmarks/RESULTS.md).

    Parameters
    ----------
    model : keras.Model
        From images to one probability each.
    images : array of floats, shape (n, height, width, channels)
        Preprocessed as in training.
    shift : int
        Pixels; at least 0 and smaller than height and width.

    Returns
    -------
    array of floats between 0 and 1, shape (n,)

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or the model gives more than one number for an image.

    Taught in: 04_1_image_diagnosis_lab
    """
    images = _network_input(images)
    shift = _shift_within(shift, "shift", images.shape)
    if tuple(model.output_shape) != (None, 1):
        raise ValueError(f"model must give one probability for each image, got output shape {model.output_shape}")
    moves = [(0, 0), (-shift, 0), (shift, 0), (0, -shift), (0, shift)]
    total = np.zeros(len(images))
    for (down, right), mirror in itertools.product(moves, (False, True)):
        same_for_all = [np.full(len(images), value) for value in (down, right, mirror)]
        total += model.predict(_moved(images, *same_for_all), batch_size=256, verbose=0)[:, 0]
    return total / (2 * len(moves))


def grad_cam(model, images, layer="features", output="logit", relu=True, batch_size=128):
    """Grad-CAM: where in the image are the features that raise the model's output?

    Each feature map of `layer` is weighted by the gradient of the output with respect to it, averaged over the
    positions; the weighted maps are added up. With `relu` only what raises the output is kept, as in the paper.
    The maps are as coarse as the layer (7 x 7 for images of 28 x 28) and are not enlarged here: enlarging adds no
    detail. They show where the network found its evidence, not whether that evidence is medically sound.

    Parameters
    ----------
    model : keras.Model
    images : array of floats, shape (n, height, width, channels)
        Preprocessed as in training.
    layer : str
        A layer whose output has the shape (n, h, w, features).
    output : str
        The layer to explain, of shape (n, 1): the logit, because the gradient of a probability close to 0 or 1
        vanishes.
    relu : bool
        False keeps negative values: what speaks against label 1.
    batch_size : int
        Images at a time; it changes the memory needed, not the result.

    Returns
    -------
    array of float32, shape (n, h, w)
        In units of the output. Not scaled: maps of different images can be compared.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or the model has no such layer.

    Source: Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391

    Taught in: 04_1_image_diagnosis_lab
    """
    images, relu = _network_input(images), _checks.boolean(relu, "relu")
    batch_size = _checks.integer(batch_size, "batch_size", least=1)
    feature_layer, output_layer = _layer(model, layer, "layer"), _layer(model, output, "output")
    if len(feature_layer.output.shape) != 4:
        maps = [one.name for one in model.layers if len(one.output.shape) == 4 and type(one).__name__ != "InputLayer"]
        raise ValueError(
            f"layer must give maps of shape (n, h, w, features), {layer!r} has {feature_layer.output.shape}; "
            f"these do: {', '.join(maps) or 'none'}"
        )
    if tuple(output_layer.output.shape) != (None, 1):
        raise ValueError(f"output must give one number for each image, {output!r} has {output_layer.output.shape}")
    import keras
    import tensorflow as tf

    look_inside = keras.Model(model.inputs[0], [feature_layer.output, output_layer.output])
    maps = []
    for start in range(0, len(images), batch_size):
        with tf.GradientTape() as tape:
            features, outputs = look_inside(images[start : start + batch_size], training=False)
            # The images of a batch do not touch each other, so the gradient of the sum holds the gradient of each.
            total = tf.reduce_sum(outputs)
        weights = tf.reduce_mean(tape.gradient(total, features), axis=(1, 2), keepdims=True)
        maps.append(tf.reduce_sum(weights * features, axis=-1).numpy())
    maps = np.concatenate(maps)
    return np.maximum(maps, 0) if relu else maps


def _image_array(images):
    images = _checks.array(images, "images", booleans=False)
    if images.ndim not in (3, 4):
        raise ValueError(
            f"images must have the shape (n, height, width) or (n, height, width, channels), got {images.shape}"
        )
    return images


def _network_input(images):
    images = _image_array(images)
    if images.ndim != 4:
        raise ValueError(
            f"images must have the shape (n, height, width, channels), got {images.shape}; "
            "grey images get their channel by images[..., np.newaxis]"
        )
    if images.dtype.kind != "f":
        raise TypeError(f"images must be preprocessed floats, as `standardise` returns, got dtype {images.dtype}")
    largest = np.abs(images).max()
    if largest > RAW_GREY_VALUE:
        raise ValueError(f"images must be preprocessed, as `standardise` does, got values of up to {largest:g}")
    return images


def _labels_of(images, labels):
    labels = _checks.labels(labels, both_classes=True)
    _checks.same_length(images=images, labels=labels)
    return labels


def _shift_within(shift, name, shape):
    shift = _checks.integer(shift, name, least=0)
    if shift >= min(shape[1:3]):
        raise ValueError(f"{name} must be smaller than height and width, got {shift} for images of {shape[1:3]}")
    return shift


def _input_shape(shape):
    if not isinstance(shape, tuple | list):
        raise TypeError(f"input_shape must be (height, width, channels), got {shape!r}")
    shape = tuple(_checks.integer(size, "input_shape", least=1) for size in shape)
    if len(shape) != 3 or min(shape[:2]) < 4:
        raise ValueError(f"input_shape must be (height, width, channels) of at least 4 x 4 pixels, got {shape}")
    return shape


def _layer(model, name, argument):
    names = [layer.name for layer in model.layers]
    if name not in names:
        raise ValueError(f"{argument} must be a layer of the model, got {name!r}; it has {', '.join(names)}")
    return model.get_layer(name)
