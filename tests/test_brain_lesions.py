"""The MNI152 template, and the lesions simulated on it."""

import csv
import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import fft, interpolate

from course_utils import brain_lesions, datasets
from course_utils.datasets import files
from course_utils.datasets.catalogue import find_entry

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def volumes():
    data = datasets.load_mni152()
    return data.t1 / 255, data.white_matter / 255


@pytest.fixture(scope="module")
def brains(volumes):
    return brain_lesions.simulate_brain_lesions(*volumes, n_patients=20, slices_per_patient=8, size=64, seed=1)


# --- the template


def test_the_template_is_where_it_says(volumes):
    data = datasets.load_mni152()
    assert data.name == "mni152" and data.t1.shape == (149, 185, 41)
    assert {array.dtype for array in (data.t1, data.grey_matter, data.white_matter)} == {np.dtype("uint8")}
    assert "1993-2004 Louis Collins" in find_entry("mni152").source
    # white matter is brighter than grey on T1; no voxel is surely both
    white, grey = data.white_matter > 230, data.grey_matter > 230
    assert np.median(data.t1[white]) > np.median(data.t1[grey]) and not (white & grey).any()
    # x = 0 is the plane of symmetry (trap in the catalogue), so the origin is right along x
    np.testing.assert_array_equal(data.t1, data.t1[::-1])
    assert data.origin[0] + (data.t1.shape[0] - 1) / 2 == 0
    # nothing of the brain is cut off in the plane
    for axis in (0, 1):
        assert not data.t1.take([0, -1], axis).any()


# --- what the simulator returns


def test_shapes_types_and_ranges(brains):
    assert brains.images.shape == brains.masks.shape == (160, 64, 64)
    assert brains.images.dtype == np.float32 and brains.masks.dtype == bool and brains.visible.dtype == bool
    assert brains.labels.shape == brains.patients.shape == brains.visible.shape == (160,)
    assert brains.labels.dtype == brains.patients.dtype == np.int64
    assert np.isfinite(brains.images).all() and brains.images.min() >= 0 and brains.images.max() <= 1
    assert (brains.images == 1).mean() < 0.005  # hardly anything saturates
    assert brains.images.max(axis=(1, 2)).min() > 0.15  # no slice is empty


def test_every_slice_carries_the_label_of_its_patient_and_half_are_positive(brains):
    np.testing.assert_array_equal(brains.patients, np.repeat(np.arange(20), 8))
    labels = brains.labels.reshape(20, 8)
    assert (labels == labels[:, :1]).all() and labels[:, 0].sum() == 10
    assert 0 < labels[:10, 0].sum() < 10  # not the first half


def test_masks_are_in_positive_patients_only_and_visible_means_that_there_is_a_mask(brains):
    assert not brains.masks[brains.labels == 0].any()
    np.testing.assert_array_equal(brains.visible, brains.masks.any(axis=(1, 2)))
    shown = brains.visible[brains.labels == 1].reshape(10, 8)
    assert shown.any(axis=1).all(), "a positive patient without a lesion"
    assert 0.4 < shown.mean() < 0.95  # some slices of positive patients show nothing


def test_lesions_change_the_pixels_of_the_mask_and_no_others(volumes, brains):
    healthy = brain_lesions.simulate_brain_lesions(*volumes, n_patients=20, slices_per_patient=8, lesions=False, seed=1)
    np.testing.assert_array_equal(healthy.images[~brains.masks], brains.images[~brains.masks])
    ratio = brains.images[brains.masks] / healthy.images[brains.masks]
    assert (ratio > 1.1).mean() > 0.15 and (ratio < 0.9).mean() > 0.15  # some bright, some dark
    assert (np.abs(ratio - 1) > 0.1).mean() > 0.95


def test_without_lesions_there_are_no_masks_and_the_labels_stay_balanced(volumes):
    healthy = brain_lesions.simulate_brain_lesions(*volumes, n_patients=6, slices_per_patient=2, size=32, lesions=False)
    assert not healthy.masks.any() and not healthy.visible.any() and healthy.labels.mean() == 0.5


