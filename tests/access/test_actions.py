"""Exporting, working in bulk, merging, erasing and assigning are rights of their own, asked for by what does them."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from crmkit.core.access import ACTIONS, Actor
from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.errors import AccessDenied, Refused
from crmkit.core.staff import User
from crmkit.services.access import require_right
from crmkit.services.exporting.running import export
from crmkit.services.importing.mapping import read_mapping
from crmkit.services.importing.running import run_import
from crmkit.services.merging import merge, merge_many, preview, undo
from tests.store.staff import Staff

MAPPING = """
name = "people"
[[record]]
source = "people"
entity = "customer"
external_id = "{name}"
[record.fields]
name = "{name}"
kind = "organization"
"""


@pytest.fixture
def pair(staff: Staff) -> tuple[Customer, Customer]:
    anna = staff.users["anna"]
    made = [Customer(name=name, kind="organization", owner_id=anna.id) for name in ("Acme", "ACME Inc.")]
    with staff.crm.session() as s:
        s.add(*made)
    return made[0], made[1]


def all_but(*actions: str) -> list[tuple[str, str, str]]:
    return [("*", action, "all") for action in ACTIONS if action not in actions]


def test_exporting(staff: Staff, pair: tuple[Customer, Customer]) -> None:
    info = staff.crm.registry.get(Customer)
    with staff.crm.session(staff.actor("anna", *all_but("export")), reads=True) as s:
        assert s.count(Customer) == 2
        with pytest.raises(AccessDenied, match="anna may not export customer"):
            export(s, info, io.BytesIO())
    with staff.crm.session(staff.actor("anna", ("*", "read", "all"), ("customer", "export", "own")), reads=True) as s:
        assert export(s, info, io.BytesIO()) == 2


def test_merging_one_pair_and_many(staff: Staff, pair: tuple[Customer, Customer]) -> None:
    first, second = pair
    third = Customer(name="Acme 3", kind="organization")
    with staff.crm.session() as s:
        s.add(third)
    with (
        staff.crm.session(staff.actor("anna", *all_but("merge"))) as s,
        pytest.raises(AccessDenied, match="anna may not merge customer"),
    ):
        preview(s, first, second)
    with staff.crm.session(staff.actor("anna", *all_but("bulk"))) as s:
        journal = merge(s, preview(s, first, second))
        undo(s, journal.id)
        s.commit()
        assert merge_many(s, [(first.id, second.id)])[0].error is None
        with pytest.raises(AccessDenied, match="anna may not bulk customer"):
            merge_many(s, [(first.id, second.id), (first.id, third.id)])
    with staff.crm.session(staff.actor("anna", *all_but())) as s:
        assert [one.error for one in merge_many(s, [(first.id, second.id), (first.id, third.id)])] == [None, None]


def test_working_in_bulk(staff: Staff, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("name\nAcme\n")
    without = staff.actor("anna", *all_but("bulk"))
    with pytest.raises(AccessDenied, match="anna may not bulk customer"):
        run_import(staff.crm, without, path, read_mapping(MAPPING))
    with staff.crm.session(without) as s, pytest.raises(AccessDenied, match="anna may not bulk customer"):
        s.bulk_upsert(Customer, [Customer(name="Acme")], key=("name",))
    able = staff.actor("anna", *all_but())
    assert run_import(staff.crm, able, path, read_mapping(MAPPING)).rejected == 0
    with staff.crm.session(able) as s:
        assert s.bulk_upsert(Customer, [Customer(name="Acme", kind="organization")], key=("name",))["unchanged"] == 1


def test_assigning(staff: Staff, pair: tuple[Customer, Customer]) -> None:
    def hands_over(actor: Actor) -> bool:
        with staff.crm.session(actor) as s:
            s.update(change(s.get(Customer, pair[0].id), owner_id=staff.users["ben"].id))
            try:
                s.flush()
            except AccessDenied:
                return False
            finally:
                s.rollback()
        return True

    assert not hands_over(staff.actor("anna", *all_but("assign")))
    assert hands_over(staff.actor("anna", *all_but()))


def test_use_cases_ask_for_any_right_on_records(staff: Staff, pair: tuple[Customer, Customer]) -> None:
    info, ids = staff.crm.registry.get(Customer), [one.id for one in pair]
    with staff.crm.session(staff.actor("anna", ("customer", "erase", "own"))) as s:
        require_right(s, info, ids, "erase")
        with pytest.raises(AccessDenied, match="anna may not merge customer"):
            require_right(s, info, ids, "merge")
    with (
        staff.crm.session(staff.actor("ben", ("customer", "erase", "own"))) as s,
        pytest.raises(AccessDenied, match="ben may not erase customer"),
    ):
        require_right(s, info, ids, "erase")


def test_permissions_of_plugins_are_granted_by_their_names(staff: Staff) -> None:
    actor = staff.actor("anna", ("*", "loyalty.adjust_points", "all"))
    assert actor.has_permission("loyalty.adjust_points")
    assert not actor.has_permission("loyalty.reset")
    assert staff.crm.system.has_permission("loyalty.reset")


def test_users_are_never_deleted(staff: Staff) -> None:
    ben = staff.users["ben"]
    with staff.crm.session() as s:
        s.delete(s.get(User, ben.id))
        with pytest.raises(Refused, match="users are not deleted; set the state of ben to departed"):
            s.flush()
        s.rollback()
        s.update(change(s.get(User, ben.id), state="departed"))
