"""How long the whole retriever takes, and what memory it holds, on vaults of several sizes.

uv run python benchmarks/latency.py QUESTIONS.jsonl SOURCE_VAULT [NOTES…]

Each vault is recombined from the sentences of the source (make_vault.py; about two chunks a note) and read
in a process of its own: opened, warmed by ten questions, then asked them all; wall-clock time.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from make_vault import write_vault
from rivals import machine

from assistant.gold import load_gold
from assistant.retriever import find_passages
from ingest.embeddings import HashedEmbeddings, fingerprint
from ingest.settings import IngestSettings
from ingest.snapshot import open_snapshot
from ingest.sync import sync

SIZES = (5_000, 50_000)
WARMING = 10


def ask(gold: Path, index: Path) -> dict[str, float]:
    embeddings = HashedEmbeddings()
    started = time.perf_counter()
    snapshot = open_snapshot(index, embeddings=fingerprint(embeddings, "hashed"))
    opened = time.perf_counter() - started
    questions = [case.question for case in load_gold(gold)]
    for question in questions[:WARMING]:
        find_passages(question, snapshot, embeddings)
    took = []
    for question in questions:
        started = time.perf_counter()
        find_passages(question, snapshot, embeddings)
        took.append(1000 * (time.perf_counter() - started))
    slow = statistics.quantiles(took, n=20, method="inclusive")[-1]
    return {
        "chunks": snapshot.manifest.chunks,
        "open s": opened,
        "p50 ms": statistics.median(took),
        "p95 ms": slow,
        "peak MB": peak_mb(),
    }


def peak_mb() -> float:
    """Return the most memory this process has held; `ru_maxrss` may be its parent's."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def main(gold: Path, source: Path, sizes: list[int]) -> None:
    print(f"{machine()}\n\n| notes | chunks | open s | p50 ms | p95 ms | peak MB |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    for size in sizes:
        with tempfile.TemporaryDirectory() as place:
            vault, index = Path(place) / "vault", Path(place) / "index"
            write_vault(vault, size, source)
            sync(IngestSettings(vault=vault, index=index))
            command = [sys.executable, __file__, "ask", str(gold), str(index)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
        row = json.loads(done.stdout.splitlines()[-1])
        print(
            f"| {size} | {row['chunks']} | {row['open s']:.2f} | {row['p50 ms']:.1f} | {row['p95 ms']:.1f} "
            f"| {row['peak MB']:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    if sys.argv[1] == "ask":
        print(json.dumps(ask(Path(sys.argv[2]), Path(sys.argv[3]))))
    else:
        main(Path(sys.argv[1]), Path(sys.argv[2]), [int(size) for size in sys.argv[3:]] or list(SIZES))
