"""The network of lab 4.3 on the Qian-Sejnowski chains: its recipe chosen by cross-validation, then three seeds.

    python benchmarks/secondary_structure.py              about 20 minutes
    python benchmarks/secondary_structure.py --only cv    one part

The recipes are declared here. Each is judged by five-fold cross-validation on the 111 training chains, where related
chains stand in one fold. Recipes that were pretrained saw chains of the Protein Data Bank first, without the relatives
of any Qian-Sejnowski chain. Then the test: the recipe with the highest Q3 in each of three groups (plain networks,
those with a summary of the whole chain, pretrained ones), and no other, is trained on all 111 chains and tested on the
17 test chains, with three seeds and as the average of the three. The results are reported whatever they are.
"""

import functools
import os
import sys
import time

import numpy as np
import report
from Bio import Align
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import GroupKFold

from course_utils import datasets, evaluation, proteins, setup

RECIPES = {  # how the network is built, and how it is trained
    "cnn": ({"kind": "cnn"}, {"epochs": 30, "batch_size": 8, "learning_rate": 2e-3}),
    "bilstm": ({"kind": "bilstm"}, {"epochs": 30, "batch_size": 8, "learning_rate": 3e-3}),
    "wide": ({"rate": 0.0}, {"epochs": 40, "batch_size": 8, "learning_rate": 2e-3}),
    "wide, substitutions 0.15": ({"rate": 0.15}, {"epochs": 40, "batch_size": 8, "learning_rate": 2e-3}),
    "wide, substitutions 0.3": ({"rate": 0.3}, {"epochs": 40, "batch_size": 8, "learning_rate": 2e-3}),
    "three layers, substitutions 0.3": (
        {"rate": 0.3, "windows": (9, 7, 7)},
        {"epochs": 40, "batch_size": 8, "learning_rate": 2e-3},
    ),
    "cnn, width 48, dropout 0.4": (
        {"kind": "cnn", "width": 48, "dropout": 0.4},
        {"epochs": 40, "batch_size": 8, "learning_rate": 2e-3},
    ),
    "cnn, width 64, dropout 0.5": (
        {"kind": "cnn", "width": 64, "dropout": 0.5},
        {"epochs": 40, "batch_size": 8, "learning_rate": 2e-3},
    ),
    "cnn, width 96, dropout 0.5": (
        {"kind": "cnn", "width": 96, "dropout": 0.5},
        {"epochs": 40, "batch_size": 8, "learning_rate": 2e-3},
    ),
    "narrow, substitutions 0.15": (
        {"width": 32, "windows": (9, 9, 9), "dropout": 0.3, "rate": 0.15},
        {"epochs": 30, "batch_size": 8, "learning_rate": 2e-3},
    ),
    "middle, substitutions 0.3": (
        {"width": 64, "windows": (9, 9, 9), "dropout": 0.4, "rate": 0.3},
        {"epochs": 40, "batch_size": 8, "learning_rate": 2e-3},
    ),
}
CONTEXT = {"kind": "cnn", "width": 64, "dropout": 0.5, "context": 8}
LONG = {"epochs": 40, "batch_size": 8, "learning_rate": 2e-3}
SHORT = {"epochs": 20, "batch_size": 8, "learning_rate": 1e-3}
RECIPES |= {  # a third entry: how the network is trained before, on chains of the Protein Data Bank
    "context": (CONTEXT, LONG),
    "pretrained": ({**CONTEXT, "context": 0}, SHORT, LONG),
    "context, pretrained": (CONTEXT, SHORT, LONG),
    "context, pretrained, width 96": ({**CONTEXT, "width": 96}, SHORT, LONG),
    "context, pretrained, 40 more epochs": (CONTEXT, LONG, LONG),
}
CV_SEED = 0
FOLDS = 5
TEST_SEEDS = (0, 1, 2)

QUALITY = ["q3", "q3_low", "q3_high", "fold_min", "fold_max", "train_q3", "helix", "strand", "coil", "q3_unrelated"]
COST = ["parameters", "wall_seconds", "cpu_seconds", "note"]
benchmark = report.Benchmark(__file__, ["part", "recipe", "seed"], [*QUALITY, *COST])


