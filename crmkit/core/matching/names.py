"""Comparing names of any script: order, accents, titles and legal forms set aside, initials understood."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from crmkit.core.frozen import frozen
from crmkit.core.values.person_name import split_name
from crmkit.core.values.text import search_key, word_set

NameLevel = Literal["same", "extended", "initials", "similar", "one_word", "one_word_of_many", "different", "unknown"]

MOST_WORDS = 8
"""Words of a name that are looked at."""

CLOSE = 0.88
"""Jaro-Winkler similarity from which two words count as spellings of one."""

_WORD = re.compile(r"[^\W_]+")
_EAST_ASIAN = re.compile(
    "[\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]"
)
# Direction marks, joiners, the Arabic elongation stroke and vowel points, Hebrew points: they carry no letter.
_UNWRITTEN = re.compile(
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2066-\u2069\u0640\u064b-\u065f\u0670\u0591-\u05bd\u05bf-\u05c7\ufeff]"
)
# Letters that Arabic and Persian hands use for one another.
_SAME_LETTER = {
    0x0622: 0x0627,  # alef with madda, hamza above, hamza below, wasla: alef
    0x0623: 0x0627,
    0x0625: 0x0627,
    0x0671: 0x0627,
    0x0629: 0x0647,  # teh marbuta: heh
    0x0649: 0x064A,  # alef maksura, Farsi yeh: yeh
    0x06CC: 0x064A,
    0x06A9: 0x0643,  # keheh: kaf
}
_NUMBERED = re.compile(r"\d")
_APOSTROPHE = re.compile("['’ʼ`´]")
_TITLES = word_set("mr mrs ms miss mx dr prof sir dame herr frau mme mlle sig sra srta jr sr phd md")
_PARTICLES = word_set("von van zu der den de del della di da dos du la le al el bin ibn ben ter y e")
_LEGAL_FORMS = word_set(
    "gmbh ag kg ohg ug mbh co inc incorporated corp corporation company ltd limited llc llp plc lp sa sas sarl srl spa "
    "bv nv ab oy oyj as asa aps kft zrt doo pty pte pvt pt bhd sdn the and und et"
)
_EAST_ASIAN_FORMS = word_set("股份有限公司 有限责任公司 有限責任公司 有限公司 株式会社 有限会社 주식회사 公司")


@frozen
class NameMatch:
    """How two names agree. ``length`` is the number of letters of the shorter: short names say little."""

    level: NameLevel
    length: int = 0


@lru_cache(maxsize=50_000)
def name_words(name: str) -> tuple[str, ...]:
    """Return the words of a name as they are compared: folded, without accents, titles, legal forms and marks.

    East Asian names are one word, without title or legal form. What is left out stays when nothing else would be left.
    """
    text = _APOSTROPHE.sub("", _UNWRITTEN.sub("", search_key(name[:500])))
    if _EAST_ASIAN.search(text):
        return _east_asian_words(text)
    words = _WORD.findall(text.translate(_SAME_LETTER))
    telling = [word for word in words if word not in _TITLES and word not in _LEGAL_FORMS]
    if len(telling) > 2:
        bare = [word for word in telling if word not in _PARTICLES]
        telling = bare if len(bare) > 1 else telling
    return tuple((telling or words)[:MOST_WORDS])


def _east_asian_words(text: str) -> tuple[str, ...]:
    for form in sorted(_EAST_ASIAN_FORMS, key=len, reverse=True):
        if len(text) > len(form):
            text = text.removesuffix(form).removeprefix(form)
    parts = split_name(text.strip())
    if parts.family and _EAST_ASIAN.search(parts.family):
        text = parts.family + parts.given
    words = _WORD.findall(text)
    if all(map(_EAST_ASIAN.match, words)):
        return ("".join(words),) if words else ()
    return tuple(words[:MOST_WORDS])


def compare_names(first: str, second: str) -> NameMatch:
    """Return how two names agree; the order of their words does not matter."""
    a, b = name_words(first), name_words(second)
    if not a or not b:
        return NameMatch("unknown")
    length = min(sum(map(len, a)), sum(map(len, b)))
    if a == b or sorted(a) == sorted(b) or "".join(a) == "".join(b):
        return NameMatch("same", length)
    if len(a) == 1 and len(b) == 1 and _EAST_ASIAN.match(a[0] + b[0]):
        return NameMatch(_compare_characters(a[0], b[0]), length)
    shorter, longer = (a, b) if len(a) <= len(b) else (b, a)
    return NameMatch(_compare_words(shorter, longer), length)


def _compare_characters(a: str, b: str) -> NameLevel:
    """East Asian names: one character of three or more may differ; a surname alone says little."""
    shorter, longer = sorted((a, b), key=len)
    if longer.startswith(shorter) or longer.endswith(shorter):
        return "extended" if len(shorter) > 2 else "one_word_of_many"
    differing = sum(x != y for x, y in zip(a, b, strict=False)) + abs(len(a) - len(b))
    if differing == 1 and len(shorter) >= 3:
        return "similar"
    return "different"


def _compare_words(shorter: tuple[str, ...], longer: tuple[str, ...]) -> NameLevel:
    from jellyfish import jaro_winkler_similarity

    left, rest = list(longer), []
    # Equal words are paired first, so that they are not taken by similar ones.
    for word in shorter:
        if word in left:
            left.remove(word)
        else:
            rest.append(word)
    equal, initials, close, apart = len(shorter) - len(rest), 0, 0, 0
    for word in rest:
        best, likeness = "", 0.0
        for other in left:
            if len(word) == 1 or len(other) == 1:
                found = 0.9 if word[0] == other[0] else 0.0
            elif _NUMBERED.search(word + other):
                # Numbers are spelled in one way only: Building 12 is not Building 13.
                found = 0.0
            else:
                found = jaro_winkler_similarity(word, other)
            if found > likeness:
                best, likeness = other, found
        if likeness >= CLOSE:
            left.remove(best)
            if len(word) == 1 or len(best) == 1:
                initials += 1
            else:
                close += 1
        else:
            apart += 1
    if apart:
        return "one_word" if equal or close else "different"
    if len(shorter) == 1 and len(longer) > 1:
        return "one_word_of_many" if equal or close else "different"
    if initials:
        return "initials" if equal or close else "one_word_of_many"
    return "similar" if close else "extended"
