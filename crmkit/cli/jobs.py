"""``crmkit jobs``: what there is to do in the background, how far it is, and what failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.localized import argument, group, json_option, option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from datetime import datetime, tzinfo
    from uuid import UUID

    from crmkit.runtime.crm import Crm
    from crmkit.runtime.jobs.keeping import ShownJob


@group("jobs", help=wording("Show background work, and retry, discard or cancel it."))
def jobs() -> None:
    pass


@jobs.command("list", help=wording("List jobs that are to be done or parked, the newest first."))
@option(
    "--state", "states", multiple=True, metavar="STATE", help=wording("Only jobs in this state; may be given again.")
)
@option("--all", "every", is_flag=True, help=wording("Those that are done, cancelled or discarded, too."))
@option("--plugin", default="", metavar="NAME", help=wording("Only jobs of this plugin."))
@option("--job", "name", default="", metavar="NAME", help=wording("Only jobs of this name."))
@option("--limit", type=click.IntRange(1), default=50, show_default=True, help=wording("How many."))
@json_option
def list_(states: tuple[str, ...], every: bool, plugin: str, name: str, limit: int, as_json: bool) -> None:
    from crmkit.cli.output import print_block, print_json, table
    from crmkit.runtime.jobs.states import OPEN, PARKED

    states = states or (() if every else (*OPEN, PARKED))
    with _managing() as (crm, zone):
        found = crm.jobs.list(states=states, plugin=plugin, name=name, limit=limit)
    if as_json:
        print_json([_document(job) for job in found])
        return
    headings = (
        wording("Job"),
        wording("State"),
        wording("Due"),
        wording("Attempts"),
        wording("Progress"),
        wording("Error"),
        wording("Id"),
    )
    rows = [
        (
            job.name,
            translated(STATE_WORDS[job.state]),
            _moment(job.run_at, zone),
            str(job.attempts or ""),
            _progress(job),
            job.error.partition("\n")[0],
            str(job.id),
        )
        for job in found
    ]
    print_block(table([translated(heading) for heading in headings], rows, right=(3,)))


@jobs.command("show", help=wording("Show a job, what it was given, its error, and the steps that are done."))
@argument("id", help=wording("The job's id."))
@json_option
def show(id: str, as_json: bool) -> None:
    from crmkit.cli.output import pairs, print_block, print_json, table

    with _managing() as (crm, zone):
        job, steps = crm.jobs.show(id)
    if as_json:
        print_json({**_document(job), "payload": job.payload, "steps": steps})
        return
    rows: list[tuple[str, Any]] = [
        (wording("Job"), job.name),
        (wording("State"), translated(STATE_WORDS[job.state])),
        (wording("Enqueued"), _moment(job.enqueued_at, zone)),
        (wording("Enqueued by"), f"{job.actor} ({job.enqueued_by})" if job.enqueued_by else job.actor),
        (wording("Caused by event"), job.cause_id),
        (wording("Scheduled for"), _moment(job.due_at, zone)),
        (wording("Due"), _moment(job.run_at, zone)),
        (wording("Started"), _moment(job.started_at, zone)),
        (wording("Ended"), _moment(job.ended_at, zone)),
        (wording("Worker"), job.worker),
        (wording("Attempts"), job.attempts or ""),
        (wording("Progress"), _progress(job)),
        (wording("Payload"), job.payload or ""),
        (wording("Error"), job.error),
    ]
    print_block(pairs((translated(label), value) for label, value in rows if value not in (None, "")))
    if steps:
        click.echo()
        headings = [translated(wording("Step")), translated(wording("Done"))]
        print_block(table(headings, [(step.name, _moment(step.done_at, zone)) for step in steps]))


@jobs.command("retry", help=wording("Let parked jobs be tried again; steps that are done stay so."))
@click.argument("ids", nargs=-1)
@option("--all", "every", is_flag=True, help=wording("All parked jobs."))
@json_option
def retry(ids: tuple[str, ...], every: bool, as_json: bool) -> None:
    from crmkit.core.messages import msg

    _change(
        ids, every, as_json, lambda crm, ids: crm.jobs.retry(*ids), lambda n: msg("{count} jobs wait again", count=n)
    )


@jobs.command("discard", help=wording("Give parked jobs up for good, and forget what they were given."))
@click.argument("ids", nargs=-1)
@option("--all", "every", is_flag=True, help=wording("All parked jobs."))
@json_option
def discard(ids: tuple[str, ...], every: bool, as_json: bool) -> None:
    from crmkit.core.messages import msg

    _change(
        ids, every, as_json, lambda crm, ids: crm.jobs.discard(*ids), lambda n: msg("{count} jobs discarded", count=n)
    )


@jobs.command("cancel", help=wording("Cancel jobs; what one that runs has not committed yet is undone."))
@click.argument("ids", nargs=-1, required=True)
@json_option
def cancel(ids: tuple[str, ...], as_json: bool) -> None:
    from crmkit.core.messages import msg

    _change(
        ids, False, as_json, lambda crm, ids: crm.jobs.cancel(*ids), lambda n: msg("{count} jobs cancelled", count=n)
    )


@jobs.command("enqueue", help=wording("Have a job done as soon as a worker can."))
@argument("name", help=wording("The job, such as crmkit.seal_audit_log."))
@option("--payload", default="{}", metavar="JSON", help=wording("What it is given: an object of JSON."))
@option("--key", default="", metavar="TEXT", help=wording("Names this job: the same key enqueues it once."))
@json_option
def enqueue(name: str, payload: str, key: str, as_json: bool) -> None:
    import json

    from crmkit.cli.output import print_json
    from crmkit.cli.running import acting
    from crmkit.core.errors import BadInput
    from crmkit.core.messages import msg, shown

    try:
        given = json.loads(payload)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise BadInput(msg("payload {value}: expected an object of JSON", value=shown(payload)))
    with _managing() as (crm, _), crm.session(acting(crm)) as session:
        id = session.enqueue(name, given, key=key)
    if as_json:
        print_json({"id": id, "name": name})
    else:
        click.echo(str(id))


@jobs.command("schedules", help=wording("List what is due by itself, and when it is next."))
@json_option
def schedules(as_json: bool) -> None:
    from crmkit.cli.output import print_block, print_json, table
    from crmkit.runtime.jobs.schedules import next_due

    with _managing() as (crm, zone):
        now = crm.clock.now()
        found = [(one, next_due(one, now, zone)) for one in crm.jobs.schedules.values()]
    if as_json:
        print_json(
            [
                {"name": s.name, "job": s.job, "cron": s.cron, "at": s.at, "catch_up": s.catch_up, "next": at}
                for s, at in found
            ]
        )
        return
    headings = (wording("Schedule"), wording("Job"), wording("Rule"), wording("Missed"), wording("Next"))
    rows = [(s.name, s.job, s.cron or _moment(s.at, zone), s.catch_up, _moment(at, zone)) for s, at in found]
    print_block(table([translated(heading) for heading in headings], rows))


@jobs.command(
    "health", help=wording("Show workers, queues and what is parked; leaves with 1 when work waits for nobody.")
)
@json_option
def health(as_json: bool) -> None:
    from crmkit.cli.output import print_block, print_json, table
    from crmkit.cli.running import say
    from crmkit.core.messages import msg

    with _managing() as (crm, zone):
        found = crm.jobs.health()
    stuck = bool(found.waiting) and not found.alive
    if as_json:
        print_json({"alive": found.alive, "waiting": found.waiting, "parked": found.parked, **_plain(found)})
    else:
        headings = [wording("Plugin"), wording("Waiting"), wording("Later"), wording("Running"), wording("Parked")]
        rows = [(q.plugin, str(q.waiting), str(q.later), str(q.running), str(q.parked)) for q in found.queues]
        print_block(table([translated(heading) for heading in headings], rows, right=(1, 2, 3, 4)))
        names = [wording("Worker"), wording("Alive"), wording("Seen"), wording("Hanging")]
        workers = [(w.id, w.alive, _moment(w.seen_at, zone), str(w.hanging or "")) for w in found.workers]
        click.echo()
        print_block(table([translated(name) for name in names], workers, right=(3,)))
        for name in found.late_schedules:
            say(msg("schedule {name} is not looked after: no worker runs", name=name))
        if stuck:
            say(msg("{count} jobs wait, and no worker is alive: start crmkit worker", count=found.waiting))
    if stuck:
        click.get_current_context().exit(1)


STATE_WORDS = {
    "waiting": wording("waiting"),
    "queued": wording("queued"),
    "running": wording("running"),
    "done": wording("done"),
    "parked": wording("parked"),
    "cancelled": wording("cancelled"),
    "discarded": wording("discarded"),
}


@contextmanager
def _managing() -> Iterator[tuple[Crm, tzinfo]]:
    """Open the application for somebody who may manage jobs; gives it with the time zone of the installation."""
    from crmkit.cli.running import acting, opened
    from crmkit.core.values.clock import time_zone
    from crmkit.runtime.jobs.keeping import require_manager

    with opened() as crm:
        require_manager(acting(crm))
        yield crm, time_zone(crm.config.timezone)


def _change(
    ids: Sequence[str],
    every: bool,
    as_json: bool,
    act: Callable[[Crm, Sequence[UUID | str]], int],
    told: Callable[[int], Any],
) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say

    if bool(ids) == every:
        raise click.UsageError(translated(wording("name jobs by their ids, or give --all")))
    with _managing() as (crm, _):
        wanted: Sequence[UUID | str] = ids
        if every:
            wanted = [job.id for job in crm.jobs.list(states=["parked"], limit=1_000_000)]
        count = act(crm, wanted)
    if as_json:
        print_json({"changed": count})
    else:
        say(told(count))


def _document(job: ShownJob) -> dict[str, Any]:
    document = _plain(job)
    del document["payload"]
    done = job.progress
    document["progress"] = None if done is None else {"done": done[0], "total": done[1], "note": done[2]}
    return document


def _plain(value: Any) -> dict[str, Any]:
    from crmkit.cli.output import plain

    document: dict[str, Any] = plain(value)
    return document


def _progress(job: ShownJob) -> str:
    if job.progress is None:
        return ""
    done, total, note = job.progress
    count = f"{done:,}" if total is None else f"{done:,} / {total:,}"
    return f"{count} {note}".strip()


def _moment(at: datetime | None, zone: tzinfo) -> str:
    from crmkit.cli.output import shown_value

    return shown_value(at, zone)