@functools.cache
def load_data():
    setup(seed=0)
    return datasets.load_qian_sejnowski()


# --- the parts -------------------------------------------------------------------------------------------------------


def run_cv():
    """Five-fold cross-validation on the training chains; related chains stand in one fold."""
    data = load_data()
    folds = balanced_folds(related_groups(data.train_sequences), [len(s) for s in data.train_sequences])
    for name in benchmark.options.recipes:
        if not benchmark.is_done("cv", name, CV_SEED):
            cross_validate(data, folds, name, CV_SEED)
    for name in chosen():  # does an average of several networks gain?
        averaged = f"{name}, 3 seeds averaged"
        if not benchmark.is_done("cv, averaged", averaged, TEST_SEEDS):
            outputs = [cross_validate(data, folds, name, seed) for seed in TEST_SEEDS]
            means = [np.mean(parts, axis=0).argmax(axis=1) for parts in zip(*outputs, strict=True)]
            benchmark.save("cv, averaged", averaged, TEST_SEEDS, row=quality(data.train_labels, means))


def cross_validate(data, folds, name, seed):
    """Save the row of one recipe and seed; return the output for each chain, from the networks that did not see it."""
    outputs, trained, seconds = [None] * len(folds), [], []
    for fold in range(FOLDS):
        inside, outside = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        model, spent = train(name, data.train_sequences, data.train_labels, inside, seed)
        seconds.append(spent)
        known = [output.argmax(axis=1) for output in predict(model, data.train_sequences, inside)]
        trained.append(q3(data.train_labels, known, inside))
        for row, output in zip(outside, predict(model, data.train_sequences, outside), strict=True):
            outputs[row] = output
    predictions = [output.argmax(axis=1) for output in outputs]
    per_fold = [q3(data.train_labels, [predictions[i] for i in rows], rows) for rows in rows_of(folds)]
    row = quality(data.train_labels, predictions)
    row |= {"fold_min": min(per_fold), "fold_max": max(per_fold), "train_q3": float(np.mean(trained))}
    row |= {name: float(np.mean([spent[name] for spent in seconds])) for name in seconds[0]}
    row |= {"parameters": model.count_params(), "note": "mean of the folds' seconds"}
    benchmark.save("cv" if seed == CV_SEED else "cv, averaged", name, seed, row=row)
    return outputs


def run_test():
    """The recipe of each group with the highest Q3 in the cross-validation, on the test chains."""
    data = load_data()
    for name in chosen():
        if not all(benchmark.is_done("test", name, seed) for seed in TEST_SEEDS):
            run_test_of(data, name)
    coil = [np.full(len(y), 2) for y in data.test_labels]
    benchmark.save("test", "always coil", "-", row=quality(data.test_labels, coil, data))


def run_test_of(data, name):
    rows = np.arange(len(data.train_sequences))
    outputs = {}
    for seed in TEST_SEEDS:
        model, seconds = train(name, data.train_sequences, data.train_labels, rows, seed)
        outputs[seed] = proteins.predict_secondary_structure(model, data.test_sequences)
        row = quality(data.test_labels, [output.argmax(axis=1) for output in outputs[seed]], data)
        if hasattr(os, "getloadavg"):
            row["note"] = f"load {os.getloadavg()[0]:.1f}"
        benchmark.save("test", name, seed, row=row | seconds | {"parameters": model.count_params()})
    averaged = [np.mean(parts, axis=0).argmax(axis=1) for parts in zip(*outputs.values(), strict=True)]
    benchmark.save("test", f"{name}, 3 seeds averaged", TEST_SEEDS, row=quality(data.test_labels, averaged, data))


PARTS = {"cv": run_cv, "test": run_test}


def group(name):
    network, _, *before = RECIPES[name]
    return "pretrained" if before else "context" if network.get("context") else "plain"


