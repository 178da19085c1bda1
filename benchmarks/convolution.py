"""How long does one convolution take, from four loops in Python to Keras? Same inputs for all, side by side.

    python benchmarks/convolution.py    half a minute

Two cases: "image", one channel and one filter, where SciPy can take part; "layer", 32 channels and 32 filters. Every
method is called once before it is timed (TensorFlow compiles), its result is compared with Keras, and the best of
several rounds counts; the methods take turns, so that a busy moment of the machine does not fall on one of them alone.
"""

import os
import sys
import time
from functools import partial

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["TF_NUM_INTRAOP_THREADS"] = "1"  # one core, as NumPy's loops use

import numpy as np
import report
from scipy import signal

from course_utils import convolution

MEASURED = ["wall_ms", "ratio_to_keras", "rounds", "largest_difference"]
benchmark = report.Benchmark(__file__, ["case", "method"], MEASURED)
CASES = {"image": (64, 64, 1, 3, 1), "layer": (128, 128, 32, 3, 32)}  # height, width, channels, kernel, filters
ROUNDS = {"four loops": 2}  # the slow one; the others:
MOST_ROUNDS = 30


def four_loops(image, kernel):
    """Loops over output rows, output columns, and the window's rows and columns; the sum over channels is NumPy's."""
    k = len(kernel)
    out = np.zeros((image.shape[0] - k + 1, image.shape[1] - k + 1, kernel.shape[3]), image.dtype)
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            for u in range(k):
                for v in range(k):
                    out[i, j] += image[i + u, j + v] @ kernel[u, v]
    return out


def two_loops(image, kernel):
    """Loops over the rows and columns of the window; each step shifts the whole image."""
    k, height, width = len(kernel), image.shape[0] - len(kernel) + 1, image.shape[1] - len(kernel) + 1
    out = np.zeros((height, width, kernel.shape[3]), image.dtype)
    for u, v in np.ndindex(k, k):
        out += image[u : u + height, v : v + width] @ kernel[u, v]
    return out


def windows_and_einsum(image, kernel):
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape[:2], axis=(0, 1))
    return np.einsum("ijcuv,uvcf->ijf", windows, kernel, optimize=True)


def methods(image, kernel):
    """Name -> function without arguments that returns the output, for one image and kernel."""
    import keras
    import tensorflow as tf

    layer = keras.layers.Conv2D(kernel.shape[3], kernel.shape[:2], use_bias=False)
    layer.build((None, *image.shape))
    layer.set_weights([kernel])
    compiled = tf.function(layer)
    batch = tf.constant(image[np.newaxis])
    found = {
        "four loops": lambda: four_loops(image, kernel),
        "two loops over the window": lambda: two_loops(image, kernel),
        "windows and einsum": lambda: windows_and_einsum(image, kernel),
        "convolution.conv2d": lambda: convolution.conv2d(image, kernel),
        "Keras": lambda: compiled(batch).numpy()[0],
    }
    if image.shape[2] == kernel.shape[3] == 1:
        found["SciPy"] = lambda: signal.correlate2d(image[..., 0], kernel[..., 0, 0], mode="valid")[..., np.newaxis]
    return found


def measure(case):
    """Return {method: (milliseconds, rounds, largest difference from Keras)} for one case."""
    height, width, channels, k, filters = CASES[case]
    rng = np.random.default_rng(0)
    image = rng.normal(size=(height, width, channels)).astype(np.float32)
    kernel = rng.normal(size=(k, k, channels, filters)).astype(np.float32)
    candidates = methods(image, kernel)
    expected = candidates["Keras"]()
    difference = {name: float(np.abs(function() - expected).max()) for name, function in candidates.items()}
    best = dict.fromkeys(candidates, np.inf)
    for number in range(MOST_ROUNDS):
        for name, function in candidates.items():
            if number < ROUNDS.get(name, MOST_ROUNDS):
                start = time.perf_counter()
                function()
                best[name] = min(best[name], 1000 * (time.perf_counter() - start))
    return {name: (best[name], ROUNDS.get(name, MOST_ROUNDS), difference[name]) for name in candidates}


def run_case(case):
    if benchmark.is_done(case, "Keras"):
        return
    found = measure(case)
    for method, (milliseconds, rounds, difference) in found.items():
        ratio = milliseconds / found["Keras"][0]
        row = [f"{milliseconds:.4f}", f"{ratio:.2f}", rounds, f"{difference:.1e}"]
        benchmark.save(case, method, row=dict(zip(MEASURED, row, strict=True)))


PARTS = {case: partial(run_case, case) for case in CASES}


def section():
    rows = benchmark.rows()
    text = (
        "## Chapter 3.1.1: one convolution (convolution.py)\n\n"
        "3 x 3 kernel, one image, no padding, float32, one thread. Milliseconds: the best of several "
        "rounds in which the methods take turns. The largest difference is that from Keras on the same numbers.\n\n"
        f"{report.made_by(rows)}\n"
    )
    titles = {"image": "64 x 64 pixels, one channel, one filter", "layer": "128 x 128 pixels, 32 channels, 32 filters"}
    for case, title in titles.items():
        lines = [
            [
                row["method"],
                f"{float(row['wall_ms']):.3g}",
                f"{float(row['ratio_to_keras']):.3g}",
                f"{float(row['largest_difference']):.0e}",
            ]
            for row in rows
            if row["case"] == case
        ]
        text += (
            f"\n### {title}\n\n" + report.table(["method", "milliseconds", "times Keras", "difference"], lines) + "\n"
        )
    return text


def main(arguments=None):
    return benchmark.main(__doc__, PARTS, section, arguments)


if __name__ == "__main__":
    sys.exit(main())
