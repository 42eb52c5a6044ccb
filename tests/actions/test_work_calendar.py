"""The work calendar as data: statutory days that come once, and what an administrator makes of it."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import delete, func, select

from app.actions import work_calendar
from app.actions.work_calendar import read_calendar, statutory_days, unknown_years, write_statutory_days
from app.models import AuditEntry, Holiday, Installation, SpecialDay
from app.models.installation import STATUTORY_MARK
from tests.walk import counted

NOVEMBER = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def afresh(session):
    """As if no day had been written yet."""
    session.execute(delete(SpecialDay))
    session.execute(delete(Installation).where(Installation.key == STATUTORY_MARK))


def test_the_days_of_2025_and_2026_are_those_of_the_state_council(app):
    found = {day.day: day for year in (2025, 2026) for day in statutory_days(year)}
    worked = [day for day, one in found.items() if one.is_working]
    assert worked == [
        *(date(2025, 1, 26), date(2025, 2, 8), date(2025, 4, 27), date(2025, 9, 28), date(2025, 10, 11)),
        *(date(2026, 1, 4), date(2026, 2, 14), date(2026, 2, 28), date(2026, 5, 9), date(2026, 9, 20)),
        date(2026, 10, 10),
    ]
    off = [day for day, one in found.items() if not one.is_working and day.year == 2026]
    assert len(off) == 3 + 9 + 3 + 5 + 3 + 3 + 7
    assert found[date(2025, 10, 6)].holiday is Holiday.MID_AUTUMN
    assert {one.holiday for one in found.values()} == set(Holiday) - {Holiday.OTHER}


def test_the_upgrade_wrote_them_and_the_log_tells_nothing_of_it(rows):
    with rows() as session:
        years = [one.day.year for one in session.scalars(select(SpecialDay).order_by(SpecialDay.day))]
        assert years and years[0] >= 2025 and all(year not in {2027} for year in years)
        told = select(func.count()).where(AuditEntry.table_name == "special_days")
        assert session.scalar(told.select_from(AuditEntry)) == 0


def test_they_come_once_and_nothing_that_was_changed_is_overwritten(rows):
    with rows() as session:
        afresh(session)
        own = SpecialDay(day=date(2026, 10, 8), is_working=False, name="厂庆")
        session.add(own)
        session.flush()
        assert write_statutory_days(session, at=NOVEMBER) == 33 + 39
        first = session.scalars(select(SpecialDay).where(SpecialDay.day == date(2026, 10, 1))).one()
        first.is_working = True
        session.delete(session.scalars(select(SpecialDay).where(SpecialDay.day == date(2026, 10, 2))).one())
        session.flush()
        assert write_statutory_days(session, at=NOVEMBER) == 0
        assert first.is_working and own.name == "厂庆"
        assert session.scalar(select(SpecialDay.id).where(SpecialDay.day == date(2026, 10, 2))) is None


def test_a_year_that_becomes_known_is_added_with_the_days_around_new_year(rows, monkeypatch):
    with rows() as session:
        afresh(session)
        write_statutory_days(session, at=NOVEMBER)
        typed = SpecialDay(day=date(2027, 1, 1), is_working=False, name="元旦", is_statutory=True)
        session.add(typed)
        session.flush()

        def later(year):
            more = {2026: [date(2026, 12, 31)], 2027: [date(2027, 1, 1), date(2027, 2, 5)]}.get(year, [])
            known = statutory_days(year) or []
            return [*known, *(SpecialDay(day=day, holiday=Holiday.SPRING, is_statutory=True) for day in more)] or None

        monkeypatch.setattr(work_calendar, "statutory_days", later)
        assert write_statutory_days(session, at=NOVEMBER) == 2
        assert typed.holiday is Holiday.OTHER
        assert unknown_years(session, 2025, 2028) == [2028]
        assert write_statutory_days(session, at=NOVEMBER) == 0


def test_the_calendar_costs_one_statement_also_without_a_special_day(rows, app):
    with rows() as session, counted(app) as seen:
        calendar = read_calendar(session)
        assert len(seen) == 1
        assert calendar.spans == ((540, 720), (780, 1080))
        assert not calendar.is_working(date(2026, 10, 1)) and calendar.is_working(date(2026, 10, 10))
        assert str(calendar.zone) == "Asia/Shanghai"
        session.execute(delete(SpecialDay))
        assert read_calendar(session).special == {}
        assert read_calendar(session).known_years == frozenset()


@pytest.mark.parametrize(("locale", "name"), [("zh", "国庆节"), ("en", "National Day")])
def test_a_holiday_is_called_in_the_readers_language(rows, locale, name):
    from flask_babel import force_locale

    with rows() as session, force_locale(locale):
        assert str(read_calendar(session).special[date(2026, 10, 1)].name) == name
