"""The vault report: each kind of fault found, each look-alike left alone."""

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.cli import main
from assistant.health_view import render_health, render_health_markdown
from ingest.errors import VaultError
from ingest.health.anchors import read_anchors
from ingest.health.contacts import find_emails, find_phones
from ingest.health.finding import KINDS, Finding
from ingest.health.markdown_links import markdown_links
from ingest.health.notes import examine_note, examine_outcome
from ingest.health.report import HealthReport, examine_vault
from ingest.note import parse_note
from ingest.settings import IngestSettings
from ingest.vault import NoteFile, Outcome

OTHER = "Les publics reviennent au musée, voir [[Note]] et toute la suite de ce texte."
TEXT = "La médiation ouvre les collections à tous les publics, voir [[Autre]] pour la suite."
Examine = Callable[[Mapping[str, str | bytes]], HealthReport]


@pytest.fixture
def examine(make_vault: Callable[..., Path]) -> Examine:
    """Return a function that examines a vault of two sound notes, linked both ways, and the files given."""
    return lambda files: examine_vault(
        IngestSettings(vault=make_vault({"Note.md": TEXT, "Autre.md": OTHER, **files}))
    )


def _found(report: HealthReport, kind: str) -> list[tuple[str, int | None, str | None]]:
    return [(f.path, f.line, f.target) for f in report.findings if f.kind == kind]


def _kinds(report: HealthReport) -> set[str]:
    return {finding.kind for finding in report.findings}


def test_sound_vault_has_nothing_to_mend(examine: Examine) -> None:
    assert examine({}) == HealthReport(2, (), ())


def test_demonstration_vault_has_nothing_to_mend(demonstration_vault: Path) -> None:
    assert examine_vault(IngestSettings(vault=demonstration_vault)).findings == ()


# Links


def test_missing_notes_are_ranked_by_how_many_notes_ask_for_them(examine: Examine) -> None:
    report = examine(
        {
            "A.md": f"{TEXT}\n[[Rare]] [[Rare]] [[Rare]]\n\n[[Très demandée]]",
            "B.md": f"{TEXT}\n[[très demandée|elle]] [[Aussi seule]]",
        }
    )
    assert [(note.target, note.notes, note.links) for note in report.missing] == [
        ("Très demandée", 2, 2),
        ("Rare", 1, 3),
        ("Aussi seule", 1, 1),
    ]
    assert _found(report, "missing_note") == [
        ("A.md", 4, "Très demandée"),
        ("B.md", 2, "très demandée"),
        *[("A.md", 2, "Rare")] * 3,
        ("B.md", 2, "Aussi seule"),
    ]


@pytest.mark.parametrize(
    ("link", "files"),
    [
        ("[[autre]] [[AUTRE.md]] [[./Autre|elle]]", {}),
        ("[[Dossier/Rapport]] [[Rapport]] [[/dossier/rapport]]", {"Dossier/Rapport.md": TEXT}),
        ("[[Me\u0301diation]]", {"M\u00e9diation.md": TEXT}),
        ("[[La médiation]]", {"M.md": f"---\naliases: [La médiation]\n---\n{TEXT}"}),
        ("[[Fiche]]", {"Modèles/Fiche.md": TEXT}),
        ("![[Plan.PDF]] [[plan.pdf#page=3]] ![[Images/Vue.png|300]]", {"a/Plan.pdf": b"x", "Images/Vue.png": b"x"}),
        ("![](Images/Vue%20large.png) ![](Vue%20large.png)", {"Images/Vue large.png": b"x"}),
        ("[elle](Autre.md) [elle](./Autre.md) [elle](Autre) [elle](Autre.md#)", {}),
        ("[[Tableau.canvas]] [[Base.base]]", {"Tableau.canvas": "{}", "Base.base": "x"}),
        ("`[[Absente]]` et `![](absente.png)`", {}),
        ("```\n[[Absente]] [x]()\n```", {}),
        ("%% [[Absente]] [x]() %%", {}),
        ("[site](https://musee.ch) [site](//musee.ch) [site](musee.ch/page.pdf) [ici](#ancre) [a](/images/x.png)", {}),
        ("[mail](mailto:contact@example.org) [tel](obsidian://open) visiteur[e](s) et visiteurs[-euses](x)", {}),
    ],
)  # fmt: skip
def test_link_that_leads_somewhere_is_sound(
    examine: Examine, link: str, files: Mapping[str, str | bytes]
) -> None:
    report = examine({"Source.md": f"{TEXT}\n{link}", **files})
    assert _kinds(report) <= {"near_duplicate", "orphan"}


