"""Which part of an input a model's output depends on: attribution maps of images, Shapley values, and their scores.

Grad-CAM is `images.grad_cam`: it is not written again here. An attribution says what the output depends on; it does not
say that the model is right, nor that what it uses is the disease.
"""

import math

import numpy as np
from scipy import ndimage

from course_utils import _checks

__all__ = [
    "integrated_gradients",
    "kernel_shap",
    "mass_inside",
    "occlusion",
    "pointing_game",
    "saliency",
    "shapley_values",
]

BATCH = 128  # images at a time; it changes the memory needed, not the result
ROWS = 100_000  # rows of a table that `predict` gets at once
MOST_FEATURES = 12  # 4,096 coalitions

# ---------------------------------------------------------------------------------------------------------------------
# Images
# ---------------------------------------------------------------------------------------------------------------------


def saliency(model, images):
    """How much the logit changes with each pixel: the absolute value of its gradient.

    Parameters
    ----------
    model : keras.Model
        From images (n, height, width, channels) to (n, 1). Its last layer is Dense or Activation, with a sigmoid, whose
        input, the logit, is then explained, or without one.
    images : array of finite numbers, shape (n, height, width, channels)
        Preprocessed as in training.

    Returns
    -------
    array of float64, shape (n, height, width)
        Never negative; the largest of the channels. In units of the logit per unit of the pixel.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Source: Simonyan et al. 2014, https://arxiv.org/abs/1312.6034

    Taught in: 05_5_explainability
    """
    images = _image_array(images)
    return np.abs(_gradients(_Logit(model, images), images)).max(axis=-1)


def integrated_gradients(model, images, baseline, *, steps=64):
    """Share out the difference between the logits of an image and of a baseline over the pixels.

    On the straight line from the baseline to the image the gradient is averaged, at the middle of each of `steps` equal
    parts, and multiplied by the way that the pixel goes. Completeness: the sum over the pixels is the logit of the
    image minus that of the baseline, up to the error of the steps.

    Parameters
    ----------
    model : keras.Model
        As in `saliency`.
    images : array of finite numbers, shape (n, height, width, channels)
        Preprocessed as in training.
    baseline : array of finite numbers, the shape of `images`; or a number
        What stands for "nothing there": a blurred copy of each image, or one value for all pixels.
    steps : int
        At least 1.

    Returns
    -------
    array of float64, shape (n, height, width)
        Positive where the difference from the baseline raises the logit; summed over the channels.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Source: Sundararajan et al. 2017, https://arxiv.org/abs/1703.01365

    Taught in: 05_5_explainability
    """
    images = _image_array(images)
    baseline, steps = _baseline_of(images, baseline), _checks.integer(steps, "steps", least=1)
    logit, way = _Logit(model, images), images - baseline
    total = np.zeros(images.shape)
    for step in range(steps):
        total += _gradients(logit, baseline + (step + 0.5) / steps * way)
    return (way * total / steps).sum(axis=-1)


def occlusion(model, images, *, size, stride, baseline):
    """How far the logit falls when a window of the image is covered with the baseline.

    The window moves in steps of `stride`; the last one of a row or column ends at the border, so that every pixel is
    covered. A pixel gets the mean fall over the windows that cover it.

    Parameters
    ----------
    model : keras.Model
        As in `saliency`.
    images : array of finite numbers, shape (n, height, width, channels)
        Preprocessed as in training.
    size : int
        Pixels along each side of the window, from 1 to the shorter side of the images.
    stride : int
        Pixels from one window to the next, from 1 to `size`.
    baseline : array of finite numbers, the shape of `images`; or a number
        With what the window is covered: a blurred copy of each image, or one value for all pixels.

    Returns
    -------
    array of float64, shape (n, height, width)
        Positive where covering lowers the logit.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Source: Zeiler and Fergus 2014, https://arxiv.org/abs/1311.2901

    Taught in: 05_5_explainability
    """
    images = _image_array(images)
    height, width = images.shape[1:3]
    size = _checks.integer(size, "size", least=1, most=min(height, width))
    stride = _checks.integer(stride, "stride", least=1, most=size)
    baseline, logit = _baseline_of(images, baseline), _Logit(model, images)
    before = logit.of(images)
    total, windows = np.zeros(images.shape[:3]), np.zeros((height, width))
    for top in _window_starts(height, size, stride):
        for left in _window_starts(width, size, stride):
            window = slice(top, top + size), slice(left, left + size)
            covered = images.copy()
            covered[:, *window] = baseline[:, *window]
            total[:, *window] += (before - logit.of(covered))[:, np.newaxis, np.newaxis]
            windows[window] += 1
    return total / windows


