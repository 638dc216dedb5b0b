"""Retrievers side by side, in one run, on the same notes and questions; prints a Markdown table.

uv run --with llama-index-retrievers-bm25 --with bm25s \
    python benchmarks/rivals.py (GOLD.jsonl VAULT | --ir FOLDER)

Each question is asked alone, follow-ups too. The rivals are given every note read and decoded, its title
before each text; their chunks of 1 500 characters and their whole notes are both tried, and the better by
MRR is shown. They are asked for a hundred texts, of which the first ten distinct notes count; Cimaise gives
its ten passages. `index` is without reading and cutting for the rivals, with everything for Cimaise. `peak`
is that of indexing and asking; `cold` is a process that opens the index and answers once, the median of five.
"""

import argparse
import datetime
import json
import math
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from contender import CONTENDERS, KEPT, Unit
from langchain_text_splitters import RecursiveCharacterTextSplitter

from assistant.gold import load_gold, names_note
from ingest.chunk import MAX_CHARACTERS
from ingest.note import parse_note
from ingest.vault import walk_vault

MIB = 1 << 20
COLD_RUNS = 5
CONTENDER = Path(__file__).with_name("contender.py")
HEADS = (
    "retriever",
    "texts",
    "hit@1",
    "hit@5",
    "hit@10",
    "MRR",
    "nDCG@10",
    "index s",
    "p50 ms",
    "p95 ms",
    "peak MB",
    "cold s",
)


@dataclass(frozen=True)
class Case:
    """A question, and the grade of each note that answers it, by its path."""

    question: str
    grades: dict[str, int]


@dataclass(frozen=True)
class Result:
    """What a contender found for each case, best first, and what it took."""

    name: str
    texts: str
    found: list[list[str]]
    indexed_s: float
    took_s: list[float]
    peak_mb: float
    cold_s: float = math.nan

    def row(self, cases: list[Case]) -> list[str]:
        ranks = [rank(paths, case) for paths, case in zip(self.found, cases, strict=True)]
        gains = [ndcg(paths, case) for paths, case in zip(self.found, cases, strict=True)]
        hits = [f"{100 * statistics.fmean(place <= depth for place in ranks):.1f}" for depth in (1, 5, 10)]
        slow = statistics.quantiles(self.took_s, n=20, method="inclusive")[-1]
        return [
            self.name, self.texts, *hits, f"{self.mrr(cases):.3f}", f"{100 * statistics.fmean(gains):.1f}",
            f"{self.indexed_s:.2f}", f"{1000 * statistics.median(self.took_s):.1f}", f"{1000 * slow:.1f}",
            f"{self.peak_mb:.0f}", f"{self.cold_s:.2f}",
        ]  # fmt: skip

    def mrr(self, cases: list[Case]) -> float:
        return statistics.fmean(1 / rank(paths, case) for paths, case in zip(self.found, cases, strict=True))


def rank(paths: list[str], case: Case) -> float:
    return next((place for place, path in enumerate(paths, start=1) if path in case.grades), math.inf)


def ndcg(paths: list[str], case: Case) -> float:
    gain = sum(case.grades.get(path, 0) / math.log2(place + 1) for place, path in enumerate(paths, start=1))
    best = sorted(case.grades.values(), reverse=True)[:KEPT]
    return gain / sum(grade / math.log2(place + 1) for place, grade in enumerate(best, start=1))


def read_notes(vault: Path) -> dict[str, tuple[str, str]]:
    """Return the title and text of each note, by its path."""
    files = [outcome.file for outcome in walk_vault(vault, max_note_bytes=5 * MIB)]
    return {file.path: (parse_note(file.text, file.path).title, file.text) for file in files if file}


def gold_cases(path: Path, notes: dict[str, tuple[str, str]]) -> list[Case]:
    """Return the questions that the notes answer, every acceptable note with the same grade."""
    answerable = [case for case in load_gold(path) if case.answerable]
    return [
        Case(
            case.question.text,
            {note: 1 for note in notes if any(names_note(name, note) for name in case.acceptable)},
        )
        for case in answerable
    ]


