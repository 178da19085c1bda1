"""The recipes of the frozen data files: a file is what its recipe builds, and the catalogue knows it."""

import hashlib
import importlib
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
from course_utils.datasets import files
from data.recipes import __main__ as command
from data.recipes import lesion_networks, shared

ROOT = Path(__file__).resolve().parent.parent
catalogue_module = importlib.import_module("course_utils.datasets.catalogue")  # not the function of this name

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

[[toy.traps]]
text = "It is a toy."
shown_by = "len(data.labels) == 2"

[[toy.files]]
path = "toy.npz"
address = "made here"
checksum = "CHECKSUM"
max_bytes = 0
"""


def toy():
    return {"values": np.array([[1.0, 2.0, np.nan], [0.5, 4.0, 5.0]]), "labels": np.array([0, 1]), "names": ["a", "bc"]}


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    """Run the command on a folder with one recipe. Returns its exit code and what it printed."""
    recipes = {"toy": toy}

    def run(*arguments):
        capsys.readouterr()
        code = command.main(list(arguments), folder=tmp_path, recipes=recipes)
        return code, capsys.readouterr().out

    run.recipes = recipes
    return run


@pytest.fixture
def folder(monkeypatch, tmp_path, run):
    """A data folder with one recipe, its built file, the catalogue and README.md, all in order."""
    monkeypatch.setattr(catalogue_module, "CATALOGUE_FILE", tmp_path / "catalogue.toml")
    (tmp_path / "catalogue.toml").write_text(TOY.replace("CHECKSUM", files.array_checksum(toy())))
    assert run()[0] == command.SAME
    return tmp_path


def test_the_exit_codes_are_those_of_the_docstring():
    assert (command.SAME, command.DIFFERS, command.NOT_REBUILT) == (0, 1, 3)


def test_what_was_built_passes_the_check(folder, run):
    code, out = run("--check")
    assert code == command.SAME and "toy.npz: is what its recipe builds" in out


def test_the_check_changes_nothing(folder, run):
    (folder / "README.md").write_text("old")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert run("--check")[0] == command.DIFFERS
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_files_are_compared_array_for_array_not_byte_for_byte(folder, run):
    before = (folder / "toy.npz").read_bytes()
    np.savez(folder / "toy.npz", **dict(reversed(toy().items())))  # not compressed, in another order
    other = (folder / "toy.npz").read_bytes()
    assert other != before
    assert run("--check")[0] == command.SAME
    code, out = run()
    assert code == command.SAME and "toy.npz: unchanged" in out
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
def test_a_file_that_its_recipe_does_not_build_fails(folder, run, change):
    np.savez(folder / "toy.npz", **change(toy()))
    checksum = files.array_checksum(change(toy()))
    (folder / "catalogue.toml").write_text(TOY.replace("CHECKSUM", checksum))  # so that the recipe alone disagrees
    (folder / "README.md").write_text(shared.readme())
    code, out = run("--check")
    assert code == command.DIFFERS
    assert out and all(line.startswith("toy.npz: array ") for line in out.splitlines())
    (folder / "catalogue.toml").write_text(TOY.replace("CHECKSUM", files.array_checksum(toy())))
    code, out = run("toy")  # building puts it right
    assert code == command.SAME and "toy.npz: built" in out
    assert command.differences(shared.load(folder / "toy.npz"), toy()) == []


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_of_the_arrays_changes_the_checksum(change):
    assert files.array_checksum(change(toy())) != files.array_checksum(toy())


def test_the_checksum_does_not_depend_on_order_or_on_the_machine():
    arrays = toy()
    other = {
        "names": np.array(["a", "bc"], dtype=">U2"),
        "labels": arrays["labels"].astype(">i8"),
        "values": np.asfortranarray(arrays["values"]),
    }
    assert files.array_checksum(other) == files.array_checksum(arrays)
    assert files.array_checksum({"x": np.float64(1)}) != files.array_checksum({"x": np.ones(1)})


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
def test_the_check_says_what_is_wrong(folder, run, damage, message):
    damage(folder)
    code, out = run("--check")
    assert code == command.DIFFERS and message in out


def test_a_recipe_of_python_objects_is_refused(folder, run):
    run.recipes["objects"] = lambda: {"x": np.array([{}, None])}
    with pytest.raises(TypeError, match="array 'x' holds Python objects"):
        run()
    assert not (folder / "objects.npz").exists()


def second():
    return {"x": np.arange(3)}


@pytest.mark.parametrize("name", ["second", "second.npz", "data/second.npz"])
def test_one_file_is_built_or_compared_alone(folder, run, name):
    run.recipes |= {"toy": lambda: pytest.fail("another file was built"), "second": second}
    (folder / "README.md").write_text("old")
    table = TOY.replace("toy", "second").replace("CHECKSUM", files.array_checksum(second()))
    (folder / "catalogue.toml").write_text((folder / "catalogue.toml").read_text() + table)
    assert run(name)[0] == command.SAME and (folder / "second.npz").exists()
    assert run("--check", name)[0] == command.SAME
    np.savez(folder / "second.npz", x=np.arange(4))
    assert run("--check", name)[0] == command.DIFFERS
    assert (folder / "README.md").read_text() == "old"


def test_the_readme_is_written_or_compared_alone(folder, run):
    run.recipes["toy"] = lambda: pytest.fail("a file was built")
    (folder / "README.md").write_text("old")
    assert run("--check", "README.md")[0] == command.DIFFERS
    assert run("README")[0] == run("--check", "README")[0] == command.SAME


def test_an_unknown_file_is_answered_with_the_nearest(folder, run, capsys):
    with pytest.raises(SystemExit) as stop:
        run("--check", "toj")
    assert stop.value.code == 2 and "got 'toj'; did you mean 'toy'?" in capsys.readouterr().err


def test_a_file_that_the_catalogue_does_not_describe_is_named(folder, run):
    run.recipes["second"] = second
    code, out = run("second")
    assert code == command.DIFFERS and "second.npz: is not in the catalogue" in out


def test_a_folder_that_is_read_only_is_one_clear_line_a_file(folder, run, monkeypatch):
    def refuse(path, *_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    (folder / "toy.npz").unlink()
    monkeypatch.setattr(np, "savez_compressed", refuse)
    monkeypatch.setattr(Path, "write_text", refuse)
    code, out = run()
    assert code == command.DIFFERS
    assert "toy.npz: [Errno 13] Permission denied: '" in out and "README.md: [Errno 13] Permission denied: '" in out


def test_a_file_is_written_whole_or_not_at_all(folder, run, monkeypatch):
    before = (folder / "toy.npz").read_bytes()
    run.recipes["toy"] = second

    def half(path, **_):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", half)
    code, out = run("toy")
    assert code == command.DIFFERS and "No space left on device" in out
    assert (folder / "toy.npz").read_bytes() == before and not list(folder.glob("*.part*"))


def test_the_readme_tells_all_that_the_catalogue_knows():
    text = shared.readme()
    for entry in datasets.catalogue():
        for fact in (entry.title, entry.what, entry.rows, entry.columns, entry.source, entry.citation, entry.licence):
            assert fact in text
        assert all(trap.text in text for trap in entry.traps)
        assert all(file.address in text and file.checksum in text for file in entry.files)
        assert all(chapter in text for chapter in entry.used_by)


def test_the_readme_of_the_repository_is_current():
    assert (ROOT / "data" / "README.md").read_text(encoding="utf-8") == shared.readme()


def test_every_frozen_file_has_its_recipe_and_every_recipe_its_file():
    frozen = {path.relative_to(ROOT / "data").as_posix() for path in (ROOT / "data").rglob("*.npz")}
    assert {getattr(build, "path", f"{name}.npz") for name, build in command.find_recipes().items()} == frozen


def test_the_frozen_files_of_the_repository_are_what_their_recipes_build():
    """Offline what is inside the course's packages is rebuilt; the rest is compared with the catalogue."""
    names = [name for name in command.find_recipes() if name not in NETWORKS]
    done = subprocess.run(
        [sys.executable, "-m", "data.recipes", "--check", *names, "README"],
        cwd=ROOT, env=os.environ | {"COURSE_OFFLINE": "1"}, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode in (command.SAME, command.NOT_REBUILT), done.stdout + done.stderr
    assert "mni152.npz: is what its recipe builds" in done.stdout


# --- trained networks: compared by what they do

NETWORKS = [name for name, build in command.find_recipes().items() if hasattr(build, "differences")]


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_a_retrained_network_does_what_the_frozen_one_does(name):
    done = subprocess.run(
        [sys.executable, "-m", "data.recipes", "--check", name], cwd=ROOT, capture_output=True, text=True, timeout=800
    )
    assert done.returncode == command.SAME, done.stdout + done.stderr


def frozen_networks():
    return shared.load(ROOT / "data" / "models" / "lesion_networks.npz")


def other_names(arrays):
    return arrays | {"trained": arrays["shuffled"]}


def trained_after_all(arrays):
    return arrays | {"shuffled": arrays["trained"]}


def fewer_weights(arrays):
    return arrays | {"again": arrays["again"][1:]}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (other_names, "network 'trained' has an ROC-AUC of 0.9"),
        (trained_after_all, "expected none, between 0.25 and 0.75"),
        (fewer_weights, "the recipe builds"),
    ],
)
def test_a_network_that_does_something_else_is_noticed(change, complaint):
    frozen = frozen_networks()
    assert complaint in lesion_networks.differences(change(frozen), frozen)[0]


