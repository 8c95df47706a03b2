"""``crmkit sfa``: imported only when it runs. Each room brings commands of its own."""

from __future__ import annotations

from crmkit.command import group, wording
from crmkit_sfa.accounts.commands import account
from crmkit_sfa.activities.commands import activity
from crmkit_sfa.assignment.command_leads import LEAD_STEPS
from crmkit_sfa.assignment.command_staff import STAFF
from crmkit_sfa.assignment.commands import assignment
from crmkit_sfa.calendars.commands import calendar
from crmkit_sfa.dealers.command_reports import REPORTS
from crmkit_sfa.dealers.commands import dealer
from crmkit_sfa.dealers.deal_commands import deal
from crmkit_sfa.forecasting.commands import forecast
from crmkit_sfa.funnel.commands import funnel, leaderboard, velocity
from crmkit_sfa.inquiries.commands import inquiry
from crmkit_sfa.leads.command_steps import STEPS
from crmkit_sfa.leads.commands import lead
from crmkit_sfa.opportunities import command_odds as command_odds  # adds commands to the group
from crmkit_sfa.opportunities import command_parts as command_parts  # and this one too
from crmkit_sfa.opportunities.commands import opportunity
from crmkit_sfa.orders.commands import order
from crmkit_sfa.pricing.commands import price
from crmkit_sfa.quotes.commands import quote
from crmkit_sfa.receipts.commands import receipt
from crmkit_sfa.scorecards.commands import scorecard
from crmkit_sfa.targets.commands import target
from crmkit_sfa.transfers.commands import transfer


@group("sfa", help=wording("Sell: leads, opportunities, quotes, orders, forecasts."))
def sfa() -> None:
    pass


sfa.add_command(opportunity)
sfa.add_command(lead)
sfa.add_command(assignment)
for step in (*STEPS, *LEAD_STEPS):
    lead.add_command(step)
for about_staff in STAFF:
    assignment.add_command(about_staff)
sfa.add_command(transfer)
sfa.add_command(funnel)
sfa.add_command(leaderboard)
sfa.add_command(velocity)
sfa.add_command(forecast)
sfa.add_command(target)
sfa.add_command(price)
sfa.add_command(quote)
sfa.add_command(inquiry)
sfa.add_command(activity)
sfa.add_command(calendar)
sfa.add_command(dealer)
for report in REPORTS:
    dealer.add_command(report)
sfa.add_command(deal)
sfa.add_command(account)
sfa.add_command(scorecard)
sfa.add_command(order)
sfa.add_command(receipt)
