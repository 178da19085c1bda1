"""Which exercises are solved: a file on this computer that is never sent anywhere."""

import json
import os
from pathlib import Path, PurePosixPath


def progress_file():
    """Return the path of the progress file; an OSError says that this computer has no place for it."""
    try:
        if os.environ.get("COURSE_PROGRESS"):
            return Path(os.environ["COURSE_PROGRESS"]).expanduser()
        import platformdirs

        return Path(platformdirs.user_data_dir("deep-learning-in-medicine", appauthor=False)) / "progress.json"
    except (RuntimeError, KeyError):  # no HOME, and no entry for the user
        raise OSError("no home folder was found: let COURSE_PROGRESS name a file") from None


def solved():
    """Return the ids of the exercises solved on this computer.

    Raises
    ------
    ValueError
        If the file is not a list of exercise ids; the message names it.
    OSError
        If the file cannot be read, or there is no home folder to look into.
    """
    path = progress_file()
    try:
        ids = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise OSError(f"the progress file {path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):  # no JSON, or no text
        ids = None
    if not isinstance(ids, list) or not all(isinstance(item, str) for item in ids):
        raise ValueError(f"the progress file {path} cannot be read: move it away to start a new one")
    return ids


def remember(exercise_id):
    """Add an exercise to the file. Return an empty string, or why that was not possible; the file is then as before."""
    try:
        ids = solved()
        if exercise_id in ids:
            return ""
        path = progress_file()
    except (OSError, ValueError) as error:
        return str(error)
    scratch = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch.write_text(json.dumps(sorted([*ids, exercise_id]), indent=0), encoding="utf-8")
        scratch.replace(path)  # atomic: a crash never leaves half a file
    except OSError as error:
        try:
            scratch.unlink(missing_ok=True)
        except OSError:
            pass  # what could not be written cannot be removed either
        return f"{path} cannot be written: {error.strerror}"
    return ""


def in_a_solution():
    """Does this run in a notebook of the folder `solutions`? Running a solution is not solving the exercise.

    Jupyter's server names the notebook of a kernel in JPY_SESSION_NAME. Other programs start the kernel in the
    notebook's folder.
    """
    notebook = PurePosixPath(os.environ.get("JPY_SESSION_NAME", "").replace("\\", "/"))
    if notebook.suffix == ".ipynb" and notebook.parent.name == "solutions":
        return True
    try:
        return Path.cwd().name == "solutions"
    except OSError:  # the folder is gone
        return False
