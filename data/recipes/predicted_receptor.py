"""The recipe of predicted_receptor.npz."""

import io

import numpy as np

from data.recipes import shared


def build():
    """Read a predicted structure: residues, C-alpha atoms and pLDDT of the serotonin receptor 5-HT2C.

    pLDDT stands where an experimental structure has its B-factor; the table ma_qa_metric_local has it again.
    """
    from Bio.Data.PDBData import protein_letters_3to1
    from Bio.PDB.MMCIF2Dict import MMCIF2Dict

    text = shared.package_file("pdb2pqr", "tests/data/boltz2_olanzapine_P28335.cif").decode("ascii")
    table = MMCIF2Dict(io.StringIO(text))
    names = ("group_PDB", "label_atom_id", "label_comp_id", "Cartn_x", "Cartn_y", "Cartn_z", "B_iso_or_equiv")
    columns = [table[f"_atom_site.{name}"] for name in names]
    atoms = [row[2:] for row in zip(*columns, strict=True) if row[:2] == ("ATOM", "CA")]
    kinds = table["_ma_qa_metric_local.label_asym_id"], table["_ma_qa_metric_local.metric_value"]
    again = [float(value) for chain, value in zip(*kinds, strict=True) if chain == "A"]
    if again != [float(row[4]) for row in atoms]:
        raise ValueError("the B-factor column must hold the pLDDT of the table ma_qa_metric_local")
    return {
        "residues": np.frombuffer("".join(protein_letters_3to1[row[0]] for row in atoms).encode(), dtype=np.uint8),
        "coordinates": np.round(10 * np.array([row[1:4] for row in atoms], dtype=float)).astype(np.int16),
        "plddt": np.round(100 * np.array([row[4] for row in atoms], dtype=float)).astype(np.int16),
    }
