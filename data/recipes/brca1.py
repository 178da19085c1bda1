"""The recipe of brca1.npz."""

import numpy as np

from data.recipes import shared


def build():
    """Read the alignment of BRCA1 from 55 mammals that the package cogent3 carries: names and a table of letters."""
    text = shared.package_file("cogent3", "cogent3/_dataset/brca1.fasta").decode("ascii")
    names, rows = zip(*shared.read_fasta(text), strict=True)
    return {"names": np.array(names), "alignment": np.array([list(row) for row in rows]).astype("S1")}
