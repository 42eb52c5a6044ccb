"""A refresh: what goes in, what is set aside, what follows from it, and that it is whole or not at all."""

import json
import sqlite3
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select, update

from app.actions.churn.scan import scan_churn
from app.actions.customers.life import LIFE
from app.actions.orders import match_by_hand, match_orders_of
from app.actions.sales_system import freshness
from app.actions.verify import CHECKS
from app.clock import now
from app.errors import Forbidden
from app.i18n import Told
from app.integrations.sales_system import turns
from app.models import (
    AuditEntry,
    Customer,
    CustomerMonth,
    CustomerStatus,
    CustomerYear,
    Order,
    OrderLine,
    Product,
    Refresh,
    RefreshState,
    SetAside,
    StatusMove,
    StockLevel,
)
from app.security.actor import SYSTEM
from app.security.scope import copying
from tests.integrations.trade import ZONE, Trade, counts

KINDS = ("products", "stock", "orders", "order_lines")
KEPT = {"order_totals", "months", "last_orders"}


@pytest.fixture
def trade(app: Any, tmp_path: Path) -> Trade:
    """A small sales system."""
    return Trade(app, tmp_path)


def faults(rows: Any) -> list[tuple[str, int, str, str]]:
    """What was set aside: kind, row, column and the English of the reason."""
    with rows() as session:
        found = session.scalars(select(SetAside).order_by(SetAside.kind, SetAside.row, SetAside.id))
        return [(one.kind, one.row, one.column, one.reason.message % one.reason.values) for one in found]


def assert_kept(rows: Any) -> None:
    """Everything that is kept of the orders is what the orders say."""
    with rows() as session:
        told = [line for check in CHECKS if check.key in KEPT for line in check.run(session, now())]
    assert told == []


def order(session: Any, number: str) -> Order:
    """An order by its number."""
    return session.scalars(select(Order).where(Order.number == number)).one()


# ---- what goes in -------------------------------------------------------------------------------------


def test_everything_goes_in_and_a_second_time_changes_nothing(trade: Trade, rows: Any) -> None:
    assert counts(trade.refresh()) == {
        "products": (2, 0, 0, 0, 0),
        "stock": (2, 0, 0, 0, 0),
        "orders": (3, 0, 0, 0, 0),
        "order_lines": (3, 0, 0, 0, 0),
    }
    with rows() as session:
        first = order(session, "S1")
        assert (first.customer.name, first.status.value, first.address) == ("镇江岚砺磨具有限公司", "paid", "苏州")
        # Half up: 2 × 999.995 = 1999.99, 3 × 0.335 = 1.005.
        assert [line.amount for line in first.lines] == [Decimal("1999.99"), Decimal("1.01")]
        assert [line.product_name for line in first.lines] == ["主轴-ZX-2-A级", "轴承"]
        assert first.total == Decimal("2001.00")
        assert order(session, "S2").lines[0].product is None
        assert (order(session, "S3").customer_id, order(session, "S3").total) == (None, Decimal(100))
        assert session.scalars(select(StockLevel.quantity).order_by(StockLevel.id)).all() == [5, Decimal("100.5")]
        assert session.scalars(select(Customer.last_order_on)).all() == [date(2026, 1, 5), date(2026, 2, 7)]
        assert session.scalar(select(func.sum(CustomerMonth.amount))) == Decimal("2051.00")
        assert session.scalar(select(func.count(AuditEntry.id)).where(AuditEntry.table_name == "orders")) == 0
        assert session.scalar(select(Customer.version).limit(1)) == 1
    assert_kept(rows)
    again = trade.refresh()
    assert {one[:2] + one[3:] for one in counts(again).values()} == {(0, 0, 0, 0)}
    assert again.reports["orders"].unmatched == 1


