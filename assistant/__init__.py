"""From a published snapshot to a checked answer: snapshot → retriever → writer → grounding → answer."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assistant.answer import Answer, Citation, Filters, Passage, Question, Sentence
    from assistant.chain import AnswerChain, build_chain
    from assistant.retriever import NoteRetriever
    from assistant.settings import Settings

__all__ = [
    "Answer",
    "AnswerChain",
    "Citation",
    "Filters",
    "NoteRetriever",
    "Passage",
    "Question",
    "Sentence",
    "Settings",
    "build_chain",
]

_HOMES = {
    "AnswerChain": "assistant.chain",
    "NoteRetriever": "assistant.retriever",
    "Settings": "assistant.settings",
    "build_chain": "assistant.chain",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its room when it is first asked for: settings come before chromadb."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415

    return getattr(import_module(_HOMES.get(name, "assistant.answer")), name)
