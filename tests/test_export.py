"""A conversation on paper: each answer with its sources, and nothing hostile in any form."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import pytest
from markdown_it import MarkdownIt

from assistant.answer import Answer, Filters, Sentence
from assistant.exchange import Exchange
from assistant.export import list_sources, to_html, to_markdown, to_text
from tests.page_site import EVIL, GOAL, HOSTILE, LINKED, STEP, STEPS, cite

ANSWER = Answer(
    "Pourquoi ?",
    (Sentence(STEP, "verbatim", (1,)), Sentence(LINKED, "verbatim", (1,)), Sentence("Rien.", "unsupported")),
    (cite(STEPS, STEP), cite(STEPS, LINKED)),
    (STEPS, GOAL),
    verdict="answered",
    mode="extracts",
)
PLAIN = Exchange("Pourquoi ?", ANSWER, Filters(folders=("Questions",)))
ODD = replace(EVIL, path="a]] <script>.md", note="<script>alert(1)</script>")
FORGED = Exchange(
    f"<script>{HOSTILE}",
    Answer("", (Sentence(HOSTILE, "verbatim", (3,)),), (cite(ODD, HOSTILE),), (ODD,), notice=HOSTILE),
    Filters(tags=(HOSTILE,)),
)


def test_source_is_listed_once_with_its_quotations() -> None:
    (source,) = list_sources(ANSWER)
    assert source.number == 1
    assert source.quotes == (STEP, "On tient un calendrier avec les publics.")


def test_text_says_scope_doubt_mode_and_sources() -> None:
    text = to_text([PLAIN])
    assert text.startswith("Pourquoi ?\n\nCherché dans Questions.\n\nOn dresse l’état des moyens. [1]")
    assert "Rien. (sans appui dans les notes)" in text
    assert "Extraits des notes, sans IA." in text
    assert "[1] Le guide 𝒳, Étapes, 12 mai 2022 (Dossier/Le guide 𝒳.md)" in text


@pytest.mark.parametrize(
    "export", [to_text, partial(to_markdown, title="Titre"), partial(to_html, title="Titre")]
)
@pytest.mark.parametrize(
    ("day", "shown"),
    [("2022-05-12", "12 mai 2022"), ("2021-08-01", "1er août 2021"), ("2019-12", "décembre 2019")],
)
def test_every_form_dates_its_sources_in_french(
    export: Callable[[Sequence[Exchange]], str], day: str, shown: str
) -> None:
    answer = replace(ANSWER, passages=(replace(STEPS, date=day), GOAL))
    written = export([Exchange("Quand ?", answer, Filters(since="2019-01-01", until="2022-12-31"))])
    assert f"Étapes, {shown}" in written
    assert "Cherché dans 2019 à 2022." in written
    assert not re.search(r"\d{4}-\d\d", written)


def test_markdown_links_to_the_note_and_reads_as_text() -> None:
    written = to_markdown([PLAIN], title="Titre")
    assert "[[Le guide 𝒳]]" in written
    shown = MarkdownIt("commonmark", {"html": True}).render(written)
    assert "<p>On dresse l’état des moyens. [1]</p>" in shown


def test_hostile_conversation_stays_text_in_markdown() -> None:
    shown = MarkdownIt("commonmark", {"html": True}).render(to_markdown([FORGED], title=HOSTILE))
    for tag in ("<script", "<img", "<a ", "<form", "<iframe", "<style", "<h1>#"):
        assert tag not in shown, tag
    assert "[[a]]" not in shown


def test_hostile_conversation_stays_text_in_html() -> None:
    shown = to_html([FORGED], title=HOSTILE)
    assert shown.count("<script") == 0
    assert shown.count("<style") == 1
    for tag in ("<img", "<form", "<iframe", "javascript:window", 'href="http'):
        assert tag not in shown.replace("(javascript:window", ""), tag


def test_html_is_a_page_of_its_own_that_loads_nothing() -> None:
    shown = to_html([PLAIN, PLAIN], title="Titre")
    assert "default-src 'none'" in shown
    assert "@media print" in shown
    assert '<a href="#s2-1">[1]</a>' in shown
    assert shown.count('id="s2-1"') == 1
    assert "src=" not in shown
