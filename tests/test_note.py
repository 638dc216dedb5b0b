"""Notes parsed: what each one says of itself, and offsets that are exact whatever was written."""

import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.note import Note, parse_note, settle_titles
from ingest.vault import walk_vault


def _note(text: str, path: str = "dossier/Nom du fichier.md") -> Note:
    return parse_note(text, path)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# Le titre\n\nTexte.", "Le titre"),
        ("Le titre\n========\n\nTexte.", "Le titre"),
        ("---\ntags: a\n---\n\n# Le titre\n", "Le titre"),
        ("date : 2022mai12\n----\n[[Publics]]\n# Le titre\n", "Le titre"),
        ("# Un **titre** [[Note|lié]] ^bloc\n", "Un titre lié"),
        ("# Me\u0301diation\n", "Médiation"),
        ("Texte.\n\n## Sous-titre\n\n# Trop tard\n", "Nom du fichier"),
        ("Une première phrase qui dit déjà bien plus que douze mots avant le titre.\n\n# Titre\n", "Nom du fichier"),
        ("## Sous-titre\n\n# Titre\n", "Nom du fichier"),
        ("#\n\nTexte.", "Nom du fichier"),
        ("```\n# Commentaire\n```\n", "Nom du fichier"),
        ("> # Cité\n", "Nom du fichier"),
        ("---\ntitle: Du site\n---\nTexte.", "Nom du fichier"),
        ("", "Nom du fichier"),
    ],
)  # fmt: skip
def test_title_is_the_leading_h1_else_the_file_name(text: str, title: str) -> None:
    assert _note(text).title == title


@pytest.mark.parametrize(
    ("path", "title"), [("Médiation.md", "Médiation"), ("a/v1.2.md", "v1.2"), ("**.md", "**")]
)
def test_title_without_an_h1_is_never_empty(path: str, title: str) -> None:
    assert _note("Texte.", path).title == title


def test_title_shows_no_control_or_replacement_character() -> None:
    assert _note("# Mus\0ée\n\nTexte.").title == "Musée"


def test_file_name_is_the_stem() -> None:
    assert _note("# Titre", "a/b/Note.v2.md").stem == "Note.v2"


def test_front_matter_title_that_few_notes_share_becomes_the_title() -> None:
    notes = [
        _note(f"---\ntitle: {title}\n---\n# H1\n", f"{i}.md")
        for i, title in enumerate(["Seul", "À deux", "a deux"])
    ]
    assert [note.title for note in settle_titles(notes)] == ["Seul", "À deux", "a deux"]


def test_front_matter_title_that_three_notes_share_is_the_name_of_the_site() -> None:
    notes = [_note("---\ntitle: MuseumXTD\n---\n# Titre\n", f"{i}.md") for i in range(3)]
    assert [note.title for note in settle_titles(notes)] == ["Titre"] * 3


def test_notes_without_a_front_matter_title_are_left_as_they_are() -> None:
    notes = [_note("# Titre\n", f"{i}.md") for i in range(5)]
    assert settle_titles(notes) == notes


@pytest.mark.parametrize(
    ("header", "aliases"),
    [
        ("alias: Autre nom", ("Autre nom",)),
        ("aliases: [Un, Deux, Un]", ("Un", "Deux")),
        ("alias: [Quels musées voulons-nous demain?]", ("Quels musées voulons-nous demain?",)),
        ("aliases:\n  - '[[Un]]'\n  - ''", ("Un",)),
        ("title: Sans alias", ()),
    ],
)
def test_aliases_are_those_of_the_header(header: str, aliases: tuple[str, ...]) -> None:
    assert _note(f"---\n{header}\n---\nTexte.").aliases == aliases


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("---\ntags: [médiation, '#outil']\n---\nTexte.", ("médiation", "outil")),
        ("---\ntags: médiation outil\n---\nTexte.", ("médiation", "outil")),
        ("---\ntags: a, b\n---\nTexte #b #c.", ("a", "b", "c")),
        ("date : 2022mai12\ntags : #question #été\n----\nTexte.", ("question", "été")),
        ("Un #médiation/jeune-public.", ("médiation/jeune-public",)),
        ("(#un,#deux;#trois)", ("un", "deux", "trois")),
        ("#début et #œuvre_2", ("début", "œuvre_2")),
        ("#2022 #2022/mai", ("2022/mai",)),
        ("# Titre\n\n## Sous-titre\n", ()),
        ("C#dièse, https://musee.ch/#ancre, a#b", ()),
        ("`#code`\n\n```\n#bloc\n```", ()),
        ("```css\n#fff\n```\n", ()),
        ("<!-- #caché --> %% #caché %%", ()),
        ('<span style="color: #fff">gris</span>', ()),
        ("[[Note#Titre]] [[#Titre]]", ()),
        ("[[Note #Titre]]", ()),
        ("#tag/ #-tag-", ("tag",)),
        ("# # ##", ()),
    ],
)
def test_tags_of_the_header_then_of_the_text_each_once(text: str, tags: tuple[str, ...]) -> None:
    assert _note(text).tags == tags


