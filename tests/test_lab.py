"""The reader's lab: the copies, and JupyterLab as a reader starts and stops it."""

import contextlib
import errno
import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import jupyterlab
import nbformat
import psutil
import pytest
from small_course import copy_of_the_course, outside, write_notebook

from course_utils import lab, notebooks

# --- copying -----------------------------------------------------------------------------------------------------


def copies(my_course):
    return sorted(path.relative_to(my_course).as_posix() for path in my_course.rglob("*.ipynb"))


def test_chapters_and_solutions_are_copied_once(small_course, tmp_path):
    mine = tmp_path / "my course"
    assert lab.copy_course(small_course, mine) == []
    assert copies(mine) == ["00_one.ipynb", "solutions/00_one.ipynb"]
    assert lab.copy_course(small_course, mine) == []


def test_a_copy_has_no_outputs_and_no_counters(small_course, tmp_path):
    notebook = notebooks.read(small_course / "00_one.ipynb")
    notebook.cells[0].outputs = [nbformat.v4.new_output("stream", text="the answer")]
    notebook.cells[0].execution_count = 7
    notebook.cells[0].metadata["tags"] = ["kept"]
    nbformat.write(notebook, small_course / "00_one.ipynb")
    lab.copy_course(small_course, tmp_path / "mine")
    copy = notebooks.read(tmp_path / "mine" / "00_one.ipynb")
    assert all(cell.outputs == [] and cell.execution_count is None for cell in copy.cells)
    assert notebooks.sources(copy) == notebooks.sources(notebook) and copy.cells[0].metadata["tags"] == ["kept"]
    assert "the answer" in (small_course / "00_one.ipynb").read_text("utf-8")  # the course keeps its own


def test_every_chapter_of_the_course_is_copied_without_outputs(tmp_path):
    assert lab.copy_course(my_course=tmp_path) == []
    for entry in notebooks.chapters():
        copy = notebooks.read(tmp_path / entry.path.name)
        assert all(not cell.get("outputs") for cell in copy.cells)
        assert notebooks.sources(copy) == notebooks.sources(notebooks.read(entry.path))
        assert copy.metadata["course"] == notebooks.read(entry.path).metadata["course"]


def test_a_readers_notes_are_never_overwritten(small_course, tmp_path):
    mine = tmp_path / "mine"
    lab.copy_course(small_course, mine)
    write_notebook(mine / "00_one.ipynb", "my own notes")
    assert lab.copy_course(small_course, mine) == []  # the course has not changed: nothing to say
    write_notebook(small_course / "00_one.ipynb", "a new edition")
    for _ in range(2):  # it is said every time, until the reader acts
        messages = lab.copy_course(small_course, mine)
        assert len(messages) == 1 and messages[0].startswith("00_one.ipynb has changed in the course.")
    assert notebooks.read(mine / "00_one.ipynb").cells[0].source == "my own notes"


def test_new_outputs_alone_are_no_change(small_course, tmp_path):
    lab.copy_course(small_course, tmp_path / "mine")
    notebook = notebooks.read(small_course / "00_one.ipynb")
    notebook.cells[0].outputs = [nbformat.v4.new_output("stream", text="another machine's output")]
    nbformat.write(notebook, small_course / "00_one.ipynb")
    assert lab.copy_course(small_course, tmp_path / "mine") == []


def test_a_deleted_copy_comes_back_in_the_new_edition(small_course, tmp_path):
    mine = tmp_path / "mine"
    lab.copy_course(small_course, mine)
    write_notebook(small_course / "00_one.ipynb", "a new edition")
    (mine / "00_one.ipynb").unlink()
    assert lab.copy_course(small_course, mine) == []
    assert notebooks.read(mine / "00_one.ipynb").cells[0].source == "a new edition"


@pytest.mark.parametrize("damage", [b'{"00_one.ip', b"[1]", b"3", b"null", b"", b"\xff\xfe", b"<<<<<<< HEAD"])
def test_a_damaged_record_is_made_anew(small_course, tmp_path, damage):
    mine = tmp_path / "mine"
    lab.copy_course(small_course, mine)
    write_notebook(mine / "00_one.ipynb", "my own notes")
    (mine / lab.RECORD).write_bytes(damage)
    messages = lab.copy_course(small_course, mine)
    assert len(messages) == 1 and lab.RECORD in messages[0] and "made anew" in messages[0]
    assert lab.copy_course(small_course, mine) == []
    assert notebooks.read(mine / "00_one.ipynb").cells[0].source == "my own notes"
    write_notebook(small_course / "00_one.ipynb", "a new edition")  # the new record notices what changes from now on
    assert len(lab.copy_course(small_course, mine)) == 1


