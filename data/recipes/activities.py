"""The recipe of activities.npz."""

import csv
from pathlib import Path

import numpy as np

from course_utils import molecules


def build():
    """Read the molecules and activities of the data set CHEMBL2321810 that RDKit carries (Contrib/FreeWilson)."""
    from rdkit import RDConfig

    folder = Path(RDConfig.RDContribDir) / "FreeWilson" / "data"
    lines = [line.split() for line in (folder / "CHEMBL2321810.smi").read_text("ascii").splitlines()]
    with open(folder / "CHEMBL2321810_act.csv", encoding="ascii", newline="") as file:
        activities = {row["Name"]: float(row["Act"]) for row in csv.DictReader(file)}
    return {
        "smiles": np.array([molecules.canonical(smiles) for smiles, _ in lines]),
        "ids": np.array([int(name) for _, name in lines], dtype=np.int64),
        "activity": np.array([activities[name] for _, name in lines]),
    }
