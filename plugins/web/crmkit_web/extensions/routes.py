"""Routes of plugins: addresses below the plugin's name, answered by its handlers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from crmkit.core.access import Actor
from crmkit.core.errors import AccessDenied
from crmkit.core.messages import msg
from crmkit.hooks.web.routes import File, Route, RouteCall
from crmkit.hosting import extension_context, forbidden, read_input
from crmkit_web.extensions.asked import parameters, read_asked
from crmkit_web.extensions.results import answered, reply_of
from crmkit_web.serving.calls import Call, Reply
from crmkit_web.serving.endpoints import Endpoint
from crmkit_web.serving.problems import Problem

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site

_NAME = re.compile(r"filename\*=UTF-8''([^;]+)|filename=\"?([^\";]+)", re.IGNORECASE)
_LONGEST_NAME = 200
_LONGEST_PART = 300


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield an endpoint for each route. One that stands in for another has the other's address and operation."""
    extensions = site.crm.extensions
    for id, route in sorted(extensions.routes.items()):
        root = extensions.root("routes", id)
        plugin = extensions.plugins[root]
        takes_file, returns_file = route.body is File, route.returns is File
        result: dict[str, Any] = {"media_type": route.media_type} if returns_file else answered(route.returns)
        yield Endpoint(
            root,
            route.method,
            f"/{plugin}/{route.path}",
            _answer(route),
            route.summary,
            tag=plugin,
            query=parameters(route.query),
            body={"type": "string", "format": "binary"} if takes_file else route.body,
            takes="application/octet-stream" if takes_file else "application/json",
            public=route.public,
            reads=route.only_reads,
            refuses=(404, 409, 422),
            largest_body=site.settings.largest_upload if takes_file else None,
            uploads=takes_file,
            look=None if route.public else partial(_look, route),
            **result,
        )


def _answer(route: Route) -> Callable[[Call], Reply]:
    return partial(answer, route)


def _look(route: Route, call: Call) -> None:
    why_not = forbidden(call.actor, route)
    if why_not is not None:
        raise AccessDenied(why_not)


def answer(route: Route, call: Call) -> Reply:
    """Answer a request to a route."""
    if any(len(part) > _LONGEST_PART for part in call.path.values()):
        raise Problem(404, "no_such_address", msg("there is no such address"))
    if route.public:
        # The session was opened for everybody alike; whoever is not known has no rights of their own.
        nobody = Actor("nobody", call.actor.tenant_id, language=call.actor.language)
        with call.session.acting_as(nobody):
            return _handled(route, call)
    _look(route, call)
    return _handled(route, call)


def _handled(route: Route, call: Call) -> Reply:
    query = read_asked(route.query, call.query)
    body: Any = None
    if route.body is File:
        body = _file(call)
    elif route.body is not None:
        body = read_input(route.body, call.document())
    asked = RouteCall(dict(call.path), query, body, call.headers)
    plugin = call.crm.extensions.plugins[route.id]
    if route.only_reads:
        return reply_of(call, route.handler(call.crm.context(call.session, plugin), asked))
    with extension_context(call.crm, call.session, route.id) as ctx:
        value = route.handler(ctx, asked)
    return reply_of(call, value)


def _file(call: Call) -> File:
    """Return the body as it came, with its media type and the name that its header gives it: a name, never a path."""
    found = _NAME.search(call.headers.get("content-disposition", ""))
    name = (unquote(found[1]) if found[1] else found[2]) if found else ""
    name = re.split(r"[/\\]", name)[-1].replace("\0", "")[:_LONGEST_NAME]
    media_type = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if "/" not in media_type:
        raise Problem(415, "media_type", msg("say with Content-Type what the body is in"))
    return File(call.incoming.upload().read(), media_type, "" if set(name) <= {"."} else name)
