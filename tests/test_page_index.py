"""The « Index » view and the door in Chromium: a reading is followed to its end, folders and models are chosen."""

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from assistant.desk import Desk
from assistant.indexing import Indexing
from assistant.settings import Settings
from assistant.web import texts
from assistant.web.index import texts as index_texts
from tests.desk_site import DeskSite, serve_desk, until
from tests.index_life import NearVerifier
from tests.model_server import Reply, serve_model
from tests.page_site import MARKS, shoot, watch

pytestmark = MARKS
NOTES = 60


class Gate:
    """Holds the reading of the notes wherever `held` says, until it is opened."""

    def __init__(self) -> None:
        self.stage: str | None = None
        self.go = threading.Event()

    def hold(self, stage: str) -> None:
        self.stage = stage
        self.go.clear()

    def open(self) -> None:
        self.stage = None
        self.go.set()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    monkeypatch.setattr("ingest.watch.Verifier", NearVerifier)
    gate, progress = Gate(), Indexing._progress

    def held(indexing: Indexing, stage: str, done: int, total: int | None) -> None:
        progress(indexing, stage, done, total)
        if stage == gate.stage and done:
            gate.go.wait(30)

    monkeypatch.setattr(Indexing, "_progress", held)
    yield gate
    gate.open()


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    folder = tmp_path / "coffre"
    folder.mkdir()
    for number in range(NOTES):
        title = f"Comment faire l’étape {number}" if number else "Pourquoi des étapes"
        links = " ".join(f"[[Note {other}]]" for other in range(4))
        (folder / f"Note {number}.md").write_text(
            f"# {title}\n\nL’étape {number} est ici. {links}\n", encoding="utf-8"
        )
    (folder / "<b>vide.md").write_text("", encoding="utf-8")
    (folder / "photo.jpg").write_bytes(b"x")
    (folder / "Courriel.md").write_bytes("# Été\n\nUn été à la mer.\n".encode("latin-1"))
    return folder


@pytest.fixture
def site(vault: Path, gate: Gate, tmp_path: Path) -> Iterator[DeskSite]:
    settings = Settings(vault=vault, index=tmp_path / "index")
    with closing(Desk(settings, choice_path=tmp_path / "choix.json")) as desk, serve_desk(desk) as site:
        yield site
        gate.open()


@pytest.fixture
def page(site: DeskSite, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    shown = context.new_page()
    faults = watch(shown, site.url)
    yield shown
    context.close()
    assert [
        fault for fault in faults if "422" not in fault
    ] == []  # a refused choice is told by its status too


def _open_index(page: Page, site: DeskSite) -> None:
    page.goto(f"{site.url}/index")
    expect(page.locator("#cim-index h1")).to_have_text("Index")


def _narrow(page: Page) -> bool:
    page.set_viewport_size({"width": 320, "height": 640})
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


# The door


def test_door_follows_a_first_reading_and_then_offers_questions(
    page: Page, site: DeskSite, gate: Gate
) -> None:
    gate.hold("Analyse des notes")
    site.desk.open()
    until(lambda: site.desk.state.done)
    page.goto(site.url)
    lead = page.locator("#cim-door .cim-lead")
    expect(lead).to_contain_text("Je lis vos notes")
    expect(lead).to_contain_text("50 sur 61")
    expect(page.locator("#cim-door progress")).to_have_attribute("aria-label", index_texts.STATUS)
    expect(page.locator(".cim-starter")).to_have_count(0)
    shoot(page, "door-reading")
    page.fill("#q textarea", "Pourquoi ?")
    page.press("#q textarea", "Enter")
    expect(page.locator("#chat .cim-notice")).to_contain_text("Je lis encore vos notes")
    shoot(page, "door-asked-meanwhile")
    page.reload()
    expect(lead).to_contain_text("Je lis vos notes")
    gate.open()
    expect(lead).to_contain_text("les 61 notes de", timeout=20_000)
    expect(page.locator(".cim-starter").last).to_have_text(texts.ABOUT)
    expect(page.locator("#cim-chips")).to_be_visible()
    expect(page.locator("#cim-live")).to_contain_text("61 notes")
    page.locator(".cim-starter").first.click()
    expect(page.locator("#evidence .cim-ev").first).to_be_visible()


def test_door_without_a_vault_says_what_to_do_and_heals(page: Page, site: DeskSite, vault: Path) -> None:
    away = vault.rename(vault.with_name("ailleurs"))
    site.desk.open()
    until(lambda: site.desk.state.error is not None)
    page.goto(site.url)
    expect(page.locator("#cim-door .cim-notice")).to_contain_text("il n’existe pas")
    expect(page.get_by_role("link", name=index_texts.WELCOME_CHOOSE)).to_have_attribute("href", "/index")
    shoot(page, "door-no-vault")
    assert _narrow(page)
    shoot(page, "door-no-vault-320")
    away.rename(vault)
    expect(page.locator("#cim-door .cim-lead")).to_contain_text("les 61 notes", timeout=20_000)


def test_door_is_drawn_from_the_page_itself_and_says_the_mode_of_the_moment(
    page: Page, site: DeskSite
) -> None:
    site.desk.open()
    site.settle()
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url))
    page.goto(site.url)
    expect(page.locator("#cim-door .cim-lead")).to_contain_text("61 notes")
    assert f"{site.url}/welcome" not in asked
    expect(page.locator("#cim-mode")).to_contain_text("61 notes, à jour à ")
    expect(page.locator("#cim-mode")).to_contain_text(texts.mode_line("extracts", None))
    with serve_model(Reply(("bonjour",))) as server:
        site.post("/index/model", model="openai:petit", base_url=server.url)
        page.reload()
        expect(page.locator("#cim-mode")).to_contain_text(texts.mode_line("model", None))
        expect(page.locator("#cim-door")).to_contain_text(texts.mode_line("model", None))


