"""Whether the notes answer a question, only come near, or do not say."""

from assistant.answer import Answer, Question, Sentence, Verdict
from assistant.coverage import BEARS, measure_coverage
from assistant.gaps import find_gaps, split_parts, terms_of
from assistant.retriever import Finding

_ANSWERS = 0.31  # measured, as BEARS is, on questions of 2022: cimaise evaluate prints the curve
_LARGE = 0.5  # of what a question asks for

NEAREST = "Vos notes ne le disent pas\u202f; voici ce qui s’en approche le plus."
SILENT = "Vos notes n’en disent rien."
REFUSALS = (NEAREST, SILENT)


def decide_verdict(question: Question, finding: Finding) -> Verdict:
    """Return whether the passages answer, only come near, or have nothing to do with the question."""
    share = measure_answer(question, finding)
    if not finding.passages or share < BEARS:
        return "silent"
    return "answered" if share >= _ANSWERS else "nearest"


def measure_answer(question: Question, finding: Finding) -> float:
    """Return how much of a question the passages hold, or of a part of it that is half of what it asks."""
    whole = sum(term.claim for term in finding.terms)
    parts = [(part, terms_of(part, finding.terms)) for part in split_parts(question.text)]
    large = [(part, terms) for part, terms in parts if sum(term.claim for term in terms) >= _LARGE * whole]
    asked = ((question.text, finding.terms), *large)
    return max(measure_coverage(terms, finding.passages, part) for part, terms in asked)


def refusal(question: Question, finding: Finding, verdict: Verdict) -> Answer:
    """Return the part that says the notes do not say, with what is missing and where to write it."""
    said = Sentence(SILENT if verdict == "silent" else NEAREST, "link")
    return Answer(sentences=(said,), gaps=find_gaps(question, finding), verdict=verdict)
