"""Examining a plugin before it is put to use: what is wrong, what will be wrong, and what could be better."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType

import attrs

from crmkit.core.deprecation import deprecations
from crmkit.core.errors import ConfigError, CrmError, did_you_mean
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg, shown
from crmkit.hooks import SPECS
from crmkit.hooks.checks import verify
from crmkit.hooks.kinds import HookInfo, hooks_of
from crmkit.runtime.catalogues import catalogue_of
from crmkit.runtime.config import Config
from crmkit.runtime.crm import Crm
from crmkit.runtime.health.finding import Finding, Level, fault, fine, warning
from crmkit.runtime.local_files import forget
from crmkit.runtime.manifest import Manifest, manifest_of
from crmkit.runtime.plugin_faults import import_reason
from crmkit.runtime.plugins import marked
from crmkit.runtime.sources import Candidate

PUBLIC = (
    "crmkit",
    "crmkit.plugin",
    "crmkit.command",
    "crmkit.hosting",
    "crmkit.migrations",
    "crmkit.core",
    "crmkit.hooks",
    "crmkit.testing",
)
"""Modules that plugins may import, those below them included except for the first."""

SLOW_IMPORT = 0.3
"""Seconds of CPU time from which on the import of one plugin is felt at each start of the command line."""


@frozen
class PluginReport:
    """What was found out about one plugin."""

    name: str
    version: str
    distribution: str
    findings: tuple[Finding, ...]

    @property
    def right(self) -> bool:
        """Whether there is no error; warnings do not count."""
        return all(finding.level is not Level.ERROR for finding in self.findings)


def check_plugin(candidate: Candidate, others: Sequence[Candidate] = ()) -> PluginReport:
    """Return what is found out about a plugin; it is imported and registered, with those of ``others`` that it requires.

    Its tables are made in no database, and none of its hooks but those of start-up are called.
    """
    try:
        plugin = candidate.load()
    except (Exception, SystemExit) as error:
        return _report(candidate, None, [fault("manifest", "import", import_reason(error))])
    try:
        return _examined(candidate, plugin, others)
    finally:
        forget(plugin)


def _examined(candidate: Candidate, plugin: object, others: Sequence[Candidate]) -> PluginReport:
    try:
        manifest = manifest_of(plugin, candidate.name)
    except CrmError as error:
        return _report(candidate, None, [fault("manifest", "manifest", error.message)])
    found = [*_manifest(candidate, manifest), *_hooks(plugin, manifest)]
    files = source_files(plugin)
    found += [*_deprecated_hooks(plugin, manifest), *_imports(files, plugin, others)]
    if all(finding.level is not Level.ERROR for finding in found):
        found += _assembled(candidate, plugin, manifest, others)
    found += _import_time(plugin)
    return _report(candidate, manifest, found)


def source_files(plugin: object) -> list[Path]:
    """Return the Python files of a plugin; none for one that was not read from a file."""
    module = plugin if isinstance(plugin, ModuleType) else sys.modules.get(type(plugin).__module__)
    file = getattr(module, "__file__", None)
    if module is None or not file:
        return []
    top = sys.modules.get(module.__name__.partition(".")[0])
    if top is not None and hasattr(top, "__path__") and top.__file__:
        return sorted(Path(top.__file__).parent.rglob("*.py"))
    return [Path(file)]


def _report(candidate: Candidate, manifest: Manifest | None, found: Iterable[Finding]) -> PluginReport:
    version = (manifest.version if manifest else "") or candidate.version
    findings = list(found)
    if all(finding.level is Level.OK for finding in findings):
        findings.append(fine("plugin", "right", msg("nothing is wrong with it")))
    return PluginReport(manifest.name if manifest else candidate.name, version, candidate.distribution, tuple(findings))


def _manifest(candidate: Candidate, manifest: Manifest) -> Iterator[Finding]:
    if candidate.named and manifest.name != candidate.name:
        problem = msg("its manifest says {manifest}, its {source} {name}; they must be the same",
                      manifest=manifest.name, source=candidate.source, name=candidate.name)  # fmt: skip
        yield fault("manifest", "name", problem)
    if not (manifest.version or candidate.version):
        problem = msg("it states no version, so nobody can tell later which one wrote what")
        yield warning("manifest", "no_version", problem, msg('add version="1.0" to the manifest'))
    if not manifest.summary:
        yield warning(
            "manifest", "no_summary", msg("it does not say what it is for"), msg("add a summary to the manifest")
        )


def _hooks(plugin: object, manifest: Manifest) -> Iterator[Finding]:
    """Find every hook that is wrong, where start-up stops at the first."""
    known: dict[str, HookInfo] = {}
    for spec_class in (*SPECS, *manifest.specs):
        known.update(hooks_of(spec_class))
    implemented = 0
    for hook, function, opts in marked(plugin):
        try:
            verify(manifest.name, hook, known.get(hook), function, opts)
            if hook not in known and not opts.get("optionalhook"):
                hint = did_you_mean(hook, known)
                raise ConfigError(msg("there is no hook {hook}; {hint}", hook=hook, hint=hint))
        except CrmError as error:
            yield fault("hooks", "bad_hook", error.message)
        implemented += 1
    try:
        for remark in manifest.check_hook_api(hook for hook, _, _ in marked(plugin)):
            yield warning("hooks", "old_api", remark, msg("update the plugin"))
    except CrmError as error:
        yield fault("hooks", "api", error.message)
    if not implemented:
        yield warning("hooks", "none", msg("it implements no hook"), msg("mark functions with @hookimpl"))


def _deprecated_hooks(plugin: object, manifest: Manifest) -> Iterator[Finding]:
    infos = {name: info for spec_class in SPECS for name, info in hooks_of(spec_class).items()}
    for hook in dict.fromkeys(hook for hook, _, _ in marked(plugin)):
        info = infos.get(hook)
        if info is not None and info.deprecated is not None:
            yield warning("deprecations", "hook", info.deprecated.message)


def _imports(files: Iterable[Path], plugin: object, others: Sequence[Candidate]) -> Iterator[Finding]:
    """Find what a plugin's sources import and should not: deprecated names, crmkit's inside, other plugins."""
    gone = {deprecation.name: deprecation for deprecation in deprecations()}
    packages = {other.distribution.replace("-", "_") for other in others if other.source == "entry point"}
    packages.discard(_package(plugin))
    for path in files:
        try:
            tree = ast.parse(path.read_bytes(), str(path))
        except (OSError, SyntaxError, ValueError) as error:
            yield fault("sources", "unreadable", msg("{path}: {error}", path=path, error=shown(error, 200)))
            continue
        told: set[str] = set()
        for line, module, name in _imported(tree):
            full, place = (f"{module}.{name}" if name else module), f"{path.name}, line {line}"
            if full in gone and full not in told:
                told.add(full)
                yield warning("deprecations", "name", msg("{place}: {what}", place=place, what=gone[full].message))
            elif module.partition(".")[0] == "crmkit" and not _public(module) and module not in told:
                told.add(module)
                problem = msg(
                    "{place}: {module} is no public part of crmkit and may change", place=place, module=module
                )
                yield warning("sources", "private", problem, msg("import what crmkit.plugin offers"))
            elif module.partition(".")[0] in packages:
                problem = msg("{place}: it imports {module}, another plugin", place=place, module=module)
                yield fault("sources", "plugin", problem, msg("offer and use hooks instead"))


def _imported(tree: ast.AST) -> Iterator[tuple[int, str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, ""
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                yield node.lineno, node.module, alias.name


def _public(module: str) -> bool:
    return module in PUBLIC or any(module.startswith(f"{public}.") for public in PUBLIC[1:])


def _assembled(
    candidate: Candidate, plugin: object, manifest: Manifest, others: Sequence[Candidate]
) -> Iterator[Finding]:
    """Register the plugin beside what it requires: entities with their policies, commands, kinds and all else."""
    needed, missing = _required(manifest, others)
    for name in missing:
        problem = msg("it requires plugin {name}, which is not installed", name=name)
        yield fault("requirements", "missing", problem, msg("install it"))
    if missing:
        return
    given = [attrs.evolve(candidate, load=lambda: plugin), *needed]
    settings = Config(quarantine=True)
    try:
        crm = Crm.open("sqlite://", plugins=given, config=settings, check=False)
    except CrmError as error:
        yield from (fault("registration", error.code, msg("{problem}", problem=line)) for line in error.lines())
        return
    with crm:
        for broken in crm.plugins.broken:
            if broken.name == manifest.name:
                if manifest.config is not None and "plugins." in str(broken.reason):
                    # Without this installation's settings nobody can tell; that is no fault of the plugin's.
                    yield fine("configuration", "needs_settings", broken.reason)
                else:
                    yield fault("registration", "broken", broken.reason)
        package = _package(plugin)
        for command in crm.commands:
            module, _, attribute = command.import_path.partition(":")
            wrong = _unusable(module, attribute) if module.partition(".")[0] == package else None
            if wrong is not None:
                yield fault("commands", "command", msg("command {name}: {problem}", name=command.name, problem=wrong))
        yield from _entities(crm, manifest.name)
        yield from _web(crm)


def _web(crm: Crm) -> Iterator[Finding]:
    """Ask for what plugins add to the web, which start-up leaves to whoever serves it."""
    if crm.plugins.broken:
        return
    try:
        _ = crm.extensions
    except CrmError as error:
        yield from (fault("web", error.code, msg("{problem}", problem=line)) for line in error.lines())


def _required(manifest: Manifest, others: Sequence[Candidate]) -> tuple[list[Candidate], list[str]]:
    """Return the plugins required, and required by those, and the names of those that are not there."""
    known = {other.name: other for other in others}
    found: dict[str, Candidate] = {}
    missing: list[str] = []
    todo = list(manifest.requires)
    while todo:
        name = todo.pop()
        if name in found or name == manifest.name:
            continue
        if name not in known:
            missing.append(name)
            continue
        found[name] = known[name]
        try:
            todo += manifest_of(known[name].load(), name).requires
        except (Exception, SystemExit):
            missing.append(name)
    return list(found.values()), missing


def _entities(crm: Crm, plugin: str) -> Iterator[Finding]:
    for info in crm.registry:
        if info.plugin != plugin:
            continue
        if not info.access:
            problem = msg(
                "entity {entity} has no rule of access: only those who may read all of it see any", entity=info.name
            )
            yield warning("entities", "no_access", problem, msg("declare access=(Own(),) or Via(...)"))
        for field in info.fields:
            if field.kind.value == "text" and field.sensitivity in ("public", "internal") and field.name in _PERSONAL:
                problem = msg(
                    "{entity}.{field} sounds personal and says nothing of it", entity=info.name, field=field.name
                )
                yield warning("entities", "sensitivity", problem, msg('add sensitivity="personal"'))


_PERSONAL = frozenset({"email", "phone", "mobile", "address", "birth_date", "first_name", "last_name", "given_name"})


def _unusable(module: str, attribute: str) -> Message | None:
    from importlib import import_module

    try:
        found = getattr(import_module(module), attribute)
    except (Exception, SystemExit) as error:
        return import_reason(error)
    return None if callable(found) else msg("{path} is no command", path=f"{module}:{attribute}")


def _import_time(plugin: object) -> Iterator[Finding]:
    """Measure the import in a process of its own, beyond what crmkit itself imports; CPU time, since others work too."""
    module = plugin.__name__ if isinstance(plugin, ModuleType) else type(plugin).__module__
    found = catalogue_of(plugin)
    if found is None or module == "__main__" or module.startswith("_crmkit_local_"):
        return
    code = (
        "import sys, time, importlib; sys.path[:] = eval(sys.argv[2]); import crmkit.runtime.crm\n"
        "before = time.process_time(); importlib.import_module(sys.argv[1]); print(time.process_time() - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, module, repr(sys.path)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        return
    seconds = float(done.stdout.split()[-1])
    milliseconds = round(seconds * 1000)
    if seconds > SLOW_IMPORT:
        problem = msg(
            "importing it takes {milliseconds} ms, at each start of the command line", milliseconds=milliseconds
        )
        yield warning("import", "slow", problem, msg("import heavy packages where they are used"))
    else:
        yield fine("import", "quick", msg("importing it takes {milliseconds} ms", milliseconds=milliseconds))


def _package(plugin: object) -> str:
    module = plugin.__name__ if isinstance(plugin, ModuleType) else type(plugin).__module__
    return module.partition(".")[0]
