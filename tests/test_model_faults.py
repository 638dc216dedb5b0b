"""Every fault of a model's endpoint, by every door: a calm French sentence, in time, and no secret."""

import asyncio
import gzip
import json
import logging
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import reduce
from operator import add
from typing import Any

import pytest

from assistant import Answer, AnswerChain, Settings
from assistant.chat_models import build_chat_model
from assistant.settings import Deadlines
from tests.model_server import Reply, serve_model

KEY = "sk-essai-secret-0123456789"
RAW = "Quota-Motus exceeded"  # what a provider says, in its own words
WHY = "Pourquoi développer une stratégie numérique ?"
EXTRACTS = " Voici des extraits de vos notes, sans IA."
CUT = " La réponse est interrompue ici."
HURRY = Deadlines(first_token_s=0.5, idle_s=0.5, total_s=0.9)  # where a server is late
PATIENCE = Deadlines(first_token_s=5, idle_s=5, total_s=9)  # where it is not, on a busy machine
SLACK_S = 1.2
FOREVER = 9.0  # seconds

UNWELL = "Le service du modèle ne répond pas correctement"
LATE = "Le modèle n’a pas répondu à temps"
REFUSED_KEY = "La clé d’accès au modèle est refusée"
REFUSED = "Le service du modèle refuse la demande"
TOO_LONG = "Un texte est plus long que le modèle ne l’accepte"
WAIT = "Le service du modèle demande d’attendre"
MUTE = "Le modèle n’a rien répondu"
SHORT = "Le modèle s’est interrompu avant la fin."

SAID = "Une stratégie numérique aide le musée [1]. "
BEGUN = (SAID, "Elle prépare ")
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Fault:
    """What a server does, how the French sentence begins or goes, how many requests a question makes at most."""

    reply: Reply
    sentence: str | tuple[str, ...]
    requests: int = 2


def _error(status: int, message: str = RAW, **headers: str) -> Reply:
    error = {"message": f"{message}: {KEY}", "type": RAW, "code": RAW}
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    body = json.dumps({"error": error}).encode()
    return Reply(status=status, body=body, content_type="application/json", headers=named)


def _event(**fields: Any) -> bytes:
    return f"data: {json.dumps({'id': 'c', 'object': 'chat.completion.chunk', 'created': 1, 'model': RAW} | fields)}\n\n".encode()


def _choice(finish: str | None = None, **delta: Any) -> bytes:
    return _event(choices=[{"index": 0, "delta": delta, "finish_reason": finish}])


def _body(*events: bytes) -> Reply:
    return Reply(body=b"".join(events))


ERROR_EVENT = _event(error={"message": f"{RAW} {KEY}"})
MALFORMED = f"data: {{{RAW} {KEY}\n\n".encode()
WHOLE = Reply((*BEGUN, "la crise [1]."))
BOMB = gzip.compress(b": ping\n\n" * 4_000_000, 9)

