"""Erasing a person: by the policy of each field, all at once, with what was merged, and what must stay."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import attrs
import pytest

from crmkit.core.customer import ContactPoint, Customer, CustomerRelation
from crmkit.core.entity import change
from crmkit.core.errors import AccessDenied, BadInput, Conflict, NotFound, Refused
from crmkit.core.identity import ExternalIdentity, IdentityClaim
from crmkit.core.interaction import Attachment, Interaction, InteractionLine, InteractionParticipant
from crmkit.core.lifecycle import Relationship, StageTrack, StageTransition
from crmkit.core.personal_data import Erasure, KeepRule, PersonalDataSettings
from crmkit.core.product import Asset, Product
from crmkit.core.values.clock import FixedClock
from crmkit.core.values.money import Money
from crmkit.hooks.personal_data import CustomersErased, Erasing
from crmkit.plugin import Refuse, hookimpl, msg
from crmkit.runtime.crm import Crm
from crmkit.services.consent import can_contact
from crmkit.services.history import HistoryErased, as_of
from crmkit.services.importing.reverting import revert_import
from crmkit.services.merging import merge, undo
from crmkit.services.merging import preview as preview_merge
from crmkit.services.personal_data import complete, erase, erasure_of, hold, preview, release
from tests.personal_data.conftest import OpenCrm
from tests.personal_data.world import Account, Card, Entry, Note, Receipt, Seller, Trip, World, imported, make_world
from tests.store.staff import make_staff

INVOICES = KeepRule(
    name="invoices", entity="interaction", filter="kind = purchase", period="10 years", since="occurred_at"
)


def erased(crm: Crm, customer: UUID, **options: Any) -> Erasure:
    with crm.session() as s:
        return erase(s, customer, "request", attachments=lambda: crm.attachments, **options)


def one(crm: Crm, entity: type[Any], **equal: Any) -> Any:
    with crm.session(reads=True) as s:
        (found,) = s.list(entity, deleted=True, **equal)
        return found


# -- what goes --------------------------------------------------------------------------------------------------------


def test_a_preview_says_what_will_go_and_changes_nothing(crm: Crm, world: World) -> None:
    with crm.session(reads=True) as s:
        plan = preview(s, world.anna)
    counts = plan.counts
    assert counts["customer"] == {"delete": 1}
    assert counts["contact_point"] == {"delete": 3}
    assert counts["club_entry"] == {"delete": 1}
    assert counts["club_card"] == {"anonymise": 1}
    assert counts["interaction"] == {"anonymise": 3, "redact": 1}
    assert (plan.files, plan.merges, plan.allowed, len(plan.claims)) == (1, 0, True, 1)
    assert {(stay.entity, stay.count) for stay in plan.staying} >= {("club_receipt", 1), ("interaction", 1)}
    assert one(crm, Customer, id=world.anna).name == "Anna Berg"
    done = erased(crm, world.anna)
    assert done.counts == {entity: dict(fates) for entity, fates in counts.items()}


def test_each_field_says_what_becomes_of_its_record(crm: Crm, world: World) -> None:
    erased(crm, world.anna)
    gone = one(crm, Customer, id=world.anna)
    assert (gone.name, gone.given_name, gone.industry, gone.employees, dict(gone.custom)) == (
        "erased",
        "",
        "",
        None,
        {},
    )
    assert gone.deleted_at is not None
    account, card = one(crm, Account, customer_id=world.anna), one(crm, Card, customer_id=world.anna)
    assert (account.deleted_at is not None, account.level) == (True, "gold")
    assert (account.number.startswith("erased"), one(crm, Entry, account_id=account.id).text) == (True, "")
    assert (card.deleted_at, card.pin, card.points, dict(card.details), card.words) == (None, 0, 7, {}, ())
    assert card.name == f"erased {card.id}"
    assert one(crm, Receipt, customer_id=world.anna).name == "receipt"
    seller, pump = one(crm, Seller, name="Rita"), one(crm, Product, sku="P")
    assert (seller.won_by_id, dict(pump.custom)) == (None, {})
    asset = one(crm, Asset, customer_id=world.anna)
    assert (asset.name, asset.serial_number, dict(asset.custom)) == ("erased", "", {"site": "north", "floors": 3})
    assert one(crm, Note, record_id=asset.id).text == ""
    with crm.session(reads=True) as s:
        trips = {trip.name: trip.price for trip in s.list(Trip)}
    assert trips == {"erased": Money.of(10, "EUR"), "to Rome": Money.of(10, "EUR")}


def test_a_record_loses_each_of_several_references(crm: Crm, world: World) -> None:
    with crm.session() as s:
        both = Seller(name="Both", won_by_id=world.anna, praised_by_id=world.anna)
        s.add(both)
    erased(crm, world.anna)
    loose = one(crm, Seller, id=both.id)
    assert (loose.name, loose.won_by_id, loose.praised_by_id) == ("Both", None, None)


def test_nothing_of_anybody_else_is_touched(crm: Crm, world: World, open_crm: OpenCrm) -> None:
    twin = open_crm(tenant=uuid4().hex)
    other = make_world(twin)
    with crm.session(reads=True) as s:
        before = {
            (type(r), r.id): r
            for info in crm.registry
            if info.editable
            for r in s.list(info.cls, deleted=True)
            if getattr(r, "customer_id", None) in (world.berg, world.carl) or r.id in (world.berg, world.carl)
        }
    erased(crm, world.anna)
    with crm.session(reads=True) as s:
        for (cls, id), record in before.items():
            assert s.list(cls, id=id, deleted=True) == [record]
    assert one(twin, Customer, id=other.anna).name == "Anna Berg"
    with twin.session(reads=True) as s:
        assert s.count(Interaction) == 4


def test_history_and_stages_stay_as_figures(crm: Crm, world: World, clock: FixedClock) -> None:
    relationship = one(crm, Relationship, customer_id=world.anna)
    track = one(crm, StageTrack, record_id=relationship.id)
    before = clock.now()
    clock.advance(days=1)
    erased(crm, world.anna)
    assert one(crm, StageTrack, id=track.id).stage == track.stage
    step = one(crm, StageTransition, track_id=track.id)
    assert (step.to_stage, step.reason, step.deleted_at) == (track.stage, "", None)
    with crm.session(reads=True) as s, pytest.raises(HistoryErased):
        as_of(s, Asset, one(crm, Asset, customer_id=world.anna).id, before)


def test_whoever_is_erased_is_not_written_to(crm: Crm, world: World) -> None:
    erased(crm, world.anna)
    with crm.session(reads=True) as s:
        with pytest.raises(NotFound):
            s.get(Customer, world.anna)
        assert s.list(ContactPoint, customer_id=world.anna) == []
        with pytest.raises(NotFound):
            can_contact(s, world.anna, "email", "newsletter")


# -- shared ------------------------------------------------------------------------------------------------------------


def test_what_others_took_part_in_loses_names_and_addresses(crm: Crm, world: World) -> None:
    erased(crm, world.anna)
    meeting = one(crm, Interaction, id=world.meeting)
    assert (meeting.subject, meeting.body, meeting.deleted_at) == ("[…] and Carl", "call […]", None)
    with crm.session(reads=True) as s:
        who = {p.customer_id for p in s.list(InteractionParticipant, interaction_id=world.meeting)}
    assert who == {world.anna, world.carl}
    mail = one(crm, Interaction, id=world.mail)
    assert (mail.subject, mail.body, mail.external_key, mail.outcome, mail.kind) == ("", "", "", "", "email")


def test_what_others_took_part_in_can_be_cleared(crm: Crm, world: World) -> None:
    erased(crm, world.anna, shared="clear")
    meeting = one(crm, Interaction, id=world.meeting)
    assert (meeting.subject, meeting.body) == ("", "")


def test_the_last_who_is_erased_takes_the_text_along(crm: Crm, world: World) -> None:
    erased(crm, world.anna)
    erased(crm, world.carl)
    assert one(crm, Interaction, id=world.meeting).subject == ""


# -- attachments -------------------------------------------------------------------------------------------------------


def test_a_file_goes_unless_somebody_else_has_it_too(crm: Crm, world: World) -> None:
    with crm.session() as s:
        services = crm.services_for(s)
        carls = services.log("note", participants=[world.carl]).interaction
        s.flush()
        shared = services.attach(carls, "copy.txt", b"a letter")
    erased(crm, world.anna)
    tenant = crm.system.tenant_id
    assert crm.attachments.contents.get(tenant, shared.sha256) == b"a letter"
    with crm.session(reads=True) as s:
        (gone,) = [a for a in s.list(Attachment, deleted=True) if a.id != shared.id]
    assert (gone.sha256, gone.filename, gone.size) == ("", "erased", 0)
    erased(crm, world.carl)
    assert list(crm.attachments.contents.kept(tenant)) == []


# -- merged -------------------------------------------------------------------------------------------------------------


def test_who_was_merged_goes_with_the_customer_and_no_undo_brings_anybody_back(crm: Crm, world: World) -> None:
    with crm.session() as s:
        journal = merge(s, preview_merge(s, world.anna, world.berg))
    with crm.session(reads=True) as s:
        plan = preview(s, world.berg)
        assert (plan.customer.id, plan.customers, plan.merges) == (world.anna, (world.anna, world.berg), 1)
    done = erased(crm, world.berg)
    assert (done.customer_id, done.predecessors) == (world.anna, (str(world.berg),))
    lost = one(crm, Customer, id=world.berg)
    assert (lost.name, lost.description) == ("erased", "")
    with crm.session() as s, pytest.raises(Conflict, match="was erased; it cannot be undone"):
        undo(s, journal.id)
    with crm.session() as s:
        assert erasure_of(s, world.berg) == erasure_of(s, world.anna) == s.get(Erasure, done.id)
    for id in (world.anna, world.berg):
        with pytest.raises(Refused), crm.session() as s:
            s.restore(Customer, id)


def test_another_merge_is_undone_without_the_erased(crm: Crm, world: World) -> None:
    with crm.session() as s:
        again = Customer(name="Firma AG", kind="organization", industry="Trade")
        s.add(again)
    with crm.session() as s:
        journal = merge(s, preview_merge(s, again.id, world.firm))
    erased(crm, world.anna)
    with crm.session() as s:
        undo(s, journal.id)
    with crm.session(reads=True) as s:
        assert s.get(Customer, world.firm).name == "Firm AG"
        (left,) = s.list(CustomerRelation)
        assert (left.from_id, left.to_id) == (world.berg, world.firm)
        mine = s.list(CustomerRelation, deleted=True, from_id=world.anna)
    assert [(r.title, r.deleted_at is not None) for r in mine] == [("", True)]


# -- who may, and when not --------------------------------------------------------------------------------------------


def test_erasing_is_a_right_of_its_own(crm: Crm, world: World) -> None:
    staff = make_staff(crm)
    for login, grants in (
        ("anna", [("*", "read", "all")]),
        ("ben", [("*", "read", "all"), ("customer", "delete", "all")]),
    ):
        actor = staff.actor(login, *grants)
        with crm.session(actor) as s:
            for call in (lambda s=s: preview(s, world.anna), lambda s=s: erase(s, world.anna, "request")):
                with pytest.raises(AccessDenied, match="may not erase"):
                    call()
    officer = staff.actor("cleo", ("customer", "read", "all"), ("customer", "erase", "all"))
    with crm.session(officer) as s:
        done = erase(s, world.anna, "request", attachments=lambda: crm.attachments)
    assert done.created_by == officer.user_id
    # What the officer may not read went as well.
    assert one(crm, Interaction, id=world.mail).subject == ""


def test_an_erasure_has_a_reason_and_happens_once(crm: Crm, world: World) -> None:
    with crm.session() as s:
        with pytest.raises(BadInput, match="needs a reason"):
            erase(s, world.anna, " ")
        with pytest.raises(NotFound):
            erase(s, uuid4(), "request")
    erased(crm, world.anna)
    with crm.session() as s:
        for again in (lambda: preview(s, world.anna), lambda: erase(s, world.anna, "request")):
            with pytest.raises(Conflict, match="was erased on 2026-03-15"):
                again()


def test_a_deleted_customer_is_erased_too(crm: Crm, world: World) -> None:
    with crm.session() as s:
        s.delete(s.get(Customer, world.anna))
    erased(crm, world.anna)
    assert one(crm, Customer, id=world.anna).name == "erased"


def test_a_legal_hold_keeps_everything(crm: Crm, world: World, clock: FixedClock) -> None:
    with crm.session() as s:
        with pytest.raises(BadInput, match="needs a reason"):
            hold(s, s.get(Customer, world.anna), "")
        with pytest.raises(BadInput, match="has passed already"):
            hold(s, s.get(Customer, world.anna), "lawsuit 7", clock.now())
        held = hold(s, s.get(Customer, world.anna), "lawsuit 7", clock.now() + timedelta(days=9))
    with crm.session(reads=True) as s:
        assert [str(reason) for reason in preview(s, world.anna).blocked] == ["legal hold: lawsuit 7"]
    with crm.session() as s, pytest.raises(Refused, match="legal hold: lawsuit 7"):
        erase(s, world.anna, "request")
    assert one(crm, Customer, id=world.anna).name == "Anna Berg"
    with crm.session() as s:
        release(s, held)
    with crm.session(reads=True) as s:
        assert preview(s, world.anna).allowed


def test_a_hold_on_one_record_keeps_that_with_its_parts(crm: Crm, world: World) -> None:
    with crm.session() as s:
        hold(s, s.get(Interaction, world.mail), "evidence")
    done = erased(crm, world.anna)
    assert done.kept_until is None
    mail = one(crm, Interaction, id=world.mail)
    assert (mail.subject, one(crm, Attachment).filename) == ("Hello", "letter.txt")
    assert one(crm, Customer, id=world.anna).name == "erased"


def test_a_rule_keeps_invoices_and_completing_the_erasure_takes_them(crm: Crm, world: World, clock: FixedClock) -> None:
    settings = PersonalDataSettings(keep=(INVOICES,))
    done = erased(crm, world.anna, settings=settings)
    assert done.kept_until == datetime(2036, 3, 15, 12, tzinfo=UTC)
    line = one(crm, InteractionLine)
    assert line.description == "with box"
    with crm.session(reads=True) as s:
        addresses = {p.address for p in s.list(InteractionParticipant, customer_id=world.anna)}
    assert addresses == {"", "counter"}
    clock.set(datetime(2036, 3, 16, tzinfo=UTC))
    with crm.session() as s:
        finished = complete(s, s.get(Erasure, done.id), settings=settings)
    assert finished.kept_until is None
    assert one(crm, InteractionLine).description == ""


# -- plugins ------------------------------------------------------------------------------------------------------------


@attrs.define
class Watcher:
    """Refuses while a contract is open, clears a note of its own, hears of erasures."""

    open: bool = False
    asked: list[Erasing] = attrs.field(factory=list)
    heard: list[CustomersErased] = attrs.field(factory=list)
    note: Any = None

    @hookimpl
    def guard_erasure(self, ctx: Any, call: Erasing) -> Iterator[Refuse]:
        self.asked.append(call)
        if self.open:
            yield Refuse(msg("a service contract is open"))

    @hookimpl
    def derive_erasure(self, ctx: Any, call: Erasing) -> list[Any]:
        return [change(ctx.session.get(Seller, self.note), name="somebody")] if self.note else []

    @hookimpl
    def after_customers_erased_committed(self, ctx: Any, call: CustomersErased) -> None:
        self.heard.append(call)


def test_plugins_refuse_adapt_and_hear(open_crm: OpenCrm, clock: FixedClock) -> None:
    watcher = Watcher(open=True)
    crm = open_crm(watcher)
    world = make_world(crm)
    with crm.session(reads=True) as s:
        plan = preview(s, world.anna, "request")
        (reason,) = plan.blocked
        assert str(reason).endswith("a service contract is open")
    with crm.session() as s, pytest.raises(Refused, match="a service contract is open"):
        erase(s, world.anna, "request")
    assert one(crm, Customer, id=world.anna).name == "Anna Berg"
    watcher.open, watcher.note = False, one(crm, Seller, name="Rita").id
    before = clock.now()
    clock.advance(days=1)
    done = erased(crm, world.anna)
    assert one(crm, Seller, id=watcher.note).name == "somebody"
    with crm.session(reads=True) as s, pytest.raises(HistoryErased):
        as_of(s, Seller, watcher.note, before)
    crm.drain()
    assert [[e.erasure_id for e in call.erased] for call in watcher.heard] == [[done.id]]
    assert watcher.heard[0].erased[0].customers == (world.anna,)
    assert watcher.asked[-1].counts["customer"] == {"delete": 1}


class Stubborn:
    """Refuses every change of an asset."""

    refuses = False

    @hookimpl(entities=("asset",))
    def guard_records(self, ctx: Any, call: Any) -> list[Refuse]:
        return [Refuse(msg("assets are frozen"))] if self.refuses else []


def test_an_erasure_that_is_refused_half_way_leaves_everything(open_crm: OpenCrm) -> None:
    stubborn = Stubborn()
    crm = open_crm(stubborn)
    world = make_world(crm)
    stubborn.refuses = True
    with crm.session() as s, pytest.raises(Refused, match="assets are frozen"):
        erase(s, world.anna, "request", attachments=lambda: crm.attachments)
    assert one(crm, Customer, id=world.anna).name == "Anna Berg"
    assert one(crm, Interaction, id=world.mail).subject == "Hello"
    assert len(list(crm.attachments.contents.kept(crm.system.tenant_id))) == 1
    with crm.session(reads=True) as s:
        assert s.list(Erasure) == []


# -- afterwards --------------------------------------------------------------------------------------------------------


def test_an_import_is_taken_back_around_the_erased(crm: Crm, tmp_path: Any) -> None:
    imported(crm, tmp_path, "1,Anna Berg,anna@example.com,x", "2,Bert Ohm,bert@example.com,y")
    anna = one(crm, Customer, name="Anna Berg")
    erased(crm, anna.id)
    report = revert_import(crm, crm.system, "last")
    assert report.conflicts == 0
    with crm.session(reads=True) as s:
        assert s.count(Customer) == 0
    assert one(crm, Customer, id=anna.id).name == "erased"


def test_claims_that_may_be_the_customer_are_emptied(crm: Crm, world: World) -> None:
    with crm.session(reads=True) as s:
        assert [c["customer_id"] for claim in s.list(IdentityClaim, state="open") for c in claim.candidates] == [
            str(world.anna)
        ]
    erased(crm, world.anna)
    with crm.session(reads=True) as s:
        assert s.list(IdentityClaim, state="open") == []
        assert [claim.candidates for claim in s.list(IdentityClaim, state="dismissed")] == [()]
        assert s.list(ExternalIdentity, record_id=world.anna) == []
