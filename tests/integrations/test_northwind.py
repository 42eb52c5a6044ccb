"""Northwind comes in as a folder of files and as another database: to the cent, and only what changed changes."""

import json
import shutil
from collections import defaultdict
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.engine import make_url

from app.actions.churn.silence import cutoff_of
from app.models import ChurnCase, Customer, CustomerMonth, Order, OrderLine, Product, StockLevel
from app.reports.engine import Slice, ask, report_of
from tests.conftest import SHARED
from tests.databases import drop_database, fresh_database, unique_name
from tests.integrations.trade import ZONE, Trade, counts, read_csv, write_csv

NORTHWIND = SHARED / "data" / "northwind"
FILES = ("customers", "products", "orders", "order_details")
CENT = Decimal("0.01")

pytestmark = pytest.mark.skipif(not NORTHWIND.is_dir(), reason="Northwind is not on this machine")

FOLDER = """
[sources.northwind]
folder = "{folder}"

[sources.northwind.products]
file = "products.csv"
map = {{ number = "ProductID", name = "ProductName", unit = "QuantityPerUnit", price = "UnitPrice" }}

[sources.northwind.stock]
file = "products.csv"
[sources.northwind.stock.map]
product_number = "ProductID"
warehouse = {{ constant = "Main" }}
location = {{ template = "{{CategoryID}}-{{SupplierID}}" }}
quantity = "UnitsInStock"

[sources.northwind.orders]
file = "orders.csv"
[sources.northwind.orders.map]
number = "OrderID"
customer_number = "CustomerID"
ordered_on = "OrderDate"
address = "{{ShipAddress}}, {{ShipCity}}"

[sources.northwind.order_lines]
file = "order_details.csv"
[sources.northwind.order_lines.map]
order_number = "OrderID"
product_number = "ProductID"
quantity = "Quantity"
unit_price = "UnitPrice * (1 - Discount)"
"""

DATABASE = """
[sources.northwind]
url = "{url}"

[sources.northwind.products]
table = "crm_products"

[sources.northwind.stock]
query = "SELECT product_id AS product_number, 'Main' AS warehouse, '1' AS location, units AS quantity FROM products"

[sources.northwind.orders]
table = "crm_orders"
map = { number = "OrderID", customer_name = "CompanyName", ordered_on = "OrderDate" }

[sources.northwind.order_lines]
table = "order_details"
[sources.northwind.order_lines.map]
order_number = "order_id"
product_number = "product_id"
quantity = "quantity"
unit_price = "unit_price * (1 - discount)"
"""

TABLES = """
CREATE TABLE customers (customer_id varchar(5) PRIMARY KEY, company_name text);
CREATE TABLE products (product_id int PRIMARY KEY, name text, unit text, price numeric(10, 4), units int);
CREATE TABLE orders (order_id int PRIMARY KEY, customer_id varchar(5), ordered_on timestamp);
CREATE TABLE order_details (order_id int, product_id int, unit_price numeric(10, 4), quantity smallint, discount real);
CREATE VIEW crm_products AS SELECT product_id AS number, name, unit, price FROM products;
CREATE VIEW crm_orders AS SELECT o.order_id AS "OrderID", c.company_name AS "CompanyName", o.ordered_on AS "OrderDate"
  FROM orders o JOIN customers c USING (customer_id);
"""

#: What all orders come to, each line rounded half up to the cent.
TOTAL = Decimal("1265793.29")


def amounts() -> dict[str, Decimal]:
    """What each customer bought, as the source's ROUND(UnitPrice × Quantity × (1 − Discount), 2) says."""
    customers = {row["OrderID"]: row["CustomerID"] for row in read_csv(NORTHWIND / "orders.csv")}
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in read_csv(NORTHWIND / "order_details.csv"):
        price, quantity, discount = (Decimal(row[name]) for name in ("UnitPrice", "Quantity", "Discount"))
        found[customers[row["OrderID"]]] += (price * quantity * (1 - discount)).quantize(CENT, ROUND_HALF_UP)
    return found


def bring_customers(rows: Any) -> None:
    """The 91 customers, known by the keys of the source."""
    with rows() as session:
        for number, row in enumerate(read_csv(NORTHWIND / "customers.csv")):
            session.add(
                Customer(number=f"KH9607040{number:05d}", name=row["CompanyName"], external_id=row["CustomerID"])
            )


