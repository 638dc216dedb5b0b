"""What the notes leave open: the parts of a question that no passage answers, each with a note to write."""

import re
from collections.abc import Iterable, Sequence

from assistant.answer import Gap, Passage, Question
from assistant.coverage import BEARS, held_share, measure_coverage, passage_stems
from assistant.retriever import Finding
from assistant.terms import Term
from ingest.french import stems

_NEAREST = 3
_ASKS = (
    r"(?:(?:à|a|avec|chez|contre|dans|de|depuis|en|par|pour|sans|selon|sous|sur|vers) )?"
    r"(?:qui|que|quoi|quels?|quelles?|comment|pourquoi|combien|où|quand|lequel|laquelle|lesquels|lesquelles|"
    r"faut-il|peut-on|doit-on|y a-t-il)\b|(?:qu|d|s|est-ce qu)['’]"
)
_INVERTED = r"[^,;?]{0,80}\w-(?:t-)?(?:il|elle|on|ils|elles|nous|vous)\b"
_STRONG = r"(?:comment|pourquoi|combien|quels?|quelles?)\b"
_JOINT = re.compile(  # after a comma alone, « qui » and « où » go on with what was said
    rf"\?\s+|\s*;\s+|,?\s+(?:et|ou)\s+(?={_ASKS}|{_INVERTED})|,\s+(?={_STRONG})", re.IGNORECASE
)
_EDGES = " ,;.?!\u00a0\u202f"


def find_gaps(question: Question, finding: Finding) -> tuple[Gap, ...]:
    """Return, for a question that is refused, the parts that no passage answers, or else the whole.

    Args:
        question: As it was asked.
        finding: What was found for it.
    """
    return find_open_parts(question, finding) or (_gap(question.text, finding.passages),)


def find_open_parts(question: Question, finding: Finding) -> tuple[Gap, ...]:
    """Return the parts of a question of several that have nothing to do with any passage."""
    parts = split_parts(question.text)
    if len(parts) < 2:
        return ()
    gaps = []
    for part in parts:
        terms = terms_of(part, finding.terms)
        if terms and measure_coverage(terms, finding.passages, part) < BEARS:
            nearest = [
                passage for passage in finding.passages if held_share(terms, passage_stems(passage)) > 0
            ]
            gaps.append(_gap(part, nearest))
    return tuple(gaps)


def split_parts(text: str) -> list[str]:
    """Return what a question asks one after the other: « Qui…, et comment… ? » asks two things."""
    return [stripped for part in _JOINT.split(text) if (stripped := part.strip(_EDGES))]


def terms_of(part: str, terms: Sequence[Term]) -> list[Term]:
    """Return those of a question's terms that a part of it asks for."""
    held = set(stems(part))
    return [term for term in terms if term.stem in held]


def name_of(path: str) -> str:
    """Return what a wikilink calls the note at a path."""
    return path.rpartition("/")[2].rpartition(".")[0]


def _gap(asked: str, passages: Sequence[Passage]) -> Gap:
    nearest = tuple(dict.fromkeys(passage.note for passage in passages))[:_NEAREST]
    names = list(dict.fromkeys(name_of(passage.path) for passage in passages))[:_NEAREST]
    return Gap(asked, nearest, f"---\ntags: [question]\n---\n\n{write_stub(asked, names)}")


def write_stub(title: str, names: Iterable[str]) -> str:
    """Return the beginning of a note to write, with links to the notes of these names."""
    links = "".join(f"- [[{name}]]\n" for name in names)
    see_also = f"## Voir aussi\n\n{links}" if links else ""
    return f"# {title}\n\n{see_also}"
