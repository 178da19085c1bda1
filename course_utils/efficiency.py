"""Efficient networks: operations counted, calls timed, weights in eight bits, and a function run on several hosts.

TensorFlow, Keras and LiteRT are imported only inside the functions that need them, so that importing this module stays
light.
"""

import inspect
import json
import math
import os
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import course_utils
from course_utils import _checks

__all__ = [
    "Latency",
    "LayerCost",
    "LiteRTModel",
    "dequantise",
    "int8_parameters",
    "latency",
    "layer_costs",
    "magnitude_masks",
    "quantise",
    "run_on_hosts",
    "to_litert",
]

# --- What a network costs on paper -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class LayerCost:
    """What one layer costs for one input, as `layer_costs` counts it."""

    name: str
    kind: str  # the class of the layer, such as "Conv2D"
    output_shape: tuple  # without the axis of the batch
    parameters: int
    macs: int  # multiply-adds
    activations: int  # numbers in the output


def layer_costs(model):
    """Count parameters, multiply-adds and outputs of each layer of a network, for one input.

    A multiply-add (MAC) is one multiplication and one addition. Counted are the products of weights with inputs:
    H_out W_out k k C_in C_out in a convolution, C_in C_out in a dense layer. Biases, activations, pooling and batch
    normalisation count nothing: they need one operation a number, and normalisation is folded into the convolution
    before it when a network is converted.

    Parameters
    ----------
    model : keras.Model or keras.Sequential
        Built, of Conv1D, Conv2D, DepthwiseConv2D, SeparableConv2D and Dense layers and of layers without products.

    Returns
    -------
    list of LayerCost
        In the order of `model.layers`.

    Raises
    ------
    TypeError
        If `model` is no Keras model.
    ValueError
        If it is not built, or holds a layer whose products are not known here: a recurrent one, one that is used twice,
        one with the channels first.

    Source: Howard et al. 2017, https://arxiv.org/abs/1704.04861, section 3.1

    Taught in: 05_1_efficient_algorithms
    """
    import keras

    if not isinstance(model, keras.Model):
        raise TypeError(f"model must be a Keras model, got {type(model).__name__}")
    if not model.built:
        raise ValueError("model must be built: give it an Input, or call it once")
    return [_layer_cost(layer) for layer in model.layers]


def _layer_cost(layer):
    from keras import layers

    products_without_weights = layers.Attention | layers.AdditiveAttention | layers.Dot
    if getattr(layer, "data_format", "channels_last") == "channels_first":
        raise ValueError(f"the layer {layer.name!r} has its channels first; they must be last to be counted here")
    if len(layer._inbound_nodes) > 1:
        raise ValueError(f"the layer {layer.name!r} is used more than once; that is not counted here")
    output_shape = tuple(layer.output.shape[1:])
    if None in output_shape:
        raise ValueError(f"the layer {layer.name!r} has an output of unknown size {output_shape}: fix the input's size")
    positions = math.prod(output_shape[:-1])
    if isinstance(layer, layers.SeparableConv2D):
        macs = positions * (layer.depthwise_kernel.shape.num_elements() + layer.pointwise_kernel.shape.num_elements())
    elif isinstance(layer, layers.Conv1D | layers.Conv2D | layers.DepthwiseConv2D | layers.Dense):
        # Every weight meets one input at each position of the output; grouped convolutions have fewer weights.
        macs = positions * math.prod(layer.kernel.shape)
    elif isinstance(layer, products_without_weights) or (
        layer.weights and not isinstance(layer, layers.BatchNormalization | layers.LayerNormalization)
    ):
        raise ValueError(f"the multiply-adds of a {type(layer).__name__} ({layer.name!r}) are not known here")
    else:
        macs = 0
    activations = math.prod(output_shape)
    return LayerCost(layer.name, type(layer).__name__, output_shape, int(layer.count_params()), int(macs), activations)


# --- What it costs on the clock --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Latency:
    """Times of one call in milliseconds, as `latency` measures them."""

    median: float
    low: float  # a quarter of the calls took less
    high: float  # a quarter took more
    cpu: float  # processor time of the cheapest call, all cores together

    def __str__(self):
        return f"{self.median:.2f} ms [{self.low:.2f}, {self.high:.2f}]"


