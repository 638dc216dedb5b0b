"""The headings and blocks of a note that a link may point at, as Obsidian compares them."""

import re
import unicodedata
from dataclasses import dataclass

from ingest.clean import clean, code_spans, within
from ingest.note import Note

_HEADING = re.compile(r"(?m)^[ \t>]*(?:(?:[-*+]|\d{1,3}[.)])[ \t]+)?#{1,6}[ \t]+([^\n]*)")
_UNDERLINED = re.compile(r"(?m)^([^\n]+)\n[ \t]{0,3}(?:=+|-+)[ \t]*$")
_BLOCK = re.compile(r"(?m)(?:^|(?<=\s))\^([\w-]{1,100})[ \t]*$")
_MARKS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Anchors:
    """What of a note can be pointed at: keys of its headings, ids of its blocks in lower case."""

    headings: frozenset[str]
    blocks: frozenset[str]

    def hold(self, anchor: str) -> bool:
        """Tell whether a link's `heading`, `Titre#Sous-titre` or `^bloc`, is there."""
        *_, last = anchor.split("#")
        if last.startswith("^"):
            return last[1:].strip().lower() in self.blocks
        parts = [key for part in anchor.split("#") if (key := _key(part))]
        return _key(anchor) in self.headings or all(part in self.headings for part in parts)


def read_anchors(note: Note) -> Anchors:
    """Read the headings and block ids of a note, those in code left out."""
    text = note.text[note.body_start :].replace("\r\n", "\n").replace("\r", "\n")
    fences = code_spans(text)
    raw = [
        match[1]
        for pattern in (_HEADING, _UNDERLINED)
        for match in pattern.finditer(text)
        if not within(fences, match.start())
    ]
    blocks = (match[1].lower() for match in _BLOCK.finditer(text))
    return Anchors(
        frozenset(key for heading in raw for key in (_key(heading), _key(clean(heading)))),
        frozenset(blocks),
    )


def _key(heading: str) -> str:
    return " ".join(_MARKS.sub(" ", unicodedata.normalize("NFC", heading).casefold()).split())
