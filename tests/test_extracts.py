"""Answers without a model: whole statements of several notes, every one word for word."""

import asyncio
import re
from collections.abc import Iterable
from functools import reduce
from itertools import groupby
from operator import add
from pathlib import Path
from typing import Any

import pytest

from assistant import AnswerChain
from assistant.answer import Answer, Passage, Question
from assistant.extracts import ExtractiveWriter, cite
from assistant.retriever import Finding
from assistant.terms import Term
from ingest.clean import clean
from ingest.french import line_key
from ingest.vault import read_note_file

QUESTIONS = [
    "Pourquoi développer une stratégie numérique ?",
    "Comment évaluer un projet numérique ?",
    "Quels sont les risques du numérique au musée ?",
    "Que dit Max Hollein du musée universel ?",
    "Comment encourager la participation des publics ?",
    "Qu’est-ce que la médiation numérique ?",
    "Le numérique durable",
]
TERMS = (Term("mediat", 2.0), Term("numer", 1.0))


def _passage(
    number: int, text: str, *, score: float = 1.0, path: str | None = None, date: str | None = None
) -> Passage:
    return Passage(
        number=number, note_id=f"n{number}", note=f"Note {number}", path=path or f"{number}.md", heading=(),
        text=text, start=40, end=40 + len(text), encoding="utf-8", score=score, reason="proche",
        date=date,
    )  # fmt: skip


def _write(
    *passages: Passage, terms: tuple[Term, ...] = TERMS, refrains: Iterable[str] = (), asked: str = ""
) -> Answer:
    finding = Finding(passages, terms, frozenset(refrains), asked=asked)
    return reduce(add, ExtractiveWriter().write(Question("?"), finding), Answer())


def _texts(answer: Answer) -> list[str]:
    return [sentence.text for sentence in answer.sentences]


def _assert_citations_are_true(answer: Answer, vault: Path) -> None:
    for citation in answer.citations:
        file = read_note_file(vault, citation.path.encode(), max_note_bytes=5_000_000)
        assert file is not None
        assert file.text[citation.start : citation.end] == citation.quote != ""
        passage = answer.passages[citation.number - 1]
        assert passage.path == citation.path
        assert passage.start <= citation.start < citation.end <= passage.end


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_answer_has_three_to_seven_verbatim_statements(demo_chain: AnswerChain, question: str) -> None:
    answer = demo_chain.invoke(question)
    assert 3 <= len(answer.sentences) <= 7
    assert {sentence.label for sentence in answer.sentences} == {"verbatim"}


@pytest.mark.parametrize("question", [q for q in QUESTIONS if "Hollein" not in q])
def test_a_broad_question_is_answered_by_three_notes(demo_chain: AnswerChain, question: str) -> None:
    assert len({citation.path for citation in demo_chain.invoke(question).citations}) >= 3


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_citation_is_a_span_of_the_file(
    demo_chain: AnswerChain, demonstration_vault: Path, question: str
) -> None:
    answer = demo_chain.invoke(question)
    assert answer.citations
    _assert_citations_are_true(answer, demonstration_vault)


def test_every_citation_is_true_on_the_real_vault(
    real_chain: AnswerChain, real_vault: Path, gold: list[dict[str, Any]]
) -> None:
    for case in gold[::6]:
        _assert_citations_are_true(real_chain.invoke(case["question"]), real_vault)


def test_the_shape_holds_on_the_real_vault(real_chain: AnswerChain, gold: list[dict[str, Any]]) -> None:
    answers = [real_chain.invoke(case["question"]) for case in gold[1::8]]
    for answer in (answer for answer in answers if answer.verdict == "answered"):
        top = max(passage.score for passage in answer.passages)
        passing = {passage.path for passage in answer.passages if passage.score >= 0.6 * top}
        assert 3 <= len(answer.sentences) <= 7, answer.question
        assert len({citation.path for citation in answer.citations}) >= min(3, len(passing)), answer.question


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_statement_is_what_its_citations_say(demo_chain: AnswerChain, question: str) -> None:
    answer = demo_chain.invoke(question)
    for sentence in answer.sentences:
        (number,) = sentence.numbers
        quotes = [line_key(clean(c.quote)) for c in answer.citations if c.number == number]
        said = line_key(sentence.text)
        assert any(quote in said or said in quote for quote in quotes)


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_title_and_no_bare_link_is_quoted(demo_chain: AnswerChain, question: str) -> None:
    answer = demo_chain.invoke(question)
    titles = {line_key(passage.note) for passage in answer.passages}
    assert not any(citation.quote.startswith("#") for citation in answer.citations)
    assert not titles & {line_key(text) for text in _texts(answer)}
    assert not any(re.fullmatch(r"\S+", text) for text in _texts(answer))


