"""How fast two sequences are aligned, and in how much memory: the ladder of chapter 3.3.1, measured.

    python benchmarks/alignment.py    about two minutes

The parts: linear gap costs (speed), affine gaps (affine), 10,000 letters (long), peak memory of Hirschberg's method
(memory). Random proteins (letters drawn with equal chance, seed 0), BLOSUM62. All methods of a part are timed in one
run, in turns, best of the repetitions, in CPU seconds on one core; what counts is the ratio to Biopython's score.
Bars, declared before: linear gaps score-only within 8 times Biopython at 1,000 letters, affine gaps within 15 times,
and Hirschberg's alignment of 10,000 with 10,000 letters in less than 100 MB (peak resident memory) above the
interpreter with its imports.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
import report
from Bio.Align import PairwiseAligner, substitution_matrices

from course_utils import sequences

benchmark = report.Benchmark(__file__, ["part", "method", "letters"], ["seconds", "ratio", "megabytes"])
AMINO_ACIDS = "ARNDCQEGHILKMFPSTWYV"
GAP, OPEN, EXTEND = 8, 11, 1
REPEATS = 7


def random_pair(letters, seed=0):
    rng = np.random.default_rng(seed)
    return ["".join(rng.choice(list(AMINO_ACIDS), letters)) for _ in "ab"]


def with_elements(a, b, table, gap):
    matrix = np.zeros((len(a) + 1, len(b) + 1), int)
    matrix[:, 0], matrix[0, :] = -gap * np.arange(len(a) + 1), -gap * np.arange(len(b) + 1)
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            pair = matrix[i - 1, j - 1] + table[a[i - 1], b[j - 1]]
            matrix[i, j] = max(pair, matrix[i - 1, j] - gap, matrix[i, j - 1] - gap)
    return matrix[-1, -1]


def with_lists(a, b, table, gap):
    table, b = table.tolist(), b.tolist()
    row = [-gap * j for j in range(len(b) + 1)]
    for i, p in enumerate(a.tolist(), start=1):
        scores, above, row = table[p], row, [-gap * i]
        for j, q in enumerate(b):
            row.append(max(above[j] + scores[q], above[j + 1] - gap, row[j] - gap))
    return row[-1]


def by_antidiagonals(a, b, table, gap):
    n, m = len(a), len(b)
    older, old = np.zeros(n + 1, int), np.zeros(n + 1, int)
    for d in range(1, n + m + 1):
        new = np.zeros(n + 1, int)
        low, high = max(1, d - m), min(n, d - 1)
        if low <= high:
            pair = older[low - 1 : high] + table[a[low - 1 : high], b[d - high - 1 : d - low][::-1]]
            new[low : high + 1] = np.maximum(pair, np.maximum(old[low - 1 : high], old[low : high + 1]) - gap)
        if d <= m:
            new[0] = -gap * d
        if d <= n:
            new[d] = -gap * d
        older, old = old, new
    return old[n]


def aligner(gap_open, gap_extend):
    matrix = substitution_matrices.load("BLOSUM62")
    return PairwiseAligner(
        mode="global", substitution_matrix=matrix, open_gap_score=-gap_open, extend_gap_score=-gap_extend
    )


def parasail_score(gap_open, gap_extend):
    """The SIMD library, where it is installed (Linux, Windows); None elsewhere."""
    try:
        import parasail
    except ImportError:
        return None
    return lambda a, b: parasail.nw_striped_sat(a, b, gap_open, gap_extend, parasail.blosum62).score


def methods(part):
    """Give the methods of one part: name -> function of the two sequences."""
    blosum = sequences.substitution_matrix("BLOSUM62")
    affine, linear = aligner(OPEN, EXTEND), aligner(GAP, GAP)
    if part == "affine":
        found = {
            "course_utils, score": lambda a, b: sequences.global_score(a, b, blosum, OPEN, EXTEND),
            "course_utils, alignment": lambda a, b: sequences.align_global(a, b, blosum, OPEN, EXTEND).score,
            "Biopython, score": lambda a, b: affine.score(a, b),
            "Biopython, alignment": lambda a, b: affine.align(a, b)[0].score,
            "parasail, score": parasail_score(OPEN, EXTEND),
        }
    else:

        def coded(function):
            return lambda a, b: function(*(sequences.encode(x, blosum.alphabet) for x in (a, b)), blosum.scores, GAP)

        found = {
            "course_utils (row scan), score": lambda a, b: sequences.global_score(a, b, blosum, GAP),
            "Biopython, score": lambda a, b: linear.score(a, b),
            "parasail, score": parasail_score(GAP, GAP),
        }
        if part == "speed":
            slow = {"element loop": with_elements, "Python lists": with_lists, "anti-diagonals": by_antidiagonals}
            found = {name: coded(function) for name, function in slow.items()} | found
            found["course_utils, local score"] = lambda a, b: sequences.local_score(a, b, blosum, GAP)
        else:
            found["course_utils, Hirschberg"] = lambda a, b: sequences.hirschberg(a, b, blosum, GAP).score
    return {name: function for name, function in found.items() if function is not None}


def measure(part, letters):
    """Time all methods of a part in turns, and save a row for each."""
    if benchmark.is_done(part, "Biopython, score", letters):
        return
    a, b = random_pair(letters)
    best, scores, functions = {}, {}, methods(part)
    for repeat in range(REPEATS if letters <= 3000 else 2):
        for name, function in functions.items():
            if repeat and best[name] > 0.2 and letters <= 3000:
                continue  # slow methods: once
            start = time.process_time()
            scores[name] = function(a, b)
            best[name] = min(time.process_time() - start, best.get(name, np.inf))
    wrong = {
        name: score for name, score in scores.items() if "local" not in name and score != scores["Biopython, score"]
    }
    if wrong:
        raise AssertionError(f"the methods disagree: {wrong}, Biopython has {scores['Biopython, score']}")
    reference = best["Biopython, score"]
    for name, t in best.items():
        benchmark.save(part, name, letters, row={"seconds": f"{t:.3g}", "ratio": f"{t / reference:.2g}"})


CHILD = """
import resource, sys, tracemalloc
sys.path.insert(0, {folder!r})
from alignment import random_pair
from course_utils import sequences
blosum = sequences.substitution_matrix("BLOSUM62")
a, b = random_pair({letters})
sequences.hirschberg(a[:400], b[:400], blosum, 8)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
if {trace}:
    tracemalloc.start()
