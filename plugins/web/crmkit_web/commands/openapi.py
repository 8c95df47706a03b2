"""``crmkit openapi``: the OpenAPI document, for programs that make clients of it."""

from __future__ import annotations

from pathlib import Path

import click

from crmkit.command import command, opened, option, wording
from crmkit.plugin import BadInput, did_you_mean, msg


@command("openapi", help=wording("Write the OpenAPI document of the HTTP API."))
@option("-o", "--output", default="", help=wording("The file to write; by default, it is printed."))
@option("--entities", default="", help=wording("Plural names of entities, separated by commas: no others are told of."))
@option("--language", default="", help=wording("The language of its texts, as in zh."))
def openapi(output: str, entities: str, language: str) -> None:
    import msgspec

    from crmkit_web.documents.plain import encoded
    from crmkit_web.openapi import document
    from crmkit_web.serving.site import Site

    with opened(check=False, rehearsal=True) as crm:
        site = Site(crm)
        wanted = tuple(word.strip() for word in entities.split(",") if word.strip())
        for plural in wanted:
            if plural not in site.entities:
                hint = did_you_mean(plural, site.entities)
                raise BadInput(msg("no entity {name}; {hint}", name=plural, hint=hint))
        made = document.openapi(site, wanted or None, language or crm.config.language or "en")
    text = msgspec.json.format(encoded(made), indent=2)
    if not output:
        click.echo(text.decode())
        return
    try:
        Path(output).write_bytes(text + b"\n")
    except OSError as error:
        raise BadInput(msg("{path} cannot be written: {reason}", path=output, reason=error.strerror or "")) from None
