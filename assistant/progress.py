"""Progress of a long task, as a terminal shows it."""

from typing import TextIO


class Progress:
    """Shows a long task on a stream: one line that grows on a terminal, one line a stage elsewhere.

    Args:
        stream: Where it is written, standard error as a rule.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._live = stream.isatty()
        self._stage = ""

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Go to a new line, where one was begun."""
        if self._live and self._stage:
            self._write("\n")

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Show a stage, and how much of it is done."""
        if self._live:
            count = f" {done}/{total}" if total else f" {done}" if done else ""
            self._write(f"\r\033[K{stage}{count}…")
        elif stage != self._stage:
            self._write(f"{stage}…\n")
        self._stage = stage

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