def test_what_changed_or_went_at_the_source_does_so_here(trade: Trade, rows: Any) -> None:
    trade.refresh()
    trade.rows["orders"][:2] = ["S1,KH260302000002,,2026-03-05,苏州,已回款,"]
    trade.rows["order_lines"] = ["S1,1,P1,,4,套,1", "S1,3,P2,,1,只,2"]
    trade.rows["products"] = ["P2,轴承,,,只,13,"]
    trade.rows["stock"] = ["P2,一号库,A-2,7,"]
    assert counts(trade.refresh()) == {
        "products": (0, 1, 0, 1, 0),
        "stock": (0, 1, 0, 1, 0),
        "orders": (0, 1, 1, 1, 0),
        "order_lines": (1, 1, 0, 2, 0),
    }
    with rows() as session:
        assert order(session, "S1").total == 6
        assert order(session, "S1").customer.name == "泰州知微生物有限公司"
        assert order(session, "S1").lines[0].product is None
        assert order(session, "S1").lines[0].product_name == "主轴-ZX-2-A级"
        last = session.scalars(select(Customer.last_order_on).order_by(Customer.id)).all()
        assert last == [None, date(2026, 3, 5)]
        assert session.scalar(select(func.count()).select_from(CustomerMonth)) == 1
    assert_kept(rows)


def test_each_source_removes_its_own_rows_alone(app: Any, rows: Any, tmp_path: Path) -> None:
    one, other = (Trade(app, tmp_path / name, f'[sources.{name}]\nfolder = "."\n') for name in folders(tmp_path))
    other.rows = {
        "orders": ["T1,,没有的公司,2026-02-08,,,5", "S1,,没有的公司,2026-02-08,,,5"],
        "order_lines": ["S1,9,,x,1,,1"],
    }
    one.refresh("one")
    assert counts(other.refresh("other"))["orders"] == (1, 0, 0, 0, 1)
    assert [fault[3] for fault in faults(rows)] == ["This belongs to the source “one”."] * 2
    other.rows["orders"] = []
    assert counts(other.refresh("other"))["orders"] == (0, 0, 0, 1, 0)
    with rows() as session:
        assert sorted(session.scalars(select(Order.number))) == ["S1", "S2", "S3"]


def folders(parent: Path) -> list[str]:
    """Two folders."""
    for name in ("one", "other"):
        (parent / name).mkdir()
    return ["one", "other"]


def test_returns_where_they_are_allowed(app: Any, rows: Any, tmp_path: Path) -> None:
    trade = Trade(app, tmp_path, '[sources.trade]\nfolder = "."\nallow_returns = true\n')
    trade.rows["orders"].append("S4,KH260302000001,,2026-04-05,,,")
    trade.rows["order_lines"].append("S4,1,P1,,-3,套,0.335")
    counts(trade.refresh())
    with rows() as session:
        assert order(session, "S4").total == Decimal("-1.01")
        months = session.execute(select(CustomerMonth.month, CustomerMonth.orders, CustomerMonth.amount)).all()
        assert (date(2026, 4, 1), 0, Decimal("-1.01")) in months
        assert date(2026, 4, 5) not in session.scalars(select(Customer.last_order_on)).all()
    assert_kept(rows)


def test_where_lines_and_stated_total_differ_the_lines_count(trade: Trade, rows: Any) -> None:
    trade.rows["orders"][1] += "51"
    counts(trade.refresh())
    with rows() as session:
        assert order(session, "S2").total == 50
        last = session.scalars(select(Refresh)).one()
        assert last.counts["orders"]["differences"] == 1
        assert "1" in str(last.outcome)


def test_lines_without_numbers_get_them(trade: Trade, rows: Any) -> None:
    trade.rows["order_lines"] = ["S1,,P1,,2,套,1", "S2,,P1,,2,套,1", "S1,,P2,,3,只,1", "S1,7,P2,,4,只,1"]
    assert counts(trade.refresh())["order_lines"] == (4, 0, 0, 0, 0)
    with rows() as session:
        assert [(line.line_no, int(line.quantity)) for line in order(session, "S1").lines] == [(7, 4), (8, 2), (9, 3)]
    assert counts(trade.refresh())["order_lines"] == (0, 0, 4, 0, 0)


# ---- what is set aside ----------------------------------------------------------------------------------

