"""A real chain on a vault made for it, behind our server: what the tests of the views browse."""

import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from assistant import AnswerChain, Settings, build_chain
from assistant.web.app import build_app
from tests.conftest import SHARED
from tests.serving import serve_app

COLLECTOR = "http://127.0.0.1:9"  # the port that discards; no request may go there
GUIDE = (
    "# Le guide\n\nUne 𝒳 stratégie relie les projets. On la tient avec [[Publics|les publics]] et [[À écrire]].\n\n"
    + "".join(f"Paragraphe {number} de la suite du guide.\n\n" for number in range(30))
)
VAULT = {
    "Ressources/Le guide.md": f"---\ndate: 2022-05-12\ntags: [guide, stratégie]\n---\n{GUIDE}",
    "Ressources/Publics.md": "# Publics\n\nLes publics sont au centre. Voir [[Le guide]] avant tout.\n\nPuis [[Bilan]].\n",
    "Questions/Bilan.md": "---\ndate: 2023-01-02\ntags: [bilan]\n---\n# Bilan\n\nLe bilan suit [[Le guide]] pas à pas.\n",
}


def payloads() -> Mapping[str, str]:
    """Return the hostile texts, those beside the checkout where they are."""
    path = SHARED / "redteam" / "payloads.json"
    own = {
        "script": "<script>window.pwned=1</script>",
        "image": '<img src="{COLLECTOR}/i" onerror="window.pwned=1">',
        "link": '[clic](javascript:window.pwned=1) [[x|<b>gras</b>]] [["onmouseover=window.pwned=1]]',
        "style": "<style>*{display:none}</style></mark></div></section>",
    }
    read = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return {name: text.replace("{COLLECTOR}", COLLECTOR) for name, text in {**own, **read}.items()}


def hostile_vault() -> dict[str, str]:
    """Return notes whose titles, folders, tags, links and bodies are the payloads, around one that cites all."""
    notes = {}
    for number, (name, text) in enumerate(payloads().items()):
        line = " ".join(text.split())
        shown = line.replace("<", "\\<").replace(">", "\\>")  # what a back-slash keeps is text of the title
        header = f"---\ntags: [piège, '<i>{name}']\naliases: ['{line.replace(chr(39), '')[:80]}']\n---\n"
        notes[f"<b>Pièges/{number}.md"] = (
            f"{header}# {shown}\n\n{text}\n\nVoir [[Centre|{line.replace('|', '').replace(']', '').replace('[', '')}]] "
            f"et [[<u>{number}]].\n"
        )
    links = "\n".join(f"- [[{number}]]" for number in range(len(notes)))
    return {**notes, "Centre.md": f"# Centre\n\n{links}\n"}


def write_vault(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files into a folder, by their relative paths."""
    for relative, text in files.items():
        path = folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@dataclass
class Place:
    """Where a chain is served."""

    url: str
    chain: AnswerChain
    vault: Path

    def get(self, path: str) -> tuple[int, dict[str, str], str]:
        """Return what the server answers: status, headers, text."""
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=10)
        connection.request("GET", path)
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, text

    def note(self, path: str) -> str:
        """Return the address of the note at a path of the vault."""
        return f"/note/{self.chain.note_ids()[path]}"


@contextmanager
def serving(vault: Path, index: Path, *, host: str = "127.0.0.1") -> Iterator[Place]:
    """Serve a chain on a vault; `host` is what the application believes it is bound to."""
    chain = build_chain(Settings(vault=vault, index=index))
    with closing(chain), serve_app(lambda: build_app(chain, host)) as port:
        yield Place(f"http://127.0.0.1:{port}", chain, vault)


def place_of(files: Callable[[], Mapping[str, str]], **options: str) -> Callable[..., Iterator[Place]]:
    """Return a fixture's body that serves these files, once a module."""

    def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
        folder = tmp_path_factory.mktemp("views")
        with serving(write_vault(folder / "coffre", files()), folder / "index", **options) as served:
            yield served

    return place


museum = pytest.fixture(scope="module", name="museum")(place_of(lambda: VAULT))
hostile = pytest.fixture(scope="module", name="hostile")(place_of(hostile_vault))
