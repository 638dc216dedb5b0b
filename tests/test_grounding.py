"""What a model wrote, checked: numbers, quotations and figures that no passage holds never pass."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answer import Answer, Passage
from assistant.grounding import ground_sentence
from assistant.quotations import find_quotation

NOTES = {
    1: "# Met\n\nMax Hollein dirige le Met depuis 2018. « L’œuvre d’art n’est pas\u00a0seule », dit-il en été.",
    2: "Le musée compte 1\u202f250 objets et 34,5 % de visiteurs suisses. La stratégie prépare la crise.",
    3: "- [[Publics]] : la médiation numérique touche un public éloigné du musée.",
}
OFFSET = 100


def _passages() -> tuple[Passage, ...]:
    return tuple(
        Passage(
            number=number, note_id=f"n{number}", note=f"Note {number}", path=f"{number}.md", heading=(), text=text,
            start=OFFSET, end=OFFSET + len(text), encoding="utf-8", score=1.0, reason="",
        )
        for number, text in NOTES.items()
    )  # fmt: skip


def _ground(written: str) -> Answer:
    return ground_sentence(written, _passages())


def _label(written: str) -> str:
    return _ground(written).sentences[0].label


def test_a_valid_number_is_kept_with_a_citation() -> None:
    part = _ground("Max Hollein dirige le Met [1].")
    assert part.sentences[0].numbers == (1,)
    assert part.sentences[0].label == "supported"
    assert part.citations[0].quote == "Max Hollein dirige le Met depuis 2018."


@pytest.mark.parametrize(
    ("written", "numbers", "removed"),
    [
        ("Max Hollein dirige le Met [99].", (), ("[99]",)),
        ("Max Hollein dirige le Met [1][99][99].", (1,), ("[99]",)),
        ("Max Hollein dirige le Met [0].", (), ("[0]",)),
        ("Max Hollein dirige le Met [1, 2].", (1, 2), ()),
        ("Max Hollein dirige le Met [2][1][2].", (2, 1), ()),
        ("Max Hollein dirige le Met [1-3].", (1, 2, 3), ()),
        ("Max Hollein dirige le Met [1–2].", (1, 2), ()),
        ("Max Hollein dirige le Met [1-5].", (1, 2, 3), ("[4]", "[5]")),
        ("Max Hollein dirige le Met [3].", (), ("[3]",)),
        ("Max Hollein dirige le Met [ 1 ; 3 ].", (1, 3), ()),
        ("Max Hollein dirige le Met [3-1].", (), ()),
    ],
)
def test_numbers_without_a_passage_are_taken_out_and_counted(
    written: str, numbers: tuple[int, ...], removed: tuple[str, ...]
) -> None:
    part = _ground(written)
    assert (part.sentences[0].numbers, part.removed) == (numbers, removed)
    assert "[" not in part.sentences[0].text


def test_a_huge_range_stays_small() -> None:
    assert len(_ground("Max Hollein dirige le Met [1-9999].").removed) <= 20


@pytest.mark.parametrize("written", ["", " \n", "[1]", "[99].", "…", "[1] [2]"])
def test_nothing_left_is_no_sentence(written: str) -> None:
    assert _ground(written).sentences == ()


@pytest.mark.parametrize(
    "quotation",
    [
        "«\u00a0L’œuvre d’art n’est pas seule\u00a0»",
        "« L'oeuvre d'art n'est pas seule »",
        "“L'œuvre d'art n'est pas seule”",
        '"l’oeuvre  d’art n’est pas\u202fseule"',
        "« L’œuvre d’art, n’est pas seule. »",
    ],
)
def test_a_quotation_is_found_through_its_typography(quotation: str) -> None:
    part = _ground(f"Max Hollein dit {quotation} [1].")
    (citation,) = part.citations
    assert citation.quote == "L’œuvre d’art n’est pas\u00a0seule"
    assert NOTES[1][citation.start - OFFSET : citation.end - OFFSET] == citation.quote
    assert part.sentences[0].label == "verbatim"


def test_a_quotation_that_no_cited_passage_holds_loses_its_marks() -> None:
    part = _ground("Max Hollein dit que « le Met est vide » [1].")
    assert part.sentences[0].text == "Max Hollein dit que le Met est vide."
    assert part.removed == ("« le Met est vide »",)


def test_a_quotation_of_a_passage_that_is_not_cited_loses_its_marks() -> None:
    assert _ground("Le musée dit « La stratégie prépare la crise » [1].").removed != ()


@pytest.mark.parametrize(
    ("text", "quotation", "found"),
    [
        ("Un été à l’ŒUVRE.", "ete a l'oeuvre", "été à l’ŒUVRE"),
        ("Le **musée** ouvre", "musée ouvre", "musée** ouvre"),
        ("e\u0301te\u0301", "été", "e\u0301te"),
        ("rien ici", "absent", None),
        ("rien ici", "…", None),
    ],
)
def test_offsets_of_a_quotation_are_the_originals(text: str, quotation: str, found: str | None) -> None:
    span = find_quotation(quotation, text)
    assert (text[slice(*span)] if span else None) == found


@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("Max Hollein dirige le Met depuis 2018 [1].", "supported"),
        ("Max Hollein dirige le Met depuis 2019 [1].", "unsupported"),
        ("Max Hollein dirige le Met depuis 2018 [2].", "unsupported"),
        ("Le musée compte 1\u202f250 objets [2].", "supported"),
        ("Le musée compte 1\u202f260 objets [2].", "unsupported"),
        ("Le musée reçoit 34,5 % de visiteurs suisses [2].", "supported"),
        ("Le musée reçoit 34,6 % de visiteurs suisses [2].", "unsupported"),
        ("La stratégie prépare la crise [2].", "supported"),
        ("La stratégie prépare la crise.", "unsupported"),
        ("La stratégie prépare la crise [99].", "unsupported"),
        ("Les planètes tournent autour du soleil [2].", "unsupported"),
        ("Voici ce que disent les notes :", "link"),
        ("Voici 12 raisons de la stratégie :", "unsupported"),
    ],
)
def test_a_sentence_is_labelled_by_what_the_cited_passages_hold(written: str, label: str) -> None:
    assert _label(written) == label


def test_no_statement_is_shown_beside_an_altered_figure() -> None:
    part = _ground("Max Hollein dirige le Met depuis 2019 [1].")
    assert (part.sentences[0].numbers, part.citations) == ((1,), ())


def test_the_best_statement_of_a_passage_is_shown() -> None:
    (citation,) = _ground("La stratégie prépare la crise [2].").citations
    assert citation.quote == "La stratégie prépare la crise."


@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("Max Hollein dirige le Met [1].", "supported"),
        ("Max Berger dirige le Met [1].", "unsupported"),
        ("Max Hollein ne dirige pas le Met [1].", "unsupported"),
        ("La médiation numérique ne touche pas un public éloigné du musée [3].", "unsupported"),
        ("Au musée, la médiation numérique atteint un public éloigné [3].", "supported"),
    ],
)
def test_names_and_negations_are_those_of_the_passage(written: str, label: str) -> None:
    assert _label(written) == label


@pytest.mark.parametrize(
    "quotation",
    ["« 3,45 % de visiteurs »", "« œuvre d’ar »", "« musée compte […] 1 250 objets […] éloigné »"],
)
def test_a_quotation_with_another_figure_a_part_of_a_word_or_of_another_passage_is_none(
    quotation: str,
) -> None:
    assert quotation in _ground(f"Le musée dit {quotation} [1][2].").removed


def test_a_quotation_that_leaves_words_out_has_a_citation_for_each_part() -> None:
    part = _ground("Le musée « compte […] visiteurs suisses » [2].")
    assert [citation.quote for citation in part.citations] == ["compte", "visiteurs suisses"]


def test_a_quotation_is_found_over_the_target_of_a_link() -> None:
    part = _ground("« Publics : la médiation numérique » [3].")
    assert part.sentences[0].label == "verbatim"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Le <b>musée</b> compte des objets [2].", "Le musée compte des objets."),
        ("Le musée <script>alert(1)</script>compte des objets [2].", "Le musée compte des objets."),
        ("Le musée ![](https://x.org/a.png) compte des objets [2].", "Le musée compte des objets."),
        ("Le [musée](https://x.org) compte des objets [2].", "Le musée compte des objets."),
        ("Le **musée** compte des `objets` [2].", "Le musée compte des objets."),
        ("- Le musée compte des objets [2].", "Le musée compte des objets."),
        ("## Le musée compte des objets [2].", "Le musée compte des objets."),
        ('<img src="https://x.org/a.png">Le musée compte des objets [2].', "Le musée compte des objets."),
    ],
)
def test_markup_of_a_model_is_stripped(written: str, shown: str) -> None:
    assert _ground(written).sentences[0].text == shown


_written = st.lists(
    st.sampled_from(["Max Hollein dirige le Met", "« L’œuvre d’art »", "« absent »", "[1]", "[2-9]", "[99]", "[0]",
                     "[1,77]", "2018", "2031", ".", " : ", " ", "[", "]", "<b>", "](", '"', "médiation numérique"])
    | st.text(max_size=6)
    | st.integers(0, 9_999).map(lambda number: f"[{number}]"),
    max_size=12,
).map("".join)  # fmt: skip


@given(_written)
def test_whatever_is_written_numbers_exist_and_citations_are_true(written: str) -> None:
    part = _ground(written)
    for sentence in part.sentences:
        assert set(sentence.numbers) <= NOTES.keys()
    for citation in part.citations:
        note = NOTES[citation.number]
        assert note[citation.start - OFFSET : citation.end - OFFSET] == citation.quote != ""


@given(_written)
def test_whatever_is_written_no_bracketed_number_reaches_the_text(written: str) -> None:
    for sentence in _ground(written).sentences:
        assert not re.search(r"\[\d+\]", sentence.text)


@given(_written)
def test_a_sentence_that_is_supported_rests_on_a_citation(written: str) -> None:
    part = _ground(written)
    assert all(s.numbers and part.citations for s in part.sentences if s.label in {"verbatim", "supported"})
