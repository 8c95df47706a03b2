"""The page of all settings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, get_args, get_origin, get_type_hints

import attrs

from crmkit.core.fields import FieldInfo
from crmkit.core.secret import Secret
from crmkit.runtime.config import SETTINGS, Config
from tools.markdown import code, codes, slug, table
from tools.reference.classes import meanings, own_docstring, type_text, written_type
from tools.reference.plugins import OfficialPlugin

INTRODUCTION = """# Configuration

Settings stand in a TOML file: the one of `--config`, else of `CRMKIT_CONFIG`, else `crmkit.toml` in the current
folder; a program may give `Crm.open` a file or a mapping. `crmkit config show` shows what is in force, with secrets
hidden. A setting that does not exist, or a value of the wrong type, stops start-up with its path, its value and what
was expected.

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

A variable sets the setting of its name over that of the file; an empty one counts as unset. Numbers, yes and no, and
dates are read from the text; a list is `a, b` or, like a table, written as in TOML. Names between double underscores,
read in lower case, lead into tables: `CRMKIT__plugins__loyalty__rate=2` sets `rate` in the table `plugins.loyalty`.

In the settings of plugins, `{ env = "NAME" }` in place of a single value takes an environment variable, and
`{ file = "path" }` the text of a file, relative to the configuration file: so secrets stay out of it."""

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
    "float": "number",
    "Decimal": "decimal",
    "Secret": "secret text",
    "tuple[str, ...]": "list of texts",
    "tuple[tuple[str, ...], ...]": "list of lists of texts",
    "Mapping[str, Any]": "table",
    "Mapping[str, tuple[str, ...]]": "table of lists of texts",
}


def page(plugins: Sequence[OfficialPlugin]) -> str:
    """Return the page, with the settings of ``plugins``."""
    parts = [INTRODUCTION, "## Settings", settings_table(Config, SETTINGS, variables=True)]
    parts += _inner(Config, "", 2)
    for plugin in plugins:
        if (cls := plugin.manifest.config) is not None:
            path = f"plugins.{plugin.name}"
            parts += [f"## {path}", own_docstring(cls), settings_table(cls, path=path), *_inner(cls, path, 3)]
    parts += [VARIABLES, "Beside the settings:"]
    parts.append(table(["variable", "meaning"], [(code(name), text) for name, text in OTHER_VARIABLES.items()]))
    return "\n\n".join(parts)


def settings_table(cls: type[Any], names: Sequence[str] = (), path: str = "", *, variables: bool = False) -> str:
    """Return a table of the settings that an attrs class declares, with their environment variables if wanted."""
    texts, hints = meanings(cls, FieldInfo), get_type_hints(cls)
    rows = []
    for attribute in attrs.fields(cls):
        if not names or attribute.name in names:
            shown = type_of(written_type(cls, attribute.name), hints[attribute.name], _joined(path, attribute.name))
            variable = [code(f"CRMKIT_{attribute.name.upper()}")] if variables else []
            rows.append([code(attribute.name), shown, default_of(attribute), *variable, texts.get(attribute.name, "")])
    return table(["setting", "type", "default", *(["variable"] if variables else []), "meaning"], rows)


def type_of(annotation: Any, hint: Any, path: str) -> str:
    """Return the type of the setting at ``path`` in words where there are some."""
    if (inner := _class_in(hint)) is not None:
        return f"[{'table' if inner is hint else 'list of tables'}](#{slug(path)})"
    text = (annotation if isinstance(annotation, str) else type_text(annotation)).removesuffix(" | None")
    choices = [member for member in get_args(hint) if member is not type(None)]
    if len(choices) == 1 and get_origin(choices[0]) is Literal:
        (hint,) = choices
    if get_origin(hint) is Literal:
        return codes(word for word in get_args(hint) if word)
    return _WORDS.get(text) or code(text)


def default_of(attribute: attrs.Attribute[Any]) -> str:
    """Return the default as it would stand in the file; ``required`` where there is none."""
    default: Any = attribute.default
    if default is attrs.NOTHING:
        return "required"
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
        default = default.factory()
    if default is None or attrs.has(type(default)):
        return ""
    if isinstance(default, bool):
        return code(str(default).lower())
    if isinstance(default, str):
        return code(f'"{default}"')
    if isinstance(default, tuple):
        return code(json.dumps(default))
    return code(json.dumps(dict(default)) if isinstance(default, Mapping) else default)


def _inner(cls: type[Any], path: str, level: int) -> Iterator[str]:
    """Yield a section for each table of settings within the settings of ``cls``."""
    hints = get_type_hints(cls)
    for attribute in attrs.fields(cls):
        inner = None if attribute.metadata else _class_in(hints[attribute.name])
        if inner is not None:
            here = _joined(path, attribute.name)
            yield f"{'#' * level} {here}\n\n{own_docstring(inner)}"
            yield settings_table(inner, path=here)
            yield from _inner(inner, here, level + 1)


def _class_in(hint: Any) -> type[Any] | None:
    """Return the attrs class that a setting holds, one or a tuple of it; None when it holds something else."""
    arguments = get_args(hint)
    if get_origin(hint) is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        hint = arguments[0]
    return hint if isinstance(hint, type) and attrs.has(hint) and hint is not Secret else None


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
