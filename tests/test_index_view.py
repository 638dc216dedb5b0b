"""The « Index » view over HTTP: what was read is told, what can be chosen is chosen here only, by our own page."""

import json
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from assistant.choice import choice_file, load_choice
from assistant.desk import Desk
from assistant.settings import Settings
from assistant.web import texts
from assistant.web.door.local import is_ours
from assistant.web.index import texts as index_texts
from assistant.web.index.folders import complete_folder
from ingest.snapshot import writing
from tests.desk_site import DeskSite, serve_desk, until
from tests.index_life import NearVerifier
from tests.model_server import Reply, serve_model

pytestmark = [
    pytest.mark.filterwarnings("ignore:'future.no_silent_downcasting' is deprecated"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),
]
NOTES: dict[str, str | bytes] = {
    "Étapes.md": "# Étapes\n\nLes étapes sont trois.\n",
    "<b>Vide.md": "",
    "<img src=x onerror=alert(1)>.txt": "x",
    ".cache/secret.md": "x",
    "Latin.md": "# Été\n\nUn été.\n".encode("latin-1"),
}
CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("/index/run", {"force": True}),
    ("/index/vault", {"vault": "/"}),
    ("/index/model", {"extracts": True}),
    ("/index/try", {"model": "openai:x"}),
]


@pytest.fixture(scope="module")
def verified() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingest.watch.Verifier", NearVerifier)
        yield


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vaults") / "un"
    for name, text in NOTES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


@pytest.fixture(scope="module")
def choices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("choices") / "choix.json"


@pytest.fixture(scope="module")
def served(vault: Path, choices: Path, verified: None) -> Iterator[DeskSite]:
    del verified
    settings = Settings(vault=vault, index=choices.parent / "index")
    with closing(Desk(settings, choice_path=choices)) as desk:
        desk.open()
        with serve_desk(desk) as site:
            site.settle()
            yield site


@pytest.fixture
def site(served: DeskSite, vault: Path) -> Iterator[DeskSite]:
    yield served
    if served.desk.settings.vault != vault:
        served.desk.choose_vault(vault)
    served.settle()


# What is told


def test_view_tells_what_was_read_and_what_was_left_aside(site: DeskSite) -> None:
    status, page = site.ask("/index")
    assert status == 200
    assert '<a href="/index" aria-current="page">' in page
    assert "2 notes lues sur 5 fichiers." in page
    for reason in ("Vide", "N’est pas une note Markdown", "Dossier ou fichier caché"):
        assert f"<span>{reason}</span> <span>1 fichier</span>" in page
    assert index_texts.WARNINGS in page
    assert str(site.desk.settings.vault) in page
    assert index_texts.VECTORS_ON in page


def test_names_of_files_are_text(site: DeskSite) -> None:
    _, page = site.ask("/index")
    assert "<img" not in page
    assert "&#60;img src=x onerror=alert(1)&#62;.txt" in page
    assert "&#60;b&#62;Vide.md" in page


def test_fragment_is_the_content_alone(site: DeskSite) -> None:
    _, fragment = site.ask("/index?fragment=1")
    assert fragment.startswith('<div class="cim-view" id="cim-index"><h1')
    assert "<html" not in fragment
    assert fragment.count("<form") == fragment.count('method="post"') == 2  # no key ever goes into an address


def test_state_is_small_and_not_kept(site: DeskSite) -> None:
    status, text = site.ask("/index/state")
    state = json.loads(text)
    assert status == 200
    assert state["running"] is False
    assert "2 notes" in state["line"]
    assert set(state) == {"running", "line", "failed", "done", "total", "mark"}


def test_reading_anew_is_asked_and_its_outcome_told(site: DeskSite, vault: Path) -> None:
    (vault / "Neuve.md").write_text("# Neuve\n\nUne note neuve.\n", encoding="utf-8")
    before = site.desk.state.read_at
    until(lambda: site.post("/index/run")[0] == 202)
    until(lambda: not site.desk.state.running and site.desk.state.read_at != before)
    assert site.desk.note_count == 3
    (vault / "Neuve.md").unlink()
    until(lambda: site.desk.note_count == 2)


