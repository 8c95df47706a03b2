"""One search over everything that you may see: the index of records, and what plugins find elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit.core.errors import BadInput, FieldError
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit_web.documents.failures import Failure, failure
from crmkit_web.serving.calls import Call
from crmkit_web.serving.endpoints import Endpoint, Parameter
from crmkit_web.serving.problems import Problem

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site


@frozen
class Excerpt:
    """The text around what was found; ``marks`` are the places in it, from and to."""

    text: str
    marks: tuple[tuple[int, int], ...]


@frozen
class Hit:
    """A record that was found. ``match`` says how well it fits; ``field`` names what shows it."""

    entity: str
    id: UUID
    title: str
    match: str
    field: str
    excerpt: Excerpt


@frozen
class Answer:
    """What a plugin found: a record, or an ``address`` elsewhere."""

    label: str
    entity: str
    record_id: UUID | None
    address: str
    detail: str
    score: float


@frozen
class Provided:
    """The answers of one plugin's provider, the best first; ``error`` stands where it failed."""

    provider: str
    label: str
    items: tuple[Answer, ...]
    error: Failure | None


@frozen
class SearchDocument:
    """Records, the best first, and the answers of each provider.

    ``behind``: the index does not know the latest changes yet, so some may be missing.
    """

    items: tuple[Hit, ...]
    provided: tuple[Provided, ...]
    behind: bool


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoint of this module."""
    yield Endpoint(
        "search",
        "GET",
        "/search",
        search,
        msg("Find records by names, mail addresses, phone numbers and what was written, and what plugins find."),
        tag="search",
        query=(
            Parameter(
                "q",
                msg("What to look for. All words must be found; their beginnings do."),
                required=True,
                max_length=500,
            ),
            Parameter("entities", msg("Only these entities, separated by commas."), kind="words", default=()),
            Parameter(
                "limit", msg("How many of each at the most."), kind="integer", default=20, minimum=1, maximum=200
            ),
        ),
        returns=SearchDocument,
        reads=True,
    )


def search(call: Call) -> SearchDocument:
    """Answer what was found."""
    entities = call.query["entities"]
    try:
        found = call.ctx.services.search_everywhere(call.query["q"], entities, call.query["limit"])
    except BadInput as error:
        wrong = FieldError("/query/entities", "unknown_entity", ",".join(entities), error.message)
        raise Problem(400, "bad_query", msg("the query of the address is wrong"), errors=[wrong]) from None
    served = {info.name for info in call.site.entities.values()}
    return SearchDocument(
        tuple(
            Hit(one.entity, one.id, one.title, one.match, one.field, Excerpt(one.excerpt.text, one.excerpt.marks))
            for one in found.hits
            if one.entity in served
        ),
        tuple(_provided(call, one) for one in found.provided),
        found.behind,
    )


def _provided(call: Call, one: Any) -> Provided:
    return Provided(
        one.provider.id,
        one.provider.label.render(call.translate),
        tuple(Answer(a.label, a.entity, a.record_id, a.address, a.detail, a.score) for a in one.answers),
        None if one.error is None else failure(one.error, call.translate),
    )
