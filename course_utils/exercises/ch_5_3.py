"""Checks behind the exercises of chapter 5.3, Privacy."""

import math

import numpy as np

from course_utils.exercises import Exercise, Misconception

# --- 5.3-a: a header with a list of what may stay --------------------------------------------------------------------

_KEEP = {"Modality", "Rows", "Columns", "PixelData", "PixelSpacing", "SharedFunctionalGroupsSequence", "SliceThickness"}


def _header():
    """Make an invented header: names, dates, a private block, and a sequence that is kept with a name inside."""
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    inner = Dataset()
    inner.SliceThickness, inner.OperatorsName = "5", "Invented^Operator"
    inner.StudyDate, inner.AccessionNumber, inner.SOPInstanceUID = "20010203", "4711", "1.2.3.20010203"
    inner.private_block(0x0009, "INVENTED", create=True).add_new(0x01, "UN", b"Invented^Patient")
    deepest = Dataset()
    deepest.SliceThickness, deepest.InstitutionName = "2", "Invented Hospital"
    deepest.AcquisitionTime = "112749"
    inner.SharedFunctionalGroupsSequence = Sequence([deepest])
    dataset = Dataset()
    dataset.PatientName, dataset.PatientID, dataset.StudyDate = "Invented^Patient", "4711", "20010203"
    dataset.Modality, dataset.Rows, dataset.Columns, dataset.PixelSpacing = "CT", 2, 2, [0.5, 0.5]
    dataset.add_new(0x7FE00010, "OW", bytes(8))
    second = Dataset()
    second.SliceThickness, second.PatientName = "7", "Invented^Second"
    dataset.SharedFunctionalGroupsSequence = Sequence([inner, second])
    numbers = [Dataset(), Dataset()]
    for item, number in zip(numbers, ("4711", "4712"), strict=True):
        item.PatientID, item.Modality = number, "CT"
    dataset.OtherPatientIDsSequence = Sequence(numbers)
    block = dataset.private_block(0x0009, "INVENTED", create=True)
    block.add_new(0x01, "LO", "Invented^Patient")
    return dataset


def _content(dataset):
    """Return a header as plain lists and strings."""
    found = []
    for element in dataset:
        value = [_content(item) for item in element.value] if element.VR == "SQ" else str(element.value)
        found.append((str(element.tag), value))
    return found


def _keep_complaint(keep_only):
    from pydicom.dataset import Dataset

    if not callable(keep_only):
        return "A function is asked for: give its name, without calling it."
    dataset = _header()
    before = _content(dataset)
    found = keep_only(dataset, set(_KEEP))
    if not isinstance(found, Dataset):
        return "A dataset is asked for: `pydicom.Dataset()` makes an empty one. What does your function return?"
    if found is dataset or _content(dataset) != before:
        return "Your function has changed the header it was given: the hospital still needs it. Make a new one."
    text = str(_content(found))
    if any(element.tag.is_private for element in found):
        return "Private elements are still there. They have no keyword: what does your condition say of an empty one?"
    if any(element.keyword not in _KEEP and element.VR != "SQ" for element in found):
        return "A name, a number or a date of the outermost level is still there: keep by list, do not remove by list."
    if "OtherPatientIDsSequence" in found:
        return "A sequence is still there that is not on the list: ask of a sequence, too, whether it may stay."
    if "Invented" in text:
        return "A name is left inside a sequence. A sequence holds datasets: what has to be done with each of them?"
    if any(element.keyword not in _KEEP for element in found.iterall()):
        return "A number, a date or a private element is left inside a sequence: the same list holds there, too."
    right = _content(_keep_only(_header(), set(_KEEP)))
    if str(right) != text:
        missing = [str(element.keyword) for element in _keep_only(_header(), set(_KEEP)) if element.tag not in found]
        if missing:
            return f"Something that may stay is missing: {missing[0]}."
        if "PixelData" in found and found.PixelData != dataset.PixelData:
            return "The pixels have changed."
        return "Inside the sequence something that may stay is missing, or has lost its place."
    return ""


def _keep_only(dataset, keep):
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    clean = Dataset()
    for element in dataset:
        if element.keyword not in keep:
            continue
        if element.VR == "SQ":
            clean.add_new(element.tag, "SQ", Sequence([_keep_only(item, keep) for item in element.value]))
        else:
            clean.add_new(element.tag, element.VR, element.value)
    return clean


