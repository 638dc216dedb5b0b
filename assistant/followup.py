"""Questions that lean on the conversation, completed by rule: no model, no network.

A follow-up is searched with the user's questions it leans on. Where it points at a part of the last answer
(« le deuxième point »), or at somebody whom only that answer names, those words of the answer come along.
"""

import re
from collections.abc import Iterator, Sequence

from assistant.answer import Question
from ingest.french import STOP_WORDS, content_words, fold

_CONNECTIVE = re.compile(r"(?:et|mais|alors|donc|sinon)\b|c'est (?!quoi|qui|ou\b|quand|comment)")
_PRONOUN = re.compile(
    r"(?:(?<![-\w'])|(?<=\bqu'))(?:il(?! (?:ne )?(?:faut|y a|existe|est possible|se passe)\b)|ils|elles?|lui|"
    r"cela(?! veut dire)|ca|"
    r"y(?! a\b| avait| aura))(?!\w)|\b(?:celui|celle|ceux|celles)-(?:ci|la)\b|\bla-bas\b"
)
_INVERTED = re.compile(r"\b(?!faut|existe|agit)[^\W_]+(?:-t)?-(?:il|ils|elle|elles)\b")
_OBJECT = re.compile(r"\A(?:[^\W_]+ )?quel(?:le)?s? [^\W_]+")  # « Quels outils utilisent-ils ? »
# Words that stand for what was named before, in a question that names little itself.
_STANDING_FOR = re.compile(
    r"\b(?:son|sa|ses|leurs?)\b|\b(?:les|le|la|l') ?[^\W_]+(?:er|ir|oir|re)\b|"
    r"\ben (?:est|sont|a|ont|dit|disent|pense|fait|font)\b|\bs'(?:en|y)\b"
)
_THIS = re.compile(r"(?<!-)\b(?:ce|cet|cette|ces) (?!que?\b|qui\b|dont\b|sont\b|soit\b)[^\W_]")
_ELLIPSIS = re.compile(  # « Qui intervenait ? », « Avec quels moyens ? », « Par où commencer ? »
    r"(?:qui|quand|ou|combien)\b|"
    r"(?:a|avec|chez|contre|dans|de|depuis|en|par|pour|sans|selon|sous|sur|vers) (?:qu|ou\b|combien)"
)
_PARTS = (
    "point points aspect aspects element elements argument arguments idee idees raison raisons exemple "
    "exemples phrase phrases extrait extraits passage passages citation citations source sources"
)
_PART = f"(?:{_PARTS.replace(' ', '|')})"
_DISCOURSE = frozenset(
    "pourquoi comment developpe developper explique expliquer continue continuer detaille detailler precise "
    "preciser resume resumer premier premiere second seconde deuxieme troisieme quatrieme cinquieme dernier "
    f"derniere suite savoir dire dis veut donne donner parle parler reviens revenir peux peut pouvez "
    f"pourrais pourriez veux voulez tu vous moi plait {_PARTS}".split()
)
_ORDINALS = {
    "premier": 0, "premiere": 0, "1er": 0, "1re": 0, "second": 1, "seconde": 1, "deuxieme": 1, "2e": 1,
    "troisieme": 2, "3e": 2, "quatrieme": 3, "4e": 3, "cinquieme": 4, "5e": 4, "dernier": -1, "derniere": -1,
}  # fmt: skip
_NTH = re.compile(
    rf"\b(?:le|la|du|au|ce|cette|l')\s*({'|'.join(_ORDINALS)})\b(?=\s*(?:[,;:.?!]|\Z)|\s+{_PART}\b)"
)
_NUMBERED = re.compile(rf"\b{_PART}\s+(?:n[°o]\s*)?(\d{{1,2}})\b|\[(\d{{1,2}})\]")
_STATEMENT = re.compile(r"(?<=[.!?…»\]])\s+(?=[A-ZÀ-ÖØ-Þ«])|\n+")
_MARK = re.compile(r"\s*\[\d{1,4}\]")
_NAME = re.compile(r"\b[A-ZÀ-ÖØ-Þ][\w’'-]*[\w]")
_YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")
_REACH = 3  # questions


def leans_back(text: str) -> bool:
    """Tell whether a question needs what was said before it to be understood.

    It does when it opens with a connective (« Et… »), when a pronoun comes before the question has named much
    (« D’après lui… », « Comment ont-ils démarré ? »), when something is somebody's who is not named
    (« Quelles sont ses limites ? »), or when it only asks to go on (« Développe »).
    """
    folded = fold(text)
    named = _named(text)
    if not named or _CONNECTIVE.match(folded) or _NUMBERED.search(folded):
        return True
    if not _names(text):
        if len(named) < 2 and (_STANDING_FOR.search(folded) or _ELLIPSIS.match(folded)):
            return True
        if len(named) < 3 and _THIS.search(folded):
            return True
    return _has_bare_pronoun(folded)


