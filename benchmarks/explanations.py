"""Chapter 5.5: do attribution maps point at the lesion, what do they cost, and how much of it is the image alone?

    python benchmarks/explanations.py                      about six minutes on one core
    python benchmarks/explanations.py --seeds 7 --dry-run  other patients
    python benchmarks/explanations.py --only films         real films, without the truth about a place

Slices of simulated brain lesions, 64 x 64 pixels, of patients who are new to the frozen networks of
`load_lesion_networks`: for each seed 60 patients, of each of the 30 with lesions at most two slices, drawn at random
from those with a lesion of 30 pixels or more. "trained" and "again" found lesions in training, "shuffled" had shuffled
labels, "untrained" has the first random weights (another draw for each seed). "none": maps that ask no network.

Integrated gradients with 32 steps, from a blurred copy (standard deviation 6 pixels) or from zero, the mean grey value;
occlusion with a window of 8 pixels and a stride of 4, covered with the blurred copy; Grad-CAM of the layer "features",
16 x 16, enlarged linearly. "|x - blur|" is the distance of each pixel from the blurred copy. The centre prior falls
with the distance from the middle of the image, whatever the image shows.

Pointing: share of slices on which the largest value lies in the lesion, or at most two pixels away from it. Mass over
area: mean share of positive attribution inside the lesion over the mean share of pixels that are lesion; 1 is chance.
CPU milliseconds a slice: one run of all slices of a seed.

The films are those of PneumoniaMNIST, 28 x 28 pixels, where `COURSE_DATA_DIR` holds them. Nobody has drawn on them
where the pneumonia is, so no map can be marked: what is left are the sanity checks. A small network is trained for four
epochs, once more from another seed ("again"), and once on shuffled labels; "untrained" has its first random weights.
100 test films of label pneumonia are drawn. Alike: the rank correlation of a film's map with that of the trained
network, mean over films, 95 % bootstrap interval over films; a constant map, which orders no pixels, counts as 0.
"none" is |x - blur|, compared with the same maps. A film is not a child: the file does not say which belong together.
Blurred copy: standard deviation 3 pixels; occlusion: window 4, stride 2. AUC: of all 624 test films.
"""

import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

import numpy as np
import report
from scipy import ndimage, stats

from course_utils import datasets, evaluation, explain, images

SEEDS = (0, 1, 2, 3, 4)
MEASURED = ["slices", "pointing", "within_2", "mass_over_area", "cpu_ms", "auc", "alike", "alike_low", "alike_high"]
benchmark = report.Benchmark(__file__, ["data", "network", "method", "seed"], MEASURED, seeds=SEEDS, digits=4)
SIZE, SIGMA, STEPS = 64, 6, 32  # pixels along a side; pixels; of integrated gradients
FILMS, FILM_SEEDS, EPOCHS = 100, (0, 1, 2), 4  # films explained; of the trainings; passes over the training films


def draw_slices(seed):
    """Return (slices, their blurred copies, masks) of one seed."""
    brains, rng = datasets.load_brain_lesions(60, size=SIZE, seed=seed), np.random.default_rng(seed)
    rows = []
    large = brains.masks.sum(axis=(1, 2)) >= 30
    for patient in np.unique(brains.patients):
        found = np.flatnonzero(large & (brains.patients == patient))
        rows.extend(rng.choice(found, min(2, len(found)), replace=False))
    x = images.standardise(brains.images[rows])[..., np.newaxis]
    return x, ndimage.gaussian_filter(x, (0, SIGMA, SIGMA, 0)), brains.masks[rows]


def enlarged_grad_cam(model, x, blurred):
    maps = images.grad_cam(model, x)
    zoom = (1, x.shape[1] / maps.shape[1], x.shape[2] / maps.shape[2])
    return ndimage.zoom(maps, zoom, order=1, grid_mode=True, mode="nearest")


METHODS = {
    "integrated gradients, blurred": lambda model, x, blurred: explain.integrated_gradients(
        model, x, blurred, steps=STEPS
    ),
    "integrated gradients, zero": lambda model, x, blurred: explain.integrated_gradients(model, x, 0.0, steps=STEPS),
    "saliency": lambda model, x, blurred: explain.saliency(model, x),
    "occlusion, blurred": lambda model, x, blurred: explain.occlusion(model, x, size=8, stride=4, baseline=blurred),
    "Grad-CAM": enlarged_grad_cam,
}
SOME = ["integrated gradients, blurred", "saliency", "Grad-CAM"]
FOR_NETWORKS = {"trained": list(METHODS), "again": SOME, "shuffled": SOME, "untrained": SOME}


