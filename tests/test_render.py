"""What people see of answers and notes: safe, exact, and in French typography."""

import html
import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant import Settings, build_chain
from assistant.answer import Answer, Citation, Gap, Passage, Sentence
from assistant.answering import INSTEAD
from assistant.browse import Reading, quote_mark
from assistant.verdict import REFUSALS
from assistant.web import script_texts, texts
from assistant.web.chat.evidence import render_evidence, render_legend
from assistant.web.chat.render import (
    render_answer,
    render_draft,
    render_failure,
    render_question,
    render_welcome,
)
from assistant.web.markup import escape, note_url, render_text
from assistant.web.notes import texts as browse_texts
from assistant.web.notes.reader import render_note, render_note_page
from ingest.header import parse_header
from ingest.store import StoredNote

NOTE = (
    "---\ntitle: Le site\n---\n# Titre\r\n\r\nUn **gras** 𝒳 et [[Cible|un lien]].\n\n- premier\n- second\n\n"
    "1. un\n2. deux\n\n## Sous-titre\n> cité\n> encore\n\n```\n*code*\n```\n| a | b |\n----\nfin"
)
HOSTILE = (
    "<img src=http://evil.example/a onerror=alert(1)> <script>alert(1)</script> [x](javascript:alert(1)) "
    "](x) ![i](http://evil.example/b.png)\n\n</div></mark> \"&amp;' $$x$$ `c` @x www.evil.example \x00 \ud800"
)
TEXTS = st.text(alphabet="ab *_#[]|!()->`\n\r&<\"'é𝒳\u00a0:1.=~$", max_size=120)


def _note(text: str, title: str = "Titre") -> StoredNote:
    return StoredNote(
        row=1, id="a/é", path="Dossier/Note.md", raw_path=b"Dossier/Note.md", title=title, aliases=("Autre",),
        tags=("médiation",), date="2022-05-12", encoding="utf-8", sha256="", private=False, text=text,
        body_start=parse_header(text).end,
    )  # fmt: skip


def _read(text: str) -> Reading:
    return Reading(_note(text))


def _page(note: StoredNote, span: tuple[int, int]) -> str:
    return render_note_page(note.title, render_note(Reading(note), span), "")


def _passage(number: int, text: str, start: int = 0, note: str = "Note") -> Passage:
    end = start + len(text)
    return Passage(
        number, f"n{number}", note, "Note.md", ("Partie",), text, start, end, "utf-8", 0.5, "Raison"
    )


def _citation(passage: Passage, quote: str) -> Citation:
    start = passage.start + passage.text.index(quote)
    return Citation(
        passage.number,
        passage.note_id,
        passage.note,
        passage.path,
        (),
        quote,
        start,
        start + len(quote),
        "utf-8",
    )


def _body(page: str) -> str:
    """Return the HTML of the note itself."""
    return re.sub(
        r"<summary>.*?</summary>", "", page[page.index('class="cim-note">') + 17 : page.index("<section")]
    )


