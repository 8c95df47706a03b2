"""Records that do no more than follow are written as sets: what comes of it is what comes of writing them one by one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit.core.access import system_actor, tenant_id
from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.errors import AccessDenied, BadInput, Refused, ValidationFailed
from crmkit.core.grouping import Tag
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.journal import AuditEntry, Event, MergeJournal
from crmkit.core.staff import User
from crmkit.core.values.clock import FixedClock
from crmkit.hooks.records import RecordBatch
from crmkit.plugin import Part, Refuse, Via, change, entity, field, hookimpl, msg
from crmkit.runtime.crm import Crm
from crmkit.services.merging import merge, planning, preview, undo, undoing
from crmkit.services.merging.images import read_images
from crmkit.store.repointing import Use, referring, repoint
from crmkit.store.session import Session
from tests.conftest import KeptDatabase, OpenCrm
from tests.merging.conftest import everything
from tests.merging.test_merge_undo_property import fill, merges, people, things, who
from tests.tenants import in_a_new_tenant

AT = datetime(2024, 1, 1, tzinfo=UTC)


@entity("deal", plugin="deals", access=Via("customer_id"), title="word")
class Deal(Part):
    """Refers to customers twice, without a key."""

    customer_id: UUID = field(reference="customer", merge="repoint", erase="delete")
    partner_id: UUID | None = field(default=None, reference="customer", merge="repoint", erase="clear")
    word: str = field(default="")


@entity("account", plugin="deals", access=Via("customer_id"), title="word", unique=(("customer_id", "word"),))
class Account(Part):
    """One for each customer and word."""

    customer_id: UUID = field(reference="customer", merge="union", erase="delete")
    word: str = field(default="")


@entity(
    "entry", plugin="deals", access=Via("customer_id"), title="word", unique=(("customer_id", "account_id", "word"),)
)
class Entry(Part):
    """Has a key of two references, both of which may follow."""

    customer_id: UUID = field(reference="customer", merge="repoint", erase="delete")
    account_id: UUID = field(reference="account")
    word: str = field(default="")


@entity("receipt", plugin="deals", access=Via("customer_id"), title="word", unique=(("account_id", "word"),))
class Receipt(Part):
    """Follows the customer without a key, and the account with one."""

    customer_id: UUID = field(reference="customer", merge="repoint", erase="delete")
    account_id: UUID = field(reference="account")
    word: str = field(default="")


class Deals:
    """Brings records that refer to customers."""

    @hookimpl
    def register_entities(self, ctx: Any, call: Any) -> list[type]:
        return [Deal, Account, Entry, Receipt]


class Onlooker:
    """Asks to see participants, and refuses one."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, int]] = []

    @hookimpl(entities=("interaction_participant",))
    def derive_records(self, ctx: Any, call: RecordBatch) -> None:
        self.seen.append(("derive", len(call.changes)))

    @hookimpl(entities=("interaction_participant",))
    def guard_records(self, ctx: Any, call: RecordBatch) -> Iterator[Refuse]:
        self.seen.append(("guard", len(call.changes)))
        if any(c.after.address == "never" for c in call.changes):
            yield Refuse(msg("never"))


class Roles:
    """Gives what a customer takes part in another role when the customer gets to be in Germany."""

    @hookimpl(entities=("customer",))
    def derive_records(self, ctx: Any, call: RecordBatch) -> list[Any]:
        ids = [c.after.id for c in call.changes if c.before is not None and c.before.country != c.after.country == "DE"]
        found = ctx.session.peek_all(InteractionParticipant, "customer_id", ids) if ids else []
        return [change(one, role="regular") for one in found if one.role == "guest"]


@pytest.fixture(params=["sqlite", "postgresql"])
def crm(request: pytest.FixtureRequest, clock: FixedClock, kept_database: KeptDatabase, kept_open: OpenCrm) -> Crm:
    crm = in_a_new_tenant(kept_open(kept_database(request.param, "deals"), Deals()))
    crm.clock = clock
    return crm