def _has_bare_pronoun(folded: str) -> bool:
    """Tell whether a pronoun comes before its question has named what it may stand for."""
    if inverted := _INVERTED.search(folded):
        subject = _OBJECT.sub("", folded[: inverted.start()])
        if not _named(subject) and not subject.endswith("y "):  # « Y avait-il »
            return True
    pronoun = _PRONOUN.search(folded)
    return pronoun is not None and len(_named(folded[: pronoun.start()])) < 3


def may_lean(question: Question) -> bool:
    """Tell whether a question may mean more than it says: it leans, or names little, after another one."""
    if not any(turn.role == "user" for turn in question.history):
        return False
    return leans_back(question.text) or len(_named(question.text)) < 3


def complete(question: Question, *, quoting: bool) -> str:
    """Return a question with the words of the conversation it leans on; « Et en 2023 ? » changes the year.

    Args:
        question: In its conversation.
        quoting: Whether words of the last answer may be taken; it may quote private notes.
    """
    earlier = _leant_on(question)
    if not earlier:
        return question.text
    if _YEAR.search(question.text) and not _named(question.text):
        earlier = [" ".join(_YEAR.sub("", asked).split()) for asked in earlier]
    if _is_contrast(question.text):
        return " ".join((*map(_without_names, earlier), question.text))
    answer = _last_answer(question) if quoting else ""
    pointed = pointed_statement(question.text, answer)
    named = any(_names(asked) for asked in (*earlier, question.text))
    if not pointed and not named and _has_bare_pronoun(fold(question.text)):
        pointed = " ".join(_names(next(_statements(answer), "")))
    return " ".join(filter(None, (*earlier, pointed, question.text)))


def pointed_statement(text: str, answer: str) -> str:
    """Return the statement of an answer that a text points at (« le deuxième point », « [2] »), or ""."""
    folded = fold(text)
    statements = list(_statements(answer))
    if numbered := _NUMBERED.search(folded):
        number = int(numbered[1] or numbered[2])
        marked = [_MARK.sub("", said) for said in _STATEMENT.split(answer) if f"[{number}]" in said]
        return marked[0] if marked else next(iter(statements[number - 1 : number]), "")
    if nth := _NTH.search(folded):
        place = _ORDINALS[nth[1]]
        return statements[place] if place < len(statements) and statements else ""
    return ""


def points_back(question: Question) -> bool:
    """Tell whether a question points at a statement of the last answer, which the rule then knows best."""
    return bool(pointed_statement(question.text, _last_answer(question)))


def _leant_on(question: Question) -> Sequence[str]:
    """Return the user's questions that this one needs, oldest first: each leans on the one before."""
    earlier = [turn.content for turn in question.history if turn.role == "user"]
    needed: list[str] = []
    text = question.text
    while earlier and len(needed) < _REACH and leans_back(text):
        text = earlier.pop()
        needed.insert(0, text)
    return needed


def _is_contrast(text: str) -> bool:
    """Tell whether a question asks the same of somebody else (« Et Hub01 ? »): no name before is meant."""
    named = set(_named(text))
    return bool(named) and named <= {word for name in _names(text) for word in content_words(name)}


def _without_names(text: str) -> str:
    names = "|".join(map(re.escape, _names(text)))
    return " ".join(re.sub(rf"(?:\b[ldLD][’'])?\b(?:{names})\b", "", text).split()) if names else text


def _last_answer(question: Question) -> str:
    return next((turn.content for turn in reversed(question.history) if turn.role == "assistant"), "")


def _statements(answer: str) -> Iterator[str]:
    return (said for part in _STATEMENT.split(answer) if (said := _MARK.sub("", part).strip()))


def _named(text: str) -> list[str]:
    return [word for word in content_words(text) if word not in _DISCOURSE and not word.isdigit()]


def _names(statement: str) -> list[str]:
    """Return the proper names of a statement: capitalised words, the first one only before another."""
    found = list(_NAME.finditer(statement))
    alone = found and found[0].start() < 2 and (len(found) < 2 or found[1].start() > found[0].end() + 1)
    names = [match[0] for match in (found[1:] if alone else found)]
    return [name for name in names if fold(name) not in STOP_WORDS]
