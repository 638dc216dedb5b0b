"""The words of a snapshot as arrays, against what plain Python counts."""

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.french import content_words, edits_allowed, grams, stem
from ingest.indexed import IndexedNote
from ingest.lexicon import Lexicon, build_lexicon, pack_lexicon, unpack_lexicon
from tests.small_vaults import VAULTS, index_notes, make_lexicon

ODD = {
    "empty": {},
    "wordless": {"a.md": "… ! 🎨", "!.md": "---\ntags: a\n---\n"},
    "japanese": {"東京.md": "# 東京\n\n東京 国立 博物館。 音声ガイド。"},
    "bare title": {"Musée.md": "Publics"},
}


def _chunks(items: Iterable[IndexedNote]) -> list[Counter[str]]:
    return [chunk.words for item in items for chunk in item.chunks]


def _title(item: IndexedNote) -> set[str]:
    return {
        word for name in (item.note.title, item.note.stem, *item.note.aliases) for word in content_words(name)
    }


def _said(item: IndexedNote) -> set[str]:
    return _title(item).union(*(chunk.words for chunk in item.chunks))


def _holding(sets: Iterable[Iterable[str]]) -> Counter[str]:
    return Counter(name for names in sets for name in set(names))


def _assert_same(one: Lexicon, other: Lexicon) -> None:
    assert pack_lexicon(one) == pack_lexicon(other)
    for field in fields(Lexicon):
        assert type(getattr(one, field.name)) is type(getattr(other, field.name))
        if isinstance(getattr(one, field.name), np.ndarray):
            assert np.array_equal(getattr(one, field.name), getattr(other, field.name))


@given(VAULTS)
def test_lexicon_is_unpacked_as_it_was_packed(files: Mapping[str, str]) -> None:
    lexicon = make_lexicon(files)
    _assert_same(unpack_lexicon(pack_lexicon(lexicon)), lexicon)


@pytest.mark.parametrize("files", ODD.values(), ids=ODD)
def test_odd_vaults_are_counted_and_unpacked_too(files: Mapping[str, str]) -> None:
    items = index_notes(files)
    lexicon = unpack_lexicon(pack_lexicon(build_lexicon(items)))
    assert lexicon.words == tuple(sorted(set().union(*map(_said, items))))
    assert [lexicon.words_of(row) for row in range(len(lexicon.chunk_notes))] == _chunks(items)


@given(VAULTS)
def test_words_of_a_chunk_are_the_very_counter_that_was_given(files: Mapping[str, str]) -> None:
    items = index_notes(files)
    lexicon = build_lexicon(items)
    assert [lexicon.words_of(row) for row in range(len(lexicon.chunk_notes))] == _chunks(items)


@given(VAULTS, st.integers(0, 9))
def test_same_notes_give_the_same_bytes_whatever_the_order_words_are_met_in(
    files: Mapping[str, str], seed: int
) -> None:
    items = index_notes(files)
    before = pack_lexicon(build_lexicon(items))
    for counter in _chunks(items):
        shuffled = random.Random(seed).sample(sorted(counter.items()), len(counter))  # noqa: S311 - no secret
        counter.clear()
        counter.update(dict(shuffled))
    assert pack_lexicon(build_lexicon(items)) == before


@given(VAULTS)
def test_frequency_counts_chunks_and_titles(files: Mapping[str, str]) -> None:
    items = index_notes(files)
    lexicon = build_lexicon(items)
    expected = _holding([*_chunks(items), *map(_title, items)])
    assert {word: lexicon.frequency(word) for word in lexicon.words} == expected
    assert lexicon.frequency("absent") == 0


@given(VAULTS)
def test_stem_is_counted_once_in_each_note_that_holds_it(files: Mapping[str, str]) -> None:
    items = index_notes(files)
    lexicon = build_lexicon(items)
    expected = _holding(map(stem, _said(item)) for item in items)
    assert dict(zip(lexicon.stems, lexicon.stem_notes.tolist(), strict=True)) == expected


@given(VAULTS)
def test_gram_is_counted_once_in_each_chunk_that_holds_it(files: Mapping[str, str]) -> None:
    items = index_notes(files)
    lexicon = build_lexicon(items)
    expected = _holding([gram for word in chunk for gram in grams(word)] for chunk in _chunks(items))
    found = dict(zip(lexicon.grams.tolist(), lexicon.gram_chunks.tolist(), strict=True))
    assert found == {gram: expected[gram] for gram in found}
    assert expected.keys() <= found.keys()


