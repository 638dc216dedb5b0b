"""What a question searches for: its words, repaired, weighed, and what may stand for each."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from assistant.thesaurus import Phrase, Thesaurus, synonyms, translations
from ingest.french import (
    STOP_WORDS,
    content_words,
    edits_allowed,
    english_stem,
    english_words,
    is_english,
    named_things,
    nearest_word,
    spellings,
    stem,
    words,
)
from ingest.lexicon import Lexicon

_ASKING = frozenset(
    map(
        stem,
        """
        why pourquoi comment combien quand merci bonjour svp stp question phrase mot exemple chose
        genre sorte facon maniere cas gens concret vraiment exactement bien mieux besoin citer citez
        resumer resume comparer compare comparez expliquer explique existe exister connaitre
        connaissez connais chercher cherche dire dit dites parler parle parlez donner donne donnez
        montrer montre lister liste preciser precise savoir sait savez sais pouvoir peux pourrait
        vouloir veut veux voulez devoir devrais devrait aller va vont venir vient viennent trouver
        trouve repere croiser croisez definir definiriez repondre repondent lire aimerais souhaite
        conseiller recommander preparer aider aide sert servir permet permettre mettre met prendre
        rester tenir place role importance sujet theme temps durer
        """.split(),
    )
)
_THINGS = frozenset(map(stem, "don donner pouvoir devoir savoir aide".split()))  # after an article, they are
_TAKES_PLACE = re.compile(
    r"(?i)(?<!\w)(?:a|ont|aura|auront|avait|avaient|ait|avoir|eu)(?:-t-(?:ils?|elles?))? lieu\b"
)
_STAND_IN, _SAME = 0.5, 0.9  # of what the word itself is worth: a synonym's, an acronym's
_ASKED = 0.2  # of its weight that a word which only asks has in what is answered
_BEGUN = 0.5  # that a longer one is worth to a word which may not be all typed
_SHORTEST, _MOST = 3, 30  # letters that begin a word, stems that they may begin
_DOUBT = 0.5  # of what the word is worth where it was repaired: it may be another
_TURN = 0.7  # of its weight that a word which the vault lacks and that names no thing has: a turn of phrase


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a question: its stem, and its weight, larger for a word that fewer notes hold.

    `stand_ins` are the phrases that may stand for it, and how far each does, in ]0, 1]; `certainty` in ]0, 1]
    is lower for a word that was repaired. `known` tells that the vault holds the word, `names` that it comes
    after an article, as the name of a thing does.
    """

    stem: str
    weight: float
    stand_ins: Mapping[Phrase, float] = field(default_factory=dict)
    certainty: float = 1.0
    known: bool = True
    names: bool = False

    @property
    def asks(self) -> bool:
        """Whether the word only asks: « expliquer », « comment », but not « les dons »."""
        return self.stem in _ASKING and not (self.names and self.stem in _THINGS)

    @property
    def claim(self) -> float:
        """How much of an answer the word calls for: one that only asks calls for little."""
        turn = not (self.known or self.names or self.stand_ins)
        return self.weight * (_ASKED if self.asks else _TURN if turn else 1.0)

    @property
    def missing(self) -> float:
        """How much of an answer it calls for that the vault cannot give: a thing that it never names."""
        lacking = self.names and not self.known and not self.asks
        return self.claim * (1.0 - max(self.stand_ins.values(), default=0.0)) if lacking else 0.0

    def share_in(self, stems: frozenset[str]) -> float:
        """Return how far stems hold what the word asks for, in [0, 1]."""
        if self.stem in stems:
            return 1.0
        return max(
            (share for phrase, share in self.stand_ins.items() if stems.issuperset(phrase)), default=0.0
        )


@dataclass(frozen=True, slots=True)
class Search:
    """The words searched for, as they are written, and the terms they make."""

    words: tuple[str, ...]
    terms: tuple[Term, ...]