class _Logit:
    """A model without its last sigmoid."""

    def __init__(self, model, images):
        import keras

        if not isinstance(model, keras.Model):
            raise TypeError(f"model must be a Keras model, got {type(model).__name__}")
        if len(getattr(model, "inputs", None) or ()) != 1 or tuple(model.output_shape) != (None, 1):
            shape = getattr(model, "output_shape", "unknown") if getattr(model, "inputs", None) else "unknown"
            raise ValueError(f"model must give one number for each image, from one input; its output shape is {shape}")
        if not _fits(model.input_shape, images.shape):
            raise ValueError(f"images must have the shape that model takes, {model.input_shape}, got {images.shape}")
        last = model.layers[-1]
        ends = {keras.activations.sigmoid: "sigmoid", keras.activations.linear: "linear"}
        end = ends.get(getattr(last, "activation", None))
        if end is None or not isinstance(last, keras.layers.Dense | keras.layers.Activation):
            raise ValueError(
                "model must end in a Dense or Activation layer with a sigmoid or without activation, "
                f"got {type(last).__name__} {last.name!r}"
            )
        self._dense = last if end == "sigmoid" and isinstance(last, keras.layers.Dense) else None
        self._inside = model if end == "linear" else keras.Model(model.inputs[0], last.input)

    def __call__(self, batch):
        """Return the logits of a tensor of images, shape (n,)."""
        import tensorflow as tf

        x = self._inside(batch, training=False)
        if self._dense is not None:
            x = tf.matmul(x, self._dense.kernel)
            x = x if self._dense.bias is None else x + self._dense.bias
        return x[:, 0]

    def of(self, images):
        """Return the logits of an array of images, as float64."""
        parts = [self(part.astype(np.float32)).numpy() for part in _batches(images)]
        return np.concatenate(parts).astype(float)


def _gradients(logit, images):
    """Return the gradient of each image's logit with respect to its pixels, in the shape of `images`."""
    import tensorflow as tf

    parts = []
    for part in _batches(images):
        pixels = tf.constant(part.astype(np.float32))
        with tf.GradientTape() as tape:
            tape.watch(pixels)
            # The images of a batch do not touch each other, so the gradient of the sum holds the gradient of each.
            total = tf.reduce_sum(logit(pixels))
        parts.append(tape.gradient(total, pixels).numpy())
    return np.concatenate(parts).astype(float)


def _batches(images):
    return (images[start : start + BATCH] for start in range(0, len(images), BATCH))


def _window_starts(length, size, stride):
    starts = list(range(0, length - size + 1, stride))
    return starts if starts[-1] == length - size else [*starts, length - size]


def _fits(expected, shape):
    return len(expected) == len(shape) and all(e in (None, s) for e, s in zip(expected, shape, strict=True))


def _image_array(images):
    images = _checks.array(images, "images", booleans=False)
    if images.ndim != 4:
        raise ValueError(
            f"images must have the shape (n, height, width, channels), got {images.shape}; "
            "grey images get their channel by images[..., np.newaxis]"
        )
    return images.astype(float)


def _baseline_of(images, baseline):
    baseline = _checks.array(baseline, "baseline", booleans=False)
    if baseline.ndim and baseline.shape != images.shape:
        raise ValueError(f"baseline must be a number or have the shape of images, {images.shape}, got {baseline.shape}")
    return np.broadcast_to(baseline.astype(float), images.shape)


# ---------------------------------------------------------------------------------------------------------------------
# Tables
# ---------------------------------------------------------------------------------------------------------------------


