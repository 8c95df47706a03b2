"""What the options of ``crmkit sfa activity`` mean: times, people and what an activity is about."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from crmkit.command import find_customer, record_named, user_named
from crmkit.plugin import BadInput, Context, NotFound, msg


def key_given(found: Any, occurrence: str) -> str:
    """Return the occurrence of a series that an option names; the empty text without one."""
    from crmkit_sfa.activities.naming import occurrence_key

    return occurrence_key(found, occurrence) if occurrence else ""


def instant_given(ctx: Context, text: str) -> datetime:
    """Return the instant of a time where the actor is; raises BadInput."""
    from crmkit.core.values.clock import parse_instant
    from crmkit_sfa.activities.timing import known_zone

    return parse_instant(text, known_zone(ctx.timezone))


def times_given(
    kind: str, timezone: str, at: str | None, minutes: int | None, on: date | None, to: date | None, due: str | None
) -> dict[str, Any]:
    """Return the fields of times that the options say; raises BadInput for options that contradict each other."""
    from crmkit.core.values.clock import parse_instant
    from crmkit_sfa.activities.naming import point_of
    from crmkit_sfa.activities.timing import known_zone

    if sum(given is not None for given in (at, on, due)) > 1:
        raise BadInput(msg("say one of --at, --on and --due"))
    if (minutes is not None and at is None) or (to is not None and on is None):
        raise BadInput(msg("--for belongs to --at, and --to to --on"))
    if due is not None:
        point = point_of(due, timezone)
        return {"due_at" if isinstance(point, datetime) else "due_on": point}
    if on is not None:
        last = "due_on" if kind == "task" else "ends_on"
        return {"starts_on": on, **({last: to} if to is not None else {})}
    if at is None:
        return {}
    start = parse_instant(at, known_zone(timezone))
    last = "due_at" if kind == "task" else "ends_at"
    return {"starts_at": start, **({last: start + timedelta(minutes=minutes)} if minutes else {})}


def skipped_start_given(text: str | None, zone: str, rrule: str) -> tuple[str, ...]:
    """Return the start that an option says, as a further time of a series, where clocks skip it; see ``skipped_start``."""
    from crmkit_sfa.activities.timing import known_zone, skipped_start

    try:
        said = datetime.fromisoformat((text or "").strip())
    except ValueError:
        return ()
    return () if said.tzinfo is not None else skipped_start(said, known_zone(zone), rrule)


def start_given(kind: str, point: date | datetime) -> dict[str, Any]:
    """Return the field for when something of a kind starts, or is due."""
    what = "due" if kind == "task" else "starts"
    return {f"{what}_at" if isinstance(point, datetime) else f"{what}_on": point}


def about_given(ctx: Context, session: Any, customer: str | None, opportunity: str | None, lead: str | None) -> Any:
    """Return the record that the options name; raises BadInput for several."""
    from crmkit_sfa.opportunities.finding import find_opportunity

    given = [name for name in (customer, opportunity, lead) if name is not None]
    if len(given) > 1:
        raise BadInput(msg("say one of --customer, --opportunity and --lead"))
    if customer is not None:
        return find_customer(session, customer)
    if opportunity is not None:
        return find_opportunity(ctx, opportunity)
    return record_named(session, f"sfa_lead:{lead}") if lead is not None else None


def person_given(session: Any, who: str) -> Any:
    """Return the user, customer or mail address that somebody is named by; raises NotFound."""
    try:
        return user_named(session, who)
    except NotFound:
        pass
    try:
        return find_customer(session, who)
    except NotFound:
        if "@" in who:
            return who
        raise
