"""JupyterHub for one machine and one class: the settings stand in class.toml, in the folder where the hub is started.

    cd /srv/class
    /opt/course/.venv/bin/jupyterhub -f /opt/course/docs/classroom/jupyterhub_config.py

docs/classroom.md says what has to be there, and what separates the students from one another.
"""

import os
import pwd
import re
import resource
import shutil
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

from jupyterhub.spawner import LocalProcessSpawner

COURSE = Path(__file__).resolve().parents[2]
CLASS = Path.cwd()
KNOWN = tomllib.loads((COURSE / "docs" / "classroom" / "class.toml").read_text(encoding="utf-8"))
NAME = r"[a-z][a-z0-9_-]{0,31}"  # of a student: it becomes the name of a folder


def read_settings(path):
    """Return the settings of class.toml; what is missing there has the value of the course's own file."""
    if not path.exists():
        sys.exit(f"{path} is missing: copy {COURSE}/docs/classroom/class.toml, and start the hub in its folder")
    own = tomllib.loads(path.read_text(encoding="utf-8"))
    for name, value in own.items():
        if name not in KNOWN:
            sys.exit(f"{path}: there is no setting {name!r}; there are: {', '.join(KNOWN)}")
        if not isinstance(value, (int, float) if isinstance(KNOWN[name], float) else type(KNOWN[name])):
            sys.exit(f"{path}: {name} = {value!r} must be written like {KNOWN[name]!r}")
    settings = KNOWN | own
    if settings["password"] and path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        sys.exit(f"{path} holds a password, and others can read it: chmod 600 {path}")
    if settings["login"] == "try" and urlsplit(settings["address"]).hostname not in ("127.0.0.1", "localhost"):
        sys.exit(f'{path}: login = "try" is for this machine alone, so the address must be http://127.0.0.1:...')
    if settings["login"] == "try" and len(settings["password"]) < 8:
        sys.exit(f"{path}: choose a password of 8 characters or more")
    return settings


SETTINGS = read_settings(CLASS / "class.toml")
STUDENTS = CLASS / SETTINGS["folder"]
SEPARATE = os.geteuid() == 0  # only root can give each student a number of their own

os.umask(0o077)  # the hub's records and the students' files are read by nobody else
STUDENTS.mkdir(exist_ok=True)
STUDENTS.chmod(0o711)  # everybody finds the own folder, nobody sees the others' names

# What a chapter takes from the instructor's settings; nothing else of the hub's environment reaches a student.
FOR_STUDENTS = ["LANG", "LC_ALL", "COURSE_DATA_DIR", "COURSE_OFFLINE", "COURSE_EXERCISES"]


def can_everybody_use_the_course():
    """Exit with one line when a student could not start Python or read the course."""
    command = [sys.executable, "-c", f"import course_utils, jupyterhub, sys; open({str(COURSE / 'README.md')!r})"]
    nobody = SETTINGS["first_number"]
    environment = {"PATH": os.environ.get("PATH", os.defpath)}
    try:
        subprocess.run(
            command, env=environment, cwd="/", user=nobody, group=nobody, extra_groups=[], check=True, stderr=-1
        )
        subprocess.run(
            ["test", "-x", str(STUDENTS)], user=nobody, group=nobody, extra_groups=[], cwd="/", check=True, stderr=-1
        )
    except (PermissionError, subprocess.CalledProcessError) as error:
        reason = (getattr(error, "stderr", None) or str(error).encode()).decode("utf-8", "replace").strip()
        sys.exit(
            f"A student could not use this: {(reason.splitlines() or [str(error)])[-1]}\n"
            f"Everybody must be able to read {COURSE} and the Python that its .venv was made with "
            f"({sys.base_prefix}), and to pass through {CLASS}. A folder in somebody's home will not do."
        )


