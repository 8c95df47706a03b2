"""A dealer who guesses ids: no way to read tells of records of others, and no way to write reaches them.

The ways to read are those of the core's own table, so one that comes later is asked here too, and so is every entity of
the plugin. The rules of core and plugin are taken out: the rights alone have to hold, with the role for dealers and, for
one of a dealer's users, with a role that grants everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import attrs
import pytest

import crmkit_sfa
from crmkit import Crm
from crmkit.core.access import Actor
from crmkit.core.customer import Customer
from crmkit.core.entity import EntityInfo, Via, change
from crmkit.core.errors import CrmError
from crmkit.core.staff import RecordShare, Role, RoleAssignment, User
from crmkit.core.values.clock import FixedClock
from crmkit.core.values.ids import new_id
from crmkit.runtime.crm import CORE
from crmkit.store.session import Session
from crmkit.testing.making import MakeCrm
from crmkit_sfa.dealers.role import role_grants
from tests.access.read_paths import PATHS, Reading
from tests.store.samples import one_of_each

EVERY_RIGHT = ("*", "delete", "export", "bulk", "merge", "erase")
LOGINS = ("nora", "sam", "hanna")
BESIDE = ("customer", "contact_point", "interaction", "interaction_participant", "record_share", "stage_track")
"""Entities of the core that dealers work with; the core's own tests ask of all."""
OFFERED = ("customer", "sfa_lead", "sfa_opportunity", "sfa_dealer_offer", "sfa_deal_registration")
"""Asked in every way that there is; other entities in the ways of ``QUICK``."""
QUICK = {"get", "list", "count", "select", "filter", "stream", "export"}
"""Asked of all entities, on both databases and with both roles; others on SQLite, with the role that grants everything."""


@attrs.frozen
class World:
    """One record of every entity for each of three users: of dealer North, of dealer South, of head office."""

    crm: Crm
    made: Mapping[str, Mapping[str, Any]]
    actors: Mapping[str, Actor]

    def ids(self, entity: str) -> dict[str, list[UUID]]:
        return {
            login: [record.id for record in kept.values() if _is(record, entity)] for login, kept in self.made.items()
        }

    def versions(self) -> dict[UUID, int]:
        with self.crm.session(reads=True) as session:
            return {
                record.id: found.version
                for login in ("sam", "hanna")
                for record in self.made[login].values()
                for found in [session.get(type(record), record.id)]
            }


def _is(record: Any, entity: str) -> bool:
    return bool(record.__crm_entity__.name == entity)


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, make_crm: MakeCrm, clock: FixedClock) -> World:
    url = request.getfixturevalue("own_sales_url") if request.param == "postgresql" else None
    crm = make_crm(plugins=[crmkit_sfa], url=url)
    with crm.session() as session:
        grants = role_grants(crm.context(session, "sfa"))
    crm.hooks.unregister(CORE)
    crm.hooks.unregister("sfa")
    made: dict[str, dict[str, Any]] = {}
    firms = {login: Customer(name=f"Firm of {login}", kind="organization") for login in LOGINS}
    everything = tuple({"entity": "*", "action": action, "scope": "all"} for action in EVERY_RIGHT)
    roles = {"nora": Role(name="dealer", grants=grants), "nina": Role(name="everything", grants=everything)}
    users = {
        login: User(
            login=login, name=login, customer_id=None if login == "hanna" else firms.get(login, firms["nora"]).id
        )
        for login in (*LOGINS, "nina")
    }
    with crm.session() as session:
        session.add(*firms.values(), *users.values(), *roles.values())
        session.add(*[RoleAssignment(user_id=users[login].id, role_id=role.id) for login, role in roles.items()])
    for number, login in enumerate(LOGINS):
        kept = one_of_each(clock.now() - timedelta(days=number), login, crm.registry, owner_id=users[login].id)
        kept["sfa_dealer_offer"] = change(kept["sfa_dealer_offer"], lead_id=kept["sfa_lead"].id)
        with crm.session() as session:
            session.add(*kept.values())
        with crm.session(reads=True) as session:
            made[login] = {name: session.get(type(record), record.id) for name, record in kept.items()}
    return World(crm, made, {login: crm.actor(login) for login in ("nora", "nina")})


def test_no_way_to_read_tells_of_anybody_elses(world: World) -> None:
    crm = world.crm
    customers = tuple(record for kept in world.made.values() for record in kept.values() if _is(record, "customer"))
    address = {customer.id: f"{number}@x.example" for number, customer in enumerate(customers)}
    told = dict.fromkeys(world.actors, 0)
    for login, actor in world.actors.items():
        with crm.session(actor, reads=True) as session:
            for name, info in _asked_ways(crm, login):
                ids = world.ids(info.name)
                every = [id for some in ids.values() for id in some]
                if name == "get":
                    # It opens sessions of its own, and a database in memory has one connection.
                    session.let_go()
                found = PATHS[name].read(Reading(crm, session, info, every, customers, address))
                assert found <= set(ids["nora"]), (name, info.name, login)
                told[login] += bool(found) and info.plugin == "sfa"
    assert told["nina"] > told["nora"] > 10


