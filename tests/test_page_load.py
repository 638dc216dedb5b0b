"""A room that is full, in Chromium: who waits is told so, who is refused keeps the question and may try again."""

import asyncio
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from assistant.web import script_texts, texts
from tests.load_client import Chat, arrive
from tests.page_site import (
    MARKS,
    Site,
    StubChain,
    ask,
    open_page,
    serve,
    shoot,
)  # fmt: skip

pytestmark = MARKS
QUESTION = "Pourquoi une stratégie\u202f?"
OTHER = "Et les publics\u202f?"


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A page with room for one answer, and for one who waits."""
    monkeypatch.setattr("assistant.web.chat.page.MOST_AT_ONCE", 1)
    monkeypatch.setattr("assistant.web.chat.page.MOST_WAITING", 1)
    with serve(StubChain()) as served:
        yield served
        served.chain.gate.release(1000)


@pytest.fixture
def page(site: Site, browser: Browser) -> Iterator[Page]:
    """The page, alone in its browser."""
    shown = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    open_page(shown, site.url)
    yield shown
    shown.context.close()


class Others:
    """Those who ask at the same time, in a thread of their own."""

    def __init__(self, site: Site, number: int) -> None:
        self.chats: list[Chat] = []
        self._asked = threading.Event()
        self._port = urlsplit(site.url).port or 0
        self._thread = threading.Thread(target=asyncio.run, args=(self._ask(number),))
        self._thread.start()
        self._asked.wait(30)

    async def _ask(self, number: int) -> None:
        asking = []
        for visitor in await arrive(self._port, number):
            asking.append(asyncio.create_task(visitor.ask(QUESTION)))
            await asyncio.sleep(0.3)  # one after the other: the first has room, the second waits
        self._asked.set()
        self.chats = await asyncio.gather(*asking)

    def end(self) -> list[Chat]:
        """Return what became of them."""
        self._thread.join(30)
        return self.chats


def test_who_waits_is_told_and_what_is_typed_meanwhile_stays(page: Page, site: Site) -> None:
    site.chain.gate = threading.Semaphore(0)
    others = Others(site, 1)
    ask(page, QUESTION)
    expect(page.locator("#cim-live")).to_have_text(str(script_texts.SCRIPT["wait"]))
    expect(page.locator("#q textarea")).to_have_value(QUESTION)
    shoot(page, "wait")
    page.fill("#q textarea", OTHER)
    site.chain.gate.release(1000)
    expect(page.locator("#status .md")).to_have_text(texts.finished(2, 0, "answered"))
    expect(page.locator("#chat .cim-q")).to_have_text(QUESTION)
    expect(page.locator("#q textarea")).to_have_value(OTHER)
    expect(page.locator("#cim-live")).to_have_text("")
    assert all(chat.answered for chat in others.end())


def test_who_finds_no_room_is_told_keeps_the_question_and_may_try_again(page: Page, site: Site) -> None:
    site.chain.gate = threading.Semaphore(0)
    others = Others(site, 2)
    ask(page, QUESTION)
    expect(page.locator("#cim-live")).to_have_text(str(script_texts.SCRIPT["full"]))
    expect(page.locator("#q textarea")).to_have_value(QUESTION)
    page.wait_for_timeout(1600)
    expect(page.locator("#cim-live")).to_have_text(
        str(script_texts.SCRIPT["full"])
    )  # it does not wait: it was refused
    shoot(page, "full")
    site.chain.gate.release(1000)
    assert all(chat.answered for chat in others.end())
    page.press("#q textarea", "Enter")
    expect(page.locator("#status .md")).to_have_text(texts.finished(2, 0, "answered"))
    expect(page.locator("#q textarea")).to_have_value("")
