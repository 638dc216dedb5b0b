"""What the kinds of findings of the vault report are called, in French."""

from ingest.health.finding import Kind

_LABELS: dict[Kind, tuple[str, str]] = {
    "unreadable": ("fichier illisible", "fichiers illisibles"),
    "encoding": ("note d’un autre encodage que UTF-8", "notes d’un autre encodage que UTF-8"),
    "conflict": ("conflit non résolu", "conflits non résolus"),
    "malformed_header": ("en-tête mal formé", "en-têtes mal formés"),
    "oddity": ("passage insolite", "passages insolites"),
    "missing_note": ("lien vers une note absente", "liens vers une note absente"),
    "broken_embed": ("insertion introuvable", "insertions introuvables"),
    "broken_anchor": ("lien vers un titre ou un bloc absent", "liens vers un titre ou un bloc absent"),
    "dead_link": ("lien sans adresse", "liens sans adresse"),
    "ambiguous_link": ("lien ambigu", "liens ambigus"),
    "ambiguous_title": ("nom porté par plusieurs notes", "noms portés par plusieurs notes"),
    "email": ("note avec une adresse électronique", "notes avec une adresse électronique"),
    "phone": ("note avec un numéro de téléphone", "notes avec un numéro de téléphone"),
    "empty_note": ("note vide", "notes vides"),
    "stub": ("note à écrire", "notes à écrire"),
    "near_duplicate": ("note en double", "notes en double"),
    "orphan": ("note sans lien", "notes sans lien"),
}


def label_kind(kind: Kind, number: int) -> str:
    """Return what findings of a kind are called, so many of them."""
    return _LABELS[kind][number > 1]


def title_kind(kind: Kind, number: int) -> str:
    """Return the same as a title: with a capital."""
    label = label_kind(kind, number)
    return f"{label[0].upper()}{label[1:]}"
