"""What the test of a plugin says of its rules counts, and is tried itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from crmkit.core.values.clock import FixedClock
from crmkit.plugin import Context, Part, RecordBatch, Refuse, Via, change, entity, field, hookimpl, msg
from crmkit.testing.contract.access import FEW, _apart, check_hidden_fields, check_rights
from crmkit.testing.contract.changing import check_changes
from crmkit.testing.contract.customers import check_erasure
from crmkit.testing.contract.faults import ContractBroken
from crmkit.testing.contract.subject import Subject
from tests.testing.contract.specimens import Card, Club, Fixed, Total


@entity("club_visit", access=Via("customer_id"), title="text", plugin="club")
class Visit(Part):
    """About a card, though its field does not say that it needs one."""

    customer_id: UUID = field(reference="customer", merge="repoint", erase="delete")
    card_id: UUID | None = field(default=None, reference="club_card")
    guest_id: UUID | None = field(default=None, reference="customer", merge="block", erase="clear")
    text: str = field(default="", max_length=200)
    key: str = field(default="", max_length=200)


class Visited(Club):
    """Has visits, whose key it fills itself and which need a card."""

    entities = (Card, Total, Visit)

    @hookimpl(specname="derive_records", entities=("club_visit",))
    def keyed(self, ctx: Context, call: RecordBatch) -> list[Any]:
        return [change(item.record, key="") for item in call.changes if item.record.key]

    @hookimpl(entities=("club_visit",))
    def guard_records(self, ctx: Context, call: RecordBatch) -> Iterator[Refuse]:
        for item in call.changes:
            if item.record.card_id is None:
                yield Refuse(msg("a visit needs a card"), item.record.id)


VALUES = {"club_visit": {"card_id.level": "gold"}}


@pytest.fixture
def subject_of(clock: FixedClock) -> Iterator[Any]:
    made: list[Subject] = []

    def make(plugin: object, **said: Any) -> Subject:
        made.append(Subject(plugin, clock, **said))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_reference_that_rules_need_is_filled(subject_of: Any) -> None:
    with pytest.raises(ContractBroken, match=r"club_visit: no record can be stored: .*a visit needs a card"):
        check_changes(subject_of(Visited()))
    check_changes(subject_of(Visited(), referring={"club_visit": ("card_id",)}))


def test_an_open_reference_that_blocks_merging_is_left_open(subject_of: Any) -> None:
    subject = subject_of(Visited(), referring={"club_visit": ("card_id",)})
    crm, customer = subject.open(), uuid4()
    made: Any = subject.records(crm).of(crm.registry.get(Visit), customer)[-1]
    assert (made.customer_id, made.guest_id) == (customer, None)


def test_values_reach_the_records_that_are_referred_to(subject_of: Any) -> None:
    subject = subject_of(
        Visited(), referring={"club_visit": ("card_id",)}, values=lambda entity, _: VALUES.get(entity, {})
    )
    crm = subject.open()
    card, visit = subject.records(crm).of(crm.registry.get(Visit), uuid4())
    assert (card.level, visit.card_id) == ("gold", card.id)


def test_what_the_plugin_fills_is_not_expected_to_keep_texts(subject_of: Any) -> None:
    said = {"referring": {"club_visit": ("card_id",)}}
    with pytest.raises(ContractBroken, match=r"club_visit.key: what is stored there is not found again"):
        check_erasure(subject_of(Visited(), **said))
    check_erasure(subject_of(Visited(), **said, filled_in={"club_visit": ("key",)}))


def test_a_field_that_is_not_filled_by_the_plugin_is_told(subject_of: Any) -> None:
    with pytest.raises(ContractBroken, match=r"club_card.text is said to be filled by the plugin"):
        check_changes(subject_of(Club(), filled_in={"club_card": ("text",)}))


def test_records_that_stand_are_tried_too(subject_of: Any) -> None:
    check_changes(subject_of(Fixed(), unchanging=("club_card",)))
    with pytest.raises(ContractBroken, match=r"club_card.text is changed, and its records are said to stand"):
        check_changes(subject_of(Club(), unchanging=("club_card",)))


def test_names_of_nothing_are_told(subject_of: Any) -> None:
    said = {"left_out": ("club_cart",), "repeated": {"club_card": ("texts",)}}
    with pytest.raises(ContractBroken, match=r"club_cart: no entity of the plugin\nclub_card.texts: no such field"):
        check_changes(subject_of(Club(), **said))


def test_what_is_repeated_on_purpose_is_repeated_somewhere(subject_of: Any) -> None:
    check_rights(subject_of(Club(), repeated={"club_card": ("text",)}))
    with pytest.raises(ContractBroken, match=r"club_card.text is repeated nowhere"):
        check_hidden_fields(subject_of(Club(), repeated={"club_card": ("text",)}))


def test_a_customer_has_one_record_of_single_entities(subject_of: Any) -> None:
    subject = subject_of(Club(), single=("club_card",))
    crm = subject.open()
    assert subject.records(crm).one_per_customer(crm.registry.get(Card))
    assert not subject.records(crm).one_per_customer(crm.registry.get(Total))


@pytest.mark.parametrize("number", [1, FEW, FEW + 1, 16, 17, 61])
def test_any_two_are_kept_apart_by_a_group(number: int) -> None:
    groups = [set(group) for group in _apart(range(number))]
    assert set().union(*groups) == set(range(number))
    for one in range(number):
        for other in range(number):
            assert one == other or any(one in group and other not in group for group in groups)
    assert number <= FEW or len(groups) <= 2 * (number**0.5 + 1)
