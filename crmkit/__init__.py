"""crmkit: a plugin-based CRM framework."""

from __future__ import annotations

__version__ = "0.1.0"
__all__ = ["Crm", "__version__"]

# Type checkers take this name for true; importing it from typing would be half the cost of ``crmkit --version``.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from crmkit.runtime.crm import Crm as Crm


def __getattr__(name: str) -> Any:
    # Lazily, so that ``crmkit --version`` and ``--help`` do not pay for importing the database layer.
    if name == "Crm":
        from crmkit.runtime.collecting import uncollected

        with uncollected(lasting=True):
            from crmkit.runtime.crm import Crm

        return Crm
    raise AttributeError(f"module 'crmkit' has no attribute {name!r}")
