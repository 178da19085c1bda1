"""Proteins: chains as numbers, networks for secondary structure, contact maps, coordinates from distances.

Keras is imported only inside the functions that need it, so that importing this module stays light.
"""

import numpy as np

from course_utils import _checks

__all__ = [
    "AMINO_ACIDS",
    "PADDING",
    "STATES",
    "classical_mds",
    "contact_map",
    "contact_precision",
    "encode",
    "kabsch",
    "pad",
    "predict_secondary_structure",
    "q3",
    "recall_per_class",
    "secondary_structure_network",
    "train_secondary_structure",
]

AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"  # code 1 to 20; 21 is X, an unknown amino acid
PADDING = 0  # the code of a position after the end of a chain
STATES = ("helix", "strand", "coil")

_CODES = {letter: code for code, letter in enumerate(AMINO_ACIDS + "X", start=1)}
_WIDTHS = {"window": 112, "cnn": 32, "bilstm": 35}  # so that each kind has about 24,000 weights
_WINDOW = 13  # residues that the window network sees, as in Qian and Sejnowski (1988)


# --- Chains as numbers -----------------------------------------------------------------------------------------------


def encode(sequence):
    """Turn a protein sequence into integer codes.

    Parameters
    ----------
    sequence : str
        Capital letters of the 20 amino acids, or X where the amino acid is not known.

    Returns
    -------
    array of int64, shape (length,)
        1 to 20 in the order of `AMINO_ACIDS`, 21 for X. The code 0 (`PADDING`) is left free for `pad`.

    Raises
    ------
    TypeError
        If `sequence` is not a string.
    ValueError
        If it is empty or holds another character: lower case, gaps, stop signs, the ambiguity codes B, J, O, U and Z.

    Taught in: 03_3_2_protein_structure_prediction
    """
    if not _checks.text(sequence, "sequence", "a string of amino acids"):
        raise ValueError("sequence must hold at least one amino acid, got an empty string")
    try:
        return np.array([_CODES[letter] for letter in sequence], dtype=np.int64)
    except KeyError as error:
        place = sequence.index(error.args[0])
        raise ValueError(
            f"sequence must hold capital letters of amino acids ({AMINO_ACIDS}) or X, got {error.args[0]!r} at "
            f"position {place}"
        ) from None


def pad(chains, value=PADDING, length=None):
    """Put chains of different lengths into one array, and say where they end.

    Parameters
    ----------
    chains : list of arrays, each of shape (its length, ...)
        Codes, labels or features; the shapes agree beyond the first axis.
    value : number
        What stands after the end of a chain: a number that the type of the chains can hold.
    length : int, optional
        Positions of the padded array; the longest chain when left out.

    Returns
    -------
    padded : array, shape (number of chains, length, ...)
        Of the type of the chains; where their types differ, of one that holds the numbers of all.
    mask : array of bool, shape (number of chains, length)
        True where there is a residue.

    Raises
    ------
    ValueError, TypeError
        If there is no chain, if the shapes do not agree, if a chain is longer than `length`, or if a number would have
        to be changed to stand in one array with the others: 0.5 or NaN among integers.

    Taught in: 03_3_2_protein_structure_prediction
    """
    chains = [_checks.array(chain, "chains", finite=False) for chain in chains]
    if not chains:
        raise ValueError("chains must hold at least one chain, got none")
    if any(chain.ndim == 0 for chain in chains) or len({chain.shape[1:] for chain in chains}) > 1:
        raise ValueError(f"chains must agree in shape beyond the first axis, got {[chain.shape for chain in chains]}")
    longest = max(len(chain) for chain in chains)
    length = longest if length is None else _checks.integer(length, "length")
    if length < longest:
        raise ValueError(f"length must be at least that of the longest chain, {longest}, got {length}")
    dtype = np.result_type(*(chain.dtype for chain in chains))
    if not _holds(dtype, value):
        raise ValueError(f"value must be a number that chains of {dtype} can hold, got {value!r}")
    padded = np.full((len(chains), length, *chains[0].shape[1:]), value, dtype=dtype)
    mask = np.zeros((len(chains), length), dtype=bool)
    for row, chain in enumerate(chains):
        with np.errstate(invalid="ignore"):  # a number that is too large for its own type on the way back
            if not np.array_equal(chain.astype(dtype).astype(chain.dtype), chain, equal_nan=chain.dtype.kind == "f"):
                raise ValueError(f"chains must agree in type, {dtype} cannot hold all integers of chain {row}")
        padded[row, : len(chain)] = chain
        mask[row, : len(chain)] = True
    return padded, mask


