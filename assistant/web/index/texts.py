"""Every French string of the « Index » view and of a page whose notes are not ready, and what they count."""

import math
from datetime import datetime

from assistant.web.texts import count, french_date
from ingest.sync import SyncReport

TITLE = "Index"
LEAD = "Ce que Cimaise a lu de vos notes, ce qu’il a laissé de côté, et pourquoi."
STATUS = "État de la lecture"
RUN = "Relire les notes"
REBUILD = "Tout reconstruire"
CANCEL = "Annuler"
FORCE = "Relire quand même"
FORCE_SURE = "Les notes disparues sortiront de l’index\u202f; vos fichiers ne changent pas."
FORCE_YES = "Oui, les retirer de l’index"
BUSY = "Une lecture est déjà en cours\u202f; attendez qu’elle finisse."
FAILED_ELSEWHERE = (
    "Les notes n’ont pas pu être relues\u202f; la personne qui tient Cimaise verra pourquoi sur son écran."
)
NOTHING_READ = "Aucune note n’a encore été lue."
LOST = "La connexion avec Cimaise est perdue\u202f; vérifiez qu’elle tourne, puis rechargez la page."

NOTES, FILES, CHUNKS, READ_AT, TOOK, PUBLISHED_AT = (
    "Notes",
    "Fichiers vus",
    "Passages",
    "Lues",
    "En",
    "Index fait",
)
VECTORS, EMBEDDINGS, WRITER = "Recherche par vecteurs", "Vecteurs", "Rédaction"
VAULT_FOLDER, INDEX_FOLDER = "Dossier des notes", "Dossier de l’index"
VECTORS_ON = "en marche"
VECTORS_OFF = "en panne\u202f; la recherche se fait par les mots, «\u00a0Tout reconstruire\u00a0» la répare"
HASHED = "calculés ici, sans réseau"

SKIPPED, FAILED, WARNINGS = "Laissés de côté", "En échec", "À mender"
SKIPPED_NONE = "Aucun fichier n’est laissé de côté."
SHOW_PATHS = "Voir les fichiers"

LOCAL = "Réglages de cet ordinateur"
LOCAL_WHY = "Ces réglages ne s’offrent que sur l’ordinateur où Cimaise tourne\u202f; ils y sont gardés."
VAULT_TITLE = "Choisir le dossier des notes"
VAULT_HINT = "Tapez un chemin, ou descendez de dossier en dossier. Cimaise lit vos notes et n’y écrit jamais."
VAULT_CHOOSE = "Lire ce dossier"
VAULT_CHOSEN = "Dossier choisi\u202f; je le lis."
VAULT_EMPTY = "Donnez le chemin d’un dossier de notes."
FOLDERS = "Dossiers"
FOLDER_UP = "Dossier au-dessus"
MODEL_TITLE = "Choisir qui rédige"
MODEL = "Modèle"
MODEL_HINT = "«\u00a0fournisseur:modèle\u00a0», par exemple openai:mistral-small-latest"
BASE_URL = "Adresse du serveur"
BASE_URL_HINT = "Vide pour OpenAI\u202f; sinon, par exemple http://127.0.0.1:11434/v1"
KEY = "Clé d’accès"
KEY_HINT = "Un serveur de cet ordinateur n’en demande souvent aucune."
KEY_KNOWN = "Une clé est connue pour cette adresse\u202f; laissez vide pour la reprendre."
KEEP_KEY = "Garder la clé sur cet ordinateur"
TRY = "Essayer"
MODEL_CHOOSE = "Rédiger avec ce modèle"
NO_MODEL = "Sans IA"
TRYING = "J’attends la réponse du modèle…"
MODEL_EMPTY = "Donnez le nom d’un modèle, ou choisissez «\u00a0Sans IA\u00a0»."

WELCOME_CHOOSE = "Choisir le dossier des notes"
WELCOME_NOT_READY = "Vos notes ne sont pas prêtes\u202f; demandez à la personne qui tient Cimaise."
WELCOME_OLD = "Les réponses viennent de la dernière lecture."
WELCOME_EXTRACTS = "Les réponses sont des extraits."

_READING = frozenset({"Lecture des notes", "Analyse des notes"})


def number(value: int) -> str:
    """Return a number as one reads it, its thousands apart."""
    return f"{value:,}".replace(",", "\u202f")


def progress(stage: str, done: int, total: int | None) -> str:
    """Return how far the reading of the notes is."""
    far = (
        f"\u00a0: {number(done)} sur {number(total)}"
        if total and done
        else f"\u00a0: {number(done)}"
        if done
        else ""
    )
    if stage in _READING:
        return f"Je lis vos notes{far}…"
    return f"Je range vos notes, {stage[:1].lower()}{stage[1:]}{far}…"


def moment(at: datetime, now: datetime) -> str:
    """Return a moment as one says it; both are of one time zone."""
    if at.date() == now.date():
        return f"aujourd’hui {_hour(at)}"
    return f"le {french_date(at.date().isoformat())} {_hour(at)}"


def lately(at: datetime, now: datetime) -> str:
    """Return when notes were last read, in few words; both are of one time zone."""
    return f"à jour {_hour(at) if at.date() == now.date() else f'au {french_date(at.date().isoformat())}'}"


def _hour(at: datetime) -> str:
    return f"à {at.hour}\u00a0h\u00a0{at.minute:02}"


def duration(seconds: float) -> str:
    """Return how long something took."""
    if seconds < 1:
        return "moins d’une seconde"
    if seconds < 120:
        return f"{seconds:.0f}\u00a0s"
    return f"{seconds / 60:.0f}\u00a0min"


def outcome(report: SyncReport) -> str:
    """Return what a reading gave, in one sentence."""
    if not report.published:
        return f"Rien n’a changé\u00a0: {count(report.indexed, 'note')} à jour."
    changes = (
        count(report.added, "ajoutée"),
        count(report.updated, "modifiée"),
        count(report.renamed, "renommée"),
        count(report.removed, "retirée"),
    )
    told = ", ".join(change for change in changes if not change.startswith("0 "))
    return f"Notes relues\u00a0: {count(report.indexed, 'note')}{f' ({told})' if told else ''}."


def seen(report: SyncReport) -> str:
    """Return how many notes of how many files were read."""
    return f"{count(report.indexed, 'note lue', 'notes lues')} sur {count(report.seen, 'fichier')}."


def more(paths: int) -> str:
    """Return how many paths are not listed."""
    return f"… et {number(paths)} de plus"


def too_soon(wait_s: float) -> str:
    """Return that the notes were read a moment ago, and when they can be again."""
    wait = count(max(1, math.ceil(wait_s)), "seconde")
    return f"Une lecture vient de finir\u202f; attendez {wait} avant d’en demander une autre."


def answers(took_s: float) -> str:
    """Return that a model answers, and how soon."""
    return f"Le modèle répond, en {took_s:.1f}\u00a0s.".replace(".", ",", 1)


def folder_holds(held: str) -> str:
    """Return what the folder that is typed holds."""
    return f"Ce dossier\u00a0: {held}."


def notes_held(notes: int, *, at_least: bool) -> str:
    """Return how many notes a folder holds, as far as there was time to count them."""
    return f"plus de {count(notes, 'note')}" if at_least else count(notes, "note")
