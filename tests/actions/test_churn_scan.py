"""The churn scan: whom it warns on which day, what it writes and how often, and what an order brings back at once."""

import json
import threading
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from app.actions.churn.life import CASES
from app.actions.churn.returns import bring_back
from app.actions.churn.scan import NotYet, Scanned, scan_churn
from app.actions.churn.silence import cutoff_of
from app.actions.customers.life import ACTIVE, DELETED, LIFE, LOST
from app.actions.orders import follow, match_orders_of
from app.actions.settings import CHURN_FROM_CREATION, CHURN_MONTHS
from app.actions.verify import check_moves
from app.errors import Forbidden
from app.extensions import db
from app.models import (
    AuditEntry,
    AuditKind,
    ChurnCase,
    ChurnStatus,
    Customer,
    Employee,
    Order,
    Reminder,
    ReminderSetting,
    SettingValue,
    StatusMove,
)
from app.models.reminders import CHURN_WARNED, CUSTOMER_BACK, KINDS, Channel
from app.security.actor import SYSTEM, Actor, load_actor
from app.security.scope import copying
from tests.integrations.trade import forget_trade
from tests.walk import counted

SHANGHAI = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 3, 4)
CUTOFF = date(2025, 9, 4)
DAY = timedelta(days=1)


def morning(day: date) -> datetime:
    """A moment of a day in the company's time zone."""
    return datetime.combine(day, time(9), SHANGHAI)


@pytest.fixture(autouse=True)
def _nobody_ordered(app, no_cases):
    """Nobody of the cast has ordered, and none was about to be lost."""
    forget_trade(app)


def customer(session: Session, name: str, *orders: date | tuple[date, int], who: str = "manager_a", **more: Any) -> Any:
    """A customer that came to be long ago, with an order of each day; a total below zero makes it a return."""
    number = session.scalar(select(func.count(Customer.id)))
    manager = session.scalars(select(Employee).where(Employee.username == who)).one_or_none()
    status = more.pop("status", ACTIVE)
    row = Customer(**{"number": f"KH250101{number:06}", "name": name, "manager": manager, **more})
    born = more.get("created_on", morning(date(2020, 1, 1)))
    row.created_on = born
    LIFE.enter(session, [(row, status)], by=SYSTEM, at=born)
    for order in orders:
        add_order(session, row, *(order if isinstance(order, tuple) else (order, 100)))
    return row


def add_order(session: Session, row: Customer, day: date, total: int = 100, *, at: date | None = None) -> None:
    """An order as the link to the sales system brings it; ``at`` is the day on which what follows is done."""
    with copying(session):
        number = f"T{session.scalar(select(func.count(Order.id)))}"
        session.add(Order(number=number, customer=row, ordered_on=day, total=total, source="test"))
        session.flush()
        follow(session, select(Customer.id).where(Customer.id == row.id), morning(at or day))
    session.refresh(row)


def scan(session: Session, as_of: date | None = None, *, at: datetime | None = None, by: Actor = SYSTEM) -> Scanned:
    """Scan in the morning of a day."""
    return scan_churn(session, by=by, at=at or morning(TODAY), as_of=as_of)


def names(session: Session, status: ChurnStatus = ChurnStatus.WARNED) -> list[str]:
    """Whose cases stand there."""
    found = select(Customer.name).join(ChurnCase, ChurnCase.customer_id == Customer.id)
    return list(session.scalars(found.where(ChurnCase.status == status).order_by(ChurnCase.id)))


def put(session: Session, setting: Any, value: int) -> None:
    """Change a setting."""
    session.merge(SettingValue(key=setting.key, value=json.dumps(value)))
    session.flush()


# ---- the day ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "months", "cutoff"),
    [
        ("2026-08-31", 6, "2026-02-28"),
        ("2024-08-31", 6, "2024-02-29"),
        ("2024-08-29", 6, "2024-02-29"),
        ("2000-08-31", 6, "2000-02-29"),
        ("1900-08-31", 6, "1900-02-28"),
        ("2024-02-29", 12, "2023-02-28"),
        ("2024-02-29", 48, "2020-02-29"),
        ("2026-10-31", 1, "2026-09-30"),
        ("2026-12-31", 6, "2026-06-30"),
        ("2026-01-31", 11, "2025-02-28"),
        ("2026-01-01", 1, "2025-12-01"),
        ("2026-01-15", 12, "2025-01-15"),
        ("1997-08-31", 6, "1997-02-28"),
        ("0001-03-31", 6, "0001-01-31"),
    ],
)
def test_the_cutoff_is_the_same_day_or_the_last_of_its_month(day, months, cutoff):
    assert cutoff_of(date.fromisoformat(day), months) == date.fromisoformat(cutoff)