NOTHING_SHOWN = {
    "401": Fault(_error(401), REFUSED_KEY, 1),
    "403": Fault(_error(403), REFUSED_KEY, 1),
    "404": Fault(_error(404), "Le service ne connaît pas ce modèle ; vérifiez CIMAISE_MODEL", 1),
    "400": Fault(_error(400), REFUSED, 1),
    "400 context overflow": Fault(_error(400, f"{RAW}: maximum context length is 8"), TOO_LONG, 1),
    "413": Fault(_error(413), TOO_LONG, 1),
    "422": Fault(_error(422), REFUSED, 1),
    "429": Fault(_error(429), WAIT, 1),
    "429 soon": Fault(_error(429, Retry_After="0.1"), WAIT, 2),
    "429 in an hour": Fault(_error(429, Retry_After="3600"), WAIT, 1),
    "429 by a date": Fault(_error(429, Retry_After="Wed, 25 Nov 2026 15:00:00 GMT"), WAIT, 1),
    "500": Fault(_error(500), UNWELL),
    "502": Fault(_error(502), UNWELL),
    "503": Fault(_error(503), UNWELL),
    "529": Fault(_error(529), UNWELL),
    "redirect": Fault(Reply(status=307, body=b"", headers=(("Location", f"http://127.0.0.1:9/{RAW}"),)), UNWELL),
    "hang before headers": Fault(Reply(hang_s=FOREVER), LATE, 1),
    "drip of headers": Fault(Reply(raw=tuple(b"HTTP/1.1 200 OK\r\n"[i : i + 1] for i in range(17)), pause_s=0.1), LATE, 1),
    "hang after headers": Fault(Reply(stall_s=FOREVER), LATE, 1),
    "keep-alive comments": Fault(Reply((": ping\n\n",) * 40, pause_s=0.05), LATE, 1),
    "drip of words": Fault(Reply(("mot ",) * 40, pause_s=0.05), LATE, 1),
    "drip of nothing": Fault(Reply(("",) * 40, pause_s=0.05), LATE, 1),
    "not HTTP": Fault(Reply(raw=(f"{RAW}\r\n\r\n".encode(),)), UNWELL),
    "head cut": Fault(Reply(raw=(b"HTTP/1.1 200 OK\r\nContent-",)), UNWELL),
    "cut before a word": Fault(Reply(finish=None), UNWELL),
    "cut in a chunk": Fault(Reply(raw=(CHUNKED + b"40\r\ndata: {",)), UNWELL),
    "killed": Fault(Reply(reset=True), UNWELL),
    "empty body": Fault(_body(), UNWELL),
    "done at once": Fault(_body(b"data: [DONE]\n\n"), UNWELL),
    "no choice": Fault(_body(_event(choices=[]), b"data: [DONE]\n\n"), UNWELL),
    "no choices at all": Fault(_body(_event(), b"data: [DONE]\n\n"), UNWELL),
    "choices null": Fault(_body(_event(choices=None), b"data: [DONE]\n\n"), UNWELL),
    "delta null": Fault(_body(_event(choices=[{"index": 0, "delta": None, "finish_reason": "stop"}])), UNWELL),
    "choices of another kind": Fault(_body(_event(choices=RAW)), UNWELL),
    "event of another kind": Fault(_body(b"data: [1, 2]\n\n"), UNWELL),
    "content null": Fault(_body(_choice(content=None), _choice("stop")), MUTE, 1),
    "content empty": Fault(Reply(("",)), MUTE, 1),
    "content blank": Fault(Reply((" \n", "\n")), MUTE, 1),
    "refusal field": Fault(Reply(deltas=({"refusal": RAW},)), MUTE, 1),
    "tool calls": Fault(Reply(deltas=({"tool_calls": [{"index": 0, "id": "t", "type": "function", "function": {"name": RAW, "arguments": "{}"}}]},), finish="tool_calls"), MUTE, 1),
    "reasoning only": Fault(Reply(deltas=({"reasoning_content": RAW},)), MUTE, 1),
    "thoughts only": Fault(Reply((f"<think>{RAW}",)), MUTE, 1),
    "content_filter": Fault(Reply(finish="content_filter"), MUTE, 1),
    "length": Fault(Reply(("Une ",), finish="length"), MUTE, 1),
    "HTML": Fault(Reply(body=f"<html>{RAW} {KEY}</html>".encode(), content_type="text/html"), UNWELL),
    "JSON of another kind": Fault(Reply(body=b'{"ok": true}', content_type="application/json"), UNWELL),
    "malformed event": Fault(_body(MALFORMED), UNWELL),
    "malformed UTF-8": Fault(_body(b"data: \xff\xfe\n\n"), UNWELL),
    "error event": Fault(_body(ERROR_EVENT), UNWELL),
    "huge event": Fault(_body(b"data: " + b"x" * 5_000_000 + b"\n\n"), UNWELL),
    "line without an end": Fault(Reply((":" + "x" * 100_000,), endless=True), UNWELL),
    "huge comment": Fault(_body(b": ping\n\n" * 600_000), (UNWELL, LATE)),
    "compressed": Fault(Reply(body=BOMB, headers=(("Content-Encoding", "gzip"),)), UNWELL),
}  # fmt: skip

