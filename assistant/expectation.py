"""What form the answer to a question has: an amount, a price, a length of time, a date, a name.

Said by the question's own words (« combien », « quand », « qui »), and known in a statement by its signs. A
reason has no sure ones: « pourquoi » asks for no form.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from ingest.french import fold

_NUMBER = (
    r"\d|\b(?:deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|treize|quatorze|quinze|seize|vingt|trente|"
    r"quarante|cinquante|soixante|cent|cents|mille|millions?|dizaines?|douzaines?|centaines?|milliers?|aucune?)\b"
)
_MONTHS = "janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|decembre"
_DAYS = "lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche"


@dataclass(frozen=True, slots=True)
class Expectation:
    """A form of answer: what asks for it in a folded question, and what shows it in a statement.

    `shown` reads the statement folded, but for a name, whose capitals tell.
    """

    name: str
    asked: re.Pattern[str]
    shown: re.Pattern[str]

    def met_by(self, statement: str) -> bool:
        """Tell whether a statement has the form."""
        return bool(self.shown.search(statement if self.name == "name" else fold(statement)))


def _expectation(name: str, asked: str, shown: str) -> Expectation:
    return Expectation(name, re.compile(asked), re.compile(shown))


_PRICE = _expectation(
    "price",
    r"\b(?:combien [^?,;]{0,30}\b(?:cout|pai|pay|vers|donn|depens|touch)|prix|tarif|budget|loyer|montant|"
    r"cotisation|salaire|how much (?:\w+ ){0,6}(?:cost|pay))",
    r"\d[\d \u00a0\u202f.,]*(?:€|k€|m€|euros?\b|francs?\b)|\d[ \u00a0\u202f]\d{3}\b|\bgratui",
)
_LENGTH = _expectation(
    "length",
    r"\b(?:combien de (?:temps|jours|mois|semaines|heures)|duree|dure(?:nt)?\b|"
    r"how long (?:do|did|has|have|will))",
    rf"(?:{_NUMBER})[^.;]{{0,12}}\b(?:ans?|annees?|mois|semaines?|jours?|journees?|heures?|minutes?|h|min)\b",
)
_AMOUNT = _expectation(
    "amount",
    r"\b(?:combien|cb|how (?:many|much|long|big|tall|old)|nombre|taux|poids|surface|superficie|longueur|"
    r"hauteur|taille|capacite|jauge|temperature|pourcentage|age)\b",
    _NUMBER,
)
_DATE = _expectation(
    "date",
    r"\b(?:quand|qd|kand?|dates?|quelles? annees?|quels? jours?|quel mois|horaires?|when|"
    r"what (?:day|date|year))\b",
    rf"\b(?:1[5-9]|20)\d\d\b|\b(?:{_MONTHS})\b|\b(?:{_DAYS})s?\b|\b\d{{1,2}}/\d{{1,2}}\b|\ben \d\d\b",
)
_NAME = _expectation(
    "name",
    r"\b(?:(?<!ce )(?<!est ce )(?<!est-ce )qui|ki|who|whom|whose)\b",
    r"(?<![.!?] )(?<!\A)\b[A-ZÀ-ÖØ-Þ][\w’'-]+|\A[A-ZÀ-ÖØ-Þ][\w’'-]+ [A-ZÀ-ÖØ-Þ]",
)
_ALL = (_PRICE, _LENGTH, _AMOUNT, _DATE, _NAME)


@lru_cache(maxsize=256)
def read_expectations(question: str) -> tuple[Expectation, ...]:
    """Return the forms that a question asks for; none when it asks for no form in particular.

    A price or a length of time is an amount, but not any amount.
    """
    folded = fold(question)
    found = [expectation for expectation in _ALL if expectation.asked.search(folded)]
    narrow = _PRICE in found or _LENGTH in found
    return tuple(expectation for expectation in found if not (narrow and expectation is _AMOUNT))


def is_met(expectations: Iterable[Expectation], statement: str) -> bool:
    """Tell whether a statement has one of the forms."""
    return any(expectation.met_by(statement) for expectation in expectations)
