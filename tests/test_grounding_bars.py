"""How much of what is false is flagged, and how little of what is true: counted, by kind, on both halves."""

import sys
from collections import Counter
from collections.abc import Sequence

import pytest

from assistant.grounding import ground_sentence
from tests.faithful import Written, faithful, mutants

FLAGGED, FALSELY = 0.95, 0.05  # at least, of mutants; at most, of faithful sentences


def is_flagged(written: Written) -> bool:
    """Tell whether a reader is warned: the sentence is not supported, or something was taken out of it."""
    part = ground_sentence(written.text, written.passages)
    return bool(part.removed) or any(sentence.label == "unsupported" for sentence in part.sentences)


def count_flags(sentences: Sequence[Written]) -> dict[str, tuple[int, int]]:
    """Return for each kind how many sentences are flagged, and how many there are."""
    seen = Counter(sentence.kind for sentence in sentences)
    flagged = Counter(sentence.kind for sentence in sentences if is_flagged(sentence))
    return {kind: (flagged[kind], number) for kind, number in seen.items()}


@pytest.mark.parametrize("held_out", [False, True])
def test_what_is_false_is_flagged_and_what_is_true_is_not(
    held_out: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = count_flags([s for s in (*faithful(), *mutants()) if s.held_out == held_out])
    lines = [
        f"{kind:28}{flagged:4} of {seen:4}  {flagged / seen:7.1%}" for kind, (flagged, seen) in flags.items()
    ]
    with capsys.disabled():
        sys.stdout.write("\n".join(("", f"flagged, held out: {held_out}", *lines, "")))
    false, true = flags.pop("faithful")
    assert false <= FALSELY * true
    for kind, (flagged, seen) in flags.items():
        assert flagged >= FLAGGED * seen, kind


def test_there_are_enough_mutants_of_every_kind() -> None:
    kinds = Counter(mutant.kind for mutant in mutants())
    assert len(kinds) == 11
    assert min(kinds.values()) >= 15
    assert sum(kinds.values()) >= 1000


def test_mutants_are_always_the_same() -> None:
    assert mutants() == mutants()
