"""Generated molecules: how they are measured, what they are compared with, and a network that draws them as graphs.

RDKit, SciPy, SELFIES and Keras are imported only inside the functions that need them, so that importing this module
stays light.
"""

import dataclasses

import numpy as np

from course_utils import _checks

__all__ = [
    "MEASURED",
    "Measures",
    "add_one_carbon",
    "critic_loss",
    "frechet_distance",
    "graph_gan",
    "graph_rows",
    "internal_diversity",
    "measure_molecules",
    "position_marginals",
    "random_selfies",
    "resample_atoms",
    "scaled_wasserstein",
]

MEASURED = (  # the descriptors in which generated molecules are compared with real ones
    "molecular weight (g/mol)",
    "logP",
    "TPSA (square Angstrom)",
    "H-bond donors",
    "H-bond acceptors",
    "rotatable bonds",
    "rings",
    "aromatic rings",
    "share of sp3 carbons",
    "QED",
)


# --- Distances between two sets of measured values -------------------------------------------------------------------


def frechet_distance(first, second):
    """Compare two sets of rows by the means and covariances of their columns, as if both were normally distributed.

    The squared distance between two normal distributions that a transport of least cost has to cover:
    ``|m1 - m2|^2 + trace(S1 + S2 - 2 (S1 S2)^(1/2))``. It sees means and pairs of columns, and nothing else. The
    Frechet *ChemNet* distance of the literature uses the same formula on the hidden units of one trained network: its
    values cannot be compared with these.

    Parameters
    ----------
    first, second : arrays of numbers, shapes (rows, columns) and (other rows, columns)
        At least two rows each. Columns of different units are standardised before, by the same numbers in both.

    Returns
    -------
    float
        At least 0, and 0 for equal means and covariances.

    Raises
    ------
    TypeError, ValueError
        If an argument is no finite table of numbers, has fewer than two rows, or numbers too large for a covariance,
        or if the columns differ in number.

    Source: Dowson DC, Landau BV (1982). The Frechet distance between multivariate normal distributions. *Journal of
    Multivariate Analysis* 12:450-455. https://doi.org/10.1016/0047-259X(82)90077-X

    Taught in: 03_2_1_generative_adversarial_networks
    """
    first, second = _two_tables(first, second, "first", "second")
    with np.errstate(over="ignore", invalid="ignore"):  # too large a number is named below
        means = [table.mean(axis=0) for table in (first, second)]
        covariances = [np.atleast_2d(np.cov(table, rowvar=False)) for table in (first, second)]
        spread = np.trace(covariances[0]) + np.trace(covariances[1])
        apart = np.sum((means[0] - means[1]) ** 2)
    if not np.isfinite(spread + apart):
        raise ValueError("first and second must hold numbers whose squares can be added up, got larger ones")
    # The root of S1 S2 has the same trace as that of the symmetric R S2 R, where R is the root of S1.
    root = _symmetric_root(covariances[0])
    shared = np.trace(_symmetric_root(root @ covariances[1] @ root))
    return max(0.0, float(apart + spread - 2 * shared))  # rounding may leave a tiny negative number


def scaled_wasserstein(generated, reference):
    """Say for each column how far its values would have to be moved to look like the reference's.

    The Wasserstein distance of order 1 between two columns, divided by the standard deviation of the reference's
    column: 0.1 means that a value moves by a tenth of a standard deviation on average.

    Parameters
    ----------
    generated, reference : arrays of numbers, shapes (rows, columns) and (other rows, columns)

    Returns
    -------
    array of float64, shape (columns,)

    Raises
    ------
    TypeError, ValueError
        If an argument is no finite table of numbers, if the columns differ in number, or if a column of the reference
        has one value only, so that nothing can be scaled by it.

    Taught in: 03_2_1_generative_adversarial_networks
    """
    from scipy.stats import wasserstein_distance

    generated, reference = _two_tables(generated, reference, "generated", "reference", least=1)
    scale = reference.std(axis=0)
    if not scale.all():
        raise ValueError(f"reference must vary in every column, got a single value in column {np.argmin(scale)}")
    pairs = zip(generated.T, reference.T, scale, strict=True)
    return np.array([wasserstein_distance(new, old) / spread for new, old, spread in pairs])