def ir_cases(folder: Path, vault: Path) -> list[Case]:
    """Write each passage of a set in the BEIR layout as a note of a vault, and return its questions."""
    vault.mkdir()
    paths: dict[str, str] = {}
    for number, passage in enumerate(map(json.loads, _lines(folder / "corpus.jsonl"))):
        title = " ".join(passage["title"].split())
        paths[passage["id"]] = f"{number:05}.md"
        heading = f"# {title}\n\n" if title else ""
        (vault / paths[passage["id"]]).write_text(f"{heading}{passage['text']}\n", encoding="utf-8")
    grades: dict[str, dict[str, int]] = {}
    for line in _lines(folder / "qrels.tsv")[1:]:
        question, passage_id, grade = line.split("\t")
        grades.setdefault(question, {})[paths[passage_id]] = int(grade)
    asked = map(json.loads, _lines(folder / "queries.jsonl"))
    questions = {question["id"]: question["text"] for question in asked}
    return [Case(questions[question], graded) for question, graded in grades.items()]


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").split("\n") if line]


def cut(notes: dict[str, tuple[str, str]]) -> dict[str, list[Unit]]:
    """Return the texts of the notes in the two ways that the rivals are given them."""
    splitter = RecursiveCharacterTextSplitter(chunk_size=MAX_CHARACTERS, chunk_overlap=0)
    return {
        "chunks": [
            (path, f"{title}\n{piece}")
            for path, (title, text) in notes.items()
            for piece in splitter.split_text(text)
        ],
        "whole notes": [(path, f"{title}\n{text}") for path, (title, text) in notes.items()],
    }


def run(task: str, name: str, folder: Path, job: dict[str, object]) -> dict[str, object]:
    command = [sys.executable, str(CONTENDER), task, name, str(folder)]
    done = subprocess.run(command, input=json.dumps(job), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr}")
    result: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return result


def measure(name: str, texts: str, units: list[Unit], vault: Path, cases: list[Case]) -> Result:
    job = {"units": units, "vault": str(vault), "questions": [case.question for case in cases]}
    with tempfile.TemporaryDirectory() as folder:
        result = Result(name, texts, **run("index", name, Path(folder), job))
        once = {**job, "units": [], "questions": job["questions"][:1]}
        return replace(
            result, cold_s=statistics.median(cold(name, Path(folder), once) for _ in range(COLD_RUNS))
        )


def cold(name: str, folder: Path, job: dict[str, object]) -> float:
    started = time.perf_counter()
    run("ask", name, folder, job)
    return time.perf_counter() - started


def compare(vault: Path, cases: list[Case], notes: dict[str, tuple[str, str]]) -> list[list[str]]:
    rows = []
    for name in CONTENDERS:
        ways = {"its own": []} if name == "Cimaise" else cut(notes)
        results = [measure(name, texts, units, vault, cases) for texts, units in ways.items()]
        rows.append(max(results, key=lambda result: result.mrr(cases)).row(cases))
    return rows


def machine() -> str:
    described = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    model = next(iter(re.findall(r"model name\s*:\s*(.+)", described)), platform.processor())
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("gold", type=Path, nargs="?")
    parser.add_argument("vault", type=Path, nargs="?")
    parser.add_argument("--ir", type=Path, help="a set in the BEIR layout")
    given = parser.parse_args()
    if not (given.ir or given.vault):
        parser.error("GOLD and VAULT, or --ir FOLDER")
    with tempfile.TemporaryDirectory() as place:
        vault = Path(place) / "vault" if given.ir else given.vault.resolve()
        cases = ir_cases(given.ir, vault) if given.ir else []
        notes = read_notes(vault)
        cases = cases or gold_cases(given.gold, notes)
        rows = compare(vault, cases, notes)
    print(f"{(given.ir or given.gold).name}: {len(cases)} questions on {len(notes)} notes, ", end="")
    print(f"{datetime.date.today()}, {machine()}\n")
    for row in (HEADS, ["---", "---", *["---:"] * (len(HEADS) - 2)], *rows):
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
