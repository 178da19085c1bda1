"""The checks behind the exercises of chapter 3.2.2."""

import math

import numpy as np

from course_utils.exercises import Exercise, Misconception

# --- 3.2.2-a: similarity of two lists --------------------------------------------------------------------------------


def similarity(first, second):
    either = set(first) | set(second)
    return len(set(first) & set(second)) / len(either) if either else 0


def similarity_by_loop(first, second):
    one, other = list(dict.fromkeys(first)), list(dict.fromkeys(second))
    common = 0
    for identifier in one:
        if identifier in other:
            common += 1
    return common / max(len(one) + len(other) - common, 1)


def similarity_by_arrays(first, second):
    common = np.intersect1d(first, second).size
    return common / max(np.unique(first).size + np.unique(second).size - common, 1)


def with_repeats(first, second):
    common = sum(min(first.count(i), second.count(i)) for i in set(first))
    return common / max(len(first) + len(second) - common, 1)


def folded(first, second):
    return similarity([i % 2048 for i in first], [i % 2048 for i in second])


def empty_alike(first, second):
    return similarity(first, second) if len(first) + len(second) else 1


def of_both_lengths(first, second):
    common, total = len(set(first) & set(second)), len(set(first)) + len(set(second))
    return common / total if total else 0


def dice(first, second):
    return 2 * of_both_lengths(first, second)


def of_the_first(first, second):
    return len(set(first) & set(second)) / max(len(set(first)), 1)


def of_the_smaller(first, second):
    return len(set(first) & set(second)) / max(min(len(set(first)), len(set(second))), 1)


# --- 3.2.2-b: one round of message passing ---------------------------------------------------------------------------


def message_round(H, bonds, W, V, b):
    messages = np.zeros_like(H)
    for i, j in bonds:
        messages[i] += H[j]
        messages[j] += H[i]
    return H + np.maximum(0, H @ W + messages @ V + b)


def by_adjacency(H, bonds, W, V, b):
    adjacency = np.zeros((len(H), len(H)))
    for i, j in bonds:
        adjacency[i, j] = adjacency[j, i] = 1
    return H + np.maximum(0, H @ W + adjacency @ (H @ V) + b)


def atom_by_atom(H, bonds, W, V, b):
    rows = []
    for atom in range(len(H)):
        total = H[atom] @ W + b
        for i, j in bonds:
            if atom in (i, j):
                total = total + H[j if atom == i else i] @ V
        rows.append([h + max(0, t) for h, t in zip(H[atom], total, strict=True)])
    return rows


def one_way(H, bonds, W, V, b):
    messages = np.zeros_like(H)
    for i, j in bonds:
        messages[i] += H[j]
    return H + np.maximum(0, H @ W + messages @ V + b)


def other_way(H, bonds, W, V, b):
    return one_way(H, [(j, i) for i, j in bonds], W, V, b)


def last_neighbour(H, bonds, W, V, b):
    messages = np.zeros_like(H)
    for i, j in bonds:
        messages[i] = H[j]
        messages[j] = H[i]
    return H + np.maximum(0, H @ W + messages @ V + b)


def by_index(H, bonds, W, V, b):
    messages = np.zeros_like(H)
    if len(bonds):
        left, right = np.array(bonds).T
        messages[left] += H[right]
        messages[right] += H[left]
    return H + np.maximum(0, H @ W + messages @ V + b)


def transposed(H, bonds, W, V, b):
    return message_round(H, bonds, W.T, V.T, b)


def bias_in_messages(H, bonds, W, V, b):
    total = H @ W
    for i, j in bonds:
        total[i] += H[j] @ V + b
        total[j] += H[i] @ V + b
    return H + np.maximum(0, total)


def relu_in_messages(H, bonds, W, V, b):
    total = H @ W + b
    for i, j in bonds:
        total[i] += np.maximum(0, H[j] @ V)
        total[j] += np.maximum(0, H[i] @ V)
    return H + np.maximum(0, total)


def mean_of_neighbours(H, bonds, W, V, b):
    adjacency = np.zeros((len(H), len(H)))
    for i, j in bonds:
        adjacency[i, j] = adjacency[j, i] = 1
    degree = np.maximum(adjacency.sum(axis=1, keepdims=True), 1)
    return H + np.maximum(0, H @ W + adjacency @ H / degree @ V + b)


def with_self(H, bonds, W, V, b):
    adjacency = np.eye(len(H))
    for i, j in bonds:
        adjacency[i, j] = adjacency[j, i] = 1
    return H + np.maximum(0, H @ W + adjacency @ H @ V + b)


