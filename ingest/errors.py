"""Every error of Cimaise; `str(error)` is one French sentence that says what to do.

::

    CimaiseError                 exit code 1: failed
    ├── UsageError               exit code 2: what was given cannot be used
    │   ├── SettingsError        a setting, by the name of its variable
    │   ├── VaultError           the folder of notes: missing, not a folder, unreadable, without notes
    │   ├── IndexInVaultError    the index and the vault lie one inside the other
    │   ├── QuestionError        empty, too long, or of no known form
    │   ├── GoldError            a file of gold questions: missing, not text, or a line of it malformed
    │   └── PromptError          a prompt file: missing, or its placeholders altered
    ├── BusyError                exit code 3: somebody else is at it
    │   ├── IndexBusyError       another process is writing the index
    │   └── PortInUseError       another program listens on the port
    ├── StoreError               the index on disk
    │   ├── IndexMissingError    there is none yet
    │   ├── IndexDamagedError    it is not what was published
    │   ├── IndexMismatchError   it was built with other embeddings
    │   └── IndexWriteError      it cannot be written
    ├── MassDeletionError        more than half of the notes are gone
    └── ProviderError            a model or embedding endpoint
        ├── ProviderAuthError, ProviderNotFoundError, ProviderRateLimitError
        ├── ProviderTimeoutError, ProviderUnavailableError
        ├── ProviderRefusedError it will not take what it is asked, however often
        ├── TextTooLongError     a text is longer than the model takes
        ├── VectorsError         it gives vectors that cannot be used
        └── PrivateNotesError    what answers is confidential, and the model is remote
"""

from pathlib import Path

from ingest.disk import disk_problem


class CimaiseError(Exception):
    """Root of the tree; `exit_code` is what the command line returns."""

    exit_code = 1


class UsageError(CimaiseError):
    """What was given cannot be used."""

    exit_code = 2


class SettingsError(UsageError):
    """A setting cannot be read; `variable` names it, its value is never repeated."""

    def __init__(self, variable: str, problem: str) -> None:
        self.variable, self.problem = variable, problem
        super().__init__(f"Réglage {variable} : {problem}")


class VaultError(UsageError):
    """The folder of notes cannot be used."""

    def __init__(self, vault: Path, problem: str) -> None:
        self.vault = vault
        super().__init__(f"Dossier de notes « {vault} » : {problem}")


class IndexInVaultError(UsageError):
    """The vault is read-only to us, so the index lies elsewhere."""

    def __init__(self, *, vault: Path, index: Path) -> None:
        self.vault, self.index = vault, index
        super().__init__(
            f"L’index « {index} » et le dossier de notes « {vault} » sont l’un dans l’autre ; "
            "choisissez un autre dossier avec --index."
        )


class QuestionError(UsageError):
    """The question cannot be taken."""


class GoldError(UsageError):
    """A file of gold questions cannot be used; `line` is 1-based, None when it is the whole file."""

    def __init__(self, path: Path, problem: str, *, line: int | None = None) -> None:
        self.path, self.line = path, line
        place = "" if line is None else f" (ligne\u00a0{line})"
        super().__init__(f"Questions de référence «\u00a0{path}\u00a0»{place}\u00a0: {problem}")


class PromptError(UsageError):
    """A prompt file cannot be used."""

    def __init__(self, path: Path, problem: str) -> None:
        self.path = path
        super().__init__(f"Consigne « {path} » : {problem}")


class BusyError(CimaiseError):
    """Somebody else is at it; try again later."""

    exit_code = 3


class IndexBusyError(BusyError):
    """Another process is writing the index."""

    def __init__(self, holder: str) -> None:
        self.holder = holder
        super().__init__(
            f"L’index est déjà en cours d’écriture ({holder}) ; attendez qu’il ait fini, puis relancez."
        )


class PortInUseError(BusyError):
    """Another program listens on the port."""

    def __init__(self, *, host: str, port: int) -> None:
        self.host, self.port = host, port
        super().__init__(
            f"Le port {port} de {host} est déjà pris ; fermez l’autre programme ou choisissez-en un autre "
            f"avec --port {port + 1 if port < 65535 else 7860}."
        )


class StoreError(CimaiseError):
    """The index on disk cannot be used."""


class IndexMissingError(StoreError):
    """There is no index yet."""

    def __init__(self, index: Path) -> None:
        self.index = index
        super().__init__(f"Aucun index dans « {index} » ; lancez : cimaise index")


