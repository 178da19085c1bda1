"""Settings of every test run, notebooks included: plain `pytest` does what `make test` does."""

import os
import tempfile

# Set before any kernel starts, because kernels inherit the environment.
os.environ["COURSE_OFFLINE"] = "1"
os.environ["TF_NUM_INTRAOP_THREADS"] = "1"  # two workers on two cores
os.environ["OMP_NUM_THREADS"] = "1"
_scratch = tempfile.TemporaryDirectory(prefix="course-")
os.environ["COURSE_CACHE_DIR"] = os.path.join(_scratch.name, "cache")
os.environ["COURSE_PROGRESS"] = os.path.join(_scratch.name, "progress.json")
if os.environ.get("COURSE_DATA_DIR"):
    os.environ["COURSE_DATA_DIR"] = os.path.abspath(os.environ["COURSE_DATA_DIR"])
