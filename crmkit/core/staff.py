"""The people who work with the CRM: users, teams, roles and what is shared with them."""

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
    """A named set of rights. Each grant is {"entity", "action", "scope"}; "*" stands for every entity or action."""

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

    entity: str = field(max_length=100)
    record_id: UUID = field(label="Record")
    user_id: UUID | None = field(default=None, reference="user")
    to_team_id: UUID | None = field(default=None, reference="team")
    action: Literal["read", "update"] = field(default="read")
    reason: str = field(default="", max_length=500)
    expires_at: datetime | None = field(default=None)
