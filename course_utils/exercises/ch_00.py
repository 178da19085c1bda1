"""Checks behind the exercises of chapter 00, Start here."""

from fractions import Fraction

import numpy as np

from course_utils.exercises import Exercise, Misconception


def _majority_accuracy(labels):
    return max(np.mean(labels), 1 - np.mean(labels))


def _sensitivity(labels, predictions):
    return np.mean(predictions[labels == 1])


def _majority_accuracy_by_counting(labels):
    ones = sum(1 for label in labels if label == 1)
    return max(ones, len(labels) - ones) / len(labels)


def _majority_accuracy_by_bins(labels):
    return np.bincount(labels, minlength=2).max() / labels.size


def _sensitivity_by_counting(labels, predictions):
    malignant = found = 0
    for label, prediction in zip(labels, predictions, strict=True):
        if label == 1:
            malignant += 1
            found += prediction
    return found / malignant


def _sensitivity_by_product(labels, predictions):
    return (labels * predictions).sum() / labels.sum()


_MOSTLY_BENIGN = np.array([0, 0, 0, 1])
_MOSTLY_MALIGNANT = np.array([1, 1, 1, 1, 0])
_LABELS = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
_PREDICTIONS = np.array([1, 1, 1, 0, 1, 1, 0, 0, 0, 0])

EXERCISES = [
    Exercise(
        "00-a",
        expected=_majority_accuracy,
        cases=((_MOSTLY_BENIGN,), (_MOSTLY_MALIGNANT,), (np.array([0, 0, 0]),)),
        solutions=(_majority_accuracy_by_counting, _majority_accuracy_by_bins),
        misconceptions=(
            Misconception(np.mean, "That is the share of ones. It is the accuracy only where ones are more frequent."),
            Misconception(
                lambda labels: 1 - np.mean(labels),
                "That is the share of zeros. Which answer does the model give when most labels are 1?",
            ),
            Misconception(
                lambda labels: int(np.mean(labels) > 0.5),
                "That is the answer the model gives. How often is it right?",
            ),
            Misconception(
                lambda labels: max(np.sum(labels == 0), np.sum(labels == 1)),
                "That is a count. An accuracy is a share: divide by the number of labels.",
            ),
        ),
        hint="Compare the share of ones with the share of zeros.",
    ),
    Exercise(
        "00-b",
        expected=30 * 16 + 16 + 16 * 1 + 1,
        solutions=(np.sum([30 * 16, 16, 16, 1]), 513.0),
        misconceptions=(
            Misconception(
                30 * 16 + 16,
                "These are all the weights, or the first layer alone. Both layers count, and so do intercepts.",
            ),
            Misconception(30 * 16 + 16 * 1 + 16, "The unit of the second layer has an intercept too."),
            Misconception(30 * 16 + 16 * 1 + 1, "The sixteen units of the first layer have an intercept each."),
            Misconception(30 * 16, "These are the weights of the first layer alone, without its intercepts."),
            Misconception(30 + 16 + 1, "You added the units. Each unit has one weight for each of its inputs."),
            Misconception(31 * 16 + 31, "The second layer sees the 16 outputs of the first, not the 30 measurements."),
        ),
        hint="Take one unit of the first layer: how many weights has it, and what else? Then layer by layer.",
    ),
    Exercise(
        "00-c",
        expected=_sensitivity,
        cases=((_LABELS, _PREDICTIONS), (1 - _LABELS, _PREDICTIONS), (np.array([1, 0]), np.array([0, 1]))),
        solutions=(_sensitivity_by_counting, _sensitivity_by_product),
        misconceptions=(
            Misconception(
                lambda labels, predictions: np.mean(labels[predictions == 1]),
                "You divided by the positive predictions: that is the positive predictive value. "
                "Sensitivity divides by the malignant masses.",
            ),
            Misconception(
                lambda labels, predictions: np.mean(labels == predictions),
                "That is the accuracy: it counts the benign masses as well.",
            ),
            Misconception(
                lambda labels, predictions: 1 - np.mean(predictions[labels == 0]),
                "That is the specificity: it looks at the benign masses.",
            ),
            Misconception(
                lambda labels, predictions: np.sum((labels == 1) & (predictions == 1)),
                "That is a count. Divide by the number of malignant masses.",
            ),
            Misconception(
                lambda labels, predictions: np.mean((labels == 1) & (predictions == 1)),
                "You divided by all masses. Sensitivity is a share of the malignant ones.",
            ),
        ),
        hint="Below the line: the malignant masses. Above it: those of them that are predicted to be malignant.",
    ),
    Exercise(
        "00-d",
        expected=0.90 * 0.01 / (0.90 * 0.01 + 0.05 * 0.99),
        solutions=(90 / (90 + 495), 0.154, Fraction(2, 13), np.float32(0.1538)),
        tolerance=2e-4,
        misconceptions=(
            Misconception(0.90, "That is the sensitivity: the share of the diseased who test positive."),
            Misconception(0.95, "That is the specificity: the share of the healthy who test negative."),
            Misconception(
                0.90 * 0.01 / (0.90 * 0.01 + 0.95 * 0.99),
                "The false positives are the healthy times 1 - 0.95, not times 0.95.",
            ),
            Misconception(0.90 * 0.01, "The true positives as a share of all people, not of all positives."),
            Misconception(0.90 / (0.90 + 0.05), "That would hold if half of the people had the disease."),
            Misconception(0.01, "That is the prevalence: what you knew before the test."),
            Misconception(
                0.05 * 0.99 / (0.90 * 0.01 + 0.05 * 0.99), "That is the share of the positives that is false."
            ),
            Misconception(
                100 * 0.90 * 0.01 / (0.90 * 0.01 + 0.05 * 0.99), "Give a share between 0 and 1, not per cent."
            ),
        ),
        hint="Of 10,000 people 100 have the disease. How many of these test positive, and how many of the others?",
    ),
]
