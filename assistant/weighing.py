"""How well each statement of the passages answers a question: by its words, its form, and where it stands."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from assistant.answer import Passage, Question
from assistant.expectation import is_met, read_expectations
from assistant.retriever import Finding
from assistant.statements import Statement, split_statements
from ingest.french import fold, line_key, stems

_TITLE, _LINK = 0.8, 0.2  # weight of a word that only the title and headings hold, or only a link
_OPENING, _EVASIVE, _SHORT = 1.05, 0.4, 0.9
_LEANT = 0.6  # of what a word calls for that only the earlier questions of the conversation hold
_EXPECTED = 1.25  # what a statement gains that has the form of what is asked: a date for « quand »
_ALIEN = 0.7  # what one is worth that has neither that form nor a word of what is asked
_POINTER = re.compile(
    r"(?:voir|cf|lire|retrouve[rz]|n'hesitez pas|(?:pour )?en savoir plus|pour aller plus loin|apparait dans|"
    r"a lire|a voir|consulte[rz]|decouvr(?:ir|ez))\b"
)


@dataclass(frozen=True, slots=True)
class Extract:
    """A statement of a passage, the stems of its own words, and how well it answers."""

    passage: Passage
    statement: Statement
    stems: frozenset[str]
    score: float


@dataclass(frozen=True, slots=True)
class _Reading:
    """What no question changes of a statement: what it says, what stands over it, its form.

    `own` are the stems of its own words, `over` of the titles over it, `whole` of its links too.
    """

    statement: Statement
    own: frozenset[str]
    over: frozenset[str]
    whole: frozenset[str]
    bearing: float
    line: str


def weigh_statements(finding: Finding, question: Question | None = None) -> list[Extract]:
    """Return the statements of the passages, best first.

    Half of a score is the passage's, half is the share of the question that the statement holds; what only a
    link in it or what stands over it holds counts for less. The form that the question asks for adds to it;
    without that form and without a word of the question, a statement is worth less.

    Args:
        finding: Passages, best first, and what was searched for.
        question: What is asked last, where it leans on others; what it leans on counts for less.
    """
    asked = question.text if question else finding.asked
    claims = _claims(asked, finding)
    whole = sum(claims) or 1.0
    expected = read_expectations(asked) or read_expectations(finding.asked)
    found = []
    for passage in finding.passages:
        for read in _read(replace(passage, number=0, score=0.0, reason="")):
            worths = ((read.own, 1.0), (read.over, _TITLE), (read.whole, _LINK))
            share = sum(
                claim * max(worth * term.share_in(held) for held, worth in worths)
                for term, claim in zip(finding.terms, claims, strict=True)
            )
            score = (0.5 * passage.score + 0.5 * share / whole) * read.bearing
            if is_met(expected, read.statement.own_text):
                score *= _EXPECTED
            elif not any(term.share_in(read.own) for term in finding.terms):
                score *= _ALIEN
            if read.line in finding.refrains:
                score *= _EVASIVE
            found.append(Extract(passage, read.statement, read.own, score))
    return sorted(
        found, key=lambda extract: (-extract.score, extract.passage.number, extract.statement.spans)
    )


@lru_cache(maxsize=512)
def _read(passage: Passage) -> tuple[_Reading, ...]:
    """Return the readings of a passage; other questions find it too."""
    readings = []
    for statement in split_statements(passage.text):
        heading = passage.heading_at(passage.start + statement.spans[-1][0])
        over = " ".join((passage.note, *heading, statement.label))
        readings.append(
            _Reading(
                statement,
                own=frozenset(stems(statement.own_text)),
                over=frozenset(stems(over)),
                whole=frozenset(stems(statement.text)),
                bearing=_bearing(heading, statement),
                line=line_key(statement.own_text),
            )
        )
    return tuple(readings)


def _claims(asked: str, finding: Finding) -> list[float]:
    """Return how much each term calls for; what a follow-up leans on calls for less than its own words."""
    own = frozenset(stems(asked)) if asked != finding.asked else frozenset()
    return [term.claim * (_LEANT if own and term.stem not in own else 1.0) for term in finding.terms]


def _bearing(heading: Sequence[str], statement: Statement) -> float:
    """Return how well a statement answers by its form alone: questions and mere pointers answer least."""
    factor = _OPENING if statement.first else 1.0
    pointing = any(_POINTER.match(fold(text)) for text in (statement.text, *heading[-1:]))
    if pointing or statement.text.rstrip().endswith("?"):
        factor *= _EVASIVE
    return factor * (_SHORT if len(statement.own_text) < 60 else 1.0)
