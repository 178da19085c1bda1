"""The data sets of the course: where they are found, how they are verified, what is known about them.

`data/catalogue.toml` describes every data set; `load_<name>()` returns it. There are two kinds:

* embedded sets are part of this repository or of a package: no network, ever;
* benchmark sets are looked for in the folder COURSE_DATA_DIR (each file must be listed in that folder's SHA256SUMS),
  then in the cache (COURSE_CACHE_DIR, or this computer's usual place for caches), then downloaded into the cache.
  COURSE_OFFLINE=1 forbids the download.

When the cache cannot be written to, the download goes to a temporary folder that lasts as long as the Python process,
and a note says so: the work goes on, and only the saving of the next download is lost.
"""

import contextlib
import difflib
import hashlib
import math
import os
import re
import socket
import struct
import tempfile
import threading
import tomllib
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import numpy as np

__all__ = [
    "BRCA1",
    "BrainLesions",
    "BreastCancer",
    "DatasetCorrupt",
    "DatasetUnavailable",
    "DicomSample",
    "DicomSamples",
    "EmbossPairs",
    "Entry",
    "File",
    "Globins",
    "MNI152",
    "PneumoniaMNIST",
    "PredictedReceptor",
    "ProteinChains",
    "ProteinProfiles",
    "QianSejnowski",
    "SpliceDonors",
    "UCISplice",
    "load_dicom_samples",
    "catalogue",
    "catalogue_table",
    "fetch",
    "load_brain_lesions",
    "load_brca1",
    "load_breast_cancer",
    "load_emboss_pairs",
    "load_globins",
    "load_mni152",
    "load_pneumoniamnist",
    "load_predicted_receptor",
    "load_protein_chains",
    "load_protein_profiles",
    "load_qian_sejnowski",
    "load_splice_donors",
    "load_uci_splice",
    "status",
]

CATALOGUE_FILE = Path(__file__).resolve().parent.parent / "data" / "catalogue.toml"
CONNECT_SECONDS = 3  # how long the one attempt to reach the server may take
STALL_SECONDS = 30  # a download that stays silent for so long is given up

_session = {"temporary": None}  # stands in for a cache that cannot be written to


class DatasetUnavailable(FileNotFoundError):
    """A benchmark data set is not on this computer and could not be downloaded."""


class DatasetCorrupt(ValueError):
    """A file was found, but it is not the data set it should be."""


# ---------------------------------------------------------------------------------------------------------------------
# The catalogue


@dataclass(frozen=True)
class File:
    """One file of a data set. The fields are explained at the head of data/catalogue.toml."""

    path: str
    address: str
    checksum: str
    max_bytes: int


@dataclass(frozen=True)
class Entry:
    """One data set of the catalogue. The fields are explained at the head of data/catalogue.toml."""

    name: str
    title: str
    tier: str
    what: str
    rows: str
    columns: str
    source: str
    citation: str
    licence: str
    used_by: tuple
    instead: str
    traps: tuple
    files: tuple


def catalogue():
    """List the data sets of the course: source, licence, size, known traps.

    Returns
    -------
    list of Entry
        In the order of data/catalogue.toml. The fields are explained at the head of that file.

    Raises
    ------
    ValueError
        If a table of the catalogue lacks a field, has one too many, or names a file outside its folder.

    Taught in: 00_start_here
    """
    with open(CATALOGUE_FILE, "rb") as file:
        tables = tomllib.load(file)
    return [_as_entry(name, table) for name, table in tables.items()]


def _as_entry(name, table):
    try:
        files = tuple(File(**file) for file in table.pop("files", []))
        entry = Entry(name=name, files=files, **{k: tuple(v) if isinstance(v, list) else v for k, v in table.items()})
    except TypeError as error:  # its message names the field
        raise ValueError(f"{CATALOGUE_FILE.name}, table [{name}]: {error}") from None
    if entry.tier not in ("embedded", "benchmark"):
        raise ValueError(
            f"{CATALOGUE_FILE.name}, table [{name}]: tier must be embedded or benchmark, got {entry.tier!r}"
        )
    if not files:
        raise ValueError(f"{CATALOGUE_FILE.name}, table [{name}]: has no [[{name}.files]]")
    for file in files:
        parts = PurePosixPath(file.path).parts
        if file.path.startswith("/") or ".." in parts or "\\" in file.path or ":" in file.path:
            raise ValueError(f"{CATALOGUE_FILE.name}, table [{name}]: path {file.path!r} leads out of the data folder")
    return entry


def _entry(name):
    if not isinstance(name, str):
        raise TypeError(f"name must be the name of a data set, such as 'breast_cancer', got {name!r}")
    entries = {entry.name: entry for entry in catalogue()}
    if name not in entries:
        nearest = difflib.get_close_matches(name.lower(), entries, n=1, cutoff=0)
        raise ValueError(
            f"name must be the name of a data set, got {name!r}: did you mean {nearest[0]!r}? "
            f"The course has {', '.join(entries)}"
        )
    return entries[name]


def catalogue_table():
    """Show the catalogue as a table.

    Returns
    -------
    pandas.DataFrame
        One row for each data set, with its name as index; the columns are title, tier, rows, columns, licence, used by.

    Taught in: 00_start_here
    """
    import pandas as pd  # here, so that importing this module stays instant

    rows = [
        {
            "name": entry.name,
            "title": entry.title,
            "tier": entry.tier,
            "rows": entry.rows,
            "columns": entry.columns,
            "licence": entry.licence,
            "used by": ", ".join(entry.used_by),
        }
        for entry in catalogue()
    ]
    return pd.DataFrame(rows).set_index("name")


# ---------------------------------------------------------------------------------------------------------------------
# Finding and downloading files