def in_place(H, bonds, W, V, b):
    H = H.copy()
    for atom in range(len(H)):
        heard = sum((H[j if atom == i else i] for i, j in bonds if atom in (i, j)), np.zeros(H.shape[1]))
        H[atom] = H[atom] + np.maximum(0, H[atom] @ W + heard @ V + b)
    return H


def without_old(H, bonds, W, V, b):
    return message_round(H, bonds, W, V, b) - H


def without_relu(H, bonds, W, V, b):
    messages = np.zeros_like(H)
    for i, j in bonds:
        messages[i] += H[j]
        messages[j] += H[i]
    return H + H @ W + messages @ V + b


def relu_of_all(H, bonds, W, V, b):
    return np.maximum(0, without_relu(H, bonds, W, V, b))


def weights_swapped(H, bonds, W, V, b):
    return message_round(H, bonds, V, W, b)


def _graph(seed, atoms, bonds, width):
    rng = np.random.default_rng(seed)
    matrices = [np.round(rng.normal(size=shape), 1) for shape in ((atoms, width), (width, width), (width, width))]
    return matrices[0], bonds, matrices[1], matrices[2], np.round(rng.normal(size=width), 1)


# --- 3.2.2-c: a loss with gaps ---------------------------------------------------------------------------------------


def masked_loss(labels, probabilities):
    measured = ~np.isnan(labels)
    y, p = labels[measured], probabilities[measured]
    return np.mean(-y * np.log(p) - (1 - y) * np.log(1 - p))


def loss_by_loop(labels, probabilities):
    losses = []
    for row, chances in zip(labels, probabilities, strict=True):
        for y, p in zip(row, chances, strict=True):
            if y == 1:
                losses.append(-math.log(p))
            elif y == 0:
                losses.append(-math.log(1 - p))
    return sum(losses) / len(losses)


def loss_by_nanmean(labels, probabilities):
    return np.nanmean(-(labels * np.log(probabilities) + (1 - labels) * np.log(1 - probabilities)))


def gaps_inactive(labels, probabilities):
    return masked_loss(np.nan_to_num(labels), probabilities)


def divided_by_all(labels, probabilities):
    return masked_loss(labels, probabilities) * np.mean(~np.isnan(labels))


def complete_rows(labels, probabilities):
    rows = ~np.isnan(labels).any(axis=1)
    if not rows.any():
        return np.nan  # as NumPy says of the mean of nothing
    return masked_loss(labels[rows], probabilities[rows])


def summed(labels, probabilities):
    return masked_loss(labels, probabilities) * (~np.isnan(labels)).sum()


def wrong_sign(labels, probabilities):
    return -masked_loss(labels, probabilities)


def to_base_10(labels, probabilities):
    return masked_loss(labels, probabilities) / np.log(10)


def clipped(labels, probabilities):
    return masked_loss(labels, np.clip(probabilities, 1e-3, 1 - 1e-3))


def mean_of_assays(labels, probabilities):
    columns = [k for k in range(labels.shape[1]) if not np.isnan(labels[:, k]).all()]
    return np.mean([masked_loss(labels[:, k], probabilities[:, k]) for k in columns])


def mean_of_compounds(labels, probabilities):
    rows = ~np.isnan(labels).all(axis=1)
    return np.mean([masked_loss(y, p) for y, p in zip(labels[rows], probabilities[rows], strict=True)])


def spoilt_by_gaps(labels, probabilities):
    return np.mean(-(labels * np.log(probabilities) + (1 - labels) * np.log(1 - probabilities)))


def actives_only(labels, probabilities):
    losses = np.where(labels == 1, -np.log(probabilities), 0)
    return losses.sum() / (~np.isnan(labels)).sum()


_GAP = np.nan

# --- 3.2.2-d: the half width of a conformal interval -----------------------------------------------------------------


def half_width(true, predicted, level):
    errors = np.sort(np.abs(np.asarray(true) - predicted))
    return errors[math.ceil(round((len(errors) + 1) * level, 9)) - 1]


def by_sorted_list(true, predicted, level):
    errors = sorted(abs(y - p) for y, p in zip(true, predicted, strict=True))
    rank = int(np.ceil(np.round((len(errors) + 1) * level, 9)))
    return errors[rank - 1]


def by_partition(true, predicted, level):
    errors = np.abs(true - predicted)
    k = math.ceil(round((errors.size + 1) * level, 9)) - 1
    return np.partition(errors, k)[k]


def without_plus_one(true, predicted, level):
    errors = np.sort(np.abs(true - predicted))
    return errors[math.ceil(round(len(errors) * level, 9)) - 1]


