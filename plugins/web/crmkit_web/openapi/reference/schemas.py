"""Schemas on the page: their types in a word, their properties in a table, and examples of what they take."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from crmkit.core.messages import Translate, msg

Schema = Mapping[str, Any]
_REQUIRED, _NAME, _TYPE, _MEANING = msg("required"), msg("Name"), msg("Type"), msg("Meaning")
_EXAMPLES = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T09:30:00Z",
    "uuid": "0198c2f4-8b7e-7cc1-9d4e-2f6a5b3c1d0e",
    "email": "anna@example.com",
}
_MOST_WORDS = 12
_DEEPEST = 4


def type_of(schema: Schema) -> str:
    """Return the type of a schema as HTML, with links to the schemas that it names."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#schema-{escape(name)}">{escape(name)}</a>'
    if "anyOf" in schema:
        return " | ".join(type_of(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"[{type_of(schema.get('items', {}))}]"
    if "enum" in schema:
        words = [json.dumps(word, ensure_ascii=False) for word in schema["enum"]]
        more = ["…"] if len(words) > _MOST_WORDS else []
        return "<code>" + escape(" | ".join(words[:_MOST_WORDS] + more)) + "</code>"
    kinds = schema.get("type", "any")
    told = " | ".join(kinds) if isinstance(kinds, list) else kinds
    if "format" in schema:
        told += f" ({schema['format']})"
    return escape(told)


def properties_table(schema: Schema, translate: Translate) -> str:
    """Return the properties of a schema of an object as a table; of another one, its type."""
    properties = schema.get("properties")
    if not properties:
        return f"<p>{type_of(schema)}</p>"
    needed = set(schema.get("required", ()))
    rows = []
    for name, one in properties.items():
        mark = f' <span class="must">{escape(_REQUIRED.render(translate))}</span>' if name in needed else ""
        rows.append((f"<code>{escape(name)}</code>{mark}", type_of(one), escape(meaning(one))))
    return table((_NAME.render(translate), _TYPE.render(translate), _MEANING.render(translate)), rows)


def meaning(schema: Schema) -> str:
    """Return what a schema says of itself: label, help and bounds."""
    parts = [schema.get("title", ""), schema.get("description", "")]
    bounds = {"minimum": "≥", "maximum": "≤", "maxLength": "≤"}
    parts += [
        f"{sign} {schema[word]}" for word, sign in bounds.items() if word in schema and abs(schema[word]) < 10_000_000
    ]
    return ". ".join(str(part).rstrip(".") for part in parts if part)


def table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a table; ``heads`` are texts, ``rows`` hold HTML."""
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def example(schema: Schema, named: Schema, depth: int = 0) -> Any:
    """Return a value that fits a schema: of objects what is required, or else the first property that is a text."""
    if "$ref" in schema:
        return example(named.get(schema["$ref"].rpartition("/")[2], {}), named, depth + 1) if depth < _DEEPEST else {}
    if schema.get("examples"):
        return schema["examples"][0]
    if "anyOf" in schema:
        return example(schema["anyOf"][0], named, depth)
    if "enum" in schema:
        return schema["enum"][0]
    kinds = schema.get("type", "object")
    kind = kinds[0] if isinstance(kinds, list) else kinds
    if kind == "object":
        properties = schema.get("properties", {})
        needed = schema.get("required") or [name for name in ("name", "subject", "title") if name in properties][:1]
        return {name: example(properties[name], named, depth + 1) for name in needed if name in properties}
    if kind == "array":
        return [example(schema.get("items", {}), named, depth + 1)] if depth < _DEEPEST else []
    if kind == "string":
        return _EXAMPLES.get(schema.get("format", ""), "text")
    return {"integer": max(schema.get("minimum", 1), 1), "number": 1.5, "boolean": True}.get(kind)
