"""The work calendar: what it says now, its statutory days, and how days are added, changed and deleted."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, func, literal, select, true
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.actions.records import delete_record, edit_record, flush_or_stale
from app.actions.settings import WORKING_HOURS, read, stored
from app.actions.working_time import Special, WorkCalendar
from app.errors import Invalid
from app.i18n import Label, LazyString, company_zone, gettext
from app.models.installation import STATUTORY_MARK, Installation
from app.models.work_calendar import Holiday, SpecialDay
from app.security.actor import Actor
from app.security.rights import WORK_CALENDAR, Verb

TYPED_FIELDS = ("day", "is_working", "holiday", "name", "is_statutory")
#: So many days can be added at once; the longest holidays have nine.
MOST_DAYS = 31
#: How the package of statutory days calls the holidays.
CALLED: Mapping[str, Holiday] = {
    "New Year's Day": Holiday.NEW_YEAR,
    "Spring Festival": Holiday.SPRING,
    "Tomb-sweeping Day": Holiday.TOMB_SWEEPING,
    "Labour Day": Holiday.LABOUR,
    "Dragon Boat Festival": Holiday.DRAGON_BOAT,
    "Mid-autumn Festival": Holiday.MID_AUTUMN,
    "National Day": Holiday.NATIONAL,
}


# ---- reading ------------------------------------------------------------------------------------------


def read_calendar(session: Session) -> WorkCalendar:
    """The calendar as of now, in one statement."""
    rows = session.execute(_hours_and_days()).all()
    begin, end, begin_again, end_at_last = (read(one, rows[0][place]) for place, one in enumerate(WORKING_HOURS))
    days = [row for row in rows if row.day is not None]
    return WorkCalendar(
        company_zone(),
        ((begin, end), (begin_again, end_at_last)),
        {row.day: Special(row.is_working, row.name or row.holiday.label) for row in days},
        frozenset(row.day.year for row in days if row.is_statutory),
    )


@cache
def _hours_and_days() -> Select[*tuple[Any, ...]]:
    """The settings stand on every row, also on the one that is there without any special day."""
    days = (SpecialDay.day, SpecialDay.is_working, SpecialDay.holiday, SpecialDay.name, SpecialDay.is_statutory)
    hours = (stored(one).label(one.key) for one in WORKING_HOURS)
    one_row = select(literal(1).label("one")).subquery()
    return select(*hours, *days).select_from(one_row).outerjoin(SpecialDay, true())


# ---- statutory days -----------------------------------------------------------------------------------


def write_statutory_days(session: Session, *, at: datetime) -> int:
    """Write the statutory days that became known, from last year on; flushes, returns how many.

    Each is written once: what was changed or deleted since stays so, and so does a day that somebody put down before
    it was known. The days around New Year become known with the next year.
    """
    mark = session.get(Installation, STATUTORY_MARK)
    last = date.fromisoformat(mark.value) if mark else date(at.year - 2, 12, 31)
    days = [one for one in _known_days(last.year) if one.day > last]
    kept = set(session.scalars(select(SpecialDay.day).where(SpecialDay.day > last)))
    new = [one for one in days if one.day not in kept]
    for one in new:
        one.created_on = one.changed_on = at
    session.add_all(new)
    if days:
        session.merge(Installation(key=STATUTORY_MARK, value=days[-1].day.isoformat()))
    session.flush()
    return len(new)


def _known_days(year: int) -> Iterator[SpecialDay]:
    while (days := statutory_days(year)) is not None:
        yield from days
        year += 1


def statutory_days(year: int) -> list[SpecialDay] | None:
    """Every holiday and make-up working day of a year, in order; None for a year that nobody knows yet."""
    # Few ever need it, and it brings its table of twenty years along.
    from chinese_calendar import get_holiday_detail

    try:
        found = {day: get_holiday_detail(day) for day in _days_of(date(year, 1, 1), date(year, 12, 31))}
    except NotImplementedError:
        return None
    return [
        SpecialDay(day=day, is_working=not is_off, holiday=CALLED.get(name, Holiday.OTHER), is_statutory=True)
        for day, (is_off, name) in found.items()
        if name is not None
    ]


def _days_of(first: date, last: date) -> list[date]:
    return [first + timedelta(days=place) for place in range((last - first).days + 1)]


# ---- changing -----------------------------------------------------------------------------------------


def create_days(session: Session, values: Mapping[str, Any], *, by: Actor) -> SpecialDay:
    """Add the days from ``day`` to ``last_day``, or the one; flushes and returns the first."""
    by.must(WORK_CALENDAR.right(Verb.CREATE))
    shared = {name: values.get(name) for name in TYPED_FIELDS if name != "day"}
    made = [SpecialDay(**shared, day=day) for day in _asked_days(values["day"], values.get("last_day"))]
    _refuse_double(session, [one.day for one in made])
    session.add_all(made)
    _flush(session)
    return made[0]


def _asked_days(first: date, last: date | None) -> list[date]:
    days = _days_of(first, last or first)
    if not days:
        raise Invalid({"last_day": Label("The last day cannot come before the first.")})
    if len(days) > MOST_DAYS:
        raise Invalid({"last_day": gettext("At most %(count)s days can be added at once.", count=MOST_DAYS)})
    return days


def edit_day(session: Session, row: SpecialDay, values: Mapping[str, Any], *, by: Actor, version: int | None) -> None:
    """Change a day; flushes."""
    if values.get("day", row.day) != row.day:
        _refuse_double(session, [values["day"]])
    try:
        edit_record(session, row, values, by=by, screen=WORK_CALENDAR, version=version)
    except IntegrityError:
        _refuse_late(session)


def delete_day(session: Session, row: SpecialDay, *, by: Actor) -> None:
    """Delete a day, which goes by its weekday from then on; flushes."""
    delete_record(session, row, by=by, screen=WORK_CALENDAR)


DOUBLE: LazyString = Label("This day is in the calendar already.")


def _refuse_double(session: Session, days: Sequence[date]) -> None:
    with session.no_autoflush:
        known = session.scalars(select(SpecialDay.day).where(SpecialDay.day.in_(days)).order_by(SpecialDay.day)).first()
    if known is not None:
        sentence = DOUBLE if len(days) == 1 else gettext("%(day)s is in the calendar already.", day=known)
        raise Invalid({"day": sentence})


def _flush(session: Session) -> None:
    """Flush; who adds a day at the same moment as somebody else is told so."""
    try:
        flush_or_stale(session)
    except IntegrityError:
        _refuse_late(session)


def _refuse_late(session: Session) -> None:
    session.rollback()
    raise Invalid({"day": DOUBLE}) from None


def unknown_years(session: Session, first: int, last: int) -> list[int]:
    """The years from ``first`` to ``last`` whose statutory holidays nobody knows yet."""
    year = func.extract("year", SpecialDay.day)
    known = session.scalars(select(year).where(SpecialDay.is_statutory).distinct())
    found = {int(one) for one in known}
    return [one for one in range(first, last + 1) if one not in found]
