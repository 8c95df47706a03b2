"""What users see of a plugin's records on each way to read them: nothing without a right, and no hidden field."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from math import isqrt
from typing import Any, TypeVar

import sqlalchemy as sa

from crmkit.core.access import Actor
from crmkit.core.customer import Customer
from crmkit.core.entity import EntityInfo, Part, change
from crmkit.core.errors import AccessDenied, CrmError, NotFound
from crmkit.core.fieldtypes import Kind
from crmkit.runtime.crm import Crm
from crmkit.services.exporting.running import export
from crmkit.services.identify.duplicates import find_duplicates
from crmkit.services.interactions.timeline import timeline
from crmkit.services.personal_data import export_person
from crmkit.services.search import search
from crmkit.store.session import Session
from crmkit.testing.contract.faults import fail
from crmkit.testing.contract.subject import Subject
from crmkit.testing.contract.world import customer_named

MARK = "zqsecret"

Item = TypeVar("Item")
Path = Callable[[Session, EntityInfo, Customer], str]
"""Returns all that a way to read tells the session's actor, as text."""


def _query(session: Session, info: EntityInfo, customer: Customer) -> str:
    table = session.table(info.cls)
    hidden = session.hidden(info.cls)
    columns = [table.c[field.name] for field in info.stored if field.name in table.c and field.name not in hidden]
    return str([tuple(row) for row in session.execute(sa.select(*columns))])


def _export(session: Session, info: EntityInfo, customer: Customer) -> str:
    out = io.BytesIO()
    export(session, info, out, format="jsonl")
    return out.getvalue().decode()


def _list(session: Session, info: EntityInfo, customer: Customer) -> str:
    return str([session.shown(record) for record in session.list(info.cls)])


def _search(session: Session, info: EntityInfo, customer: Customer) -> str:
    return str(search(session, MARK).hits)


def _timeline(session: Session, info: EntityInfo, customer: Customer) -> str:
    return str([entry for entry in timeline(session, customer.id, limit=1_000).entries if entry.entity != "customer"])


OWN_PATHS: Mapping[str, Path] = {"list": _list, "query": _query, "export": _export}
"""Ways to read records of one entity, by their names. That of counting has a check of its own, since a number names nobody."""
SHARED_PATHS: Mapping[str, Path] = {
    "search": _search,
    "timeline": _timeline,
    "dedupe": lambda session, info, customer: str(find_duplicates(session, 0.0)),
    "personal data": lambda session, info, customer: str(export_person(session, customer.id)),
}
"""Ways to read records of every entity at once."""


def check_rights(subject: Subject) -> None:
    """Whoever has no right on its records sees none of them, whatever else there is to see."""
    crm, customer, made = _prepared(subject)
    infos = subject.written(crm)
    if not infos:
        return
    marks = {info.name: _marks(crm, made[info.name], subject.repeated.get(info.name, ())) for info in infos}
    _check_without(crm, customer, "a user without any right", _user(crm, []), infos, marks)
    for group in _apart(infos):
        names = {info.name for info in group} | {"audit_entry", "event"}
        others = [other.name for other in crm.registry if other.name not in names]
        rights = [
            {"entity": name, "action": action, "scope": "all"} for name in others for action in ("read", "export")
        ]
        _check_without(crm, customer, "a user without a right on {entity}", _user(crm, rights), group, marks)


def check_hidden_fields(subject: Subject) -> None:
    """Whoever may not read a field of its records does not find out what is in it."""
    crm, customer, made = _prepared(subject)
    fields = {
        text: (info, field.name)
        for info in subject.written(crm)
        for field in info.stored
        if _markable(field) and (text := _hidden_text(crm, made[info.name], field.name))
    }
    told: dict[str, str] = {}
    for group in _apart([*fields]):
        hidden: dict[str, list[str]] = {}
        for text in group:
            info, name = fields[text]
            hidden.setdefault(info.name, []).append(f"-{name}")
        rights: list[dict[str, Any]] = [
            {"entity": other.name, "action": action, "scope": "all"}
            | ({"fields": ["*", *hidden[other.name]]} if other.name in hidden else {})
            for other in crm.registry
            for action in ("read", "export")
        ]
        for path, read in _read_by(crm, _user(crm, rights), [crm.registry.get(name) for name in hidden], customer):
            lowered = read.lower()
            told |= {text: f"{path} tells {{}}: {_excerpt(read, [text])}" for text in group if text in lowered}
    repeated = {text for text, (info, name) in fields.items() if name in subject.repeated.get(info.name, ())}
    if repeated - told.keys():
        fail(
            [
                ".".join((fields[text][0].name, fields[text][1])) + " is repeated nowhere"
                for text in repeated - told.keys()
            ],
            "take it out of the attribute `repeated` of the test",
        )
    if told.keys() - repeated:
        fail(
            [
                told[text].format(f"{info.name}.{name} to a user who may not read that field")
                for text, (info, name) in fields.items()
                if text in told and text not in repeated
            ],
            "hand out what ctx.session.masked(record) or ctx.session.shown(record) gives, never the record",
        )


FEW = 8
"""How many of a plugin's entities, or fields, are kept from users one by one."""


