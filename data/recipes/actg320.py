"""The recipe of actg320.npz."""

import numpy as np

from data.recipes import shared


def build():
    """Read the table of the trial ACTG 320 that scikit-survival carries; sex becomes 0 for men and 1 for women."""
    table = shared.scikit_survival_table("actg320.arff")
    table["sex"] = table["sex"].astype(np.float64) - 1
    columns = ["tx", "sex", "age", "cd4", "strat2", "priorzdv", "karnof", "hemophil", "ivdrug", "raceth"]
    return {
        "features": np.column_stack([table[name].astype(np.float64) for name in columns]),
        "time": table["time"],
        "event": table["censor"].astype(np.int64),
        "death_time": table["time_d"],
        "death": table["censor_d"].astype(np.int64),
    }
