"""The command line: the composition root, and the one place that prints."""

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from assistant import health_view, terminal
from assistant.settings import Settings
from ingest.errors import CimaiseError, UsageError

logger = logging.getLogger(__name__)

_INTERRUPTED = 130  # what a shell says of Ctrl-C
_FRENCH = (  # argparse speaks English
    ("unrecognized arguments:", "argument inconnu :"),
    ("the following arguments are required:", "il manque"),
    ("expected one argument", "une valeur est attendue"),
    ("invalid int value:", "un nombre entier est attendu, pas"),
    ("invalid choice:", "choix inconnu :"),
    ("choose from", "au choix :"),
    ("not allowed with", "ne va pas avec"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 failed, 2 wrong usage, 3 busy."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        options = _parser().parse_args(arguments)
        settings = Settings(**_given(options))
        command: Callable[[Settings, argparse.Namespace], int] = options.command
        return command(settings, options)
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

    del options
    check_port(settings.host, settings.port)
    print(f"Cimaise prépare la page sur « {settings.vault} »…", file=sys.stderr)
    with _Progress() as progress:
        from assistant.chain import build_chain  # noqa: PLC0415 - brings Chroma, after our settings
        from ingest.sync import sync  # noqa: PLC0415

        report = sync(settings, on_progress=progress)
        chain = build_chain(settings)
    if report.published:
        print(terminal.render_summary(report), file=sys.stderr)
    try:
        run_server(chain, settings, on_ready=_say_ready)
    finally:
        chain.close()
    return 0


def _say_ready(url: str) -> None:
    print(f"La page est ouverte sur {url} (Ctrl-C pour arrêter).", flush=True)


def _ask(settings: Settings, options: argparse.Namespace) -> int:
    from assistant.chain import build_chain  # noqa: PLC0415 - brings Chroma, after our settings
    from assistant.question import read_question  # noqa: PLC0415

    question = read_question(options.question)
    with _Progress() as progress:
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

    with _Progress() as progress:
        report = sync(settings, force=options.force, on_progress=progress)
    print(terminal.render_report(report, index=settings.index_folder))
    return 1 if options.strict and (report.failed or report.warnings) else 0


def _health(settings: Settings, options: argparse.Namespace) -> int:
    from ingest.health import examine_vault  # noqa: PLC0415 - only this command needs it

    with _Progress() as progress:
        report = examine_vault(settings, on_progress=progress)
    if options.json:
        print(json.dumps(report.to_dict(), ensure_ascii=False, indent=2))
    else:
        render = health_view.render_health_markdown if options.markdown else health_view.render_health
        print(render(report))
    return 1 if options.strict and report.findings else 0


def _doctor(settings: Settings, options: argparse.Namespace) -> int:
    from assistant.doctor import examine  # noqa: PLC0415 - brings Chroma, after our settings

    checks = examine(settings)
    print(terminal.render_checks(checks))
    unwell = {"failed", "warned"} if options.strict else {"failed"}
    return 1 if any(check.state in unwell for check in checks) else 0


class _Progress:
    """Shows a long task on standard error: one line that grows on a terminal, one line a stage elsewhere."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._stage = ""

    def __enter__(self) -> "_Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._live and self._stage:
            print(file=sys.stderr)

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        if self._live:
            count = f" {done}/{total}" if total else f" {done}" if done else ""
            print(f"\r\033[K{stage}{count}…", end="", file=sys.stderr, flush=True)
        elif stage != self._stage:
            print(f"{stage}…", file=sys.stderr, flush=True)
        self._stage = stage


class _Parser(argparse.ArgumentParser):
    """argparse in French, its errors raised as ours."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, add_help=False, formatter_class=_Formatter)
        self._positionals.title, self._optionals.title = "Arguments", "Options"
        self.add_argument("-h", "--help", action="help", help="affiche cette aide")

    def error(self, message: str) -> NoReturn:
        message = message.removeprefix("argument ")
        for english, french in _FRENCH:
            message = message.replace(english, french)
        raise UsageError(f"Commande mal formée ({message}) ; voyez : {self.prog} --help")


class _Formatter(argparse.HelpFormatter):
    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        super().add_usage(usage, actions, groups, "Utilisation : " if prefix is None else prefix)


def _parser() -> argparse.ArgumentParser:
    # Without default: a subcommand must not reset what was given before its name.
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--vault", type=Path, metavar="DOSSIER", help="dossier des notes (Markdown)")
    common.add_argument("--index", type=Path, metavar="DOSSIER", help="dossier de l’index")
    common.add_argument("--strict", action="store_true", help="un avertissement vaut un échec (code 1)")
    served = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    served.add_argument("--host", metavar="ADRESSE", help="adresse d’écoute (127.0.0.1)")
    served.add_argument("--port", type=int, metavar="N", help="port d’écoute (7860)")
    parser = _Parser(
        prog="cimaise",
        description="Répond en français à partir de vos notes, et montre le passage derrière chaque phrase. "
        "Sans commande : serve.",
        parents=[common, served],
    )
    parser.set_defaults(command=_serve, strict=False)
    commands = parser.add_subparsers(title="Commandes", metavar="", parser_class=_Parser)
    _add(commands, "serve", _serve, "ouvre la conversation dans le navigateur", [common, served])
    ask = _add(commands, "ask", _ask, "répond à une question", [common])
    ask.add_argument("question", metavar="QUESTION", help="la question, entre guillemets")
    ask.add_argument("--json", action="store_true", help="réponse en JSON")
    index = _add(commands, "index", _index, "met l’index à jour d’après les notes", [common])
    index.add_argument("--force", action="store_true", help="reconstruit tout")
    health = _add(commands, "health", _health, "dit ce qui est à mender dans les notes", [common])
    form = health.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="rapport en JSON")
    form.add_argument("--markdown", action="store_true", help="rapport en Markdown")
    _add(commands, "doctor", _doctor, "vérifie l’installation et les réglages", [common])
    return parser


def _add(commands: Any, name: str, command: object, text: str, parents: list[Any]) -> argparse.ArgumentParser:
    added: argparse.ArgumentParser = commands.add_parser(
        name, help=text, description=f"{text[0].upper()}{text[1:]}.", parents=parents
    )
    added.set_defaults(command=command)
    return added


def _given(options: argparse.Namespace) -> dict[str, Any]:
    """Return the settings that the command line gives; they win over the environment."""
    names = ("vault", "index", "host", "port")
    return {name: value for name in names if (value := getattr(options, name, None)) is not None}


if __name__ == "__main__":
    sys.exit(main())
