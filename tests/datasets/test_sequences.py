"""Sequences: what their loaders return, and what they refuse."""

from pathlib import Path

import numpy as np
from Bio.Seq import Seq

from course_utils import datasets, sequences
from course_utils.datasets.sequences import _groups_of_windows

from .helpers import REAL_MIRROR


def fake_splice():
    """Lines with the counts of the real file; windows are random, one stands twice, one holds ambiguous letters."""
    rng = np.random.default_rng(0)
    lines = []
    for code, kind, number in (("EI", "DONOR", 767), ("IE", "ACCEPTOR", 768), ("N", "NEG", 1655)):
        for i in range(number):
            window = "".join(rng.choice(list("ACGT"), 60))
            lines.append(f"{code},    HUM{kind[0]}{i // 2}-{kind}-{i + 1},               {window}")
    lines[2] = lines[2][:-60] + lines[1000][-60:]
    lines[5] = lines[5][:-4] + "NDRS"
    return {"uci_splice/splice.data": "\n".join(lines) + "\n"}


def changed(number, old, new):
    """Make a change of one line of the file."""

    def change(text):
        lines = text.splitlines()
        assert old in lines[number]
        lines[number] = lines[number].replace(old, new, 1)
        return "\n".join(lines) + "\n"

    return change


def last_line_missing(text):
    return "\n".join(text.splitlines()[:-1]) + "\n"


STAND_INS = {"uci_splice": fake_splice}
REFUSALS = [
    ("uci_splice", changed(0, "EI,", "ei,"), "line 1: must be class, name and 60 letters"),
    ("uci_splice", changed(0, "EI,", "IE,"), "line 1: must be class, name and 60 letters"),
    ("uci_splice", changed(0, "DONOR", "SITE"), "line 1: must be"),
    ("uci_splice", changed(9, ",               ", ",               A"), "line 10: must be"),
    ("uci_splice", changed(9, ",               ", ", - "), "line 10: must be"),
    ("uci_splice", changed(20, "HUMD10-DONOR-21", "humd10-DONOR-21"), "line 21: must be"),
    ("uci_splice", changed(7, "HUMD", "HÜMD"), "must be plain text"),
    ("uci_splice", last_line_missing, r"must hold \(1655, 767, 768\) windows .* got \(1654, 767, 768\)"),
]


def test_uci_splice_arrives_as_it_was_stored(load_from):
    contents = fake_splice()
    data = load_from("uci_splice", contents)
    lines = contents["uci_splice/splice.data"].splitlines()
    assert data.windows.tolist() == [line[-60:] for line in lines]
    assert data.labels.tolist() == [1] * 767 + [2] * 768 + [0] * 1655
    assert data.entries[:3].tolist() == ["HUMD0", "HUMD0", "HUMD1"] and data.middle == 30
    assert data.label_names == ("neither", "donor (EI)", "acceptor (IE)")
    # two windows of one entry, and two windows that are the same, stand in one group; others do not
    assert data.groups[0] == data.groups[1] and data.groups[2] == data.groups[999] == data.groups[1000]
    assert len(set(data.groups.tolist())) == 384 + 384 + 828 - 1
    assert not data.windows.flags.writeable and not data.groups.flags.writeable


def test_windows_that_agree_in_most_letters_stand_in_one_group_also_in_chains():
    windows = np.array(["AAAAAA", "AAAAAC", "AAAACC", "GGGGGG", "NNNNNN", "NNNNNN"])
    names = np.array(list("abcdef"))
    assert _groups_of_windows(windows, names, 5).tolist() == [0, 0, 0, 1, 2, 3]
    assert _groups_of_windows(windows, np.array(list("abcaef")), 6).tolist() == [0, 1, 2, 0, 3, 4]


