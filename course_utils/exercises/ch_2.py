"""The checks behind the exercises of chapter 2."""

import math

import numpy as np
from scipy.special import gammaln
from scipy.stats import poisson

from course_utils.exercises import Exercise, Misconception

# --- 2-a: a description that does not depend on the order of the atoms -----------------------------------------------


def describe(atoms, W, b):
    there = atoms.any(axis=1)
    return np.maximum(0, atoms[there] @ W + b).sum(axis=0)


def describe_with_mask(atoms, W, b):
    hidden = np.maximum(0, atoms @ W + b)
    return (hidden * (atoms.sum(axis=1) > 0)[:, np.newaxis]).sum(axis=0)


def describe_atom_by_atom(atoms, W, b):
    total = [0.0] * len(b)
    for atom in atoms:
        if sum(atom) == 0:
            continue
        for unit in range(len(b)):
            total[unit] += max(0.0, float(sum(atom * W[:, unit]) + b[unit]))
    return total


def without_mask(atoms, W, b):
    return np.maximum(0, atoms @ W + b).sum(axis=0)


def sum_first(atoms, W, b):
    return np.maximum(0, atoms.sum(axis=0) @ W + b)


def without_cut(atoms, W, b):
    return (atoms[atoms.any(axis=1)] @ W + b).sum(axis=0)


def cut_last(atoms, W, b):
    return np.maximum(0, without_cut(atoms, W, b))


def mean_of_atoms(atoms, W, b):
    return np.maximum(0, atoms[atoms.any(axis=1)] @ W + b).mean(axis=0)


def largest_of_atoms(atoms, W, b):
    return np.maximum(0, atoms[atoms.any(axis=1)] @ W + b).max(axis=0)


def one_after_another(atoms, W, b):
    return np.maximum(0, atoms[atoms.any(axis=1)] @ W + b).ravel()


def over_units(atoms, W, b):
    return np.maximum(0, atoms[atoms.any(axis=1)] @ W + b).sum(axis=1)


def only_with_hydrogens(atoms, W, b):
    return np.maximum(0, atoms[atoms[:, 3] > 0] @ W + b).sum(axis=0)


def only_known_elements(atoms, W, b):
    return np.maximum(0, atoms[atoms[:, :3].any(axis=1)] @ W + b).sum(axis=0)


def without_intercept(atoms, W, b):
    return np.maximum(0, atoms @ W).sum(axis=0)


