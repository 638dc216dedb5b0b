"""The Gradio page: its components, and the one event that asks and streams; the only gradio import."""

import inspect
import sys
from collections.abc import AsyncGenerator
from importlib.util import find_spec
from typing import Any

import gradio as gr
from fastapi import FastAPI

from assistant.web import script_texts, texts
from assistant.web.chat.asking import PageChain, Shown, answer_question, reopen, stop_answer
from assistant.web.chat.conversation import Conversation
from assistant.web.chat.evidence import render_evidence, render_legend
from assistant.web.chat.render import render_welcome
from assistant.web.markup import element, escape
from ingest.french import hold_marks

Updates = dict[Any, Any]
MOST_AT_ONCE = 200  # answers on their way; those who ask then wait
MOST_WAITING = 400  # and after them the page asks to try again


if find_spec("matplotlib") is None:
    # Gradio tries to import it before and after each step of an answer, and a failed import walks the disk.
    sys.modules["matplotlib"] = None  # type: ignore[assignment]


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
        i18n=gr.I18n(fr=script_texts.GRADIO, en=script_texts.GRADIO),
    )


def build_page(chain: PageChain) -> gr.Blocks:
    """Return the page, its events bound to the chain."""
    with gr.Blocks(title=texts.PAGE_TITLE, analytics_enabled=False, fill_width=True) as page:
        gr.Markdown(f'<p class="cim-brand">{texts.BRAND}</p>', elem_id="rail", container=False)
        with gr.Row(elem_id="cim-shell"):
            with gr.Column(elem_id="main", min_width=0):
                parts = _main()
            with gr.Column(elem_id="evidence", min_width=0):
                parts.evidence = _html(render_legend())
        _bind(parts, chain)
    _keep_signatures(page)
    page.max_threads = MOST_AT_ONCE
    page.queue(
        default_concurrency_limit=MOST_AT_ONCE, max_size=MOST_WAITING, status_update_rate=60, api_open=False
    )
    return page


def _keep_signatures(page: gr.Blocks) -> None:
    """Keep what Gradio works out of each component's constructor for each visitor and each update, by far."""
    for component in {type(block) for block in page.blocks.values()}:
        component.__init__.__signature__ = inspect.signature(component.__init__)


class _Parts:
    """The components that events read or change."""

    chat: gr.Chatbot
    question: gr.Textbox
    ask: gr.Button
    stop: gr.Button
    context: gr.Textbox
    kept: gr.Textbox
    reopen: gr.Button
    status: gr.Markdown
    evidence: gr.Markdown
    conversation: gr.State


def _html(value: str, elem_id: str | None = None) -> gr.Markdown:
    return gr.Markdown(value, elem_id=elem_id, container=False, latex_delimiters=[])


def _main() -> _Parts:
    parts = _Parts()
    with gr.Column(elem_id="welcome", min_width=0):
        _html(render_welcome())  # the rest is of the moment: our script draws it
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
    _composer(parts)
    parts.conversation = gr.State(Conversation())
    return parts


def _composer(parts: _Parts) -> None:
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
            parts.stop = gr.Button(texts.STOP, elem_id="stop")
        with gr.Row(elem_id="under"):
            parts.status = _html("", "status")
            _html(f'<p class="cim-meta">{texts.HINT}</p>', "hint")
    # What our script writes: the scope of the next question, and a conversation to open again.
    with gr.Column(elem_id="cim-script"):
        parts.context = gr.Textbox(elem_id="cim-context", show_label=False, container=False)
        parts.kept = gr.Textbox(elem_id="cim-kept", show_label=False, container=False)
        parts.reopen = gr.Button("", elem_id="cim-reopen")


def _bind(parts: _Parts, chain: PageChain) -> None:
    async def ask(text: str, context: str, conversation: Conversation) -> AsyncGenerator[Updates, None]:
        async for shown in answer_question(text, context, conversation, chain):
            yield _updates(parts, shown)

    async def stop(conversation: Conversation) -> Updates:
        shown = stop_answer(conversation, chain)
        return _updates(parts, shown) if shown else {parts.status: ""}

    async def restore(kept: str) -> Updates:
        return _updates(parts, reopen(kept, chain)) | {parts.kept: ""}

    # Gradio makes anew each component that an update leaves out: the style sheet tells what is visible.
    outputs = [parts.chat, parts.status, parts.evidence, parts.conversation]
    common: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    typed = [parts.question.submit, parts.ask.click]
    asked = [gr.on(typed, ask, [parts.question, parts.context, parts.conversation], outputs, **common)]
    parts.stop.click(stop, [parts.conversation], outputs, cancels=asked, **common)
    parts.reopen.click(restore, [parts.kept], [*outputs, parts.kept], cancels=asked, **common)


def _updates(parts: _Parts, shown: Shown) -> Updates:
    if not shown.asked:
        return {parts.status: escape(hold_marks(shown.status))}
    legend = shown.done and not shown.answer.passages
    return {
        parts.chat: shown.conversation.to_chat(),
        parts.status: _status(shown),
        parts.evidence: render_legend() if legend else _evidence(shown),
        parts.conversation: shown.conversation,
    }


def _evidence(shown: Shown) -> str:
    exchanges = shown.conversation.exchanges
    asked = exchanges[-1].question if len(exchanges) > 1 else ""
    return render_evidence(shown.answer, done=shown.done, asked=asked)


def _status(shown: Shown) -> str:
    """Return the status line; our script reads in it whether the answer goes on, and for which question."""
    css = f"cim-asked-{shown.conversation.asked}" + ("" if shown.done else " cim-busy")
    return element("span", css, escape(hold_marks(shown.status)))
