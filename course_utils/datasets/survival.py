"""Survival and progression: who was followed for how long, and what happened; and how a disease went on in a year."""

from dataclasses import dataclass

import numpy as np

from course_utils.datasets import files
from course_utils.datasets.catalogue import credits


@dataclass(frozen=True)
class GBSG2:
    """What `load_gbsg2` returns. The arrays cannot be written to: copy one to change it."""

    name: str
    features: np.ndarray  # [686, 8] float64
    feature_names: tuple  # of 8 str
    units: tuple  # of 8 str, what a number means
    time: np.ndarray  # [686] float64, days
    event: np.ndarray  # [686] int64, 1 = relapse or death was seen, 0 = censored
    time_unit: str
    groups: None  # every row is a patient
    licence: str
    citation: str


def load_gbsg2():
    """Load GBSG2: 686 women with breast cancer, and the time to relapse or death (299 seen).

    Returns
    -------
    GBSG2
        `features` [686, 8] with `feature_names` and `units`, `time` in days, `event` (1 = seen); `licence`, `citation`.
        `groups` is None: every row is a patient.

    Raises
    ------
    DatasetCorrupt
        If the file is not what it should be.

    Notes
    -----
    Schumacher M, et al. (1994). Journal of Clinical Oncology 12:2086-2093.
    https://doi.org/10.1200/JCO.1994.12.10.2086

    Taught in: 03_4_medical_prediction_models
    """
    n = 686
    arrays = files.load_npz(
        "gbsg2", {"features": ("float64", (n, 8)), "time": ("float64", (n,)), "event": ("int64", (n,))}
    )
    return GBSG2(
        **credits("gbsg2"),
        **arrays,
        feature_names=(
            "hormone therapy",
            "age",
            "postmenopausal",
            "tumour size",
            "tumour grade",
            "positive nodes",
            "progesterone receptor",
            "oestrogen receptor",
        ),
        units=("0 no, 1 yes", "years", "0 no, 1 yes", "mm", "1, 2 or 3", "count", "fmol", "fmol"),
        time_unit="days",
        groups=None,
    )


@dataclass(frozen=True)
class FLChain:
    """What `load_flchain` returns. The arrays cannot be written to: copy one to change it."""

    name: str
    features: np.ndarray  # [7874, 8] float64, NaN where creatinine was not measured
    feature_names: tuple  # of 8 str
    units: tuple  # of 8 str, what a number means
    time: np.ndarray  # [7874] float64, days
    event: np.ndarray  # [7874] int64, 1 = died, 0 = censored
    cause_of_death: np.ndarray  # [7874] str, "" for those who did not die: the future, never a feature
    time_unit: str
    groups: None  # every row is a person
    licence: str
    citation: str


def load_flchain():
    """Load FLCHAIN: 7,874 people of 50 years and more, two proteins of their blood, and the time to death (2,169 died).

    What becomes known later, the cause of death, stands beside the features and not among them.

    Returns
    -------
    FLChain
        `features` [7874, 8] with `feature_names` and `units` (creatinine is NaN in 1,350 rows), `time` in days, `event`
        (1 = died), `cause_of_death` ("" without death); `licence`, `citation`. `groups` is None: every row is a person.

    Raises
    ------
    DatasetCorrupt
        If the file is not what it should be.

    Notes
    -----
    Dispenzieri A, et al. (2012). Mayo Clinic Proceedings 87:517-523. https://doi.org/10.1016/j.mayocp.2012.03.009

    Taught in: 04_4_medical_prediction_lab
    """
    n = 7874
    arrays = files.load_npz(
        "flchain",
        {
            "features": ("float64", (n, 8)),
            "time": ("float64", (n,)),
            "event": ("int64", (n,)),
            "cause_of_death": ("<U20", (n,)),
        },
    )
    return FLChain(
        **credits("flchain"),
        **arrays,
        feature_names=("age", "male", "sample year", "kappa", "lambda", "FLC group", "creatinine", "MGUS"),
        units=("years", "0 no, 1 yes", "calendar year", "mg/dl", "mg/dl", "1 to 10", "mg/dl", "0 no, 1 yes"),
        time_unit="days",
        groups=None,
    )


@dataclass(frozen=True)
class WHAS500:
    """What `load_whas500` returns. The arrays cannot be written to: copy one to change it."""

    name: str
    features: np.ndarray  # [500, 13] float64
    feature_names: tuple  # of 13 str
    units: tuple  # of 13 str, what a number means
    time: np.ndarray  # [500] float64, days
    event: np.ndarray  # [500] int64, 1 = died, 0 = censored
    length_of_stay: np.ndarray  # [500] float64, days in hospital: the future, never a feature
    time_unit: str
    groups: None  # every row is a patient
    licence: str
    citation: str


