"""Resolve wikilinks over the whole vault, as Obsidian does: by path, by file name, then by alias or title."""

import posixpath
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from ingest.note import Note, Wikilink

_ATTACHMENTS = frozenset(
    ".png .jpg .jpeg .gif .svg .webp .avif .pdf .mp3 .mp4 .webm .wav .csv .canvas".split()
)


@dataclass(frozen=True, slots=True)
class ResolvedLink:
    """A wikilink of the note at `source`; `target` is the path it leads to, None when no note answers.

    `rivals` are the other notes that it may have meant.
    """

    source: str
    link: Wikilink
    target: str | None
    rivals: tuple[str, ...] = ()


def resolve_links(notes: Iterable[Note]) -> list[ResolvedLink]:
    """Resolve every wikilink of the notes, in order; links to attachments are left out."""
    notes = list(notes)
    directory = _Directory(notes)
    return [
        directory.resolve(note, link)
        for note in notes
        for link in note.links
        if PurePosixPath(link.target).suffix.lower() not in _ATTACHMENTS
    ]


class _Directory:
    """Notes by what a wikilink may call them."""

    def __init__(self, notes: list[Note]) -> None:
        self._by_name: dict[str, list[str]] = defaultdict(list)
        self._by_alias: dict[str, list[str]] = defaultdict(list)
        for note in notes:
            self._by_name[_key(note.stem)].append(note.path)
            for name in dict.fromkeys(map(_key, (*note.aliases, note.title))):
                self._by_alias[name].append(note.path)

    def resolve(self, source: Note, link: Wikilink) -> ResolvedLink:
        """Find the note a link means: the nearest of those that bear the name."""
        if not link.target:
            return ResolvedLink(source.path, link, source.path)
        home = PurePosixPath(source.path).parent
        wanted = _key(link.target.removesuffix(".md"))
        if wanted.startswith(("/", "./", "../")):
            wanted = _key(posixpath.normpath(f"/{home}/{wanted}" if wanted.startswith(".") else wanted))
        *folders, name = wanted.strip("/").split("/")
        found = [
            path for path in self._by_name.get(name, ()) if _in_folders(path, folders, wanted.startswith("/"))
        ]
        found = found or self._by_alias.get(wanted, [])
        if not found:
            return ResolvedLink(source.path, link, None)
        best, *rivals = sorted(
            found, key=lambda path: (PurePosixPath(path).parent != home, path.count("/"), path)
        )
        return ResolvedLink(source.path, link, best, tuple(rivals))


def _in_folders(path: str, folders: list[str], from_root: bool) -> bool:
    own = [_key(part) for part in path.split("/")[:-1]]
    return own == folders if from_root else not folders or own[-len(folders) :] == folders


def _key(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())