# Columns: carbon, nitrogen, oxygen, hydrogens on the atom.
ETHANOL = np.array([[1.0, 0, 0, 3], [1, 0, 0, 2], [0, 0, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
TURNED = ETHANOL[[4, 2, 0, 5, 1, 3]]
AMINE = np.array([[1.0, 0, 0, 3], [0, 1, 0, 2], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
# Formaldehyde with an oxygen without hydrogens, and an atom of another element that has one.
BARE = np.array([[1.0, 0, 0, 2], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]])
WEIGHTS = np.array([[1.0, -1, 0.5], [0.5, 2, -1], [-1, 1.5, 2], [0.5, -0.5, -0.4]])
INTERCEPTS = np.array([0.5, 0.25, -0.1])

# --- 2-b: the loss of a count ----------------------------------------------------------------------------------------


def attacks_loss(rate, months, attacks):
    expected = rate * months
    return np.mean(expected - attacks * np.log(expected) + gammaln(attacks + 1))


def loss_by_loop(rate, months, attacks):
    total = 0
    for r, t, k in zip(rate, months, attacks, strict=True):
        probability = (r * t) ** int(k) * math.exp(-r * t) / math.factorial(int(k))
        total -= math.log(probability)
    return total / len(rate)


def loss_by_scipy(rate, months, attacks):
    return -poisson.logpmf(attacks, rate * months).mean()


def without_the_product(rate, months, attacks):
    return np.mean(rate * months - attacks * np.log(rate * months))


def without_months(rate, months, attacks):
    return np.mean(rate - attacks * np.log(rate) + gammaln(attacks + 1))


def months_once(rate, months, attacks):
    return np.mean(rate * months - attacks * np.log(rate) + gammaln(attacks + 1))


def wrong_sign(rate, months, attacks):
    return -attacks_loss(rate, months, attacks)


def sum_over_patients(rate, months, attacks):
    return len(rate) * attacks_loss(rate, months, attacks)


def no_logarithm(rate, months, attacks):
    return -poisson.pmf(attacks, rate * months).mean()


def log_of_the_mean(rate, months, attacks):
    return -np.log(poisson.pmf(attacks, rate * months).mean())


def squared_error(rate, months, attacks):
    return np.mean((attacks - rate * months) ** 2)


def half_squared_error(rate, months, attacks):
    return np.mean((attacks - rate * months) ** 2) / 2


def without_mean(rate, months, attacks):
    expected = rate * months
    return expected - attacks * np.log(expected) + gammaln(attacks + 1)


def base_ten(rate, months, attacks):
    return attacks_loss(rate, months, attacks) / np.log(10)


def as_follow_up(rate, months, attacks):
    return np.mean(rate * months - attacks * np.log(rate))


FOUR = (np.array([0.5, 0.2, 1.5, 0.4]), np.array([4.0, 6.0, 2.0, 12.0]), np.array([3, 0, 2, 9]))
THREE = (np.array([0.3, 0.8, 2.0]), np.array([1.0, 5.0, 3.0]), np.array([0, 4, 5]))

# --- 2-c: the specificity that a programme needs ---------------------------------------------------------------------


def specificity_needed(sensitivity, prevalence, ppv):
    false_positives = sensitivity * prevalence * (1 - ppv) / ppv
    return 1 - false_positives / (1 - prevalence)


def by_odds(sensitivity, prevalence, ppv):
    ratio = (ppv / (1 - ppv)) / (prevalence / (1 - prevalence))
    return 1 - sensitivity / ratio


def by_people(sensitivity, prevalence, ppv):
    people = 1e9
    ill = people * prevalence
    found = ill * sensitivity
    return 1 - (found / ppv - found) / (people - ill)


def false_alarm_rate(sensitivity, prevalence, ppv):
    return 1 - specificity_needed(sensitivity, prevalence, ppv)


def per_person(sensitivity, prevalence, ppv):
    return 1 - sensitivity * prevalence * (1 - ppv) / ppv


def all_positives(sensitivity, prevalence, ppv):
    return 1 - sensitivity * prevalence / ppv / (1 - prevalence)


def every_ill_found(sensitivity, prevalence, ppv):
    return specificity_needed(1, prevalence, ppv)


def ppv_itself(sensitivity, prevalence, ppv):
    return ppv


# --- 2-d: the paragraph of methods -----------------------------------------------------------------------------------

METHODS = [2, 3, 2]  # reference standard, verification; STARD-AI


def answers_with(threat):
    """All answers that name this threat, which is none of the paragraph, whatever the second one and the row."""
    others = [other for other in range(1, 6) if other != threat and (other in (2, 3) or other > threat)]
    return tuple([*sorted([threat, other]), row] for other in others for row in range(1, 8))


def first_and_others(threat):
    first, *others = answers_with(threat)
    return {"answer": first, "also": tuple(others)}


EXERCISES = [
    Exercise(
        id="2-a",
        expected=describe,
        cases=(
            (ETHANOL, WEIGHTS, INTERCEPTS),
            (TURNED, WEIGHTS, INTERCEPTS),
            (AMINE, WEIGHTS, INTERCEPTS),
            (BARE, WEIGHTS, INTERCEPTS),
        ),
        solutions=(describe_with_mask, describe_atom_by_atom),
        misconceptions=(
            Misconception(
                answer=without_mask,
                hint="The empty rows speak, too: the layer turns a row of zeros into its intercept, cut at 0.",
            ),
            Misconception(
                answer=sum_first,
                hint="Here the atoms are added before the layer sees them. Two molecules with the same totals would "
                "then be one and the same. The layer comes first, atom by atom.",
            ),
            Misconception(
                answer=without_cut,
                hint="Something is missing between the weighted sums and the adding up: a sum stays as it is only if "
                "it is positive.",
            ),
            Misconception(
                answer=cut_last,
                hint="The cut at 0 belongs to each atom, before the atoms are added up.",
            ),
            Misconception(
                answer=mean_of_atoms,
                hint="A mean forgets how many atoms there are: a molecule and its double would look alike.",
            ),
            Misconception(
                answer=largest_of_atoms,
                hint="The largest value forgets how many atoms there are: one oxygen or five would look alike.",
            ),
            Misconception(
                answer=one_after_another,
                hint="The numbers of the atoms stand one after another: another order of the atoms gives another "
                "answer, and another molecule another length.",
            ),
            Misconception(
                answer=over_units,
                hint="You added along the wrong axis: this is one number for each atom, not one for each unit.",
            ),
            Misconception(
                answer=only_with_hydrogens,
                also=(only_known_elements,),
                hint="Which of your rows were dropped? Only a row that is all 0 is empty: an atom may have no "
                "hydrogens, or be of another element.",
            ),
            Misconception(
                answer=without_intercept,
                hint="Each unit has an intercept, too: `b`.",
            ),
        ),
        hint="For each row that is not empty: the weighted sums plus `b`, cut at 0. What is then done with the rows, "
        "so that their order and number of empty ones do not matter?",
        error_hint="`atoms @ W` has one row for each row of `atoms` and one column for each unit; `b` is added to "
        "every row.",
    ),
    Exercise(
        id="2-b",
        expected=attacks_loss,
        cases=(FOUR, THREE),
        solutions=(loss_by_loop, loss_by_scipy),
        misconceptions=(
            Misconception(
                answer=without_the_product,
                hint="Training would not notice, but one factor of the probability is missing: try it on the worked "
                "patient.",
            ),
            Misconception(
                answer=without_months,
                hint="A patient who is watched for a year has more attacks than one who is watched for a month.",
            ),
            Misconception(
                answer=months_once,
                hint="The expected number of attacks stands in two places of the formula; in one of yours the months "
                "are missing.",
            ),
            Misconception(
                answer=wrong_sign,
                hint="This is the logarithm of the likelihood: larger is better. A loss is the other way round.",
            ),
            Misconception(
                answer=sum_over_patients,
                hint="The mean over the patients is asked for, not their sum.",
            ),
            Misconception(
                answer=without_mean,
                hint="One loss for each patient is there. Their mean is asked for.",
            ),
            Misconception(
                answer=base_ten,
                hint="The natural logarithm is meant: `np.log`, not `np.log10`.",
            ),
            Misconception(
                answer=as_follow_up,
                hint="This is the loss of a follow-up, where at most one event is seen. A count has two more factors.",
            ),
            Misconception(
                answer=no_logarithm,
                hint="This is the probability itself, turned round. What makes a product of many patients a sum?",
            ),
            Misconception(
                answer=log_of_the_mean,
                hint="First the logarithm for each patient, then the mean: the other order is not the likelihood.",
            ),
            Misconception(
                answer=squared_error,
                also=(half_squared_error,),
                hint="The squared error belongs to the bell curve. A count follows another distribution, given above.",
            ),
        ),
        hint="Write the loss of one patient first, and try it on the worked numbers. What becomes of a product when "
        "its logarithm is taken?",
        error_hint="`rate`, `months` and `attacks` are arrays of one length. `math.log` takes one number, `np.log` an "
        "array.",
    ),
    Exercise(
        id="2-c",
        expected=specificity_needed,
        cases=((0.95, 0.001, 0.5), (0.8, 0.02, 0.25), (0.9, 0.4, 0.9)),
        solutions=(by_odds, by_people),
        misconceptions=(
            Misconception(
                answer=false_alarm_rate,
                hint="This is the share of the healthy who are alarmed. Which share does the specificity count?",
            ),
            Misconception(
                answer=per_person,
                hint="The false positives are counted per person tested; the specificity is a share of the healthy.",
            ),
            Misconception(
                answer=all_positives,
                hint="All positives are counted as false ones. Some of them are ill.",
            ),
            Misconception(
                answer=every_ill_found,
                hint="As if every ill person were found. How many of them does the test find?",
            ),
            Misconception(
                answer=ppv_itself,
                hint="The PPV is a share of the positives, the specificity a share of the healthy.",
            ),
        ),
        hint="Imagine 100,000 people. How many true positives are there? How many false ones may there be, so that "
        "the PPV is reached? Of how many healthy people is that a share?",
    ),
    Exercise(
        id="2-d",
        expected=METHODS,
        solutions=(tuple(METHODS), np.array(METHODS)),
        misconceptions=(
            Misconception(
                answer=[3, 2, 2],
                hint="Both are there. Only the order differs: the smaller number first.",
            ),
            Misconception(
                **first_and_others(1),
                hint="Look at spectrum again: which patients of these practices were left out, and was anybody added "
                "who had no mole that worried them?",
            ),
            Misconception(
                **first_and_others(4),
                hint="Look at leakage again: the same practices, but was any patient on both sides?",
            ),
            Misconception(
                **first_and_others(5),
                hint="Look at the collection again: were records taken that existed, or were patients waited for?",
            ),
            Misconception(
                answer=[2, 3, 1],
                hint="The threats are right. Does this network answer with a risk, or with a yes or no that is "
                "compared with a reference standard?",
            ),
            Misconception(
                answer=[2, 3, 3],
                hint="The threats are right, and this guideline holds, too, because the input is an image. Which one "
                "stands beside it for the design?",
            ),
            Misconception(
                answer=[2, 3, 4],
                also=tuple([2, 3, row] for row in (5, 6, 7)),
                hint="The threats are right. The row is chosen by what the study computes at its end, not by what was "
                "done with the patients.",
            ),
            Misconception(
                answer=[2, 3],
                hint="Two threats are there; the row of the guideline is missing.",
            ),
        ),
        hint="Ask of the study: who was let in, who got the truth, who made the truth and having seen what, what had "
        "training seen? For the row: what is computed at the end?",
    ),
]
