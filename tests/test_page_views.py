"""The views in Chromium: tabs, search, the reader among its links, Back and Escape; nothing hostile or foreign happens."""

import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from assistant.web import script_texts, texts
from assistant.web.notes import texts as browse_texts
from tests.page_site import (
    MARKS,
    Site,
    ask,
    ask_and_wait,
    open_page,
    shoot,
    watch,
)
from tests.views_site import Place, hostile, museum, serving, write_vault

pytestmark = MARKS
SAYS = script_texts.SCRIPT


def _open(context: BrowserContext, url: str, width: int = 1440, height: int = 900) -> tuple[Page, list[str]]:
    page = context.new_page()
    faults = watch(page, url)
    page.set_viewport_size({"width": width, "height": height})
    open_page(page, url)
    return page, faults


@pytest.fixture
def page(museum: Place, context: BrowserContext) -> Iterator[Page]:
    """The chat page on the small museum; whatever a test does, it ends without a console error."""
    shown, faults = _open(context, museum.url)
    yield shown
    assert shown.evaluate("window.pwned") is None
    shown.close()
    assert faults == []


def _tab(page: Page, name: str) -> None:
    page.locator("#rail .cim-views").get_by_role("link", name=name).click()


def _notes(page: Page) -> None:
    _tab(page, "Notes")
    expect(page.locator("#cim-view h1")).to_have_text(browse_texts.NOTES_TITLE)


def _read(page: Page, title: str) -> None:
    page.locator("#cim-view").get_by_role("link", name=title, exact=True).first.click()
    expect(page.locator("#cim-reader .cim-note-title")).to_have_text(title)


def _focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent"))


def _heard(page: Page) -> list[str]:
    """Return the live regions that a screen reader is told of, by their ids."""
    heard = """() => [...document.querySelectorAll("[aria-live=polite], [role=status]:not([aria-live=off])")]
      .filter(each => each.checkVisibility({ visibilityProperty: true })).map(each => each.id)"""
    return [str(name) for name in page.evaluate(heard)]


def _steps_back(page: Page) -> list[str]:
    """Return what each step back shows, up to the conversation: the address, and whether a note is open."""
    shown: list[str] = []
    while not shown or not shown[-1].endswith("/"):
        page.go_back()
        page.wait_for_timeout(100)
        reading = page.locator("#cim-reader").is_visible()
        shown.append(("note " if reading else "") + page.evaluate("location.pathname + location.search"))
    return shown


def test_tabs_open_the_notes_beside_a_conversation_that_stays(page: Page, museum: Place) -> None:
    ask_and_wait(page, "Que relie la stratégie ?")
    claims = page.locator("#chat .cim-claim").count()
    page.locator("#chat .cim-cite").first.focus()
    _notes(page)
    assert page.url == f"{museum.url}/notes"
    expect(page).to_have_title(f"{browse_texts.NOTES_TITLE} – {texts.BRAND}")
    assert _focused(page) == browse_texts.NOTES_TITLE
    expect(page.locator("#main")).to_be_hidden()
    expect(page.locator("#evidence")).to_be_hidden()
    expect(page.locator("#rail [aria-current]")).to_have_text("Notes")
    shoot(page, "notes")
    _tab(page, "Conversation")
    expect(page.locator("#chat .cim-claim")).to_have_count(claims)
    assert page.url == f"{museum.url}/"
    assert page.evaluate("document.activeElement.matches('.cim-cite')")
    expect(page).to_have_title(texts.PAGE_TITLE)


