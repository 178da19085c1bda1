"""The recipe of mni152.npz."""

from pathlib import Path

import numpy as np


def build():
    """Cut 41 axial slices out of the MNI152 2009a template that nilearn carries, 13 to 53 mm above the origin.

    The voxels (uint8, 1 mm) stay as they are.
    """
    import nilearn
    from nilearn.image import load_img

    folder = Path(nilearn.__file__).parent / "datasets" / "data"
    arrays = {}
    for name, code in (("t1", "t1"), ("grey_matter", "gm"), ("white_matter", "wm")):
        volume = load_img(folder / f"mni_icbm152_{code}_tal_nlin_sym_09a_converted.nii.gz")
        arrays[name] = np.asarray(volume.dataobj)[24:173, 25:210, 85:126]  # the brain, with an edge of two voxels
    return arrays
