"""Running a command: the application it works with, and what an error says and which exit code it gives.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 bad input, 4 not found, 5 denied or refused, 6 the database is
unavailable or full, 7 somebody else was first, 130 interrupted.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from crmkit.cli.words import translate, translated, wording
from crmkit.core.errors import (
    AccessDenied,
    BadInput,
    ConfigError,
    Conflict,
    CrmError,
    DatabaseUnavailable,
    NotFound,
    Refused,
    StaleVersion,
    StorageFull,
    ValidationFailed,
    did_you_mean,
)
from crmkit.core.messages import Message, msg, shown

if TYPE_CHECKING:
    from crmkit.core.access import Actor
    from crmkit.core.entity import EntityInfo
    from crmkit.runtime.config import Config
    from crmkit.runtime.crm import Crm
    from crmkit.store.session import Session

DEFAULT_DATABASE = "sqlite:///crmkit.db"

SPANS = "crmkit.spans"
"""In the context's ``meta``, where the spans of the command go that another one runs."""

EXIT_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (BadInput, 3),
    (ValidationFailed, 3),
    (NotFound, 4),
    (AccessDenied, 5),
    (Refused, 5),
    (DatabaseUnavailable, 6),
    (StorageFull, 6),
    (Conflict, 7),
    (StaleVersion, 7),
    (CrmError, 1),
    (click.Abort, 130),
)
"""The exit code of each kind of error; the first that fits counts, everything else is 1."""


def say(message: Message) -> None:
    """Tell the user something beside the result: on the standard error, in the user's language."""
    from crmkit.cli.output import clean

    click.echo(clean(message.render(translate())), err=True)


@contextmanager
def opened(
    *,
    create: bool = False,
    check: bool = True,
    rehearsal: bool = False,
    without: Sequence[str] = (),
    quarantine: bool = False,
) -> Iterator[Crm]:
    """Open the application that the global options ask for.

    Without ``create`` a database file that does not exist is an error (DatabaseUnavailable) and no file is made; for a
    ``rehearsal``, which keeps nothing, an empty database in memory stands in for it. ``check=False`` takes a database
    whose schema is not current, and ``without`` leaves plugins out as if they were disabled. With ``quarantine`` broken
    plugins do not stop it; ``crm.plugins.broken`` tells about them.
    """
    config = configuration(quarantine=quarantine)
    if without:
        config = attrs.evolve(config, disable=(*config.disable, *without))
    url = global_options().get("db") or database_of(config)
    if rehearsal and missing_file(url):
        url = "sqlite://"
    elif not create:
        require_file(url)
    with _open(config, url, create=create, check=check) as crm:
        yield crm


@contextmanager
def assembled(*, quarantine: bool = False) -> Iterator[Crm]:
    """Assemble the application without its database: for what is known without any records.

    With ``quarantine`` broken plugins do not stop it; ``crm.plugins.broken`` tells about them.
    """
    with _open(configuration(quarantine=quarantine), "sqlite://", create=False, check=False) as crm:
        yield crm


@contextmanager
def working(*, reads: bool = False, create: bool = False) -> Iterator[tuple[Crm, Session]]:
    """Open the application and one session of the user named by ``--as`` (else of the system)."""
    with opened(create=create) as crm, crm.session(acting(crm), reads=reads) as session:
        yield crm, session


def acting(crm: Crm) -> Actor:
    """Return the user named by ``--as`` as an actor, on behalf of the one named by ``--for``; else the system."""
    login, principal = global_options().get("login"), global_options().get("principal")
    if principal and not login:
        raise click.UsageError(translated(wording("--for needs --as: who acts on that user's behalf?")))
    return crm.actor(login, principal or "") if login else crm.system


def configuration(*, quarantine: bool = False) -> Config:
    """Return the configuration: the file that ``--config`` or CRMKIT_CONFIG names, else ``crmkit.toml`` in this folder.

    ``quarantine`` overrides that setting, so that plugins can be looked at although one is broken.
    """
    from crmkit.cli.words import configuration_file
    from crmkit.runtime.config import load_config

    file = configuration_file(global_options().get("config"))
    environ = {**os.environ, "CRMKIT_QUARANTINE": "true"} if quarantine else os.environ
    return load_config(Path(file) if file else None, environ)


def database_of(config: Config) -> str:
    """Return the address of the configured database, else that of ``crmkit.db`` in the current folder."""
    named = bool(os.environ.get("CRMKIT_DB")) or config.db != type(config)().db
    return config.db if named else DEFAULT_DATABASE


