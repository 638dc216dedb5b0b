"""Kills, rivals, crowds, damage, want: what the index and those who read it survive.

The long runs are marked `campaign`; a short version of each runs by default. Each prints its figures.
"""

import gc
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import pytest

from assistant import Answer, Settings, build_chain
from ingest.readers import SnapshotSource
from ingest.settings import IngestSettings
from ingest.snapshot import published_folder
from tests.conftest import let_through
from tests.index_life import HASHED, LASTING, bytes_hold, opened, published, sync_near, texts_of

ROOT = Path(__file__).parents[1]
SEED = 7
STAGES = (
    "Lecture des notes", "Analyse des notes", "Écriture de l’index", "Calcul des vecteurs",
    "Rangement des vecteurs", "Vérification de l’index", "Publication de l’index", "Index publié",
)  # fmt: skip
SUBJECTS = (
    "médiation",
    "billetterie",
    "collections",
    "éclairage",
    "bénévoles",
    "archives",
    "accueil",
    "budget",
)
Order = dict[str, Any]


class Vault:
    """A vault that is edited from round to round; every text tells the round it was written in."""

    def __init__(self, folder: Path, dice: random.Random, *, notes: int = 24) -> None:
        self.folder, self.dice = folder, dice
        self.texts: dict[str, str] = {}
        folder.mkdir(parents=True)
        for number in range(notes):
            self._write(f"Note {number}.md", 0)
        self._made = notes

    def edit(self, turn: int) -> None:
        """Add, change, rename and remove a few notes."""
        self._write(f"Note {self._made}.md", turn)
        self._made += 1
        self._write(self.dice.choice(sorted(self.texts)), turn)
        name = self.dice.choice(sorted(self.texts))
        renamed = f"dossier/{name.rpartition('/')[2]}"
        if renamed not in self.texts:
            (self.folder / "dossier").mkdir(exist_ok=True)
            (self.folder / name).rename(self.folder / renamed)
            self.texts[renamed] = self.texts.pop(name)
        gone = self.dice.choice(sorted(self.texts))
        (self.folder / gone).unlink()
        del self.texts[gone]

    def rewrite(self, turn: int) -> None:
        """Change every note."""
        for name in self.texts:
            self._write(name, turn)

    def _write(self, name: str, turn: int) -> None:
        subject = self.dice.choice(SUBJECTS)
        text = f"# Note sur {subject}\n\nLa {subject} du musée a été revue au tour numéro {turn}.\n\nVoir [[Note {self.dice.randrange(9)}]].\n"
        (self.folder / name).write_text(text, encoding="utf-8")
        self.texts[name] = text


class Nursery:
    """A process that synchronises in children of its own, and kills them where it is told to."""

    def __init__(self, settings: IngestSettings) -> None:
        self._base = {"vault": str(settings.vault), "index": str(settings.index_folder)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.sync_child"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT,
        )  # fmt: skip

    def run(self, **order: Any) -> int:
        """Carry out an order and return its exit code."""
        return int(self.tell(**order)["code"])

    def tell(self, **order: Any) -> dict[str, Any]:
        """Carry out an order and return its exit code and what was said."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(self._base | order) + "\n")
        self._process.stdin.flush()
        told: dict[str, Any] = json.loads(self._process.stdout.readline())
        return told

    def close(self) -> None:
        self._process.communicate(timeout=60)


def _run_cli(settings: IngestSettings, *, delay_s: float | None = None) -> tuple[int, str]:
    """Run `cimaise index`, killed after a delay; return its exit code and what it said on standard error."""
    command = [sys.executable, "-m", "assistant.cli", "index"]
    command += ["--vault", str(settings.vault), "--index", str(settings.index_folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        said = process.communicate(timeout=120 if delay_s is None else delay_s)[1]
    except subprocess.TimeoutExpired:
        process.kill()
        said = process.communicate()[1]
    return process.returncode, said


def _ask_about(texts: Mapping[str, str], dice: random.Random) -> str:
    """Return a question that a note answers."""
    return f"Que dit la {dice.choice(sorted(texts.values())).splitlines()[0].removeprefix('# ').lower()} ?"


def _judge(settings: IngestSettings, versions: list[dict[str, str]], dice: random.Random) -> int:
    """Read the disk only: return which of the vault's states is published, an answer being true to it."""
    with opened(settings) as snapshot:
        texts = texts_of(snapshot)
        assert texts in versions, "the published snapshot is none of the vault's states"
        assert snapshot.vectors is not None, "the vectors cannot be opened"
        assert snapshot.vectors.count() == snapshot.manifest.chunks
    chain = build_chain(Settings(vault=settings.vault, index=settings.index_folder))
    try:
        answer = chain.invoke(_ask_about(texts, dice))
    finally:
        chain.close()
    assert answer.citations
    assert all(texts[c.path][c.start : c.end] == c.quote for c in answer.citations)
    assert all(texts[p.path][p.start : p.end] == p.text for p in answer.passages)
    return versions.index(texts)


