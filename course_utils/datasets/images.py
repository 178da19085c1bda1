"""Images: X-rays, brain MRI, DICOM samples, simulated lesions."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from course_utils import _checks
from course_utils.datasets import files
from course_utils.datasets.catalogue import credits


@dataclass(frozen=True)
class PneumoniaMNIST:
    """What `load_pneumoniamnist` returns. The arrays cannot be written to: copy one to change it."""

    name: str
    train_images: np.ndarray  # [4708, 28, 28] uint8
    train_labels: np.ndarray  # [4708] int64, 1 = pneumonia
    validation_images: np.ndarray  # [524, 28, 28] uint8
    validation_labels: np.ndarray  # [524] int64
    test_images: np.ndarray  # [624, 28, 28] uint8
    test_labels: np.ndarray  # [624] int64
    label_names: tuple  # label_names[1] is the name of label 1
    groups: None  # no patient ids: see `load_pneumoniamnist`
    licence: str
    citation: str


_PNEUMONIAMNIST = {"train": (4708, 3494), "val": (524, 389), "test": (624, 390)}  # images, of them pneumonia


def load_pneumoniamnist():
    """Load PneumoniaMNIST: chest X-rays of children, 28 x 28 pixels, pneumonia or normal.

    Returns
    -------
    PneumoniaMNIST
        `train_images` [4708, 28, 28], `validation_images` [524, 28, 28] and `test_images` [624, 28, 28], uint8 from 0
        (black) to 255 (white); `train_labels`, `validation_labels`, `test_labels`, int64 (1 = pneumonia, 0 = normal);
        `label_names`, `licence`, `citation`. `groups` is None: the file has no patient ids, so nobody can tell from it
        whether images of one child stand on both sides of a split. The catalogue lists what is known.

    Raises
    ------
    DatasetUnavailable
        If the file is not on this computer and cannot be downloaded (4 MB).
    DatasetCorrupt
        If the file is not what it should be.

    Notes
    -----
    Yang et al., Scientific Data 10:41 (2023), https://doi.org/10.1038/s41597-022-01721-8.

    Taught in: 04_1_image_diagnosis_lab
    """
    layout = {}
    for split, (n_images, _) in _PNEUMONIAMNIST.items():
        layout[f"{split}_images"] = ("uint8", (n_images, 28, 28))
        layout[f"{split}_labels"] = ("uint8", (n_images, 1))
    arrays = files.load_npz("pneumoniamnist", layout)
    path = files.fetch("pneumoniamnist")

    images, labels = {}, {}
    for split, (_, n_pneumonia) in _PNEUMONIAMNIST.items():
        images[split] = arrays[f"{split}_images"]
        labels[split] = arrays[f"{split}_labels"][:, 0].astype(np.int64)
        darkest, brightest = images[split].min(), images[split].max()
        if darkest > 5 or brightest < 250:
            raise files.DatasetCorrupt(f"{path}: {split}_images must span 0 to 255, got {darkest} to {brightest}")
        if not set(np.unique(labels[split])) <= {0, 1}:
            raise files.DatasetCorrupt(f"{path}: {split}_labels must be 0 or 1, got {np.unique(labels[split])}")
        if labels[split].sum() != n_pneumonia:
            raise files.DatasetCorrupt(f"{path}: {split}_labels has {labels[split].sum()} ones, expected {n_pneumonia}")

    return PneumoniaMNIST(
        **credits("pneumoniamnist"),
        train_images=images["train"],
        train_labels=files.read_only(labels["train"]),
        validation_images=images["val"],
        validation_labels=files.read_only(labels["val"]),
        test_images=images["test"],
        test_labels=files.read_only(labels["test"]),
        label_names=("normal", "pneumonia"),
        groups=None,
    )


@dataclass(frozen=True)
class MNI152:
    """What `load_mni152` returns. The arrays cannot be written to: copy one to change it."""

    name: str
    t1: np.ndarray  # [149, 185, 41] uint8, from 0 (outside the brain) to 239
    grey_matter: np.ndarray  # [149, 185, 41] uint8, probability times 255
    white_matter: np.ndarray  # [149, 185, 41] uint8, probability times 255
    voxel_size: tuple  # mm along each axis
    origin: tuple  # mm, where the voxel [0, 0, 0] lies in MNI space
    licence: str
    citation: str


def load_mni152():
    """Load 41 axial slices of the MNI152 2009a template: the average brain of 152 healthy people, without the skull.

    The first axis runs from left to right, the second from back to front, the third from bottom to top (1 mm a voxel).

    Returns
    -------
    MNI152
        `t1`, `grey_matter` and `white_matter`, each [149, 185, 41] uint8: the T1-weighted average, and the
        probability of each tissue at the voxel, times 255; `voxel_size` and `origin` in mm; `licence`, `citation`.

    Raises
    ------
    DatasetCorrupt
        If the file is not what it should be.

    Notes
    -----
    Fonov et al., NeuroImage 54:313-327 (2011), https://doi.org/10.1016/j.neuroimage.2010.07.033.

    Taught in: 03_1_1_convolutional_networks
    """
    volume = ("uint8", (149, 185, 41))
    return MNI152(
        **credits("mni152"),
        **files.load_npz("mni152", {"t1": volume, "grey_matter": volume, "white_matter": volume}),
        voxel_size=(1, 1, 1),
        origin=(-74, -109, 13),
    )


@dataclass(frozen=True)
class DicomSample:
    """One image of `load_dicom_samples`. `path` leads to the DICOM file itself, for `pydicom.dcmread`."""

    modality: str  # as the file says: "CT", "MR" or "US"
    pixels: np.ndarray  # the stored values; cannot be written to
    slope: float  # physical value = slope * stored value + intercept
    intercept: float
    pixel_spacing: tuple  # mm between rows, mm between columns; None where the file does not say
    path: Path


@dataclass(frozen=True)
class DicomSamples:
    """What `load_dicom_samples` returns."""

    name: str
    ct: DicomSample  # pixels [128, 128] int16
    mr: DicomSample  # pixels [64, 64] int16
    ultrasound: DicomSample  # pixels [240, 320, 3] uint8, red, green, blue
    licence: str
    citation: str


_DICOM_SAMPLES = {  # our name: the attribute of pydicom.examples, and what its file must hold
    "ct": ("ct", "CT", "int16", (128, 128), "MONOCHROME2", (0.661468, 0.661468)),
    "mr": ("mr", "MR", "int16", (64, 64), "MONOCHROME2", (0.3125, 0.3125)),
    "ultrasound": ("rgb_color", "US", "uint8", (240, 320, 3), "RGB", None),
}


def load_dicom_samples():
    """Load three real medical images in the format of the clinic: a CT slice, an MR slice, an ultrasound picture.

    They come inside the package pydicom. Rows run from top to bottom, columns from left to right, as on a screen: show
    them without `.T` and with `origin="upper"`, the default of `plt.imshow`.

    Returns
    -------
    DicomSamples
        `ct`, `mr` and `ultrasound`, each a `DicomSample` with `modality`, `pixels` (the stored values), `slope` and
        `intercept` (for the CT: Hounsfield units = slope * pixels + intercept), `pixel_spacing` in mm, and `path`, the
        DICOM file with all its tags; `licence`, `citation`.

    Raises
    ------
    DatasetCorrupt
        If a file is not the sample it should be, for example because another version of pydicom has other samples.

    Notes
    -----
    pydicom describes the files in pydicom/data/test_files/README.txt.

    Taught in: 03_1_1_convolutional_networks
    """
    samples = {name: _read_dicom_sample(*expected) for name, expected in _DICOM_SAMPLES.items()}
    pixels = {name: sample.pixels for name, sample in samples.items()}
    files.verify_arrays("dicom_samples", pixels, ", ".join(str(sample.path) for sample in samples.values()))
    return DicomSamples(**credits("dicom_samples"), **samples)


def _read_dicom_sample(attribute, modality, dtype, shape, colours, spacing):
    from pydicom import dcmread, examples  # here, so that importing this module stays instant

    path = examples.get_path(attribute)
    try:
        dataset = dcmread(path)
        pixels = dataset.pixel_array
        found = {
            "Modality": dataset.Modality,
            "PhotometricInterpretation": dataset.PhotometricInterpretation,
            "PixelSpacing": tuple(map(float, dataset.PixelSpacing)) if "PixelSpacing" in dataset else None,
            "PixelData": f"{pixels.dtype} {pixels.shape}",
        }
    except Exception as error:  # pydicom raises many kinds, down to KeyError, on damaged files
        raise files.DatasetCorrupt(f"{path} is not a sound DICOM image: {type(error).__name__}: {error}") from error
    expected = {
        "Modality": modality,
        "PhotometricInterpretation": colours,
        "PixelSpacing": spacing,
        "PixelData": f"{dtype} {shape}",
    }
    for tag, value in expected.items():
        if found[tag] != value:
            raise files.DatasetCorrupt(f"{path}: {tag} must be {value}, got {found[tag]}")
    return DicomSample(
        modality=modality,
        pixels=files.read_only(pixels.copy()),
        slope=float(dataset.get("RescaleSlope", 1)),
        intercept=float(dataset.get("RescaleIntercept", 0)),
        pixel_spacing=spacing,
        path=path,
    )


@dataclass(frozen=True)
class BrainLesions:
    """What `load_brain_lesions` returns. The arrays cannot be written to: copy one to change it."""

    name: str
    images: np.ndarray  # [n, size, size] float32, from 0 to 1
    labels: np.ndarray  # [n] int64, the patient's label on every slice, 1 = has lesions
    masks: np.ndarray  # [n, size, size] bool, the pixels of lesions
    patients: np.ndarray  # [n] int64: group ids, one for each patient
    visible: np.ndarray  # [n] bool, whether the slice shows a lesion
    label_names: tuple  # label_names[1] is the name of label 1
    licence: str
    citation: str


def load_brain_lesions(n_patients=250, slices_per_patient=8, size=64, lesions=True, seed=0):
    """Simulate patients with and without brain lesions: *simulated lesions on an average of 152 healthy brains*.

    Nobody was scanned for these images. They exist to show how methods behave where the truth is known: which pixels
    are lesion, which slices belong to one patient. What works here need not work on patients.

    Parameters
    ----------
    n_patients : int
        Even and at least 4; half of the patients have lesions.
    slices_per_patient : int
        From 1 to 41.
    size : int
        32, 64 or 128 pixels along each side of the 200 mm field of view.
    lesions : bool
        False: the same brains without lesions, so that the labels mean nothing.
    seed : int
        Not negative. Another seed gives other patients.

    Returns
    -------
    BrainLesions
        One row for each slice, n = n_patients * slices_per_patient: `images` [n, size, size] float32 from 0 to 1,
        `labels` [n] (the patient's label, 1 = has lesions), `masks` [n, size, size] (exact), `patients` [n] (group
        ids), `visible` [n] (some slices of a patient with lesions show none), `label_names`, `licence`, `citation`.
        The first pixel axis runs from left to right, the second from back to front: show `image.T` with
        `origin="lower"`.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range or no whole number: see `brain_lesions.simulate_brain_lesions`.

    Notes
    -----
    The simulator and its constants are in `course_utils.brain_lesions`.

    `benchmarks/brain_lesions.py` measured, on five seeds that were not looked at while the simulator was adjusted, with
    a network of 34,573 parameters trained for at most 34 CPU seconds on 70 % of the patients:

    * over unseen patients, each scored by the mean of the slices, an AUC of 0.82 to 0.97 (mean
      0.90); logistic regression on intensity statistics has 0.55 to 0.73 (mean 0.63);
    * over slices, a mean AUC of 0.80 under a split by patient, and 0.90 under a split by slice;
    * with `lesions=False`, where there is nothing to find, 0.65 to 0.74 under a split by slice, and
      0.44 to 0.52 under a split by patient (its 95 % interval contains 0.5 on 5 of 5 seeds).

    Taught in: 03_1_2_training_and_optimisation
    """
    from course_utils import brain_lesions  # here, so that importing this module stays instant

    template = load_mni152()
    brains = brain_lesions.simulate_brain_lesions(
        template.t1 / 255, template.white_matter / 255, n_patients, slices_per_patient, size, lesions, seed
    )
    return BrainLesions(
        **credits("brain_lesions"),
        **{name: files.read_only(array) for name, array in vars(brains).items()},
        label_names=("no lesion", "lesion"),
    )


@dataclass(frozen=True)
class SplitBrainLesions:
    """What `split_brain_lesions` returns: the fields of `PneumoniaMNIST`, and the patient of each image."""

    name: str
    train_images: np.ndarray  # [n, 32, 32] uint8
    train_labels: np.ndarray  # [n] int64, 1 = the patient has lesions
    train_groups: np.ndarray  # [n] int64, patient ids
    validation_images: np.ndarray
    validation_labels: np.ndarray
    validation_groups: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    test_groups: np.ndarray
    label_names: tuple
    licence: str
    citation: str


def split_brain_lesions(n_patients=240, slices_per_patient=8, seed=0):
    """Simulate brain lesions at 32 x 32 pixels and split them by patient, in the form of `load_pneumoniamnist`.

    For labs that are written for PneumoniaMNIST, where that file cannot be had. *Simulated lesions on an average of
    152 healthy brains*: see `load_brain_lesions`.

    Parameters
    ----------
    n_patients : int
        A multiple of 20. Of ten patients six are for training, two for validation, two for testing;
        half of the patients have lesions.
    slices_per_patient : int
        From 1 to 41.
    seed : int
        Of the simulation and of the split.

    Returns
    -------
    SplitBrainLesions

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range: see `load_brain_lesions`.

    Taught in: 04_1_image_diagnosis_lab
    """
    _checks.integer(n_patients, "n_patients")
    if n_patients % 20 or n_patients < 20:
        raise ValueError(f"n_patients must be a positive multiple of 20, got {n_patients}")
    brains = load_brain_lesions(n_patients, slices_per_patient, size=32, seed=seed)
    patients, first_rows = np.unique(brains.patients, return_index=True)
    rng = np.random.default_rng(seed)
    chosen = {"train": [], "validation": [], "test": []}
    for label in (0, 1):
        group = rng.permutation(patients[brains.labels[first_rows] == label])
        parts = np.split(group, [len(group) * 6 // 10, len(group) * 8 // 10])
        for side, part in zip(chosen.values(), parts, strict=True):
            side.append(part)

    arrays = {}
    for side, parts in chosen.items():
        rows = np.isin(brains.patients, np.concatenate(parts))
        arrays[f"{side}_images"] = files.read_only(np.round(brains.images[rows] * 255).astype(np.uint8))
        arrays[f"{side}_labels"] = files.read_only(brains.labels[rows])
        arrays[f"{side}_groups"] = files.read_only(brains.patients[rows])
    return SplitBrainLesions(
        name=brains.name,
        **arrays,
        label_names=brains.label_names,
        licence=brains.licence,
        citation=brains.citation,
    )


@dataclass(frozen=True)
class LesionNetworks:
    """What `load_lesion_networks` returns: three sets of weights for one architecture."""

    name: str
    input_shape: tuple  # (64, 64, 1)
    width: int  # 12
    trained: tuple  # of arrays of float32, in the order of `get_weights`
    again: tuple
    shuffled: tuple
    licence: str
    citation: str


_LESION_NETWORK = [((5, 5, 1, 12), 12), ((3, 3, 12, 24), 24), ((3, 3, 24, 48), 48), ((3, 3, 48, 48), 48)]


def load_lesion_networks():
    """Load the weights of three networks that say whether a slice of `load_brain_lesions` shows a lesion.

    They fit `images.small_cnn(data.input_shape, data.width)`: `network.set_weights(data.trained)`. Slices of 64 x 64
    pixels go through `images.standardise` first. All three were trained with `images.train_small_cnn` on the 2,400
    slices of 300 simulated patients, drawn with the seed 5500: patients of any other seed are new to them.

    Returns
    -------
    LesionNetworks
        `trained`; `again`, from another seed of the training; and `shuffled`, whose labels were shuffled over the
        slices, so that it had nothing to learn: each a tuple of 22 arrays. `input_shape`, `width`, `licence`,
        `citation`.

    Raises
    ------
    DatasetCorrupt
        If the file is not what it should be.

    Notes
    -----
    `python -m data.recipes --check lesion_networks` trains them again, in two minutes, and compares what they do.

    Taught in: 05_5_explainability
    """
    shapes = []
    for kernel, filters in _LESION_NETWORK:  # a convolution, and the four rows of batch normalisation
        shapes += [kernel, *(4 * [(filters,)])]
    shapes += [(48, 1), (1,)]
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    row = ("float16", (int(ends[-1]),))
    arrays = files.load_npz("lesion_networks", {"trained": row, "again": row, "shuffled": row})
    weights = {}
    for name, values in arrays.items():
        parts = np.split(values.astype(np.float32), ends[:-1])
        weights[name] = tuple(files.read_only(part.reshape(shape)) for part, shape in zip(parts, shapes, strict=True))
    return LesionNetworks(**credits("lesion_networks"), input_shape=(64, 64, 1), width=12, **weights)