def test_who_ordered_on_the_very_day_is_not_lost(rows):
    with rows() as session:
        customer(session, "当天", CUTOFF)
        late = customer(session, "前一天", CUTOFF - DAY)
        assert scan(session) == Scanned(checked=2, opened=1, already_open=0, recovered=0)
        assert names(session) == ["前一天"]
        case = session.scalars(select(ChurnCase)).one()
        assert (case.as_of, case.last_order_on, case.manager_id) == (TODAY, CUTOFF - DAY, late.manager_id)
        assert (case.created_on, case.created_by_id, case.version) == (morning(TODAY), None, 1)


@pytest.mark.parametrize(
    ("last", "as_of", "is_warned"),
    [
        (date(2025, 2, 28), date(2025, 8, 31), False),
        (date(2025, 2, 27), date(2025, 8, 31), True),
        (date(2024, 2, 29), date(2024, 8, 31), False),
        (date(2024, 2, 28), date(2024, 8, 31), True),
        (date(2024, 2, 29), date(2024, 8, 29), False),
        (date(2024, 2, 29), date(2024, 8, 30), False),
        (date(2024, 2, 29), date(2024, 9, 1), True),
    ],
)
def test_ends_of_months_and_leap_years(rows, last, as_of, is_warned):
    with rows() as session:
        customer(session, "月末", last)
        assert scan(session, as_of).opened == is_warned


@pytest.mark.parametrize(("moment", "is_warned"), [(time(15, 59), False), (time(16), True), (time(17), True)])
def test_the_day_is_that_of_the_companys_clock(rows, app, moment, is_warned):
    """At 17:00 UTC it is tomorrow in Shanghai."""
    with rows() as session:
        customer(session, "时区", CUTOFF)
    with time_machine.travel(datetime.combine(TODAY, moment, UTC), tick=False):
        told = app.test_cli_runner().invoke(args=["crm", "scan-churn", "--json"])
    assert json.loads(told.stdout)["opened"] == is_warned
    with rows() as session:
        days = session.scalars(select(ChurnCase.as_of)).all()
        assert days == ([date(2026, 3, 5)] if is_warned else [])


def test_orders_after_the_day_are_not_looked_at(rows):
    with rows() as session:
        customer(session, "后来又来", date(2024, 1, 10), date(2026, 3, 1))
        customer(session, "后来才来", date(2026, 3, 1))
        customer(session, "预订", date(2025, 1, 10), date(2026, 12, 1))
        assert scan(session, date(2024, 8, 1)) == Scanned(1, 1, 0, 0)
        assert session.scalars(select(ChurnCase.last_order_on)).all() == [date(2024, 1, 10)]
        found = scan(session)
        assert (found.checked, found.opened) == (3, 1)
        assert names(session) == ["预订"]
        assert names(session, ChurnStatus.RECOVERED) == ["后来又来"]


def test_a_return_is_no_order(rows):
    with rows() as session:
        customer(session, "退货", date(2025, 1, 10), (date(2026, 2, 1), -5))
        customer(session, "只有退货", (date(2025, 1, 10), -5))
        customer(session, "赠品", (date(2025, 1, 10), 0))
        assert scan(session) == Scanned(2, 2, 0, 0)
        assert names(session) == ["退货", "赠品"]
        add_order(session, session.scalars(select(Customer).where(Customer.name == "退货")).one(), TODAY, -1)
        assert scan(session).recovered == 0


def test_only_normal_customers_are_warned(rows):
    with rows() as session:
        for status in (LOST, DELETED):
            row = customer(session, str(status), status=status)
            with copying(session):
                session.add(Order(number=f"N{row.id}", customer_id=row.id, ordered_on=date(2025, 1, 1), source="test"))
            row.last_order_on = date(2025, 1, 1)
        customer(session, "从未下单")
        assert scan(session) == Scanned(0, 0, 0, 0)


