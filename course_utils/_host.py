"""One host of `efficiency.run_on_hosts`: a process that runs one function, leaves its result in a file, and ends.

    python -m course_utils._host FOLDER NAME RANK HOSTS SECONDS

It ends by itself after SECONDS, and as soon as its standard input is closed, which is when its starter has gone.
"""

import os
import re
import sys
import threading
from pathlib import Path

import numpy as np


def _main(folder, name, rank, n_hosts, seconds):
    """Run function `name` of FOLDER/function.py with the arrays beside it."""
    threading.Thread(target=_end_with_the_starter, daemon=True).start()
    clock = threading.Timer(float(seconds), os._exit, [3])
    clock.daemon = True
    clock.start()
    folder, rank, n_hosts = Path(folder), int(rank), int(n_hosts)
    try:
        source = (folder / "function.py").read_text(encoding="utf-8")
        space = {"np": np}
        if re.search(r"\b(keras|layers|tf)\b", source):  # importing them takes seconds
            space |= _networks()
        exec(compile(source, "function.py", "exec"), space)
        with np.load(folder / "arrays.npz", allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in archive.files}
        result = space[name](rank, n_hosts, **arrays)
        if not isinstance(result, dict):
            raise TypeError(f"the function must return a dict, got {type(result).__name__}")
        result = {str(key): np.asarray(value) for key, value in result.items()}
        if any(value.dtype.hasobject for value in result.values()):
            raise TypeError("the function must return a dict of numbers and arrays")
        np.savez(folder / f"result{rank}.npz", **result)
        code = 0
    except BaseException as error:
        words = f"{type(error).__name__}: {error}"
        if isinstance(error, NameError):
            words += " (the host knows only what the function itself imports or defines)"
        part = folder / f"error{rank}.part"
        part.write_text(words[:2000], encoding="utf-8")
        part.replace(folder / f"error{rank}.txt")
        code = 1
    os._exit(code)  # at once: TensorFlow's server would wait for the others


# Keras and TensorFlow load these where they are installed, and need none of them to train: a quarter of the memory of a
# host, and of the time until it begins.
SPARED = ("IPython", "matplotlib", "pandas", "scipy", "sklearn")


def _networks():
    import course_utils

    for package in SPARED:
        sys.modules[package] = None  # as if it were not installed
    course_utils._import_keras()
    import keras
    import tensorflow as tf

    for package in SPARED:  # the function may import them
        sys.modules.pop(package, None)
    return {"keras": keras, "layers": keras.layers, "tf": tf}


def _end_with_the_starter():
    sys.stdin.buffer.read()
    os._exit(4)


if __name__ == "__main__":
    _main(*sys.argv[1:])
