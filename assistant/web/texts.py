"""Every French string of the page, and the few functions that count and date in French."""

from collections.abc import Sequence

from assistant.usage import Usage, render_usage
from ingest import dates
from ingest.french import hold_marks

BRAND = "Cimaise"
PAGE_TITLE = "Cimaise : que disent vos notes ?"
VIEWS = (("/", "Conversation"), ("/notes", "Notes"), ("/index", "Index"))
VIEWS_NAME = "Vues"

WELCOME_TITLE = "Que disent vos notes ?"
STARTERS = "Pour commencer, d’après vos notes"
DOOR_PROGRAM = "Vous parlez à un programme, pas à une personne ; relisez les passages avant de les citer."
DOOR_KEEPS = (
    "Vos conversations restent dans ce navigateur jusqu’à ce que vous les effaciez\u202f; "
    "Cimaise les oublie après la fermeture de la page."
)
NO_SCRIPT = "Cimaise a besoin de JavaScript dans ce navigateur pour afficher la conversation."

QUESTION = "Votre question"
ASK = "Demander"
STOP = "Arrêter"
HINT = "Entrée envoie, [[ nomme une note"
CONVERSATION = "Conversation"

LABELS = {"verbatim": "mot à mot", "supported": "appuyé", "unsupported": "sans appui", "link": ""}
UNSUPPORTED_WHY = "Aucun passage lu ne le dit. À vérifier avant de s’en servir."
PASSAGE = "passage"
LEGEND_TITLE = "Lire une réponse"
LEGEND_LEAD = "Chaque phrase porte une étiquette et le numéro de son passage."
LEGEND = (
    ("verbatim", "La phrase cite votre note, à la lettre."),
    ("supported", "Elle reformule un passage ; chiffres, dates et négations y sont."),
    ("unsupported", "Aucun passage ne la porte. À vérifier."),
)
LEGEND_NUMBER = ("Un numéro accroché à son rail", "ouvre la note, au bon endroit.")

EVIDENCE_TITLE = "Sur quoi repose la réponse"
READING_TITLE = "Ce que je lis"
READ_TITLE = "Ce que j’ai lu"
PRIVATE = "Note confidentielle\u00a0: aucun modèle distant ne la reçoit."

SILENT_MORE = "Plutôt que d’inventer, voici ce qu’il faudrait écrire."
SILENT_ALONE = "Essayez d’autres mots, ou écrivez la note qui manque."
GAPS_TITLE = "Ce que vos notes ne disent pas"
GAP_NEAREST = "Au plus près : "
STUB = "Ébauche à coller dans votre coffre"
INCOMPLETE = "La réponse a été coupée avant la fin."
STOPPED = "Réponse arrêtée ; ce qui est affiché est vérifié."
STOPPED_EMPTY = "Réponse arrêtée avant la première phrase."
FAILED = "La réponse n’a pas pu être préparée ; réessayez, et relancez Cimaise si cela se répète."
CONTEXT_UNREADABLE = "Le périmètre de recherche n’est pas lisible\u202f; rechargez la page."
EDIT = "Modifier la question"
AGAIN = "Réessayer"
WIDEN = "Chercher dans tout le coffre"
ACTS = (
    ("copy", "Copier avec les sources"),
    ("export", "Exporter"),
    ("useful", "Utile"),
    ("review", "À revoir"),
)
LEADS = "Vos notes mènent aussi à"
ABOUT = "Que sais-tu faire\u202f?"
ABOUT_DONE = "Voilà ce que je sais faire."
ABOUT_ANSWERS = (
    "Je réponds avec vos mots, et le passage exact de chaque phrase s’ouvre d’un clic dans sa note."
)
ABOUT_EVERYWHERE = (
    "Je cherche dans tout le coffre\u202f; «\u00a0Préciser\u00a0» s’en tient à un dossier, à une étiquette "
    "ou à une période."
)
ABOUT_TOOLS = (
    "Vous pouvez nommer une note en tapant deux crochets ouvrants, modifier une question, copier une réponse "
    "avec ses sources et exporter la conversation."
)
ABOUT_LIMITS = (
    "Je ne sais que ce que disent vos notes\u202f: je ne cherche pas sur le Web, je ne modifie aucune note, "
    "et quand elles ne répondent pas, je le dis."
)
EMPTY_QUESTION = "Écrivez d’abord une question."

STATUS_WRITING = "je rédige, phrase par phrase…"
PHASE_WRITE = "Je rédige à partir de ces passages…"
PHASE_CHECK = "Chaque phrase sera vérifiée dans vos notes"

CARTEL_DATE, CARTEL_TAGS, CARTEL_ALIASES, CARTEL_FILE = "Noté le", "Étiquettes", "Autres titres", "Fichier"
FRONT_MATTER = "En-tête de la note"
NOTE_UNKNOWN = "Cette note n’existe pas, ou n’existe plus ; reposez la question pour lire l’état présent."
NOTE_SPAN_INVALID = "Les bornes du passage doivent être deux nombres entiers ; vérifiez l’adresse."
NOTE_SPAN_OUTSIDE = "Le passage demandé n’est pas dans cette note ; la voici entière, sans marque."
BACK_TO_CHAT = "← Revenir à la conversation"
BACK_TO_CITATION = "← Revenir à la citation {number}"

REFUSED_HOST = "Cimaise ne répond pas sous ce nom d’hôte."
REFUSED_ORIGIN = "Cette demande vient d’un autre site ; elle est refusée."
REFUSED_SIZE = "La demande est trop longue ; raccourcissez-la."
PORT_FORBIDDEN = "le port {port} demande des droits d’administrateur ; prenez-en un au-dessus de 1023."
HOST_UNKNOWN = "« {host} » n’est pas une adresse de cet ordinateur ; prenez 127.0.0.1, ou 0.0.0.0."
NOT_FOUND = "Cette page n’existe pas."


