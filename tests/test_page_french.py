"""Our texts are in French, and set as French is; what the page shows of them is read in every state of it."""

from types import ModuleType

import pytest

from assistant.web import script_texts, texts
from assistant.web.door import texts as door_texts
from assistant.web.index import texts as index_texts
from assistant.web.notes import texts as browse_texts
from tests.page_words import ENGLISH, LOOSE, NOTED, SAID, strings_of


def test_no_english_label_of_gradio_passes_for_ours() -> None:
    assert set(ENGLISH.split()) & (SAID | NOTED) == set()


@pytest.mark.parametrize(
    "module", [texts, browse_texts, door_texts, index_texts, script_texts], ids=lambda module: module.__name__
)
def test_our_texts_are_set_in_french(module: ModuleType) -> None:
    assert {text for text in strings_of(module) if " " in text and LOOSE.search(text)} == set()


@pytest.mark.parametrize("text", ["Quoi ?", "Ceci : cela", "« cela »", "l'heure", "Quoi?", "un «\u00a0mot »"])
def test_loose_setting_is_seen(text: str) -> None:
    assert LOOSE.search(text)
