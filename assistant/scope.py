"""What parts of the vault can be searched: its folders, tags and years, with how many notes each holds."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from assistant.answer import Filters

Part = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Scope:
    """The parts of a vault as (name, notes): folders and years by name, tags the most used first.

    A folder holds what its own folders hold, a tag what its own tags hold.
    """

    folders: tuple[Part, ...] = ()
    tags: tuple[Part, ...] = ()
    years: tuple[Part, ...] = ()


def survey_scope(facts: Iterable[tuple[str, Iterable[str], str | None]]) -> Scope:
    """Return the parts that notes fall into.

    Args:
        facts: (folder, tags, ISO date) of every note.
    """
    folders: Counter[str] = Counter()
    tags: Counter[str] = Counter()
    years: Counter[str] = Counter()
    spelling: dict[str, str] = {}
    for folder, own, day in facts:
        folders.update(_lineage(folder))
        names = {part.casefold(): part for tag in own for part in _lineage(tag)}
        tags.update(names.keys())
        spelling = {**names, **spelling}
        years.update((day or "")[:4].split())
    by_use = sorted(tags.items(), key=lambda part: (-part[1], part[0]))
    return Scope(
        tuple(sorted(folders.items())),
        tuple((spelling[tag], notes) for tag, notes in by_use),
        tuple(sorted(years.items())),
    )


def describe_filters(filters: Filters) -> tuple[str, ...]:
    """Return what a search keeps to, in French, one text a restriction; none when it is the whole vault."""
    first, last = (day[:4] if day else "" for day in (filters.since, filters.until))
    period = first if first == last else f"{first} à {last}"
    if not (first and last):
        period = f"depuis {first}" if first else f"jusqu’en {last}" if last else ""
    return tuple(filter(None, (*filters.folders, *(f"#{tag}" for tag in filters.tags), period)))


def _lineage(name: str) -> Iterator[str]:
    """Yield a name and those it lies in: `a/b` lies in `a`."""
    while name:
        yield name
        name = name.rpartition("/")[0]