def test_two_letters_decide_most_of_uci_splice(load_real):
    data = load_real("uci_splice")
    rule = [1 if w[30:32] == "GT" else 2 if w[28:30] == "AG" else 0 for w in data.windows]
    assert round(np.mean(rule == data.labels), 3) == 0.894
    assert sum(w[30:32] == "GT" for w in data.windows[data.labels == 0]) == 98
    lines = (Path(REAL_MIRROR) / "uci_splice" / "splice.data").read_text("ascii").splitlines()
    names = [line.split(",")[1].strip() for line in lines]
    assert {int(name.rpartition("-")[2]) % 60 for name in names if "-NEG-" in name} == {1}


def test_windows_of_uci_splice_repeat(load_real):
    data = load_real("uci_splice")
    same = {}
    for window, label in zip(data.windows, data.labels, strict=True):
        same.setdefault(str(window), []).append(int(label))
    repeated = [labels for labels in same.values() if len(labels) > 1]
    assert (len(same), len(repeated), sum(map(len, repeated))) == (3005, 125, 310)
    assert [labels for labels in repeated if len(set(labels)) > 1] == [[2, 0]]
    lines = (Path(REAL_MIRROR) / "uci_splice" / "splice.data").read_text("ascii").splitlines()
    names = [line.split(",")[1].strip() for line in lines]
    assert sum(names.count(name) == 2 for name in set(names)) == 12


def test_windows_of_uci_splice_come_in_groups(load_real):
    data = load_real("uci_splice")
    entries, sizes = np.unique(data.entries, return_counts=True)
    assert (len(entries), sizes.max(), len(set(data.groups.tolist()))) == (1475, 55, 1411)


def test_ambiguous_letters_of_uci_splice(load_real):
    data = load_real("uci_splice")
    ambiguous = [letter for window in data.windows for letter in window if letter not in "ACGT"]
    assert {x: ambiguous.count(x) for x in "NDRS"} == {"N": 56, "D": 2, "R": 1, "S": 1}
    assert sum(any(letter in "NDRS" for letter in window) for window in data.windows) == 15
    assert sum(window.endswith("N" * 41) for window in data.windows[data.labels == 1]) == 1


def test_donors_occur_among_the_decoys():
    data = datasets.load_splice_donors()
    assert np.bincount(data.labels).tolist() == [2680, 1500] and data.middle == 3
    assert all(window[3:5] == "GT" and len(window) == 9 for window in data.windows)
    decoys, donors = (set(data.windows[data.labels == label].tolist()) for label in (0, 1))
    assert (len(decoys), len(donors), len(decoys & donors)) == (2680, 1500, 316)
    group_of_decoy = dict(zip(data.windows[data.labels == 0], data.groups[data.labels == 0], strict=True))
    for window, group in zip(data.windows[data.labels == 1], data.groups[data.labels == 1], strict=True):
        assert group == group_of_decoy.get(window, group)
    assert len(set(group_of_decoy.values())) == 778


def test_few_donors_stand_for_most_sites():
    data = datasets.load_splice_donors()
    sites = np.sort(data.stands_for[data.labels == 1])[::-1]
    assert (data.stands_for[data.labels == 0] == 1).all() and sites.min() >= 1
    assert round(sites[:300].sum() / sites.sum(), 2) == 0.71
    assert abs(sites.sum() / 290_075 - 1) < 0.005  # all sites with GT in the source


def test_brca1_is_translated_codon_by_codon():
    data = datasets.load_brca1()
    assert (len(data.species), data.alignment.shape, data.protein.shape) == (55, (55, 3009), (55, 1003))
    letters = dict(zip(*np.unique(data.alignment, return_counts=True), strict=True))
    assert data.alignment.size - letters["-"] == 152_253
    assert letters["N"] == 504 and sum(letters[code] for code in "RYM") == 13
    codons = [["".join(codon) for codon in row.reshape(-1, 3)] for row in data.alignment]
    assert sum(any(codon.count("-") in (1, 2) for codon in row) for row in codons) == 19

    human = "".join(data.protein[data.species.index("Human")])
    assert human.count("-") == 57 and len(human) - 57 == 1219 - data.first_residue + 1
    residues = dict(enumerate(human.replace("-", ""), start=data.first_residue))
    # the common polymorphisms Q/R356, L/P871, E/G1038, K/R1183 (Durocher et al. 1996) fix the numbering
    assert [residues[k] for k in (356, 871, 1038, 1183)] == ["Q", "P", "E", "K"]
    for row, protein in zip(codons, data.protein, strict=True):
        for codon, amino_acid in zip(row, protein, strict=True):
            sure = not set(codon) - set("ACGT")
            assert amino_acid == (str(Seq(codon).translate()) if sure else "-" if codon == "---" else "X")
    assert "*" not in data.protein


