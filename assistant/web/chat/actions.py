"""What can be done with an answer: acts that our script carries out, and the record it keeps; pure.

Gradio's sanitiser drops buttons: an act is a link to `#cim-<name>` that the script makes a button.
"""

from base64 import b64encode
from collections.abc import Sequence

from assistant.exchange import Exchange, write_record
from assistant.web import texts
from assistant.web.markup import element, render_act


def render_actions(exchange: Exchange, leads: Sequence[str]) -> str:
    """Return what follows a complete answer, and its record for the browser to keep.

    Args:
        exchange: The question and its answer.
        leads: Questions that the notes lead to.
    """
    record = element("p", "cim-record", b64encode(write_record(exchange).encode()).decode())
    return f'<div class="cim-after">{_acts(exchange)}{_leads(leads)}{record}</div>'


def _acts(exchange: Exchange) -> str:
    if not exchange.answer.sentences:
        return ""
    return element("p", "cim-acts", "".join(render_act(*act) for act in texts.ACTS))


def _leads(leads: Sequence[str]) -> str:
    if not leads:
        return ""
    items = "".join(element("li", "", render_act("lead", lead)) for lead in leads)
    title = element("h2", "cim-eyebrow", texts.LEADS)
    return element("div", "cim-next", title + element("ul", "cim-leads", items))
