"""Check what a model wrote against the passages it was given, sentence by sentence; deterministic.

Numbers, quotations, figures, dates, names and negations are computed, not trusted: what cannot be found in a
cited passage is taken out or labelled.
"""

import re
from collections.abc import Sequence

from assistant.answer import Answer, Citation, Label, Passage, Sentence
from assistant.figures import Figures, read_figures
from assistant.marks import bracket_marks, read_marks
from assistant.quotations import Quoted, check_quotations
from assistant.support import Support, find_support, is_foreign
from ingest.clean import clean
from ingest.french import words

_LITERAL = 1 / 3  # share of the words of a sentence that are quoted, from which on it is word for word
FOREIGN = "une phrase étrangère à vos notes"


def ground_sentence(written: str, passages: Sequence[Passage]) -> Answer:
    """Return the part that a sentence of a model becomes: checked, labelled, with its citations.

    Args:
        written: One sentence as the model wrote it, with its marks.
        passages: What the model was given.

    Returns:
        A part with one sentence, or with none when nothing is left of it, or when it shares no word with the
        passages. `removed` lists the numbers that no passage has, those of passages that say nothing of it,
        the quotations that none holds, and the sentence itself where it goes.
    """
    by_number = {passage.number: passage for passage in passages}
    text, asked = read_marks(clean(bracket_marks(written)))
    numbers = tuple(number for number in asked if number in by_number)
    removed = tuple(f"[{number}]" for number in asked if number not in by_number)
    cited = [by_number[number] for number in numbers]
    quoted = check_quotations(_tidy(text), cited)
    shown = _tidy(quoted.text)
    removed += quoted.removed
    if not re.search(r"\w", shown):
        return Answer(removed=removed)
    if not cited:
        label = _uncited_label(shown)
        if label == "unsupported" and is_foreign(shown, passages):
            return Answer(removed=(*removed, FOREIGN))
        return Answer(sentences=(Sentence(shown, label),), removed=removed)
    support = find_support(shown, cited)
    if "words" in support.faults and not quoted.citations:  # a citation that bears nothing out is none
        foreign = tuple(f"[{number}]" for number in numbers)
        return Answer(sentences=(Sentence(shown, "unsupported"),), removed=removed + foreign)
    sentence = Sentence(shown, _label(support, quoted), numbers)
    return Answer(sentences=(sentence,), citations=tuple(_citations(quoted, support)), removed=removed)


def _label(support: Support, quoted: Quoted) -> Label:
    """Return the label of a sentence; one that names a title « … » is not word for word for that."""
    if support.faults:
        return "unsupported"
    said = sum(len(words(citation.quote)) for citation in quoted.citations)
    literal = said >= _LITERAL * len(words(quoted.text)) and not quoted.removed
    return "verbatim" if quoted.citations and literal else "supported"


def _uncited_label(text: str) -> Label:
    return "link" if text.endswith(":") and read_figures(text) == Figures() else "unsupported"


def _citations(quoted: Quoted, support: Support) -> list[Citation]:
    """Return the spans quoted, then the best statement of each passage that none is quoted of.

    One that is not supported has the former only: a true quote beside an altered figure lends it weight.
    """
    if support.faults:
        return list(quoted.citations)
    said = {citation.number for citation in quoted.citations}
    return [*quoted.citations, *(c for c in support.citations if c.number not in said)]


def _tidy(text: str) -> str:
    return re.sub(r"\s+([.,])", r"\1", " ".join(text.split())).strip()
