"""Walk a folder of notes and decode each one; one outcome per file. Nobody else opens a note file."""

import fnmatch
import os
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal, TypeVar

from ingest.decoding import decode
from ingest.errors import VaultError
from ingest.french import fold
from ingest.opening import Folders, Kind, Parts, Patience, read_content, refusal

__all__ = ["NOTE_SUFFIXES", "NoteFile", "Outcome", "check_vault", "decode", "read_note_file", "walk_vault"]

T = TypeVar("T")
NOTE_SUFFIXES = (".md", ".markdown")
READ_BUDGET_S = 10.0
_TEMPLATE_FOLDERS = frozenset({"template", "templates", "modele", "modeles", "gabarit", "gabarits"})
_CONFLICT_COPY = re.compile(
    r"conflicted.copy|copie.en.conflit|sync-conflict|conflict-files|\([^()]*\bconflict\b", re.IGNORECASE
)
_AMBIGUOUS = re.compile(r"[\x00-\x1f\x7f]|\\(?=x[0-9a-f]{2})")

Status = Literal["read", "skipped", "failed"]


@dataclass(frozen=True, slots=True)
class NoteFile:
    """A decoded note file.

    `text` is `data.decode(encoding)` with one leading BOM dropped and nothing else touched, but for the
    repairs of `decode`. `raw_path` is the name as the file system has it, `path` its displayable form; both
    relative to the vault, with `/`.
    """

    path: str
    raw_path: bytes
    text: str
    encoding: str
    sha256: str
    size_bytes: int
    warning: str | None = None

    @property
    def id(self) -> str:
        """An opaque, stable id of the path."""
        return sha256(self.raw_path).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file: read, or skipped or failed with its reason in French."""

    path: str
    status: Status
    reason: str = ""
    file: NoteFile | None = None


def walk_vault(vault: Path, *, max_note_bytes: int, exclude: tuple[str, ...] = ()) -> Iterator[Outcome]:
    """Yield one outcome per file under the vault, the files of a folder before its folders, in order of name.

    A folder that cannot be listed counts as one file.

    Args:
        vault: The folder of notes; links out of it are not followed.
        max_note_bytes: Longer notes are skipped.
        exclude: Glob patterns against the relative path, a folder of it, or the file name.

    Raises:
        VaultError: The folder is missing, is not a folder, or cannot be listed.
    """
    check_vault(vault)
    reader = _Reader(vault, max_note_bytes)
    stack = [_Place(())]
    try:
        while stack:
            folder = stack.pop()
            listing = reader.listing(folder.parts)
            if isinstance(listing, Outcome):
                yield listing
                continue
            twins = _twins(name for name, kind in listing if kind == "folder" or _is_note(name))
            places = [(folder.inner(name, twins, exclude), kind) for name, kind in listing]
            for place, kind in places:
                if kind != "folder":
                    yield reader.outcome(place, kind)
            stack.extend(place for place, kind in reversed(places) if kind == "folder")
    finally:
        reader.close()


def check_vault(vault: Path) -> None:
    """Raise VaultError, with what to do, unless the vault is a folder that can be listed."""
    if not vault.exists():
        raise VaultError(vault, "il n’existe pas ; vérifiez le chemin donné à --vault ou CIMAISE_VAULT.")
    if not vault.is_dir():
        raise VaultError(vault, "ce n’est pas un dossier ; donnez le dossier qui contient les notes.")
    try:
        os.scandir(vault).close()
    except OSError as error:
        raise VaultError(
            vault, f"il ne peut pas être lu ({refusal(error)[1]}) ; vérifiez vos droits."
        ) from error


def read_note_file(vault: Path, raw_path: bytes, *, max_note_bytes: int) -> NoteFile | None:
    """Return the note as it is on disk now, or None when it cannot be read any more."""
    reader = _Reader(vault, max_note_bytes)
    try:
        return reader.outcome(_Place(tuple(os.fsdecode(raw_path).split("/"))), "file").file
    finally:
        reader.close()


@dataclass(frozen=True, slots=True)
class _Place:
    """A file or folder of the walk: its path, why it is left out with all it holds, what to warn of."""

    parts: Parts
    reason: str = ""
    warning: str = ""

    @property
    def shown(self) -> str:
        return _display("/".join(self.parts))

    def inner(self, name: str, twins: dict[str, str], exclude: tuple[str, ...]) -> "_Place":
        parts = (*self.parts, name)
        twin = _display(twins[name]) if name in twins else ""
        warning = f"nom qui ne diffère de « {twin} » que par la casse ou l’écriture des accents"
        return _Place(parts, self.reason or _own_reason(parts, exclude), warning if twin else self.warning)


class _Reader:
    """Lists and reads within a time budget: a disk that does not answer costs one outcome, not the run."""

    def __init__(self, vault: Path, max_note_bytes: int) -> None:
        self._vault, self._max_note_bytes = vault, max_note_bytes
        self._folders, self._patience = Folders(vault), Patience(READ_BUDGET_S)

    def listing(self, parts: Parts) -> list[tuple[str, Kind]] | Outcome:
        """Return what lies in a folder, or what became of it."""
        folders = self._folders
        return self._call(_Place(parts).shown, lambda: folders.listing(parts))

    def outcome(self, place: _Place, kind: Kind) -> Outcome:
        """Return what became of a file."""
        if place.reason or (kind != "folder" and not _is_note(place.parts[-1])):
            return Outcome(place.shown, "skipped", place.reason or "n’est pas une note Markdown")
        if kind == "other":
            return Outcome(place.shown, "skipped", "n’est pas un fichier ordinaire")
        folders, vault, limit = self._folders, self._vault, self._max_note_bytes
        if kind == "link":
            return self._call(
                place.shown, lambda: Outcome(place.shown, "skipped", _link_reason(vault, place.parts))
            )
        return self._call(place.shown, lambda: _read(folders, place, limit))

    def close(self) -> None:
        """Close what is open, once the thread is done with it."""
        self._patience.close()
        self._folders.close()

    def _call(self, shown: str, function: Callable[[], T]) -> T | Outcome:
        try:
            return self._patience.call(function)
        except TimeoutError:
            # the thread that hangs keeps its open folders: closing them under it could open others
            self._patience.close()
            self._folders, self._patience = Folders(self._vault), Patience(READ_BUDGET_S)
            return Outcome(shown, "failed", "ne répond pas")
        except OSError as error:
            return Outcome(shown, *refusal(error))


def _read(folders: Folders, place: _Place, max_note_bytes: int) -> Outcome:
    content = read_content(folders, place.parts, max_bytes=max_note_bytes)
    if isinstance(content, str):
        return Outcome(place.shown, "skipped", content)
    try:
        text, encoding, warning = decode(content.data)
    except UnicodeDecodeError:
        return Outcome(place.shown, "skipped", "contenu binaire")
    if not text.strip("\0\ufeff \t\r\n"):
        return Outcome(place.shown, "skipped", "vide")
    conflict = "conflit non résolu (copie en conflit)" if _CONFLICT_COPY.search(place.parts[-1]) else ""
    warnings = " ; ".join(filter(None, (warning, place.warning, conflict))) or None
    raw_path = os.fsencode("/".join(place.parts))
    size_bytes = len(content.data)
    file = NoteFile(place.shown, raw_path, text, encoding, content.sha256, size_bytes, warnings)
    return Outcome(place.shown, "read", file=file)


def _own_reason(parts: Parts, exclude: tuple[str, ...]) -> str:
    """Return why a file or folder is left out with all it holds, or an empty string."""
    name = parts[-1]
    if name.startswith("."):
        return "dossier ou fichier caché"
    if name.casefold() == "node_modules":
        return "dossier technique"
    if fold(name) in _TEMPLATE_FOLDERS:
        return "modèle de note"
    return "exclu par CIMAISE_EXCLUDE" if exclude and _excluded(parts, exclude) else ""


def _excluded(parts: Parts, patterns: tuple[str, ...]) -> bool:
    candidates = (parts[-1], "/".join(parts))
    return any(fnmatch.fnmatch(part, pattern.rstrip("/")) for pattern in patterns for part in candidates)


def _link_reason(vault: Path, parts: Parts) -> str:
    """Return why a symbolic link is left out: what it leads to is read where it lies, or not at all."""
    target = os.path.realpath(os.path.join(vault, *parts))
    if not os.path.exists(target):
        return "lien mort"
    inside = Path(target).is_relative_to(os.path.realpath(vault))
    return "lien vers un autre fichier du dossier" if inside else "lien qui sort du dossier"


def _is_note(name: str) -> bool:
    return name.lower().endswith(NOTE_SUFFIXES)


def _twins(names: Iterator[str]) -> dict[str, str]:
    """Map each name that other systems would take for another one to that other one."""
    first: dict[str, str] = {}
    twins: dict[str, str] = {}
    for name in names:
        other = first.setdefault(unicodedata.normalize("NFC", name).casefold(), name)
        if other != name:
            twins[name] = other
            twins.setdefault(other, name)
    return twins


def _display(relative: str) -> str:
    """Return a name that can be printed and stored, another for each path: odd bytes are in hexadecimal."""
    name = _AMBIGUOUS.sub(lambda match: f"\\x{ord(match[0]):02x}", relative)
    return os.fsencode(name).decode("utf-8", "backslashreplace")