def _holds(dtype, value):
    """Can an array of this type hold the number? A float may be rounded to a shorter float, as in float32."""
    value = _checks.array(value, "value", axes=0, finite=False)
    with np.errstate(all="ignore"):
        held = value.astype(dtype)
    if value.dtype.kind == held.dtype.kind == "f":
        return np.isfinite(value) == np.isfinite(held)
    return held.item() == value.item()  # Python compares integers and floats exactly


# --- Networks for secondary structure --------------------------------------------------------------------------------


def secondary_structure_network(kind, width=None, dropout=0.3, embedding=16, context=0):
    """Build a network that reads a padded chain and gives the probabilities of helix, strand and coil at each residue.

    Padding never reaches a prediction: after every layer that could carry something over the end of a chain, the
    positions behind the end are set to zero again.

    Parameters
    ----------
    kind : str
        "window": a perceptron with one hidden layer that looks at 13 residues, six on either side (the form of Qian
        and Sejnowski, 1988). "cnn": three convolutional layers, which see 25 residues. "bilstm": one convolutional
        layer of 7 residues and a bidirectional LSTM, which sees the whole chain.
    width : int, optional
        Hidden units; left out, every kind has about 24,000 weights.
    dropout : float from 0 to below 1
        Share of the hidden units that are silenced in each training step.
    embedding : int
        Numbers that stand for an amino acid; they are learned.
    context : int
        Numbers that sum up the whole chain and are given to each of its residues: a dense layer on the mean of the
        last features over the chain (04_3_biological_sequences_lab). 0: none.

    Returns
    -------
    keras.Model, not compiled
        Input: integer codes, shape (chains, length), 0 after the end. Output: probabilities, shape (chains, length, 3).

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    Qian N, Sejnowski TJ (1988). Journal of Molecular Biology 202:865-884. https://doi.org/10.1016/0022-2836(88)90564-5

    Taught in: 03_3_2_protein_structure_prediction
    """
    import keras
    from keras import layers, ops

    kind = _checks.choice(kind, "kind", _WIDTHS)
    width = _WIDTHS[kind] if width is None else _checks.integer(width, "width", least=1)
    dropout = _checks.number(dropout, "dropout", least=0, below=1)
    embedding = _checks.integer(embedding, "embedding", least=1)
    context = _checks.integer(context, "context", least=0)

    codes = keras.Input((None,), dtype="int32")
    here = ops.not_equal(codes, PADDING)
    mask = ops.expand_dims(ops.cast(here, "float32"), -1)

    def convolution(x, window):
        x = layers.Conv1D(width, window, padding="same", activation="relu")(x) * mask
        return layers.Dropout(dropout)(x)

    x = layers.Embedding(len(_CODES) + 1, embedding)(codes) * mask
    if kind == "window":
        x = convolution(x, _WINDOW)
    elif kind == "cnn":
        for window in (9, 9, 9):
            x = convolution(x, window)
    else:
        x = convolution(x, 7)
        x = layers.Bidirectional(layers.LSTM(width, return_sequences=True))(x, mask=here)
        x = layers.Dropout(dropout)(x)
    if context:
        mean = ops.sum(x * mask, axis=1, keepdims=True) / ops.sum(mask, axis=1, keepdims=True)
        summary = layers.Dropout(0.3)(layers.Dense(context, activation="tanh")(mean))
        x = ops.concatenate([x, summary * mask], axis=-1)
    return keras.Model(codes, layers.Dense(len(STATES), activation="softmax")(x), name=kind)


