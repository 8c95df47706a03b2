"""Leads from web forms: which field of a payload tells what."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from crmkit.core.product import Product
from crmkit.core.values.money import clean_decimal
from crmkit.core.values.text import fold
from crmkit.plugin import BadInput, Context, Money, did_you_mean, msg
from crmkit_sfa.leads.capturing import Captured, taken
from crmkit_sfa.leads.details import TEXTS, LeadDetails, key_of

GOALS = (*TEXTS, "source", "campaign", "product", "estimated", "key")
"""What a field of a form can tell, beside custom fields."""

USUAL: Mapping[str, str] = {
    **{name: name for name in GOALS},
    **{"full_name": "person", "your_name": "person", "contact": "person", "e_mail": "email", "mail": "email"},
    **{"email_address": "email", "telephone": "phone", "tel": "phone", "mobile": "phone", "phone_number": "phone"},
    **{"organisation": "company", "organization": "company", "company_name": "company", "message": "interest"},
    **{"comment": "interest", "comments": "interest", "subject": "name", "zip": "postal_code", "title": "job_title"},
    **{"website": "domain", "utm_source": "source", "utm_campaign": "campaign", "budget": "estimated"},
}
"""What fields of forms are usually called; ``first_name`` and ``last_name`` make a person."""


def capture_form(ctx: Context, payload: Mapping[str, Any], *, form: str = "", key: str = "") -> Captured:
    """Take in what somebody sent by a web form. The payload is kept as it is, whatever can be read of it.

    ``form`` names a mapping of the configuration, beside which the usual names count; ``key`` is the sender's name for this
    very submission. An address that cannot be read is left out and stays in the payload. Raises BadInput for an unknown
    form and for a payload that tells neither who asks nor what for.
    """
    forms = ctx.config.leads.forms
    if form and form not in forms:
        raise BadInput(msg("no form {form}; {hint}", form=form, hint=did_you_mean(form, forms)))
    texts, custom = read_form(payload, forms.get(form, {}))
    values: dict[str, Any] = {**texts}
    product = values.pop("product", "")
    estimated = values.pop("estimated", "")
    given = LeadDetails(
        **{**values, "key": key or values.get("key", "")},
        channel=f"form:{form}" if form else "web",
        product_id=_product(ctx, product),
        estimated=_money(estimated, ctx.currency),
        raw=dict(payload),
        custom=custom,
    )
    return taken(ctx, given)


def read_form(payload: Mapping[str, Any], mapping: Mapping[str, str]) -> tuple[dict[str, str], dict[str, Any]]:
    """Return what a payload tells of a lead: texts by field, and custom fields. Pure.

    Raises BadInput for a mapping to a field that a lead does not have.
    """
    values: dict[str, str] = {}
    custom: dict[str, Any] = {}
    names = {_plain(name): goal for name, goal in mapping.items()}
    for name, value in payload.items():
        goal = names.get(_plain(name), USUAL.get(_plain(name), ""))
        if not goal or value in (None, "") or isinstance(value, (dict, list)):
            continue
        if goal.startswith("custom."):
            custom[goal.removeprefix("custom.")] = value
        elif goal in GOALS:
            values.setdefault(goal, str(value).strip())
        else:
            hint = did_you_mean(goal, GOALS)
            raise BadInput(
                msg(
                    "form field {name} goes to {goal}, which a lead does not have; {hint}",
                    name=name,
                    goal=goal,
                    hint=hint,
                )
            )
    spoken = " ".join(str(payload[name]).strip() for name in payload if _plain(name) in ("first_name", "given_name"))
    family = " ".join(str(payload[name]).strip() for name in payload if _plain(name) in ("last_name", "family_name"))
    if "person" not in values and (whole := f"{spoken} {family}".strip()):
        values["person"] = whole
    return _legible(values), custom


def _legible(values: dict[str, str]) -> dict[str, str]:
    """Leave out what a lead cannot hold; it stays in the payload."""
    if "email" in values and not key_of("email", values["email"]):
        del values["email"]
    for name, length in (("country", 2), ("language", 5)):
        if len(values.get(name, "")) > length:
            del values[name]
    if "domain" in values:
        values["domain"] = values["domain"].split("://")[-1].split("/")[0].removeprefix("www.").lower()
        if "." not in values["domain"]:
            del values["domain"]
    if "country" in values:
        values["country"] = values["country"].upper()
    return {name: value[:20_000] if name == "interest" else value[:200] for name, value in values.items()}


def _plain(name: str) -> str:
    return fold(name).strip().replace("-", "_").replace(" ", "_")


def _product(ctx: Context, sku: str) -> UUID | None:
    found = ctx.session.find(Product, sku=sku) if sku else None
    return None if found is None else found.id


def _money(text: str, currency: str) -> Money | None:
    if not text:
        return None
    amount, _, given = text.strip().rpartition(" ")
    try:
        known = given if len(given) == 3 and given.isalpha() and given.isupper() else ""
        number: Decimal = clean_decimal(amount if known else text)
        return Money(number, known or currency)
    except BadInput:
        return None