def load_whas500():
    """Load WHAS500: 500 people after a heart attack, and the time to death (215 died).

    What becomes known later, the days in hospital, stands beside the features and not among them.

    Returns
    -------
    WHAS500
        `features` [500, 13] with `feature_names` and `units`, `time` in days from admission, `event` (1 = died),
        `length_of_stay` in days; `licence`, `citation`. `groups` is None: every row is a patient.

    Raises
    ------
    DatasetCorrupt
        If the file is not what it should be.

    Notes
    -----
    Hosmer DW, Lemeshow S, May S (2008). Applied Survival Analysis, 2nd edition.
    https://doi.org/10.1002/9780470258019

    Taught in: 04_4_medical_prediction_lab
    """
    n = 500
    arrays = files.load_npz(
        "whas500",
        {
            "features": ("float64", (n, 13)),
            "time": ("float64", (n,)),
            "event": ("int64", (n,)),
            "length_of_stay": ("float64", (n,)),
        },
    )
    return WHAS500(
        **credits("whas500"),
        **arrays,
        feature_names=(
            "age",
            "female",
            "heart rate",
            "systolic blood pressure",
            "diastolic blood pressure",
            "body mass index",
            "cardiovascular disease before",
            "atrial fibrillation",
            "cardiogenic shock",
            "heart failure",
            "complete heart block",
            "not the first attack",
            "Q wave",
        ),
        units=("years", "0 no, 1 yes", "beats per minute", "mmHg", "mmHg", "kg/m²", *7 * ("0 no, 1 yes",)),
        time_unit="days",
        groups=None,
    )


@dataclass(frozen=True)
class ACTG320:
    """What `load_actg320` returns. The arrays cannot be written to: copy one to change it."""

    name: str
    features: np.ndarray  # [1151, 10] float64
    feature_names: tuple  # of 10 str
    units: tuple  # of 10 str, what a number means
    time: np.ndarray  # [1151] float64, days
    event: np.ndarray  # [1151] int64, 1 = AIDS or death, 0 = censored
    death_time: np.ndarray  # [1151] float64, days: another outcome, never a feature
    death: np.ndarray  # [1151] int64, 1 = died, 0 = censored
    time_unit: str
    groups: None  # every row is a patient
    licence: str
    citation: str


def load_actg320():
    """Load ACTG 320: 1,151 people with HIV, two or three drugs by lot, and the time to AIDS or death (96 seen).

    Returns
    -------
    ACTG320
        `features` [1151, 10] with `feature_names` and `units`, `time` in days, `event` (1 = AIDS or death);
        `death_time`, `death`: the second outcome, death alone; `licence`, `citation`. `groups` is None: every row is a
        patient.

    Raises
    ------
    DatasetCorrupt
        If the file is not what it should be.

    Notes
    -----
    Hammer SM, et al. (1997). New England Journal of Medicine 337:725-733.
    https://doi.org/10.1056/NEJM199709113371101

    Taught in: 04_4_medical_prediction_lab
    """
    n = 1151
    arrays = files.load_npz(
        "actg320",
        {
            "features": ("float64", (n, 10)),
            "time": ("float64", (n,)),
            "event": ("int64", (n,)),
            "death_time": ("float64", (n,)),
            "death": ("int64", (n,)),
        },
    )
    return ACTG320(
        **credits("actg320"),
        **arrays,
        feature_names=(
            "indinavir",
            "female",
            "age",
            "CD4 cells",
            "CD4 stratum",
            "zidovudine before",
            "Karnofsky scale",
            "haemophilia",
            "injected drugs",
            "race or ethnicity",
        ),
        units=(
            "0 no, 1 yes",
            "0 no, 1 yes",
            "years",
            "per mm³",
            "0 up to 50, 1 above, at screening",
            "months",
            "70, 80, 90 or 100 (normal)",
            "0 no, 1 yes",
            "1 never, 2 currently, 3 previously",
            "a code, 1 to 5",
        ),
        time_unit="days",
        groups=None,
    )


@dataclass(frozen=True)
class TRANSBIG:
    """What `load_transbig` returns. The arrays cannot be written to: copy one to change it."""

    name: str
    genes: np.ndarray  # [198, 76] float64, expression in the tumour, a logarithm
    gene_names: tuple  # of 76 str: probe sets of the chip, some of them of one gene
    clinical: np.ndarray  # [198, 4] float64, NaN where the grade is not known
    clinical_names: tuple  # of 4 str
    units: tuple  # of 4 str, what a number of `clinical` means
    time: np.ndarray  # [198] float64, days
    event: np.ndarray  # [198] int64, 1 = distant metastasis was seen, 0 = censored
    time_unit: str
    groups: None  # every row is a woman
    licence: str
    citation: str