def test_link_to_an_empty_note_says_the_note_is_empty_not_missing(examine: Examine) -> None:
    report = examine({"Source.md": f"{OTHER} [[Vide]]", "Vide.md": " \n"})
    assert [(finding.kind, finding.path) for finding in report.findings] == [("empty_note", "Vide.md")]


def test_link_into_the_bin_is_missing(examine: Examine) -> None:
    report = examine({"Source.md": f"{OTHER} [[Jetée]]", ".trash/Jetée.md": TEXT})
    assert _found(report, "missing_note") == [("Source.md", 1, "Jetée")]


@pytest.mark.parametrize(
    ("embed", "target"),
    [
        ("![[Absente]]", "Absente"),
        ("![[absente.png]]", "absente.png"),
        ("[[absent.pdf]]", "absent.pdf"),
        ("![vue](images/absente.jpg)", "images/absente.jpg"),
    ],
)
def test_embed_of_what_is_missing_is_broken(examine: Examine, embed: str, target: str) -> None:
    assert _found(examine({"A.md": f"{OTHER}\r\n{embed}"}), "broken_embed") == [("A.md", 2, target)]


@pytest.mark.parametrize(
    "anchor",
    ["Autre titre", "^absent", "Titre un#Absent", "Titre"],
)
def test_anchor_that_is_not_there_is_broken(examine: Examine, anchor: str) -> None:
    files = {"But.md": f"# Titre un\n\n{OTHER} ^bloc-1\n", "A.md": f"{OTHER}\n\n[[But#{anchor}]]"}
    assert _found(examine(files), "broken_anchor") == [("A.md", 3, "But.md")]


@pytest.mark.parametrize(
    ("anchor", "text"),
    [
        ("Titre un", "# Titre un"),
        ("titre UN", "## **Titre** un ##"),
        ("Titre un", "Titre un\n========"),
        ("Titre un", "> ## Titre un"),
        ("Qui quoi", "### Qui ? Quoi !"),
        ("Titre un#Sous-titre", "# Titre un\n\n## Sous-titre"),
        ("Autre elle", "## [[Autre|elle]]"),
        ("elle", "## [[Autre|elle]]"),
        ("^bloc-1", "Un paragraphe. ^bloc-1"),
        ("^bloc-1", "| a |\n|---|\n\n^bloc-1"),
        ("^Bloc-1", "- un point ^bloc-1\n- deux"),
        ("Titre un", "# Titre un\r\rSuite"),
    ],
)
def test_anchor_that_is_there_is_sound(examine: Examine, anchor: str, text: str) -> None:
    report = examine({"But.md": f"{OTHER}\n\n{text}\n", "A.md": f"{TEXT} [[But#{anchor}]]"})
    assert _found(report, "broken_anchor") == []


def test_anchor_in_the_note_itself_is_checked(examine: Examine) -> None:
    report = examine({"A.md": f"{TEXT}\n\n## Ici\n\n[[#Ici]] [[#Ailleurs]]\n\n```\n# Ailleurs\n```"})
    assert _found(report, "broken_anchor") == [("A.md", 5, "A.md")]


def test_link_that_several_notes_answer_is_ambiguous(examine: Examine) -> None:
    files = {"a/Fiche.md": TEXT, "b/fiche.md": OTHER, "S.md": f"{TEXT}\n[[Fiche]] [[b/Fiche]]"}
    report = examine(files)
    assert _found(report, "ambiguous_link") == [("S.md", 2, "a/Fiche.md")]
    assert _found(report, "ambiguous_title") == [("a/Fiche.md", None, "b/fiche.md")]


def test_whole_path_is_not_ambiguous(examine: Examine) -> None:
    report = examine({"a/Fiche.md": TEXT, "z/a/Fiche.md": OTHER, "z/S.md": f"{TEXT} [[a/Fiche]]"})
    assert _found(report, "ambiguous_link") == []


def test_readme_of_each_folder_is_not_ambiguous(examine: Examine) -> None:
    files = {"a/README.md": f"Lire d’abord. {TEXT}", "b/README.md": f"Par ici la visite. {OTHER}"}
    assert "ambiguous_title" not in _kinds(examine(files))


