"""Wikilinks resolved over the whole vault, as Obsidian does."""

import unicodedata
from collections.abc import Mapping

import pytest

from ingest.links import ResolvedLink, resolve_links
from ingest.note import parse_note


def _resolve(files: Mapping[str, str]) -> list[ResolvedLink]:
    return resolve_links(parse_note(text, path) for path, text in files.items())


def _target(link: str, *paths: str, source: str = "Source.md") -> str | None:
    [resolved] = _resolve({source: link, **dict.fromkeys(paths, "Texte.")})
    return resolved.target


@pytest.mark.parametrize(
    "link",
    ["[[Publics]]", "[[publics]]", "[[Publics|le public]]", "[[Publics#Jeunes]]", "![[Publics]]", "[[Publics.md]]",
     "[[dossier/Publics]]", "[[Dossier/publics.md]]", "[[./dossier/Publics]]", "[[ Publics ]]", "[[/dossier/Publics]]"],
)  # fmt: skip
def test_link_finds_the_note_by_its_file_name_or_path(link: str) -> None:
    assert _target(link, "dossier/Publics.md", "Autre.md") == "dossier/Publics.md"


@pytest.mark.parametrize(
    "link",
    ["[[Absente]]", "[[autre/Publics]]", "[[ssier/Publics]]", "[[Public]]", "[[.md]]", "[[/]]", "[[../..]]"],
)
def test_link_that_no_note_answers_has_no_target(link: str) -> None:
    [resolved] = _resolve({"Source.md": link, "dossier/Publics.md": "Texte."})
    assert (resolved.target, resolved.rivals) == (None, ())


def test_link_finds_a_note_by_its_alias() -> None:
    [resolved] = _resolve({"S.md": "[[La médiation]]", "M.md": "---\naliases: [la Médiation]\n---\nTexte."})
    assert resolved.target == "M.md"


def test_link_finds_a_note_by_its_title() -> None:
    [resolved] = _resolve({"S.md": "[[La médiation]]", "M.md": "# La médiation\n"})
    assert resolved.target == "M.md"


def test_file_name_comes_before_an_alias() -> None:
    found = _resolve(
        {"S.md": "[[Publics]]", "a.md": "---\nalias: Publics\n---\nTexte.", "z/Publics.md": "Texte."}
    )
    assert [(link.target, link.rivals) for link in found] == [("z/Publics.md", ())]


def test_alias_holding_a_slash_is_an_alias() -> None:
    [resolved] = _resolve({"S.md": "[[et/ou]]", "M.md": "---\nalias: et/ou\n---\nTexte."})
    assert resolved.target == "M.md"


def test_link_finds_a_note_whatever_the_normal_form() -> None:
    composed, decomposed = "été/Médiation.md", unicodedata.normalize("NFD", "été/Médiation.md")
    assert _target(f"[[{composed}]]", decomposed) == decomposed
    assert _target(f"[[{decomposed}]]", composed) == composed


def test_ambiguous_link_means_the_note_of_the_same_folder_and_names_its_rivals() -> None:
    files = {"a/b/Source.md": "[[Note]]", "Note.md": "x", "a/b/Note.md": "x", "a/Note.md": "x"}
    [resolved] = _resolve(files)
    assert (resolved.target, resolved.rivals) == ("a/b/Note.md", ("Note.md", "a/Note.md"))


def test_ambiguous_link_from_elsewhere_means_the_shallowest_note() -> None:
    [resolved] = _resolve({"z/Source.md": "[[Note]]", "a/b/Note.md": "x", "b/Note.md": "x", "a/Note.md": "x"})
    assert (resolved.target, resolved.rivals) == ("a/Note.md", ("b/Note.md", "a/b/Note.md"))


def test_folder_in_the_link_settles_which_note_is_meant() -> None:
    [resolved] = _resolve(
        {"a/Source.md": "[[b/Note]]", "a/Note.md": "x", "a/b/Note.md": "x", "c/Note.md": "x"}
    )
    assert (resolved.target, resolved.rivals) == ("a/b/Note.md", ())


@pytest.mark.parametrize(
    ("link", "target"),
    [("[[../Note]]", "a/Note.md"), ("[[./Note]]", "a/b/Note.md"), ("[[/Note]]", "Note.md")],
)
def test_relative_and_absolute_links_lead_where_they_say(link: str, target: str) -> None:
    assert _target(link, "Note.md", "a/Note.md", "a/b/Note.md", source="a/b/Source.md") == target


def test_link_to_a_heading_of_the_same_note_leads_to_itself() -> None:
    assert _target("[[#Titre]]", source="a/S.md") == "a/S.md"


def test_note_that_names_itself_leads_to_itself() -> None:
    assert _target("[[Source]]") == "Source.md"


@pytest.mark.parametrize(
    "name", ["Image.png", "Plan.PDF", "Son.mp3", "Tableau.canvas", "dossier/Image.jpeg|300"]
)
def test_attachments_are_left_out(name: str) -> None:
    assert _resolve({"S.md": f"![[{name}]] [[{name}]]"}) == []


def test_dot_in_a_name_is_not_a_suffix() -> None:
    assert (
        _target("[[DOORS. Digital Incubator]]", "DOORS. Digital Incubator.md")
        == "DOORS. Digital Incubator.md"
    )


def test_links_come_in_the_order_of_notes_and_text() -> None:
    found = _resolve({"b.md": "[[a]] [[absente]]", "a.md": "[[b]] [[b]]"})
    assert [(link.source, link.target) for link in found] == [
        ("b.md", "a.md"),
        ("b.md", None),
        ("a.md", "b.md"),
        ("a.md", "b.md"),
    ]


def test_resolved_link_keeps_the_link_as_written() -> None:
    [resolved] = _resolve({"S.md": "Voir ![[Publics#Jeunes|eux]].", "Publics.md": "x"})
    link = resolved.link
    assert (link.target, link.heading, link.alias, link.embed, link.start, link.end) == (
        "Publics",
        "Jeunes",
        "eux",
        True,
        5,
        28,
    )


def test_cycle_of_links_is_resolved() -> None:
    found = _resolve({"a.md": "![[b]]", "b.md": "![[a]] ![[b]]"})
    assert [link.target for link in found] == ["b.md", "a.md", "b.md"]
