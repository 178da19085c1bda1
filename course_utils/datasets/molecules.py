"""Molecules: small ones to learn to write, and sets with a measured solubility, activity or toxicity."""

import csv
import math
from dataclasses import dataclass

import numpy as np

from course_utils.datasets import files
from course_utils.datasets.catalogue import credits


@dataclass(frozen=True)
class SmallMolecules:
    """What `load_small_molecules` returns. The arrays cannot be written to: copy one to change it."""

    name: str
    smiles: tuple  # of n str, canonical, without stereochemistry, all different; the shortest first
    sources: np.ndarray  # [n] str: "NCI", "approved" or "both"
    drug_names: tuple  # of n str, the name of an approved drug; "" for the others
    heavy_atoms: np.ndarray  # [n] int64, atoms beside hydrogen, 1 to 20
    licence: str
    citation: str


def load_small_molecules():
    """Load small molecules: 3,738 of at most 20 heavy atoms, from an NCI collection and the approved drugs.

    Each is in one part, over C, N, O, F, P, S, Cl, Br, I and hydrogen, without charged atoms, without stereochemistry,
    and stands here once.

    Returns
    -------
    SmallMolecules
        `smiles`, `sources` ("NCI", "approved" or "both"), `drug_names`, `heavy_atoms`; `licence`, `citation`.

    Raises
    ------
    DatasetCorrupt
        If the file is not what it should be.

    Notes
    -----
    What was left out, and why, is counted in `data/recipes` and told in the catalogue.

    Taught in: 03_2_1_generative_adversarial_networks
    """
    n = 3738
    arrays = files.load_npz(
        "small_molecules",
        {
            "smiles": ("<U54", (n,)),
            "sources": ("<U8", (n,)),
            "names": ("<U24", (n,)),
            "heavy_atoms": ("uint8", (n,)),
        },
    )
    return SmallMolecules(
        **credits("small_molecules"),
        smiles=tuple(arrays["smiles"].tolist()),
        sources=arrays["sources"],
        drug_names=tuple(arrays["names"].tolist()),
        heavy_atoms=files.read_only(arrays["heavy_atoms"].astype(np.int64)),
    )


@dataclass(frozen=True)
class Solubility:
    """What `load_solubility` returns. The arrays cannot be written to: copy one to change it."""

    name: str
    smiles: tuple  # of 1282 str, canonical
    names: tuple  # of 1282 str, as in the file
    log_solubility: np.ndarray  # [1282] float64, base-10 logarithm of mol/l in water
    test: np.ndarray  # [1282] bool, the given split: 257 rows
    first_row: np.ndarray  # [1282] int64, the first row with the same graph of atoms and bonds; mostly its own
    licence: str
    citation: str


def load_solubility():
    """Load measured solubilities in water of 1,282 organic compounds, with the given split (1,025 / 257).

    Eight graphs of atoms and bonds occur twice, four of them on both sides of the given split: `first_row`.
    `data.first_row == np.arange(len(data.smiles))` selects each graph once.

    Returns
    -------
    Solubility
        `smiles`, `names`, `log_solubility`, `test`, `first_row`; `licence`, `citation`.

    Raises
    ------
    DatasetCorrupt
        If the file is not what it should be.

    Notes
    -----
    Huuskonen J (2000). Journal of Chemical Information and Computer Sciences 40:773-777.
    https://doi.org/10.1021/ci9901338. The paper has 1,297 compounds and another split (884 / 413).

    Taught in: 03_2_2_drug_activity_prediction
    """
    n = 1282
    arrays = files.load_npz(
        "solubility",
        {
            "smiles": ("<U82", (n,)),
            "names": ("<U40", (n,)),
            "log_solubility": ("float64", (n,)),
            "test": ("bool", (n,)),
            "first_row": ("int64", (n,)),
        },
    )
    return Solubility(
        **credits("solubility"),
        smiles=tuple(arrays["smiles"].tolist()),
        names=tuple(arrays["names"].tolist()),
        log_solubility=arrays["log_solubility"],
        test=arrays["test"],
        first_row=arrays["first_row"],
    )


@dataclass(frozen=True)
class Activities:
    """What `load_activities` returns. The arrays cannot be written to: copy one to change it."""

    name: str
    smiles: tuple  # of 1017 str, canonical
    ids: np.ndarray  # [1017] int64, the name of each molecule in the file
    activity: np.ndarray  # [1017] float64; larger is more active; the unit is not stated: see the catalogue
    licence: str
    citation: str


