"""Count tokens and fit passages into a model's context. The only tiktoken."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from assistant.answer import Passage

_CHARACTERS_PER_TOKEN = 4.1  # French prose, measured
_RANKS_URL = "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken"
_RANKS_SHA256 = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"

TokenCounter = Callable[[str], int]


def token_counter(cache_folder: Path | None) -> TokenCounter:
    """Return what counts the tokens of a text: tiktoken when its ranks are on disk, else an estimate.

    Nothing is downloaded for it: that can hang for ever, and tells a host that we are here.

    Args:
        cache_folder: Where tiktoken keeps the ranks it has downloaded.
    """
    name = hashlib.sha1(_RANKS_URL.encode(), usedforsecurity=False).hexdigest()
    ranks = cache_folder / name if cache_folder is not None else None
    whole = ranks is not None and ranks.is_file() and _digest(ranks) == _RANKS_SHA256
    if not whole:
        return estimate_tokens
    import tiktoken  # noqa: PLC0415 - only where it can work without a network

    encoding = tiktoken.get_encoding("o200k_base")
    return lambda text: len(encoding.encode_ordinary(text))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def estimate_tokens(text: str) -> int:
    """Return about how many tokens a French text takes."""
    return int(len(text) / _CHARACTERS_PER_TOKEN) + 1


def fit_passages(passages: Sequence[Passage], *, max_tokens: int, count: TokenCounter) -> tuple[Passage, ...]:
    """Return the first passages that fit into a budget, at least one."""
    kept: list[Passage] = []
    left = max_tokens
    for passage in passages:
        left -= count(passage.text)
        if kept and left < 0:
            break
        kept.append(passage)
    return tuple(kept)
