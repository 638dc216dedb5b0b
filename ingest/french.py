"""French text analysis: folding, elision, stop words, stems, character n-grams, repair of unknown words.

Accents are folded before stemming, so that a question typed without them costs nothing.
"""

import re
import threading
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import pairwise

import Stemmer
from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

_WORD = re.compile(r"[^\W_]+")
_LOOSE = re.compile(r" (?=[:;?!»%])|(?<=«) ")
_LIGATURES = {"œ": "oe", "Œ": "oe", "æ": "ae", "Æ": "ae", "’": "'", "ʼ": "'"}


class _Folding(dict[int, str]):
    """What each character folds to, worked out when it is first met: translation then runs at full speed."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        decomposed = unicodedata.normalize("NFKD", _LIGATURES.get(char, char))
        folded = "".join(part for part in decomposed if not unicodedata.combining(part)).lower()
        return self.setdefault(code, folded)


_FOLDING = _Folding()

STOP_WORDS = frozenset(
    """
    a afin ai aie aient ais ait alors apres as au aucun aucune aupres auquel aura auraient aurait
    aussi autre autres aux auxquelles auxquels avaient avais avait avant avec avez aviez avions
    avoir avons ayant beaucoup c ca car ce ceci cela celle celles celui cependant certain certaine
    certaines certains ces cet cette ceux chaque chez ci comme contre d dans de dehors deja depuis
    des desquelles desquels dessous dessus deux devant doit doivent donc dont du duquel durant elle
    elles en encore entre environ es est et etaient etais etait etant ete etes etre eu eue eux fait
    faire faut font fut furent hors ici il ils j je jusqu jusque l la laquelle le lequel les
    lesquelles lesquels leur leurs lors lorsqu lorsque lui m ma mais malgre me meme memes mes mien
    mienne moi moins mon n ne ni nos notre nous on ont or ou outre par parce parmi pas pendant peu peut
    peuvent plus plusieurs plutot pour puis puisqu puisque qu quand quant que quel quelle quelles
    quelqu quelque quelques quels qui quoi quoiqu quoique s sa sans se selon sera serait seront ses
    si sien sienne soi soit sommes son sont sous suis sur surtout t ta tandis tant te tel telle
    telles tels tes toi ton toujours tous tout toute toutes tres trop tu un une vers voici voila vos
    votre vous vu y the of and to in is are was for on that this with as by it at from be an or
    which who what how
    ac bcp dc ds jai kand ke kel kelle kels kes ki koi kom mr mme ns pk pkoi pq pr slt stp svp tjrs tt ts vs
    """.split()
)
_ARTICLES = frozenset(
    "le la les l un une du des d de au aux ce cet cette ces mon ma mes ton ta tes son sa ses notre nos votre "
    "vos leur leurs".split()
)
_ENGLISH = frozenset(
    "the of and to in is are was were for that this these with by it its at from be which who what how why "
    "where when do does did can could should have has there their they about any my our we you your".split()
)  # none of them is French too
_BOTH = frozenset("a an as me on or s t".split())
_FRENCH = STOP_WORDS - _ENGLISH - _BOTH
_SMALL = (STOP_WORDS - _FRENCH) | (_ENGLISH - {"why"})  # « why » says something


def fold(text: str) -> str:
    """Return the text in lower case, without accents; ligatures opened, apostrophes straightened."""
    return text.translate(_FOLDING)


def hold_marks(text: str) -> str:
    """Return the text with no-break spaces where French wants them; no character is added or lost."""
    return _LOOSE.sub("\u00a0", text)


def words(text: str) -> list[str]:
    """Return the folded words of a text, stop words and all, in order; elisions are split."""
    return _WORD.findall(fold(text))


def spellings(text: str) -> list[tuple[str, str]]:
    """Return each (folded word, word as it is written) of a text, in order."""
    return [(folded, written) for written in _WORD.findall(text) for folded in _WORD.findall(fold(written))]


def content_words(text: str) -> list[str]:
    """Return the folded words that are not stop words, in order."""
    return [word for word in words(text) if word not in STOP_WORDS]


def named_things(text: str) -> list[str]:
    """Return the folded content words that come right after an article or its like, in order."""
    return [word for before, word in pairwise(words(text)) if before in _ARTICLES and word not in STOP_WORDS]


def english_words(text: str) -> list[str]:
    """Return the folded words of an English text but its small ones, in order: « AI » is none of them."""
    return [word for word in words(text) if word not in _SMALL]


def distinct_words(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the content words of several texts, each once, as they first come."""
    return tuple(dict.fromkeys(word for text in texts for word in content_words(text)))


def line_key(text: str) -> str:
    """Return what is equal between lines that say the same thing: their folded words."""
    return " ".join(words(text))


def stems(text: str) -> list[str]:
    """Return the French stems of the content words, in order."""
    return [stem(word) for word in content_words(text)]


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """Return the Snowball French stem of one folded word."""
    return str(_STEMMERS.french.stemWord(word))


@lru_cache(maxsize=20_000)
def english_stem(word: str) -> str:
    """Return the Snowball English stem of one folded word."""
    return str(_STEMMERS.english.stemWord(word))


def is_english(text: str) -> bool:
    """Tell whether a text is English rather than French, by the small words of both.

    What opens in French is French: « Que dit The Museum and its Public ? » quotes English.
    """
    said = words(text)
    french, english = (sum(word in small for word in said) for small in (_FRENCH, _ENGLISH))
    return english > french and said[0] not in _FRENCH


@lru_cache(maxsize=100_000)
def grams(word: str) -> tuple[str, ...]:
    """Return the character 3- to 5-grams of one folded word between boundary marks."""
    marked = f"_{word}_"
    return tuple(marked[i : i + n] for n in (3, 4, 5) for i in range(len(marked) - n + 1))


def gram_count(word: str) -> int:
    """Return how many n-grams `grams` gives for a word, without making them."""
    return max(3 * len(word) - 3, 1)


def edits_allowed(word: str) -> int:
    """Return how many edits may separate a word from what was meant: 1 from 4 letters, 2 from 7."""
    if len(word) < 4 or word.isdigit():
        return 0
    return 2 if len(word) >= 7 else 1


def nearest_word(word: str, vocabulary: Mapping[str, int]) -> str | None:
    """Return the word of a vocabulary that an unknown one most likely stands for, or None.

    Args:
        word: A folded word.
        vocabulary: Folded words and how frequent each is; the nearer wins, then the more frequent.
    """
    edits = edits_allowed(word)
    found = process.extract(
        word, vocabulary.keys(), scorer=DamerauLevenshtein.distance, score_cutoff=edits, limit=20
    )
    meant = [(distance, -vocabulary[name], name) for name, distance, _ in found if name[0] == word[0]]
    return min(meant)[2] if meant and edits else None


class _Stemmers(threading.local):
    """Stemmers of one thread: each keeps the word it is working on."""

    def __init__(self) -> None:
        self.french = Stemmer.Stemmer("french")
        self.english = Stemmer.Stemmer("english")


_STEMMERS = _Stemmers()
