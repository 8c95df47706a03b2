"""``crmkit claim``: decide who the unrecognised are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmkit.cli.localized import argument, group, json_option, option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from crmkit.core.identity import IdentityClaim


@group("claim", help=wording("Decide who the unrecognised are."))
def claim() -> None:
    pass


@claim.command("list", help=wording("List the claims that wait for a decision, the oldest first."))
@option("--all", "all_", is_flag=True, help=wording("Also those that are decided."))
@json_option
def list_(all_: bool, as_json: bool) -> None:
    from uuid import UUID

    from crmkit.cli.output import print_block, print_json, table
    from crmkit.cli.running import working
    from crmkit.core.customer import Customer
    from crmkit.core.identity import IdentityClaim

    with working(reads=True) as (_, session):
        claims = session.list(IdentityClaim, "" if all_ else "state = open")
        if as_json:
            print_json(claims)
            return
        best = {c.id: c.candidates[0]["customer_id"] for c in claims if c.candidates}
        seen = (
            {str(c.id): c.name for c in session.list(Customer, id=[UUID(id) for id in set(best.values())])}
            if best
            else {}
        )
        rows = [
            [c.id, c.channel, c.created_at, _shown(c), len(c.candidates), seen.get(best.get(c.id, ""), ""), c.state]
            for c in claims
        ]
    headings = ["Id", "Channel", "Since", "Evidence", "Candidates", "Likeliest", "State"]
    print_block(table([translated(heading) for heading in headings], rows, right=[4]))


@claim.command("show", help=wording("Show a claim and who it may be, as things stand now."))
@argument("claim", help=wording("The id of the claim."))
@json_option
def show(claim: str, as_json: bool) -> None:
    from crmkit.cli.identify import candidate_table
    from crmkit.cli.output import pairs, print_block, print_json
    from crmkit.cli.running import say, working
    from crmkit.core.identity import IdentityClaim
    from crmkit.core.messages import msg
    from crmkit.services.identify import evidence_of, identify

    with working() as (_, session):
        found = session.get(IdentityClaim, claim)
        now = identify(session, evidence_of(found), found.channel)
    if as_json:
        print_json({"claim": found, "recognition": now})
        return
    rows: list[tuple[str, Any]] = [(translated("Channel"), found.channel), (translated("State"), found.state)]
    rows += [(translated("Evidence"), _shown(found)), (translated("Since"), found.created_at)]
    print_block(pairs(rows))
    if now.candidates:
        print_block(candidate_table(now.candidates))
    elif now.customer_id is not None:
        say(msg("it is customer {id}", id=str(now.customer_id)))


@claim.command("resolve", help=wording("Decide that a claim is a customer; what the claim did is the customer's then."))
@argument("claim", help=wording("The id of the claim."))
@argument("customer", help=wording("The customer's name, id, number in another system or mail address."))
@option("--learn", is_flag=True, help=wording("Add the claim's mail addresses and phones to the customer."))
@json_option
def resolve(claim: str, customer: str, learn: bool, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say, working
    from crmkit.core.messages import msg
    from crmkit.core.values.ids import parse_id
    from crmkit.services.customer_view import find_customer
    from crmkit.services.identify import resolve as decide

    with working() as (_, session):
        chosen = find_customer(session, customer)
        count = decide(session, parse_id(claim), chosen, learn=learn)
    if as_json:
        print_json({"id": parse_id(claim), "state": "resolved", "customer_id": chosen.id, "interactions": count})
    else:
        say(msg("it is {name}; {count} interactions attached", name=chosen.name, count=count))


@claim.command("dismiss", help=wording("Decide that a claim is nobody to know; the same evidence makes no new claim."))
@argument("claim", help=wording("The id of the claim."))
@json_option
def dismiss(claim: str, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say, working
    from crmkit.core.messages import msg
    from crmkit.core.values.ids import parse_id
    from crmkit.services.identify import dismiss as decide

    with working() as (_, session):
        done = decide(session, parse_id(claim))
    if as_json:
        print_json({"id": done.id, "state": done.state})
    else:
        say(msg("dismissed"))


@claim.command("reject", help=wording("Remember that a claim is not this customer."))
@argument("claim", help=wording("The id of the claim."))
@argument("customer", help=wording("The customer's name, id, number in another system or mail address."))
@json_option
def reject(claim: str, customer: str, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say, working
    from crmkit.core.messages import msg
    from crmkit.core.values.ids import parse_id
    from crmkit.services.customer_view import find_customer
    from crmkit.services.identify import reject as decide

    with working() as (_, session):
        chosen = find_customer(session, customer)
        done = decide(session, parse_id(claim), chosen)
    if as_json:
        print_json({"id": done.id, "state": done.state, "rejected": done.rejected})
    else:
        say(msg("remembered: it is not {name}", name=chosen.name))


def _shown(claim: IdentityClaim) -> str:
    from crmkit.cli.output import shown_value

    kept = claim.raw.get("evidence", {})
    return "; ".join(shown_value(value) for value in kept.values())
