"""``crmkit plugin check``: is a plugin right, before it is put to use?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.localized import argument, command, json_option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from crmkit.runtime.plugin_check import PluginReport
    from crmkit.runtime.sources import Candidate


@command(
    "check",
    help=wording(
        "Examine plugins: manifest, hooks, requirements, entities, what they import, deprecated things that they use, "
        "translations and import time.\n\n"
        "PLUGIN is a name, a file that ends in .py, or the folder of a distribution; left out, all installed plugins and "
        "those of the configuration's folder are examined. Leaves with 1 when one has an error."
    ),
)
@argument("plugin", required=False, help=wording("A name, file or folder."))
@json_option
@click.pass_context
def check(ctx: click.Context, plugin: str | None, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say
    from crmkit.core.messages import msg
    from crmkit.runtime.plugin_check import check_plugin

    with _meant(plugin) as (candidates, others):
        found = [_with_texts(check_plugin(candidate, others), candidate) for candidate in candidates]
        if not plugin:
            found = [*found, *_together(others)]
    if as_json:
        print_json([_document(report) for report in found])
    elif not found:
        say(msg("no plugins are installed"))
    else:
        _print(found)
    if not all(report.right for report in found):
        ctx.exit(1)


@contextmanager
def _meant(plugin: str | None) -> Iterator[tuple[list[Candidate], list[Candidate]]]:
    """Give the plugins to examine, and all that are here."""
    from crmkit.cli.running import configuration
    from crmkit.core.errors import NotFound, did_you_mean
    from crmkit.core.messages import msg, shown
    from crmkit.runtime.plugin_sources import plugins_at
    from crmkit.runtime.sources import installed_plugins, plugin_files

    if plugin and (plugin.endswith(".py") or Path(plugin).is_dir()):
        with plugins_at(Path(plugin)) as found:
            yield found, [*installed_plugins(), *found]
        return
    path = configuration(quarantine=True).plugin_path
    known = [*installed_plugins(), *(plugin_files(path) if path is not None else ())]
    if plugin:
        wanted = [candidate for candidate in known if candidate.name == plugin]
        if not wanted:
            hint = did_you_mean(plugin, [candidate.name for candidate in known])
            raise NotFound(msg("no plugin {name} is installed; {hint}", name=shown(plugin), hint=hint))
        yield wanted, known
    else:
        yield known, known


def _with_texts(report: PluginReport, candidate: Candidate) -> PluginReport:
    """Add what is wrong with the translations, where the package that knows them is installed."""
    import attrs

    from crmkit.core.errors import CrmError
    from crmkit.core.messages import msg
    from crmkit.runtime.health import Level, warning

    if not report.right:
        return report
    try:
        from crmkit.testing.plugin_texts import catalogues_of, source_files
        from crmkit.testing.translations import texts_of_sources, without_known

        plugin = candidate.load()
        texts = without_known(texts_of_sources(source_files(plugin)))
        faults = catalogues_of(plugin).faults(texts) if texts else []
    except (ImportError, CrmError):
        return report
    if not faults:
        return report
    problem = msg("{count} texts have no Chinese translation, the first: {text}", count=len(faults), text=faults[0])
    advice = msg("crmkit plugin translate {name} lists them", name=report.name)
    kept = [finding for finding in report.findings if finding.level is not Level.OK or finding.code != "right"]
    return attrs.evolve(report, findings=(*kept, warning("translations", "missing", problem, advice)))


def _together(others: list[Candidate]) -> Iterator[PluginReport]:
    """Examine how all plugins get on with each other: names, ids and requirements in a circle."""
    from crmkit.cli.running import configuration
    from crmkit.core.errors import CrmError
    from crmkit.core.messages import msg
    from crmkit.runtime.crm import Crm
    from crmkit.runtime.health import fault
    from crmkit.runtime.plugin_check import PluginReport

    if len(others) < 2:
        return
    findings = []
    try:
        with Crm.open("sqlite://", config=configuration(quarantine=True), check=False) as crm:
            findings = [fault("together", "broken", broken.message) for broken in crm.plugins.broken]
    except CrmError as error:
        findings = [fault("together", error.code, msg("{problem}", problem=line)) for line in error.lines()]
    if findings:
        yield PluginReport(translated(wording("all together")), "", "", tuple(findings))


def _document(report: PluginReport) -> dict[str, Any]:
    from crmkit.cli.doctor import document

    return {
        "name": report.name,
        "version": report.version,
        "distribution": report.distribution,
        "right": report.right,
        "findings": [document(finding) for finding in report.findings],
    }


def _print(found: list[PluginReport]) -> None:
    from crmkit.cli.doctor import LEVELS
    from crmkit.cli.output import print_block, shown_value, table

    headings = [wording("Plugin"), wording("Version"), wording("Area"), wording("State"), wording("Finding")]
    headings.append(wording("What to do"))
    rows = [
        (
            report.name if at == 0 else "",
            report.version if at == 0 else "",
            finding.area,
            translated(LEVELS[finding.level.word]),
            shown_value(finding.message),
            shown_value(finding.advice),
        )
        for report in found
        for at, finding in enumerate(report.findings)
    ]
    print_block(table([translated(heading) for heading in headings], rows))
