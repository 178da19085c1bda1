"""Chapter 5.4: an image and a laboratory value, fused early, late and jointly, with equally many parameters.

    python benchmarks/multimodal.py                      200 to 300 CPU seconds
    python benchmarks/multimodal.py --seeds 7 --dry-run  other patients, other weights

Simulated patients (`fusion.simulate_pairs`, lesions twice as high as the noise), 2,000 to train on and 4,000 others to
test on, by two rules: "interaction", where neither modality alone says anything about the outcome, and "additive",
where the log-odds of the modalities add up. Six networks of 438 to 443 parameters:

image, lab      one modality alone
late            a network for each modality, trained apart; their log-odds are added (`fusion.late_fusion`)
late, together  the same, trained as one network on the sum of the two logits
joint           the features of image and value side by side, with layers above both
early           the value as a second channel of the image, every pixel the same

The image goes through 5 x 5 windows and the largest value of each over all places. 15 passes, batches of 64, Adam with
the learning rate 0.005. "best" is the AUC of the true probability given what the network sees, on the same patients:
no network can do better, but by chance. The gain is the AUC minus that of "late", on the same patients.

Declared before any result: this recipe and the seeds 10 to 19. Tried before on the seeds 0 and 1.
"""

import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

import numpy as np
import report
from scipy import special

from course_utils import evaluation, fusion

SEEDS = tuple(range(10, 20))
RULES = ("interaction", "additive")
MODELS = ("image", "lab", "late", "late, together", "joint", "early")
N_TRAIN, N_TEST, EPOCHS, BATCH = 2000, 4000, 15, 64
benchmark = report.Benchmark(__file__, ["rule", "model", "seed"], seeds=SEEDS, digits=4)


def image_features(image, windows=8):
    """What an image holds, and not where: the answers of some windows, each where it is largest."""
    from keras import layers

    found = layers.Conv2D(windows, 5, activation="relu")(image)
    return layers.Dense(8, activation="relu")(layers.GlobalMaxPooling2D()(found))


def networks():
    """Return the inputs, and {name: logit}; "late" has two, one for each modality."""
    import keras
    from keras import layers

    image, lab = keras.Input((16, 16, 1)), keras.Input((1,))

    def dense(units, below):
        return layers.Dense(units, activation="relu")(below)

    def one_modality():
        return (
            layers.Dense(1)(dense(8, image_features(image))),
            layers.Dense(1)(dense(6, dense(8, lab))),
        )

    late_image, late_lab = one_modality()
    plane = layers.UpSampling2D(16)(layers.Reshape((1, 1, 1))(lab))
    logits = {
        "image": layers.Dense(1)(dense(16, image_features(image))),
        "lab": layers.Dense(1)(dense(19, dense(19, lab))),
        "late: image": late_image,
        "late: lab": late_lab,
        "late, together": layers.Add()(one_modality()),
        "joint": layers.Dense(1)(dense(8, layers.Concatenate()([image_features(image), dense(8, lab)]))),
        "early": layers.Dense(1)(dense(8, image_features(layers.Concatenate()([image, plane]), windows=6))),
    }
    return [image, lab], logits


def train(pairs, seed):
    """Train all networks side by side: they share the batches, and no weight. Returns {name: network}."""
    import keras

    keras.utils.set_random_seed(seed)
    inputs, logits = networks()
    names = {name: f"output_{number}" for number, name in enumerate(logits)}
    named = {names[name]: keras.layers.Identity(name=names[name])(logit) for name, logit in logits.items()}
    together = keras.Model(inputs, named)
    together.compile(keras.optimizers.Adam(0.005), {name: loss() for name in named})
    seen = [pairs.images, pairs.lab[:, np.newaxis]]
    labels = {name: pairs.y[:, np.newaxis].astype("float32") for name in named}
    together.fit(seen, labels, batch_size=BATCH, epochs=EPOCHS, verbose=0)
    return {name: keras.Model(inputs, logit) for name, logit in logits.items()}