# The view


def test_progress_is_seen_and_then_the_report(page: Page, site: DeskSite, gate: Gate) -> None:
    gate.hold("Analyse des notes")
    site.desk.open()
    until(lambda: site.desk.state.done)
    _open_index(page, site)
    status = page.locator("#cim-index-status")
    expect(status).to_contain_text("50 sur 61")
    expect(page.get_by_role("progressbar", name=index_texts.STATUS)).to_be_visible()
    expect(page.get_by_role("button", name=index_texts.RUN)).to_have_attribute("aria-disabled", "true")
    shoot(page, "index-reading")
    gate.open()
    expect(status).to_contain_text("Notes relues", timeout=20_000)
    expect(page.locator(".cim-index-lead")).to_have_text("61 notes lues sur 63 fichiers.")
    expect(page.locator("#cim-index-bar")).to_be_hidden()
    page.get_by_text("N’est pas une note Markdown").click()
    expect(page.get_by_text("photo.jpg")).to_be_visible()
    page.get_by_text("Vide", exact=True).click()
    expect(page.get_by_text("<b>vide.md")).to_be_visible()
    expect(page.locator("#cim-index")).to_contain_text(index_texts.WARNINGS)
    shoot(page, "index-report")


def test_reading_anew_keeps_the_focus_and_says_what_changed(page: Page, site: DeskSite, vault: Path) -> None:
    site.desk.open()
    site.settle()
    _open_index(page, site)
    button = page.get_by_role("button", name=index_texts.RUN)
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#cim-index-status")).to_contain_text("Rien n’a changé", timeout=20_000)
    expect(button).to_be_focused()
    (vault / "Neuve.md").write_text("# Neuve\n\nUne note neuve.\n", encoding="utf-8")
    expect(page.locator(".cim-index-lead")).to_have_text("62 notes lues sur 64 fichiers.", timeout=20_000)


def test_mass_deletion_is_refused_and_forced_only_once_confirmed(
    page: Page, site: DeskSite, vault: Path
) -> None:
    site.desk.open()
    site.settle()
    _open_index(page, site)
    for number in range(50):
        (vault / f"Note {number}.md").unlink()
    notice = page.locator("#cim-index .cim-notice")
    expect(notice).to_contain_text("50 notes sur 61 ont disparu", timeout=20_000)
    shoot(page, "index-mass-deletion")
    page.get_by_role("button", name=index_texts.FORCE).click()
    expect(page.get_by_role("button", name=index_texts.FORCE_YES)).to_be_focused()
    page.get_by_role("button", name=index_texts.CANCEL).click()
    expect(page.get_by_role("button", name=index_texts.FORCE)).to_be_focused()
    assert site.desk.note_count == 61
    page.get_by_role("button", name=index_texts.FORCE).click()
    page.get_by_role("button", name=index_texts.FORCE_YES).click()
    expect(page.locator(".cim-index-lead")).to_have_text("11 notes lues sur 13 fichiers.", timeout=20_000)
    expect(notice).to_have_count(0)


