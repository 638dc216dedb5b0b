"""A page of our own, beside Gradio's: its head, the rail with the views, what it says; pure."""

from collections.abc import Iterable

from assistant.web import texts
from assistant.web.markup import element, escape

# Without a referrer a browser hides the origin of its own forms too, and the guard refuses them.
_HEAD = (
    '<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
    '<meta name="referrer" content="same-origin">'
)
BACK = f'<p class="cim-reader-bar"><a class="cim-btn" href="/">{texts.BACK_TO_CHAT}</a></p>'


def render_page(
    title: str,
    body: str,
    *,
    style_urls: Iterable[str] = (),
    script_urls: Iterable[str] = (),
    current: str | None = None,
) -> str:
    """Return a whole HTML page.

    Args:
        title: Its title, as text.
        body: Its content, as HTML.
        style_urls: Addresses of its style sheets.
        script_urls: Addresses of its scripts, which run once the body is there.
        current: The view it is, by its address; the rail then leads to the others.
    """
    styles = "".join(f'<link rel="stylesheet" href="{url}">' for url in style_urls if url)
    scripts = "".join(f'<script src="{url}"></script>' for url in script_urls if url)
    brand = f'<a class="cim-brand" href="/">{texts.BRAND}</a>'
    rail = "" if current is None else f'<header class="cim-rail">{brand}{render_views(current)}</header>'
    return (
        f'<!doctype html><html lang="fr"><head>{_HEAD}'
        f"<title>{escape(title)} – {texts.BRAND}</title>{styles}</head>"
        f'<body class="cim-page">{rail}<main class="cim-reader">{body}</main>{scripts}</body></html>'
    )


def render_views(current: str) -> str:
    """Return the links to the views, the current one told."""
    links = []
    for address, name in texts.VIEWS:
        here = ' aria-current="page"' if address == current else ""
        links.append(f'<a href="{address}"{here}>{name}</a>')
    return f'<nav class="cim-views" aria-label="{texts.VIEWS_NAME}">{"".join(links)}</nav>'


def render_message_page(sentence: str, style_url: str) -> str:
    """Return a page that says one sentence and leads back."""
    title = element("h1", "cim-note-title", escape(sentence))
    return render_page(texts.BRAND, BACK + title, style_urls=(style_url,))
