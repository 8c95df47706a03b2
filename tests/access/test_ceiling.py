"""Actors with a ceiling: they may do less than their roles say, whatever changes, and what they leave to others keeps to it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.errors import AccessDenied
from crmkit.core.staff import RecordShare, User
from crmkit.plugin import Context, Job, JobDeclaration, Manifest, Record, Setup, entity, field, hookimpl
from crmkit.runtime.crm import Crm
from crmkit.runtime.jobs.executing import _actor
from crmkit.testing.making import AsUser, MakeCrm


@entity("keys_key", plural="keys_keys", plugin="keys", credentials=True)
class Key(Record):
    """Lets somebody in."""

    name: str = field(default="")
    used: int = field(default=0, audited=False)
    ends_at: datetime | None = field(default=None)


class Keys:
    """A plugin with what lets people in, and a job."""

    manifest = Manifest(name="keys", version="1")

    @hookimpl
    def register_entities(self, ctx: Context, call: Setup) -> list[type]:
        return [Key]

    @hookimpl
    def register_jobs(self, ctx: Context, call: Setup) -> list[JobDeclaration]:
        return [JobDeclaration(name="keys.look", run=self.look)]

    def look(self, ctx: Context, call: Job) -> None:
        ctx.session.list(Customer)


@pytest.fixture
def keys(make_crm: MakeCrm, tmp_path: Path) -> Crm:
    return make_crm(plugins=[Keys()], url=f"sqlite:///{tmp_path / 'keys.db'}")


READS = frozenset({("customer", "read")})


def test_no_right_reaches_beyond_the_ceiling(keys: Crm) -> None:
    actor = AsUser(keys)("* * all", "* keys.look all", login="ada")
    narrowed = actor.narrowed(READS)
    assert [bool(narrowed.granted("customer", right)) for right in ("read", "update", "export")] == [True, False, False]
    assert not narrowed.granted("interaction", "read")
    assert [one.has_permission("keys.look") for one in (actor, narrowed)] == [True, False]
    assert narrowed.narrowed(frozenset({("*", "keys.look")})).granted("customer", "read") == 0
    assert narrowed.as_the_roles_say().has_rights_of(actor)
    with keys.session() as session:
        customer = Customer(name="Kestrel", kind="organization")
        session.add(customer)
    with keys.session(narrowed) as session:
        assert session.get(Customer, customer.id).name == "Kestrel"
    with pytest.raises(AccessDenied), keys.session(narrowed) as session:
        session.update(change(session.get(Customer, customer.id), industry="Optics"))


def test_a_ceiling_adds_nothing(keys: Crm) -> None:
    actor = AsUser(keys)("customer read own", login="ada")
    narrowed = actor.narrowed(frozenset({("*", "*"), ("customer", "delete"), ("*", "keys.look")}))
    for right in ("read", "update", "delete", "export"):
        assert narrowed.granted("customer", right) == actor.granted("customer", right)
    assert not narrowed.has_permission("keys.look")


def test_two_ceilings_leave_what_both_leave(keys: Crm) -> None:
    actor = AsUser(keys)("* * all", login="ada").narrowed(frozenset({("customer", "*"), ("*", "read")}))
    assert actor.narrowed(frozenset({("*", "update"), ("team", "*")})).ceiling == {
        ("customer", "update"),
        ("team", "read"),
    }
    system = keys.system.narrowed(READS)
    assert [bool(system.granted("customer", right)) for right in ("read", "update")] == [True, False]


def test_what_is_shared_is_not_shared_beyond_the_ceiling(keys: Crm) -> None:
    actor = AsUser(keys)(login="ada")
    with keys.session() as session:
        customer = Customer(name="Kestrel", kind="organization")
        session.add(customer, RecordShare(entity="customer", record_id=customer.id, user_id=actor.user_id))
    found = []
    for one in (actor, actor.narrowed(READS), actor.narrowed(frozenset({("team", "read")}))):
        with keys.session(one, reads=True) as session:
            found.append(session.count(Customer))
    assert found == [1, 1, 0]


def test_rights_that_are_taken_anew_keep_the_ceiling(keys: Crm) -> None:
    AsUser(keys)("customer read all", login="ada")
    narrowed = keys.actor("ada").narrowed(READS)
    with keys.session(narrowed, reads=True) as session:
        session.list(Customer)
        AsUser(keys)("* * all", login="leo")
        session.heed_rights()
        assert session.actor.ceiling == READS
        assert session.actor.rights_version == session.rights_version()


def test_jobs_keep_the_ceiling_of_whoever_enqueued_them(keys: Crm) -> None:
    actor = AsUser(keys)("* * all", login="ada")
    for one in (actor, actor.narrowed(READS)):
        with keys.session(one) as session:
            session.enqueue("keys.look")
    with keys.database.connection(tenant=keys.system.tenant_id) as connection:
        rows = connection.execute(keys.database.table("background_jobs").select().order_by("id")).all()
    assert [_actor(keys, row).ceiling for row in rows] == [None, READS]


def test_what_lets_people_in_counts_as_a_right(keys: Crm) -> None:
    def version() -> int:
        with keys.session(reads=True) as session:
            return session.rights_version()

    with keys.session() as session:
        session.add(User(login="ada", name="Ada"))
    made = Key(name="front door")
    start = version()
    with keys.session() as session:
        session.add(made)
    assert version() == start
    with keys.session() as session:
        session.update(change(session.get(Key, made.id), used=1))
    # How it is used changes nothing; until when it is good, and that it is gone, does.
    assert version() == start
    with keys.session() as session:
        session.update(change(session.get(Key, made.id), ends_at=datetime(2030, 1, 1, tzinfo=UTC)))
    assert version() == start + 1
    with keys.session() as session:
        session.delete(session.get(Key, made.id))
    assert version() == start + 2