def test_answer_goes_on_behind_a_view(site: Site, context: BrowserContext) -> None:
    page, faults = _open(context, site.url)
    site.chain.gate = threading.Semaphore(2)
    ask(page, "Pourquoi ?")
    expect(page.locator("#chat .cim-claim")).to_have_count(1)
    _notes(page)
    conversation = page.locator("#rail .cim-views").get_by_role("link", name=texts.CONVERSATION)
    expect(conversation).to_have_text(texts.CONVERSATION)
    site.chain.gate.release(100)
    expect(page.locator("#status .md")).to_have_text(texts.finished(2, 0, "answered"))
    assert _heard(page) == ["status", "cim-live"]
    expect(conversation).to_have_text(f"{texts.CONVERSATION}{SAYS['answer_ready']}")
    shoot(page, "ready")
    page.go_back()
    expect(conversation).to_have_text(texts.CONVERSATION)
    expect(page.locator("#chat .cim-claim").last).to_be_visible()
    expect(page.locator("#chat .cim-claim")).to_have_count(3)
    page.close()
    assert faults == []


def test_search_and_filters_are_followed_in_place_and_back_leads_through_them(
    page: Page, museum: Place
) -> None:
    _notes(page)
    page.fill("#cim-notes-q", "stratégie")
    page.press("#cim-notes-q", "Enter")
    expect(page.locator("#cim-view mark")).to_have_text("Une 𝒳 stratégie relie les projets.")
    assert page.url.startswith(f"{museum.url}/notes?q=strat")
    page.locator("#cim-view .cim-parts").get_by_role("link", name="Questions").click()
    expect(page.locator("#cim-view .cim-empty")).to_be_visible()
    page.go_back()
    expect(page.locator("#cim-view mark")).to_be_visible()
    page.go_back()
    expect(page.locator("#cim-view .cim-entries li")).to_have_count(3)
    page.go_back()
    expect(page.locator("#main")).to_be_visible()
    expect(page.locator("#cim-view")).to_be_hidden()
    page.go_forward()
    expect(page.locator("#cim-view .cim-entries li")).to_have_count(3)


def test_list_follows_what_one_types_and_one_step_back_undoes_it(page: Page, museum: Place) -> None:
    _notes(page)
    field = page.locator("#cim-notes-q")
    field.press_sequentially("ressour", delay=20)
    expect(page.locator("#cim-view .cim-entries h2")).to_have_text(["Le guide", "Publics"])
    expect(field).to_be_focused()
    expect(page.locator("#cim-live")).to_have_text(browse_texts.notes_found(2))
    _read(page, "Publics")
    field.fill("strat")
    expect(page.locator("#cim-view .cim-entries h2")).to_have_text(["Le guide"])
    expect(page.locator("#cim-view mark")).to_have_text("Une 𝒳 stratégie relie les projets.")
    expect(page.locator("#cim-reader")).to_be_visible()
    expect(field).to_have_value("strat")
    assert page.url == f"{museum.url}/notes?q=strat"
    page.keyboard.press("Escape")
    assert _steps_back(page) == ["/notes?q=ressour", "/notes", "/"]


def test_note_opens_beside_the_list_and_its_links_lead_from_note_to_note(page: Page) -> None:
    _notes(page)
    _read(page, "Le guide")
    expect(page.locator("#cim-view")).to_be_visible()
    expect(page.get_by_role("button", name=SAYS["back_view"])).to_be_visible()
    expect(page.locator("#cim-reader .cim-hook")).to_have_text("[[À écrire]]")
    shoot(page, "note")
    page.locator("#cim-reader .cim-note").get_by_role("link", name="les publics").click()
    expect(page.locator("#cim-reader .cim-note-title")).to_have_text("Publics")
    page.locator("#cim-reader .cim-backlinks").get_by_role("link", name="Le guide").click()
    expect(page.locator("#cim-reader mark").first).to_be_in_viewport()
    expect(page.locator("#cim-reader mark").first).to_contain_text("On la tient avec")
    page.get_by_role("button", name=SAYS["back_note"]).click()
    expect(page.locator("#cim-reader .cim-note-title")).to_have_text("Publics")
    page.get_by_role("button", name=SAYS["back_note"]).click()
    expect(page.locator("#cim-reader .cim-note-title")).to_have_text("Le guide")
    assert "les publics" in _focused(page)
    expect(page.get_by_role("button", name=SAYS["back_note"])).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.locator("#cim-reader")).to_be_hidden()
    expect(page.locator("#cim-view")).to_be_visible()
    assert _focused(page) == "Le guide"


