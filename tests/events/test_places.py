"""The places of subscribers: they outlive names and absences, go back for a replay, and go with a purge."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from crmkit.core.customer import Customer
from crmkit.core.entity import Record, change, entity, field
from crmkit.core.errors import BadInput, ConfigError, Conflict, NotFound
from crmkit.core.values.clock import FixedClock
from crmkit.hooks.kinds import hookimpl
from crmkit.runtime.crm import Crm
from crmkit.runtime.manifest import Manifest
from crmkit.services.search import search
from crmkit.store.subscribers import TABLES, forget_subscriber
from crmkit.store.tenant_wall import EVERY_TENANT
from crmkit.testing.making import MakeCrm
from tests.conftest import OpenCrm
from tests.events.subscribers import Ledger, Publisher, people, positions, save, taken

# -- names and absences -----------------------------------------------------------------------------------------------


def test_a_plugin_that_was_renamed_goes_on_where_it_was(open_crm: OpenCrm, clock: FixedClock) -> None:
    everybody = people(3)
    old = Ledger("points", refuses=lambda event: event.record_id == everybody[0].id)
    first = open_crm(old, check=True)
    save(first, *everybody)
    save(open_crm(), *people(2))
    crm = open_crm(Ledger("loyalty", formerly=("bonus", "points")), check=True)
    clock.advance(minutes=1)
    crm.drain()
    assert taken(crm, "points") == positions(crm)[1:3]
    assert sorted(taken(crm, "loyalty")) == [positions(crm)[0], *positions(crm)[3:]]
    assert [one.subscriber for one in crm.events.health().subscribers] == ["loyalty"]


def test_a_renamed_subscriber_that_works_elsewhere_keeps_what_it_has_done(open_crm: OpenCrm) -> None:
    old = Publisher("points")
    first = open_crm(old, check=True)
    save(first, *people(2))
    first.drain()
    new = Publisher("loyalty", formerly=("points",))
    crm = open_crm(new, check=True)
    plan = crm.events.replay("loyalty", position=0)
    assert (plan.events, plan.done) == (0, 2)
    crm.drain()
    assert new.sent == []


def test_an_older_name_that_somebody_has_today_is_left_alone(open_crm: OpenCrm) -> None:
    first = open_crm(Ledger("points"), check=True)
    save(first, *people(1))
    crm = open_crm(Ledger("points"), Ledger("loyalty", formerly=("points",)), check=True)
    save(crm, *people(1))
    assert taken(crm, "points") == positions(crm)
    assert taken(crm, "loyalty") == positions(crm)[1:]


@pytest.mark.parametrize("formerly", [("ledger",), "points", (1,)], ids=["itself", "text", "number"])
def test_wrong_older_names_are_refused(formerly: Any) -> None:
    with pytest.raises(ConfigError, match="manifest of ledger: formerly is"):
        Manifest(name="ledger", formerly=formerly)


def test_a_wrong_order_is_refused() -> None:
    with pytest.raises(ConfigError, match="event_order is 'tenant', expected customer, record, none"):
        Manifest(name="ledger", event_order="tenant")  # type: ignore[arg-type]


def test_a_plugin_that_is_missing_for_a_month_goes_on_where_it_was(open_crm: OpenCrm, clock: FixedClock) -> None:
    save(open_crm(Ledger(), check=True), *people(2))
    without = open_crm(check=True)
    for _ in range(3):
        clock.advance(days=10)
        save(without, *people(2))
    (health,) = without.events.health().subscribers
    assert (health.active, health.lag) == (False, 6)
    assert health.lag_seconds == 20 * 24 * 3600
    crm = open_crm(Ledger(), check=True)
    crm.drain()
    assert taken(crm) == positions(crm)


def test_a_purged_plugin_loses_its_place_and_begins_at_the_end(open_crm: OpenCrm) -> None:
    (anna,) = people(1)
    crm = open_crm(Ledger(refuses=lambda event: True), Publisher("ledger2"), check=True)
    save(crm, anna)
    crm.drain()
    with crm.database.connection(tenant=EVERY_TENANT) as connection:
        lost = forget_subscriber(connection, crm.database, "ledger", crm.system.tenant_id)
        again = forget_subscriber(connection, crm.database, "ledger2", crm.system.tenant_id)
        connection.commit()
    assert lost == {"event_cursors": 1, "parked_events": 1, "parked_ordering_keys": 1, "event_deliveries": 0}
    assert again == {"event_cursors": 1, "parked_events": 0, "parked_ordering_keys": 0, "event_deliveries": 1}
    with crm.database.connection(reads=True, tenant=EVERY_TENANT) as connection:
        for name in TABLES:
            table = crm.database.table(name)
            count = sa.select(sa.func.count()).select_from(table).where(table.c.tenant_id == crm.system.tenant_id)
            assert connection.scalar(count) == 0, name
    back = open_crm(Ledger(), check=True)
    save(back, *people(1))
    assert taken(back) == positions(back)[1:]


def test_events_of_an_entity_whose_plugin_is_gone_stop_nobody(make_crm: MakeCrm, database_url: str) -> None:
    @entity("club_card", plural="club_cards", title="number", plugin="club")
    class Card(Record):
        """A card."""

        number: str = field()

    class Club:
        manifest = Manifest(name="club")

        @hookimpl
        def register_entities(self, ctx: Any, call: Any) -> list[type]:
            return [Card]

    make_crm([Ledger()], url=database_url).close()
    with Crm.open(database_url, plugins=[Club()], check=False) as with_club:
        with_club.upgrade_schema()
        save(with_club, Card(number="1"), *people(1))
    publisher = Publisher()
    crm = make_crm([Ledger(), publisher], url=database_url)
    crm.drain()
    assert crm.events.parked() == ()
    assert len(taken(crm)) == 1
    assert sorted(event["type"] for event in crm.events.list())[:2] == ["club_card.created", "customer.created"]


# -- replays ----------------------------------------------------------------------------------------------------------


def test_a_new_plugin_may_be_told_of_the_past_and_then_goes_on(open_crm: OpenCrm) -> None:
    save(open_crm(), *people(4))
    crm = open_crm(Ledger(), check=True)
    save(crm, *people(2))
    assert taken(crm) == positions(crm)[4:]
    plan = crm.events.preview_replay("ledger", position=positions(crm)[1])
    assert (plan.events, plan.done, plan.again) == (3, 4, False)  # done are two customers and the tags of theirs
    assert crm.events.replay("ledger", position=positions(crm)[1]) == plan
    assert crm.events.health().subscribers[0].replaying
    assert crm.events.health().subscribers[0].lag == 3
    with pytest.raises(Conflict, match="ledger is being replayed already"):
        crm.events.replay("ledger", position=0)
    save(crm, *people(1))
    crm.drain()
    assert taken(crm) == [*positions(crm)[4:6], *positions(crm)[1:4], positions(crm)[6]]
    assert not crm.events.health().subscribers[0].replaying
    # What it has been told of by now is not told again; the first event still is.
    assert crm.events.replay("ledger", position=0).events == 1
    crm.drain()
    assert sorted(taken(crm)) == positions(crm)


def test_all_again_only_when_it_is_asked_for(open_crm: OpenCrm) -> None:
    publisher, ledger = Publisher(), Ledger()
    crm = open_crm(publisher, ledger, check=True)
    save(crm, *people(3))
    crm.drain()
    crm.drain()
    before = [event.id for event in publisher.sent]
    assert crm.events.replay("publisher", position=0).events == 0
    assert crm.events.replay("ledger", position=0).events == 0
    crm.drain()
    assert [event.id for event in publisher.sent] == before
    assert taken(crm) == positions(crm)
    plan = crm.events.replay("publisher", position=0, again=True)
    assert (plan.events, plan.done) == (len(before), 0)
    crm.drain()
    assert [event.id for event in publisher.sent] == before * 2
    crm.events.replay("ledger", position=positions(crm)[1], again=True)
    crm.drain()
    assert taken(crm) == positions(crm) + positions(crm)[1:]


def test_a_replay_from_a_time(open_crm: OpenCrm, clock: FixedClock) -> None:
    publisher = Publisher()
    crm = open_crm(publisher, check=True)
    for _ in range(4):
        save(crm, *people(1))
        clock.advance(hours=1)
    crm.drain()
    plan = crm.events.preview_replay("publisher", since=clock.now() - timedelta(hours=2), again=True)
    assert (plan.events, plan.position) == (2, positions(crm)[2] - 1)
    assert crm.events.preview_replay("publisher", since=clock.now(), again=True).events == 0


def test_parked_events_stay_parked_during_a_replay_and_keep_their_turn(open_crm: OpenCrm, clock: FixedClock) -> None:
    everybody = people(4)
    ledger = Ledger(refuses=lambda event: event.record_id == everybody[1].id)
    crm = open_crm(ledger, check=True)
    save(crm, *everybody)
    with crm.session() as s:
        s.update(change(s.get(Customer, everybody[1].id), nickname="waits"))
    parked = [item.position for item in crm.events.parked()]
    plan = crm.events.replay("ledger", position=0, again=True)
    assert plan.events == 3 + 3  # three customers and the tags of theirs
    crm.drain()
    assert [item.position for item in crm.events.parked()] == parked
    ledger.refuses = lambda event: False
    clock.advance(minutes=1)
    crm.drain()
    assert taken(crm) == [*[at for at in positions(crm) if at not in parked] * 2, *parked]


def test_what_cannot_be_replayed(open_crm: OpenCrm) -> None:
    crm = open_crm(Ledger(), check=True)
    save(crm, *people(1))
    with crm.session() as s:
        search(s, "Person")
    index = next(one for one in crm.events.health().subscribers if one.kind == "index")
    assert (index.plugin, index.active) == ("crmkit", True)
    with pytest.raises(BadInput, match=r"is an index of crmkit's own"):
        crm.events.replay(index.subscriber, position=0)
    with pytest.raises(BadInput, match="give one of both"):
        crm.events.replay("ledger")
    with pytest.raises(NotFound, match="no subscriber nobody; known: ledger"):
        crm.events.replay("nobody", position=0)