def _keep_by_deleting(dataset, keep):
    import copy

    clean = copy.deepcopy(dataset)
    clean.remove_private_tags()

    def drop(level, element):
        if element.keyword not in keep:
            del level[element.tag]

    clean.walk(drop)
    return clean


def _keep_with_setattr(dataset, keep):
    import copy

    from pydicom.dataset import Dataset

    clean = Dataset()
    for keyword in dataset.dir():
        if keyword in keep:
            value = copy.deepcopy(getattr(dataset, keyword))
            if dataset[keyword].VR == "SQ":
                value = [_keep_with_setattr(item, keep) for item in value]
            if keyword == "PixelData":
                clean[keyword] = copy.deepcopy(dataset[keyword])
            else:
                setattr(clean, keyword, value)
    return clean


def _delete_in_place(dataset, keep):
    for element in list(dataset):
        if element.keyword not in keep:
            del dataset[element.tag]
    return dataset


def _outermost_only(dataset, keep):
    import copy

    from pydicom.dataset import Dataset

    clean = Dataset()
    for element in dataset:
        if element.keyword in keep:
            clean.add(copy.deepcopy(element))
    return clean


def _names_only(dataset, keep):
    import copy

    clean = copy.deepcopy(dataset)
    clean.remove_private_tags()
    clean.PatientName = clean.PatientID = ""
    return clean


def _private_left(dataset, keep):
    import copy

    clean = copy.deepcopy(dataset)

    def drop(level, element):
        if element.keyword and element.keyword not in keep:
            del level[element.tag]

    clean.walk(drop)
    return clean


def _removed_inside(dataset, keep):
    clean = _outermost_only(dataset, keep)

    def drop(level, element):
        if level is not clean and element.VR in ("PN", "LO", "UN"):
            del level[element.tag]

    clean.walk(drop)
    return clean


def _every_sequence(dataset, keep):
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    clean = Dataset()
    for element in dataset:
        if element.VR == "SQ":
            clean.add_new(element.tag, "SQ", Sequence([_every_sequence(item, keep) for item in element.value]))
        elif element.keyword in keep:
            clean.add_new(element.tag, element.VR, element.value)
    return clean


def _first_item_only(dataset, keep):
    from pydicom.sequence import Sequence

    clean = _outermost_only(dataset, keep)
    for element in clean:
        if element.VR == "SQ":
            rest = list(element.value)[1:]
            element.value = Sequence([_keep_only(element.value[0], keep), *rest])
    return clean


def _no_sequences(dataset, keep):
    from pydicom.dataset import Dataset

    clean = Dataset()
    for element in dataset:
        if element.keyword in keep and element.VR != "SQ":
            clean.add(element)
    return clean


# --- 5.3-b: the bet --------------------------------------------------------------------------------------------------


def _largest_belief(prior, epsilons):
    odds = prior / (1 - prior) * math.exp(sum(epsilons))
    return odds / (1 + odds)


def _belief_by_product(prior, epsilons):
    odds = prior / (1 - prior)
    for epsilon in epsilons:
        odds *= np.exp(epsilon)
    return odds / (odds + 1)


def _belief_by_bayes(prior, epsilons):
    likelihood = np.exp(np.sum(epsilons))
    return prior * likelihood / (prior * likelihood + 1 - prior)


# --- 5.3-c: the private gradient -------------------------------------------------------------------------------------

_SLIPS = {  # a slip of the reader -> what is said
    "not clipped": "A gradient longer than `clip_norm` goes in at full length: one person can move everything.",
    "batch clipped": (
        "You clip the sum or the mean of all: one person can still decide where it points. Each row has its own length."
    ),
    "normalised": "You stretch short gradients, too: only what is longer than `clip_norm` is shortened.",
    "entries": "You clip each number. It is the length of a row, the root of the sum of its squares, that is limited.",
    "columns": "Your lengths are those of columns: a row is a person. Look at `axis`.",
    "squared": "Your length is a sum of squares without its root.",
    "drawn size": (
        "You divide by the number of rows drawn, which says who is in the data: divide by the size that is expected."
    ),
    "not divided": "The sum is not divided by `expected_size`.",
}
_NOISES = {
    "none": "There is no noise in your answer, or nearly none.",
    "without clip_norm": "Your noise does not grow with `clip_norm`, by which one person can change the sum.",
    "after": "Your noise is added to the mean, and not to the sum: it has to be divided as well.",
    "variance": "Is the noise multiplier a variance? The standard deviation is asked for.",
    "per person": "Your noise grows with the number of persons: it is added once to the sum, not to each row.",
    "one for all": "All entries get the same noise: its differences give the secret away. Draw one number an entry.",
}