def test_the_globins_are_those_of_the_catalogue():
    data = datasets.load_globins()
    lengths = [len(sequence) for sequence in data.sequences]
    assert len(data.names) == len(set(data.names)) == len(lengths) == 80 and (min(lengths), max(lengths)) == (38, 1520)
    assert [data.families.count(kind) for kind in ("alpha", "beta", "myoglobin", "other")] == [20, 20, 7, 33]
    assert data.names[:2] == ("HBA_HUMAN", "HBB_HUMAN") and lengths[:2] == [142, 147]
    assert data.sequences[1][6] == "E" and data.sequences[1].startswith("MVHLTPEEK")  # sickle cell: glutamate 6 (+ M)
    assert {"CBBQ_CHRVI", "CBBQ_PSEHY", "NIRQ_PSEAE", "GSTA1_RAT", "GSTM1_HUMAN"} <= set(data.names)


def test_needle_leaves_the_ends_free_and_that_changes_seven_scores():
    data = datasets.load_emboss_pairs()
    assert [data.programs.count(name) for name in ("needle", "water", "matcher")] == [10, 1, 5]
    pairs = set(zip(data.sequences_a, data.sequences_b, data.matrices, strict=True))
    assert sorted(matrix for *_, matrix in pairs) == 9 * ["BLOSUM62"] + 2 * ["NUC.4.4"]
    changes = []
    for k in range(10):
        costs = data.gap_open[k], data.gap_extend[k]
        a, b, matrix = data.sequences_a[k], data.sequences_b[k], data.matrices[k]
        assert costs == (10, 0.5)
        assert sequences.global_score(a, b, matrix, *costs, free_ends=True) == data.scores[k]
        rows = data.rows_a[k], data.rows_b[k]
        assert sequences.score_alignment(*rows, matrix, *costs, free_ends=True) == data.scores[k]
        changes.append(data.scores[k] - sequences.global_score(a, b, matrix, *costs))
    assert sorted(changes) == [0, 0, 0, 10, 13.5, 23, 23.5, 23.5, 103, 274]
    assert {data.files[k] for k in range(10) if changes[k] == 0} == {"needle_nobrief_multiple.pair"}
    dna = [x for x, matrix in zip(data.sequences_a, data.matrices, strict=True) if matrix == "NUC.4.4"]
    assert [sum(x.count(code) for code in "RWY") for x in dna] == [7, 0]
    assert (data.sequences_a[10], data.sequences_b[10]) == (data.sequences_a[5], data.sequences_b[5])
    assert (data.sequences_a[11], data.sequences_b[11]) == datasets.load_globins().sequences[:2]


def test_the_alignments_of_matcher_share_no_pair():
    data = datasets.load_emboss_pairs()
    alignments = [k for k, program in enumerate(data.programs) if program == "matcher"]
    pairs = []
    for k in alignments:
        row_a, row_b = data.rows_a[k], data.rows_b[k]
        i, j = data.sequences_a[k].index(row_a.replace("-", "")), data.sequences_b[k].index(row_b.replace("-", ""))
        for a, b in zip(row_a, row_b, strict=True):
            if a != "-" and b != "-":
                pairs.append((i, j))
            i, j = i + (a != "-"), j + (b != "-")
    assert len(pairs) == len(set(pairs))
    scores = [data.scores[k] for k in alignments]
    assert scores == sorted(scores, reverse=True) and scores[0] > scores[1]
