"""The numbers of passages, in every form that models write them in."""

import pytest

from assistant.marks import bracket_marks, read_marks


@pytest.mark.parametrize(
    ("mark", "numbers"),
    [
        ("[1]", (1,)), ("[1, 3]", (1, 3)), ("[1-3]", (1, 2, 3)), ("[1–3]", (1, 2, 3)), ("[1 et 3]", (1, 3)),
        ("(2)", (2,)), ("(1, 2)", (1, 2)), ("[[2]]", (2,)), ("¹", (1,)), ("¹²", (12,)), ("【2】", (2,)),
        ("[2†source]", (2,)), ("【2†L1-L3】", (2,)), ("[passage 2]", (2,)), ("[note n° 2]", (2,)), ("[^2]", (2,)),
        ("[1][3]", (1, 3)), ("[ 1 ; 3 ]", (1, 3)), ("[passages 1 et 2]", (1, 2)),
    ],
)  # fmt: skip
def test_a_mark_is_read_in_any_form(mark: str, numbers: tuple[int, ...]) -> None:
    assert read_marks(f"Le musée ouvre {mark}.") == ("Le musée ouvre.", numbers)
    assert read_marks(bracket_marks(f"Le musée ouvre {mark}."))[1] == numbers


@pytest.mark.parametrize(
    "text", ["Il date de 1990 (2018).", "Il fait 12 m².", "Le [sic] musée.", "Il a 3 salles."]
)
def test_what_is_no_mark_is_text(text: str) -> None:
    assert read_marks(text) == (text, ())
