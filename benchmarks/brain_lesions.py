"""What can be learned from the simulated brain lesions, and what a wrong split pretends.

    python benchmarks/brain_lesions.py                        about 15 minutes on one core
    python benchmarks/brain_lesions.py --seeds 7 8 --dry-run  other patients, other splits, other initial weights

Each seed draws new patients and trains four networks: with and without lesions, each under a split by patient and under
a split by slice. Seeds 10 to 14 were not looked at while the simulator was adjusted (0, 1, and 100 to 103 were).
"""

import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["TF_NUM_INTRAOP_THREADS"] = "1"  # one core, so that CPU seconds can be compared

import numpy as np
import report
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from course_utils import datasets, images
from course_utils.evaluation import bootstrap_interval, group_split, roc_auc

SEEDS = (10, 11, 12, 13, 14)
benchmark = report.Benchmark(__file__, ["seed"], seeds=SEEDS, digits=4)
TEST_SIZE = {True: 0.3, False: 0.4}  # share of the 250 patients; without lesions 100 patients, for a narrow interval
EPOCHS = 14
BATCH_SIZE = 32
WIDTH = 12


def standardise(slices):
    """Give every slice mean 0 and standard deviation 1, and add the channel that the network expects."""
    mean = slices.mean(axis=(1, 2), keepdims=True)
    return ((slices - mean) / slices.std(axis=(1, 2), keepdims=True))[..., None]


def train_network(x, y, seed, momentum=0.99):
    """Train on the slices `x` with labels `y`; `momentum` is that of batch normalisation.

    Returns the network and the seconds (CPU, wall).
    """
    import keras

    keras.utils.set_random_seed(seed)
    network = images.small_cnn(x.shape[1:], width=WIDTH, momentum=momentum)
    steps = EPOCHS * int(np.ceil(len(x) / BATCH_SIZE))
    network.compile(
        keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(2e-3, steps), weight_decay=1e-2),
        "binary_crossentropy",
    )
    cpu, wall = time.process_time(), time.perf_counter()
    network.fit(x, y, batch_size=BATCH_SIZE, epochs=EPOCHS, verbose=0)
    return network, (time.process_time() - cpu, time.perf_counter() - wall)


def intensity_baseline(slices, labels, train, test):
    """Score the test slices by logistic regression on ten numbers: mean, standard deviation and eight percentiles."""
    pixels = slices.reshape(len(slices), -1)
    percentiles = np.percentile(pixels, [1, 5, 25, 50, 75, 90, 95, 99], axis=1)
    features = np.column_stack([pixels.mean(axis=1), pixels.std(axis=1), *percentiles])
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    return model.fit(features[train], labels[train]).decision_function(features[test])


def patient_auc(labels, scores, patients):
    """AUC over patients, each scored by the mean over the slices."""
    ids = np.unique(patients)
    return roc_auc(
        [labels[patients == patient][0] for patient in ids], [scores[patients == patient].mean() for patient in ids]
    )


def run(seed):
    """Measure everything for one seed. Returns a row of the results."""
    row = {}
    for name, lesions in (("", True), ("null_", False)):
        cpu = time.process_time()
        data = datasets.load_brain_lesions(lesions=lesions, seed=seed)
        row[f"{name}generation_cpu_seconds"] = time.process_time() - cpu
        x, y, patients = standardise(data.images), data.labels, data.patients

        train, test = group_split(patients, TEST_SIZE[lesions], seed=seed, labels=y)
        network, seconds = train_network(x[train], y[train], seed)
        scores = network.predict(x[test], verbose=0)[:, 0]
        interval = bootstrap_interval(roc_auc, y[test], scores, groups=patients[test], seed=seed)
        row[f"{name}patient_split_slice_auc"] = interval.estimate
        row[f"{name}patient_split_slice_auc_low"] = interval.low
        row[f"{name}patient_split_slice_auc_high"] = interval.high
        if lesions:
            row["parameters"] = network.count_params()
            row["training_cpu_seconds"], row["training_wall_seconds"] = seconds
            row["visible_share"] = data.visible[y == 1].mean()
            row["patient_split_patient_auc"] = patient_auc(y[test], scores, patients[test])
            shown = (y[test] == 0) | data.visible[test]
            row["patient_split_visible_slice_auc"] = roc_auc(y[test][shown], scores[shown])
            baseline = intensity_baseline(data.images, y, train, test)
            row["baseline_slice_auc"] = roc_auc(y[test], baseline)
            row["baseline_patient_auc"] = patient_auc(y[test], baseline, patients[test])

        # The mistake: slices of one patient on both sides.
        train, test = train_test_split(np.arange(len(y)), test_size=TEST_SIZE[lesions], random_state=seed, stratify=y)
        network, _ = train_network(x[train], y[train], seed)
        row[f"{name}slice_split_slice_auc"] = roc_auc(y[test], network.predict(x[test], verbose=0)[:, 0])
    row["gap"] = row["slice_split_slice_auc"] - row["patient_split_slice_auc"]
    return row


