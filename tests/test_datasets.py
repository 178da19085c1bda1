"""The data sets: where they are looked for, what is refused, and what the loaders return.

No test speaks to another computer: the downloads come from a web server that the test itself starts (http_server.py).
"""

import hashlib
import inspect
import io
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import zipfile
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest
import yaml
from Bio.Seq import Seq

from course_utils import datasets, sequences

sys.path.insert(0, str(Path(__file__).parent))
from http_server import serving  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
REAL_MIRROR = os.environ.get("COURSE_DATA_DIR")
BODY = bytes(range(256)) * 16
PATH = "tiny/tiny.npz"


@pytest.fixture(autouse=True)
def no_other_computer(monkeypatch):
    """Refuse every connection that leaves this computer."""
    connect = socket.socket.connect

    def connect_here(self, address):
        assert address[0] in ("127.0.0.1", "::1"), f"a test tried to reach {address}"
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect_here)


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """An empty cache, and no setting from outside. Returns the folder of the cache, which does not exist yet."""
    for variable in ("COURSE_DATA_DIR", "COURSE_OFFLINE", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setitem(datasets._session, "temporary", None)
    return tmp_path / "cache"


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def catalogue_text(address="https://127.0.0.1:1/tiny.npz", content=BODY, path=PATH, **changed):
    fields = {
        "title": "Tiny",
        "tier": "benchmark",
        "what": "For tests.",
        "rows": "1",
        "columns": "1",
        "source": "-",
        "citation": "-",
        "licence": "not stated",
        "used_by": [],
        "instead": "",
        "traps": [],
    }
    text = "[tiny]\n" + "".join(f"{key} = {value!r}\n" for key, value in (fields | changed).items())
    return (
        f"{text}[[tiny.files]]\npath = {path!r}\naddress = {address!r}\n"
        f"checksum = 'sha256:{sha256(content)}'\nmax_bytes = {2 * len(BODY)}\n"
    )


@pytest.fixture
def use_catalogue(monkeypatch, tmp_path):
    """Let the module read a catalogue of one data set, `tiny`."""

    def use(*args, **kwargs):
        file = tmp_path / "catalogue.toml"
        file.write_text(catalogue_text(*args, **kwargs), encoding="utf-8")
        monkeypatch.setattr(datasets, "CATALOGUE_FILE", file)

    return use


@pytest.fixture
def mirror_of(monkeypatch, tmp_path):
    """Make a COURSE_DATA_DIR of the given files ({path: content}) with SHA256SUMS beside them. Returns the folder."""

    def make(files):
        folder = tmp_path / "mirror"
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        sums = "".join(f"{sha256(content)}  ./{path}\n" for path, content in files.items())
        (folder / "SHA256SUMS").write_text(sums)
        monkeypatch.setenv("COURSE_DATA_DIR", str(folder))
        return folder

    return make


@pytest.fixture
def mirror(mirror_of):
    """A COURSE_DATA_DIR with the tiny file in it, and another."""
    return mirror_of({"other": b"x", PATH: BODY})


def files_in(folder):
    return [path for path in folder.rglob("*") if not path.is_dir()]


# --- found on this computer


def test_a_file_in_course_data_dir_needs_no_network(use_catalogue, mirror, cache):
    use_catalogue(content=b"the official file, which has another checksum than the one in the mirror")
    assert datasets.fetch("tiny") == mirror / PATH
    assert datasets.status("tiny") == "in COURSE_DATA_DIR"
    assert not cache.exists()


@pytest.mark.parametrize("line", [f"{sha256(BODY)} *{PATH}", f"{sha256(BODY).upper()}  {PATH}\r"])
def test_the_usual_ways_to_write_sha256sums_are_understood(use_catalogue, mirror, line):
    use_catalogue()
    (mirror / "SHA256SUMS").write_text(line + "\n", newline="")
    assert datasets.fetch("tiny") == mirror / PATH


def break_content(mirror):
    (mirror / PATH).write_bytes(BODY[:-1] + b"?")


def break_line(mirror):
    (mirror / "SHA256SUMS").write_text(f"{sha256(BODY)}  ./tiny/other.npz\n")


def remove_sums(mirror):
    (mirror / "SHA256SUMS").unlink()


def too_large(mirror):
    (mirror / PATH).write_bytes(BODY * 3)
    (mirror / "SHA256SUMS").write_text(f"{sha256(BODY * 3)}  ./{PATH}\n")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (break_content, "is damaged or was replaced"),
        (break_line, "has no line for it"),
        (remove_sums, "has no line for it"),
        (too_large, "expected at most"),
    ],
)
def test_a_wrong_file_in_course_data_dir_is_refused_not_replaced(use_catalogue, mirror, cache, damage, message):
    damage(mirror)
    with serving(BODY) as server:
        use_catalogue(server.address)
        with pytest.raises(datasets.DatasetCorrupt, match=message) as error:
            datasets.fetch("tiny")
        assert server.requests == 0
    assert str(mirror / PATH) in str(error.value)
    assert datasets.status("tiny") == "damaged"


def test_course_data_dir_must_be_a_folder(use_catalogue, monkeypatch, tmp_path):
    use_catalogue()
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(ValueError, match="COURSE_DATA_DIR must name a folder, got '.*nowhere'"):
        datasets.fetch("tiny")


def test_a_cached_file_is_verified_every_time(use_catalogue, cache, monkeypatch):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    use_catalogue()
    (cache / PATH).parent.mkdir(parents=True)
    (cache / PATH).write_bytes(BODY)
    assert datasets.fetch("tiny") == cache / PATH
    assert datasets.status("tiny") == "cached"
    (cache / PATH).write_bytes(BODY[:-1])
    assert datasets.status("tiny") == "not here"
    with pytest.raises(datasets.DatasetUnavailable, match="tiny.npz is damaged"):
        datasets.fetch("tiny")


def test_course_data_dir_comes_before_the_cache_and_the_cache_before_the_network(use_catalogue, mirror, cache):
    with serving(BODY) as server:
        use_catalogue(server.address)
        (cache / PATH).parent.mkdir(parents=True)
        (cache / PATH).write_bytes(BODY)
        assert datasets.fetch("tiny") == mirror / PATH
        (mirror / PATH).unlink()
        assert datasets.fetch("tiny") == cache / PATH
        assert server.requests == 0


@pytest.mark.skipif(not REAL_MIRROR, reason="COURSE_DATA_DIR is not set")
def test_the_real_mirror_is_accepted(monkeypatch):
    monkeypatch.setenv("COURSE_DATA_DIR", REAL_MIRROR)
    data = datasets.load_pneumoniamnist()
    assert data.train_images.shape == (4708, 28, 28) and data.test_labels.sum() == 390


# --- downloaded


def test_a_download_is_verified_cached_and_moved_into_place_in_one_step(use_catalogue, cache):
    seen = []
    with serving(BODY, while_sending=lambda: seen.append((cache / PATH).exists())) as server:
        use_catalogue(server.address)
        assert datasets.status("tiny") == "not here"
        assert datasets.fetch("tiny") == cache / PATH
        assert (cache / PATH).read_bytes() == BODY
        datasets.fetch("tiny")
        assert server.requests == 1
    assert seen == [False]
    assert files_in(cache) == [cache / PATH]
    assert datasets.status("tiny") == "cached"


