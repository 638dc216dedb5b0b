"""The house rules that no other tool checks: the README's promises, ceilings, owners, what an import brings."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from assistant.arguments import Command
from assistant.cli import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SOURCES = sorted(path for folder in ("assistant", "ingest") for path in (ROOT / folder).rglob("*.py"))
MEASURED = [*SOURCES, *sorted((ROOT / "benchmarks").glob("*.py"))]
LONGEST_FILE, LONGEST_FUNCTION = 260, 44  # lines: about 40, docstring left out
BROAD = frozenset({"Exception", "BaseException"})
# Written in pieces: this file is tracked too.
PLACES = "|".join(
    (
        "/wo" + "rk/",
        "/ro" + "ot/",
        "/ho" + r"me/\w",
        "/Us" + r"ers/\w",
        r"[A-Z]:\\Us" + "ers",
    )
)
HOSTS = "|".join(
    (
        "py" + r"pi\.",
        "python" + "hosted",
        "registry" + r"\.",
        "index" + "-url",
        "arti" + "factory",
        "ne" + "xus",
    )
)


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _fenced(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def _tracked() -> Iterator[Path]:
    git = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(git, cwd=ROOT, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not in a git checkout")
    for name in done.stdout.split(b"\0"):
        path = ROOT / os.fsdecode(name)
        if name and path.is_file():
            yield path


def test_readme_is_short() -> None:
    assert len(README.splitlines()) <= 150


def test_readme_is_in_french() -> None:
    prose = re.sub(r"```.*?```|`[^`]*`", "", README, flags=re.DOTALL)
    assert len(re.findall(r"\b(?:le|la|les|des|une?|et|vos|dans)\b", prose)) > 50
    assert not re.findall(r"\b(?:the|your|and|with|of|install|click)\b", prose)


def test_readme_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_readme_names_every_command() -> None:
    assert set(get_args(Command)) == set(re.findall(r"`cimaise (\w+)", README))


def test_python_example_of_the_readme_prints_a_true_answer(tmp_path: Path) -> None:
    [code] = _fenced("python")
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    text, _, cited = done.stdout.rstrip().rpartition(" [(")
    citations = ast.literal_eval(f"[({cited}")
    notes = "\n".join(path.read_bytes().decode() for path in (ROOT / "notes").rglob("*.md"))
    assert "[1]" in text
    assert len(citations) >= 3
    assert all(note and quote in notes for _, note, quote in citations)


def test_console_example_of_the_readme_is_real_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    [session] = _fenced("console")
    command, _, shown = session.partition("\n")
    asked = re.fullmatch(r'\$ uv run cimaise ask "(.+)"', command)
    assert asked is not None
    monkeypatch.setenv("COLUMNS", "100")
    assert main(["ask", asked[1], "--index", str(tmp_path / "index")]) == 0
    printed = capsys.readouterr().out
    beginning, _, end = shown.partition("…\n")
    assert printed.startswith(beginning)
    assert printed.endswith(end)
    assert len(beginning.splitlines()) > 3


def test_no_machine_path_and_no_registry_in_any_tracked_file() -> None:
    found = []
    for path in _tracked():
        text = path.read_bytes().decode("utf-8", "replace")
        found += [(_name(path), hit[0]) for hit in re.finditer(f"{PLACES}|{HOSTS}", text)]
    assert found == []


def test_lock_file_of_one_machine_is_not_tracked() -> None:
    assert not {"uv.lock", ".env"} & {path.name for path in _tracked()}


def test_no_file_of_a_package_is_ignored_so_the_wheel_holds_them_all() -> None:
    """Hatch leaves out what git ignores; `.ci/check` asks the built wheel in both languages."""
    files = {
        path for folder in ("assistant", "ingest") for path in (ROOT / folder).rglob("*") if path.is_file()
    }
    held = {path for path in files if "__pycache__" not in path.parts}
    assert {path.name for path in held} >= {"synonymes.txt", "anglais.txt"}
    assert held - set(_tracked()) == set()


@pytest.mark.parametrize("path", MEASURED, ids=_name)
def test_file_is_not_too_long(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    docstring = function.body[0] if ast.get_docstring(function) else None
    said = (docstring.end_lineno or 0) - docstring.lineno + 1 if docstring else 0
    return (function.end_lineno or 0) - function.lineno + 1 - said


@pytest.mark.parametrize("path", MEASURED, ids=_name)
def test_functions_are_not_too_long(path: Path) -> None:
    functions = [
        node for node in ast.walk(_tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    lengths = {node.name: _length(node) for node in functions}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FUNCTION} == {}


def _broad(node: ast.AST) -> bool:
    """Tell whether a handler catches everything; one that only cleans up and raises again hides nothing."""
    if not isinstance(node, ast.ExceptHandler):
        return False
    kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    broad = any(kind is None or (isinstance(kind, ast.Name) and kind.id in BROAD) for kind in kinds)
    last = node.body[-1]
    return broad and not (isinstance(last, ast.Raise) and last.exc is None)


def test_everything_is_caught_in_two_places_and_at_the_provider_boundary() -> None:
    places = [_name(path) for path in SOURCES for node in ast.walk(_tree(path)) if _broad(node)]
    assert sorted(places) == ["assistant/cli.py", "assistant/web/chat/asking.py", "ingest/providers.py"]


def _calls(path: Path, name: str) -> bool:
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
        for node in ast.walk(_tree(path))
    )


def test_only_the_command_line_prints() -> None:
    assert [_name(path) for path in SOURCES if _calls(path, "print")] == ["assistant/cli.py"]


def test_environment_is_read_by_the_settings_and_looked_at_by_the_doctor() -> None:
    readers = [
        _name(path) for path in SOURCES if re.search(r"os\.(?:environ|getenv)", path.read_text("utf-8"))
    ]
    # pydantic-settings reads it for the settings, which look for keys in it too; a child process is given all of it
    assert readers == ["assistant/doctor.py", "assistant/settings.py", "ingest/verify.py"]


@pytest.mark.parametrize("module", ["share=True", "debug=True", "load_dotenv"])
def test_nothing_is_shared_or_debugged(module: str) -> None:
    assert [_name(path) for path in SOURCES if module in path.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_every_module_says_what_it_is(path: Path) -> None:
    said = ast.get_docstring(_tree(path)) or ""
    assert said
    assert len(said.splitlines()[0]) <= 110


def test_tests_stay_flat() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []
    assert not list((ROOT / "tests").glob("*/test_*.py"))


@pytest.mark.parametrize("modules", ["assistant, ingest", "assistant.settings, assistant.cli, ingest.errors"])
def test_importing_brings_nothing_heavy(modules: str) -> None:
    code = f"import sys, {modules}; print(sorted({{'gradio', 'chromadb', 'openai', 'tiktoken'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