def chosen():
    """The recipe of each group with the highest Q3 in the cross-validation, which must be complete."""
    rows = {row["recipe"]: float(row["q3"]) for row in benchmark.rows() if row["part"] == "cv"}
    if missing := set(RECIPES) - set(rows):
        raise SystemExit(f"the cross-validation of {', '.join(sorted(missing))} is missing: run --only cv")
    groups = dict.fromkeys(map(group, RECIPES))
    return [max((name for name in RECIPES if group(name) == which), key=rows.get) for which in groups]


# --- training and measuring ------------------------------------------------------------------------------------------


def train(name, sequences, labels, rows, seed):
    import keras

    network, training, *before = RECIPES[name]
    keras.utils.set_random_seed(seed)
    build = proteins.secondary_structure_network if "kind" in network else substituting_network
    model = build(**network)
    seconds = pretrain(model, network, seed, *before)
    if before:
        keras.utils.set_random_seed(seed)  # the same dropout whether the weights were fetched or made
    chosen_sequences, chosen_labels = [sequences[i] for i in rows], [labels[i] for i in rows]
    wall, cpu = time.perf_counter(), time.process_time()
    proteins.train_secondary_structure(model, chosen_sequences, chosen_labels, seed=seed, **training)
    seconds = seconds + [time.perf_counter() - wall, time.process_time() - cpu]
    return model, dict(zip(("wall_seconds", "cpu_seconds"), seconds.tolist(), strict=True))


_pretrained = {}


def pretrain(model, network, seed, *before):
    """Train on the other chains, or fetch the weights that this gave earlier; return the seconds that it took."""
    if not before:
        return np.zeros(2)
    key = (str(network), str(before), seed)
    if key not in _pretrained:
        sequences, labels = other_chains()
        wall, cpu = time.perf_counter(), time.process_time()
        for training in before:
            proteins.train_secondary_structure(model, sequences, labels, seed=seed, **training)
        seconds = np.array([time.perf_counter() - wall, time.process_time() - cpu])
        _pretrained[key] = model.get_weights(), seconds
    weights, seconds = _pretrained[key]
    model.set_weights(weights)
    return seconds


def predict(model, sequences, rows):
    return proteins.predict_secondary_structure(model, [sequences[i] for i in rows])


def q3(labels, predictions, rows):
    return proteins.q3(np.concatenate([labels[i] for i in rows]), np.concatenate(predictions))


def quality(labels, predictions, data=None):
    """Q3 with its interval over chains, the recall of each state, and Q3 without test chains that have a relative."""
    true, predicted = np.concatenate(labels), np.concatenate(predictions)
    chains = np.repeat(np.arange(len(labels)), [len(y) for y in labels])
    right = (true == predicted).astype(int)
    interval = evaluation.bootstrap_interval(lambda y, s: float(np.mean(y)), right, right, groups=chains)
    recall = proteins.recall_per_class(true, predicted)
    row = {"q3": interval.estimate, "q3_low": interval.low, "q3_high": interval.high}
    row |= dict(zip(proteins.STATES, recall.tolist(), strict=True))
    if data is not None:
        alone = [not any(related(test, train) for train in data.train_sequences) for test in data.test_sequences]
        row["q3_unrelated"] = float(np.mean(right[np.array(alone)[chains]]))
    return row


# --- the idea that failed: training on chains with some residues replaced -------------------------------------------

CODES = len(proteins.AMINO_ACIDS) + 2  # 0 for padding, the amino acids, and the last for X
UNKNOWN = CODES - 1


def substitution_probabilities():
    """How likely each amino acid is to be replaced by each other one, read off BLOSUM62: an array (20, 20).

    A score of S half-bits means that the pair stands in related proteins 2 ** (S / 2) times as often as chance would
    put it there (Henikoff and Henikoff 1992, https://doi.org/10.1073/pnas.89.22.10915). The probability of a
    replacement is taken in proportion to that, with all amino acids equally common.
    """
    matrix = Align.substitution_matrices.load("BLOSUM62")
    odds = np.array([[2 ** (matrix[a][b] / 2) for b in proteins.AMINO_ACIDS] for a in proteins.AMINO_ACIDS])
    np.fill_diagonal(odds, 0)
    return odds / odds.sum(axis=1, keepdims=True)


