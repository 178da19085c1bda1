"""Molecules: reading and cleaning, numbers that describe them, graphs for networks, splits by scaffold, drawings.

A molecule is written as SMILES, a line of text such as "CCO" for ethanol. RDKit is imported only inside the functions
that need it, so that importing this module stays light, and what it writes to the screen about bad input is held back:
the errors and the table of `clean_molecules` say it instead.
"""

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import NamedTuple

import numpy as np

from course_utils import _checks

__all__ = [
    "BONDS",
    "CleanMolecules",
    "DESCRIPTORS",
    "ELEMENTS",
    "MoleculeGraphs",
    "atom_bond_matrices",
    "canonical",
    "clean_molecules",
    "descriptors",
    "draw_molecules",
    "fingerprints",
    "molecule_graphs",
    "pains_alerts",
    "scaffold_split",
    "scaffolds",
    "smiles_from_matrices",
    "synthetic_accessibility",
    "tanimoto",
]

ELEMENTS = ("C", "N", "O", "F", "P", "S", "Cl", "Br", "I")  # of which nearly all drugs are made, beside hydrogen
BONDS = ("single", "double", "triple", "aromatic")

_CHARGES = ("any", "neutral", "none")

# Of the letters in a drawing, by atomic number: colours that colour-blind readers tell apart too; -1: all others.
_COLOURS = {
    -1: (0.0, 0.0, 0.0),
    7: (0.0, 0.45, 0.7),  # nitrogen
    8: (0.84, 0.37, 0.0),  # oxygen
    16: (0.6, 0.45, 0.0),  # sulphur
    9: (0.0, 0.5, 0.37),  # fluorine and the other halogens
    17: (0.0, 0.5, 0.37),
    35: (0.0, 0.5, 0.37),
    53: (0.0, 0.5, 0.37),
}


# --- Reading and cleaning --------------------------------------------------------------------------------------------


class LeftOut(NamedTuple):
    """One text that `clean_molecules` did not keep."""

    row: int  # its place in the list that came in
    text: str
    reason: str  # one of a few words, to count by
    detail: str  # what exactly


@dataclass(frozen=True)
class CleanMolecules:
    """What `clean_molecules` returns."""

    smiles: tuple  # of n str, canonical and all different
    rows: np.ndarray  # [n] int64, where each of them stands in the list that came in
    left_out: tuple  # of `LeftOut`, in the order of the list

    def counts(self):
        """Count what was left out: {reason: number}, the most frequent first."""
        return dict(Counter(item.reason for item in self.left_out).most_common())

    def summary(self):
        """Say in one line what was kept and what was left out, such as "2 of 3 kept; left out: invalid 1"."""
        total = len(self.smiles) + len(self.left_out)
        reasons = ", ".join(f"{reason} {number:,}" for reason, number in self.counts().items())
        return f"{len(self.smiles):,} of {total:,} kept; left out: {reasons or 'none'}"

    def table(self):
        """Show what was left out as a pandas.DataFrame with the columns row, text, reason, detail."""
        import pandas as pd  # here, so that importing this module stays light

        return pd.DataFrame(self.left_out, columns=LeftOut._fields)


def clean_molecules(smiles, max_heavy_atoms=None, elements=None, charges="neutral", stereo=True):
    """Keep the texts that are one molecule each, in canonical form and once; say of every other why it is left out.

    Parameters
    ----------
    smiles : list of str
        SMILES; None and NaN, as tables have them, count as empty.
    max_heavy_atoms : int, optional
        Larger molecules are left out. Hydrogen is not counted.
    elements : tuple of str, optional
        The alphabet, such as `ELEMENTS`: a molecule with an atom of another element is left out. Hydrogen need not be
        named.
    charges : str
        "neutral": the charges of a molecule must sum to 0; the nitro group, written with a plus and a minus, passes.
        "none": no atom may carry a charge. "any": charges do not matter.
    stereo : bool
        False: left and right hand, cis and trans, and isotopes are forgotten; molecules that differ in nothing else
        are then one.

    Returns
    -------
    CleanMolecules
        `smiles` (canonical), `rows` (where they stood), `left_out` (row, text, reason, detail), `counts()`,
        `summary()`, `table()`. The reasons are "empty", "invalid", "several parts" (a salt or a mixture), "placeholder
        atom", "unpaired electrons", "charged", "too large", "other element" and "duplicate"; the first that holds
        counts.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described. A bad molecule is no error.

    Source: RDKit, with its default rules of valence and aromaticity.

    Taught in: 03_2_1_generative_adversarial_networks
    """
    texts = smiles if isinstance(smiles, str) else map(_none_for_nan, _checks.listed(smiles, "smiles"))
    texts = [str(text or "") for text in _checks.texts(texts, "smiles", of="molecule", none_allowed=True)]
    if max_heavy_atoms is not None:
        max_heavy_atoms = _checks.integer(max_heavy_atoms, "max_heavy_atoms", least=1)
    elements = None if elements is None else _alphabet(elements)
    charges, stereo = _checks.choice(charges, "charges", _CHARGES), _checks.boolean(stereo, "stereo")
    kept, left_out = {}, []  # canonical SMILES -> its first row
    with _silence():
        for row, text in enumerate(texts):
            reason, detail, written = _judged(text, max_heavy_atoms, elements, charges, stereo)
            if not reason and written in kept:
                reason, detail = "duplicate", f"the molecule of row {kept[written]}"
            if reason:
                left_out.append(LeftOut(row, text, reason, detail))
            else:
                kept[written] = row
    rows = np.array(list(kept.values()), dtype=np.int64)
    rows.setflags(write=False)
    return CleanMolecules(tuple(kept), rows, tuple(left_out))


