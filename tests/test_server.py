"""The server as a whole: what it answers, what it keeps closed, how it starts and stops."""

import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from assistant.answer import Answer, Mode, Question
from assistant.browse import Listing, Reading, Wanted, quote_mark
from assistant.scope import Scope
from assistant.web import script_texts, texts
from assistant.web.app import build_app
from assistant.web.door.guard import CONTENT_SECURITY_POLICY
from assistant.web.files import static_url
from assistant.web.server import check_port, page_url
from assistant.web.shell import french_shell
from ingest.errors import IndexMissingError, PortInUseError, SettingsError
from ingest.health.report import HealthReport
from ingest.store import StoredNote
from tests.serving import serve_app

TEXT = "# Titre\n\nUn 𝒳 <script>alert(1)</script> mot."


class Chain:
    note_count = 1
    vault_name = "notes"
    vault = Path("notes")
    remote_host: str | None = None
    mode: Mode = "extracts"

    def starters(self) -> tuple[str, ...]:
        return ()

    def scope(self) -> Scope:
        return Scope(folders=(("Forum <b>", 3),), years=(("2022", 1),))

    def leads(self, answer: Answer) -> tuple[str, ...]:
        return answer.removed

    def browse(self, wanted: Wanted) -> Listing:
        return Listing(first=wanted.page)

    def read(self, note_id: str) -> Reading | None:
        note = self.note(note_id)
        return None if note is None else Reading(note)

    def note_ids(self) -> dict[str, str]:
        return {"N.md": "a/é"}

    def health(self) -> HealthReport:
        return HealthReport(1, (), ())

    def titles(self, typed: str) -> tuple[str, ...]:
        return (f"Titre {typed}",)

    def note(self, note_id: str) -> StoredNote | None:
        if note_id == "gone":
            raise IndexMissingError(Path("index"))
        if note_id != "a/é":
            return None
        return StoredNote(
            row=1, id=note_id, path="N.md", raw_path=b"N.md", title="Titre", aliases=(), tags=(), date=None,
            encoding="utf-8", sha256="", private=False, text=TEXT,
        )  # fmt: skip

    async def astream(self, question: Question) -> AsyncIterator[Answer]:
        yield Answer(question=question.text, verdict="silent")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serve_app(lambda: build_app(Chain(), "127.0.0.1")) as opened:
        yield opened


def _ask(
    port: int,
    path: str,
    method: str = "GET",
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, {name.lower(): value for name, value in response.getheaders()}, text


def test_page_is_in_french_with_our_files_first_and_no_outside_address(port: int) -> None:
    status, headers, page = _ask(port, "/")
    assert status == 200
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert 'lang="fr"' in page
    assert 'lang="en"' not in page
    assert "raw.githubusercontent.com" not in page
    assert page.index("/cimaise/all.js") < page.index('type="module"')
    assert texts.NO_SCRIPT in page


def test_static_files_are_served(port: int) -> None:
    for name, kind in (
        ("cimaise.css", "text/css"),
        ("side.css", "text/css"),
        ("cimaise.js", "javascript"),
        ("scope.js", "javascript"),
        ("icon.svg", "image/svg+xml"),
    ):
        status, headers, _ = _ask(port, f"/cimaise/{name}")
        assert status == 200
        assert kind in headers["content-type"]


def test_files_are_sent_compressed_kept_and_known_again(port: int) -> None:
    entry = re.search(r"/assets/[^\"]+\.js", _ask(port, "/")[2])
    assert entry is not None
    for url in (entry.group(), static_url("all.js")):
        status, whole, script = _ask(port, url)
        assert (status, whole.get("content-encoding")) == (200, None)
        assert "immutable" in whole["cache-control"]
        _, packed, _ = _ask(port, url, "HEAD", headers={"Accept-Encoding": "gzip, br"})
        assert (packed["content-encoding"], packed["vary"]) == ("br", "Accept-Encoding")
        assert int(packed["content-length"]) < len(script.encode()) / 2
        assert _ask(port, url, headers={"If-None-Match": whole["etag"]})[::2] == (304, "")
    for unversioned in ("/cimaise/all.js", "/cimaise/all.js?v=old"):
        assert _ask(port, unversioned)[1]["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "/cimaise/none.js",
        "/cimaise/",
        "/cimaise/../texts.py",
        "/cimaise/..%2ftexts.py",
        "/cimaise/%2e%2e/texts.py",
        "/assets/none.js",
        "/assets/../index.html",
        "/assets/..%2findex.html",
    ],
)
def test_no_other_file_is_sent(port: int, path: str) -> None:
    assert _ask(port, path)[0] in {403, 404}