@contextmanager
def one_by_one() -> Iterator[None]:
    """Within, every record is looked at."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (planning, undoing):
            patch.setattr(module, "unseen", lambda *_: False)
        yield


def outcome(crm: Crm, session: Session, known: set[UUID], journal: MergeJournal) -> dict[str, Any]:
    """Return everything that stands in the database and is new in the log, but for ids and order of what is new."""
    records = {
        info.name: {
            r.id: tuple(getattr(r, f.name) for f in info.stored)
            for r in session.list(info.cls, deleted=True)
            if r.id != journal.id
        }
        for info in crm.registry
        if info.editable
    }
    entries = {e.id: e for e in session.list(AuditEntry) if e.id not in known and e.record_id != journal.id}
    events = {e.id: e for e in session.list(Event) if e.id not in known and e.record_id != journal.id}
    assert entries.keys() == events.keys()
    log = sorted(
        (e.entity, str(e.record_id), e.version, e.action, events[id].type, str(e.delta), e.plugin, str(e.actor_id))
        for id, e in entries.items()
    )
    images = {(i.entity, i.id): frozenset(map(repr, i.fields)) for i in read_images(journal.images)}
    return {"records": records, "log": log, "images": images}


def compared(crm: Crm, work: Any) -> None:
    """Do ``work`` in both ways, each taken back, and see that the outcomes are the same."""
    outcomes = []
    for way in (contextmanager(lambda: iter([None])), one_by_one):
        with way(), crm.session() as session:
            known = {e.id for e in session.list(AuditEntry)}
            try:
                journal = work(session)
                session.flush()
                session.work.forget()
                outcomes.append(outcome(crm, session, known, journal))
            except (Refused, BadInput, ValidationFailed) as error:
                outcomes.append({"error": str(error)})
            session.rollback()
    assert outcomes[0] == outcomes[1]


deal = st.tuples(st.just("deal"), who, st.one_of(st.none(), who), st.sampled_from("xy"))
account = st.tuples(st.just("account"), who, st.sampled_from("xy"), st.booleans())
entry = st.tuples(st.just("entry"), who, who, st.sampled_from("xy"))
receipt = st.tuples(st.just("receipt"), who, who, st.sampled_from("xy"))
more = st.lists(st.one_of(deal, account, entry, receipt), max_size=14, unique_by=lambda t: t[:4])


@settings(
    max_examples=settings.default.max_examples // 10,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(people=people, things=things, more=more, merges=merges)
def test_sets_and_single_records_come_to_the_same(
    crm: Crm, people: list[dict[str, str]], things: list[Any], more: list[Any], merges: list[tuple[int, int, str]]
) -> None:
    in_a_new_tenant(crm)
    ids = fill(crm, people, things)
    add(crm, ids, more)
    done: list[tuple[UUID, Any]] = []
    for kept, lost, _ in merges:

        def work(session: Session, pair: tuple[UUID, UUID] = (ids[kept], ids[lost])) -> MergeJournal:
            return merge(session, preview(session, *pair))

        compared(crm, work)
        before = everything(crm)
        try:
            with crm.session() as session:
                done.append((work(session).id, before))
        except (Refused, BadInput):
            continue
    for id, before in reversed(done):
        compared(crm, lambda session, id=id: undo(session, id).journal)
        with crm.session() as session:
            assert undo(session, id).left == ()
        assert everything(crm) == before


def add(crm: Crm, ids: list[UUID], more: list[Any]) -> None:
    accounts: list[Account] = []
    with crm.session() as session:
        for what, one, *rest in more:
            if what == "deal":
                other, word = rest
                partner = None if other is None else ids[other]
                session.add(Deal(customer_id=ids[one], partner_id=partner, word=word))
            elif what == "account" and (ids[one], rest[0]) not in [(a.customer_id, a.word) for a in accounts]:
                accounts.append(Account(customer_id=ids[one], word=rest[0]))
                session.add(accounts[-1])
        session.flush()
        receipts = set()
        for what, one, *rest in more:
            if what in ("entry", "receipt") and accounts:
                place, word = rest
                account = accounts[place % len(accounts)].id
                if what == "entry":
                    if session.find(Entry, customer_id=ids[one], account_id=account, word=word) is None:
                        session.add(Entry(customer_id=ids[one], account_id=account, word=word))
                elif (account, word) not in receipts:
                    receipts.add((account, word))
                    session.add(Receipt(customer_id=ids[one], account_id=account, word=word))


def scene(crm: Crm, count: int = 3) -> tuple[Customer, Customer, list[InteractionParticipant]]:
    """Return two customers, and the participations of the second one."""
    kept, lost = Customer(name="Kept"), Customer(name="Lost")
    calls = [Interaction(kind="call", status="planned", occurred_at=AT) for _ in range(count)]
    found = [InteractionParticipant(interaction_id=call.id, customer_id=lost.id, role="guest") for call in calls]
    with crm.session() as session:
        session.add(kept, lost, *calls, *found)
    return kept, lost, found


def test_the_key_of_what_followed_another_reference_is_known(crm: Crm) -> None:
    """One record gets a key with the first reference, another the same key with the second one, a step later."""
    kept, lost, _ = scene(crm)
    accounts = [Account(customer_id=one.id, word="x") for one in (kept, lost)]
    with crm.session() as session:
        session.add(*accounts)
        session.flush()
        session.add(Entry(customer_id=lost.id, account_id=accounts[0].id, word="same"))
        session.add(Entry(customer_id=kept.id, account_id=accounts[1].id, word="same"))
    before = everything(crm)
    with crm.session() as session:
        journal = merge(session, preview(session, kept.id, lost.id))
        [one] = session.list(Entry)
        assert (one.customer_id, one.account_id) == (kept.id, accounts[0].id)
    with crm.session() as session:
        assert undo(session, journal.id).left == ()
    assert everything(crm) == before


def test_what_the_session_saw_before_is_read_anew(crm: Crm) -> None:
    kept, lost, found = scene(crm)
    with crm.session() as session:
        seen = session.get(InteractionParticipant, found[0].id)
        journal = merge(session, preview(session, kept.id, lost.id))
        assert seen.customer_id == lost.id
        now = session.get(InteractionParticipant, found[0].id)
        assert (now.customer_id, now.version) == (kept.id, 2)
        assert undo(session, journal.id).restored == len(found) + 1
        assert session.get(InteractionParticipant, found[0].id).customer_id == lost.id


def test_who_listens_sees_all_of_them(database_url: str) -> None:
    onlooker = Onlooker()
    with Crm.open(database_url, plugins=[Deals(), onlooker]) as crm:
        kept, lost, found = scene(crm)
        onlooker.seen.clear()
        with crm.session() as session:
            journal = merge(session, preview(session, kept.id, lost.id))
        assert onlooker.seen == [("derive", 3), ("guard", 3)]
        onlooker.seen.clear()
        with crm.session() as session:
            undo(session, journal.id)
        assert onlooker.seen == [("derive", 3), ("guard", 3)]
        with pytest.raises(Refused, match="never"), crm.session() as session:
            session.update(change(session.get(InteractionParticipant, found[0].id), address="never"))


def test_what_a_hook_changes_of_a_follower_is_taken_back_with_the_rest(database_url: str) -> None:
    with Crm.open(database_url, plugins=[Deals(), Roles()]) as crm:
        kept, lost, found = scene(crm)
        with crm.session() as session:
            session.update(change(session.get(Customer, lost.id), country="DE"))
        with crm.session() as session:
            for one in session.list(InteractionParticipant):
                session.update(change(one, role="guest"))
        before = everything(crm)
        with crm.session() as session:
            journal = merge(session, preview(session, kept.id, lost.id))
        with crm.session(reads=True) as session:
            after = session.list(InteractionParticipant)
            assert {(one.customer_id, one.role) for one in after} == {(kept.id, "regular")}
        with crm.session() as session:
            report = undo(session, journal.id)
        assert (report.left, report.restored) == ((), len(found) + 2)
        assert everything(crm) == before


def test_what_was_changed_since_stays_and_is_named(crm: Crm) -> None:
    kept, lost, found = scene(crm)
    third = Customer(name="Third")
    with crm.session() as session:
        journal = merge(session, preview(session, kept.id, lost.id))
        session.add(third)
        session.flush()
        session.update(change(session.get(InteractionParticipant, found[0].id), customer_id=third.id))
        session.update(change(session.get(InteractionParticipant, found[1].id), address="x@example.com"))
    with crm.session() as session:
        report = undo(session, journal.id)
        assert [(left.entity, left.record_id, left.fields) for left in report.left] == [
            ("interaction_participant", found[0].id, ("customer_id",))
        ]
        assert report.restored == len(found)
    with crm.session(reads=True) as session:
        now = [session.get(InteractionParticipant, one.id) for one in found]
        assert [one.customer_id for one in now] == [third.id, lost.id, lost.id]
        assert now[1].address == "x@example.com"


def test_a_merge_that_fails_late_leaves_what_was_written_before_it(crm: Crm) -> None:
    kept, lost, _ = scene(crm)
    before = everything(crm)
    with crm.session() as session:
        session.add(Tag(name="earlier"))
        with pytest.raises(ValidationFailed, match=r"customer\.country"):
            merge(session, preview(session, kept.id, lost.id, {"country": "nowhere"}))
        session.add(Tag(name="later"))
    after = everything(crm)
    assert {tag["name"] for tag in after.pop("tag").values()} == {"earlier", "later"}
    assert after == {name: records for name, records in before.items() if name != "tag"}
    with crm.session(reads=True) as session:
        assert session.count(AuditEntry, entity="interaction_participant", action="updated") == 0


def test_an_undo_that_fails_leaves_what_was_written_before_it(crm: Crm, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, lost, _ = scene(crm)
    with crm.session() as session:
        journal = merge(session, preview(session, kept.id, lost.id))
    before = everything(crm)

    def fails(*_: Any) -> Any:
        raise Refused("test", msg("no"), [])

    with crm.session() as session:
        session.add(Tag(name="earlier"))
        with monkeypatch.context() as patch:
            patch.setattr(undoing, "_restored", fails)
            with pytest.raises(Refused):
                undo(session, journal.id)
    after = everything(crm)
    assert [tag["name"] for tag in after.pop("tag").values()] == ["earlier"]
    assert after == {name: records for name, records in before.items() if name != "tag"}


def test_deleted_records_follow_too(crm: Crm) -> None:
    kept, lost, found = scene(crm)
    with crm.session() as session:
        session.delete(session.get(InteractionParticipant, found[0].id))
    with crm.session() as session:
        merge(session, preview(session, kept.id, lost.id))
    with crm.session() as session:
        assert session.restore(InteractionParticipant, found[0].id).customer_id == kept.id


def test_another_tenant_is_left_alone(crm: Crm) -> None:
    kept, lost, found = scene(crm)
    with crm.session() as session:
        merge(session, preview(session, kept.id, lost.id))
    participant = crm.registry.get("interaction_participant")
    crm.system = system_actor(tenant_id(uuid4().hex))
    with crm.session() as session:
        ids = [found[0].id.bytes] if crm.database.dialect == "sqlite" else [found[0].id]
        assert repoint(session, participant, participant.field("customer_id"), kept.id, lost.id, ids) == []


# -- the store's part --------------------------------------------------------------------------------------------


def test_sets_are_written_with_every_right_and_never_by_who_only_reads(crm: Crm) -> None:
    kept, lost, _ = scene(crm)
    info = crm.registry.get("interaction_participant")
    reference = info.field("customer_id")
    with crm.session() as session:
        session.add(User(login="anna", name="Anna"))
    with crm.session(reads=True) as session, pytest.raises(AccessDenied, match="only reads"):
        repoint(session, info, reference, lost.id, kept.id, [])
    with crm.session(crm.actor("anna")) as session, pytest.raises(AccessDenied, match="anna"):
        repoint(session, info, reference, lost.id, kept.id, [])


def test_a_key_that_is_taken_is_told_as_such(crm: Crm) -> None:
    kept, lost, found = scene(crm)
    info = crm.registry.get("interaction_participant")
    with crm.session() as session:
        session.add(InteractionParticipant(interaction_id=found[0].interaction_id, customer_id=kept.id, role="guest"))
    reference = info.field("customer_id")
    with crm.session(reads=True) as session:
        ids = referring(session, Use(info, reference), lost.id)
    with pytest.raises(ValidationFailed, match="interaction_id"), crm.session() as session:
        repoint(session, info, reference, lost.id, kept.id, ids)
    with pytest.raises(ValidationFailed, match="was removed meanwhile"), crm.session() as session:
        repoint(session, info, reference, lost.id, uuid4(), ids)


def test_a_record_changed_meanwhile_follows_as_it_is_by_then(postgres_url: str) -> None:
    """Where nobody looks at the record there is no state of it that could be stale."""
    with Crm.open(postgres_url, plugins=[Deals()]) as crm:
        kept, lost, found = scene(crm)
        errors: list[BaseException] = []

        def merging() -> None:
            try:
                with crm.session() as session:
                    merge(session, preview(session, kept.id, lost.id))
            except BaseException as error:
                errors.append(error)

        merger = threading.Thread(target=merging)
        with crm.session() as session:
            session.update(change(session.get(InteractionParticipant, found[0].id), address="new@example.com"))
            session.flush()
            merger.start()
            waits = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            with crm.database.engine.connect() as connection:
                while connection.scalar(waits) == 0 and merger.is_alive():
                    pass
            assert merger.is_alive()
        merger.join()
        assert errors == []
        with crm.session(reads=True) as session:
            one = session.get(InteractionParticipant, found[0].id)
            assert (one.customer_id, one.address, one.version) == (kept.id, "new@example.com", 3)
            assert session.count(ContactPoint) == 0
            versions = [e.version for e in session.list(AuditEntry, record_id=one.id)]
            assert sorted(versions) == [1, 2, 3]
