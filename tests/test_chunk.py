"""Chunks: exact slices that lose no visible word and hold no hidden one."""

import re
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.chunk import MAX_CHARACTERS, Chunk, split_note
from ingest.clean import hidden_spans
from ingest.note import parse_note
from ingest.vault import walk_vault


def _split(text: str, path: str = "Note.md") -> list[Chunk]:
    return split_note(parse_note(text, path))


def test_short_note_is_one_chunk_without_the_blank_around_it() -> None:
    [chunk] = _split("---\ntags: a\n---\n\n# Titre\n\nLe **musée**.\n\n")
    assert (chunk.text, chunk.cleaned, chunk.heading) == ("# Titre\n\nLe **musée**.", "Titre Le musée.", ())


def test_each_section_is_a_chunk_with_its_headings() -> None:
    chunks = _split("# Note\n\nIntro.\n\n## Un\n\nA.\n\n### Deux\n\nB.\n")
    assert [(chunk.heading, chunk.text) for chunk in chunks] == [
        ((), "# Note\n\nIntro."),
        (("Un",), "## Un\n\nA."),
        (("Un", "Deux"), "### Deux\n\nB."),
    ]


@pytest.mark.parametrize(
    "comment", ["<!-- caché -->", "%% caché %%", "<script>caché</script>", "<style>caché</style>"]
)
def test_chunk_ends_where_a_comment_starts(comment: str) -> None:
    for blank in ("\n", ""):
        chunks = _split(f"Avant.{blank}{comment}{blank}Après.")
        assert [chunk.text for chunk in chunks] == ["Avant.", "Après."]


@pytest.mark.parametrize(
    "text", ["", " \n", "---\ntags: a\n---\n", "***\n\n---\n", "<!-- seul -->", "![[Image.png]]", "…", "\0"]
)
def test_note_without_a_word_has_no_chunk(text: str) -> None:
    assert _split(text) == []


def test_word_of_an_image_is_a_word() -> None:
    assert [chunk.cleaned for chunk in _split("![Vue du musée](vue.png)")] == ["Vue du musée"]


def test_ids_do_not_depend_on_what_stands_elsewhere() -> None:
    before = {chunk.text: chunk.id for chunk in _split("## Un\n\nA.\n\n## Deux\n\nB.\n")}
    after = {chunk.text: chunk.id for chunk in _split("Intro.\n\n## Deux\n\nB.\n\n## Un\n\nA.\n")}
    assert before.items() <= after.items()


def test_ids_of_equal_texts_differ() -> None:
    chunks = _split("## Un\n\nA.\n\n## Un\n\nA.\n") + _split("## Un\n\nA.\n", "Autre.md")
    assert [chunk.text for chunk in chunks] == ["## Un\n\nA."] * 3
    assert len({chunk.id for chunk in chunks}) == 3


def test_id_changes_with_the_text() -> None:
    assert _split("Un.")[0].id != _split("Un !")[0].id


def test_id_is_the_same_on_every_machine() -> None:
    assert _split("Le musée.", "été/Note.md")[0].id == "8ffceca7c1368f129de6b54c"


def test_section_at_the_ceiling_stays_whole_and_one_above_is_split() -> None:
    whole = ("mot " * 375)[:-1] + "s"
    assert len(whole) == MAX_CHARACTERS
    assert [len(_split(whole)), len(_split(whole + "s"))] == [1, 2]


def test_long_section_is_cut_between_paragraphs_rather_than_within_one() -> None:
    paragraphs = [f"Paragraphe {number}. " + "Le musée ouvre ses portes. " * 20 for number in range(8)]
    assert all(chunk.text.startswith("Paragraphe") for chunk in _split("\n\n".join(paragraphs)))


@pytest.mark.parametrize("blank", [" ", "\n", "\r", "\r\n", ". ", "\t", "\u00a0"])
def test_long_section_is_cut_between_words(blank: str) -> None:
    written = [f"mot{number}" for number in range(600)]
    found = [word for chunk in _split(blank.join(written)) for word in re.findall(r"mot\d+|\w+", chunk.text)]
    assert found == written


def test_comment_written_in_a_long_code_block_is_text_in_every_chunk() -> None:
    text = "```html\n" + "<p>rien</p>\n" * 200 + "<!-- visible -->\n" + "<p>rien</p>\n" * 200 + "```\n"
    assert sum("visible" in chunk.cleaned for chunk in _split(text)) == 1


def test_one_line_without_a_space_is_cut_in_little_time() -> None:
    started = time.process_time()
    chunks = _split("x" * 500_000)
    assert "".join(chunk.text for chunk in chunks) == "x" * 500_000
    assert time.process_time() - started < 4


