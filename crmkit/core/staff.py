"""The people who work with the CRM: users, teams, roles, what is shared with them and who acts for whom."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from crmkit.core.entity import Part, Record, Via, entity, field


@entity("team", unique=(("name",),))
class Team(Record):
    """A group of users; teams form a tree."""

    name: str = field(max_length=100)
    parent_id: UUID | None = field(default=None, reference="team")


@entity("user", unique=(("login",),))
class User(Record):
    """Somebody who works with the CRM. Never deleted: a departed user keeps name and history.

    ``team_id`` is the user's team. ``customer_id`` binds a dealer's user to its organization.
    """

    login: str = field(max_length=100)
    name: str = field(searchable=True)
    email: str = field(default="", format="email", sensitivity="personal")
    title: str = field(default="", max_length=200)
    state: Literal["active", "frozen", "departed"] = field(default="active")
    reports_to_id: UUID | None = field(default=None, reference="user", label="Reports to")
    language: str = field(default="", format="language")
    timezone: str = field(default="", format="timezone", label="Time zone")
    customer_id: UUID | None = field(default=None, reference="customer", merge="block", erase="clear")


@entity("role", unique=(("name",),))
class Role(Record):
    """A named set of rights. Each grant is {"entity", "action", "scope"}; "*" stands for every entity or action.

    With "fields" it covers these alone: names, "*" for all, "@personal" for a sensitivity, "-name" for all but one.
    """

    name: str = field(max_length=100)
    grants: tuple[Mapping[str, Any], ...] = field(default=())


@entity("role_assignment", access=Via("user_id"), title="role_id", unique=(("user_id", "role_id"),))
class RoleAssignment(Part):
    """A user has a role."""

    user_id: UUID = field(reference="user")
    role_id: UUID = field(reference="role")


@entity("record_share", title="entity", indexes=(("record_id",),))
class RecordShare(Record):
    """One record shown to a user or team beyond what their roles allow, with a reason and perhaps an end."""

    entity: str = field(max_length=100, erase="keep")
    record_id: UUID = field(label="Record", erase="delete")
    user_id: UUID | None = field(default=None, reference="user")
    to_team_id: UUID | None = field(default=None, reference="team")
    action: Literal["read", "update"] = field(default="read")
    reason: str = field(default="", max_length=500, sensitivity="personal")
    expires_at: datetime | None = field(default=None)


@entity("delegation", title="reason", indexes=(("deputy_id", "ends_at"),))
class Delegation(Record):
    """For a time, a user's deputy acts on the user's behalf: with the user's rights, as far as they go then.

    ``entity`` narrows it to the records of an entity, ``record_id`` to one of them, each with what belongs to it. Only
    with ``passes_on`` may the deputy's own deputies act on the user's behalf, too.
    """

    user_id: UUID = field(reference="user")
    deputy_id: UUID = field(reference="user")
    starts_at: datetime = field()
    ends_at: datetime = field()
    entity: str = field(default="", max_length=100, erase="keep")
    record_id: UUID | None = field(default=None, label="Record", erase="delete")
    passes_on: bool = field(default=False, help="The deputy's own deputies may act on the user's behalf, too")
    reason: str = field(default="", max_length=500)
