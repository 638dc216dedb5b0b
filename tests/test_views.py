"""The views over HTTP: whole pages and their fragments, what is refused, and hostile notes shown as text."""

import html
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answer import Filters
from assistant.browse import Hook, Reading, Wanted
from assistant.reach import is_loopback
from assistant.web import texts
from assistant.web.markup import MARKUP
from assistant.web.notes import texts as browse_texts
from assistant.web.notes.browsing import read_wanted
from assistant.web.notes.listing import notes_url
from assistant.web.notes.picture import fold_label, render_picture
from assistant.web.notes.reader import render_note, render_obsidian
from ingest.cards import NoteCard
from ingest.store import StoredNote
from tests.views_site import VAULT, Place, hostile, museum, serving, write_vault

OURS = frozenset(
    """
    html head meta title link script body header main nav section div form input button span p h1 h2 h3 h4 h5 h6 ul li
    a mark strong em details summary pre dl dt dd blockquote svg path text tspan rect
    """.split()
)


def _elements(page: str) -> list[tuple[str, dict[str, str]]]:
    """Return the elements a browser sees, with their attributes."""
    found: list[tuple[str, dict[str, str]]] = []

    class _Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, {name: value or "" for name, value in attrs}))

    _Reader().feed(page)
    return found


def _plain(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", markup))


def _note(text: str, title: str = "Titre") -> StoredNote:
    return StoredNote(
        row=1, id="a/é", path="Dossier/Note.md", raw_path=b"Dossier/Note.md", title=title, aliases=(), tags=(),
        date=None, encoding="utf-8", sha256="", private=False, text=text,
    )  # fmt: skip


def _card(row: int, title: str) -> NoteCard:
    return NoteCard(row, f"id{row}", f"{title}.md", title, (), None)


@pytest.mark.parametrize("path", ["/notes", "/notes/health"])
def test_view_is_a_whole_page_and_its_content_alone(museum: Place, path: str) -> None:
    status, headers, page = museum.get(path)
    assert (status, headers["cache-control"]) == (200, "no-store")
    assert page.startswith("<!doctype html>")
    assert f'<a href="/notes" aria-current="page">{dict(texts.VIEWS)["/notes"]}</a>' in page
    fragment = museum.get(f"{path}?fragment=1")[2]
    assert fragment.startswith('<div class="cim-view')
    assert fragment in page


def test_list_tells_folder_date_tags_and_who_cites(museum: Place) -> None:
    page = _plain(museum.get("/notes?fragment=1")[2])
    assert browse_texts.notes_found(3) in page
    assert "12 mai 2022 · Ressources · #guide #stratégie · 2\u00a0notes\u00a0la\u00a0citent" in page


def test_search_marks_its_sentence_and_opens_the_note_there(museum: Place) -> None:
    fragment = museum.get(f"/notes?q={quote('stratégie')}&fragment=1")[2]
    assert _plain(re.findall("<mark>(.*?)</mark>", fragment)[0]) == "Une 𝒳 stratégie relie les projets."
    [link] = re.findall(r'<h2><a href="([^"]+)"', fragment)
    status, _, note = museum.get(html.unescape(link))
    assert status == 200
    assert (
        _plain(re.findall('<mark id="passage">(.*?)</mark>', note)[0]) == "Une 𝒳 stratégie relie les projets."
    )


def test_filters_and_search_are_kept_together_and_each_can_be_dropped(museum: Place) -> None:
    fragment = museum.get("/notes?q=guide&folder=Ressources&tag=guide&fragment=1")[2]
    assert re.findall(r'<input type="hidden" name="(\w+)" value="(.*?)">', fragment) == [
        ("folder", "Ressources"),
        ("tag", "guide"),
    ]
    chips = [html.unescape(url) for url in re.findall(r'class="cim-chip" href="(.*?)"', fragment)]
    assert chips == [
        "/notes?folder=Ressources&tag=guide",
        "/notes?q=guide&tag=guide",
        "/notes?q=guide&folder=Ressources",
    ]
    assert browse_texts.notes_found(1) in fragment


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("q=xylophone", browse_texts.NONE_FOUND),
        ("folder=Ailleurs", browse_texts.NONE_HERE),
        ("q=%3F", "aucun mot"),
    ],
)
def test_nothing_found_is_a_sentence_on_an_empty_hook(museum: Place, query: str, said: str) -> None:
    status, _, page = museum.get(f"/notes?{query}")
    assert status == 200
    assert '<div class="cim-empty">' in page
    assert said in _plain(page)


@pytest.mark.parametrize(
    "query", ["page=x", "page=0", "page=99999999999", "order=%00", "q=%ED%A0%80&page=%C2%B2"]
)
def test_what_cannot_be_read_asks_for_nothing(museum: Place, query: str) -> None:
    assert museum.get(f"/notes?{query}")[0] == 200


