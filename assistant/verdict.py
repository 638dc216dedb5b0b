"""Whether the notes answer, and what they leave open."""

from assistant.answer import Answer, Gap, Question, Sentence, Verdict
from assistant.retriever import Finding
from assistant.statements import split_statements
from ingest.french import stems

# Shares of the question that its best passages hold; measured on questions of 2022 (cimaise evaluate).
_ANSWERS = 0.29
_BEARS = 0.16

NEAREST = "Vos notes ne le disent pas\u202f; voici ce qui s’en approche le plus."
SILENT = "Vos notes n’en disent rien."
REFUSALS = (NEAREST, SILENT)


def decide_verdict(finding: Finding) -> Verdict:
    """Return whether the passages answer, only come near, or have nothing to do with the question."""
    share = measure_coverage(finding)
    if not finding.passages or share < _BEARS:
        return "silent"
    return "answered" if share >= _ANSWERS else "nearest"


def measure_coverage(finding: Finding) -> float:
    """Return how much of a question the best passages hold, in [0, 1].

    The mean of two shares: what they hold together, and what the best statement says by itself, for words
    that are scattered over passages answer less than words said at once.
    """
    whole = sum(term.claim for term in finding.terms)

    def held(said: frozenset[str]) -> float:
        return sum(term.claim * term.certainty * term.share_in(said) for term in finding.terms)

    first = " ".join(
        " ".join((passage.note, *passage.heading, passage.text)) for passage in finding.passages[:3]
    )
    statements = (split_statements(passage.text) for passage in finding.passages)
    said = (frozenset(stems(statement.text)) for found in statements for statement in found)
    return (held(frozenset(stems(first))) + max(map(held, said), default=0.0)) / (2 * whole) if whole else 0.0


def refusal(question: Question, finding: Finding, verdict: Verdict) -> Answer:
    """Return the part that says the notes do not say, with what is missing and where to write it."""
    said = Sentence(SILENT if verdict == "silent" else NEAREST, "link")
    return Answer(sentences=(said,), gaps=(find_gap(question, finding),), verdict=verdict)


def find_gap(question: Question, finding: Finding) -> Gap:
    """Return the question as a gap: the nearest notes, and the stub of a note that would fill it."""
    nearest = tuple(dict.fromkeys(passage.note for passage in finding.passages))[:3]
    names = list(dict.fromkeys(name_of(passage.path) for passage in finding.passages))[:3]
    links = "".join(f"- [[{name}]]\n" for name in names)
    stub = f"---\ntags: [question]\n---\n\n# {question.text}\n\n" + (
        f"## Voir aussi\n\n{links}" if links else ""
    )
    return Gap(question.text, nearest, stub)


def name_of(path: str) -> str:
    """Return what a wikilink calls the note at a path."""
    return path.rpartition("/")[2].rpartition(".")[0]
