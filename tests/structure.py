"""The rules every chapter keeps, one small function each.

A rule takes a `Chapter` and returns a list of problems, each a sentence that names the cell and says what to do.
Cells are counted from 0, as nbclient does. `tests/test_structure.py` runs every rule on every chapter, and proves
each rule on a broken copy of the fixture chapter.
"""

import ast
import base64
import functools
import io
import re
import struct
import tokenize
import tomllib
from dataclasses import dataclass
from pathlib import Path

import nbformat

from course_utils.notebooks import (
    calls,
    exercises,
    headings,
    is_call,
    output_text,
    place,
    printed,
    prose,
    read,
    section,
    section_titles,
    slide_type,
    statement,
    syntax,
    tags,
)

RULES = []
PROMPT = "**Before you run it:**"
SLIDE_TYPES = {"slide", "subslide", "fragment", "skip", "notes", "-"}
BADGE_LABELS = ["Document section", "Reading time", "Run time", "Data", "Hardware"]
MAX_CELL_LINES = 25
MAX_BYTES = 1_500_000
MAX_FIGURE_PIXELS = 1100


@dataclass
class Chapter:
    """One chapter: its line of `_toc.yml`, its notebook, its solution notebook and its mutations (None if missing)."""

    path: Path
    entry: object
    notebook: object
    solution: object = None
    mutations: list | None = None
    exercise_range: tuple = (3, 5)  # the fixture chapter has fewer


def load(entry, mutations_folder, exercise_range=(3, 5)):
    """Read everything that belongs to one line of `_toc.yml`."""
    mutations = Path(mutations_folder) / f"{entry.file}.toml"
    return Chapter(
        path=entry.path,
        entry=entry,
        notebook=read(entry.path),
        solution=read(entry.solution_path) if entry.solution_path.exists() else None,
        mutations=tomllib.loads(mutations.read_text("utf-8")).get("mutation", []) if mutations.exists() else None,
        exercise_range=exercise_range,
    )


def rule(check):
    """Put a rule on the list. It is written as a generator of problems and called for a list of them."""

    @functools.wraps(check)
    def as_list(chapter):
        return list(check(chapter))

    RULES.append(as_list)
    return as_list


# --- reading a notebook ----------------------------------------------------------------------------------------


def cells(chapter, kind=None, solution=True):
    """Return (place, cell) of the chapter's cells and, unless told otherwise, of its solution's cells."""
    found = [(place(i, cell), cell) for i, cell in enumerate(chapter.notebook.cells)]
    if solution and chapter.solution is not None:
        found += [(f"solution, {place(i, cell)}", cell) for i, cell in enumerate(chapter.solution.cells)]
    return [(where, cell) for where, cell in found if kind in (None, cell.cell_type)]


def notebooks(chapter):
    """Return (name, notebook) of the chapter and, if there is one, of its solution."""
    pairs = [("the chapter", chapter.notebook), ("the solution", chapter.solution)]
    return [(name, notebook) for name, notebook in pairs if notebook is not None]


# --- the opening -----------------------------------------------------------------------------------------------


def opening(chapter):
    """Return the paragraphs of the first cell."""
    first = chapter.notebook.cells[0]
    return [p.strip() for p in first.source.split("\n\n") if p.strip()] if first.cell_type == "markdown" else []


@rule
def rule_valid(chapter):
    for name, notebook in notebooks(chapter):
        try:
            nbformat.validate(notebook)
        except nbformat.ValidationError as error:
            yield f"{name} is not a valid notebook: {str(error).splitlines()[0]}"


@rule
def rule_title(chapter):
    title = f"# {chapter.entry.number} {chapter.entry.title}"
    if opening(chapter)[:1] != [title]:
        yield f"cell 0: begin with the title of _toc.yml, {title!r}"
    elif len(opening(chapter)) != 3:
        yield "cell 0: after the title write one paragraph with the clinical question, then the badge line, no more"


