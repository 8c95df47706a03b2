"""The company in a database: everything arrives, once, and everybody sees what their role says."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from crmkit.cli import demo_company
from crmkit.cli.demo_company import DATA, MAPPING, STORY_ENDS, load, summarise
from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.entity import change
from crmkit.core.errors import AccessDenied, BadInput
from crmkit.core.grouping import Segment
from crmkit.core.interaction import Interaction, InteractionLink, InteractionParticipant
from crmkit.core.journal import AuditEntry, ImportRun
from crmkit.core.lifecycle import StageTransition
from crmkit.core.product import Asset, Product
from crmkit.core.staff import Delegation, RoleAssignment, Team, User
from crmkit.core.survey import SurveyAnswer, SurveyQuestion
from crmkit.core.values.money import Money
from crmkit.runtime.crm import Crm
from crmkit.services.identify.duplicates import find_duplicates
from crmkit.services.importing.mapping import load_mapping
from crmkit.services.importing.running import Progress, run_import
from crmkit.services.lifecycle.reports import stage_counts
from crmkit.services.satisfaction import satisfaction_report
from crmkit.services.search import search, unindexed
from crmkit.services.value import customer_worths
from tests.demo.conftest import Rows

Read = Callable[[str], Rows]


def test_everything_in_the_files_is_in_the_database(demo: Crm, rows: Read) -> None:
    with demo.session(reads=True) as session:
        assert session.count(User) == len(rows("users"))
        assert session.count(Team) == len(rows("teams"))
        assert session.count(Product) == len(rows("products"))
        assert session.count(Customer) == sum(len(rows(name)) for name in ("organizations", "people", "cards"))
        assert session.count(Asset) == len(rows("assets"))
        assert session.count(Interaction) == len(rows("interactions"))
        assert session.count(InteractionLink) == len(rows("links"))
        # The organization, the person who spoke for it, and the user.
        assert session.count(InteractionParticipant) == 3 * len(rows("interactions"))
        assert session.count(RoleAssignment) == len(rows("users"))


def test_revenue_is_orders_less_returns(demo: Crm, rows: Read) -> None:
    currency = {row["key"]: row["currency"] for row in rows("interactions") if row["kind"] == "purchase"}
    wanted: dict[str, Decimal] = defaultdict(Decimal)
    for line in rows("lines"):
        amount = Decimal(line["quantity"]) * Decimal(line["unit_price"]) * (1 - Decimal(line["discount"]))
        wanted[currency[line["order"]]] += amount
    for row in rows("interactions"):
        if row["kind"] == "return":
            wanted[row["currency"]] -= Decimal(row["amount"])
    with demo.session(reads=True) as session:
        summary = summarise(demo, session)
    assert summary.revenue == tuple(Money(wanted[name], name) for name in sorted(wanted))
    assert sorted(wanted) == ["CNY", "EUR"]
    assert [money.amount for _, money in summary.top[:5]] == sorted(
        (m.amount for _, m in summary.top[:5]), reverse=True
    )


def test_doing_it_again_changes_nothing(demo: Crm) -> None:
    with demo.session(reads=True) as session:
        before = session.count(AuditEntry), session.count(ImportRun)
    assert load(demo) is False
    with demo.session(reads=True) as session:
        assert (session.count(AuditEntry), session.count(ImportRun)) == before


def test_importing_the_files_again_changes_no_record(demo: Crm) -> None:
    report = run_import(demo, demo.system, DATA, load_mapping(MAPPING))
    assert (report.changed, report.rejected) == (0, 0)
    assert report.counts["interaction"]["unchanged"] > 600


def test_an_interrupted_import_goes_on() -> None:
    class Killed(Exception):
        pass

    def die(at: Progress) -> None:
        if at.source == "people":
            raise Killed

    with Crm.open("sqlite://", plugins=[]) as crm:
        with pytest.raises(Killed):
            load(crm, die)
        with crm.session(reads=True) as session:
            assert session.count(Customer) > 60
            assert session.count(Interaction) == 0
        assert load(crm) is True
        with crm.session(reads=True) as session:
            assert [run.state for run in session.list(ImportRun)] == ["finished"]
            assert session.count(Interaction) > 600
        assert load(crm) is False


def test_both_databases_hold_the_same_revenue(demo: Crm, postgres_url: str) -> None:
    with Crm.open(postgres_url, plugins=[]) as crm:
        assert load(crm)
        with crm.session(reads=True) as there, demo.session(reads=True) as here:
            ours, theirs = summarise(demo, here), summarise(crm, there)
    assert ours.counts == theirs.counts
    assert ours.revenue == theirs.revenue
    assert [(c.name, money) for c, money in ours.top] == [(c.name, money) for c, money in theirs.top]


def test_a_database_with_customers_of_others_is_left_alone() -> None:
    with Crm.open("sqlite://", plugins=[]) as crm:
        with crm.session() as session:
            session.add(Customer(name="Somebody else", kind="organization"))
        with pytest.raises(BadInput, match="holds other customers already"):
            load(crm)
        with crm.session(reads=True) as session:
            assert (session.count(Customer), session.count(User)) == (1, 0)


def test_what_customers_answer_is_reported(demo: Crm, rows: Read) -> None:
    with demo.session(reads=True) as session:
        assert session.count(SurveyAnswer) == len(rows("answers"))
        report = satisfaction_report(session, "side")
    assert [row.key for row in report.rows if row.rated] == ["idea", "conduct", "look_and_sound", "product", "service"]
    assert report.total.c is not None
    assert Decimal("0.8") < report.total.c < Decimal("1.1")
    assert report.total.nps is not None
    assert 20 < report.total.nps.score < 70
    assert report.total.answered < report.total.asked


def test_the_answers_are_those_that_the_text_of_the_survey_tells(demo: Crm) -> None:
    with demo.session(reads=True) as session:
        (question,) = session.list(SurveyQuestion, name="installation-engineer")
        told = 0
        for item in session.list(SurveyAnswer, question_id=question.id):
            numbers = re.findall(r"\d+", session.get(Interaction, item.interaction_id).body)
            assert [int(number) for number in numbers[:2]] == [item.expected, item.experienced]
            told += 1
    assert told > 50


def test_revenue_in_two_currencies_makes_one_ranking(demo: Crm) -> None:
    with demo.session(reads=True) as session:
        worths = customer_worths(session, demo.kinds, "EUR")
    assert worths[0].name == "苏州芯澜半导体有限公司"
    # At 7.55 to 8.40 CNY for one EUR.
    assert Decimal(1_017_831) / Decimal("8.4") < worths[0].revenue < Decimal(1_017_831) / Decimal("7.55")


def test_customers_have_come_through_their_lifecycle_by_its_rules(demo: Crm) -> None:
    with demo.session(reads=True) as session:
        standing = {one.stage: one.count for one in stage_counts(session, "customer")}
        rules = {step.rule for step in session.list(StageTransition, cause="rule")}
        latest = max(step.occurred_at for step in session.list(StageTransition))
    assert standing["customer"] > standing["at_risk"] > 0
    assert standing["interested"] > 0
    assert sum(standing.values()) > 50
    assert rules >= {"first_visit", "first_purchase", "no_purchase_for_450_days", "purchase_when_at_risk"}
    assert latest < STORY_ENDS


def test_cards_from_the_fair_are_suspected(demo: Crm, rows: Read) -> None:
    with demo.session(reads=True) as session:
        pairs = find_duplicates(session, 0.9)
        assert len(pairs) == len(rows("cards")) == 3
        assert {"刘雪梅", "Frauke Gerdes", "Thamesgate Biologics"} <= {pair.second_name for pair in pairs}
        assert search(session, "mingyuan").hits[0].title.startswith("明源")


def test_a_deputy_works_for_whom_it_stands_in(demo: Crm) -> None:
    with demo.session(reads=True) as session:
        (given,) = session.list(Delegation, reason="Parental leave")
    assert (given.starts_at, given.ends_at) == (datetime(2026, 7, 1, tzinfo=UTC), datetime(2027, 7, 1, tzinfo=UTC))


def test_conversations_are_threads_in_both_languages(demo: Crm) -> None:
    with demo.session(reads=True) as session:
        threads: dict[object, list[Interaction]] = defaultdict(list)
        for one in session.list(Interaction, "thread_id is not empty", order="occurred_at"):
            threads[one.thread_id].append(one)
    for one in threads.values():
        assert (one[0].kind in ("email", "web", "complaint"), one[0].direction) == (True, "inbound")
    kinds = {tuple(one.kind for one in found) for found in threads.values()}
    assert ("complaint", "email", "visit", "call") in kinds
    chinese = [found for found in threads.values() if re.search("[一-鿿]", found[0].body)]
    assert 10 < len(chinese) < len(threads)


def test_what_was_stopped_behind_the_import_is_made_ready_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(crm: Crm) -> bool:
        raise KeyboardInterrupt

    with Crm.open("sqlite://", plugins=[]) as crm:
        with monkeypatch.context() as patch:
            patch.setattr(demo_company, "settle", stop)
            with pytest.raises(KeyboardInterrupt):
                load(crm)
        with crm.session(reads=True) as session:
            assert (session.count(Interaction) > 600, session.count(StageTransition, cause="rule")) == (True, 0)
        assert load(crm) is True
        with crm.session(reads=True) as session:
            assert unindexed(session) == 0
            assert session.count(StageTransition, cause="rule") > 50
        assert load(crm) is False


def test_segments_find_somebody(demo: Crm) -> None:
    with demo.session(reads=True) as session:
        found = {segment.name: session.count(Customer, segment.filter) for segment in session.list(Segment)}
    assert len(found) == 10
    assert [name for name, count in found.items() if not 0 < count < 100] == []


def test_a_representative_sees_the_teams_customers_and_changes_the_own(demo: Crm) -> None:
    with demo.session(reads=True) as session:
        team = session.find(Team, name="上海销售")
        assert team is not None
        expected = session.count(Customer, team_id=team.id)
    actor = demo.actor("wang.siyu")
    with demo.session(actor) as session:
        seen = session.list(Customer)
        assert len(seen) == expected > 20
        assert {customer.country for customer in seen} == {"CN"}
        assert session.count(ContactPoint) > expected
        assert {user.name for user in session.list(User)} >= {"Anke Petersen", "王思雨"}
        own = next(customer for customer in seen if customer.owner_id == actor.user_id)
        session.update(change(own, description="重点跟进"))
        session.commit()
        other = next(customer for customer in seen if customer.owner_id != actor.user_id)
        session.update(change(other, description="不是我的客户"))
        with pytest.raises(AccessDenied):
            session.flush()
        session.rollback()


def test_managers_see_their_branch_and_service_sees_everybody(demo: Crm) -> None:
    seen = {}
    for login in ("anke.petersen", "jan.brandt", "lin.xiaomei", "sun.hao", "merle.hansen"):
        with demo.session(demo.actor(login), reads=True) as session:
            seen[login] = {customer.id for customer in session.list(Customer)}
    with demo.session(reads=True) as session:
        everybody = {customer.id for customer in session.list(Customer)}
    assert seen["anke.petersen"] == seen["sun.hao"] == everybody
    assert seen["merle.hansen"] < seen["jan.brandt"] < everybody
    assert not seen["jan.brandt"] & seen["lin.xiaomei"]


def test_service_changes_no_customer(demo: Crm) -> None:
    with demo.session(demo.actor("ole.jensen")) as session:
        customer = session.list(Customer, limit=1)[0]
        session.update(change(customer, name="Renamed"))
        with pytest.raises(AccessDenied):
            session.flush()
        session.rollback()
