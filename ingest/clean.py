"""The cleaned view of Markdown: what a reader sees and a search index holds. Offsets live elsewhere.

Every scanner here is linear: patterns are bounded or stop at the next opening mark.
"""

import html
import re
import string
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence

_CODE = re.compile(r"(?:\A|(?<=[\r\n])) {0,3}(`{3,}|~{3,})")
_TICKS = re.compile(r"(?<!\\)`+|\n[ \t]*\r?\n")
_HIDDEN_MARKS = (("<!--", "-->"), ("%%", "%%"), ("<script", "</script>"), ("<style", "</style>"))
_LOWER = {ord(letter): letter.lower() for letter in string.ascii_uppercase}  # `lower` would move offsets
_INVISIBLE = dict.fromkeys(
    [
        0,
        0xAD,
        0x180E,
        0xFEFF,
        *range(0x200B, 0x2010),
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2070),
        *range(0xE0000, 0xE0080),
    ]
)
_DATA_URI = re.compile(r"data:[\w/+.-]{0,80};base64,[A-Za-z0-9+/=]*(?:\r?\n[A-Za-z0-9+/=]{60,})*")
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+.!<>~-])")
_SHELTER = 0xF0000  # of a private plane: what a back-slash makes literal waits there while markup is read
_SHELTERED = {_SHELTER + code: chr(code) for code in range(128)}
_SUBSTITUTIONS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\[\^[^\[\]\n]{1,100}\]:?"), ""),
    (re.compile(r"!\[\[[^\[\]\n]{0,500}\]\]"), " "),
    (re.compile(r"\[\[[^\[\]\n|]{0,500}\|([^\[\]\n]{1,500})\]\]"), r"\1"),
    (re.compile(r"\[\[#?\s*([^\[\]\n|]{1,500})\]\]"), r"\1"),
    (
        re.compile(r"!?\[([^\[\]\n]{0,1000})\]\([^()\n]{0,2000}(?:\([^()\n]{0,500}\)[^()\n]{0,500}){0,3}\)"),
        r"\1",
    ),
    (re.compile(r"!?\[([^\[\]\n]{1,300})\]\("), r"\1 "),
    (re.compile(r"(?i)<img\b[^<>]{0,2000}?\balt\s*=\s*[\"']([^\"'<>]{0,1000})[\"'][^<>]{0,2000}>"), r" \1 "),
    (re.compile(r"<(https?://[^<>\s]{1,2000})>"), r"\1"),
    (re.compile(r"</?[A-Za-z][^<>]{0,4000}>"), " "),
    (re.compile(r"(?m)^[ \t]{0,3}(?:`{3,}|~{3,})[^\n]{0,200}$"), ""),
    (re.compile(r"(?m)^[ \t>]*\[!\w{1,30}\][-+]?"), ""),
    (re.compile(r"(?m)^[ \t]*(?:>[ \t]?)+"), ""),
    (re.compile(r"(?m)^[ \t]{0,3}#{1,6}[ \t]+"), ""),
    (re.compile(r"(?m)^[ \t]*(?:[-*+]|\d{1,3}[.)])[ \t]+(?:\[[ xX/-]\][ \t]+)?"), ""),
    (re.compile(r"(?m)^[ \t]*(?:[-*_=][ \t]*){3,}$"), ""),
    (re.compile(r"(?m)^(?=[ \t:|]*-)[ \t:|-]+$"), ""),
    (re.compile(r"(?m)(?<![ \t])[ \t]+\^[\w-]{1,60}[ \t]*$"), ""),
    (re.compile(r"\*\*|__|~~|=="), ""),
    (re.compile(r"(?<![^\W_])[*_](?=\S)|(?<=\S)[*_](?![^\W_])"), ""),
    (re.compile(r"(?m)^\||\|$"), ""),
    (re.compile(r"`"), ""),
    (re.compile(r"\\?\|"), " · "),
)


def clean(text: str, *, hidden: Sequence[tuple[int, int]] | None = None) -> str:
    """Return the text as a reader sees it: no markup, link targets, comments or invisible characters; NFC.

    Links keep their text, images their `alt`; runs of white space become one space.
    """
    if hidden is None:
        hidden = hidden_spans(text) if "%%" in text or "<" in text else ()
    view = _drop(text, hidden).replace("\r\n", "\n").replace("\r", "\n")
    view = _DATA_URI.sub(" ", view) if "base64," in view else view
    view = _ESCAPE.sub(lambda match: chr(_SHELTER + ord(match[1])), view)
    for pattern, replacement in _SUBSTITUTIONS:
        view = pattern.sub(replacement, view)
    view = html.unescape(view).translate(_SHELTERED | _INVISIBLE)
    return unicodedata.normalize("NFC", " ".join(view.split()))


def hidden_spans(text: str) -> list[tuple[int, int]]:
    """Return the spans that are not for readers: comments, scripts and styles outside code fences.

    An unclosed comment hides nothing, so that a stray mark never loses the rest of a note.
    """
    lowered = text.translate(_LOWER) if "<" in text else text
    fences = code_spans(text) if any(mark in lowered for mark, _ in _HIDDEN_MARKS) else []
    spans: list[tuple[int, int]] = []
    for opening, closing in _HIDDEN_MARKS:
        position = 0
        while (start := lowered.find(opening, position)) >= 0:
            if within(fences, start):
                position = start + len(opening)
                continue
            stop = lowered.find(closing, start + len(opening))
            if stop < 0:
                break
            position = stop + len(closing)
            spans.append((start, position))
    return merge(spans)


def code_spans(text: str) -> list[tuple[int, int]]:
    """Return the spans of fenced code blocks; an unclosed fence runs to the end, as Markdown has it."""
    spans: list[tuple[int, int]] = []
    opened: tuple[int, str] | None = None
    for match in _CODE.finditer(text):
        fence = match.group(1)
        if opened is None:
            opened = (match.start(), fence)
        elif fence.startswith(opened[1]):
            spans.append((opened[0], match.end()))
            opened = None
    if opened is not None:
        spans.append((opened[0], len(text)))
    return spans


def inline_code_spans(text: str) -> list[tuple[int, int]]:
    """Return the spans of code within paragraphs: from a run of back-ticks to the next of the same length."""
    fences = code_spans(text)
    runs = [match for match in _TICKS.finditer(text) if not within(fences, match.start())]
    ahead: dict[int, int] = {}
    closers: dict[int, int] = {}
    for number in range(len(runs) - 1, -1, -1):
        ticks = runs[number].group()
        if ticks[0] == "\n":
            ahead.clear()
            continue
        if len(ticks) in ahead:
            closers[number] = ahead[len(ticks)]
        ahead[len(ticks)] = number
    spans = []
    position = 0
    while position < len(runs):
        closer = closers.get(position, position)
        if closer > position:
            spans.append((runs[position].start(), runs[closer].end()))
        position = closer + 1
    return spans


def within(spans: list[tuple[int, int]], position: int) -> bool:
    """Tell whether a position lies in one of the sorted, disjoint spans."""
    index = bisect_right(spans, (position, float("inf"))) - 1
    return index >= 0 and position < spans[index][1]


def merge(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the same positions as sorted, disjoint spans."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _drop(text: str, spans: Sequence[tuple[int, int]]) -> str:
    kept, position = [], 0
    for start, end in spans:
        kept.append(text[position:start])
        position = end
    return " ".join([*kept, text[position:]])
