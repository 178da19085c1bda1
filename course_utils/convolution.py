"""Convolution, pooling and the receptive field: what the layers of a convolutional network compute.

One image has the shape (height, width, channels), the kernels of a layer (k_height, k_width, channels, filters).
"""

import numpy as np

from course_utils import _checks

__all__ = ["average_pool2d", "conv2d", "max_pool2d", "output_size", "receptive_field"]


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
    padding = _checks.integer(padding, "padding", least=0)
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
    image, kernel = _floats(image, "image", 3), _floats(kernel, "kernel", 4)
    if image.shape[2] != kernel.shape[2]:
        raise ValueError(
            f"kernel must have the {image.shape[2]} channels of the image on its third axis, got shape {kernel.shape}"
        )
    bias = np.zeros(kernel.shape[3], image.dtype) if bias is None else _floats(bias, "bias", 1)
    if bias.shape != kernel.shape[3:]:
        raise ValueError(f"bias must have the shape ({kernel.shape[3]},), one for each filter, got {bias.shape}")
    stride, dilation = _positive(stride, "stride"), _positive(dilation, "dilation")
    if isinstance(padding, str):
        pads = _same_padding(padding, kernel.shape[:2], stride, dilation)
    else:
        pads = 2 * (_checks.integer(padding, "padding", least=0),)
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
    image = _floats(image, "image", 3)
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
    layers : sequence of (kernel_size, stride) or (kernel_size, stride, dilation), or an array with such rows
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
        layer = tuple(layer) if isinstance(layer, np.ndarray) and layer.ndim == 1 else layer
        if not isinstance(layer, tuple | list) or len(layer) not in (2, 3):
            raise ValueError(
                f"layers must be pairs (kernel_size, stride) or triples with the dilation, got {layer!r} at {number}"
            )
        kernel_size, stride, dilation = (*layer, 1)[:3]
        field += _positive(dilation, "dilation") * (_positive(kernel_size, "kernel_size") - 1) * jump
        jump *= _positive(stride, "stride")
    return field, jump


def _positive(value, name):
    return _checks.integer(value, name, least=1)


def _floats(values, name, axes):
    values = _checks.array(values, name, axes=axes, booleans=False)
    return values if values.dtype.kind == "f" else values.astype(np.float64)
