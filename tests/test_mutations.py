"""Notes that are damaged at random, and notes of 5 MB made to hurt: nothing aborts, offsets stay exact."""

import contextlib
import json
import os
import random
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.chunk import MAX_CHARACTERS, split_note
from ingest.note import parse_note
from ingest.vault import Outcome, walk_vault

ROOT = Path(__file__).parents[1]
REAL = ROOT.parent / "shared" / "vaults" / "museumxtd-2022" / "Notes"
LIMIT = 5_000_000
MADE = (
    "---\naliases: [Publics, « Publics »]\ntags:\n- question\n- médiation/jeune-public\ndate: 2022-05-12\n---\n"
    "# Quels publics ?\n\nL’été, le musée compte **12 000** visiteurs[^1]. Voir [[Médiation|la note]].\n\n"
    "> [!note] À savoir\n> - [ ] un\n>   - deux ![[Plan.png]]\n\n<!-- à revoir -->\n\n[^1]: Rapport 2021.\n",
    "date : 2022mai12\ntags : #question\n---------\n## Un\n\nTexte `code` %% caché %% fin.\n\n```python\n# non\n```\n"
    "\n| a | b |\n|---|---|\n| c | [d](https://x.ch/(e)) |\n\nTitre\n=====\n\n$$x^2$$ #tag 👩\u200d👧 e\u0301\n",
)
SPLICES = (
    b"---\n", b"```", b"~~~\n", b"> " * 50, b"- " * 30, b"[[", b"]]", b"![[a#^b]]", b"<!--", b"-->", b"%%", b"\0",
    b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xff\xfe", b"\r", b"\r\n", b"\xe2\x80\xa8", b"\n\n", b"# ",
    b"&a [*a]\n", b"{{date}}\n", b"\t: ", b"data:image/png;base64,AAAA", b"<p hidden>", b"</p>", b"x" * 3_000,
    b"<<<<<<< HEAD\n", b">>>>>>> x\n", b"\xcc\x81" * 40, b"\\", b"|", b"&#0;", b"\xf0\x9f\x98\x80",
)  # fmt: skip


@cache
def _originals() -> tuple[bytes, ...]:
    real = sorted(REAL.rglob("*.md")) if REAL.is_dir() else []
    return tuple(text.encode() for text in MADE) + tuple(path.read_bytes() for path in real)


@st.composite
def _mutants(draw: st.DrawFn) -> bytes:
    """Draw a note and damage it: bytes changed, pieces put in, cut out, doubled, or all written otherwise."""
    data = draw(st.sampled_from(_originals()))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data)))
        to = min(len(data), at + draw(st.integers(0, 400)))
        kind = draw(st.sampled_from("splice splice cut double byte end".split()))
        if kind == "splice":
            data = data[:at] + draw(st.sampled_from(SPLICES)) * draw(st.integers(1, 3)) + data[at:]
        elif kind == "byte":
            data = data[:at] + draw(st.binary(max_size=3)) + data[at + 1 :]
        else:
            data = {"cut": data[:at] + data[to:], "double": data[:to] + data[at:], "end": data[:at]}[kind]
    encoding = draw(st.sampled_from(["", "", "", "utf-16", "utf-16-be", "cp1252"]))
    return data.decode("utf-8", "ignore").encode(encoding, "ignore") if encoding else data


NAMES = st.builds(
    lambda stem, suffix: stem.encode("utf-8", "surrogateescape")[:250].strip(b".") + suffix,
    st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=80)
    | st.sampled_from(
        ["a", "A", "é", "e\u0301", "x.excalidraw", "caf\udce9", "a\\xe9", "b (conflicted copy)"]
    ),
    st.sampled_from([b".md", b".MD", b".markdown", b".txt", b""]),
)


def _check(files: dict[bytes, bytes]) -> None:
    with TemporaryDirectory() as folder:
        for name, data in files.items():
            with open(os.path.join(os.fsencode(folder), name or b"a"), "wb") as stream:
                stream.write(data)
        on_disk = len(os.listdir(folder))
        outcomes = list(walk_vault(Path(folder), max_note_bytes=LIMIT))
    assert len(outcomes) == on_disk == len({outcome.path for outcome in outcomes})
    assert all((outcome.status == "read") == (outcome.file is not None) for outcome in outcomes)
    assert all(bool(outcome.reason) != (outcome.status == "read") for outcome in outcomes)
    for outcome in outcomes:
        _check_note(outcome)


def _check_note(outcome: Outcome) -> None:
    json.dumps(outcome.path, ensure_ascii=False).encode()
    if outcome.file is None:
        return
    text = outcome.file.text
    text.encode()
    note = parse_note(text, outcome.path)
    note.title.encode()
    assert note.title
    assert all(1 <= line <= text.count("\n") + text.count("\r") + 1 for line, _ in note.warnings)
    for link in note.links:
        assert text[link.start : link.end].startswith("![[" if link.embed else "[[")
        assert text[link.start : link.end].endswith("]]")
        assert link.target in text[link.start : link.end]
    edge = note.body_start
    for section in note.sections:
        assert edge <= section.start < section.end <= len(text)
        edge = section.end
    edge = 0
    for chunk in split_note(note):
        assert text[chunk.start : chunk.end] == chunk.text
        assert len(chunk.text) <= MAX_CHARACTERS
        assert edge <= chunk.start
        edge = chunk.end