@given(VAULTS)
def test_stems_stand_in_chunks_and_titles_as_often_as_their_words(files: Mapping[str, str]) -> None:
    items = index_notes(files)
    lexicon = build_lexicon(items)
    titles = [Counter(_title(item)) for item in items]
    for held, documents in ((lexicon.stem_chunks, _chunks(items)), (lexicon.stem_titles, titles)):
        expected: dict[str, dict[int, int]] = {key: Counter() for key in lexicon.stems}
        for row, document in enumerate(documents):
            for word, count in document.items():
                expected[stem(word)][row] += count
        rows = [dict(zip(*(part.tolist() for part in held[row]), strict=True)) for row in range(len(held))]
        assert dict(zip(lexicon.stems, rows, strict=True)) == expected


@given(VAULTS)
def test_lengths_count_words_and_their_grams(files: Mapping[str, str]) -> None:
    items = index_notes(files)
    lexicon = build_lexicon(items)
    for found, documents in (
        ((lexicon.chunk_lengths, lexicon.chunk_gram_lengths), _chunks(items)),
        ((lexicon.title_lengths, lexicon.title_gram_lengths), [Counter(_title(item)) for item in items]),
        (
            (lexicon.note_lengths, lexicon.note_gram_lengths),
            [sum((c.words for c in item.chunks), Counter()) for item in items],
        ),
    ):
        assert found[0].tolist() == [document.total() for document in documents]
        assert found[1].tolist() == [
            sum(len(grams(w)) * n for w, n in document.items()) for document in documents
        ]


@given(VAULTS)
def test_chunks_of_a_note_lie_between_two_of_its_marks(files: Mapping[str, str]) -> None:
    items = index_notes(files)
    lexicon = build_lexicon(items)
    assert np.diff(lexicon.note_chunks).tolist() == [len(item.chunks) for item in items]
    for note, (begin, end) in enumerate(zip(lexicon.note_chunks, lexicon.note_chunks[1:], strict=False)):
        assert set(lexicon.chunk_notes[begin:end].tolist()) <= {note}


@given(VAULTS, st.lists(st.sampled_from(["mus", "musee", "_art_", "zzz", "usees", "~~~", "_20"]), max_size=9))
def test_known_grams_come_in_order_and_once(files: Mapping[str, str], wanted: list[str]) -> None:
    lexicon = make_lexicon(files)
    found = [str(lexicon.grams[number]) for number in lexicon.known_grams(wanted)]
    assert found == sorted({gram for word in lexicon.words for gram in grams(word)} & set(wanted))


def test_words_and_stems_are_found_by_their_name() -> None:
    lexicon = make_lexicon({"a.md": "Le musée et les publics."})
    assert [lexicon.words[lexicon.word(word) or 0] for word in lexicon.words] == list(lexicon.words)
    assert [lexicon.stems[lexicon.stem(key) or 0] for key in lexicon.stems] == list(lexicon.stems)
    for absent in ("", "absent", "zzz", "muse"):
        assert (lexicon.word(absent), lexicon.stem(f"{absent}x")) == (None, None)


@pytest.mark.parametrize(
    ("word", "edits", "like"),
    [
        ("musse", 1, {"musee": 2, "musees": 1}),
        ("musse", 0, {"musee": 2}),
        ("publix", 2, {"public": 1, "publics": 1}),
        ("xylo", 2, {}),
        ("zzz", 2, {}),
        ("東京都", 1, {"東京": 1}),
    ],
)
def test_words_like_another_share_its_first_letter_and_about_its_length(
    word: str, edits: int, like: dict[str, int]
) -> None:
    lexicon = make_lexicon(
        {"東京.md": "Musée, musées.\n\n## Suite\n\nLe musée, le public, les publics, une muséographie."}
    )
    assert lexicon.words_like(word, edits) == like


@given(VAULTS, st.text("mus東épa2", min_size=1, max_size=8))
def test_words_like_any_other_are_those_a_repair_may_choose_from(
    files: Mapping[str, str], typed: str
) -> None:
    lexicon = make_lexicon(files)
    edits = edits_allowed(typed)
    near = [word for word in lexicon.words if word[0] == typed[0] and abs(len(word) - len(typed)) <= edits]
    assert list(lexicon.words_like(typed, edits)) == near


@pytest.mark.parametrize("spoilt", ["words", "chunk_words.starts", "grams"])
def test_bytes_that_lack_a_part_are_no_lexicon(spoilt: str) -> None:
    packed = pack_lexicon(make_lexicon({"a.md": "Le musée."}))
    del packed[spoilt]
    with pytest.raises(KeyError):
        unpack_lexicon(packed)


@pytest.mark.parametrize("spoilt", ["word_stems", "chunk_words.starts", "grams"])
def test_bytes_cut_short_are_no_lexicon(spoilt: str) -> None:
    packed = pack_lexicon(make_lexicon({"a.md": "Le musée."}))
    with pytest.raises(ValueError, match="buffer size"):
        unpack_lexicon({**packed, spoilt: packed[spoilt][:-1]})
