"""Chapter 3.3.2: secondary structure by model, by split and by input, and contacts, with several seeds.

    python benchmarks/protein_structure.py                    about 15 minutes
    python benchmarks/protein_structure.py --only profiles    one part

The seeds are 0, 1, 2 (profiles: 0 to 4); they choose split, first weights and order. Chains and settings are those of
the chapter, so seed 0 of `models` and `contacts` is what the chapter shows.

models    one chain of each family, split by family: three simple methods and three networks of about 24,000 weights
splits    the same test residues (half of those of one chain of each of the 16 families with several chains), 12,000
          training residues each, drawn from three nested pools: every residue that is not tested / those of chains
          that are not tested / of these the ones of other families. The 16 families are dealt to two halves, so that
          "other families" still has the proteins of the other half, and not ribosomal proteins above all
profiles  21 ribosomal proteins, six folds: one window network, of which only the input changes
contacts  top-L/5 precision of a network on pairs, against the frequency of contacts at each separation

The settings of `profiles` were tried on the same chains with the seeds 100 and 101, all inputs alike, and an earlier
trial with logistic regression had used nearly the same chains and the seeds 0, 1, 2: its chains are not unseen. Two
earlier versions of `splits` were given up after a look at their results: with random chains of random families the
gains said above all how many of those chains had relatives (look-up: 0.00 to 0.25 over six seeds); with the families of
one chain alone as "other families", four fifths of them were ribosomal. No setting of a method was changed with them.
"""

import functools
import sys
import time

import numpy as np
import report
from Bio.Align import substitution_matrices
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from course_utils import datasets, evaluation, proteins, setup

SEEDS, PROFILE_SEEDS = (0, 1, 2), (0, 1, 2, 3, 4)
EPOCHS, CONTACT_EPOCHS = 20, 4
N_SPLITS = 12_000  # residues to train on in each split
SPLITS = ("residues", "chains", "families")
QUALITY = ["score", "low", "high", "other_score", "helix", "strand", "coil", "gain", "gain_low", "gain_high"]
COST = ["parameters", "n_train", "n_test", "cpu_seconds"]
KEY = ["part", "setting", "method", "seed"]
benchmark = report.Benchmark(__file__, KEY, [*QUALITY, *COST], seeds=PROFILE_SEEDS, digits=5)


@functools.cache
def load_data():
    setup(seed=0)
    return datasets.load_protein_chains()


# --- the parts -------------------------------------------------------------------------------------------------------


def run_models(data, seed):
    train, test, networks = chapter_networks(data, seed)
    truth, chain = join(data.labels, test), chain_of(data, test)
    predictions = simple_methods(data, train, test) | {
        kind: (join_predictions(network, data, test), network.count_params(), cpu)
        for kind, (network, cpu) in networks.items()
    }
    for name, (found, parameters, cpu) in predictions.items():
        row = quality(data, truth, found, chain)
        save("models", "families", name, seed, row, parameters, residues(data, train), len(truth), cpu)


def run_splits(data, seed):
    """Three pools to train on, one set of residues to test on; the families that are tested are dealt to two halves."""
    rng = np.random.default_rng(seed)
    lengths = np.array([len(sequence) for sequence in data.sequences])
    chain = np.repeat(np.arange(len(lengths)), lengths)
    family, x = data.families[chain], np.concatenate([windows(sequence) for sequence in data.sequences])
    y = np.concatenate(data.labels)
    several = rng.permutation(np.flatnonzero(np.bincount(data.families) > 1))
    held_out = np.array([rng.choice(np.flatnonzero(data.families == one)) for one in several])
    is_test = np.isin(chain, held_out) & (rng.random(len(chain)) < 0.5)
    found, parameters, cpu = {}, {}, {}
    for half in (several[:8], several[8:]):
        tested = is_test & np.isin(family, half)
        others = ~np.isin(chain, held_out)
        pools = {"residues": ~is_test, "chains": others, "families": others & ~np.isin(family, half)}
        for split, pool in pools.items():
            rows = rng.choice(np.flatnonzero(pool), N_SPLITS, replace=False)
            answers = window_methods(x, y, rows, x[tested], seed)
            if split != "residues":  # this network reads whole chains
                whole = rng.permutation(np.unique(chain[pool]))
                whole = whole[np.cumsum(lengths[whole]) <= N_SPLITS]
                network, seconds = train_network(data, whole, "cnn", seed)
                everywhere, mine = np.zeros(len(chain), dtype=int), np.unique(chain[tested])
                everywhere[np.isin(chain, mine)] = join_predictions(network, data, mine)
                answers["cnn"] = everywhere[tested], network.count_params(), seconds
            for name, (answer, weights, seconds) in answers.items():
                found.setdefault((split, name), np.zeros(len(chain), dtype=int))[tested] = answer
                parameters[name], cpu[split, name] = weights, (cpu.get((split, name)) or 0) + (seconds or 0)
    truth, groups = y[is_test], family[is_test]
    for (split, name), answers in found.items():
        row = quality(data, truth, answers[is_test], chain[is_test], groups)
        if split != "families":
            row |= difference(truth, answers[is_test], found["families", name][is_test], groups)
        save("splits", split, name, seed, row, parameters[name], N_SPLITS, len(truth), cpu[split, name] or "")


