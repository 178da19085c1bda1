"""Checks behind the exercises of chapter 4.1, Lab: image diagnosis."""

from fractions import Fraction

import numpy as np

from course_utils.exercises import Exercise, Misconception


def _threshold(labels, scores, sensitivity):
    positives = np.sort(scores[labels == 1])[::-1]
    return positives[int(np.ceil(sensitivity * len(positives))) - 1]


def _rounded_down(labels, scores, sensitivity):
    positives = np.sort(scores[labels == 1])[::-1]
    return positives[max(int(np.floor(sensitivity * len(positives))) - 1, 0)]


def _threshold_by_trying(labels, scores, sensitivity):
    for threshold in sorted(scores, reverse=True):
        if np.mean(scores[labels == 1] >= threshold) >= sensitivity:
            return threshold


def _threshold_by_lists(labels, scores, sensitivity):
    positives = [score for label, score in zip(labels, scores, strict=True) if label == 1]
    right = [t for t in positives if sum(p >= t for p in positives) >= sensitivity * len(positives)]
    return max(right)


_LABELS = np.array([1, 1, 1, 1, 1, 0, 0, 0, 0, 0])
_SCORES = np.array([0.9, 0.8, 0.6, 0.4, 0.1, 0.7, 0.5, 0.3, 0.2, 0.05])

EXERCISES = [
    Exercise(
        "4.1-a",
        expected=(12 * 12 * 256 + 1) * 512,
        solutions=(12 * 12 * 256 * 512 + 512, np.int32(18_874_880), 18_874_880.0),
        misconceptions=(
            Misconception(12 * 12 * 256 * 512, "Nearly. Each of the 512 units has an intercept too."),
            Misconception((12 * 12 + 1) * 512, "Every position has 256 channels, and flattening keeps them all."),
            Misconception(12 * 12 * 512, "Every position has 256 channels, and each unit has an intercept."),
            Misconception((256 + 1) * 512, "That is the size after averaging over positions. Flattening keeps them."),
            Misconception((12 * 256 + 1) * 512, "The image has 12 rows and 12 columns of positions."),
            Misconception(12 * 12 * 256, "That is the length of the flattened vector: the inputs of one unit."),
            Misconception((26 * 26 * 128 + 1) * 512, "That is the dense layer after three blocks."),
        ),
        hint="How long is the flattened vector? That is what one unit sees; then its intercept, then the other units.",
    ),
    Exercise(
        "4.1-b",
        expected=_threshold,
        cases=((_LABELS, _SCORES, 0.8), (_LABELS, _SCORES, 0.5), (_LABELS, _SCORES, 1.0), (1 - _LABELS, _SCORES, 0.7)),
        solutions=(_threshold_by_trying, _threshold_by_lists),
        misconceptions=(
            Misconception(
                lambda labels, scores, sensitivity: np.min(scores[labels == 1]),
                "This threshold finds every positive case. A larger one may be enough.",
            ),
            Misconception(
                _rounded_down,
                "Just below the sensitivity asked for: half a patient cannot be found. Round up.",
            ),
            Misconception(
                lambda labels, scores, sensitivity: np.quantile(scores[labels == 1], 1 - sensitivity),
                "`np.quantile` interpolates between two scores. A threshold at a score itself is larger and enough.",
            ),
            Misconception(
                lambda labels, scores, sensitivity: np.sort(scores)[::-1][int(np.ceil(sensitivity * len(scores))) - 1],
                "You took the scores of all cases. Sensitivity looks at the positive ones alone.",
            ),
            Misconception(
                lambda labels, scores, sensitivity: _threshold(1 - labels, scores, sensitivity),
                "You took the scores of the negative cases. Those decide about specificity.",
            ),
        ),
        hint="Look at the scores of the positive cases alone. How many of them must lie at or above the threshold?",
    ),
    Exercise(
        "4.1-c",
        expected=(4 / 9) / (1 + 4 / 9),
        solutions=(4 / 13, 0.308, np.float32(4 / 13), 0.8 * 0.2 / (0.8 * 0.2 + 0.2 * 1.8)),
        tolerance=2e-3,
        misconceptions=(
            Misconception(0.8 * 0.1 / 0.5, "You scaled the probability. The odds are what is multiplied."),
            Misconception(4 / 9, "These are the corrected odds. Turn them back: odds / (1 + odds)."),
            Misconception(36 / 37, "The ratio is upside down: in the new ward the disease is rarer."),
            Misconception(0.1, "That is the prevalence of the new ward. The film was not normal, though."),
            Misconception(0.8, "Unchanged? The same film means less where the disease is rarer."),
            Misconception(0.4 / 1.4, "The prior odds of one in ten are 0.1 / 0.9, not 0.1."),
            Misconception(0.8 * 0.1, "That is the product of two probabilities. Odds are p / (1 - p)."),
        ),
        hint="First the odds of 0.8. By what factor do the prior odds fall from the one prevalence to the other?",
    ),
    Exercise(
        "4.1-d",
        expected=60 / 200 - 30 / 200 * 0.2 / 0.8,
        solutions=((60 - 30 / 4) / 200, Fraction(105, 400), np.array(0.2625), 0.263),
        tolerance=1e-3,
        misconceptions=(
            Misconception(60 / 200 - 30 / 200, "You gave a false positive the weight of a true one."),
            Misconception(60 / 200 - 30 / 200 * 0.2, "The weight is t / (1 - t), the odds, not t."),
            Misconception(60 / 200 - 30 / 200 * 0.8 / 0.2, "The weight is upside down: at t = 0.2 alarms are cheap."),
            Misconception(60 / 90 - 30 / 90 * 0.25, "Divide by all 200 films, not by the 90 that were moved up."),
            Misconception(60 - 30 * 0.25, "That is a count. Divide by the 200 films."),
            Misconception(60 / 200, "You forgot the price of the false positives."),
        ),
        hint="A true positive counts fully. What does a false positive cost? Then: both as a share of what?",
    ),
]
