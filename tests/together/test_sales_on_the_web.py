"""The sales plugin on the web: actions, figures, documents, panels, pages, columns and timelines over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.product import Product
from crmkit.core.values.clock import FixedClock
from crmkit.plugin import Money
from crmkit.testing.making import AsUser
from crmkit_sfa.leads.entities import Lead
from crmkit_sfa.opportunities.entities import Opportunity
from crmkit_sfa.orders.entering import Ordered, new_order
from crmkit_sfa.orders.placing import confirm
from crmkit_sfa.pricing import lists
from crmkit_sfa.quotes import writing
from crmkit_sfa.quotes.entities import Quote
from crmkit_sfa.receipts.instalments import read_instalment
from crmkit_sfa.receipts.planning import plan
from plugins.web.tests.conftest import Api
from tests.together.conftest import Shop

pytestmark = pytest.mark.all_plugins

BOTH = pytest.mark.parametrize("crm", ["sqlite", "postgresql"], indirect=True)


@BOTH
def test_a_lead_is_converted_and_the_history_says_by_which_action(api: Api, crm: Crm, shop: Shop) -> None:
    offered = {one["id"]: one for one in api.get(f"/sfa_leads/{shop.lead.id}/actions").json()["items"]}
    assert offered["sfa.convert_lead"]["available"]
    assert not offered["sfa.reopen_lead"]["available"]
    sent = {"amount": {"amount": "9000", "currency": "EUR"}, "close_on": "2026-06-01", "name": "Kite pumps"}
    done = api.post(f"/sfa_leads/{shop.lead.id}/actions/sfa.convert_lead", sent)
    assert done.status_code == 200, done.text
    made = done.json()
    assert not made["repeated"]
    deal = api.get(f"/sfa_opportunities/{made['opportunity_id']}").json()
    assert (deal["name"], deal["amount"], deal["close_on"]) == (
        "Kite pumps",
        {"amount": "9000", "currency": "EUR"},
        "2026-06-01",
    )
    again = api.post("/actions/sfa.convert_lead", {"ids": [str(shop.lead.id)], "input": {}})
    assert again.json() == {**made, "repeated": True}
    with crm.session(reads=True) as session:
        (status,) = crm.services_for(session).explain(Lead, shop.lead.id, fields=["status"]).fields
    assert status.by is not None
    assert (status.by.plugin, status.hook) == ("sfa", "sfa.convert_lead")
    taken = api.post("/actions/sfa.undo_conversion", {"ids": [str(shop.lead.id)]})
    assert (taken.status_code, taken.json()["stayed"]) == (200, 0)


def test_input_that_is_wrong_converts_nothing(api: Api, shop: Shop) -> None:
    sent = {"amount": {"amount": 9000.5, "currency": "EUR"}, "close": "2026-06-01", "customer_id": "Acme"}
    refused = api.post(f"/sfa_leads/{shop.lead.id}/actions/sfa.convert_lead", sent)
    assert refused.status_code == 422
    assert {one["pointer"] for one in refused.json()["errors"]} == {"/amount", "/close", "/customer_id"}
    assert api.get(f"/sfa_leads/{shop.lead.id}").json()["status"] == "new"


@BOTH
def test_opportunities_are_moved_won_and_lost(api: Api, shop: Shop) -> None:
    first, second = str(shop.first.id), str(shop.second.id)
    moved = api.post("/actions/sfa.move_opportunity", {"ids": [first, second], "input": {"stage": "proposal"}})
    assert moved.status_code == 204, moved.text
    won = api.post(f"/sfa_opportunities/{first}/actions/sfa.win_opportunity", {"reason": "price"}).json()
    assert (won["stage"], won["category"], won["reason"]) == ("won", "won", "price")
    again = api.post(f"/sfa_opportunities/{first}/actions/sfa.win_opportunity", {})
    assert (again.status_code, "category = open" in again.json()["detail"]) == (409, True)
    refused = api.post("/actions/sfa.lose_opportunity", {"ids": [second, first], "input": {"reason": "late"}})
    assert refused.status_code == 409
    assert api.get(f"/sfa_opportunities/{second}").json()["category"] == "open"
    assert api.post("/actions/sfa.lose_opportunity", {"ids": [second], "input": {"reason": "late"}}).status_code == 204
    unknown = api.post("/actions/sfa.move_opportunity", {"ids": [second], "input": {"stage": "propsal"}})
    assert (unknown.status_code, "proposal" in unknown.json()["detail"]) == (404, True)


def test_leads_are_given_away_and_put_aside(api: Api, as_user: AsUser, shop: Shop) -> None:
    bert = as_user("sfa_lead read own", login="bert")
    given = api.post("/actions/sfa.give_leads", {"ids": [str(shop.lead.id)], "input": {"user_id": str(bert.user_id)}})
    assert given.json()["leads"] == [{"lead_id": str(shop.lead.id), "owner_id": str(bert.user_id)}]
    late = api.post("/actions/sfa.recycle_lead", {"ids": [str(shop.lead.id)], "input": {"on": "2020-01-01"}})
    assert (late.status_code, late.json()["code"]) == (400, "bad_input")
    gone = api.post("/actions/sfa.disqualify_lead", {"ids": [str(shop.lead.id)], "input": {"reason": "no money"}})
    assert gone.status_code == 204
    assert api.post(f"/sfa_leads/{shop.lead.id}/actions/sfa.reopen_lead", {}).json()["status"] == "new"


def test_an_activity_is_completed_and_the_next_one_planned(api: Api, shop: Shop) -> None:
    planned = api.post(
        "/sfa_activities",
        {"kind": "call", "subject": "Ask", "customer_id": str(shop.acme.id), "due_on": "2026-03-20"},
    ).json()
    sent = {"outcome": "reached", "next_subject": "Send the offer", "next_due_on": "2026-03-25"}
    done = api.post(f"/sfa_activities/{planned['id']}/actions/sfa.complete_activity", sent).json()
    assert api.get(f"/sfa_activities/{done['next_id']}").json()["due_on"] == "2026-03-25"
    panels = {one["id"]: one for one in api.get(f"/customers/{shop.acme.id}/panels").json()["items"]}
    (table,) = panels["sfa.next_activities"]["blocks"]
    assert [row["subject"] for row in table["rows"]] == ["Send the offer"]


@pytest.fixture
def quote(crm: Crm, shop: Shop) -> str:
    pump = Product(sku="P-1", name="Pump", unit="pc")
    with crm.session() as session:
        session.add(pump)
        ctx: Any = crm.context(session, "sfa")
        standard = lists.new_price_list(ctx, "standard", "EUR")
        lists.set_price(ctx, standard, pump, Decimal(1000))
        lists.set_tax_rate(ctx, Decimal(19), country="DE")
        made = writing.new_quote(ctx, shop.acme, currency="EUR", opportunity=session.get(Opportunity, shop.first.id))
        writing.add_line(ctx, made, pump, Decimal(2))
        return str(session.get(Quote, made.id).id)


def test_a_quotation_is_sent_read_and_accepted(api: Api, shop: Shop, quote: str) -> None:
    sent = api.post(f"/sfa_quotes/{quote}/actions/sfa.send_quote", {})
    assert sent.status_code == 200, sent.text
    page = api.get(f"/sfa/quotes/{quote}/document?language=en")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "Pump" in page.text
    assert "sandbox" in page.headers["content-security-policy"]
    file = api.get(f"/sfa/quotes/{quote}/document.pdf")
    assert (file.content[:5], file.headers["content-type"]) == (b"%PDF-", "application/pdf")
    assert file.headers["content-disposition"].endswith(".pdf")
    accepted = api.post(f"/sfa_quotes/{quote}/actions/sfa.accept_quote", {"by": "Ms Acme"}).json()
    assert (accepted["status"], accepted["decided_by"]) == ("accepted", "Ms Acme")
    assert api.get(f"/sfa_opportunities/{shop.first.id}").json()["amount"]["amount"] == "2000"
    twice = api.post(f"/sfa_quotes/{quote}/actions/sfa.accept_quote", {})
    assert twice.status_code == 409


@BOTH
def test_the_search_knows_numbers_of_quotations(api: Api, quote: str) -> None:
    number = api.get(f"/sfa_quotes/{quote}").json()["number"]
    found = api.get(f"/search?q={number}")
    assert found.status_code == 200, found.text
    assert quote in found.text


@BOTH
def test_money_that_is_outstanding_stands_beside_the_customer(api: Api, crm: Crm, shop: Shop) -> None:
    with crm.session() as session:
        ctx: Any = crm.context(session, "sfa")
        lines = [Ordered(description="Works", unit_price=Money.of("1000", "EUR"))]
        order = confirm(ctx, new_order(ctx, session.get(Customer, shop.acme.id), lines, ordered_on=date(2026, 1, 2)))
        plan(ctx, order, [read_instalment("100% 10 days", date(2026, 1, 2), "EUR")])
    panels = {one["id"]: one for one in api.get(f"/customers/{shop.acme.id}/panels").json()["items"]}
    (table,) = panels["sfa.outstanding_receipts"]["blocks"]
    (row,) = table["rows"]
    assert (row["number"], row["due_on"], row["days"]) == (order.number, "2026-01-12", 62)
    assert (Decimal(row["outstanding"]["amount"]), row["outstanding"]["currency"]) == (Decimal(1000), "EUR")


def test_a_form_of_the_web_site_brings_one_lead(api: Api) -> None:
    sent = {"fields": {"email": "new@kite.example", "message": "Pumps?"}, "key": "form-1"}
    first, again = api.post("/sfa/forms/web", sent), api.post("/sfa/forms/web", sent)
    assert first.status_code == 200, first.text
    assert first.json()["created"]
    assert again.json() == {"lead_id": first.json()["lead_id"], "created": False, "repeated": True}
    assert api.get(f"/sfa_leads/{first.json()['lead_id']}").json()["email"] == "new@kite.example"
    unknown = api.post("/sfa/forms/contact", sent)
    assert (unknown.status_code, unknown.json()["code"]) == (400, "bad_input")
    assert api.post("/sfa/forms/web", {"field": {}}).status_code == 422


@BOTH
def test_the_page_of_a_customer_shows_what_is_sold_to_it(api: Api, shop: Shop) -> None:
    panels = {one["id"]: one for one in api.get(f"/customers/{shop.acme.id}/panels").json()["items"]}
    assert list(panels) == ["sfa.next_activities", "sfa.open_opportunities", "sfa.outstanding_receipts"]
    metric, table = panels["sfa.open_opportunities"]["blocks"]
    assert metric["value"] == {"amount": "750", "currency": "EUR"}
    assert [(row["name"], row["close_on"]) for row in table["rows"]] == [("Pumps", "2026-05-01"), ("Valves", None)]
    own = api.get(f"/sfa_opportunities/{shop.first.id}/panels?point=sfa.opportunity_main").json()["items"]
    assert [one["id"] for one in own] == ["sfa.opportunity_figures", "sfa.opportunity_lines", "sfa.opportunity_way"]
    assert own[0]["blocks"][1] == {
        "action": "sfa.move_opportunity",
        "record_id": str(shop.first.id),
        "values": None,
        "kind": "form",
    }
    home = api.get("/panels").json()["items"]
    assert [one["id"] for one in home] == ["sfa.todays_work"]


def test_the_board_is_a_page_of_its_own(api: Api) -> None:
    (entry,) = api.get("/pages").json()["items"]
    assert (entry["id"], entry["path"]) == ("sfa.board", "sfa/board")
    blocks = api.get("/pages/sfa.board").json()["blocks"]
    cards = [row["name"] for block in blocks if block["kind"] == "table" for row in block["rows"]]
    assert cards == ["Pumps", "Valves"]
    assert api.get("/pages/sfa.board?query=pipeline%3Dnone").status_code == 404


@BOTH
def test_columns_tell_how_long_deals_stand_and_how_many_there_are(api: Api, shop: Shop, clock: FixedClock) -> None:
    clock.advance(days=12)
    asked = "/sfa_opportunities?columns=sfa.days_in_stage&filter=category+%3D+open"
    days = api.get(asked).json()["columns"]["sfa.days_in_stage"]
    assert days == {str(shop.first.id): 12, str(shop.second.id): 12}
    deals = api.get("/customers?columns=sfa.open_deals").json()["columns"]["sfa.open_deals"]
    assert deals[str(shop.acme.id)] == 2


@BOTH
def test_the_timeline_of_an_opportunity_has_its_stages(api: Api, shop: Shop, clock: FixedClock) -> None:
    clock.advance(hours=1)
    input = {"stage": "proposal"}
    api.post("/actions/sfa.move_opportunity", {"ids": [str(shop.first.id)], "input": input})
    entries = api.get(f"/sfa_opportunities/{shop.first.id}/timeline").json()["items"]
    assert [one["title"] for one in entries if one["kind"] == "stage"] == ["proposal", "prospecting"]


REPORTS: dict[str, Callable[[Any, Any], bool]] = {
    "funnel?by=owner": lambda data, table: (
        [row["reached"] for row in table["rows"]] == [one["reached"] for one in data["funnels"][0]["stages"]]
    ),
    "funnel?view=flow": lambda data, table: (
        [row["entered"] for row in table["rows"]] == [one["entered"] for one in data["funnels"][0]["stages"]]
    ),
    "leaderboard?period=2026-Q1": lambda data, table: (
        [row["value"] for row in table["rows"]] == [one["value"] for one in (*data["rows"], data["total"])]
    ),
    "velocity?by=owner": lambda data, table: (
        [row["velocity_per_day"] for row in table["rows"]]
        == [one["velocity_per_day"] for one in (*data["rows"], data["total"])]
    ),
    "forecast?kind=month": lambda data, table: (
        [row["expected"] for row in table["rows"]] == [one["total"]["expected"] for one in data["periods"]]
    ),
}


@pytest.mark.parametrize("asked", REPORTS)
def test_reports_show_the_figures_of_the_routes(api: Api, asked: str) -> None:
    data, report = api.get(f"/sfa/{asked}"), api.get(f"/reports/sfa.{asked}")
    assert (data.status_code, report.status_code) == (200, 200), data.text + report.text
    blocks = report.json()["blocks"]
    table = next(block for block in blocks if block["kind"] == "table")
    assert table["rows"]
    assert REPORTS[asked](data.json(), table)
    assert any(block["kind"] == "chart" for block in blocks)


def test_wrong_questions_are_told_by_parameter(api: Api) -> None:
    wrong = api.get("/sfa/funnel?by=colour&since=yesterday&perid=2026")
    assert wrong.status_code == 400
    pointers = {one["pointer"] for one in wrong.json()["errors"]}
    assert pointers == {"/query/by", "/query/since", "/query/perid"}
    assert api.get("/reports/sfa.leaderboard?period=2026-Q9").status_code == 400
    assert api.get("/sfa/velocity?pipeline=none").status_code == 404


def test_everything_is_in_the_openapi_document(api: Api) -> None:
    paths = api.get("/openapi.json").json()["paths"]
    operations = {one["operationId"] for some in paths.values() for one in some.values() if "operationId" in one}
    assert {"sfa_get_funnel", "sfa_get_quote_pdf", "do_sfa_convert_lead", "report_sfa_forecast"} <= operations


def test_probabilities_are_shown_and_refreshed(api: Api, crm: Crm, shop: Shop) -> None:
    done = api.post("/sfa/probabilities/refresh", {})
    assert (done.status_code, done.json()) == (200, {"changed": 0}), done.text
    stages = api.get("/sfa/probabilities").json()["stages"]
    engaging = next(one for one in stages if one["stage"] == "engaging")
    assert (engaging["probability"], engaging["source"], engaging["won"], engaging["decided"]) == ("25", "stage", 1, 1)
    assert api.get("/sfa/probabilities?pipeline=salse").status_code == 404