def _judged(text, max_heavy_atoms, elements, charges, stereo):
    """Return (reason, detail, canonical SMILES): the reason is "" for a molecule to keep."""
    from rdkit import Chem

    if not text.strip():
        return "empty", "no text", ""
    molecule, fault = _parse(text)
    if molecule is None:
        return "invalid", fault, ""
    if not molecule.GetNumAtoms():
        return "empty", "no atom", ""
    atoms = list(molecule.GetAtoms())
    if (parts := len(Chem.GetMolFrags(molecule))) > 1:
        return "several parts", f"{parts} parts: a salt or a mixture", ""
    if any(atom.GetAtomicNum() == 0 for atom in atoms):
        return "placeholder atom", "* stands for any atom", ""
    if unpaired := sum(atom.GetNumRadicalElectrons() for atom in atoms):
        return "unpaired electrons", f"{unpaired} unpaired electron(s)", ""
    charged = Chem.GetFormalCharge(molecule)
    if charged and charges != "any":
        return "charged", f"charge {charged:+d}", ""
    if charges == "none" and (number := sum(atom.GetFormalCharge() != 0 for atom in atoms)):
        return "charged", f"{number} atoms with a charge", ""
    if max_heavy_atoms is not None and (heavy := molecule.GetNumHeavyAtoms()) > max_heavy_atoms:
        return "too large", f"{heavy} heavy atoms, more than {max_heavy_atoms}", ""
    if elements is not None:
        others = sorted({atom.GetSymbol() for atom in atoms} - {*elements, "H"})
        if others:
            return "other element", ", ".join(others), ""
    return "", "", _written(molecule, stereo)


def canonical(smiles, stereo=True):
    """Write a molecule in the one form that RDKit gives to all its spellings: "OCC" and "C(O)C" become "CCO".

    Parameters
    ----------
    smiles : str
    stereo : bool
        False: left and right hand, cis and trans, and isotopes are forgotten.

    Returns
    -------
    str

    Raises
    ------
    ValueError, TypeError
        If it is not the SMILES of a molecule; the message says why.

    Source: RDKit; the form may differ in another version of RDKit.

    Taught in: 03_2_1_generative_adversarial_networks
    """
    text = _checks.text(smiles, "smiles", "a string, the SMILES of one molecule")
    stereo = _checks.boolean(stereo, "stereo")
    (molecule,) = _molecules([text])
    with _silence():
        return _written(molecule, stereo)


# --- Numbers that describe a molecule --------------------------------------------------------------------------------

# The name of each descriptor, with its unit, and RDKit's function: module and name.
_DESCRIPTORS = {
    "molecular weight (g/mol)": ("Descriptors", "MolWt"),
    "logP": ("Crippen", "MolLogP"),  # logarithm of the partition between octanol and water, estimated
    "TPSA (square Angstrom)": ("rdMolDescriptors", "CalcTPSA"),  # topological polar surface area
    "H-bond donors": ("rdMolDescriptors", "CalcNumHBD"),
    "H-bond acceptors": ("rdMolDescriptors", "CalcNumHBA"),
    "rotatable bonds": ("rdMolDescriptors", "CalcNumRotatableBonds"),
    "rings": ("rdMolDescriptors", "CalcNumRings"),
    "aromatic rings": ("rdMolDescriptors", "CalcNumAromaticRings"),
    "heavy atoms": ("rdMolDescriptors", "CalcNumHeavyAtoms"),
    "heteroatoms": ("rdMolDescriptors", "CalcNumHeteroatoms"),  # heavy atoms other than carbon
    "share of sp3 carbons": ("rdMolDescriptors", "CalcFractionCSP3"),
    "QED": ("QED", "qed"),  # quantitative estimate of drug-likeness, 0 to 1
}
DESCRIPTORS = tuple(_DESCRIPTORS)