BAD = [
    ("products", f"P9,{'x' * 5000},,,,,", "name", "5000"),
    ("products", "P9,a\x00b,,,,,", "name", "cannot be stored"),
    ("products", "P9,,,,,,", "name", "required"),
    ("products", "P9,a,,,,12x,", "price", "not a number"),
    ("products", "P9,a,,,,-1,", "price", "negative"),
    ("products", "P9,a,,,,1.1234567,", "price", "decimals"),
    ("products", "P9,a,,,,1,b,c", "", "more cells"),
    ("products", "P1,a,,,,,", "number", "Row 2"),
    ("stock", "P7,一号库,A-1,5,", "product_number", "no product “P7”"),
    ("stock", "P1,一号库,B-1,-5,", "quantity", "negative"),
    ("stock", "P1,一号库,A-1,6,", "warehouse", "Row 2"),
    ("orders", "S9,,某公司,2026-02-31,,,", "ordered_on", "date"),
    ("orders", "S9,,某公司,0026-02-03,,,", "ordered_on", "too far"),
    ("orders", "S9,,,2026-02-01,,,", "customer_name", "required"),
    ("orders", "S9,,某公司,2026-02-01,,回款,", "status", "not one of"),
    ("orders", "S9,,某公司,2026-02-01,,,many", "total", "not a number"),
    ("orders", "S1,,某公司,2026-02-01,,,", "number", "Row 2"),
    ("order_lines", "S1,4,P1,,-2,套,1", "quantity", "negative"),
    ("order_lines", "S1,4,P1,,two,套,1", "quantity", "not a number"),
    ("order_lines", "S1,4,P1,,2,套,", "unit_price", "required"),
    ("order_lines", "S1,1,P1,,2,套,1", "line_no", "Row 2"),
    ("order_lines", "S8,1,P1,,2,套,1", "order_number", "no order “S8”"),
    ("order_lines", "S1,4,P1,,99999999999,套,999999999999", "unit_price", "too large"),
]


@pytest.mark.parametrize(("kind", "row", "column", "reason"), BAD)
def test_a_bad_row_is_set_aside_and_the_others_go_in(
    trade: Trade, rows: Any, kind: str, row: str, *, column: str, reason: str
) -> None:
    trade.rows[kind].append(row)
    good = counts(trade.refresh())
    assert {key: one[0] for key, one in good.items()} == {"products": 2, "stock": 2, "orders": 3, "order_lines": 3}
    assert good[kind][4] == 1
    [(told_kind, number, told_column, told)] = faults(rows)
    assert (told_kind, number, told_column) == (kind, len(trade.rows[kind]) + 1, column)
    assert reason in told
    assert_kept(rows)


def test_a_row_that_became_bad_stays_as_it_was(trade: Trade, rows: Any) -> None:
    trade.refresh()
    trade.rows["orders"][0] = "S1,KH260302000001,,2026-02-31,苏州,已回款,"
    trade.rows["order_lines"][0] = "S1,1,P1,,-2,套,1"
    trade.rows["products"][0] = "P1,主轴,ZX-2,A级,套,much,"
    assert counts(trade.refresh()) == {
        "products": (0, 0, 1, 0, 1),
        "stock": (0, 0, 2, 0, 0),
        "orders": (0, 0, 2, 0, 1),
        "order_lines": (0, 0, 2, 0, 1),
    }
    with rows() as session:
        content = session.scalars(select(SetAside.content).where(SetAside.kind == "orders")).one()
        assert content == {
            "number": "S1",
            "customer_number": "KH260302000001",
            "customer_name": "",
            "ordered_on": "2026-02-31",
            "address": "苏州",
            "status": "已回款",
            "total": "",
        }
        assert order(session, "S1").total == Decimal("2001.00")
    trade.rows["orders"][0] = "S1,KH260302000001,,2026-02-28,苏州,已回款,"
    assert counts(trade.refresh())["orders"] == (0, 1, 2, 0, 0)
    assert {fault[0] for fault in faults(rows)} == {"products", "order_lines"}


def test_lines_of_a_bad_order_are_set_aside_with_it(trade: Trade, rows: Any) -> None:
    trade.rows["orders"][0] = "S1,KH260302000001,,2026-02-31,苏州,已回款,"
    assert counts(trade.refresh())["order_lines"] == (1, 0, 0, 0, 2)
    assert [fault[2] for fault in faults(rows)] == ["order_number", "order_number", "ordered_on"]


def test_verify_tells_what_is_not_what_the_orders_say(trade: Trade, rows: Any) -> None:
    trade.refresh()
    wrong = {
        "order_totals": (update(OrderLine).where(OrderLine.line_no == 2).values(amount=7), 1),
        "months": (update(CustomerMonth).values(orders=7), 2),
        "years": (update(CustomerYear).where(CustomerYear.year == 0).values(orders=7), 2),
        "last_orders": (update(Customer).values(last_order_on=date(2020, 1, 1)), 2),
    }
    with rows() as session:
        with copying(session):
            for statement, _ in wrong.values():
                session.execute(statement)
        for check in CHECKS:
            if check.key in wrong:
                [told] = check.run(session, now())
                assert str(wrong[check.key][1]) in told


