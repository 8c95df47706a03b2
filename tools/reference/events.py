"""The page of events."""

from __future__ import annotations

from crmkit.core.entities import CORE_ENTITIES
from crmkit.core.entity import entity_info
from crmkit.core.fieldtypes import Kind
from crmkit.core.journal import Event
from crmkit.hooks import SPECS
from crmkit.hooks.kinds import Kind as HookKind
from tools.markdown import code, slug, table
from tools.reference.classes import own_docstring
from tools.reference.hooks import in_order

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
    hooks = [info for spec_class in SPECS for info in in_order(spec_class) if info.kind is HookKind.NOTIFY]
    rows = [(f"[{code(info.name)}](hooks.md#{slug(info.name)})", info.help.partition("\n")[0]) for info in hooks]
    return "\n\n".join([*parts, DELIVERY, table(["hook", "what it is for"], rows)])


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