def internal_diversity(fingerprints):
    """Average over all pairs of different rows how unlike two fingerprints are: 1 minus their Tanimoto similarity.

    Parameters
    ----------
    fingerprints : array of 0 and 1, shape (molecules, bits)
        From `molecules.fingerprints`; at least two rows.

    Returns
    -------
    float
        0 where all are alike, 1 where no two share a bit.

    Raises
    ------
    TypeError, ValueError
        If the rows are no fingerprints, or fewer than two.

    Source: Benhenda M (2017). ChemGAN challenge for drug discovery: can AI reproduce natural chemical diversity?
    https://arxiv.org/abs/1708.08227. The program of MOSES (see `measure_molecules`) pairs each row with itself too, and
    gets a little less: (n - 1) / n of this.

    Taught in: 03_2_1_generative_adversarial_networks
    """
    from course_utils import molecules

    fingerprints = _checks.array(fingerprints, "fingerprints", axes=2)
    n = len(fingerprints)
    if n < 2 or not np.isin(fingerprints, (0, 1)).all():
        raise ValueError(f"fingerprints must have at least 2 rows of 0 and 1, got shape {fingerprints.shape}")
    similarity = molecules.tanimoto(fingerprints, fingerprints)
    return float(1 - (similarity.sum() - np.trace(similarity)) / (n * (n - 1)))


# --- Measures of a set of molecules ----------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Measures:
    """What `measure_molecules` found. Shares are between 0 and 1; what cannot be computed is NaN."""

    n: int  # molecules asked for
    valid: float  # share of the n that is a molecule
    unique: float  # share of distinct molecules among the valid ones
    novel: float  # share of the distinct ones that is not in the training set
    diversity: float  # how unlike two distinct molecules are on average
    wasserstein: float  # mean over the descriptors, in standard deviations of the training set
    frechet: float  # on the standardised descriptors


def measure_molecules(generated, training):
    """Measure generated molecules against those that a generator was trained on.

    Every text is written in its canonical form first: two spellings of one molecule count once.

    Parameters
    ----------
    generated : sequence of str or None
        SMILES; None, a text that RDKit refuses and a mixture (several molecules in one text) count as not valid.
    training : sequence of str
        SMILES of the training set, all valid, at least two different molecules.

    Returns
    -------
    Measures
        `wasserstein` and `frechet` compare all valid molecules, copies included, with the training set: a generator
        that draws the commonest molecule over and over is not like its training set.

    Raises
    ------
    TypeError, ValueError
        If an argument is empty or no sequence of texts, or if `training` holds a text that is not valid.

    Source: the shares, the diversity and a Wasserstein distance for each descriptor are among the measures of
    Polykovskiy D et al. (2020). Molecular Sets (MOSES). *Frontiers in Pharmacology* 11:565644.
    https://doi.org/10.3389/fphar.2020.565644. Its program compares with a test set, in weight, logP, QED and synthetic
    accessibility, and does not scale them.

    Taught in: 03_2_1_generative_adversarial_networks
    """
    from course_utils import molecules

    generated = _checks.texts(generated, "generated", of="molecule", none_allowed=True)
    training = {molecules.canonical(text) for text in _checks.texts(training, "training", of="molecule")}
    if len(training) < 2:
        raise ValueError(f"training must hold at least 2 different molecules, got {len(training)}")
    # Duplicates are valid: `clean_molecules` would leave them out, so every text is read by itself.
    valid = [text for text in map(_canonical_or_none, generated) if text is not None]
    distinct = sorted(set(valid))
    nan = float("nan")
    measures = {
        "n": len(generated),
        "valid": len(valid) / len(generated),
        "unique": len(distinct) / len(valid) if valid else nan,
        "novel": sum(text not in training for text in distinct) / len(distinct) if distinct else nan,
        "diversity": nan,
        "wasserstein": nan,
        "frechet": nan,
    }
    if len(distinct) >= 2:
        measures["diversity"] = internal_diversity(molecules.fingerprints(distinct))
    if len(valid) >= 2:
        reference = molecules.descriptors(sorted(training), MEASURED)
        varies = reference.std(axis=0) > 0
        centre, spread = reference[:, varies].mean(axis=0), reference[:, varies].std(axis=0)
        reference = (reference[:, varies] - centre) / spread
        found = (molecules.descriptors(valid, MEASURED)[:, varies] - centre) / spread
        measures["wasserstein"] = float(scaled_wasserstein(found, reference).mean())
        measures["frechet"] = frechet_distance(found, reference)
    return Measures(**measures)