def run_profiles(data, seed):
    """Six folds over 21 chains, each of its own family; the inputs see the same folds, first weights and order."""
    inputs, labels = profile_inputs(data)
    folds = np.random.default_rng(seed).permutation(len(labels)) % 6
    truth, found = np.concatenate(labels), {}
    groups = np.repeat(np.arange(len(labels)), [len(part) for part in labels])
    for name, x in inputs.items():
        cpu, answers = time.process_time(), [None] * len(labels)
        for fold in range(6):
            rows = np.flatnonzero(folds != fold)
            seen = [np.concatenate([values[i] for i in rows]) for values in (x, labels)]
            network = train_windows(*seen, 32, 1.0, seed)
            for i in np.flatnonzero(folds == fold):
                answers[i] = network.predict(x[i])
        found[name] = np.concatenate(answers), time.process_time() - cpu
    for name, (answers, cpu) in found.items():
        row = quality(None, truth, answers, groups)
        if name != "one-hot":
            row |= difference(truth, answers, found["one-hot"][0], groups)
        save("profiles", "families", name, seed, row, 273 * 32 + 32 + 32 * 3 + 3, "", len(truth), cpu)


def run_contacts(data, seed):
    import keras

    train, test, networks = chapter_networks(data, seed, kinds=("cnn",))
    cpu = time.process_time()
    everyone = np.concatenate([train, test])
    touching = {k: proteins.contact_map(data.beta_coordinates[k]) for k in everyone}
    found = proteins.predict_secondary_structure(networks["cnn"][0], [data.sequences[k] for k in everyone])
    local = dict(zip(everyone, found, strict=True))
    rng, x, y = np.random.default_rng(seed), [], []
    for k in train:
        i, j = np.triu_indices(len(touching[k]), 12)
        hits = touching[k][i, j]
        apart = rng.choice(np.flatnonzero(~hits), min(5 * hits.sum(), (~hits).sum()), replace=False)
        rows = np.concatenate([np.flatnonzero(hits), apart])
        x.append(pair_features(data.sequences[k], local[k], i[rows], j[rows]))
        y.append(hits[rows])
    keras.utils.set_random_seed(seed)
    layers = [keras.layers.Dense(64, "relu"), keras.layers.Dropout(0.3), keras.layers.Dense(32, "relu")]
    network = keras.Sequential([*layers, keras.layers.Dense(1, "sigmoid")])
    network.compile("adam", "binary_crossentropy")
    network.fit(np.concatenate(x), np.concatenate(y), epochs=CONTACT_EPOCHS, batch_size=512, verbose=0)
    edges = np.array([12, 14, 17, 21, 26, 33, 45, 70, 120])
    pairs, contacts = np.zeros(len(edges)), np.zeros(len(edges))
    for k in train:
        i, j = np.triu_indices(len(touching[k]), 12)
        at = np.searchsorted(edges, j - i, side="right") - 1
        pairs += np.bincount(at, minlength=len(edges))
        contacts += np.bincount(at, weights=touching[k][i, j], minlength=len(edges))
    precision = {"any pair": [], "separation": [], "network": []}
    for k in test:
        i, j = np.triu_indices(len(touching[k]), 12)
        scores = {name: np.zeros(touching[k].shape) for name in precision}
        scores["separation"][i, j] = (contacts / pairs)[np.searchsorted(edges, j - i, side="right") - 1]
        scores["network"][i, j] = np.asarray(network(pair_features(data.sequences[k], local[k], i, j)))[:, 0]
        for name in precision:
            precision[name].append(proteins.contact_precision(touching[k], scores[name]))
    precision = {name: np.array(values) for name, values in precision.items()}
    draws = np.random.default_rng(seed).integers(0, len(test), (1000, len(test)))
    for name, values in precision.items():
        row = mean_interval(values, draws) | {"other_score": float(values[~data.ribosome[test]].mean())}
        if name == "network":
            gain = mean_interval(values - precision["separation"], draws)
            row |= {"gain": gain["score"], "gain_low": gain["low"], "gain_high": gain["high"]}
        parameters = network.count_params() if name == "network" else ""
        save("contacts", "families", name, seed, row, parameters, len(train), len(test), time.process_time() - cpu)


