"""Saved filters and frozen lists: who is in them, in pages, nested, and under the rights of whoever asks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.errors import AccessDenied, BadInput, NotFound, Refused, ValidationFailed
from crmkit.core.filter import FilterError
from crmkit.core.grouping import Segment, SegmentMember
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.product import Product
from crmkit.core.staff import Role, RoleAssignment, User
from crmkit.core.values.clock import FixedClock
from crmkit.runtime.crm import Crm
from crmkit.services.segments import (
    add_members,
    asked,
    count,
    create_segment,
    find_segment,
    freeze,
    in_segment,
    list_segments,
    members,
    remove_members,
)
from crmkit.testing.making import AsUser
from tests.segments.conftest import Names

People = dict[str, Customer]
SEGMENTS = "segment read all"
LOYAL = "has at least 3 interactions where kind = purchase and occurred_at >= now - 90 days"


def made(crm: Crm, name: str, filter: str = "", **details: Any) -> Segment:
    with crm.session() as session:
        return create_segment(session, name, filter, **details)


def counted(crm: Crm, name: str) -> int:
    with crm.session(reads=True) as session:
        return count(session, name)


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ("", ["Anna", "Bo", "Cy", "Di"]),
        (LOYAL, ["Anna"]),
        ("has at least 3 interactions where kind = purchase", ["Anna", "Cy"]),
        ("has no interactions", ["Di"]),
        ("has contact_points where kind = address and city = köln", ["Cy"]),
        ("country = DE and has contact_points where city in (Berlin, Lyon)", ["Anna"]),
        ("has interactions where occurred_at.weekday between saturday and sunday", ["Anna"]),
        ("has 2 interactions where occurred_at.weekday in (mon, tue) and occurred_at.month = 3", ["Bo"]),
        ("has interactions where occurred_at.hour between 9 and 14", ["Anna", "Bo", "Cy"]),
        ("has interactions where occurred_at.hour >= 15", []),
    ],
)
def test_a_saved_filter_finds_by_field_place_behaviour_and_time(
    crm: Crm, people: People, names: Names, filter: str, expected: list[str]
) -> None:
    made(crm, "some", filter)
    assert names("some") == expected
    assert counted(crm, "some") == len(expected)


def test_many_and_few_are_counted_alike(crm: Crm, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    made(crm, "loyal", f"country in (DE, FR) and {LOYAL}")
    made(crm, "others", f"country in (DE, FR) and not {LOYAL}")
    made(crm, "long ago", "country in (DE, FR) and has at least 3 interactions where kind = purchase")
    made(crm, "either", f"country in (DE, FR) and (industry = trade or {LOYAL})")
    expected = {"loyal": 1, "others": 2, "long ago": 2, "either": 2}
    for share, few, few_of_late in ((0, 0, 0), (100, 0, 0), (0, 9, 0), (0, 0, 9), (0, 2, 3), (0, 3, 2)):
        monkeypatch.setattr(asked, "SHARE", share)
        monkeypatch.setattr(asked, "FEW", few)
        monkeypatch.setattr(asked, "FEW_OF_LATE", few_of_late)
        assert {name: counted(crm, name) for name in expected} == expected, (share, few, few_of_late)


def test_few_are_counted_alike_under_limited_rights(
    crm: Crm, people: People, as_user: AsUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(crm, "loyal", f"country in (DE, FR) and {LOYAL}")
    reader = as_user(*[f"{one} read own" for one in ("customer", "interaction", "interaction_participant")], SEGMENTS)
    with crm.session() as session:
        session.update(change(session.get(Customer, people["Anna"].id), owner_id=reader.user_id))
    for few in (0, 9):
        monkeypatch.setattr(asked, "FEW_OF_LATE", few)
        with crm.session(reader, reads=True) as session:
            assert count(session, "loyal") == 1
        with crm.session(as_user("customer read own", SEGMENTS), reads=True) as session:
            assert count(session, "loyal") == 0


def test_an_interaction_that_moves_is_counted_where_it_is(crm: Crm, people: People, clock: FixedClock) -> None:
    """Participants repeat the date, also those who were away meanwhile: filters and timelines go by theirs."""
    made(crm, "called", "has interactions where kind = call and occurred_at >= now - 30 days")
    ago = clock.now() - timedelta(days=300)
    with crm.session() as session:
        call = Interaction(kind="call", status="planned", occurred_at=ago)
        part = InteractionParticipant(interaction_id=call.id, customer_id=people["Di"].id)
        session.add(call, part)
    with crm.session() as session:
        session.delete(session.get(InteractionParticipant, part.id))
    with crm.session() as session:
        session.update(change(session.get(Interaction, call.id), occurred_at=clock.now()))
    assert counted(crm, "called") == 0
    with crm.session() as session:
        session.restore(InteractionParticipant, part.id)
    assert counted(crm, "called") == 1
    with crm.session() as session:
        session.update(change(session.get(Interaction, call.id), occurred_at=ago))
    assert counted(crm, "called") == 0


def test_hours_are_those_of_whoever_asks(crm: Crm, people: People, as_user: AsUser) -> None:
    """The purchases were at noon UTC: seven or eight in the evening in Shanghai, all year at eight."""
    made(crm, "evening", "has interactions where occurred_at.hour = 20")
    everything = ("* * all",)
    for zone, expected in (("Asia/Shanghai", 3), ("Europe/Berlin", 0)):
        with crm.session(as_user(*everything, timezone=zone), reads=True) as session:
            assert count(session, "evening") == expected


def test_members_come_in_pages(crm: Crm, people: People) -> None:
    made(crm, "all")
    with crm.session(reads=True) as session:
        first = members(session, "all", limit=3)
        second = members(session, "all", limit=3, after=first.next)
        assert [record.name for record in (*first.records, *second.records)] == ["Anna", "Bo", "Cy", "Di"]
        assert second.next is None
        assert members(session, "all", limit=4).next is None
        with pytest.raises(BadInput, match="limit 0"):
            members(session, "all", limit=0)


def test_a_segment_is_found_by_name_in_any_case_and_by_id(crm: Crm, people: People) -> None:
    segment = made(crm, "VIP customers", "country = DE")
    with crm.session(reads=True) as session:
        for needle in ("VIP customers", "vip CUSTOMERS", str(segment.id), segment.id, segment):
            assert find_segment(session, needle).id == segment.id
        assert [one.name for one in list_segments(session)] == ["VIP customers"]
        assert list_segments(session, "product") == []
        with pytest.raises(NotFound, match="did you mean VIP customers"):
            find_segment(session, "VIP customer")


# -- definitions ------------------------------------------------------------------------------------------------------


def test_a_definition_is_checked_when_it_is_written(crm: Crm) -> None:
    with crm.session() as session:
        with pytest.raises(FilterError) as caught:
            create_segment(session, "some", "country = DE and nmae = x")
        assert caught.value.position == 17
        assert "did you mean name?" in str(caught.value)
        session.add(Segment(name="some", filter="country = DE and nmae = x"))
        with pytest.raises(ValidationFailed, match=r"segment\.filter.*character 18: customer has no field nmae"):
            session.flush()
        session.rollback()
    assert counted_segments(crm) == 0


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"entity": "custmer"}, r"segment\.entity.*did you mean customer"),
        ({"entity": "event"}, r"segment\.entity"),
        ({"kind": "frozen", "filter": "country = DE"}, r"segment\.filter.*a frozen list holds"),
        ({"kind": "frozen", "watched": True}, r"segment\.watched"),
        ({"filter": "owner = me", "watched": True}, r"segment\.filter.*a user instead of me"),
        ({"filter": "has no segments where name = some", "watched": True}, r"segment\.filter.*in segment NAME"),
        ({"filter": "in segment other"}, r"segment\.filter.*there is no segment other"),
        ({"filter": "in segment some"}, r"segment\.filter.*in a circle: some → some"),
        ({"timezone": "Europe/Atlantis"}, r"segment\.timezone.*an IANA time zone"),
    ],
    ids=lambda value: value if isinstance(value, str) else "+".join(value),
)
def test_what_is_wrong_with_a_definition_is_named(crm: Crm, fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationFailed, match=problem), crm.session() as session:
        session.add(Segment(**{"name": "some", **fields}))
    assert counted_segments(crm) == 0


def counted_segments(crm: Crm) -> int:
    with crm.session(reads=True) as session:
        return session.count(Segment)


def test_names_differ_in_more_than_case(crm: Crm) -> None:
    made(crm, "VIP")
    with pytest.raises(ValidationFailed, match=r"segment\.name.*no other segment has"):
        made(crm, "vip")
    with pytest.raises(ValidationFailed, match=r"segment\.name"), crm.session() as session:
        session.add(Segment(name="New"), Segment(name="NEW"))
    with crm.session() as session:
        session.update(change(find_segment(session, "VIP"), name="Vip"))
    assert counted_segments(crm) == 1


def test_what_a_segment_holds_is_not_changed(crm: Crm) -> None:
    segment = made(crm, "some")
    for values in ({"kind": "frozen"}, {"entity": "product"}):
        with pytest.raises(Refused, match="make another segment"), crm.session() as session:
            session.update(change(session.get(Segment, segment.id), **values))


# -- nested -----------------------------------------------------------------------------------------------------------


def test_segments_speak_of_segments_at_any_depth(crm: Crm, people: People, names: Names) -> None:
    made(crm, "German", "country = DE")
    made(crm, "loyal", LOYAL)
    made(crm, "picked", frozen=True)
    made(crm, "friends", "in segment german and in segment loyal or in segment picked")
    made(crm, "with complaints", "has interactions where kind = complaint", entity="customer")
    made(crm, "rest", 'not in segment friends and not in segment "with complaints"')
    assert (names("friends"), names("rest")) == (["Anna"], ["Bo", "Cy", "Di"])
    with crm.session() as session:
        assert add_members(session, "picked", [people["Bo"]]) == 1
    assert (names("friends"), names("rest")) == (["Anna", "Bo"], ["Cy", "Di"])
    with crm.session(reads=True) as session:
        assert [c.name for c in session.list(Customer, "in segment german and not in segment loyal")] == ["Cy"]
        assert session.count(Customer, "in segment rest") == 2
        assert in_segment(session, people["Bo"], "friends")
        assert not in_segment(session, people["Cy"], "friends")


def test_a_segment_within_a_question_for_children_is_one_of_the_children(
    crm: Crm, people: People, names: Names
) -> None:
    made(crm, "sales", "kind = purchase", entity="interaction")
    made(crm, "buyers", "has 3 interactions where in segment sales")
    assert names("buyers") == ["Anna", "Cy"]
    with pytest.raises(ValidationFailed, match="buyers is one of customer, not of interaction"):
        made_directly(crm, "wrong", "has interactions where in segment buyers")


def made_directly(crm: Crm, name: str, filter: str) -> None:
    with crm.session() as session:
        session.add(Segment(name=name, filter=filter))


def test_a_circle_is_refused_and_shown(crm: Crm) -> None:
    made(crm, "a", "country = DE")
    made(crm, "b", "in segment a")
    made(crm, "c", "has contact_points or in segment B")
    with pytest.raises(ValidationFailed, match="in a circle: a → c → b → a"), crm.session() as session:
        session.update(change(find_segment(session, "a"), filter="in segment c"))
    with pytest.raises(ValidationFailed, match="in a circle: x → y → x"), crm.session() as session:
        session.add(Segment(name="x", filter="in segment y"), Segment(name="y", filter="in segment x"))
    assert counted(crm, "c") == 0


def test_depth_and_size_are_limited(crm: Crm) -> None:
    made(crm, "s1", "country = DE")
    for number in range(2, 9):
        made(crm, f"s{number}", f"in segment s{number - 1}")
    with pytest.raises(FilterError, match="nested more than 8 deep: s9 → s8"):
        made(crm, "s9", "in segment s8")
    made(crm, "d1", " or ".join(f"employees = {n}" for n in range(300)))
    with pytest.raises(FilterError, match="more than 500 conditions"):
        made(crm, "d2", "in segment d1 or (country = DE and in segment d1)")


def test_a_new_name_is_put_where_the_old_one_stood(crm: Crm, people: People, names: Names) -> None:
    made(crm, "VIP", "country = DE")
    made(crm, "a", "IN  segment vip  and not name = 'in segment VIP'")
    made(crm, "b", "in segment a or has contact_points")
    with crm.session() as session:
        session.update(change(find_segment(session, "vip"), name="Very important"))
    with crm.session(reads=True) as session:
        assert find_segment(session, "a").filter == "IN  segment \"Very important\"  and not name = 'in segment VIP'"
        assert find_segment(session, "b").filter == "in segment a or has contact_points"
    assert names("a") == ["Anna", "Cy"]


def test_what_others_speak_of_is_not_deleted(crm: Crm) -> None:
    made(crm, "a", "country = DE")
    made(crm, "b", "in segment a")
    with pytest.raises(Refused, match="segment a is part of b"), crm.session() as session:
        session.delete(find_segment(session, "a"))
    with crm.session() as session:
        session.delete(find_segment(session, "b"))
    with crm.session() as session:
        session.delete(find_segment(session, "a"))
    assert counted_segments(crm) == 0


# -- frozen lists -----------------------------------------------------------------------------------------------------


def test_a_frozen_list_holds_whom_it_is_given(crm: Crm, people: People, names: Names) -> None:
    made(crm, "invited", frozen=True)
    with crm.session() as session:
        assert add_members(session, "invited", [people["Anna"], people["Di"].id, people["Anna"].id]) == 2
        assert add_members(session, "invited", [people["Anna"]]) == 0
    assert names("invited") == ["Anna", "Di"]
    with crm.session() as session:
        assert remove_members(session, "invited", [people["Anna"], people["Bo"]]) == 1
        session.delete(session.get(Customer, people["Di"].id))
    assert names("invited") == []
    assert counted(crm, "invited") == 0


def test_a_list_takes_records_of_its_entity_alone(crm: Crm, people: People) -> None:
    made(crm, "invited", frozen=True)
    made(crm, "German", "country = DE")
    with crm.session() as session:
        with pytest.raises(BadInput, match="no frozen list"):
            add_members(session, "German", [people["Anna"]])
        with pytest.raises(BadInput, match="holds records of customer"):
            add_members(session, "invited", [find_segment(session, "German")])
        with pytest.raises(ValidationFailed, match=r"segment_member\.record_id"):
            add_members(session, "invited", [UUID(int=1)])
        session.rollback()
        german, invited = find_segment(session, "German"), find_segment(session, "invited")
        product = Product(sku="p", name="Chai")
        session.add(product)
        session.commit()
        for member, problem in (
            (SegmentMember(segment_id=german.id, record_id=people["Anna"].id), "follows from its filter"),
            (SegmentMember(segment_id=invited.id, entity="product", record_id=product.id), "a list of customer"),
        ):
            session.add(member)
            with pytest.raises(Refused, match=problem):
                session.flush()
            session.rollback()


def test_a_member_stays_who_it_is(crm: Crm, people: People) -> None:
    made(crm, "invited", frozen=True)
    with crm.session() as session:
        add_members(session, "invited", [people["Anna"]])
    with crm.session(reads=True) as session:
        (member,) = session.list(SegmentMember)
    with pytest.raises(Refused, match="remove it and add another"), crm.session() as session:
        session.update(change(member, record_id=people["Bo"].id))


def test_freezing_keeps_who_is_in_a_segment_now(crm: Crm, people: People, names: Names) -> None:
    made(crm, "German", "country = DE")
    with crm.session() as session:
        freeze(session, "German", "German in March")
    with crm.session() as session:
        session.update(change(session.get(Customer, people["Cy"].id), country="CH"))
    assert (names("German"), names("German in March")) == (["Anna"], ["Anna", "Cy"])
    with pytest.raises(ValidationFailed, match=r"segment\.name"), crm.session() as session:
        freeze(session, "German", "german")


# -- rights and tenants -----------------------------------------------------------------------------------------------


def test_a_reader_counts_what_the_reader_may_see(crm: Crm, people: People, as_user: AsUser) -> None:
    own = as_user("customer read own", "segment read all", "contact_point read own", login="nancy")
    made(crm, "German", "country = DE")
    made(crm, "placed", "has contact_points where kind = address")
    with crm.session() as session:
        session.update(change(session.get(Customer, people["Cy"].id), owner_id=own.user_id))
    with crm.session(own, reads=True) as session:
        assert (count(session, "German"), count(session, "placed")) == (1, 1)
        assert [record.name for record in members(session, "German").records] == ["Cy"]
    assert counted(crm, "German") == 2


def test_freezing_takes_whom_the_reader_sees(crm: Crm, people: People, as_user: AsUser, names: Names) -> None:
    rights = ("customer read own", "segment read all", "segment create all", "segment update all")
    nancy = as_user(*rights, "segment_member * all", login="nancy")
    made(crm, "German", "country = DE")
    with crm.session() as session:
        session.update(change(session.get(Customer, people["Cy"].id), owner_id=nancy.user_id))
    with crm.session(nancy) as session:
        freeze(session, "German", "mine")
        with pytest.raises(Refused, match="there is no customer"):
            add_members(session, "mine", [people["Anna"].id])
        session.rollback()
    with crm.session(nancy) as session:
        freeze(session, "German", "mine")
    assert names("mine") == ["Cy"]


def test_a_segment_that_one_may_not_see_is_none(crm: Crm, people: People, as_user: AsUser) -> None:
    nancy = as_user("customer read all", "segment read own", "segment create own", login="nancy")
    made(crm, "secret", "country = DE")
    with crm.session(nancy) as session:
        with pytest.raises(NotFound, match="no segment secret"):
            count(session, "secret")
        with pytest.raises(FilterError, match="there is no segment secret, or none that you may see"):
            session.list(Customer, "in segment secret")
        with pytest.raises(FilterError, match="there is no segment secret"):
            create_segment(session, "mine", "in segment secret")
        assert list_segments(session) == []


def test_a_segment_of_fields_that_one_may_not_read_is_refused(crm: Crm, people: People, as_user: AsUser) -> None:
    as_user("segment * all", "segment_member * all", login="nancy")
    with crm.session() as session:
        grant = {"entity": "customer", "action": "read", "scope": "all", "fields": ["-country"]}
        role, user = Role(name="without countries", grants=(grant,)), session.find(User, login="nancy")
        assert user is not None
        session.add(role, RoleAssignment(user_id=user.id, role_id=role.id))
    nancy = crm.actor("nancy")
    made(crm, "German", "country = DE")
    made(crm, "hidden deeper", "not in segment German")
    with crm.session(nancy) as session:
        for ask in (count, members):
            for name in ("German", "hidden deeper"):
                with pytest.raises(AccessDenied, match=r"nancy may not read customer\.country"):
                    ask(session, name)
        with pytest.raises(AccessDenied):
            freeze(session, "German", "copy")
        create_segment(session, "mine", "in segment German")
        with pytest.raises(ValidationFailed, match=r"segment\.filter.*not customer\.country"):
            session.flush()
        session.rollback()


def test_twin_tenants_never_mix(open_crm: Any) -> None:
    one, two = open_crm(tenant="segments-one"), open_crm(tenant="segments-two")
    for crm, country in ((one, "DE"), (two, "FR")):
        with crm.session() as session:
            for old in session.list(Segment):
                session.delete(old)
            for old in session.list(Customer):
                session.delete(old)
        with crm.session() as session:
            session.add(Customer(name=f"From {country}", country=country))
            create_segment(session, "all")
            create_segment(session, "home", f"in segment all and country = {country}")
            create_segment(session, "list", frozen=True)
    with one.session(reads=True) as session:
        (mine,) = session.list(Customer)
        theirs = find_segment(session, "home")
    for crm in (one, two):
        assert counted(crm, "all") == counted(crm, "home") == 1
    with two.session() as session:
        with pytest.raises(NotFound):
            count(session, theirs.id)
        with pytest.raises(ValidationFailed, match=r"segment_member\.record_id"):
            add_members(session, "list", [mine])
        session.rollback()
