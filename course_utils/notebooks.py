"""Find the chapters, read them and run them: the one reader of notebooks and of `_toc.yml`.

Students never need this module; the commands of `course_utils.cli`, the site and the tests do.
"""

import ast
import functools
import re
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from course_utils import machine

ROOT = machine.ROOT
FOLDER = ROOT / "notebooks"


@dataclass(frozen=True)
class Entry:
    """One line of `_toc.yml`: a chapter that exists or is to come."""

    file: str
    number: str
    title: str
    section: str
    part: str
    folder: Path

    @property
    def path(self):
        return self.folder / f"{self.file}.ipynb"

    @property
    def solution_path(self):
        return self.folder / "solutions" / f"{self.file}.ipynb"


@dataclass(frozen=True)
class Run:
    """What came out of executing a notebook. `error` is empty when every cell ran."""

    notebook: object
    seconds: float
    peak_gb: float
    error: str


def table_of_contents(folder=FOLDER):
    """Return the list of `Entry` in reading order, those still to come included."""
    import yaml

    folder = Path(folder)
    try:
        lines = yaml.safe_load((folder / "_toc.yml").read_text(encoding="utf-8"))
        return [Entry(**line, folder=folder) for line in lines]
    except (yaml.YAMLError, UnicodeDecodeError, TypeError) as error:
        raise ValueError(f"{folder / '_toc.yml'} is no list of chapters: the file is damaged") from error


def chapters(folder=FOLDER):
    """Return the list of `Entry` whose notebook exists."""
    return [entry for entry in table_of_contents(folder) if entry.path.exists()]


def find_chapter(name, folder=FOLDER):
    """Return the chapter with this number ("3.1.1") or file name; a ValueError names the nearest or lists them all."""
    import difflib

    entries = table_of_contents(folder)
    there = ", ".join(entry.number for entry in entries if entry.path.exists())
    names = {}
    for entry in entries:
        names |= dict.fromkeys((entry.number, entry.file, entry.path.name, entry.title), entry)
    entry = names.get(name) or names.get(Path(name).name)
    if entry and entry.path.exists():
        return entry
    if entry:
        raise ValueError(f"chapter {entry.number} ({entry.title}) is still to come; there are: {there}")
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {names[near[0]].number} ({names[near[0]].title})?" if near else f"there are: {there}"
    raise ValueError(f"chapter {name!r} does not exist; {hint}")


def read(path):
    """Read a notebook file. A file that holds something else is a ValueError that names it."""
    import nbformat

    try:
        return nbformat.read(path, as_version=4)
    except OSError:
        raise
    except Exception as error:  # no text, no JSON, JSON of another shape: each has an error of its own
        conflict = b"\n<<<<<<< " in b"\n" + Path(path).read_bytes()
        what = "it holds the marks of a merge, <<<<<<<" if conflict else "the file is damaged"
        raise ValueError(f"{path} is no notebook: {what}") from error


def sources(notebook):
    """Return what the author wrote: cell types and sources, without outputs."""
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def fast_parameters(notebook):
    """Return the parameters of the fast profile, from the notebook's metadata."""
    return dict(notebook.metadata.get("course", {}).get("fast", {}))


# --- reading a notebook: the rules, the site and the copies all ask here ------------------------------------------


def place(index, cell):
    """Name a cell so that an author finds it: its number and its first words."""
    first_line = (cell.source.strip().splitlines() or ["empty"])[0]
    return f"cell {index} ({first_line[:50]})"


def syntax(cell):
    """Return the syntax tree of a code cell; an empty one if it is not plain Python (a rule of its own says so)."""
    return _parsed(cell.source)


@functools.lru_cache(maxsize=2000)
def _parsed(source):
    try:
        return ast.parse(source)
    except SyntaxError:
        return ast.parse("")


def tags(cell):
    """Return the tags of a cell."""
    return cell.metadata.get("tags", [])


def slide_type(cell):
    """Return how a cell appears on the slides: slide, subslide, fragment, -, skip, notes, or None."""
    return cell.metadata.get("slideshow", {}).get("slide_type")


def without_code_blocks(source):
    """Return markdown without its fenced blocks of code."""
    return re.sub(r"^(```|~~~).*?^\1", "", source, flags=re.DOTALL | re.MULTILINE)


def prose(source, keep_links=True):
    """Return markdown without code and formulas and, if asked for, without addresses."""
    source = re.sub(r"`[^`\n]*`", "", without_code_blocks(source))
    source = re.sub(r"\$\$.*?\$\$", "", source, flags=re.DOTALL)
    source = re.sub(r"\$[^$\n]+\$", "", source)
    if not keep_links:
        source = re.sub(r"\]\([^)]*\)|https?://\S+|<[^>]*>", " ", source)
    return source


