"""Which chunks may answer, and how they are scored."""

from collections.abc import Iterator, Mapping
from copy import copy

import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings

from assistant.answer import Filters
from assistant.candidates import Candidates, gather_candidates
from assistant.terms import read_search
from ingest.embeddings import HashedEmbeddings, fingerprint
from ingest.settings import IngestSettings
from ingest.snapshot import Snapshot, open_snapshot
from ingest.sync import sync

VAULT = {
    "Lieux/Louvre.md": "---\ntags: [lieu/paris]\ndate: 2022-01-10\n---\n# Louvre\n\nLa médiation numérique du Louvre touche un public éloigné.",
    "Lieux/Met.md": "---\ntags: [lieu]\ndate: 2022-06-01\n---\n# Met\n\nMax Hollein dirige le Met et défend la médiation numérique.",
    "Idées/Sobriété.md": "---\ntags: [idee]\n---\n# Sobriété\n\nUn musée sobre choisit des outils durables pour ses expositions.",
    "Publics.md": "# Publics\n\nLe public revient quand le musée écoute ses publics.\n\n## Fidélité\n\nUn abonnement fidélise le public.",
}
LINKED = {
    "Aube.md": "# Aube\n\nUn atelier de médiation du dimanche.",
    "Cité.md": "# Cité\n\nUn atelier de médiation du dimanche.",
    "Guide.md": "# Guide\n\nLa médiation se fait à plusieurs, comme dans [[Cité]].",
}
KEYLESS = HashedEmbeddings()
PROVIDED = DeterministicFakeEmbedding(size=32)


def _open(
    files: Mapping[str, str], embeddings: Embeddings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Snapshot]:
    home = tmp_path_factory.mktemp("candidates")
    for path, text in files.items():
        (home / "vault" / path).parent.mkdir(parents=True, exist_ok=True)
        (home / "vault" / path).write_text(text, encoding="utf-8")
    settings = IngestSettings(vault=home / "vault", index=home / "index")
    sync(settings, embeddings=embeddings)
    opened = open_snapshot(settings.index_folder, embeddings=fingerprint(embeddings, settings.embeddings))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    """A small vault indexed without a key."""
    yield from _open(VAULT, KEYLESS, tmp_path_factory)


@pytest.fixture(scope="module")
def provided(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    """The same vault indexed with the embeddings of a provider."""
    yield from _open(VAULT, PROVIDED, tmp_path_factory)


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    """A vault where one of two notes alike is linked to, by a note on mediation."""
    yield from _open(LINKED, KEYLESS, tmp_path_factory)


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    """A vault of more notes on mediation than are ranked."""
    yield from _open(
        {f"{n}.md": f"# Note {n}\n\nLa médiation, {n}." for n in range(120)}, KEYLESS, tmp_path_factory
    )


def _gather(
    snapshot: Snapshot, text: str, filters: Filters | None = None, embeddings: Embeddings = KEYLESS
) -> Candidates:
    search = read_search(text, snapshot.store.lexicon)
    return gather_candidates(snapshot, embeddings, text, search, filters or Filters())


def _paths(snapshot: Snapshot, found: Candidates) -> list[str]:
    chunks = snapshot.store.chunks(found.scores)
    notes = snapshot.store.notes(chunk.note for chunk in chunks.values())
    return list(dict.fromkeys(notes[chunks[row].note].path for row in found.scores))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("médiation au Louvre", "Lieux/Louvre.md"),
        ("mediation au louvre", "Lieux/Louvre.md"),
        ("mediattion au louvvre", "Lieux/Louvre.md"),
        ("Que dit Max Hollein ?", "Lieux/Met.md"),
        ("sobriété des outils", "Idées/Sobriété.md"),
        ("abonnements fidélisés", "Publics.md"),
    ],
)
def test_the_note_that_speaks_of_it_comes_first(snapshot: Snapshot, text: str, path: str) -> None:
    assert _paths(snapshot, _gather(snapshot, text))[0] == path


