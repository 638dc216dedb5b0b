"""Search the notes by their words: each note once, with the sentence that answers best."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from assistant.answer import Question
from assistant.browse import Entry, Excerpt, Span, Wanted, list_notes, sentence_at
from assistant.candidates import gather_candidates
from assistant.question import read_question, search_text
from assistant.terms import Term, read_search
from assistant.thesaurus import Thesaurus
from ingest.cards import NoteCard
from ingest.french import STOP_WORDS, fold, stem, stems, words
from ingest.lexicon import Lexicon
from ingest.snapshot import Snapshot
from ingest.store import StoredChunk

_HEADING = re.compile(r"^#[^\r\n]*\s*", re.MULTILINE)
_WORD = re.compile(r"[^\W_]+")
_UNNAMED = 4  # after what `_named` tells


def search_notes(wanted: Wanted, snapshot: Snapshot) -> list[Entry]:
    """Return the notes that hold what is typed, whose last word may be the beginning of one.

    Those that it names come first: by their title, then by their tags and folder too, each word beginning one
    of theirs. Those that the ranking of answers finds by their words follow. No provider is asked.

    Args:
        wanted: Its text is searched for in the notes that its filters admit.
        snapshot: An open snapshot.

    Raises:
        QuestionError: The text holds no word, or is too long.
    """
    store = snapshot.store
    text = search_text(read_question(Question(wanted.text)))
    search = read_search(text, store.lexicon, Thesaurus(store.acronyms(stems(text))), typing=True)
    entries = {entry.card.row: entry for entry in list_notes(wanted, store)}
    named = _named(words(text), [entry.card for entry in entries.values()], store.lexicon)
    found = gather_candidates(snapshot, None, text, search, wanted.filters)
    chunks = store.chunks(found.scores)
    best: dict[int, StoredChunk] = {}
    for row in found.scores:
        best.setdefault(chunks[row].note, chunks[row])
    texts = {row: note.text for row, note in store.notes(best).items()}
    excerpts = {
        row: cut_excerpt(texts[row], (chunk.start, chunk.end), search.terms) for row, chunk in best.items()
    }
    near = {row: place for place, row in enumerate(best)}
    rows = sorted({**named, **best}, key=lambda row: (named.get(row, _UNNAMED), near.get(row, len(near))))
    return [replace(entries[row], excerpt=excerpts.get(row)) for row in rows]


def _named(typed: Sequence[str], cards: Iterable[NoteCard], lexicon: Lexicon) -> dict[int, int]:
    """Return the rows of the notes that folded words name, each with how far from the beginning of its title.

    0 begins the title, 1 stands in it, 2 is scattered over title, file name and aliases, 3 over tags and
    folder too.
    """
    phrase = " ".join(["", *typed])
    asked = [word for word in typed if word not in STOP_WORDS] or typed
    named = {}
    for card in cards:
        title = words(card.title)
        titles = [*title, *(lexicon.words[number] for number in lexicon.title_words[card.row][0])]
        at = " ".join(["", *title]).find(phrase)
        if at >= 0:
            named[card.row] = min(at, 1)
        elif _say(asked, titles):
            named[card.row] = 2
        elif _say(asked, [*titles, *words(" ".join((*card.tags, card.folder)))]):
            named[card.row] = 3
    return named


def _say(asked: Iterable[str], names: Sequence[str]) -> bool:
    """Tell whether each word that is asked for begins one of the names."""
    return all(any(name.startswith(word) for name in names) for word in asked)


def cut_excerpt(text: str, within: Span, terms: Iterable[Term]) -> Excerpt:
    """Return a span of a note, and in it the sentence that holds most of the terms."""
    weights = {
        part: term.weight for term in terms for phrase in ((term.stem,), *term.stand_ins) for part in phrase
    }
    held: dict[Span, set[str]] = {}
    for word in _WORD.finditer(text, *within):
        keys = {stem(folded) for folded in _WORD.findall(fold(word[0]))} & weights.keys()
        if keys:
            held.setdefault(sentence_at(text, *word.span()), set()).update(keys)
    start, end = within
    held = {span: keys for span, keys in held.items() if not _in_heading(text, span[0])}
    if not held:
        title = _HEADING.match(text, start, end)
        start = title.end() if title else start
        return Excerpt(text[start:end], start, None)
    first, last = max(held, key=lambda span: (sum(weights[key] for key in held[span]), -span[0]))
    start = max([start, *(heading.end() for heading in _HEADING.finditer(text, start, first))])
    return Excerpt(text[start:end], start, (max(first, start) - start, min(last, end) - start))


def _in_heading(text: str, at: int) -> bool:
    """Tell whether an offset lies in a heading, which answers nothing by itself."""
    return text.startswith("#", max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1)