def test_escape_returns_to_the_citation_however_far_one_went(page: Page) -> None:
    ask_and_wait(page, "Que relie la stratégie ?")
    page.locator("#chat .cim-cite").first.focus()
    page.keyboard.press("Enter")
    page.locator("#cim-reader .cim-note a").first.click()
    expect(page.get_by_role("button", name=SAYS["back_note"])).to_be_visible()
    expect(page.get_by_role("button", name=texts.BACK_TO_CITATION.format(number=1))).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#cim-reader")).to_be_hidden()
    assert page.evaluate("document.activeElement === document.querySelector('#chat .cim-cite')")


def test_back_closes_the_reader_before_the_view(page: Page) -> None:
    _notes(page)
    _read(page, "Le guide")
    page.go_back()
    expect(page.locator("#cim-reader")).to_be_hidden()
    expect(page.locator("#cim-view .cim-entries li")).to_have_count(3)
    page.go_forward()
    page.wait_for_timeout(200)
    page.go_back()
    expect(page.locator("#main")).to_be_visible()


def test_each_step_back_shows_something_else_whatever_was_read(page: Page) -> None:
    _notes(page)
    _read(page, "Le guide")
    page.get_by_role("link", name=browse_texts.BY_DATE).click()
    expect(page.locator("#cim-reader")).to_be_hidden()
    expect(page.locator("#cim-view .cim-entries li")).to_have_count(3)
    _read(page, "Le guide")
    _tab(page, "Notes")
    expect(page.locator("#cim-reader")).to_be_hidden()
    assert _steps_back(page) == ["/notes?order=date", "/notes", "/"]


