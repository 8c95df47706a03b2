"""What was answered before: the same request, sent again, has one effect."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from crmkit.core.errors import Conflict
from crmkit.core.messages import msg
from crmkit.runtime.services.bound import Bound

if TYPE_CHECKING:
    from crmkit.store.responses import StoredResponse


class Responses(Bound):
    """Responses stored under idempotency keys; they are erased with the persons in them."""

    __slots__ = ()

    def stored_response(self, key: str) -> StoredResponse | None:
        """Return what is stored under a key, None if nothing; see :func:`crmkit.store.responses.stored_response`."""
        from crmkit.store.responses import stored_response

        self._session.flush()
        return stored_response(self._session, key)

    def store_response(self, key: str, fingerprint: str, result: str) -> None:
        """Store a response, JSON text, in this transaction; raises Conflict for a key that is stored already."""
        from crmkit.store.faults import UniqueViolation
        from crmkit.store.responses import store_response

        self._session.flush()
        try:
            store_response(self._session, key, fingerprint, result)
        except UniqueViolation:
            raise Conflict(
                msg("idempotency key {key} is being used elsewhere at this moment; try again", key=key)
            ) from None

    def forget_responses(self, prefix: str, before: datetime) -> int:
        """Forget older responses; see :func:`crmkit.store.responses.forget_responses`."""
        from crmkit.store.responses import forget_responses

        return forget_responses(self._session, prefix, before)
