"""Markdown links `[text](destination)`: the dead ones, and those that lead into the vault."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from ingest.clean import code_spans, hidden_spans, inline_code_spans, merge, within
from ingest.links import is_attachment
from ingest.note import Wikilink

_DESTINATION = re.compile(r"\]\(([^()\r\n]{0,2000}(?:\([^()\r\n]{0,500}\)[^()\r\n]{0,500}){0,3})\)")
_LONGEST_TEXT = 1000
_TITLE = re.compile(r"\s+(?:\"[^\"]*\"|'[^']*')\s*\Z")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|[/#?<@]|www\.")
_PLACEHOLDER = re.compile(
    r"(?i)(?:lien|url|link|adresse|à venir|a venir|todo|xxx+)(?:[ _-][^.:/#@]{0,60})?\Z"
)
_NOTE = re.compile(r"(?i)\.(?:md|markdown)\Z")
_BARE_NAME = re.compile(r"[^\s.:/#@<>\"'(){}]{3,100}\Z")  # three letters: `visiteur[e](s)` is no link


@dataclass(frozen=True, slots=True)
class MarkdownLink:
    """A `[text](destination)`; `start` is the offset of its bracket, or of the `!` before an image."""

    text: str
    destination: str
    image: bool
    start: int
    end: int


def markdown_links(text: str) -> Iterator[MarkdownLink]:
    """Yield the links that a reader sees, in order; those in code and comments are left out."""
    if "](" not in text:
        return
    ignored = merge([*hidden_spans(text), *code_spans(text), *inline_code_spans(text)])
    for match in _DESTINATION.finditer(text):
        opening = text.rfind("[", max(0, match.start() - _LONGEST_TEXT), match.start())
        words = text[opening + 1 : match.start()]
        before = text[opening - 1 : opening] if opening > 0 else ""
        escaped = before == "\\" or words.endswith("\\")
        if opening < 0 or escaped or before.isalnum() or "\n" in words or within(ignored, opening):
            continue
        image = before == "!"
        destination = _TITLE.sub("", match[1]) if match[1].rstrip().endswith(("'", '"')) else match[1]
        destination = destination.strip().removeprefix("<").removesuffix(">").strip()
        yield MarkdownLink(words, destination, image, opening - image, match.end())


def leads_nowhere(link: MarkdownLink) -> bool:
    """Tell whether nothing, or a word that waits for an address, stands for the destination."""
    return not link.destination or _PLACEHOLDER.match(link.destination) is not None


def inner_link(link: MarkdownLink) -> Wikilink | None:
    """Return a Markdown link that leads into the vault as the wikilink it amounts to, else None."""
    if leads_nowhere(link) or _ADDRESS.match(link.destination):
        return None
    place, _, heading = link.destination.partition("#")
    target = unquote(place)
    first, slash, _ = target.partition("/")
    host = slash and "." in first.strip(".")
    inside = _NOTE.search(target) or is_attachment(target) or _BARE_NAME.match(link.destination)
    if not inside or host:
        return None
    return Wikilink(target, unquote(heading), link.text, link.image, link.start, link.end)
