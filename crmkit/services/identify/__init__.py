"""Recognising customers: from whatever somebody shows, the customer, candidates, or a claim to be decided."""

from __future__ import annotations

from crmkit.services.identify.claims import claim, dismiss, not_the_same, recognise, reject, resolve
from crmkit.services.identify.evidence import Evidence, evidence_of
from crmkit.services.identify.recognition import Candidate, Recognition, identify, index, lookalikes

__all__ = [
    "Candidate",
    "Evidence",
    "Recognition",
    "claim",
    "dismiss",
    "evidence_of",
    "identify",
    "index",
    "lookalikes",
    "not_the_same",
    "recognise",
    "reject",
    "resolve",
]
