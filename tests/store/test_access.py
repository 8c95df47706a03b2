"""Who may see and do what: every way to read gives the same answer, and nothing is written beyond one's rights."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from crmkit.core.access import Actor, read_grants
from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.domain_event import DOMAIN_EVENT
from crmkit.core.entity import EntityInfo, Own, change
from crmkit.core.errors import AccessDenied, ConfigError, NotFound, Refused, ValidationFailed
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.product import Product
from crmkit.core.staff import RecordShare, Role, RoleAssignment, Team, User
from crmkit.core.values.clock import FixedClock
from crmkit.runtime.crm import CORE, Crm
from crmkit.store.session import Session
from crmkit.testing.making import AsUser
from tests.conftest import OpenCrm
from tests.store.samples import one_of_each
from tests.store.staff import PEOPLE, REACH, Staff, make_staff

Look = Callable[[Session, EntityInfo, list[UUID]], set[UUID]]


@pytest.fixture
def staff(crm: Crm) -> Staff:
    return make_staff(crm)


@pytest.fixture
def bare_staff(open_crm: OpenCrm) -> Staff:
    """The people in a CRM in which no rule of the core adds to what access says."""
    crm = open_crm()
    crm.hooks.unregister(CORE)
    return make_staff(crm)


def sets_of_everybody(staff: Staff) -> dict[str, dict[str, Any]]:
    """Store a record of every entity for each of the people."""
    made = {}
    for number, (login, user) in enumerate(staff.users.items()):
        now = staff.crm.clock.now() + timedelta(days=number)
        made[login] = one_of_each(now, login, owner_id=user.id, team_id=user.team_id)
        with staff.crm.session() as s:
            s.add(*made[login].values())
    return made


def follows_an_owner(info: EntityInfo) -> bool:
    return info.owned or any(not isinstance(rule, Own) for rule in info.access)


def seen(s: Session, info: EntityInfo, ids: list[UUID]) -> set[UUID]:
    """Return which of ``ids`` lists, counts and selects find; they must agree."""
    table, wanted = s.table(info.cls), set(ids)
    listed = {record.id for record in s.list(info.cls)}
    assert s.count(info.cls) == len(listed), info.name
    assert set(s.execute(sa.select(table.c.id)).scalars()) == listed, info.name
    return listed & wanted


def seen_in_every_way(s: Session, info: EntityInfo, ids: list[UUID]) -> set[UUID]:
    """Return which of ``ids`` every way of reading finds; they must agree."""
    some, found = {ids[0], ids[-1]}, seen(s, info, ids)
    ways = {
        "by ids": {record.id for record in s.list(info.cls, id=ids)},
        "with deleted": {record.id for record in s.list(info.cls, id=ids, deleted=True)},
        "stream": {record.id for record in s.stream(info.cls, size=2)} & set(ids),
        "peek all": {record.id for record in s.peek_all(info.cls)} & set(ids),
    }
    singly = {
        "count": {id for id in some if s.count(info.cls, id=id)},
        "find": {id for id in some if s.find(info.cls, id=id)},
        "peek": {id for id in some if s.peek(info.cls, id)},
        "get": {id for id in some if _gets(s, info, id)},
    }
    assert ways == dict.fromkeys(ways, found), info.name
    assert singly == dict.fromkeys(singly, found & some), info.name
    return found


def _gets(s: Session, info: EntityInfo, id: UUID) -> bool:
    # In a session that has seen nothing, for what it has in hand is given without asking.
    with Session(s.application, s.actor, reads=True) as fresh:
        try:
            return bool(fresh.get(info.cls, id))
        except NotFound:
            return False


@pytest.mark.parametrize("scope", REACH)
def test_what_is_seen_of_every_entity_agrees_with_the_scope(bare_staff: Staff, scope: str) -> None:
    agrees_with_the_scope(bare_staff, scope, seen)


# All ways for one scope: what differs between scopes is the condition that all of them share; it is so on both databases.
@pytest.mark.parametrize("core_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True)
def test_every_way_of_reading_every_entity_agrees_with_the_scope(bare_staff: Staff) -> None:
    agrees_with_the_scope(bare_staff, "subtree", seen_in_every_way)


def agrees_with_the_scope(staff: Staff, scope: str, look: Look) -> None:
    sets = sets_of_everybody(staff)
    anna = staff.actor("anna", ("*", "read", scope))
    for info in staff.crm.registry:
        if not info.editable:
            continue
        ids = [sets[login][info.name].id for login in PEOPLE]
        reach = REACH[scope] if follows_an_owner(info) or scope == "all" else set()
        expected = {sets[login][info.name].id for login in reach}
        with staff.crm.session(anna, reads=True) as s:
            assert look(s, info, ids) == expected, info.name


@pytest.mark.parametrize("scope", ["own", "subtree"])
def test_nothing_is_changed_or_deleted_beyond_the_scope(bare_staff: Staff, scope: str) -> None:
    staff, crm = bare_staff, bare_staff.crm
    sets = sets_of_everybody(staff)
    anna = staff.actor("anna", ("*", "read", "all"), ("*", "update", scope), ("*", "delete", scope))
    for info in crm.registry:
        if not info.editable:
            continue
        # What happened is told by derive hooks and changed by nobody, whatever rights there are.
        told = info.name == DOMAIN_EVENT
        reach = REACH[scope] if follows_an_owner(info) and not told else set()
        for login in PEOPLE:
            record = sets[login][info.name]
            assert _may(crm, anna, partial(_update, record)) == (login in reach), (info.name, login)
            if login in ("anna", "dora"):
                assert _may(crm, anna, partial(_delete, record)) == (login in reach), (info.name, login)


def _update(record: Any, s: Session) -> None:
    s.update(change(s.get(type(record), record.id), source="by hand"))


def _delete(record: Any, s: Session) -> None:
    s.delete(s.get(type(record), record.id))


def _may(crm: Crm, actor: Actor, work: Any) -> bool:
    """Whether an actor may do something, which is then undone."""
    with crm.session(actor) as s:
        try:
            work(s)
            s.flush()
        except AccessDenied:
            return False
        finally:
            s.rollback()
    return True


@pytest.mark.parametrize("scope", REACH)
def test_new_records_lie_within_the_scope(staff: Staff, scope: str) -> None:
    anna = staff.actor("anna", ("customer", "create", scope), ("*", "read", "all"))
    for login in PEOPLE:
        user = staff.users[login]
        new = Customer(name="x", owner_id=user.id, team_id=user.team_id)
        assert _may(staff.crm, anna, lambda s, new=new: s.add(new)) == (login in REACH[scope])


def test_who_makes_a_record_owns_it(staff: Staff) -> None:
    anna = staff.actor("anna", ("customer", "create", "own"), ("customer", "read", "own"))
    with staff.crm.session(anna) as s:
        s.add(Customer(name="mine"))
    with staff.crm.session(anna) as s:
        (mine,) = s.list(Customer)
        assert (mine.owner_id, mine.team_id) == (staff.users["anna"].id, staff.users["anna"].team_id)
        assert mine.created_by == staff.users["anna"].id


def test_owners_change_by_the_right_to_assign_alone(staff: Staff) -> None:
    anna, ben = staff.users["anna"], staff.users["ben"]
    mine, his = Customer(name="mine", owner_id=anna.id), Customer(name="his", owner_id=ben.id, team_id=ben.team_id)
    with staff.crm.session() as s:
        s.add(mine, his)
    rights = (("customer", "read", "all"), ("customer", "update", "all"))

    def hands_over(actor: Actor, record: Customer) -> bool:
        to = ben if record is mine else anna
        return _may(staff.crm, actor, lambda s: s.update(change(s.get(Customer, record.id), owner_id=to.id)))

    answers = []
    for more in ([], [("customer", "assign", "own")], [("customer", "assign", "all")]):
        actor = staff.actor("anna", *rights, *more)
        answers.append((hands_over(actor, mine), hands_over(actor, his)))
    assert answers == [(False, False), (True, False), (True, True)]


def test_a_deleted_record_comes_back_within_the_right_to_delete(staff: Staff) -> None:
    mine = Customer(name="mine", owner_id=staff.users["anna"].id)
    other = Customer(name="other", owner_id=staff.users["dora"].id)
    with staff.crm.session() as s:
        s.add(mine, other)
        s.flush()
        s.delete(s.get(Customer, mine.id), s.get(Customer, other.id))
    anna = staff.actor("anna", ("customer", "read", "all"), ("customer", "delete", "own"))
    assert _may(staff.crm, anna, lambda s: s.restore(Customer, mine.id))
    assert not _may(staff.crm, anna, lambda s: s.restore(Customer, other.id))


# -- parts ------------------------------------------------------------------------------------------------------------


def test_parts_are_made_for_what_one_may_change(staff: Staff) -> None:
    anna = staff.users["anna"]
    mine, other = Customer(name="mine", owner_id=anna.id), Customer(name="other", owner_id=staff.users["dora"].id)
    with staff.crm.session() as s:
        s.add(mine, other)
    actor = staff.actor("anna", ("*", "read", "all"), ("*", "create", "own"), ("customer", "update", "own"))

    def point(customer: Customer) -> ContactPoint:
        return ContactPoint(customer_id=customer.id, kind="url", value="https://example.com")

    new = Customer(name="new")
    assert _may(staff.crm, actor, lambda s: s.add(point(mine)))
    assert _may(staff.crm, actor, lambda s: s.add(new, point(new)))
    assert not _may(staff.crm, actor, lambda s: s.add(point(other)))


def test_a_part_of_something_unseen_is_refused_as_a_wrong_reference(staff: Staff) -> None:
    other = Customer(name="other", owner_id=staff.users["dora"].id)
    with staff.crm.session() as s:
        s.add(other)
    actor = staff.actor("anna", ("*", "read", "own"), ("*", "create", "all"))
    with staff.crm.session(actor) as s:
        s.add(ContactPoint(customer_id=other.id, kind="url", value="https://example.com"))
        with pytest.raises(ValidationFailed, match=r"contact_point\.customer_id"):
            s.flush()
        s.rollback()


def test_interactions_are_seen_through_their_participants(staff: Staff) -> None:
    crm, anna, dora = staff.crm, staff.users["anna"], staff.users["dora"]
    mine, hers = Customer(name="mine", owner_id=anna.id), Customer(name="hers", owner_id=dora.id)
    now = crm.clock.now()
    calls = {
        name: Interaction(kind="call", subject=name, occurred_at=now, owner_id=dora.id, visibility=visibility)
        for name, visibility in (("with both", "shared"), ("with hers", "shared"), ("private", "private"))
    }
    taking_part = [
        InteractionParticipant(interaction_id=calls[name].id, customer_id=customer.id)
        for name, customer in (("with both", mine), ("with both", hers), ("with hers", hers), ("private", mine))
    ]
    with crm.session() as s:
        s.add(mine, hers, *calls.values(), *taking_part)

    def subjects(actor: Actor) -> set[str]:
        with crm.session(actor, reads=True) as s:
            assert s.count(InteractionParticipant) == len(s.list(InteractionParticipant))
            return {call.subject for call in s.list(Interaction)}

    assert subjects(staff.actor("anna", ("*", "read", "own"))) == {"with both"}
    assert subjects(staff.actor("dora", ("*", "read", "own"))) == set(calls)
    # Who may see no customers sees their interactions neither.
    assert subjects(staff.actor("anna", ("interaction", "read", "own"))) == set()


# -- sharing ----------------------------------------------------------------------------------------------------------


def share(record: Any, entity: str, **to: Any) -> RecordShare:
    return RecordShare(entity=entity, record_id=record.id, **to)


def test_a_shared_record_is_seen_until_the_share_ends(staff: Staff, clock: FixedClock) -> None:
    crm = staff.crm
    other = Customer(name="other", owner_id=staff.users["dora"].id)
    point = ContactPoint(customer_id=other.id, kind="url", value="https://example.com")
    ends = clock.now() + timedelta(hours=1)
    with crm.session() as s:
        s.add(other, point, share(other, "customer", user_id=staff.users["anna"].id, expires_at=ends))
    anna = staff.actor("anna", ("*", "read", "own"))
    ben = staff.actor("ben", ("*", "read", "own"))

    def sees(actor: Actor) -> tuple[int, int]:
        with crm.session(actor, reads=True) as s:
            return s.count(Customer), s.count(ContactPoint)

    assert (sees(anna), sees(ben)) == ((1, 1), (0, 0))
    clock.advance(minutes=59)
    assert sees(anna) == (1, 1)
    clock.advance(minutes=1)
    assert sees(anna) == (0, 0)


def test_a_share_with_a_team_reaches_its_members(staff: Staff) -> None:
    other = Customer(name="other", owner_id=staff.users["dora"].id)
    with staff.crm.session() as s:
        s.add(other, share(other, "customer", to_team_id=staff.teams["North"].id))
    reads = ("customer", "read", "own")
    for login, expected in (("anna", 1), ("ben", 1), ("cleo", 0)):
        with staff.crm.session(staff.actor(login, reads), reads=True) as s:
            assert s.count(Customer) == expected, login


def test_a_share_to_read_is_none_to_change(staff: Staff) -> None:
    crm, anna = staff.crm, staff.users["anna"]
    shown, lent = Customer(name="shown"), Customer(name="lent")
    with crm.session() as s:
        s.add(shown, lent, share(shown, "customer", user_id=anna.id))
        s.add(share(lent, "customer", user_id=anna.id, action="update"))
    actor = staff.actor("anna", ("customer", "read", "own"), ("customer", "update", "own"))

    def changes(record: Customer) -> bool:
        return _may(crm, actor, lambda s: s.update(change(s.get(Customer, record.id), name="x")))

    assert (changes(shown), changes(lent)) == (False, True)


def test_a_share_alone_does_not_show_what_is_private(staff: Staff) -> None:
    crm, anna, dora = staff.crm, staff.users["anna"], staff.users["dora"]
    now = crm.clock.now()
    private = Interaction(kind="note", occurred_at=now, owner_id=dora.id, visibility="private")
    public = Interaction(kind="note", occurred_at=now, owner_id=dora.id)
    with crm.session() as s:
        s.add(private, public)
        s.add(*(share(note, "interaction", user_id=anna.id) for note in (private, public)))
    for grants in ([("interaction", "read", "own")], [("customer", "read", "own")]):
        with crm.session(staff.actor("anna", *grants), reads=True) as s:
            assert [note.id for note in s.list(Interaction)] == [public.id]


def test_nobody_shares_what_is_not_his_to_see(staff: Staff) -> None:
    crm, anna = staff.crm, staff.users["anna"]
    mine, other = Customer(name="mine", owner_id=anna.id), Customer(name="other")
    with crm.session() as s:
        s.add(mine, other)
    actor = staff.actor(
        "anna",
        ("record_share", "create", "all"),
        ("record_share", "update", "all"),
        ("*", "read", "own"),
        ("user", "read", "all"),
    )
    assert _may(crm, actor, lambda s: s.add(share(mine, "customer", user_id=staff.users["ben"].id)))
    for wrong in (
        share(other, "customer", user_id=anna.id),
        share(mine, "customer", user_id=anna.id, action="update"),
        share(mine, "custmer", user_id=anna.id),
    ):
        assert not _may(crm, actor, lambda s, wrong=wrong: s.add(wrong))
    owned = share(mine, "customer", user_id=anna.id, owner_id=anna.id)
    with crm.session() as s:
        s.add(owned)
    assert not _may(crm, actor, lambda s: s.update(change(s.get(RecordShare, owned.id), record_id=other.id)))


# -- roles ------------------------------------------------------------------------------------------------------------


def test_the_widest_of_several_grants_counts(staff: Staff) -> None:
    anna = staff.actor("anna", ("customer", "read", "own"), ("*", "read", "team"), ("customer", "*", "none"))
    assert anna.scope("customer", "read").name == "TEAM"
    assert anna.scope("customer", "delete").name == "NONE"
    assert not anna.everything


def test_an_actor_has_the_rights_of_all_its_roles_and_its_own_settings(staff: Staff) -> None:
    crm, anna = staff.crm, staff.users["anna"]
    roles = [
        Role(name=action, grants=({"entity": "customer", "action": action, "scope": "own"},))
        for action in ("read", "create")
    ]
    with crm.session() as s:
        s.add(*roles, *(RoleAssignment(user_id=anna.id, role_id=role.id) for role in roles))
        s.update(change(s.get(User, anna.id), language="de", timezone="Europe/Berlin"))
    actor = crm.actor("anna")
    assert {(entity, action) for entity, action in actor.grants} == {("customer", "read"), ("customer", "create")}
    assert (actor.name, actor.language, actor.timezone, actor.team_id) == ("anna", "de", "Europe/Berlin", anna.team_id)
    assert actor.subtree == {staff.teams["North"].id, staff.teams["North East"].id}


@pytest.mark.parametrize("state", ["frozen", "departed"])
def test_who_is_not_active_does_not_act(staff: Staff, state: Any) -> None:
    with staff.crm.session() as s:
        s.update(change(s.get(User, staff.users["anna"].id), state=state))
    with pytest.raises(NotFound, match="no active user anna"):
        staff.crm.actor("anna")
    with pytest.raises(NotFound, match="no active user nobody"):
        staff.crm.actor("nobody")


def test_a_role_with_unknown_words_says_which(staff: Staff) -> None:
    with pytest.raises(ValidationFailed, match=r"role\.grants\[0\]\.action: “raed” - .*did you mean read"):
        staff.actor("anna", ("customer", "raed", "own"))
    with pytest.raises(ValidationFailed, match=r"role\.grants\[1\]\.scope: “everything”"):
        staff.actor("anna", ("customer", "read", "own"), ("customer", "read", "everything"))
    with pytest.raises(ValidationFailed, match=r"role\.grants\[0\]\.entity: “custmer” .*did you mean customer"):
        staff.actor("anna", ("custmer", "read", "own"))
    with pytest.raises(ConfigError, match="unknown action raed; did you mean read"):
        read_grants([{"entity": "customer", "action": "raed", "scope": "own"}])


def test_without_rights_nothing_is_seen_and_an_error_tells_nothing_of_what_is_there(staff: Staff) -> None:
    product = Product(sku="1", name="x")
    with staff.crm.session() as s:
        s.add(product)
    nobody = staff.actor("anna")
    with staff.crm.session(nobody) as s:
        messages = []
        for id in (product.id, Product(sku="2", name="y").id):
            with pytest.raises(NotFound) as caught:
                s.get(Product, id)
            messages.append(str(caught.value).replace(str(id), "ID"))
        assert messages[0] == messages[1]
        s.add(Team(name="x"))
        with pytest.raises(AccessDenied, match="anna may not create team"):
            s.flush()
        s.rollback()


def test_elevation_lasts_for_its_block(staff: Staff) -> None:
    with staff.crm.session() as s:
        s.add(Product(sku="1", name="x"))
    anna = staff.actor("anna")
    with staff.crm.session(anna) as s:
        context = staff.crm.context(s, "shop")
        assert s.count(Product) == 0
        with context.elevated("to count"):
            assert s.count(Product) == 1
            assert (s.actor.name, s.actor.plugin, s.actor.everything) == ("anna", "shop", True)
        assert s.count(Product) == 0


def test_a_tree_is_checked_also_where_the_actor_does_not_see_it(staff: Staff) -> None:
    anna = staff.users["anna"].id
    top = Team(name="Top", owner_id=anna)
    hidden = Team(name="Hidden", parent_id=top.id)
    low = Team(name="Low", parent_id=hidden.id, owner_id=anna)
    with staff.crm.session() as s:
        s.add(top, hidden, low)
    with staff.crm.session(staff.actor("anna", ("team", "read", "own"), ("team", "update", "own"))) as s:
        s.update(change(s.get(Team, top.id), parent_id=low.id))
        with pytest.raises(Refused, match="would stand above itself"):
            s.flush()
        s.rollback()


def test_whoever_writes_may_name_himself_and_no_other_user_unseen(crm: Crm) -> None:
    as_user = AsUser(crm)
    grants = [f"{name} {do} own" for name in ("interaction", "interaction_participant") for do in ("read", "create")]
    anna, bert = as_user(*grants), as_user(*grants)
    with crm.session(anna) as session:
        note = Interaction(kind="note", occurred_at=crm.clock.now())
        session.add(note, InteractionParticipant(interaction_id=note.id, user_id=anna.user_id))
    with crm.session(reads=True) as session:
        assert [one.user_id for one in session.list(InteractionParticipant)] == [anna.user_id]
    other = Interaction(kind="note", occurred_at=crm.clock.now())
    with pytest.raises(ValidationFailed, match="the id of a record of user that exists"), crm.session(anna) as session:
        session.add(other, InteractionParticipant(interaction_id=other.id, user_id=bert.user_id))
