"""What a hook implementation sees of the application. The rooms above provide it; hooks depend on these shapes only."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Actor(Protocol):
    """Who acts: a user, or a plugin on behalf of one."""

    @property
    def user_id(self) -> Any:
        """The user whose rights count; None for the system."""
        ...

    @property
    def team_id(self) -> Any:
        """That user's team, where there is one."""
        ...

    @property
    def organization_id(self) -> Any:
        """The organization the user works for, as a dealer's user does; None for our own people."""
        ...

    @property
    def name(self) -> str:
        """What the actor is called."""
        ...

    @property
    def language(self) -> str:
        """The actor's language, as in ``en``."""
        ...


class Clock(Protocol):
    """The only source of the current time."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        ...


class Services(Protocol):
    """The use cases, by name, as in ``ctx.services.merge``."""

    def __getattr__(self, name: str) -> Any: ...


class Session(Protocol):
    """One transaction and unit of work, already narrowed to the tenant and to what the actor may see."""

    def entity(self, name: Any) -> Any:
        """Return what is declared of an entity, by name or class."""
        ...

    def get(self, entity: type[T], id: Any) -> T:
        """Return the record; raises ``NotFound``."""
        ...

    def find(self, entity: type[T], filter: Any = None, /, **equal: Any) -> T | None:
        """Return the record that matches, or None."""
        ...

    def list(self, entity: type[T], filter: Any = None, /, **options: Any) -> Sequence[T]:
        """Return the records that match, in a stable order."""
        ...

    def count(self, entity: type[Any], filter: Any = None, /) -> int:
        """Return how many records match."""
        ...

    def masked(self, record: T) -> T:
        """Return the record as the actor may see it: what goes out to people or programs passes here."""
        ...

    def add(self, *records: Any) -> None:
        """Insert at the next flush."""
        ...

    def update(self, *records: Any) -> None:
        """Write the changed records at the next flush."""
        ...

    def delete(self, *records: Any) -> None:
        """Delete at the next flush."""
        ...

    def flush(self) -> None:
        """Send pending changes through the write path, within the transaction; in a hook of a flush it does nothing."""
        ...

    def enqueue(self, job: str, payload: Any = None, **details: Any) -> Any:
        """Have a job done in the background once the transaction is committed; returns its id."""
        ...

    def peek_all(self, entity: type[T], field: str = "", values: Sequence[Any] = (), /) -> Sequence[T]:
        """Return living records whose field is one of the values, as they will be: for hooks within a flush."""
        ...

    def execute(self, statement: Any) -> Any:
        """Run a SQLAlchemy select over tables that ``table`` gave."""
        ...

    def table(self, entity: type[Any]) -> Any:
        """Return the narrowed table of ``entity`` for use in a select."""
        ...


class Jobs(Protocol):
    """Work for the background."""

    def enqueue(self, job: str, payload: Any = None, **details: Any) -> Any:
        """Have a job done once the transaction is committed; returns its id."""
        ...


class Offered(Protocol):
    """The hooks that a plugin offers to others."""

    def collect(self, hook: str, call: Any, /) -> list[Any]:
        """Return what all plugins answer, item by item."""
        ...

    def choose(self, hook: str, call: Any, /) -> Any:
        """Return the first decision, or None when no plugin decides."""
        ...

    def guard(self, hook: str, call: Any, /) -> None:
        """Raise ``Refused`` when a plugin refuses."""
        ...


class Context(Protocol):
    """What an implementation works with. Every plugin gets its own: its name, its configuration, its rights."""

    @property
    def plugin(self) -> str:
        """The name of the plugin that is called."""
        ...

    @property
    def config(self) -> Any:
        """The plugin's own typed configuration."""
        ...

    @property
    def session(self) -> Session:
        """The unit of work that called the hook; what is added to it is written in its transaction."""
        ...

    @property
    def services(self) -> Any:
        """The use cases, bound to that unit of work: see ``Services``."""
        ...

    @property
    def jobs(self) -> Jobs:
        """Work for later, enqueued in the transaction of that unit of work."""
        ...

    @property
    def hooks(self) -> Offered:
        """The hooks that the plugin offers to others (``Manifest.specs``), to be called."""
        ...

    @property
    def actor(self) -> Actor:
        """On whose behalf the plugin works."""
        ...

    @property
    def clock(self) -> Clock:
        """The only source of the current time."""
        ...

    @property
    def locale(self) -> str:
        """The actor's language and region, as in ``zh_CN``."""
        ...

    @property
    def currency(self) -> str:
        """The currency (ISO 4217) that sums over several currencies are given in."""
        ...

    @property
    def timezone(self) -> str:
        """The time zone of the actor, else of the installation."""
        ...

    @property
    def home_timezone(self) -> str:
        """The time zone of the installation, whoever acts: for what is one for everybody, such as a common count."""
        ...

    def today(self) -> date:
        """Return the civil date that it is now where the actor is."""
        ...

    def elevated(self, reason: str) -> AbstractContextManager[Context]:
        """Work with the plugin's full rights inside a ``with`` block; ``reason`` is logged."""
        ...


class Contextual(Protocol):
    """Gives each plugin its own context."""

    def __getitem__(self, plugin: str, /) -> Any: ...
