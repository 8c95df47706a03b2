"""What a list is asked, by the query of an address or by a body; and the answer to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from crmkit.core.entity import EntityInfo
from crmkit.core.errors import BadInput, FieldError, did_you_mean
from crmkit.core.filter import FilterError, Predicate, from_data, parse
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.hosting import Page
from crmkit_web.documents.records import CUSTOM, field_words, form_of
from crmkit_web.extensions.columns import columns_for, wrong_columns
from crmkit_web.records.including import Tree, included, read_paths
from crmkit_web.records.signing import genuine, key_for, signed
from crmkit_web.serving.calls import Call
from crmkit_web.serving.problems import Problem

MOST_SORTINGS = 10


@frozen(eq=False)
class Asked:
    """A list as it is asked for. ``place`` is where the parts stand, for errors: ``/query``, or nothing in a body."""

    place: str
    filter: Any = None
    """Text in the filter language, or the same as data."""
    sort: str = ""
    limit: int = 50
    cursor: str = ""
    fields: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    count: bool = False
    deleted: bool = False
    columns: tuple[str, ...] = ()


def listed(call: Call, asked: Asked) -> dict[str, Any]:
    """Return a page of records as it is answered; raises Problem 400 with everything that is wrong."""
    info, session = call.entity, call.session
    # Before the session is used, since it may take one of its own.
    key = key_for(call.site, "cursor")
    errors: list[FieldError] = []
    order = _order(info, asked, errors)
    tree, wrong = read_paths(call.site, info, asked.include, f"{asked.place}/include")
    known = field_words(info)
    errors += wrong
    errors += wrong_columns(call, info, asked.columns, f"{asked.place}/columns")
    errors += [
        FieldError(f"{asked.place}/fields", "unknown_field", name, did_you_mean(name[:100], known))
        for name in asked.fields
        if name not in known
    ]
    try:
        predicate = _predicate(call, info, asked.filter)
    except FilterError as error:
        raise _bad_filter(asked, error, errors) from None
    if errors:
        raise Problem(400, "bad_query", msg("the query of the address is wrong"), errors=errors)
    if asked.deleted:
        _require_deleted(call, info, asked)
    about = _about(call, info, asked, order)
    after = ""
    if asked.cursor:
        after = genuine(asked.cursor, key, about) or ""
        if not after:
            expected = msg("next of the page before, of the same list and the same user")
            wrong = [FieldError(f"{asked.place}/cursor", "bad_cursor", asked.cursor, expected)]
            raise Problem(400, "bad_cursor", msg("this is no place in this list"), errors=wrong)
    form = form_of(session, info, asked.fields, deleted=asked.deleted)
    # Records are made for those who look at them.
    looked_at = asked.columns or tree
    read, document = (session.page, form) if looked_at else (session.page_of_values, form.of_values)
    try:
        page: Page[Any] = read(info.cls, predicate, order=order, limit=asked.limit, after=after, deleted=asked.deleted)
        count = session.count(info.cls, predicate, deleted=asked.deleted) if asked.count else None
    except FilterError as error:
        raise _bad_filter(asked, error, errors) from None
    except BadInput as error:
        raise Problem(
            400,
            "bad_query",
            error.message,
            errors=[FieldError(f"{asked.place}/sort", "bad_sort", asked.sort, msg("fields that have an order"))],
        ) from None
    answer: dict[str, Any] = {
        "items": [document(one) for one in page.records],
        "next": signed(page.next, key, about) if page.next else None,
    }
    if count is not None:
        answer["count"] = count
    if asked.columns:
        answer["columns"] = columns_for(call, info, asked.columns, page.records)
    if tree:
        answer |= told_beside(call, info, page.records, tree)
    return answer


def told_beside(call: Call, info: EntityInfo, records: Sequence[Any], tree: Tree) -> dict[str, Any]:
    """Return the part of an answer with the records along paths: ``included``, and ``truncated`` where there are more."""
    found, cut = included(call, info, records, tree)
    return {"included": found, "truncated": cut} if cut else {"included": found}


def _predicate(call: Call, info: EntityInfo, given: Any) -> Predicate | None:
    if given is None or given == "":
        return None
    if isinstance(given, str):
        return parse(given, call.crm.registry, info.name)
    return from_data(given, call.crm.registry, info.name)


def _bad_filter(asked: Asked, error: FilterError, others: Sequence[FieldError]) -> Problem:
    """Return the problem; ``position`` counts the characters before the place, where the filter is a text."""
    shown = asked.filter if isinstance(asked.filter, str) else None
    more = {} if error.position is None else {"position": error.position}
    entry = FieldError(f"{asked.place}/filter", "bad_filter", shown, error.problem)
    return Problem(400, "bad_filter", error.message, errors=[entry, *others], more=more)


def _order(info: EntityInfo, asked: Asked, errors: list[FieldError]) -> str:
    """Return what to sort by in the session's words."""
    known, place = field_words(info), f"{asked.place}/sort"
    made: list[str] = []
    for part in asked.sort.split(","):
        word = part.strip()
        descends = word.startswith("-")
        name = word.removeprefix("-")
        if not word:
            continue
        if name not in known and CUSTOM + name not in known:
            errors.append(FieldError(place, "unknown_field", name, did_you_mean(name[:100], known)))
            continue
        field = known.get(name, name)
        if field in (one.removeprefix("-") for one in made):
            errors.append(FieldError(place, "repeated", name, msg("each field once")))
        made.append(f"-{field}" if descends else field)
    if len(made) > MOST_SORTINGS:
        errors.append(FieldError(place, "too_many", len(made), msg("at most {count} fields", count=MOST_SORTINGS)))
    return ",".join(made)


def _require_deleted(call: Call, info: EntityInfo, asked: Asked) -> None:
    """Deleted records are for those who may delete, and so bring back."""
    if "deleted_at" not in info.by_name:
        wrong = [FieldError(f"{asked.place}/deleted", "bad_parameter", True, msg("false; these are never deleted"))]
        raise Problem(400, "bad_query", msg("the query of the address is wrong"), errors=wrong)
    call.session.actor.require(info.name, "delete")


def _about(call: Call, info: EntityInfo, asked: Asked, order: str) -> tuple[object, ...]:
    """Return what a cursor is about: it leads nowhere in the list of another tenant, user, filter or order."""
    actor = call.session.actor
    words = asked.filter if isinstance(asked.filter, str) else msgspec.json.encode(asked.filter or "", order="sorted")
    return (actor.tenant_id, actor.user_id, actor.acting_id, info.name, words, order, asked.deleted)
