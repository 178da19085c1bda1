"""Simulated brain lesions: MRI slices of patients who never lived, made from one template brain.

`datasets.load_brain_lesions` calls the simulator with the template of the course.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from course_utils import _checks

__all__ = ["SimulatedBrains", "simulate_brain_lesions"]

FIELD_OF_VIEW = 200.0  # mm, the side of every simulated image
SIZES = (32, 64, 128)  # pixels along a side
ELASTIC = 4.0  # mm, standard deviation of the local shifts
AFFINE = 0.06  # standard deviation of the entries of the affine matrix around the identity
BIAS = 0.3  # standard deviation of the logarithm of the bias field
GAMMA = 0.3  # standard deviation of the logarithm of the exponent that changes the contrast
GAIN = (0.3, 0.5)  # the range of the receiver's gain, low enough that few pixels saturate at 1
NOISE = 0.04  # standard deviation of the noise, in units of the brightest tissue
LESION_RADIUS = (13.0, 26.0)  # mm
LESION_CONTRAST = (0.55, 0.85)  # brighter or darker by this fraction of the tissue's intensity
LESION_FLATNESS = 0.55  # height of a lesion over its width
LESION_RAGGEDNESS = 0.25  # standard deviation of the logarithm of the radius along the boundary


@dataclass(frozen=True)
class SimulatedBrains:
    """What `simulate_brain_lesions` returns: one row for each slice, the slices of a patient one after the other."""

    images: np.ndarray  # [n, size, size] float32, from 0 to 1
    labels: np.ndarray  # [n] int64, the patient's label on every slice, 1 = has lesions
    masks: np.ndarray  # [n, size, size] bool, the pixels of lesions
    patients: np.ndarray  # [n] int64, from 0 to n_patients - 1
    visible: np.ndarray  # [n] bool, whether the slice shows a lesion


def simulate_brain_lesions(template, white_matter, n_patients=250, slices_per_patient=8, size=64, lesions=True, seed=0):
    """Simulate axial MRI slices of patients, half of them with lesions in white matter, from one template brain.

    Every patient is the same template, seen through a smooth random deformation in the plane (affine and elastic), a
    bias field, a change of contrast (gamma), a gain, and Rician noise. Positive patients carry one or two irregular
    lesions, each brighter or darker than the tissue around it. A lesion spans some of the slices; the others show
    nothing, though they carry the patient's label. The same seed with another `size` gives the same patients, and
    with `lesions=False` the same brains without lesions.

    Parameters
    ----------
    template : array [X, Y, Z], from 0 (air) to 1
        T1-weighted intensities, voxels of 1 mm, axial slices along the last axis, without the skull.
    white_matter : array [X, Y, Z], from 0 to 1
        Probability of white matter at each voxel.
    n_patients : int
        Even and at least 4; half are positive.
    slices_per_patient : int
        From 1 to Z. The slices are evenly spaced; where the stack begins varies between patients.
    size : int
        32, 64 or 128 pixels along each side of the 200 mm field of view.
    lesions : bool
        False: nobody has lesions, and the labels (half of them 1) are random.
    seed : int from 0 to 2**32 - 1

    Returns
    -------
    SimulatedBrains

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Taught in: 03_1_1_convolutional_networks
    """
    template = _as_volume(template, "template")
    white_matter = _as_volume(white_matter, "white_matter")
    if template.shape != white_matter.shape:
        raise ValueError(f"white_matter must have the shape of template, got {white_matter.shape} and {template.shape}")
    if not (white_matter > 0.5).any():
        raise ValueError("white_matter must exceed 0.5 somewhere, or there is no place for lesions")
    n_patients = _checks.integer(n_patients, "n_patients", least=4)
    if n_patients % 2:
        raise ValueError(f"n_patients must be even, so that half are positive, got {n_patients}")
    depth = template.shape[2]
    slices_per_patient = _checks.integer(slices_per_patient, "slices_per_patient", least=1, most=depth)
    size = _checks.choice(size, "size", SIZES)
    lesions, seed = _checks.boolean(lesions, "lesions"), _checks.seed(seed)

    # One generator for each purpose: brains stay the same whether or not lesions are drawn.
    brain_rng, lesion_rng, noise_rng = np.random.default_rng(seed).spawn(3)
    has_lesions = brain_rng.permutation(np.arange(n_patients) % 2)
    coordinates = _deformed_grids(brain_rng, n_patients, size, template.shape)
    step = max(1, (depth - 1) // (slices_per_patient + 2))  # mm between slices
    first = brain_rng.integers(0, depth - step * (slices_per_patient - 1), n_patients)
    contrast = np.exp(GAMMA * brain_rng.normal(size=n_patients))
    bias = np.exp(BIAS * _smooth_fields(brain_rng, n_patients, size))
    gain = brain_rng.uniform(*GAIN, n_patients)

    # Averaging over about one pixel first: sampling alone would turn fine detail into false patterns.
    blur = 0.4 * FIELD_OF_VIEW / size
    template = ndimage.gaussian_filter(template, (blur, blur, 0))
    white_matter = ndimage.gaussian_filter(white_matter, (blur, blur, 0))

    images = np.empty((n_patients, slices_per_patient, size, size), dtype=np.float32)
    masks = np.zeros(images.shape, dtype=bool)
    for patient in range(n_patients):
        heights = first[patient] + step * np.arange(slices_per_patient)
        signal = _sample(template, coordinates[patient], heights)
        if lesions and has_lesions[patient]:
            tissue = _sample(white_matter, coordinates[patient], heights)
            change, masks[patient] = _draw_lesions(lesion_rng, tissue, step)
            signal *= 1 + change
        signal = bias[patient] * signal ** contrast[patient]
        noise = NOISE * noise_rng.normal(size=(2, *signal.shape))
        images[patient] = np.minimum(gain[patient] * np.hypot(signal + noise[0], noise[1]), 1)

    n_images = n_patients * slices_per_patient
    masks = masks.reshape(n_images, size, size)
    return SimulatedBrains(
        images=images.reshape(n_images, size, size),
        labels=np.repeat(has_lesions, slices_per_patient).astype(np.int64),
        masks=masks,
        patients=np.repeat(np.arange(n_patients), slices_per_patient),
        visible=masks.any(axis=(1, 2)),
    )


def _as_volume(values, name):
    volume = _checks.array(values, name, axes=3).astype(float)
    if volume.min() < 0 or volume.max() > 1:
        raise ValueError(f"{name} must be between 0 and 1, got {volume.min():g} to {volume.max():g}")
    return volume


def _smooth_fields(rng, n_fields, size, n_waves=4):
    """Draw smooth random functions on a square, as sums of its slowest cosine waves.

    Returns an array [n_fields, size, size] with mean 0 over the square and mean square 1 over the draws. The functions
    do not depend on `size`, which only says at how many points they are looked at.
    """
    wave_numbers = np.arange(n_waves)
    amplitudes = rng.normal(size=(n_fields, n_waves, n_waves))
    amplitudes[:, 0, 0] = 0  # no constant part
    mean_square = np.where(wave_numbers == 0, 1, 0.5)  # of each wave
    amplitudes /= np.sqrt(np.outer(mean_square, mean_square).sum() - 1)
    waves = np.cos(np.pi * np.outer((np.arange(size) + 0.5) / size, wave_numbers))
    return waves @ amplitudes @ waves.T


def _deformed_grids(rng, n_patients, size, shape):
    """Say where in the template each pixel of each patient lies: an array [n_patients, 2, size, size] of voxels."""
    axis = ((np.arange(size) + 0.5) / size - 0.5) * FIELD_OF_VIEW  # mm from the centre of the image
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"))
    affine = np.eye(2) + AFFINE * rng.normal(size=(n_patients, 2, 2))
    elastic = ELASTIC * _smooth_fields(rng, 2 * n_patients, size).reshape(n_patients, 2, size, size)
    centre = (np.array(shape[:2]) - 1) / 2
    return np.einsum("pij,jkl->pikl", affine, grid) + elastic + centre[:, None, None]


def _sample(volume, coordinates, heights):
    """Look up a volume at the pixels `coordinates` [2, size, size] of the slices `heights`, between voxels linearly."""
    return np.stack(
        [ndimage.map_coordinates(volume[:, :, height], coordinates, order=1, mode="constant") for height in heights]
    )


def _draw_lesions(rng, tissue, step):
    """Draw one or two lesions into the white matter `tissue` [slices, size, size] of one patient.

    Returns the relative change of intensity and the mask, both of the shape of `tissue`.
    """
    size = tissue.shape[-1]
    pixel = FIELD_OF_VIEW / size
    change = np.zeros(tissue.shape)
    inside = np.zeros(tissue.shape, dtype=bool)
    z, x, y = np.ogrid[: tissue.shape[0], :size, :size]
    for _ in range(rng.integers(1, 3)):
        radius = rng.uniform(*LESION_RADIUS)
        contrast = rng.choice((-1, 1)) * rng.uniform(*LESION_CONTRAST)
        ragged = np.exp(LESION_RAGGEDNESS * _smooth_fields(rng, 1, size, n_waves=12)[0])
        candidates = np.argwhere(tissue > min(0.8, 0.9 * tissue.max()))
        centre = candidates[int(rng.random() * len(candidates))]
        distance = np.sqrt(
            (pixel * (x - centre[1])) ** 2
            + (pixel * (y - centre[2])) ** 2
            + (step * (z - centre[0]) / LESION_FLATNESS) ** 2
        )
        lesion = (distance < radius * ragged) & (tissue > 0.5)
        change[lesion] = contrast
        inside |= lesion
    return change, inside
