"""The graph GAN of lab 4.2: how good its molecules are as training goes on, and how fast it trains.

    python benchmarks/graph_gan.py                  ten minutes on two idle cores
    python benchmarks/graph_gan.py --only speed     one minute

Quality: three seeds that no choice was made with, 1,000 molecules drawn after each thousand generator steps; the lab
stops after 4,000, and the bars below are read there. Beside them what the lab compares with. Speed: generator steps a
second of `graph_gan` with `fit` (three critic steps with gradient penalty for each), and of the classic loop: `predict`
for the fakes, three calls of `train_on_batch` for a discriminator of the same widths, one for the generator. In one
run, taking turns, the best of three rounds.
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
    ["part", "method", "seed", "steps"],
    [
        "steps_a_second",
        "seconds",
        "cpu_seconds",
        "valid",
        "unique",
        "novel",
        "wasserstein",
        "ratio_to_marginals",
        "frechet",
    ],
    seeds=[101, 102, 103],
    digits=4,
)
ELEMENTS, PLACES, BATCH, DRAWN = ("C", "N", "O", "F", "S", "Cl"), 9, 64, 1000
STOP, STAGES = 4000, range(1000, 8001, 1000)  # where the lab stops; after how many steps molecules are drawn


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
    if benchmark.is_done("speed", "fit", 0, 0):
        return
    _, atoms, bonds = training_set()
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
        benchmark.save("speed", name, 0, 0, row={"steps_a_second": value})


def references(smiles, atoms, bonds, seed):
    """Return what the generators without a network made, by name."""
    rng = np.random.default_rng(seed)
    small = [text for text, row in zip(smiles, atoms, strict=True) if (row > 0).sum() < PLACES]
    drawn = {
        name: molecules.smiles_from_matrices(*generate(atoms, bonds, DRAWN, seed=seed), ELEMENTS)
        for name, generate in [
            ("position marginals", generative.position_marginals),
            ("atoms resampled", generative.resample_atoms),
        ]
    }
    return drawn | {
        "add one carbon": generative.add_one_carbon(small, DRAWN, seed),
        "copies": rng.choice(smiles, DRAWN).tolist(),
    }


def quality():
    smiles, atoms, bonds = training_set()
    rows = generative.graph_rows(atoms, bonds, len(ELEMENTS))
    for seed in benchmark.wanted([101, 102, 103]):
        if benchmark.is_done("quality", "graph GAN", seed, STAGES[-1]):
            continue
        found = {
            (name, 0): (generative.measure_molecules(texts, smiles), {})
            for name, texts in references(smiles, atoms, bonds, seed).items()
        }
        half, other = np.array_split(np.random.default_rng(seed).permutation(smiles), 2)
        found["half and half", 0] = generative.measure_molecules(half.tolist(), other.tolist()), {}
        keras.utils.set_random_seed(seed)
        model, batches, took = generative.graph_gan(PLACES, len(ELEMENTS)), batches_of(rows), np.zeros(2)
        for steps in STAGES:
            start = np.array([time.perf_counter(), time.process_time()])
            model.fit(batches, steps_per_epoch=1000, epochs=1, shuffle=False, verbose=0)
            took += np.array([time.perf_counter(), time.process_time()]) - start
            drawn = molecules.smiles_from_matrices(*model.draw(DRAWN, seed=seed + steps), ELEMENTS)
            seconds = {"seconds": float(took[0]), "cpu_seconds": float(took[1])}
            found["graph GAN", steps] = generative.measure_molecules(drawn, smiles), seconds
        simple = found["position marginals", 0][0].wasserstein
        for (name, steps), (measures, seconds) in found.items():
            row = {key: getattr(measures, key) for key in ("valid", "unique", "novel", "wasserstein", "frechet")}
            row |= {"ratio_to_marginals": measures.wasserstein / simple, **seconds}
            benchmark.save("quality", name, seed, steps, row=row)


PARTS = {"quality": quality, "speed": speed}


def bars(rows):
    """Return lines (what was asked, where it was worst, whether it holds), as far as rows are there."""
    quality = [row for row in rows if row["part"] == "quality"]
    stop = [row for row in quality if row["method"] == "graph GAN" and row["steps"] == str(STOP)]
    simple = {row["seed"]: float(row["valid"]) for row in quality if row["method"] == "position marginals"}
    speed = {row["method"]: float(row["steps_a_second"]) for row in rows if row["part"] == "speed"}
    asked = []
    if stop:
        asked += [
            (
                "valid, times the marginals, at least 3",
                min(float(row["valid"]) / simple[row["seed"]] for row in stop),
                3,
            ),
            ("unique, at least 0.90", min(float(row["unique"]) for row in stop), 0.9),
            ("novel, at least 0.88", min(float(row["novel"]) for row in stop), 0.88),
            (
                "distance, part of the marginals', at most 0.65",
                -max(float(row["ratio_to_marginals"]) for row in stop),
                -0.65,
            ),
            ("seconds a seed, at most 60", -max(float(row["seconds"]) for row in stop), -60),
        ]
    if speed:
        asked += [
            ("generator steps a second with `fit`, at least 90", speed["fit"], 90),
            ("times the classic loop, at least 5", speed["fit"] / speed["classic loop"], 5),
        ]
    return [[name, f"{abs(value):.3g}", report.yes(value >= least)] for name, value, least in asked]


def section():
    rows = benchmark.rows()
    columns = ["valid", "unique", "novel", "wasserstein", "ratio_to_marginals", "frechet", "seconds", "cpu_seconds"]
    quality = [row for row in rows if row["part"] == "quality"]
    lines = [[row[name] for name in ("method", "seed", "steps", *columns)] for row in quality]
    speeds = [[row["method"], row["steps_a_second"]] for row in rows if row["part"] == "speed"]
    text = f"## The graph GAN of lab 4.2 (graph_gan.py)\n\n{report.made_by(rows)}\n\n"
    text += report.table([f"asked, after {STOP:,} steps", "on the worst seed", "holds"], bars(rows)) + "\n\n"
    if lines:
        text += report.table(["generator", "seed", "steps", *columns], lines) + "\n\n"
        enough = [row for row in quality if row["method"] == "graph GAN" and float(row["novel"]) >= 0.88]
        best = max((float(row["valid"]) for row in enough), default=0)
        text += f"Highest share of valid molecules where at least 0.88 of the distinct ones are new: {best:.2f}.\n\n"
    return text + (report.table(["loop", "generator steps a second"], speeds) if speeds else "")


def main(arguments=None):
    return benchmark.main(__doc__, PARTS, section, arguments)


if __name__ == "__main__":
    sys.exit(main())
