"""Checks behind the exercises of chapter 4.1, Lab: image diagnosis."""

from fractions import Fraction

import numpy as np

from course_utils.exercises import Exercise, Misconception

# --- 4.1-a: the rows of a balanced batch -----------------------------------------------------------------------------

_NOT_ROWS = "A batch is a row number for each film: a list or an array of as many whole numbers as the batch is large."
_MASK = "These are labels or True and False, not row numbers. `np.flatnonzero` turns a mask into row numbers."
_TOO_FEW = "The batch is too small where a class has fewer films than half a batch: draw some of them more than once."
_AS_IN_FILE = "The batch has the classes in the shares of the file: the frequent class still fills it."
_POSITION = "You drew positions within a class and returned them as rows of the file: `rows[position]` is the row."
_TURNED = "The rare class has been left out, or too much of one class taken. Count the labels of the rows you return."
_SAME = "Two calls with the same generator gave the same batch: draw with `rng`, and do not seed it anew."
_REPEATED = (
    "Every batch holds one film of a class again and again, although the class has others. Draw each place anew."
)
_NEIGHBOURS = "The films of a class always come in the order of the file. Let chance choose each of them."
_OTHER_CHANCE = (
    "Two generators with the same seed gave different batches: the chance must come from `rng`, or nobody can repeat "
    "your training."
)
_HALF = "`batch_size / 2` is a float, even where it is whole; `//` divides two whole numbers into a whole number."
_NEVER = "Over many batches some films never came. Draw from all the rows of a class, not from its first ones."


def _balanced_rows_complaint(balanced_rows):
    """Try the reader's function on two files, one of them with a very rare class."""
    if not callable(balanced_rows):
        return "A function is asked for: give its name, without calling it."
    frequent = np.array([1, 1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1])
    rare = np.array([0] * 20 + [1] * 3 + [0] * 9)
    for labels, size in ((frequent, 4), (rare, 8)):
        rng = np.random.default_rng(1)
        batches = []
        for _ in range(200):
            try:
                batch = balanced_rows(labels.copy(), size, rng)
            except ValueError as error:
                if "larger sample than population" in str(error):
                    return _TOO_FEW
                raise
            except TypeError as error:
                if "integer" in str(error):
                    return f"{_HALF} (TypeError: {error})"
                raise
            complaint = _batch_complaint(batch, labels, size)
            if complaint:
                return complaint
            batches.append(np.asarray(batch).astype(int).tolist())
        if {row for batch in batches for row in batch} <= {0, 1}:
            return _MASK
        if all(batch == batches[0] for batch in batches):
            return _SAME
        ones = np.array([np.mean(labels[batch]) for batch in batches])
        if np.any(ones != 0.5):
            return _wrong_shares(ones, labels, batches)
        if set(range(len(labels))) - {row for batch in batches for row in batch}:
            return _NEVER
        again = np.random.default_rng(1)
        if any(np.asarray(balanced_rows(labels.copy(), size, again)).tolist() != batch for batch in batches[:5]):
            return _OTHER_CHANCE
        complaint = _chance_complaint(batches, labels)
        if complaint:
            return complaint
    return ""


def _chance_complaint(batches, labels):
    """Are the films of the larger class chosen one by one?"""
    larger = int(np.mean(labels) > 0.5)
    of_class = np.flatnonzero(labels == larger)
    chosen = [[row for row in batch if labels[row] == larger] for batch in batches]
    if all(len(set(rows)) == 1 for rows in chosen):
        return _REPEATED
    places = [np.searchsorted(of_class, sorted(rows)) for rows in chosen]
    steps = [np.sort(np.diff([*place, place[0] + len(of_class)])) for place in places]  # once around the class
    return _NEIGHBOURS if all(np.all(step[:-1] == 1) for step in steps) else ""


