"""What the plugin keeps of key accounts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

from crmkit.plugin import Own, Part, Record, Via, entity, field

AccountRole = Literal["manager", "executive", "sales", "presales", "service", "finance", "logistics", "other"]
Measure = Literal["manual", "revenue", "won"]


@entity(
    "sfa_account_member",
    label="Account team member",
    plugin="sfa",
    title="role",
    access=Via("customer_id"),
    unique=(("customer_id", "user_id", "role", "starts_on"),),
    indexes=(("user_id",),),
)
class AccountMember(Part):
    """A colleague in the team of a key account, for a time. Members may read the customer, and change it where that is said."""

    customer_id: UUID = field(reference="customer", merge="union", erase="delete")
    user_id: UUID = field(reference="user", handed_over=True, label="User")
    role: AccountRole = field(default="other")
    starts_on: date | None = field(default=None)
    ends_on: date | None = field(default=None, help="The last day.")
    may_change: bool = field(default=False, help="Whether the member may change the customer.")
    note: str = field(default="", max_length=1_000)


@entity(
    "sfa_account_plan",
    label="Account plan",
    plugin="sfa",
    access=(Own(), Via("customer_id")),
    indexes=(("customer_id", "starts_on"), ("state", "review_on")),
    over="state = closed",
)
class AccountPlan(Record):
    """What is to be reached with a key account in a period, and the level of service that it is promised."""

    customer_id: UUID = field(reference="customer", merge="repoint", erase="delete")
    name: str = field(searchable=True)
    starts_on: date = field()
    ends_on: date = field(help="The last day.")
    state: Literal["draft", "active", "closed"] = field(default="active")
    strategy: str = field(default="", max_length=20_000, sensitivity="personal")
    service_level: str = field(default="", max_length=5_000, help="What service the account is promised.")
    response_hours: int | None = field(default=None, minimum=1, help="Within so many hours it gets an answer.")
    service_contract: str = field(default="", max_length=200, help="Where that is agreed: the number of a contract.")
    review_on: date | None = field(default=None, label="Next review")


@entity(
    "sfa_account_goal",
    label="Account goal",
    plugin="sfa",
    access=Via("plan_id"),
)
class AccountGoal(Part):
    """One thing to reach by a plan: revenue and won deals are computed, in the currency of sums; others are entered."""

    plan_id: UUID = field(reference="sfa_account_plan")
    name: str = field()
    measure: Measure = field(default="manual")
    unit: str = field(default="", max_length=50)
    target: Decimal = field()
    actual: Decimal | None = field(default=None, help="Of what is entered by hand.")
    due_on: date | None = field(default=None)


@entity(
    "sfa_account_action",
    label="Account action",
    plugin="sfa",
    access=Via("plan_id"),
    indexes=(("user_id", "due_on"),),
)
class AccountAction(Part):
    """Something that somebody is to do for an account plan."""

    plan_id: UUID = field(reference="sfa_account_plan")
    name: str = field(max_length=500)
    user_id: UUID | None = field(default=None, reference="user", handed_over=True, label="User")
    due_on: date | None = field(default=None)
    done_on: date | None = field(default=None)


@entity(
    "sfa_account_review",
    label="Account review",
    plugin="sfa",
    title="held_on",
    access=Via("plan_id"),
)
class AccountReview(Part):
    """A review of an account plan: what was found, and when the next one is due."""

    plan_id: UUID = field(reference="sfa_account_plan")
    held_on: date = field()
    notes: str = field(max_length=20_000, sensitivity="personal")
    review_on: date | None = field(default=None, label="Next review")


ACCOUNT_ENTITIES = (AccountMember, AccountPlan, AccountGoal, AccountAction, AccountReview)
