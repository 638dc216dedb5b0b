"""Scores over arrays, against a slow reference written with dictionaries and the formulas as they are told."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.ranking import GramScorer, scale, score_stems
from assistant.terms import Term
from ingest.french import content_words, grams, stem
from ingest.lexicon import Lexicon, build_lexicon
from tests.small_vaults import VAULTS, index_notes, make_lexicon

K1, B, TITLE = 1.2, 0.75, 3
Words = Counter[str]
Document = tuple[Sequence[Words], Words]
SURE = Term("public", 1.0)


class Reference:
    """A vault as dictionaries: a document is the words of its chunks, and those of its title."""

    def __init__(self, files: Mapping[str, str]) -> None:
        items = index_notes(files)
        names = [(item.note.title, item.note.stem, *item.note.aliases) for item in items]
        titles = [Counter({word for name in group for word in content_words(name)}) for group in names]
        bodies = [[chunk.words for chunk in item.chunks] for item in items]
        self.notes: list[Document] = list(zip(bodies, titles, strict=True))
        self.chunks: list[Document] = [([words], title) for body, title in self.notes for words in body]


def _saturated(count: float, length: float, mean: float) -> float:
    return count * (K1 + 1) / (count + K1 * (1 - B + B * length / max(mean, 1)))


def _times(words: Words, phrase: Sequence[str]) -> int:
    return min(sum(count for word, count in words.items() if stem(word) == part) for part in phrase)


def _count(document: Document, term: Term) -> float:
    """How often a document holds a term or, for a share, a phrase that stands for it."""
    body, title = document
    return sum(
        share * (sum(_times(words, phrase) for words in body) + TITLE * _times(title, phrase))
        for phrase, share in {(term.stem,): 1.0, **term.stand_ins}.items()
    )


def _stem_scores(documents: Sequence[Document], terms: Sequence[Term]) -> list[float]:
    lengths = [sum(words.total() for words in body) + title.total() for body, title in documents]
    mean = sum(lengths) / max(len(lengths), 1)
    return [
        sum(term.weight * _saturated(_count(document, term), length, mean) for term in terms)
        for document, length in zip(documents, lengths, strict=True)
    ]


def _grams(parts: Iterable[Words]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for words in parts:
        for word, count in words.items():
            counts.update({gram: times * count for gram, times in Counter(grams(word)).items()})
    return counts


def _gram_scores(reference: Reference, documents: Sequence[Document], asked: Sequence[str]) -> list[float]:
    """The mean length is that of the chunks of a document, titles apart."""
    held = [_grams(body) for body, _ in reference.chunks]
    mean = sum(counts.total() for counts in held) / max(len(documents), 1)
    frequencies = {gram: sum(gram in counts for counts in held) for word in asked for gram in grams(word)}
    weights = {gram: math.log(1 + (len(held) - n + 0.5) / (n + 0.5)) for gram, n in frequencies.items() if n}
    found = [_grams((*body, title)) for body, title in documents]
    return [
        sum(weight * _saturated(counts[gram], counts.total(), mean) for gram, weight in weights.items())
        for counts in found
    ]


_STEMS = [
    stem(word) for word in ("musee", "mediation", "public", "oeuvre", "ete", "2018", "art", "東京", "absent")
]
_PHRASES = st.lists(st.sampled_from(_STEMS), min_size=1, max_size=3, unique=True).map(tuple)
_TERMS = st.lists(
    st.builds(
        Term,
        st.sampled_from(_STEMS),
        st.floats(0.1, 5),
        st.dictionaries(_PHRASES, st.floats(0.1, 1), max_size=2),
    ),
    max_size=4,
).map(
    lambda terms: [
        Term(t.stem, t.weight, {p: s for p, s in t.stand_ins.items() if p != (t.stem,)}) for t in terms
    ]
)
_ASKED = st.lists(
    st.sampled_from("musee museee note mediation publix publics oeuvres 2018 東京 zzz".split()),
    max_size=4,
    unique=True,
)


@given(VAULTS, _TERMS)
def test_stems_score_chunks_and_notes_as_the_formula_says(
    files: Mapping[str, str], terms: list[Term]
) -> None:
    reference = Reference(files)
    found = score_stems(make_lexicon(files), terms)
    assert found.chunks == pytest.approx(_stem_scores(reference.chunks, terms), abs=1e-9)
    assert found.notes == pytest.approx(_stem_scores(reference.notes, terms), abs=1e-9)


@given(VAULTS, _ASKED, st.randoms())
def test_grams_score_chunks_as_the_formula_says(
    files: Mapping[str, str], asked: list[str], chance: Random
) -> None:
    reference = Reference(files)
    expected = _gram_scores(reference, reference.chunks, asked)
    some = chance.sample(range(len(expected)), len(expected) // 2)
    found = GramScorer(make_lexicon(files), asked).score_chunks(np.array(some, np.int64))
    assert found == pytest.approx([expected[row] for row in some], abs=1e-9)


@given(VAULTS, _ASKED, st.randoms())
def test_grams_score_notes_as_the_formula_says(
    files: Mapping[str, str], asked: list[str], chance: Random
) -> None:
    reference = Reference(files)
    expected = _gram_scores(reference, reference.notes, asked)
    some = chance.sample(range(len(expected)), len(expected) // 2)
    found = GramScorer(make_lexicon(files), asked).score_notes(np.array(some, np.int64))
    assert found == pytest.approx([expected[row] for row in some], abs=1e-9)


# Scaling


@pytest.mark.parametrize(
    ("scores", "scaled"),
    [
        ([4.0, 1.0], [1.0, 0.25]),
        ([0.0, 0.0], [0.0, 0.0]),
        ([2.0, -1.0], [1.0, 0.0]),
        ([-2.0], [0.0]),
        ([], []),
    ],
)
def test_scaling_makes_the_best_one_and_nothing_negative(scores: list[float], scaled: list[float]) -> None:
    assert scale(np.array(scores)).tolist() == scaled


@given(st.lists(st.floats(0, 100), max_size=6))
def test_scaling_keeps_the_order(scores: list[float]) -> None:
    scaled = scale(np.array(scores)).tolist()
    pairs = list(zip(scores, scaled, strict=True))
    assert all(a[1] <= b[1] for a in pairs for b in pairs if a[0] <= b[0])


# What the stems say


def _notes(*texts: str) -> Lexicon:
    """Return the lexicon of notes whose titles say nothing of what is asked."""
    return make_lexicon({f"Note {n}.md": text for n, text in enumerate(texts)})


def _stem_ranks(term: Term, *texts: str) -> list[float]:
    found = score_stems(_notes(*texts), [term])
    assert found.chunks.tolist() == found.notes.tolist()  # each note is one chunk
    return list(found.chunks)


def test_stand_in_of_several_stems_counts_only_where_all_are() -> None:
    term = Term("benevol", 1.0, {("charg", "mission"): 0.5})
    none, first, second, both = _stem_ranks(
        term, "Rien.", "Une charge.", "Deux missions.", "Une charge, deux missions."
    )
    assert none == first == second == 0 < both


def test_stems_of_a_stand_in_scattered_over_the_chunks_of_a_note_do_not_count() -> None:
    term = Term("benevol", 1.0, {("charg", "mission"): 0.5})
    found = score_stems(_notes("Une charge.\n\n## Suite\n\nDeux missions."), [term])
    assert (found.chunks.tolist(), found.notes.tolist()) == ([0, 0], [0])


def test_word_itself_scores_above_what_stands_for_it() -> None:
    word, stand_in = _stem_ranks(Term("public", 1.0, {("visiteur",): 0.5}), "Un public.", "Un visiteur.")
    assert word > stand_in > 0


def test_word_and_its_stand_in_together_say_no_more_than_one_term_can() -> None:
    """They are counted as one word said often, not as two words."""
    term = Term("public", 1.0, {("visiteur",): 1.0})
    both, twice = _stem_ranks(term, "Un public, un visiteur.", "Un public, un public.")
    assert both == twice < 1.0 * (K1 + 1)


def test_heavier_term_scores_more() -> None:
    light, heavy = (_stem_ranks(Term("public", weight), "Un public.", "Rien.")[0] for weight in (1.0, 2.0))
    assert heavy == pytest.approx(2 * light)


def test_shorter_text_that_says_it_as_often_scores_more() -> None:
    short, long = _stem_ranks(SURE, "Un public.", "Un public, puis des salles, des vitrines et des cartels.")
    assert short > long > 0


def test_more_of_the_word_scores_more_and_less_and_less_so() -> None:
    once, twice, thrice = _stem_ranks(
        SURE, "public salle salle", "public public salle", "public public public"
    )
    assert 0 < thrice - twice < twice - once < once


def test_title_weighs_as_much_as_three_times_the_body() -> None:
    titled, body = make_lexicon({"Public.md": "salle salle"}), make_lexicon({"x.md": "public public public"})
    assert score_stems(titled, [SURE]).chunks == pytest.approx(score_stems(body, [SURE]).chunks, rel=0.2)
    reference = Reference({"Public.md": "salle salle", "x.md": "public public public"})
    assert [_count(document, SURE) for document in reference.chunks] == [3, 3]


@pytest.mark.parametrize(
    "terms", [[], [Term("absent", 1.0)], [Term("absent", 1.0, {("absent", "public"): 1.0})]]
)
def test_what_no_note_holds_scores_nothing(terms: list[Term]) -> None:
    assert score_stems(_notes("Un public.", "Rien."), terms).chunks.tolist() == [0, 0]


# What the n-grams say


def _gram_ranks(asked: str, *texts: str) -> list[float]:
    scores: list[float] = GramScorer(_notes(*texts), [asked]).score_chunks(np.arange(len(texts))).tolist()
    return scores


@pytest.mark.parametrize("typo", ["numerqiue", "numeriqe", "numeriques", "nummerique"])
def test_typing_error_still_scores(typo: str) -> None:
    (exact, _), (wrong, other) = (
        _gram_ranks(word, "Le numérique.", "Une salle.") for word in ("numerique", typo)
    )
    assert other == 0 < wrong < exact


def test_word_unknown_to_the_vault_adds_nothing() -> None:
    scorer = GramScorer(_notes("Un public."), ["zzz"])
    assert [scorer.score_chunks(np.array([0])).tolist(), scorer.score_notes(np.array([0])).tolist()] == [
        [0],
        [0],
    ]


def test_rarer_word_weighs_more() -> None:
    rare, common = (
        _gram_ranks(word, "Un public, une salle.", "Une salle.", "La salle.")[0]
        for word in ("public", "salles")
    )
    assert rare > common > 0


def test_longer_text_scores_less() -> None:
    short, long = _gram_ranks("public", "Un public.", "Un public, puis des vitrines et des cartels.")
    assert short > long > 0


def test_scores_come_in_the_order_asked() -> None:
    scorer = GramScorer(_notes("Un public.", "Une salle.", "Le public, la salle, la vitrine."), ["public"])
    one, two, three = scorer.score_chunks(np.arange(3)).tolist()
    assert scorer.score_chunks(np.array([2, 0, 2, 1])) == pytest.approx([three, one, three, two])
    assert one > three > two == 0


def test_title_catches_what_the_body_does_not_say() -> None:
    lexicon = make_lexicon(
        {"Médiation.md": "Une salle.", "Vitrine.md": "Une salle.", "x.md": "La médiation."}
    )
    mediation, vitrine, _ = GramScorer(lexicon, ["mediateur"]).score_notes(np.arange(3)).tolist()
    assert mediation > vitrine == 0


def test_counts_of_a_word_said_very_often_do_not_wrap() -> None:
    scores = []
    for times in (32_767, 32_768):  # « pap » stands twice in it, and 65 536 is one too many for 16 bits
        items = index_notes({"a.md": "papapa", "b.md": "Rien."})
        items[0].chunks[0].words["papapa"] = times
        scores.append(float(GramScorer(build_lexicon(items), ["papapa"]).score_chunks(np.array([0]))[0]))
    assert scores[0] == pytest.approx(scores[1], rel=1e-3)
