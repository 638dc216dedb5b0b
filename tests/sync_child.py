"""Synchronises and asks, each time in a forked child that is killed, starved or hindered as it is told.

Run as `python -m tests.sync_child`: it reads one JSON order a line and answers each with one line of JSON: the
child's exit code (negative: the signal that ended it) and what it said, its answers or its error. It kills no
process but the child that it has not waited for.
"""

import json
import os
import resource
import signal
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from assistant import Settings, build_chain
from ingest.errors import CimaiseError
from ingest.sync import sync
from ingest.vectors import load_chroma
from tests.index_life import NearVerifier


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _fail_at(order: dict[str, Any]) -> None:
    """Die at the n-th move on the disk, or just before or after the pointer moves."""
    left = order.get("move", -1)
    watched = {
        "open",
        "os.rename",
        "os.remove",
        "os.rmdir",
        "os.mkdir",
        "sqlite3.connect",
        "subprocess.Popen",
    }

    def count(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        about = event in watched and (event == "subprocess.Popen" or order["index"] in str(arguments[0]))
        left -= about
        if about and left == 0:
            _die()

    replace = os.replace

    def replace_or_die(source: Any, target: Any) -> None:
        pointer = os.path.basename(target) == "CURRENT"
        if pointer and order.get("replace") == "before":
            _die()
        replace(source, target)
        if pointer and order.get("replace") == "after":
            _die()

    os.replace = replace_or_die  # type: ignore[assignment] # its own optional arguments are not used
    if left > 0:
        sys.addaudithook(count)


def _hinder(order: dict[str, Any]) -> None:
    """Take away room or rights."""
    if "file_bytes" in order:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["file_bytes"], order["file_bytes"]))
    if "user" in order:  # who may not import any more
        _ask(Settings(vault=Path(order["vault"]), index=Path(order["index"])), ["Que dit le musée ?"])
        os.setgroups([])
        os.setgid(order["user"])
        os.setuid(order["user"])


def _ask(settings: Settings, questions: list[str]) -> list[dict[str, Any]]:
    with closing(build_chain(settings)) as chain:
        return [chain.invoke(asked).to_dict() for asked in questions]


def _run(order: dict[str, Any], pipe: int) -> int:
    _fail_at(order)

    def progress(stage: str, _done: int, _total: int | None) -> None:
        if stage == order.get("stage"):
            _die()

    settings = Settings(vault=Path(order["vault"]), index=Path(order["index"]))
    said: dict[str, Any] = {}
    code = 0
    try:
        _hinder(order)
        for questions in order.get("ask", [None]):
            if questions is None:
                verifier = NearVerifier() if order.get("near") else None
                sync(settings, verifier=verifier, on_progress=progress, force=order.get("force", False))
                continue
            said.setdefault("answers", []).append(_ask(settings, questions))
    except CimaiseError as error:
        code, said["error"] = error.exit_code, str(error)
    except Exception as error:  # noqa: BLE001 - the very thing that must not happen
        code, said["error"] = 99, repr(error)
    with open(pipe, "w", encoding="utf-8") as stream:
        json.dump(said, stream)
    return code


def _start(order: dict[str, Any]) -> tuple[int, int]:
    """Return the child's process and the pipe it speaks through."""
    ours, its = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        os._exit(_run(order, its))
    os.close(its)
    return child, ours


def _end(child: int, pipe: int, delay_s: float | None) -> dict[str, Any]:
    """Return how the child ended, killed after the delay if it has not, and what it said."""
    if delay_s is not None:
        time.sleep(delay_s)
        os.kill(child, signal.SIGKILL)  # not waited for yet: at worst it is a zombie of ours
    with open(pipe, encoding="utf-8") as stream:
        said = stream.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return {"code": code, "pid": child, **(json.loads(said) if said and code >= 0 else {})}


def main() -> None:
    """Carry out orders until there are no more."""
    load_chroma()
    for line in sys.stdin:
        order = json.loads(line)
        sys.stdout.write(json.dumps(_end(*_start(order), order.get("delay_s"))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