def loss():
    import keras

    return keras.losses.BinaryCrossentropy(from_logits=True)


def run():
    for rule in RULES:
        for seed in benchmark.wanted(SEEDS):
            if all(benchmark.is_done(rule, model, seed) for model in MODELS):
                continue
            cpu = time.process_time()
            learn = fusion.simulate_pairs(N_TRAIN, rule=rule, seed=seed)
            judge = fusion.simulate_pairs(N_TEST, rule=rule, seed=seed + 1000)
            found = train(learn, seed)
            cpu = time.process_time() - cpu
            seen = [judge.images, judge.lab[:, np.newaxis]]
            parts = {}
            for name, network in found.items():
                logits = network.predict(seen, batch_size=500, verbose=0)[:, 0]
                parts[name] = special.expit(logits.astype(float))
            parameters = {name: network.count_params() for name, network in found.items()}
            late = ["late: image", "late: lab"]
            parts["late"] = fusion.late_fusion([parts[name] for name in late], learn.y.mean())
            parameters["late"] = sum(parameters[name] for name in late)
            for model in MODELS:
                best = fusion.best_probability(judge, model if model in ("image", "lab") else "both")
                auc = evaluation.auc_interval(judge.y, parts[model])
                gain = evaluation.auc_difference(judge.y, parts[model], parts["late"])
                row = {"parameters": parameters[model], "auc": auc.estimate, "auc_low": auc.low, "auc_high": auc.high}
                row |= {"best": evaluation.roc_auc(judge.y, best)}
                row |= {"gain": gain.estimate, "gain_low": gain.low, "gain_high": gain.high}
                row |= {"ece": evaluation.expected_calibration_error(judge.y, parts[model])}
                benchmark.save(rule, model, seed, row=row | {"cpu_seconds_of_all": cpu})


PARTS = {"fusion": run}


def section():
    """Return this benchmark's section of RESULTS.md."""
    rows = benchmark.rows()

    def span(found, name):
        values = [float(row[name]) for row in found]
        return f"{min(values):.3f} to {max(values):.3f}"

    sections = []
    for rule in RULES:
        table = []
        for model in MODELS:
            found = [row for row in rows if (row["rule"], row["model"]) == (rule, model)]
            if found:
                above = sum(float(row["gain_low"]) > 0 for row in found)
                below = sum(float(row["gain_high"]) < 0 for row in found)
                mean = np.mean([float(row["gain"]) for row in found])
                gain = (
                    ["", "", ""]
                    if model == "late"
                    else [f"{round(mean, 3) + 0:.3f}", span(found, "gain"), f"{above} / {below}"]
                )
                cells = [span(found, "auc"), span(found, "best"), *gain, span(found, "ece")]
                table.append([model, found[0]["parameters"], *cells])
        header = ["network", "parameters", "AUC", "best", "mean gain", "gain", "interval above / below 0", "ECE"]
        sections.append(f"### Rule: {rule}\n\n{report.table(header, table)}")
    seeds = len({row["seed"] for row in rows})
    seconds = [float(row["cpu_seconds_of_all"]) for row in rows]
    return f"""## Chapter 5.4: multimodal data (multimodal.py)

Simulated patients with an image and a laboratory value; networks with equally many parameters; smallest to largest
value over {seeds} seeds. "best": the AUC of the true probability given what the network sees. Gain: the AUC minus that
of "late", on the same patients; then in how many seeds its 95 % interval lies above 0, and below. The intervals know of
other patients, not of other training sets. All networks of one seed together took {min(seconds):.0f} to
{max(seconds):.0f} CPU seconds.

{(chr(10) * 2).join(sections)}

{report.made_by(rows)}
"""


def main(arguments=None):
    return benchmark.main(__doc__, PARTS, section, arguments)


if __name__ == "__main__":
    sys.exit(main())
