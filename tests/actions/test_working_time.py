"""Working time: sums worked out by hand, and what holds for any two moments."""

import time
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.actions.work_calendar import statutory_days
from app.actions.working_time import (
    Special,
    WorkCalendar,
    after,
    minutes_between,
    stretches,
    working_intervals,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
#: 09:00 to 12:00 and 13:00 to 18:00: a morning of 180 minutes, an afternoon of 300, a day of 480.
SPANS = ((9 * 60, 12 * 60), (13 * 60, 18 * 60))
DAY, MORNING, AFTERNOON = 480, 180, 300
OFFICIAL = {day.day: Special(day.is_working) for year in (2025, 2026) for day in statutory_days(year) or ()}
CALENDAR = WorkCalendar(SHANGHAI, SPANS, OFFICIAL, frozenset({2025, 2026}))


def moment(text):
    """A moment of the company's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


#: What it is about, from, to, the wait for the customer, and the minutes with how they come about.
#: National Day 2025: off from Wednesday 10-01 to Wednesday 10-08; worked on Sunday 09-28 and Saturday 10-11.
#: National Day 2026: off from Thursday 10-01 to Wednesday 10-07; worked on Sunday 09-20 and Saturday 10-10;
#: Mid-Autumn 2026: off from Friday 09-25 to Sunday 09-27.
CASES = [
    ("a morning", "2025-09-24 09:00", "2025-09-24 12:00", None, MORNING),
    ("a whole day without its lunch", "2025-09-24 09:00", "2025-09-24 18:00", None, MORNING + AFTERNOON),
    ("across lunch", "2025-09-24 11:40", "2025-09-24 13:25", None, 20 + 25),
    ("within lunch", "2025-09-24 12:10", "2025-09-24 12:50", None, 0),
    ("before and after the hours", "2025-09-24 07:00", "2025-09-24 21:00", None, DAY),
    ("at night, over midnight", "2025-09-24 22:00", "2025-09-25 03:00", None, 0),
    ("over midnight into a day", "2025-09-24 17:15", "2025-09-25 09:30", None, 45 + 30),
    ("exactly to midnight", "2025-09-24 16:00", "2025-09-25 00:00", None, 120),
    ("a weekend", "2025-09-19 17:30", "2025-09-22 09:10", None, 30 + 0 + 0 + 10),
    ("make-up Sunday before National Day 2025", "2025-09-28 09:00", "2025-09-28 18:00", None, DAY),
    ("Saturday off, make-up Sunday on", "2025-09-27 09:00", "2025-09-29 10:00", None, 0 + DAY + 60),
    ("all of National Day 2025", "2025-10-01 00:00", "2025-10-09 00:00", None, 0),
    ("over National Day 2025", "2025-09-30 17:00", "2025-10-09 09:45", None, 60 + 8 * 0 + 45),
    # Thursday 9, Friday 10, the make-up Saturday 11, no Sunday 12, Monday 13 until 11:00.
    ("make-up Saturday after it", "2025-10-09 09:00", "2025-10-13 11:00", None, 3 * DAY + 0 + 120),
    # 28 (make-up), 29 and 30 September; nothing from 1 to 8 October; 9, 10 and 11 (make-up) October.
    ("make-up days on both sides, 2025", "2025-09-28 00:00", "2025-10-12 00:00", None, 3 * DAY + 8 * 0 + 3 * DAY),
    # Sunday 20 (make-up), 21 to 24 September; Mid-Autumn 25 to 27; 28 to 30; 1 to 7 off; 8, 9, 10 (make-up) October.
    ("Mid-Autumn and National Day 2026", "2026-09-20 00:00", "2026-10-11 00:00", None, (1 + 4 + 3 + 2 + 1) * DAY),
    ("over National Day 2026", "2026-09-30 15:20", "2026-10-08 13:05", None, 160 + 7 * 0 + MORNING + 5),
    ("make-up Saturday after National Day 2026", "2026-10-09 17:00", "2026-10-12 09:20", None, 60 + DAY + 0 + 20),
    # 10:00 to 10:30; waiting from there on; Thursday from 16:00 to 18:00.
    ("a wait over a night", "2025-09-24 10:00", "2025-09-25 18:00", ("2025-09-24 10:30", "2025-09-25 16:00"), 30 + 120),
    # Tuesday 17:00 to 17:30, then waiting over the holidays until Thursday 9 October 11:00; one hour until noon.
    ("a wait over holidays", "2025-09-30 17:00", "2025-10-09 12:30", ("2025-09-30 17:30", "2025-10-09 11:00"), 30 + 60),
]


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_sums_worked_out_by_hand(case):
    _, start, end, pause, minutes = case
    begin, finish = moment(start), moment(end)
    waited = [(moment(pause[0]), moment(pause[1]))] if pause else []
    told = stretches(CALENDAR, begin, finish, waited)
    assert sum(one.minutes for one in told) == minutes
    assert minutes_between(CALENDAR, begin, finish) - sum(minutes_between(CALENDAR, *one) for one in waited) == minutes


def test_there_are_twenty_of_them():
    assert len(CASES) == 20


@pytest.mark.parametrize(
    ("start", "minutes", "end"),
    [
        ("2025-09-24 09:00", 180, "2025-09-24 12:00"),  # full at the end of the morning, not after lunch
        ("2025-09-24 09:00", 181, "2025-09-24 13:01"),
        ("2025-09-24 17:30", 60, "2025-09-25 09:30"),
        ("2025-09-24 12:20", 30, "2025-09-24 13:30"),  # asked for in the lunch break
        ("2025-09-24 22:00", 480, "2025-09-25 18:00"),
        ("2025-09-30 17:00", 120, "2025-10-09 10:00"),  # an hour before National Day, an hour after it
        ("2025-10-10 17:00", 120, "2025-10-11 10:00"),  # the make-up Saturday
        ("2026-09-30 17:00", 24 * 60, "2026-10-10 17:00"),  # 60, then Thursday 8 and Friday 9, then 420 of Saturday
        ("2025-09-24 12:20", 0, "2025-09-24 12:20"),
    ],
)
def test_deadlines_worked_out_by_hand(start, minutes, end):
    assert after(CALENDAR, moment(start), minutes) == moment(end)


def test_what_is_left_out_says_why():
    told = stretches(
        CALENDAR,
        moment("2025-09-30 11:30"),
        moment("2025-10-09 10:00"),
        [(moment("2025-09-30 14:00"), moment("2025-09-30 15:00"))],
    )
    assert [(f"{one.begin:%m-%d %H:%M}", f"{one.end:%m-%d %H:%M}", one.minutes) for one in told] == [
        ("09-30 11:30", "09-30 12:00", 30),
        ("09-30 12:00", "09-30 13:00", 0),
        ("09-30 13:00", "09-30 14:00", 60),
        ("09-30 14:00", "09-30 15:00", 0),
        ("09-30 15:00", "09-30 18:00", 180),
        ("09-30 18:00", "10-09 09:00", 0),
        ("10-09 09:00", "10-09 10:00", 60),
    ]
    lunch, wait, holidays = (one for one in told if not one.minutes)
    assert lunch.is_within_a_day and not lunch.days_off and not lunch.is_waiting
    assert wait.is_waiting
    assert holidays.days_off == tuple(date(2025, 10, day) for day in range(1, 9))


def test_seconds_belong_to_their_minute_and_the_zone_is_the_calendars():
    begin = datetime(2025, 9, 24, 1, 0, 59, tzinfo=UTC)  # 09:00:59 in Shanghai
    assert minutes_between(CALENDAR, begin, begin + timedelta(seconds=1)) == 1
    assert minutes_between(CALENDAR, begin, begin + timedelta(hours=3)) == 180
    assert after(CALENDAR, begin, 60) == moment("2025-09-24 10:00")


def test_a_year_that_nobody_knows_goes_by_its_weekdays():
    assert statutory_days(2027) is None
    assert minutes_between(CALENDAR, moment("2027-10-01 00:00"), moment("2027-10-08 00:00")) == 5 * DAY


def test_thirty_years_take_no_time():
    begin = time.perf_counter()
    for _ in range(1_000):
        assert minutes_between(CALENDAR, moment("2000-01-03 09:00"), moment("2030-01-01 09:00")) > 0
        assert after(CALENDAR, moment("2000-01-03 09:00"), 30 * 250 * DAY).year > 2027
    assert time.perf_counter() - begin < 2


# ---- what holds for any calendar and any moments ----------------------------------------------------------

moments = some.datetimes(datetime(2024, 12, 1), datetime(2027, 2, 1)).map(lambda one: one.replace(tzinfo=SHANGHAI))


@some.composite
def calendars(draw):
    """Any working hours, and any days that are off or worked."""
    times = sorted(draw(some.lists(some.integers(0, 24 * 60 - 1), min_size=4, max_size=4, unique=True)))
    days = draw(some.dictionaries(some.dates(date(2024, 12, 1), date(2027, 2, 1)), some.booleans(), max_size=40))
    special = {day: Special(is_working) for day, is_working in days.items()}
    return WorkCalendar(SHANGHAI, ((times[0], times[1]), (times[2], times[3])), special)


@given(calendars(), moments, moments, moments)
def test_parts_add_up(calendar, one, two, three):
    whole = minutes_between(calendar, one, three)
    assert minutes_between(calendar, one, two) + minutes_between(calendar, two, three) == whole
    assert minutes_between(calendar, three, one) == -whole


@given(calendars(), moments, moments)
def test_the_intervals_add_up_and_do_not_meet(calendar, one, two):
    start, end = sorted((one, two))
    found = list(working_intervals(calendar, start, end))
    assert sum(interval.minutes for interval in found) == minutes_between(calendar, start, end)
    assert all(before.end <= then.begin for before, then in pairwise(found))
    assert all(interval.minutes > 0 and calendar.is_working(interval.begin.date()) for interval in found)


@given(calendars(), moments, some.integers(0, 2_000 * 60))
def test_the_deadline_is_the_first_moment_after_so_many_minutes(calendar, start, minutes):
    end = after(calendar, start, minutes)
    assert minutes_between(calendar, start, end) == minutes
    if minutes:
        assert minutes_between(calendar, start, end - timedelta(minutes=1)) == minutes - 1


@given(calendars(), moments, some.integers(0, 50_000), some.integers(0, 50_000))
def test_to_go_on_from_a_deadline_is_to_go_the_whole_way(calendar, start, first, then):
    assert after(calendar, after(calendar, start, first), then) == after(calendar, start, first + then)


@given(calendars(), some.lists(moments, min_size=2, max_size=8, unique=True))
def test_stretches_fill_the_time_and_add_up(calendar, given_moments):
    start, *inside, end = sorted(given_moments)
    pauses = list(zip(inside[::2], inside[1::2], strict=False))
    told = stretches(calendar, start, end, pauses)
    counted = minutes_between(calendar, start, end) - sum(minutes_between(calendar, *one) for one in pauses)
    assert sum(one.minutes for one in told) == counted
    if told:
        assert (told[0].begin, told[-1].end) == (calendar.local(start), calendar.local(end))
    assert all(before.end == then.begin for before, then in pairwise(told))
