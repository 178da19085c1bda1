"""The data sets of the course: where they are found, how they are verified, what is known about them.

`data/catalogue.toml` describes every data set; `load_<name>()` returns it. There are two kinds:

* embedded sets are part of this repository or of a package: no network, ever;
* benchmark sets are looked for in the folder COURSE_DATA_DIR (each file must be listed in that folder's SHA256SUMS),
  then in the cache (COURSE_CACHE_DIR, or this computer's usual place for caches), then downloaded into the cache.
  COURSE_OFFLINE=1 forbids the download.

When the cache cannot be written to, the download goes to a temporary folder that lasts as long as the Python process,
and a note says so: the work goes on, and only the saving of the next download is lost.

The loaders live in one module a field (`tables`, `images`, ...). All that is public in them is found here.
"""

import importlib
import pkgutil

from course_utils.datasets.catalogue import Entry, File, Trap, catalogue, catalogue_table
from course_utils.datasets.files import DatasetCorrupt, DatasetUnavailable, fetch, status

__all__ = ["DatasetCorrupt", "DatasetUnavailable", "Entry", "File", "Trap"]
__all__ += ["catalogue", "catalogue_table", "fetch", "status"]

FIELDS = sorted({module.name for module in pkgutil.iter_modules(__path__)} - {"catalogue", "files"})

for _field in FIELDS:
    _module = importlib.import_module(f"{__name__}.{_field}")
    for _name, _value in list(vars(_module).items()):
        if not _name.startswith("_") and getattr(_value, "__module__", None) == _module.__name__:
            globals()[_name] = _value
            __all__.append(_name)
