"""What the contract works with: arrangements of plugins, generated records, stories, and states that are compared."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from crmkit.core.customer import Customer
from crmkit.core.entities import CORE_ENTITIES
from crmkit.core.validation import Validator
from crmkit.core.values.clock import FixedClock
from crmkit.plugin import Manifest
from crmkit.testing.contract.faults import ContractBroken, fail
from crmkit.testing.contract.subject import ARRANGEMENTS, Arrangement, Subject
from crmkit.testing.contract.world import customer_named, differences, state_of, story_of, tell_story
from tests.testing.contract.specimens import Card, Club


@pytest.fixture
def subject(clock: FixedClock) -> Iterator[Subject]:
    made = Subject(Club(), clock)
    yield made
    made.close()


# -- arrangements -----------------------------------------------------------------------------------------------------


def order(clock: FixedClock, arrangement: Arrangement) -> list[str]:
    subject = Subject(Club(), clock, arrangement)
    try:
        return [plugin.name for plugin in subject.open().plugins.plugins]
    finally:
        subject.close()


def test_a_plugin_is_alone_among_others_and_called_in_the_opposite_order(clock: FixedClock) -> None:
    alone, among, reversed_ = (order(clock, arrangement) for arrangement in ARRANGEMENTS)
    assert alone == ["club"]
    assert {"club", "bystander"} <= set(among)
    assert reversed_ == among[::-1]
    assert among.index("bystander") < among.index("club")


def test_a_requirement_that_is_not_installed_is_named(clock: FixedClock) -> None:
    class Dependent(Club):
        manifest = Manifest(name="club", requires=("nowhere",), label="Club", summary="Cards.")

    subject = Subject(Dependent(), clock)
    with pytest.raises(ContractBroken, match="requires the plugin nowhere, which is not installed"):
        subject.open()


def test_a_plugin_that_cannot_be_imported_is_named(clock: FixedClock) -> None:
    with pytest.raises(ContractBroken, match="pip install --editable"):
        Subject("json.decoder.nothing", clock).open()


# -- records ----------------------------------------------------------------------------------------------------------


def test_generated_records_of_every_entity_of_the_core_are_valid(subject: Subject) -> None:
    crm = subject.open()
    records = subject.records(crm)
    customer = uuid4()
    for cls in CORE_ENTITIES:
        info = crm.registry.get(cls)
        if info.editable:
            for made in records.of(info, customer):
                of_made = crm.registry.of(made)
                # How a value is written depends on what kind of contact point it is of, which no metadata says.
                if of_made.name != "contact_point":
                    assert Validator(of_made).errors(made) == [], info.name


def test_generated_records_are_all_different_and_about_the_customer(subject: Subject) -> None:
    crm = subject.open()
    records, info, customer = subject.records(crm), crm.registry.get(Card), uuid4()
    made = [records.of(info, customer)[-1] for _ in range(50)]
    assert len({card.text for card in made}) == 50  # type: ignore[attr-defined]
    assert {card.customer_id for card in made} == {customer}  # type: ignore[attr-defined]


def test_values_of_the_author_count_before_generated_ones(clock: FixedClock) -> None:
    subject = Subject(Club(), clock, values=lambda entity, number: {"text": f"{entity} {number}"})
    crm = subject.open()
    (made,) = subject.records(crm).of(crm.registry.get(Card), uuid4())
    assert made.text == "club_card 1"  # type: ignore[attr-defined]
    subject.close()


# -- stories and states -----------------------------------------------------------------------------------------------


def test_a_story_can_be_told_twice_and_ends_the_same(subject: Subject) -> None:
    first, second = subject.open(), subject.open()
    story = story_of(subject, first, "Anna")
    for crm in (first, second):
        tell_story(crm, story)
    one = state_of(first, story.ids)
    assert differences(one, state_of(second, story.ids)) == []
    assert {entity for entity, rows in one.items() if rows} >= {
        "customer",
        "contact_point",
        "club_card",
        "club_total",
        "interaction",
    }
    with first.session() as session:
        assert session.count(Customer) == 1
        assert session.count(Card) == 3


def test_what_differs_between_states_is_told(subject: Subject) -> None:
    crm = subject.open()
    customer, _ = customer_named("Anna")
    with crm.session() as session:
        session.add(customer)
    before = state_of(crm)
    with crm.session() as session:
        session.add(Card(customer_id=customer.id, text="new"))
    told = differences(before, state_of(crm))
    assert len(told) == 2
    assert told[0].startswith("club_card: 1 more of text=new")
    assert told[1].startswith("club_total: 1 more of name=cards, number=1")


def test_long_lists_of_findings_are_cut() -> None:
    with pytest.raises(ContractBroken) as caught:
        fail([f"finding {number}" for number in range(40)], "mend them")
    lines = str(caught.value).splitlines()
    assert lines[11:] == ["finding 11", "... and 28 more", "", "What to do: mend them"]
