"""Enqueue in my transaction: with it or not at all, by whom and why, and once for each key."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.errors import AccessDenied, BadInput, ConfigError, HookLoop
from crmkit.core.journal import AuditEntry, Event
from crmkit.core.staff import Role, RoleAssignment, User
from crmkit.core.values.clock import FixedClock
from crmkit.hooks.jobs import Job, JobDeclaration, Retries
from crmkit.hooks.kinds import hookimpl
from crmkit.runtime.crm import Crm
from crmkit.runtime.manifest import Manifest
from tests.conftest import OpenCrm
from tests.jobs.conftest import Plugin, add_customer, names, states


def test_a_job_is_there_with_its_transaction_and_does_its_work(open_crm: OpenCrm) -> None:
    crm = open_crm(Plugin(add=add_customer))
    with crm.session() as session:
        id = session.enqueue("loyalty.add", {"name": "Kestrel"})
    assert states(crm) == {"waiting": 1}
    assert [(job.id, job.name, job.state) for job in crm.jobs.run_due()] == [(id, "loyalty.add", "done")]
    assert names(crm) == ["Kestrel"]
    assert crm.jobs.run_due() == []


def test_a_job_goes_with_the_transaction_that_is_rolled_back(open_crm: OpenCrm) -> None:
    crm = open_crm(Plugin(add=add_customer))

    def work_and_stop() -> None:
        with crm.session() as session:
            session.add(Customer(name="Kite", kind="organization"))
            session.enqueue("loyalty.add", {"name": "Kestrel"})
            raise InterruptedError

    with pytest.raises(InterruptedError):
        work_and_stop()
    with crm.session() as session:
        session.enqueue("loyalty.add", {"name": "Kestrel"})
        session.rollback()
    assert (states(crm), crm.jobs.run_due(), names(crm)) == ({}, [], [])


def test_in_a_submitted_command_it_belongs_to_the_command(open_crm: OpenCrm) -> None:
    crm = open_crm(Plugin(add=add_customer))

    class Command:
        def __init__(self, fails: bool) -> None:
            self.fails = fails

        def execute(self, ctx: Any) -> None:
            ctx.jobs.enqueue("loyalty.add", {"name": "Kestrel"})
            if self.fails:
                raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        crm.submit(Command(fails=True)).result()
    assert states(crm) == {}
    crm.submit(Command(fails=False)).result()
    assert states(crm) == {"waiting": 1}


def test_derive_hooks_enqueue_in_the_transaction_that_they_are_part_of(open_crm: OpenCrm) -> None:
    class Welcoming(Plugin):
        @hookimpl(entities=("customer",))
        def derive_records(self, ctx: Any, call: Any) -> list[Any]:
            for item in call.changes:
                if item.before is None and not item.after.name.startswith("Welcome"):
                    ctx.jobs.enqueue("loyalty.add", {"name": f"Welcome {item.after.name}"}, key=str(item.after.id))
            return []

    crm = open_crm(Welcoming(add=add_customer))
    with crm.session() as session:
        session.add(Customer(name="Kestrel", kind="organization"))
    assert [job.enqueued_by for job in crm.jobs.list()] == ["loyalty"]
    crm.jobs.run_due()
    assert names(crm) == ["Kestrel", "Welcome Kestrel"]


def test_what_a_job_writes_tells_its_plugin_its_user_and_its_cause(open_crm: OpenCrm) -> None:
    crm = open_crm(Plugin(add=add_customer))
    with crm.session() as session:
        user, role = (
            User(login="mia", name="Mia"),
            Role(name="r", grants=({"entity": "*", "action": "*", "scope": "all"},)),
        )
        session.add(user, role, RoleAssignment(user_id=user.id, role_id=role.id))
    with crm.session(crm.actor("mia")) as session:
        session.add(Customer(name="Kite", kind="organization"))
        session.enqueue("loyalty.add", {"name": "Kestrel"})
        first = session.first_event
    (ran,) = crm.jobs.run_due()
    assert ran.state == "done", ran.error
    with crm.session(reads=True) as session:
        made = session.find(Customer, name="Kestrel")
        assert made is not None
        entry = session.find(AuditEntry, record_id=made.id)
        assert entry is not None
        assert (entry.plugin, entry.actor_id, entry.cause_id, made.created_by) == ("loyalty", user.id, first, user.id)
        event = session.find(Event, record_id=made.id)
        assert event is not None
        assert event.depth == 1


def test_a_job_has_the_rights_of_now(open_crm: OpenCrm) -> None:
    crm = open_crm(Plugin(add=JobDeclaration(name="loyalty.add", run=add_customer, retries=Retries(attempts=1))))
    with crm.session() as session:
        user, role = (
            User(login="mia", name="Mia"),
            Role(name="r", grants=({"entity": "*", "action": "read", "scope": "all"},)),
        )
        session.add(user, role, RoleAssignment(user_id=user.id, role_id=role.id))
    with crm.session(crm.actor("mia")) as session:
        session.enqueue("loyalty.add", {"name": "Kestrel"})
        session.enqueue("loyalty.add", {"name": "Kite"})
    (ran, other) = crm.jobs.run_due()
    assert (ran.state, other.state) == ("parked", "parked")
    assert "may not create customer" in ran.error
    with crm.session(crm.actor("mia")) as session:
        session.enqueue("loyalty.add", {"name": "Kite"})
    with crm.session() as session:
        session.update(change(session.get(User, user.id), state="frozen"))
    (ran,) = crm.jobs.run_due()
    assert (ran.state, ran.error) == ("parked", "mia is not active any more")
    assert names(crm) == []


def test_a_key_enqueues_once(open_crm: OpenCrm) -> None:
    crm = open_crm(Plugin(add=add_customer, other=add_customer))
    with crm.session() as session:
        one = session.enqueue("loyalty.add", {"name": "Kestrel"}, key="k")
        assert session.enqueue("loyalty.add", {"name": "Kite"}, key="k") == one
        assert session.enqueue("loyalty.other", {"name": "Kite"}, key="k") != one
    crm.jobs.run_due()
    with crm.session() as session:
        assert session.enqueue("loyalty.add", {"name": "Kite"}, key="k") == one
    assert crm.jobs.run_due() == []
    assert names(crm) == ["Kestrel", "Kite"]


def test_a_job_waits_for_its_time(open_crm: OpenCrm, clock: FixedClock) -> None:
    crm = open_crm(Plugin(add=add_customer))
    with crm.session() as session:
        session.enqueue("loyalty.add", {"name": "Later"}, delay=timedelta(hours=2))
        session.enqueue("loyalty.add", {"name": "Soon"}, at=clock.now() + timedelta(hours=1))
    assert crm.jobs.run_due() == []
    clock.advance(hours=1)
    crm.jobs.run_due()
    assert names(crm) == ["Soon"]
    clock.advance(hours=1)
    crm.jobs.run_due()
    assert names(crm) == ["Later", "Soon"]


def test_jobs_run_in_the_order_in_which_they_were_enqueued(open_crm: OpenCrm) -> None:
    seen: list[int] = []
    crm = open_crm(Plugin(note=lambda ctx, job: seen.append(job.payload["n"])))
    with crm.session() as session:
        for number in range(30):
            session.enqueue("loyalty.note", {"n": number})
    crm.jobs.run_due()
    assert seen == list(range(30))


def test_what_is_wrong_is_said_when_it_is_enqueued(open_crm: OpenCrm) -> None:
    crm = open_crm(Plugin(add=add_customer))
    with crm.session() as session:
        with pytest.raises(ConfigError, match=r"no job loyalty.ad; did you mean loyalty.add\?"):
            session.enqueue("loyalty.ad")
        with pytest.raises(BadInput, match=r"payload of job loyalty\.add: expected names with texts"):
            session.enqueue("loyalty.add", {"name": object()})
        with pytest.raises(BadInput, match="at needs a time with its offset"):
            session.enqueue("loyalty.add", at=crm.clock.now().replace(tzinfo=None))
        with pytest.raises(BadInput, match="a key of at most 200 characters"):
            session.enqueue("loyalty.add", key="k" * 201)
    with crm.session(reads=True) as session, pytest.raises(AccessDenied, match="only reads"):
        session.enqueue("loyalty.add")
    assert states(crm) == {}


def test_jobs_that_cause_one_another_without_end_are_stopped(open_crm: OpenCrm) -> None:
    def again(ctx: Any, job: Job) -> None:
        ctx.jobs.enqueue("loyalty.again")

    crm = open_crm(Plugin(again=JobDeclaration(name="loyalty.again", run=again, retries=Retries(attempts=1))))
    with crm.session() as session:
        session.enqueue("loyalty.again")
    ran = crm.jobs.run_due()
    assert [job.state for job in ran] == ["done"] * 16 + ["parked"]
    assert HookLoop(()).message.render().partition(":")[0] in ran[-1].error


def test_a_job_that_puts_itself_off_is_no_further_cause(open_crm: OpenCrm) -> None:
    def again(ctx: Any, job: Job) -> None:
        left = job.payload["left"]
        if left:
            ctx.jobs.enqueue("loyalty.again", {"left": left - 1}, again=True)

    crm = open_crm(Plugin(again=JobDeclaration(name="loyalty.again", run=again, retries=Retries(attempts=1))))
    with crm.session() as session:
        session.enqueue("loyalty.again", {"left": 40})
    assert [job.state for job in crm.jobs.run_due()] == ["done"] * 41


def test_jobs_of_one_tenant_are_not_those_of_another(open_crm: OpenCrm) -> None:
    plugin = Plugin(add=add_customer)
    one, other = open_crm(plugin), open_crm(plugin, tenant=uuid4().hex)
    with one.session() as session:
        session.enqueue("loyalty.add", {"name": "Kestrel"}, key="k")
    with other.session() as session:
        session.enqueue("loyalty.add", {"name": "Kite"}, key="k")
    assert len(other.jobs.run_due()) == 1
    assert (names(one), names(other)) == ([], ["Kite"])
    assert (states(one), states(other)) == ({"waiting": 1}, {"done": 1})


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"name": "expire", "run": add_customer}, "expire: expected the plugin's name, a point and a word"),
        ({"name": "other.expire", "run": add_customer}, "other.expire must begin with the plugin's name"),
    ],
    ids=["word", "other"],
)
def test_jobs_have_names_of_their_plugin(declared: dict[str, Any], expected: str) -> None:
    class Wrong:
        manifest = Manifest(name="loyalty")

        @hookimpl
        def register_jobs(self, ctx: Any, call: Any) -> list[JobDeclaration]:
            return [JobDeclaration(**declared)]

    with pytest.raises(Exception, match=expected):
        Crm.open(plugins=[Wrong()])


def test_two_jobs_of_one_name_stop_the_start() -> None:
    twice = Plugin(add=add_customer, plus=JobDeclaration(name="loyalty.add", run=add_customer))
    with pytest.raises(ConfigError, match=r"loyalty\.add"):
        Crm.open(plugins=[twice])
