"""Hooks: what plugins can take part in, how they are called, and what an error in one of them does.

A hook is one method of a specification class in a subject module (``setup``, ``records``, ``interactions``,
``channels``, ``domain_events``, ``events``, ``handover``, ``identity``, ``jobs``, ``lifecycle``, ``merging``, ``imports``,
``personal_data``, ``quality``, ``search``, ``segments``). To add one, add the method there; a new subject module also
joins ``SPECS``.
"""

from __future__ import annotations

from crmkit.hooks.channels import ChannelSpecs
from crmkit.hooks.domain_events import DomainEventSpecs
from crmkit.hooks.events import EventSpecs
from crmkit.hooks.handover import HandOverSpecs
from crmkit.hooks.identity import IdentitySpecs
from crmkit.hooks.imports import ImportSpecs
from crmkit.hooks.interactions import InteractionSpecs
from crmkit.hooks.jobs import JobSpecs
from crmkit.hooks.lifecycle import LifecycleSpecs
from crmkit.hooks.merging import MergeSpecs
from crmkit.hooks.personal_data import PersonalDataSpecs
from crmkit.hooks.quality import QualitySpecs
from crmkit.hooks.records import RecordSpecs
from crmkit.hooks.search import SearchSpecs
from crmkit.hooks.segments import SegmentSpecs
from crmkit.hooks.setup import SetupSpecs
from crmkit.hooks.web.specs import WebSpecs

SPECS: tuple[type, ...] = (
    SetupSpecs,
    WebSpecs,
    RecordSpecs,
    InteractionSpecs,
    ChannelSpecs,
    JobSpecs,
    IdentitySpecs,
    LifecycleSpecs,
    MergeSpecs,
    HandOverSpecs,
    ImportSpecs,
    PersonalDataSpecs,
    QualitySpecs,
    SearchSpecs,
    SegmentSpecs,
    DomainEventSpecs,
    EventSpecs,
)
"""Every specification class of the core, in the order of the life of an application."""