@pytest.mark.parametrize("title", ["# La médiation numérique des musées de France\n\n", ""])
@pytest.mark.parametrize(
    "link",
    ["[[La médiation numérique au musée d’art]]", "[La médiation numérique](https://x.org/mediation)",
     "https://x.org/mediation-numerique", "- [[La médiation numérique]]"],
)  # fmt: skip
def test_a_passage_of_titles_and_links_gives_no_statement(title: str, link: str) -> None:
    assert _write(_passage(1, f"{title}{link}\n")).sentences == ()


def test_the_statements_of_a_note_come_together(demo_chain: AnswerChain) -> None:
    for question in QUESTIONS:
        paths = [citation.path for citation in demo_chain.invoke(question).citations]
        assert len(list(groupby(paths))) == len(set(paths))


def test_the_best_statement_comes_first_whatever_its_passage() -> None:
    first = _passage(1, "Un atelier de médiation occupe le grenier chaque dimanche de printemps.")
    second = _passage(2, "La médiation numérique accompagne chaque visiteur du musée de la ville.", score=0.9)
    assert [sentence.numbers for sentence in _write(first, second).sentences] == [(2,), (1,)]


def test_what_has_the_form_of_the_answer_comes_first() -> None:
    told = "La médiation numérique accompagne chaque visiteur du musée de la ville."
    dated = "La médiation numérique commence en avril dans les salles du haut."
    passage = _passage(1, f"{told}\n\n{dated}")
    assert _texts(_write(passage))[0] == told
    assert _texts(_write(passage, asked="Quand commence la médiation numérique ?"))[0] == dated


def test_what_a_follow_up_asks_counts_for_more_than_what_it_leans_on() -> None:
    numeric = "Le numérique entre au musée par la grande porte du rez-de-chaussée de la ville."
    mediation = "La médiation entre au musée par la petite porte du premier étage de la ville."
    finding = Finding(
        (_passage(1, f"{numeric}\n\n{mediation}"),),
        (Term("numer", 1.2), Term("mediat", 1.0)),
        asked="Et le numérique ? Et la médiation ?",
    )
    said = [next(ExtractiveWriter().write(Question(asked), finding)).sentences[0].text
            for asked in (finding.asked, "Et la médiation ?")]  # fmt: skip
    assert said == [numeric, mediation]


def test_versions_with_other_figures_are_both_said_the_newer_first() -> None:
    said = "La médiation numérique a touché {} visiteurs éloignés du musée."
    old, new = said.format(132), said.format(147)
    passages = _passage(1, old, date="2022-12-20"), _passage(2, new, score=0.9, date="2024-01-22")
    assert _texts(_write(*passages)) == [new, old]


def test_rows_of_a_table_do_not_repeat_each_other() -> None:
    rows = "\n".join(f"| Médiation numérique | {town} |" for town in ("Rodez", "Tarbes", "Nantes"))
    answer = _write(_passage(1, f"| Projet de la région | Ville du musée |\n|---|---|\n{rows}"))
    assert [text.rpartition(" ")[2] for text in _texts(answer)] == ["Rodez.", "Tarbes.", "Nantes."]


def test_what_is_hardly_about_the_question_is_not_said() -> None:
    told = "La médiation numérique accompagne chaque visiteur du musée de la ville."
    other = _passage(2, "Le musée garde mille bocaux de verre dans une cave voûtée du port.", score=0.4)
    assert _texts(_write(_passage(1, told), other)) == [told]


def test_without_a_passage_nothing_is_written() -> None:
    assert _write() == Answer()


def test_a_single_passing_note_says_what_it_has() -> None:
    text = "La médiation numérique touche un public éloigné du musée."
    answer = _write(_passage(1, text))
    assert answer.citations[0].quote == text
    assert (answer.citations[0].start, answer.citations[0].number) == (40, 1)


