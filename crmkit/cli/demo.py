"""``crmkit demo``: a database filled with an invented company, and what can be done with it next."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.localized import command, json_option
from crmkit.cli.progress import progress
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from crmkit.cli.demo_company import Summary
    from crmkit.runtime.crm import Crm

DATABASE = "sqlite:///crmkit-demo.db"


@command(
    "demo",
    help=wording(
        "Fill a database with a demonstration company, a maker of laboratory water systems in Hamburg and Shanghai.\n\n"
        "The database is that of --db, else crmkit-demo.db in the current folder. Doing it again changes nothing."
    ),
)
@json_option
def demo(as_json: bool) -> None:
    from crmkit.cli.demo_company import load, summarise
    from crmkit.cli.output import print_block, print_json
    from crmkit.cli.running import configuration, global_options, say
    from crmkit.core.messages import msg
    from crmkit.runtime.crm import Crm

    # Whatever the configuration names is somebody's own database.
    url = global_options().get("db") or DATABASE
    with Crm.open(url, config=configuration(), create=True) as crm:
        with progress() as tell:
            on_step = None if tell is None else lambda at: tell(at.step, at.steps, description=at.source)
            made = load(crm, on_step)
        with crm.session(reads=True) as session:
            summary = summarise(crm, session)
        address = crm.database.engine.url.render_as_string(hide_password=True)
        if as_json:
            print_json(_document(address, summary, made))
            return
        say(msg("made {database}", database=address) if made else msg("{database} is up to date", database=address))
        for block in _page(crm, summary):
            print_block(block)
    heading = translated(wording("Try next:"))
    click.echo(f"\n{heading}")
    for what, line in next_steps(_program(), url):
        # Not through a table, which would cut a line that is to be copied.
        click.echo(f"\n  # {translated(what)}\n  {line}")


def next_steps(program: str, url: str) -> list[tuple[str, str]]:
    """Return what to try next: what it shows, and the command to copy."""
    start = f"{program} --db {url}"
    return [
        (wording("Everything about one customer"), f'{start} customer show "Spreegen AG"'),
        (wording("The same in Chinese"), f'{start} --lang zh customer show "华东明源生物制药股份有限公司"'),
        (wording("Find somebody in Chinese or by pinyin"), f"{start} search mingyuan"),
        (wording("What happened with a customer"), f'{start} interaction timeline "Optik Saaleck GmbH" --limit 10'),
        (
            wording("A segment, as a representative in Shanghai sees it"),
            f'{start} --as wang.siyu segment members "Slowing down · 采购放缓" --fields name,industry,country',
        ),
        (wording("What customers are worth, in one currency"), f"{start} value ranking --limit 10"),
        (wording("What customers say in surveys"), f"{start} satisfaction report"),
        (wording("Who calls from this number"), f'{start} identify --phone "+49 30 23125118"'),
        (wording("How good the data is"), f"{start} quality report"),
        (wording("Where plugins can take part, and who does"), f"{start} hooks --used"),
    ]


def _page(crm: Crm, summary: Summary) -> Iterator[Any]:
    from crmkit.cli.output import shown_money, table

    yield ""
    headings = [translated(wording("Entity")), translated(wording("Records"))]
    counts = [(translated(crm.registry.get(name).plural_label), number) for name, number in summary.counts.items()]
    yield table(headings, counts, right=[1])
    yield ""
    headings = [translated(wording("Customer")), translated(wording("Country")), translated(wording("Revenue"))]
    total = translated(wording("all customers"))
    largest = [(customer.name, customer.country, shown_money(money)) for customer, money in summary.top]
    rows = [*largest, *[(total, "", shown_money(money)) for money in summary.revenue]]
    yield table(headings, rows, title=translated(wording("Largest customers")), right=[2])


def _document(address: str, summary: Summary, made: bool) -> dict[str, Any]:
    return {
        "database": address,
        "made": made,
        "counts": summary.counts,
        "revenue": summary.revenue,
        "top": [{"id": customer.id, "name": customer.name, "revenue": money} for customer, money in summary.top],
    }


def _program() -> str:
    """Return how this program was called, so that a line to copy calls it again."""
    called = Path(sys.argv[0])
    if called.stem != "crmkit" or not called.is_file():
        return "crmkit"
    found = shutil.which("crmkit")
    if found and os.path.samefile(found, called):
        return "crmkit"
    try:
        return str(called.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(called)
