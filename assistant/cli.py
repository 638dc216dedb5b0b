"""The command line: the composition root, and the one place that prints."""

import argparse
import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Sequence
from getpass import getpass
from typing import TYPE_CHECKING, Any

from assistant import health_view, terminal
from assistant.arguments import Command, build_parser
from assistant.choice import choice_file, load_choice, recall
from assistant.progress import Progress
from assistant.reach import Reach, settle_reach
from assistant.settings import Settings
from ingest.errors import CimaiseError

if TYPE_CHECKING:
    from assistant.indexing import IndexState
    from ingest.verify import Verifier

logger = logging.getLogger(__name__)

_FOLLOWER_S = 30  # for the run that is under way when we stop: it publishes, or leaves nothing behind
_INTERRUPTED = 130  # what a shell says of Ctrl-C


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 failed, 2 wrong usage, 3 busy."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        options = build_parser().parse_args(arguments)
        settings, warnings = recall(Settings(**_given(options)))
        for warning in warnings:
            _say(warning)
        return _COMMANDS[options.command](settings, options)
    except CimaiseError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("\nInterrompu.", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains at exit
        return 1
    except Exception as error:
        logger.debug("unexpected error", exc_info=True)
        print(
            f"Erreur imprévue ({type(error).__name__}) ; lancez « cimaise doctor » et signalez-la.",
            file=sys.stderr,
        )
        return 1


def _serve(settings: Settings, options: argparse.Namespace) -> int:
    from assistant.web.server import check_port, run_server  # noqa: PLC0415 - only this command serves

    check_port(settings.host, settings.port)
    asks = getpass if sys.stdin.isatty() and sys.stderr.isatty() else None
    reach = settle_reach(settings, open_to_all=getattr(options, "no_password", False), ask=asks)
    print(f"Cimaise prépare la page sur « {settings.vault} »…", file=sys.stderr)
    from assistant.desk import Desk  # noqa: PLC0415 - brings Chroma, after our settings

    path = choice_file()
    desk = Desk(settings, on_change=_teller(), choice=load_choice(path)[0], choice_path=path)
    try:
        desk.open()
        if desk.model_error is not None:
            _say(desk.model_error)
        run_server(desk, reach, on_ready=lambda url: _say_ready(url, reach), desk=desk)
    finally:
        desk.close()
    return 0


def _teller() -> "Callable[[IndexState], None]":
    """Return what says on standard error what becomes of the index: the first reading, then what changes."""
    progress, news = Progress(sys.stderr), terminal.News()

    def tell(state: "IndexState") -> None:
        if state.running:
            if not news.begun:
                progress(state.stage, state.done, state.total)
            return
        if not news.begun:
            progress.end()
        if said := news.of(state):
            _say(said)

    return tell


def _refresh(settings: Settings) -> None:
    """Bring the index up to date; where that cannot be done now, the last one serves, and why is said."""
    from ingest.snapshot import published_folder  # noqa: PLC0415
    from ingest.sync import sync  # noqa: PLC0415

    try:
        with Progress(sys.stderr) as progress:
            report = sync(settings, on_progress=progress)
    except CimaiseError as error:
        if published_folder(settings.index_folder) is None:
            raise
        _say(error)
        return
    if report.published:
        _say(terminal.render_summary(report))


def _follow(settings: Settings) -> None:
    """Keep the index up to date with the notes until Ctrl-C, and say so on standard error."""
    from ingest.sync import sync  # noqa: PLC0415 - brings Chroma, after our settings
    from ingest.watch import follow_vault  # noqa: PLC0415

    def run(verifier: "Verifier") -> None:
        report = sync(settings, verifier=verifier)
        if report.published:
            _say(terminal.render_summary(report))

    stop = threading.Event()
    told = {"stop": stop, "run": run, "on_error": _say}
    follower = threading.Thread(target=follow_vault, args=(settings,), kwargs=told, daemon=True)
    follower.start()
    try:
        threading.Event().wait()
    finally:
        stop.set()
        follower.join(_FOLLOWER_S)


def _say(said: object) -> None:
    print(said, file=sys.stderr, flush=True)


def _say_ready(url: str, reach: Reach) -> None:
    print(f"La page est ouverte sur {url} (Ctrl-C pour arrêter).", flush=True)
    for line in reach.describe():
        _say(line)


def _ask(settings: Settings, options: argparse.Namespace) -> int:
    from assistant.chain import build_chain  # noqa: PLC0415 - brings Chroma, after our settings
    from assistant.question import read_question  # noqa: PLC0415

    question = read_question(options.question)
    with Progress(sys.stderr) as progress:
        chain = build_chain(settings, on_progress=progress)
    try:
        answer = chain.invoke(question)
    finally:
        chain.close()
    if options.json:
        print(json.dumps(answer.to_dict(), ensure_ascii=False, indent=2))
    else:
        print(terminal.render_answer(answer))
    return 1 if options.strict and (answer.notice or not answer.complete) else 0


def _index(settings: Settings, options: argparse.Namespace) -> int:
    from ingest.sync import sync  # noqa: PLC0415 - brings Chroma, after our settings

    with Progress(sys.stderr) as progress:
        report = sync(settings, force=options.force, on_progress=progress)
    print(terminal.render_report(report, index=settings.index_folder), flush=True)
    if options.watch:
        print("Les notes sont suivies (Ctrl-C pour arrêter).", file=sys.stderr, flush=True)
        _follow(settings)
    return 1 if options.strict and (report.failed or report.warnings) else 0


def _health(settings: Settings, options: argparse.Namespace) -> int:
    from ingest.health.report import examine_vault  # noqa: PLC0415 - only this command needs it

    with Progress(sys.stderr) as progress:
        report = examine_vault(settings, on_progress=progress)
    if options.json:
        print(json.dumps(report.to_dict(), ensure_ascii=False, indent=2))
    else:
        render = health_view.render_health_markdown if options.markdown else health_view.render_health
        print(render(report))
    return 1 if options.strict and report.findings else 0


def _evaluate(settings: Settings, options: argparse.Namespace) -> int:
    from assistant.chain import build_chain  # noqa: PLC0415 - brings Chroma, after our settings
    from assistant.evaluate import evaluate  # noqa: PLC0415
    from assistant.evaluation_view import render_evaluation  # noqa: PLC0415
    from assistant.gold import load_gold  # noqa: PLC0415

    cases = load_gold(options.gold)
    _refresh(settings)
    chain = build_chain(settings)
    try:
        with Progress(sys.stderr) as progress:
            evaluation = evaluate(chain, cases, on_progress=progress)
    finally:
        chain.close()
    if options.json:
        print(json.dumps(evaluation.to_dict(), ensure_ascii=False, indent=2))
    else:
        print(render_evaluation(evaluation, listed=max(options.failures, 0)))
    return 1 if options.strict and (evaluation.missing or evaluation.notices) else 0


def _doctor(settings: Settings, options: argparse.Namespace) -> int:
    from assistant.doctor import examine  # noqa: PLC0415 - brings Chroma, after our settings

    checks = examine(settings)
    print(terminal.render_checks(checks))
    unwell = {"failed", "warned"} if options.strict else {"failed"}
    return 1 if any(check.state in unwell for check in checks) else 0


def _given(options: argparse.Namespace) -> dict[str, Any]:
    """Return the settings that the command line gives; they win over the environment."""
    names = ("vault", "index", "host", "port", "public_url")
    return {name: value for name in names if (value := getattr(options, name, None)) is not None}


_COMMANDS: dict[Command, Callable[[Settings, argparse.Namespace], int]] = {
    "serve": _serve,
    "ask": _ask,
    "index": _index,
    "health": _health,
    "evaluate": _evaluate,
    "doctor": _doctor,
}


if __name__ == "__main__":
    sys.exit(main())
