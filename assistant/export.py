"""A conversation → plain text, Markdown, or HTML that prints well, each answer with its sources.

Signs of Markdown in what notes say are taken away, as the page hides them; then everything is escaped.
"""

import html
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from assistant.answer import Answer
from assistant.exchange import Exchange
from assistant.scope import describe_filters
from ingest.clean import clean
from ingest.dates import french_date

SOURCES = "Sources"
QUESTION = "Question"
_WITHIN = "Cherché dans"
_UNSUPPORTED = "(sans appui dans les notes)"
_MODES = {
    "extracts": "Extraits des notes, sans IA.",
    "model": "Rédigé par un modèle d’IA, vérifié phrase à phrase.",
}
_SPECIAL = re.compile(r"([\\`*_{}\[\]#|~$])")
_LINE_START = re.compile(r"\A(\d{0,9})([-+.)=])")
_LINK_BREAKING = re.compile(r"[\[\]|#^\n\r]")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = (
    "body{max-width:42rem;margin:2rem auto;padding:0 1rem;font:1.05rem/1.55 Charter,Cambria,Georgia,serif;"
    "color:#191d1b;background:#fff;overflow-wrap:anywhere}"
    "h1{font:400 1.1rem/1.3 sans-serif;border-bottom:2px solid #191d1b;padding-bottom:.5rem}"
    "h2{font:400 1.6rem/1.25 Charter,Cambria,Georgia,serif;margin:2.5rem 0 .5rem;break-after:avoid}"
    "h3{font:600 .9rem/1.4 sans-serif;margin:1.5rem 0 .5rem;break-after:avoid}"
    "ul{padding:0;list-style:none}li{margin:0 0 1rem}p,li{break-inside:avoid}"
    ".meta,cite{font:400 .8rem/1.5 sans-serif;color:#474e4a}cite{display:block}"
    ".unsupported{font-style:italic}sup a{color:#1b5a45;font:600 .75rem sans-serif}"
    "blockquote{margin:.2rem 0;padding-left:.8rem;border-left:3px solid #1b5a45}"
    "@media print{body{margin:0;max-width:none;font-size:11pt}a{text-decoration:none}}"
)


@dataclass(frozen=True, slots=True)
class Source:
    """A passage an answer rests on: its quotations in order, and where they are."""

    number: int
    note: str
    path: str
    place: str
    quotes: tuple[str, ...]


def list_sources(answer: Answer) -> tuple[Source, ...]:
    """Return what an answer cites, one source a passage, by number."""
    dates = {passage.number: passage.date for passage in answer.passages}
    sources = []
    for number in sorted({citation.number for citation in answer.citations}):
        own = [citation for citation in answer.citations if citation.number == number]
        place = ", ".join(filter(None, (*own[0].heading[-1:], french_date(dates.get(number)))))
        quotes = tuple(dict.fromkeys(_shown(citation.quote) for citation in own))
        sources.append(Source(number, own[0].note, own[0].path, place, quotes))
    return tuple(sources)


def to_text(exchanges: Sequence[Exchange]) -> str:
    """Return exchanges as plain text, to be pasted anywhere."""
    return "\n\n".join("\n\n".join(_blocks(exchange, str, _plain_source)) for exchange in exchanges) + "\n"


def to_markdown(exchanges: Sequence[Exchange], *, title: str) -> str:
    """Return exchanges as Markdown; sources link to their notes as Obsidian does.

    Args:
        exchanges: What was asked and answered.
        title: What the document is called.
    """
    parts = [f"# {_escape_markdown(title)}"]
    for exchange in exchanges:
        question, *rest = _blocks(exchange, _escape_markdown, _markdown_source)
        parts += [f"## {question}", *rest]
    return "\n\n".join(parts) + "\n"


def to_html(exchanges: Sequence[Exchange], *, title: str) -> str:
    """Return exchanges as a page of its own, which loads nothing and prints well.

    Args:
        exchanges: What was asked and answered.
        title: What the document is called.
    """
    body = "".join(_section(exchange, place) for place, exchange in enumerate(exchanges, start=1))
    return (
        '<!doctype html><html lang="fr"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><h1>{html.escape(title)}</h1>{body}</body></html>\n"
    )