def load_activities():
    """Load the data set CHEMBL2321810: 1,017 molecules of one chemical series and how active each is.

    The files name neither the target nor the unit. Their documentation says that scores must have a form fit for
    regression, "i.e. pIC50s as opposed to IC50s", and uses these as they are. A pIC50 is the negative base-10 logarithm
    of a concentration in mol/l.

    Returns
    -------
    Activities
        `smiles`, `ids`, `activity` (4.27 to 9.22); `licence`, `citation`.

    Raises
    ------
    DatasetCorrupt
        If the file is not what it should be.

    Taught in: 03_2_2_drug_activity_prediction
    """
    n = 1017
    arrays = files.load_npz(
        "activities", {"smiles": ("<U76", (n,)), "ids": ("int64", (n,)), "activity": ("float64", (n,))}
    )
    return Activities(
        **credits("activities"),
        smiles=tuple(arrays["smiles"].tolist()),
        ids=arrays["ids"],
        activity=arrays["activity"],
    )


@dataclass(frozen=True)
class ESOL:
    """What `load_esol` returns. The arrays cannot be written to: copy one to change it."""

    name: str
    smiles: tuple  # of 1128 str, as in the file
    names: tuple  # of 1128 str
    log_solubility: np.ndarray  # [1128] float64, measured, base-10 logarithm of mol/l in water
    equation: np.ndarray  # [1128] float64, what Delaney's equation predicts, in the same unit
    first_row: np.ndarray  # [1128] int64, the first row with the same graph of atoms and bonds; mostly its own
    in_solubility: np.ndarray  # [1128] bool, the graph occurs in `load_solubility`
    licence: str
    citation: str


_ESOL_COLUMNS = [
    "Compound ID",
    "ESOL predicted log solubility in mols per litre",
    "Minimum Degree",
    "Molecular Weight",
    "Number of H-Bond Donors",
    "Number of Rings",
    "Number of Rotatable Bonds",
    "Polar Surface Area",
    "measured log solubility in mols per litre",
    "smiles",
]


def load_esol():
    """Load ESOL: 1,128 compounds with a measured solubility in water, and what Delaney's equation predicts.

    Two in three also occur in `load_solubility`: take the rows where `in_solubility` is False to test a model that was
    trained there.

    Returns
    -------
    ESOL
        `smiles`, `names`, `log_solubility`, `equation`, `first_row`, `in_solubility`; `licence`, `citation`.

    Raises
    ------
    DatasetUnavailable
        If the file is not on this computer and cannot be downloaded: `load_solubility` needs no download.
    DatasetCorrupt
        If a file was found but is not the data set.

    Notes
    -----
    Delaney JS (2004). Journal of Chemical Information and Computer Sciences 44:1000-1005.
    https://doi.org/10.1021/ci034243x

    Taught in: 03_2_2_drug_activity_prediction
    """
    path = files.fetch("esol")
    rows = _read_csv(path, _ESOL_COLUMNS, 1128)
    numbers = {}
    for column in (_ESOL_COLUMNS[8], _ESOL_COLUMNS[1]):
        numbers[column] = np.array([_number(row[column]) for row in rows])
        if not (np.abs(numbers[column]) < 20).all():  # False for NaN too
            line = int(np.argmin(np.abs(numbers[column]) < 20))
            raise files.DatasetCorrupt(
                f"{path}, row {line}: {column} must be a number from -20 to 20, got {rows[line][column][:40]!r}"
            )
    smiles = tuple(row["smiles"].strip() for row in rows)
    graphs = _graphs(smiles)
    known = {graph for graph in _graphs(load_solubility().smiles) if graph}
    return ESOL(
        **credits("esol"),
        smiles=smiles,
        names=tuple(row["Compound ID"].strip() for row in rows),
        log_solubility=files.read_only(numbers[_ESOL_COLUMNS[8]]),
        equation=files.read_only(numbers[_ESOL_COLUMNS[1]]),
        first_row=_first_rows(graphs),
        in_solubility=files.read_only(np.array([graph in known for graph in graphs])),
    )


