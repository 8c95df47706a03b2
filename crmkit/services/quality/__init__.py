"""How good the data is: what is missing, too old, wrong or there twice; in figures, and as lists of what to mend."""

from __future__ import annotations

from crmkit.services.quality.confirming import confirm
from crmkit.services.quality.reporting import By, QualityReport, QualityRow, quality_report
from crmkit.services.quality.scope import Whose, readable
from crmkit.services.quality.spreadsheets import write_work_list
from crmkit.services.quality.work_list import Problem, WorkItem, WorkPage, problems_of, work_list

__all__ = [
    "By",
    "Problem",
    "QualityReport",
    "QualityRow",
    "Whose",
    "WorkItem",
    "WorkPage",
    "confirm",
    "problems_of",
    "quality_report",
    "readable",
    "work_list",
    "write_work_list",
]
