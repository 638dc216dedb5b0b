"""How much of what is false is flagged, and how little of what is true: counted, by kind, on both halves."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import pytest

from assistant.grounding import ground_sentence
from tests.faithful import Written, faithful, mutants


def is_flagged(written: Written) -> bool:
    """Tell whether a reader is warned: the sentence is not supported, or something was taken out of it."""
    part = ground_sentence(written.text, written.passages)
    return bool(part.removed) or any(sentence.label == "unsupported" for sentence in part.sentences)


def count_flags(sentences: Sequence[Written]) -> dict[str, tuple[int, int]]:
    """Return for each kind how many sentences are flagged, and how many there are."""
    seen: Counter[str] = Counter()
    flagged: Counter[str] = Counter()
    for sentence in sentences:
        seen[sentence.kind] += 1
        flagged[sentence.kind] += is_flagged(sentence)
    return {kind: (flagged[kind], seen[kind]) for kind in seen}
