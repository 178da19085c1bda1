"""Chapter 5.5: do attribution maps point at the lesion, what do they cost, and how much of it is the image alone?

    python benchmarks/explanations.py                      about three minutes on one core
    python benchmarks/explanations.py --seeds 7 --dry-run  other patients

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
"""

import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

import numpy as np
import report
from scipy import ndimage

from course_utils import datasets, explain, images

SEEDS = (0, 1, 2, 3, 4)
benchmark = report.Benchmark(__file__, ["network", "method", "seed"], seeds=SEEDS, digits=4)
SIZE, SIGMA, STEPS = 64, 6, 32  # pixels along a side; pixels; of integrated gradients


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
                if benchmark.is_done(name, method, seed):
                    continue
                METHODS[method](model, x[:2], blurred[:2])  # the first call prepares what later calls use again
                start = time.process_time()
                maps = METHODS[method](model, x, blurred)
                cpu = 1000 * (time.process_time() - start) / len(x)
                benchmark.save(name, method, seed, row=scores(maps, masks, cpu))


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
            if not benchmark.is_done("none", method, seed):
                benchmark.save("none", method, seed, row=scores(values, masks, ""))


PARTS = {"networks": measure_networks, "without": measure_without}


def section():
    """Return this benchmark's section of RESULTS.md."""
    rows = benchmark.rows()

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

{report.made_by(rows)}
"""


def main(arguments=None):
    return benchmark.main(__doc__, PARTS, section, arguments)


if __name__ == "__main__":
    sys.exit(main())
