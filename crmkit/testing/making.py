"""What the fixtures ``make_crm``, ``make_customer`` and ``as_user`` give: callables that set the scene of a test."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from crmkit.core.access import Actor
from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.entity import change
from crmkit.core.errors import ConfigError
from crmkit.core.messages import msg, shown
from crmkit.core.staff import Role, RoleAssignment, Team, User
from crmkit.core.values.clock import Clock
from crmkit.runtime.config import Config, load_config
from crmkit.runtime.crm import Crm
from crmkit.store.session import Session


class MakeCrm:
    """Opens CRMs on a clock of the test's own, and closes them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._opened: list[Crm] = []

    def __call__(
        self,
        plugins: Sequence[Any] = (),
        config: Config | Mapping[str, Any] | Path | str | None = None,
        url: str | None = None,
        clock: Clock | None = None,
        tenant: str | None = None,
        check: bool = True,
    ) -> Crm:
        """Open a CRM with ``plugins`` (modules, objects or names) and no others.

        ``config`` is a configuration, a mapping or a TOML file; variables ``CRMKIT_...`` of the machine that runs the
        test do not count. ``url`` is the database, by default that of the configuration and else one in memory.
        Tests may share a database, each with a ``tenant`` of its own; its schema need then not be looked at again
        (``check``).
        """
        if not isinstance(config, Config):
            source = Path(config) if isinstance(config, str) else config
            environ = {name: value for name, value in os.environ.items() if not name.upper().startswith("CRMKIT_")}
            config = load_config(source, environ)
        crm = Crm.open(
            url, plugins=list(plugins), config=config, clock=clock or self._clock, tenant=tenant, check=check
        )
        self._opened.append(crm)
        return crm

    def close(self) -> None:
        """Close every CRM that was opened, the last one first."""
        while self._opened:
            self._opened.pop().close()


class MakeCustomer:
    """Adds customers to a CRM."""

    def __init__(self, crm: Crm) -> None:
        self._crm = crm
        self._numbers = count(1)

    def __call__(self, *, email: str = "", phone: str = "", session: Session | None = None, **fields: Any) -> Customer:
        """Add a customer and return it as it was stored.

        Without further ``fields`` it is an organization with a name of its own; with parts of a person's name, a
        person. ``email`` and ``phone`` become contact points. Within ``session``, it is written and not yet committed.
        Raises ConfigError for a field that a customer does not have.
        """
        made = change(Customer(**self._defaults(fields)), **fields)
        points = [ContactPoint(customer_id=made.id, kind="email", value=email)] if email else []
        points += [ContactPoint(customer_id=made.id, kind="phone", value=phone)] if phone else []
        if session is not None:
            return _stored(session, made, points)
        with self._crm.session() as own:
            return _stored(own, made, points)

    def _defaults(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        if fields.get("given_name") or fields.get("family_name"):
            return {"kind": "person"}
        return {"kind": "organization", "name": f"Customer {next(self._numbers)}"}


class AsUser:
    """Adds users to a CRM and gives them as actors."""

    def __init__(self, crm: Crm) -> None:
        self._crm = crm
        self._numbers = count(1)

    def __call__(
        self, *grants: str | Mapping[str, str], login: str = "", team: Team | str = "", **fields: Any
    ) -> Actor:
        """Add a user with a role of these rights, and return it as an actor.

        A right is entity, action and scope, as in ``"customer read own"`` or ``"* * all"``, or a mapping of these.
        Without any, the user may do nothing. ``team`` is a team or the name of one, which is added when there is none;
        ``fields`` are further fields of the user. Raises ConfigError for a right or field that does not exist.
        """
        rights = [_grant(self._crm, grant) for grant in grants]
        login = login or f"user{next(self._numbers)}"
        with self._crm.session() as session:
            user = change(User(login=login, name=login), **fields)
            if team:
                user = change(user, team_id=_team(session, team).id)
            role = Role(name=f"rights of {login}", grants=tuple(rights))
            session.add(user, role, RoleAssignment(user_id=user.id, role_id=role.id))
        return self._crm.actor(login)


def _stored(session: Session, customer: Customer, points: Sequence[ContactPoint]) -> Customer:
    session.add(customer, *points)
    session.flush()
    return session.get(Customer, customer.id)


def _team(session: Session, team: Team | str) -> Team:
    if isinstance(team, Team):
        return team
    found = session.find(Team, name=team)
    if found is None:
        found = Team(name=team)
        session.add(found)
    return found


def _grant(crm: Crm, grant: str | Mapping[str, str]) -> dict[str, str]:
    words = ("entity", "action", "scope")
    given = dict(zip(words, grant.split(), strict=False)) if isinstance(grant, str) else dict(grant)
    if set(given) != set(words) or (isinstance(grant, str) and len(grant.split()) != len(words)):
        raise ConfigError(
            msg("right {grant}: expected entity, action and scope, as in: customer read own", grant=shown(grant))
        )
    if given["entity"] != "*":
        crm.registry.get(given["entity"])
    return given
