"""What a question searches for: words repaired and weighed, what stands for them, English put into French."""

import math
import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from assistant import AnswerChain
from assistant.answer import Passage, Question
from assistant.ranking import score_stems
from assistant.retriever import NoteRetriever
from assistant.terms import Search, Term, read_search
from ingest.embeddings import HashedEmbeddings
from ingest.lexicon import Lexicon
from ingest.readers import SnapshotSource
from ingest.settings import IngestSettings
from ingest.sync import sync
from tests.demonstration_questions import ENGLISH, QUESTIONS, as_sms, with_typo, without_accents
from tests.index_life import HASHED
from tests.small_vaults import make_lexicon

VAULT = {
    "Louvre.md": "# Louvre\n\nLa médiation numérique du Louvre touche un public éloigné.",
    "Met.md": "# Met\n\nMax Hollein dirige le Met et défend la médiation numérique.",
    "Sobriété.md": "# Sobriété\n\nUn musée sobre choisit des outils durables pour ses expositions.",
    "Publics.md": "# Publics\n\nLe public revient quand le musée écoute ses publics.\n\n## Fidélité\n\nUn abonnement fidélise.",
}
LEXICON = make_lexicon(VAULT)


def _terms(text: str, lexicon: Lexicon = LEXICON) -> dict[str, Term]:
    return {term.stem: term for term in read_search(text, lexicon).terms}


@pytest.mark.parametrize(
    ("text", "stems"),
    [
        ("Quand a lieu le forum ?", ["forum"]),
        ("Où le forum aura-t-il lieu ?", ["forum"]),
        ("Le lieu du forum", ["lieu", "forum"]),
    ],
)
def test_what_takes_place_is_no_place(text: str, stems: list[str]) -> None:
    assert [term.stem for term in read_search(text, LEXICON).terms if not term.asks] == stems


# Repair


@pytest.mark.parametrize(
    ("asked", "repaired"),
    [
        ("mediation", "mediation"),
        ("mediatoin", "mediation"),
        ("numerque", "numerique"),
        ("abonnemant", "abonnement"),
        ("abonement", "abonement"),  # of the same stem
        ("zol", "zol"),
        ("2031", "2031"),
        ("ouvre", "ouvre"),
        ("xylophone", "xylophone"),
        ("musées", "musees"),
        ("médiations", "mediations"),
    ],
)
def test_word_that_nobody_knows_becomes_its_nearest_in_the_vault(asked: str, repaired: str) -> None:
    assert read_search(asked, LEXICON).words == (repaired,)


def test_word_that_french_knows_is_not_taken_for_a_typing_error() -> None:
    lexicon = make_lexicon({"a.md": "Un bénévolent."})
    assert read_search("bénévole", lexicon).words == ("benevole",)


def test_repaired_words_count_for_half() -> None:
    terms = _terms("mediatoin au Louvre")
    assert {key: term.certainty for key, term in terms.items()} == {"mediat": 0.5, "louvr": 1.0}


@pytest.mark.parametrize(
    ("asked", "share"),
    [
        ("le menu du Louvre", 1.0),  # a thing
        ("menu au Louvre", 0.7),  # who knows
        ("le Louvre", 0.0),
        ("expliquer le menu", 1.0),
    ],
)
def test_thing_that_the_vault_never_names_is_missing(asked: str, share: float) -> None:
    terms = _terms(asked)
    missing = [term.missing for term in terms.values() if term.missing]
    assert missing == ([terms["menu"].weight] if share == 1.0 else [])
    assert "menu" not in terms or terms["menu"].claim == pytest.approx(share * terms["menu"].weight)


@pytest.mark.parametrize(
    ("asked", "key", "asks"),
    [
        ("Combien de pouvoirs peut-on donner ?", "pouvoir", False),
        ("Quels sont les dons ?", "don", False),
        ("Donne des chiffres", "don", True),
        ("Pouvoir entrer ?", "pouvoir", True),
    ],
)
def test_verb_that_only_asks_is_a_thing_after_an_article(asked: str, key: str, asks: bool) -> None:
    assert _terms(asked)[key].asks is asks


def test_thing_that_another_word_stands_for_is_missing_for_the_rest() -> None:
    term = Term("palais", 2.0, {("louvr",): 0.5}, known=False, names=True)
    assert (term.missing, replace(term, known=True).missing) == (1.0, 0.0)