def shapley_values(predict, features, background):
    """Share out the difference between each prediction and the mean prediction over the features, exactly.

    The value v(S) of a coalition S of features is the mean prediction over the background rows when the features in S
    are those of the patient and the others those of the background row. The Shapley value of a feature is what v gains
    when the feature joins, on average over all orders in which the features may join. All 2^d coalitions are looked at.

    Features are exchanged as if they were independent: where they are not, v asks the model about patients who do not
    exist.

    Parameters
    ----------
    predict : function
        From an array (m, d) to m numbers, such as probabilities or logits.
    features : array of finite numbers, shape (n, d)
        The patients to explain, d at most 12.
    background : array of finite numbers, shape (b, d)
        With whom they are compared.

    Returns
    -------
    array of float64, shape (n, d)
        In units of the prediction. A row's sum is its prediction minus the mean prediction of the background.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Source: Lundberg and Lee 2017, https://arxiv.org/abs/1705.07874

    Taught in: 05_5_explainability
    """
    predict, features, background = _explained(predict, features, background)
    d = features.shape[1]
    if d > MOST_FEATURES:
        raise ValueError(
            f"features must have at most {MOST_FEATURES} columns, because all 2^d coalitions are tried, got {d}: "
            "use `kernel_shap`"
        )
    coalitions = _all_coalitions(d)
    sizes = coalitions.sum(axis=1)
    # The share of the orders in which exactly this coalition stands before a feature that joins it.
    before = np.array([1 / (d * math.comb(d - 1, size)) if size < d else 0.0 for size in sizes])
    with_it = np.array([1 / (d * math.comb(d - 1, size - 1)) if size else 0.0 for size in sizes])
    weights = np.where(coalitions, with_it[:, np.newaxis], -before[:, np.newaxis])  # [2^d, d]
    return np.array([_coalition_values(predict, row, background, coalitions) @ weights for row in features])


def kernel_shap(predict, features, background, *, n_coalitions, seed):
    """Estimate Shapley values from some of the coalitions, by weighted least squares (KernelSHAP).

    The Shapley values are the additive model v(S) = v(nobody) + sum of the values of the features in S that comes
    nearest to all v(S), if a coalition of s of the d features has the weight (d - 1) / (C(d, s) s (d - s)) and the sum
    over all features is exact. Here coalitions are drawn with probabilities in proportion to these weights, each
    together with the coalition of the features left out, the same ones for every patient. From 2^d - 2 coalitions on,
    each is taken once with its weight, and the values are exact.

    Parameters
    ----------
    predict : function
        As in `shapley_values`.
    features : array of finite numbers, shape (n, d)
        The patients to explain.
    background : array of finite numbers, shape (b, d)
        With whom they are compared.
    n_coalitions : int
        How many coalitions to draw, at least 4 d (or all of them); an odd number is raised by one.
    seed : int from 0 to 2**32 - 1, or numpy.random.Generator

    Returns
    -------
    array of float64, shape (n, d)
        As `shapley_values`; the sum of a row is exact for any number of coalitions.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or the coalitions drawn do not determine the values.

    Source: Lundberg and Lee 2017, https://arxiv.org/abs/1705.07874

    Taught in: 05_5_explainability
    """
    predict, features, background = _explained(predict, features, background)
    d = features.shape[1]
    n_coalitions = _checks.integer(n_coalitions, "n_coalitions", least=max(1, min(4 * d, 2**d - 2)))
    coalitions, weights = _weighted_coalitions(d, n_coalitions, _checks.generator(seed))
    ends = np.array([np.zeros(d), np.ones(d)], dtype=bool)
    # With the sum of all values known, the last one follows from the others: d - 1 unknowns, no constraint.
    last = coalitions[:, -1].astype(float)
    known = np.sqrt(weights)[:, np.newaxis] * (coalitions[:, :-1] - last[:, np.newaxis])
    if np.linalg.matrix_rank(known) < d - 1:
        raise ValueError(f"n_coalitions {n_coalitions} left values undetermined: draw more, or use another seed")
    values = []
    for row in features:
        v = _coalition_values(predict, row, background, np.vstack([ends, coalitions]))
        total, gains = v[1] - v[0], v[2:] - v[0]
        first = np.linalg.lstsq(known, np.sqrt(weights) * (gains - last * total), rcond=None)[0]
        values.append(np.append(first, total - first.sum()))
    return np.array(values)


def _weighted_coalitions(d, n_coalitions, rng):
    """Return coalitions that are neither empty nor whole, [m, d], and how much each counts."""
    sizes = np.arange(1, d)
    of_size = (d - 1) / (sizes * (d - sizes))  # all coalitions of this size together
    if n_coalitions >= 2**d - 2:
        coalitions = _all_coalitions(d)[1:-1]
        each = of_size / [math.comb(d, size) for size in sizes]
        return coalitions, each[coalitions.sum(axis=1) - 1]
    n_pairs = (n_coalitions + 1) // 2
    drawn = rng.choice(sizes, size=n_pairs, p=of_size / of_size.sum())
    inside = rng.random((n_pairs, d)).argsort(axis=1) < drawn[:, np.newaxis]
    coalitions, counts = np.unique(np.vstack([inside, ~inside]), axis=0, return_counts=True)
    return coalitions, counts.astype(float)