def test_a_damaged_file_in_the_cache_is_downloaded_again(use_catalogue, cache):
    (cache / PATH).parent.mkdir(parents=True)
    (cache / PATH).write_bytes(b"half a download of long ago")
    with serving(BODY) as server:
        use_catalogue(server.address)
        assert datasets.fetch("tiny").read_bytes() == BODY


@pytest.mark.parametrize(
    ("behaviour", "body", "message"),
    [
        ("truncated", BODY, "IncompleteRead"),
        ("stalled", BODY, "timed out"),
        ("endless", BODY, "more bytes than the data set has"),
        ("missing", BODY, "404"),
        ("good", b"<html>Please log in to the hospital's network</html>", "does not match"),
    ],
)
def test_a_failed_download_leaves_nothing_behind(use_catalogue, cache, monkeypatch, behaviour, body, message):
    monkeypatch.setattr(datasets, "STALL_SECONDS", 0.3)
    with serving(body, behaviour) as server:
        use_catalogue(server.address)
        with pytest.raises(datasets.DatasetUnavailable, match=message):
            datasets.fetch("tiny")
        assert server.requests == 1
    assert files_in(cache) == []


def test_the_file_that_was_there_survives_a_failed_download(use_catalogue, cache):
    (cache / PATH).parent.mkdir(parents=True)
    (cache / PATH).write_bytes(b"damaged, but perhaps of use to its owner")
    with serving(BODY, "truncated") as server:
        use_catalogue(server.address)
        with pytest.raises(datasets.DatasetUnavailable):
            datasets.fetch("tiny")
    assert files_in(cache) == [cache / PATH]


def test_two_processes_that_download_at_once_both_succeed(use_catalogue, cache):
    both_here = threading.Barrier(2, timeout=60)
    program = (
        "import sys; from pathlib import Path; from course_utils import datasets\n"
        "datasets.CATALOGUE_FILE = Path(sys.argv[1])\n"
        "print(datasets.fetch('tiny').read_bytes() == bytes(range(256)) * 16)"
    )
    with serving(BODY, while_sending=both_here.wait) as server:  # neither ends before the other has begun
        use_catalogue(server.address)
        command = [sys.executable, "-c", program, str(datasets.CATALOGUE_FILE)]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) for _ in range(2)]
        answers = [process.communicate(timeout=120)[0] for process in running]
    assert answers == ["True\n", "True\n"]
    assert server.requests == 2
    assert files_in(cache) == [cache / PATH]


# --- not to be had


def closed_port():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return unused.getsockname()[1]


def test_without_network_the_error_says_what_was_tried_and_what_to_do(use_catalogue, mirror, cache):
    (mirror / PATH).unlink()
    address = f"http://127.0.0.1:{closed_port()}/tiny.npz"
    use_catalogue(address, instead="breast_cancer")
    with pytest.raises(datasets.DatasetUnavailable) as error:
        datasets.fetch("tiny")
    message = str(error.value)
    assert "'tiny'" in message
    assert f"COURSE_DATA_DIR: there is no {mirror / PATH}" in message
    assert f"the cache: there is no {cache / PATH}" in message
    assert f"{address}: no connection to 127.0.0.1" in message
    assert f"save it as {cache / PATH}" in message
    assert f"'<its SHA-256>  {PATH}' in the file SHA256SUMS" in message
    assert "load_breast_cancer() needs no download" in message


def test_the_sentence_on_another_data_set_is_left_out_where_there_is_none(use_catalogue, monkeypatch):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    use_catalogue()
    with pytest.raises(datasets.DatasetUnavailable) as error:
        datasets.fetch("tiny")
    assert "Instead" not in str(error.value)


def test_offline_means_that_the_server_is_not_asked(use_catalogue, monkeypatch):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    with serving(BODY) as server:
        use_catalogue(server.address)
        with pytest.raises(datasets.DatasetUnavailable, match="not tried, because COURSE_OFFLINE is set"):
            datasets.fetch("tiny")
        assert server.requests == 0
        monkeypatch.setenv("COURSE_OFFLINE", "0")
        assert datasets.fetch("tiny").exists()


def test_a_server_that_does_not_answer_is_given_up(monkeypatch):
    class Connection:
        def close(self):
            pass

    test_ends = threading.Event()

    def answer_too_late(*_, **__):
        test_ends.wait(10)
        return Connection()

    monkeypatch.setattr(datasets, "CONNECT_SECONDS", 0.1)
    monkeypatch.setattr(datasets.socket, "create_connection", answer_too_late)
    reached = datasets._can_connect("127.0.0.1", 1)
    test_ends.set()
    assert reached is False


def test_behind_a_proxy_the_proxy_is_what_must_answer(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://proxy.hospital.example:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert datasets._first_host("https://zenodo.org/file") == ("proxy.hospital.example", 3128)
    monkeypatch.setenv("no_proxy", "zenodo.org")
    assert datasets._first_host("https://zenodo.org/file") == ("zenodo.org", 443)


# --- a cache that cannot be written to


def a_file_in_its_place(cache):
    cache.write_text("not a folder")


def no_permission(cache):
    if not hasattr(os, "geteuid") or os.geteuid() == 0:
        pytest.skip("the administrator may write everywhere")
    cache.mkdir(mode=0o500)


@pytest.mark.parametrize("make_read_only", [a_file_in_its_place, no_permission])
def test_a_read_only_cache_is_replaced_by_a_temporary_folder_with_a_note(use_catalogue, cache, capsys, make_read_only):
    make_read_only(cache)
    with serving(BODY) as server:
        use_catalogue(server.address)
        path = datasets.fetch("tiny")
        assert path.read_bytes() == BODY and not path.is_relative_to(cache)
        note = capsys.readouterr().out
        assert str(cache) in note and "COURSE_CACHE_DIR" in note
        assert datasets.fetch("tiny") == path  # found again, without a second download
        assert server.requests == 1
        assert capsys.readouterr().out == ""


# --- names and paths


@pytest.mark.parametrize("use", [datasets.fetch, datasets.status])
def test_an_unknown_name_is_answered_with_the_nearest(use):
    with pytest.raises(ValueError, match=r"'PneumoniaMinst': did you mean 'pneumoniamnist'\?"):
        use("PneumoniaMinst")
    with pytest.raises(TypeError, match="name must be the name of a data set.*got 3"):
        use(3)


@pytest.mark.parametrize("number", [-1, 1])
def test_an_unknown_file_number_is_refused(number):
    with pytest.raises(ValueError, match=f"number must be from 0 to 0 .* got {number}"):
        datasets.fetch("pneumoniamnist", number)


def test_a_set_inside_a_package_has_no_file_to_fetch():
    assert datasets.status("breast_cancer") == "embedded"
    with pytest.raises(ValueError, match=r"Use load_breast_cancer\(\)"):
        datasets.fetch("breast_cancer")


def test_an_embedded_file_lies_beside_the_catalogue(use_catalogue, tmp_path):
    use_catalogue(tier="embedded", path="tiny.npz")
    assert datasets.fetch("tiny") == tmp_path / "tiny.npz"


@pytest.mark.parametrize("path", ["../x.npz", "a/../../x.npz", "/etc/x.npz", "C:/x.npz", "..\\x.npz"])
def test_a_path_outside_the_cache_is_refused(use_catalogue, path):
    use_catalogue(path=path)
    with pytest.raises(ValueError, match="leads out of the data folder"):
        datasets.fetch("tiny")


@pytest.mark.parametrize(
    ("changed", "message"),
    [({"colour": "red"}, "colour"), ({"tier": "both"}, "tier must be embedded or benchmark, got 'both'")],
)
def test_a_wrong_table_in_the_catalogue_is_named(use_catalogue, changed, message):
    use_catalogue(**changed)
    with pytest.raises(ValueError, match=rf"table \[tiny\].*{message}"):
        datasets.catalogue()


def test_a_missing_field_in_the_catalogue_is_named(monkeypatch, tmp_path):
    file = tmp_path / "catalogue.toml"
    file.write_text(catalogue_text().replace("licence = 'not stated'\n", ""))
    monkeypatch.setattr(datasets, "CATALOGUE_FILE", file)
    with pytest.raises(ValueError, match=r"table \[tiny\].*licence"):
        datasets.catalogue()


# --- files that are not what they seem


class MakesAFolder:
    """An object whose unpickling would be seen."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


def npy(header_shape, content, dtype="|u1"):
    """The bytes of an .npy file whose header may lie about what follows."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": dtype, "fortran_order": False, "shape": header_shape})
    return stream.getvalue() + content


