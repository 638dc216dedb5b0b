"""« Que sais-tu faire ? », answered from the configuration, without a model."""

from typing import Protocol

from assistant.answer import Answer, Mode, Question, Sentence
from assistant.scope import describe_filters
from assistant.web import texts
from ingest.french import words

_ASKED = frozenset(
    (
        "que sais tu faire", "que savez vous faire", "que peux tu faire", "que pouvez vous faire",
        "qu est ce que tu sais faire", "qu est ce que tu peux faire", "qui es tu",
        "a quoi sers tu", "a quoi tu sers", "tu sais faire quoi", "comment ca marche", "aide",
        "combien de notes", "combien de notes y a t il", "combien y a t il de notes",
        "il y a combien de notes", "combien de notes lis tu", "combien de notes as tu",
        "bonjour", "bonsoir", "salut", "coucou", "bonjour cimaise", "qui etes vous", "bonjour qui es tu",
    )
)  # fmt: skip


class Configured(Protocol):
    """What there is to tell."""

    @property
    def note_count(self) -> int:
        """How many notes are searched."""

    @property
    def vault_name(self) -> str:
        """Name of the vault."""

    @property
    def remote_host(self) -> str | None:
        """Host asked when an endpoint is remote."""

    @property
    def mode(self) -> Mode:
        """Who writes the answers."""


def asks_about_cimaise(text: str) -> bool:
    """Tell whether a question is about Cimaise, and not about the notes."""
    return " ".join(words(text)) in _ASKED


def describe_cimaise(question: Question, chain: Configured) -> Answer:
    """Return what Cimaise can do as it is configured, and what it cannot."""
    said = (
        texts.about_notes(chain.note_count, chain.vault_name),
        texts.ABOUT_ANSWERS,
        texts.mode_line(chain.mode, chain.remote_host, here=False),  # who asks may be elsewhere
        texts.about_scope(describe_filters(question.filters)),
        texts.ABOUT_TOOLS,
        texts.ABOUT_LIMITS,
    )
    return Answer(question.text, tuple(Sentence(text, "link") for text in said), mode=chain.mode)