# ---- whose an order is --------------------------------------------------------------------------------


def test_an_order_without_exactly_one_customer_is_matched_later(trade: Trade, rows: Any) -> None:
    with rows() as session:
        for number, name in enumerate(("双生公司", "双生公司", "不在公司")):
            status = CustomerStatus.DELETED if name == "不在公司" else CustomerStatus.ACTIVE
            session.add(Customer(number=f"KH26030300000{number}", name=name, status=status))
    trade.rows["orders"] = ["A,,双生公司,2026-01-01,,,1", "B,,不在公司,2026-01-01,,,1", "C,K7,某公司,2026-01-01,,,1"]
    trade.rows["order_lines"] = []
    assert trade.refresh().reports["orders"].unmatched == 3
    with rows() as session:
        born = Customer(number="KH260303000009", name=" 某公司 ", external_id="K7")
        session.add(born)
        assert match_orders_of(session, [born], at=now(ZONE)) == 1
        assert (order(session, "C").customer, born.version) == (born, 1)
        session.refresh(born)
        assert born.last_order_on == date(2026, 1, 1)
        deleted = session.scalars(select(Customer).where(Customer.name == "不在公司")).one()
        assert match_orders_of(session, [deleted], at=now(ZONE)) == 0
        session.delete(session.scalars(select(Customer).where(Customer.number == "KH260303000001")).one())
    assert trade.refresh().reports["orders"].unmatched == 1
    assert_kept(rows)


def test_a_match_by_hand_is_remembered(trade: Trade, rows: Any, session_of: Callable[[str], Any]) -> None:
    trade.rows["orders"].append("S4,,没有的公司,2026-03-08,,,7")
    trade.refresh()
    with rows() as session:
        customer = session.scalars(select(Customer).where(Customer.name.startswith("镇江"))).one()
        assert match_by_hand(session, order(session, "S3"), customer, by=SYSTEM, at=now(ZONE)) == 2
        assert order(session, "S4").customer == customer
    trade.rows["orders"].append("S5,,没有的公司,2026-03-09,,,7")
    trade.rows["orders"][2] = "S3,,没有的公司,2026-02-09,,,101"
    assert trade.refresh().reports["orders"].unmatched == 0
    assert_kept(rows)
    with session_of("manager_a") as (session, actor), pytest.raises(Forbidden):
        match_by_hand(session, Order(), customer, by=actor, at=now(ZONE))


# ---- who orders again -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_cases")
def test_an_order_that_comes_in_closes_the_case_and_brings_the_lost_back(trade: Trade, rows: Any) -> None:
    today, at = now(ZONE).date(), now(ZONE)
    trade.rows["order_lines"] = []
    trade.rows["orders"] = ["S1,KH260302000001,,2026-01-05,,,1", "S2,KH260302000002,,2026-01-05,,,1"]
    trade.refresh()
    with rows() as session:
        assert scan_churn(session, by=SYSTEM, at=at).opened == 2
        LIFE.fire_all(session, "lose", Customer.number == "KH260302000002", by=SYSTEM, at=at)
    trade.rows["orders"] += [f"S3,KH260302000001,,{today},,,1", f"S4,KH260302000002,,{today},,,1"]
    for _ in range(2):
        trade.refresh(is_whole=True)
    with rows() as session:
        found = session.scalars(select(Customer).order_by(Customer.number)).all()
        assert [one.status for one in found] == [CustomerStatus.ACTIVE] * 2
        assert [one.won_back_on for one in found] == [None, today]
        moves = session.execute(select(StatusMove.kind, StatusMove.move).order_by(StatusMove.id)).all()
        assert [move for move in moves if move[1] in {"recover", "win_back"}] == [
            ("customers", "win_back"),
            ("churn_cases", "recover"),
            ("churn_cases", "recover"),
        ]
    assert_kept(rows)


# ---- a source that is down, and turns -------------------------------------------------------------------