def test_silence_counts_from_when_the_customer_was_won_back(rows):
    with rows() as session:
        for won_back_on in (CUTOFF - DAY, CUTOFF, TODAY):
            customer(session, f"赢回 {won_back_on}", date(2024, 1, 1), won_back_on=won_back_on)
        assert scan(session) == Scanned(3, 1, 0, 0)
        assert names(session) == [f"赢回 {CUTOFF - DAY}"]


def test_the_months_are_a_setting(rows):
    with rows() as session:
        customer(session, "三个月", date(2025, 12, 1))
        assert scan(session).opened == 0
        put(session, CHURN_MONTHS, 3)
        assert scan(session).opened == 1


def test_customers_without_an_order_count_from_their_creation_when_that_is_set(rows):
    """Made at 23:59 of the day before the cutoff, in the company's zone, and a minute later."""
    midnight = datetime.combine(CUTOFF, time(), SHANGHAI)
    with rows() as session:
        customer(session, "早", created_on=midnight - timedelta(minutes=1))
        customer(session, "晚", created_on=midnight)
        customer(session, "退货", (date(2025, 1, 1), -1), created_on=midnight - timedelta(minutes=1))
        customer(session, "预订", date(2026, 12, 1), created_on=midnight - timedelta(minutes=1))
        customer(session, "流失", status=LOST, created_on=midnight - timedelta(minutes=1))
        assert scan(session).opened == 0
        put(session, CHURN_FROM_CREATION, 1)
        assert scan(session) == Scanned(4, 3, 0, 0)
        assert names(session) == ["早", "退货", "预订"]
        assert set(session.scalars(select(ChurnCase.last_order_on))) == {None}
        assert scan(session) == Scanned(4, 0, 3, 0)


# ---- what is written ----------------------------------------------------------------------------------------


def test_a_second_scan_makes_nothing_new(rows):
    with rows() as session:
        customer(session, "久未下单", date(2025, 1, 1))
        assert scan(session) == Scanned(1, 1, 0, 0)
        assert scan(session) == Scanned(1, 0, 1, 0)
        assert scan(session, at=morning(TODAY + 7 * DAY)) == Scanned(1, 0, 1, 0)
        assert session.scalar(select(func.count(ChurnCase.id))) == 1
        assert session.scalar(select(func.count(StatusMove.id)).where(StatusMove.kind == "churn_cases")) == 1
        assert session.scalar(select(func.count(Reminder.id)).where(Reminder.kind == CHURN_WARNED.key)) == 1


def test_the_history_is_whole(rows):
    with rows() as session:
        for number in range(5):
            customer(session, f"客户{number}", date(2025, 1, 1))
        scan(session)
        moves = session.execute(
            select(StatusMove.row_id, StatusMove.move, StatusMove.before, StatusMove.after, StatusMove.at)
            .where(StatusMove.kind == "churn_cases")
            .order_by(StatusMove.row_id)
        ).all()
        keys = session.scalars(select(ChurnCase.id).order_by(ChurnCase.id)).all()
        assert moves == [(key, "create", None, "warned", morning(TODAY)) for key in keys]
        of_cases = [told for told in check_moves(session, morning(TODAY)) if "churn_cases" in told]
        assert of_cases == []


def test_one_line_of_the_log_tells_of_the_whole_scan(rows):
    with rows() as session:
        for number in range(3):
            customer(session, f"客户{number}", date(2025, 1, 1))
        before = session.scalar(select(func.max(AuditEntry.id)))
        scan(session)
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.id > before)).all()
        told = json.loads(entry.changes)
        assert (entry.kind, entry.table_name) == (AuditKind.CHURN_SCAN, None)
        assert told == {
            "as_of": [None, "2026-03-04"],
            "checked": [None, 3],
            "opened": [None, 3],
            "already_open": [None, 0],
            "recovered": [None, 0],
        }


def test_each_manager_is_told_once(rows):
    with rows() as session:
        for name, who in (
            ("甲", "manager_a"),
            ("乙", "manager_a"),
            ("丙", "manager_b"),
            ("丁", ""),
            ("戊", "disabled"),
        ):
            customer(session, name, date(2025, 1, 1), who=who)
        scan(session)
        told = session.scalars(select(Reminder).where(Reminder.kind == CHURN_WARNED.key).order_by(Reminder.id)).all()
        assert [one.values for one in told] == [{"by": "", "count": "2"}, {"by": "", "name": "丙"}]
        case = session.scalars(select(Customer.id).where(Customer.name == "丙")).one()
        assert [one.address for one in told] == ["/churn/list/?status=warned", f"/customers/show/{case}"]
        assert [one.created_on for one in told] == [morning(TODAY)] * 2


