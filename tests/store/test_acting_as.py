"""What a user wrote is written with the user's rights, whatever a service does with greater ones in the same session."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from crmkit.core.access import Actor
from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.entity import change
from crmkit.core.errors import AccessDenied, NotFound
from crmkit.core.mail_settings import MailSettings
from crmkit.runtime.crm import Crm
from crmkit.services.mail.own import own_addresses
from crmkit.services.merging import merges
from crmkit.services.merging.undoing import find_merge
from crmkit.services.personal_data import erasure_of
from crmkit.store.session import Session
from crmkit.testing.making import AsUser

SERVICES: dict[str, Callable[[Session, Customer], Any]] = {
    "merges": lambda session, _: merges(session),
    "find_merge": lambda session, _: find_merge(session, "last"),
    "erasure_of": lambda session, foreign: erasure_of(session, foreign.id),
    "own_addresses": lambda session, _: own_addresses(session, MailSettings()),
    "acting_as": lambda session, _: _elevated(session),
}


def _served(session: Session, foreign: Customer, service: str) -> None:
    with suppress(NotFound):
        SERVICES[service](session, foreign)
    session.flush()


def _elevated(session: Session) -> None:
    with session.acting_as(session.actor.elevated()):
        session.list(Customer)


@pytest.fixture
def foreign(crm: Crm) -> Customer:
    record = Customer(name="Foreign Person")
    with crm.session() as session:
        session.add(record)
    return record


@pytest.fixture
def bob(crm: Crm) -> Actor:
    return AsUser(crm)("* read all", "customer create own", "customer update own", "contact_point * own")


@pytest.mark.parametrize("service", SERVICES)
def test_no_service_writes_for_a_user_what_the_user_may_not(
    crm: Crm, foreign: Customer, bob: Actor, service: str
) -> None:
    with crm.session(bob) as session:
        session.update(change(session.get(Customer, foreign.id), name="Taken over"))
        with pytest.raises(AccessDenied, match="may not update customer"):
            _served(session, foreign, service)
        session.rollback()
    with crm.session(reads=True) as session:
        assert session.get(Customer, foreign.id).name == "Foreign Person"


def test_what_a_block_makes_is_written_with_its_rights(crm: Crm, foreign: Customer, bob: Actor) -> None:
    with crm.session(bob) as session:
        with session.acting_as(session.actor.elevated()):
            session.update(change(session.get(Customer, foreign.id), nickname="F"))
        mine = Customer(name="Mine")
        session.add(mine)
    with crm.session(reads=True) as session:
        assert session.get(Customer, foreign.id).nickname == "F"
        assert session.get(Customer, mine.id).owner_id == bob.user_id


def test_a_part_is_not_moved_to_a_record_that_it_could_not_be_added_to(crm: Crm, foreign: Customer, bob: Actor) -> None:
    mine, other = Customer(name="Mine"), Customer(name="Mine too")
    point = ContactPoint(customer_id=mine.id, kind="email", value="m@example.com")
    with crm.session(bob) as session:
        session.add(mine, other, point)
    with crm.session(bob) as session:
        session.update(change(session.get(ContactPoint, point.id), customer_id=foreign.id))
        with pytest.raises(AccessDenied, match="may not update contact_point"):
            session.flush()
        session.rollback()
    with crm.session(bob) as session:
        session.update(change(session.get(ContactPoint, point.id), customer_id=other.id))
    with crm.session(reads=True) as session:
        assert session.get(ContactPoint, point.id).customer_id == other.id
