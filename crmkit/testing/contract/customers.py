"""Merging and erasing customers that the plugin has records of."""

from __future__ import annotations

from itertools import count
from typing import Any
from uuid import UUID

from crmkit.core.customer import Customer
from crmkit.core.entity import EntityInfo, Part, change
from crmkit.core.erasure import erase_policy
from crmkit.core.errors import CrmError
from crmkit.core.fieldtypes import Kind
from crmkit.core.merging import generic_reference
from crmkit.runtime.crm import Crm
from crmkit.services.merging import merge, undo
from crmkit.services.merging import preview as preview_merge
from crmkit.services.personal_data import erase
from crmkit.services.personal_data import preview as preview_erasure
from crmkit.testing.contract.faults import fail
from crmkit.testing.contract.subject import Subject
from crmkit.testing.contract.world import customer_named, every_text

MARK = "zqplanted"
"""Begins every planted text, so that it is found again wherever it went."""


def check_references(subject: Subject) -> None:
    """Every field with an id says what it refers to, so that merging and erasing find it."""
    found = [
        f"{info.name}.{field.name} holds an id and does not say of what"
        for info in subject.entities(subject.open())
        for field in info.stored
        if field.kind is Kind.ID and not (field.reference or field.common) and field != generic_reference(info)
    ]
    if found:
        fail(
            found,
            'declare it: field(reference="customer", merge=..., erase=...); for any kind of record, two fields '
            "`entity` and `record_id`",
        )


def check_merge(subject: Subject, url: str | None = None) -> None:
    """Records follow a customer that is merged into another, and are as before when that is undone."""
    crm = subject.open(url=url)
    kept, lost = _two_customers(subject, crm)
    before = _stored(crm, subject)
    with crm.session() as session:
        plan = preview_merge(session, kept, lost)
        if not plan.allowed:
            if not _may_block(subject, crm):
                fail(
                    [f"customers with its records cannot be merged: {reason}" for reason in plan.blocked],
                    'let guard_merge refuse only where a merge would do harm, or say merge="block" of the reference',
                )
            return
        journal = _tried("merging", lambda: merge(session, plan).id)
    crm.drain()
    _check_follows(subject, crm, lost)
    with crm.session() as session:
        _tried("undoing a merge", lambda: undo(session, journal))
    crm.drain()
    after = _stored(crm, subject)
    changed = [
        f"{entity} {id}: {_difference(row, after.get((entity, id)))}"
        for (entity, id), row in before.items()
        if after.get((entity, id)) != row
    ]
    if changed:
        fail(
            changed,
            "an undone merge leaves everything as it was: hooks change records in derive_merge, which is undone with "
            "the rest, and not in after_records_saved_committed",
        )


def check_erasure(subject: Subject, url: str | None = None) -> None:
    """Nothing that was known of an erased customer is left, wherever hooks have put it."""
    crm = subject.open(url=url)
    planted = _Planted(subject, crm)
    crm.drain()
    present = planted.found()
    missing = [where for mark, where in planted.marks.items() if mark not in present]
    if missing:
        fail(
            [f"{where}: what is stored there is not found again" for where in missing],
            "let derive_records leave texts alone that people wrote, or name fields that the plugin fills in `filled_in`",
        )
    with crm.session() as session:
        plan = preview_erasure(session, planted.customer)
        if not plan.allowed:
            fail(
                [f"a customer with its records cannot be erased: {reason}" for reason in plan.blocked],
                "let guard_erasure refuse only for records that must be kept, and override `values` so that the records "
                "of this check are none of them",
            )
        _tried("erasing", lambda: erase(session, planted.customer, "request"))
    crm.drain()
    left = planted.found()
    kept = planted.may_stay()
    found = [f"{place} still has what was in {planted.marks[mark]}" for mark, place in left.items() if mark not in kept]
    if found:
        fail(
            found,
            "let a reference to the customer lead there, with erase= delete, tombstone or clear; take it out in "
            "derive_erasure; or do not copy it",
        )


