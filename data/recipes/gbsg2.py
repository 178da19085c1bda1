"""The recipe of gbsg2.npz."""

import csv
import importlib.util
from pathlib import Path

import numpy as np

CODES = {
    "horTh": {"no": 0, "yes": 1},
    "menostat": {"Pre": 0, "Post": 1},
    "tgrade": {"I": 1, "II": 2, "III": 3},
}


def build():
    """Read the table of the German Breast Cancer Study Group that lifelines carries; words become numbers."""
    spec = importlib.util.find_spec("lifelines")
    if spec is None:
        raise ModuleNotFoundError("lifelines is not installed")
    text = (Path(spec.origin).parent / "datasets" / "gbsg2.csv").read_text("ascii")
    rows = list(csv.DictReader(text.splitlines()))
    columns = ["horTh", "age", "menostat", "tsize", "tgrade", "pnodes", "progrec", "estrec"]
    features = [[CODES[c][row[c]] if c in CODES else float(row[c]) for c in columns] for row in rows]
    return {
        "features": np.array(features, dtype=np.float64),
        "time": np.array([float(row["time"]) for row in rows]),
        "event": np.array([int(row["cens"]) for row in rows], dtype=np.int64),
    }
