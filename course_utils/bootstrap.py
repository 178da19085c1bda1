"""Checks what `make` needs before it installs anything. Written so that an old Python can say it is too old."""

import sys

LOWEST, HIGHEST = (3, 11), (3, 13)
NEEDED_GB = 6


def complaint(version, free_gb):
    """Return one clear line, or an empty string when the course can be installed."""
    if not LOWEST <= tuple(version[:2]) <= HIGHEST:
        return "The course needs Python 3.11, 3.12 or 3.13; this is Python %d.%d." % tuple(version[:2])
    if free_gb is not None and free_gb < NEEDED_GB:
        return "The course needs %d GB of free disk space here; %.1f GB are free." % (NEEDED_GB, free_gb)
    return ""


if __name__ == "__main__":
    try:
        from shutil import disk_usage

        FREE_GB = disk_usage(".").free / 1e9
    except ImportError:  # Python 2
        FREE_GB = None
    sys.exit(complaint(sys.version_info, FREE_GB) or None)