def status(name):
    """Say where a data set is now. Nothing is downloaded.

    Parameters
    ----------
    name : str
        A name of the catalogue.

    Returns
    -------
    str
        "embedded", "in COURSE_DATA_DIR", "cached" or "not here"; "damaged" for a file in COURSE_DATA_DIR that `fetch`
        would refuse.

    Taught in: 00_start_here
    """
    entry = _entry(name)
    if entry.tier == "embedded":
        return "embedded"
    try:
        places = [_find(file)[1] for file in entry.files]
    except DatasetCorrupt:
        return "damaged"
    return "not here" if "not here" in places else places[0]


def fetch(name, number=0):
    """Find a file of a data set, verified; download it if need be.

    Parameters
    ----------
    name : str
        A name of the catalogue.
    number : int
        Which file, for the data sets that have more than one.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    DatasetUnavailable
        If the file is not on this computer and cannot be downloaded. The message says what was tried, where to put the
        file, and which data set needs no download.
    DatasetCorrupt
        If the file in COURSE_DATA_DIR is not the one that folder's SHA256SUMS lists.
    ValueError
        If there is no data set of that name, or it has no file because it is inside a package.

    Taught in: 00_start_here
    """
    entry = _entry(name)
    if number not in range(len(entry.files)):
        raise ValueError(f"number must be from 0 to {len(entry.files) - 1} for the data set {name!r}, got {number!r}")
    file = entry.files[number]
    if entry.tier == "embedded":
        if not file.path:
            raise ValueError(f"name {name!r} has no file to fetch: it comes from {file.address}. Use load_{name}()")
        return CATALOGUE_FILE.parent / file.path

    path, _, tried = _find(file)
    if path is not None:
        return path
    cause = None
    problem = _why_no_download(file)
    if problem is None:
        try:
            return _download(entry, file)
        except (OSError, ValueError) as error:  # network or disk; checksum or size
            cause = error
            problem = f"the download failed: {error}"
    raise DatasetUnavailable(_explanation(entry, file, [*tried, f"{file.address}: {problem}"])) from cause


def _find(file):
    """Look for a file on this computer. Returns its path (or None), where that is, and what was tried."""
    tried = []
    if folder := _data_dir():
        path = folder / file.path
        if path.is_file():
            _verify_listed(path, folder, file)
            return path, "in COURSE_DATA_DIR", tried
        tried.append(f"COURSE_DATA_DIR: there is no {path}")
    else:
        tried.append("COURSE_DATA_DIR: not set")
    caches = [_cache_folder()] + ([Path(_session["temporary"].name)] if _session["temporary"] else [])
    for folder in caches:
        path = folder / file.path
        if not path.is_file():
            tried.append(f"the cache: there is no {path}")
        elif path.stat().st_size > file.max_bytes or not _has_checksum(path, file.checksum):
            tried.append(f"the cache: {path} is damaged (its checksum is not {file.checksum})")
        else:
            return path, "cached", tried
    return None, "not here", tried


def _data_dir():
    value = os.environ.get("COURSE_DATA_DIR")
    if not value:
        return None
    folder = Path(value).expanduser()
    if not folder.is_dir():
        raise ValueError(f"COURSE_DATA_DIR must name a folder, got {value!r}")
    return folder


def _cache_folder():
    if value := os.environ.get("COURSE_CACHE_DIR"):
        return Path(value).expanduser()
    import pooch

    return Path(pooch.os_cache("deep-learning-in-medicine"))


def _verify_listed(path, folder, file):
    """Refuse a file of COURSE_DATA_DIR that the folder's SHA256SUMS does not vouch for."""
    sums = folder / "SHA256SUMS"
    listed = {}
    if sums.is_file():
        for line in sums.read_text(encoding="utf-8").splitlines():
            checksum, _, name = line.strip().partition(" ")
            listed[PurePosixPath(name.strip().removeprefix("*"))] = checksum  # * marks binary mode
    expected = listed.get(PurePosixPath(file.path))
    if expected is None:
        raise DatasetCorrupt(
            f"{path} cannot be verified: {sums} has no line for it. If you trust the file, add the line "
            f"'<its SHA-256>  {file.path}'"
        )
    if path.stat().st_size > file.max_bytes:
        raise DatasetCorrupt(f"{path} has {path.stat().st_size} bytes, expected at most {file.max_bytes}")
    if not _has_checksum(path, f"sha256:{expected}"):
        raise DatasetCorrupt(f"{path} is damaged or was replaced: its SHA-256 is not {expected}, as {sums} says")


def _has_checksum(path, checksum):
    algorithm, _, expected = checksum.partition(":")
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest() == expected.lower()


def _why_no_download(file):
    if os.environ.get("COURSE_OFFLINE", "0") not in ("", "0"):
        return "not tried, because COURSE_OFFLINE is set"
    host, port = _first_host(file.address)
    if not _can_connect(host, port):
        return f"no connection to {host}, port {port}, within {CONNECT_SECONDS} s"
    return None


def _first_host(address):
    """Name the computer that a download speaks to first: the proxy, in many hospitals, or the server itself."""
    url = urlsplit(address)
    proxies = {} if proxy_bypass(url.hostname) else getproxies()
    if proxy := proxies.get(url.scheme, proxies.get("all")):
        url = urlsplit(proxy if "//" in proxy else f"//{proxy}")
    return url.hostname, url.port or (443 if url.scheme == "https" else 80)


def _can_connect(host, port):
    reached = threading.Event()

    def attempt():
        with contextlib.suppress(OSError):
            socket.create_connection((host, port), timeout=CONNECT_SECONDS).close()
            reached.set()

    # In a thread, because looking up the name of a host has no time limit of its own.
    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(CONNECT_SECONDS)
    return reached.is_set()