SOMETHING_SHOWN = {
    "hang": Fault(Reply(BEGUN, stall_s=FOREVER), LATE + ".*" + CUT),
    "comments": Fault(Reply((*BEGUN, *(": ping\n\n",) * 40), pause_s=0.05), LATE + ".*" + CUT),
    "endless": Fault(Reply((SAID,), endless=True), f"(?:{LATE}.*|Le modèle a écrit plus que la longueur permise\\.){CUT}"),
    "killed": Fault(Reply(BEGUN, stall_s=0.1, reset=True), UNWELL + ".*" + CUT),
    "cut in a chunk": Fault(Reply(raw=(CHUNKED, b"%x\r\n%b\r\n40\r\ndata" % (len(_choice(content=SAID + "Elle ")), _choice(content=SAID + "Elle ")))), UNWELL + ".*" + CUT),
    "error event": Fault(Reply(BEGUN, finish=None, tail=ERROR_EVENT), UNWELL + ".*" + CUT),
    "malformed event": Fault(Reply(BEGUN, finish=None, tail=MALFORMED), UNWELL + ".*" + CUT),
    "huge event": Fault(Reply(BEGUN, finish=None, tail=b"data: " + b"x" * 5_000_000), UNWELL + ".*" + CUT),
    "cut": Fault(Reply(BEGUN, finish=None), SHORT),
    "length": Fault(Reply(BEGUN, finish="length"), SHORT),
    "content_filter": Fault(Reply(BEGUN, finish="content_filter"), SHORT),
}  # fmt: skip

HARMLESS = {
    "another content type": replace(WHOLE, content_type="application/json"),
    "no usage": replace(WHOLE, usage=None),
    "comments between": Reply((": ping\n\n", BEGUN[0], ": ping\n\n", *BEGUN[1:], "la crise [1].")),
    "events by CRLF": _body(*(event.replace(b"\n", b"\r\n") for event in (_choice(content=SAID), _choice(content="Elle prépare la crise [1]."), _choice("stop")))),
    "late chunk of nothing": replace(WHOLE, finish=None, tail=_choice("stop") + _choice() + _event(choices=[])),
    "no stream": replace(WHOLE, whole=True, content_type="application/json"),
    "usage twice": replace(WHOLE, tail=_event(choices=[], usage=None)),
}  # fmt: skip

Door = Callable[[AnswerChain], Answer]


async def _astream(chain: AnswerChain) -> Answer:
    return reduce(add, [part async for part in chain.astream(WHY)])


DOORS: dict[str, Door] = {
    "invoke": lambda chain: chain.invoke(WHY),
    "stream": lambda chain: reduce(add, chain.stream(WHY)),
    "ainvoke": lambda chain: asyncio.run(chain.ainvoke(WHY)),
    "astream": lambda chain: asyncio.run(_astream(chain)),
}


@pytest.fixture(scope="module")
def extracts(demo_chain: AnswerChain) -> Answer:
    """What the notes answer by themselves."""
    return demo_chain.invoke(WHY)


def _chain(demo_chain: AnswerChain, url: str, deadlines: Deadlines = PATIENCE) -> AnswerChain:
    """Return a chain on the demonstration vault that asks the server."""
    limits = {f"{name.removesuffix('_s')}_timeout_s": value for name, value in asdict(deadlines).items()}
    settings = Settings(model="openai:essai", openai_base_url=url, openai_api_key=KEY, **limits)
    retriever = demo_chain.retriever
    return AnswerChain(retriever.snapshots, retriever.embeddings, settings, build_chat_model(settings))