def test_busy_index_says_so(site: DeskSite) -> None:
    site.settle()
    with writing(site.desk.settings.index_folder):
        until(lambda: site.post("/index/run")[0] == 202)
        until(lambda: "déjà en cours" in json.loads(site.ask("/index/state")[1])["line"])
    until(lambda: site.post("/index/run")[0] == 202)
    until(lambda: site.desk.state.error is None and not site.desk.state.running)


def test_door_is_in_the_page_itself(site: DeskSite) -> None:
    _, page = site.ask("/")
    _, _, rest = page.partition('id="cim-welcome">')
    door = json.loads(rest.partition("</script>")[0])
    assert "2 notes" in door["lead"]
    assert door == json.loads(site.ask("/welcome")[1])


# Choosing


def test_folder_is_chosen_remembered_and_read(site: DeskSite, choices: Path, tmp_path: Path) -> None:
    other = tmp_path / "deux"
    other.mkdir()
    (other / "Autre.md").write_text("# Autre\n\nUne autre note.\n", encoding="utf-8")
    assert site.post("/index/vault", vault=f" {other} ") == (200, {"said": index_texts.VAULT_CHOSEN})
    site.settle()
    assert "1 note lue sur 1 fichier." in site.ask("/index")[1]
    assert load_choice(choices)[0].vault == str(other)
    assert stat.S_IMODE(choices.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("folder", "sentence"),
    [("absent", "il n’existe pas"), ("note.md", "pas un dossier"), ("vide", "aucune note")],
)
def test_folder_that_cannot_be_read_is_a_sentence(
    site: DeskSite, tmp_path: Path, folder: str, sentence: str
) -> None:
    (tmp_path / "note.md").write_text("x", encoding="utf-8")
    (tmp_path / "vide").mkdir()
    status, said = site.post("/index/vault", vault=str(tmp_path / folder))
    assert status == 422
    assert sentence in said["error"]


def test_index_inside_the_notes_is_refused(
    site: DeskSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    (tmp_path / "note.md").write_text("Texte.", encoding="utf-8")
    assert "l’un dans l’autre" in site.post("/index/vault", vault=str(tmp_path))[1]["error"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"vault": 3}', b'{"vault": "a\\u0000b"}', b"[" * 60_000]
)
def test_what_is_no_choice_is_refused(site: DeskSite, body: bytes) -> None:
    headers = {"Origin": site.url, "Content-Type": "application/json"}
    assert site.ask("/index/vault", "POST", body, headers)[0] in {400, 422}


def test_model_is_tried_before_it_is_chosen(site: DeskSite) -> None:
    with serve_model(Reply(("bonjour",))) as server:
        asked = {"model": "openai:petit", "base_url": server.url, "key": "cle-a-taire"}
        status, said = site.post("/index/try", **asked)
        assert (status, "Le modèle répond" in said["said"]) == (200, True)
        assert site.desk.mode == "extracts"
        assert server.requests


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (Reply(status=401, body=b"{}"), "La clé d’accès au modèle est refusée"),
        (Reply(status=404, body=b"{}"), "ne connaît pas ce modèle"),
        (Reply(("",)), "ne répond pas correctement"),
        (Reply(("tard",), hang_s=3), "pas répondu à temps"),
        (Reply(body=b"<html>", content_type="text/html"), "ne répond pas correctement"),
    ],
)
def test_model_that_does_not_answer_is_one_sentence(
    site: DeskSite, monkeypatch: pytest.MonkeyPatch, reply: Reply, sentence: str
) -> None:
    monkeypatch.setattr("assistant.trial._LONGEST_S", 0.8)
    with serve_model(reply) as server:
        status, said = site.post("/index/try", model="openai:petit", base_url=server.url)
    assert status == 422
    assert sentence in said["error"]


@pytest.mark.parametrize("keep", [True, False])
def test_key_is_never_sent_back_and_kept_only_where_that_is_asked(
    site: DeskSite, choices: Path, keep: bool
) -> None:
    with serve_model(Reply(("bonjour",))) as server:
        asked = {"model": "openai:petit", "base_url": server.url, "key": "cle-a-taire", "keep_key": keep}
        status, said = site.post("/index/model", **asked)
        assert (status, said["said"]) == (200, texts.mode_line("model", None))
        page = site.ask("/index")[1] + site.ask("/index/state")[1] + site.ask("/")[1]
    assert "cle-a-taire" not in page
    assert index_texts.KEY_KNOWN in page
    assert 'value="openai&#58;petit"' in page
    assert ("cle-a-taire" in choices.read_text(encoding="utf-8")) is keep
    assert site.post("/index/model", extracts=True)[1]["said"] == texts.mode_line("extracts", None)
    assert "cle-a-taire" not in choices.read_text(encoding="utf-8")
    assert load_choice(choices)[0].model == ""


