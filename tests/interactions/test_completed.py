"""What is completed is not rewritten: people correct it, and the system that it came from mends what it told."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from crmkit.core.customer import ContactPoint
from crmkit.core.entity import change
from crmkit.core.errors import Refused
from crmkit.core.grouping import Tag, Tagging
from crmkit.core.interaction import (
    Attachment,
    Interaction,
    InteractionLine,
    InteractionLink,
    InteractionParticipant,
)
from crmkit.core.journal import AuditEntry
from crmkit.core.product import Product
from crmkit.core.staff import User
from crmkit.core.values.money import Money
from crmkit.runtime.crm import Crm
from crmkit.services.completed_interactions import CONTENT, told_by
from crmkit.services.importing.mapping import read_mapping
from crmkit.services.importing.report import ImportReport
from crmkit.services.importing.running import run_import
from crmkit.services.interactions import Line, correct, log, undo_correction
from crmkit.services.merging import merge, preview, undo
from crmkit.services.personal_data import erase
from tests.interactions.conftest import Add

REFUSED = "is completed and is not rewritten; correct it instead"


@pytest.fixture
def order(crm: Crm, add: Add) -> UUID:
    """A completed purchase of Anna's, as somebody typed it in."""
    with crm.session() as session:
        return log(
            session,
            "purchase",
            participants=[add("Anna Berg", email="anna@example.com")],
            subject="Pumps",
            lines=[Line(description="Pump", quantity=Decimal(2), unit_price=Decimal(10))],
            currency="EUR",
        ).interaction.id


# -- by hand ----------------------------------------------------------------------------------------------------------

REWRITTEN: dict[str, Any] = {
    "kind": "note",
    "direction": "inbound",
    "status": "cancelled",
    "subject": "Other",
    "body": "x",
    "occurred_at": timedelta(days=-1),
    "ended_at": timedelta(hours=1),
    "channel": "shop",
    "external_key": "O-1",
    "money": Money.of(5, "USD"),
    "sum_lines": False,
    "supersedes_id": "",
}


def test_every_field_of_what_happened_is_tried() -> None:
    assert set(REWRITTEN) == set(CONTENT)


@pytest.mark.parametrize("field", CONTENT)
def test_what_happened_is_not_rewritten(crm: Crm, order: UUID, field: str) -> None:
    with crm.session() as session:
        other = log(session, "note").interaction
        session.flush()
        before = session.get(Interaction, order)
        value = other.id if field == "supersedes_id" else REWRITTEN[field]
        value = before.occurred_at + value if isinstance(value, timedelta) else value
        session.update(change(before, **{field: value}))
        with pytest.raises(Refused, match=REFUSED):
            session.flush()
        session.rollback()
        assert session.get(Interaction, order) == before


@pytest.mark.parametrize("status", ["superseded", "planned"])
def test_nobody_supersedes_without_a_correction(crm: Crm, order: UUID, status: str) -> None:
    with crm.session() as session:
        session.update(change(session.get(Interaction, order), status=status))
        with pytest.raises(Refused, match=REFUSED):
            session.flush()
        session.rollback()
        correct(session, order, subject="Two pumps")
        session.update(change(session.get(Interaction, order), status="completed"))
        with pytest.raises(Refused, match="is superseded and is not rewritten"):
            session.flush()
        session.rollback()


def test_lines_are_not_rewritten_either(crm: Crm, order: UUID) -> None:
    with crm.session() as session:
        (line,) = session.list(InteractionLine, interaction_id=order)
    more = InteractionLine(interaction_id=order, position=2, unit_price=Decimal(5))
    for wrong in (change(line, quantity=Decimal(3)), change(line, description="x"), more):
        with crm.session() as session:
            session.stage(wrong)
            with pytest.raises(Refused, match=REFUSED):
                session.flush()
            session.rollback()
    with crm.session() as session:
        session.delete(session.get(InteractionLine, line.id))
        with pytest.raises(Refused, match=REFUSED):
            session.flush()
        session.rollback()
        assert session.get(Interaction, order).money == Money.of(20, "EUR")


def test_the_product_of_a_line_may_be_found_out_once(crm: Crm, order: UUID) -> None:
    pump, valve = Product(sku="P", name="Pump"), Product(sku="V", name="Valve")
    with crm.session() as session:
        session.add(pump, valve)
        (line,) = session.list(InteractionLine, interaction_id=order)
        both = change(line, product_id=pump.id, unit="pc")
        session.update(both)
        with pytest.raises(Refused, match=REFUSED):
            session.flush()
        session.rollback()
    with crm.session() as session:
        session.add(pump, valve)
        session.flush()
        found = change(session.get(InteractionLine, line.id), product_id=pump.id)
        session.update(found)
        session.flush()
        session.update(change(session.get(InteractionLine, line.id), product_id=valve.id))
        with pytest.raises(Refused, match=REFUSED):
            session.flush()
        session.rollback()