def _batch_complaint(batch, labels, size):
    if batch is None:
        return "Your function returns nothing: does it end with `return`?"
    array = np.asarray(batch)
    if array.ndim != 1 or array.dtype.kind not in "biuf":
        return _NOT_ROWS
    if array.dtype.kind == "b" or (len(array) == len(labels) and set(array.tolist()) <= {0, 1}):
        return _MASK
    if len(array) != size:
        short = np.sum(labels == 1) < size // 2 and len(array) < size
        return _TOO_FEW if short else f"A batch of {size} films was asked for, {len(array)} came. {_NOT_ROWS}"
    if array.dtype.kind == "f" and np.any(array != np.round(array)):
        return _NOT_ROWS
    if array.dtype.kind == "f":
        return "The row numbers are right in size but are floats: an array needs whole numbers (`int`) as its index."
    if array.min() < 0 or array.max() >= len(labels):
        return f"Rows run from 0 to {len(labels) - 1} here; your batch holds {array.min()} to {array.max()}."
    return ""


def _wrong_shares(ones, labels, batches):
    """Name the mistake from the mean share of label 1 in the batches, and from the rows that came."""
    seen = {row for batch in batches for row in batch}
    if max(seen) < max(np.sum(labels == 0), np.sum(labels == 1)) < len(labels):
        return _POSITION
    if abs(np.mean(ones) - labels.mean()) < 0.08:
        return _AS_IN_FILE
    if abs(np.mean(ones) - 0.5) < 0.08:
        return "Half of the films are of each class in the mean over many batches. It must be half in every batch."
    return _TURNED


def _rows_by_choice(labels, batch_size, rng):
    half = batch_size // 2
    ill = rng.choice(np.flatnonzero(labels == 1), half)
    normal = rng.choice(np.flatnonzero(labels == 0), half)
    return np.concatenate([ill, normal])


def _rows_by_list(labels, batch_size, rng):
    rows = []
    for label in (0, 1):
        of_class = [i for i in range(len(labels)) if labels[i] == label]
        while len(rows) < (label + 1) * batch_size // 2:
            rows.append(int(of_class[rng.integers(len(of_class))]))
    return rows


