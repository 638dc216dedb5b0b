"""Notes that wait to be written: next to no words of their own beside headings, templates and references."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ingest.clean import clean, hidden_spans
from ingest.french import line_key, words
from ingest.health.finding import Finding
from ingest.health.markdown_links import markdown_links
from ingest.links import is_attachment
from ingest.note import Note

_COUNTED = ("aucun texte", "qu’un mot", "que deux mots", "que trois mots", "que quatre mots")
_FEWEST_WORDS = len(_COUNTED)
_LONGEST = 4_000  # characters of body beyond which a note is no stub
_REFRAIN = 3  # notes that hold the same line: a template's words, not an author's
_REFRAIN_WORDS = 15
_LIST = 3  # links from which a note is a list of references, which is a content
_HEADING = re.compile(r"[ \t>]*#{1,6}(?:[ \t]|\Z)")
_EMBED = re.compile(r"!\[\[([^\[\]|#\n]{1,300})")
_TEMPLATE = re.compile(r"\{\{|<%|%>|\}\}")
_WAITING = re.compile(
    r"(?:(?:note|page|fiche|section|contenu|texte|definition|resume|description) )?"
    r"(?:(?:encore |reste )?a (?:completer|rediger|ecrire|venir|faire|developper|definir|remplir|preciser)"
    r"|todo|tbd|tba|en (?:cours|construction|chantier)(?: de redaction)?|lorem ipsum.*|xxx+"
    r"|mettre (?:documentation|texte|lien)|(?:texte|description|explication|resume) ici)(?: \w+){0,3}"
)


def find_stubs(notes: Sequence[Note]) -> Iterator[Finding]:
    """Yield the notes that hold fewer than five words of their own, in the order given."""
    bodies = {note.path: _body(note) for note in notes if len(note.text) - note.body_start <= _LONGEST}
    refrains = _refrains(bodies.values())
    for note in notes:
        if note.path in bodies and (number := _own_words(bodies[note.path], refrains)) < _FEWEST_WORDS:
            sentence = f"Cette note n’a {_COUNTED[number]} à elle : complétez-la, ou supprimez-la."
            yield Finding("stub", note.path, None, sentence)


def _body(note: Note) -> str:
    kept, position = [], note.body_start
    for start, end in hidden_spans(note.text):
        if start >= position:
            kept.append(note.text[position:start])
            position = end
    return "".join([*kept, note.text[position:]])


def _refrains(bodies: Iterable[str]) -> set[str]:
    """Return the short lines that several different notes share; copies of one note count as one."""
    distinct = {line_key(body): body for body in bodies}
    held = Counter(key for body in distinct.values() for key in set(map(line_key, body.splitlines())))
    return {key for key, number in held.items() if number >= _REFRAIN and len(key.split()) <= _REFRAIN_WORDS}


def _own_words(body: str, refrains: set[str]) -> int:
    lines = (line for line in body.splitlines() if not _HEADING.match(line) and not _TEMPLATE.search(line))
    own = [line for line in lines if (key := line_key(line)) not in refrains and not _WAITING.fullmatch(key)]
    text = "\n".join(own)
    links = list(markdown_links(text))
    if len(links) < _LIST:
        for link in reversed(links):
            text = f"{text[: link.start]} {text[link.end :]}"
    if any(not is_attachment(match[1].strip()) for match in _EMBED.finditer(text)):
        return _FEWEST_WORDS  # what an inserted note says is said here too
    return len(words(clean(text)))