def substituting_network(width=128, windows=(11, 9), dropout=0.5, rate=0.3):
    """Build a convolutional network that, while it is trained, sees chains with a share `rate` of residues replaced.

    A residue is replaced by an amino acid that evolution often puts in its place: what a relative of the protein might
    look like, with the same labels. When the network predicts, nothing is replaced. Padding never reaches a prediction.
    """
    import keras
    from keras import layers, ops

    # rows for padding and X are never used: these codes stay as they are
    logits = np.full((CODES, len(proteins.AMINO_ACIDS)), 0.0, dtype="float32")
    logits[1:-1] = np.log(substitution_probabilities() + 1e-9)

    class Substitute(layers.Layer):
        def __init__(self):
            super().__init__()
            self.seed_generator = keras.random.SeedGenerator()

        def call(self, codes, training=None):
            if not training or rate == 0:
                return codes
            rows = ops.reshape(ops.take(logits, codes, axis=0), (-1, len(proteins.AMINO_ACIDS)))
            drawn = keras.random.categorical(rows, 1, dtype="int32", seed=self.seed_generator)
            drawn = ops.reshape(drawn, ops.shape(codes)) + 1
            chosen = keras.random.uniform(ops.shape(codes), seed=self.seed_generator) < rate
            known = ops.logical_and(codes != proteins.PADDING, codes != UNKNOWN)
            return ops.where(ops.logical_and(chosen, known), drawn, codes)

    codes = keras.Input((None,), dtype="int32")
    mask = ops.expand_dims(ops.cast(ops.not_equal(codes, proteins.PADDING), "float32"), -1)
    x = ops.one_hot(Substitute()(codes), CODES)[..., 1:UNKNOWN]
    for window in windows:
        x = layers.Conv1D(width, window, padding="same", activation="relu")(x) * mask
        x = layers.Dropout(dropout)(x)
    return keras.Model(codes, layers.Dense(len(proteins.STATES), activation="softmax")(x), name="substituting")


# --- which chains are related ----------------------------------------------------------------------------------------

aligner = Align.PairwiseAligner("blastp", mode="local")


def related(a, b):
    """Do 30 % of the letters agree in a local alignment over at least 40 % of the shorter chain, with a score of 60?"""
    if aligner.score(a, b) < 60:
        return False
    counts = aligner.align(a, b)[0].counts()
    aligned = counts.identities + counts.mismatches
    return counts.identities >= 0.3 * (aligned + counts.gaps) and aligned >= 0.4 * min(len(a), len(b))


@functools.cache
def other_chains():
    """Sequences and labels of the Protein Data Bank's chains, without relatives of any Qian-Sejnowski chain."""
    qian, pdb = datasets.load_qian_sejnowski(), datasets.load_protein_chains()
    known = [*qian.train_sequences, *qian.test_sequences]
    rows = [i for i, a in enumerate(pdb.sequences) if max(aligner.score(a, b) for b in known) < 60]
    return [pdb.sequences[i] for i in rows], [pdb.labels[i] for i in rows]


def related_groups(sequences):
    """One number for all chains that are related, directly or through others."""
    pairs = [[j < i and related(a, sequences[j]) for j in range(len(sequences))] for i, a in enumerate(sequences)]
    return connected_components(np.array(pairs), directed=False)[1]


def balanced_folds(groups, lengths):
    """The fold of each chain: groups stay together, and the folds hold about equally many residues."""
    chain_of_residue = np.repeat(np.arange(len(groups)), lengths)
    folds = np.empty(len(groups), dtype=int)
    # Numbered backwards: of groups with equally many residues the splitter then deals the first one first.
    splits = GroupKFold(FOLDS).split(chain_of_residue, groups=-groups[chain_of_residue])
    for fold, (_, residues) in enumerate(splits):
        folds[chain_of_residue[residues]] = fold
    return folds


def rows_of(folds):
    return [np.flatnonzero(folds == fold) for fold in range(FOLDS)]


