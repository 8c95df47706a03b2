"""A request on its way: what a handler sees of it, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO

import attrs
import msgspec

from crmkit.core.entity import EntityInfo
from crmkit.core.messages import Translate, msg
from crmkit_web.documents.plain import decoded
from crmkit_web.serving.methods import methods_of
from crmkit_web.serving.problems import Problem

if TYPE_CHECKING:
    from crmkit.core.access import Actor
    from crmkit.plugin import Context
    from crmkit_web.serving.endpoints import Endpoint
    from crmkit_web.serving.site import Site


@attrs.frozen(eq=False)
class Incoming:
    """A request as it came: an endpoint, the parts of its path, query, headers (lower case), body, and who sent it."""

    endpoint: Endpoint
    path: Mapping[str, str]
    query_text: str
    headers: Mapping[str, str]
    body: bytes
    address: str
    url_path: str
    file: BinaryIO | None = None
    """The body, where it is an upload that was too large to be kept in memory; it is closed after the answer."""

    def upload(self) -> BinaryIO:
        """Return the body as a file at its beginning, however it came."""
        if self.file is None:
            return BytesIO(self.body)
        self.file.seek(0)
        return self.file


@attrs.frozen
class Reply:
    """An answer. ``document`` is sent as JSON, unless ``content`` has the bytes of ``media_type``."""

    document: Any = None
    status: int = 200
    headers: Mapping[str, str] = attrs.field(factory=dict)
    content: bytes | None = None
    media_type: str = "application/json"

    def with_headers(self, headers: Mapping[str, str]) -> Reply:
        """Return the reply with further headers; its own count before them."""
        if not headers:
            return self
        return Reply(self.document, self.status, {**headers, **self.headers}, self.content, self.media_type)


def entity_asked(site: Site, incoming: Incoming) -> EntityInfo:
    """Return the entity that an address names; raises Problem 404 with the closest one, and 405 for one without the method."""
    info = site.entity_at(incoming.path["entity"])
    fits = incoming.endpoint.entities
    if fits is not None and not fits(info):
        others = methods_of(site, incoming.endpoint.path, info)
        if not others:
            raise Problem(404, "no_such_address", msg("{entity} has no such address", entity=info.plural))
        headers = {"allow": ", ".join(others)}
        message = msg("this address answers {methods}", methods=headers["allow"])
        raise Problem(405, "method_not_allowed", message, headers)
    return info


class Call:
    """A request being answered: the site, who asks, and the one session of the request."""

    __slots__ = ("actor", "crm", "incoming", "query", "session", "site", "translate")

    def __init__(
        self, site: Site, incoming: Incoming, actor: Actor, session: Any, query: Mapping[str, Any], translate: Translate
    ) -> None:
        self.site, self.crm, self.incoming, self.actor, self.session = site, site.crm, incoming, actor, session
        self.query, self.translate = query, translate

    @property
    def ctx(self) -> Context:
        """The web plugin's context: use cases, clock, settings."""
        return self.crm.context(self.session, "web")

    @property
    def path(self) -> Mapping[str, str]:
        """The parts of the address by name."""
        return self.incoming.path

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, with names in lower case."""
        return self.incoming.headers

    @property
    def entity(self) -> EntityInfo:
        """The entity that the address names; raises Problem 404 with the closest one, and 405."""
        return entity_asked(self.site, self.incoming)

    def document(self) -> Any:
        """Return the body, read as JSON; raises Problem 400 and 415."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in ("application/json", "application/merge-patch+json"):
            raise Problem(415, "media_type", msg("send JSON, with Content-Type: application/json"))
        try:
            return decoded(self.incoming.body)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise Problem(400, "bad_json", msg("the body is no JSON: {error}", error=str(error)[:200])) from None

    def mapping(self) -> dict[str, Any]:
        """Return the body, which has to be a JSON object; raises Problem 400."""
        found = self.document()
        if not isinstance(found, dict):
            raise Problem(422, "validation", msg("the body has to be a JSON object"))
        return found
