"""E-mail addresses and telephone numbers in a note: where they stand, never what they say."""

import re

_EMAIL = re.compile(
    r"(?<=[A-Za-z0-9_%+-])@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,4}\.([A-Za-z]{2,24})(?![A-Za-z0-9@-])(?!:\S)"
)
_BREAKS = frozenset(" \t\r\n\u00a0\u202f<>()[]{}\"',;|«»")  # what parts a word from its neighbours
_NOT_DOMAINS = frozenset(
    "png jpg jpeg gif svg webp avif pdf md html js css json example invalid test".split()
)
_EXAMPLES = re.compile(r"(?i)@(?:[a-z0-9-]+\.)?ex[ae]mple\.(?:com|org|net|fr|ch|be)\Z")

_GAP = r"[ .\-\u00a0\u202f\u2009]"
_OPEN = r"[ /.\-\u00a0\u202f]{1,3}"  # what follows an area code: « 021/721.36.10 »
_PHONES = re.compile(
    rf"""(?x)
    (?<![\w+]) (?<!\d[ .,/:\-\u00a0\u202f]) (?:
        (?:\+|00) (?:
            33 {_GAP}? (?:\(0\){_GAP}?)? [1-9] (?:{_GAP}?\d\d){{4}}
          | 41 {_GAP}? (?:\(0\){_GAP}?)? [1-9]\d {_GAP}? \d{{3}} (?:{_GAP}?\d\d){{2}}
          | 32 {_GAP}? (?:\(0\){_GAP}?)? [1-9] (?:{_GAP}?/?{_GAP}?\d){{7,8}}
          | (?:352|377|39|44|49|1) (?={_GAP}?(?:[().]?{_GAP}?\d){{8,12}}(?!\d)) {_GAP}? (?:\(0\){_GAP}?)?
            \(?[1-9]\d{{0,3}}\)? (?:{_GAP}?\d{{2,4}}){{2,4}}
        )
      | 0[1-9] (?P<a>{_GAP}) \d\d (?:(?P=a)\d\d){{3}}             # France: 01 23 45 67 89
      | \(?0[2-9]\d\)? {_OPEN} \d{{3}} (?P<b>{_GAP}) \d\d (?P=b) \d\d  # Switzerland: 021 721 36 10
      | 0[1-9] {_OPEN} \d{{3}} (?P<c>{_GAP}) \d\d (?P=c) \d\d         # Belgium, big towns: 02 123 45 67
      | 0\d\d {_OPEN} \d\d (?P<d>{_GAP}) \d\d (?P=d) \d\d           # Belgium, elsewhere: 081 23 45 67
      | 04\d\d {_OPEN} (?: \d\d (?P<e>{_GAP}) \d\d (?P=e) \d\d | \d{{3}} {_GAP} \d{{3}} )  # and mobile
      | (?P<compact> 0[1-9]\d{{8}})
    ) (?! [ .,/\-\u00a0\u202f]?\d | \w )
    """
)
_CUE = re.compile(
    r"(?i)\b(?:t[ée]l|t[ée]l[ée]phone|phone|mobile|portable|natel|gsm|fax|appel\w*|joindre)\b|[☎📞📱]"
)
_IDENTIFIER = re.compile(
    r"(?i)\b(?:isbn(?:-?1[03])?|issn|doi|inv(?:entaire)?|r[ée]f(?:[ée]rence)?|cote|id(?:entifiant)?|ark"
    r"|siret|siren|iban|compte|ccp|ean|dossier|n°|num[ée]ro d[’']inventaire)"
    r"\.?[ \u00a0\u202f]?[:#=n°-]{0,3}[ \u00a0\u202f]?\Z"
)
_WEB = re.compile(r"(?i)https?:|www\.|(?<![\d.])10\.\d{4,9}/")
_BEFORE, _TOKEN = 40, 200  # characters looked at before a number


def find_emails(text: str) -> list[int]:
    """Return the offset of the `@` of each different e-mail address, at its first place.

    Handles, addresses of pages and the domains reserved for examples are none.
    """
    found: dict[str, int] = {}
    for match in _EMAIL.finditer(text):
        local = _token_before(text, match.start()).removeprefix("mailto:")
        if _is_email(local, match):
            found.setdefault(f"{local}{match.group()}".lower(), match.start())
    return list(found.values())


def find_phones(text: str) -> list[int]:
    """Return the offset of each different French, Swiss, Belgian or neighbouring telephone number."""
    found: dict[str, int] = {}
    for match in _PHONES.finditer(text):
        if _is_phone(text, match):
            digits = "".join(filter(str.isdigit, match.group().replace("(0)", "")))
            found.setdefault(digits[-8:], match.start())  # the same with and without its country
    return list(found.values())


def _token_before(text: str, end: int) -> str:
    start = end
    while start > max(0, end - _TOKEN) and text[start - 1] not in _BREAKS:
        start -= 1
    return text[start:end]


def _is_email(local: str, match: re.Match[str]) -> bool:
    if match[1].lower() in _NOT_DOMAINS or _EXAMPLES.search(match.group()):
        return False
    return bool(local) and "@" not in local and "//" not in local


def _is_phone(text: str, match: re.Match[str]) -> bool:
    start, number = match.start(), match.group()
    before = text[max(0, start - _BEFORE) : start]
    if _WEB.search(_token_before(text, start)):
        return False
    if number[0] == "+":
        return not number.endswith("000")  # « +33 150 000 000 » is a growth
    if _IDENTIFIER.search(before):
        return False
    compact = match["compact"]
    return compact is None or bool(_CUE.search(before)) or (compact[1] in "67" and not _is_isbn(compact))


def _is_isbn(digits: str) -> bool:
    """Tell whether ten digits carry the check digit of an ISBN."""
    return sum(weight * int(digit) for weight, digit in zip(range(10, 0, -1), digits, strict=True)) % 11 == 0
