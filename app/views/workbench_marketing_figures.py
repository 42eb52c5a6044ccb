"""Marketing on the workbench, in figures: opportunities and plans, each with its course and the way to its rows."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from app.actions.marketing import ASSIGNED, UNASSIGNED
from app.i18n import Label, gettext, ngettext
from app.reports import marketing as report
from app.reports.engine import frame_of
from app.reports.money import money_in_words, short_money
from app.reports.periods import Planned, Span, last_months, last_weeks, month_start, months_before
from app.security.actor import Actor
from app.security.rights import OPPORTUNITIES, PLANS, Verb
from app.views.listing import COUNT_CAP
from app.views.sections import Figure, Look, Reading, Section, Series, capped
from app.views.wording import changed, in_words, percent, toned

WEEKS, MONTHS = 12, 12
SEE_OPPORTUNITIES, SEE_PLANS = OPPORTUNITIES.right(Verb.SEE), PLANS.right(Verb.SEE)
ASSIGN, CARRY_OUT = OPPORTUNITIES.right(Verb.ASSIGN), PLANS.right(Verb.CARRY_OUT)


def leads(by: Actor) -> bool:
    """Whoever assigns looks at everything within sight."""
    return by.may(ASSIGN)


def develops(by: Actor) -> bool:
    """Whoever carries out plans and assigns nothing looks at what is his own."""
    return by.may(CARRY_OUT) and not leads(by)


def watches(by: Actor) -> bool:
    """Whoever only sees looks at results."""
    return not by.may(CARRY_OUT) and not leads(by)


def oversees(by: Actor) -> bool:
    """Everybody but those who look at their own."""
    return not develops(by)


def _of(look: Look) -> int | None:
    return look.by.person_id if develops(look.by) else None


def _href(path: str, look: Look, **values: Any) -> str:
    """A list's address, narrowed to the person where the figure is."""
    asked = {**values, **({"assignee": look.username} if develops(look.by) else {})}
    return f"{path}?{urlencode(asked)}"


# ---- spans ----------------------------------------------------------------------------------------------


def _year(look: Look, back: int = 0) -> Span:
    """The twelve months up to today, or those ``back`` years before."""
    end = look.today + timedelta(days=1)
    return Span(months_before(end, 12 * (back + 1)), months_before(end, 12 * back))


def _so_far(look: Look, months: int) -> tuple[Span, Span]:
    """This month (or quarter) up to today, and as many days of the one before."""
    first = month_start(look.today, -((look.today.month - 1) % months))
    before = month_start(first, -months)
    days = (look.today - first).days + 1
    return Span(first, look.today + timedelta(days=1)), Span(before, min(before + timedelta(days=days), first))


def this_week(look: Look) -> Span:
    """From Monday to Sunday."""
    return Span(look.week_end - timedelta(days=6), look.week_end + timedelta(days=1))


# ---- what figures share, read once ------------------------------------------------------------------------


def _developed(look: Look) -> report.Standing:
    return report.standing(look.session, ASSIGNED, of=_of(look))


def waiting(look: Look) -> int:
    """How many opportunities are to be assigned."""
    return report.count_in(look.session, UNASSIGNED)


def _flow(look: Look) -> dict[Any, int]:
    """Since this day a week ago."""
    return report.flow(look.session, look.today - timedelta(days=6), zone=look.zone, of=_of(look))


def _closed(look: Look) -> list[report.Closed]:
    """Twelve months and those before; for who looks at what was won, this month or quarter and the last one."""
    shown = [months for months, is_shown in ((1, develops(look.by)), (3, watches(look.by))) if is_shown]
    spans = [_year(look), _year(look, 1), *(span for months in shown for span in _so_far(look, months))]
    return report.closings(look.session, spans, zone=look.zone, of=_of(look))


def planned_in_view(look: Look) -> Planned:
    """The open plan items that the figures speak of."""
    return report.planned(look.session, look.today, this_week(look), of=_of(look), cap=COUNT_CAP)


ON_LAST_WEEK, AS_LAST_WEEK = Label("%(change)s on a week ago"), Label("as many as a week ago")


# ---- figures ----------------------------------------------------------------------------------------------


def _to_assign(look: Look) -> Reading:
    count = look.once(waiting)
    note = changed(look.once(_flow)[UNASSIGNED], ON_LAST_WEEK, same=AS_LAST_WEEK, less_is_better=True)
    return Reading(f"{count:,}", count, "/opportunities/list/?status=unassigned", note=note)


def _in_development(look: Look) -> Reading:
    found = look.once(_developed)
    weighted = gettext("weighted %(amount)s", amount=money_in_words(found.weighted)) if found.weighted else ""
    note = changed(look.once(_flow)[ASSIGNED], ON_LAST_WEEK, same=AS_LAST_WEEK)
    return Reading(f"{found.count:,}", found.count, _href("/plans/list/", look, status="assigned"), weighted, note)


def _success(look: Look) -> Reading:
    now, before, span = *look.once(_closed)[:2], _year(look)
    href = _href("/plans/list/", look, status="Archived", closed_on_from=span.first, closed_on_to=span.last)
    text, note = percent(now.rate), gettext("%(won)s of %(all)s succeeded", won=now.won, all=now.count)
    if now.rate is None:
        note = gettext("nothing ended in this time")
    elif before.rate is not None:
        points = round((now.rate - before.rate) * 100, 1)
        same = Label("as in the 12 months before")
        note = changed(points, Label("%(change)s points on the 12 months before"), same=same)
    return Reading(text, now.count, href, "%" if now.rate is not None else "", note)


