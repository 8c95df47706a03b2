"""The configuration of one application: a TOML file or mapping, and environment variables over it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs

from crmkit.core.attachment_rules import AttachmentRules
from crmkit.core.consent import ConsentTerms
from crmkit.core.entity import CustomField
from crmkit.core.errors import BadInput, ConfigError, FieldError
from crmkit.core.formats import FORMATS
from crmkit.core.frozen import frozen
from crmkit.core.job_settings import JobSettings, ScheduleSettings
from crmkit.core.log_settings import LogSettings
from crmkit.core.mail_settings import MailSettings
from crmkit.core.messages import msg
from crmkit.core.personal_data import PersonalDataSettings, settings_errors
from crmkit.core.quality import QualitySettings
from crmkit.core.values.country import country_code
from crmkit.runtime.bad_config import BadConfig
from crmkit.runtime.defined import DefinedEntity, definition_errors, make_entities
from crmkit.runtime.environment import Surroundings, with_environment
from crmkit.runtime.secrets import redact_address

FILE_NAME = "crmkit.toml"
_INTERNAL = {"crmkit_internal": True}


def _redacted(value: object) -> str:
    return repr(redact_address(str(value)))


@frozen(kw_only=True)
class Config:
    """What an installation decides."""

    db: str = attrs.field(default="sqlite://", repr=_redacted)
    """The database: ``sqlite:///FILE``, ``sqlite://`` (in memory) or ``postgresql://USER:PASSWORD@HOST/NAME``."""
    tenant: str = "default"
    """Whose records are worked with, where several share a database. The same name is the same tenant everywhere."""
    language: str = ""
    """The language of people who have set none, as in ``en`` or ``zh``; empty: that of the reader's system."""
    timezone: str = "UTC"
    """The time zone of days and hours for people who have set none, as in ``Europe/Berlin``."""
    currency: str = "EUR"
    """The currency (ISO 4217) that sums over several currencies are given in."""
    country: str = ""
    """The country (ISO 3166 code or name) of telephone numbers without a prefix; empty: none."""
    customer_label: str = "Customer"
    """What the installation calls a customer, as in ``Patient``."""
    customer_label_plural: str = ""
    """What it calls several; empty: the same word."""
    plugin_folder: str = ""
    """A folder with plugins of one file each, relative to the configuration file; empty: none."""
    plugins: Mapping[str, Any] = attrs.field(factory=dict, repr=lambda sections: repr(sorted(sections)))
    """A table of settings for each plugin that is configured, by its name."""
    disable: tuple[str, ...] = ()
    """Names of plugins to leave out; they are not even imported."""
    order: tuple[str, ...] = ()
    """Names of plugins in the order of their calls; the others follow their requirements, then their names."""
    hook_order: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)
    """For single hooks, by their names, the order of plugins that counts instead of ``order``."""
    quarantine: bool = False
    """Whether broken plugins are left out instead of stopping start-up."""
    logging: LogSettings = attrs.field(factory=LogSettings)
    """How the command line and workers log."""
    telemetry: bool = False
    """Whether the command line and workers send spans to OpenTelemetry; its own variables (OTEL_...) say where to."""
    refusals_kept: int = 0
    """How many of the newest refusals are kept, so that ``crmkit explain`` can tell who refused what; 0: none."""
    consent: ConsentTerms = attrs.field(factory=ConsentTerms)
    """The words that statements of consent may use."""
    attachments: AttachmentRules = attrs.field(factory=AttachmentRules)
    """Where attachments are kept, and which are taken."""
    personal_data: PersonalDataSettings = attrs.field(factory=PersonalDataSettings)
    """Who answers for personal data, how long what is kept, and what happens when an erased customer comes again."""
    quality: QualitySettings = attrs.field(factory=QualitySettings)
    """What is expected of records, and when their values are too old."""
    mail: MailSettings = attrs.field(factory=MailSettings)
    """Which mail addresses are ours, and the servers that mail is sent and fetched by."""
    jobs: JobSettings = attrs.field(factory=JobSettings)
    """How workers do background work."""
    schedules: Mapping[str, ScheduleSettings] = attrs.field(factory=dict)
    """Changes of schedules, by their names, as in ``[schedules."crmkit.seal_audit_log"]``."""
    custom_fields: tuple[CustomField, ...] = ()
    """Fields that the installation adds to entities."""
    entities: tuple[DefinedEntity, ...] = ()
    """Entities that the installation adds."""
    where: str = attrs.field(default="configuration", metadata=_INTERNAL)
    """What error messages call this configuration: the name of its file."""
    around: Surroundings = attrs.field(factory=Surroundings, repr=False, eq=False, metadata=_INTERNAL)
    """What references in the settings of plugins refer to."""

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
    import tomllib

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
    if config.refusals_kept < 0:
        yield FieldError("refusals_kept", "range", str(config.refusals_kept), msg("a number from 0 on"))
    yield from settings_errors(config.personal_data)
    for place, custom in enumerate(config.custom_fields):
        try:
            custom.info()
        except ConfigError as error:
            yield FieldError(f"custom_fields[{place}]", "custom_field", custom.name, error.message)
    for place, definition in enumerate(config.entities):
        yield from definition_errors(definition, f"entities[{place}]")