def test_what_was_said_once_is_not_said_again() -> None:
    said = "La médiation numérique touche un public éloigné du musée."
    assert len(_write(_passage(1, said), _passage(2, said), _passage(3, f"{said} ")).sentences) == 1


def test_three_notes_speak_even_when_one_knows_most() -> None:
    rich = " ".join(f"La médiation numérique numéro {n} change le métier du lieu {n}." for n in range(9))
    second = _passage(2, "Un atelier de médiation occupe le grenier chaque dimanche de printemps.", score=0.7)
    third = _passage(3, "Une conférence sur la médiation remplit le théâtre voisin en novembre.", score=0.7)
    answer = _write(_passage(1, rich), second, third)
    assert {citation.number for citation in answer.citations} == {1, 2, 3}


def test_no_more_than_seven_statements_are_written() -> None:
    topics = "bois verre pierre métal papier laine cuir sable liège terre".split()
    passages = [
        _passage(
            n, f"La médiation numérique autour du thème {topic} réunit les amateurs de {topic} du quartier."
        )
        for n, topic in enumerate(topics, start=1)
    ]
    assert len(_write(*passages).sentences) <= 7


@pytest.mark.parametrize(
    "weaker",
    ["Quelle médiation numérique faut-il pour un public éloigné du musée, et avec quels moyens ?",
     "Voir la note sur la médiation numérique et les publics éloignés du musée, sur le site.",
     "Pour en savoir plus sur la médiation numérique, le musée tient une page à jour."],
)  # fmt: skip
def test_a_question_and_a_pointer_are_worth_less_than_a_statement(weaker: str) -> None:
    plain = [
        "Au musée, la médiation numérique accompagne chaque visiteur tout au long du parcours.",
        "Une équipe de médiation numérique se forme au dessin pendant plusieurs semaines d’hiver.",
        "Le budget de la médiation numérique double grâce aux mécènes de la région voisine.",
    ]
    texts = _texts(_write(*(_passage(n, text) for n, text in enumerate((weaker, *plain), start=1))))
    assert texts == plain


def test_a_line_that_a_template_left_is_worth_less() -> None:
    refrain = "Cette fiche de médiation numérique suit le modèle de toutes les autres fiches du classeur."
    plain = "Au musée, la médiation numérique accompagne chaque visiteur tout au long du parcours."
    best = next(ExtractiveWriter().nearest(Finding(
        (_passage(1, f"{refrain}\n\n{plain}"),), TERMS, frozenset({line_key(refrain)})
    )))  # fmt: skip
    assert best.sentences[0].text == plain


def test_a_list_item_comes_with_its_lead_in() -> None:
    items = "\n".join(
        f"- un atelier de médiation numérique pour le groupe {'abcdefghij'[n] * 60}" for n in range(10)
    )
    answer = _write(_passage(1, f"Le musée propose chaque année :\n\n{items}"))
    assert all(text.startswith("Le musée propose chaque année") for text in _texts(answer))
    assert answer.citations[0].quote == "Le musée propose chaque année :"


def test_the_nearest_are_the_best_of_the_first_three_notes() -> None:
    passages = [
        _passage(n, f"La médiation numérique du lieu {n} accueille le public de la ville.")
        for n in range(1, 6)
    ]
    parts = list(ExtractiveWriter().nearest(Finding(tuple(passages), TERMS)))
    assert [part.sentences[0].numbers for part in parts] == [(1,), (2,), (3,)]


def test_writing_in_a_loop_gives_the_same_parts() -> None:
    finding = Finding((_passage(1, "La médiation numérique touche un public éloigné du musée."),), TERMS)

    async def parts() -> list[Answer]:
        return [part async for part in ExtractiveWriter().awrite(Question("?"), finding)]

    assert asyncio.run(parts()) == list(ExtractiveWriter().write(Question("?"), finding)) != []


def test_a_citation_counts_in_the_note_not_in_the_passage() -> None:
    citation = cite(_passage(3, "Le musée ouvre."), 3, 8)
    assert (citation.quote, citation.start, citation.end, citation.number) == ("musée", 43, 48, 3)
