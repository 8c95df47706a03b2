"""The address of bulk actions: one change of all records that match a filter, confirmed by their number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from crmkit.core.entity import EMPTY, EntityInfo
from crmkit.core.errors import AccessDenied, BadInput, FieldError, NotFound, ValidationFailed
from crmkit.core.messages import msg
from crmkit.hosting import action_named, forbidden, read_input
from crmkit_web.documents.reading import check_patch
from crmkit_web.serving.calls import Call, Reply
from crmkit_web.serving.endpoints import Endpoint
from crmkit_web.serving.problems import Problem
from crmkit_web.work.asked import ask
from crmkit_web.work.bulk_body import bulk_body
from crmkit_web.work.documents import job_documents, place
from crmkit_web.work.shapes import BulkBody, BulkPreview, JobDocument
from crmkit_web.work.spool import spool_of

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site

MOST = 200_000
"""Records of one bulk action; more go in several."""

_DOINGS = ("set", "delete", "action", "add_to", "remove_from")


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoints of this room."""
    yield Endpoint(
        "change_records",
        "POST",
        "/{entity}/bulk",
        bulk,
        msg("Do one thing with all records that match a filter, by a job. A dry run tells how many they are."),
        body=bulk_body,
        returns=JobDocument,
        status=202,
        others={200: BulkPreview},
        entities=_editable,
        tag="jobs",
    )


def bulk(call: Call) -> Reply:
    """Tell how many records match, or have something done with them."""
    info, body = call.entity, read_input(BulkBody, call.mapping())
    doing = _doing(body)
    _check_rights(call, info, doing)
    try:
        count = call.session.count(info.cls, body.filter or None)
    except BadInput as error:
        raise ValidationFailed([FieldError("/filter", "bad_filter", body.filter, error.message)]) from None
    _check(call, info, body, doing)
    if body.dry_run:
        return Reply(BulkPreview(count), 200)
    _confirm(body, count)
    request: dict[str, Any] = {"filter": body.filter, "doing": doing, "expected": count}
    request |= {"values": body.set, "action": body.action, "input": body.input}
    request |= {"segment": body.add_to or body.remove_from}
    with spool_of(call.crm).drafted() as draft:
        made = ask(call, "bulk", draft, request, entity=info.name, name=body.action or doing, total=count)
    return Reply(job_documents(call, [made])[0], 202, {"location": place(made)})


def _doing(body: BulkBody) -> str:
    asked = [name for name in _DOINGS if getattr(body, name) not in (None, False)]
    if len(asked) != 1:
        expected = msg("one of {choices}", choices=", ".join(_DOINGS))
        raise ValidationFailed([FieldError("/", "required", None, expected)])
    if body.input is not None and body.action is None:
        raise ValidationFailed([FieldError("/input", "unknown_field", None, msg("an action that it is for"))])
    return asked[0]


def _check_rights(call: Call, info: EntityInfo, doing: str) -> None:
    actor = call.actor
    actor.require(info.name, "bulk")
    if doing == "set":
        actor.require(info.name, "update")
    elif doing == "delete":
        actor.require(info.name, "delete")
    elif doing in ("add_to", "remove_from"):
        actor.require("segment_member", "create" if doing == "add_to" else "delete")


def _check(call: Call, info: EntityInfo, body: BulkBody, doing: str) -> None:
    """Tell at once what would be wrong with every record."""
    session = call.session
    if doing == "set":
        _check_values(call, info, body.set or {})
    elif doing == "action":
        try:
            action = action_named(call.crm, body.action or "")
        except NotFound as error:
            raise ValidationFailed([FieldError("/action", "unknown_action", body.action, error.message)]) from None
        if action.entity != info.name or not action.bulk:
            expected = msg("an action that is done with many records of {entity} at once", entity=info.plural)
            raise ValidationFailed([FieldError("/action", "unknown_action", body.action, expected)])
        why_not = forbidden(call.actor, action)
        if why_not is not None:
            raise AccessDenied(why_not)
        if action.input is not None:
            read_input(action.input, body.input or {}, "/input")
        elif body.input:
            raise ValidationFailed([FieldError("/input", "unknown_field", None, msg("nothing: it asks for nothing"))])
    elif doing in ("add_to", "remove_from"):
        field, id = f"/{doing}", body.add_to or body.remove_from
        found = session.find(session.entity("segment").cls, id=id)
        if found is None or found.entity != info.name or found.kind != "frozen":
            expected = msg("the id of a frozen segment of {entity}", entity=info.plural)
            raise ValidationFailed([FieldError(field, "unknown_segment", id, expected)])


def _check_values(call: Call, info: EntityInfo, values: Mapping[str, Any]) -> None:
    if not values:
        raise ValidationFailed([FieldError("/set", "required", None, msg("at least one field"))])
    check_patch(info, next(iter(call.session.list(info.cls, limit=1)), _Unfilled()), values, "/set")
    denied = call.actor.hidden(info, "update").intersection(values)
    if denied:
        raise ValidationFailed(
            [FieldError(f"/set/{name}", "denied", None, msg("a field that you may change")) for name in sorted(denied)]
        )


class _Unfilled:
    """What values are tried on where there is no record yet: whatever one asks for, there is nothing."""

    custom = EMPTY

    def __getattr__(self, name: str) -> None:
        return None


def _confirm(body: BulkBody, count: int) -> None:
    if body.expected is None:
        raise ValidationFailed([FieldError("/expected", "required", None, msg("the number that a dry run told"))])
    if body.expected != count:
        raise Problem(
            409,
            "count_differs",
            msg("{count} records match, and {expected} were confirmed", count=count, expected=body.expected),
        )
    if count > MOST:
        expected = msg("a filter that matches at most {most} records", most=MOST)
        raise ValidationFailed([FieldError("/filter", "too_many", count, expected)])


def _editable(info: EntityInfo) -> bool:
    return info.editable
