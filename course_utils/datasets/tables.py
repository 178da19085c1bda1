"""Tables: one row a patient or a sample, one column a measurement."""

from dataclasses import dataclass

import numpy as np

from course_utils.datasets import files
from course_utils.datasets.catalogue import credits


@dataclass(frozen=True)
class BreastCancer:
    """What `load_breast_cancer` returns. The arrays cannot be written to: copy one to change it."""

    name: str
    features: np.ndarray  # [569, 30] float64
    labels: np.ndarray  # [569] int64, 1 = malignant
    feature_names: tuple
    label_names: tuple  # label_names[1] is the name of label 1
    groups: None  # no patient ids: see `load_breast_cancer`
    licence: str
    citation: str


def load_breast_cancer():
    """Load the Wisconsin breast cancer data: 30 measurements of cell nuclei, malignant or benign.

    The label 1 means malignant (212 of 569 aspirates), because the course calls the disease positive.
    scikit-learn, from which the data come, has it the other way round: there 1 means benign.

    Returns
    -------
    BreastCancer
        `features` [569, 30] float64, `labels` [569] int64 (1 = malignant, 0 = benign), `feature_names`,
        `label_names`, `licence`, `citation`. `groups` is None: the copy in scikit-learn has no patient ids; the paper
        describes one aspirate of each of 569 patients.

    Raises
    ------
    DatasetCorrupt
        If the file inside scikit-learn is not what it should be.

    Taught in: 00_start_here
    """
    from sklearn.datasets import load_breast_cancer as sklearn_breast_cancer

    try:
        bunch = sklearn_breast_cancer()
        features, labels = bunch.data.astype(np.float64), (bunch.target == 0).astype(np.int64)
    except Exception as error:  # whatever a damaged text brings up
        raise files.DatasetCorrupt(f"the breast cancer data inside scikit-learn cannot be read: {error}") from error
    files.verify_arrays("breast_cancer", {"features": features, "labels": labels}, f"{bunch.filename} of scikit-learn")
    return BreastCancer(
        **credits("breast_cancer"),
        features=files.read_only(features),
        labels=files.read_only(labels),
        feature_names=tuple(str(name) for name in bunch.feature_names),
        label_names=("benign", "malignant"),
        groups=None,
    )