def _apart(items: Sequence[Item]) -> list[list[Item]]:
    """Return groups that users may not read: each item by itself where they are few, else rows and columns of a square.

    So any two items are kept apart by one of the groups: what only those see who read the one and not the other, shows.
    """
    if len(items) <= FEW:
        return [[item] for item in items]
    side = isqrt(len(items) - 1) + 1
    rows = [[*items[start : start + side]] for start in range(0, len(items), side)]
    return [*rows, *[[*items[start::side]] for start in range(side)]]


def _check_without(
    crm: Crm, customer: Customer, who: str, actor: Actor, infos: Sequence[EntityInfo], marks: Mapping[str, list[str]]
) -> None:
    for info in infos:
        with crm.session(actor, reads=True) as session:
            counted = _counted(session, info)
        if counted:
            _tells(info, "count", who, f"counts {counted}")
    for path, read in _read_by(crm, actor, infos, customer):
        for info in infos:
            id, *texts = marks[info.name]
            # Records that refer to it may have its id, and tell nothing else of it to those who may read them.
            sought = texts if path in SHARED_PATHS and texts and actor.grants else [id, *texts]
            if any(mark in read for mark in sought):
                _tells(info, path, who, _excerpt(read, sought))


def _read_by(crm: Crm, actor: Actor, infos: Sequence[EntityInfo], customer: Customer) -> Iterator[tuple[str, str]]:
    """Yield each way to read with all that it tells an actor."""
    for name, path in OWN_PATHS.items():
        for info in infos:
            yield name, _read(crm, actor, path, info, customer)
    for name, path in SHARED_PATHS.items():
        yield name, _read(crm, actor, path, infos[0], customer)


def _prepared(subject: Subject) -> tuple[Crm, Customer, dict[str, Part]]:
    """Return an application with one record of each entity, of a customer and with marks in its texts."""
    crm = subject.open()
    customer, point = customer_named("Anna")
    with crm.session() as session:
        session.add(customer, point)
    records, numbers, made = subject.records(crm), count(1), {}
    for info in subject.written(crm):
        some = records.of(info, customer.id)
        with crm.session() as session:
            session.add(*some)
        for field in info.stored:
            if _markable(field):
                # No mark begins another one: numbers are not used twice.
                _mark(crm, some[-1], field.name, f"{MARK}{next(numbers)}x{info.name}")
        made[info.name] = some[-1]
    crm.drain()
    _index(crm)
    return crm, customer, made


def _index(crm: Crm) -> None:
    from crmkit.services.identify import index
    from crmkit.services.search.searching import index as index_texts

    with crm.session() as session:
        index(session, 1_000)
        index_texts(session, 1_000)


def _mark(crm: Crm, record: Part, field: str, mark: str) -> None:
    try:
        with crm.session() as session:
            stored = session.get(type(record), record.id)
            session.update(change(stored, **{field: mark}))
    except CrmError:
        # The plugin's rules let nobody change it; then its id alone is looked for.
        return


def _markable(field: Any) -> bool:
    plain = field.kind is Kind.TEXT and not (field.choices or field.format or field.common)
    return plain and field.max_length > 30 and field.name != "entity"


def _marks(crm: Crm, record: Part, repeated: Sequence[str]) -> list[str]:
    """Return by what a record is known: its id, and the marks in its texts but for those that others repeat."""
    with crm.session(reads=True) as session:
        stored = session.get(type(record), record.id)
    values = vars_of(stored)
    texts = [text for name, text in values.items() if name not in repeated and isinstance(text, str) and MARK in text]
    return [str(record.id), *texts]


def vars_of(record: Part) -> dict[str, Any]:
    """Return the values of a record by field."""
    return {name: getattr(record, name) for name in type(record).__crm_entity__.by_name if name != "custom"}  # type: ignore[attr-defined]


def _hidden_text(crm: Crm, record: Part, field: str) -> str:
    with crm.session(reads=True) as session:
        value = getattr(session.get(type(record), record.id), field)
    return value.lower() if isinstance(value, str) and MARK in value else ""


def _user(crm: Crm, rights: list[dict[str, Any]]) -> Actor:
    from crmkit.core.staff import Role, RoleAssignment, User
    from crmkit.core.values.ids import new_id

    login = f"user-{new_id().hex}"
    with crm.session() as session:
        user, role = User(login=login, name=login), Role(name=f"rights of {login}", grants=tuple(rights))
        session.add(user, role, RoleAssignment(user_id=user.id, role_id=role.id))
    crm.drain()
    return crm.actor(login)


def _counted(session: Session, info: EntityInfo) -> int:
    try:
        return session.count(info.cls)
    except AccessDenied:
        return 0


def _read(crm: Crm, actor: Actor, path: Path, info: EntityInfo, customer: Customer) -> str:
    try:
        with crm.session(actor, reads=True) as session:
            return path(session, info, customer)
    except (AccessDenied, NotFound):
        return ""


def _tells(info: EntityInfo, path: str, who: str, told: str) -> None:
    fail(
        f"{path} tells {who.format(entity=info.name)} of records of {info.name}: {told}",
        "read through ctx.session with the rights of the actor, without ctx.elevated, and give nobody rights that he was "
        "not given",
    )


def _excerpt(told: str, marks: list[str]) -> str:
    at = min(told.lower().find(mark.lower()) for mark in marks if mark.lower() in told.lower())
    return f"...{told[max(0, at - 60) : at + 80]}..."
