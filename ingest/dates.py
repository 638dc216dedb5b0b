"""Dates as people write them, in ISO and in French, and as they are shown to them."""

import re
from datetime import date

from ingest.french import fold

_MONTH_NAMES = (
    "janvier janv jan january",
    "fevrier fevr fev feb february",
    "mars mar march",
    "avril avr apr april",
    "mai may",
    "juin jun june",
    "juillet juil jul july",
    "aout aug august",
    "septembre sept sep september",
    "octobre oct october",
    "novembre nov november",
    "decembre dec december",
)
_MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES, start=1) for name in names.split()}
_SHOWN_MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip
_YEARS = range(1000, 2200)
_DATE_FORMS = (
    re.compile(r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})"),
    re.compile(r"(?P<y>\d{4}) ?(?P<m>[a-z]{3,9})\.? ?(?P<d>\d{1,2})"),
    re.compile(r"(?P<d>\d{1,2})(?:er)? ?(?P<m>[a-z]{3,9})\.? ?(?P<y>\d{4})"),
    re.compile(r"(?P<d>\d{1,2})[-/.](?P<m>\d{1,2})[-/.](?P<y>\d{4})"),
    re.compile(r"\b(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})\b"),
)


def parse_date(text: str) -> str | None:
    """Return the first date of a text in ISO form: `2022-05-12`, `12 mai 2022`, `2022mai12`, `12/05/2022`.

    A year that no note was written in, before 1000 or after 2199, is a slip or a place-holder, and no date.
    """
    folded = fold(text)
    for form in _DATE_FORMS:
        for match in form.finditer(folded):
            month = match["m"]
            number = int(month) if month.isdigit() else _MONTHS.get(month, 0)
            try:
                day = date(int(match["y"]), number, int(match["d"]))
            except ValueError:
                continue
            if day.year in _YEARS:
                return day.isoformat()
    return None


def french_date(iso: str | None) -> str:
    """Return “12 mai 2022” for `2022-05-12`, “mai 2022” for `2022-05`, and other texts as they are."""
    found = re.fullmatch(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?:T.*)?", iso or "")
    if not found or not 1 <= int(found[2] or 1) <= 12:
        return iso or ""
    day = "" if not found[3] else "1er " if found[3] == "01" else f"{int(found[3])} "
    month = f"{_SHOWN_MONTHS[int(found[2]) - 1]} " if found[2] else ""
    return f"{day}{month}{found[1]}"