def network(name, seed):
    import keras

    frozen = datasets.load_lesion_networks()
    keras.utils.set_random_seed(seed)
    model = images.small_cnn(frozen.input_shape, frozen.width)
    if name != "untrained":
        model.set_weights(getattr(frozen, name))
    return model


def scores(maps, masks, cpu_ms):
    return {
        "slices": len(maps),
        "pointing": explain.pointing_game(maps, masks).mean(),
        "within_2": explain.pointing_game(maps, masks, within=2).mean(),
        "mass_over_area": explain.mass_inside(maps, masks).mean() / masks.mean(),
        "cpu_ms": cpu_ms,
    }


def measure_networks():
    for seed in benchmark.wanted(SEEDS):
        x, blurred, masks = draw_slices(seed)
        for name, methods in FOR_NETWORKS.items():
            model = network(name, seed)
            for method in methods:
                if benchmark.is_done("lesions", name, method, seed):
                    continue
                METHODS[method](model, x[:2], blurred[:2])  # the first call prepares what later calls use again
                start = time.process_time()
                maps = METHODS[method](model, x, blurred)
                cpu = 1000 * (time.process_time() - start) / len(x)
                benchmark.save("lesions", name, method, seed, row=scores(maps, masks, cpu))


def measure_without():
    for seed in benchmark.wanted(SEEDS):
        x, blurred, masks = draw_slices(seed)
        rows, columns = np.indices(x.shape[1:3]) - (SIZE - 1) / 2
        centre = SIZE - np.hypot(rows, columns)
        maps = {
            "|x - blur|": np.abs(x - blurred)[..., 0],
            "centre prior": np.broadcast_to(centre, x.shape[:3]),
            "random": np.random.default_rng(seed).random(x.shape[:3]),
        }
        for method, values in maps.items():
            if not benchmark.is_done("lesions", "none", method, seed):
                benchmark.save("lesions", "none", method, seed, row=scores(values, masks, ""))


# --- real films: no truth about a place, only the sanity checks -------------------------------------------------------

FILM_METHODS = {
    "integrated gradients, blurred": METHODS["integrated gradients, blurred"],
    "saliency": METHODS["saliency"],
    "occlusion, blurred": lambda model, x, blurred: explain.occlusion(model, x, size=4, stride=2, baseline=blurred),
    "Grad-CAM": enlarged_grad_cam,
}


def film_networks(data, seed):
    """Return the networks that are compared, all of one build."""
    import keras

    x, labels = images.standardise(data.train_images)[..., np.newaxis], data.train_labels
    shuffled = np.random.default_rng(seed).permutation(labels)
    made = {}
    for name, targets, of_training in (("trained", labels, 0), ("again", labels, 1), ("shuffled", shuffled, 0)):
        made[name] = images.train_small_cnn(x, targets, seed=2 * seed + of_training, epochs=EPOCHS, flip=False, width=8)
    keras.utils.set_random_seed(1000 + seed)
    made["untrained"] = images.small_cnn((28, 28, 1), 8)
    return made


def likeness(a, b):
    """Return the rank correlation of two maps of each film; 0 where one of them is constant."""
    pairs = [(one.ravel(), other.ravel()) for one, other in zip(a, b, strict=True)]
    return np.array([stats.spearmanr(*pair).statistic if min(map(np.ptp, pair)) > 0 else 0.0 for pair in pairs])


def mean_score(labels, scores):  # a mean needs no labels
    return scores.mean()


