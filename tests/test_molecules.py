"""course_utils.molecules against RDKit, known constants, round trips, and the properties each function must have."""

import subprocess
import sys
from collections import Counter

import matplotlib.pyplot as plt
import numpy as np
import pytest
import selfies
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem, DataStructs, rdBase
from rdkit.Chem import rdFingerprintGenerator

from course_utils import datasets, molecules

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"
SMALL = datasets.load_small_molecules().smiles
ACTIVE = datasets.load_activities().smiles
SOLUBLE = datasets.load_solubility().smiles
with_examples = settings(deadline=None, max_examples=40)


# --- reading and cleaning


def test_every_text_is_kept_or_left_out_with_its_reason():
    smiles = [
        "CCO", "OCC", "", None, float("nan"), "C1CC", "CC(C)(C)(C)C", "[Na+].[Cl-]", "[NH4+]", "C[N+](=O)[O-]", "*C",
        "[CH3]", "c1ccccc1", "C[Si](C)(C)C", "CCCCCCCC", "n1(H)cccc1", "N[C@@H](C)C(=O)O", "N[C@H](C)C(=O)O", " CO",
    ]  # fmt: skip
    clean = molecules.clean_molecules(smiles, max_heavy_atoms=7, elements=("C", "N", "O"))
    assert clean.smiles == (
        "CCO", "C[N+](=O)[O-]", "c1ccccc1", "C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O", "CO",
    )  # fmt: skip
    assert clean.rows.tolist() == [0, 9, 12, 16, 17, 18] and not clean.rows.flags.writeable
    assert [(item.row, item.reason) for item in clean.left_out] == [
        (1, "duplicate"), (2, "empty"), (3, "empty"), (4, "empty"), (5, "invalid"), (6, "invalid"),
        (7, "several parts"), (8, "charged"), (10, "placeholder atom"), (11, "unpaired electrons"),
        (13, "other element"), (14, "too large"), (15, "invalid"),
    ]  # fmt: skip
    details = {item.row: item.detail for item in clean.left_out}
    assert details[1] == "the molecule of row 0" and details[13] == "Si" and "8 heavy atoms" in details[14]
    assert "valence" in details[6] and "ring" in details[5] and clean.left_out[5].text == "CC(C)(C)(C)C"
    assert clean.counts() == Counter(item.reason for item in clean.left_out)
    assert clean.summary() == (
        "6 of 19 kept; left out: empty 3, invalid 3, duplicate 1, several parts 1, charged 1, placeholder atom 1, "
        "unpaired electrons 1, other element 1, too large 1"
    )
    table = clean.table()
    assert list(table.columns) == ["row", "text", "reason", "detail"] and len(table) == 13


def test_charges_and_hands_are_as_asked():
    smiles = ["C[N+](=O)[O-]", "[NH4+]", "C[C@H](N)O", "C[C@@H](N)O", "[2H]C"]
    kept = {c: molecules.clean_molecules(smiles, charges=c).rows.tolist() for c in ("neutral", "none", "any")}
    assert kept == {"neutral": [0, 2, 3, 4], "none": [2, 3, 4], "any": [0, 1, 2, 3, 4]}
    flat = molecules.clean_molecules([*smiles, "C"], stereo=False)
    assert flat.smiles == ("C[N+](=O)[O-]", "CC(N)O", "C")  # [2H]C is methane too
    assert [item.detail for item in flat.left_out] == ["charge +1", "the molecule of row 2", "the molecule of row 4"]


def test_a_clean_list_says_so():
    assert molecules.clean_molecules(["CCO"]).summary() == "1 of 1 kept; left out: none"
    nothing = molecules.clean_molecules([None])
    assert nothing.smiles == () and nothing.rows.shape == (0,) and nothing.summary() == "0 of 1 kept; left out: empty 1"
    assert molecules.clean_molecules([None]).table().shape == (1, 4)


