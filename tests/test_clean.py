"""The cleaned view: what a reader sees, and nothing else, in linear time."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.clean import clean, code_spans, hidden_spans, inline_code_spans, merge, within


@pytest.mark.parametrize(
    ("markdown", "view"),
    [
        ("[[Note]]", "Note"),
        ("Budget:: 212 000 €", "Budget : 212 000 €"),
        ("std::vector a::b", "std::vector a::b"),
        ("[[Note|le texte]]", "le texte"),
        ("[[Note#Titre|le texte]]", "le texte"),
        ("[[#Titre]]", "Titre"),
        ("avant ![[Image.png]] après", "avant après"),
        ("avant ![[Image.png|300]] après", "avant après"),
        ("[le texte](https://musee.ch/a_(b))", "le texte"),
        ("[](https://musee.ch)", ""),
        ("![Vue du musée](image.png)", "Vue du musée"),
        ('<img src="a.png" alt="Vue du musée" width="3">', "Vue du musée"),
        ("<img alt='Vue du musée'>", "Vue du musée"),
        ("<https://musee.ch>", "https://musee.ch"),
        ("un <b>mot</b><br>et un autre", "un mot et un autre"),
        ("<script>alert(1)</script>texte", "texte"),
        ("<SCRIPT>alert(1)</SCRIPT>texte", "texte"),
        ("<style>p{}</style>texte", "texte"),
        ("avant <!-- caché --> après", "avant après"),
        ("avant %% caché %% après", "avant après"),
        ("avant <!-- jamais fermé", "avant <!-- jamais fermé"),
        ("Une phrase[^1].", "Une phrase."),
        ("[^1]: La note.", "La note."),
        ("> [!note] Titre\n> Corps", "Titre Corps"),
        ("> [!warning]- Titre", "Titre"),
        (">> cité", "cité"),
        ("- [ ] à faire\n- [x] fait", "à faire fait"),
        ("* un\n+ deux\n3) trois\n4. quatre", "un deux trois quatre"),
        ("## Titre", "Titre"),
        ("#tag", "#tag"),
        ("| a | b |\n|---|:-:|\n| c | d |", "a · b c · d"),
        ("| a | | b |", "a · · b"),
        ("Titre\n-----\ntexte\n***\nfin", "Titre texte fin"),
        ("**gras** *italique* _italique_ ~~barré~~ ==surligné==", "gras italique italique barré surligné"),
        ("snake_case_name et 2 * 3", "snake_case_name et 2 * 3"),
        ("`code` et ```\nbloc\n```", "code et bloc"),
        ("une ligne ^bloc-1", "une ligne"),
        (r"\*littéral\*", "*littéral*"),
        ("caf&eacute; &amp; th&#233;", "café & thé"),
        ("in\u200bvi\u00adsi\u202eble\ufeff\U000e0041\0", "invisible"),
        ("e\u0301te\u0301", "été"),
        ("avant data:image/png;base64,iVBORw0KGgo= après", "avant après"),
        ("un\r\ndeux\rtrois\u2028quatre\u00a0cinq", "un deux trois quatre cinq"),
    ],
)
def test_view_is_what_a_reader_sees(markdown: str, view: str) -> None:
    assert clean(markdown) == view


def test_comment_inside_a_code_fence_is_text() -> None:
    assert "<!-- montré -->" in clean("```html\n<!-- montré -->\n```")


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("a<!-- b -->c", ["<!-- b -->"]),
        ("a%%b%%c%%d%%", ["%%b%%", "%%d%%"]),
        ("a<!-- %% -->b%%", ["<!-- %% -->b%%"]),
        ("a<ScRiPt x>b</sCrIpT>c", ["<ScRiPt x>b</sCrIpT>"]),
        ("a<!-- b", []),
        ("```\n<!-- a -->\n```\n<!-- b -->", ["<!-- b -->"]),
        ("İİİ <!-- b --> c", ["<!-- b -->"]),
    ],
)
def test_hidden_spans_are_exact(text: str, hidden: list[str]) -> None:
    assert [text[start:end] for start, end in hidden_spans(text)] == hidden


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a\n```\nb\n```\nc", ["```\nb\n```"]),
        ("~~~~\na\n~~~\nb\n~~~~\nc", ["~~~~\na\n~~~\nb\n~~~~"]),
        ("a\n```\nb", ["```\nb"]),
        ("    ```\nb", []),
    ],
)
def test_code_spans_are_fences(text: str, code: list[str]) -> None:
    assert [text[start:end] for start, end in code_spans(text)] == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a `b` c", ["`b`"]),
        ("a ``b ` c`` d", ["``b ` c``"]),
        ("a ` b\n\nc ` d", []),
        (r"a \` b ` c", []),
        ("```\na ` b\n```\nc ` d", []),
        ("`a` b `c`", ["`a`", "`c`"]),
    ],
)
def test_inline_code_spans_join_equal_runs_of_a_paragraph(text: str, code: list[str]) -> None:
    assert [text[start:end] for start, end in inline_code_spans(text)] == code


def test_merged_spans_hold_the_same_positions() -> None:
    spans = [(10, 40), (0, 5), (12, 20), (30, 50)]
    merged = merge(spans)
    held = [any(start <= position < end for start, end in spans) for position in range(60)]
    assert [within(merged, position) for position in range(60)] == held


@pytest.mark.parametrize(
    "hostile",
    [
        "[[" * 200_000,
        "<!--" * 60_000,
        "<!-- -->" * 60_000,
        "%%" * 100_000,
        "[" * 50_000,
        "![](" * 50_000,
        "<a" * 100_000,
        "-" * 100_000 + "x",
        "- " * 100_000 + "x",
        "|" * 100_000 + "x",
        "a" + " " * 100_000 + "b",
        ">" * 100_000,
        "`" * 100_000,
        "` `` " * 30_000,
        "*a " * 100_000,
        "[^" * 100_000,
        "data:" * 50_000 + "base64,",
        "![x](data:image/png;base64," + "A" * 3_000_000 + ")",
    ],
    ids=lambda text: text[:12],
)
def test_hostile_text_is_cleaned_in_linear_time(hostile: str) -> None:
    started = time.perf_counter()
    clean(hostile)
    assert time.perf_counter() - started < 5


@given(st.text(alphabet="ab é\u0301[]()|!#<>*_`-%&;=\n\r\\^\u200b\u202e1.", max_size=120))
def test_view_holds_no_invisible_character_and_no_double_space(text: str) -> None:
    view = clean(text)
    assert not set("\u200b\u202e\n\r") & set(view)
    assert view == " ".join(view.split()) == unicodedata.normalize("NFC", view)
