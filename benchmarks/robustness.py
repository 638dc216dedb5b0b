"""What hurried typing costs: gold questions as they are, with one typing error, without accents, as SMS.

uv run python benchmarks/robustness.py GOLD.jsonl VAULT

The ways to spoil a question are those of the tests; errors are drawn with five seeds, each shown.
"""

import random
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from demonstration_questions import as_sms, with_typo, without_accents
from rivals import machine

from assistant.answer import Answer
from assistant.gold import GoldCase, load_gold
from assistant.retriever import find_passages
from assistant.scores import judge, score
from ingest.embeddings import HashedEmbeddings, fingerprint
from ingest.settings import IngestSettings
from ingest.snapshot import Snapshot, open_snapshot
from ingest.sync import sync

EMBEDDINGS = HashedEmbeddings()
SEEDS = range(7, 12)


def hits(cases: list[GoldCase], snapshot: Snapshot, spoil: Callable[[str], str]) -> dict[int, float]:
    judged = []
    for case in cases:
        asked = replace(case.question, text=spoil(case.question.text))
        judged.append(judge(case, Answer(passages=find_passages(asked, snapshot, EMBEDDINGS).passages), 0.0))
    return {depth: 100 * (share.value or 0.0) for depth, share in score(judged).hits}


def typing(seed: int) -> Callable[[str], str]:
    chance = random.Random(seed)  # noqa: S311 - errors are no secret
    return lambda text: with_typo(text, chance)


def main(gold: Path, vault: Path) -> None:
    cases = list(load_gold(gold))
    ways = {"as they are": str, "without accents": without_accents, "as SMS": as_sms}
    ways |= {f"one typing error, seed {seed}": typing(seed) for seed in SEEDS}
    with tempfile.TemporaryDirectory() as place:
        settings = IngestSettings(vault=vault, index=Path(place) / "index")
        sync(settings)
        mark = fingerprint(EMBEDDINGS, settings.embeddings)
        snapshot = open_snapshot(settings.index_folder, embeddings=mark)
        found = {way: hits(cases, snapshot, spoil) for way, spoil in ways.items()}
        snapshot.close()
    plain = found["as they are"]
    print(f"{machine()}\n\n| questions | hit@1 | hit@5 | hit@10 | hit@5 lost |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for way, scores in found.items():
        shown = " | ".join(f"{scores[depth]:.1f}" for depth in (1, 5, 10))
        print(f"| {way} | {shown} | {plain[5] - scores[5]:+.1f} |")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