def test_a_dealer_exports_and_deletes_nothing_by_default(world: World) -> None:
    mine = world.made["nora"]["sfa_lead"]
    for actor, allowed in ((world.actors["nora"], False), (world.actors["nina"], True)):
        with world.crm.session(actor) as session:
            session.delete(session.get(type(mine), mine.id))
            assert _fails(session.flush) is not allowed
            session.rollback()
        with world.crm.session(actor, reads=True) as session:
            info = world.crm.registry.get("sfa_lead")
            found = PATHS["export"].read(Reading(world.crm, session, info, [mine.id], (), {}))
        assert bool(found) is allowed


def _asked_ways(crm: Crm, login: str) -> Iterator[tuple[str, EntityInfo]]:
    quick = crm.database.dialect == "postgresql" or login == "nora"
    for name, path in PATHS.items():
        for info in _asked(crm):
            if path.asks(info) and (name in QUICK or (info.name in OFFERED and not quick)):
                yield name, info


Write = Callable[[Session, EntityInfo, Any, Any], None]


def _part_of_foreign(session: Session, info: EntityInfo, foreign: Any, own: Any) -> None:
    if not any(isinstance(rule, Via) for rule in info.access) or info.owned:
        raise _NotAsked
    session.add(change(foreign, id=new_id(), version=0))


def _own_part_to_foreign(session: Session, info: EntityInfo, foreign: Any, own: Any) -> None:
    references = [rule.reference for rule in info.access if isinstance(rule, Via)]
    values = {name: getattr(foreign, name) for name in references if getattr(foreign, name) is not None}
    if not values:
        raise _NotAsked
    session.update(change(own, **values))


def _referring(session: Session, info: EntityInfo, foreign: Any, own: Any) -> None:
    """Point own records at the foreign one, by every reference that there is to its entity."""
    for other, field in session.database.registry.references_to(info.name):
        if other.editable and not field.common and other.name in _OWN[0]:
            session.update(change(_OWN[0][other.name], **{field.name: foreign.id}))
            session.flush()
            return
    raise _NotAsked


class _NotAsked(CrmError):
    """The write has no meaning for this entity."""

    def __init__(self) -> None:
        super().__init__("")


_OWN: list[Mapping[str, Any]] = [{}]

WRITES: Mapping[str, Write] = {
    "update": lambda s, info, foreign, own: s.update(change(foreign, source="guessed")),
    "delete": lambda s, info, foreign, own: s.delete(foreign),
    "restore": lambda s, info, foreign, own: s.restore(info.cls, foreign.id) and None,  # type: ignore[func-returns-value]
    "share": lambda s, info, foreign, own: s.add(
        RecordShare(entity=info.name, record_id=foreign.id, user_id=s.actor.user_id)
    ),
    "share to change": lambda s, info, foreign, own: s.add(
        RecordShare(entity=info.name, record_id=foreign.id, user_id=s.actor.user_id, action="update")
    ),
    "part of it": _part_of_foreign,
    "own part to it": _own_part_to_foreign,
    "refer to it": _referring,
    "upsert": lambda s, info, foreign, own: (
        s.bulk_upsert(info.cls, [change(foreign, source="guessed")], ("id",)) and None
    ),  # type: ignore[func-returns-value]
}
"""Ways to write, each of which a dealer tries on every record of others."""


@pytest.mark.parametrize("world", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True)
def test_no_way_to_write_reaches_anybody_elses(world: World) -> None:
    before, tried = world.versions(), 0
    _OWN[0] = world.made["nora"]
    for name, write in WRITES.items():
        for info, foreign, own in _foreign(world):
            # With the role that grants everything: it allows all that the role for dealers does.
            with world.crm.session(world.actors["nina"]) as session:
                try:
                    write(session, info, foreign, own)
                    session.flush()
                except CrmError:
                    tried += 1
                else:
                    raise AssertionError((name, info.name))
                finally:
                    session.rollback()
    assert tried > 300
    assert world.versions() == before


def _asked(crm: Crm) -> list[EntityInfo]:
    return [info for info in crm.registry if info.editable and (info.plugin == "sfa" or info.name in BESIDE)]


def _foreign(world: World) -> Iterator[tuple[EntityInfo, Any, Any]]:
    """Yield records of others with one's own; those of the other dealer where a dealer has the role, else head office's."""
    for info in _asked(world.crm):
        for login in ("sam", "hanna"):
            yield info, world.made[login][info.name], world.made["nora"][info.name]


def _fails(deed: Callable[[], object]) -> bool:
    try:
        deed()
    except CrmError:
        return True
    return False
