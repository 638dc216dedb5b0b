"""From chunks to passages: what they grow by, what they never span, what they say of themselves."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answer import Passage
from assistant.passages import Choice, build_passages
from assistant.terms import Term
from ingest.settings import IngestSettings
from ingest.store import Store
from ingest.sync import sync

WIDE, NARROW = 3_000, 1_500


def _section(name: object, size: int) -> str:
    """Return a section of exactly that many characters."""
    head = f"## Partie {name}\n\n"
    return head + f"{'mot ' * size}"[: size - len(head) - 1] + "."


def _sections(count: int, size: int, between: str = "\n\n") -> str:
    return between.join(_section(n, size) for n in range(count))


LONG = _sections(12, 400)
NOTES = {
    "A.md": "---\ntags: [salle]\ndate: 2022-05-12\n---\n" + LONG,
    "B.md": _sections(3, 400, "\n\n<!-- caché -->\n\n"),
    "C.md": "# Court\n\nUne ligne.",
    "D.md": "confidentiel: oui\n----\n# Secret\n\nUne ligne.",
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    home = tmp_path_factory.mktemp("passages")
    (home / "vault").mkdir()
    for path, text in NOTES.items():
        (home / "vault" / path).write_text(text, encoding="utf-8")
    settings = IngestSettings(vault=home / "vault", index=home / "index")
    sync(settings)
    opened = Store(settings.index_folder / "1" / "notes.sqlite3")
    yield opened
    opened.close()


def _build(store: Store, *rows: int) -> tuple[Passage, ...]:
    return build_passages([Choice(row, 0.5, "proche") for row in rows], store, ())


def _rows(store: Store, path: str) -> range:
    [note] = [row for row, note in store.notes(range(9)).items() if note.path == path]
    return range(*store.lexicon.note_chunks[note : note + 2].tolist())


def _parts(passage: Passage) -> list[str]:
    return [heading[-1] for _, heading in passage.sections if heading]


def test_first_three_passages_grow_twice_as_wide_as_the_others(store: Store) -> None:
    rows = _rows(store, "A.md")
    for passages in (_build(store, rows[0]), _build(store, *_rows(store, "B.md"), rows[0])):
        grown = passages[-1]
        limit = WIDE if grown.number <= 3 else NARROW
        assert limit - 402 < len(grown.text) <= limit


def test_passage_grows_by_what_follows_before_what_precedes(store: Store) -> None:
    rows = _rows(store, "A.md")
    assert _parts(_build(store, rows[2])[0]) == [f"Partie {n}" for n in range(2, 9)]
    assert _parts(_build(store, rows[10])[0]) == [f"Partie {n}" for n in range(5, 12)]


def test_passage_keeps_the_heading_of_its_own_chunk(store: Store) -> None:
    assert _build(store, _rows(store, "A.md")[10])[0].heading == ("Partie 10",)


def test_passage_spans_no_comment(store: Store) -> None:
    passages = _build(store, *_rows(store, "B.md"))
    assert [_parts(passage) for passage in passages] == [["Partie 0"], ["Partie 1"], ["Partie 2"]]
    assert not any("caché" in passage.text for passage in passages)


def test_passage_stays_within_its_note(store: Store) -> None:
    [short] = _build(store, *_rows(store, "C.md"))
    assert (short.text, short.path) == ("# Court\n\nUne ligne.", "C.md")


def test_passage_tells_what_it_is_of_and_why(store: Store) -> None:
    [passage] = build_passages([Choice(_rows(store, "A.md")[0], 0.123_456_78, "note nommée")], store, ())
    assert (passage.number, passage.score, passage.reason) == (1, 0.123_457, "note nommée")
    assert (passage.path, passage.note, passage.tags, passage.date) == ("A.md", "A", ("salle",), "2022-05-12")


def test_passage_found_by_its_words_names_them_as_it_spells_them(store: Store) -> None:
    terms = (Term("absent", 9.0), Term("court", 2.0), Term("raie", 3.0, {("lign",): 0.5}))
    row = _rows(store, "C.md")[0]
    [told] = build_passages([Choice(row, 0.5)], store, terms)
    [untold] = build_passages([Choice(row, 0.5)], store, terms[:1])
    assert told.reason == "proche par «\u00a0ligne\u00a0», «\u00a0Court\u00a0»"
    assert untold.reason == "proche, sans un mot de la question"
    [beside] = build_passages([Choice(_rows(store, "A.md")[11], 0.5)], store, (Term("sall", 1.0),))
    assert beside.reason == "sa note est proche de la question"


def test_passage_of_a_private_note_is_private(store: Store) -> None:
    passages = _build(store, *_rows(store, "C.md"), *_rows(store, "D.md"))
    assert [(passage.path, passage.private) for passage in passages] == [("C.md", False), ("D.md", True)]


def test_nothing_chosen_gives_no_passage(store: Store) -> None:
    assert _build(store) == ()


@given(st.lists(st.integers(0, 16), max_size=10, unique=True))
def test_whatever_is_chosen_passages_are_slices_that_do_not_overlap(
    store: Store, rows: Sequence[int]
) -> None:
    passages = _build(store, *rows)
    chunks, texts = store.chunks(rows), {note.path: note.text for note in store.notes(range(9)).values()}
    for passage, row in zip(passages, rows, strict=True):
        assert texts[passage.path][passage.start : passage.end] == passage.text
        assert passage.start <= chunks[row].start < chunks[row].end <= passage.end
        assert passage.heading == chunks[row].heading
    for one, other in pairwise(sorted(passages, key=lambda passage: (passage.path, passage.start))):
        assert one.path != other.path or one.end <= other.start


Make = Callable[[Mapping[str, str]], Path]


def test_chunks_of_another_stretch_do_not_stop_what_goes_the_other_way(
    make_vault: Make, make_settings: Callable[..., IngestSettings]
) -> None:
    text = _section("a", 300) + "\n\n" + _section("b", 300) + "\n\n%% caché %%\n\n" + _section("c", 300)
    settings = make_settings(make_vault({"a.md": text}))
    sync(settings)
    store = Store(settings.index_folder / "1" / "notes.sqlite3")
    assert _parts(_build(store, 1)[0]) == ["Partie a", "Partie b"]
    store.close()