@given(st.sampled_from(SMALL + ACTIVE + SOLUBLE), st.integers(0, 2**31 - 1))
@with_examples
def test_canonical_is_one_form_for_all_spellings(smiles, seed):
    molecule = Chem.MolFromSmiles(smiles)
    order = np.random.default_rng(seed).permutation(molecule.GetNumAtoms()).tolist()
    spelt = Chem.MolToSmiles(Chem.RenumberAtoms(molecule, order), canonical=False)
    assert molecules.canonical(spelt) == smiles
    flat = molecules.canonical(spelt, stereo=False)
    assert molecules.canonical(flat) == flat == molecules.canonical(flat, stereo=False)


def test_canonical_forgets_hands_and_isotopes_on_demand():
    assert molecules.canonical("OC(C)=O") == "CC(=O)O"
    assert molecules.canonical("N[C@@H](C)C(=O)O") == "C[C@H](N)C(=O)O"
    assert molecules.canonical("N[C@@H](C)C(=O)O", stereo=False) == "CC(N)C(=O)O"
    assert molecules.canonical("[2H]O[2H]", stereo=False) == "O" and molecules.canonical("F/C=C/F", stereo=False) == (
        "FC=CF"
    )


def test_selfies_are_always_molecules():
    alphabet = sorted(selfies.get_semantic_robust_alphabet())
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(alphabet, size=rng.integers(5, 30))) for _ in range(5000)]
    smiles = [selfies.decoder(text) for text in texts]
    counts = molecules.clean_molecules(smiles, charges="any").counts()
    assert counts.get("invalid", 0) == 0
    letters = list("CNOF()=#123cn")
    random_smiles = ["".join(rng.choice(letters, size=rng.integers(5, 30))) for _ in range(5000)]
    assert molecules.clean_molecules(random_smiles).counts()["invalid"] > 4800


# --- numbers


def test_descriptors_of_aspirin():
    (values,) = molecules.descriptors([ASPIRIN])
    named = {name.split(" (")[0]: value for name, value in zip(molecules.DESCRIPTORS, values, strict=True)}
    expected = {
        "molecular weight": 180.16, "logP": 1.3101, "TPSA": 63.60, "QED": 0.5501, "H-bond donors": 1,
        "H-bond acceptors": 3, "rotatable bonds": 2, "rings": 1, "aromatic rings": 1, "heavy atoms": 13,
        "heteroatoms": 4, "share of sp3 carbons": 1 / 9,
    }  # fmt: skip
    assert named == {name: pytest.approx(value, abs=5e-3) for name, value in expected.items()}
    two = molecules.descriptors([ASPIRIN, "C"], ["QED", "heavy atoms"])
    assert two.shape == (2, 2) and two.dtype == np.float64 and two[:, 1].tolist() == [13, 1]
    assert two[0, 0] == pytest.approx(0.5501, abs=5e-5) and named["logP"] == pytest.approx(1.3101, abs=5e-5)
    assert molecules.descriptors(["C"], "heavy atoms").tolist() == [[1]]


def test_fingerprints_and_tanimoto_equal_rdkit():
    smiles = [ASPIRIN, "Oc1ccccc1C(=O)O", "CCO", "C", *ACTIVE[:20]]
    ours = molecules.fingerprints(smiles, radius=3, bits=512)
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=3, fpSize=512)
    theirs = [generator.GetFingerprint(Chem.MolFromSmiles(text)) for text in smiles]
    assert ours.dtype == np.uint8 and [list(row) for row in ours] == [list(bits) for bits in theirs]
    similar = np.array([DataStructs.BulkTanimotoSimilarity(bits, theirs) for bits in theirs])
    np.testing.assert_allclose(molecules.tanimoto(ours, ours), similar, rtol=1e-12)
    assert molecules.fingerprints(["CCO"]).shape == (1, 2048)