def test_vault_is_chosen_folder_by_folder(page: Page, site: DeskSite, tmp_path: Path) -> None:
    (tmp_path / "autres" / "deux").mkdir(parents=True)
    (tmp_path / "autres" / "deux" / "Une.md").write_text("# Une\n\nUne seule note.\n", encoding="utf-8")
    site.desk.open()
    site.settle()
    _open_index(page, site)
    field = page.get_by_label(index_texts.VAULT_FOLDER)
    field.fill(f"{tmp_path}/autr")
    page.get_by_role("button", name="autres 1 note").click()
    page.get_by_role("button", name="deux 1 note").click()
    expect(field).to_have_value(f"{tmp_path}/autres/deux/")
    expect(field).to_be_focused()
    shoot(page, "index-folders")
    page.get_by_role("button", name=index_texts.VAULT_CHOOSE).click()
    expect(page.locator("#cim-index-vault .cim-index-said")).to_have_text(index_texts.VAULT_CHOSEN)
    expect(page.locator(".cim-index-lead")).to_have_text("1 note lue sur 1 fichier.", timeout=20_000)
    page.goto(site.url)
    expect(page.locator("#cim-door .cim-lead")).to_contain_text("la note de «\u00a0deux\u00a0»")


def test_folder_that_cannot_be_served_is_a_sentence_under_its_field(page: Page, site: DeskSite) -> None:
    site.desk.open()
    site.settle()
    _open_index(page, site)
    page.get_by_label(index_texts.VAULT_FOLDER).fill("/nulle/part")
    page.keyboard.press("Enter")
    expect(page.locator("#cim-index-vault .cim-index-said")).to_contain_text("il n’existe pas")
    assert site.desk.vault_name == "coffre"


def test_model_is_tried_chosen_and_left(page: Page, site: DeskSite) -> None:
    site.desk.open()
    site.settle()
    _open_index(page, site)
    said = page.locator("#cim-index-model .cim-index-said")
    with serve_model(Reply(("bonjour",))) as server:
        page.get_by_label(index_texts.MODEL, exact=True).fill("openai:petit")
        page.get_by_label(index_texts.BASE_URL).fill(server.url)
        page.get_by_label(index_texts.KEY, exact=True).fill("cle-a-taire")
        page.get_by_role("button", name=index_texts.TRY).click()
        expect(said).to_contain_text("Le modèle répond")
        page.get_by_role("button", name=index_texts.MODEL_CHOOSE).click()
        expect(said).to_have_text(texts.mode_line("model", None))
        expect(page.get_by_label(index_texts.KEY, exact=True)).to_have_value("")
        expect(page.locator(".cim-cartel")).to_contain_text("Un modèle d’IA rédige")
    shoot(page, "index-model")
    page.get_by_role("button", name=index_texts.NO_MODEL).click()
    expect(said).to_have_text(texts.mode_line("extracts", None))
    assert site.desk.mode == "extracts"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_scrolls_sideways_and_targets_are_large(page: Page, site: DeskSite, scheme: str) -> None:
    site.desk.open()
    site.settle()
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    _open_index(page, site)
    page.get_by_label(index_texts.VAULT_FOLDER).focus()
    expect(page.locator("#cim-index-folders")).to_be_visible()
    shoot(page, f"index-{scheme}")
    assert _narrow(page)
    small = page.evaluate(
        "[...document.querySelectorAll('#cim-index :is(button, input, summary)')].filter((node) => node.checkVisibility())"
        ".filter((node) => node.type !== 'checkbox' && node.getBoundingClientRect().height < 24)"
        ".map((node) => node.outerHTML)"
    )
    assert small == []
    shoot(page, f"index-320-{scheme}")


def test_form_of_another_page_changes_nothing(page: Page, site: DeskSite, browser: Browser) -> None:
    site.desk.open()
    site.settle()
    settings = site.desk.settings
    context = browser.new_context()
    evil = context.new_page()
    evil.set_content(
        f'<form method="post" enctype="text/plain" action="{site.url}/index/model">'
        """<input name='{"extracts": true, "a": "' value='"}'></form>"""
    )
    with evil.expect_response(f"{site.url}/index/model") as told:
        evil.evaluate("document.forms[0].submit()")
    assert told.value.status == 403
    context.close()
    assert site.desk.settings is settings
    page.goto(f"{site.url}/index")


def test_view_within_the_chat_reads_anew_and_sends_its_forms(page: Page, site: DeskSite) -> None:
    site.desk.open()
    site.settle()
    page.goto(site.url)
    expect(page.locator("#cim-door .cim-lead")).to_be_visible()
    page.evaluate(
        "fetch('/index?fragment=1').then((r) => r.text()).then((html) => {"
        " const zone = document.createElement('section'); zone.innerHTML = html;"
        " document.getElementById('main').replaceChildren(zone); })"
    )
    page.get_by_role("button", name=index_texts.RUN).click()
    expect(page.locator("#cim-index-status")).to_contain_text("Rien n’a changé", timeout=20_000)
    shoot(page, "index-within")
    page.get_by_label(index_texts.KEY, exact=True).fill("cle-a-taire")
    page.keyboard.press("Enter")
    expect(page.locator("#cim-index-model .cim-index-said")).to_have_text(index_texts.MODEL_EMPTY)
    assert page.url == f"{site.url}/"
