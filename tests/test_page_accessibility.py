"""What holds in every state of the page: French, axe, no sideways scroll, the keyboard, still pictures, one voice."""

from threading import Semaphore
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from assistant.web import texts
from tests.page_axe import inspect, is_wide
from tests.page_site import MARKS, Site, ask, ask_and_wait
from tests.page_states import ONLY_SMALL, SAYS, STATES, answered, reading, scoped, sheet
from tests.page_words import read_words

pytestmark = MARKS


@pytest.mark.parametrize("state", STATES)
def test_every_state_is_in_french_and_without_a_violation_at_every_size_and_in_both_schemes(
    page: Page, site: Site, state: str
) -> None:
    page.emulate_media(reduced_motion="reduce")  # colours then change at once
    STATES[state](page, site)
    assert read_words(page) == (set(), set())
    assert page.title() == texts.PAGE_TITLE
    leave_out = ("desktop",) if state in ONLY_SMALL else ()
    assert inspect(page, state, leave_out=leave_out) == {}


@pytest.mark.parametrize("state", [answered, scoped, reading])
def test_nothing_scrolls_sideways_at_200_and_400_percent(page: Page, site: Site, state: Any) -> None:
    state(page, site)
    for width, height in ((720, 450), (320, 256)):
        page.set_viewport_size({"width": width, "height": height})
        assert not is_wide(page)


# WCAG 1.4.12; the texts that are cut where no one can scroll to the rest.
_SPACED = "* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; } p { margin-bottom: 2em !important; }"
_CUT = """() => [...document.querySelectorAll("#cim-shell *, #rail *")].filter((each) => each.checkVisibility({ visibilityProperty: true })
  && each.textContent.trim() && ["hidden", "clip"].includes(getComputedStyle(each).overflowX) && !each.closest(".cim-sr, .sr-only")
  && (each.scrollWidth > each.clientWidth + 1 || each.scrollHeight > each.clientHeight + 1)).map((each) => each.outerHTML.slice(0, 160))"""


@pytest.mark.parametrize("state", [answered, scoped, reading])
def test_spaced_out_text_is_neither_cut_nor_wider_than_the_page(page: Page, site: Site, state: Any) -> None:
    state(page, site)
    spacing = page.add_style_tag(content=_SPACED)
    for width in (1440, 390, 320):
        page.set_viewport_size({"width": width, "height": 900})
        assert not is_wide(page)
        assert page.evaluate(_CUT) == []
    spacing.evaluate("style => style.remove()")


# What Tab should reach, and what it finds where it stops.
_REACHABLE = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary")]
  .filter((each) => each.checkVisibility({ visibilityProperty: true }) && !each.disabled && each.tabIndex >= 0
    && !(each.closest("details:not([open])") && !each.matches("summary"))).length"""
_STOP = """() => {
  const stop = document.activeElement;
  if (stop === document.body) return null;
  const box = stop.getBoundingClientRect();
  const style = getComputedStyle(stop);
  const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  window.stops ??= new Map();
  if (!window.stops.has(stop)) window.stops.set(stop, window.stops.size);
  return { nth: window.stops.get(stop), name: stop.outerHTML.slice(0, 120), ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    shown: box.height === 0 || Boolean(top && (stop.contains(top) || top.contains(stop))), inside: box.top >= 0 && box.bottom <= innerHeight };
}"""


@pytest.mark.parametrize("width", [1440, 390])
def test_keyboard_reaches_everything_and_its_focus_is_seen(page: Page, site: Site, width: int) -> None:
    answered(page, site)
    page.set_viewport_size({"width": width, "height": 844})
    page.wait_for_selector(
        "#cim-dialog #cim-side" if width < 1200 else "#cim-shell > #cim-side", state="attached"
    )
    page.evaluate("() => { window.stops = undefined; document.activeElement.blur(); scrollTo(0, 0); }")
    wanted = page.evaluate(_REACHABLE)
    stops: dict[int, dict[str, Any]] = {}
    for _ in range(wanted * 2):
        page.keyboard.press("Tab")
        stop = page.evaluate(_STOP)
        if stop is not None:
            stops.setdefault(stop["nth"], stop)
        if len(stops) >= wanted:
            break
    assert len(stops) >= wanted
    assert [stop["name"] for stop in stops.values() if not stop["ring"]] == []
    assert [stop["name"] for stop in stops.values() if not (stop["shown"] and stop["inside"])] == []


_MOVING = "document.getAnimations().filter((each) => each.playState === 'running').length"


def test_nothing_moves_for_those_who_asked_for_stillness(page: Page, site: Site) -> None:
    site.chain.gate = Semaphore(0)
    ask(page, "Pourquoi ?")
    expect(page.locator("#chat .cim-phases .now")).to_be_visible()
    assert page.evaluate(_MOVING) == 1
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(_MOVING) == 0
    site.chain.gate.release(100)
    expect(page.locator("#chat .cim-after")).to_have_count(1)
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator("#chat .cim-cite").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert page.evaluate(_MOVING) == 0


def test_forced_colours_keep_what_a_background_said(page: Page, site: Site) -> None:
    reading(page, site)
    page.emulate_media(forced_colors="active")
    opened = page.locator("#chat a.cim-cite.is-open").first
    expect(opened).to_have_css("outline-style", "solid")
    expect(page.locator("#cim-reader mark").first).to_have_css("text-decoration-line", "underline")
    page.emulate_media(forced_colors="none")
    expect(opened).to_have_css("outline-style", "none")


_VOICES = """() => [...document.querySelectorAll("[aria-live], [role=status], [role=alert], [role=log]")]
  .filter((each) => each.getAttribute("aria-live") !== "off" && each.checkVisibility()).map((each) => each.id || each.outerHTML.slice(0, 200)).sort()"""


def test_one_line_speaks_once_for_a_phase_and_not_for_a_sentence(page: Page, site: Site) -> None:
    assert page.evaluate(_VOICES) == ["cim-live", "status"]
    page.evaluate("""() => {
      const status = document.querySelector("#status");
      window.said = [status.querySelector(".md").innerText.trim()];
      new MutationObserver(() => {
        const text = status.querySelector(".md")?.innerText.trim();
        if (text && window.said.at(-1) !== text) window.said.push(text);
      }).observe(status, { childList: true, subtree: true, characterData: true });
    }""")
    ask_and_wait(page, "Pourquoi ?")
    phases = (texts.searching(26), texts.writing(3), texts.finished(2, 0, "answered"))
    page.wait_for_function("last => window.said.at(-1) === last", arg=phases[-1])
    said = page.evaluate("window.said.slice(1)")
    assert said == [phase for phase in phases if phase in said]  # Gradio may have no time to draw one
    sheet(page, site)
    expect(page.get_by_role("dialog").get_by_role("status")).to_have_text("Passage 2 sur 2")


def test_page_says_it_waits_when_another_question_is_asked_meanwhile(page: Page, site: Site) -> None:
    site.chain.gate = Semaphore(2)
    ask(page, "Pourquoi ?")
    expect(page.locator("#chat .cim-claim")).to_have_count(1)
    ask(page, "Et après ?")
    expect(page.locator("#cim-live")).to_have_text(SAYS["busy"])
    expect(page.locator("#cim-live")).to_be_visible()
    expect(page.locator("#q textarea")).to_have_value("Et après ?")
    site.chain.gate.release(100)
    expect(page.locator("#cim-live")).to_have_text("")
