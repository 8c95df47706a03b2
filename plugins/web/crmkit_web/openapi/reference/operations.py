"""One operation on the page: what it takes, what it answers, and how to ask for it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from html import escape
from typing import Any

from crmkit.core.messages import Translate, msg
from crmkit_web.openapi.reference.schemas import example, meaning, properties_table, table, type_of

_PARAMETERS, _BODY, _ANSWERS, _EXAMPLE = msg("Parameters"), msg("Body"), msg("Answers"), msg("Example")
_NAME, _PLACE, _TYPE, _MEANING = msg("Name"), msg("In"), msg("Type"), msg("Meaning")
_STATUS, _REQUIRED, _PUBLIC = msg("Status"), msg("required"), msg("Answers without log-in.")


def operation_block(
    path: str, method: str, one: Mapping[str, Any], document: Mapping[str, Any], translate: Translate
) -> str:
    """Return an operation as HTML: closed at first, its address and summary to be seen."""
    id, summary = escape(one["operationId"]), escape(one.get("summary", ""))
    words = escape(f"{method} {path} {one['operationId']} {one.get('summary', '')}", quote=True)
    parts = [f'<p class="soft">{escape(_PUBLIC.render(translate))}</p>'] if one.get("security") == [] else []
    parts += [_parameters(one, document, translate), _body(one, translate), _answers(one, document, translate)]
    parts.append(
        f"<h4>{escape(_EXAMPLE.render(translate))}</h4><pre>{escape(_curl(path, method, one, document))}</pre>"
    )
    return (
        f'<details id="{id}" data-words="{words}"><summary><span class="method {method}">{method.upper()}</span>'
        f'<code>{escape(path)}</code> <span class="what">{summary}</span></summary><div>{"".join(parts)}</div></details>'
    )


def resolved(one: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a reference into the components points to; what is none, as it is."""
    if "$ref" not in one:
        return one
    _, _, kind, name = one["$ref"].split("/")
    found: Mapping[str, Any] = document["components"][kind][name]
    return found


def _parameters(one: Mapping[str, Any], document: Mapping[str, Any], translate: Translate) -> str:
    rows = []
    for given in one.get("parameters", ()):
        parameter = resolved(given, document)
        mark = f' <span class="must">{escape(_REQUIRED.render(translate))}</span>' if parameter.get("required") else ""
        told = ". ".join(
            text.rstrip(".") for text in (parameter.get("description", ""), meaning(parameter["schema"])) if text
        )
        name = f"<code>{escape(parameter['name'])}</code>{mark}"
        rows.append((name, escape(parameter["in"]), type_of(parameter["schema"]), escape(told)))
    if not rows:
        return ""
    heads = tuple(text.render(translate) for text in (_NAME, _PLACE, _TYPE, _MEANING))
    return f"<h4>{escape(_PARAMETERS.render(translate))}</h4>{table(heads, rows)}"


def _body(one: Mapping[str, Any], translate: Translate) -> str:
    content = one.get("requestBody", {}).get("content", {})
    told = "".join(
        f"<p><code>{escape(kind)}</code></p>{properties_table(body['schema'], translate)}"
        for kind, body in content.items()
    )
    return f"<h4>{escape(_BODY.render(translate))}</h4>{told}" if told else ""


def _answers(one: Mapping[str, Any], document: Mapping[str, Any], translate: Translate) -> str:
    rows = []
    for status, given in one["responses"].items():
        answer = resolved(given, document)
        shapes = ", ".join(type_of(content["schema"]) for content in answer.get("content", {}).values())
        rows.append((f"<code>{escape(status)}</code>", shapes, escape(answer["description"])))
    heads = tuple(text.render(translate) for text in (_STATUS, _TYPE, _MEANING))
    return f"<h4>{escape(_ANSWERS.render(translate))}</h4>{table(heads, rows)}"


def _curl(path: str, method: str, one: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    """Return a command line that asks for it; the address of the server stands in ``$CRM``, a token in ``$TOKEN``."""
    lines = [
        "curl" if method == "get" else f"curl -X {method.upper()}",
        f'"$CRM{path.replace("{", "$").replace("}", "")}"',
    ]
    if one.get("security") != []:
        lines.append('-H "Authorization: Bearer $TOKEN"')
    for given in one.get("parameters", ()):
        parameter = resolved(given, document)
        if parameter["in"] == "header" and (parameter.get("required") or parameter["name"] == "If-Match"):
            lines.append(f"-H '{parameter['name']}: \"1\"'")
    for kind, body in list(one.get("requestBody", {}).get("content", {}).items())[:1]:
        lines.append(f"-H 'Content-Type: {kind}'")
        if kind.endswith("json"):
            sent = example(body["schema"], document["components"]["schemas"])
            lines.append(f"-d {shlex.quote(json.dumps(sent, ensure_ascii=False))}")
        else:
            lines.append("--data-binary @file")
    return " \\\n  ".join(lines)
