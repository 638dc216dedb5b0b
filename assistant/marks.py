"""Read the numbers of passages in what a model wrote, in every form models give them."""

import re
from collections.abc import Iterator

_NUMBERS = r"\d{1,4}(?:\s*(?:[,;&/–—-]|et|to|à)\s*\d{1,4})*"
_LABEL = (
    r"(?:(?:passages?|notes?|sources?|réf|ref|citations?|extraits?|doc(?:ument)?s?|n[°ᵒo])\.?\s*"
    r"(?:numéros?\s*=?\s*|n[°ᵒo]\s*)?)"
)
_HIGH = "⁰¹²³⁴-⁹"
_TAIL = r"(?:\s*†[^\]】\n]{0,60})?"
MARK = re.compile(
    rf"\s*(?=[\[(【{_HIGH}])(?:\[{{1,2}}\s*\^?{_LABEL}?({_NUMBERS}){_TAIL}\s*\]{{1,2}}"
    rf"|【\s*{_LABEL}?({_NUMBERS}){_TAIL}\s*】"
    rf"|\(\s*{_LABEL}?(\d{{1,2}}(?:\s*[,;–-]\s*\d{{1,2}})*)\s*\)"
    rf"|(?<![{_HIGH}])(?<!\bm)(?<!\b[kcdhm]m)(?<!\bco)([{_HIGH}]+))",  # « m² » is no mark
    re.IGNORECASE,
)
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_WIDEST = 20  # passages in a range


def read_marks(written: str) -> tuple[str, tuple[int, ...]]:
    """Return a sentence without its marks, and their numbers in order, each once.

    `[1, 3]`, `[1-3]`, `(2)`, `[[2]]`, `¹`, `【2】`, `[2†source]`, `[passage 2]` are all marks; a number in
    parentheses has two digits at most, so that a year stays text.
    """
    found: list[int] = []

    def take(match: re.Match[str]) -> str:
        found.extend(_numbers(next(group for group in match.groups() if group is not None)))
        return ""

    return MARK.sub(take, written), tuple(dict.fromkeys(found))


def bracket_marks(written: str) -> str:
    """Return a sentence with its marks as `[1][3]`, which cleaning leaves alone."""

    def bracket(match: re.Match[str]) -> str:
        group = next(group for group in match.groups() if group is not None)
        return " " + "".join(f"[{number}]" for number in dict.fromkeys(_numbers(group)))

    return MARK.sub(bracket, written)


def _numbers(marks: str) -> Iterator[int]:
    """Yield the numbers of `2`, `1, 3`, `2-4` or `¹²`."""
    for part in re.split(r"[,;&/]|et", marks.translate(_RAISED)):
        first, _, last = (item.strip() for item in re.sub("–|—|to|à", "-", part).partition("-"))
        yield from range(int(first), min(int(last or first), int(first) + _WIDEST) + 1)
