"""What a session keeps of a conversation for the questions that follow."""

from dataclasses import replace

import pytest

from assistant.answer import Answer, Citation, Passage, Question, Sentence, Turn
from assistant.web.chat.conversation import Conversation

OPEN = Passage(1, "a", "A", "A.md", (), "Le musée ouvre.", 0, 15, "utf-8", 1.0, "proche")
CLOSED = replace(OPEN, number=2, note_id="b", note="B", path="B.md", private=True)


@pytest.mark.parametrize(("cited", "private"), [(OPEN, False), (CLOSED, True)])
def test_turn_is_private_when_its_answer_cites_a_confidential_note(cited: Passage, private: bool) -> None:
    number = cited.number
    quote = Citation(number, cited.note_id, cited.note, cited.path, (), cited.text, 0, 15, "utf-8")
    said = Sentence(cited.text, "verbatim", (number,))
    answer = Answer("Quand ?", sentences=(said,), citations=(quote,), passages=(OPEN, CLOSED))
    kept = Conversation().ask(Question("Quand ?")).close(answer)
    assert kept.turns == (
        Turn("user", "Quand ?"),
        Turn("assistant", f"Le musée ouvre. [{number}]", private=private),
    )
