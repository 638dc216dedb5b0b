"""One server, one browser and one page for all tests of the page, put back as they were between tests.

A page of Gradio takes a second to load: a test that needs it fresh asks `open_page`. The browser is closed
before the first test that is none of these: Playwright runs an event loop, beside which no other may run.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from threading import Semaphore
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.page_site import Site

# What a reader would do to begin anew, and what no reader can: forget what other tests kept.
_BEGIN = """() => {
  const click = (selector) => document.querySelector(selector)?.click();
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  click("#cim-reader:not([hidden]) .cim-reader-bar button");
  click("#cim-editing button");
  click("#cim-side .cim-whole:not([hidden])");
  localStorage.clear();
  sessionStorage.clear();
  if (document.querySelector("#chat .cim-turn")) click("#cim-side .cim-talks > button"); // it cancels what is asked next
  dispatchEvent(new Event("storage"));
  window.cimaise.fill("q", "");
  window.cimaise.say("");
  scrollTo(0, 0);
}"""
_BEGUN = """() => document.querySelector("#welcome")?.checkVisibility() && document.querySelector("#send")?.checkVisibility()
  && window.cimaise.restored() && !document.querySelector("#chat .cim-turn, .cim-chip:not(.cim-chip-add), dialog[open]")"""


class Stage:
    """The server and the browser, opened for the first test that wants them."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._site: Site | None = None
        self._browser: Browser | None = None
        self._context: BrowserContext | None = None
        self._page: Page | None = None
        self.faults: list[str] = []

    def site(self) -> "Site":
        from tests.page_site import StubChain, serve  # noqa: PLC0415 - other tests do without

        if self._site is None:
            self._site = self._open.enter_context(serve(StubChain()))
        return self._site

    def browser(self) -> "Browser":
        from playwright.sync_api import sync_playwright  # noqa: PLC0415

        from tests.page_site import CHROMIUM  # noqa: PLC0415

        if self._browser is None:
            playwright = self._open.enter_context(sync_playwright())
            self._browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            self._open.callback(self._browser.close)
        return self._browser

    def context(self) -> "BrowserContext":
        """The context of all tests, so that Gradio's files are loaded once; its browser speaks English."""
        if self._context is None:
            self._context = self.browser().new_context(locale="en-US")
            self._context.set_default_timeout(10_000)
        return self._context

    def page(self) -> "Page":
        """The page as it is when one comes."""
        from playwright.sync_api import Error  # noqa: PLC0415

        from tests.page_site import open_page, watch  # noqa: PLC0415

        if self._page is not None:
            try:
                self._put_back(self._page)
            except Error:  # what a test left cannot be undone from within
                self.forget()
        if self._page is None:
            self._page = self.context().new_page()
            self._page.set_viewport_size({"width": 1440, "height": 900})
            self.faults = watch(self._page, self.site().url)
            open_page(self._page, self.site().url)
        self.faults.clear()
        return self._page

    def _put_back(self, page: "Page") -> None:
        page.unroute_all()
        page.emulate_media(color_scheme="null", reduced_motion="null", forced_colors="null")
        page.set_viewport_size({"width": 1440, "height": 900})
        page.wait_for_selector("#send", timeout=3000)  # the last answer is all there
        page.evaluate(_BEGIN)
        page.wait_for_function(_BEGUN, timeout=3000)
        page.mouse.move(0, 0)

    def forget(self) -> None:
        """Close the page: the next one is fresh."""
        if self._page is not None:
            self._page.close()
            self._page = None

    def close(self) -> None:
        self._open.close()
        self.__init__()  # type: ignore[misc]


_stage = Stage()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> Iterator[None]:
    """Close the browser before a test that is none of the page's."""
    try:
        yield
    finally:
        if nextitem is None or nextitem.get_closest_marker("browser") is None:
            _stage.close()


@pytest.fixture
def site() -> "Site":
    """The server, its chain answering at once."""
    shared = _stage.site()
    shared.chain.gate = Semaphore(1000)
    shared.chain.mode = "extracts"
    shared.chain.asked.clear()
    return shared


@pytest.fixture
def browser() -> "Browser":
    return _stage.browser()


@pytest.fixture
def context() -> "BrowserContext":
    return _stage.context()


@pytest.fixture
def page(site: "Site", request: pytest.FixtureRequest) -> Iterator["Page"]:
    """The page; whatever a test does, it ends without console error and without request elsewhere."""
    del site
    failed = request.session.testsfailed
    shown = _stage.page()
    yield shown
    if request.session.testsfailed > failed:
        _stage.forget()
        return
    assert shown.evaluate("window.pwned") is None
    assert _stage.faults == []
