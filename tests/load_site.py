"""`cimaise serve` in a process of its own, alone or before a model that talks, for the tests of load."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

_PATIENCE_S = 60.0
_SMALL_ROOM = """
import sys
from assistant import cli
from assistant.web.chat import page
page.MOST_AT_ONCE, page.MOST_WAITING = map(int, sys.argv[1:3])
sys.exit(cli.main(sys.argv[3:]))
"""


@contextmanager
def served_page(
    vault: Path,
    index: Path,
    environment: Mapping[str, str] | None = None,
    *,
    room: tuple[int, int] | None = None,
) -> Iterator[int]:
    """Serve a vault and yield the port, once its notes are read.

    Args:
        vault: The notes.
        index: Their index, made where there is none.
        environment: Added to that of the process.
        room: How many answers are written at once and how many questions wait, where not the usual.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    options = ["serve", "--vault", str(vault), "--index", str(index), "--port", str(port)]
    run = ["-c", _SMALL_ROOM, str(room[0]), str(room[1])] if room else ["-m", "assistant.cli"]
    with _running([*run, *options], environment) as page:
        assert page.stdout is not None
        assert page.stdout.readline(), "the server did not start"
        started = time.monotonic()
        while _get(port, "/welcome")["waiting"]:
            assert time.monotonic() - started < _PATIENCE_S
            time.sleep(0.05)
        yield port


@contextmanager
def talking_model(text: str, *, pieces: int, pause_s: float) -> Iterator["TalkingModel"]:
    """Start a model that says a text to all who ask."""
    with _running(["-m", "tests.talking_model", text, str(pieces), str(pause_s)]) as process:
        assert process.stdout is not None
        yield TalkingModel(int(process.stdout.readline()))


class TalkingModel:
    """A model that runs.

    Args:
        port: Where it listens.
    """

    def __init__(self, port: int) -> None:
        self._port = port

    @property
    def environment(self) -> dict[str, str]:
        """What makes `cimaise serve` ask it."""
        return {
            "CIMAISE_MODEL": "openai:essai",
            "OPENAI_BASE_URL": f"http://127.0.0.1:{self._port}/v1",
            "OPENAI_API_KEY": "sk-essai",
        }

    @property
    def counts(self) -> dict[str, int]:
        """How many requests have begun, were heard whole, were left."""
        return dict(_get(self._port, "/counts"))


def answer_of(sentences: list[tuple[str, int]], *, length: int) -> str:
    """Return what a model that copies would say: sentences with their numbers, over and over."""
    said = [f"{' '.join(text.split()).rstrip('.')} [{number}]. " for text, number in sentences]
    return "".join(said * (1 + length // max(1, len("".join(said)))))[:length].rpartition("]. ")[0] + "]."


@contextmanager
def _running(
    command: list[str], environment: Mapping[str, str] | None = None
) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, *command],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)
        assert process.stdout is not None
        process.stdout.close()


def _get(port: int, path: str) -> dict[str, Any]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request("GET", path)
        return dict(json.loads(connection.getresponse().read()))