def test_other_last_digits_make_no_other_network():
    frozen = frozen_networks()
    last_digits = {name: np.nextafter(row, np.float16(9)) for name, row in frozen.items()}
    assert lesion_networks.differences(last_digits, frozen) == []


def test_a_recipe_may_name_its_place_and_compare_for_itself(folder, run):
    def near():
        return {"x": np.array([1.0, 2.0])}

    def differences(built, frozen):
        return [] if np.allclose(built["x"], frozen["x"], atol=0.1) else ["they are far apart"]

    near.path, near.differences = "models/near.npz", differences
    run.recipes |= {"toy": toy, "near": near}
    (folder / "models").mkdir()
    stored = {"x": np.array([1.05, 2.0])}
    np.savez(folder / "models" / "near.npz", **stored)
    table = TOY.replace('"toy.npz"', '"models/near.npz"').replace("[toy", "[near").replace("[[toy", "[[near")
    table = table.replace("CHECKSUM", files.array_checksum(stored))
    (folder / "catalogue.toml").write_text((folder / "catalogue.toml").read_text() + table)
    (folder / "README.md").write_text(shared.readme())
    assert run("--check")[0] == command.SAME
    code, out = run("near")  # building leaves what does the same alone
    assert code == command.SAME and "near.npz: unchanged" in out
    np.savez(folder / "models" / "near.npz", x=np.array([1.5, 2.0]))
    code, out = run("--check", "near")
    assert code == command.DIFFERS and "near.npz: they are far apart" in out and "the catalogue says" in out
    (folder / "models" / "stray.npz").write_bytes((folder / "models" / "near.npz").read_bytes())
    assert "stray.npz: has no recipe" in run("--check")[1]


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
        monkeypatch.setitem(shared.PACKAGES, "toy", (path.name, checksum))

    return pin


