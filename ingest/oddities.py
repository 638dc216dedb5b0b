"""What to know of a note before trusting it: hidden text, open conflicts, text meant for a model."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator

from ingest.clean import INVISIBLE, code_spans, hidden_elements, within

_CONFLICT = re.compile(r"(?<![^\r\n])<{7}(?: [^\r\n]*)?[\r\n]")
_CONFLICT_END = re.compile(r"(?<![^\r\n])>{7}(?![^ \r\n])")
_JOINED_EMOJI = re.compile(r"\u200d(?=[\u2190-\u2bff\U0001f000-\U0001faff])")
_FLAG = re.compile(r"\U0001f3f4[\U000e0020-\U000e007f]{1,8}")
_TAG = re.compile(r"<[^<>]{0,1000}>")
_ORDER = re.compile(
    r"<\|(?:im_start|im_end|system|assistant|endoftext)"
    r"|(?:ignore[rz]?|oublie[rz]?|disregard|forget|écoute[rz]? plus)(?:[ \t]{1,4}[\w’'-]{1,20}){0,4}"
    r"[ \t]{1,4}(?:instructions?|consignes?|règles|rules|questions|prompts?|directives)\b"
    r"|(?:ignore tout|prompt système|system prompt|consigne prioritaire)\b"
    r"|(?:consigne|instruction)s? (?:pour|à|to|for) (?:l[’']|the )?(?:assistant|ia|ai|modèle|model)\b"
    r"|(?:tu es désormais|you are now|à partir de maintenant,? tu|avant toute réponse)\b",
    re.IGNORECASE,
)
_ORDER_HINTS = (
    "<|", "instruction", "consigne", "règles", "rules", "questions", "prompt", "directives", "ignore tout",
    "tu es désormais", "you are now", "partir de maintenant", "avant toute réponse",
)  # fmt: skip
_WORD = re.compile(r"[^\W\d_]{4,40}")
_SAMPLE = 200_000  # characters; what comes later is read but not judged
_STUFFING_SAMPLE = 20_000


def find_oddities(text: str) -> list[tuple[int, str]]:
    """Return (1-based line, French sentence) for each thing to know; none keeps a note from being read."""
    found = [*_invisible(text), *_conflict(text), *_addressed(text), *_stuffed(text)]
    if not found:
        return []
    breaks = [match.start() for match in re.finditer(r"\r\n?|\n", text)]
    return [(bisect_right(breaks, position - 1) + 1, sentence) for position, sentence in found]


def _invisible(text: str) -> Iterator[tuple[int, str]]:
    """Count what only a machine reads; the joiners of emoji and flags are such characters, and are seen."""
    elements = hidden_elements(text)
    first = INVISIBLE.search(text)
    shown = _FLAG.sub("", _JOINED_EMOJI.sub("", text)) if first else ""
    count = len(shown) - len(INVISIBLE.sub("", shown))
    count += sum(len(_TAG.sub("", text[start:end])) for start, end in elements)
    if count:
        position = min(([first.start()] if first else []) + [start for start, _ in elements])
        yield position, f"texte invisible : {count} caractère{'s' if count > 1 else ''}"


def _conflict(text: str) -> Iterator[tuple[int, str]]:
    opening = _CONFLICT.search(text)
    if (
        opening
        and _CONFLICT_END.search(text, opening.end())
        and not within(code_spans(text), opening.start())
    ):
        yield opening.start(), "conflit non résolu"


def _addressed(text: str) -> Iterator[tuple[int, str]]:
    lowered = text[:_SAMPLE].lower()
    if not any(hint in lowered for hint in _ORDER_HINTS):  # what the pattern cannot do without
        return
    order = _ORDER.search(text, 0, _SAMPLE)
    if order:
        yield order.start(), "texte qui s’adresse à un modèle plutôt qu’à un lecteur"


def _stuffed(text: str) -> Iterator[tuple[int, str]]:
    """Notice a word that makes up a fifth of a text, which no language does."""
    words = Counter(_WORD.findall(text[:_STUFFING_SAMPLE].lower()))
    total = words.total()
    if total >= 200:
        word, count = words.most_common(1)[0]
        if count * 5 > total:
            yield 0, f"mot répété sans mesure : « {word} »"
