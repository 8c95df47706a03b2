"""What a check stirs up and looks at: customers with the plugin's records, their story, and the state of a database."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.entity import STAMPED, FieldInfo, Part, change
from crmkit.core.errors import AccessDenied, BadInput, Conflict, NotFound, Refused, ValidationFailed
from crmkit.core.frozen import frozen
from crmkit.core.values.money import Money
from crmkit.runtime.crm import Crm
from crmkit.services.interactions import log
from crmkit.store.session import Session
from crmkit.store.tenant_wall import EVERY_TENANT
from crmkit.testing.contract.records import changeable, changed_value
from crmkit.testing.contract.subject import QuietCrm, Subject

Step = Callable[[Session], object]
"""One transaction of a story."""

Row = tuple[tuple[str, str], ...]
State = Mapping[str, Counter[Row]]
"""The records of each entity as values by field, ids of new records left out, with how often each is there."""

ANSWERS = (Refused, ValidationFailed, AccessDenied, NotFound, BadInput, Conflict)
"""With what a plugin may answer to what people do, beside doing it: its rules say no, and why."""

_ID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}")
_LOGS = frozenset({"audit_entry", "event", "merge_journal", "erasure"})


@frozen
class Story:
    """What happens with one customer, step by step; each step is a transaction. ``ids`` are those that are given.

    No record is changed twice in a scene, so that what hears of scenes hears of every change.
    """

    customer: UUID
    scenes: tuple[tuple[Step, ...], ...]
    ids: frozenset[UUID]

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, in their order."""
        return tuple(step for scene in self.scenes for step in scene)


def customer_named(name: str) -> tuple[Customer, ContactPoint]:
    """Return a person and its mail address, to be added."""
    made = Customer(kind="person", given_name=name, family_name="Berg", description=f"about {name}")
    point = ContactPoint(customer_id=made.id, kind="email", value=f"{name.lower()}@example.com")
    return made, point


def story_of(subject: Subject, crm: Crm, name: str, further: Callable[[UUID], Sequence[Step]] | None = None) -> Story:
    """Return what happens with a new customer: it can be told in any application with the plugin, always with the same ids.

    It is added and changed, with records of each of the plugin's entities, which are changed in every field that may be
    and one of them deleted; interactions are logged, and somebody else is merged into it.
    """
    records = subject.records(crm)
    customer, point = customer_named(name)
    twin, _ = customer_named(f"{name}twin")
    infos = subject.written(crm)
    several = [info for info in infos if not records.one_per_customer(info)]
    made = [*(records.of(info, customer.id) for info in several), *(records.of(info, customer.id) for info in infos)]
    of_twin = [records.of(info, twin.id) for info in infos]
    scenes: list[Sequence[Step]] = [[lambda s: s.add(customer, point), lambda s: s.add(twin)]]
    scenes += [[_adding(some) for some in made[: len(several)]], [_adding(some) for some in made[len(several) :]]]
    scenes.append([_adding(some) for some in of_twin])
    scenes += _changing(subject, crm, [some[-1] for some in made[len(several) :]])
    scenes.append([lambda s: s.update(change(s.get(Customer, customer.id), description="somebody else", country="DE"))])
    now = crm.clock.now()
    for number, kind in enumerate(("purchase", "payment", "email", "complaint")):
        money = Money.of(100, "EUR") if kind in ("purchase", "payment") else None
        scenes.append([_logging(customer.id, kind, f"{name} {number}", now - timedelta(days=number), money, crm)])
    scenes += [[step] for step in further(customer.id)] if further is not None else []
    if made:
        scenes.append([_deleting(made[-1][-1])])
    scenes.append([_merging(customer.id, twin.id)])
    ids = {record.id for some in (*made, *of_twin) for record in some}
    told = tuple(tuple(scene) for scene in scenes if scene)
    return Story(customer.id, told, frozenset({customer.id, twin.id, point.id, *ids}))


