"""Records, users and teams as people name them on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmkit.core.entity import Part
    from crmkit.core.staff import Team, User
    from crmkit.store.session import Session


def record_named(session: Session, text: str) -> Part:
    """Return the record that ``ENTITY:ID`` or ``ENTITY:TITLE`` names, else the customer of that name, id or address.

    Raises NotFound and, when several have the title, BadInput.
    """
    from crmkit.cli.needles import named_record
    from crmkit.services.customer_view import find_customer

    entity, colon, needle = text.partition(":")
    if colon and entity in session.database.registry:
        found: Part = named_record(session, session.database.registry.get(entity), needle)
        return found
    return find_customer(session, text)


def team_named(session: Session, name: str) -> Team:
    """Return the team of this name; raises NotFound with the closest one."""
    from crmkit.core.errors import NotFound, did_you_mean
    from crmkit.core.messages import msg, shown
    from crmkit.core.staff import Team

    found = session.find(Team, name=name)
    if found is None:
        hint = did_you_mean(name, [team.name for team in session.list(Team)])
        raise NotFound(msg("no {entity} called {name}; {hint}", entity="team", name=shown(name), hint=hint))
    return found


def user_named(session: Session, login: str) -> User:
    """Return the user of this login, also one who is not active; raises NotFound with the closest one."""
    from crmkit.services.access.roles import user_named

    return user_named(session, login)
