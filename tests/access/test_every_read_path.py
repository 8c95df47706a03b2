"""Every read path gives one answer on every entity of the registry; entities and paths that come later enrol themselves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import attrs
import pytest
import sqlalchemy as sa

from crmkit.core.access import Actor
from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.entity import EntityInfo, Own, change
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.values.clock import FixedClock
from crmkit.core.values.money import Money
from crmkit.runtime.crm import CORE, Crm
from crmkit.services.identify import index
from crmkit.services.search.searching import index as index_texts
from tests.access.conftest import CONFIG, Marina
from tests.access.read_paths import PATHS, Path, Reading
from tests.store.samples import one_of_each
from tests.store.staff import Staff, make_staff


@attrs.frozen
class World:
    """Records of every entity for each of the people: their ids by entity and login; and the customers."""

    staff: Staff
    ids: dict[str, dict[str, list[UUID]]]
    address: dict[UUID, str]
    customers: tuple[Customer, ...]

    def all(self, path: Path, entity: str, few: bool = False) -> list[UUID]:
        found = [id for ids in self.ids[entity].values() for id in ids]
        return [found[0], found[-1]] if few or path.few else found

    def read(self, path: Path, info: EntityInfo, actor: Actor, few: bool = False) -> set[UUID]:
        crm, customers, address = self.staff.crm, self.customers, self.address
        with crm.session(actor, reads=True) as session:
            return path.read(Reading(crm, session, info, self.all(path, info.name, few), customers, address))


def open_bare(crm: Crm) -> Crm:
    """Open the same database without the core's rules: what is stored need make no sense, and is all to be read."""
    address = crm.database.engine.url.render_as_string(hide_password=False)
    bare = Crm.open(address, plugins=[Marina()], config=CONFIG, clock=crm.clock, tenant=uuid4().hex, check=False)
    bare.hooks.unregister(CORE)
    return bare


@pytest.fixture(scope="session")
def _worlds() -> Iterator[dict[str, World]]:
    kept: dict[str, World] = {}
    yield kept
    for world in kept.values():
        world.staff.crm.close()


@pytest.fixture
def world(crm: Crm, clock: FixedClock, marina_url: str, _worlds: dict[str, World]) -> World:
    """The world of one database; tests only read it, and give its people roles."""
    if marina_url not in _worlds:
        _worlds[marina_url] = make_world(make_staff(open_bare(crm)), clock)
    return _worlds[marina_url]


def make_world(staff: Staff, clock: FixedClock) -> World:
    crm, ids, address = staff.crm, dict[str, dict[str, list[UUID]]](), dict[UUID, str]()
    customers: list[Customer] = []
    for number, (login, user) in enumerate(staff.users.items()):
        now = clock.now() - timedelta(days=number)
        whose = {"owner_id": user.id, "team_id": user.team_id}
        made = one_of_each(now, login, crm.registry, **whose)
        made.pop("other customer")
        customer = made["customer"] = change(made["customer"], kind="organization", domain=f"{login}.example")
        twin = Customer(kind="organization", name=customer.name, domain=customer.domain, **whose)
        sold = Interaction(kind="purchase", occurred_at=now, money=Money.of("5", "EUR"), **whose)
        made["interaction"] = change(made["interaction"], kind="survey")
        made["customer_relation"] = change(made["customer_relation"], to_id=twin.id)
        made["survey_answer"] = change(made["survey_answer"], expected=Decimal(5), experienced=Decimal(4))
        made["interaction_participant"] = change(
            made["interaction_participant"], customer_id=customer.id, role="customer", occurred_at=now
        )
        also = {
            "customer": [twin],
            "contact_point": [_mail(one, f"{login}{place}") for place, one in enumerate((customer, twin))],
            "interaction": [sold],
            "interaction_participant": [
                InteractionParticipant(interaction_id=sold.id, customer_id=customer.id, occurred_at=now),
                InteractionParticipant(interaction_id=made["interaction"].id, customer_id=twin.id, occurred_at=now),
                InteractionParticipant(interaction_id=sold.id, customer_id=twin.id, occurred_at=now),
            ],
        }
        customers += [customer, twin]
        address |= {point.customer_id: point.value for point in also["contact_point"]}  # type: ignore[attr-defined]
        with crm.session() as s:
            s.add(*made.values(), *[record for records in also.values() for record in records])
        for name, record in made.items():
            ids.setdefault(name, {})[login] = [record.id, *[more.id for more in also.get(name, ())]]
    with crm.session() as s:
        index(s, 100_000)
        index_texts(s, 100_000)
        for info in crm.registry:
            if not info.editable:
                found = s.execute(sa.select(s.table(info.cls).c.id)).scalars().all()
                ids[info.name] = {"": list(found)}
    return World(staff, ids, address, tuple(customers))


