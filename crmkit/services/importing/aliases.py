"""What files mean by a value that no record has: found by what somebody confirmed, else proposed, never taken silently."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from crmkit.core.entity import EntityInfo, change
from crmkit.core.errors import BadInput, ConfigError
from crmkit.core.fieldtypes import Kind
from crmkit.core.frozen import frozen
from crmkit.core.journal import ImportAlias
from crmkit.core.messages import msg
from crmkit.core.registry import EntityRegistry
from crmkit.store.session import Session

MOST = 5_000
"""Records that are looked through for one that may be meant; among more, none is proposed."""
CLOSE = 0.8
"""How alike two words must be (the ratio of difflib's SequenceMatcher, 0 to 1) for one to be proposed for the other."""


@frozen
class Proposal:
    """``value`` in the files of ``system`` may mean the record of ``entity`` whose field ``name`` says ``meaning``."""

    system: str
    entity: str
    name: str
    value: str
    meaning: str

    @property
    def words(self) -> str:
        """The proposal as ``read_proposal`` reads it."""
        return f"{self.entity}.{self.name}: {self.value} = {self.meaning}"


def read_proposal(words: str, system: str, registry: EntityRegistry) -> Proposal:
    """Return the proposal that ``product.sku: GTXPro = GTX Pro`` is; raises BadInput for anything else."""
    place, colon, rest = words.partition(":")
    value, equals, meaning = rest.partition("=")
    entity, _, name = place.strip().partition(".")
    if not (colon and equals and value.strip() and meaning.strip()):
        raise BadInput(msg("{words}: expected as in product.sku: GTXPro = GTX Pro", words=words))
    try:
        registry.get(entity).field(name)
    except ConfigError as error:
        raise BadInput(msg("{words}: {problem}", words=words, problem=error.message)) from None
    return Proposal(system, entity, name, value.strip(), meaning.strip())


def confirm(session: Session, proposals: Iterable[Proposal]) -> list[ImportAlias]:
    """Remember what is meant, from now on and in every import of the system; returns what was confirmed.

    Raises BadInput where no record has the value that is meant.
    """
    made: list[ImportAlias] = []
    for one in proposals:
        entity = session.database.registry.get(one.entity)
        if session.find(entity.cls, **{one.name: one.meaning}) is None:
            raise BadInput(
                msg("no {entity} with {name} {value}", entity=entity.name, name=one.name, value=repr(one.meaning))
            )
        known = session.find(ImportAlias, system=one.system, entity=one.entity, name=one.name, value=one.value)
        if known is None:
            alias = ImportAlias(
                system=one.system, entity=one.entity, name=one.name, value=one.value, meaning=one.meaning
            )
            session.add(alias)
        else:
            alias = change(known, meaning=one.meaning)
            session.update(alias)
        made.append(alias)
    session.flush()
    return made


def meanings(session: Session, system: str, info: EntityInfo, name: str, values: Iterable[str]) -> dict[str, str]:
    """Return what was confirmed to be meant by values of a field, by value."""
    with session.acting_as(session.actor.elevated()):
        found = session.list(ImportAlias, system=system, entity=info.name, name=name, value=list(values))
    return {alias.value: alias.meaning for alias in found}


def proposed(session: Session, system: str, info: EntityInfo, name: str, values: Sequence[str]) -> dict[str, Proposal]:
    """Return which record may be meant by each value, where one is alike enough, by value."""
    if info.by_name[name].kind is not Kind.TEXT:
        return {}
    table = session.table(info.cls)
    rows: Any = session.execute(sa.select(table.c[name]).where(table.c[name] != "").distinct().limit(MOST + 1))
    known = {_plain(row[0]): row[0] for row in rows}
    if len(known) > MOST:
        return {}
    found: dict[str, Proposal] = {}
    for value in values:
        alike = difflib.get_close_matches(_plain(value), list(known), n=1, cutoff=CLOSE)
        if alike:
            found[value] = Proposal(system, info.name, name, value, known[alike[0]])
    return found


def _plain(text: str) -> str:
    """Return a text without case, spaces and punctuation."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())