def measure_films():
    try:
        data = datasets.load_pneumoniamnist()
    except datasets.DatasetUnavailable as error:
        print(f"films left out: {error}")
        return
    for seed in benchmark.wanted(FILM_SEEDS):
        if all(benchmark.is_done("films", "none", method, seed) for method in FILM_METHODS):
            continue
        ill = np.flatnonzero(data.test_labels == 1)
        rows = np.random.default_rng(seed).choice(ill, FILMS, replace=False)
        test = images.standardise(data.test_images)[..., np.newaxis]
        x = test[rows]
        blurred = ndimage.gaussian_filter(x, (0, 3, 3, 0))
        made, kept = film_networks(data, seed), {}
        for name, model in made.items():
            auc = evaluation.roc_auc(data.test_labels, model.predict(test, verbose=0)[:, 0])
            for method, explain_it in FILM_METHODS.items():
                start = time.process_time()
                maps = explain_it(model, x, blurred)
                maps = np.abs(maps) if method.startswith("integrated") else maps
                cpu = 1000 * (time.process_time() - start) / len(x)
                kept.setdefault(method, maps)  # of the first network, the trained one
                save_likeness(name, method, seed, maps, kept[method], auc=float(auc), cpu_ms=cpu)
        without = np.abs(x - blurred)[..., 0]
        for method in FILM_METHODS:
            save_likeness("none", method, seed, without, kept[method])


def save_likeness(name, method, seed, maps, of_trained, **row):
    alike = likeness(maps, of_trained)
    if name == "trained":
        benchmark.save("films", name, method, seed, row={"slices": len(maps), **row})
        return
    interval = evaluation.bootstrap_interval(mean_score, np.ones(len(alike), dtype=int), alike, seed=seed)
    found = {"alike": interval.estimate, "alike_low": interval.low, "alike_high": interval.high}
    found = {key: float(value) for key, value in found.items()}
    benchmark.save("films", name, method, seed, row={"slices": len(maps), **row, **found})


PARTS = {"networks": measure_networks, "without": measure_without, "films": measure_films}


def section():
    """Return this benchmark's section of RESULTS.md."""
    rows = [row for row in benchmark.rows() if row["data"] == "lesions"]
    films = [row for row in benchmark.rows() if row["data"] == "films"]

    def span(found, name, digits):
        values = [float(row[name]) for row in found if row[name] != ""]
        return f"{min(values):.{digits}f} to {max(values):.{digits}f}" if values else ""

    table = []
    for network_name, method in dict.fromkeys((row["network"], row["method"]) for row in rows):
        found = [row for row in rows if (row["network"], row["method"]) == (network_name, method)]
        slices = [int(row["slices"]) for row in found]
        cells = [span(found, "pointing", 2), span(found, "within_2", 2), span(found, "mass_over_area", 1)]
        table.append(
            [network_name, method.replace("|", "\\|"), str(len(found)), str(sum(slices)), *cells]
            + [span(found, "cpu_ms", 1)]
        )
    header = ["network", "map", "seeds", "slices", "pointing", "within two pixels", "mass over area", "CPU ms a slice"]
    return f"""## Chapter 5.5: explainability (explanations.py)

Attribution maps on slices of simulated brain lesions whose masks are known, smallest to largest value over the seeds;
the patients are new to the networks. "shuffled": trained on shuffled labels. "untrained": random weights. "none": no
network was asked. Maps without a network show how much of a score is owed to the image.

{report.table(header, table)}

{film_section(films)}
{report.made_by(rows + films)}
"""


def film_section(films):
    if not films:
        return ""
    table = []
    for row in films:
        if row["network"] != "trained":
            alike = " ".join(f"{float(row[name]):.2f}" for name in ("alike", "alike_low", "alike_high"))
            alike = "{} [{}, {}]".format(*alike.split())
            auc = f"{float(row['auc']):.3f}" if row["auc"] else ""
            table.append([row["method"], row["network"], row["seed"], auc, alike])
    table.sort(key=lambda line: list(FILM_METHODS).index(line[0]))
    trained = [float(row["auc"]) for row in films if row["network"] == "trained"]
    return f"""Real films, PneumoniaMNIST, 28 x 28 pixels. There are no masks, so no map can be marked: how like the
trained network's map (AUC {min(trained):.3f} to {max(trained):.3f}) is the map of another network on the same {FILMS}
films of label pneumonia, as mean rank correlation with a 95 % interval over films? "none" is |x - blur|.

{report.table(["map", "compared network", "seed", "AUC", "alike"], table)}
"""


def main(arguments=None):
    return benchmark.main(__doc__, PARTS, section, arguments)


if __name__ == "__main__":
    sys.exit(main())
