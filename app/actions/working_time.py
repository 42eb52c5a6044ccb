"""Working time: how much of it lies between two moments, and which moment is so much of it away.

Moments count by the minute that they lie in and by the clock of the calendar's zone, intervals without their end, so
that what follows one another adds up exactly.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from functools import cached_property
from itertools import accumulate

from app.i18n import LazyString

DAYS_OF_WEEK, WORKING_DAYS_OF_WEEK = 7, 5
LAST_DAY = date.max.toordinal()


@dataclass(frozen=True)
class Special:
    """What is known of a day that does not go by its weekday."""

    is_working: bool
    name: str | LazyString = ""


@dataclass(frozen=True)
class WorkCalendar:
    """When is worked: ``spans`` of every working day in minutes since midnight, Monday to Friday but for ``special``.

    ``known_years`` are those whose statutory holidays are known.
    """

    zone: tzinfo
    spans: tuple[tuple[int, int], ...]
    special: Mapping[date, Special]
    known_years: frozenset[int] = frozenset()

    def is_working(self, day: date) -> bool:
        """Whether ``day`` is a working day."""
        special = self.special.get(day)
        return day.weekday() < WORKING_DAYS_OF_WEEK if special is None else special.is_working

    def local(self, moment: datetime) -> datetime:
        """The minute that ``moment`` lies in, by the calendar's clock."""
        return moment.astimezone(self.zone).replace(second=0, microsecond=0)

    def at(self, day: date, minute: int) -> datetime:
        """The moment so many minutes after midnight of ``day``."""
        return datetime.combine(day, time(), self.zone) + timedelta(minutes=minute)

    @cached_property
    def minutes_of_day(self) -> int:
        """How long is worked on a working day."""
        return sum(end - begin for begin, end in self.spans)

    @cached_property
    def _exceptions(self) -> tuple[list[date], list[int]]:
        """The days that are not what their weekday says, and by how many working days those before each change it."""
        days = sorted(day for day in self.special if self.is_working(day) != (day.weekday() < WORKING_DAYS_OF_WEEK))
        return days, list(accumulate((1 if self.is_working(day) else -1 for day in days), initial=0))

    def working_days_before(self, day: date) -> int:
        """How many working days there were since the Monday on which the year 1 began, reckoned without a walk."""
        weeks, rest = divmod(day.toordinal() - 1, DAYS_OF_WEEK)
        days, changes = self._exceptions
        return weeks * WORKING_DAYS_OF_WEEK + min(rest, WORKING_DAYS_OF_WEEK) + changes[bisect_left(days, day)]

    def minutes_until(self, moment: datetime) -> int:
        """How long was worked since that Monday; only differences of two of these mean anything."""
        here = self.local(moment)
        minutes = self.working_days_before(here.date()) * self.minutes_of_day
        if not self.is_working(here.date()):
            return minutes
        clock = here.hour * 60 + here.minute
        return minutes + sum(min(max(clock - begin, 0), end - begin) for begin, end in self.spans)


def minutes_between(calendar: WorkCalendar, start: datetime, end: datetime) -> int:
    """The working minutes from ``start`` to ``end``; negative where ``end`` comes first."""
    return calendar.minutes_until(end) - calendar.minutes_until(start)


def after(calendar: WorkCalendar, start: datetime, minutes: int) -> datetime:
    """The first moment from ``start`` on at which so many working minutes have passed."""
    if minutes <= 0:
        return calendar.local(start)
    whole, rest = divmod(calendar.minutes_until(start) + minutes - 1, calendar.minutes_of_day)
    first = calendar.local(start).date().toordinal()
    # The last day before which no more than the whole days were worked is the one on which the rest is.
    ordinals = range(first, LAST_DAY)
    place = bisect_right(ordinals, whole, key=lambda one: calendar.working_days_before(date.fromordinal(one)))
    return _minute_of(calendar, date.fromordinal(ordinals[place - 1]), rest + 1)


def _minute_of(calendar: WorkCalendar, day: date, minutes: int) -> datetime:
    """When ``minutes`` have been worked on a working day."""
    for begin, end in calendar.spans:
        if minutes <= end - begin:
            return calendar.at(day, begin + minutes)
        minutes -= end - begin
    raise ValueError(f"a working day has {calendar.minutes_of_day} minutes")


@dataclass(frozen=True)
class Interval:
    """A time that counts, without its end."""

    begin: datetime
    end: datetime

    @property
    def minutes(self) -> int:
        """How long it is."""
        return (self.end - self.begin) // timedelta(minutes=1)


def working_intervals(calendar: WorkCalendar, start: datetime, end: datetime) -> Iterator[Interval]:
    """The working time from ``start`` to ``end``, interval by interval."""
    first, last = calendar.local(start), calendar.local(end)
    for ordinal in range(first.date().toordinal(), last.date().toordinal() + 1):
        day = date.fromordinal(ordinal)
        if not calendar.is_working(day):
            continue
        for begin, finish in calendar.spans:
            found = Interval(max(calendar.at(day, begin), first), min(calendar.at(day, finish), last))
            if found.begin < found.end:
                yield found


# ---- with what does not count ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Stretch:
    """A part of a time: so many minutes of it count; of one that does not, ``days_off`` or ``is_waiting`` says why.

    One that does not count for none of these reasons lies outside of the working hours of a day.
    """

    begin: datetime
    end: datetime
    minutes: int = 0
    days_off: tuple[date, ...] = ()
    is_waiting: bool = False

    @property
    def is_within_a_day(self) -> bool:
        """Whether it begins and ends on one day."""
        return self.begin.date() == self.end.date()


def stretches(
    calendar: WorkCalendar, start: datetime, end: datetime, pauses: Iterable[tuple[datetime, datetime]] = ()
) -> list[Stretch]:
    """The whole time from ``start`` to ``end`` without a gap, cut into what counts and what does not.

    ``pauses`` are in order and do not meet; nothing in them counts.
    """
    here, last, found = calendar.local(start), calendar.local(end), []
    for pause in pauses:
        begin, finish = (min(max(calendar.local(one), here), last) for one in pause)
        if begin < finish:
            found += [*_without_pauses(calendar, here, begin), Stretch(begin, finish, is_waiting=True)]
            here = finish
    return [*found, *_without_pauses(calendar, here, last)]


def _without_pauses(calendar: WorkCalendar, start: datetime, end: datetime) -> Iterator[Stretch]:
    here = start
    for one in working_intervals(calendar, start, end):
        if here < one.begin:
            yield _gap(calendar, here, one.begin)
        yield Stretch(one.begin, one.end, one.minutes)
        here = one.end
    if here < end:
        yield _gap(calendar, here, end)


def _gap(calendar: WorkCalendar, begin: datetime, end: datetime) -> Stretch:
    last = (end - timedelta(minutes=1)).date()
    days = (date.fromordinal(one) for one in range(begin.date().toordinal(), last.toordinal() + 1))
    return Stretch(begin, end, days_off=tuple(day for day in days if not calendar.is_working(day)))
