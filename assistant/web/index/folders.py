"""The folders of this machine that a typed path goes on as, with how many notes each holds."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from ingest.vault import NOTE_SUFFIXES

_LISTED = 12
_BUDGET_S = 0.4  # for all counts of one answer: what is not counted by then is said to be more
_ENTRIES = 20_000


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder, and the notes in it and below; `at_least` when there was no time to count them all."""

    path: str
    notes: int
    at_least: bool


@dataclass(frozen=True, slots=True)
class Folders:
    """What a typed path goes on as; `here` is the folder it names, `above` the one above those listed."""

    here: Folder | None = None
    above: str | None = None
    inside: tuple[Folder, ...] = ()


def complete_folder(typed: str) -> Folders:
    """Return the folders that go on as typed; hidden ones only when a dot was typed.

    A folder that this user may not list is left out, and no link is followed.

    Args:
        typed: A path, `~` allowed; nothing for the user's own folder. One that ends with a separator, or is a
            folder, is looked into.
    """
    path = os.path.expanduser(typed.strip() or "~")
    parent, start = os.path.split(path)
    try:
        if start and not start.startswith(".") and os.path.isdir(path) and len(_names(parent, start)) < 2:
            parent, start = path, ""
        if not os.path.isabs(path):
            return Folders()
        names = _names(parent, start)
    except (OSError, ValueError):
        return Folders()
    above = os.path.dirname(parent.rstrip(os.sep)) or None  # None for the root
    deadline = time.monotonic() + _BUDGET_S
    here = _count(Path(path), deadline) if os.path.isdir(path) else None
    return Folders(here, above, tuple(_count(Path(parent, name), deadline) for name in names))


def _names(parent: str, start: str) -> list[str]:
    """Return the folders of a folder whose names begin so, in whatever case."""
    wanted = start.casefold()
    with os.scandir(parent) as entries:
        found = [
            entry.name
            for entry in entries
            if entry.name.casefold().startswith(wanted)
            and (start.startswith(".") or not entry.name.startswith("."))
            and entry.is_dir(follow_symlinks=False)
            and entry.name.isprintable()  # the rest has no name that can be typed
            and os.access(entry.path, os.R_OK | os.X_OK)
        ]
    return sorted(found, key=str.casefold)[:_LISTED]


def _count(folder: Path, deadline: float) -> Folder:
    notes = seen = 0
    for _, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        notes += sum(name.lower().endswith(NOTE_SUFFIXES) for name in names)
        seen += len(names) + 1
        if seen > _ENTRIES or time.monotonic() > deadline:
            return Folder(str(folder), notes, at_least=True)
    return Folder(str(folder), notes, at_least=False)