def _mail(customer: Any, name: str) -> ContactPoint:
    address = f"{name}@{customer.domain}"
    return ContactPoint(customer_id=customer.id, kind="email", value=address, normalized=address)


def follows_an_owner(info: EntityInfo) -> bool:
    return info.owned or any(not isinstance(rule, Own) for rule in info.access)


# The first record is Anna's and the last one Dora's; of those between, each is asked for by the same statements.
@pytest.mark.parametrize("few", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["few", "all"])
@pytest.mark.parametrize("name", PATHS)
def test_a_path_tells_everybody_what_is_his_to_see(world: World, name: str, few: bool) -> None:
    staff, path = world.staff, PATHS[name]
    nobody = staff.actor("cleo")
    own = staff.actor("anna", ("*", "read", "own"), ("*", "export", "own"))
    asked = [info for info in staff.crm.registry if path.asks(info)]
    assert asked
    told = 0
    for info in asked:
        everything = set(world.all(path, info.name, few))
        # What a path cannot tell even the system of, such as children of what has none, it tells nobody of.
        found = world.read(path, info, staff.crm.system, few)
        assert found in (set(), everything), (name, info.name)
        assert found or not (path.of or name in ("get", "list", "select", "filter", "export")), (name, info.name)
        told += bool(found)
        assert world.read(path, info, nobody, few) == set(), (name, info.name)
        mine = path.by == "customer" or (follows_an_owner(info) and info.editable and not path.by)
        expected = set(world.ids[info.name].get("anna", ())) if mine else set()
        assert world.read(path, info, own, few) == (expected & found), (name, info.name)
    assert told


# Which entities the paths ask for is the same on every database; the test before asks all paths on both, without a right too.
@pytest.mark.parametrize("marina_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True)
@pytest.mark.parametrize("name", PATHS)
def test_a_path_tells_nothing_of_entities_that_one_has_no_right_on(world: World, name: str) -> None:
    staff, path = world.staff, PATHS[name]
    registry = [info.name for info in staff.crm.registry]
    for info in staff.crm.registry:
        if path.asks(info) and path.by in ("", info.name):
            rights = [
                (entity, action, "all") for entity in registry if entity != info.name for action in ("read", "export")
            ]
            outsider = staff.actor("cleo", *rights)
            assert world.read(path, info, outsider) == set(), (name, info.name)


# What PostgreSQL itself holds back of other tenants is tested in test_row_level_security.
@pytest.mark.parametrize("marina_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True)
def test_twin_tenants_see_nothing_of_one_another(world: World, crm: Crm, clock: FixedClock) -> None:
    with open_bare(crm) as other:
        twin = make_staff(other)
        before = make_world(twin, clock)
        reader = twin.actor("anna", ("*", "*", "all"))
        stranger = attrs.evolve(world, staff=twin)
        for name, path in PATHS.items():
            for info in other.registry:
                if path.asks(info):
                    for actor in (other.system, reader):
                        assert stranger.read(path, info, actor) == set(), (name, info.name)
        mine = {customer.id for customer in before.customers}
        assert before.read(PATHS["list"], other.registry.get("customer"), reader) == mine


def test_entities_of_plugins_and_configurations_are_among_them(world: World) -> None:
    names = {info.name for info in world.staff.crm.registry}
    assert {"customer", "marina_yacht", "marina_trip", "machine", "audit_entry"} <= names
    assert world.ids.keys() == names
