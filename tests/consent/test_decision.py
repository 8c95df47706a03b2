"""The rules by which statements decide, without any database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.consent_decision import Decision, decide

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
HOME, WORK, NOBODY = UUID(int=1), UUID(int=2), UUID(int=0)


@attrs.frozen
class Fact:
    decision: str
    day: int
    channel: str = ""
    purpose: str = "newsletter"
    contact_point_id: UUID | None = None
    id: UUID = NOBODY

    @property
    def effective_at(self) -> datetime:
        return NOW - timedelta(days=100 - self.day)


def asked(*facts: Fact, point: UUID | None = None) -> Decision:
    return decide(facts, "email", "newsletter", point, NOW)


@pytest.mark.parametrize(
    ("facts", "allowed"),
    [
        pytest.param((), False, id="silence is no consent"),
        pytest.param((Fact("granted", 1),), True, id="a grant for all channels reaches each"),
        pytest.param((Fact("granted", 1, "sms"),), False, id="another channel says nothing"),
        pytest.param((Fact("granted", 1, purpose="survey"),), False, id="another purpose says nothing"),
        pytest.param((Fact("granted", 1, purpose="*"),), True, id="a grant for all purposes reaches each"),
        pytest.param((Fact("granted", 1, contact_point_id=HOME),), False, id="a point says nothing on the channel"),
        pytest.param((Fact("granted", 101),), False, id="not yet in effect"),
        pytest.param((Fact("denied", 2), Fact("granted", 1, "email")), True, id="the specific grant beats the denial"),
        pytest.param((Fact("granted", 2), Fact("denied", 1, "email")), False, id="the specific denial beats the grant"),
        pytest.param((Fact("denied", 1), Fact("granted", 2)), True, id="the newer grant counts"),
        pytest.param((Fact("granted", 1), Fact("denied", 2)), False, id="the newer denial counts"),
        pytest.param((Fact("granted", 1), Fact("denied", 1)), False, id="a tie in time denies"),
        pytest.param(
            (Fact("granted", 2, "email", "*"), Fact("denied", 1)), False, id="a tie in how specific they are denies"
        ),
        pytest.param(
            (Fact("granted", 2, "email", "*"), Fact("granted", 1)), True, id="where nobody disagrees there is no tie"
        ),
        pytest.param(
            (Fact("withdrawn", 2), Fact("granted", 1, "email")), False, id="a withdrawal reaches older, narrower grants"
        ),
        pytest.param((Fact("withdrawn", 1), Fact("granted", 2, "email")), True, id="what was granted after it stands"),
        pytest.param(
            (Fact("withdrawn", 1, "email"), Fact("granted", 2)), False, id="a wide grant undoes no narrow withdrawal"
        ),
        pytest.param(
            (Fact("withdrawn", 3), Fact("granted", 1, "email"), Fact("granted", 4)), True, id="granted anew for all"
        ),
    ],
)
def test_what_decides(facts: Sequence[Fact], allowed: bool) -> None:
    assert asked(*facts).allowed is allowed


def test_a_contact_point_comes_before_its_channel() -> None:
    facts = [Fact("granted", 5, "email", id=UUID(int=8)), Fact("denied", 1, contact_point_id=HOME, id=UUID(int=9))]
    assert asked(*facts).allowed
    assert asked(*facts, point=WORK).allowed
    denied = asked(*facts, point=HOME)
    assert (denied.allowed, denied.fact_id, denied.considered) == (False, UUID(int=9), (UUID(int=8), UUID(int=9)))


def test_the_reason_names_statement_and_day() -> None:
    assert str(asked().reason) == "no statement on newsletter by email is on record"
    assert str(asked(Fact("granted", 99, "email")).reason) == "granted for newsletter by email on 2026-03-14"
    withdrawn = asked(Fact("withdrawn", 99, purpose="*"))
    assert str(withdrawn.reason) == "withdrawn for all purposes by every channel on 2026-03-14"
    tie = asked(Fact("granted", 99), Fact("denied", 99))
    assert str(tie.reason).startswith("statements of equal weight disagree")


WORDS = st.sampled_from(["granted", "denied", "withdrawn"])
POINTS = st.sampled_from([None, HOME, WORK])


@st.composite
def facts(draw: st.DrawFn, purposes: Sequence[str] = ("newsletter", "survey", "*")) -> list[Fact]:
    made = st.builds(
        Fact,
        decision=WORDS,
        day=st.integers(90, 105),
        channel=st.sampled_from(["", "email", "sms"]),
        purpose=st.sampled_from(purposes),
        contact_point_id=POINTS,
    )
    return [attrs.evolve(fact, id=UUID(int=n)) for n, fact in enumerate(draw(st.lists(made, max_size=8)))]


@given(facts(), POINTS, st.randoms(use_true_random=False))
def test_the_order_of_arrival_never_matters(some: list[Fact], point: UUID | None, random: object) -> None:
    before = asked(*some, point=point)
    random.shuffle(some)  # type: ignore[attr-defined]
    assert asked(*some, point=point) == before


@given(facts(), facts(purposes=("survey",)), POINTS)
def test_statements_on_something_else_change_nothing(some: list[Fact], others: list[Fact], point: UUID | None) -> None:
    elsewhere = [attrs.evolve(fact, channel="sms", purpose="newsletter", contact_point_id=None) for fact in others]
    later = [attrs.evolve(fact, day=150) for fact in some]
    assert asked(*some, *others, *elsewhere, *later, point=point) == asked(*some, point=point)


@given(facts(), POINTS, st.sampled_from(["", "email"]), st.sampled_from(["newsletter", "*"]), POINTS)
def test_no_older_grant_survives_a_withdrawal_that_reaches_the_question(
    some: list[Fact], point: UUID | None, channel: str, purpose: str, reached: UUID | None
) -> None:
    last = max([fact.day for fact in some if fact.decision == "granted"], default=90)
    withdrawal = Fact("withdrawn", min(last, 100), channel, purpose, point if reached else None, id=UUID(int=99))
    assert not asked(*some, withdrawal, point=point).allowed


@given(facts(), POINTS)
def test_a_denial_never_helps(some: list[Fact], point: UUID | None) -> None:
    denial = Fact("denied", 100, "email", "newsletter", point, id=UUID(int=99))
    assert not asked(*some, denial, point=point).allowed
    without = [fact for fact in some if fact.decision == "granted"]
    assert asked(*some, point=point).allowed <= asked(*without, point=point).allowed


@given(facts(), POINTS)
def test_the_deciding_statement_says_what_was_decided(some: list[Fact], point: UUID | None) -> None:
    decision = asked(*some, point=point)
    said = {fact.id: fact.decision for fact in some}
    if decision.fact_id is None:
        assert decision.considered == ()
    else:
        assert decision.fact_id in decision.considered
        assert (said[decision.fact_id] == "granted") is decision.allowed
