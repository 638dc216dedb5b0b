"""The vault shipped with Cimaise: a model of a good vault, and the seed promises on it."""

import re
from pathlib import Path

import pytest

from assistant import AnswerChain
from ingest.clean import clean
from ingest.french import words
from ingest.header import parse_header
from ingest.links import ResolvedLink, resolve_links
from ingest.note import Note, parse_note
from ingest.settings import IngestSettings
from ingest.sync import sync

SEED = "Pourquoi développer une stratégie numérique ?"
EXPECTED = ("AMS", "Hub01", "Journée professionnelle", "Elisabeth Gravil", "Centre Pompidou", "Max Hollein")
ROOT = Path(__file__).parents[1]
PATHS = sorted(path.relative_to(ROOT / "notes").as_posix() for path in (ROOT / "notes").rglob("*.md"))
_SENTENCE_END = re.compile(r"[.!?…:;]+\s|\n")


@pytest.fixture(scope="module")
def notes(demonstration_vault: Path) -> dict[str, Note]:
    return {path: parse_note((demonstration_vault / path).read_bytes().decode(), path) for path in PATHS}


@pytest.fixture(scope="module")
def links(notes: dict[str, Note]) -> list[ResolvedLink]:
    return resolve_links(notes.values())


def _cited(chain: AnswerChain, question: str) -> list[str]:
    return [citation.note for citation in chain.invoke(question).citations]


def test_seed_question_cites_the_notes_that_answer_it(demo_chain: AnswerChain) -> None:
    cited = _cited(demo_chain, SEED)
    assert sum(any(note.startswith(prefix) for note in cited) for prefix in EXPECTED) >= 4, cited


@pytest.mark.parametrize("prefix", EXPECTED)
def test_seed_question_reads(demo_chain: AnswerChain, prefix: str) -> None:
    assert any(passage.note.startswith(prefix) for passage in demo_chain.invoke(SEED).passages)


@pytest.mark.parametrize(
    ("question", "prefix"),
    [
        ("Que dit Max Hollein du musée universel ?", "Max Hollein"),
        ("Qu'a dit Agnès Benayer de la crise sanitaire ?", "Centre Pompidou"),
    ],
)
def test_person_is_cited_first_from_their_own_note(
    demo_chain: AnswerChain, question: str, prefix: str
) -> None:
    assert _cited(demo_chain, question)[0].startswith(prefix)


@pytest.mark.parametrize(
    "question", [SEED, "Que dit Max Hollein du musée universel ?", "Qu’est-ce que DOORS ?"]
)
def test_every_citation_is_a_slice_of_the_file(
    demo_chain: AnswerChain, demonstration_vault: Path, question: str
) -> None:
    citations = demo_chain.invoke(question).citations
    assert citations
    for citation in citations:
        text = (demonstration_vault / citation.path).read_bytes().decode(citation.encoding)
        assert text.removeprefix("\ufeff")[citation.start : citation.end] == citation.quote


def test_question_about_something_else_is_not_answered(demo_chain: AnswerChain) -> None:
    answer = demo_chain.invoke("Quelle est la recette de la soupe à l’oignon ?")
    assert answer.verdict != "answered"
    assert answer.gaps


def test_there_are_about_25_notes() -> None:
    assert 22 <= len(PATHS) <= 30


def test_there_is_nothing_to_mend(demonstration_vault: Path, tmp_path: Path) -> None:
    report = sync(IngestSettings(vault=demonstration_vault, index=tmp_path / "index"))
    assert report.indexed == report.seen == len(PATHS)
    assert report.warnings == report.failed == report.skipped == ()


@pytest.mark.parametrize("path", PATHS)
def test_front_matter_is_whole(notes: dict[str, Note], path: str) -> None:
    note = notes[path]
    assert note.text.startswith("---\n")
    assert note.aliases
    assert note.tags
    assert note.date is not None
    assert re.fullmatch(r"2\d{3}-\d\d-\d\d", note.date)
    assert note.warnings == ()


