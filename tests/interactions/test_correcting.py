"""Corrections: the correction takes the place of what it corrects, which is kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from crmkit.core.customer import Customer
from crmkit.core.errors import BadInput, ConfigError, Conflict, CrmError
from crmkit.core.interaction import Interaction, InteractionLine, InteractionLink, InteractionParticipant
from crmkit.core.values.money import Money
from crmkit.runtime.crm import Crm
from crmkit.services.customer_view import customer_value, customer_view
from crmkit.services.interactions import Line, correct, former_ones, log, newest, timeline, undo_correction
from tests.conftest import OpenCrm
from tests.interactions.conftest import Add


def test_a_correction_takes_over_everything_but_what_is_corrected(crm: Crm, add: Add) -> None:
    anna = add("Anna Berg")
    lines = [Line(description="Pump", quantity=Decimal(2), unit_price=Decimal(10))]
    with crm.session() as session:
        order = log(
            session, "purchase", participants=[anna, "x@y.de"], lines=lines, currency="EUR", channel="shop", key="O-1",
            subject="Pumps", links=[("customer", anna)],
        ).interaction  # fmt: skip
    with crm.session() as session:
        made = correct(session, order.id, subject="Two pumps")
    with crm.session() as session:
        former, now = session.get(Interaction, order.id), session.get(Interaction, made.id)
        assert (former.status, former.subject, former.external_key, former.version) == ("superseded", "Pumps", "O-1", 2)
        assert (now.status, now.subject, now.supersedes_id, now.external_key) == (
            "completed",
            "Two pumps",
            former.id,
            "",
        )
        assert (now.occurred_at, now.money, now.version) == (former.occurred_at, Money.of(20, "EUR"), 1)
        for cls in (InteractionParticipant, InteractionLine, InteractionLink):
            before, after = (session.list(cls, interaction_id=one.id, order="id") for one in (former, now))
            assert len(after) == len(before) > 0
            assert not {part.id for part in before} & {part.id for part in after}
        assert [one.id for one in former_ones(session, now)] == [former.id]
        assert newest(session, former).id == now.id
        assert customer_value(session, anna, crm.kinds) == (Money.of(20, "EUR"),)
        view = customer_view(session, str(anna), crm.kinds)
        assert ([one.id for one in view.timeline], dict(view.counts)) == ([now.id], {"purchase": 1})


def test_lines_and_participants_are_replaced_where_they_are_given(crm: Crm, add: Add) -> None:
    anna, bernd = add("Anna Berg"), add("Bernd Berg")
    lines = [Line(description="Pump", quantity=Decimal(2), unit_price=Decimal(10))]
    with crm.session() as session:
        order = log(session, "purchase", participants=[anna], lines=lines, currency="EUR").interaction
    with crm.session() as session:
        three = InteractionLine(interaction_id=order.id, position=1, quantity=Decimal(3), unit_price=Decimal(10))
        whom = InteractionParticipant(interaction_id=order.id, customer_id=bernd)
        made = correct(session, order.id, lines=[three], participants=[whom])
    with crm.session() as session:
        assert session.get(Interaction, made.id).money == Money.of(30, "EUR")
        assert [len(timeline(session, who).entries) for who in (anna, bernd)] == [0, 1]
        assert [len(timeline(session, who, former=True).entries) for who in (anna, bernd)] == [1, 1]
        undo_correction(session, made.id)
    with crm.session() as session:
        assert [len(timeline(session, who).entries) for who in (anna, bernd)] == [1, 0]
        assert customer_value(session, anna, crm.kinds) == (Money.of(20, "EUR"),)
        assert session.get(Interaction, order.id).status == "completed"


def test_what_cannot_be_corrected(crm: Crm, add: Add) -> None:
    anna = add("Anna Berg")
    with crm.session() as session:
        planned = log(session, "visit", participants=[anna], status="planned").interaction
        done = log(session, "visit", participants=[anna]).interaction
    with crm.session() as session:
        with pytest.raises(BadInput, match="is planned; only completed ones are corrected"):
            correct(session, planned.id, subject="x")
        for field in ("status", "external_key", "supersedes_id", "id"):
            with pytest.raises(BadInput, match=f"interaction.{field} is not corrected"):
                correct(session, done.id, **{field: "x"})
        with pytest.raises(ConfigError, match="interaction has no field subjekt; did you mean subject"):
            correct(session, done.id, subjekt="x")
    with crm.session() as session:
        assert session.get(Interaction, done.id).status == "completed"
        made = correct(session, done.id, subject="x")
        with pytest.raises(Conflict, match=f"was corrected already, by {made.id}"):
            correct(session, done.id, subject="y")
        with pytest.raises(BadInput, match="corrects no other"):
            undo_correction(session, done.id)
        again = correct(session, made.id, subject="y")
        with pytest.raises(Conflict, match=f"by {again.id}"):
            undo_correction(session, made.id)


def test_of_two_corrections_at_once_one_wins(open_crm: OpenCrm) -> None:
    crm, anna = open_crm(), Customer(name="Anna Berg")
    with crm.session() as session:
        session.add(anna)
        done = log(session, "visit", participants=[anna]).interaction

    def one(subject: str) -> str:
        try:
            with crm.session() as session:
                correct(session, done.id, subject=subject)
        except CrmError as error:
            return error.code
        return "corrected"

    with ThreadPoolExecutor(2) as threads:
        said = sorted(threads.map(one, ["a", "b"]))
    assert said[0] == "conflict"
    assert said[1] == "corrected"
    with crm.session(reads=True) as session:
        assert len(timeline(session, anna).entries) == 1
