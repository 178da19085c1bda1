"""Join the pages that are written as one file a chapter: docs/glossary.md and docs/instructors_guide.md.

    python docs/join.py       (`make pages` joins the results of the benchmarks as well)

Tests hold each page to what its files give.
"""

import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS / "extensions"))

import glossary  # noqa: E402  (found only after the line above)
import guide  # noqa: E402

PAGES = {"glossary.md": glossary.page, "instructors_guide.md": guide.page}


def main():
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
