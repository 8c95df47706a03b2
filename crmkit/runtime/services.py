"""The use cases, bound to one unit of work; plugins reach them as ``ctx.services``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmkit.services.customer_view import CustomerView, customer_view

if TYPE_CHECKING:
    from crmkit.runtime.crm import Crm
    from crmkit.store.session import Session


class Services:
    """Each method is a use case of ``crmkit.services`` with session and application filled in."""

    __slots__ = ("_crm", "_session")

    def __init__(self, crm: Crm, session: Session) -> None:
        self._crm, self._session = crm, session

    def customer_view(self, needle: str) -> CustomerView:
        """Return everything known of one customer; see :func:`crmkit.services.customer_view.customer_view`."""
        return customer_view(self._session, needle, self._crm.kinds)

    def enqueue(self, command: Any) -> Any:
        """Submit a command to be executed in a transaction of its own; returns a future with its result."""
        return self._crm.submit(command, self._session.actor)