@pytest.mark.parametrize("make", [wheel, source])
def test_a_file_of_a_wheel_or_of_a_source_distribution_is_read(cache, pin, make):
    pin(path := make(cache))
    assert shared.package_file("toy", "toy/sequence.txt") == b"ACGT\n"
    for name in ("sequence.txt", "toy-1.0/toy/sequence.txt"):
        with pytest.raises(KeyError, match="sequence.txt"):
            shared.package_file("toy", name)
    assert [path for path in cache.rglob("*") if path.is_file()] == [path]  # nothing was unpacked


@pytest.mark.parametrize("make", [wheel, source])
def test_another_archive_than_the_pinned_one_is_not_opened(cache, pin, monkeypatch, make):
    pin(path := make(cache))
    path.write_bytes(path.read_bytes() + b"\0")
    monkeypatch.setattr(shared.zipfile, "ZipFile", None)
    monkeypatch.setattr(shared.tarfile, "open", None)
    with pytest.raises(ValueError, match=f"{path.name} has the checksum"):
        shared.package_file("toy", "toy/sequence.txt")


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
    monkeypatch.setattr(shared.subprocess, "run", download)
    for _ in range(2):
        assert shared.package_file("toy", "toy/sequence.txt") == b"ACGT\n"
    checksum = hashlib.sha256(elsewhere.read_bytes()).hexdigest()
    assert wanted == [f"toy==1.0 --hash=sha256:{checksum}\n"]  # pip refuses another archive, and runs nothing of it
    assert commands[0][commands[0].index(option) + 1] == "toy"
    assert [path.name for path in cache.rglob("*") if path.is_file()] == [elsewhere.name]