def train_secondary_structure(
    model, sequences, labels, epochs=20, batch_size=8, learning_rate=5e-3, seed=0, weights=None, callbacks=()
):
    """Train a network of `secondary_structure_network` on chains of any length.

    Chains of similar length share a batch, so that little is padded; positions behind the end of a chain have weight 0
    in the loss. Adam, with a learning rate that falls to zero along a cosine; the last epoch is kept.

    Parameters
    ----------
    model : keras.Model
        It is compiled and trained in place.
    sequences : list of str
        Amino acids, or X: see `encode`.
    labels : list of arrays of int, one for each sequence and as long as it
        0, 1 or 2: positions in `STATES`.
    epochs, batch_size : int
        Passes over the chains, and chains in one step.
    learning_rate : float
        At the first step; above 0.
    seed : int from 0 to 2**32 - 1
        Of the order of the batches. Set the weights with `keras.utils.set_random_seed` before the model is built.
    weights : array of 3 numbers from 1e-6 to 1e6, optional
        How much a residue of each class counts in the loss; all 1 when left out. Beyond these limits the loss, a
        weighted mean in float32, could become 0 / 0.
    callbacks : list of keras.callbacks.Callback

    Returns
    -------
    keras.callbacks.History

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Taught in: 03_3_2_protein_structure_prediction
    """
    import keras

    chains = [encode(sequence) for sequence in sequences]
    labels = _label_list(labels, chains)
    epochs = _checks.integer(epochs, "epochs", least=1)
    batch_size = _checks.integer(batch_size, "batch_size", least=1)
    learning_rate, seed = _checks.number(learning_rate, "learning_rate", above=0), _checks.seed(seed)
    weights = np.ones(len(STATES)) if weights is None else _checks.array(weights, "weights", axes=1, booleans=False)
    weights = weights.astype(float)
    if weights.shape != (len(STATES),) or weights.min() < 1e-6 or weights.max() > 1e6:
        raise ValueError(f"weights must be {len(STATES)} numbers from 1e-6 to 1e6, got {weights.tolist()}")
    batches = _batches(chains, labels, weights, batch_size, seed)
    schedule = keras.optimizers.schedules.CosineDecay(learning_rate, epochs * len(batches))
    model.compile(
        keras.optimizers.Adam(schedule),
        # the mean over the residues, however much was padded
        keras.losses.SparseCategoricalCrossentropy(reduction="mean_with_sample_weight"),
    )
    return model.fit(batches, epochs=epochs, verbose=0, shuffle=False, callbacks=list(callbacks))


