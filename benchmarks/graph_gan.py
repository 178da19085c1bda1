"""The graph GAN of lab 4.2: how fast it trains with `fit` beside the classic loop, and how good it is over seeds.

    python benchmarks/graph_gan.py                  six minutes
    python benchmarks/graph_gan.py --only speed     one minute

Speed: generator steps a second of `graph_gan` with `fit` (three critic steps with gradient penalty for each), and of
the classic loop: `predict` for the fakes, three calls of `train_on_batch` for a discriminator of the same size, one for
the generator. In one run, taking turns, the best of three rounds. Quality: 4,000 steps, 1,000 molecules drawn.
"""

import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import report
import tensorflow as tf
from keras import layers

from course_utils import datasets, generative, molecules

benchmark = report.Benchmark(
    __file__,
    ["part", "method", "seed"],
    ["steps_a_second", "cpu_seconds", "valid", "unique", "novel", "wasserstein", "ratio_to_marginals", "frechet"],
    seeds=[0, 1, 2],
    digits=4,
)
ELEMENTS, PLACES, BATCH = ("C", "N", "O", "F", "S", "Cl"), 9, 64


def training_set():
    data = datasets.load_small_molecules()
    of_size = [text for text, size in zip(data.smiles, data.heavy_atoms, strict=True) if size >= 4]
    smiles = list(molecules.clean_molecules(of_size, PLACES, ELEMENTS, charges="none").smiles)
    return smiles, *molecules.atom_bond_matrices(smiles, ELEMENTS, PLACES)


def batches_of(rows):
    return tf.data.Dataset.from_tensor_slices(rows).shuffle(len(rows)).repeat().batch(3 * BATCH)


def classic(rows):
    """Return a function that makes n steps of the classic loop."""
    width = rows.shape[1]

    def dense(inputs, widths, outputs, activation):
        stack = [layer for size in widths for layer in (layers.Dense(size), layers.LeakyReLU(negative_slope=0.2))]
        return keras.Sequential([keras.Input((inputs,)), *stack, layers.Dense(outputs, activation=activation)])

    generator, discriminator = dense(32, (128, 256), width, "sigmoid"), dense(width, (256, 128), 1, "sigmoid")
    discriminator.compile("adam", "binary_crossentropy")
    combined = keras.Sequential([generator, discriminator])
    combined.compile("adam", "binary_crossentropy")
    rng = np.random.default_rng(0)

    def steps(n):
        for _ in range(n):
            for _ in range(3):
                fake = generator.predict(rng.normal(size=(BATCH // 2, 32)), verbose=0)
                real = rows[rng.integers(len(rows), size=BATCH // 2)]
                labels = np.repeat([1.0, 0.0], BATCH // 2)[:, None]
                discriminator.train_on_batch(np.concatenate([real, fake]), labels)
            combined.train_on_batch(rng.normal(size=(BATCH, 32)), np.ones((BATCH, 1)))

    return steps


def speed():
    if benchmark.is_done("speed", "fit", 0):
        return
    smiles, atoms, bonds = training_set()
    rows = generative.graph_rows(atoms, bonds, len(ELEMENTS))
    keras.utils.set_random_seed(0)
    model, batches = generative.graph_gan(PLACES, len(ELEMENTS)), batches_of(rows)

    def fit(n):
        model.fit(batches, steps_per_epoch=n, epochs=1, shuffle=False, verbose=0)

    methods = {"fit": (fit, 500), "classic loop": (classic(rows), 50)}
    best = dict.fromkeys(methods, 0.0)
    for steps, _ in methods.values():
        steps(50)  # traced before it is timed
    for _ in range(3):
        for name, (steps, n) in methods.items():
            start = time.perf_counter()
            steps(n)
            best[name] = max(best[name], n / (time.perf_counter() - start))
    for name, value in best.items():
        benchmark.save("speed", name, 0, row={"steps_a_second": value})


def quality():
    smiles, atoms, bonds = training_set()
    rows = generative.graph_rows(atoms, bonds, len(ELEMENTS))
    for seed in benchmark.wanted([0, 1, 2]):
        if benchmark.is_done("quality", "fit", seed):
            continue
        keras.utils.set_random_seed(seed)
        model, start = generative.graph_gan(PLACES, len(ELEMENTS)), time.process_time()
        model.fit(batches_of(rows), steps_per_epoch=4000, epochs=1, shuffle=False, verbose=0)
        seconds = time.process_time() - start
        drawn = {
            "fit": model.draw(1000, seed=seed),
            "position marginals": generative.position_marginals(atoms, bonds, 1000, seed=seed),
        }
        found = {
            name: generative.measure_molecules(molecules.smiles_from_matrices(*graphs, ELEMENTS), smiles)
            for name, graphs in drawn.items()
        }
        for name, measures in reversed(found.items()):
            ratio = measures.wasserstein / found["position marginals"].wasserstein
            row = {key: getattr(measures, key) for key in ("valid", "unique", "novel", "wasserstein", "frechet")}
            row |= {"ratio_to_marginals": ratio, "cpu_seconds": seconds if name == "fit" else None}
            benchmark.save("quality", name, seed, row=row)


PARTS = {"quality": quality, "speed": speed}


def section():
    rows = benchmark.rows()
    columns = ["valid", "unique", "novel", "wasserstein", "ratio_to_marginals", "frechet", "cpu_seconds"]
    lines = [[row["method"], row["seed"], *(row[name] for name in columns)] for row in rows if row["part"] == "quality"]
    speeds = [[row["method"], row["steps_a_second"]] for row in rows if row["part"] == "speed"]
    text = f"## The graph GAN of lab 4.2 (graph_gan.py)\n\n{report.made_by(rows)}\n\n"
    if lines:
        text += report.table(["generator", "seed", *columns], lines) + "\n\n"
    return text + (report.table(["loop", "generator steps a second"], speeds) if speeds else "")


def main(arguments=None):
    return benchmark.main(__doc__, PARTS, section, arguments)


if __name__ == "__main__":
    sys.exit(main())