def test_model_without_a_name_is_refused(site: DeskSite) -> None:
    assert site.post("/index/model") == (422, {"error": index_texts.MODEL_EMPTY})
    assert "fournisseur:modèle" in site.post("/index/model", model="sans")[1]["error"]


# Who may ask


@pytest.mark.parametrize(("path", "asked"), CHANGES)
@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/json"},  # a program, or a form of a page that hides its origin
        {"Origin": "null", "Content-Type": "application/json"},
        {"Origin": "http://evil.example", "Content-Type": "application/json"},
        {"Origin": "{own}", "Content-Type": "text/plain"},
        {"Origin": "{own}", "Content-Type": "application/x-www-form-urlencoded"},
        {"Origin": "{own}", "Content-Type": "application/json", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_nothing_but_our_own_page_changes_anything(
    site: DeskSite, path: str, asked: dict[str, object], headers: dict[str, str]
) -> None:
    before, settings = site.desk.state, site.desk.settings
    sent = {name: value.format(own=site.url) for name, value in headers.items()}
    assert site.ask(path, "POST", json.dumps(asked).encode(), sent)[0] == 403
    assert site.desk.settings is settings
    assert site.desk.state.read_at == before.read_at


def test_own_page_is_told_by_its_origin_and_its_json() -> None:
    assert is_ours({"host": "h:1", "origin": "http://h:1", "content-type": "application/json; charset=utf-8"})
    assert not is_ours({"host": "", "origin": "", "content-type": "application/json"})


@pytest.mark.parametrize("bound", ["0.0.0.0", "192.0.2.7"])
def test_elsewhere_than_on_this_machine_nothing_is_chosen_and_no_folder_told(
    site: DeskSite, bound: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.indexing._PAUSE_S", 0.0)
    with serve_desk(site.desk, bound=bound) as open_site:
        for path, asked in CHANGES:
            assert open_site.post(path, **asked)[0] == 404
        assert open_site.ask("/index/folders?q=/")[0] == 404
        status, page = open_site.ask("/index")
        assert status == 200
        assert str(site.desk.settings.vault) not in page
        assert "<form" not in page
        assert 'data-act="rebuild"' not in page
        until(lambda: open_site.post("/index/run")[0] == 202)


def test_visitors_have_the_notes_read_anew_once_a_minute_and_who_is_here_at_will(
    site: DeskSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    until(lambda: site.post("/index/run")[0] == 202)
    site.settle()
    monkeypatch.setattr("assistant.indexing._PAUSE_S", 3_600.0)
    with serve_desk(site.desk, bound="0.0.0.0") as elsewhere:
        status, said = elsewhere.post("/index/run")
    assert status == 429
    assert re.fullmatch(r"Une lecture vient de finir\u202f; attendez 3\d{3} secondes .*\.", said["error"])
    until(lambda: site.post("/index/run")[0] == 202)


def test_name_of_another_machine_is_not_this_machine(site: DeskSite) -> None:
    assert site.ask("/index/folders", headers={"Host": "evil.example"})[0] == 421


def test_error_of_the_vault_hides_its_folder_from_elsewhere(
    vault: Path, tmp_path: Path, verified: None
) -> None:
    del verified, vault
    with closing(Desk(Settings(vault=tmp_path / "secret-folder"))) as desk:
        desk.open()
        until(lambda: desk.state.error is not None and not desk.state.running)
        with serve_desk(desk, bound="0.0.0.0") as elsewhere:
            shown = [
                elsewhere.ask(path)[1] for path in ("/welcome", "/index/state", "/index?fragment=1", "/")
            ]
            assert all(str(tmp_path) not in text for text in shown)
            assert index_texts.WELCOME_NOT_READY in shown[0]
        with serve_desk(desk) as here:
            assert str(tmp_path) in here.ask("/welcome")[1]
            assert index_texts.WELCOME_CHOOSE in here.ask("/welcome")[1]


# Folders


def test_folders_go_on_as_typed_with_how_many_notes_each_holds(site: DeskSite, tmp_path: Path) -> None:
    for name in ("Musée/a.md", "Musée/sous/b.MD", "Musée/.git/c.md", "Muséologie/x.txt", "Autre/y.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    _, text = site.ask(f"/index/folders?q={tmp_path}/mus".replace("é", "%C3%A9"))
    found = json.loads(text)
    assert (found["above"], found["here"]) == (str(tmp_path.parent), "")
    leaf = json.loads(site.ask(f"/index/folders?q={tmp_path}/Autre")[1])
    assert (leaf["here"], leaf["folders"]) == ("Ce dossier\u00a0: 1 note.", [])
    assert [(Path(f["path"]).name, f["held"]) for f in found["folders"]] == [
        ("Musée", "2 notes"),
        ("Muséologie", "0 note"),
    ]
    assert [Path(f.path).name for f in complete_folder(f"{tmp_path}/Musée/").inside] == ["sous"]
    assert [Path(f.path).name for f in complete_folder(f"{tmp_path}/Musée/.").inside] == [".git"]


@pytest.mark.parametrize("typed", ["relatif", "/absent/nulle/part", "a\0b", "~personne/x", "x" * 5_000])
def test_what_is_no_path_lists_nothing(typed: str) -> None:
    assert complete_folder(typed).inside == ()


def test_links_and_what_may_not_be_listed_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ouvert").mkdir()
    (tmp_path / "ferme").mkdir()
    (tmp_path / "lien").symlink_to("/etc")
    access = os.access
    monkeypatch.setattr(
        "os.access", lambda path, mode: not str(path).endswith("ferme") and access(path, mode)
    )
    assert [Path(f.path).name for f in complete_folder(f"{tmp_path}/").inside] == ["ouvert"]


def test_counting_notes_ends_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "grand" / "sous").mkdir(parents=True)
    (tmp_path / "grand" / "a.md").write_text("x", encoding="utf-8")
    monkeypatch.setattr("assistant.web.index.folders._ENTRIES", 0)
    [folder] = complete_folder(f"{tmp_path}/").inside
    assert (folder.notes, folder.at_least) == (1, True)
    assert index_texts.notes_held(folder.notes, at_least=True) == "plus de 1 note"


# What is said


@pytest.mark.parametrize(
    ("stage", "done", "total", "said"),
    [
        ("Lecture des notes", 120, None, "Je lis vos notes : 120…"),
        ("Analyse des notes", 120, 400, "Je lis vos notes : 120 sur 400…"),
        ("Calcul des vecteurs", 0, 2_400, "Je range vos notes, calcul des vecteurs…"),
        ("Calcul des vecteurs", 1_200, 2_400, "Je range vos notes, calcul des vecteurs : 1 200 sur 2 400…"),
    ],
)
def test_progress_is_a_sentence(stage: str, done: int, total: int | None, said: str) -> None:
    assert index_texts.progress(stage, done, total).replace("\u202f", " ").replace("\u00a0", " ") == said


def test_moments_and_durations_are_french() -> None:
    now = datetime(2026, 3, 3, 18, 0, tzinfo=UTC)
    assert index_texts.moment(now.replace(hour=9, minute=5), now) == "aujourd’hui à 9\u00a0h\u00a005"
    assert index_texts.moment(datetime(2026, 3, 1, 9, 5, tzinfo=UTC), now).startswith("le 1er mars 2026 à")
    assert index_texts.lately(now.replace(hour=9, minute=5), now) == "à jour à 9\u00a0h\u00a005"
    assert index_texts.lately(datetime(2026, 3, 1, tzinfo=UTC), now) == "à jour au 1er mars 2026"
    assert [index_texts.duration(s) for s in (0.2, 4.4, 200)] == [
        "moins d’une seconde",
        "4\u00a0s",
        "3\u00a0min",
    ]


def test_choices_of_these_tests_are_none_of_the_user_s() -> None:
    assert not choice_file().exists()


def test_paths_are_listed_up_to_a_point(make_vault: Callable[..., Path], verified: None) -> None:
    del verified
    vault = make_vault({"N.md": "# N\n\nTexte.\n", **{f"{n}.txt": "x" for n in range(230)}})
    with closing(Desk(Settings(vault=vault))) as desk:
        desk.open()
        with serve_desk(desk) as site:
            site.settle()
            page = site.ask("/index")[1]
    assert "230 fichiers" in page
    assert "… et 30 de plus" in page
