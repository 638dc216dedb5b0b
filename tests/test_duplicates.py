"""Notes that say the same thing: found once each, and not those that merely share a template."""

import random
import time
from collections.abc import Mapping

import pytest

from ingest.health.duplicates import Duplicate, find_duplicates
from ingest.note import parse_note

WORDS = "le musée ouvre ses collections numériques aux publics et forme ses équipes à la médiation".split()


def _text(seed: int, length: int = 200) -> str:
    chosen = random.Random(seed)  # noqa: S311 - the same texts at each run
    return " ".join(f"{chosen.choice(WORDS)}{chosen.randrange(50)}" for _ in range(length))


def _find(files: Mapping[str, str]) -> list[Duplicate]:
    return find_duplicates(parse_note(text, path) for path, text in files.items())


def test_same_words_are_an_exact_duplicate_whatever_their_form() -> None:
    files = {
        "b.md": "---\ntags: x\n---\n# L’ÉTÉ au Musée\n\nLes **publics** reviennent.",
        "a.md": "# L'été au musée\nles publics reviennent",
    }
    assert _find(files) == [Duplicate("b.md", "a.md", exact=True)]


def test_note_with_a_few_changed_words_is_a_near_duplicate() -> None:
    words = _text(1).split()
    changed = " ".join("autre" if place in {30, 90, 150} else word for place, word in enumerate(words))
    assert _find({"a.md": " ".join(words), "b.md": changed}) == [Duplicate("b.md", "a.md", exact=False)]


def test_note_with_an_added_sentence_is_a_near_duplicate() -> None:
    longer = f"{_text(1)} Une phrase de plus."
    assert _find({"a.md": _text(1), "b.md": longer}) == [Duplicate("b.md", "a.md", exact=False)]


@pytest.mark.parametrize(
    "other",
    [
        _text(2),
        f"{_text(1, 100)} {_text(3, 100)}",
        f"{_text(1, 160)} {_text(3, 40)}",
        " ".join(sorted(_text(1).split())),
        "Une note toute courte.",
    ],
    ids=["other words", "half the words", "most of the words", "same words in another order", "short"],
)
def test_note_that_says_something_else_is_no_duplicate(other: str) -> None:
    assert _find({"a.md": _text(1), "b.md": other}) == []


def test_too_few_words_are_alike_by_chance() -> None:
    assert _find({"a.md": "Brève explication", "b.md": "Brève explication"}) == []


def test_copies_of_one_note_all_point_at_the_first() -> None:
    found = _find({"c.md": _text(1), "a.md": _text(1), "b.md": f"{_text(1)} encore"})
    assert found == [Duplicate("b.md", "a.md", exact=False), Duplicate("c.md", "a.md", exact=True)]


def test_long_notes_that_differ_beyond_what_is_compared_are_not_called_exact() -> None:
    start = _text(1, 12_000)
    found = _find({"a.md": f"{start} fin", "b.md": f"{start} autre fin"})
    assert found == [Duplicate("b.md", "a.md", exact=False)]


def test_order_of_notes_changes_nothing() -> None:
    files = {f"{number:02}.md": f"{_text(number // 3)} {number}" for number in range(30)}
    found = _find(files)
    assert len(found) == 20
    assert _find(dict(reversed(files.items()))) == found


@pytest.mark.parametrize("alike", [False, True], ids=["all different", "all alike"])
def test_many_notes_are_compared_in_near_linear_time(alike: bool) -> None:
    notes = [parse_note(f"{_text(0 if alike else n, 60)} {n}", f"{n:04}.md") for n in range(2_000)]
    started = time.process_time()
    found = find_duplicates(notes)
    assert time.process_time() - started < 5
    assert len(found) == (1_999 if alike else 0)