french_date = dates.french_date


def count(number: int, singular: str, plural: str | None = None) -> str:
    """Return the number with its noun: zero and one are singular in French."""
    noun = singular if number < 2 else plural or f"{singular}s"
    return f"{number} {noun}"


def welcome_lead(notes: int, vault: str) -> str:
    """Return what Cimaise does, with how many notes of which vault it reads."""
    read = f"les {notes} notes" if notes > 1 else "la note" if notes else "les notes"
    return (
        f"Posez une question. Cimaise répond d’après {read} de « {vault} » et accroche, "
        "sous chaque phrase, le passage exact qui la porte."
    )


def mode_line(mode: str, remote_host: str | None, *, here: bool = True) -> str:
    """Return which writer answers, and where questions go; `here` is for who sits at this very machine."""
    kind = "Extraits, sans IA" if mode == "extracts" else "Un modèle d’IA rédige à partir de vos notes"
    if remote_host:
        return f"{kind}\u202f; vos questions et des passages de vos notes sont envoyés à {remote_host}."
    return (
        f"{kind}\u00a0: rien ne sort de {'cet ordinateur' if here else 'l’ordinateur qui sert cette page'}."
    )


def about_notes(notes: int, vault: str) -> str:
    """Return what Cimaise reads, for those who ask what it can do."""
    return f"Je lis {count(notes, 'note')} de «\u00a0{vault}\u00a0»."


def about_scope(kept_to: Sequence[str]) -> str:
    """Return where the next question is searched, for those who ask what Cimaise can do."""
    if not kept_to:
        return ABOUT_EVERYWHERE
    return f"En ce moment, je ne cherche que dans {', '.join(kept_to)}."


def short_mode(mode: str | None) -> str:
    """Return the mode as one reads it under an answer."""
    return "Rédigé par un modèle d’IA" if mode == "model" else "Extraits, sans IA"


def searching(notes: int, kept_to: Sequence[str] = ()) -> str:
    """Return the status while the passages are looked for, in the whole vault or in parts of it."""
    return f"Je cherche dans {', '.join(kept_to) or count(notes, 'note')}…"


def searched_in(kept_to: Sequence[str]) -> str:
    """Return, in the head of an answer, what parts of the vault were searched."""
    return f"cherché dans {', '.join(kept_to)}"


def nothing_in(kept_to: Sequence[str]) -> str:
    """Return what a refusal says when only parts of the vault were searched."""
    return f"La recherche s’est limitée à {', '.join(kept_to)}."


def export_title(iso: str) -> str:
    """Return the title of an exported conversation."""
    return f"Conversation avec Cimaise, {french_date(iso)}"


def silent_in(kept_to: Sequence[str]) -> str:
    """Return the status of a refusal when only parts of the vault were searched."""
    return f"Rien dans {', '.join(kept_to)}."


def reopened(exchanges: int) -> str:
    """Return the status once a kept conversation is shown again."""
    return f"Conversation rouverte\u202f: {count(exchanges, 'question')}."


def writing(passages: int) -> str:
    """Return the status while the answer is written."""
    return f"{count(passages, 'passage trouvé', 'passages trouvés')} ; {STATUS_WRITING}"


def found(passages: int, notes: int) -> str:
    """Return how many passages of how many notes were found."""
    nouns = count(passages, "passage trouvé", "passages trouvés")
    return f"{nouns} dans {count(notes, 'note')}"


def cited(passages: int, notes: int) -> str:
    """Return how many passages of how many notes are cited."""
    return f"{count(passages, 'passage cité', 'passages cités')}, dans {count(notes, 'note')}"


def about_question(question: str) -> str:
    """Return which question the passages beside several answers are for."""
    return hold_marks(f"Pour «\u00a0{question}\u00a0»")


def uncited(passages: int) -> str:
    """Return the title of the fold with what was read and not cited."""
    return f"Lu mais non cité ({passages})"


def read(passages: int) -> str:
    """Return how many passages were read."""
    return count(passages, "passage lu", "passages lus")


def read_none(passages: int) -> str:
    """Return what a refusal says it has read."""
    return f"{read(passages)}, aucun ne répond"


def finished(passages: int, unsupported: int, verdict: str | None) -> str:
    """Return the status once the answer is complete."""
    if verdict == "silent":
        return "Vos notes n’en disent rien."
    nearest = "Vos notes ne répondent pas ; le plus proche est affiché"
    head = nearest if verdict == "nearest" else "Réponse terminée"
    parts = [count(passages, "passage cité", "passages cités")]
    if unsupported:
        parts.append(count(unsupported, "phrase sans appui", "phrases sans appui"))
    return f"{head} : {', '.join(parts)}."


def provenance(mode: str | None, passages: int, cited_count: int, usage: Usage) -> tuple[str, ...]:
    """Return what an answer rests on and took: mode, passages read and cited, requests, tokens, cost."""
    read = f"{count(passages, 'passage lu', 'passages lus')}, {count(cited_count, 'cité')}"
    return short_mode(mode), read, render_usage(usage)


def doubts(unsupported: int, removed: int) -> tuple[str, ...]:
    """Return what the checks found: sentences nothing supports, and what was taken out."""
    said = count(unsupported, "phrase sans appui", "phrases sans appui")
    taken = count(removed, "élément sans appui retiré", "éléments sans appui retirés")
    return tuple(text for text, number in ((said, unsupported), (taken, removed)) if number)
