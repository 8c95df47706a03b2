"""Personal data: what is held on a person, erasing a person, how long things are kept, and the register of it all."""

from __future__ import annotations

from crmkit.services.personal_data.erasing import ErasurePlan, complete, erase, erasure_of, preview
from crmkit.services.personal_data.exporting import PersonalExport, export_person
from crmkit.services.personal_data.holding import hold, release
from crmkit.services.personal_data.packing import write_export
from crmkit.services.personal_data.register import ProcessingRegister, processing_register
from crmkit.services.personal_data.register_page import register_page
from crmkit.services.personal_data.retention import RetentionReport, run_retention
from crmkit.services.personal_data.returning import readmit

__all__ = [
    "ErasurePlan",
    "PersonalExport",
    "ProcessingRegister",
    "RetentionReport",
    "complete",
    "erase",
    "erasure_of",
    "export_person",
    "hold",
    "preview",
    "processing_register",
    "readmit",
    "register_page",
    "release",
    "run_retention",
    "write_export",
]
