"""Join the pages that come from the chapters: docs/glossary.md, docs/instructors_guide.md and docs/class_kit.md.

    python docs/join.py       (`make pages` joins the results of the benchmarks as well)

Tests hold each page to what its files give.
"""

import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS / "extensions"))

import class_kit  # noqa: E402  (found only after the line above)
import glossary  # noqa: E402
import guide  # noqa: E402

PAGES = {"glossary.md": glossary.page, "class_kit.md": class_kit.page, "instructors_guide.md": guide.page}


def main():
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
