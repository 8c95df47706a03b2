"""Events reach a real broker: each of them, in order, also when it was gone for a while."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import attrs
import pytest

import crmkit_relay
from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.journal import Event
from crmkit.core.values.clock import FixedClock
from crmkit.plugin import (
    ConfigError,
    EventDeclaration,
    Manifest,
    Money,
    Secret,
    TryLater,
    change,
    hookimpl,
    msg,
)
from crmkit.testing.making import MakeCrm
from crmkit_relay import messages, publishing
from crmkit_relay.messages import subject_of
from crmkit_relay.settings import RelaySettings

Crm = Any
"""The application, which a plugin knows by its fixtures alone."""


def save(crm: Crm, *records: Any) -> None:
    with crm.session() as session:
        session.add(*records)


def customers(count: int) -> list[Customer]:
    return [Customer(name=f"Customer {number}", kind="organization") for number in range(count)]


def logged(crm: Crm) -> list[str]:
    """Return the ids of all events, in the order of the log."""
    with crm.session(reads=True) as session:
        return [str(event.id) for event in sorted(session.list(Event), key=lambda event: event.position)]


def ids(documents: list[dict[str, Any]]) -> list[str]:
    return [document["id"] for document in documents]


def health(crm: Crm) -> Any:
    (found,) = [one for one in crm.events.health().subscribers if one.plugin == "relay"]
    return found


def test_events_arrive_in_order_as_cloud_events(broker: Any, make_crm: MakeCrm, database_url: str) -> None:
    crm = make_crm([crmkit_relay], broker.settings(), database_url)
    anna = Customer(name="Anna", kind="person")
    save(crm, anna, *customers(3))
    save(crm, ContactPoint(customer_id=anna.id, kind="email", value="anna@example.com"))
    with crm.session() as session:
        session.update(change(session.get(Customer, anna.id), nickname="An"))
    assert broker.messages() == []
    crm.drain()
    documents = broker.messages()
    assert ids(documents) == logged(crm)
    assert documents == crm.events.list()
    annas = [document["type"] for document in documents if document["partitionkey"] == str(anna.id)]
    assert annas == ["customer.created", "contact_point.created", "customer.updated"]
    assert "example.com" not in str(documents)
    crm.drain()
    assert len(broker.messages()) == len(documents)


def test_a_broker_that_is_gone_for_a_while_gets_everything_in_order(
    broker: Any, make_crm: MakeCrm, clock: FixedClock, database_url: str
) -> None:
    crm = make_crm([crmkit_relay], broker.settings(timeout=1), database_url)
    everybody = customers(5)
    save(crm, *everybody)
    crm.drain()
    assert ids(broker.messages()) == logged(crm)
    broker.kill()
    for turn in range(3):
        with crm.session() as session:
            session.update(*(change(session.get(Customer, one.id), nickname=str(turn)) for one in everybody))
        crm.drain()
        clock.advance(minutes=5)
    assert (health(crm).lag, health(crm).parked) == (15, 0)
    assert health(crm).error.startswith(("NATS takes nothing now", "Redis takes nothing now"))
    broker.start()
    crm.drain()
    assert ids(broker.messages()) == logged(crm)
    assert (health(crm).lag, health(crm).error) == (0, "")


def test_a_broker_that_dies_in_the_middle_misses_nothing(
    broker: Any, make_crm: MakeCrm, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes after the seventh of twenty: what it acknowledged is not sent again, the others follow in order."""
    crm = make_crm([crmkit_relay], broker.settings(timeout=1))
    save(crm, *customers(20))
    original = messages.messages_of

    def dying(*arguments: Any) -> Iterator[Any]:
        for number, message in enumerate(original(*arguments)):
            if number == 7:
                broker.kill()
            yield message

    with monkeypatch.context() as patch:
        patch.setattr(messages, "messages_of", dying)
        crm.drain()
    assert health(crm).lag == 20
    broker.start()
    assert ids(broker.messages()) == logged(crm)[:7]
    clock.advance(minutes=5)
    crm.drain()
    assert ids(broker.messages()) == logged(crm)
    assert health(crm).parked == 0


