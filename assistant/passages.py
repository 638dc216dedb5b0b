"""From the chunks chosen to the passages a writer is given: grown by their neighbours, cut from the notes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assistant.answer import Passage
from assistant.terms import Term, spelled_in
from ingest.chunk import MAX_CHARACTERS
from ingest.store import Store, StoredChunk, StoredNote

_NEIGHBOURS = 12  # chunks each way that a passage may grow by
_TOLD = 3  # words that a reason names
_WIDE, _FIRST = 3000, 3  # characters that the first passages may grow to: most answers are in them


@dataclass(frozen=True, slots=True)
class Choice:
    """The row of a chunk chosen for a question; `score` in [0, 1].

    `reason` says why, in French, where it is not for the words it holds.
    """

    row: int
    score: float
    reason: str = ""


def build_passages(choices: Sequence[Choice], store: Store, terms: Sequence[Term]) -> tuple[Passage, ...]:
    """Return one passage a choice, in order.

    A passage holds its chunk and as many of the chunks around it as fit into 1 500 characters, 3 000 for the
    first three: what stands beside a good match helps to understand it, and often is the answer. No passage
    spans a comment, and no two passages overlap.
    """
    chunks = store.chunks({row for choice in choices for row in _around(choice.row)})
    notes = store.notes({chunks[choice.row].note for choice in choices})
    taken = {choice.row for choice in choices}
    passages = []
    for number, choice in enumerate(choices, start=1):
        grown = _grow(choice.row, chunks, taken, _WIDE if number <= _FIRST else MAX_CHARACTERS)
        taken.update(chunk.row for chunk in grown)
        passages.append(_passage(number, choice, grown, notes[grown[0].note], terms))
    return tuple(passages)


def _around(row: int) -> range:
    return range(row - _NEIGHBOURS, row + _NEIGHBOURS + 1)


def _grow(row: int, chunks: Mapping[int, StoredChunk], taken: set[int], limit: int) -> list[StoredChunk]:
    """Return the chunk with its neighbours, what follows before what precedes, while they fit."""
    grown = [chunks[row]]
    while True:
        for at, added in ((len(grown), chunks.get(grown[-1].row + 1)), (0, chunks.get(grown[0].row - 1))):
            if added is not None and added.row not in taken and _fits(grown, added, limit):
                grown.insert(at, added)
                break
        else:
            return grown


def _fits(grown: Sequence[StoredChunk], added: StoredChunk, limit: int) -> bool:
    """Tell whether a chunk is of the same stretch of the same note, and leaves the passage short enough."""
    first, last = grown[0], grown[-1]
    length = max(last.end, added.end) - min(first.start, added.start)
    return (added.note, added.run) == (first.note, first.run) and length <= limit


def _passage(
    number: int, choice: Choice, grown: Sequence[StoredChunk], note: StoredNote, terms: Sequence[Term]
) -> Passage:
    start, end = grown[0].start, grown[-1].end
    return Passage(
        number=number,
        note_id=note.id,
        note=note.title,
        path=note.path,
        heading=next(chunk.heading for chunk in grown if chunk.row == choice.row),
        text=note.text[start:end],
        start=start,
        end=end,
        encoding=note.encoding,
        score=round(choice.score, 6),
        reason=choice.reason or _reason(note, start, end, terms),
        date=note.date,
        private=note.private,
        tags=note.tags,
        sections=tuple((chunk.start, chunk.heading) for chunk in grown),
    )


def _reason(note: StoredNote, start: int, end: int, terms: Sequence[Term]) -> str:
    """Say which words a passage was found by, as it spells them; or that its note alone has some, or none."""
    words = [f"«\u00a0{word}\u00a0»" for word in spelled_in(note.text[start:end], terms)[:_TOLD]]
    if words:
        return f"proche par {', '.join(words)}"
    told = spelled_in(f"{note.title}\n{note.text}", terms)
    return "sa note est proche de la question" if told else "proche, sans un mot de la question"
