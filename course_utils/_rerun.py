"""Run the exercises of one returned notebook again, in this process, which `classroom` starts, watches and ends.

    python -P -m course_utils._rerun JOB.json

The job names the notebook, the exercises, the folder that may be written to and the most memory. Each line of the
output is one event as JSON: `begin` before the cells of an exercise run, `verdict` for what its check said, `fault`
for cells that ended before the check. What students print is shown nowhere.

The guard stops accidents: a path mistyped, a clean-up that goes too far, a download. On Linux the system itself keeps
writing and TCP away (Landlock); elsewhere only Python's own functions are watched.
"""

import ast
import dis
import json
import os
import sys
import types
from dataclasses import dataclass
from pathlib import Path

from course_utils import many

# --- the guard -------------------------------------------------------------------------------------------------

PROBES = {"fc-list", "uname", "lscpu", "ldconfig", "system_profiler"}  # asked by libraries which machine this is
NETWORK = {"socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}
PROGRAMS = {"os.system", "os.exec", "os.posix_spawn", "os.startfile", "pty.spawn"}
CHANGES = {"os.remove", "os.rmdir", "os.mkdir", "os.truncate", "os.chmod", "os.chown", "os.utime"}
CHANGES_TWO = {"os.rename", "os.link", "os.symlink"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
FREE = ("/dev/null", "/dev/tty", "/dev/shm")


def guard(folders, memory_bytes):
    """Let this process write into `folders` alone, use no network and no more memory than this, from now on."""
    _limit(memory_bytes)
    confined = _landlock(folders)
    allowed = tuple(os.path.realpath(folder) for folder in (*folders, os.devnull)) + FREE

    def outside(path):
        if isinstance(path, int) or path is None:
            return False
        path = os.path.realpath(os.fsdecode(path))
        return not any(path == folder or path.startswith(folder + os.sep) for folder in allowed)

    def watch(event, arguments):
        if event == "open":
            path, mode, flags = arguments
            writes = isinstance(flags, int) and flags & WRITING or isinstance(mode, str) and set(mode) & set("wax+")
            if writes and outside(path):
                raise PermissionError(f"only your own folder may be written to, not {path}")
        elif event in CHANGES and outside(arguments[0]) or event in CHANGES_TWO and any(map(outside, arguments[:2])):
            raise PermissionError("only your own folder may be changed")
        elif event in NETWORK and not _is_local(arguments):
            raise PermissionError("there is no network here")
        elif not confined and (event in PROGRAMS or event == "subprocess.Popen" and not _is_probe(arguments)):
            raise PermissionError("no program may be started here")

    sys.addaudithook(watch)


def _is_local(arguments):
    address = arguments[1] if len(arguments) > 1 and not isinstance(arguments[0], str) else arguments[0]
    host = address[0] if isinstance(address, tuple) and address else address
    return host in ("127.0.0.1", "::1", "localhost") or isinstance(address, bytes | str) and str(address)[:1] == "/"


def _is_probe(arguments):
    executable, command = arguments[:2]
    program = executable or (command if isinstance(command, str) else command[0])
    return os.fsdecode(program) == sys.executable or os.path.basename(os.fsdecode(program)) in PROBES


def _limit(memory_bytes):
    try:
        import resource
    except ImportError:  # Windows: `classroom` looks at the memory from outside
        return
    limits = [("RLIMIT_DATA", memory_bytes), ("RLIMIT_FSIZE", 500_000_000), ("RLIMIT_CORE", 0)]
    for name, most in limits:
        try:
            resource.setrlimit(getattr(resource, name), (most, most))
        except (ValueError, OSError, AttributeError):
            pass  # a lower limit holds already, or this system has none


def _landlock(folders):
    """Ask Linux to refuse this process every change outside `folders`, and TCP. Return whether it does.

    Source: https://docs.kernel.org/userspace-api/landlock.html
    """
    if sys.platform != "linux":
        return False
    import ctypes
    import struct

    create, add, restrict, set_no_new_privileges, under_a_path = 444, 445, 446, 38, 1
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(create, None, 0, 1)
    if version < 3:  # before version 3 a file could be emptied all the same
        return False
    write_file, truncate = 1 << 1, 1 << 14
    changes = write_file | truncate | 1 << 13 | sum(1 << bit for bit in range(4, 13))
    tcp = 3 if version >= 4 else 0
    rules = struct.pack("QQ", changes, tcp) if version >= 4 else struct.pack("Q", changes)
    ruleset = libc.syscall(create, rules, len(rules), 0)
    if ruleset < 0:
        return False
    for path in (*folders, *FREE):
        if os.path.exists(path):
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            rights = changes if os.path.isdir(path) else write_file | truncate
            libc.syscall(add, ruleset, under_a_path, struct.pack("=Qi", rights, place), 0)
            os.close(place)
    done = libc.prctl(set_no_new_privileges, 1, 0, 0, 0) == 0 and libc.syscall(restrict, ruleset, 0) == 0
    os.close(ruleset)
    return done


# --- which cells an exercise needs -----------------------------------------------------------------------------

CHANGING = {"add", "append", "build", "clear", "compile", "extend", "fit", "insert", "pop", "remove", "set_weights"}
CHANGING |= {"set", "shuffle", "sort", "train", "train_on_batch", "update"}
SHOWING = {"ax", "axes", "claim", "display", "exercises", "fig", "plots", "plt", "print", "sns"}
PERHAPS = ast.If | ast.For | ast.While | ast.Try | ast.Match  # what stands in these may not run


@dataclass(frozen=True)
class Facts:
    """The names of the notebook that a cell reads as it runs (`now`) or when its functions are called (`later`), those
    that it makes (`perhaps`, `surely`; "*" stands for any), and those whose objects it may change."""

    now: frozenset
    later: frozenset
    perhaps: frozenset
    surely: frozenset
    changed: frozenset


def facts(source):
    """Return the `Facts` of a code cell, or None if it is no Python. Nothing of it runs."""
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        plain = TransformerManager().transform_cell(source)
        statements = ast.parse(plain).body
        now, later, perhaps, surely, changed = set(), set(), set(), set(), set()
        for statement in statements:
            loaded, in_functions, stored = _names(compile(ast.Module([statement], []), "cell", "exec"))
            now |= loaded - surely
            later |= in_functions
            (perhaps if isinstance(statement, PERHAPS) else surely).update(stored)
            changed |= _changed(statement)
    except Exception:  # no Python, or nested too deep to be read
        return None
    if "get_ipython().run_" in plain:  # `%time x = 2`
        perhaps.add("*")
    return Facts(*map(frozenset, (now, later - surely, perhaps, surely, changed)))


def _names(code, in_function=False):
    """Return the global names that compiled code loads at once, loads in functions, and stores."""
    loaded, in_functions, stored = set(), set(), set()
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS"):
            (in_functions if in_function else loaded).add(step.argval)
        elif step.opname in ("STORE_NAME", "STORE_GLOBAL") and code.co_name == "<module>":
            stored.add(step.argval)
        elif step.opname == "IMPORT_STAR" or step.opname == "CALL_INTRINSIC_1" and step.argval == 2:
            stored.add("*")
    for inner in (constant for constant in code.co_consts if isinstance(constant, types.CodeType)):
        at_once = inner.co_name in ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>") and not in_function
        for mine, of_inner in zip((loaded, in_functions, stored), _names(inner, not at_once), strict=True):
            mine |= of_inner
    return loaded, in_functions, stored


def _changed(statement):
    """Return the names whose objects a statement may change: `x[0] = 1`, `x.append(1)`, `train(x)`."""
    names, todo = set(), [statement]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            continue  # what a function does to its own names
        todo += ast.iter_child_nodes(node)
        if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            names.add(_root(node))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CHANGING:
            names.add(_root(node.func))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _root(node.value) not in SHOWING:
            names |= {argument.id for argument in node.value.args if isinstance(argument, ast.Name)}
    return names - {None}


def _root(node):
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return getattr(node, "id", None)


def needed(cells, target):
    """Return the numbers of the cells before `target` that make or change what it uses, in order.

    Parameters
    ----------
    cells : list
        The `Facts` of each cell, None for text and for what is no Python.
    target : int
        The cell of the exercise.
    """
    found, todo, seen = set(), [], set()

    def want(names, place):
        todo.extend({(name, place) for name in names} - seen)
        seen.update(todo)

    want(cells[target].now | cells[target].later, target)
    while todo:
        name, place = todo.pop()
        for index in reversed(range(place)):
            cell = cells[index]
            if cell is None or not {name, "*"} & (cell.perhaps | cell.surely | cell.changed):
                continue
            if index not in found:
                found.add(index)
                want(cell.now | cell.later, index)
                want(cell.later, target)  # its functions may use what a later cell makes
            if name in cell.surely:
                break  # what came before is gone
    return sorted(found)


# --- running ---------------------------------------------------------------------------------------------------


def main(job_file):
    """Run the exercises of a job one after the other, each cell once."""
    many.end_with_the_parent()
    job = json.loads(Path(job_file).read_text(encoding="utf-8"))
    tell = _own_output()
    os.chdir(job["folder"])
    sys.path.append(job["folder"])  # last: a student's numpy.py is not NumPy
    guard([job["folder"], job["home"]], job["memory_bytes"])

    from course_utils import exercises, notebooks

    judge, find, current = exercises.judge, exercises.find, {}

    def check(exercise_id, answer):
        verdict = judge(exercise_id, answer)
        current["said"] = exercise_id == current["exercise"] or current["said"]
        current["lost"] = "NameError" in verdict.message
        tell(event="verdict", exercise=exercise_id, sign=verdict.sign, message=verdict.message[:1000],
             misconception=_misconception(find, exercise_id, verdict))  # fmt: skip

    exercises.check = check
    cells = notebooks.read(job["notebook"]).cells
    code = [cell.source if cell.cell_type == "code" else "" for cell in cells]
    known = [facts(source) if source else None for source in code]
    shell, done = _shell(), set()
    for exercise_id in job["exercises"]:
        current.update(exercise=exercise_id, said=False, lost=False)
        tell(event="begin", exercise=exercise_id)
        trouble = ""
        for target in notebooks.cells_with_check(cells, exercise_id):
            before = needed(known, target) if known[target] is not None else []
            error, lost = _run_cells(shell, code, [index for index in before if index not in done], target)
            done.update(before)
            if lost or current["lost"]:  # a name is missing: something was needed after all
                rest = [index for index in range(target) if code[index] and index not in done]
                error, _ = _run_cells(shell, code, rest, target)
                done.update(rest)
            trouble = trouble or error
        if not current["said"]:
            tell(event="fault", exercise=exercise_id, message=(trouble or "its check was not reached")[:1000])
    tell(event="end")
    os._exit(0)  # threads of a student's do not keep it alive


def _own_output():
    """Keep the output for this module alone, and return the function that writes an event to it."""
    sys.stdout.flush()
    own = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    write, flush = own.write, own.flush

    def tell(**event):
        write(json.dumps(event) + "\n")
        flush()

    return tell


def _misconception(find, exercise_id, verdict):
    """Return the hint of the listed wrong answer that a verdict tells, or an empty string."""
    if verdict.sign != "✗":
        return ""
    try:
        hints = [misconception.hint for misconception in find(exercise_id).misconceptions]
    except ValueError:
        return ""
    return max((hint for hint in hints if hint in verdict.message), key=len, default="")


def _shell():
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    return InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))


def _run_cells(shell, code, numbers, target):
    """Run cells as a notebook does, `target` last; return its error as text, and whether a name was missing."""
    lost = False
    for index in [*numbers, target]:
        result = shell.run_cell(code[index])
        error = result.error_before_exec or result.error_in_exec
        lost = lost or isinstance(error, NameError)
        pyplot = sys.modules.get("matplotlib.pyplot")
        if pyplot is not None:
            pyplot.close("all")
    return f"{type(error).__name__}: {error}" if error is not None else "", lost


if __name__ == "__main__":
    main(sys.argv[1])