# --- What a generator must beat --------------------------------------------------------------------------------------


def random_selfies(n, length=12, seed=0):
    """Draw strings of SELFIES symbols at random and read them as molecules: all that hold an atom are valid.

    Parameters
    ----------
    n : int
    length : int
        Symbols in a string; the molecule may have fewer atoms, since symbols that cannot be bound end it. A string of
        few symbols can be the empty text, which is no molecule.
    seed : int

    Returns
    -------
    list of n str
        SMILES.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Source: Krenn M et al. (2020). Self-referencing embedded strings (SELFIES). *Machine Learning: Science and
    Technology* 1:045024. https://doi.org/10.1088/2632-2153/aba947

    Taught in: 03_2_1_generative_adversarial_networks
    """
    import selfies

    n, length = _checks.integer(n, "n", least=1), _checks.integer(length, "length", least=1)
    alphabet = sorted(selfies.get_semantic_robust_alphabet())
    drawn = _checks.generator(seed).integers(len(alphabet), size=(n, length))
    return [selfies.decoder("".join(alphabet[code] for code in row)) for row in drawn]


def position_marginals(atoms, bonds, n, seed=0):
    """Draw each atom and each bond of a molecule by itself, as often as it occurs at its place in the training set.

    The generator that knows every place and no connection between two places. What a network learns beyond this, it
    learned about how atoms and bonds go together.

    Parameters
    ----------
    atoms : array of int, shape (molecules, places)
    bonds : array of int, shape (molecules, places, places)
        Both from `molecules.atom_bond_matrices`.
    n : int
        Molecules to draw.
    seed : int

    Returns
    -------
    atoms : array of int64, shape (n, places)
    bonds : array of int64, shape (n, places, places)

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Taught in: 04_2_drug_discovery_lab
    """
    atoms, bonds = _matrices(atoms, bonds)
    n, generator = _checks.integer(n, "n", least=1), _checks.generator(seed)
    places = atoms.shape[1]
    # One row drawn for each place is a draw from the values that occur there.
    drawn_atoms = atoms[generator.integers(len(atoms), size=(n, places)), np.arange(places)]
    first, second = np.triu_indices(places, k=1)
    drawn_bonds = np.zeros((n, places, places), dtype=np.int64)
    drawn_bonds[:, first, second] = bonds[generator.integers(len(bonds), size=(n, len(first))), first, second]
    return drawn_atoms, drawn_bonds + drawn_bonds.transpose(0, 2, 1)


def resample_atoms(atoms, bonds, n, seed=0):
    """Keep the bonds of a real molecule and draw its atoms anew, as often as each element occurs.

    Parameters
    ----------
    atoms : array of int, shape (molecules, places)
    bonds : array of int, shape (molecules, places, places)
        Both from `molecules.atom_bond_matrices`.
    n : int
        Molecules to draw.
    seed : int

    Returns
    -------
    atoms : array of int64, shape (n, places)
        Places without an atom stay so.
    bonds : array of int64, shape (n, places, places)

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or no molecule has an atom.

    Taught in: 04_2_drug_discovery_lab
    """
    atoms, bonds = _matrices(atoms, bonds)
    n, generator = _checks.integer(n, "n", least=1), _checks.generator(seed)
    elements = atoms[atoms > 0]
    if not len(elements):
        raise ValueError("atoms must hold at least one atom, got none")
    rows = generator.integers(len(atoms), size=n)
    drawn = generator.choice(elements, size=(n, atoms.shape[1]))
    return np.where(atoms[rows] > 0, drawn, 0), bonds[rows]