@given(st.integers(0, 2**31 - 1), st.sampled_from([0.0, 0.05, 0.5, 1.0]))
@with_examples
def test_tanimoto_is_common_by_either(seed, density):
    rng = np.random.default_rng(seed)
    a, b = (rng.random((n, 40)) < density for n in (3, 5))
    expected = [
        [DataStructs.TanimotoSimilarity(*(DataStructs.CreateFromBitString("".join(map(str, r.astype(int)))) for r in p))
         for p in ((x, y) for y in b)] for x in a
    ]  # fmt: skip
    np.testing.assert_allclose(molecules.tanimoto(a, b.astype(np.uint8)), expected)
    assert molecules.tanimoto(np.zeros((1, 4)), np.zeros((1, 4))) == 0


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (np.ones((2, 3)), np.ones((2, 4)), "a and b must have the same number of bits, got 3 and 4"),
        (np.full((2, 3), 2), np.ones((2, 3)), "a must hold 0 and 1, got 2 to 2"),
        (np.ones((2, 3)), np.full((2, 3), 0.5), "b must hold 0 and 1, got 0.5 to 0.5"),
        (np.ones(3), np.ones((2, 3)), "a must have 2 dimensions"),
    ],
)
def test_tanimoto_refuses_what_is_no_fingerprint(a, b, message):
    with pytest.raises(ValueError, match=message):
        molecules.tanimoto(a, b)


# --- scaffolds


def test_scaffolds_are_rings_and_links():
    found = molecules.scaffolds([ASPIRIN, "CCO", "Cc1ccccc1CCC1CC1C", "C[C@H]1CCCC[C@@H]1O", "O=C1CCCCC1"])
    assert found.tolist() == ["c1ccccc1", "", "c1ccc(CCC2CC2)cc1", "C1CCCCC1", "O=C1CCCCC1"]


def test_a_drug_and_its_salts_have_one_scaffold():
    drug, benzenesulfonic_acid = "CN1CCC(CC1)=C1c2ccccc2CCc2ccccc21", "OS(=O)(=O)c1ccccc1"
    salts = [f"{drug}.{benzenesulfonic_acid}", f"{benzenesulfonic_acid}.{drug}", f"{drug}.Cl"]
    assert len(set(molecules.scaffolds([drug, *salts]))) == 1
    assert molecules.scaffolds([benzenesulfonic_acid]) == "c1ccccc1"


@given(st.data())
@with_examples
def test_no_scaffold_is_on_two_sides_and_no_row_is_lost(data):
    rows = data.draw(st.lists(st.integers(0, len(SOLUBLE) - 1), min_size=30, max_size=120, unique=True))
    seed = data.draw(st.none() | st.integers(0, 99))
    shares = data.draw(st.sampled_from([(0.8, 0.1, 0.1), (0.7, 0.3), (0.25, 0.25, 0.5)]))
    smiles = [SOLUBLE[row] for row in rows]
    names = molecules.scaffolds(smiles)
    try:
        parts = molecules.scaffold_split(smiles, shares, seed)
    except ValueError as error:
        assert "must have scaffolds enough for each of" in str(error)
        return
    assert np.sort(np.concatenate(parts)).tolist() == list(range(len(rows)))
    assert sum(len(set(names[part])) for part in parts) == len(set(names))
    assert len(parts[0]) <= shares[0] * len(rows) + 1e-6


def test_scaffold_split_is_the_rule_of_moleculenet():
    """The largest scaffold first; of two alike, the one that comes later in the list, as in DeepChem."""
    sizes = {"c1ccccc1": 5, "C1CC1": 2, "C1CCC1": 1, "C1CCCC1": 1, "C1CCCCC1": 1}
    smiles = [ring + "C" * n for ring, size in sizes.items() for n in range(1, size + 1)]
    parts = molecules.scaffold_split(smiles)
    assert [part.tolist() for part in parts] == [[0, 1, 2, 3, 4, 5, 6, 9], [8], [7]]
    assert all(part.dtype == np.int64 for part in parts)
    assert [part.tolist() for part in molecules.scaffold_split(smiles, (0.2, 0.8))] == [
        [5, 6],
        [0, 1, 2, 3, 4, 7, 8, 9],
    ]


@pytest.mark.parametrize("smiles", [ACTIVE, SOLUBLE], ids=["activities", "solubility"])
def test_a_seed_deals_the_scaffolds_in_random_order(smiles):
    for shares in ((0.8, 0.1, 0.1), (0.8, 0.2)):
        splits = [molecules.scaffold_split(smiles, shares, seed) for seed in range(3)]
        for parts in splits:
            sizes = np.array([len(part) for part in parts]) / len(smiles)
            assert np.abs(sizes - shares).max() < 0.03, sizes
        again = molecules.scaffold_split(smiles, shares, 1)[-1].tolist()
        assert again == splits[1][-1].tolist() != splits[2][-1].tolist()


