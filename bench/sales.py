"""A refresh from the sales system beside a bulk insert of the very rows it leaves, into tables like theirs."""

import csv
import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, text

from app.database import engine_for
from app.integrations.sales_system import Occasion, SalesSettings, refresh
from bench.measures import Measured, in_rounds
from bench.stage import Stage
from bench.work import worked

#: Orders per customer of the company, no fewer and no more of them than so many.
ORDERS, LEAST_ORDERS, MOST_ORDERS = 5, 50_000, 1_000_000
PRODUCTS = 1_000
DAYS = 900
#: The least is measured several times.
ROUNDS = 3
BATCH = 10_000
#: What the refresh leaves rows in.
TABLES = ("products", "orders", "order_lines", "customer_months", "customer_years")
HEADS = {
    "products": ("number", "name", "model", "unit", "price"),
    "orders": ("number", "customer_number", "customer_name", "ordered_on", "address", "status"),
    "order_lines": ("order_number", "line_no", "product_number", "product_name", "quantity", "unit", "unit_price"),
}


def refresh_beside_insert(stage: Stage, limit: float) -> Measured:
    """A first refresh of all orders ÷ the bulk insert of their rows."""
    orders = min(max(stage.customers * ORDERS, LEAST_ORDERS), MOST_ORDERS)
    return in_rounds(lambda: _round(stage, orders), limit, least=ROUNDS if orders == LEAST_ORDERS else 1)


def _round(stage: Stage, orders: int) -> tuple[float, float]:
    url, folder = stage.fresh("sales"), stage.folder("sales")
    engine = engine_for(url)
    try:
        with engine.connect() as connection:
            customers = connection.execute(text("SELECT number, name FROM customers ORDER BY id LIMIT 200000")).all()
        _write_files(folder, orders, [(number, name) for number, name in customers])
        (folder / "sales.toml").write_text('[sources.bench]\nfolder = "."\n', encoding="utf-8")
        source = SalesSettings(folder / "sales.toml").sources["bench"]
        begun = worked()
        outcome = refresh(engine, source, Occasion(ZoneInfo("Asia/Shanghai")))
        took = worked() - begun
        if outcome.failure is not None or outcome.reports["order_lines"].created != 2 * orders:
            raise RuntimeError(f"the refresh did not do what it should: {outcome}")
        return took, sum(_insert_again(engine, table) for table in TABLES)
    finally:
        engine.dispose()


def _write_files(folder: Path, orders: int, customers: Sequence[tuple[str, str]]) -> None:
    dice = random.Random(1)
    tables = {kind: _rows(kind, orders, customers, dice=dice) for kind in HEADS}
    for kind, rows in tables.items():
        with (folder / f"{kind}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(HEADS[kind])
            writer.writerows(rows)


def _rows(
    kind: str, orders: int, customers: Sequence[tuple[str, str]], *, dice: random.Random
) -> Iterator[Sequence[Any]]:
    if kind == "products":
        for number in range(PRODUCTS):
            yield f"B{number:05}", f"深沟球轴承{number}", "6204-2RS", "套", dice.randint(100, 99_999) / 100
        return
    for number in range(orders):
        if kind == "orders":
            key, name = customers[dice.randrange(len(customers))]
            day = date(2024, 1, 1) + timedelta(days=dice.randrange(DAYS))
            yield (
                f"BO{number:08}",
                key,
                name,
                day,
                f"苏州市星湖街{number % 999}号",
                "已回款" if number % 3 else "未回款",
            )
            continue
        for line in (1, 2):
            product = dice.randrange(PRODUCTS)
            price = dice.randint(100, 99_999) / 100
            yield f"BO{number:08}", line, f"B{product:05}", f"深沟球轴承{product}", dice.randint(1, 500), "套", price


# ---- the same rows once more -----------------------------------------------------------------------------


def _insert_again(engine: Engine, table: str) -> float:
    """How long it takes to insert the rows of a table, ready as they are, into an empty one like it."""
    with engine.connect() as connection:
        cursor = connection.execute(text(f"SELECT * FROM {table}"))
        rows = [tuple(row) for row in cursor]
        _make_like(connection, table)
        connection.commit()
        begun = worked()
        _insert(connection, f"bench_{table}", rows)
        connection.commit()
        return worked() - begun


def _make_like(connection: Connection, table: str) -> None:
    """An empty table with the same columns, indexes and foreign keys."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"CREATE TABLE bench_{table} (LIKE {table} INCLUDING ALL)"))
        of_table = "conrelid = CAST(:t AS regclass) AND contype = 'f'"
        keys = f"SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE {of_table}"
        for key in connection.scalars(text(keys), {"t": table}).all():
            connection.execute(text(f"ALTER TABLE bench_{table} ADD {key}"))
        return
    made = "SELECT sql FROM sqlite_master WHERE tbl_name = :table AND sql IS NOT NULL ORDER BY type DESC"
    for statement in connection.scalars(text(made), {"table": table}).all():
        named = statement.replace(f"CREATE TABLE {table} ", f"CREATE TABLE bench_{table} ", 1)
        named = named.replace(" INDEX ix_", " INDEX bench_ix_", 1).replace(f" ON {table} ", f" ON bench_{table} ", 1)
        connection.exec_driver_sql(named)


def _insert(connection: Connection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    cursor = connection.connection.cursor()
    if connection.dialect.name == "postgresql":
        with cursor.copy(f"COPY {table} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    else:
        marks = ", ".join("?" * len(rows[0]))
        for start in range(0, len(rows), BATCH):
            cursor.executemany(f"INSERT INTO {table} VALUES ({marks})", rows[start : start + BATCH])
    cursor.close()
