"""The addresses of the OpenAPI document and of its reference. Each is made when it is first asked for, and then kept."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from threading import Lock
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from crmkit.core.messages import msg
from crmkit_web.serving.calls import Call, Reply
from crmkit_web.serving.endpoints import Endpoint, Parameter

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site

_MOST = 32
"""Documents that are kept for a site; who asks for ever other entities shall not fill the memory."""


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoints of this room."""
    public = site.settings.public_reference
    entities = Parameter(
        "entities",
        msg("Plural names of entities, separated by commas: no others are told of."),
        kind="words",
        default=(),
        choices=tuple(site.entities),
    )
    yield Endpoint(
        "openapi",
        "GET",
        "/openapi.json",
        document,
        msg("Return the OpenAPI document of this API."),
        tag="documentation",
        query=(entities,),
        returns={"type": "object"},
        public=public,
        reads=True,
    )
    yield Endpoint(
        "reference",
        "GET",
        "/",
        reference,
        msg("Return this API's reference as a page for people."),
        tag="documentation",
        query=(entities,),
        media_type="text/html; charset=utf-8",
        public=public,
        reads=True,
    )


_kept: WeakKeyDictionary[Site, OrderedDict[tuple[str, ...], tuple[bytes, str]]] = WeakKeyDictionary()
_lock = Lock()


def document(call: Call) -> Reply:
    """Answer the OpenAPI document, in the language that is asked for."""

    def make() -> bytes:
        from crmkit_web.documents.plain import encoded
        from crmkit_web.openapi.document import openapi

        return encoded(openapi(call.site, call.query["entities"] or None, language(call)))

    return kept(call, "json", make, "application/json")


def reference(call: Call) -> Reply:
    """Answer the reference: of no entity by default, since of all of them it would be long."""
    from crmkit_web.openapi.reference.page import page, policy

    def make() -> bytes:
        from crmkit_web.openapi.document import openapi

        shown, translate = call.query["entities"], call.translate
        found = openapi(call.site, shown or ("",), language(call))
        entities = [(info.plural, translate(info.plural_label)) for info in call.site.entities.values()]
        return page(found, entities, shown, language(call), translate).encode()

    headers = {"content-security-policy": policy()}
    return kept(call, "page", make, "text/html; charset=utf-8", headers)


def language(call: Call) -> str:
    """Return the language that is asked for, or that of the installation."""
    from crmkit_web.serving.answering import language_of

    return language_of(call.headers.get("accept-language", "")) or call.crm.config.language or "en"


def kept(
    call: Call, what: str, make: Callable[[], bytes], media_type: str, headers: Mapping[str, str] | None = None
) -> Reply:
    """Return what was made for this language and these entities, made now or before."""
    key = (what, language(call), *sorted(set(call.query["entities"])))
    with _lock:
        documents = _kept.setdefault(call.site, OrderedDict())
        found = documents.get(key)
        if found is not None:
            documents.move_to_end(key)
    if found is None:
        content = make()
        found = content, f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        with _lock:
            documents[key] = found
            while len(documents) > _MOST:
                documents.popitem(last=False)
    content, tag = found
    sent = {"etag": tag, "cache-control": "no-cache", "vary": "Accept-Language", **(headers or {})}
    return Reply(None, 200, sent, content, media_type)
