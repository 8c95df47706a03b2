"""``ctx.services``: the use cases, bound to a unit of work."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from crmkit.core.customer import Customer
from crmkit.core.errors import AccessDenied
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.staff import Role, User
from crmkit.core.values.money import Money
from crmkit.core.working_calendar import WorkingCalendar
from crmkit.runtime.crm import Crm
from crmkit.runtime.services import Services

NAMES = sorted(name for name in dir(Services) if not name.startswith("_"))


def test_no_two_subjects_offer_the_same_name() -> None:
    offered = Counter(name for subject in Services.__mro__ for name in vars(subject) if not name.startswith("_"))
    assert [name for name, count in offered.items() if count > 1] == []
    assert len(offered) > 80


@pytest.mark.parametrize("name", NAMES)
def test_every_use_case_says_what_it_does(name: str) -> None:
    use_case: Any = getattr(Services, name)
    assert (use_case.__doc__ or "").count("\n") == 0
    assert (use_case.__doc__ or "").strip()


def test_rights_are_asked_for_given_and_taken(crm: Crm) -> None:
    ben, anna = User(login="ben", name="Ben"), User(login="anna", name="Anna")
    reader = Role(name="reader", grants=({"entity": "customer", "action": "read", "scope": "own"},))
    fjord = Customer(name="Fjord", kind="organization")
    with crm.session() as session:
        session.add(ben, anna, reader, fjord)
        session.flush()
        services = crm.services_for(session)
        services.give_role(ben, reader)
        session.flush()
        assert [role.name for role in services.roles_of(ben)] == ["reader"]
    with crm.session() as session:
        services = crm.services_for(session)
        assert not services.why(fjord, "read", crm.actor("ben")).allowed
        services.share(fjord, ben, reason="asked")
    with crm.session() as session:
        services = crm.services_for(session)
        found = services.why(("customer", fjord.id), "read", crm.actor("ben"))
        assert (found.allowed, [reason.kind for reason in found.reasons]) == (True, ["share"])
        assert [one.user_id for one in services.shares_of(fjord)] == [ben.id]
        given = services.delegate(ben, anna, until=session.clock.now() + timedelta(days=3))
    with crm.session() as session:
        services = crm.services_for(session)
        assert [one.deputy_id for one in services.delegations(ben)] == [anna.id]
        assert [right.entity for right in services.rights(crm.actor("anna", "ben"))] == ["customer"]
        services.end_delegation(session.get(type(given), given.id))
        assert services.unshare(fjord, ben) == 1
        services.take_role(ben, reader)
    with crm.session() as session:
        assert crm.services_for(session).roles_of(ben.id) == []
        assert crm.services_for(session).delegations(ben) == []
    with pytest.raises(AccessDenied):
        crm.actor("anna", "ben")


def test_what_contacts_cost_is_taken_from_the_profit(crm: Crm) -> None:
    fjord = Customer(name="Fjord", kind="organization")
    at = datetime(2026, 3, 2, tzinfo=UTC)
    with crm.session() as session:
        session.add(fjord)
        for kind, money in (("purchase", Money.of("100", "EUR")), ("call", None), ("call", None)):
            one = Interaction(kind=kind, occurred_at=at, money=money)
            session.add(one, InteractionParticipant(interaction_id=one.id, customer_id=fjord.id))
        session.flush()
        services = crm.services_for(session)
        (worth,) = services.customer_worths("EUR", contact_costs={"call": Money.of("7.50", "EUR")})
        assert (worth.revenue, worth.cost_to_serve) == (Decimal(100), Decimal(15))
        assert services.customer_worths("EUR")[0].cost_to_serve == 0


def test_pairs_are_merged_and_days_get_hours_of_their_own(crm: Crm) -> None:
    one, other = Customer(name="Fjord", kind="organization"), Customer(name="Fjord Ltd", kind="organization")
    shop = WorkingCalendar(name="Shop", hours={"thursday": [["08:00", "12:00"]]})
    midnight = datetime(2026, 12, 24, tzinfo=UTC)
    with crm.session() as session:
        session.add(one, other, shop)
    with crm.session() as session:
        services = crm.services_for(session)
        (result,) = services.merge_many([(one, other)])
        assert (result.error, services.resolve(Customer, other.id)) == (None, one.id)
        assert services.working_time("Shop", midnight, midnight + timedelta(days=1)) == timedelta(hours=4)
        services.set_day(session.get(WorkingCalendar, shop.id), date(2026, 12, 24))
        assert services.working_time("Shop", midnight, midnight + timedelta(days=1)) == timedelta(0)
