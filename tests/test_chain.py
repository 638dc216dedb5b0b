"""The chain is a LangChain Runnable: one path, the same answer by whichever door it is asked."""

import asyncio
import shutil
from collections.abc import Callable, Generator
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any, cast

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.language_models import FakeListChatModel
from langchain_core.runnables import Runnable, RunnableLambda
from langchain_core.tracers.langchain import wait_for_all_tracers
from langchain_openai import OpenAIEmbeddings
from pydantic import SecretStr

from assistant import Answer, AnswerChain, Filters, Question, Settings, build_chain
from assistant.answer import Turn
from ingest.errors import IndexMismatchError, QuestionError, VaultError
from tests.model_server import Reply, serve_model

WHY = "Pourquoi développer une stratégie numérique ?"
QUESTIONS = [WHY, "Comment réparer un carburateur de tondeuse ?", "Que dit Max Hollein ?", "zzzz"]
VAULT = {
    "Zola.md": "---\ntags: [auteur]\ndate: 2022-05-12\n---\n# Zola\n\nÉmile Zola écrit au musée pendant tout un été.",
    "Lieux/Met.md": "# Met\n\nMax Hollein dirige le Met et défend la médiation numérique.",
}
ASKED = "Où Zola écrit-il ?"


class _Seen(BaseCallbackHandler):
    """Notes which of LangChain's events came, in order."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.outputs: list[Any] = []

    def on_chain_start(self, *_: Any, **__: Any) -> None:
        self.events.append("start")

    def on_chain_end(self, outputs: Any, **_: Any) -> None:
        self.events.append("end")
        self.outputs.append(outputs)

    def on_chain_error(self, *_: Any, **__: Any) -> None:
        self.events.append("error")

    def on_chat_model_start(self, *_: Any, **__: Any) -> None:
        self.events.append("model")


@pytest.fixture
def settings(make_vault: Callable[..., Path], tmp_path: Path) -> Settings:
    """The settings of a vault of two notes, not indexed yet."""
    return Settings(vault=make_vault(VAULT), index=tmp_path / "index")


def _ask(settings: Settings, asked: Any = ASKED, **given: Any) -> Answer:
    chain = build_chain(settings, **given)
    try:
        return chain.invoke(asked)
    finally:
        chain.close()


async def _parts(chain: AnswerChain, asked: Any, config: Any = None) -> list[Answer]:
    return [part async for part in chain.astream(asked, config)]


def test_the_promise_made_in_python_is_kept(
    demonstration_vault: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(demonstration_vault.parent)
    promise = """