@rule
def rule_badge(chapter):
    parts = [part.strip() for part in (opening(chapter) or [""])[-1].split(" · ")]
    if [re.sub(r"\*\*(.+?)\*\* .+", r"\1", part, flags=re.DOTALL) for part in parts] != BADGE_LABELS:
        yield f"cell 0: the badge line is `**Label** value` for {', '.join(BADGE_LABELS)}, joined by ' · '"
        return
    if parts[0] != f"**Document section** {chapter.entry.section}":
        yield f"cell 0: the badge line must give the document section of _toc.yml, {chapter.entry.section!r}"
    if not re.search(r"\d+ min path / (\d+ min|no) side rooms$", parts[1]):
        yield "cell 0: write the reading time as `60 min path / 20 min side rooms` (or `/ no side rooms`)"


@rule
def rule_objectives(chapter):
    title = "What you will be able to do"
    bullets = re.findall(r"^- ", section(chapter.notebook, title) or "", re.MULTILINE)
    if section_titles(chapter.notebook)[:1] != [title] or not 3 <= len(bullets) <= 6:
        yield f"the first section must be `## {title}`, with 3 to 6 bullets (it has {len(bullets)})"


@rule
def rule_retrieval(chapter):
    text = section(chapter.notebook, "Before you start") or ""
    questions = re.findall(r"^\d+\. ", text, re.MULTILINE)
    if section_titles(chapter.notebook)[1:2] != ["Before you start"]:
        yield "the second section must be `## Before you start`"
    elif len(questions) != 2 or text.count("<details>") != 2 or text.count("</details>") != 2:
        yield "`Before you start` needs exactly two numbered questions, each with its answer in <details>"


# --- parameters, setup, plain code -----------------------------------------------------------------------------


def first_code_cells(chapter):
    """Return the first two code cells: parameters and setup."""
    return [cell for _, cell in cells(chapter, "code", solution=False)][:2]


def parameters(chapter):
    """Return name and value of the literal assignments in the first code cell."""
    values = {}
    for cell in first_code_cells(chapter)[:1]:
        for node in syntax(cell).body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                try:
                    values[node.targets[0].id] = ast.literal_eval(node.value)
                except ValueError:
                    pass
    return values


@rule
def rule_parameters(chapter):
    tagged = [(where, cell) for where, cell in cells(chapter, solution=False) if "parameters" in tags(cell)]
    if [cell for _, cell in tagged] != first_code_cells(chapter)[:1]:
        yield "tag the first code cell, and no other, `parameters`"
        return
    where, cell = tagged[0]
    for node in syntax(cell).body:
        if not (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in parameters(chapter)):
            yield f"{where}: only plain values may stand here, not `{ast.unparse(node)}`: papermill injects after it"
        elif "#" not in cell.source.splitlines()[node.end_lineno - 1].encode()[node.end_col_offset :].decode():
            yield f"{where}: say in a comment on its line what `{ast.unparse(node.targets[0])}` is"
    values = parameters(chapter)
    if values.get("SEED") != 0 or values.get("FAST") is not False:
        yield f"{where}: `SEED = 0` and `FAST = False` must be among the parameters"


@rule
def rule_setup(chapter):
    wanted = f"setup(seed=SEED, fast=FAST, chapter={chapter.entry.number!r})"
    found = [ast.unparse(call) for cell in first_code_cells(chapter)[1:] for call in calls(syntax(cell), "setup")]
    if found != [wanted]:
        yield f"the second code cell must call `{wanted}`, once; found {found}"


@rule
def rule_fast_profile(chapter):
    fast = chapter.notebook.metadata.get("course", {}).get("fast")
    known = parameters(chapter)
    if not isinstance(fast, dict) or fast.get("FAST") is not True:
        yield 'notebook metadata: `"course": {"fast": {"FAST": true, ...}}` must hold the values of the fast profile'
        return
    for name, value in fast.items():
        if name not in known:
            yield f"notebook metadata course.fast: {name} is not among the parameters"
        elif type(value) is not type(known[name]):
            yield f"notebook metadata course.fast: {name} must be of the type of {known[name]!r}, not {value!r}"


