"""What a report may be asked, and how what it found is written."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pandas import DataFrame, Series

from app.models.org import Reach
from app.reports.engine import Column, Filter, Kind, Period, PeriodFilter, Table, Unreadable, ask, reports, shares
from app.reports.engine.wording import plain, shown

ZONE = ZoneInfo("Asia/Shanghai")
FILTERS = (Filter("name", "Name"), PeriodFilter("period", "Year"))


def asked(**given):
    return ask(FILTERS, given, today=date(2026, 3, 1), zone=ZONE)


def test_a_year_and_days_narrow_each_other():
    assert asked()["period"] is None
    assert asked(year="1997")["period"] == Period(date(1997, 1, 1), date(1998, 1, 1))
    assert asked(year="1997", to="1997-03-31")["period"] == Period(date(1997, 1, 1), date(1997, 4, 1))
    assert asked(year="1997")["period"].year == 1997
    assert asked(**{"from": "1997-01-02"})["period"].year is None


def test_until_it_is_said_whose_figures_they_are_nobody_sees_any(session_of):
    assert asked().reader.read_reach("customers") is Reach.OWN
    report = reports()["work"]
    with session_of("head_a") as (session, actor):
        assert report.read_for(session, ask(report.filters, {}, today=date(2026, 3, 1), zone=ZONE))[1].reader is actor


def test_a_period_in_words():
    assert str(asked(year="1997")["period"]) == "1997"
    assert str(asked(**{"from": "1997-01-02"})["period"]) == "from 1997-01-02"
    assert str(asked(to="1997-03-31")["period"]) == "to 1997-03-31"
    assert str(asked(year="1997", to="1997-03-31")["period"]) == "1997-01-01 to 1997-03-31"


@pytest.mark.parametrize("wrong", [{"year": "97"}, {"year": "abcd"}, {"from": "1997-02-31"}, {"name": "x" * 201}])
def test_what_cannot_be_read_is_refused(wrong):
    with pytest.raises(Unreadable):
        asked(**wrong)


def test_the_period_before_is_as_long():
    assert Period(date(1997, 1, 1), date(1998, 1, 1)).before() == Period(date(1996, 1, 1), date(1997, 1, 1))
    assert Period(date(2026, 1, 1), date(2026, 4, 1)).before() == Period(date(2025, 10, 1), date(2026, 1, 1))
    assert Period(date(2026, 1, 11), date(2026, 1, 21)).before() == Period(date(2026, 1, 1), date(2026, 1, 11))


def test_the_address_asks_the_same():
    assert asked(name="华强", year="1997", other="x").address("/reports/x", page=2) == (
        "/reports/x?name=%E5%8D%8E%E5%BC%BA&year=1997&page=2"
    )


@given(some.lists(some.integers(-(10**15), 10**15), max_size=60))
def test_shares_add_up_to_the_whole_or_are_none(amounts):
    found = shares(Series(amounts, dtype="int64"))
    if sum(amounts) > 0:
        assert found.sum() == 1000
    else:
        assert found.isna().all()


def test_shares_of_thirds_go_to_the_first():
    assert shares(Series([1, 1, 1])).tolist() == [334, 333, 333]


def test_totals_are_of_all_rows_and_not_of_a_page():
    columns = (Column("number", "No.", Kind.NUMBER), Column("amount", "Amount", Kind.MONEY, is_summed=True))
    table = Table.summed(columns, DataFrame({"amount": [150, 250, -50]}))
    assert table.totals == {"amount": 350}
    assert list(table.rows(1, 1)) == [{"number": 2, "amount": 250}]


@pytest.mark.parametrize(
    ("kind", "value", "on_page", "in_file"),
    [
        (Kind.MONEY, 123450, "1,234.50", "1234.50"),
        (Kind.SHARE, 117, "11.7 %", "11.7"),
        (Kind.CHANGE, -72, "−7.2 %", "-7.2"),
        (Kind.CHANGE, 150, "+15.0 %", "15.0"),
        (Kind.RANK_CHANGE, -2, "↓2", "-2"),
        (Kind.RANK_CHANGE, 0, "—", "0"),
        (Kind.COUNT, 1234, "1,234", "1234"),
        (Kind.DAY, date(1997, 8, 25), "1997-08-25", "1997-08-25"),
        (Kind.MONEY, None, "—", ""),
    ],
)
def test_values_in_words(kind, value, on_page, in_file):
    column = Column("x", "X", kind)
    assert shown(column, value) == on_page
    assert plain(column, value) == in_file


def test_every_report_is_called_as_its_file():
    assert {name: one.name for name, one in reports().items()} == {name: name for name in reports()}