def _private(gradients, clip_norm, noise_multiplier, expected_size, rng, slip=""):
    n, size = gradients.shape
    axis = 0 if slip == "columns" else 1
    lengths = np.sqrt((gradients**2).sum(axis=axis, keepdims=True))
    lengths = lengths**2 if slip == "squared" else lengths
    factors = clip_norm / np.maximum(lengths, 1e-12)
    factors = factors if slip == "normalised" else np.minimum(1, factors)
    clipped = gradients * factors
    if slip in ("not clipped", "batch clipped"):
        clipped = gradients
    if slip == "entries":
        clipped = np.clip(gradients, -clip_norm, clip_norm)
    total = clipped.sum(axis=0)
    if slip == "batch clipped":
        total = total * min(1, clip_norm / max(np.linalg.norm(total), 1e-12))
    scale, shape = noise_multiplier * clip_norm, (size,)
    if slip == "none":
        scale = 0.0
    if slip == "without clip_norm":
        scale = noise_multiplier
    if slip == "after":
        scale = noise_multiplier * clip_norm * expected_size
    if slip == "variance":
        scale = math.sqrt(noise_multiplier) * clip_norm
    if slip == "one for all":
        shape = (1,)
    noise = rng.normal(0, 1, shape) * scale
    if slip == "per person":
        noise = (rng.normal(0, 1, (n, size)) * scale).sum(axis=0)
    divisor = {"drawn size": max(n, 1), "not divided": 1}.get(slip, expected_size)
    return (total + noise) / divisor


_ROWS = np.array([[3.0, 4.0, 0.0], [0.3, 0.0, 0.4], [0.0, -12.0, 5.0], [0.0, 0.0, 0.0]])
_NOISE_ROWS = np.zeros((9, 128))  # no signal: what comes back is noise
_STEPS = 8  # that many draws of 128 numbers: one of 1024 would take a minute with a covariance matrix


def _noise_of(private_gradient, clip_norm, sigma, size, seed=0, rows=_NOISE_ROWS):
    rng = np.random.default_rng(seed)
    return [np.asarray(private_gradient(rows.copy(), clip_norm, sigma, size, rng), dtype=float) for _ in range(_STEPS)]


def _gradient_complaint(private_gradient):
    if not callable(private_gradient):
        return "A function is asked for: give its name, without calling it."

    def asked(rows, clip_norm, noise_multiplier, expected_size, seed=0):
        rng = np.random.default_rng(seed)
        found = private_gradient(rows.copy(), clip_norm, noise_multiplier, expected_size, rng)
        return np.asarray(found, dtype=float)

    for clip_norm, size in ((2.0, 5.0), (1.0, 2.5)):
        found = asked(_ROWS, clip_norm, 0.0, size)
        if found.shape != (3,):
            return f"For gradients of 3 numbers a vector of 3 numbers is asked for; yours has the shape {found.shape}."
        if not np.isfinite(found).all():
            return "A row of zeros has the length 0: your answer is no number there. Guard the division."
        if not np.allclose(found, _private(_ROWS, clip_norm, 0.0, size, np.random.default_rng(0))):
            for slip, hint in _SLIPS.items():
                if np.allclose(found, _private(_ROWS, clip_norm, 0.0, size, np.random.default_rng(0), slip)):
                    return hint
            return "Without noise your answer differs: do the two rows (3, 4) and (0.3, 0.4) with clip_norm 1 on paper."
    for clip_norm, sigma, size in ((3.0, 4.0, 5.0), (0.5, 0.25, 2.0)):
        steps = _noise_of(private_gradient, clip_norm, sigma, size)
        if steps[0].shape != (128,):
            return f"For gradients of 128 numbers a vector of 128 is asked for; yours has the shape {steps[0].shape}."
        if steps[0].std() < 1e-9 < abs(steps[0]).max():
            return _NOISES["one for all"]
        noise = np.concatenate(steps)
        again = np.concatenate(_noise_of(private_gradient, clip_norm, sigma, size))
        other = np.concatenate(_noise_of(private_gradient, clip_norm, sigma, size, seed=1))
        if noise.std() > 1e-9 and np.allclose(noise, other):
            return "Another `rng` gives the same noise: who knows your seed can subtract it. Draw from `rng`."
        if abs(noise.mean()) > 6 * noise.std() / math.sqrt(noise.size):
            return "Your noise is not centred at 0: on average it must change nothing."
        if not 0.9 < noise.std() / (sigma * clip_norm / size) < 1.1:
            for slip, hint in _NOISES.items():
                wrong = np.std(_noise_of(_with_slip(slip), clip_norm, sigma, size, seed=1))
                if abs(noise.std() - wrong) <= 0.1 * wrong + 1e-12:
                    return hint
            return "Your noise has another standard deviation: on the sum it is noise multiplier times clip_norm."
        gaps = np.diff(noise)
        if min(abs(gaps[0::2]).max(), abs(gaps[1::2]).max()) < 1e-9 or not 1.2 < gaps.std() / noise.std() < 1.65:
            return "Neighbouring numbers get the same noise: their difference gives the secret away. Draw for each."
        if not 2.4 < np.mean((noise / noise.std()) ** 4) < 3.9:  # 3 for normal noise, 1.8 for uniform, 6 for Laplace
            return "Your noise has the right size, but it is not normal: the accountants' proof is about normal noise."
        if not np.allclose(noise, again):
            return "The same `rng` gives another noise: draw from `rng`, so that a run can be repeated."
    empty = _noise_of(private_gradient, 1.0, 1.0, 4.0, rows=_NOISE_ROWS[:0])
    if empty[0].shape != (128,) or not 0.9 < np.std(empty) * 4 < 1.1:
        return "When nobody is drawn (no row), the step must be made of noise alone: else its absence tells."
    return ""


