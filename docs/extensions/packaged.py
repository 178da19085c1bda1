"""Where the installed packages keep MathJax (formulas) and reveal.js (slides), so that neither needs a network."""

from importlib import metadata
from pathlib import Path


def mathjax():
    """Return the folder `mathjax` of the package sphinx-mathjax-offline."""
    return _folder_of("sphinx-mathjax-offline", "mathjax/tex-svg-full.js")


def reveal():
    """Return the folder of reveal.js in the package sphinx-revealjs."""
    return _folder_of("sphinx-revealjs", "revealjs/dist/reveal.js").parent


def _folder_of(package, ending):
    files = [file for file in metadata.files(package) if str(file).replace("\\", "/").endswith(ending)]
    if len(files) != 1:
        raise FileNotFoundError(f"the package {package} should hold one file {ending}, it holds {len(files)}")
    return Path(files[0].locate()).parent
