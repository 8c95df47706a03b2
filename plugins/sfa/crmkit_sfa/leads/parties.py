"""Who a lead is of when it is converted: the organization, the person, how to reach them and how they belong together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmkit.core.customer import ContactPoint, Customer, CustomerRelation, PointKind
from crmkit.core.frozen import frozen
from crmkit.plugin import BadInput, Context, Part, change, did_you_mean, entity_info, msg
from crmkit_sfa.leads.details import company_domain
from crmkit_sfa.leads.entities import Lead

EMPLOYED = "employed_by"


@frozen
class Parties:
    """The organization and the person behind a lead, and what is new of them, in the order in which it is needed."""

    organization: Customer | None
    person: Customer | None
    made: tuple[Part, ...]

    @property
    def customer(self) -> Customer | None:
        """Who the opportunity is with: the organization where there is one."""
        return self.organization or self.person


def parties(ctx: Context, lead: Lead, values: Mapping[str, Mapping[str, Any]], chosen: Customer | None) -> Parties:
    """Return who stands behind a lead; nothing is written. ``chosen`` says who the customer is.

    Who is known is recognised: by what the lead tells, by the relation of a person to an employer. Nobody is made twice.
    """
    known = chosen or (None if lead.customer_id is None else ctx.session.get(Customer, lead.customer_id))
    organization = known if known is not None and known.kind != "person" else None
    person = known if known is not None and known.kind == "person" else None
    if person is None:
        person = _known_person(ctx, lead)
    if organization is None and person is not None:
        organization = _employer(ctx, person)
    if organization is None and lead.company:
        organization = _known_organization(ctx, lead)
    made: list[Part] = []
    if organization is None and lead.company:
        organization = new_record(Customer(kind="organization"), {"name": lead.company, **values["organization"]})
        made.append(organization)
    if person is None and lead.person:
        person = new_record(Customer(kind="person"), {"name": lead.person, **values["person"]})
        made.append(person)
    if organization is None and person is None:
        organization = new_record(Customer(kind="organization"), {"name": lead.name, **values["organization"]})
        made.append(organization)
    made += _points(ctx, lead, person or organization, made)
    if organization is not None and person is not None:
        made += _relation(ctx, lead, organization, person, made)
    return Parties(organization, person, tuple(made))


def new_record(record: Any, values: Mapping[str, Any]) -> Any:
    """Return a new record with values; raises BadInput for a field that it does not have."""
    known = entity_info(type(record)).by_name
    for name in values:
        if name not in known:
            hint = did_you_mean(name, known)
            raise BadInput(
                msg(
                    "mapping of leads: {entity} has no field {field}; {hint}",
                    entity=entity_info(type(record)).name,
                    field=name,
                    hint=hint,
                )
            )
    return change(record, **values)


def _known_person(ctx: Context, lead: Lead) -> Customer | None:
    if not lead.person and not lead.email and not lead.phone:
        return None
    who = ctx.services.identify(
        ctx.services.evidence(
            emails=[lead.email] if lead.email else [],
            phones=[lead.phone] if lead.phone else [],
            name=lead.person,
            country=lead.country,
            kind="person" if lead.person else None,
        )
    )
    if who.customer_id is None:
        return None
    found = ctx.session.get(Customer, who.customer_id)
    return found if found.kind == "person" else None


def _known_organization(ctx: Context, lead: Lead) -> Customer | None:
    domain = company_domain(lead.email, lead.domain)
    evidence = ctx.services.evidence(
        name=lead.company,
        domain=domain,
        street=lead.street,
        city=lead.city,
        postal_code=lead.postal_code,
        country=lead.country,
        kind="organization",
    )
    who = ctx.services.identify(evidence)
    if who.customer_id is None:
        # Written the same to the letter, with nobody else of that name: a second one would be a duplicate at once.
        same = ctx.session.list(Customer, name=lead.company, kind="organization", limit=2)
        return same[0] if len(same) == 1 and (not domain or same[0].domain in ("", domain)) else None
    found = ctx.session.get(Customer, who.customer_id)
    return found if found.kind == "organization" else None


def _employer(ctx: Context, person: Customer) -> Customer | None:
    today = ctx.today()
    relations = [
        relation
        for relation in ctx.session.list(CustomerRelation, from_id=person.id, type=EMPLOYED, order="id")
        if relation.valid_until is None or relation.valid_until >= today
    ]
    return ctx.session.get(Customer, relations[-1].to_id) if relations else None


def _points(ctx: Context, lead: Lead, of: Customer | None, made: list[Part]) -> list[Part]:
    if of is None:
        return []
    wanted: list[Part] = []
    known = set()
    if of not in made:
        known = {(point.kind, point.normalized) for point in ctx.session.list(ContactPoint, customer_id=of.id)}
    reached: tuple[tuple[PointKind, str, str], ...] = (
        ("email", lead.email, lead.email_key),
        ("phone", lead.phone, lead.phone_key),
    )
    for kind, value, key in reached:
        if value and key and (kind, key) not in known:
            wanted.append(ContactPoint(customer_id=of.id, kind=kind, value=value, country=lead.country))
    if of in made and (lead.street or lead.city):
        wanted.append(
            ContactPoint(
                customer_id=of.id,
                kind="address",
                street=lead.street,
                city=lead.city,
                postal_code=lead.postal_code,
                country=lead.country,
            )
        )
    return wanted


def _relation(
    ctx: Context, lead: Lead, organization: Customer, person: Customer, made: list[Part]
) -> list[CustomerRelation]:
    if organization.kind != "organization":
        return []
    if organization not in made and person not in made:
        known = ctx.session.find(CustomerRelation, from_id=person.id, to_id=organization.id, type=EMPLOYED)
        if known is not None:
            return []
    return [CustomerRelation(from_id=person.id, to_id=organization.id, type=EMPLOYED, title=lead.job_title)]
