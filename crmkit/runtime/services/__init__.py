"""The use cases, bound to one unit of work; plugins reach them as ``ctx.services``."""

from __future__ import annotations

from typing import Any

from crmkit.runtime.services.accesses import Accesses
from crmkit.runtime.services.background import Background
from crmkit.runtime.services.belongings import Belongings
from crmkit.runtime.services.consents import Consents
from crmkit.runtime.services.customers import Customers
from crmkit.runtime.services.event_log import EventLog
from crmkit.runtime.services.handovers import Handovers
from crmkit.runtime.services.histories import Histories
from crmkit.runtime.services.holding import Holding
from crmkit.runtime.services.identities import Identities
from crmkit.runtime.services.interactions import Interactions
from crmkit.runtime.services.lifecycles import Lifecycles
from crmkit.runtime.services.logbooks import Logbooks
from crmkit.runtime.services.mergers import Mergers
from crmkit.runtime.services.messages import Messages
from crmkit.runtime.services.personal_data import PersonalData
from crmkit.runtime.services.quality import Quality
from crmkit.runtime.services.references import References
from crmkit.runtime.services.responses import Responses
from crmkit.runtime.services.segments import Segments
from crmkit.runtime.services.surveys import Surveys


class Services(
    Accesses,
    Background,
    Belongings,
    Consents,
    Customers,
    EventLog,
    Handovers,
    Histories,
    Holding,
    Identities,
    Interactions,
    Lifecycles,
    Logbooks,
    Mergers,
    Messages,
    PersonalData,
    Quality,
    References,
    Responses,
    Segments,
    Surveys,
):
    """Each method is a use case of ``crmkit.services`` with session and application filled in."""

    __slots__ = ()

    def enqueue(self, command: Any) -> Any:
        """Submit a command to be executed in a transaction of its own; returns a future with its result."""
        return self._crm.submit(command, self._session.actor)
