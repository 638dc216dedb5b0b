"""The links around a note as a picture: those that cite it, itself, those it cites; pure.

Three columns of words and the lines between them. Its links can be followed, so it is a group
and no `img`, whose content a screen reader would not enter; where there is no room for the drawing, the style
sheet shows those it cites as a list: those that cite it are listed below in any case.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.web.markup import element, escape, note_url
from assistant.web.notes import texts
from ingest.cards import NoteCard
from ingest.french import hold_marks

_SHOWN = 8  # notes on each side
_WIDTH, _SIDE, _MIDDLE = 560, 178, 120
_LINE, _GAP, _HEAD = 17, 18, 30
_LETTERS, _MIDDLE_LETTERS = 24, 15  # of a line of a label, in the widest of our fonts
_LINES, _MIDDLE_LINES = 3, 5


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two sides: which notes, under what name, and where their words begin or end."""

    name: str
    cards: Sequence[NoteCard]
    x: int
    inner: int
    anchor: str

    @property
    def shown(self) -> Sequence[NoteCard]:
        return self.cards[:_SHOWN]

    @property
    def others(self) -> str:
        return texts.and_others(len(self.cards) - len(self.shown))

    @property
    def rows(self) -> list[tuple[NoteCard, list[str], float]]:
        """Each note with the lines of its label and the height of their middle."""
        rows, top = [], float(_HEAD)
        for card in self.shown:
            lines = fold_label(card.title, _LETTERS, _LINES)
            height = _LINE * len(lines) + _GAP
            rows.append((card, lines, top + height / 2))
            top += height
        return rows

    @property
    def bottom(self) -> float:
        """Where its last note ends."""
        return max((y + (_LINE * len(lines) + _GAP) / 2 for _, lines, y in self.rows), default=_HEAD)


def render_picture(title: str, citing: Sequence[NoteCard], cited: Sequence[NoteCard]) -> str:
    """Return the picture of a note between the notes that cite it and those it cites; nothing without any."""
    if not citing and not cited:
        return ""
    left = _Side(texts.CITING, citing, _SIDE - 14, _SIDE, "end")
    right = _Side(texts.CITED, cited, _WIDTH - _SIDE + 14, _WIDTH - _SIDE, "start")
    height = max(*(side.bottom + (_LINE if side.others else 0) for side in (left, right)), _HEAD + 120)
    middle = _HEAD + (height - _HEAD) / 2
    said = texts.around(title, *([card.title for card in side.shown] for side in (left, right)))
    drawn = "".join((*_lines(left, middle), *_lines(right, middle), _center(title, middle)))
    words = _labels(left) + _labels(right)
    picture = (
        f'<svg class="cim-drawing" role="group" aria-label="{escape(said)}" '
        f'viewBox="0 0 {_WIDTH} {height:g}">{drawn}{words}</svg>'
    )
    return f'<section class="cim-around"><h2>{texts.PICTURE}</h2>{picture}{_list(right)}</section>'


def fold_label(title: str, letters: int, lines: int) -> list[str]:
    """Return a title as lines of at most so many letters, cut with “…” where they do not hold it."""
    folded: list[str] = []
    words = hold_marks(title).split(" ")
    while words and len(folded) < lines:
        line = words.pop(0)
        while words and len(line) + 1 + len(words[0]) <= letters:
            line = f"{line} {words.pop(0)}"
        if len(line) > letters:
            words.insert(0, line[letters - 1 :])
            line = f"{line[: letters - 1]}-"
        folded.append(line)
    if words and folded:
        folded[-1] = f"{folded[-1][: letters - 1].rstrip(' -.,:')}…"
    return folded


def _lines(side: _Side, middle: float) -> list[str]:
    edge = (_WIDTH - _MIDDLE) // 2 if side.anchor == "end" else (_WIDTH + _MIDDLE) // 2
    half = (side.inner + edge) / 2
    end = f"{half:g} {middle:g} {edge} {middle:g}"
    return [
        f'<path class="cim-thread" d="M{side.inner} {y:g}C{half:g} {y:g} {end}"/>'
        f'<path class="cim-peg" d="M{side.inner} {y - _LINE * len(lines) / 2:g}v{_LINE * len(lines)}"/>'
        for _, lines, y in side.rows
    ]


def _labels(side: _Side) -> str:
    if not side.shown:
        return ""
    head = _text(side.x, 14, side.anchor, [side.name], "cim-side-name")
    for card, lines, y in side.rows:
        height = _LINE * len(lines) + _GAP - 4
        top = y + 5 - _LINE * (len(lines) - 1) / 2
        words = _text(side.x, top, side.anchor, lines, "cim-label-text")
        hit = side.x - _SIDE + 20 if side.anchor == "end" else side.x - 6
        place = f'x="{hit}" y="{y - height / 2:g}" width="{_SIDE - 14}" height="{height}"'
        area = f'<rect class="cim-area" {place}/>'
        url, name = escape(note_url(card.id)), escape(card.title)
        head += f'<a href="{url}" aria-label="{name}"><title>{name}</title>{area}{words}</a>'
    return head + (
        _text(side.x, side.bottom + 10, side.anchor, [side.others], "cim-side-name") if side.others else ""
    )


def _center(title: str, middle: float) -> str:
    lines = fold_label(title, _MIDDLE_LETTERS, _MIDDLE_LINES)
    top = middle - _LINE * (len(lines) - 1) / 2 + 5
    height = _LINE * len(lines) + 22
    x, y = (_WIDTH - _MIDDLE) // 2, middle - height / 2
    box = f'<rect class="cim-paper" x="{x}" y="{y:g}" width="{_MIDDLE}" height="{height}"/>'
    rail = f'<path class="cim-bar" d="M{x} {y:g}h{_MIDDLE}"/>'
    return box + rail + _text(_WIDTH // 2, top, "middle", lines, "cim-center")


def _text(x: float, y: float, anchor: str, lines: Sequence[str], css: str) -> str:
    spans = "".join(
        f'<tspan x="{x:g}" dy="{_LINE if place else 0}">{escape(line)}</tspan>'
        for place, line in enumerate(lines)
    )
    return f'<text class="{css}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{spans}</text>'


def _list(side: _Side) -> str:
    if not side.shown:
        return ""
    rows = "".join(
        f'<li><a href="{escape(note_url(card.id))}">{escape(hold_marks(card.title))}</a></li>'
        for card in side.shown
    )
    others = element("p", "cim-meta", side.others) if side.others else ""
    return element("div", "cim-drawn-list", f"<h2>{side.name}</h2><ul>{rows}</ul>{others}")