def test_what_was_published_but_not_recorded_is_known_by_its_id(
    broker: Any, make_crm: MakeCrm, clock: FixedClock
) -> None:
    """As after a crash: the same events are published a second time. NATS drops them, readers of Redis can."""
    crm = make_crm([crmkit_relay], broker.settings())
    save(crm, *customers(4))
    crm.drain()
    crm.events.replay("relay", position=0, again=True)
    crm.drain()
    found = ids(broker.messages())
    assert list(dict.fromkeys(found)) == logged(crm)
    assert len(found) == (4 if broker.kind == "nats" else 8)


def test_only_what_is_wanted_is_published(broker: Any, make_crm: MakeCrm) -> None:
    crm = make_crm([crmkit_relay], broker.settings(events=["contact_point.*", "customer.updated"]))
    (anna,) = customers(1)
    save(crm, anna)
    save(crm, ContactPoint(customer_id=anna.id, kind="email", value="anna@example.com"))
    with crm.session() as session:
        session.update(change(session.get(Customer, anna.id), nickname="An"))
    crm.drain()
    assert [document["type"] for document in broker.messages()] == ["contact_point.created", "customer.updated"]
    assert health(crm).lag == 0


def test_values_are_published_only_when_asked_for(broker: Any, make_crm: MakeCrm) -> None:
    crm = make_crm([crmkit_relay], broker.settings(changes=True))
    (anna,) = customers(1)
    save(crm, anna)
    with crm.session() as session:
        session.update(change(session.get(Customer, anna.id), nickname="An"))
    crm.drain()
    created, updated = broker.messages()
    assert created["data"]["changes"]["name"] == "Customer 0"
    assert updated["data"]["changes"] == {"nickname": ["", "An"]}


@attrs.frozen
class Weighed:
    """What a parcel weighs: something of every form that payloads have."""

    parcel: UUID = attrs.field(metadata={"help": msg("Which one.")})
    kilograms: Decimal
    worth: Money
    on: date
    at: datetime
    way: Literal["road", "air"]
    note: str | None = None


WEIGHED = EventDeclaration("scales.weighed", "customer", Weighed, msg("A parcel was weighed."), version=3)
PARCEL = Weighed(
    parcel=UUID("6c1f6f6e-7a53-5d0c-9c53-0c6f0a3d6d11"),
    kilograms=Decimal("12.50"),
    worth=Money.of("1234567.891", "EUR"),
    on=date(2026, 3, 15),
    at=datetime(2026, 3, 15, 12, 30, tzinfo=UTC),
    way="air",
)


class Scales:
    """Weighs a parcel for each customer that is entered."""

    manifest = Manifest(name="scales")

    @hookimpl
    def register_events(self, ctx: Any, call: Any) -> list[EventDeclaration]:
        return [WEIGHED]

    @hookimpl(entities=("customer",))
    def derive_records(self, ctx: Any, call: Any) -> list[Any]:
        return [WEIGHED.of(c.after, PARCEL) for c in call.changes if c.created]


def test_what_a_plugin_says_by_name_arrives_with_all_that_it_says(broker: Any, make_crm: MakeCrm) -> None:
    """Without the values of other changes: a payload has been declared for everybody who listens."""
    crm = make_crm([crmkit_relay, Scales()], broker.settings(events=["scales.*"]))
    (anna,) = customers(1)
    save(crm, anna)
    crm.drain()
    (document,) = broker.messages()
    assert (document["type"], document["plugin"]) == ("scales.weighed", "scales")
    assert document["dataschema"] == "urn:crmkit:event:scales.weighed:3"
    assert document["data"] == {
        "entity": "customer",
        "record_id": str(anna.id),
        "customers": [str(anna.id)],
        "payload": {
            "parcel": "6c1f6f6e-7a53-5d0c-9c53-0c6f0a3d6d11",
            "kilograms": "12.50",
            "worth": {"amount": "1234567.891", "currency": "EUR"},
            "on": "2026-03-15",
            "at": "2026-03-15T12:30:00Z",
            "way": "air",
            "note": None,
        },
    }


def test_a_stream_of_redis_may_be_kept_short(broker: Any, make_crm: MakeCrm) -> None:
    if broker.kind == "nats":
        crm = make_crm([crmkit_relay], broker.settings(stream="other", subject="shop.{entity}"))
        save(crm, *customers(3))
        crm.drain()
        assert ids(broker.messages("other")) == logged(crm)
        return
    crm = make_crm([crmkit_relay], broker.settings(stream="other", keep=5))
    for _ in range(6):
        save(crm, *customers(50))
    crm.drain()
    assert 5 <= len(broker.messages("other")) < 300