def load_transbig():
    """Load TRANSBIG: 198 women with breast cancer, 76 genes, and the time to distant metastasis (51 seen).

    Returns
    -------
    TRANSBIG
        `genes` [198, 76] with `gene_names`, `clinical` [198, 4] with `clinical_names` and `units` (grade is NaN in 2
        rows), `time` in days, `event` (1 = seen); `licence`, `citation`. `groups` is None: every row is a woman.

    Raises
    ------
    DatasetCorrupt
        If the file is not what it should be.

    Notes
    -----
    Desmedt C, et al. (2007). Clinical Cancer Research 13:3207-3214. https://doi.org/10.1158/1078-0432.CCR-06-2765

    Taught in: 05_4_multimodal_data
    """
    n, d = 198, 76
    arrays = files.load_npz(
        "transbig",
        {
            "genes": ("float64", (n, d)),
            "gene_names": ("<U11", (d,)),
            "clinical": ("float64", (n, 4)),
            "time": ("float64", (n,)),
            "event": ("int64", (n,)),
        },
    )
    gene_names = tuple(arrays.pop("gene_names").tolist())
    return TRANSBIG(
        **credits("transbig"),
        **arrays,
        gene_names=gene_names,
        clinical_names=("age", "tumour size", "tumour grade", "oestrogen receptor positive"),
        units=("years", "cm", "1 well, 2 intermediate, 3 poorly differentiated", "0 no, 1 yes"),
        time_unit="days",
        groups=None,
    )


@dataclass(frozen=True)
class DiabetesProgression:
    """What `load_diabetes_progression` returns. The arrays cannot be written to: copy one to change it."""

    name: str
    features: np.ndarray  # [442, 10] float64, as measured: not scaled
    feature_names: tuple  # of 10 str
    units: tuple  # of 10 str; "" where the source names none
    progression: np.ndarray  # [442] float64, 25 to 346, one year after the features; without a unit
    groups: None  # every row is a patient
    licence: str
    citation: str


def load_diabetes_progression():
    """Load the diabetes data of scikit-learn: ten measurements of 442 patients, and the progression one year later.

    The features are as measured. scikit-learn's own default scales them by means and variances of all rows, those of
    the test set among them.

    Returns
    -------
    DiabetesProgression
        `features` [442, 10] with `feature_names` and `units`, `progression` [442] (25 to 346, no unit); `licence`,
        `citation`. `groups` is None: every row is a patient.

    Raises
    ------
    DatasetCorrupt
        If the file inside scikit-learn is not what it should be.

    Notes
    -----
    Efron B, Hastie T, Johnstone I, Tibshirani R (2004). Annals of Statistics 32:407-499.
    https://doi.org/10.1214/009053604000000067

    Taught in: 03_4_medical_prediction_models
    """
    import sklearn.datasets

    try:
        bunch = sklearn.datasets.load_diabetes(scaled=False)
        arrays = {"features": bunch.data.astype(np.float64), "progression": bunch.target.astype(np.float64)}
    except Exception as error:  # whatever a damaged text brings up
        raise files.DatasetCorrupt(f"the diabetes data inside scikit-learn cannot be read: {error}") from error
    files.verify_arrays("diabetes_progression", arrays, f"{bunch.data_filename} of scikit-learn")
    return DiabetesProgression(
        **credits("diabetes_progression"),
        features=files.read_only(arrays["features"]),
        progression=files.read_only(arrays["progression"]),
        feature_names=(
            "age",
            "sex",
            "body mass index",
            "blood pressure",
            "total cholesterol",
            "LDL",
            "HDL",
            "cholesterol / HDL",
            "log triglycerides",
            "blood sugar",
        ),
        units=("years", "1 or 2, not explained", "kg/m^2", "mmHg", "mg/dl", "mg/dl", "mg/dl", "ratio", "", "mg/dl"),
        groups=None,
    )


@dataclass(frozen=True)
class SplitCohort:
    """What `load_metabric` and `load_gbsg` return. The arrays cannot be written to: copy one to change it."""

    name: str
    train_features: np.ndarray  # [n, d] float64
    train_time: np.ndarray  # [n] float64, months
    train_event: np.ndarray  # [n] int64, 1 = seen, 0 = censored
    test_features: np.ndarray  # [m, d] float64
    test_time: np.ndarray  # [m] float64, months
    test_event: np.ndarray  # [m] int64
    feature_names: tuple  # of d str
    units: tuple  # of d str, what a number means
    time_unit: str
    groups: None  # every row is a patient
    licence: str
    citation: str


