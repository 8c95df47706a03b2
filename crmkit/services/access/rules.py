"""The core's rules of the write path for users, roles, shares and delegations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crmkit.core.access import ACTIONS, Scope, read_grant
from crmkit.core.errors import ConfigError, FieldError, ValidationFailed, did_you_mean
from crmkit.core.messages import msg
from crmkit.core.registry import EntityRegistry
from crmkit.core.staff import Role
from crmkit.hooks.kinds import hookimpl
from crmkit.hooks.protocols import Context
from crmkit.hooks.records import RecordBatch, Refuse


class AccessRules:
    """The core's part in the hooks of saving, for whatever says who may do what."""

    @hookimpl(specname="derive_records", tryfirst=True, entities=("role",))
    def derive_roles(self, ctx: Context, call: RecordBatch) -> None:
        """Refuse grants that cannot be read, with everything wrong with them."""
        session: Any = ctx.session
        errors: list[FieldError] = []
        for c in call.changes:
            if c.changed("grants"):
                errors += grant_errors(c.after, session.database.registry)
        if errors:
            raise ValidationFailed(errors)

    @hookimpl(specname="guard_records", entities=("user",))
    def guard_users(self, ctx: Context, call: RecordBatch) -> list[Refuse]:
        """Refuse to delete users: what they did must keep their names."""
        return [
            Refuse(msg("users are not deleted; set the state of {login} to departed", login=c.after.login), c.after.id)
            for c in call.changes
            if c.after.deleted_at is not None and (c.before is None or c.before.deleted_at is None)
        ]

    @hookimpl(specname="guard_records", entities=("record_share",))
    def guard_shares(self, ctx: Context, call: RecordBatch) -> list[Refuse]:
        """Refuse shares of what is no record."""
        session: Any = ctx.session
        return [
            Refuse(_no_entity(c.after.entity, session.database.registry), c.after.id)
            for c in call.changes
            if c.changed("entity") and c.after.entity not in session.database.registry
        ]

    @hookimpl(specname="guard_records", entities=("delegation",))
    def guard_delegations(self, ctx: Context, call: RecordBatch) -> list[Refuse]:
        """Refuse delegations to oneself, without duration, and of what is no record."""
        session: Any = ctx.session
        return [
            Refuse(reason, c.after.id)
            for c in call.changes
            if c.after.deleted_at is None
            for reason in _against_delegation(c.after, session.database.registry)
        ]


def grant_errors(role: Role, registry: EntityRegistry) -> Iterator[FieldError]:
    """Yield what is wrong with the grants of a role."""
    for place, row in enumerate(role.grants):
        path = f"role.grants[{place}]"
        try:
            grant = read_grant(row)
        except ConfigError:
            yield from _bad_words(path, row, role)
            continue
        if grant.entity != "*" and grant.entity not in registry:
            hint = did_you_mean(grant.entity, [info.name for info in registry])
            yield FieldError(
                f"{path}.entity", "entity", grant.entity, msg("an entity or *; {hint}", hint=hint), role.id
            )
        elif grant.entity != "*":
            known = registry.get(grant.entity).by_name
            for name in sorted((grant.fields.names | grant.fields.without) - known.keys()):
                expected = msg("a field of {entity}; {hint}", entity=grant.entity, hint=did_you_mean(name, known))
                yield FieldError(f"{path}.fields", "field", name, expected, role.id)


def _bad_words(path: str, row: Any, role: Role) -> Iterator[FieldError]:
    scopes = [scope.name.lower() for scope in Scope]
    for name, known, given in (("action", ACTIONS, row.get("action")), ("scope", scopes, row.get("scope"))):
        try:
            read_grant({"action": "read", "scope": "own", name: given})
        except ConfigError:
            hint = did_you_mean(str(given), known)
            yield FieldError(f"{path}.{name}", name, given, msg("a known word; {hint}", hint=hint), role.id)
    try:
        read_grant({"action": "read", "scope": "own", "fields": row.get("fields")})
    except ConfigError as error:
        yield FieldError(f"{path}.fields", "fields", row.get("fields"), error.message, role.id)


def _against_delegation(delegation: Any, registry: EntityRegistry) -> Iterator[Any]:
    if delegation.user_id == delegation.deputy_id:
        yield msg("nobody is his own deputy")
    if delegation.ends_at <= delegation.starts_at:
        yield msg("a delegation ends after it starts")
    if delegation.entity and delegation.entity not in registry:
        yield _no_entity(delegation.entity, registry)
    if delegation.record_id is not None and not delegation.entity:
        yield msg("name the entity of the record that is delegated")


def _no_entity(name: str, registry: EntityRegistry) -> Any:
    return msg("no entity {name}; {hint}", name=name, hint=did_you_mean(name, [info.name for info in registry]))