def _download(entry, file):
    """Download into a folder of this process alone and move the verified file to its place in one step.

    So a broken download leaves nothing behind, and two processes that download at once do not meet.
    """
    import pooch

    pooch.get_logger().setLevel("WARNING")  # the progress bar says enough
    folder = _writable_cache()
    target = folder / file.path
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="download-", dir=folder) as private:
        received = pooch.retrieve(file.address, file.checksum, "file", private, downloader=_downloader(entry, file))
        os.replace(received, target)
    return target


def _writable_cache():
    folder = _cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
        return folder
    except OSError as error:
        if _session["temporary"] is None:
            _session["temporary"] = tempfile.TemporaryDirectory(prefix="deep-learning-in-medicine-")
        temporary = Path(_session["temporary"].name)
        print(
            f"Note: the cache {folder} cannot be written to ({error.strerror}). The data are kept in {temporary} until "
            "this Python process ends. To keep them, let COURSE_CACHE_DIR name a folder of yours."
        )
        return temporary


def _downloader(entry, file):
    """Make the function that pooch calls to download: with a progress bar, a stall time-out and a bound on the size."""
    import pooch
    from tqdm import tqdm

    def download(address, output_path, _):
        bar = tqdm(total=file.max_bytes, unit="B", unit_scale=True, desc=entry.name, leave=False)
        with open(output_path, "wb") as output, bar:
            http = pooch.HTTPDownloader(progressbar=bar, chunk_size=65536, timeout=STALL_SECONDS)
            http(address, _BoundedFile(output, file.max_bytes), None)

    return download


class _BoundedFile:
    """A file to write to that refuses to grow beyond a bound."""

    def __init__(self, file, max_bytes):
        self.file = file
        self.left = max_bytes
        self.flush = file.flush

    def write(self, data):
        self.left -= len(data)
        if self.left < 0:
            raise ValueError("the server sent more bytes than the data set has")
        self.file.write(data)


def _explanation(entry, file, tried):
    text = f"The data set {entry.name!r} is not on this computer and could not be downloaded. Tried:\n"
    text += "".join(f"- {line}\n" for line in tried)
    text += (
        f"To put it there by hand, download {file.address} and save it as {_cache_folder() / file.path}. Or save it as "
        f"{file.path} in a folder of your own that COURSE_DATA_DIR names, with the line '<its SHA-256>  {file.path}' "
        "in the file SHA256SUMS of that folder."
    )
    if entry.instead:
        text += f"\nInstead, load_{entry.instead}() needs no download."
    return text


# ---------------------------------------------------------------------------------------------------------------------
# Reading files that are not trusted


def _read_npz(path, expected):
    """Read an .npz file that must hold exactly the expected arrays.

    Everything is checked before memory is spent on it: a few kilobytes can unpack to gigabytes, a header can ask for
    any amount of memory, and an array of Python objects can run a program.

    Parameters
    ----------
    expected : dict
        For each array its type and shape: {"labels": ("uint8", (624, 1))}.

    Returns
    -------
    dict of numpy arrays
    """
    with open(path, "rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                return _read_members(archive, path, expected)
        except DatasetCorrupt:
            raise
        except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, RuntimeError) as error:
            raise DatasetCorrupt(f"{path} is not a sound .npz file: {error}") from error


def _read_members(archive, path, expected):
    found = sorted(member.filename for member in archive.infolist())
    if found != sorted(f"{name}.npy" for name in expected):
        raise DatasetCorrupt(f"{path} must hold the arrays {', '.join(sorted(expected))}; it holds {found}")
    arrays = {}
    for name, (dtype, shape) in expected.items():
        member = archive.getinfo(f"{name}.npy")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise DatasetCorrupt(f"{path}: {name} is compressed in a way that NumPy does not write")
        most = np.dtype(dtype).itemsize * math.prod(shape) + 1024  # and a header
        if member.file_size > most:
            raise DatasetCorrupt(f"{path}: {name} unpacks to {member.file_size} bytes, expected at most {most}")
        with archive.open(member) as stream:
            header = _read_header(stream)
        if header != (np.dtype(dtype), shape):
            raise DatasetCorrupt(f"{path}: {name} must be {dtype} {shape}, got {header[0]} {header[1]}")
        with archive.open(member) as stream:
            arrays[name] = np.lib.format.read_array(stream, allow_pickle=False)
    return arrays


def _read_header(stream):
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(stream)
    else:
        raise ValueError(f"unknown format version {version}")
    return dtype, shape


def _read_only(array):
    array.setflags(write=False)
    return array


# ---------------------------------------------------------------------------------------------------------------------
# The loaders


def _credits(name):
    """Give the fields that every data set has from the catalogue, for the loader to fill in."""
    entry = _entry(name)
    return {"name": entry.name, "licence": entry.licence, "citation": entry.citation}


@dataclass(frozen=True)
class BreastCancer:
    """What `load_breast_cancer` returns. The arrays cannot be written to: copy one to change it."""

    name: str
    features: np.ndarray  # [569, 30] float64
    labels: np.ndarray  # [569] int64, 1 = malignant
    feature_names: tuple
    label_names: tuple  # label_names[1] is the name of label 1
    groups: None  # no patient ids: see `load_breast_cancer`
    licence: str
    citation: str


def load_breast_cancer():
    """Load the Wisconsin breast cancer data: 30 measurements of cell nuclei, malignant or benign.

    The label 1 means malignant (212 of 569 aspirates), because the course calls the disease positive.
    scikit-learn, from which the data come, has it the other way round: there 1 means benign.

    Returns
    -------
    BreastCancer
        `features` [569, 30] float64, `labels` [569] int64 (1 = malignant, 0 = benign), `feature_names`,
        `label_names`, `licence`, `citation`. `groups` is None: the copy in scikit-learn has no patient ids; the paper
        describes one aspirate of each of 569 patients.

    Taught in: 00_start_here
    """
    from sklearn.datasets import load_breast_cancer as sklearn_breast_cancer

    bunch = sklearn_breast_cancer()
    return BreastCancer(
        **_credits("breast_cancer"),
        features=_read_only(bunch.data.astype(np.float64)),
        labels=_read_only((bunch.target == 0).astype(np.int64)),
        feature_names=tuple(str(name) for name in bunch.feature_names),
        label_names=("benign", "malignant"),
        groups=None,
    )


