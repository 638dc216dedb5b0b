"""Text laid out for a terminal."""

import pytest

from assistant.layout import printable, wrap

SENTENCE = "Ce que disent les notes : « oui » ; et ce qu’elles ne disent pas ? 50 % de tout !"


@pytest.mark.parametrize("columns", ["20", "25", "30", "40"])
def test_line_never_begins_with_a_mark_nor_ends_with_an_opening_one(
    monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    lines = wrap(SENTENCE).split("\n")
    assert len(lines) > 1
    assert not [line for line in lines if line[0] in ":;?!%»" or line[-1] == "«" or len(line) > int(columns)]


def test_text_is_a_hundred_columns_wide_at_most_and_twenty_at_least(monkeypatch: pytest.MonkeyPatch) -> None:
    widths = []
    for columns in ("500", "1"):
        monkeypatch.setenv("COLUMNS", columns)
        widths.append(max(map(len, wrap("mot " * 200).split("\n"))))
    assert widths == [99, 19]


def test_lines_after_the_first_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    assert wrap("un deux trois quatre cinq", "- ", "  ") == "- un deux trois\n  quatre cinq"
    assert wrap("un deux trois quatre cinq", "  ") == "  un deux trois\n  quatre cinq"


def test_what_a_terminal_would_obey_is_replaced() -> None:
    assert printable("a\x1b[31m\u202eb\u200b") == "a�[31m�b�"
