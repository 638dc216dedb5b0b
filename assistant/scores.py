"""What an answer is worth beside its gold case, and the figures of many; pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean
from typing import Any, Literal

from rapidfuzz.distance import LCSseq

from assistant.answer import Answer, Citation, Passage, Verdict
from assistant.gold import GoldCase, names_note
from assistant.retriever import PASSAGES
from ingest.clean import clean, plain
from ingest.french import words

DEPTHS = (1, 5, PASSAGES)
CITED = 0.8  # share of a gold quote's words that the citations of one note hold, when it counts as cited
_THRESHOLDS = tuple(step / 50 for step in range(51))
_Z = 1.96  # of a 95 % interval
_CUT = re.compile(r"\[(?:…|\.{3})\]|\((?:…|\.{3})\)|…|\.{3}")

Failure = Literal["answered_outside", "not_found", "refused"]


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    count: int
    total: int

    @property
    def value(self) -> float | None:
        """The share in [0, 1], None of nothing."""
        return self.count / self.total if self.total else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Its 95 % interval (Wilson, 1927), None of nothing."""
        if self.value is None:
            return None
        room = _Z * _Z / self.total
        middle, half = self.value + room / 2, sqrt(room * (self.value * (1 - self.value) + room / 4))
        return max(0.0, (middle - half) / (1 + room)), min(1.0, (middle + half) / (1 + room))

    def to_dict(self) -> dict[str, Any]:
        """Return the public JSON form."""
        interval = self.interval and [round(bound, 4) for bound in self.interval]
        return {"count": self.count, "total": self.total, "share": _rounded(self.value), "interval": interval}


