"""One question on its way to its answer: what to write, when to fall back, how it ends."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from assistant.answer import Answer, Mode, Question
from assistant.extracts import ExtractiveWriter
from assistant.model_writer import is_refusal
from assistant.retriever import Finding
from assistant.verdict import decide_verdict, find_gap, refusal
from ingest.errors import ProviderError
from ingest.store import StoredNote
from ingest.vault import read_note_file


class Answering:
    """Keeps what has been said of an answer, and decides its next parts.

    Args:
        question: What is asked.
        finding: What the notes hold of it.
        mode: How the writer writes.
    """

    def __init__(self, question: Question, finding: Finding, mode: Mode) -> None:
        self.question = question
        self.finding = finding
        self._mode = mode
        self._verdict = decide_verdict(finding)
        self._said = Answer()

    @property
    def opening(self) -> Answer:
        """The first part: the question and all that the writer is given."""
        return Answer(question=self.question.text, passages=self.finding.passages)

    @property
    def needs_writer(self) -> bool:
        """Whether a writer has something to say: a model may find an answer where words alone see none."""
        return self._verdict == "answered" or (self._verdict == "nearest" and self._mode == "model")

    def refuse(self) -> Iterator[Answer]:
        """Yield the parts that say the notes do not say, and what comes nearest."""
        yield self.keep(refusal(self.question, self.finding, self._verdict))
        if self._verdict == "nearest":
            yield from map(self.keep, ExtractiveWriter().nearest(self.finding))

    def keep(self, part: Answer) -> Answer:
        """Remember a part that is shown, and return it."""
        self._said += part
        return part

    def fall_back(self, error: ProviderError) -> Iterator[Answer]:
        """Yield extracts in place of a model that failed, or what was said of it when it was cut."""
        if self._said.sentences:
            yield self.keep(Answer(notice=f"{error} La réponse est interrompue ici.", complete=False))
            return
        self._mode = "extracts"
        yield self.keep(Answer(notice=f"{error} Voici des extraits de vos notes, sans IA."))
        if self.needs_writer:
            yield from map(self.keep, ExtractiveWriter().write(self.question, self.finding))
        else:
            yield from self.refuse()

    def end(self, changed: Iterable[str]) -> Answer:
        """Return the last part: verdict, mode, and the cited notes that changed since they were indexed."""
        verdict = self._verdict
        gaps = ()
        if self.needs_writer:
            answered = bool(self._said.citations) and not is_refusal(self._said)
            verdict = "answered" if answered else "nearest"
            gaps = () if answered else (find_gap(self.question, self.finding),)
        titles = ", ".join(f"« {title} »" for title in changed)
        notice = f"Depuis l’indexation, la note a changé : {titles}." if titles else None
        return Answer(verdict=verdict, mode=self._mode, notice=notice, gaps=gaps)

    def changed_notes(
        self, vault: Path, note: Callable[[str], StoredNote | None], *, max_note_bytes: int
    ) -> list[str]:
        """Return the titles of the cited notes whose file is no longer what was indexed."""
        cited = dict.fromkeys(citation.note_id for citation in self._said.citations)
        stored = [found for note_id in cited if (found := note(note_id)) is not None]
        return [item.title for item in stored if _differs(vault, item, max_note_bytes)]


def _differs(vault: Path, stored: StoredNote, max_note_bytes: int) -> bool:
    file = read_note_file(vault, stored.raw_path, max_note_bytes=max_note_bytes)
    return file is None or file.sha256 != stored.sha256
