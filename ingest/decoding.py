"""Decode a note's bytes: the mark of order wins, then strict UTF-8, then what can be told; never silently."""

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_CUT = "dernier caractère tronqué"


def decode(data: bytes) -> tuple[str, str, str | None]:
    """Decode a note's bytes.

    The text is `data.decode(encoding)` with one leading BOM dropped. Two repairs, each with its warning: when
    the last sequence is cut, the text is the decoding of the bytes before it; when bytes in the midst of a
    Unicode text make no character, it is `data.decode(encoding, "replace")`.

    Returns:
        The text, the name of the encoding, and a warning in French or None.

    Raises:
        UnicodeDecodeError: The bytes are not text.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _repaired(data, encoding)
    if guessed := _bomless_utf16(data):
        return data.decode(guessed), guessed, f"encodage {guessed} reconnu sans marque d’ordre"
    if data.count(0) * 1000 > len(data):
        raise UnicodeDecodeError("utf-8", data, 0, 1, "binary")
    if _is_utf8(data):
        return _repaired(data, "utf-8")
    for encoding in ("cp1252", "latin-1"):
        try:
            return data.decode(encoding), encoding, f"encodage {encoding} reconnu ; UTF-8 est préférable"
        except UnicodeDecodeError:
            continue
    raise UnicodeDecodeError("utf-8", data, 0, 1, "not text")


def _repaired(data: bytes, encoding: str) -> tuple[str, str, str | None]:
    """Decode what is known to be in an encoding, as much of it as can be.

    Raises:
        UnicodeDecodeError: Less than half of the text can be read.
    """
    try:
        return data.decode(encoding).removeprefix("\ufeff"), encoding, None
    except UnicodeDecodeError as error:
        # UTF-16 says how far the cut sequence runs, UTF-8 only how far it was sound
        cut = error.reason in {"unexpected end of data", "truncated data"}
        text = data[: error.start].decode(encoding) if cut else data.decode(encoding, "replace")
        text = text.removeprefix("\ufeff")
        lost = text.count("\ufffd")
        if not text or lost * 2 > len(text):
            raise
    return text, encoding, _CUT if cut else f"{lost} caractère(s) illisible(s), remplacé(s) par « \ufffd »"


def _is_utf8(data: bytes) -> bool:
    """Tell UTF-8, damaged or not: in other encodings hardly any two bytes make a character of it."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            return not data[: error.start].isascii()
        replaced = data.decode("utf-8", "replace")
        lost = replaced.count("\ufffd")
        beyond_ascii = len(replaced) - len(replaced.encode("ascii", "ignore"))
        return beyond_ascii - lost > lost
    return True


def _bomless_utf16(data: bytes) -> str | None:
    """Tell UTF-16 without a mark by its zero bytes, which all fall on one side in European text."""
    sample = data[:4096]
    if len(data) % 2 or len(sample) < 4 or not sample.count(0):
        return None
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) * 4 > len(sample) and min(even, odd) * 20 < max(even, odd):
        return "utf-16-be" if even > odd else "utf-16-le"
    return None
