"""Match keys: two parties that may be the same share at least one of them, so candidates are found by an index.

A key is a number of 64 bits, the digest of a kind and a text: small in an index, and no name or number stands in it.
Two texts with one number do no harm, since every candidate is compared in full.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import blake2b
from itertools import combinations

from crmkit.core.matching.names import name_words
from crmkit.core.matching.party import Party
from crmkit.core.values.mail import is_free_mail_domain
from crmkit.core.values.text import search_key, word_set

MOST_KEYS = 60
"""Keys of one party at most; somebody with dozens of addresses is found by some of them."""

_ROLES = word_set(
    "info office mail contact kontakt sales vertrieb support service hello admin post noreply no-reply billing "
    "accounts webmaster postmaster team hr jobs press marketing orders order help enquiries"
)
_DIGITS = re.compile(r"\d+")
_LOCAL_NOISE = re.compile(r"\+.*|[._-]")


def match_keys(party: Party) -> tuple[int, ...]:
    """Return the keys of a party, without repetition, the most telling kinds first."""
    seen: dict[str, None] = {}
    for key in _texts(party):
        seen.setdefault(key)
        if len(seen) == MOST_KEYS:
            break
    return tuple(map(_number, seen))


def _texts(party: Party) -> Iterator[str]:
    sounds = [_sounds(name) for name in party.names]
    for phone in sorted(party.phones):
        digits = "".join(_DIGITS.findall(phone.partition(";")[0]))
        if len(digits) >= 6:
            yield f"phone:{digits[-7:]}"
    for email in sorted(party.emails):
        local, _, domain = email.rpartition("@")
        bare = _LOCAL_NOISE.sub("", local)
        if len(bare) >= 4 and local not in _ROLES:
            yield f"mail:{bare}"
        if not is_free_mail_domain(domain):
            yield f"domain:{domain}"
    if party.domain and not is_free_mail_domain(party.domain):
        yield f"domain:{party.domain}"
    born = party.birth_date
    if born is not None and born.year and born.month and born.day:
        # Day and month are often swapped.
        yield f"born:{born.year}:{min(born.month, born.day)}:{max(born.month, born.day)}"
    for place in party.places:
        code = "".join(search_key(place.postal_code).split())
        numbers = [number for number in _DIGITS.findall(place.key) if number != code]
        if code and numbers:
            yield f"house:{code}:{numbers[0]}"
        if around := code or search_key(place.city):
            for words in sounds:
                for sound in words[:4]:
                    yield f"near:{around}:{sound}"
    for name, words in zip(party.names, sounds, strict=True):
        yield from _name_texts(name_words(name)[:5], words[:5])


def _name_texts(words: tuple[str, ...], sounds: tuple[str, ...]) -> Iterator[str]:
    if len(words) == 1:
        yield f"name:{words[0]}"
        yield f"sound:{sounds[0]}"
        if len(words[0]) >= 3 and not words[0].isascii():
            # East Asian: the given name alone, and the name with its middle character unread.
            yield f"name:{words[0][1:]}"
            yield f"ends:{words[0][0]}{words[0][-1]}"
    else:
        # Beside the looser keys: who has the very name shares one more and comes before those who sound like it.
        yield "name:" + " ".join(sorted(words))
    for first, second in combinations(range(len(words)), 2):
        yield "pair:" + ":".join(sorted((sounds[first], sounds[second])))
        yield f"initial:{words[first][0]}:{sounds[second]}"
        yield f"initial:{words[second][0]}:{sounds[first]}"


def _sounds(name: str) -> tuple[str, ...]:
    """Return how the words of a name sound: Metaphone for Latin letters, the first three letters of other scripts."""
    from jellyfish import metaphone

    return tuple((metaphone(word) or word) if word.isascii() else word[:3] for word in name_words(name))


def _number(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True)
