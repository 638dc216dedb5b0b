"""Answers that cite at random: sentences of the notes, true or altered, with numbers and quotations in every form."""

import random
from collections.abc import Sequence

from assistant.answer import Passage
from assistant.statements import split_statements

_FORMS = ("[{0}]", "[{0}, {1}]", "[{0}-{1}]", "[{0}–{1}]", "({0})", "[[{0}]]", "{raised}", "【{0}】", "[{0}†source]",
          "[passage {0}]", "[ {0} ]", "[{0}][{1}]", "[^{0}]", "【{0}†L1-L3】", "[{0} ; {1}]", "({0}, {1})")  # fmt: skip
_QUOTES = ("« {} »", "«\u00a0{}\u00a0»", "“{}”", '"{}"', "«{}", "{} »", "‹ {} ›", "« {} […] {} »")
_STRANGERS = "bicyclette tempête violet 1789 jamais".split()
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def draw_answer(dice: random.Random, passages: Sequence[Passage]) -> str:
    """Return an answer of one to six sentences; numbers go from 0 to 15, whatever there is."""
    return dice.choice((" ", " ", "\n")).join(_sentence(dice, passages) for _ in range(dice.randint(1, 6)))


def _sentence(dice: random.Random, passages: Sequence[Passage]) -> str:
    text = dice.choice([s.text for p in passages for s in split_statements(p.text)])
    words = text.rstrip(".").split(" ")
    if dice.random() < 0.4:
        words[dice.randrange(len(words))] = dice.choice(_STRANGERS)
    if dice.random() < 0.5:
        start, end = sorted(dice.sample(range(len(words) + 1), 2))
        quoted = " ".join(words[start:end])
        cut = quoted[dice.randint(0, 3) :] if dice.random() < 0.3 else quoted
        words[start:end] = [dice.choice(_QUOTES).format(cut, " ".join(words[:3]))]
    marks = "".join(_mark(dice) for _ in range(dice.randint(0, 3)))
    said = " ".join(words)
    return dice.choice((f"{said} {marks}.", f"{said}. {marks}", f"{said}{marks}.", f"{marks} {said}."))


def _mark(dice: random.Random) -> str:
    numbers = [dice.randint(0, 15) for _ in range(2)]
    return dice.choice(_FORMS).format(*numbers, raised=str(numbers[0]).translate(_RAISED))
