"""French words: folding, elisions, stop words, stems, n-grams and the repair of typing errors."""

import random
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.french import (
    STOP_WORDS,
    content_words,
    distinct_words,
    edits_allowed,
    english_stem,
    english_words,
    fold,
    gram_count,
    grams,
    hold_marks,
    is_english,
    line_key,
    named_things,
    nearest_word,
    spellings,
    stem,
    stems,
    words,
)

VOCABULARY = {
    "musee": 40,
    "mediation": 12,
    "meditation": 2,
    "publics": 9,
    "public": 30,
    "strategie": 8,
    "2018": 5,
    "œuvre": 1,
}


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Médiation", "mediation"),
        ("ÉTÉ", "ete"),
        ("e\u0301te\u0301", "ete"),
        ("L’Œuvre", "l'oeuvre"),
        ("cœur et Æsir", "coeur et aesir"),
        ("Garçon, naïf, où", "garcon, naif, ou"),
        ("12\u00a0%", "12 %"),
        ("ﬁn", "fin"),
        ("", ""),
    ],
)
def test_fold_drops_case_accents_and_ligatures(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text("aàâéèêëîïôûùçœæ’'A ÀÉŒ-", max_size=30))
def test_fold_is_the_same_twice_and_whatever_the_normal_form(text: str) -> None:
    folded = fold(text)
    assert fold(folded) == folded == fold(unicodedata.normalize("NFD", text))


@given(st.text(max_size=50))
def test_words_of_any_text_are_folded_letters_and_figures(text: str) -> None:
    assert all(word.isalnum() and word for word in words(text))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("L’œuvre d'art", ["l", "oeuvre", "d", "art"]),
        ("Qu’est-ce que l’été ?", ["qu", "est", "ce", "que", "l", "ete"]),
        ("snake_case, 34,5 %", ["snake", "case", "34", "5"]),
        ("🎨 « » …", []),
    ],
)
def test_elisions_and_hyphens_split_words(text: str, found: list[str]) -> None:
    assert words(text) == found


def test_stop_words_are_no_content() -> None:
    assert content_words("Pourquoi le musée est-il à l’écoute des publics ?") == [
        "pourquoi",
        "musee",
        "ecoute",
        "publics",
    ]


def test_stop_words_are_folded_words() -> None:
    assert all(words(word) == [word] for word in STOP_WORDS)


def test_distinct_words_come_once_as_they_first_come() -> None:
    assert distinct_words(["Les publics du musée", "le Musée, les œuvres"]) == ("publics", "musee", "oeuvres")


def test_lines_that_say_the_same_have_the_same_key() -> None:
    assert line_key("- **Médiation** : l’été !") == line_key("mediation l'ete") == "mediation l ete"


@pytest.mark.parametrize(
    "pair",
    [
        "musée musées",
        "numérique numériques",
        "stratégie stratégies",
        "évaluer évaluation",
        "mediation médiation",
    ],
)
def test_forms_of_a_word_share_their_stem(pair: str) -> None:
    first, second = stems(pair)
    assert first == second


def test_words_that_differ_keep_their_stems_apart() -> None:
    assert len({stem(word) for word in ("musee", "publics", "strategie", "oeuvre")}) == 4


@pytest.mark.parametrize("word", ["a", "ab", "musee", "x" * 40])
def test_grams_are_three_to_five_characters_between_marks(word: str) -> None:
    marked = f"_{word}_"
    assert all(3 <= len(gram) <= 5 and gram in marked for gram in grams(word))
    assert len(grams(word)) == sum(max(0, len(marked) - size + 1) for size in (3, 4, 5))


def test_grams_of_a_word_are_known() -> None:
    assert grams("art") == ("_ar", "art", "rt_", "_art", "art_", "_art_")


@given(st.text("abemustéœ2東", min_size=1, max_size=30))
def test_grams_are_counted_without_being_made(word: str) -> None:
    assert gram_count(word) == len(grams(word))


@pytest.mark.parametrize(
    "pair", ["museum museums", "digital digitally", "visitor visitors", "evaluate evaluating"]
)
def test_forms_of_an_english_word_share_their_stem(pair: str) -> None:
    first, second = map(english_stem, pair.split())
    assert first == second


def test_small_words_of_english_are_no_content_and_small_french_ones_are() -> None:
    said = "How can a museum use AI on site, and what's a car?"
    assert english_words(said) == ["museum", "use", "ai", "site", "car"]


