"""Molecules: what their loaders return, and what they refuse."""

import numpy as np

from course_utils import datasets, molecules
from course_utils.datasets.molecules import _ASSAYS, _ESOL_COLUMNS
from data.recipes import small_molecules

CARBONS = ["C" * length for length in range(1, 9)]  # methane to octane


def fake_esol():
    """A table with the right columns and as many rows; its molecules are few, so they repeat."""
    lines = [",".join(_ESOL_COLUMNS)]
    for number in range(1128):
        lines.append(f'"alkane, {number}",-1.5,1,16.0,0,0,0,0.0,{-number / 200},{CARBONS[number % 8]} ')
    return {"esol/delaney-processed.csv": "\n".join(lines) + "\n"}


def fake_tox21():
    """A table with the right columns and as many rows, gaps, and a structure that cannot be read."""
    lines = [",".join([*_ASSAYS, "mol_id", "smiles"])]
    for number in range(7831):
        labels = [("", "0", "1")[(number + column) % 3] for column in range(12)]
        smiles = "CO[AlH3](O)O" if number in (1, 2) else CARBONS[number % 8]
        lines.append(",".join([*labels, f"TOX{number}", smiles]))
    return {"tox21/tox21.csv": "\n".join(lines) + "\n"}


def replaced(old, new):
    """Make a change of the first place where a text stands."""

    def change(text):
        assert old in text
        return text.replace(old, new, 1)

    return change


STAND_INS = {"esol": fake_esol, "tox21": fake_tox21}
REFUSALS = [
    ("esol", replaced("Compound ID", "Compound"), "must have 1128 whole rows and the columns Compound ID"),
    ("esol", replaced('"alkane, 7"', "alkane, 7"), "1128 whole rows .* got 1127 whole rows"),
    ("esol", replaced(",-0.005,", ",low,"), "row 1: measured log .* must be a number from -20 to 20, got 'low'"),
    ("esol", replaced(",-1.5,", ",-150,"), "row 0: ESOL predicted .* must be a number from -20 to 20, got '-150'"),
    ("esol", replaced(",-0.005,", ",nan,"), "row 1: measured log .* must be a number from -20 to 20, got 'nan'"),
    ("esol", lambda text: "é".encode("latin-1"), "is not a table of plain text"),
    ("tox21", replaced("TOX7,", ""), "must have 7831 whole rows .* got 7830 whole rows"),
    ("tox21", replaced("TOX7,", "TOX7,\n"), "must have 7831 whole rows"),
    ("tox21", replaced("\n,0,1", "\n,0,2"), "row 0: NR-AhR must be 0, 1 or nothing, got '2'"),
]


def test_esol_keeps_doubles_and_marks_what_the_solubility_set_has(load_from):
    data = load_from("esol", fake_esol())
    assert data.smiles[:9] == (*CARBONS, "C") and data.names[3] == "alkane, 3"
    assert data.first_row.tolist() == [number % 8 for number in range(1128)]
    assert data.in_solubility[:8].tolist() == [False, False, False, False, True, True, True, True]  # from pentane on
    assert data.log_solubility[2] == -0.01 and (data.equation == -1.5).all()


def test_tox21_keeps_gaps_and_what_cannot_be_read(load_from):
    data = load_from("tox21", fake_tox21())
    assert data.labels.shape == (7831, 12) and np.isnan(data.labels[0, 0]) and data.labels[0, 1:3].tolist() == [0, 1]
    assert np.flatnonzero(~data.readable).tolist() == [1, 2] and data.first_row[:4].tolist() == [0, 1, 2, 3]
    assert data.first_row[9] == 9 and data.first_row[17] == 9  # the first ethane is row 9: row 1 cannot be read
    assert data.ids[5] == "TOX5" and data.assay_names == _ASSAYS


def test_small_molecules_are_graphs_in_canonical_form():
    data = datasets.load_small_molecules()
    clean = molecules.clean_molecules(data.smiles, 20, molecules.ELEMENTS, charges="none", stereo=False)
    assert clean.smiles == data.smiles and not clean.left_out
    assert np.unique(data.sources, return_counts=True)[1].tolist() == [3268, 443, 27]
    assert (data.heavy_atoms <= 9).sum() == 694
    np.testing.assert_array_equal(data.heavy_atoms, molecules.descriptors(data.smiles, ["heavy atoms"])[:, 0])
    assert [bool(name) for name in data.drug_names] == (data.sources != "NCI").tolist()
    assert data.smiles[data.drug_names.index("Aspirin")] == "CC(=O)Oc1ccccc1C(=O)O"
    assert [s for s, n in zip(data.smiles, data.heavy_atoms, strict=True) if n < 3] == "N O NN OO N#N O=O".split()


