"""Settings of the slides, read by nbconvert:

    python -m nbconvert --config docs/slides_template/config.py notebooks/*.ipynb

The decks are written to docs/_build/slides, with all they need in folders beside them.
"""

import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SLIDES = HERE.parent / "_build" / "slides"
sys.path.insert(0, str(HERE.parent / "extensions"))
import decks  # noqa: E402  (found only after the line above)
import packaged  # noqa: E402

from course_utils import notebooks  # noqa: E402

(SLIDES / "mathjax").mkdir(parents=True, exist_ok=True)
shutil.copy(packaged.mathjax() / "tex-svg-full.js", SLIDES / "mathjax")
shutil.copytree(packaged.reveal(), SLIDES / "reveal.js", dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.map"))
decks.index(notebooks.chapters(), SLIDES)
shutil.copy(HERE / "course.css", SLIDES / "reveal.js" / "dist" / "theme")

c = get_config()  # noqa: F821  (nbconvert defines it)
c.NbConvertApp.export_format = "slides"
c.FilesWriter.build_directory = str(SLIDES)
c.TemplateExporter.extra_template_basedirs = [str(HERE.parent)]
c.TemplateExporter.template_name = HERE.name
c.SlidesExporter.preprocessors = [decks.Deck]
c.HTMLExporter.exclude_anchor_links = True
c.HTMLExporter.mathjax_url = "mathjax/tex-svg-full.js"
c.SlidesExporter.reveal_url_prefix = "reveal.js"
c.SlidesExporter.reveal_theme = "course"
