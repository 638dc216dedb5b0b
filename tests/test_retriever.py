"""The ten passages of a question, as LangChain documents: which, in what order, and why."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever

from assistant import AnswerChain, NoteRetriever
from assistant.answer import Filters, Passage, Question, Turn
from ingest.embeddings import HashedEmbeddings, fingerprint
from ingest.readers import SnapshotSource
from ingest.settings import IngestSettings
from ingest.sync import sync
from ingest.vault import read_note_file

METADATA = {"number", "note", "path", "heading", "start", "end", "score", "reason"}
WHY = "Pourquoi développer une stratégie numérique ?"
SEED = "Questions/Pourquoi développer une stratégie numérique dans les musées.md"
EMBEDDINGS = HashedEmbeddings()


@contextmanager
def _retriever(settings: IngestSettings) -> Iterator[NoteRetriever]:
    mark = fingerprint(EMBEDDINGS, settings.embeddings)
    snapshots = SnapshotSource(settings.index_folder, embeddings=mark)
    yield NoteRetriever(snapshots=snapshots, embeddings=EMBEDDINGS)
    snapshots.close()


def _find(settings: IngestSettings, question: str | Question) -> tuple[Passage, ...]:
    sync(settings)
    with _retriever(settings) as retriever:
        return retriever.find(Question(question) if isinstance(question, str) else question).passages


def _paths(passages: tuple[Passage, ...]) -> list[str]:
    return [passage.path for passage in passages]


def test_it_is_a_langchain_retriever_of_documents(demo_chain: AnswerChain) -> None:
    assert isinstance(demo_chain.retriever, BaseRetriever)
    documents = demo_chain.retriever.invoke(WHY)
    assert all(isinstance(document, Document) for document in documents)
    assert all(set(document.metadata) == METADATA for document in documents)
    assert documents[0].metadata["path"] == SEED


def test_a_document_is_the_very_slice_of_its_note(demo_chain: AnswerChain, demonstration_vault: Path) -> None:
    for document in demo_chain.retriever.invoke(WHY):
        path = document.metadata["path"]
        file = read_note_file(demonstration_vault, path.encode(), max_note_bytes=1_000_000)
        assert file is not None
        assert file.text[document.metadata["start"] : document.metadata["end"]] == document.page_content


def test_documents_have_ids_of_their_own(demo_chain: AnswerChain) -> None:
    ids = [document.id for document in demo_chain.retriever.invoke(WHY)]
    assert len(set(ids)) == len(ids) == 10
    assert None not in ids


def test_the_retriever_is_asked_in_the_same_way_from_a_loop_and_in_a_pipe(demo_chain: AnswerChain) -> None:
    retriever = demo_chain.retriever
    documents = retriever.invoke(WHY)
    assert asyncio.run(retriever.ainvoke(WHY)) == documents
    assert (retriever | len).invoke(WHY) == len(documents)


def test_numbers_follow_the_order_and_scores_lie_between_zero_and_one(demo_chain: AnswerChain) -> None:
    passages = demo_chain.retriever.find(Question(WHY)).passages
    assert [passage.number for passage in passages] == list(range(1, 11))
    assert all(0 <= passage.score <= 1 for passage in passages)
    assert all(passage.reason for passage in passages)


@pytest.mark.parametrize("question", [WHY, "musée", "Que dit Max Hollein ?", "Et la sobriété numérique ?"])
def test_the_same_question_finds_the_same_passages(demo_chain: AnswerChain, question: str) -> None:
    assert demo_chain.retriever.find(Question(question)) == demo_chain.retriever.find(Question(question))


def test_the_best_of_each_note_comes_before_a_second_one(make_vault: Callable[..., Path],
                                                         make_settings: Callable[..., IngestSettings]) -> None:  # fmt: skip
    sections = "\n\n".join(
        f"## Partie {n}\n\nLe musée présente sa collection de montres {n}." for n in range(9)
    )
    notes = {f"Note {n}.md": f"# Note {n}\n\nLe musée a une collection." for n in range(4)}
    vault = make_vault({"Montres.md": f"# Montres\n\n{sections}", **notes})
    paths = _paths(_find(make_settings(vault), "Que montre la collection de montres du musée ?"))
    assert len(paths) == 10
    assert len(set(paths[:5])) == 5
    assert set(paths[5:]) == {"Montres.md"}


def test_with_ten_notes_each_has_one_passage(make_vault: Callable[..., Path],
                                             make_settings: Callable[..., IngestSettings]) -> None:  # fmt: skip
    two = "La médiation du musée.\n\n## Suite\n\nEncore la médiation du musée"
    vault = make_vault({f"Note {n}.md": f"# Note {n}\n\n{two} numéro {n}." for n in range(12)})
    paths = _paths(_find(make_settings(vault), "médiation du musée"))
    assert len(paths) == len(set(paths)) == 10


def test_a_note_that_only_the_best_one_links_to_is_added_with_its_reason(
    make_vault: Callable[..., Path], make_settings: Callable[..., IngestSettings]
) -> None:
    notes = {f"Note {n}.md": f"# Note {n}\n\nUne sobriété parmi d’autres, numéro {n}." for n in range(35)}
    notes["Sobriété.md"] = "# La sobriété\n\nLa sobriété allège le musée. Voir [[Serveurs]]."
    notes["Serveurs.md"] = "# Serveurs\n\nDes machines tournent la nuit."
    passages = _find(make_settings(make_vault(notes)), "la sobriété")
    assert passages[0].path == "Sobriété.md"
    (linked,) = [passage for passage in passages if passage.path == "Serveurs.md"]
    assert linked.reason.startswith("ajoutée parce que ")
    assert "La sobriété" in linked.reason
    assert linked.reason.endswith(" la cite")


def test_a_note_without_a_word_of_the_question_is_not_said_to_be_close_to_it(
    make_vault: Callable[..., Path], make_settings: Callable[..., IngestSettings]
) -> None:
    vault = make_vault({"Zola.md": "# Zola\n\nUn texte bref.", "Loin.md": "# Loin\n\nDu pain frais."})
    assert _paths(_find(make_settings(vault), "Qui est Zola ?")) == ["Zola.md"]


def test_documents_tell_why_each_note_is_there_and_how_near_it_is(
    make_vault: Callable[..., Path], make_settings: Callable[..., IngestSettings]
) -> None:
    notes = {f"Note {n}.md": f"# Note {n}\n\nUne sobriété parmi d’autres, numéro {n}." for n in range(35)}
    notes["Idée.md"] = "# La grande sobriété\n\nLa sobriété, la sobriété, encore la sobriété."
    notes["Serveurs.md"] = "# Serveurs\n\nDes machines tournent la nuit."
    notes["Zola.md"] = "# Plan Mistral\n\nUn texte bref. Voir [[Serveurs]]."
    settings = make_settings(make_vault(notes))
    sync(settings)
    with _retriever(settings) as retriever:
        told = {
            document.metadata["path"]: document.metadata
            for document in retriever.invoke("La grande sobriété du plan Mistral")
        }
    assert told["Zola.md"]["reason"] == told["Idée.md"]["reason"] == "note nommée dans la question"
    assert told["Serveurs.md"]["reason"] == "ajoutée parce que «\u00a0Plan Mistral\u00a0» la cite"
    close = {one["reason"] for path, one in told.items() if path.startswith("Note")}
    assert close
    assert all(reason.startswith("proche par «\u00a0") for reason in close)
    assert told["Serveurs.md"]["score"] == 0 < told["Idée.md"]["score"] <= 1


def test_at_most_three_notes_are_added_by_links(demo_chain: AnswerChain) -> None:
    for question in (WHY, "Quels sont les risques du numérique ?", "Comment évaluer un projet ?"):
        passages = demo_chain.retriever.find(Question(question)).passages
        assert sum(passage.reason.startswith("ajoutée") for passage in passages) <= 3


def test_hub01_comes_by_the_link_of_the_seed_note(real_chain: AnswerChain) -> None:
    passages = real_chain.retriever.find(Question(WHY)).passages
    assert any("Hub01" in passage.path for passage in passages)


def test_a_note_named_in_the_question_has_a_place(make_vault: Callable[..., Path],
                                                  make_settings: Callable[..., IngestSettings]) -> None:  # fmt: skip
    filler = {f"Note {n}.md": f"# Stratégie {n}\n\nLa stratégie numérique du musée, {n}." for n in range(15)}
    vault = make_vault({**filler, "Zola.md": "---\naliases: [Plan Mistral]\n---\n# Zola\n\nUn texte bref."})
    passages = _find(make_settings(vault), "Quelle stratégie numérique du musée dans le plan Mistral ?")
    (named,) = [passage for passage in passages if passage.path == "Zola.md"]
    assert named.reason == "note nommée dans la question"


@pytest.mark.parametrize("count", [7, 8, 9, 10])
def test_every_note_named_in_the_question_has_a_place_even_beside_links(
    make_vault: Callable[..., Path], make_settings: Callable[..., IngestSettings], count: int
) -> None:
    titles = "Abeille Bouleau Cerise Datte Erable Figue Genet Houx Iris Jasmin".split()[:count]
    links = "".join(f" [[{target}]]" for target in ("Loup", "Renard", "Ours"))
    notes = {f"{title}.md": f"# {title}\n\nUne plante du jardin, {title}.{links}" for title in titles}
    animals = {f"{name}.md": f"# {name}\n\nUn animal, {name}." for name in ("Loup", "Renard", "Ours")}
    passages = _find(make_settings(make_vault({**notes, **animals})), f"Comparez {', '.join(titles)}")
    assert {f"{title}.md" for title in titles} <= set(_paths(passages))


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        (Filters(tags=("publics",)), {"a/Un.md"}),
        (Filters(folders=("a",)), {"a/Un.md", "a/b/Deux.md"}),
        (Filters(folders=("a/b",)), {"a/b/Deux.md"}),
        (Filters(since="2022-05-12"), {"a/b/Deux.md"}),
        (Filters(until="2022-05-11"), {"a/Un.md"}),
        (Filters(tags=("publics",), since="2023-01-01"), set()),
    ],
)
def test_filters_hold_for_links_and_named_notes_too(
    make_vault: Callable[..., Path], make_settings: Callable[..., IngestSettings], filters: Filters, kept: set[str]
) -> None:  # fmt: skip
    vault = make_vault(
        {
            "a/Un.md": "---\ntags: [publics]\ndate: 2022-01-01\n---\n# Un guide\n\nLe musée. [[Deux]] [[Trois]]",
            "a/b/Deux.md": "---\ndate: 2022-05-12\n---\n# Deux guides\n\nLe musée. [[Un]] [[Trois]]",
            "Trois.md": "# Trois guides\n\nLe musée. [[Un]] [[Deux]]",
        }
    )
    question = Question("Le musée, un guide, deux guides, trois guides", (), filters)
    assert set(_paths(_find(make_settings(vault), question))) == kept


def test_a_filter_finds_its_note_however_many_others_speak_louder(
    make_vault: Callable[..., Path], make_settings: Callable[..., IngestSettings]
) -> None:
    loud = {f"Bruit/{n}.md": f"# Médiation {n}\n\nMédiation, médiation au musée {n}." for n in range(130)}
    quiet = f"# Carnet\n\n{'Une journée comme les autres se passe ici. ' * 12}La médiation y passe une fois."
    vault = make_vault({**loud, "Calme/Carnet.md": quiet})
    question = Question("médiation au musée", (), Filters(folders=("Calme",)))
    assert _paths(_find(make_settings(vault), question)) == ["Calme/Carnet.md"]


@pytest.mark.parametrize(
    "question",
    ["pourquoi developper une strategie numerique", "POURQUOI DÉVELOPPER UNE STRATÉGIE NUMÉRIQUE",
     "pourquoi develloper une stratgie numerique", "Pourquoi développer une stratégie numériqeu ?"],
)  # fmt: skip
def test_typing_errors_and_missing_accents_find_the_same_note(demo_chain: AnswerChain, question: str) -> None:
    assert demo_chain.retriever.find(Question(question)).passages[0].path == SEED


def test_a_follow_up_is_searched_with_the_question_before_it(demo_chain: AnswerChain) -> None:
    history = (Turn("user", "Que dit Max Hollein du musée universel ?"), Turn("assistant", "Il dit…"))
    passages = demo_chain.retriever.find(Question("Développe.", history)).passages
    assert "Max Hollein" in passages[0].path


def _break_chroma(folder: Path, how: str) -> None:
    if how == "absent":
        shutil.rmtree(folder)
    elif how == "empty":
        shutil.rmtree(folder)
        folder.mkdir()
    elif how == "file":
        shutil.rmtree(folder)
        folder.write_bytes(b"x")
    elif how == "truncated":
        (folder / "chroma.sqlite3").write_bytes((folder / "chroma.sqlite3").read_bytes()[:5_000])
    else:
        (folder / "chroma.sqlite3").write_bytes(b"rien de tel" * 1_000)


@pytest.mark.parametrize("how", ["absent", "empty", "file", "truncated", "garbage"])
def test_words_alone_answer_when_chroma_is_broken(
    make_vault: Callable[..., Path], make_settings: Callable[..., IngestSettings], how: str
) -> None:
    settings = make_settings(
        make_vault({"Zola.md": "# Zola\n\nUn texte bref.", "Met.md": "# Met\n\nNew York."})
    )
    sync(settings)
    _break_chroma(settings.index_folder / "1" / "chroma", how)
    with _retriever(settings) as retriever:
        assert retriever.invoke("Qui est Zola ?")[0].metadata["path"] == "Zola.md"


def test_near_duplicates_leave_their_place_to_others(
    make_vault: Callable[..., Path], make_settings: Callable[..., IngestSettings]
) -> None:
    text = "La médiation numérique du musée accompagne les publics éloignés, en ligne et sur place, toute l’année"
    copies = {f"Copie {n}.md": f"# Copie\n\n{text}{'.' * n}" for n in range(1, 13)}
    other = {"Autre.md": "# Autre\n\nUn atelier de médiation pour les familles, le dimanche matin."}
    paths = _paths(_find(make_settings(make_vault({**copies, **other})), "médiation numérique du musée"))
    assert "Autre.md" in paths
    assert sum(path.startswith("Copie") for path in paths) == 1


def test_two_versions_that_differ_by_a_figure_are_both_read(
    make_vault: Callable[..., Path], make_settings: Callable[..., IngestSettings]
) -> None:
    text = "La médiation numérique accompagne {} visiteurs éloignés, en ligne et sur place, toute l’année, en ville"
    notes = {
        f"{year}.md": f"# Médiation\n\n{text.format(count)}" for year, count in ((2022, 132), (2023, 147))
    }
    paths = _paths(_find(make_settings(make_vault(notes)), "Combien de visiteurs pour la médiation ?"))
    assert set(paths) == set(notes)


@pytest.mark.parametrize("question", ["zzzz", "🎨 ok", "l’", "42", "a" * 2_000, '" OR * NEAR('])
def test_odd_questions_find_something_or_nothing_without_failing(
    demo_chain: AnswerChain, question: str
) -> None:
    assert len(demo_chain.retriever.find(Question(question)).passages) <= 10


def test_gold_questions_find_their_notes(real_chain: AnswerChain, gold: list[dict[str, Any]]) -> None:
    cases = [case for case in gold if case["expected_notes"] and not case["history"]]
    ranks = []
    for case in cases:
        passages = real_chain.retriever.find(Question(case["question"])).passages
        names = list(dict.fromkeys(PurePosixPath(passage.path).stem for passage in passages))
        ranks.append(next((n for n, name in enumerate(names, 1) if name in case["acceptable_notes"]), 99))
    hits = [100 * sum(rank <= limit for rank in ranks) / len(ranks) for limit in (1, 5, 10)]
    # What is reached, as a floor for what follows; the figures aimed at are those of `cimaise evaluate`.
    assert all(hit >= least for hit, least in zip(hits, (65, 87, 91), strict=True)), hits
