"""Vaults made in memory: what the tests of words, terms and scores stand on."""

import hashlib
from collections.abc import Mapping

from hypothesis import strategies as st

from ingest.indexed import IndexedNote, index_chunks
from ingest.lexicon import Lexicon, build_lexicon
from ingest.note import parse_note
from ingest.vault import NoteFile

# Few words, so that notes share some: of one stem, of several, alike, of letters that fold, of no letter at all.
_WORDS = "musée musées Médiation médiateur public publics œuvre été 2018 art l’art le 東京 音声 !".split()
_LINES = st.lists(st.sampled_from(_WORDS), max_size=6).map(" ".join)
_NOTES = st.builds(
    "# {}\n\n{}\n\n## {}\n\n{}\n".format, _LINES, _LINES, _LINES, st.lists(_LINES, max_size=3).map(" ".join)
)
VAULTS = st.lists(_NOTES, max_size=5).map(
    lambda texts: {f"Note {n}.md": text for n, text in enumerate(texts)}
)


def index_notes(files: Mapping[str, str]) -> list[IndexedNote]:
    """Return notes ready for the index, in the order of their paths."""
    items = []
    for path, text in sorted(files.items()):
        note = parse_note(text, path)
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        file = NoteFile(
            path=path, raw_path=path.encode(), text=text, encoding="utf-8", sha256=sha256, size_bytes=0
        )
        items.append(IndexedNote(file, note, note.title, index_chunks(note)))
    return items


def make_lexicon(files: Mapping[str, str]) -> Lexicon:
    """Return the lexicon of notes given by their paths."""
    return build_lexicon(index_notes(files))
