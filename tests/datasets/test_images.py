"""Images: what their loaders return, and what they refuse."""

import functools

import numpy as np
import pydicom
from pydicom import examples
from sklearn.metrics import roc_auc_score

from course_utils import datasets, images
from course_utils.datasets.images import _PNEUMONIAMNIST

# --- PneumoniaMNIST


def fake_pneumoniamnist():
    """Arrays of the right names, types, shapes and counts, with nothing to see on the images."""
    rng = np.random.default_rng(0)
    arrays = {}
    for split, (n_images, n_pneumonia) in _PNEUMONIAMNIST.items():
        arrays[f"{split}_images"] = rng.integers(0, 256, (n_images, 28, 28), dtype=np.uint8)
        arrays[f"{split}_labels"] = (np.arange(n_images) < n_pneumonia).astype(np.uint8)[:, None]
    return {"pneumoniamnist/pneumoniamnist.npz": arrays}


def signed_pixels(arrays):
    arrays["test_images"] = arrays["test_images"].view(np.int8)


def flat_images(arrays):
    arrays["test_images"] = arrays["test_images"].reshape(624, 784)


def one_image_short(arrays):
    arrays["train_images"] = arrays["train_images"][1:]


def no_validation(arrays):
    del arrays["val_images"], arrays["val_labels"]


def patient_ids(arrays):
    arrays["train_ids"] = np.arange(4708)


def dim(arrays):
    arrays["val_images"] //= 255


def bright(arrays):
    arrays["val_images"] = arrays["val_images"] // 2 + 128


def three_classes(arrays):
    arrays["test_labels"][0] = 2


def swapped_labels(arrays):
    arrays["train_labels"] = 1 - arrays["train_labels"]


def larger(arrays):
    arrays["train_images"] = np.zeros((4708, 32, 32), dtype=np.uint8)


def colour(arrays):
    arrays["val_images"] = np.zeros((524, 28, 28, 3), dtype=np.uint8)


def three_dimensional(arrays):
    arrays["test_images"] = np.zeros((624, 28, 28, 28), dtype=np.uint8)


# --- files in the place of the DICOM samples


def other_modality(dataset):
    dataset.Modality = "MR"


def other_spacing(dataset):
    dataset.PixelSpacing = [1, 1]


def inverted_greys(dataset):
    dataset.PhotometricInterpretation = "MONOCHROME1"


def unsigned_values(dataset):
    dataset.PixelRepresentation = 0


def fewer_rows(dataset):
    dataset.Rows = 64
    dataset.PixelData = dataset.PixelData[: 64 * 128 * 2]


def no_modality(dataset):
    del dataset.Modality


def no_pixels(dataset):
    del dataset.PixelData


def changed_pixel(dataset):
    dataset.PixelData = b"\0\1" + dataset.PixelData[2:]


def in_place_of_the_ct(change):
    """Make what puts a changed copy of the CT into its place."""

    def put(monkeypatch, tmp_path):
        dataset = pydicom.dcmread(examples.get_path("ct"))
        change(dataset)
        pydicom.dcmwrite(tmp_path / "changed.dcm", dataset)
        monkeypatch.setitem(examples._DATASETS, "ct", str(tmp_path / "changed.dcm"))

    return put


def damaged(content):
    def put(monkeypatch, tmp_path):
        (tmp_path / "changed.dcm").write_bytes(content)
        monkeypatch.setitem(examples._DATASETS, "ct", str(tmp_path / "changed.dcm"))

    return put