@pytest.mark.parametrize("text", ["#médiation/été ici", "---\ntags: [médiation/été]\n---\nTexte."])
def test_tag_typed_with_combining_accents_is_the_same_tag(text: str) -> None:
    assert _note(unicodedata.normalize("NFD", text)).tags == ("médiation/été",)


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("---\ndate: 2022-05-12\n---\nTexte.", "2022-05-12"),
        ("date : 2022août4\n----\nTexte.", "2022-08-04"),
        ("---\ncréé le: 1er mai 2023\n---\nTexte.", "2023-05-01"),
        ("---\ndate: 0000-00-00\n---\nTexte.", None),
        ("Le 12 mai 2022.", None),
    ],
)
def test_date_is_that_of_the_header(text: str, date: str | None) -> None:
    assert _note(text).date == date


@pytest.mark.parametrize(
    ("written", "target", "heading", "alias", "embed"),
    [
        ("[[Note]]", "Note", "", "", False),
        ("[[Note|le texte]]", "Note", "", "le texte", False),
        ("[[Note#Titre]]", "Note", "Titre", "", False),
        ("[[Note#Titre|le texte]]", "Note", "Titre", "le texte", False),
        ("[[Note#Titre#Sous-titre]]", "Note", "Titre#Sous-titre", "", False),
        ("[[Note#^bloc-1]]", "Note", "^bloc-1", "", False),
        ("[[#Titre]]", "", "Titre", "", False),
        ("[[dossier/Note]]", "dossier/Note", "", "", False),
        ("[[ Note | le texte ]]", "Note", "", "le texte", False),
        ("![[Note]]", "Note", "", "", True),
        ("![[Image.png|alt|300]]", "Image.png", "", "alt|300", True),
        (r"[[Note\|dans un tableau]]", "Note", "", "dans un tableau", False),
        ("[[Qu’est-ce que l’été ? 🎨]]", "Qu’est-ce que l’été ? 🎨", "", "", False),
    ],
)
def test_wikilink_in_every_form(written: str, target: str, heading: str, alias: str, embed: bool) -> None:
    text = f"# Été 🎨\r\n\r\nVoir {written} ici."
    [link] = _note(text).links
    assert (link.target, link.heading, link.alias, link.embed) == (target, heading, alias, embed)
    assert text[link.start : link.end] == written


