"""The page "The course at a glance": made from the chapters at every build, so that it cannot go stale.

From each notebook it takes the badge line, the objectives, the first paragraph of *Before you start* and the headings
of the exercises. A chapter that a sentence beginning "You need" names is needed; one named in another sentence of
that paragraph is used, and explained there.
"""

import re
from dataclasses import dataclass, field
from html import escape
from textwrap import wrap

from mdit_py_plugins.anchors.index import slugify

from course_utils.notebooks import badge, claims, exercises, section

LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


@dataclass
class Summary:
    """What one chapter says of itself."""

    file: str
    number: str
    title: str
    part: str
    badge: dict
    objectives: list
    needs: list = field(default_factory=list)
    uses: list = field(default_factory=list)
    exercises: list = field(default_factory=list)
    n_claims: int = 0


def summarise(entry, notebook, numbers):
    """Read one notebook; `numbers` are those of all chapters."""
    objectives = re.findall(r"^- (.+?)[;.]?$", section(notebook, "What you will be able to do") or "", re.MULTILINE)
    before = (section(notebook, "Before you start") or "").strip()
    before = LINK.sub(r"\1", re.split(r"\n\n|^1\. ", before, flags=re.MULTILINE)[0])
    needs, uses = [], []
    for sentence in re.split(r"(?<=[.;])\s+", before):
        named = [number for number in re.findall(r"(?<![\d.])\d[\d.]*\d|(?<![\d.])\d(?![\d.])", sentence)]
        named = [number for number in named if number in numbers and number != entry.number]
        (needs if sentence.startswith("You need") else uses).extend(named)
    titles = [text.source.splitlines()[0].lstrip("# ") for _, text, *_ in exercises(notebook)]
    return Summary(
        entry.file, entry.number, entry.title, entry.part, badge(notebook), objectives,
        needs, [number for number in uses if number not in needs], titles, len(claims(notebook)),
    )  # fmt: skip


HEAD = """\
# The course at a glance

This page is made from the chapters each time the site is built: what it says is what they say.

## What builds on what

{picture}

Every chapter needs *00 Start here*, so its arrows are left out. A solid arrow leads from a chapter to one that
**needs** it. A broken arrow leads to one that **uses** what is explained there: read the explanation before or after.

## The chapters

*Reading* is the path alone, without the side rooms. *Run* is the time from the first cell to the last on two processor
cores. A *claim* is a statement that the notebook checks each time it runs.
"""


def page(summaries):
    """The whole page, as Markdown."""
    links = {chapter.number: f"[{chapter.number}](chapters/{chapter.file}.ipynb)" for chapter in summaries}

    def named(numbers):
        return ", ".join(links.get(number, number) for number in numbers) or "–"

    lines = [HEAD.format(picture=picture(summaries))]
    lines += ["| chapter | reading | run | needs | uses | exercises | claims |", "|---|---|---|---|---|---|---|"]
    for chapter in summaries:
        reading = chapter.badge.get("Reading time", "–").split(" path")[0]
        run = chapter.badge.get("Run time", "–")
        name = f"[{chapter.number} {chapter.title}](chapters/{chapter.file}.ipynb)"
        cells = [name, reading, run, named(chapter.needs), named(chapter.uses), len(chapter.exercises)]
        lines.append(f"| {' | '.join(map(str, cells))} | {chapter.n_claims} |")
    lines += ["", "## What you will be able to do", ""]
    for chapter in summaries:
        if chapter.objectives:
            lines += [f"### {chapter.number} {chapter.title}", ""]
            lines += [*(f"- {objective}" for objective in chapter.objectives), ""]
    lines += ["## Index of exercises", "", "| exercise | what it is about | chapter |", "|---|---|---|"]
    for chapter in summaries:
        for title in chapter.exercises:
            name, _, about = title.removeprefix("Exercise ").partition(": ")
            address = f"chapters/{chapter.file}.ipynb#{slugify(title)}"
            lines.append(f"| [{name}]({address}) | {about} | {chapter.number} {chapter.title} |")
    return "\n".join([*lines, ""])