def write_zip(path, members, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)


EXPECTED = {"x": ("uint8", (4, 3))}


def test_a_sound_file_is_read(tmp_path):
    array = np.arange(12, dtype=np.uint8).reshape(4, 3)
    np.savez_compressed(tmp_path / "a.npz", x=array)
    np.testing.assert_array_equal(datasets._read_npz(tmp_path / "a.npz", EXPECTED)["x"], array)
    np.savez(tmp_path / "b.npz", x=np.asfortranarray(array))
    np.testing.assert_array_equal(datasets._read_npz(tmp_path / "b.npz", EXPECTED)["x"], array)


def test_a_pickled_object_is_refused_and_not_run(tmp_path):
    path, trap = tmp_path / "a.npz", tmp_path / "trap"
    np.savez(path, x=np.array([[MakesAFolder(trap)] * 3] * 4, dtype=object))
    with pytest.raises(datasets.DatasetCorrupt, match="x must be uint8"):
        datasets._read_npz(path, EXPECTED)
    with pytest.raises(datasets.DatasetCorrupt, match="allow_pickle=False"):  # not even where an object is expected
        datasets._read_npz(path, {"x": ("O", (4, 3))})
    assert not trap.exists()
    with np.load(path, allow_pickle=True) as file:  # the trap works
        file["x"]
    assert trap.exists()


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([("x.npy", npy((4, 3), bytes(12))), ("y.npy", npy((1,), b"1"))], "must hold the arrays x; it holds"),
        ([], "must hold the arrays x"),
        ([("y.npy", npy((4, 3), bytes(12)))], "must hold the arrays x"),
        ([("../x.npy", npy((4, 3), bytes(12)))], "must hold the arrays x"),
        ([("x.npy", npy((3, 4), bytes(12)))], r"x must be uint8 \(4, 3\), got uint8 \(3, 4\)"),
        ([("x.npy", npy((4, 3), bytes(48), "<f4"))], r"x must be uint8 \(4, 3\), got float32 \(4, 3\)"),
        ([("x.npy", npy((10**15,), bytes(12)))], r"x must be uint8 \(4, 3\), got uint8 \(1000000000000000,\)"),
        ([("x.npy", npy((4, 3), bytes(11)))], "not a sound .npz file"),
        ([("x.npy", b"not an array")], "not a sound .npz file"),
        ([("x.npy", b"")], "not a sound .npz file"),
        ([("x.npy", b"\x93NUMPY\x09\x00")], "unknown format version"),
    ],
)
def test_other_arrays_than_expected_are_refused(tmp_path, members, message):
    write_zip(tmp_path / "a.npz", members)
    with pytest.raises(datasets.DatasetCorrupt, match=message):
        datasets._read_npz(tmp_path / "a.npz", EXPECTED)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_same_array_twice_is_refused(tmp_path):
    write_zip(tmp_path / "a.npz", [("x.npy", npy((4, 3), bytes(12)))] * 2)
    with pytest.raises(datasets.DatasetCorrupt, match="must hold the arrays x"):
        datasets._read_npz(tmp_path / "a.npz", EXPECTED)


def test_an_array_that_unpacks_to_too_much_is_refused_unread(tmp_path, monkeypatch):
    write_zip(tmp_path / "a.npz", [("x.npy", npy((4, 3), bytes(3_000_000)))])
    assert (tmp_path / "a.npz").stat().st_size < 10_000
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("the member was opened"))
    with pytest.raises(datasets.DatasetCorrupt, match="unpacks to 30001.. bytes, expected at most 1036"):
        datasets._read_npz(tmp_path / "a.npz", EXPECTED)


def test_an_unusual_compression_is_refused(tmp_path):
    write_zip(tmp_path / "a.npz", [("x.npy", npy((4, 3), bytes(12)))], zipfile.ZIP_LZMA)
    with pytest.raises(datasets.DatasetCorrupt, match="compressed in a way"):
        datasets._read_npz(tmp_path / "a.npz", EXPECTED)


def test_no_damaged_byte_goes_unnoticed(tmp_path):
    path = tmp_path / "a.npz"
    array = np.arange(12, dtype=np.uint8).reshape(4, 3)
    np.savez_compressed(path, x=array)
    content = path.read_bytes()
    refused = 0
    for position in range(len(content)):
        path.write_bytes(content[:position] + bytes([content[position] ^ 0xFF]) + content[position + 1 :])
        try:
            read = datasets._read_npz(path, EXPECTED)["x"]
        except datasets.DatasetCorrupt:
            refused += 1
        else:  # some bytes, such as those of the date, do not matter
            np.testing.assert_array_equal(read, array)
    assert refused > len(content) / 2


@pytest.mark.parametrize("length", [0, 10, 150, 200])
def test_a_truncated_archive_is_refused(tmp_path, length):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x=np.zeros((4, 3), dtype=np.uint8))
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(datasets.DatasetCorrupt, match="not a sound .npz file"):
        datasets._read_npz(path, EXPECTED)


# --- the loaders


def test_breast_cancer_calls_malignant_positive():
    data = datasets.load_breast_cancer()
    assert data.name == "breast_cancer" and data.groups is None
    assert data.features.shape == (569, 30) and data.features.dtype == np.float64
    assert data.labels.shape == (569,) and data.labels.dtype == np.int64
    assert data.labels.sum() == 212 and data.label_names == ("benign", "malignant")
    assert len(data.feature_names) == 30 and {type(name) for name in data.feature_names} == {str}
    # malignant nuclei are the larger ones
    radius = data.features[:, data.feature_names.index("mean radius")]
    assert np.median(radius[data.labels == 1]) > np.median(radius[data.labels == 0])


def test_breast_cancer_is_the_data_set_that_was_described():
    sys.path.insert(0, str(ROOT / "data"))
    from make_data import array_checksum

    data = datasets.load_breast_cancer()
    (file,) = datasets._entry("breast_cancer").files
    assert array_checksum({"features": data.features, "labels": data.labels}) == file.checksum


