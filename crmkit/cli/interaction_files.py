"""``crmkit interaction``: files that belong to an interaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crmkit.cli.localized import argument, command, json_option
from crmkit.cli.words import wording

if TYPE_CHECKING:
    from pathlib import Path

_id = argument("interaction", help=wording("The id of the interaction."))


@command("attach", help=wording("Attach files to an interaction."))
@_id
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))
@json_option
def attach_(interaction: str, files: tuple[str, ...], as_json: bool) -> None:
    from pathlib import Path

    from crmkit.cli.output import print_json
    from crmkit.cli.running import say, working
    from crmkit.core.interaction import Interaction
    from crmkit.core.messages import msg
    from crmkit.services.attachments import attach

    with working() as (crm, session):
        found = session.get(Interaction, interaction)
        made = [attach(session, crm.attachments, found, Path(name).name, Path(name).read_bytes()) for name in files]
        session.commit()
    if as_json:
        print_json(made)
        return
    for one in made:
        click.echo(str(one.id))
    say(msg("{count} files attached", count=len(made)))


@command("save", help=wording("Write the attachments of an interaction into a folder."))
@_id
@argument("folder", help=wording("Where to; files that are there are not replaced."), type=click.Path(file_okay=False))
@json_option
def save(interaction: str, folder: str, as_json: bool) -> None:
    from pathlib import Path

    from crmkit.cli.output import print_json
    from crmkit.cli.running import say, working
    from crmkit.core.interaction import Attachment, Interaction
    from crmkit.core.messages import msg
    from crmkit.services.attachments import read

    place = Path(folder)
    written: list[str] = []
    with working(reads=True) as (crm, session):
        found = session.get(Interaction, interaction)
        files = session.list(Attachment, interaction_id=found.id, order="id")
        place.mkdir(parents=True, exist_ok=True)
        for file in files:
            free = _free(place, file.filename)
            free.write_bytes(read(session, crm.attachments, file))
            written.append(str(free))
    if as_json:
        print_json([{"id": file.id, "path": path} for file, path in zip(files, written, strict=True)])
        return
    for path in written:
        click.echo(path)
    say(msg("{count} files written", count=len(files)))


def _free(folder: Path, name: str) -> Path:
    from crmkit.services.attachments import safe_name

    wanted = folder / safe_name(name)
    number = 1
    while wanted.exists():
        number += 1
        wanted = folder / f"{wanted.stem.removesuffix(f'-{number - 1}')}-{number}{wanted.suffix}"
    return wanted