def test_note_without_link_in_or_out_is_an_orphan(examine: Examine) -> None:
    report = examine({"Seule.md": "Une note que rien ne relie aux autres, [[#rien]] [[Seule]]."})
    assert _found(report, "orphan") == [("Seule.md", None, None)]


def test_note_linked_only_by_markdown_is_no_orphan(examine: Examine) -> None:
    files = {"Seule.md": "Une note que rien d’autre ne relie.", "S.md": f"{TEXT} [x](Seule.md)"}
    assert _found(examine(files), "orphan") == []


def test_only_note_of_a_vault_is_no_orphan(make_vault: Callable[..., Path]) -> None:
    vault = make_vault({"Seule.md": "Une note sans compagnie dans son dossier."})
    assert examine_vault(IngestSettings(vault=vault)).findings == ()


@pytest.mark.parametrize(
    "link",
    ["[Lien]()", "[Lien]( )", "[Lien](<>)", "[Lien](liencontact)", "[S’inscrire](lien vers YouTube)", "![]()"],
)  # fmt: skip
def test_link_without_address_is_dead(examine: Examine, link: str) -> None:
    assert _found(examine({"A.md": f"{OTHER}\n{link}"}), "dead_link") == [("A.md", 2, None)]


@pytest.mark.parametrize(
    "text", ["- [ ] (à voir)", "f[i]()", r"\[Lien\]()", "`[Lien]()`", "la fonction main()"]
)
def test_brackets_that_are_no_link_are_not_dead(examine: Examine, text: str) -> None:
    assert _found(examine({"A.md": f"{TEXT}\n{text}"}), "dead_link") == []


# Notes


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("---\ntags: [a\ndate: 2022-05-12\n---\n", 3),
        ("---\ndate: 2022-05-12\nalias: [Quels musées voulons-nous demain?]]\n---\n", 3),
        ("---\ntags: a\ntags: b\n---\n", 3),
        ("---\ntags: a\ndate: 2022-05-12\n\n", 1),
    ],
)
def test_malformed_header_is_found_with_its_line(examine: Examine, header: str, line: int) -> None:
    assert _found(examine({"A.md": f"{header}{OTHER}"}), "malformed_header") == [("A.md", line, None)]


@pytest.mark.parametrize(
    "header", ["---\n\n", "---\ntags: a\n---\n", "date : 2022mai12\ntags : #x\n\n----\n", ""]
)
def test_sound_header_is_left_alone(examine: Examine, header: str) -> None:
    assert _found(examine({"A.md": f"{header}{OTHER}"}), "malformed_header") == []


@pytest.mark.parametrize(
    "text",
    [
        "# Titre du projet\n\n## Contexte et objectifs\n\n## Bilan de l’année\n",
        "# Titre\n\nÀ compléter\n\nTexte à venir\n\nEn cours de rédaction\n",
        "# Titre\n\n*(à compléter…)*\n",
        "TODO",
        "---\ntags: a\ndate: 2022-05-12\n---\n",
        "date : 2022juillet25\ntags : #liens\n\n---------\n\n[Le rapport de l’institut](https://musee.ch)\n",
        "# {{title}}\n\n{{date:YYYY-MM-DD}} créée par {{auteur}} le <% tp.date.now() %>\n",
        "<!-- Décrire ici le projet en quelques phrases. -->\n\n# Projet\n",
        "![[Vue.png]]",
    ],
)
def test_note_without_words_of_its_own_is_a_stub(examine: Examine, text: str) -> None:
    report = examine({"Vue.png": b"x", "A.md": text, "S.md": f"{OTHER} Voir [[A]]."})
    assert _found(report, "stub") == [("A.md", None, None)]
    assert _kinds(report) == {"stub"}


def test_line_that_three_notes_share_is_not_their_own(examine: Examine) -> None:
    files = {f"{n}.md": f"# Sujet {n}\n\nBrève explication de l’intérêt de la ressource\n" for n in "abc"}
    assert len(_found(examine(files), "stub")) == 3


def test_comment_over_several_lines_is_not_the_text_of_a_note(examine: Examine) -> None:
    said = {f"{n}.md": f"Sujet {n} [[Note]].\n\n---\n\nCe que dit la note {n} et elle seule." for n in "abc"}
    report = examine({"S.md": "<!--\nDécrire ici le projet en quelques phrases.\n-->\n\n# Projet\n", **said})
    assert _found(report, "stub") == [("S.md", None, None)]