def _left_over(settings: IngestSettings) -> set[str]:
    lasting = LASTING | {published(settings).name}
    return {path.name for path in settings.index_folder.iterdir()} - lasting


def _kill_rounds(settings: IngestSettings, vault: Vault, orders: list[Order]) -> dict[str, Any]:
    """Kill a run a round, judge the disk, let the next run recover, judge again; return the figures."""
    with closing(Nursery(settings)) as nursery:
        return _rounds(settings, vault, orders, nursery)


def _rounds(settings: IngestSettings, vault: Vault, orders: list[Order], nursery: Nursery) -> dict[str, Any]:
    assert nursery.run(near=True) == 0
    seen: Counter[str] = Counter()
    recovery_s: list[float] = []
    acknowledged = dict(vault.texts)
    for turn, order in enumerate(orders, start=1):
        vault.edit(turn)
        attempted = dict(vault.texts)
        code = nursery.run(**order) if "cli_s" not in order else _run_cli(settings, delay_s=order["cli_s"])[0]
        assert code in {0, -9}, code
        found = _judge(settings, [attempted, acknowledged], vault.dice)
        assert code == -9 or found == 0, "acknowledged, and not published"
        seen[("killed" if code else "finished in time") + (", new" if found == 0 else ", old")] += 1
        if vault.dice.random() < 0.3 and turn < len(orders):
            acknowledged = attempted if found == 0 else acknowledged
            continue  # killed again before anybody mends it
        started = time.monotonic()
        assert nursery.run(near="cli_s" not in order) == 0
        recovery_s.append(time.monotonic() - started)
        assert _judge(settings, [attempted], vault.dice) == 0
        assert _left_over(settings) == set()
        acknowledged = attempted
    recovery_s.sort()
    return {
        "rounds": len(orders), "kills": seen["killed, old"] + seen["killed, new"], **seen, "recoveries": len(recovery_s),
        "median s": round(recovery_s[len(recovery_s) // 2], 2), "longest s": round(recovery_s[-1], 2),
    }  # fmt: skip


def _tell(name: str, figures: dict[str, Any]) -> None:
    sys.stdout.write(f"\n{name}: {json.dumps(figures, ensure_ascii=False)}\n")


@pytest.fixture
def dice() -> random.Random:
    """The one source of chance of a run."""
    return random.Random(SEED)  # noqa: S311 - the same run each time


@pytest.fixture
def vault(tmp_path: Path, dice: random.Random) -> Vault:
    """A vault of 24 notes."""
    return Vault(tmp_path / "vault", dice)


@pytest.fixture
def settings(vault: Vault, make_settings: Callable[..., IngestSettings]) -> IngestSettings:
    """The settings of that vault."""
    return make_settings(vault.folder)


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files of this process and its children, empty at first."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def _steps() -> list[Order]:
    return [
        *({"stage": stage, "near": True} for stage in STAGES),
        *({"replace": at, "near": True} for at in ("before", "after")),
    ]


@pytest.mark.usefixtures("scratch")
def test_killed_at_a_few_steps_it_recovers(settings: IngestSettings, vault: Vault) -> None:
    orders: list[Order] = [
        {"stage": STAGES[4], "near": True},
        {"replace": "before", "near": True},
        {"replace": "after", "near": True},
        {"move": 40, "near": True},
    ]
    _tell("kills, short", _kill_rounds(settings, vault, orders))


@pytest.mark.campaign
def test_killed_at_any_instant_it_recovers(settings: IngestSettings, vault: Vault, scratch: Path) -> None:
    dice = vault.dice
    orders: list[Order] = [*_steps(), *_steps()]
    orders += [{"move": move, "near": True} for move in range(1, 101)]
    orders += [{"delay_s": dice.uniform(0, 0.4), "near": True} for _ in range(230)]
    orders += [{"cli_s": dice.uniform(0.5, 3.5)} for _ in range(60)]
    dice.shuffle(orders)
    figures = _kill_rounds(settings, vault, orders)
    time.sleep(3)  # a verifier that lost its parent ends by itself
    build_chain(Settings(vault=settings.vault, index=settings.index_folder)).close()
    assert figures["kills"] >= 300
    assert bytes_hold(scratch, "tour numéro") == []
    _tell("kills", figures)


def _race(settings: IngestSettings, vault: Vault, first: Nursery, second: Nursery, turn: int) -> None:
    """Start two writers at once: one publishes, the other names it."""
    vault.edit(turn)
    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(lambda nursery: nursery.tell(), (first, second)))
    winner, loser = sorted(told, key=lambda said: int(said["code"]))
    assert (winner["code"], loser["code"]) == (0, 3)
    assert loser["error"].startswith("L’index est déjà en cours d’écriture (processus ")
    assert f"(processus {winner['pid']}, depuis " in loser["error"]
    assert _judge(settings, [vault.texts], vault.dice) == 0


def _face_a_stopped_writer(settings: IngestSettings, vault: Vault, turn: int) -> None:
    """Stop a writer that holds the lock: the other one names it all the same, and it finishes later."""
    vault.edit(turn)
    command = [sys.executable, "-m", "assistant.cli", "index"]
    command += ["--vault", str(settings.vault), "--index", str(settings.index_folder)]
    holder = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        signed = f"processus {holder.pid},"
        while signed not in (settings.index_folder / "writer").read_text(encoding="utf-8"):
            assert holder.poll() is None
            time.sleep(0.002)
        holder.send_signal(signal.SIGSTOP)
        code, said = _run_cli(settings)
        assert (code, said.count("\n")) == (3, 1)
        assert said.startswith(f"L’index est déjà en cours d’écriture ({signed} depuis ")
    finally:
        holder.send_signal(signal.SIGCONT)
    assert holder.wait(60) == 0
    assert _judge(settings, [vault.texts], vault.dice) == 0


def _rivals(settings: IngestSettings, vault: Vault, *, races: int, stops: int) -> dict[str, Any]:
    with closing(Nursery(settings)) as first, closing(Nursery(settings)) as second:
        assert first.run(near=True) == second.run(near=True) == 0
        for turn in range(1, races + 1):
            _race(settings, vault, first, second, turn)
        for turn in range(races + 1, races + stops + 1):
            _face_a_stopped_writer(settings, vault, turn)
    assert _left_over(settings) == set()
    return {
        "races": races,
        "stopped holders": stops,
        "one won, the other exited 3 and named it": races + stops,
    }


def test_second_writer_names_the_first(settings: IngestSettings, vault: Vault) -> None:
    _tell("two writers, short", _rivals(settings, vault, races=1, stops=0))


@pytest.mark.campaign
def test_second_writer_names_the_first_each_time(settings: IngestSettings, vault: Vault) -> None:
    _tell("two writers", _rivals(settings, vault, races=20, stops=20))


def _descriptors() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


def _crowd(settings: IngestSettings, vault: Vault, *, threads: int, publications: int) -> dict[str, Any]:
    """Ask from many threads while another process publishes; each answer must be of one snapshot."""
    stop, states = threading.Event(), []
    answers: list[Answer] = []
    open_files = []
    with closing(Nursery(settings)) as nursery:
        vault.rewrite(0)
        states.append(dict(vault.texts))
        assert nursery.run(near=True) == 0
        build_chain(Settings(vault=settings.vault, index=settings.index_folder)).close()  # Chroma keeps two
        before = _descriptors()
        chain = build_chain(Settings(vault=settings.vault, index=settings.index_folder))

        def ask(number: int) -> int:
            dice = random.Random(number)  # noqa: S311 - the same run each time
            asked = 0
            while not stop.is_set():
                answers.append(chain.invoke(f"Que dit la note sur {dice.choice(SUBJECTS)} ?"))
                asked += 1
            return asked

        with ThreadPoolExecutor(threads) as pool:
            running = [pool.submit(ask, number) for number in range(threads)]
            for turn in range(1, publications + 1):
                vault.rewrite(turn)
                states.append(dict(vault.texts))
                assert nursery.run(near=True) == 0
                chain.note_count  # noqa: B018 - moves to what was published
                while len(answers) < 100 * turn and not any(done.done() for done in running):
                    time.sleep(0.01)
                open_files.append(len(os.listdir("/proc/self/fd")))
            stop.set()
        errors = [repr(done.exception()) for done in running if done.exception()]
        chain.note_count  # noqa: B018
        settled = _descriptors()
        chain.close()
        after = _descriptors()
    assert errors == []
    told = Counter(_states_of(answer, states) for answer in answers)
    assert not [which for which in told if len(which) != 1], "answers of no one state"
    assert len(told) == publications + 1, "a state that nobody saw"
    assert after == before
    assert _left_over(settings) == set()
    return {
        "threads": threads, "publications": publications, "answers": len(answers), "errors": 0, "mixed": 0,
        "descriptors before, while open, after": [before, settled, after],
        "descriptors at each publication": open_files,
    }  # fmt: skip


def _states_of(answer: Answer, states: list[dict[str, str]]) -> tuple[int, ...]:
    """Return which states of the vault hold every passage and every quote of an answer."""
    assert answer.passages
    spans = [(p.path, p.start, p.end, p.text) for p in answer.passages]
    spans += [(c.path, c.start, c.end, c.quote) for c in answer.citations]
    return tuple(
        number
        for number, texts in enumerate(states)
        if all(texts.get(path, "")[start:end] == text for path, start, end, text in spans)
    )


def test_crowd_reads_across_publications(settings: IngestSettings, vault: Vault) -> None:
    _tell("readers, short", _crowd(settings, vault, threads=8, publications=2))


@pytest.mark.campaign
def test_forty_read_across_ten_publications(settings: IngestSettings, vault: Vault) -> None:
    _tell("readers", _crowd(settings, vault, threads=40, publications=10))


def _mutate(index: Path, dice: random.Random) -> tuple[str, str]:
    """Damage one file of an index; return which, and how."""
    files = sorted(path for path in index.rglob("*") if path.is_file())
    path = dice.choice(files)
    content = path.read_bytes()
    how = dice.choice(("flip", "truncate", "delete", "grow", "swap"))
    if how == "flip":
        changed = bytearray(content or b"x")
        for _ in range(dice.choice((1, 1, 1, 8))):
            changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
        path.write_bytes(changed)
    elif how == "truncate":
        path.write_bytes(content[: dice.randrange(len(content) or 1)])
    elif how == "delete":
        path.unlink()
    elif how == "grow":
        path.write_bytes(content + dice.choice((b"\0", b"7", dice.randbytes(5_000), b"1" * 5_000)))
    else:
        other = dice.choice(files)
        path.write_bytes(other.read_bytes())
        other.write_bytes(content)
    return str(path.relative_to(index)), how


def _damage(settings: IngestSettings, vault: Vault, rounds: int) -> dict[str, Any]:
    """Damage a copy of the index a round: whoever asks gets the same answers, or is told by words alone."""
    questions = [_ask_about(vault.texts, vault.dice) for _ in range(2)]
    index, whole = settings.index_folder, settings.index_folder.with_name("whole")
    seen: Counter[str] = Counter()
    by_file: Counter[str] = Counter()
    with closing(Nursery(settings)) as nursery:
        assert nursery.run(near=True) == 0
        shutil.copytree(index, whole)
        [expected] = nursery.tell(ask=[questions])["answers"]
        for _ in range(rounds):
            shutil.rmtree(index)
            shutil.copytree(whole, index)
            name, how = _mutate(index, vault.dice)
            by_file[name.rpartition("/")[2]] += 1
            number = published_folder(index)
            told = nursery.tell(ask=[questions, None, questions], near=True, force=vault.dice.random() < 0.5)
            assert told["code"] == 0, (name, how, told)
            first, second = told["answers"]
            assert second == expected, (name, how)
            if first == expected:
                seen["same answers" if published_folder(index) == number else "same answers, built anew"] += 1
            else:
                assert all("seuls les mots" in (answer["notice"] or "") for answer in first), (
                    name,
                    how,
                    first,
                )
                seen["by words alone, and told"] += 1
            assert _left_over(settings) == set(), (name, how)
    return {"mutations": rounds, **seen, "files": dict(by_file)}


@pytest.mark.usefixtures("scratch")
def test_few_mutations_are_detected_or_harmless(settings: IngestSettings, vault: Vault) -> None:
    _tell("mutations, short", _damage(settings, vault, 4))


@pytest.mark.campaign
@pytest.mark.usefixtures("scratch")
def test_every_mutation_is_detected_or_harmless(settings: IngestSettings, vault: Vault) -> None:
    _tell("mutations", _damage(settings, vault, 200))


def _cannot_write(index: Path, problem: str) -> str:
    return (
        f"Impossible d’écrire l’index dans « {index} » ({problem}) ; libérez la place ou les droits, "
        "ou choisissez un autre dossier avec --index."
    )


FULL = "le disque est plein"
STUCK = "le disque refuse l’écriture : plein, quota atteint, ou défaillant"


def _starve(settings: IngestSettings, vault: Vault, limits: list[int]) -> dict[str, Any]:
    """Let no file grow beyond each limit in turn: the index before serves on, and the next run recovers."""
    seen: Counter[str] = Counter()
    with closing(Nursery(settings)) as nursery:
        assert nursery.run(near=True) == 0
        for turn, limit in enumerate(limits, start=1):
            before = dict(vault.texts)
            vault.edit(turn)
            told = nursery.tell(file_bytes=limit, near=True)
            seen[str(told.get("error", "done")).replace(str(settings.index_folder), "…")] += 1
            assert told["code"] in {0, 1}, told
            if told["code"] == 1:
                allowed = {_cannot_write(settings.index_folder, problem) for problem in (FULL, STUCK)}
                assert told["error"] in allowed, (limit, told)
                assert _judge(settings, [before], vault.dice) == 0
                assert nursery.run(near=True) == 0
            assert _judge(settings, [vault.texts], vault.dice) == 0
            assert _left_over(settings) == set()
    return {"limits": len(limits), **seen}


@pytest.mark.usefixtures("scratch")
def test_no_room_for_files_keeps_the_index(settings: IngestSettings, vault: Vault) -> None:
    _tell("file size limit, short", _starve(settings, vault, [0, 40_000]))


@pytest.mark.campaign
@pytest.mark.usefixtures("scratch")
def test_no_room_for_files_of_any_size_keeps_the_index(settings: IngestSettings, vault: Vault) -> None:
    limits = [0, 1, 100, 1_000, 4_096, 10_000, 20_000, 40_000, 80_000, 100_000, 130_000, 160_000, 180_000]
    _tell(
        "file size limit", _starve(settings, vault, [*limits, 200_000, 250_000, 300_000, 500_000, 10_000_000])
    )


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MB, for root only."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", "size=4m", "cimaise", folder], check=False)
    if mounted.returncode:
        pytest.skip("this root may not mount")
    yield folder
    subprocess.run(["/bin/umount", folder], check=True)


