"""Headers in every form seen; a malformed one never loses the body."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.header import parse_date, parse_header, split_values

BODY = "# Le corps\n\nTexte.\n"


def _values(text: str) -> dict[str, tuple[str, ...]]:
    return dict(parse_header(text).values)


@pytest.mark.parametrize(
    ("header", "values"),
    [
        ("date : 2022mai12\ntags : #question\n----\n", {"date": ("2022mai12",), "tags": ("#question",)}),
        ("date : 2022août4\ntags : #a #b\n---------\n", {"date": ("2022août4",), "tags": ("#a #b",)}),
        ("date : 2022mai12\n\n", {"date": ("2022mai12",)}),
        ("date : 2022mai12\n\n\n---\n", {"date": ("2022mai12",)}),
        ("![[Image.png]]\n\ndate : 2022mai12\n----\n", {"date": ("2022mai12",)}),
        ("date\u00a0: 2022mai12\n----\n", {"date": ("2022mai12",)}),
        ("tags :\n- question\n- outils\n----\n", {"tags": ("question", "outils")}),
        ("---\ntitle: Un titre\n---\n", {"title": ("Un titre",)}),
        ("\n\n---\ntitle: Un titre\n---\n", {"title": ("Un titre",)}),
        ("---\ntitle: Un titre\n...\n", {"title": ("Un titre",)}),
        ("---\ntitle: Un titre\n----\n", {"title": ("Un titre",)}),
        ("---\r\ntitle: Un titre\r\ntags: [a, b]\r\n---\r\n", {"title": ("Un titre",), "tags": ("a", "b")}),
        ("---\rtitle: Un titre\r---\r", {"title": ("Un titre",)}),
        ("---\n---\n", {}),
        ("---\nalias: Autre nom\n---\n", {"aliases": ("Autre nom",)}),
        ("---\nalias: A\naliases: [B]\n---\n", {"aliases": ("A", "B")}),
        ('---\naliases:\n  - "A, B"\n  - C\n---\n', {"aliases": ("A, B", "C")}),
        ("---\ntags: a b c\n---\n", {"tags": ("a b c",)}),
        ("---\ntags: #x\n---\n", {"tags": ("#x",)}),
        ("---\nÉtiquettes: a\n---\n", {"tags": ("a",)}),
        ("---\nkeywords:\n- a\n- b\n---\n", {"tags": ("a", "b")}),
        ("---\npays: NO\nheure: 12:30:00\n---\n", {"pays": ("NO",), "heure": ("12:30:00",)}),
        ("---\ntitle: !!python/object:os.system x\n---\n", {"title": ("x",)}),
        ("---\nsource: {a: b}\ntitle: T\n---\n", {"source": ("{a: b}",), "title": ("T",)}),
        ("---\ndate: 2022-05-12\n---\n", {"date": ("2022-05-12",)}),
    ],
)
def test_header_is_read_and_the_body_starts_after_it(header: str, values: dict[str, tuple[str, ...]]) -> None:
    parsed = parse_header(header + BODY)
    assert (dict(parsed.values), (header + BODY)[parsed.end :], parsed.warnings) == (values, BODY, ())


@pytest.mark.parametrize(
    ("inner", "line", "values"),
    [
        (
            "title: T\nalias: [Quels musées voulons-nous demain?]x",
            3,
            {"title": ("T",), "aliases": ("[Quels musées voulons-nous demain?]x",)},
        ),
        (
            "alias: [[Quels musées, [voulons-nous demain?]\ntags: a",
            3,
            {"aliases": ("[[Quels musées, [voulons-nous demain?]",), "tags": ("a",)},
        ),
        ("tags: a\ntitle: Musée: stratégie", 3, {"tags": ("a",), "title": ("Musée: stratégie",)}),
        ("tags: a\n\ttitle: T", 3, {"tags": ("a",), "title": ("T",)}),
        ("date: {{date:YYYY}}\ntitle: T", None, {"title": ("T",)}),
        ("a: &x T\nb: *x\ntitle: T", 3, {"title": ("T",)}),
        ("- un\n- deux", 2, {}),
        ("title: T\na: \x07", None, {"title": ("T",)}),
    ],
)
def test_yaml_that_is_refused_is_read_line_by_line_with_a_warning(
    inner: str, line: int | None, values: dict[str, tuple[str, ...]]
) -> None:
    text = f"---\n{inner}\n---\n{BODY}"
    parsed = parse_header(text)
    assert text[parsed.end :] == BODY
    assert {key: parsed.values[key] for key in values} == values
    [(found, sentence)] = parsed.warnings
    assert sentence.startswith("en-tête YAML mal formé")
    assert line is None or found == line


def test_alias_with_a_question_mark_of_the_real_vault_is_kept() -> None:
    parsed = parse_header(f"---\nalias: [Quels musées voulons-nous demain?]\n---\n{BODY}")
    assert parsed.values["aliases"] == ("Quels musées voulons-nous demain?",)


@pytest.mark.parametrize("nested", ["[" * 20_000, "[" * 5_000, "{a: " * 3_000])
def test_deep_nesting_neither_crashes_nor_loses_the_body(nested: str) -> None:
    text = f"---\ntitle: {nested}\n---\n{BODY}"
    parsed = parse_header(text)
    assert text[parsed.end :].endswith(BODY)


@pytest.mark.parametrize("depth", [21, 900])
def test_nesting_that_libyaml_would_still_take_is_refused_as_too_deep(depth: int) -> None:
    [(line, sentence)] = parse_header(f"---\ntitle: {'[' * depth}{']' * depth}\n---\n{BODY}").warnings
    assert (line, "imbrication trop profonde" in sentence) == (2, True)


def test_anchors_that_multiply_are_refused_at_once() -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x]\n" + "".join(
        f"{name}: &{name} [{','.join([f'*{before}'] * 8)}]\n"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    started = time.perf_counter()
    parsed = parse_header(f"---\n{bomb}---\n{BODY}")
    assert time.perf_counter() - started < 1
    assert "référence YAML refusée" in parsed.warnings[0][1]


def test_repeated_key_keeps_the_first_and_warns_with_its_line() -> None:
    parsed = parse_header(f"---\ntitle: A\ntags: x\ntitle: B\n---\n{BODY}")
    assert parsed.values["title"] == ("A",)
    assert parsed.warnings == ((4, "clé « title » répétée, la première est gardée"),)


@pytest.mark.parametrize(
    "text",
    [
        BODY,
        "",
        "---\ntitle: jamais fermé\n\n" + BODY,
        "---\n" + "ligne : x\n" * 300 + "---\n" + BODY,
        f"---\ntitle: {'x' * 17_000}\n---\n" + BODY,
        "Attention : ceci est une phrase.\n\n" + BODY,
        "https://musee.ch\n\n" + BODY,
        "Introduction.\n\ndate : 2022mai12\n",
        "\n\n---\n\nUne règle, puis du texte.\n\n---\n",
    ],
)
def test_text_without_a_header_is_all_body(text: str) -> None:
    assert parse_header(text).end == 0


def test_first_word_followed_by_a_colon_in_a_later_paragraph_stays_in_the_body() -> None:
    text = "date : 2022mai12\n\nSource : le musée.\n"
    parsed = parse_header(text)
    assert text[parsed.end :] == "Source : le musée.\n"


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("2022mai12", "2022-05-12"),
        ("2022août4", "2022-08-04"),
        ("2022aout4", "2022-08-04"),
        ("2022 juillet 4", "2022-07-04"),
        ("2022Février28", "2022-02-28"),
        ("2022-05-12", "2022-05-12"),
        ("2022-05-12T10:00:00+02:00", "2022-05-12"),
        ("2022/5/2", "2022-05-02"),
        ("20220512", "2022-05-12"),
        ("12/05/2022", "2022-05-12"),
        ("12.05.2022", "2022-05-12"),
        ("12 mai 2022", "2022-05-12"),
        ("1er décembre 2022", "2022-12-01"),
        ("le 3 sept. 2021 à Berne", "2021-09-03"),
        ("12 May 2022", "2022-05-12"),
        ("0000-00-00", None),
        ("2022-13-01", None),
        ("2022-02-30", None),
        ("2022brumaire4", None),
        ("{{date:YYYY}}", None),
        ("demain", None),
        ("", None),
    ],
)
def test_date_in_iso_and_french_forms(written: str, iso: str | None) -> None:
    assert parse_date(written) == iso


@pytest.mark.parametrize(
    ("written", "values"),
    [
        ("[A, B]", ("A", "B")),
        ('[A, "B, C"]', ("A", "B, C")),
        ("[]", ()),
        ("A, B", ("A, B",)),
        ('"A"', ("A",)),
        ("[[Note]]", ("[[Note]]",)),
        ("", ()),
    ],
)
def test_written_value_is_split(written: str, values: tuple[str, ...]) -> None:
    assert split_values(written) == values


@given(
    st.text(alphabet="-.:[]{}#&*!|>\"'\\ \t\r\n\0\u2028ab1é", max_size=80),
    st.sampled_from(["---\n", "date : "]),
)
def test_hostile_header_never_raises_and_ends_within_the_text(inner: str, opening: str) -> None:
    text = f"{opening}{inner}\n---\n{BODY}"
    parsed = parse_header(text)
    assert 0 <= parsed.end <= len(text)
    assert text[parsed.end :].endswith(BODY)
    assert all(line >= 1 for line, _ in parsed.warnings)
