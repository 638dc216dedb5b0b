"""What the command line accepts, in French."""

import argparse
from pathlib import Path
from typing import Any, Literal, NoReturn

from ingest.errors import UsageError

Command = Literal["serve", "ask", "index", "health", "evaluate", "doctor"]

_FRENCH = (  # argparse speaks English
    ("unrecognized arguments:", "argument inconnu :"),
    ("the following arguments are required:", "il manque"),
    ("expected one argument", "une valeur est attendue"),
    ("invalid int value:", "un nombre entier est attendu, pas"),
    ("invalid choice:", "choix inconnu :"),
    ("choose from", "au choix :"),
    ("not allowed with", "ne va pas avec"),
    ("ambiguous option:", "option ambiguë :"),
    ("could match", "peut être"),
    ("ignored explicit argument", "aucune valeur n’est attendue, pas"),
)


class _Parser(argparse.ArgumentParser):
    """argparse in French, its errors raised as ours."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, add_help=False, formatter_class=_Formatter)
        self._positionals.title, self._optionals.title = "Arguments ", "Options "
        self.add_argument("-h", "--help", action="help", help="affiche cette aide")

    def error(self, message: str) -> NoReturn:
        message = message.removeprefix("argument ").removeprefix(": ")
        for english, french in _FRENCH:
            message = message.replace(english, french)
        raise UsageError(f"Commande mal formée ({message}) ; voyez : {self.prog} --help")


class _Formatter(argparse.HelpFormatter):
    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        super().add_usage(usage, actions, groups, "Utilisation : " if prefix is None else prefix)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; what it reads holds `command`, the one to run."""
    # Without default: a subcommand must not reset what was given before its name.
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--vault", type=Path, metavar="DOSSIER", help="dossier des notes (Markdown)")
    common.add_argument("--index", type=Path, metavar="DOSSIER", help="dossier de l’index")
    common.add_argument("--strict", action="store_true", help="un avertissement vaut un échec (code 1)")
    served = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    served.add_argument("--host", metavar="ADRESSE", help="adresse d’écoute (127.0.0.1)")
    served.add_argument("--port", type=int, metavar="N", help="port d’écoute (7860)")
    served.add_argument(
        "--public-url",
        metavar="URL",
        help="adresse publique, derrière un mandataire (https://cimaise.musee.fr)",
    )
    served.add_argument("--no-password", action="store_true", help="ouvre la page à tous, sans mot de passe")
    parser = _Parser(
        prog="cimaise",
        description="Répond en français à partir de vos notes, et montre le passage derrière chaque phrase. "
        "Sans commande : serve.",
        parents=[common, served],
    )
    parser.set_defaults(command="serve", strict=False)
    commands = parser.add_subparsers(title="Commandes ", metavar="", parser_class=_Parser)
    _add(commands, "serve", "ouvre la conversation dans le navigateur", [common, served])
    ask = _add(commands, "ask", "répond à une question", [common])
    ask.add_argument("question", metavar="QUESTION", help="la question, entre guillemets")
    ask.add_argument("--json", action="store_true", help="réponse en JSON")
    index = _add(commands, "index", "met l’index à jour d’après les notes", [common])
    index.add_argument("--force", action="store_true", help="reconstruit tout")
    index.add_argument("--watch", action="store_true", help="suit les notes et met l’index à jour")
    health = _add(commands, "health", "dit ce qui est à mender dans les notes", [common])
    form = health.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="rapport en JSON")
    form.add_argument("--markdown", action="store_true", help="rapport en Markdown")
    evaluate = _add(commands, "evaluate", "juge les réponses sur des questions de référence", [common])
    evaluate.add_argument(
        "gold", type=Path, metavar="QUESTIONS", help="fichier JSONL, une question par ligne"
    )
    shown = evaluate.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true", help="tout, cas par cas, en JSON")
    shown.add_argument("--failures", type=int, default=20, metavar="N", help="échecs à montrer (20)")
    _add(commands, "doctor", "vérifie l’installation et les réglages", [common])
    return parser


def _add(commands: Any, name: Command, text: str, parents: list[Any]) -> argparse.ArgumentParser:
    added: argparse.ArgumentParser = commands.add_parser(
        name, help=text, description=f"{text[0].upper()}{text[1:]}.", parents=parents
    )
    added.set_defaults(command=name)
    return added
