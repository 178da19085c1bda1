"""Sequences: aligned genes, globins, alignments of another program, splice sites."""

import re
from dataclasses import dataclass

import numpy as np

from course_utils.datasets import files
from course_utils.datasets.catalogue import credits


@dataclass(frozen=True)
class BRCA1:
    """What `load_brca1` returns. The arrays cannot be written to: copy one to change it."""

    name: str
    species: tuple  # 55 names as the source has them, up to ten letters: "Human", "Chimpanzee", ...
    alignment: np.ndarray  # [55, 3009] of one letter: A C G T, codes for uncertain bases (N R Y M), "-" for a gap
    protein: np.ndarray  # [55, 1003] of one letter: amino acids, "X" where the codon is incomplete, "-" for a gap
    first_residue: int  # number, in the human protein, of the amino acid in column 0 of `protein`
    licence: str
    citation: str


def load_brca1():
    """Load an alignment of a part of the gene BRCA1 from 55 mammals: DNA, and the protein that it encodes.

    The part lies in exon 11, the largest. Its columns are in frame: columns 3k, 3k + 1 and 3k + 2 of `alignment` are
    the codon whose amino acid is column k of `protein`.

    Returns
    -------
    BRCA1
        `species`, 55 names; `alignment` [55, 3009] and `protein` [55, 1003], arrays of one letter; `first_residue`,
        274: column 0 holds amino acid 274 of the human protein. To number another column, count the letters of
        the human row, without its gaps. `licence`, `citation`.

    Raises
    ------
    DatasetCorrupt
        If the file is not what it should be.

    Notes
    -----
    The package cogent3 carries the file and names no source. It is probably one of the genes of Murphy et al., Science
    294:2348-2351 (2001), https://doi.org/10.1126/science.1067179: the catalogue says why.

    Taught in: 03_3_1_sequence_alignment
    """
    from Bio.Data.CodonTable import standard_dna_table  # here, so that importing this module stays instant

    arrays = files.load_npz("brca1", {"names": ("<U10", (55,)), "alignment": ("S1", (55, 3009))})
    alignment = arrays["alignment"].astype("U1")
    amino_acids = standard_dna_table.forward_table | {"---": "-"}
    codons = np.char.add(np.char.add(alignment[:, ::3], alignment[:, 1::3]), alignment[:, 2::3])
    kinds, which = np.unique(codons, return_inverse=True)
    protein = np.array([amino_acids.get(codon, "X") for codon in kinds])[which].reshape(codons.shape)
    return BRCA1(
        **credits("brca1"),
        species=tuple(str(name) for name in arrays["names"]),
        alignment=files.read_only(alignment),
        protein=files.read_only(protein),
        first_residue=274,
    )


@dataclass(frozen=True)
class Globins:
    """What `load_globins` returns."""

    name: str
    names: tuple  # 80 entry names of Swiss-Prot: "HBB_HUMAN", ...
    sequences: tuple  # 80 proteins, without gaps, in the 20 standard letters
    families: tuple  # of each: "alpha", "beta", "myoglobin", or "other" (no globin)
    licence: str
    citation: str


def load_globins():
    """Load 47 globins (alpha- and beta-like haemoglobin chains, myoglobins) and 33 proteins that are no globins.

    Returns
    -------
    Globins
        `names`, `sequences` and `families`, 80 of each; `licence`, `citation`. The first two are the chains of human
        haemoglobin, alpha (142 residues) and beta (147), both with the first methionine, which the mature chain lacks.

    Raises
    ------
    DatasetCorrupt
        If the file is not what it should be.

    Taught in: 03_3_1_sequence_alignment
    """
    layout = {"names": ("<U11", (80,)), "sequences": ("<U1520", (80,)), "families": ("<U9", (80,))}
    arrays = files.load_npz("globins", layout)
    return Globins(**credits("globins"), **{name: tuple(array.tolist()) for name, array in arrays.items()})


