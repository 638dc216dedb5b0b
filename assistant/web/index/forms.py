"""The forms of the « Index » view, shown only on the machine where Cimaise runs; pure.

Our script sends them; their method keeps a key out of any address, even without it.
"""

from dataclasses import dataclass

from assistant.web.index import texts
from assistant.web.markup import element, escape

_SAID = '<p class="cim-index-said" role="status"></p>'


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """What is only told on this machine; of the key, whether there is one and never what it is."""

    vault: str
    index: str
    model: str
    base_url: str
    has_key: bool
    model_error: str


def render_forms(local: LocalSettings) -> str:
    """Return the forms that choose the folder of notes and the model."""
    head = f'<h2>{texts.LOCAL}</h2><p class="cim-index-hint">{texts.LOCAL_WHY}</p>'
    return element("section", "cim-index-local", head + _vault(local) + _model(local))


def _vault(local: LocalSettings) -> str:
    field = _field("vault", texts.VAULT_FOLDER, local.vault, texts.VAULT_HINT)
    return (
        f'<form id="cim-index-vault" method="post" novalidate><h3>{texts.VAULT_TITLE}</h3>{field}'
        f'<div id="cim-index-folders" role="group" aria-label="{texts.FOLDERS}" '
        f'data-up="{texts.FOLDER_UP}" hidden></div>'
        f"{_acts(_main(texts.VAULT_CHOOSE))}{_SAID}</form>"
    )


def _model(local: LocalSettings) -> str:
    fields = (
        _field("model", texts.MODEL, local.model, texts.MODEL_HINT),
        _field("base_url", texts.BASE_URL, local.base_url, texts.BASE_URL_HINT),
        _field("key", texts.KEY, "", texts.KEY_KNOWN if local.has_key else texts.KEY_HINT, kind="password"),
    )
    keep = f'<label class="cim-index-check"><input type="checkbox" name="keep_key"> {texts.KEEP_KEY}</label>'
    other = '<button type="button" class="cim-btn" data-act='
    others = (
        f'{other}"try" data-wait="{texts.TRYING}">{texts.TRY}</button>'
        f'{other}"extracts">{texts.NO_MODEL}</button>'
    )
    return (
        f'<form id="cim-index-model" method="post" novalidate autocomplete="off"><h3>{texts.MODEL_TITLE}</h3>'
        f"{''.join(fields)}{keep}{_acts(_main(texts.MODEL_CHOOSE) + others)}{_SAID}</form>"
    )


def _main(text: str) -> str:
    return f'<button class="cim-index-main">{text}</button>'


def _acts(buttons: str) -> str:
    return element("div", "cim-index-acts", buttons)


def _field(name: str, label: str, value: str, hint: str, *, kind: str = "text") -> str:
    about = f"cim-index-{name}-hint"
    complete = "new-password" if kind == "password" else "off"
    return (
        f'<p class="cim-index-field"><label for="cim-index-field-{name}">{label}</label>'
        f'<input id="cim-index-field-{name}" name="{name}" type="{kind}" value="{escape(value)}" '
        f'spellcheck="false" autocapitalize="off" autocomplete="{complete}" aria-describedby="{about}">'
        f'<span id="{about}" class="cim-index-hint">{hint}</span></p>'
    )
