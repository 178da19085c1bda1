"""Checks what `make` needs, and installs it. Written so that an old Python can say it is too old."""

import os
import sys

LOWEST, HIGHEST = (3, 11), (3, 13)
NEEDED_GB = 6

# Of the settings of pip the network's hold here too: a mirror, a proxy, a certificate. The others could lead the
# packages elsewhere: into the user's folder, under another root, to another Python, to other versions.
NETWORK = ["index-url", "extra-index-url", "find-links", "no-index", "trusted-host", "proxy", "cert", "client-cert"]
NETWORK += ["timeout", "default-timeout", "retries", "cache-dir", "no-cache-dir", "keyring-provider"]


def complaint(version, free_gb, writable=True):
    """Return one clear line, or an empty string when the course can be installed."""
    if not LOWEST <= tuple(version[:2]) <= HIGHEST:
        return "The course needs Python 3.11, 3.12 or 3.13; this is Python %d.%d." % tuple(version[:2])
    if not writable:
        return "This folder is read-only: copy the course into a folder of your own, and start it there."
    if free_gb is not None and free_gb < NEEDED_GB:
        return "The course needs %d GB of free disk space here; %.1f GB are free." % (NEEDED_GB, free_gb)
    return ""


def pip_environment(environment, listing):
    """Return the environment for `pip install`: of pip's settings only the network's.

    `listing` is what `pip config list` prints: the settings of its files and of its variables, one a line.
    """
    import ast

    kept = {name: value for name, value in environment.items() if not name.startswith("PIP_")}
    kept["PIP_CONFIG_FILE"] = os.devnull
    for wanted in ("global", "install", ":env:"):  # the later wins, as in pip
        for line in listing.splitlines():
            key, _, value = line.partition("=")
            section, _, name = key.rpartition(".")
            if section == wanted and name in NETWORK:
                kept["PIP_" + name.upper().replace("-", "_")] = ast.literal_eval(value)
    return kept


def install():
    """Install requirements.txt into the environment of this Python; return the exit code of pip."""
    import subprocess

    pip = [sys.executable, "-m", "pip"]
    wanted = ["PIP_CONFIG_FILE"] + ["PIP_" + name.upper().replace("-", "_") for name in NETWORK]
    here = {name: value for name, value in os.environ.items() if name in wanted or not name.startswith("PIP_")}
    settings = subprocess.run(pip + ["config", "list"], env=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    listing = settings.stdout.decode("utf-8", "replace")
    if settings.returncode:
        print("The settings of pip cannot be read. They are left out, with any mirror or proxy among them.")
        only_variables = dict(here, PIP_CONFIG_FILE=os.devnull)
        settings = subprocess.run(pip + ["config", "list"], env=only_variables, stdout=subprocess.PIPE)
        listing = settings.stdout.decode("utf-8", "replace")
    command = pip + ["install", "--quiet", "--disable-pip-version-check", "--requirement", "requirements.txt"]
    code = subprocess.call(command, env=pip_environment(here, listing))
    if code:
        print("The installation broke off. Run the same command again: what was downloaded is kept.")
    return code


if __name__ == "__main__":
    if sys.argv[1:] == ["install"]:
        sys.exit(install())
    try:
        from shutil import disk_usage

        FREE_GB = disk_usage(".").free / 1e9
    except ImportError:  # Python 2
        FREE_GB = None
    sys.exit(complaint(sys.version_info, FREE_GB, os.access(".", os.W_OK)) or None)
