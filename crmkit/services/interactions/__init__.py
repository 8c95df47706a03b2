"""Interactions: logging them once, threads, corrections, the timeline of a customer and its figures."""

from __future__ import annotations

from crmkit.core.interaction import Line
from crmkit.services.completed_interactions import told_by
from crmkit.services.interactions.calls import log_call, log_chat
from crmkit.services.interactions.correcting import correct, former_ones, newest, undo_correction
from crmkit.services.interactions.figures import ContactFigures, contact_figures
from crmkit.services.interactions.parties import Participant
from crmkit.services.interactions.recording import Logged, log, stored_under
from crmkit.services.interactions.threads import thread, thread_id_of
from crmkit.services.interactions.timeline import Timeline, timeline

__all__ = [
    "ContactFigures",
    "Line",
    "Logged",
    "Participant",
    "Timeline",
    "contact_figures",
    "correct",
    "former_ones",
    "log",
    "log_call",
    "log_chat",
    "newest",
    "stored_under",
    "thread",
    "thread_id_of",
    "timeline",
    "told_by",
    "undo_correction",
]
