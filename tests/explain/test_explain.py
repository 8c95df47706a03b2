"""Why a record is as it is, from what was recorded with its changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from crmkit import __version__
from crmkit.core.audit_chain import first_link
from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.errors import BadInput, NotFound, Refused
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.journal import AuditEntry, ImportRun
from crmkit.core.messages import msg
from crmkit.core.origin import Origin, Release, origin_text, read_origin
from crmkit.core.product import Product
from crmkit.core.staff import User
from crmkit.core.values.clock import FixedClock
from crmkit.hooks.causation import Cause
from crmkit.hooks.kinds import hookimpl
from crmkit.hooks.records import RecordBatch, Refuse
from crmkit.runtime.crm import Crm
from crmkit.runtime.manifest import Manifest
from crmkit.services.auditing.log import seal
from crmkit.services.auditing.verifying import verify
from crmkit.services.explaining import entity_of, explain
from crmkit.store.refusals import refusals_of
from tests.conftest import OpenCrm


class Domains:
    """Derives a customer's domain, and refuses those of Acme."""

    def __init__(self, version: str = "1.4") -> None:
        self.manifest = Manifest(name="domains", version=version)

    @hookimpl(entities=("customer",))
    def derive_records(self, ctx: Any, call: RecordBatch) -> list[Any]:
        made = [c.after for c in call.changes if c.after.domain != f"{c.after.name.lower()}.example"]
        return [change(customer, domain=f"{customer.name.lower()}.example") for customer in made]

    @hookimpl(entities=("customer",))
    def guard_records(self, ctx: Any, call: RecordBatch) -> list[Refuse]:
        return [
            Refuse(msg("not {name}", name=c.after.name), c.after.id) for c in call.changes if c.after.name == "Acme"
        ]


class Pairs:
    """Adds a second customer to each first one, and gives both a domain: to the second one a round later."""

    manifest = Manifest(name="pairs", version="3.1")

    @hookimpl(entities=("customer",))
    def derive_records(self, ctx: Any, call: RecordBatch) -> list[Any]:
        created = [c.after for c in call.changes if c.created and not c.after.domain]
        named = [change(one, domain="pair.example") for one in created]
        return [*named, *(Customer(name="Second", kind="organization") for one in created if one.name == "First")]


class Welcome:
    """Greets each new customer with a planned note, and numbers products when a note comes."""

    manifest = Manifest(name="welcome", version="2.0")

    @hookimpl(entities=("customer",))
    def after_records_saved_committed(self, ctx: Any, call: RecordBatch) -> None:
        for item in call.changes:
            if item.created:
                note = Interaction(
                    kind="note", status="planned", subject=f"Welcome {item.after.name}", occurred_at=ctx.clock.now()
                )
                part = InteractionParticipant(interaction_id=note.id, customer_id=item.after.id)
                ctx.session.add(note, part)
                ctx.session.update(change(item.after, nickname="new here"))


def field(crm: Crm, record: Any, name: str) -> Any:
    with crm.session(reads=True) as session:
        (found,) = explain(session, type(record), record.id, fields=[name]).fields
    assert found.name == name
    return found


def add(crm: Crm, *records: Any, **options: Any) -> None:
    with crm.session(**options) as session:
        session.add(*records)


def test_what_a_person_wrote_has_no_plugin(crm: Crm) -> None:
    product = Product(sku="P-1", name="Pump")
    add(crm, User(login="anna", name="Anna"))
    with crm.session() as session:
        anna = session.find(User, login="anna")
        assert anna is not None
    actor = crm.system.__class__(name="anna", tenant_id=crm.system.tenant_id, user_id=anna.id, everything=True)
    add(crm, product, actor=actor)
    found = field(crm, product, "name")
    assert (found.value, found.how, found.by, found.because) == ("Pump", "written", None, ())
    assert (found.deed.who, found.deed.action, found.deed.version) == ("anna", "created", 1)
    assert field(crm, product, "unit").how == "default"


def test_derived_fields_name_the_plugin_with_its_version(open_crm: OpenCrm) -> None:
    crm = open_crm(Domains())
    kestrel = Customer(name="Kestrel", kind="organization")
    add(crm, kestrel)
    domain, name = field(crm, kestrel, "domain"), field(crm, kestrel, "name")
    assert (domain.value, domain.how, domain.by, domain.hook) == (
        "kestrel.example",
        "derived",
        Release("domains", "1.4"),
        "derive_records",
    )
    assert (name.how, name.by) == ("written", None)
    assert domain.deed == name.deed


def test_each_value_keeps_the_version_that_derived_it(open_crm: OpenCrm) -> None:
    old, kite = open_crm(Domains("1.4")), Customer(name="Kite", kind="organization")
    add(old, kite)
    new = open_crm(Domains("1.5"))
    other = Customer(name="Heron", kind="organization")
    add(new, other)
    assert str(field(new, kite, "domain").by) == "domains@1.4"
    assert str(field(new, other, "domain").by) == "domains@1.5"
    with new.session() as session:
        session.update(change(session.get(Customer, kite.id), name="Kites"))
    assert str(field(new, kite, "domain").by) == "domains@1.5"


