"""What people read on the page: which words are neither ours nor of the notes, and what is not set as French is."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType

from playwright.sync_api import Page

import assistant.answering
import assistant.scope
import assistant.usage
import assistant.verdict
from assistant.web import script_texts, texts
from assistant.web.door import texts as door_texts
from assistant.web.index import texts as index_texts
from assistant.web.notes import texts as browse_texts
from ingest.errors import ProviderTimeoutError
from tests import page_site, page_states
from tests.page_site import NOTES

_WORD = re.compile(r"[^\W\d_]{3,}")
# A plain space before : ; ? ! » or after «, an apostrophe of typewriters between letters.
LOOSE = re.compile(r"[^\S\u00a0\u202f][:;?!»](?!\S)|[^\s\u00a0\u202f][;?!»](?![\w.=&])|«[^\u00a0]|\w'\w")


def strings_of(module: ModuleType) -> set[str]:
    """Return the strings of a module, its docstrings apart."""
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    documented = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
        and isinstance(node.body[0], ast.Expr)
    }
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented
    }


def _words(strings: set[str]) -> set[str]:
    return {word.casefold() for text in strings for word in _WORD.findall(text)}


def _values(told: object) -> Iterator[str]:
    """Yield the strings of a value, the names it gives them apart."""
    if isinstance(told, str):
        yield told
    elif isinstance(told, Mapping | Sequence):
        for value in told.values() if isinstance(told, Mapping) else told:
            yield from _values(value)


OURS = (
    texts,
    browse_texts,
    door_texts,
    index_texts,
    assistant.usage,
    assistant.verdict,
    assistant.answering,
    assistant.scope,
)
# A string of small letters alone is a name of ours, unless it is a value told as it is.
SAID = _words(
    {text for module in OURS for text in strings_of(module) if not re.fullmatch("[a-z_0-9-]+", text)}
    | {*_values(script_texts.SCRIPT), *_values(script_texts.GRADIO), texts.PASSAGE, "note", "notes"}
    | {texts.french_date(f"2022-{month:02}") for month in range(1, 13)}
)
ENGLISH = "clear copy loading submit message settings chatbot textbox retry undo share user bot close open stop error"
NOTED = _words(
    {page_site.GUIDE, *page_site.TITLES}
    | {text for note in NOTES.values() for text in (note.title, note.path, *note.tags)}
    | {text for text in strings_of(page_states) if text.endswith("?")}
    | {"Par quelles étapes passer", "Comment faire", "Que disent les notes sur", "Ajoutée parce que la cite"}
    | {
        "Forum Questions guide notes Étapes",
        "Budget Voir",
        "Un montant",
        str(ProviderTimeoutError()),
    }
    | {"Les petits musées y gagnent plus que les grands"}
)

_READ = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const said = [];
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (parent.closest("script, style, noscript, .cim-record") || !parent.checkVisibility({ visibilityProperty: true })) continue;
    const noted = parent.closest(".cim-q, .cim-talk, .cim-erase, blockquote, .cim-claim-text, .cim-note, .cim-cartel, .cim-stub pre, .cim-w, .cim-check, select");
    said.push([walker.currentNode.textContent, Boolean(noted)]);
  }
  for (const each of document.querySelectorAll("[aria-label], [title], [placeholder], [alt], [aria-description], [aria-roledescription]")) {
    if (!each.checkVisibility({ visibilityProperty: true })) continue;
    for (const name of ["aria-label", "title", "placeholder", "alt", "aria-description", "aria-roledescription"]) {
      if (each.getAttribute(name)) said.push([each.getAttribute(name), false]);
    }
  }
  return said.filter(([text]) => text.trim());
}"""


def read_words(page: Page) -> tuple[set[str], set[str]]:
    """Return what is shown or named on a page that is foreign, and what of ours is not set in French.

    What Gradio draws is mended at the next frame.
    """
    page.evaluate("() => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    said = [(str(text), bool(noted)) for text, noted in page.evaluate(_READ)]
    foreign = {text for text, _ in said if _words({text}) - SAID - NOTED}
    return foreign, {text for text, noted in said if not noted and LOOSE.search(text)}
