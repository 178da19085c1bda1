"""The recipe of protein_profiles.npz."""

import numpy as np

from data.recipes import shared

_LETTERS = np.frombuffer(b"ACDEFGHIKLMNPQRSTVWY", dtype=np.uint8)
_MARKER_MODELS = (  # models of 41 genes that nearly all cells have, half of them ribosomal proteins
    "0012 0016 0018 0048 0049 0052 0080 0081 0085 0086 0087 0088 0090 0091 0092 0093 0094 0096 0097 0098 0099 0100 "
    "0102 0103 0124 0172 0184 0185 0186 0197 0200 0201 0202 0215 0256 0495 0522 0525 0533 0541 0552"
).split()


def build():
    """Lay chains of `protein_chains` on profiles of their families: how often each amino acid stands at a position.

    The profiles are the match states of the hidden Markov models that fetchMGs carries, each made from about 1,470
    sequences. Profile and chain are aligned locally: log-odds in half-bits, a gap of k residues costs
    11 + k. A chain gets the profile with the highest score if that is higher than all that chains score backwards,
    and if it reaches at least half of the chain.
    """
    from Bio.Align import PairwiseAligner, substitution_matrices

    chains = shared.load(shared.DATA / "protein_chains.npz")
    ends = np.cumsum(chains["lengths"])
    letters = [np.searchsorted(_LETTERS, part) for part in np.split(chains["residues"], ends[:-1])]
    frequency = np.bincount(np.concatenate(letters), minlength=20) / ends[-1]
    best, backwards = {}, 0  # position of the chain -> (score, name of the model, aligner, columns, probabilities)
    for number in _MARKER_MODELS:
        probabilities = _match_states(shared.package_file("fetchmgs", f"fetchmgs/data/COG{number}.hmm").decode("ascii"))
        columns = np.arange(20, 20 + len(probabilities), dtype=np.int32)  # letters 0 to 19 are the amino acids
        scores = np.zeros((20 + len(columns), 20 + len(columns)))
        scores[:20, 20:] = np.round(2 * np.log2(probabilities / frequency)).T
        matrix = substitution_matrices.Array(alphabet=tuple(range(len(scores))), dims=2)
        matrix[:] = scores
        aligner = PairwiseAligner(mode="local", open_gap_score=-12, extend_gap_score=-1, substitution_matrix=matrix)
        for chain, codes in enumerate(letters):
            codes = codes.astype(np.int32)
            backwards = max(backwards, aligner.score(codes[::-1].copy(), columns))
            if (score := aligner.score(codes, columns)) > best.get(chain, (0,))[0]:
                best[chain] = score, f"COG{number}", aligner, columns, probabilities

    found = {name: [] for name in ("names", "models", "profiles", "aligned")}
    for chain, (score, model, aligner, columns, probabilities) in sorted(best.items()):
        profile, aligned = np.zeros((len(letters[chain]), 20)), np.zeros(len(letters[chain]), dtype=bool)
        if score <= backwards:
            continue
        blocks = aligner.align(letters[chain].astype(np.int32), columns)[0].aligned
        for (start, end), (first, last) in zip(*blocks, strict=True):
            profile[start:end], aligned[start:end] = probabilities[first:last], True
        if aligned.mean() >= 0.5:
            values = (str(chains["names"][chain]), model, profile, aligned)
            for name, value in zip(found, values, strict=True):
                found[name].append(value)
    return {
        "names": np.array(found["names"], dtype="U8"),
        "models": np.array(found["models"], dtype="U7"),
        "lengths": np.array([len(aligned) for aligned in found["aligned"]], dtype=np.int32),
        "aligned": np.concatenate(found["aligned"]),
        "profiles": np.round(1000 * np.concatenate(found["profiles"])).astype(np.int16),
    }


def _match_states(text):
    """Read a HMMER3 model: the probability of each amino acid (in the order of `_LETTERS`) in each match state."""
    rows = []
    for line in text.partition("\nHMM ")[2].splitlines():
        words = line.split()
        if len(words) > 22 and words[0].isdigit():  # number of the state, 20 negative logarithms, annotation
            rows.append([float(word) for word in words[1:21]])
    return np.exp(-np.array(rows))
