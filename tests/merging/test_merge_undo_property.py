"""Any records, any merges: taken back in turn, everything is what it was; meanwhile nothing refers to what is gone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit.core.customer import ContactPoint, Customer, CustomerRelation
from crmkit.core.errors import BadInput, Refused
from crmkit.core.grouping import Tag, Tagging
from crmkit.core.identity import ExternalIdentity
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.merging import generic_reference
from crmkit.runtime.crm import Crm
from crmkit.services.consent import grant
from crmkit.services.merging import merge, preview, resolve_all, undo
from tests.merging.conftest import everything
from tests.tenants import in_a_new_tenant

COUNT = 4
who = st.integers(0, COUNT - 1)
point = st.tuples(st.just("point"), who, st.sampled_from("xyz"), st.booleans(), st.booleans(), st.booleans())
relation = st.tuples(st.just("relation"), who, who, st.sampled_from(["supplier_of", "referred_by", "spouse_of"]))
participant = st.tuples(st.just("participant"), who, st.integers(0, 1), st.sampled_from(["customer", "copy"]))
tagging = st.tuples(st.just("tagging"), who, st.integers(0, 1), st.booleans())
identity = st.tuples(st.just("identity"), who, st.integers(0, 2))
things = st.lists(st.one_of(point, relation, participant, tagging, identity), max_size=14, unique_by=lambda t: t[:4])
text = st.sampled_from(["", "a", "b"])
people = st.lists(
    st.fixed_dictionaries({"nickname": text, "country": st.sampled_from(["", "DE", "FR"])}),
    min_size=COUNT,
    max_size=COUNT,
)
merges = st.lists(st.tuples(who, who, st.sampled_from(["kept", "lost"])), min_size=1, max_size=5)


@settings(
    max_examples=settings.default.max_examples // 10,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(people=people, things=things, merges=merges)
def test_merges_taken_back_in_turn_leave_no_trace(
    crm: Crm, people: list[dict[str, str]], things: list[Any], merges: list[tuple[int, int, str]]
) -> None:
    in_a_new_tenant(crm)
    ids = fill(crm, people, things)
    states: list[tuple[Any, Any]] = []
    for kept, lost, side in merges:
        before = everything(crm)
        try:
            with crm.session() as session:
                journal = merge(session, preview(session, ids[kept], ids[lost], {"nickname": side}))
        except (Refused, BadInput):
            # A circle of relations, or one record by now: nothing happened.
            assert everything(crm) == before
            continue
        states.append((journal, before))
        assert dangling(crm) == []
        with crm.session(reads=True) as session:
            living = {customer.id for customer in session.list(Customer)}
            assert set(resolve_all(session, Customer, ids).values()) == living
    for journal, before in reversed(states):
        with crm.session() as session:
            assert undo(session, journal.id).left == ()
        assert everything(crm) == before


def fill(crm: Crm, people: list[dict[str, str]], things: list[Any]) -> list[Any]:
    customers = [Customer(name=f"Customer {number}", **values) for number, values in enumerate(people)]
    ids = [customer.id for customer in customers]
    at = datetime(2024, 1, 1, tzinfo=UTC)
    with crm.session() as session:
        calls, tags = [Interaction(kind="call", occurred_at=at) for _ in "12"], [Tag(name=name) for name in "12"]
        session.add(*customers, *calls, *tags)
        session.flush()
        seen: set[Any] = set()
        for what, one, *rest in things:
            if what == "point":
                word, verified, deleted, asked = rest
                made = ContactPoint(customer_id=ids[one], kind="email", value=f"{word}@example.com", verified=verified)
                if (one, word) in seen:
                    continue
                seen.add((one, word))
                session.add(made)
                session.flush()
                if asked:
                    grant(session, ids[one], "newsletter", channel="email", contact_point=made.id)
                elif deleted:
                    session.delete(session.get(ContactPoint, made.id))
            elif what == "relation":
                other, kind = rest
                # Smaller to greater, so that there is no circle to begin with.
                if one < other:
                    session.add(CustomerRelation(from_id=ids[one], to_id=ids[other], type=kind))
            elif what == "participant":
                call, role = rest
                session.add(InteractionParticipant(interaction_id=calls[call].id, customer_id=ids[one], role=role))
            elif what == "tagging" and (one, rest[0], "tag") not in seen:
                seen.add((one, rest[0], "tag"))
                session.add(Tagging(tag_id=tags[rest[0]].id, entity="customer", record_id=ids[one]))
            elif what == "identity" and rest[0] not in seen:
                seen.add(rest[0])
                session.add(
                    ExternalIdentity(system="s", external_id=str(rest[0]), entity="customer", record_id=ids[one])
                )
    return ids


def dangling(crm: Crm) -> list[Any]:
    """Return living records that refer to a customer that is gone, or to a contact point that is."""
    found: list[Any] = []
    with crm.session(reads=True) as session:
        for target in ("customer", "contact_point"):
            cls = crm.registry.get(target).cls
            gone = {record.id for record in session.list(cls, deleted=True) if record.deleted_at is not None}
            for info, field in crm.registry.references_to(target):
                if not field.custom and info.editable:
                    found += [r.id for r in session.list(info.cls) if getattr(r, field.name) in gone]
            if target == "customer":
                for info in crm.registry:
                    generic = generic_reference(info)
                    if generic is not None:
                        found += [r.id for r in session.list(info.cls) if r.record_id in gone]
    return found