from assistant import Settings, build_chain
chain = build_chain(Settings(vault="notes"))
answer = chain.invoke("Pourquoi développer une stratégie numérique ?")
print(answer.text, [(c.number, c.note, c.quote) for c in answer.citations])
"""
    scope: dict[str, Any] = {}
    exec(promise, scope)  # noqa: S102 - word for word, as a reader would paste it
    scope["chain"].close()
    answer = scope["answer"]
    assert isinstance(scope["chain"], Runnable)
    assert answer.grounded
    assert capsys.readouterr().out.startswith(answer.text)


@pytest.mark.parametrize("asked", QUESTIONS)
def test_the_parts_of_a_stream_add_up_to_the_answer(demo_chain: AnswerChain, asked: str) -> None:
    assert reduce(add, demo_chain.stream(asked)) == demo_chain.invoke(asked)


@pytest.mark.parametrize("asked", QUESTIONS)
def test_an_answer_is_the_same_in_a_loop(demo_chain: AnswerChain, asked: str) -> None:
    answer = demo_chain.invoke(asked)
    assert asyncio.run(demo_chain.ainvoke(asked)) == answer
    assert asyncio.run(_parts(demo_chain, asked)) == list(demo_chain.stream(asked))


@pytest.mark.parametrize("asked", QUESTIONS)
def test_examining_gives_the_answer_and_what_was_found_for_it(demo_chain: AnswerChain, asked: str) -> None:
    answer, finding = demo_chain.examine(asked)
    assert answer == demo_chain.invoke(asked)
    assert finding == demo_chain.retriever.find(Question(asked))
    assert answer.passages == finding.passages


def test_a_batch_answers_each_question_in_its_place(demo_chain: AnswerChain) -> None:
    answers = [demo_chain.invoke(asked) for asked in QUESTIONS]
    assert demo_chain.batch(list(QUESTIONS)) == answers
    assert asyncio.run(demo_chain.abatch(list(QUESTIONS))) == answers


def test_passages_come_first_then_sentences_then_the_verdict(demo_chain: AnswerChain) -> None:
    first, *middle, last = demo_chain.stream(WHY)
    assert (first.question, len(first.passages), first.sentences) == (WHY, 10, ())
    assert all(len(part.sentences) == 1 and part.citations for part in middle)
    assert (last.verdict, last.mode, last.sentences) == ("answered", "extracts", ())


@pytest.mark.parametrize(
    "asked",
    [
        WHY,
        Question(WHY),
        {"question": WHY},
        {"question": WHY, "history": [], "filters": {}},
        {"question": WHY, "history": None, "filters": None},
        {"question": f"  {WHY}\n"},
        {"question": WHY, "history": [{"role": "user", "content": "Qui est Max Hollein ?"}]},
        Question(WHY, (Turn("assistant", "Bonjour."),), Filters()),
    ],
)
def test_a_question_is_taken_in_all_its_forms(demo_chain: AnswerChain, asked: Any) -> None:
    assert demo_chain.invoke(asked) == demo_chain.invoke(WHY)


def test_a_follow_up_is_answered_with_the_question_before(demo_chain: AnswerChain) -> None:
    history = [
        {"role": "user", "content": "Que dit Max Hollein du musée ?"},
        {"role": "assistant", "content": "…"},
    ]
    answer = demo_chain.invoke({"question": "Et sur la mission éducative ?", "history": history})
    assert "Max Hollein" in answer.passages[0].note
    assert answer.question == "Et sur la mission éducative ?"


def test_filters_keep_to_a_part_of_the_vault(demo_chain: AnswerChain) -> None:
    answer = demo_chain.invoke({"question": WHY, "filters": {"folders": ["Forum"]}})
    assert answer.passages
    assert all(passage.path.startswith("Forum/") for passage in answer.passages)


@pytest.mark.parametrize("asked", ["", " ", {"question": 3}, {}, None, {"question": "Qui ?", "filters": []}])
def test_what_cannot_be_taken_is_refused_at_every_door(demo_chain: AnswerChain, asked: Any) -> None:
    for ask in (demo_chain.invoke, lambda it: list(demo_chain.stream(it)), lambda it: demo_chain.batch([it])):
        with pytest.raises(QuestionError):
            ask(asked)
    with pytest.raises(QuestionError):
        asyncio.run(demo_chain.ainvoke(asked))
    with pytest.raises(QuestionError):
        asyncio.run(_parts(demo_chain, asked))


def test_it_can_be_piped_both_ways(demo_chain: AnswerChain) -> None:
    pipe: Runnable[Any, str] = (
        RunnableLambda(lambda topic: f"Pourquoi développer {topic} ?")
        | demo_chain
        | (lambda answer: answer.text)
    )
    text = demo_chain.invoke(WHY).text
    assert pipe.invoke("une stratégie numérique") == text
    assert list(pipe.stream("une stratégie numérique")) == [text]
    assert asyncio.run(pipe.ainvoke("une stratégie numérique")) == text


def test_callbacks_see_the_question_and_the_answer(demo_chain: AnswerChain) -> None:
    seen = _Seen()
    answer = demo_chain.invoke(WHY, {"callbacks": [seen]})
    assert seen.events == ["start", "end"]
    assert seen.outputs == [answer]


def test_callbacks_see_a_stream_end_with_the_whole_answer(demo_chain: AnswerChain) -> None:
    seen, again = _Seen(), _Seen()
    answer = reduce(add, demo_chain.stream(WHY, {"callbacks": [seen]}))
    asyncio.run(_parts(demo_chain, WHY, {"callbacks": [again]}))
    assert seen.events == again.events == ["start", "end"]
    assert seen.outputs == again.outputs == [answer]


def test_callbacks_see_an_error(demo_chain: AnswerChain) -> None:
    seen = _Seen()
    with pytest.raises(QuestionError):
        demo_chain.invoke("", {"callbacks": [seen]})
    assert seen.events == ["start", "error"]


@pytest.mark.parametrize("door", ["invoke", "stream", "ainvoke", "astream"])
def test_callbacks_see_the_model_at_every_door(settings: Settings, door: str) -> None:
    seen = _Seen()
    chain = build_chain(settings, chat_model=FakeListChatModel(responses=["Zola écrit au musée [1]."]))
    doors: dict[str, Callable[[], object]] = {
        "invoke": lambda: chain.invoke(ASKED, {"callbacks": [seen]}),
        "stream": lambda: list(chain.stream(ASKED, {"callbacks": [seen]})),
        "ainvoke": lambda: asyncio.run(chain.ainvoke(ASKED, {"callbacks": [seen]})),
        "astream": lambda: asyncio.run(_parts(chain, ASKED, {"callbacks": [seen]})),
    }
    doors[door]()
    chain.close()
    assert seen.events == ["start", "model", "end"]


def test_the_ambient_environment_does_not_switch_tracing_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, network_attempts: list[str]
) -> None:
    for name in ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2"):
        monkeypatch.setenv(name, "true")
    monkeypatch.setenv("LANGSMITH_API_KEY", "ls-essai")
    model = FakeListChatModel(responses=["Zola écrit au musée [1]."] * 5)
    chain = build_chain(settings, chat_model=model)
    answer = chain.invoke(ASKED)
    assert reduce(add, chain.stream(ASKED)) == answer
    assert chain.examine(ASKED)[0] == answer
    assert asyncio.run(chain.ainvoke(ASKED)) == answer
    assert reduce(add, asyncio.run(_parts(chain, ASKED))) == answer
    chain.close()
    wait_for_all_tracers()
    assert network_attempts == []


def test_a_chat_model_given_writes_the_answer(settings: Settings) -> None:
    answer = _ask(settings, chat_model=FakeListChatModel(responses=["Émile Zola écrit au musée [1]."]))
    assert (answer.mode, answer.verdict, answer.notice) == ("model", "answered", None)
    assert answer.text == "Émile Zola écrit au musée [1]."
    assert answer.citations[0].path == "Zola.md"


@pytest.mark.parametrize(
    ("remote", "host"), [(None, "un modèle distant"), (True, "un modèle distant"), (False, None)]
)
def test_a_chat_model_given_is_said_to_be_remote_unless_told(
    settings: Settings, remote: bool | None, host: str | None
) -> None:
    chain = build_chain(settings, chat_model=FakeListChatModel(responses=["Zola [1]."]), remote=remote)
    assert chain.remote_host == host
    chain.close()


def test_a_chain_names_the_notes_it_holds(settings: Settings) -> None:
    chain = build_chain(settings)
    assert chain.note_paths == set(VAULT)
    chain.close()


def test_a_chain_says_how_it_writes_and_what_it_holds(settings: Settings) -> None:
    chain = build_chain(settings)
    assert (chain.mode, chain.note_count, chain.vault_name, chain.remote_host) == (
        "extracts",
        2,
        "vault",
        None,
    )
    chain.close()


def test_embeddings_given_serve_the_index_and_the_questions(settings: Settings) -> None:
    embeddings = DeterministicFakeEmbedding(size=24)
    assert _ask(settings, embeddings=embeddings).citations[0].path == "Zola.md"
    with pytest.raises(IndexMismatchError, match="cimaise index"):
        build_chain(settings)


def test_an_index_is_made_when_there_is_none_and_kept_when_there_is_one(settings: Settings) -> None:
    stages: list[str] = []
    first = _ask(settings, on_progress=lambda stage, _done, _total: stages.append(stage))
    made = len(stages)
    assert made
    assert _ask(settings, on_progress=lambda stage, _done, _total: stages.append(stage)) == first
    assert len(stages) == made


def test_a_vault_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="n’existe pas"):
        build_chain(Settings(vault=tmp_path / "absent", index=tmp_path / "index"))


def _damage(index: Path, how: str) -> None:
    store = index / "1" / "notes.sqlite3"
    if how == "bytes":
        store.write_bytes(store.read_bytes()[:-1] + b"\x99")
    elif how == "store":
        store.unlink()
    elif how == "manifest":
        (index / "1" / "manifest.json").write_text("{", encoding="utf-8")
    elif how == "folder":
        shutil.rmtree(index / "1")
    elif how == "pointer":
        (index / "CURRENT").write_bytes(b"\xff\xfe")
    else:
        (index / "CURRENT").unlink()


@pytest.mark.parametrize("how", ["bytes", "store", "manifest", "folder", "pointer", "no pointer"])
def test_a_damaged_index_is_built_again(settings: Settings, how: str) -> None:
    answer = _ask(settings)
    _damage(settings.index_folder, how)
    assert _ask(settings) == answer
    assert _ask(settings) == answer


def test_broken_vectors_leave_an_answer_that_says_so(settings: Settings) -> None:
    whole = _ask(settings)
    shutil.rmtree(settings.index_folder / "1" / "chroma")
    answer = _ask(settings)
    assert answer.sentences[0] == whole.sentences[0]
    assert answer.notice is not None
    assert answer.notice.endswith(".")


def test_embeddings_that_fail_leave_an_answer_by_words_that_says_so(settings: Settings) -> None:
    with serve_model(Reply()) as server:
        embeddings = OpenAIEmbeddings(
            model="essai", openai_api_base=server.url, openai_api_key=SecretStr("sk-essai"), check_embedding_ctx_length=False, max_retries=0
        )  # fmt: skip
        chain = build_chain(settings, embeddings=embeddings)
        assert chain.invoke(ASKED).notice is None
    answer = chain.invoke(ASKED)
    chain.close()
    assert answer.citations[0].path == "Zola.md"
    assert answer.notice is not None


def test_a_folder_of_notes_that_is_gone_is_said(settings: Settings) -> None:
    chain = build_chain(settings)
    settings.vault.rename(settings.vault.with_name("ailleurs"))
    answer = chain.invoke(ASKED)
    chain.close()
    assert (
        answer.notice == "Le dossier des notes n’est plus là\u202f; la réponse vient de la dernière lecture."
    )
    assert answer.citations


@pytest.mark.parametrize("change", ["edit", "delete", "swap"])
def test_a_cited_note_that_changed_since_is_named(settings: Settings, change: str) -> None:
    chain = build_chain(settings)
    note = settings.vault / "Zola.md"
    if change == "edit":
        note.write_text("# Zola\n\nUn autre texte.", encoding="utf-8")
    else:
        note.unlink()
    if change == "swap":
        note.symlink_to(settings.vault / "Lieux" / "Met.md")
    answer = chain.invoke(ASKED)
    chain.close()
    assert answer.notice == "La note a changé depuis l’indexation\u00a0: «\u00a0Zola\u00a0»."
    assert "Émile Zola écrit au musée" in answer.citations[0].quote


def test_a_note_touched_but_not_changed_or_not_cited_gives_no_notice(settings: Settings) -> None:
    chain = build_chain(settings)
    note = settings.vault / "Zola.md"
    note.write_bytes(note.read_bytes())
    answer = chain.invoke({"question": ASKED, "filters": {"tags": ["auteur"]}})
    (settings.vault / "Lieux" / "Met.md").unlink()
    again = chain.invoke({"question": ASKED, "filters": {"tags": ["auteur"]}})
    chain.close()
    assert answer.notice is None
    assert again.notice is None


def test_the_vault_is_left_as_it_was(settings: Settings) -> None:
    def state() -> dict[Path, tuple[int, bytes | None]]:
        return {
            p: (p.stat().st_mtime_ns, p.read_bytes() if p.is_file() else None)
            for p in settings.vault.rglob("*")
        }

    before = state()
    _ask(settings)
    assert state() == before


def test_a_note_is_had_by_its_id_and_starters_are_questions(demo_chain: AnswerChain) -> None:
    citation = demo_chain.invoke(WHY).citations[0]
    note = demo_chain.note(citation.note_id)
    assert note is not None
    assert note.text[citation.start : citation.end] == citation.quote
    assert demo_chain.note("inconnu") is None
    assert len(demo_chain.starters()) == 4
    assert all(demo_chain.invoke(starter).grounded for starter in demo_chain.starters())


def test_a_stream_left_early_ends_without_a_word(demo_chain: AnswerChain) -> None:
    stream = cast("Generator[Answer]", demo_chain.stream(WHY))
    assert next(stream).passages
    stream.close()
    assert list(stream) == []


def test_two_runs_give_identical_bytes(demo_chain: AnswerChain) -> None:
    assert str(demo_chain.invoke(WHY).to_dict()) == str(demo_chain.invoke(WHY).to_dict())
