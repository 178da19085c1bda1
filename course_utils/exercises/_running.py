"""Code of readers runs here: it may print, ask for input, loop for ever or end Python, and does no harm."""

import builtins
import contextlib
import ctypes
import io
import threading
import warnings


class OutOfTime(BaseException):
    """Raised in the reader's code when its time is over. Not an `Exception`, so that `except Exception` lets it by."""


class AskedForInput(BaseException):
    """Raised in the reader's code when it calls `input()`: nobody is there to answer."""


def run(work, seconds):
    """Return the result of `work()` and what it printed.

    Raises
    ------
    OutOfTime
        If it takes longer than `seconds`.
    AskedForInput
        If it calls `input()`.
    """
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed), _no_input():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = _within(seconds, work)
    return result, printed.getvalue()


@contextlib.contextmanager
def _no_input():
    def refuse(*prompt):
        raise AskedForInput

    before, builtins.input = builtins.input, refuse
    try:
        yield
    finally:
        builtins.input = before


def _within(seconds, work):
    """Return `work()`, or raise OutOfTime in this very thread.

    A second thread keeps the time and raises the exception in this one: that needs no signal, and so works on Windows
    and in any thread. It arrives between two steps of Python; a single call that never comes back from a compiled
    library (`sum(itertools.count())`) cannot be stopped by anything but the kernel's restart.
    """
    reader, done = threading.get_ident(), threading.Event()

    def keep_time():
        done.wait(seconds)
        # More than once: a bare `except:` in the reader's loop swallows it. Not for ever, whatever happens.
        for _ in range(100):
            if done.wait(0.05):
                return
            _raise_in(reader, OutOfTime)

    clock = threading.Thread(target=keep_time, daemon=True)
    clock.start()
    try:
        try:
            return work()
        finally:
            done.set()
    finally:
        done.set()  # again: the exception may have arrived just before
        clock.join()
        _raise_in(reader, None)  # and if one is still on its way, it is called back


def _raise_in(thread, exception):
    what = ctypes.py_object() if exception is None else ctypes.py_object(exception)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), what)