@pytest.mark.parametrize("damage", ["<<<<<<< HEAD\n{}", '{"cells": [', "[]", ""])
def test_a_damaged_chapter_is_named_and_the_others_come(small_course, tmp_path, damage):
    write_notebook(small_course / "01_two.ipynb", "2")
    (small_course / "00_one.ipynb").write_text(damage, encoding="utf-8")
    messages = lab.copy_course(small_course, tmp_path / "mine")
    assert len(messages) == 1 and "00_one.ipynb is no notebook" in messages[0]
    assert copies(tmp_path / "mine") == ["01_two.ipynb", "solutions/00_one.ipynb"]
    write_notebook(small_course / "00_one.ipynb", "mended")
    assert lab.copy_course(small_course, tmp_path / "mine") == []
    assert "00_one.ipynb" in copies(tmp_path / "mine")


@pytest.mark.parametrize("fails_at", range(7))
@pytest.mark.parametrize("fault", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()], ids=repr)
def test_a_copy_that_breaks_off_leaves_only_whole_files(small_course, tmp_path, monkeypatch, fault, fails_at):
    """The disk is full, or the reader stops, at the n-th file: a part of it stands there then, as on a real disk."""
    write = Path.write_text
    written = []

    def write_until_full(path, text, **options):
        written.append(path)
        if len(written) > fails_at:
            write(path, text[: len(text) // 2], **options)
            raise fault
        return write(path, text, **options)

    mine = tmp_path / "mine"
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", write_until_full)
        with pytest.raises(type(fault)) if fails_at < 5 else contextlib.nullcontext():
            lab.copy_course(small_course, mine)
    for name in copies(mine):
        notebooks.read(mine / name)  # whole
    assert isinstance(fault, KeyboardInterrupt) or not list(mine.rglob("*.part"))  # a full disk gets its room back
    assert lab.copy_course(small_course, mine) == []  # the next start mends itself, and blames nobody
    assert copies(mine) == ["00_one.ipynb", "solutions/00_one.ipynb"]
    assert not list(mine.rglob("*.part"))


@pytest.mark.slow
def test_a_full_disk_is_survived(small_course, tmp_path):
    """The same on a real disk that is full, where this computer lets us make one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24k", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no small disk can be made here")
    try:
        write_notebook(small_course / "00_one.ipynb", f"'{'x' * 30_000}'")
        with pytest.raises(OSError, match="No space left"):
            lab.copy_course(small_course, disk / "mine")
        assert copies(disk / "mine") == []
        write_notebook(small_course / "00_one.ipynb", "a smaller one")
        assert lab.copy_course(small_course, disk / "mine") == []
        assert copies(disk / "mine") == ["00_one.ipynb", "solutions/00_one.ipynb"]
    finally:
        subprocess.run(["umount", str(disk)], check=False)


@pytest.mark.slow
def test_a_chapter_runs_in_the_readers_folder(small_course, tmp_path):
    lab.copy_course(small_course, tmp_path / "mine")
    run = notebooks.execute(notebooks.read(tmp_path / "mine" / "00_one.ipynb"), tmp_path / "mine")
    assert run.error == "" and run.notebook.cells[2].outputs[0].text == "✓ true\n"


def test_an_empty_file_of_an_earlier_failure_is_replaced(small_course, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "00_one.ipynb").touch()
    assert lab.copy_course(small_course, mine) == []
    assert notebooks.read(mine / "00_one.ipynb").cells


def test_a_file_called_my_course_is_one_clear_line(small_course, tmp_path):
    (tmp_path / "mine").touch()
    with pytest.raises(FileExistsError, match="is a file, and your copies need a folder of that name"):
        lab.copy_course(small_course, tmp_path / "mine")


# --- opening -----------------------------------------------------------------------------------------------------


@pytest.fixture
def opened(monkeypatch, small_course, tmp_path):
    """What `open_lab` hands to the server; nothing is started."""
    calls = []
    monkeypatch.setattr(lab.notebooks, "find_chapter", lambda name: real_find(name, small_course))
    monkeypatch.setattr(lab, "copy_course", lambda: real_copy(small_course, lab.MY_COURSE))
    monkeypatch.setattr(lab, "MY_COURSE", tmp_path / "my_course")
    monkeypatch.setattr(lab, "_serve", lambda *arguments: calls.append(arguments) or 0)
    return calls


real_find, real_copy = notebooks.find_chapter, lab.copy_course


def test_the_lab_opens_on_the_chapter(opened):
    assert lab.open_lab("00") == 0 and lab.open_lab() == 0
    assert {page for page, *_ in opened} == {"lab/tree/my_course/00_one.ipynb"}


def test_a_chapter_to_come_is_one_clear_line_and_starts_nothing(opened):
    with pytest.raises(ValueError, match=r"chapter 1 \(To come\) is still to come"):
        lab.open_lab("1")
    assert opened == []


def test_a_busy_port_is_one_clear_line(opened, capsys):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(ValueError, match=r"port \d+ is used by another program: leave --port away"):
            lab.open_lab(port=other.getsockname()[1])
    assert opened == []


def test_a_missing_data_folder_is_said(opened, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(lab.notebooks, "ROOT", tmp_path)
    lab.open_lab()
    assert capsys.readouterr().out.startswith("The folder data/ is missing")


@pytest.mark.parametrize("record", ["{", "[]", "{}", '{"runtime": 3}', '{"runtime": "/dev/null/nowhere"}'])
def test_a_lab_that_ended_without_a_word_is_not_running(tmp_path, record):
    (tmp_path / lab.OWN).mkdir()
    (tmp_path / lab.OWN / "running.json").write_text(record)
    assert lab.running_lab(tmp_path) is None


def test_a_dead_server_is_not_running(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = {"url": f"http://127.0.0.1:{port}/", "token": "t"}
    (tmp_path / "jpserver-1.json").write_text(json.dumps(server))
    (tmp_path / lab.OWN).mkdir()
    (tmp_path / lab.OWN / "running.json").write_text(json.dumps({"runtime": str(tmp_path)}))
    assert lab.running_lab(tmp_path) is None


def unknown_settings(overrides):
    """Return the settings that the installed JupyterLab does not know, as plugin and name."""
    shared = Path("share", "jupyter", "lab", "schemas")
    schemas = next(folder / shared for folder in Path(jupyterlab.__file__).parents if (folder / shared).is_dir())
    found = []
    for plugin, settings in overrides.items():
        package, name = plugin.split(":")
        schema = json.loads((schemas / package / f"{name}.json").read_text("utf-8"))
        found += [f"{plugin}: {key}" for key in settings if key not in schema["properties"]]
    return found


def test_jupyterlab_knows_the_settings_of_the_course():
    """A whole name of a chapter is seen in the list of files only without the column of dates beside it."""
    overrides = json.loads((notebooks.ROOT / "course_utils" / "lab_settings" / "overrides.json").read_text("utf-8"))
    assert unknown_settings(overrides) == []
    assert overrides["@jupyterlab/filebrowser-extension:browser"] == {"showLastModifiedColumn": False}
    wrong = {"@jupyterlab/filebrowser-extension:browser": {"showLastModified": False}}
    assert unknown_settings(wrong) == ["@jupyterlab/filebrowser-extension:browser: showLastModified"]


# --- the real server ---------------------------------------------------------------------------------------------

NOT_POSIX = pytest.mark.skipif(os.name == "nt", reason="needs a terminal of the POSIX kind")


class Reader:
    """A reader at a terminal: starts `python -m course_utils lab` in a copy of the course, reads, presses Ctrl+C."""

    def __init__(self, course, environment=None, arguments=("--port=0", "--no-browser")):
        self.course, self.text = course, ""
        command = [sys.executable, "-m", "course_utils", "lab", *arguments]
        settings = {**outside(), **(environment or {})}
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(course)
            signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests themselves may run under `nohup`
            os.execve(sys.executable, command, settings)

    def read_until(self, pattern, seconds=300):
        """Read what the terminal shows until a pattern is there; return the match."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = re.search(pattern, self.text)
            if found:
                return found
            if select.select([self.terminal], [], [], 0.2)[0]:
                try:
                    self.text += os.read(self.terminal, 65536).decode()
                except OSError:  # the command has ended
                    break
        found = re.search(pattern, self.text)
        assert found, f"{pattern!r} was not shown, but:\n{self.text}"
        return found

    def address(self):
        found = self.read_until(r"(http://127\.0\.0\.1:\d+)(/\S*)\?token=(\w+)")
        self.base, page, self.token = found.groups()
        return page

    def ask(self, path, method="GET", body=None):
        request = urllib.request.Request(
            f"{self.base}/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {self.token}"},
            method=method,
        )
        for attempt in range(60):
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return answer.read().decode()
            except urllib.error.HTTPError:
                raise
            except OSError:  # the address is shown a moment before the server answers
                if attempt == 59:
                    raise
                time.sleep(0.5)

    def start_kernel(self):
        """Start a kernel as JupyterLab does, and return its process once it runs."""
        before = set(psutil.Process(self.pid).children(recursive=True))
        self.ask("api/kernels", "POST", {"name": "python3", "path": "my_course"})
        for _ in range(200):
            new = [p for p in psutil.Process(self.pid).children(recursive=True) if p not in before]
            for process in new:
                with contextlib.suppress(psutil.NoSuchProcess):  # a short-lived child of the server
                    if "ipykernel_launcher" in " ".join(process.cmdline()):
                        return process
            time.sleep(0.1)
        raise AssertionError("no kernel was started")

    def wait(self, seconds=300):
        """Wait for the end and return the exit code, negative for a signal."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = None
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.05)
            with contextlib.suppress(OSError):
                if select.select([self.terminal], [], [], 0.1)[0]:
                    self.text += os.read(self.terminal, 65536).decode()
        raise AssertionError(f"still running after {seconds} s:\n{self.text}")

    def close(self):
        if self.pid:
            for process in [*psutil.Process(self.pid).children(recursive=True), psutil.Process(self.pid)]:
                with contextlib.suppress(psutil.Error):
                    process.kill()
            os.waitpid(self.pid, 0)
        with contextlib.suppress(OSError):
            os.close(self.terminal)


@pytest.fixture
def course(tmp_path):
    """A copy of the course with one chapter, as a reader has it."""
    return copy_of_the_course(tmp_path / "my own copy")


@pytest.fixture
def reader(course):
    started = []

    def start(*arguments, **environment):
        started.append(Reader(course, environment, ("--port=0", "--no-browser", *arguments)))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.mark.slow
@NOT_POSIX
def test_the_lab_opens_and_is_quiet(reader, course):
    """Opens on the chapter, in its own kernel and settings; asks before it stops; leaves nothing behind."""
    first = reader("00")
    assert first.address() == "/lab/tree/my_course/00_one.ipynb"
    names = sorted(item["name"] for item in json.loads(first.ask("api/contents/my_course"))["content"])
    assert names == ["00_one.ipynb", "solutions"]
    assert first.ask("lab/tree/my_course/00_one.ipynb")
    settings = json.loads(first.ask("lab/api/settings"))["settings"]
    news = next(one for one in settings if one["id"] == "@jupyterlab/apputils-extension:notification")
    assert news["schema"]["properties"]["fetchNews"]["default"] == "false"
    pages = next(one for one in settings if one["id"] == "@jupyterlab/docmanager-extension:plugin")
    viewers = pages["schema"]["properties"]["defaultViewers"]["default"]
    assert viewers == {"markdown": "Markdown Preview"}  # links lead to pages to read, with formulas and folds
    specs = json.loads(first.ask("api/kernelspecs"))["kernelspecs"]
    assert list(specs) == ["python3"] and specs["python3"]["spec"]["argv"][0] == sys.executable
    assert json.loads(first.ask("api/terminals", "POST"))["name"]  # a terminal can be opened in it

    kernel = first.start_kernel()
    assert "curve_publickey" in Path(kernel.cmdline()[-1]).read_text()  # encrypted: nothing to warn of
    assert "susceptible" not in first.text and "Warning" not in first.text and "WARN" not in first.text

    # JupyterLab writes these two into a notebook when its kernel answers; where they differ the tab is dirty.
    copy = notebooks.read(course / "my_course" / "00_one.ipynb")
    spec = specs["python3"]["spec"]
    stored = copy.metadata["kernelspec"]
    assert stored == {"name": "python3", "display_name": spec["display_name"], "language": spec["language"]}

    second = reader("00")  # another start finds it, and starts no second server
    assert second.read_until(r"The lab is open already: \S+/lab/tree/my_course/00_one.ipynb\?token=\w+")
    assert second.wait() == 0

    os.write(first.terminal, b"\x03")  # Ctrl+C
    first.read_until(r"Shut down this Jupyter server \(y/\[n\]\)\?")
    assert kernel.is_running() and json.loads(first.ask("api/status"))["kernels"] == 1
    os.write(first.terminal, b"\x03")
    assert first.wait() == 0
    assert not kernel.is_running() or kernel.status() == psutil.STATUS_ZOMBIE
    assert lab.running_lab(course / "my_course") is None
    assert "Traceback" not in first.text


@pytest.mark.slow
@NOT_POSIX
@pytest.mark.parametrize("end", ["terminate", "close the terminal"])
def test_server_and_kernels_end_together(reader, end):
    first = reader()
    first.address()
    kernel = first.start_kernel()
    if end == "terminate":
        os.kill(first.pid, signal.SIGTERM)
    else:
        os.close(first.terminal)
    assert first.wait() == 0
    _, alive = psutil.wait_procs([kernel], timeout=120)
    assert not alive


def test_what_the_copy_says_of_its_language_is_what_the_kernel_says():
    from ipykernel.ipkernel import IPythonKernel

    copy = nbformat.reads(lab._without_outputs(nbformat.v4.new_notebook()), as_version=4)
    said = {**IPythonKernel.language_info, "version": sys.version.split()[0]}
    assert copy.metadata["language_info"] == said


HOSTILE_CONFIG = """
c.ServerApp.password = "argon2:wrong"
c.PasswordIdentityProvider.hashed_password = "argon2:wrong"
c.ServerApp.port = 1
c.ServerApp.root_dir = "/dev/null/nowhere"
c.ServerApp.token = "known"
c.LabApp.default_url = "/lab/tree/other.ipynb"
c.ServerApp.jpserver_extensions = {"no_such_extension": True}
c.ServerApp.open_browser = True
raise SystemExit("this configuration was read")
"""


@pytest.mark.slow
@NOT_POSIX
def test_the_readers_jupyter_and_ipython_do_not_matter(reader, course, tmp_path):
    """Password, port and folder of another Jupyter; a foreign kernel; start-up files; a runtime folder that is none."""
    home = tmp_path / "home"
    kernel = home / "kernels" / "python3"
    startup = home / ".ipython" / "profile_default" / "startup"
    for folder in (home / ".jupyter", home / "etc", kernel, startup):
        folder.mkdir(parents=True)
    for folder in (home / ".jupyter", home / "etc"):
        for name in ("jupyter_config.py", "jupyter_server_config.py", "jupyter_lab_config.py"):
            (folder / name).write_text(HOSTILE_CONFIG)
        (folder / "jupyter_server_config.json").write_text('{"ServerApp": {"port": 1, "token": "known"}}')
    (kernel / "kernel.json").write_text('{"argv": ["/bin/false"], "display_name": "Foreign", "language": "python"}')
    (startup / "00.py").write_text("raise SystemExit('read')\n")
    (home / "startup.py").write_text("raise SystemExit('read')\n")
    (home / "numpy.py").write_text("raise ImportError('the foreign numpy')\n")
    (home / "file").touch()
    first = reader(
        HOME=str(home),
        JUPYTER_CONFIG_DIR=str(home / "etc"),
        JUPYTER_CONFIG_PATH=str(home / "etc"),
        JUPYTER_PATH=str(home),
        JUPYTER_DATA_DIR=str(home / "file"),
        JUPYTER_RUNTIME_DIR=str(home / "file" / "runtime"),
        JUPYTER_PREFER_ENV_PATH="0",
        JUPYTER_TOKEN="known",
        JUPYTER_GATEWAY_URL="http://127.0.0.1:1",
        JUPYTERLAB_DIR=str(home / "file"),
        JUPYTERLAB_SETTINGS_DIR=str(home / "file"),
        JPY_PARENT_PID="1",
        IPYTHONDIR=str(home / ".ipython"),
        PYTHONSTARTUP=str(home / "startup.py"),
        PYTHONPATH=str(home),
        PYTHONINSPECT="1",
        http_proxy="http://127.0.0.1:1",
    )
    assert first.address() == "/lab/tree/my_course/00_one.ipynb"
    assert first.token != "known"
    specs = json.loads(first.ask("api/kernelspecs"))["kernelspecs"]
    assert list(specs) == ["python3"] and specs["python3"]["spec"]["argv"][0] == sys.executable
    kernel = first.start_kernel()
    environment = kernel.environ()
    assert environment["PYTHONPATH"] == str(course) and "PYTHONSTARTUP" not in environment
    assert not environment["IPYTHONDIR"].startswith(str(home))
    second = reader()
    assert second.read_until("The lab is open already")
    os.kill(first.pid, signal.SIGTERM)
    assert first.wait() == 0