def test_subjects_and_headers_on_nats(nats_broker: Any, make_crm: MakeCrm) -> None:
    crm = make_crm([crmkit_relay], nats_broker.settings(subject="crm.{tenant}.{type}.{key}"))
    (anna,) = customers(1)
    save(crm, anna)
    crm.drain()
    ((subject, headers, document),) = nats_broker.nats_messages()
    assert subject == f"crm.{crm.tenant}.customer.created.{anna.id}"
    assert headers["Nats-Msg-Id"] == document["id"]
    assert headers["content-type"] == "application/json"


def test_a_consumer_of_faststream_reads_them(broker: Any, make_crm: MakeCrm) -> None:
    crm = make_crm([crmkit_relay], broker.settings())
    save(crm, *customers(3))
    crm.drain()

    async def consume() -> list[dict[str, Any]]:
        read: list[dict[str, Any]] = []
        all_read = asyncio.Event()

        async def note(body: dict[str, Any]) -> None:
            read.append(body)
            if len(read) == 3:
                all_read.set()

        consumer: Any
        if broker.kind == "nats":
            from faststream.nats import JStream, NatsBroker
            from nats.js.api import DeliverPolicy

            consumer = NatsBroker(broker.url, logger=None)
            stream = JStream("crmkit", declare=False)
            consumer.subscriber("crmkit.>", stream=stream, deliver_policy=DeliverPolicy.ALL)(note)
        else:
            from faststream.redis import RedisBroker, StreamSub

            consumer = RedisBroker(broker.url, logger=None)
            consumer.subscriber(stream=StreamSub("crmkit", last_id="0"))(note)
        async with consumer:
            await consumer.start()
            await asyncio.wait_for(all_read.wait(), 30)
        return read

    assert asyncio.run(consume()) == crm.events.list()


def test_it_can_be_called_from_within_a_loop(broker: Any, make_crm: MakeCrm) -> None:
    crm = make_crm([crmkit_relay], broker.settings())
    save(crm, *customers(2))

    async def within() -> None:
        crm.drain()

    asyncio.run(within())
    assert ids(broker.messages()) == logged(crm)


# -- without a broker -------------------------------------------------------------------------------------------------


def test_an_installation_without_a_broker_publishes_nothing_and_keeps_nothing(make_crm: MakeCrm) -> None:
    crm = make_crm([crmkit_relay])
    save(crm, *customers(3))
    crm.drain()
    assert (health(crm).lag, health(crm).parked, health(crm).error) == (0, 0, "")
    assert crm.events.preview_replay("relay", position=0).done == 3


@pytest.mark.parametrize("name", ["nats", "redis"])
def test_a_missing_package_says_what_to_install(name: str, make_crm: MakeCrm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, f"faststream.{name}", None)
    with pytest.raises(TryLater, match=rf"install crmkit-relay\[{name}\]"):
        publishing.publish(RelaySettings(url=Secret("x://y"), broker=name), iter([]), print)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"subject": "{type}"}, "must begin with a word and a dot"),
        ({"subject": "crmkit.{colour}"}, "must be made of words and {type}"),
        ({"subject": "crm kit.{type}"}, "must begin with a word and a dot"),
        ({"broker": "kafka"}, "nats"),
        ({"stream": "a stream"}, "stream"),
        ({"timeout": 0}, "timeout"),
    ],
    ids=lambda value: "-".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else "",
)
def test_wrong_settings_are_named(make_crm: MakeCrm, settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make_crm([crmkit_relay], {"plugins": {"relay": settings}})
    text = str(caught.value)
    assert f"plugins.relay.{next(iter(settings))}" in text
    assert problem in text


def test_what_is_no_word_of_a_subject_is_replaced() -> None:
    document = {
        "type": "customer.created",
        "source": "/crmkit/a%20b.c",
        "partitionkey": "k",
        "data": {"entity": "customer"},
    }
    assert subject_of("crm.{tenant}.{type}", document) == "crm.a_20b_c.customer.created"
