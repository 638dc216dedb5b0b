"""Front matter and header lines in every form seen; a malformed header never loses the body.

Two forms: YAML between fences, and bare `key : value` lines closed by a blank line or a line of dashes, which
an embed may precede. What YAML refuses is read again line by line, with a warning.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from ingest.dates import parse_date
from ingest.french import fold

__all__ = ["Header", "parse_date", "parse_header", "split_values"]

_MAX_CHARACTERS = 16 * 1024
_MAX_LINES = 200
_MAX_DEPTH = 20
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_CLOSER = re.compile(r"(?:-{3,}|\.{3})[ \t]*")
_DASHES = re.compile(r"[ \t]*-{3,}[ \t]*")
_FIELD = re.compile(r"([^\W\d][\w -]{0,40}?)[ \t\u00a0\u202f]*:(?:[ \t\u00a0\u202f]+(.*)|$)")
_ITEM = re.compile(r"[ \t]*-[ \t]+(.*)")
_EMBED = re.compile(r"[ \t]*!\[\[[^\[\]]{0,500}\]\][ \t]*")

_NAMES = {
    "titre": "title", "alias": "aliases", "tag": "tags", "etiquette": "tags", "etiquettes": "tags",
    "mots-cles": "tags", "mots cles": "tags", "keywords": "tags", "created": "date", "cree le": "date",
    "date de creation": "date", "url": "source", "lien": "source", "auteur": "author", "autrice": "author",
    "auteurs": "author", "authors": "author",
}  # fmt: skip
_KNOWN = frozenset((*_NAMES, *_NAMES.values(), "description", "confidentiel", "statut", "type"))


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the body.

    `end` is the offset at which the body starts; `values` maps canonical keys to their texts, in order;
    `warnings` are (1-based line, French sentence).
    """

    end: int = 0
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    warnings: tuple[tuple[int, str], ...] = ()

    def first(self, key: str) -> str | None:
        """Return the first text of a key, or None."""
        return next(iter(self.values.get(key, ())), None)


class _RefusedYamlError(Exception):
    def __init__(self, line: int, problem: str) -> None:
        self.line, self.problem = line, problem


def parse_header(text: str) -> Header:
    """Read the header of a note, in whatever form; `Header(end=0)` when there is none."""
    lines = list(_lines(text))
    return _fenced(text, lines) or _bare(text, lines) or Header()


def split_values(text: str) -> tuple[str, ...]:
    """Split one written value: `[A, "B, C"]` gives two texts, anything else one, without its quotes."""
    text = text.strip()
    if text.startswith("[") and text.endswith("]") and not text.startswith("[["):
        items = re.findall(r"\s*(\"[^\"]*\"|'[^']*'|[^,]+)", text[1:-1])
        return tuple(item for raw in items if (item := raw.strip().strip("\"'").strip()))
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].strip()
    return (text,) if text else ()


