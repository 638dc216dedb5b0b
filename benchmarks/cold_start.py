"""A cold `cimaise ask` beside the bare imports it cannot do without; prints the ratio, pair by pair.

uv run python benchmarks/cold_start.py [RUNS]
"""

import statistics
import subprocess
import sys
import tempfile
import time

BARE = (
    "import chromadb; from langchain_core.retrievers import BaseRetriever; "
    "from langchain_core.language_models import BaseChatModel"
)
ASK = [
    sys.executable,
    "-m",
    "assistant.cli",
    "ask",
    "Pourquoi développer une stratégie numérique ?",
    "--index",
]


def seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def main(runs: int) -> None:
    with tempfile.TemporaryDirectory() as index:
        seconds([*ASK, index])  # makes the index and the bytecode
        seconds([sys.executable, "-c", BARE])
        pairs = [(seconds([*ASK, index]), seconds([sys.executable, "-c", BARE])) for _ in range(runs)]
    ratios = [ask / bare for ask, bare in pairs]
    print(f"ask  median {statistics.median(ask for ask, _ in pairs):.2f} s")
    print(f"bare median {statistics.median(bare for _, bare in pairs):.2f} s")
    print(f"ratio median {statistics.median(ratios):.2f} (min {min(ratios):.2f}, max {max(ratios):.2f})")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
