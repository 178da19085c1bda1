"""Proteins: what their loaders return, and what they refuse."""

import numpy as np
import pytest
from Bio import Align

from course_utils import datasets
from course_utils.datasets.proteins import _QIAN_SEJNOWSKI


def fake_qian_sejnowski():
    """Two texts in the format of the files, with the right counts and every way in which a chain is marked."""
    texts = {}
    for split, (n_chains, n_residues) in _QIAN_SEJNOWSKI.items():
        lengths = [n_residues // n_chains] * (n_chains - 1)
        lengths.append(n_residues - sum(lengths))
        chains = ["".join(f"{'ACDY'[i % 4]} {'he_'[i % 3]}\n" for i in range(length)) for length in lengths]
        texts[f"qian_sejnowski/protein-secondary-structure.{split}"] = (
            "<>\n" + "end\n".join(chains[:3]) + "end\n<>\n" + "<>\n".join(chains[3:]) + "<end>\n\n"
        )
    return texts


def replaced(old, new):
    """Make a change of the first place where a text stands."""

    def change(text):
        assert old in text
        return text.replace(old, new, 1)

    return change


STAND_INS = {"qian_sejnowski": fake_qian_sejnowski}
REFUSALS = [
    ("qian_sejnowski", replaced("A h", "B h"), "line 2: must be an amino acid and h, e or _, got 'B h"),
    ("qian_sejnowski", replaced("A h", "A H"), "line 2: must be an amino acid and h, e or _, got 'A H"),
    ("qian_sejnowski", replaced("A h", "A h h"), "line 2: must be"),
    ("qian_sejnowski", replaced("A h\n", ""), r"must hold 111 chains and 18105 residues, got \(111, 18104\)"),
    ("qian_sejnowski", replaced("end\n", ""), r"must hold 111 chains and 18105 residues, got \(110, 18105\)"),
]


def test_qian_sejnowski_separates_the_chains(load_from):
    data = load_from("qian_sejnowski", fake_qian_sejnowski())
    assert [len(data.train_sequences), len(data.test_sequences)] == [111, 17]
    assert {len(sequence) for sequence in data.train_sequences[:-1]} == {18105 // 111}
    assert data.train_sequences[0].startswith("ACDYACDY") and data.train_labels[0][:4].tolist() == [0, 1, 2, 0]
    assert data.label_names == ("helix", "strand", "coil") and data.test_labels[3].dtype == np.int64
    with pytest.raises(ValueError, match="read-only"):
        data.train_labels[0][0] = 1


def test_the_real_qian_sejnowski_has_the_shares_of_the_catalogue(load_real):
    data = load_real("qian_sejnowski")
    shares = [np.bincount(np.concatenate(labels)) for labels in (data.train_labels, data.test_labels)]
    assert [(s / s.sum()).round(3).tolist() for s in shares] == [[0.254, 0.201, 0.545], [0.241, 0.212, 0.546]]
    assert data.train_sequences[0].startswith("GVGTVPMTDYGNDVEYYGQVT")
    assert (len(data.train_sequences), len(data.test_sequences)) == (111, 17)


def test_most_chains_are_of_one_ribosome():
    data = datasets.load_protein_chains()
    n = np.array([len(sequence) for sequence in data.sequences])
    chosen, ribosome = data.representative, data.ribosome
    assert len({name[:4] for name in data.names}) == 32 and n.min() >= 30
    assert (len(n), n.sum(), len(set(data.families))) == (137, 28515, 96)
    assert (ribosome.sum(), (ribosome & chosen).sum(), n[ribosome & chosen].sum()) == (71, 66, 9744)
    assert ((~ribosome & chosen).sum(), n[~ribosome & chosen].sum()) == (30, 6756)
    labels = np.concatenate([x for x, use in zip(data.labels, chosen, strict=True) if use])
    assert (np.bincount(labels) / len(labels)).round(2).tolist() == [0.40, 0.19, 0.41] and len(labels) == 16500
    assert sorted(np.bincount(data.families).tolist())[-3:] == [8, 9, 12]
    for family in set(data.families):
        assert n[chosen & (data.families == family)] == n[data.families == family].max()


def test_families_are_copies_relatives_or_chance_links():
    data = datasets.load_protein_chains()
    n, aligner = np.array([len(sequence) for sequence in data.sequences]), Align.PairwiseAligner("blastp", mode="local")
    n_pairs, kinds, linked_by_chance = len(n) * (len(n) - 1) // 2, [], set()
    assert n_pairs == 9316
    for family in np.flatnonzero(np.bincount(data.families) > 1):
        members = np.flatnonzero(data.families == family)
        repeated, expected = [], []
        for i in members:
            pairs = {j: aligner.align(data.sequences[i], data.sequences[j])[0] for j in members if j != i}
            repeated.append(max(pair.counts().identities for pair in pairs.values()) / n[i])
            e_values = [0.041 * n[i] * n[j] * np.exp(-0.267 * pair.score) for j, pair in pairs.items()]
            expected.append(n_pairs * min(e_values))
        if min(repeated) >= 0.94:
            kinds.append("copy")
        elif max(expected) < 0.01:
            kinds.append("relative")
            assert max(repeated) < 0.385
        else:
            kinds.append("chance link")
            assert 1 < min(expected) <= max(expected) < 8 and len(members) == 2
            linked_by_chance.add(frozenset(data.names[i].removeprefix("6ZU5_") for i in members))
    assert [kinds.count(kind) for kind in ("copy", "relative", "chance link")] == [7, 3, 6]
    named = "1AJJ_A 1BX8_A, LBB LEE, LM0 SA0, LS0 SB0, SG0 SY0, SJ0 SP0"
    assert linked_by_chance == {frozenset(pair.split()) for pair in named.split(", ")}


def test_protein_chains_are_proteins():
    data = datasets.load_protein_chains()
    steps = []
    for sequence, labels, xyz, numbers in zip(data.sequences, data.labels, data.coordinates, data.numbers, strict=True):
        assert len(sequence) == len(labels) == len(xyz) == len(numbers)
        assert (np.diff(numbers) >= 0).all()  # equal where an insertion code tells residues apart
        steps.append(np.linalg.norm(np.diff(xyz, axis=0), axis=1))
    steps = np.concatenate(steps)
    assert abs(np.median(steps) - 3.8) < 0.05 and (steps > 4.2).mean() < 0.01  # a trans peptide: 3.8 Angstrom
    ubiquitin = data.names.index("1UBI_A")
    assert data.sequences[ubiquitin].startswith("MQIFVKTLTGKTITLEVEPSDTIENVKAKIQDKEGIPPDQQRLIFAGKQLEDGRTLSDYN")
    assert set(data.labels[ubiquitin][22:34]) == {0}  # its helix, residues 23 to 34
    assert set(data.labels[ubiquitin][9:17]) == {1}  # HELIX and SHEET records of the entry
    np.testing.assert_allclose(data.coordinates[ubiquitin][0], [26.4, 25.4, 2.9], atol=0.06)


def test_the_beta_carbons_hang_on_the_alpha_carbons():
    data = datasets.load_protein_chains()
    alpha, beta = np.concatenate(data.coordinates), np.concatenate(data.beta_coordinates)
    bonds = np.linalg.norm(beta - alpha, axis=1)
    glycine = np.array(list("".join(data.sequences))) == "G"
    assert (bonds[glycine] == 0).all() and (bonds[~glycine] == 0).sum() == 8
    assert abs(np.median(bonds[bonds > 0]) - 1.53) < 0.01  # a single bond between carbons
    ubiquitin = data.names.index("1UBI_A")
    np.testing.assert_allclose(data.beta_coordinates[ubiquitin][0], [25.1, 24.9, 3.6], atol=0.06)  # MET 1 of the entry


def test_profiles_belong_to_their_chains():
    data, chains = datasets.load_protein_profiles(), datasets.load_protein_chains()
    rows = [chains.names.index(name) for name in data.names]
    assert len(set(data.models)) == len(set(chains.families[rows])) == 21 and chains.ribosome[rows].all()
    assert sum(map(len, data.aligned)) == 3896 and sum(aligned.sum() for aligned in data.aligned) == 3026
    own = []
    for row, profile, aligned in zip(rows, data.profiles, data.aligned, strict=True):
        assert profile.shape == (len(chains.sequences[row]), 20) and aligned.mean() >= 0.5
        np.testing.assert_allclose(profile.sum(axis=1), aligned, atol=1e-9)
        codes = np.array(["ACDEFGHIKLMNPQRSTVWY".index(letter) for letter in chains.sequences[row]])
        own.append(profile[np.arange(len(codes)), codes][aligned])
    assert round(np.mean(np.concatenate(own)), 2) == 0.19  # out of step it is 0.07
    assert round(1 - 3026 / 3896, 2) == 0.22


def test_the_predicted_receptor_is_a_chain_with_its_confidence():
    data = datasets.load_predicted_receptor()
    assert len(data.sequence) == 325 and data.sequence.startswith("SIVIIIIMTIGGNILVIMAVSMEKK")
    steps = np.linalg.norm(np.diff(data.coordinates, axis=0), axis=1)
    assert abs(np.median(steps) - 3.8) < 0.05 and steps.max() < 4.2
    np.testing.assert_allclose([data.plddt[0], data.plddt[-1]], [85.32, 79.33])
    assert 50 < data.plddt.min() and data.plddt.max() < 100