def test_acyclic_molecules_stay_together():
    train, test = molecules.scaffold_split(SOLUBLE, (0.8, 0.2))
    names = molecules.scaffolds(SOLUBLE)
    assert (names[train] == "").mean() > 0.25 and (names[test] != "").all()


def test_acyclic_molecules_are_told_apart_by_their_skeleton():
    """Propane, ethanol and dimethyl sulfide are one family; butane and isobutane are two others."""
    smiles = ["CCC", "CCO", "CSC", "CC=C", "CCCC", "CC#CN", "CC(C)C", "CC(=O)O", "c1ccccc1", "Cc1ccccc1"]
    families = [{0, 1, 2, 3}, {4, 5}, {6, 7}, {8, 9}]
    for seed in range(5):
        parts = molecules.scaffold_split(smiles, (0.6, 0.4), seed, chains_apart=True)
        assert np.sort(np.concatenate(parts)).tolist() == list(range(10))
        assert all(any(family <= set(part.tolist()) for part in parts) for family in families)
    parts = molecules.scaffold_split(SOLUBLE, (0.6, 0.2, 0.2), 0, chains_apart=True)
    without_ring = molecules.scaffolds(SOLUBLE) == ""
    assert min(without_ring[part].sum() for part in parts) > 50
    with pytest.raises(TypeError, match="chains_apart"):
        molecules.scaffold_split(SOLUBLE, chains_apart="yes")


@pytest.mark.parametrize(
    ("smiles", "shares", "message"),
    [
        (["CCO", "CCC"], (0.8, 0.2), "smiles must have scaffolds enough for each of 2 parts, got 1 scaffold"),
        # Nine of ten share a scaffold: half and half cannot be had, and ten and ninety is not what was asked for.
        (
            ["c1ccccc1" + "C" * n for n in range(9)] + ["C1CC1"],
            (0.5, 0.5),
            "got 2 scaffold.*the largest of 9.*parts of 1, 9",
        ),
        (["CCO", "c1ccccc1"], (0.8, 0.3), "shares must be two or more numbers that sum to 1"),
        (["CCO", "c1ccccc1"], (1.0,), "shares must be between 0 and 1"),
        (["CCO", "c1ccccc1"], (), "shares must be two or more numbers"),
        (["CCO", "C1CC"], (0.5, 0.5), "smiles must be molecules, got 'C1CC' in row 1"),
    ],
)
def test_a_split_that_cannot_be_made_says_why(smiles, shares, message):
    with pytest.raises(ValueError, match=message):
        molecules.scaffold_split(smiles, shares)


# --- graphs


def test_a_graph_shows_each_atom_and_bond():
    graphs = molecules.molecule_graphs(["C[N+](=O)[O-]", "c1ccoc1", "N#C[Si]"], max_atoms=6)
    assert graphs.atoms.shape == (3, 6, 25) and graphs.bonds.shape == (3, 6, 6, 4)
    assert graphs.atoms.dtype == np.float32 and graphs.bonds.dtype == np.uint8
    assert graphs.mask.sum(axis=1).tolist() == [4, 5, 3] and len(graphs.feature_names) == 25

    def shown(row, atom):
        names = np.array(graphs.feature_names)[graphs.atoms[row, atom] != 0]
        return dict(zip(names.tolist(), graphs.atoms[row, atom][graphs.atoms[row, atom] != 0].tolist(), strict=True))

    assert shown(0, 1) == {"element N": 1, "neighbours 3": 1, "hydrogens 0": 1, "charge": 1}
    assert shown(0, 3) == {"element O": 1, "neighbours 1": 1, "hydrogens 0": 1, "charge": -1}
    assert shown(1, 3) == {"element O": 1, "neighbours 2": 1, "hydrogens 0": 1, "aromatic": 1, "in a ring": 1}
    assert list(shown(2, 2)) == ["element other", "neighbours 1", "hydrogens 0"]
    assert (graphs.bonds.sum(axis=(1, 2)) / 2).tolist() == [[2, 1, 0, 0], [0, 0, 0, 5], [1, 0, 1, 0]]
    np.testing.assert_array_equal(graphs.bonds, graphs.bonds.transpose(0, 2, 1, 3))
    assert not graphs.atoms[~graphs.mask].any() and not graphs.bonds[~graphs.mask].any()


