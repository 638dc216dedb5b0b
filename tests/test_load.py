"""A room full of visitors: each has its own answer and nobody else's, soon; who leaves makes room."""

import asyncio
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant import AnswerChain
from tests.demonstration_questions import QUESTIONS
from tests.load_client import CANCEL, HEARTBEAT, JOIN, READ, Chat, Visitor, arrive, chat_at_once, p95, summary
from tests.load_site import TalkingModel, answer_of, served_page, talking_model
from tests.test_demonstration import SEED
from tests.views_site import write_vault

ROOMS = 100
BARS = {40: 1.0, 100: 2.0}  # seconds to the first text of 95 % of so many who ask at once


def _kept_in(room: int) -> str:
    return f"toile-{room:03}-{room * 7919 % 1000:03}"


def _asked_by(room: int) -> str:
    return f"visiteuse-{room:03}-{room * 6133 % 1000:03}"


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a vault with a secret in each of its folders."""
    folder = tmp_path_factory.mktemp("rooms")
    notes = {
        f"Salle {room:03}/Réserve.md": f"# Réserve\n\nLa réserve garde la peinture {_kept_in(room)} à l’abri.\n"
        for room in range(ROOMS)
    }
    with served_page(write_vault(folder / "coffre", notes), folder / "index") as port:
        yield port


def _said(chats: list[Chat]) -> str:
    return b"".join(chat.said for chat in chats).decode("unicode_escape", "replace")


def test_visitors_who_ask_at_once_see_their_own_secrets_only(rooms: int) -> None:
    async def visit(visitor: Visitor, room: int) -> list[Chat]:
        question = f"Que garde la réserve ? {_asked_by(room)}"
        return [await visitor.ask(question, folder=f"Salle {room:03}") for _ in range(2)]

    async def visits() -> list[list[Chat]]:
        visitors = await arrive(rooms, ROOMS)
        return await asyncio.gather(*(visit(visitor, room) for room, visitor in enumerate(visitors)))

    for room, chats in enumerate(asyncio.run(visits())):
        assert all(chat.answered for chat in chats)
        said = _said(chats)
        assert _kept_in(room) in said
        assert _asked_by(room) in said
        others = [other for other in range(ROOMS) if other != room]
        assert [other for other in others if _kept_in(other) in said or _asked_by(other) in said] == []


def test_thief_of_a_session_is_refused_wherever_it_is_used(rooms: int) -> None:
    async def steal() -> tuple[list[int], Chat, Chat]:
        owner, thief = await arrive(rooms, 2)
        first = await owner.ask("Que garde la réserve ?")
        thief.session = owner.session
        refused = [
            (await thief.ask("Que garde la réserve ?")).status,
            await thief.status(f"{READ}?session_hash={thief.session}"),
            await thief.status(f"{HEARTBEAT}{thief.session}"),
            (await thief.post(CANCEL, fn_index=0, event_id=first.event_id))[0],
            (await Visitor(rooms).post(JOIN, data=[], fn_index=0))[0],
        ]
        return refused, first, await owner.ask("Et la peinture ?")

    refused, *own = asyncio.run(steal())
    assert refused == [403] * 5
    assert all(chat.answered for chat in own)


def test_ten_at_once_have_their_evidence_then_their_text(rooms: int) -> None:
    async def ask() -> list[Chat]:
        return await chat_at_once(await arrive(rooms, 10), ["Que garde la réserve ?"])

    chats = asyncio.run(ask())
    print(summary("ten at once", chats))  # noqa: T201 - shown by pytest -s, and where it fails
    assert all(chat.answered for chat in chats)
    assert all((chat.evidence_s or 0) <= (chat.text_s or 0) <= (chat.end_s or 0) for chat in chats)
    assert max(chat.size_bytes for chat in chats) < 200_000


# The campaign: a whole room, a whole school, those who leave, those who come too late.


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demonstration vault is indexed, once."""
    return tmp_path_factory.mktemp("load") / "index"


