"""The command line: what it prints and where, its exit codes, how it takes bad input, signals and pipes."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from assistant.choice import Choice, choice_file, save_choice
from assistant.cli import main
from ingest.snapshot import writing
from ingest.vault import walk_vault
from tests.conftest import let_through

ROOT = Path(__file__).parents[1]
NOTES = {
    "Horaires.md": "# Horaires\n\nLe musée ouvre à dix heures. La boutique ferme à midi.\n",
    "Plan.md": "# Plan\n\nLe plan du musée compte trois étages et une cour.\n",
}
QUESTION = "Quand ouvre le musée ?"
STAGES = ("Lecture des notes", "Analyse des notes", "Écriture de l’index", "Calcul des vecteurs", "Rangement des vecteurs",
          "Vérification de l’index", "Publication de l’index", "Index publié")  # fmt: skip
NOBODY = """
import contextlib, io, json, os, sys
from assistant.cli import main
def run(folder, arguments):
    os.chdir(folder)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(arguments)
    return code, out.getvalue(), err.getvalue()
warm, cases = sys.argv[1], json.loads(sys.argv[2])
run(warm, ["index", "--vault", "vault", "--index", "index"])  # what is imported late is out of reach after
run(warm, ["ask", "Le musée ?", "--vault", "vault", "--index", "index"])
run(warm, ["doctor", "--vault", "vault", "--index", "index"])
if os.geteuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)
print(json.dumps({name: run(folder, arguments) for name, (folder, arguments) in cases.items()}))
"""
NOBODY_COMMANDS = {
    "warm": ["index"],
    "unreadable": ["index", "--strict"],
    "unlistable": ["index"],
    "unwritable": ["index"],
    "answers": ["ask", QUESTION],
    "settings": ["doctor"],
}
ENGLISH = re.compile(
    r"\b(?:the|usage|optional|show|help message|options:|could|ignored|expected|invalid|denied|exists)\b",
    re.IGNORECASE,
)

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def vault(make_vault: Callable[..., Path]) -> Path:
    return make_vault(NOTES)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs a command here and returns its code, its output and its errors."""

    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


