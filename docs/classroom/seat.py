"""One student's seat: the hub runs this as the student, in the student's own folder.

The chapters are copied as `make lab` copies them, and JupyterLab opens with the course's settings.
"""

import os
import sys
from pathlib import Path

from course_utils import lab, machine

NEWS = "changed_in_the_course.txt"


def prepare(seat):
    """Copy the chapters into `seat`/my_course, and let the links of the chapters lead to the course's pages."""
    messages = lab.copy_course(my_course=seat / "my_course")
    (seat / "my_course" / NEWS).unlink(missing_ok=True)
    if messages:
        (seat / "my_course" / NEWS).write_text("\n".join(messages) + "\n", encoding="utf-8")
    for name in ("docs", "data"):
        if not (seat / name).exists():
            (seat / name).unlink(missing_ok=True)  # a link into a course that has moved
            (seat / name).symlink_to(machine.ROOT / name)


def environment(seat):
    """Return the environment of the student's server and kernels."""
    own = seat / ".lab"
    for name in ("settings", "workspaces", "tmp"):
        (own / name).mkdir(parents=True, exist_ok=True)
    of_the_hub = {name: value for name, value in os.environ.items() if name.startswith(("JUPYTERHUB_", "JPY_"))}
    settings = {
        "JUPYTERLAB_SETTINGS_DIR": str(own / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(own / "workspaces"),
        "TMPDIR": str(own / "tmp"),
    }
    return machine.environment(own) | of_the_hub | settings


def main():
    os.umask(0o077)
    seat = Path.cwd()
    prepare(seat)
    options = [*lab.course_options(), f"--ServerApp.root_dir={seat}"]
    command = [sys.executable, "-P", "-m", "jupyterhub.singleuser", *options, *sys.argv[1:]]
    os.execve(sys.executable, command, environment(seat))


if __name__ == "__main__":
    main()
