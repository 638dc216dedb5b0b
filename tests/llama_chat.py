"""Tiny models that chat, for a real llama.cpp server: one draws its letters, two go round and round."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from tests.llama_server import LlamaServer, start_llama

_SPECIAL = ("<unk>", "<s>", "</s>")
ROUNDS = {  # each for ever
    "faithful": ("▁La", "▁stratégie", "▁numérique", "▁prépare", "▁la", "▁crise", "▁[1]", "."),
    "nonsense": ("▁Le", "▁zorb", "▁glim", "▁la", "▁stratégie", "▁[1]", "."),
}
_TEMPLATE = "{% for message in messages %}{{ message.content }}\n{% endfor %}"
_WIDTH = 320  # of the vectors: more than there are tokens, so that each has a direction of its own

Kind = Literal["random", "faithful", "nonsense"]


@contextmanager
def serve_chat(folder: Path, kind: Kind, *, context: int) -> Iterator[LlamaServer]:
    """Serve such a model; skip the test where llama.cpp is not installed."""
    pytest.importorskip("xllamacpp", reason="llama.cpp is not installed: uv sync --dev")
    model = folder / f"{kind}-{context}.gguf"
    if not model.exists():
        _write_model(model, kind, context)
    with start_llama(model, "chat", context) as server:
        yield server


def _write_model(path: Path, kind: Kind, context: int) -> None:
    """Write a Llama of one layer whose tokens are bytes and the words of the round."""
    import gguf  # noqa: PLC0415 - it comes with llama.cpp

    words = ROUNDS.get(kind, ())
    tokens = [*_SPECIAL, *(f"<0x{byte:02X}>" for byte in range(256)), *words]
    kinds = [2, 3, 3, *[6] * 256, *[1] * len(words)]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(context)
    writer.add_embedding_length(_WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(_WIDTH)
    writer.add_head_count(2)
    writer.add_head_count_kv(2)
    writer.add_rope_dimension_count(_WIDTH // 2)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_chat_template(_TEMPLATE)
    for name, values in _weights(len(tokens), len(words)):
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _weights(tokens: int, words: int) -> Iterator[tuple[str, Any]]:
    dice = np.random.default_rng(7)
    layer = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
    scale = 0.0 if words else 0.3  # going round, nothing but the last token counts
    for name in layer:
        values = dice.normal(0, scale, (_WIDTH, _WIDTH)) if scale else np.zeros((_WIDTH, _WIDTH))
        yield f"blk.0.{name}.weight", values.astype(np.float32)
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        yield f"{name}.weight", np.ones(_WIDTH, np.float32)
    directions = np.eye(tokens, _WIDTH) if words else dice.normal(0, 0.3, (tokens, _WIDTH))
    yield "token_embd.weight", directions.astype(np.float32)
    following = _following(directions, words) if words else dice.normal(0, 0.3, (tokens, _WIDTH))
    yield "output.weight", following.astype(np.float32)


def _following(directions: Any, words: int) -> Any:
    """Return, a row a token, the directions of those it follows: any byte leads into the round."""
    first = len(directions) - words
    following = np.zeros_like(directions)
    following[first] = directions[:first].sum(axis=0) + directions[-1]
    following[first + 1 :] = directions[first:-1]
    return following
