"""The cleaned view of Markdown: what a reader sees and a search index holds. Offsets live elsewhere.

Every scanner here is linear: patterns are bounded or stop at the next opening mark.
"""

import html
import re
import string
import unicodedata
from bisect import bisect_right
from functools import cache, lru_cache
from itertools import islice

_MAX_SPANS = 10_000  # of each kind in a note; nobody writes as many, and each costs memory
_NEWLINE = re.compile(r"\r\n?|[\u2028\u2029\x85\x0b\x0c]")
_CODE = re.compile(r"(?<![^\r\n]) {0,3}(`{3,}|~{3,})")
_TICKS = re.compile(r"(?<!\\)`+|(?:\r\n|\n|\r(?!\n))[ \t]*[\r\n]")
_HIDDEN_MARKS = (("<!--", "-->"), ("%%", "%%"), ("<script", "</script>"), ("<style", "</style>"))
_ELEMENT = re.compile(r"<([a-z][a-z0-9]{0,15})(\s[^<>]{0,1000})>")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_HIDDEN_ATTRIBUTE = re.compile(r"(?<![^\s])hidden(?![^\s=/])")
_HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|(?:opacity|font-size)\s*:\s*0(?:\.0*)?(?![.\d])"
)
_LOWER = {ord(letter): letter.lower() for letter in string.ascii_uppercase}  # `lower` would move offsets
# All but what is seen: controls, which a terminal obeys, soft hyphens, zero-width, bidi and tag characters.
# Said the other way round, the same class is twenty times slower to search for.
INVISIBLE = re.compile(
    "[^\t-\r\x1c-~\x85\xa0-\xac\xae-\u180d\u180f-\u200a\u2010-\u2029\u202f-\u205f"
    "\u2070-\ufefe\uff00-\U000dffff\U000e0080-\U0010ffff]+"
)
DATA_URI = re.compile(r"data:[\w/+.=;-]{0,80};base64,[A-Za-z0-9+/=]*(?:\r?\n[A-Za-z0-9+/=]{60,})*")
_ESCAPED = "\\`*_{}[]()#+.!<>~-"  # the back-slash first: two of them are one, and escape nothing
_SHELTER = 0xF0000  # of a private plane: what a back-slash makes literal waits there while markup is read
_SHELTERED = {_SHELTER + code: chr(code) for code in range(128)}
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_PILE = re.compile(r"[^\w\s!-~]{31}")
_MARKUP = re.compile(r"[\\\[\]<>`~#*_=|&^%+-]|::|\d[.)]|base64,")
# what a pattern cannot do without, so that it is not even tried; the pattern; what takes its place
_SUBSTITUTIONS: tuple[tuple[str, re.Pattern[str], str], ...] = (
    ("[^", re.compile(r"\[\^[^\[\]\n]{1,100}\]:?"), ""),
    ("![[", re.compile(r"!\[\[[^\[\]\n]{0,500}\]\]"), " "),
    ("[[", re.compile(r"\[\[[^\[\]\n|]{0,500}\|([^\[\]\n]{1,500})\]\]"), r"\1"),
    ("[[", re.compile(r"\[\[#?\s*([^\[\]\n|]{1,500})\]\]"), r"\1"),
    (
        "](",
        re.compile(r"!?\[([^\[\]\n]{0,1000})\]\([^()\n]{0,2000}(?:\([^()\n]{0,500}\)[^()\n]{0,500}){0,3}\)"),
        r"\1",
    ),
    ("](", re.compile(r"!?\[([^\[\]\n]{1,300})\]\("), r"\1 "),
    (
        "<",
        re.compile(r"(?i)<img\b(?>[^<>]{0,2000}?\balt\s*=\s*[\"']([^\"'<>]{0,1000})[\"'])[^<>]{0,2000}>"),
        r" \1 ",
    ),
    ("<http", re.compile(r"<(https?://[^<>\s]{1,2000})>"), r"\1"),
    ("<", re.compile(r"</?[A-Za-z][^<>]{0,4000}>"), " "),
    ("```", re.compile(r"(?m)^[ \t]{0,3}`{3,}[^\n]{0,200}$"), ""),
    ("~~~", re.compile(r"(?m)^[ \t]{0,3}~{3,}[^\n]{0,200}$"), ""),
    ("[!", re.compile(r"(?m)^[ \t>]*\[!\w{1,30}\][-+]?"), ""),
    (">", re.compile(r"(?m)^[ \t]*(?:>[ \t]?+)++"), ""),
    ("#", re.compile(r"(?m)^[ \t]{0,3}#{1,6}[ \t]+"), ""),
    ("::", re.compile(r"(?m)^([^\n:]{1,60}?)[ \t]?::[ \t]+"), r"\1 : "),
    ("", re.compile(r"(?m)^[ \t]*(?:[-*+]|\d{1,3}[.)])[ \t]+(?:\[[ xX/-]\][ \t]+)?"), ""),
    ("", re.compile(r"(?m)^[ \t]*(?:[-*_=][ \t]*+){3,}+$"), ""),
    ("-", re.compile(r"(?m)^(?=[ \t:|]*-)[ \t:|-]+$"), ""),
    ("^", re.compile(r"(?m)(?<![ \t])[ \t]+\^[\w-]{1,60}[ \t]*$"), ""),
    ("**", re.compile(r"\*\*"), ""),
    ("__", re.compile(r"__"), ""),
    ("~~", re.compile(r"~~"), ""),
    ("==", re.compile(r"=="), ""),
    ("*", re.compile(r"(?<![^\W_])\*(?=\S)|(?<=\S)\*(?![^\W_])"), ""),
    ("_", re.compile(r"(?<![^\W_])_(?=\S)|(?<=\S)_(?![^\W_])"), ""),
    ("|", re.compile(r"(?m)^\||\|$"), ""),
    ("`", re.compile(r"`"), ""),
)


