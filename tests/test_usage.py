"""What an answer takes: parts add up, prices are looked up, what nobody knows is said to be unknown."""

import json
import sys
import tomllib
from functools import reduce
from importlib.resources import files
from itertools import permutations
from operator import add

import pytest

from assistant import Answer, AnswerChain, Settings
from assistant.chat_models import build_chat_model
from assistant.endpoint import Endpoint, build_endpoint
from assistant.terminal import provenance
from assistant.usage import Meter, Usage, render_usage
from assistant.web.chat.render import render_answer
from tests.model_server import Reply, serve_model

MINI = "openai:gpt-4o-mini"
WHY = "Pourquoi développer une stratégie numérique ?"
SERVED = Reply(("Une stratégie numérique aide le musée [1].",), usage=(1_600, 240))
LINE = "1 requête · 1\u202f840 jetons · 0,0003\u00a0€"
KNOWN = Usage(1, 1_000, 100, 0.25, (0.1, 0.4))


def test_parts_add_up() -> None:
    assert KNOWN + Usage() + Usage(2, 10, 1, 0.5, (0.25, 0.5)) == Usage(3, 1_010, 101, 0.75, (0.35, 0.9))


def test_a_sum_is_unknown_where_a_part_of_it_is_whatever_the_order() -> None:
    for parts in permutations([KNOWN, Usage(1, 10, 1), Usage()]):
        assert reduce(add, parts) == Usage(2, 1_010, 101)


def test_nothing_added_changes_nothing() -> None:
    assert Usage() + KNOWN == KNOWN + Usage() == KNOWN


@pytest.mark.parametrize(
    ("usage", "line"),
    [
        (Usage(), "0 requête"),
        (Usage(1), "1 requête · coût inconnu"),
        (Usage(2, 900, 99), "2 requêtes · 999 jetons · coût inconnu"),
        (Usage(1, 1_600, 240, 0.0006, (0.1, 0.4)),
         "1 requête · 1\u202f840 jetons · 0,0006\u00a0€ · 0,1 à 0,4\u00a0gCO₂eq"),
        (Usage(1, 1, 1, 0.00001, (0.0091, 0.0109)),
         "1 requête · 2 jetons · moins de 0,0001\u00a0€ · 0,0091 à 0,011\u00a0gCO₂eq"),
        (Usage(1, 1, 1, 1.5, (12.4, 12.4)), "1 requête · 2 jetons · 1,5000\u00a0€ · 12\u00a0gCO₂eq"),
        (Usage(1, 1, 1, 0.0, (0.0, 0.0)), "1 requête · 2 jetons · moins de 0,0001\u00a0€ · 0\u00a0gCO₂eq"),
    ],
)  # fmt: skip
def test_usage_reads_as_one_french_line(usage: Usage, line: str) -> None:
    assert render_usage(usage) == line


def test_cost_is_that_of_the_table_in_euros() -> None:
    table = tomllib.loads((files("assistant") / "prices.toml").read_text(encoding="utf-8"))
    read, written = table["dollars"][MINI]
    expected = (1_600 * read + 240 * written) / 1e6 * table["euros_per_dollar"]
    assert Meter(MINI).measure(1, 1_600, 240).cost_eur == pytest.approx(expected)


def test_table_says_its_date_and_source_and_every_price_is_plausible() -> None:
    table = tomllib.loads((files("assistant") / "prices.toml").read_text(encoding="utf-8"))
    assert table["date"].year >= 2026
    assert table["source"].startswith("https://")
    assert 0.5 < table["euros_per_dollar"] < 1.5
    assert all(0 < read <= written < 200 for read, written in table["dollars"].values())


@pytest.mark.parametrize("model", [None, "openai:inconnu", "ollama:mistral"])
def test_cost_of_a_model_that_is_not_in_the_table_is_unknown(model: str | None) -> None:
    usage = Meter(model).measure(1, 10, 10)
    assert (usage.cost_eur, usage.gco2eq) == (None, None)


def test_tokens_that_nobody_counted_cost_an_unknown_sum() -> None:
    assert Meter(MINI).measure(1, 0, 0) == Usage(1)


def test_warming_is_a_range_in_grams_the_same_each_time() -> None:
    pytest.importorskip("ecologits", reason="the extra “impact” is not installed")
    one, other = (Meter(MINI).measure(1, 1_600, 240).gco2eq for _ in range(2))
    assert one is not None
    assert one == other
    assert 0 < one[0] <= one[1] < 10


def test_without_ecologits_warming_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ecologits.tracers.utils", None)
    assert Meter(MINI).measure(1, 1_600, 240).gco2eq is None


def _answer(demo_chain: AnswerChain, *replies: Reply, meter: Meter | None = None) -> Answer:
    with serve_model(*replies) as server:
        settings = Settings(model=MINI, openai_base_url=server.url)
        endpoint = Endpoint(meter=meter) if meter else build_endpoint(settings)
        retriever = demo_chain.retriever
        model = build_chat_model(settings)
        return AnswerChain(retriever.snapshots, retriever.embeddings, settings, model, endpoint).invoke(WHY)


def test_extracts_take_no_request(demo_chain: AnswerChain) -> None:
    answer = demo_chain.invoke(WHY)
    assert answer.usage == Usage()
    assert provenance(answer).endswith(" · 0 requête")
    assert "0 requête" in render_answer(answer, done=True)


def test_what_an_answer_took_is_on_the_terminal_on_the_page_and_in_json(
    demo_chain: AnswerChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ecologits.tracers.utils", None)
    answer = _answer(demo_chain, SERVED, meter=Meter(MINI))
    assert provenance(answer).endswith(LINE)
    assert LINE in render_answer(answer, done=True)
    usage = json.loads(json.dumps(answer.to_dict()))["usage"]
    assert usage == {
        "requests": 1, "input_tokens": 1_600, "output_tokens": 240,
        "cost_eur": pytest.approx(0.00033024), "gco2eq": None,
    }  # fmt: skip


def test_model_of_this_machine_has_no_known_cost_whatever_its_name(demo_chain: AnswerChain) -> None:
    answer = _answer(demo_chain, SERVED)
    assert answer.usage == Usage(1, 1_600, 240)
    assert provenance(answer).endswith("coût inconnu")


def test_attempt_that_failed_is_counted_too(demo_chain: AnswerChain) -> None:
    answer = _answer(demo_chain, Reply(status=503, body=b"{}"), SERVED, meter=Meter(MINI))
    assert (answer.usage.requests, answer.usage.output_tokens, answer.usage.cost_eur) == (2, 240, None)