def test_graphs_agree_with_rdkit_on_all_activities():
    graphs = molecules.molecule_graphs(ACTIVE)
    assert graphs.atoms.shape[1] == graphs.mask.sum(axis=1).max()
    for row in range(0, len(ACTIVE), 25):
        molecule = Chem.MolFromSmiles(ACTIVE[row])
        n = molecule.GetNumAtoms()
        np.testing.assert_array_equal(graphs.bonds[row, :n, :n].any(axis=-1), Chem.GetAdjacencyMatrix(molecule))
    hydrogens = graphs.atoms[..., [graphs.feature_names.index(f"hydrogens {k}") for k in range(5)]] @ np.arange(5.0)
    expected = [sum(a.GetTotalNumHs() for a in Chem.MolFromSmiles(s).GetAtoms()) for s in ACTIVE]
    assert hydrogens.sum(axis=1).tolist() == expected


@pytest.mark.slow
def test_matrices_and_back_on_every_embedded_molecule():
    atoms, bonds = molecules.atom_bond_matrices(SMALL)
    assert atoms.shape == (3738, 20) and bonds.shape == (3738, 20, 20)
    assert molecules.smiles_from_matrices(atoms, bonds) == list(SMALL)
    for smiles in (SOLUBLE, ACTIVE):
        clean = molecules.clean_molecules(smiles, elements=molecules.ELEMENTS, charges="none", stereo=False)
        assert len(clean.smiles) > 900
        assert molecules.smiles_from_matrices(*molecules.atom_bond_matrices(clean.smiles)) == list(clean.smiles)


def test_the_matrices_of_one_molecule_have_one_form():
    atoms, bonds = molecules.atom_bond_matrices(["OCC", "C(O)C", "CC#N"], elements=("N", "C", "O"), max_atoms=4)
    assert atoms.tolist() == [[2, 2, 3, 0], [2, 2, 3, 0], [2, 2, 1, 0]]
    assert bonds[0].tolist() == bonds[1].tolist() == [[0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
    assert bonds[2, 1].tolist() == [1, 0, 3, 0] and atoms.dtype == bonds.dtype == np.int64


def test_matrices_that_are_no_molecule_become_none():
    carbon, nothing = 1, 0
    atoms = np.array([[carbon, carbon, 3], [carbon, 4, 4], [carbon, nothing, carbon], [0, 0, 0], [0, carbon, 0]])
    bonds = np.zeros((5, 3, 3), dtype=int)
    bonds[0, 0, 1] = bonds[0, 1, 2] = 3  # oxygen with three bonds
    bonds[1, 0, 1] = 1  # a fluorine atom is left over
    bonds[2, 0, 1] = bonds[2, 1, 2] = 1  # the path leads through a place without an atom: two parts
    bonds[4, 0, 1] = 2  # a bond to nothing: methane
    bonds += bonds.transpose(0, 2, 1)
    assert molecules.smiles_from_matrices(atoms, bonds) == [None, None, None, None, "C"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"atoms": np.ones((2, 3))},
            "atoms must hold integer codes, got dtype float64; one-hot becomes codes by argmax",
        ),
        ({"atoms": np.full((2, 3), 10)}, "atoms must hold codes from 0 to 9, got 10 to 10"),
        ({"bonds": np.full((2, 3, 3), 4)}, "bonds must hold codes from 0 to 3, got 4 to 4"),
        ({"bonds": np.zeros((2, 3, 4), int)}, r"bonds must have the shape \(2, 3, 3\) to fit atoms, got \(2, 3, 4\)"),
        ({"bonds": np.tile(np.triu(np.ones((3, 3), int), 1), (2, 1, 1))}, "bonds must be symmetric"),
        ({"bonds": np.stack([np.zeros((3, 3), int), np.eye(3, dtype=int)])}, "with 0 on the diagonal, .* in row 1"),
        ({"elements": "CNO"}, "elements must be a tuple of symbols"),
        ({"elements": ("C", "Xx")}, "elements must be symbols of elements such as 'C' or 'Cl', got 'Xx'"),
        ({"elements": ("C", "C")}, "elements must be one or more symbols, each once"),
    ],
)
def test_matrices_of_another_form_are_refused(change, message):
    good = {"atoms": np.ones((2, 3), int), "bonds": np.zeros((2, 3, 3), int), "elements": molecules.ELEMENTS}
    with pytest.raises((TypeError, ValueError), match=message):
        molecules.smiles_from_matrices(**good | change)


