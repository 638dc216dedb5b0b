"""A real llama.cpp server on loopback, with a tiny random model, in a process that ends with ours.

Run as `python llama_server.py MODEL KIND CONTEXT`: it prints its address, and stops when its standard input
ends. The models that embed are written here, those that chat in `tests.llama_chat`.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

KEY = "cle-d-essai"
CONTEXT = 2_000  # tokens, each a character: a chunk of a note fits, twice as much does not
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_LETTERS = (*map(chr, range(33, 127)), *"àâçéèêëîïôùûüœ’«»…")


@dataclass(slots=True)
class LlamaServer:
    """A running server."""

    url: str
    process: "subprocess.Popen[str]"

    def kill(self) -> None:
        """End it at once, as a crash does."""
        self.process.kill()
        self.process.wait()


@contextmanager
def serve_llama(folder: Path, *, dimension: int = 32) -> Iterator[LlamaServer]:
    """Serve a model of this dimension; skip the test where llama.cpp is not installed."""
    pytest.importorskip("xllamacpp", reason="llama.cpp is not installed: uv sync --dev")
    model = folder / f"model-{dimension}.gguf"
    if not model.exists():
        _write_model(model, dimension)
    with start_llama(model, "embedding", CONTEXT) as server:
        yield server


@contextmanager
def start_llama(model: Path, kind: str, context: int) -> Iterator[LlamaServer]:
    """Serve a model file, for `chat` or `embedding`, with room for so many tokens in its only slot."""
    process = subprocess.Popen(
        [sys.executable, __file__, str(model), kind, str(context)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            yield LlamaServer(f"{process.stdout.readline().strip()}/v1", process)
        finally:
            process.kill()


def _write_model(path: Path, dimension: int) -> None:
    """Write a BERT of one layer whose tokens are characters and whose weights are drawn at random."""
    import gguf  # noqa: PLC0415 - it comes with llama.cpp

    words = [*_SPECIAL, *(f"\u2581{letter}" for letter in _LETTERS), *_LETTERS]
    writer = gguf.GGUFWriter(path, "bert")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(dimension)
    writer.add_block_count(1)
    writer.add_feed_forward_length(dimension)
    writer.add_head_count(2)
    writer.add_layer_norm_eps(1e-12)
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(words)
    writer.add_token_type_count(2)
    writer.add_token_types([3] * len(_SPECIAL) + [1] * (len(words) - len(_SPECIAL)))
    for number, name in enumerate(("pad", "unk", "bos", "sep", "mask")):
        getattr(writer, f"add_{name}_token_id")(number)
    writer.add_eos_token_id(3)
    for name, values in _weights(len(words), dimension):
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _weights(words: int, dimension: int) -> Iterator[tuple[str, Any]]:
    dice = np.random.default_rng(7)
    rows = {"token_embd": words, "position_embd": CONTEXT, "token_types": 2}
    layer = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_up", "ffn_down")
    rows |= {f"blk.0.{name}": dimension for name in layer}
    for name, count in rows.items():
        yield f"{name}.weight", dice.normal(0, 0.3, (count, dimension)).astype(np.float32)
    for name in layer:
        yield f"blk.0.{name}.bias", np.zeros(dimension, np.float32)
    for name in ("token_embd_norm", "blk.0.attn_output_norm", "blk.0.layer_output_norm"):
        yield f"{name}.weight", np.ones(dimension, np.float32)
        yield f"{name}.bias", np.zeros(dimension, np.float32)


def main(model: str, kind: str, context: str) -> None:
    """Serve the model until standard input ends."""
    import xllamacpp  # noqa: PLC0415

    settings = xllamacpp.CommonParams()
    settings.model.path = model
    settings.embedding, settings.warmup, settings.port, settings.api_keys = (
        kind == "embedding",
        False,
        0,
        [KEY],
    )
    settings.n_ctx = settings.n_batch = settings.n_ubatch = int(context)
    settings.n_parallel, settings.endpoint_slots, settings.use_jinja = 1, True, True
    server = xllamacpp.Server(settings)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
