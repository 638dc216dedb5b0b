"""A large vault indexed by Cimaise and by LangChain's own parts, side by side, with the same vectors.

uv run --with langchain-community --with langchain-chroma python benchmarks/scale.py [NOTES] [SOURCE VAULT]
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from make_vault import SOURCE, write_vault

from ingest.chunk import MAX_CHARACTERS
from ingest.embeddings import HashedEmbeddings
from ingest.settings import IngestSettings
from ingest.sync import sync

BATCH = 5_000  # Chroma refuses more than 5 461 rows a call


def cimaise(vault: Path, index: Path) -> dict[str, object]:
    """Bring the index up to date and say how long each stage took (seconds)."""
    started = before = time.perf_counter()
    stages: dict[str, float] = {}
    current = "Lecture des notes"

    def progress(stage: str, _done: int, _total: int | None) -> None:
        nonlocal current, before
        if stage != current:
            now = time.perf_counter()
            stages[current] = round(now - before, 2)
            current, before = stage, now

    report = sync(IngestSettings(vault=vault, index=index), on_progress=progress)
    return {"seconds": time.perf_counter() - started, "chunks": report.chunks, "stages": stages}


def langchain(vault: Path, index: Path) -> dict[str, object]:
    """Do what the usual tutorial does: ObsidianLoader, splitter, Chroma."""
    from langchain_chroma import Chroma  # noqa: PLC0415
    from langchain_community.document_loaders import ObsidianLoader  # noqa: PLC0415
    from langchain_text_splitters import RecursiveCharacterTextSplitter  # noqa: PLC0415

    started = time.perf_counter()
    documents = ObsidianLoader(vault).load()
    chunks = RecursiveCharacterTextSplitter(chunk_size=MAX_CHARACTERS, chunk_overlap=0).split_documents(
        documents
    )
    loaded = time.perf_counter() - started
    store = Chroma(embedding_function=HashedEmbeddings(), persist_directory=str(index))
    for start in range(0, len(chunks), BATCH):
        store.add_documents(chunks[start : start + BATCH])
    stages = {"loader and splitter": round(loaded, 2)}
    return {"seconds": time.perf_counter() - started, "chunks": len(chunks), "stages": stages}


TASKS: dict[str, Callable[[Path, Path], dict[str, object]]] = {"cimaise": cimaise, "langchain": langchain}


def measure(task: str, vault: Path, index: Path) -> dict[str, object]:
    """Run a task in a process of its own, whose peak memory is then its own too."""
    command = [sys.executable, __file__, task, str(vault), str(index)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    print(
        f"{task:10} {found['seconds']:6.1f} s  {found['peak_mb']:5.0f} MB  {found['chunks']} chunks  "
        f"{found['stages']}"
    )
    return found


def main(notes: int, source: Path) -> None:
    with tempfile.TemporaryDirectory() as place:
        vault, index = Path(place) / "vault", Path(place) / "index"
        write_vault(vault, notes, source)
        ours = measure("cimaise", vault, index)
        theirs = measure("langchain", vault, Path(place) / "langchain")
        print(f"full index: {float(str(ours['seconds'])) / float(str(theirs['seconds'])):.2f} × LangChain's")
        print("nothing changed:")
        measure("cimaise", vault, index)
        print("one note changed:")
        changed = sorted(vault.rglob("*.md"))[notes // 2]
        changed.write_text(changed.read_text(encoding="utf-8") + "\nUne phrase de plus.\n", encoding="utf-8")
        measure("cimaise", vault, index)


if __name__ == "__main__":
    if len(sys.argv) > 3:
        result = TASKS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(result | {"peak_mb": peak}, ensure_ascii=False))
    else:
        main(
            int(sys.argv[1]) if len(sys.argv) > 1 else 10_000,
            Path(sys.argv[2]) if len(sys.argv) > 2 else SOURCE,
        )