@pytest.mark.campaign
@pytest.mark.usefixtures("scratch")
def test_full_disk_keeps_the_index(
    small_disk: Path, vault: Vault, make_settings: Callable[..., IngestSettings]
) -> None:
    settings = make_settings(vault.folder, index=small_disk / "index")
    ballast = small_disk / "ballast"
    seen: Counter[str] = Counter()
    with closing(Nursery(settings)) as nursery:
        assert nursery.run(near=True) == 0
        for turn, left_kib in enumerate([*range(0, 1_000, 25)], start=1):
            before = dict(vault.texts)
            vault.edit(turn)
            room = os.statvfs(small_disk)
            ballast.write_bytes(b"x" * max(0, room.f_bavail * room.f_frsize - left_kib * 1024))
            told = nursery.tell(near=True)
            seen[str(told.get("error", "done")).replace(str(settings.index_folder), "…")] += 1
            if told["code"]:
                assert told["code"] == 1, (left_kib, told)
                assert told["error"] == _cannot_write(settings.index_folder, FULL), (left_kib, told)
                assert _judge(settings, [before], vault.dice) == 0
            ballast.unlink()
            assert nursery.run(near=True) == 0
            assert _judge(settings, [vault.texts], vault.dice) == 0
            assert _left_over(settings) == set()
    _tell("full disk", dict(seen))


