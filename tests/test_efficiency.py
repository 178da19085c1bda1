"""Operations counted, calls timed, eight bits against LiteRT, masks, and functions on several hosts."""

import os
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as numbers

from course_utils import efficiency, images, machine

# --- multiply-adds ---------------------------------------------------------------------------------------------------


def floating_point_operations(model):
    """What TensorFlow's own profiler counts: two for each multiply-add, and one for each bias."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    shape = (1, *model.input_shape[1:])
    graph = convert_variables_to_constants_v2(
        tf.function(lambda x: model(x, training=False)).get_concrete_function(tf.TensorSpec(shape))
    ).graph
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options["output"] = "none"
    return tf.compat.v1.profiler.profile(graph, options=options).total_float_ops


def networks():
    import keras
    from keras import layers

    plain = {"use_bias": False}
    return {
        "dense": [keras.Input((7,)), layers.Dense(5, **plain), layers.Dense(3, **plain)],
        "strides": [keras.Input((9, 8, 3)), layers.Conv2D(4, (3, 2), strides=(2, 1), **plain)],
        "groups": [keras.Input((6, 6, 4)), layers.Conv2D(8, 3, groups=2, padding="same", **plain)],
        "depthwise": [keras.Input((6, 6, 4)), layers.DepthwiseConv2D(3, depth_multiplier=2, **plain)],
        "separable": [keras.Input((6, 6, 4)), layers.SeparableConv2D(5, 3, padding="same", **plain)],
        "dense over places": [keras.Input((6, 4)), layers.Dense(5, **plain)],
    }


@pytest.mark.parametrize("name", ["dense", "strides", "groups", "depthwise", "separable", "dense over places"])
def test_the_count_is_that_of_tensorflows_profiler(name, capfd):
    import keras

    model = keras.Sequential(networks()[name])
    counted = sum(cost.macs for cost in efficiency.layer_costs(model))
    expected = floating_point_operations(model) / 2
    if name in ("groups", "dense over places") and counted != expected:
        # The profiler does not know groups, nor products over more than two axes: by hand instead.
        expected = {"groups": 36 * 9 * 2 * 8, "dense over places": 6 * 4 * 5}[name]
    assert counted == expected


def test_the_network_of_lab_4_1_by_hand():
    costs = [cost for cost in efficiency.layer_costs(images.small_cnn((32, 32, 1))) if cost.macs]
    assert [cost.macs for cost in costs] == [153_600, 2_654_208, 2_654_208, 5_308_416, 96]
    assert costs[0].activations == 16 * 16 * 24
    assert costs[0].output_shape == (16, 16, 24)


def test_what_cannot_be_counted_is_refused():
    import keras
    from keras import layers

    with pytest.raises(TypeError, match="model must be a Keras model, got str"):
        efficiency.layer_costs("model")
    with pytest.raises(ValueError, match="must be built"):
        efficiency.layer_costs(keras.Sequential([layers.Dense(2)]))
    with pytest.raises(ValueError, match="GRU"):
        efficiency.layer_costs(keras.Sequential([keras.Input((4, 2)), layers.GRU(3)]))
    first = [keras.Input((2, 4, 6)), layers.Conv2D(3, 3, padding="same", data_format="channels_first")]
    with pytest.raises(ValueError, match="channels first"):
        efficiency.layer_costs(keras.Sequential(first))
    image, twice = keras.Input((8,)), layers.Dense(8)
    with pytest.raises(ValueError, match="used more than once"):
        efficiency.layer_costs(keras.Model(image, twice(twice(image))))
    with pytest.raises(ValueError, match="Attention"):
        tokens = keras.Input((3, 4))
        efficiency.layer_costs(keras.Model(tokens, layers.Attention()([tokens, tokens])))
    with pytest.raises(ValueError, match="unknown size"):
        efficiency.layer_costs(keras.Sequential([keras.Input((None, None, 1)), layers.Conv2D(2, 3)]))


# --- clock -----------------------------------------------------------------------------------------------------------


def test_latency_counts_calls_and_leaves_the_warm_up_out():
    calls = []

    def slow_at_first():
        calls.append(1)
        time.sleep(0.05 if len(calls) <= 2 else 0.001)

    found = efficiency.latency(slow_at_first, repeats=7, warm_up=2)
    assert len(calls) == 9
    assert 1 <= found.low <= found.median <= found.high < 40
    assert 0 <= found.cpu < 20
    assert str(found).startswith(f"{found.median:.2f} ms [")


def test_latency_refuses_what_is_no_function_and_too_few_calls():
    with pytest.raises(TypeError, match="call must be a function"):
        efficiency.latency(3)
    with pytest.raises(ValueError, match="repeats"):
        efficiency.latency(dict, repeats=2)


# --- eight bits ------------------------------------------------------------------------------------------------------

floats = st.floats(-1e6, 1e6, allow_subnormal=False)


@given(floats, floats, numbers.arrays(float, st.integers(1, 20), elements=floats))
def test_within_the_range_the_error_is_half_a_step_at_most(first, second, values):
    low, high = sorted((first, second))
    if high - low < 1e-6 and max(abs(low), abs(high)) < 1e-6:
        return
    scale, zero_point = efficiency.int8_parameters(low, high)
    assert efficiency.dequantise(efficiency.quantise([0.0], scale, zero_point), scale, zero_point)[0] == 0
    back = efficiency.dequantise(efficiency.quantise(values, scale, zero_point), scale, zero_point)
    reach_low, reach_high = scale * (-128 - zero_point), scale * (127 - zero_point)
    inside = (values >= reach_low) & (values <= reach_high)
    assert np.all(np.abs(back - values)[inside] <= scale / 2 * (1 + 1e-9))
    assert np.all(back[values > reach_high] == reach_high)
    assert np.all(back[values < reach_low] == reach_low)
    # The range that was asked for is reached to half a step, since the zero point is a whole number.
    assert reach_low <= min(low, 0) + scale / 2 * (1 + 1e-9)
    assert reach_high >= max(high, 0) - scale / 2 * (1 + 1e-9)


@given(numbers.arrays(np.int8, st.integers(1, 30)), st.floats(1e-6, 1e6), st.integers(-128, 127))
def test_what_was_quantised_stays_the_same(q, scale, zero_point):
    assert np.array_equal(efficiency.quantise(efficiency.dequantise(q, scale, zero_point), scale, zero_point), q)


def test_one_scale_for_each_channel():
    values = np.array([[1.1, 100.0], [-2.0, 55.0]])
    q = efficiency.quantise(values, np.array([2, 100]) / 127)
    assert q.dtype == np.int8
    assert q.tolist() == [[70, 127], [-127, 70]]


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (efficiency.int8_parameters, (2.0, 1.0), "low must not be above high"),
        (efficiency.int8_parameters, (0.0, 0.0), "the range from low to high"),
        (efficiency.quantise, ([1.0], 0.0), "scale must be positive, got 0"),
        (efficiency.quantise, ([1.0], -1.0), "scale must be positive"),
        (efficiency.quantise, ([1.0], [1.0, 2.0]), "scale of shape"),
        (efficiency.quantise, ([np.nan], 1.0), "values"),
        (efficiency.quantise, ([1.0], 1.0, 200), "zero_point"),
        (efficiency.dequantise, ([0.5], 1.0), "whole numbers from -128 to 127"),
        (efficiency.dequantise, ([128], 1.0), "whole numbers from -128 to 127"),
    ],
)
def test_bad_quantisation_is_refused(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function(*arguments)


# --- LiteRT as the oracle --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def converted():
    import keras
    from keras import layers

    keras.utils.set_random_seed(1)
    stack = [keras.Input((8, 8, 2)), layers.Conv2D(4, 3, use_bias=False), layers.BatchNormalization(), layers.ReLU()]
    model = keras.Sequential([*stack, layers.GlobalAveragePooling2D(), layers.Dense(3, name="last")])
    rng = np.random.default_rng(0)
    # Batch normalisation that does something: its moving averages and factors are not 0 and 1.
    model.layers[1].set_weights(
        [rng.uniform(0.5, 2, 4), rng.normal(size=4), rng.normal(size=4), rng.uniform(0.5, 2, 4)]
    )
    x = rng.normal(size=(40, 8, 8, 2)).astype("float32")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # they would stand in a notebook
        return model, x, efficiency.to_litert(model, "int8", x)


def tensor(content, shape):
    return next(
        t for t in efficiency.LiteRTModel(content).tensors() if t[1] == shape and t[4] is not None and len(t[2])
    )


def test_the_weights_of_the_file_are_those_of_the_formula(converted):
    model, _, content = converted
    kernel = model.get_layer("last").get_weights()[0]
    _, _, scales, zero_points, values = tensor(content, (3, 4))
    expected = np.abs(kernel).max(axis=0) / 127 if len(scales) == 3 else [np.abs(kernel).max() / 127]
    assert np.allclose(scales, expected, rtol=1e-6) and not np.any(zero_points)
    assert np.array_equal(efficiency.quantise(kernel, np.asarray(expected)).T, values)


def test_batch_normalisation_is_folded_into_the_convolution(converted):
    model, _, content = converted
    kernel = model.layers[0].get_weights()[0]
    gamma, _, _, variance = model.layers[1].get_weights()
    folded = kernel * gamma / np.sqrt(variance + model.layers[1].epsilon)
    _, _, scales, _, values = tensor(content, (4, 3, 3, 2))
    expected = np.abs(folded).max(axis=(0, 1, 2)) / 127
    assert np.allclose(scales, expected, rtol=1e-5)
    own = efficiency.quantise(folded, expected).transpose(3, 0, 1, 2)
    assert np.abs(own.astype(int) - values).max() <= 1 and np.mean(own == values) > 0.95


def test_the_range_of_the_input_is_that_of_the_samples(converted):
    _, x, content = converted
    found = [t for t in efficiency.LiteRTModel(content).tensors() if t[1] == (1, 8, 8, 2) and len(t[2])]
    scale, zero_point = efficiency.int8_parameters(x.min(), x.max())
    assert np.isclose(found[0][2][0], scale, rtol=1e-5) and found[0][3][0] == zero_point


@pytest.mark.parametrize("precision", ["float32", "float16", "dynamic", "int8"])
def test_files_run_and_agree_with_keras(converted, precision, capfd):
    model, x, content = converted
    if precision != "int8":
        content = efficiency.to_litert(model, precision)
    expected = model.predict(x, verbose=0)
    found = efficiency.LiteRTModel(content).predict(x)
    tolerance = {"float32": 1e-5, "float16": 0.01, "dynamic": 0.05, "int8": 0.1}[precision]
    assert np.abs(found - expected).max() < tolerance * np.abs(expected).max()
    out, err = capfd.readouterr()
    assert out == "" and "delegate" not in err


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_the_file_says_what_the_export_of_keras_says(converted, precision, tmp_path):
    import tensorflow as tf

    model, x, content = converted
    options = {}
    if precision == "int8":
        options["optimizations"] = [tf.lite.Optimize.DEFAULT]
        options["representative_dataset"] = lambda: ([row[np.newaxis]] for row in x)
    else:
        content = efficiency.to_litert(model)
    model.export(tmp_path / "model.tflite", format="litert", verbose=False, **options)
    theirs = (tmp_path / "model.tflite").read_bytes()
    own, other = efficiency.LiteRTModel(content), efficiency.LiteRTModel(theirs)
    assert np.array_equal(own.predict(x), other.predict(x)) and abs(len(content) - len(theirs)) < 1000
    for (_, shape, scales, zero_points, _), expected in zip(own.tensors(), other.tensors(), strict=True):
        assert (shape, list(scales), list(zero_points)) == (expected[1], list(expected[2]), list(expected[3]))


def test_bad_conversions_are_refused(converted):
    import keras
    from keras import layers

    model, x, _ = converted
    with pytest.raises(ValueError, match="samples are needed for precision 'int8'"):
        efficiency.to_litert(model, "int8")
    with pytest.raises(ValueError, match="and for no other"):
        efficiency.to_litert(model, "dynamic", x)
    with pytest.raises(ValueError, match="precision"):
        efficiency.to_litert(model, "int4")
    with pytest.raises(ValueError, match=r"samples must have shape \(n, 8, 8, 2\)"):
        efficiency.to_litert(model, "int8", x[..., :1])
    with pytest.raises(TypeError, match="model must be a Keras model"):
        efficiency.to_litert(None)
    with pytest.raises(ValueError, match="must be built"):
        efficiency.to_litert(keras.Sequential([layers.Dense(2)]))


def test_what_is_no_file_of_litert_is_refused(converted):
    with pytest.raises(ValueError, match="TFL3"):
        efficiency.LiteRTModel(b"something else altogether")
    with pytest.raises(TypeError, match="content must be the bytes"):
        efficiency.LiteRTModel("model.tflite")
    with pytest.raises(ValueError, match="threads"):
        efficiency.LiteRTModel(converted[2], threads=0)
    with pytest.raises(ValueError, match="inputs must have shape"):
        efficiency.LiteRTModel(converted[2]).predict(np.zeros((2, 8, 8, 1)))


# --- pruning ---------------------------------------------------------------------------------------------------------


@given(numbers.arrays(float, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=floats), st.floats(0, 0.99))
def test_the_smallest_weights_go_and_as_many_as_asked_for(kernel, share):
    bias = np.zeros(3)
    masks = efficiency.magnitude_masks([kernel, bias], share)
    assert masks[1].all()
    assert (~masks[0]).sum() == min(round(share * kernel.size), kernel.size - 1)
    if not masks[0].all():
        assert np.abs(kernel[~masks[0]]).max() <= np.abs(kernel[masks[0]]).min()


def test_one_threshold_for_all_kernels():
    masks = efficiency.magnitude_masks([np.array([[0.5, -0.1]]), np.array([[0.05], [-0.8]])], 0.5)
    assert masks[0].tolist() == [[True, False]] and masks[1].tolist() == [[False], [True]]


def test_bad_pruning_is_refused():
    with pytest.raises(ValueError, match="share"):
        efficiency.magnitude_masks([np.ones((2, 2))], 1.0)
    with pytest.raises(ValueError, match="nothing to prune"):
        efficiency.magnitude_masks([np.ones(3)], 0.5)


# --- several hosts ---------------------------------------------------------------------------------------------------


def greet(rank, n_hosts, x):
    return {"rank": rank, "n": n_hosts, "sum": add(x)}


def add(x):
    return np.sum(x) + 1


def mean_of_ranks(rank, n_hosts, x):
    hosts = tf.distribute.MultiWorkerMirroredStrategy()  # noqa: F821

    def shared(value):
        return tf.distribute.get_replica_context().all_reduce("MEAN", value)  # noqa: F821

    return {"mean": hosts.run(shared, args=(tf.constant(x[rank]),)).numpy()}  # noqa: F821


def fail_on_one(rank, n_hosts):
    if rank == 1:
        raise ValueError("the disk is full")
    import time

    time.sleep(100)


def use_a_missing_name(rank, n_hosts):
    return {"a": not_defined_anywhere}  # noqa: F821


def return_a_list(rank, n_hosts):
    return [1]


def die(rank, n_hosts):
    import os

    os.kill(os.getpid(), 9)


def sleep_for_long(rank, n_hosts):
    import time

    time.sleep(100)


def hosts_alive():
    import psutil

    return [p for p in psutil.Process().children(recursive=True) if "course_utils._host" in " ".join(p.cmdline())]


def train_then_import(rank, n_hosts):
    import sys

    at_once = any(name in sys.modules for name in ("pandas", "matplotlib", "sklearn", "IPython"))
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1)])  # noqa: F821
    model.compile("adam", "mse")
    loss = model.fit(np.ones((4, 2)), np.ones(4), verbose=0).history["loss"][0]
    import matplotlib
    import pandas
    import sklearn

    return {"at once": at_once, "later": all((matplotlib, pandas, sklearn)), "loss": loss}


def test_hosts_get_arrays_and_helpers_and_give_back_numbers():
    found = efficiency.run_on_hosts(greet, 2, arrays={"x": np.arange(4)}, helpers=[add], timeout=60)
    assert [(int(host["rank"]), int(host["n"]), int(host["sum"])) for host in found] == [(0, 2, 7), (1, 2, 7)]
    assert not hosts_alive()


@pytest.mark.slow
def test_hosts_share_a_mean_over_the_loopback_address():
    found = efficiency.run_on_hosts(mean_of_ranks, 2, arrays={"x": np.array([1.0, 4.0])}, timeout=100)
    assert [float(host["mean"]) for host in found] == [2.5, 2.5]


@pytest.mark.slow
def test_a_host_spares_what_training_does_not_need_and_can_still_import_it():
    (found,) = efficiency.run_on_hosts(train_then_import, 1, timeout=100)
    assert not found["at once"] and found["later"] and np.isfinite(found["loss"])


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (fail_on_one, "host 1: ValueError: the disk is full"),
        (use_a_missing_name, "host knows only what the function itself imports"),
        (return_a_list, "must return a dict, got list"),
        (die, "exit code"),
    ],
)
def test_a_host_that_fails_is_named_and_nobody_is_left_behind(function, message, monkeypatch):
    monkeypatch.setattr(efficiency, "GRACE", 1.0)
    start = time.monotonic()
    with pytest.raises(RuntimeError, match=message):
        efficiency.run_on_hosts(function, 2, timeout=60)
    assert time.monotonic() - start < 40
    assert not hosts_alive()


@pytest.mark.slow
def test_a_host_that_does_not_end_is_ended():
    with pytest.raises(TimeoutError, match="did not end within 3 seconds"):
        efficiency.run_on_hosts(sleep_for_long, 2, timeout=3)
    assert not hosts_alive()


@pytest.mark.skipif(os.name == "nt", reason="kills a process as POSIX does")
def test_hosts_end_when_their_starter_is_killed():
    import psutil

    code = (
        "import sys; sys.path.insert(0, 'tests'); import test_efficiency as t; from course_utils import efficiency; "
        "efficiency.run_on_hosts(t.sleep_for_long, 2, timeout=90)"
    )
    starter = subprocess.Popen([sys.executable, "-c", code], env=machine.environment(), cwd=machine.ROOT)
    try:
        hosts, end = [], time.monotonic() + 40
        while len(hosts) < 2 and time.monotonic() < end:
            family = psutil.Process(starter.pid).children(recursive=True)
            hosts = [p for p in family if "course_utils._host" in " ".join(p.cmdline())]
            time.sleep(0.1)
        assert len(hosts) == 2
    finally:
        starter.kill()
        starter.wait()
    _, alive = psutil.wait_procs(hosts, timeout=20)
    assert not alive


def test_bad_arguments_of_hosts_are_refused():
    inner = 3

    def takes_from_outside(rank, n_hosts):
        return {"inner": inner}

    with pytest.raises(TypeError, match="function must be written with def, got function"):
        efficiency.run_on_hosts(lambda rank, n_hosts: {})
    with pytest.raises(TypeError, match="function must be written with def"):
        efficiency.run_on_hosts(3)
    with pytest.raises(ValueError, match="takes inner from the function around it"):
        efficiency.run_on_hosts(takes_from_outside)
    with pytest.raises(ValueError, match="n_hosts"):
        efficiency.run_on_hosts(greet, 9)
    with pytest.raises(ValueError, match="timeout"):
        efficiency.run_on_hosts(greet, timeout=0)
    with pytest.raises(TypeError, match="arrays must be a dict"):
        efficiency.run_on_hosts(greet, arrays=[1])
    with pytest.raises(TypeError, match="helpers"):
        efficiency.run_on_hosts(greet, helpers=3)


def test_ports_are_free_and_different():
    assert len(set(efficiency._free_ports(5))) == 5