def clean(text: str, *, comments: bool = False) -> str:
    """Return the text as a reader sees it: no markup, link targets, comments or invisible characters; NFC.

    Links keep their text, images their `alt`; runs of white space become one space.

    Args:
        text: Markdown.
        comments: Whether marks of comments are text, as they are in a part of a code fence.
    """
    view = _NEWLINE.sub("\n", text)
    if _MARKUP.search(view) is None:
        return plain(view)
    if not comments and ("%%" in view or "<" in view):
        view = _drop(view, hidden_spans(view))
    view = DATA_URI.sub(" ", view) if "base64," in view else view
    if "\\" in view:
        for mark in _ESCAPED:
            view = view.replace("\\" + mark, chr(_SHELTER + ord(mark)))
    for needed, pattern, replacement in _SUBSTITUTIONS:
        view = pattern.sub(replacement, view) if needed in view else view
    view = view.replace("\\|", "|").replace("|", " · ")
    view = _ENTITY.sub(lambda match: html.unescape(match[0]), view) if "&" in view else view
    return plain(view.translate(_SHELTERED) if "\\" in text else view)


def plain(text: str) -> str:
    """Return a text that holds no markup without its invisible characters; NFC, white space as one space."""
    view = " ".join(text.split())
    if view.isascii() and view.isprintable():
        return view
    view = " ".join(INVISIBLE.sub("", view).split())
    # ordering a run of combining marks takes the square of its length; Unicode's own bound is thirty (UAX 15)
    return unicodedata.normalize("NFC", _piled_marks().sub(r"\1", view) if _PILE.search(view) else view)


@cache
def _piled_marks() -> re.Pattern[str]:
    marks = "".join(chr(code) for code in range(0x300, 0x1F000) if unicodedata.combining(chr(code)))
    return re.compile(f"([{marks}]{{30}})[{marks}]+")


def hidden_spans(text: str) -> list[tuple[int, int]]:
    """Return the spans that are not for readers: comments, scripts, styles, hidden elements, out of fences.

    An unclosed one hides nothing, so that a stray mark never loses the rest of a note; past ten thousand
    of a kind, all the rest is hidden.
    """
    lowered = text.translate(_LOWER) if "<" in text else text
    fences = code_spans(text) if any(mark in lowered for mark, _ in _HIDDEN_MARKS) else []
    spans: list[tuple[int, int]] = []
    for opening, closing in _HIDDEN_MARKS:
        spans += _marked(lowered, opening, closing, fences)
    return merge([*spans, *hidden_elements(text)])


def _marked(text: str, opening: str, closing: str, fences: list[tuple[int, int]]) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    position = 0
    while (start := text.find(opening, position)) >= 0:
        if within(fences, start):
            position = fences[bisect_right(fences, (start, len(text))) - 1][1]
            continue
        stop = text.find(closing, start + len(opening))
        if stop < 0:
            break
        if len(spans) == _MAX_SPANS:
            return [*spans, (start, len(text))]
        position = stop + len(closing)
        spans.append((start, position))
    return spans


def hidden_elements(text: str) -> list[tuple[int, int]]:
    """Return the spans of the HTML elements whose style or attribute hides them, out of code fences."""
    lowered = text.translate(_LOWER) if "<" in text else ""
    if not any(word in lowered for word in ("hidden", "none", "opacity", "font-size")):
        return []
    fences = code_spans(text)
    spans: list[tuple[int, int]] = []
    unclosed: set[str] = set()
    for match in _ELEMENT.finditer(lowered):
        name, attributes = match.groups()
        if name in unclosed or (spans and match.start() < spans[-1][1]):
            continue
        if not _hides(attributes) or within(fences, match.start()):
            continue
        stop = lowered.find(f"</{name}>", match.end())
        if stop < 0:
            unclosed.add(name)
            continue
        spans.append((match.start(), stop + len(name) + 3))
        if len(spans) == _MAX_SPANS:
            return [*spans[:-1], (spans[-1][0], len(text))]
    return spans


@lru_cache(maxsize=1024)
def _hides(attributes: str) -> bool:
    bare = _QUOTED.sub("", attributes)
    return bool(_HIDDEN_STYLE.search(attributes) or _HIDDEN_ATTRIBUTE.search(bare))


def code_spans(text: str) -> list[tuple[int, int]]:
    """Return the spans of fenced code blocks; an unclosed fence runs to the end, as Markdown has it."""
    spans: list[tuple[int, int]] = []
    opened: tuple[int, str] | None = None
    if "```" not in text and "~~~" not in text:
        return []
    for match in islice(_CODE.finditer(text), _MAX_SPANS):
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
    if "`" not in text:
        return []
    found = islice(_TICKS.finditer(text), _MAX_SPANS)
    runs = [match for match in found if not within(fences, match.start())]
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


def _drop(text: str, spans: list[tuple[int, int]]) -> str:
    kept, position = [], 0
    for start, end in spans:
        kept.append(text[position:start])
        position = end
    return " ".join([*kept, text[position:]])