@settings(max_examples=300)
@given(st.dictionaries(NAMES, _mutants(), min_size=1, max_size=3))
def test_damaged_notes_are_read_or_left_out_with_exact_offsets(files: dict[bytes, bytes]) -> None:
    _check(files)


@pytest.mark.campaign
@settings(max_examples=20_000)
@given(st.dictionaries(NAMES, _mutants(), min_size=1, max_size=1))
def test_campaign_of_damaged_notes(files: dict[bytes, bytes]) -> None:
    _check(files)


HOSTILE = {
    "one line": "x",
    "opening links": "[[",
    "links": "[[a]]",
    "opening comments": "<!--",
    "comments": "<!---->a",
    "percent signs": "%%%%a ",
    "quotes": ">",
    "quoted lines": "> a\n",
    "back-ticks": "`",
    "code": "`a` ",
    "fences": "``` \n",
    "hashes": "#",
    "headings": "# a\n",
    "tags": "#a ",
    "dashes": "- ",
    "items": "- a\n",
    "nested items": "".join("  " * depth + "- a\n" for depth in range(1_000)),
    "bars": "|",
    "table": "|a|b|\n",
    "stars": "*",
    "emphasis": "*a ",
    "digits": "1",
    "emoji": "😀",
    "marks": "\u0301\u0323",
    "accents": "e\u0301",
    "CR only": "a\r",
    "paragraphs": "a\n\n",
    "words": "a ",
    "elements": "<a>",
    "images": "<img " + " alt=a" * 300,
    "hidden elements": "<p hidden>",
    "escapes": "\\*",
    "entities": "&amp;",
    "bare entities": "&a",
    "opening targets": "[a](",
    "data": "data:image/png;base64,",
    "zero-width": "\u200ba",
    "orders": "ignore a a a ",
    "conflicts": "<<<<<<< a\n",
    "title": "# " + "x" * LIMIT,
    "yaml": "---\na: &a [x,x]\n" + "b: [*a,*a]\n" * 900 + "---\n",
    "fields": "a: b\n",
}
MEASURE = """
import json, resource, sys, time
from pathlib import Path
from ingest.chunk import split_note
from ingest.clean import clean
from ingest.note import parse_note
from ingest.vault import walk_vault
split_note(parse_note("# a\\n\\nb", "a.md"))  # the parser and the splitter are built once
found = {}
for note in sorted(Path(sys.argv[1]).iterdir()):
    started = time.process_time()
    [outcome] = walk_vault(note, max_note_bytes=5_000_000)
    chunks = split_note(parse_note(outcome.file.text, outcome.path))
    read = time.process_time()
    clean(outcome.file.text)
    exact = all(outcome.file.text[c.start:c.end] == c.text for c in chunks)
    found[note.name] = [read - started, time.process_time() - read, exact]
    del outcome, chunks
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
if Path("/proc/self/status").exists():  # there, `ru_maxrss` may be the parent's, from before this program
    [peak] = [int(line.split()[1]) // 1024 for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(json.dumps([found, peak]))
"""


@pytest.mark.parametrize(
    ("size_bytes", "seconds"), [(500_000, 0.5), pytest.param(LIMIT, 2, marks=pytest.mark.campaign)]
)
def test_hostile_note_of_any_size_is_read_soon_and_in_half_a_gigabyte(
    tmp_path: Path, size_bytes: int, seconds: float
) -> None:
    for name, unit in HOSTILE.items():
        (tmp_path / name).mkdir()
        data = (unit * (size_bytes // len(unit.encode()) + 1)).encode()[:size_bytes]
        (tmp_path / name / "a.md").write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    found, peak_mb = json.loads(done.stdout)
    print(max(found.items(), key=lambda item: max(item[1][:2])), peak_mb)  # noqa: T201 - shown with -s
    assert len(found) == len(HOSTILE)
    assert {name: times for name, times in found.items() if max(times[:2]) >= seconds or not times[2]} == {}
    assert peak_mb < 512


def test_vault_that_changes_all_the_time_is_walked_to_its_end(tmp_path: Path) -> None:
    chance = random.Random(7)  # noqa: S311 - a seed, not a secret
    vault, outside = tmp_path / "vault", tmp_path / "secret.md"
    outside.write_text("Secret.", encoding="utf-8")
    for number in range(200):
        (vault / str(number % 5)).mkdir(parents=True, exist_ok=True)
        (vault / str(number % 5) / f"{number}.md").write_text("Texte.", encoding="utf-8")
    over = threading.Event()

    def churn() -> None:
        while not over.is_set():
            number = chance.randrange(200)
            path = vault / str(number % 5) / f"{number}.md"
            act = chance.choice(["unlink", "rename", "write", "link", "folder"])
            with contextlib.suppress(OSError):
                if act == "write":
                    path.write_text("Texte." * chance.randrange(1, 2_000), encoding="utf-8")
                elif act == "link":
                    path.unlink()
                    path.symlink_to(outside)
                elif act == "folder":
                    path.parent.rename(path.parent.with_name(f"{number % 5}-autre"))
                else:
                    path.unlink() if act == "unlink" else path.rename(path.with_name(f"{number}-autre.md"))

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        outcomes = [outcome for _ in range(10) for outcome in walk_vault(vault, max_note_bytes=LIMIT)]
    finally:
        over.set()
        thread.join()
    assert all(bool(outcome.reason) != (outcome.status == "read") for outcome in outcomes)
    assert not any(outcome.status == "failed" for outcome in outcomes)
    assert not any(outcome.file and "Secret" in outcome.file.text for outcome in outcomes)
