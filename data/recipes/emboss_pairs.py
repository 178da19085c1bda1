"""The recipe of emboss_pairs.npz."""

import io
from pathlib import Path

import numpy as np

from data.recipes import shared

FILES = (
    "Tests/Emboss/needle.txt",
    "Tests/Emboss/needle_nobrief_multiple.pair",
    "Tests/Emboss/needle_asis.txt",
    "Tests/Emboss/needle_overhang.txt",
    "Tests/Emboss/water.txt",
    "Tests/Emboss/matcher_pair.txt",
)


def build():
    """Read alignments that EMBOSS made, with its scores, from outputs kept among the tests of Biopython.

    `needle` prints both sequences whole, so they are its rows without the gaps; the one alignment of `water` spans both
    sequences too. `matcher` prints parts: the whole chains of haemoglobin come from Doc/examples.
    """
    from Bio import Align

    chains = []
    for member in ("Doc/examples/alpha.faa", "Doc/examples/beta.faa"):
        text = shared.package_file("biopython", member).decode("ascii")
        chains += [sequence for _, sequence in shared.read_fasta(text)]
    found = []
    for member in FILES:
        text = shared.package_file("biopython", member).decode("ascii")
        alignments = Align.parse(io.StringIO(text), "emboss")
        for alignment in alignments:
            program, notes = alignments.metadata["Program"], alignment.annotations
            rows = [alignment[0], alignment[1]]
            sequences = chains if program == "matcher" else [row.replace("-", "") for row in rows]
            costs = [notes["Gap_penalty"], notes["Extend_penalty"], notes["Score"]]
            found.append((program, Path(member).name, *sequences, *rows, notes["Matrix"], *costs))
    columns = ["programs", "files", "sequences_a", "sequences_b", "rows_a", "rows_b", "matrices"]
    columns += ["gap_open", "gap_extend", "scores"]
    return {name: np.array(values) for name, values in zip(columns, zip(*found, strict=True), strict=True)}