@pytest.mark.parametrize(
    "text",
    [
        "`[[Note]]`", "```\n[[Note]]\n```", "<!-- [[Note]] -->", "%% [[Note]] %%", "[[]]", "[[Note", "[Note]]",
        "[[No\nte]]", "[[No\r\nte]]", "[[No\rte]]", "[[" + "x" * 700 + "]]",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_wikilink_is_none(text: str) -> None:
    assert _note(f"{text}\n").links == ()


def test_unclosed_wikilink_does_not_hide_the_next_one() -> None:
    assert [link.target for link in _note("[[Un [[Deux]] [[Trois]]").links] == ["Deux", "Trois"]


def test_links_of_the_header_are_links() -> None:
    assert [link.target for link in _note("---\nvoir: '[[Publics]]'\n---\nTexte [[Outils]].").links] == [
        "Publics",
        "Outils",
    ]


def _sections(text: str) -> list[tuple[tuple[str, ...], int, str]]:
    return [
        (section.heading, section.level, text[section.start : section.end])
        for section in _note(text).sections
    ]


def test_sections_carry_the_path_of_their_headings_without_the_title() -> None:
    text = "# Note\n\nIntro.\n\n## Un\n\nA.\n\n### Deux\n\nB.\n\n## Trois\n\nC.\n"
    assert _sections(text) == [
        ((), 1, "# Note\n\nIntro.\n\n"),
        (("Un",), 2, "## Un\n\nA.\n\n"),
        (("Un", "Deux"), 3, "### Deux\n\nB.\n\n"),
        (("Trois",), 2, "## Trois\n\nC.\n"),
    ]


def test_text_before_the_first_heading_is_a_section_of_its_own() -> None:
    assert _sections("Intro.\n\n## Un\n\nA.") == [((), 0, "Intro.\n\n"), (("Un",), 2, "## Un\n\nA.")]


def test_heading_with_nothing_under_it_goes_with_the_next() -> None:
    text = "## Un\n\n### Deux\n\n#### Trois\n\nA."
    assert _sections(text) == [(("Un", "Deux", "Trois"), 4, text)]


def test_last_heading_is_kept_even_with_nothing_under_it() -> None:
    assert _sections("## Un\n\nA.\n\n## Fin")[-1] == (("Fin",), 2, "## Fin")


def test_headings_in_fences_quotes_and_lists_open_no_section() -> None:
    assert len(_sections("Intro.\n\n```\n# a\n```\n\n> # b\n\n- # c\n")) == 1


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_sections_are_the_same_whatever_ends_the_lines(newline: str) -> None:
    text = "Intro.\n\nUn\n--\n\nA.\n\n## Deux ##\n\nB.\n".replace("\n", newline)
    assert [section[0] for section in _sections(text)] == [(), ("Un",), ("Deux",)]
    assert "".join(section[2] for section in _sections(text)) == text


@pytest.mark.parametrize(
    ("text", "private"),
    [
        ("---\nconfidentiel: true\n---\nTexte.", True),
        ("---\nConfidentiel: Oui\n---\nTexte.", True),
        ("confidentiel : oui\n----\nTexte.", True),
        ("---\nconfidentiel: false\n---\nTexte.", False),
        ("---\ntags: [interne]\n---\nTexte.", True),
        ("Texte #Interne.", True),
        ("Texte `#interne`.", False),
        ("Texte interne.", False),
    ],
)
def test_private_note_is_recognised(text: str, private: bool) -> None:
    assert _note(text).private is private


def test_malformed_header_is_warned_of_and_loses_nothing() -> None:
    note = _note("---\ntitle: Musée: stratégie\ntags: [a]\n---\n# Titre\n\nTexte.\n")
    assert (note.title, note.header_title, note.tags) == ("Titre", "Musée: stratégie", ("a",))
    assert [line for line, _ in note.warnings] == [2]


def test_body_starts_after_the_header() -> None:
    note = _note("---\ntags: a\n---\n# Titre\n")
    assert note.text[note.body_start :] == "# Titre\n"


_PIECES = [
    "---\n", "date : 2022mai12\n", "tags: [a, #b]\n", "alias: X\n", "# ", "## Été\n", "Titre\n===\n", "\n", "\r\n", "\r",
    "[[", "]]", "![[", "[[Note#T|a]]", "|", "#", "#médiation/été", "<!--", "-->", "%%", "```\n", "`", "> ", "- ", "\0", "\ufeff",
    "\u2028", "e\u0301", "🎨", "<b style='#fff'>", "\\", "\t", "    ", "mot ",
]  # fmt: skip
HOSTILE = st.lists(
    st.sampled_from(_PIECES) | st.text(st.characters(exclude_categories=["Cs"]), max_size=5), max_size=25
).map("".join)


@given(HOSTILE)
def test_whatever_is_written_the_offsets_of_links_are_exact(text: str) -> None:
    last = 0
    for link in _note(text).links:
        written = text[link.start : link.end]
        assert written.startswith("![[" if link.embed else "[[")
        assert written.endswith("]]")
        assert all(part in written for part in (link.target, link.heading, link.alias))
        assert last <= link.start
        last = link.end


@given(HOSTILE)
def test_whatever_is_written_the_sections_tile_the_body(text: str) -> None:
    note = _note(text)
    edges = [note.body_start, *(section.end for section in note.sections)]
    starts = [*(section.start for section in note.sections), len(text)]
    assert edges[1:] == starts[1:]
    assert not text[edges[0] : starts[0]].strip()


@given(HOSTILE)
def test_whatever_is_written_the_text_is_kept_and_the_title_is_not_empty(text: str) -> None:
    note = _note(text)
    assert note.text == text
    assert note.title.strip()
    assert all(tag and not set(tag) & set("# \n") for tag in note.tags)


@pytest.mark.parametrize(
    "hostile",
    ["[[" * 50_000, "<!--" * 30_000, ">" * 50_000, "[" * 25_000, "`" * 100_000, "%%" * 50_000, "- " * 25_000,
     "x" * 1_000_000, "#a " * 100_000, "<a " * 50_000, "|" * 50_000],
    ids=lambda hostile: hostile[:4].strip(),
)  # fmt: skip
def test_hostile_note_is_parsed_in_linear_time(hostile: str) -> None:
    started = time.process_time()
    assert _note(hostile).text == hostile
    assert time.process_time() - started < 3


def test_every_real_note_is_parsed_with_exact_links_and_sections(real_vault: Path) -> None:
    files = [outcome.file for outcome in walk_vault(real_vault, max_note_bytes=5_000_000) if outcome.file]
    notes = [parse_note(file.text, file.path) for file in files]
    assert sum(len(note.links) for note in notes) > 100
    for note in notes:
        assert all("[[" in note.text[link.start : link.end] for link in note.links)
        body = note.text[note.body_start :]
        assert (
            "".join(note.text[section.start : section.end] for section in note.sections).strip()
            == body.strip()
        )


@given(st.text(alphabet="#- \n\r`<>=a*1.)[]|~+_:é\\", max_size=40))
@settings(max_examples=400)
def test_headings_scanned_are_those_that_a_markdown_parser_finds(text: str) -> None:
    scanned = parse_note(text, "a.md").sections
    parsed = parse_note(f"{text}\n\n    code", "a.md").sections  # what makes the parser necessary
    assert [section.heading for section in parsed][: len(scanned)] == [section.heading for section in scanned]