def assert_all_there(rows: Any) -> None:
    """Everything is there, and everything kept of it is right to the cent."""
    with rows() as session:
        there = [session.scalar(select(func.count(model.id))) for model in (Product, StockLevel, Order, OrderLine)]
        assert there == [77, 77, 830, 2155]
        assert session.scalar(select(func.count(Order.id)).where(Order.customer_id.is_(None))) == 0
        expected = amounts()
        bought = select(Customer.external_id, func.sum(Order.total)).join(Order).group_by(Customer.external_id)
        assert dict(session.execute(bought).all()) == expected
        kept = select(Customer.external_id, func.sum(CustomerMonth.amount)).join(CustomerMonth.customer)
        assert dict(session.execute(kept.group_by(Customer.external_id)).all()) == expected
        assert sum(expected.values()) == TOTAL == session.scalar(select(func.sum(OrderLine.amount)))
        last = select(func.max(Order.ordered_on)).where(Order.customer_id == Customer.id).scalar_subquery()
        wrong = select(func.count(Customer.id)).where(Customer.last_order_on.is_distinct_from(last))
        assert session.scalar(wrong) == 0
        assert session.scalar(select(func.count(Customer.id)).where(Customer.version != 1)) == 0


@pytest.fixture
def folder(app: Any, rows: Any, tmp_path: Path) -> Trade:
    """Northwind as a folder of files."""
    for name in FILES:
        shutil.copy(NORTHWIND / f"{name}.csv", tmp_path)
    bring_customers(rows)
    trade = Trade(app, tmp_path, FOLDER.format(folder=tmp_path.as_posix()))
    trade.rows = {}
    return trade


def test_as_a_folder(folder: Trade, rows: Any) -> None:
    first = counts(folder.refresh("northwind"))
    assert first["orders"] == (830, 0, 0, 0, 0)
    assert first["order_lines"] == (2155, 0, 0, 0, 0)
    assert_all_there(rows)
    second = counts(folder.refresh("northwind"))
    assert {one[:2] + one[3:] for one in second.values()} == {(0, 0, 0, 0)}
    orders = read_csv(folder.folder / "orders.csv")
    for order in orders[10:13]:
        order["OrderDate"] = "1998-06-01"
    orders += [orders[0] | {"OrderID": "20001"}, orders[1] | {"OrderID": "20002"}]
    write_csv(folder.folder / "orders.csv", orders)
    assert counts(folder.refresh("northwind"))["orders"] == (2, 3, 827, 0, 0)
    assert counts(folder.refresh("northwind"))["orders"] == (0, 0, 832, 0, 0)


def amounts_of_1997() -> dict[str, Decimal]:
    """The same of the orders of one year."""
    orders = {row["OrderID"]: row for row in read_csv(NORTHWIND / "orders.csv") if row["OrderDate"].startswith("1997")}
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in read_csv(NORTHWIND / "order_details.csv"):
        if row["OrderID"] in orders:
            price, quantity, discount = (Decimal(row[name]) for name in ("UnitPrice", "Quantity", "Discount"))
            amount = (price * quantity * (1 - discount)).quantize(CENT, ROUND_HALF_UP)
            found[orders[row["OrderID"]]["CustomerID"]] += amount
    return found


def test_the_contribution_is_that_of_the_source_to_the_cent(folder: Trade, rows: Any, session_of: Any) -> None:
    folder.refresh("northwind")
    with rows() as session:
        keys = dict(session.execute(select(Customer.external_id, Customer.name)).all())
    report, part = report_of("contribution"), Slice(0, 1_000)
    with session_of("supervisor") as (session, _):
        for year, expected in (({}, amounts()), ({"year": "1997"}, amounts_of_1997())):
            in_order = sorted((-amount, keys[key]) for key, amount in expected.items())
            for more in ({}, {"compare": "none"}):
                asked = ask(report.filters, {**year, **more}, today=date(1998, 5, 6), zone=ZONE)
                table = report.find(session, asked.of_page(part)).table
                found = [(Decimal(-row["amount"]).scaleb(-2), row["name"]) for row in table.rows()]
                assert found == in_order
                assert Decimal(table.totals["amount"]).scaleb(-2) == sum(expected.values())
            by_product = ask(report.filters, {**year, "by": "product"}, today=date(1998, 5, 6), zone=ZONE)
            assert Decimal(report.find(session, by_product).table.totals["amount"]).scaleb(-2) == sum(expected.values())