def latency(call, repeats=30, warm_up=3):
    """Time a function: the median of many calls, after some that are not counted.

    The first calls are slower: TensorFlow traces and plans, memory is fetched. The median is not moved by the few calls
    in which the machine did something else. The cheapest processor time is the number to compare programs by; it
    counts all cores.

    Parameters
    ----------
    call : function without arguments
        It should return what it computes, as NumPy or as a finished tensor: what is only queued takes no time.
    repeats : int
        Calls that count, at least 5.
    warm_up : int
        Calls before them, at least 1.

    Returns
    -------
    Latency
        `str()` of it is the median and the quartiles.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Taught in: 05_1_efficient_algorithms
    """
    if not callable(call):
        raise TypeError(f"call must be a function without arguments, got {type(call).__name__}")
    repeats, warm_up = _checks.integer(repeats, "repeats", least=5), _checks.integer(warm_up, "warm_up", least=1)
    for _ in range(warm_up):
        call()
    wall, cpu = np.empty(repeats), np.empty(repeats)
    for i in range(repeats):
        start, start_cpu = time.perf_counter(), time.process_time()
        call()
        cpu[i], wall[i] = time.process_time() - start_cpu, time.perf_counter() - start
    low, median, high = np.quantile(1000 * wall, [0.25, 0.5, 0.75])
    return Latency(float(median), float(low), float(high), float(1000 * cpu.min()))


# --- Eight bits ------------------------------------------------------------------------------------------------------


def int8_parameters(low, high):
    """Return the step and the zero point that map the range from low to high to the 256 numbers of int8.

    The range is widened until it holds 0, which must be represented exactly: padding and ReLU give zeros. Then
    step = (high - low) / 255, and zero point = round(-128 - low / step).

    Parameters
    ----------
    low, high : float
        Smallest and largest value that is to be represented; not low > high, and not both 0.

    Returns
    -------
    (float, int)
        Scale and zero point: value is about scale * (q - zero_point).

    Raises
    ------
    ValueError, TypeError
        If an argument is no finite number, or the range is empty.

    Source: https://www.tensorflow.org/lite/performance/quantization_spec; Jacob et al. 2018,
    https://arxiv.org/abs/1712.05877

    Taught in: 05_1_efficient_algorithms
    """
    low, high = _checks.number(low, "low"), _checks.number(high, "high")
    if low > high:
        raise ValueError(f"low must not be above high, got {low:g} and {high:g}")
    low, high = min(low, 0.0), max(high, 0.0)
    scale = high / 255 - low / 255
    if not scale > 0 or not math.isfinite(scale):
        raise ValueError(f"the range from low to high must hold more than 0 and be finite, got {low:g} to {high:g}")
    return scale, int(np.clip(round(-128 - low / scale), -128, 127))


def quantise(values, scale, zero_point=0):
    """Round numbers to int8: q = round(value / scale) + zero_point, held within -128 and 127.

    Halves are rounded to the even neighbour, as NumPy does; kernels of LiteRT may round them away from 0.

    Parameters
    ----------
    values : array of finite numbers
    scale : number, or array that broadcasts against `values`
        The step, positive; one for each channel where it is an array.
    zero_point : whole number from -128 to 127
        The whole number that stands for 0.

    Returns
    -------
    array of int8, same shape

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Source: https://www.tensorflow.org/lite/performance/quantization_spec

    Taught in: 05_1_efficient_algorithms
    """
    values = _checks.array(values, "values", booleans=False).astype(float)
    scale = _scale_for(values, scale)
    zero_point = _checks.integer(zero_point, "zero_point", least=-128, most=127)
    with np.errstate(over="ignore"):  # a huge value over a tiny step is held at the end of the range all the same
        return np.clip(np.rint(values / scale) + zero_point, -128, 127).astype(np.int8)