def _rows_shuffled(labels, batch_size, rng):
    parts = []
    for label in (1, 0):
        rows = np.where(labels == label)[0]
        shuffled = np.concatenate([rng.permutation(rows) for _ in range(batch_size)])
        parts.extend(shuffled[: batch_size // 2])
    rng.shuffle(parts)
    return parts


def _rows_by_weights(labels, batch_size, rng):
    share = labels.mean()
    weights = np.where(labels == 1, 0.5 / share, 0.5 / (1 - share)) / len(labels)
    return rng.choice(len(labels), batch_size, p=weights)


def _rows_from_all(labels, batch_size, rng):
    return rng.choice(len(labels), batch_size)


def _positions(labels, batch_size, rng):
    counts = (int(np.sum(labels == 0)), int(np.sum(labels == 1)))
    return np.concatenate([rng.integers(count, size=batch_size // 2) for count in counts])


def _without_replacement(labels, batch_size, rng):
    half = batch_size // 2
    chosen = [rng.choice(np.flatnonzero(labels == label), half, replace=False) for label in (0, 1)]
    return np.concatenate(chosen)


def _seeded_anew(labels, batch_size, rng):
    return _rows_by_choice(labels, batch_size, np.random.default_rng(0))


def _first_ones(labels, batch_size, rng):
    half = batch_size // 2
    chosen = [rng.choice(np.flatnonzero(labels == label)[:half], half) for label in (0, 1)]
    return np.concatenate(chosen)


def _masks(labels, batch_size, rng):
    return labels == 1


def _labels_of_rows(labels, batch_size, rng):
    return labels[_rows_by_choice(labels, batch_size, rng)]


def _chance_of_its_own(labels, batch_size, rng):
    return _rows_by_choice(labels, batch_size, np.random.default_rng())


def _global_chance(labels, batch_size, rng):
    half = batch_size // 2
    return np.concatenate([np.random.choice(np.flatnonzero(labels == label), half) for label in (0, 1)])


def _one_film_each(labels, batch_size, rng):
    return np.concatenate([[rng.choice(np.flatnonzero(labels == label))] * (batch_size // 2) for label in (0, 1)])


def _neighbours(labels, batch_size, rng):
    rows = []
    for label in (0, 1):
        of_class = np.flatnonzero(labels == label)
        start = rng.integers(len(of_class))
        rows.extend(of_class[(start + np.arange(batch_size // 2)) % len(of_class)])
    return rows


def _divided_with_a_rest(labels, batch_size, rng):
    return rng.choice(np.flatnonzero(labels == 1), batch_size / 2)


# --- 4.1-b: a small network, trained here on simulated films ---------------------------------------------------------

MOST_PARAMETERS = 20_000
LEAST_AUC = 0.85

_NO_INPUT = "The network does not know the size of its images: begin with `keras.Input(input_shape)`."
_LARGE = "That is more than {:,} parameters. Where do they sit? `model.summary()` lists the layers."
_NO_PROBABILITY = "Some outputs can lie outside 0 to 1. What does chapter 3.1.2 put behind the last number?"
_CONSTANT = "Every film gets the same number. (A softmax over one single number is always 1.)"
_PLACE = (
    "it has learned where the haze lay, not what haze looks like. Which layer keeps every place apart, and which layer "
    "makes the place forgotten?"
)
_ALMOST_ALL = (
    "the maps are averaged, but each place of the last map sees almost the whole picture, and so knows where the haze "
    "lies. Fewer layers or fewer poolings make it see less."
)
_BLIND = (
    "it has not learned to see haze in the short training of the check. A finding must be compared with what is around "
    "it: how many convolutions, how many filters, and is there a bend (a ReLU) between them?"
)
_SIZE = (28, 56, 1)
_COLUMNS = {"left": (5, 18), "middle": (22, 34)}


def simulated_strips(n, place, seed):
    """Draw simulated strips of film, every second one with a spot of haze at the "left" or in the "middle".

    There is grain and a slope of grey, but no lung, rib or edge that would tell one place from another.
    """
    rng = np.random.default_rng(seed)
    labels, (y, x) = np.arange(n) % 2, np.mgrid[: _SIZE[0], : _SIZE[1]]
    strips = rng.normal(0, 0.3, (n, *_SIZE)).astype("float32")
    for strip, label in zip(strips[..., 0], labels, strict=True):
        strip += rng.normal() * (y - 14) / 14 + rng.normal() * (x - 28) / 28
        row, column = rng.uniform(5, 23), rng.uniform(*_COLUMNS[place])
        strip += label * 2.0 * np.exp(-((y - row) ** 2 + (x - column) ** 2) / 16)
        strip -= strip.mean()
        strip /= strip.std()
    return strips, labels


def _network_complaint(build_network):
    """Build the reader's network, train it for a few seconds, and judge it on strips with haze in another place."""
    import keras

    from course_utils import evaluation

    if not callable(build_network):
        return "A function is asked for: give its name, without calling it."
    keras.utils.set_random_seed(0)
    model = build_network(_SIZE)
    if not isinstance(model, keras.Model):
        return "Your function must return a Keras model: `keras.Sequential([...])` or `keras.Model(inputs, outputs)`."
    if not model.built:
        return _NO_INPUT
    if model.count_params() > MOST_PARAMETERS:
        return f"The network has {model.count_params():,} parameters. {_LARGE.format(MOST_PARAMETERS)}"
    if model.input_shape != (None, *_SIZE) or model.output_shape != (None, 1):
        shapes = f"from {model.input_shape} to {model.output_shape}"
        return f"One number for each film is asked for, from `input_shape`; the network goes {shapes}."
    strips, labels = simulated_strips(600, "left", seed=1)
    extreme = np.concatenate([1000 * strips[:50], -1000 * strips[:50]])
    outputs = model.predict(extreme, batch_size=100, verbose=0)
    if outputs.min() < 0 or outputs.max() > 1:
        return _NO_PROBABILITY
    model.compile(optimizer=keras.optimizers.Adam(5e-3), loss="binary_crossentropy")
    model.fit(strips, labels, batch_size=50, epochs=12, verbose=0)
    others, other_labels = simulated_strips(400, "middle", seed=2)
    p = model.predict(others, batch_size=400, verbose=0)[:, 0]
    if not np.all(np.isfinite(p)) or np.ptp(p) == 0:
        return _CONSTANT
    auc = evaluation.roc_auc(other_labels, p)
    if auc >= LEAST_AUC:
        return ""
    same, same_labels = simulated_strips(400, "left", seed=3)
    same_auc = evaluation.roc_auc(same_labels, model.predict(same, batch_size=400, verbose=0)[:, 0])
    results = f"Trained, it has an AUC of {same_auc:.2f} on new pictures with haze at the left and of {auc:.2f} on"
    averages = any("Global" in type(layer).__name__ for layer in model.layers)
    reason = _BLIND if same_auc < LEAST_AUC else _ALMOST_ALL if averages else _PLACE
    return f"{results} pictures with haze in the middle: {reason}"


def _two_convolutions(input_shape):
    import keras

    return keras.Sequential(
        [
            keras.Input(input_shape),
            keras.layers.Conv2D(16, 5, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Conv2D(32, 3, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )


def _separable(input_shape):
    import keras

    image = keras.Input(input_shape)
    x = keras.layers.Conv2D(16, 5, strides=2, padding="same", activation="relu")(image)
    for filters in (32, 64):
        x = keras.layers.SeparableConv2D(filters, 3, padding="same", activation="relu")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, keras.layers.Dense(1, activation="sigmoid")(x))


def _narrower(input_shape):
    from course_utils import images

    return images.small_cnn(input_shape, width=8, dropout=0.0, momentum=0.9)


def _as_in_the_lab(input_shape):
    from course_utils import images

    return images.small_cnn(input_shape)


def _flattening(input_shape):
    import keras

    return keras.Sequential(
        [
            keras.Input(input_shape),
            keras.layers.Flatten(),
            keras.layers.Dense(12, activation="relu"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )


def _mirrored(input_shape):
    import keras

    return keras.Sequential(
        [
            keras.Input(input_shape),
            keras.layers.RandomFlip("horizontal"),
            keras.layers.Conv2D(8, 3, strides=2, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )


def _averaging(last_units=1, last="sigmoid", with_input=True):
    """One convolution before the mean over all positions; the variants are mistakes."""

    def build_network(input_shape):
        import keras

        layers = [keras.Input(input_shape)] if with_input else []
        layers += [keras.layers.Conv2D(8, 3, activation="relu"), keras.layers.GlobalAveragePooling2D()]
        return keras.Sequential([*layers, keras.layers.Dense(last_units, activation=last)])

    return build_network


# --- 4.1-c: a threshold for a sensitivity ----------------------------------------------------------------------------


def _threshold(labels, scores, sensitivity):
    positives = np.sort(scores[labels == 1])[::-1]
    shares = np.arange(1, len(positives) + 1) / len(positives)  # not ceil(0.56 * 25): the product lies above 14
    return positives[np.argmax(shares >= sensitivity)]


def _threshold_by_trying(labels, scores, sensitivity):
    for threshold in sorted(scores, reverse=True):
        if np.mean(scores[labels == 1] >= threshold) >= sensitivity:
            return threshold


def _threshold_by_lists(labels, scores, sensitivity):
    positives = [score for label, score in zip(labels, scores, strict=True) if label == 1]
    right = [t for t in positives if sum(p >= t for p in positives) / len(positives) >= sensitivity]
    return max(right)


def _threshold_from_below(labels, scores, sensitivity):
    positives = np.sort(scores[labels == 1])
    for lost in range(len(positives) - 1, -1, -1):
        if (len(positives) - lost) / len(positives) >= sensitivity:
            return positives[lost]


def _at_count(count, arrange=lambda positives: np.sort(positives)[::-1]):
    """The k-th of the arranged scores of the positive cases, where `count(n, sensitivity)` says k."""

    def threshold(labels, scores, sensitivity):
        positives = arrange(scores[labels == 1])
        return positives[max(count(len(positives), sensitivity), 1) - 1]

    return threshold


def _enough(n, sensitivity):
    return int(np.argmax(np.arange(1, n + 1) / n >= sensitivity)) + 1


def _product_rounded_up(n, sensitivity):
    return int(np.ceil(sensitivity * n))


def _product_rounded_down(n, sensitivity):
    return int(sensitivity * n)


def _product_rounded(n, sensitivity):
    return round(sensitivity * n)


def _more_than_enough(n, sensitivity):
    return int(np.argmax(np.arange(1, n + 1) / n > sensitivity)) + 1


def _strictly_above(labels, scores, sensitivity):
    for threshold in sorted(scores, reverse=True):
        if np.mean(scores[labels == 1] > threshold) >= sensitivity:
            return threshold


def _position(labels, scores, sensitivity):
    return _enough(int(np.sum(labels == 1)), sensitivity) - 1


def _position_by_product(labels, scores, sensitivity):
    return _product_rounded_up(int(np.sum(labels == 1)), sensitivity) - 1


def _count(labels, scores, sensitivity):
    return _enough(int(np.sum(labels == 1)), sensitivity)


def _on_a_grid(labels, scores, sensitivity):
    return max(t for t in np.arange(0, 1.001, 0.001) if np.mean(scores[labels == 1] >= t) >= sensitivity)


_PRODUCT = (
    "For a computer the product 0.56 * 25 lies a hair above 14, and you find one case more than needed. "
    "Compare the share that is found with the sensitivity, not a product with a number of cases."
)
_UNSORTED = "The order of the rows is not the order of the scores."
_FROM_BELOW = "You counted from the smallest score. The largest are found first."
_ALSO = "And a product with a number of cases may lie a hair beside a whole number."

_LABELS = np.array([1, 0, 1, 0, 0, 1, 1, 0, 1, 0])
_SCORES = np.array([0.4, 0.7, 0.9, 0.05, 0.3, 0.1, 0.8, 0.2, 0.6, 0.5])
_MORE_LABELS = np.array([0, 1, 1, 0, 1, 1, 0, 1, 1, 1])  # seven positive cases, two of them with one score
_MORE_SCORES = np.array([0.5521, 0.31283, 0.87416, 0.4107, 0.61549, 0.31283, 0.2094, 0.95207, 0.12345, 0.7002])
_MANY_LABELS = np.array([1] * 25 + [0] * 4)
_MANY_SCORES = np.random.default_rng(4).permutation(29) / 32 + 0.05  # all different, in no order

EXERCISES = [
    Exercise(
        "4.1-a",
        requirement=_balanced_rows_complaint,
        solutions=(_rows_by_choice, _rows_by_list, _rows_shuffled),
        misconceptions=(
            Misconception(_rows_from_all, _AS_IN_FILE),
            Misconception(_rows_by_weights, "It must be half in every batch."),
            Misconception(_positions, _POSITION),
            Misconception(_without_replacement, _TOO_FEW),
            Misconception(_seeded_anew, _SAME),
            Misconception(_first_ones, _NEVER),
            Misconception(_masks, _MASK),
            Misconception(_labels_of_rows, "These are labels or True and False, not row numbers."),
            Misconception(_chance_of_its_own, _OTHER_CHANCE),
            Misconception(_global_chance, "the chance must come from `rng`"),
            Misconception(_one_film_each, _REPEATED),
            Misconception(_neighbours, _NEIGHBOURS),
            Misconception(_divided_with_a_rest, _HALF),
        ),
    ),
    Exercise(
        "4.1-b",
        requirement=_network_complaint,
        solutions=(_two_convolutions, _separable, _narrower),
        misconceptions=(
            Misconception(_as_in_the_lab, _LARGE.format(MOST_PARAMETERS)),
            Misconception(_flattening, _PLACE),
            Misconception(_mirrored, "it has learned where the haze lay"),
            Misconception(_averaging(), _BLIND),
            Misconception(_averaging(last="softmax"), _CONSTANT),
            Misconception(_averaging(last=None), _NO_PROBABILITY),
            Misconception(_averaging(with_input=False), _NO_INPUT),
            Misconception(_averaging(last_units=2, last="softmax"), "One number for each film is asked for"),
        ),
        seconds=180,  # ten on an idle computer
    ),
    Exercise(
        "4.1-c",
        expected=_threshold,
        cases=(
            (_LABELS, _SCORES, 0.8),
            (_LABELS, _SCORES, 0.5),
            (_LABELS, _SCORES, 1.0),
            (1 - _LABELS, _SCORES, 0.7),
            (_MORE_LABELS, _MORE_SCORES, 0.6),
            (_MORE_LABELS, _MORE_SCORES, 0.75),
            (_MORE_LABELS, _MORE_SCORES, 0.95),
            (_MANY_LABELS, _MANY_SCORES, 0.56),  # 0.56 * 25 is 14.000000000000002
        ),
        solutions=(_threshold_by_trying, _threshold_by_lists, _threshold_from_below),
        misconceptions=(
            Misconception(
                lambda labels, scores, sensitivity: np.min(scores[labels == 1]),
                "This threshold finds every positive case. A larger one may be enough.",
            ),
            Misconception(_at_count(_product_rounded_up), _PRODUCT),
            Misconception(
                _at_count(_product_rounded_down),
                "Just below the sensitivity asked for: half a patient cannot be found, so one more is needed.",
            ),
            Misconception(_at_count(_product_rounded), "`round` often goes down, and then too few cases are found."),
            Misconception(_at_count(_more_than_enough), "A share that is just the sensitivity is enough."),
            Misconception(_strictly_above, "A score at the threshold itself counts as found."),
            Misconception(
                _position_by_product, "A position among the positive cases is no threshold. Which score has it?"
            ),
            Misconception(_position, "That is the position of a case. The threshold is its score."),
            Misconception(_count, "That is a number of cases. The threshold is the score of one of them."),
            Misconception(
                lambda labels, scores, sensitivity: np.quantile(scores[labels == 1], 1 - sensitivity),
                "`np.quantile` interpolates between two scores. A threshold at a score itself is larger and enough.",
            ),
            Misconception(
                lambda labels, scores, sensitivity: np.quantile(scores[labels == 1], 1 - sensitivity, method="lower"),
                "`np.quantile` counts the gaps between the scores. Count the cases.",
            ),
            Misconception(
                lambda labels, scores, sensitivity: np.sort(scores)[::-1][int(np.ceil(sensitivity * len(scores))) - 1],
                "You took the scores of all cases. Sensitivity looks at the positive ones alone.",
            ),
            Misconception(
                lambda labels, scores, sensitivity: _threshold(1 - labels, scores, sensitivity),
                "You took the scores of the negative cases. Those decide about specificity.",
            ),
            Misconception(_at_count(_enough, np.array), _UNSORTED),
            Misconception(_at_count(_product_rounded_up, np.array), f"{_UNSORTED} {_ALSO}"),
            Misconception(_at_count(_enough, np.sort), _FROM_BELOW),
            Misconception(_at_count(_product_rounded_up, np.sort), f"{_FROM_BELOW} {_ALSO}"),
            Misconception(_on_a_grid, "The right threshold is the score of a case; it need not lie on your grid."),
        ),
        hint="Look at the scores of the positive cases alone. How many of them must lie at or above the threshold?",
        error_hint="Where do the positions of an array begin and end? Try a sensitivity of 1.",
    ),
    Exercise(
        "4.1-d",
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
            Misconception(100 * 4 / 13, "As a probability, between 0 and 1, please: this looks like per cent."),
            Misconception(0.3, "Close, but give at least three decimals."),
            Misconception(0.8 * 0.1, "That is the product of two probabilities. Odds are p / (1 - p)."),
        ),
        hint="First the odds of 0.8. By what factor do the prior odds fall from the one prevalence to the other?",
    ),
    Exercise(
        "4.1-e",
        expected=60 / 200 - 30 / 200 * 0.2 / 0.8,
        solutions=((60 - 30 / 4) / 200, Fraction(105, 400), np.array(0.2625), 0.263),
        tolerance=1e-3,
        misconceptions=(
            Misconception(60 / 200 - 30 / 200, "You gave a false positive the weight of a true one."),
            Misconception(60 / 200 - 30 / 200 * 0.2, "The weight is τ / (1 - τ), the odds, not τ."),
            Misconception(60 / 200 - 30 / 200 * 0.8 / 0.2, "The weight is upside down: at τ = 0.2 alarms are cheap."),
            Misconception(60 / 90 - 30 / 90 * 0.25, "Divide by all 200 films, not by the 90 that were called for."),
            Misconception(60 - 30 * 0.25, "That is a count. Divide by the 200 films."),
            Misconception(26.25, "For each film, please, not for a hundred of them."),
            Misconception(0.26, "Close, but give at least three decimals."),
            Misconception(60 / 200, "You forgot the price of the false positives."),
        ),
        hint="A true positive counts fully. What does a false positive cost? Then: both as a share of what?",
    ),
]
