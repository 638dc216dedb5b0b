"""Walking a vault: one outcome per file, each with its reason, whatever lies there."""

import hashlib
import json
import os
import stat
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import VaultError
from ingest.vault import Outcome, decode, read_note_file, walk_vault
from tests.conftest import let_through

ROOT = Path(__file__).parents[1]
FRENCH = "# Médiation\n\nL’œuvre « numérisée » du musée coûte 12 €.\n"


def _walk(vault: Path, *, exclude: tuple[str, ...] = ()) -> list[Outcome]:
    return list(walk_vault(vault, max_note_bytes=5_000_000, exclude=exclude))


def _reasons(vault: Path, *, exclude: tuple[str, ...] = ()) -> dict[str, str]:
    return {outcome.path: outcome.reason or outcome.status for outcome in _walk(vault, exclude=exclude)}


@pytest.mark.parametrize(
    ("path", "content", "reason"),
    [
        ("Note.md", "Texte.", "read"),
        ("Dossier/Note.markdown", "Texte.", "read"),
        ("NOTE.MD", "Texte.", "read"),
        (".obsidian/Note.md", "Texte.", "dossier ou fichier caché"),
        (".trash/Note.md", "Texte.", "dossier ou fichier caché"),
        ("Dossier/.git/Note.md", "Texte.", "dossier ou fichier caché"),
        (".Note.md", "Texte.", "dossier ou fichier caché"),
        ("node_modules/x/README.md", "Texte.", "dossier technique"),
        ("Templates/Note.md", "Texte.", "modèle de note"),
        ("a/Modèles/b/Note.md", "Texte.", "modèle de note"),
        ("mode\u0300les/Note.md", "Texte.", "modèle de note"),
        ("Modèles de données.md", "Texte.", "read"),
        ("Image.png", b"\x89PNG", "n’est pas une note Markdown"),
        ("Tableau.canvas", "{}", "n’est pas une note Markdown"),
        ("Vide.md", "", "vide"),
        ("Blanche.md", "\ufeff \r\n\t", "vide"),
        ("Binaire.md", bytes(range(256)) * 4, "contenu binaire"),
        ("Longue.md", "x" * 5_000_001, "plus de 5 Mo"),
        ("Juste.md", "x" * 5_000_000, "read"),
    ],
)
def test_each_file_has_its_reason(
    make_vault: Callable[..., Path], path: str, content: str | bytes, reason: str
) -> None:
    assert _reasons(make_vault({path: content})) == {path: reason}


@pytest.mark.parametrize(
    ("pattern", "left_out"),
    [
        ("Brouillon", {"Brouillon/A.md", "a/Brouillon/B.md"}),
        ("Brouillon/", {"Brouillon/A.md", "a/Brouillon/B.md"}),
        ("a/*", {"a/Brouillon/B.md", "a/C.md"}),
        ("*.excalidraw.md", {"D.excalidraw.md"}),
        ("a/C.md", {"a/C.md"}),
        ("C.md", {"a/C.md"}),
        ("inconnu", set()),
    ],
)
def test_exclusion_pattern_leaves_out(
    make_vault: Callable[..., Path], pattern: str, left_out: set[str]
) -> None:
    names = ("Brouillon/A.md", "a/Brouillon/B.md", "a/C.md", "D.excalidraw.md")
    reasons = _reasons(make_vault(dict.fromkeys(names, "Texte.")), exclude=(pattern,))
    assert {path for path, reason in reasons.items() if reason == "exclu par CIMAISE_EXCLUDE"} == left_out


def test_every_file_has_exactly_one_outcome(make_vault: Callable[..., Path]) -> None:
    names = ["a.md", "b/c.md", "b/d.png", ".git/e.md", "templates/f.md", "b/g/h/i.md", "j.md/k.md", "l.md"]
    vault = make_vault({name: "" if name == "l.md" else "Texte." for name in names})
    outcomes = _walk(vault)
    assert sorted(outcome.path for outcome in outcomes) == sorted(names)
    assert all(outcome.reason for outcome in outcomes if outcome.status != "read")


def test_folder_named_like_a_note_is_walked_into(make_vault: Callable[..., Path]) -> None:
    assert _reasons(make_vault({"Dossier.md/Note.md": "Texte."})) == {"Dossier.md/Note.md": "read"}


