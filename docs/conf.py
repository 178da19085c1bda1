"""The site: the chapters and the pages of this folder, built without network and without running anything.

python -m sphinx -W -q -b html docs docs/_build/html
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "extensions"))
import edition  # noqa: E402  (found only after the line above)
import packaged  # noqa: E402

project = "Deep learning in medicine"
author = "The authors of Deep learning in medicine"
project_copyright = "The authors of Deep learning in medicine. Text and figures: CC BY 4.0. Code: MIT"
language = "en"
version = release = edition.version()

extensions = ["myst_nb", "sphinx_copybutton", "chapters", "terms", "strip", "search_index"]
exclude_patterns = ["_build", "guide", "slides_template", "templates", "**.ipynb_checkpoints"]

nb_execution_mode = "off"  # the notebooks carry their outputs; the tests run them
nb_output_stderr = "error"  # a chapter is quiet
nb_code_prompt_show = "Show the code"
nb_code_prompt_hide = "Hide the code"
myst_enable_extensions = ["dollarmath"]  # as GitHub shows formulas
myst_heading_anchors = 3

html_theme = "sphinx_book_theme"
html_title = project
mathjax_path = "mathjax/tex-svg-full.js"  # needs no network; tex-svg.js would fetch \boldsymbol when it meets it
html_static_path = ["static", str(packaged.mathjax().parent)]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
templates_path = ["templates"]
copybutton_selector = "div.highlight:not(.cell_output div.highlight) pre"  # code, not what it printed
copybutton_prompt_text = r">>> |\.\.\. "  # the primer shows a session: its prompts are not copied
copybutton_prompt_is_regexp = True
html_show_sphinx = False
html_copy_source = False
html_theme_options = {
    "show_toc_level": 2,
    "use_download_button": False,
    "use_fullscreen_button": False,
    "extra_footer": f"<p>Version {release}, {edition.date()}</p>",
    "navbar_persistent": [],  # the search field stands in the side bar, once
}
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system is
html_favicon = "static/favicon.svg"
