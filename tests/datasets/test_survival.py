"""Survival and progression: what their loaders return, and what they refuse."""

import io
import os
import re
import tempfile

import h5py
import numpy as np
import pytest

from course_utils import datasets

SHAPES = {"metabric": (1523, 381, 9), "gbsg": (1546, 686, 7)}
PATHS = {"metabric": "metabric/metabric_IHC4_clinical_train_test.h5", "gbsg": "gbsg/gbsg_cancer_train_test.h5"}


def fake(name, change=None):
    """A file with the right arrays, filled with a pattern; `change` may do something to it before it is closed."""
    n_train, n_test, d = SHAPES[name]
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        for part, n in (("train", n_train), ("test", n_test)):
            group = file.create_group(part)
            group["x"] = (np.arange(n * d).reshape(n, d) % 97).astype("float32")
            group["t"] = np.arange(n, dtype="float32")
            group["e"] = (np.arange(n) % 2).astype("int32")
        if change is not None:
            change(file)
    return {PATHS[name]: stream.getvalue()}


def changed(change):
    """Make a case of REFUSALS: the stand-in of METABRIC with a change."""
    return lambda content: fake("metabric", change)["metabric/metabric_IHC4_clinical_train_test.h5"]


def replaced(place, array):
    def change(file):
        del file[place]
        file[place] = array

    return changed(change)


def set_value(place, row, value):
    def change(file):
        file[place][row] = value

    return changed(change)


def linked_elsewhere(file):
    del file["test/t"]
    file["test/t"] = h5py.ExternalLink("other.h5", "/t")


def group_elsewhere(file):
    del file["train"]
    file["train"] = h5py.ExternalLink("other.h5", "/train")


def kept_elsewhere(file):
    del file["test/t"]
    place = os.path.join(tempfile.gettempdir(), "other.raw")
    file.create_dataset("test/t", (381,), "float32", external=[(place, 0, 4 * 381)])


def put_together_from_elsewhere(file):
    del file["test/t"]
    layout = h5py.VirtualLayout((381,), "float32")
    layout[:] = h5py.VirtualSource("other.h5", "t", shape=(381,))
    file.create_virtual_dataset("test/t", layout)


def other_diabetes(monkeypatch, tmp_path):
    import sklearn.datasets

    bunch = sklearn.datasets.load_diabetes(scaled=False)
    bunch.target[5] += 1
    monkeypatch.setattr(sklearn.datasets, "load_diabetes", lambda **_: bunch)


def scaled_diabetes(monkeypatch, tmp_path):
    import sklearn.datasets

    bunch = sklearn.datasets.load_diabetes()
    monkeypatch.setattr(sklearn.datasets, "load_diabetes", lambda **_: bunch)


def damaged_diabetes(monkeypatch, tmp_path):
    import sklearn.datasets

    monkeypatch.setattr(sklearn.datasets, "load_diabetes", lambda **_: float("59,2"))


