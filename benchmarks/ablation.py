"""What each part of the retriever brings: the same questions with one part left out at a time.

uv run python benchmarks/ablation.py GOLD.jsonl VAULT [IR FOLDER…]

Gold questions are asked with their history (hit@1/5/10, MRR, quotes read); the sets in the BEIR layout
through the same retriever (nDCG@10). `part` says what is left out, `change` is against the whole.
"""

import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from rivals import Case, ir_cases, machine, ndcg

from assistant import candidates, passages, question, ranking, retriever, terms
from assistant.answer import Answer
from assistant.gold import load_gold
from assistant.scores import judge, score
from ingest.embeddings import HashedEmbeddings, fingerprint
from ingest.settings import IngestSettings
from ingest.snapshot import Snapshot, open_snapshot
from ingest.sync import sync

EMBEDDINGS = HashedEmbeddings()


def nothing(_self: object, documents: Any) -> Any:
    return np.zeros(len(documents))


PARTS: dict[str, list[tuple[object, str, object]]] = {
    "nothing": [],
    "character n-grams": [
        (ranking.GramScorer, "score_chunks", nothing),
        (ranking.GramScorer, "score_notes", nothing),
    ],
    "title as a field": [(ranking, "_TITLE", 0)],
    "title ×3 (×1 instead)": [(ranking, "_TITLE", 1)],
    "synonyms": [(terms, "_STAND_IN", 1e-9)],
    "repair of words": [(terms, "_repaired", lambda word, _lexicon: word)],
    "links of notes that match": [(candidates, "_CITED", 0.0)],
    "passages added by links": [(retriever, "_LINKED", 0)],
    "notes named": [(retriever, "named_notes", lambda _question, _store: [])],
    "vectors (Chroma)": [(candidates, "_nearest", lambda *_: None)],
    "history of a follow-up": [(retriever, "search_text", lambda asked, **_: asked.text)],
    "wide first passages": [(passages, "_WIDE", passages.MAX_CHARACTERS)],
}


@contextmanager
def without(part: str) -> Iterator[None]:
    with ExitStack() as stack:
        for owner, name, value in PARTS[part]:
            stack.enter_context(patch.object(owner, name, value))
        yield


@dataclass(frozen=True)
class Subject:
    """An index, and what its questions score on it, by figure."""

    name: str
    measure: Callable[[Snapshot], dict[str, float]]
    vault: Path


def gold_subject(gold: Path, vault: Path) -> Subject:
    cases = load_gold(gold)

    def measure(snapshot: Snapshot) -> dict[str, float]:
        found = [retriever.find_passages(case.question, snapshot, EMBEDDINGS) for case in cases]
        scores = score(
            judge(case, Answer(passages=finding.passages), 0.0)
            for case, finding in zip(cases, found, strict=True)
        )
        figures = {f"hit@{depth}": 100 * (share.value or 0.0) for depth, share in scores.hits}
        return figures | {"MRR": 100 * (scores.mrr or 0.0), "quotes": 100 * (scores.quotes_read.value or 0.0)}

    return Subject(gold.stem, measure, vault)


def ir_subject(folder: Path, place: Path) -> Subject:
    vault = place / folder.name
    cases = ir_cases(folder, vault)
    return Subject(folder.name, lambda snapshot: {"nDCG@10": mean_ndcg(cases, snapshot)}, vault)


def mean_ndcg(cases: list[Case], snapshot: Snapshot) -> float:
    gains = []
    for case in cases:
        asked = question.read_question(case.question)
        paths = [found.path for found in retriever.find_passages(asked, snapshot, EMBEDDINGS).passages]
        gains.append(ndcg(list(dict.fromkeys(paths)), case))
    return 100 * statistics.fmean(gains)


def main() -> None:
    gold, vault, *folders = map(Path, sys.argv[1:])
    with tempfile.TemporaryDirectory() as place:
        subjects = [gold_subject(gold, vault), *(ir_subject(folder, Path(place)) for folder in folders)]
        whole: dict[str, float] = {}
        with ExitStack() as stack:
            snapshots = [stack.enter_context(opened(subject, Path(place))) for subject in subjects]
            for part in PARTS:
                with without(part):
                    found = {
                        f"{subject.name} {figure}": value
                        for subject, snapshot in zip(subjects, snapshots, strict=True)
                        for figure, value in subject.measure(snapshot).items()
                    }
                if not whole:
                    whole = found
                    print(f"{machine()}\n\n| left out | {' | '.join(found)} |")
                    print(f"| --- |{' ---: |' * len(found)}")
                shown = (
                    f"{value:.1f} ({value - whole[name]:+.1f})" if found is not whole else f"{value:.1f}"
                    for name, value in found.items()
                )
                print(f"| {part} | {' | '.join(shown)} |", flush=True)


@contextmanager
def opened(subject: Subject, place: Path) -> Iterator[Snapshot]:
    settings = IngestSettings(vault=subject.vault, index=place / f"index-{subject.name}")
    sync(settings)
    snapshot = open_snapshot(settings.index_folder, embeddings=fingerprint(EMBEDDINGS, settings.embeddings))
    try:
        yield snapshot
    finally:
        snapshot.close()


if __name__ == "__main__":
    main()
