"""What customers are worth: revenue, margin, cost to serve and what follows from them."""

from __future__ import annotations

from crmkit.services.value.worths import customer_worths, retention

__all__ = ["customer_worths", "retention"]
