"""The files of the data sets: found, downloaded, verified, and read without being trusted."""

import contextlib
import hashlib
import io
import math
import os
import re
import socket
import struct
import tempfile
import threading
import zipfile
import zlib
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies

import numpy as np

from course_utils import _checks
from course_utils.datasets.catalogue import data_folder, find_entry

CONNECT_SECONDS = 3  # how long the one attempt to reach the server may take
STALL_SECONDS = 30  # a download that stays silent for so long is given up

_session = {"temporary": None}  # stands in for a cache that cannot be written to


class DatasetUnavailable(FileNotFoundError):
    """A benchmark data set is not on this computer and could not be downloaded."""


class DatasetCorrupt(ValueError):
    """A file was found, but it is not the data set it should be."""


# --- finding files -----------------------------------------------------------------------------------------------


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
    """
    entry = find_entry(name)
    if entry.tier == "embedded":
        return "embedded"
    try:
        places = [_find(entry, file)[1] for file in entry.files]
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
        An embedded file is verified by its loader, array for array.

    Raises
    ------
    DatasetUnavailable
        If the file is not on this computer and cannot be downloaded. The message says what was tried, where to put the
        file, and which data set needs no download.
    DatasetCorrupt
        If the file in COURSE_DATA_DIR is not the one that folder's SHA256SUMS lists.
    ValueError, TypeError
        If there is no data set of that name, it has no such file, or it has no file because it is inside a package.
    """
    entry = find_entry(name)
    file = entry.files[_checks.integer(number, "number", least=0, most=len(entry.files) - 1)]
    if entry.tier == "embedded":
        if not file.path:
            raise ValueError(f"name {name!r} has no file to fetch: it comes from {file.address}. Use load_{name}()")
        return data_folder() / file.path

    path, _, tried = _find(entry, file)
    if path is not None:
        return path
    try:
        problem = _why_no_download(file)
        if problem is None:
            return _download(entry, file)
    except Exception as error:  # network, disk, checksum, size; an odd proxy setting raises almost anything
        problem = f"the download failed: {type(error).__name__}: {without_secrets(str(error))}"
    # Raised out here, so that the traceback does not show the first error, which may name a proxy's password.
    raise DatasetUnavailable(_explanation(entry, file, [*tried, f"{file.address}: {problem}"]))


def _find(entry, file):
    """Look for a file on this computer. Returns its path (or None), where that is, and what was tried."""
    tried = []
    if folder := _data_dir():
        path = folder / file.path
        if os.path.isfile(path):
            _verify_listed(path, folder, entry, file)
            return path, "in COURSE_DATA_DIR", tried
        tried.append(f"COURSE_DATA_DIR: there is no {path}")
    else:
        tried.append("COURSE_DATA_DIR: not set")
    caches = [cache_folder(), Path(_session["temporary"].name) if _session["temporary"] else None]
    if not any(caches):
        tried.append("the cache: this computer names no folder for it")
    for path in [folder / file.path for folder in caches if folder]:
        try:
            if not os.path.isfile(path):
                tried.append(f"the cache: there is no {path}")
            elif path.stat().st_size > file.max_bytes or not _has_checksum(path, file.checksum):
                tried.append(f"the cache: {path} is damaged (its checksum is not {file.checksum})")
            else:
                return path, "cached", tried
        except OSError as error:
            tried.append(f"the cache: {path} cannot be read ({error.strerror})")
    return None, "not here", tried


def _data_dir():
    value = os.environ.get("COURSE_DATA_DIR")
    if not value:
        return None
    folder = os.path.expanduser(value)
    if not os.path.isdir(folder):
        raise ValueError(f"COURSE_DATA_DIR must name a folder, got {value!r}")
    return Path(folder)


def cache_folder():
    """Name the folder for downloads, or None where there is no home folder to put it in."""
    import platformdirs

    try:
        value = os.environ.get("COURSE_CACHE_DIR") or platformdirs.user_cache_dir("deep-learning-in-medicine")
    except RuntimeError:  # older versions of platformdirs return "~/.cache/..."
        return None
    folder = os.path.expanduser(value)
    return None if folder.startswith("~") else Path(folder)


def _verify_listed(path, folder, entry, file):
    """Refuse a file of COURSE_DATA_DIR that the folder's SHA256SUMS does not vouch for."""
    sums = folder / "SHA256SUMS"
    try:
        expected = _listed_checksums(sums, file.path)
        if not expected:
            raise DatasetCorrupt(
                f"{path} cannot be verified: {sums} has no line with a SHA-256 for it. If you trust the file, add the "
                f"line '<its SHA-256>  {file.path}'"
            )
        if len(expected) > 1:
            raise DatasetCorrupt(f"{path} cannot be verified: {sums} has {len(expected)} different lines for it")
        if path.stat().st_size > file.max_bytes:
            size = f"has {path.stat().st_size} bytes, expected at most {file.max_bytes}"
            raise DatasetCorrupt(f"{path} {size}. {_contents(path)}{_expected(entry, file)}")
        if not _has_checksum(path, f"sha256:{expected[0]}"):
            raise DatasetCorrupt(f"{path} is damaged or was replaced: its SHA-256 is not {expected[0]}, as {sums} says")
    except OSError as error:
        raise DatasetCorrupt(f"{path} cannot be verified: {error.filename} cannot be read: {error.strerror}") from None


