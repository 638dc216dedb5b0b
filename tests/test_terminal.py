"""What the terminal shows of an answer, of an indexing run and of a visit to the doctor."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant.answer import Answer, Citation, Gap, Passage, Sentence
from assistant.doctor import Check
from assistant.terminal import provenance, render_answer, render_checks, render_report, render_summary
from assistant.usage import Usage
from ingest.sync import SyncReport

LONG = "Le musée ouvre ses portes à tous les publics, chaque jour de la semaine, de dix heures à midi"


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def _passage(number: int, note: str, heading: tuple[str, ...] = ()) -> Passage:
    return Passage(
        number=number, note_id=f"n{number}", note=note, path=f"{note}.md", heading=heading, text=LONG, start=0,
        end=len(LONG), encoding="utf-8", score=1.0, reason="",
    )  # fmt: skip


def _citation(number: int, note: str, heading: tuple[str, ...] = ()) -> Citation:
    return Citation(number, f"n{number}", note, f"{note}.md", heading, LONG, 0, len(LONG), "utf-8")


ANSWER = Answer(
    question="Quand ouvre le musée ?",
    sentences=(
        Sentence("Le musée ouvre à dix heures.", "verbatim", (1,)),
        Sentence("Il ferme à midi.", "verbatim", (1,)),
        Sentence("Le plan compte trois étages.", "verbatim", (2,)),
    ),
    citations=(_citation(2, "Plan"), _citation(1, "Horaires", ("Été", "Juillet")), _citation(1, "Horaires")),
    passages=(_passage(1, "Horaires"), _passage(2, "Plan"), _passage(3, "Accès")),
    verdict="answered",
    mode="extracts",
)
REPORT = SyncReport(
    seen=5, indexed=3, skipped=(("a.png", "n’est pas une note Markdown"),), failed=(("b.md", "droit refusé"),),
    warnings=(("c.md", "ligne 2 : en-tête mal formé"),), added=3, updated=2, removed=4, chunks=9, published=True,
)  # fmt: skip


def test_statements_stand_under_the_note_they_come_from() -> None:
    assert render_answer(ANSWER).startswith(
        "Quand ouvre le musée ?\n\n"
        "Horaires\n  Le musée ouvre à dix heures. [1]\n  Il ferme à midi. [1]\n\n"
        "Plan\n  Le plan compte trois étages. [2]\n\n"
    )


def test_sources_are_listed_once_each_in_order_with_their_headings() -> None:
    sources = render_answer(ANSWER).partition("Sources\n")[2].splitlines()[:2]
    assert sources == ["  [1] Horaires › Été › Juillet — Horaires.md", "  [2] Plan — Plan.md"]


def test_answer_ends_with_how_it_was_made() -> None:
    last = render_answer(ANSWER).splitlines()[-1]
    assert last == provenance(ANSWER) == "extraits, sans IA · 3 passages lus, 2 cités · 0 requête"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"passages": (), "citations": ()}, "extraits, sans IA · 0 passage lu, 0 cité · 0 requête"),
        ({"passages": (_passage(1, "A"),), "citations": (_citation(1, "A"),)},
         "extraits, sans IA · 1 passage lu, 1 cité · 0 requête"),
        ({"mode": "model", "usage": Usage(requests=2)},
         "rédigé par un modèle, vérifié phrase par phrase · 3 passages lus, 2 cités · 2 requêtes · coût inconnu"),
        ({"mode": "model", "usage": Usage(requests=1), "sentences": (Sentence("Faux.", "unsupported"),)},
         "rédigé par un modèle, vérifié phrase par phrase · 3 passages lus, 2 cités · 1 phrase sans appui · 1 requête · coût inconnu"),
        ({"mode": "model", "usage": Usage(requests=1), "sentences": (Sentence("Faux.", "unsupported"),) * 2},
         "rédigé par un modèle, vérifié phrase par phrase · 3 passages lus, 2 cités · 2 phrases sans appui · 1 requête · coût inconnu"),
    ],
)  # fmt: skip
def test_provenance_counts_what_was_read_and_cited(changes: dict[str, Any], line: str) -> None:
    assert provenance(replace(ANSWER, **changes)) == line


def test_model_writes_without_titles_of_notes() -> None:
    shown = render_answer(replace(ANSWER, mode="model"))
    assert "\n\nLe musée ouvre à dix heures. [1]\nIl ferme à midi. [1]\n\n" in shown


def test_notice_comes_before_the_statements() -> None:
    shown = render_answer(replace(ANSWER, notice="Le modèle est muet."))
    assert shown.splitlines()[2] == "Attention : Le modèle est muet."


@pytest.mark.parametrize(
    ("nearest", "line"),
    [
        ((), "Notes les plus proches : aucune"),
        (("Plan", "Accès"), "Notes les plus proches : Plan ; Accès"),
    ],
)
def test_gap_names_the_nearest_notes(nearest: tuple[str, ...], line: str) -> None:
    shown = render_answer(replace(ANSWER, gaps=(Gap("Et le prix ?", nearest, "# Prix"),)))
    assert f"Ce que vos notes ne disent pas : Et le prix ?\n{line}\n" in shown


def test_refusal_has_no_sources() -> None:
    shown = render_answer(Answer("Quoi ?", (Sentence("Rien.", "link"),), mode="extracts", verdict="silent"))
    assert shown == "Quoi ?\n\nRien.\n\nextraits, sans IA · 0 passage lu, 0 cité · 0 requête"


@pytest.mark.parametrize(("columns", "widest"), [("200", 88), ("40", 40), ("5", 20)])
def test_lines_fit_the_terminal(monkeypatch: pytest.MonkeyPatch, columns: str, widest: int) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    lines = _wrapped().splitlines()
    assert len(lines) > 1
    assert all(line.startswith("  ") and len(line) <= widest for line in lines)


def _wrapped() -> str:
    shown = render_answer(replace(ANSWER, sentences=(Sentence(f"{LONG}.", "verbatim", (1,)),)))
    return shown.partition("Horaires\n")[2].partition("\n\n")[0]


@pytest.mark.parametrize("escape", ["\x1b[2J", "\x1b]0;titre\x07", "\x9b31m", "\b\b\b", "\x00"])
def test_control_characters_of_a_note_never_reach_the_terminal(escape: str) -> None:
    text = f"Le musée {escape} ouvre."
    answer = replace(
        ANSWER,
        question=text,
        sentences=(Sentence(text, "verbatim", (1,)),),
        citations=(_citation(1, text, (text,)),),
        passages=(_passage(1, text),),
        gaps=(Gap(text, (text,), text),),
        notice=text,
    )
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", render_answer(answer))


@pytest.mark.parametrize("escape", ["\x1b[2J", "\x9b31m", "\n✓ Faux : tout va bien.", "\r"])
def test_control_characters_of_a_file_name_never_reach_the_terminal(escape: str) -> None:
    shown = render_report(replace(REPORT, skipped=((f"a{escape}.md", "vide"),)), index=Path("/index"))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", shown)
    assert len(shown.splitlines()) == len(render_report(REPORT, index=Path("/index")).splitlines())


def test_report_lists_every_file_left_out_with_its_reason() -> None:
    assert render_report(REPORT, index=Path("/index")).splitlines() == [
        "3 notes indexées sur 5 fichiers (3 ajoutées, 2 modifiées, 0 renommée, 4 retirées), 9 passages.",
        "Index : /index",
        "Laissés de côté (1) :",
        "  a.png : n’est pas une note Markdown",
        "En échec (1) :",
        "  b.md : droit refusé",
        "À mender (1) :",
        "  c.md : ligne 2 : en-tête mal formé",
    ]


@pytest.mark.parametrize(
    ("count", "last"), [(20, "  19.png : x"), (21, "  … et 1 de plus"), (70, "  … et 50 de plus")]
)
def test_long_list_is_cut_and_says_so(count: int, last: str) -> None:
    skipped = tuple((f"{number}.png", "x") for number in range(count))
    shown = render_report(replace(REPORT, skipped=skipped, failed=(), warnings=()), index=Path("/index"))
    assert f"Laissés de côté ({count}) :" in shown
    assert shown.splitlines()[-1] == last


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"published": False}, "Rien n’a changé : 3 notes à jour."),
        ({"published": False, "indexed": 1}, "Rien n’a changé : 1 note à jour."),
        ({"seen": 1, "indexed": 1, "added": 1, "updated": 0, "removed": 1, "chunks": 1},
         "1 note indexée sur 1 fichier (1 ajoutée, 0 modifiée, 0 renommée, 1 retirée), 1 passage."),
    ],
)  # fmt: skip
def test_summary_agrees_in_number(changes: dict[str, Any], line: str) -> None:
    assert render_summary(replace(REPORT, **changes)) == line


def test_checks_are_shown_one_a_line_with_their_sign() -> None:
    checks = [
        Check("Notes", "passed", "Deux."),
        Check("Index", "warned", "Aucun."),
        Check("Noms", "failed", "Pris."),
    ]
    assert render_checks(checks) == "✓ Notes : Deux.\n! Index : Aucun.\n✗ Noms : Pris."