def _batches(chains, labels, weights, batch_size, seed):
    """Batches of chains of similar length, in another order and with other company in each epoch."""
    import tensorflow as tf

    rng = np.random.default_rng(seed)

    def epoch():
        rows = np.argsort([len(chain) * rng.uniform(0.8, 1.25) for chain in chains])
        parts = [rows[i : i + batch_size] for i in range(0, len(rows), batch_size)]
        for number in rng.permutation(len(parts)):
            part = parts[number]
            codes, mask = pad([chains[row] for row in part])
            truth, _ = pad([labels[row] for row in part])
            yield codes, truth, weights[truth] * mask

    # with the shapes left open: Keras would guess them from the first batches
    signature = tuple(tf.TensorSpec((None, None), dtype) for dtype in ("int32", "int32", "float32"))
    batches = tf.data.Dataset.from_generator(epoch, output_signature=signature)
    return batches.apply(tf.data.experimental.assert_cardinality(-(-len(chains) // batch_size)))


def predict_secondary_structure(model, sequences, batch_size=32):
    """Predict the probabilities of helix, strand and coil at each residue.

    Parameters
    ----------
    model : keras.Model
        From `secondary_structure_network`.
    sequences : list of str
    batch_size : int
        Chains at a time; chains of similar length go together.

    Returns
    -------
    list of arrays of float32, each of shape (length of the chain, 3)
        In the order of `sequences`.

    Raises
    ------
    ValueError, TypeError
        If a sequence is not one: see `encode`.

    Taught in: 03_3_2_protein_structure_prediction
    """
    chains = [encode(sequence) for sequence in sequences]
    batch_size = _checks.integer(batch_size, "batch_size", least=1)
    predictions = [None] * len(chains)
    order = np.argsort([len(chain) for chain in chains])
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        codes, _ = pad([chains[row] for row in rows])
        outputs = np.asarray(model(codes.astype(np.int32), training=False))
        for row, output in zip(rows, outputs, strict=True):
            predictions[row] = output[: len(chains[row])]
    return predictions


def q3(true, predicted, mask=None):
    """Share of the residues whose state (helix, strand or coil) is predicted correctly.

    Parameters
    ----------
    true, predicted : arrays of int, same shape
        States 0, 1, 2: of one chain, of many joined, or padded, shape (chains, length).
    mask : array of bool, same shape, optional
        True where there is a residue. Left out, every position counts.

    Returns
    -------
    float from 0 to 1

    Raises
    ------
    ValueError
        If the shapes differ, or if no residue is left to count.

    Taught in: 03_3_2_protein_structure_prediction
    """
    true, predicted = _masked(true, predicted, mask)
    return float(np.mean(true == predicted))


def recall_per_class(true, predicted, mask=None):
    """Share of the residues of each state that are predicted as that state: the sensitivity for helix, strand, coil.

    Parameters
    ----------
    true, predicted, mask
        As for `q3`.

    Returns
    -------
    array of float, shape (3,)
        In the order of `STATES`; NaN for a state that no residue has.

    Raises
    ------
    ValueError
        As for `q3`.

    Taught in: 03_3_2_protein_structure_prediction
    """
    true, predicted = _masked(true, predicted, mask)
    with np.errstate(invalid="ignore"):
        return np.array([np.sum((true == s) & (predicted == s)) / np.sum(true == s) for s in range(len(STATES))])


# --- Contacts and coordinates ----------------------------------------------------------------------------------------


def contact_map(coordinates, cutoff=8.0):
    """Say which residues of a chain touch: those whose atoms, one for each residue, are closer than a cutoff.

    Parameters
    ----------
    coordinates : array of finite numbers, shape (length, 3)
        Positions in Angstrom. The contest CASP takes the C-beta atom of each residue, the C-alpha atom of glycine:
        `beta_coordinates` of `datasets.load_protein_chains`.
    cutoff : float above 0
        In Angstrom.

    Returns
    -------
    array of bool, shape (length, length)
        Symmetric. The diagonal is True.

    Raises
    ------
    ValueError
        If an argument is not as described.

    Taught in: 03_3_2_protein_structure_prediction
    """
    from scipy.spatial.distance import cdist

    coordinates = _coordinates(coordinates, "coordinates")
    return cdist(coordinates, coordinates) < _checks.number(cutoff, "cutoff", above=0)


def contact_precision(contacts, scores, separation=12, top=None):
    """Share of true contacts among the pairs of residues with the highest scores: by default the best L/5 of a chain.

    Parameters
    ----------
    contacts : array of bool, shape (L, L)
        From `contact_map`.
    scores : array of finite numbers, shape (L, L)
        Higher means more likely a contact. Only the part above the diagonal is read.
    separation : int
        Pairs that are fewer positions apart along the chain do not count: their contacts are trivial.
    top : int, optional
        How many pairs to take; L/5, rounded up, when left out. Where fewer pairs exist, all of them.

    Returns
    -------
    float from 0 to 1
        Pairs with equal scores at the edge of the list count by their mean.

    Raises
    ------
    ValueError
        If an argument is not as described, or if no pair is so far apart.

    Taught in: 03_3_2_protein_structure_prediction
    """
    contacts = _checks.array(contacts, "contacts")
    scores = _checks.array(scores, "scores", finite=False).astype(float)
    if contacts.dtype != bool or contacts.ndim != 2 or contacts.shape[0] != contacts.shape[1]:
        raise ValueError(f"contacts must be a square array of bool, got {contacts.dtype} of shape {contacts.shape}")
    if scores.shape != contacts.shape:
        raise ValueError(f"scores must have the shape of contacts, {contacts.shape}, got {scores.shape}")
    separation = _checks.integer(separation, "separation", least=1)
    top = -(-len(contacts) // 5) if top is None else _checks.integer(top, "top", least=1)
    i, j = np.triu_indices(len(contacts), separation)
    if not len(i):
        raise ValueError(f"separation must leave at least one pair of {len(contacts)} residues, got {separation}")
    scores = scores[i, j]
    if not np.isfinite(scores).all():
        raise ValueError("scores must be finite, got NaN or infinite values above the diagonal")
    top = min(top, len(i))
    edge = np.sort(scores)[-top]
    sure, tied = scores > edge, scores == edge
    hits = contacts[i, j]
    return float((hits[sure].sum() + hits[tied].mean() * (top - sure.sum())) / top)


def classical_mds(distances, dimensions=3):
    """Find points with the given distances: classical multidimensional scaling.

    Squared distances, centred along rows and columns, are the inner products of the centred points; the eigenvectors of
    the largest eigenvalues give the coordinates. Rotation, position and handedness are not determined by distances.

    Parameters
    ----------
    distances : array of finite numbers not below 0, shape (n, n)
        Symmetric, with zeros on the diagonal.
    dimensions : int
        Of the points.

    Returns
    -------
    array of float, shape (n, dimensions)
        Centred at the origin. Distances that no points in this space have are approximated.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    Torgerson WS (1952). Psychometrika 17:401-419. https://doi.org/10.1007/BF02288916

    Taught in: 03_3_2_protein_structure_prediction
    """
    distances = _checks.array(distances, "distances", booleans=False).astype(float)
    if distances.ndim != 2 or distances.shape[0] != distances.shape[1]:
        raise ValueError(f"distances must be a square array, got shape {distances.shape}")
    if distances.min() < 0:
        raise ValueError(f"distances must be at least 0, got {distances.min()}")
    if not np.allclose(distances, distances.T) or not np.allclose(np.diag(distances), 0):
        raise ValueError("distances must be symmetric, with zeros on the diagonal")
    dimensions = _checks.integer(dimensions, "dimensions", least=1)
    if dimensions > len(distances):
        raise ValueError(f"dimensions must be at most the number of points, {len(distances)}, got {dimensions}")
    squared = distances**2
    products = -(squared - squared.mean(axis=0) - squared.mean(axis=1, keepdims=True) + squared.mean()) / 2
    values, vectors = np.linalg.eigh(products)
    return (vectors[:, ::-1] * np.sqrt(np.maximum(values[::-1], 0)))[:, :dimensions]


def kabsch(moving, fixed):
    """Lay one set of points on another by the rotation and shift that bring them closest: the algorithm of Kabsch.

    Parameters
    ----------
    moving, fixed : arrays of finite numbers, shape (n, 3)
        Row i of one belongs to row i of the other.

    Returns
    -------
    superposed : array of float, shape (n, 3)
        The moving points after rotation and shift. They are never mirrored.
    rmsd : float
        Root of the mean squared distance of the pairs, in the unit of the points.

    Raises
    ------
    ValueError
        If the arrays are not as described.

    Notes
    -----
    Kabsch W (1976). Acta Crystallographica A 32:922-923. https://doi.org/10.1107/S0567739476001873

    Taught in: 03_3_2_protein_structure_prediction
    """
    moving, fixed = _coordinates(moving, "moving"), _coordinates(fixed, "fixed")
    if moving.shape != fixed.shape:
        raise ValueError(f"moving and fixed must have the same shape, got {moving.shape} and {fixed.shape}")
    centre = fixed.mean(axis=0)
    a, b = moving - moving.mean(axis=0), fixed - centre
    u, _, v = np.linalg.svd(a.T @ b)
    handedness = np.sign(np.linalg.det(u @ v)) or 1.0
    superposed = a @ (u * [1, 1, handedness]) @ v + centre
    return superposed, float(np.sqrt(np.mean(np.sum((superposed - fixed) ** 2, axis=1))))


# --- Checks of arguments ---------------------------------------------------------------------------------------------


def _coordinates(values, name):
    values = _checks.array(values, name, booleans=False).astype(float)
    if values.ndim != 2 or values.shape[1] != 3:
        raise ValueError(f"{name} must have the shape (n, 3), got {values.shape}")
    return values


def _masked(true, predicted, mask):
    true, predicted = _checks.array(true, "true"), _checks.array(predicted, "predicted")
    if true.shape != predicted.shape:
        raise ValueError(f"true and predicted must have the same shape, got {true.shape} and {predicted.shape}")
    if mask is not None:
        mask = _checks.array(mask, "mask")
        if mask.dtype != bool or mask.shape != true.shape:
            raise ValueError(f"mask must be bool of shape {true.shape}, got {mask.dtype} of shape {mask.shape}")
        true, predicted = true[mask], predicted[mask]
    for array, name in ((true, "true"), (predicted, "predicted")):
        if not array.size:
            raise ValueError("mask must leave at least one residue, got none")
        if not np.isin(array, range(len(STATES))).all():
            raise ValueError(f"{name} must hold states from 0 to {len(STATES) - 1}, got {np.unique(array)}")
    return true, predicted


def _label_list(labels, chains):
    labels = [_checks.array(chain_labels, "labels") for chain_labels in labels]
    _checks.same_length(sequences=chains, labels=labels)
    for number, (chain, chain_labels) in enumerate(zip(chains, labels, strict=True)):
        if chain_labels.shape != chain.shape:
            raise ValueError(
                f"labels of chain {number} must have one state for each of {len(chain)} residues, got shape "
                f"{chain_labels.shape}"
            )
        if not np.isin(chain_labels, range(len(STATES))).all():
            raise ValueError(f"labels of chain {number} must be 0, 1 or 2, got {np.unique(chain_labels)}")
    return [chain_labels.astype(np.int64) for chain_labels in labels]