def test_who_does_not_want_to_be_told_is_not(rows):
    with rows() as session:
        row = customer(session, "甲", date(2025, 1, 1))
        session.add(ReminderSetting(person_id=row.manager_id, kind=CHURN_WARNED.key, channel=Channel.NONE))
        scan(session)
        assert session.scalar(select(func.count(Reminder.id)).where(Reminder.kind == CHURN_WARNED.key)) == 0


def test_it_needs_the_right_and_a_day_that_has_come(rows, session_of):
    with session_of("manager_a") as (session, by), pytest.raises(Forbidden):
        scan_churn(session, by=by, at=morning(TODAY))
    with rows() as session, pytest.raises(NotYet):
        scan(session, TODAY + DAY)
    with rows() as session:
        assert scan(session, TODAY) == Scanned(0, 0, 0, 0)


def test_who_scans_stands_in_the_history_and_sees_every_customer(rows, session_of):
    with rows() as session:
        customer(session, "甲", date(2025, 1, 1), who="manager_b")
    with session_of("supervisor") as (session, by):
        assert scan(session, by=by).opened == 1
        case = session.scalars(select(ChurnCase)).one()
        move = session.scalars(select(StatusMove).where(StatusMove.kind == "churn_cases")).one()
        assert (case.created_by_id, move.by_id) == (by.person_id, by.person_id)


def test_as_many_statements_for_one_as_for_fifty(app, rows):
    numbers = []
    for count in (1, 50):
        with rows() as session:
            for number in range(count):
                customer(session, f"{count}-{number}", date(2025, 1, 1))
        with rows() as session, counted(app) as statements:
            scan(session)
            numbers.append(len(statements))
    assert numbers[1] <= numbers[0] <= 16


# ---- all at once --------------------------------------------------------------------------------------------


def many(rows, count):
    """Silent customers of two managers."""
    with rows() as session:
        people = session.scalars(
            select(Employee.id).where(Employee.username.in_(("manager_a", "manager_b"))).order_by(Employee.id)
        ).all()
        marks = {"created_on": morning(TODAY), "changed_on": morning(TODAY), "version": 1, "status": ACTIVE}
        made = [
            {
                "number": f"KH240101{number:06}",
                "name": f"静默{number}",
                "name_key": f"静默{number}",
                "manager_id": people[number % 2],
                "last_order_on": date(2025, 1, 1),
                **marks,
            }
            for number in range(count)
        ]
        session.execute(insert(Customer), made)


def test_two_scans_at_the_same_moment_make_each_case_once(app, rows):
    many(rows, 3000)
    start, found = threading.Barrier(2), []

    def work():
        with app.app_context():
            session = db.session()
            session.info["actor"] = SYSTEM
            session.connection()
            start.wait()
            found.append(scan(session))
            session.commit()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((one.checked, one.opened, one.already_open) for one in found) == [(3000, 0, 3000), (3000, 3000, 0)]
    with rows() as session:
        assert session.scalar(select(func.count(ChurnCase.id))) == 3000
        of_cases = StatusMove.kind == "churn_cases"
        assert session.scalar(select(func.count(StatusMove.row_id.distinct())).where(of_cases)) == 3000
        assert session.scalar(select(func.count(StatusMove.id)).where(of_cases)) == 3000
        told = session.scalars(select(Reminder).where(Reminder.kind == CHURN_WARNED.key)).all()
        assert [one.values["count"] for one in told] == ["1,500", "1,500"]
        assert session.scalar(select(func.count(AuditEntry.id)).where(AuditEntry.kind == AuditKind.CHURN_SCAN)) == 2


ORDERS = st.lists(
    st.tuples(st.dates(date(2025, 7, 1), date(2026, 6, 1)), st.sampled_from([100, 0, -5])), max_size=3, unique=True
)
CUSTOMERS = st.lists(
    st.tuples(
        ORDERS,
        st.sampled_from([ACTIVE, ACTIVE, ACTIVE, LOST, DELETED]),
        st.none() | st.dates(date(2025, 8, 1), date(2026, 3, 4)),
        st.dates(date(2025, 7, 1), date(2026, 3, 4)),
        st.none() | st.sampled_from([date(2025, 9, 1), TODAY]),
    ),
    max_size=6,
)