def test_the_seed_decides(volumes):
    def draw(seed):
        return brain_lesions.simulate_brain_lesions(*volumes, n_patients=6, slices_per_patient=2, size=32, seed=seed)

    first, again, other = draw(3), draw(3), draw(4)
    for field in dataclasses.fields(first):
        np.testing.assert_array_equal(getattr(first, field.name), getattr(again, field.name))
    assert np.abs(first.images - other.images).mean() > 0.01


def test_patients_differ_in_shape(volumes):
    """The outline of the brain: without deformation it would be the same for all patients on the same slice."""
    flat = np.where(volumes[0] > 0, 1.0, 0.0), volumes[1]
    brains = brain_lesions.simulate_brain_lesions(*flat, n_patients=8, slices_per_patient=41, size=32, lesions=False)
    outline = brains.images[brains.patients * 41 + 20 == np.arange(len(brains.images))] > 0.15
    assert len(outline) == 8
    for one in range(8):
        for other in range(one):
            assert (outline[one] != outline[other]).mean() > 0.01


def test_slices_of_one_patient_share_the_deformation(volumes):
    """In a template that is the same at every height, all slices of a patient are the same but for the noise."""
    column = np.repeat(volumes[0][:, :, 20:21], 41, axis=2), volumes[1]
    brains = brain_lesions.simulate_brain_lesions(*column, n_patients=4, slices_per_patient=8, lesions=False)
    stacks = brains.images.reshape(4, 8, 64, 64)
    within = np.abs(stacks[:, 0] - stacks[:, 1]).mean()
    between = np.abs(stacks[0, 0] - stacks[1, 0]).mean()
    assert within < 0.03 < 0.05 < between


@pytest.mark.parametrize("size", brain_lesions.SIZES)
def test_another_size_shows_the_same_patients(volumes, size):
    brains = brain_lesions.simulate_brain_lesions(*volumes, n_patients=4, slices_per_patient=3, size=size, seed=5)
    reference = brain_lesions.simulate_brain_lesions(*volumes, n_patients=4, slices_per_patient=3, size=32, seed=5)
    assert brains.images.shape == brains.masks.shape == (12, size, size)
    np.testing.assert_array_equal(brains.labels, reference.labels)
    factor = size // 32
    coarse = brains.images.reshape(12, 32, factor, 32, factor).mean(axis=(2, 4))
    healthy = brains.labels == 0
    assert np.corrcoef(coarse[healthy].ravel(), reference.images[healthy].ravel())[0, 1] > 0.95


@pytest.mark.parametrize("slices", [1, 2, 8, 39, 40, 41])
def test_any_number_of_slices_fits_into_the_template(volumes, slices):
    brains = brain_lesions.simulate_brain_lesions(*volumes, n_patients=4, slices_per_patient=slices, size=32)
    assert len(brains.images) == 4 * slices


# --- its parts


@pytest.mark.parametrize("seed", range(20))
def test_lesions_lie_in_white_matter(seed):
    rng = np.random.default_rng(seed)
    tissue = rng.random((6, 32, 32))
    change, mask = brain_lesions._draw_lesions(rng, tissue, step=4)
    assert mask.any() and not (mask & (tissue <= 0.5)).any()
    assert (change[~mask] == 0).all()
    low, high = brain_lesions.LESION_CONTRAST
    assert (np.abs(change[mask]) >= low).all() and (np.abs(change[mask]) <= high).all()


@given(seed=st.integers(0, 10**6), size=st.integers(4, 40), n_waves=st.integers(2, 4))
def test_smooth_fields_are_the_cosine_transform_of_scipy(seed, size, n_waves):
    field = brain_lesions._smooth_fields(np.random.default_rng(seed), 1, size, n_waves)[0]
    spectrum = fft.dctn(field, type=2, norm="ortho")
    assert spectrum[0, 0] == pytest.approx(0, abs=1e-9)
    spectrum[:n_waves, :n_waves] = 0
    np.testing.assert_allclose(spectrum, 0, atol=1e-9)  # only the slowest waves


