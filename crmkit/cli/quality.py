"""``crmkit quality``: how good the data is, what to mend first, and values confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.localized import argument, group, json_option, option
from crmkit.cli.records import filter_option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from crmkit.services.quality import Whose, WorkPage
    from crmkit.services.quality.reporting import By
    from crmkit.store.session import Session

_NOBODY = "-"


@group("quality", help=wording("Show how good the data is, and what to mend first. Confirm what is still right."))
def quality() -> None:
    pass


_entity = argument("entity", required=False, default="customer", help=wording("The entity; by default customer."))


def _whose_options(function: Any) -> Any:
    for made in (
        option("--source", metavar="NAME", help=wording("Records from this source; - for those entered by hand.")),
        option("--team", default="", metavar="NAME", help=wording("Records of this team; - for those of none.")),
        option("--owner", default="", metavar="LOGIN", help=wording("Records of this user; - for those of nobody.")),
        option("--segment", default="", metavar="NAME", help=wording("Records in this segment.")),
        filter_option,
    ):
        function = made(function)
    return function


@quality.command(
    "report",
    help=wording(
        "Report how complete, right, current and unique records are, with a score of 0 to 100.\n\n"
        "Score: the share of what is expected that is there, right and not too old, by the weights of the fields."
    ),
)
@_entity
@option(
    "--by",
    type=click.Choice(["field", "nature", "owner", "team", "source", "origin", "import", "kind"]),
    default="field",
    show_default=True,
    help=wording("What the rows are; nature is fixed and variable fields, origin internal and external sources."),
)
@_whose_options
@json_option
def report(entity: str, by: By, as_json: bool, **whose: Any) -> None:
    from crmkit.cli.output import print_block, print_json
    from crmkit.cli.quality_documents import report_document
    from crmkit.cli.quality_pages import report_page
    from crmkit.cli.running import entity_named, say, working
    from crmkit.core.messages import msg
    from crmkit.services.quality import quality_report

    with working(reads=True) as (crm, session):
        info = entity_named(crm, entity)
        made = quality_report(session, crm.quality, info.name, by, _whose(session, **whose))
    if as_json:
        print_json(report_document(made))
        return
    if not made.total.weight and not made.left_out:
        say(msg("nothing is expected of {entity}", entity=info.name))
        return
    for block in report_page(made, translated(info.plural_label)):
        print_block(block)
    if made.left_out:
        say(msg("{count} expectations are left out: you may not read what they rest on", count=made.left_out))


@quality.command("list", help=wording("List the records to mend first: the lowest score first, with what is wrong."))
@_entity
@_whose_options
@option("--field", default="", metavar="NAME", help=wording("Only where this is missing, wrong or too old."))
@option(
    "--state", type=click.Choice(["missing", "wrong", "old"]), help=wording("Only where something is in this state.")
)
@option(
    "--order",
    type=click.Choice(["score", "contact"]),
    default="score",
    show_default=True,
    help=wording("What comes first: the lowest score, or who was in contact last."),
)
@option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help=wording("At most this many."))
@option("--after", default="", metavar="PLACE", help=wording("Go on behind this place, which the page before named."))
@option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help=wording("Write the whole list to this CSV file, for a spreadsheet."),
)
@json_option
def list_(
    entity: str,
    field: str,
    state: Any,
    order: Any,
    limit: int,
    after: str,
    output: Path | None,
    as_json: bool,
    **whose: Any,
) -> None:
    from crmkit.cli.output import print_block, print_json
    from crmkit.cli.quality_documents import list_document
    from crmkit.cli.quality_pages import list_page
    from crmkit.cli.running import entity_named, say, working
    from crmkit.core.messages import msg
    from crmkit.services.quality import work_list, write_work_list

    with working(reads=True) as (crm, session):
        info = entity_named(crm, entity)
        chosen: dict[str, Any] = {"field": field, "state": state, "order": order}
        if output is not None:
            count = write_work_list(session, crm.quality, output, info.name, _whose(session, **whose), **chosen)
            say(msg("{count} records written to {path}", count=count, path=str(output)))
            return
        page = work_list(session, crm.quality, info.name, _whose(session, **whose), **chosen, after=after, limit=limit)
        owners = _owners(session, page)
    if as_json:
        print_json(list_document(page, owners))
        return
    if not page.items:
        say(msg("nothing to mend"))
        return
    print_block(list_page(page, owners))
    if page.next:
        say(msg("more with --after {place}", place=page.next))


@quality.command(
    "confirm",
    help=wording(
        "Note that values of a record were looked at and are still right, so that they are current again.\n\n"
        "Without NAME: everything that can grow old and is there."
    ),
)
@argument("record", help=wording("A customer by name, number or mail address; else title or id."))
@argument("name", nargs=-1, help=wording("What was looked at, such as phone; see crmkit quality expectations."))
@option("--entity", default="customer", show_default=True, metavar="NAME", help=wording("What the record is."))
@option("--note", default="", metavar="TEXT", help=wording("How it was found out."))
@json_option
def confirm(record: str, name: Sequence[str], entity: str, note: str, as_json: bool) -> None:
    from crmkit.cli.needles import named_record
    from crmkit.cli.output import print_json
    from crmkit.cli.running import entity_named, say, working
    from crmkit.core.messages import msg
    from crmkit.services.quality import confirm, problems_of

    with working() as (crm, session):
        info = entity_named(crm, entity)
        found = named_record(session, info, record)
        made = confirm(session, crm.quality, found, name, note=note)
        after = problems_of(session, crm.quality, found)
    if as_json:
        names = [one.name for one in made]
        print_json({"id": found.id, "confirmed": names, "score": None if after is None else after.score})
    elif made:
        say(msg("confirmed: {names}", names=", ".join(one.name for one in made)))
    else:
        say(msg("there is nothing to confirm"))


@quality.command(
    "expectations", help=wording("Show what is expected of records: what counts how much, and for how long.")
)
@_entity
@json_option
def expectations(entity: str, as_json: bool) -> None:
    from crmkit.cli.output import print_block, print_json
    from crmkit.cli.quality_documents import expectation_document
    from crmkit.cli.quality_pages import expectations_page
    from crmkit.cli.running import assembled, entity_named, say
    from crmkit.core.messages import msg

    with assembled() as crm:
        found = crm.quality.of(entity_named(crm, entity).name)
    if as_json:
        print_json([expectation_document(one) for one in found])
    elif found:
        print_block(expectations_page(found))
    else:
        say(msg("nothing is expected of {entity}", entity=entity))


def _whose(session: Session, filter_: str, segment: str, owner: str, team: str, source: str | None) -> Whose:
    from crmkit.cli.named import team_named
    from crmkit.services.quality import Whose

    return Whose(
        filter=filter_,
        segment=segment,
        owner=None if owner == _NOBODY else _user(session, owner) if owner else "",
        team=None if team == _NOBODY else team_named(session, team).id if team else "",
        source="" if source == _NOBODY else source,
    )


def _user(session: Session, login: str) -> Any:
    from crmkit.core.errors import NotFound, did_you_mean
    from crmkit.core.messages import msg, shown
    from crmkit.core.staff import User

    found = session.find(User, login=login)
    if found is None:
        hint = did_you_mean(login, [user.login for user in session.list(User)])
        raise NotFound(msg("no {entity} called {name}; {hint}", entity="user", name=shown(login), hint=hint))
    return found.id


def _owners(session: Session, page: WorkPage) -> dict[Any, str]:
    from crmkit.core.staff import User

    ids = sorted({item.owner_id for item in page.items if item.owner_id is not None})
    if not ids or "name" in session.hidden(User):
        return {}
    return {user.id: user.name for user in session.list(User, id=ids)}
