"""Resolve wikilinks over the whole vault, as Obsidian does: by path, by file name, then by alias or title."""

import posixpath
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

from ingest.note import Note, Wikilink

_ATTACHMENTS = frozenset(
    """
    .png .jpg .jpeg .gif .bmp .svg .webp .avif .heic .tif .tiff .pdf .mp3 .m4a .ogg .flac .wav .mp4 .mov .mkv
    .webm .csv .canvas .base .doc .docx .odt .xls .xlsx .ods .ppt .pptx .odp .zip
    """.split()
)
_NOTE_SUFFIX = re.compile(r"(?i)\.(?:md|markdown)\Z")


@dataclass(frozen=True, slots=True)
class ResolvedLink:
    """A wikilink of the note at `source`; `target` is the path it leads to, None when no note answers.

    `rivals` are the other notes that it may have meant.
    """

    source: str
    link: Wikilink
    target: str | None
    rivals: tuple[str, ...] = ()


def resolve_links(notes: Iterable[Note], files: Iterable[str] | None = None) -> list[ResolvedLink]:
    """Resolve every wikilink of the notes, in order.

    Args:
        notes: The notes that are read.
        files: The paths of everything else in the vault, attachments and notes left out: a link may lead
            there too. Without it, links to attachments are left out.
    """
    notes = list(notes)
    directory = _Directory(notes, files or ())
    return [
        directory.resolve(note, link)
        for note in notes
        for link in note.links
        if files is not None or not is_attachment(link.target)
    ]


def is_attachment(target: str) -> bool:
    """Tell whether a link names a file that is no note: an image, a document, a recording."""
    return PurePosixPath(target).suffix.lower() in _ATTACHMENTS


@lru_cache(maxsize=10_000)
def link_key(target: str) -> str:
    """Return what is equal between two writings of the same note: case, white space, normal form, suffix."""
    return _key(_NOTE_SUFFIX.sub("", target)).strip("/")


class _Directory:
    """Notes and files by what a wikilink may call them."""

    def __init__(self, notes: list[Note], files: Iterable[str]) -> None:
        self._by_name: dict[str, list[str]] = defaultdict(list)
        self._by_alias: dict[str, list[str]] = defaultdict(list)
        self._by_file: dict[str, list[str]] = defaultdict(list)
        self._met: dict[tuple[str, str], tuple[str, ...]] = {}
        for note in notes:
            self._by_name[_key(note.stem)].append(note.path)
            for name in dict.fromkeys(map(_key, (*note.aliases, note.title))):
                self._by_alias[name].append(note.path)
        for path in files:
            self._by_file[_key(_NOTE_SUFFIX.sub("", path.rpartition("/")[2]))].append(path)

    def resolve(self, source: Note, link: Wikilink) -> ResolvedLink:
        """Find the note a link means: the nearest of those that bear the name."""
        if not link.target:
            return ResolvedLink(source.path, link, source.path)
        home = source.path.rpartition("/")[0]
        met = self._met.get((home, link.target))
        if met is None:
            met = self._met[home, link.target] = self._find(home, link.target)
        return ResolvedLink(source.path, link, met[0] if met else None, met[1:])

    def _find(self, home: str, target: str) -> tuple[str, ...]:
        """Return what a target may mean for the notes of a folder, the nearest first."""
        wanted = _key(_NOTE_SUFFIX.sub("", target))
        if wanted.startswith(("/", "./", "../")):
            wanted = _key(posixpath.normpath(f"/{home}/{wanted}" if wanted.startswith(".") else wanted))
        place = wanted.strip("/")
        from_root = wanted.startswith("/")
        found = (
            _bearing(self._by_name, place, from_root=from_root)
            or self._by_alias.get(wanted, [])
            or _bearing(self._by_file, place, from_root=from_root)[:1]
        )
        return tuple(sorted(found, key=lambda path: (path.rpartition("/")[0] != home, path.count("/"), path)))


def _bearing(paths: dict[str, list[str]], place: str, *, from_root: bool) -> list[str]:
    """Return the paths that end as `place` does; where one is the whole of it, that one alone."""
    *folders, name = place.split("/")
    found = [path for path in paths.get(name, ()) if _in_folders(path, folders, from_root)]
    whole = [path for path in found if folders and _in_folders(path, folders, from_root=True)]
    return whole or found


def _in_folders(path: str, folders: list[str], from_root: bool) -> bool:
    own = [_key(part) for part in path.split("/")[:-1]]
    return own == folders if from_root else not folders or own[-len(folders) :] == folders


def _key(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())
