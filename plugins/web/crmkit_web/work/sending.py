"""Sending a file to be imported: in a form, as it is, or by naming its address. What is wrong is told at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import unquote, urlsplit

from crmkit.core.errors import BadInput, ConfigError, FieldError, ValidationFailed, did_you_mean
from crmkit.core.messages import msg
from crmkit.hosting import check_import, import_mapping, read_input, safe_name
from crmkit_web.documents.forms import read_form
from crmkit_web.serving.calls import Call, Reply
from crmkit_web.serving.endpoints import Endpoint, Parameter
from crmkit_web.serving.problems import Problem
from crmkit_web.work.asked import ask, check_waiting
from crmkit_web.work.documents import import_document, place
from crmkit_web.work.import_bodies import FILENAME, KNOWN, MEMBERS, address_body, entities_of, form_body
from crmkit_web.work.mappings import mapping_text
from crmkit_web.work.shapes import AddressImport, ImportDocument
from crmkit_web.work.spool import UPLOAD, spool_of

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site

OVERHEAD = 600_000
"""Bytes of a form beside its file: a mapping, above all."""


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoints of this module."""
    more: dict[str, Any] = {"tag": "imports"}
    largest = site.settings.largest_upload + OVERHEAD
    made: dict[str, Any] = {"returns": ImportDocument, "status": 202, **more}
    yield Endpoint(
        "import_form",
        "POST",
        "/imports",
        import_form,
        msg("Import a file that comes in a form."),
        body=form_body,
        takes="multipart/form-data",
        largest_body=largest,
        uploads=True,
        look=look,
        **made,
    )
    yield Endpoint(
        "import_file",
        "POST",
        "/imports/file",
        import_raw,
        msg("Import a file that is the body."),
        query=(
            Parameter(
                "filename",
                msg("What the file is called; its ending says what it holds."),
                required=True,
                pattern=FILENAME,
            ),
            Parameter(
                "entity", msg("What the rows are, when the columns are named as its fields."), choices=entities_of(site)
            ),
            Parameter("mapping_name", msg("A mapping that the installation offers.")),
            Parameter(
                "dry_run", msg("Whether to show what would change, and write nothing."), kind="boolean", default=False
            ),
        ),
        body={"type": "string", "format": "binary", "minLength": 1},
        takes="application/octet-stream",
        largest_body=largest,
        uploads=True,
        look=look,
        **made,
    )
    yield Endpoint(
        "import_address",
        "POST",
        "/imports/address",
        import_address,
        msg("Import a file from an address on the public internet."),
        body=address_body,
        **made,
    )


def look(call: Call) -> None:
    """Raise for whoever may import nothing, or has too much waiting already."""
    call.actor.require("import_run", "create")
    check_waiting(call)


def import_form(call: Call) -> Reply:
    """Import the file of a form."""
    form = read_form(call.headers.get("content-type", ""), call.incoming.upload(), spool_of(call.crm).folder)
    odd = [name for name in (*form.fields, *(file.field for file in form.files)) if name not in MEMBERS]
    wrong = [FieldError(f"/{name}", "unknown_field", None, did_you_mean(name[:100], MEMBERS)) for name in odd]
    files = [file for file in form.files if file.field == "file"]
    if len(files) != 1:
        wrong.append(FieldError("/file", "required", None, msg("one file")))
    if form.one("dry_run") not in ("", "true", "false"):
        wrong.append(FieldError("/dry_run", "type", form.one("dry_run"), msg("true or false")))
    if wrong:
        raise ValidationFailed(wrong)
    asked = AddressImport(
        url="",
        mapping=form.one("mapping"),
        mapping_name=form.one("mapping_name"),
        entity=form.one("entity"),
        dry_run=form.one("dry_run") == "true",
        confirmed=form.fields.get("confirmed", ()),
    )
    return _ask(call, asked, files[0].filename, files[0].content)


def import_raw(call: Call) -> Reply:
    """Import the file that is the body."""
    kind = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in ("multipart/form-data", "application/x-www-form-urlencoded"):
        raise Problem(415, "media_type", msg("send the file itself, with Content-Type: application/octet-stream"))
    query = call.query
    asked = AddressImport(
        url="",
        mapping_name=query["mapping_name"] or "",
        entity=query["entity"] or "",
        dry_run=query["dry_run"],
    )
    return _ask(call, asked, query["filename"], call.incoming.upload())


def import_address(call: Call) -> Reply:
    """Import the file that is at an address."""
    from crmkit_web.outbound.guard import ForbiddenAddress, checked_url

    asked = read_input(AddressImport, call.mapping())
    try:
        url = checked_url(asked.url)
    except ForbiddenAddress as error:
        raise ValidationFailed([FieldError("/url", error.code, None, error.message)]) from None
    name = asked.filename or unquote(PurePosixPath(urlsplit(url).path).name)
    return _ask(call, asked, name, None, url)


def _ask(call: Call, asked: AddressImport, filename: str, content: BinaryIO | None, url: str = "") -> Reply:
    name = safe_name(filename)
    text = _checked(call, asked, name, content)
    request = {"url": url, "mapping": text, "entity": asked.entity, "confirmed": asked.confirmed}
    with spool_of(call.crm).drafted() as draft:
        if content is not None:
            path = draft.put(UPLOAD, name, content)
            _check_columns(call, asked, text, path)
        made = ask(call, "import", draft, request, name=name, entity=asked.entity, dry_run=asked.dry_run)
    return Reply(import_document(call, made, full=False), 202, {"location": place(made)})


def _checked(call: Call, asked: AddressImport, name: str, content: BinaryIO | None) -> str:
    """Return the mapping's text, ``""`` for a plain file; raises ValidationFailed with everything that is wrong."""
    wrong: list[FieldError] = []
    stem, _, ending = name.rpartition(".")
    if not stem or ending.lower() not in KNOWN:
        expected = msg("a name that ends in one of {endings}", endings=", ".join(KNOWN))
        wrong.append(FieldError("/filename", "unknown_kind", name, expected))
    if content is not None and not _filled(content):
        wrong.append(FieldError("/file", "empty", None, msg("a file that is not empty")))
    if sum(map(bool, (asked.mapping, asked.mapping_name, asked.entity))) != 1:
        wrong.append(FieldError("/entity", "required", None, msg("one of mapping, mapping_name and entity")))
    if wrong:
        raise ValidationFailed(wrong)
    text = mapping_text(call.crm, asked.mapping_name) if asked.mapping_name else asked.mapping
    entities: Sequence[str] = [asked.entity]
    try:
        if text:
            entities = [rule.entity for rule in import_mapping(call.crm, text=text).record]
        check_import(call.crm, call.actor, entities)
    except (BadInput, ConfigError) as error:
        field = "/mapping" if text else "/entity"
        raise ValidationFailed([FieldError(field, "bad_mapping", None, error.message)]) from None
    return text


def _filled(content: BinaryIO) -> bool:
    content.seek(0)
    found = bool(content.read(1))
    content.seek(0)
    return found


def _check_columns(call: Call, asked: AddressImport, text: str, path: Any) -> None:
    """Tell at once what is wrong with the columns of a plain file."""
    if text:
        return
    try:
        import_mapping(call.crm, entity=asked.entity, path=path)
    except BadInput as error:
        place = str(path.parent)
        told = error.message.render(call.translate).replace(f"{place}/", "")
        raise ValidationFailed([FieldError("/file", "bad_file", None, msg("{problem}", problem=told))]) from None
