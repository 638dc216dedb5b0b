"""Questions on the shipped notes with the note each should find, and the ways people type them in a hurry."""

import random
import re
import unicodedata

from ingest.french import content_words

QUESTIONS = {
    "À quoi sert le guide de l’Association des musées suisses ?": "AMS. La pratique muséale numérique",
    "Quelles attitudes les musées romands ont-ils eues pendant la pandémie ?": "Quel impact du Covid-19 sur le numérique au musée",
    "Comment mesurer la réussite d’un dispositif numérique ?": "Comment évaluer un projet numérique",
    "Quelles sont les conditions d’une méthode agile à la galerie nationale de Finlande ?": "Peut-on être agile dans un musée",
    "Pourquoi le robot téléguidé du Louvre-Lens ?": "Que recouvre la médiation numérique",
    "Que raconte le petit musée au bord du lac de Constance ?": "Seemuseum Kreuzlingen au forum MuseumXTD",
    "Quel incubateur aide les musées moyens et petits ?": "DOORS. Digital Incubator for Museums",
    "Comment construire sa présence sur Facebook et Instagram ?": "Manuel Charr. Les musées et les réseaux sociaux",
    "Qui organise des hackathons culturels en Suisse ?": "Open Data CH et Wikimedia CH",
    "Combien coûte la dématérialisation des archives ?": "Numériser ses collections, de la Tate à Odoma",
    "Quel diagnostic de maturité utiliser au Québec ?": "Virage NumeriCQ",
    "Que pense Louis Derrac de la modération du numérique ?": "Louis Derrac et la culture numérique",
    "Les visiteurs de Fourvière préfèrent-ils l’original ou la copie ?": "Authenticité et expérience muséale, du Louvre à Fourvière",
    "Que dit le directeur du Met à Vienne ?": "Max Hollein. The Universal Museum and its Digital Expansion",
    "Quelles habitudes de visite ont changé à Beaubourg ?": "Centre Pompidou. Entretien avec Agnès Benayer",
    "Comment réduire l’empreinte écologique de nos outils ?": "Comment utiliser le numérique de façon durable",
    "Comment faire contribuer les habitants ?": "Comment encourager la participation des publics",
    "Par quelles étapes commencer une stratégie ?": "Comment élaborer une stratégie numérique",
    "Quels dangers y a-t-il à s’équiper de technologies ?": "Quels sont les risques du numérique dans les musées",
    "Que veut dire une organisation phygitale ?": "Elisabeth Gravil au forum MuseumXTD",
    "Quelle consultante parle de modèle économique et de subventions ?": "Elisabeth Gravil. Un nouveau musée numérique pour une ère nouvelle",
    "Que proposait la journée de l’ICOM à Paris ?": "Journée professionnelle 2018. La stratégie numérique dans les musées",
    "Quelles compétences les équipes doivent-elles acquérir ?": "One by One et les compétences numériques",
    "Que mesure le baromètre de l’innovation ?": "Museum Innovation Barometer 2021",
    "Comment bien ranger un drive et ses archives ?": "Hub01. Le numérique, une formidable occasion pour la culture",
}  # fmt: skip

ENGLISH = {
    "Why should a museum have a digital strategy?": "Pourquoi développer une stratégie numérique dans les musées",
    "What are the risks of digital technology in museums?": "Quels sont les risques du numérique dans les musées",
    "How do we evaluate a digital project?": "Comment évaluer un projet numérique",
    "What was the impact of the pandemic on museums?": "Quel impact du Covid-19 sur le numérique au musée",
    "How can we encourage visitors to participate?": "Comment encourager la participation des publics",
    "How should a museum use social networks?": "Manuel Charr. Les musées et les réseaux sociaux",
    "Which skills do the teams need?": "One by One et les compétences numériques",
    "How do you digitise a collection of archives?": "Numériser ses collections, de la Tate à Odoma",
    "What did Max Hollein say about the universal museum?": "Max Hollein. The Universal Museum and its Digital Expansion",
    "Is there an incubator for small museums?": "DOORS. Digital Incubator for Museums",
}

_NEIGHBOURS = {
    key: near
    for row in ("azertyuiop", "qsdfghjklm", "wxcvbn")
    for key, near in zip(
        row, (row[1], *(a + b for a, b in zip(row, row[2:], strict=False)), row[-2]), strict=True
    )
}
_SMS = (
    (r"qu'est-ce que", "kes ke"), (r"\bc'est\b", "c"), (r"\bquel(?:le)?s?\b", "kel"), (r"\bque\b", "ke"), (r"\bqui\b", "ki"),
    (r"\bpour\b", "pr"), (r"\best\b", "e"), (r"\btou[ts]\b", "tt"), (r"\bavec\b", "ac"), (r"\bdans\b", "ds"),
    (r"\b(?=\w{6})(\w+?)(?:ent|es|e)\b", r"\1"), (r"([a-z])\1", r"\1"),
)  # fmt: skip


def without_accents(text: str) -> str:
    """Return a text as it is typed on a foreign keyboard."""
    opened = text.replace("œ", "oe").replace("Œ", "Oe").replace("’", "'")
    return "".join(char for char in unicodedata.normalize("NFD", opened) if not unicodedata.combining(char))


def as_sms(text: str) -> str:
    """Return a text as it is typed on a telephone."""
    typed = without_accents(text).lower()
    for pattern, written in _SMS:
        typed = re.sub(pattern, written, typed)
    return typed


def with_typo(text: str, chance: random.Random) -> str:
    """Return a text with one edit in one content word of at least five letters, never of its first letter."""
    found = [match for match in re.finditer(r"[^\W\d_]{5,}", text) if content_words(match[0])]
    if not found:
        return text
    match = chance.choice(found)
    word, at = match[0], chance.randrange(1, len(match[0]) - 1)
    near = _NEIGHBOURS.get(without_accents(word[at]).lower(), "e")
    typed = chance.choice((
        word[:at] + word[at + 1 :],
        word[:at] + word[at] + word[at:],
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        word[:at] + chance.choice(near) + word[at + 1 :],
    ))  # fmt: skip
    return text[: match.start()] + typed + text[match.end() :]