@pytest.mark.usefixtures("no_cases")
@pytest.mark.parametrize(
    ("day", "checked", "opened"), [("1997-08-31", 86, 11), ("1997-12-31", 88, 10), ("1998-05-06", 89, 5)]
)
def test_customers_about_to_be_lost_on_a_day(
    folder: Trade, app: Any, rows: Any, *, day: str, checked: int, opened: int
):
    """Each on a fresh import; what a plain loop over the file says is the same."""
    folder.refresh("northwind")
    runner = app.test_cli_runner()
    found = [json.loads(runner.invoke(args=["crm", "scan-churn", "--as-of", day, "--json"]).stdout) for _ in "12"]
    assert found[0] == {"checked": checked, "opened": opened, "already_open": 0, "recovered": 0}
    assert found[1] == {"checked": checked, "opened": 0, "already_open": opened, "recovered": 0}
    last: dict[str, str] = {}
    for order in read_csv(NORTHWIND / "orders.csv"):
        if order["OrderDate"][:10] <= day:
            last[order["CustomerID"]] = max(order["OrderDate"][:10], last.get(order["CustomerID"], ""))
    cutoff = cutoff_of(date.fromisoformat(day), 6).isoformat()
    with rows() as session:
        cases = select(Customer.external_id, ChurnCase.last_order_on, ChurnCase.as_of).join(ChurnCase.customer)
        warned = {key: (str(day), str(as_of)) for key, day, as_of in session.execute(cases)}
    assert warned == {key: (one, day) for key, one in last.items() if one < cutoff}


@pytest.fixture
def other_database(request: Any) -> Any:
    """Northwind in a real PostgreSQL of its own; its engine."""
    server = request.getfixturevalue("_server")
    name = unique_name("northwind")
    engine = create_engine(fresh_database(server, name))
    with engine.begin() as connection:
        for statement in TABLES.split(";\n"):
            if statement.strip():
                connection.execute(text(statement))
        fill(connection, "customers", "customers", "CustomerID", "CompanyName")
        fill(
            connection,
            "products",
            "products",
            *("ProductID", "ProductName", "QuantityPerUnit", "UnitPrice"),
            "UnitsInStock",
        )
        fill(connection, "orders", "orders", "OrderID", "CustomerID", "OrderDate")
        fill(
            connection, "order_details", "order_details", *("OrderID", "ProductID", "UnitPrice", "Quantity", "Discount")
        )
    yield engine
    engine.dispose()
    drop_database(server, name)


def fill(connection: Any, file: str, table: str, *columns: str) -> None:
    """Put columns of a file into a table."""
    rows = read_csv(NORTHWIND / f"{file}.csv")
    marks = ", ".join(f":{column}" for column in columns)
    statement = text(f"INSERT INTO {table} VALUES ({marks})")
    connection.execute(statement, [{column: row[column] for column in columns} for row in rows])


@pytest.fixture
def linked(app: Any, rows: Any, other_database: Any, *, tmp_path: Path, monkeypatch: Any) -> Trade:
    """Settings that name the other database, its password in the environment."""
    url = other_database.url.set(password="NORTHWIND_PASSWORD").render_as_string(hide_password=False)
    monkeypatch.setenv("NORTHWIND_PASSWORD", make_url(other_database.url).password or "")
    bring_customers(rows)
    trade = Trade(app, tmp_path, DATABASE.replace("{url}", url.replace("NORTHWIND_PASSWORD", "${NORTHWIND_PASSWORD}")))
    trade.rows = {}
    return trade


def test_as_another_database(linked: Trade, rows: Any, other_database: Any) -> None:
    trade = linked
    assert counts(trade.refresh("northwind"))["order_lines"] == (2155, 0, 0, 0, 0)
    assert_all_there(rows)
    second = counts(trade.refresh("northwind"))
    assert {one[:2] + one[3:] for one in second.values()} == {(0, 0, 0, 0)}
    with other_database.begin() as connection:
        connection.execute(
            text("UPDATE orders SET ordered_on = '1998-06-01 12:30' WHERE order_id IN (10248, 10249, 10250)")
        )
        connection.execute(
            text("INSERT INTO orders VALUES (20001, 'ALFKI', '1998-06-02'), (20002, 'ANTON', '1998-06-03')")
        )
    assert counts(trade.refresh("northwind"))["orders"] == (2, 3, 827, 0, 0)
    with other_database.begin() as connection:
        connection.execute(text("DELETE FROM order_details WHERE order_id = 10248"))
        connection.execute(text("DELETE FROM orders WHERE order_id = 10248"))
    third = counts(trade.refresh("northwind"))
    assert (third["orders"], third["order_lines"]) == ((0, 0, 831, 1, 0), (0, 0, 2152, 3, 0))