def packaged():
    return {"letters": np.frombuffer(shared.package_file("toy", "toy/sequence.txt"), np.uint8)}


@pytest.fixture
def packaged_folder(folder, run, monkeypatch, cache):
    """The data folder, with a second file that needs a package, and no package."""
    monkeypatch.setitem(shared.PACKAGES, "toy", (WHEEL, "no checksum, because there is no archive"))
    run.recipes["packaged"] = packaged
    arrays = {"letters": np.frombuffer(b"ACGT\n", np.uint8)}
    np.savez(folder / "packaged.npz", **arrays)
    table = TOY.replace("toy", "packaged").replace("CHECKSUM", files.array_checksum(arrays))
    (folder / "catalogue.toml").write_text((folder / "catalogue.toml").read_text() + table)
    (folder / "README.md").write_text(shared.readme())
    return folder


def test_offline_a_set_that_is_not_rebuilt_is_told_apart_from_one_that_differs(packaged_folder, run):
    code, out = run("--check")
    assert code == command.NOT_REBUILT
    assert "packaged.npz: not rebuilt: its sources could not be had: toy-1.0-py3-none-any.whl is not in" in out
    assert "toy.npz: is what its recipe builds" in out
    np.savez(packaged_folder / "packaged.npz", letters=np.frombuffer(b"ACGA\n", np.uint8))
    code, out = run("--check")
    assert code == command.DIFFERS and "packaged.npz: the catalogue says" in out and "not rebuilt" in out


def test_without_network_the_file_is_not_rebuilt_and_stays(packaged_folder, run, monkeypatch):
    monkeypatch.delenv("COURSE_OFFLINE", raising=False)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 1, "", "no route"))
    for arguments in (["--check"], []):
        code, out = run(*arguments)
        assert code == command.NOT_REBUILT
        assert f"pip could not download {WHEEL}; this needs the network: no route" in out
    assert (packaged_folder / "packaged.npz").exists()


def test_a_password_of_a_package_index_is_not_shown(packaged_folder, run, monkeypatch):
    monkeypatch.delenv("COURSE_OFFLINE", raising=False)
    answer = subprocess.CompletedProcess([], 1, "", "ERROR: no https://anna:let" + "mein@index.example/simple/toy")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: answer)
    code, out = run("--check", "packaged")
    assert code == command.NOT_REBUILT and "letmein" not in out


def test_another_archive_under_the_same_name_is_a_difference(packaged_folder, run, monkeypatch):
    monkeypatch.delenv("COURSE_OFFLINE", raising=False)
    answer = subprocess.CompletedProcess([], 1, "", "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM ...")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: answer)
    code, out = run("--check")
    assert code == command.DIFFERS and f"the archive {WHEEL} of the package index is another" in out


def test_a_package_that_is_not_installed_is_a_source_that_cannot_be_had(folder, run):
    def missing():
        import no_such_package_at_all

        return no_such_package_at_all.arrays

    run.recipes["toy"] = missing
    code, out = run("--check")
    assert code == command.NOT_REBUILT and "could not be had: No module named 'no_such_package_at_all'" in out


def test_with_the_package_at_hand_the_file_is_compared_with_its_recipe(packaged_folder, run, cache, pin):
    pin(wheel(cache))
    code, out = run("--check")
    assert code == command.SAME and "packaged.npz: is what its recipe builds" in out
