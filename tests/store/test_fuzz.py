"""Whatever stands in a record: it is stored and read back the same, or refused in words; never an error of a driver."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.customer import Customer
from crmkit.core.entity import EntityInfo, change
from crmkit.core.errors import CrmError
from crmkit.core.interaction import Interaction, InteractionLine
from crmkit.runtime.crm import Crm
from tests.core.test_validation import ANYTHING, mostly_right
from tests.store.samples import one_of_each
from tests.store.test_types import DECIMALS, INSTANTS, PARTIAL, TEXT
from tests.tenants import in_a_new_tenant


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest) -> Iterator[Crm]:
    address = request.getfixturevalue("core_sqlite_url" if request.param == "sqlite" else "core_postgres_url")
    with Crm.open(address, plugins=[], check=False) as crm:
        yield crm


@given(data=st.data())
def test_any_values_are_stored_or_refused(shared: Crm, data: st.DataObject) -> None:
    crm = in_a_new_tenant(shared)
    records = one_of_each(crm.clock.now())
    info: EntityInfo = data.draw(st.sampled_from([info for info in crm.registry if info.editable]), label="entity")
    record = records[info.name]
    for field in data.draw(st.lists(st.sampled_from(info.stored), min_size=1, max_size=4)):
        if field.name not in ("id", "version"):
            record = change(record, **{field.name: data.draw(mostly_right(field) | ANYTHING, label=field.name)})
    others = [made for name, made in records.items() if name in ("other customer", "customer", "interaction")]
    with crm.session() as s:
        s.add(*(other for other in others if other.id != record.id), record)
        try:
            s.commit()
        except CrmError:
            s.rollback()
            return
    with crm.session(reads=True) as s:
        (read,) = s.list(info.cls, id=record.id, deleted=True)
        saved = s.list(info.cls, deleted=True)
    assert read.id == record.id
    assert read in saved


CUSTOMERS = st.fixed_dictionaries(
    {"name": TEXT.filter(str.strip)},
    optional={
        "description": TEXT,
        "nickname": TEXT,
        "birth_date": st.none() | PARTIAL,
        "employees": st.none() | st.integers(min_value=0, max_value=2**63 - 1),
        "deleted_at": st.none() | INSTANTS,
        "source": TEXT,
    },
)


@given(rows=st.lists(CUSTOMERS, min_size=2, max_size=6), data=st.data())
def test_batches_are_stored_and_changed_exactly(shared: Crm, rows: list[dict[str, Any]], data: st.DataObject) -> None:
    crm = in_a_new_tenant(shared)
    people = [Customer(**row) for row in rows]
    with crm.session() as s:
        s.add(*people)
    with crm.session() as s:
        read = s.list(Customer, deleted=True)
        assert read == people
        changed = [
            change(person, nickname=data.draw(TEXT), description=data.draw(TEXT), deleted_at=None) for person in read
        ]
        s.update(*changed)
    with crm.session(reads=True) as s:
        assert [(p.nickname, p.description) for p in s.list(Customer)] == [(p.nickname, p.description) for p in changed]


@given(amounts=st.lists(DECIMALS, min_size=2, max_size=5), data=st.data())
def test_numbers_in_batches_are_exact(shared: Crm, amounts: list[Any], data: st.DataObject) -> None:
    crm = in_a_new_tenant(shared)
    moment = data.draw(INSTANTS)
    call = Interaction(kind="call", occurred_at=moment)
    lines = [
        InteractionLine(interaction_id=call.id, position=number, quantity=amount)
        for number, amount in enumerate(amounts, 1)
    ]
    with crm.session() as s:
        s.add(call, *lines)
    with crm.session(reads=True) as s:
        assert s.get(Interaction, call.id).occurred_at == moment
        assert [line.quantity for line in s.list(InteractionLine, order="position")] == amounts