def model(found, as_of, months, counts_creation):
    """What the rules say in plain words: checked, opened, already open, recovered, and who is warned then."""
    cutoff, checked, silent, opened, recovered = cutoff_of(as_of, months), 0, 0, [], 0
    for place, (orders, status, won_back_on, made_on, open_since) in enumerate(found):
        days = [day for day, total in orders if total >= 0 and day <= as_of]
        if status is not ACTIVE or not (days or (counts_creation and made_on <= as_of)):
            continue
        checked += 1
        since = max(max(days, default=made_on), won_back_on or date.min)
        is_open = open_since is not None
        silent += since < cutoff
        if since < cutoff and not is_open:
            opened.append(place)
        recovered += is_open and open_since <= as_of and bool(days) and max(days) >= cutoff
    return Scanned(checked, len(opened), silent - len(opened), recovered), opened


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    found=CUSTOMERS,
    as_of=st.dates(date(2025, 12, 1), TODAY),
    months=st.sampled_from([1, 3, 6]),
    counts_creation=st.booleans(),
)
def test_the_database_says_what_a_loop_over_all_customers_says(app, *, found, as_of, months, counts_creation):
    with app.app_context():
        session = db.session()
        session.info["actor"] = SYSTEM
        session.execute(update(Customer).values(status=DELETED), execution_options={"synchronize_session": False})
        put(session, CHURN_MONTHS, months)
        put(session, CHURN_FROM_CREATION, counts_creation)
        keys = [planted(session, place, one) for place, one in enumerate(found)]
        expected, opened = model(found, as_of, months, counts_creation)
        assert scan(session, as_of) == expected
        made = select(ChurnCase.customer_id).where(ChurnCase.created_on == morning(TODAY)).order_by(ChurnCase.id)
        assert session.scalars(made).all() == [keys[place] for place in opened]
        assert scan(session, as_of) == Scanned(expected.checked, 0, expected.already_open + expected.opened, 0)
        session.rollback()


def planted(session, place, described):
    """A customer as described, with an open case where it has one."""
    orders, status, won_back_on, made_on, open_since = described
    row = Customer(number=f"KH230101{place:06}", name=f"客户{place}", status=status, won_back_on=won_back_on)
    row.created_on = morning(made_on)
    session.add(row)
    session.flush()
    with copying(session):
        for number, (day, total) in enumerate(orders):
            key = f"P{place}-{number}"
            session.add(Order(number=key, customer_id=row.id, ordered_on=day, total=total, source="test"))
    row.last_order_on = max((day for day, total in orders if total >= 0), default=None)
    if open_since is not None:
        case = ChurnCase(customer=row, as_of=open_since)
        CASES.enter(session, [(case, ChurnStatus.WARNED)], by=SYSTEM, at=morning(date(2025, 9, 1)))
    session.flush()
    return row.id


# ---- back again ---------------------------------------------------------------------------------------------


def lost(session, name, confirmed_on):
    """A customer whose churn was confirmed at a moment."""
    row = customer(session, name, date(2025, 1, 1))
    LIFE.fire_all(session, "lose", Customer.id == row.id, by=SYSTEM, at=confirmed_on)
    case = ChurnCase(customer=row, manager_id=row.manager_id, as_of=confirmed_on.date(), confirmed_on=confirmed_on)
    CASES.enter(session, [(case, ChurnStatus.CONFIRMED)], by=SYSTEM, at=confirmed_on)
    return row


def moves(session, row):
    """The history of a row: move, before, after, reason."""
    of = (StatusMove.kind == row.__tablename__, StatusMove.row_id == row.id)
    columns = (StatusMove.move, StatusMove.before, StatusMove.after, StatusMove.reason)
    return session.execute(select(*columns).where(*of).order_by(StatusMove.id)).all()