STAND_INS = {name: lambda name=name: fake(name) for name in SHAPES}
MUST_HOLD = "must hold the array test/t, and hold it itself"
REFUSALS = [
    ("diabetes_progression", other_diabetes, "diabetes_data_raw.csv.gz of scikit-learn was changed"),
    ("diabetes_progression", scaled_diabetes, "diabetes_data_raw.csv.gz of scikit-learn was changed"),
    ("diabetes_progression", damaged_diabetes, "inside scikit-learn cannot be read: could not convert"),
    ("metabric", lambda content: b"not HDF5", "is not a sound HDF5 file"),
    ("metabric", lambda content: content[: len(content) // 2], "is not a sound HDF5 file"),
    ("metabric", changed(lambda file: file.__delitem__("test")), "is not a sound HDF5 file|must hold the array test"),
    ("metabric", changed(lambda file: file.__delitem__("test/t")), MUST_HOLD),
    ("metabric", changed(linked_elsewhere), MUST_HOLD),
    ("metabric", changed(group_elsewhere), "must hold the array train/x, and hold it itself"),
    ("metabric", changed(kept_elsewhere), MUST_HOLD),
    ("metabric", changed(put_together_from_elsewhere), MUST_HOLD),
    (
        "metabric",
        replaced("test/t", np.zeros(380, "float32")),
        r"test/t must be float32 \(381,\), got float32 \(380,\)",
    ),
    ("metabric", replaced("train/e", np.zeros(1523)), r"train/e must be int32 \(1523,\), got float64"),
    ("metabric", set_value("train/t", 7, -1), "train_time must be finite and at least 0, got -1"),
    ("metabric", set_value("test/x", (0, 3), np.nan), "test_features must be finite and at least 0, got nan"),
    ("metabric", set_value("test/t", 8, np.inf), "test_time must be finite and at least 0, got inf"),
    ("metabric", set_value("test/e", 9, 2), "test_event must be 0 or 1, got 2"),
]


def test_gbsg2_is_what_its_paper_describes():
    data = datasets.load_gbsg2()
    assert data.features.shape == (686, 8) and data.event.sum() == 299 and data.groups is None
    assert len(data.feature_names) == len(data.units) == 8 and data.time_unit == "days"
    hormone, age, post, size, grade, nodes = data.features[:, :6].T
    assert (hormone.sum(), post.sum()) == (246, 396) and np.bincount(grade.astype(int)).tolist() == [0, 81, 444, 161]
    assert (age.min(), age.max(), size.max(), nodes.min()) == (21, 80, 120, 1)  # node-positive
    assert age[post == 1].mean() > age[post == 0].mean() + 10


def test_gbsg2_and_flchain_equal_the_copies_in_scikit_survival():
    theirs = pytest.importorskip("sksurv.datasets")
    table, outcome = theirs.load_gbsg2()
    data = datasets.load_gbsg2()
    for column, name in ((1, "age"), (3, "tsize"), (5, "pnodes"), (6, "progrec"), (7, "estrec")):
        np.testing.assert_array_equal(data.features[:, column], table[name])
    np.testing.assert_array_equal(data.features[:, 0] == 1, table["horTh"].astype(str) == "yes")
    np.testing.assert_array_equal(data.time, outcome["time"])
    np.testing.assert_array_equal(data.event == 1, outcome["cens"])
    table, outcome = theirs.load_flchain()
    data = datasets.load_flchain()
    for column, name in ((0, "age"), (3, "kappa"), (4, "lambda"), (6, "creatinine")):
        np.testing.assert_array_equal(data.features[:, column], table[name])
    np.testing.assert_array_equal(data.features[:, 1] == 1, table["sex"].astype(str) == "M")
    np.testing.assert_array_equal(data.time, outcome["futime"])
    np.testing.assert_array_equal(data.event == 1, outcome["death"])


def test_flchain_is_what_its_paper_describes():
    data = datasets.load_flchain()
    assert data.features.shape == (7874, 8) and data.event.sum() == 2169 and data.time.max() == 5215
    assert len(data.feature_names) == len(data.units) == 8 and data.groups is None
    age, male, year, kappa, lambda_, group, creatinine, mgus = data.features.T
    assert (age.min(), age.max(), male.sum(), mgus.sum()) == (50, 101, 3524, 115)
    assert (year.min(), year.max()) == (1995, 2003) and np.isnan(data.features).sum() == 1350
    causes, counts = np.unique(data.cause_of_death, return_counts=True)
    assert dict(zip(causes.tolist(), counts.tolist(), strict=True))["Circulatory"] == 745 and len(causes) == 17


def test_whas500_is_what_its_list_of_variables_describes():
    data = datasets.load_whas500()
    assert data.features.shape == (500, 13) and data.event.sum() == 215 and data.groups is None
    assert len(data.feature_names) == len(data.units) == 13 and data.time_unit == "days"
    age, female, rate, systolic, diastolic, mass = data.features[:, :6].T
    assert (age.min(), age.max(), female.sum(), data.time.min(), data.time.max()) == (30, 104, 200, 1, 2358)
    assert 30 < rate.min() and 50 < systolic.min() and 10 < mass.min() < mass.max() < 50
    assert (systolic > diastolic).mean() > 0.98 and set(np.unique(data.features[:, 6:])) == {0, 1}
    assert "stay" not in " ".join(data.feature_names)


def test_actg320_is_what_its_paper_describes():
    data = datasets.load_actg320()
    assert data.features.shape == (1151, 10) and (data.event.sum(), data.death.sum()) == (96, 26)
    assert len(data.feature_names) == len(data.units) == 10 and data.time_unit == "days"
    indinavir, female, age, cells, stratum = data.features[:, :5].T
    assert [data.event[indinavir == a].sum() for a in (0, 1)] == [63, 33]  # 11 and 6 per cent in the paper
    assert [data.death[indinavir == a].sum() for a in (0, 1)] == [18, 8]
    assert (female.sum(), age.min(), age.max()) == (200, 15, 73) and cells[stratum == 0].mean() < 50
    assert (data.event[data.death == 1] == 1).all() and (data.death_time >= data.time).all()


def test_whas500_and_actg320_equal_the_copies_in_scikit_survival():
    theirs = pytest.importorskip("sksurv.datasets")
    table, outcome = theirs.load_whas500()
    data = datasets.load_whas500()
    for column, name in enumerate("age gender hr sysbp diasbp bmi cvd afb sho chf av3 miord mitype".split()):
        np.testing.assert_array_equal(data.features[:, column], table[name].astype(float))
    np.testing.assert_array_equal(data.length_of_stay, table["los"])
    np.testing.assert_array_equal(data.time, outcome["lenfol"])
    np.testing.assert_array_equal(data.event == 1, outcome["fstat"])
    data = datasets.load_actg320()
    for endpoint, time, event in (("aids", data.time, data.event), ("death", data.death_time, data.death)):
        table, outcome = theirs.load_aids(endpoint=endpoint)
        np.testing.assert_array_equal(time, outcome[outcome.dtype.names[1]])
        np.testing.assert_array_equal(event == 1, outcome[outcome.dtype.names[0]])
    names = ["tx", "sex", "age", "cd4", "strat2", "priorzdv", "karnof", "hemophil", "ivdrug", "raceth"]
    for column, name in enumerate(names):
        np.testing.assert_array_equal(data.features[:, column], table[name].astype(float) - (name == "sex"))


def test_transbig_is_what_its_paper_describes():
    data = datasets.load_transbig()
    assert data.genes.shape == (198, 76) and data.clinical.shape == (198, 4) and data.event.sum() == 51
    assert len(data.clinical_names) == len(data.units) == 4 and data.time_unit == "days" and data.groups is None
    assert len(set(data.gene_names)) == 76 and all(re.fullmatch(r"2\d{5}_([sx]_)?at", n) for n in data.gene_names)
    age, size, grade, receptor = data.clinical.T
    assert (age.min(), age.max(), data.time.min(), data.time.max()) == (24, 60, 125, 9108)
    assert [int(np.sum(grade == g)) for g in (1, 2, 3)] == [30, 83, 83] and receptor.sum() == 134
    # the higher the grade, the larger the tumour and the rarer the receptor
    assert size[grade == 3].mean() > size[grade == 1].mean() and receptor[grade == 3].mean() < 0.5
    assert receptor[grade == 1].mean() > 0.9


def test_transbig_equals_the_copy_in_scikit_survival():
    theirs = pytest.importorskip("sksurv.datasets")
    table, outcome = theirs.load_breast_cancer()
    data = datasets.load_transbig()
    for column, name in enumerate(data.gene_names):
        np.testing.assert_array_equal(data.genes[:, column], table[f"X{name}"])
    np.testing.assert_array_equal(data.clinical[:, 0], table["age"])
    np.testing.assert_array_equal(data.clinical[:, 1], table["size"])
    words = np.array(["unkown", "well differentiated", "intermediate", "poorly differentiated"])
    np.testing.assert_array_equal(words[np.nan_to_num(data.clinical[:, 2]).astype(int)], table["grade"].astype(str))
    np.testing.assert_array_equal(data.clinical[:, 3] == 1, table["er"].astype(str) == "positive")
    np.testing.assert_array_equal(data.time, outcome["t.tdm"])
    np.testing.assert_array_equal(data.event == 1, outcome["e.tdm"])


def test_diabetes_progression_is_as_measured():
    data = datasets.load_diabetes_progression()
    assert data.features.shape == (442, 10) and len(data.feature_names) == len(data.units) == 10
    assert data.features[0].tolist() == [59, 2, 32.1, 101, 157, 93.2, 38, 4, 4.8598, 87]
    assert (data.progression[0], data.progression.min(), data.progression.max()) == (151, 25, 346)


@pytest.mark.parametrize("name", SHAPES)
def test_a_split_cohort_keeps_every_value(name, load_from):
    data = load_from(name, fake(name))
    n_train, n_test, d = SHAPES[name]
    assert len(data.feature_names) == len(data.units) == d and data.time_unit == "months"
    for part, n in (("train", n_train), ("test", n_test)):
        features = getattr(data, f"{part}_features")
        np.testing.assert_array_equal(features, np.arange(n * d).reshape(n, d) % 97)
        np.testing.assert_array_equal(getattr(data, f"{part}_time"), np.arange(n))
        np.testing.assert_array_equal(getattr(data, f"{part}_event"), np.arange(n) % 2)
        assert features.dtype == np.float64 and getattr(data, f"{part}_event").dtype == np.int64


def test_metabric_has_the_counts_of_its_paper(load_real):
    data = load_real("metabric")
    assert (data.train_event.sum(), data.test_event.sum()) == (887, 216)
    names = list(data.feature_names)
    genes = data.train_features[:, [names.index(gene) for gene in ("EGFR", "PGR", "ERBB2", "MKI67")]]
    positive = data.train_features[:, names.index("oestrogen receptor positive")]
    age, hormone = data.train_features[:, names.index("age")], data.train_features[:, names.index("hormone therapy")]
    correlation = [np.corrcoef(gene, positive)[0, 1] for gene in genes.T]
    assert correlation[0] < -0.3 and correlation[1] > 0.3 and correlation[3] < -0.3  # PGR goes with the receptor
    assert np.corrcoef(hormone, positive)[0, 1] > 0.3 and 21 < age.min() and age.max() < 97


def test_the_test_set_of_gbsg_is_gbsg2(load_real):
    data, trial = load_real("gbsg"), datasets.load_gbsg2()
    hormone, age, post, size, _, nodes, progesterone, oestrogen = trial.features.T
    groups = np.digitize(size, [20, 50], right=True)
    mine = np.column_stack([hormone, groups, post, age, nodes, progesterone, oestrogen, trial.event, trial.time])
    theirs = np.column_stack([data.test_features, data.test_event, np.round(data.test_time * 30.4375)])
    same = (mine == theirs).all(axis=1)  # row by row, in the same order
    assert same.sum() == 686
    assert data.train_event.sum() == 968