STAND_INS = {"pneumoniamnist": fake_pneumoniamnist}
REFUSALS = [
    ("pneumoniamnist", signed_pixels, r"test_images must be uint8 \(624, 28, 28\), got int8 \(624, 28, 28\)"),
    ("pneumoniamnist", flat_images, r"test_images must be uint8 \(624, 28, 28\), got uint8 \(624, 784\)"),
    ("pneumoniamnist", one_image_short, r"train_images must be uint8 \(4708, 28, 28\)"),
    ("pneumoniamnist", no_validation, "must hold the arrays"),
    ("pneumoniamnist", patient_ids, "must hold the arrays"),
    ("pneumoniamnist", larger, r"32 x 32 pixels\).* Expected is PneumoniaMNIST \(5,856 images .*; 28 x 28 pixels"),
    ("pneumoniamnist", colour, r"28 x 28 pixels in colour\).* Expected is PneumoniaMNIST .*; 28 x 28 pixels"),
    ("pneumoniamnist", three_dimensional, r"test_images \(uint8 \(624, 28, 28, 28\).* Expected is PneumoniaMNIST"),
    ("pneumoniamnist", dim, "val_images must span 0 to 255, got 0 to 1"),
    ("pneumoniamnist", bright, "val_images must span 0 to 255, got 128 to 255"),
    ("pneumoniamnist", three_classes, r"test_labels must be 0 or 1, got \[0 1 2\]"),
    ("pneumoniamnist", swapped_labels, "train_labels has 1214 ones, expected 3494"),
    ("dicom_samples", in_place_of_the_ct(other_modality), "changed.dcm: Modality must be CT, got MR"),
    ("dicom_samples", in_place_of_the_ct(other_spacing), r"PixelSpacing must be \(0.661468, 0.661468\), got \(1.0"),
    ("dicom_samples", in_place_of_the_ct(inverted_greys), "must be MONOCHROME2, got MONOCHROME1"),
    ("dicom_samples", in_place_of_the_ct(unsigned_values), r"PixelData must be int16 \(128, 128\), got uint16"),
    ("dicom_samples", in_place_of_the_ct(fewer_rows), r"PixelData must be int16 \(128, 128\), got int16 \(64, 128\)"),
    ("dicom_samples", in_place_of_the_ct(no_modality), "changed.dcm is not a sound DICOM image: AttributeError"),
    ("dicom_samples", in_place_of_the_ct(no_pixels), "changed.dcm is not a sound DICOM image"),
    ("dicom_samples", in_place_of_the_ct(changed_pixel), "changed.dcm, .* was changed"),
    ("dicom_samples", damaged(b""), "changed.dcm is not a sound DICOM image"),
    ("dicom_samples", damaged(b"not DICOM"), "changed.dcm is not a sound DICOM image"),
    ("dicom_samples", damaged(bytes(2000)), "changed.dcm is not a sound DICOM image"),
    ("split_brain_lesions", {"n_patients": 30}, "n_patients must be a positive multiple of 20, got 30"),
]  # fmt: skip


def test_pneumoniamnist_arrives_as_it_was_stored(load_from):
    contents = fake_pneumoniamnist()
    (arrays,) = contents.values()
    data = load_from("pneumoniamnist", contents)
    assert data.name == "pneumoniamnist" and data.groups is None and data.label_names == ("normal", "pneumonia")
    for split, field in (("train", "train"), ("val", "validation"), ("test", "test")):
        np.testing.assert_array_equal(getattr(data, f"{field}_images"), arrays[f"{split}_images"])
        np.testing.assert_array_equal(getattr(data, f"{field}_labels"), arrays[f"{split}_labels"].ravel())
        assert getattr(data, f"{field}_images").dtype == np.uint8
        assert getattr(data, f"{field}_labels").dtype == np.int64


def test_the_real_pneumoniamnist_is_accepted(load_real):
    data = load_real("pneumoniamnist")
    assert data.train_images.shape == (4708, 28, 28) and data.test_labels.sum() == 390


def test_copies_of_pneumoniamnist_cross_its_splits(load_real):
    data = load_real("pneumoniamnist")
    copies = {}
    for split in ("train", "validation", "test"):
        for image, label in zip(getattr(data, f"{split}_images"), getattr(data, f"{split}_labels"), strict=True):
            copies.setdefault(image.tobytes(), []).append((split, label))
    repeated = [places for places in copies.values() if len(places) > 1]
    assert len(repeated) == 27 and sum(len(places) for places in repeated) == 56
    assert all(len({label for _, label in places}) == 1 for places in repeated)
    splits = sorted("+".join(sorted({split for split, _ in places})) for places in repeated)
    assert {name: splits.count(name) for name in splits} == {"train": 16, "train+validation": 8, "test": 3}


# --- DICOM samples


def test_the_dicom_samples_are_a_ct_an_mr_and_an_ultrasound_image():
    data = datasets.load_dicom_samples()
    assert data.name == "dicom_samples" and data.licence and data.citation
    assert [data.ct.modality, data.mr.modality, data.ultrasound.modality] == ["CT", "MR", "US"]
    assert (data.ct.pixels.shape, data.ct.pixels.dtype) == ((128, 128), np.int16)
    assert (data.mr.pixels.shape, data.mr.pixels.dtype) == ((64, 64), np.int16)
    assert (data.ultrasound.pixels.shape, data.ultrasound.pixels.dtype) == ((240, 320, 3), np.uint8)
    assert data.ct.pixel_spacing == (0.661468, 0.661468) and data.ultrasound.pixel_spacing is None
    assert (data.ct.slope, data.ct.intercept) == (1, -1024) and (data.mr.slope, data.mr.intercept) == (1, 0)