@rule
def rule_kernel(chapter):
    for name, notebook in notebooks(chapter):
        if notebook.metadata.get("kernelspec", {}).get("name") != "python3":
            yield f"{name}: the kernel must be `python3`"


@rule
def rule_plain_python(chapter):
    network = {"subprocess", "urllib", "requests", "socket", "http", "ftplib"}
    for where, cell in cells(chapter, "code"):
        if re.search(r"^\s*[!%]|get_ipython\(|os\.system\(", cell.source, re.MULTILINE):
            yield f"{where}: no shell and no magic commands; packages belong in requirements.txt"
            continue
        try:
            tree = ast.parse(cell.source)
        except SyntaxError as error:
            yield f"{where}: not plain Python: {error.msg}"
            continue
        for node in ast.walk(tree):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for module in network.intersection(module.split(".")[0] for module in modules):
                yield f"{where}: no `{module}`: data come through course_utils.datasets"


@rule
def rule_cell_length(chapter):
    for where, cell in cells(chapter, "code"):
        lines = len(cell.source.splitlines())
        if lines > MAX_CELL_LINES:
            yield f"{where}: {lines} lines, at most {MAX_CELL_LINES}: split it, or move code to course_utils"


@rule
def rule_semicolon(chapter):
    for where, cell in cells(chapter, "code"):
        try:
            tokens = list(tokenize.generate_tokens(io.StringIO(cell.source).readline))
        except (tokenize.TokenError, SyntaxError):
            continue
        if [token.string for token in tokens if token.string.strip() and token.type != tokenize.COMMENT][-1:] == [";"]:
            yield f"{where}: nbval ignores a trailing `;`: write `plt.show()` or `_ = ...`"


# --- claims ----------------------------------------------------------------------------------------------------


def claim_cells(chapter):
    """Return (place, cell, claims) of every cell that makes claims."""
    found = [(where, cell, calls(syntax(cell), "claim")) for where, cell in cells(chapter, "code", solution=False)]
    return [(where, cell, claims) for where, cell, claims in found if claims]


def keyword(call, name):
    return next((ast.unparse(item.value) for item in call.keywords if item.arg == name), None)


def asks_for_data(node):
    """Is this `if data.name == ...`? It guards what holds for one data set only."""
    return isinstance(node, ast.If) and ".name" in ast.unparse(node.test)


def top_claims(body):
    """Return the claims that stand as statements of their own, also under `if data.name == ...`."""
    found = []
    for node in body:
        if is_call(node, "claim"):
            found.append(node.value)
        elif asks_for_data(node):
            found += top_claims(node.body) + top_claims(node.orelse)
    return found


def depends_on_data(cell):
    """Does the cell make a claim for one data set only?"""
    return any(asks_for_data(node) and calls(node, "claim") for node in syntax(cell).body)


@rule
def rule_claim_statements(chapter):
    for where, _, claims in claim_cells(chapter):
        for call in claims:
            if not (statement(call) or "").strip():
                yield f"{where}: the statement of a claim must be a constant string, not `{ast.unparse(call)[:60]}`"


@rule
def rule_claim_margins(chapter):
    for where, _, claims in claim_cells(chapter):
        for call in claims:
            if keyword(call, "kind") == "'quality'" and keyword(call, "margin") is None:
                yield f"{where}: a quality claim needs `margin=`: how far is {statement(call)!r} from failing?"


@rule
def rule_claim_cells(chapter):
    for where, cell, claims in claim_cells(chapter):
        body = syntax(cell).body
        if len(top_claims(body)) != len(claims):
            yield f"{where}: a claim stands by itself, not in a loop, a function or a condition (but data.name)"
        for node in body:
            if not (isinstance(node, ast.Assign) or asks_for_data(node) or is_call(node, "claim")):
                yield f"{where}: a claim cell holds claims only; move `{ast.unparse(node)[:50]}` to the cell before"


