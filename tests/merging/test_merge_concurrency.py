"""Merging while others write: nothing is left behind at a customer that is gone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.errors import ValidationFailed
from crmkit.core.grouping import Tag, Tagging
from crmkit.core.identity import ExternalIdentity
from crmkit.runtime.crm import Crm
from crmkit.services.importing.mapping import read_mapping
from crmkit.services.importing.running import run_import
from crmkit.services.merging import merge, merge_many, preview, resolve
from crmkit.store.session import Session
from tests.importing.conftest import HEADER, contacts

OpenCrm = Callable[..., Crm]


def two(crm: Crm) -> tuple[Customer, Customer]:
    a, b = Customer(name="Anna"), Customer(name="Berg")
    with crm.session() as session:
        session.add(a, b)
    return a, b


def stranded(crm: Crm) -> list[UUID]:
    """Return the contact points of customers that are gone."""
    with crm.session(reads=True) as session:
        living = {customer.id for customer in session.list(Customer)}
        return [point.id for point in session.list(ContactPoint) if point.customer_id not in living]


def test_merging_in_the_middle_of_an_import(crm: Crm, tmp_path: Path) -> None:
    """The import knows customers by their ids from chunk to chunk; these are merged in between."""
    path, mapping = tmp_path / "contacts.csv", read_mapping(contacts())
    names = [f"Customer {number}" for number in range(20)]
    path.write_text("\n".join([HEADER, *(f"{n},{name},,,,,,,," for n, name in enumerate(names))]))
    run_import(crm, crm.system, path, mapping, error_folder=tmp_path / "errors")
    rows = [f"{n},,,,,,,,round{turn}-{n}@example.com," for turn in range(3) for n in range(20)]
    path.write_text("\n".join([HEADER, *rows]))
    with crm.session(reads=True) as session:
        ids = {int(i.external_id): i.record_id for i in session.list(ExternalIdentity)}
    turns = iter(range(0, 20, 2))

    def merge_two(_: Any) -> None:
        number = next(turns, None)
        if number is not None:
            with crm.session() as session:
                [result] = merge_many(session, [(ids[number], ids[number + 1])])
            assert result.error is None

    report = run_import(
        crm, crm.system, path, mapping, error_folder=tmp_path / "errors", chunk=10, on_progress=merge_two
    )
    assert report.rejected == 0
    assert stranded(crm) == []
    with crm.session(reads=True) as session:
        assert session.count(ContactPoint) == 60
        for number, id in ids.items():
            [point] = session.list(ContactPoint, normalized=f"round2-{number}@example.com")
            assert point.customer_id == resolve(session, Customer, id)


@pytest.fixture
def postgres(core_postgres_url: str, open_crm: OpenCrm) -> Crm:
    return open_crm(url=core_postgres_url, check=False)


def test_who_read_a_customer_before_it_was_merged_is_told(postgres: Crm) -> None:
    a, b = two(postgres)
    with postgres.session() as slow:
        read = slow.get(Customer, b.id)
        with postgres.session() as session:
            merge(session, preview(session, a.id, b.id))
        slow.add(ContactPoint(customer_id=read.id, kind="email", value="b@example.com"))
        with pytest.raises(ValidationFailed, match=r"contact_point\.customer_id"):
            slow.commit()
        slow.rollback()
    assert stranded(postgres) == []


def test_a_merge_waits_for_who_is_writing(postgres: Crm) -> None:
    a, b = two(postgres)
    point = ContactPoint(customer_id=b.id, kind="email", value="b@example.com")
    with postgres.session() as session:
        session.add(point)
        session.flush()
        merger = waiting(postgres, lambda other: merge(other, preview(other, a.id, b.id)))
    merger()
    with postgres.session(reads=True) as session:
        assert session.get(ContactPoint, point.id).customer_id == a.id


def test_a_merge_waits_for_who_is_tagging(postgres: Crm) -> None:
    """A tagging names the entity of its record itself; no foreign key guards it."""
    a, b = two(postgres)
    with postgres.session() as session:
        tag = Tag(name="vip")
        session.add(tag)
    with postgres.session() as session:
        tagging = Tagging(tag_id=tag.id, entity="customer", record_id=b.id)
        session.add(tagging)
        session.flush()
        merger = waiting(postgres, lambda other: merge(other, preview(other, a.id, b.id)))
    merger()
    with postgres.session(reads=True) as session:
        assert session.get(Tagging, tagging.id).record_id == a.id


def test_who_tags_during_a_merge_is_told(postgres: Crm) -> None:
    a, b = two(postgres)
    with postgres.session() as session:
        tag = Tag(name="vip")
        session.add(tag)
    with postgres.session() as session:
        merge(session, preview(session, a.id, b.id))
        session.flush()
        tagging = waiting(postgres, lambda other: other.add(Tagging(tag_id=tag.id, entity="customer", record_id=b.id)))
    with pytest.raises(ValidationFailed, match=r"tagging\.record_id"):
        tagging()
    with postgres.session(reads=True) as session:
        assert session.count(Tagging) == 0


def waiting(crm: Crm, work: Callable[[Session], Any]) -> Callable[[], None]:
    """Have ``work`` done in a transaction of another thread, which waits by now; the answer ends it and raises its error."""
    errors: list[BaseException] = []

    def working() -> None:
        try:
            with crm.session() as session:
                work(session)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=working)
    thread.start()
    waits = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype IN ('transactionid', 'tuple')")
    with crm.database.engine.connect() as connection:
        while connection.scalar(waits) == 0 and thread.is_alive():
            pass
    assert thread.is_alive(), errors

    def end() -> None:
        thread.join()
        if errors:
            raise errors[0]

    return end