def test_long_list_goes_on_by_pages(tmp_path: Path) -> None:
    vault = write_vault(tmp_path / "coffre", {f"{number:03}.md": f"Note {number}" for number in range(120)})
    with serving(vault, tmp_path / "index") as place:
        first, last = place.get("/notes?fragment=1")[2], place.get("/notes?page=3&fragment=1")[2]
    assert browse_texts.shown(1, 50, 120) in first
    assert browse_texts.shown(101, 120, 120) in last
    assert browse_texts.MORE in first
    assert browse_texts.BEFORE not in first
    assert browse_texts.MORE not in last
    assert 'href="/notes?page=2"' in last


def test_health_ranks_missing_notes_with_their_stub_and_who_asks(museum: Place) -> None:
    page = museum.get("/notes/health?fragment=1")[2]
    assert browse_texts.examined(3, 1) in _plain(page)
    address = f"{museum.note('Ressources/Le guide.md')}?line=7#passage"
    assert f'<a href="{address}">Ressources / Le guide</a>' in page
    assert "# À écrire\n\n## Voir aussi\n\n- [[Le guide]]" in _plain(page)


def test_finding_leads_to_its_line_while_the_file_is_the_note(museum: Place) -> None:
    path, address = (
        museum.vault / "Ressources" / "Le guide.md",
        f"{museum.note('Ressources/Le guide.md')}?line=7",
    )
    marked = re.compile('<mark id="passage">(.*?)</mark>')
    assert _plain(marked.findall(museum.get(address)[2])[0]).endswith("et [[À écrire]].")
    text = path.read_text(encoding="utf-8")
    try:
        path.write_text(f"Une ligne de plus.\n{text}", encoding="utf-8")
        page = museum.get(address)[2]
    finally:
        path.write_text(text, encoding="utf-8")
    assert not marked.search(page)
    assert browse_texts.CHANGED in _plain(page)
    assert texts.NOTE_SPAN_OUTSIDE not in _plain(page)


@pytest.mark.parametrize("place", ["line=999", "line=0", "start=3"])
def test_place_that_a_note_lacks_is_said(museum: Place, place: str) -> None:
    page = museum.get(f"{museum.note('Ressources/Le guide.md')}?{place}")[2]
    assert texts.NOTE_SPAN_OUTSIDE in _plain(page)
    assert "<mark" not in page


def test_note_has_its_links_and_what_cites_it(museum: Place) -> None:
    page = museum.get(museum.note("Ressources/Le guide.md"))[2]
    assert f'<a class="cim-wikilink" href="{museum.note("Ressources/Publics.md")}">' in page
    assert f'<span class="cim-hook" data-says="{browse_texts.TO_WRITE}">' in page
    cited = page[page.index('class="cim-backlinks"') :]
    assert "Voir Le guide avant tout." in re.sub(r"\[\[|\]\]", "", _plain(cited))
    [url] = re.findall(rf'href="({museum.note("Ressources/Publics.md")}[?][^"]+)"', cited)
    assert _plain("".join(re.findall(r"<mark[^>]*>(.*?)</mark>", museum.get(html.unescape(url))[2]))) == (
        "Voir [[Le guide]] avant tout."
    )


def test_note_that_changed_since_says_so(museum: Place) -> None:
    path = museum.vault / "Questions" / "Bilan.md"
    address = museum.note("Questions/Bilan.md")
    try:
        path.write_text("Autre chose.", encoding="utf-8")
        assert browse_texts.CHANGED in _plain(museum.get(address)[2])
        path.unlink()
        assert browse_texts.GONE in _plain(museum.get(address)[2])
    finally:
        path.write_text(VAULT["Questions/Bilan.md"], encoding="utf-8")
    assert browse_texts.CHANGED not in _plain(museum.get(address)[2])


def test_obsidian_is_given_the_path_on_this_machine_and_the_vault_elsewhere() -> None:
    note, vault = _note("Texte"), Path("/un coffre/é&")
    near = html.unescape(re.findall('href="(.*?)"', render_obsidian(note, vault, near=True))[0])
    assert near == "obsidian://open?path=%2Fun%20coffre%2F%C3%A9%26%2FDossier%2FNote.md"
    far = html.unescape(re.findall('href="(.*?)"', render_obsidian(note, vault, near=False))[0])
    assert parse_qs(urlsplit(far).query) == {"vault": ["é&"], "file": ["Dossier/Note.md"]}
    assert "un coffre" not in far


