"""The rules every chapter keeps, one small function each.

A rule takes a `Chapter` and returns a list of all its problems, each a sentence that names the cell and says what to
do. Cells are counted from 0, as nbclient does. `tests/test_structure.py` runs every rule on every chapter, and proves
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
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from mutate import read_mutations

from course_utils.exercises import find
from course_utils.notebooks import (
    CELL_METADATA,
    FOLDER,
    NOTEBOOK_METADATA,
    ROOT,
    badge,
    calls,
    exercises,
    headings,
    hidden_cells,
    hints,
    is_call,
    output_text,
    place,
    printed,
    prose,
    read,
    reading_minutes,
    section,
    section_titles,
    shows_figure,
    side_rooms,
    slide_type,
    statement,
    syntax,
    table_of_contents,
    tags,
    without_code_blocks,
)

RULES = []
PROMPT = "**Before you run it:**"
SLIDE_TYPES = {"slide", "subslide", "fragment", "skip", "notes", "-"}
BADGE_LABELS = ["Document section", "Reading time", "Run time", "Data", "Hardware"]
MAX_CELL_LINES = 25
MAX_BYTES = 1_500_000
MAX_FIGURE_PIXELS = 1100
MAX_SLIDE_WORDS = 110
MAX_MINUTES, MAX_MINUTES_LAB = 100, 110


@dataclass
class Chapter:
    """One chapter: its line of `_toc.yml`, its notebook, its solution notebook and its mutations."""

    path: Path
    entry: object
    notebook: object
    solution: object = None
    mutations: list = field(default_factory=list)
    least_exercises: int = 3  # the fixture chapter has fewer


def load(entry, mutations_folder, least_exercises=3):
    """Read everything that belongs to one line of `_toc.yml`."""
    return Chapter(
        path=entry.path,
        entry=entry,
        notebook=read(entry.path),
        solution=read(entry.solution_path) if entry.solution_path.exists() else None,
        mutations=read_mutations(Path(mutations_folder) / f"{entry.file}.toml"),
        least_exercises=least_exercises,
    )


@functools.cache
def contents(folder):
    """Return the lines of a folder's `_toc.yml`."""
    return table_of_contents(folder)


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


def words(text):
    """Count the words of a piece of Markdown; code and formulas are none."""
    return len(re.findall(r"[^\W\d_]+(?:['’-]\w+)*", prose(text, keep_links=False)))


def formulas(source):
    """Return the formulas of a piece of Markdown."""
    source = re.sub(r"`[^`\n]*`", "", without_code_blocks(source))
    return re.findall(r"\$\$.*?\$\$|\$[^$\n]+\$", source, re.DOTALL)


# --- the opening -----------------------------------------------------------------------------------------------


def opening(chapter):
    """Return the paragraphs of the first cell."""
    first = [cell.source for cell in chapter.notebook.cells[:1] if cell.cell_type == "markdown"]
    return [part.strip() for text in first for part in text.split("\n\n") if part.strip()]


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
    if len(opening(chapter)) != 3 or "?" not in opening(chapter)[1]:
        yield "cell 0: after the title write one paragraph with the clinical question, then the badge line, no more"


@rule
def rule_badge(chapter):
    parts = [part.strip() for part in (opening(chapter) or [""])[-1].split(" · ")]
    if [re.sub(r"\*\*(.+?)\*\* .+", r"\1", part, flags=re.DOTALL) for part in parts] != BADGE_LABELS:
        yield f"cell 0: the badge line is `**Label** value` for {', '.join(BADGE_LABELS)}, joined by ' · '"
    found = badge(chapter.notebook)
    if found.get("Document section", chapter.entry.section) != chapter.entry.section:
        yield f"cell 0: the badge line must give the document section of _toc.yml, {chapter.entry.section!r}"


@rule
def rule_reading_time(chapter):
    path, rooms = reading_minutes(chapter.notebook)
    wanted = f"{path} min path / {f'{rooms} min' if rooms else 'no'} side rooms"
    found = badge(chapter.notebook).get("Reading time")
    if found != wanted:
        yield f"cell 0: the computed reading time is `{wanted}`, not {found!r}"
    limit = MAX_MINUTES_LAB if chapter.entry.part == "Labs" else MAX_MINUTES
    if path > limit:
        yield f"the path takes {path} min, at most {limit}: move what serves no objective to a side room, or cut it"


