"""Hooks: what plugins can take part in, how they are called, and what an error in one of them does.

A hook is one method of a specification class in a subject module (``setup``, ``records``, ``interactions``,
``identity``, ``lifecycle``, ``merging``, ``imports``). To add one, add the method there; a new subject module also joins ``SPECS``.
"""

from __future__ import annotations

from crmkit.hooks.identity import IdentitySpecs
from crmkit.hooks.imports import ImportSpecs
from crmkit.hooks.interactions import InteractionSpecs
from crmkit.hooks.lifecycle import LifecycleSpecs
from crmkit.hooks.merging import MergeSpecs
from crmkit.hooks.records import RecordSpecs
from crmkit.hooks.setup import SetupSpecs

SPECS: tuple[type, ...] = (
    SetupSpecs,
    RecordSpecs,
    InteractionSpecs,
    IdentitySpecs,
    LifecycleSpecs,
    MergeSpecs,
    ImportSpecs,
)
"""Every specification class of the core, in the order of the life of an application."""
