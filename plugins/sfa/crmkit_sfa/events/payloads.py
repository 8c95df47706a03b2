"""The payloads of the plugin's domain events: ids, days, money and words of the configuration, nothing about people."""

from __future__ import annotations

from datetime import date
from typing import Literal
from uuid import UUID

import attrs

from crmkit.core.frozen import frozen
from crmkit.plugin import Money, msg


@frozen(kw_only=True)
class DealEnded:
    """How a deal ended."""

    customer_id: UUID | None = attrs.field(metadata={"help": msg("Whose deal it is.")})
    owner_id: UUID | None = attrs.field(metadata={"help": msg("The user who owns it.")})
    team_id: UUID | None = attrs.field(metadata={"help": msg("The team that owns it.")})
    pipeline: str = attrs.field(metadata={"help": msg("The pipeline that it went through.")})
    stage: str = attrs.field(metadata={"help": msg("The stage that ended it.")})
    from_stage: str = attrs.field(
        metadata={"help": msg("Where it stood before; empty for one that was entered as over.")}
    )
    amount: Money | None = attrs.field(metadata={"help": msg("What it is worth.")})
    opened_on: date | None = attrs.field(metadata={"help": msg("The day it began.")})
    closed_on: date | None = attrs.field(metadata={"help": msg("The day it was won or lost.")})
    reason: str = attrs.field(metadata={"help": msg("The win or loss reason.")})


@frozen(kw_only=True)
class DealReopened:
    """How a deal came back."""

    customer_id: UUID | None = attrs.field(metadata={"help": msg("Whose deal it is.")})
    owner_id: UUID | None = attrs.field(metadata={"help": msg("The user who owns it.")})
    pipeline: str = attrs.field(metadata={"help": msg("The pipeline that it goes through.")})
    stage: str = attrs.field(metadata={"help": msg("Where it stands now.")})
    was: Literal["won", "lost"] = attrs.field(metadata={"help": msg("What it was before.")})


@frozen(kw_only=True)
class ThresholdCrossed:
    """How a deal became a big one, or ceased to be one."""

    customer_id: UUID | None = attrs.field(metadata={"help": msg("Whose deal it is.")})
    owner_id: UUID | None = attrs.field(metadata={"help": msg("The user who owns it.")})
    direction: Literal["up", "down"] = attrs.field(
        metadata={"help": msg("Up: it is a big deal now; down: it is none any more.")}
    )
    threshold: Money = attrs.field(metadata={"help": msg("The threshold that it crossed.")})
    team: str = attrs.field(metadata={"help": msg("The team whose threshold it is; empty: everybody's.")})
    amount: Money | None = attrs.field(metadata={"help": msg("What it is worth now.")})


@frozen(kw_only=True)
class QuoteDecided:
    """Which quotation was decided on."""

    number: str = attrs.field(metadata={"help": msg("The number of the quotation.")})
    revision: int = attrs.field(metadata={"help": msg("Its revision.")})
    customer_id: UUID = attrs.field(metadata={"help": msg("Whom it was made for.")})
    opportunity_id: UUID | None = attrs.field(metadata={"help": msg("The opportunity that it belongs to.")})
    owner_id: UUID | None = attrs.field(metadata={"help": msg("The user who owns it.")})
    net: Money | None = attrs.field(metadata={"help": msg("The sum without tax.")})
    gross: Money | None = attrs.field(metadata={"help": msg("The sum with tax.")})


@frozen(kw_only=True)
class OrderTold:
    """Which order was placed or cancelled."""

    number: str = attrs.field(metadata={"help": msg("The number of the order.")})
    customer_id: UUID = attrs.field(metadata={"help": msg("Who ordered.")})
    opportunity_id: UUID | None = attrs.field(metadata={"help": msg("The opportunity that it comes from.")})
    quote_id: UUID | None = attrs.field(metadata={"help": msg("The quotation that it comes from.")})
    owner_id: UUID | None = attrs.field(metadata={"help": msg("The user who owns it.")})
    ordered_on: date | None = attrs.field(metadata={"help": msg("The day of the order.")})
    net: Money | None = attrs.field(metadata={"help": msg("The sum without tax.")})
    gross: Money | None = attrs.field(metadata={"help": msg("The sum with tax.")})


@frozen(kw_only=True)
class LeadConverted:
    """What a lead became."""

    customer_id: UUID | None = attrs.field(metadata={"help": msg("The customer that it became, or belongs to.")})
    opportunity_id: UUID | None = attrs.field(metadata={"help": msg("The opportunity that it became, or belongs to.")})
    owner_id: UUID | None = attrs.field(metadata={"help": msg("The user who owns it.")})
    lead_source: str = attrs.field(metadata={"help": msg("Where the interest came from first.")})


@frozen(kw_only=True)
class LeadAssigned:
    """Whose a lead is."""

    from_id: UUID | None = attrs.field(metadata={"help": msg("The user who owned it before.")})
    to_id: UUID | None = attrs.field(metadata={"help": msg("The user who owns it now.")})
    team_id: UUID | None = attrs.field(metadata={"help": msg("The team that owns it now.")})


@frozen(kw_only=True)
class TransferAnswered:
    """What became of a hand-off."""

    kind: str = attrs.field(metadata={"help": msg("From where to where, as the settings name it.")})
    entity: str = attrs.field(metadata={"help": msg("What is handed off, such as sfa_lead.")})
    record_id: UUID = attrs.field(metadata={"help": msg("The record that is handed off.")})
    from_id: UUID | None = attrs.field(metadata={"help": msg("The user whose it was.")})
    to_id: UUID | None = attrs.field(metadata={"help": msg("The user whom it was handed to.")})
    to_team_id: UUID | None = attrs.field(metadata={"help": msg("The team that it was handed to.")})