def test_smooth_fields_have_mean_square_one():
    fields = brain_lesions._smooth_fields(np.random.default_rng(0), 4000, 16)
    assert np.mean(fields**2) == pytest.approx(1, abs=0.03)


@given(seed=st.integers(0, 10**6), height=st.integers(0, 2))
def test_sampling_agrees_with_the_interpolator_of_scipy(seed, height):
    rng = np.random.default_rng(seed)
    volume = rng.random((7, 9, 3))
    coordinates = rng.uniform(0, 1, (2, 5, 5)) * np.array([6, 8])[:, None, None]
    expected = interpolate.RegularGridInterpolator((np.arange(7), np.arange(9)), volume[:, :, height])(
        coordinates.transpose(1, 2, 0)
    )
    np.testing.assert_allclose(brain_lesions._sample(volume, coordinates, [height])[0], expected, atol=1e-12)


def test_the_deformation_neither_folds_nor_leaves_the_centre():
    grids = brain_lesions._deformed_grids(np.random.default_rng(0), 300, 64, (149, 185, 41))
    rows, columns = np.gradient(grids, axis=(2, 3))
    jacobian = rows[:, 0] * columns[:, 1] - rows[:, 1] * columns[:, 0]
    assert jacobian.min() > 0
    np.testing.assert_allclose(grids.mean(axis=(0, 2, 3)), [74, 92], atol=1.5)
    pixel = brain_lesions.FIELD_OF_VIEW / 64
    assert np.median(jacobian) == pytest.approx(pixel**2, rel=0.1)


# --- bad input


def volume_with(value):
    volume = np.full((6, 6, 4), 0.9)
    volume[0, 0, 0] = value
    return volume


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"template": volume_with(np.nan)}, ValueError, "template must be finite, got 1 NaN"),
        ({"white_matter": volume_with(np.inf)}, ValueError, "white_matter must be finite"),
        ({"template": volume_with(255)}, ValueError, "template must be between 0 and 1, got 0.9 to 255"),
        ({"white_matter": volume_with(-1)}, ValueError, "white_matter must be between 0 and 1"),
        ({"template": np.ones((6, 6))}, ValueError, r"template must have 3 dimensions, got shape \(6, 6\)"),
        ({"template": np.ones((6, 6, 0))}, ValueError, r"template must not be empty, got shape \(6, 6, 0\)"),
        ({"white_matter": np.ones((6, 6, 5))}, ValueError, "white_matter must have the shape of template"),
        ({"white_matter": np.zeros((6, 6, 4))}, ValueError, "white_matter must exceed 0.5 somewhere"),
        ({"n_patients": 5}, ValueError, "n_patients must be even, so that half are positive, got 5"),
        ({"n_patients": 2}, ValueError, "n_patients must be at least 4, got 2"),
        ({"n_patients": 4.0}, TypeError, "n_patients must be an integer, got 4.0"),
        ({"n_patients": True}, TypeError, "n_patients must be an integer, got True"),
        ({"slices_per_patient": 0}, ValueError, "slices_per_patient must be from 1 to 4, got 0"),
        ({"slices_per_patient": 5}, ValueError, "slices_per_patient must be from 1 to 4, got 5"),
        ({"size": 50}, ValueError, "size must be one of 32, 64, 128, got 50"),
        ({"lesions": 1}, TypeError, "lesions must be True or False, got 1"),
        ({"seed": -1}, ValueError, "seed must be between 0 and .*, got -1"),
        ({"seed": None}, TypeError, "seed must be an integer, got None"),
    ],
)
def test_bad_input_is_one_clear_error(changed, error, message):
    good = {"template": np.full((6, 6, 4), 0.9), "white_matter": np.full((6, 6, 4), 0.9), "slices_per_patient": 2}
    with pytest.raises(error, match=message):
        brain_lesions.simulate_brain_lesions(**good | {"n_patients": 4, "size": 32} | changed)