def fake_pneumoniamnist():
    """Arrays of the right names, types, shapes and counts, with nothing to see on the images."""
    rng = np.random.default_rng(0)
    arrays = {}
    for split, (n_images, n_pneumonia) in datasets._PNEUMONIAMNIST.items():
        arrays[f"{split}_images"] = rng.integers(0, 256, (n_images, 28, 28), dtype=np.uint8)
        arrays[f"{split}_labels"] = (np.arange(n_images) < n_pneumonia).astype(np.uint8)[:, None]
    return arrays


@pytest.fixture
def pneumoniamnist_of(mirror_of):
    """Load PneumoniaMNIST from a COURSE_DATA_DIR that holds the given arrays."""

    def load(arrays):
        file = io.BytesIO()
        np.savez(file, **arrays)
        mirror_of({"pneumoniamnist/pneumoniamnist.npz": file.getvalue()})
        return datasets.load_pneumoniamnist()

    return load


def test_pneumoniamnist_arrives_as_it_was_stored(pneumoniamnist_of):
    arrays = fake_pneumoniamnist()
    data = pneumoniamnist_of(arrays)
    assert data.name == "pneumoniamnist" and data.groups is None and data.label_names == ("normal", "pneumonia")
    for split, field in (("train", "train"), ("val", "validation"), ("test", "test")):
        np.testing.assert_array_equal(getattr(data, f"{field}_images"), arrays[f"{split}_images"])
        np.testing.assert_array_equal(getattr(data, f"{field}_labels"), arrays[f"{split}_labels"].ravel())
        assert getattr(data, f"{field}_images").dtype == np.uint8
        assert getattr(data, f"{field}_labels").dtype == np.int64


def signed_pixels(arrays):
    arrays["test_images"] = arrays["test_images"].view(np.int8)


def flat_images(arrays):
    arrays["test_images"] = arrays["test_images"].reshape(624, 784)


def one_image_short(arrays):
    arrays["train_images"] = arrays["train_images"][1:]


def no_validation(arrays):
    del arrays["val_images"], arrays["val_labels"]


def patient_ids(arrays):
    arrays["train_ids"] = np.arange(4708)


def dim(arrays):
    arrays["val_images"] //= 255


def bright(arrays):
    arrays["val_images"] = arrays["val_images"] // 2 + 128


def three_classes(arrays):
    arrays["test_labels"][0] = 2


def swapped_labels(arrays):
    arrays["train_labels"] = 1 - arrays["train_labels"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (signed_pixels, r"test_images must be uint8 \(624, 28, 28\), got int8 \(624, 28, 28\)"),
        (flat_images, r"test_images must be uint8 \(624, 28, 28\), got uint8 \(624, 784\)"),
        (one_image_short, r"train_images must be uint8 \(4708, 28, 28\)"),
        (no_validation, "must hold the arrays"),
        (patient_ids, "must hold the arrays"),
        (dim, "val_images must span 0 to 255, got 0 to 1"),
        (bright, "val_images must span 0 to 255, got 128 to 255"),
        (three_classes, r"test_labels must be 0 or 1, got \[0 1 2\]"),
        (swapped_labels, "train_labels has 1214 ones, expected 3494"),
    ],
)
def test_pneumoniamnist_refuses_other_contents(pneumoniamnist_of, change, message):
    arrays = fake_pneumoniamnist()
    change(arrays)
    with pytest.raises(datasets.DatasetCorrupt, match=message):
        pneumoniamnist_of(arrays)


def test_what_a_loader_returns_cannot_be_changed(pneumoniamnist_of):
    for data in (datasets.load_breast_cancer(), pneumoniamnist_of(fake_pneumoniamnist())):
        arrays = [value for value in vars(data).values() if isinstance(value, np.ndarray)]
        assert len(arrays) >= 2
        for array in arrays:
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 0
        with pytest.raises(FrozenInstanceError):
            data.name = "other"
        assert data.licence and data.citation


@pytest.mark.skipif(not REAL_MIRROR, reason="COURSE_DATA_DIR is not set")
def test_the_traps_of_pneumoniamnist_are_as_the_catalogue_says(monkeypatch):
    from sklearn.metrics import roc_auc_score

    monkeypatch.setenv("COURSE_DATA_DIR", REAL_MIRROR)
    data = datasets.load_pneumoniamnist()
    prevalence = [labels.mean() for labels in (data.train_labels, data.validation_labels, data.test_labels)]
    assert [round(100 * p, 1) for p in prevalence] == [74.2, 74.2, 62.5]

    contrast = data.test_images.std(axis=(1, 2))
    assert round(roc_auc_score(data.test_labels, -contrast), 3) == 0.826

    copies = {}
    for split in ("train", "validation", "test"):
        for image, label in zip(getattr(data, f"{split}_images"), getattr(data, f"{split}_labels"), strict=True):
            copies.setdefault(image.tobytes(), []).append((split, label))
    repeated = [places for places in copies.values() if len(places) > 1]
    assert len(repeated) == 27 and sum(len(places) for places in repeated) == 56
    assert all(len({label for _, label in places}) == 1 for places in repeated)
    splits = sorted("+".join(sorted({split for split, _ in places})) for places in repeated)
    assert {name: splits.count(name) for name in splits} == {"train": 16, "train+validation": 8, "test": 3}


def test_the_traps_of_breast_cancer_are_as_the_catalogue_says():
    from sklearn.metrics import roc_auc_score

    data = datasets.load_breast_cancer()
    column = {name: data.features[:, i] for i, name in enumerate(data.feature_names)}
    assert len(np.unique(data.features, axis=0)) == 569
    assert round(np.corrcoef(column["mean radius"], column["mean perimeter"])[0, 1], 3) == 0.998
    auc = {name: round(roc_auc_score(data.labels, values), 3) for name, values in column.items()}
    assert max(auc, key=auc.get) == "worst perimeter" and auc["worst perimeter"] == 0.975
    zero = {name for name, values in column.items() if (values == 0).any()}
    assert zero == {f"{a}concav{b}" for b in ("ity", "e points") for a in ("mean ", "worst ")} | {
        "concavity error",
        "concave points error",
    }
    for name in zero:
        assert (column[name] == 0).sum() == 13 and not data.labels[column[name] == 0].any()


def test_the_traps_of_brca1_are_as_the_catalogue_says():
    data = datasets.load_brca1()
    assert (len(data.species), data.alignment.shape, data.protein.shape) == (55, (55, 3009), (55, 1003))
    letters = dict(zip(*np.unique(data.alignment, return_counts=True), strict=True))
    assert data.alignment.size - letters["-"] == 152_253
    assert letters["N"] == 504 and sum(letters[code] for code in "RYM") == 13
    codons = [["".join(codon) for codon in row.reshape(-1, 3)] for row in data.alignment]
    assert sum(any(codon.count("-") in (1, 2) for codon in row) for row in codons) == 19

    human = "".join(data.protein[data.species.index("Human")])
    assert human.count("-") == 57 and len(human) - 57 == 1219 - data.first_residue + 1
    residues = dict(enumerate(human.replace("-", ""), start=data.first_residue))
    # the common polymorphisms Q/R356, L/P871, E/G1038, K/R1183 (Durocher et al. 1996) fix the numbering
    assert [residues[k] for k in (356, 871, 1038, 1183)] == ["Q", "P", "E", "K"]
    for row, protein in zip(codons, data.protein, strict=True):
        for codon, amino_acid in zip(row, protein, strict=True):
            sure = not set(codon) - set("ACGT")
            assert amino_acid == (str(Seq(codon).translate()) if sure else "-" if codon == "---" else "X")
    assert "*" not in data.protein


