"""What does a private step cost, beside a plain one? Same network, same batch, side by side.

    python benchmarks/dp_sgd.py    half a minute

"plain" is one step of gradient descent on a batch; "private" is `privacy.dp_sgd_step`: a gradient for each person by
`tf.vectorized_map`, clipped, added up, with noise; "jacobian" gets the same gradients from `tape.jacobian`. Everything
is compiled and called once before it is timed, on one thread, and the best of several rounds counts, in which the
methods take turns. The bar: a private step of the chapter's network takes at most five times as long as a plain one.
Bars like this one hold for small dense networks; the table says what a convolutional network costs.
"""

import os
import sys
import time
from functools import partial

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["TF_NUM_INTRAOP_THREADS"] = "1"  # one core: the ratio shall not depend on how many there are

import numpy as np
import report

from course_utils import privacy

MEASURED = ["wall_ms", "times_plain", "rounds"]
benchmark = report.Benchmark(__file__, ["network", "batch", "method"], MEASURED)
ROUNDS = 30
BAR = 5.0
CASES = {
    "small": ("dense 7-32-1", (64, 256, 512)),
    "deeper": ("dense 7-64-64-1", (256,)),
    "images": ("convolutional 8-16, 32 x 32", (64,)),
}


def network(name):
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    if name == "images":
        return keras.Sequential(
            [
                keras.Input((32, 32, 1)),
                layers.Conv2D(8, 3, activation="relu"),
                layers.MaxPooling2D(),
                layers.Conv2D(16, 3, activation="relu"),
                layers.GlobalAveragePooling2D(),
                layers.Dense(1),
            ]
        )
    widths = [32] if name == "small" else [64, 64]
    hidden = [layers.Dense(width, "relu") for width in widths]
    return keras.Sequential([keras.Input((7,)), *hidden, layers.Dense(1)])


def methods(name, batch):
    """Name -> function without arguments that makes one step."""
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")  # a note on convolutions in vectorized_map
    model, rng = network(name), np.random.default_rng(0)
    X = tf.constant(rng.normal(size=(batch, *model.input_shape[1:])), "float32")
    y, weights = tf.constant((rng.random(batch) < 0.5), "float32"), tf.ones(batch)

    def loss(label, logit):
        return tf.nn.sigmoid_cross_entropy_with_logits(labels=label[:, None], logits=logit)

    @tf.function
    def plain():
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(loss(y, model(X, training=True)))
        for variable, gradient in zip(
            model.trainable_variables, tape.gradient(value, model.trainable_variables), strict=True
        ):
            variable.assign_sub(0.01 * gradient)

    @tf.function
    def jacobian():
        with tf.GradientTape() as tape:
            values = loss(y, model(X, training=True))[:, 0]
        gradients = tape.jacobian(values, model.trainable_variables)
        norms = tf.sqrt(tf.add_n([tf.reduce_sum(g**2, axis=list(range(1, len(g.shape)))) for g in gradients]))
        factors = tf.minimum(1.0, 1.0 / norms)
        for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
            total = tf.tensordot(factors, gradient, axes=1)
            variable.assign_sub(0.01 * (total + tf.random.normal(tf.shape(total))) / batch)

    step = privacy.dp_sgd_step(
        model, loss, learning_rate=0.01, clip_norm=1.0, noise_multiplier=1.0, expected_size=batch
    )
    found = {"plain": plain, "private": lambda: step(X, y, weights)}
    if name == "small":
        found["jacobian"] = jacobian
    return found


def run_case(name):
    title, batches = CASES[name]
    for batch in batches:
        if benchmark.is_done(title, batch, "private"):
            continue
        candidates = methods(name, batch)
        best = dict.fromkeys(candidates, np.inf)
        for function in candidates.values():
            function()
        for _ in range(ROUNDS):
            for method, function in candidates.items():
                start = time.perf_counter()
                function()
                best[method] = min(best[method], 1000 * (time.perf_counter() - start))
        for method, milliseconds in best.items():
            row = [f"{milliseconds:.3f}", f"{milliseconds / best['plain']:.2f}", ROUNDS]
            benchmark.save(title, batch, method, row=dict(zip(MEASURED, row, strict=True)))


PARTS = {name: partial(run_case, name) for name in CASES}


def section():
    rows = benchmark.rows()
    lines = [
        [
            row["network"],
            row["batch"],
            row["method"],
            f"{float(row['wall_ms']):.3g}",
            f"{float(row['times_plain']):.2g}",
        ]
        for row in rows
    ]
    small = [float(r["times_plain"]) for r in rows if (r["network"], r["method"]) == (CASES["small"][0], "private")]
    kept = "kept" if small and max(small) <= BAR else "missed"
    verdict = (
        f"The chapter's network has {kept} the bar of {BAR:g} times a plain step: {max(small, default=0):.2g} at most. "
    )
    return (
        "## Chapter 5.3: a private step (dp_sgd.py)\n\n"
        f"One step on one batch, one thread. {verdict}A network with convolutions costs more.\n\n"
        f"{report.made_by(rows)}\n\n"
        + report.table(["network", "batch", "step", "milliseconds", "times plain"], lines)
        + "\n"
    )


def main(arguments=None):
    return benchmark.main(__doc__, PARTS, section, arguments)


if __name__ == "__main__":
    sys.exit(main())
