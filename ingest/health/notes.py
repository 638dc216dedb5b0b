"""What is to mend in one note or file: header, encoding, conflicts, personal data, reading."""

import re
from collections.abc import Iterator

from ingest.clean import code_spans, within
from ingest.french import fold
from ingest.header import parse_header
from ingest.health.contacts import find_emails, find_phones
from ingest.health.finding import Finding, Kind, line_at, line_starts
from ingest.note import Note
from ingest.vault import NOTE_SUFFIXES, NoteFile, Outcome

_UNREAD = {
    "contenu binaire": "son contenu n’est pas du texte : ouvrez-le, et enregistrez-le en texte UTF-8",
    "lien mort": "ce raccourci mène à un fichier disparu : remettez le fichier, ou ôtez le raccourci",
    "droit de lecture refusé": "le droit de lecture est refusé : rendez le fichier lisible",
}
_PERSONAL = {
    "email": ("une adresse électronique", "adresses électroniques"),
    "phone": ("un numéro de téléphone", "numéros de téléphone"),
}
_MERGE = re.compile(r"(?m)^<{7}(?: [^\r\n]{0,200})?\r?$")
_MERGE_END = re.compile(r"(?m)^>{7}(?: [^\r\n]{0,200})?\r?$")
_COPY = re.compile(
    r"conflict-files-obsidian-git|\.sync-conflict-\d|\((?:[^()]{0,80} )?(?:conflicted copy|copie en conflit|"
    r"copie conflictuelle|conflict copy|case conflict)[^()]{0,120}\)|[_-]conflict(?:ed)?[-_]?\d*\Z"
)
_CONFLICT = re.compile(r"(.*\S)\s*\((?:conflit|conflict)\b([^()]{0,120})\)\Z")


def examine_outcome(outcome: Outcome) -> Iterator[Finding]:
    """Yield what is wrong with a file that could not be taken as a note."""
    is_note = outcome.path.lower().endswith(NOTE_SUFFIXES)
    too_long = outcome.reason.startswith("plus de ")
    if outcome.status == "failed" or outcome.reason in _UNREAD or too_long:
        what = _UNREAD.get(outcome.reason, outcome.reason)
        advice = f"{what} : partagez-la en plusieurs notes" if too_long else what
        yield Finding("unreadable", outcome.path, None, f"Ce fichier n’a pas pu être lu, {advice}.")
    if is_note and outcome.reason == "vide":
        yield Finding("empty_note", outcome.path, None, "Cette note est vide : écrivez-la, ou supprimez-la.")


def examine_note(note: Note, file: NoteFile) -> Iterator[Finding]:
    """Yield what is wrong with a note taken alone."""
    yield from _file(file)
    yield from _warnings(note)
    found: tuple[tuple[Kind, list[int]], ...] = (
        ("conflict", _merge_marks(note.text)),
        ("email", find_emails(note.text)),
        ("phone", find_phones(note.text)),
    )
    starts = line_starts(note.text) if any(offsets for _, offsets in found) else []
    for kind, offsets in found:
        if offsets:
            yield Finding(kind, note.path, line_at(starts, offsets[0]), _sentence(kind, len(offsets)))


def conflict_copies(paths: set[str]) -> Iterator[Finding]:
    """Yield the files that a synchronisation left beside the note they compete with.

    « (conflit …) » tells a copy only beside the original or with a date: armed conflicts have notes too.
    """
    known = {fold(path) for path in paths}
    for path in sorted(paths):
        folder, slash, name = path.rpartition("/")
        stem, dot, suffix = name.rpartition(".")
        folded = fold(stem)
        copy = _CONFLICT.fullmatch(folded)
        sure = copy and (not copy[2].strip() or any(char.isdigit() for char in copy[2]))
        if _COPY.search(folded) or (
            copy and (sure or fold(f"{folder}{slash}{copy[1]}{dot}{suffix}") in known)
        ):
            sentence = (
                "Cette copie vient d’un conflit de synchronisation : reportez-en le texte utile dans la note "
                "d’origine, puis supprimez-la."
            )
            yield Finding("conflict", path, None, sentence)


def _sentence(kind: Kind, number: int) -> str:
    if kind == "conflict":
        return (
            "Deux versions du texte se suivent entre des marques de fusion : gardez la bonne, "
            "puis ôtez les marques."
        )
    one, several = _PERSONAL[kind]
    counted = f"{number} {several}" if number > 1 else one
    return f"Cette note contient {counted} : vérifiez que cela peut être partagé, sinon ôtez-le."


def _file(file: NoteFile) -> Iterator[Finding]:
    """Yield what the reading of the file said: its encoding, its end, a name that another one resembles."""
    if file.encoding != "utf-8":
        sentence = f"Cette note est encodée en {file.encoding.upper()} : enregistrez-la en UTF-8."
        yield Finding("encoding", file.path, None, sentence)
    for warning in (file.warning or "").split(" ; "):
        if warning.startswith("nom "):
            sentence = f"Cette note a un {warning} : renommez l’une des deux."
            yield Finding("ambiguous_title", file.path, None, sentence)
        elif warning and "conflit" not in warning and file.encoding == "utf-8":
            sentence = f"Le fichier est abîmé ({warning}) : vérifiez le texte, et enregistrez-le."
            yield Finding("encoding", file.path, None, sentence)


def _warnings(note: Note) -> Iterator[Finding]:
    """Yield what parsing said; unresolved conflicts are found by their marks."""
    header = parse_header(note.text).warnings
    for line, problem in note.warnings:
        if (line, problem) in header or problem.startswith("date "):
            sentence = f"L’en-tête est à reprendre à cette ligne : {problem}."
            yield Finding("malformed_header", note.path, line, sentence)
        elif "conflit" not in problem:
            sentence = f"Vérifiez cette ligne ({problem}), et ôtez-en ce que vous n’y avez pas mis."
            yield Finding("oddity", note.path, line, sentence)


def _merge_marks(text: str) -> list[int]:
    """Return the offsets of `<<<<<<<` lines that a `>>>>>>>` line closes, outside code."""
    if "<<<<<<<" not in text or not _MERGE_END.search(text):
        return []
    fences = code_spans(text)
    last = max(match.start() for match in _MERGE_END.finditer(text))
    starts = (match.start() for match in _MERGE.finditer(text))
    return [start for start in starts if start < last and not within(fences, start)]