def _listed_checksums(sums, path):
    """Read the different SHA-256 that a file SHA256SUMS lists for a path: one, when all is well.

    Checksums and our paths are ASCII: with Latin-1, and without zero bytes, they are found in UTF-8, with or without a
    byte order mark, in UTF-16 and in any other code of Windows. A line is "<sum>  path", "<sum> *path", with tabs or
    backslashes, or, as BSD and OpenSSL have it, "SHA256 (path) = <sum>".
    """
    found = set()
    text = sums.read_bytes().replace(b"\0", b"").decode("latin-1") if os.path.isfile(sums) else ""
    for line in re.split(r"[\r\n]+", text):
        if match := re.search(r"(?<![0-9A-Za-z])[0-9a-fA-F]{64}(?![0-9A-Za-z])", line):
            bsd = re.search(r"\((.*)\)\s*=\s*$", line[: match.start()])
            name = (bsd[1] if bsd else line[match.end() :]).strip(" \t*'\",").replace("\\", "/").removeprefix("./")
            if f"/{name}".endswith(f"/{path}"):
                found.add(match[0].lower())
    return sorted(found)


def _has_checksum(path, checksum):
    algorithm, _, expected = checksum.partition(":")
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest() == expected.lower()


def _expected(entry, file):
    """Say in words what a file should have been."""
    return f"Expected is {entry.title} ({entry.rows}; {entry.columns}), from {file.address}"


def _contents(path):
    """Say in words what an .npz file holds; "" for any other file. Only the heads of the arrays are read."""
    with contextlib.suppress(OSError, ValueError, zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error):
        parts = []
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist()[:6]:
                dtype, shape = _read_header(archive, member)
                name = member.filename.removesuffix(".npy")
                pixels = f": {shape[1]} x {shape[2]} pixels" if name.endswith("images") and len(shape) > 2 else ""
                pixels += " in colour" if pixels and shape[3:] == (3,) else ""
                parts.append(f"{name} ({dtype} {shape}{pixels})")
        return f"It holds {', '.join(parts)}. "
    return ""


# --- downloading -------------------------------------------------------------------------------------------------


def _why_no_download(file):
    if os.environ.get("COURSE_OFFLINE", "0") not in ("", "0"):
        return "not tried, because COURSE_OFFLINE is set"
    host, port = _first_host(file.address)
    if not _can_connect(host, port):
        return f"no connection to {host}, port {port}, within {CONNECT_SECONDS} s"
    return None


def _first_host(address):
    """Name the computer that a download speaks to first: the proxy, in many hospitals, or the server itself.

    The proxy is the one that `requests` will use for the download, without the user's name and password.
    """
    from requests.utils import get_environ_proxies, select_proxy

    proxy = select_proxy(address, get_environ_proxies(address))
    place = proxy or address
    scheme, place = place.split("://", 1) if "://" in place else ("http", place)
    if proxy:
        place = place.rpartition("@")[2]
    try:
        url = urlsplit(f"//{place}")
        host, port = url.hostname, url.port or {"https": 443, "socks5": 1080, "socks5h": 1080}.get(scheme, 80)
    except ValueError:
        host = None
    if host is None:
        raise ValueError("the proxy setting of this computer cannot be understood")
    return host, port


def _can_connect(host, port):
    reached = threading.Event()

    def attempt():
        with contextlib.suppress(OSError, ValueError):  # ValueError: what cannot be the name of a host
            socket.create_connection((host, port), timeout=CONNECT_SECONDS).close()
            reached.set()

    # In a thread, because looking up the name of a host has no time limit of its own.
    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(CONNECT_SECONDS)
    return reached.is_set()


