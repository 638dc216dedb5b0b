"""A question with its answer, and the record of it that a visitor's browser keeps.

A record holds no text of passages: they are cut anew from the notes as they are now. What comes back from a
browser is hostile: its shape is checked here, a quotation that is nowhere in its note is dropped, and what
is shown of it is escaped.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from assistant.answer import (
    BORNE_OUT,
    Answer,
    Citation,
    Filters,
    Gap,
    Label,
    Mode,
    Passage,
    Sentence,
    Turn,
    Verdict,
)
from assistant.usage import Usage
from ingest.errors import QuestionError
from ingest.french import words
from ingest.store import StoredNote

NoteFinder = Callable[[str], StoredNote | None]
_CHANGED = (
    "Des notes ont changé depuis cette réponse\u202f: ce qu’elles ne disent plus y est marqué sans appui."
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and its answer; `private` when a note it cited cannot be told any more."""

    question: str
    answer: Answer = field(default_factory=Answer)
    filters: Filters = field(default_factory=Filters)
    private: bool = False

    @property
    def turns(self) -> tuple[Turn, ...]:
        """What it adds to the history of a question; nothing when it was not answered."""
        if not self.answer.sentences:
            return ()
        private = self.private or self.answer.private
        return Turn("user", self.question), Turn("assistant", self.answer.text, private)


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class KeptSpan(_Kept):
    """A span of a note; `said` is the quotation of a citation, the reason of a passage.

    `path` is for people and for what the browser exports: here a note goes by its id.
    """

    number: int
    note_id: str
    start: int
    end: int
    said: str
    path: str = ""
    heading: tuple[str, ...] = ()


class KeptExchange(_Kept):
    """What a browser keeps of an exchange; the same names as an Answer's."""

    question: str
    filters: Filters = Filters()
    sentences: tuple[Sentence, ...] = ()
    citations: tuple[KeptSpan, ...] = ()
    passages: tuple[KeptSpan, ...] = ()
    gaps: tuple[Gap, ...] = ()
    verdict: Verdict | None = None
    mode: Mode | None = None
    notice: str | None = None
    complete: bool = True
    removed: tuple[str, ...] = ()
    usage: Usage = Usage()


_RECORDS = TypeAdapter(tuple[KeptExchange, ...])


def write_record(exchange: Exchange) -> str:
    """Return an exchange as the JSON that a browser keeps."""
    answer = exchange.answer
    names = ("sentences", "gaps", "verdict", "mode", "notice", "complete", "removed", "usage")
    return KeptExchange(
        question=exchange.question,
        filters=exchange.filters,
        citations=tuple(_span(citation, citation.quote) for citation in answer.citations),
        passages=tuple(_span(passage, passage.reason) for passage in answer.passages),
        **{name: getattr(answer, name) for name in names},
    ).model_dump_json()


def read_records(written: str | bytes, find: NoteFinder) -> tuple[Exchange, ...]:
    """Return the exchanges of a JSON list of records, their passages cut from the notes as they are now.

    Args:
        written: A JSON list of what `write_record` makes.
        find: Returns a note by its id, or None.

    Raises:
        QuestionError: It is no such list.
    """
    try:
        records = _RECORDS.validate_json(written)
    except ValidationError as error:
        raise QuestionError(
            "La conversation gardée n’est plus lisible\u202f; effacez-la et reposez la question."
        ) from error
    return tuple(_restore(record, find) for record in records)


def _span(place: Citation | Passage, said: str) -> KeptSpan:
    return KeptSpan(
        number=place.number,
        note_id=place.note_id,
        start=place.start,
        end=place.end,
        said=said,
        path=place.path,
        heading=place.heading[-1:],
    )


def _restore(kept: KeptExchange, find: NoteFinder) -> Exchange:
    ids = {span.note_id for span in (*kept.citations, *kept.passages)}
    notes = {note_id: note for note_id in ids if (note := find(note_id)) is not None}
    citations = tuple(_citations(kept.citations, notes))
    passages = tuple(_passages(kept.passages, notes, citations))
    sentences = tuple(_check(sentence, kept, citations) for sentence in kept.sentences)
    lost = len(citations) < len(kept.citations)
    answer = Answer(
        kept.question,
        sentences,
        citations,
        passages,
        kept.gaps,
        kept.verdict,
        kept.mode,
        _CHANGED if lost else kept.notice,
        kept.complete,
        kept.removed,
        kept.usage,
    )
    return Exchange(kept.question, answer, kept.filters, private=lost)


def _citations(spans: Iterable[KeptSpan], notes: dict[str, StoredNote]) -> Iterator[Citation]:
    """Yield the citations whose quotation is in its note still, where it is now."""
    for span in spans:
        note = notes.get(span.note_id)
        if note is None or not span.said:
            continue
        start = span.start
        if start < 0 or note.text[start : start + len(span.said)] != span.said:
            start = note.text.find(span.said)
        if start >= 0:
            end = start + len(span.said)
            yield Citation(
                span.number,
                note.id,
                note.title,
                note.path,
                span.heading,
                span.said,
                start,
                end,
                note.encoding,
            )


def _passages(
    spans: Iterable[KeptSpan], notes: dict[str, StoredNote], citations: tuple[Citation, ...]
) -> Iterator[Passage]:
    """Yield the passages, widened to the quotations that moved out of them."""
    for span in spans:
        note = notes.get(span.note_id)
        if note is None:
            continue
        own = [c for c in citations if c.number == span.number and c.note_id == span.note_id]
        start = max(0, min((span.start, *(citation.start for citation in own))))
        end = min(len(note.text), max((span.end, *(citation.end for citation in own))))
        if start < end:
            yield Passage(
                span.number, note.id, note.title, note.path, span.heading, note.text[start:end], start, end,
                note.encoding, 0.0, span.said, note.date, note.tags, note.private,
            )  # fmt: skip


def _check(sentence: Sentence, kept: KeptExchange, citations: tuple[Citation, ...]) -> Sentence:
    """Return a sentence with the numbers that still hold; it is unsupported once none does."""
    held = {citation.number for citation in citations}
    cited = {citation.number for citation in kept.citations}
    numbers = tuple(n for n in sentence.numbers if n in held or n not in cited)
    label: Label = sentence.label
    if label in BORNE_OUT and not set(numbers) & held:
        label, numbers = "unsupported", ()
    if label == "verbatim" and not _is_quoted(sentence.text, numbers, citations):
        label = "supported"
    return replace(sentence, label=label, numbers=numbers)


def _is_quoted(text: str, numbers: tuple[int, ...], citations: tuple[Citation, ...]) -> bool:
    """Tell whether each word of a sentence is in its quotations."""
    own = (citation.quote for citation in citations if citation.number in numbers)
    return set(words(text)) <= {word for quote in own for word in words(quote)}