def descriptors(smiles, names=DESCRIPTORS):
    """Compute numbers that chemists read off a molecule.

    Parameters
    ----------
    smiles : list of n str
    names : tuple of d str
        Which of `DESCRIPTORS`, and in which order. QED takes most of the time.

    Returns
    -------
    array of float64, shape (n, d)
        Column j is `names[j]`; the units stand in the names. Their scales differ widely: standardise before a network
        or a distance sees them.

    Raises
    ------
    ValueError, TypeError
        If a text is not the SMILES of a molecule (the message names its row), or a name is unknown.

    Source: RDKit. logP: Wildman SA, Crippen GM (1999), https://doi.org/10.1021/ci990307l. TPSA: Ertl P, et al. (2000),
    https://doi.org/10.1021/jm000942e; RDKit counts nitrogen and oxygen only. QED: Bickerton GR, et al. (2012),
    https://doi.org/10.1038/nchem.1243; RDKit's values differ a little from those of the paper.

    Taught in: 03_2_2_drug_activity_prediction
    """
    names = (names,) if isinstance(names, str) else tuple(names)
    if not names:
        raise ValueError("names must hold at least one descriptor, got none")
    for name in names:
        _checks.choice(name, "names", DESCRIPTORS)
    texts = _checks.texts(smiles, "smiles", of="molecule")
    _molecules(texts)  # names the first that is none
    with _silence():
        return np.array([_described(str(text), names) for text in texts], dtype=np.float64)


@lru_cache(maxsize=50_000)  # the same molecules are described again and again, and QED is slow
def _described(text, names):
    """Return the descriptors of one valid SMILES as a tuple."""
    molecule = _parse(text)[0]
    functions = (_DESCRIPTORS[name] for name in names)
    return tuple(getattr(import_module(f"rdkit.Chem.{module}"), function)(molecule) for module, function in functions)


def fingerprints(smiles, radius=2, bits=2048):
    """Turn molecules into Morgan fingerprints: a bit for each neighbourhood of an atom that occurs.

    Parameters
    ----------
    smiles : list of n str
    radius : int
        Bonds from the atom in the middle to the rim of a neighbourhood; 2 is roughly what is known as ECFP4, where the
        4 is the diameter.
    bits : int
        Length. Several neighbourhoods may share a bit: the fewer bits, the more often.

    Returns
    -------
    array of uint8, shape (n, bits)
        0 or 1. Stereochemistry is not seen.

    Raises
    ------
    ValueError, TypeError
        If a text is not the SMILES of a molecule (the message names its row), or a number is not as described.

    Source: Rogers D, Hahn M (2010). Journal of Chemical Information and Modeling 50:742-754.
    https://doi.org/10.1021/ci100050t. Computed by RDKit.

    Taught in: 03_2_2_drug_activity_prediction
    """
    from rdkit.Chem import rdFingerprintGenerator

    radius = _checks.integer(radius, "radius", least=0, most=20)
    bits = _checks.integer(bits, "bits", least=1, most=2**20)
    molecules = _molecules(smiles)
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=radius, fpSize=bits)
    with _silence():
        return np.stack([generator.GetFingerprintAsNumPy(molecule) for molecule in molecules])


def tanimoto(a, b):
    """Compute the Tanimoto similarity of every fingerprint in one set with every fingerprint in another.

    Bits that both have, divided by bits that at least one has.

    Parameters
    ----------
    a : array of 0 and 1, shape (n, bits)
    b : array of 0 and 1, shape (m, bits)

    Returns
    -------
    array of float64, shape (n, m)
        From 0 (no common bit) to 1 (the same bits). Two fingerprints without any bit are alike in nothing: 0, as RDKit
        has it.

    Raises
    ------
    ValueError, TypeError
        If an array is not as described, or their numbers of bits differ.

    Source: Tanimoto's coefficient, as `rdkit.DataStructs.TanimotoSimilarity` computes it.

    Taught in: 03_2_2_drug_activity_prediction
    """
    a, b = _bits(a, "a"), _bits(b, "b")
    if a.shape[1] != b.shape[1]:
        raise ValueError(f"a and b must have the same number of bits, got {a.shape[1]} and {b.shape[1]}")
    common = (a @ b.T).astype(np.float64)
    either = a.sum(axis=1, dtype=np.float64)[:, None] + b.sum(axis=1, dtype=np.float64) - common
    return np.divide(common, either, out=np.zeros_like(common), where=either > 0)


def _bits(values, name):
    values = _checks.array(values, name, axes=2)
    if not np.isin(values, (0, 1)).all():
        raise ValueError(f"{name} must hold 0 and 1, got {values.min()} to {values.max()}")
    return values.astype(np.float32)  # sums up to 2**24 are exact


# --- Scaffolds -------------------------------------------------------------------------------------------------------


def scaffolds(smiles):
    """Find the scaffold of each molecule: its rings and what links them, without side chains (Bemis and Murcko).

    Parameters
    ----------
    smiles : list of n str

    Returns
    -------
    array of str, shape (n,)
        SMILES of the scaffolds, without stereochemistry; "" for a molecule without a ring. Of a text in several parts
        (a salt, a mixture) the largest counts, so that a drug and its salts have one scaffold.

    Raises
    ------
    ValueError, TypeError
        If a text is not the SMILES of a molecule: the message names its row.

    Source: Bemis GW, Murcko MA (1996). Journal of Medicinal Chemistry 39:2887-2893.
    https://doi.org/10.1021/jm9602928. Computed by RDKit, which keeps atoms with a double bond to the scaffold; the
    paper has only rings and what links them.

    Taught in: 03_2_2_drug_activity_prediction
    """
    texts = _checks.texts(smiles, "smiles", of="molecule")
    _molecules(texts)  # names the first that is none
    with _silence():
        return np.array([_scaffold(str(text)) for text in texts], dtype=str)