def test_scores_lie_between_zero_and_one_and_fall(snapshot: Snapshot) -> None:
    scores = list(_gather(snapshot, "médiation numérique du public").scores.values())
    assert scores == sorted(scores, reverse=True)
    assert 0 < scores[-1] < scores[0] <= 1
    assert scores[0] > 0.75  # of which a sixth is for links, which this vault has not


def test_words_of_no_note_find_nothing(snapshot: Snapshot) -> None:
    assert _gather(snapshot, "zzzz").scores == {}


@pytest.mark.parametrize(
    ("filters", "paths"),
    [
        (Filters(tags=("lieu",)), {"Lieux/Louvre.md", "Lieux/Met.md"}),
        (Filters(tags=("LIEU/Paris",)), {"Lieux/Louvre.md"}),
        (Filters(folders=("Idées",)), {"Idées/Sobriété.md"}),
        (Filters(since="2022-02-01"), {"Lieux/Met.md"}),
        (Filters(until="2022-02-01"), {"Lieux/Louvre.md"}),
        (Filters(tags=("inconnu",)), set()),
    ],
)
def test_filters_keep_to_a_part_of_the_vault(snapshot: Snapshot, filters: Filters, paths: set[str]) -> None:
    found = _gather(snapshot, "musée, médiation numérique, public, outils", filters)
    assert set(_paths(snapshot, found)) == paths


def test_without_its_vectors_a_snapshot_is_searched_by_words(snapshot: Snapshot) -> None:
    lexical = copy(snapshot)
    lexical.vectors = None
    found, alone = (_gather(each, "médiation numérique du public") for each in (snapshot, lexical))
    assert (found.by_words_alone, alone.by_words_alone) == (False, True)
    assert list(alone.scores) == [row for row in found.scores if row in alone.scores] != []


def test_hashed_vectors_add_nothing_to_what_shares_a_word(snapshot: Snapshot) -> None:
    lexical = copy(snapshot)
    lexical.vectors = None
    text = "abonnement du public"
    found = _gather(snapshot, text).scores
    assert {row: found[row] for row in _gather(lexical, text).scores} == pytest.approx(
        _gather(lexical, text).scores
    )


def test_vectors_of_a_provider_make_four_tenths_of_a_score(provided: Snapshot) -> None:
    assert provided.vectors is not None
    text = "zzzz"
    found = _gather(provided, text, embeddings=PROVIDED)
    near = dict(provided.vectors.query(PROVIDED.embed_query(text), limit=30))
    rows = {key: chunk.row for key, chunk in provided.store.chunks_by_id(near).items()}
    expected = {rows[key]: 0.4 * cosine / max(near.values()) for key, cosine in near.items() if cosine > 0}
    assert max(expected.values()) == pytest.approx(0.4)
    assert found.scores == pytest.approx(expected)


def test_words_count_for_half_beside_the_vectors_of_a_provider(provided: Snapshot) -> None:
    text = "abonnement fidélité"
    lexical = copy(provided)
    lexical.vectors = None
    found, alone = (_gather(each, text, embeddings=PROVIDED).scores for each in (provided, lexical))
    assert found[next(iter(alone))] >= 0.5


def _scores_by_path(snapshot: Snapshot, text: str) -> dict[str, float]:
    """Return the score of each note of a vault of one chunk a note."""
    found = _gather(snapshot, text)
    return dict(zip(_paths(snapshot, found), found.scores.values(), strict=True))


def test_a_note_that_matching_notes_link_to_gains(linked: Snapshot) -> None:
    """Two notes say the same; the author of a third, which is about it too, sends to one of them."""
    scores = _scores_by_path(linked, "médiation")
    assert scores["Cité.md"] == pytest.approx(scores["Aube.md"] + 0.2 * scores["Guide.md"])


def test_links_of_notes_that_say_nothing_of_it_weigh_nothing(linked: Snapshot) -> None:
    scores = _scores_by_path(linked, "atelier")
    assert scores["Cité.md"] == pytest.approx(scores["Aube.md"]) != 0


def test_the_best_hundred_by_stems_are_scored(crowd: Snapshot) -> None:
    lexical = copy(crowd)
    lexical.vectors = None
    assert len(_gather(lexical, "médiation").scores) == 100
