"""Which chunks may answer, how they are scored, and how much of a question they hold."""

from collections.abc import Iterator
from copy import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings

from assistant.answer import Filters
from assistant.candidates import Candidates, coverage, gather_candidates, repair_words, term_weights
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
TERMS = {"mediat": 1.0, "numer": 2.0, "louvr": 3.0}
KEYLESS = HashedEmbeddings()
PROVIDED = DeterministicFakeEmbedding(size=32)


def _open(folder: str, embeddings: Embeddings, tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    home = tmp_path_factory.mktemp(folder)
    for path, text in VAULT.items():
        (home / "vault" / path).parent.mkdir(parents=True, exist_ok=True)
        (home / "vault" / path).write_text(text, encoding="utf-8")
    settings = IngestSettings(vault=home / "vault", index=home / "index")
    sync(settings, embeddings=embeddings)
    return open_snapshot(settings.index_folder, embeddings=fingerprint(embeddings, settings.embeddings))


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    """A small vault indexed without a key."""
    opened = _open("keyless", KEYLESS, tmp_path_factory)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def provided(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    """The same vault indexed with the embeddings of a provider."""
    opened = _open("provided", PROVIDED, tmp_path_factory)
    yield opened
    opened.close()


def _gather(snapshot: Snapshot, text: str, filters: Filters | None = None) -> Candidates:
    return gather_candidates(snapshot, KEYLESS, text, filters or Filters())


def _paths(found: Candidates) -> list[str]:
    ranked = sorted(found.chunks.values(), key=lambda chunk: -found.scores[chunk.row])
    return list(dict.fromkeys(found.notes[chunk.note].path for chunk in ranked))


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
    assert _paths(_gather(snapshot, text))[0] == path


def test_scores_lie_between_zero_and_one_and_each_chunk_has_its_note(snapshot: Snapshot) -> None:
    found = _gather(snapshot, "médiation numérique du public")
    assert found.scores.keys() == found.chunks.keys()
    assert all(0 <= score <= 1 for score in found.scores.values())
    assert {chunk.note for chunk in found.chunks.values()} == set(found.notes)
    assert max(found.scores.values()) > 0.9


def test_words_of_no_note_score_nothing(snapshot: Snapshot) -> None:
    assert set(_gather(snapshot, "zzzz").scores.values()) <= {0.0}


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
    assert set(_paths(found)) == paths
    assert {chunk.note for chunk in found.chunks.values()} == set(found.notes)


@pytest.mark.parametrize(
    ("asked", "repaired"),
    [
        ("mediation", "mediation"),
        ("mediatoin", "mediation"),
        ("numerque", "numerique"),
        ("abonement", "abonnement"),
        ("zol", "zol"),
        ("2031", "2031"),
        ("ouvre", "ouvre"),
        ("xylophone", "xylophone"),
    ],
)
def test_a_word_the_vault_does_not_know_becomes_its_nearest(
    snapshot: Snapshot, asked: str, repaired: str
) -> None:
    assert repair_words([asked], snapshot.store) == (repaired,)


def test_repaired_words_are_told_from_those_asked(snapshot: Snapshot) -> None:
    found = _gather(snapshot, "mediatoin louvre")
    assert found.words == ("mediation", "louvre")
    assert found.repaired == {"mediation"}


def test_the_rarer_word_weighs_more(snapshot: Snapshot) -> None:
    weights = term_weights(["mediation", "louvre", "public", "publics", "inconnu"], snapshot.store)
    assert len(weights) == 4
    assert 0 < weights["mediat"] < weights["louvr"] < weights["inconnu"]


def test_without_its_vectors_a_snapshot_is_searched_by_words(snapshot: Snapshot) -> None:
    lexical = copy(snapshot)
    lexical.vectors = None
    text = "médiation numérique du public"
    assert (
        _paths(_gather(lexical, text)) == _paths(_gather(snapshot, text))[: len(_gather(lexical, text).notes)]
    )


def test_vectors_of_a_provider_weigh_as_much_as_the_words(provided: Snapshot) -> None:
    assert provided.vectors is not None
    text = "zzzz"
    found = gather_candidates(provided, PROVIDED, text, Filters())
    near = dict(provided.vectors.query(PROVIDED.embed_query(text), limit=30))
    top = max(near.values())
    expected = {chunk.row: 0.5 * max(near[chunk.id], 0) / top for chunk in found.chunks.values()}
    assert max(expected.values()) == 0.5
    assert dict(found.scores) == pytest.approx(expected)


def test_words_count_for_half_beside_the_vectors_of_a_provider(provided: Snapshot) -> None:
    found = gather_candidates(provided, PROVIDED, "abonnement fidélité", Filters())
    (row,) = [chunk.row for chunk in found.chunks.values() if chunk.heading == ("Fidélité",)]
    assert found.scores[row] >= 0.5


@pytest.mark.parametrize(
    ("together", "statements", "share"),
    [
        (set(), [], 0.0),
        ({"mediat", "numer", "louvr"}, [], 0.5),
        ({"mediat", "numer", "louvr"}, [{"mediat", "numer", "louvr"}], 1.0),
        ({"mediat", "numer", "louvr"}, [{"mediat"}, {"louvr"}], 0.75),
        (set(), [{"louvr"}], 0.25),
        ({"autre"}, [{"autre"}], 0.0),
    ],
)
def test_coverage_is_the_mean_of_all_passages_and_of_the_best_statement(
    together: set[str], statements: list[set[str]], share: float
) -> None:
    assert coverage(TERMS, frozenset(together), map(frozenset, statements)) == pytest.approx(share)


def test_a_question_without_a_word_is_not_covered() -> None:
    assert coverage({}, frozenset({"louvr"}), [frozenset({"louvr"})]) == 0.0


def test_a_repaired_word_covers_for_half() -> None:
    held = frozenset(TERMS)
    assert coverage(TERMS, held, [held], doubtful=frozenset({"louvr"})) == pytest.approx(0.75)
    assert coverage(TERMS, held, [held], doubtful=held) == pytest.approx(0.5)


_stems = st.sampled_from("abcdef")


@given(
    st.dictionaries(_stems, st.floats(0.1, 9), max_size=5),
    st.lists(st.frozensets(_stems), max_size=7),
    st.frozensets(_stems),
)
def test_coverage_lies_between_zero_and_one_and_doubt_never_raises_it(
    terms: dict[str, float], views: list[frozenset[str]], doubtful: frozenset[str]
) -> None:
    together = frozenset().union(*views)
    sure = coverage(terms, together, views)
    assert 0 <= coverage(terms, together, views, doubtful=doubtful) <= sure + 1e-9 <= 1 + 1e-6
