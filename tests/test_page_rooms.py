"""The rooms beside the conversation in Chromium, the notes, their health, the index and the door: without a fault."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from assistant import Settings
from assistant.desk import Desk
from assistant.web.door import texts as door_texts
from tests.desk_site import DeskSite, serve_desk, until
from tests.index_life import NearVerifier
from tests.page_axe import inspect
from tests.page_site import MARKS, StubChain, serve, watch

pytestmark = MARKS
PASSWORD = "atelier-du-musée"  # noqa: S105
NOTES = {
    "Guide.md": "---\ntags: [guide]\ndate: 2022-05-12\n---\n# Le guide\n\nUne stratégie relie les projets d’un musée. Voir [[Publics]] et [[À écrire]].\n",
    "Publics.md": "# Publics\n\nLes publics reviennent : voir [[Guide]].\n",
    "Seule.md": "# Seule\n\nCette note n’a pas de lien, écrivez à a@b.example.\n",
    "Vide.md": "",
    "photo.jpg": "x",
}


@pytest.fixture
def site(
    make_vault: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DeskSite]:
    """A small vault that has been read, and is served with its desk."""
    monkeypatch.setattr("ingest.watch.Verifier", NearVerifier)
    settings = Settings(vault=make_vault(NOTES), index=tmp_path / "index")
    with closing(Desk(settings, choice_path=tmp_path / "choix.json")) as desk, serve_desk(desk) as served:
        desk.open()
        until(lambda: desk.ready)
        yield served


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page, whose colours change at once."""
    context = browser.new_context(reduced_motion="reduce")
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(
    ("path", "name"),
    [("/notes", "notes"), ("/notes?q=publics", "search"), ("/notes/health", "health"), ("/index", "index")],
)
def test_every_view_is_without_a_violation(page: Page, site: DeskSite, path: str, name: str) -> None:
    faults = watch(page, site.url)
    page.goto(f"{site.url}{path}")
    expect(page.locator("#cim-view h1")).to_be_visible()
    assert inspect(page, f"view-{name}") == {}
    assert faults == []


def test_every_view_in_the_chat_page_is_without_a_violation(page: Page, site: DeskSite) -> None:
    faults = watch(page, site.url)
    page.goto(site.url)
    for name, title in (("Notes", "Vos notes"), ("Index", "Index")):
        page.locator("#rail .cim-views").get_by_role("link", name=name).click()
        expect(page.locator("#cim-view h1")).to_have_text(title)
        assert inspect(page, f"tab-{name.lower()}") == {}
        page.set_viewport_size({"width": 1440, "height": 900})
    assert faults == []


def test_a_note_among_its_links_is_without_a_violation(page: Page, site: DeskSite) -> None:
    page.goto(f"{site.url}/notes")
    page.get_by_role("link", name="Le guide").first.click()
    expect(page.locator(".cim-note-title")).to_have_text("Le guide")
    assert inspect(page, "note") == {}


def test_the_door_asks_for_the_password_and_lets_in_who_has_it(page: Page) -> None:
    with serve(StubChain(), password=PASSWORD) as closed:
        page.goto(closed.url)
        expect(page).to_have_url(f"{closed.url}/login")
        field = page.get_by_label(door_texts.LABEL)
        expect(field).to_be_focused()
        assert inspect(page, "door") == {}
        field.fill("autre chose")
        field.press("Enter")
        expect(page.get_by_role("alert")).to_have_text(door_texts.WRONG)
        expect(page.get_by_label(door_texts.LABEL)).to_have_value("")
        assert inspect(page, "door-wrong") == {}
        faults = watch(page, closed.url)
        page.get_by_label(door_texts.LABEL).fill(PASSWORD)
        page.get_by_role("button", name=door_texts.ENTER).click()
        page.wait_for_selector("#q textarea")
        page.fill("#q textarea", "Pourquoi ?")
        page.press("#q textarea", "Enter")
        expect(page.locator("#chat .cim-claim")).to_have_count(3)
        assert page.evaluate("document.cookie") == ""  # no script reads it
        assert faults == []
        page.context.clear_cookies()
        page.goto(closed.url)
        expect(page).to_have_url(f"{closed.url}/login")
        page.goto("about:blank")
