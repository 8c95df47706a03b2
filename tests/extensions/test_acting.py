"""Actions are done with the same checks by whoever asks, and what they write says so."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.errors import AccessDenied, BadInput, CrmError, NotFound, Refused, ValidationFailed
from crmkit.core.messages import msg
from crmkit.hooks.kinds import hookimpl
from crmkit.hosting import action_named, offers, run_action
from crmkit.plugin import Action, ActionCall, Manifest, Permission
from crmkit.runtime.crm import Crm
from crmkit.testing.making import AsUser, MakeCrm, MakeCustomer


@attrs.frozen
class Industry:
    name: str


def name_industry(ctx: Any, call: ActionCall) -> int:
    ctx.session.update(*[change(one, industry=call.input.name) for one in call.records])
    return len(call.records)


class Plugin:
    manifest = Manifest(name="trade", version="2.1", summary="Trades.")

    @hookimpl
    def register_permissions(self, ctx: Any, call: Any) -> list[Permission]:
        return [Permission("trade.judge", msg("Judge"))]

    @hookimpl
    def register_actions(self, ctx: Any, call: Any) -> list[Action]:
        return [
            Action(
                "trade.name",
                msg("Name the industry"),
                name_industry,
                entity="customer",
                input=Industry,
                returns=dict[str, int],
                available="kind = organization",
                bulk=True,
            ),
            Action("trade.judge", msg("Judge"), lambda ctx, call: None, permission="trade.judge"),
        ]


@pytest.fixture
def crm(make_crm: MakeCrm) -> Crm:
    return make_crm(plugins=[Plugin()])


def do(crm: Crm, id: str, ids: list[Any], input: Any = None, actor: Any = None) -> Any:
    with crm.session(actor) as session:
        return run_action(crm, session, action_named(crm, id), ids, input)


def test_what_an_action_writes_says_which_action_for_whom(
    crm: Crm, make_customer: MakeCustomer, as_user: AsUser
) -> None:
    customer = make_customer()
    clerk = as_user("customer read all", "customer update all", login="anna")
    assert do(crm, "trade.name", [customer.id], {"name": "Optics"}, clerk) == 1
    with crm.session(reads=True) as session:
        (found,) = crm.services_for(session).explain(Customer, customer.id, fields=["industry"]).fields
    assert found.value == "Optics"
    assert found.by is not None
    assert (found.by.plugin, found.by.version, found.hook) == ("trade", "2.1", "trade.name")
    assert found.deed is not None
    assert found.deed.who == "anna"


def test_nothing_stands_of_an_action_on_records_that_it_is_not_for(crm: Crm, make_customer: MakeCustomer) -> None:
    firm, person = make_customer(), make_customer(kind="person", name="Anna Berg")
    with pytest.raises(Refused, match="is available where kind = organization") as refused:
        do(crm, "trade.name", [firm.id, person.id], {"name": "Optics"})
    assert [id for _, _, id in refused.value.refusals] == [person.id]
    with crm.session(reads=True) as session:
        assert session.get(Customer, firm.id).industry == ""


def test_too_few_too_many_and_unknown_records_are_refused(crm: Crm, make_customer: MakeCustomer) -> None:
    customer = make_customer()
    given: list[tuple[list[Any], type[CrmError]]] = [
        ([], BadInput),
        ([customer.id] * 1_001, BadInput),
        (["no id"], BadInput),
        ([crm.system.tenant_id], NotFound),
    ]
    for ids, error in given:
        with pytest.raises(error):
            do(crm, "trade.name", ids, {"name": "Optics"})
    with pytest.raises(BadInput, match="works on no records"):
        do(crm, "trade.judge", [customer.id])
    with pytest.raises(ValidationFailed, match="/nme"):
        do(crm, "trade.name", [customer.id], {"nme": "Optics"})
    assert do(crm, "trade.name", [customer.id] * 3, {"name": "Optics"}) == 1


def test_rights_hold_whoever_acts(crm: Crm, make_customer: MakeCustomer, as_user: AsUser) -> None:
    customer = make_customer()
    reader = as_user("customer read all")
    with pytest.raises(AccessDenied):
        do(crm, "trade.name", [customer.id], {"name": "Optics"}, reader)
    with pytest.raises(AccessDenied, match=r"it takes the permission trade\.judge"):
        do(crm, "trade.judge", [], None, reader)
    with pytest.raises(NotFound):
        do(crm, "trade.name", [customer.id], {"name": "Optics"}, as_user("customer read own", "customer update own"))
    do(crm, "trade.judge", [], None, as_user("* trade.judge all"))


def test_offers_say_why_not(crm: Crm, make_customer: MakeCustomer, as_user: AsUser) -> None:
    person = make_customer(kind="person", name="Anna Berg")
    with crm.session(as_user("customer read all"), reads=True) as session:
        (own,) = offers(crm, session, "customer", person)
        (general,) = offers(crm, session, "customer")
        (judge,) = offers(crm, session)
    assert (own.available, general.available, judge.available) == (False, True, False)
    assert "kind = organization" in str(own.why_not)
    with pytest.raises(NotFound, match=r"did you mean trade\.name\?"):
        action_named(crm, "trade.nam")
