"""The command `python -m data.recipes`: build the frozen data files, or compare them with their recipes."""

import argparse
import importlib
import os
import pkgutil
import sys
from pathlib import Path

import numpy as np

from course_utils import _checks, datasets
from course_utils.datasets import files
from data.recipes import shared

SAME, DIFFERS, NOT_REBUILT = 0, 1, 3  # exit codes
README = "README"


def find_recipes():
    """Return {name: function that returns the arrays of name.npz}: one for each module of this folder.

    A function may have the attributes `path`, where the file lies in the folder, and `differences`, which compares what
    it built with the file: trained networks are compared by what they do.
    """
    names = {module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)])} - {"__main__", "shared"}
    return {name: importlib.import_module(f"data.recipes.{name}").build for name in sorted(names)}


def differences(built, frozen):
    """Compare two sets of arrays. Returns one line for each difference, none when they are the same."""
    lines = [f"array {name!r} is missing" for name in sorted(set(built) - set(frozen))]
    lines += [f"array {name!r} is not in the recipe" for name in sorted(set(frozen) - set(built))]
    for name in sorted(set(built) & set(frozen)):
        new, old = files.portable(built[name], name), files.portable(frozen[name], name)
        if (new.dtype, new.shape) != (old.dtype, old.shape):
            lines.append(f"array {name!r} is {old.dtype} {old.shape}, the recipe builds {new.dtype} {new.shape}")
        elif new.tobytes() != old.tobytes():
            lines.append(f"array {name!r} has other contents than the recipe builds")
    return lines


def save(path, arrays):
    """Write a file, whole or not at all."""
    part = path.with_suffix(".part.npz")
    try:
        np.savez_compressed(part, **arrays)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def build(path, arrays, differences):
    """Write a file, unless it holds the same already. Returns what is wrong then: nothing."""
    same = path.exists() and not differences(arrays, shared.load(path))
    if not same:
        save(path, arrays)
    else:
        arrays = shared.load(path)
    print(f"{path.name}: {'unchanged' if same else 'built'}, {files.array_checksum(arrays)}")
    return []


def compare(path, arrays, differences):
    """Return one line for each way in which a file is not what its recipe builds."""
    if not path.exists():
        return [f"{path.name}: is missing"]
    lines = [f"{path.name}: {line}" for line in differences(arrays, shared.load(path))]
    if not lines:
        print(f"{path.name}: is what its recipe builds")
    return lines


def compare_with_catalogue(path, folder):
    """Return one line for each way in which a file is not what the catalogue describes."""
    place = path.relative_to(folder).as_posix()
    described = [file for entry in datasets.catalogue() for file in entry.files if file.path == place]
    if not described:
        return [f"{path.name}: is not in the catalogue"]
    if path.exists() and (checksum := files.array_checksum(shared.load(path))) != described[0].checksum:
        return [f"{path.name}: the catalogue says {described[0].checksum}, the file has {checksum}"]
    return []


def files_in(folder):
    """Return the frozen files of a folder, and those of its folder of networks."""
    return sorted([*folder.glob("*.npz"), *folder.glob("models/*.npz")])


def compare_lists(folder, recipes):
    """Return one line for each file without a recipe, and for each file of the catalogue that is not there."""
    lines = [f"{path.name}: has no recipe" for path in files_in(folder) if path.stem not in recipes]
    for entry in datasets.catalogue():
        for file in entry.files:
            if entry.tier == "embedded" and file.path and not (folder / file.path).exists():
                lines.append(f"{file.path}: is in the catalogue, but not here")
    return lines


def write_readme(path):
    path.write_text(shared.readme(), encoding="utf-8", newline="\n")
    print(f"{path.name}: written")
    return []


def compare_readme(path):
    current = path.exists() and path.read_text(encoding="utf-8") == shared.readme()
    return [] if current else ["README.md: is not what catalogue.toml gives; run python -m data.recipes README"]


def main(arguments=None, folder=shared.DATA, recipes=None):
    """Run the command. Returns its exit code."""
    recipes = find_recipes() if recipes is None else recipes
    parser = argparse.ArgumentParser(prog="python -m data.recipes", description="Build the frozen data files.")
    parser.add_argument("--check", action="store_true", help="change nothing, compare the files with their recipes")
    parser.add_argument("file", nargs="*", help=f"which files: {', '.join([*recipes, README])}; without one, all")
    options = parser.parse_args(arguments)
    try:
        chosen = [_checks.choice(Path(name).stem, "FILE", [*recipes, README]) for name in options.file]
    except ValueError as error:
        parser.error(str(error))

    problems, not_rebuilt = [], []
    for name in chosen or recipes:
        if name == README:
            continue
        path = folder / getattr(recipes[name], "path", f"{name}.npz")
        try:
            arrays = {key: files.portable(array, key) for key, array in recipes[name]().items()}
            differ = getattr(recipes[name], "differences", differences)
            problems += (compare if options.check else build)(path, arrays, differ)
        except (shared.SourceUnavailable, ModuleNotFoundError) as error:
            not_rebuilt.append(f"{path.name}: not rebuilt: its sources could not be had: {error}")
        except (OSError, ValueError) as error:  # a source that changed, a damaged file, a folder that is read-only
            problems.append(f"{path.name}: {error}")
        problems += compare_with_catalogue(path, folder)
    if not chosen:
        problems += compare_lists(folder, recipes)
    if README in chosen or not chosen:
        try:
            problems += (compare_readme if options.check else write_readme)(folder / "README.md")
        except OSError as error:
            problems.append(f"README.md: {error}")

    print("\n".join([*not_rebuilt, *problems]) or "All is as it should be.")
    return DIFFERS if problems else NOT_REBUILT if not_rebuilt else SAME


if __name__ == "__main__":
    sys.exit(main())