def objectives(chapter):
    """Return the bullets of the first section, `What you will be able to do`."""
    text = section(chapter.notebook, "".join(section_titles(chapter.notebook)[:1])) or ""
    return [" ".join(bullet.split()) for bullet in re.findall(r"^- (.+(?:\n +\S.*)*)", text, re.MULTILINE)]


def ids_in(bullet):
    """Return the exercises that an objective names: `- read an interval (00-a, 00-c);`."""
    named = re.search(r"\(([^()]+)\)[;.,]?$", bullet)
    return re.split(r",\s*", named[1]) if named else []


@rule
def rule_objectives(chapter):
    title = "What you will be able to do"
    if section_titles(chapter.notebook)[:1] != [title]:
        yield f"the first section must be `## {title}`"
    if not 3 <= len(objectives(chapter)) <= 6:
        yield f"`## {title}` needs 3 to 6 bullets (it has {len(objectives(chapter))})"


@rule
def rule_objectives_tested(chapter):
    known = [exercise_id for exercise_id, *_ in exercises(chapter.notebook)]
    named = [exercise_id for bullet in objectives(chapter) for exercise_id in ids_in(bullet)]
    for bullet in objectives(chapter):
        if not set(ids_in(bullet)) & set(known):
            yield f"objective {bullet[:40]!r}: end it with the exercises that test it, as in `(3.1.1-a, 3.1.1-b);`"
        for unknown in sorted(set(ids_in(bullet)) - set(known)):
            yield f"objective {bullet[:40]!r}: there is no exercise {unknown!r}"
    for exercise_id in known:
        if exercise_id not in named:
            yield f"exercise {exercise_id} tests no objective: name it behind one, or drop it"


@rule
def rule_retrieval(chapter):
    text = section(chapter.notebook, "Before you start") or ""
    questions = re.findall(r"^\d+\. ", text, re.MULTILINE)
    if section_titles(chapter.notebook)[1:2] != ["Before you start"]:
        yield "the second section must be `## Before you start`"
    if text and {len(questions), text.count("<details>"), text.count("</details>")} != {2}:
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
    for cell in first_code_cells(chapter)[:1]:
        for node in syntax(cell).body:
            if not (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in parameters(chapter)):
                yield f"parameters: only plain values (papermill injects after them), not `{ast.unparse(node)}`"
            elif "#" not in cell.source.splitlines()[node.end_lineno - 1].encode()[node.end_col_offset :].decode():
                yield f"parameters: say in a comment on its line what `{ast.unparse(node.targets[0])}` is"
    values = parameters(chapter)
    if values.get("SEED") != 0 or values.get("FAST") is not False:
        yield "parameters: `SEED = 0` and `FAST = False` must be among them"


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
    for name, value in fast.items() if isinstance(fast, dict) else []:
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
        shell = re.findall(r"^\s*[!%].*|get_ipython\(|os\.system\(", cell.source, re.MULTILINE)
        for found in shell:
            yield f"{where}: no shell and no magic commands ({found.strip()}); packages belong in requirements.txt"
        try:
            tree = ast.parse(cell.source)
        except SyntaxError as error:
            if not shell:
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


COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