def _private_by_loop(gradients, clip_norm, noise_multiplier, expected_size, rng):
    total = np.zeros(gradients.shape[1])
    for gradient in gradients:
        length = np.linalg.norm(gradient)
        if length > clip_norm:
            gradient = gradient * clip_norm / length
        total = total + gradient
    return (total + rng.normal(scale=noise_multiplier * clip_norm, size=len(total))) / expected_size


def _private_noise_after(gradients, clip_norm, noise_multiplier, expected_size, rng):
    lengths = np.linalg.norm(gradients, axis=1)
    shortened = np.divide(gradients.T, np.maximum(1, lengths / clip_norm)).T
    mean = np.sum(shortened, axis=0) / expected_size
    return mean + noise_multiplier * clip_norm / expected_size * rng.standard_normal(gradients.shape[1])


def _private_by_tensorflow(gradients, clip_norm, noise_multiplier, expected_size, rng):
    import tensorflow as tf

    total = tf.reduce_sum(tf.clip_by_norm(tf.constant(gradients), clip_norm, axes=[1]), axis=0)
    return (total + rng.normal(0, noise_multiplier * clip_norm, gradients.shape[1])) / expected_size


def _private_by_scipy(gradients, clip_norm, noise_multiplier, expected_size, rng):
    from scipy import stats

    clean, size = _private(gradients, clip_norm, 0.0, expected_size, rng, "none"), gradients.shape[1]
    spread = (noise_multiplier * clip_norm / expected_size) ** 2 * np.eye(size)
    return clean + stats.multivariate_normal.rvs(np.zeros(size), spread, random_state=rng)


def _private_by_covariance(gradients, clip_norm, noise_multiplier, expected_size, rng):
    total = _private_by_loop(gradients, clip_norm, 0.0, 1.0, rng)
    covariance = (noise_multiplier * clip_norm) ** 2 * np.eye(len(total))
    return (total + rng.multivariate_normal(np.zeros(len(total)), covariance)) / expected_size


def _with_slip(slip):
    def private_gradient(gradients, clip_norm, noise_multiplier, expected_size, rng):
        return _private(gradients, clip_norm, noise_multiplier, expected_size, rng, slip)

    return private_gradient


def _own_seed(gradients, clip_norm, noise_multiplier, expected_size, rng):
    return _private(gradients, clip_norm, noise_multiplier, expected_size, np.random.default_rng(0))


def _uniform_noise(gradients, clip_norm, noise_multiplier, expected_size, rng):
    clean = _private(gradients, clip_norm, 0.0, expected_size, rng)
    return clean + rng.random(len(clean)) * noise_multiplier * clip_norm / expected_size


