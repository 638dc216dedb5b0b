"""What is asked and what is answered: frozen values whose parts add up.

A stream of parts and the whole answer are the same type:
`functools.reduce(operator.add, chain.stream(q)) == chain.invoke(q)`.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from assistant.usage import Usage

Label = Literal["verbatim", "supported", "unsupported", "link"]
BORNE_OUT: frozenset[Label] = frozenset(("verbatim", "supported"))
Mode = Literal["extracts", "model"]
Verdict = Literal["answered", "nearest", "silent"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier message of the conversation; `private` when it cites a note that is confidential."""

    role: Literal["user", "assistant"]
    content: str
    private: bool = False


@dataclass(frozen=True, slots=True)
class Filters:
    """What part of the vault to search; empty fields do not restrict.

    `tags` carry no `#`; `folders` are relative to the vault; `since` and `until` are inclusive ISO dates.
    """

    tags: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A question in its conversation; `standalone` is what a model made of it, to be searched."""

    text: str
    history: tuple[Turn, ...] = ()
    filters: Filters = field(default_factory=Filters)
    standalone: str | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk of a note given to the writer: `note_text[start:end] == text`, in code points.

    `number` is 1-based, in the order given; `score` is larger-is-better in [0, 1]; `reason` says in French
    why the passage was chosen; `note_id` is opaque and is what URLs carry; `heading` is that of its best part
    and `sections` are the (start, heading path) of all that it holds, in order.
    """

    number: int
    note_id: str
    note: str
    path: str
    heading: tuple[str, ...]
    text: str
    start: int
    end: int
    encoding: str
    score: float
    reason: str
    date: str | None = None
    tags: tuple[str, ...] = ()
    private: bool = False
    sections: tuple[tuple[int, tuple[str, ...]], ...] = ()

    def heading_at(self, offset: int) -> tuple[str, ...]:
        """Return the heading path over an offset of the note."""
        over = [heading for start, heading in self.sections if start <= offset]
        return over[-1] if over else self.heading

    def to_dict(self) -> dict[str, Any]:
        """Return the public JSON form."""
        names = ("number", "note", "path", "heading", "text", "start", "end", "encoding", "score", "reason")
        return {name: _plain(getattr(self, name)) for name in names}


@dataclass(frozen=True, slots=True)
class Citation:
    """A span of a note behind a statement: `note_text[start:end] == quote`, in code points.

    `number` is that of the passage the span lies in; several citations may share it.
    """

    number: int
    note_id: str
    note: str
    path: str
    heading: tuple[str, ...]
    quote: str
    start: int
    end: int
    encoding: str

    @property
    def url(self) -> str:
        """Where the server shows the span in its note."""
        return f"/note/{self.note_id}#{self.start}-{self.end}"

    def to_dict(self, *, served: bool = False) -> dict[str, Any]:
        """Return the public JSON form; `url` is null unless a server is there to follow it."""
        names = ("number", "note", "path", "heading", "quote", "start", "end", "encoding")
        return {name: _plain(getattr(self, name)) for name in names} | {"url": self.url if served else None}


@dataclass(frozen=True, slots=True)
class Sentence:
    """One checked statement, with the numbers of the passages it rests on."""

    text: str
    label: Label
    numbers: tuple[int, ...] = ()

    def __str__(self) -> str:
        """Return the text with its bracketed numbers before the final stop."""
        marks = "".join(f"[{number}]" for number in self.numbers)
        if not marks:
            return self.text
        if self.label != "verbatim" and self.text.endswith("."):
            return f"{self.text[:-1]} {marks}."
        return f"{self.text} {marks}"


@dataclass(frozen=True, slots=True)
class Gap:
    """A part of the question the notes do not answer, the nearest notes, and the stub of a note to write."""

    question: str
    nearest: tuple[str, ...]
    stub: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, or a part of one on its way.

    Passages come first, then one part per checked sentence with its citations, then the verdict. What is in
    a part is never taken back: adding parts only appends. `complete` is false when a model was cut.
    """

    question: str = ""
    sentences: tuple[Sentence, ...] = ()
    citations: tuple[Citation, ...] = ()
    passages: tuple[Passage, ...] = ()
    gaps: tuple[Gap, ...] = ()
    verdict: Verdict | None = None
    mode: Mode | None = None
    notice: str | None = None
    complete: bool = True
    removed: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)

    def __add__(self, other: "Answer") -> "Answer":
        seen = set(self.citations)
        return Answer(
            question=self.question or other.question,
            sentences=self.sentences + other.sentences,
            citations=self.citations + tuple(c for c in other.citations if c not in seen),
            passages=self.passages + other.passages,
            gaps=self.gaps + other.gaps,
            verdict=other.verdict or self.verdict,
            mode=other.mode or self.mode,
            notice=" ".join(filter(None, (self.notice, other.notice))) or None,
            complete=self.complete and other.complete,
            removed=self.removed + other.removed,
            usage=self.usage + other.usage,
        )

    @property
    def text(self) -> str:
        """The sentences joined, each with the numbers of its passages."""
        return " ".join(map(str, self.sentences))

    @property
    def private(self) -> bool:
        """Whether a passage it cites is of a confidential note."""
        cited = {citation.number for citation in self.citations}
        return any(passage.private for passage in self.passages if passage.number in cited)

    @property
    def grounded(self) -> bool:
        """Whether the notes answer, with at least one citation to show for it."""
        return self.verdict == "answered" and bool(self.citations)

    def to_dict(self, *, served: bool = False) -> dict[str, Any]:
        """Return the public JSON form (one schema for the command line and HTTP).

        Args:
            served: Whether a Cimaise server answers, so that citations carry their `url`.
        """
        return {
            "question": self.question,
            "text": self.text,
            "verdict": self.verdict,
            "grounded": self.grounded,
            "mode": self.mode,
            "notice": self.notice,
            "complete": self.complete,
            "sentences": [_plain(asdict(sentence)) for sentence in self.sentences],
            "citations": [citation.to_dict(served=served) for citation in self.citations],
            "passages": [passage.to_dict() for passage in self.passages],
            "gaps": [_plain(asdict(gap)) for gap in self.gaps],
            "removed": list(self.removed),
            "usage": _plain(asdict(self.usage)),
        }


def _plain(value: Any) -> Any:
    """Return tuples as lists, all the way down, so that Python and JSON forms are equal."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value