# --- rows and tables -------------------------------------------------------------------------------------------------


INTRODUCTION = """## Lab 4.3: secondary structure on the Qian-Sejnowski chains (secondary_structure.py)

Q3: share of the residues whose state (helix, strand, coil) is right; intervals are 95 % bootstrap intervals over
chains. Qian and Sejnowski (1988) published 0.643 on these 17 test chains; "always coil" has COIL. Recipes were judged
by cross-validation on the 111 training chains alone, with related chains in one fold. The test chains were used three
times, each time for the best recipe of a group: plain networks first (which stayed below 0.645, as was known when the
two other ideas were tried); then networks that know the whole chain, and networks that had learned from other proteins
before, none of them related to a Qian-Sejnowski chain. Two other recipes (a small convolutional network and a BiLSTM)
had been seen on the test chains in an earlier trial. "Unrelated": the test chains without a training chain of 30 %
identity."""


def section():
    rows = benchmark.rows()
    coil = [shown(row, "q3") for row in rows if row["recipe"] == "always coil"]
    text = [INTRODUCTION.replace("COIL", coil[0] if coil else "?")]
    cv = [row for row in rows if row["part"] == "cv"]
    more = [row for row in rows if row["part"] == "cv, averaged"]
    test = [row for row in rows if row["part"] == "test"]
    if cv:
        lines = [
            [
                row["recipe"],
                f"{int(row['parameters']):,}",
                *(shown(row, name) for name in ("q3", "fold_min", "fold_max")),
            ]
            + [shown(row, "train_q3"), f"{float(row['cpu_seconds']):.0f}"]
            for row in sorted(cv, key=lambda row: -float(row["q3"]))
        ]
        header = [
            "recipe",
            "parameters",
            "Q3",
            "lowest fold",
            "highest fold",
            "Q3 on its training folds",
            "CPU seconds a fit",
        ]
        text += ["### Cross-validation on the training chains", report.made_by(cv), report.table(header, lines)]
    if more:
        lines = [
            [row["recipe"], row["seed"], f"{shown(row, 'q3')} [{shown(row, 'q3_low')}, {shown(row, 'q3_high')}]"]
            for row in more
        ]
        text += ["The chosen recipes with more seeds, and the average of three networks:", report.made_by(more)]
        text += [report.table(["recipe", "seed", "Q3"], lines)]
    if test:
        lines = [
            [row["recipe"], row["seed"], f"{shown(row, 'q3')} [{shown(row, 'q3_low')}, {shown(row, 'q3_high')}]"]
            + [shown(row, name) for name in ("q3_unrelated", *proteins.STATES)]
            + [f"{float(row[name]):.0f}" if row[name] else "" for name in ("wall_seconds", "cpu_seconds")]
            + [row["note"]]
            for row in test
        ]
        header = [
            "recipe",
            "seed",
            "Q3",
            "unrelated",
            "helix",
            "strand",
            "coil",
            "wall seconds",
            "CPU seconds",
            "machine",
        ]
        text += ["### Test chains", report.made_by(test), report.table(header, lines)]
        text += ["The aim: a mean of three seeds of at least 0.645, and an average of the three above it."]
        text += [
            "\n".join(f"- {name}: {met(test, name)}" for name in RECIPES if any(r["recipe"] == name for r in test))
        ]
    return "\n\n".join(text)


def met(test, name):
    mean = np.mean([float(row["q3"]) for row in test if row["recipe"] == name])
    averaged = next(float(row["q3"]) for row in test if row["recipe"] == f"{name}, 3 seeds averaged")
    return (
        f"mean {mean:.4f}, {report.yes(mean >= 0.645)}; average of the three {averaged:.4f}, "
        f"{report.yes(averaged > mean)}"
    )


def shown(row, name):
    return f"{float(row[name]):.3f}" if row[name] else ""


def main(arguments=None):
    return benchmark.main(__doc__, PARTS, section, arguments, recipes=RECIPES)


if __name__ == "__main__":
    sys.exit(main())
