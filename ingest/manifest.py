"""The manifest of a snapshot: its counts, its fingerprints, and the digest of each of its files."""

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from ingest.errors import IndexDamagedError

FORMAT = 8


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a snapshot says of itself.

    `vectors` are the chunks that have one; `embeddings` and `parser` are fingerprints; `digests` are the
    SHA-256 of the files by relative path, `seal` that of the rest of the manifest.
    """

    notes: int
    chunks: int
    vectors: int
    embeddings: str
    parser: str
    format: int = FORMAT
    digests: dict[str, str] = field(default_factory=dict)
    seal: str = ""


def seal_manifest(manifest: Manifest, folder: Path) -> Manifest:
    """Return the manifest with the digests of a folder as it stands, and its own."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    digests = {path.relative_to(folder).as_posix(): _digest(path) for path in files}
    whole = replace(manifest, digests=digests)
    return replace(whole, seal=_seal(whole))


def render_manifest(manifest: Manifest) -> str:
    """Return a manifest as it is written."""
    return json.dumps(asdict(manifest), indent=1)


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a snapshot.

    Raises:
        IndexDamagedError: It is missing, not what was published, or of another format.
    """
    try:
        manifest = Manifest(**json.loads((folder / "manifest.json").read_text(encoding="utf-8")))
        sealed = manifest.seal == _seal(manifest)
    except (OSError, ValueError, TypeError, RecursionError):
        raise IndexDamagedError(folder, "manifest.json est illisible") from None
    if manifest.format != FORMAT:
        raise IndexDamagedError(folder, "format d’une autre version")
    if not sealed:
        raise IndexDamagedError(folder, "manifest.json a été modifié")
    return manifest


def check_files(folder: Path, manifest: Manifest, *, under: str = "") -> None:
    """Raise IndexDamagedError unless the files whose path begins with `under` are what was published."""
    for name, digest in manifest.digests.items():
        if name.startswith(under) and _digest(folder / name) != digest:
            raise IndexDamagedError(folder, f"{name} a été modifié")


def _seal(manifest: Manifest) -> str:
    said = json.dumps(asdict(replace(manifest, seal="")), sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        raise IndexDamagedError(path.parent, f"{path.name} est illisible") from None