def _ask(door: Door, chain: AnswerChain, limit_s: float) -> Answer:
    started = time.monotonic()
    answer = door(chain)
    assert time.monotonic() - started < limit_s + SLACK_S
    return answer


def _ask_by_all_doors(
    demo_chain: AnswerChain, url: str, deadlines: Deadlines = PATIENCE
) -> dict[str, Answer]:
    """Ask a chain of its own by each door, at once, for they wait most of the time."""
    chains = {name: _chain(demo_chain, url, deadlines) for name in DOORS}
    with ThreadPoolExecutor(len(DOORS)) as pool:
        asked = {
            name: pool.submit(_ask, door, chains[name], deadlines.total_s) for name, door in DOORS.items()
        }
        return {name: future.result() for name, future in asked.items()}


@pytest.fixture(autouse=True)
def _no_secret(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """See that neither the key nor the provider's words reach a log, at any level, or the screen."""
    caplog.set_level(logging.DEBUG)
    yield
    shown = caplog.text + "".join(capfd.readouterr())
    assert KEY not in shown
    assert RAW not in shown
    assert "Traceback" not in shown


def _check_words(answer: Answer) -> None:
    """See that an answer holds no secret in any of its forms."""
    for form in (json.dumps(answer.to_dict(), ensure_ascii=False), repr(answer)):
        assert KEY not in form
        assert RAW not in form


def _check_extracts(answer: Answer, extracts: Answer, sentence: str | tuple[str, ...]) -> None:
    assert answer.notice is not None
    assert answer.notice.startswith(sentence)
    assert answer.notice.endswith(EXTRACTS)
    assert len(re.findall(r"[.!?](?: |$)", answer.notice)) == 2
    assert (answer.mode, answer.complete) == ("extracts", True)
    assert (answer.passages, answer.sentences) == (extracts.passages, extracts.sentences)
    assert (answer.citations, answer.verdict) == (extracts.citations, extracts.verdict)
    _check_words(answer)


def _deadlines(fault: Fault) -> Deadlines:
    return HURRY if LATE in str(fault.sentence) else PATIENCE


@pytest.mark.parametrize("fault", NOTHING_SHOWN)
def test_fault_before_a_word_is_shown_ends_in_a_sentence_and_extracts(
    demo_chain: AnswerChain, extracts: Answer, fault: str
) -> None:
    expected = NOTHING_SHOWN[fault]
    with serve_model(expected.reply) as server:
        answers = _ask_by_all_doors(demo_chain, server.url, _deadlines(expected))
    for answer in answers.values():
        _check_extracts(answer, extracts, expected.sentence)
        assert 1 <= answer.usage.requests <= expected.requests
    assert len(server.requests) == sum(answer.usage.requests for answer in answers.values())


@pytest.mark.parametrize("fault", SOMETHING_SHOWN)
def test_fault_after_a_sentence_leaves_it_and_says_that_the_answer_is_cut(
    demo_chain: AnswerChain, extracts: Answer, fault: str
) -> None:
    expected = SOMETHING_SHOWN[fault]
    with serve_model(expected.reply) as server:
        answers = _ask_by_all_doors(demo_chain, server.url, _deadlines(expected))
    for answer in answers.values():
        assert answer.notice is not None
        assert re.fullmatch(str(expected.sentence), answer.notice)
        assert (answer.mode, answer.complete, answer.passages) == ("model", False, extracts.passages)
        assert str(answer.sentences[0]) == SAID.strip()
        assert answer.usage.requests == 1
        _check_words(answer)
    assert len(server.requests) == len(DOORS)


@pytest.mark.parametrize("oddity", HARMLESS)
def test_oddity_that_harms_nothing_is_not_seen(demo_chain: AnswerChain, oddity: str) -> None:
    with serve_model(HARMLESS[oddity]) as server:
        answers = _ask_by_all_doors(demo_chain, server.url)
    for answer in answers.values():
        assert (answer.text, answer.notice) == (f"{SAID}Elle prépare la crise.", None)
        assert answer.complete


@pytest.mark.parametrize("fault", ["refused", "no such name", "TLS to a plain port"])
def test_server_that_cannot_be_reached_ends_in_a_sentence_and_extracts(
    demo_chain: AnswerChain, extracts: Answer, fault: str, network_attempts: list[str]
) -> None:
    with serve_model() as server:
        urls = {
            "refused": "http://127.0.0.1:9/v1",
            "no such name": "http://nulle-part.invalid/v1",
            "TLS to a plain port": server.url.replace("http:", "https:"),
        }
        answers = _ask_by_all_doors(demo_chain, urls[fault])
    for answer in answers.values():
        _check_extracts(answer, extracts, UNWELL)
    assert set(network_attempts) <= ({"nulle-part.invalid"} if fault == "no such name" else set())


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest) -> Door:
    """Each of the doors by which a chain is asked."""
    return DOORS[request.param]


