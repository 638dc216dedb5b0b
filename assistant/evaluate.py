"""Ask a chain its gold questions, and gather what the vault is worth on them."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import reduce
from operator import add
from typing import Any

from assistant.answer import Answer, Mode
from assistant.chain import AnswerChain
from assistant.gold import GoldCase, note_names
from assistant.scores import Judgement, Scores, judge, score, verdict_curve
from assistant.usage import Usage
from assistant.verdict import measure_answer
from ingest.build import Progress
from ingest.links import link_key


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All that gold questions tell of a vault.

    `missing` are the expected and acceptable notes that the index does not hold; `notices` are what answers
    warned of, with how many did; `seconds` are what each answer took, left out of equality and of JSON.
    """

    judgements: tuple[Judgement, ...]
    mode: Mode
    missing: tuple[str, ...] = ()
    notices: tuple[tuple[str, int], ...] = ()
    usage: Usage = field(default_factory=Usage)
    seconds: tuple[float, ...] = field(default=(), compare=False)

    @property
    def scores(self) -> Scores:
        """The figures of all questions."""
        return score(self.judgements)

    @property
    def kinds(self) -> dict[str, Scores]:
        """The figures of each kind of question, in the order of the file."""
        kinds = dict.fromkeys(one.case.kind for one in self.judgements)
        return {kind: score(one for one in self.judgements if one.case.kind == kind) for kind in kinds}

    @property
    def curve(self) -> tuple[tuple[float, int, int], ...]:
        """The (threshold, right refusals, wrong refusals) of `verdict_curve`."""
        return verdict_curve(self.judgements)

    @property
    def failures(self) -> tuple[Judgement, ...]:
        """The questions that went wrong, in the order of the file."""
        return tuple(one for one in self.judgements if one.failures)

    def to_dict(self) -> dict[str, Any]:
        """Return the public JSON form; two runs of extracts give the same."""
        return {
            "mode": self.mode,
            "scores": self.scores.to_dict(),
            "kinds": {kind: scores.to_dict() for kind, scores in self.kinds.items()},
            "curve": [
                {"coverage_below": bar, "right_refusals": right, "wrong_refusals": wrong}
                for bar, right, wrong in self.curve
            ],
            "missing_notes": list(self.missing),
            "notices": dict(self.notices),
            "usage": asdict(self.usage),
            "cases": [one.to_dict() for one in self.judgements],
        }


def evaluate(
    chain: AnswerChain, cases: Sequence[GoldCase], *, on_progress: Progress | None = None
) -> Evaluation:
    """Answer each question once, and judge what was found, cited and refused.

    Args:
        chain: Over the vault to judge.
        cases: The gold questions, of which a case naming a note that the vault lacks is kept, and counts.
        on_progress: Told how many questions are answered.
    """
    judgements: list[Judgement] = []
    answers: list[Answer] = []
    seconds: list[float] = []
    for case in cases:
        if on_progress is not None:
            on_progress("Réponse aux questions", len(judgements), len(cases))
        started = time.perf_counter()
        answer, finding = chain.examine(case.question)
        seconds.append(time.perf_counter() - started)
        answers.append(answer)
        judgements.append(judge(case, answer, measure_answer(case.question, finding)))
    return Evaluation(
        judgements=tuple(judgements),
        mode=chain.mode,
        missing=_missing(cases, chain.note_paths),
        notices=tuple(Counter(answer.notice for answer in answers if answer.notice).items()),
        usage=reduce(add, (answer.usage for answer in answers), Usage()),
        seconds=tuple(seconds),
    )


def _missing(cases: Sequence[GoldCase], paths: frozenset[str]) -> tuple[str, ...]:
    named = dict.fromkeys(name for case in cases for name in case.acceptable)
    known = {known for path in paths for known in note_names(path)}
    return tuple(name for name in named if link_key(name) not in known)
