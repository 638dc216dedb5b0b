"""The truth of a snapshot: what is written is read back, never written again, and damage is told."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from ingest.errors import IndexDamagedError, IndexWriteError
from ingest.indexed import IndexedNote, index_chunks
from ingest.lexicon import build_lexicon, pack_lexicon
from ingest.links import resolve_links
from ingest.note import parse_note
from ingest.store import Store, StoredChunk
from ingest.store_writer import write_store
from ingest.vault import walk_vault

VAULT = {
    "Stratégie.md": "---\naliases: [Le plan]\ntags: [question, été]\ndate: 2022-05-12\n---\n# La stratégie\n\n"
    "Voir [[Publics]], [[Absente]], [[Publics|eux]], [[Outils]] et [[#Suite]].\n\n## Suite\n\nLe musée élabore un plan.\n",
    "dossier/Publics.md": "Le musée accueille des publics. Il cite [[Stratégie]].\n\nVoir aussi\n",
    "dossier/Outils.md": "Une stratégie, des outils, des œuvres.\n\nVoir aussi\n",
    "Privée.md": "confidentiel : oui\n----\nUn secret du musée.\n\nVoir aussi !\n",
}
Open = Callable[[Mapping[str, str | bytes]], Store]


def _items(vault: Path) -> list[IndexedNote]:
    files = [outcome.file for outcome in walk_vault(vault, max_note_bytes=5_000_000) if outcome.file]
    notes = [(file, parse_note(file.text, file.path)) for file in files]
    return [IndexedNote(file, note, note.title, index_chunks(note)) for file, note in notes]


def _write(vault: Path, path: Path) -> Path:
    items = _items(vault)
    outcomes = walk_vault(vault, max_note_bytes=5_000_000)
    write_store(path, items, resolve_links(item.note for item in items), outcomes)
    return path


@pytest.fixture
def write(make_vault: Callable[..., Path], tmp_path: Path) -> Callable[[Mapping[str, str | bytes]], Path]:
    """Return a function that writes the store of a vault and returns its path."""
    return lambda files: _write(make_vault(files), tmp_path / "notes.sqlite3")


@pytest.fixture
def open_store(write: Callable[[Mapping[str, str | bytes]], Path]) -> Iterator[Open]:
    """Return a function that writes the store of a vault and opens it."""
    opened: list[Store] = []

    def open_one(files: Mapping[str, str | bytes]) -> Store:
        opened.append(Store(write(files)))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


def _rows(store: Store) -> dict[str, int]:
    return {note.path: row for row, note in store.notes(range(100)).items()}


def _chunks_of(store: Store, note: int) -> list[StoredChunk]:
    return list(store.chunks(range(*store.lexicon.note_chunks[note : note + 2].tolist())).values())


def test_note_is_read_back_as_it_was_written(open_store: Open) -> None:
    store = open_store(VAULT)
    note = store.notes([_rows(store)["Stratégie.md"]]).popitem()[1]
    assert (note.title, note.aliases, note.tags) == ("La stratégie", ("Le plan",), ("question", "été"))
    assert (note.date, note.encoding, note.private, note.folder, note.stem) == (
        "2022-05-12",
        "utf-8",
        False,
        "",
        "Stratégie",
    )
    assert note.text == VAULT["Stratégie.md"]
    assert note.text[note.body_start :].startswith("# La stratégie")


def test_private_note_stays_private(open_store: Open) -> None:
    assert [note.path for note in open_store(VAULT).notes(range(9)).values() if note.private] == ["Privée.md"]


def test_note_is_found_by_its_id(open_store: Open) -> None:
    store = open_store(VAULT)
    for note in store.notes(range(9)).values():
        assert store.note(note.id) == note


@pytest.mark.parametrize("note_id", ["", "absente", "\0", "'; DROP TABLE notes; --", "é" * 5_000, "\ud800"])
def test_unknown_id_is_no_note(open_store: Open, note_id: str) -> None:
    assert open_store(VAULT).note(note_id) is None


def test_hashes_are_those_of_the_files(open_store: Open, make_vault: Callable[..., Path]) -> None:
    store = open_store(VAULT)
    read = walk_vault(make_vault({}), max_note_bytes=5_000_000)
    assert store.hashes() == {outcome.file.raw_path: outcome.file.sha256 for outcome in read if outcome.file}


def test_chunks_are_read_back_by_row_id_and_note(open_store: Open) -> None:
    store = open_store(VAULT)
    row = _rows(store)["Stratégie.md"]
    chunks = _chunks_of(store, row)
    assert {chunk.note for chunk in chunks} == {row}
    assert [chunk.heading for chunk in chunks] == [(), ("Suite",)]
    assert store.chunks([chunk.row for chunk in chunks]) == {chunk.row: chunk for chunk in chunks}
    assert store.chunks_by_id([chunks[0].id, "absent"]) == {chunks[0].id: chunks[0]}
    text = store.notes([row])[row].text
    assert text[chunks[1].start : chunks[1].end] == "## Suite\n\nLe musée élabore un plan."


def test_rows_begin_at_zero_and_follow_the_order_of_the_notes(open_store: Open) -> None:
    store = open_store(VAULT)
    assert list(store.notes(range(100))) == [0, 1, 2, 3]
    assert [chunk.note for chunk in store.chunks(range(100)).values()] == store.lexicon.chunk_notes.tolist()


def test_chunks_of_one_stretch_share_their_run(open_store: Open) -> None:
    store = open_store(
        {"a.md": "Un.\n\n## Deux\n\nDeux.\n\n<!-- caché -->\n\nTrois.\n\n## Quatre\n\nQuatre."}
    )
    assert [chunk.run for chunk in _chunks_of(store, 0)] == [0, 0, 1, 1]


def test_chunk_counts_its_folded_content_words(open_store: Open) -> None:
    store = open_store({"a.md": "Le musée, les MUSÉES, l’œuvre du musée."})
    assert store.lexicon.words_of(0) == {"musee": 2, "musees": 1, "oeuvre": 1}


def test_word_of_a_heading_above_counts_in_the_chunk(open_store: Open) -> None:
    store = open_store({"a.md": "# A\n\n## Médiation\n\nIntro.\n\n### Jeunes\n\nUn atelier.\n"})
    assert [store.lexicon.words_of(row)["mediation"] for row in range(store.chunk_count)] == [1, 1]


def test_lexicon_is_that_of_the_notes(write: Callable[..., Path], make_vault: Callable[..., Path]) -> None:
    vault = make_vault(VAULT)
    with closing(Store(write({}))) as store:
        assert pack_lexicon(store.lexicon) == pack_lexicon(build_lexicon(_items(vault)))


@pytest.mark.parametrize("word", ["near", "or", "not", "and", "title", "2018", "l"])
def test_words_of_a_query_language_are_plain_words(open_store: Open, word: str) -> None:
    store = open_store({"a.md": "Texte.", "b.md": "Autre."})
    assert (store.lexicon.frequency(word), store.lexicon.word(word)) == (0, None)


def test_nothing_asked_gives_nothing(open_store: Open) -> None:
    store = open_store(VAULT)
    assert (store.chunks([]), store.notes([]), store.named([]), store.titles([])) == ({}, {}, [], {})


def test_counts_are_those_of_what_is_stored(open_store: Open) -> None:
    store = open_store(VAULT)
    assert (store.note_count, store.chunk_count) == (4, 5)


def test_vault_without_a_note_is_stored_too(open_store: Open) -> None:
    store = open_store({"Vide.md": "", "a.md": "…"})
    assert (store.note_count, store.chunk_count, store.lexicon.words) == (1, 0, ())


def test_facts_are_folder_tags_and_date_by_row(open_store: Open) -> None:
    store = open_store(VAULT)
    facts = store.facts()
    assert facts[_rows(store)["Stratégie.md"]] == ("", ("question", "été"), "2022-05-12")
    assert facts[_rows(store)["dossier/Outils.md"]] == ("dossier", (), None)
    assert len(facts) == 4


def test_titles_are_those_of_the_rows_asked(open_store: Open) -> None:
    store = open_store(VAULT)
    row = _rows(store)["Stratégie.md"]
    assert store.titles([row, 99]) == {row: "La stratégie"}


def test_note_is_named_by_its_title_file_name_and_aliases(open_store: Open) -> None:
    store = open_store(VAULT)
    row = _rows(store)["Stratégie.md"]
    assert store.named(["le plan", "la strategie", "strategie", "suite"]) == [
        (name, row) for name in ("la strategie", "le plan", "strategie")
    ]


def test_name_of_two_notes_gives_both(open_store: Open) -> None:
    assert open_store({"a/Note.md": "Un.", "b/Note.md": "Deux."}).named(["note"]) == [
        ("note", 0),
        ("note", 1),
    ]


def test_links_lead_to_each_note_once_in_order_and_never_to_itself(open_store: Open) -> None:
    store = open_store(VAULT)
    rows = _rows(store)
    assert store.linked_from(rows["Stratégie.md"]) == [rows["dossier/Publics.md"], rows["dossier/Outils.md"]]
    assert store.linked_from(rows["Privée.md"]) == []


def test_links_are_followed_back_to_each_note_once_and_never_to_itself(open_store: Open) -> None:
    store = open_store(VAULT)
    rows = _rows(store)
    strategy, publics = rows["Stratégie.md"], rows["dossier/Publics.md"]
    assert store.linked_to(rows.values()) == {
        strategy: [publics], publics: [strategy], rows["dossier/Outils.md"]: [strategy]
    }  # fmt: skip
    assert store.linked_to([publics]) == {publics: [strategy]}


def test_hubs_are_the_notes_that_link_to_the_most_others(open_store: Open) -> None:
    store = open_store(VAULT)
    assert store.hubs(5) == [("La stratégie", 2), ("Publics", 1)]
    assert store.hubs(1) == [("La stratégie", 2)]


def test_landmarks_are_the_notes_that_the_most_others_link_to(open_store: Open) -> None:
    store = open_store(
        {"A.md": "# A\n\n[[B]] [[C]] [[A]]", "B.md": "# B\n\n[[C]] [[C]]", "C.md": "# C\n\nMot."}
    )
    assert store.landmarks(5) == [("C", 2), ("B", 1)]
    assert store.landmarks(1) == [("C", 2)]


def test_refrain_is_a_line_that_three_notes_share(open_store: Open) -> None:
    assert open_store(VAULT).refrains == {"voir aussi"}


def test_line_repeated_within_one_note_is_no_refrain(open_store: Open) -> None:
    assert open_store({"a.md": "Encore\n\n" * 5, "b.md": "Encore\n"}).refrains == frozenset()


@pytest.mark.parametrize(
    "text",
    [
        "Un\0deux\0trois",
        "Emoji 🎨👩‍🎨",
        "Trait \u202e bidi \u200b",
        "Fin \U0010ffff",
        "a\r\nb\rc\u2028d\x85e",
        "e\u0301 et é",
        "'; DROP \"--",
    ],
)
def test_odd_characters_come_back_whole(open_store: Open, text: str) -> None:
    assert open_store({"a.md": text + " mot" * 1_000}).notes([0])[0].text == text + " mot" * 1_000


@pytest.mark.parametrize("name", ["🎨.md", "l’été « a » [b] #c^|.md", "a'\"; --.md", "é" * 100 + ".md"])
def test_odd_file_names_come_back_whole(open_store: Open, name: str) -> None:
    note = open_store({f"dossier/{name}": "Texte."}).notes([0])[0]
    assert (note.path, note.raw_path) == (f"dossier/{name}", f"dossier/{name}".encode())


def test_file_name_that_is_not_utf8_keeps_its_bytes(
    write: Callable[..., Path], make_vault: Callable[..., Path]
) -> None:
    with open(os.path.join(os.fsencode(make_vault({})), b"caf\xe9.md"), "wb") as stream:
        stream.write(b"Texte.")
    with closing(Store(write({}))) as store:
        note = store.notes([0])[0]
    assert (note.raw_path, note.path) == (b"caf\xe9.md", r"caf\xe9.md")


def test_every_outcome_is_kept(write: Callable[..., Path]) -> None:
    path = write({"a.md": "Texte.", "Vide.md": "", "x.png": b"\x89PNG"})
    with closing(sqlite3.connect(path)) as connection:
        kept = connection.execute("SELECT path, status, reason FROM outcomes ORDER BY path").fetchall()
    assert kept == [
        ("Vide.md", "skipped", "vide"),
        ("a.md", "read", ""),
        ("x.png", "skipped", "n’est pas une note Markdown"),
    ]


def test_same_vault_gives_the_same_bytes(make_vault: Callable[..., Path], tmp_path: Path) -> None:
    vault = make_vault(VAULT)
    assert _write(vault, tmp_path / "un").read_bytes() == _write(vault, tmp_path / "deux").read_bytes()


@pytest.mark.parametrize("place", ["absent/notes.sqlite3", "a.md/notes.sqlite3"])
def test_store_that_cannot_be_written_is_told(make_vault: Callable[..., Path], place: str) -> None:
    vault = make_vault({"a.md": "Texte."})
    with pytest.raises(IndexWriteError, match="libérez la place ou les droits"):
        _write(vault, vault / place)


def test_store_is_never_written_over(write: Callable[..., Path]) -> None:
    write(VAULT)
    with pytest.raises(IndexWriteError):
        write(VAULT)


def test_reading_leaves_the_file_and_its_folder_as_they_were(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    folder = tmp_path / "à l’index ?#%20"
    folder.mkdir()
    shutil.copy(write(VAULT), folder / "notes.sqlite3")
    before = (folder / "notes.sqlite3").read_bytes()
    (folder / "notes.sqlite3").chmod(0o400)
    with closing(Store(folder / "notes.sqlite3")) as store:
        assert store.lexicon.frequency("musee") == 3
    assert [path.name for path in folder.iterdir()] == ["notes.sqlite3"]
    assert (folder / "notes.sqlite3").read_bytes() == before


def test_store_is_immutable_so_no_lock_stops_a_reader(write: Callable[..., Path]) -> None:
    path = write(VAULT)
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        with closing(Store(path)) as store:
            assert len(store.hashes()) == 4


def test_store_serves_many_threads(open_store: Open) -> None:
    store = open_store(VAULT)
    with ThreadPoolExecutor(8) as pool:
        found = list(
            pool.map(lambda row: (store.lexicon.words_of(row % 5), store.titles([row % 4])), range(200))
        )
    assert all(each == found[place % 20] for place, each in enumerate(found))
    assert len(found[0][0]) > 0


def _use(path: Path) -> None:
    """Read all that a store holds."""
    with closing(Store(path)) as store:
        store.notes(range(100))
        store.chunks(range(100))
        store.facts()
        store.named(["strategie"])
        store.linked_from(0)
        assert store.lexicon.words


def test_lexicon_that_lacks_a_part_is_damage(write: Callable[..., Path]) -> None:
    path = write(VAULT)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM lexicon WHERE name = 'grams'")
    with closing(Store(path)) as store, pytest.raises(IndexDamagedError):
        store.lexicon  # noqa: B018 - it is read when first asked


def test_missing_store_is_damage_and_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(IndexDamagedError, match="cimaise index --force"):
        Store(tmp_path / "notes.sqlite3")
    assert not (tmp_path / "notes.sqlite3").exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 4096, b"Ce n\xe2\x80\x99est pas une base.", b"SQLite format 3\0" + b"\xff" * 5_000],
)
def test_file_that_is_no_store_is_damage(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "notes.sqlite3").write_bytes(content)
    with pytest.raises(IndexDamagedError):
        Store(tmp_path / "notes.sqlite3")


def test_folder_in_place_of_the_store_is_damage(tmp_path: Path) -> None:
    (tmp_path / "notes.sqlite3").mkdir()
    with pytest.raises(IndexDamagedError):
        Store(tmp_path / "notes.sqlite3")


def test_database_of_another_program_is_damage(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "autre")) as connection:
        connection.execute("CREATE TABLE autre (x)")
    with pytest.raises(IndexDamagedError):
        Store(tmp_path / "autre")


@pytest.mark.parametrize("tenths", range(1, 10))
def test_truncated_store_is_damage(write: Callable[..., Path], tenths: int) -> None:
    path = write(VAULT)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * tenths // 10])
    with pytest.raises(IndexDamagedError):
        _use(path)


@pytest.mark.parametrize(
    ("written", "damaged"),
    [
        (b'["Le plan"]', b'{"Le plan"]'),
        ("# La stratégie".encode(), b"# La strat\xff\xffgie"),
        (b"\nmusee\n", b"\nmus\xff\xff\n"),
    ],
    ids=["list", "text", "words"],
)
def test_damaged_value_is_damage(write: Callable[..., Path], written: bytes, damaged: bytes) -> None:
    path = write(VAULT)
    content = path.read_bytes()
    assert written in content
    path.write_bytes(content.replace(written, damaged))
    with pytest.raises(IndexDamagedError):
        _use(path)