def test_tab_of_the_conversation_closes_the_note_over_it(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    ask_and_wait(page, "Que relie la stratégie ?")
    page.evaluate("document.querySelector('#chat .cim-cite').click()")
    page.get_by_role("link", name=SAYS["read_note"]).click()
    expect(page.locator("#cim-reader mark").first).to_be_in_viewport()
    expect(page.locator("#rail [aria-current]")).to_have_text(texts.CONVERSATION)
    assert _heard(page) == ["status", "cim-live"]
    _tab(page, "Conversation")
    expect(page.locator("#cim-reader")).to_be_hidden()
    expect(page.locator("#chat .cim-claim").first).to_be_visible()


@pytest.mark.parametrize("width", [1440, 390])
def test_note_that_cannot_be_opened_is_said_over_what_one_reads(
    museum: Place, context: BrowserContext, width: int
) -> None:
    page, _ = _open(context, museum.url, width)
    _notes(page)
    page.route(f"**{museum.note('Ressources/Publics.md')}**", lambda route: route.abort())
    if width == 390:
        _read(page, "Le guide")
        page.locator("#cim-reader .cim-note").get_by_role("link", name="les publics").click()
    else:
        page.locator("#cim-view").get_by_role("link", name="Publics", exact=True).click()
    expect(page.locator("#cim-live")).to_have_text(SAYS["failed"])
    expect(page.locator("#cim-live")).to_be_in_viewport()
    shoot(page, f"note-failed-{width}")
    page.close()


def test_view_that_is_slow_to_come_is_waited_for_in_words(page: Page) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/notes/health?fragment=1", hold)
    _notes(page)
    page.get_by_role("link", name=browse_texts.HEALTH_LINK).click()
    expect(page.locator("#cim-live")).to_have_text(browse_texts.EXAMINING)
    expect(page.locator("#cim-live")).to_be_in_viewport()
    held[0].continue_()
    expect(page.locator("#cim-view h1")).to_have_text(browse_texts.HEALTH_TITLE)
    expect(page.locator("#cim-live")).to_have_text("")


def test_picture_of_links_can_be_followed_by_keyboard(page: Page) -> None:
    _notes(page)
    _read(page, "Le guide")
    drawing = page.locator("#cim-reader .cim-drawing")
    expect(drawing).to_be_visible()
    expect(drawing).to_have_accessible_name(
        browse_texts.around("Le guide", ["Bilan", "Publics"], ["Publics"])
    )
    drawing.scroll_into_view_if_needed()
    shoot(page, "picture")
    drawing.get_by_role("link", name="Bilan").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#cim-reader .cim-note-title")).to_have_text("Bilan")


def test_health_opens_in_place_and_its_notes_in_the_reader(page: Page, museum: Place) -> None:
    _notes(page)
    page.get_by_role("link", name=browse_texts.HEALTH_LINK).click()
    expect(page.locator("#cim-view h1")).to_have_text(browse_texts.HEALTH_TITLE)
    assert page.url == f"{museum.url}/notes/health"
    page.locator("#cim-view .cim-kinds a").first.click()
    assert page.evaluate("document.activeElement.matches('#kind-missing_note > summary')")
    page.get_by_text(texts.STUB).click()
    expect(page.locator("#cim-view pre")).to_contain_text("# À écrire")
    shoot(page, "health")
    page.locator("#cim-view .cim-tasks").get_by_role("link", name="Le guide").click()
    expect(page.locator("#cim-reader .cim-note-title")).to_have_text("Le guide")
    expect(page.locator("#cim-reader mark").first).to_be_in_viewport()
    expect(page.locator("#cim-reader .cim-here")).to_contain_text("À écrire")
    page.keyboard.press("Escape")
    page.get_by_role("link", name=browse_texts.HEALTH_BACK).click()
    expect(page.locator("#cim-view h1")).to_have_text(browse_texts.NOTES_TITLE)


def test_view_that_fails_says_so_and_the_conversation_is_one_click_away(
    museum: Place, context: BrowserContext
) -> None:
    page = context.new_page()
    open_page(page, museum.url)
    page.route("**/notes?fragment=1", lambda route: route.abort())
    _tab(page, "Notes")
    expect(page.locator("#cim-view .cim-empty")).to_have_text(SAYS["view_failed"])
    expect(page.locator("#cim-live")).to_have_text(SAYS["view_failed"])
    _tab(page, "Conversation")
    expect(page.locator("#q textarea")).to_be_focused()
    page.close()


@pytest.mark.parametrize("width", [320, 390])
def test_phone_has_the_tabs_and_nothing_scrolls_sideways(
    museum: Place, context: BrowserContext, width: int
) -> None:
    page, faults = _open(context, museum.url, width, 640)

    def wide() -> bool:
        return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))

    tabs = page.locator("#rail .cim-views a")
    boxes = [tabs.nth(place).bounding_box() for place in range(3)] + [
        page.locator("#cim-menu").bounding_box()
    ]
    assert all(box and box["height"] >= 44 and box["x"] + box["width"] <= width for box in boxes)
    assert all(left["x"] + left["width"] <= right["x"] for left, right in pairwise(boxes) if left and right)
    assert not wide()
    _notes(page)
    assert not wide()
    shoot(page, f"notes-{width}")
    _read(page, "Le guide")
    assert not wide()
    expect(page.locator("#cim-view")).to_be_hidden()
    expect(page.locator("#cim-reader .cim-drawing")).to_be_hidden()
    expect(page.locator("#cim-reader .cim-drawn-list a")).to_have_text("Publics")
    page.keyboard.press("Escape")
    page.goto(f"{museum.url}/notes/health")
    assert not wide()
    page.close()
    assert faults == []


CHEST = "# Le coffre\n\nLe coffre des prêts ferme à dix-huit heures.\n"


