"""The recipe of whas500.npz."""

import numpy as np

from data.recipes import shared

COLUMNS = "age gender hr sysbp diasbp bmi cvd afb sho chf av3 miord mitype".split()


def build():
    """Read the table of the Worcester Heart Attack Study that scikit-survival carries."""
    table = shared.scikit_survival_table("whas500.arff")
    return {
        "features": np.column_stack([table[name].astype(np.float64) for name in COLUMNS]),
        "time": table["lenfol"],
        "event": table["fstat"].astype(np.int64),
        "length_of_stay": table["los"],
    }
