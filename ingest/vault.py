"""Walk a folder of notes and decode each one; one outcome per file. Nobody else opens a note file."""

import errno
import fnmatch
import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ingest.errors import VaultError
from ingest.french import fold

NOTE_SUFFIXES = (".md", ".markdown")
_TEMPLATE_FOLDERS = frozenset({"template", "templates", "modele", "modeles", "gabarit", "gabarits"})
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_READ_FLAGS = (
    os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
)

Status = Literal["read", "skipped", "failed"]


@dataclass(frozen=True, slots=True)
class NoteFile:
    """A decoded note file.

    `text` is `data.decode(encoding)` with one leading BOM dropped and nothing else touched. `raw_path` is the
    name as the file system has it, `path` its displayable form; both relative to the vault, with `/`.
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
        return hashlib.sha256(self.raw_path).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file: read, or skipped or failed with its reason in French."""

    path: str
    status: Status
    reason: str = ""
    file: NoteFile | None = None


def walk_vault(vault: Path, *, max_note_bytes: int, exclude: tuple[str, ...] = ()) -> Iterator[Outcome]:
    """Yield one outcome per file under the vault, in order of path.

    Args:
        vault: The folder of notes; links out of it are not followed.
        max_note_bytes: Longer notes are skipped.
        exclude: Glob patterns against the relative path, a folder of it, or the file name.

    Raises:
        VaultError: The folder is missing, is not a folder, or cannot be listed.
    """
    check_vault(vault)
    failed: list[OSError] = []
    for folder, subfolders, names in os.walk(vault, onerror=failed.append):
        subfolders.sort()
        base = Path(folder).relative_to(vault)
        for error in failed:
            yield Outcome(_display(os.path.relpath(error.filename, vault)), "failed", _os_reason(error))
        failed.clear()
        linked = [name for name in subfolders if os.path.islink(os.path.join(folder, name))]
        for name in sorted([*names, *linked]):
            relative = (base / name).as_posix()
            reason = _skip_reason(vault, relative, exclude)
            yield (
                Outcome(_display(relative), "skipped", reason)
                if reason
                else _read(vault, relative, max_note_bytes)
            )
    for error in failed:
        yield Outcome(_display(os.path.relpath(error.filename, vault)), "failed", _os_reason(error))


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
            vault, f"il ne peut pas être lu ({_os_reason(error)}) ; vérifiez vos droits."
        ) from error


def read_note_file(vault: Path, raw_path: bytes, *, max_note_bytes: int) -> NoteFile | None:
    """Return the note as it is on disk now, or None when it cannot be read any more."""
    return _read(vault, os.fsdecode(raw_path), max_note_bytes).file


def decode(data: bytes) -> tuple[str, str, str | None]:
    """Decode a note's bytes.

    Returns:
        The text, the name of the encoding, and a warning in French or None.

    Raises:
        UnicodeDecodeError: The bytes are not text.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return data.decode(encoding).removeprefix("\ufeff"), encoding, None
    if guessed := _bomless_utf16(data):
        return data.decode(guessed), guessed, f"encodage {guessed} reconnu sans marque d’ordre"
    if data.count(0) * 1000 > len(data):
        raise UnicodeDecodeError("utf-8", data, 0, 1, "binary")
    try:
        return data.decode("utf-8"), "utf-8", None
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" and not data[: error.start].isascii():
            return data[: error.start].decode("utf-8"), "utf-8", "dernier caractère tronqué"
    for encoding in ("cp1252", "latin-1"):
        try:
            return data.decode(encoding), encoding, f"encodage {encoding} reconnu ; UTF-8 est préférable"
        except UnicodeDecodeError:
            continue
    raise UnicodeDecodeError("utf-8", data, 0, 1, "not text")


def _bomless_utf16(data: bytes) -> str | None:
    """Tell UTF-16 without a mark by its zero bytes, which all fall on one side in European text."""
    sample = data[:4096]
    if len(data) % 2 or len(sample) < 4 or not sample.count(0):
        return None
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) * 4 > len(sample) and min(even, odd) * 20 < max(even, odd):
        return "utf-16-be" if even > odd else "utf-16-le"
    return None


def _skip_reason(vault: Path, relative: str, exclude: tuple[str, ...]) -> str:
    """Return why a file is left out before it is opened, or an empty string."""
    *folders, name = relative.split("/")
    reasons = (
        ("dossier ou fichier caché", any(part.startswith(".") for part in (*folders, name))),
        ("dossier technique", any(part.casefold() == "node_modules" for part in folders)),
        ("modèle de note", any(fold(part) in _TEMPLATE_FOLDERS for part in folders)),
        ("exclu par CIMAISE_EXCLUDE", _excluded(relative, exclude)),
        ("n’est pas une note Markdown", not name.lower().endswith(NOTE_SUFFIXES)),
    )
    return next((reason for reason, holds in reasons if holds), "") or _link_reason(vault, relative)


def _link_reason(vault: Path, relative: str) -> str:
    """Return why a symbolic link is left out: what it leads to is read where it lies, or not at all."""
    path = os.path.join(vault, relative)
    if not os.path.islink(path):
        return ""
    target = os.path.realpath(path)
    if not os.path.exists(target):
        return "lien mort"
    inside = Path(target).is_relative_to(os.path.realpath(vault))
    return "lien vers un autre fichier du dossier" if inside else "lien qui sort du dossier"


def _excluded(relative: str, patterns: tuple[str, ...]) -> bool:
    parts = relative.split("/")
    candidates = [parts[-1], *("/".join(parts[:depth]) for depth in range(1, len(parts) + 1)), *parts[:-1]]
    return any(fnmatch.fnmatch(part, pattern.rstrip("/")) for pattern in patterns for part in candidates)


def _read(vault: Path, relative: str, max_note_bytes: int) -> Outcome:
    path = _display(relative)
    try:
        descriptor = os.open(os.path.join(vault, relative), _READ_FLAGS)
        with open(descriptor, "rb") as stream:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                return Outcome(path, "skipped", "n’est pas un fichier ordinaire")
            if status.st_size > max_note_bytes:
                return Outcome(path, "skipped", f"plus de {max_note_bytes // 1_000_000 or 1} Mo")
            data = stream.read(max_note_bytes + 1)
    except FileNotFoundError:
        return Outcome(path, "skipped", "disparu pendant la lecture")
    except OSError as error:
        if error.errno == errno.ENXIO:
            return Outcome(path, "skipped", "n’est pas un fichier ordinaire")
        return Outcome(path, "failed", _os_reason(error))
    return _decoded(path, os.fsencode(relative), data)


def _decoded(path: str, raw_path: bytes, data: bytes) -> Outcome:
    try:
        text, encoding, warning = decode(data)
    except UnicodeDecodeError:
        return Outcome(path, "skipped", "contenu binaire")
    if not text.strip("\0\ufeff \t\r\n"):
        return Outcome(path, "skipped", "vide")
    digest = hashlib.sha256(data).hexdigest()
    return Outcome(path, "read", file=NoteFile(path, raw_path, text, encoding, digest, len(data), warning))


def _display(relative: str) -> str:
    """Return a name that can be printed and stored: bytes that are not UTF-8 are written in hexadecimal."""
    return os.fsencode(relative).decode("utf-8", "backslashreplace").replace(os.sep, "/")


def _os_reason(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "droit de lecture refusé"
    return f"lecture impossible ({os.strerror(error.errno) if error.errno else 'erreur inconnue'})"
