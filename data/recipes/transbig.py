"""The recipe of transbig.npz."""

import numpy as np

from data.recipes import shared

GRADES = {"well differentiated": 1, "intermediate": 2, "poorly differentiated": 3, "unkown": np.nan}


def build():
    """Read the women of TRANSBIG (GSE7390) and the 76 genes that scikit-survival carries; probe names lose their X."""
    table = shared.scikit_survival_table("breast_cancer_GSE7390-metastasis.arff")
    genes = [name for name in table if name.endswith("_at")]
    return {
        "genes": np.column_stack([table[name] for name in genes]),
        "gene_names": np.array([name.removeprefix("X") for name in genes]),
        "clinical": np.column_stack(
            [
                table["age"],
                table["size"],
                [GRADES[grade] for grade in table["grade"]],
                (table["er"] == "positive").astype(np.float64),
            ]
        ),
        "time": table["t.tdm"],
        "event": table["e.tdm"].astype(np.int64),
    }
