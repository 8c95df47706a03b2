"""Feeds: whose activities they hold, what HTTP says of them, and who opens them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

import crmkit_sfa
from crmkit import Crm
from crmkit.core.staff import User
from crmkit.core.values.clock import FixedClock
from crmkit.plugin import NotFound, change
from crmkit.testing.making import AsUser, MakeCrm
from crmkit_sfa.activities.entities import Activity
from crmkit_sfa.activities.planning import close, plan
from crmkit_sfa.calendars.entities import CalendarFeed
from crmkit_sfa.calendars.feeds import calendar_feed, make_feed, open_feed, revoke_feed

NOW = datetime(2026, 3, 20, 8, tzinfo=UTC)


@pytest.fixture
def lite(make_crm: MakeCrm, clock: FixedClock) -> Crm:
    clock.set(NOW)
    return make_crm(plugins=[crmkit_sfa], config={"timezone": "Europe/Berlin"})


@pytest.fixture
def ann(lite: Crm) -> User:
    with lite.session() as session:
        users = User(login="ann", name="Ann"), User(login="bob", name="Bob")
        session.add(*users)
        ctx = lite.context(session, "sfa")
        plan(ctx, "Ann's", kind="call", starts_at=NOW, owner_id=users[0].id)
        plan(
            ctx,
            "Bob's with Ann",
            kind="meeting",
            starts_at=NOW,
            owner_id=users[1].id,
            participants=[users[0]],
            rrule="FREQ=DAILY",
        )
        plan(ctx, "Bob's", kind="call", starts_at=NOW, owner_id=users[1].id)
        session.flush()
        series = session.find(Activity, subject="Bob's with Ann")
        assert series is not None
        close(ctx, series, "cancelled", "", "20260321T090000")
    return users[0]


def test_a_feed_holds_what_a_user_owns_or_takes_part_in(lite: Crm, ann: User) -> None:
    with lite.session(reads=True) as session:
        feed = calendar_feed(lite.context(session, "sfa"), ann.id, name="Ann")
    text = feed.content.decode()
    assert feed.count == 3
    assert "SUMMARY:Ann's" in text
    assert "STATUS:CANCELLED" in text
    assert "SUMMARY:Bob's\r\n" not in text
    assert "X-WR-CALNAME:Ann" in text


def test_a_feed_is_the_same_until_something_changes(lite: Crm, ann: User, clock: FixedClock) -> None:
    def read() -> object:
        with lite.session(reads=True) as session:
            return calendar_feed(lite.context(session, "sfa"), ann.id)

    first = read()
    clock.advance(days=40)
    second = read()
    assert first == second
    with lite.session() as session:
        plan(lite.context(session, "sfa"), "More", kind="call", starts_at=NOW, owner_id=ann.id)
    with lite.session(reads=True) as session:
        third = calendar_feed(lite.context(session, "sfa"), ann.id)
    assert third.last_modified == clock.now()
    assert third.headers["Last-Modified"] == "Wed, 29 Apr 2026 08:00:00 GMT"
    assert third.unchanged(f'W/"x", "{third.etag}"')
    assert third.unchanged("*")
    assert not third.unchanged(f'"{first.etag}"')  # type: ignore[attr-defined]


def test_days_bound_a_feed_and_series_reach_into_it(lite: Crm, ann: User) -> None:
    with lite.session() as session:
        ctx = lite.context(session, "sfa")
        plan(ctx, "May", starts_on=date(2026, 5, 1), kind="meeting", owner_id=ann.id)
        april = calendar_feed(ctx, ann.id, first=date(2026, 4, 1), last=date(2026, 4, 30)).content.decode()
    assert "SUMMARY:May" not in april
    assert "SUMMARY:Ann's" not in april
    assert "RRULE:FREQ=DAILY" in april


def test_a_token_opens_one_calendar_until_it_is_revoked(crm: Crm, clock: FixedClock) -> None:
    clock.set(NOW)
    with crm.session() as session:
        ctx = crm.context(session, "sfa")
        ann = User(login="ann", name="Ann")
        session.add(ann)
        plan(ctx, "Ann's", kind="call", starts_at=NOW, owner_id=ann.id)
        plan(ctx, "Nobody's", kind="call", starts_at=NOW)
        made, token = make_feed(ctx, ann, "telephone")
        _, other = make_feed(ctx, ann)
    stranger = AsUser(crm)()
    with crm.session(stranger) as session:
        ctx = crm.context(session, "sfa")
        assert open_feed(ctx, token).count == 1
        for wrong in ("", token[:-1], token + "x", made.token_hash):
            with pytest.raises(NotFound, match="no calendar feed"):
                open_feed(ctx, wrong)
    with crm.session() as session:
        stored = session.get(CalendarFeed, made.id)
        assert token not in str(stored)
        revoke_feed(crm.context(session, "sfa"), stored)
    with crm.session() as session:
        ctx = crm.context(session, "sfa")
        with pytest.raises(NotFound):
            open_feed(ctx, token)
        assert open_feed(ctx, other).count == 1
        session.update(change(session.get(User, ann.id), state="frozen"))
    with crm.session() as session, pytest.raises(NotFound):
        open_feed(crm.context(session, "sfa"), other)


def test_a_file_takes_few_selects_however_long_it_is(lite: Crm, ann: User) -> None:
    import sqlalchemy as sa

    with lite.session() as session:
        ctx = lite.context(session, "sfa")
        for number in range(60):
            plan(
                ctx,
                f"S{number}",
                kind="call",
                starts_at=NOW + timedelta(days=number),
                owner_id=ann.id,
                reminders=[15],
                participants=[f"{number}@x.example"],
            )
    statements: list[str] = []
    with lite.session(reads=True) as session:
        ctx = lite.context(session, "sfa")
        session.count(Activity)
        sa.event.listen(session.connection, "before_cursor_execute", lambda *call: statements.append(call[2]))
        assert calendar_feed(ctx, ann.id).count == 63
    assert len(statements) <= 5
