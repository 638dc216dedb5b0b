"""Text laid out for a terminal: wrapped, and without what a terminal would obey; pure."""

import shutil
import textwrap
import unicodedata

from ingest.french import hold_marks

_WIDEST = 100


def wrap(text: str, indent: str = "", hanging: str | None = None) -> str:
    """Return a text in lines as wide as the terminal, a hundred columns at most; no word is broken.

    Args:
        text: Of any source.
        indent: Before the first line.
        hanging: Before the others, the same by default.
    """
    width = min(shutil.get_terminal_size((_WIDEST, 24)).columns, _WIDEST)
    return textwrap.fill(
        hold_marks(printable(text)),
        max(width, 20),
        initial_indent=indent,
        subsequent_indent=indent if hanging is None else hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


def printable(text: str) -> str:
    """Return the text without control and formatting characters: a file name never drives the terminal."""
    return "".join(char if unicodedata.category(char) not in {"Cc", "Cf", "Cs"} else "�" for char in text)
