"""A plugin comes to a database that others filled, goes, comes back, and its migrations go back and forth."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.errors import CrmError
from crmkit.runtime.crm import Crm
from crmkit.services.merging import merge, preview
from crmkit.services.personal_data import erase
from crmkit.store.migration import downgrade_schema
from crmkit.store.tenant_wall import EVERY_TENANT
from crmkit.testing.contract.faults import fail
from crmkit.testing.contract.subject import Subject
from crmkit.testing.contract.world import customer_named


def check_installing(subject: Subject, url: str) -> None:
    """Installed into a database of others, removed, installed again: each time everything there works."""
    customer = _before(subject, url)
    crm = _installed(subject, url)
    _check_tables(subject, crm)
    kept = _filled(subject, crm, customer)
    crm.close()
    _removed(subject, url, customer)
    crm = subject.open(url=url, check=False)
    _upgraded(crm, "installing it again, after it was away")
    with crm.session(reads=True) as session:
        lost = [
            f"a record of {cls.__crm_entity__.name} is gone" for cls, id in kept if session.find(cls, id=id) is None
        ]
    if lost:
        fail(lost, "leave records alone when the plugin is installed again")
    _back_and_forth(subject, crm)
    crm.close()


def check_created(subject: Subject, url: str) -> None:
    """A database that is created with the plugin has the tables that its entities need."""
    crm = subject.open(url=url)
    _check_tables(subject, crm)
    _filled(subject, crm, None)
    crm.close()


def _before(subject: Subject, url: str) -> UUID:
    """Make the database without the plugin, with a customer in it."""
    others = subject.open_with(subject.others, url=url)
    customer, point = customer_named("Anna")
    with others.session() as session:
        session.add(customer, point)
    others.close()
    return customer.id


def _installed(subject: Subject, url: str) -> Crm:
    crm = subject.open(url=url, check=False)
    _upgraded(crm, "installing it")
    return crm


def _upgraded(crm: Crm, what: str) -> None:
    try:
        crm.upgrade_schema()
        state = crm.schema_state()
    except (CrmError, sa.exc.SQLAlchemyError) as error:
        fail(
            f"{what} into a database that others filled fails: {error}",
            "mend the migration that is named; crmkit plan shows what an upgrade will do",
        )
    if state.state != "current":
        fail(
            [f"after {what}, the database still needs: {step}" for step in state.steps] or [f"it is {state.state}"],
            "let migrations make what the entities declare; crmkit db status shows what is missing",
        )


def _check_tables(subject: Subject, crm: Crm) -> None:
    """The tables of the plugin have the columns and indexes that their entities need, and no others."""
    found = []
    with crm.database.connection(reads=True, tenant=EVERY_TENANT) as connection:
        inspector = sa.inspect(connection)
        for info in subject.entities(crm):
            table = crm.database.tables[info.name]
            if not inspector.has_table(table.name):
                found.append(f"table {table.name} is missing")
                continue
            there = {column["name"]: bool(column["nullable"]) for column in inspector.get_columns(table.name)}
            wanted = {column.name: bool(column.nullable) for column in table.columns}
            found += [f"column {table.name}.{name} is missing" for name in sorted(wanted.keys() - there.keys())]
            found += [f"column {table.name}.{name} is of no field" for name in sorted(there.keys() - wanted.keys())]
            found += [
                f"column {table.name}.{name} {'may' if there[name] else 'may not'} be empty, unlike its field"
                for name in sorted(wanted.keys() & there.keys())
                if wanted[name] != there[name]
            ]
            indexes = {str(index["name"]) for index in inspector.get_indexes(table.name)}
            found += [
                f"index {index.name} of {table.name} is missing" for index in table.indexes if index.name not in indexes
            ]
    if found:
        fail(sorted(found), f"crmkit db revision {subject.name} writes the migration from the entities")


def _filled(subject: Subject, crm: Crm, customer: UUID | None) -> list[tuple[type[Any], UUID]]:
    """Store a record of each entity, change it, and read it again."""
    records = subject.records(crm)
    made = []
    with crm.session() as session:
        if customer is None:
            first, _ = customer_named("Anna")
            session.add(first)
            customer = first.id
    for info in subject.written(crm):
        some = records.of(info, customer)
        try:
            with crm.session() as session:
                session.add(*some)
            with crm.session() as session:
                stored = session.get(info.cls, some[-1].id)
                if info.name not in subject.unchanging:
                    session.update(change(stored, source="contract"))
        except CrmError as error:
            fail(
                [f"a record of {info.name} cannot be stored:", *error.lines()],
                "let the test's method `values(entity, number)` return what the plugin's rules need for it, or name the "
                "entity in its attribute `left_out` when only the plugin itself makes such records",
            )
        made.append((info.cls, some[-1].id))
    return made


def _removed(subject: Subject, url: str, customer: UUID) -> None:
    """Without the plugin, and with its tables still there, everything else works."""
    others = subject.open_with(subject.others, url=url, check=False)
    try:
        state = others.schema_state()
        if state.state != "current":
            fail(
                [f"without the plugin, the database is {state.state}: {step}" for step in state.steps or ("",)],
                "have migrations of the plugin change nothing but the plugin's tables",
            )
        twin, _ = customer_named("Berta")
        with others.session() as session:
            session.add(twin)
        with others.session() as session:
            session.update(change(session.get(Customer, customer), description="still here"))
        with others.session() as session:
            merge(session, preview(session, customer, twin.id))
        gone, _ = customer_named("Carla")
        with others.session() as session:
            session.add(gone)
        with others.session() as session:
            erase(session, gone.id, "request")
    except CrmError as error:
        fail(
            ["without the plugin, the others do not work any more:", *error.lines()],
            "refer to the tables of others, and let nothing in them refer to the plugin's",
        )
    finally:
        others.close()


def _back_and_forth(subject: Subject, crm: Crm) -> None:
    """Its migrations undo what they do, and do it again."""
    owner = next(owner for owner in crm.schema_owners if owner.name == subject.name)
    if not owner.revisions:
        return
    # What others changed meanwhile, such as columns of custom fields, is not theirs to undo.
    try:
        downgrade_schema(crm.database, crm.schema_owners, subject.name, "base")
    except (CrmError, sa.exc.SQLAlchemyError) as error:
        fail(f"its migrations cannot be undone: {error}", "let downgrade() of each take back what upgrade() did")
    with crm.database.connection(reads=True, tenant=EVERY_TENANT) as connection:
        there = set(sa.inspect(connection).get_table_names())
    left = [info.plural for info in subject.entities(crm) if info.plural in there]
    if left:
        fail([f"table {name} is left" for name in left], "let downgrade() of its migrations drop what they created")
    _upgraded(crm, "upgrading it after a downgrade")
    _check_tables(subject, crm)
    _filled(subject, crm, None)
