"""What the tests of the data sets share."""

import dataclasses
import hashlib
import importlib
import io
import os
import shutil
from pathlib import Path

import numpy as np

from course_utils.datasets import files

# `datasets.catalogue` is the function; this is the module.
catalogue_module = importlib.import_module("course_utils.datasets.catalogue")

ROOT = Path(__file__).resolve().parent.parent.parent
REAL_MIRROR = os.environ.get("COURSE_DATA_DIR")
BODY = bytes(range(256)) * 16  # what the data set `tiny` holds
PATH = "tiny/tiny.npz"


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def as_bytes(content):
    """Turn a text, or a dict of arrays, into what a file of it holds."""
    if isinstance(content, dict):
        stream = io.BytesIO()
        np.savez(stream, **content)
        return stream.getvalue()
    return content.encode("utf-8") if isinstance(content, str) else content


def make_mirror(folder, contents):
    """Make a COURSE_DATA_DIR of the given files ({path: content}) with SHA256SUMS beside them."""
    lines = []
    for path, content in contents.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(as_bytes(content))
        lines.append(f"{sha256(as_bytes(content))}  ./{path}\n")
    (folder / "SHA256SUMS").write_text("".join(lines))
    return folder


def use_copy_of_data(folder, monkeypatch, path):
    """Let the loaders read a folder that holds the catalogue and one frozen file. Returns the copy of that file."""
    shutil.copy(catalogue_module.CATALOGUE_FILE, folder)
    (folder / path).parent.mkdir(exist_ok=True)
    shutil.copy(files.data_folder() / path, folder / path)
    monkeypatch.setattr(catalogue_module, "CATALOGUE_FILE", folder / "catalogue.toml")
    return folder / path


def parts(value, name="data"):
    """Yield every part of what a loader returned, however deep, with its name."""
    yield name, value
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from parts(getattr(value, field.name), f"{name}.{field.name}")
    elif isinstance(value, tuple):
        for number, part in enumerate(value):
            yield from parts(part, f"{name}[{number}]")
