"""Write a vault of any size, recombined from the sentences of a real one; the same seed, the same vault.

uv run python benchmarks/make_vault.py FOLDER [NOTES] [SOURCE VAULT]
"""

import random
import sys
from pathlib import Path

from assistant.statements import split_statements

SOURCE = Path(__file__).parents[1] / "notes"
TAGS = ("question", "strategie", "mediation", "publics", "collection", "outils", "liens", "forum")


def sentences(source: Path) -> list[str]:
    """Return the statements of a vault, as their authors wrote them."""
    found: dict[str, None] = {}
    for path in sorted(source.rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        for statement in split_statements(text):
            start, end = statement.spans[-1]
            found[text[start:end].replace("[[", "").replace("]]", "")] = None
    return list(found)


def write_vault(folder: Path, notes: int, source: Path = SOURCE, seed: int = 7) -> None:
    """Write `notes` notes of about 1 200 characters in twenty folders, linked to one another."""
    draw = random.Random(seed)  # noqa: S311 - a vault is no secret
    pool = sentences(source)
    titles = [f"Note {number} {' '.join(draw.choice(pool).split()[:4])}" for number in range(notes)]
    names = ["".join(char for char in title if char not in '/\\:*?"<>|#^[]') for title in titles]
    for number, name in enumerate(names):
        path = folder / f"Dossier {number % 20}" / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        tags = " ".join(f"#{tag}" for tag in draw.sample(TAGS, 2))
        parts = [f"date : 2022mai{1 + number % 28}\ntags : {tags}\n\n---------\n"]
        for _ in range(draw.randint(1, 3)):
            parts.append(f"## {' '.join(draw.choice(pool).split()[:5])}\n")
            parts.append(" ".join(draw.sample(pool, draw.randint(2, 4))) + "\n")
            parts.append(f"- Voir [[{draw.choice(names)}]] : {draw.choice(pool)}\n")
        path.write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    write_vault(
        Path(sys.argv[1]),
        int(sys.argv[2]) if len(sys.argv) > 2 else 10_000,
        Path(sys.argv[3]) if len(sys.argv) > 3 else SOURCE,
    )
