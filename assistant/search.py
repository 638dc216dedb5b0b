"""Search the notes by their words: each note once, with the sentence that answers best."""

import re
from collections.abc import Iterable

from langchain_core.embeddings import Embeddings

from assistant.answer import Question
from assistant.browse import Entry, Excerpt, Span, Wanted, list_notes, sentence_at
from assistant.candidates import gather_candidates
from assistant.question import read_question, search_text
from assistant.terms import Term, read_search, spelled_in
from assistant.thesaurus import Thesaurus
from ingest.french import fold, stem, stems, words
from ingest.snapshot import Snapshot

_HEADING = re.compile(r"^#[^\r\n]*\s*", re.MULTILINE)
_WORD = re.compile(r"[^\W_]+")


def search_notes(wanted: Wanted, snapshot: Snapshot, embeddings: Embeddings) -> list[Entry]:
    """Return the notes whose title holds what is typed, then those that the ranking of answers puts first.

    Args:
        wanted: Its text is searched for in the notes that its filters admit.
        snapshot: An open snapshot.
        embeddings: Those it was built with.

    Raises:
        QuestionError: The text holds no word, or is too long.
    """
    store = snapshot.store
    text = search_text(read_question(Question(wanted.text)))
    search = read_search(text, store.lexicon, Thesaurus(store.acronyms(stems(text))))
    found = gather_candidates(snapshot, embeddings, text, search, wanted.filters)
    chunks = store.chunks(found.scores)
    best: dict[int, int] = {}
    for row in found.scores:
        best.setdefault(chunks[row].note, row)
    notes = store.notes(best)
    typed = " ".join(["", *words(wanted.text)])
    entries = {entry.card.row: entry for entry in list_notes(wanted, store)}
    named = [row for row, entry in entries.items() if typed in " ".join(["", *words(entry.card.title)])]
    results = []
    for row in dict.fromkeys((*named, *best)):
        note, chunk = notes.get(row), chunks.get(best.get(row, -1))
        if note is None or chunk is None:
            results.append(entries[row])
        elif row in named or spelled_in(f"{note.title}\n{note.text[chunk.start : chunk.end]}", search.terms):
            excerpt = cut_excerpt(note.text, (chunk.start, chunk.end), search.terms)
            results.append(Entry(entries[row].card, excerpt))
    return results


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
