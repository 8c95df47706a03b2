"""``crmkit search``: records by whatever is remembered of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.indexing import index_options
from crmkit.cli.localized import Group, argument, json_option, option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from crmkit.runtime.crm import Crm
    from crmkit.services.search import Excerpt, Hit


class _SearchGroup(Group):
    """Takes what is no command of it as the text to search for."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["for", *args]
        return super().parse_args(ctx, args)


@click.group(
    "search",
    cls=_SearchGroup,
    help=wording(
        "Find records by names, mail addresses, phone numbers and what was written: crmkit search TEXT.\n\n"
        "All words must be found. Beginnings of words do, accents do not matter, Chinese names are found by pinyin, too."
    ),
    no_args_is_help=True,
)
def search() -> None:
    pass


@search.command("for", help=wording("Search for a text; the word for may be left out."))
@argument("text", nargs=-1, required=True, help=wording("What to search for."))
@option(
    "--entity",
    "-e",
    "entities",
    multiple=True,
    metavar="NAME",
    help=wording("Only this kind of record; may be given again."),
)
@option(
    "--limit", default=20, show_default=True, type=click.IntRange(1, 200), help=wording("How many records to show.")
)
@json_option
def search_for(text: tuple[str, ...], entities: tuple[str, ...], limit: int, as_json: bool) -> None:
    from crmkit.cli.output import print_block, print_json, table
    from crmkit.cli.running import entity_named, say, working
    from crmkit.core.messages import msg
    from crmkit.services.search import search as find

    with working() as (crm, session):
        names = [entity_named(crm, name).name for name in entities]
        found = find(session, " ".join(text), names, limit)
        rows = [] if as_json else [_row(crm, hit) for hit in found.hits]
    if as_json:
        print_json(found)
    elif rows:
        headings = [wording("Title"), wording("Kind"), wording("Found in"), wording("Text"), "Id"]
        print_block(table([translated(heading) for heading in headings], rows))
    else:
        say(msg("nothing was found"))
    if found.behind:
        say(msg("the newest changes are not indexed yet; run crmkit search index to find those, too"))


@search.command(
    "index", help=wording("Index what is new or changed. It can be interrupted and goes on where it stopped.")
)
@index_options
def index(rebuild: bool, as_json: bool) -> None:
    from crmkit.cli.indexing import SEARCH_STEP, run_index
    from crmkit.services.search import index as step
    from crmkit.services.search import unindexed

    run_index(step, SEARCH_STEP, rebuild, as_json, unindexed)


def _row(crm: Crm, hit: Hit) -> list[Any]:
    info = crm.registry.get(hit.entity)
    entity, _, field = hit.field.partition(".")
    place = crm.registry.get(entity).by_name.get(field) if entity in crm.registry else None
    where = translated(place.label) if place is not None else hit.field
    return [hit.title, translated(info.label), where, _marked(hit.excerpt), hit.id]


def _marked(excerpt: Excerpt) -> Any:
    from rich.text import Text

    from crmkit.cli.output import clean

    shown = Text(clean(excerpt.text))
    if len(shown.plain) == len(excerpt.text):
        for first, last in excerpt.marks:
            shown.stylize("bold", first, last)
    return shown
