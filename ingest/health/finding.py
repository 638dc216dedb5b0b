"""One thing to mend in a vault, and the lines that say where it stands."""

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal[
    "unreadable",
    "encoding",
    "conflict",
    "malformed_header",
    "oddity",
    "missing_note",
    "broken_embed",
    "broken_anchor",
    "dead_link",
    "ambiguous_link",
    "ambiguous_title",
    "email",
    "phone",
    "empty_note",
    "stub",
    "near_duplicate",
    "orphan",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""The kinds in the order of a report: what loses text first, what is a matter of taste last."""

_NEWLINE = re.compile(r"\r\n?|\n")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend: `sentence` says in French what is wrong and what to do.

    `line` is 1-based, None when the whole file is meant. `target` is the other note or file concerned: its
    path when it exists, else the name it is asked for by.
    """

    kind: Kind
    path: str
    line: int | None
    sentence: str
    target: str | None = None


def line_starts(text: str) -> list[int]:
    """Return the offsets at which the lines after the first start."""
    return [match.end() for match in _NEWLINE.finditer(text)]


def line_at(starts: list[int], offset: int) -> int:
    """Return the 1-based line of an offset."""
    return bisect_right(starts, offset) + 1