_KINDS = ["paragraph", "heading", "title", "list", "quote", "callout", "table", "fence", "code", "bold", "comment", "percent",
          "script", "setext"]  # fmt: skip
_FORMS = {
    "paragraph": "{}.", "heading": "## {}", "title": "# {}", "list": "- {}\n- [ ] fin", "quote": "> {}", "callout": "> [!note] {}",
    "table": "| {} | b |\n|---|---|\n| c | d |", "fence": "```\n{}\n```", "code": "`{}`", "bold": "**{}**", "comment": "<!-- {} -->",
    "percent": "%% {} %%", "script": "<script>{}</script>", "setext": "{}\n---",
}  # fmt: skip
_HIDDEN = frozenset({"comment", "percent", "script"})
_BLOCKS = st.lists(st.tuples(st.sampled_from(_KINDS), st.sampled_from([1, 3, 200])), min_size=1, max_size=8)


def _write(blocks: list[tuple[str, int]], newline: str) -> tuple[str, list[str], list[str]]:
    """Return a note, the words it shows and those it hides; no word comes twice."""
    written: list[str] = []
    shown: list[str] = []
    hidden: list[str] = []
    for number, (kind, count) in enumerate(blocks):
        words = [f"mot{number}x{rank}" for rank in range(count)]
        (hidden if kind in _HIDDEN else shown).extend(words)
        written.append(_FORMS[kind].format(" ".join(words)))
    return "\n\n".join(written).replace("\n", newline), shown, hidden


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@given(blocks=_BLOCKS)
@settings(max_examples=40)
def test_every_visible_word_is_in_exactly_one_chunk_and_no_hidden_one_is(
    blocks: list[tuple[str, int]], newline: str
) -> None:
    _check_words(*_write(blocks, newline))


@pytest.mark.parametrize("kind", _KINDS)
def test_visible_words_survive_line_ends_of_old(kind: str) -> None:
    _check_words(*_write([(kind, 3), ("paragraph", 3), ("comment", 3)], "\r"))


def _check_words(text: str, shown: list[str], hidden: list[str]) -> None:
    chunks = _split(text)
    for views in ([chunk.text for chunk in chunks], [chunk.cleaned for chunk in chunks]):
        counts = Counter(re.findall(r"mot\d+x\d+", " ".join(views)))
        assert [word for word in shown if counts[word] != 1] == []
        assert [word for word in hidden if counts[word]] == []


_PIECES = ["mot ", "mot", "\n\n", "\n", "\r", "\r\n", "# ", "## Été\n", "<!-- ", " -->", "%%", "```\n", "`", "> ", "- ", "|", "---\n",
           "\0", "\u2028", "e\u0301", "🎨", "<script>", "</SCRIPT>", "[[", "]]", "longueur " * 170, "x" * 1_600]  # fmt: skip
HOSTILE = st.lists(
    st.sampled_from(_PIECES) | st.text(st.characters(exclude_categories=["Cs"]), max_size=5), max_size=20
).map("".join)


@given(HOSTILE)
def test_whatever_is_written_chunks_are_exact_slices_in_order_within_the_ceiling(text: str) -> None:
    note = parse_note(text, "Note.md")
    last = note.body_start
    for chunk in split_note(note):
        assert text[chunk.start : chunk.end] == chunk.text == chunk.text.strip() != ""
        assert len(chunk.text) <= MAX_CHARACTERS
        assert last <= chunk.start
        last = chunk.end


@given(HOSTILE)
def test_whatever_is_written_no_chunk_touches_a_comment(text: str) -> None:
    spans = hidden_spans(text)
    for chunk in _split(text):
        assert not [span for span in spans if span[0] < chunk.end and chunk.start < span[1]]


@given(HOSTILE)
def test_whatever_is_written_ids_are_unique_and_stable(text: str) -> None:
    ids = [chunk.id for chunk in _split(text)]
    assert len(set(ids)) == len(ids)
    assert ids == [chunk.id for chunk in _split(text)]


def test_chunks_of_the_real_vault_are_exact_and_their_ids_unique(real_vault: Path) -> None:
    files = [outcome.file for outcome in walk_vault(real_vault, max_note_bytes=5_000_000) if outcome.file]
    found = [(file, chunk) for file in files for chunk in _split(file.text, file.path)]
    assert len({chunk.id for _, chunk in found}) == len(found) > 96
    assert all(file.text[chunk.start : chunk.end] == chunk.text for file, chunk in found)
    assert max(len(chunk.text) for _, chunk in found) <= MAX_CHARACTERS