@dataclass(frozen=True)
class PneumoniaMNIST:
    """What `load_pneumoniamnist` returns. The arrays cannot be written to: copy one to change it."""

    name: str
    train_images: np.ndarray  # [4708, 28, 28] uint8
    train_labels: np.ndarray  # [4708] int64, 1 = pneumonia
    validation_images: np.ndarray  # [524, 28, 28] uint8
    validation_labels: np.ndarray  # [524] int64
    test_images: np.ndarray  # [624, 28, 28] uint8
    test_labels: np.ndarray  # [624] int64
    label_names: tuple  # label_names[1] is the name of label 1
    groups: None  # no patient ids: see `load_pneumoniamnist`
    licence: str
    citation: str


_PNEUMONIAMNIST = {"train": (4708, 3494), "val": (524, 389), "test": (624, 390)}  # images, of them pneumonia


def load_pneumoniamnist():
    """Load PneumoniaMNIST: chest X-rays of children, 28 x 28 pixels, pneumonia or normal.

    Returns
    -------
    PneumoniaMNIST
        `train_images` [4708, 28, 28], `validation_images` [524, 28, 28] and `test_images` [624, 28, 28], uint8 from 0
        (black) to 255 (white); `train_labels`, `validation_labels`, `test_labels`, int64 (1 = pneumonia, 0 = normal);
        `label_names`, `licence`, `citation`. `groups` is None: the file has no patient ids, so nobody can tell whether
        images of one child stand on both sides of a split. The catalogue lists what is known.

    Raises
    ------
    DatasetUnavailable
        If the file is not on this computer and cannot be downloaded (4 MB).
    DatasetCorrupt
        If the file is not what it should be.

    Notes
    -----
    Yang et al., Scientific Data 10:41 (2023), https://doi.org/10.1038/s41597-022-01721-8.

    Taught in: 04_1_image_diagnosis_lab
    """
    path = fetch("pneumoniamnist")
    expected = {}
    for split, (n_images, _) in _PNEUMONIAMNIST.items():
        expected[f"{split}_images"] = ("uint8", (n_images, 28, 28))
        expected[f"{split}_labels"] = ("uint8", (n_images, 1))
    arrays = _read_npz(path, expected)

    images, labels = {}, {}
    for split, (_, n_pneumonia) in _PNEUMONIAMNIST.items():
        images[split] = arrays[f"{split}_images"]
        labels[split] = arrays[f"{split}_labels"][:, 0].astype(np.int64)
        darkest, brightest = images[split].min(), images[split].max()
        if darkest > 5 or brightest < 250:
            raise DatasetCorrupt(f"{path}: {split}_images must span 0 to 255, got {darkest} to {brightest}")
        if not set(np.unique(labels[split])) <= {0, 1}:
            raise DatasetCorrupt(f"{path}: {split}_labels must be 0 or 1, got {np.unique(labels[split])}")
        if labels[split].sum() != n_pneumonia:
            raise DatasetCorrupt(f"{path}: {split}_labels has {labels[split].sum()} ones, expected {n_pneumonia}")

    return PneumoniaMNIST(
        **_credits("pneumoniamnist"),
        train_images=_read_only(images["train"]),
        train_labels=_read_only(labels["train"]),
        validation_images=_read_only(images["val"]),
        validation_labels=_read_only(labels["val"]),
        test_images=_read_only(images["test"]),
        test_labels=_read_only(labels["test"]),
        label_names=("normal", "pneumonia"),
        groups=None,
    )


@dataclass(frozen=True)
class MNI152:
    """What `load_mni152` returns. The arrays cannot be written to: copy one to change it."""

    name: str
    t1: np.ndarray  # [149, 185, 41] uint8, from 0 (outside the brain) to 239
    grey_matter: np.ndarray  # [149, 185, 41] uint8, probability times 255
    white_matter: np.ndarray  # [149, 185, 41] uint8, probability times 255
    voxel_size: tuple  # mm along each axis
    origin: tuple  # mm, where the voxel [0, 0, 0] lies in MNI space
    licence: str
    citation: str


_MNI152_SHAPE = (149, 185, 41)


def load_mni152():
    """Load 41 axial slices of the MNI152 2009a template: the average brain of 152 healthy people, without the skull.

    The first axis runs from left to right, the second from back to front, the third from bottom to top (1 mm a voxel).

    Returns
    -------
    MNI152
        `t1`, `grey_matter` and `white_matter`, each [149, 185, 41] uint8: the T1-weighted average, and the
        probability of each tissue at the voxel, times 255; `voxel_size` and `origin` in mm; `licence`, `citation`.

    Raises
    ------
    DatasetCorrupt
        If the file is not what it should be.

    Notes
    -----
    Fonov et al., NeuroImage 54:313-327 (2011), https://doi.org/10.1016/j.neuroimage.2010.07.033.

    Taught in: 03_1_1_convolutional_networks
    """
    path = fetch("mni152")
    arrays = _read_npz(path, {name: ("uint8", _MNI152_SHAPE) for name in ("t1", "grey_matter", "white_matter")})
    for name, array in arrays.items():
        if array.min() > 0 or array.max() < 230:
            raise DatasetCorrupt(f"{path}: {name} must reach from 0 to 230, got {array.min()} to {array.max()}")
    return MNI152(
        **_credits("mni152"),
        **{name: _read_only(array) for name, array in arrays.items()},
        voxel_size=(1, 1, 1),
        origin=(-74, -109, 13),
    )