@dataclass(frozen=True, slots=True)
class Judgement:
    """How one question went.

    `found` are the paths of the distinct notes of the passages, in order; `rank` is the 1-based place of the
    first acceptable one, None when there is none; `recall` is the share of the expected notes among them.
    `quote_read` tells whether one passage holds the gold quote, `quote_cited` is the share of it that the
    citations hold; both None without a quote.
    """

    case: GoldCase
    verdict: Verdict
    coverage: float
    found: tuple[str, ...]
    rank: int | None
    recall: float | None
    quote_read: bool | None
    quote_cited: float | None

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Why it counts as a failure; empty when it is none."""
        if not self.case.answerable:
            return ("answered_outside",) if self.verdict == "answered" else ()
        lost: tuple[Failure, ...] = () if self.rank else ("not_found",)
        return lost if self.verdict == "answered" else (*lost, "refused")

    def to_dict(self) -> dict[str, Any]:
        """Return the public JSON form."""
        return {
            "id": self.case.id,
            "kind": self.case.kind,
            "question": self.case.question.text,
            "expected": list(self.case.expected),
            "acceptable": list(self.case.acceptable),
            "found": list(self.found),
            "rank": self.rank,
            "recall": _rounded(self.recall),
            "verdict": self.verdict,
            "coverage": _rounded(self.coverage),
            "quote_read": self.quote_read,
            "quote_cited": _rounded(self.quote_cited),
            "failures": list(self.failures),
        }


@dataclass(frozen=True, slots=True)
class Scores:
    """The figures of some questions.

    `hits` (by depth), `mrr`, `recall`, `answered`, `nearest` and `silent` are over those that the notes
    answer, `refused` over the others, the `quotes_*` over those with a gold quote.
    """

    hits: tuple[tuple[int, Share], ...]
    mrr: float | None
    recall: float | None
    quotes_read: Share
    quotes_cited: Share
    answered: Share
    nearest: Share
    silent: Share
    refused: Share

    @property
    def questions(self) -> int:
        """How many questions there are."""
        return self.answered.total + self.refused.total

    def to_dict(self) -> dict[str, Any]:
        """Return the public JSON form."""
        shares = ("quotes_read", "quotes_cited", "answered", "nearest", "silent", "refused")
        return {
            "questions": self.questions,
            **{f"hit@{depth}": share.to_dict() for depth, share in self.hits},
            "mrr": _rounded(self.mrr),
            "recall": _rounded(self.recall),
            **{name: getattr(self, name).to_dict() for name in shares},
        }


def judge(case: GoldCase, answer: Answer, coverage: float) -> Judgement:
    """Return how an answer compares to its gold case.

    Args:
        case: What was asked.
        answer: A whole answer to it.
        coverage: How much of the question its best passages hold.
    """
    found = tuple(dict.fromkeys(passage.path for passage in answer.passages))
    places = [place for place, path in enumerate(found, 1) if _is_one_of(path, case.acceptable)]
    met = [any(names_note(name, path) for path in found) for name in case.expected]
    quoted = bool(case.quote)
    return Judgement(
        case=case,
        verdict=answer.verdict or "silent",
        coverage=coverage,
        found=found,
        rank=min(places, default=None),
        recall=fmean(met) if met else None,
        quote_read=holds_quote(answer.passages, case.quote) if quoted else None,
        quote_cited=share_cited(answer.citations, case.quote) if quoted else None,
    )


def score(judgements: Iterable[Judgement]) -> Scores:
    """Return the figures of some questions; those of none are None, or none of none."""
    judged = list(judgements)
    inside = [one for one in judged if one.case.answerable]
    outside = [one for one in judged if not one.case.answerable]
    read = [one.quote_read for one in judged if one.quote_read is not None]
    cited = [one.quote_cited >= CITED for one in judged if one.quote_cited is not None]
    return Scores(
        hits=tuple(
            (depth, _share(bool(one.rank and one.rank <= depth) for one in inside)) for depth in DEPTHS
        ),
        mrr=_mean([1 / one.rank if one.rank else 0.0 for one in inside]),
        recall=_mean([one.recall for one in inside if one.recall is not None]),
        quotes_read=_share(read),
        quotes_cited=_share(cited),
        answered=_share(one.verdict == "answered" for one in inside),
        nearest=_share(one.verdict == "nearest" for one in inside),
        silent=_share(one.verdict == "silent" for one in inside),
        refused=_share(one.verdict != "answered" for one in outside),
    )


def verdict_curve(judgements: Sequence[Judgement]) -> tuple[tuple[float, int, int], ...]:
    """Return (threshold, right refusals, wrong refusals) if coverage below a threshold were a refusal."""
    inside = [one.coverage for one in judgements if one.case.answerable]
    outside = [one.coverage for one in judgements if not one.case.answerable]
    return tuple((bar, _below(bar, outside), _below(bar, inside)) for bar in _THRESHOLDS)


def holds_quote(passages: Iterable[Passage], quote: str) -> bool:
    """Tell whether one passage holds a quote, every piece of it where it is cut by « … » or « [...] ».

    White space counts as one space; Markdown is compared as it is, then cleaned on both sides.
    """
    pieces = [piece for piece in _CUT.split(quote) if words(piece)] or [quote]
    return any(
        fold(quote) in fold(passage.text) or all(fold(piece) in fold(passage.text) for piece in pieces)
        for passage in passages
        for fold in (plain, clean)
    )


def share_cited(citations: Iterable[Citation], quote: str) -> float:
    """Return how much of a quote the citations of one note hold, in [0, 1]: the best of the notes.

    It is the share of the quote's words found in the citations of the note, put end to end as they stand in
    it, in the order of the quote (longest common subsequence): a quote over two statements counts when both
    are cited. Case, accents and punctuation do not count.
    """
    asked = words(clean(quote))
    by_note: dict[str, list[tuple[int, str]]] = {}
    for citation in citations:
        by_note.setdefault(citation.path, []).append((citation.start, citation.quote))
    held = (
        LCSseq.similarity(asked, [word for _, text in sorted(set(own)) for word in words(clean(text))])
        for own in by_note.values()
    )
    return max(held, default=0) / len(asked) if asked else 0.0


def _is_one_of(path: str, names: Iterable[str]) -> bool:
    return any(names_note(name, path) for name in names)


def _share(marks: Iterable[bool]) -> Share:
    listed = list(marks)
    return Share(sum(listed), len(listed))


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None


def _below(bar: float, coverages: Iterable[float]) -> int:
    return sum(coverage < bar for coverage in coverages)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
