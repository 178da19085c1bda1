"""Break a chapter on purpose, one mistake at a time, and see that its claims notice.

    python tests/mutate.py 3.1.1          # the chapter with this number; without a number, all chapters
    python tests/mutate.py --folder F     # chapters in another folder, mutations in F/mutations

A mutation stands in tests/mutations/<chapter>.toml: `cell` (text found in one code cell only), `find` and `replace`
(in that cell), `breaks` (how the statement of the claim begins that must then fail) and `why` (whose mistake it is).
"""

import argparse
import copy
import sys
import tomllib
from pathlib import Path

from course_utils import machine, notebooks

MUTATIONS = Path(__file__).parent / "mutations"


def read_mutations(path):
    """Return the list of mutations in a file, or an empty list when there is none."""
    if not path.exists():
        return []
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")).get("mutation", [])
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path.name} is no TOML file: {error}") from error


def mutate(notebook, mutation):
    """Return a copy of the notebook with one mistake in it; a ValueError when the mutation does not apply."""
    notebook = copy.deepcopy(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and mutation["cell"] in cell.source]
    if len(cells) != 1:
        raise ValueError(f"cell = {mutation['cell']!r} is found in {len(cells)} code cells, not in one")
    if cells[0].source.count(mutation["find"]) != 1:
        raise ValueError(f"find = {mutation['find']!r} is not found exactly once in the cell of {mutation['cell']!r}")
    cells[0].source = cells[0].source.replace(mutation["find"], mutation["replace"])
    return notebook


def notices(run, mutation):
    """Did the claim that must fail, fail?"""
    return run.error.partition(": ")[2].startswith(f"ClaimError: ✗ {mutation['breaks']}")


def main(arguments=None):
    parser = argparse.ArgumentParser(description="see that the claims notice mistakes")
    parser.add_argument("chapters", nargs="*")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args(arguments)
    folder = options.folder or notebooks.FOLDER
    mutations_folder = options.folder / "mutations" if options.folder else MUTATIONS

    machine.write_anywhere()
    try:
        entries = [notebooks.find_chapter(name, folder) for name in options.chapters] or notebooks.chapters(folder)
        survivors = sum(break_and_run(entry, mutations_folder) for entry in entries)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 1 if survivors else 0


def break_and_run(entry, mutations_folder):
    """Run a chapter once for each of its mutations, say which were noticed, and return how many were not."""
    mutations = read_mutations(mutations_folder / f"{entry.file}.toml")
    if not mutations:
        print(f"? {entry.number} has no mutations: write {entry.file}.toml in {mutations_folder}")
    survivors = 0
    for mutation in mutations:
        run = notebooks.execute(mutate(notebooks.read(entry.path), mutation), entry.folder)
        noticed = notices(run, mutation)
        survivors += not noticed
        print(f"{'✓ noticed ' if noticed else '✗ SURVIVED'}  {entry.number}  {mutation['why']}", flush=True)
        if not noticed:
            print(f"            the run ended with: {run.error or 'no error'}")
    return survivors


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("stopped")
