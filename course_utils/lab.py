"""Open the course in JupyterLab: copy the chapters into the reader's own folder, and serve them."""

import hashlib
import json
import os
import signal
import socket
import sys
import tempfile
import urllib.request
from pathlib import Path

from course_utils import machine, notebooks

MY_COURSE = notebooks.ROOT / "my_course"
RECORD = ".copied.json"  # file name -> fingerprint of the edition that the reader's copy was made from
OWN = ".lab"  # JupyterLab's settings and open tabs, and which lab is running


# --- copying -----------------------------------------------------------------------------------------------------


def copy_course(folder=notebooks.FOLDER, my_course=MY_COURSE):
    """Copy the chapters, without outputs, into the reader's folder and return what to tell the reader.

    A file that is there already is never touched. When the course's edition has changed since it was copied, a line
    says so. A chapter that cannot be read is named, and the others are copied. A disk that is full or read-only is an
    OSError; what was copied until then is whole, and the next call goes on from there.
    """
    if my_course.exists() and not my_course.is_dir():
        raise FileExistsError(f"{my_course} is a file, and your copies need a folder of that name: rename the file.")
    my_course.mkdir(exist_ok=True)
    record, messages = _read_record(my_course / RECORD)
    for entry in notebooks.chapters(folder):
        for source in (entry.path, entry.solution_path):
            if not source.exists():
                continue
            name = source.relative_to(folder).as_posix()
            target = my_course / name
            try:
                notebook = notebooks.read(source)
                fingerprint = _fingerprint(notebook)
            except ValueError as error:  # the other chapters come all the same
                messages.append(f"{error}. It is left out.")
                continue
            if not target.exists() or target.stat().st_size == 0:  # of no size: an earlier copy that failed
                target.parent.mkdir(exist_ok=True)
                record[name] = fingerprint
                # The record first: should the copy fail, there is no file, and the next start makes it.
                _write(my_course / RECORD, json.dumps(record, indent=1))
                _write(target, _without_outputs(notebook))
            elif record.setdefault(name, fingerprint) != fingerprint:
                messages.append(
                    f"{name} has changed in the course. Your copy stays as it is; "
                    "rename or delete it to get the new one next time."
                )
    _write(my_course / RECORD, json.dumps(record, indent=1))
    return messages


def _read_record(path):
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(record, dict):
            return record, []
    except FileNotFoundError:
        return {}, []
    except ValueError:  # not JSON, or not text
        pass
    return {}, [f"{path} could not be read and is made anew. Your copies stay as they are."]