def test_path_of_this_machine_is_told_on_loopback_alone(museum: Place, tmp_path: Path) -> None:
    assert quote(str(museum.vault), safe="") in html.unescape(
        museum.get(museum.note("Questions/Bilan.md"))[2]
    )
    vault = write_vault(tmp_path / "coffre", VAULT)
    with serving(vault, tmp_path / "index", host="0.0.0.0") as open_place:
        page = html.unescape(open_place.get(open_place.note("Questions/Bilan.md"))[2])
    assert "obsidian://open?vault=coffre&file=Questions%2FBilan.md" in page
    assert tmp_path.name not in page
    assert [is_loopback(host) for host in ("127.0.0.1", "::1", "[::1]", "localhost", "0.0.0.0", "10.0.0.1", "musee.local")] == [
        True, True, True, True, False, False, False,
    ]  # fmt: skip


def _hostile_pages(place: Place) -> Iterator[str]:
    yield from (
        "/notes",
        "/notes?q=clic",
        "/notes/health",
        f"/notes?tag={quote('<i>script')}",
        "/notes?q=%3Cscript%3E+x",
    )
    yield from map(place.note, list(place.chain.note_ids()))


def test_nothing_of_hostile_notes_is_markup(hostile: Place) -> None:
    assert any("<script>" in entry.card.title for entry in hostile.chain.browse(Wanted()).entries)
    for address in _hostile_pages(hostile):
        status, _, page = hostile.get(address)
        assert status == 200
        for tag, attributes in _elements(page):
            assert tag in OURS, (address, tag)
            assert not [name for name in attributes if name.startswith("on")], (address, attributes)
            for name in attributes.keys() & {"href", "src", "action"}:
                assert re.match(r"/(?!/)|#|obsidian:", attributes[name]), (address, attributes)


TEXTS = st.text(alphabet="ab [|]*_#!`\n>-(é𝒳)", max_size=60)


@given(
    text=TEXTS,
    spans=st.lists(st.integers(0, 60), max_size=8),
    mark=st.tuples(st.integers(0, 60), st.integers(0, 60)),
)
def test_links_neither_shift_nor_lose_a_character(text: str, spans: list[int], mark: tuple[int, int]) -> None:
    edges = sorted({min(edge, len(text)) for edge in spans})
    hooks = tuple(
        Hook(first, last, "x", "id" if place % 2 else None)
        for place, (first, last) in enumerate(zip(edges[::2], edges[1::2], strict=False))
    )
    start, end = sorted(min(edge, len(text)) for edge in mark)
    page = render_note(Reading(_note(text), hooks), (start, end) if start < end else None)
    body = page[page.index('class="cim-note">') + 17 : page.index("<section")]
    assert _plain(body) == text
    assert _plain("".join(re.findall(r"<mark[^>]*>(.*?)</mark>", body, re.DOTALL))) == text[start:end]


def test_ten_thousand_links_in_a_line_are_shown_at_once() -> None:
    text = "[[x]] " * 10_000
    assert MARKUP.match(text)
    hooks = tuple(Hook(place * 6, place * 6 + 5, "x", "id") for place in range(10_000))
    assert render_note(Reading(_note(text), hooks), (0, 100)).count("cim-wikilink") >= 10_000


@given(title=st.text(max_size=200), letters=st.integers(4, 40), lines=st.integers(1, 5))
def test_label_keeps_to_its_lines(title: str, letters: int, lines: int) -> None:
    folded = fold_label(title, letters, lines)
    assert len(folded) <= lines
    assert all(len(line) <= letters for line in folded)


def test_picture_shows_eight_notes_a_side_and_counts_the_rest() -> None:
    picture = render_picture(
        "Au milieu", [_card(row, f"Citante {row}") for row in range(13)], [_card(50, "<b>Citée")]
    )
    drawing, _, listed = picture.partition("</svg>")
    assert (drawing.count('<a href="/note/'), listed.count('<a href="/note/')) == (9, 1)
    assert browse_texts.and_others(5) in _plain(drawing)
    assert "<b>" not in picture
    said = html.unescape(re.findall('aria-label="(Les liens.*?)"', drawing)[0])
    assert "La citent : Citante 0, Citante 1" in said.replace("\u00a0", " ")


def test_picture_of_a_note_alone_is_none() -> None:
    assert render_picture("Seule", [], []) == ""


@given(
    text=st.text(max_size=20).map(str.strip),
    folder=st.text(max_size=9).map(lambda name: name.strip("/")),
    tag=st.text(max_size=9),
    page=st.integers(1, 9),
    by_date=st.booleans(),
)
def test_address_of_a_view_says_what_is_asked_for(
    text: str, folder: str, tag: str, page: int, by_date: bool
) -> None:
    filters = Filters(tags=tuple(filter(None, [tag])), folders=tuple(filter(None, [folder])))
    wanted = Wanted(text, filters, by_date, page)
    query = parse_qs(urlsplit(notes_url(wanted)).query, keep_blank_values=True)
    assert read_wanted({name: values[0] for name, values in query.items()}) == wanted
