"""The recipe of flchain.npz."""

import numpy as np

from data.recipes import shared

CODES = {"sex": {"F": 0, "M": 1}, "mgus": {"no": 0, "yes": 1}}


def build():
    """Read the table of free light chains that scikit-survival carries; words become numbers, a gap NaN."""
    table = shared.scikit_survival_table("flchain.arff")
    for name, codes in CODES.items():
        table[name] = [codes[word] for word in table[name]]
    columns = ["age", "sex", "sample.yr", "kappa", "lambda", "flc.grp", "creatinine", "mgus"]
    return {
        "features": np.column_stack([np.asarray(table[name], np.float64) for name in columns]),
        "time": table["futime"],
        "event": np.array([{"alive": 0, "dead": 1}[word] for word in table["death"]], dtype=np.int64),
        "cause_of_death": np.char.replace(table["chapter"], "?", ""),
    }