# --- the loader


def test_the_loader_returns_what_the_simulator_draws(volumes):
    data = datasets.load_brain_lesions(n_patients=6, slices_per_patient=2, size=32, seed=2)
    drawn = brain_lesions.simulate_brain_lesions(*volumes, n_patients=6, slices_per_patient=2, size=32, seed=2)
    for field in dataclasses.fields(drawn):
        np.testing.assert_array_equal(getattr(data, field.name), getattr(drawn, field.name))
        with pytest.raises(ValueError, match="read-only"):
            getattr(data, field.name)[0] = 0
    assert data.name == "brain_lesions" and data.label_names == ("no lesion", "lesion")
    assert "McGill" in data.licence and "Simulated" in data.citation
    assert "simulated lesions on an average of 152 healthy brains" in datasets.load_brain_lesions.__doc__


def test_the_default_brains_are_those_of_the_catalogue():
    """The labels and ids are compared bit for bit; pixels may differ in the last digit from machine to machine."""
    data = datasets.load_brain_lesions()
    (file,) = find_entry("brain_lesions").files
    assert files.array_checksum({"labels": data.labels, "patients": data.patients}) == file.checksum
    assert data.images.shape == (2000, 64, 64)


def test_the_numbers_in_the_docstring_are_those_of_the_benchmark():
    with open(ROOT / "benchmarks" / "results" / "brain_lesions.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))

    def column(name):
        return np.array([float(row[name]) for row in rows])

    def span(name):
        return f"{column(name).min():.2f} to {column(name).max():.2f}"

    low, high = column("null_patient_split_slice_auc_low"), column("null_patient_split_slice_auc_high")
    text = " ".join(datasets.load_brain_lesions.__doc__.split())
    for sentence in (
        f"at most {column('training_cpu_seconds').max():.0f} CPU seconds",
        f"an AUC of {span('patient_split_patient_auc')} (mean {column('patient_split_patient_auc').mean():.2f})",
        f"has {span('baseline_patient_auc')} (mean {column('baseline_patient_auc').mean():.2f})",
        f"a mean AUC of {column('patient_split_slice_auc').mean():.2f} under a split by patient",
        f"and {column('slice_split_slice_auc').mean():.2f} under a split by slice",
        f"{span('null_slice_split_slice_auc')} under a split by slice",
        f"{span('null_patient_split_slice_auc')} under a split by patient",
        f"contains 0.5 on {((low <= 0.5) & (high >= 0.5)).sum()} of {len(rows)} seeds",
    ):
        assert sentence in text


def test_the_split_for_labs_has_no_patient_on_two_sides_and_half_of_each_side_ill():
    data = datasets.split_brain_lesions(n_patients=20, slices_per_patient=2, seed=1)
    sides = [set(getattr(data, f"{side}_groups")) for side in ("train", "validation", "test")]
    assert [len(side) for side in sides] == [12, 4, 4]
    assert len(set.union(*sides)) == 20
    for side in ("train", "validation", "test"):
        images, labels = getattr(data, f"{side}_images"), getattr(data, f"{side}_labels")
        assert images.dtype == np.uint8 and images.shape == (len(labels), 32, 32)
        assert labels.mean() == 0.5
        assert not images.flags.writeable


def test_the_split_for_labs_follows_its_seed():
    one, same, other = (datasets.split_brain_lesions(20, 1, seed) for seed in (1, 1, 2))
    assert np.array_equal(one.test_images, same.test_images)
    assert not np.array_equal(one.test_images, other.test_images)


@pytest.mark.parametrize("n_patients", [10, 30, 0])
def test_the_split_for_labs_refuses_other_numbers_of_patients(n_patients):
    with pytest.raises(ValueError, match="n_patients must be a positive multiple of 20"):
        datasets.split_brain_lesions(n_patients)
