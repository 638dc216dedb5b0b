"""Statements: whole sentences and list items, each one or two exact spans of the text."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.statements import Statement, sentence_spans, split_statements

PLAIN = "Le musée ouvre ses portes au public."
LONG_ITEM = "Le musée accueille des publics très divers dans ses salles et sur son site. " * 3


def _quotes(text: str) -> list[str]:
    return [" | ".join(text[a:b] for a, b in statement.spans) for statement in split_statements(text)]


def _sentences(text: str) -> list[str]:
    return [text[a:b] for a, b in sentence_spans(text, 0, len(text))]


@pytest.mark.parametrize(
    "abbreviation",
    ["M. Hollein", "MM. Hollein et Berg", "Mme. Benayer", "Mmes. Berg", "Mlle. Berg", "le Dr. Berg", "Pr. Berg",
     "St. Gall", "Ste. Croix", "cf. Hub01", "p. 12", "pp. 12-14", "art. 3", "vol. 2", "no. 4", "n. 4", "éd. Minuit",
     "dir. Schmitt", "coll. Folio", "chap. 3", "fig. 2", "env. 30", "av. 1900", "apr. 1900", "ex. Tate",
     "etc. Tout", "et al. Ceux", "J. Paul Getty", "J.-C. Schmitt", "la société Odoma Inc. Un laboratoire", "inv. 1999"],
)  # fmt: skip
def test_an_abbreviation_ends_no_sentence(abbreviation: str) -> None:
    text = f"Le musée cite {abbreviation} dans son étude. Une autre phrase vient ensuite."
    assert _sentences(text) == [
        f"Le musée cite {abbreviation} dans son étude.",
        "Une autre phrase vient ensuite.",
    ]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Un. Deux.", ["Un.", "Deux."]),
        ("Pourquoi ? Parce que.", ["Pourquoi ?", "Parce que."]),
        ("Pourquoi\u00a0? Parce que.", ["Pourquoi\u00a0?", "Parce que."]),
        ("Quel succès ! Le musée.", ["Quel succès !", "Le musée."]),
        ("Il hésite… Puis il ouvre.", ["Il hésite…", "Puis il ouvre."]),
        ("Il dit « Venez. » Le public vient.", ["Il dit « Venez. »", "Le public vient."]),
        ("Il dit «\u00a0Venez.\u00a0» Le public vient.", ["Il dit «\u00a0Venez.\u00a0»", "Le public vient."]),
        ("Le **musée ouvre.** Tout change.", ["Le **musée ouvre.**", "Tout change."]),
        ("Il ouvre.[^1] Tout change.", ["Il ouvre.[^1]", "Tout change."]),
        ("Il ouvre. « Enfin » dit-on.", ["Il ouvre.", "« Enfin » dit-on."]),
        ("Il compte 3.5 millions. Tout va.", ["Il compte 3.5 millions.", "Tout va."]),
        ("Il ouvre. et ferme.", ["Il ouvre. et ferme."]),
        ("Lire [Un. Deux](https://x.org/a. B) avant. Puis venir.",
         ["Lire [Un. Deux](https://x.org/a. B) avant.", "Puis venir."]),
        ("Lire [[AMS. La pratique]] avant. Puis venir.", ["Lire [[AMS. La pratique]] avant.", "Puis venir."]),
        ("  Seule  ", ["Seule"]),
        ("", []),
    ],
)  # fmt: skip
def test_sentences_end_where_they_should(text: str, sentences: list[str]) -> None:
    assert _sentences(text) == sentences


@pytest.mark.parametrize(
    "text",
    [
        "# Le musée ouvre ses portes au public",
        "[Le musée ouvre ses portes](https://musee.example/ouverture)",
        "[[Le musée ouvre ses portes au public]]",
        "- [[Le musée ouvre ses portes au public]]",
        "https://musee.example/ouverture",
        "```\nLe musée ouvre ses portes au public.\n```",
        "~~~\nLe musée ouvre ses portes au public.\n~~~",
        "<!-- Le musée ouvre ses portes au public. -->",
        "%%\nLe musée ouvre ses portes au public.\n%%",
        "| Le musée | ouvre ses | portes au public |\n|---|---|---|",
        "----\n====",
        "Trois petits mots.",
        "12 34 56 78 90",
        "",
    ],
)
def test_headings_bare_links_code_and_comments_say_nothing(text: str) -> None:
    assert split_statements(text) == ()


@pytest.mark.parametrize(
    "wrapped",
    [f"# Titre\n\n{PLAIN}", f"{PLAIN}\n\n## Suite", f"```\ncode\n```\n{PLAIN}", f"- {PLAIN}", f"1. {PLAIN}",
     f"[^1]: {PLAIN}", f"\r\n\r\n{PLAIN}\r\n", f"[un lien](https://x.org)\n{PLAIN}", f"{PLAIN}\nhttps://x.org/a"],
)  # fmt: skip
def test_a_sentence_is_found_among_markup(wrapped: str) -> None:
    assert _quotes(wrapped) == [PLAIN]


def test_a_sentence_over_two_lines_is_one_statement() -> None:
    assert _quotes("Le musée ouvre\nses portes au public.") == ["Le musée ouvre\nses portes au public."]


def test_a_short_list_is_quoted_whole_with_its_lead_in() -> None:
    text = "Le musée vise trois publics :\n\n- les élèves\n- les familles\n- les touristes"
    assert _quotes(text) == [text]
    assert (
        split_statements(text)[0].text
        == "Le musée vise trois publics : les élèves ; les familles ; les touristes."
    )


def test_a_long_list_is_quoted_item_by_item_with_its_lead_in() -> None:
    lead = "Le musée fait trois choses :"
    text = f"{lead}\n\n" + "\n".join(f"- {LONG_ITEM.strip()}" for _ in range(3))
    assert _quotes(text) == [f"{lead} | {LONG_ITEM.strip()}"] * 3
    assert split_statements(text)[0].text.startswith(f"{lead} Le musée accueille")


def test_the_sentence_before_a_lead_in_stands_alone() -> None:
    text = f"{PLAIN} Le musée vise deux publics :\n- les élèves\n- les familles"
    assert _quotes(text)[0] == PLAIN


def test_a_lead_in_without_list_says_nothing() -> None:
    assert _quotes("Voici donc ce que fait le musée :\n\n## Suite") == []


def test_an_item_under_a_bare_link_carries_it() -> None:
    text = "- [[Max Hollein]]\n    - Le numérique prolonge la visite du musée."
    (statement,) = split_statements(text)
    assert [text[a:b] for a, b in statement.spans] == [
        "[[Max Hollein]]",
        "Le numérique prolonge la visite du musée.",
    ]
    assert statement.text == "Max Hollein\u00a0: Le numérique prolonge la visite du musée."
    assert "Hollein" not in statement.own_text


def test_an_item_beside_a_bare_link_stands_alone() -> None:
    text = "- [[Max Hollein]]\n- Le numérique prolonge la visite du musée."
    assert _quotes(text) == ["Le numérique prolonge la visite du musée."]


@pytest.mark.parametrize(
    "leaning",
    ["Elle reçoit des élèves de la région.", "De plus, le lieu reçoit des élèves.", "Ces salles restent ouvertes tard.",
     "Selon lui, le public vient plus souvent.", "C’est ce que montre une étude récente."],
)  # fmt: skip
def test_a_sentence_that_leans_takes_the_one_before(leaning: str) -> None:
    assert _quotes(f"{PLAIN} {leaning}") == [PLAIN, f"{PLAIN} {leaning}"]


def test_a_sentence_that_stands_alone_does_not() -> None:
    other = "Une étude montre que le public vient."
    assert _quotes(f"{PLAIN} {other}") == [PLAIN, other]


def test_only_the_first_statement_of_a_section_opens_it() -> None:
    text = f"# Un\n\n{PLAIN}\n\nUne étude montre que le public vient.\n\n# Deux\n\n{PLAIN}"
    assert [statement.first for statement in split_statements(text)] == [True, False, True]


def test_link_text_is_shown_but_is_not_the_statements_own() -> None:
    (statement,) = split_statements("Le musée prolonge la visite selon [Max Hollein](https://x.org/a).")
    assert statement.text == "Le musée prolonge la visite selon Max Hollein."
    assert "Hollein" not in statement.own_text


# Tables, short facts, what stands over a line

TABLE = (
    "| Objet | Emprunteur | Valeur |\n|---|:--:|---|\n| Tigre | [[Rodez]] | 30 000 € |\n| Crâne | Nantes | |"
)


def test_a_row_is_read_with_the_names_of_its_columns() -> None:
    tiger, skull = split_statements(TABLE)
    assert tiger.text == "Objet\u00a0: Tigre\u202f; Emprunteur\u00a0: Rodez\u202f; Valeur\u00a0: 30 000 €."
    assert skull.text == "Objet\u00a0: Crâne\u202f; Emprunteur\u00a0: Nantes."


def test_a_row_is_quoted_with_the_head_of_its_table() -> None:
    assert _quotes(TABLE)[0] == "| Objet | Emprunteur | Valeur | | | Tigre | [[Rodez]] | 30 000 € |"


def test_a_row_without_head_stands_alone() -> None:
    (statement,) = split_statements("| Tigre de Java | musée Fenaille, Rodez |")
    assert (statement.text, len(statement.spans)) == ("Tigre de Java\u202f; musée Fenaille, Rodez.", 1)


def test_a_cell_holds_a_link_with_its_own_bar() -> None:
    (statement,) = split_statements(
        "| Objet | Lieu |\n|---|---|\n| Le tigre de Java | [[Rodez\\|le musée]] |"
    )
    assert statement.text.endswith("Lieu\u00a0: le musée.")


def test_each_table_has_its_own_head() -> None:
    other = "| Salle | Mesure du jour |\n|---|---|\n| Galerie haute | 22 °C |"
    assert (
        split_statements(f"{TABLE}\n\n{other}")[-1].text
        == "Salle\u00a0: Galerie haute\u202f; Mesure du jour\u00a0: 22 °C."
    )


@pytest.mark.parametrize("fact", ["Masse : 7,85 kg.", "Commissaire : Hélène Marchand.", "Fermé le lundi 3."])
def test_a_figure_or_a_name_needs_few_words(fact: str) -> None:
    assert _quotes(fact) == [fact]


@pytest.mark.parametrize(
    ("text", "quotes"),
    [
        ("Conseillère à la DRAC. Elle se joint le matin avant midi.",
         ["Conseillère à la DRAC. Elle se joint le matin avant midi."]),
        (f"{PLAIN} Sur rendez-vous.", [f"{PLAIN} Sur rendez-vous."]),
        ("2021 : 7 310. 2022 : 9 845. 2023 : 10 620 visiteurs.", ["2021 : 7 310. 2022 : 9 845. 2023 : 10 620 visiteurs."]),
        (f"{PLAIN} Jauge : 12. Une visite dure une heure.", [PLAIN, "Jauge : 12.", "Une visite dure une heure."]),
    ],
)  # fmt: skip
def test_what_says_too_little_alone_is_read_with_its_neighbour(text: str, quotes: list[str]) -> None:
    assert _quotes(text) == quotes


def test_short_items_are_read_together_under_their_heading() -> None:
    text = "## Ce qui manque\n\n- pas d’audiodescription\n- rien pour les sourds\n"
    (statement,) = split_statements(text)
    assert statement.text == "Ce qui manque\u00a0: pas d’audiodescription ; rien pour les sourds."
    assert _quotes(text) == ["Ce qui manque\n\n- pas d’audiodescription\n- rien pour les sourds"]


def test_items_that_stand_alone_do_under_a_heading() -> None:
    items = [f"{PLAIN[:-1]} et les familles du quartier {n}." for n in (1, 2)]
    assert _quotes(f"## Décisions\n\n- {items[0]}\n- {items[1]}") == items


def test_a_heading_over_links_says_nothing() -> None:
    assert _quotes("## Voir aussi\n\n- [[Publics]]\n- [[Prêts en cours]]\n- Zoologie : [[Oiseaux]]\n") == []


def test_the_title_of_a_callout_stands_over_what_it_says() -> None:
    (statement,) = split_statements(f"> [!warning] Fragilité\n> {PLAIN}\n")
    assert (statement.text, statement.label) == (PLAIN, "Fragilité")


def test_a_list_in_a_quotation_is_a_list() -> None:
    assert _quotes(f"> - {PLAIN}\n> - {PLAIN}") == [PLAIN, PLAIN]


def test_a_question_in_bold_stands_over_its_answer() -> None:
    text = f"**Pourquoi avez-vous fermé la forge ?**\n\n{PLAIN}\n\n## Suite\n\n{PLAIN}"
    labels = [statement.label for statement in split_statements(text)]
    assert labels == ["", "Pourquoi avez-vous fermé la forge ?", ""]


@pytest.mark.parametrize(
    ("text", "quotes"),
    [
        ("Budget:: 212 000 €\nDébut:: 2 septembre", ["Budget:: 212 000 €", "Début:: 2 septembre"]),
        ("**Présents :** M. Vidal\n**Excusés :** M. Aubin", ["**Présents :** M. Vidal", "**Excusés :** M. Aubin"]),
        ("Le préparateur a monté le squelette :\nÉmile Tardieu.", ["Le préparateur a monté le squelette :\nÉmile Tardieu."]),
        ("Dépôt du Louvre\nLe dépôt est prolongé de six ans.", ["Le dépôt est prolongé de six ans."]),
        ("Anne Bonny Rey\nPaul Durand Roy", ["Anne Bonny Rey\nPaul Durand Roy"]),
        ("- [ ] déposer le permis de construire", ["déposer le permis de construire"]),
    ],
)  # fmt: skip
def test_a_line_that_names_what_it_tells_is_read_alone(text: str, quotes: list[str]) -> None:
    assert _quotes(text) == quotes


def test_a_short_line_stands_over_the_sentence_under_it() -> None:
    (statement,) = split_statements("2. Dépôt du Louvre\n   Le dépôt est prolongé de six ans.")
    assert (statement.text, statement.label) == ("Le dépôt est prolongé de six ans.", "Dépôt du Louvre")


def test_short_words_of_somebody_are_not_cut() -> None:
    said = "« J’ai fermé la forge en 92. Personne ne l’a reprise. »"
    assert _quotes(f"{said} {PLAIN}") == [said, PLAIN]


_pieces = st.lists(
    st.sampled_from(
        ["Le musée ouvre ses portes.", " Elle reçoit le public", " : ", "- ", "  - ", "\n", "\r\n", "\n\n", "# ", "[[",
         "]]", "[a. B](", "http://x.org ", ")", "```", "<!--", "-->", "%%", "« ", " »", " ! ", "…", "M. ", "𝒳", "| ", "|---|\n", "> ", "**", "> [!note] ",
         "[^1]", "Il dit que le monde change. ", "\u00a0?", "\t", "\x00", "\u2028"]
    ) | st.text(max_size=4),
    max_size=30,
).map("".join)  # fmt: skip


@given(_pieces)
def test_every_span_lies_in_the_text_trimmed_and_in_order(text: str) -> None:
    for statement in split_statements(text):
        assert isinstance(statement, Statement)
        assert 1 <= len(statement.spans) <= 2
        edges = [edge for span in statement.spans for edge in span]
        assert edges == sorted(edges)
        assert edges[0] >= 0
        assert edges[-1] <= len(text)
        for start, end in statement.spans:
            assert text[start:end] == text[start:end].strip() != ""


@given(_pieces)
def test_sentences_cover_the_text_and_never_overlap(text: str) -> None:
    spans = sentence_spans(text, 0, len(text))
    assert all(first[1] <= second[0] for first, second in pairwise(spans))
    assert "".join("".join(text[a:b].split()) for a, b in spans) == "".join(text.split())