def dequantise(q, scale, zero_point=0):
    """Return what int8 numbers stand for: scale * (q - zero_point).

    Parameters
    ----------
    q : array of whole numbers from -128 to 127
    scale : number, or array that broadcasts against `q`
        The step, as in `quantise`.
    zero_point : whole number from -128 to 127
        What stands for 0.

    Returns
    -------
    array of float64, same shape

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Source: https://www.tensorflow.org/lite/performance/quantization_spec

    Taught in: 05_1_efficient_algorithms
    """
    q = _checks.array(q, "q", booleans=False)
    if (q != np.rint(q)).any() or q.size and (q.min() < -128 or q.max() > 127):
        raise ValueError("q must hold whole numbers from -128 to 127")
    scale = _scale_for(q, scale)
    return scale * (q.astype(float) - _checks.integer(zero_point, "zero_point", least=-128, most=127))


def _scale_for(values, scale):
    scale = _checks.array(scale, "scale", booleans=False).astype(float)
    if not (scale > 0).all():
        raise ValueError(f"scale must be positive, got {scale.min():g}")
    try:
        fits = np.broadcast_shapes(values.shape, scale.shape) == values.shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"scale of shape {scale.shape} does not fit values of shape {values.shape}")
    return scale


def to_litert(model, precision="float32", samples=None):
    """Convert a Keras model to a LiteRT file, the form in which networks run on phones and small devices.

    Parameters
    ----------
    model : keras.Model
        Built, with one input.
    precision : "float32", "float16", "dynamic" or "int8"
        float16: weights of half the size, computed in float32. dynamic: weights in int8, what flows between layers in
        floats whose range is found at each call. int8: weights and what flows between layers in int8; input and output
        stay float32.
    samples : array, shape (n, ...)
        Needed for "int8" alone: real inputs, from which the range of what flows between layers is learned.

    Returns
    -------
    bytes
        The file. `LiteRTModel` runs it.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Taught in: 05_1_efficient_algorithms
    """
    precision = _checks.choice(precision, "precision", ("float32", "float16", "dynamic", "int8"))
    import keras

    if not isinstance(model, keras.Model):
        raise TypeError(f"model must be a Keras model, got {type(model).__name__}")
    if not model.built:
        raise ValueError("model must be built: give it an Input, or call it once")
    if (precision == "int8") == (samples is None):
        raise ValueError("samples are needed for precision 'int8', and for no other")
    shape = tuple(model.input_shape)[1:]
    if precision == "int8":
        samples = _checks.array(samples, "samples", booleans=False).astype(np.float32)
        if samples.shape[1:] != shape or not len(samples):
            raise ValueError(f"samples must have shape (n, {', '.join(map(str, shape))}), got {samples.shape}")
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec((1, *shape), "float32")])
    def predict_one(inputs):
        return model(inputs, training=False)

    with course_utils._native_stderr_silenced(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Statistics for quantized inputs")  # they are not needed with samples
        # The record alone. `model.export(format="litert")` first writes a SavedModel: the same file, in five times the
        # time. A test compares the two.
        record = predict_one.get_concrete_function()
        converter = tf.lite.TFLiteConverter.from_concrete_functions([record], record)
        if precision != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if precision == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if precision == "int8":
            converter.representative_dataset = lambda: ([row[np.newaxis]] for row in samples)
        return bytes(converter.convert())


class LiteRTModel:
    """A LiteRT file, ready to run on one input at a time.

    Parameters
    ----------
    content : bytes
        The file, as `to_litert` returns it.
    threads : int
        How many cores may be used.

    Raises
    ------
    ValueError, TypeError
        If `content` is no LiteRT file or `threads` is below 1.

    Taught in: 05_1_efficient_algorithms
    """

    def __init__(self, content, threads=1):
        if not isinstance(content, bytes | bytearray):
            raise TypeError(f"content must be the bytes of a LiteRT file, got {type(content).__name__}")
        threads = _checks.integer(threads, "threads", least=1)
        if bytes(content[4:8]) != b"TFL3":
            raise ValueError("content is no LiteRT file: its mark TFL3 is missing")
        from ai_edge_litert.interpreter import Interpreter

        with course_utils._native_stderr_silenced():  # it announces its helper for fast kernels
            self._interpreter = Interpreter(model_content=bytes(content), num_threads=threads)
            self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]
        self.input_shape = tuple(int(size) for size in self._input["shape"])

    def __call__(self, one):
        """Return the output for one input of the shape `input_shape` (its first axis is 1)."""
        self._interpreter.set_tensor(self._input["index"], np.asarray(one, self._input["dtype"]))
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output["index"])

    def predict(self, inputs):
        """Return the outputs for many inputs, one after the other, in one array."""
        inputs = _checks.array(inputs, "inputs", booleans=False)
        if inputs.shape[1:] != self.input_shape[1:] or not len(inputs):
            raise ValueError(f"inputs must have shape (n, *{self.input_shape[1:]}), got {inputs.shape}")
        return np.concatenate([self(row[np.newaxis]) for row in inputs])

    def tensors(self):
        """Return the tensors of the file that hold values or a scale: (name, shape, scales, zero_points, values).

        `values` is None for what is computed; scales and zero points are arrays, empty where the tensor is float.
        """
        found = []
        for detail in self._interpreter.get_tensor_details():
            quantisation = detail["quantization_parameters"]
            try:
                values = self._interpreter.get_tensor(detail["index"])
            except ValueError:  # an intermediate result
                values = None
            entry = (
                detail["name"],
                tuple(detail["shape"]),
                quantisation["scales"],
                quantisation["zero_points"],
                values,
            )
            found.append(entry)
        return found