RUN = {"models": run_models, "contacts": run_contacts, "profiles": run_profiles, "splits": run_splits}
LAST = {"models": "bilstm", "contacts": "network", "profiles": "profile", "splits": "cnn"}


def run_part(part):
    for seed in benchmark.wanted(PROFILE_SEEDS if part == "profiles" else SEEDS):
        if not benchmark.is_done(part, "families", LAST[part], seed):  # the row that is saved last
            RUN[part](load_data(), seed)


PARTS = {part: functools.partial(run_part, part) for part in RUN}


# --- methods ---------------------------------------------------------------------------------------------------------


def chapter_networks(data, seed, kinds=("window", "cnn", "bilstm")):
    """The chapter's split (one chain of each family; the LDL receptor is not trained on) and networks trained on it."""
    chosen = np.flatnonzero(data.representative)
    train, test = (chosen[rows] for rows in evaluation.group_split(data.families[chosen], test_size=0.3, seed=seed))
    train = train[data.families[train] != data.families[data.names.index("1AJJ_A")]]
    return train, test, {kind: train_network(data, train, kind, seed) for kind in kinds}


def train_network(data, rows, kind, seed):
    import keras

    keras.utils.set_random_seed(seed)
    network, cpu = proteins.secondary_structure_network(kind), time.process_time()
    sequences, labels = [data.sequences[i] for i in rows], [data.labels[i] for i in rows]
    proteins.train_secondary_structure(network, sequences, labels, epochs=EPOCHS, seed=seed)
    return network, time.process_time() - cpu


def windows(sequence, reach=6):
    padded = np.pad(proteins.encode(sequence), reach)
    seen = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    return np.eye(22, dtype=np.float32)[seen].reshape(len(sequence), -1)


def simple_methods(data, train, test):
    """Majority, propensity and logistic regression, as in the chapter."""
    states, counts = join(data.labels, train), np.zeros((20, 3))
    np.add.at(counts, (np.concatenate([proteins.encode(data.sequences[k]) for k in train]) - 1, states), 1)
    propensity = (counts / counts.sum(axis=1, keepdims=True)) / (counts.sum(axis=0) / counts.sum())
    smooth = []
    for k in test:
        scores = np.log(propensity)[proteins.encode(data.sequences[k]) - 1]
        smooth.append(np.stack([np.convolve(s, np.ones(9) / 9, "same") for s in scores.T], axis=1).argmax(axis=1))
    cpu = time.process_time()
    logistic = LogisticRegression(C=0.05, max_iter=60, tol=1e-3)
    logistic.fit(np.concatenate([windows(data.sequences[k]) for k in train]), states)
    found = logistic.predict(np.concatenate([windows(data.sequences[k]) for k in test]))
    return {
        "majority": (np.full(len(found), np.bincount(states).argmax()), "", ""),
        "propensity": (np.concatenate(smooth), 60, ""),
        "logistic": (found, logistic.coef_.size + 3, time.process_time() - cpu),
    }


def window_methods(x, y, rows, x_test, seed):
    """What can be trained on scattered residues: each sees a window of 13."""
    cpu = time.process_time()
    logistic = LogisticRegression(C=0.05, max_iter=60, tol=1e-3).fit(x[rows], y[rows])
    middle = time.process_time()
    window = train_windows(x[rows], y[rows], 82, 1e-3, seed)
    parameters = sum(w.size for w in window.coefs_ + window.intercepts_)
    return {
        "majority": (np.full(len(x_test), np.bincount(y[rows]).argmax()), "", ""),
        "look-up": (look_up(x[rows], y[rows], x_test), "", ""),
        "logistic": (logistic.predict(x_test), logistic.coef_.size + 3, middle - cpu),
        "window": (window.predict(x_test), parameters, time.process_time() - middle),
    }


