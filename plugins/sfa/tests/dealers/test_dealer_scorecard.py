from __future__ import annotations

from decimal import Decimal

from crmkit.core.customer import Customer
from crmkit.core.values.clock import FixedClock
from crmkit.plugin import Money, change
from crmkit_sfa.dealers.entities import DealerOffer
from crmkit_sfa.dealers.judging import judge
from crmkit_sfa.dealers.offering import accept, decline
from crmkit_sfa.leads.entities import Lead
from crmkit_sfa.opportunities.entities import Opportunity
from crmkit_sfa.scorecards.evaluating import define
from crmkit_sfa.scorecards.scoring import Criterion
from plugins.sfa.tests.dealers.conftest import Trade


def test_dealers_are_judged_on_conduct_and_value(trade: Trade, clock: FixedClock) -> None:
    leads = [Lead(name=f"Lead {n}", owner_id=trade.id_of("hanna")) for n in range(3)]
    with trade.as_() as ctx:
        ctx.session.add(*leads)
    made = [trade.offered(record=trade.now(lead)) for lead in leads]
    clock.advance(hours=4)
    with trade.as_("nora") as ctx:
        for one in made[:2]:
            accept(ctx, one)
        decline(ctx, made[2], "too far")
    with trade.as_("nora") as ctx:
        ctx.session.update(change(ctx.session.get(Lead, leads[0].id), status="working"))
        firm = Customer(name="Oder Werke", kind="organization", domain="oder.example", country="DE")
        deal = Opportunity(name="Won", customer_id=firm.id, amount=Money.of("50000", "EUR"))
        ctx.session.add(firm, deal)
    with trade.as_("nora") as ctx:
        ctx.session.update(change(ctx.session.get(Opportunity, deal.id), stage="won"))
    clock.advance(hours=50)
    with trade.as_("hanna") as ctx:
        north, south = judge(ctx, "2026-03")
    values = {name: Decimal(value) for name, value in north.result.values.items()}
    quality = values.pop("quality")
    assert values == {
        "response": Decimal(4),
        "acceptance": Decimal("66.67"),
        "follow_up": Decimal(50),
        "conversion": Decimal(0),
        "value": Decimal(50_000),
    }
    assert 0 < quality <= 100
    assert (north.party, north.place, north.result.covered) == ("Dealer North", 1, Decimal(100))
    assert (south.party, south.result.total, dict(south.result.values)) == ("Dealer South", None, {})


def test_weights_are_the_installations_own(quick: Trade) -> None:
    made = quick.offered()
    with quick.as_("nora") as ctx:
        decline(ctx, ctx.session.get(DealerOffer, made.id), "no")
    answered = Criterion(name="answers", worst=Decimal(10), best=Decimal(0), fact="dealer.response")
    with quick.as_("hanna") as ctx:
        define(ctx, "dealers", [answered], relation="dealer_of")
        first = judge(ctx, "2026-03")[0]
    assert (first.party, first.result.total, dict(first.result.values)) == ("Dealer North", 100, {"answers": "0.00"})
