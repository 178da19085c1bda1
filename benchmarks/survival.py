"""The models of lab 4.4 with several seeds, beside a random survival forest; and how long concordance takes.

    python benchmarks/survival.py                  about 15 minutes
    python benchmarks/survival.py --only speed     one part

FLCHAIN and GBSG2: five-fold cross-validation; a seed decides the folds, the first weights and the trees. METABRIC: the
published split; a seed decides weights and trees. Recipes and seeds are declared here and nothing is chosen by their
results. The forest (scikit-survival, under the GPL) is a dependency of this script and of tests alone.
"""

import functools
import time as clock

import numpy as np
import pandas as pd
import report
from sklearn.model_selection import StratifiedKFold

from course_utils import datasets, setup, survival

SEEDS = (0, 1, 2)
STEPS = {"flchain": (100, 250), "gbsg2": (40, 100), "metabric": (60, 100)}  # DeepSurv, discrete time
HORIZON = {"flchain": 10.0, "gbsg2": 5.0, "metabric": 10.0}  # years, at which risks are compared
N_PERIODS = {"flchain": 12, "gbsg2": 6, "metabric": 15}  # years that the discrete-time network knows
N_RESAMPLES = 200
SIZES = (1_000, 10_000, 100_000)

MEASURED = ["concordance", "fold_min", "fold_max", "lead", "lead_low", "lead_high", "parameters", "cpu_seconds"]
benchmark = report.Benchmark(__file__, ["data", "model", "seed"], MEASURED, seeds=SEEDS)


# --- the models: scores of the test people that may be compared between folds --------------------------------------


def prepare(train, others):
    median = np.nanmedian(train, axis=0)
    low, high = np.nanpercentile(train, [0.5, 99.5], axis=0)
    filled = [np.clip(np.where(np.isnan(x), median, x), low, high) for x in (train, others)]
    mean, std = filled[0].mean(axis=0), filled[0].std(axis=0)
    return [(x - mean) / std for x in filled]


def cox(name, x, t, e, others, seed):
    from lifelines import CoxPHFitter

    frame = pd.DataFrame(x).add_prefix("x").assign(time=t, event=e)
    beta = CoxPHFitter().fit(frame, "time", "event", fit_options={"step_size": 0.5}).params_.to_numpy()
    return at_horizon(name, t, e, x @ beta, others @ beta), len(beta)


def bent_cox(name, x, t, e, others, seed):
    measured = np.array([len(np.unique(column)) > 3 for column in x.T])  # a square of 0 and 1 says nothing new
    parts = [np.column_stack([part, part[:, measured] ** 2]) for part in (x, others)]
    return cox(name, parts[0], t, e, parts[1], seed)


def at_horizon(name, t, e, train_scores, scores):
    return 1 - survival.breslow_baseline(t, e, train_scores).survival(scores, HORIZON[name])


def network(x, n_outputs, loss, targets, steps, first_logits=None):
    import keras

    layers = [keras.Input((x.shape[1],)), keras.layers.Dense(32, activation="relu")]
    model = keras.Sequential([*layers, keras.layers.Dense(n_outputs, use_bias=first_logits is not None)])
    if first_logits is not None:
        model.layers[-1].bias.assign(first_logits)
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss=loss)
    for _ in range(steps):
        model.train_on_batch(x, targets)
    return model


def deepsurv(name, x, t, e, others, seed):
    model = network(x, 1, survival.cox_loss("efron"), np.column_stack([t, e]), STEPS[name][0])
    scores = [model(part).numpy()[:, 0].astype(float) for part in (x, others)]
    return at_horizon(name, t, e, *scores), model.count_params()


def discrete(name, x, t, e, others, seed):
    targets = survival.discrete_time_rows(t, e, np.arange(N_PERIODS[name] + 1.0)).targets
    hazard = np.sum(targets == 1, axis=0) / np.sum(targets >= 0, axis=0)
    start = np.log(hazard / (1 - hazard))
    model = network(x, N_PERIODS[name], survival.discrete_time_loss, targets, STEPS[name][1], start)
    hazards = 1 / (1 + np.exp(-model(others).numpy().astype(float)))
    return 1 - np.prod(1 - hazards[:, : int(HORIZON[name])], axis=1), model.count_params()


def forest(name, x, t, e, others, seed):
    from sksurv.ensemble import RandomSurvivalForest
    from sksurv.util import Surv

    options = {"min_samples_leaf": 15, "max_features": "sqrt", "low_memory": True, "n_jobs": 1, "random_state": seed}
    model = RandomSurvivalForest(100, **options).fit(x, Surv.from_arrays(e == 1, t))
    return model.predict(others), None  # expected number of events: one scale for all folds


MODELS = {"Cox": cox, "Cox, bent": bent_cox, "DeepSurv": deepsurv, "discrete time": discrete, "random forest": forest}


# --- the data ------------------------------------------------------------------------------------------------------


