"""Checks behind the exercises of chapter 3.3.2, Protein structure prediction."""

from fractions import Fraction

import numpy as np

from course_utils.exercises import Exercise, Misconception


def _reduced(helix, strand):
    return lambda dssp: "".join("H" if a in helix else "E" if a in strand else "-" for a in dssp)


def _reduced_by_dictionary(dssp):
    states = {"H": "H", "G": "H", "I": "H", "E": "E", "B": "E"}
    result = ""
    for letter in dssp:
        result += states.get(letter, "-")
    return result


def _reduced_by_masks(dssp):
    letters = np.array(list(dssp))
    states = np.where(np.isin(letters, list("HGI")), "H", np.where(np.isin(letters, list("EB")), "E", "-"))
    return "".join(states)


def _contacts(seed):
    """A symmetric map of 40 residues with a full diagonal, as a contact map has."""
    points = np.cumsum(np.random.default_rng(seed).normal(0, 2.2, (40, 3)), axis=0)
    return np.linalg.norm(points[:, None] - points, axis=2) < 8


def _long_range(contacts, separation):
    return int(np.triu(contacts, separation).sum())


def _field_by_growing(sizes):
    field = 1
    for size in sizes:
        side = (size - 1) // 2
        field += 2 * side
    return field


def _field_by_array(sizes):
    return (np.array(sizes) - 1).sum() + 1


def _long_range_by_loops(contacts, separation):
    count = 0
    for i in range(len(contacts)):
        for j in range(i + separation, len(contacts)):
            if contacts[i, j]:
                count += 1
    return count


def _long_range_by_distance(contacts, separation):
    place = np.arange(len(contacts))
    far = np.abs(place[:, None] - place[None, :]) >= separation
    return np.sum(contacts & far) / 2


EXERCISES = [
    Exercise(
        "3.3.2-a",
        expected=_reduced("HGI", "EB"),
        cases=(("HHHHTTEEEE",), ("GGGSEEB ",), ("IIIIIBTS",), ("HGIEBTS -",)),
        solutions=(_reduced_by_dictionary, _reduced_by_masks),
        misconceptions=(
            Misconception(_reduced("H", "EB"), "G and I are helices too: of three and of five residues to a turn."),
            Misconception(_reduced("H", "E"), "G and I count as helix here, and B, the single bridge, as strand."),
            Misconception(_reduced("HGI", "E"), "B, a bridge of one residue, counts as strand here."),
            Misconception(_reduced("HG", "EB"), "I, the wide helix, counts as helix too."),
            Misconception(_reduced("HGIT", "EB"), "T is a turn: often beside a helix, but no helix. It is coil."),
            Misconception(
                lambda dssp: "".join("H" if a in "HGI" else "E" if a in "EB" else "" for a in dssp),
                "The result is too short: write - for every residue that is coil, so that positions stay in line.",
            ),
            Misconception(
                lambda dssp: "".join("H" if a in "HGI" else "E" if a in "EB" else a for a in dssp),
                "Turns, bends and the rest become -: three states are left.",
            ),
            Misconception(
                lambda dssp: "".join("H" if a in "HGI" else "E" if a in "EB" else "C" for a in dssp),
                "Right states. Coil is written as - here.",
            ),
        ),
        hint="Which letter of the string stands at that place, and to which of the three groups does it belong?",
    ),
    Exercise(
        "3.3.2-b",
        expected=(360 / 800) / (3000 / 10_000),
        solutions=(Fraction(360, 800) / Fraction(3, 10), np.float32(0.45) / np.float32(0.3), 1.5),
        tolerance=1e-3,
        misconceptions=(
            Misconception(360 / 800, "That is the share of alanines in a helix. Compare it with that of all residues."),
            Misconception(
                360 / 3000, "That is the share of helix residues that are alanines. Start from the alanines."
            ),
            Misconception(360 / 10_000, "That is how common a helical alanine is. Divide by the 800 alanines first."),
            Misconception(
                (3000 / 10_000) / (360 / 800), "Upside down: above 1 must mean that alanine prefers helices."
            ),
            Misconception(360 / 800 - 3000 / 10_000, "A propensity is a ratio of the two shares, not a difference."),
            Misconception(np.log(1.5), "That is the logarithm, as the baseline adds it up. Asked is the ratio itself."),
            Misconception(
                (360 / 800) / (2640 / 9200), "You compared with the other amino acids; the formula takes all residues."
            ),
        ),
        hint="Two shares: one among the alanines, one among all residues. Which is divided by which?",
    ),
    Exercise(
        "3.3.2-c",
        expected=lambda sizes: 1 + sum(size - 1 for size in sizes),
        cases=(([9, 9, 9],), ([13],), ([7, 5],), ([3] * 10,), ([1, 1],)),
        solutions=(lambda sizes: sum(sizes) - len(sizes) + 1, _field_by_growing, _field_by_array),
        misconceptions=(
            Misconception(lambda sizes: sum(sizes), "The layers overlap: each adds its size minus one, not its size."),
            Misconception(
                lambda sizes: int(np.prod(sizes)),
                "That would need strides or gaps. Reach adds up, it does not multiply.",
            ),
            Misconception(
                lambda sizes: max(sizes), "The layers do not all look at the input: one looks at what the other saw."
            ),
            Misconception(lambda sizes: sum(size - 1 for size in sizes), "Nearly: the residue itself is missing."),
            Misconception(
                lambda sizes: sum((size - 1) // 2 for size in sizes),
                "That is how far it sees to one side. Count both, and the residue.",
            ),
            Misconception(
                lambda sizes: 1 + sum((size - 1) // 2 for size in sizes),
                "You counted one side only: a window reaches to both.",
            ),
            Misconception(
                lambda sizes: sizes[-1], "The last layer looks at positions that have themselves looked around."
            ),
        ),
        hint="Begin with one layer: it sees as far as its own window. What does a second layer add on either side?",
    ),
    Exercise(
        "3.3.2-d",
        expected=_long_range,
        cases=((_contacts(0), 12), (_contacts(1), 6), (_contacts(2), 1), (_contacts(3), 24)),
        solutions=(_long_range_by_loops, _long_range_by_distance),
        misconceptions=(
            Misconception(
                lambda contacts, separation: 2 * _long_range(contacts, separation),
                "Each pair is counted twice: the map is symmetric.",
            ),
            Misconception(
                lambda contacts, separation: _long_range(contacts, separation + 1),
                "A pair exactly `separation` positions apart counts too.",
            ),
            Misconception(
                lambda contacts, separation: _long_range(contacts, separation - 1),
                "Pairs one position nearer than `separation` slipped in: the k-th diagonal holds pairs k apart.",
            ),
            Misconception(
                lambda contacts, separation: int(np.triu(contacts, 0).sum()), "Pairs near the diagonal must not count."
            ),
            Misconception(
                lambda contacts, separation: int(contacts.sum()),
                "You counted every dot: both halves, and the diagonal.",
            ),
            Misconception(
                lambda contacts, separation: int(np.tril(contacts, separation).sum()),
                "`np.tril` keeps what is below the diagonal, near pairs and all. Take `np.triu`.",
            ),
            Misconception(
                lambda contacts, separation: len(np.triu_indices(len(contacts), separation)[0]),
                "That is how many pairs are far enough apart. Count those that touch.",
            ),
        ),
        hint="Draw a map of 5 residues. Where do the pairs lie that are 2 apart, and where those further apart?",
    ),
]
