"""What is looked after by itself: leads that wait are assigned and escalated, recycled ones wake."""

from __future__ import annotations

from crmkit.plugin import Context, Job, JobDeclaration, ScheduleDeclaration


def look_after_leads(ctx: Context, job: Job) -> None:
    """Wake recycled leads whose day has come, assign those that nobody has, and escalate those that wait too long."""
    from crmkit_sfa.assignment.assigning import assigned, waiting_for_assignment
    from crmkit_sfa.assignment.escalating import escalate
    from crmkit_sfa.leads.changing import woken

    with ctx.elevated("no lead is lost, whoever has it"):
        woken(ctx)
        if ctx.config.assignment.automatic:
            assigned(ctx, [lead.id for lead in waiting_for_assignment(ctx)])
        escalate(ctx)


ASSIGNMENT_JOBS = (JobDeclaration(name="sfa.look_after_leads", run=look_after_leads, concurrency=1, timeout=600),)
ASSIGNMENT_SCHEDULES = (
    ScheduleDeclaration(name="sfa.look_after_leads", job="sfa.look_after_leads", cron="*/5 * * * *", catch_up="once"),
)