def _plain(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", markup))


def _marked(markup: str) -> str:
    return _plain("".join(re.findall(r"<mark[^>]*>(.*?)</mark>", markup)))


@pytest.mark.parametrize(
    "span", [None, (0, len(NOTE)), (25, 40), (40, 41), (60, 110), (NOTE.index("*code"), len(NOTE))]
)
def test_reader_shows_the_note_to_the_character_and_marks_the_span(span: tuple[int, int] | None) -> None:
    body = _body(render_note(_read(NOTE), span))
    assert _plain(body) == NOTE
    assert _marked(body) == (NOTE[slice(*span)] if span else "")
    assert body.count(' id="passage"') == (span is not None)


@settings(max_examples=150, deadline=None)
@given(text=TEXTS, bounds=st.tuples(st.integers(0, 120), st.integers(0, 120)))
def test_no_markup_of_a_note_shifts_or_loses_the_mark(text: str, bounds: tuple[int, int]) -> None:
    start, end = sorted(min(bound, len(text)) for bound in bounds)
    body = _body(render_note(_read(text), (start, end) if start < end else None))
    assert _plain(body) == text
    assert _marked(body) == text[start:end]


def test_nothing_of_a_hostile_note_is_markup() -> None:
    page = _page(_note(HOSTILE, title="<b>Titre</b>"), (0, len(HOSTILE)))
    assert not re.search(r"<(img|script|b|style|iframe|svg)\b", page)
    assert "javascript:" not in page
    assert "\x00" not in page
    page.encode()


def test_escaped_text_holds_nothing_markdown_reads() -> None:
    assert not set(re.sub(r"&#\d+;", "", escape(HOSTILE))) & set("<>\"'`*_[]$\\~|:@\n\r\t&")


def test_reader_hides_a_title_said_twice_but_never_the_mark() -> None:
    assert '<p class="cim-syn">' in render_note(_read("# Titre\ntexte"), None)
    assert '<p class="cim-here">' in render_note(_read("# Titre\ntexte"), (2, 7))


def test_headings_of_a_note_follow_its_title_without_a_gap() -> None:
    shown = render_note(_read("# Titre\n## Un\n#### Deux\n## Trois"), None)
    assert re.findall(r"<(h\d)", shown.partition("<section")[0]) == ["h1", "h2", "h3", "h2"]


def test_reader_opens_the_header_only_when_the_mark_is_in_it() -> None:
    assert "<details><summary>" in render_note(_read(NOTE), (30, 40))
    assert "<details open><summary>" in render_note(_read(NOTE), (4, 9))


def test_wikilink_shows_its_text_and_code_keeps_its_signs() -> None:
    assert render_text("[[Cible|texte]]", (0, 15)).count("cim-syn") == 2
    assert "cim-syn" not in render_text("**a**", (0, 5), raw=True)


def test_kind_of_a_callout_is_a_sign() -> None:
    note = "> [!warning]- Fragile\n> Une note.\n[!x] rien"
    signs = re.findall(r'cim-syn">(.*?)</span>', render_text(note, (0, len(note))))
    assert [html.unescape(sign) for sign in signs] == ["> [!warning]- ", "> "]


def test_line_under_the_head_of_a_table_is_a_sign() -> None:
    table = "| A | B |\n|---|:-:|\n| x | y |\n| --- | z |\n"
    shown = render_text(table, (0, len(table)))
    assert html.unescape(re.sub("<[^>]*>", "", shown)) == table
    assert [html.unescape(sign) for sign in re.findall(r'cim-syn">(.*?)</span>', shown)] == ["|---|:-:|\n"]


def test_citation_opens_its_own_quotation() -> None:
    passage = _passage(1, "Première phrase. Seconde phrase.", start=100)
    citations = tuple(_citation(passage, quote) for quote in ("Première phrase.", "Seconde phrase."))
    sentence = Sentence("Seconde phrase.", "verbatim", (1,))
    shown = render_answer(Answer(sentences=(sentence,), citations=citations, passages=(passage,)), done=False)
    assert 'href="/note/n1?start=117&#38;end=132&#38;said=' in shown
    assert '<span class="cim-sr">passage </span>1</a>' in shown


def test_sentence_quoted_whole_is_not_taken_for_a_shorter_one_in_it() -> None:
    passage = _passage(1, "Les bénévoles trient le jeudi. Le jeudi, les bénévoles trient.")
    whole, short = (
        _citation(passage, "Les bénévoles trient le jeudi."),
        _citation(passage, "les bénévoles trient."),
    )
    sentence = Sentence("Les bénévoles trient le jeudi.", "verbatim", (1,))
    answer = Answer(sentences=(sentence,), citations=(whole, short), passages=(passage,))
    assert f"start={whole.start}&#38;" in render_answer(answer, done=False)


def test_row_of_a_table_opens_the_row_not_the_head() -> None:
    table = "| Objet | Lieu |\n|---|---|\n| Tigre | Rodez |\n| Ours | Tarbes |"
    passage = _passage(1, table)
    head, tiger, bear = (_citation(passage, table.split("\n")[line]) for line in (0, 2, 3))
    said = [
        Sentence(f"Objet\u00a0: {what}\u202f; Lieu\u00a0: {where}.", "verbatim", (1,))
        for what, where in (("Tigre", "Rodez"), ("Ours", "Tarbes"))
    ]
    answer = Answer(sentences=tuple(said), citations=(head, tiger, bear), passages=(passage,))
    starts = re.findall(r"/note/n1\?start=(\d+)", render_answer(answer, done=False))
    assert starts == [str(tiger.start), str(bear.start)]


def test_number_comes_before_the_final_stop_and_stays_with_the_last_word() -> None:
    passage = _passage(1, "Un mot.")
    answer = Answer(sentences=(Sentence("Un mot.", "supported", (1,)),), passages=(passage,))
    assert '<span class="cim-nb">mot<a class="cim-cite"' in render_answer(answer, done=False)
    assert "</a>.</span>" in render_answer(answer, done=False)


def test_number_without_a_passage_is_not_shown() -> None:
    answer = Answer(sentences=(Sentence("Un mot.", "supported", (7,)),))
    assert "cim-cite" not in render_answer(answer, done=True)


def test_sentences_shown_once_are_never_changed_by_what_follows() -> None:
    passage = _passage(1, "Un mot. Deux mots.")
    first = Answer(
        sentences=(Sentence("Un mot.", "verbatim", (1,)),),
        citations=(_citation(passage, "Un mot."),),
        passages=(passage,),
    )
    second = Answer(
        sentences=(Sentence("Deux mots.", "verbatim", (1,)),), citations=(_citation(passage, "Deux mots."),)
    )
    before = render_answer(first, done=False).removesuffix("</div>")
    assert render_answer(first + second, done=True).startswith(before)


@pytest.mark.parametrize("sentence", REFUSALS)
def test_refusal_is_said_plainly_with_what_to_write(sentence: str) -> None:
    gap = Gap("Un montant", (HOSTILE, "Note proche"), "# Budget\ntags")
    passage = _passage(1, "Un.", note=HOSTILE)
    answer = Answer(
        sentences=(Sentence(sentence, "link"),), passages=(passage,), verdict="nearest", gaps=(gap,)
    )
    shown = render_answer(answer, done=True)
    assert f'<p class="cim-refusal">{sentence}</p>' in shown
    assert (
        f'<a href="/note/n1?start=0&#38;end=3&#38;said={quote_mark("Un.")}#passage">{escape(HOSTILE)}</a> · Note proche'
        in shown
    )
    assert "# Budget&#10;tags" in shown


def test_extracts_stand_under_the_title_of_their_note_said_once() -> None:
    passages = (_passage(1, "Un."), _passage(2, "Deux.", note=HOSTILE), _passage(3, "Trois."))
    said = tuple(Sentence(text, "verbatim", (n,)) for n, text in ((1, "Un."), (3, "Trois."), (2, "Deux.")))
    answer = Answer(sentences=said, passages=passages, mode="extracts")
    for shown in (render_answer(answer, done=True), render_draft(answer, 3)):
        assert re.findall(r'<p class="cim-source">(.*?)</p>', shown) == ["Note", escape(HOSTILE)]
        assert shown.index("Note</p>") < shown.index("Un.") < shown.index("Trois.") < shown.index("Deux.")
    assert "cim-source" not in render_answer(replace(answer, mode="model"), done=True)


def test_notice_of_a_failed_model_says_first_what_there_is_then_why() -> None:
    shown = render_answer(Answer(notice=f"Le modèle ; se tait. {INSTEAD} La note a changé."), done=True)
    assert re.findall(r"<p[^>]*>([^<]*)</p>", shown)[:3] == [
        INSTEAD,
        "Le modèle\u00a0; se tait.",
        "La note a changé.",
    ]


def test_notice_cut_and_failure_are_each_one_sentence() -> None:
    cut = render_answer(Answer(notice="Le modèle se tait.", complete=False), done=True)
    assert "Le modèle se tait." in cut
    assert texts.INCOMPLETE in cut
    assert texts.FAILED in render_failure(Answer(), texts.FAILED)


def test_chat_html_never_holds_a_line_break() -> None:
    passage = _passage(1, HOSTILE, note=HOSTILE)
    sentence = Sentence(HOSTILE, "verbatim", (1,))
    answer = Answer(sentences=(sentence,), citations=(_citation(passage, HOSTILE),), passages=(passage,))
    shown = (
        render_answer(answer, done=True)
        + render_evidence(answer, done=True)
        + render_question(HOSTILE, first=True)
    )
    assert "\n" not in shown


def test_evidence_marks_quotations_then_folds_what_was_not_cited() -> None:
    cited, other = _passage(1, "Avant. La citation. Après.", start=50), _passage(2, "Autre")
    answer = Answer(
        citations=(_citation(cited, "La citation."),), passages=(cited, other), verdict="answered"
    )
    shown = render_evidence(answer, done=True)
    assert _marked(shown) == "La citation."
    assert texts.uncited(1) in shown
    assert texts.uncited(1) not in render_evidence(answer, done=False)


def test_evidence_names_its_question_where_there_are_others() -> None:
    answer = Answer(passages=(_passage(1, "Un."),))
    named = f'<p class="cim-eyebrow">{escape(texts.about_question(HOSTILE))}</p>'
    assert render_evidence(answer, done=True, asked=HOSTILE).startswith(named)
    assert "cim-eyebrow" not in render_evidence(answer, done=True)


def test_evidence_merges_overlapping_quotations() -> None:
    passage = _passage(1, "Un deux trois quatre.")
    citations = (_citation(passage, "Un deux"), _citation(passage, "deux trois"))
    assert (
        _marked(render_evidence(Answer(citations=citations, passages=(passage,)), done=False))
        == "Un deux trois"
    )


def test_refusal_never_claims_that_an_answer_rests_on_passages() -> None:
    passage = _passage(1, "Proche.")
    answer = Answer(citations=(_citation(passage, "Proche."),), passages=(passage,), verdict="nearest")
    assert texts.EVIDENCE_TITLE not in render_evidence(answer, done=True)


def test_note_address_is_quoted() -> None:
    assert note_url("a/é b?#", 1, 2) == "/note/a%2F%C3%A9%20b%3F%23?start=1&end=2#passage"


def test_door_is_titled_and_names_the_mode_and_the_remote_host() -> None:
    assert _plain(render_welcome()) == texts.WELCOME_TITLE
    assert "les 26 notes de « notes »" in texts.welcome_lead(26, "notes").replace("\u00a0", " ")
    assert "api.example.org" in texts.mode_line("model", "api.example.org")
    assert "sans IA" in texts.mode_line("extracts", None)


@pytest.mark.parametrize(
    ("iso", "shown"),
    [("2022-05-12", "12 mai 2022"), ("2022-08-01", "1er août 2022"), ("2022-05", "mai 2022"),
     ("2022", "2022"), ("2022-13-01", "2022-13-01"), ("vers 2022", "vers 2022"), (None, "")],
)  # fmt: skip
def test_dates_are_written_in_french(iso: str | None, shown: str) -> None:
    assert texts.french_date(iso) == shown


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for item in value.values() for text in _strings(item)]
    return [text for item in value for text in _strings(item)] if isinstance(value, tuple) else []