def test_answers_on_one_connection_do_not_wait_for_each_other(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    started = time.perf_counter()
    for _ in range(20):
        connection.request("GET", "/cimaise/icon.svg")
        connection.getresponse().read()
    connection.close()
    assert time.perf_counter() - started < 20 * 0.03  # each waits 0.04 s where TCP waits for more to send


def test_citation_link_works_without_script(port: int) -> None:
    status, headers, page = _ask(port, "/note/a%2F%C3%A9?start=12&end=13")
    assert status == 200
    assert headers["cache-control"] == "no-store"
    assert '<mark id="passage">𝒳</mark>' in page


def test_fragment_is_the_note_alone(port: int) -> None:
    _, _, fragment = _ask(port, "/note/a%2F%C3%A9?start=12&end=13&fragment=1")
    assert fragment.startswith("<h1")
    assert '<mark id="passage">𝒳</mark>' in fragment


def test_unknown_note_is_a_french_404(port: int) -> None:
    status, _, page = _ask(port, "/note/inconnue?start=0&end=4")
    assert status == 404
    assert texts.NOTE_UNKNOWN in page


def test_broken_index_is_a_sentence_not_a_500(port: int) -> None:
    status, _, page = _ask(port, "/note/gone")
    assert status == 503
    assert "cimaise index" in page


@pytest.mark.parametrize(
    "query",
    ["start=x&end=4", "start=-1&end=4", "start=1&end=" + "9" * 5000, "start=&end=", "start=%C2%B2&end=4"],
)
def test_bad_bounds_are_a_french_400(port: int, query: str) -> None:
    status, _, page = _ask(port, f"/note/a%2F%C3%A9?{query}")
    assert status == 400
    assert texts.NOTE_SPAN_INVALID in page


@pytest.mark.parametrize("query", ["start=4&end=4", "start=9&end=2", "start=0&end=999999999", "start=3"])
def test_bounds_outside_the_note_show_it_unmarked(port: int, query: str) -> None:
    status, _, page = _ask(port, f"/note/a%2F%C3%A9?{query}")
    assert status == 200
    assert "<mark" not in page
    assert texts.NOTE_SPAN_OUTSIDE in page


@pytest.mark.parametrize(
    ("start", "said", "marked"), [(12, "𝒳", ["𝒳"]), (9, "𝒳", ["𝒳"]), (12, "Y", []), (400, "𝒳", ["𝒳"])]
)
def test_only_what_was_quoted_is_marked_where_it_is_now(
    port: int, start: int, said: str, marked: list[str]
) -> None:
    query = f"start={start}&end={start + 1}&said={quote_mark(said)}"
    _, _, page = _ask(port, f"/note/a%2F%C3%A9?{query}")
    assert re.findall("<mark[^>]*>(.*?)</mark>", page) == marked
    assert (texts.NOTE_SPAN_OUTSIDE in page) is not bool(marked)


def test_scope_is_told_as_json_that_is_not_kept(port: int) -> None:
    status, headers, text = _ask(port, "/scope")
    assert status == 200
    assert headers["cache-control"] == "no-store"
    assert json.loads(text) == {
        "vault": "notes",
        "folders": [["Forum <b>", 3]],
        "tags": [],
        "years": [["2022", 1]],
    }


def test_titles_are_told_as_they_are_typed(port: int) -> None:
    status, headers, text = _ask(port, f"/titles?q={'x' * 300}")
    assert status == 200
    assert headers["cache-control"] == "no-store"
    assert json.loads(text) == [f"Titre {'x' * 200}"]


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_conversation_is_exported_as_text_that_no_browser_runs(port: int, form: str) -> None:
    record = {"question": "<script>alert(1)</script>"}
    status, headers, text = _ask(port, f"/export/{form}", "POST", json.dumps([record]).encode())
    assert status == 200
    assert headers["content-type"].startswith("text/plain")
    assert headers["x-content-type-options"] == "nosniff"
    assert "alert(1)" in text


@pytest.mark.parametrize(("body", "status"), [(b"{", 422), (b"", 422), (b"x" * (512 * 1024 + 1), 413)])
def test_export_refuses_what_is_no_conversation(port: int, body: bytes, status: int) -> None:
    assert _ask(port, "/export/html", "POST", body)[0] == status
    assert _ask(port, "/export/pdf", "POST", body)[0] == 404


@pytest.mark.parametrize(
    "path",
    [
        "/openapi.json", "/docs", "/redoc", "/gradio_api/info", "/gradio_api/openapi.json",
        "/gradio_api/runs",
        "/monitoring", "/gradio_api/proxy=http://evil.example/", "/gradio_api/file=/etc/passwd",
        "/note/../gradio_api/info", "/cimaise/../server.py", "/cimaise/%2e%2e/server.py", "/login",
        "/config/",
    ],
)  # fmt: skip
def test_what_the_page_does_not_need_is_closed(port: int, path: str) -> None:
    status, _, text = _ask(port, path)
    assert status == 404
    assert "def " not in text


@pytest.mark.parametrize(
    "path", ["/gradio_api/upload", "/gradio_api/call/ask", "/gradio_api/run/ask", "/login", "/"]
)
def test_posting_elsewhere_than_to_the_queue_is_closed(port: int, path: str) -> None:
    assert _ask(port, path, "POST", b"{}")[0] == 404


def test_queue_refuses_long_bodies_other_hosts_and_other_origins(port: int) -> None:
    join = "/gradio_api/queue/join"
    assert _ask(port, join, "POST", b"x" * (64 * 1024 + 1))[0] == 413
    assert _ask(port, join, "POST", b"{}", {"Host": "evil.example"})[0] == 421
    assert _ask(port, join, "POST", b"{}", {"Origin": "http://evil.example"})[0] == 403


def test_configuration_says_nothing_of_analytics_or_api(port: int) -> None:
    config = json.loads(_ask(port, "/config")[2])
    assert config["analytics_enabled"] is False
    assert config["footer_links"] == []
    assert all(event["api_visibility"] == "private" for event in config["dependencies"])
    assert not [part for part in config["components"] if part["type"] == "html"]


def test_shell_keeps_its_scripts_from_closing_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script_texts, "SCRIPT", {"x": "</script><b>"})
    assert "</script><b>" not in french_shell('<html lang="en"><meta charset="utf-8" /><gradio-app>')


