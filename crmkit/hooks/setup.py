"""Hooks of start-up: what a plugin adds to the application."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

from crmkit.core.errors import ConfigError
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg
from crmkit.hooks.kinds import Kind, hookspec
from crmkit.hooks.protocols import Context

if TYPE_CHECKING:
    from crmkit.core.entity import CustomField
    from crmkit.core.interaction import InteractionKind

_IMPORT_PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


@frozen
class Setup:
    """The argument of the start-up hooks. ``plugins`` are the names of all active plugins, in their order."""

    plugins: tuple[str, ...] = ()


def _is_import_path(command: CommandDeclaration, attribute: attrs.Attribute[str], value: str) -> None:
    if not _IMPORT_PATH.fullmatch(value):
        raise ConfigError(
            msg(
                "command {name}: import path {value} must look like package.module:attribute",
                name=command.name,
                value=repr(value),
            )
        )


@frozen
class CommandDeclaration:
    """A command or group of commands of ``crmkit``; imported only when it runs, so that ``--help`` stays fast."""

    name: str
    import_path: str = attrs.field(validator=_is_import_path)
    help: Message


@frozen
class Permission:
    """A right that roles can grant. ``id`` begins with the plugin's name, as in ``loyalty.adjust_points``."""

    id: str
    label: Message


class SetupSpecs:
    """Called once, in this order, before the first session."""

    @hookspec(kind=Kind.REGISTER, since="0.1")
    def register_entities(self, ctx: Context, call: Setup) -> list[type]:
        """Return the entity classes of the plugin; each becomes a table, a form, an import target and documentation."""

    @hookspec(kind=Kind.REGISTER, since="0.1")
    def register_custom_fields(self, ctx: Context, call: Setup) -> list[CustomField]:
        """Return fields that the plugin adds to entities of others."""

    @hookspec(kind=Kind.REGISTER, since="0.1")
    def register_interaction_kinds(self, ctx: Context, call: Setup) -> list[InteractionKind]:
        """Return kinds of interaction, each with what its money means."""

    @hookspec(kind=Kind.REGISTER, since="0.1")
    def register_permissions(self, ctx: Context, call: Setup) -> list[Permission]:
        """Return rights beyond those on entities, for roles to grant."""

    @hookspec(kind=Kind.REGISTER, since="0.1")
    def register_cli_commands(self, ctx: Context, call: Setup) -> list[CommandDeclaration]:
        """Return commands of the ``crmkit`` program."""
