"""How well a vault's questions are found, cited and refused; prints ratios.

uv run python benchmarks/gold.py GOLD.jsonl VAULT
"""

import json
import re
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import PurePosixPath

from assistant import Answer, Settings, build_chain
from assistant.question import read_question
from ingest.clean import clean

LEEWAY = 0.8  # share of a gold quote's words that one citation must hold


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", clean(text).lower()))


def holds(quote: str, texts: Iterable[str], share: float = 1.0) -> bool:
    wanted = words(quote)
    return any(len(wanted & words(text)) >= share * len(wanted) for text in texts)


def rank(answer: Answer, acceptable: list[str]) -> int:
    names = list(dict.fromkeys(PurePosixPath(passage.path).stem for passage in answer.passages))
    return next((place for place, name in enumerate(names, start=1) if name in acceptable), 99)


def main(gold: str, vault: str) -> None:
    with open(gold, encoding="utf-8") as lines:
        cases = [json.loads(line) for line in lines]
    with tempfile.TemporaryDirectory() as index:
        chain = build_chain(Settings(vault=vault, index=index))
        started = time.perf_counter()
        answers = [chain.invoke({"question": c["question"], "history": c["history"]}) for c in cases]
        elapsed = time.perf_counter() - started
        coverages = [
            chain.retriever.find(read_question({"question": c["question"], "history": c["history"]})).coverage
            for c in cases
        ]
        chain.close()
    pairs = [(case, answer) for case, answer in zip(cases, answers, strict=True) if case["expected_notes"]]
    ranks = [rank(answer, case["acceptable_notes"]) for case, answer in pairs]
    for limit in (1, 5, 10):
        print(f"hit@{limit:<2} {100 * sum(place <= limit for place in ranks) / len(ranks):5.1f} %")
    quoted = [(case["quote"], answer) for case, answer in pairs if case["quote"]]
    passages = [holds(quote, (p.text for p in answer.passages)) for quote, answer in quoted]
    citations = [holds(quote, (c.quote for c in answer.citations), LEEWAY) for quote, answer in quoted]
    print(f"gold quote in the ten passages {100 * sum(passages) / len(quoted):5.1f} %")
    print(f"gold quote in one citation     {100 * sum(citations) / len(quoted):5.1f} %")
    print(f"verdicts: {verdicts(cases, answers)}")
    print(f"{1000 * elapsed / len(cases):.0f} ms a question, everything included")
    print("coverage below  outside refused  answerable refused")
    outside = [c for c, case in zip(coverages, cases, strict=True) if not case["expected_notes"]]
    inside = [c for c, case in zip(coverages, cases, strict=True) if case["expected_notes"]]
    for bar in (0.1, 0.12, 0.14, 0.16, 0.18, 0.2, 0.22, 0.24, 0.26, 0.28, 0.3, 0.35):
        right, wrong = sum(c < bar for c in outside), sum(c < bar for c in inside)
        print(f"{bar:14.2f}  {right:8d} of {len(outside):2d}  {100 * wrong / len(inside):16.1f} %")


def verdicts(cases: list[dict[str, object]], answers: list[Answer]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for case, answer in zip(cases, answers, strict=True):
        key = f"{'answerable' if case['expected_notes'] else 'outside'} {answer.verdict}"
        counts[key] = counts.get(key, 0) + 1
    return dict(sorted(counts.items()))


if __name__ == "__main__":
    main(*sys.argv[1:3])
