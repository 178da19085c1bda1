"""What makes a network cheaper, and what does not: the measurements behind chapter 5.1.

    python benchmarks/efficiency.py    about five minutes

"latency": the network of lab 4.1 on 32 x 32 pixels, asked for one image in several ways, LiteRT at four precisions
among them. "training": a training step with one thing changed (XLA, other number formats, tf.data, batch size), in
turns with the plain one. "hosts": a step on one process, on two replicas in one process, and on two hosts.
"separable": the quality of the network with separable convolutions and of one that sees half the pixels, trained alike.
"""

import os
import time
from functools import partial

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import report

from course_utils import datasets, efficiency, evaluation, images

SEEDS = [0, 1, 2]
benchmark = report.Benchmark(
    __file__, ["part", "what", "seed"], ["wall_ms", "cpu_ms", "cpu_ratio", "kilobytes", "auc"], seeds=SEEDS, digits=4
)
SIZE, STEPS, EPOCHS = 32, 20, 8


def draw(n_patients, seed):
    brains = datasets.load_brain_lesions(n_patients, size=SIZE, seed=seed)
    return images.standardise(brains.images)[..., np.newaxis], brains.visible.astype(int), brains.patients


def latencies():
    import tensorflow as tf

    if benchmark.is_done("latency", "LiteRT int8", 0):
        return
    x, _, _ = draw(40, 0)
    model = images.small_cnn((SIZE, SIZE, 1))
    one = x[:1]
    graph = tf.function(lambda batch: model(batch, training=False))
    calls = {
        "predict": lambda: model.predict(one, verbose=0),
        "model(x)": lambda: model(one, training=False).numpy(),
        "tf.function": lambda: graph(one).numpy(),
    }
    sizes = {}
    for precision in ("float32", "float16", "dynamic", "int8"):
        content = efficiency.to_litert(model, precision, x[:200] if precision == "int8" else None)
        calls[f"LiteRT {precision}"] = partial(efficiency.LiteRTModel(content), one)
        sizes[f"LiteRT {precision}"] = len(content) / 1000
    for name, call in calls.items():
        found = efficiency.latency(call, repeats=50, warm_up=10)
        row = {"wall_ms": found.median, "cpu_ms": found.cpu, "kilobytes": sizes.get(name, "")}
        benchmark.save("latency", name, 0, row=row)


def training_step(batch_size=64, policy="float32", jit=False, data="arrays"):
    """Return a function that makes STEPS steps of batches of 64, or as many images in other batches."""
    import keras
    import tensorflow as tf

    x, y, _ = draw(160, 0)
    keras.config.set_dtype_policy(policy)
    keras.utils.set_random_seed(0)
    model = images.small_cnn((SIZE, SIZE, 1))
    keras.config.set_dtype_policy("float32")
    model.compile(optimizer="adam", loss="binary_crossentropy", jit_compile=jit)
    if data == "arrays":
        return lambda: model.fit(x, y, batch_size=batch_size, verbose=0, shuffle=False)
    batches = tf.data.Dataset.from_tensor_slices((x, y)).batch(batch_size).cache().prefetch(2)
    return lambda: model.fit(batches, verbose=0)


def training():
    variants = {
        "plain": {},
        "tf.data, cache, prefetch": {"data": "tf.data"},
        "batch 16": {"batch_size": 16},
        "batch 256": {"batch_size": 256},
        "XLA": {"jit": True},
        "bfloat16": {"policy": "mixed_bfloat16"},
        "float16": {"policy": "mixed_float16"},
    }
    if benchmark.is_done("training", list(variants)[-1], 0):
        return
    plain = training_step()
    for name, options in variants.items():
        other = plain if name == "plain" else training_step(**options)
        took = {"plain": [], "other": []}
        for number in range(4):
            for label, call in (("plain", plain), ("other", other)):  # in turns
                start, start_cpu = time.perf_counter(), time.process_time()
                call()
                if number:  # the first traces and compiles
                    took[label].append((time.process_time() - start_cpu, time.perf_counter() - start))
        cpu, wall = np.min(took["other"], axis=0) / STEPS * 1000
        ratio = np.min(took["other"], axis=0)[0] / np.min(took["plain"], axis=0)[0]
        benchmark.save("training", name, 0, row={"wall_ms": wall, "cpu_ms": cpu, "cpu_ratio": ratio})


def build():
    keras.utils.set_random_seed(0)  # noqa: F821 (given on the host)
    stack = [keras.Input((32, 32, 1))]  # noqa: F821
    for filters in (24, 48, 96):
        stack.append(layers.Conv2D(filters, 3, strides=2, activation="relu"))  # noqa: F821
    stack += [layers.GlobalAveragePooling2D(), layers.Dense(1, activation="sigmoid")]  # noqa: F821
    return keras.Sequential(stack)  # noqa: F821


