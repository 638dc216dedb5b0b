"""Follow-ups as people write them: which lean on the conversation, and what is searched then, without a model."""

from collections.abc import Sequence

import pytest

from assistant import AnswerChain
from assistant.answer import Question, Turn
from assistant.followup import complete, leans_back, pointed_statement

ANSWER = (
    "Le musée ouvre le lundi. [1] « Il ferme le mardi. » [2] D’après Mme Zola, il rouvre [3]. "
    "La liste est longue : un ; deux. [2]"
)
# What was asked before, the follow-up, and words of the path of the note that must come first.
FOLLOW_UPS = [
    ("Que dit Max Hollein du musée universel ?", "Et lui, qu’en dit-il pour les récits ?", "Max Hollein"),
    ("Qui est Elisabeth Gravil ?", "Quand est-elle intervenue au forum ?", "Gravil au forum"),
    ("Que propose Virage NumeriCQ ?", "Développe.", "Virage"),
    ("Que propose Virage NumeriCQ ?", "Peux-tu préciser ?", "Virage"),
    ("Comment le Seemuseum a-t-il commencé ?", "Et son public ?", "Seemuseum"),
    ("Qu’est-ce que DOORS ?", "Qui porte ce projet ?", "DOORS"),
    ("Qu’est-ce que DOORS ?", "Quels sont ses partenaires ?", "DOORS"),
    ("Que recommande l’AMS ?", "Pourquoi ?", "AMS"),
    ("Que recommande l’AMS ?", "Et Hub01 ?", "Hub01"),
    ("Que raconte Agnès Benayer du Centre Pompidou ?", "Et pendant la pandémie ?", "Pompidou"),
    ("Quels sont les risques du numérique dans les musées ?", "Comment les éviter ?", "risques"),
    ("Que disent les notes de la Tate ?", "Et d’Odoma ?", "Odoma"),
    ("Que dit Louis Derrac de la culture numérique ?", "Donne un exemple.", "Derrac"),
    ("Que dit Louis Derrac de la culture numérique ?", "Que pense-t-il de l’école ?", "Derrac"),
    ("Que conseille Manuel Charr sur les réseaux sociaux ?", "D’après lui, lesquels choisir ?", "Charr"),
    ("Que dit Manuel Charr ?", "Est-ce qu’il conseille TikTok ?", "Charr"),
    ("Comment évaluer un projet numérique ?", "Avec quels indicateurs ?", "valuer un projet"),
    ("Peut-on être agile dans un musée ?", "Quelles en sont les limites ?", "agile"),
    ("Comment utiliser le numérique de façon durable ?", "Résume en une phrase", "durable"),
    ("Que recouvre la médiation numérique ?", "Qui s’en occupe ?", "diation"),
    ("Qui est Louis Derrac ?", "Où travaille-t-il ?", "Derrac"),
    ("Que fait la Tate pour numériser ?", "Sous quelle licence ?", "Tate"),
    ("Comment élaborer une stratégie numérique ?", "Par où commencer ?", "laborer"),
    ("Que s’est-il dit à la journée professionnelle de 2018 ?", "Qui intervenait ?", "2018"),
]
WHOLE = [
    "Quelle différence entre Manuel Charr et Louis Derrac ?",
    "Que propose le Seemuseum Kreuzlingen ?",
    "Qu’est-ce que l’open data ?",
    "Quels musées suisses sont cités dans les notes ?",
    "Un musée doit-il numériser toutes ses collections ?",
    "Quelle est la première étape d’une stratégie numérique ?",
    "Y avait-il un directeur parmi les invités du forum ?",
    "Pourquoi ne faut-il pas partir de l’outil ?",
    "De quoi parle Hub01 ?",
    "Comment Virage NumeriCQ propose-t-il de construire une stratégie ?",
]


def _question(text: str, *said: str) -> Question:
    roles = ("user", "assistant")
    return Question(text, tuple(Turn(roles[place % 2], said) for place, said in enumerate(said)))  # type: ignore[arg-type]  # one of the two


