"""What every test stands on: no network, no ambient settings, vaults made or found, two chains built once."""

import json
import os
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from ingest.settings import IngestSettings

if TYPE_CHECKING:
    from assistant import AnswerChain

pytest_plugins = ("tests.page_fixtures",)

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
AMBIENT = ("CIMAISE_", "OPENAI_", "LANGSMITH_", "LANGCHAIN_", "TIKTOKEN_", "HF_")
TEMPORARY = Path(tempfile.gettempdir()).resolve()
PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy", "no_proxy"})

hypothesis.settings.register_profile("cimaise", database=None, deadline=None, derandomize=True)
hypothesis.settings.load_profile("cimaise")

_attempts: list[str] = []


class NetworkBlockedError(ConnectionRefusedError):
    """A test tried to leave the machine."""


def _check_host(host: object) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    near = name is None or (
        isinstance(name, str)
        and (name in {"", "localhost", "::1", "::", "0.0.0.0"} or name.startswith("127."))
    )
    if not near:
        _attempts.append(str(name))
        raise NetworkBlockedError(f"no network in tests: {name}")


def _block_network() -> None:
    """Refuse every address but loopback; Unix sockets, whose address is a path, are left alone."""
    originals = {name: getattr(socket.socket, name) for name in ("connect", "connect_ex")}

    def guarded(name: str) -> Callable[..., Any]:
        def call(self: socket.socket, address: Any) -> Any:
            if isinstance(address, tuple):
                _check_host(address[0])
            return originals[name](self, address)

        return call

    for name in originals:
        setattr(socket.socket, name, guarded(name))
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
        _check_host(host)
        return resolve(host, *arguments, **options)

    socket.getaddrinfo = getaddrinfo


_block_network()


def let_through(folder: Path) -> None:
    """Let every user reach a folder of the tests, whose parents pytest keeps for ours."""
    for each in (folder.resolve(), *folder.resolve().parents):
        if each == TEMPORARY or not each.is_relative_to(TEMPORARY):
            return
        each.chmod(each.stat().st_mode | 0o055)


@pytest.fixture(scope="session", autouse=True)
def _bare_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Run without the user's settings, `.env`, proxies and data folder."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in tuple(os.environ):
            if name.startswith(AMBIENT) or name.lower() in PROXIES:
                patch.delenv(name)
        patch.setenv("XDG_DATA_HOME", str(home / "data"))
        patch.setenv("XDG_CONFIG_HOME", str(home / "config"))
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.chdir(home)
        yield


@pytest.fixture(scope="session", autouse=True)
def _verified_here() -> Iterator[None]:
    """Try what is built in this process; a process of its own, a second a time, is tried where it matters."""
    from tests.index_life import NearVerifier  # noqa: PLC0415 - it imports ingest, which most need anyway

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingest.sync.Verifier", NearVerifier)
        yield


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test its own current folder and its own data folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def network_attempts() -> Iterator[list[str]]:
    """The hosts a test tried to reach; asking for this fixture allows the attempt, not the connection."""
    yield _attempts
    _attempts.clear()


@pytest.fixture(autouse=True)
def _no_network_attempt(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that tried to leave the machine, even when the code under test swallowed the refusal."""
    yield
    attempts = tuple(_attempts)
    if "network_attempts" not in request.fixturenames:
        _attempts.clear()
        assert not attempts


@pytest.fixture
def make_vault(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes files, by their relative path, into a vault and returns its folder."""

    def make(files: Mapping[str, str | bytes], *, name: str = "vault") -> Path:
        vault = tmp_path / name
        vault.mkdir(exist_ok=True)
        for relative, content in files.items():
            path = vault / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return vault

    return make


@pytest.fixture
def make_settings(tmp_path: Path) -> Callable[..., IngestSettings]:
    """Return a function that makes the settings of a vault, its index beside it."""

    def make(vault: Path, **values: Any) -> IngestSettings:
        return IngestSettings(**{"vault": vault, "index": tmp_path / "index", **values})

    return make


@pytest.fixture(scope="session")
def demonstration_vault() -> Path:
    """The vault shipped with Cimaise."""
    return ROOT / "notes"


@pytest.fixture(scope="session")
def real_vault() -> Path:
    """The 2022 vault of museumXTD, which is never copied into the project."""
    vault = SHARED / "vaults" / "museumxtd-2022" / "Notes"
    if not vault.is_dir():
        pytest.skip("the museumXTD vault does not lie beside the checkout")
    return vault


@pytest.fixture(scope="session")
def gold() -> list[dict[str, Any]]:
    """The gold questions on the real vault."""
    path = SHARED / "gold" / "museumxtd-2022.jsonl"
    if not path.is_file():
        pytest.skip("the gold questions do not lie beside the checkout")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


@pytest.fixture(scope="session")
def demo_chain(
    demonstration_vault: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator["AnswerChain"]:
    """The keyless chain on the demonstration vault."""
    yield from _chain(demonstration_vault, tmp_path_factory.mktemp("demo") / "index")


@pytest.fixture(scope="session")
def real_chain(real_vault: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator["AnswerChain"]:
    """The keyless chain on the real vault."""
    yield from _chain(real_vault, tmp_path_factory.mktemp("real") / "index")


def _chain(vault: Path, index: Path) -> Iterator["AnswerChain"]:
    from assistant import Settings, build_chain  # noqa: PLC0415 - ingest's tests do without the assistant

    chain = build_chain(Settings(vault=vault, index=index))
    yield chain
    chain.close()