@rule
def rule_claim_tags(chapter):
    for where, cell, _ in claim_cells(chapter):
        tagged = "nbval-check-output" in tags(cell)
        if depends_on_data(cell) and tagged:
            yield f"{where}: not `nbval-check-output`, because the output depends on the data set found"
        if not depends_on_data(cell) and not tagged:
            yield f"{where}: tag the claim cell `nbval-check-output`"


@rule
def rule_claim_outputs(chapter):
    for where, cell, claims in claim_cells(chapter):
        expected = [f"✓ {statement(call)}" for call in claims]
        lines = printed(cell).splitlines()
        if None in map(statement, claims):
            continue
        if depends_on_data(cell):
            lines = [line for line in lines if line.startswith("✓")]
            if not set(lines) <= set(expected):
                yield f"{where}: stored claims are not those of the source: run `make notebooks`"
        elif lines != expected or len(cell.outputs) != 1:
            yield f"{where}: the output must be its claims and nothing else: run `make notebooks`"


# --- learning --------------------------------------------------------------------------------------------------


@rule
def rule_predictions(chapter):
    count = 0
    for index, cell in enumerate(chapter.notebook.cells):
        if cell.cell_type == "markdown" and PROMPT in cell.source:
            count += 1
            following = chapter.notebook.cells[index + 1 : index + 2]
            if not following or following[0].cell_type != "code":
                yield f"{place(index, cell)}: the code to be predicted must stand in the next cell"
    if count < 2:
        yield f"ask for a prediction at least twice, with `{PROMPT} ...` (found {count})"


def checked_name(code, exercise_id):
    """Return the name that the last line `exercises.check(id, name)` of an exercise hands over, or None."""
    body = syntax(code).body if code is not None else []
    last_line = ast.unparse(body[-1]) if body else ""
    match = re.fullmatch(rf"exercises\.check\('{re.escape(exercise_id)}', (\w+)\)", last_line)
    return match[1] if match else None


@rule
def rule_exercise_ids(chapter):
    low, high = chapter.exercise_range
    found = [exercise_id for exercise_id, *_ in exercises(chapter.notebook)]
    wanted = [f"{chapter.entry.number}-{letter}" for letter in "abcdefghij"[: len(found)]]
    if found != wanted or not low <= len(found) <= high:
        yield f"{low} to {high} exercises, `### Exercise {chapter.entry.number}-a: title` and so on; found {found}"


@rule
def rule_exercise_checks(chapter):
    for exercise_id, _, code, _ in exercises(chapter.notebook):
        if checked_name(code, exercise_id) is None:
            yield f'exercise {exercise_id}: the next cell must end with `exercises.check("{exercise_id}", name)`'


def is_stub(node, name):
    """Is this `name = ...`, or a function whose body is `...` (after a docstring, if it has one)?"""
    if isinstance(node, ast.Assign):
        return ast.unparse(node) == f"{name} = ..."
    if isinstance(node, ast.FunctionDef) and node.name == name:
        body = node.body[1:] if ast.get_docstring(node) else node.body
        return [ast.unparse(item) for item in body] == ["..."]
    return False


@rule
def rule_exercise_stubs(chapter):
    for exercise_id, _, code, _ in exercises(chapter.notebook):
        name = checked_name(code, exercise_id)
        if name and not any(is_stub(node, name) for node in syntax(code).body):
            yield f"exercise {exercise_id}: leave a stub, `{name} = ...` or a function whose body is `...`"


@rule
def rule_exercise_hints(chapter):
    for exercise_id, text, _, after in exercises(chapter.notebook):
        around = text.source + (after.source if after is not None and after.cell_type == "markdown" else "")
        if not re.search(r"<details>\s*<summary>Hint", around):
            yield f"exercise {exercise_id}: fold a hint under it: `<details><summary>Hint</summary>`"


