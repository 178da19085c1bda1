"""The recipe of globins.npz."""

import re

import numpy as np

from data.recipes import shared

FILES = (
    "Doc/examples/alpha.faa",
    "Doc/examples/beta.faa",
    "Tests/Stockholm/globins45.ali",
    "Tests/Fasta/protein_lib.fa",
    "Tests/SwissProt/multi_ex.txt",
    "Tests/SwissProt/O23729.txt",
    "Tests/SwissProt/O95832.txt",
    "Tests/SwissProt/P04439.txt",
    "Tests/SwissProt/P0A186.txt",
    "Tests/SwissProt/P0CK95.txt",
    "Tests/SwissProt/P16235.txt",
    "Tests/SwissProt/P39896.txt",
    "Tests/SwissProt/P60137.txt",
    "Tests/SwissProt/P60904.txt",
    "Tests/SwissProt/P62258.txt",
    "Tests/SwissProt/P68308.txt",
    "Tests/SwissProt/Q13454.txt",
    "Tests/SwissProt/Q13639.txt",
    "Tests/SwissProt/Q7Z739.txt",
)


def build():
    """Gather 47 globins and unrelated proteins from the examples and test files of Biopython's source distribution.

    The 45 globins of globins45.ali stand there aligned: the gaps are taken out. What occurs twice is kept once.
    """
    found = {}  # entry name, such as HBB_HUMAN -> sequence
    for member in FILES:
        text = shared.package_file("biopython", member).decode("utf-8")
        if member.endswith((".faa", ".fa")):
            records = [(header.split()[0].split("|")[-1], sequence) for header, sequence in shared.read_fasta(text)]
        elif member.endswith(".ali"):  # Stockholm: name, aligned sequence; comments begin with "#"
            lines = [line.split() for line in text.splitlines() if re.match(r"[A-Z]", line)]
            records = [(name, re.sub(r"[-.]", "", row)) for name, row in lines]
        else:  # Swiss-Prot: "ID   name ...", and the sequence between "SQ" and "//"
            parts = re.findall(r"^ID   (\w+).*?^SQ[^\n]*\n(.*?)^//", text, flags=re.MULTILINE | re.DOTALL)
            records = [(name, "".join(sequence.split())) for name, sequence in parts]
        for name, sequence in records:
            found.setdefault(name, sequence.upper())

    kinds = {"HBA": "alpha", "HBB": "beta", "HBE": "beta", "MYG": "myoglobin"}  # the first three letters of the name
    families = np.array([kinds.get(name[:3], "other") for name in found])
    return {"names": np.array(list(found)), "sequences": np.array(list(found.values())), "families": families}
