"""The record that a browser keeps of an exchange: it comes back as it was, and nothing forged in it is believed."""

import json
from dataclasses import replace
from typing import Any

import pytest

from assistant.answer import Answer, Citation, Filters, Gap, Passage, Sentence, Turn
from assistant.exchange import Exchange, read_records, write_record
from assistant.usage import Usage
from ingest.errors import QuestionError
from ingest.store import StoredNote

TEXT = "# Musée\n\nLe musée 𝒳 ouvre le lundi. Il ferme en août."
QUOTE = "Le musée 𝒳 ouvre le lundi."
START = TEXT.index(QUOTE)
NOTE = StoredNote(
    row=0, id="n", path="Dossier/Musée.md", raw_path=b"", title="Musée", aliases=(), tags=("heures",),
    date="2022-05-12", encoding="utf-8", sha256="", private=False, text=TEXT,
)  # fmt: skip
PASSAGE = Passage(
    1, "n", "Musée", NOTE.path, ("Heures",), TEXT[START:], START, len(TEXT), "utf-8", 0.0, "proche",
    NOTE.date, NOTE.tags,
)  # fmt: skip
CITATION = Citation(1, "n", "Musée", NOTE.path, ("Heures",), QUOTE, START, START + len(QUOTE), "utf-8")
ANSWER = Answer(
    "Quand ?", (Sentence(QUOTE, "verbatim", (1,)),), (CITATION,), (PASSAGE,),
    (Gap("Et l’été ?", ("Musée",), "# Été"),), "answered", "extracts", None, True, ("[9]",),
    Usage(1, 2, 3, 0.1, (0.2, 0.3)),
)  # fmt: skip
EXCHANGE = Exchange("Quand ?", ANSWER, Filters(("heures",), ("Dossier",), "2022-01-01", None))


def _find(note_id: str) -> StoredNote | None:
    return NOTE if note_id == "n" else None


def _read(note: StoredNote | None = NOTE, **changed: Any) -> Exchange:
    record = json.loads(write_record(EXCHANGE)) | changed
    (read,) = read_records(json.dumps([record]), lambda note_id: note if note_id == "n" else None)
    return read


def test_exchange_comes_back_as_it_was() -> None:
    assert read_records(f"[{write_record(EXCHANGE)}]", _find) == (EXCHANGE,)


def test_record_holds_no_text_of_passages() -> None:
    assert "Il ferme en août" not in write_record(EXCHANGE)


def test_quotation_that_moved_is_found_where_it_is_now() -> None:
    read = _read(replace(NOTE, text=f"Une ligne de plus.\n{TEXT}"))
    (citation,) = read.answer.citations
    assert f"Une ligne de plus.\n{TEXT}"[citation.start : citation.end] == QUOTE
    assert read.answer.sentences == ANSWER.sentences


@pytest.mark.parametrize("note", [None, replace(NOTE, text="Tout a changé.")])
def test_quotation_that_is_gone_leaves_its_sentence_unsupported_and_private(note: StoredNote | None) -> None:
    read = _read(note)
    assert read.answer.citations == ()
    assert read.answer.sentences == (Sentence(QUOTE, "unsupported"),)
    assert "ont changé" in (read.answer.notice or "")
    assert all(turn.private for turn in read.turns if turn.role == "assistant")


def test_sentence_that_is_not_quoted_is_not_word_for_word() -> None:
    forged = [{"text": "Le musée 𝒳 est gratuit.", "label": "verbatim", "numbers": [1]}]
    assert _read(sentences=forged).answer.sentences[0].label == "supported"


def test_confidential_note_stays_private() -> None:
    assert _read(replace(NOTE, private=True)).turns[1] == Turn("assistant", f"{QUOTE} [1]", private=True)


@pytest.mark.parametrize("bounds", [(-5, 10), (10**9, 10**9 + 4), (5, 5)])
def test_span_outside_its_note_is_left_out_or_cut(bounds: tuple[int, int]) -> None:
    span = {"number": 2, "note_id": "n", "start": bounds[0], "end": bounds[1], "said": ""}
    for passage in _read(passages=[span], citations=[]).answer.passages:
        assert TEXT[passage.start : passage.end] == passage.text


@pytest.mark.parametrize(
    "written",
    ["", "{", "{}", "[1]", '[{"question": 1}]', "[" * 5000, '[{"question": "x", "sentences": [{"text": []}]}]',
     '[{"question": "x", "sentences": [{"text": "a", "label": "<img>", "numbers": []}]}]',
     '[{"question": "\\ud800"}]'],
)  # fmt: skip
def test_anything_else_is_refused_in_french(written: str) -> None:
    with pytest.raises(QuestionError, match="plus lisible"):
        read_records(written, _find)
