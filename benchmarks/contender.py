"""One retriever in a process of its own: its imports, memory and start are its own; used by rivals.py.

python benchmarks/contender.py {index,ask} NAME FOLDER < JOB
"""

import json
import re
import resource
import sqlite3
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

READ = 100  # chunks a rival is asked for, so that ten distinct notes come of them
KEPT = 10

Unit = tuple[str, str]
"""The path of a note, and a text to index of it."""


class Contender(Protocol):
    """Indexes into a folder; another process may open what it left there."""

    def index(self, units: list[Unit], vault: Path) -> None: ...
    def open(self) -> None: ...
    def search(self, question: str) -> Iterable[str]: ...


class LlamaIndex:
    def __init__(self, folder: Path) -> None:
        from llama_index.core.schema import TextNode  # noqa: PLC0415
        from llama_index.retrievers.bm25 import BM25Retriever  # noqa: PLC0415
        from Stemmer import Stemmer  # noqa: PLC0415

        self.folder, self.node, self.kind, self.stemmer = folder, TextNode, BM25Retriever, Stemmer("french")

    def index(self, units: list[Unit], vault: Path) -> None:
        del vault
        nodes = [
            self.node(text=text, metadata={"path": path}, excluded_embed_metadata_keys=["path"])
            for path, text in units
        ]
        top = min(READ, len(nodes))
        built = self.kind.from_defaults(
            nodes=nodes, stemmer=self.stemmer, language="fr", similarity_top_k=top
        )
        built.persist(str(self.folder))

    def open(self) -> None:
        self.retriever = self.kind.from_persist_dir(str(self.folder))
        self.retriever.stemmer = self.stemmer  # which it does not keep: English comes back

    def search(self, question: str) -> Iterable[str]:
        return [found.node.metadata["path"] for found in self.retriever.retrieve(question) if found.score]


class Bm25s:
    def __init__(self, folder: Path) -> None:
        import bm25s  # noqa: PLC0415
        from Stemmer import Stemmer  # noqa: PLC0415

        self.folder, self.library, self.stemmer = folder, bm25s, Stemmer("french")

    def tokens(self, texts: list[str]) -> Any:
        return self.library.tokenize(texts, stopwords="fr", stemmer=self.stemmer, show_progress=False)

    def index(self, units: list[Unit], vault: Path) -> None:
        del vault
        built = self.library.BM25()
        built.index(self.tokens([text for _, text in units]), show_progress=False)
        built.save(str(self.folder), corpus=[path for path, _ in units])

    def open(self) -> None:
        self.retriever = self.library.BM25.load(str(self.folder), load_corpus=True)
        self.top = min(READ, len(self.retriever.corpus))

    def search(self, question: str) -> Iterable[str]:
        found, scores = self.retriever.retrieve(self.tokens([question]), k=self.top, show_progress=False)
        return [entry["text"] for entry, score in zip(found[0], scores[0], strict=True) if score]


class Fts5:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "notes.sqlite3"

    def index(self, units: list[Unit], vault: Path) -> None:
        del vault
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute(
                "CREATE VIRTUAL TABLE rows USING fts5(path UNINDEXED, text, "
                "tokenize = 'unicode61 remove_diacritics 2')"
            )
            connection.executemany("INSERT INTO rows VALUES (?, ?)", units)

    def open(self) -> None:
        self.connection = sqlite3.connect(self.path)

    def search(self, question: str) -> Iterable[str]:
        words = " OR ".join(f'"{word}"' for word in re.findall(r"\w+", question))
        sql = "SELECT path FROM rows WHERE rows MATCH ? ORDER BY rank LIMIT ?"
        return [path for (path,) in self.connection.execute(sql, (words, READ))]


class Chroma:
    def __init__(self, folder: Path) -> None:
        import chromadb  # noqa: PLC0415

        from ingest.embeddings import HashedEmbeddings  # noqa: PLC0415

        self.client = chromadb.PersistentClient(str(folder), chromadb.Settings(anonymized_telemetry=False))
        self.embeddings = HashedEmbeddings()

    def index(self, units: list[Unit], vault: Path) -> None:
        del vault
        notes = self.client.create_collection("notes", configuration={"hnsw": {"space": "cosine"}})
        for start in range(0, len(units), 5_000):
            part = units[start : start + 5_000]
            notes.add(
                ids=[str(start + number) for number in range(len(part))],
                embeddings=self.embeddings.embed_documents([text for _, text in part]),
                metadatas=[{"path": path} for path, _ in part],
            )

    def open(self) -> None:
        self.notes = self.client.get_collection("notes")

    def search(self, question: str) -> Iterable[str]:
        vector = self.embeddings.embed_query(question)
        found = self.notes.query(query_embeddings=[vector], n_results=READ, include=["metadatas"])
        return [metadata["path"] for metadata in found["metadatas"][0]]


class Cimaise:
    def __init__(self, folder: Path) -> None:
        from assistant import Settings, build_chain  # noqa: PLC0415
        from assistant.answer import Question  # noqa: PLC0415
        from ingest.sync import sync  # noqa: PLC0415

        self.folder, self.settings, self.question = folder, Settings, Question
        self.build_chain, self.sync = build_chain, sync

    def index(self, units: list[Unit], vault: Path) -> None:
        del units
        self.sync(self.settings(vault=vault, index=self.folder))

    def open(self) -> None:
        settings = self.settings(vault=self.folder, index=self.folder)  # the index alone is read
        self.retriever = self.build_chain(settings).retriever

    def search(self, question: str) -> Iterable[str]:
        return [passage.path for passage in self.retriever.find(self.question(question)).passages]


CONTENDERS: dict[str, Callable[[Path], Contender]] = {
    "LlamaIndex BM25": LlamaIndex,
    "bm25s": Bm25s,
    "SQLite FTS5": Fts5,
    "Chroma": Chroma,
    "Cimaise": Cimaise,
}


def peak_mb() -> float:
    """Return the most memory this process held; `ru_maxrss` may be its parent's, from before the exec."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.findall(r"VmHWM:\s+(\d+)", status.read_text())[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(task: str, name: str, folder: Path) -> None:
    job = json.load(sys.stdin)
    contender = CONTENDERS[name](folder)
    started = time.perf_counter()
    if task == "index":
        contender.index([tuple(unit) for unit in job["units"]], Path(job["vault"]))
    indexed_s = time.perf_counter() - started
    contender.open()
    found, took_s = [], []
    for question in job["questions"]:
        started = time.perf_counter()
        paths = list(contender.search(question))
        took_s.append(time.perf_counter() - started)
        found.append(list(dict.fromkeys(paths))[:KEPT])
    print(json.dumps({"indexed_s": indexed_s, "found": found, "took_s": took_s, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
