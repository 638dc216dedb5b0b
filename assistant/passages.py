"""From the chunks chosen to the passages a writer is given: grown by their neighbours, cut from the notes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from assistant.answer import Passage
from ingest.chunk import MAX_CHARACTERS
from ingest.clean import hidden_spans
from ingest.store import Store, StoredChunk, StoredNote


@dataclass(frozen=True, slots=True)
class Choice:
    """A chunk chosen for a question; `score` in [0, 1], larger is better; `reason` says why, in French."""

    chunk: StoredChunk
    score: float
    reason: str


def build_passages(choices: Sequence[Choice], store: Store) -> tuple[Passage, ...]:
    """Return one passage a choice, in order.

    A passage holds its chunk and as many of the chunks around it as fit into `MAX_CHARACTERS`: what stands
    beside a good match helps to understand it. No passage spans a comment, and no two passages overlap.
    """
    notes = store.notes({choice.chunk.note for choice in choices})
    runs = _runs(store.chunks_of(notes), notes)
    taken = {choice.chunk.row for choice in choices}
    passages = []
    for number, choice in enumerate(choices, start=1):
        grown = _grow(choice.chunk, runs[choice.chunk.row], taken)
        taken.update(chunk.row for chunk in grown)
        passages.append(_passage(number, choice, grown, notes[choice.chunk.note]))
    return tuple(passages)


def _runs(chunks: Iterable[StoredChunk], notes: dict[int, StoredNote]) -> dict[int, list[StoredChunk]]:
    """Return, for the row of each chunk, the chunks of its note that no comment parts from it, in order."""
    by_note: dict[int, list[StoredChunk]] = {}
    for chunk in chunks:
        by_note.setdefault(chunk.note, []).append(chunk)
    runs: dict[int, list[StoredChunk]] = {}
    for row, own in by_note.items():
        hidden = hidden_spans(notes[row].text)
        run = [own[0]]
        runs[own[0].row] = run
        for before, chunk in pairwise(own):
            if any(before.end <= start < chunk.start for start, _ in hidden):
                run = []
            run.append(chunk)
            runs[chunk.row] = run
    return runs


def _grow(chunk: StoredChunk, run: list[StoredChunk], taken: set[int]) -> list[StoredChunk]:
    """Return the chunk with its neighbours, what follows before what precedes, while they fit."""
    first = last = run.index(chunk)
    grew = True
    while grew:
        grew = False
        for low, high, added in ((first, last + 1, last + 1), (first - 1, last, first - 1)):
            fits = low >= 0 and high < len(run) and run[high].end - run[low].start <= MAX_CHARACTERS
            if fits and run[added].row not in taken:
                first, last, grew = low, high, True
                break
    return run[first : last + 1]


def _passage(number: int, choice: Choice, grown: Sequence[StoredChunk], note: StoredNote) -> Passage:
    start, end = grown[0].start, grown[-1].end
    return Passage(
        number=number,
        note_id=note.id,
        note=note.title,
        path=note.path,
        heading=choice.chunk.heading,
        text=note.text[start:end],
        start=start,
        end=end,
        encoding=note.encoding,
        score=round(choice.score, 6),
        reason=choice.reason,
        date=note.date,
        private=note.private,
        tags=note.tags,
        sections=tuple((chunk.start, chunk.heading) for chunk in grown),
    )