@lru_cache(maxsize=50_000)  # a set is split again and again
def _scaffold(text):
    """Return the scaffold of one valid SMILES."""
    from rdkit.Chem import GetMolFrags
    from rdkit.Chem.Scaffolds import MurckoScaffold

    largest = max(GetMolFrags(_parse(text)[0], asMols=True), key=lambda part: part.GetNumHeavyAtoms())
    return MurckoScaffold.MurckoScaffoldSmiles(mol=largest)


def scaffold_split(smiles, shares=(0.8, 0.1, 0.1), seed=None, chains_apart=False):
    """Split molecules so that no scaffold stands on two sides: the new molecules are new in kind.

    Whole scaffolds are dealt out, one after another: to the first part as long as they fit into its share, then to
    the next. A scaffold that no longer fits goes one part further.

    Parameters
    ----------
    smiles : list of n str
    shares : tuple of k floats
        Share of each part, such as training, validation and test; they sum to 1. The parts come out close to them, as
        far as whole scaffolds allow.
    seed : int, optional
        None: the largest scaffold first, as in DeepChem, the library of MoleculeNet; the last parts then hold the rare
        scaffolds. A seed: random order, but first of the scaffolds that fill more than half of the smallest part, then
        of the rest.
    chains_apart : bool
        True: a molecule without a ring counts by its skeleton, the graph in which all atoms and all bonds are of one
        kind. Propane and ethanol are one family then, butane is another; a part holds whole families.

    Returns
    -------
    tuple of k arrays of int64
        Row numbers of each part, in rising order. Every row is in one of them.

    Raises
    ------
    ValueError, TypeError
        If a text is not the SMILES of a molecule, if the shares are not as described, or if the scaffolds are too few
        or too large: if a part would get less than half of its share.

    Notes
    -----
    Molecules without a ring have the scaffold "" in common, and stay together like any others. Often they are many:
    then they, like every frequent scaffold, are in the first part, and the test says nothing about them, unless
    `chains_apart` is True.

    Source: Wu Z, et al. (2018). MoleculeNet. Chemical Science 9:513-530. https://doi.org/10.1039/C7SC02664A. The rule:
    `ScaffoldSplitter` in https://github.com/deepchem/deepchem (deepchem/splits/splitters.py).

    Taught in: 03_2_2_drug_activity_prediction
    """
    shares = [_checks.share(share, "shares") for share in _checks.listed(shares, "shares")]
    if len(shares) < 2 or abs(sum(shares) - 1) > 1e-9:
        raise ValueError(f"shares must be two or more numbers that sum to 1, got {shares}")
    seed = None if seed is None else _checks.seed(seed)
    chains_apart = _checks.boolean(chains_apart, "chains_apart")
    smiles = _checks.texts(smiles, "smiles", of="molecule")
    names = scaffolds(smiles)
    if chains_apart:
        names = np.array([name or _skeleton(m) for name, m in zip(names, _molecules(smiles), strict=True)], dtype=str)
    groups = {}
    for row, name in enumerate(names.tolist()):
        groups.setdefault(name, []).append(row)
    groups = list(groups.values())
    if seed is None:
        groups.sort(key=lambda rows: (len(rows), rows[0]), reverse=True)
    else:
        order = np.random.default_rng(seed).permutation(len(groups))
        groups = [groups[number] for number in order]
        # A large scaffold that came late would find room nowhere. Sorting keeps the order within the two kinds.
        groups.sort(key=lambda rows: len(rows) <= min(shares) * len(names) / 2)
    ends = np.cumsum(shares[:-1]) * len(names) + 1e-9  # rows up to the end of each part but the last
    parts = [[] for _ in shares]
    for rows in groups:
        filled = len(rows)
        for part, end in zip(parts, [*ends, np.inf], strict=True):
            filled += len(part)  # rows in this part and in those before it
            if filled <= end:
                part.extend(rows)
                break
    if any(len(part) < max(1, share * len(names) / 2) for part, share in zip(parts, shares, strict=True)):
        sizes = ", ".join(str(len(part)) for part in parts)
        raise ValueError(
            f"smiles must have scaffolds enough for each of {len(shares)} parts, got {len(groups)} scaffold(s), the "
            f"largest of {max(map(len, groups))} molecule(s), and parts of {sizes}"
        )
    seen = [set(names[part].tolist()) for part in parts]
    shared = [name for number, part in enumerate(seen) for name in part if any(name in p for p in seen[:number])]
    assert not shared, f"scaffolds on two sides: {shared[:3]}"
    return tuple(np.array(sorted(part), dtype=np.int64) for part in parts)


