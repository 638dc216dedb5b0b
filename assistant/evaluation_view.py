"""What gold questions tell of a vault, as people read it in a terminal; pure."""

from collections.abc import Iterable, Iterator, Sequence
from statistics import median, quantiles

from assistant.evaluate import Evaluation
from assistant.layout import printable, wrap
from assistant.scores import CITED, Failure, Judgement, Scores, Share
from ingest.french import hold_marks

_LABEL = 52  # columns for what a figure is
_NONE = "—"
_REASONS: dict[Failure, str] = {
    "answered_outside": "Cimaise répond, alors que les notes ne disent rien",
    "not_found": "aucune note acceptable parmi les passages lus",
    "refused": "Cimaise dit que les notes ne répondent pas, alors qu’elles répondent",
}
_HEADS = tuple(
    f"{head:>7}"
    for head in ("questions", "hit@1", "hit@5", "hit@10", "MRR", "rappel", "lues", "citées", "verdict")
)


def render_evaluation(evaluation: Evaluation, *, listed: int) -> str:
    """Return the figures, those of each kind, the verdict curve, and the first failures.

    Args:
        evaluation: What was judged.
        listed: How many failures to spell out.
    """
    scores = evaluation.scores
    blocks = [
        f"{_count(scores.questions, 'question')} : les notes répondent à {scores.answered.total}, "
        f"pas à {scores.refused.total}.",
        *_warnings(evaluation),
        "\n".join(["Trouver", *_finding(scores)]),
        "\n".join(["Citer", *_quoting(scores)]),
        "\n".join(["Répondre ou dire que les notes ne disent pas", *_deciding(scores)]),
    ]
    if len(evaluation.kinds) > 1:
        blocks.append("\n".join(_table(evaluation.kinds)))
    if curve := list(_curve(evaluation)):
        blocks.append("\n".join(["Refus, si l’on refusait sous un seuil de couverture", *curve]))
    if listed and evaluation.failures:
        blocks.append("\n\n".join(_failures(evaluation.failures, listed)))
    return hold_marks("\n\n".join([*blocks, _pace(evaluation)]))


def _warnings(evaluation: Evaluation) -> Iterator[str]:
    if evaluation.missing:
        names = " ; ".join(evaluation.missing)
        yield wrap(
            f"Attention : {_count(len(evaluation.missing), 'note')} des questions de référence manque"
            f"{'nt' if len(evaluation.missing) > 1 else ''} à ce coffre et compte"
            f"{'nt' if len(evaluation.missing) > 1 else ''} comme non trouvée"
            f"{'s' if len(evaluation.missing) > 1 else ''} : {names}"
        )
    for notice, number in evaluation.notices:
        yield wrap(f"Attention, {_count(number, 'réponse')} : {notice}")


def _finding(scores: Scores) -> Iterator[str]:
    for depth, share in scores.hits:
        where = "en tête" if depth == 1 else f"parmi les {depth} premières"
        yield _line(f"une note acceptable {where} (hit@{depth})", share)
    yield _line("inverse de son rang, en moyenne (MRR)", scores.mrr)
    yield _line("part des notes attendues qui sont lues (rappel)", scores.recall)


def _quoting(scores: Scores) -> Iterator[str]:
    yield _line("le texte de référence est lu, dans un seul passage", scores.quotes_read)
    yield _line(f"il est cité, à {100 * CITED:.0f} % de ses mots au moins", scores.quotes_cited)


def _deciding(scores: Scores) -> Iterator[str]:
    yield _line("les notes répondent : réponse, à raison", scores.answered)
    yield _line("les notes répondent : « le plus proche », à tort", scores.nearest)
    yield _line("les notes répondent : « rien », à tort", scores.silent)
    yield _line("les notes ne disent pas : refus, à raison", scores.refused)


def _line(label: str, figure: Share | float | None) -> str:
    if not isinstance(figure, Share):
        return f"  {label:<{_LABEL}} {_decimal(figure):>22}"
    counted = f"{figure.count} sur {figure.total}"
    between = ""
    if figure.interval is not None:
        low, high = (f"{100 * bound:.0f}" for bound in figure.interval)
        between = f"   de {low} à {high} %"
    return f"  {label:<{_LABEL}} {counted:>13} {_percent(figure.value):>8}{between}"


def _table(kinds: dict[str, Scores]) -> Iterator[str]:
    width = max(len("Genre"), *(len(_kind(kind)) for kind in kinds))
    yield f"{'Genre':<{width}}  " + "  ".join(_HEADS)
    for kind, scores in kinds.items():
        right = Share(scores.answered.count + scores.refused.count, scores.questions)
        cells = [
            f"{scores.questions}",
            *(_percent(share.value) for _, share in scores.hits),
            _decimal(scores.mrr),
            _decimal(scores.recall),
            *(_percent(share.value) for share in (scores.quotes_read, scores.quotes_cited, right)),
        ]
        row = (f"{cell:>{len(head)}}" for cell, head in zip(cells, _HEADS, strict=True))
        yield f"{_kind(kind):<{width}}  " + "  ".join(row)


def _curve(evaluation: Evaluation) -> Iterator[str]:
    """Yield, for each number of right refusals, the threshold that makes the fewest wrong ones."""
    outside, inside = evaluation.scores.refused.total, evaluation.scores.answered.total
    before = 0
    for bar, right, wrong in evaluation.curve:
        if right > before:
            yield f"  {_decimal(bar, 2)}   {right:>3} à raison sur {outside}   {wrong:>4} à tort sur {inside}"
        before = right


def _failures(failures: Sequence[Judgement], listed: int) -> Iterator[str]:
    yield f"Ce qui ne va pas ({len(failures)})"
    for one in failures[:listed]:
        yield "\n".join(_failure(one))
    if len(failures) > listed:
        yield f"… et {len(failures) - listed} de plus ; tout voir : --failures {len(failures)}, ou --json"


def _failure(one: Judgement) -> Iterator[str]:
    yield wrap(f"{one.case.id} · {one.case.question.text}", "  ", "    ")
    yield wrap(f"pourquoi : {' ; '.join(_REASONS[failure] for failure in one.failures)}", "    ", "      ")
    if one.case.expected:
        yield wrap(f"attendu : {_names(one.case.expected)}", "    ", "      ")
    yield wrap(f"trouvé d’abord : {_names(one.found[:3]) or 'rien'}", "    ", "      ")


def _names(names: Iterable[str]) -> str:
    return " ; ".join(name.removesuffix(".md") for name in names)


def _pace(evaluation: Evaluation) -> str:
    how = "extraits, sans IA" if evaluation.mode == "extracts" else "rédigé par un modèle"
    took = sorted(1000 * seconds for seconds in evaluation.seconds)
    slow = quantiles(took, n=20, method="inclusive")[-1] if len(took) > 1 else took[0]
    requests = _count(evaluation.usage.requests, "requête")
    return f"{how} · {requests} · {median(took):.0f} ms par question (médiane), {slow:.0f} ms au 95e centile"


def _kind(kind: str) -> str:
    return printable(kind) or "sans genre"


def _percent(value: float | None) -> str:
    return _NONE if value is None else f"{_decimal(100 * value, 1)} %"


def _decimal(value: float | None, digits: int = 3) -> str:
    return _NONE if value is None else f"{value:.{digits}f}".replace(".", ",")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number > 1 else ''}"
