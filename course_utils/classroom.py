"""What a teacher hands out and gets back: exercise sheets on paper, and a table of what a class has solved.

    python -m course_utils sheets 3.1.1 --solutions
    python -m course_utils class returned/

Students never need this module. A sheet is made from the chapter and its solution notebook: nothing is kept twice.
A student's code runs in a process of its own (`_rerun`), on a copy, within a time and a memory.
"""

import csv
import html
import importlib.metadata
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path

from course_utils import machine, notebooks

SHEETS = machine.ROOT / "docs" / "_build" / "sheets"
MATHJAX = "mathjax/tex-svg-full.js"

# --- sheets: what stands on them -------------------------------------------------------------------------------

FOLDED = re.compile(r"<details>\s*<summary>(.*?)</summary>(.*?)</details>", re.DOTALL)
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:)[^)]*\)")  # to another page of the course: on paper its words alone


def sheet(entry, solutions=False):
    """Return the exercise sheet of one chapter as a web page that prints on A4 or letter paper.

    Parameters
    ----------
    entry : notebooks.Entry
        The chapter. With `solutions` its solution notebook must exist, or a ValueError says that it does not.
    solutions : bool
        Also the solutions with their reasoning, the answers of the quiz, and what each listed wrong answer shows.

    Returns
    -------
    str
        HTML; formulas are drawn by the file mathjax/tex-svg-full.js beside it (see `write_sheets`).
    """
    chapter = notebooks.read(entry.path)
    solved = _solutions(entry) if solutions else {}
    parts, hints = [], []
    hint_cells = dict(notebooks.hints(chapter))
    for exercise_id, text, stub, _ in notebooks.exercises(chapter):
        hints += _hint(exercise_id, hint_cells.get(exercise_id))
        parts.append('<section class="exercise">')
        parts.append(_markdown(FOLDED.sub("", text.source)))
        if stub is not None:
            parts.append(_code(stub.source))
        if solutions:
            parts += ['<div class="solution"><h4>Solution</h4>', *map(_cell, solved.get(exercise_id, [])), "</div>"]
            parts.append(_expected_mistakes(exercise_id))
        else:
            parts.append('<div class="room"></div>')
        parts.append("</section>")
    quiz = notebooks.section(chapter, "Quiz")
    if quiz:
        answered = FOLDED.sub(r'\n\n<div class="solution">\n\n\2\n\n</div>\n\n', quiz)
        parts += ['<section class="quiz"><h2>Quiz</h2>', _markdown(answered if solutions else FOLDED.sub("", quiz))]
        parts.append("</section>")
    if hints:
        parts += ['<section class="hints"><h2>Hints</h2>', *hints, "</section>"]
    title = f"{entry.number} {entry.title}: {'exercises and solutions' if solutions else 'exercises'}"
    name = "" if solutions else '<p class="name"><span>Name</span><span>Date</span></p>'
    return PAGE.format(title=html.escape(title), name=name, chapter=html.escape(entry.path.name), body="\n".join(parts))


def write_sheets(entries, folder, solutions=False):
    """Write one page for each chapter, and what draws the formulas, into a folder; return the paths of the pages.

    Sheets with solutions get other names than those without, so that a folder can hold both.
    """
    folder = Path(folder)
    pages = {f"{entry.file}{'_solutions' if solutions else ''}.html": sheet(entry, solutions) for entry in entries}
    (folder / MATHJAX).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(_mathjax(), folder / MATHJAX)
    for name, page in pages.items():
        (folder / name).write_text(page, encoding="utf-8", newline="\n")
    return [folder / name for name in pages]


def mistakes(exercise_id):
    """Return what the listed wrong answers of an exercise show, as (wrong answers, hint).

    The wrong answers are shown as in a message of the check; the text is empty where the answers are functions.
    """
    from course_utils import exercises
    from course_utils.exercises._answers import show

    found = {}
    for misconception in exercises.find(exercise_id).misconceptions:
        values = found.setdefault(misconception.hint, [])
        if not callable(misconception.answer):
            values.append(show(misconception.answer))
    return [(", ".join(values), hint) for hint, values in found.items()]