sequences.hirschberg(a, b, blosum, 8)
if {trace}:
    print(tracemalloc.get_traced_memory()[1] / 1e6)
else:
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print((after - before) / (1e6 if sys.platform == "darwin" else 1e3))
"""


def memory(letters=10_000):
    """Measure the peak memory of Hirschberg's alignment, each time in a new process.

    The resident peak may stay below one that the imports reached before, and is then 0; what Python and NumPy allocate
    (tracemalloc) cannot hide.
    """
    for method, trace in (("resident peak above the imports", False), ("allocated by Python and NumPy", True)):
        if benchmark.is_done("memory", method, letters):
            continue
        code = CHILD.format(folder=str(Path(__file__).resolve().parent), letters=letters, trace=trace)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        benchmark.save("memory", method, letters, row={"megabytes": f"{float(done.stdout):.1f}"})


PARTS = {
    "speed": lambda: measure("speed", 1000),
    "affine": lambda: measure("affine", 1000),
    "long": lambda: measure("long", 10_000),
    "memory": memory,
}
TITLES = {
    "speed": "Linear gap cost 8, 1,000 with 1,000 letters, score only",
    "affine": "Affine gaps 11 and 1, 1,000 with 1,000 letters",
    "long": "Linear gap cost 8, 10,000 with 10,000 letters",
}


def section():
    rows = benchmark.rows()
    text = "## Chapter 3.3.1: sequence alignment (alignment.py)\n\nRandom proteins, BLOSUM62; CPU seconds on one core, "
    text += "best of the repetitions of one run; the ratio is to Biopython's score in the same run.\n\n"
    text += report.made_by(rows) + "\n"
    for part, title in TITLES.items():
        found = [row for row in rows if row["part"] == part]
        if found:
            cells = [float(row["letters"]) ** 2 / float(row["seconds"]) / 1e6 for row in found]
            table = [
                [row["method"], row["seconds"], f"{speed:.3g}", row["ratio"]]
                for row, speed in zip(found, cells, strict=True)
            ]
            text += f"\n**{title}**\n\n"
            text += report.table(["method", "seconds", "million cells/s", "times Biopython's score"], table) + "\n"
    for row in rows:
        if row["part"] == "memory":
            letters, peak = f"{int(row['letters']):,}", f"{row['method']}: {row['megabytes']} MB"
            if float(row["megabytes"]) == 0:  # it cannot be seen from outside
                peak = "resident memory: no higher than the peak that the imports had reached before"
            text += f"\nHirschberg's alignment of {letters} with {letters} letters, {peak}.\n"
    return text


def main(arguments=None):
    return benchmark.main(__doc__, PARTS, section, arguments)


if __name__ == "__main__":
    sys.exit(main())
