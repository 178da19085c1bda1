"""Proteins: chains as numbers, networks for secondary structure, contact maps, coordinates from distances.

Keras is imported only inside the functions that need it, so that importing this module stays light.
"""

import numbers

import numpy as np

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
    "substituting_network",
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
    if not isinstance(sequence, str):
        raise TypeError(f"sequence must be a string of amino acids, got {type(sequence).__name__}")
    if not sequence:
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
        What stands after the end of a chain.
    length : int, optional
        Positions of the padded array; the longest chain when left out.

    Returns
    -------
    padded : array, shape (number of chains, length, ...)
    mask : array of bool, shape (number of chains, length)
        True where there is a residue.

    Raises
    ------
    ValueError
        If there is no chain, if the shapes do not agree, or if a chain is longer than `length`.

    Taught in: 03_3_2_protein_structure_prediction
    """
    chains = [np.asarray(chain) for chain in chains]
    if not chains:
        raise ValueError("chains must hold at least one chain, got none")
    if any(chain.ndim == 0 for chain in chains) or len({chain.shape[1:] for chain in chains}) > 1:
        raise ValueError(f"chains must agree in shape beyond the first axis, got {[chain.shape for chain in chains]}")
    longest = max(len(chain) for chain in chains)
    length = longest if length is None else length
    if length < longest:
        raise ValueError(f"length must be at least that of the longest chain, {longest}, got {length}")
    dtype = np.result_type(*chains, np.min_scalar_type(value)) if value < 0 else np.result_type(*chains)
    padded = np.full((len(chains), length, *chains[0].shape[1:]), value, dtype=dtype)
    mask = np.zeros((len(chains), length), dtype=bool)
    for row, chain in enumerate(chains):
        padded[row, : len(chain)] = chain
        mask[row, : len(chain)] = True
    return padded, mask


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

    if kind not in _WIDTHS:
        raise ValueError(f"kind must be one of {', '.join(map(repr, _WIDTHS))}, got {kind!r}")
    width = _WIDTHS[kind] if width is None else _positive_int(width, "width")
    _positive_int(embedding, "embedding")
    if not isinstance(dropout, numbers.Real) or not 0 <= dropout < 1:
        raise ValueError(f"dropout must be a number from 0 to below 1, got {dropout!r}")
    if context != 0:
        _positive_int(context, "context")

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
        At the first step.
    seed : int
        Of the order of the batches. Set the weights with `keras.utils.set_random_seed` before the model is built.
    weights : array of 3 positive numbers, optional
        How much a residue of each class counts in the loss; all 1 when left out.
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
    for value, name in ((epochs, "epochs"), (batch_size, "batch_size")):
        _positive_int(value, name)
    weights = np.ones(len(STATES)) if weights is None else np.asarray(weights, dtype=float)
    if weights.shape != (len(STATES),) or not (weights > 0).all():
        raise ValueError(f"weights must be {len(STATES)} positive numbers, got {weights.tolist()}")
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
    _positive_int(batch_size, "batch_size")
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
    if not isinstance(cutoff, numbers.Real) or not cutoff > 0:
        raise ValueError(f"cutoff must be a positive number of Angstrom, got {cutoff!r}")
    return cdist(coordinates, coordinates) < cutoff


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
    contacts, scores = np.asarray(contacts), np.asarray(scores, dtype=float)
    if contacts.dtype != bool or contacts.ndim != 2 or contacts.shape[0] != contacts.shape[1]:
        raise ValueError(f"contacts must be a square array of bool, got {contacts.dtype} of shape {contacts.shape}")
    if scores.shape != contacts.shape:
        raise ValueError(f"scores must have the shape of contacts, {contacts.shape}, got {scores.shape}")
    i, j = np.triu_indices(len(contacts), _positive_int(separation, "separation"))
    if not len(i):
        raise ValueError(f"separation must leave at least one pair of {len(contacts)} residues, got {separation}")
    scores = scores[i, j]
    if not np.isfinite(scores).all():
        raise ValueError("scores must be finite, got NaN or infinite values above the diagonal")
    top = -(-len(contacts) // 5) if top is None else _positive_int(top, "top")
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
    distances = np.asarray(distances, dtype=float)
    if distances.ndim != 2 or distances.shape[0] != distances.shape[1]:
        raise ValueError(f"distances must be a square array, got shape {distances.shape}")
    if not np.isfinite(distances).all() or (distances < 0).any():
        raise ValueError("distances must be finite and not below 0")
    if not np.allclose(distances, distances.T) or not np.allclose(np.diag(distances), 0):
        raise ValueError("distances must be symmetric, with zeros on the diagonal")
    dimensions = _positive_int(dimensions, "dimensions")
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
    values = np.asarray(values, dtype=float)
    if values.ndim != 2 or values.shape[1] != 3 or not len(values):
        raise ValueError(f"{name} must have the shape (n, 3), got {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError(f"{name} must be finite, got NaN or infinite values")
    return values


def _masked(true, predicted, mask):
    true, predicted = np.asarray(true), np.asarray(predicted)
    if true.shape != predicted.shape:
        raise ValueError(f"true and predicted must have the same shape, got {true.shape} and {predicted.shape}")
    if mask is not None:
        mask = np.asarray(mask)
        if mask.dtype != bool or mask.shape != true.shape:
            raise ValueError(f"mask must be bool of shape {true.shape}, got {mask.dtype} of shape {mask.shape}")
        true, predicted = true[mask], predicted[mask]
    for array, name in ((true, "true"), (predicted, "predicted")):
        if not array.size:
            raise ValueError(f"{name} must hold at least one residue, got none")
        if not np.isin(array, range(len(STATES))).all():
            raise ValueError(f"{name} must hold states from 0 to {len(STATES) - 1}, got {np.unique(array)}")
    return true, predicted


def _label_list(labels, chains):
    labels = [np.asarray(chain_labels) for chain_labels in labels]
    if len(labels) != len(chains):
        raise ValueError(f"sequences and labels must have the same length, got {len(chains)} and {len(labels)}")
    for number, (chain, chain_labels) in enumerate(zip(chains, labels, strict=True)):
        if chain_labels.shape != chain.shape:
            raise ValueError(
                f"labels of chain {number} must have one state for each of {len(chain)} residues, got shape "
                f"{chain_labels.shape}"
            )
        if not np.isin(chain_labels, range(len(STATES))).all():
            raise ValueError(f"labels of chain {number} must be 0, 1 or 2, got {np.unique(chain_labels)}")
    return labels


def _positive_int(value, name):
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, got {value}")
    return int(value)


# --- The network of lab 4.3 ------------------------------------------------------------------------------------------


def _substitution_probabilities():
    """How likely each amino acid is to be replaced by each other one, read off BLOSUM62.

    A score of S half-bits means that the pair stands in related proteins 2 ** (S / 2) times as often as chance would
    put it there. The probability of a replacement is taken in proportion to that, with all amino acids equally common.

    Returns
    -------
    array of float, shape (20, 20)
        Row: the amino acid that is replaced, in the order of `AMINO_ACIDS`; column: what stands there instead. The
        diagonal is 0, each row sums to 1.

    Notes
    -----
    Henikoff S, Henikoff JG (1992). PNAS 89:10915-10919. https://doi.org/10.1073/pnas.89.22.10915

    Taught in: 04_3_biological_sequences_lab
    """
    from Bio.Align import substitution_matrices

    matrix = substitution_matrices.load("BLOSUM62")
    odds = np.array([[2 ** (matrix[a][b] / 2) for b in AMINO_ACIDS] for a in AMINO_ACIDS])
    np.fill_diagonal(odds, 0)
    return odds / odds.sum(axis=1, keepdims=True)


def substituting_network(width=128, windows=(11, 9), dropout=0.5, rate=0.3):
    """Build a convolutional network that, while it is trained, sees chains with some amino acids replaced.

    In every training step each residue is replaced with probability `rate`, by an amino acid that evolution often puts
    in its place (`_substitution_probabilities`): what a relative of the protein might look like, with the same labels.
    When the network predicts, nothing is replaced. Padding never reaches a prediction.

    Parameters
    ----------
    width : int
        Channels of each layer.
    windows : sequence of int
        Residues that each layer looks at.
    dropout, rate : float from 0 to below 1

    Returns
    -------
    keras.Model, not compiled
        Input and output as those of `secondary_structure_network`; trained with `train_secondary_structure`.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Taught in: 04_3_biological_sequences_lab
    """
    import keras
    from keras import layers, ops

    _positive_int(width, "width")
    for window in windows:
        _positive_int(window, "windows")
    for value, name in ((dropout, "dropout"), (rate, "rate")):
        if not isinstance(value, numbers.Real) or not 0 <= value < 1:
            raise ValueError(f"{name} must be a number from 0 to below 1, got {value!r}")
    # rows for padding and X are never used: these codes stay as they are
    logits = np.full((len(_CODES) + 1, len(AMINO_ACIDS)), 0.0, dtype="float32")
    logits[1:-1] = np.log(_substitution_probabilities() + 1e-9)

    class Substitute(layers.Layer):
        def __init__(self):
            super().__init__()
            self.seed_generator = keras.random.SeedGenerator()

        def call(self, codes, training=None):
            if not training or rate == 0:
                return codes
            rows = ops.reshape(ops.take(logits, codes, axis=0), (-1, len(AMINO_ACIDS)))
            drawn = keras.random.categorical(rows, 1, dtype="int32", seed=self.seed_generator)
            drawn = ops.reshape(drawn, ops.shape(codes)) + 1
            chosen = keras.random.uniform(ops.shape(codes), seed=self.seed_generator) < rate
            known = ops.logical_and(codes != PADDING, codes != _CODES["X"])
            return ops.where(ops.logical_and(chosen, known), drawn, codes)

    codes = keras.Input((None,), dtype="int32")
    mask = ops.expand_dims(ops.cast(ops.not_equal(codes, PADDING), "float32"), -1)
    x = ops.one_hot(Substitute()(codes), len(_CODES) + 1)[..., 1 : len(AMINO_ACIDS) + 1]
    for window in windows:
        x = layers.Conv1D(width, window, padding="same", activation="relu")(x) * mask
        x = layers.Dropout(dropout)(x)
    return keras.Model(codes, layers.Dense(len(STATES), activation="softmax")(x), name="substituting")