def tell_story(crm: Crm, story: Story) -> None:
    """Let a story happen. What the plugin refuses, or finds not valid, does not happen. A quiet application tells of scenes."""
    for scene in story.scenes:
        for step in scene:
            happen(crm, step)
        if isinstance(crm, QuietCrm):
            crm.tell()


def happen(crm: Crm, step: Step) -> bool:
    """Do one step in a transaction of its own; False when it was refused, or not valid."""
    try:
        with crm.session() as session:
            step(session)
    except ANSWERS:
        return False
    return True


def _adding(records: Sequence[Part]) -> Step:
    return lambda session: session.add(*records)


def _deleting(record: Part) -> Step:
    return lambda session: session.delete(*session.list(type(record), id=record.id))


def _changing(subject: Subject, crm: Crm, records: Sequence[Part]) -> list[list[Step]]:
    """Return scenes with a change of one field of each record: what is refused for one field may be fine for the next."""
    now = crm.clock.now()

    def changed(record: Part, field: FieldInfo) -> Step:
        def step(session: Session) -> None:
            for stored in session.list(type(record), id=record.id):
                value = changed_value(field, stored, now)
                if value is not None:
                    session.update(change(stored, **{field.name: value}))

        return step

    scenes: list[list[Step]] = []
    for record in records:
        info = crm.registry.of(record)
        for number, field in enumerate(changeable(info, subject.filled_in.get(info.name, ()))):
            if number == len(scenes):
                scenes.append([])
            scenes[number].append(changed(record, field))
    return scenes


def _logging(customer: UUID, kind: str, key: str, at: Any, money: Money | None, crm: Crm) -> Step:
    return lambda session: log(
        session, kind, participants=[customer], at=at, channel="story", key=key, money=money, kinds=crm.kinds
    )


def _merging(kept: UUID, lost: UUID) -> Step:
    def step(session: Session) -> None:
        from crmkit.services.merging import merge, preview

        plan = preview(session, kept, lost)
        if plan.allowed:
            merge(session, plan)

    return step


def state_of(crm: Crm, known: Collection[UUID] = ()) -> State:
    """Return what the database holds, but for logs, so that two of them can be compared whatever ids were made anew."""
    named = {str(id) for id in known} | {id.hex for id in known}
    found: dict[str, Counter[Row]] = {}
    with crm.session(reads=True) as session:
        for info in crm.registry:
            if info.editable and info.name not in _LOGS:
                names = [field.name for field in info.stored if field.name not in STAMPED]
                found[info.name] = Counter(
                    tuple((name, _named(getattr(record, name), named)) for name in names)
                    for record in session.list(info.cls, deleted=True)
                )
    return found


def differences(first: State, second: State) -> list[str]:
    """Return what is in one state and not in the other, a line each."""
    found = []
    for entity in sorted({*first, *second}):
        one, other = first.get(entity, Counter()), second.get(entity, Counter())
        for row, times in (other - one).items():
            found.append(f"{entity}: {times} more of {_told(row)}")
        for row, times in (one - other).items():
            found.append(f"{entity}: {times} fewer of {_told(row)}")
    return found


def _named(value: Any, known: set[str]) -> str:
    return _ID.sub(lambda found: found[0] if found[0] in known else "(new)", str(value))


def _told(row: Row) -> str:
    told = {name: value for name, value in row if value not in ("", "None", "{}", "()", "(new)", "mappingproxy({})")}
    return ", ".join(f"{name}={value[:60]}" for name, value in told.items())


def every_text(crm: Crm) -> Iterator[tuple[str, str]]:
    """Yield each row of each table of the database as text, with the table's name: whatever is kept, it is in there."""
    with crm.database.connection(reads=True, tenant=EVERY_TENANT) as connection:
        quote = connection.dialect.identifier_preparer.quote
        for table in sorted(sa.inspect(connection).get_table_names()):
            for row in connection.exec_driver_sql(f"SELECT * FROM {quote(table)}"):
                yield table, " ".join(_text(cell) for cell in row)


def _text(cell: Any) -> str:
    return bytes(cell).decode("utf-8", "ignore") if isinstance(cell, bytes | bytearray | memoryview) else str(cell)