def _skeleton(molecule):
    """Return the text of the same graph with dummy atoms and single bonds, such as "*(*)*"."""
    from rdkit import Chem

    graph = Chem.RWMol()
    for _ in range(molecule.GetNumAtoms()):
        graph.AddAtom(Chem.Atom(0))
    for bond in molecule.GetBonds():
        graph.AddBond(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), Chem.BondType.SINGLE)
    return Chem.MolToSmiles(graph)


# --- Molecules as graphs ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MoleculeGraphs:
    """What `molecule_graphs` returns: n molecules, padded to the same number of atoms."""

    atoms: np.ndarray  # [n, atoms, features] float32, 0 where there is no atom
    bonds: np.ndarray  # [n, atoms, atoms, 4] uint8, one-hot over `BONDS`, symmetric; all 0 where there is no bond
    mask: np.ndarray  # [n, atoms] bool, True where there is an atom
    feature_names: tuple  # of str, one for each feature


_MOST_NEIGHBOURS = 6  # the last place of the one-hot code stands for so many or more
_MOST_HYDROGENS = 4
_FEATURES = (
    *(f"element {element}" for element in ELEMENTS),
    "element other",
    *(f"neighbours {number}" for number in range(_MOST_NEIGHBOURS + 1)),
    *(f"hydrogens {number}" for number in range(_MOST_HYDROGENS + 1)),
    "charge",
    "aromatic",
    "in a ring",
)


def molecule_graphs(smiles, max_atoms=None):
    """Turn molecules into graphs for a network: what each atom is, which atoms are bonded, and how.

    Parameters
    ----------
    smiles : list of n str
    max_atoms : int, optional
        Places for atoms; the number of heavy atoms of the largest molecule when left out. Memory grows with its square.

    Returns
    -------
    MoleculeGraphs
        `atoms` [n, max_atoms, 25]: element (one-hot over `ELEMENTS` and "other"), neighbours among the heavy atoms
        (one-hot, 0 to 6 or more), hydrogens (one-hot, 0 to 4 or more), charge, aromatic, in a ring: `feature_names`;
        `bonds` [n, max_atoms, max_atoms, 4], one-hot over `BONDS`; `mask` [n, max_atoms]. Hydrogen atoms are no nodes.
        The order of the atoms is that of the text: it means nothing, and a network should not see it.

    Raises
    ------
    ValueError, TypeError
        If a text is not the SMILES of a molecule, or a molecule has more than `max_atoms` heavy atoms: the message
        names the row.

    Source: element, hydrogens, aromatic and the four kinds of bonds are among the features of Gilmer J, et al. (2017),
    https://arxiv.org/abs/1704.01212, as PyTorch Geometric has them (`torch_geometric.datasets.QM9`); the others are
    added.

    Taught in: 03_2_2_drug_activity_prediction
    """
    if max_atoms is not None:
        max_atoms = _checks.integer(max_atoms, "max_atoms", least=1)
    molecules = _molecules(smiles)
    max_atoms = _room_for(molecules, max_atoms)
    atoms = np.zeros((len(molecules), max_atoms, len(_FEATURES)), dtype=np.float32)
    bonds = np.zeros((len(molecules), max_atoms, max_atoms, len(BONDS)), dtype=np.uint8)
    mask = np.arange(max_atoms) < np.array([molecule.GetNumAtoms() for molecule in molecules])[:, None]
    place = {name: number for number, name in enumerate(_FEATURES)}
    kinds = {name.upper(): number for number, name in enumerate(BONDS)}
    for row, molecule in enumerate(molecules):
        for atom in molecule.GetAtoms():
            symbol = atom.GetSymbol()
            features = atoms[row, atom.GetIdx()]
            features[place[f"element {symbol if symbol in ELEMENTS else 'other'}"]] = 1
            features[place[f"neighbours {min(atom.GetDegree(), _MOST_NEIGHBOURS)}"]] = 1
            features[place[f"hydrogens {min(atom.GetTotalNumHs(), _MOST_HYDROGENS)}"]] = 1
            features[place["charge"]] = atom.GetFormalCharge()
            features[place["aromatic"]] = atom.GetIsAromatic()
            features[place["in a ring"]] = atom.IsInRing()
        for bond in molecule.GetBonds():
            i, j = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
            kind = kinds.get(bond.GetBondType().name, 0)  # the bond of a metal complex counts as single
            bonds[row, i, j, kind] = bonds[row, j, i, kind] = 1
    return MoleculeGraphs(atoms, bonds, mask, _FEATURES)