def _write(path, text):
    """Write a file whole or not at all."""
    temporary = path.with_name(f".{path.name}.part")
    try:
        temporary.write_text(text, encoding="utf-8", newline="\n")
        os.replace(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _fingerprint(notebook):
    # Of the sources alone: another run's outputs are no news to the reader.
    return hashlib.sha256(json.dumps(notebooks.sources(notebook)).encode()).hexdigest()


def _without_outputs(notebook):
    """Return the notebook as text, as JupyterLab itself would store it before its first cell has run."""
    import nbformat

    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    # JupyterLab writes these two when it opens a notebook without them, and then calls it changed.
    notebook.metadata["kernelspec"] = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    notebook.metadata["language_info"] = {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
        "version": sys.version.split()[0],
    }
    return nbformat.writes(notebook) + "\n"


# --- serving -----------------------------------------------------------------------------------------------------


def open_lab(chapter=None, port=None, browser=True, further=()):
    """Copy the chapters, open JupyterLab on one of them, and return the exit code when the reader stops it."""
    entry = notebooks.find_chapter(chapter or "00")
    if not (notebooks.ROOT / "data").is_dir():
        print("The folder data/ is missing: chapters that read it will stop. Get the course anew, all of it.")
    for message in copy_course():
        print(message)
    page = f"lab/tree/{MY_COURSE.name}"
    if (MY_COURSE / entry.path.name).exists():
        page += f"/{entry.path.name}"
    address = running_lab()
    if address:
        address = address.replace("/lab?", f"/{page}?")
        print(f"The lab is open already: {address}", flush=True)
        if browser:
            import webbrowser

            webbrowser.open(address)
        return 0
    if port and not _is_free(port):
        raise ValueError(f"port {port} is used by another program: leave --port away, and a free one is found")
    if port is None and not _is_free(8888):
        print("Port 8888 is used by another program. The course takes a free one: see the address.")
    print(f"Your own copies of the chapters are in {MY_COURSE.name}/. The course opens in your browser;")
    print("if it does not, copy the address below into it. To stop, press Ctrl+C here, twice.", flush=True)
    return _serve(page, port, browser, further)


def running_lab(my_course=MY_COURSE):
    """Return the address of the lab that serves this folder at this moment, or None."""
    try:
        runtime = json.loads((my_course / OWN / "running.json").read_text(encoding="utf-8"))["runtime"]
        for file in Path(runtime).glob("jpserver-*.json"):
            server = json.loads(file.read_text(encoding="utf-8"))
            headers = {"Authorization": f"token {server['token']}"}
            request = urllib.request.Request(f"{server['url']}api/status", headers=headers)
            without_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            without_proxy.open(request, timeout=3).close()
            return f"{server['url']}lab?token={server['token']}"
    except (OSError, ValueError, KeyError, TypeError):
        pass  # no lab, or one that ended without a word
    return None


def _is_free(port):
    with socket.socket() as probe:
        if os.name != "nt":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _serve(page, port, browser, further):
    own = MY_COURSE / OWN
    for folder in ("settings", "workspaces", "data"):
        (own / folder).mkdir(parents=True, exist_ok=True)
    # ignore_cleanup_errors: a kernel that is just ending may still write.
    with tempfile.TemporaryDirectory(prefix="course-", ignore_cleanup_errors=True) as scratch:
        environment = machine.environment(scratch)
        environment["JUPYTER_DATA_DIR"] = str(own / "data")  # remembers which outputs the reader made
        environment["JUPYTERLAB_SETTINGS_DIR"] = str(own / "settings")
        environment["JUPYTERLAB_WORKSPACES_DIR"] = str(own / "workspaces")
        os.environ.update(environment)
        _write(own / "running.json", json.dumps({"runtime": environment["JUPYTER_RUNTIME_DIR"]}))
        _end_with_the_terminal()

        from jupyterlab.labapp import LabApp

        LabApp.launch_instance([*_server_options(page, port, browser), *further])
    (own / "running.json").unlink(missing_ok=True)
    return 0


def course_options():
    """Return what JupyterLab is told wherever it serves the course: on the reader's computer and in a classroom."""
    from course_utils import kernels

    return [
        "--Application.log_level=ERROR",  # of its messages only the address
        '--ServerApp.jpserver_extensions={"jupyterlab": True, "jupyter_server_terminals": True}',
        "--ServerApp.kernel_spec_manager_class=course_utils.kernels.OwnKernels",
        f"--KernelManager.transport_encryption={kernels.ENCRYPTION}",
        # No question about news at the first start, and no foreign extension in the page.
        f"--LabApp.app_settings_dir={notebooks.ROOT / 'course_utils' / 'lab_settings'}",
        f"--LabApp.labextensions_path={Path(sys.prefix, 'share', 'jupyter', 'labextensions')}",
    ]


def _server_options(page, port, browser):
    options = [
        *course_options(),
        f"--ServerApp.root_dir={notebooks.ROOT}",
        f"--LabApp.default_url=/{page}",
        "--ServerApp.use_redirect_file=False",  # a browser from a sandbox may read no file of ours
    ]
    if port is not None:
        options += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    if not browser:
        options.append("--no-browser")
    if not sys.stdin or not sys.stdin.isatty():
        options.append("--ServerApp.answer_yes=True")  # nobody is there to be asked
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--allow-root")  # in a container
    return options


def _end_with_the_terminal():
    """When the terminal is closed, end as after SIGTERM: Jupyter then ends the kernels too."""
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # `nohup` ignores it
        signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