@functools.cache
def cohort(name):
    """Return features, time in years, event, and the published split (training rows, test rows) or None."""
    if name == "flchain":
        data = datasets.load_flchain()
        x = np.column_stack([data.features[:, :2], np.log(data.features[:, [3, 4, 6]])])
        return x, data.time / 365.25, data.event, None
    if name == "gbsg2":
        data = datasets.load_gbsg2()
        x = np.column_stack([data.features[:, :5], np.log1p(data.features[:, 5:])])
        return x, data.time / 365.25, data.event, None
    data = datasets.load_metabric()
    x = np.concatenate([data.train_features, data.test_features])
    t = np.concatenate([data.train_time, data.test_time]) / 12
    rows = np.arange(len(t))
    n = len(data.train_time)
    return x, t, np.concatenate([data.train_event, data.test_event]), [(rows[:n], rows[n:])]


def run(name):
    import keras

    setup(seed=0)
    x, t, e, split = cohort(name)
    for seed in benchmark.wanted(SEEDS):
        if all(benchmark.is_done(name, model, seed) for model in MODELS):
            continue
        folds = split or list(StratifiedKFold(5, shuffle=True, random_state=seed).split(x, e))
        judged = np.concatenate([outside for _, outside in folds])
        scores, reference = {}, None
        for model, predict in MODELS.items():
            keras.utils.set_random_seed(seed)
            began, parameters = clock.process_time(), None
            scores[model] = np.full(len(t), np.nan)
            for inside, outside in folds:
                train, others = prepare(x[inside], x[outside])
                scores[model][outside], parameters = predict(name, train, t[inside], e[inside], others, seed)
            seconds = clock.process_time() - began
            folds_c = [survival.concordance_index(t[out], e[out], scores[model][out]) for _, out in folds]
            row = {"concordance": float(np.mean(folds_c)), "fold_min": min(folds_c), "fold_max": max(folds_c)}
            reference = scores["Cox"] if reference is None else reference
            if model != "Cox":
                measured = t[judged], e[judged], scores[model][judged], reference[judged]
                lead = survival.concordance_interval(*measured, n_resamples=N_RESAMPLES, seed=seed)
                row |= {"lead": lead.estimate, "lead_low": lead.low, "lead_high": lead.high}
            benchmark.save(name, model, seed, row=row | {"parameters": parameters, "cpu_seconds": seconds})


def run_speed():
    """Harrell's concordance of simulated cohorts, by this course and by lifelines."""
    from lifelines.utils import concordance_index

    for n in SIZES:
        rng = np.random.default_rng(n)
        cohort_n = survival.simulate_censored(rng.normal(size=n), seed=n)
        noisy = cohort_n.risk + rng.normal(size=n)
        for model in ("this course", "lifelines"):
            if benchmark.is_done(f"speed, {n}", model, 0):
                continue
            began = clock.process_time()
            if model == "lifelines":
                value = concordance_index(cohort_n.time, -noisy, cohort_n.event)
            else:
                value = survival.concordance_index(cohort_n.time, cohort_n.event, noisy)
            seconds = clock.process_time() - began
            benchmark.save(f"speed, {n}", model, 0, row={"concordance": float(value), "cpu_seconds": seconds})


PARTS = {name: functools.partial(run, name) for name in STEPS} | {"speed": run_speed}


# --- the section ---------------------------------------------------------------------------------------------------


def spread(rows, column):
    values = [float(row[column]) for row in rows if row[column]]
    return f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})" if values else ""


def section():
    rows = benchmark.rows()
    text = ["## Lab 4.4: medical prediction (survival.py)", "", INTRODUCTION, ""]
    for name in STEPS:
        lines = []
        for model in MODELS:
            chosen = [row for row in rows if (row["data"], row["model"]) == (name, model)]
            if chosen:
                leads = [
                    f"{float(r['lead']):.3f} [{float(r['lead_low']):.3f}, {float(r['lead_high']):.3f}]"
                    for r in chosen
                    if r["lead"]
                ]
                cpu = np.mean([float(row["cpu_seconds"]) for row in chosen])
                lines.append([model, len(chosen), spread(chosen, "concordance"), "; ".join(leads), f"{cpu:.0f}"])
        if lines:
            header = ["model", "seeds", "concordance", "minus Cox, each seed", "CPU s"]
            text += [f"### {name}", "", report.table(header, lines), ""]
    lines = [
        [row["data"].split(", ")[1], row["model"], f"{float(row['concordance']):.4f}", row["cpu_seconds"]]
        for row in rows
        if row["data"].startswith("speed")
    ]
    if lines:
        header = ["people", "by", "concordance", "CPU s"]
        text += ["### Concordance of many people (simulated)", "", report.table(header, lines), ""]
    return "\n".join([*text, report.made_by(rows)])


INTRODUCTION = """\
Concordance: mean over the five test folds (FLCHAIN, GBSG2) or of the published test set (METABRIC), then the mean over
seeds (lowest to highest). "Minus Cox": difference of the concordance of all test people together, [95 % bootstrap
interval over people], one for each seed; ten-year risks are compared on FLCHAIN and METABRIC, five-year risks on GBSG2,
of the forest its expected number of events. "Bent": with the squares of the measured features. The forest has 100 trees
with at least 15 people in a leaf."""


def main(arguments=None):
    return benchmark.main(__doc__, PARTS, section, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
