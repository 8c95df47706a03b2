"""Spans of sessions and hooks: off nothing is in the way, on everything is seen."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from opentelemetry import trace as otel
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.errors import ConfigError, CrmError, PluginError
from crmkit.core.messages import msg
from crmkit.hooks.jobs import JobDeclaration
from crmkit.hooks.kinds import hookimpl
from crmkit.hooks.records import RecordBatch, Refuse
from crmkit.runtime.crm import Crm
from crmkit.runtime.jobs.synchronous import run_due
from crmkit.runtime.manifest import Manifest
from crmkit.runtime.telemetry import Telemetry, set_up_provider
from crmkit.runtime.tracing import SpanRecord, SpanTree, TracedSession
from crmkit.services.explaining import explain
from crmkit.store.session import Session
from crmkit.testing.making import MakeCrm
from tests.conftest import OpenCrm


class Nosy:
    """Derives, guards and is told; refuses Acme and stumbles over Zed."""

    manifest = Manifest(name="nosy", version="1.0")

    @hookimpl(entities=("customer",))
    def derive_records(self, ctx: Any, call: RecordBatch) -> list[Any]:
        return [change(c.after, nickname="n") for c in call.changes if not c.after.nickname]

    @hookimpl(entities=("customer",))
    def guard_records(self, ctx: Any, call: RecordBatch) -> Any:
        if any(c.after.name == "Zed" for c in call.changes):
            raise ValueError("secret of anna@example.com")
        return [Refuse(msg("no")) for c in call.changes if c.after.name == "Acme"]

    @hookimpl(entities=("customer",))
    def after_records_saved_committed(self, ctx: Any, call: RecordBatch) -> None:
        for item in call.changes:
            if item.created:
                ctx.session.update(change(item.after, description="seen"))


def customer(name: str) -> Customer:
    return Customer(name=name, kind="organization")


def add(crm: Crm, name: str) -> None:
    with crm.session() as session:
        session.add(customer(name))


def names(root: SpanRecord) -> list[tuple[int, str, str]]:
    return [(depth, span.name, span.attributes.get("plugin", "")) for depth, span in root.walk()]


def test_off_nothing_is_in_the_way(make_crm: MakeCrm) -> None:
    plugin = Nosy()
    crm = make_crm(plugins=[plugin])
    assert crm.session_type is Session

    def called() -> list[Any]:
        return [impl.function for impl in crm.hooks.caller("guard_records", "customer").impls if impl.plugin == "nosy"]

    # Bound methods are made anew by each look-up; the function beneath is the very one of the plugin.
    before = called()
    assert [function.__func__ for function in before] == [Nosy.guard_records]
    crm.trace(SpanTree())
    assert crm.session_type is TracedSession
    assert not hasattr(called()[0], "__func__")
    crm.trace(None)
    assert [function.__func__ for function in called()] == [Nosy.guard_records]
    assert crm.session_type is Session
    with crm.session() as session:
        assert type(session) is Session


def test_a_commit_is_seen_with_all_it_leads_to(open_crm: OpenCrm) -> None:
    crm = open_crm(Nosy())
    roots: list[SpanRecord] = []
    crm.trace(SpanTree(roots.append))
    add(crm, "Kite")
    (commit,) = roots
    seen = names(commit)
    assert seen[0] == (0, "commit", "")
    assert (1, "flush", "") in seen
    assert (2, "guard_records", "nosy") in seen
    told = seen.index((1, "commit", "")) if (1, "commit", "") in seen else len(seen)
    assert any(name == "after_records_saved_committed" for _, name, _ in seen)
    assert told >= 3
    flush = commit.children[0]
    assert flush.attributes["entities"] == ["customer"]
    assert flush.attributes["size"] == 1
    assert flush.own + sum(child.duration for child in flush.children) == flush.duration


def test_outcomes_and_errors_are_told(make_crm: MakeCrm) -> None:
    crm = make_crm(plugins=[Nosy()])
    spans = SpanTree()
    crm.trace(spans)
    roots: list[SpanRecord] = []
    crm.trace(spans := SpanTree(roots.append))
    for name in ("Acme", "Zed"):
        with pytest.raises(CrmError):
            add(crm, name)
    guards = [
        s for root in roots for _, s in root.walk() if s.name == "guard_records" and s.attributes["plugin"] == "nosy"
    ]
    assert [(guard.attributes.get("outcome"), guard.error) for guard in guards] == [
        ("refused", ""),
        (None, "ValueError"),
    ]
    shares = {(share.plugin, share.hook): share for share in spans.shares()}
    assert shares["nosy", "guard_records"].calls == 2
    assert shares["nosy", "guard_records"].longest <= shares["nosy", "guard_records"].total


def test_a_wrapper_holds_what_it_wraps(make_crm: MakeCrm) -> None:
    class Around:
        manifest = Manifest(name="around")

        @hookimpl(wrapper=True, entities=("customer",))
        def derive_records(self) -> Any:
            return (yield)

    crm = make_crm(plugins=[Around(), Nosy()])
    roots: list[SpanRecord] = []
    crm.trace(SpanTree(roots.append))
    add(crm, "Kite")
    around = next(span for _, span in roots[0].walk() if span.attributes.get("plugin") == "around")
    assert around.attributes["wrapper"] is True
    assert {child.attributes["plugin"] for child in around.children} == {"crmkit", "nosy"}


@pytest.fixture
def exported() -> tuple[TracerProvider, InMemorySpanExporter]:
    provider, exporter = TracerProvider(), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider, exporter


def test_opentelemetry_gets_the_same_spans(
    open_crm: OpenCrm, exported: tuple[TracerProvider, InMemorySpanExporter]
) -> None:
    provider, exporter = exported
    crm = open_crm(Nosy())
    crm.trace(Telemetry(provider))
    with otel.get_tracer("host", tracer_provider=provider).start_as_current_span("request"):
        add(crm, "Kite")
    spans = {span.name: span for span in exporter.get_finished_spans()}
    assert {"request", "crmkit.commit", "crmkit.flush", "crmkit.guard_records"} <= set(spans)
    commit, request = spans["crmkit.commit"], spans["request"]
    assert commit.context is not None
    assert request.context is not None
    assert commit.context.trace_id == request.context.trace_id
    guards = [s for s in exporter.get_finished_spans() if s.name == "crmkit.guard_records"]
    mine = [s for s in guards if (s.attributes or {}).get("crmkit.plugin") == "nosy"]
    assert {(s.attributes or {}).get("crmkit.entity") for s in mine} == {"customer"}
    tenants = {
        (s.attributes or {}).get("crmkit.tenant") for s in exporter.get_finished_spans() if s.name.endswith("commit")
    }
    assert tenants == {str(crm.system.tenant_id)}


def test_opentelemetry_gets_nothing_that_records_hold(
    open_crm: OpenCrm, exported: tuple[TracerProvider, InMemorySpanExporter]
) -> None:
    provider, exporter = exported
    crm = open_crm(Nosy())
    crm.trace(Telemetry(provider))
    with pytest.raises(PluginError):
        add(crm, "Zed")
    spans = exporter.get_finished_spans()
    failed = [span for span in spans if not span.status.is_ok and span.status.status_code is otel.StatusCode.ERROR]
    assert {(span.attributes or {})["error.type"] for span in failed} >= {"ValueError", "PluginError"}
    told = "".join(span.to_json() for span in spans)
    assert "anna@example.com" not in told
    assert "Zed" not in told


def test_telemetry_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(ConfigError, match=r"install crmkit\[telemetry\]"):
        Telemetry()
    with pytest.raises(ConfigError, match=r"install crmkit\[telemetry\]"):
        set_up_provider()


def test_an_unknown_exporter_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "consol")
    with pytest.raises(ConfigError, match="no exporter consol is installed; did you mean console"):
        set_up_provider()


class Worker:
    """Has one job that adds a customer, and one that fails with words about somebody."""

    manifest = Manifest(name="worker", version="0.7")

    @hookimpl
    def register_jobs(self) -> list[JobDeclaration]:
        return [JobDeclaration(name="worker.add", run=self.add), JobDeclaration(name="worker.fail", run=self.fail)]

    def add(self, ctx: Any, job: Any) -> None:
        ctx.session.add(customer(job.payload["name"]))

    def fail(self, ctx: Any, job: Any) -> None:
        raise ValueError("anna@example.com")


def enqueue(crm: Crm, job: str, **payload: Any) -> None:
    with crm.session() as session:
        crm.enqueue(session, job, payload)


def test_jobs_have_spans_of_their_own(open_crm: OpenCrm) -> None:
    crm = open_crm(Worker())
    enqueue(crm, "worker.add", name="Kite")
    roots: list[SpanRecord] = []
    crm.trace(SpanTree(roots.append))
    assert [ran.state for ran in run_due(crm, "worker")] == ["done"]
    (job,) = (root for root in roots if root.name == "job")
    assert (job.attributes["job"], job.attributes["plugin"]) == ("worker.add", "worker")
    assert (1, "commit", "") in names(job)


def test_what_a_job_wrote_names_job_and_version(open_crm: OpenCrm) -> None:
    crm = open_crm(Worker())
    enqueue(crm, "worker.add", name="Kite")
    run_due(crm, "worker")
    with crm.session(reads=True) as session:
        kite = session.find(Customer, name="Kite")
        assert kite is not None
        (found,) = explain(session, Customer, kite.id, fields=["name"]).fields
    assert (str(found.by), found.hook) == ("worker@0.7", "worker.add")


def test_logs_of_failing_jobs_do_not_quote_them(open_crm: OpenCrm, caplog: pytest.LogCaptureFixture) -> None:
    crm = open_crm(Worker())
    enqueue(crm, "worker.fail")
    with caplog.at_level("DEBUG", logger="crmkit"):
        run_due(crm, "worker")
    (line,) = (record for record in caplog.records if "failed, attempt 1" in record.getMessage())
    assert line.__dict__["plugin"] == "worker"
    assert "anna@example.com" not in caplog.text