def run_seeds():
    for seed in benchmark.wanted(SEEDS):
        if not benchmark.is_done(seed):
            benchmark.save(seed, row=run(seed))


PARTS = {"seeds": run_seeds}


def summary(rows):
    """Say for each aim whether the rows meet it. Returns lines of text."""
    names = [name for name in rows[0] if name not in report.ORIGIN]
    column = {name: np.array([row[name] for row in rows], dtype=float) for name in names}
    patient = column["patient_split_patient_auc"]
    above_baseline = (patient - column["baseline_patient_auc"]).min()
    gap, null = column["gap"].mean(), column["null_slice_split_slice_auc"].min()
    low, high = column["null_patient_split_slice_auc_low"], column["null_patient_split_slice_auc_high"]
    exceptions = ((low > 0.5) | (high < 0.5)).sum()
    parameters = column["parameters"].max()
    training, generation = column["training_cpu_seconds"].max(), column["generation_cpu_seconds"].max()
    aims = [
        ("patient-mean AUC at least 0.80 on every seed", f"{patient.min():.2f}", patient.min() >= 0.80),
        ("mean patient-mean AUC 0.88 to 0.97", f"{patient.mean():.2f}", 0.88 <= patient.mean() <= 0.97),
        ("above the baseline by 0.15 on every seed", f"{above_baseline:.2f}", above_baseline >= 0.15),
        ("slice split above patient split by 0.05 on the mean", f"{gap:.2f}", gap >= 0.05),
        ("no lesions: slice split above 0.58 on every seed", f"{null:.2f}", null > 0.58),
        ("no lesions: at most one interval of the patient split without 0.5", exceptions, exceptions <= 1),
        ("parameters at most 100,000", f"{parameters:,.0f}", parameters <= 100_000),
        ("training below 45 CPU seconds", f"{training:.0f}", training < 45),
        ("simulation below 6 CPU seconds", f"{generation:.1f}", generation < 6),
    ]
    return [f"- {aim}: {value}, {report.yes(met)}" for aim, value, met in aims]


def section():
    """Return this benchmark's section of RESULTS.md."""
    rows = benchmark.rows()
    header = ["seed", "patients: mean AUC", "baseline", "slices, patient split", "slices, slice split", "gap"]
    header += ["no lesions: slice split", "no lesions: patient split", "training CPU s", "simulation CPU s"]
    table = []
    for row in rows:
        number = {name: float(value) for name, value in row.items() if name not in report.ORIGIN}
        null = "{:.2f} [{:.2f}, {:.2f}]".format(
            *(number[f"null_patient_split_slice_auc{end}"] for end in ("", "_low", "_high"))
        )
        shown = ["patient_split_patient_auc", "baseline_patient_auc", "patient_split_slice_auc"]
        shown += ["slice_split_slice_auc", "gap", "null_slice_split_slice_auc"]
        table.append([row["seed"], *(f"{number[name]:.2f}" for name in shown), null])
        table[-1] += [f"{number['training_cpu_seconds']:.0f}", f"{number['generation_cpu_seconds']:.1f}"]
    return f"""## Simulated brain lesions (brain_lesions.py)

250 simulated patients with 8 slices of 64 x 64 pixels, half of them with lesions; a network of
{int(rows[0]["parameters"]):,} parameters, {EPOCHS} epochs. AUC on patients who took no part in training, but for
"slice split": there slices of the same patients stand on both sides. "No lesions": the same brains without lesions and
with labels that mean nothing; [95 % interval by patient]. Baseline: logistic regression on grey-value statistics.

{report.made_by(rows)}

{report.table(header, table)}

What was asked of the simulation, and what was found:

{chr(10).join(summary(rows))}
"""


def main(arguments=None):
    return benchmark.main(__doc__, PARTS, section, arguments)


if __name__ == "__main__":
    sys.exit(main())