@pytest.mark.parametrize(
    ("smiles", "message"),
    [
        ("C[N+](=O)[O-]", r"got in row 1: charged \(2 atoms with a charge\): 'C\[N\+\]"),
        ("CC.O", r"got in row 1: several parts"),
        ("C[Si]", "got in row 1: unpaired electrons"),
        ("C[SiH3]", r"got in row 1: other element \(Si\)"),
        ("CCCC", "max_atoms must be at least that of the largest molecule, 4 in row 1, got 3"),
        ("C1C", "smiles must be molecules, got 'C1C' in row 1"),
        ("[H][H]", r"smiles must hold atoms beside hydrogen, got in row 1: '\[H\]\[H\]'"),
    ],
)
def test_a_molecule_that_has_no_matrices_is_named(smiles, message):
    with pytest.raises(ValueError, match=message):
        molecules.atom_bond_matrices(["CCO", smiles], max_atoms=3)


# --- filters and drawings


def test_pains_alerts_are_named():
    found = molecules.pains_alerts(["O=C1C=CC(=O)C=C1", ASPIRIN, "O=C1NC(=S)SC1=Cc1ccccc1"])
    assert found == [("quinone_A(370)",), (), ("ene_rhod_A(235)",)]


def test_accessibility_is_between_1_and_10_and_knows_hard_from_easy():
    taxol = (
        "CC1=C2[C@@]([C@]([C@H]([C@@H]3[C@]4([C@H](OC4)C[C@@H]([C@]3(C(=O)[C@@H]2OC(=O)C)C)O)OC(=O)C)OC(=O)c2ccccc2)"
        "(C[C@@H]1OC(=O)[C@H](O)[C@@H](NC(=O)c1ccccc1)c1ccccc1)O)(C)C"
    )
    easy, hard = molecules.synthetic_accessibility([ASPIRIN, taxol])
    assert 1 <= easy < 2 and 5 < hard <= 10
    scores = molecules.synthetic_accessibility(SMALL[:200])
    assert scores.shape == (200,) and scores.min() >= 1 and scores.max() <= 10


def test_molecules_are_drawn_side_by_side():
    axes = molecules.draw_molecules([ASPIRIN, "CCO", "C"], labels=["aspirin", "ethanol", "methane"], columns=2)
    assert axes.shape == (3,) and [ax.get_title() for ax in axes] == ["aspirin", "ethanol", "methane"]
    images = [ax.get_images()[0].get_array() for ax in axes]
    dark = [(image[..., :3].max(axis=-1) < 0.6).sum() for image in images]
    assert dark[0] > dark[2] > 0 and axes[0].figure.get_size_inches()[0] * 100 < 1100
    (marked,) = molecules.draw_molecules(["CCO"], highlight=[[2]])
    (plain,) = molecules.draw_molecules(["CCO"])
    assert not np.array_equal(marked.get_images()[0].get_array(), plain.get_images()[0].get_array())
    plt.close("all")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": ["one"]}, "labels and smiles must have the same length, got 1 and 2"),
        ({"highlight": [[0]]}, "highlight and smiles must have the same length, got 1 and 2"),
        ({"highlight": [[0], [3]]}, "highlight, row 1, must be from 0 to 2, got 3"),
        ({"columns": 0}, "columns must be at least 1"),
        ({"smiles": ["CCO", "C1"]}, "smiles must be molecules, got 'C1' in row 1"),
    ],
)
def test_a_drawing_that_cannot_be_made_says_why(change, message):
    with pytest.raises(ValueError, match=message):
        molecules.draw_molecules(**{"smiles": ["CCO", "CCC"]} | change)


