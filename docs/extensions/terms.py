"""Glossary terms in the text of the site: each leads to its row, and shows its meaning where the reader points at it.

A term is marked where it first stands below each heading of level 2. A term that is qualified, such as
"window (of a CT image)", is marked in the chapter that treats it only, where it has that meaning.
"""

import json
import re

import glossary
from docutils import nodes
from mdit_py_plugins.anchors.index import slugify

# Where a term is not marked: it is a name, a title, code, or a link already.
SKIPPED = (nodes.title, nodes.literal, nodes.literal_block, nodes.math, nodes.reference, nodes.raw, nodes.caption)
PAGES = ("primer_arrays_and_plots", "primer_clinical_statistics")
PLURALS = r"(?:s|es)?"


def anchor(term):
    """Return the id of a term's row in the glossary."""
    return f"term-{slugify(term.name)}"


def spellings(terms, file=None):
    """Return {spelling: term} of what is marked in a chapter; an abbreviation stands beside the words."""
    found = {}
    for term in terms:
        words, qualified, _ = term.term.partition(" (")
        if qualified and term.file != file:
            continue
        for spelling in (*words.split(", "), term.abbreviation):
            if spelling:
                found.setdefault(spelling, term)
    return found


class Finder:
    """Finds the terms of a chapter in a text."""

    def __init__(self, terms, file=None):
        self.terms = spellings(terms, file)
        self.lower = {spelling.lower(): (spelling, term) for spelling, term in self.terms.items()}
        longest = sorted(self.terms, key=len, reverse=True)
        words = "|".join(re.escape(spelling).replace(r"\ ", r"\s+") for spelling in longest)
        self.pattern = re.compile(rf"(?<![\w-])({words})({PLURALS})(?![\w-])", re.IGNORECASE) if longest else None

    def find(self, text):
        """Return (start, end, term) of each term; names and abbreviations count only with their capitals."""
        found = []
        for match in self.pattern.finditer(text) if self.pattern else ():
            spelling = re.sub(r"\s+", " ", match[1])
            written, term = self.lower[spelling.lower()]
            capitals = [
                name for name, other in self.terms.items() if other is term and name.lower() == spelling.lower()
            ]
            if any(letter.isupper() for letter in capitals[0][:1]) and spelling not in self.terms:
                continue  # "adam" is not Adam, "auc" is not AUC
            found.append((match.start(), match.end(), term))
        return found


def is_skipped(node):
    while node is not None:
        if isinstance(node, SKIPPED):
            return True
        node = node.parent
    return False


def chapter_of(docname):
    """Return the chapter file of a page, "" of a primer, None of a page whose terms are not marked."""
    if docname in PAGES:
        return ""
    folder, _, file = docname.rpartition("/")
    return file if folder == "chapters" and file[:1].isdigit() else None


def mark(app, doctree, docname):
    """Turn the terms of a page into links."""
    file = chapter_of(docname)
    if file is None or "glossary" not in app.env.found_docs or app.builder.format != "html":
        return
    finder = Finder(app.env.course_terms, file)
    address = app.builder.get_relative_uri(docname, "glossary")
    seen, section = set(), None
    for text in list(doctree.findall(nodes.Text)):
        if is_skipped(text):
            continue
        here = _section(text)
        if here is not section:
            seen, section = set(), here
        parts, start = [], 0
        for first, last, term in finder.find(text):
            if term.name not in seen:
                seen.add(term.name)
                parts += [nodes.Text(text[start:first]), _link(text[first:last], f"{address}#{anchor(term)}", term)]
                start = last
        if parts:
            text.parent.replace(text, [*parts, nodes.Text(text[start:])])


def _section(node):
    """Return the section of level 2 that holds a node (or of level 1, above them)."""
    chain = []
    while node is not None:
        if isinstance(node, nodes.section):
            chain.append(node)
        node = node.parent
    return chain[-2] if len(chain) > 1 else (chain or [None])[-1]


def _link(words, address, term):
    # classes first: the data of the term stand in terms.js, under this key
    return nodes.reference("", words, refuri=address, internal=True, classes=["term", anchor(term)])


def give_rows_their_ids(app, doctree):
    """Let each row of the glossary be found by its address."""
    if app.env.docname != "glossary":
        return
    ids = {term.name: anchor(term) for term in app.env.course_terms}
    for row in doctree.findall(nodes.row):
        name = row[0].astext()
        if name in ids:
            row["ids"].append(ids[name])


def read_terms(app, env, docnames):
    env.course_terms = glossary.terms()


def write_script(app, exception):
    """Write what the browser shows: the name, the Chinese and the meaning of each term."""
    if exception or app.builder.format != "html":
        return
    shown = {anchor(term): [term.name, term.chinese, term.meaning] for term in app.env.course_terms}
    text = f"window.COURSE_TERMS = {json.dumps(shown, ensure_ascii=False)};\n"
    (app.outdir / "_static" / "terms.js").write_text(text, encoding="utf-8")


def setup(app):
    app.add_js_file("terms.js")
    app.connect("env-before-read-docs", read_terms)
    app.connect("doctree-read", give_rows_their_ids)
    app.connect("doctree-resolved", mark)
    app.connect("build-finished", write_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