def test_words_are_kept_as_asked_and_terms_come_once() -> None:
    search = read_search("Le public, les publics et le Louvre", LEXICON)
    assert search.words == ("public", "publics", "louvre")
    assert [term.stem for term in search.terms] == ["public", "louvr"]


@pytest.mark.parametrize("text", ["", "?", "le la les", "🎨"])
def test_question_without_a_content_word_searches_for_nothing(text: str) -> None:
    assert read_search(text, LEXICON) == Search((), ())


@pytest.mark.parametrize(
    "text", ["médiation numérique", "bénévoles", "mediatoin", "What is digital mediation?"]
)
def test_empty_vault_is_asked_without_failing(text: str) -> None:
    empty = make_lexicon({})
    search = read_search(text, empty)
    assert search.words
    assert score_stems(empty, search.terms).chunks.tolist() == []


# Weights


def test_rarer_word_weighs_more() -> None:
    terms = _terms("mediation louvre public publics inconnu")
    assert len(terms) == 4
    assert 0 < terms["mediat"].weight < terms["louvr"].weight < terms["inconnu"].weight


def test_weight_is_that_of_the_notes_that_hold_the_stem() -> None:
    found = {key: term.weight for key, term in _terms("mediation inconnu").items()}
    assert found == pytest.approx({"mediat": math.log(1 + 4 / 2.5), "inconnu": math.log(1 + 4 / 0.5)})


@pytest.mark.parametrize(("text", "share"), [("expliquer", 0.2), ("pourquoi", 0.2), ("Louvre", 1.0)])
def test_word_that_only_asks_claims_a_fifth_of_an_answer(text: str, share: float) -> None:
    [term] = read_search(text, LEXICON).terms
    assert term.claim == pytest.approx(share * term.weight)


# What stands for a word


@pytest.mark.parametrize(
    ("stems", "share"),
    [
        ({"public", "visiteur"}, 1.0),
        ({"visiteur"}, 0.5),
        ({"hot"}, 0.0),
        ({"hot", "accueil"}, 0.3),
        ({"hot", "accueil", "visiteur"}, 0.5),
        (set(), 0.0),
    ],
)
def test_share_of_a_term_is_that_of_the_best_phrase_that_is_all_there(stems: set[str], share: float) -> None:
    term = Term("public", 1.0, {("visiteur",): 0.5, ("hot", "accueil"): 0.3})
    assert term.share_in(frozenset(stems)) == share


def test_only_what_the_vault_holds_stands_for_a_word() -> None:
    lexicon = make_lexicon({"a.md": "Des volontaires.", "b.md": "Autre chose."})
    assert list(_terms("bénévoles", lexicon)["benevol"].stand_ins) == [("volontair",)]
    assert _terms("bénévoles")["benevol"].stand_ins == {}


def test_word_common_in_the_vault_stands_in_for_less() -> None:
    rare, common = (
        make_lexicon({f"{n}.md": "Des volontaires." if n < count else "Une salle." for n in range(20)})
        for count in (1, 15)
    )
    shares = [_terms("bénévoles", lexicon)["benevol"].stand_ins["volontair",] for lexicon in (rare, common)]
    assert 0.5 > shares[0] > 3 * shares[1] > 0


def test_what_the_question_says_itself_stands_for_nothing() -> None:
    lexicon = make_lexicon({"a.md": "Des volontaires, des bénévoles."})
    assert _terms("bénévoles volontaires", lexicon)["benevol"].stand_ins == {}


def test_phrase_weighs_as_its_rarest_word() -> None:
    lexicon = make_lexicon({"a.md": "Un appel d’offres."} | {f"{n}.md": "Un appel." for n in range(9)})
    [share] = {term.stand_ins["appel", "offre"] for term in _terms("cahier des charges", lexicon).values()}
    assert share == pytest.approx(0.5 * math.log(1 + 10 / 1.5) / math.log(1 + 10 / 0.5))


def test_word_itself_scores_above_its_stand_in() -> None:
    lexicon = make_lexicon({"a.md": "Des bénévoles.", "b.md": "Des volontaires.", "c.md": "Rien de tel."})
    word, stand_in, other = score_stems(lexicon, read_search("bénévoles", lexicon).terms).chunks
    assert word > stand_in > other == 0


# End to end