def _lines(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, content) of the first lines, as far as a header may reach."""
    position = 0
    for _ in range(_MAX_LINES):
        match = _LINE.match(text, position)
        if match is None or match.end() == position or match.end() > _MAX_CHARACTERS:
            return
        yield position, match.end(), match.group().rstrip("\r\n").replace("\ufeff", "")
        position = match.end()


def _fenced(text: str, lines: list[tuple[int, int, str]]) -> Header | None:
    opening = next((i for i, (_, _, line) in enumerate(lines) if line.strip()), None)
    if opening is None or lines[opening][2].rstrip() != "---":
        return None
    for index in range(opening + 1, len(lines)):
        if not _CLOSER.fullmatch(lines[index][2]):
            continue
        inner = lines[opening + 1 : index]
        if _holds_prose([line for _, _, line in inner]):
            break
        if opening and not any(_FIELD.match(line) for _, _, line in inner):
            return None
        by_line, _ = _read_lines([line for _, _, line in inner])
        try:
            source = text[lines[opening][1] : lines[index][0]].replace("\ufeff", "")
            values, warnings = _read_yaml(source, opening + 2)
        except _RefusedYamlError as refused:
            values = {}
            warnings = [(refused.line, f"en-tête YAML mal formé ({refused.problem}), lu ligne à ligne")]
        return Header(lines[index][1], _canonical({**by_line, **values}), tuple(warnings))
    return _unclosed(opening + 1, [line for _, _, line in lines[opening + 1 :]])


def _holds_prose(lines: list[str]) -> bool:
    """Tell whether the dashes close no header: text without a key, or a blank line, then a paragraph."""
    if any(line.strip() for line in lines) and not any(map(_FIELD.match, lines)):
        return not any(line.startswith("-") for line in lines)
    blank = next((number for number, line in enumerate(lines) if not line.strip()), len(lines))
    after = [line for line in lines[blank:] if line.strip()]
    plain = [line for line in after if line[0] not in " \t#-" and not _FIELD.match(line)]
    return len(plain) * 2 > len(after)


def _unclosed(line: int, lines: list[str]) -> Header | None:
    """Read what a header that is never closed says, and leave all of it in the body."""
    raw, _ = _read_lines(lines, known_only=True)
    warning = (line, "en-tête trop long ou jamais fermé : lu comme du texte")
    return Header(0, _canonical(raw), (warning,)) if raw else None


def _bare(text: str, lines: list[tuple[int, int, str]]) -> Header | None:
    start = 0
    while start < len(lines) and (not lines[start][2].strip() or _EMBED.fullmatch(lines[start][2])):
        start += 1
    raw, used = _read_lines([line for _, _, line in lines[start:]], known_only=True)
    if not raw:
        return None
    index = start + used
    while index < len(lines) and not lines[index][2].strip():
        index += 1
    if index < len(lines) and _DASHES.fullmatch(lines[index][2]):
        index += 1
    end = lines[index][0] if index < len(lines) else lines[-1][1]
    return Header(min(end, len(text)), _canonical(raw))


def _read_lines(lines: list[str], *, known_only: bool = False) -> tuple[dict[str, tuple[str, ...]], int]:
    """Read `key : value` lines and the `- item` lines under them; stop at the first of another kind."""
    values: dict[str, tuple[str, ...]] = {}
    key = ""
    used = 0
    for number, line in enumerate(lines, start=1):
        match = _FIELD.fullmatch(line.strip())
        item = _ITEM.fullmatch(line)
        if match and (not known_only or fold(match[1]) in _KNOWN):
            key = fold(match[1])
            values.setdefault(key, split_values(match[2] or ""))
        elif item and key and not _DASHES.fullmatch(line):
            values[key] = (*values[key], *split_values(item[1]))
        elif known_only:
            break
        used = number
    return values, used


def _read_yaml(source: str, first_line: int) -> tuple[dict[str, tuple[str, ...]], list[tuple[int, str]]]:
    """Read YAML as plain strings; anchors, deep nesting and other surprises are refused.

    Raises:
        _RefusedYamlError: With the line of the note at which YAML stops making sense.
    """
    try:
        _check_events(source, first_line)
        root = yaml.compose(source, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        raise _RefusedYamlError(first_line + _line_of(error.problem_mark), "ligne refusée") from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise _RefusedYamlError(first_line, "caractère refusé") from None
    if root is None:
        return {}, []
    if not isinstance(root, yaml.MappingNode):
        raise _RefusedYamlError(first_line, "« clé: valeur » attendu")
    values: dict[str, tuple[str, ...]] = {}
    warnings = []
    for key_node, value_node in root.value:
        key = fold(str(key_node.value)) if isinstance(key_node, yaml.ScalarNode) else ""
        if key in values:
            warnings.append(
                (first_line + _line_of(key_node.start_mark), f"clé « {key} » répétée, la première est gardée")
            )
        elif texts := tuple(_scalars(value_node, first_line)):
            values[key] = texts
    return values, warnings


def _check_events(source: str, first_line: int) -> None:
    depth = 0
    for event in yaml.parse(source, Loader=_LOADER):
        line = first_line + _line_of(event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            raise _RefusedYamlError(line, "référence YAML refusée")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH:
            raise _RefusedYamlError(line, "imbrication trop profonde")


def _line_of(mark: Any) -> int:
    return int(mark.line) if mark is not None else 0


def _scalars(node: yaml.Node, first_line: int) -> Iterator[str]:
    if isinstance(node, yaml.ScalarNode):
        if text := str(node.value).strip():
            yield text
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _scalars(item, first_line)
    elif any(not isinstance(key, yaml.ScalarNode) for key, _ in node.value):
        raise _RefusedYamlError(first_line + _line_of(node.start_mark), "« {{…}} » d’un modèle de note")


def _canonical(raw: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    values: dict[str, tuple[str, ...]] = {}
    for key, texts in raw.items():
        name = _NAMES.get(key, key)
        values[name] = (*values.get(name, ()), *texts)
    return values
