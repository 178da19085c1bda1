"""The recipe of flchain.npz."""

import csv
import importlib.util
from pathlib import Path

import numpy as np

CODES = {"sex": {"F": 0, "M": 1}, "mgus": {"no": 0, "yes": 1}}


def build():
    """Read the table of free light chains that scikit-survival carries; words become numbers, a gap NaN."""
    spec = importlib.util.find_spec("sksurv")
    if spec is None:
        raise ModuleNotFoundError("scikit-survival is not installed")
    text = (Path(spec.origin).parent / "datasets" / "data" / "flchain.arff").read_text("ascii")
    head, _, body = text.partition("@data\n")
    names = [line.split()[1] for line in head.splitlines() if line.startswith("@attribute")]
    rows = [dict(zip(names, row, strict=True)) for row in csv.reader(body.splitlines()) if row]
    columns = ["age", "sex", "sample.yr", "kappa", "lambda", "flc.grp", "creatinine", "mgus"]
    features = []
    for row in rows:
        values = [CODES[name][row[name]] if name in CODES else row[name] for name in columns]
        features.append([np.nan if value == "?" else float(value) for value in values])
    return {
        "features": np.array(features, dtype=np.float64),
        "time": np.array([float(row["futime"]) for row in rows]),
        "event": np.array([{"alive": 0, "dead": 1}[row["death"]] for row in rows], dtype=np.int64),
        "cause_of_death": np.array([row["chapter"].replace("?", "") for row in rows]),
    }