Find = Callable[[dict[str, str], str], tuple[Passage, ...]]


@pytest.fixture
def find(make_vault: Callable[..., Path], make_settings: Callable[..., IngestSettings]) -> Find:
    """Return a function that indexes notes and returns the passages for a question."""

    def find_in(files: dict[str, str], question: str) -> tuple[Passage, ...]:
        settings = make_settings(make_vault(files))
        sync(settings)
        snapshots = SnapshotSource(settings.index_folder, embeddings=HASHED)
        retriever = NoteRetriever(snapshots=snapshots, embeddings=HashedEmbeddings())
        passages = retriever.find(Question(question)).passages
        snapshots.close()
        return passages

    return find_in


def test_note_that_says_it_in_another_word_is_found(find: Find) -> None:
    notes = {
        "Équipe.md": "# Équipe\n\nDes volontaires tiennent l’accueil le dimanche.",
        "Jardin.md": "# Jardin\n\nDes rosiers bordent l’allée du parc.",
    }
    assert [passage.path for passage in find(notes, "Que font les bénévoles ?")] == ["Équipe.md"]


def test_note_that_says_it_in_the_very_word_comes_first(find: Find) -> None:
    notes = {
        "A.md": "# Équipe\n\nDes volontaires tiennent l’accueil le dimanche.",
        "B.md": "# Équipe\n\nDes bénévoles tiennent la boutique le dimanche.",
    }
    assert [passage.path for passage in find(notes, "Que font les bénévoles ?")] == ["B.md", "A.md"]


# English


@pytest.mark.parametrize(("question", "note"), ENGLISH.items())
def test_question_in_english_finds_the_french_note(demo_chain: AnswerChain, question: str, note: str) -> None:
    assert _found(demo_chain, question)[0] == note


def test_english_word_that_the_vault_lacks_weighs_what_its_french_does() -> None:
    terms = _terms("What is digital mediation?")
    assert terms["mediat"].share_in(frozenset({"mediat"})) == 1.0
    assert terms["digit"].stand_ins["numer",] == 1.0
    assert terms["digit"].weight == _terms("numérique")["numer"].weight


def test_english_word_that_looks_like_a_small_french_one_is_searched() -> None:
    lexicon = make_lexicon({"a.md": "L’intelligence artificielle."})
    assert ("intelligent", "artificiel") in _terms("How do museums use AI?", lexicon)["ai"].stand_ins


def test_english_words_and_their_french_are_both_searched_by_n_grams() -> None:
    assert {"digital", "numer", "mediation"} <= set(read_search("What is digital mediation?", LEXICON).words)


# Typed in a hurry


def _found(chain: AnswerChain, question: str) -> list[str]:
    passages = chain.retriever.find(Question(question)).passages
    return list(dict.fromkeys(PurePosixPath(passage.path).stem for passage in passages))


def _hits(chain: AnswerChain, questions: Iterable[str], limit: int) -> float:
    """Return how many in a hundred find their note among so many."""
    found = (
        note in _found(chain, question)[:limit]
        for question, note in zip(questions, QUESTIONS.values(), strict=True)
    )
    return 100 * sum(found) / len(QUESTIONS)


def _typed(how: str) -> list[str]:
    chance = random.Random(7)  # noqa: S311 - made-up typing errors are no secret
    written: dict[str, Callable[[str], str]] = {
        "one typo": lambda question: with_typo(question, chance), "no accents": without_accents, "SMS": as_sms
    }  # fmt: skip
    return list(map(written[how], QUESTIONS))


def test_questions_on_the_shipped_notes_find_their_note(demo_chain: AnswerChain) -> None:
    assert [_hits(demo_chain, QUESTIONS, limit) >= bar for limit, bar in ((1, 88), (5, 100))] == [True, True]


@pytest.mark.parametrize(("how", "most"), [("one typo", 2), ("no accents", 0), ("SMS", 6)])
@pytest.mark.parametrize("limit", [1, 5])
def test_typing_in_a_hurry_loses_few_notes(demo_chain: AnswerChain, how: str, most: int, limit: int) -> None:
    typed = _typed(how)
    assert all(one != question for one, question in zip(typed, QUESTIONS, strict=True) if how != "no accents")
    assert _hits(demo_chain, typed, limit) >= _hits(demo_chain, QUESTIONS, limit) - most