@pytest.fixture
def model(demo_chain: AnswerChain) -> Iterator[TalkingModel]:
    """A model that takes five seconds to say what the notes say, a piece each 50 ms."""
    said = [(s.text, s.numbers[0]) for s in demo_chain.invoke(SEED).sentences if s.numbers]
    with talking_model(answer_of(said, length=900), pieces=100, pause_s=0.05) as talking:
        yield talking


def _run(port: int, number: int, questions: list[str], name: str) -> list[Chat]:
    """Have so many ask at once, after a few who come before, and print how it went."""

    async def run() -> list[Chat]:
        await chat_at_once(await arrive(port, 3), questions)
        return await chat_at_once(await arrive(port, number), questions)

    chats = asyncio.run(run())
    print(f"\n{summary(name, chats)} | load {os.getloadavg()[0]:.1f}")  # noqa: T201 - the figures of the campaign
    return chats


@pytest.mark.campaign
@pytest.mark.parametrize("number", BARS)
def test_room_has_its_first_text_soon_from_extracts(
    demonstration_vault: Path, index: Path, number: int
) -> None:
    with served_page(demonstration_vault, index) as port:
        chats = _run(port, number, list(QUESTIONS), "extracts")
    assert all(chat.answered for chat in chats)
    assert p95(chat.text_s or 99 for chat in chats) <= BARS[number]


@pytest.mark.campaign
@pytest.mark.parametrize("number", BARS)
def test_room_has_its_first_text_soon_from_a_model(
    demonstration_vault: Path, index: Path, model: TalkingModel, number: int
) -> None:
    with served_page(demonstration_vault, index, model.environment) as port:
        chats = _run(port, number, [SEED], "model")
    assert all(chat.answered for chat in chats)
    assert model.counts["whole"] == number + 3
    assert p95(chat.text_s or 99 for chat in chats) <= BARS[number]


@pytest.mark.campaign
def test_those_who_leave_are_forgotten_by_the_model_and_make_room(
    demonstration_vault: Path, index: Path, model: TalkingModel
) -> None:
    async def leave(port: int) -> tuple[list[Chat], Chat]:
        visitors = await arrive(port, 201)
        left = await asyncio.gather(*(v.ask(SEED, leave_at=b"cim-claim-text") for v in visitors[:200]))
        started = time.monotonic()
        while model.counts["left"] + model.counts["whole"] < 200:
            assert time.monotonic() - started < 30, model.counts
            await asyncio.sleep(0.1)
        print(f"\n200 left: {model.counts} after {time.monotonic() - started:.1f} s")  # noqa: T201
        return left, await visitors[-1].ask(SEED)

    with served_page(demonstration_vault, index, model.environment, room=(50, 200)) as port:
        left, last = asyncio.run(leave(port))
    assert all(chat.text_s is not None and chat.end_s is None for chat in left)
    assert last.answered
    assert model.counts["whole"] <= 20  # those who left near the end


@pytest.mark.campaign
def test_those_whom_the_queue_cannot_hold_are_told_and_may_try_again(
    demonstration_vault: Path, index: Path, model: TalkingModel
) -> None:
    async def crowd(port: int) -> tuple[list[Chat], list[Chat]]:
        visitors = await arrive(port, 110)
        chats = await chat_at_once(visitors, [SEED])
        refused = [visitor for visitor, chat in zip(visitors, chats, strict=True) if chat.status != 200]
        return chats, await chat_at_once(refused, [SEED])

    with served_page(demonstration_vault, index, model.environment, room=(40, 30)) as port:
        chats, again = asyncio.run(crowd(port))
    refused = [chat for chat in chats if chat.status != 200]
    print(f"\n{summary('110 on 40 + 30', chats)} | {len(refused)} refused")  # noqa: T201
    assert 0 < len(refused) <= 40
    assert {chat.status for chat in refused} == {503}
    assert all(
        "full" in json.loads(chat.said)["detail"] for chat in refused
    )  # what our script puts in French
    assert all(chat.answered for chat in (*chats, *again) if chat not in refused)
