"""Fixtures of the tests of the data sets. No test speaks to another computer."""

import os
import socket

import pytest

from course_utils import datasets
from course_utils.datasets import files

from .helpers import BODY, PATH, REAL_MIRROR, catalogue_module, make_mirror, sha256


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
    for variable in list(os.environ):
        if variable.lower().endswith("_proxy") or variable in ("COURSE_DATA_DIR", "COURSE_OFFLINE"):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setitem(files._session, "temporary", None)
    return tmp_path / "cache"


def catalogue_text(address="https://127.0.0.1:1/tiny.npz", content=BODY, path=PATH, **changed):
    fields = {
        "title": "Tiny",
        "tier": "benchmark",
        "what": "For tests.",
        "rows": "1 row",
        "columns": "1 column",
        "source": "-",
        "citation": "-",
        "licence": "not stated",
        "used_by": [],
        "instead": "",
    }
    text = "[tiny]\n" + "".join(f"{key} = {value!r}\n" for key, value in (fields | changed).items())
    return (
        f"{text}[[tiny.files]]\npath = {path!r}\naddress = {address!r}\n"
        f"checksum = 'sha256:{sha256(content)}'\nmax_bytes = {2 * len(BODY)}\n"
    )


@pytest.fixture
def use_catalogue(monkeypatch, tmp_path):
    """Let the course read a catalogue of one data set, `tiny`, with these fields changed; "" takes one away."""

    def use(*args, more="", without="", **kwargs):
        file = tmp_path / "catalogue.toml"
        file.write_text(catalogue_text(*args, **kwargs).replace(without, "") + more, encoding="utf-8")
        monkeypatch.setattr(catalogue_module, "CATALOGUE_FILE", file)

    return use


@pytest.fixture
def mirror_of(monkeypatch, tmp_path):
    """Make a COURSE_DATA_DIR of the given files ({path: content}) with SHA256SUMS beside them. Returns the folder."""

    def make(contents):
        monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path / "mirror"))
        return make_mirror(tmp_path / "mirror", contents)

    return make


@pytest.fixture
def mirror(mirror_of):
    """A COURSE_DATA_DIR with the tiny file in it, and another."""
    return mirror_of({"other": b"x", PATH: BODY})


@pytest.fixture
def load_from(mirror_of):
    """Load a benchmark data set from a COURSE_DATA_DIR that holds the given files ({path: content})."""

    def load(name, contents):
        mirror_of(contents)
        return getattr(datasets, f"load_{name}")()

    return load


@pytest.fixture
def load_real(monkeypatch):
    """Load a benchmark data set from the COURSE_DATA_DIR that was set when the tests began, or skip the test."""

    def load(name):
        if not REAL_MIRROR:
            pytest.skip("COURSE_DATA_DIR is not set")
        monkeypatch.setenv("COURSE_DATA_DIR", REAL_MIRROR)
        monkeypatch.setenv("COURSE_OFFLINE", "1")
        return getattr(datasets, f"load_{name}")()

    return load
