"""Inquiries that wait for an answer, and what happened to one, as lists and pages show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from crmkit.core.customer import Customer
from crmkit.core.staff import Team, User
from crmkit_sfa.inquiries.asking import lines_of
from crmkit_sfa.inquiries.entities import Inquiry, InquiryStep
from crmkit_sfa.naming import names_of


def listed(ctx: Any, status: str = "asked", assignee: UUID | None = None, limit: int = 50) -> list[dict[str, Any]]:
    """Return inquiries in a state (empty: in any), those due soonest first, each with whether it is overdue."""
    equal: dict[str, Any] = {
        **({"status": status} if status else {}),
        **({"assignee_id": assignee} if assignee else {}),
    }
    found = [ctx.session.masked(one) for one in ctx.session.list(Inquiry, order="due_on,number", limit=limit, **equal)]
    return _rows(ctx, found)


def told(ctx: Any, inquiry: Inquiry) -> dict[str, Any]:
    """Return everything of one inquiry: its requirements with their answers, and its steps from the first on."""
    shown = ctx.session.masked(inquiry)
    steps = [ctx.session.masked(one) for one in ctx.session.list(InquiryStep, inquiry_id=inquiry.id, order="at,id")]
    users = names_of(ctx, User, [id for one in steps for id in (one.by_id, one.to_id)])
    return {
        **_rows(ctx, [shown])[0],
        "description": shown.description,
        "lines": [ctx.session.masked(line) for line in lines_of(ctx, inquiry)],
        "steps": [
            {
                "at": one.at,
                "kind": one.kind,
                "by": users.get(one.by_id, ""),
                "to": users.get(one.to_id, ""),
                "price": one.price,
                "note": one.note,
            }
            for one in steps
        ],
    }


def _rows(ctx: Any, found: Sequence[Inquiry]) -> list[dict[str, Any]]:
    customers = names_of(ctx, Customer, [one.customer_id for one in found])
    users = names_of(ctx, User, [id for one in found for id in (one.assignee_id, one.owner_id)])
    teams = names_of(ctx, Team, [one.engineering_team_id for one in found])
    today = ctx.today()
    return [
        {
            "id": one.id,
            "number": one.number,
            "name": one.name,
            "customer": customers.get(one.customer_id, "") if one.customer_id else "",
            "status": one.status,
            "asked_of": _asked_of(one, users, teams),
            "owner": users.get(one.owner_id, "") if one.owner_id else "",
            "due_on": one.due_on,
            "overdue": one.status == "asked" and one.due_on is not None and one.due_on < today,
        }
        for one in found
    ]


def _asked_of(one: Inquiry, users: Mapping[UUID | None, str], teams: Mapping[UUID | None, str]) -> str:
    if one.assignee_id is not None:
        return users.get(one.assignee_id, "")
    return teams.get(one.engineering_team_id, "") if one.engineering_team_id is not None else ""
