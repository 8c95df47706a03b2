"""One record: get it, make it, change it, delete it, bring it back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit.core.entity import EntityInfo
from crmkit.core.errors import NotFound
from crmkit.core.messages import msg
from crmkit.core.values.ids import parse_id
from crmkit_web.documents.plain import encoded
from crmkit_web.documents.reading import changed_record, new_record
from crmkit_web.documents.records import form_of
from crmkit_web.records.asking import told_beside
from crmkit_web.records.conditional import IF_MATCH, IF_NONE_MATCH, check_version, versions_expected
from crmkit_web.records.duplicates import duplicates_told
from crmkit_web.records.idempotency import IDEMPOTENCY_KEY
from crmkit_web.records.including import Tree, read_paths
from crmkit_web.records.listing import FIELDS, INCLUDE
from crmkit_web.serving.calls import Call, Reply
from crmkit_web.serving.endpoints import Endpoint
from crmkit_web.serving.problems import Problem

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoints of this room."""
    yield Endpoint(
        "get_record",
        "GET",
        "/{entity}/{id}",
        get,
        msg("Return one record."),
        query=(FIELDS, INCLUDE),
        headers=(IF_NONE_MATCH,),
        returns="record",
        others={304: None},
        reads=True,
        brief=True,
        shares=True,
    )
    yield Endpoint(
        "create_record",
        "POST",
        "/{entity}",
        create,
        msg("Make a record."),
        headers=(IDEMPOTENCY_KEY,),
        body="create",
        returns="record",
        status=201,
        brief=True,
        shares=True,
        entities=editable,
    )
    yield Endpoint(
        "change_record",
        "PATCH",
        "/{entity}/{id}",
        patch,
        msg("Change fields of a record by a merge patch: null clears one, what is absent stays as it is."),
        headers=(IF_MATCH, IDEMPOTENCY_KEY),
        body="patch",
        returns="record",
        brief=True,
        shares=True,
        entities=editable,
    )
    yield Endpoint(
        "delete_record",
        "DELETE",
        "/{entity}/{id}",
        delete,
        msg("Delete a record. It keeps its history and can be brought back."),
        headers=(IF_MATCH, IDEMPOTENCY_KEY),
        status=204,
        brief=True,
        shares=True,
        entities=editable,
    )
    yield Endpoint(
        "restore_record",
        "POST",
        "/{entity}/{id}/restore",
        restore,
        msg("Bring a deleted record back."),
        headers=(IDEMPOTENCY_KEY,),
        returns="record",
        brief=True,
        shares=True,
        entities=editable,
    )


def get(call: Call) -> Reply:
    """Answer one record. The id of one that was merged answers what it was merged into, with ``Content-Location``."""
    info, query = call.entity, call.query
    fields, include = query["fields"], query["include"]
    tree, errors = read_paths(call.site, info, include, "/query/include") if include else (Tree(), [])
    if errors:
        raise Problem(400, "bad_query", msg("the query of the address is wrong"), errors=errors)
    form = form_of(call.session, info, fields)
    headers: dict[str, str] = {}
    try:
        record = call.session.get(info.cls, call.path["id"])
    except NotFound:
        kept = survivor(call, info)
        if kept is None:
            raise
        record = call.session.get(info.cls, kept)
        headers["content-location"] = address(info, kept)
    document = form(record)
    if tree:
        beside = told_beside(call, info, [record], tree)
        document |= beside
        mark = hashlib.blake2b(encoded(beside), digest_size=8).hexdigest()
        if info.editable:
            headers["etag"] = f'"{record.version}-{mark}"'
    elif info.editable:
        headers["etag"] = form.etag(record)
    return Reply(document, 200, headers)


def create(call: Call) -> Reply:
    """Make a record and answer it as it is stored."""
    info = call.entity
    record = new_record(info, call.mapping())
    call.session.add(record)
    with duplicates_told(info):
        call.session.flush()
    made = call.session.get(info.cls, record.id)
    return told(call, info, made, 201, {"location": address(info, made.id)})


def patch(call: Call) -> Reply:
    """Change fields of a record and answer it as it is stored."""
    info = call.entity
    before = expected(call, info)
    after = changed_record(info, before, call.mapping())
    if after is not before:
        call.session.update(after)
        with duplicates_told(info):
            call.session.flush()
    return told(call, info, call.session.get(info.cls, before.id))


def delete(call: Call) -> Reply:
    """Delete a record."""
    call.session.delete(expected(call, call.entity))
    return Reply(status=204)


def restore(call: Call) -> Reply:
    """Bring a deleted record back and answer it."""
    info = call.entity
    restored = call.session.restore(info.cls, call.path["id"])
    with duplicates_told(info):
        call.session.flush()
    return told(call, info, call.session.get(info.cls, restored.id))


def expected(call: Call, info: EntityInfo) -> Any:
    """Return the record to be changed, in the state that the request says; raises Problem 428, 412 and 409."""
    versions = versions_expected(call.headers)
    try:
        record = call.session.get(info.cls, call.path["id"])
        if versions is None:
            # Whatever state it is in: nobody changes it meanwhile.
            record = call.ctx.services.hold_records(info.cls, [record.id])[record.id]
    except NotFound:
        kept = survivor(call, info)
        if kept is None:
            raise
        where = address(info, kept)
        raise Problem(
            409,
            "merged",
            msg("this record was merged into {address}; change that one", address=where),
            {"location": where},
        ) from None
    check_version(record, versions, form_of(call.session, info).etag(record))
    return record


def survivor(call: Call, info: EntityInfo) -> UUID | None:
    """Return the id of what the record of the address was merged into, where the actor may see that; None for others."""
    id = parse_id(call.path["id"])
    kept: UUID = call.ctx.services.resolve(info.cls, id)
    return kept if kept != id and call.session.find(info.cls, id=kept) is not None else None


def told(call: Call, info: EntityInfo, record: Any, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    """Return the reply that tells of a record."""
    form = form_of(call.session, info)
    return Reply(form(record), status, {"etag": form.etag(record), **(headers or {})})


def address(info: EntityInfo, id: UUID) -> str:
    """Return the address of a record."""
    return f"/api/v1/{info.plural}/{id}"


def editable(info: EntityInfo) -> bool:
    """Whether the API writes records of an entity."""
    return info.editable