def test_a_file_without_a_version_is_told_by_its_content(open_crm: OpenCrm, tmp_path: Path) -> None:
    rules = tmp_path / "rules.py"
    source = (
        "from crmkit.plugin import change, hookimpl\n"
        "@hookimpl(entities=('customer',))\n"
        "def derive_records(call):\n"
        "    return [change(c.after, nickname='{}') for c in call.changes if not c.after.nickname]\n"
    )
    seen = []
    for word in ("old", "new"):
        rules.write_text(source.format(word), "utf-8")
        crm = open_crm(config={"plugin_folder": str(tmp_path)})
        customer = Customer(name="Kite", kind="organization")
        add(crm, customer)
        seen.append(str(field(crm, customer, "nickname").by))
    assert [text.partition("-")[0] for text in seen] == ["rules@sha", "rules@sha"]
    assert seen[0] != seen[1]


def test_the_core_derives_under_its_own_version(crm: Crm) -> None:
    anna = Customer(kind="person", given_name="Anna", family_name="Beck")
    add(crm, anna)
    found = field(crm, anna, "name")
    assert (found.value, found.how, found.by) == ("Anna Beck", "derived", Release("crmkit", __version__))


def test_causes_lead_back_to_what_somebody_did(open_crm: OpenCrm) -> None:
    crm = open_crm(Domains(), Welcome())
    first, second = Customer(name="Kite", kind="organization"), Customer(name="Heron", kind="organization")
    add(crm, first, second)
    crm.drain()
    for customer in (first, second):
        nickname = field(crm, customer, "nickname")
        assert (nickname.by, nickname.hook) == (Release("welcome", "2.0"), "after_records_saved_committed")
        assert [(deed.action, deed.record_id, deed.by) for deed in nickname.because] == [("created", customer.id, None)]
        with crm.session(reads=True) as session:
            (part,) = session.list(InteractionParticipant, customer_id=customer.id)
            note = session.get(Interaction, part.interaction_id)
        made = field(crm, part, "customer_id")
        assert [deed.record_id for deed in made.because] == [customer.id]
        assert field(crm, note, "subject").by == Release("welcome", "2.0")


def test_an_import_is_the_first_cause(crm: Crm) -> None:
    run = ImportRun(name="spring fair", path="fair.csv", fingerprint="0" * 64)
    add(crm, run)
    product = Product(sku="P-2", name="Valve")
    add(crm, product, cause=Cause(event_id=run.id))
    found = field(crm, product, "sku")
    # The run is a record, too: its making is where the chain ends, or its name is told.
    assert found.deed.cause == "import spring fair"


def test_custom_fields_are_explained_one_by_one(open_crm: OpenCrm) -> None:
    class Sizes:
        manifest = Manifest(name="sizes", version="3")

        @hookimpl(entities=("customer",))
        def derive_records(self, ctx: Any, call: RecordBatch) -> list[Any]:
            small = [c.after for c in call.changes if "size" not in c.after.custom]
            return [change(one, custom={**one.custom, "size": "small"}) for one in small]

    custom = [{"entity": "customer", "name": name} for name in ("size", "colour")]
    crm = open_crm(Sizes(), config={"custom_fields": custom})
    kite = Customer(name="Kite", kind="organization", custom={"colour": "red"})
    add(crm, kite)
    size, colour = field(crm, kite, "size"), field(crm, kite, "colour")
    assert (size.value, size.how, size.by) == ("small", "derived", Release("sizes", "3"))
    assert (colour.value, colour.how, colour.by) == ("red", "written", None)
    with crm.session() as session:
        held = session.get(Customer, kite.id)
        session.update(change(held, custom={**held.custom, "size": "large"}))
    assert field(crm, kite, "size").how == "written"
    assert field(crm, kite, "colour").deed.version == 1


def test_unknown_fields_and_records_are_named(open_crm: OpenCrm) -> None:
    crm = open_crm()
    kite = Customer(name="Kite", kind="organization")
    add(crm, kite)
    with crm.session(reads=True) as session:
        with pytest.raises(BadInput, match="has no field nme; did you mean"):
            explain(session, Customer, kite.id, fields=["nme"])
        with pytest.raises(NotFound):
            explain(session, Customer, UUID(int=7))
        assert entity_of(session, kite.id) == "customer"
        assert entity_of(session, UUID(int=7)) is None
        names = [one.name for one in explain(session, "customer", kite.id).fields]
    assert {"kind", "name"} <= set(names)


def test_hidden_values_stay_hidden(open_crm: OpenCrm, as_user_of: Any) -> None:
    crm = open_crm(Domains())
    kite = Customer(name="Kite", kind="organization", description="secret")
    add(crm, kite)
    actor = as_user_of(crm, [{"entity": "customer", "action": "read", "scope": "all", "fields": ["*", "-description"]}])
    with crm.session(actor, reads=True) as session:
        found = {one.name: one for one in explain(session, Customer, kite.id).fields}
    assert str(found["name"].value) == "Kite"
    assert "secret" not in str(found["description"].value)


