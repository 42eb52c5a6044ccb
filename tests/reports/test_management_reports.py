"""Management reports: frozen figures, what became of them since, and whose they are."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app.actions import management_reports as actions
from app.actions.basedata import find_entry
from app.i18n import company_zone
from app.models import Category, Customer, CustomerMonth, ManagementReport, ManagementReportVersion, Rhythm
from app.reports.engine import Period, report_of
from app.reports.management_reports import asked_of, change_since, compare, live, read_frozen
from app.reports.management_reports.freezing import _frozen, merged, spoken
from app.security.scope import copying

AT = datetime(2026, 4, 1, 9, tzinfo=company_zone())
MARCH = date(2026, 3, 1)


def begin(session, actor, first=MARCH, rhythm=Rhythm.MONTHLY):
    return actions.begin_report(session, rhythm, first, by=actor, at=AT)


def submit(session, actor, report=None, **remarks):
    report = report or begin(session, actor)
    if remarks:
        actions.write_remarks(session, report, remarks, by=actor, version=None)
    actions.make_move(session, report, "submit", by=actor, at=AT)
    return report


def figures(session, report, number=None):
    return actions.last_version(session, report, number).figures


def test_figures_are_those_of_the_submitters_scope(session_of):
    with session_of("supervisor") as (session, actor):
        report = submit(session, actor)
        table = read_frozen(figures(session, report)).analysis("contribution").table
        assert table.totals["amount"] == 2 * 38450
        assert table.rows_in_all == 2


def test_a_head_of_a_department_submits_only_what_he_sees(session_of):
    with session_of("head_a") as (session, actor):
        report = submit(session, actor)
        frozen = read_frozen(figures(session, report))
        assert frozen.totals()["contribution"].items() >= {"amount": 38450, "rows": 1}.items()
        seen = session.scalars(select(Customer.id)).all()
        assert list(frozen.analysis("contribution").records) == list(seen)
        assert "泰州知微生物有限公司" not in figures(session, report)


def sell(session, customer, cents, day=MARCH):
    """One more order in the month totals."""
    with copying(session):
        of_month = (CustomerMonth.customer_id == customer.id, CustomerMonth.month == day)
        row = session.scalars(select(CustomerMonth).where(*of_month)).one()
        row.amount += Decimal(cents) / 100
        session.flush()


def test_frozen_figures_stay_when_orders_change_and_the_difference_is_exact(rows, session_of):
    with session_of("supervisor") as (session, actor):
        report = submit(session, actor)
        before = figures(session, report)
        then = read_frozen(before)
        session.commit()
        key = report.id
    with rows() as session:
        customer = session.scalars(select(Customer).where(Customer.name == "镇江岚砺磨具有限公司")).one()
        sell(session, customer, 12345)
    with session_of("supervisor") as (session, actor):
        after = figures(session, session.get_one(ManagementReport, key))
        assert after == before
        now = live(session, "contribution", asked_of("contribution", then.period, AT.date()))
        found = compare(then.analysis("contribution"), now)
        amount = next(line for line in found.totals if line.then == "769.00")
        assert (amount.now, amount.change) == ("892.45", "+123.45")
        changed = [line for line in found.rows if line.then == "384.50"]
        assert [(one.name, one.now, one.change) for one in changed] == [("镇江岚砺磨具有限公司", "507.95", "+123.45")]
        assert (found.came, found.went) == (0, 0)


def test_the_first_version_stays_byte_by_byte_when_a_second_is_submitted(session_of):
    with session_of("supervisor") as (session, actor):
        report = submit(session, actor, overall_remark="三月平稳")
        first, key = figures(session, report), report.id
        session.commit()
    with session_of("executive") as (session, actor):
        report = session.get_one(ManagementReport, key)
        actions.make_move(session, report, "send_back", by=actor, at=AT, reason="请说明华东")
        session.commit()
    with session_of("supervisor") as (session, actor):
        report = session.get_one(ManagementReport, key)
        submit(session, actor, report, overall_remark="三月平稳，华东持平")
        session.commit()
        assert report.number == 2
        assert figures(session, report, 1) == first
        assert read_frozen(figures(session, report)).remarks["overall"] == "三月平稳，华东持平"


@pytest.mark.parametrize("change", ["UPDATE management_report_versions SET figures = '{}'", "DELETE FROM {}"])
def test_the_database_refuses_to_change_a_version(session_of, change):
    with session_of("supervisor") as (session, actor):
        submit(session, actor)
        session.commit()
        with pytest.raises(DBAPIError, match="only ever added"):
            session.connection().execute(text(change.format("management_report_versions")))
        session.rollback()
        assert session.scalars(select(ManagementReportVersion.number)).all() == [1, 1]


def test_a_later_report_shows_the_change_since_the_one_before(session_of):
    with session_of("head_a") as (session, actor):
        submit(session, actor, begin(session, actor, date(2026, 2, 1)))
        report = submit(session, actor)
        frozen = read_frozen(figures(session, report))
        assert frozen.period_before == date(2026, 2, 1)
        assert frozen.totals_before("contribution").items() >= {"amount": 0, "rows": 0}.items()
        assert read_frozen(figures(session, report)).totals()["contribution"]["amount"] == 38450


def test_totals_of_a_period_before_do_not_stand_beside_those_of_another_report(session_of):
    with session_of("head_a") as (session, actor):
        submit(session, actor, begin(session, actor, date(2026, 2, 1)))
        frozen = read_frozen(figures(session, submit(session, actor)))
        table, before = frozen.analysis("contribution").table, frozen.totals_before("contribution")
        assert {"previous", "change"} <= table.totals.keys() & before.keys()
        lines = [(one.then, one.now) for one in change_since(table, before)]
        assert lines == [("0.00", "384.50"), ("0", "1")]
        assert [one.now for one in change_since(table, {"rows": 0, "gone": 1})] == ["1"]
        assert change_since(table, {}) == []


def test_a_customer_whose_words_changed_is_one_row(rows, session_of):
    with session_of("supervisor") as (session, actor):
        report = submit(session, actor)
        then = read_frozen(figures(session, report))
        session.commit()
    with rows() as session:
        customer = session.scalars(select(Customer).where(Customer.name == "镇江岚砺磨具有限公司")).one()
        was, customer.name = customer.level, "镇江岚砺磨具集团"
        customer.level = find_entry(session, Category.LEVEL, "战略合作伙伴")
        assert customer.level not in {was, None}
        sell(session, customer, 1_000_000)
    with session_of("supervisor") as (session, actor):
        now = live(session, "contribution", asked_of("contribution", then.period, AT.date()))
        classes = [[row["abc"] for row in one.rows()] for one in (then.analysis("contribution").table, now.table)]
        assert classes[0] != classes[1]
        changed = [one for one in compare(then.analysis("contribution"), now).rows if one.now == "10,384.50"]
        assert [(one.then, one.change) for one in changed] == [("384.50", "+10,000.00")]
        assert not [one for one in compare(then.analysis("contribution"), now).rows if "—" in (one.then, one.now)]


@pytest.mark.parametrize("name", ["contribution", "composition", "service"])
def test_every_row_is_frozen_with_what_it_stands_for(session_of, name):
    with session_of("supervisor") as (session, actor):
        table = read_frozen(figures(session, submit(session, actor))).analysis(name).table
        assert table.rows_in_all
        assert any(row["id"] is not None for row in table.rows())


def test_the_records_of_the_composition_are_those_of_its_day(rows, session_of):
    with rows() as session:
        first, *others = session.scalars(select(Customer).order_by(Customer.id)).all()
        first.created_on = datetime(2026, 3, 31, 23, 59, tzinfo=company_zone())
        for one in others:
            one.created_on = datetime(2026, 4, 1, tzinfo=company_zone())
        key = first.id
    with session_of("supervisor") as (session, actor):
        found = read_frozen(figures(session, submit(session, actor))).analysis("composition")
        assert list(found.records) == [key]
        assert found.table.totals["count"] == 1


def test_two_languages_are_kept_as_one_where_they_agree():
    chinese = {"title": "合计", "rows": [[1, "甲"], [2, "乙"]], "more": []}
    english = {"title": "Total", "rows": [[1, "甲"], [2, "B"]], "more": ["x"]}
    both = merged(chinese, english)
    assert both["rows"] == [[1, "甲"], [2, {"zh": "乙", "en": "B"}]]
    assert spoken(both, "zh") == chinese
    assert spoken(both, "en") == english


def test_what_is_frozen_is_read_for_the_submitter(session_of):
    readers = []

    def read(session, asked):
        readers.append(asked.reader)
        return asked

    def tidy(found, asked):
        readers.append(asked.reader)
        return one.tidy(one.read(session, asked), asked)

    one = report_of("service")
    with session_of("head_a") as (session, actor):
        _frozen(session, replace(one, read=read, tidy=tidy), Period(MARCH, date(2026, 4, 1)), AT.date())
        assert readers == [actor] * 3