class IndexDamagedError(StoreError):
    """The snapshot is not what was published."""

    def __init__(self, snapshot: Path, problem: str) -> None:
        self.snapshot, self.problem = snapshot, problem
        super().__init__(f"L’index « {snapshot} » est abîmé ({problem}) ; relancez : cimaise index --force")


class IndexMismatchError(StoreError):
    """The snapshot was built with other embeddings than those configured."""

    def __init__(self, *, indexed: str, configured: str) -> None:
        self.indexed, self.configured = indexed, configured
        super().__init__(
            f"L’index a été construit avec « {indexed} » mais la configuration demande « {configured} » ; "
            "relancez : cimaise index"
        )


class IndexWriteError(StoreError):
    """The index cannot be written; the published one, if any, is untouched."""

    def __init__(self, index: Path, problem: str) -> None:
        self.index, self.problem = index, problem
        super().__init__(
            f"Impossible d’écrire l’index dans « {index} » ({problem}) ; libérez la place ou les droits, "
            "ou choisissez un autre dossier avec --index."
        )

    @classmethod
    def because(cls, index: Path, cause: BaseException) -> "IndexWriteError":
        """Return the error for what the system, SQLite or Chroma complained of, in French."""
        return cls(index, disk_problem(cause))


class MassDeletionError(CimaiseError):
    """More than half of the notes are gone at once: more likely an accident than a wish."""

    def __init__(self, *, gone: int, indexed: int) -> None:
        self.gone, self.indexed = gone, indexed
        super().__init__(
            f"{gone} notes sur {indexed} ont disparu du dossier ; l’index précédent est gardé ; "
            "si c’est voulu, relancez : cimaise index --force"
        )


class ProviderError(CimaiseError):
    """A model or embedding endpoint failed; the provider's own words are kept out of the message."""

    retry_after_s: float | None = None  # what it asks to wait (seconds), None when it does not say
    streamed_nothing = False  # it may be one that only answers whole
    sentence = "Le service du modèle a échoué ; réessayez."

    def __init__(self, sentence: str | None = None) -> None:
        super().__init__(sentence or self.sentence)


class ProviderAuthError(ProviderError):
    """The key was refused."""

    def __init__(self, variables: str = "OPENAI_API_KEY") -> None:
        super().__init__(f"La clé d’accès au modèle est refusée ; vérifiez {variables}.")


class ProviderNotFoundError(ProviderError):
    """The endpoint does not know this model."""

    sentence = "Le service ne connaît pas ce modèle ; vérifiez CIMAISE_MODEL ou CIMAISE_EMBEDDINGS."


class ProviderRateLimitError(ProviderError):
    """The endpoint asks to wait."""

    sentence = "Le service du modèle demande d’attendre ; réessayez dans une minute."


class ProviderTimeoutError(ProviderError):
    """The endpoint did not answer in time."""

    sentence = "Le modèle n’a pas répondu à temps ; réessayez, ou allongez les délais CIMAISE_*_TIMEOUT_S."


class ProviderUnavailableError(ProviderError):
    """The endpoint cannot be reached, or answers nonsense."""

    sentence = (
        "Le service du modèle ne répond pas correctement ; vérifiez OPENAI_BASE_URL, "
        "CIMAISE_EMBEDDINGS_BASE_URL et le réseau."
    )


class ProviderRefusedError(ProviderError):
    """The endpoint will not take the request; asking again is of no use."""

    sentence = (
        "Le service du modèle refuse la demande ; vérifiez CIMAISE_MODEL, CIMAISE_EMBEDDINGS et ce que "
        "ce service accepte."
    )


class TextTooLongError(ProviderError):
    """A text is longer than the model takes."""

    sentence = (
        "Un texte est plus long que le modèle ne l’accepte ; agrandissez son contexte (llama.cpp : "
        "--ctx-size, --batch-size et --ubatch-size), ou diminuez CIMAISE_CONTEXT_TOKENS."
    )


class VectorsError(ProviderError):
    """The endpoint gives vectors that cannot be used."""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(
            f"Le service des vecteurs répond mal ({problem}) ; vérifiez que CIMAISE_EMBEDDINGS nomme "
            "un modèle de vecteurs, puis relancez : cimaise index"
        )


class PrivateNotesError(ProviderError):
    """Only private notes answer, and they are never sent to a remote model."""

    sentence = "Les notes qui répondent sont confidentielles et ne partent pas vers le modèle distant."
