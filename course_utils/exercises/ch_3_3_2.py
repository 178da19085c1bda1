"""Checks behind the exercises of chapter 3.3.2, Protein structure prediction."""

import numpy as np

from course_utils.exercises import Exercise, Misconception

# --- a: a split that no family crosses -----------------------------------------------------------------------------


def _chains(seed):
    """Families (ids) and lengths of 42 chains. Five families hold most residues, but none more than a fifth."""
    rng = np.random.default_rng(seed)
    sizes = [4, 4, 3, 3, 3, 3, 3, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1]
    residues = rng.permutation([*rng.integers(1500, 1700, 5), *rng.integers(110, 170, len(sizes) - 5)])
    chains = [(101 + at, int(residues[at] // size)) for at, size in enumerate(sizes) for _ in range(size)]
    order = rng.permutation(len(chains))
    return [chains[at][0] for at in order], [chains[at][1] for at in order]


_SPLIT_CASES = (
    ([103, 103, 101, 102, 102, 104, 105, 106], [60, 70, 130, 60, 55, 110, 120, 100]),
    *(_chains(seed) for seed in range(12)),  # many, so that luck does not pass
)


def _rows(side, n):
    """The reader's row numbers as a list of whole numbers, and what is wrong with them."""
    side = np.asarray(sorted(side) if isinstance(side, set) else side)
    if side.size == 0:
        return [], ""
    if side.dtype == bool:
        return [], "True and False came back. Return the row numbers where it is True: `np.flatnonzero` finds them."
    if side.ndim != 1 or side.dtype.kind not in "iuf" or (side != np.floor(side)).any():
        return [], "Each side must be a flat list of row numbers: 0 for the first chain, 1 for the second, and so on."
    if side.min() < 0 or side.max() >= n:
        return (
            [],
            f"Rows are counted from 0 to {n - 1} here, but {int(side.max())} came back. Is it the id of a family?",
        )
    return [int(row) for row in side], ""


def _split_fault(split):
    """Try the reader's split on several sets of chains; say what is wrong, or nothing."""
    if not callable(split):
        return "A function is asked for, `split(families, lengths)`."
    for families, lengths in _SPLIT_CASES:
        sides = split(list(families), list(lengths))
        if not isinstance(sides, list | tuple | np.ndarray) or len(sides) != 2:
            return "Two things are asked for, the rows to train on and the rows to test on: `return train, test`."
        (train, trouble), (test, more) = (_rows(side, len(families)) for side in sides)
        if trouble or more:
            return trouble or more
        if not test or not train:
            return f"The {'training' if test else 'test'} side is empty."
        twice = sorted(set(train) & set(test)) or [r for r in train + test if (train + test).count(r) > 1]
        if twice:
            return f"Chain {twice[0]} was dealt out twice."
        crossing = sorted({families[row] for row in train} & {families[row] for row in test})
        if crossing:
            on_train, on_test = (next(r for r in side if families[r] == crossing[0]) for side in (train, test))
            return (
                f"Family {crossing[0]} stands on both sides: chain {on_train} is trained on and its relative, chain "
                f"{on_test}, is tested. Deal out families, not chains."
            )
        missing = sorted(set(range(len(families))) - set(train) - set(test))
        if missing:
            return f"Chain {missing[0]} is on neither side. Nothing need be thrown away when whole families move."
        share = sum(lengths[row] for row in test) / sum(lengths)
        if not 0.2 <= share <= 0.4:
            of_families = len({families[row] for row in test}) / len(set(families))
            of_chains = len(test) / len(families)
            if 0.2 <= 1 - share <= 0.4 and of_families > 0.5:
                return "The sides are exchanged: the larger one is for training, and it comes first."
            if 0.15 < share < 0.2:
                return f"The test side holds {share:.1%} of the residues, less than a fifth: one more family."
            if 0.4 < share < 0.45:
                return f"The test side holds {share:.1%} of the residues, more than two fifths: stop earlier."
            if 0.2 <= of_families <= 0.4 or 0.2 <= of_chains <= 0.4:
                what = "chains" if 0.2 <= of_chains <= 0.4 else "families"
                return f"The test side holds {share:.0%} of the residues: right in {what}, but residues count."
            return f"The test side holds {share:.0%} of the residues: keep count of them while you deal out families."
    return ""


def _by_filling(families, lengths):
    train, test, held = [], [], 0
    for family in sorted(set(families)):
        rows = [row for row, other in enumerate(families) if other == family]
        if held < 0.2 * sum(lengths):
            test.extend(rows)
            held += sum(lengths[row] for row in rows)
        else:
            train.extend(rows)
    return train, test


def _by_mask(families, lengths):
    families, lengths = np.array(families), np.array(lengths)
    names, which = np.unique(families, return_inverse=True)
    sizes = np.bincount(which, weights=lengths) / lengths.sum()
    order = np.argsort(sizes)
    tested = order[np.cumsum(sizes[order]) <= 0.4]
    mask = np.isin(which, tested)
    return np.flatnonzero(~mask), np.flatnonzero(mask)


def _by_trying(families, lengths):
    rng, names = np.random.default_rng(0), sorted(set(families))
    for _ in range(1000):
        tested = rng.choice(names, round(0.3 * len(names)), replace=False)
        test = [row for row in range(len(families)) if families[row] in tested]
        if 0.2 <= sum(lengths[row] for row in test) / sum(lengths) <= 0.4:
            return [row for row in range(len(families)) if row not in test], test


def _at_random(families, lengths):
    rows = np.random.default_rng(0).permutation(len(families))
    cut = round(0.7 * len(rows))
    return rows[:cut], rows[cut:]


def _third_of_families(families, lengths):
    tested = sorted(set(families))[: round(0.3 * len(set(families)))]
    test = [row for row, family in enumerate(families) if family in tested]
    return [row for row, family in enumerate(families) if family not in tested], test


def _throws_relatives_away(families, lengths):
    train, test = _at_random(families, lengths)
    tested = {families[row] for row in test}
    return [row for row in train if families[row] not in tested], test


def _family_ids(families, lengths):
    train, test = _by_filling(families, lengths)
    return sorted({families[row] for row in train}), sorted({families[row] for row in test})


def _never_full(families, lengths):
    test = [row for row, family in enumerate(families) if family == min(families)]
    return [row for row, family in enumerate(families) if family != min(families)], test


def _one_family(families, lengths):
    rows = [row for row, family in enumerate(families) if family == max(families)]
    return [row for row in range(len(families)) if row not in rows], rows


# --- b: a recurrent layer ------------------------------------------------------------------------------------------


def _recurrent(X, W, U, b):
    memory, memories = np.zeros(len(b)), []
    for x in X:
        memory = np.tanh(x @ W + memory @ U + b)
        memories.append(memory)
    return np.array(memories)


def _recurrent_in_place(X, W, U, b):
    H = np.zeros((len(X) + 1, len(b)))
    read = np.dot(X, W) + b
    for j in range(len(X)):
        H[j + 1] = np.tanh(read[j] + H[j].dot(U))
    return H[1:]


def _recurrent_with_lists(X, W, U, b):
    memory, memories = [0.0] * len(b), []
    for x in X:
        new = []
        for k in range(len(b)):
            total = b[k] + sum(x[i] * W[i][k] for i in range(len(x)))
            new.append(np.tanh(total + sum(memory[i] * U[i][k] for i in range(len(b)))))
        memory = new
        memories.append(memory)
    return memories


def _step(step, start=0.0):
    """A wrong recurrent layer: the same loop with another step, which gets (what is read, memory, U, b)."""

    def layer(X, W, U, b):
        memory, memories = np.full(len(b), start), []
        for x in X:
            memory = step(x @ W, memory, U, b)
            memories.append(memory)
        return np.array(memories)

    return layer


def _adds_to_the_memory(X, W, U, b):
    memory, memories = np.zeros(len(b)), []
    for x in X:
        memory += np.tanh(x @ W + memory @ U + b)
        memories.append(memory)
    return np.array(memories)


def _chain(seed, length, d, m):
    rng = np.random.default_rng(seed)
    shapes = ((length, d), (d, m), (m, m), (m,))
    return tuple(np.round(rng.normal(0, 0.8, shape), 1) for shape in shapes)


# --- c: what a residue touches -------------------------------------------------------------------------------------


def _contacts(seed, numbers):
    """A symmetric map of residues, with a full diagonal as a contact map has, and their numbers."""
    points = np.cumsum(np.random.default_rng(seed).normal(0, 1.9, (len(numbers), 3)), axis=0)
    return np.linalg.norm(points[:, None] - points, axis=2) < 8, np.array(numbers)


# Numbers begin low, so that one taken for a position finds a row, and the wrong one.
_JUMPS = [*range(2, 10), *range(12, 19), *range(20, 30), 35, *range(38, 42)]


def _partners(contacts, numbers, residue, separation):
    here = list(numbers).index(residue)
    return [
        int(number) for place, number in enumerate(numbers) if contacts[here, place] and abs(place - here) >= separation
    ]


def _partners_by_mask(contacts, numbers, residue, separation):
    here = np.flatnonzero(numbers == residue)[0]
    far = np.abs(np.arange(len(numbers)) - here) >= separation
    return numbers[contacts[here] & far]


def _partners_by_two_loops(contacts, numbers, residue, separation):
    here = int(np.argmax(numbers == residue))
    found = []
    for place in range(0, here - separation + 1):
        if contacts[place, here]:
            found.append(numbers[place])
    for place in range(here + separation, len(numbers)):
        if contacts[here][place]:
            found.append(numbers[place])
    return found


# --- d: attention without padding ----------------------------------------------------------------------------------


def _padded_chain(seed, n_real, n_padding, d_k, shuffle=False):
    rng = np.random.default_rng(seed)
    Q, K = rng.normal(size=(2, n_real + n_padding, d_k)) * 1.5
    real = np.arange(n_real + n_padding) < n_real
    return Q, K, rng.permutation(real) if shuffle else real


_PADDED = (
    _padded_chain(0, 4, 2, 4),
    _padded_chain(1, 6, 5, 9),
    _padded_chain(2, 5, 0, 2),
    _padded_chain(3, 5, 3, 4, shuffle=True),
)


def _softmax(scores, axis=1):
    exponentials = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return exponentials / exponentials.sum(axis=axis, keepdims=True)


def _scores(Q, K):
    return Q @ K.T / np.sqrt(K.shape[1])


def _attention_fault(attention_weights):
    """Try the reader's attention on padded chains; say what is wrong, or nothing."""
    if not callable(attention_weights):
        return "A function is asked for, `attention_weights(Q, K, real)`."
    for Q, K, real in _PADDED:
        found = attention_weights(Q.copy(), K.copy(), real.copy())
        if isinstance(found, tuple):
            return "Several things came back: return the weights alone."
        found = np.asarray(found)
        if found.dtype.kind not in "fiub" or found.shape != (len(real), len(real)):
            return (
                f"The weights have the shape (L, L), here {(len(real), len(real))}, not {found.shape}: padding keeps "
                "its rows and columns."
            )
        rows, alone = found[real].astype(float), _softmax(_scores(Q[real], K[real]))
        if np.allclose(rows[:, real], alone, atol=1e-5) and np.allclose(rows[:, ~real], 0, atol=1e-5):
            continue
        return _what_is_wrong(found, Q, K, real)
    return ""


def _what_is_wrong(found, Q, K, real):
    scores, rows = _scores(Q, K), found[real].astype(float)
    if np.allclose(rows, _softmax(scores)[real], atol=1e-5) and not np.allclose(found, _softmax(scores), atol=1e-5):
        return "The rows of padding were changed, not its columns: who is looked at stands in the columns."
    if np.isnan(found[:, ~real]).all() and np.isfinite(rows[:, real]).all() and not real.all():
        return "The columns of padding hold NaN, and no other. Over which axis must the weights sum to one?"
    if not np.isfinite(rows).all():
        return "Rows of real residues hold NaN or infinity: are all scores of a row infinite, or a sum zero?"
    for asks in (np.where(real, scores.T, -np.inf), scores.T):
        if np.allclose(rows, _softmax(asks)[real], atol=1e-5):
            return "Who looks stands in the rows, and asks with Q; who is looked at stands in the columns, with K."
    alike = {
        "A score of 0 is no weight of 0: what is exp(0)?": _softmax(scores * real)[real],
        "Padding still gets its weight: nothing was done about it.": _softmax(scores)[real],
        "The zeros are right, but the rows no longer sum to one: the sum below still counts padding.": (
            _softmax(scores) * real
        )[real],
        "Here the columns sum to one. Each residue spreads a weight of one over a row.": _softmax(
            np.where(real[:, None] & real, scores, -1e9), axis=0
        )[real],
        "Scores are divided by the square root of the width of a key before the softmax.": _softmax(
            np.where(real, Q @ K.T, -1e9)
        )[real],
        "The scores are divided by the width of a key: it is its square root.": _softmax(
            np.where(real, Q @ K.T / K.shape[1], -1e9)
        )[real],
        "The width of a key is its number of places, not the number of residues.": _softmax(
            np.where(real, Q @ K.T / np.sqrt(len(K)), -1e9)
        )[real],
        "These are scores. A softmax along each row makes weights of them.": np.where(real, scores, 0)[real],
    }
    for hint, wrong in alike.items():
        if np.allclose(rows, wrong, atol=1e-5):
            return hint
    between = "" if real[: real.sum()].all() else " Here padding stands between residues."
    if not np.allclose(rows[:, ~real], 0, atol=1e-5):
        share = rows[:, ~real].sum(axis=1).max()
        if np.allclose(found.sum(axis=0), 1, atol=1e-5):
            return "Here the columns sum to one, and padding gets weight. Over which axis must the weights sum to one?"
        if 0 < share < 0.01:
            return "Padding still gets a little: the exponential of such a score is small, and not zero."
        if share <= 0:
            return "A weight is negative."
        return f"A residue gives {share:.0%} of its weight to padding.{between}"
    if not np.allclose(rows.sum(axis=1), 1, atol=1e-5):
        return f"Padding gets none, but the weights of a residue sum to {rows.sum(axis=1)[0]:.2f}, not to one.{between}"
    return "Padding gets none, and each row sums to one. But without its padding the chain has other weights."


def _minus_infinity(Q, K, real):
    scores = Q @ K.T / np.sqrt(K.shape[1])
    scores[:, ~np.asarray(real)] = -np.inf
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def _zeroed_before_the_sum(Q, K, real):
    weights = np.exp(Q @ K.T / np.sqrt(K.shape[1])) * real
    return weights / weights.sum(axis=1, keepdims=True)


def _cut_out(Q, K, real):
    weights = np.zeros((len(Q), len(Q)))
    weights[np.ix_(real, real)] = _softmax(Q[real] @ K[real].T / K.shape[1] ** 0.5)
    return weights


def _pair_by_pair(Q, K, real):
    rows = []
    for q in Q:
        row = [float(np.exp(q @ k / len(k) ** 0.5)) if here else 0.0 for k, here in zip(K, real, strict=True)]
        rows.append([weight / sum(row) for weight in row])
    return rows


EXERCISES = [
    Exercise(
        "3.3.2-a",
        requirement=_split_fault,
        cases=_SPLIT_CASES,
        solutions=(_by_filling, _by_mask, _by_trying),
        misconceptions=(
            Misconception(_at_random, "Deal out families, not chains."),
            Misconception(_third_of_families, "but residues count."),
            Misconception(_throws_relatives_away, "Nothing need be thrown away"),
            Misconception(_family_ids, "Is it the id of a family?"),
            Misconception(_one_family, "keep count of them while you deal out families."),
            Misconception(_never_full, "less than a fifth: one more family."),
            Misconception(lambda f, n: _by_filling(f, n)[::-1], "the larger one is for training, and it comes first."),
            Misconception(lambda f, n: (list(range(len(f))), []), "The test side is empty."),
            Misconception(lambda f, n: (list(range(len(f))), _by_filling(f, n)[1]), "was dealt out twice."),
            Misconception(lambda f, n: _by_filling(f, n)[1], "Two things are asked for"),
            Misconception(
                lambda f, n: tuple(np.isin(np.arange(len(f)), side) for side in _by_filling(f, n)),
                "`np.flatnonzero` finds them.",
            ),
        ),
        hint="Which family goes where? Decide it once for each family, and keep count of residues.",
    ),
    Exercise(
        "3.3.2-b",
        expected=_recurrent,
        cases=(
            tuple(np.array(part, float) for part in ([[1], [0], [0]], [[1]], [[0.5]], [0])),  # worked in the text
            _chain(0, 4, 3, 2),
            _chain(1, 5, 2, 2),
            _chain(2, 1, 2, 3),
        ),
        solutions=(_recurrent_in_place, _recurrent_with_lists),
        misconceptions=(
            Misconception(
                lambda X, W, U, b: np.tanh(X @ W + b),
                "Nothing is remembered: the old memory does not enter the new one.",
            ),
            Misconception(
                _step(lambda read, memory, U, b: np.tanh(read + memory + b)),
                "The old memory goes through its own weights, U, before it is added.",
            ),
            Misconception(
                _step(lambda read, memory, U, b: read + memory @ U + b),
                "What is read and remembered must still be squeezed by tanh.",
            ),
            Misconception(
                _step(lambda read, memory, U, b: np.tanh(read + b) + memory @ U),
                "The tanh is taken of the whole sum, the remembered part included.",
            ),
            Misconception(
                _step(lambda read, memory, U, b: np.tanh(read + memory @ U) + b),
                "The bias b belongs inside the tanh.",
            ),
            Misconception(_step(lambda read, memory, U, b: np.tanh(read + memory @ U)), "The bias b is missing."),
            Misconception(
                _step(lambda read, memory, U, b: 1 / (1 + np.exp(-read - memory @ U - b))),
                "That is the sigmoid, between 0 and 1. Here tanh is asked for.",
            ),
            Misconception(
                _step(lambda read, memory, U, b: np.tanh(read + U @ memory + b)),
                "Mind the order: a row vector times a matrix, and not the other way round.",
            ),
            Misconception(
                _step(lambda read, memory, U, b: np.tanh(read + memory @ U + b), start=1.0),
                "The memory begins as zeros.",
            ),
            Misconception(
                _step(lambda read, memory, U, b: np.tanh(read) + np.tanh(memory @ U) + b),
                "One tanh is taken, of the whole sum.",
            ),
            Misconception(
                _step(lambda read, memory, U, b: np.maximum(0, read + memory @ U + b)),
                "That is a rectifier, which cuts off what is negative. Here tanh is asked for.",
            ),
            Misconception(
                _adds_to_the_memory,
                "You add to the old memory, and keep one array again and again. Make a new one each turn.",
            ),
            Misconception(
                lambda X, W, U, b: np.tile(_recurrent(X, W, U, b)[-1], (len(X), 1)),
                "All rows are the last memory: one array is filled and kept again and again. Make a new one each turn.",
            ),
            Misconception(
                lambda X, W, U, b: np.vstack([np.zeros((1, len(b))), _recurrent(X[1:], W, U, b).reshape(-1, len(b))]),
                "Row 0 stayed zeros. The zeros stand before the first residue; row 0 is the memory after it.",
            ),
            Misconception(
                lambda X, W, U, b: _recurrent(X, W, U, b)[::-1],
                "The rows came back in the other order, from the last residue to the first.",
            ),
            Misconception(
                lambda X, W, U, b: np.vstack([np.zeros(len(b)), _recurrent(X, W, U, b)[:-1]]),
                "Each row is the memory before its residue. Keep the one after it.",
            ),
            Misconception(
                lambda X, W, U, b: _recurrent(X[::-1], W, U, b)[::-1],
                "You read from the last residue to the first: that is the other direction.",
            ),
            Misconception(
                lambda X, W, U, b: _recurrent(X[::-1], W, U, b),
                "You read from the last residue to the first. Row 0 is the memory after the first residue.",
            ),
            Misconception(
                lambda X, W, U, b: _recurrent(X, W, U, b)[-1],
                "That is the memory at the end alone. Keep the one after each residue.",
            ),
            Misconception(
                lambda X, W, U, b: np.vstack([np.zeros(len(b)), _recurrent(X, W, U, b)]),
                "The zeros before the first residue came back too. There is one row for each residue.",
            ),
        ),
        seconds=20,  # some let Keras do it, and import it first
        error_hint="Of shapes: a row of X times W has as many numbers as b, and so has the memory.",
        hint="Work the three residues of the text by hand, then compare with what your loop holds after each turn.",
    ),
    Exercise(
        "3.3.2-c",
        expected=_partners,
        cases=(
            (*_contacts(0, range(3, 33)), 20, 3),
            (*_contacts(1, _JUMPS), 21, 6),
            (*_contacts(2, _JUMPS), 15, 1),
            (*_contacts(3, _JUMPS), 26, 3),
        ),
        solutions=(_partners_by_mask, _partners_by_two_loops),
        misconceptions=(
            Misconception(
                lambda c, n, r, s: [list(n).index(number) for number in _partners(c, n, r, s)],
                "These are positions, counted from 0. Turn them into numbers of residues.",
            ),
            Misconception(
                lambda c, n, r, s: n[c[list(n).index(r)]],
                "Neighbours in the chain, and the residue itself, must not count: ask for the separation too.",
            ),
            Misconception(
                lambda c, n, r, s: _partners(c, n, r, s + 1),
                "A residue exactly `separation` positions away counts too.",
            ),
            Misconception(
                lambda c, n, r, s: [k for k in _partners(c, n, r, s) if k > r],
                "Partners that stand before the residue in the chain are missing.",
            ),
            Misconception(
                lambda c, n, r, s: [k for k in _partners(c, n, r, s) if k < r],
                "Partners that stand after the residue in the chain are missing.",
            ),
            Misconception(
                lambda c, n, r, s: _partners(np.ones_like(c), n, r, s),
                "That is everyone far enough away. Keep those who touch.",
            ),
            Misconception(
                lambda c, n, r, s: [int(n[j]) for j in range(len(n)) if c[r, j] and abs(j - r) >= s],
                "The number of the residue was taken for its position. Where in `numbers` does it stand?",
            ),
            Misconception(
                lambda c, n, r, s: [int(k) for k in n[c[list(n).index(r)]] if abs(k - r) >= s],
                "Numbers may jump: the separation is counted in positions along the chain, not in numbers.",
            ),
            Misconception(
                lambda c, n, r, s: _partners(c, n, int(n[r - n[0]]), s),
                "Numbers may jump: a position is not always the number minus the first one.",
            ),
            Misconception(
                lambda c, n, r, s: [int(n[0]) + list(n).index(k) for k in _partners(c, n, r, s)],
                "Numbers may jump: take them from `numbers`, do not count on from the first one.",
            ),
            Misconception(
                lambda c, n, r, s: _partners(c, n, r, s)[::-1],
                "They are the right ones, from the last to the first. Ascending order is asked for.",
            ),
            Misconception(
                lambda c, n, r, s: [k for k in _partners(c, n, r, 0) if k not in _partners(c, n, r, s + 1)],
                "These are the near ones: they stand `separation` positions away, or less.",
            ),
            Misconception(
                lambda c, n, r, s: np.flatnonzero(c[list(n).index(r)]),
                "These are positions, counted from 0, and those near in the chain are still among them.",
            ),
            Misconception(
                lambda c, n, r, s: len(_partners(c, n, r, s)), "That is how many there are. Which ones are they?"
            ),
            Misconception(
                lambda c, n, r, s: [abs(list(n).index(k) - list(n).index(r)) for k in _partners(c, n, r, s)],
                "These are the separations. Which residues are they?",
            ),
        ),
        error_hint="Three slips often end here. The number of a residue is no row of the map. An array has no `index`, "
        "a list has. And `np.where` gives a tuple: the places are its first part.",
        hint="Take one row of the map, that of the residue. Which of its places are True, and far enough away?",
    ),
    Exercise(
        "3.3.2-d",
        requirement=_attention_fault,
        cases=_PADDED,
        solutions=(_minus_infinity, _zeroed_before_the_sum, _cut_out, _pair_by_pair),
        misconceptions=(
            Misconception(lambda Q, K, real: _softmax(_scores(Q, K) * real), "what is exp(0)?"),
            Misconception(lambda Q, K, real: _softmax(_scores(Q, K)), "nothing was done about it."),
            Misconception(
                lambda Q, K, real: _softmax(_scores(Q, K)) * real[:, None], "The rows of padding were changed"
            ),
            Misconception(lambda Q, K, real: _softmax(_scores(Q, K)) * real, "the sum below still counts padding."),
            Misconception(
                lambda Q, K, real: _softmax(np.where(real[:, None] & real, _scores(Q, K), -1e9), axis=0),
                "Here the columns sum to one.",
            ),
            Misconception(
                lambda Q, K, real: _softmax(np.where(real, Q @ K.T, -1e9)),
                "divided by the square root of the width of a key before the softmax.",
            ),
            Misconception(
                lambda Q, K, real: _softmax(np.where(real, Q @ K.T / K.shape[1], -1e9)), "it is its square root."
            ),
            Misconception(
                lambda Q, K, real: _softmax(np.where(real, Q @ K.T / np.sqrt(len(K)), -1e9)),
                "not the number of residues.",
            ),
            Misconception(
                lambda Q, K, real: _softmax(np.where(real, _scores(K, Q), -1e9)), "Who looks stands in the rows"
            ),
            Misconception(
                lambda Q, K, real: _softmax(np.where(real, _scores(Q, K), -10)), "Padding still gets a little"
            ),
            Misconception(
                lambda Q, K, real: _softmax(_scores(Q, K), axis=0), "Over which axis must the weights sum to one?"
            ),
            Misconception(
                lambda Q, K, real: _softmax(np.where(real, _scores(Q, K), -np.inf), axis=0),
                "The columns of padding hold NaN, and no other. Over which axis must the weights sum to one?",
            ),
            Misconception(
                lambda Q, K, real: _minus_infinity(Q, K, np.arange(len(Q)) < real.sum()),
                "Here padding stands between residues.",
            ),
            Misconception(lambda Q, K, real: np.where(real, _scores(Q, K), 0), "These are scores."),
            Misconception(
                lambda Q, K, real: _softmax(_scores(Q[real], K[real])), "padding keeps its rows and columns."
            ),
            Misconception(lambda Q, K, real: (_softmax(_scores(Q, K)), K), "return the weights alone."),
        ),
        hint="Which scores may take part in the sum of a row?",
    ),
]