def load_metabric():
    """Load METABRIC: 1,904 women with breast cancer (1,523 / 381), nine features, and the time to death.

    Returns
    -------
    SplitCohort
        `train_features`, `train_time` (months), `train_event` (1 = died), the same of the test set, `feature_names`,
        `units`; `licence`, `citation`. `groups` is None: every row is a patient.

    Raises
    ------
    DatasetUnavailable
        If the file is not on this computer and cannot be downloaded: `load_gbsg2` needs no download.
    DatasetCorrupt
        If a file was found but is not the data set.

    Notes
    -----
    The file and its split are those of Katzman JL, et al. (2018). BMC Medical Research Methodology 18:24.
    https://doi.org/10.1186/s12874-018-0482-1

    Taught in: 04_4_medical_prediction_lab
    """
    return SplitCohort(
        **credits("metabric"),
        **_read_split("metabric", 1523, 381, 9),
        feature_names=(
            "EGFR",
            "PGR",
            "ERBB2",
            "MKI67",
            "hormone therapy",
            "radiotherapy",
            "chemotherapy",
            "oestrogen receptor positive",
            "age",
        ),
        units=(*4 * ("log expression",), *4 * ("0 no, 1 yes",), "years"),
        time_unit="months",
        groups=None,
    )


def load_gbsg():
    """Load GBSG: train on 1,546 women of the Rotterdam tumour bank, test on the 686 of the German trial.

    The split is one between hospitals, and the test set is GBSG2 (`load_gbsg2`) in other units: what was trained on
    GBSG2 has seen it.

    Returns
    -------
    SplitCohort
        `train_features`, `train_time` (months), `train_event` (1 = relapse or death), the same of the test set,
        `feature_names`, `units`; `licence`, `citation`. `groups` is None.

    Raises
    ------
    DatasetUnavailable
        If the file is not on this computer and cannot be downloaded: `load_gbsg2` needs no download.
    DatasetCorrupt
        If a file was found but is not the data set.

    Notes
    -----
    The file and its split are those of Katzman JL, et al. (2018). BMC Medical Research Methodology 18:24.
    https://doi.org/10.1186/s12874-018-0482-1

    Taught in: 04_4_medical_prediction_lab
    """
    return SplitCohort(
        **credits("gbsg"),
        **_read_split("gbsg", 1546, 686, 7),
        feature_names=(
            "hormone therapy",
            "tumour size group",
            "postmenopausal",
            "age",
            "positive nodes",
            "progesterone receptor",
            "oestrogen receptor",
        ),
        units=(
            "0 no, 1 yes",
            "0 up to 20 mm, 1 up to 50 mm, 2 above",
            "0 no, 1 yes",
            "years",
            "count",
            "fmol",
            "fmol",
        ),
        time_unit="months",
        groups=None,
    )


def _read_split(name, n_train, n_test, d):
    """Read the HDF5 file of a benchmark set. Shapes and types are verified before an array is read.

    A link in an HDF5 file can lead to another file, and so can an array whose values lie elsewhere: both are refused.
    """
    import h5py

    path = files.fetch(name)
    found = {}
    try:
        with h5py.File(path, "r") as file:
            for part, n in (("train", n_train), ("test", n_test)):
                for key, letter, dtype, shape in (
                    ("features", "x", "float32", (n, d)),
                    ("time", "t", "float32", (n,)),
                    ("event", "e", "int32", (n,)),
                ):
                    place = f"{part}/{letter}"
                    array = file[place] if _is_here(file, part, letter) else None
                    if not isinstance(array, h5py.Dataset) or array.is_virtual or array.external:
                        raise files.DatasetCorrupt(f"{path} must hold the array {place}, and hold it itself")
                    if (array.dtype, array.shape) != (np.dtype(dtype), shape):
                        raise files.DatasetCorrupt(
                            f"{path}: {place} must be {dtype} {shape}, got {array.dtype} {array.shape}"
                        )
                    found[f"{part}_{key}"] = array[()]
    except files.DatasetCorrupt:
        raise
    except (OSError, KeyError, RuntimeError, ValueError, TypeError) as error:
        raise files.DatasetCorrupt(f"{path} is not a sound HDF5 file: {error}") from error
    arrays = {}
    for key, array in found.items():
        whole = np.isin(array, (0, 1)) if key.endswith("event") else np.isfinite(array) & (array >= 0)
        if not whole.all():
            expected = "0 or 1" if key.endswith("event") else "finite and at least 0"
            raise files.DatasetCorrupt(f"{path}: {key} must be {expected}, got {array[~whole][0]}")
        arrays[key] = files.read_only(array.astype(np.int64 if key.endswith("event") else np.float64))
    return arrays


def _is_here(file, part, letter):
    """Does an array lie in this very file: are group and array reached by hard links?"""
    import h5py

    if not isinstance(file.get(part, getlink=True), h5py.HardLink) or not isinstance(file[part], h5py.Group):
        return False
    return isinstance(file[part].get(letter, getlink=True), h5py.HardLink)