def look_up(x, y, x_test):
    """The state of the training window with the most residues in common: nothing is learned."""
    found = [y[(part @ x.T).argmax(axis=1)] for part in np.array_split(x_test, max(1, len(x_test) // 500))]
    return np.concatenate(found)


def profile_inputs(data):
    """Windows of 13 positions, each of 20 numbers and a mark beyond the ends, for three ways to describe a position."""
    profiles = datasets.load_protein_profiles()
    matrix = substitution_matrices.load("BLOSUM62")
    blosum = np.array([[matrix[a][b] for b in proteins.AMINO_ACIDS] for a in proteins.AMINO_ACIDS])
    everything = np.concatenate([proteins.encode(sequence) for sequence in data.sequences])
    frequency = np.bincount(everything, minlength=21)[1:21] / len(everything)
    inputs, labels = {"one-hot": [], "BLOSUM62 row": [], "profile": []}, []
    for name, profile, aligned in zip(profiles.names, profiles.profiles, profiles.aligned, strict=True):
        k = data.names.index(name)
        codes = proteins.encode(data.sequences[k]) - 1
        rows = blosum[codes] / 4
        relatives = rows.copy()
        relatives[aligned] = np.log2(np.maximum(profile[aligned], 0.001) / frequency) / 2
        for kind, numbers in zip(inputs, (np.eye(20)[codes], rows, relatives), strict=True):
            inputs[kind].append(position_windows(numbers))
        labels.append(data.labels[k])
    return inputs, labels


def position_windows(numbers, reach=6):
    padded = np.pad(numbers, ((reach, reach), (0, 1)))
    padded[:reach, -1] = padded[-reach:, -1] = 1
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=0).reshape(len(numbers), -1)


def train_windows(x, y, width, penalty, seed):
    """A window network on rows that hold a whole window each: one hidden layer, Adam, every pass over all rows."""
    network = MLPClassifier((width,), alpha=penalty, batch_size=64, random_state=seed)
    for _ in range(EPOCHS):
        network.partial_fit(x, y, classes=range(3))
    return network


def pair_features(sequence, local, i, j):
    around = np.lib.stride_tricks.sliding_window_view(np.pad(local, ((3, 3), (0, 0))), 7, axis=0)
    residue = np.concatenate([around.reshape(len(sequence), -1), np.eye(22)[proteins.encode(sequence)]], axis=1)
    n = len(sequence)
    place = np.stack([np.log((j - i) / 12), (j - i) / n, np.full(len(i), np.log(n / 150))], axis=1)
    return np.concatenate([residue[i] + residue[j], residue[i] * residue[j], place], axis=1).astype(np.float32)


# --- scores and rows -------------------------------------------------------------------------------------------------


def join(values, rows):
    return np.concatenate([values[k] for k in rows])


def chain_of(data, rows):
    return np.repeat(rows, [len(data.sequences[k]) for k in rows])


def residues(data, rows):
    return sum(len(data.sequences[k]) for k in rows)


def join_predictions(network, data, rows):
    found = proteins.predict_secondary_structure(network, [data.sequences[k] for k in rows])
    return np.concatenate(found).argmax(axis=1)


def share(_, right):
    return float(np.mean(right))


def quality(data, truth, found, chain, groups=None):
    """Q3 with its interval over chains (or `groups`), without the ribosome, and the recall of each state."""
    right = (truth == found).astype(int)
    interval = evaluation.bootstrap_interval(share, right, right, groups=chain if groups is None else groups)
    row = {"score": interval.estimate, "low": interval.low, "high": interval.high}
    row |= dict(zip(proteins.STATES, proteins.recall_per_class(truth, found).tolist(), strict=True))
    if data is not None:
        row["other_score"] = float(np.mean(right[~data.ribosome[chain]]))
    return row


def difference(truth, found, other, groups):
    right = [(truth == answer).astype(int) for answer in (found, other)]
    gain = evaluation.bootstrap_difference(share, right[0], *right, groups=groups)
    return {"gain": gain.estimate, "gain_low": gain.low, "gain_high": gain.high}


def mean_interval(values, draws):
    low, high = np.quantile(values[draws].mean(axis=1), [0.025, 0.975])
    return {"score": float(values.mean()), "low": float(low), "high": float(high)}


def save(part, setting, method, seed, row, parameters, n_train, n_test, cpu):
    row = row | {"parameters": parameters, "n_train": n_train, "n_test": n_test, "cpu_seconds": cpu}
    benchmark.save(part, setting, method, seed, row=row)


def section():
    rows = benchmark.rows()

    def mean(part, setting, method, column):
        values = [
            float(row[column])
            for row in rows
            if (row["part"], row["setting"], row["method"]) == (part, setting, method) and row[column]
        ]
        return f"{np.mean(values):.3f}" if values else ""

    def methods(part):
        return list(dict.fromkeys(row["method"] for row in rows if row["part"] == part))

    def seeds(part, setting, method, column="score"):
        found = [row for row in rows if (row["part"], row["setting"], row["method"]) == (part, setting, method)]
        return " / ".join(f"{float(row[column]):.3f}" for row in found if row[column])

    def gains(part, setting, method):
        found = [row for row in rows if (row["part"], row["setting"], row["method"]) == (part, setting, method)]
        return " / ".join(
            f"{float(row['gain']):+.3f} [{float(row['gain_low']):+.3f}, {float(row['gain_high']):+.3f}]"
            for row in found
            if row["gain"]
        )

    columns = ("score", "other_score", *proteins.STATES)
    parameters = {(row["part"], row["method"]): row["parameters"] for row in rows}
    models = [
        [method, parameters["models", method], *(mean("models", "families", method, c) for c in columns)]
        + [seeds("models", "families", method)]
        for method in methods("models")
    ]
    splits = [
        [method, parameters["splits", method], *(mean("splits", split, method, "score") for split in SPLITS)]
        + [mean("splits", split, method, "other_score") for split in SPLITS]
        for method in methods("splits")
    ]
    leaks = [
        [split, method, gains("splits", split, method)]
        for split in SPLITS[:2]
        for method in methods("splits")
        if gains("splits", split, method) and method != "majority"
    ]
    profiles = [
        [method, mean("profiles", "families", method, "score"), seeds("profiles", "families", method)]
        + [gains("profiles", "families", method)]
        for method in methods("profiles")
    ]
    contacts = [
        [method, *(mean("contacts", "families", method, c) for c in ("score", "other_score"))]
        + [seeds("contacts", "families", method), gains("contacts", "families", method)]
        for method in methods("contacts")
    ]
    return f"""## Chapter 3.3.2: protein structure (protein_structure.py)

Q3 is the share of residues whose state (helix, strand, coil) is right; means over the seeds 0, 1, 2 (of
profiles: 0 to 4), then each seed. Another seed is another split. Intervals: 95 %, drawn by chain, or by family where
relatives are tested.

### By model: one chain of each family, split by family

{report.table(["method", "weights", "Q3", "Q3 without ribosome", "helix", "strand", "coil", "each seed"], models)}

### By split: the same test residues, equally many training residues

Tested: half of the residues of one chain of each of the 16 families that have several. 12,000 training residues are
drawn from everything else (residues), from other chains (chains), or from chains of other families (families). Look-up:
the state of the training window of 13 with most residues in common. The network that reads whole chains (cnn) was not
trained on scattered residues.

{
        report.table(
            ["method", "weights", *SPLITS, *(f"{split}, without ribosome" for split in SPLITS)],
            splits,
        )
    }

Gain over the split by family, on the same residues, each seed with its interval over families:

{report.table(["split", "method", "gain in Q3"], leaks)}

### By input: 21 ribosomal proteins, six folds, one window network

The profile says what some 1,470 relatives have at each position; a row of BLOSUM62 describes the residue itself as
smoothly, and knows nothing of the family. Gain over one-hot, interval over the 21 families.

{report.table(["input", "Q3", "each seed", "gain, each seed"], profiles)}

### Contacts (C-beta atoms below 8 Å, at least 12 positions apart): top-L/5 precision

{report.table(["method", "precision", "without ribosome", "each seed", "gain over separation, each seed"], contacts)}

{report.made_by(rows)}
"""


def main(arguments=None):
    return benchmark.main(__doc__, PARTS, section, arguments)


if __name__ == "__main__":
    sys.exit(main())
