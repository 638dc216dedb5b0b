"""Count tokens and fit passages into a model's context. The only tiktoken."""

import hashlib
import os
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

from assistant.answer import Passage

_CHARACTERS_PER_TOKEN = 4.1  # French prose, measured
_RANKS_URL = "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken"


class _Encoding(Protocol):
    def encode_ordinary(self, text: str) -> list[int]: ...


def count_tokens(text: str) -> int:
    """Return how many tokens a text takes: tiktoken's count when its ranks are on disk, else an estimate.

    Nothing is downloaded for it: that can hang for ever, and tells a host that we are here.
    """
    encoding = _encoding()
    if encoding is not None:
        return len(encoding.encode_ordinary(text))
    return int(len(text) / _CHARACTERS_PER_TOKEN) + 1


def fit_passages(passages: Sequence[Passage], *, max_tokens: int) -> tuple[Passage, ...]:
    """Return the first passages that fit into a budget, at least one."""
    kept: list[Passage] = []
    left = max_tokens
    for passage in passages:
        left -= count_tokens(passage.text)
        if kept and left < 0:
            break
        kept.append(passage)
    return tuple(kept)


@cache
def _encoding() -> _Encoding | None:
    folder = os.environ.get("TIKTOKEN_CACHE_DIR") or os.environ.get("DATA_GYM_CACHE_DIR")
    cached = Path(folder or Path(tempfile.gettempdir()) / "data-gym-cache")
    if not (cached / hashlib.sha1(_RANKS_URL.encode(), usedforsecurity=False).hexdigest()).is_file():
        return None
    import tiktoken  # noqa: PLC0415 - only where it can work without a network

    return tiktoken.get_encoding("o200k_base")
