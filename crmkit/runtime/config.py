"""The configuration of one application: a TOML file or mapping, and environment variables over it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs

from crmkit.core.entity import CustomField
from crmkit.core.errors import BadInput, ConfigError, FieldError
from crmkit.core.formats import FORMATS
from crmkit.core.messages import msg
from crmkit.core.values.country import country_code
from crmkit.runtime.bad_config import BadConfig
from crmkit.runtime.defined import DefinedEntity, definition_errors, make_entities
from crmkit.runtime.environment import Surroundings, with_environment
from crmkit.runtime.secrets import redact_address

FILE_NAME = "crmkit.toml"
_INTERNAL = {"crmkit_internal": True}


def _redacted(value: object) -> str:
    return repr(redact_address(str(value)))


@attrs.frozen(kw_only=True)
class Config:
    """What an installation decides.

    ``db`` is the address of the database (``sqlite://`` is in memory), ``tenant`` whose records are worked with.
    ``language`` (empty: that of the reader's system), ``timezone``, ``currency`` and ``country`` (of telephone numbers
    without a prefix; empty: none) are defaults. ``customer_label`` is what the installation calls a customer.

    ``plugins`` has a section for each plugin that is configured; ``disable`` names plugins to leave out;
    ``plugin_folder`` holds plugins of one file each and is relative to the configuration file. ``order`` lists plugins
    in the order of their calls, ``hook_order`` does so for single hooks. With ``quarantine``, plugins that are broken
    are left out instead of stopping start-up. ``custom_fields`` and ``entities`` extend the data model.

    ``where`` names the file for error messages, ``around`` is what references in the settings of plugins refer to.
    """

    db: str = attrs.field(default="sqlite://", repr=_redacted)
    tenant: str = "default"
    language: str = ""
    timezone: str = "UTC"
    currency: str = "EUR"
    country: str = ""
    customer_label: str = "Customer"
    customer_label_plural: str = ""
    plugin_folder: str = ""
    plugins: Mapping[str, Any] = attrs.field(factory=dict, repr=lambda sections: repr(sorted(sections)))
    disable: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    hook_order: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)
    quarantine: bool = False
    custom_fields: tuple[CustomField, ...] = ()
    entities: tuple[DefinedEntity, ...] = ()
    where: str = attrs.field(default="configuration", metadata=_INTERNAL)
    around: Surroundings = attrs.field(factory=Surroundings, repr=False, eq=False, metadata=_INTERNAL)

    @property
    def plugin_path(self) -> Path | None:
        """The folder of single-file plugins, None when there is none."""
        return self.around.folder / self.plugin_folder if self.plugin_folder else None

    def defined_entities(self) -> tuple[type[Any], ...]:
        """Return the classes of the entities that the installation defines, newly made for each application."""
        return make_entities(self.entities)


SETTINGS = tuple(a.name for a in attrs.fields(Config) if not a.metadata)
"""The names of all top-level settings."""


def find_config(start: Path) -> Path | None:
    """Return the configuration file ``crmkit.toml`` of the folder ``start``, or None."""
    path = start / FILE_NAME
    return path if path.is_file() else None


def load_config(source: Path | Mapping[str, Any] | None, environ: Mapping[str, str]) -> Config:
    """Read the configuration from a TOML file, a mapping or nothing, with the variables of ``environ`` laid over it.

    See ``crmkit.runtime.environment`` for the variables. In place of a single value, ``{ env = "NAME" }`` takes an
    environment variable and ``{ file = "path" }`` the text of a file, relative to the configuration file. Raises
    ConfigError; a BadConfig has every wrong setting with its path, value and expectation.
    """
    where, folder = "configuration", Path()
    if isinstance(source, Path):
        where, folder, source = str(source), source.parent, _read(source)
    raw = with_environment(source or {}, environ, SETTINGS)
    around = Surroundings(folder, environ)
    if not raw:
        return Config(around=around)
    # Only where there are settings, since its import is not free.
    from crmkit.runtime.structuring import structure

    config, errors = structure(raw, Config, "", around)
    if config is None:
        raise BadConfig(where, errors)
    country, country_errors = _country(config)
    if errors := [*_errors(config), *country_errors]:
        raise BadConfig(where, errors)
    return attrs.evolve(config, country=country, where=where, around=around)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"), parse_float=Decimal)
    except FileNotFoundError:
        raise ConfigError(msg("{path}: there is no such configuration file", path=path)) from None
    except OSError as error:
        raise ConfigError(msg("{path}: cannot be read: {error}", path=path, error=error.strerror)) from None
    except UnicodeDecodeError as error:
        raise ConfigError(
            msg("{path}: byte {position} is not UTF-8 text", path=path, position=error.start + 1)
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(msg("{path}: not valid TOML: {error}", path=path, error=str(error))) from None


def _country(config: Config) -> tuple[str, list[FieldError]]:
    try:
        return (country_code(config.country) if config.country else ""), []
    except BadInput:
        return "", [FieldError("country", "country", config.country, FORMATS["country"].expected)]


def _errors(config: Config) -> Iterator[FieldError]:
    for name, kind in (("timezone", "timezone"), ("currency", "currency"), ("language", "language")):
        value: str = getattr(config, name)
        checked = value.replace("_", "-") if name == "language" else value
        if not FORMATS[kind].check(checked) and (value or name != "language"):
            yield FieldError(name, kind, value, FORMATS[kind].expected)
    for name in ("db", "tenant", "customer_label"):
        value = getattr(config, name)
        if not value.strip():
            yield FieldError(name, "required", value, msg("a text that is not empty"))
    for place, custom in enumerate(config.custom_fields):
        try:
            custom.info()
        except ConfigError as error:
            yield FieldError(f"custom_fields[{place}]", "custom_field", custom.name, error.message)
    for place, definition in enumerate(config.entities):
        yield from definition_errors(definition, f"entities[{place}]")
