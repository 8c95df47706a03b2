"""The page of the reference, made from the OpenAPI document alone."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape
from importlib.resources import files
from typing import Any

from crmkit.core.messages import Translate, msg
from crmkit_web.openapi.reference.operations import operation_block
from crmkit_web.openapi.reference.schemas import properties_table

_TITLE, _SEARCH = msg("API reference"), msg("Search")
_ENTITIES, _SCHEMAS, _ALL, _DOCUMENT = msg("Entities"), msg("Schemas"), msg("All entities"), msg("OpenAPI document")
_INTRODUCTION = msg(
    "In the examples, $CRM is the address of the server, as in https://crm.example.com, and $TOKEN a token that crmkit "
    "token create has made."
)


def page(
    document: Mapping[str, Any],
    entities: Sequence[tuple[str, str]],
    shown: Sequence[str],
    language: str,
    translate: Translate,
) -> str:
    """Return the page of a document as HTML.

    ``entities`` are the plural names and labels of all that there are, ``shown`` the names of those that the document
    tells of; by default a page tells of none, and links to a page for each.
    """
    groups = _grouped(document)
    abouts = {tag["name"]: tag.get("description", "") for tag in document["tags"]}
    sections = [_section(name, abouts.get(name, ""), blocks, document, translate) for name, blocks in groups.items()]
    sections.insert(0 if not shown else len(sections), _entities(entities, shown, translate))
    title = escape(f"{document['info']['title']} – {_TITLE.render(translate)}")
    query = f"?entities={','.join(shown)}" if shown else ""
    header = (
        f"<h1>{escape(_TITLE.render(translate))} <small>{escape(document['info']['version'])}</small></h1>"
        f"<p>{escape(document['info']['description'])}</p><p>{escape(_INTRODUCTION.render(translate))}</p>"
        f'<p><a href="/api/v1/openapi.json{escape(query)}">{escape(_DOCUMENT.render(translate))}</a></p>'
    )
    return (
        f'<!doctype html><html lang="{escape(language)}"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_asset("css")}</style></head><body>'
        f"{_navigation(groups, entities, document, shown, translate)}<main>{header}{''.join(sections)}"
        f"{_schemas(document, translate)}</main><script>{_asset('js')}</script></body></html>"
    )


@lru_cache(maxsize=1)
def policy() -> str:
    """Return the content security policy of the page: its own style and script, and nothing else."""
    return (
        f"default-src 'none'; style-src '{_digest('css')}'; script-src '{_digest('js')}'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )


@lru_cache(maxsize=2)
def _asset(ending: str) -> str:
    return files(__package__).joinpath(f"reference.{ending}").read_text(encoding="utf-8")


def _digest(ending: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(_asset(ending).encode()).digest()).decode()


def _grouped(document: Mapping[str, Any]) -> dict[str, list[tuple[str, str, Any]]]:
    groups: dict[str, list[tuple[str, str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            groups.setdefault(operation["tags"][0], []).append((path, method, operation))
    return groups


def _section(name: str, about: str, blocks: Any, document: Mapping[str, Any], translate: Translate) -> str:
    shown = "".join(operation_block(path, method, one, document, translate) for path, method, one in blocks)
    return f'<section id="tag-{escape(name)}" data-group><h2>{escape(name)}</h2><p>{escape(about)}</p>{shown}</section>'


def _entities(entities: Sequence[tuple[str, str]], shown: Sequence[str], translate: Translate) -> str:
    links = "".join(
        f'<li data-words="{escape(f"{plural} {label}", quote=True)}">'
        f'<a href="?entities={escape(plural)}">{escape(label)}</a> <code class="soft">{escape(plural)}</code></li>'
        for plural, label in entities
        if plural not in shown
    )
    heading = escape(_ENTITIES.render(translate))
    return f'<section id="entities" data-group><h2>{heading}</h2><ul class="entities">{links}</ul></section>'


def _schemas(document: Mapping[str, Any], translate: Translate) -> str:
    blocks = []
    for name, schema in sorted(document["components"]["schemas"].items()):
        about = escape(schema.get("description") or schema.get("title", ""))
        blocks.append(
            f'<details id="schema-{escape(name)}" data-words="{escape(name, quote=True)}"><summary><code>{escape(name)}</code>'
            f' <span class="what">{about}</span></summary><div>{properties_table(schema, translate)}</div></details>'
        )
    heading = escape(_SCHEMAS.render(translate))
    return f'<section id="schemas" data-group><h2>{heading}</h2>{"".join(blocks)}</section>'


def _navigation(
    groups: Any, entities: Any, document: Mapping[str, Any], shown: Sequence[str], translate: Translate
) -> str:
    search = escape(_SEARCH.render(translate), quote=True)
    parts = [f'<input id="page-search" type="search" placeholder="{search}" aria-label="{search}" hidden>']
    if shown:
        parts.append(f'<ul><li><a href="?">{escape(_ALL.render(translate))}</a></li></ul>')
    else:
        parts.append(f'<ul><li><a href="#entities">{escape(_ENTITIES.render(translate))}</a></li></ul>')
    for name, blocks in groups.items():
        links = "".join(_link(path, method, one) for path, method, one in blocks)
        parts.append(f"<div data-group><h2>{escape(name)}</h2><ul>{links}</ul></div>")
    parts.append(f'<ul><li><a href="#schemas">{escape(_SCHEMAS.render(translate))}</a></li></ul>')
    return f"<nav>{''.join(parts)}</nav>"


def _link(path: str, method: str, one: Mapping[str, Any]) -> str:
    id, words = one["operationId"], f"{method} {path} {one['operationId']} {one.get('summary', '')}"
    return f'<li data-words="{escape(words, quote=True)}"><a href="#{escape(id)}">{escape(id)}</a></li>'