def test_the_traps_of_globins_are_as_the_catalogue_says():
    data = datasets.load_globins()
    lengths = [len(sequence) for sequence in data.sequences]
    assert len(data.names) == len(set(data.names)) == len(lengths) == 80 and (min(lengths), max(lengths)) == (38, 1520)
    assert [data.families.count(kind) for kind in ("alpha", "beta", "myoglobin", "other")] == [20, 20, 7, 33]
    assert data.names[:2] == ("HBA_HUMAN", "HBB_HUMAN") and lengths[:2] == [142, 147]
    assert data.sequences[1][6] == "E" and data.sequences[1].startswith("MVHLTPEEK")  # sickle cell: glutamate 6 (+ M)
    assert {"CBBQ_CHRVI", "CBBQ_PSEHY", "NIRQ_PSEAE", "GSTA1_RAT", "GSTM1_HUMAN"} <= set(data.names)


def test_the_traps_of_emboss_pairs_are_as_the_catalogue_says():
    data = datasets.load_emboss_pairs()
    assert [data.programs.count(name) for name in ("needle", "water", "matcher")] == [10, 1, 5]
    pairs = set(zip(data.sequences_a, data.sequences_b, data.matrices, strict=True))
    assert sorted(matrix for *_, matrix in pairs) == 9 * ["BLOSUM62"] + 2 * ["NUC.4.4"]
    changes = []
    for k in range(10):
        costs = data.gap_open[k], data.gap_extend[k]
        a, b, matrix = data.sequences_a[k], data.sequences_b[k], data.matrices[k]
        assert costs == (10, 0.5)
        assert sequences.global_score(a, b, matrix, *costs, free_ends=True) == data.scores[k]
        rows = data.rows_a[k], data.rows_b[k]
        assert sequences.score_alignment(*rows, matrix, *costs, free_ends=True) == data.scores[k]
        changes.append(data.scores[k] - sequences.global_score(a, b, matrix, *costs))
    assert sorted(changes) == [0, 0, 0, 10, 13.5, 23, 23.5, 23.5, 103, 274]
    assert {data.files[k] for k in range(10) if changes[k] == 0} == {"needle_nobrief_multiple.pair"}
    dna = [x for x, matrix in zip(data.sequences_a, data.matrices, strict=True) if matrix == "NUC.4.4"]
    assert [sum(x.count(code) for code in "RWY") for x in dna] == [7, 0]
    assert (data.sequences_a[10], data.sequences_b[10]) == (data.sequences_a[5], data.sequences_b[5])
    assert (data.sequences_a[11], data.sequences_b[11]) == datasets.load_globins().sequences[:2]


def copy_with(tmp_path, monkeypatch, name, change):
    with np.load(datasets.CATALOGUE_FILE.parent / f"{name}.npz") as file:
        arrays = dict(file)
    change(arrays)
    np.savez(tmp_path / f"{name}.npz", **arrays)
    shutil.copy(datasets.CATALOGUE_FILE, tmp_path)
    monkeypatch.setattr(datasets, "CATALOGUE_FILE", tmp_path / "catalogue.toml")


def lower_case(arrays):
    arrays["alignment"] = np.char.lower(arrays["alignment"])


def stop_codon(arrays):
    arrays["sequences"][0] = "MVL*"


def other_family(arrays):
    arrays["families"][0] = "gamma"


def other_matrix(arrays):
    arrays["matrices"][3] = "EPAM250"


def foreign_row(arrays):
    arrays["rows_b"][2] = arrays["rows_a"][2]


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("brca1", lower_case, "alignment must hold A C G T"),
        ("globins", stop_codon, r"must hold the 20 standard amino acids, got \['\*'\]"),
        ("globins", other_family, r"families must be alpha, beta, myoglobin or other, got \['gamma'\]"),
        ("emboss_pairs", other_matrix, r"matrices must be EBLOSUM62 or EDNAFULL, got \['EPAM250'\]"),
        ("emboss_pairs", foreign_row, "rows_b must be parts of sequences_b"),
    ],
)
def test_sequences_with_other_contents_are_refused(tmp_path, monkeypatch, name, change, message):
    copy_with(tmp_path, monkeypatch, name, change)
    with pytest.raises(datasets.DatasetCorrupt, match=message):
        getattr(datasets, f"load_{name}")()


# --- proteins


def test_the_traps_of_protein_chains_are_as_the_catalogue_says():
    data = datasets.load_protein_chains()
    n = np.array([len(sequence) for sequence in data.sequences])
    chosen, ribosome = data.representative, data.ribosome
    assert len({name[:4] for name in data.names}) == 32 and n.min() >= 30
    assert (len(n), n.sum(), len(set(data.families))) == (137, 28515, 96)
    assert (ribosome.sum(), (ribosome & chosen).sum(), n[ribosome & chosen].sum()) == (71, 66, 9744)
    assert ((~ribosome & chosen).sum(), n[~ribosome & chosen].sum()) == (30, 6756)
    labels = np.concatenate([x for x, use in zip(data.labels, chosen, strict=True) if use])
    assert (np.bincount(labels) / len(labels)).round(2).tolist() == [0.40, 0.19, 0.41] and len(labels) == 16500
    assert sorted(np.bincount(data.families).tolist())[-3:] == [8, 9, 12]
    for family in set(data.families):
        assert n[chosen & (data.families == family)] == n[data.families == family].max()


def test_protein_chains_are_proteins():
    data = datasets.load_protein_chains()
    steps = []
    for sequence, labels, xyz, numbers in zip(data.sequences, data.labels, data.coordinates, data.numbers, strict=True):
        assert len(sequence) == len(labels) == len(xyz) == len(numbers)
        assert (np.diff(numbers) >= 0).all()  # equal where an insertion code tells residues apart
        steps.append(np.linalg.norm(np.diff(xyz, axis=0), axis=1))
    steps = np.concatenate(steps)
    assert abs(np.median(steps) - 3.8) < 0.05 and (steps > 4.2).mean() < 0.01  # a trans peptide: 3.8 Angstrom
    ubiquitin = data.names.index("1UBI_A")
    assert data.sequences[ubiquitin].startswith("MQIFVKTLTGKTITLEVEPSDTIENVKAKIQDKEGIPPDQQRLIFAGKQLEDGRTLSDYN")
    assert set(data.labels[ubiquitin][22:34]) == {0}  # its helix, residues 23 to 34
    assert set(data.labels[ubiquitin][9:17]) == {1}  # HELIX and SHEET records of the entry
    np.testing.assert_allclose(data.coordinates[ubiquitin][0], [26.4, 25.4, 2.9], atol=0.06)


def test_the_beta_carbons_hang_on_the_alpha_carbons():
    data = datasets.load_protein_chains()
    alpha, beta = np.concatenate(data.coordinates), np.concatenate(data.beta_coordinates)
    bonds = np.linalg.norm(beta - alpha, axis=1)
    glycine = np.array(list("".join(data.sequences))) == "G"
    assert (bonds[glycine] == 0).all() and (bonds[~glycine] == 0).sum() == 8
    assert abs(np.median(bonds[bonds > 0]) - 1.53) < 0.01  # a single bond between carbons
    ubiquitin = data.names.index("1UBI_A")
    np.testing.assert_allclose(data.beta_coordinates[ubiquitin][0], [25.1, 24.9, 3.6], atol=0.06)  # MET 1 of the entry


