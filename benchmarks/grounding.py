"""What checking an answer costs the processor beyond its model: `python -m benchmarks.grounding`.

A stub model says ten sentences over ten passages of the demonstration vault, word by word. Fresh: each answer
is on passages never seen; warm: on the same ones, as when a question is asked again.
"""

import gc
import platform
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

from assistant import Settings, build_chain
from assistant.answer import Question
from assistant.model_writer import ModelWriter
from assistant.retriever import Finding
from assistant.statements import split_statements

QUESTION = "Pourquoi développer une stratégie numérique dans les musées ?"
NOTES = Path(__file__).parents[1] / "notes"
ROUNDS = 60


def main() -> None:
    """Print the median and the 95th percentile, in milliseconds."""
    with TemporaryDirectory() as index:
        chain = build_chain(Settings(vault=NOTES, index=Path(index)))
        _, finding = chain.examine(QUESTION)
        chain.close()
    gc.freeze()  # as the server does once it is up
    said = " ".join(f"{split_statements(p.text)[0].text.rstrip('.')} [{p.number}]." for p in finding.passages)
    print(f"{datetime.now(UTC):%Y-%m-%d} {platform.machine()} {len(finding.passages)} passages")
    for name, fresh in (("fresh", True), ("warm", False)):
        spent = sorted(_overheads(said, finding, fresh))
        print(f"{name:6} p50 {statistics.median(spent):6.1f} ms   p95 {spent[int(0.95 * ROUNDS)]:6.1f} ms")


def _overheads(said: str, finding: Finding, fresh: bool) -> Iterator[float]:
    for number in range(ROUNDS):
        passages = tuple(
            replace(p, text=f"{p.text}\n\nVersion {number}.", end=p.end + 12) if fresh else p
            for p in finding.passages
        )
        for passage in passages:  # the verdict asked for them before the writer
            split_statements(passage.text)
        model = GenericFakeChatModel(messages=iter([AIMessage(said)] * 2))
        started = time.process_time()
        for _ in model.stream("?" * sum(len(passage.text) for passage in passages)):
            pass
        alone = time.process_time() - started
        started = time.process_time()
        list(ModelWriter(model).write(Question(QUESTION), replace(finding, passages=passages)))
        yield 1000 * (time.process_time() - started - alone)


if __name__ == "__main__":
    main()