def _other_noise(kind):
    def private_gradient(gradients, clip_norm, noise_multiplier, expected_size, rng):
        clean, size = _private(gradients, clip_norm, 0.0, expected_size, rng), gradients.shape[1]
        if kind == "uniform":
            noise = rng.uniform(-math.sqrt(3), math.sqrt(3), size)
        elif kind == "laplace":
            noise = rng.laplace(0, 1 / math.sqrt(2), size)
        else:
            noise = np.repeat(rng.normal(size=size // 2 + 1), 2)[:size]
        return clean + noise * noise_multiplier * clip_norm / expected_size

    return private_gradient


def _nothing_without_rows(gradients, clip_norm, noise_multiplier, expected_size, rng):
    if len(gradients) == 0:
        return np.zeros(gradients.shape[1])
    return _private(gradients, clip_norm, noise_multiplier, expected_size, rng)


# --- 5.3-d: one round of federated averaging -------------------------------------------------------------------------


def _gradient(w, X, y):
    """Return the gradient of the mean cross-entropy of logistic regression."""
    p = 1 / (1 + np.exp(-X @ w))
    return X.T @ (p - y) / len(y)


def _round(w, hospitals, gradient, learning_rate, local_steps):
    total, result = sum(len(y) for _, y in hospitals), np.zeros(len(w))
    for X, y in hospitals:
        local = np.array(w, float)
        for _ in range(local_steps):
            local = local - learning_rate * gradient(local, X, y)
        result += len(y) / total * local
    return result


def _round_by_average(w, hospitals, gradient, learning_rate, local_steps):
    def trained(X, y):
        local = w
        for _ in range(local_steps):
            local = local - learning_rate * gradient(local, X, y)
        return local

    sizes = [len(y) for _, y in hospitals]
    return np.average([trained(X, y) for X, y in hospitals], axis=0, weights=sizes)


def _round_by_changes(w, hospitals, gradient, learning_rate, local_steps):
    moved, n = 0 * w, 0
    for X, y in hospitals:
        change = np.zeros_like(w)
        for _ in range(local_steps):
            change -= learning_rate * gradient(w + change, X, y)
        moved, n = moved + len(y) * change, n + len(y)
    return (w + moved / n).tolist()


def _round_with(slip):
    def federated_round(w, hospitals, gradient, learning_rate, local_steps):
        sizes, ends, local = [], [], np.array(w, float)
        for X, y in hospitals:
            local = local if slip == "passed on" else np.array(w, float)
            for _ in range(local_steps):
                local = local - learning_rate * gradient(w if slip == "stale" else local, X, y)
            ends.append(local)
            sizes.append(len(y))
        if slip == "last":
            return ends[-1]
        sizes = np.ones(len(sizes)) if slip == "unweighted" else np.array(sizes)
        total = np.sum(sizes[:, None] * np.array(ends), axis=0)
        divisor = {"not divided": 1, "by hospitals": len(sizes)}.get(slip, sizes.sum())
        return total / divisor

    return federated_round


def _round_pooled(w, hospitals, gradient, learning_rate, local_steps):
    X, y = (np.concatenate([hospital[k] for hospital in hospitals]) for k in (0, 1))
    return _round(w, [(X, y)], gradient, learning_rate, local_steps)


def _round_after_each_step(w, hospitals, gradient, learning_rate, local_steps):
    for _ in range(local_steps):
        w = _round(w, hospitals, gradient, learning_rate, 1)
    return w


def _round_of_one_step(w, hospitals, gradient, learning_rate, local_steps):
    return _round(w, hospitals, gradient, learning_rate, 1)


def _round_without_start(w, hospitals, gradient, learning_rate, local_steps):
    return _round(w, hospitals, gradient, learning_rate, local_steps) - w


_X = np.array([[1.0, 0.5], [1.0, -1.0], [1.0, 2.0], [1.0, 0.0], [1.0, -0.5], [1.0, 1.5]])
_Y = np.array([1.0, 0.0, 1.0, 0.0, 1.0, 1.0])
_ROUNDS = (
    (np.array([0.2, -0.1]), [(_X[:1], _Y[:1]), (_X[1:], _Y[1:])], _gradient, 0.5, 3),
    (np.array([-1.0, 1.0]), [(_X[:3], _Y[:3]), (_X[3:5], _Y[3:5]), (_X[5:], _Y[5:])], _gradient, 1.0, 2),
)

EXERCISES = [
    Exercise(
        id="5.3-a",
        requirement=_keep_complaint,
        solutions=(_keep_only, _keep_by_deleting, _keep_with_setattr),
        misconceptions=(
            Misconception(_delete_in_place, "Your function has changed the header it was given"),
            Misconception(_outermost_only, "A name is left inside a sequence.", also=(_first_item_only,)),
            Misconception(_every_sequence, "A sequence is still there that is not on the list"),
            Misconception(_removed_inside, "A number, a date or a private element is left inside a sequence"),
            Misconception(_names_only, "keep by list, do not remove by list."),
            Misconception(_private_left, "Private elements are still there."),
            Misconception(_no_sequences, "Something that may stay is missing: SharedFunctionalGroupsSequence."),
        ),
        error_hint="An element has .keyword, .tag, .VR and .value; that of a sequence is a list of datasets.",
    ),
    Exercise(
        id="5.3-b",
        expected=_largest_belief,
        cases=((0.5, [1.0]), (0.01, [2.0]), (0.1, [0.5, 0.5, 1.0]), (0.9, [0.1, 0.2])),
        solutions=(_belief_by_product, _belief_by_bayes),
        misconceptions=(
            Misconception(
                lambda prior, epsilons: prior * math.exp(sum(epsilons)),
                "You multiply the probability: it can exceed 1. It is the odds that grow by the factor.",
            ),
            Misconception(
                lambda prior, epsilons: prior / (1 - prior) * math.exp(sum(epsilons)),
                "These are odds: which probability belongs to them?",
            ),
            Misconception(
                lambda prior, epsilons: math.exp(sum(epsilons)) / (1 + math.exp(sum(epsilons))),
                "Your answer does not depend on what was believed before.",
            ),
            Misconception(
                lambda prior, epsilons: _largest_belief(prior, [max(epsilons)]),
                "You take the largest of several epsilons: what does each further answer tell?",
            ),
            Misconception(
                lambda prior, epsilons: _largest_belief(prior, [sum(epsilons) / len(epsilons)]),
                "You average the epsilons: then a second answer would tell nothing new.",
            ),
            Misconception(
                lambda prior, epsilons: _largest_belief(prior, [math.log(1 + sum(epsilons))]),
                "The factor is a power of e, not 1 plus epsilon.",
            ),
            Misconception(
                lambda prior, epsilons: _largest_belief(prior, [-sum(epsilons)]),
                "This is the smallest belief, when the answer speaks against it.",
            ),
        ),
        hint="Do prior 0.5 and one epsilon of 1 by hand: the odds before, times e, and back to a probability.",
    ),
    Exercise(
        id="5.3-c",
        requirement=_gradient_complaint,
        solutions=(
            _with_slip(""),
            _private_by_loop,
            _private_noise_after,
            _private_by_tensorflow,
            _private_by_scipy,
            _private_by_covariance,
        ),
        misconceptions=(
            *(Misconception(_with_slip(slip), hint) for slip, hint in _SLIPS.items()),
            *(Misconception(_with_slip(slip), hint) for slip, hint in _NOISES.items()),
            Misconception(_own_seed, "Another `rng` gives the same noise"),
            Misconception(_uniform_noise, "Your noise is not centred at 0"),
            Misconception(_other_noise("uniform"), "but it is not normal", also=(_other_noise("laplace"),)),
            Misconception(_other_noise("pairs"), "Neighbouring numbers get the same noise"),
            Misconception(_nothing_without_rows, "When nobody is drawn (no row)"),
        ),
        error_hint="The gradients have the shape (persons, P): lengths need keepdims, so that they divide the rows.",
        seconds=20,
    ),
    Exercise(
        id="5.3-d",
        expected=_round,
        cases=_ROUNDS,
        solutions=(_round_by_average, _round_by_changes),
        misconceptions=(
            Misconception(
                _round_with("unweighted"),
                "Every hospital counts alike, the one with one patient as much as the others.",
            ),
            Misconception(
                _round_with("passed on"),
                "Your second hospital begins where the first has ended. All begin with the shared weights.",
            ),
            Misconception(
                _round_with("stale"),
                "Each local step uses the gradient at the shared weights. A hospital walks on from where it stands.",
            ),
            Misconception(_round_of_one_step, "Only one local step was made, or only one counts."),
            Misconception(_round_with("not divided"), "Your sum is not divided by the number of all patients."),
            Misconception(_round_with("by hospitals"), "Weighted by patients, but divided by the number of hospitals."),
            Misconception(_round_with("last"), "These are the weights of the last hospital: nothing was averaged."),
            Misconception(
                _round_pooled,
                "This is training in one place: a hospital walks alone, and the server averages only at the end.",
                also=(_round_after_each_step,),
            ),
            Misconception(_round_without_start, "This is the change. The new weights are asked for."),
        ),
        hint="Do one local step on paper for two hospitals: where does each arrive, and how much does it count?",
    ),
]
