"""A room without a network: packages from the folder wheels/, data from a share, and the course as it always runs."""

import os
import re
import shutil
import subprocess
import sys
import zipfile

import pytest
from small_course import add_environment, copy_of_the_course, outside

from course_utils import notebooks
from course_utils.datasets.catalogue import find_entry

pytestmark = pytest.mark.slow

# A network of its own that holds nothing but the loopback address, as a laptop in a room without one.
ALONE = ["unshare", "--net", *(["--map-root-user"] if os.name == "posix" and os.geteuid() else [])]
ALONE += ["sh", "-c", 'ip link set lo up && exec "$@"', "sh"]


@pytest.fixture(scope="module", autouse=True)
def without_network():
    if not shutil.which("unshare") or subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this computer does not let a test cut off its network (unshare, ip)")


def run(command, folder, **environment):
    settings = {**outside(), **environment}
    settings.pop("PIP_NO_INDEX", None)
    settings.pop("PIP_FIND_LINKS", None)
    return subprocess.run(
        [*ALONE, *command], cwd=folder, env=settings, capture_output=True, text=True, timeout=600, check=False
    )


def test_there_is_no_network(tmp_path):
    code = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=5)"
    done = run([sys.executable, "-c", code], tmp_path)
    assert "Network is unreachable" in done.stderr


# --- the folder wheels/ ------------------------------------------------------------------------------------------


def write_wheel(folder, name, needs=""):
    """Write the smallest package that pip installs; it may need another one."""
    info = f"{name}-1.dist-info"
    with zipfile.ZipFile(folder / f"{name}-1-py3-none-any.whl", "w") as file:
        file.writestr(f"{name}.py", f"print('this is {name}')")
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n{needs}")
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{info}/RECORD", "")


@pytest.fixture(scope="module")
def laptop(tmp_path_factory):
    """What a student has copied from the stick: the course's folder with wheels/ in it; here with two packages."""
    folder = tmp_path_factory.mktemp("room") / "course"
    (folder / "course_utils").mkdir(parents=True)
    (folder / "wheels").mkdir()
    shutil.copy(notebooks.ROOT / "course_utils" / "bootstrap.py", folder / "course_utils")
    (folder / "requirements.txt").write_text("first==1\n")
    (folder / "pyproject.toml").touch()
    (folder / "Makefile").write_text(
        (notebooks.ROOT / "Makefile").read_text(encoding="utf-8") + "\nready: .venv/ready\n", encoding="utf-8"
    )
    write_wheel(folder / "wheels", "first", needs="Requires-Dist: second\n")
    write_wheel(folder / "wheels", "second")
    return folder


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_the_environment_is_made_from_the_folder(laptop):
    shutil.rmtree(laptop / ".venv", ignore_errors=True)
    done = run(["make", "ready", f"PYTHON={sys.executable}"], laptop)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The packages come from the folder wheels/; no network is used." in done.stdout
    assert run([".venv/bin/python", "-c", "import first, second"], laptop).stdout.count("this is") == 2


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_a_package_that_is_missing_is_a_clear_line(laptop):
    (laptop / "requirements.txt").write_text("first==1\nthird==1\n")
    done = run(["make", "ready", f"PYTHON={sys.executable}"], laptop)
    (laptop / "requirements.txt").write_text("first==1\n")
    assert done.returncode == 2 and "third==1" in done.stderr
    version = ".".join(map(str, sys.version_info[:2]))
    assert f"Python {version}? Rename it, and the packages come from the network." in done.stdout