def test_reasons_are_not_shown_to_whom_fields_are_hidden(open_crm: OpenCrm, as_user_of: Any) -> None:
    crm = open_crm(Domains(), config={"refusals_kept": 3})
    kite = Customer(name="Kite", kind="organization")
    add(crm, kite)
    with pytest.raises(Refused), crm.session() as session:
        session.update(change(session.get(Customer, kite.id), name="Acme"))
    actor = as_user_of(crm, [{"entity": "customer", "action": "read", "scope": "all", "fields": ["*", "-name"]}])
    with crm.session(actor, reads=True) as session:
        found = explain(session, Customer, kite.id)
    assert [(one.by.plugin, one.reason) for one in found.refused] == [("domains", "")]
    assert found.title == ""


def test_refusals_are_kept_where_asked_for(open_crm: OpenCrm, clock: FixedClock) -> None:
    crm = open_crm(Domains(), config={"refusals_kept": 3})
    kite = Customer(name="Kite", kind="organization")
    add(crm, kite)
    for _ in range(5):
        clock.advance(minutes=1)
        with pytest.raises(Refused), crm.session() as session:
            session.update(change(session.get(Customer, kite.id), name="Acme"))
    with crm.session(reads=True) as session:
        found = explain(session, Customer, kite.id)
    assert len(found.refused) == 3
    newest = found.refused[0]
    assert (newest.by, newest.hook, newest.reason) == (Release("domains", "1.4"), "guard_records", "not Acme")
    assert newest.occurred_at == clock.now()
    assert newest.who == ""


def test_commands_that_share_a_transaction_leave_their_refusals(open_crm: OpenCrm) -> None:
    crm = open_crm(Domains(), config={"refusals_kept": 10})
    kite = Customer(name="Kite", kind="organization")
    add(crm, kite)

    class Rename:
        def execute(self, ctx: Any) -> None:
            ctx.session.update(change(ctx.session.get(Customer, kite.id), name="Acme"))

    with pytest.raises(Refused):
        crm.submit(Rename()).result(timeout=30)
    crm.submit(_Nothing()).result(timeout=30)
    with crm.session(reads=True) as session:
        assert [one.reason for one in refusals_of(session, kite.id)] == ["not Acme"]


class _Nothing:
    def execute(self, ctx: Any) -> None:
        return None


def test_without_asking_no_refusal_is_kept(open_crm: OpenCrm) -> None:
    crm = open_crm(Domains())
    acme = Customer(name="Acme", kind="organization")
    with pytest.raises(Refused):
        add(crm, acme)
    with crm.session(reads=True) as session:
        assert refusals_of(session, acme.id) == []


def test_erasing_takes_the_refusals_too(open_crm: OpenCrm) -> None:
    from crmkit.store.erasing import erase_deltas

    crm = open_crm(Domains(), config={"refusals_kept": 3})
    kite = Customer(name="Kite", kind="organization")
    add(crm, kite)
    with pytest.raises(Refused), crm.session() as session:
        session.update(change(session.get(Customer, kite.id), name="Acme"))
    with crm.session() as session:
        erase_deltas(session, [kite.id])
    with crm.session(reads=True) as session:
        found = explain(session, Customer, kite.id)
    assert found.refused == ()
    assert {one.how for one in found.fields} == {"erased"}


def test_origins_are_sealed_with_their_entries(open_crm: OpenCrm) -> None:
    crm = open_crm(Domains())
    add(crm, Customer(name="Kite", kind="organization"))
    assert seal(crm, crm.system).sealed == 1
    with crm.session(reads=True) as session:
        (entry,) = session.list(AuditEntry)
        assert read_origin(entry.origin).derived["domain"] == Release("domains", "1.4")
        assert verify(session).valid
    assert first_link(crm.system.tenant_id)


def test_what_a_plugin_wrote_as_an_actor_is_told_from_what_its_hook_made(open_crm: OpenCrm) -> None:
    crm = open_crm(Pairs())
    with crm.session(crm.system.for_plugin("pairs")) as session:
        session.add(Customer(name="First", kind="organization"))
    with crm.session(reads=True) as session:
        hooks = {
            session.get(Customer, entry.record_id).name: read_origin(entry.origin).hook
            for entry in session.list(AuditEntry, entity="customer")
        }
    assert hooks == {"First": "", "Second": "derive_records"}


def test_origins_are_written_once_for_alike_changes() -> None:
    text = origin_text("a@1", "derive_records", (("x", "a@1"), ("y", "b@2"), ("z", "b@2")))
    assert text == '{"by":"a@1","hook":"derive_records","derived":{"b@2":["y","z"]}}'
    assert read_origin({"by": "a@1", "hook": "h", "derived": {"b@2": ["y"]}}) == Origin(
        Release("a", "1"), "h", {"y": Release("b", "2")}
    )
    assert origin_text("a@1", "derive_records", (("x", "a@1"), ("y", "b@2"), ("z", "b@2"))) is text
