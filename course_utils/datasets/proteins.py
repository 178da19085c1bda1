"""Proteins: sequences with their secondary structure, coordinates and profiles."""

from dataclasses import dataclass

import numpy as np

from course_utils.datasets import files
from course_utils.datasets.catalogue import credits


@dataclass(frozen=True)
class ProteinChains:
    """What `load_protein_chains` returns. The arrays cannot be written to: copy one to change it."""

    name: str
    names: tuple  # of n str, entry and chain: "1UBI_A"
    sequences: tuple  # of n str, one letter for each residue
    labels: tuple  # of n arrays [length] int64, positions in label_names
    coordinates: tuple  # of n arrays [length, 3] float64, the C-alpha atoms, in Angstrom
    beta_coordinates: tuple  # the same of the C-beta atoms; glycine has none: its C-alpha atom
    numbers: tuple  # of n arrays [length] int64, the number of each residue in its entry
    families: np.ndarray  # [n] int64: group ids, one for each family of related chains
    representative: np.ndarray  # [n] bool, one chain of each family
    ribosome: np.ndarray  # [n] bool, the chains of one ribosome, the entry 6ZU5
    label_names: tuple  # ("helix", "strand", "coil")
    licence: str
    citation: str


_SECONDARY_STRUCTURE = ("helix", "strand", "coil")


def load_protein_chains():
    """Load protein chains of the Protein Data Bank: sequence, recorded secondary structure, coordinates.

    137 chains of at least 30 residues, in 96 families. Split by `families`, or take the chains that are
    `representative`, one of each family: related chains on both sides of a split make a model look better than it is.

    Returns
    -------
    ProteinChains
        For each of n chains: `names`, `sequences`, `labels` (0 = helix, 1 = strand, 2 = coil, as in the HELIX and
        SHEET records of the entry), `coordinates` of the C-alpha and `beta_coordinates` of the C-beta atoms (Angstrom,
        to 0.1; where a residue has no C-beta, as glycine, its C-alpha), `numbers` (of the residues, as in the entry),
        `families` (group ids), `representative`, `ribosome`; `label_names`, `licence`, `citation`.

    Raises
    ------
    DatasetCorrupt
        If the file is not what it should be.

    Notes
    -----
    Two chains are related when a local alignment (BLOSUM62, a gap of k residues costs 11 + k) reaches over 40 % of the
    shorter one with an E-value below 0.001; a family is all that is linked through such pairs. `data/recipes` has
    the recipe.

    Taught in: 03_3_2_protein_structure_prediction
    """
    n, n_residues = 137, 28515
    arrays = files.load_npz(
        "protein_chains",
        {
            "names": ("<U8", (n,)),
            "lengths": ("int32", (n,)),
            "families": ("int16", (n,)),
            "representative": ("bool", (n,)),
            "residues": ("uint8", (n_residues,)),
            "labels": ("uint8", (n_residues,)),
            "numbers": ("int16", (n_residues,)),
            "coordinates": ("int16", (n_residues, 3)),
            "beta": ("int16", (n_residues, 3)),
        },
    )
    lengths = arrays["lengths"]
    names = tuple(arrays["names"].tolist())
    return ProteinChains(
        **credits("protein_chains"),
        names=names,
        sequences=tuple(part.tobytes().decode("ascii") for part in _chains(arrays["residues"], lengths)),
        labels=_chains(arrays["labels"].astype(np.int64), lengths),
        coordinates=_chains(arrays["coordinates"] / 10, lengths),
        beta_coordinates=_chains(arrays["beta"] / 10, lengths),
        numbers=_chains(arrays["numbers"].astype(np.int64), lengths),
        families=files.read_only(arrays["families"].astype(np.int64)),
        representative=arrays["representative"],
        ribosome=files.read_only(np.array([name.startswith("6ZU5_") for name in names])),
        label_names=_SECONDARY_STRUCTURE,
    )


def _chains(array, lengths):
    """Cut an array of the residues of all chains into one read-only array for each chain."""
    return tuple(files.read_only(part.copy()) for part in np.split(array, np.cumsum(lengths)[:-1]))


@dataclass(frozen=True)
class ProteinProfiles:
    """What `load_protein_profiles` returns. The arrays cannot be written to: copy one to change it."""

    name: str
    names: tuple  # of n str, chains of `load_protein_chains`
    models: tuple  # of n str, the family model that each chain was laid on: "COG0090"
    profiles: tuple  # of n arrays [length, 20] float64: shares of the amino acids, in the order ACDEFGHIKLMNPQRSTVWY
    aligned: tuple  # of n arrays [length] bool: False where the model has nothing to say, and the profile is 0
    licence: str
    citation: str


def load_protein_profiles():
    """Load what relatives have at each position of 21 ribosomal proteins of `load_protein_chains`.

    Each profile comes from a hidden Markov model of the family, made from about 1,470 sequences; of which species,
    the files do not say. No two chains share a model.

    Returns
    -------
    ProteinProfiles
        For each of n chains: `names`, `models`, `profiles` (shares, which sum to 1 where `aligned`), `aligned`;
        `licence`, `citation`.

    Raises
    ------
    DatasetCorrupt
        If the file is not what it should be.

    Notes
    -----
    The shares are those of the match states: smoothed, and weighted so that near copies count less.
    `data/recipes` has the recipe.

    Taught in: 03_3_2_protein_structure_prediction
    """
    n, n_residues = 21, 3896
    arrays = files.load_npz(
        "protein_profiles",
        {
            "names": ("<U8", (n,)),
            "models": ("<U7", (n,)),
            "lengths": ("int32", (n,)),
            "aligned": ("bool", (n_residues,)),
            "profiles": ("int16", (n_residues, 20)),
        },
    )
    lengths, aligned, profiles = arrays["lengths"], arrays["aligned"], arrays["profiles"] / 1000
    profiles = profiles / np.where(aligned, profiles.sum(axis=1), 1)[:, None]  # they were rounded to 0.001
    return ProteinProfiles(
        **credits("protein_profiles"),
        names=tuple(arrays["names"].tolist()),
        models=tuple(arrays["models"].tolist()),
        profiles=_chains(profiles, lengths),
        aligned=_chains(aligned, lengths),
    )