@dataclass(frozen=True)
class EmbossPairs:
    """What `load_emboss_pairs` returns: sixteen of everything, one for each alignment."""

    name: str
    programs: tuple  # "needle" (global), "water" or "matcher" (local)
    files: tuple  # the file among the tests of Biopython in which the alignment stands
    sequences_a: tuple  # whole sequences, without gaps
    sequences_b: tuple
    rows_a: tuple  # the alignment that the program printed, "-" for a gap
    rows_b: tuple
    matrices: tuple  # the substitution matrix, by its name in Biopython: "BLOSUM62" or "NUC.4.4"
    gap_open: tuple  # cost of the first position of a gap
    gap_extend: tuple  # cost of each further position
    scores: tuple  # as EMBOSS printed them
    licence: str
    citation: str


_EMBOSS_MATRICES = {"EBLOSUM62": "BLOSUM62", "EDNAFULL": "NUC.4.4"}


def load_emboss_pairs():
    """Load pairs of sequences that the programs of EMBOSS aligned, with the alignments and the scores they printed.

    Returns
    -------
    EmbossPairs
        Sixteen alignments: ten of needle, one of water, five of matcher. `licence`, `citation`.

    Raises
    ------
    DatasetCorrupt
        If the file is not what it should be.

    Notes
    -----
    A gap of k positions costs gap_open + (k - 1) * gap_extend; needle leaves gaps at the ends of a sequence free.

    Taught in: 03_3_1_sequence_alignment
    """
    texts = {"programs": 7, "files": 28, "sequences_a": 3546, "sequences_b": 2558, "rows_a": 3653, "rows_b": 3653}
    layout = {name: (f"<U{length}", (16,)) for name, length in (texts | {"matrices": 9}).items()}
    layout |= {name: ("float64", (16,)) for name in ("gap_open", "gap_extend", "scores")}
    arrays = {name: tuple(array.tolist()) for name, array in files.load_npz("emboss_pairs", layout).items()}
    arrays["matrices"] = tuple(_EMBOSS_MATRICES[name] for name in arrays["matrices"])
    return EmbossPairs(**credits("emboss_pairs"), **arrays)


@dataclass(frozen=True)
class UCISplice:
    """What `load_uci_splice` returns. The arrays cannot be written to: copy one to change it."""

    name: str
    windows: np.ndarray  # [3190] texts of 60 letters, positions -30 to +30 around the middle
    labels: np.ndarray  # [3190] int64, 0 = neither, 1 = donor (EI), 2 = acceptor (IE)
    groups: np.ndarray  # [3190] int64, one number for all windows that must stay on one side of a split
    entries: np.ndarray  # [3190] texts, the GenBank entry of each window
    label_names: tuple
    middle: int  # the boundary lies before this letter of a window
    licence: str
    citation: str


_SPLICE_LINE = re.compile(r"(EI|IE|N),\s*([A-Z0-9]+)-(DONOR|ACCEPTOR|NEG)-[0-9]+,\s*([ACGTDNSR]{60})")
_SPLICE_CLASSES = {("N", "NEG"): 0, ("EI", "DONOR"): 1, ("IE", "ACCEPTOR"): 2}
_SPLICE_COUNTS = (1655, 767, 768)
_SPLICE_ALIKE = 42  # letters of 60: windows that share as many stand in one group


def load_uci_splice():
    """Load the UCI splice junctions: windows of 60 letters of primate DNA, with a donor, an acceptor, or neither.

    Returns
    -------
    UCISplice
        `windows` [3190] texts over A, C, G, T and, in 15 of them, D, N, R or S (ambiguous letters); `labels` [3190]
        (0 = neither, 1 = donor, EI: the intron begins at letter 30; 2 = acceptor, IE: the exon begins at letter 30);
        `groups` [3190]: windows from one GenBank entry, and windows that agree in at least 42 of 60 letters, have one
        group; `entries`, `label_names`, `middle` (30), `licence`, `citation`.

    Raises
    ------
    DatasetUnavailable
        If the file is not on this computer and cannot be downloaded (0.3 MB).
    DatasetCorrupt
        If the file is not what it should be.

    Notes
    -----
    Noordewier, Towell and Shavlik, Advances in Neural Information Processing Systems 3 (1991). The groups are ours.

    Taught in: 04_3_biological_sequences_lab
    """
    path = files.fetch("uci_splice")
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except UnicodeDecodeError as error:
        raise files.DatasetCorrupt(f"{path}: must be plain text: {error}") from None
    windows, labels, names = [], [], []
    for number, line in enumerate(lines, start=1):
        found = _SPLICE_LINE.fullmatch(line.strip())
        if not found or (found[1], found[3]) not in _SPLICE_CLASSES:
            raise files.DatasetCorrupt(f"{path}, line {number}: must be class, name and 60 letters, got {line[:60]!r}")
        windows.append(found[4])
        labels.append(_SPLICE_CLASSES[found[1], found[3]])
        names.append(found[2])
    counts = tuple(labels.count(label) for label in range(3))
    if counts != _SPLICE_COUNTS:
        raise files.DatasetCorrupt(f"{path}: must hold {_SPLICE_COUNTS} windows of N, EI and IE, got {counts}")
    windows, names = np.array(windows), np.array(names)
    return UCISplice(
        **credits("uci_splice"),
        windows=files.read_only(windows),
        labels=files.read_only(np.array(labels, dtype=np.int64)),
        groups=files.read_only(_groups_of_windows(windows, names, _SPLICE_ALIKE)),
        entries=files.read_only(names),
        label_names=("neither", "donor (EI)", "acceptor (IE)"),
        middle=30,
    )


