"""What the plugin keeps of assignment: rules, territories, who can take how much, and every decision with its reasons."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from crmkit.core.entity import EMPTY
from crmkit.plugin import Part, Record, Via, entity, field

Method = Literal["round_robin", "weighted", "load"]


@entity("sfa_assignment_rule", label="Assignment rule", plugin="sfa", unique=(("name",),))
class AssignmentRule(Record):
    """Who gets which leads. Rules are asked in their order; the first one that matches and finds somebody decides.

    It picks among its members, the users of a team, or those of the lead's territory: in turn, in turn by weight, or
    whoever has the fewest open leads for the weight.
    """

    name: str = field()
    position: int = field(default=100, help="Smaller numbers are asked first.")
    active: bool = field(default=True)
    filter: str = field(default="", max_length=10_000, help="Which leads; empty: all.")
    method: Method = field(default="round_robin")
    to_team_id: UUID | None = field(default=None, reference="team", label="Team")
    by_territory: bool = field(default=False, help="Among the users of the lead's territory.")
    skills: tuple[str, ...] = field(default=(), help="What a user has to be able to do.")
    skill_field: str = field(
        default="", max_length=100, help="A field of the lead whose value a user has to have as skill."
    )
    valid_from: date | None = field(default=None)
    valid_until: date | None = field(default=None, help="The last day on which it counts.")


@entity(
    "sfa_assignment_member",
    label="Member of a rule",
    plural_label="Members of rules",
    plugin="sfa",
    title="user_id",
    access=Via("rule_id"),
)
class AssignmentMember(Part):
    """A user among whom a rule picks."""

    rule_id: UUID = field(reference="sfa_assignment_rule")
    user_id: UUID = field(reference="user", handed_over=True)
    weight: int = field(default=1, minimum=1)


@entity(
    "sfa_territory",
    label="Territory",
    plural="sfa_territories",
    plural_label="Territories",
    plugin="sfa",
    unique=(("name",),),
)
class Territory(Record):
    """A part of the market, in a tree: a lead belongs to it when its filter and those of all above it match.

    Where several fit, the higher priority wins, then the deeper one.
    """

    name: str = field(searchable=True)
    parent_id: UUID | None = field(default=None, reference="sfa_territory", label="Part of")
    filter: str = field(default="", max_length=10_000, help="Which leads; empty: all of the territory above.")
    priority: int = field(default=0, help="Decides where territories overlap; the higher one wins.")
    valid_from: date | None = field(default=None)
    valid_until: date | None = field(default=None, help="The last day on which it counts.")


@entity(
    "sfa_territory_member",
    label="Member of a territory",
    plural_label="Members of territories",
    plugin="sfa",
    title="user_id",
    access=Via("territory_id"),
)
class TerritoryMember(Part):
    """A user who looks after a territory, for a time."""

    territory_id: UUID = field(reference="sfa_territory")
    user_id: UUID = field(reference="user", handed_over=True)
    weight: int = field(default=1, minimum=1)
    valid_from: date | None = field(default=None)
    valid_until: date | None = field(default=None, help="The last day on which it counts.")


@entity("sfa_assignee", label="Assignee", plugin="sfa", title="user_id", unique=(("user_id",),))
class Assignee(Record):
    """How much a user can take and what the user can do; whoever has none takes any number and has no skill."""

    user_id: UUID = field(reference="user")
    capacity: int | None = field(default=None, minimum=0, help="The most open leads at a time; empty: any number.")
    weight: int = field(default=1, minimum=1, help="How many leads for one of a user with weight 1.")
    skills: tuple[str, ...] = field(default=())


@entity("sfa_absence", label="Absence", plugin="sfa", title="note", indexes=(("user_id", "ends_on"),))
class Absence(Record):
    """Days on which a user is away and gets no leads, the first and the last one included."""

    user_id: UUID = field(reference="user")
    starts_on: date = field()
    ends_on: date = field()
    note: str = field(default="", max_length=200, sensitivity="personal")


@entity("sfa_assignment_turn", label="Turn", plugin="sfa", title="name", unique=(("name",),))
class AssignmentTurn(Record):
    """Whose turn it is among those that a rule or territory picks from; see ``crmkit_sfa.assignment.turns``."""

    name: str = field(max_length=200)
    credits: Mapping[str, Any] = field(default=EMPTY, audited=False)


@entity(
    "sfa_assignment",
    label="Assignment",
    plugin="sfa",
    title="kind",
    access=Via("lead_id"),
    indexes=(("lead_id", "at"),),
)
class Assignment(Part):
    """A decision on who gets a lead, with its reasons: which rules were asked, who was looked at and why not."""

    lead_id: UUID = field(reference="sfa_lead")
    at: datetime = field()
    kind: Literal["assigned", "kept", "nobody", "by_hand", "rebalanced", "escalated"] = field(default="assigned")
    user_id: UUID | None = field(default=None, reference="user")
    before_id: UUID | None = field(default=None, reference="user", label="Owner before")
    rule_id: UUID | None = field(default=None, reference="sfa_assignment_rule")
    territory_id: UUID | None = field(default=None, reference="sfa_territory")
    note: str = field(default="", max_length=500)
    reasons: tuple[Mapping[str, Any], ...] = field(default=(), erase="keep")


@entity(
    "sfa_lead_escalation",
    label="Escalation of a lead",
    plural_label="Escalations of leads",
    plugin="sfa",
    title="why",
    access=Via("lead_id"),
    unique=(("lead_id", "waiting_since", "level"),),
    indexes=(("user_id", "at"),),
)
class LeadEscalation(Part):
    """A lead that waited too long, and who was told. Each level comes once for each time of waiting."""

    lead_id: UUID = field(reference="sfa_lead")
    waiting_since: datetime = field()
    level: int = field(minimum=1)
    why: Literal["unassigned", "untouched"] = field()
    at: datetime = field()
    due_at: datetime = field(help="When it had waited too long.")
    user_id: UUID | None = field(default=None, reference="user", label="Told")


ASSIGNMENT_ENTITIES = (
    AssignmentRule,
    AssignmentMember,
    Territory,
    TerritoryMember,
    Assignee,
    Absence,
    AssignmentTurn,
    Assignment,
    LeadEscalation,
)
