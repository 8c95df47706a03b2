"""What the tools that every installation has are asked: their arguments, each with a word of help."""

from __future__ import annotations

from typing import Any

import attrs

from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg


def _argument(help: Message, default: Any = attrs.NOTHING, most: int | None = None, longest: int = 200) -> Any:
    check: Any = None
    if most is not None:
        check = attrs.validators.and_(attrs.validators.ge(1), attrs.validators.le(most))
    elif isinstance(default, str) or default is attrs.NOTHING:
        check = attrs.validators.max_len(longest)
    elif isinstance(default, tuple):
        check = attrs.validators.max_len(100)
    return attrs.field(default=default, validator=check, metadata={"help": help})


_ENTITY = msg("The name of an entity, as in customer; describe_entity lists them.")


@frozen
class SearchAsked:
    """What somebody looks for."""

    text: str = _argument(msg("Words as a person types them: parts of names, mails, phones, numbers."))
    entities: tuple[str, ...] = _argument(msg("Only these entities; without them, all."), ())
    limit: int = _argument(msg("How many hits at the most."), 20, most=50)


@frozen
class RecordAsked:
    """One record, and what is wanted of it."""

    entity: str = _argument(_ENTITY)
    id: str = _argument(msg("The id of the record."))
    fields: tuple[str, ...] = _argument(msg("Only these fields; without them, all."), ())


@frozen
class RecordsAsked:
    """A page of the records of an entity."""

    entity: str = _argument(_ENTITY)
    filter: str = _argument(
        msg("Which records, in the filter language, as in country = DE and created_at > last month."), "", longest=4_000
    )
    sort: str = _argument(msg("Fields separated by commas, each with - in front to descend."), "")
    fields: tuple[str, ...] = _argument(msg("Only these fields; without them, all."), ())
    limit: int = _argument(msg("Records of a page."), 20, most=100)
    cursor: str = _argument(msg("Where to go on: next of the page before."), "", longest=4_000)
    count: bool = _argument(msg("Whether to tell how many there are altogether."), False)


@frozen
class TimelineAsked:
    """A page of what happened with a record."""

    id: str = _argument(msg("The id of the record."))
    entity: str = _argument(_ENTITY, "customer")
    limit: int = _argument(msg("Entries of a page."), 20, most=100)
    cursor: str = _argument(msg("Where to go on: next of the page before."), "", longest=4_000)


@frozen
class EntityAsked:
    """An entity; none: all of them, by name and label."""

    entity: str = _argument(msg("The name of an entity; without it, the names of all are listed."), "")