def test_read_only_index_serves_and_is_not_written(settings: IngestSettings, vault: Vault, scratch: Path, tmp_path: Path) -> None:  # fmt: skip
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    let_through(tmp_path)
    scratch.chmod(0o777)
    question = _ask_about(vault.texts, vault.dice)
    with closing(Nursery(settings)) as nursery:
        assert nursery.run(near=True) == 0
        [expected] = nursery.tell(ask=[[question]])["answers"]
        assert nursery.tell(user=65534, ask=[[question]])["answers"] == [expected]
        vault.edit(1)
        told = nursery.tell(user=65534, near=True)
        assert (told["code"], told["error"]) == (
            1,
            _cannot_write(settings.index_folder, "droit d’écriture refusé"),
        )
        assert nursery.run(near=True) == 0
    assert _judge(settings, [vault.texts], vault.dice) == 0
    assert list(scratch.iterdir()) == []


def _keys(settings: IngestSettings) -> int:
    with closing(sqlite3.connect(settings.index_folder / "vectors.sqlite3")) as connection:
        return int(connection.execute("SELECT count(*) FROM vectors").fetchone()[0])


def _forget(settings: IngestSettings, vault: Vault, rounds: int) -> dict[str, Any]:
    """Edit and delete notes under readers that hold what was: gone texts go with the last reader."""
    index = settings.index_folder
    searched = 0
    vault.rewrite(0)
    sync_near(settings)
    for turn in range(1, rounds + 1):
        idle, lively = (SnapshotSource(index, embeddings=HASHED) for _ in range(2))
        gone = [f"tour numéro {turn - 1}.", "Mot de l’éphémère"]
        vault.rewrite(turn)
        extra = vault.folder / "Éphémère.md"
        extra.unlink() if extra.exists() else extra.write_text("Mot de l’éphémère.\n", encoding="utf-8")
        gone = gone if not extra.exists() else gone[:1]
        report = sync_near(settings)
        with lively.lease():
            pass
        held = {name.split("/")[0] for word in gone for name in bytes_hold(index, word)}
        assert held == {str(turn)}, "only what a reader still holds"
        with idle.lease() if turn % 2 else nullcontext():
            idle.close()
        lively.close()
        assert [name for word in gone for name in bytes_hold(index, word)] == []
        assert _keys(settings) <= report.chunks
        searched += sum(path.stat().st_size for path in index.rglob("*") if path.is_file())
    return {"rounds": rounds, "old texts found": 0, "bytes searched": searched}


def test_gone_text_goes_with_its_last_reader(settings: IngestSettings, vault: Vault) -> None:
    _tell("gone texts, short", _forget(settings, vault, 2))


@pytest.mark.campaign
def test_gone_texts_go_with_their_last_reader_each_time(settings: IngestSettings, vault: Vault, scratch: Path) -> None:  # fmt: skip
    _tell("gone texts", _forget(settings, vault, 40))
    assert list(scratch.iterdir()) == []
