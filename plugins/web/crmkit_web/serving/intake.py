"""Large bodies: whoever sends one is looked at first, and only so many come at once.

What is a file goes into a file without a name: it is gone with its last user, whatever ends that one.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, BinaryIO

from litestar.types import Receive

from crmkit.core.messages import msg
from crmkit_web.serving.answering import Asked, answer_admitted, look_first, told
from crmkit_web.serving.bodies import read_body, take_body
from crmkit_web.serving.calls import Incoming, Reply
from crmkit_web.serving.problems import Problem
from crmkit_web.work.spool import spool_of

if TYPE_CHECKING:
    from crmkit_web.serving.crew import Crew
    from crmkit_web.serving.site import Site

SHARE = 4
"""One asker may send this part of the large bodies that come at once."""


class Intake:
    """Takes large bodies, and has them answered. It belongs to one event loop."""

    def __init__(self, site: Site, crew: Crew) -> None:
        self._site, self._crew = site, crew
        self._coming: Counter[Hashable] = Counter()

    async def answered(self, incoming: Incoming, receive: Receive) -> Reply:
        """Return the reply to a request whose body has not been read: to one that is refused, without reading it."""
        asked = await self._crew.run(look_first, self._site, incoming)
        if isinstance(asked, Reply):
            return asked
        endpoint, settings = incoming.endpoint, self._site.settings
        largest = endpoint.largest_body or settings.largest_body
        try:
            if largest <= settings.largest_body:
                body = await read_body(incoming.headers, receive, largest, settings.slowest_body)
                return await self._crew.run(answer_admitted, self._site, asked.having(body))
            with self._place(asked):
                if not endpoint.uploads:
                    body = await read_body(incoming.headers, receive, largest, settings.slowest_upload)
                    return await self._crew.run(answer_admitted, self._site, asked.having(body))
                file = await self._crew.run(nameless_file, self._site)
                try:
                    await take_body(incoming.headers, receive, file, largest, settings.slowest_upload)
                except BaseException:
                    file.close()
                    raise
                return await self._crew.run(self._answered, asked.having(b"", file))
        except Exception as error:
            return told(error, asked.translate)

    def _answered(self, asked: Asked) -> Reply:
        assert asked.incoming.file is not None
        with closing(asked.incoming.file):
            return answer_admitted(self._site, asked)

    @contextmanager
    def _place(self, asked: Asked) -> Iterator[None]:
        """Within, one large body more is on its way; raises Problem 429 and 503 where that is one too many."""
        most, whose = self._site.settings.most_uploads, asked.asker
        if self._coming[whose] >= max(1, most // SHARE):
            message = msg("{count} large bodies of yours are on their way already", count=self._coming[whose])
            raise Problem(429, "too_many_uploads", message, {"retry-after": "5"})
        if self._coming.total() >= most:
            message = msg("{count} large bodies are on their way already; try again", count=most)
            raise Problem(503, "too_many_uploads", message, {"retry-after": "5"})
        self._coming[whose] += 1
        try:
            yield
        finally:
            self._coming[whose] -= 1
            if not self._coming[whose]:
                del self._coming[whose]


def nameless_file(site: Site) -> BinaryIO:
    """Return a new file without a name, where the files of long work are: memory may be what the system's own place is."""
    folder = spool_of(site.crm).folder
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return tempfile.TemporaryFile(dir=folder)
