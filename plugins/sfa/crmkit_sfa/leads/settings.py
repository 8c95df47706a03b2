"""How leads work: the part ``[plugins.sfa.leads]`` of the configuration."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from crmkit.core.frozen import frozen


@frozen(kw_only=True)
class ScoreRule:
    """Points for leads that match a filter, and the reason that people read."""

    filter: str
    """Which leads it is about, in the filter language."""
    points: int
    """What it adds to the score; below zero, it takes away."""
    reason: str
    """What it is told as."""


@frozen(kw_only=True)
class LeadSettings:
    """How leads work in this installation."""

    criteria: tuple[str, ...] = ("budget", "authority", "need", "timeline")
    """What has to be known of a lead before it is qualified."""
    criteria_needed: int = 0
    """How many of the criteria must be met; 0: all of them."""
    only_qualified: bool = False
    """Whether only a qualified lead is converted."""
    scores: tuple[ScoreRule, ...] = ()
    """Points by filter; other plugins add theirs."""
    mapping: Mapping[str, str] = attrs.field(factory=dict)
    """Which fields of a lead become which ones at conversion, as in "custom.budget" = "opportunity.custom.budget"."""
    forms: Mapping[str, Mapping[str, str]] = attrs.field(factory=dict)
    """By the name of a web form: which of its fields is which one of a lead."""
    mail: bool = False
    """Whether a mail that comes in from somebody unknown is a lead."""
    mail_filter: str = ""
    """Of mails that come in, which are leads; a filter of interactions."""
    merge_days: int = 90
    """For how many days after its last touch somebody who comes again joins an open lead; 0: always."""
