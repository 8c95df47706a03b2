"""How many SQL statements things take: as many for a hundred records, or a thousand, as for ten."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.customer import Customer
from crmkit.core.entity import EntityInfo, Part, change
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.values.ids import new_id
from crmkit.runtime.crm import Crm
from crmkit.services.interactions.timeline import timeline
from crmkit.testing.contract.faults import fail
from crmkit.testing.contract.subject import Subject
from crmkit.testing.contract.world import Step, happen

FEW, MANY, THOUSAND = 10, 100, 1_000

SLACK = 20
"""Statements that many records may take more than few: long lists are read and written in parts."""

PART = 20
"""Of records beyond all measure, one more statement for so many: a part holds more, and several lists may be in parts."""


def check_statements(subject: Subject, number: int = MANY) -> None:
    """Saving, listing, changing and showing ``number`` records takes no more statements than few."""
    few, many = _counts(subject, FEW), _counts(subject, number)
    slack = max(SLACK, number // PART)
    found = [
        f"{what}: {few[what]} statements for {FEW} records, {many[what]} for {number}"
        for what in few
        if many[what] > few[what] + slack
    ]
    if found:
        fail(
            found,
            "hooks get all changes of a save at once: read what they need in one go, as by "
            "ctx.session.list(Entity, customer_id=[...]), and not record by record",
        )


def _counts(subject: Subject, number: int) -> dict[str, int]:
    """Return how many statements each thing takes with ``number`` records."""
    crm = subject.open()
    found: dict[str, int] = {}
    customers = [Customer(kind="organization", name=f"Customer {place}") for place in range(number)]
    with _counted(found, "saving customers"), crm.session() as session:
        session.add(*customers)
    one = customers[0].id
    records = subject.records(crm)
    for info in subject.written(crm):
        single = records.one_per_customer(info)
        made = [records.of(info, customers[place].id if single else one) for place in range(number)]
        before = [record for some in made for record in some[:-1]]
        with crm.session() as session:
            session.add(*before)
        crm.drain()
        own: list[Part] = [some[-1] for some in made]
        with _counted(found, f"saving {info.plural}"), crm.session() as session:
            session.add(*own)
        with _counted(found, f"listing {info.plural}"), crm.session(reads=True) as session:
            session.list(info.cls)
        with _counted(found, f"deleting {info.plural}"):
            happen(crm, _deleting(info, own[0].id, number // 2))
    with _counted(found, "changing customers"), crm.session() as session:
        session.update(*[change(record, description="new") for record in session.list(Customer)])
    with _counted(found, "logging interactions"), crm.session() as session:
        session.add(*_interactions(crm, one, number))
    with _counted(found, "reading a timeline"), crm.session(reads=True) as session:
        timeline(session, one, limit=number)
    crm.close()
    return found


def _deleting(info: EntityInfo, kept: UUID, number: int) -> Step:
    """Delete some records; where the plugin's rules refuse it, they have looked at as many."""
    return lambda session: session.delete(*[record for record in session.list(info.cls) if record.id != kept][:number])


def _interactions(crm: Crm, customer: UUID, number: int) -> Iterator[Any]:
    for _ in range(number):
        made = Interaction(id=new_id(), kind="note", occurred_at=crm.clock.now(), channel="", subject="note")
        yield made
        yield InteractionParticipant(interaction_id=made.id, customer_id=customer)


@contextmanager
def _counted(found: dict[str, int], what: str) -> Iterator[None]:
    """Count the statements that are executed in the block, by whatever engine."""
    found[what] = 0

    def count(*_: Any) -> None:
        found[what] += 1

    sa.event.listen(sa.Engine, "before_cursor_execute", count)
    try:
        yield
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", count)