@pytest.mark.parametrize(
    ("name", "target", "reason"),
    [
        ("dehors.md", "../secret.md", "lien qui sort du dossier"),
        ("dedans.md", "Note.md", "lien vers un autre fichier du dossier"),
        ("mort.md", "absent.md", "lien mort"),
        ("boucle.md", "boucle.md", "lien mort"),
        ("dossier", "../ailleurs", "n’est pas une note Markdown"),
        ("dossier.md", "../ailleurs", "lien qui sort du dossier"),
        ("tour.md", ".", "lien vers un autre fichier du dossier"),
    ],
)
def test_symbolic_link_is_never_followed(
    make_vault: Callable[..., Path], tmp_path: Path, name: str, target: str, reason: str
) -> None:
    vault = make_vault({"Note.md": "Texte."})
    (tmp_path / "secret.md").write_text("Secret.", encoding="utf-8")
    (tmp_path / "ailleurs").mkdir()
    (tmp_path / "ailleurs" / "secret.md").write_text("Secret.", encoding="utf-8")
    (vault / name).symlink_to(target)
    assert _reasons(vault) == {"Note.md": "read", name: reason}


def test_note_swapped_for_a_link_is_not_read(make_vault: Callable[..., Path], tmp_path: Path) -> None:
    vault = make_vault({})
    (tmp_path / "secret.md").write_text("Secret.", encoding="utf-8")
    (vault / "Note.md").symlink_to(tmp_path / "secret.md")
    assert read_note_file(vault, b"Note.md", max_note_bytes=1000) is None


def test_vault_that_is_itself_a_link_is_read(make_vault: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "lien").symlink_to(make_vault({"Note.md": "Texte."}))
    assert _reasons(tmp_path / "lien") == {"Note.md": "read"}


def test_pipe_named_like_a_note_does_not_hang(make_vault: Callable[..., Path]) -> None:
    vault = make_vault({})
    os.mkfifo(vault / "tube.md")
    assert _reasons(vault) == {"tube.md": "n’est pas un fichier ordinaire"}


def test_unreadable_file_and_folder_fail_and_the_rest_is_read(make_vault: Callable[..., Path]) -> None:
    vault = make_vault({"Note.md": "Texte.", "Fermée.md": "Texte.", "dossier/x.md": "Texte."})
    (vault / "Fermée.md").chmod(0)
    (vault / "dossier").chmod(0)
    try:
        printed = _walk_without_privileges(vault)
    finally:
        (vault / "dossier").chmod(stat.S_IRWXU)
    refused = "failed droit de lecture refusé"
    assert printed == {"Note.md": "read ", "Fermée.md": refused, "dossier": refused}


