"""Text is stored in one spelling: two ways to write one character never make two of one thing."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.composing import composer_of
from crmkit.core.customer import Customer
from crmkit.core.entity import Part, change, entity, field
from crmkit.core.errors import ValidationFailed
from crmkit.core.grouping import Tag
from crmkit.core.identity import ExternalIdentity, IdentityClaim
from crmkit.core.interaction import Interaction
from crmkit.core.journal import AuditEntry
from crmkit.core.product import Product
from crmkit.core.values.text import composed
from crmkit.runtime.crm import Crm
from crmkit.services.identify import Evidence, identify
from crmkit.services.interactions import log

ONE, OTHER = "Jos\u00e9 \u00c5str\u00f6m", "Jose\u0301 A\u030astro\u0308m"
"""One name, spelt with single code points and with accents of their own."""


@entity("kettle", plugin="kitchen", title="name")
class Kettle(Part):
    """Has all that holds text."""

    name: str = field(default="")
    words: tuple[str, ...] = field(default=())
    note: str | None = field(default=None)
    raw: Mapping[str, Any] = field(factory=dict)


def test_records_hold_one_spelling_from_the_start() -> None:
    made = Kettle(name=OTHER, words=("a", OTHER), note=OTHER, raw={"as": OTHER}, custom={"x": OTHER, "y": (OTHER,)})
    assert (made.name, made.words, made.note) == (ONE, ("a", ONE), ONE)
    assert dict(made.custom) == {"x": ONE, "y": (ONE,)}
    # What came in stays as it came.
    assert made.raw == {"as": OTHER}
    assert change(made, name=OTHER) == made
    assert change(made, name="Kettle").name == "Kettle"


@given(st.text())
def test_composing_twice_changes_nothing_more(text: str) -> None:
    made = composed(text)
    assert composed(made) is made
    assert unicodedata.normalize("NFD", made) == unicodedata.normalize("NFD", text)
    assert Kettle(name=text).name == made


def test_wrong_types_are_left_to_validation(crm: Crm) -> None:
    with crm.session() as session:
        session.add(Customer(name=7))  # type: ignore[arg-type]
        with pytest.raises(ValidationFailed, match=r"customer\.name"):
            session.flush()
        session.rollback()


def test_what_an_entity_does_itself_after_it_is_made_goes_on() -> None:
    class Plain:
        name: str = ""

        def __attrs_post_init__(self) -> None:
            object.__setattr__(self, "seen", True)

    one = Plain()
    one.name = OTHER
    composer_of(Plain)(one)
    assert (one.name, one.seen) == (ONE, True)  # type: ignore[attr-defined]


def test_unique_keys_know_both_spellings(crm: Crm) -> None:
    with crm.session() as session:
        session.add(Tag(name=ONE), Product(sku=ONE, name="Pump"))
    for again in (Tag(name=OTHER), Product(sku=OTHER, name="Pump")):
        with crm.session() as session:
            session.add(again)
            with pytest.raises(ValidationFailed):
                session.flush()
            session.rollback()
    with crm.session() as session:
        counts = session.bulk_upsert(Product, [Product(sku=OTHER, name="Pumps")], key=("sku",))
        assert counts == {"created": 0, "updated": 1, "unchanged": 0}


def test_either_spelling_finds_it(crm: Crm) -> None:
    with crm.session() as session:
        anna = Customer(name=OTHER)
        session.add(anna, ExternalIdentity(system="erp", external_id=OTHER, entity="customer", record_id=anna.id))
        call = log(session, "call", channel="phone", key=OTHER).interaction
    for spelling in (ONE, OTHER):
        with crm.session() as session:
            assert session.find(Customer, name=spelling) == session.get(Customer, anna.id)
            assert session.count(Customer, name=[spelling, "x"]) == 1
            assert session.count(Customer, f'name = "{spelling}"') == 1
            assert identify(session, Evidence(external=("erp", spelling))).customer_id == anna.id
            again = log(session, "call", channel="phone", key=spelling)
            assert (again.created, again.interaction.id) == (False, call.id)


def test_another_spelling_is_no_change(crm: Crm) -> None:
    made = Customer(name=ONE)
    with crm.session() as session:
        session.add(made)
    with crm.session() as session:
        session.update(change(session.get(Customer, made.id), name=OTHER))
    with crm.session(reads=True) as session:
        assert session.get(Customer, made.id).version == 1
        assert [entry.delta["name"] for entry in session.list(AuditEntry, record_id=made.id)] == [ONE]


def test_raw_contents_are_not_touched(crm: Crm) -> None:
    raw = {"received": {"text": OTHER, OTHER: [OTHER]}}
    with crm.session() as session:
        claim = IdentityClaim(channel="web", raw=raw)
        mail = Interaction(kind="email", occurred_at=crm.clock.now(), subject=OTHER, body=OTHER)
        session.add(claim, mail)
    with crm.session(reads=True) as session:
        assert session.get(IdentityClaim, claim.id).raw == raw
        assert session.get(Interaction, mail.id).body == ONE
