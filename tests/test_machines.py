"""Other people's machines: whatever is installed, exported or configured there, the course uses its own."""

import http.server
import itertools
import os
import re
import shutil
import subprocess
import sys
import threading
import tomllib
import zipfile

import axe
import pytest
from small_course import add_environment, copy_of_the_course, outside, write_notebook

from course_utils import machine, notebooks

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A copy of the course with an environment, for all tests of this module."""
    return add_environment(copy_of_the_course(tmp_path_factory.mktemp("machines") / "course"))


def run(command, folder, seconds=600, **environment):
    """Run a command in a folder; a variable that is None is unset."""
    settings = {**outside(), **environment}
    settings = {name: str(value) for name, value in settings.items() if value is not None}
    return subprocess.run(
        command,
        cwd=folder,
        env=settings,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=seconds,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def python(*arguments):
    return [".venv/bin/python", "-m", "course_utils", *arguments]


def one_line(text):
    return len(text.strip().splitlines()) == 1


# --- what other programs leave in the environment ----------------------------------------------------------------


@pytest.fixture
def foreign(tmp_path):
    """A folder with modules that must never be imported, and settings that must never be read."""
    folder = tmp_path / "foreign"
    for name in ("numpy", "yaml", "platformdirs", "psutil", "tqdm", "IPython", "pytest", "nbformat", "tensorflow"):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(f"raise SystemExit('the foreign {name}')\n")
    # A plugin of pytest that is broken, as an installed package registers it.
    plugin = folder / "plugin-1.dist-info"
    plugin.mkdir()
    (plugin / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin\nVersion: 1\n")
    (plugin / "entry_points.txt").write_text("[pytest11]\nbroken = no_such_module\n")
    (folder / "startup.py").write_text("raise SystemExit('the foreign startup file')\n")
    return folder


PYTHONS = [
    {"PYTHONPATH": "FOREIGN"},
    {"PYTHONPATH": ":FOREIGN:"},
    {"PYTHONPATH": "/dev/null/nowhere:FOREIGN"},
    {"PYTHONSTARTUP": "FOREIGN/startup.py"},
    {"PYTHONINSPECT": "1"},
    {"PYTHONSAFEPATH": "1"},
    {"PYTHONNOUSERSITE": "", "PYTHONUSERBASE": "FOREIGN"},
    {"PYTHONOPTIMIZE": "2"},
    {"PYTHONWARNINGS": "error"},
    {"PYTHONDEVMODE": "1"},
    {"PYTHONCASEOK": "1", "PYTHONHASHSEED": "1", "PYTHONVERBOSE": ""},
]
ONLY_MAKE_CAN = [  # a Python that meets these reads no line of the course
    {"PYTHONHOME": "/dev/null/nowhere"},
    {"PYTHONPLATLIBDIR": "nowhere"},
    {"PYTHONHOME": "FOREIGN", "PYTHONPATH": "FOREIGN"},
]
TERMINALS = [
    {"LC_ALL": "C", "LANG": None},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"LC_ALL": "tr_TR.UTF-8"},
    {"LC_ALL": "xx_YY.nothing"},
    {"LC_CTYPE": "de_DE.ISO-8859-1"},
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "cp1252"},
    {"PYTHONIOENCODING": "latin-1:strict"},
    {"PYTHONIOENCODING": "gbk"},
    {"TERM": "dumb", "NO_COLOR": "1", "COLUMNS": "1"},
]
HOMES = [
    {"HOME": None},
    {"HOME": "/dev/null/nowhere"},
    {"HOME": "/dev/null"},
    {"HOME": ""},
    {"TMPDIR": "/dev/null/nowhere"},
    {"XDG_CONFIG_HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null"},
]
OTHERS = [
    {"VIRTUAL_ENV": "/dev/null/nowhere", "CONDA_PREFIX": "/dev/null/nowhere", "CONDA_DEFAULT_ENV": "base"},
    {"UV_PROJECT_ENVIRONMENT": "/dev/null/nowhere", "UV_PYTHON": "3.8", "POETRY_ACTIVE": "1", "PIPENV_ACTIVE": "1"},
    {"PYENV_VERSION": "2.7.18", "ASDF_PYTHON_VERSION": "2.7"},
    {
        "CDPATH": "/",
        "GREP_OPTIONS": "-v",
        "GREP_COLORS": "x",
        "ENV": "/dev/null/nowhere",
        "BASH_ENV": "/dev/null/nowhere",
    },
]
MAKES = [
    {"MAKEFLAGS": "-j8 -k"},
    {"MAKEFLAGS": "w"},
    {"MAKEFLAGS": "r -R --warn-undefined-variables"},
    {"MAKEFLAGS": "e", "RUN": "false", "PYTHON": "false", "SHELL": "/bin/false"},
    {"MAKEFILES": "/dev/null/nowhere"},
    {"PYTHON": "/bin/false", "RUN": "false"},
]


def filled(settings, foreign):
    return {name: value and value.replace("FOREIGN", str(foreign)) for name, value in settings.items()}


def together(*lists):
    return {name: value for settings in lists for one in settings for name, value in one.items()}


def side_by_side(*lists):
    """Return the settings in few runs: one of each list at a time, until each has had its turn."""
    return [together(settings) for settings in itertools.zip_longest(*lists, fillvalue={})]


@needs_make
def test_make_is_not_led_astray_by_all_of_it(course, foreign):
    everything = together(PYTHONS, ONLY_MAKE_CAN, TERMINALS, HOMES, OTHERS, MAKES)
    test_make_is_not_led_astray(course, foreign, everything)


def test_commands_without_make_are_not_led_astray_by_all_of_it(course, foreign):
    everything = together(PYTHONS, TERMINALS, HOMES, OTHERS)
    test_commands_without_make_are_not_led_astray(course, foreign, everything)


@pytest.mark.slow
@needs_make
@pytest.mark.parametrize("settings", side_by_side([*PYTHONS, *ONLY_MAKE_CAN], TERMINALS, HOMES, OTHERS, MAKES), ids=str)
def test_make_is_not_led_astray(course, foreign, settings):
    done = run(["make", "progress"], course, **filled(settings, foreign))
    assert done.returncode == 0, done.stderr
    assert "all      0 of " in done.stdout
    assert done.stderr == ""


@pytest.mark.slow
@pytest.mark.parametrize("settings", side_by_side(PYTHONS, TERMINALS, HOMES, OTHERS), ids=str)
def test_commands_without_make_are_not_led_astray(course, foreign, settings):
    done = run(python("progress"), course, **filled(settings, foreign))
    assert done.returncode == 0, done.stderr
    assert "all      0 of " in done.stdout
    assert done.stderr == ""


def test_the_makefile_and_the_package_leave_the_same_outside():
    """Every variable that the package leaves outside, the Makefile does too, and the same ones are kept."""
    makefile = (notebooks.ROOT / "Makefile").read_text("utf-8")
    (outside_make,) = [line for line in makefile.splitlines() if line.startswith("OUTSIDE := $(filter ")]
    named = outside_make.removeprefix("OUTSIDE := $(filter ").split(",")[0].split()
    assert set(named) == {f"{name}%" for name in (*machine.FOREIGN, "RUFF_")}  # no command without make calls ruff
    (kept,) = [line for line in makefile.splitlines() if line.startswith("unexport")]
    assert set(kept.split("filter-out ")[1].split(",")[0].split()) == machine.KEPT


AGAINST_TESTS = {
    "PYTEST_ADDOPTS": "--no-such-option -k nothing",
    "PYTEST_PLUGINS": "no_such_plugin",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "JUPYTER_PATH": "FOREIGN",
    "IPYTHONDIR": "/dev/null",
    "JPY_PARENT_PID": "1",
    "PYTHONPATH": "FOREIGN",
    "PYTHONHOME": "FOREIGN",
    "PYTHONOPTIMIZE": "2",
    "PYTHONWARNINGS": "error",
    "PYTHONIOENCODING": "ascii",
    "LC_ALL": "C",
}


@pytest.mark.slow
@needs_make
def test_make_test_is_not_led_astray(course, foreign):
    """`make test` in a course of one chapter whose one unit test fails when anything of the outside comes in."""
    (course / "tests").mkdir(exist_ok=True)
    (course / "tests" / "test_one.py").write_text(
        "import os\n\n\ndef test_clean():\n"
        "    assert not [name for name in os.environ if name.startswith(('JPY_', 'PYTHONHOME', 'PYTEST_ADDOPTS'))]\n"
        f"    assert {str(foreign)!r} not in str(os.environ)\n"
        "    assert ('✓', 1) != (), 'an assertion that counts'\n"
    )
    done = run(["make", "test"], course, 300, **filled(AGAINST_TESTS, foreign))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 passed" in done.stdout  # the unit test, three cells of the chapter and one of its solution


# --- kernels, IPython, Jupyter -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_run_uses_its_own_kernel_and_settings(course, tmp_path):
    home = tmp_path / "home"
    for kernels in (home / "kernels", home / ".local/share/jupyter/kernels", home / "data/kernels"):
        (kernels / "python3").mkdir(parents=True)
        text = '{"argv": ["/bin/false"], "display_name": "Foreign", "language": "python"}'
        (kernels / "python3" / "kernel.json").write_text(text)
    for profile in (home / ".ipython/profile_default", home / "ipython/profile_default"):
        (profile / "startup").mkdir(parents=True)
        (profile / "startup" / "00.py").write_text("raise SystemExit('the foreign startup file')\n")
        (profile / "ipython_config.py").write_text("c.InteractiveShellApp.exec_lines = ['N = 2', 'claim = None']\n")
        (profile / "ipython_kernel_config.py").write_text("c.InteractiveShellApp.exec_lines = ['import nothing']\n")
    (home / "file").touch()
    done = run(
        python("run"),
        course,
        HOME=home,
        JUPYTER_PATH=home,
        JUPYTER_DATA_DIR=home / "data",
        JUPYTER_RUNTIME_DIR=home / "file" / "runtime",
        JUPYTER_CONFIG_DIR=home / "file",
        JUPYTER_DEFAULT_PROVISIONER_NAME="no-such-provisioner",
        IPYTHONDIR=home / "ipython",
        PYTHONSTARTUP=home / "ipython/profile_default/startup/00.py",
        PYTHONIOENCODING="ascii",
    )
    assert done.returncode == 0, done.stderr
    assert "00_one.ipynb" in done.stdout and done.stdout.splitlines()[1].endswith("1 of 1")


# --- terminals ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("ascii", "ok X o - ... -> ? ?"),
        ("latin-1", "ok X o - ... -> ü ?"),
        ("cp1252", "ok X o – … -> ü ?"),
        ("iso8859-9", "ok X o - ... -> ü ?"),
        ("utf-8", "✓ ✗ ○ – … → ü 课"),
    ],
)
def test_a_terminal_without_a_letter_shows_another(encoding, shown):
    code = "from course_utils import machine; machine.write_anywhere(); print('✓ ✗ ○ – … → ü 课')"
    environment = {**outside(), "PYTHONIOENCODING": encoding, "PYTHONPATH": notebooks.ROOT}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
    assert done.stdout.decode(encoding).strip() == shown


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings", [{"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "HOME": None}, {"PYTHONIOENCODING": "cp1252"}], ids=str
)
def test_check_is_not_led_astray(course, foreign, settings):
    done = run(python("check"), course, **{**settings, "PYTHONPATH": str(foreign)})
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("ok Python 3.1") and "Everything is ready." in done.stdout


# --- folders -----------------------------------------------------------------------------------------------------

# A colon is missing here: Python itself refuses an environment in such a folder, in one line that says so.
ODD = ["my course", "it's", 'a "quote"', "$HOME", "$(exit 1)", "#1", "ü 课程", "-course", "a&b;c|d", "100%", "[x] (y)"]
ODD += ["~", "*", "back\\slash", "a=b", "@file", "tab\there", "trailing ", "İıŞ"]


@pytest.fixture
def moved(course):
    """Move the course into a folder of another name, and back at the end."""
    home = course

    def move(name):
        nonlocal course
        course = course.rename(course.parent / name)
        return course

    yield move
    course.rename(home)


@needs_make
def test_the_folder_may_have_an_odd_name(moved):
    test_the_folder_may_have_any_name(moved, '-a "b" it\'s $HOME #1 ü&;100% ~ [x]')


@pytest.mark.slow
@needs_make
@pytest.mark.parametrize("name", ODD)
def test_the_folder_may_have_any_name(moved, name):
    folder = moved(name)
    for command in (["make", "progress"], python("progress")):
        done = run(command, folder)
        assert done.returncode == 0, done.stderr
        assert "all      0 of " in done.stdout and done.stderr == ""


@pytest.mark.slow
@needs_make
@pytest.mark.parametrize("name", ['-a "b" it\'s $HOME #1 ü&;100%', "moved"])
def test_chapters_run_in_a_folder_of_any_name(moved, name):
    """Also after the folder was moved: kernels find the course where it is now."""
    folder = moved(name)
    source = f"import course_utils; assert course_utils.__file__.startswith({str(folder)!r})"
    write_notebook(folder / "notebooks" / "00_one.ipynb", source)
    done = run(["make", "run", "CHAPTER=00"], folder)
    assert done.returncode == 0, done.stderr


@needs_make
@pytest.mark.parametrize(
    ("target", "blocked"),
    [("test", "reports"), ("quick", "reports"), ("site", "docs/_build"), ("slides", "docs/_build")],
)
def test_where_nothing_can_be_written_make_says_so(course, target, blocked):
    (course / blocked).parent.mkdir(exist_ok=True)
    if (course / blocked).is_dir():
        shutil.rmtree(course / blocked)
    (course / blocked).touch()  # a file where a folder must be: even root cannot write there
    try:
        done = run(["make", target], course)
    finally:
        (course / blocked).unlink()
    assert done.returncode == 2
    assert "cannot be written here" in done.stderr.splitlines()[0] and len(done.stderr.splitlines()) == 2  # and make's


@pytest.fixture
def read_only(course):
    """The course on a disk that is read-only, where this computer lets us make one."""
    bind = [["mount", "--bind", course, course], ["mount", "-o", "remount,ro,bind", course]]
    if os.geteuid() or any(subprocess.run(one, capture_output=True, check=False).returncode for one in bind):
        subprocess.run(["umount", course], capture_output=True, check=False)
        pytest.skip("no read-only disk can be made here")
    yield course
    subprocess.run(["umount", course], check=False)


@needs_make
@pytest.mark.parametrize("target", ["lab", "test", "quick", "site", "slides", "progress"])
def test_on_a_read_only_disk_there_is_one_line(read_only, target):
    done = run(["make", target], read_only)
    if target == "progress":
        assert done.returncode == 0
    else:
        assert done.returncode == 2 and "ritten" in done.stderr.splitlines()[0]
        assert "Traceback" not in done.stderr and "Errno" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("mask", [0o077, 0o000, 0o027])
def test_the_readers_mask_decides_who_may_read_the_copies(course, mask):
    code = f"import os; os.umask({mask}); from course_utils import lab; print(lab.copy_course())"
    shutil.rmtree(course / "my_course", ignore_errors=True)
    done = run([".venv/bin/python", "-c", code], course)
    assert done.stdout == "[]\n"
    assert (course / "my_course" / "00_one.ipynb").stat().st_mode & 0o777 == 0o666 & ~mask


# --- pip ---------------------------------------------------------------------------------------------------------


def wheel(folder, name):
    """Write the smallest package that pip installs."""
    info = f"{name}-1.dist-info"
    with zipfile.ZipFile(folder / f"{name}-1-py3-none-any.whl", "w") as file:
        file.writestr(f"{name}.py", "")
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{info}/RECORD", "")


@pytest.fixture(scope="module")
def installer(tmp_path_factory):
    """A folder with `bootstrap.py`, one requirement, and a fresh environment with pip."""
    folder = tmp_path_factory.mktemp("pip")
    shutil.copy(notebooks.ROOT / "course_utils" / "bootstrap.py", folder)
    (folder / "requirements.txt").write_text("smallest==1\n")
    (folder / "packages").mkdir()
    wheel(folder / "packages", "smallest")
    subprocess.run([sys.executable, "-m", "venv", folder / ".venv"], check=True)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "variables"),
    [
        ("", {"PIP_USER": "1"}),
        ("", {"PIP_TARGET": "elsewhere", "PIP_REQUIRE_VIRTUALENV": "1"}),
        ("", {"PIP_PREFIX": "elsewhere", "PIP_NO_DEPS": "1", "PIP_PRE": "1"}),
        ("", {"PIP_ROOT": "elsewhere", "PIP_LOG": "/dev/null/nowhere/log", "PIP_VERBOSE": "3"}),
        ("", {"PIP_CONSTRAINT": "/dev/null/nowhere/constraints.txt", "PIP_REQUIRE_HASHES": "1"}),
        ("", {"PIP_PYTHON": "/bin/false", "PIP_DRY_RUN": "1", "PIP_NO_BINARY": ":all:"}),
        ("[global]\nuser = true\n[install]\nrequire-hashes = true\n", {}),
        ("[install]\ntarget = elsewhere\nconstraint = /dev/null/nowhere\n", {}),
        ("[global]\nprefix = elsewhere\ndry-run = yes\n", {}),
        ("this is no configuration file\n", {}),
    ],
    ids=str,
)
def test_pips_settings_lead_nothing_elsewhere(installer, tmp_path, file, variables):
    (tmp_path / "pip.conf").write_text(file)
    (site,) = (installer / ".venv").glob("lib/python*/site-packages")
    for old in site.glob("smallest*"):
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    network = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": installer / "packages"}
    settings = {**network, **variables, "PIP_CONFIG_FILE": tmp_path / "pip.conf", "HOME": tmp_path}
    done = run([".venv/bin/python", "bootstrap.py", "install"], installer, **settings)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (site / "smallest.py").exists()
    assert not (installer / "elsewhere").exists()


@pytest.mark.slow
def test_a_mirror_is_used_and_its_password_is_not_shown(installer, tmp_path):
    asked = []

    class Mirror(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Mirror) as mirror:
        threading.Thread(target=mirror.serve_forever, daemon=True).start()
        address = f"http://me:geheim@127.0.0.1:{mirror.server_port}/simple"
        (tmp_path / "pip.conf").write_text(f"[global]\nindex-url = {address}\nretries = 0\n[install]\nuser = 1\n")
        others = dict.fromkeys(("PIP_NO_INDEX", "PIP_FIND_LINKS", "PIP_INDEX_URL", "http_proxy", "HTTP_PROXY"))
        (installer / "requirements.txt").write_text("smallest==2\n")
        command = [".venv/bin/python", "bootstrap.py", "install"]
        done = run(command, installer, PIP_CONFIG_FILE=tmp_path / "pip.conf", **others)
        (installer / "requirements.txt").write_text("smallest==1\n")
        mirror.shutdown()
    assert done.returncode != 0 and "Run the same command again" in done.stdout
    assert asked and set(asked) == {"/simple/smallest/"}
    assert "geheim" not in done.stdout + done.stderr


# --- other Pythons -----------------------------------------------------------------------------------------------


def shim(folder, name, line):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{line}\n")
    (folder / name).chmod(0o755)


PYTHON_NAMES = ["python3.11", "python3.12", "python3.13", "python3"]


@needs_make
@pytest.mark.parametrize("line", ["exit 127", "echo 'pyenv: command not found' >&2; exit 127", "kill -9 $$"])
def test_pythons_that_do_not_start_are_answered_in_one_line(tmp_path, line):
    folder = copy_of_the_course(tmp_path / "course")
    for name in PYTHON_NAMES:
        shim(tmp_path / "shims", name, line)
    done = run(["make", "lab"], folder, PATH=f"{tmp_path / 'shims'}:/usr/bin:/bin")
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.splitlines()[0].startswith("No Python 3.11, 3.12 or 3.13 answers: install one, or name it")
    assert not (folder / ".venv").exists()


@needs_make
@pytest.mark.parametrize("exported", [None, "/bin/false", "(no python)", "python2", "$(exit 1)", "'"])
def test_the_first_python_that_serves_is_taken(tmp_path, exported):
    """Shims that fail, and a PYTHON that another program exported, are passed over."""
    folder = copy_of_the_course(tmp_path / "course")
    for name in PYTHON_NAMES:
        shim(tmp_path / "shims", name, "exit 127")
    serves = f'[ "$2" = course_utils/bootstrap.py ] && exec "{sys.executable}" "$@"; exit 1'
    shim(tmp_path / "shims", "python3.12", serves)
    with open(folder / "Makefile", "a", encoding="utf-8") as makefile:
        makefile.write("\nwhich:\n\t@echo $(PYTHON)\n")
    done = run(["make", "which"], folder, PATH=f"{tmp_path / 'shims'}:/usr/bin:/bin", PYTHON=exported)
    assert done.stdout == "python3.12\n"
    shim(tmp_path / "shims", "good-python", serves)
    good = run(["make", "which"], folder, PATH=f"{tmp_path / 'shims'}:/usr/bin:/bin", PYTHON="good-python")
    assert good.stdout == "good-python\n"
    named = run(["make", "which", "PYTHON=my-python"], folder)
    assert named.stdout == "my-python\n"


def test_another_pythons_command_is_one_line(tmp_path):
    """A Python without the packages: what is missing, and whose Python to use."""
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True)
    for command in ("progress", "run", "data", "check"):
        done = run([bare / "bin" / "python", "-m", "course_utils", command], notebooks.ROOT)
        assert done.returncode == 1 and one_line(done.stderr), done.stderr
        assert "Use the course's own Python: `make" in done.stderr


# --- git, scripts ------------------------------------------------------------------------------------------------


def test_a_clone_with_windows_line_ends_keeps_ours(tmp_path):
    if not shutil.which("git"):
        pytest.skip("git is not installed")
    origin = tmp_path / "origin"
    (origin / ".ci").mkdir(parents=True)
    (origin / "notebooks").mkdir()
    names = [".gitattributes", ".ci/run", "Makefile", "notebooks/_toc.yml", "notebooks/00_start_here.ipynb"]
    for name in names:
        shutil.copy(notebooks.ROOT / name, origin / name)
    (origin / "data.npz").write_bytes(b"PK\r\n\n\r")
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        subprocess.run(["git", *identity, *command], cwd=origin, check=True)
    clone = ["git", "-c", "core.autocrlf=true", "clone", "-q", str(origin), str(tmp_path / "clone")]
    subprocess.run(clone, check=True)
    for name in names:
        assert b"\r" not in (tmp_path / "clone" / name).read_bytes(), name
    assert (tmp_path / "clone" / "data.npz").read_bytes() == b"PK\r\n\n\r"


def test_the_automated_checks_run_lint_and_all_tests(tmp_path):
    course = tmp_path / "course"
    (course / ".ci").mkdir(parents=True)
    (tmp_path / "elsewhere" / ".ci").mkdir(parents=True)
    shutil.copy(notebooks.ROOT / ".ci" / "run", course / ".ci")
    shim(tmp_path / "bin", "make", 'echo "$(basename "$PWD") $*"')
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    done = run([".ci/run"], course, PATH=path, CDPATH=tmp_path / "elsewhere")
    assert done.stdout.splitlines() == ["course lint", "course test"]
    shim(tmp_path / "bin", "make", '[ "$1" = test ]')
    assert run([".ci/run"], course, PATH=path).returncode != 0


def test_the_automated_checks_add_what_single_tests_need(tmp_path):
    """Each extra is asked for with the course's own versions held, and what cannot be had stops nothing."""
    course = tmp_path / "course"
    (course / ".ci").mkdir(parents=True)
    shutil.copy(notebooks.ROOT / ".ci" / "run", course / ".ci")
    (course / "requirements.txt").write_text("first==1\n-e .\n", encoding="utf-8")
    shim(course / ".venv" / "bin", "python", 'echo "$*" >>asked; exit 1')
    for name in ("npm", "chromium"):
        shim(tmp_path / "bin", name, f'echo "{name} $*" >>asked; exit 1')
    shim(tmp_path / "bin", "make", 'echo "make $*"; command -v configurable-http-proxy || true')
    shim(course / ".venv" / "node_modules" / ".bin", "configurable-http-proxy", "")
    done = run([".ci/run"], course, PATH=f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    proxy = str(course / ".venv" / "node_modules" / ".bin" / "configurable-http-proxy")
    assert done.returncode == 0 and "make lint" in done.stdout
    assert done.stdout.splitlines()[-2:] == ["make test", proxy]
    assert (course / ".venv" / "pins.txt").read_text(encoding="utf-8") == "first==1\n"
    asked = (course / "asked").read_text(encoding="utf-8").splitlines()
    project = tomllib.loads((notebooks.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (install,) = [line for line in asked if line.startswith("-m pip install ")]
    assert "--constraint .venv/pins.txt" in install
    assert set(re.search(r" \.\[(.*)\]$", install)[1].split(",")) == set(project["optional-dependencies"])
    assert asked[-1].startswith("npm install ") and " configurable-http-proxy@" in asked[-1]
    assert asked[-1].split()[-1] == axe.MISSING.split()[-1]


def test_make_mutate_answers_in_one_line():
    done = run([sys.executable, "tests/mutate.py", "9"], notebooks.ROOT)
    assert done.returncode == 1 and one_line(done.stderr) and "chapter '9' does not exist" in done.stderr
    for entry in [entry for entry in notebooks.table_of_contents() if not entry.path.exists()][:1]:
        done = run([sys.executable, "tests/mutate.py", entry.number], notebooks.ROOT)
        assert done.returncode == 1 and one_line(done.stderr) and "is still to come" in done.stderr
