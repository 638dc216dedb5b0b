"""Tokens are counted without a network, and passages fit into a budget."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answer import Passage
from assistant.tokens import estimate_tokens, fit_passages, token_counter

RANKS = hashlib.sha1(
    b"https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken", usedforsecurity=False
).hexdigest()


def _passages(*lengths: int) -> list[Passage]:
    return [
        Passage(
            number=number, note_id=f"n{number}", note="N", path="N.md", heading=(), text="x" * length, start=0,
            end=length, encoding="utf-8", score=1.0, reason="proche",
        )
        for number, length in enumerate(lengths, start=1)
    ]  # fmt: skip


def _kept(lengths: list[int], max_tokens: int) -> list[int]:
    return [p.number for p in fit_passages(_passages(*lengths), max_tokens=max_tokens, count=len)]


@pytest.mark.parametrize(("text", "tokens"), [("", 1), ("x" * 41, 11), ("é" * 4_100, 1_001)])
def test_an_estimate_is_of_a_token_for_four_characters(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == pytest.approx(tokens, abs=1)


@given(st.text(max_size=200), st.text(max_size=200))
def test_a_longer_text_never_takes_fewer_tokens(text: str, more: str) -> None:
    assert estimate_tokens(text) <= estimate_tokens(text + more)


@pytest.mark.parametrize(
    ("lengths", "max_tokens", "kept"),
    [
        ([10, 10, 10], 30, [1, 2, 3]),
        ([10, 10, 10], 29, [1, 2]),
        ([10, 10, 10], 10, [1]),
        ([50, 10], 20, [1]),
        ([10, 50, 5], 20, [1]),
        ([10], 0, [1]),
        ([], 100, []),
    ],
)
def test_the_first_passages_that_fit_are_kept_and_at_least_one(
    lengths: list[int], max_tokens: int, kept: list[int]
) -> None:
    assert _kept(lengths, max_tokens) == kept


@given(st.lists(st.integers(0, 50), max_size=8), st.integers(0, 200))
def test_kept_passages_are_the_first_ones_and_stay_within_the_budget(
    lengths: list[int], max_tokens: int
) -> None:
    kept = _kept(lengths, max_tokens)
    assert kept == list(range(1, len(kept) + 1))
    assert len(kept) <= 1 or sum(lengths[: len(kept)]) <= max_tokens


def test_without_a_folder_of_ranks_tokens_are_estimated() -> None:
    assert token_counter(None) is estimate_tokens


def test_an_empty_folder_of_ranks_downloads_nothing(tmp_path: Path) -> None:
    assert token_counter(tmp_path)("Musée") == estimate_tokens("Musée")


@pytest.mark.parametrize("content", [b"", b"aGVsbG8= 0\n", b"<html>proxy</html>"])
def test_ranks_that_are_not_the_real_ones_download_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / RANKS).write_bytes(content)
    assert token_counter(tmp_path)("Musée") == estimate_tokens("Musée")


def test_ranks_that_are_not_the_real_ones_are_left_where_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    (tmp_path / RANKS).write_bytes(b"autre")
    token_counter(tmp_path)
    assert (tmp_path / RANKS).read_bytes() == b"autre"