@dataclass(frozen=True)
class PredictedReceptor:
    """What `load_predicted_receptor` returns. The arrays cannot be written to: copy one to change it."""

    name: str
    sequence: str  # 325 residues
    coordinates: np.ndarray  # [325, 3] float64, the C-alpha atoms of the prediction, in Angstrom
    plddt: np.ndarray  # [325] float64, from 0 to 100: how sure the predictor is of each residue
    licence: str
    citation: str


def load_predicted_receptor():
    """Load a predicted structure with its confidence: the human serotonin receptor 5-HT2C (UniProt P28335).

    A prediction of Boltz-2, as its file name says, in which the drug olanzapine was placed too; nothing was measured.

    Returns
    -------
    PredictedReceptor
        `sequence`, `coordinates` of the C-alpha atoms (Angstrom, to 0.1), `plddt` (0 to 100), `licence`, `citation`.

    Raises
    ------
    DatasetCorrupt
        If the file is not what it should be.

    Taught in: 03_3_2_protein_structure_prediction
    """
    n = 325
    layout = {"residues": ("uint8", (n,)), "coordinates": ("int16", (n, 3)), "plddt": ("int16", (n,))}
    arrays = files.load_npz("predicted_receptor", layout)
    return PredictedReceptor(
        **credits("predicted_receptor"),
        sequence=arrays["residues"].tobytes().decode("ascii"),
        coordinates=files.read_only(arrays["coordinates"] / 10),
        plddt=files.read_only(arrays["plddt"] / 100),
    )


@dataclass(frozen=True)
class QianSejnowski:
    """What `load_qian_sejnowski` returns. The arrays cannot be written to: copy one to change it."""

    name: str
    train_sequences: tuple  # of 111 str, one letter for each residue
    train_labels: tuple  # of 111 arrays [length] int64, positions in label_names
    test_sequences: tuple  # of 17 str
    test_labels: tuple  # of 17 arrays [length] int64
    label_names: tuple  # ("helix", "strand", "coil")
    licence: str
    citation: str


_AMINO_ACIDS = frozenset("ACDEFGHIKLMNPQRSTVWY")
_QIAN_SEJNOWSKI = {"train": (111, 18105), "test": (17, 3520)}  # chains and residues


def load_qian_sejnowski():
    """Load the benchmark of Qian and Sejnowski (1988): protein chains and the secondary structure of each residue.

    The authors chose 17 test chains without a homologue among the 111 training chains. By the measure of lab 4.3 some
    have one: at least 30 % of the letters agree over 40 % of the shorter chain.

    Returns
    -------
    QianSejnowski
        `train_sequences` (111), `train_labels`, `test_sequences` (17), `test_labels` (0 = helix, 1 = strand, 2 = coil,
        one array for each chain); `label_names`, `licence`, `citation`. The files have no names of proteins.

    Raises
    ------
    DatasetUnavailable
        If a file is not on this computer and cannot be downloaded: `load_protein_chains` needs no download.
    DatasetCorrupt
        If a file was found but is not the data set.

    Notes
    -----
    Qian N, Sejnowski TJ (1988). Journal of Molecular Biology 202:865-884. https://doi.org/10.1016/0022-2836(88)90564-5

    Taught in: 04_3_biological_sequences_lab
    """
    fields = {}
    for number, (split, expected) in enumerate(_QIAN_SEJNOWSKI.items()):
        path = files.fetch("qian_sejnowski", number)
        chains = _read_qian_sejnowski(path)
        if (found := (len(chains), sum(len(letters) for letters, _ in chains))) != expected:
            raise files.DatasetCorrupt(f"{path} must hold {expected[0]} chains and {expected[1]} residues, got {found}")
        fields[f"{split}_sequences"] = tuple(letters for letters, _ in chains)
        fields[f"{split}_labels"] = tuple(files.read_only(np.array(labels, dtype=np.int64)) for _, labels in chains)
    return QianSejnowski(
        **credits("qian_sejnowski"),
        **fields,
        label_names=_SECONDARY_STRUCTURE,
    )


def _read_qian_sejnowski(path):
    """Read the format of the UCI archive: a line "A h" for each residue; chains between "<>", "end" and "<end>".

    Not every chain has both its marks, so each of them ends one chain and begins the next.
    """
    codes = {"h": 0, "e": 1, "_": 2}
    chains = [([], [])]
    for number, line in enumerate(path.read_text(encoding="ascii", errors="replace").splitlines(), start=1):
        match line.split():
            case ["<>" | "end" | "<end>"]:
                chains.append(([], []))
            case [letter, code] if letter in _AMINO_ACIDS and code in codes:
                chains[-1][0].append(letter)
                chains[-1][1].append(codes[code])
            case [_, *_]:
                raise files.DatasetCorrupt(
                    f"{path}, line {number}: must be an amino acid and h, e or _, got {line[:40]!r}"
                )
    return [("".join(letters), labels) for letters, labels in chains if letters]
