"""The search of the site: one entry for each section of each page, in a script, so that it works from a folder, too.

Browsers refuse to read other files for a page that was opened from a folder (file://), but they load its scripts. So
the index is a script, `_static/search_data.js`; MiniSearch (docs/static/minisearch) searches it in the browser.
Solutions are left out: whoever searches for a word shall not read the answer in an excerpt.
"""

import json
import re

import terms
from docutils import nodes

LEFT_OUT = re.compile(r"chapters/solutions/|search$|genindex$")


def entries(doctree, address):
    """Return [page title, section title, address, text] of each section of a page, in order."""
    sections = list(doctree.findall(nodes.section))
    page = sections[0][0].astext() if sections else ""
    found = []
    for section in sections:
        anchor = section["ids"][0] if section is not sections[0] else ""
        text = re.sub(r"\s+", " ", " ".join(_texts(section))).strip()
        found.append([page, section[0].astext(), f"{address}#{anchor}" if anchor else address, text])
    return found


def _texts(section):
    """The text of a section, prose before code, without title, inner sections, raw HTML and solutions."""
    in_solution, prose, code = False, [], []
    for child in section.children[1:]:
        if isinstance(child, nodes.section):
            continue
        if isinstance(child, nodes.raw):
            if 'class="solution"' in child.astext():
                in_solution = True
            elif in_solution and "</details>" in child.astext():
                in_solution = False
        elif not in_solution:
            for text in child.findall(nodes.Text):
                if not _is_inside(text, nodes.raw):
                    (code if _is_inside(text, nodes.literal_block) else prose).append(text.astext())
    return prose + code


def _is_inside(node, kind):
    while node is not None:
        if isinstance(node, kind):
            return True
        node = node.parent
    return False


def write(app, exception):
    """Write the index of the whole site."""
    if exception or app.builder.format != "html":
        return
    found = []
    for name in sorted(app.env.found_docs):
        if name == "glossary":  # its rows are what a reader looks for
            address = app.builder.get_target_uri(name)
            for term in app.env.course_terms:
                found.append(
                    ["Glossary", term.name, f"{address}#{terms.anchor(term)}", f"{term.chinese}: {term.meaning}"]
                )
        elif not LEFT_OUT.search(name):
            found += entries(app.env.get_doctree(name), app.builder.get_target_uri(name))
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    (app.outdir / "_static" / "search_data.js").write_text(f"window.COURSE_SECTIONS = {text};\n", encoding="utf-8")


def setup(app):
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
