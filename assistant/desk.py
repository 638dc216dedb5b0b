"""What is served: the vault, its chain and its index, which change behind the page while it goes on."""

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from assistant.answer import Mode
from assistant.chain import open_chain
from assistant.chat_models import build_chat_model
from assistant.choice import Choice, save_choice, with_model, with_vault
from assistant.indexing import Indexing, IndexState
from assistant.lending import Lending
from assistant.settings import Settings
from ingest.errors import CimaiseError, QuestionError, VaultError
from ingest.snapshot import publication
from ingest.sync import SyncReport, check_apart, recall_report
from ingest.vault import check_vault, walk_vault

_NOT_YET = "Je lis encore vos notes\u202f; reposez la question dans un instant."


class Desk(Lending):
    """What the page is served from: it answers as a chain does, and changes on demand.

    Args:
        settings: What is served at first.
        on_change: Given each state of the index of the vault that is served.
        choice: What was chosen before in the page.
        choice_path: Where what is chosen is remembered; nowhere for None.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        on_change: Callable[[IndexState], None] | None = None,
        choice: Choice | None = None,
        choice_path: Path | None = None,
    ) -> None:
        super().__init__()
        self._settings = self._first = settings
        self._on_change = on_change or (lambda _state: None)
        self._choice, self._choice_path = choice or Choice(), choice_path
        self._choosing = threading.Lock()  # one choice at a time
        self._model_error: CimaiseError | None = None
        self._indexing = Indexing(settings, self._changed)
        self._former: list[Indexing] = []
        self._closed = False

    @property
    def settings(self) -> Settings:
        """What is served, with the chosen model even where it cannot be used."""
        return self._settings

    @property
    def state(self) -> IndexState:
        """Where the index stands."""
        return self._indexing.state

    @property
    def report(self) -> SyncReport | None:
        """What the last run saw, in this life or in one before; None where nothing was ever read."""
        return self.state.report or recall_report(self._settings.index_folder)

    @property
    def published_at(self) -> datetime | None:
        """When the index was published, None without one."""
        published = publication(self._settings.index_folder)
        return published and datetime.fromtimestamp(published[1] / 1e9, UTC)

    @property
    def model_error(self) -> CimaiseError | None:
        """Why the chosen model cannot be used, so that answers are extracts; None when it can."""
        return self._model_error

    @property
    def vault(self) -> Path:
        """The folder of notes."""
        return self._settings.vault.resolve()

    @property
    def vault_name(self) -> str:
        """The name of the folder of notes."""
        return self.vault.name

    @property
    def mode(self) -> Mode:
        """How answers are written."""
        return "extracts" if self._usable.model is None else "model"

    @property
    def remote_host(self) -> str | None:
        """The hosts that questions and notes leave this machine for, None when nothing leaves."""
        return self._usable.remote_host

    def open(self) -> None:
        """Serve the index that there is, if any, and begin to read the notes."""
        with self._choosing:
            try:
                build_chat_model(self._settings)
            except CimaiseError as error:  # answers are then extracts, and the page says why
                self._model_error = error
            self._serve()
            self._indexing.start()

    def reindex(self, *, force: bool = False) -> bool:
        """Read the notes anew behind the page; return False where they are being read already."""
        return self._indexing.reindex(force=force)

    @property
    def pause_s(self) -> float:
        """How long visitors have to wait before they may have the notes read anew (seconds)."""
        return self._indexing.pause_s

    def choose_vault(self, folder: Path) -> None:
        """Serve another folder of notes, and remember it.

        Raises:
            VaultError: It cannot be read, or holds no note; what was served goes on.
            IndexInVaultError: Its index would lie in it.
            SettingsError: It is served, but cannot be remembered.
        """
        vault = Path(os.path.abspath(os.path.expanduser(folder)))
        with self._choosing:
            index = self._first.index if vault == self._first.vault.absolute() else None
            settings = with_vault(self._settings, vault, index=index)
            _check_vault(settings)
            self._leave_index(settings.index_folder)
            with self._lock:
                self._settings = settings
                self._indexing = Indexing(settings, self._changed)
            self._serve()
            self._indexing.start()
            self._remember(replace(self._choice, vault=str(vault)))

    def _leave_index(self, wanted: Path) -> None:
        """Stop reading the notes; those who still write the index that is wanted are waited for."""
        self._indexing.stop()
        self._former = [former for former in (*self._former, self._indexing) if former.alive]
        for former in self._former:
            if former.index == wanted:
                former.close()

    def choose_model(self, choice: Choice, *, keep_key: bool = False) -> None:
        """Have another model write the answers, or none, and remember it.

        Args:
            choice: The model, its address and its key.
            keep_key: Whether the key is remembered too.

        Raises:
            CimaiseError: It cannot be used; what was served goes on.
            SettingsError: It is served, but cannot be remembered.
        """
        with self._choosing:
            settings = self.settings_for(choice)
            build_chat_model(settings)
            with self._lock:
                self._settings, self._model_error = settings, None
            self._serve()
            if not self.ready:
                self._indexing.reindex()
            kept = choice.key if keep_key else None
            self._remember(replace(choice, vault=self._choice.vault, key=kept))

    def settings_for(self, choice: Choice) -> Settings:
        """Return what would be served with a model; without a key, that of the same address is used.

        Raises:
            SettingsError: The model or its address is not of its kind.
        """
        own = self._settings.openai_api_key
        same = (self._settings.openai_base_url or None) == (choice.base_url or None)
        if not choice.key and own is not None and same:
            choice = replace(choice, key=own.get_secret_value())
        return with_model(self._settings, choice)

    def close(self) -> None:
        """Stop reading the notes and release the index once nobody reads it."""
        with self._lock:
            self._closed = True
            self._swap(None)
        for indexing in (*self._former, self._indexing):
            indexing.close()

    def _changed(self, state: IndexState) -> None:
        """Open the index that a run has just made, where there was none that could be opened."""
        if state.report is not None and not state.running and not self.ready:
            self._serve()
        self._on_change(state)

    @property
    def _usable(self) -> Settings:
        """The settings, without the model where it cannot be used."""
        settings = self._settings
        return settings if self._model_error is None else with_model(settings, Choice(model=""))

    def _serve(self) -> None:
        """Serve the index of the settings; none where there is none yet: reading the notes makes it."""
        settings = self._settings
        try:
            chain = open_chain(self._usable)
        except CimaiseError:
            chain = None
        with self._lock:
            if settings is self._settings and not self._closed:
                self._swap(chain)
            elif chain is not None:
                chain.close()

    def _absence(self) -> CimaiseError:
        """Return why there is nothing to answer from."""
        state = self.state
        return QuestionError(_NOT_YET) if state.running or state.error is None else state.error

    def _remember(self, choice: Choice) -> None:
        self._choice = choice
        if self._choice_path is not None:
            save_choice(self._choice_path, choice)


def _check_vault(settings: Settings) -> None:
    """Raise where a folder cannot be served: unreadable, without a note, or with its index inside."""
    check_vault(settings.vault)
    check_apart(settings.vault, settings.index_folder)
    walk = walk_vault(
        settings.vault, max_note_bytes=settings.max_note_bytes, exclude=settings.exclude_patterns
    )
    if not any(outcome.status == "read" for outcome in walk):
        raise VaultError(settings.vault, "il ne contient aucune note Markdown (.md) avec du texte.")
