"""Lists of records: filtered, sorted, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from crmkit.core.errors import FieldError, ValidationFailed, did_you_mean
from crmkit.core.messages import Message, msg
from crmkit_web.extensions.columns import COLUMNS
from crmkit_web.records.asking import Asked, listed
from crmkit_web.records.conditional import IF_NONE_MATCH
from crmkit_web.serving.calls import Call
from crmkit_web.serving.endpoints import Endpoint, Parameter

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site

FIELDS = Parameter(
    "fields", msg("Only these fields, separated by commas; custom ones as custom.NAME."), kind="words", default=()
)
INCLUDE = Parameter(
    "include",
    msg("Paths to further records, separated by commas, as in owner or contact_points; they come in included."),
    kind="words",
    default=(),
)
QUERY = (
    Parameter("filter", msg("Which records, in the filter language, as in country = DE and created_at > last month.")),
    Parameter("sort", msg("Fields separated by commas, each with - in front to descend.")),
    Parameter("limit", msg("Records of a page."), kind="integer", default=50, minimum=1, maximum=1_000),
    Parameter("cursor", msg("Where to go on: next of the page before.")),
    FIELDS,
    INCLUDE,
    COLUMNS,
    Parameter("count", msg("exact: how many there are altogether, too."), choices=("exact",)),
    Parameter(
        "deleted",
        msg("true: deleted records instead of living ones, for those who may delete."),
        kind="boolean",
        default=False,
    ),
)
SEARCH: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "filter": {"type": ["string", "object", "null"], "maxLength": 100_000, "format": "crmkit-filter"},
        "sort": {"type": ["string", "null"], "maxLength": 4_000},
        "limit": {"type": "integer", "minimum": 1, "maximum": 1_000, "default": 50},
        "cursor": {"type": ["string", "null"], "maxLength": 10_000, "format": "crmkit-cursor"},
        "fields": {"type": "array", "maxItems": 500, "items": {"type": "string"}},
        "include": {"type": "array", "maxItems": 20, "items": {"type": "string"}},
        "count": {"enum": ["exact", None]},
        "deleted": {"type": "boolean", "default": False},
        "columns": {"type": "array", "maxItems": 100, "items": {"type": "string"}},
    },
}


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoints of this room."""
    yield Endpoint(
        "list_records",
        "GET",
        "/{entity}",
        list_,
        msg("Return a page of records."),
        query=QUERY,
        headers=(IF_NONE_MATCH,),
        returns="page",
        others={304: None},
        reads=True,
        brief=True,
    )
    yield Endpoint(
        "search_records",
        "POST",
        "/{entity}/search",
        search,
        msg("Return a page of records, asked for by a document: for long filters, and for filters as data."),
        body=SEARCH,
        returns="page",
        reads=True,
        brief=True,
    )


def list_(call: Call) -> dict[str, Any]:
    """Answer a page of records."""
    query = call.query
    asked = Asked(
        "/query",
        query["filter"],
        query["sort"] or "",
        query["limit"],
        query["cursor"] or "",
        query["fields"],
        query["include"],
        bool(query["count"]),
        query["deleted"],
        query["columns"],
    )
    return listed(call, asked)


def search(call: Call) -> dict[str, Any]:
    """Answer a page of records that a document asks for."""
    body = call.mapping()
    errors: list[FieldError] = []
    known = SEARCH["properties"]
    for name in body:
        if name not in known:
            errors.append(FieldError(f"/{name[:200]}", "unknown_field", body[name], did_you_mean(name[:100], known)))
    given = Given(body, errors)
    asked = Asked(
        "",
        given.of("filter", None, msg("a filter, as text or as data"), lambda v: isinstance(v, str | dict)),
        given.of("sort", "", msg("fields separated by commas"), lambda v: _text(v, 4_000)) or "",
        given.of("limit", 50, msg("a whole number from {low} to {high}", low=1, high=1_000), _limit),
        given.of("cursor", "", msg("next of the page before"), lambda v: _text(v, 10_000)) or "",
        tuple(given.of("fields", (), msg("a list of texts"), _texts)),
        tuple(given.of("include", (), msg("a list of texts"), _texts)),
        bool(given.of("count", None, msg("one of {choices}", choices="exact"), lambda v: v == "exact")),
        given.of("deleted", False, msg("true or false"), lambda v: isinstance(v, bool)),
        tuple(given.of("columns", (), msg("a list of texts"), _texts)),
    )
    if errors:
        raise ValidationFailed(errors)
    return listed(call, asked)


class Given:
    """The members of a body; what is wrong with them is added to ``errors``."""

    def __init__(self, body: Mapping[str, Any], errors: list[FieldError]) -> None:
        self.body, self.errors = body, errors

    def of(self, name: str, default: Any, expected: Message, fits: Any) -> Any:
        """Return a member, the default where it is absent or null."""
        value = self.body.get(name)
        if value is None and (name not in self.body or default in (None, "")):
            return default
        if not fits(value):
            self.errors.append(FieldError(f"/{name}", "type", value, expected))
            return default
        return value


def _text(value: Any, longest: int) -> bool:
    return isinstance(value, str) and len(value) <= longest and "\0" not in value


def _limit(value: Any) -> bool:
    return type(value) is int and 1 <= value <= 1_000


def _texts(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= 500 and all(isinstance(one, str) for one in value)
