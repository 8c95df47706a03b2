"""What the use cases of every subject are bound to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmkit.runtime.crm import Crm
    from crmkit.store.session import Session


class Bound:
    """Use cases with their session and application filled in."""

    __slots__ = ("_crm", "_session")

    def __init__(self, crm: Crm, session: Session) -> None:
        self._crm, self._session = crm, session