@dataclass(frozen=True)
class DicomSample:
    """One image of `load_dicom_samples`. `path` leads to the DICOM file itself, for `pydicom.dcmread`."""

    modality: str  # as the file says: "CT", "MR" or "US"
    pixels: np.ndarray  # the stored values; cannot be written to
    slope: float  # physical value = slope * stored value + intercept
    intercept: float
    pixel_spacing: tuple  # mm between rows, mm between columns; None where the file does not say
    path: Path


@dataclass(frozen=True)
class DicomSamples:
    """What `load_dicom_samples` returns."""

    name: str
    ct: DicomSample  # pixels [128, 128] int16
    mr: DicomSample  # pixels [64, 64] int16
    ultrasound: DicomSample  # pixels [240, 320, 3] uint8, red, green, blue
    licence: str
    citation: str


_DICOM_SAMPLES = {  # our name: the attribute of pydicom.examples, and what its file must hold
    "ct": ("ct", "CT", "int16", (128, 128), "MONOCHROME2", (0.661468, 0.661468)),
    "mr": ("mr", "MR", "int16", (64, 64), "MONOCHROME2", (0.3125, 0.3125)),
    "ultrasound": ("rgb_color", "US", "uint8", (240, 320, 3), "RGB", None),
}


def load_dicom_samples():
    """Load three real medical images in the format of the clinic: a CT slice, an MR slice, an ultrasound picture.

    They come inside the package pydicom. Rows run from top to bottom, columns from left to right, as on a screen: show
    them without `.T` and with `origin="upper"`, the default of `plt.imshow`.

    Returns
    -------
    DicomSamples
        `ct`, `mr` and `ultrasound`, each a `DicomSample` with `modality`, `pixels` (the stored values), `slope` and
        `intercept` (for the CT: Hounsfield units = slope * pixels + intercept), `pixel_spacing` in mm, and `path`, the
        DICOM file with all its tags; `licence`, `citation`.

    Raises
    ------
    DatasetCorrupt
        If a file is not the sample it should be, for example because another version of pydicom has other samples.

    Notes
    -----
    pydicom describes the files in pydicom/data/test_files/README.txt.

    Taught in: 03_1_1_convolutional_networks
    """
    return DicomSamples(
        **_credits("dicom_samples"),
        **{name: _read_dicom_sample(*expected) for name, expected in _DICOM_SAMPLES.items()},
    )


def _read_dicom_sample(attribute, modality, dtype, shape, colours, spacing):
    from pydicom import dcmread, examples  # here, so that importing this module stays instant

    path = examples.get_path(attribute)
    try:
        dataset = dcmread(path)
        pixels = dataset.pixel_array
        found = {
            "Modality": dataset.Modality,
            "PhotometricInterpretation": dataset.PhotometricInterpretation,
            "PixelSpacing": tuple(map(float, dataset.PixelSpacing)) if "PixelSpacing" in dataset else None,
            "PixelData": f"{pixels.dtype} {pixels.shape}",
        }
    except Exception as error:  # pydicom raises many kinds, down to KeyError, on damaged files
        raise DatasetCorrupt(f"{path} is not a sound DICOM image: {type(error).__name__}: {error}") from error
    expected = {
        "Modality": modality,
        "PhotometricInterpretation": colours,
        "PixelSpacing": spacing,
        "PixelData": f"{dtype} {shape}",
    }
    for tag, value in expected.items():
        if found[tag] != value:
            raise DatasetCorrupt(f"{path}: {tag} must be {value}, got {found[tag]}")
    return DicomSample(
        modality=modality,
        pixels=_read_only(pixels.copy()),
        slope=float(dataset.get("RescaleSlope", 1)),
        intercept=float(dataset.get("RescaleIntercept", 0)),
        pixel_spacing=spacing,
        path=path,
    )


@dataclass(frozen=True)
class BrainLesions:
    """What `load_brain_lesions` returns. The arrays cannot be written to: copy one to change it."""

    name: str
    images: np.ndarray  # [n, size, size] float32, from 0 to 1
    labels: np.ndarray  # [n] int64, the patient's label on every slice, 1 = has lesions
    masks: np.ndarray  # [n, size, size] bool, the pixels of lesions
    patients: np.ndarray  # [n] int64: group ids, one for each patient
    visible: np.ndarray  # [n] bool, whether the slice shows a lesion
    label_names: tuple  # label_names[1] is the name of label 1
    licence: str
    citation: str


def load_brain_lesions(n_patients=250, slices_per_patient=8, size=64, lesions=True, seed=0):
    """Simulate patients with and without brain lesions: *simulated lesions on an average of 152 healthy brains*.

    Nobody was scanned for these images. They exist to show how methods behave where the truth is known: which pixels
    are lesion, which slices belong to one patient. What works here need not work on patients.

    Parameters
    ----------
    n_patients : int
        Even and at least 4; half of the patients have lesions.
    slices_per_patient : int
        From 1 to 41.
    size : int
        32, 64 or 128 pixels along each side of the 200 mm field of view.
    lesions : bool
        False: the same brains without lesions, so that the labels mean nothing.
    seed : int
        Not negative. Another seed gives other patients.

    Returns
    -------
    BrainLesions
        One row for each slice, n = n_patients * slices_per_patient: `images` [n, size, size] float32 from 0 to 1,
        `labels` [n] (the patient's label, 1 = has lesions), `masks` [n, size, size] (exact), `patients` [n] (group
        ids), `visible` [n] (some slices of a patient with lesions show none), `label_names`, `licence`, `citation`.
        The first pixel axis runs from left to right, the second from back to front: show `image.T` with
        `origin="lower"`.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range or no whole number: see `brain_lesions.simulate_brain_lesions`.

    Notes
    -----
    The simulator and its constants are in `course_utils.brain_lesions`.

    `benchmarks/brain_lesions.py` measured, on five seeds that were not looked at while the simulator was adjusted, with
    a network of 34,573 parameters trained for at most 34 CPU seconds on 70 % of the patients:

    * over unseen patients, each scored by the mean of the slices, an AUC of 0.82 to 0.97 (mean
      0.90); logistic regression on intensity statistics has 0.55 to 0.73 (mean 0.63);
    * over slices, a mean AUC of 0.80 under a split by patient, and 0.90 under a split by slice;
    * with `lesions=False`, where there is nothing to find, 0.65 to 0.74 under a split by slice, and
      0.44 to 0.52 under a split by patient (its 95 % interval contains 0.5 on 5 of 5 seeds).

    Taught in: 03_1_2_training_and_optimisation
    """
    from course_utils.brain_lesions import simulate_brain_lesions  # here, so that importing this module stays instant

    template = load_mni152()
    brains = simulate_brain_lesions(
        template.t1 / 255, template.white_matter / 255, n_patients, slices_per_patient, size, lesions, seed
    )
    return BrainLesions(
        **_credits("brain_lesions"),
        **{name: _read_only(array) for name, array in vars(brains).items()},
        label_names=("no lesion", "lesion"),
    )


