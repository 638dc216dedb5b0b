"""Where the notes lead on: the links of what was cited, and titles as one types them."""

import pytest

from assistant import AnswerChain
from assistant.answer import Answer, Filters, Question
from assistant.web.chat.about import asks_about_cimaise, describe_cimaise


def test_leads_come_from_the_links_of_cited_notes_questions_first(demo_chain: AnswerChain) -> None:
    answer = demo_chain.invoke("Pourquoi développer une stratégie numérique ?")
    leads = demo_chain.leads(answer)
    assert 0 < len(leads) <= 3
    cited = {citation.note for citation in answer.citations}
    assert all(lead.endswith("\u202f?") for lead in leads)
    assert not {lead.replace("\u202f?", " ?") for lead in leads} & cited


def test_answer_without_citation_leads_nowhere(demo_chain: AnswerChain) -> None:
    assert demo_chain.leads(Answer()) == ()


def test_titles_go_on_as_typed_accents_and_capitals_apart(demo_chain: AnswerChain) -> None:
    assert any(title.startswith("Comment élaborer") for title in demo_chain.titles("COMMENT elab"))
    assert demo_chain.titles("hollein")[0].startswith("Max Hollein")
    assert len(demo_chain.titles("")) == 8
    assert demo_chain.titles("zzzz") == ()


@pytest.mark.parametrize(
    "text",
    [
        "Que sais-tu faire\u202f?",
        "que sais tu faire",
        "Qui es-tu ?",
        "Aide",
        "Combien y a-t-il de notes ?",
        "Bonjour !",
    ],
)
def test_question_about_cimaise_is_known_as_it_is_typed(text: str) -> None:
    assert asks_about_cimaise(text)
    assert not asks_about_cimaise(f"{text} Max Hollein")


def test_cimaise_describes_its_notes_mode_scope_and_limits(demo_chain: AnswerChain) -> None:
    said = describe_cimaise(Question("Aide", filters=Filters(folders=("Forum",))), demo_chain).text
    assert f"{demo_chain.note_count} notes" in said
    assert "Extraits, sans IA" in said
    assert "que dans Forum" in said
    assert "ne cherche pas sur le Web" in said