def too_clever(tree):
    """Return what a reader of the primers cannot read: lambda, nested comprehension."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Lambda)]
    for node in ast.walk(tree):
        if isinstance(node, COMPREHENSIONS):
            inner = [part for part in ast.walk(node) if isinstance(part, COMPREHENSIONS) and part is not node]
            found += [node] if inner or len(node.generators) > 1 else []
    return [ast.unparse(node) for node in found]


@rule
def rule_plain_code(chapter):
    hidden, rooms = hidden_cells(chapter.notebook), side_rooms(chapter.notebook)[0]
    explained = False
    for index, cell in enumerate(chapter.notebook.cells):
        if cell.cell_type == "markdown":
            explained = explained or "einsum" in cell.source
        elif cell.cell_type == "code" and index not in hidden and index not in rooms:
            for code in too_clever(syntax(cell)):
                yield f"{place(index, cell)}: write a `def` or a loop that reads aloud, not `{code[:60]}`"
            if calls(syntax(cell), "einsum") and not explained:
                yield f"{place(index, cell)}: say in words what `einsum` does before it is used"


def changed_by_second_run(tree):
    """Return the statements that find another value, or none, when their cell is run twice."""
    found, made_here = [], set()

    def walk(body):
        for node in body:
            if isinstance(node, ast.Delete) and not {ast.unparse(target) for target in node.targets} <= made_here:
                found.append(node)
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                made_here.add(node.name)
                continue
            if isinstance(node, ast.For):
                made_here.update(n.id for n in ast.walk(node.target) if isinstance(n, ast.Name))
            inner = [*getattr(node, "body", []), *getattr(node, "orelse", []), *getattr(node, "finalbody", [])]
            if isinstance(node, ast.With):
                made_here.update(
                    n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
                )
            if inner:
                walk(inner)
            elif isinstance(node, ast.AugAssign):
                if isinstance(node.target, ast.Name) and node.target.id not in made_here:
                    found.append(node)
            elif isinstance(node, ast.Assign):
                names = [n for target in node.targets for n in ast.walk(target) if isinstance(n, ast.Name)]
                stored = {n.id for n in names if isinstance(n.ctx, ast.Store)}
                loaded = {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)} - bound_inside(node.value)
                if stored & loaded - made_here:
                    found.append(node)
                made_here.update(stored)

    walk(tree.body)
    return [ast.unparse(node) for node in found]


def bound_inside(node):
    """Return the names that a comprehension or a lambda gives to its own items."""
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return names | {n.arg for n in ast.walk(node) if isinstance(n, ast.arg)}


@rule
def rule_repeatable(chapter):
    for where, cell in cells(chapter, "code"):
        for code in changed_by_second_run(syntax(cell)):
            yield f"{where}: run twice, `{code[:60]}` fails or finds another value: give it a name of its own"


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
def rule_claim_computed(chapter):
    made = {"data"}
    for _, cell in cells(chapter, "code", solution=False):
        if cell.source.strip() and not syntax(cell).body:
            return  # a rule of its own says that this is not Python; what it makes is not known
        nodes = list(ast.walk(syntax(cell)))
        made |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        made |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    for where, _, claims in claim_cells(chapter):
        for call in claims:
            holds = [*call.args[1:2], *(item.value for item in call.keywords if item.arg == "holds")]
            names = {node.id for part in holds for node in ast.walk(part) if isinstance(node, ast.Name)}
            if not names & made:
                yield f"{where}: {statement(call)!r} tests nothing that the chapter has computed"


@rule
def rule_benchmarks_named(chapter):
    text = "".join(cell.source for _, cell in cells(chapter, "markdown", solution=False))
    for where, cell in cells(chapter, "code", solution=False):
        if re.search(r"""["']benchmarks["'/]""", cell.source) and "`python benchmarks/" not in text:
            yield f"{where}: name the command that wrote the table: `python benchmarks/...`"


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


@rule
def rule_hidden_code(chapter):
    wanted = hidden_cells(chapter.notebook)
    for index, cell in enumerate(chapter.notebook.cells):
        hidden = bool(cell.metadata.get("jupyter", {}).get("source_hidden"))
        if index in wanted and not hidden:
            yield f"{place(index, cell)}: claims and cells that only plot are folded: run `make notebooks`"
        elif hidden and index not in wanted:
            yield f"{place(index, cell)}: only claims and cells that only plot are folded: run `make notebooks`"


# --- learning --------------------------------------------------------------------------------------------------


def without_headings(source):
    return re.sub(r"^#{1,6} .*$", "", source, flags=re.MULTILINE)


def without_details(source):
    return re.sub(r"<details>.*?</details>", "", source, flags=re.DOTALL)


@rule
def rule_predictions(chapter):
    count = 0
    for index, cell in enumerate(chapter.notebook.cells):
        if cell.cell_type != "markdown" or PROMPT not in cell.source:
            continue
        count += cell.source.count(PROMPT)
        where, following = place(index, cell), chapter.notebook.cells[index + 1 :]
        if re.search(r"\n\s*\n\s*\S", without_details(cell.source.split(PROMPT)[-1])) or cell.source.count(PROMPT) > 1:
            yield f"{where}: the question ends the cell: what follows it would give the answer away"
        if not following or following[0].cell_type != "code":
            yield f"{where}: the code to be predicted must stand in the next cell"
        elif slide_type(following[0]) == "-":
            yield f"{where}: the result stands on the slide of the question: next cell `fragment` or `subslide`"
        answer = next((later for later in following if later.cell_type == "markdown"), None)
        text = without_headings(answer.source).split(PROMPT)[0] if answer is not None else ""
        if words(text) < 15 or re.match(r"#{3,4} Exercise", answer.source):
            yield f"{where}: the answer, in words, is the first text after the code"
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
    found = [exercise_id for exercise_id, *_ in exercises(chapter.notebook)]
    wanted = [f"{chapter.entry.number}-{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"[: len(found)]]
    if found != wanted:
        yield f"exercises are called `### Exercise {chapter.entry.number}-a: title` and so on; found {found}"
    if len(found) < chapter.least_exercises:
        yield f"{chapter.least_exercises} exercises or more; found {len(found)}"


@rule
def rule_exercise_checks(chapter):
    for exercise_id, _, code, _ in exercises(chapter.notebook):
        if checked_name(code, exercise_id) is None:
            yield f'exercise {exercise_id}: the next cell must end with `exercises.check("{exercise_id}", name)`'


def stub_of(code, name):
    """Return the statement that is `name = ...`, or the function `name` whose body is `...` after its docstring."""
    for node in syntax(code).body if code is not None else []:
        if isinstance(node, ast.Assign) and ast.unparse(node) == f"{name} = ...":
            return node
        if isinstance(node, ast.FunctionDef) and node.name == name:
            body = node.body[1:] if ast.get_docstring(node) else node.body
            if [ast.unparse(item) for item in body] == ["..."]:
                return node
    return None


@rule
def rule_exercise_stubs(chapter):
    for exercise_id, _, code, _ in exercises(chapter.notebook):
        name = checked_name(code, exercise_id)
        stub = stub_of(code, name)
        if name and stub is None:
            yield f"exercise {exercise_id}: leave a stub, `{name} = ...` or a function whose body is `...`"
        elif isinstance(stub, ast.FunctionDef) and code.source.splitlines()[stub.end_lineno - 1].strip() != "...":
            yield f"exercise {exercise_id}: the `...` of a stub stands on a line of its own"


@rule
def rule_exercise_builds(chapter):
    building = [
        (i, code) for i, _, code, _ in exercises(chapter.notebook) if code is not None and "builds" in tags(code)
    ]
    if not building:
        yield "in one exercise or more the reader builds or changes something: tag its code cell `builds`"
    for exercise_id, code in building:
        stub = stub_of(code, checked_name(code, exercise_id))
        if stub is not None and not isinstance(stub, ast.FunctionDef) and not judged_by_deeds(exercise_id):
            yield f"exercise {exercise_id} is tagged `builds`: a function is written, or its check has a `requirement`"


def judged_by_deeds(exercise_id):
    """Is the answer judged by what it does, and not compared with one right value?"""
    try:
        return find(exercise_id).requirement is not None
    except ValueError:
        return False


@rule
def rule_exercise_hints(chapter):
    for exercise_id, hint in hints(chapter.notebook):
        text = "".join(re.findall(r"<summary>\s*Hint.*?</details>", hint.source if hint else "", re.DOTALL))
        if words(re.sub(r"<summary>.*?</summary>", "", text)) < 5:
            yield f"exercise {exercise_id}: fold a hint of some words under it: `<details><summary>Hint</summary>`"


@rule
def rule_exercise_texts(chapter):
    for exercise_id, text, *_ in exercises(chapter.notebook):
        if words(without_details(without_headings(text.source))) < 10:
            yield f"exercise {exercise_id}: its text says what is given and what is asked for (10 words or more)"


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
            if name in [node.id for node in used] and stub_of(cell, name) is None:
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
        return  # there is nothing else to look at
    texts = [text.source for _, text, *_ in exercises(chapter.notebook)]
    solution_texts = [text.source for _, text, *_ in exercises(chapter.solution)]
    if texts != solution_texts:
        yield "solution: it must hold the chapter's exercises, all of them, in order, their text unchanged"
    if not "".join(cell.source for cell in chapter.solution.cells[:1]).startswith(
        f"# {chapter.entry.number} {chapter.entry.title}: solutions"
    ):
        yield f"solution: begin with `# {chapter.entry.number} {chapter.entry.title}: solutions`"
    if any("parameters" in tags(cell) for cell in chapter.solution.cells):
        yield "solution: it has no parameters"


@rule
def rule_solution_solved(chapter):
    for exercise_id, _, code, after in exercises(chapter.solution) if chapter.solution is not None else []:
        lines = printed(code).splitlines() if code is not None else []
        if checked_name(code, exercise_id) is None or not lines or not lines[-1].startswith("✓"):
            yield f"solution of {exercise_id}: the code below the text must end with the check, and its output with ✓"
        if after is None or after.cell_type != "markdown" or words(after.source) < 10:
            yield f"solution of {exercise_id}: say below the code why it is right (10 words or more)"


def quiz(chapter):
    """Return the questions of the quiz: (number, options, explanations, right letters), letters as keys."""
    text = section(chapter.notebook, "Quiz") or ""
    questions = []
    for number, question in enumerate(re.split(r"^\*\*Question \d+\.\*\*", text, flags=re.MULTILINE)[1:], start=1):
        options = dict(re.findall(r"^- ([A-Z])\. (.+)", without_details(question), re.MULTILINE))
        answer = "".join(re.findall(r"<details>.*?</details>", question, re.DOTALL))
        parts = re.split(r"\*\*([A-Z])\*\*", re.sub(r"<[^>]*>", "", answer))
        explanations, together = {}, []
        for letter, part in zip(parts[1::2], parts[2::2], strict=True):
            together.append(letter)  # "**A** and **B** read ...": what follows is said of both
            if part.strip() not in ("and", ",", "or"):
                explanations |= {name: explanations.get(name, "") + part for name in together}
                together = []
        questions.append((number, options, explanations, re.findall(r"\*\*([A-Z])\*\* is right", answer)))
    return questions


@rule
def rule_quiz(chapter):
    if not 3 <= len(quiz(chapter)) <= 5:
        yield f"`## Quiz` needs three to five questions, `**Question 1.**` and so on; found {len(quiz(chapter))}"
    for number, options, explanations, right in quiz(chapter):
        if len(options) < 2 or not explanations:
            yield f"quiz question {number}: give options `- A. ...` and the answer in <details>"
            continue
        wrong = [letter for letter in options if letter not in right]
        missing = [letter for letter in wrong if words(explanations.get(letter, "")) < 3]
        if missing:
            yield f"quiz question {number}: the folded answer explains each wrong option; missing: {missing}"
        if len(right) != 1 or right[0] not in options:
            yield f"quiz question {number}: the folded answer must say once `**A** is right`; found {right}"


@rule
def rule_quiz_guessing(chapter):
    letters, longest = [], []
    for number, options, _, right in quiz(chapter):
        if len(right) == 1 and right[0] in options:
            letters.append(right[0])
            others = [len(text) for letter, text in options.items() if letter != right[0]]
            if len(options[right[0]]) > max(others, default=0):
                longest.append(number)
    if len(letters) > 1 and len(set(letters)) == 1:
        yield f"quiz: the right option is always {letters[0]}"
    if len(longest) > len(letters) / 2:
        yield f"quiz: the right option is the longest in questions {longest}: shorten it, or lengthen the others"


# --- the end of a chapter --------------------------------------------------------------------------------------


@rule
def rule_last_sections(chapter):
    titles = [title for title in section_titles(chapter.notebook) if title != "Side rooms"]
    if titles[-1:] == ["Next"]:
        titles.pop()
    if titles[-2:-1] == ["Where this went wrong"]:
        titles.pop(-2)
    if titles[-3:] != ["Quiz", "Key points", "References"] or {"Where this went wrong", "Next"} & set(titles):
        yield "end with the sections Quiz, Key points, (Where this went wrong), References, Next, in this order"


@rule
def rule_key_points(chapter):
    bullets = re.findall(r"^- (.+(?:\n +\S.*)*)", section(chapter.notebook, "Key points") or "", re.MULTILINE)
    if len([bullet for bullet in bullets if words(bullet) >= 5]) < 3:
        yield "`## Key points` holds three sentences or more, each a bullet"


@rule
def rule_failure_sourced(chapter):
    text = section(chapter.notebook, "Where this went wrong")
    if text is not None and not failure_sources(chapter):
        yield "`## Where this went wrong` cites the source of what it tells, `[1]`"


def failure_sources(chapter):
    """Return the addresses of the references that `Where this went wrong` cites."""
    cited = re.findall(
        r"\d+", " ".join(re.findall(r"\[[\d ,–-]+\]", section(chapter.notebook, "Where this went wrong") or ""))
    )
    entries = dict(re.findall(r"^(\d+)\. (.+)$", section(chapter.notebook, "References") or "", re.MULTILINE))
    return {address for number in cited for address in re.findall(r"https://\S+", entries.get(number, ""))}


@rule
def rule_next(chapter):
    text = section(chapter.notebook, "Next")
    solutions = f"solutions/{chapter.path.name}"
    if text is None or f"]({solutions})" not in text:
        yield f"end with `## Next`: where the solutions are, with a link to {solutions}, and the chapter that follows"
    known = contents(chapter.entry.folder)
    position = [entry.file for entry in known].index(chapter.entry.file)
    for follower in known[position + 1 : position + 2]:
        if text is not None and f"{follower.number} {follower.title}" not in text:
            yield f"`## Next` names the chapter that follows, {follower.number} {follower.title}"


@rule
def rule_sections_explain(chapter):
    titles = section_titles(chapter.notebook)
    end = titles.index("Quiz") if "Quiz" in titles else len(titles)
    for title in titles[2:end]:
        if words(section(chapter.notebook, title) or "") < 10:
            yield f"section {title!r} explains nothing: say in words what it is about (10 words or more)"


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


@rule
def rule_side_rooms(chapter):
    section_cells, rooms = side_rooms(chapter.notebook)
    deeper = [index for index, _, title in headings(chapter.notebook) if title.startswith("Going deeper")]
    if deeper != rooms:
        yield "`### Going deeper: ...` stands in the section `## Side rooms`, nowhere else"
    if section_cells and not rooms:
        yield "`## Side rooms` without a room, `### Going deeper: ...`: remove it"
    last_two = [title for title in section_titles(chapter.notebook) if title in ("Quiz", "Side rooms")][-2:]
    if last_two == ["Side rooms", "Quiz"]:
        yield "`## Side rooms` comes after the quiz"
    if len(set(rooms)) < len(rooms):
        yield "each side room begins in a cell of its own"
    rooms = sorted(set(rooms))
    if len(rooms) > 4:
        yield f"{len(rooms)} side rooms, at most 4"
    ends = [*rooms[1:], section_cells.stop][: len(rooms)]
    for start, end in zip(rooms, ends, strict=True):
        room = chapter.notebook.cells[start:end]
        if len(room) > 12:
            yield f"{place(start, room[0])}: this side room has {len(room)} cells, at most 12"
        if not any(calls(syntax(cell), "claim") for cell in room if cell.cell_type == "code"):
            yield f"{place(start, room[0])}: a side room has a claim of its own"


@rule
def rule_side_rooms_skipped(chapter):
    for index in side_rooms(chapter.notebook)[0]:
        cell = chapter.notebook.cells[index]
        if slide_type(cell) in SLIDE_TYPES - {"skip"}:
            yield f"{place(index, cell)}: the slides skip side rooms: slide type `skip`"


# --- slides and headings ---------------------------------------------------------------------------------------


@rule
def rule_slides(chapter):
    for where, cell in cells(chapter, solution=False):
        if slide_type(cell) not in SLIDE_TYPES:
            yield f"{where}: metadata slideshow.slide_type must be one of {sorted(SLIDE_TYPES)}"
    if [slide_type(cell) for cell in chapter.notebook.cells[:1]] != ["slide"]:
        yield "cell 0: slide type `slide`: the deck begins here"


@rule
def rule_slides_short(chapter):
    slides = []
    for where, cell in cells(chapter, solution=False):
        if slide_type(cell) in ("slide", "subslide") or not slides:
            slides.append([where, 0])
        if cell.cell_type == "markdown" and slide_type(cell) not in ("skip", "notes"):
            slides[-1][1] += words(without_details(cell.source))
    if slides:
        slides[0][1] -= words("".join(opening(chapter)[-1:]))  # the badge line is small print
    for where, count in slides:
        if count > MAX_SLIDE_WORDS:
            yield f"{where}: {count} words on a slide, at most {MAX_SLIDE_WORDS}: a `subslide`, or a `notes` cell"


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
            for match in sorted({match[0] for match in re.finditer(pattern, output_text(output))}):
                yield f"{where}: its output holds {what} ({match!r}), which changes from run to run"


@rule
def rule_metadata(chapter):
    for where, cell in cells(chapter):
        for key in sorted(set(cell.metadata) - CELL_METADATA):
            yield f"{where}: metadata {key!r} was left by a tool: run `make notebooks`"
        if cell.metadata.get("jupyter", {"source_hidden": True}) != {"source_hidden": True}:
            yield f"{where}: metadata 'jupyter' holds `source_hidden` alone: run `make notebooks`"
        for key, value in cell.metadata.get("course", {}).items():
            if not (key == "slide" and isinstance(value, str) or key == "deck" and value in ("keep", "drop")):
                yield f"{where}: metadata 'course' holds `slide`, a text, or `deck`, `keep` or `drop`, for the slides"
    for name, notebook in notebooks(chapter):
        for key in sorted(set(notebook.metadata) - NOTEBOOK_METADATA):
            yield f"{name}: metadata {key!r} was left by a tool: run `make notebooks`"


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
def rule_figures_stored(chapter):
    for where, cell in cells(chapter, "code"):
        if shows_figure(cell) and not images(cell):
            yield f"{where}: it shows a figure and stores none: run `make notebooks`"


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
        for found in re.findall(r"\\[(\[]|\\begin\b", prose(cell.source)):
            yield f"{where}: formulas stand in $...$ or $$...$$ only, not in {found!r}"


def broken_on_github(source):
    """Return what GitHub strips from the formulas of a piece of Markdown, or refuses."""
    found = [re.findall(r"\\[^A-Za-z]|\\operatorname\b", formula) for formula in formulas(source)]
    return sorted({command for commands in found for command in commands})


@rule
def rule_formulas_on_github(chapter):
    for where, cell in cells(chapter, "markdown"):
        for command in broken_on_github(cell.source):
            yield f"{where}: GitHub breaks {command!r} in a formula: a space, \\quad, \\lbrace, \\cr or \\text instead"


NOTATION = ROOT / "docs" / "notation.md"
# Quantities of docs/notation.md that have one symbol in every chapter. ("Mean" or "loss" is said of many things.)
WATCHED = ["threshold", "sensitivity", "specificity", "prevalence", "temperature", "learning rate", "logit", "stride"]
WATCHED += ["standard deviation", "kernel size", "number of patients", "number of features", "number of classes"]
SYMBOL = re.compile(
    r"(?:\\(?:hat|bar|tilde|mathbf|boldsymbol|mathcal) *)?(?:[A-Za-z]|\\[A-Za-z]+|\{[A-Za-z]+\})'?(?:_(?:\w|\{.*\}))?'?"
)
RELATION = re.compile(r"\\(?:ge|le|ne|geq|leq|neq|approx|in|pm|times|cdot|to|rightarrow|sim)\b")


@functools.cache
def quantities():
    """Read the watched quantities of docs/notation.md: `threshold` -> its symbols on the page."""
    found = {}
    for symbols, meaning in re.findall(r"^\| *(\$[^|]+?) *\| *([^|]+?) *\|", NOTATION.read_text("utf-8"), re.MULTILINE):
        names = re.split(r"[,;:(]\s*", meaning)
        for symbol, name in zip(re.findall(r"\$(.+?)\$", symbols), names, strict=False):
            if name.strip() in WATCHED:
                found.setdefault(name.strip(), set()).add(symbol)
    return found


def misnamed(source):
    """Return (quantity, symbol) where a text writes `threshold $t$` or `$t$ is the threshold` against the page."""
    source, names = without_code_blocks(source), "|".join(WATCHED)
    pairs = re.findall(rf"\b({names})s? \$([^$\n]+)\$", source, re.IGNORECASE)
    before = rf"\$([^$\n]+)\$ (?:is |for |means )?(?:the |a |an )({names})\b(?! of| \$)"
    pairs += [(name, symbol) for symbol, name in re.findall(before, source, re.IGNORECASE)]
    return [(name.lower(), symbol) for name, symbol in pairs if not is_called(symbol, quantities()[name.lower()])]


def is_called(symbol, known):
    """Is this one of the page's symbols, with another index or none? What is no single symbol passes."""
    if not SYMBOL.fullmatch(symbol) or RELATION.match(symbol):
        return True
    index = r"_(?:\w|\{.*\})$"
    return symbol in known or re.sub(index, "", symbol) in {re.sub(r"_[ij]$", "", name) for name in known}


@rule
def rule_notation(chapter):
    for where, cell in cells(chapter, "markdown"):
        for name, symbol in misnamed(cell.source):
            wanted = " or ".join(f"${known}$" for known in sorted(quantities()[name]))
            yield f"{where}: docs/notation.md writes the {name} {wanted}, not ${symbol}$"


@functools.cache
def abbreviations():
    """Return the abbreviations of the glossary, each with the term it stands for."""
    found = {}
    for file in sorted((ROOT / "docs" / "glossary").glob("*.toml")):
        for term in tomllib.loads(file.read_text("utf-8")).get("term", []):
            if term.get("abbreviation"):
                found[term["abbreviation"]] = term["term"]
    if not found:
        page = (ROOT / "docs" / "glossary.md").read_text("utf-8")
        for term, abbreviation in re.findall(r"^\| *([^|(]+?) \(([A-Z]{2,})\) *\|", page, re.MULTILINE):
            found.setdefault(abbreviation, term)
    return found


def paragraphs(chapter):
    """Return (place, text) of the paragraphs a reader meets, in order, but for the badge line."""
    found = []
    for index, cell in enumerate(chapter.notebook.cells):
        if cell.cell_type == "markdown":
            parts = re.split(r"\n\s*\n", prose(cell.source, keep_links=False))
            parts = parts[:-1] if index == 0 else parts
            found += [(place(index, cell), part) for part in parts]
    return found


@rule
def rule_abbreviations(chapter):
    for abbreviation, term in abbreviations().items():
        spelled = re.compile(r"[\s-]+".join(map(re.escape, re.split(r"[\s-]+", term))), re.IGNORECASE)
        for where, text in paragraphs(chapter):
            if spelled.search(text):
                break
            if re.search(rf"\b{re.escape(abbreviation)}s?\b", without_headings(text)):
                yield f"{where}: spell out {abbreviation} where it first stands: {term} ({abbreviation})"
                break


@rule
def rule_image_alt(chapter):
    for where, cell in cells(chapter, "markdown"):
        for picture in re.findall(r"!\[\s*\]\(|<img\b[^>]*>", prose(cell.source)):
            if not re.search(r'\balt="[^"]+"', picture):
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


@rule
def rule_chapter_numbers(chapter):
    known = {entry.number for entry in contents(FOLDER)} | {chapter.entry.number}
    for where, cell in cells(chapter, "markdown"):
        for number in re.findall(r"\b[Cc]hapters? (\d+(?:\.\d+)+)", prose(cell.source)):
            if number not in known:
                yield f"{where}: there is no chapter {number} in _toc.yml"


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
    if len(chapter.mutations) < 3:
        yield f"tests/mutations/{chapter.path.stem}.toml must list three plausible mistakes or more"
    elif len({mutation.get("breaks") for mutation in chapter.mutations}) < 2:
        yield "the mutations break one claim only: what do the others notice?"
    statements = [statement(call) or "" for _, _, claims in claim_cells(chapter) for call in claims]
    sources = [cell.source for _, cell in cells(chapter, "code", solution=False)]
    for number, mutation in enumerate(chapter.mutations, start=1):
        where = f"mutation {number}"
        if set(mutation) != {"cell", "find", "replace", "breaks", "why"} or not all(mutation.values()):
            yield f"{where}: it needs cell, find, replace, breaks and why"
        if not {"cell", "find", "replace", "breaks"} <= set(mutation):
            continue
        found = [source for source in sources if mutation["cell"] in source]
        if len(found) != 1:
            yield f"{where}: the text of `cell` must stand in exactly one code cell, not in {len(found)}"
        elif found[0].count(mutation["find"]) != 1:
            yield f"{where}: `find` must occur once in its cell, not {found[0].count(mutation['find'])} times"
        if mutation["find"] == mutation["replace"]:
            yield f"{where}: it changes nothing"
        if sum(text.startswith(mutation["breaks"]) for text in statements) != 1:
            yield f"{where}: exactly one claim must begin with {mutation['breaks']!r}"
