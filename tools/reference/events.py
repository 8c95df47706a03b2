"""The page of events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmkit.core.domain_event import EventDeclaration
from crmkit.core.entities import CORE_ENTITIES
from crmkit.core.entity import entity_info
from crmkit.core.fieldtypes import Kind
from crmkit.core.journal import Event
from crmkit.hooks import SPECS
from crmkit.hooks.kinds import Kind as HookKind
from tools.markdown import code, slug, table
from tools.reference.classes import own_docstring
from tools.reference.hooks import in_order
from tools.reference.plugins import OfficialPlugin

INTRODUCTION = """# Events

Whatever is written leaves one event per record and flush in the log, in the same transaction. The type is the
entity's name and what happened. Events of entities that plugins and installations add are made the same way."""

ACTIONS = {
    "created": "the record is new",
    "updated": "fields of the record changed",
    "deleted": "the record was marked as deleted",
    "restored": "a deleted record is back",
}
"""What ``crmkit.store.journal`` says happened to a record."""

PLUGIN_INTRODUCTION = """# Events of {label}

What the plugin says by name, as [domain events](events.md#domain-events): the type of the event in the log is its name. In
CloudEvents `data.payload` holds the attributes, and `dataschema` names event and version; in webhooks `data.payload`,
`data.schema_version` and, as `data.entity` and `data.id`, the record that it happened to. Attributes may be added to a
payload; a version counts up when one goes or means something else."""

DOMAIN_EVENTS = """## Domain events

Plugins say by name what happened: a change of a field says that a status is `won`, a domain event that a deal was won.
Its type is its name, it is written in the transaction of the change as a record of
[`domain_event`](entities.md#domain_event), and its payload has a declared, versioned form. Those of the official plugins have
pages of their own. How to declare and to hear of them is told in [Follow events](../how-to/events.md)."""

DELIVERY = """## Delivery

Each plugin with a notify hook is a subscriber with its own place in the log. What its hook writes and the move of its
place are one transaction. An event that a hook fails at is parked alone and tried again, and what happens to its customer
later waits behind it; others go on. `after_events_committed` is for work outside of the database: it is called by the
background worker with no transaction open, and what it did is recorded by subscriber and event `id`. Such work may come
again after a crash of its process: pass the `id` on. How all this is watched and steered is told in
[Follow events](../how-to/events.md).

These hooks run after the commit:"""


def page() -> str:
    """Return the page."""
    parts = [INTRODUCTION, "## Types", _actions(), _types(), "## Attributes", own_docstring(Event), _attributes()]
    parts += [DOMAIN_EVENTS]
    hooks = [info for spec_class in SPECS for info in in_order(spec_class) if info.kind is HookKind.NOTIFY]
    rows = [(f"[{code(info.name)}](hooks.md#{slug(info.name)})", info.help.partition("\n")[0]) for info in hooks]
    return "\n\n".join([*parts, DELIVERY, table(["hook", "what it is for"], rows)])


def plugin_page(plugin: OfficialPlugin, declared: Sequence[EventDeclaration]) -> str:
    """Return the page of the domain events of a plugin."""
    label = plugin.manifest.label or plugin.name
    rows = [(f"[{code(one.name)}](#{slug(one.name)})", one.help.render()) for one in declared]
    return "\n\n".join(
        [PLUGIN_INTRODUCTION.format(label=label), table(["event", "meaning"], rows), *map(_event, declared)]
    )


def _event(one: EventDeclaration) -> str:
    rows = [(code(name), _form(form), form.get("description", "")) for name, form in one.schema["properties"].items()]
    said = f"{one.help.render()} It happens to `{one.entity}`; version {one.version} of the payload:"
    return "\n\n".join([f"## {code(one.name)}", said, table(["attribute", "type", "meaning"], rows)])


def _form(form: Mapping[str, Any]) -> str:
    """Return the type of an attribute in words."""
    if "anyOf" in form:
        return f"{_form(form['anyOf'][0])} or null"
    if "enum" in form:
        return ", ".join(code(word) for word in form["enum"])
    if "properties" in form:
        return "money: `amount` and `currency`"
    return str(form.get("format", "decimal as text" if "pattern" in form else form["type"]))


def types_of(entity: str) -> list[str]:
    """Return the types of the events of an entity."""
    return [f"{entity}.{action}" for action in ACTIONS]


def _actions() -> str:
    return table(["what happened", "meaning"], [(code(action), meaning) for action, meaning in ACTIONS.items()])


def _types() -> str:
    infos = [entity_info(cls) for cls in CORE_ENTITIES]
    rows = [
        (f"[{code(info.name)}](entities.md#{slug(info.name)})", ", ".join(code(name) for name in types_of(info.name)))
        for info in infos
        if info.editable
    ]
    return table(["entity", "types"], rows)


def _attributes() -> str:
    cloud = {"id": "id", "type": "type", "record_id": "subject", "occurred_at": "time"}
    rows = [
        (code(field.name), field.kind.value if field.kind is not Kind.ID else "id", code(cloud.get(field.name, "")))
        for field in entity_info(Event).fields
    ]
    return table(["attribute", "type", "in CloudEvents"], rows)