# --- bad input, in words of our own and without a sound

TAKES_A_LIST = [
    "clean_molecules", "descriptors", "fingerprints", "scaffolds", "scaffold_split", "molecule_graphs",
    "atom_bond_matrices", "pains_alerts", "synthetic_accessibility", "draw_molecules",
]  # fmt: skip


@pytest.mark.parametrize("name", TAKES_A_LIST)
def test_a_list_of_another_kind_is_one_clear_error(name):
    function = getattr(molecules, name)
    cases = [("CCO", TypeError, r"got one string: write \['CCO'\]"), ([], ValueError, "got an empty list")]
    cases += [([b"CCO"], TypeError, "row 0: b'CCO'"), ([["CCO"]], TypeError, "row 0"), (7, TypeError, "got 7")]
    if name != "clean_molecules":
        cases += [(["C", ""], ValueError, "got '' in row 1: it has no atom"), (["C", None], TypeError, "row 1: None")]
        cases += [(["C", "C(C)(C)(C)(C)C"], ValueError, "in row 1: Explicit valence for atom # 0 C")]
    for bad, error, message in cases:
        with pytest.raises(error, match=message) as caught:
            function(bad)
        assert str(caught.value).startswith("smiles must ")


def test_the_arguments_of_cleaning_are_checked():
    for change, message in (
        ({"charges": "neutrall"}, "did you mean 'neutral'"),
        ({"stereo": 1}, "stereo must be True or False"),
        ({"max_heavy_atoms": 0}, "max_heavy_atoms must be at least 1"),
        ({"elements": ()}, "elements must be one or more symbols"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            molecules.clean_molecules(["C"], **change)
    with pytest.raises(TypeError, match="smiles must be a string"):
        molecules.canonical(["C"])
    with pytest.raises(ValueError, match="names must be one of .*did you mean 'rings'"):
        molecules.descriptors(["C"], ["ring"])
    with pytest.raises(ValueError, match="names must hold at least one descriptor"):
        molecules.descriptors(["C"], [])


NOISY = """
from course_utils import molecules
bad = ["C1CC", "CC(C)(C)(C)C", "c1cccc1", "CXC", "", "[Na+].[Cl-]", "n(H)1cccc1"]
print(molecules.clean_molecules(bad).summary())
for text in bad[:4]:
    for name in ("canonical", "fingerprints", "descriptors", "scaffolds", "molecule_graphs", "draw_molecules"):
        try:
            getattr(molecules, name)(text if name == "canonical" else ["C", text])
        except ValueError:
            pass
        else:
            raise SystemExit(name)
import numpy as np
molecules.smiles_from_matrices(np.full((4, 3), 4), (1 - np.eye(3, dtype=int))[None].repeat(4, axis=0))
molecules.atom_bond_matrices(["c1cc[nH]c1"])
molecules.synthetic_accessibility(["CCO"]), molecules.pains_alerts(["CCO"])
"""


def test_bad_input_writes_nothing_to_the_screen():
    done = subprocess.run([sys.executable, "-c", NOISY], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["0 of 7 kept; left out: invalid 5, empty 1, several parts 1"]


def test_rdkit_may_speak_again_afterwards(capfd):
    molecules.clean_molecules(["C1CC"])
    assert capfd.readouterr().err == ""
    rdBase.LogToCppStreams()
    Chem.MolFromSmiles("C1CC")
    assert "unclosed ring" in capfd.readouterr().err


def test_importing_the_module_does_not_import_rdkit():
    code = "import sys, course_utils.molecules; print('rdkit' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    "function",
    [
        molecules.descriptors,
        molecules.scaffolds,
        molecules.fingerprints,
        lambda smiles: molecules.scaffold_split(smiles, (0.5, 0.5), chains_apart=True),
    ],
)
def test_what_can_be_gone_through_once_is_read_whole(function):
    texts = ["CCO", "c1ccccc1O", "CCC(C)C", "C1CC1"]
    for once, listed in zip(function(iter(texts)), function(texts), strict=True):
        np.testing.assert_array_equal(once, listed)
