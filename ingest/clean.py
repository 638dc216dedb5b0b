"""The cleaned view of Markdown: what a reader sees and a search index holds. Offsets live elsewhere.

Every scanner here is linear: patterns are bounded or stop at the next opening mark.
"""

import html
import re
import unicodedata
from bisect import bisect_right

_CODE = re.compile(r"(?m)^ {0,3}(`{3,}|~{3,})")
_HIDDEN_MARKS = (("<!--", "-->"), ("%%", "%%"), ("<script", "</script>"), ("<style", "</style>"))
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
_DATA_URI = re.compile(r"data:[\w/+.-]{0,80};base64,[A-Za-z0-9+/=\s]*")
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
    (re.compile(r"(?m)^[ \t]*\|?[ \t:|-]*-[ \t:|-]*\|?[ \t]*$"), ""),
    (re.compile(r"(?m)[ \t]+\^[\w-]{1,60}[ \t]*$"), ""),
    (re.compile(r"\*\*|__|~~|=="), ""),
    (re.compile(r"(?<![^\W_])[*_](?=\S)|(?<=\S)[*_](?![^\W_])"), ""),
    (re.compile(r"(?m)^\||\|$"), ""),
    (re.compile(r"`"), ""),
    (re.compile(r"\\([\\`*_{}\[\]()#+.!|<>~-])"), r"\1"),
    (re.compile(r"[ \t]*\|[ \t]*"), " · "),
)


def clean(text: str) -> str:
    """Return the text as a reader sees it: no markup, link targets, comments or invisible characters; NFC.

    Links keep their text, images their `alt`; runs of white space become one space.
    """
    view = _drop(text, hidden_spans(text)) if "%%" in text or "<" in text else text
    view = _DATA_URI.sub(" ", view) if "base64," in view else view
    for pattern, replacement in _SUBSTITUTIONS:
        view = pattern.sub(replacement, view)
    view = html.unescape(view).translate(_INVISIBLE)
    return unicodedata.normalize("NFC", " ".join(view.split()))


def hidden_spans(text: str) -> list[tuple[int, int]]:
    """Return the spans that are not for readers: comments, scripts and styles outside code fences.

    An unclosed comment hides nothing, so that a stray mark never loses the rest of a note.
    """
    lowered = text.lower() if "<" in text else text
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
    return _merge(spans)


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


def within(spans: list[tuple[int, int]], position: int) -> bool:
    """Tell whether a position lies in one of the sorted, disjoint spans."""
    index = bisect_right(spans, (position, float("inf"))) - 1
    return index >= 0 and position < spans[index][1]


def _merge(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _drop(text: str, spans: list[tuple[int, int]]) -> str:
    kept, position = [], 0
    for start, end in spans:
        kept.append(text[position:start])
        position = end
    return " ".join([*kept, text[position:]])