def atom_bond_matrices(smiles, elements=ELEMENTS, max_atoms=None):
    """Write molecules as a row of atoms and a matrix of bonds, without hydrogens: what a graph GAN learns to write.

    Aromatic rings are written with alternating single and double bonds (Kekule). The atoms stand in the order of the
    canonical SMILES, so that one molecule has one form. Stereochemistry and isotopes are forgotten.

    Parameters
    ----------
    smiles : list of n str
        Molecules in one part, without charges and unpaired electrons, as `clean_molecules(..., charges="none")`
        gives them.
    elements : tuple of str
        The alphabet.
    max_atoms : int, optional
        Places for atoms; the number of heavy atoms of the largest molecule when left out.

    Returns
    -------
    atoms : array of int64, shape (n, max_atoms)
        0: no atom; k: the element `elements[k - 1]`. Empty places stand at the end.
    bonds : array of int64, shape (n, max_atoms, max_atoms)
        0: no bond, 1 single, 2 double, 3 triple; symmetric, 0 on the diagonal.

    Raises
    ------
    ValueError, TypeError
        If a molecule cannot be written so, or is too large: the message names its row and says why.

    Source: the form of De Cao N, Kipf T (2018). MolGAN. https://arxiv.org/abs/1805.11973.

    Taught in: 04_2_drug_discovery_lab
    """
    from rdkit import Chem

    elements = _alphabet(elements)
    if max_atoms is not None:
        max_atoms = _checks.integer(max_atoms, "max_atoms", least=1)
    texts = _checks.texts(smiles, "smiles", of="molecule")
    molecules = _molecules(texts)
    codes = {element: number for number, element in enumerate(elements, start=1)}
    with _silence():
        for row, text in enumerate(texts):
            reason, detail, written = _judged(text, None, elements, "none", stereo=False)
            if reason:
                raise ValueError(
                    f"smiles must be neutral molecules over {elements}, got in row {row}: {reason} "
                    f"({detail}): {_short(text)}"
                )
            molecules[row] = Chem.MolFromSmiles(written)
            if molecules[row].GetNumHeavyAtoms() < molecules[row].GetNumAtoms():  # two atoms of hydrogen alone
                raise ValueError(f"smiles must hold atoms beside hydrogen, got in row {row}: {_short(text)}")
            Chem.Kekulize(molecules[row], clearAromaticFlags=True)
    max_atoms = _room_for(molecules, max_atoms)
    atoms = np.zeros((len(molecules), max_atoms), dtype=np.int64)
    bonds = np.zeros((len(molecules), max_atoms, max_atoms), dtype=np.int64)
    for row, molecule in enumerate(molecules):
        atoms[row, : molecule.GetNumAtoms()] = [codes[atom.GetSymbol()] for atom in molecule.GetAtoms()]
        for bond in molecule.GetBonds():
            i, j = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
            bonds[row, i, j] = bonds[row, j, i] = int(bond.GetBondTypeAsDouble())
    return atoms, bonds


def smiles_from_matrices(atoms, bonds, elements=ELEMENTS):
    """Read molecules from rows of atoms and matrices of bonds; what is not a molecule becomes None.

    Hydrogen atoms are filled in where an atom has free valences. A molecule is valid if it has an atom, if no atom has
    more bonds than it can have, and if it is in one part: of several parts, none is taken for the molecule. What stands
    in `bonds` at an empty place of `atoms` is not looked at: there is no atom to bind.

    Parameters
    ----------
    atoms : array of int, shape (n, max_atoms)
        0: no atom; k: the element `elements[k - 1]`.
    bonds : array of int, shape (n, max_atoms, max_atoms)
        0: no bond, 1 single, 2 double, 3 triple; symmetric, with 0 on the diagonal.
    elements : tuple of str

    Returns
    -------
    list of n str or None
        Canonical SMILES.

    Raises
    ------
    ValueError, TypeError
        If the arrays are not as described.

    Source: RDKit decides which valences are possible.

    Taught in: 04_2_drug_discovery_lab
    """
    from rdkit import Chem

    elements = _alphabet(elements)
    atoms, bonds = _checks.array(atoms, "atoms", axes=2), _checks.array(bonds, "bonds", axes=3)
    for array, name, most in ((atoms, "atoms", len(elements)), (bonds, "bonds", 3)):
        if array.dtype.kind not in "iu":
            raise TypeError(f"{name} must hold integer codes, got dtype {array.dtype}; one-hot becomes codes by argmax")
        if array.min() < 0 or array.max() > most:
            raise ValueError(f"{name} must hold codes from 0 to {most}, got {array.min()} to {array.max()}")
    if bonds.shape != (*atoms.shape, atoms.shape[1]):
        raise ValueError(f"bonds must have the shape {(*atoms.shape, atoms.shape[1])} to fit atoms, got {bonds.shape}")
    wrong = (bonds != bonds.transpose(0, 2, 1)).any(axis=2) | (np.diagonal(bonds, axis1=1, axis2=2) != 0)
    if wrong.any():
        row = np.argmax(wrong.any(axis=1))
        raise ValueError(f"bonds must be symmetric, with 0 on the diagonal, got another matrix in row {row}")
    kinds = (None, Chem.BondType.SINGLE, Chem.BondType.DOUBLE, Chem.BondType.TRIPLE)
    with _silence():
        return [_assembled(*matrices, elements, kinds) for matrices in zip(atoms, bonds, strict=True)]


