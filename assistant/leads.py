"""Where the notes lead on: questions drawn from the links of cited notes, and titles as one types them."""

from collections.abc import Iterable

from assistant.question import starter_questions
from ingest.french import fold
from ingest.store import Store

_SUGGESTED = 8


def find_leads(note_ids: Iterable[str], store: Store, *, limit: int = 3) -> tuple[str, ...]:
    """Return questions on the notes that cited notes link to: the titles that are questions first.

    Args:
        note_ids: The cited notes, those an answer rests on first.
        store: Where they are.
        limit: How many questions to return at most.
    """
    cited = [note.row for note_id in dict.fromkeys(note_ids) if (note := store.note(note_id)) is not None]
    linked = dict.fromkeys(row for source in cited for row in store.linked_from(source))
    titles = store.titles(row for row in linked if row not in cited)
    return starter_questions([titles[row] for row in linked if row in titles])[:limit]


def complete_title(typed: str, store: Store) -> tuple[str, ...]:
    """Return up to eight titles that hold what was typed, accents and capitals apart.

    Those that begin with it come first, then those one word of which does.
    """
    wanted = fold(typed).strip()
    ranked = []
    for title in store.titles(None).values():
        folded = fold(title)
        at = folded.find(wanted)
        if at >= 0:
            inside = 0 if at == 0 else 1 if not folded[at - 1].isalnum() else 2
            ranked.append((inside, folded, title))
    return tuple(dict.fromkeys(title for _, _, title in sorted(ranked)))[:_SUGGESTED]
