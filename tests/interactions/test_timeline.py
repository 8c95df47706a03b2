"""The timeline: everything once and in order, page by page, whoever brings it and whoever asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.customer import Customer, CustomerRelation
from crmkit.core.entity import change
from crmkit.core.errors import AccessDenied, BadInput, NotFound
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.staff import RecordShare, Role, RoleAssignment, User
from crmkit.core.timeline import Position, TimelineEntry, read_cursor
from crmkit.core.values.ids import new_id
from crmkit.core.values.money import Money
from crmkit.hooks.interactions import TimelineRequest
from crmkit.plugin import hookimpl
from crmkit.runtime.crm import Crm
from crmkit.services.customer_view import customer_view
from crmkit.services.handover.heads import heads_of
from crmkit.services.interactions import Participant, Timeline, log, timeline
from crmkit.services.merging import merge, preview
from crmkit.store.session import Session
from crmkit.testing.making import AsUser
from tests.conftest import OpenCrm
from tests.interactions.conftest import Add

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def pages(session: Session, customer: UUID, **options: Any) -> Iterator[Timeline]:
    cursor = ""
    while True:
        page = timeline(session, customer, cursor=cursor, **options)
        yield page
        if not page.cursor:
            return
        cursor = page.cursor


def everything(session: Session, customer: UUID, **options: Any) -> list[TimelineEntry]:
    return [entry for page in pages(session, customer, **options) for entry in page.entries]


def titles(page: Timeline) -> list[str]:
    return [entry.title for entry in page.entries]


# -- order and pages ----------------------------------------------------------------------------------------------


def test_an_entry_tells_what_the_interaction_is(crm: Crm, add: Add) -> None:
    anna = add("Anna Berg")
    with crm.session() as session:
        made = log(
            session, "purchase", participants=[Participant(customer=anna, address="anna@x.de")], at=NOON, subject="Pump",
            body="word " * 200, direction="inbound", channel="shop", outcome="ok", money=Money.of("12.34", "EUR"),
            thread="t",
        ).interaction  # fmt: skip
    with crm.session(reads=True) as session:
        (entry,) = timeline(session, anna).entries
    assert entry == TimelineEntry(
        at=NOON,
        title="Pump",
        kind="purchase",
        direction="inbound",
        status="completed",
        channel="shop",
        text=("word " * 200)[:240],
        outcome="ok",
        money=Money.of("12.34", "EUR"),
        customer_id=anna,
        role="customer",
        address="anna@x.de",
        entity="interaction",
        record_id=made.id,
        thread_id=made.thread_id,
    )
    assert entry.position == Position(NOON, "", str(made.id))


def test_filters(crm: Crm, add: Add) -> None:
    anna = add("Anna Berg")
    rows = [
        ("email", "inbound", "email", 0),
        ("email", "outbound", "email", 1),
        ("call", "inbound", "phone", 2),
        ("note", "internal", "", 3),
        ("visit", "", "shop", 4),
    ]
    with crm.session() as session:
        for kind, direction, channel, day in rows:
            at = NOON + timedelta(days=day)
            log(session, kind, participants=[anna], direction=direction, channel=channel, at=at, subject=f"{day}")  # type: ignore[arg-type]
    with crm.session(reads=True) as session:

        def shown(**options: Any) -> str:
            return "".join(entry.title for entry in everything(session, anna, limit=2, **options))

        assert shown() == "43210"
        assert shown(kinds=["email", "visit"]) == "410"
        assert shown(kinds=["call"]) == "2"
        assert shown(channel="email") == "10"
        assert shown(direction="inbound") == "20"
        assert shown(kinds=["email"], direction="outbound", channel="email") == "1"
        assert shown(since=NOON + timedelta(days=1), until=NOON + timedelta(days=3)) == "321"
        assert shown(where="channel in (email, shop) and direction != inbound") == "41"
        assert shown(where="subject > 2", until=NOON + timedelta(days=3)) == "3"
        assert shown(where="  ") == "43210"
        with pytest.raises(BadInput, match="chanel"):
            timeline(session, anna, where="chanel = email")


def test_what_cannot_be_asked(crm: Crm, add: Add) -> None:
    anna = add("Anna Berg")
    with crm.session(reads=True) as session:
        for limit in (0, -1, 1_001):
            with pytest.raises(BadInput, match="expected 1 to 1000"):
                timeline(session, anna, limit=limit)
        good = Position(NOON, "", str(new_id())).cursor()
        for cursor in ("x", good[:-3], "é", Position(NOON, "", "no id").cursor(), "W10", "bnVsbA"):
            with pytest.raises(BadInput, match="cannot be read"):
                timeline(session, anna, cursor=cursor)
        with pytest.raises(NotFound):
            timeline(session, new_id())


@given(st.datetimes(timezones=st.just(UTC)), st.text(max_size=30), st.text(max_size=30))
def test_a_cursor_is_read_as_it_was_written(at: datetime, source: str, key: str) -> None:
    place = Position(at, source, key)
    assert read_cursor(place.cursor()) == place
    assert place.cursor().isascii()


def test_pages_stay_right_while_entries_come_and_go(crm: Crm, add: Add) -> None:
    anna = add("Anna Berg")
    with crm.session() as session:
        made = [
            log(session, "call", participants=[anna], at=NOON + timedelta(hours=hour), subject=f"{hour}").interaction
            for hour in range(10)
        ]
    with crm.session() as session:
        first = timeline(session, anna, limit=4)
        assert titles(first) == ["9", "8", "7", "6"]
        log(session, "call", participants=[anna], at=NOON + timedelta(hours=20), subject="new")
        session.delete(session.get(Interaction, made[6].id), session.get(Interaction, made[5].id))
    with crm.session(reads=True) as session:
        assert titles(timeline(session, anna, limit=4, cursor=first.cursor)) == ["4", "3", "2", "1"]


moments = st.integers(0, 4).map(lambda hour: NOON + timedelta(hours=hour))
roles = st.lists(st.sampled_from(["customer", "cc", "payer"]), min_size=1, unique=True)


@pytest.fixture(scope="module")
def family(open_module_crm: Crm) -> tuple[Crm, UUID, list[UUID]]:
    """A household with two members, for examples that each look at their own stretch of time."""
    crm = open_module_crm
    house, members = Customer(name="Bergs", kind="household"), [Customer(name="Anna"), Customer(name="Bernd")]
    with crm.session() as session:
        session.add(house, *members)
        session.add(*[CustomerRelation(from_id=one.id, to_id=house.id, type="member_of") for one in members])
    return crm, house.id, [one.id for one in members]


class Diary:
    """A plugin that keeps entries of its own, and does what it is asked in the plainest way."""

    def __init__(self) -> None:
        self.entries: list[TimelineEntry] = []
        self.asked: list[TimelineRequest] = []

    @hookimpl
    def collect_timeline_entries(self, ctx: Any, call: TimelineRequest) -> list[TimelineEntry]:
        self.asked.append(call)
        wanted = [
            entry
            for entry in self.entries
            if (call.since is None or entry.at >= call.since) and (call.until is None or entry.at <= call.until)
        ]
        return sorted(wanted, key=lambda entry: (entry.at, entry.key), reverse=True)[: call.limit]


DIARY = Diary()


@pytest.fixture(scope="module")
def open_module_crm() -> Iterator[Crm]:
    with Crm.open(plugins=[DIARY]) as crm:
        yield crm


_stretch = [0]


@given(
    interactions=st.lists(st.tuples(moments, st.lists(st.tuples(st.integers(0, 2), roles), min_size=1, max_size=3))),
    noted=st.lists(moments, max_size=6),
    limit=st.integers(1, 4),
)
def test_pages_put_together_are_the_whole(
    family: tuple[Crm, UUID, list[UUID]], interactions: Any, noted: list[datetime], limit: int
) -> None:
    crm, house, members = family
    _stretch[0] += 1
    shift = timedelta(days=_stretch[0])
    expected: list[tuple[datetime, str, str]] = []
    mine: list[tuple[datetime, str, str]] = []
    with crm.session() as session:
        for at, parties in interactions:
            who = [(house, *members)[place] for place, _ in parties]
            participants = [
                Participant(customer=customer, role=role)
                for customer, (_, held) in zip(who, parties, strict=True)
                for role in held
            ]
            made = log(session, "call", participants=participants, at=at + shift).interaction
            expected.append((at + shift, "", str(made.id)))
            if house in who:
                mine.append(expected[-1])
    DIARY.entries = [TimelineEntry(at=at + shift, key=f"{number}", title="noted") for number, at in enumerate(noted)]
    notes = [(entry.at, "diary", entry.key) for entry in DIARY.entries]
    period = {"since": NOON + shift, "until": NOON + shift + timedelta(hours=5)}
    with crm.session(reads=True) as session:
        for people, whole in ((True, expected), (False, mine)):
            got = everything(session, house, people=people, limit=limit, **period)
            places = [(entry.at, entry.source, entry.key or str(entry.record_id)) for entry in got]
            assert places == sorted(whole + notes, reverse=True)
            for page in list(pages(session, house, people=people, limit=limit, **period))[:-1]:
                assert len(page.entries) == limit


# -- plugins ------------------------------------------------------------------------------------------------------


class Raising:
    @hookimpl
    def collect_timeline_entries(self, ctx: Any, call: TimelineRequest) -> Iterable[TimelineEntry]:
        raise ValueError("no diary today")


class Confused:
    @hookimpl
    def collect_timeline_entries(self, ctx: Any, call: TimelineRequest) -> Iterable[Any]:
        yield TimelineEntry(at=datetime(2026, 3, 1), key="naive", title="without a zone")


def test_entries_of_plugins_stand_in_their_place_and_a_failure_leaves_the_rest(open_crm: OpenCrm) -> None:
    diary = Diary()
    diary.entries = [TimelineEntry(at=NOON, key="birthday", title="Birthday", kind="day", source="forged")]
    crm, anna = open_crm(diary, Raising(), Confused()), Customer(name="Anna Berg")
    with crm.session() as session:
        session.add(anna)
        for hour in (-1, 1):
            log(session, "call", participants=[anna], at=NOON + timedelta(hours=hour), subject=f"{hour}")
    with crm.session(reads=True) as session:
        page = timeline(session, anna)
        assert titles(page) == ["1", "Birthday", "-1"]
        assert page.entries[1].source == "diary"
        assert sorted((error.plugin, str(error.message).partition(": ")[2]) for error in page.errors) == sorted(
            [
                ("raising", "ValueError: no diary today"),
                ("confused", "ValueError: entry 'naive' has a time without zone"),
            ]
        )
        assert titles(timeline(session, anna, kinds=["day"])) == ["Birthday"]
        assert titles(timeline(session, anna, kinds=["call"])) == ["1", "-1"]
        # Nobody can tell whether what is no interaction fits a filter of interactions.
        assert titles(timeline(session, anna, where="kind != none")) == ["1", "-1"]
        with pytest.raises(NotFound):
            timeline(session, new_id())
    asked = [call.customers for call in diary.asked]
    assert set(asked) == {(anna.id,)}


def test_many_entries_of_one_moment_are_paged_through(open_crm: OpenCrm) -> None:
    diary = Diary()
    diary.entries = [TimelineEntry(at=NOON, key=f"{number:03}", title="same") for number in range(200)]
    crm, anna = open_crm(diary), Customer(name="Anna Berg")
    with crm.session() as session:
        session.add(anna)
    with crm.session(reads=True) as session:
        keys = [entry.key for entry in everything(session, anna.id, limit=7)]
    assert keys == sorted((entry.key for entry in diary.entries), reverse=True)


# -- whose ----------------------------------------------------------------------------------------------------------


def test_people_of_an_organization_are_taken_along_on_request(crm: Crm, add: Add) -> None:
    acme = add("Acme", kind="organization")
    anna, bernd, former, stranger = (add(name) for name in ("Anna", "Bernd", "Former", "Stranger"))
    yesterday = crm.clock.now().date() - timedelta(days=1)
    with crm.session() as session:
        session.add(
            CustomerRelation(from_id=anna, to_id=acme, type="employed_by"),
            CustomerRelation(from_id=bernd, to_id=acme, type="member_of"),
            CustomerRelation(from_id=former, to_id=acme, type="employed_by", valid_until=yesterday),
            CustomerRelation(from_id=stranger, to_id=acme, type="supplier_of"),
        )
        for hour, who in enumerate((acme, anna, bernd, former, stranger)):
            log(session, "call", participants=[who], at=NOON + timedelta(hours=hour), subject=f"{hour}")
        log(session, "meeting", participants=[acme, anna, bernd], at=NOON + timedelta(hours=9), subject="all")
    with crm.session(reads=True) as session:
        assert titles(timeline(session, acme)) == ["all", "0"]
        assert titles(timeline(session, acme, people=True)) == ["all", "2", "1", "0"]
        assert titles(timeline(session, anna, people=True)) == ["all", "1"]
        assert {e.customer_id for e in timeline(session, acme, people=True).entries} >= {acme, anna, bernd}


def test_merged_customers_share_a_timeline_and_old_ids_lead_to_it(crm: Crm, add: Add) -> None:
    kept, lost = add("Anna Berg"), add("Anna Berg")
    with crm.session() as session:
        log(session, "call", participants=[kept], at=NOON, subject="kept")
        log(session, "call", participants=[lost], at=NOON + timedelta(hours=1), subject="lost")
        log(session, "call", participants=[kept, lost], at=NOON + timedelta(hours=2), subject="both")
    with crm.session() as session:
        merge(session, preview(session, kept, lost))
    with crm.session(reads=True) as session:
        for id in (kept, lost):
            assert titles(timeline(session, id)) == ["both", "lost", "kept"]
            assert titles(timeline(session, id, people=True)) == ["both", "lost", "kept"]


def test_deleted_customers_and_interactions_are_gone(crm: Crm, add: Add) -> None:
    anna = add("Anna Berg")
    with crm.session() as session:
        made = log(session, "call", participants=[anna]).interaction
    with crm.session() as session:
        session.delete(session.get(Interaction, made.id))
    with crm.session() as session:
        assert timeline(session, anna).entries == ()
        log(session, "call", participants=[anna])
        session.flush()
        session.delete(session.get(Customer, anna))
    with crm.session(reads=True) as session, pytest.raises(NotFound):
        timeline(session, anna)


# -- who asks -------------------------------------------------------------------------------------------------------

RIGHTS: dict[str, tuple[str, ...]] = {
    "everything": ("* * all",),
    "own": ("* read own",),
    "team": ("* read team",),
    "subtree": ("* read subtree",),
    "customers but no interactions": ("customer read all",),
    "interactions but no participants": ("customer read all", "interaction read all"),
    "participants but no interactions": ("customer read all", "interaction_participant read all"),
    "interactions but own customers": ("customer read own", "interaction read all", "interaction_participant read all"),
    "own interactions of all customers": (
        "customer read all",
        "interaction read own",
        "interaction_participant read own",
    ),
    "nothing": (),
}


@pytest.mark.parametrize("rights", RIGHTS, ids=str)
def test_it_shows_what_lists_show(crm: Crm, as_user: AsUser, rights: str) -> None:
    actor = as_user(*RIGHTS[rights], team="Sales")
    other = as_user(team="Sales")
    stranger = as_user(team="Elsewhere")
    customers = [
        Customer(name=f"of {owner.name}", owner_id=owner.user_id, team_id=owner.team_id)
        for owner in (actor, other, stranger)
    ]
    with crm.session() as session:
        session.add(*customers)
        number = 0
        for owner in (actor, other, stranger):
            for private in (False, True):
                for parties in ([customers[0]], [customers[1]], [customers[2]], customers):
                    number += 1
                    made = log(session, "call", participants=parties, private=private, subject=f"{number}").interaction
                    session.update(change(made, owner_id=owner.user_id, team_id=owner.team_id))
        shared = log(session, "call", participants=[customers[2]], subject="shared").interaction
        session.add(
            RecordShare(entity="interaction", record_id=shared.id, user_id=actor.user_id),
            RecordShare(entity="customer", record_id=customers[2].id, user_id=actor.user_id),
        )
    with crm.session(actor, reads=True) as session:
        visible = {record.id for record in session.list(Interaction)}
        for customer in customers:
            links = {p.interaction_id for p in session.list(InteractionParticipant, customer_id=customer.id)}
            if session.find(Customer, id=customer.id) is None:
                with pytest.raises(NotFound):
                    timeline(session, customer)
                continue
            got = [entry.record_id for entry in everything(session, customer.id, limit=3)]
            assert set(got) == visible & links
            assert len(got) == len(set(got))


def test_people_who_may_not_be_seen_stay_out(crm: Crm, add: Add, as_user: AsUser) -> None:
    actor = as_user("* read own")
    acme = add("Acme", kind="organization", owner_id=actor.user_id)
    anna = add("Anna", owner_id=actor.user_id)
    bernd = add("Bernd")
    with crm.session() as session:
        for who in (anna, bernd):
            session.add(CustomerRelation(from_id=who, to_id=acme, type="employed_by"))
            log(session, "call", participants=[who], subject=str(who))
    with crm.session(actor, reads=True) as session:
        assert titles(timeline(session, acme, people=True)) == [str(anna)]


def test_fields_that_may_not_be_read_are_blank_and_decide_nothing(crm: Crm, add: Add) -> None:
    anna = add("Anna Berg")
    with crm.session() as session:
        log(
            session,
            "purchase",
            participants=[anna],
            subject="Pump",
            body="secret",
            money=Money.of(5, "EUR"),
            channel="a",
        )
    grants = [
        {"entity": "customer", "action": "read", "scope": "all"},
        {"entity": "interaction", "action": "read", "scope": "all", "fields": ["*", "-body", "-money", "-channel"]},
        {"entity": "interaction_participant", "action": "read", "scope": "all"},
    ]
    user, role = User(login="clerk", name="Clerk"), Role(name="clerk", grants=tuple(grants))
    with crm.session() as session:
        session.add(user, role, RoleAssignment(user_id=user.id, role_id=role.id))
    with crm.session(crm.actor("clerk"), reads=True) as session:
        (entry,) = timeline(session, anna).entries
        assert (entry.title, entry.text, entry.money, entry.channel) == ("Pump", "", None, "")
        with pytest.raises(AccessDenied, match=r"may not read interaction\.channel"):
            timeline(session, anna, channel="a")
        with pytest.raises(AccessDenied):
            timeline(session, anna, where="body contains secret")


def test_who_will_belong_to_an_organization_does_not_yet(crm: Crm, add: Add) -> None:
    acme, anna = add("Acme", kind="organization"), add("Anna")
    relation = CustomerRelation(from_id=anna, to_id=acme, type="employed_by", valid_from=date(2099, 1, 1))
    with crm.session() as session:
        session.add(relation)
        session.flush()
        log(session, "call", participants=[anna], subject="Hers")
        assert titles(timeline(session, acme, people=True)) == []
        assert heads_of(session, {acme, anna}) == {}
        session.update(change(session.get(CustomerRelation, relation.id), valid_from=date(2020, 1, 1)))
        session.flush()
        assert titles(timeline(session, acme, people=True)) == ["Hers"]
        assert heads_of(session, {acme, anna}) == {anna: acme}


def test_the_view_of_a_customer_counts_who_has_two_roles_once(crm: Crm, add: Add) -> None:
    anna = add("Anna")
    with crm.session() as session:
        for number in range(4):
            made = log(session, "call", participants=[anna], subject=str(number)).interaction
            session.add(InteractionParticipant(interaction_id=made.id, customer_id=anna, role="decider"))
    with crm.session(reads=True) as session:
        assert len(customer_view(session, str(anna), crm.kinds, 4).timeline) == 4


def test_a_customer_is_found_by_a_number_however_it_is_written(crm: Crm, add: Add) -> None:
    anna = add("Anna", phone="+49 30 1234567", email="Anna@Example.com")
    with crm.session(reads=True) as session:
        for needle in ("+49 30 1234567", "+49 (30) 1234-567", "+49301234567", "anna@example.com"):
            assert customer_view(session, needle, crm.kinds).customer.id == anna