def test_an_order_closes_the_open_case_at_once(rows):
    with rows() as session:
        row, other = customer(session, "甲", date(2025, 1, 1)), customer(session, "乙", date(2025, 1, 1))
        scan(session)
        add_order(session, row, CUTOFF - DAY, at=TODAY)
        assert names(session) == ["甲", "乙"]
        add_order(session, row, TODAY + DAY, at=TODAY)
        assert names(session) == ["甲", "乙"]
        add_order(session, row, CUTOFF, at=TODAY)
        assert (names(session), names(session, ChurnStatus.RECOVERED)) == (["乙"], ["甲"])
        case = session.scalars(select(ChurnCase).where(ChurnCase.customer_id == row.id)).one()
        assert (case.recovered_on, case.changed_on, case.version) == (morning(TODAY), morning(TODAY), 2)
        assert moves(session, case)[1:] == [("recover", "warned", "recovered", None)]
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
        told = (entry.kind, entry.table_name, entry.row_id, entry.root_table, entry.root_id, entry.row_name)
        assert told == (AuditKind.MOVED, "churn_cases", case.id, "customers", row.id, "甲")
        assert json.loads(entry.changes) == {"status": ["warned", "recovered"]}
        add_order(session, row, TODAY)
        assert len(moves(session, case)) == 2
        assert scan(session) == Scanned(2, 0, 1, 0)
        assert other.status is ACTIVE


def test_the_scan_closes_what_no_refresh_closed(rows):
    """An order that was dated ahead, on the day it was dated for; a postponed case too."""
    with rows() as session:
        customer(session, "甲", date(2025, 1, 1))
        scan(session)
        case = session.scalars(select(ChurnCase)).one()
        CASES.enter(session, [(case, ChurnStatus.POSTPONED)], by=SYSTEM, at=morning(TODAY))
        add_order(session, case.customer, TODAY + 3 * DAY, at=TODAY)
        assert scan(session).recovered == 0
        assert scan(session, at=morning(TODAY + 3 * DAY)) == Scanned(1, 0, 0, 1)
        assert moves(session, case)[-1] == ("recover", "postponed", "recovered", None)
        session.refresh(case)
        assert case.status is ChurnStatus.RECOVERED


def test_a_look_back_closes_no_case_of_a_later_day(rows):
    with rows() as session:
        customer(session, "甲", date(2025, 1, 1))
        scan(session)
        assert scan(session, date(2025, 2, 1)) == Scanned(1, 0, 0, 0)
        assert names(session) == ["甲"]


def test_a_lost_customer_comes_back_with_an_order(rows):
    with rows() as session:
        row = lost(session, "甲", morning(date(2026, 2, 1)))
        version = row.version
        add_order(session, row, date(2026, 1, 31), at=TODAY)
        add_order(session, row, TODAY, -5, at=TODAY)
        assert row.status is LOST
        add_order(session, row, date(2026, 2, 1), at=TODAY)
        assert (row.status, row.won_back_on, row.version) == (ACTIVE, TODAY, version + 1)
        assert moves(session, row)[2:] == [("win_back", "lost", "active", "再次下单")]
        assert names(session, ChurnStatus.CONFIRMED) == ["甲"]
        (told,) = session.scalars(select(Reminder).where(Reminder.kind == CUSTOMER_BACK.key)).all()
        assert (told.person_id, told.values, told.address) == (
            row.manager_id,
            {"by": "", "name": "甲"},
            f"/customers/show/{row.id}",
        )
        entry = session.scalars(select(AuditEntry).where(AuditEntry.root_id == row.id).order_by(AuditEntry.id.desc()))
        last = entry.first()
        assert (last.kind, last.reason, json.loads(last.changes)) == (
            AuditKind.MOVED,
            "再次下单",
            {"status": ["lost", "active"]},
        )
        add_order(session, row, TODAY, at=TODAY)
        assert len(moves(session, row)) == 3
        assert scan(session) == Scanned(1, 0, 0, 0)


@pytest.mark.parametrize(("hour", "is_back"), [(15, True), (16, False), (17, False)])
def test_the_day_of_loss_is_that_of_the_companys_clock(rows, hour, is_back):
    """Confirmed at 17:00 UTC, that is on the next day in Shanghai, on which an order of the day before is too early."""
    with rows() as session:
        row = lost(session, "甲", datetime(2026, 2, 1, hour, 59, tzinfo=UTC))
        add_order(session, row, date(2026, 2, 1), at=TODAY)
        assert (row.status is ACTIVE) is is_back


def test_who_came_lost_from_elsewhere_is_back_by_an_order_after_that(rows):
    with rows() as session:
        row = customer(session, "甲", status=LOST, created_on=morning(date(2026, 2, 1)))
        add_order(session, row, date(2026, 1, 31), at=TODAY)
        assert row.status is LOST
        add_order(session, row, date(2026, 2, 1), at=TODAY)
        assert row.status is ACTIVE


