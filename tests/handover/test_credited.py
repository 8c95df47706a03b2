"""Records that are over stay with whom they are credited to; what is not over passes, as an entity declares it."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from crmkit.core.staff import User
from crmkit.plugin import Record, entity, field, hookimpl
from crmkit.runtime.crm import Crm
from crmkit.services.handover import HandOverRule, HandOverRules, holdings, run
from crmkit.testing.making import AsUser, MakeCrm


@entity("yard_job", label="Job of the yard", plugin="yard", over="state = done", credited=True)
class YardJob(Record):
    """Something to be done; who did it keeps the credit."""

    name: str = field()
    state: Literal["open", "done"] = field(default="open")


@entity("yard_list", label="List of the yard", plugin="yard", over="state = done")
class YardList(Record):
    """A list; somebody goes on looking after it when it is done."""

    name: str = field()
    state: Literal["open", "done"] = field(default="open")


class Yard:
    @hookimpl
    def register_entities(self, ctx: Any, call: Any) -> list[type]:
        return [YardJob, YardList]


@pytest.fixture(params=["sqlite", "postgresql"])
def crm(request: pytest.FixtureRequest, make_crm: MakeCrm) -> Crm:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    return make_crm(plugins=[Yard()], url=url)


def test_what_is_over_and_credited_stays(crm: Crm) -> None:
    as_user = AsUser(crm)
    anna, ben = as_user("* * all", login="anna"), as_user("* * all", login="ben")
    made = [
        cls(name=state, state=state, owner_id=anna.user_id) for cls in (YardJob, YardList) for state in ("open", "done")
    ]  # type: ignore[call-arg]
    with crm.session() as session:
        session.add(*made)
    with crm.session(reads=True) as session:
        owned = holdings(session, session.get(User, anna.user_id)).owned
    counted = {one.entity: (one.total, one.open, one.closed) for one in owned if one.entity.startswith("yard")}
    assert counted == {"yard_job": (1, 1, 0), "yard_list": (2, 1, 1)}
    report = run(crm, crm.system, "anna", HandOverRules().with_rest("ben"))
    assert (report.user.state, report.left) == ("departed", ())
    with crm.session(reads=True) as session:
        owners = [session.get(type(one), one.id).owner_id for one in made]
    assert owners == [ben.user_id, anna.user_id, ben.user_id, ben.user_id]


def test_rules_ask_for_what_is_over(crm: Crm) -> None:
    as_user = AsUser(crm)
    anna, ben, cleo = (as_user("* * all", login=login) for login in ("anna", "ben", "cleo"))
    made = {state: YardList(name=state, state=state, owner_id=anna.user_id) for state in ("open", "done")}  # type: ignore[arg-type]
    with crm.session() as session:
        session.add(*made.values())
    rule = HandOverRule(to=("cleo",), entity="yard_list", progress="closed")
    run(crm, crm.system, "anna", HandOverRules(rules=(rule,)).with_rest("ben"))
    with crm.session(reads=True) as session:
        assert [session.get(YardList, made[s].id).owner_id for s in ("open", "done")] == [ben.user_id, cleo.user_id]
