"""The Python client of the HTTP API: records with types, pages that turn themselves, retries that have one effect.

    with Client("https://crm.example.com", token=...) as crm:
        for customer in crm.records("customer").list(filter="country = DE"):
            ...

It needs ``httpx`` (``pip install crmkit[client]``), and of crmkit the core alone. Its errors are those of
:mod:`crmkit.core.errors` where these say the same, so one ``except`` serves a program that works with both.
"""

from __future__ import annotations

from crmkit.client.batches import Batch, Outcome
from crmkit.client.changes import Changes
from crmkit.client.client import Client
from crmkit.client.errors import (
    AccessDenied,
    ApiError,
    BadAnswer,
    BadInput,
    ClientError,
    Conflict,
    DatabaseUnavailable,
    JobFailed,
    NotFound,
    NotLoggedIn,
    Refused,
    StaleVersion,
    StorageFull,
    TooManyRequests,
    TryLater,
    Unreachable,
    ValidationFailed,
)
from crmkit.client.jobs import Export, Import, Job
from crmkit.client.records import Records
from crmkit.client.sending import Retries

__all__ = [
    "AccessDenied",
    "ApiError",
    "BadAnswer",
    "BadInput",
    "Batch",
    "Changes",
    "Client",
    "ClientError",
    "Conflict",
    "DatabaseUnavailable",
    "Export",
    "Import",
    "Job",
    "JobFailed",
    "NotFound",
    "NotLoggedIn",
    "Outcome",
    "Records",
    "Refused",
    "Retries",
    "StaleVersion",
    "StorageFull",
    "TooManyRequests",
    "TryLater",
    "Unreachable",
    "ValidationFailed",
]
