"""Generated molecules: how they are measured, what they are compared with, and a network that draws them as graphs.

RDKit, SciPy, SELFIES and Keras are imported only inside the functions that need them, so that importing this module
stays light.
"""

import dataclasses

import numpy as np

from course_utils import _checks

__all__ = [
    "Measures",
    "add_one_carbon",
    "frechet_distance",
    "internal_diversity",
    "measure_molecules",
    "scaled_wasserstein",
]


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
        If an argument is no finite table of numbers, has fewer than two rows, or if the columns differ in number.

    Source: Dowson DC, Landau BV (1982). The Frechet distance between multivariate normal distributions. *Journal of
    Multivariate Analysis* 12:450-455. https://doi.org/10.1016/0047-259X(82)90077-X

    Taught in: 03_2_1_generative_adversarial_networks
    """
    first, second = _two_tables(first, second, "first", "second")
    means = [table.mean(axis=0) for table in (first, second)]
    covariances = [np.atleast_2d(np.cov(table, rowvar=False)) for table in (first, second)]
    # The root of S1 S2 has the same trace as that of the symmetric R S2 R, where R is the root of S1.
    root = _symmetric_root(covariances[0])
    shared = np.trace(_symmetric_root(root @ covariances[1] @ root))
    distance = np.sum((means[0] - means[1]) ** 2) + np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * shared
    return max(0.0, float(distance))  # rounding may leave a tiny negative number


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
    https://arxiv.org/abs/1708.08227

    Taught in: 03_2_1_generative_adversarial_networks
    """
    from course_utils import molecules

    similarity = molecules.tanimoto(fingerprints, fingerprints)
    n = len(similarity)
    if n < 2:
        raise ValueError(f"fingerprints must have at least 2 rows, got {n}")
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
        SMILES; None or a text that RDKit refuses counts as not valid.
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

    Source: Polykovskiy D et al. (2020). Molecular Sets (MOSES). *Frontiers in Pharmacology* 11:565644.
    https://doi.org/10.3389/fphar.2020.565644

    Taught in: 03_2_1_generative_adversarial_networks
    """
    from course_utils import molecules
    ...


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