def test_profiles_belong_to_their_chains():
    data, chains = datasets.load_protein_profiles(), datasets.load_protein_chains()
    rows = [chains.names.index(name) for name in data.names]
    assert len(set(data.models)) == len(set(chains.families[rows])) == 21 and chains.ribosome[rows].all()
    assert sum(map(len, data.aligned)) == 3896 and sum(aligned.sum() for aligned in data.aligned) == 3026
    own = []
    for row, profile, aligned in zip(rows, data.profiles, data.aligned, strict=True):
        assert profile.shape == (len(chains.sequences[row]), 20) and aligned.mean() >= 0.5
        np.testing.assert_allclose(profile.sum(axis=1), aligned, atol=1e-9)
        codes = np.array(["ACDEFGHIKLMNPQRSTVWY".index(letter) for letter in chains.sequences[row]])
        own.append(profile[np.arange(len(codes)), codes][aligned])
    assert np.mean(np.concatenate(own)) > 0.15  # out of step it is 0.07


def test_the_predicted_receptor_is_a_chain_with_its_confidence():
    data = datasets.load_predicted_receptor()
    assert len(data.sequence) == 325 and data.sequence.startswith("SIVIIIIMTIGGNILVIMAVSMEKK")
    steps = np.linalg.norm(np.diff(data.coordinates, axis=0), axis=1)
    assert abs(np.median(steps) - 3.8) < 0.05 and steps.max() < 4.2
    np.testing.assert_allclose([data.plddt[0], data.plddt[-1]], [85.32, 79.33])
    assert 50 < data.plddt.min() and data.plddt.max() < 100


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("protein_profiles", lambda a: a.update(profiles=a["profiles"] * 2), "shares that sum to 1 where aligned"),
        ("protein_profiles", lambda a: a.update(lengths=a["lengths"] + 1), "sum to 3896"),
        ("predicted_receptor", lambda a: a.update(plddt=a["plddt"] + 5000), "plddt must be hundredths from 0 to 100"),
        ("predicted_receptor", lambda a: a.update(residues=a["residues"] * 0 + 66), "residues must be amino acids"),
        ("protein_chains", lambda a: a.update(beta=a["beta"] + 20), "beta must lie 1.3 to 1.8 Angstrom"),
        ("protein_chains", lambda a: a.update(labels=a["labels"] + 1), "labels must be 0, 1 or 2"),
        ("protein_chains", lambda a: a.update(residues=a["residues"] * 0 + 66), r"be amino acids, got \['B'\]"),
        ("protein_chains", lambda a: a.update(families=a["families"] // 2), "families must be numbered from 0 to 95"),
        ("protein_chains", lambda a: a.update(representative=~a["representative"]), "must name one chain"),
        ("protein_chains", lambda a: a.update(lengths=a["lengths"] + 1), "must be at least 30 and sum to 28515"),
        ("protein_chains", lambda a: a.update(coordinates=a["coordinates"].view("u2")), r"be int16 \(28515, 3\), got"),
        ("protein_chains", lambda a: a.pop("numbers"), "must hold the arrays"),
    ],
)
def test_structures_and_profiles_refuse_other_contents(tmp_path, monkeypatch, name, change, message):
    copy_with(tmp_path, monkeypatch, name, change)
    with pytest.raises(datasets.DatasetCorrupt, match=message):
        getattr(datasets, f"load_{name}")()


def fake_qian_sejnowski():
    """Two texts in the format of the files, with the right counts and every way in which a chain is marked."""
    texts = {}
    for split, (n_chains, n_residues) in datasets._QIAN_SEJNOWSKI.items():
        lengths = [n_residues // n_chains] * (n_chains - 1)
        lengths.append(n_residues - sum(lengths))
        chains = ["".join(f"{'ACDY'[i % 4]} {'he_'[i % 3]}\n" for i in range(length)) for length in lengths]
        texts[split] = "<>\n" + "end\n".join(chains[:3]) + "end\n<>\n" + "<>\n".join(chains[3:]) + "<end>\n\n"
    return texts


@pytest.fixture
def qian_sejnowski_of(mirror_of):
    """Load the Qian-Sejnowski data from a COURSE_DATA_DIR that holds the given texts."""

    def load(texts):
        path = "qian_sejnowski/protein-secondary-structure"
        mirror_of({f"{path}.{split}": text.encode() for split, text in texts.items()})
        return datasets.load_qian_sejnowski()

    return load


def test_qian_sejnowski_separates_the_chains(qian_sejnowski_of):
    data = qian_sejnowski_of(fake_qian_sejnowski())
    assert [len(data.train_sequences), len(data.test_sequences)] == [111, 17]
    assert {len(sequence) for sequence in data.train_sequences[:-1]} == {18105 // 111}
    assert data.train_sequences[0].startswith("ACDYACDY") and data.train_labels[0][:4].tolist() == [0, 1, 2, 0]
    assert data.label_names == ("helix", "strand", "coil") and data.test_labels[3].dtype == np.int64
    with pytest.raises(ValueError, match="read-only"):
        data.train_labels[0][0] = 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("A h", "B h", 1), "line 2: must be an amino acid and h, e or _, got 'B h"),
        (lambda text: text.replace("A h", "A H", 1), "line 2: must be an amino acid and h, e or _, got 'A H"),
        (lambda text: text.replace("A h", "A h h", 1), "line 2: must be"),
        (lambda text: text.replace("A h\n", "", 1), r"must hold 111 chains and 18105 residues, got \(111, 18104\)"),
        (lambda text: text.replace("end\n", "", 1), r"must hold 111 chains and 18105 residues, got \(110, 18105\)"),
    ],
)
def test_qian_sejnowski_refuses_other_contents(qian_sejnowski_of, change, message):
    texts = fake_qian_sejnowski()
    texts["train"] = change(texts["train"])
    with pytest.raises(datasets.DatasetCorrupt, match=message):
        qian_sejnowski_of(texts)


@pytest.mark.skipif(not REAL_MIRROR, reason="COURSE_DATA_DIR is not set")
def test_the_traps_of_qian_sejnowski_are_as_the_catalogue_says(monkeypatch):
    monkeypatch.setenv("COURSE_DATA_DIR", REAL_MIRROR)
    data = datasets.load_qian_sejnowski()
    shares = [np.bincount(np.concatenate(labels)) for labels in (data.train_labels, data.test_labels)]
    assert [(s / s.sum()).round(3).tolist() for s in shares] == [[0.254, 0.201, 0.545], [0.241, 0.212, 0.546]]
    assert data.train_sequences[0].startswith("GVGTVPMTDYGNDVEYYGQVT")
    assert (len(data.train_sequences), len(data.test_sequences)) == (111, 17)


# --- splice sites


