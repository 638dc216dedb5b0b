"""Gradio's built frontend: which of its files the page will ask for, known before a browser finds out.

Gradio's page finds its files one after the other: a script names the next, which names the next. The page of
ours names them all at once. They are read in the built scripts (Vite's lists of what each import brings); a
build that is not understood gives fewer names, and the page loads as Gradio's own does.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.resources import files

BUILD = files("gradio") / "templates" / "frontend" / "assets"
_BROUGHT = re.compile(r"\bm\.f=\[([^\]]*)\]")
_NAME = re.compile(r'"\./([^"]+)"')
_IMPORT = re.compile(r"import\(`\./([^`]+)`\)[^\[\]]{0,60}\[([\d,]*)\]")
_ENTRY = re.compile(r'src="\./assets/([^"]+\.js)"')
_PAGE = "Blocks-"  # the other import of Gradio's application is its own login
_COMPONENT = (
    r"[{{,]{}:\{{(?:\w+:\(\)=>\w+\(\(\)=>import.{{0,200}}?,)*?component:\(\)=>\w+\(\(\)=>import\(`\./([^`]+)`"
)
_LANGUAGE = r'"\./lang/{}\.json":\(\)=>\w+\(\(\)=>import\(`\./([^`]+)`'


@lru_cache
def page_files(html: str, components: frozenset[str], language: str) -> tuple[str, ...]:
    """Return the names of the built files that a page loads, each once, in the order of their finding.

    Args:
        html: Gradio's page.
        components: The types of its components, as in Gradio's configuration.
        language: The code of its language.
    """
    return tuple(dict.fromkeys(_found(html, components, language)))


def _found(html: str, components: Iterable[str], language: str) -> Iterator[str]:
    for entry in _ENTRY.findall(html):
        brought = [name for names in _imports(entry).values() for name in names]
        yield from (entry, *brought)
        for name in filter(_is_script, dict.fromkeys(brought)):
            imports = _imports(name)
            wanted = [target for target in imports if target.startswith(_PAGE)]
            wanted += _named(name, [_COMPONENT.format(component) for component in sorted(components)])
            wanted += _named(name, [_LANGUAGE.format(language)])
            for target in wanted:
                yield from (target, *imports.get(target, ()))


def _named(script: str, patterns: Iterable[str]) -> list[str]:
    text = _read(script)
    return [match.group(1) for pattern in patterns if (match := re.search(pattern, text))]


def _imports(script: str) -> dict[str, list[str]]:
    """Return what a script may import later, each with the files that this brings."""
    text = _read(script)
    brought = _BROUGHT.search(text)
    names = _NAME.findall(brought.group(1)) if brought else []
    return {
        target: [names[int(place)] for place in places.split(",") if place and int(place) < len(names)]
        for target, places in _IMPORT.findall(text)
    }


def _is_script(name: str) -> bool:
    return name.endswith(".js")


@lru_cache
def _read(name: str) -> str:
    try:
        return (BUILD / name).read_text(encoding="utf-8")
    except OSError:
        return ""