def without_secrets(text):
    """Return a text, or a sentence in its place if it holds a piece of a user's name or password.

    They stand in the settings of a proxy or of a package index, as in "http://anna:password@proxy:3128". Libraries cut
    such a setting at odd places before they complain, so every piece of three characters or more is looked for.
    """
    settings = [value for name, value in os.environ.items() if name.lower().endswith(("_proxy", "_url"))]
    pieces = set()
    for setting in [*settings, *getproxies().values()]:
        user = setting.rpartition("@")[0].split("://", 1)[-1].lower()
        pieces |= {user, user.partition(":")[2], *re.split(r"\W+", user), *re.split(r"\W+", unquote(user))}
    secret = any(piece in text.lower() for piece in pieces if len(piece) > 2)
    hidden = "(its text is not shown: it names the user or the password of a proxy)"
    return hidden if secret or re.search(r"//\S*@", text) else text


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
    folder = cache_folder()
    try:
        if folder is None:
            raise FileNotFoundError(None, "there is no home folder")
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
        return folder
    except OSError as error:
        if _session["temporary"] is None:
            _session["temporary"] = tempfile.TemporaryDirectory(prefix="deep-learning-in-medicine-")
        temporary = Path(_session["temporary"].name)
        print(
            f"Note: the cache {folder or ''} cannot be written to ({error.strerror}). The data are kept in {temporary} "
            "until this Python process ends. To keep them, let COURSE_CACHE_DIR name a folder of yours."
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
    if folder := cache_folder():
        text += f"To put it there by hand, download {file.address} and save it as {folder / file.path}. Or save it as "
    else:
        text += f"To put it there by hand, download {file.address} and save it as "
    text += (
        f"{file.path} in a folder of your own that COURSE_DATA_DIR names, with the line '<its SHA-256>  {file.path}' "
        "in the file SHA256SUMS of that folder."
    )
    if entry.instead:
        text += f"\nInstead, load_{entry.instead}() needs no download."
    return text


# --- reading files that are not trusted --------------------------------------------------------------------------


def load_npz(name, layout):
    """Read the one .npz file of a data set, which must hold exactly the arrays of the layout.

    A frozen file must hold the very arrays that the catalogue describes. What a benchmark file holds is for its loader
    to verify.

    Parameters
    ----------
    name : str
        A name of the catalogue.
    layout : dict
        For each array its type and shape: {"labels": ("uint8", (624, 1))}.

    Returns
    -------
    dict of numpy arrays
        Read-only.

    Raises
    ------
    DatasetCorrupt
        If the file is another. The message names it.
    DatasetUnavailable
        If a benchmark file cannot be had.
    """
    path = fetch(name)
    entry = find_entry(name)
    try:
        arrays = read_npz(path, layout)
    except DatasetCorrupt as error:
        if entry.tier == "embedded":
            raise
        raise DatasetCorrupt(f"{error}. {_contents(path)}{_expected(entry, entry.files[0])}") from None
    if entry.tier == "embedded":
        verify_arrays(name, arrays, path)
    return {key: read_only(array) for key, array in arrays.items()}


def verify_arrays(name, arrays, place):
    """Refuse arrays that are not those of the catalogue. `place` names the file or the package that they come from."""
    expected, found = find_entry(name).files[0].checksum, array_checksum(arrays)
    if found != expected:
        raise DatasetCorrupt(
            f"{place} was changed: it does not hold the data set {name!r} of the catalogue ({found}, expected "
            f"{expected}). Take it from a fresh copy"
        )


def array_checksum(arrays):
    """Compute a checksum over names, types, shapes and contents of arrays.

    Parameters
    ----------
    arrays : mapping from name to numpy array
        Such as a dict, or what `np.load` returns for an .npz file. The order does not matter.

    Returns
    -------
    str
        "arrays:" and 64 hexadecimal digits, the same on every machine.
    """
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = portable(arrays[name], name)
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return f"arrays:{digest.hexdigest()}"


def portable(array, name):
    """Return an array in the byte order that every machine reads; Python objects are refused."""
    array = np.asarray(array)
    if array.dtype.hasobject:
        raise TypeError(
            f"array {name!r} holds Python objects: it could be saved only with pickle, which is never loaded"
        )
    return np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False).reshape(array.shape)


def read_npz(path, layout):
    """Read an .npz file that must hold exactly the arrays of the layout: see `load_npz`.

    Everything is checked before memory is spent on it: a few kilobytes can unpack to gigabytes, a header can ask for
    any amount of memory, and an array of Python objects can run a program.
    """
    with open(path, "rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                return _read_members(archive, path, layout)
        except DatasetCorrupt:
            raise
        except (
            zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, RuntimeError, MemoryError
        ) as error:  # fmt: skip
            raise DatasetCorrupt(f"{path} is not a sound .npz file: {error}") from error


def _read_members(archive, path, layout):
    found = sorted(member.filename for member in archive.infolist())
    if found != sorted(f"{name}.npy" for name in layout):
        raise DatasetCorrupt(f"{path} must hold the arrays {', '.join(sorted(layout))}; it holds {found}")
    arrays = {}
    for name, (dtype, shape) in layout.items():
        member = archive.getinfo(f"{name}.npy")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise DatasetCorrupt(f"{path}: {name} is compressed in a way that NumPy does not write")
        header = _read_header(archive, member)
        if header != (np.dtype(dtype), shape):
            raise DatasetCorrupt(f"{path}: {name} must be {dtype} {shape}, got {header[0]} {header[1]}")
        most = np.dtype(dtype).itemsize * math.prod(shape) + 1024  # and a header
        if member.file_size > most:
            raise DatasetCorrupt(f"{path}: {name} unpacks to {member.file_size} bytes, expected at most {most}")
        with archive.open(member) as stream:
            arrays[name] = np.lib.format.read_array(stream, allow_pickle=False)
    return arrays


def _read_header(archive, member):
    """Read type and shape of an array; no more than a few kilobytes are unpacked, whatever the header says."""
    with archive.open(member) as packed:
        stream = io.BytesIO(packed.read(4096))
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(stream)
    else:
        raise ValueError(f"unknown format version {version}")
    return dtype, shape


def read_only(array):
    """Return an array that cannot be written to: the array itself, with its flag set."""
    array.setflags(write=False)
    return array
