"""Records by what another system calls them: found, made or changed by its key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit.core.entity import EntityInfo
from crmkit.core.errors import FieldError, NotFound, ValidationFailed
from crmkit.core.identity import ExternalIdentity
from crmkit.core.messages import msg
from crmkit_web.documents.reading import changed_record, new_record
from crmkit_web.documents.records import form_of
from crmkit_web.records.conditional import IF_MATCH_AT_WILL, IF_NONE_MATCH, check_version, versions_expected
from crmkit_web.records.duplicates import by_field, told_as
from crmkit_web.records.idempotency import IDEMPOTENCY_KEY
from crmkit_web.records.listing import FIELDS
from crmkit_web.records.single import address, editable, told
from crmkit_web.serving.calls import Call, Reply
from crmkit_web.serving.endpoints import Endpoint
from crmkit_web.serving.problems import Problem

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site

_PLACES = {"system": "source", "external_id": "key", "entity": "key", "record_id": "key"}
"""Where a field of an identity stands in what the client sends."""


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoints of this room."""
    yield Endpoint(
        "get_record_by_key",
        "GET",
        "/{entity}/by/{source}/{key}",
        get_by_key,
        msg("Return the record that another system calls by a key."),
        query=(FIELDS,),
        headers=(IF_NONE_MATCH,),
        returns="record",
        others={304: None},
        reads=True,
        entities=editable,
    )
    yield Endpoint(
        "upsert_record",
        "PUT",
        "/{entity}/by/{source}/{key}",
        upsert,
        msg("Change the record that another system calls by a key, by a merge patch, or make it (201)."),
        headers=(IF_MATCH_AT_WILL, IDEMPOTENCY_KEY),
        body="patch",
        returns="record",
        others={201: "record"},
        entities=editable,
    )


def get_by_key(call: Call) -> Reply:
    """Answer the record with a key."""
    info, source, key = call.entity, call.path["source"], call.path["key"]
    id = known_ids(call.session, info, source, [key]).get(key)
    if id is None:
        raise NotFound(msg("no {entity} that {source} calls {key}", entity=info.name, source=source, key=key))
    record = call.session.get(info.cls, id)
    form = form_of(call.session, info, call.query["fields"])
    return Reply(form(record), 200, {"etag": form.etag(record), "content-location": address(info, record.id)})


def upsert(call: Call) -> Reply:
    """Change the record with a key, or make it. ``If-Match`` and ``If-None-Match: *`` are heeded where they are sent."""
    info, session = call.entity, call.session
    source, key, values = call.path["source"], call.path["key"], call.mapping()
    hold_keys(call, info, [source])
    id = known_ids(session, info, source, [key]).get(key)
    if id is None:
        if "if-match" in call.headers:
            raise Problem(412, "no_such_record", msg("there is no such record to be changed yet"))
        made, identity = new_with_key(info, source, key, values)
        session.add(made, identity)
        _flushed(call, info, "/path")
        location = {"location": address(info, made.id)}
        return told(call, info, session.get(info.cls, made.id), 201, location)
    before = session.find(info.cls, id=id)
    if before is None:
        raise key_of_deleted("/path/key", key)
    etag = form_of(session, info).etag(before)
    if call.headers.get("if-none-match", "").strip() == "*":
        raise Problem(412, "duplicate", msg("there is such a record already"), {"etag": etag})
    check_version(before, versions_expected(call.headers, needed=False), etag)
    after = changed_record(info, before, without_id(before, values))
    if after is not before:
        session.update(after)
        _flushed(call, info, "/path")
    return told(call, info, session.get(info.cls, before.id))


def hold_keys(call: Call, info: EntityInfo, sources: Iterable[str]) -> None:
    """Let nobody else make records by keys of the same sources until the end of the transaction."""
    for source in sorted(set(sources)):
        call.ctx.services.take_turns("external_identity", info.name, source)


def known_ids(session: Any, info: EntityInfo, source: str, keys: Iterable[str]) -> dict[str, UUID]:
    """Return the ids of records by their keys, as far as the actor may see them. One query."""
    wanted = sorted({key for key in keys if key and "\0" not in key})
    if not wanted or "\0" in source:
        return {}
    found = session.list(ExternalIdentity, system=source, external_id=wanted, entity=info.name)
    return {identity.external_id: identity.record_id for identity in found}


def key_of_deleted(pointer: str, key: str) -> Problem:
    """Return the error for a key whose record is deleted: nobody makes another one by accident."""
    expected = msg("a key whose record is not deleted; restore it first")
    return Problem(
        409,
        "duplicate",
        msg("there is such a record already"),
        errors=[FieldError(pointer, "duplicate", key, expected)],
    )


def new_with_key(
    info: EntityInfo, source: str, key: str, values: Mapping[str, Any], prefix: str = ""
) -> tuple[Any, Any]:
    """Return a new record and the identity that says what the other system calls it."""
    record = new_record(info, {"source": source[:100], **values}, prefix)
    return record, ExternalIdentity(system=source, external_id=key, entity=info.name, record_id=record.id)


def without_id(before: Any, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return values to change a record by; its own id among them changes nothing."""
    given = values.get("id")
    if isinstance(given, str) and given.lower() == str(before.id):
        return {name: value for name, value in values.items() if name != "id"}
    return values


def placed(error: FieldError, info: EntityInfo, values: str, key: str) -> Iterator[FieldError]:
    """Yield an error of the write path with pointers: below ``values``, or below ``key`` where an identity is wrong."""
    entity, _, field = error.path.partition(".")
    if entity == "external_identity" and info.name != entity:
        names = dict.fromkeys(_PLACES.get(name, "key") for name in field.split("+"))
        if error.code == "duplicate":
            names = {"key": None}
        for name in names:
            yield FieldError(f"{key}/{name}", error.code, error.value, error.expected, error.record_id)
        return
    yield from by_field(error, info, values)


def _flushed(call: Call, info: EntityInfo, key: str) -> None:
    try:
        call.session.flush()
    except ValidationFailed as error:
        found = [one for wrong in error.errors for one in placed(wrong, info, "", key)]
        raise told_as(found) from None