def test_stubs_that_share_a_template_are_not_duplicates(examine: Examine) -> None:
    form = "# Fiche\n\n## Contexte et objectifs du projet\n\n## Bilan de l’année\n"
    report = examine({"a.md": form, "b.md": form, "S.md": "Deux fiches attendent leur texte : [[a]], [[b]]."})
    assert _kinds(report) == {"stub"}


def test_copy_left_by_a_conflict_is_said_once(examine: Examine) -> None:
    said = "Une note que rien ne relie aux autres notes."
    report = examine({"Seule.md": said, "Seule (conflit).md": said})
    assert [(f.kind, f.path) for f in report.findings] == [
        ("conflict", "Seule (conflit).md"),
        ("orphan", "Seule.md"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Un musée est une institution permanente.",
        "[[Autre]] | [[Note]] | [[Autre|la suite]] | [[Note|le début]] | [[Autre|fin]]",
        "![[Autre]]",
        "- [Un](https://a.ch)\n- [Deux](https://b.ch)\n- [Trois](https://c.ch)\n- [Quatre](https://d.ch)\n- [Cinq](https://e.ch)",
        "À compléter : le musée ouvre en 2023 à Pully, au bord du lac.",
    ],
)
def test_short_note_that_says_something_is_no_stub(examine: Examine, text: str) -> None:
    assert _found(examine({"A.md": text}), "stub") == []


def test_copies_of_a_short_note_are_duplicates_not_stubs(examine: Examine) -> None:
    report = examine({f"{n}.md": "Le musée ouvre à Pully, voir [[Autre]]." for n in "abc"})
    assert _found(report, "stub") == []
    assert _found(report, "near_duplicate") == [("b.md", None, "a.md"), ("c.md", None, "a.md")]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ("Été au musée, [[Note]] voisine.".encode("cp1252"), True),
        ("\ufeffÉté au musée, [[Note]] voisine.".encode("utf-16-le"), True),
        ("Été au musée, [[Note]] voisine é".encode()[:-1], True),
        ("\ufeffÉté au musée, [[Note]] voisine.".encode(), False),
        ("Été au musée, [[Note]] voisine.".encode(), False),
    ],
)
def test_encoding_other_than_utf8_is_found(examine: Examine, data: bytes, found: bool) -> None:
    assert _found(examine({"A.md": data}), "encoding") == [("A.md", None, None)] * found


@pytest.mark.parametrize(
    "name",
    [
        "conflict-files-obsidian-git.md",
        "Note (conflit).md",
        "Note (conflit de Jean).md",
        "Note (conflit 2022-05-12).md",
        "Projet (Copie en conflit de Jean 2022-05-12).md",
        "Projet (Jean's conflicted copy 2022-05-12).md",
        "Projet.sync-conflict-20220512-101010-ABCDEF.md",
        "Image (conflit 2022-05-12).png",
    ],
)
def test_copy_left_by_a_conflict_is_found(examine: Examine, name: str) -> None:
    assert _found(examine({name: f"{OTHER} Autrement dit."}), "conflict") == [(name, None, None)]


@pytest.mark.parametrize("name", ["Ukraine (conflit armé).md", "Le musée en conflit.md", "Conflits.md"])
def test_note_about_a_conflict_is_no_copy(examine: Examine, name: str) -> None:
    assert _found(examine({name: OTHER}), "conflict") == []


def test_merge_marks_are_found_at_their_line(examine: Examine) -> None:
    text = f"{OTHER}\n\n<<<<<<< HEAD\nun\n=======\ndeux\n>>>>>>> origin/main\n"
    assert _found(examine({"A.md": text}), "conflict") == [("A.md", 3, None)]


@pytest.mark.parametrize(
    "text",
    [
        "```\n<<<<<<< HEAD\nun\n=======\ndeux\n>>>>>>> main\n```",
        "Flèche <<<<<<< et >>>>>>>",
        "<<<<<<< seule",
        ">>>>>>> fin\n\n<<<<<<< début",
    ],
)
def test_marks_that_are_shown_or_alone_are_no_conflict(examine: Examine, text: str) -> None:
    assert _found(examine({"A.md": f"{OTHER}\n\n{text}\n"}), "conflict") == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads whatever the mode")