def index_from_one(true, predicted, level):
    errors = np.sort(np.abs(true - predicted))
    return errors[min(math.ceil(round((len(errors) + 1) * level, 9)), len(errors) - 1)]


def rounded_down(true, predicted, level):
    errors = np.sort(np.abs(true - predicted))
    return errors[math.floor(round((len(errors) + 1) * level, 9)) - 1]


def signed(true, predicted, level):
    errors = np.sort(true - predicted)
    return errors[math.ceil(round((len(errors) + 1) * level, 9)) - 1]


def unrounded(true, predicted, level):
    errors = np.sort(np.abs(true - predicted))
    return errors[math.ceil((len(errors) + 1) * level) - 1]


def plain_quantile(true, predicted, level):
    return np.quantile(np.abs(true - predicted), level)


def unsorted(true, predicted, level):
    errors = np.abs(true - predicted)
    return errors[math.ceil(round((len(errors) + 1) * level, 9)) - 1]


def whole_width(true, predicted, level):
    return 2 * half_width(true, predicted, level)


def share_outside(true, predicted, level):
    return half_width(true, predicted, 1 - level)


def of_errors(errors, level):
    """A case of 3.2.2-d: a calibration set with these errors, predicted minus true with changing sign."""
    predicted = np.linspace(-4, 0, len(errors))
    return predicted + np.array(errors), predicted, level