# --- Pruning ---------------------------------------------------------------------------------------------------------


def magnitude_masks(weights, share):
    """Mark the weights that stay when the smallest are set to 0: one threshold for all arrays of two or more axes.

    Parameters
    ----------
    weights : list of arrays
        As `model.get_weights()` returns them. Arrays of one axis (biases, batch normalisation) stay whole.
    share : float from 0 to 1
        Share of the weights in arrays of two or more axes that become 0; at least one stays.

    Returns
    -------
    list of arrays of bool, of the shapes of `weights`
        True where the weight stays. Of equal magnitudes those stay that come later.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or no array has two axes.

    Source: Han et al. 2015, https://arxiv.org/abs/1506.02626

    Taught in: 05_1_efficient_algorithms
    """
    weights = [_checks.array(values, "weights", booleans=False) for values in _checks.listed(weights, "weights")]
    share = _checks.number(share, "share", least=0, below=1)
    kernels = [values for values in weights if values.ndim > 1]
    if not kernels:
        raise ValueError("weights must hold an array of two axes or more: there is nothing to prune")
    sizes = np.abs(np.concatenate([values.ravel() for values in kernels]))
    stays = np.ones(len(sizes), dtype=bool)
    stays[np.argsort(sizes, kind="stable")[: min(round(share * len(sizes)), len(sizes) - 1)]] = False
    masks, place = [], 0
    for values in weights:
        if values.ndim > 1:
            masks.append(stays[place : place + values.size].reshape(values.shape))
            place += values.size
        else:
            masks.append(np.ones(values.shape, dtype=bool))
    return masks


# --- Several hosts ---------------------------------------------------------------------------------------------------

GRACE = 10.0  # seconds that the other hosts get after one has failed


def run_on_hosts(function, n_hosts=2, timeout=120, arrays=None, helpers=()):
    """Run a function in several new processes that reach each other through TensorFlow's own collectives.

    Each process stands for one host: it has a Python of its own and knows of the others by the variable TF_CONFIG, as
    TensorFlow asks. All of them run on this machine and meet at its loopback address.

    **TensorFlow's server listens on all addresses of the machine, without a password**, whatever TF_CONFIG says: run
    this in a closed network only. The processes end with the function, with the time-out, and with this process.

    Parameters
    ----------
    function : function(rank, n_hosts, **arrays)
        Written with `def`, and complete in itself: its source is sent. It finds `keras`, `layers`, `np` and `tf`, and
        imports what else it uses. `rank` counts from 0. It returns a dict of numbers and arrays.
    n_hosts : int
        From 1 to 8.
    timeout : float
        Seconds after which all processes are ended.
    arrays : dict of arrays, optional
        Handed to the function on every host, by name.
    helpers : sequence of functions
        Further functions that it calls; their source is sent too.

    Returns
    -------
    list of dict
        What the function returned on each host, in the order of the ranks, as arrays.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.
    RuntimeError
        If the function failed on a host; the message holds its last words.
    TimeoutError
        If the hosts did not end in time.

    Source: https://www.tensorflow.org/guide/distributed_training; the server: TensorFlow's SECURITY.md,
    https://github.com/tensorflow/tensorflow/blob/master/SECURITY.md

    Taught in: 05_1_efficient_algorithms
    """
    source = "\n\n".join(_source_of(each) for each in (*_checks.listed(helpers, "helpers"), function))
    n_hosts = _checks.integer(n_hosts, "n_hosts", least=1, most=8)
    timeout = _checks.number(timeout, "timeout", above=0)
    arrays = _named_arrays({} if arrays is None else arrays)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "function.py").write_text(source, encoding="utf-8")
        np.savez(folder / "arrays.npz", **arrays)
        addresses = [f"127.0.0.1:{port}" for port in _free_ports(n_hosts)]
        hosts = []
        try:
            for rank in range(n_hosts):
                hosts.append(_start_host(folder, function.__name__, rank, addresses, timeout))
            _wait_for(hosts, folder, timeout)
            return [_read_result(folder, rank) for rank in range(n_hosts)]
        finally:
            _end(hosts)