def test_file_that_may_not_be_read_is_found(examine: Examine, make_vault: Callable[..., Path]) -> None:
    (make_vault({"Secret.md": TEXT}) / "Secret.md").chmod(0)
    assert _found(examine({}), "unreadable") == [("Secret.md", None, None)]


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (Outcome("Secret.md", "failed", "droit de lecture refusé"), "le droit de lecture est refusé"),
        (Outcome("Dossier", "failed", "lecture impossible (Input/output error)"), "lecture impossible"),
    ],
)
def test_failed_reading_is_found_with_its_reason(outcome: Outcome, reason: str) -> None:
    [finding] = examine_outcome(outcome)
    assert (finding.kind, finding.path) == ("unreadable", outcome.path)
    assert reason in finding.sentence


@pytest.mark.parametrize(
    ("name", "data", "found"),
    [
        ("Binaire.md", bytes(range(256)) * 4, True),
        ("Longue.md", b"x" * 5_000_001, True),
        ("Image.png", bytes(range(256)) * 4, False),
        (".obsidian/Binaire.md", bytes(range(256)) * 4, False),
        ("Modèles/Fiche.md", b"{{title}}", False),
    ],
)
def test_note_that_cannot_be_read_is_found(examine: Examine, name: str, data: bytes, found: bool) -> None:
    assert _found(examine({name: data}), "unreadable") == [(name, None, None)] * found


def test_dead_shortcut_to_a_note_is_found(examine: Examine, make_vault: Callable[..., Path]) -> None:
    (make_vault({}) / "Mort.md").symlink_to("absente.md")
    assert _found(examine({}), "unreadable") == [("Mort.md", None, None)]


# Personal data


@pytest.mark.parametrize(
    "address",
    ["jean.dupont@musee.ch", "<info@museumxtd.ch>", "[a](mailto:contact@ville-de-lyon.fr)", "a.b+c@d.co.uk,"],
)
def test_email_is_found_and_never_repeated(examine: Examine, address: str) -> None:
    report = examine({"A.md": f"{OTHER}\n\nContact : {address}"})
    assert _found(report, "email") == [("A.md", 3, None)]
    assert "@" not in render_health(report) + render_health_markdown(report) + json.dumps(report.to_dict())


@pytest.mark.parametrize(
    "text",
    [
        "@musee", "@musee@mastodon.social", "https://medium.com/@musee.blog/article", "photo@2x.png",
        "git@github.com:musee/notes.git", "nom@example.com", "prenom.nom@exemple.fr", "a @ b.fr", "x@y", "npm i x@1.2.3",
        "https://maps.ch/@46.5191,6.6336,15z", "https://lecteur@musee.ch/page",
    ],
)  # fmt: skip
def test_what_resembles_an_email_is_left_alone(text: str) -> None:
    assert find_emails(f"Voir {text} ici.") == []


@pytest.mark.parametrize(
    "number",
    [
        "01 23 45 67 89", "06.12.34.56.78", "06-12-34-56-78", "0612345678", "+33 6 12 34 56 78", "+33612345678",
        "+33 (0)1 23 45 67 89", "0033 1 23 45 67 89", "01\u00a023\u00a045\u00a067\u00a089", "tél. 0123456789",
        "021 721 36 10", "021/721 36 10", "021 721.36.10", "+41 21 721 36 10", "+41 (0)21 721 36 10", "+41217213610",
        "0041 79 123 45 67", "079 123 45 67", "02 123 45 67", "02/123.45.67", "081 23 45 67", "0470 12 34 56",
        "0470/12.34.56", "0470 123 456", "+32 2 123 45 67", "+32 470 12 34 56", "+32(0)2/123.45.67", "+1 418 643 2158",
        "+352 26 12 34 56", "+44 20 7946 0958", "[appeler](tel:+41217213610)", "(021) 721 36 10",
    ],
)  # fmt: skip
def test_phone_number_is_found(number: str) -> None:
    assert len(find_phones(f"Martin, {number}.")) == 1


@pytest.mark.parametrize(
    "text",
    [
        "2022", "12.05.2022", "05-10-2018", "2022-05-12 10:30", "ISBN 978-2-07-036822-8", "ISBN 0198526636",
        "0198526636", "ISBN : 0712345678", "10.1080/09647775.2021.1891559", "https://x.ch/0612345678",
        "https://doi.org/10.1080/0612345678", "inv. 06 12 34 56 78", "réf. 0612345678", "CH93 0076 2011 6238 5295 7",
        "756.1234.5678.97", "1 000 000 000", "+100 000 000", "+33 %", "+39 450 000 visiteurs", "+49 150 000 000 euros", "0679720200", "SIRET 012 345 678 00012",
        "0123456789012", "de 01 à 05", "46.519, 6.633", "00:12:34", "01 02 03", "20220620115232",
        "ORCID 0000-0002-1825-0097", "192.168.01.02", "ISSN 0964-7775", "v0.12.34.56.78", "0,21 721 36 10",
    ],
)  # fmt: skip
def test_what_resembles_a_phone_number_is_left_alone(text: str) -> None:
    assert find_phones(f"Voir {text} ici.") == []