def test_a_source_that_is_down_leaves_the_last_copy(trade: Trade, rows: Any) -> None:
    trade.refresh()
    trade.rows["products"] = ["P1"]
    path = trade.folder / "orders.csv"
    whole = path.read_text(encoding="utf-8")
    trade.rows.pop("orders")
    path.write_text(whole.replace("ordered_on", "when"), encoding="utf-8")
    failed = trade.refresh()
    assert failed.failure == Told("These columns are missing: %(names)s", {"names": "ordered_on"})
    with rows() as session:
        assert session.scalar(select(func.count(Product.id))) == 2
        [source] = freshness(session)
        assert (source.source, source.success.id, source.failure.id) == ("trade", 1, 2)
        assert source.failure.outcome == failed.failure
    path.write_text(whole, encoding="utf-8")
    assert trade.refresh().failure is None
    with rows() as session:
        [source] = freshness(session)
        assert (source.success.id, source.failure) == (3, None)


def test_one_refresh_of_a_source_at_a_time(trade: Trade, rows: Any) -> None:
    with rows() as session:
        session.add(running("other-machine/1/x"))
    assert "running already" in str(trade.refresh().failure)
    with rows() as session:
        session.scalars(select(Refresh)).one().beat_at = now() - turns.LOST_AFTER - timedelta(seconds=1)
    assert trade.refresh().failure is None
    with rows() as session:
        session.add(running(f"{turns.MACHINE}/4999999/x"))
    assert trade.refresh().failure is None
    with rows() as session:
        states = session.scalars(select(Refresh.state).order_by(Refresh.id)).all()
        assert states == [RefreshState.FAILED, RefreshState.DONE, RefreshState.FAILED, RefreshState.DONE]


def running(holder: str) -> Refresh:
    """A refresh of somebody else."""
    return Refresh(source="trade", started_at=now(), beat_at=now(), holder=holder, state=RefreshState.RUNNING)


# ---- by stamps ------------------------------------------------------------------------------------------

STAMPED = """
[sources.trade]
url = "sqlite:///trade.db"
[sources.trade.orders]
table = "orders"
stamp = "changed_at"
"""


def test_only_what_changed_is_read_and_once_a_night_everything(app: Any, rows: Any, tmp_path: Path) -> None:
    trade = Trade(app, tmp_path, STAMPED)
    trade.rows = {}
    source = sqlite3.connect(tmp_path / "trade.db")
    source.execute("CREATE TABLE orders (number, customer_name, ordered_on, total, changed_at)")

    def put(*row: Any) -> None:
        source.execute("INSERT INTO orders VALUES (?, ?, ?, ?, ?)", row)
        source.commit()

    def read() -> list[int]:
        outcome = trade.refresh()
        assert outcome.failure is None, str(outcome.failure)
        report = outcome.reports["orders"]
        return [report.rows, report.created, report.updated, outcome.removed["orders"], report.failed]

    put("A", "甲", "2026-01-01", 10.005, "2026-01-01 10:00")
    put("B", "乙", "2026-01-01", 2, "2026-01-01 11:00")
    put("X", "乙", "2026-02-31", 2, "2026-01-01 11:00")
    with time_machine.travel("2026-03-01T04:00Z", tick=False) as clock:
        assert read() == [3, 2, 0, 0, 1]
        source.execute("DELETE FROM orders WHERE number = 'A'")
        put("C", "丙", "2026-01-02", 3, "2026-01-01 12:00")
        assert read() == [3, 1, 0, 0, 1]  # what has the stamp seen last is read again
        assert len(faults(rows)) == 1
        assert read() == [1, 0, 0, 0, 0]
        assert len(faults(rows)) == 1
        clock.shift(timedelta(hours=24))
        assert read() == [3, 0, 0, 1, 1]
        source.execute("UPDATE orders SET total = 4, changed_at = '2026-01-01 13:00' WHERE number = 'B'")
        source.commit()
        assert read() == [2, 0, 1, 0, 0]
    source.close()
    with rows() as session:
        assert session.scalars(select(Order.total).order_by(Order.number)).all() == [4, 3]
        stamps = session.scalars(select(Refresh.stamps).order_by(Refresh.id.desc())).first()
        assert json.loads(json.dumps(stamps)) == {"orders": ["str", "2026-01-01 13:00"]}
        assert session.scalar(select(func.count(OrderLine.id))) == 0