def test_taken_port_is_a_sentence_that_names_another() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = listener.getsockname()[1]
        with pytest.raises(PortInUseError, match=str(taken)):
            check_port("127.0.0.1", taken)
    check_port("127.0.0.1", taken)


def test_address_of_another_machine_is_a_sentence() -> None:
    with pytest.raises(SettingsError, match="203"):
        check_port("203.0.113.7", 0)


def test_address_to_open_is_one_a_browser_can_open() -> None:
    assert page_url("0.0.0.0", 7860) == "http://127.0.0.1:7860"
    assert page_url("::1", 7860) == "http://[::1]:7860"


def test_checking_the_port_imports_neither_gradio_nor_fastapi() -> None:
    code = (
        "import sys; from assistant.web.server import check_port; check_port('127.0.0.1', 0); "
        "sys.exit(bool({'gradio', 'fastapi', 'uvicorn'} & set(sys.modules)))"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[1]).returncode
        == 0
    )


def test_server_says_when_it_is_ready_and_stops_cleanly_on_sigterm() -> None:
    code = (
        "from test_server import Chain; from assistant.reach import Reach; from assistant.web.server import run_server; "
        "run_server(Chain(), Reach('127.0.0.1', 0, None), lambda url: print(url, flush=True)); print('stopped')"
    )
    folder = Path(__file__).parent
    paths = {"PYTHONPATH": f"{folder.parent}:{folder}", "PATH": ""}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=paths
    ) as server:
        assert server.stdout is not None
        assert server.stderr is not None
        try:
            url = server.stdout.readline().strip()
            stream = http.client.HTTPConnection("127.0.0.1", int(url.rpartition(":")[2]), timeout=10)
            stream.request("GET", "/")
            page = stream.getresponse()
            page.read()
            cookie = {"Cookie": page.headers["Set-Cookie"].partition(";")[0]}
            stream.request("GET", "/gradio_api/heartbeat/open-tab", headers=cookie)
            assert stream.getresponse().status == 200
            server.send_signal(signal.SIGTERM)
            said, complained = server.communicate(timeout=15)
            assert (server.returncode, said.strip(), complained) == (0, "stopped", "")
            stream.close()
        finally:
            server.kill()