def _source_of(function):
    if not inspect.isfunction(function) or function.__name__ == "<lambda>":
        raise TypeError(f"function must be written with def, got {type(function).__name__}")
    if function.__closure__:
        names = ", ".join(function.__code__.co_freevars)
        raise ValueError(f"function must be complete in itself, but takes {names} from the function around it")
    try:
        return textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        raise ValueError("the source of function cannot be read: define it in a file or in a cell") from None


def _named_arrays(arrays):
    if not isinstance(arrays, dict) or not all(isinstance(name, str) and name.isidentifier() for name in arrays):
        raise TypeError("arrays must be a dict from names to arrays")
    return {name: _checks.array(values, f"arrays[{name!r}]") for name, values in arrays.items()}


def _free_ports(count):
    holders = [socket.socket() for _ in range(count)]
    try:
        for holder in holders:
            holder.bind(("127.0.0.1", 0))
        return [holder.getsockname()[1] for holder in holders]
    finally:
        for holder in holders:
            holder.close()


def _start_host(folder, name, rank, addresses, timeout):
    from course_utils import machine

    environment = machine.environment()
    for proxy in ("http_proxy", "https_proxy", "all_proxy"):  # nothing here leaves the machine
        environment.pop(proxy, None)
        environment.pop(proxy.upper(), None)
    environment["TF_CONFIG"] = json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": rank}})
    environment["TF_NUM_INTRAOP_THREADS"] = str(max(1, (os.cpu_count() or 1) // len(addresses)))
    command = [
        sys.executable,
        "-m",
        "course_utils._host",
        str(folder),
        name,
        str(rank),
        str(len(addresses)),
        str(timeout),
    ]
    quiet = subprocess.DEVNULL
    # The host ends when its standard input does: also when this process is killed and cannot say goodbye.
    return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet)


def _wait_for(hosts, folder, timeout):
    end = time.monotonic() + timeout
    while any(host.poll() is None for host in hosts):
        if any(host.poll() not in (None, 0) for host in hosts):
            end = min(end, time.monotonic() + GRACE)
            if all(_last_words(folder, rank) for rank, host in enumerate(hosts) if host.poll() not in (None, 0)):
                break
        if time.monotonic() > end:
            break
        time.sleep(0.05)
    failed = [rank for rank, host in enumerate(hosts) if host.poll() not in (None, 0)]
    if failed:
        words = _last_words(folder, failed[0]) or f"exit code {hosts[failed[0]].poll()}"
        raise RuntimeError(f"the function failed on host {failed[0]}: {words}")
    if any(host.poll() is None for host in hosts):
        raise TimeoutError(f"the hosts did not end within {timeout:g} seconds")


def _last_words(folder, rank):
    path = folder / f"error{rank}.txt"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _read_result(folder, rank):
    try:
        with np.load(folder / f"result{rank}.npz", allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise RuntimeError(f"host {rank} left no result: {error}") from None


def _end(hosts):
    for host in hosts:
        if host.poll() is None:
            host.kill()
    for host in hosts:
        host.stdin.close()
        host.wait()
