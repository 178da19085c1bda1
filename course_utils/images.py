"""Images: preprocessing, augmentation, convolutions, a small network, what it looked at, and simulated brain lesions.

Arrays of images have the shape (n, height, width) or (n, height, width, channels). Keras is imported only inside the
functions that need it, so that importing this module stays light.
"""

import itertools
import numbers
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

__all__ = [
    "SimulatedBrains",
    "augment",
    "average_pool2d",
    "balanced_batches",
    "conv2d",
    "grad_cam",
    "max_pool2d",
    "output_size",
    "predict_with_views",
    "receptive_field",
    "simulate_brain_lesions",
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
    constant = images.min(axis=pixels, keepdims=True) == images.max(axis=pixels, keepdims=True)
    deviation = np.where(constant, 1.0, images.std(axis=pixels, keepdims=True))
    centred = np.where(constant, 0.0, images - images.mean(axis=pixels, keepdims=True))
    return (centred / deviation).astype(np.float32)


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
    seed : int of at least 0, or numpy.random.Generator
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
    flip = _bool(flip, "flip")
    rng = np.random.default_rng(_seed_or_generator(seed))
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
    seed : int of at least 0
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
    images, labels = _image_array(images), _binary_labels(labels, images)
    if _positive(batch_size, "batch_size") % 2:
        raise ValueError(f"batch_size must be even, half for each class, got {batch_size}")
    classes = [np.flatnonzero(labels == 0), np.flatnonzero(labels == 1)]
    return _augmented_batches(images, labels, classes, batch_size, seed, max_shift, flip)


def _augmented_batches(images, labels, groups, batch_size, seed, max_shift, flip):
    """Check the rest of the arguments now; a generator alone would check them at its first batch."""
    _shift_within(max_shift, "max_shift", images.shape)
    _bool(flip, "flip")
    rng = np.random.default_rng(_non_negative(seed, "seed"))
    return _batches_of(images, labels, groups, batch_size, rng, max_shift, flip)


def _batches_of(images, labels, groups, batch_size, rng, max_shift, flip):
    def shuffled_without_end(rows):
        while True:
            yield from rng.permutation(rows)

    streams = [shuffled_without_end(rows) for rows in groups]
    while True:
        rows = [row for stream in streams for row in itertools.islice(stream, batch_size // len(groups))]
        yield augment(images[rows], max_shift, flip, rng), labels[rows]


def small_cnn(input_shape, width=24, dropout=0.3):
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
    width = _positive(width, "width")
    dropout = _share(dropout, "dropout")
    from keras import Input, Model, layers

    def convolution(x, filters, size, stride=1, name=None):
        # Batch normalisation subtracts the mean, and with it any bias.
        x = layers.Conv2D(filters, size, strides=stride, padding="same", use_bias=False)(x)
        return layers.ReLU(name=name)(layers.BatchNormalization()(x))

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
):
    """Build `small_cnn` and train it with the recipe of lab 4.1, always to the last epoch.

    AdamW with weight decay 0.01; the learning rate rises to 0.002 in the first 5 % of the steps, then falls along half
    a cosine to 0. The loss is the cross-entropy of smoothed labels: with `label_smoothing` 0.1 the targets are 0.05 and
    0.95. There is no early stopping: `validation_data` is only watched.

    Parameters
    ----------
    images : array of floats, shape (n, height, width, channels)
        Preprocessed, as by `standardise`.
    labels : array of 0 and 1, shape (n,)
    seed : int of at least 0
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
    images, seed = _network_input(images), _non_negative(seed, "seed")
    epochs, batch_size = _positive(epochs, "epochs"), _positive(batch_size, "batch_size")
    label_smoothing = _share(label_smoothing, "label_smoothing")
    if _bool(balanced, "balanced"):
        batches = balanced_batches(images, labels, batch_size, seed, max_shift, flip)
    else:
        labels = _binary_labels(labels, images)
        all_rows = [np.arange(len(images))]
        batches = _augmented_batches(images, labels, all_rows, batch_size, seed, max_shift, flip)
    import keras

    keras.utils.set_random_seed(seed)
    steps_per_epoch = -(-len(images) // batch_size)  # rounded up
    steps = epochs * steps_per_epoch
    warm_up = round(0.05 * steps)
    rate = keras.optimizers.schedules.CosineDecay(0.0, steps - warm_up, warmup_target=2e-3, warmup_steps=warm_up)
    model = small_cnn(images.shape[1:])
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
    images, relu = _network_input(images), _bool(relu, "relu")
    batch_size = _positive(batch_size, "batch_size")
    feature_layer, output_layer = _layer(model, layer, "layer"), _layer(model, output, "output")
    if len(feature_layer.output.shape) != 4:
        raise ValueError(
            f"layer must give maps of shape (n, h, w, features), {layer!r} has {feature_layer.output.shape}"
        )
    if tuple(output_layer.output.shape) != (None, 1):
        raise ValueError(f"output must give one number for each image, {output!r} has {output_layer.output.shape}")
    import keras
    import tensorflow as tf

    look_inside = keras.Model(model.input, [feature_layer.output, output_layer.output])
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
    images = np.asarray(images)
    if images.ndim not in (3, 4) or images.size == 0:
        raise ValueError(
            f"images must have the shape (n, height, width) or (n, height, width, channels), got {images.shape}"
        )
    if images.dtype.kind not in "iuf":
        raise TypeError(f"images must be an array of numbers, got dtype {images.dtype}")
    if not np.all(np.isfinite(images)):
        raise ValueError(f"images must be finite, got {np.sum(~np.isfinite(images))} NaN or infinite value(s)")
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


def _binary_labels(labels, images):
    labels = np.asarray(labels)
    if labels.shape != (len(images),):
        raise ValueError(f"labels must have the shape ({len(images)},), one for each image, got {labels.shape}")
    if labels.dtype.kind not in "biuf":
        raise TypeError(f"labels must be 0 or 1, got dtype {labels.dtype}")
    wrong = labels[(labels != 0) & (labels != 1)]
    if len(wrong):
        raise ValueError(f"labels must be 0 or 1, got {wrong[0]:g}")
    if labels.min() == labels.max():
        raise ValueError(f"labels must hold both classes, got only {labels[0]:g}")
    return labels.astype(int)


def _shift_within(shift, name, shape):
    shift = _non_negative(shift, name)
    if shift >= min(shape[1:3]):
        raise ValueError(f"{name} must be smaller than height and width, got {shift} for images of {shape[1:3]}")
    return shift


def _integer(value, name, least, most=None):
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if value < least or (most is not None and value > most):
        limits = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"{name} must be {limits}, got {value}")
    return int(value)


def _non_negative(value, name):
    return _integer(value, name, least=0)


def _positive(value, name):
    return _integer(value, name, least=1)


def _share(value, name):
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not 0 <= value < 1:
        raise ValueError(f"{name} must be at least 0 and below 1, got {value}")
    return float(value)


def _bool(value, name):
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def _seed_or_generator(seed):
    return seed if isinstance(seed, np.random.Generator) else _non_negative(seed, "seed")


def _input_shape(shape):
    shape = tuple(_positive(size, "input_shape") for size in shape)
    if len(shape) != 3 or min(shape[:2]) < 4:
        raise ValueError(f"input_shape must be (height, width, channels) of at least 4 x 4 pixels, got {shape}")
    return shape


def _layer(model, name, argument):
    names = [layer.name for layer in model.layers]
    if name not in names:
        raise ValueError(f"{argument} must be a layer of the model, got {name!r}; it has {', '.join(names)}")
    return model.get_layer(name)


# --- Convolution, pooling, receptive field, Hounsfield windows --------------------------------------------------------


def output_size(size, kernel_size, stride=1, padding=0, dilation=1):
    """Count the positions of a kernel along one axis: the size of a convolution's or a pooling's output.

    The kernel with its gaps spans dilation * (kernel_size - 1) + 1 pixels; a last position that would reach beyond the
    padded image is left out.

    Parameters
    ----------
    size : int
        Pixels along the axis, at least 1.
    kernel_size : int
        Weights of the kernel along the axis, at least 1.
    stride : int
        Pixels from one position to the next, at least 1.
    padding : int
        Zeros added at **each** end, at least 0.
    dilation : int
        Pixels from one weight of the kernel to the next, at least 1; 1 means without gaps.

    Returns
    -------
    int

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or the kernel does not fit into the padded image.

    Source: Dumoulin and Visin 2016, https://arxiv.org/abs/1603.07285

    Taught in: 03_1_1_convolutional_networks
    """
    size, kernel_size = _positive(size, "size"), _positive(kernel_size, "kernel_size")
    stride, dilation = _positive(stride, "stride"), _positive(dilation, "dilation")
    padding = _non_negative(padding, "padding")
    span = dilation * (kernel_size - 1) + 1
    if span > size + 2 * padding:
        raise ValueError(
            f"kernel_size {kernel_size} with dilation {dilation} spans {span} pixels, expected at most "
            f"{size + 2 * padding}, the padded size"
        )
    return (size + 2 * padding - span) // stride + 1


def conv2d(image, kernel, bias=None, stride=1, padding=0, dilation=1):
    """Compute what a convolution layer computes: the cross-correlation of an image with kernels.

    The kernels are not turned round; `scipy.signal.correlate2d` does the same on one channel, `convolve2d` does not.

    Parameters
    ----------
    image : array of numbers, shape (height, width, channels)
    kernel : array of numbers, shape (k_height, k_width, channels, filters)
        As Keras stores it.
    bias : array of numbers, shape (filters,), optional
    stride : int
        Pixels between positions, in both directions; at least 1.
    padding : int or "same"
        Zeros at each of the four edges, at least 0. "same": as many as keep height and width; then the kernel must be
        odd and the stride 1. (Keras' "same" with another stride pads one side more than the other; this function does
        not.)
    dilation : int
        Pixels between the weights of the kernel, in both directions; at least 1.

    Returns
    -------
    array of float, shape (out_height, out_width, filters)
        float32 if image, kernel and bias are all float32, otherwise float64.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, the shapes do not fit, or a value is not finite.

    Source: Dumoulin and Visin 2016, https://arxiv.org/abs/1603.07285

    Taught in: 03_1_1_convolutional_networks
    """
    image, kernel = _finite_array(image, "image", 3), _finite_array(kernel, "kernel", 4)
    if image.shape[2] != kernel.shape[2]:
        raise ValueError(
            f"kernel must have the {image.shape[2]} channels of the image on its third axis, got shape {kernel.shape}"
        )
    bias = np.zeros(kernel.shape[3], image.dtype) if bias is None else _finite_array(bias, "bias", 1)
    if bias.shape != kernel.shape[3:]:
        raise ValueError(f"bias must have the shape ({kernel.shape[3]},), one for each filter, got {bias.shape}")
    stride, dilation = _positive(stride, "stride"), _positive(dilation, "dilation")
    if isinstance(padding, str):
        pads = _same_padding(padding, kernel.shape[:2], stride, dilation)
    else:
        pads = 2 * (_non_negative(padding, "padding"),)
    out = [
        output_size(size, k, stride, pad, dilation)
        for size, k, pad in zip(image.shape[:2], kernel.shape[:2], pads, strict=True)
    ]
    single = {image.dtype, kernel.dtype, bias.dtype} == {np.dtype(np.float32)}
    image, kernel = (array.astype(np.float32 if single else np.float64, copy=False) for array in (image, kernel))
    padded = np.pad(image, ((pads[0], pads[0]), (pads[1], pads[1]), (0, 0)))
    spans = tuple(dilation * (k - 1) + 1 for k in kernel.shape[:2])
    windows = np.lib.stride_tricks.sliding_window_view(padded, spans, axis=(0, 1))
    windows = windows[::stride, ::stride, :, ::dilation, ::dilation][: out[0], : out[1]]
    return np.tensordot(windows, kernel, axes=((3, 4, 2), (0, 1, 2))) + bias


def _same_padding(padding, kernel_shape, stride, dilation):
    if padding != "same":
        raise ValueError(f"padding must be a number of pixels or 'same', got {padding!r}")
    if stride != 1:
        raise ValueError(f"padding 'same' needs stride 1, got {stride}: give the number of pixels instead")
    if any(k % 2 == 0 for k in kernel_shape):
        raise ValueError(f"padding 'same' needs a kernel with odd sides, got {kernel_shape}")
    return tuple(dilation * (k - 1) // 2 for k in kernel_shape)


def max_pool2d(image, size=2, stride=None):
    """Keep the largest value of each window, channel by channel.

    Parameters
    ----------
    image : array of numbers, shape (height, width, channels)
    size : int
        Side of the square window in pixels, at least 1.
    stride : int, optional
        Pixels from one window to the next, at least 1; without it `size`, so that the windows do not overlap. A window
        that would reach beyond the image is left out.

    Returns
    -------
    array of float, shape (out_height, out_width, channels)

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, the window does not fit, or a value is not finite.

    Taught in: 03_1_1_convolutional_networks
    """
    return _pooling_windows(image, size, stride).max(axis=(3, 4))


def average_pool2d(image, size=2, stride=None):
    """Keep the mean of each window, channel by channel. Parameters, return value and errors: see `max_pool2d`.

    Taught in: 03_1_1_convolutional_networks
    """
    return _pooling_windows(image, size, stride).mean(axis=(3, 4))


def _pooling_windows(image, size, stride):
    image = _finite_array(image, "image", 3)
    size = _positive(size, "size")
    stride = size if stride is None else _positive(stride, "stride")
    if size > min(image.shape[:2]):
        raise ValueError(f"size must not exceed height and width, got {size} for an image of {image.shape[:2]}")
    return np.lib.stride_tricks.sliding_window_view(image, (size, size), axis=(0, 1))[::stride, ::stride]


def receptive_field(layers):
    """Compute how much of the input one output of a stack of convolutions and poolings can see, along one axis.

    With the jump j (pixels of the input between two neighbouring outputs) and the receptive field r, both 1 at the
    input, each layer of kernel size k, stride s and dilation d makes r + d (k - 1) j of r, and then s j of j.

    Parameters
    ----------
    layers : sequence of (kernel_size, stride) or (kernel_size, stride, dilation)
        From the input to the output; integers of at least 1.

    Returns
    -------
    (int, int)
        Receptive field and jump, in pixels of the input.

    Raises
    ------
    ValueError, TypeError
        If a layer is not as described.

    Source: Araujo, Norris and Sim 2019, https://doi.org/10.23915/distill.00021

    Taught in: 03_1_1_convolutional_networks
    """
    field, jump = 1, 1
    for number, layer in enumerate(layers):
        if not isinstance(layer, tuple | list) or len(layer) not in (2, 3):
            raise ValueError(
                f"layers must be pairs (kernel_size, stride) or triples with the dilation, got {layer!r} at {number}"
            )
        kernel_size, stride, dilation = (*layer, 1)[:3]
        field += _positive(dilation, "dilation") * (_positive(kernel_size, "kernel_size") - 1) * jump
        jump *= _positive(stride, "stride")
    return field, jump


def window_hounsfield(values, centre, width):
    """Map Hounsfield units to grey values from 0 to 1, as a viewer does: black below the window, white above it.

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
    values = _finite_array(values, "values")
    for name, number in (("centre", centre), ("width", width)):
        if isinstance(number, bool) or not isinstance(number, numbers.Real):
            raise TypeError(f"{name} must be a number, got {number!r}")
        if not np.isfinite(number):
            raise ValueError(f"{name} must be finite, got {number}")
    if width <= 0:
        raise ValueError(f"width must be positive, got {width}")
    return np.clip((values - float(centre)) / float(width) + 0.5, 0, 1)


def _finite_array(values, name, n_axes=None):
    array = np.asarray(values)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must be an array of numbers, got dtype {array.dtype}")
    if (n_axes is not None and array.ndim != n_axes) or array.size == 0:
        axes = "" if n_axes is None else f" with {n_axes} axes"
        raise ValueError(f"{name} must be an array{axes} and not empty, got shape {array.shape}")
    if not np.all(np.isfinite(array)):
        raise ValueError(f"{name} must be finite, got {np.sum(~np.isfinite(array))} NaN or infinite value(s)")
    return array if array.dtype.kind == "f" else array.astype(np.float64)


# --- Simulated brain lesions ------------------------------------------------------------------------------------------

FIELD_OF_VIEW = 200.0  # mm, the side of every simulated image
SIZES = (32, 64, 128)  # pixels along a side
ELASTIC = 4.0  # mm, standard deviation of the local shifts
AFFINE = 0.06  # standard deviation of the entries of the affine matrix around the identity
BIAS = 0.3  # standard deviation of the logarithm of the bias field
GAMMA = 0.3  # standard deviation of the logarithm of the exponent that changes the contrast
GAIN = (0.3, 0.5)  # the range of the receiver's gain, low enough that few pixels saturate at 1
NOISE = 0.04  # standard deviation of the noise, in units of the brightest tissue
LESION_RADIUS = (13.0, 26.0)  # mm
LESION_CONTRAST = (0.55, 0.85)  # brighter or darker by this fraction of the tissue's intensity
LESION_FLATNESS = 0.55  # height of a lesion over its width
LESION_RAGGEDNESS = 0.25  # standard deviation of the logarithm of the radius along the boundary


@dataclass(frozen=True)
class SimulatedBrains:
    """What `simulate_brain_lesions` returns: one row for each slice, the slices of a patient one after the other."""

    images: np.ndarray  # [n, size, size] float32, from 0 to 1
    labels: np.ndarray  # [n] int64, the patient's label on every slice, 1 = has lesions
    masks: np.ndarray  # [n, size, size] bool, the pixels of lesions
    patients: np.ndarray  # [n] int64, from 0 to n_patients - 1
    visible: np.ndarray  # [n] bool, whether the slice shows a lesion


def simulate_brain_lesions(template, white_matter, n_patients=250, slices_per_patient=8, size=64, lesions=True, seed=0):
    """Simulate axial MRI slices of patients, half of them with lesions in white matter, from one template brain.

    Every patient is the same template, seen through a smooth random deformation in the plane (affine and elastic), a
    bias field, a change of contrast (gamma), a gain, and Rician noise. Positive patients carry one or two irregular
    lesions, each brighter or darker than the tissue around it. A lesion spans some of the slices; the others show
    nothing, though they carry the patient's label. The same seed with another `size` gives the same patients, and
    with `lesions=False` the same brains without lesions.

    Parameters
    ----------
    template : array [X, Y, Z], from 0 (air) to 1
        T1-weighted intensities, voxels of 1 mm, axial slices along the last axis, without the skull.
    white_matter : array [X, Y, Z], from 0 to 1
        Probability of white matter at each voxel.
    n_patients : int
        Even and at least 4; half are positive.
    slices_per_patient : int
        From 1 to Z. The slices are evenly spaced; where the stack begins varies between patients.
    size : int
        32, 64 or 128 pixels along each side of the 200 mm field of view.
    lesions : bool
        False: nobody has lesions, and the labels (half of them 1) are random.
    seed : int
        Not negative.

    Returns
    -------
    SimulatedBrains

    Raises
    ------
    ValueError
        If an argument is out of range, holds NaN, or the two volumes differ in shape.
    TypeError
        If a number is no integer, or `lesions` is not True or False.

    Taught in: 03_1_1_convolutional_networks
    """
    template = _as_volume(template, "template")
    white_matter = _as_volume(white_matter, "white_matter")
    if template.shape != white_matter.shape:
        raise ValueError(f"white_matter must have the shape of template, got {white_matter.shape} and {template.shape}")
    if template.shape[2] < 1 or not (white_matter > 0.5).any():
        raise ValueError("white_matter must exceed 0.5 somewhere, or there is no place for lesions")
    _integer(n_patients, "n_patients", least=4)
    if n_patients % 2:
        raise ValueError(f"n_patients must be even, so that half are positive, got {n_patients}")
    depth = template.shape[2]
    _integer(slices_per_patient, "slices_per_patient", least=1, most=depth)
    _non_negative(seed, "seed")
    if size not in SIZES:
        raise ValueError(f"size must be one of {SIZES}, got {size!r}")
    _bool(lesions, "lesions")

    # One generator for each purpose: brains stay the same whether or not lesions are drawn.
    brain_rng, lesion_rng, noise_rng = np.random.default_rng(seed).spawn(3)
    has_lesions = brain_rng.permutation(np.arange(n_patients) % 2)
    coordinates = _deformed_grids(brain_rng, n_patients, size, template.shape)
    step = max(1, (depth - 1) // (slices_per_patient + 2))  # mm between slices
    first = brain_rng.integers(0, depth - step * (slices_per_patient - 1), n_patients)
    contrast = np.exp(GAMMA * brain_rng.normal(size=n_patients))
    bias = np.exp(BIAS * _smooth_fields(brain_rng, n_patients, size))
    gain = brain_rng.uniform(*GAIN, n_patients)

    # Averaging over about one pixel first: sampling alone would turn fine detail into false patterns.
    blur = 0.4 * FIELD_OF_VIEW / size
    template = ndimage.gaussian_filter(template, (blur, blur, 0))
    white_matter = ndimage.gaussian_filter(white_matter, (blur, blur, 0))

    images = np.empty((n_patients, slices_per_patient, size, size), dtype=np.float32)
    masks = np.zeros(images.shape, dtype=bool)
    for patient in range(n_patients):
        heights = first[patient] + step * np.arange(slices_per_patient)
        signal = _sample(template, coordinates[patient], heights)
        if lesions and has_lesions[patient]:
            tissue = _sample(white_matter, coordinates[patient], heights)
            change, masks[patient] = _draw_lesions(lesion_rng, tissue, step)
            signal *= 1 + change
        signal = bias[patient] * signal ** contrast[patient]
        noise = NOISE * noise_rng.normal(size=(2, *signal.shape))
        images[patient] = np.minimum(gain[patient] * np.hypot(signal + noise[0], noise[1]), 1)

    n_images = n_patients * slices_per_patient
    masks = masks.reshape(n_images, size, size)
    return SimulatedBrains(
        images=images.reshape(n_images, size, size),
        labels=np.repeat(has_lesions, slices_per_patient).astype(np.int64),
        masks=masks,
        patients=np.repeat(np.arange(n_patients), slices_per_patient),
        visible=masks.any(axis=(1, 2)),
    )


def _as_volume(values, name):
    volume = np.asarray(values, dtype=float)
    if volume.ndim != 3 or 0 in volume.shape:
        raise ValueError(f"{name} must have the shape [X, Y, Z], got {volume.shape}")
    if not np.isfinite(volume).all():
        raise ValueError(f"{name} must be finite, got {np.count_nonzero(~np.isfinite(volume))} NaN or infinite values")
    if volume.min() < 0 or volume.max() > 1:
        raise ValueError(f"{name} must be between 0 and 1, got {volume.min():g} to {volume.max():g}")
    return volume


def _smooth_fields(rng, n_fields, size, n_waves=4):
    """Draw smooth random functions on a square, as sums of its slowest cosine waves.

    Returns an array [n_fields, size, size] with mean 0 over the square and mean square 1 over the draws. The functions
    do not depend on `size`, which only says at how many points they are looked at.
    """
    wave_numbers = np.arange(n_waves)
    amplitudes = rng.normal(size=(n_fields, n_waves, n_waves))
    amplitudes[:, 0, 0] = 0  # no constant part
    mean_square = np.where(wave_numbers == 0, 1, 0.5)  # of each wave
    amplitudes /= np.sqrt(np.outer(mean_square, mean_square).sum() - 1)
    waves = np.cos(np.pi * np.outer((np.arange(size) + 0.5) / size, wave_numbers))
    return waves @ amplitudes @ waves.T


def _deformed_grids(rng, n_patients, size, shape):
    """Say where in the template each pixel of each patient lies: an array [n_patients, 2, size, size] of voxels."""
    axis = ((np.arange(size) + 0.5) / size - 0.5) * FIELD_OF_VIEW  # mm from the centre of the image
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"))
    affine = np.eye(2) + AFFINE * rng.normal(size=(n_patients, 2, 2))
    elastic = ELASTIC * _smooth_fields(rng, 2 * n_patients, size).reshape(n_patients, 2, size, size)
    centre = (np.array(shape[:2]) - 1) / 2
    return np.einsum("pij,jkl->pikl", affine, grid) + elastic + centre[:, None, None]


def _sample(volume, coordinates, heights):
    """Look up a volume at the pixels `coordinates` [2, size, size] of the slices `heights`, between voxels linearly."""
    return np.stack(
        [ndimage.map_coordinates(volume[:, :, height], coordinates, order=1, mode="constant") for height in heights]
    )


def _draw_lesions(rng, tissue, step):
    """Draw one or two lesions into the white matter `tissue` [slices, size, size] of one patient.

    Returns the relative change of intensity and the mask, both of the shape of `tissue`.
    """
    size = tissue.shape[-1]
    pixel = FIELD_OF_VIEW / size
    change = np.zeros(tissue.shape)
    inside = np.zeros(tissue.shape, dtype=bool)
    z, x, y = np.ogrid[: tissue.shape[0], :size, :size]
    for _ in range(rng.integers(1, 3)):
        radius = rng.uniform(*LESION_RADIUS)
        contrast = rng.choice((-1, 1)) * rng.uniform(*LESION_CONTRAST)
        ragged = np.exp(LESION_RAGGEDNESS * _smooth_fields(rng, 1, size, n_waves=12)[0])
        candidates = np.argwhere(tissue > min(0.8, 0.9 * tissue.max()))
        centre = candidates[int(rng.random() * len(candidates))]
        distance = np.sqrt(
            (pixel * (x - centre[1])) ** 2
            + (pixel * (y - centre[2])) ** 2
            + (step * (z - centre[0]) / LESION_FLATNESS) ** 2
        )
        lesion = (distance < radius * ragged) & (tissue > 0.5)
        change[lesion] = contrast
        inside |= lesion
    return change, inside