class _Planted:
    """A customer with the plugin's records, with a text of its own in every field that takes one."""

    def __init__(self, subject: Subject, crm: Crm) -> None:
        self._crm, self._infos, self._filled_in = crm, subject.written(crm), subject.filled_in
        self.marks: dict[str, str] = {}
        self._numbers = count(1)
        self._kept: set[str] = set()
        customer, point = customer_named(self._mark("customer.given_name"))
        customer = change(customer, description=self._mark("customer.description"))
        self.customer = customer.id
        point = change(point, value=f"{self._mark('contact_point.value')}@example.com")
        with crm.session() as session:
            session.add(customer, point)
        records = subject.records(crm)
        for info in self._infos:
            some = records.of(info, customer.id)
            with crm.session() as session:
                session.add(*some)
            self._overwrite(info, some[-1])

    def found(self) -> dict[str, str]:
        """Return the marks that the database holds, each with a table in which it is."""
        found: dict[str, str] = {}
        for table, text in every_text(self._crm):
            lowered = text.lower()
            if MARK in lowered:
                found |= {mark: table for mark in self.marks if mark in lowered and mark not in found}
        return found

    def may_stay(self) -> set[str]:
        """Return the marks in what the plugin says is kept."""
        return self._kept

    def _overwrite(self, info: EntityInfo, record: Part) -> None:
        """Write marks over texts one by one; those that the plugin's rules refuse stay as they are."""
        keeps = all(
            erase_policy(info, field) in ("keep", "clear") for field in info.stored if field.reference == "customer"
        )
        for field in info.stored:
            plain = field.kind is Kind.TEXT and not (field.choices or field.common) and field.format in ("", "email")
            if not plain or field.max_length < len(MARK) + 6 or field.name == "entity":
                continue
            if field.name in self._filled_in.get(info.name, ()):
                continue
            mark = self._mark(f"{info.name}.{field.name}")
            text = f"{mark}@example.com" if field.format else mark
            try:
                with self._crm.session() as session:
                    session.update(change(session.get(type(record), record.id), **{field.name: text}))
            except CrmError:
                del self.marks[mark]
                continue
            if keeps or field.erase == "keep":
                self._kept.add(mark)

    def _mark(self, where: str) -> str:
        mark = f"{MARK}{next(self._numbers)}x"
        self.marks[mark] = where
        return mark


def _two_customers(subject: Subject, crm: Crm) -> tuple[UUID, UUID]:
    kept, _ = customer_named("Anna")
    lost, point = customer_named("Berta")
    records = subject.records(crm)
    with crm.session() as session:
        session.add(kept, lost, point)
    for info in subject.written(crm):
        for customer in (lost.id, kept.id):
            some = records.of(info, customer)
            with crm.session() as session:
                session.add(*some)
    crm.drain()
    return kept.id, lost.id


def _check_follows(subject: Subject, crm: Crm, lost: UUID) -> None:
    found = []
    told = {str(lost), lost.hex}
    with crm.session(reads=True) as session:
        for info in subject.entities(crm):
            if not info.editable:
                continue
            for record in session.list(info.cls):
                for field in info.stored:
                    if any(id in str(getattr(record, field.name)) for id in told):
                        found.append(f"{info.name}.{field.name} still leads to the customer that was merged away")
    if found:
        fail(
            sorted(set(found)),
            "keep ids of customers in fields with reference='customer', not in texts or JSON; or bring them along in "
            "derive_merge",
        )


def _may_block(subject: Subject, crm: Crm) -> bool:
    return any(field.merge == "block" for info in subject.entities(crm) for field in info.fields)


def _stored(crm: Crm, subject: Subject) -> dict[tuple[str, UUID], dict[str, Any]]:
    with crm.session(reads=True) as session:
        return {
            (info.name, record.id): {name: getattr(record, name) for name in info.compared_names}
            for info in [crm.registry.get(Customer), *subject.entities(crm)]
            if info.editable
            for record in session.list(info.cls)
        }


def _difference(before: dict[str, Any], after: dict[str, Any] | None) -> str:
    if after is None:
        return "is gone"
    return ", ".join(
        f"{name} was {value!r}, is {after[name]!r}" for name, value in before.items() if after[name] != value
    )


def _tried(what: str, do: Any) -> Any:
    try:
        return do()
    except CrmError as error:
        fail(
            [f"{what} a customer with its records fails:", *error.lines()], "mend the hook or the policy that is named"
        )
