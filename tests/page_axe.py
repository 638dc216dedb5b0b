"""What axe finds in a page, at every size and in both colour schemes, with a picture of each."""

from importlib.resources import files
from typing import Any

from playwright.sync_api import Page

from tests.page_site import shoot
from tests.page_states import SCHEMES, SIZES

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
# What a size or a colour scheme changes; the rest is the same markup.
_SIZED = ("color-contrast", "target-size", "scrollable-region-focusable", "link-in-text-block")
_COLOURED = ("color-contrast", "link-in-text-block")

_WHOLE = 2400  # pixels: high enough that no target is half under the composer


def _violations(page: Page, rules: tuple[str, ...]) -> list[str]:
    """Run axe and return each violation with the elements at fault."""
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    only: dict[str, Any] = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": TAGS}
    found = page.evaluate("only => axe.run({ runOnly: only, resultTypes: ['violations'] })", only)[
        "violations"
    ]
    return [
        f"{each['id']}: {node['html'][:160]} {node['target']}" for each in found for node in each["nodes"]
    ]


def is_wide(page: Page) -> bool:
    """Tell whether a page scrolls sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def inspect(page: Page, name: str, *, leave_out: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """Return what is wrong with a page as it is, by size and scheme; keep a picture of each.

    Args:
        page: The page; its colours must change at once.
        name: What the pictures are called.
        leave_out: Sizes at which there is no such state.
    """
    found: dict[str, list[str]] = {}
    for size, (width, height) in SIZES.items():
        if size in leave_out:
            continue
        page.set_viewport_size({"width": width, "height": height})
        if is_wide(page):
            found[f"{size} scrolls sideways"] = []
        for scheme in SCHEMES if size != "narrow" else ():
            page.emulate_media(color_scheme=scheme)
            shoot(page, f"{name}-{size}-{scheme}")
        page.set_viewport_size({"width": width, "height": _WHOLE})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            rules = _COLOURED if scheme == "dark" else _SIZED if size == "narrow" else ()
            if violations := _violations(page, rules):
                found[f"{size}-{scheme}"] = violations
    return found