def test_phone_number_is_never_repeated_and_counted_once(examine: Examine) -> None:
    report = examine({"A.md": f"{OTHER}\n021 721 36 10, soit +41 21 721 36 10, ou 079 123 45 67"})
    assert _found(report, "phone") == [("A.md", 2, None)]
    shown = render_health(report) + render_health_markdown(report) + json.dumps(report.to_dict())
    assert "721" not in shown
    assert "2 numéros de téléphone" in shown


# The report


def _messy() -> dict[str, str | bytes]:
    return {
        "A.md": f"---\ntags: [a\n---\n{TEXT}\n[[Absente]] ![[absente.png]] [x]() [[#rien]] 021 721 36 10 a@b.ch",
        "b/Seule.md": "Rien ne relie cette note aux autres notes.",
        "Vide.md": "",
        "Titre.md": "# Titre",
        "Latin.md": OTHER.replace("musée", "musée d’été").encode("cp1252"),
        "Copie.md": OTHER,
        "c/Note.md": "Une autre note du même nom, voir [[Note]] et [[Autre]].",
        "Note (conflit).md": "Une copie qui date d’hier.",
        "Binaire.md": bytes(range(256)),
        "Cachée.md": f"{OTHER} Un mot\u200b\u200b caché.",
    }


def test_findings_come_in_the_order_of_kinds_and_every_kind_is_met(examine: Examine) -> None:
    report = examine(_messy())
    kinds = [finding.kind for finding in report.findings]
    assert tuple(dict.fromkeys(kinds)) == KINDS
    assert tuple(report.counts) == KINDS
    assert sum(report.counts.values()) == len(report.findings)


def test_two_readings_give_the_same_report(examine: Examine) -> None:
    first = examine(_messy())
    assert examine({}) == first
    assert render_health(examine({})) == render_health(first)


def test_sentences_are_french_sentences_that_say_what_to_do(examine: Examine) -> None:
    for finding in examine(_messy()).findings:
        assert finding.sentence[0].isupper()
        assert finding.sentence.endswith(".")
        assert " : " in finding.sentence


def test_json_holds_the_whole_report(examine: Examine) -> None:
    report = examine({"A.md": "Une autre note, qui en demande une de plus.\n[[Absente]]"})
    assert json.loads(json.dumps(report.to_dict())) == {
        "notes": 3,
        "counts": {"missing_note": 1},
        "missing": [{"target": "Absente", "notes": 1, "links": 1}],
        "findings": [
            {
                "kind": "missing_note",
                "path": "A.md",
                "line": 2,
                "sentence": report.findings[0].sentence,
                "target": "Absente",
            }
        ],
    }


def test_terminal_gives_counts_first_then_each_kind(examine: Examine) -> None:
    lines = render_health(examine({"A.md": f"{OTHER} Et plus.\n[[Absente]] [x]()"})).splitlines()
    assert lines[:3] == [
        "3 notes lues, 2 points à mender :",
        "  1 lien vers une note absente",
        "  1 lien sans adresse",
    ]
    assert "Lien vers une note absente (1)" in lines
    assert "  A.md:2" in lines


def test_terminal_says_how_many_it_leaves_out(examine: Examine) -> None:
    report = examine({"A.md": TEXT + "[x]() " * 25})
    assert "… et 5 de plus" in render_health(report)
    assert render_health_markdown(report).count("- **A.md:1**") == 25


def test_clean_vault_says_so_in_each_form(examine: Examine) -> None:
    report = examine({})
    assert render_health(report) == "Rien à mender : 2 notes lues."
    assert "Rien à mender" in render_health_markdown(report)


def test_text_of_a_note_neither_drives_the_terminal_nor_acts_as_markup() -> None:
    finding = Finding("missing_note", "a\x1b[2J*b*.md", 1, "Le lien « <b>[[x]](y)|z » : ôtez-le.", "x")
    report = HealthReport(1, (finding,), ())
    assert "\x1b" not in render_health(report) + render_health_markdown(report)
    assert "<b>" not in render_health_markdown(report).replace("\\<b\\>", "")
    assert "[[" not in render_health_markdown(report).replace("\\[\\[", "")