@rule
def rule_exercise_unused(chapter):
    code_cells = [cell for _, cell in cells(chapter, "code", solution=False)]
    for exercise_id, _, code, _ in exercises(chapter.notebook):
        name = checked_name(code, exercise_id)
        if name is None:
            continue
        position = next(i for i, cell in enumerate(code_cells) if cell is code)
        for cell in code_cells[position + 1 :]:
            used = [n for n in ast.walk(syntax(cell)) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
            if name in [node.id for node in used] and not any(is_stub(node, name) for node in syntax(cell).body):
                yield f"exercise {exercise_id}: a later cell uses `{name}`, which an unsolved exercise does not give"


@rule
def rule_exercise_unsolved(chapter):
    for exercise_id, _, code, _ in exercises(chapter.notebook):
        if code is not None and not printed(code).rstrip().endswith("○ not attempted yet"):
            yield f"exercise {exercise_id}: the chapter stores the unsolved exercise, with `○ not attempted yet`"


@rule
def rule_solution(chapter):
    if chapter.solution is None:
        yield f"write solutions/{chapter.path.name}, with the chapter's exercises solved"
        return
    texts = [text.source for _, text, *_ in exercises(chapter.notebook)]
    solution_texts = [text.source for _, text, *_ in exercises(chapter.solution)]
    if texts != solution_texts:
        yield "solution: it must hold the chapter's exercises, all of them, in order, their text unchanged"
    if not chapter.solution.cells[0].source.startswith(f"# {chapter.entry.number} {chapter.entry.title}: solutions"):
        yield f"solution: begin with `# {chapter.entry.number} {chapter.entry.title}: solutions`"
    if any("parameters" in tags(cell) for cell in chapter.solution.cells):
        yield "solution: it has no parameters"


@rule
def rule_solution_solved(chapter):
    for exercise_id, _, code, _ in exercises(chapter.solution) if chapter.solution is not None else []:
        lines = printed(code).splitlines() if code is not None else []
        if checked_name(code, exercise_id) is None or not lines or not lines[-1].startswith("✓"):
            yield f"solution of {exercise_id}: the code below the text must end with the check, and its output with ✓"


@rule
def rule_quiz(chapter):
    text = section(chapter.notebook, "Quiz")
    questions = re.split(r"^\*\*Question \d+\.\*\*", text or "", flags=re.MULTILINE)[1:]
    if len(questions) < 2:
        yield "`## Quiz` needs two questions or more, each beginning `**Question 1.**`"
    for number, question in enumerate(questions, start=1):
        options = re.findall(r"^- ([A-Z])\. ", question, re.MULTILINE)
        answer = "".join(re.findall(r"<details>.*?</details>", question, re.DOTALL))
        missing = [letter for letter in options if f"**{letter}**" not in answer]
        if len(options) < 2 or not answer:
            yield f"quiz question {number}: give options `- A. ...` and the answer in <details>"
        elif missing:
            yield f"quiz question {number}: the folded answer must speak of every option; missing: {missing}"


# --- the end of a chapter --------------------------------------------------------------------------------------


@rule
def rule_last_sections(chapter):
    titles = [title for title in section_titles(chapter.notebook) if title != "Side rooms"]
    if titles[-2:-1] == ["Where this went wrong"]:
        titles.pop(-2)
    if titles[-3:] != ["Quiz", "Key points", "References"] or "Where this went wrong" in titles:
        yield "end with the sections Quiz, Key points, (Where this went wrong), References, in this order"


@rule
def rule_references(chapter):
    text = section(chapter.notebook, "References") or ""
    entries = re.findall(r"^(\d+)\. (.+)$", text, re.MULTILINE)
    numbers = [int(number) for number, _ in entries]
    if not entries or numbers != list(range(1, len(entries) + 1)):
        yield f"References: a numbered list from 1, one line each; found {numbers}"
    for number, entry in entries:
        if "https://" not in entry:
            yield f"reference {number}: give its DOI (https://doi.org/...) or another stable https address"
    cited = set()
    for where, cell in cells(chapter, "markdown", solution=False):
        for group in re.findall(r"\[(\d+(?:[ ,–-]+\d+)*)\](?!\()", prose(cell.source)):
            found = [int(number) for number in re.findall(r"\d+", group)]
            if re.fullmatch(r"\d+[–-]\d+", group):
                found = range(found[0], found[1] + 1)
            for number in found:
                cited.add(number)
                if number not in numbers:
                    yield f"{where}: [{number}] is not among the references (an interval is written in $...$)"
    for number in numbers:
        if number not in cited:
            yield f"reference {number} is not cited: write [{number}] where it is used, or remove it"


def side_rooms(chapter):
    """Return the indices of the cells of the section `Side rooms`, and of the first cell of each room."""
    marks = headings(chapter.notebook)
    starts = [index for index, level, title in marks if level == 2 and title == "Side rooms"]
    if not starts:
        return range(0), []
    ends = [index for index, level, _ in marks if level == 2 and index > starts[0]]
    section_cells = range(starts[0], ends[0] if ends else len(chapter.notebook.cells))
    rooms = [i for i, level, title in marks if level == 3 and title.startswith("Going deeper:") and i in section_cells]
    return section_cells, rooms


@rule
def rule_side_rooms(chapter):
    section_cells, rooms = side_rooms(chapter)
    deeper = [index for index, _, title in headings(chapter.notebook) if title.startswith("Going deeper")]
    if deeper != rooms:
        yield "`### Going deeper: ...` stands in the section `## Side rooms`, nowhere else"
    last_two = [title for title in section_titles(chapter.notebook) if title in ("Quiz", "Side rooms")][-2:]
    if last_two == ["Side rooms", "Quiz"]:
        yield "`## Side rooms` comes after the quiz"
    if len(set(rooms)) < len(rooms):
        yield "each side room begins in a cell of its own"
        return
    if len(rooms) > 4:
        yield f"{len(rooms)} side rooms, at most 4"
    for start, end in zip(rooms, [*rooms[1:], section_cells.stop], strict=True):
        room = chapter.notebook.cells[start:end]
        if len(room) > 12:
            yield f"{place(start, room[0])}: this side room has {len(room)} cells, at most 12"
        if not any(calls(syntax(cell), "claim") for cell in room if cell.cell_type == "code"):
            yield f"{place(start, room[0])}: a side room has a claim of its own"


@rule
def rule_side_rooms_skipped(chapter):
    for index in side_rooms(chapter)[0]:
        cell = chapter.notebook.cells[index]
        if slide_type(cell) in SLIDE_TYPES - {"skip"}:
            yield f"{place(index, cell)}: the slides skip side rooms: slide type `skip`"


# --- slides and headings ---------------------------------------------------------------------------------------


@rule
def rule_slides(chapter):
    for where, cell in cells(chapter, solution=False):
        if slide_type(cell) not in SLIDE_TYPES:
            yield f"{where}: metadata slideshow.slide_type must be one of {sorted(SLIDE_TYPES)}"
    if slide_type(chapter.notebook.cells[0]) != "slide":
        yield "cell 0: slide type `slide`: the deck begins here"


@rule
def rule_headings(chapter):
    before = 0
    for index, level, title in headings(chapter.notebook):
        if level > before + 1:
            yield f"cell {index}: heading {title!r} jumps from level {before} to level {level}"
        if level == 1 and before:
            yield f"cell {index}: {title!r} must not be a second title: use `##`"
        before = level


# --- stored outputs --------------------------------------------------------------------------------------------


def outputs(chapter):
    return [(where, output) for where, cell in cells(chapter, "code") for output in cell.get("outputs", [])]


@rule
def rule_executed(chapter):
    for name, notebook in notebooks(chapter):
        counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
        if counts != list(range(1, len(counts) + 1)):
            yield f"{name} is not stored as run once from top to bottom: run `make notebooks`"


@rule
def rule_no_errors(chapter):
    for where, output in outputs(chapter):
        if output.output_type == "error":
            yield f"{where}: ends with an error: {output.ename}"
        elif output.get("name") == "stderr":
            yield f"{where}: wrote to stderr: silence its cause, then run `make notebooks`"


@rule
def rule_static_outputs(chapter):
    for where, output in outputs(chapter):
        data = output.get("data", {})
        if any("widget" in kind or "javascript" in kind for kind in data) or "<script" in data.get("text/html", ""):
            yield f"{where}: widgets and JavaScript do not work on the web page: store a static figure"
        elif "text/html" in data and "text/plain" not in data:
            yield f"{where}: the output is HTML alone: give it a text form too"
    for name, notebook in notebooks(chapter):
        if "widgets" in notebook.metadata:
            yield f"{name}: remove the stored widget state: run `make notebooks`"


@rule
def rule_stable_outputs(chapter):
    patterns = {
        r"\b0x[0-9a-fA-F]{6,}": "a memory address",
        r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\b\d\d:\d\d:\d\d\b": "a time of day",
        r"(?<![\w.:/])/(home|root|work|tmp|usr|var|opt|mnt|Users|private)/|\b[A-Z]:\\": "a path of one computer",
        r"[\r\x08\x1b]": "debris of a progress bar or of colours",
    }
    for where, output in outputs(chapter):
        for pattern, what in patterns.items():
            match = re.search(pattern, output_text(output))
            if match:
                yield f"{where}: its output holds {what} ({match[0]!r}), which changes from run to run"


@rule
def rule_no_timing(chapter):
    for where, cell in cells(chapter):
        for key in {"execution", "papermill", "ExecuteTime"}.intersection(cell.metadata):
            yield f"{where}: metadata {key!r} is stamped by a tool: run `make notebooks`"
    for name, notebook in notebooks(chapter):
        if "papermill" in notebook.metadata:
            yield f"{name}: metadata 'papermill' is stamped by a tool: run `make notebooks`"


def images(cell):
    """Return the data of the image outputs of a cell, by type."""
    found = [item for output in cell.get("outputs", []) for item in output.get("data", {}).items()]
    return [(kind, data) for kind, data in found if kind.startswith("image/")]


@rule
def rule_alt_text(chapter):
    for where, cell in cells(chapter, "code"):
        if images(cell) and len(cell.metadata.get("alt", "").strip()) < 30:
            yield f'{where}: describe the figure in the cell metadata: `"alt": "..."`, 30 characters or more'


@rule
def rule_figure_width(chapter):
    for where, cell in cells(chapter, "code"):
        for kind, data in images(cell):
            # A PNG file holds its width in bytes 16-20.
            width = struct.unpack(">I", base64.b64decode(data)[16:20])[0] if kind == "image/png" else 0
            if width > MAX_FIGURE_PIXELS:
                yield f"{where}: the figure is {width} pixels wide, at most {MAX_FIGURE_PIXELS}: set a smaller figsize"


@rule
def rule_size(chapter):
    for name, notebook in notebooks(chapter):
        size = len(nbformat.writes(notebook).encode())
        if size > MAX_BYTES:
            yield f"{name} has {size / 1e6:.1f} MB, at most {MAX_BYTES / 1e6} MB: fewer or smaller figures"


# --- text ------------------------------------------------------------------------------------------------------


@rule
def rule_formulas(chapter):
    for where, cell in cells(chapter, "markdown"):
        match = re.search(r"\\[(\[]|\\begin\b", prose(cell.source))
        if match:
            yield f"{where}: formulas stand in $...$ or $$...$$ only, not in {match[0]!r}"


@rule
def rule_image_alt(chapter):
    for where, cell in cells(chapter, "markdown"):
        pictures = re.findall(r"!\[\s*\]\(|<img\b[^>]*>", prose(cell.source))
        if any(not re.search(r'\balt="[^"]+"', picture) for picture in pictures):
            yield f"{where}: give the picture an alternative text"


def links(source):
    """Return the targets of relative links and pictures."""
    found = re.findall(r"\]\(\s*<?([^)\s>]+)[^)]*\)", prose(source))
    found += re.findall(r'\b(?:href|src)="([^"]+)"', prose(source))
    return [target for target in found if not re.match(r"(https?|mailto):|#", target)]


@rule
def rule_links(chapter):
    folders = {"the chapter": chapter.path.parent, "the solution": chapter.path.parent / "solutions"}
    for name, notebook in notebooks(chapter):
        for index, cell in enumerate(notebook.cells):
            for target in links(cell.source) if cell.cell_type == "markdown" else []:
                file = target.split("#")[0]
                if not (folders[name] / file).exists():
                    yield f"{name}, {place(index, cell)}: the link {target} leads nowhere"
                elif not (file.startswith("../") or file.endswith(".ipynb")):
                    yield f"{name}, {place(index, cell)}: {target} is not copied to readers: link to ../docs or ../data"


AMERICAN = """
    anemi anesthe behavior catalog(?!u) caliber cent(?:er|ers|ered|ering)\\b cesarean color(?!ect) defense diarrhea
    dialog\\b edema enrollment esophag estrogen favor feces fiber fulfill\\b glycemi gray gynecolog hematolog hematoma
    hemoglobin hemorrhag hypoglycem ischemi labeled labeling leukemi licenses?\\b liters?\\b
    modeled modeling modeler neighbor orthopedic pediatric signaling signaled skillful tumor(?!i) traveled uremi
    (?:centi|kilo|milli)?meters?\\b
""".split()
AMERICAN_WORDS = re.compile(rf"\b(?:un|mis|multi|non|re)?-?(?:{'|'.join(AMERICAN)})\w*", re.IGNORECASE)
AMERICAN_ENDINGS = re.compile(r"\b\w{2,}(?:i|ly)z(?:e|es|ed|er|ers|ing|able|ation|ations)\b", re.IGNORECASE)
NOT_AMERICAN = re.compile(
    r"(?i:\b(?:re|over|under|down|cap)?siz(?:e|es|ed|ing)\b|\b(?:prize|prizes|seize|seized|maize|Pfizer)\b)"
    r"|LICENSE|(?:MIT|BSD|Apache) License|World Health Organization|Centers for Disease Control",
)


@rule
def rule_spelling(chapter):
    for where, cell in cells(chapter, "markdown"):
        text = prose(cell.source, keep_links=False).split("## References")[0]  # works keep their names
        text = NOT_AMERICAN.sub("", text)
        for word in AMERICAN_WORDS.findall(text) + AMERICAN_ENDINGS.findall(text):
            yield f"{where}: British spelling, please: {word!r}"


# --- mutations -------------------------------------------------------------------------------------------------


@rule
def rule_mutations(chapter):
    if chapter.mutations is None or len(chapter.mutations) < 3:
        yield f"tests/mutations/{chapter.path.stem}.toml must list three plausible mistakes or more"
    statements = [statement(call) or "" for _, _, claims in claim_cells(chapter) for call in claims]
    sources = [cell.source for _, cell in cells(chapter, "code", solution=False)]
    for number, mutation in enumerate(chapter.mutations or [], start=1):
        where = f"mutation {number}"
        if set(mutation) != {"cell", "find", "replace", "breaks", "why"} or not all(mutation.values()):
            yield f"{where}: it needs cell, find, replace, breaks and why"
            continue
        found = [source for source in sources if mutation["cell"] in source]
        if len(found) != 1:
            yield f"{where}: the text of `cell` must stand in exactly one code cell, not in {len(found)}"
        elif found[0].count(mutation["find"]) != 1:
            yield f"{where}: `find` must occur once in its cell, not {found[0].count(mutation['find'])} times"
        elif mutation["find"] == mutation["replace"]:
            yield f"{where}: it changes nothing"
        if sum(text.startswith(mutation["breaks"]) for text in statements) != 1:
            yield f"{where}: exactly one claim must begin with {mutation['breaks']!r}"
