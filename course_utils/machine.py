"""What the reader's machine may not change: the course's programs run in an environment of their own.

Other programs leave settings behind: a PYTHONPATH, options of pytest, kernels and passwords of Jupyter. None of them
reaches the course. Its own settings, whose names begin with COURSE_, always do.
"""

import codecs
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# Variables whose names begin like this are left outside; the Makefile does the same for what `make` starts.
FOREIGN = ("PYTHON", "__PYVENV", "PYTEST_", "IPYTHON", "JUPYTER", "JPY_")
# But these say how the reader wants to see text, and where compiled files go. They change no result.
KEPT = {"PYTHONIOENCODING", "PYTHONUTF8", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"}


def environment(scratch=None):
    """Return this process's environment without what belongs to other programs.

    Parameters
    ----------
    scratch : path, optional
        A folder for what Jupyter and IPython write while they run. Without it they write where they always do.

    Returns
    -------
    dict
        Python finds the course first, wherever its folder has been moved; Jupyter reads no configuration.
    """
    kept = {name: value for name, value in os.environ.items() if name in KEPT or not name.startswith(FOREIGN)}
    kept.update(PYTHONPATH=str(ROOT), JUPYTER_NO_CONFIG="1", JUPYTER_PREFER_ENV_PATH="1")
    if scratch is not None:
        for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR"):
            folder = Path(scratch) / name.lower()
            folder.mkdir(mode=0o700, exist_ok=True)
            kept[name] = str(folder)
    return kept


def start_clean(module, arguments):
    """Start `python -m module` anew when other programs' variables are there: this Python has obeyed them already.

    A wrong PYTHONHOME stops Python before it reads a line of the course; only `make` can keep it out.
    """
    own = environment()
    names = [name for name in os.environ if name.startswith(FOREIGN) and name not in KEPT]
    if all(own.get(name) == os.environ[name] for name in names):
        return
    command = [sys.executable, "-m", module, *arguments]
    if os.name == "nt":  # there `exec` gives the terminal back at once
        import subprocess

        raise SystemExit(subprocess.call(command, env=own))
    os.execve(sys.executable, command, own)


PLAIN = {"✓": "ok", "✗": "X", "○": "o", "–": "-", "—": "-", "…": "...", "·": "-", "→": "->"}


def _plain(error):
    return "".join(PLAIN.get(letter, "?") for letter in error.object[error.start : error.end]), error.end


def write_anywhere():
    """Let a terminal that has no letter for `✓` show `ok`, instead of ending the command."""
    codecs.register_error("course", _plain)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="course")