def test_french_typography_in_every_string() -> None:
    named = {**vars(texts), **vars(script_texts)}
    constants = [text for name, value in named.items() if name.isupper() for text in _strings(value)]
    built = [
        texts.mode_line("model", "h"), texts.welcome_lead(2, "v"), texts.writing(2), texts.uncited(2),
        texts.finished(2, 1, "nearest"), texts.finished(2, 1, "answered"), texts.searching(1),
        texts.about_notes(2, "v"), texts.about_scope(["Forum"]), texts.nothing_in(["a", "b"]), texts.reopened(2), texts.silent_in(["a"]),
        texts.searched_in(["a"]), texts.export_title("2022-05-12"), render_legend(),
    ]  # fmt: skip
    for text in constants + built:
        assert not re.search(r" [;?!:»]|« |\w'\w", text), text
        assert not re.search(r"[^\u202f;?!][;?!](?!\w)(?<!#\d\d;)", re.sub(r"&#\d+;|<[^>]*>", "", text)), text


def test_private_note_says_so_wherever_it_is_read(make_vault: Callable[..., Path], tmp_path: Path) -> None:
    text = "# Budget\n\nLe budget du musée a doublé.\n"
    vault = make_vault(
        {"Privée.md": f"---\nconfidentiel: true\n---\n{text}", "Publique.md": f"{text}Ou presque."}
    )
    with closing(build_chain(Settings(vault=vault, index=tmp_path / "index"))) as chain:
        passages = chain.invoke("Le budget du musée a-t-il doublé\u202f?").passages
        assert {passage.path for passage in passages} == {"Privée.md", "Publique.md"}
        for passage in passages:
            reading = chain.read(passage.note_id)
            assert reading is not None
            private = passage.path == "Privée.md"
            assert (texts.PRIVATE in render_evidence(Answer(passages=(passage,)), done=True)) is private
            assert (browse_texts.PRIVATE_WHY in render_note(reading, None)) is private


def test_excerpt_never_ends_inside_a_link() -> None:
    passage = _passage(
        1, f"La citation. {'mot ' * 30}Apparaît dans [[Pourquoi développer une stratégie]] et ailleurs"
    )
    answer = Answer(passages=(passage,), citations=(_citation(passage, "La citation."),))
    shown = re.sub("<[^>]*>", "", html.unescape(render_evidence(answer, done=True)))
    assert shown.endswith("Apparaît dans …")