def test_what_was_left_out_of_the_small_molecules_is_counted():
    """The recipe holds these counts against the sources; here, that nothing is lost between them and the file."""
    left_out, data = small_molecules.LEFT_OUT, datasets.load_small_molecules()
    kept = {"NCI": np.isin(data.sources, ["NCI", "both"]).sum(), "approved": (data.sources != "NCI").sum()}
    assert {source: sum(counts.values()) for source, counts in left_out.items()} == {"NCI": 1704, "approved": 2158}
    assert kept["NCI"] + 1704 == 4999 and kept["approved"] + 2158 == 2628
    (trap,) = (e.traps[0] for e in datasets.catalogue() if e.name == "small_molecules")
    for counts in left_out.values():
        assert all(f"{number:,}" in trap.text for number in counts.values())


def test_graphs_of_the_solubility_set_repeat():
    data = datasets.load_solubility()
    graphs = [molecules.canonical(smiles, stereo=False) for smiles in data.smiles]
    assert data.first_row.tolist() == [graphs.index(graph) for graph in graphs]
    doubles = [(row, first) for row, first in enumerate(data.first_row.tolist()) if row != first]
    assert len(doubles) == 8 and sum(data.test[row] != data.test[first] for row, first in doubles) == 4
    pairs = {frozenset((data.names[row].lower(), data.names[first].lower())) for row, first in doubles}
    for wrong in (("karbutilate", "kasugamycin"), ("cortisone acetate", "hydrocortisone acetate")):
        assert frozenset(wrong) in pairs
    assert frozenset(("2,4-dimethyl-3-pentanol", "2,3-dimethyl-3-pentanol")) in pairs
    assert (len(data.smiles), data.test.sum()) == (1282, 257) and not any("\uffb4" in name for name in data.names)


def test_activities_are_one_chemical_series():
    data = datasets.load_activities()
    from rdkit import Chem

    sulfonamide = Chem.MolFromSmarts("S(=O)(=O)[#7]")
    assert sum(Chem.MolFromSmiles(smiles).HasSubstructMatch(sulfonamide) for smiles in data.smiles) == 1014
    names, counts = np.unique(molecules.scaffolds(data.smiles), return_counts=True)
    assert len(names) == 278 and round(np.sort(counts)[-5:].sum() / 1017, 2) == 0.25
    assert (data.activity.min(), data.activity.max()) == (4.27, 9.22) and len(set(data.smiles)) == 1017
    values, counts = np.unique(data.activity, return_counts=True)
    assert values[np.argsort(counts)[-2:]].tolist() == [5, 6]
    assert (np.diff(data.ids) == -1).mean() > 0.9


def test_graphs_of_tox21_repeat(load_real):
    data = load_real("tox21")
    groups = {}
    for row, first in enumerate(data.first_row.tolist()):
        groups.setdefault(first, []).append(row)
    repeated = [rows for rows in groups.values() if len(rows) > 1]
    differ = 0
    for rows in repeated:
        given = [column[~np.isnan(column)] for column in data.labels[rows].T]
        differ += any(len(set(column.tolist())) > 1 for column in given)
    assert (len(repeated), sum(map(len, repeated)), differ) == (107, 229, 31)
    assert sum("." in smiles for smiles in data.smiles) == 245


def test_most_of_esol_has_the_same_value_in_the_solubility_set(load_real):
    data, known = load_real("esol"), datasets.load_solubility()
    value = {molecules.canonical(s, stereo=False): y for s, y in zip(known.smiles, known.log_solubility, strict=True)}
    graphs = [molecules.canonical(smiles, stereo=False) for smiles in data.smiles]
    rows = np.flatnonzero(data.in_solubility)
    same = [abs(value[graphs[row]] - data.log_solubility[row]) < 0.01 for row in rows]
    assert len(rows) == 757 and np.mean(same) > 0.8
    doubles = data.log_solubility[[0.06 == y or 1.09 == y for y in data.log_solubility]]
    assert {0.06, 1.09} <= set(doubles.tolist())