def fake_splice():
    """Lines with the counts of the real file; windows are random, one stands twice, one holds ambiguous letters."""
    rng = np.random.default_rng(0)
    lines = []
    for code, kind, number in (("EI", "DONOR", 767), ("IE", "ACCEPTOR", 768), ("N", "NEG", 1655)):
        for i in range(number):
            window = "".join(rng.choice(list("ACGT"), 60))
            lines.append(f"{code},    HUM{kind[0]}{i // 2}-{kind}-{i + 1},               {window}")
    lines[2] = lines[2][:-60] + lines[1000][-60:]
    lines[5] = lines[5][:-4] + "NDRS"
    return lines


@pytest.fixture
def splice_of(mirror_of):
    """Load the UCI splice junctions from a COURSE_DATA_DIR that holds the given lines."""

    def load(lines):
        mirror_of({"uci_splice/splice.data": ("\n".join(lines) + "\n").encode()})
        return datasets.load_uci_splice()

    return load


def test_uci_splice_arrives_as_it_was_stored(splice_of):
    lines = fake_splice()
    data = splice_of(lines)
    assert data.windows.tolist() == [line[-60:] for line in lines]
    assert data.labels.tolist() == [1] * 767 + [2] * 768 + [0] * 1655
    assert data.entries[:3].tolist() == ["HUMD0", "HUMD0", "HUMD1"] and data.middle == 30
    assert data.label_names == ("neither", "donor (EI)", "acceptor (IE)")
    # two windows of one entry, and two windows that are the same, stand in one group; others do not
    assert data.groups[0] == data.groups[1] and data.groups[2] == data.groups[999] == data.groups[1000]
    assert len(set(data.groups.tolist())) == 384 + 384 + 828 - 1
    assert not data.windows.flags.writeable and not data.groups.flags.writeable


def test_windows_that_agree_in_most_letters_stand_in_one_group_also_in_chains():
    windows = np.array(["AAAAAA", "AAAAAC", "AAAACC", "GGGGGG", "NNNNNN", "NNNNNN"])
    names = np.array(list("abcdef"))
    assert datasets._groups_of_windows(windows, names, 5).tolist() == [0, 0, 0, 1, 2, 3]
    assert datasets._groups_of_windows(windows, np.array(list("abcaef")), 6).tolist() == [0, 1, 2, 0, 3, 4]


@pytest.mark.parametrize(
    ("number", "old", "new", "message"),
    [
        (0, "EI,", "ei,", "line 1: must be class, name and 60 letters"),
        (0, "EI,", "IE,", "line 1: must be class, name and 60 letters"),
        (0, "DONOR", "SITE", "line 1: must be"),
        (9, ",               ", ",               A", "line 10: must be"),
        (9, ",               ", ", - ", "line 10: must be"),
        (20, "HUMD10-DONOR-21", "humd10-DONOR-21", "line 21: must be"),
        (7, "HUMD", "HÜMD", "must be plain text"),
    ],
)
def test_uci_splice_refuses_other_lines(splice_of, number, old, new, message):
    lines = fake_splice()
    assert old in lines[number]
    lines[number] = lines[number].replace(old, new, 1)
    with pytest.raises(datasets.DatasetCorrupt, match=message):
        splice_of(lines)


def test_uci_splice_refuses_a_file_with_lines_missing(splice_of):
    with pytest.raises(
        datasets.DatasetCorrupt, match=r"must hold \(1655, 767, 768\) windows .* got \(1654, 767, 768\)"
    ):
        splice_of(fake_splice()[:-1])


@pytest.mark.skipif(not REAL_MIRROR, reason="COURSE_DATA_DIR is not set")
def test_the_traps_of_uci_splice_are_as_the_catalogue_says(monkeypatch):
    monkeypatch.setenv("COURSE_DATA_DIR", REAL_MIRROR)
    data = datasets.load_uci_splice()
    rule = [1 if w[30:32] == "GT" else 2 if w[28:30] == "AG" else 0 for w in data.windows]
    assert round(np.mean(rule == data.labels), 3) == 0.894
    assert sum(w[30:32] == "GT" for w in data.windows[data.labels == 0]) == 98

    same = {}
    for window, label in zip(data.windows, data.labels, strict=True):
        same.setdefault(str(window), []).append(int(label))
    repeated = [labels for labels in same.values() if len(labels) > 1]
    assert (len(same), len(repeated), sum(map(len, repeated))) == (3005, 125, 310)
    assert [labels for labels in repeated if len(set(labels)) > 1] == [[2, 0]]

    entries, sizes = np.unique(data.entries, return_counts=True)
    assert (len(entries), sizes.max(), len(set(data.groups.tolist()))) == (1475, 55, 1411)
    ambiguous = [letter for window in data.windows for letter in window if letter not in "ACGT"]
    assert {x: ambiguous.count(x) for x in "NDRS"} == {"N": 56, "D": 2, "R": 1, "S": 1}
    assert sum(any(letter in "NDRS" for letter in window) for window in data.windows) == 15
    assert sum(window.endswith("N" * 41) for window in data.windows[data.labels == 1]) == 1

    lines = (Path(REAL_MIRROR) / "uci_splice" / "splice.data").read_text("ascii").splitlines()
    names = [line.split(",")[1].strip() for line in lines]
    assert sum(names.count(name) == 2 for name in set(names)) == 12
    assert {int(name.rpartition("-")[2]) % 60 for name in names if "-NEG-" in name} == {1}


def test_splice_donors_are_as_the_catalogue_says():
    data = datasets.load_splice_donors()
    assert np.bincount(data.labels).tolist() == [2680, 1500] and data.middle == 3
    assert all(window[3:5] == "GT" and len(window) == 9 for window in data.windows)
    decoys, donors = (set(data.windows[data.labels == label].tolist()) for label in (0, 1))
    assert (len(decoys), len(donors), len(decoys & donors)) == (2680, 1500, 316)
    group_of_decoy = dict(zip(data.windows[data.labels == 0], data.groups[data.labels == 0], strict=True))
    for window, group in zip(data.windows[data.labels == 1], data.groups[data.labels == 1], strict=True):
        assert group == group_of_decoy.get(window, group)
    assert len(set(group_of_decoy.values())) == 778


# --- DICOM samples


def test_the_dicom_samples_are_a_ct_an_mr_and_an_ultrasound_image():
    data = datasets.load_dicom_samples()
    assert data.name == "dicom_samples" and data.licence and data.citation
    assert [data.ct.modality, data.mr.modality, data.ultrasound.modality] == ["CT", "MR", "US"]
    assert (data.ct.pixels.shape, data.ct.pixels.dtype) == ((128, 128), np.int16)
    assert (data.mr.pixels.shape, data.mr.pixels.dtype) == ((64, 64), np.int16)
    assert (data.ultrasound.pixels.shape, data.ultrasound.pixels.dtype) == ((240, 320, 3), np.uint8)
    assert data.ct.pixel_spacing == (0.661468, 0.661468) and data.ultrasound.pixel_spacing is None
    assert (data.ct.slope, data.ct.intercept) == (1, -1024) and (data.mr.slope, data.mr.intercept) == (1, 0)


def test_the_ct_sample_shows_tissues_at_their_hounsfield_units():
    ct = datasets.load_dicom_samples().ct
    hounsfield = ct.slope * ct.pixels + ct.intercept
    lung, muscle, aorta, bone = (10, 5), (82, 80), (10, 85), (60, 50)  # upper left corners of squares of 10 pixels
    means = [hounsfield[y : y + 10, x : x + 10].mean() for y, x in (lung, muscle, aorta, bone)]
    assert -900 < means[0] < -600 and -20 < means[1] < 80 and 80 < means[2] < 200 and means[3] > 400