def _assembled(atoms, bonds, elements, kinds):
    """Return the canonical SMILES of one molecule, or None."""
    from rdkit import Chem

    places = np.flatnonzero(atoms)
    molecule = Chem.RWMol()
    for place in places:
        molecule.AddAtom(Chem.Atom(elements[atoms[place] - 1]))
    inner = bonds[np.ix_(places, places)]
    for i, j in np.argwhere(np.triu(inner)).tolist():
        molecule.AddBond(i, j, kinds[inner[i, j]])
    if not len(places) or len(Chem.GetMolFrags(molecule)) > 1:
        return None
    if Chem.SanitizeMol(molecule, catchErrors=True) != Chem.SanitizeFlags.SANITIZE_NONE:
        return None
    return Chem.MolToSmiles(molecule)


# --- Filters and drawings --------------------------------------------------------------------------------------------


def pains_alerts(smiles):
    """Look for PAINS in molecules: pieces that look active in many tests because they disturb the tests.

    Parameters
    ----------
    smiles : list of n str

    Returns
    -------
    list of n tuples of str
        The names of the alerts of each molecule; an empty tuple for most. An alert is a reason to look, not a proof.

    Raises
    ------
    ValueError, TypeError
        If a text is not the SMILES of a molecule: the message names its row.

    Source: Baell JB, Holloway GA (2010). Journal of Medicinal Chemistry 53:2719-2740.
    https://doi.org/10.1021/jm901137j. Computed by RDKit, whose 480 patterns were edited to work there (Data/Pains).

    Taught in: 04_2_drug_discovery_lab
    """
    molecules = _molecules(smiles)
    with _silence():
        catalog = _pains()
        return [tuple(match.GetDescription() for match in catalog.GetMatches(molecule)) for molecule in molecules]


@lru_cache(maxsize=1)
def _pains():
    from rdkit.Chem import FilterCatalog

    parameters = FilterCatalog.FilterCatalogParams()
    parameters.AddCatalog(FilterCatalog.FilterCatalogParams.FilterCatalogs.PAINS)
    return FilterCatalog.FilterCatalog(parameters)


def synthetic_accessibility(smiles):
    """Estimate how hard molecules are to make, from the pieces that they share with molecules that were made.

    Parameters
    ----------
    smiles : list of n str

    Returns
    -------
    array of float64, shape (n,)
        From 1 (easy) to 10 (hard). A formula, not the word of a chemist: rare pieces, large rings, rings that share one
        atom or form bridges, stereocentres, and size count as hard.

    Raises
    ------
    ValueError, TypeError
        If a text is not the SMILES of a molecule: the message names its row.

    Source: Ertl P, Schuffenhauer A (2009). Journal of Cheminformatics 1:8. https://doi.org/10.1186/1758-2946-1-8.
    Computed by the program of Ertl and Landrum that RDKit carries in Contrib/SA_Score; it differs a little from the
    paper.

    Taught in: 04_2_drug_discovery_lab
    """
    molecules = _molecules(smiles)
    with _silence():
        score = _sa_score().calculateScore
        return np.array([score(molecule) for molecule in molecules], dtype=np.float64)


@lru_cache(maxsize=1)
def _sa_score():
    """Load the program of RDKit's Contrib, which is a folder of files and not a package."""
    import importlib.util
    from pathlib import Path

    from rdkit import RDConfig

    path = Path(RDConfig.RDContribDir) / "SA_Score" / "sascorer.py"
    spec = importlib.util.spec_from_file_location("_course_sascorer", path)
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    return program


