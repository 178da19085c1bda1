"""Tables: what their loaders return, and what they refuse."""

import numpy as np

from course_utils import datasets


def other_package(monkeypatch, tmp_path):
    import sklearn.datasets

    bunch = sklearn.datasets.load_breast_cancer()
    bunch.data[100, 3] += 0.001
    monkeypatch.setattr(sklearn.datasets, "load_breast_cancer", lambda: bunch)


def damaged_package(monkeypatch, tmp_path):
    import sklearn.datasets._base

    monkeypatch.setattr(sklearn.datasets._base, "load_csv_data", lambda **_: float("1,7.99"))


REFUSALS = [
    ("breast_cancer", other_package, "breast_cancer.csv of scikit-learn was changed"),
    ("breast_cancer", damaged_package, "inside scikit-learn cannot be read: could not convert"),
]


def test_breast_cancer_calls_malignant_positive():
    data = datasets.load_breast_cancer()
    assert data.name == "breast_cancer" and data.groups is None
    assert data.features.shape == (569, 30) and data.features.dtype == np.float64
    assert data.labels.shape == (569,) and data.labels.dtype == np.int64
    assert data.labels.sum() == 212 and data.label_names == ("benign", "malignant")
    assert len(data.feature_names) == 30 and {type(name) for name in data.feature_names} == {str}
    # malignant nuclei are the larger ones
    radius = data.features[:, data.feature_names.index("mean radius")]
    assert np.median(radius[data.labels == 1]) > np.median(radius[data.labels == 0])
