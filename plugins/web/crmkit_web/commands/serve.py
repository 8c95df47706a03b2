"""``crmkit serve``: answer requests over HTTP, and do background work beside it."""

from __future__ import annotations

import click

from crmkit.command import command, opened, option, say, user_named, wording
from crmkit.plugin import msg


@command(
    "serve",
    help=wording(
        "Answer requests over HTTP, and do background work beside it.\n\n"
        "Runs until it is told to stop (SIGTERM, SIGINT); requests and jobs that run are finished."
    ),
)
@option("--host", default="127.0.0.1", show_default=True, help=wording("The address to listen at."))
@option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help=wording("The port to listen at.")
)
@option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help=wording("Processes that answer; about one for each core, on PostgreSQL."),
)
@option("--no-jobs", is_flag=True, help=wording("Leave background work to others: crmkit worker."))
@option(
    "--token-for", default="", metavar="LOGIN", help=wording("Make a token for a user, good for a day, and print it.")
)
def serve(host: str, port: int, workers: int, no_jobs: bool, token_for: str) -> None:
    from crmkit_web.serving.process import listening, serve_here, serve_with

    with listening(host, port) as door:
        address = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{door.getsockname()[1]}"
        with opened() as crm:
            token = ""
            if token_for:
                from crmkit_web.login.tokens import make_token

                with crm.session() as session:
                    user = user_named(session, token_for)
                    token = make_token(crm.context(session, "web"), user, "serve", days=1)
            say(msg("serving at {address}; stop with Ctrl-C", address=f"{address}/api/v1/"))
            if token:
                click.echo(token)
                say(
                    msg(
                        "try: {line}",
                        line=f"curl -H 'Authorization: Bearer {token}' {address}/api/v1/customers?limit=3",
                    )
                )
            if workers == 1:
                serve_here(crm, door, jobs=not no_jobs)
                return
            database = crm.database.engine.url.render_as_string(hide_password=False)
        serve_with(database, door, workers, jobs=not no_jobs)
