"""The face of crmkit for programs that serve many users at once, such as the web plugin. ``__all__`` is kept stable.

A host holds one ``Crm`` and opens a session for each request, as the actor who asks; use cases come by
``crm.context(session, plugin).services``. What is here is the rest: languages, health, and work on whole files.
"""

from __future__ import annotations

from crmkit.runtime.crm import Crm
from crmkit.runtime.extensions.acting import Offer, action_named, extension_context, forbidden, offers, run_action
from crmkit.runtime.extensions.described import InputField, input_fields
from crmkit.runtime.extensions.inputs import read_input
from crmkit.runtime.extensions.showing import (
    ColumnValues,
    ShownPanel,
    column_values,
    extension_named,
    page_blocks,
    panels_of,
    report_blocks,
)
from crmkit.runtime.handing_over import hand_over, take_back
from crmkit.runtime.health import Health, health
from crmkit.runtime.shared_transaction import AllUndone, SharedTransaction
from crmkit.runtime.translation import known_language, translator
from crmkit.runtime.whole_files import (
    check_export,
    check_import,
    export_records,
    import_file,
    import_mapping,
    revert_import,
)
from crmkit.services.attachments.names import safe_name
from crmkit.services.handover.rules import HandOverRules, read_rules
from crmkit.services.surveys import Answer as SurveyAnswered
from crmkit.store.faults import faults_translated
from crmkit.store.paging import Page
from crmkit.store.responses import StoredResponse
from crmkit.store.session import Session

__all__ = [
    "AllUndone",
    "ColumnValues",
    "Crm",
    "HandOverRules",
    "Health",
    "InputField",
    "Offer",
    "Page",
    "Session",
    "SharedTransaction",
    "ShownPanel",
    "StoredResponse",
    "SurveyAnswered",
    "action_named",
    "check_export",
    "check_import",
    "column_values",
    "export_records",
    "extension_context",
    "extension_named",
    "faults_translated",
    "forbidden",
    "hand_over",
    "health",
    "import_file",
    "import_mapping",
    "input_fields",
    "known_language",
    "offers",
    "page_blocks",
    "panels_of",
    "read_input",
    "read_rules",
    "report_blocks",
    "revert_import",
    "run_action",
    "safe_name",
    "take_back",
    "translator",
]