def test_the_folder_is_filled_and_the_course_is_left_out(laptop, tmp_path):
    """Here from a folder of packages, in the place of an index."""
    course = tmp_path / "course"
    shutil.copytree(laptop, course, ignore=shutil.ignore_patterns(".venv", "wheels"))
    shutil.copytree(laptop / "wheels", tmp_path / "index")
    (course / "requirements.txt").write_text("first==1\n-e .\n")
    environment = {**outside(), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "index")}
    subprocess.run([sys.executable, "-m", "venv", course / ".venv"], check=True)
    command = [course / ".venv" / "bin" / "python", "course_utils/bootstrap.py", "wheels"]
    done = subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path.name for path in (course / "wheels").iterdir()} == {
        path.name for path in (tmp_path / "index").iterdir()
    }
    assert re.fullmatch(r"wheels/ holds every package, for this system and Python 3\.\d+\.\n", done.stdout)


# --- the data on a share -----------------------------------------------------------------------------------------


def test_the_share_vouches_for_its_files(tmp_path):
    """The command of docs/classroom.md lists the checksums; a chapter then reads the files, and no damaged one."""
    page = (notebooks.ROOT / "docs" / "classroom.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^cd benchmark && (.*)$", page, re.MULTILINE)
    path = tmp_path / find_entry("esol").files[0].path
    path.parent.mkdir(parents=True)
    path.write_text("a file of the share", encoding="utf-8")
    for _ in range(2):  # the list is no part of itself
        subprocess.run(command, shell=True, cwd=tmp_path, check=True)
    assert len((tmp_path / "SHA256SUMS").read_text(encoding="utf-8").splitlines()) == 1
    code = "from course_utils import datasets; print(datasets.fetch('esol'))"
    assert run([sys.executable, "-c", code], notebooks.ROOT, COURSE_DATA_DIR=str(tmp_path)).stdout == f"{path}\n"
    path.write_text("another file", encoding="utf-8")
    refused = run([sys.executable, "-c", code], notebooks.ROOT, COURSE_DATA_DIR=str(tmp_path)).stderr
    assert "is damaged or was replaced" in refused


# --- the course --------------------------------------------------------------------------------------------------

LAB = """
import json, re, signal, subprocess, sys, time, urllib.request

lab = subprocess.Popen(
    [sys.executable, "-m", "course_utils", "lab", "--port=0", "--no-browser"],
    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL,
)
try:
    for line in lab.stdout:
        if found := re.search(r"(http://127\\.0\\.0\\.1:\\d+)/\\S*\\?token=(\\w+)", line):
            break
    address, token = found.groups()
    request = urllib.request.Request(f"{address}/api/contents/my_course", headers={"Authorization": f"token {token}"})
    for attempt in range(60):  # the address is shown a moment before the server answers
        try:
            files = json.load(urllib.request.urlopen(request, timeout=60))["content"]
            break
        except OSError:
            time.sleep(0.5)
    print(sorted(file["name"] for file in files))
finally:
    lab.send_signal(signal.SIGTERM)
    lab.wait(60)
"""


def test_the_lab_opens_and_a_chapter_runs(tmp_path):
    course = add_environment(copy_of_the_course(tmp_path / "course"))
    python = course / ".venv" / "bin" / "python"
    opened = run([python, "-c", LAB], course)
    assert opened.stdout == "['00_one.ipynb', 'solutions']\n", opened.stdout + opened.stderr
    ran = run([python, "-m", "course_utils", "run"], course)
    assert ran.returncode == 0 and "1 of 1" in ran.stdout, ran.stdout + ran.stderr


def test_a_chapter_of_the_course_runs(tmp_path):
    """With COURSE_OFFLINE unset: the course itself notices that there is no network, and says what to do."""
    environment = {"COURSE_OFFLINE": "", "COURSE_DATA_DIR": "", "COURSE_CACHE_DIR": str(tmp_path)}
    ran = run([sys.executable, "-m", "course_utils", "run", "00", "--fast"], notebooks.ROOT, **environment)
    assert ran.returncode == 0 and "00_start_here.ipynb" in ran.stdout, ran.stdout + ran.stderr
    missing = run([sys.executable, "-m", "course_utils", "data", "esol"], notebooks.ROOT, **environment)
    assert missing.returncode == 1 and "no connection to" in missing.stderr, missing.stdout + missing.stderr
