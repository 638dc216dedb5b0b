"""The Gradio page: its components, and the one event that asks and streams; the only gradio import."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, Protocol, cast

import gradio as gr
from fastapi import FastAPI

from assistant.answer import Answer, Mode, Question
from assistant.web import texts
from assistant.web.conversation import Conversation
from assistant.web.evidence import render_evidence, render_legend
from assistant.web.markup import escape
from assistant.web.render import render_answer, render_failure, render_welcome
from ingest.errors import CimaiseError
from ingest.store import StoredNote

logger = logging.getLogger(__name__)

Updates = dict[Any, Any]


class PageChain(Protocol):
    """What the page needs of the chain."""

    @property
    def note_count(self) -> int:
        """How many notes are searched."""

    @property
    def vault_name(self) -> str:
        """Name of the vault, as people call it."""

    @property
    def remote_host(self) -> str | None:
        """Host asked when an endpoint is remote."""

    @property
    def mode(self) -> Mode:
        """Who writes the answers."""

    def starters(self) -> tuple[str, ...]:
        """Return questions to begin with."""

    def note(self, note_id: str, /) -> StoredNote | None:
        """Return a note by its id."""

    def astream(self, question: Question, /) -> AsyncIterator[Answer]:
        """Yield the parts of an answer."""


def mount_page(app: FastAPI, chain: PageChain) -> None:
    """Mount the page at the root of `app`; nothing of the environment can open more than that."""
    gr.mount_gradio_app(
        app,
        build_page(chain),
        path="/",
        footer_links=[],
        run_history=False,
        allowed_paths=[],
        show_error=False,
        max_file_size=1,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
        theme=gr.themes.Base(font=["sans-serif"], font_mono=["monospace"]),
        i18n=gr.I18n(fr=texts.GRADIO, en=texts.GRADIO),
    )


def build_page(chain: PageChain) -> gr.Blocks:
    """Return the page, its events bound to the chain."""
    with gr.Blocks(title=texts.PAGE_TITLE, analytics_enabled=False, fill_width=True) as page:
        gr.Markdown(f'<p class="cim-brand">{texts.BRAND}</p>', elem_id="rail", container=False)
        with gr.Row(elem_id="cim-shell"):
            with gr.Column(elem_id="main", min_width=0):
                parts = _main(chain)
            with gr.Column(elem_id="evidence", min_width=0):
                parts.evidence = _html(render_legend())
        _bind(parts, chain)
    page.max_threads = 200
    page.queue(default_concurrency_limit=40, max_size=400, api_open=False)
    return page


class _Parts:
    """The components that events read or change."""

    welcome: gr.Column
    starters: list[gr.Button]
    chat: gr.Chatbot
    question: gr.Textbox
    ask: gr.Button
    stop: gr.Button
    status: gr.Markdown
    evidence: gr.Markdown
    conversation: gr.State


def _html(value: str, elem_id: str | None = None) -> gr.Markdown:
    return gr.Markdown(value, elem_id=elem_id, container=False, latex_delimiters=[])


def _main(chain: PageChain) -> _Parts:
    parts = _Parts()
    with gr.Column(elem_id="welcome", min_width=0) as parts.welcome:
        starters = chain.starters()
        mode = texts.mode_line(chain.mode, chain.remote_host)
        _html(
            render_welcome(texts.welcome_lead(chain.note_count, chain.vault_name), mode, ask=bool(starters))
        )
        parts.starters = [gr.Button(text, elem_classes="cim-starter") for text in starters]
    parts.chat = gr.Chatbot(
        elem_id="chat",
        label=texts.CONVERSATION,
        show_label=False,
        container=False,
        height="auto",
        layout="panel",
        buttons=[],
        feedback_options=None,
        latex_delimiters=[],
        allow_tags=False,
        autoscroll=False,
        group_consecutive_messages=False,
        line_breaks=False,
    )
    with gr.Column(elem_id="composer", min_width=0):
        with gr.Row(elem_id="field"):
            parts.question = gr.Textbox(
                elem_id="q",
                label=texts.QUESTION,
                placeholder=texts.QUESTION,
                show_label=False,
                container=False,
                lines=1,
                max_lines=5,
                max_length=2000,
            )
            parts.ask = gr.Button(texts.ASK, variant="primary", elem_id="send")
            parts.stop = gr.Button(texts.STOP, elem_id="stop", visible=False)
        with gr.Row(elem_id="under"):
            parts.status = _html(escape(texts.mode_line(chain.mode, chain.remote_host)), "status")
            _html(f'<p class="cim-meta">{texts.HINT}</p>', "hint")
    parts.conversation = gr.State(Conversation())
    return parts


def _bind(parts: _Parts, chain: PageChain) -> None:
    async def ask(text: str, conversation: Conversation) -> AsyncGenerator[Updates, None]:
        async for updates in _answer(text, conversation, parts, chain):
            yield updates

    async def stop(conversation: Conversation) -> Updates:
        answer = conversation.pending
        if answer is None:
            return _buttons(parts, busy=False)
        shown = conversation.show(render_answer(answer, done=False, stopped=True), None)
        if answer.sentences:
            shown = shown.close(answer.question, answer)
        status = texts.STOPPED if answer.sentences else texts.STOPPED_EMPTY
        return _shown(parts, shown, answer, status, done=True)

    outputs = [
        parts.welcome, parts.chat, parts.question, parts.ask, parts.stop, parts.status, parts.evidence,
        parts.conversation,
    ]  # fmt: skip
    common: dict[str, Any] = {"outputs": outputs, "show_progress": "hidden", "api_visibility": "private"}
    typed = [parts.question.submit, parts.ask.click]
    asked = [gr.on(typed, ask, [parts.question, parts.conversation], **common)]
    asked += [starter.click(ask, [starter, parts.conversation], **common) for starter in parts.starters]
    parts.stop.click(stop, [parts.conversation], cancels=asked, **common)


async def _answer(
    text: str, conversation: Conversation, parts: _Parts, chain: PageChain
) -> AsyncGenerator[Updates, None]:
    """Yield what the page shows, from the question to the last checked sentence."""
    if not text.strip():
        yield {parts.status: texts.EMPTY_QUESTION}
        return
    question = Question(text.strip(), conversation.turns)
    conversation, answer = conversation.ask(question.text), Answer()
    shown = conversation.show(render_answer(answer, done=False, notes=chain.note_count), answer)
    searching = _shown(parts, shown, answer, texts.searching(chain.note_count), done=False)
    yield searching | {parts.welcome: gr.update(visible=False), parts.question: ""}
    try:
        async with aclosing(cast(AsyncGenerator[Answer, None], chain.astream(question))) as stream:
            async for part in stream:
                answer = answer + part
                shown = conversation.show(render_answer(answer, done=False, notes=chain.note_count), answer)
                yield _shown(parts, shown, answer, texts.writing(len(answer.passages)), done=False)
        done = conversation.show(render_answer(answer, done=True), None).close(question.text, answer)
        yield _shown(parts, done, answer, _finished(answer), done=True)
    except CimaiseError as error:
        yield _failed(parts, conversation, answer, str(error))
    except Exception as error:  # the one event handler: a fault becomes a sentence, and the page goes on
        logger.error("answer failed: %s", type(error).__name__)
        logger.debug("answer failed", exc_info=error)
        yield _failed(parts, conversation, answer, texts.FAILED)


def _failed(parts: _Parts, conversation: Conversation, answer: Answer, sentence: str) -> Updates:
    shown = conversation.show(render_failure(answer, sentence), None)
    return _shown(parts, shown, answer, sentence, done=True)


def _finished(answer: Answer) -> str:
    cited = len({citation.number for citation in answer.citations})
    return texts.finished(cited, sum(s.label == "unsupported" for s in answer.sentences), answer.verdict)


def _shown(parts: _Parts, conversation: Conversation, answer: Answer, status: str, *, done: bool) -> Updates:
    updates = _buttons(parts, busy=not done)
    updates[parts.chat] = conversation.to_chat()
    updates[parts.status] = escape(status)
    updates[parts.conversation] = conversation
    updates[parts.evidence] = render_evidence(answer, done=done)
    return updates


def _buttons(parts: _Parts, *, busy: bool) -> Updates:
    return {parts.ask: gr.update(visible=not busy), parts.stop: gr.update(visible=busy)}