@dataclass(frozen=True)
class SplitBrainLesions:
    """What `split_brain_lesions` returns: the fields of `PneumoniaMNIST`, and the patient of each image."""

    name: str
    train_images: np.ndarray  # [n, 32, 32] uint8
    train_labels: np.ndarray  # [n] int64, 1 = the patient has lesions
    train_groups: np.ndarray  # [n] int64, patient ids
    validation_images: np.ndarray
    validation_labels: np.ndarray
    validation_groups: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    test_groups: np.ndarray
    label_names: tuple
    licence: str
    citation: str


def split_brain_lesions(n_patients=240, slices_per_patient=8, seed=0):
    """Simulate brain lesions at 32 x 32 pixels and split them by patient, in the form of `load_pneumoniamnist`.

    For labs that are written for PneumoniaMNIST, where that file cannot be had. *Simulated lesions on an average of
    152 healthy brains*: see `load_brain_lesions`.

    Parameters
    ----------
    n_patients : int
        A multiple of 20. Of ten patients six are for training, two for validation, two for testing;
        half of the patients have lesions.
    slices_per_patient : int
        From 1 to 41.
    seed : int
        Of the simulation and of the split.

    Returns
    -------
    SplitBrainLesions

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range: see `load_brain_lesions`.

    Taught in: 04_1_image_diagnosis_lab
    """
    if n_patients % 20 or n_patients < 20:
        raise ValueError(f"n_patients must be a positive multiple of 20, got {n_patients}")
    brains = load_brain_lesions(n_patients, slices_per_patient, size=32, seed=seed)
    patients, first_rows = np.unique(brains.patients, return_index=True)
    rng = np.random.default_rng(seed)
    chosen = {"train": [], "validation": [], "test": []}
    for label in (0, 1):
        group = rng.permutation(patients[brains.labels[first_rows] == label])
        parts = np.split(group, [len(group) * 6 // 10, len(group) * 8 // 10])
        for side, part in zip(chosen.values(), parts, strict=True):
            side.append(part)

    arrays = {}
    for side, parts in chosen.items():
        rows = np.isin(brains.patients, np.concatenate(parts))
        arrays[f"{side}_images"] = _read_only(np.round(brains.images[rows] * 255).astype(np.uint8))
        arrays[f"{side}_labels"] = _read_only(brains.labels[rows])
        arrays[f"{side}_groups"] = _read_only(brains.patients[rows])
    return SplitBrainLesions(
        name=brains.name,
        **arrays,
        label_names=brains.label_names,
        licence=brains.licence,
        citation=brains.citation,
    )


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


_BRCA1_SHAPE = (55, 3009)


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
    Murphy et al., Science 294:2348-2351 (2001), https://doi.org/10.1126/science.1067179.

    Taught in: 03_3_1_sequence_alignment
    """
    from Bio.Data.CodonTable import standard_dna_table  # here, so that importing this module stays instant

    path = fetch("brca1")
    arrays = _read_npz(path, {"names": ("<U10", _BRCA1_SHAPE[:1]), "alignment": ("S1", _BRCA1_SHAPE)})
    alignment = arrays["alignment"].astype("U1")
    if strange := set(np.unique(alignment)) - set("ACGTNRYM-"):
        raise DatasetCorrupt(f"{path}: alignment must hold A C G T N R Y M and -, got {sorted(strange)}")
    amino_acids = standard_dna_table.forward_table | {"---": "-"}
    codons = np.char.add(np.char.add(alignment[:, ::3], alignment[:, 1::3]), alignment[:, 2::3])
    kinds, which = np.unique(codons, return_inverse=True)
    protein = np.array([amino_acids.get(codon, "X") for codon in kinds])[which].reshape(codons.shape)
    return BRCA1(
        **_credits("brca1"),
        species=tuple(str(name) for name in arrays["names"]),
        alignment=_read_only(alignment),
        protein=_read_only(protein),
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


_AMINO_ACIDS = frozenset("ACDEFGHIKLMNPQRSTVWY")


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
    path = fetch("globins")
    arrays = _read_npz(path, {"names": ("<U11", (80,)), "sequences": ("<U1520", (80,)), "families": ("<U9", (80,))})
    arrays = {name: tuple(str(value) for value in array) for name, array in arrays.items()}
    if strange := set("".join(arrays["sequences"])) - _AMINO_ACIDS:
        raise DatasetCorrupt(f"{path}: sequences must hold the 20 standard amino acids, got {sorted(strange)}")
    if strange := set(arrays["families"]) - {"alpha", "beta", "myoglobin", "other"}:
        raise DatasetCorrupt(f"{path}: families must be alpha, beta, myoglobin or other, got {sorted(strange)}")
    return Globins(**_credits("globins"), **arrays)


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
    path = fetch("emboss_pairs")
    texts = {"programs": 7, "files": 28, "sequences_a": 3546, "sequences_b": 2558, "rows_a": 3653, "rows_b": 3653}
    layout = {name: (f"<U{length}", (16,)) for name, length in (texts | {"matrices": 9}).items()}
    layout |= {name: ("float64", (16,)) for name in ("gap_open", "gap_extend", "scores")}
    arrays = {name: tuple(array.tolist()) for name, array in _read_npz(path, layout).items()}
    if strange := set(arrays["matrices"]) - set(_EMBOSS_MATRICES):
        raise DatasetCorrupt(f"{path}: matrices must be EBLOSUM62 or EDNAFULL, got {sorted(strange)}")
    for side in "ab":
        for row, sequence in zip(arrays[f"rows_{side}"], arrays[f"sequences_{side}"], strict=True):
            if row.replace("-", "") not in sequence:
                raise DatasetCorrupt(f"{path}: rows_{side} must be parts of sequences_{side}, got {row[:40]!r} ...")
    arrays["matrices"] = tuple(_EMBOSS_MATRICES[name] for name in arrays["matrices"])
    return EmbossPairs(**_credits("emboss_pairs"), **arrays)


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
_PROTEIN_CHAINS, _PROTEIN_FAMILIES, _PROTEIN_RESIDUES = 137, 96, 28515


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
    shorter one with an E-value below 0.001; a family is all that is linked through such pairs. `data/make_data.py` has
    the recipe.

    Taught in: 03_3_2_protein_structure_prediction
    """
    path = fetch("protein_chains")
    n, n_residues = _PROTEIN_CHAINS, _PROTEIN_RESIDUES
    arrays = _read_npz(
        path,
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
    lengths, families, representative = arrays["lengths"], arrays["families"], arrays["representative"]
    if lengths.min() < 30 or lengths.sum() != n_residues:
        raise DatasetCorrupt(f"{path}: lengths must be at least 30 and sum to {n_residues}, got {lengths.tolist()}")
    letters = arrays["residues"].tobytes().decode("latin-1")
    if not set(letters) <= _AMINO_ACIDS:
        raise DatasetCorrupt(f"{path}: residues must be amino acids, got {sorted(set(letters) - _AMINO_ACIDS)}")
    if arrays["labels"].max() > 2:
        raise DatasetCorrupt(f"{path}: labels must be 0, 1 or 2, got {np.unique(arrays['labels'])}")
    if set(families.tolist()) != set(range(_PROTEIN_FAMILIES)):
        raise DatasetCorrupt(f"{path}: families must be numbered from 0 to {_PROTEIN_FAMILIES - 1}")
    if sorted(families[representative].tolist()) != list(range(_PROTEIN_FAMILIES)):
        raise DatasetCorrupt(f"{path}: representative must name one chain of each family")
    bonds = np.linalg.norm((arrays["beta"].astype(float) - arrays["coordinates"]) / 10, axis=1)
    if ((bonds > 0) & ((bonds < 1.3) | (bonds > 1.8))).any():  # a bond of 1.53 Angstrom, coordinates to 0.1
        raise DatasetCorrupt(f"{path}: beta must lie 1.3 to 1.8 Angstrom from coordinates, or on them")
    names = tuple(arrays["names"].tolist())
    return ProteinChains(
        **_credits("protein_chains"),
        names=names,
        sequences=tuple(part.tobytes().decode("ascii") for part in _chains(arrays["residues"], lengths)),
        labels=_chains(arrays["labels"].astype(np.int64), lengths),
        coordinates=_chains(arrays["coordinates"] / 10, lengths),
        beta_coordinates=_chains(arrays["beta"] / 10, lengths),
        numbers=_chains(arrays["numbers"].astype(np.int64), lengths),
        families=_read_only(families.astype(np.int64)),
        representative=_read_only(representative),
        ribosome=_read_only(np.array([name.startswith("6ZU5_") for name in names])),
        label_names=_SECONDARY_STRUCTURE,
    )


def _chains(array, lengths):
    """Cut an array of the residues of all chains into one read-only array for each chain."""
    return tuple(_read_only(part.copy()) for part in np.split(array, np.cumsum(lengths)[:-1]))


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


_PROTEIN_PROFILES, _PROFILE_RESIDUES = 21, 3896


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
    `data/make_data.py` has the recipe.

    Taught in: 03_3_2_protein_structure_prediction
    """
    path = fetch("protein_profiles")
    n, n_residues = _PROTEIN_PROFILES, _PROFILE_RESIDUES
    arrays = _read_npz(
        path,
        {
            "names": ("<U8", (n,)),
            "models": ("<U7", (n,)),
            "lengths": ("int32", (n,)),
            "aligned": ("bool", (n_residues,)),
            "profiles": ("int16", (n_residues, 20)),
        },
    )
    lengths, aligned, profiles = arrays["lengths"], arrays["aligned"], arrays["profiles"] / 1000
    if lengths.min() < 30 or lengths.sum() != n_residues:
        raise DatasetCorrupt(f"{path}: lengths must be at least 30 and sum to {n_residues}, got {lengths.tolist()}")
    sums = profiles.sum(axis=1)
    if profiles.min() < 0 or np.abs(sums - aligned).max() > 0.011:  # twenty numbers, each rounded to 0.001
        raise DatasetCorrupt(f"{path}: profiles must hold shares that sum to 1 where aligned, and zeros elsewhere")
    profiles = profiles / np.where(aligned, sums, 1)[:, None]
    return ProteinProfiles(
        **_credits("protein_profiles"),
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


_RECEPTOR_RESIDUES = 325


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
    path = fetch("predicted_receptor")
    n = _RECEPTOR_RESIDUES
    arrays = _read_npz(path, {"residues": ("uint8", (n,)), "coordinates": ("int16", (n, 3)), "plddt": ("int16", (n,))})
    sequence = arrays["residues"].tobytes().decode("latin-1")
    if not set(sequence) <= _AMINO_ACIDS:
        raise DatasetCorrupt(f"{path}: residues must be amino acids, got {sorted(set(sequence) - _AMINO_ACIDS)}")
    if arrays["plddt"].min() < 0 or arrays["plddt"].max() > 10_000:
        raise DatasetCorrupt(f"{path}: plddt must be hundredths from 0 to 100, got {arrays['plddt'].max()}")
    return PredictedReceptor(
        **_credits("predicted_receptor"),
        sequence=sequence,
        coordinates=_read_only(arrays["coordinates"] / 10),
        plddt=_read_only(arrays["plddt"] / 100),
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
        path = fetch("qian_sejnowski", number)
        chains = _read_qian_sejnowski(path)
        if (found := (len(chains), sum(len(letters) for letters, _ in chains))) != expected:
            raise DatasetCorrupt(f"{path} must hold {expected[0]} chains and {expected[1]} residues, got {found}")
        fields[f"{split}_sequences"] = tuple(letters for letters, _ in chains)
        fields[f"{split}_labels"] = tuple(_read_only(np.array(labels, dtype=np.int64)) for _, labels in chains)
    return QianSejnowski(
        **_credits("qian_sejnowski"),
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
                raise DatasetCorrupt(f"{path}, line {number}: must be an amino acid and h, e or _, got {line[:40]!r}")
    return [("".join(letters), labels) for letters, labels in chains if letters]


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
    path = fetch("uci_splice")
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except UnicodeDecodeError as error:
        raise DatasetCorrupt(f"{path}: must be plain text: {error}") from None
    windows, labels, names = [], [], []
    for number, line in enumerate(lines, start=1):
        found = _SPLICE_LINE.fullmatch(line.strip())
        if not found or (found[1], found[3]) not in _SPLICE_CLASSES:
            raise DatasetCorrupt(f"{path}, line {number}: must be class, name and 60 letters, got {line[:60]!r}")
        windows.append(found[4])
        labels.append(_SPLICE_CLASSES[found[1], found[3]])
        names.append(found[2])
    counts = tuple(labels.count(label) for label in range(3))
    if counts != _SPLICE_COUNTS:
        raise DatasetCorrupt(f"{path}: must hold {_SPLICE_COUNTS} windows of N, EI and IE, got {counts}")
    windows, names = np.array(windows), np.array(names)
    return UCISplice(
        **_credits("uci_splice"),
        windows=_read_only(windows),
        labels=_read_only(np.array(labels, dtype=np.int64)),
        groups=_read_only(_groups_of_windows(windows, names, _SPLICE_ALIKE)),
        entries=_read_only(names),
        label_names=("neither", "donor (EI)", "acceptor (IE)"),
        middle=30,
    )


def _groups_of_windows(windows, names, alike):
    """Number the groups: windows of one name, or with at least `alike` letters in common, are linked (also in chains).

    Windows have one length; letters are compared place by place.
    """
    letters = np.array([list(window) for window in windows])
    same = sum((letters == letter).astype(np.float32) @ (letters == letter).astype(np.float32).T for letter in "ACGT")
    linked = (same >= alike) | (names[:, np.newaxis] == names)
    groups = np.full(len(windows), -1, dtype=np.int64)
    for start in range(len(windows)):
        if groups[start] < 0:
            reached = [start]
            groups[start] = number = groups.max() + 1
            while reached:
                new = np.flatnonzero(linked[reached.pop()] & (groups < 0))
                groups[new] = number
                reached.extend(new.tolist())
    return groups


@dataclass(frozen=True)
class SpliceDonors:
    """What `load_splice_donors` returns: the fields of `UCISplice`. The arrays cannot be written to."""

    name: str
    windows: np.ndarray  # [n] texts of 9 letters
    labels: np.ndarray  # [n] int64, 0 = GT without a known splice site, 1 = donor
    groups: np.ndarray  # [n] int64
    label_names: tuple
    middle: int
    licence: str
    citation: str


_DONOR_COUNTS = (2680, 1500)  # decoys, donors


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
        same letters; every other donor has its own; `label_names`, `middle` (3), `licence`, `citation`.

    Raises
    ------
    DatasetCorrupt
        If the file is not what it should be.

    Notes
    -----
    Sites: the file ss_sequences.txt of logomaker, from the GENCODE annotation of hg38. Decoys: see `load_brca1`.

    Taught in: 04_3_biological_sequences_lab
    """
    path = fetch("splice_donors")
    n = sum(_DONOR_COUNTS)
    arrays = _read_npz(path, {"letters": ("uint8", (n, 9)), "labels": ("uint8", (n,)), "groups": ("int16", (n,))})
    letters, labels = arrays["letters"], arrays["labels"].astype(np.int64)
    if not set(np.unique(letters)) <= set(b"ACGT"):
        raise DatasetCorrupt(f"{path}: letters must be A, C, G or T, got {bytes(np.unique(letters))!r}")
    windows = letters.view("S9")[:, 0].astype("U9")
    if not all(window[3:5] == "GT" for window in windows):
        raise DatasetCorrupt(f"{path}: every window must have GT at letters 3 and 4")
    counts = tuple(int((labels == label).sum()) for label in (0, 1))
    if counts != _DONOR_COUNTS:
        raise DatasetCorrupt(f"{path}: must hold {_DONOR_COUNTS} decoys and donors, got {counts}")
    return SpliceDonors(
        **_credits("splice_donors"),
        windows=_read_only(windows),
        labels=_read_only(labels),
        groups=_read_only(arrays["groups"].astype(np.int64)),
        label_names=("decoy", "donor"),
        middle=3,
    )