def test_the_dicom_samples_are_the_data_set_that_was_described():
    import pydicom

    sys.path.insert(0, str(ROOT / "data"))
    from make_data import array_checksum

    data = datasets.load_dicom_samples()
    (file,) = datasets._entry("dicom_samples").files
    assert array_checksum({name: getattr(data, name).pixels for name in ("ct", "mr", "ultrasound")}) == file.checksum
    for sample in (data.ct, data.mr, data.ultrasound):  # the path leads to the very file
        np.testing.assert_array_equal(pydicom.dcmread(sample.path).pixel_array, sample.pixels)


def test_the_traps_of_the_dicom_samples_are_as_the_catalogue_says():
    import pydicom

    data = datasets.load_dicom_samples()
    ct = pydicom.dcmread(data.ct.path)
    assert round(512 * ct.PixelSpacing[0], 2) == round(float(ct.ReconstructionDiameter), 2) == 338.67
    assert round(128 * ct.PixelSpacing[0]) == 85
    for sample in (data.ct, data.mr, data.ultrasound):
        tags = pydicom.dcmread(sample.path)
        assert tags.InstitutionName and tags.StudyDate and str(tags.PatientName).startswith("CompressedSamples")
    assert any(element.tag.is_private for element in ct)
    text = data.ultrasound.pixels[10:50, 5:80]  # where the hospital's name stands: grey letters on black
    assert (text.max(axis=2) > 150).mean() > 0.05 and np.median(text) < 20


def test_the_dicom_samples_cannot_be_changed():
    data = datasets.load_dicom_samples()
    for sample in (data.ct, data.mr, data.ultrasound):
        with pytest.raises(ValueError, match="read-only"):
            sample.pixels[0] = 0
        with pytest.raises(FrozenInstanceError):
            sample.slope = 2.0
    with pytest.raises(FrozenInstanceError):
        data.name = "other"


def other_modality(dataset):
    dataset.Modality = "MR"


def other_spacing(dataset):
    dataset.PixelSpacing = [1, 1]


def inverted_greys(dataset):
    dataset.PhotometricInterpretation = "MONOCHROME1"


def unsigned_values(dataset):
    dataset.PixelRepresentation = 0


def fewer_rows(dataset):
    dataset.Rows = 64
    dataset.PixelData = dataset.PixelData[: 64 * 128 * 2]


def no_modality(dataset):
    del dataset.Modality


def no_pixels(dataset):
    del dataset.PixelData


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (other_modality, "Modality must be CT, got MR"),
        (other_spacing, r"PixelSpacing must be \(0.661468, 0.661468\), got \(1.0, 1.0\)"),
        (inverted_greys, "PhotometricInterpretation must be MONOCHROME2, got MONOCHROME1"),
        (unsigned_values, r"PixelData must be int16 \(128, 128\), got uint16 \(128, 128\)"),
        (fewer_rows, r"PixelData must be int16 \(128, 128\), got int16 \(64, 128\)"),
        (no_modality, "is not a sound DICOM image: AttributeError"),
        (no_pixels, "is not a sound DICOM image"),
    ],
)
def test_another_file_in_the_place_of_a_dicom_sample_is_refused(monkeypatch, tmp_path, change, message):
    import pydicom
    from pydicom import examples

    dataset = examples.ct
    change(dataset)
    pydicom.dcmwrite(tmp_path / "changed.dcm", dataset)
    monkeypatch.setitem(examples._DATASETS, "ct", str(tmp_path / "changed.dcm"))
    with pytest.raises(datasets.DatasetCorrupt, match=message):
        datasets.load_dicom_samples()


@pytest.mark.parametrize("content", [b"", b"not DICOM", bytes(2000)])
def test_a_damaged_dicom_sample_is_refused(monkeypatch, tmp_path, content):
    from pydicom import examples

    (tmp_path / "damaged.dcm").write_bytes(content)
    monkeypatch.setitem(examples._DATASETS, "ct", str(tmp_path / "damaged.dcm"))
    with pytest.raises(datasets.DatasetCorrupt, match="is not a sound DICOM image"):
        datasets.load_dicom_samples()


# --- the catalogue


def test_every_loader_is_in_the_catalogue_and_every_entry_has_a_loader():
    loaders = {name.removeprefix("load_") for name, _ in inspect.getmembers(datasets, inspect.isfunction)
               if name.startswith("load_")}  # fmt: skip
    assert loaders == {entry.name for entry in datasets.catalogue()}


def test_every_loader_credits_its_own_entry_and_its_arrays_cannot_be_changed(
    pneumoniamnist_of, qian_sejnowski_of, splice_of
):
    loaders = {entry.name: getattr(datasets, f"load_{entry.name}") for entry in datasets.catalogue()} | {
        "pneumoniamnist": lambda: pneumoniamnist_of(fake_pneumoniamnist()),
        "brain_lesions": lambda: datasets.load_brain_lesions(4),
        "qian_sejnowski": lambda: qian_sejnowski_of(fake_qian_sejnowski()),
        "uci_splice": lambda: splice_of(fake_splice()),
    }
    for entry in datasets.catalogue():
        data = loaders[entry.name]()
        assert (data.name, data.licence, data.citation) == (entry.name, entry.licence, entry.citation)
        for value in vars(data).values():
            for array in value if isinstance(value, tuple) else (value,):
                assert not isinstance(array, np.ndarray) or not array.flags.writeable


@pytest.mark.parametrize("entry", datasets.catalogue(), ids=lambda entry: entry.name)
def test_every_entry_of_the_catalogue_is_complete(entry):
    for field in ("title", "what", "rows", "columns", "source", "citation", "licence", "used_by", "traps"):
        assert getattr(entry, field), f"{field} is empty"
    assert all(isinstance(trap, str) and trap.endswith(".") for trap in entry.traps)
    chapters = {chapter["file"] for chapter in yaml.safe_load((ROOT / "notebooks" / "_toc.yml").read_text())}
    assert set(entry.used_by) <= chapters
    embedded = {other.name for other in datasets.catalogue() if other.tier == "embedded"}
    assert entry.instead == "" if entry.tier == "embedded" else entry.instead in embedded | {""}
    for file in entry.files:
        if entry.tier == "embedded":
            assert re.fullmatch("arrays:[0-9a-f]{64}", file.checksum) and file.max_bytes == 0
        else:
            assert file.path and file.address.startswith("https://") and 0 < file.max_bytes <= 100_000_000
            assert re.fullmatch("sha256:[0-9a-f]{64}|md5:[0-9a-f]{32}", file.checksum)


def test_the_catalogue_as_a_table():
    table = datasets.catalogue_table()
    assert list(table.index) == [entry.name for entry in datasets.catalogue()]
    assert list(table.columns) == ["title", "tier", "rows", "columns", "licence", "used by"]
    assert "00_start_here" in table.loc["breast_cancer", "used by"]


def test_importing_the_module_imports_nothing_heavy():
    heavy = {"tensorflow", "keras", "pandas", "sklearn", "pydicom", "scipy", "matplotlib", "pooch", "requests", "tqdm"}
    program = f"import sys, course_utils.datasets; print({heavy} & set(sys.modules))"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout == "set()\n"