def test_the_ct_sample_shows_tissues_at_their_hounsfield_units():
    ct = datasets.load_dicom_samples().ct
    hounsfield = ct.slope * ct.pixels + ct.intercept
    lung, muscle, aorta, bone = (10, 5), (82, 80), (10, 85), (60, 50)  # upper left corners of squares of 10 pixels
    means = [hounsfield[y : y + 10, x : x + 10].mean() for y, x in (lung, muscle, aorta, bone)]
    assert -900 < means[0] < -600 and -20 < means[1] < 80 and 80 < means[2] < 200 and means[3] > 400


def test_the_path_of_a_dicom_sample_leads_to_the_very_file():
    data = datasets.load_dicom_samples()
    for sample in (data.ct, data.mr, data.ultrasound):
        np.testing.assert_array_equal(pydicom.dcmread(sample.path).pixel_array, sample.pixels)


def test_the_ct_sample_is_a_cut_out():
    ct = pydicom.dcmread(datasets.load_dicom_samples().ct.path)
    assert round(512 * ct.PixelSpacing[0], 2) == round(float(ct.ReconstructionDiameter), 2) == 338.67
    assert round(128 * ct.PixelSpacing[0]) == 85


def test_the_headers_of_the_dicom_samples_still_name_the_hospital():
    data = datasets.load_dicom_samples()
    for sample in (data.ct, data.mr, data.ultrasound):
        tags = pydicom.dcmread(sample.path)
        assert tags.InstitutionName and tags.StudyDate and str(tags.PatientName).startswith("CompressedSamples")
    assert any(element.tag.is_private for element in pydicom.dcmread(data.ct.path))


def test_the_ultrasound_sample_carries_burned_in_text():
    data = datasets.load_dicom_samples()
    text = data.ultrasound.pixels[10:50, 5:80]  # where the hospital's name stands: grey letters on black
    assert (text.max(axis=2) > 150).mean() > 0.05 and np.median(text) < 20


# --- simulated lesions


def test_the_simulation_takes_the_numbers_of_numpy():
    plain = datasets.load_brain_lesions(4, 1, 32, True, 3)
    numpy = datasets.load_brain_lesions(np.int64(4), np.uint8(1), np.int32(32), np.bool_(True), np.int64(3))
    np.testing.assert_array_equal(plain.images, numpy.images)
    split = datasets.split_brain_lesions(np.int64(20), np.int64(1), np.int64(0))
    assert len(split.train_labels) == 12


# --- networks for simulated lesions


@functools.cache
def judged_slices():
    """Slices of new patients, and what each of the three networks says to them."""
    data, brains = datasets.load_lesion_networks(), datasets.load_brain_lesions(60, seed=7)
    network, outputs = images.small_cnn(data.input_shape, data.width), {}
    for name in ("trained", "again", "shuffled"):
        network.set_weights(getattr(data, name))
        slices = images.standardise(brains.images)[..., np.newaxis]
        outputs[name] = network.predict(slices, verbose=0)[:, 0]
    return brains, outputs


def test_the_lesion_networks_follow_what_the_slice_shows():
    assert len(datasets.load_lesion_networks().trained) == 22
    brains, outputs = judged_slices()
    hidden = (brains.labels == 1) & ~brains.visible
    assert hidden.sum() > 50
    for name in ("trained", "again"):
        assert roc_auc_score(brains.visible, outputs[name]) > 0.96
        assert np.median(outputs[name][brains.visible]) > 0.8 > 0.3 > np.median(outputs[name][hidden])


def test_the_outputs_of_the_lesion_networks_do_not_reach_zero():
    assert datasets.load_lesion_networks().width == 12
    brains, outputs = judged_slices()
    for name in ("trained", "again"):
        assert 0.02 < outputs[name].min() < 0.1


def test_the_network_with_shuffled_labels_has_learned_nothing_that_helps():
    assert np.isfinite(datasets.load_lesion_networks().shuffled[0]).all()
    brains, outputs = judged_slices()
    assert 0.4 < roc_auc_score(brains.visible, outputs["shuffled"]) < 0.75
    assert 0.4 < outputs["shuffled"].min() < outputs["shuffled"].max() < 0.6
