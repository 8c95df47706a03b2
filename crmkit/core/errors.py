"""Every error that crmkit expects. Each is one clear sentence; none needs a traceback to be understood."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, Translate, msg, shown


class CrmError(Exception):
    """Base of all expected errors. ``code`` is stable for programs, ``message`` is for people."""

    code: ClassVar[str] = "error"

    def __init__(self, message: Message) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return self.message.render()

    def lines(self, translate: Translate | None = None) -> list[str]:
        """Return the error as lines of text in the language of ``translate``."""
        return [self.message.render(translate)]


class BadInput(CrmError):
    """Something a person or file gave cannot be read; the message names it, its value and what was expected."""

    code = "bad_input"


class ConfigError(CrmError):
    """The configuration, a plugin's manifest or a registration is wrong; the application does not start."""

    code = "config"


class NotFound(CrmError):
    """No such record, or none that the actor may see."""

    code = "not_found"


class AccessDenied(CrmError):
    """The actor lacks the right for this action on this record."""

    code = "access_denied"


class Conflict(CrmError):
    """Somebody else was first: the same import runs elsewhere, or an idempotency key came with other content."""

    code = "conflict"


class DatabaseUnavailable(CrmError):
    """The database cannot be reached, is locked for too long, or went away. Nothing was half-written."""

    code = "database_unavailable"


class StorageFull(CrmError):
    """The disk or the database's quota is full. The transaction was rolled back."""

    code = "storage_full"


class TryLater(CrmError):
    """What a subscriber of events needs is away: a broker, a provider. It says nothing against the events.

    A plugin raises it; nothing is parked, and the plugin is told the same events when it has rested.
    """

    code = "try_later"


class SchemaOutdated(CrmError):
    """The database's schema is not the one this installation needs."""

    code = "schema_outdated"


class StaleVersion(CrmError):
    """A record was changed by somebody else since it was read.

    ``entity`` is its entity name, ``record_id`` its id and ``version`` the version that the caller had.
    """

    code = "stale_version"

    def __init__(self, entity: str, record_id: object, version: int) -> None:
        super().__init__(
            msg(
                "{entity} {record_id} was changed by somebody else since version {version}; read it again and repeat the change",
                entity=entity,
                record_id=record_id,
                version=version,
            )
        )
        self.entity, self.record_id, self.version = entity, record_id, version


class Refused(CrmError):
    """A guard hook refused the change. ``plugin`` names who refused, ``reason`` why.

    ``refusals`` holds all refusals as plugin, reason and the id of the record that it is about (None: the whole batch).
    ``hook`` and ``entity`` say where it happened, as far as known; ``records`` are the ids of the batch.
    """

    code = "refused"
    hook: str = ""
    entity: str = ""
    records: tuple[object, ...] = ()

    def __init__(self, plugin: str, reason: Message, refusals: Sequence[tuple[str, Message, object]] = ()) -> None:
        super().__init__(msg("refused by {plugin}: {reason}", plugin=plugin, reason=reason))
        self.plugin, self.reason = plugin, reason
        self.refusals = tuple(refusals) or ((plugin, reason, None),)


class PluginError(CrmError):
    """A plugin raised inside a hook. ``__cause__`` keeps the original exception."""

    code = "plugin_error"

    def __init__(self, plugin: str, hook: str, error: BaseException) -> None:
        super().__init__(
            msg(
                "plugin {plugin} failed in hook {hook}: {kind}: {error}",
                plugin=plugin,
                hook=hook,
                kind=type(error).__name__,
                error=shown(error, 300),
            )
        )
        self.plugin, self.hook = plugin, hook
        self.__cause__ = error


class HookLoop(CrmError):
    """Hooks keep causing each other. ``cycle`` lists the steps that repeat."""

    code = "hook_loop"

    def __init__(self, cycle: Sequence[str]) -> None:
        super().__init__(msg("hooks cause each other without end: {cycle}", cycle=" -> ".join(cycle)))
        self.cycle = tuple(cycle)


@frozen
class FieldError:
    """One thing wrong with one field.

    ``path`` is the entity and field, as in ``customer.name`` or ``interaction.lines[2].quantity``; ``code`` is stable;
    ``value`` is what was given; ``expected`` says what would have been right; ``record_id`` tells records of a batch apart.
    """

    path: str
    code: str
    value: object
    expected: Message
    record_id: object = None

    def render(self, translate: Translate | None = None) -> str:
        """Return one line: field, value, expectation."""
        template = msg(
            "{path}: {value} - {expected}", path=self.path, value=_quoted(self.value), expected=self.expected
        )
        return template.render(translate)


class ValidationFailed(CrmError):
    """Some fields are wrong. ``errors`` holds all of them, not only the first."""

    code = "validation"

    def __init__(self, errors: Iterable[FieldError]) -> None:
        self.errors = tuple(errors)
        super().__init__(msg("{count} field errors", count=len(self.errors)))

    def __str__(self) -> str:
        return "; ".join(error.render() for error in self.errors)

    def lines(self, translate: Translate | None = None) -> list[str]:
        return [error.render(translate) for error in self.errors]


def did_you_mean(name: str, known: Iterable[str]) -> Message:
    """Return a hint that names the closest known word, or lists the known words when none is close."""
    from difflib import get_close_matches

    words = sorted(known)
    close = get_close_matches(name, words, n=1, cutoff=0.6)
    if close:
        return msg("did you mean {name}?", name=close[0])
    return msg("known: {names}", names=", ".join(words) or "-")


def _quoted(value: object) -> object:
    return msg("(empty)") if value is None or value == "" else f"“{shown(value)}”"
