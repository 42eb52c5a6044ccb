"""The company's calendar: workdays counted from the past into the future, and moments in working hours.

A point in time is a float: the whole part is the number of the workday, the rest the part of its eight hours
(09:00 to 12:00 and 13:00 to 18:00 in the company's time zone), so that sums and comparisons stay simple.
"""

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

YEARS_BACK = 5
DAYS_AHEAD = 400
MORNING = timedelta(hours=3)
LUNCH = timedelta(hours=1)
WORKING_TIME = timedelta(hours=8)
OPENING, NIGHT = time(9), time(2)

#: Statutory holidays (放假) by month and day; those by the moon begin on the day given and last eight.
FIXED_HOLIDAYS = {(1, 1), (5, 1), (5, 2), (5, 3), *((10, day) for day in range(1, 8))}
SPRING_FESTIVALS = {
    2018: (2, 15), 2019: (2, 4), 2020: (1, 24), 2021: (2, 11), 2022: (1, 31), 2023: (1, 21), 2024: (2, 9),
    2025: (1, 28), 2026: (2, 16), 2027: (2, 5), 2028: (1, 25), 2029: (2, 12), 2030: (2, 2), 2031: (1, 22),
    2032: (2, 10), 2033: (1, 30), 2034: (2, 18), 2035: (2, 7),
}  # fmt: skip
SPRING_DAYS = 8
SATURDAY = 5


class Workdays:
    """The workdays around ``today``. Whatever happened, happened before ``end``, today's first moment."""

    def __init__(self, today: date, zone: ZoneInfo) -> None:
        first = today - timedelta(days=YEARS_BACK * 365)
        days = (first + timedelta(days=count) for count in range(YEARS_BACK * 365 + DAYS_AHEAD))
        self.today = today
        self._zone = zone
        self.dates = [day for day in days if is_workday(day)]
        # With the zone's shift of each day: a moment is then only an addition.
        self._openings = [datetime.combine(day, OPENING, zone).astimezone(UTC) for day in self.dates]
        self.end = self.number_of(today)

    def number_of(self, day: date) -> int:
        """The number of the first workday on or after ``day``."""
        return bisect_left(self.dates, day)

    def night(self, day: date) -> datetime:
        """Two in the night of any day, in UTC, when nobody but the machine works."""
        return datetime.combine(day, NIGHT, self._zone).astimezone(UTC)

    def date(self, point: float) -> date:
        """The day of a point."""
        return self.dates[int(point)]

    def moment(self, point: float) -> datetime:
        """The moment of a point, in UTC, to the second."""
        number = int(point)
        worked = timedelta(seconds=int((point - number) * WORKING_TIME.total_seconds()))
        return self._openings[number] + (worked if worked < MORNING else worked + LUNCH)


def saturday(day: date) -> date:
    """The first one on or after a day; in its night the company looks for customers about to be lost."""
    return day + timedelta(days=(SATURDAY - day.weekday()) % 7)


def last_scan(today: date) -> date:
    """The last Saturday before today."""
    return saturday(today - timedelta(days=7))


def is_workday(day: date) -> bool:
    """Whether people work on ``day``; the weekends worked to make up for long holidays are left out."""
    if day.weekday() >= 5 or (day.month, day.day) in FIXED_HOLIDAYS:
        return False
    eve = SPRING_FESTIVALS.get(day.year)
    return eve is None or not 0 <= (day - date(day.year, *eve)).days < SPRING_DAYS