def test_who_took_part_stays_while_who_it_was_may_be_found_out(crm: Crm, order: UUID, add: Add) -> None:
    carl = add("Carl")
    with crm.session() as session:
        (part,) = session.list(InteractionParticipant, interaction_id=order)
        for wrong in (change(part, role="cc"), change(part, address="x@y.de")):
            session.update(wrong)
            with pytest.raises(Refused, match=REFUSED):
                session.flush()
            session.rollback()
        session.delete(session.get(InteractionParticipant, part.id))
        with pytest.raises(Refused, match=REFUSED):
            session.flush()
        session.rollback()
        session.update(change(session.get(InteractionParticipant, part.id), customer_id=carl))
        session.add(InteractionParticipant(interaction_id=order, address="late@example.com", role="cc"))


def test_what_people_decide_about_it_stays_theirs(crm: Crm, order: UUID, add: Add) -> None:
    eva, tag, other = User(login="eva", name="Eva"), Tag(name="vip"), add("Other")
    with crm.session() as session:
        session.add(eva, tag)
        session.flush()
        done = session.get(Interaction, order)
        session.update(
            change(done, outcome="won", visibility="private", owner_id=eva.id, line_of_business="shop", thread_id=order)
        )
        session.add(
            Tagging(tag_id=tag.id, entity="interaction", record_id=order),
            InteractionLink(interaction_id=order, entity="customer", record_id=other),
            Attachment(interaction_id=order, filename="late.pdf"),
        )
    with crm.session() as session:
        session.delete(session.get(Interaction, order))
    with crm.session() as session:
        assert session.restore(Interaction, order).outcome == "won"


@pytest.mark.parametrize("status", ["planned", "in_progress", "cancelled"])
def test_what_is_not_completed_is_changed_and_completed(crm: Crm, add: Add, status: Any) -> None:
    with crm.session() as session:
        visit = log(session, "visit", participants=[add("Anna")], subject="a", status=status).interaction
        session.flush()
        session.update(change(visit, subject="b", occurred_at=visit.occurred_at + timedelta(days=1)))
        session.flush()
        session.update(change(session.get(Interaction, visit.id), status="completed", subject="c"))
        session.add(InteractionLine(interaction_id=visit.id, position=1, unit_price=Decimal(5)))
    with crm.session(reads=True) as session:
        assert session.get(Interaction, visit.id).subject == "c"


def test_corrections_and_their_undoing_go_on(crm: Crm, order: UUID) -> None:
    with crm.session() as session:
        made = correct(session, order, subject="Two pumps")
    with crm.session() as session:
        assert undo_correction(session, made.id).status == "completed"
    with crm.session(reads=True) as session:
        assert (session.get(Interaction, order).status, session.count(Interaction)) == ("completed", 1)


def test_merging_late_recognition_and_erasing_go_on(crm: Crm, order: UUID, add: Add) -> None:
    with crm.session() as session:
        mail = log(session, "email", participants=["new@example.com"], subject="Hello", channel="email").interaction
    twin = add("Anna Berg")
    with crm.session() as session:
        session.add(ContactPoint(customer_id=twin, kind="email", value="new@example.com"))
    with crm.session() as session:
        (part,) = session.list(InteractionParticipant, interaction_id=mail.id)
        (bought,) = session.list(InteractionParticipant, interaction_id=order)
        anna = bought.customer_id
        assert (part.customer_id, anna is not None) == (twin, True)
        assert anna is not None
        journal = merge(session, preview(session, anna, twin))
    with crm.session() as session:
        assert session.get(InteractionParticipant, part.id).customer_id == anna
        undo(session, journal.id)
    with crm.session() as session:
        erase(session, anna, "request")
    with crm.session(reads=True) as session:
        assert session.list(Interaction, id=order, deleted=True)[0].subject == ""


# -- by the system that it came from ----------------------------------------------------------------------------------

MAPPING = """
name = "shop"

[[record]]
source = "orders"
entity = "customer"
external_id = "{buyer}"
[record.fields]
name = "{buyer}"

[[record]]
source = "orders"
entity = "interaction"
MATCH
keep = ["money"]
[record.fields]
channel = "shop"
KEY
kind = "purchase"
status = "completed"
subject = "{subject}"
occurred_at = "2026-01-02"
money = { amount = "0", currency = "EUR" }
sum_lines = "yes"

[[record]]
source = "orders"
entity = "interaction_participant"
match = ["interaction_id", "customer_id", "role"]
[record.fields]
interaction_id = { record = "interaction" }
customer_id = { record = "customer" }
role = "customer"

[[record]]
source = "orders"
entity = "interaction_line"
match = ["interaction_id", "position"]
[record.fields]
interaction_id = { record = "interaction" }
position = "1"
unit_price = "{price}"
"""