def steps_on_host(rank, n_hosts, x, y, batch_size, mirrored):
    import time

    if mirrored:
        processor = tf.config.list_physical_devices("CPU")[0]  # noqa: F821
        tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)  # noqa: F821
        strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])  # noqa: F821
    else:
        strategy = tf.distribute.MultiWorkerMirroredStrategy()  # noqa: F821

    def mean(*gradients):
        return tf.distribute.get_replica_context().all_reduce("MEAN", [tf.identity(g) for g in gradients])  # noqa: F821

    class SharedAdam(keras.optimizers.Adam):  # noqa: F821
        def apply(self, gradients, trainable_variables=None):
            return super().apply(strategy.run(mean, args=tuple(gradients)), trainable_variables)

    if mirrored:
        with strategy.scope():
            model = build()  # noqa: F821
            model.compile(optimizer="adam", loss="binary_crossentropy")
    else:
        model = build()
        model.compile(optimizer=SharedAdam() if n_hosts > 1 else "adam", loss="binary_crossentropy")
    mine = np.arange(len(x)) % n_hosts == rank
    best = np.inf
    for _ in range(5):
        start = time.perf_counter()
        model.fit(x[mine], y[mine], batch_size=int(batch_size) // n_hosts, shuffle=False, verbose=0)
        best = min(best, time.perf_counter() - start)
    return {"seconds": best}


def hosts():
    x, y, _ = draw(160, 0)
    for batch_size in (64, 512):
        rows = np.arange(STEPS * batch_size) % len(x)
        for what, n_hosts, mirrored in (("one process", 1, 0), ("two replicas", 1, 1), ("two hosts", 2, 0)):
            name = f"{what}, batch {batch_size}"
            if not benchmark.is_done("hosts", name, 0):
                arrays = {"x": x[rows], "y": y[rows], "batch_size": batch_size, "mirrored": mirrored}
                found = efficiency.run_on_hosts(steps_on_host, n_hosts, arrays=arrays, helpers=(build,), timeout=200)
                slowest = max(float(result["seconds"]) for result in found)
                benchmark.save("hosts", name, 0, row={"wall_ms": 1000 * slowest / STEPS})


def separable_cnn(size, width=24):
    """Build the network of lab 4.1 with separable convolutions behind the first one."""
    from keras import Input, Model, layers

    def normalised(x):
        return layers.ReLU()(layers.BatchNormalization(momentum=0.96)(x))

    image = Input((size, size, 1))
    x = normalised(layers.Conv2D(width, 5, strides=2, padding="same", use_bias=False)(image))
    x = layers.MaxPooling2D()(normalised(layers.SeparableConv2D(2 * width, 3, padding="same", use_bias=False)(x)))
    for _ in range(2):
        x = normalised(layers.SeparableConv2D(4 * width, 3, padding="same", use_bias=False)(x))
    x = layers.Dropout(0.3)(layers.GlobalAveragePooling2D()(x))
    return Model(image, layers.Dense(1, activation="sigmoid")(x))


def trained(model, x, y, seed):
    import keras

    steps = EPOCHS * -(-len(x) // 64)
    rate = keras.optimizers.schedules.CosineDecay(0.0, steps - 10, warmup_target=2e-3, warmup_steps=10)
    model.compile(optimizer=keras.optimizers.AdamW(rate, weight_decay=1e-2), loss="binary_crossentropy")
    rng = np.random.default_rng(seed)
    rows = np.concatenate([rng.permutation(len(x)) for _ in range(EPOCHS)])
    model.fit(images.augment(x[rows], seed=rng), y[rows], batch_size=64, shuffle=False, verbose=0)
    return model


def quality():
    import keras

    for seed in benchmark.wanted(SEEDS):
        if benchmark.is_done("separable", "half the pixels", seed):
            continue
        (x, y, _), (x_test, y_test, _) = draw(200, seed), draw(200, seed + 200)
        for name in ("full", "separable", "half the pixels"):
            keras.utils.set_random_seed(seed)
            step = 2 if name == "half the pixels" else 1
            size = SIZE // step
            model = separable_cnn(size) if name == "separable" else images.small_cnn((size, size, 1), momentum=0.96)
            start = time.process_time()
            trained(model, x[:, ::step, ::step], y, seed)
            took = time.process_time() - start
            p = model.predict(x_test[:, ::step, ::step], batch_size=256, verbose=0)[:, 0]
            row = {"cpu_ms": 1000 * took / (EPOCHS * 25), "auc": evaluation.roc_auc(y_test, p)}
            benchmark.save("separable", name, seed, row=row)


PARTS = {"latency": latencies, "training": training, "hosts": hosts, "separable": quality}


def section():
    rows = benchmark.rows()
    text = (
        "## Chapter 5.1: what makes a network cheaper, and what does not (efficiency.py)\n\n"
        "The network of lab 4.1 (136,537 parameters) on simulated brain lesions of 32 x 32 pixels. Milliseconds of one "
        "image (latency: the median of 50 calls; processor time: the least), of 64 images (training: the best of three "
        "rounds) or of one step (hosts: the best of five rounds). Ratio: processor time against the plain step, in "
        "turns.\n\n"
        f"{report.made_by(rows)}\n"
    )
    header = ["what", "ms", "processor ms", "ratio", "kB"]
    columns = ["wall_ms", "cpu_ms", "cpu_ratio", "kilobytes"]
    for part, title in (
        ("latency", "One image"),
        ("training", "Training, 64 images, with one thing changed"),
        ("hosts", "A step of a network of three convolutions (27,000 weights), shared or not"),
    ):
        lines = [[row["what"], *(row[name] for name in columns)] for row in rows if row["part"] == part]
        if lines:
            text += f"\n### {title}\n\n" + report.table(header, lines) + "\n"
    found = [row for row in rows if row["part"] == "separable"]
    if found:
        lines = [[row["what"], row["seed"], row["cpu_ms"], f"{float(row['auc']):.3f}"] for row in found]
        text += "\n### Trained alike: area under the ROC curve of 200 fresh patients\n\n"
        text += report.table(["network", "seed", "processor ms of a step", "AUC"], lines) + "\n"
    return text


def main(arguments=None):
    return benchmark.main(__doc__, PARTS, section, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
