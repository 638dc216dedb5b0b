"""The tree of errors: as drawn, one French sentence each, one exit code each."""

import inspect
import re
from pathlib import Path

import pytest

from ingest import errors
from ingest.errors import CimaiseError

_DRAWN = re.compile(r"^( +)((?:[│├└─ ]*?))(\w+Error(?:, \w+Error)*)", re.MULTILINE)
INDEX, VAULT = Path("/index"), Path("/coffre")
SENTENCES: list[CimaiseError] = [
    errors.SettingsError("CIMAISE_PORT", "un nombre entier est attendu."),
    errors.VaultError(VAULT, "ce n’est pas un dossier ; donnez le dossier qui contient les notes."),
    errors.IndexInVaultError(vault=VAULT, index=INDEX),
    errors.GoldError(Path("questions.jsonl"), "ce n’est pas un objet JSON ; corrigez-la.", line=3),
    errors.PromptError(Path("answer.md"), "il manque {count}."),
    errors.IndexBusyError("processus 12"),
    errors.PortInUseError(host="127.0.0.1", port=7860),
    errors.IndexMissingError(INDEX),
    errors.IndexDamagedError(INDEX, "fichier absent"),
    errors.IndexMismatchError(indexed="hashed-1-512", configured="autre"),
    errors.IndexWriteError(INDEX, "disque plein"),
    errors.MassDeletionError(gone=8, indexed=10),
    errors.ProviderAuthError(),
    errors.ProviderNotFoundError(),
    errors.ProviderRateLimitError(),
    errors.ProviderTimeoutError(),
    errors.ProviderUnavailableError(),
    errors.ProviderRefusedError(),
    errors.TextTooLongError(),
    errors.VectorsError("2 vecteurs pour 3 textes"),
    errors.PrivateNotesError(),
]
GIVEN_THEIR_SENTENCE = {"QuestionError"}  # `assistant.question` words each of its refusals


def _drawn() -> dict[str, str]:
    """Return the classes that the docstring draws, each with its parent's name."""
    parents: dict[str, str] = {}
    line: list[tuple[int, str]] = []  # the names above, with their column
    for spaces, branch, names in _DRAWN.findall(errors.__doc__ or ""):
        column = len(spaces) + len(branch)
        line = [(above, name) for above, name in line if above < column]
        for name in names.split(", "):
            parents[name] = line[-1][1] if line else "Exception"
        line.append((column, names.split(", ")[-1]))
    return parents


def _classes() -> dict[str, type[CimaiseError]]:
    found = inspect.getmembers(errors, inspect.isclass)
    return {name: kind for name, kind in found if issubclass(kind, CimaiseError)}


def test_every_class_is_drawn_under_its_parent_and_every_name_drawn_is_a_class() -> None:
    parents = {name: kind.__bases__[0].__name__ for name, kind in _classes().items()}
    assert _drawn() == parents


def test_every_leaf_of_the_tree_is_tried_here() -> None:
    parents = set(_drawn().values())
    leaves = _classes().keys() - parents
    assert {type(error).__name__ for error in SENTENCES} | GIVEN_THEIR_SENTENCE == leaves


@pytest.mark.parametrize("error", SENTENCES, ids=lambda error: type(error).__name__)
def test_an_error_is_one_french_sentence_that_can_be_acted_on(error: CimaiseError) -> None:
    sentence = str(error)
    assert not sentence[0].islower()
    assert sentence.endswith(".") or re.search(r": cimaise index( --force)?\Z", sentence)
    assert not re.search(r"[.?!] \w", sentence), "more than one sentence"
    assert "\n" not in sentence
    assert not re.search(r"\b(?:the|error|not|is|failed|index folder)\b", sentence, re.IGNORECASE)
    assert not re.search(r"\w'\w", sentence), "a straight apostrophe"


@pytest.mark.parametrize("error", SENTENCES, ids=lambda error: type(error).__name__)
def test_exit_code_is_that_of_the_branch(error: CimaiseError) -> None:
    branches = {errors.UsageError: 2, errors.BusyError: 3}
    expected = next((code for branch, code in branches.items() if isinstance(error, branch)), 1)
    assert error.exit_code == expected


def test_errors_carry_their_facts() -> None:
    setting, port, gone = SENTENCES[0], SENTENCES[6], SENTENCES[11]
    assert isinstance(setting, errors.SettingsError)
    assert (setting.variable, setting.problem) == ("CIMAISE_PORT", "un nombre entier est attendu.")
    assert isinstance(port, errors.PortInUseError)
    assert "7860" in str(port)
    assert "--port 7861" in str(port)
    assert isinstance(gone, errors.MassDeletionError)
    assert (gone.gone, gone.indexed) == (8, 10)


def test_port_proposed_instead_of_the_last_one_exists() -> None:
    assert "--port 7860" in str(errors.PortInUseError(host="::1", port=65535))
