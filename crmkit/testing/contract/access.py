"""What users see of a plugin's records on each way to read them: nothing without a right, and no hidden field."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

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


PATHS: Mapping[str, Path] = {
    "list": _list,
    "search": _search,
    "query": _query,
    "export": _export,
    "timeline": _timeline,
    "dedupe": lambda session, info, customer: str(find_duplicates(session, 0.0)),
    "personal data": lambda session, info, customer: str(export_person(session, customer.id)),
}
"""Every way to read, by its name. That of counting has a check of its own, since a number names nobody."""


def check_rights(subject: Subject) -> None:
    """Whoever has no right on its records sees none of them, whatever else there is to see."""
    crm, customer, made = _prepared(subject)
    for info in subject.written(crm):
        for who, actor in _without_right(crm, info).items():
            marks = _marks(crm, made[info.name])
            with crm.session(actor, reads=True) as session:
                counted = _counted(session, info)
            if counted:
                _tells(info, "count", who, f"counts {counted}")
            for name, path in PATHS.items():
                told = _read(crm, actor, path, info, customer)
                if any(mark in told for mark in marks):
                    _tells(info, name, who, _excerpt(told, marks))


def check_hidden_fields(subject: Subject) -> None:
    """Whoever may not read a field of its records does not find out what is in it."""
    crm, customer, made = _prepared(subject)
    for info in subject.written(crm):
        for field in info.stored:
            hidden = _hidden_text(crm, made[info.name], field.name) if _markable(field) else ""
            if not hidden:
                continue
            words = [{"entity": "*", "action": action, "scope": "all"} for action in ("read", "export")]
            narrowed = [{**word, "entity": info.name, "fields": ["*", f"-{field.name}"]} for word in words]
            others = [{**word, "entity": other.name} for word in words for other in crm.registry if other is not info]
            actor = _user(crm, [*narrowed, *others])
            for name, path in PATHS.items():
                told = _read(crm, actor, path, info, customer)
                if hidden in told.lower():
                    fail(
                        f"{name} tells {info.name}.{field.name} to a user who may not read that field: "
                        f"{_excerpt(told, [hidden])}",
                        "hand out what ctx.session.masked(record) or ctx.session.shown(record) gives, never the record",
                    )


def _prepared(subject: Subject) -> tuple[Crm, Customer, dict[str, Part]]:
    """Return an application with one record of each entity, of a customer and with marks in its texts."""
    crm = subject.open()
    customer, point = customer_named("Anna")
    with crm.session() as session:
        session.add(customer, point)
    records, made = subject.records(crm), {}
    for info in subject.written(crm):
        some = records.of(info, customer.id)
        with crm.session() as session:
            session.add(*some)
        for number, field in enumerate(info.stored):
            if _markable(field):
                _mark(crm, some[-1], field.name, f"{MARK}{number}x{info.name}")
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


def _marks(crm: Crm, record: Part) -> list[str]:
    """Return by what a record is known: its id, and the marks in its texts."""
    with crm.session(reads=True) as session:
        stored = session.get(type(record), record.id)
    texts = [value for value in vars_of(stored).values() if isinstance(value, str) and MARK in value]
    return [str(record.id), *texts]


def vars_of(record: Part) -> dict[str, Any]:
    """Return the values of a record by field."""
    return {name: getattr(record, name) for name in type(record).__crm_entity__.by_name if name != "custom"}  # type: ignore[attr-defined]


def _hidden_text(crm: Crm, record: Part, field: str) -> str:
    with crm.session(reads=True) as session:
        value = getattr(session.get(type(record), record.id), field)
    return value.lower() if isinstance(value, str) and MARK in value else ""


def _without_right(crm: Crm, info: EntityInfo) -> dict[str, Actor]:
    """Return users without any right, and with every right but one on records of ``info``."""
    rights = [
        {"entity": other.name, "action": action, "scope": "all"}
        for other in crm.registry
        if other.name not in (info.name, "audit_entry", "event")
        for action in ("read", "export")
    ]
    return {"a user without any right": _user(crm, []), f"a user without a right on {info.name}": _user(crm, rights)}


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
        f"{path} tells {who} of records of {info.name}: {told}",
        "read through ctx.session with the rights of the actor, without ctx.elevated, and give nobody rights that he was "
        "not given",
    )


def _excerpt(told: str, marks: list[str]) -> str:
    at = min(told.lower().find(mark.lower()) for mark in marks if mark.lower() in told.lower())
    return f"...{told[max(0, at - 60) : at + 80]}..."
