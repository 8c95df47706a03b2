"""How inquiries work: the part ``[plugins.sfa.inquiries]`` of the configuration."""

from __future__ import annotations

from crmkit.core.frozen import frozen


@frozen(kw_only=True)
class InquirySettings:
    """How inquiries work in this installation."""

    number: str = "I-{year}-{count:05}"
    """What numbers look like."""
    days: int = 5
    """In how many days an answer is due that is asked for without a day."""
