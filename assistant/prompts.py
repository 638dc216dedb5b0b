"""Load the prompts: one French message per file in `prompts/`, its placeholders checked."""

import string
from functools import cache
from pathlib import Path

from ingest.errors import PromptError

_FOLDERS = (Path(__file__).parent / "_prompts", Path(__file__).parent.parent / "prompts")


@cache
def load_prompt(name: str, placeholders: frozenset[str]) -> str:
    """Return the text of a prompt.

    Args:
        name: The file's name without `.md`.
        placeholders: The `{names}` it must hold, and no others.

    Raises:
        PromptError: The file is missing, or its placeholders are not those.
    """
    path = next((folder / f"{name}.md" for folder in _FOLDERS if (folder / f"{name}.md").is_file()), None)
    if path is None:
        raise PromptError(_FOLDERS[-1] / f"{name}.md", "le fichier manque ; réinstallez Cimaise.")
    try:
        text = path.read_text(encoding="utf-8")
        fields = [(f, spec, kind) for _, f, spec, kind in string.Formatter().parse(text) if f is not None]
        found = {f"{f}{':' if spec or kind else ''}" for f, spec, kind in fields}
    except (OSError, UnicodeDecodeError):
        raise PromptError(path, "le fichier est illisible ; enregistrez-le en UTF-8.") from None
    except ValueError:
        raise PromptError(
            path, "une accolade n’est pas fermée ; écrivez {{ et }} pour une vraie accolade."
        ) from None
    if found != placeholders:
        wanted = ", ".join(f"{{{field}}}" for field in sorted(placeholders))
        raise PromptError(path, f"il doit contenir exactement {wanted}.")
    return text