def _explained(predict, features, background):
    if not callable(predict):
        raise TypeError(f"predict must be a function from rows to numbers, got {type(predict).__name__}")
    features = _checks.array(features, "features", axes=2).astype(float)
    background = _checks.array(background, "background", axes=2).astype(float)
    if background.shape[1] != features.shape[1]:
        raise ValueError(
            f"background must have the columns of features, {features.shape[1]}, got shape {background.shape}"
        )

    def checked(rows):
        predictions = _checks.array(predict(rows), "what predict returns", axes=1)
        if len(predictions) != len(rows):
            raise ValueError(f"predict must return one number a row, {len(rows)}, got {len(predictions)}")
        return predictions.astype(float)

    return checked, features, background


def _all_coalitions(d):
    """Return all subsets of d features as an array [2^d, d] of True and False, the empty one first."""
    return (np.arange(2**d)[:, np.newaxis] >> np.arange(d) & 1).astype(bool)


def _coalition_values(predict, row, background, coalitions):
    """Return v(S) of one patient for each coalition S, as `shapley_values` defines it."""
    values, at_once = [], max(1, ROWS // len(background))
    for start in range(0, len(coalitions), at_once):
        part = coalitions[start : start + at_once, np.newaxis]
        mixed = np.where(part, row, background)  # [coalitions, background rows, d]
        predictions = predict(mixed.reshape(-1, len(row)))
        values.append(predictions.reshape(len(part), -1).mean(axis=1))
    return np.concatenate(values)


# ---------------------------------------------------------------------------------------------------------------------
# Scores against a known truth
# ---------------------------------------------------------------------------------------------------------------------


def pointing_game(maps, masks, *, within=0):
    """Say for each map whether its largest value lies in the mask, or near it.

    Parameters
    ----------
    maps : array of finite numbers, shape (n, height, width)
        Attributions. A map that is coarser than the mask must be enlarged first.
    masks : array of True and False, shape (n, height, width)
        Where the finding is; at least one pixel in each.
    within : float of at least 0
        How far from the mask, in pixels between centres, still counts.

    Returns
    -------
    array of bool, shape (n,)
        Where several pixels share the largest value, more than half of them must lie there.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Source: Zhang et al. 2016, https://arxiv.org/abs/1608.00507

    Taught in: 05_5_explainability
    """
    maps, masks = _maps_and_masks(maps, masks)
    within = _checks.number(within, "within", least=0)
    near = np.array([ndimage.distance_transform_edt(~mask) <= within for mask in masks])
    largest = maps == maps.max(axis=(1, 2), keepdims=True)
    return (largest & near).sum(axis=(1, 2)) > (largest & ~near).sum(axis=(1, 2))


def mass_inside(maps, masks):
    """Return the share of each map's positive attribution that lies inside the mask.

    Compare it with the share of the image that the mask covers, `masks.mean(axis=(1, 2))`: what a map without
    information has on average.

    Parameters
    ----------
    maps : array of finite numbers, shape (n, height, width)
        Attributions; negative values count as 0.
    masks : array of True and False, shape (n, height, width)
        Where the finding is; at least one pixel in each.

    Returns
    -------
    array of float64, shape (n,)
        From 0 to 1; 0 for a map without a positive value.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Taught in: 05_5_explainability
    """
    maps, masks = _maps_and_masks(maps, masks)
    positive = np.maximum(maps, 0)
    largest = positive.max(axis=(1, 2), keepdims=True)
    positive = positive / np.where(largest > 0, largest, 1)  # sums of huge numbers would be infinite
    total = positive.sum(axis=(1, 2))
    return (positive * masks).sum(axis=(1, 2)) / np.where(total > 0, total, 1)


def _maps_and_masks(maps, masks):
    maps = _checks.array(maps, "maps", axes=3, booleans=False).astype(float)
    masks = _checks.array(masks, "masks", axes=3)
    if masks.shape != maps.shape:
        raise ValueError(
            f"masks must have the shape of maps, {maps.shape}, got {masks.shape}: enlarge a coarse map first"
        )
    if not np.isin(masks, (0, 1)).all():
        raise ValueError("masks must be True or False (or 1 or 0) at every pixel")
    masks = masks.astype(bool)
    empty = np.flatnonzero(~masks.any(axis=(1, 2)))
    if len(empty):
        raise ValueError(f"masks must mark at least one pixel each, got none in row {empty[0]}")
    return maps, masks
