"""What a model wrote, without what must never reach a reader, whoever asked for it: the last door out.

No image, link, HTML, command, foreign address, path or key passes; what is taken out is named, not shown.
"""

import base64
import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from assistant.answer import Passage
from assistant.marks import bracket_marks, read_marks
from ingest.clean import INVISIBLE, clean, hidden_spans
from ingest.french import line_key

IMAGE, LINK, HTML, ADDRESS = "une image", "un lien", "du HTML", "une adresse"
SECRET, PATH, RULE, HIDDEN, COMMAND = (
    "un secret", "un chemin", "une consigne", "un caractère invisible", "une commande",
)  # fmt: skip

_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}  # full-width ASCII, read as ASCII
_TERMINAL = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)", re.DOTALL)
_TARGET = r"\([^()\n]{0,2000}(?:\([^()\n]{0,500}\)[^()\n]{0,500})*\)?"
_TEX = r"href|url|includegraphics|html\w{0,10}|class|style"
_NAMES = "|".join(
    """
    svg a abbr address area article aside audio b base bdo blockquote body br button canvas center code
    div embed em fieldset font footer form frame frameset h[1-6] head header hr html i iframe img input
    label link main marquee math meta nav noscript object option p param picture pre script section
    select source span strong style svg table tbody td template textarea tfoot th thead title tr track u
    ul ol li video details summary dialog slot
    """.split()
)
# what is taken out; what its pattern cannot do without, so that it is not even tried; what takes its place
_STRIPPED: tuple[tuple[str, str, re.Pattern[str], str], ...] = (
    (COMMAND, "<", re.compile(r"<\|[^|<>\n]{1,40}\|?>|<</?SYS>>"), " "),
    (COMMAND, "INST]", re.compile(r"\[/?INST\]"), " "),
    (COMMAND, "\\", re.compile(rf"\\(?:{_TEX})\b(?:\s*\{{[^{{}}]{{0,500}}\}})*"), " "),
    (IMAGE, "![", re.compile(rf"!\[[^\[\]\n]{{0,1000}}\](?:{_TARGET}|\s?\[[^\[\]\n]{{0,200}}\])?"), " "),
    (IMAGE, "![", re.compile(r"!\[\[[^\[\]\n]{0,500}\]\]"), " "),
    (LINK, "](", re.compile(rf"(\[\s*\d{{1,4}}\s*\]){_TARGET}"), r"\1"),
    (LINK, "](", re.compile(rf"\[([^\[\]\n]{{0,1000}})\]{_TARGET}"), r"\1"),
    (LINK, "]:", re.compile(r"^[ \t]*\[[^\[\]\n]{1,200}\]:[ \t]*\S+.*$", re.MULTILINE), " "),
    (LINK, "][", re.compile(r"\[([^\[\]\n]{1,300}[^\W\d][^\[\]\n]{0,300})\]\[[^\[\]\n]{0,200}\]"), r"\1"),
    (HTML, "<", re.compile(r"(?is)<(script|style)\b.{0,4000}?(?:</\1\s*>|\Z)"), " "),
    (HTML, "<", re.compile(r"(?s)<!--.{0,4000}?(?:-->|\Z)|<!\w[^>]{0,500}>?"), " "),
    (HTML, "<", re.compile(rf"(?is)</?(?:{_NAMES})\b[^<>]{{0,4000}}(?:>|\Z)"), " "),
    (HTML, "<", re.compile(r"(?i)</?[a-z][a-z0-9-]{0,30}(?:\s+[\w:-]+\s*=[^<>]{0,4000}|\s*/)?(?:>|\Z)"), " "),
    (HTML, "=", re.compile(r"(?i)\bon[a-z]{3,12}\s*=\s*(?:\"[^\"]*\"?|'[^']*'?|\S+)"), " "),
    (COMMAND, "", re.compile(r"^\s*[=+@](?=\s*[A-Za-z(])"), ""),
)  # fmt: skip
_ADDRESS = re.compile(
    r"(?i)(?:[a-z0-9+.-]{1,21}://|(?:java|vb)script:|\b(?:mailto|tel|data|file|obsidian|app|about|blob):(?=\S)"
    r"|\bwww\.|\bdoi:\s?|\b10\.\d{4,9}/)[^\s«»<>\[\]{}\"]*"
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|(?<![\w.@/-])(?:[a-z0-9-]{1,63}\.)+[a-z]{2,24}(?::\d+)?(?:/|\?)[^\s«»<>\[\]\"]*"
    r"|(?<![\w.@/-])(?:[a-z0-9-]{1,63}\.)+(?:com|org|net|fr|ch|be|ca|uk|de|eu|io|ai|info|gov|edu|museum|co|us"
    r"|it|es|nl|app|dev|xyz|test|example|invalid|local|onion|ru|cn)\b(?!\.\w)"
    r"|(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?(?:/\S*)?|\blocalhost\b(?::\d+)?(?:/\S*)?"
)
_PATH = re.compile(
    r"(?<![\w/.])/(?:home|root|etc|srv|tmp|var|usr|opt|proc|dev|run|mnt|media|Users|Volumes|private|app|data)"
    r"(?:/[^\s«»\"]*)?(?!\w)"
    r"|(?<!\w)(?:[A-Za-z]:\\|\\\\)[^\s«»\"]+|(?<!\w)~/[^\s«»\"]*|(?:\.\.[\\/])+[^\s«»\"]*|(?:%2e){2}\S*"
    r"|\.env\b[\w.]*|(?i:\bid_rsa\b|\.ssh\b)"
)
_VARIABLE = re.compile(
    r"\$\{?[A-Z_]{3,}\}?|%[A-Z_]{3,}%|\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b(?:\s*[=:]\s*\S+)?"
    r"|\b(?:PATH|HOME|USER|PWD)\s*=\s*\S+"
)
_KEY = re.compile(
    r"\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{6,}|\bAKIA[0-9A-Z]{12,}|\bgh[pousr]_\w{16,}|\bgithub_pat_\w{16,}"
    r"|\bxox[abeoprs]-[\w-]{8,}|\bAIza[\w-]{20,}|\b(?:hf|gsk|glpat|npm|pypi)[_-][\w-]{16,}"
    r"|\beyJ[\w-]{8,}\.[\w-]{4,}|-----BEGIN [A-Z ]*KEY|(?i:\bbearer\s+[\w.=/+-]{12,})"
    r"|(?i:\b(?:[a-z0-9]+_)*(?:api_?key|secret|token|passw(?:or)?d|mot de passe)\s*[=:]\s*[\w./+-]*\d)"
    r"|\b[\w-]+:x?:\d+:\d+:"
)
_MARKUP = re.compile(r"[<>&\\!=+@%]|\]\(|\]:|\]\[(?!\d)|INST\]")
_SUSPECT = re.compile(
    r"[^\s.]\.[^\W_]|[:@/\\]\S|[$%_~]|\.env|\.\.|\(\s*\)|=|localhost|doi|id_rsa", re.IGNORECASE
)
_TOKEN = re.compile(r"(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[A-Za-z0-9][\w-]{7,}")
_WINDOW, _RUN, _SAID = 12, 8, 5  # characters of a key, words of the rules, words of a whole rule


@dataclass(frozen=True, slots=True)
class Guarded:
    """What must not be told: pieces of the secrets and of their encodings, and the rules' own words."""

    secrets: frozenset[str]
    runs: frozenset[str]
    rules: frozenset[str]


@dataclass(frozen=True, slots=True)
class Sanitised:
    """What is left of a sentence, and what was taken out of it, named in French."""

    text: str
    removed: tuple[str, ...] = ()


def guard(secrets: Iterable[str] = (), instructions: str = "") -> Guarded:
    """Return what `sanitise` keeps back.

    Args:
        secrets: Keys; shorter ones than 6 characters are too common to look for.
        instructions: What the model is told; its sentences are not to be repeated, nor tokens in it told.
    """
    hidden = [secret for secret in (*secrets, *_TOKEN.findall(instructions)) if len(secret) >= 6]
    keys = [line_key(line) for line in re.split(r"[.!?:;\n]+", instructions)]
    return Guarded(
        frozenset(piece for secret in hidden for form in _forms(secret) for piece in _pieces(form)),
        frozenset(run for line in instructions.splitlines() for run in _runs(line_key(line))),
        frozenset(key for key in keys if key.count(" ") >= _SAID - 1),
    )


def sanitise(written: str, passages: Sequence[Passage], guarded: Guarded) -> Sanitised:
    """Return a sentence of a model as plain text that may be shown.

    Args:
        written: As the model wrote it.
        passages: What it was given; an address or a path that stands word for word in one it cites passes.
        guarded: What must not be told; a sentence that does is withheld whole.
    """
    removed: list[str] = []
    text = bracket_marks(_visible(written, removed))
    for _ in range(4 if _MARKUP.search(text) else 0):  # what one layer hid may be markup in turn
        before = text
        text = _strip(html.unescape(text), removed)
        if text == before:
            break
    text = bracket_marks(text)
    text = re.sub(r"\[\[|\]\]|<(?=[A-Za-z/!])", " ", clean(text))
    text = re.sub(r"(\[\d+\]) (?=\[\d+\])", r"\1", text)
    if _KEY.search(text) or _tells(text, guarded.secrets):
        return Sanitised("", (*removed, SECRET))
    if _repeats(text, guarded):
        return Sanitised("", (*removed, RULE))
    if not _SUSPECT.search(text):
        return Sanitised(text.strip(), tuple(removed))
    numbers = read_marks(text)[1]
    known = [passage.text for passage in passages if passage.number in numbers]
    for name, pattern in ((ADDRESS, _ADDRESS), (PATH, _PATH), (SECRET, _VARIABLE)):
        text = _foreign(name, pattern, text, known, removed)
    return Sanitised(re.sub(r"\(\s*\)", "", text).strip(), tuple(removed))


def _visible(written: str, removed: list[str]) -> str:
    text = _TERMINAL.sub("", written).translate(_WIDE)
    text = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", "", INVISIBLE.sub("", text))
    removed += [HIDDEN] * (len(text) < len(written))
    return text


def _strip(text: str, removed: list[str]) -> str:
    for start, end in reversed(hidden_spans(text) if "<" in text or "%%" in text else []):
        text = f"{text[:start]} {text[end:]}"
        removed.append(HTML)
    for name, needed, pattern, replacement in _STRIPPED:
        if needed in text:
            text, times = pattern.subn(replacement, text)
            removed += [name] * times
    return text


def _foreign(name: str, pattern: re.Pattern[str], text: str, known: Sequence[str], removed: list[str]) -> str:
    """Return a text without the matches that no known text holds as a word of its own."""

    def keep(match: re.Match[str]) -> str:
        said = match[0].rstrip(".,;:!?)’'…")
        alone = re.compile(rf"(?<![\w/.-]){re.escape(said)}(?![\w/-])")
        if said and any(alone.search(passage) for passage in known):
            return match[0]
        removed.append(name)
        return match[0][len(said) :]

    return pattern.sub(keep, text)


def _repeats(text: str, guarded: Guarded) -> bool:
    key = line_key(text)
    if any(run in guarded.runs for run in _runs(key)):
        return True
    return any(f" {rule} " in f" {key} " for rule in guarded.rules)


def _runs(key: str) -> Iterator[str]:
    said = key.split(" ")
    return (" ".join(said[place : place + _RUN]) for place in range(len(said) - _RUN + 1))


def _tells(text: str, secrets: frozenset[str]) -> bool:
    if not secrets:
        return False
    squeezed = _squeeze(text)
    sizes = {len(piece) for piece in secrets}
    return any(
        not secrets.isdisjoint([squeezed[at : at + n] for at in range(len(squeezed) - n + 1)]) for n in sizes
    )


def _forms(secret: str) -> Iterator[str]:
    """Yield a secret as it is, backwards, in hexadecimal and in base 64, wherever that begins."""
    raw = secret.encode()
    yield from (secret, secret[::-1], raw.hex())
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + raw).decode()
        yield coded[(0, 2, 3)[shift] : len(coded) - 4]


def _pieces(form: str) -> Iterator[str]:
    squeezed = _squeeze(form)
    size = min(_WINDOW, len(squeezed))
    if size >= 6:
        yield from (squeezed[at : at + size] for at in range(len(squeezed) - size + 1))


def _squeeze(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()
