"""Merging two customers: what survives, what follows, who may, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from crmkit.core.access import Scope
from crmkit.core.consent import Consent
from crmkit.core.customer import ContactPoint, Customer, CustomerRelation
from crmkit.core.entity import change
from crmkit.core.errors import AccessDenied, BadInput, Conflict, NotFound, Refused, StaleVersion, ValidationFailed
from crmkit.core.grouping import Tag, Tagging
from crmkit.core.identity import ExternalIdentity, NotTheSame
from crmkit.core.interaction import Interaction, InteractionLine, InteractionParticipant
from crmkit.core.journal import AuditEntry, Event, MergeJournal
from crmkit.core.lifecycle import Relationship, StageTrack, StageTransition
from crmkit.core.merging import Given, pairs_of
from crmkit.core.product import Product
from crmkit.core.staff import Role, RoleAssignment, User
from crmkit.core.values.clock import FixedClock
from crmkit.runtime.crm import Crm
from crmkit.services.consent import can_contact, grant
from crmkit.services.customer_view import customer_view, find_customer
from crmkit.services.lifecycle.defining import ensure_lifecycles
from crmkit.services.lifecycle.moving import history, move
from crmkit.services.merging import (
    find_merge,
    merge,
    merge_many,
    merged_into,
    merges,
    preview,
    resolve,
    resolve_all,
    undo,
)
from tests.merging.conftest import Twins, everything, make_twins

OpenCrm = Callable[..., Crm]


def merged(crm: Crm, kept: UUID, lost: UUID, **choices: object) -> MergeJournal:
    with crm.session() as session:
        return merge(session, preview(session, kept, lost, choices))


def undone(crm: Crm, journal: MergeJournal) -> list[tuple[str, tuple[str, ...]]]:
    with crm.session() as session:
        report = undo(session, journal.id)
    return sorted((left.entity, left.fields) for left in report.left)


# -- what survives ----------------------------------------------------------------------------------------------------


def test_preview_shows_fields_and_references_and_changes_nothing(crm: Crm, twins: Twins) -> None:
    before = everything(crm)
    with crm.session(reads=True) as session:
        plan = preview(session, twins.anna.id, twins.berg.id, {"name": "lost", "custom.size": "lost"})
    fields = {field.name: (field.kept, field.lost, field.result, field.taken) for field in plan.fields if field.differs}
    assert fields == {
        "name": ("Anna", "Anna Berg", "Anna Berg", "lost"),
        "family_name": ("", "Berg", "Berg", "lost"),
        "industry": ("Retail", "Trade", "Retail", "kept"),
        "country": ("", "DE", "DE", "lost"),
        "size": (3, 4, 4, "lost"),
        "shoe": (None, 38, 38, "lost"),
    }
    assert (plan.result.name, dict(plan.result.custom)) == ("Anna Berg", {"size": 4, "shoe": 38})
    uses = {(use.entity, use.field): (use.policy, use.count, use.united, use.dropped) for use in plan.references}
    assert uses == {
        ("asset", "customer_id"): ("repoint", 1, 0, 0),
        ("consent", "contact_point_id"): ("repoint", 1, 0, 0),
        ("consent", "customer_id"): ("keep_both", 1, 0, 0),
        ("contact_point", "customer_id"): ("union", 2, 1, 0),
        ("customer_relation", "from_id"): ("union", 1, 1, 0),
        ("customer_relation", "to_id"): ("union", 1, 0, 1),
        ("external_identity", "record_id"): ("union", 1, 0, 0),
        ("identity_claim", "customer_id"): ("repoint", 1, 0, 0),
        ("interaction_link", "record_id"): ("union", 1, 0, 0),
        ("interaction_participant", "customer_id"): ("repoint", 2, 1, 0),
        ("segment_member", "record_id"): ("union", 1, 1, 0),
        ("tagging", "record_id"): ("union", 1, 1, 0),
    }
    assert plan.allowed
    assert everything(crm) == before


def test_everything_follows_and_duplicates_become_one(crm: Crm, twins: Twins) -> None:
    merged(crm, twins.anna.id, twins.berg.id)
    with crm.session(reads=True) as session:
        kept = session.get(Customer, twins.anna.id)
        assert (kept.name, kept.country, kept.industry, dict(kept.custom)) == (
            "Anna",
            "DE",
            "Retail",
            {"size": 3, "shoe": 38},
        )
        assert session.find(Customer, id=twins.berg.id) is None
        points = session.list(ContactPoint, order="kind")
        assert [(p.customer_id, p.value, p.verified, p.label) for p in points] == [
            (kept.id, "anna@example.com", True, "work"),
            (kept.id, "+49 372 035188", False, ""),
        ]
        assert {c.contact_point_id for c in session.list(Consent, customer_id=kept.id)} == {points[0].id}
        assert not can_contact(session, kept, "email", "newsletter", contact_point=points[0].id)
        [job] = session.list(CustomerRelation)
        assert (job.from_id, job.to_id, job.title) == (kept.id, twins.firm.id, "Berg")
        assert session.count(InteractionParticipant, "customer_id is not empty") == 2
        assert session.count(Tagging) == 1
        assert {i.record_id for i in session.list(ExternalIdentity)} == {kept.id}
        view = customer_view(session, str(twins.berg.id), crm.kinds)
        assert view.customer.id == kept.id
        assert [i.subject for i in view.timeline] == ["To Berg", "Both spoke"]
        assert find_customer(session, "Anna Berg").id == kept.id  # by the external id that follows


def test_merging_is_audited_and_told_as_any_change(crm: Crm, twins: Twins) -> None:
    journal = merged(crm, twins.anna.id, twins.berg.id)
    with crm.session(reads=True) as session:
        [asset] = session.list(AuditEntry, entity="asset", action="updated")
        assert asset.delta == {"customer_id": [str(twins.berg.id), str(twins.anna.id)]}
        assert asset.version == 2
        assert session.count(Event, type="customer.deleted", record_id=twins.berg.id) == 1
        [told] = session.list(Event, type="merge_journal.created")
        assert told.record_id == journal.id


def test_choices_take_a_side_or_a_value(crm: Crm, twins: Twins) -> None:
    choices = {
        "industry": "lost",
        "country": "kept",
        "description": "Merged",
        "nickname": Given("kept"),
        "shoe": "kept",
    }
    merged(crm, twins.anna.id, twins.berg.id, **choices)
    with crm.session(reads=True) as session:
        kept = session.get(Customer, twins.anna.id)
    assert (kept.industry, kept.country, kept.description, kept.nickname) == ("Trade", "", "Merged", "kept")
    assert dict(kept.custom) == {"size": 3}


def test_a_choice_that_cannot_be_is_refused(crm: Crm, twins: Twins) -> None:
    with crm.session() as session:
        with pytest.raises(BadInput, match="no field industri to choose; did you mean industry"):
            preview(session, twins.anna, twins.berg, {"industri": "lost"})
        with pytest.raises(BadInput, match="no field version to choose"):
            preview(session, twins.anna, twins.berg, {"version": "lost"})
        with pytest.raises(ValidationFailed, match=r"customer\.country"):
            merge(session, preview(session, twins.anna, twins.berg, {"country": "nowhere"}))
        # Nothing of it is left to be written with something else.
        session.add(Tag(name="later"))
    with crm.session(reads=True) as session:
        assert session.count(Customer) == 3
        assert session.count(MergeJournal) == 0


def test_owner_and_team_go_together(crm: Crm) -> None:
    with crm.session() as session:
        user = User(login="anna", name="Anna")
        free, owned = Customer(name="A"), Customer(name="B", owner_id=user.id)
        session.add(user, free, owned)
    with crm.session(reads=True) as session:
        assert preview(session, free.id, owned.id).result.owner_id == user.id
        assert preview(session, owned.id, free.id).result.owner_id == user.id


def test_a_validity_covers_both(crm: Crm) -> None:
    a, b = Customer(name="A"), Customer(name="B")
    with crm.session() as session:
        session.add(a, b)
        session.add(
            ContactPoint(customer_id=a.id, kind="email", value="x@example.com", valid_until=date(2020, 1, 1)),
            ContactPoint(customer_id=b.id, kind="email", value="x@example.com", valid_from=date(2021, 1, 1)),
        )
    merged(crm, a.id, b.id)
    with crm.session(reads=True) as session:
        [point] = session.list(ContactPoint)
        assert (point.valid_from, point.valid_until) == (None, None)


# -- what speaks against it ----------------------------------------------------------------------------------------


def test_a_person_is_no_organization(crm: Crm, twins: Twins) -> None:
    with crm.session() as session:
        plan = preview(session, twins.anna.id, twins.firm.id)
        assert [str(reason) for reason in plan.blocked] == [
            "Anna is of kind person, Firm of kind organization; correct one of them first"
        ]
        with pytest.raises(Refused, match="of kind organization"):
            merge(session, plan)


def test_a_blocking_reference_is_named(crm: Crm) -> None:
    old, new = Customer(name="Dealer", kind="organization"), Customer(name="Dealer Ltd", kind="organization")
    with crm.session() as session:
        session.add(old, new, User(login="dealer", name="Dealer's user", customer_id=old.id))
    with crm.session() as session:
        plan = preview(session, new.id, old.id)
        assert [str(reason) for reason in plan.blocked] == [
            "user.customer_id of 1 Users refers to the record that would be lost; change that first"
        ]
        # The other way round there is nothing to move.
        merge(session, preview(session, old.id, new.id))


def test_those_found_not_to_be_the_same_are_left_alone(crm: Crm, twins: Twins) -> None:
    first, second = sorted((twins.anna.id, twins.berg.id))
    with crm.session() as session:
        session.add(NotTheSame(first_id=first, second_id=second))
    with crm.session() as session:
        plan = preview(session, twins.anna.id, twins.berg.id)
        assert [str(reason) for reason in plan.blocked] == [
            "Anna and Anna Berg were found not to be the same; take that back first"
        ]


def test_not_the_same_as_somebody_else_follows_in_order(crm: Crm) -> None:
    a, b, c = sorted((Customer(name=name) for name in "abc"), key=lambda customer: customer.id)
    with crm.session() as session:
        session.add(a, b, c)
        session.add(NotTheSame(first_id=a.id, second_id=b.id))
    merged(crm, c.id, a.id)
    with crm.session(reads=True) as session:
        [pair] = session.list(NotTheSame)
        assert (pair.first_id, pair.second_id) == (b.id, c.id)


def test_a_circle_of_relations_is_refused_as_a_whole(crm: Crm) -> None:
    a, b, c = (Customer(name=name, kind="organization") for name in "abc")
    with crm.session() as session:
        session.add(a, b, c)
        session.add(CustomerRelation(from_id=a.id, to_id=b.id, type="subsidiary_of"))
        session.add(CustomerRelation(from_id=b.id, to_id=c.id, type="subsidiary_of"))
    before = everything(crm)
    with pytest.raises(Refused, match="in a circle"):
        merged(crm, a.id, c.id)
    assert everything(crm) == before


def test_one_record_is_no_pair(crm: Crm, twins: Twins) -> None:
    merged(crm, twins.anna.id, twins.berg.id)
    with crm.session() as session:
        with pytest.raises(BadInput, match="is one record already"):
            preview(session, twins.berg.id, twins.anna.id)
        with pytest.raises(NotFound):
            preview(session, twins.anna.id, crm.system.tenant_id)
        with pytest.raises(BadInput, match="records of Interaction are not merged"):
            preview(session, twins.call, twins.call)


def test_a_record_changed_since_the_preview_is_not_merged(crm: Crm, twins: Twins) -> None:
    with crm.session() as session:
        plan = preview(session, twins.anna.id, twins.berg.id)
    with crm.session() as session:
        session.update(change(session.get(Customer, twins.berg.id), name="Anna B."))
    with pytest.raises(StaleVersion), crm.session() as session:
        merge(session, plan)


def test_what_is_added_since_the_preview_follows_too(crm: Crm, twins: Twins) -> None:
    with crm.session() as session:
        plan = preview(session, twins.anna.id, twins.berg.id)
    late = ContactPoint(customer_id=twins.berg.id, kind="email", value="late@example.com")
    with crm.session() as session:
        session.add(late)
    with crm.session() as session:
        merge(session, plan)
        assert session.get(ContactPoint, late.id).customer_id == twins.anna.id


# -- rights --------------------------------------------------------------------------------------------------------


def test_merging_takes_the_right_to_merge_both(crm: Crm) -> None:
    with crm.session() as session:
        user = User(login="anna", name="Anna")
        grants = [
            {"entity": "*", "action": action, "scope": "all"} for action in ("read", "create", "update", "delete")
        ]
        plain = Role(name="plain", grants=tuple(grants))
        own = Role(name="own", grants=({"entity": "customer", "action": "merge", "scope": "own"},))
        mine, also_mine = (Customer(name=name, owner_id=user.id) for name in ("Mine", "Also mine"))
        others = Customer(name="Another's")
        session.add(user, plain, own, mine, also_mine, others, RoleAssignment(user_id=user.id, role_id=plain.id))
        session.add(ContactPoint(customer_id=also_mine.id, kind="email", value="a@example.com"))
    with crm.session(crm.actor("anna")) as session, pytest.raises(AccessDenied, match="anna may not merge customer"):
        preview(session, mine.id, also_mine.id)
    with crm.session() as session:
        session.add(RoleAssignment(user_id=user.id, role_id=own.id))
    actor = crm.actor("anna")
    assert actor.scope("customer", "merge") is Scope.OWN
    with crm.session(actor) as session:
        with pytest.raises(AccessDenied, match=str(others.id)):
            preview(session, mine.id, others.id)
        journal = merge(session, preview(session, mine.id, also_mine.id))
    with crm.session() as session:
        [entry] = session.list(AuditEntry, entity="contact_point", action="updated")
        assert entry.actor_id == user.id
    with crm.session(crm.actor("anna")) as session:
        assert undo(session, journal.id).left == ()
    with crm.session() as session:
        session.delete(session.find(RoleAssignment, user_id=user.id, role_id=own.id))
    again = merged(crm, mine.id, also_mine.id)
    with crm.session(crm.actor("anna")) as session, pytest.raises(AccessDenied):
        undo(session, again.id)


def test_what_the_actor_cannot_see_follows_too(crm: Crm) -> None:
    with crm.session() as session:
        user = User(login="anna", name="Anna")
        grants = [{"entity": "customer", "action": action, "scope": "own"} for action in ("read", "merge")]
        role = Role(name="merger", grants=tuple(grants))
        a, b = (Customer(name=name, owner_id=user.id) for name in "ab")
        hidden = ContactPoint(customer_id=b.id, kind="email", value="b@example.com")
        session.add(user, role, RoleAssignment(user_id=user.id, role_id=role.id), a, b, hidden)
    with crm.session(crm.actor("anna")) as session:
        merge(session, preview(session, a.id, b.id))
        assert session.count(ContactPoint) == 0
    with crm.session() as session:
        assert session.get(ContactPoint, hidden.id).customer_id == a.id


# -- the way back --------------------------------------------------------------------------------------------------


def test_undoing_gives_back_exactly_what_was(crm: Crm, twins: Twins) -> None:
    before = everything(crm)
    journal = merged(crm, twins.anna.id, twins.berg.id, name="lost", size="lost")
    assert everything(crm) != before
    assert undone(crm, journal) == []
    assert everything(crm) == before
    with crm.session(reads=True) as session:
        assert resolve(session, Customer, twins.berg.id) == twins.berg.id
        assert find_customer(session, str(twins.berg.id)).id == twins.berg.id
    with pytest.raises(Conflict, match="was undone before"):
        undone(crm, journal)


def test_undoing_leaves_what_was_changed_since(crm: Crm, twins: Twins, clock: FixedClock) -> None:
    journal = merged(crm, twins.anna.id, twins.berg.id)
    clock.advance(days=1)
    with crm.session() as session:
        kept = session.get(Customer, twins.anna.id)
        session.update(change(kept, country="FR", custom={**kept.custom, "hat": 58}, description="Edited"))
        phone = session.find(ContactPoint, kind="phone")
        session.update(change(phone, label="home"))
        session.add(ContactPoint(customer_id=kept.id, kind="email", value="new@example.com"))
        moved = session.find(ExternalIdentity, external_id="Anna Berg")
        session.update(change(moved, record_id=twins.firm.id))
    assert undone(crm, journal) == [("customer", ("country",)), ("external_identity", ("record_id",))]
    with crm.session(reads=True) as session:
        kept, back = session.get(Customer, twins.anna.id), session.get(Customer, twins.berg.id)
        assert (kept.country, kept.family_name, kept.description, dict(kept.custom)) == (
            "FR",
            "",
            "Edited",
            {"size": 3, "hat": 58},
        )
        assert (back.country, dict(back.custom)) == ("DE", {"size": 4, "shoe": 38})
        phone = session.find(ContactPoint, kind="phone")
        assert (phone.customer_id, phone.label) == (back.id, "home")
        assert {p.value for p in session.list(ContactPoint, customer_id=kept.id)} == {
            "anna@example.com",
            "new@example.com",
        }


def test_a_merged_record_comes_back_by_undoing_alone(crm: Crm, twins: Twins) -> None:
    merged(crm, twins.anna.id, twins.berg.id)
    with crm.session() as session:
        session.restore(Customer, twins.berg.id)
        with pytest.raises(Refused, match="undo the merge"):
            session.flush()
        session.rollback()


def test_merges_are_undone_in_turn(crm: Crm, twins: Twins) -> None:
    before = everything(crm)
    first = merged(crm, twins.anna.id, twins.berg.id)
    third = Customer(name="Third")
    with crm.session() as session:
        session.add(third)
    second = merged(crm, third.id, twins.anna.id)
    with pytest.raises(Conflict, match="undo that merge first"):
        undone(crm, first)
    assert undone(crm, second) == []
    assert undone(crm, first) == []
    after = everything(crm)
    del after["customer"][third.id]
    assert after == before


def test_two_merges_into_one_can_be_undone_in_any_order(crm: Crm, twins: Twins) -> None:
    other = make_other(crm)
    before = everything(crm)
    first, second = merged(crm, twins.anna.id, twins.berg.id), merged(crm, twins.anna.id, other.id)
    assert undone(crm, first) == []
    assert undone(crm, second) == []
    assert everything(crm) == before


def make_other(crm: Crm) -> Customer:
    other = Customer(name="Other")
    with crm.session() as session:
        session.add(other, ContactPoint(customer_id=other.id, kind="email", value="other@example.com"))
    return other


def test_merges_are_listed_and_found(crm: Crm, twins: Twins) -> None:
    with crm.session(reads=True) as session, pytest.raises(NotFound, match="no merge that could be undone"):
        find_merge(session, "last")
    journal = merged(crm, twins.anna.id, twins.berg.id)
    with crm.session(reads=True) as session:
        assert [found.id for found in merges(session)] == [journal.id]
        for needle in ("last", str(journal.id), str(twins.berg.id)):
            assert find_merge(session, needle).id == journal.id
        with pytest.raises(NotFound, match="no merge nonsense"):
            find_merge(session, "nonsense")
    undone(crm, journal)
    with crm.session(reads=True) as session:
        assert merges(session, undone=False) == []
        assert [found.undone_at is None for found in merges(session)] == [False]


# -- old ids and rings ---------------------------------------------------------------------------------------------


def test_a_ring_has_an_end(crm: Crm) -> None:
    a, b, c = (Customer(name=name) for name in "abc")
    with crm.session() as session:
        session.add(a, b, c)
    with crm.session() as session:
        results = merge_many(session, [(b.id, a.id), (c.id, b.id), (a.id, c.id)])
    assert [(r.journal is not None, r.error) for r in results] == [(True, None), (True, None), (False, None)]
    with crm.session(reads=True) as session:
        assert resolve_all(session, "customer", [a.id, b.id, c.id]) == {a.id: c.id, b.id: c.id, c.id: c.id}
        assert set(merged_into(session, Customer, c.id)) == {a.id, b.id}
        assert session.count(Customer) == 1


def test_a_ring_of_merges_and_undoings_has_an_end(crm: Crm) -> None:
    a, b, c = (Customer(name=name) for name in "abc")
    with crm.session() as session:
        session.add(a, b, c)
    first = merged(crm, b.id, a.id)
    undone(crm, first)
    merged(crm, c.id, b.id)
    merged(crm, a.id, c.id)
    with crm.session(reads=True) as session:
        assert resolve_all(session, Customer, [a.id, b.id, c.id]) == {a.id: a.id, b.id: a.id, c.id: a.id}


def test_resolving_survives_a_journal_that_goes_in_circles(crm: Crm) -> None:
    a, b = Customer(name="a"), Customer(name="b")
    with crm.session() as session:
        session.add(a, b)
        session.flush()
        session.add(MergeJournal(entity="customer", kept_id=a.id, lost_id=b.id))
        session.add(MergeJournal(entity="customer", kept_id=b.id, lost_id=a.id))
        session.delete(a, b)
    with crm.session(reads=True) as session:
        assert resolve(session, Customer, a.id) in (a.id, b.id)
        assert merged_into(session, Customer, a.id) == (b.id,)


def test_many_merges_report_each_pair(crm: Crm, twins: Twins) -> None:
    other = make_other(crm)
    groups = [[twins.anna.id, twins.berg.id, other.id], [twins.firm.id, twins.anna.id]]
    with crm.session() as session:
        results = merge_many(session, pairs_of(groups))
    assert [(r.kept_id, r.lost_id, r.journal is not None) for r in results] == [
        (twins.anna.id, twins.berg.id, True),
        (twins.anna.id, other.id, True),
        (twins.firm.id, twins.anna.id, False),
    ]
    assert "of kind organization" in str(results[2].error)
    with crm.session(reads=True) as session:
        assert session.count(Customer) == 2
        assert session.count(ContactPoint, customer_id=twins.anna.id) == 3


def test_many_merges_within_a_command_are_committed_with_it(crm: Crm, twins: Twins) -> None:
    a, b, stranger = twins.anna, twins.berg, twins.firm
    product = Product(sku="tea", name="Tea")
    with crm.session() as session:
        session.add(product)

    class MergeAll:
        def execute(self, ctx: Any) -> list[bool]:
            ctx.session.update(change(ctx.session.get(Product, product.id), name="Green tea"))
            results = merge_many(ctx.session, [(a.id, stranger.id), (a.id, b.id)])
            return [result.error is None for result in results]

    assert crm.submit(MergeAll()).result(60) == [False, True]
    with crm.session(reads=True) as session:
        assert session.get(Product, product.id).name == "Green tea"
        assert merged_into(session, Customer, a.id) == (b.id,)
        assert session.get(Customer, stranger.id).deleted_at is None


# -- other records -------------------------------------------------------------------------------------------------


def test_products_merge_and_the_key_of_the_lost_one_can_be_taken(crm: Crm) -> None:
    old, new = Product(sku="P-1", name="Pump"), Product(sku="P-2", name="Pump 2")
    order = Interaction(kind="purchase", occurred_at=datetime(2024, 1, 1, tzinfo=UTC))
    with crm.session() as session:
        session.add(old, new, order)
        session.add(InteractionLine(interaction_id=order.id, position=1, product_id=old.id))
    before = everything(crm)
    with crm.session() as session:
        journal = merge(session, preview(session, new.id, old.id, {"sku": "lost"}, entity=Product))
    with crm.session(reads=True) as session:
        assert session.get(Product, new.id).sku == "P-1"
        assert session.find(InteractionLine).product_id == new.id
        assert resolve(session, Product, old.id) == new.id
    undone(crm, journal)
    assert everything(crm) == before


def test_relationships_become_one_with_the_steps_of_both(crm: Crm, clock: FixedClock) -> None:
    a, b = Customer(name="A"), Customer(name="B")
    with crm.session() as session:
        ensure_lifecycles(session, crm.lifecycles())
        session.add(a, b)
        session.flush()
        pair = [Relationship(customer_id=one.id) for one in (a, b)]
        session.add(*pair)
        session.flush()
        clock.advance(days=1)
        first = session.find(StageTrack, record_id=pair[0].id)
        track = session.find(StageTrack, record_id=pair[1].id)
        assert first is not None
        assert track is not None
        stage = track.stage
        move(session, pair[1], "interested")
    before = everything(crm)
    journal = merged(crm, a.id, b.id)
    with crm.session(reads=True) as session:
        [one] = session.list(Relationship)
        [kept] = session.list(StageTrack)
        assert (one.id, kept.record_id, kept.stage) == (pair[0].id, one.id, "interested")
        assert session.count(StageTransition, track_id=kept.id) == 3
        assert [interval.stage for interval in history(session, one)] == [stage, "interested"]
    assert undone(crm, journal) == []
    assert everything(crm) == before


def test_consent_after_a_merge_is_undone_stands_where_it_was(crm: Crm, twins: Twins) -> None:
    journal = merged(crm, twins.anna.id, twins.berg.id)
    with crm.session() as session:
        later = grant(session, twins.anna.id, "survey", channel="sms")
    undone(crm, journal)
    with crm.session(reads=True) as session:
        assert session.get(Consent, later.id).customer_id == twins.anna.id
        for one, allowed in ((twins.anna, True), (twins.berg, False)):
            mail = session.find(ContactPoint, customer_id=one.id, kind="email")
            assert can_contact(session, one.id, "email", "newsletter", contact_point=mail.id).allowed is allowed


def test_two_pairs_of_twins_do_not_meet(crm: Crm, twins: Twins) -> None:
    with crm.session() as session:
        session.delete(session.find(Tag, name="vip"))
        for found in session.list(ExternalIdentity):
            session.update(change(found, system="old"))
        session.update(change(session.find(Interaction, subject="Both spoke"), outcome="done"))
        for segment in session.list(crm.registry.get("segment").cls):
            session.update(change(segment, name="old"))
    others = make_twins(crm)
    merged(crm, others.anna.id, others.berg.id)
    with crm.session(reads=True) as session:
        assert session.count(ContactPoint, customer_id=[twins.anna.id, twins.berg.id]) == 3