@pytest.mark.parametrize("first", [_error(503), Reply(finish=None), _error(429, Retry_After="0.1")])
def test_passing_fault_is_tried_again_once_and_not_seen(
    demo_chain: AnswerChain, door: Door, first: Reply
) -> None:
    with serve_model(first, WHOLE) as server:
        answer = door(_chain(demo_chain, server.url))
    assert (answer.mode, answer.complete, answer.notice) == ("model", True, None)
    assert len(server.requests) == answer.usage.requests == 2


def test_second_attempt_has_only_what_the_first_left_of_the_deadline(
    demo_chain: AnswerChain, door: Door, extracts: Answer
) -> None:
    deadlines = Deadlines(first_token_s=1)
    with serve_model(replace(_error(503), hang_s=0.5), Reply(hang_s=FOREVER)) as server:
        chain = _chain(demo_chain, server.url, deadlines)
        started = time.monotonic()
        answer = door(chain)
        elapsed = time.monotonic() - started
    _check_extracts(answer, extracts, LATE)
    assert len(server.requests) == 2
    assert elapsed < 1.45  # the first deadline once, not once an attempt


def test_wait_asked_for_beyond_the_deadline_is_not_waited(
    demo_chain: AnswerChain, door: Door, extracts: Answer
) -> None:
    with serve_model(_error(429, Retry_After="2"), WHOLE) as server:
        answer = _ask(door, _chain(demo_chain, server.url, HURRY), HURRY.total_s)
    _check_extracts(answer, extracts, WAIT)
    assert len(server.requests) == 1


def test_model_that_was_late_once_answers_the_next_question(demo_chain: AnswerChain, door: Door) -> None:
    with serve_model(Reply(hang_s=FOREVER), WHOLE) as server:
        chain = _chain(demo_chain, server.url, replace(HURRY, first_token_s=0.9))
        assert door(chain).mode == "extracts"
        assert door(chain).mode == "model"


@pytest.mark.campaign
@pytest.mark.parametrize(
    ("reply", "limit_s"),
    [
        (Reply(hang_s=200), 15),
        (Reply(BEGUN, stall_s=200), 20),
        (Reply((": ping\n\n",) * 900, pause_s=0.2), 15),
        (Reply(("",) * 900, pause_s=0.2), 90),
    ],
    ids=["hang", "stall", "comments", "drip"],
)
def test_default_deadlines_of_a_remote_model_are_kept(
    demo_chain: AnswerChain, door: Door, reply: Reply, limit_s: float
) -> None:
    with serve_model(reply) as server:
        chain = _chain(demo_chain, server.url, Deadlines())
        started = time.monotonic()
        answer = door(chain)
        elapsed = time.monotonic() - started
    assert limit_s - 1 < elapsed < limit_s + 2
    assert answer.notice is not None
    assert answer.notice.startswith(LATE)