def _child(*arguments: str, code: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    command = ["-m", "assistant.cli"] if code is None else ["-c", code]
    return subprocess.run(
        [sys.executable, *command, *arguments],
        capture_output=True, text=True, check=False, timeout=60, env={**os.environ, **environment},
    )  # fmt: skip


def _is_one_french_sentence(text: str) -> bool:
    return (
        text.endswith("\n")
        and text.count("\n") == 1
        and "Traceback" not in text
        and "imprévue" not in text
        and not ENGLISH.search(text)
    )


# Answers


def test_ask_shows_the_answer_with_its_sources(run: Run, vault: Path) -> None:
    code, shown, _ = run("ask", QUESTION, "--vault", str(vault))
    assert code == 0
    assert "Horaires\n  Le musée ouvre à dix heures. [1]\n" in shown
    assert "  [1] Horaires — Horaires.md\n" in shown
    assert "extraits, sans IA · " in shown


def test_json_holds_the_whole_answer_and_nothing_else(run: Run, vault: Path) -> None:
    code, shown, _ = run("ask", QUESTION, "--json", "--vault", str(vault))
    answer = json.loads(shown)
    assert code == 0
    assert list(answer) == [
        "question", "text", "verdict", "grounded", "mode", "notice", "complete", "sentences", "citations",
        "passages", "gaps", "removed", "usage",
    ]  # fmt: skip
    assert set(answer["sentences"][0]) == {"text", "label", "numbers"}
    assert (answer["question"], answer["verdict"], answer["grounded"]) == (QUESTION, "answered", True)


def test_json_citation_has_exact_offsets_and_no_address(run: Run, vault: Path) -> None:
    answer = json.loads(run("ask", QUESTION, "--json", "--vault", str(vault))[1])
    citation, passage = answer["citations"][0], answer["passages"][0]
    names = {"number", "note", "path", "heading", "start", "end", "encoding"}
    assert (set(citation), set(passage)) == (names | {"quote", "url"}, names | {"text", "score", "reason"})
    assert citation["url"] is None
    text = (vault / citation["path"]).read_bytes().decode(citation["encoding"])
    assert text[citation["start"] : citation["end"]] == citation["quote"] == "Le musée ouvre à dix heures."


def test_json_is_readable_french_and_the_same_twice(run: Run, vault: Path) -> None:
    first, second = (run("ask", QUESTION, "--json", "--vault", str(vault))[1] for _ in range(2))
    assert first == second
    assert "musée" in first


def test_json_is_refused_in_words_when_the_notes_do_not_say(run: Run, vault: Path) -> None:
    answer = json.loads(run("ask", "Prix du zeppelin ?", "--json", "--vault", str(vault))[1])
    assert answer["verdict"] != "answered"
    assert answer["grounded"] is False
    assert set(answer["gaps"][0]) == {"question", "nearest", "stub"}


def test_strict_turns_a_notice_into_a_failure(run: Run, vault: Path) -> None:
    arguments = ("ask", QUESTION, "--vault", str(vault))
    assert [run(*arguments)[0], run(*arguments, "--strict")[0]] == [0, 0]
    (vault / "Horaires.md").write_text("# Horaires\n\nLe musée est fermé.\n", encoding="utf-8")
    code, shown, _ = run(*arguments, "--strict")
    assert code == 1
    assert "La note a changé" in shown
    assert run(*arguments)[0] == 0


def test_index_without_its_vectors_still_answers_and_says_so(run: Run, vault: Path, tmp_path: Path) -> None:
    places = ("--vault", str(vault), "--index", str(tmp_path / "index"))
    run("index", *places)
    shutil.rmtree(tmp_path / "index" / "1" / "chroma")
    answer = json.loads(run("ask", QUESTION, "--json", *places)[1])
    assert answer["verdict"] == "answered"
    assert answer["notice"]


# Index


def test_index_reports_what_was_read_and_left_aside(run: Run, vault: Path, tmp_path: Path) -> None:
    (vault / "image.png").write_bytes(b"\x89PNG")
    code, shown, progress = run("index", "--vault", str(vault), "--index", str(tmp_path / "index"))
    assert code == 0
    assert shown.startswith("2 notes indexées sur 3 fichiers (2 ajoutées, ")
    assert f"\nIndex : {tmp_path / 'index'}\n" in shown
    assert "Laissés de côté (1) :\n  image.png : n’est pas une note Markdown\n" in shown
    assert "Lecture des notes…\n" in progress


def test_progress_stays_out_of_the_output(run: Run, vault: Path) -> None:
    _, shown, progress = run("index", "--vault", str(vault))
    assert progress == "".join(f"{stage}…\n" for stage in STAGES)
    assert "…" not in shown


def test_second_index_changes_nothing_unless_forced(run: Run, vault: Path) -> None:
    places = ("index", "--vault", str(vault))
    run(*places)
    assert run(*places)[1].startswith("Rien n’a changé : 2 notes à jour.")
    assert run(*places, "--force")[1].startswith("2 notes indexées sur 2 fichiers")


def test_strict_turns_a_note_to_mend_into_a_failure(run: Run, vault: Path) -> None:
    (vault / "Ancien.md").write_bytes("Le musée rêvé.".encode("cp1252"))
    code, shown, _ = run("index", "--vault", str(vault))
    assert (code, "À mender (1) :\n  Ancien.md : " in shown) == (0, True)
    assert run("index", "--vault", str(vault), "--strict")[0] == 1


def test_options_go_before_or_after_the_command(run: Run, vault: Path, tmp_path: Path) -> None:
    places = ("--vault", str(vault), "--index", str(tmp_path / "index"))
    assert run(*places, "--strict", "index")[0] == run("index", *places, "--strict")[0] == 0
    assert (tmp_path / "index" / "CURRENT").is_file()


def test_most_notes_gone_is_a_failure_until_it_is_forced(run: Run, vault: Path) -> None:
    (vault / "Reste.md").write_text("# Reste\n\nUn mot.\n", encoding="utf-8")
    run("index", "--vault", str(vault))
    for name in NOTES:
        (vault / name).unlink()
    code, _, said = run("index", "--vault", str(vault))
    assert code == 1
    assert "2 notes sur 3 ont disparu" in said
    assert run("index", "--vault", str(vault), "--force")[0] == 0


def test_doctor_says_all_is_well_or_fails(run: Run, vault: Path) -> None:
    run("index", "--vault", str(vault))
    code, shown, said = run("doctor", "--vault", str(vault), "--strict")
    assert (code, said) == (0, "")
    assert [line[0] for line in shown.splitlines()] == ["✓"] * 4
    code, shown, said = run("doctor", "--vault", "absent")
    assert (code, said) == (1, "")
    assert "✗ Notes : " in shown


def test_doctor_warns_and_strict_makes_it_a_failure(run: Run, vault: Path) -> None:
    assert [run("doctor", "--vault", str(vault), *more)[0] for more in ((), ("--strict",))] == [0, 1]


# Help and bad input


@pytest.mark.parametrize("command", [[], ["serve"], ["ask"], ["index"], ["evaluate"], ["doctor"]])
def test_help_is_in_french(capsys: pytest.CaptureFixture[str], command: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([*command, "--help"])
    shown = capsys.readouterr().out
    assert caught.value.code == 0
    assert shown.startswith("Utilisation : cimaise")
    assert "affiche cette aide" in shown
    assert not ENGLISH.search(shown)
    assert not re.search(r"\w:$", shown, re.MULTILINE), "a colon takes a space before it"


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["-h"])
    shown = capsys.readouterr().out
    assert all(f"    {name} " in shown for name in ("serve", "ask", "index", "evaluate", "doctor"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--inconnu",), "argument inconnu : --inconnu"),
        (("ask", QUESTION, "--inconnu"), "argument inconnu : --inconnu"),
        (("ask", "a", "b"), "argument inconnu : b"),
        (("ask",), "il manque QUESTION"),
        (("evaluate",), "il manque QUESTIONS"),
        (("evaluate", "absent.jsonl"), "le fichier ne peut pas être lu"),
        (("evaluate", "fichier.md"), "n’est pas du JSON"),
        (("evaluate", "q.jsonl", "--failures", "peu"), "un nombre entier est attendu, pas 'peu'"),
        (("evaluate", "q.jsonl", "--failures", "3", "--json"), "ne va pas avec"),
        (("bonjour",), "choix inconnu : 'bonjour'"),
        (("--port",), "--port: une valeur est attendue"),
        (("--port", "abc"), "un nombre entier est attendu, pas 'abc'"),
        (("--port", "0"), "CIMAISE_PORT : la valeur est trop petite"),
        (("--port", "-1"), "CIMAISE_PORT : la valeur est trop petite"),
        (("--port", "70000"), "CIMAISE_PORT : la valeur est trop grande"),
        (("--h",), "--help"),
        (("--strict=oui",), "--strict"),
        (("index", "--force=1"), "--force"),
        (("--host", "300.1.1.1"), "CIMAISE_HOST"),
        (("--public-url", "cimaise.musee.fr"), "CIMAISE_PUBLIC_URL"),
        (("--public-url", "https://cimaise.musee.fr"), "CIMAISE_PASSWORD"),
        (("ask", ""), "La question est vide"),
        (("ask", " \n\t "), "La question est vide"),
        (("ask", "?!"), "aucun mot"),
        (("ask", "x" * 20_000), "20000 caractères"),
        (("ask", QUESTION, "--vault", "absent"), "« absent » : il n’existe pas"),
        (("index", "--vault", "absent"), "« absent » : il n’existe pas"),
        (("ask", QUESTION, "--vault", "vide"), "aucune note Markdown"),
        (("index", "--vault", "vide"), "aucune note Markdown"),
        (("index", "--vault", "fichier.md"), "ce n’est pas un dossier"),
        (("index", "--vault", "vault", "--index", "vault/index"), "l’un dans l’autre"),
        (("ask", QUESTION, "--vault", "vault", "--index", "vault/index"), "l’un dans l’autre"),
        (("index", "--vault", "vault", "--index", "."), "l’un dans l’autre"),
    ],
)  # fmt: skip
def test_bad_input_is_told_in_one_french_sentence(
    run: Run, vault: Path, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    (tmp_path / "vide").mkdir()
    (tmp_path / "fichier.md").write_text("Texte.", encoding="utf-8")
    code, shown, said = run(*arguments)
    assert (code, shown) == (2, "")
    assert words in said
    assert _is_one_french_sentence(said), said
    assert sorted(path.name for path in vault.iterdir()) == sorted(NOTES)


def test_unknown_command_is_named_without_a_hole(run: Run) -> None:
    assert "(:" not in run("bonjour")[2]


@pytest.mark.parametrize("vault_name", ["absent", "fichier.md", "vide"])
def test_page_is_up_and_says_why_a_folder_cannot_be_read(tmp_path: Path, vault_name: str) -> None:
    (tmp_path / "vide").mkdir()
    (tmp_path / "fichier.md").write_text("Texte.", encoding="utf-8")
    with _served("--vault", vault_name) as (page, url):
        door = _until_told(url, lambda door: bool(door["notice"]))
        page.send_signal(signal.SIGTERM)
        _, said = page.communicate(timeout=20)
    assert door["notice"].startswith(f"Dossier de notes « {vault_name} » : ")
    assert door["choose"]
    assert page.returncode == 0
    assert door["notice"] in said.splitlines()


def test_model_that_cannot_be_used_leaves_a_page_of_extracts(vault: Path) -> None:
    with _served("--vault", str(vault), CIMAISE_MODEL="openai:gpt-sans-cle") as (page, url):
        door = _until_told(url, lambda door: not door["waiting"])
        page.send_signal(signal.SIGTERM)
        page.communicate(timeout=20)
    assert "OPENAI_API_KEY" in door["notice"]
    assert re.fullmatch(r"\d+ notes?, à jour à \d+\u00a0h\u00a0\d\d\. Extraits, sans IA.*", door["mode"])


def test_what_was_chosen_in_the_page_is_served_the_next_time(vault: Path) -> None:
    save_choice(choice_file(), Choice(vault=str(vault)))
    with _served() as (page, url):
        door = _until_told(url, lambda door: not door["waiting"])
        page.send_signal(signal.SIGTERM)
        page.communicate(timeout=20)
    assert f"« {vault.name} »" in door["lead"].replace("\u00a0", " ")


def test_choices_that_cannot_be_read_are_one_warning(run: Run, vault: Path) -> None:
    choice_file().parent.mkdir(parents=True)
    choice_file().write_text("{", encoding="utf-8")
    code, _, said = run("index", "--vault", str(vault))
    assert code == 0
    assert said.count("ne sont pas lisibles") == 1


def test_port_that_is_taken_is_busy(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, shown, said = run("serve", "--port", str(port))
    assert (code, shown) == (3, "")
    assert f"Le port {port} de 127.0.0.1 est déjà pris" in said
    assert _is_one_french_sentence(said)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CIMAISE_PORT", "sept"),
        ("CIMAISE_LANGSMITH", "peut-être"),
        ("CIMAISE_MODEL", "gpt-sans-fournisseur"),
        ("CIMAISE_MODEL", "openai:gpt-sans-cle"),
        ("CIMAISE_EMBEDDINGS", "word2vec"),
        ("OPENAI_BASE_URL", "pas-une-adresse"),
    ],
)
@pytest.mark.parametrize("place", ["environment", "file"])
def test_setting_that_cannot_be_used_is_named(
    run: Run, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, place: str
) -> None:
    if place == "file":
        Path(".env").write_text(f"{variable}={value}\n", encoding="utf-8")
    else:
        monkeypatch.setenv(variable, value)
    code, shown, said = run("ask", QUESTION, "--index", "index")
    assert (code, shown) == (2, "")
    assert said.splitlines()[-1].startswith("Réglage ")
    assert value not in said


def test_model_whose_package_is_missing_is_told_with_the_command(
    run: Run, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIMAISE_MODEL", "mistralai:petit")
    code, _, said = run("ask", QUESTION, "--vault", str(vault))
    assert code == 2
    assert said.splitlines()[-1].startswith("Réglage CIMAISE_MODEL : ")
    assert "pip install langchain-mistralai" in said


def test_embeddings_whose_package_is_missing_name_their_setting(
    run: Run, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIMAISE_EMBEDDINGS", "mistralai:petit")
    code, _, said = run("ask", QUESTION, "--vault", str(vault))
    assert code in {1, 2}
    assert "CIMAISE_EMBEDDINGS" in said
    assert _is_one_french_sentence(said)


def test_env_file_in_latin_1_is_refused_before_anything_else(run: Run, vault: Path) -> None:
    Path(".env").write_bytes("CIMAISE_EXCLUDE=musée\n".encode("latin-1"))
    code, shown, said = run("ask", QUESTION, "--vault", str(vault))
    assert (code, shown) == (2, "")
    assert said.startswith("Réglage .env : le fichier n’est pas en UTF-8 (ligne 1)")
    assert _is_one_french_sentence(said)


# Processes


def test_ask_in_a_process_of_its_own_never_imports_gradio(vault: Path) -> None:
    code = (
        "import sys; from assistant.cli import main; code = main(sys.argv[1:])\n"
        "print(sorted({'gradio', 'openai', 'tiktoken', 'fastapi', 'uvicorn'} & set(sys.modules)), code)"
    )
    done = _child("ask", QUESTION, "--vault", str(vault), code=code)
    assert done.stdout.splitlines()[-1] == "[] 0", done.stderr


def test_accents_reach_a_terminal_that_is_not_utf8(vault: Path) -> None:
    done = _child("ask", "", "--vault", str(vault), PYTHONIOENCODING="ascii", LC_ALL="C")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("La question est vide ; écrivez")


@pytest.fixture(scope="module")
def nobody(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str, str]]:
    """What each command says to a user whom modes stop; all in one child, which is slow to start."""
    folder = tmp_path_factory.mktemp("nobody")
    cases = {}
    for name, command in NOBODY_COMMANDS.items():
        home = folder / name
        (home / "vault").mkdir(parents=True)
        for note, text in NOTES.items():
            (home / "vault" / note).write_text(text, encoding="utf-8")
        cases[name] = (str(home), [*command, "--vault", "vault", "--index", "index"])
    main(
        ["index", "--vault", str(folder / "answers" / "vault"), "--index", str(folder / "answers" / "index")]
    )
    (folder / "unreadable" / "vault" / "Fermée.md").write_text("Secret.", encoding="utf-8")
    (folder / "unreadable" / "vault" / "Fermée.md").chmod(0)
    (folder / "unreadable").chmod(0o777)
    (folder / "unlistable" / "vault").chmod(0)
    (folder / "settings" / ".env").write_text("CIMAISE_PORT=8000\n", encoding="utf-8")
    (folder / "settings" / ".env").chmod(0)
    let_through(folder)
    done = _child(str(folder / "warm"), json.dumps(cases), code=NOBODY)
    (folder / "unlistable" / "vault").chmod(0o755)
    if "PermissionError" in done.stderr and "setuid" in done.stderr:
        pytest.skip("this root cannot become another user")
    assert done.returncode == 0, done.stderr
    said: dict[str, tuple[int, str, str]] = {
        name: tuple(told) for name, told in json.loads(done.stdout).items()
    }
    return said


def test_unreadable_note_is_reported_and_the_run_goes_on(nobody: dict[str, tuple[int, str, str]]) -> None:
    code, shown, _ = nobody["unreadable"]
    assert code == 1
    assert shown.startswith("2 notes indexées sur 3 fichiers")
    assert "En échec (1) :\n  Fermée.md : droit de lecture refusé\n" in shown


def test_vault_that_cannot_be_listed_is_refused(nobody: dict[str, tuple[int, str, str]]) -> None:
    code, shown, said = nobody["unlistable"]
    assert (code, shown) == (2, "")
    assert "il ne peut pas être lu" in said
    assert _is_one_french_sentence(said)


def test_read_only_index_is_told_in_one_french_sentence(nobody: dict[str, tuple[int, str, str]]) -> None:
    code, shown, said = nobody["unwritable"]
    assert (code, shown) == (1, "")
    assert said.startswith("Impossible d’écrire l’index dans « ")
    assert _is_one_french_sentence(said), said


def test_read_only_index_still_answers(nobody: dict[str, tuple[int, str, str]]) -> None:
    code, shown, said = nobody["answers"]
    assert (code, said) == (0, "")
    assert "Le musée ouvre à dix heures. [1]" in shown


def test_unreadable_env_file_is_told_in_one_french_sentence(nobody: dict[str, tuple[int, str, str]]) -> None:
    code, shown, said = nobody["settings"]
    assert (code, shown) == (2, "")
    assert said.startswith("Réglage .env : ")
    assert _is_one_french_sentence(said)


def test_second_writer_is_told_who_holds_the_index(vault: Path, tmp_path: Path) -> None:
    with writing(tmp_path / "index"):
        done = _child("index", "--vault", str(vault), "--index", str(tmp_path / "index"))
    assert (done.returncode, done.stdout) == (3, "")
    assert f"(processus {os.getpid()}, depuis " in done.stderr
    assert _is_one_french_sentence(done.stderr)


def test_interrupted_index_ends_with_130_and_keeps_the_one_before(
    run: Run, vault: Path, tmp_path: Path
) -> None:
    places = ("index", "--vault", str(vault), "--index", str(tmp_path / "index"))
    run(*places)
    (vault / "Long.md").write_text(
        "# Long\n\n" + "Le musée ouvre encore une salle.\n\n" * 20_000, encoding="utf-8"
    )
    with subprocess.Popen(
        [sys.executable, "-m", "assistant.cli", *places], stdout=-1, stderr=-1, text=True
    ) as child:
        assert child.stderr is not None
        assert child.stderr.readline() == "Lecture des notes…\n"
        child.send_signal(signal.SIGINT)
        shown, said = child.communicate(timeout=30)
    assert (child.returncode, shown) == (130, "")
    assert said.endswith("\nInterrompu.\n")
    assert "Traceback" not in said
    assert (tmp_path / "index" / "CURRENT").read_text() == "1"


def test_closed_pipe_ends_without_a_word(run: Run, vault: Path) -> None:
    run("index", "--vault", str(vault))
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "assistant.cli", "ask", QUESTION, "--vault", str(vault)],
        stdout=writer, stderr=subprocess.PIPE, check=False,
    )  # fmt: skip
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


