"""What the record API keeps for itself."""

from __future__ import annotations

from crmkit.plugin import Record, entity, field


@entity(
    "web_signing_key",
    label="Signing key",
    plural="web_signing_keys",
    plural_label="Signing keys",
    credentials=True,
    plugin="web",
    title="purpose",
    unique=(("purpose",),),
)
class SigningKey(Record):
    """A random value that the servers of an installation share; they make it when they first need it.

    With ``[plugins.web] secret_key``, which is not in the database, it is half of the key that signs; else all of it.
    """

    purpose: str = field(max_length=50)
    secret: str = field(
        max_length=100,
        audited=False,
        sensitivity="special",
        help="In base64. What is signed with it gives nobody more rights; with a secret_key it signs nothing by itself.",
    )
