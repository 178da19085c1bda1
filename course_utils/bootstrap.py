"""Checks what `make` needs, and installs it. Written so that an old Python can say it is too old."""

import os
import sys

LOWEST, HIGHEST = (3, 11), (3, 13)
NEEDED_GB = 6

# Of the settings of pip the network's hold here too: a mirror, a proxy, a certificate. The others could lead the
# packages elsewhere: into the user's folder, under another root, to another Python, to other versions.
NETWORK = ["index-url", "extra-index-url", "find-links", "no-index", "trusted-host", "proxy", "cert", "client-cert"]
NETWORK += ["timeout", "default-timeout", "retries", "cache-dir", "no-cache-dir", "keyring-provider"]

WHEELS = "wheels"  # where this folder is there, packages come from it, and no network is asked
PIP = [sys.executable, "-m", "pip"]
QUIET = ["--quiet", "--disable-pip-version-check"]


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

    command = PIP + ["install", "--requirement", "requirements.txt"] + QUIET
    if os.path.isdir(WHEELS):
        print("The packages come from the folder %s/; no network is used." % WHEELS)
        sys.stdout.flush()
        command += ["--no-index", "--find-links", WHEELS]
        code = subprocess.call(command, env=pip_environment(os.environ, ""))
        if code:
            print("The folder %s/ lacks what this computer needs: was it filled for this system and" % WHEELS)
            print("Python %d.%d? Rename it, and the packages come from the network." % sys.version_info[:2])
        return code
    code = subprocess.call(command, env=network_environment())
    if code:
        print("The installation broke off. Run the same command again: what was downloaded is kept.")
    return code


def fill():
    """Fill the folder WHEELS with every package of requirements.txt, for this system and this Python."""
    import subprocess
    import tempfile

    with open("requirements.txt") as file:
        pins = [line for line in file if not line.startswith("-e")]  # the course itself travels as its folder
    with tempfile.TemporaryDirectory() as scratch:
        listed = os.path.join(scratch, "requirements.txt")
        with open(listed, "w") as file:
            file.writelines(pins)
        command = PIP + ["wheel", "--wheel-dir", WHEELS, "--requirement", listed] + QUIET
        code = subprocess.call(command, env=network_environment())
    if code:
        print("Not every package came. Run the same command again: what is in %s/ is kept." % WHEELS)
    else:
        print("%s/ holds every package, for this system and Python %d.%d." % ((WHEELS,) + sys.version_info[:2]))
    return code


def network_environment():
    """Return the environment for pip, with the network's settings that this computer has."""
    import subprocess

    wanted = ["PIP_CONFIG_FILE"] + ["PIP_" + name.upper().replace("-", "_") for name in NETWORK]
    here = {name: value for name, value in os.environ.items() if name in wanted or not name.startswith("PIP_")}
    settings = subprocess.run(PIP + ["config", "list"], env=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    listing = settings.stdout.decode("utf-8", "replace")
    if settings.returncode:
        print("The settings of pip cannot be read. They are left out, with any mirror or proxy among them.")
        only_variables = dict(here, PIP_CONFIG_FILE=os.devnull)
        settings = subprocess.run(PIP + ["config", "list"], env=only_variables, stdout=subprocess.PIPE)
        listing = settings.stdout.decode("utf-8", "replace")
    return pip_environment(here, listing)


if __name__ == "__main__":
    if sys.argv[1:] == ["install"]:
        sys.exit(install())
    if sys.argv[1:] == ["wheels"]:
        sys.exit(fill())
    try:
        from shutil import disk_usage

        FREE_GB = disk_usage(".").free / 1e9
    except ImportError:  # Python 2
        FREE_GB = None
    sys.exit(complaint(sys.version_info, FREE_GB, os.access(".", os.W_OK)) or None)