# The page


@contextmanager
def _served(*options: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Serve a page in a process of its own, and yield it with its address."""
    with subprocess.Popen(
        [sys.executable, "-m", "assistant.cli", "serve", *options, "--port", str(_free_port())],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    ) as page:
        assert page.stdout is not None
        ready = page.stdout.readline()
        try:
            yield page, ready.removeprefix("La page est ouverte sur ").partition(" ")[0]
        finally:
            page.kill()


def _until_told(url: str, told: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Return what the door says once it says what is waited for."""
    for _ in range(400):
        with urllib.request.urlopen(f"{url}/welcome", timeout=20) as reply:  # noqa: S310 - our own address
            door: dict[str, Any] = json.load(reply)
        if told(door):
            return door
        time.sleep(0.05)
    raise AssertionError(door)


def _free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port: int = free.getsockname()[1]
        return port


@pytest.fixture(scope="module", autouse=True)
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[signal.Signals, subprocess.Popen[str]]]:
    """A page for each signal that stops it; both start, which is slow, while the other tests run."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "vault").mkdir()
    for name, text in NOTES.items():
        (folder / "vault" / name).write_text(text, encoding="utf-8")
    pages = {
        number: subprocess.Popen(
            [sys.executable, "-m", "assistant.cli", "--vault", str(folder / "vault"),
             "--index", str(folder / f"index-{number}"), *command, "--port", str(_free_port())],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder,
        )
        for number, command in ((signal.SIGTERM, ("serve",)), (signal.SIGINT, ()))
    }  # fmt: skip
    yield pages
    for page in pages.values():
        page.kill()
        page.communicate()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_page_is_served_until_it_is_told_to_stop(
    served: dict[signal.Signals, subprocess.Popen[str]], stop: signal.Signals
) -> None:
    page = served[stop]
    assert page.stdout is not None
    ready = re.fullmatch(
        r"La page est ouverte sur (http://127\.0\.0\.1:\d+) \(Ctrl-C pour arrêter\)\.\n",
        page.stdout.readline(),
    )
    assert ready is not None
    _until_told(ready[1], lambda door: not door["waiting"])
    with urllib.request.urlopen(ready[1], timeout=20) as reply:  # noqa: S310 - our own address
        assert reply.status == 200
        assert b'lang="fr"' in reply.read()
    page.send_signal(stop)
    shown, said = page.communicate(timeout=20)
    assert (page.returncode, shown) == (0, "")
    assert said.splitlines()[-1].startswith("2 notes indexées sur 2 fichiers")
    assert "Traceback" not in said


def test_page_serves_the_last_index_where_the_notes_cannot_be_read_now(run: Run, vault: Path) -> None:
    run("index", "--vault", str(vault))
    vault.rename(vault.with_name("ailleurs"))
    command = ["serve", "--vault", str(vault), "--port", str(_free_port())]
    with subprocess.Popen(
        [sys.executable, "-m", "assistant.cli", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as page:
        assert page.stdout is not None
        ready = page.stdout.readline()
        page.send_signal(signal.SIGTERM)
        _, said = page.communicate(timeout=20)
    assert ready.startswith("La page est ouverte sur ")
    assert page.returncode == 0
    assert "il n’existe pas" in said


def test_vault_is_never_written_to(run: Run, vault: Path) -> None:
    before = {
        outcome.path: outcome.file and outcome.file.sha256
        for outcome in walk_vault(vault, max_note_bytes=10_000)
    }
    for command in (("index",), ("ask", QUESTION), ("doctor",)):
        run(*command, "--vault", str(vault))
    after = {
        outcome.path: outcome.file and outcome.file.sha256
        for outcome in walk_vault(vault, max_note_bytes=10_000)
    }
    assert before == after
