"""Where exercises are found: one module a chapter, in this package or in the folder COURSE_EXERCISES."""

import difflib
import importlib
import importlib.util
import os
import pkgutil
import re
import sys
from pathlib import Path

PACKAGE = "course_utils.exercises"


class Broken(ValueError):
    """A module of exercises that cannot be used; the message names it and says why."""


def find(exercise_id):
    """Return the exercise with this id; only the modules of its chapter are loaded.

    Raises
    ------
    Broken
        If the chapter's module cannot be loaded.
    ValueError
        If there is no such exercise; the message names the nearest id.
    """
    name = _module_name(exercise_id.rpartition("-")[0])
    troubles = []
    for load in (_load_course, _load_own):
        found, faults = load(name)
        for exercise in found:
            if exercise.id == exercise_id:
                return exercise
        troubles += faults
    if troubles:
        raise Broken("; ".join(troubles))
    known = [exercise.id for exercise in everything()[0]]
    near = difflib.get_close_matches(exercise_id, known, n=1, cutoff=0)
    hint = f"; the nearest is {near[0]!r}" if near else ""
    raise ValueError(f"exercise_id {exercise_id!r} does not exist{hint}")


def everything():
    """Return all exercises, chapter by chapter, and a line for each fault in a module or a folder."""
    exercises, faults = [], []
    own_files, folder_fault = _own_files()
    sources = [(_load_course, name) for name in _course_names()] + [(_load_own, path.stem) for path in own_files]
    for load, name in sources:
        found, new_faults = load(name)
        faults += new_faults
        known = {exercise.id for exercise in exercises}
        for exercise in found:
            if exercise.id in known:
                faults.append(f"{name}.py in COURSE_EXERCISES: exercise {exercise.id} is one of the course already")
            else:
                exercises.append(exercise)
    return exercises, faults + ([folder_fault] if folder_fault else [])


def _module_name(chapter):
    return "ch_" + re.sub(r"\W", "_", chapter)


# --- the course's own ------------------------------------------------------------------------------------------


def _course_names():
    folder = importlib.import_module(PACKAGE).__path__
    return sorted(module.name for module in pkgutil.iter_modules(folder) if module.name.startswith("ch_"))


def _load_course(name):
    if name not in _course_names():
        return [], []
    return _load(lambda: importlib.import_module(f"{PACKAGE}.{name}"), name, "")


# --- the folder COURSE_EXERCISES -------------------------------------------------------------------------------


def _own_files():
    """Return the modules in the folder COURSE_EXERCISES, and one line if the folder cannot be used."""
    setting = os.environ.get("COURSE_EXERCISES")
    if not setting:
        return [], ""
    try:
        folder = Path(setting).expanduser()
        if not folder.is_absolute():
            return [], f"COURSE_EXERCISES must be a full path, got {setting!r}"
        if not folder.is_dir():
            return [], f"COURSE_EXERCISES names no folder: {folder}"
        return sorted(path for path in folder.iterdir() if path.match("ch_*.py")), ""
    except (OSError, RuntimeError, ValueError) as error:  # not readable, no home folder, a zero byte
        return [], f"COURSE_EXERCISES cannot be read: {error}"


def _load_own(name):
    files, fault = _own_files()
    if fault:
        return [], [fault]
    for path in files:
        if path.stem == name:
            return _load(lambda path=path: _import_file(path), name, " in COURSE_EXERCISES")
    return [], []


def _import_file(path):
    spec = importlib.util.spec_from_file_location(f"own_exercises_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[spec.name]
        raise
    return module


# --- one module ------------------------------------------------------------------------------------------------


def _load(import_it, name, where):
    """Return the exercises of one module, and its faults as lines; a fault in one exercise spares the others."""
    from course_utils.exercises import Exercise

    file = f"{name}.py{where}"
    try:
        listed = list(import_it().EXERCISES)
    except KeyboardInterrupt:
        raise
    except SyntaxError as error:
        return [], [f"{file} cannot be loaded: {type(error).__name__} in line {error.lineno}: {error.msg}"]
    except BaseException as error:  # SystemExit too: a module may call sys.exit
        return [], [f"{file} cannot be loaded: {type(error).__name__}: {error}"]
    found, faults = {}, []
    for exercise in listed:
        if not isinstance(exercise, Exercise):
            faults.append(f"{file}: EXERCISES must hold Exercise objects, got {type(exercise).__name__}")
        elif not isinstance(exercise.id, str) or _module_name(exercise.id.rpartition("-")[0]) != name:
            faults.append(f"{file}: the id {exercise.id!r} does not belong to this file")
        elif exercise.id in found:
            faults.append(f"{file}: the id {exercise.id} is there twice; the first is used")
        else:
            found[exercise.id] = exercise
    return list(found.values()), faults
