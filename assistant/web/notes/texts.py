"""What the views of the notes say, in French: the list, the reader, the picture of links, the work list."""

from assistant.web.texts import count

NOTES_TITLE = "Vos notes"
SEARCH = "Chercher dans vos notes"
SEARCH_DO = "Chercher"
FOLDERS = "Dossiers"
TAGS = "Étiquettes"
TAGS_MORE = "Toutes les autres ({number})"
PARTS = "Parties du coffre"
REMOVE = "Retirer "
ORDER = "Ranger"
BY_TITLE = "par titre"
BY_DATE = "par date"
BY_RANK = "les plus proches d’abord"
MORE = "Plus de notes →"
BEFORE = "← Notes précédentes"
PAGES = "Suite de la liste"
NONE_FOUND = "Aucune note ne porte ces mots."
NONE_HERE = "Aucune note n’est rangée là."
NONE_HINT = "Essayez un autre mot, ou ôtez un filtre."
HEALTH_LINK = "Santé des notes"
HEALTH_LINK_WHY = "liens à mender, notes à écrire"

CITED_BY = "Citée par"
CITED_BY_NONE = "Aucune autre note ne cite celle-ci."
CITED_BY_MORE = "Les autres ({number})"
OBSIDIAN = "Ouvrir dans Obsidian"
PRIVATE, PRIVATE_WHY = "Confidentielle", "aucun modèle distant ne la reçoit"
TO_WRITE = "note à écrire"
CHANGED = (
    "La note a changé depuis que Cimaise l’a lue\u202f; voici le texte d’alors, que les réponses citent."
)
GONE = "La note n’existe plus dans le coffre\u202f; voici le texte que les réponses citent."

PICTURE = "Autour de cette note"
CITING = "La citent"
CITED = "Elle cite"

HEALTH_TITLE = "Santé des notes"
HEALTH_BACK = "← Toutes les notes"
HEALTH_LEAD = (
    "Ce que Cimaise mettrait en ordre. Elle ne touche à aucune note\u00a0: c’est à vous de le faire."
)
HEALTH_CLEAN = "Rien à mender."
HEALTH_KINDS = "Sortes de points"
EXAMINING = "J’examine les notes…"
OPENING = "J’ouvre la page…"
ASKED_IN = "Demandée dans "
THE_REST = "et {number} de plus\u202f; tout voir\u00a0: cimaise health --markdown"


def notes_found(total: int) -> str:
    """Return how many notes the list holds."""
    return count(total, "note")


def shown(first: int, last: int, total: int) -> str:
    """Return which notes of the list the page shows."""
    return f"{first} à {last} sur {count(total, 'note')}"


def cited_by(number: int) -> str:
    """Return how many notes cite a note, on one line; nothing when none does."""
    return count(number, "note la cite", "notes la citent").replace(" ", "\u00a0") if number else ""


def and_others(number: int) -> str:
    """Return how many are not shown; nothing when all are."""
    return f"et {count(number, 'autre')}" if number else ""


def around(title: str, citing: list[str], cited: list[str]) -> str:
    """Return what the picture of links shows, in words."""
    parts = [
        f"{CITING}\u00a0: {', '.join(citing)}." if citing else "",
        f"{CITED}\u00a0: {', '.join(cited)}." if cited else "",
    ]
    return " ".join([f"Les liens de «\u00a0{title}\u00a0».", *filter(None, parts)])


def examined(notes: int, points: int) -> str:
    """Return what the report of the vault's health found, in one line."""
    read = count(notes, "note lue", "notes lues")
    return f"{read}, {count(points, 'point')} à mender" if points else read


def demand(notes: int, links: int) -> str:
    """Return how much a missing note is asked for."""
    return f"{count(notes, 'note la demande', 'notes la demandent')}, {count(links, 'lien')}"


def line(number: int | None) -> str:
    """Return where in its file something stands."""
    return "" if number is None else f"ligne\u00a0{number}"
