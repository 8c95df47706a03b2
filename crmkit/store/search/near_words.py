"""Words of names that look alike: each is kept under itself and under what is left when any one letter is missing.

Two words that differ by one letter more, less, other or exchanged with its neighbour share such a form. (The method is
that of W. Garbe's symmetric delete spelling correction.)
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.search.terms import READ
from crmkit.store.chunks import CHUNK, in_chunks
from crmkit.store.inserting import insert_new
from crmkit.store.search.plan import plan_of
from crmkit.store.search.tables import WHOLE_WORDS, headword_number, number_of

if TYPE_CHECKING:
    from crmkit.store.session import Session

SHORTEST, LONGEST = 4, 20
"""Letters of the words that slips are looked for in."""

LONG = 8
"""From so many letters on, a word may have two slips."""

MOST = 8
"""Words that one word may be a slip for."""


def learn_words(session: Session, words: Collection[str]) -> None:
    """Keep the words that are new in the tenant."""
    telling = sorted(filter(_tells, words))
    known = _known(session, telling)
    new = [word for word in telling if word not in known]
    rows = sorted((number_of(form), word) for word in new for form in forms(word))
    if not rows:
        return
    table = session.database.table("search_near_words")
    statement = insert_new(table, session.database.dialect)
    tenant = session.actor.tenant_id
    session.connection.execute(statement, [{"tenant_id": tenant, "near": near, "word": word} for near, word in rows])


def forget_words(session: Session, words: Collection[str]) -> None:
    """Let go of those words that no name in the index has any more."""
    telling = sorted(filter(_tells, words))
    if not telling:
        return
    held = _held(session, telling)
    rows = sorted((number_of(form), word) for word in telling if word not in held for form in forms(word))
    if not rows:
        return
    table = session.database.table("search_near_words")
    statement = table.delete().where(
        table.c.tenant_id == session.actor.tenant_id,
        table.c.near == sa.bindparam("form"),
        table.c.word == sa.bindparam("gone"),
    )
    session.connection.execute(statement, [{"form": near, "gone": word} for near, word in rows])


def near_words(session: Session, word: str) -> tuple[str, ...]:
    """Return the words of names that ``word`` may be a slip for, the likeliest first; not ``word`` itself."""
    from jellyfish import damerau_levenshtein_distance

    if not _tells(word):
        return ()
    table = session.database.table("search_near_words")
    found = session.connection.scalars(
        sa.select(table.c.word)
        .where(
            table.c.tenant_id == session.actor.tenant_id,
            table.c.near.in_([number_of(form) for form in forms(word)]),
        )
        .distinct()
    )
    slips = 2 if len(word) >= LONG else 1
    apart = {other: damerau_levenshtein_distance(word, other) for other in found if other != word}
    close = [other for other, distance in apart.items() if distance <= slips]
    # Of equal distance, the one with the same beginning: few mistype the first letter.
    return tuple(sorted(close, key=lambda other: (apart[other], other[0] != word[0], other))[:MOST])


def forms(word: str) -> Iterator[str]:
    """Yield a word and all that is left of it when one letter is missing."""
    yield word
    yield from dict.fromkeys(word[:at] + word[at + 1 :] for at in range(len(word)))


def _tells(word: str) -> bool:
    return SHORTEST <= len(word) <= LONGEST and not word.startswith(READ) and word.isalpha()


def _known(session: Session, words: Sequence[str]) -> set[str]:
    table = session.database.table("search_near_words")
    found: set[str] = set()
    for chunk in in_chunks(words, CHUNK // 2):
        found.update(
            session.connection.scalars(
                sa.select(table.c.word).where(
                    table.c.tenant_id == session.actor.tenant_id,
                    table.c.near.in_([number_of(word) for word in chunk]),
                    table.c.word.in_(chunk),
                )
            )
        )
    return found


def _held(session: Session, words: Sequence[str]) -> set[str]:
    """Return those words that stand whole in some name of the index."""
    headwords = session.database.table("search_headwords")
    numbers = {
        headword_number(entity, word): word for entity in plan_of(session.database.registry).entities for word in words
    }
    known = sorted(numbers)
    found: set[str] = set()
    for chunk in in_chunks(known):
        whole = [sa.and_(headwords.c.place >= first, headwords.c.place < last) for first, last in WHOLE_WORDS]
        rows = session.connection.scalars(
            sa.select(headwords.c.headword)
            .where(headwords.c.tenant_id == session.actor.tenant_id, headwords.c.headword.in_(chunk), sa.or_(*whole))
            .distinct()
        )
        found.update(numbers[headword] for headword in rows)
    return found
