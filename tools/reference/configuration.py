"""The page of all settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from crmkit.core.fields import CustomField, FieldInfo
from crmkit.runtime.config import SETTINGS, Config
from crmkit.runtime.defined import DefinedEntity, DefinedField
from tools.markdown import code, table
from tools.reference.classes import meanings, own_docstring
from tools.reference.plugins import OfficialPlugin

INTRODUCTION = """# Configuration

Settings stand in a TOML file: the one of `--config`, else of `CRMKIT_CONFIG`, else `crmkit.toml` in the current folder; a program
may give `Crm.open` a file or a mapping. `crmkit config show` shows what is in force, with secrets hidden. A setting that does
not exist, or a value of the wrong type, stops start-up with its path, its value and what was expected.

```toml
db = "sqlite:///my.db"
timezone = "Europe/Berlin"
currency = "EUR"
country = "DE"

[[custom_fields]]
entity = "customer"
name = "rating"
choices = ["A", "B", "C"]

[[entities]]
name = "boat"
access = "via"
via = "owner_of_boat_id"
fields = [
    { name = "name", required = true, searchable = true },
    { name = "owner_of_boat_id", reference = "customer", required = true, merge = "repoint", erase = "delete" },
    { name = "length", type = "decimal", minimum = 0 },
]
```"""

VARIABLES = """## Environment variables

A variable sets the setting of its name over that of the file; an empty one counts as unset. Numbers, yes and no, and dates are
read from the text; a list is `a, b` or, like a table, written as in TOML. Names between double underscores, read in lower
case, lead into tables: `CRMKIT__plugins__loyalty__rate=2` sets `rate` in the table `plugins.loyalty`.

In place of a single value in the settings of plugins, `{ env = "NAME" }` takes an environment variable and `{ file = "path" }` the text of a file,
relative to the configuration file: so secrets stay out of it."""

OTHER_VARIABLES: Mapping[str, str] = {
    "CRMKIT_CONFIG": "The configuration file, where `--config` names none.",
    "CRMKIT_TRACEBACK": "`1`: show where an error comes from, as `--traceback` does.",
    "CRMKIT_TEST_POSTGRES": "The PostgreSQL server that tests with `crmkit.testing` use, instead of starting one.",
    "NO_COLOR": "Any value: no colours.",
    "COLUMNS": "The width of tables where the output is no terminal.",
    "XDG_CACHE_HOME": "Where the program remembers which commands plugins add; else `~/.cache`.",
}
"""Variables that are no settings."""

_WORDS = {
    "str": "text",
    "bool": "true or false",
    "int": "whole number",
    "Decimal": "decimal",
    "tuple[str, ...]": "list of texts",
    "tuple[tuple[str, ...], ...]": "list of lists of texts",
    "Mapping[str, Any]": "table",
    "Mapping[str, tuple[str, ...]]": "table of lists of texts",
    "tuple[CustomField, ...]": "list of [custom fields](#custom-fields)",
    "tuple[DefinedEntity, ...]": "list of [entities](#entities)",
    "tuple[DefinedField, ...]": "list of [fields](#fields-of-entities)",
}


def page(plugins: Sequence[OfficialPlugin]) -> str:
    """Return the page, with the settings of ``plugins``."""
    parts = [INTRODUCTION, "## Settings", settings_table(Config, SETTINGS, variables=True)]
    parts += ["## Custom fields", own_docstring(CustomField), settings_table(CustomField)]
    parts += ["## Entities", own_docstring(DefinedEntity), settings_table(DefinedEntity)]
    parts += ["### Fields of entities", own_docstring(DefinedField), settings_table(DefinedField)]
    parts += _plugins(plugins)
    parts += [VARIABLES, "Beside the settings:"]
    parts.append(table(["variable", "meaning"], [(code(name), text) for name, text in OTHER_VARIABLES.items()]))
    return "\n\n".join(parts)


def settings_table(cls: type[Any], names: Sequence[str] = (), *, variables: bool = False) -> str:
    """Return a table of the settings that an attrs class declares, with their environment variables if wanted."""
    texts = meanings(cls, FieldInfo)
    headings, rows = ["setting", "type", "default", "meaning"], []
    for attribute in attrs.fields(cls):
        if not names or attribute.name in names:
            cells = [code(attribute.name), type_of(attribute.type), default_of(attribute), texts.get(attribute.name, "")]
            rows.append([*cells[:3], code(f"CRMKIT_{attribute.name.upper()}"), cells[3]] if variables else cells)
    return table([*headings[:3], "variable", headings[3]] if variables else headings, rows)


def type_of(annotation: Any) -> str:
    """Return a type in words where there are some."""
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))
    text = text.removesuffix(" | None")
    if text.startswith("Literal["):
        return ", ".join(code(word.strip().strip("\"'")) for word in text[8:-1].split(","))
    return _CHOICES.get(text) or _WORDS.get(text) or code(text)


def default_of(attribute: attrs.Attribute[Any]) -> str:
    """Return the default as it would stand in the file; ``required`` where there is none."""
    default: Any = attribute.default
    if default is attrs.NOTHING:
        return "required"
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
        default = default.factory()
    if default is None:
        return ""
    if isinstance(default, bool):
        return code(str(default).lower())
    if isinstance(default, str):
        return code(f'"{default}"')
    if isinstance(default, tuple):
        return code(f"[{', '.join(map(repr, default))}]")
    return code("{}" if isinstance(default, Mapping) and not default else default)


def _plugins(plugins: Sequence[OfficialPlugin]) -> Iterator[str]:
    configured = [plugin for plugin in plugins if plugin.manifest.config is not None]
    if configured:
        yield "## Settings of official plugins"
    for plugin in configured:
        assert plugin.manifest.config is not None
        yield f"### plugins.{plugin.name}\n\n{own_docstring(plugin.manifest.config)}"
        yield settings_table(plugin.manifest.config)


def _choices() -> dict[str, str]:
    import typing

    from crmkit.core import fields

    named = ("Format", "MergePolicy", "ErasePolicy", "Sensitivity")
    words = {name: [word for word in typing.get_args(getattr(fields, name)) if word] for name in named}
    return {name: ", ".join(code(word) for word in found) for name, found in words.items()}


_CHOICES = _choices()