@pytest.mark.parametrize("width", [1440, 390])
def test_private_note_that_changed_says_both_wherever_it_is_read(
    tmp_path: Path, context: BrowserContext, width: int
) -> None:
    vault = write_vault(tmp_path / "coffre", {"Prêts.md": f"---\nconfidentiel: true\n---\n{CHEST}"})
    with serving(vault, tmp_path / "index") as place:
        write_vault(vault, {"Prêts.md": CHEST})
        page, faults = _open(context, place.url, width)
        ask_and_wait(page, "Quand ferme le coffre des prêts ?")
        expect(page.locator("#chat .cim-notice")).to_contain_text("La note a changé depuis l’indexation")
        page.locator("#chat .cim-cite").first.evaluate("link => link.click()")
        if width == 390:
            expect(page.locator("#cim-sheet .cim-ev.is-open")).to_contain_text(texts.PRIVATE)
            shoot(page, "private-sheet")
            page.get_by_role("link", name=SAYS["read_note"]).click()
        else:
            expect(page.locator("#evidence .cim-ev")).to_contain_text(texts.PRIVATE)
        reader = page.locator("#cim-reader")
        expect(reader.locator(".cim-cartel")).to_contain_text(browse_texts.PRIVATE_WHY)
        expect(reader.locator(".cim-notice")).to_have_text(browse_texts.CHANGED)
        expect(reader.locator("mark")).to_be_in_viewport()
        shoot(page, f"private-{width}")
        page.close()
        assert faults == []


def test_views_are_dark_where_the_system_is(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    _notes(page)
    expect(page.locator("#cim-view h1")).to_have_css("color", "rgb(236, 238, 234)")
    _read(page, "Le guide")
    expect(page.locator("#cim-reader")).to_have_css("background-color", "rgb(26, 30, 27)")
    shoot(page, "dark")


def test_views_are_plain_pages_without_script(museum: Place, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{museum.url}/notes")
    page.fill("#cim-notes-q", "stratégie")
    page.press("#cim-notes-q", "Enter")
    page.locator(".cim-entries a").first.click()
    expect(page.locator("mark").first).to_be_in_viewport()
    page.locator(".cim-note a").first.click()
    expect(page.locator("h1")).to_have_text("Publics")
    page.locator(".cim-views").get_by_role("link", name="Notes").click()
    page.get_by_role("link", name=browse_texts.HEALTH_LINK).click()
    expect(page.locator("h1")).to_have_text(browse_texts.HEALTH_TITLE)
    page.locator(".cim-tasks").get_by_role("link", name="Le guide").click()
    expect(page.locator("#passage")).to_be_in_viewport()
    context.close()


def test_hostile_notes_show_as_text_and_do_nothing(hostile: Place, context: BrowserContext) -> None:
    page, faults = _open(context, hostile.url)
    _notes(page)
    count = page.locator("#cim-view .cim-entries h2 a").count()
    assert count == hostile.chain.note_count
    page.locator("#cim-view .cim-entries h2 a").nth(count // 2).click()
    expect(page.locator("#cim-reader .cim-backlinks")).to_be_visible()
    page.locator("#cim-view .cim-entries").get_by_role("link", name="Centre", exact=True).click()
    expect(page.locator("#cim-reader .cim-note-title")).to_have_text("Centre")
    expect(page.locator("#cim-reader .cim-drawing a").first).to_be_visible()
    page.get_by_role("link", name=browse_texts.HEALTH_LINK, include_hidden=True).evaluate(
        "link => link.click()"
    )
    expect(page.locator("#cim-view h1")).to_have_text(browse_texts.HEALTH_TITLE)
    assert (
        page.locator(
            ":is(#cim-view, #cim-reader) :is(img, script, iframe, style, object, video, b, i, u)"
        ).count()
        == 0
    )
    page.wait_for_timeout(200)
    assert page.evaluate("window.pwned") is None
    page.close()
    assert faults == []
