"""Ask axe-core, of npm, what on a page not everybody can use."""

import functools
import sys
from pathlib import Path

import pytest

PROGRAM = Path(sys.prefix) / "node_modules" / "axe-core" / "axe.min.js"
MISSING = "axe-core is not here; it comes with: npm install --prefix .venv axe-core@4.14.1"
SEE_COLOURS = ("color-contrast", "link-in-text-block")  # the other rules find the same in light and dark


@functools.cache
def _program():
    if not PROGRAM.exists():
        pytest.skip(MISSING)
    return PROGRAM.read_text("utf-8")


def serious(page, rules=()):
    """Return what axe-core calls serious or critical on the page that is open, by these rules or by all."""
    page.ask(f"window.axe || (() => {{ {_program()} }})(); true")
    only = f", runOnly: {list(rules)}" if rules else ""
    return page.ask(
        f"""axe.run({{resultTypes: ["violations"]{only}}}).then(result => result.violations
        .filter(fault => ["serious", "critical"].includes(fault.impact))
        .map(fault => fault.id + ": " + fault.nodes[0].html.slice(0, 200)))"""
    )