def _walk_without_privileges(vault: Path) -> dict[str, str]:
    """Walk as nobody, in a child that has read its modules first: root ignores modes."""
    let_through(vault)
    code = (
        "import os, sys, pathlib, json; from ingest.vault import walk_vault\n"
        "if os.geteuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "found = walk_vault(pathlib.Path(sys.argv[1]), max_note_bytes=10000)\n"
        "print(json.dumps({item.path: f'{item.status} {item.reason}' for item in found}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(vault)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    if "PermissionError" in done.stderr and "setuid" in done.stderr:
        pytest.skip("this root cannot become another user")
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_name_that_is_not_utf8_is_kept_and_can_be_shown(make_vault: Callable[..., Path]) -> None:
    vault = make_vault({})
    name = b"caf\xe9.md"
    with open(os.path.join(os.fsencode(vault), name), "wb") as stream:
        stream.write(b"Texte.")
    [outcome] = _walk(vault)
    assert outcome.path == r"caf\xe9.md"
    assert outcome.file is not None
    assert outcome.file.raw_path == name
    assert read_note_file(vault, name, max_note_bytes=1000) == outcome.file


def test_names_that_differ_by_normal_form_or_case_stay_apart(make_vault: Callable[..., Path]) -> None:
    composed = "Médiation.md"
    decomposed = unicodedata.normalize("NFD", composed)
    vault = make_vault(dict.fromkeys((composed, decomposed, composed.lower()), "Texte."))
    ids = {outcome.path: outcome.file.id for outcome in _walk(vault) if outcome.file}
    assert set(ids) == {composed, decomposed, composed.lower()}
    assert len(set(ids.values())) == 3


def test_walk_is_in_order_of_path_whatever_the_order_of_creation(make_vault: Callable[..., Path]) -> None:
    names = ["c.md", "a.md", "b/b.md", "b/a.md"]
    first = [outcome.path for outcome in _walk(make_vault(dict.fromkeys(names, "x"), name="one"))]
    second = [outcome.path for outcome in _walk(make_vault(dict.fromkeys(names[::-1], "x"), name="two"))]
    assert first == second == ["a.md", "c.md", "b/a.md", "b/b.md"]


@pytest.mark.parametrize(("make", "words"), [(None, "n’existe pas"), ("file", "pas un dossier")])
def test_vault_that_is_no_folder_is_refused(tmp_path: Path, make: str | None, words: str) -> None:
    vault = tmp_path / "vault"
    if make:
        vault.write_text("x", encoding="utf-8")
    with pytest.raises(VaultError, match=words):
        _walk(vault)


def test_note_file_carries_the_hash_and_size_of_its_bytes(make_vault: Callable[..., Path]) -> None:
    content = FRENCH.encode("utf-16")
    file = read_note_file(make_vault({"N.md": content}), b"N.md", max_note_bytes=10_000)
    assert file is not None
    assert (file.sha256, file.size_bytes) == (hashlib.sha256(content).hexdigest(), len(content))


def test_deleted_note_reads_as_none(make_vault: Callable[..., Path]) -> None:
    assert read_note_file(make_vault({}), b"Partie.md", max_note_bytes=1000) is None


@pytest.mark.parametrize(
    ("data", "encoding", "warns"),
    [
        (FRENCH.encode(), "utf-8", False),
        (b"\xef\xbb\xbf" + FRENCH.encode(), "utf-8", False),
        (b"\xff\xfe" + FRENCH.encode("utf-16-le"), "utf-16-le", False),
        (b"\xfe\xff" + FRENCH.encode("utf-16-be"), "utf-16-be", False),
        (b"\xff\xfe\0\0" + FRENCH.encode("utf-32-le"), "utf-32-le", False),
        (FRENCH.encode("utf-16-le"), "utf-16-le", True),
        (FRENCH.encode("utf-16-be"), "utf-16-be", True),
        (FRENCH.encode("cp1252"), "cp1252", True),
    ],
)
def test_encoding_is_recognised(data: bytes, encoding: str, warns: bool) -> None:
    text, found, warning = decode(data)
    assert (text, found, warning is not None) == (FRENCH, encoding, warns)
    assert text == data.decode(encoding).removeprefix("\ufeff")


def test_bytes_that_cp1252_does_not_know_are_read_as_latin_1() -> None:
    assert decode(b"mus\xe9e \x81 \x8d fin")[:2] == ("musée \x81 \x8d fin", "latin-1")


@pytest.mark.parametrize("text", ["Le musée", "Le musée\n", "L’été", "Voilà", "Médiation à l’été\n"])
def test_short_note_in_cp1252_loses_no_letter_at_its_end(text: str) -> None:
    assert decode(text.encode("cp1252"))[:2] == (text, "cp1252")


@pytest.mark.parametrize("cut", [1, 2])
def test_truncated_utf8_loses_only_its_last_character(cut: int) -> None:
    text, encoding, warning = decode("L’été coûte 12 €".encode()[:-cut])
    assert (text, encoding) == ("L’été coûte 12 ", "utf-8")
    assert warning == "dernier caractère tronqué"


@pytest.mark.parametrize("newline", ["\n", "\r", "\r\n", "\u2028", "\x0b", "\x85", "\0" * 1 + "a" * 2000])
def test_nothing_between_the_bytes_and_the_text_is_changed(newline: str) -> None:
    text = f"é\u0301{newline}b\ufeffe\u0301{newline}"
    assert decode(text.encode())[0] == text


def test_only_one_leading_mark_is_dropped() -> None:
    assert decode("\ufeff\ufeffTexte".encode())[0] == "\ufeffTexte"


@pytest.mark.parametrize("data", [b"abc\0\0def", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\xff\xfea"])
def test_bytes_that_are_not_text_are_refused(data: bytes) -> None:
    with pytest.raises(UnicodeDecodeError):
        decode(data)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"), min_size=1))
def test_utf8_text_of_any_kind_comes_back_whole(text: str) -> None:
    assert decode(text.encode())[:2] == (text, "utf-8")


@given(st.binary(max_size=200))
def test_decoded_text_can_always_be_stored(data: bytes) -> None:
    try:
        text, encoding, warning = decode(data)
    except UnicodeDecodeError:
        return
    text.encode()
    assert warning == "dernier caractère tronqué" or text == data.decode(encoding).removeprefix("\ufeff")
