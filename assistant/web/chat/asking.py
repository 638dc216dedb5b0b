"""One question of the page on its way: what is shown from the search to the last checked sentence."""

import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol

from assistant.answer import Answer, Question
from assistant.exchange import read_records
from assistant.question import read_filters
from assistant.scope import describe_filters
from assistant.web import texts
from assistant.web.chat.about import Configured, asks_about_cimaise, describe_cimaise
from assistant.web.chat.actions import render_actions
from assistant.web.chat.bursts import gather_bursts
from assistant.web.chat.conversation import Conversation
from assistant.web.chat.render import render_answer, render_draft, render_failure, render_stopped
from assistant.web.notes.browsing import Browsed
from ingest.errors import CimaiseError, QuestionError
from ingest.store import StoredNote

logger = logging.getLogger(__name__)


class PageChain(Configured, Browsed, Protocol):
    """What the page needs of the chain."""

    def starters(self) -> tuple[str, ...]:
        """Return questions to begin with."""

    def leads(self, answer: Answer, /) -> tuple[str, ...]:
        """Return questions that the notes of an answer lead to."""

    def titles(self, typed: str, /) -> tuple[str, ...]:
        """Return the titles of notes that go on as typed."""

    def note(self, note_id: str, /) -> StoredNote | None:
        """Return a note by its id."""

    def astream(self, question: Question, /) -> AsyncIterator[Answer]:
        """Yield the parts of an answer."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A state of the page; `done` once no more of the answer comes, `asked` when the conversation changed."""

    conversation: Conversation
    answer: Answer
    status: str
    done: bool
    asked: bool = True


async def answer_question(
    text: str, context: str, conversation: Conversation, chain: PageChain
) -> AsyncGenerator[Shown, None]:
    """Yield what the page shows, from the question to the last checked sentence.

    Args:
        text: What was typed.
        context: What our script adds: `{"filters": …, "place": n}`, both optional; the question replaces the
            exchange at `place` and those after it.
        conversation: What was said before.
        chain: Answers.
    """
    if not text.strip():
        yield Shown(conversation, Answer(), texts.EMPTY_QUESTION, done=True, asked=False)
        return
    try:
        read = _read_context(context)
        filters = read_filters(read.get("filters"))
    except QuestionError as error:
        yield Shown(conversation, Answer(), str(error), done=True, asked=False)
        return
    conversation = conversation.before(_place(read))
    question = Question(text.strip(), conversation.turns, filters)
    if asks_about_cimaise(question.text):
        answer = describe_cimaise(question, chain)
        asked = close(conversation.ask(question), answer, chain)
        yield Shown(asked, answer, texts.ABOUT_DONE, done=True)
        return
    async for shown in _stream(question, conversation.ask(question), chain):
        yield shown


async def _stream(
    question: Question, conversation: Conversation, chain: PageChain
) -> AsyncGenerator[Shown, None]:
    answer, notes = Answer(), chain.note_count

    def show(status: str) -> Shown:
        html = render_draft(answer, notes)
        return Shown(conversation.show(html, answer), answer, status, done=False)

    yield show(texts.searching(notes, describe_filters(question.filters)))
    try:
        async with aclosing(gather_bursts(chain.astream(question))) as bursts:
            async for burst in bursts:
                answer = answer + burst
                if answer.verdict is None:
                    yield show(texts.writing(len(answer.passages)))
        yield Shown(close(conversation, answer, chain), answer, _finished(answer, question), done=True)
    except CimaiseError as error:
        yield _failed(conversation, answer, str(error))
    except Exception as error:  # the one event handler: a fault becomes a sentence, and the page goes on
        logger.error("answer failed: %s", type(error).__name__)
        logger.debug("answer failed", exc_info=error)
        yield _failed(conversation, answer, texts.FAILED)


def stop_answer(conversation: Conversation, chain: PageChain) -> Shown | None:
    """Return what the page shows once its reader stopped the answer; None when none was on its way."""
    answer = conversation.pending
    if answer is None:
        return None
    return Shown(close(conversation, answer, chain, stopped=True), answer, _stopped(answer), done=True)


def reopen(written: str, chain: PageChain) -> Shown:
    """Return what the page shows of a conversation that the browser kept; a new one for an empty text."""
    try:
        exchanges = read_records(written, chain.note) if written.strip() else ()
    except CimaiseError as error:
        return Shown(Conversation(), Answer(), str(error), done=True)
    conversation = Conversation()
    for exchange in exchanges:
        opened = Conversation((*conversation.exchanges, exchange), (*conversation.shown, ""))
        conversation = close(opened, exchange.answer, chain)
    answer = exchanges[-1].answer if exchanges else Answer()
    status = texts.reopened(len(exchanges)) if exchanges else ""  # our script says then who answers
    return Shown(conversation, answer, status, done=True)


def close(
    conversation: Conversation, answer: Answer, chain: PageChain, *, stopped: bool = False
) -> Conversation:
    """Return the conversation with its last answer complete, and what can be done with it.

    One that its reader stopped says so wherever it is read again.
    """
    kept = answer + Answer(mode=answer.mode or chain.mode, notice=_stopped(answer)) if stopped else answer
    closed = conversation.close(kept)
    last = closed.exchanges[-1]
    again = answer.mode != chain.mode or not answer.complete  # a model failed: it may answer now
    if stopped:
        body = render_stopped(answer)
    else:
        body = render_answer(answer, done=True, again=again, filters=last.filters)
    return closed.show(body + render_actions(last, chain.leads(answer)), None)


def _stopped(answer: Answer) -> str:
    return texts.STOPPED if answer.sentences else texts.STOPPED_EMPTY


def _failed(conversation: Conversation, answer: Answer, sentence: str) -> Shown:
    return Shown(conversation.show(render_failure(answer, sentence), None), answer, sentence, done=True)


def _finished(answer: Answer, question: Question) -> str:
    kept_to = describe_filters(question.filters)
    if answer.verdict == "silent" and kept_to:
        return texts.silent_in(kept_to)
    cited = len({citation.number for citation in answer.citations})
    return texts.finished(cited, sum(s.label == "unsupported" for s in answer.sentences), answer.verdict)


def _read_context(context: str) -> Mapping[str, Any]:
    try:
        read = json.loads(context or "{}")
    except (ValueError, RecursionError) as error:
        raise QuestionError(texts.CONTEXT_UNREADABLE) from error
    if not isinstance(read, Mapping):
        raise QuestionError(texts.CONTEXT_UNREADABLE)
    return read


def _place(read: Mapping[str, Any]) -> int | None:
    place = read.get("place")
    return place if isinstance(place, int) and place >= 0 else None
