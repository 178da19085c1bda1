"""How long does a bootstrap interval take? `bootstrap_interval`, plain NumPy and scikit-learn, on the same resamples.

    python benchmarks/bootstrap.py    two minutes

Random scores of 200, 20,000 and 200,000 rows, each row drawn for itself or patients of eight rows drawn whole. All
methods draw the same rows and must give the same interval. They take turns, and the best of three rounds counts. What
is reported is CPU seconds for 1,000 resamples; where n is large fewer are drawn, and the time is multiplied.
"""

import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import report
from sklearn import metrics

from course_utils import evaluation

KEY = ["metric", "n", "rows_a_patient", "method"]
benchmark = report.Benchmark(__file__, KEY, ["cpu_seconds", "ratio_to_numpy", "resamples"])
RESAMPLES = {200: 1000, 20_000: 100, 200_000: 30}  # of how many resamples the time is taken
ROUNDS = 3


def numpy_auc(labels, scores):
    """Each positive is placed among the sorted negatives; a tie counts half."""
    negatives = np.sort(scores[labels == 0])
    positives = np.sort(scores[labels == 1])  # sorted too, because searching in order is faster
    below = np.searchsorted(negatives, positives, "left") + np.searchsorted(negatives, positives, "right")
    return below.mean() / (2 * len(negatives))


def numpy_accuracy(labels, scores):
    return np.mean((scores >= 0.5) == labels)


METRICS = {
    "ROC-AUC": (evaluation.roc_auc, numpy_auc, metrics.roc_auc_score),
    "accuracy": (evaluation.accuracy, numpy_accuracy, lambda y, s: metrics.accuracy_score(y, s >= 0.5)),
}


def plain_interval(metric, labels, scores, groups, n_resamples):
    """The percentile bootstrap as it is written in ten lines."""
    rng = np.random.default_rng(0)
    if groups is not None:
        rows_of_group = np.split(np.arange(len(labels)), np.flatnonzero(np.diff(groups)) + 1)
    values = []
    for _ in range(n_resamples):
        if groups is None:
            rows = rng.integers(len(labels), size=len(labels))
        else:
            drawn = rng.integers(len(rows_of_group), size=len(rows_of_group))
            rows = np.concatenate([rows_of_group[group] for group in drawn])
        values.append(metric(labels[rows], scores[rows]))
    return np.quantile(values, [0.025, 0.975])


def our_interval(metric, labels, scores, groups, n_resamples):
    interval = evaluation.bootstrap_interval(metric, labels, scores, groups=groups, n_resamples=n_resamples)
    return interval.low, interval.high


def measure(metric, n, rows_a_patient):
    """Return {method: CPU seconds for 1,000 resamples}."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, n)
    scores = 1 / (1 + np.exp(-rng.normal(2 * labels - 1, 2)))
    groups = None if rows_a_patient == 1 else np.arange(n) // rows_a_patient
    ours, plain, sklearn = METRICS[metric]
    candidates = {
        "ours": (our_interval, ours),
        "NumPy": (plain_interval, plain),
        "scikit-learn": (plain_interval, sklearn),
    }
    best, found = dict.fromkeys(candidates, np.inf), {}
    for _ in range(ROUNDS):
        for name, (interval, function) in candidates.items():
            start = time.process_time()
            found[name] = interval(function, labels, scores, groups, RESAMPLES[n])
            best[name] = min(best[name], (time.process_time() - start) * 1000 / RESAMPLES[n])
    for name in candidates:
        np.testing.assert_allclose(found[name], found["NumPy"], rtol=1e-9)
    return best


def run_all():
    for metric in METRICS:
        for n in RESAMPLES:
            for rows_a_patient in (1, 8):
                if benchmark.is_done(metric, n, rows_a_patient, "ours"):
                    continue
                found = measure(metric, n, rows_a_patient)
                for method, seconds in found.items():
                    row = {"cpu_seconds": f"{seconds:.4g}", "ratio_to_numpy": f"{seconds / found['NumPy']:.2f}"}
                    benchmark.save(metric, n, rows_a_patient, method, row=row | {"resamples": RESAMPLES[n]})


PARTS = {"all": run_all}


def section():
    rows = benchmark.rows()
    cases = {}
    for row in rows:
        case = [row["metric"], f"{int(row['n']):,}", "no" if row["rows_a_patient"] == "1" else "yes"]
        cases.setdefault(tuple(case), {})[row["method"]] = row
    lines = []
    for case, methods in cases.items():
        seconds = [f"{float(methods[name]['cpu_seconds']):.3g}" for name in ("ours", "NumPy", "scikit-learn")]
        lines.append([*case, *seconds, methods["ours"]["ratio_to_numpy"]])
    header = [
        "metric",
        "rows",
        "by patient",
        "bootstrap_interval, s",
        "plain NumPy, s",
        "scikit-learn, s",
        "ours / NumPy",
    ]
    return (
        "## Bootstrap intervals (bootstrap.py)\n\n"
        "CPU seconds for 1,000 resamples, the best of three rounds in which the methods take turns; all draw the same "
        "rows and give the same interval. By patient: eight rows each, drawn whole.\n\n"
        f"{report.made_by(rows)}\n\n" + report.table(header, lines)
    )


def main(arguments=None):
    return benchmark.main(__doc__, PARTS, section, arguments)


if __name__ == "__main__":
    sys.exit(main())
