"""The index follows the vault: what changed is read and paid for, once; what did not is left alone."""

import os
import resource
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import ingest.indexed
from ingest.errors import (
    IndexInVaultError,
    IndexWriteError,
    MassDeletionError,
    VaultError,
    VectorsError,
)
from ingest.note import Note, parse_note
from ingest.settings import IngestSettings
from ingest.sync import SyncReport
from tests.index_life import CountingEmbeddings, bytes_hold, published, sync_near, texts_in

NAMES = ("Accueil", "Budget", "Collections", "Édition", "Formation", "Gestion")
VAULT = {f"{name}.md": f"# {name}\n\nLe service {name} du musée. Voir [[Accueil]].\n" for name in NAMES}
COUNTED = "CountingEmbeddings:hashed"
Make = Callable[..., Path]
MakeSettings = Callable[..., IngestSettings]


@pytest.fixture(scope="module")
def index_of_six(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of a vault of six notes."""
    place = tmp_path_factory.mktemp("six")
    (place / "vault").mkdir()
    for name, text in VAULT.items():
        (place / "vault" / name).write_text(text, encoding="utf-8")
    sync_near(IngestSettings(vault=place / "vault", index=place / "index"))
    return place / "index"


@pytest.fixture
def settings(make_vault: Make, make_settings: MakeSettings, index_of_six: Path) -> IngestSettings:
    """The settings of a vault of six notes that is indexed already."""
    settings = make_settings(make_vault(VAULT))
    shutil.copytree(index_of_six, settings.index_folder)
    return settings


def _counts(report: SyncReport) -> dict[str, int]:
    names = ("added", "updated", "renamed", "removed")
    return {name: getattr(report, name) for name in names if getattr(report, name)}


def _write(settings: IngestSettings, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = settings.vault / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _store(settings: IngestSettings) -> bytes:
    return (published(settings) / "notes.sqlite3").read_bytes()


def test_first_run_adds_every_note(make_vault: Make, make_settings: MakeSettings) -> None:
    settings = make_settings(make_vault(VAULT))
    report = sync_near(settings)
    assert (_counts(report), report.published, report.indexed) == ({"added": 6}, True, 6)
    assert texts_in(settings) == VAULT


def test_nothing_changed_publishes_nothing(settings: IngestSettings) -> None:
    before = {path: path.stat().st_mtime_ns for path in published(settings).rglob("*")}
    report = sync_near(settings)
    assert (_counts(report), report.published, report.indexed, report.chunks) == ({}, False, 6, 6)
    assert {path: path.stat().st_mtime_ns for path in published(settings).rglob("*")} == before


def test_new_date_of_a_file_is_no_change(settings: IngestSettings) -> None:
    os.utime(settings.vault / "Budget.md", (0, 2**31))
    assert not sync_near(settings).published


def test_force_publishes_what_has_not_changed(settings: IngestSettings) -> None:
    report = sync_near(settings, force=True)
    assert (_counts(report), report.published, published(settings).name) == ({}, True, "2")


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        ({"Histoire.md": "Le passé."}, {"added": 1}),
        ({"Budget.md": "Autre texte."}, {"updated": 1}),
        ({"Budget.md": None}, {"removed": 1}),
        ({"Budget.md": None, "sous/Comptes.md": VAULT["Budget.md"]}, {"renamed": 1}),
        ({"Budget.md": None, "Un.md": VAULT["Budget.md"], "Deux.md": VAULT["Budget.md"]}, {"renamed": 1, "added": 1}),
        ({"Copie.md": VAULT["Budget.md"]}, {"added": 1}),
        ({"Budget.md": None, "Comptes.md": "Autre texte."}, {"added": 1, "removed": 1}),
        ({"Budget.md": VAULT["Gestion.md"], "Gestion.md": VAULT["Budget.md"]}, {"updated": 2}),
        ({"Budget.md": ""}, {"removed": 1}),
    ],
    ids=["add", "update", "remove", "rename", "rename and copy", "copy", "rewrite elsewhere", "exchange", "empty"],
)  # fmt: skip
def test_change_is_counted_and_published(
    settings: IngestSettings, change: dict[str, str | None], counts: dict[str, int]
) -> None:
    for name in (name for name, text in change.items() if text is None):
        (settings.vault / name).unlink()
    _write(settings, {name: text for name, text in change.items() if text is not None})
    assert _counts(sync_near(settings)) == counts
    assert texts_in(settings) == {name: text for name, text in (VAULT | change).items() if text}


def test_file_that_is_no_note_changes_nothing(settings: IngestSettings) -> None:
    _write(settings, {"image.png": "x", "Vide.md": "", ".caché.md": "Texte."})
    report = sync_near(settings)
    assert (report.published, report.seen, len(report.skipped)) == (False, 9, 3)


def test_note_without_a_word_is_skipped_and_does_not_publish_again(settings: IngestSettings) -> None:
    _write(settings, {"Image.md": "![](image.png)\n"})
    first, second = sync_near(settings), sync_near(settings)
    assert first.skipped == second.skipped == (("Image.md", "sans texte"),)
    assert (first.indexed, second.indexed, second.published) == (6, 6, False)


def test_only_what_changed_is_embedded(make_vault: Make, make_settings: MakeSettings) -> None:
    settings, embeddings = make_settings(make_vault(VAULT)), CountingEmbeddings()
    sync_near(settings, embeddings=embeddings)
    assert len(embeddings.paid) == len(VAULT)
    _write(settings, {"Budget.md": "# Budget\n\nUn autre texte.\n"})
    sync_near(settings, embeddings=embeddings)
    assert embeddings.paid[len(VAULT) :] == ["Budget\nBudget Un autre texte."]


def test_force_and_another_place_pay_for_nothing(make_vault: Make, make_settings: MakeSettings) -> None:
    settings, embeddings = make_settings(make_vault(VAULT)), CountingEmbeddings()
    sync_near(settings, embeddings=embeddings)
    (settings.vault / "sous").mkdir()
    (settings.vault / "Budget.md").rename(settings.vault / "sous" / "Budget.md")
    sync_near(settings, embeddings=embeddings, force=True)
    assert len(embeddings.paid) == len(VAULT)


def test_same_text_in_two_places_is_paid_once(make_vault: Make, make_settings: MakeSettings) -> None:
    embeddings = CountingEmbeddings()
    settings = make_settings(make_vault({"a/Note.md": "Le même texte.", "b/Note.md": "Le même texte."}))
    assert sync_near(settings, embeddings=embeddings).chunks == 2
    assert len(embeddings.paid) == 1


def test_run_that_fails_between_batches_pays_for_nothing_twice(
    make_vault: Make, make_settings: MakeSettings
) -> None:
    settings = make_settings(make_vault({f"{i}.md": f"Note numéro {i}." for i in range(600)}))
    embeddings = CountingEmbeddings()

    def stop(stage: str, done: int, _total: int | None) -> None:
        if (stage, done) == ("Calcul des vecteurs", 512):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sync_near(settings, embeddings=embeddings, on_progress=stop)
    assert len(embeddings.paid) == 512
    sync_near(settings, embeddings=embeddings)
    assert len(embeddings.paid) == len(set(embeddings.paid)) == 600


def test_index_grown_step_by_step_is_the_index_made_at_once(
    settings: IngestSettings, make_settings: MakeSettings, tmp_path: Path
) -> None:
    _write(settings, {"Histoire.md": "---\naliases: [Passé]\n---\nVoir [[Budget]] et [[Accueil]].\n\nFin.\n"})
    sync_near(settings)
    (settings.vault / "Budget.md").rename(settings.vault / "Comptes.md")
    sync_near(settings)
    (settings.vault / "Édition.md").unlink()
    _write(settings, {"Image.md": "![](x.png)", "Gestion.md": "# Gestion\n\n[[Passé]], [[Absente]].\n"})
    sync_near(settings)
    once = make_settings(settings.vault, index=tmp_path / "autre")
    sync_near(once)
    assert _store(settings) == _store(once)


def test_index_of_the_real_vault_grown_by_halves_is_the_index_made_at_once(
    real_vault: Path, make_settings: MakeSettings, tmp_path: Path
) -> None:
    half = tmp_path / "moitié"
    shutil.copytree(real_vault, half)
    for note in sorted(half.rglob("*.md"))[::3]:
        note.unlink()
    grown = make_settings(half)
    sync_near(grown)
    shutil.copytree(real_vault, half, dirs_exist_ok=True)
    sync_near(grown)
    once = make_settings(real_vault, index=tmp_path / "autre")
    sync_near(once)
    assert _store(grown) == _store(once)


def test_index_does_not_depend_on_the_order_of_creation(make_vault: Make, make_settings: MakeSettings, tmp_path: Path) -> None:  # fmt: skip
    stores = []
    for name, files in (("un", VAULT), ("deux", dict(reversed(VAULT.items())))):
        settings = make_settings(make_vault(files, name=name), index=tmp_path / f"index-{name}")
        sync_near(settings)
        stores.append(_store(settings))
    assert stores[0] == stores[1]


def test_index_does_not_depend_on_the_order_of_listing(
    settings: IngestSettings, make_settings: MakeSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir

    class Reversed:
        def __init__(self, path: Any) -> None:
            with scandir(path) as entries:
                self._entries = iter(sorted(entries, key=lambda entry: entry.name, reverse=True))

        __enter__ = __iter__ = lambda self: self
        __exit__ = close = lambda *_: None

        def __next__(self) -> Any:
            return next(self._entries)

    monkeypatch.setattr(os, "scandir", Reversed)
    other = make_settings(settings.vault, index=tmp_path / "autre")
    sync_near(other)
    assert _store(settings) == _store(other)


def test_mass_deletion_is_refused_and_the_index_kept(settings: IngestSettings) -> None:
    for name in NAMES[:4]:
        (settings.vault / f"{name}.md").unlink()
    with pytest.raises(MassDeletionError, match=r"4 notes sur 6 ont disparu .* cimaise index --force"):
        sync_near(settings)
    assert texts_in(settings) == VAULT


def test_half_of_the_notes_may_go(settings: IngestSettings) -> None:
    for name in NAMES[:3]:
        (settings.vault / f"{name}.md").unlink()
    assert sync_near(settings).removed == 3


def test_mass_deletion_is_done_by_force(settings: IngestSettings) -> None:
    for name in NAMES[:5]:
        (settings.vault / f"{name}.md").unlink()
    assert _counts(sync_near(settings, force=True)) == {"removed": 5}


def test_mass_deletion_is_refused_after_a_change_of_parser_or_broken_vectors(
    settings: IngestSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in NAMES[:4]:
        (settings.vault / f"{name}.md").unlink()
    monkeypatch.setattr("ingest.sync.parser_fingerprint", lambda: "autre")
    with pytest.raises(MassDeletionError):
        sync_near(settings)
    shutil.rmtree(published(settings) / "chroma")
    with pytest.raises(MassDeletionError):
        sync_near(settings)


def test_whole_folder_renamed_is_no_deletion(make_vault: Make, make_settings: MakeSettings) -> None:
    settings = make_settings(make_vault({f"a/{name}": text for name, text in VAULT.items()}))
    sync_near(settings)
    (settings.vault / "a").rename(settings.vault / "b")
    assert _counts(sync_near(settings)) == {"renamed": 6}
    assert set(texts_in(settings)) == {f"b/{name}" for name in VAULT}


@pytest.mark.parametrize("left", [{}, {"Image.md": "![](x.png)"}], ids=["nothing", "no word"])
def test_vault_without_a_note_is_refused_and_the_index_kept(settings: IngestSettings, left: dict[str, str]) -> None:  # fmt: skip
    shutil.rmtree(settings.vault)
    settings.vault.mkdir()
    _write(settings, left)
    with pytest.raises(VaultError, match="aucune note Markdown"):
        sync_near(settings, force=True)
    assert texts_in(settings) == VAULT


def test_missing_vault_is_refused_and_the_index_kept(settings: IngestSettings) -> None:
    shutil.rmtree(settings.vault)
    with pytest.raises(VaultError, match="n’existe pas"):
        sync_near(settings)
    assert texts_in(settings) == VAULT


def test_other_parsers_read_all_anew(settings: IngestSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def parse(text: str, path: str) -> Note:
        read.append(path)
        return parse_note(text, path)

    monkeypatch.setattr("ingest.sync.parse_note", parse)
    assert not sync_near(settings).published
    assert read == []
    for module in ("ingest.sync", "ingest.build"):
        monkeypatch.setattr(f"{module}.parser_fingerprint", lambda: "autre")
    assert sync_near(settings).published
    assert sorted(read) == sorted(VAULT)
    assert not sync_near(settings).published


def test_fingerprint_of_the_parsers_is_that_of_their_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = ingest.indexed.parser_fingerprint.__wrapped__()
    shutil.copytree(Path(ingest.indexed.__file__).parent, tmp_path / "ingest")
    monkeypatch.setattr(ingest.indexed, "__file__", str(tmp_path / "ingest" / "indexed.py"))
    assert ingest.indexed.parser_fingerprint.__wrapped__() == before
    with (tmp_path / "ingest" / "clean.py").open("a", encoding="utf-8") as stream:
        stream.write("\n")
    assert ingest.indexed.parser_fingerprint.__wrapped__() != before


def test_other_embeddings_build_all_anew(settings: IngestSettings) -> None:
    embeddings = CountingEmbeddings()
    assert sync_near(settings, embeddings=embeddings).published
    assert len(embeddings.paid) == len(VAULT)
    assert texts_in(settings, embeddings=COUNTED) == VAULT


@pytest.mark.parametrize("damage", ["chroma", "chroma/chroma.sqlite3", "notes.sqlite3", "manifest.json", "../CURRENT"])  # fmt: skip
def test_damaged_index_is_built_anew(settings: IngestSettings, damage: str) -> None:
    target = published(settings) / damage
    if target.is_dir():
        shutil.rmtree(target)
    else:
        target.write_bytes(b"\xff" + target.read_bytes()[1:])
    assert sync_near(settings).published
    assert texts_in(settings) == VAULT
    assert not sync_near(settings).published


def test_number_of_a_snapshot_that_went_is_not_given_again(settings: IngestSettings) -> None:
    shutil.rmtree(published(settings))
    sync_near(settings)
    assert published(settings).name == "2"


@pytest.mark.parametrize("inner", ["index", "sous/dossier/index", "."])
def test_index_inside_the_vault_is_refused(make_vault: Make, make_settings: MakeSettings, inner: str) -> None:
    vault = make_vault(VAULT)
    with pytest.raises(IndexInVaultError, match="l’un dans l’autre"):
        sync_near(make_settings(vault, index=vault / inner))
    assert sorted(path.name for path in vault.iterdir()) == sorted(VAULT)


def test_vault_inside_the_index_is_refused(make_vault: Make, make_settings: MakeSettings, tmp_path: Path) -> None:  # fmt: skip
    with pytest.raises(IndexInVaultError):
        sync_near(make_settings(make_vault({"a/Note.md": "Texte."}) / "a", index=tmp_path / "vault"))


def test_index_inside_the_vault_through_a_link_is_refused(make_vault: Make, make_settings: MakeSettings, tmp_path: Path) -> None:  # fmt: skip
    (tmp_path / "lien").symlink_to(make_vault(VAULT))
    with pytest.raises(IndexInVaultError):
        sync_near(make_settings(tmp_path / "vault", index=tmp_path / "lien" / "index"))


def test_progress_is_told_stage_by_stage(make_vault: Make, make_settings: MakeSettings) -> None:
    told: list[tuple[str, int, int | None]] = []
    files = {f"{i}.md": f"Note numéro {i}." for i in range(300)}
    sync_near(make_settings(make_vault(files)), on_progress=lambda *said: told.append(said))
    assert list(dict.fromkeys(stage for stage, _, _ in told)) == [
        "Lecture des notes", "Analyse des notes", "Écriture de l’index", "Calcul des vecteurs",
        "Rangement des vecteurs", "Vérification de l’index", "Publication de l’index", "Index publié",
    ]  # fmt: skip
    assert [said[1:] for said in told if said[0] == "Calcul des vecteurs"] == [(0, 300)]
    assert all(total is None or 0 <= done <= total for _, done, total in told)


def test_every_file_of_the_real_vault_is_accounted_for(real_vault: Path, make_settings: MakeSettings) -> None:
    settings = make_settings(real_vault)
    first, second = sync_near(settings), sync_near(settings)
    files = sum(len(names) for _, _, names in os.walk(real_vault))
    assert first.seen == files == first.indexed + len(first.skipped) + len(first.failed)
    assert (first.published, second.published) == (True, False)
    assert (second.seen, second.skipped, second.failed, second.warnings, second.indexed, second.chunks) == (
        first.seen, first.skipped, first.failed, first.warnings, first.indexed, first.chunks,
    )  # fmt: skip


def test_deleted_and_edited_texts_are_nowhere(settings: IngestSettings) -> None:
    _write(settings, {"Budget.md": "Un secret.", "Gestion.md": "Un mystère."})
    sync_near(settings)
    (settings.vault / "Budget.md").unlink()
    _write(settings, {"Gestion.md": "Rien."})
    assert bytes_hold(settings.index_folder, "secret")
    sync_near(settings)
    assert bytes_hold(settings.index_folder, "secret") == bytes_hold(settings.index_folder, "myst") == []


@pytest.mark.parametrize("limit", [30_000, 60_000, 120_000, 170_000])
def test_run_after_one_that_had_no_room_succeeds_in_the_same_process(
    settings: IngestSettings, limit: int
) -> None:
    _write(settings, {"Budget.md": "Autre texte."})
    allowed = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, allowed[1]))
    try:
        with pytest.raises(IndexWriteError):
            sync_near(settings)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, allowed)
    assert texts_in(settings) == VAULT
    assert sync_near(settings).updated == 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda vectors: vectors[:-1],
        lambda vectors: [*vectors, vectors[0]],
        lambda vectors: [[float("nan")] * 16, *vectors[1:]],
        lambda vectors: [[float("inf")] * 16, *vectors[1:]],
        lambda vectors: [[0.0] * 16, *vectors[1:]],
        lambda vectors: [vectors[0][:-1], *vectors[1:]],
        lambda vectors: [[] for _ in vectors],
        lambda _vectors: [],
        lambda _vectors: None,
        lambda _vectors: "<html>",
    ],
    ids=["fewer", "more", "NaN", "infinite", "zero", "ragged", "empty", "none", "null", "text"],
)  # fmt: skip
def test_vectors_that_are_none_are_one_error_and_leave_the_index_alone(
    settings: IngestSettings, spoil: Callable[[list[list[float]]], Any]
) -> None:
    embeddings = CountingEmbeddings(spoil=spoil)
    with pytest.raises(VectorsError):
        sync_near(settings, embeddings=embeddings)
    assert texts_in(settings) == VAULT
    embeddings.spoil = lambda vectors: vectors
    assert sync_near(settings, embeddings=embeddings).published


def test_vectors_of_another_dimension_are_one_error_and_the_next_run_mends_it(
    make_vault: Make, make_settings: MakeSettings
) -> None:
    settings = make_settings(make_vault(VAULT))
    sync_near(settings, embeddings=CountingEmbeddings(16))
    _write(settings, {"Budget.md": "Autre texte."})
    with pytest.raises(VectorsError, match="24 nombres par vecteur au lieu de 16"):
        sync_near(settings, embeddings=CountingEmbeddings(24))
    assert texts_in(settings, embeddings=COUNTED) == VAULT
    assert sync_near(settings, embeddings=CountingEmbeddings(24)).updated == 1
