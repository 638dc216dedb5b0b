"""Links to mend: to missing notes, files, headings, blocks; dead or ambiguous ones; notes without links."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ingest.health.anchors import Anchors, read_anchors
from ingest.health.finding import Finding, line_at, line_starts
from ingest.health.markdown_links import MarkdownLink, inner_link, leads_nowhere, markdown_links
from ingest.links import ResolvedLink, is_attachment, link_key, resolve_links
from ingest.note import Note, Wikilink

_COMMON_NAMES = frozenset({"index", "readme", "license", "changelog"})  # one a folder, by custom
_NAMED = 3  # so many paths or words are spelled out in one sentence


@dataclass(frozen=True, slots=True)
class MissingNote:
    """A note that is asked for and does not exist: how many notes ask for it, with how many links."""

    target: str
    notes: int
    links: int


@dataclass(frozen=True, slots=True)
class LinkHealth:
    """What is wrong with the links of a vault, and the missing notes, the most asked for first."""

    findings: tuple[Finding, ...]
    missing: tuple[MissingNote, ...]


def examine_links(notes: Sequence[Note], files: Iterable[str]) -> LinkHealth:
    """Follow every link of the vault.

    Args:
        notes: The notes that were read.
        files: The paths of everything else that Obsidian sees in the vault.
    """
    markdown = {note.path: tuple(markdown_links(note.text)) for note in notes}
    resolved = resolve_links(
        [replace(note, links=(*note.links, *_inner_links(markdown[note.path]))) for note in notes], files
    )
    by_path = {note.path: note for note in notes}
    missing = _rank_missing(resolved, by_path)
    judge = _Judge(by_path, {link_key(note.target): note for note in missing})
    findings = [finding for link in resolved for finding in judge.faults(link)]
    findings += (finding for note in notes for finding in _dead_links(note.path, markdown[note.path], judge))
    return LinkHealth((*findings, *_same_names(notes), *_orphans(notes, resolved)), missing)


@dataclass(frozen=True, slots=True)
class _Judge:
    """Says what is wrong with a resolved link; lines and anchors are read once a note."""

    notes: Mapping[str, Note]
    missing: Mapping[str, MissingNote]
    starts: dict[str, list[int]] = field(default_factory=dict)
    anchors: dict[str, Anchors] = field(default_factory=dict)

    def line(self, path: str, offset: int) -> int:
        if path not in self.starts:
            self.starts[path] = line_starts(self.notes[path].text)
        return line_at(self.starts[path], offset)

    def faults(self, resolved: ResolvedLink) -> Iterator[Finding]:
        link, path = resolved.link, resolved.source
        if resolved.target is None:
            yield self._unanswered(resolved)
            return
        if resolved.rivals:
            paths = _enumerate((resolved.target, *resolved.rivals))
            sentence = (
                f"Le lien « {link.target} » peut mener à plusieurs notes ({paths}) : écrivez le dossier "
                "dans le lien, ou renommez l’une d’elles."
            )
            yield Finding("ambiguous_link", path, self.line(path, link.start), sentence, resolved.target)
        if link.heading and resolved.target in self.notes and not self._holds(resolved.target, link.heading):
            yield self._broken_anchor(resolved, resolved.target)

    def _unanswered(self, resolved: ResolvedLink) -> Finding:
        link, path = resolved.link, resolved.source
        line = self.line(path, link.start)
        if is_attachment(link.target):
            sentence = f"Le fichier « {link.target} » est introuvable : remettez-le, ou ôtez le lien."
            return Finding("broken_embed", path, line, sentence, link.target)
        if not _asks_for_note(resolved, self.notes):
            return _dead_link(path, line, link.target)
        asked = self.missing[link_key(link.target)].notes
        demand = f" ({asked} notes la demandent)" if asked > 1 else ""
        if link.embed:
            sentence = (
                f"La note insérée « {link.target} » n’existe pas{demand} : écrivez-la, ou corrigez le nom."
            )
            return Finding("broken_embed", path, line, sentence, link.target)
        sentence = (
            f"Le lien mène à « {link.target} », une note qui n’existe pas{demand} : écrivez-la, "
            "ou corrigez le lien."
        )
        return Finding("missing_note", path, line, sentence, link.target)

    def _holds(self, target: str, heading: str) -> bool:
        if target not in self.anchors:
            self.anchors[target] = read_anchors(self.notes[target])
        return self.anchors[target].hold(heading)

    def _broken_anchor(self, resolved: ResolvedLink, target: str) -> Finding:
        heading = resolved.link.heading
        what = (
            f"Le bloc « {heading} » n’est pas"
            if heading.startswith("^")
            else f"Le titre « {heading} » n’est pas"
        )
        where = (
            "dans cette note" if target == resolved.source else f"dans la note « {self.notes[target].stem} »"
        )
        line = self.line(resolved.source, resolved.link.start)
        sentence = f"{what} {where} : corrigez le lien, ou remettez ce qu’il vise."
        return Finding("broken_anchor", resolved.source, line, sentence, target)


def _inner_links(links: Iterable[MarkdownLink]) -> Iterator[Wikilink]:
    return (inner for link in links if (inner := inner_link(link)) is not None)


def _asks_for_note(resolved: ResolvedLink, notes: Mapping[str, Note]) -> bool:
    """Tell a link to a note from a Markdown link that leads to a mere word, such as `(urlduformulaire)`."""
    link = resolved.link
    wikilink = notes[resolved.source].text.startswith(("[[", "![["), link.start)
    return wikilink or link.target.lower().endswith((".md", ".markdown"))


def _rank_missing(resolved: Iterable[ResolvedLink], notes: Mapping[str, Note]) -> tuple[MissingNote, ...]:
    asked: dict[str, list[ResolvedLink]] = defaultdict(list)
    for each in resolved:
        target = each.link.target
        if each.target is None and not is_attachment(target) and _asks_for_note(each, notes):
            asked[link_key(target)].append(each)
    missing = [
        (key, MissingNote(links[0].link.target, len({link.source for link in links}), len(links)))
        for key, links in asked.items()
    ]
    return tuple(
        note for _, note in sorted(missing, key=lambda item: (-item[1].notes, -item[1].links, item[0]))
    )


def _dead_links(path: str, links: Iterable[MarkdownLink], judge: _Judge) -> Iterator[Finding]:
    for link in links:
        if leads_nowhere(link):
            yield _dead_link(path, judge.line(path, link.start), link.destination)


def _dead_link(path: str, line: int, destination: str) -> Finding:
    why = f"« {destination} » n’est ni une adresse ni une note" if destination else "il n’a pas d’adresse"
    return Finding("dead_link", path, line, f"Le lien ne mène nulle part ({why}) : complétez-le, ou ôtez-le.")


def _same_names(notes: Sequence[Note]) -> Iterator[Finding]:
    """Yield one finding for each name that several notes bear."""
    named: dict[str, list[Note]] = defaultdict(list)
    for note in notes:
        named[link_key(note.stem)].append(note)
    for name, bearers in named.items():
        if len(bearers) > 1 and name not in _COMMON_NAMES:
            first, second, *_ = sorted(note.path for note in bearers)
            sentence = (
                f"Plusieurs notes s’appellent « {bearers[0].stem} » "
                f"({_enumerate(sorted(note.path for note in bearers))}) : renommez-les, ou réunissez-les."
            )
            yield Finding("ambiguous_title", first, None, sentence, second)


def _orphans(notes: Sequence[Note], resolved: Iterable[ResolvedLink]) -> Iterator[Finding]:
    """Yield the notes without a link in or out; alone in its vault, a note has nobody to link."""
    linked: set[str | None] = set()
    for link in resolved:
        if link.target != link.source:
            linked |= {link.source, link.target}
    for note in notes:
        if note.path not in linked and len(notes) > 1:
            sentence = "Aucun lien ne mène à cette note ni n’en part : reliez-la à une note voisine."
            yield Finding("orphan", note.path, None, sentence)


def _enumerate(paths: Sequence[str]) -> str:
    more = f" et {len(paths) - _NAMED} de plus" if len(paths) > _NAMED else ""
    return ", ".join(paths[:_NAMED]) + more