def _blocks(
    exchange: Exchange, escape: Callable[[str], str], source: Callable[[Source], str]
) -> Iterator[str]:
    """Yield the paragraphs of an exchange: question, scope, sentences, mode, sources."""
    answer = exchange.answer
    yield escape(exchange.question)
    kept_to = describe_filters(exchange.filters)
    if kept_to:
        yield escape(f"{_WITHIN} {', '.join(kept_to)}.")
    for sentence in answer.sentences:
        marks = "".join(f" [{number}]" for number in sentence.numbers)
        doubt = f" {_UNSUPPORTED}" if sentence.label == "unsupported" else ""
        yield escape(f"{_shown(sentence.text)}{marks}{doubt}")
    for said in (answer.notice, _MODES.get(answer.mode or "")):
        if said:
            yield escape(said)
    sources = list_sources(answer)
    if sources:
        yield f"{SOURCES}\u00a0:"
        yield "\n".join(map(source, sources))


def _shown(text: str) -> str:
    """Return a text without its signs of Markdown; itself when nothing else is in it."""
    return clean(text) or text


def _plain_source(source: Source) -> str:
    quotes = "\u202f; ".join(f"«\u00a0{quote}\u00a0»" for quote in source.quotes)
    place = f", {source.place}" if source.place else ""
    return f"[{source.number}] {source.note}{place} ({source.path})\u00a0: {quotes}"


def _markdown_source(source: Source) -> str:
    stem = source.path.rpartition("/")[2].rpartition(".")[0]
    note = f"[[{stem}]]" if stem and not _LINK_BREAKING.search(stem) else _escape_markdown(source.note)
    place = f", {_escape_markdown(source.place)}" if source.place else ""
    quotes = "\u202f; ".join(f"«\u00a0{_escape_markdown(quote)}\u00a0»" for quote in source.quotes)
    return f"- \\[{source.number}\\] {note}{place}\u00a0: {quotes}"


def _escape_markdown(text: str) -> str:
    """Return text on one line that Markdown and HTML read as text only."""
    line = _SPECIAL.sub(r"\\\1", html.escape(" ".join(text.split()), quote=False))
    return _LINE_START.sub(r"\1\\\2", line)


def _section(exchange: Exchange, place: int) -> str:
    answer = exchange.answer
    kept_to = describe_filters(exchange.filters)
    facts = [f"{_WITHIN} {', '.join(kept_to)}."] if kept_to else []
    facts += filter(None, (answer.notice, _MODES.get(answer.mode or "")))
    sources = list_sources(answer)
    parts = [f"<h2>{html.escape(exchange.question)}</h2>"]
    parts += [f'<p class="meta">{html.escape(fact)}</p>' for fact in facts]
    known = {source.number for source in sources}
    for sentence in answer.sentences:
        marks = "".join(_mark(number, place) for number in sentence.numbers if number in known)
        doubt = f" {_UNSUPPORTED}" if sentence.label == "unsupported" else ""
        parts.append(f'<p class="{sentence.label}">{html.escape(_shown(sentence.text))}{marks}{doubt}</p>')
    if sources:
        items = "".join(_item(source, place) for source in sources)
        parts.append(f"<h3>{SOURCES}</h3><ul>{items}</ul>")
    return f"<section>{''.join(parts)}</section>"


def _mark(number: int, place: int) -> str:
    return f'<sup> <a href="#s{place}-{number}">[{number}]</a></sup>'


def _item(source: Source, place: int) -> str:
    quotes = "".join(f"<blockquote>{html.escape(quote)}</blockquote>" for quote in source.quotes)
    where = html.escape(", ".join(filter(None, (source.note, source.place, source.path))))
    return f'<li id="s{place}-{source.number}">{quotes}<cite>[{source.number}] {where}</cite></li>'