def add_one_carbon(smiles, n, seed=0):
    """Hang a methyl group on a real molecule: nearly always valid, distinct and new, and nothing was learned.

    Parameters
    ----------
    smiles : list of str
        Real molecules.
    n : int
        Molecules to make. Real molecules are taken in a random order, again from the first when all were used.
    seed : int
        Chooses the order, and the atom that gets the carbon among those with a free hydrogen.

    Returns
    -------
    list of n str
        Canonical SMILES. A molecule without a hydrogen to replace comes back unchanged.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Source: the idea of Renz P et al. (2019). On failure modes in molecule generation and optimization. *Drug Discovery
    Today: Technologies* 32-33:55-63. https://doi.org/10.1016/j.ddtec.2020.09.003. Their program (addcarbon.py in
    https://github.com/ml-jku/mgenerators-failure-modes) puts a "C" into the SMILES text, and of the places that give a
    valid and new molecule takes one that changes the text little.

    Taught in: 03_2_1_generative_adversarial_networks
    """
    from rdkit import Chem

    from course_utils import molecules

    texts = [molecules.canonical(text) for text in _checks.texts(smiles, "smiles", of="molecule")]
    n, generator = _checks.integer(n, "n", least=1), _checks.generator(seed)
    order = np.concatenate([generator.permutation(len(texts)) for _ in range(-(-n // len(texts)))])[:n]
    made = []
    for row in order:
        molecule = Chem.RWMol(Chem.MolFromSmiles(texts[row]))
        free = [atom.GetIdx() for atom in molecule.GetAtoms() if atom.GetTotalNumHs() > 0]
        if free:
            place = int(generator.choice(free))
            atom = molecule.GetAtomWithIdx(place)
            if atom.GetNumExplicitHs():  # as in [nH]
                atom.SetNumExplicitHs(atom.GetNumExplicitHs() - 1)
            molecule.AddBond(place, molecule.AddAtom(Chem.Atom("C")), Chem.BondType.SINGLE)
            Chem.SanitizeMol(molecule)
        made.append(Chem.MolToSmiles(molecule))
    return made


# --- A network that draws molecules as graphs ------------------------------------------------------------------------


def graph_rows(atoms, bonds, elements):
    """Write each molecule as one row of zeros and ones: the kind of each atom, then the kind of each pair's bond.

    Parameters
    ----------
    atoms : array of int, shape (n, places)
    bonds : array of int, shape (n, places, places)
        Both from `molecules.atom_bond_matrices`.
    elements : int
        Number of elements in the alphabet.

    Returns
    -------
    array of float32, shape (n, places * (elements + 1) + pairs * 4)
        `elements + 1` columns for each place (no atom, then each element), and 4 for each of the
        `places * (places - 1) / 2` pairs of places (no bond, single, double, triple), pairs in the order of
        `numpy.triu_indices`.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or `atoms` holds a code above `elements`, `bonds` one above 3.

    Taught in: 04_2_drug_discovery_lab
    """
    atoms, bonds = _matrices(atoms, bonds)
    elements = _checks.integer(elements, "elements", least=1)
    for values, name, most in ((atoms, "atoms", elements), (bonds, "bonds", 3)):
        if values.min() < 0 or values.max() > most:
            raise ValueError(f"{name} must hold codes from 0 to {most}, got {values.min()} to {values.max()}")
    first, second = np.triu_indices(atoms.shape[1], k=1)
    parts = (np.eye(elements + 1, dtype=np.float32)[atoms], np.eye(4, dtype=np.float32)[bonds[:, first, second]])
    return np.concatenate([part.reshape(len(atoms), -1) for part in parts], axis=1)


def critic_loss(critic, real, fake, mix, penalty=10.0):
    """Compute the loss of a Wasserstein critic with gradient penalty.

    The mean score of the fakes minus that of the real rows, plus `penalty` times the mean of (length of the gradient
    - 1)^2. The gradient is that of the score with respect to a row, taken at rows between a real and a fake one.

    Parameters
    ----------
    critic : keras.Model
        From (n, d) to (n, 1).
    real, fake : tensors of float32, shape (n, d)
    mix : tensor of float32, shape (n, 1)
        Where between a fake (0) and a real row (1) the gradient is taken.
    penalty : float

    Returns
    -------
    tensor of float32, without axes
        It can be differentiated with respect to the critic's weights.

    Raises
    ------
    ValueError, TypeError
        If `penalty` is not a finite number of at least 0.

    Source: Gulrajani I, et al. (2017). Improved training of Wasserstein GANs. https://arxiv.org/abs/1704.00028

    Taught in: 04_2_drug_discovery_lab
    """
    import tensorflow as tf

    penalty = _checks.number(penalty, "penalty", least=0)
    between = tf.convert_to_tensor(mix * real + (1 - mix) * fake)
    with tf.GradientTape() as tape:
        tape.watch(between)
        score = critic(between)
    gradient = tape.gradient(score, between)
    length = tf.sqrt(tf.reduce_sum(gradient**2, axis=1) + 1e-8)  # at 0 the root has no finite slope
    distance = tf.reduce_mean(critic(real)) - tf.reduce_mean(critic(fake))
    return penalty * tf.reduce_mean((length - 1) ** 2) - distance


def graph_gan(places, elements, loss=critic_loss, latent_dim=32, critic_steps=3):
    """Build and compile a small generative adversarial network that draws molecules as graphs.

    A dense generator turns a latent vector into the chances of each kind of atom at each place and of each kind of
    bond for each pair of places. Kinds are drawn from these chances with Gumbel noise; the gradient passes through the
    chances (straight-through). A dense critic scores rows as `graph_rows` writes them. An average of the generator's
    weights over the last steps is kept, and `draw` uses it.

    Parameters
    ----------
    places : int
        Atoms that a molecule can have at most; at least 2.
    elements : int
        Number of elements in the alphabet.
    loss : function
        Called as `loss(critic, real, fake, mix)`; see `critic_loss`.
    latent_dim : int
        Length of the latent vector.
    critic_steps : int
        Steps of the critic for each step of the generator.

    Returns
    -------
    keras.Model
        Compiled for `fit(rows)`, where each batch holds `critic_steps` times as many rows as the critic sees in one
        step (rows that are left over are not used). `generator`, `critic`, `averaged`: its three networks. `draw(n,
        seed)` returns `atoms` (n, places) and `bonds` (n, places, places), integer codes, symmetric.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Source: after De Cao N, Kipf T (2018). MolGAN. https://arxiv.org/abs/1805.11973, with dense networks and without
    their reward. Wasserstein loss: see `critic_loss`.

    Taught in: 04_2_drug_discovery_lab
    """
    places = _checks.integer(places, "places", least=2)
    elements = _checks.integer(elements, "elements", least=1)
    if not callable(loss):
        raise TypeError(f"loss must be a function of critic, real, fake and mix, got {loss!r}")
    latent_dim = _checks.integer(latent_dim, "latent_dim", least=1)
    critic_steps = _checks.integer(critic_steps, "critic_steps", least=1)
    import keras
    import tensorflow as tf
    from keras import layers

    pairs = places * (places - 1) // 2

    def network(inputs, widths, activation, outputs):
        x = keras.Input((inputs,))
        h = x
        for width in widths:
            h = layers.Dense(width, activation=activation)(h)
        return keras.Model(x, layers.Dense(outputs)(h))

    def split(logits):
        """Return the logits of the atoms, (n, places, elements + 1), and of the bonds, (n, pairs, 4)."""
        width = places * (elements + 1)
        return (
            keras.ops.reshape(logits[:, :width], (-1, places, elements + 1)),
            keras.ops.reshape(logits[:, width:], (-1, pairs, 4)),
        )

    class GraphGAN(keras.Model):
        def __init__(self):
            super().__init__(name="graph_gan")
            width = places * (elements + 1) + pairs * 4
            self.generator = network(latent_dim, (128, 256), "relu", width)
            self.critic = network(width, (256, 128), keras.activations.leaky_relu, 1)
            self.averaged = keras.models.clone_model(self.generator)
            self.averaged.set_weights(self.generator.get_weights())
            self.averaged.trainable = False
            self.optimizers = [keras.optimizers.Adam(1e-3, beta_1=0.5, beta_2=0.9) for _ in range(2)]
            for optimizer, trained in zip(self.optimizers, (self.critic, self.generator), strict=True):
                optimizer.build(trained.trainable_variables)

        def sample(self, n):
            """Return n rows: drawn kinds in the forward pass, their chances in the backward pass."""
            parts = []
            for logits in split(self.generator(tf.random.normal((n, latent_dim)))):
                gumbel = -tf.math.log(-tf.math.log(tf.random.uniform(tf.shape(logits), 1e-6, 1 - 1e-6)))
                chances = tf.nn.softmax(logits + gumbel)
                drawn = tf.one_hot(tf.argmax(chances, axis=-1), logits.shape[-1])
                parts.append(tf.reshape(chances + tf.stop_gradient(drawn - chances), (n, -1)))
            return tf.concat(parts, axis=1)

        def train_step(self, rows):
            n = tf.shape(rows)[0] // critic_steps
            rows = tf.random.shuffle(rows)
            fakes = self.sample(n * critic_steps)
            for step in range(critic_steps):
                part = slice(step * n, (step + 1) * n)
                with tf.GradientTape() as tape:
                    value = loss(self.critic, rows[part], fakes[part], tf.random.uniform((n, 1)))
                self._apply(0, tape, value, self.critic)
            with tf.GradientTape() as tape:
                generator_loss = -tf.reduce_mean(self.critic(self.sample(n)))
            self._apply(1, tape, generator_loss, self.generator)
            for kept, new in zip(self.averaged.weights, self.generator.weights, strict=True):
                kept.assign(0.995 * kept + 0.005 * new)
            return {"critic_loss": value, "generator_loss": generator_loss}

        def _apply(self, which, tape, value, trained):
            variables = trained.trainable_variables
            self.optimizers[which].apply(tape.gradient(value, variables), variables)

        def draw(self, n, seed=0):
            n, generator = _checks.integer(n, "n", least=1), _checks.generator(seed)
            latent = generator.normal(size=(n, latent_dim)).astype(np.float32)
            # Adding Gumbel noise and taking the largest draws each kind with its chance.
            atoms, kinds = (
                (np.asarray(logits) + generator.gumbel(size=logits.shape)).argmax(axis=-1)
                for logits in split(self.averaged(latent))
            )
            first, second = np.triu_indices(places, k=1)
            bonds = np.zeros((n, places, places), dtype=np.int64)
            bonds[:, first, second] = bonds[:, second, first] = kinds
            return atoms, bonds

    model = GraphGAN()
    model.compile(steps_per_execution=50)
    return model


# ---------------------------------------------------------------------------------------------------------------------


def _canonical_or_none(text):
    from course_utils import molecules

    if text is None:
        return None
    try:
        canonical = molecules.canonical(text)
    except ValueError:
        return None
    return None if "." in canonical else canonical  # several molecules are not one


def _matrices(atoms, bonds):
    atoms, bonds = _checks.array(atoms, "atoms", axes=2), _checks.array(bonds, "bonds", axes=3)
    if bonds.shape != (*atoms.shape, atoms.shape[1]):
        raise ValueError(f"bonds must have the shape {(*atoms.shape, atoms.shape[1])} to fit atoms, got {bonds.shape}")
    for values, name in ((atoms, "atoms"), (bonds, "bonds")):
        if values.dtype.kind not in "iu":
            raise TypeError(
                f"{name} must hold integer codes, got dtype {values.dtype}; one-hot becomes codes by argmax"
            )
    return atoms.astype(np.int64), bonds.astype(np.int64)


def _symmetric_root(matrix):
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T


def _two_tables(first, second, first_name, second_name, least=2):
    tables = []
    for table, name in ((first, first_name), (second, second_name)):
        table = _checks.array(table, name, axes=2).astype(float)
        if len(table) < least:
            raise ValueError(f"{name} must have at least {least} rows, got {len(table)}")
        tables.append(table)
    if tables[0].shape[1] != tables[1].shape[1]:
        counts = f"{tables[0].shape[1]} and {tables[1].shape[1]}"
        raise ValueError(f"{first_name} and {second_name} must have the same columns, got {counts}")
    return tables
