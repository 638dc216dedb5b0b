"""How much of what a question asks for its passages hold."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from assistant.answer import Passage
from assistant.expectation import is_met, read_expectations
from assistant.statements import split_statements
from assistant.terms import Term
from ingest.french import stems

BEARS = 0.16  # below, passages have nothing to do with what is asked
_FIRST = 3  # passages that are held together against the question
_FORMLESS = 0.7  # what a statement is worth that has not the form of what is asked: no date for « quand »
_MISSED = 0.6  # what is left of the share where at least half is asked of a thing that the vault never names


def measure_coverage(terms: Sequence[Term], passages: Sequence[Passage], asked: str = "") -> float:
    """Return how much of the terms the best passages hold, in [0, 1].

    Args:
        terms: What is searched for.
        passages: Best first.
        asked: The question, whose answer may have a form: what has another one answers less.

    The mean of two shares: what the first passages hold together, and what the best statement of all says by
    itself, for words that are scattered over passages answer less than words said at once. Terms that only
    ask are about nothing that passages could hold; what is said around a thing that is never named is about
    something else.
    """
    if all(term.asks for term in terms):
        return 0.0
    missed = 2 * sum(term.missing for term in terms) >= sum(term.claim for term in terms)
    together = frozenset().union(*map(passage_stems, passages[:_FIRST]))
    forms = read_expectations(asked)
    said = (statement for passage in passages for statement in _statements(passage.text))
    best = max(
        (
            held_share(terms, held) * (_FORMLESS if forms and not is_met(forms, text) else 1.0)
            for text, held in said
        ),
        default=0.0,
    )
    share = (held_share(terms, together) + best) / 2
    return max(_MISSED * share, min(share, BEARS)) if missed else share


def held_share(terms: Iterable[Term], said: frozenset[str]) -> float:
    """Return how much of the terms some stems hold, in [0, 1]: what weighs more counts for more."""
    pairs = [(term.claim, term.certainty * term.share_in(said)) for term in terms]
    whole = sum(claim for claim, _ in pairs)
    return sum(claim * share for claim, share in pairs) / whole if whole else 0.0


def passage_stems(passage: Passage) -> frozenset[str]:
    """Return the stems of a passage with its title and headings."""
    return _stems(" ".join((passage.note, *passage.heading, passage.text)))


@lru_cache(maxsize=512)
def _stems(text: str) -> frozenset[str]:
    return frozenset(stems(text))


@lru_cache(maxsize=256)
def _statements(text: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """Return each statement of a passage and its stems; each part of a question asks for the same ones."""
    return tuple((statement.text, frozenset(stems(statement.text))) for statement in split_statements(text))
