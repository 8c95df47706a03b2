"""What an installation can set: ``[plugins.web]``."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from crmkit.core.frozen import frozen
from crmkit.plugin import Secret


@frozen
class OidcProvider:
    """An OpenID provider that people log in with: ``[plugins.web.oidc.NAME]``."""

    issuer: str
    """Its address, as its tokens name it, as in ``https://login.example.com``."""
    client_id: str
    """Who we are to it."""
    client_secret: Secret = attrs.field(factory=lambda: Secret(""))
    """What we prove that by; none for a public client."""
    label: str = ""
    """What people read on the button; the name when empty."""
    create: bool = False
    """Whether somebody who is unknown here becomes a user, one without any role."""
    scope: str = "openid email profile"
    """What is asked of it."""


@frozen
class WebSettings:
    """How requests are answered."""

    threads: int = 24
    """Requests that one process answers at once; the others wait."""
    largest_body: int = 1_000_000
    """The largest body of a request, in bytes; uploads have a limit of their own."""
    largest_upload: int = 50_000_000
    """The largest uploaded file, in bytes."""
    mapping_folder: str = ""
    """A folder with the mappings (TOML) that imports may name, relative to the configuration file; empty: none."""
    work_folder: str = ""
    """Where the files of imports, exports and bulk actions are, relative to the configuration file; every worker has to
    see it. Empty: beside the attachments, else among the temporary files of this machine."""
    files_kept_days: int = 7
    """Days that the file of an export, or of rejected rows, can be fetched."""
    work_kept_days: int = 90
    """Days that it is known what was imported, exported and changed by a job, after it has ended; at least as long as its
    files."""
    most_jobs: int = 20
    """Imports, exports and bulk actions that a user may have waiting or running at once."""
    slowest_body: int = 30
    """Seconds that the whole body of a request may take to arrive."""
    most_uploads: int = 32
    """Large bodies that one process takes at once, a quarter of them from one user; others are to try again."""
    slowest_upload: int = 600
    """Seconds that an uploaded file may take to arrive."""
    secret_key: Secret = attrs.field(factory=lambda: Secret(""))
    """A long random text that secrets are encrypted with which have to be used again, such as those that sign webhooks;
    cursors are signed with it, too. Without one, secrets stand in the database as they are."""
    allowed_networks: tuple[str, ...] = ()
    """Networks of our own that webhooks and imports may reach all the same, as in ``10.1.2.0/24``."""
    public_reference: bool = True
    """Whether the OpenAPI document and the reference can be read without log-in."""
    requests: int = 2_000
    """Requests that a user, or an address without log-in, may send in each window of ten seconds; 0: any number."""
    address: str = ""
    """The address that people and programs reach it at, as in ``https://crm.example.com``. With https, cookies go over
    https alone."""
    session_idle: int = 60
    """Minutes after which a session of a browser ends that nobody uses."""
    session_longest: int = 720
    """Minutes after which a session of a browser ends in any case."""
    oidc: Mapping[str, OidcProvider] = attrs.field(factory=dict)
    """The OpenID providers that people log in with, by name."""