@pytest.mark.parametrize(
    "text",
    [
        "Why should a museum have a digital strategy?",
        "What's a museum?",
        "Why is a museum a place to be?",
        "Tell me about Max Hollein",
        "Give me examples of participation",
        "risks of digital tools",
        "On what does it depend?",
        "What does « médiation » mean?",
        "Who is Élisabeth Gravil?",
        "Do they have a blog?",
    ],
)
def test_english_is_told_by_its_small_words(text: str) -> None:
    assert is_english(text)


@pytest.mark.parametrize(
    "text",
    [
        "Que dit Max Hollein ?",
        "Que propose The Universal Museum and its Digital Expansion ?",
        "Quel est le but de The Art Museum in the Digital Age ?",
        "Que fait le projet One by One ?",
        "C’est quoi un chatbot ?",
        "Le storytelling et le marketing au musée",
        "A-t-on un community manager ?",
        "Pourquoi Open GLAM ?",
        "open data",
        "médiation",
        "東京",
        "?",
        "",
    ],
)
def test_french_stays_french_with_english_in_it(text: str) -> None:
    assert not is_english(text)


@pytest.mark.parametrize(
    ("word", "edits"),
    [("", 0), ("art", 0), ("muse", 1), ("musees", 1), ("publics", 2), ("2018", 0), ("20182019", 0)],
)
def test_edits_allowed_grow_with_the_word(word: str, edits: int) -> None:
    assert edits_allowed(word) == edits


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("musse", "musee"),
        ("muée", None),
        ("muee", "musee"),
        ("msuee", "musee"),
        ("stratgie", "strategie"),
        ("startegei", "strategie"),
        ("publcs", "publics"),
        ("publi", "public"),
        ("xusee", None),
        ("mus", None),
        ("2019", None),
        ("planetarium", None),
        ("", None),
    ],
)
def test_unknown_word_is_repaired_by_the_nearest_one(typed: str, meant: str | None) -> None:
    assert nearest_word(typed, VOCABULARY) == meant


def test_nearer_word_wins_then_the_more_frequent() -> None:
    assert nearest_word("meditatoin", VOCABULARY) == "meditation"
    assert nearest_word("medixation", {"mediation": 12, "meditation": 2}) == "mediation"
    assert nearest_word("publix", {"publia": 1, "public": 30, "publie": 3}) == "public"


def test_repair_does_not_depend_on_the_order_of_the_vocabulary() -> None:
    names = [f"musee{letter}" for letter in "abcdefgh"]
    found = {nearest_word("museez", dict.fromkeys(order, 1)) for order in (names, names[::-1])}
    assert found == {"museea"}


def test_no_vocabulary_repairs_nothing() -> None:
    assert nearest_word("musee", {}) is None


@given(st.text("abeimstu", max_size=12))
def test_repair_stays_within_the_edits_allowed_and_the_first_letter(typed: str) -> None:
    meant = nearest_word(typed, VOCABULARY)
    assert meant is None or (meant in VOCABULARY and meant[0] == typed[0])
    assert meant is None or abs(len(meant) - len(typed)) <= edits_allowed(typed)


def test_threads_stem_without_disturbing_each_other() -> None:
    drawn = random.Random(7)  # noqa: S311 - made-up words are no secret
    made = ["".join(drawn.choices("aeiourstlnmdpc", k=12)) + "issements" for _ in range(4_000)]
    with ThreadPoolExecutor(8) as crowd:
        together = list(crowd.map(stem, made))
    stem.cache_clear()
    assert together == [stem(word) for word in made]


@pytest.mark.parametrize(
    ("loose", "held"),
    [
        ("Quoi ? Ceci : un « mot » !", "Quoi\u00a0? Ceci\u00a0: un «\u00a0mot\u00a0»\u00a0!"),
        ("34 % ; rien", "34\u00a0%\u00a0; rien"),
        ("https://x.org: a:b", "https://x.org: a:b"),
        ("", ""),
    ],
)
def test_marks_stay_with_their_word(loose: str, held: str) -> None:
    assert hold_marks(loose) == held
    assert len(held) == len(loose)


def test_spellings_keep_each_word_as_it_is_written_beside_its_folded_form() -> None:
    assert spellings("L’Œuvre d’Été ?") == [("l", "L"), ("oeuvre", "Œuvre"), ("d", "d"), ("ete", "Été")]


@pytest.mark.parametrize(
    ("text", "things"),
    [
        ("Quel est le menu de l’école ?", ["menu", "ecole"]),
        ("Pourquoi des bénévoles partent-ils ?", ["benevoles"]),
        ("Faut-il arroser ?", []),
        ("Le même et la plus belle", []),
        ("", []),
    ],
)
def test_things_are_named_after_an_article(text: str, things: list[str]) -> None:
    assert named_things(text) == things