@pytest.mark.parametrize("path", PATHS)
def test_note_has_the_address_of_its_source(notes: dict[str, Note], path: str) -> None:
    header = notes[path].text[: notes[path].body_start]
    assert re.search(r'^source: "https?://[\w.-]+\.\w+/[^" ]*"$', header, re.MULTILINE)


@pytest.mark.parametrize("path", PATHS)
def test_note_is_neither_short_nor_long(notes: dict[str, Note], path: str) -> None:
    note = notes[path]
    assert 150 <= len(clean(note.text[note.body_start :]).split()) <= 400


@pytest.mark.parametrize("path", PATHS)
def test_title_of_a_note_is_its_file_name(notes: dict[str, Note], path: str) -> None:
    note = notes[path]
    assert words(note.title) == words(note.stem)


def test_every_wikilink_leads_to_one_note(links: list[ResolvedLink]) -> None:
    assert len(links) > 50
    assert [(link.source, link.link.target) for link in links if link.target is None or link.rivals] == []


def test_every_heading_that_a_wikilink_names_is_there(
    notes: dict[str, Note], links: list[ResolvedLink]
) -> None:
    for link in links:
        assert link.target is not None
        headings = {name for section in notes[link.target].sections for name in section.heading}
        assert not link.link.heading or link.link.heading in headings


@pytest.mark.parametrize("path", PATHS)
def test_note_links_to_others_and_others_link_to_it(links: list[ResolvedLink], path: str) -> None:
    others = [link for link in links if link.source != link.target]
    assert any(link.source == path for link in others)
    assert any(link.target == path for link in others)


def test_names_of_notes_are_told_apart(notes: dict[str, Note]) -> None:
    names = [name.casefold() for note in notes.values() for name in {note.stem, *note.aliases}]
    assert sorted(names) == sorted(set(names))


def test_seed_note_links_to_all_it_rests_on(links: list[ResolvedLink]) -> None:
    linked = {
        Path(link.target or "").name for link in links if Path(link.source).name.startswith("Pourquoi dév")
    }
    wanted = (*EXPECTED, "Elisabeth Gravil au forum", "Comment élaborer", "Qu’est-ce qu’une stratégie")
    assert [name for name in wanted if not any(target.startswith(name) for target in linked)] == []


@pytest.mark.parametrize("path", PATHS)
def test_notes_are_written_with_french_typography(notes: dict[str, Note], path: str) -> None:
    body = clean(notes[path].text[notes[path].body_start :])
    assert not re.search(r"\w'\w", body), "a straight apostrophe"
    assert '"' not in body


def test_no_sentence_is_copied_from_the_real_vault(notes: dict[str, Note], real_vault: Path) -> None:
    texts = [path.read_bytes().decode("utf-8", "replace") for path in sorted(real_vault.rglob("*.md"))]
    theirs = " ".join(" ".join(words(clean(text))) for text in texts)
    assert len(theirs) > 50_000
    sentences = [
        words(sentence)
        for note in notes.values()
        for sentence in _SENTENCE_END.split(clean(note.text[note.body_start :]))
    ]
    titles = " | ".join(
        " ".join(words(name)) for note in notes.values() for name in (note.title, *note.aliases)
    )
    copied = {
        " ".join(sentence) for sentence in sentences if len(sentence) >= 8 and " ".join(sentence) in theirs
    }
    assert {sentence for sentence in copied if sentence not in titles} == set()


def test_header_of_every_note_is_strict_yaml(demonstration_vault: Path) -> None:
    import yaml  # noqa: PLC0415

    for path in PATHS:
        text = (demonstration_vault / path).read_text(encoding="utf-8")
        read = yaml.safe_load(text[4 : parse_header(text).end].rsplit("---", 1)[0])
        assert {"aliases", "tags", "date"} <= read.keys()
