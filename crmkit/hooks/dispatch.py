"""The hooks of one application: who implements what, in which order, checked at start-up."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import attrs
import pluggy

from crmkit.core.errors import ConfigError, did_you_mean
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg
from crmkit.core.origin import release
from crmkit.hooks import SPECS
from crmkit.hooks.arguments import marked_options
from crmkit.hooks.callers import Caller, Impl, adapt, concerning
from crmkit.hooks.checks import verify
from crmkit.hooks.errors import BadHook
from crmkit.hooks.kinds import PROJECT, HookInfo, Kind, hooks_of
from crmkit.hooks.order import plugin_order
from crmkit.hooks.trace import Sink, Spans, spanned, spanned_wrapper, traced, traced_wrapper
from crmkit.hooks.wrappers import entering, modern


@frozen
class RegisteredPlugin:
    """A plugin as it was registered; ``requires`` names plugins that are called before it where they are present."""

    name: str
    distribution: str
    requires: tuple[str, ...]
    plugin: object = attrs.field(repr=False)
    version: str = ""


class Hooks:
    """Registration and callers of all hooks. Two of them share nothing.

    Order of calls: wrappers (outermost first), then ``tryfirst``, then the others, then ``trylast``; within each, a
    plugin after those it requires, then by plugin name, then by function name. ``order`` lists plugin names whose order
    among each other is set by the installation; ``hook_order`` does so for single hooks, instead of ``order``.
    """

    def __init__(
        self,
        specs: Iterable[type] = SPECS,
        order: Sequence[str] = (),
        hook_order: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._configured = tuple(order)
        self._hook_configured = {hook: tuple(names) for hook, names in (hook_order or {}).items()}
        self._infos: dict[str, HookInfo] = {}
        self._plugins: dict[str, RegisteredPlugin] = {}
        self._manager = _CheckingManager(self._infos)
        self._callers: dict[tuple[str, str | None], Caller] = {}
        self._orders: dict[tuple[str, ...], list[str]] = {}
        self._sink: Sink | None = None
        self._spans: Spans | None = None
        self.generation = 0
        """Counts changes of the registered implementations, for those who keep something made of them."""
        self.releases: dict[str, str] = {}
        """The registered plugins with their versions, as ``crmkit.core.origin.release`` writes them."""
        for names in (self._configured, *self._hook_configured.values()):
            repeated = sorted({name for name in names if names.count(name) > 1})
            if repeated:
                raise ConfigError(msg("the configured order of plugins names {name} twice", name=repeated[0]))
        for spec_class in specs:
            self.add_specs(spec_class)

    # -- registration --------------------------------------------------------------------------------------------

    def add_specs(self, spec_class: type) -> None:
        """Declare the hooks of ``spec_class``, so that plugins may offer hooks of their own.

        Raises ``ConfigError`` when it declares none or one that exists, ``BadHook`` for an unfit implementation.
        """
        added = hooks_of(spec_class)
        if not added:
            raise ConfigError(msg("{spec_class} declares no hook with @hookspec", spec_class=spec_class.__name__))
        for name, info in added.items():
            if name in self._infos:
                first = self._infos[name].subject
                raise ConfigError(
                    msg(
                        "hook {name} is declared by {first} and by {second}",
                        name=name,
                        first=first,
                        second=info.subject,
                    )
                )
            for impl in self._found(name):
                verify(impl.plugin_name, name, info, impl.function, impl.opts)
        self._infos.update(added)
        self._manager.add_hookspecs(spec_class)

    def register(
        self, plugin: object, name: str, distribution: str, requires: Iterable[str] = (), version: str = ""
    ) -> None:
        """Add the marked functions of ``plugin`` (a module or object) under ``name``; callers know them at once.

        Raises ``BadHook`` for an unfit function and ``ConfigError`` for a name or object that is registered already, or
        when requirements run in a circle. Then nothing is registered.
        """
        for other in self._plugins.values():
            if other.name == name:
                raise ConfigError(
                    msg(
                        "plugin {name} comes from two distributions: {first} and {second}",
                        name=name,
                        first=other.distribution,
                        second=distribution,
                    )
                )
            if other.plugin == plugin:  # pluggy tells plugins apart by equality, too
                raise ConfigError(
                    msg(
                        "the same plugin object, or an equal one, is registered as {first} and as {second}",
                        first=other.name,
                        second=name,
                    )
                )
        added = RegisteredPlugin(name, distribution, tuple(requires), plugin, version)
        orders = self._orders_of({**self._plugins, name: added})
        self._manager.registering = name
        self._manager.register(plugin, name=name)
        self._plugins[name], self._orders = added, orders
        self.releases[name] = release(name, version)
        for relay in self._manager.get_hookcallers(plugin) or ():
            info = self._infos.get(relay.name)
            if info is not None and info.deprecated is not None:
                info.deprecated.warn(name)
        self._rebind()

    def unregister(self, name: str) -> None:
        """Remove a plugin and its implementations. Raises ``ConfigError`` for an unknown name."""
        if name not in self._plugins:
            raise ConfigError(
                msg("no plugin {name} is registered: {hint}", name=name, hint=did_you_mean(name, self._plugins))
            )
        self._manager.unregister(name=name)
        del self._plugins[name], self.releases[name]
        self._orders = self._orders_of(self._plugins)
        self._rebind()

    def check(self, entities: Collection[str] | None = None) -> None:
        """Raise when something registered or configured would never take effect; to be called once all is registered.

        One problem raises its own ``BadHook`` or ``ConfigError``; several raise one ``ConfigError`` that lists them.
        With the names of all ``entities``, those that implementations ask for are checked too; when each comes with the
        names of its fields, so are those.
        """
        problems = [
            *self._unknown_hooks(),
            *self._unknown_names(entities),
            *self._unordered_choices(),
            *self._unknown_order(),
        ]
        if len(problems) == 1:
            raise problems[0]
        if problems:
            lines = "\n".join(f"- {problem}" for problem in problems)
            error = ConfigError(msg("{count} problems with hooks:\n{lines}", count=len(problems), lines=lines))
            error.__dict__["problems"] = problems
            raise error
        self._manager.check_pending()

    # -- calls ---------------------------------------------------------------------------------------------------

    def caller(self, hook: str, entity: str | None = None) -> Caller:
        """Return the caller of ``hook``, always the same object; for a hook per entity, that for ``entity``."""
        known = self._callers.get((hook, entity))
        if known is not None:
            return known
        info = self.info(hook)
        if info.per_entity is not (entity is not None):
            wanted = msg("needs an entity") if info.per_entity else msg("takes no entity")
            raise ConfigError(msg("the caller of hook {hook} {wanted}", hook=hook, wanted=wanted))
        made = self._callers[hook, entity] = Caller(info, entity, self._impls(hook, entity))
        return made

    def trace(self, sink: Sink | None) -> None:
        """Report every call of an implementation to ``sink`` from now on; None turns tracing off again."""
        self._sink = sink
        self._rebind()

    def measure(self, spans: Spans | None) -> None:
        """Put a span around every call of an implementation from now on; None ends that."""
        self._spans = spans
        self._rebind()

    # -- what there is -------------------------------------------------------------------------------------------

    @property
    def infos(self) -> Mapping[str, HookInfo]:
        """All declared hooks by name."""
        return dict(self._infos)

    @property
    def plugins(self) -> list[RegisteredPlugin]:
        """All plugins in their order."""
        return [self._plugins[name] for name in self._order_of(self._configured)]

    def info(self, hook: str) -> HookInfo:
        """Return what is declared about ``hook``. Raises ``ConfigError`` for an unknown name."""
        if hook not in self._infos:
            raise ConfigError(msg("unknown hook {hook}: {hint}", hook=hook, hint=did_you_mean(hook, self._infos)))
        return self._infos[hook]

    def distribution(self, plugin: str) -> str:
        """Return the distribution that ``plugin`` was installed from."""
        return self._plugins[plugin].distribution

    def implementations(self, hook: str) -> list[Impl]:
        """Return the implementations of ``hook`` in the order of calls, those limited to entities included."""
        self.info(hook)
        return self._impls(hook, None)

    def order(self, hook: str) -> list[str]:
        """Return the names of the plugins that implement ``hook``, in the order of their calls."""
        return [impl.plugin for impl in self.implementations(hook)]

    # -- inside --------------------------------------------------------------------------------------------------

    def _found(self, hook: str) -> list[pluggy.HookImpl]:
        relay: pluggy.HookCaller | None = getattr(self._manager.hook, hook, None)
        return relay.get_hookimpls() if relay is not None else []

    def _impls(self, hook: str, entity: str | None) -> list[Impl]:
        names = self._order_of(self._hook_configured.get(hook, self._configured))
        rank = {name: number for number, name in enumerate(names)}

        def position(impl: pluggy.HookImpl) -> tuple[bool, int, int, str]:
            group = 0 if impl.tryfirst else 2 if impl.trylast else 1
            return not (impl.wrapper or impl.hookwrapper), group, rank[impl.plugin_name], impl.function.__name__

        bound = [self._bound(hook, impl) for impl in sorted(self._found(hook), key=position)]
        return [impl for impl in bound if entity is None or impl.entities is None or entity in impl.entities]

    def _bound(self, hook: str, impl: pluggy.HookImpl) -> Impl:
        function: Any = adapt(impl.function, impl.argnames)
        wrapper = impl.wrapper or impl.hookwrapper
        if impl.hookwrapper:
            function = modern(function)
        if self._sink is not None:
            function = (traced_wrapper if wrapper else traced)(function, hook, impl.plugin_name, self._sink)
        if self._spans is not None:
            function = (spanned_wrapper if wrapper else spanned)(function, hook, impl.plugin_name, self._spans)
        if wrapper:
            function = entering(function)
        options = dict(impl.opts)
        entities, fields = options.get("entities"), options.get("fields")
        if isinstance(fields, frozenset):
            function = concerning(function, fields)
        return Impl(
            impl.plugin_name,
            function,
            wrapper=wrapper,
            tryfirst=impl.tryfirst,
            trylast=impl.trylast,
            entities=entities if isinstance(entities, frozenset) else None,
            fields=fields if isinstance(fields, frozenset) else None,
        )

    def _rebind(self) -> None:
        self.generation += 1
        for (hook, entity), caller in self._callers.items():
            caller.rebind(self._impls(hook, entity))

    def _orders_of(self, plugins: Mapping[str, RegisteredPlugin]) -> dict[tuple[str, ...], list[str]]:
        requires = {name: plugin.requires for name, plugin in plugins.items()}
        return {
            configured: plugin_order(requires, configured)
            for configured in {self._configured, *self._hook_configured.values()}
        }

    def _order_of(self, configured: tuple[str, ...]) -> list[str]:
        return self._orders.get(configured, [])

    def _unknown_hooks(self) -> Iterable[BadHook]:
        for registered in self.plugins:
            for relay in self._manager.get_hookcallers(registered.plugin) or ():
                for impl in relay.get_hookimpls():
                    if impl.plugin is registered.plugin and relay.name not in self._infos and not impl.optionalhook:
                        hint = did_you_mean(relay.name, self._infos)
                        yield self._bad(registered.name, relay.name, msg("there is no such hook; {hint}", hint=hint))

    def _unknown_names(self, known: Collection[str] | None) -> Iterable[BadHook]:
        """Yield what is wrong with the entities, and their fields where these are known, that implementations ask for."""
        if known is None:
            return
        for hook in self._infos:
            for impl in self._impls(hook, None):
                for entity in sorted((impl.entities or frozenset()) - set(known)):
                    problem = msg(
                        "there is no entity {entity}; {hint}", entity=entity, hint=did_you_mean(entity, known)
                    )
                    yield self._bad(impl.plugin, hook, problem)
                if impl.fields and isinstance(known, Mapping):
                    names = {name for entity in impl.entities or known for name in known.get(entity, ())}
                    for field in sorted(impl.fields - names):
                        problem = msg("there is no field {field}; {hint}", field=field, hint=did_you_mean(field, names))
                        yield self._bad(impl.plugin, hook, problem)

    def _unordered_choices(self) -> Iterable[BadHook]:
        for hook, info in self._infos.items():
            if info.kind is Kind.CHOOSE:
                plugins = list(dict.fromkeys(impl.plugin for impl in self._impls(hook, None) if not impl.wrapper))
                missing = [name for name in plugins if name not in self._hook_configured.get(hook, self._configured)]
                if len(plugins) > 1 and missing:
                    names = ", ".join(plugins)
                    problem = msg(
                        "the plugins {names} all decide it; set their order in the configuration", names=names
                    )
                    yield self._bad(missing[0], hook, problem)

    def _unknown_order(self) -> Iterable[ConfigError]:
        for hook in self._hook_configured:
            if hook not in self._infos:
                hint = did_you_mean(hook, self._infos)
                yield ConfigError(
                    msg("the configured order is for an unknown hook {hook}: {hint}", hook=hook, hint=hint)
                )
        for name in dict.fromkeys(
            name for names in (self._configured, *self._hook_configured.values()) for name in names
        ):
            if name not in self._plugins:
                hint = did_you_mean(name, self._plugins)
                yield ConfigError(
                    msg("the configured order names an unknown plugin {name}: {hint}", name=name, hint=hint)
                )

    def _bad(self, plugin: str, hook: str, problem: Message) -> BadHook:
        return BadHook(
            plugin, hook, msg("plugin {plugin}, hook {hook}: {problem}", plugin=plugin, hook=hook, problem=problem)
        )


class _CheckingManager(pluggy.PluginManager):
    """pluggy's manager, which checks each implementation on the way in, before anything is registered."""

    def __init__(self, infos: Mapping[str, HookInfo]) -> None:
        super().__init__(PROJECT)
        self._infos = infos
        self.registering = ""

    def parse_hookspec_opts(self, module_or_class: Any, name: str) -> pluggy.HookspecOpts | None:
        # pluggy looks at every member of a class, which takes it longer than all else that it does for a hook.
        if name not in self._infos:
            return None
        found: pluggy.HookspecOpts | None = marked_options(
            module_or_class, name, f"{PROJECT}_spec", super().parse_hookspec_opts
        )
        return found

    def parse_hookimpl_opts(self, plugin: Any, name: str) -> pluggy.HookimplOpts | None:
        opts: pluggy.HookimplOpts | None = marked_options(plugin, name, f"{PROJECT}_impl", super().parse_hookimpl_opts)
        if opts is not None:
            hook = opts.get("specname") or name
            verify(self.registering, hook, self._infos.get(hook), getattr(plugin, name), opts)
        return opts