def _solutions(entry):
    """Return the cells of each exercise's solution: what follows its text, to the next exercise."""
    if not entry.solution_path.exists():
        raise ValueError(f"chapter {entry.number} has no solution notebook: {entry.solution_path.name} is missing")
    found, current = {}, None
    notebook = notebooks.read(entry.solution_path)
    texts = {id(text): exercise_id for exercise_id, text, *_ in notebooks.exercises(notebook)}
    for cell in notebook.cells:
        if id(cell) in texts:
            current = found.setdefault(texts[id(cell)], [])
        elif current is not None:
            current.append(cell)
    return found


def _hint(exercise_id, cell):
    texts = FOLDED.findall(cell.source) if cell is not None else []
    return [_markdown(f"**{exercise_id}**  {text.strip()}") for summary, text in texts if "Hint" in summary]


def _expected_mistakes(exercise_id):
    try:
        listed = mistakes(exercise_id)
    except ValueError:  # a chapter of one's own, without checks
        listed = []
    if not listed:
        return ""
    items = [f"<li>{_markdown(f'*{values}:* {hint}' if values else hint)}</li>" for values, hint in listed]
    return "\n".join(['<div class="mistakes"><h4>What a wrong answer shows</h4><ul>', *items, "</ul></div>"])


# --- sheets: how they look -------------------------------------------------------------------------------------


def _cell(cell):
    return _code(cell.source) if cell.cell_type == "code" else _markdown(FOLDED.sub(r"\2", cell.source))


def _code(source):
    return f"<pre><code>{html.escape(source)}</code></pre>"


def _markdown(source):
    from nbconvert.filters.markdown_mistune import markdown2html_mistune

    return markdown2html_mistune(LINK.sub(r"\1", source))


def _mathjax():
    package = "sphinx-mathjax-offline"
    for file in importlib.metadata.files(package) or []:
        if str(file).replace("\\", "/").endswith(MATHJAX):
            return file.locate()
    raise FileNotFoundError(f"the package {package} should hold {MATHJAX}: run `make lab` again")


PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<script>window.MathJax = {{tex: {{inlineMath: [["$", "$"], ["\\\\(", "\\\\)"]]}}}};</script>
<script defer src="mathjax/tex-svg-full.js"></script>
<style>
@page {{ margin: 18mm; }}
body {{ font: 11pt/1.45 Georgia, "Times New Roman", serif; max-width: 44em; margin: 2em auto; padding: 0 1em;
  color: #111; background: #fff; }}
h1 {{ font-size: 1.5em; }} h2 {{ font-size: 1.25em; }} h3 {{ font-size: 1.1em; }} h4 {{ margin: .6em 0 .2em; }}
h1, h2, h3, h4 {{ font-family: Helvetica, Arial, sans-serif; line-height: 1.2; break-after: avoid; }}
pre {{ font-size: 9.5pt; line-height: 1.35; white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid #888;
  padding: .6em .8em; break-inside: avoid; }}
table {{ border-collapse: collapse; }} td, th {{ border: 1px solid #888; padding: .15em .6em; }}
img, svg {{ max-width: 100%; }}
a.anchor-link {{ display: none; }}
.name span {{ display: inline-block; width: 45%; border-bottom: 1px solid #111; margin-right: 4%; }}
.room {{ height: 45mm; border: 1px dotted #888; break-inside: avoid; }}
.solution, .mistakes {{ border-left: 3px solid #123a5e; padding-left: 1em; }}
.mistakes {{ border-left-color: #888; font-size: .92em; }} .mistakes p {{ margin: 0; }}
.hints {{ break-before: page; }}
</style>
</head>
<body>
<h1>{title}</h1>
{name}
<p>The exercises use what the notebook <code>{chapter}</code> explains and defines. There each answer is checked at
once.</p>
{body}
</body>
</html>
"""


# --- a class: what came back -----------------------------------------------------------------------------------

SIGNS = {"solved": "✓", "wrong": "✗", "open": "○", "fault": "!", "missing": "–"}
LARGEST_FILE, LARGEST_FOLDER = 50_000_000, 500_000_000  # bytes that are copied of what a student returned
KEPT = {"PATH", "LANG", "LANGUAGE", "TZ", "SYSTEMROOT", "WINDIR", "COMSPEC", "PATHEXT", "LD_LIBRARY_PATH", "PYTHONPATH"}
KEPT |= {"COURSE_DATA_DIR", "COURSE_EXERCISES", "TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS"}


@dataclass(frozen=True)
class Result:
    """What became of one exercise of one student.

    `result` is "solved", "wrong", "open" (not attempted), "fault" (its cells ended before the check: an error, the
    time, the memory) or "missing" (its check is in no cell). `misconception` is the hint of the listed wrong answer, if
    it was one; `message` is what the check said, or what the fault was.
    """

    student: str
    chapter: str
    exercise: str
    result: str
    misconception: str = ""
    message: str = ""


def students(folder):
    """Return (name, folder with the chapters) of every student, by name.

    A student's folder holds what `make lab` made: the chapters themselves, or a folder `my_course` with them.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder: it should hold one folder for each student")
    found = []
    for path in sorted(path for path in folder.iterdir() if path.is_dir() and path.name[0] not in "._"):
        if path.name == "solutions":
            continue
        inner = path / "my_course"
        found.append((path.name, inner if inner.is_dir() else path))
    if not found:
        example = folder / "anna" / "00_start_here.ipynb"
        raise ValueError(f"{folder} holds no folder of a student: it should look like {example}")
    return found


def review(folder, entries, *, seconds=60, memory_gb=4.0, workers=1, on_result=None):
    """Check again what the students of a class have returned, each chapter in a process of its own.

    Parameters
    ----------
    folder : path
        One folder for each student (see `students`). Nothing in it is changed: the students' code runs on a copy.
    entries : list of notebooks.Entry
        The chapters to look at. Those that a student has not returned are left out.
    seconds : float
        How long the cells that an exercise needs may take; the time that its check allows comes on top.
    memory_gb : float
        The most memory of a student's process and all that it starts.
    workers : int
        How many processes run at a time.
    on_result : function, optional
        Called with the list of `Result` of each chapter of each student, when it is known.

    Returns
    -------
    list of Result
        By student, chapter and exercise.
    """
    jobs = [
        (name, place, entry)
        for name, place in students(folder)
        for entry in entries
        if (place / entry.path.name).is_file()
    ]
    with tempfile.TemporaryDirectory(prefix="course-", ignore_cleanup_errors=True) as scratch:
        home = Path(scratch) / "home"  # one for all: matplotlib makes its list of fonts once
        home.mkdir()

        def one(number):
            name, place, entry = jobs[number]
            copy = Path(scratch) / str(number)
            try:
                results = _review_chapter(name, place, entry, copy, home, seconds, memory_gb)
            finally:
                shutil.rmtree(copy, ignore_errors=True)
            if on_result:
                on_result(results)
            return results

        with ThreadPoolExecutor(max_workers=workers) as pool:
            try:
                return [result for results in pool.map(one, range(len(jobs))) for result in results]
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise


def _review_chapter(student, place, entry, copy, home, seconds, memory_gb):
    """Return the results of one chapter of one student."""
    chapter = notebooks.read(entry.path)
    stubs = {exercise_id: stub.source.strip() for exercise_id, _, stub, _ in notebooks.exercises(chapter) if stub}
    try:
        returned = _read_returned(place / entry.path.name)
    except (ValueError, OSError) as error:
        complaint = str(error).replace(f"{place / entry.path.name} ", f"{entry.path.name} ")
        return [Result(student, entry.number, exercise_id, "fault", message=complaint) for exercise_id in stubs]
    found, to_run = {}, []
    for exercise_id, stub in stubs.items():
        sources = [returned.cells[i].source.strip() for i in notebooks.cells_with_check(returned.cells, exercise_id)]
        if not sources:
            found[exercise_id] = ("missing", "", "no cell has its check")
        elif set(sources) == {stub}:
            found[exercise_id] = ("open", "", "")
        else:
            to_run.append(exercise_id)
    if to_run:
        _copy_small_files(place, copy)
        found |= _Process(copy, home, memory_gb).run(copy / entry.path.name, to_run, seconds)
    return [Result(student, entry.number, exercise_id, *found[exercise_id]) for exercise_id in stubs]


def _read_returned(path):
    if path.stat().st_size > LARGEST_FILE:
        raise ValueError(f"{path} is larger than {LARGEST_FILE / 1e6:.0f} MB: clear its outputs")
    return notebooks.read(path)


def _copy_small_files(place, copy):
    """Copy what a student's cells may read: no links, nothing hidden, no large files."""
    left = LARGEST_FOLDER
    for folder, folders, files in os.walk(place):
        folders[:] = [name for name in folders if name[0] != "." and not (Path(folder) / name).is_symlink()]
        target = copy / Path(folder).relative_to(place)
        target.mkdir()
        for path in (Path(folder) / name for name in sorted(files) if name[0] != "."):
            if path.is_file() and not path.is_symlink() and path.stat().st_size <= min(left, LARGEST_FILE):
                left -= path.stat().st_size
                shutil.copyfile(path, target / path.name)


class _Process:
    """Runs exercises of a student in processes that are watched from here: their time, their memory."""

    def __init__(self, copy, home, memory_gb):
        self.copy, self.home, self.memory_gb = copy, home, memory_gb

    def run(self, notebook, exercise_ids, seconds):
        """Return {exercise id: (result, misconception, message)}. What ends a process does not end the others."""
        found, todo = {}, list(exercise_ids)
        while todo:
            verdicts, current, trouble = self._one(notebook, todo, seconds)
            for exercise_id, verdict in verdicts.items():
                if exercise_id in todo:
                    found[exercise_id] = verdict
            if current in todo and current not in verdicts:
                found[current] = ("fault", "", trouble)
            elif trouble and current is None:  # it did not come to the first exercise
                found |= {exercise_id: ("fault", "", trouble) for exercise_id in todo if exercise_id not in found}
            todo = [exercise_id for exercise_id in todo if exercise_id not in found] if trouble else []
        nothing = ("fault", "", "the cells ended without an answer")
        return {exercise_id: found.get(exercise_id, nothing) for exercise_id in exercise_ids}

    def _one(self, notebook, exercise_ids, seconds):
        """Start one process; return its verdicts, the exercise it was at, and what ended it ("" where it was done)."""
        job = {"notebook": str(notebook), "exercises": exercise_ids, "folder": str(self.copy), "home": str(self.home)}
        job["memory_bytes"] = int(self.memory_gb * 1e9)
        file = self.home / f"{uuid.uuid4().hex}.json"
        file.write_text(json.dumps(job), encoding="utf-8")
        command = [sys.executable, "-P", "-m", "course_utils._rerun", str(file)]
        with subprocess.Popen(
            command, cwd=self.copy, env=self._environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, start_new_session=True,
        ) as process:  # fmt: skip
            lines = queue.Queue()
            threading.Thread(target=_put_lines, args=(process.stdout, lines), daemon=True).start()
            try:
                return self._watch(process, lines, seconds)
            finally:
                _end(process)
                file.unlink(missing_ok=True)

    def _watch(self, process, lines, seconds):
        verdicts, current = {}, None
        allowed = seconds
        deadline = time.monotonic() + allowed + 30  # to start, on a busy computer
        while True:
            try:
                event = lines.get(timeout=0.2)
            except queue.Empty:
                if time.monotonic() > deadline:
                    return verdicts, current, f"stopped after {allowed:g} seconds: does a loop in it never end?"
                if _memory_gb(process) > self.memory_gb:
                    return verdicts, current, f"stopped: it needs more than {self.memory_gb:g} GB of memory"
                continue
            if event is None:
                code = process.wait()
                how = f"signal {-code}" if code < 0 else f"exit code {code}"
                return verdicts, current, f"its code ended Python ({how})"
            kind, exercise_id = event.get("event"), event.get("exercise")
            if kind == "end":
                return verdicts, current, ""
            if kind == "begin":
                current, allowed = exercise_id, seconds + _seconds_of_check(exercise_id)
                deadline = time.monotonic() + allowed
            elif kind == "fault":
                verdicts.setdefault(exercise_id, ("fault", "", _printable(event.get("message"))))
            elif kind == "verdict" and verdicts.get(exercise_id, ("",))[0] != "solved":  # the best, or else the last
                result = {"✓": "solved", "○": "open"}.get(event.get("sign"), "wrong")
                message = _printable(event.get("message")) if result == "wrong" else ""
                verdicts[exercise_id] = (result, _printable(event.get("misconception")), message)

    def _environment(self):
        from course_utils.datasets import files

        kept = machine.environment(self.home)
        kept = {
            name: value
            for name, value in kept.items()
            if name in KEPT or name.startswith(("LC_", "JUPYTER", "IPYTHON"))
        }
        cache = files.cache_folder()
        kept |= {"COURSE_CACHE_DIR": str(cache)} if cache else {}
        kept |= {name: str(self.home) for name in ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "MPLCONFIGDIR")}
        kept |= {name: str(self.copy) for name in ("TMPDIR", "TEMP", "TMP")}
        kept |= {"COURSE_OFFLINE": "1", "COURSE_PROGRESS": str(self.copy / ".progress.json"), "MPLBACKEND": "agg"}
        return kept | {"PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def _put_lines(stream, lines):
    with stream:
        for line in iter(lambda: stream.readline(100_000), b""):
            try:
                event = json.loads(line)
            except ValueError:
                continue  # not from the course: a student's code found a way to write here
            if isinstance(event, dict):
                lines.put(event)
    lines.put(None)


def _end(process):
    """End a process and all that it has started."""
    import psutil

    try:
        family = psutil.Process(process.pid).children(recursive=True)
    except psutil.Error:
        family = []
    if os.name == "posix":
        try:
            os.killpg(process.pid, signal.SIGKILL)  # also those whose parent has ended
        except (ProcessLookupError, PermissionError):
            pass
    for one in family:
        try:
            one.kill()
        except psutil.Error:
            pass
    process.kill()
    process.wait()


def _memory_gb(process):
    import psutil

    try:
        first = psutil.Process(process.pid)
        return sum(one.memory_info().rss for one in [first, *first.children(recursive=True)]) / 1e9
    except psutil.Error:
        return 0.0  # it ended, or one of its children just did


def _seconds_of_check(exercise_id):
    from course_utils import exercises

    try:
        return exercises.find(exercise_id).seconds
    except (ValueError, TypeError):
        return 0


def _printable(text):
    """Return a text of a student's on one line, without what would steer a terminal."""
    text = " ".join(str(text or "").split())
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:1000]


# --- a class: what is shown of it ------------------------------------------------------------------------------


def table(results):
    """Return the lines of a table: a row for each student, a column for each chapter, a sign for each exercise."""
    numbers = list(dict.fromkeys(result.chapter for result in sorted(results, key=_place)))
    by_student = {}
    for result in results:
        by_student.setdefault(result.student, []).append(result)
    rows = [["student", *numbers, "solved"]]
    for student, own in by_student.items():
        signs = ["".join(SIGNS[one.result] for one in own if one.chapter == number) for number in numbers]
        solved = sum(one.result == "solved" for one in own)
        rows.append([_printable(student), *signs, f"{solved} of {len(own)}"])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def what_went_wrong(results):
    """Return lines: for each exercise the misconceptions, the most frequent first, then other answers, then faults."""
    lines = []
    for exercise in dict.fromkeys(result.exercise for result in sorted(results, key=_place)):
        groups = {}
        for one in results:
            if one.exercise == exercise and one.result in ("wrong", "fault"):
                said = one.misconception or f"{'not listed' if one.result == 'wrong' else 'not checked'}: {one.message}"
                groups.setdefault(said, []).append(_printable(one.student))
        for said, names in sorted(groups.items(), key=lambda group: -len(group[1])):
            lines.append(f"{exercise}  {len(names)} ({', '.join(names)}): {said}")
    return lines


def write_csv(results, path):
    """Write one row for each exercise of each student. A spreadsheet takes no cell of it for a formula."""
    names = [field.name for field in fields(Result)]
    with open(path, "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for result in results:
            cells = [str(getattr(result, name)) for name in names]
            writer.writerow([f"'{cell}" if cell[:1] in ("=", "+", "-", "@") else cell for cell in cells])


def _place(result):
    return [int(part) if part.isdigit() else 0 for part in re.split(r"\D", result.chapter)], result.exercise