def headings(notebook):
    """Return (cell index, level, title) of every heading."""
    found = []
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            for marks, title in re.findall(r"^(#{1,6}) +(.+?) *$", without_code_blocks(cell.source), re.MULTILINE):
                found.append((index, len(marks), title))
    return found


def section(notebook, title):
    """Return the markdown of the `##` section with this title, or None."""
    text, inside = [], False
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for line in without_code_blocks(cell.source).splitlines():
                if re.match(r"#{1,2} ", line):
                    inside = line.strip() == f"## {title}"
                    text += [""] if inside else []
                elif inside:
                    text.append(line)
            text += [""] if inside else []  # a new cell is a new paragraph
    return "\n".join(text) if text else None


def section_titles(notebook):
    """Return the titles of the `##` sections, in order."""
    return [title for _, level, title in headings(notebook) if level == 2]


def badge(notebook):
    """Return the badge line, the last one of the first cell, as a dictionary of labels and values."""
    first = notebook.cells[0].source.strip() if notebook.cells else ""
    return dict(re.findall(r"\*\*(.+?)\*\* (.+?)(?= · |$)", (first.splitlines() or [""])[-1]))


def claims(notebook):
    """Return the calls of `claim` in all code cells."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [call for cell in code for call in calls(syntax(cell), "claim")]


def calls(tree, name):
    """Return the calls of a function, called as `name(...)` or `module.name(...)`."""
    return [node for node in _all_calls(tree) if name == getattr(node.func, "attr", getattr(node.func, "id", None))]


@functools.lru_cache(maxsize=2000)
def _all_calls(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def is_call(statement, name):
    """Is this statement a call of the function, and nothing else?"""
    return isinstance(statement, ast.Expr) and statement.value in calls(statement, name)


def output_text(output):
    """Return what a reader can read in one output."""
    if output.output_type == "stream":
        return output.text
    data = output.get("data", {})
    return "\n".join("".join(data[kind]) for kind in ("text/plain", "text/html") if kind in data)


def printed(cell):
    """Return what a reader can read in the outputs of a cell."""
    return "".join(output_text(output) for output in cell.get("outputs", []))


def exercises(notebook):
    """Return (id, text cell, code cell or None, cell after the code or None) of each exercise."""
    found = []
    for index, cell in enumerate(notebook.cells):
        match = re.match(r"#{3,4} Exercise (\S+): .+", cell.source)
        if cell.cell_type == "markdown" and match:
            code, after = (notebook.cells[index + 1 : index + 3] + [None, None])[:2]
            is_code = code is not None and code.cell_type == "code"
            found.append((match[1], cell, code if is_code else None, after))
    return found


def cells_with_check(cells, exercise_id):
    """Return the numbers of the code cells that hand an answer to the check of this exercise, right Python or not."""
    pattern = re.compile(rf"""\bcheck\(\s*["']{re.escape(exercise_id)}["']""")
    return [i for i, cell in enumerate(cells) if cell.cell_type == "code" and pattern.search(cell.source)]


def statement(call):
    """Return the statement of a claim if it is a constant string, else None."""
    first = call.args[0] if call.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None


def hints(notebook):
    """Return (exercise id, cell of its folded hint or None): the text itself, or one of the four cells after it."""
    found = []
    for exercise_id, text, *_ in exercises(notebook):
        index = next(i for i, cell in enumerate(notebook.cells) if cell is text)
        hint = None
        for cell in notebook.cells[index : index + 5]:
            if cell is not text and re.search(r"^#{1,6} ", cell.source, re.MULTILINE) and cell.cell_type == "markdown":
                break  # the next heading ends the exercise
            if cell.cell_type == "markdown" and re.search(r"<summary>\s*Hint", cell.source):
                hint = cell
                break
        found.append((exercise_id, hint))
    return found


def side_rooms(notebook):
    """Return the range of the cells of the section `Side rooms`, and the first cell of each room."""
    marks = headings(notebook)
    starts = [index for index, level, title in marks if level == 2 and title == "Side rooms"]
    if not starts:
        return range(0), []
    ends = [index for index, level, _ in marks if level == 2 and index > starts[0]]
    section_cells = range(starts[0], ends[0] if ends else len(notebook.cells))
    rooms = [i for i, level, title in marks if level == 3 and title.startswith("Going deeper:") and i in section_cells]
    return section_cells, rooms


# --- how long a chapter takes ----------------------------------------------------------------------------------------


def reading_minutes(notebook):
    """Compute how long a reader needs for the path and for the side rooms.

    Prose is read at 150 words a minute (a formula counts as one word, folded answers count, references do not).
    Code is read at 12 lines a minute (blank lines and the cells of `hidden_cells` do not count). A figure takes one
    minute; to that come eight for each exercise and five for the quiz.

    Returns
    -------
    tuple of int
        Minutes of the path and of the side rooms, each rounded to 5; 0 where there are no side rooms.
    """
    hidden, rooms = hidden_cells(notebook), side_rooms(notebook)[0]
    path = [index for index in range(len(notebook.cells)) if index not in rooms]
    return _minutes(notebook, path, hidden), _minutes(notebook, rooms, hidden)


def _minutes(notebook, numbers, hidden):
    part = SimpleNamespace(cells=[notebook.cells[index] for index in numbers])
    words = -_words(section(part, "References") or "")
    lines = figures = 0
    for index, cell in zip(numbers, part.cells, strict=True):
        if cell.cell_type == "markdown":
            words += _words(without_code_blocks(cell.source))
            figures += len(re.findall(r"!\[|<img\b", prose(cell.source)))
        elif cell.cell_type == "code":
            figures += shows_figure(cell)
            lines += 0 if index in hidden else sum(bool(line.strip()) for line in cell.source.splitlines())
    minutes = words / 150 + lines / 12 + figures + 8 * len(exercises(part)) + (5 if section(part, "Quiz") else 0)
    return max(5, 5 * round(minutes / 5)) if len(numbers) else 0


def _words(source):
    source = re.sub(r"\$\$.*?\$\$|\$[^$\n]+\$", " formula ", re.sub(r"`[^`\n]*`", " code ", source), flags=re.DOTALL)
    return len(re.findall(r"[^\W_][^\s|]*", prose(source, keep_links=False)))


# --- what JupyterLab folds, and what else may stand in the metadata --------------------------------------------------


WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
CELL_METADATA = {"alt", "course", "jupyter", "slideshow", "tags"}
NOTEBOOK_METADATA = {"course", "kernelspec", "language_info"}
PLOTTING = {"numpy", "pandas", "matplotlib", "seaborn"}  # a cell that calls nothing else may be one that only plots


def shows_figure(cell):
    """Does the cell call `plt.show()`, or `show` of another object?"""
    return bool(calls(syntax(cell), "show"))


def hidden_cells(notebook):
    """Return the numbers of the cells whose code a reader need not see: claims, and cells that only plot.

    A cell only plots when it shows a figure, prints nothing, makes nothing that a later cell uses, and calls neither a
    function of the chapter, nor a module of the course but `plots`, nor a network.
    """
    trees = [syntax(cell) if cell.cell_type == "code" else ast.parse("") for cell in notebook.cells]
    taught = _taught_names(trees)
    found, used_later = set(), set()
    for index in reversed(range(len(trees))):
        tree = trees[index]
        if calls(tree, "claim"):
            found.add(index)
        elif calls(tree, "show"):
            roots = {_root(call) for call in _all_calls(tree)}
            others = any(calls(tree, name) for name in ("print", "display", "fit", "predict", "fit_predict"))
            if not (others or roots & taught or _stored(tree) & used_later):
                found.add(index)
        loaded = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        used_later |= loaded - _stored(tree)
    return found


def _taught_names(trees):
    """Return the functions that the notebook defines, and what it imports, but for numbers and plots."""
    names = set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                package = (getattr(node, "module", None) or alias.name).split(".")[0]
                if package not in PLOTTING and alias.name != "plots":
                    names.add((alias.asname or alias.name).split(".")[0])
    return names


def _root(call):
    """Return the name that a call begins with: `np` of `np.linspace(0, 1).round()`."""
    node = call.func
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return getattr(node, "id", None)


def _stored(tree):
    nodes = list(ast.walk(tree))
    names = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return names | {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def tidy(notebook):
    """Remove what editors left in the metadata, and mark the code that JupyterLab folds. Changes the notebook."""
    hidden = hidden_cells(notebook)
    for key in set(notebook.metadata) - NOTEBOOK_METADATA:
        del notebook.metadata[key]
    for index, cell in enumerate(notebook.cells):
        for key in (set(cell.metadata) - CELL_METADATA) | {"jupyter"}:
            cell.metadata.pop(key, None)
        if index in hidden:
            cell.metadata["jupyter"] = {"source_hidden": True}


# --- running a notebook ----------------------------------------------------------------------------------------------


def execute(notebook, folder, parameters=None, environment=None, on_cell=None):
    """Execute a notebook top to bottom in a fresh kernel.

    Parameters
    ----------
    notebook : nbformat notebook
        Not changed; the executed copy is in the result.
    folder : path
        Working directory of the kernel.
    parameters : dict, optional
        Injected after the cell tagged `parameters`.
    environment : dict, optional
        Further environment variables of the kernel.
    on_cell : function, optional
        Called with the number of cells done, after each one.

    Returns
    -------
    Run
        A fault ends the run and is described in `Run.error`: an exception, an error shown in place of an output, or
        a figure cell without a picture.
    """
    import copy

    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    from course_utils import kernels

    notebook = copy.deepcopy(notebook)
    if parameters:
        _inject(notebook, parameters)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None

    start, error = time.perf_counter(), ""
    with tempfile.TemporaryDirectory(prefix="course-", ignore_cleanup_errors=True) as scratch:
        client = NotebookClient(
            notebook, km=kernels.own_kernel(scratch), timeout=900, record_timing=False, coalesce_streams=True
        )
        client.resources = {"metadata": {"path": str(folder)}}
        kernel_environment = machine.environment(scratch)
        # Running the course is not solving it: the reader's own progress stays as it is.
        kernel_environment["COURSE_PROGRESS"] = str(Path(scratch) / "progress.json")
        kernel_environment.update(environment or {})
        messages = open(Path(scratch) / "stderr", "w+", encoding="utf-8")  # the kernel's own, not the cells'
        with messages, client.setup_kernel(cleanup_kc=True, env=kernel_environment, stderr=messages):
            with _PeakMemory(client.km.provisioner.pid) as memory:
                for index, cell in enumerate(notebook.cells):
                    try:
                        client.execute_cell(cell, index)
                    except (CellExecutionError, CellTimeoutError, DeadKernelError) as problem:
                        error = f"cell {index}: {_last_line(problem)}"
                        if isinstance(problem, DeadKernelError):
                            messages.seek(0)
                            error += f"\n{messages.read()}"
                        break
                    fault = _hidden_fault(cell)
                    if fault:
                        error = f"cell {index}: {fault}"
                        break
                    if on_cell:
                        on_cell(index + 1)
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        # What a widget shows lives in its kernel: stored, it would be an empty box on the web page.
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if WIDGET_VIEW not in output.get("data", {})]
    return Run(notebook, time.perf_counter() - start, memory.peak_gb, error)


def stderr_cells(notebook):
    """Return the numbers of the cells that wrote to stderr."""
    return [
        index
        for index, cell in enumerate(notebook.cells)
        if any(output.get("name") == "stderr" for output in cell.get("outputs", []))
    ]


def _hidden_fault(cell):
    """Say what went wrong in a cell that raised nothing: matplotlib shows its errors in place of the figure."""
    outputs = cell.get("outputs", [])
    for output in outputs:
        if output.output_type == "error" and "raises-exception" not in cell.metadata.get("tags", []):
            return f"{output.ename}: {output.evalue}"
    if _shows_a_figure(cell) and not any(_is_picture(output) for output in outputs):
        return "it calls plt.show(), and no picture came"
    return ""


def _is_picture(output):
    return any(kind.startswith("image/") for kind in output.get("data", {}))


def _shows_a_figure(cell):
    # Only a `plt.show()` that always runs counts, not one in a function, a branch or a loop.
    if cell.cell_type != "code" or "plt.show()" not in cell.source:
        return False
    try:
        statements = ast.parse(cell.source).body
    except SyntaxError:  # not plain Python: a line such as `%time`
        return False
    while statements:
        statement = statements.pop()
        if isinstance(statement, ast.With):
            statements += statement.body
        if isinstance(statement, ast.Expr) and ast.unparse(statement.value) == "plt.show()":
            return True
    return False


def _inject(notebook, parameters):
    """Put the values into a cell of their own after the one tagged `parameters`, as papermill does."""
    import nbformat

    tagged = [i for i, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", [])]
    if len(tagged) != 1:
        raise ValueError(f"the notebook must have one cell tagged `parameters`, it has {len(tagged)}")
    source = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
    notebook.cells.insert(tagged[0] + 1, nbformat.v4.new_code_cell(source))


def _last_line(problem):
    if getattr(problem, "ename", None):
        return f"{problem.ename}: {problem.evalue}"
    return str(problem).strip().splitlines()[-1]


def _memory(process):
    """Return the bytes in memory of a process: its own, and its part of what it shares with others."""
    own = process.memory_full_info() if hasattr(process, "memory_maps") else process.memory_info()
    return getattr(own, "pss", own.rss)


class _PeakMemory:
    """Peak memory of a process and its children, looked at five times a second.

    What several of them share, such as TensorFlow's own code, counts once where the system says so (Linux).
    """

    def __init__(self, pid):
        self.pid, self.peak_gb, self._stop = pid, 0.0, threading.Event()

    def __enter__(self):
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _watch(self):
        import psutil

        while True:
            try:
                process = psutil.Process(self.pid)
                family = [process, *process.children(recursive=True)]
                self.peak_gb = max(self.peak_gb, sum(map(_memory, family)) / 1e9)
            except psutil.Error:
                pass  # it ended, or one of its children just did
            if self._stop.wait(0.2):
                return
