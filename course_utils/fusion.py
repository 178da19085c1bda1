"""Several modalities of one patient: simulated pairs whose truth is known, late fusion by log-odds, missing modalities.

The networks that fuse are built in the chapter. Here stand the patients they are tried on, and the best that anybody
could answer from the image, from the laboratory value, and from both.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from course_utils import _checks

__all__ = ["Pairs", "best_probability", "hide_modalities", "late_fusion", "simulate_pairs"]

WIDTH = 1.5  # of the blob, in pixels: its standard deviation
MARGIN = 3  # a blob's centre is no nearer to the edge, in pixels
AGREE = 0.75  # additive: P(lesion | y = 1) and P(no lesion | y = 0)
SHIFT = 0.45  # additive: the mean of the laboratory value is SHIFT with y = 1 and -SHIFT with y = 0


# ---------------------------------------------------------------------------------------------------------------------
# Simulated patients
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Pairs:
    """What `simulate_pairs` returns: patients with an image, a laboratory value and an outcome, and the truth.

    Taught in: 05_4_multimodal_data
    """

    images: np.ndarray  # [n, size, size, 1] float32, noise of standard deviation 1, with a lesion or without
    lab: np.ndarray  # [n] float32, without a unit
    lesion: np.ndarray  # [n] int64, 1 = the image holds a lesion: the truth, never an input
    y: np.ndarray  # [n] int64, the outcome
    p: np.ndarray  # [n] float64, P(y = 1 | lesion, lab)
    rule: str  # "interaction" or "additive"
    strength: float  # height of a lesion at its centre
    flips: float  # share of outcomes that do not follow the rule; NaN for "additive"


def simulate_pairs(n, *, rule="interaction", strength=2.0, flips=None, size=16, seed=0):
    """Simulate patients with an image and a laboratory value, of whom everything is known.

    Half of the images hold a lesion: a Gaussian blob (standard deviation 1.5 pixels) on one of the pixels that are at
    least 3 pixels from the edge, each as likely as the others. The noise has the standard deviation 1.

    "interaction": lesion and laboratory value are independent, the value is standard normal. The outcome is 1 when one
    of "there is a lesion" and "the value is above 0" holds, and not the other; then a share of the outcomes is flipped.
    Neither modality alone says anything about the outcome.

    "additive": half of the outcomes are 1. Given the outcome, lesion and laboratory value are independent: 75 % of the
    images show a lesion with the outcome 1 and 25 % with 0, and the value is normal with mean 0.45 or -0.45 and
    standard deviation 1. The log-odds of the two modalities add up.

    Parameters
    ----------
    n : int of at least 1
        Patients.
    rule : str
        "interaction" or "additive".
    strength : float of at least 0
        Height of a lesion at its centre, in standard deviations of the noise.
    flips : float from 0 to 0.5, optional
        Share of the outcomes that do not follow the rule "interaction"; 0.1 if it is left out. "additive" has none.
    size : int of at least 8
        Pixels along one side of an image.
    seed : int from 0 to 2**32 - 1, or numpy.random.Generator

    Returns
    -------
    Pairs

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or flips come with the rule "additive".

    Taught in: 05_4_multimodal_data
    """
    n, size = _checks.integer(n, "n", least=1), _checks.integer(size, "size", least=8)
    rule = _checks.choice(rule, "rule", ("interaction", "additive"))
    strength = _checks.number(strength, "strength", least=0)
    if flips is not None:
        flips = _checks.number(flips, "flips", least=0, most=0.5)
        if rule == "additive":
            raise ValueError(f"flips must be left out with the rule 'additive', got {flips}")
    rng = _checks.generator(seed)
    if rule == "interaction":
        flips = 0.1 if flips is None else flips
        lesion, lab = rng.integers(2, size=n), rng.normal(size=n).astype(np.float32)
        follows = lesion ^ (lab > 0)
        y = follows ^ (rng.random(n) < flips)
    else:
        flips = np.nan
        y = rng.integers(2, size=n)
        lesion = y ^ (rng.random(n) >= AGREE)
        lab = (SHIFT * (2 * y - 1) + rng.normal(size=n)).astype(np.float32)
    images = rng.normal(size=(n, size, size))
    blobs = _blobs(strength, size)
    images += lesion[:, np.newaxis, np.newaxis] * blobs[rng.integers(len(blobs), size=n)]
    return Pairs(
        images=images[..., np.newaxis].astype(np.float32),
        lab=lab,
        lesion=lesion,
        y=y,
        p=_outcome(rule, flips, lesion.astype(float), lab),
        rule=rule,
        strength=strength,
        flips=flips,
    )


def best_probability(pairs, use="both"):
    """P(y = 1) given what is seen of each patient: no model that sees the same can rank the patients better on average.

    The image is seen, not whether it holds a lesion. Its likelihood with a lesion, divided by that without, is the mean
    over the possible places c of exp(x · b_c - b_c · b_c / 2), where x holds the pixels and b_c those of the blob at c.

    Parameters
    ----------
    pairs : Pairs
        As `simulate_pairs` returned them.
    use : str
        "both", "image" or "lab": what is seen.

    Returns
    -------
    array of numbers between 0 and 1, shape (n,)

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Source: the ideal observer, who goes by the likelihood ratio: Barrett, Abbey and Clarkson 1998,
    https://doi.org/10.1364/JOSAA.15.001520

    Taught in: 05_4_multimodal_data
    """
    if not isinstance(pairs, Pairs):
        raise TypeError(f"pairs must be what simulate_pairs returned, got {type(pairs).__name__}")
    use = _checks.choice(use, "use", ("both", "image", "lab"))
    chance = np.full(len(pairs.lab), 0.5) if use == "lab" else _chance_of_a_lesion(pairs.images, pairs.strength)
    return _outcome(pairs.rule, pairs.flips, chance, None if use == "image" else pairs.lab)


# ---------------------------------------------------------------------------------------------------------------------
# Late fusion
# ---------------------------------------------------------------------------------------------------------------------


def late_fusion(probabilities, prior):
    """Put the probabilities of several models together by adding their log-odds.

    log-odds = log-odds of the prior + sum over the models of (log-odds of the model - log-odds of the prior)

    This is Bayes' theorem where the modalities are independent given the outcome, and each model answers the right
    probability for what it sees. A model that answers the prior changes nothing: so a missing modality is left out.

    Parameters
    ----------
    probabilities : list of arrays of numbers between 0 and 1, each of shape (n,)
        The answers of one model or more to the same n patients.
    prior : float between 0 and 1, ends excluded
        The share of patients with the outcome 1 among those on whom the models were trained.

    Returns
    -------
    array of numbers between 0 and 1, shape (n,)

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or of one patient one model is certain (1) and another of the contrary (0).

    Taught in: 05_4_multimodal_data
    """
    probabilities = _list_of_arrays(probabilities, "probabilities", of="model")
    if not probabilities:
        raise ValueError("probabilities must hold the answers of one model or more, got an empty list")
    names = [f"probabilities[{i}]" for i in range(len(probabilities))]
    answers = [_checks.probabilities(p, name) for p, name in zip(probabilities, names, strict=True)]
    _checks.same_length(**dict(zip(names, answers, strict=True)))
    prior = _checks.share(prior, "prior")
    answers = np.array(answers)
    torn = np.flatnonzero((answers == 0).any(axis=0) & (answers == 1).any(axis=0))
    if len(torn):
        raise ValueError(f"probabilities must not be 0 in one model and 1 in another, got both in row {torn[0]}")
    with np.errstate(divide="ignore"):  # a certain model has infinite log-odds, and is believed
        log_odds = special.logit(answers)
    base = special.logit(prior)
    return special.expit(base + np.sum(log_odds - base, axis=0))


# ---------------------------------------------------------------------------------------------------------------------
# Missing modalities
# ---------------------------------------------------------------------------------------------------------------------


def hide_modalities(modalities, share, *, seed=0):
    """Hide modalities of patients at random, and say which are there (modality dropout).

    Each modality of each patient is drawn with the given probability, independently, and hidden. Where nothing would be
    left, one modality drawn by lot stays after all; one with the share 1 only if every modality has it. So fewer are
    hidden in the end than were drawn: of two modalities with the share 0.3 each, 25.5 % of the patients lack the first.

    Parameters
    ----------
    modalities : list of arrays of finite numbers, each of shape (n, ...)
        Two modalities or more, row i of each from patient i.
    share : one number between 0 and 1, or a list of one for each modality
        The probability that a modality is drawn to be hidden, ends allowed: [1, 0] hides the first for everybody.
    seed : int from 0 to 2**32 - 1, or numpy.random.Generator

    Returns
    -------
    (modalities, present) : list of arrays, and array of float32 of shape (n, number of modalities)
        Copies with zeros where a modality is hidden; and 1 where it is there, 0 where it is hidden. Every row of
        `present` holds a 1.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Source: modality dropout: Neverova et al. 2016, https://arxiv.org/abs/1501.00102

    Taught in: 05_4_multimodal_data
    """
    modalities = _list_of_arrays(modalities, "modalities", of="modality")
    if len(modalities) < 2:
        raise ValueError(f"modalities must hold two or more, got {len(modalities)}: one alone cannot be hidden")
    names = [f"modalities[{i}]" for i in range(len(modalities))]
    modalities = [_checks.array(m, name) for m, name in zip(modalities, names, strict=True)]
    for values, name in zip(modalities, names, strict=True):
        if values.ndim == 0:
            raise ValueError(f"{name} must have one row for each patient, got one number")
    _checks.same_length(**dict(zip(names, modalities, strict=True)))
    shares, rng = _shares(share, len(modalities)), _checks.generator(seed)
    n = len(modalities[0])
    present = rng.random((n, len(modalities))) >= shares
    may_stay = np.flatnonzero(shares < 1) if (shares < 1).any() else np.arange(len(shares))
    stays = rng.choice(may_stay, n)
    bare = np.flatnonzero(~present.any(axis=1))
    present[bare, stays[bare]] = True
    hidden = []
    for j, values in enumerate(modalities):
        values = values.copy()
        values[~present[:, j]] = 0
        hidden.append(values)
    return hidden, present.astype(np.float32)


# ---------------------------------------------------------------------------------------------------------------------
# The model of the simulated patients
# ---------------------------------------------------------------------------------------------------------------------


def _blobs(strength, size):
    """Return the lesion at each of its possible places, shape (places, size, size)."""
    row, column = np.mgrid[:size, :size]
    places = [(i, j) for i in range(MARGIN, size - MARGIN) for j in range(MARGIN, size - MARGIN)]
    squared = np.array([(row - i) ** 2 + (column - j) ** 2 for i, j in places])
    return strength * np.exp(-squared / (2 * WIDTH**2))


def _chance_of_a_lesion(images, strength):
    """Return P(lesion | image), shape (n,), where half of the images hold one."""
    pixels = images.reshape(len(images), -1).astype(float)
    blobs = _blobs(strength, images.shape[1]).reshape(-1, pixels.shape[1])
    log_ratios = pixels @ blobs.T - np.sum(blobs**2, axis=1) / 2  # [n, places]
    return special.expit(special.logsumexp(log_ratios, axis=1) - np.log(len(blobs)))


def _outcome(rule, flips, chance, lab):
    """Return P(y = 1 | evidence, lab), or without lab P(y = 1 | evidence); `chance`: of a lesion, from 1/2."""
    if rule == "interaction":
        # Above 0 the outcome goes with the lesion's absence; of a value that is not seen, half are above 0.
        follows = np.full(len(chance), 0.5) if lab is None else np.where(lab > 0, 1 - chance, chance)
        return flips + (1 - 2 * flips) * follows
    with_1 = AGREE * chance + (1 - AGREE) * (1 - chance)
    image = np.log(with_1) - np.log1p(-with_1)  # the likelihoods with the outcome 1 and 0: they add up to 1
    return special.expit(image if lab is None else image + 2 * SHIFT * lab.astype(float))


def _list_of_arrays(values, name, *, of):
    """Return a list of what stands for one model or modality each. The rows of one array would be taken for them."""
    shape = getattr(values, "shape", None)
    if shape is not None:
        raise ValueError(f"{name} must be a list of arrays, one for each {of}, got one array of shape {tuple(shape)}")
    return _checks.listed(values, name)


def _shares(share, n_modalities):
    """Return the share of each modality, as an array."""
    if not (isinstance(share, list | tuple) or (isinstance(share, np.ndarray) and share.ndim)):
        return np.full(n_modalities, _checks.share(share, "share", ends_allowed=True))
    shares = np.array([_checks.share(value, "share", ends_allowed=True) for value in share])
    if len(shares) != n_modalities:
        raise ValueError(f"share must be one number or {n_modalities}, one for each modality, got {len(shares)}")
    return shares
