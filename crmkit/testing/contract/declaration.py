"""What a plugin says of itself and registers, and what its modules import."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

from crmkit.core.errors import CrmError
from crmkit.runtime.crm import Crm
from crmkit.runtime.plugin_check import PUBLIC, source_files
from crmkit.testing.contract.faults import fail
from crmkit.testing.contract.subject import Subject
from crmkit.testing.plugin_texts import registered_by


def check_declaration(subject: Subject) -> None:
    """Manifest, hook API and signatures hold, and whatever is registered bears the plugin's name."""
    plugin = subject.plugin
    if getattr(plugin, "manifest", None) is None and getattr(plugin, "crmkit_manifest", None) is None:
        fail("it has no manifest", f'give it one: manifest = Manifest(name="{subject.name}", ...)')
    manifest = subject.manifest
    try:
        manifest.check_hook_api()
    except CrmError as error:
        fail(error.lines(), "state the versions of hooks that it was tried with, as in hook_api=1")
    found = [f"its manifest has no {part}" for part in ("label", "summary") if not getattr(manifest, part)]
    crm = subject.open()
    found += list(_misnamed(subject, crm))
    if found:
        fail(found, f"whatever a plugin brings says whose it is: names begin with {subject.name}")
    check_web(crm)


def check_web(crm: Crm) -> None:
    """What it adds to the web can be served: ids, points, entities, filters, addresses and classes of input."""
    try:
        _ = crm.extensions
    except CrmError as error:
        fail(error.lines(), "mend what is named; crmkit serve would not start")


def check_imports(subject: Subject) -> None:
    """Its modules import the faces of crmkit alone, and no other plugin."""
    files = source_files(subject.plugin)
    own = getattr(subject.plugin, "__name__", type(subject.plugin).__module__)
    found = [
        f"{path.name}:{line}: imports {module}"
        for path in files
        for module, line in _imported(path)
        if _foreign(module, own.partition(".")[0])
    ]
    if found:
        fail(
            found,
            f"import from {', '.join(PUBLIC[1:])}; services are in ctx.services; other plugins are met through hooks, "
            "events and interactions",
        )


def _misnamed(subject: Subject, crm: Crm) -> Iterator[str]:
    prefix = f"{subject.name}_"
    own = set(subject.classes(crm))
    for cls in registered_by(crm, subject.name, "register_entities"):
        info = crm.registry.get(cls)
        for what, name in (("entity", info.name), ("table", info.plural)):
            if not name.startswith(prefix):
                yield f"{what} {name} does not begin with {prefix}"
        if cls not in own:
            yield f"entity {info.name} says that it is of {info.plugin}: plugin={subject.name!r} is missing"
    for permission in registered_by(crm, subject.name, "register_permissions"):
        if not permission.id.startswith(f"{subject.name}."):
            yield f"permission {permission.id} does not begin with {subject.name}."
    for kind in registered_by(crm, subject.name, "register_interaction_kinds"):
        if not kind.name.startswith(prefix) and kind.name != subject.name:
            yield f"kind of interaction {kind.name} does not begin with {prefix}"
    for event in registered_by(crm, subject.name, "register_events"):
        for name, form in event.schema["properties"].items():
            if not form.get("description"):
                yield f"event {event.name}: {name} of its payload has no help"
    for command in registered_by(crm, subject.name, "register_cli_commands"):
        module, _, attribute = command.import_path.partition(":")
        try:
            getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            yield f"command {command.name}: {command.import_path} cannot be imported: {error}"


def _imported(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module, node.lineno


def _foreign(module: str, own: str) -> bool:
    top = module.partition(".")[0]
    if top == "crmkit":
        return not any(module == face or (face != "crmkit" and module.startswith(f"{face}.")) for face in PUBLIC)
    return top.startswith("crmkit_") and top != own