def _won(look: Look, months: int) -> Reading:
    now, before = look.once(_closed)[2:]
    span = _so_far(look, months)[0]
    href = _href("/plans/list/", look, status="succeeded", closed_on_from=span.first, closed_on_to=span.last)
    number, unit = short_money(now.amount)
    note = ngettext("%(num)d opportunity", "%(num)d opportunities", now.won)
    if before.amount:
        share = round(float((now.amount - before.amount) / before.amount) * 100, 1)
        note = changed(share, VERSUS[months], same=Label("%(num)s won, as much as before"), num=now.won)
    return Reading(number, now.won, href, unit, note)


VERSUS = {
    1: Label("%(num)s won, %(change)s %% on last month by this day"),
    3: Label("%(num)s won, %(change)s %% on last quarter by this day"),
}


def _won_this_month(look: Look) -> Reading:
    return _won(look, 1)


def _won_this_quarter(look: Look) -> Reading:
    return _won(look, 3)


def _due_this_week(look: Look) -> Reading:
    found, week = look.once(planned_in_view), this_week(look)
    href = _href("/plan-items/list/", look, state="open", planned_on_from=week.first, planned_on_to=week.last)
    note = gettext("nothing overdue")
    if found.overdue:
        note = toned(ngettext("%(num)d overdue", "%(num)d overdue", found.overdue), "bad")
    return Reading(capped(found.this_week), found.this_week, href, note=note)


def _overdue(look: Look) -> Reading:
    found, yesterday = look.once(planned_in_view), look.today - timedelta(days=1)
    href = _href("/plan-items/list/", look, state="open", planned_on_to=yesterday)
    note = gettext("everything in time")
    if found.overdue and found.oldest:
        days = (look.today - found.oldest).days
        note = ngettext("the oldest for %(num)d day", "the oldest for %(num)d days", days)
    return Reading(capped(found.overdue), found.overdue, href, note=note)


# ---- their course -----------------------------------------------------------------------------------------


def _moves(look: Look) -> Any:
    spans = last_weeks(look.today, WEEKS)
    return frame_of(look.session, report.moves_by_span(spans, zone=look.zone, of=_of(look)))


def _closings(look: Look) -> Any:
    """Of 23 months, so that the first of twelve rates has its twelve months too."""
    spans = last_months(look.today, 2 * MONTHS - 1)
    return frame_of(look.session, report.closings_by_span(spans, zone=look.zone, of=_of(look)))


def _waiting_course(look: Look) -> Series:
    values = report.stock(look.once(_moves), UNASSIGNED, look.once(waiting), WEEKS)
    return Series(values, in_words(Label("To be assigned at the end of each of 12 weeks: %(values)s"), values), "warn")


def _development_course(look: Look) -> Series:
    values = report.stock(look.once(_moves), ASSIGNED, look.once(_developed).count, WEEKS)
    return Series(values, in_words(Label("In development at the end of each of 12 weeks: %(values)s"), values))


def _success_course(look: Look) -> Series:
    values = report.success_rates(look.once(_closings), 2 * MONTHS - 1, MONTHS)
    title = Label("Success rate of 12 months at the end of each of 12 months, in per cent: %(values)s")
    return Series(values, in_words(title, values, decimals=1))


def _won_course(look: Look) -> Series:
    values = report.won_amounts(look.once(_closings), 2 * MONTHS - 1)[MONTHS - 1 :]
    return Series(values, in_words(Label("Won in each of 12 months, in yuan: %(values)s"), values))


def _done_course(look: Look) -> Series:
    spans = last_weeks(look.today, WEEKS)
    statement = report.items_by_span(spans, zone=look.zone, of=_of(look))
    values = report.counts(frame_of(look.session, statement), WEEKS)
    return Series(values, in_words(Label("Plan items carried out in each of 12 weeks: %(values)s"), values))


def _overdue_course(look: Look) -> Series:
    spans = last_weeks(look.today, WEEKS)
    statements = (read(spans, zone=look.zone, of=_of(look)) for read in (report.done_late, report.left_undone))
    values = report.across(*(frame_of(look.session, statement) for statement in statements))
    return Series(values, in_words(Label("Overdue at the end of each of 12 weeks: %(values)s"), values), "bad")


FIGURES = (
    Figure("to_assign", SEE_OPPORTUNITIES, Label("To be assigned"), _to_assign, _waiting_course, 10, leads),
    Figure(
        "own_development",
        SEE_PLANS,
        Label("My opportunities in development"),
        _in_development,
        _development_course,
        20,
        develops,
    ),
    Figure("development", SEE_PLANS, Label("In development"), _in_development, _development_course, 20, oversees),
    Figure("own_success", SEE_PLANS, Label("My success rate, 12 months"), _success, _success_course, 30, develops),
    Figure("success", SEE_PLANS, Label("Success rate, 12 months"), _success, _success_course, 30, oversees),
    Figure("won_month", SEE_PLANS, Label("Won this month"), _won_this_month, _won_course, 40, develops),
    Figure("won_quarter", SEE_PLANS, Label("Won this quarter"), _won_this_quarter, _won_course, 40, watches),
    Figure("due", SEE_PLANS, Label("Plan items due this week"), _due_this_week, _done_course, 50, develops),
    Figure("overdue", SEE_PLANS, Label("Overdue plan items"), _overdue, _overdue_course, 50, oversees),
)

#: What stands on the workbench.
WORKBENCH = Section(figures=FIGURES)
