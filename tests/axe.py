"""Ask axe-core, which lies in tests/fixtures/axe, what on a page not everybody can use."""

import functools

from course_utils import notebooks

SEE_COLOURS = ("color-contrast", "link-in-text-block")  # the other rules find the same in light and dark


@functools.cache
def _program():
    return (notebooks.ROOT / "tests" / "fixtures" / "axe" / "axe.min.js").read_text("utf-8")


def serious(page, rules=()):
    """Return what axe-core calls serious or critical on the page that is open, by these rules or by all."""
    page.ask(f"window.axe || (() => {{ {_program()} }})(); true")
    only = f", runOnly: {list(rules)}" if rules else ""
    return page.ask(
        f"""axe.run({{resultTypes: ["violations"]{only}}}).then(result => result.violations
        .filter(fault => ["serious", "critical"].includes(fault.impact))
        .map(fault => fault.id + ": " + fault.nodes[0].html.slice(0, 200)))"""
    )
