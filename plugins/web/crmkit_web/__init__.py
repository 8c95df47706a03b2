"""The HTTP API of crmkit: what it answers comes from entity metadata and from what plugins register.

crmkit finds the manifest and the hooks here. It knows no other plugin. The rooms: ``serving`` (requests and replies),
``documents`` (records as JSON, and back), ``records`` (the addresses of every entity), ``customers``, ``history``,
``lifecycles``, ``access``, ``handovers``, ``surveys``, ``attachments``, ``segments``, ``changes``, ``searching`` and
``metadata`` (use cases), ``work`` (imports, exports, bulk actions), ``extensions`` (what plugins add), ``login`` (who
asks), ``webhooks`` and ``outbound`` (what goes out), ``openapi``, ``mcp`` and ``commands``.
"""

from __future__ import annotations

from crmkit.core.messages import msg
from crmkit.plugin import (
    CommandDeclaration,
    CommittedEvents,
    Context,
    JobDeclaration,
    Manifest,
    Permission,
    ScheduleDeclaration,
    Setup,
    hookimpl,
)
from crmkit_web.handovers import declared as handovers
from crmkit_web.login import declared as login
from crmkit_web.login.entities import ENTITIES as LOGIN_ENTITIES
from crmkit_web.records.entities import SigningKey
from crmkit_web.settings import WebSettings
from crmkit_web.webhooks.declared import JOBS, PERMISSION, SCHEDULES
from crmkit_web.webhooks.entities import Delivery, Webhook
from crmkit_web.work import declared as work
from crmkit_web.work.entities import Work

manifest = Manifest(
    name="web",
    version="0.1.0",
    config=WebSettings,
    label="Web",
    summary="The HTTP API: records, actions, log-in, webhooks.",
)


@hookimpl
def register_entities(ctx: Context, call: Setup) -> list[type]:
    return [SigningKey, *LOGIN_ENTITIES, Webhook, Delivery, Work]


@hookimpl
def register_cli_commands(ctx: Context, call: Setup) -> list[CommandDeclaration]:
    return [
        CommandDeclaration("serve", "crmkit_web.commands.serve:serve", msg("Answer requests over HTTP.")),
        CommandDeclaration(
            "webhook", "crmkit_web.commands.webhook:webhook", msg("Webhooks: what happens, told elsewhere.")
        ),
        CommandDeclaration(
            "password", "crmkit_web.commands.password:password", msg("Passwords that people log in with.")
        ),
        CommandDeclaration(
            "mcp", "crmkit_web.commands.mcp:mcp", msg("Speak the Model Context Protocol, for programs on this machine.")
        ),
        CommandDeclaration("token", "crmkit_web.commands.token:token", msg("Tokens that programs log in with.")),
        CommandDeclaration(
            "openapi", "crmkit_web.commands.openapi:openapi", msg("Write the OpenAPI document of the HTTP API.")
        ),
    ]


@hookimpl
def register_permissions(ctx: Context, call: Setup) -> list[Permission]:
    return [
        Permission(PERMISSION, msg("Manage webhooks")),
        *login.PERMISSIONS,
        Permission("web.see_health", msg("See how the server is")),
    ]


@hookimpl
def register_jobs(ctx: Context, call: Setup) -> list[JobDeclaration]:
    return [*JOBS, *login.JOBS, *work.jobs(), *handovers.jobs()]


@hookimpl
def register_schedules(ctx: Context, call: Setup) -> list[ScheduleDeclaration]:
    return [*SCHEDULES, *login.SCHEDULES, *work.schedules()]


@hookimpl
def after_events_committed(ctx: Context, call: CommittedEvents) -> None:
    from crmkit_web.webhooks.queueing import queue_events

    queue_events(ctx, call)
