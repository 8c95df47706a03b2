"""Records, users and teams as people name them on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmkit.core.entity import Part
    from crmkit.core.staff import Team
    from crmkit.store.session import Session


def record_named(session: Session, text: str) -> Part:
    """Return the record that ``ENTITY:ID`` names, else the customer of that name, id, number or mail address.

    Raises NotFound and BadInput.
    """
    from crmkit.services.customer_view import find_customer

    entity, colon, id = text.partition(":")
    if colon and entity in session.database.registry:
        found: Part = session.get(session.database.registry.get(entity).cls, id)
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
