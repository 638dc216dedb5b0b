"""What stands for what; the two vocabularies are well written."""

import re
import unicodedata
from importlib.resources import files

import pytest

from assistant.thesaurus import Phrase, Thesaurus, synonyms, translations
from ingest.french import content_words, english_stem, english_words, stem, words

TEXTS = {
    name: (files("assistant") / "vocabulary" / name).read_text(encoding="utf-8")
    for name in ("synonymes.txt", "anglais.txt")
}
LINES = [
    (name, line)
    for name, text in TEXTS.items()
    for line in text.splitlines()
    if line and not line.startswith("#")
]
TOO_BROAD = {"musee", "musees", "numerique", "numeriques", "culture", "cultures", "projet", "projets"}


def _stems(text: str) -> list[str]:
    return [stem(word) for word in content_words(text)]


def _english(text: str) -> set[Phrase]:
    found = translations().stand_ins([english_stem(word) for word in english_words(text)])
    return {phrase for phrases in found.values() for phrase in phrases}


# The files


@pytest.mark.parametrize("name", TEXTS)
def test_vocabulary_is_composed_unicode_with_plain_line_ends(name: str) -> None:
    text = TEXTS[name]
    assert unicodedata.is_normalized("NFC", text)
    assert text.endswith("\n")
    assert not re.search(r"[\r\t\u00a0\u200b]|[ ]$", text, re.MULTILINE)


def test_vocabularies_are_not_empty() -> None:
    assert [sum(one == name for one, _ in LINES) > 1_000 for name in TEXTS] == [True, True]


def test_terms_are_separated_by_a_comma_and_a_space() -> None:
    assert [line for _, line in LINES if re.search(r",(?! )|,  | ,|^,|, ?$|  ", line)] == []


def test_each_group_has_at_least_two_terms() -> None:
    assert [line for _, line in LINES if len(line.split(", ")) < 2] == []


def test_no_term_comes_twice_in_a_line() -> None:
    assert [line for _, line in LINES if len(set(terms := line.casefold().split(", "))) < len(terms)] == []


def test_each_term_is_of_words() -> None:
    assert [line for _, line in LINES if not all(words(term) for term in line.split(", "))] == []


def test_no_english_term_has_two_lines() -> None:
    terms = [line.split(", ")[0].casefold() for name, line in LINES if name == "anglais.txt"]
    assert [term for term in set(terms) if terms.count(term) > 1] == []


def test_words_of_every_note_stand_for_nothing() -> None:
    """They would make every note an answer to every question."""
    terms = [term for name, line in LINES if name == "synonymes.txt" for term in line.split(", ")]
    assert [term for term in terms if " ".join(words(term)) in TOO_BROAD] == []


def test_each_group_of_synonyms_says_at_least_two_things() -> None:
    """Forms of one word need no line: they share their stem."""
    groups = [line for name, line in LINES if name == "synonymes.txt"]
    assert [
        line for line in groups if len({tuple(_stems(term)) for term in line.split(", ")} - {()}) < 2
    ] == []


# What stands for what

HAND = Thesaurus(
    [(("a",), [("x",)]), (("a", "b"), [("y", "z")]), (("c",), [("x",), ("w",)]), (("a",), [("v",)])]
)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (["a"], {"a": (("x",), ("v",))}),
        (["a", "b"], {"a": (("x",), ("y", "z"), ("v",)), "b": (("y", "z"),)}),
        (["b"], {}),
        (["b", "a"], {"a": (("x",), ("v",))}),
        (["a", "c", "b"], {"a": (("x",), ("v",)), "c": (("x",), ("w",))}),
        (["c", "c"], {"c": (("x",), ("w",))}),
        (["d"], {}),
        ([], {}),
    ],
)
def test_phrase_is_met_only_as_a_whole_and_in_its_order(
    asked: list[str], found: dict[str, tuple[Phrase, ...]]
) -> None:
    assert HAND.stand_ins(asked) == found


@pytest.mark.parametrize(
    ("asked", "stands_for"),
    [
        ("bénévoles", "volontaires"),
        ("volontaire", "bénévolat"),
        ("cahier des charges", "appel d’offres"),
        ("le budget", "financement"),
    ],
)
def test_synonyms_of_the_profession_stand_for_one_another(asked: str, stands_for: str) -> None:
    keys = _stems(asked)
    assert tuple(_stems(stands_for)) in synonyms().stand_ins(keys)[keys[0]]


@pytest.mark.parametrize("asked", ["cahier", "charges", "charges du cahier"])
def test_part_of_a_phrase_does_not_stand_for_what_the_whole_does(asked: str) -> None:
    found = synonyms().stand_ins(_stems(asked))
    assert tuple(_stems("appel d’offres")) not in {phrase for phrases in found.values() for phrase in phrases}


def test_term_of_one_word_does_not_stand_for_itself() -> None:
    assert ("benevol",) not in synonyms().stand_ins(["benevol"])["benevol"]


@pytest.mark.parametrize("known", ["bénévole", "volontaires", "budget"])
def test_word_of_its_own_is_known(known: str) -> None:
    assert synonyms().knows(stem(content_words(known)[0]))


@pytest.mark.parametrize("unknown", ["zzzz", "benevolz"])
def test_word_of_no_term_is_not_known(unknown: str) -> None:
    assert not synonyms().knows(unknown)


@pytest.mark.parametrize(
    ("asked", "french"),
    [
        ("museum", "musée"),
        ("Museums", "musées"),
        ("digitised collections", "collection"),
        ("visitors", "visiteur"),
        ("social networks", "réseaux sociaux"),
        ("strategies", "stratégie"),
        ("AI", "intelligence artificielle"),
        ("by car", "voiture"),
    ],
)
def test_english_is_found_by_its_stem(asked: str, french: str) -> None:
    assert tuple(_stems(french)) in _english(asked)
