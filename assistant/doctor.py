"""What `cimaise doctor` looks at: the installation, the settings, the vault, the index, the endpoint."""

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import assistant
import ingest
from assistant.settings import Settings
from ingest.embeddings import build_embeddings, fingerprint
from ingest.errors import CimaiseError, IndexMissingError
from ingest.snapshot import open_snapshot
from ingest.vault import walk_vault


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at, and a French sentence on it."""

    subject: str
    state: Literal["passed", "warned", "failed"]
    finding: str


def examine(settings: Settings) -> list[Check]:
    """Look at everything, whatever fails on the way; no secret is repeated, no host is asked."""
    looked = (_installation(), _variables(settings), _vault(settings), _index(settings))
    return [check for checks in (*looked, _embeddings(settings), _model(settings)) for check in checks]


def _installation() -> Iterator[Check]:
    names = ("chromadb", "langchain", "openai", "gradio", "tiktoken")
    try:
        versions = ", ".join(f"{name} {version(name)}" for name in names)
        yield Check("Installation", "passed", f"Python {platform.python_version()}, {versions}.")
    except PackageNotFoundError as error:
        yield Check("Installation", "failed", f"il manque le paquet {error.name} ; réinstallez Cimaise.")
    homes = {Path(str(module.__file__)).parent.parent for module in (assistant, ingest)}
    if len(homes) > 1:
        yield Check(
            "Noms",
            "failed",
            "un autre logiciel occupe le nom « assistant » ou « ingest » ; installez Cimaise dans son propre "
            "environnement (uv tool ou pipx).",
        )


def _variables(settings: Settings) -> Iterator[Check]:
    known = {f"CIMAISE_{name.upper()}" for name in type(settings).model_fields}
    for name in sorted(name for name in os.environ if name.startswith("CIMAISE_") and name not in known):
        yield Check("Réglages", "warned", f"{name} n’est pas un réglage de Cimaise ; voyez .env.example.")


def _vault(settings: Settings) -> Iterator[Check]:
    try:
        outcomes = list(
            walk_vault(
                settings.vault, max_note_bytes=settings.max_note_bytes, exclude=settings.exclude_patterns
            )
        )
    except CimaiseError as error:
        yield Check("Notes", "failed", str(error))
        return
    read = sum(outcome.status == "read" for outcome in outcomes)
    failed = sum(outcome.status == "failed" for outcome in outcomes)
    state: Literal["passed", "warned", "failed"] = "failed" if not read else "warned" if failed else "passed"
    yield Check(
        "Notes",
        state,
        f"{read} lisibles dans « {settings.vault} », {len(outcomes) - read} fichiers laissés de côté.",
    )


def _index(settings: Settings) -> Iterator[Check]:
    try:
        mark = fingerprint(build_embeddings(settings), settings.embeddings)
        snapshot = open_snapshot(settings.index_folder, embeddings=mark)
    except IndexMissingError:
        yield Check("Index", "warned", "il n’y en a pas encore ; il sera fait au premier lancement.")
        return
    except CimaiseError as error:
        yield Check("Index", "failed", str(error))
        return
    manifest, vectors = snapshot.manifest, snapshot.vectors
    snapshot.close()
    if vectors is None:
        yield Check("Index", "warned", "Chroma ne peut pas ouvrir les vecteurs ; relancez : cimaise index")
        return
    yield Check(
        "Index", "passed", f"{manifest.notes} notes, {manifest.chunks} passages, dans « {snapshot.folder} »."
    )


def _embeddings(settings: Settings) -> Iterator[Check]:
    if settings.embeddings == "hashed":
        return
    where = settings.embeddings_host or "cet ordinateur"
    said = f"{settings.embeddings}, sur {where} : rien ne sort d’ici."
    if settings.embeddings_are_remote:
        said = (
            f"{settings.embeddings} ; questions et notes partent vers {where}, "
            "les notes confidentielles exceptées."
        )
    yield Check("Vecteurs", "passed", said)


def _kept(settings: Settings) -> str:
    return "" if settings.embeddings_are_remote else ", et rien ne sort d’ici"


def _model(settings: Settings) -> Iterator[Check]:
    if settings.model is None:
        yield Check("Modèle", "passed", f"aucun : les réponses sont des extraits, sans IA{_kept(settings)}.")
    elif not settings.model_is_remote:
        yield Check(
            "Modèle", "passed", f"{settings.model}, sur {settings.endpoint_host} : rien ne sort d’ici."
        )
    else:
        yield Check(
            "Modèle",
            "passed",
            f"{settings.model} ; questions et passages partent vers {settings.endpoint_host}.",
        )