class SeatSpawner(LocalProcessSpawner):
    """Starts each student's server in a folder of the student's own, under a user number of the student's own.

    No account on the machine is needed. The owner of the folder is the record of who has which number.
    """

    def seat(self):
        """Return the student's folder and number; a new student gets both."""
        if not re.fullmatch(NAME, self.user.name):
            raise ValueError(f"the name {self.user.name!r} cannot become the name of a folder")
        folder = STUDENTS / self.user.name
        if not SEPARATE:
            folder.mkdir(mode=0o700, exist_ok=True)
            return folder, os.geteuid()
        if not folder.exists():
            taken = [path.stat().st_uid for path in STUDENTS.iterdir()]
            number = max([SETTINGS["first_number"] - 1, *taken]) + 1
            folder.mkdir(mode=0o700)
            os.chown(folder, number, number)
        number = folder.lstat().st_uid
        accounts = {account.pw_uid for account in pwd.getpwall()}
        if not folder.is_dir() or folder.is_symlink() or number < SETTINGS["first_number"] or number in accounts:
            raise ValueError(f"{folder} must be a folder that belongs to a number of a student, not to {number}")
        folder.chmod(0o700)
        return folder, number

    def make_preexec_fn(self, name):
        folder, number = self.seat()
        limit = self.mem_limit

        def sit_down():
            if limit:
                resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
            if SEPARATE:
                os.setgroups([])
                os.setgid(number)
                os.setuid(number)
            os.chdir(folder)

        return sit_down

    def user_env(self, env):
        folder, _ = self.seat()
        return env | {"USER": self.user.name, "HOME": str(folder), "SHELL": "/bin/bash"}


if SEPARATE:
    can_everybody_use_the_course()
else:
    print("Not started by root: all servers run as you, and the students are not separated.", file=sys.stderr)

c = get_config()  # noqa: F821  (JupyterHub provides it)

# --- the address, and who may come in ------------------------------------------------------------------------------

c.JupyterHub.bind_url = SETTINGS["address"]
c.JupyterHub.ssl_cert, c.JupyterHub.ssl_key = SETTINGS["certificate"], SETTINGS["key"]
c.JupyterHub.authenticator_class = {"try": "dummy"}.get(SETTINGS["login"], SETTINGS["login"])
c.DummyAuthenticator.password = SETTINGS["password"]
c.NativeAuthenticator.minimum_password_length = 10
c.NativeAuthenticator.allowed_failed_logins = 5
c.Authenticator.username_pattern = NAME
c.Authenticator.admin_users = set(SETTINGS["admins"])
# With "native" an admin lets each one in: a name that is listed would belong to whoever signs up with it first.
listed = set() if SETTINGS["login"] == "native" else set(SETTINGS["students"])
c.Authenticator.allowed_users = listed
c.Authenticator.allow_all = not listed

# The program that hands each request to the right server, from npm.
inside = CLASS / "node_modules" / ".bin" / "configurable-http-proxy"
proxy = str(inside) if inside.exists() else shutil.which("configurable-http-proxy")
if proxy is None:
    sys.exit(f"The proxy is missing: npm install --prefix {CLASS} configurable-http-proxy")
c.ConfigurableHTTPProxy.command = [proxy]

# --- the servers ---------------------------------------------------------------------------------------------------

c.JupyterHub.spawner_class = SeatSpawner
c.JupyterHub.cleanup_servers = False  # the hub may be restarted while the students work on
c.Spawner.cmd = [sys.executable, "-E", str(COURSE / "docs" / "classroom" / "seat.py")]
c.Spawner.args = [f"--MappingKernelManager.cull_idle_timeout={60 * SETTINGS['idle_minutes']}"]
c.Spawner.default_url = "/lab/tree/my_course/00_start_here.ipynb"
c.Spawner.mem_limit = int(SETTINGS["memory_gb"] * 1e9)
c.Spawner.start_timeout = c.Spawner.http_timeout = 180
c.Spawner.disable_user_config = True
c.Spawner.env_keep = FOR_STUDENTS
threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
c.Spawner.environment = dict.fromkeys(threads, str(SETTINGS["cores"]))
c.Spawner.environment |= {"PATH": f"{Path(sys.executable).parent}:{os.defpath}"}