def entity_named(crm: Crm, name: str) -> EntityInfo:
    """Return the entity that ``name`` or plural ``name`` stands for; raises BadInput with the closest name."""
    for info in crm.registry:
        if name.replace("-", "_").lower() in (info.name, info.plural):
            return info
    names = [info.name for info in crm.registry]
    raise BadInput(msg("no entity {name}; {hint}", name=shown(name), hint=did_you_mean(name, names)))


def loaded_command(name: str, path: str) -> click.Command:
    """Import the command at ``package.module:attribute``; raises ConfigError when there is none."""
    module, _, attribute = path.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        missing = msg("command {name} is not part of this installation ({path})", name=name, path=path)
        raise ConfigError(missing) from None
    except AttributeError:
        raise ConfigError(msg("command {name}: {path} does not exist", name=name, path=path)) from None
    if not isinstance(found, click.Command):
        raise ConfigError(msg("command {name}: {path} is not a click command", name=name, path=path))
    return found


def report(error: BaseException, arguments: Sequence[str] = ()) -> int:
    """Say on the standard error what went wrong and return the exit code."""
    if isinstance(error, BrokenPipeError):
        # The reader of our output has enough.
        _drop_output()
        return 1
    if isinstance(error, click.Abort):
        say(msg("interrupted; nothing unfinished was kept"))
        return 130
    wants_traceback = "--traceback" in arguments or os.environ.get("CRMKIT_TRACEBACK") == "1"
    if wants_traceback:
        import traceback

        traceback.print_exception(error, file=sys.stderr)
    if isinstance(error, CrmError):
        from crmkit.cli.output import clean

        for at, line in enumerate(error.lines(translate())):
            click.echo(clean(line if at else msg("error: {line}", line=line).render(translate())), err=True)
        for note in getattr(error, "__notes__", ()):
            click.echo(f"  {shown(note, 500)}", err=True)
        return next(code for kind, code in EXIT_CODES if isinstance(error, kind))
    if isinstance(error, OSError) and error.strerror:
        line = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
        say(msg("error: {line}", line=line))
        _drop_output()
        return 6 if error.errno in (errno.ENOSPC, errno.EDQUOT) else 1
    say(
        msg(
            "error: this is a defect in crmkit or in a plugin: {kind}: {error}",
            kind=type(error).__name__,
            error=shown(error, 300),
        )
    )
    if not wants_traceback:
        say(msg("--traceback or CRMKIT_TRACEBACK=1 shows where it happened; please report it"))
    return 1


def global_options() -> dict[str, Any]:
    """Return the values of the options that stand before the command."""
    return click.get_current_context().find_root().params


def require_file(url: str) -> None:
    """Raise DatabaseUnavailable when ``url`` is a SQLite file that does not exist."""
    if file := missing_file(url):
        raise DatabaseUnavailable(
            msg("there is no database {file}; make it with crmkit db create, or name another with --db", file=file)
        )


def missing_file(url: str) -> str:
    """Return the SQLite file that ``url`` names when it does not exist, else an empty text."""
    scheme, _, path = url.partition(":///")
    path = path.partition("?")[0]
    is_file = scheme.partition("+")[0] == "sqlite" and path and path != ":memory:"
    return path if is_file and not os.path.exists(path) else ""


def _drop_output() -> None:
    """Let what is still to be written go nowhere: Python would complain again when it closes the stream."""
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _open(config: Config, url: str, *, create: bool, check: bool) -> Iterator[Crm]:
    from crmkit.runtime.crm import Crm
    from crmkit.runtime.logs import log_to

    # The program decides where logs go; the library never does.
    verbose = bool(global_options().get("verbose"))
    with (
        log_to(sys.stderr, config.logging, verbose=verbose),
        Crm.open(url, config=config, create=create, check=check) as crm,
        _traced(crm, config),
    ):
        yield crm


@contextmanager
def _traced(crm: Crm, config: Config) -> Iterator[None]:
    """Trace to the terminal with ``--trace``, else to OpenTelemetry where the configuration says so."""
    if global_options().get("trace"):
        from crmkit.cli.tracing import told_on_terminal

        with told_on_terminal(crm):
            yield
        return
    spans = click.get_current_context().meta.get(SPANS)
    if spans is None and config.telemetry:
        from crmkit.runtime.telemetry import Telemetry, set_up_provider

        set_up_provider()
        spans = Telemetry()
    if spans is not None:
        crm.trace(spans)
    yield