@pytest.mark.parametrize(("before", "text", "path"), FOLLOW_UPS, ids=[text for _, text, _ in FOLLOW_UPS])
def test_follow_up_finds_the_note_it_means(
    demo_chain: AnswerChain, before: str, text: str, path: str
) -> None:
    history = (Turn("user", before), Turn("assistant", demo_chain.invoke(before).text))
    assert leans_back(text)
    assert path in demo_chain.retriever.find(Question(text, history)).passages[0].path


@pytest.mark.parametrize("text", WHOLE)
def test_whole_question_is_searched_alone(text: str) -> None:
    assert not leans_back(text)
    assert complete(_question(text, "Que dit Max Hollein ?", ANSWER), quoting=True) == text


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        ("Développe le deuxième point.", "« Il ferme le mardi. »"),
        ("Que veut dire la première phrase ?", "Le musée ouvre le lundi."),
        ("Et le dernier ?", "La liste est longue : un ; deux."),
        ("Le second, il dit quoi ?", "« Il ferme le mardi. »"),
        ("Peux-tu détailler la citation 3 ?", "D’après Mme Zola, il rouvre."),
        ("Reviens sur [2]", "« Il ferme le mardi. »"),
        ("Et le point n° 4 ?", "La liste est longue : un ; deux."),
        ("Et le cinquième ?", ""),
        ("Et la source 9 ?", ""),
        ("Quelle est la première étape d’une stratégie ?", ""),
        ("Et le musée ?", ""),
    ],
)
def test_text_points_at_a_statement_of_the_answer(text: str, statement: str) -> None:
    assert pointed_statement(text, ANSWER) == statement
    assert pointed_statement(text, "") == ""


@pytest.mark.parametrize(
    ("said", "text", "searched"),
    [
        (["Un A ?", "Oui.", "Et un B ?", "Non."], "Et lui ?", "Un A ? Et un B ? Et lui ?"),
        (["Un A ?", "Oui.", "Que fait le musée ?", "Non."], "Et lui ?", "Que fait le musée ? Et lui ?"),
        (["Qui ouvre le bal ?", "Ce soir, Émile Zola ouvre."], "Quand part-il ?",
         "Qui ouvre le bal ? Émile Zola Quand part-il ?"),
        (["Qui est Max ?", "Émile Zola ouvre."], "Quand part-il ?", "Qui est Max ? Quand part-il ?"),
        (["Qui ouvre ?", "Le bal ouvre."], "Quand part-il ?", "Qui ouvre ? Quand part-il ?"),
        (["Qui ouvre ?", ANSWER], "Développe le deuxième point", "Qui ouvre ? « Il ferme le mardi. » Développe le deuxième point"),
        (["Que dit l’AMS de Max ?", ANSWER], "Et Hub01 ?", "Que dit de ? Et Hub01 ?"),
        (["Que dit l’AMS ?", ANSWER], "Et Hub01 en Suisse romande ?", "Que dit l’AMS ? Et Hub01 en Suisse romande ?"),
        (["Combien de visiteurs en 2022 ?", "Dix."], "Et en 2023 ?", "Combien de visiteurs en ? Et en 2023 ?"),
        (["Combien de visiteurs en 2022 ?", "Dix."], "Et quelle différence avec 2023 ?",
         "Combien de visiteurs en 2022 ? Et quelle différence avec 2023 ?"),
        ([], "Et lui ?", "Et lui ?"),
    ],
)  # fmt: skip
def test_follow_up_takes_along_what_it_leans_on(said: Sequence[str], text: str, searched: str) -> None:
    assert complete(_question(text, *said), quoting=True) == searched


@pytest.mark.parametrize("text", ["Développe le deuxième point", "Quand part-il ?"])
def test_no_word_of_an_answer_is_taken_where_it_would_leave_the_machine(text: str) -> None:
    asked = _question(text, "Qui ouvre ?", "Émile Zola ouvre. [1] Le secret est caché. [2]")
    assert complete(asked, quoting=False) == f"Qui ouvre ? {text}"