def draw_molecules(smiles, labels=None, columns=4, highlight=None):
    """Draw molecules side by side, as chemists draw them: corners are carbon atoms, hydrogens on carbon are left out.

    Parameters
    ----------
    smiles : list of n str
    labels : list of n str, optional
        A title for each.
    columns : int
        Molecules in a row.
    highlight : list of n lists of int, optional
        Numbers of the atoms to mark in each molecule, in the order of its text, from 0.

    Returns
    -------
    array of n matplotlib Axes
        The text for readers who cannot see the figure is the author's: "alt" in the metadata of the cell.

    Raises
    ------
    ValueError, TypeError
        If a text is not the SMILES of a molecule (the message names its row), or the lengths differ.

    Source: RDKit's drawing, in colours that colour-blind readers tell apart.

    Taught in: 03_2_1_generative_adversarial_networks
    """
    import io

    import matplotlib.pyplot as plt
    from rdkit.Chem import rdDepictor
    from rdkit.Chem.Draw import rdMolDraw2D

    molecules = _molecules(smiles)
    columns = min(_checks.integer(columns, "columns", least=1), len(molecules))
    marked = [[]] * len(molecules) if highlight is None else _checks.listed(highlight, "highlight")
    for name, values in (("labels", labels), ("highlight", highlight)):
        if values is not None:
            _checks.same_length(**{name: values, "smiles": molecules})
    for row, (atoms, molecule) in enumerate(zip(marked, molecules, strict=True)):
        for atom in _checks.listed(atoms, "highlight"):
            _checks.integer(atom, f"highlight, row {row},", least=0, most=molecule.GetNumAtoms() - 1)
    rows = -(-len(molecules) // columns)  # rounded up
    width = 10.6 / max(columns, 3)  # a full row stays below 1100 pixels
    height = 0.75 * width + (0.4 if labels is not None else 0)
    _, axes = plt.subplots(rows, columns, figsize=(width * columns, height * rows), squeeze=False)
    for ax in axes.ravel():
        ax.set_axis_off()
    pixels = int(200 * width)
    with _silence():
        for number, (ax, molecule, atoms) in enumerate(zip(axes.ravel(), molecules, marked, strict=False)):
            rdDepictor.Compute2DCoords(molecule)
            drawing = rdMolDraw2D.MolDraw2DCairo(pixels, int(0.75 * pixels))
            options = drawing.drawOptions()
            options.setAtomPalette(_COLOURS)
            options.padding, options.bondLineWidth, options.minFontSize = 0.06, 3, 22
            options.setHighlightColour((0.94, 0.89, 0.26))
            rdMolDraw2D.PrepareAndDrawMolecule(drawing, molecule, highlightAtoms=[int(atom) for atom in atoms])
            drawing.FinishDrawing()
            ax.imshow(plt.imread(io.BytesIO(drawing.GetDrawingText()), format="png"), interpolation="antialiased")
            if labels is not None:
                ax.set_title(str(labels[number]), fontsize=13, pad=4)
    return axes.ravel()[: len(molecules)]


# --- What the functions share ----------------------------------------------------------------------------------------


def _silence():
    """Hold back what RDKit would write to the screen, for the time of a `with` block."""
    from rdkit import rdBase

    return rdBase.BlockLogs()


def _none_for_nan(value):
    return None if isinstance(value, float | np.floating) and np.isnan(value) else value


def _parse(text):
    """Return (molecule, "") or (None, what is wrong). RDKit's own words are used where it has any."""
    from rdkit import Chem

    molecule = Chem.MolFromSmiles(text)
    if molecule is not None:
        return molecule, ""
    written = Chem.MolFromSmiles(text, sanitize=False)
    if written is None:
        return None, "not written as SMILES: a ring, a bracket or a branch is not closed, or a letter is no atom"
    problems = Chem.DetectChemistryProblems(written)
    return None, problems[0].Message() if problems else "RDKit cannot read it"


def _molecules(smiles):
    """Return RDKit molecules of a list of SMILES; the first that is none is one error."""
    texts = _checks.texts(smiles, "smiles", of="molecule")
    molecules = []
    with _silence():
        for row, text in enumerate(texts):
            molecule, fault = _parse(text)
            if molecule is None or not molecule.GetNumAtoms():
                raise ValueError(
                    f"smiles must be molecules, got {_short(text)} in row {row}: {fault or 'it has no atom'}; "
                    "clean_molecules sorts out such texts"
                )
            molecules.append(molecule)
    return molecules


def _written(molecule, stereo):
    """Return the canonical SMILES of a molecule."""
    from rdkit import Chem

    if not stereo and any(atom.GetAtomicNum() == 1 for atom in molecule.GetAtoms()):
        molecule = Chem.Mol(molecule)
        for atom in molecule.GetAtoms():
            atom.SetIsotope(0)
        molecule = Chem.RemoveHs(molecule)  # an atom of deuterium is one of hydrogen again
    return Chem.MolToSmiles(molecule, isomericSmiles=stereo)


def _alphabet(elements):
    """Return a tuple of different symbols of elements."""
    from rdkit import Chem

    if isinstance(elements, str):
        raise TypeError(f"elements must be a tuple of symbols such as ('C', 'N'), got one string: {elements!r}")
    elements = tuple(_checks.listed(elements, "elements"))
    known = {Chem.GetPeriodicTable().GetElementSymbol(number) for number in range(1, 119)}
    for element in elements:
        if not isinstance(element, str) or element not in known:
            raise ValueError(f"elements must be symbols of elements such as 'C' or 'Cl', got {element!r}")
    if not elements or len(set(elements)) < len(elements):
        raise ValueError(f"elements must be one or more symbols, each once, got {elements}")
    return elements


def _room_for(molecules, max_atoms):
    sizes = [molecule.GetNumAtoms() for molecule in molecules]
    largest = max(sizes)
    if max_atoms is None:
        return largest
    if largest > max_atoms:
        row = sizes.index(largest)
        raise ValueError(
            f"max_atoms must be at least that of the largest molecule, {largest} in row {row}, got "
            f"{max_atoms}; clean_molecules(..., max_heavy_atoms={max_atoms}) sorts out the larger ones"
        )
    return max_atoms


def _short(text):
    shown = repr(text)
    return shown if len(shown) <= 60 else f"{shown[:59]}…"
