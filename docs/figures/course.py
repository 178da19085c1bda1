"""Draw the picture of the front page from figures that are stored in the chapters: docs/figures/course.png.

python docs/figures/course.py
"""

import base64
import io
import sys
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt  # noqa: E402  (the back end comes first)

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from course_utils import notebooks  # noqa: E402  (the course need not be installed)

# The chapter, words of the figure's alternative text, and what the reader sees.
PANELS = [
    ("4.1", "to which the network gave its lowest", "Chest films that your network gets wrong"),
    ("4.2", "the eight candidates that the chooser ranks", "Molecules that your network proposes"),
    ("4.3", "Two sequence logos", "The letters at which a gene is cut"),
    ("4.4", "Five falling survival curves", "Survival: predicted (points) and seen (curves)"),
]


def figure(number, words):
    """Return the stored figure of a chapter whose alternative text holds these words, as an array."""
    for cell in notebooks.read(notebooks.find_chapter(number).path).cells:
        if words in cell.metadata.get("alt", ""):
            for output in cell.outputs:
                if "image/png" in output.get("data", {}):
                    return plt.imread(io.BytesIO(base64.b64decode(output["data"]["image/png"])))
    raise ValueError(f"chapter {number} has no figure with the words {words!r}")


def main():
    drawing, axes = plt.subplots(2, 2, figsize=(11, 7.2), dpi=100, layout="constrained", facecolor="white")
    for ax, (number, words, caption) in zip(axes.flat, PANELS, strict=True):
        ax.imshow(figure(number, words), interpolation="lanczos")
        ax.set_title(f"{caption}  ({number})", fontsize=12, fontweight="bold", color="#123a5e")
        ax.axis("off")
    drawing.savefig(Path(__file__).with_suffix(".png"), metadata={"Software": None})


if __name__ == "__main__":
    main()
