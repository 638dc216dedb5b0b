"""Thirty answers a careful model would give on the shipped notes, and what breaks them.

`faithful_answers.json` was written before the rules of grounding were; answers 16 to 30 were not looked at
while the rules were worked on.
"""

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path

from assistant.answer import Passage
from ingest.clean import clean
from ingest.french import line_key
from ingest.note import parse_note

ROOT = Path(__file__).parents[1]
_MARK = re.compile(r"\[(\d+)\]")
_QUOTED = re.compile(r"« ([^«»]+) »")
_MONTHS = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()
_DATE = re.compile(rf"(?:(\d{{1,2}}|1er) )?({'|'.join(_MONTHS)}) (\d{{4}})")
_WORDS = "deux trois quatre cinq six sept huit neuf dix".split()
_FIGURE = re.compile(rf"\d+(?:h\d\d)?|\b(?:{'|'.join((*_WORDS, 'vingt-sept'))})\b")
_VERBS = """est sont a ont propose montre permet repère peut évalue compte donne porte observe parle décrit arrête
confronte recommande rappelle révèle cite défend associe pèse ajoute prend notent estime constate fait interroge
traite nomme réunit conseille existent touchent rendent réclament distingue retient résume embrasse rattache
considère inscrit présente figurait travaillent invitent recueille partage dirige pouvait examine figurent
montrent participe comporte admet altère insiste repose sensibilise souhaite organisent imagine pose plaide
change publie suppose prolonge consomment coexistent assume varient recourt nuit veut représentaient
parlait était doivent s’adresse""".split()
_VERB = re.compile(rf"(?<![\w’'-])(?:({'|'.join(map(re.escape, _VERBS))}))(?![\w’'-])")
_NEGATION = re.compile(r"\bn(?:e |’)((?:se |s’|lui |y )?[\w’-]+)((?: donc)?) (?:pas|plus|rien|jamais)\b ?")
_STRANGER = "autrement bicyclette volontiers orange tempête".split()


@dataclass(frozen=True, slots=True)
class Written:
    """A sentence as a model wrote it for an answer (1-based), or a mutant of it and its kind."""

    answer: int
    text: str
    kind: str = "faithful"

    @property
    def held_out(self) -> bool:
        """Whether the rules were worked on without it."""
        return self.answer > 15

    @property
    def passages(self) -> tuple[Passage, ...]:
        """What the model was given."""
        return tuple(_passage(n, path) for n, path in enumerate(_answers()[self.answer - 1]["notes"], 1))


