"""Gold questions against a vault: the scores by hand, the run, what is printed, what is survived."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant import Answer, AnswerChain, Citation, Passage, Question, Settings, build_chain
from assistant.answer import Verdict
from assistant.cli import main
from assistant.evaluate import Evaluation, evaluate
from assistant.evaluation_view import render_evaluation
from assistant.gold import GoldCase, load_gold, names_note
from assistant.scores import Judgement, Share, holds_quote, judge, score, share_cited, verdict_curve

NOTES = {
    "Horaires.md": "# Horaires\n\nLe musée ouvre à dix heures. La boutique ferme à midi.\n",
    "Lieux/Plan.md": "# Plan\n\nLe plan du musée compte trois étages et une cour.\n",
}
CASES: list[dict[str, Any]] = [
    {"id": "a", "kind": "fait", "question": "Quand ouvre le musée ?", "expected_notes": ["Horaires"],
     "quote": "Le musée **ouvre** à dix\u00a0heures."},
    {"id": "b", "kind": "fait", "question": "Combien d’étages compte le musée ?", "expected_notes": ["Lieux/Plan.md"]},
    {"id": "c", "kind": "hors", "question": "Quel est le prix du zeppelin ?", "expected_notes": []},
]  # fmt: skip

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def vault(make_vault: Callable[..., Path]) -> Path:
    return make_vault(NOTES)


@pytest.fixture
def write_gold(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes gold questions and returns their file."""

    def write(*cases: dict[str, Any]) -> Path:
        path = tmp_path / "questions.jsonl"
        path.write_text("\n".join(json.dumps(case) for case in cases or CASES), encoding="utf-8")
        return path

    return write


