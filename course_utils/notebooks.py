"""Find the chapters and run them.

Students never need this module; the commands of `course_utils.cli` and the tests do.
"""

import ast
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

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
        with messages, client.setup_kernel(env=kernel_environment, stderr=messages):
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


class _PeakMemory:
    """Peak resident memory of a process and its children, looked at five times a second."""

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
                self.peak_gb = max(self.peak_gb, sum(p.memory_info().rss for p in family) / 1e9)
            except psutil.Error:
                pass  # it ended, or one of its children just did
            if self._stop.wait(0.2):
                return