def _groups_of_windows(windows, names, alike):
    """Number the groups: windows of one name, or with at least `alike` letters in common, are linked (also in chains).

    Windows have one length; letters are compared place by place.
    """
    from scipy.sparse.csgraph import connected_components  # here, so that importing this module stays instant

    letters = np.array([list(window) for window in windows])
    same = sum((letters == letter).astype(np.float32) @ (letters == letter).astype(np.float32).T for letter in "ACGT")
    linked = (same >= alike) | (names[:, np.newaxis] == names)
    return connected_components(linked, directed=False)[1].astype(np.int64)


@dataclass(frozen=True)
class SpliceDonors:
    """What `load_splice_donors` returns: the fields of `UCISplice`, and counts. The arrays cannot be written to."""

    name: str
    windows: np.ndarray  # [n] texts of 9 letters
    labels: np.ndarray  # [n] int64, 0 = GT without a known splice site, 1 = donor
    groups: np.ndarray  # [n] int64
    stands_for: np.ndarray  # [n] int64, sites of the genome that a donor stands for; 1 for decoys
    label_names: tuple
    middle: int
    licence: str
    citation: str


def load_splice_donors():
    """Load human donor splice sites, nine letters each, and decoys: other nine letters with GT at the same place.

    For the lab that is written for the UCI splice junctions, where that file cannot be had. The sites are a sample of
    the distinct sequences NNN|GTNNNN annotated in the human genome; the decoys come from the coding sequence of
    BRCA1 of 55 mammals, in which nobody has annotated a splice site at that place.

    Returns
    -------
    SpliceDonors
        `windows` [n] texts of nine letters over A, C, G, T, all with GT at letters 3 and 4; `labels` (1 = donor);
        `groups`: decoys that begin in the same column of the alignment have one group, and so has a donor with the
        same letters; every other donor has its own; `stands_for`: how many annotated sites of the genome a donor
        stands for, its own and a share of those that were not drawn (1 for decoys); `label_names`, `middle` (3),
        `licence`, `citation`.

    Raises
    ------
    DatasetCorrupt
        If the file is not what it should be.

    Notes
    -----
    Sites: the file ss_sequences.txt of logomaker, from the GENCODE annotation of hg38. Decoys: see `load_brca1`.

    Taught in: 04_3_biological_sequences_lab
    """
    n = 2680 + 1500  # decoys, donors
    layout = {
        "letters": ("uint8", (n, 9)),
        "labels": ("uint8", (n,)),
        "groups": ("int16", (n,)),
        "stands_for": ("int32", (n,)),
    }
    arrays = files.load_npz("splice_donors", layout)
    return SpliceDonors(
        **credits("splice_donors"),
        windows=files.read_only(arrays["letters"].view("S9")[:, 0].astype("U9")),
        labels=files.read_only(arrays["labels"].astype(np.int64)),
        groups=files.read_only(arrays["groups"].astype(np.int64)),
        stands_for=files.read_only(arrays["stands_for"].astype(np.int64)),
        label_names=("decoy", "donor"),
        middle=3,
    )