EXERCISES = [
    Exercise(
        id="3.2.2-a",
        expected=similarity,
        cases=(
            ([11, 12, 13, 14, 15, 16], [11, 12, 13, 14, 15, 17, 18]),
            ([5, 5, 5, 7], [7, 5, 9, 9]),
            ([1, 2], [3]),
            ([4, 2], [2, 4]),
            ([], []),
            ([807, 1], [2855, 1]),
        ),
        solutions=(similarity_by_loop, similarity_by_arrays),
        misconceptions=(
            Misconception(answer=with_repeats, hint="A neighbourhood that occurs twice was counted twice."),
            Misconception(
                answer=of_both_lengths,
                hint="What both have was counted twice below the line: once for each molecule.",
            ),
            Misconception(
                answer=dice,
                hint="What both have was counted twice, above the line and below it. That is another measure (Dice's).",
            ),
            Misconception(
                answer=of_the_first,
                also=(of_the_smaller,),
                hint="Below the line stood one of the two sets: what only the other has must count as well.",
            ),
            Misconception(answer=folded, hint="Two identifiers fell on one bit. Identifiers are compared as they are."),
            Misconception(answer=empty_alike, hint="Two empty lists: read the last sentence of the task again."),
        ),
        hint="Count on paper: what do both have, and what does at least one have? Each identifier once.",
        error_hint="Two empty lists come too: what is divided by what then?",
    ),
    Exercise(
        id="3.2.2-b",
        expected=message_round,
        cases=(
            (
                np.array([[1.0], [2.0], [4.0]]),
                [(0, 1), (1, 2)],
                np.array([[1.0]]),
                np.array([[0.5]]),
                np.array([0.0]),
            ),
            _graph(1, 4, [(0, 1), (2, 1), (1, 3)], 2),
            _graph(2, 5, [(0, 1), (1, 2), (2, 3), (3, 0), (4, 2)], 3),
            _graph(3, 1, [], 2),
        ),
        solutions=(by_adjacency, atom_by_atom),
        misconceptions=(
            Misconception(answer=one_way, hint="A bond carries two messages: here the second atom hears nothing."),
            Misconception(
                answer=other_way,
                hint="A bond carries two messages: here the first atom hears nothing.",
            ),
            Misconception(
                answer=last_neighbour, also=(by_index,), hint="An atom with two neighbours hears only one of them."
            ),
            Misconception(
                answer=transposed, hint="Rows are vectors here: the matrix stands to the right of the vector."
            ),
            Misconception(answer=bias_in_messages, hint="b is added once for each atom, not with each message."),
            Misconception(answer=relu_in_messages, hint="The maximum is taken of the whole sum, not of each message."),
            Misconception(answer=mean_of_neighbours, hint="The messages were averaged: an atom could not count them."),
            Misconception(answer=with_self, hint="An atom heard itself too: its own vector has a matrix of its own."),
            Misconception(
                answer=in_place,
                hint="Some atoms read neighbours that were already renewed. All must read the old vectors.",
            ),
            Misconception(answer=without_old, hint="The old vector of the atom is missing from the result."),
            Misconception(answer=without_relu, hint="Negative sums got through: where does the formula stop them?"),
            Misconception(answer=relu_of_all, hint="The old vector stands outside of the maximum, not inside."),
            Misconception(answer=weights_swapped, hint="Which matrix is for the atom, and which for its neighbours?"),
        ),
        hint="Do the graph of three atoms on paper, with the numbers of the drawing, and print what each atom hears.",
        error_hint="Print the shapes: messages have one row for each atom, like the first argument. Is there a bond?",
    ),
    Exercise(
        id="3.2.2-c",
        expected=masked_loss,
        cases=(
            (np.array([[1.0, _GAP], [0.0, 1.0]]), np.array([[0.5, 0.9], [0.2, 0.25]])),
            (
                np.array([[_GAP, 0.0, 1.0], [1.0, _GAP, 1.0], [1.0, 0.0, 0.0]]),
                np.array([[0.3, 0.2, 0.9], [0.6, 0.7, 0.1], [0.0001, 0.3, 0.4]]),
            ),
            (np.array([[0.0, _GAP], [0.0, _GAP], [1.0, 0.0]]), np.array([[0.1, 0.5], [0.4, 0.5], [0.8, 0.3]])),
        ),
        solutions=(loss_by_loop, loss_by_nanmean),
        misconceptions=(
            Misconception(answer=gaps_inactive, hint="What nobody measured was counted as inactive."),
            Misconception(answer=divided_by_all, hint="The sum is right, but it was divided by all cells, gaps too."),
            Misconception(
                answer=complete_rows, hint="Compounds with a gap were dropped, with the labels that they do have."
            ),
            Misconception(
                answer=mean_of_assays,
                hint="This is the mean of the assays' means: a label of an assay with many gaps counts for more.",
            ),
            Misconception(
                answer=mean_of_compounds,
                hint="This is the mean of the compounds' means: a label of a compound with many gaps counts for more.",
            ),
            Misconception(answer=spoilt_by_gaps, hint="One NaN in a sum makes the sum NaN: leave the gaps out first."),
            Misconception(answer=summed, hint="This is the sum: how many labels are measured?"),
            Misconception(answer=wrong_sign, hint="A loss is not negative: the logarithm of a probability is."),
            Misconception(answer=to_base_10, hint="The cross-entropy takes the natural logarithm."),
            Misconception(answer=clipped, hint="A small probability was made larger; the ends do not occur here."),
            Misconception(answer=actives_only, hint="An inactive label costs something too: look at its probability."),
        ),
        hint="How many labels are measured, and what does each of them cost? Do the two-by-two table on paper.",
    ),
    Exercise(
        id="3.2.2-d",
        expected=half_width,
        cases=(
            of_errors([0.5, -0.9, 0.1, 0.4, -0.3, 0.2, 0.35, -0.6, 0.05, 0.7, -0.8, 0.25], 0.8),
            of_errors([0.3, -0.1, 0.8, 0.2, -1.5, 0.6, -0.4, 0.7, 0.5], 0.8),
            of_errors([0.9, -0.1, 0.3, -1.1, 0.2, 0.6, 1.3, -0.8, 0.4, -0.7, 0.5, 1.2, -1.0], 0.7),
            of_errors([0.2, -0.4, 0.3, 0.1, 0.9, -0.6, 0.5, 0.8, -0.7], 0.9),
            of_errors([(-1) ** i * (i * 37 % 99 + 1) / 100 for i in range(99)], 0.55),
        ),
        solutions=(by_sorted_list, by_partition),
        misconceptions=(
            Misconception(
                answer=without_plus_one,
                hint="The new molecule has a rank too, so there is one more error than calibration molecules.",
            ),
            Misconception(answer=rounded_down, hint="Rounded down, the intervals hold less than was promised."),
            Misconception(answer=index_from_one, hint="The smallest error has the index 0, so this is one too far."),
            Misconception(
                answer=unrounded,
                hint="The product came out a hair too large on the computer, so that it was rounded up once too often.",
            ),
            Misconception(answer=signed, hint="An error of -1.5 is a large one: its size counts."),
            Misconception(
                answer=plain_quantile,
                hint="A quantile of NumPy lies between two errors, and does not know of the new molecule.",
            ),
            Misconception(answer=whole_width, hint="This is the whole width: half of it is asked for."),
            Misconception(answer=share_outside, hint="level is the share of outcomes inside, not outside."),
            Misconception(answer=unsorted, hint="The errors must stand in order before one is picked."),
        ),
        error_hint="If an index is too large: the smallest error has which index?",
        hint="Write the errors in order, and count to the rank that the formula gives. Nine errors are enough to try.",
    ),
]
