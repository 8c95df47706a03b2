"""Records can be made and changed at all: otherwise every other check would try nothing of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crmkit.core.entity import EntityInfo, FieldInfo, Part, change
from crmkit.core.errors import CrmError
from crmkit.runtime.crm import Crm
from crmkit.testing.contract.faults import fail
from crmkit.testing.contract.records import changeable, changed_value
from crmkit.testing.contract.subject import Subject
from crmkit.testing.contract.world import ANSWERS, customer_named


def check_changes(subject: Subject) -> None:
    """A record of each entity can be stored and changed, but where the plugin's test says that it stands as it was made."""
    crm = subject.open()
    found = list(_unknown(subject, crm))
    customer, point = customer_named("Anna")
    with crm.session() as session:
        session.add(customer, point)
    records = subject.records(crm)
    for info in subject.written(crm):
        some = records.of(info, customer.id)
        try:
            with crm.session() as session:
                session.add(*some)
        except CrmError as error:
            found.append(f"{info.name}: no record can be stored: {error}")
            continue
        found += _of_record(subject, crm, info, some[-1])
    if found:
        fail(
            found,
            "let the test's method `values(entity, number)` return what the plugin's rules need; name entities whose "
            "records stand as they were made in its attribute `unchanging`, and fields that the plugin fills whatever "
            "people write in `filled_in`",
        )


def _of_record(subject: Subject, crm: Crm, info: EntityInfo, record: Part) -> Iterator[str]:
    """Try a change of each field by itself, and yield what is unlike what the test says of the entity."""
    filled_in = subject.filled_in.get(info.name, ())
    accepted: list[str] = []
    refused: list[str] = []
    for field in changeable(info, filled_in):
        answer = _changed(crm, info, record, field)
        if answer is not None:
            (refused if answer else accepted).append(f"{field.name}: {answer}" if answer else field.name)
    if info.name in subject.unchanging:
        yield from (f"{info.name}.{name} is changed, and its records are said to stand" for name in accepted)
    elif refused and not accepted:
        yield f"{info.name}: every change that people make is refused: {refused[0]}"
    for name in filled_in:
        if name in info.by_name and _changed(crm, info, record, info.by_name[name]) == "":
            yield f"{info.name}.{name} is said to be filled by the plugin, and keeps what people write"


def _changed(crm: Crm, info: EntityInfo, record: Part, field: FieldInfo) -> str | None:
    """Change a field as people would: "" when it was done, or why it was refused; None where nothing came of it."""
    try:
        with crm.session() as session:
            stored: Any = session.get(info.cls, record.id)
            value = changed_value(field, stored, crm.clock.now())
            if value is None:
                return None
            session.update(change(stored, **{field.name: value}))
    except ANSWERS as error:
        return str(error)
    with crm.session(reads=True) as session:
        return "" if getattr(session.get(info.cls, record.id), field.name) == value else None


def _unknown(subject: Subject, crm: Crm) -> Iterator[str]:
    """Yield what the test names of entities and fields that are none of the plugin's."""
    infos = {info.name: info for info in subject.entities(crm)}
    by_field = (subject.filled_in, subject.referring, subject.repeated)
    named = {*subject.left_out, *subject.unchanging, *subject.single, *(name for fields in by_field for name in fields)}
    for name in sorted(named - infos.keys()):
        yield f"{name}: no entity of the plugin"
    for fields in by_field:
        for entity, names in fields.items():
            if entity in infos:
                yield from (f"{entity}.{name}: no such field" for name in names if name not in infos[entity].by_name)