def relations(summaries):
    """What to draw, as (from, to, kind): without the first chapter, which all need, and without what follows anyway."""
    needs = {chapter.number: {n for n in chapter.needs if n in {c.number for c in summaries}} for chapter in summaries}
    first = summaries[0].number if summaries else None
    found = []
    for chapter in summaries:
        for number in chapter.needs + chapter.uses:
            implied = any(number in needs.get(other, ()) for other in chapter.needs if other != number)
            if number in needs and number != first and not implied:
                found.append((number, chapter.number, "needs" if number in chapter.needs else "uses"))
    return found


def picture(summaries):
    """The map for a page of the folder docs/: each chapter in it is a link."""
    return f'<div class="course-map">\n{drawing(summaries)}</div>'


def in_words(summaries):
    """The map as a sentence, for those who do not see it."""
    pairs = [f"{to} {kind} {source}" for source, to, kind in relations(summaries)]
    parts = list(dict.fromkeys(chapter.part for chapter in summaries))
    columns = "; ".join(
        f"{part}: {', '.join(chapter.number for chapter in summaries if chapter.part == part)}" for part in parts
    )
    return f"Map of the chapters. Columns: {columns}. Arrows: {', '.join(pairs) or 'none'}."


WIDTH, HEIGHT, COLUMN, ROW, TOP = 168, 86, 250, 112, 56


def drawing(summaries):
    """The map as SVG: a column for each part, solid arrows for what is needed, broken ones for what is used.

    Each chapter is a link, as seen from a page of the folder docs/. No line is empty: Markdown would end there.
    """
    parts = list(dict.fromkeys(chapter.part for chapter in summaries))
    place, rows = {}, {part: 0 for part in parts}
    for chapter in summaries:
        place[chapter.number] = (40 + parts.index(chapter.part) * COLUMN, TOP + rows[chapter.part] * ROW)
        rows[chapter.part] += 1
    width = 40 + max(len(parts), 1) * COLUMN - (COLUMN - WIDTH) + 20
    height = TOP + max(rows.values(), default=1) * ROW
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="group" aria-label="{escape(in_words(summaries))}" '
        'font-family="DejaVu Sans, Helvetica, Arial, sans-serif">',
        '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
        'orient="auto-start-reverse"><path d="M0 0L10 5L0 10z" fill="#123a5e"/></marker></defs>',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for column, part in enumerate(parts):
        x = 40 + column * COLUMN + WIDTH / 2
        out.append(f'<text x="{x}" y="34" text-anchor="middle" font-size="18" font-weight="bold">{escape(part)}</text>')
    for source, to, kind in relations(summaries):
        (x1, y1), (x2, y2) = place[source], place[to]
        y1, y2 = y1 + HEIGHT / 2, y2 + HEIGHT / 2
        if x1 == x2:  # in one column: around the left side
            path = f"M{x1} {y1}C{x1 - 36} {y1} {x2 - 36} {y2} {x2 - 2} {y2}"
        else:
            path = f"M{x1 + WIDTH} {y1}C{x1 + WIDTH + 40} {y1} {x2 - 40} {y2} {x2 - 2} {y2}"
        dash = "" if kind == "needs" else ' stroke-dasharray="7 5"'
        out.append(f'<path d="{path}" fill="none" stroke="#123a5e" stroke-width="1.8"{dash} marker-end="url(#tip)"/>')
    for chapter in summaries:
        x, y = place[chapter.number]
        out.append(
            f'<a href="chapters/{chapter.file}.html" aria-label="{escape(chapter.number)} {escape(chapter.title)}">'
            f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="8" fill="#e8f0f7" stroke="#123a5e"/>'
            f'<text x="{x + WIDTH / 2}" y="{y + 24}" text-anchor="middle" font-size="16" font-weight="bold">'
            f"{escape(chapter.number)}</text>"
        )
        for line, words in enumerate(wrap(chapter.title, 19)[:3]):
            out.append(
                f'<text x="{x + WIDTH / 2}" y="{y + 45 + 18 * line}" text-anchor="middle" font-size="15">'
                f"{escape(words)}</text>"
            )
        out.append("</a>")
    return "\n".join([*out, "</svg>", ""])