def read_search(
    text: str, lexicon: Lexicon, acronyms: Thesaurus | None = None, *, typing: bool = False
) -> Search:
    """Return what a text searches for in a vault; an English one is put into French.

    Args:
        text: The question, or what a follow-up means.
        lexicon: The words of the vault.
        acronyms: Those that the notes spell out.
        typing: Whether its last word may go on: those it begins then stand for it, and it is not repaired.
    """
    if is_english(text):
        return _translated(english_words(text), lexicon)
    asked = content_words(_TAKES_PLACE.sub(" ", text))
    begun = _begun(words(text)[-1], lexicon) if typing else Thesaurus()
    meant = tuple(word if begun.knows(stem(word)) else _repaired(word, lexicon) for word in asked)
    repaired = {stem(word) for word, typed in zip(meant, asked, strict=True) if word != typed}
    sources = [(begun, _BEGUN), (synonyms(), _STAND_IN), *([(acronyms, _SAME)] if acronyms else [])]
    names = frozenset(map(stem, named_things(text)))
    terms = (
        replace(term, certainty=_DOUBT if term.stem in repaired else 1.0, names=term.stem in names)
        for term in _terms([stem(word) for word in meant], lexicon, sources)
    )
    return Search(meant, tuple(terms))


def spelled_in(text: str, terms: Sequence[Term]) -> list[str]:
    """Return the words of a text that hold the terms, as it spells them, the heaviest term's first."""
    written = _written(text)
    held = written.keys()
    keys = (
        next((phrase for phrase in ((term.stem,), *term.stand_ins) if held >= set(phrase)), ())
        for term in sorted(terms, key=lambda term: -term.claim)
    )
    return list(dict.fromkeys(" ".join(written[part] for part in phrase) for phrase in keys if phrase))


@lru_cache(maxsize=512)
def _written(text: str) -> Mapping[str, str]:
    """Return the words of a passage as it first spells them, by stem; a room's questions share passages."""
    written: dict[str, str] = {}
    for folded, word in spellings(text):
        written.setdefault(stem(folded), word)
    return written


def _translated(asked: Sequence[str], lexicon: Lexicon) -> Search:
    """Return English words as terms that their French stands for; the words themselves are kept too."""
    terms = _terms([english_stem(word) for word in asked], lexicon, [(translations(), 1.0)])
    french = [part for term in terms for phrase in term.stand_ins for part in phrase]
    return Search(tuple(dict.fromkeys((*asked, *french))), terms)


def _terms(
    stems: Sequence[str], lexicon: Lexicon, sources: Sequence[tuple[Thesaurus, float]]
) -> tuple[Term, ...]:
    """Return a term a stem; what stands for it and is asked for too adds nothing."""
    worths: dict[str, dict[Phrase, float]] = {key: {} for key in stems}
    for thesaurus, worth in sources:
        for key, phrases in thesaurus.stand_ins(stems).items():
            worths[key].update(dict.fromkeys(phrases, worth))
    own = frozenset(stems)
    return tuple(
        _term(key, {phrase: worth for phrase, worth in found.items() if own.isdisjoint(phrase)}, lexicon)
        for key, found in worths.items()
    )


def _term(key: str, worths: Mapping[Phrase, float], lexicon: Lexicon) -> Term:
    """Return a term; a phrase that is commoner than the word it stands for says less than it.

    A word that the vault lacks weighs what the rarest of its sure stand-ins does: it is that one, elsewhere.
    """
    rarities = {
        phrase: max(_weight(part, lexicon) for part in phrase)
        for phrase in worths
        if all(lexicon.stem(part) is not None for part in phrase)
    }
    sure = [rare for phrase, rare in rarities.items() if worths[phrase] == 1.0]
    weight = max(sure) if sure and lexicon.stem(key) is None else _weight(key, lexicon)
    worth = {phrase: worths[phrase] * min(1.0, rare / weight) for phrase, rare in rarities.items()}
    return Term(key, weight, worth, known=lexicon.stem(key) is not None)


def _weight(key: str, lexicon: Lexicon) -> float:
    number = lexicon.stem(key)
    notes = int(lexicon.stem_notes[number]) if number is not None else 0
    return math.log(1 + len(lexicon.title_words) / (notes + 0.5))


def _begun(word: str, lexicon: Lexicon) -> Thesaurus:
    """Return what of the vault may stand for a word that is perhaps not all typed."""
    if len(word) < _SHORTEST or word in STOP_WORDS:
        return Thesaurus()
    longer = [(key,) for key in lexicon.stems_begun(word, _MOST)]
    return Thesaurus([((stem(word),), longer)] if longer else [])


def _repaired(word: str, lexicon: Lexicon) -> str:
    """Return a word, or the nearest one of the vault where neither the vault nor we know this one."""
    key = stem(word)
    if lexicon.word(word) is not None or lexicon.stem(key) is not None or synonyms().knows(key):
        return word
    edits = edits_allowed(word)
    return (edits and nearest_word(word, lexicon.words_like(word, edits))) or word