def test_who_was_lost_again_needs_a_later_order(rows):
    with rows() as session:
        row = lost(session, "甲", morning(date(2025, 6, 1)))
        second = ChurnCase(customer=row, as_of=date(2026, 2, 1), confirmed_on=morning(date(2026, 2, 10)))
        CASES.enter(session, [(second, ChurnStatus.CONFIRMED)], by=SYSTEM, at=morning(date(2026, 2, 10)))
        add_order(session, row, date(2026, 2, 9), at=TODAY)
        assert row.status is LOST


def test_what_was_unmatched_brings_back_who_is_restored(rows):
    with rows() as session:
        row = lost(session, "甲", morning(date(2026, 2, 1)))
        row.external_id = "K1"
        with copying(session):
            session.add(Order(number="U1", customer_number="K1", ordered_on=date(2026, 2, 20), source="test"))
        assert match_orders_of(session, [row], at=morning(TODAY)) == 1
        assert (row.status, row.won_back_on) == (ACTIVE, TODAY)
        row.memo = row.postcode = "210000"  # what is held in hand goes on
        session.flush()


def test_nobody_else_is_touched(rows):
    with rows() as session:
        row, other = (lost(session, name, morning(date(2026, 2, 1))) for name in ("甲", "乙"))
        with copying(session):
            for number, one in enumerate((row, other)):
                session.add(Order(number=f"X{number}", customer_id=one.id, ordered_on=TODAY, source="test"))
        session.flush()
        bring_back(session, select(Customer.id).where(Customer.id == row.id), morning(TODAY))
        session.expire_all()
        assert (row.status, other.status) == (ACTIVE, LOST)


def test_several_who_come_back_are_one_reminder(rows):
    with rows() as session:
        keys = [lost(session, name, morning(date(2026, 2, 1))).id for name in ("甲", "乙", "丙")]
        with copying(session):
            for key in keys:
                session.add(Order(number=f"Y{key}", customer_id=key, ordered_on=TODAY, source="test"))
        session.flush()
        bring_back(session, select(Customer.id).where(Customer.id.in_(keys)), morning(TODAY))
        (told,) = session.scalars(select(Reminder).where(Reminder.kind == CUSTOMER_BACK.key)).all()
        assert (told.values, told.address) == ({"by": "", "count": "3"}, "/customers/list/")


# ---- moves of many rows -------------------------------------------------------------------------------------


def test_only_the_system_moves_many_rows_and_only_as_declared(rows, session_of):
    with rows() as session:
        with pytest.raises(KeyError):
            CASES.fire_all(session, "forget", ChurnCase.id > 0, by=SYSTEM, at=morning(TODAY))
        with pytest.raises(ValueError, match="elsewhere"):
            LIFE.fire_all(session, "restore", Customer.id > 0, by=SYSTEM, at=morning(TODAY))
        by = load_actor(session, session.scalars(select(Employee).where(Employee.username == "admin")).one())
        with pytest.raises(Forbidden):
            CASES.fire_all(session, "recover", ChurnCase.id > 0, by=by, at=morning(TODAY))


def test_a_row_that_stands_elsewhere_is_left_alone(rows):
    with rows() as session:
        first, second = customer(session, "甲"), customer(session, "乙", status=LOST)
        moved = LIFE.fire_all(session, "win_back", Customer.id > 0, by=SYSTEM, at=morning(TODAY), reason="x")
        assert (moved.count, session.scalars(select(Customer.id).where(moved.rows)).all()) == (1, [second.id])
        assert (first.status, second.status, first.version, second.version) == (ACTIVE, ACTIVE, 1, 2)


def test_the_kinds_of_reminders_are_known():
    assert {CHURN_WARNED.key, CUSTOMER_BACK.key} <= KINDS.keys()


def test_a_case_of_another_day_may_be_made_after_the_first_was_closed(rows):
    with rows() as session:
        row = customer(session, "甲", date(2025, 1, 1))
        scan(session, date(2025, 8, 1))
        add_order(session, row, date(2025, 8, 2), at=date(2025, 8, 2))
        assert scan(session).opened == 1
        assert len(session.scalars(select(ChurnCase).where(ChurnCase.customer_id == row.id)).all()) == 2
