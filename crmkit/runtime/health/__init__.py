"""How is this installation? What ``crmkit doctor`` shows and what a health endpoint answers.

``health(crm)`` looks at everything; ``health(crm, quick=True)`` at what tells within milliseconds whether a process is
alive and of use: the database answers and its schema fits. A look that fails is a finding itself, never an exception.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from crmkit.core.errors import CrmError
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg, shown
from crmkit.runtime.health.database import answers, schema_fits, settings_are_right, tenants_are_apart, writable
from crmkit.runtime.health.finding import Finding, Level, fault, fine, warning
from crmkit.runtime.health.installation import clock_is_plausible, files_are_safe, plugins_work, settings_make_sense
from crmkit.runtime.health.work import events_are_delivered, index_is_complete, jobs_are_done

if TYPE_CHECKING:
    from crmkit.runtime.crm import Crm

__all__ = ["Finding", "Health", "Level", "fault", "fine", "health", "warning"]

Look = Callable[["Crm"], Iterable[Finding]]

_OFFLINE: tuple[Look, ...] = (settings_make_sense, plugins_work, files_are_safe)
_QUICK: tuple[Look, ...] = (schema_fits,)
_FULL: tuple[Look, ...] = (
    writable,
    settings_are_right,
    tenants_are_apart,
    clock_is_plausible,
    events_are_delivered,
    jobs_are_done,
    index_is_complete,
)


@frozen
class Health:
    """What was found, in the order of looking. ``level`` is the worst of it."""

    findings: tuple[Finding, ...]

    @property
    def level(self) -> Level:
        """How the whole is: as its worst part."""
        return max((finding.level for finding in self.findings), default=Level.OK)

    @property
    def healthy(self) -> bool:
        """Whether there is no error; warnings do not count."""
        return self.level is not Level.ERROR


def health(crm: Crm, *, quick: bool = False) -> Health:
    """Return how an application is. It takes one with broken plugins (quarantined) and an outdated schema as well.

    ``quick`` leaves out all that may take longer or writes anything: it is for a liveness probe.
    """
    found: list[Finding] = [] if quick else _looked(crm, _OFFLINE)
    reachable = _looked(crm, (answers,))
    found += reachable
    if all(finding.level is not Level.ERROR for finding in reachable):
        fits = _looked(crm, _QUICK)
        found += fits
        if not quick and all(finding.level is not Level.ERROR for finding in fits):
            found += _looked(crm, _FULL)
    return Health(tuple(found))


def _looked(crm: Crm, looks: Iterable[Look]) -> list[Finding]:
    found: list[Finding] = []
    for look in looks:
        name = look.__name__
        try:
            found += look(crm)
        except CrmError as error:
            found.append(fault("database", name, error.message))
        except Exception as error:
            problem = msg("cannot be looked at: {kind}: {error}", kind=type(error).__name__, error=shown(error, 200))
            found.append(fault("doctor", name, problem, msg("please report it")))
    return found
