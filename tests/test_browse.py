"""Browsing the notes: what the list holds and finds, and a note among those around it."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import AnswerChain, Settings, build_chain
from assistant.answer import Filters
from assistant.browse import (
    PAGE,
    Entry,
    Reading,
    Wanted,
    cut_page,
    find_quote,
    line_span,
    quote_mark,
    sentence_at,
)
from ingest.embeddings import HashedEmbeddings
from ingest.errors import QuestionError
from ingest.health.finding import line_at, line_starts
from ingest.sync import sync

VAULT = {
    "Écrire.md": "---\ndate: 2022-05-12\ntags: [atelier, médiation/jeunes]\n---\nPour écrire. On tient un carnet.\n",
    "accueil.md": "Premier mot. Le carnet se lit dans [[Écrire|la note]], puis [[Zoo#Singes]]. Fin.\n\nEncore [[écrire]].\n",
    "Forum/Zoo.md": "---\ndate: 2023-01-02\ntags: atelier\n---\n# Zoo\n\n## Singes\n\nVoir [[Note absente]] et [[Zoo]].\n- [[accueil]]\n",
    "Forum/2022/Budget.md": "# Le budget\n\nLe budget d’un carnet est de dix francs.\nLe reste est offert.\n",
}


@pytest.fixture
def vault(make_vault: Callable[..., Path]) -> Path:
    return make_vault(VAULT)


@pytest.fixture
def chain(vault: Path, tmp_path: Path) -> Iterator[AnswerChain]:
    built = build_chain(Settings(vault=vault, index=tmp_path / "index"))
    yield built
    built.close()


class _Counting(HashedEmbeddings):
    """Embeddings that count what they are asked."""

    asked = 0

    def embed_query(self, text: str) -> list[float]:
        self.asked += 1
        return super().embed_query(text)


def _titles(entries: tuple[Entry, ...]) -> list[str]:
    return [entry.card.title for entry in entries]


def _find(chain: AnswerChain, **wanted: object) -> list[str]:
    return _titles(chain.browse(Wanted(**wanted)).entries)  # type: ignore[arg-type]


def _read(chain: AnswerChain, path: str) -> Reading:
    reading = chain.read(chain.note_ids()[path])
    assert reading is not None
    return reading


def test_list_is_sorted_as_french_sorts_it_whatever_the_accents(chain: AnswerChain) -> None:
    assert _find(chain) == ["accueil", "Écrire", "Le budget", "Zoo"]


def test_list_by_date_has_the_newest_first_and_undated_notes_last(chain: AnswerChain) -> None:
    assert _find(chain, by_date=True) == ["Zoo", "Écrire", "accueil", "Le budget"]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (Filters(folders=("Forum",)), ["Le budget", "Zoo"]),
        (Filters(folders=("Forum/2022",)), ["Le budget"]),
        (Filters(tags=("médiation",)), ["Écrire"]),
        (Filters(tags=("Atelier",), folders=("Forum",)), ["Zoo"]),
        (Filters(tags=("rien",)), []),
    ],
)
def test_list_keeps_to_folders_and_tags(chain: AnswerChain, filters: Filters, found: list[str]) -> None:
    assert _find(chain, filters=filters) == found


def test_cards_count_the_notes_they_are_linked_with_once_each(chain: AnswerChain) -> None:
    counts = {
        entry.card.title: (entry.card.cites, entry.card.cited) for entry in chain.browse(Wanted()).entries
    }
    assert counts == {"accueil": (2, 1), "Écrire": (0, 1), "Le budget": (0, 0), "Zoo": (1, 1)}


def test_search_shows_each_note_once_with_its_best_sentence(chain: AnswerChain) -> None:
    listing = chain.browse(Wanted(text="budget du carnet"))
    assert _titles(listing.entries)[0] == "Le budget"
    assert sorted(_titles(listing.entries)) == ["Le budget", "accueil", "Écrire"]
    excerpt = listing.entries[0].excerpt
    assert excerpt is not None
    assert excerpt.best is not None
    first, last = excerpt.best
    assert excerpt.text[first:last] == "Le budget d’un carnet est de dix francs."
    assert (
        VAULT["Forum/2022/Budget.md"][excerpt.start + first : excerpt.start + last]
        == excerpt.text[first:last]
    )


@pytest.fixture(scope="module")
def shelves(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnswerChain]:
    """A vault whose notes are told apart by where a word stands: title, alias, tag, folder, body."""
    home = tmp_path_factory.mktemp("shelves")
    for path, text in {
        "Une nouvelle stratégie.md": "Rien de plus ici.",
        "Stratégies.md": "Un plan, un cap.",
        "Plan.md": "---\naliases: [Stratagème]\n---\nUn cap et un budget.",
        "Cap.md": "---\ntags: [stratégie/numérique]\n---\nOn choisit où aller.",
        "Colloque/Œuvres.md": "Un après-midi de discussion.",
        "Atelier.md": "# Atelier\n\nIntroduction.\n\nOn y parle de stratification. Et du colloque.\n",
        "Patrimoine.md": "Le patrimoine se transmet.",
        "Départ.md": "# Départ\n\nUne part de gâteau.",
    }.items():
        (home / "vault" / path).parent.mkdir(parents=True, exist_ok=True)
        (home / "vault" / path).write_text(text, encoding="utf-8")
    built = build_chain(Settings(vault=home / "vault", index=home / "index"))
    yield built
    built.close()


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("STRAT", ["Stratégies", "Une nouvelle stratégie", "Plan", "Cap", "Atelier"]),
        ("strategie", ["Stratégies", "Une nouvelle stratégie", "Cap"]),
        ("nouv strat", ["Une nouvelle stratégie"]),
        ("une", ["Une nouvelle stratégie"]),
        ("oeu", ["Œuvres"]),
        ("coll", ["Œuvres", "Atelier"]),
        ("#stratégie/num", ["Cap"]),
        ("colloque œuv", ["Œuvres", "Atelier"]),
        ("tég", []),
    ],
)
def test_search_as_one_types(shelves: AnswerChain, typed: str, found: list[str]) -> None:
    listed = _find(shelves, text=typed)
    assert listed[: len(found)] == found
    assert found or not listed


def test_search_marks_the_sentence_that_a_begun_word_goes_on_in(shelves: AnswerChain) -> None:
    entries = {entry.card.title: entry for entry in shelves.browse(Wanted(text="stratif")).entries}
    excerpt = entries["Atelier"].excerpt
    assert excerpt is not None
    assert excerpt.best is not None
    assert excerpt.text[slice(*excerpt.best)] == "On y parle de stratification."


def test_search_takes_a_begun_word_for_no_misspelling(shelves: AnswerChain) -> None:
    assert _find(shelves, text="patr") == ["Patrimoine"]
    assert _find(shelves, text="patrimione") == ["Patrimoine"]


def test_search_goes_on_with_a_whole_word_after_the_notes_that_say_it(shelves: AnswerChain) -> None:
    assert _find(shelves, text="part") == ["Départ"]
    assert _find(shelves, text="cap") == ["Cap", "Stratégies", "Plan"]


def test_search_asks_nothing_of_a_provider(make_vault: Callable[..., Path], tmp_path: Path) -> None:
    counted = _Counting()
    settings = Settings(vault=make_vault(VAULT), index=tmp_path / "index")
    with closing(build_chain(settings, embeddings=counted)) as chain:
        assert _find(chain, text="carnet")
    assert counted.asked == 0


def test_begun_word_is_searched_for_where_it_is_the_last_one(chain: AnswerChain) -> None:
    assert _find(chain, text="ecr") == ["Écrire", "accueil"]
    assert _find(chain, text="budg") == ["Le budget"]


def test_search_keeps_to_the_filters(chain: AnswerChain) -> None:
    assert _find(chain, text="carnet", filters=Filters(folders=("Forum",))) == ["Le budget"]


def test_search_of_what_no_note_says_finds_nothing(chain: AnswerChain) -> None:
    listing = chain.browse(Wanted(text="xylophone"))
    assert (listing.entries, listing.total) == ((), 0)


def test_search_without_a_word_is_refused_in_french(chain: AnswerChain) -> None:
    with pytest.raises(QuestionError, match="aucun mot"):
        chain.browse(Wanted(text="?!"))


@given(total=st.integers(0, 300), page=st.integers(-3, 12))
def test_pages_together_hold_the_whole_list_in_order(total: int, page: int) -> None:
    entries = [object() for _ in range(total)]
    pages = [cut_page(entries, number) for number in range(1, -(-max(total, 1) // PAGE) + 1)]  # type: ignore[arg-type]
    assert [entry for one in pages for entry in one.entries] == entries
    assert cut_page(entries, page) in pages  # type: ignore[arg-type]
    assert all(one.first == number * PAGE + 1 and one.total == total for number, one in enumerate(pages))


def test_reading_holds_the_wikilinks_of_the_note_where_they_stand(chain: AnswerChain) -> None:
    reading, ids = _read(chain, "accueil.md"), chain.note_ids()
    held = [(reading.note.text[hook.start : hook.end], hook.note_id) for hook in reading.hooks]
    assert held == [
        ("[[Écrire|la note]]", ids["Écrire.md"]),
        ("[[Zoo#Singes]]", ids["Forum/Zoo.md"]),
        ("[[écrire]]", ids["Écrire.md"]),
    ]
    assert [card.title for card in reading.cites] == ["Écrire", "Zoo"]
    [heading] = [hook.heading for hook in reading.hooks if hook.heading]
    assert VAULT["Forum/Zoo.md"][slice(*heading)] == "Singes"


def test_link_to_a_note_to_write_leads_nowhere_and_a_note_does_not_cite_itself(chain: AnswerChain) -> None:
    reading = _read(chain, "Forum/Zoo.md")
    assert [hook.note_id is None for hook in reading.hooks] == [True, False, False]
    assert [card.title for card in reading.cites] == ["accueil"]
    assert [backlink.card.title for backlink in reading.cited_by] == ["accueil"]


def test_backlinks_tell_each_sentence_to_the_character(chain: AnswerChain) -> None:
    [backlink] = _read(chain, "Écrire.md").cited_by
    text = VAULT["accueil.md"]
    assert [mention.text for mention in backlink.mentions] == [
        "Le carnet se lit dans [[Écrire|la note]], puis [[Zoo#Singes]].",
        "Encore [[écrire]].",
    ]
    assert all(text[mention.start : mention.end] == mention.text for mention in backlink.mentions)


def test_unknown_note_is_none(chain: AnswerChain) -> None:
    assert chain.read("inconnue") is None


def test_file_that_changed_or_went_is_told(chain: AnswerChain, vault: Path) -> None:
    assert _read(chain, "Écrire.md").state == "same"
    (vault / "Écrire.md").write_text("Autre chose.", encoding="utf-8")
    (vault / "accueil.md").unlink()
    assert _read(chain, "Écrire.md").state == "changed"
    assert _read(chain, "accueil.md").state == "gone"
    sync(Settings(vault=vault, index=vault.parent / "index"))
    assert _read(chain, "Écrire.md").state == "same"


def test_health_is_kept_for_a_minute(chain: AnswerChain, vault: Path) -> None:
    report = chain.health()
    assert [note.target for note in report.missing] == ["Note absente"]
    (vault / "Forum" / "Zoo.md").unlink()
    assert chain.health() is report


@given(
    text=st.text(alphabet="Ab.?! \n\r[]-", max_size=80),
    bounds=st.tuples(st.integers(0, 80), st.integers(0, 80)),
)
def test_sentence_holds_what_it_is_looked_up_by_on_one_line(text: str, bounds: tuple[int, int]) -> None:
    start, end = sorted(min(bound, len(text)) for bound in bounds)
    if start == end or any(char.isspace() for char in text[start:end]):
        return
    first, last = sentence_at(text, start, end)
    assert first <= start < end <= last
    assert not set("\r\n") & set(text[first:last])


@given(text=st.text(alphabet="Ab \n\r\u200b", max_size=40), line=st.integers(0, 44))
def test_line_is_the_one_an_editor_shows(text: str, line: int) -> None:
    lines = re.split(r"\r\n?|\n", text)
    words = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    span = line_span(text, line)
    assert (text[slice(*span)] if span else "") == words
    assert span is None or line_at(line_starts(text), span[0]) == line


def test_sentence_of_an_endless_line_is_cut() -> None:
    text = "mot " * 5000
    first, last = sentence_at(text, 8000, 8003)
    assert last - first < 700


def test_demonstration_notes_cite_each_other_both_ways(demo_chain: AnswerChain) -> None:
    entries = demo_chain.browse(Wanted()).entries
    assert len(entries) == demo_chain.note_count
    for entry in entries:
        reading = demo_chain.read(entry.card.id)
        assert reading is not None
        assert (len(reading.cites), len(reading.cited_by)) == (entry.card.cites, entry.card.cited)
        assert all(hook.note_id for hook in reading.hooks)
        assert all("[[" in mention.text for backlink in reading.cited_by for mention in backlink.mentions)


def test_real_search_finds_what_answers_find(real_chain: AnswerChain) -> None:
    listing = real_chain.browse(Wanted(text="stratégie numérique"))
    assert listing.total > 10
    assert all("stratégie numérique" in title.casefold() for title in _titles(listing.entries)[:4])
    assert all(entry.excerpt is not None for entry in listing.entries[:10])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Le budget est de 240 euros. Fin.", (17, 26)),
        ("Deux phrases. Le budget est de 240 euros. Fin.", (31, 40)),
        ("240 euros, puis 240 euros.", (16, 25)),
        ("Le budget est de 275 euros. Fin.", None),
        ("", None),
    ],
)
def test_quotation_is_found_where_it_is_now_and_nothing_in_its_place(
    text: str, found: tuple[int, int] | None
) -> None:
    assert find_quote(text, (17, 26), quote_mark("240 euros")) == found


def test_quotation_without_a_mark_is_its_span_where_the_note_is_long_enough() -> None:
    assert find_quote("Trois mots ici", (6, 10), None) == (6, 10)
    assert find_quote("Trois", (6, 10), None) is None


def test_quotation_is_looked_for_in_a_long_note_within_bounds() -> None:
    started = time.perf_counter()
    assert find_quote("ab" * 2_000_000, (0, 3_000), quote_mark("c" * 3_000)) is None
    assert time.perf_counter() - started < 2