@dataclass(frozen=True)
class Tox21:
    """What `load_tox21` returns. The arrays cannot be written to: copy one to change it."""

    name: str
    smiles: tuple  # of 7831 str, as in the file
    ids: tuple  # of 7831 str, "TOX3021"
    labels: np.ndarray  # [7831, 12] float64: 1 active, 0 inactive, NaN not measured
    assay_names: tuple  # of 12 str
    readable: np.ndarray  # [7831] bool, False where RDKit cannot read the structure
    first_row: np.ndarray  # [7831] int64, the first row with the same graph of atoms and bonds; mostly its own
    licence: str
    citation: str


_ASSAYS = (
    "NR-AR",
    "NR-AR-LBD",
    "NR-AhR",
    "NR-Aromatase",
    "NR-ER",
    "NR-ER-LBD",
    "NR-PPAR-gamma",
    "SR-ARE",
    "SR-ATAD5",
    "SR-HSE",
    "SR-MMP",
    "SR-p53",
)


def load_tox21():
    """Load Tox21: 7,831 compounds and whether each is active in twelve toxicity assays, with gaps.

    Every row is kept: eight structures cannot be read (`readable`), and about a hundred graphs of atoms and bonds occur
    more than once (`first_row`), some with labels that differ.

    Returns
    -------
    Tox21
        `smiles`, `ids`, `labels` [7831, 12] (1 active, 0 inactive, NaN not measured), `assay_names`, `readable`,
        `first_row`; `licence`, `citation`.

    Raises
    ------
    DatasetUnavailable
        If the file is not on this computer and cannot be downloaded.
    DatasetCorrupt
        If a file was found but is not the data set.

    Notes
    -----
    NR: assays on nuclear receptors, and on aromatase; SR: assays on pathways that answer to stress. Huang R, et al.
    (2016). Frontiers in Environmental Science 3:85. https://doi.org/10.3389/fenvs.2015.00085

    Taught in: 03_2_2_drug_activity_prediction
    """
    path = files.fetch("tox21")
    rows = _read_csv(path, [*_ASSAYS, "mol_id", "smiles"], 7831)
    codes = {"": np.nan, "0": 0.0, "1": 1.0}
    labels = np.empty((len(rows), len(_ASSAYS)))
    for number, row in enumerate(rows):
        for column, assay in enumerate(_ASSAYS):
            if row[assay] not in codes:
                raise files.DatasetCorrupt(
                    f"{path}, row {number}: {assay} must be 0, 1 or nothing, got {row[assay][:40]!r}"
                )
            labels[number, column] = codes[row[assay]]
    smiles = tuple(row["smiles"].strip() for row in rows)
    graphs = _graphs(smiles)
    return Tox21(
        **credits("tox21"),
        smiles=smiles,
        ids=tuple(row["mol_id"] for row in rows),
        labels=files.read_only(labels),
        assay_names=_ASSAYS,
        readable=files.read_only(np.array([graph is not None for graph in graphs])),
        first_row=_first_rows(graphs),
    )


# --- What the loaders share ------------------------------------------------------------------------------------------


def _read_csv(path, columns, n_rows):
    """Read a table that must have these columns, in this order, and so many rows."""
    try:
        reader = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
        rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise files.DatasetCorrupt(f"{path} is not a table of plain text: {error}") from None
    whole = sum(None not in row and None not in row.values() for row in rows)
    if reader.fieldnames != columns or (len(rows), whole) != (n_rows, n_rows):
        raise files.DatasetCorrupt(
            f"{path} must have {n_rows} whole rows and the columns {', '.join(columns)}; got {whole} whole rows and "
            f"the columns {', '.join(reader.fieldnames or ())[:200]}"
        )
    return rows


def _number(text):
    try:
        return float(text)
    except ValueError:
        return math.nan


def _graphs(smiles):
    """Return the canonical SMILES of each molecule, without stereochemistry, or None where RDKit cannot read it."""
    from course_utils.molecules import canonical

    graphs = []
    for text in smiles:
        try:
            graphs.append(canonical(text, stereo=False))
        except ValueError:
            graphs.append(None)
    return graphs


def _first_rows(graphs):
    """Return for each row the first row with the same graph; a structure that cannot be read is like no other."""
    first = {}
    rows = [row if graph is None else first.setdefault(graph, row) for row, graph in enumerate(graphs)]
    return files.read_only(np.array(rows, dtype=np.int64))
