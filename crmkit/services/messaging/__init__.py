"""Messages that go out: written and checked in a transaction, handed to their channel after it."""

from __future__ import annotations

from crmkit.services.messaging.delivering import Delivered, deliver, waiting
from crmkit.services.messaging.writing import OUTBOX, write_message

__all__ = ["OUTBOX", "Delivered", "deliver", "waiting", "write_message"]
