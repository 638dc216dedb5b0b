"""What form an answer has: said by the question, shown by the statement."""

import pytest

from assistant.expectation import is_met, read_expectations


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Combien de planches sont numérisées ?", ["amount"]),
        ("Combien la DRAC verse-t-elle ?", ["price"]),
        ("Quel est le loyer des réserves ?", ["price"]),
        ("How much does a day of filming cost?", ["price"]),
        ("Combien de temps dure la visite ?", ["length"]),
        ("Quand ouvre l’exposition ?", ["date"]),
        ("qd est ce que ça ouvre", ["date"]),
        ("Jusqu’à quand le crâne est-il prêté ?", ["date"]),
        ("Qui a monté le squelette ?", ["name"]),
        ("Avec qui a-t-il travaillé ?", ["name"]),
        ("Pourquoi la baleine a-t-elle été démontée ?", []),
        ("Quand a-t-il ouvert, et combien a-t-il coûté ?", ["price", "date"]),
        ("Qu’est-ce qui manque ?", []),
        ("Que dit la note sur les publics ?", []),
    ],
)
def test_a_question_says_what_form_its_answer_has(question: str, names: list[str]) -> None:
    assert [expectation.name for expectation in read_expectations(question)] == names


@pytest.mark.parametrize(
    ("question", "statement", "met"),
    [
        ("Combien de bocaux ?", "Le local garde 310 bocaux.", True),
        ("Combien de bocaux ?", "Neuf bocaux sont vides.", True),
        ("Combien de bocaux ?", "Les bocaux sont au local coupe-feu.", False),
        ("Quel est le prix ?", "Plein tarif 8 €, réduit 5 €.", True),
        ("Quel est le prix ?", "Poste : total ; 2024 : 2\u00a0224\u00a0000.", True),
        ("Quel est le prix ?", "La visite dure 2 heures.", False),
        ("Combien de temps faut-il ?", "Il faut cinq à sept heures de travail.", True),
        ("Combien de temps faut-il ?", "Il faut 12 personnes.", False),
        ("Quand ?", "Il ouvre en août.", True),
        ("Quand ?", "Elle a fermé en 92.", True),
        ("Quand ?", "Elle pèse 310 kilos.", False),
        ("Qui ?", "Le préparateur Émile Tardieu l’a monté.", True),
        ("Qui ?", "Claire Vasseur dirige le musée.", True),
        ("Qui ?", "Les agents le ferment le soir.", False),
        ("Que dit la note ?", "On ferme 2 jours.", False),
    ],
)
def test_a_statement_shows_its_form(question: str, statement: str, met: bool) -> None:
    assert is_met(read_expectations(question), statement) is met
