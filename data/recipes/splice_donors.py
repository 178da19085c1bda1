"""The recipe of splice_donors.npz."""

import numpy as np
from scipy.optimize import brentq

from data.recipes import brca1, shared


def build():
    """Draw 1,500 of the human donor sequences that logomaker carries, and cut decoys with GT out of BRCA1.

    Donors are drawn without replacement, with a chance that follows how often a sequence occurs in the genome. Decoys:
    every distinct nine letters of a BRCA1 row (gaps taken out) with GT at letters 3 and 4. Some of them are also donors
    elsewhere in the genome: nine letters do not decide. Where that donor was drawn, both have one group.
    `stands_for`: the sites of the genome with the letters of this donor, divided by the chance with which it was drawn:
    a frequent donor stands for its own sites, a rare one also for those of rare donors that were not drawn (Horvitz and
    Thompson). Drawing one after the other is like waiting for each at its own rate (Rosén), so that chance is
    1 - exp(-rate * share). A decoy stands for itself.
    """
    text = shared.package_file("logomaker", "logomaker/examples/datafiles/ss_sequences.txt").decode("utf-8")
    lines = [line.split() for line in text.splitlines() if not line.startswith("#")]
    known = {sequence.replace("U", "T"): int(count) for sequence, count in lines[1:]}  # line 0: the columns
    sites = sorted(sequence for sequence in known if sequence[3:5] == "GT")
    counts = np.array([known[sequence] for sequence in sites])
    donors = np.sort(np.random.default_rng(0).choice(sites, 1500, replace=False, p=counts / counts.sum()))

    def drawn(rate):
        return 1 - np.exp(-rate * counts / counts.sum())

    rate = brentq(lambda rate: drawn(rate).sum() - len(donors), 1, 1e6)
    sites_of = dict(zip(sites, np.rint(counts / drawn(rate)), strict=True))

    decoys = {}  # nine letters -> column of the alignment where they begin first
    for row in brca1.build()["alignment"].astype("U1"):
        columns = np.flatnonzero(row != "-")
        letters = "".join(row[columns])
        for start in range(len(letters) - 8):
            window = letters[start : start + 9]
            if window[3:5] == "GT" and set(window) <= set("ACGT"):
                decoys[window] = min(decoys.get(window, len(row)), int(columns[start]))
    windows = [*sorted(decoys), *donors]
    groups = [decoys[window] for window in sorted(decoys)]
    groups += [decoys.get(str(window), 10_000 + number) for number, window in enumerate(donors)]
    return {
        "letters": np.array([list(window.encode("ascii")) for window in windows], dtype=np.uint8),
        "labels": np.array([0] * len(decoys) + [1] * len(donors), dtype=np.uint8),
        "groups": np.array(groups, dtype=np.int16),
        "stands_for": np.array([1] * len(decoys) + [sites_of[str(window)] for window in donors], dtype=np.int32),
    }