BY_KEY = MAPPING.replace("MATCH", 'match = ["channel", "external_key"]').replace("KEY", 'external_key = "{id}"')
BY_NUMBER = MAPPING.replace("MATCH", 'external_id = "{id}"').replace("KEY\n", "")
BY_SUBJECT = MAPPING.replace("MATCH", 'match = ["subject"]').replace("KEY\n", "")


def imported(crm: Crm, folder: Path, mapping: str, *rows: str) -> ImportReport:
    file = folder / "orders.csv"
    file.write_text("id,buyer,subject,price\n" + "".join(f"{row}\n" for row in rows), "utf-8")
    return run_import(crm, crm.system, file, read_mapping(mapping, "shop"), error_folder=folder / "rejected")


@pytest.mark.parametrize("mapping", [BY_KEY, BY_NUMBER], ids=["by key", "by number"])
def test_an_import_mends_what_it_brought(crm: Crm, tmp_path: Path, mapping: str) -> None:
    rows = ("1,Anna,Order 1,10", "2,Bert,Order 2,20")
    assert imported(crm, tmp_path, mapping, *rows).rejected == 0
    with crm.session(reads=True) as session:
        before = session.count(AuditEntry, "entity != import_run")
    again = imported(crm, tmp_path, mapping, *rows, "3,Carl,Order 3,30")
    assert again.rejected == 0
    assert [again.counts["interaction"][word] for word in ("created", "unchanged")] == [1, 2]
    mended = imported(crm, tmp_path, mapping, rows[0], "2,Bert,Order 2 (mended),25")
    assert (mended.rejected, mended.counts["interaction"]["updated"]) == (0, 1)
    with crm.session(reads=True) as session:
        found = {one.subject: one for one in session.list(Interaction)}
        assert {name: one.money for name, one in found.items()} == {
            "Order 1": Money.of(10, "EUR"),
            "Order 2 (mended)": Money.of(25, "EUR"),
            "Order 3": Money.of(30, "EUR"),
        }
        assert all(one.status == "completed" for one in found.values())
        assert session.count(AuditEntry, "entity != import_run") > before
    # Nobody else rewrites it for all that.
    with crm.session() as session:
        session.update(change(session.get(Interaction, found["Order 1"].id), subject="x"))
        with pytest.raises(Refused, match=REFUSED):
            session.flush()
        session.rollback()


def test_an_import_does_not_rewrite_what_somebody_typed_in(crm: Crm, tmp_path: Path, add: Add) -> None:
    with crm.session() as session:
        typed = log(session, "purchase", participants=[add("Anna")], subject="Order 1", body="by hand").interaction
    report = imported(crm, tmp_path, BY_SUBJECT, "1,Anna,Order 1,10", "2,Bert,Order 2,20")
    assert report.rejected == 1
    assert REFUSED in report.errors[0].render()
    with crm.session(reads=True) as session:
        assert session.get(Interaction, typed.id).money is None
        assert session.count(Interaction, subject="Order 2") == 1


def test_a_correction_outlives_the_next_import(crm: Crm, tmp_path: Path) -> None:
    imported(crm, tmp_path, BY_KEY, "1,Anna,Order 1,10")
    with crm.session() as session:
        (order,) = session.list(Interaction)
        made = correct(session, order.id, subject="Order 1 (corrected)")
    again = imported(crm, tmp_path, BY_KEY, "1,Anna,Order 1,10", "2,Bert,Order 2,20")
    assert (again.rejected, again.counts["interaction"]["unchanged"]) == (0, 1)
    mended = imported(crm, tmp_path, BY_KEY, "1,Anna,Order 1 (mended),10")
    assert mended.rejected == 0
    with crm.session(reads=True) as session:
        found = {one.id: (one.status, one.subject) for one in session.list(Interaction, 'subject contains "Order 1"')}
    assert found == {order.id: ("superseded", "Order 1 (mended)"), made.id: ("completed", "Order 1 (corrected)")}


def test_a_connector_mends_what_its_channel_told(crm: Crm, add: Add) -> None:
    anna = add("Anna")
    with crm.session() as session:
        shop = log(session, "purchase", participants=[anna], channel="shop", key="O-1", subject="a").interaction
        typed = log(session, "purchase", participants=[anna], channel="shop", subject="b").interaction
        mail = log(session, "email", participants=[anna], channel="email", key="<1@x>", subject="c").interaction
    with crm.session() as session:
        with told_by(session, "shop"):
            told = change(shop, subject="mended")
            session.bulk_upsert(Interaction, [told], key=("channel", "external_key"))
        for other in (typed, mail):
            with pytest.raises(Refused, match=REFUSED), told_by(session, "shop"):
                session.update(change(session.get(Interaction, other.id), subject="x"))
            session.rollback()
    with crm.session() as session:
        session.update(change(session.get(Interaction, shop.id), subject="x"))
        with pytest.raises(Refused, match=REFUSED):
            session.flush()
        session.rollback()
