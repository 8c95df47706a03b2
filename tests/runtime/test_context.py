"""What a context tells of where and when somebody works."""

from __future__ import annotations

from datetime import UTC, date, datetime

from crmkit.core.staff import User
from crmkit.core.values.clock import FixedClock
from crmkit.plugin import Manifest
from crmkit.testing.making import MakeCrm


class Quiet:
    manifest = Manifest(name="quiet")


def test_today_is_the_day_where_the_actor_is(make_crm: MakeCrm, clock: FixedClock) -> None:
    crm = make_crm(plugins=[Quiet()], config={"timezone": "Europe/Berlin", "currency": "CHF"})
    with crm.session() as session:
        session.add(User(login="lin", name="Lin", timezone="Asia/Shanghai"), User(login="bo", name="Bo"))
    clock.set(datetime(2026, 3, 15, 22, 30, tzinfo=UTC))
    with crm.session(reads=True) as session:
        ctx = crm.context(session, "quiet")
        assert (ctx.timezone, ctx.today(), ctx.currency) == ("Europe/Berlin", date(2026, 3, 15), "CHF")
    with crm.session(crm.actor("lin"), reads=True) as session:
        ctx = crm.context(session, "quiet")
        assert (ctx.timezone, ctx.today()) == ("Asia/Shanghai", date(2026, 3, 16))
    with crm.session(crm.actor("bo"), reads=True) as session:
        assert crm.context(session, "quiet").timezone == "Europe/Berlin"