@pytest.fixture
def run(vault: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that evaluates here and returns the code, the output and the errors."""

    def call(*arguments: object) -> tuple[int, str, str]:
        code = main(["evaluate", *map(str, arguments), "--vault", str(vault)])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


@pytest.fixture
def chain(vault: Path, tmp_path: Path) -> Iterator[AnswerChain]:
    built = build_chain(Settings(vault=vault, index=tmp_path / "index"))
    yield built
    built.close()


def _case(*expected: str, acceptable: tuple[str, ...] = (), quote: str = "", kind: str = "") -> GoldCase:
    return GoldCase("1", kind, Question("Quoi ?"), expected, (*expected, *acceptable), quote)


def _passage(path: str, text: str = "Texte.") -> Passage:
    return Passage(1, "id", path, path, (), text, 0, len(text), "utf-8", 1.0, "")


def _citation(quote: str, path: str = "A.md", start: int = 0) -> Citation:
    return Citation(1, "id", path, path, (), quote, start, start + len(quote), "utf-8")


def _judged(case: GoldCase, *paths: str, verdict: Verdict = "answered", coverage: float = 0.5) -> Judgement:
    return judge(case, Answer(verdict=verdict, passages=tuple(map(_passage, paths))), coverage)


# Scores


def test_rank_counts_distinct_notes_in_the_order_of_the_passages() -> None:
    one = _judged(_case("C"), "A.md", "A.md", "b/B.md", "A.md", "C.md")
    assert (one.found, one.rank) == (("A.md", "b/B.md", "C.md"), 3)


def test_any_acceptable_note_gives_the_rank_and_only_those_expected_the_recall() -> None:
    one = _judged(_case("C", "D", acceptable=("B",)), "A.md", "B.md", "C.md")
    assert (one.rank, one.recall) == (2, 0.5)


def test_figures_are_those_counted_by_hand() -> None:
    scores = score(
        [
            _judged(_case("A"), "A.md"),
            _judged(_case("F"), *(f"{name}.md" for name in "ABCDEF"), verdict="nearest"),
            _judged(_case("A", "Z"), "B.md", "A.md"),
            _judged(_case("A"), "B.md", verdict="silent"),
            _judged(_case(), "B.md", verdict="silent"),
            _judged(_case(), "B.md", verdict="nearest"),
            _judged(_case(), "B.md"),
        ]
    )
    assert scores.hits == ((1, Share(1, 4)), (5, Share(2, 4)), (10, Share(3, 4)))
    assert scores.mrr == pytest.approx((1 + 1 / 6 + 1 / 2) / 4)
    assert scores.recall == pytest.approx((1 + 1 + 0.5 + 0) / 4)
    assert (scores.answered, scores.nearest, scores.silent) == (Share(2, 4), Share(1, 4), Share(1, 4))
    assert (scores.refused, scores.questions) == (Share(2, 3), 7)


def test_failures_say_what_went_wrong() -> None:
    assert _judged(_case("A"), "A.md").failures == ()
    assert _judged(_case("A"), "B.md").failures == ("not_found",)
    assert _judged(_case("A"), "A.md", verdict="nearest").failures == ("refused",)
    assert _judged(_case("A"), verdict="silent").failures == ("not_found", "refused")
    assert _judged(_case(), "B.md").failures == ("answered_outside",)
    assert _judged(_case(), "B.md", verdict="nearest").failures == ()


def test_figures_of_no_question_divide_by_nothing() -> None:
    scores = score([])
    assert (scores.mrr, scores.recall, scores.answered.value, scores.refused.interval) == (None,) * 4
    assert json.loads(json.dumps(scores.to_dict()))["hit@1"]["share"] is None


def test_interval_is_wilsons() -> None:
    assert Share(77, 114).interval == pytest.approx((0.585, 0.7544), abs=1e-4)
    assert Share(0, 10).interval == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert Share(10, 10).interval == pytest.approx((0.7225, 1.0), abs=1e-4)


def test_curve_counts_what_each_threshold_would_refuse() -> None:
    inside = [_judged(_case("A"), coverage=coverage) for coverage in (0.1, 0.5)]
    outside = [_judged(_case(), coverage=coverage) for coverage in (0.05, 0.3)]
    curve = {bar: refusals for bar, *refusals in verdict_curve([*inside, *outside])}
    assert [curve[bar] for bar in (0.0, 0.06, 0.12, 0.3, 0.32, 1.0)] == [
        [0, 0], [1, 0], [1, 1], [1, 1], [2, 1], [2, 2],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("Le musée\nouvre\u00a0à dix heures.", "Le musée ouvre à dix\u202fheures."),
        ("Le **musée** ouvre [à dix heures](https://x.fr)[^1].", "Le musée ouvre à dix heures."),
        ("Le musée ouvre.", "Le *musée* ouvre."),
        ("> - Le musée ouvre", "Le musée ouvre"),
        ("Voici :\n- une liste", "Voici : - une liste"),
        ("Le musée ouvre tôt, dit-on, et ferme tard.", "Le musée ouvre […] et ferme tard."),
        ("Le musée ouvre tôt, dit-on, et ferme tard.", "Le musée ouvre (...) et ferme tard…"),
        ("Il attend… et ouvre.", "attend… et"),
    ],
)
def test_quote_is_read_whatever_its_spaces_and_markup(text: str, quote: str) -> None:
    assert holds_quote([_passage("A.md", text)], quote)


@pytest.mark.parametrize("quote", ["Le musée ferme", "Le musée […] zeppelin", "le musée ouvre", "[…]"])
def test_quote_that_is_not_there_is_not_read(quote: str) -> None:
    assert not holds_quote([_passage("A.md", "Le musée ouvre.")], quote)


def test_quote_over_two_passages_is_not_read() -> None:
    assert not holds_quote([_passage("A.md", "Le musée"), _passage("A.md", "ouvre.")], "Le musée ouvre.")
    assert not holds_quote([_passage("A.md", "Le musée"), _passage("A.md", "ouvre.")], "Le musée […] ouvre.")


def test_quote_over_two_statements_is_cited_when_both_are() -> None:
    quote = "Le musée ouvre à dix heures. La boutique ferme à midi."
    first, second = (
        _citation("Le musée ouvre à dix heures."),
        _citation("La boutique ferme à midi.", start=29),
    )
    assert share_cited([second, first], quote) == 1.0
    assert share_cited([first], quote) == pytest.approx(6 / 11)


def test_quote_is_cited_by_one_note_and_not_by_two() -> None:
    quote = "Le musée ouvre à dix heures. La boutique ferme à midi."
    citations = [_citation("Le musée ouvre à dix heures."), _citation("La boutique ferme à midi.", "B.md")]
    assert share_cited(citations, quote) == pytest.approx(6 / 11)


def test_same_words_in_another_order_are_no_citation_of_a_quote() -> None:
    assert share_cited([_citation("heures dix à ouvre musée le")], "le musée ouvre à dix heures") < 0.5
    assert share_cited([], "le musée") == share_cited([_citation("Le musée")], "…") == 0.0


# The run


def test_each_question_is_judged_on_the_answer_that_is_given(
    chain: AnswerChain, write_gold: Callable[..., Path]
) -> None:
    cases = load_gold(write_gold())
    evaluation = evaluate(chain, cases)
    assert [one.rank for one in evaluation.judgements] == [1, 1, None]
    assert [one.verdict for one in evaluation.judgements] == [chain.invoke(c.question).verdict for c in cases]
    assert [one.quote_read for one in evaluation.judgements] == [True, None, None]
    assert evaluation.judgements[0].quote_cited == 1.0
    assert list(evaluation.kinds) == ["fait", "hors"]
    assert len(evaluation.seconds) == 3


def test_history_is_asked_along_with_the_question(
    chain: AnswerChain, write_gold: Callable[..., Path]
) -> None:
    turns = [
        {"role": "user", "content": "Les étages de la cour ?"},
        {"role": "assistant", "content": "Trois."},
    ]
    case = {"question": "Et alors ?", "expected_notes": ["Plan"]}
    alone, followed = load_gold(write_gold(case, {**case, "history": turns}))
    first, second = evaluate(chain, [alone, followed]).judgements
    assert (first.rank, second.rank) == (None, 1)


def test_progress_is_told_before_each_question(chain: AnswerChain, write_gold: Callable[..., Path]) -> None:
    told: list[tuple[str, int, int | None]] = []
    evaluate(chain, load_gold(write_gold()), on_progress=lambda *said: told.append(said))
    assert told == [("Réponse aux questions", done, 3) for done in range(3)]


def test_what_answers_warn_of_is_counted(
    vault: Path, tmp_path: Path, write_gold: Callable[..., Path]
) -> None:
    settings = Settings(vault=vault, index=tmp_path / "index")
    build_chain(settings).close()
    shutil.rmtree(tmp_path / "index" / "1" / "chroma")
    chain = build_chain(settings)
    [(notice, number)] = evaluate(chain, load_gold(write_gold())).notices
    chain.close()
    assert (notice.startswith("La recherche par vecteurs est en panne"), number) == (True, 3)


def test_durations_are_left_out_of_equality(chain: AnswerChain, write_gold: Callable[..., Path]) -> None:
    evaluation = evaluate(chain, load_gold(write_gold()))
    assert replace(evaluation, seconds=(9.0,)) == evaluation
    assert "seconds" not in json.dumps(evaluation.to_dict())


# The command


def test_report_says_what_is_found_cited_and_refused(run: Run, write_gold: Callable[..., Path]) -> None:
    code, shown, _ = run(write_gold())
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert code == 0
    assert lines[0] == "3 questions : les notes répondent à 2, pas à 1."
    assert "une note acceptable en tête (hit@1) 2 sur 2 100,0 % de 34 à 100 %" in lines
    assert "le texte de référence est lu, dans un seul passage 1 sur 1 100,0 % de 21 à 100 %" in lines
    assert "les notes ne disent pas : refus, à raison 1 sur 1 100,0 % de 21 à 100 %" in lines
    assert "hors 1 — — — — — — — 100,0 %" in lines
    assert lines[-1].startswith("extraits, sans IA · 0 requête · ")
    assert "Ce qui ne va pas" not in shown


def test_marks_of_french_are_held_by_no_break_spaces(run: Run, write_gold: Callable[..., Path]) -> None:
    shown = run(write_gold({"question": "Prix du zeppelin ?", "expected_notes": ["Plan"]}))[1]
    assert not [line for line in shown.splitlines() for mark in ":;?!%»" if f" {mark}" in line]
    assert "« " not in shown


def test_failure_says_why_with_what_was_expected_and_found(run: Run, write_gold: Callable[..., Path]) -> None:
    cases = [
        {"id": "q7", "question": "Quand ouvre le musée ?", "expected_notes": ["Lieux/Plan"]},
        {"question": "Prix du zeppelin ?", "expected_notes": ["Plan.md"]},
        {"question": "Quand ouvre le musée ?", "expected_notes": []},
    ]
    shown = run(write_gold(*cases))[1].replace("\u00a0", " ")
    assert "Ce qui ne va pas (2)" in shown
    assert "pourquoi : aucune note acceptable parmi les passages lus ; Cimaise dit que" in shown
    assert "attendu : Plan.md\n" not in shown
    assert "attendu : Plan\n    trouvé d’abord : " in shown
    assert "pourquoi : Cimaise répond, alors que les notes ne disent rien" in shown
    assert "trouvé d’abord : Horaires" in shown


def test_curve_shows_the_cheapest_threshold_of_each_number_of_right_refusals() -> None:
    inside = [_judged(_case("A"), coverage=coverage) for coverage in (0.1, 0.25, 0.5)]
    outside = [_judged(_case(), coverage=coverage) for coverage in (0.05, 0.3)]
    shown = render_evaluation(Evaluation((*inside, *outside), "extracts", seconds=(0.1,)), listed=0)
    lines = [" ".join(line.split()) for line in shown.splitlines() if "à raison sur 2" in line]
    assert lines == ["0,06 1 à raison sur 2 0 à tort sur 3", "0,32 2 à raison sur 2 2 à tort sur 3"]


def test_nothing_found_is_told_as_such() -> None:
    shown = render_evaluation(
        Evaluation((_judged(_case("A"), verdict="silent"),), "extracts", seconds=(0.1,)), listed=1
    )
    assert "trouvé d’abord\u00a0: rien\n" in shown


@pytest.mark.parametrize(("asked", "spelt"), [(0, 0), (1, 1), (5, 3), (-1, 0)])
def test_as_many_failures_are_shown_as_asked(
    run: Run, write_gold: Callable[..., Path], asked: int, spelt: int
) -> None:
    case = {"question": "Prix du zeppelin ?", "expected_notes": ["Plan"]}
    shown = run(write_gold(case, case, case), "--failures", asked)[1]
    assert shown.count("pourquoi\u00a0:") == spelt
    assert ("… et 2 de plus" in shown) == (asked == 1)


def test_json_holds_every_case_and_is_the_same_twice(run: Run, write_gold: Callable[..., Path]) -> None:
    gold = write_gold()
    first, second = (run(gold, "--json")[1] for _ in range(2))
    told = json.loads(first)
    assert first == second
    assert list(told) == [
        "mode", "scores", "kinds", "curve", "missing_notes", "notices", "usage", "cases",
    ]  # fmt: skip
    assert [(case["id"], case["rank"], case["failures"]) for case in told["cases"]] == [
        ("a", 1, []), ("b", 1, []), ("c", None, []),
    ]  # fmt: skip
    assert told["cases"][1]["found"][0] == "Lieux/Plan.md"
    assert told["scores"]["hit@1"] == {"count": 2, "total": 2, "share": 1.0, "interval": [0.3424, 1.0]}
    assert len(told["curve"]) == 51


def test_note_that_the_vault_lacks_is_warned_about_by_name(run: Run, write_gold: Callable[..., Path]) -> None:
    case = {"question": "Quand ouvre le musée ?", "expected_notes": ["Horaires", "Ancienne note"]}
    gold = write_gold(case)
    code, shown, _ = run(gold)
    assert code == 0
    assert "Attention\u00a0: 1 note des questions de référence manque" in shown
    assert shown.count("Ancienne note") == 1
    assert json.loads(run(gold, "--json")[1])["missing_notes"] == ["Ancienne note"]
    assert run(gold, "--strict")[0] == 1


def test_sound_gold_set_is_sound_when_strict(run: Run, write_gold: Callable[..., Path]) -> None:
    assert run(write_gold(), "--strict")[0] == 0


def test_question_that_nothing_answers_alone_divides_by_nothing(
    run: Run, write_gold: Callable[..., Path]
) -> None:
    code, shown, _ = run(write_gold(CASES[2]))
    assert code == 0
    assert "0 sur 0" in shown
    assert "1 question\u00a0: les notes répondent à 0, pas à 1." in shown


def test_vault_changed_since_it_was_indexed_is_read_again(
    run: Run, write_gold: Callable[..., Path], vault: Path
) -> None:
    gold = write_gold({"question": "Où loge le zeppelin ?", "expected_notes": ["Zeppelin"]})
    assert json.loads(run(gold, "--json")[1])["missing_notes"] == ["Zeppelin"]
    (vault / "Zeppelin.md").write_text("Le zeppelin loge dans la cour du musée.\n", encoding="utf-8")
    told = json.loads(run(gold, "--json")[1])
    assert (told["missing_notes"], told["cases"][0]["rank"]) == ([], 1)


def test_file_name_does_not_drive_the_terminal(run: Run, write_gold: Callable[..., Path]) -> None:
    case = {"kind": "\x1b[31m", "question": "Prix ?", "expected_notes": ["\x1b[2J"]}
    code, shown, _ = run(write_gold(case, CASES[0]))
    assert code == 0
    assert "\x1b" not in shown


def test_malformed_line_is_told_before_anything_is_indexed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "questions.jsonl").write_text("{}\n", encoding="utf-8")
    code, shown, said = run(tmp_path / "questions.jsonl")
    assert (code, shown, said.count("\n")) == (2, "", 1)
    assert "(ligne\u00a01)" in said


def test_failing_model_is_warned_about() -> None:
    notice = "Le service du modèle ne répond pas."
    judged = (_judged(_case("A"), "A.md"),)
    evaluation = Evaluation(judged, "model", notices=((notice, 2),), seconds=(0.1,))
    assert f"Attention, 2 réponses\u00a0: {notice}" in render_evaluation(evaluation, listed=0)
    assert evaluation.to_dict()["notices"] == {notice: 2}


def test_interrupted_evaluation_ends_with_130_and_without_a_trace(
    write_gold: Callable[..., Path], vault: Path
) -> None:
    gold = write_gold(*CASES * 2_000)
    command = [sys.executable, "-m", "assistant.cli", "evaluate", str(gold), "--vault", str(vault)]
    with subprocess.Popen(command, stdout=-1, stderr=-1, text=True, env=dict(os.environ)) as child:
        assert child.stderr is not None
        while "Réponse aux questions" not in child.stderr.readline():
            assert child.poll() is None
        child.send_signal(signal.SIGINT)
        shown, said = child.communicate(timeout=30)
    assert (child.returncode, shown) == (130, "")
    assert said.endswith("\nInterrompu.\n")
    assert "Traceback" not in said


# Known vaults


def _is_expected(path: str, case: GoldCase) -> bool:
    return any(names_note(name, path) for name in case.expected)


def test_demonstration_vault_answers_its_own_questions(
    demo_chain: AnswerChain, demonstration_vault: Path, write_gold: Callable[..., Path]
) -> None:
    questions = sorted(path.stem for path in (demonstration_vault / "Questions").glob("*.md"))
    cases = [{"question": f"{stem} ?", "expected_notes": [stem]} for stem in questions]
    evaluation = evaluate(demo_chain, load_gold(write_gold(*cases)))
    assert (evaluation.missing, evaluation.failures) == ((), ())
    assert evaluation.scores.hits[0][1] == Share(len(questions), len(questions))


def test_gold_questions_of_the_real_vault_name_its_notes_and_quote_them(
    real_chain: AnswerChain, real_vault: Path, gold: list[dict[str, Any]], write_gold: Callable[..., Path]
) -> None:
    cases = load_gold(write_gold(*gold))
    evaluation = evaluate(real_chain, cases)
    assert evaluation.missing == ()
    assert (evaluation.scores.answered.total, evaluation.scores.refused.total) == (114, 16)
    assert evaluation.scores.quotes_read.total == 97
    assert len(evaluation.kinds) == 12
    texts = {path.name: path.read_text("utf-8-sig") for path in real_vault.rglob("*.md")}
    for case in cases:
        own = [_passage(path, text) for path, text in texts.items() if _is_expected(path, case)]
        assert len(own) == len(case.expected)
        assert not case.quote or holds_quote(own, case.quote)
