"""The recipe of models/lesion_networks.npz: three networks that look for simulated brain lesions.

The weights of a training differ in the last digits from one computer to the next, and so do, a little, the networks.
A retrained network is therefore compared by what it does with slices of new patients: see `differences`.
"""

import numpy as np

SIZE, WIDTH = 64, 12  # pixels along each side; filters of the first convolution
PATIENTS_SEED = 5500  # of the training patients; chapters and tests draw theirs with other seeds
N_PATIENTS, EPOCHS = 300, 12
NETWORKS = {"trained": (0, False), "again": (1, False), "shuffled": (0, True)}  # seed of the training; labels shuffled?
LEAST_AUC, MOST_APART, NO_AUC = 0.96, 0.03, (0.25, 0.75)  # on new patients: what `differences` demands


def training_set(shuffled):
    """Return the images and labels of the training: label 1 is a slice that shows a lesion."""
    from course_utils import datasets, images

    brains = datasets.load_brain_lesions(N_PATIENTS, size=SIZE, seed=PATIENTS_SEED)
    labels = brains.visible.astype(int)
    if shuffled:
        labels = np.random.default_rng(PATIENTS_SEED).permutation(labels)
    return images.standardise(brains.images)[..., np.newaxis], labels


def train(name):
    """Train one of `NETWORKS`. Returns the Keras model, after about 40 seconds of one core."""
    from course_utils import images

    seed, shuffled = NETWORKS[name]
    return images.train_small_cnn(*training_set(shuffled), seed=seed, epochs=EPOCHS, width=WIDTH)


def build():
    """Train the three networks. Returns {name: all weights, in the order of `get_weights`, in one row of float16}.

    `again` differs from `trained` in the seed of the training alone, `shuffled` in the labels: they were shuffled over
    the slices, so that there was nothing to learn.
    """
    return {
        name: np.concatenate([weight.ravel() for weight in train(name).get_weights()]).astype(np.float16)
        for name in NETWORKS
    }


def areas_under_the_curve(arrays):
    """Return {name: ROC-AUC} of networks over 240 slices of 60 new patients: does the slice show a lesion?"""
    from course_utils import datasets, evaluation, images

    brains = datasets.load_brain_lesions(60, slices_per_patient=4, size=SIZE, seed=PATIENTS_SEED + 1)
    slices = images.standardise(brains.images)[..., np.newaxis]
    network, areas = images.small_cnn((SIZE, SIZE, 1), WIDTH), {}
    sizes = [weight.size for weight in network.get_weights()]
    for name, row in arrays.items():
        parts = np.split(row.astype(np.float32), np.cumsum(sizes)[:-1])
        network.set_weights([part.reshape(w.shape) for part, w in zip(parts, network.get_weights(), strict=True)])
        probabilities = network.predict(slices, verbose=0)[:, 0]
        areas[name] = evaluation.auc_interval(brains.visible.astype(int), probabilities).estimate
    return areas


def differences(built, frozen):
    """Compare retrained networks with the frozen ones. Returns one line for each difference that matters.

    Names, types and numbers of weights are the same. On the same slices of new patients `trained` and `again` have an
    ROC-AUC of at least 0.96, the retrained ones within 0.03 of the frozen ones; that of `shuffled` lies between 0.25
    and 0.75: a lesion changes what random features see, and chance decides in which direction.
    """
    kinds = [{name: (array.dtype, array.shape) for name, array in sorted(part.items())} for part in (built, frozen)]
    if kinds[0] != kinds[1]:
        return [f"the networks are {kinds[1]}, the recipe builds {kinds[0]}"]
    new, old = areas_under_the_curve(built), areas_under_the_curve(frozen)
    lines = []
    for name, (_, shuffled) in NETWORKS.items():
        told = f"network {name!r} has an ROC-AUC of {old[name]:.3f}, retrained {new[name]:.3f}"
        if shuffled and not all(NO_AUC[0] < auc[name] < NO_AUC[1] for auc in (new, old)):
            lines.append(f"{told}: expected none, between {NO_AUC[0]} and {NO_AUC[1]}")
        if not shuffled and min(new[name], old[name]) < LEAST_AUC:
            lines.append(f"{told}: expected at least {LEAST_AUC}")
        if not shuffled and abs(new[name] - old[name]) > MOST_APART:
            lines.append(f"{told}: they are more than {MOST_APART} apart")
    return lines


build.path = "models/lesion_networks.npz"
build.differences = differences
