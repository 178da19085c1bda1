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
import hashlib
import sys
import tempfile
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
        arrays = {name: _portable(array, name) for name, array in function().items()}
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
