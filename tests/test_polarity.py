"""What is denied: clause by clause, and never confused with what is affirmed."""

import pytest

from assistant.polarity import denies_otherwise, split_clauses


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        ("Le musée n’ouvre pas le lundi.", True),
        ("Le musée n'ouvre plus.", True),
        ("Le musée n’ouvre jamais.", True),
        ("Aucun musée n’ouvre le lundi.", True),
        ("Il ouvre sans billet.", True),
        ("Il n’ouvre ni lundi ni mardi.", True),
        ("Le musée ne peut ouvrir.", True),
        ("Le musée n’ouvre que le lundi.", False),
        ("Le musée ouvre sans doute le lundi.", False),
        ("La technique prend le pas sur le contenu.", False),
        ("Il ouvre plus tard que jamais.", False),
        ("Non seulement il ouvre le lundi.", False),
    ],
)
def test_a_denial_is_known_by_its_form(text: str, denied: bool) -> None:
    assert any(clause.denied for clause in split_clauses(text)) is denied


def test_a_denial_reaches_over_an_aside() -> None:
    (denial,) = (c for c in split_clauses("Le guide n’a pas, selon eux, à fabriquer le sens.") if c.denied)
    assert "fabriqu" in denial.stems


@pytest.mark.parametrize(
    ("said", "held", "otherwise"),
    [
        ("Le numérique est rentable.", "Le numérique n’est pas rentable pour les petites.", True),
        ("Le numérique n’est pas rentable.", "Le numérique n’est pas rentable pour les petites.", False),
        ("Le numérique n’est pas rentable.", "Le numérique est rentable.", True),
        ("La crise est à l’origine du projet.", "La crise élargit le projet, sans en être l’origine.", True),
        (
            "La crise n’est pas à l’origine du projet.",
            "La crise élargit le projet, sans en être l’origine.",
            False,
        ),
        (
            "Elle n’oppose pas le médiateur et l’écran.",
            "Elle refuse d’opposer le médiateur et l’écran.",
            False,
        ),
        (
            "Il embrasse tout, et pas seulement les salles.",
            "Il embrasse tout, et pas seulement les salles.",
            False,
        ),
        ("Le musée ouvre le lundi.", "Le musée ouvre le lundi. La boutique n’ouvre pas le mardi.", False),
    ],
)
def test_a_sentence_denies_what_the_statements_behind_it_deny(said: str, held: str, otherwise: bool) -> None:
    assert denies_otherwise(split_clauses(said), split_clauses(held)) is otherwise