def test_vault_without_notes_is_an_error(make_vault: Callable[..., Path]) -> None:
    with pytest.raises(VaultError, match="aucune note"):
        examine_vault(IngestSettings(vault=make_vault({"Image.png": b"x"})))


def test_progress_is_told(make_vault: Callable[..., Path]) -> None:
    told: list[tuple[str, int, int | None]] = []
    vault = make_vault({"Note.md": TEXT, "Autre.md": OTHER})
    examine_vault(IngestSettings(vault=vault), on_progress=lambda *stage: told.append(stage))
    assert told == [
        ("Lecture des notes", 1, None),
        ("Lecture des notes", 2, None),
        ("Examen des notes", 2, 2),
    ]


@pytest.mark.parametrize(
    ("options", "code"),
    [([], 0), (["--strict"], 1), (["--json"], 0), (["--markdown", "--strict"], 1), (["--json", "--markdown"], 2)],
)  # fmt: skip
def test_command_returns_its_exit_code(
    make_vault: Callable[..., Path], options: list[str], code: int
) -> None:
    vault = make_vault({"Note.md": f"{TEXT} [[Absente]]", "Autre.md": OTHER})
    assert main(["health", "--vault", str(vault), *options]) == code


def test_command_is_strict_only_when_something_is_found(make_vault: Callable[..., Path]) -> None:
    vault = make_vault({"Note.md": TEXT, "Autre.md": OTHER})
    assert main(["health", "--vault", str(vault), "--strict"]) == 0
    assert main(["health", "--vault", str(vault / "absent")]) == 2


def test_command_prints_json_and_markdown(
    make_vault: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    vault = make_vault({"Note.md": f"{TEXT} [[Absente]]", "Autre.md": OTHER})
    main(["health", "--vault", str(vault), "--json"])
    assert json.loads(capsys.readouterr().out)["counts"] == {"missing_note": 1}
    main(["health", "--vault", str(vault), "--markdown"])
    assert capsys.readouterr().out.startswith("# Santé des notes\n\n2 notes lues, 1 point à mender :\n")


# Real vaults, hostile input


def test_real_vault_has_its_thirteen_broken_wikilinks_and_none_invented(real_vault: Path) -> None:
    report = examine_vault(IngestSettings(vault=real_vault))
    assert report.counts == {
        "missing_note": 11,
        "broken_embed": 2,
        "broken_anchor": 1,
        "dead_link": 5,
        "stub": 16,
        "orphan": 19,
    }
    assert {note.target: (note.notes, note.links) for note in report.missing} == {
        "Delphine Rivier": (2, 2),
        "Le projet Ramuz": (2, 2),
        "MuseumXTD": (2, 2),
        "Numérique et musée": (1, 6),
        "Stéphanie Lugon": (1, 1),
    }


def test_whole_real_folder_has_what_was_checked_by_eye(real_vault: Path) -> None:
    report = examine_vault(IngestSettings(vault=real_vault.parent))
    assert report.counts == {
        "missing_note": 47,
        "broken_anchor": 9,
        "dead_link": 14,
        "email": 1,
        "stub": 17,
        "orphan": 14,
    }


@pytest.mark.parametrize(
    "unit",
    ["](", "[a](", "@", "a@", "0 ", "+41 ", "021 721 ", "[", "^a ", "# ", "((", "=", "<<<<<<< ", ">>>>>>> \n"],
)  # fmt: skip
def test_own_scanners_take_five_megabytes_in_time(unit: str) -> None:
    text = unit * (5_000_000 // len(unit))
    note = replace(parse_note("x", "Note.md"), text=text)
    file = NoteFile("Note.md", b"Note.md", text, "utf-8", "", len(text))
    scans: tuple[Callable[[], object], ...] = (
        lambda: list(examine_note(note, file)),
        lambda: list(markdown_links(text)),
        lambda: read_anchors(note),
    )
    for scan in scans:
        started = time.process_time()
        scan()
        assert time.process_time() - started < 2


def test_long_note_is_examined_in_time(examine: Examine) -> None:
    started = time.process_time()
    examine({"Longue.md": "musée " * 833_000})
    assert time.process_time() - started < 2
