"""Quotations in the words around them → safe HTML; pure."""

from collections.abc import Sequence

from assistant.web.markup import MARKUP, Span, render_text

_CONTEXT = 140  # characters kept on each side of a quotation


def render_excerpt(text: str, spans: Sequence[Span]) -> str:
    """Return the sorted spans of a passage, one at least, marked, with some words around them."""
    windows: list[Span] = []
    signs = [match.span() for match in MARKUP.finditer(text)]
    for start, end in spans:
        first = _around(signs, _word_edge(text, max(0, start - _CONTEXT), start))[0]
        last = _around(signs, _word_edge(text, min(len(text), end + _CONTEXT), end))[1]
        if windows and first <= windows[-1][1]:
            first = windows.pop()[0]
        windows.append((first, last))
    pieces = [render_text(text, window, spans) for window in windows]
    head, tail = "… " if windows[0][0] > 0 else "", " …" if windows[-1][1] < len(text) else ""
    return f"{head}{' […] '.join(pieces)}{tail}"


def _around(signs: Sequence[Span], at: int) -> Span:
    """Return where the link, or other markup, that an offset falls into begins and ends: no half is shown."""
    return next((sign for sign in signs if sign[0] < at < sign[1]), (at, at))


def _word_edge(text: str, at: int, toward: int) -> int:
    """Return the white space nearest to `at` on the way to `toward`, or `toward`."""
    if at in (0, len(text)):
        return at
    step = 1 if toward > at else -1
    for place in range(at, toward, step):
        if text[place].isspace():
            return place + 1 if step > 0 else place
    return toward