@cache
def _answers() -> list[dict[str, list[str]]]:
    return json.loads((ROOT / "tests" / "faithful_answers.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


@cache
def _passage(number: int, path: str) -> Passage:
    """Return a whole note of the demonstration vault as a passage."""
    note = parse_note((ROOT / "notes" / path).read_bytes().decode(), path)
    sections = tuple((section.start, section.heading) for section in note.sections)
    return Passage(
        number=number, note_id=f"n{number}", note=note.title, path=path, heading=sections[0][1],
        text=note.text[note.body_start:], start=note.body_start, end=len(note.text), encoding="utf-8",
        score=1.0, reason="", sections=sections,
    )  # fmt: skip


def faithful() -> list[Written]:
    """Return the sentences of the faithful answers."""
    return [
        Written(number, text) for number, answer in enumerate(_answers(), 1) for text in answer["sentences"]
    ]


def mutants() -> list[Written]:
    """Return what breaks them, each kind in order: always the same."""
    made = [
        Written(sentence.answer, text, kind)
        for sentence in faithful()
        for kind, maker in _MAKERS.items()
        for text in dict.fromkeys(maker(sentence))
        if text != sentence.text
    ]
    return made + [Written(number, text, "sentence from nowhere") for number, text in _nowhere()]


def _figures(sentence: Written) -> Iterator[str]:
    dates = [match.span() for match in _DATE.finditer(sentence.text)]
    bare = re.sub(r"\[\d+\]", lambda match: "#" * len(match[0]), sentence.text)
    for match in _FIGURE.finditer(bare):
        if any(start <= match.start() < end for start, end in dates):
            continue
        for other in _other_figures(match[0]):
            yield sentence.text[: match.start()] + other + sentence.text[match.end() :]


def _other_figures(figure: str) -> tuple[str, ...]:
    if figure in _WORDS:
        place = _WORDS.index(figure)
        return (_WORDS[(place + 1) % 9], _WORDS[(place + 5) % 9])
    if "h" in figure:
        hour, _, minutes = figure.partition("h")
        return (f"{int(hour) + 1}h{minutes}", f"{hour}h{(int(minutes) + 5) % 60:02}")
    return (str(int(figure) + 1), f"{figure}0") if figure.isdigit() else ("vingt-huit", "trente-sept")


def _dates(sentence: Written) -> Iterator[str]:
    for match in _DATE.finditer(sentence.text):
        day, month, year = match.groups()
        later = _MONTHS[(_MONTHS.index(month) + 1) % 12]
        opening = f"{day} " if day else ""
        others = [f"{opening}{later} {year}", f"{opening}{month} {int(year) - 1}"]
        if day:
            others.append(f"{(9 if day == '1er' else int(day)) % 28 + 1} {month} {year}")
        yield from (sentence.text[: match.start()] + other + sentence.text[match.end() :] for other in others)


def _dropped_negations(sentence: Written) -> Iterator[str]:
    for match in _NEGATION.finditer(sentence.text):
        yield f"{sentence.text[: match.start()]}{match[1]}{match[2]} {sentence.text[match.end() :]}"
    if " sans " in sentence.text:
        yield sentence.text.replace(" sans ", " avec ")
    if "et pas seulement" in sentence.text:
        yield sentence.text.replace("et pas seulement", "et seulement")


def _added_negations(sentence: Written) -> Iterator[str]:
    for match in list(_VERB.finditer(sentence.text))[:2]:
        before = sentence.text[: match.start()]
        if (
            re.search(r"(?:\bn’|\bne |«[^»]*|\b(?:l|s|les|se|y|d)['’ ]?)$", before)
            or " pas " in sentence.text
        ):
            continue
        glue = "n’" if match[0][0] in "aeéiouê" else "ne "
        yield f"{before}{glue}{match[0]} pas{sentence.text[match.end() :]}"


def _swapped_citations(sentence: Written) -> Iterator[str]:
    """Yield the sentence with the next passage that does not say it in the place of the one that does."""
    cited = {int(number) for number in _MARK.findall(sentence.text)}
    if not cited:
        return
    total = len(_answers()[sentence.answer - 1]["notes"])
    bare = _MARK.sub("", sentence.text).rstrip(". ")
    saying = cited | _ALSO_SAY.get(bare, frozenset())
    ring = (step % total + 1 for step in count(min(cited)))
    other = next(
        (number for number, _ in zip(ring, range(total), strict=False) if number not in saying), None
    )
    if other is not None:
        yield f"{bare} [{other}]."


def _borrowed_figures(sentence: Written) -> Iterator[str]:
    """Yield the sentence with a figure that its passage does hold, of something else."""
    cited = set(map(int, _MARK.findall(sentence.text)))
    texts = [clean(p.text) for p in sentence.passages if p.number in cited]
    held = sorted({word for text in texts for word in _WORDS if re.search(rf"\b{word}\b", text)})
    for match in re.finditer(rf"\b(?:{'|'.join(_WORDS)})\b", sentence.text):
        others = [word for word in held if word != match[0]]
        yield from (sentence.text[: match.start()] + o + sentence.text[match.end() :] for o in others)


def _altered_names(sentence: Written) -> Iterator[str]:
    """Yield the sentence with a stranger's name in the place of one of its own."""
    for match in re.finditer(r"(?<=[a-zé] )[A-ZÉ][a-zé]{4,}(?![\w’])", sentence.text):
        if "«" not in sentence.text[: match.start()]:
            yield f"{sentence.text[: match.start()]}Dubreuil{sentence.text[match.end() :]}"


def _invented_quotations(sentence: Written) -> Iterator[str]:
    """Yield the sentence with a quotation nobody wrote, and as if its paraphrase were a quotation."""
    cited = _MARK.findall(sentence.text)
    bare = _MARK.sub("", sentence.text).rstrip(". ")
    marks = "".join(f"[{number}]" for number in cited)
    if not marks or "«" in bare:
        return
    yield f"{bare}, car « le numérique change tout pour les musées » {marks}."
    if not any(
        line_key(bare) in line_key(clean(p.text)) for p in sentence.passages if str(p.number) in cited
    ):
        yield f"« {bare} » {marks}."


def _altered_quotations(sentence: Written) -> Iterator[str]:
    for quoted in _QUOTED.finditer(sentence.text):
        words = quoted[1].split(" ")
        dice = random.Random(quoted[1])  # noqa: S311 - drawn again the same
        for place in sorted({0, len(words) // 2, len(words) - 1}):
            other = [*words[:place], dice.choice(_STRANGER), *words[place + 1 :]]
            yield sentence.text.replace(quoted[0], f"« {' '.join(other)} »")


def _numbers_out_of_range(sentence: Written) -> Iterator[str]:
    yield _MARK.sub("[37]", sentence.text)
    yield _MARK.sub(r"[\1][0]", sentence.text)


_MAKERS = {
    "altered figure": _figures,
    "borrowed figure": _borrowed_figures,
    "altered date": _dates,
    "altered name": _altered_names,
    "dropped negation": _dropped_negations,
    "added negation": _added_negations,
    "swapped citation": _swapped_citations,
    "invented quotation": _invented_quotations,
    "altered quotation": _altered_quotations,
    "number out of range": _numbers_out_of_range,
}


def _nowhere() -> list[tuple[int, str]]:
    path = ROOT / "tests" / "sentences_from_nowhere.json"
    return [(number, text) for number, text in json.loads(path.read_text(encoding="utf-8"))]


# Judged by hand before the rules were written: what another passage of the answer says too, in its own words.
_ALSO_SAY: dict[str, frozenset[int]] = {
    "Le musée décrit d’abord sa position actuelle et ses façons de faire": frozenset({2}),
    "Il arrête ensuite ses priorités et se fixe des objectifs SMART": frozenset({2}),
    "Enfin, il confronte son état présent à la vision visée et en tire des lignes directrices": frozenset(
        {2}
    ),
    "La pandémie a accéléré la transformation numérique du Centre Pompidou, parce que la stratégie avait été "
    "pensée longtemps auparavant": frozenset({2}),
    "L’institution suit les chiffres de consommation de ses nouveaux formats": frozenset({1}),
    "DOORS est un incubateur de projets numériques destiné aux petits et moyens musées": frozenset({2}),
    "Il s’agit enfin de trouver un rythme soutenable après la crise": frozenset({1}),
    "Ensemble, elles organisent des hackathons culturels": frozenset({2}),
    "Louis Derrac plaide pour des usages plus mesurés": frozenset({1, 3}),
    "Le Seemuseum a analysé sa stratégie numérique en participant à digitorials.ch": frozenset({2}),
    "Les petites institutions doivent trouver un niveau de numérisation tenable": frozenset({1}),
}
