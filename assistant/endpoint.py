"""What is known of the endpoint of a chat model: how far it is, what it may take, whether it rests."""

from dataclasses import dataclass, field

from langchain_core.language_models import BaseChatModel

from assistant.breaker import Breaker
from assistant.settings import Deadlines, Settings
from assistant.usage import Meter

_SOMEWHERE = "un modèle distant"  # whose address only its client knows


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One for all that ask it; the defaults are those of a model that nothing is known of.

    `remote` says whether it is on another network: private notes are then kept from it. `remote_host` names
    in French where questions go, embeddings included; None when nothing leaves.
    """

    remote: bool = True
    remote_host: str | None = _SOMEWHERE
    deadlines: Deadlines = field(default_factory=Deadlines)
    meter: Meter = field(default_factory=Meter)
    breaker: Breaker = field(default_factory=Breaker)


def build_endpoint(
    settings: Settings, given: BaseChatModel | None = None, *, remote: bool | None = None
) -> Endpoint:
    """Return the endpoint of the model that the settings name, or of one given by hand.

    Args:
        settings: The model and its deadlines.
        given: A model given instead. As for embeddings, it is taken for remote unless its attribute `remote`
            says it is not.
        remote: Whether that one is, whatever it says.
    """
    if given is None:
        return Endpoint(
            settings.model_is_remote,
            settings.remote_host,
            settings.deadlines,
            Meter(settings.priced_model),
        )
    far = bool(getattr(given, "remote", True)) if remote is None else remote
    embedder = settings.embeddings_host if settings.embeddings_are_remote else None
    hosts = filter(None, (_SOMEWHERE if far else None, embedder))
    return Endpoint(far, " et ".join(hosts) or None, settings.deadlines_for(remote=far))
