"""A small sales system in a folder, with the settings of the link to it, for tests."""

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask
from flask_babel import force_locale
from sqlalchemy import delete, update

from app.extensions import db
from app.integrations.sales_system import Occasion, Refreshed, SalesSettings, refresh
from app.models import Customer, CustomerMonth, CustomerYear, Order, OrderLine, Product, StockLevel
from app.security.actor import SYSTEM
from app.security.scope import copying

ZONE = ZoneInfo("Asia/Shanghai")
HEADS = {
    "products": "number,name,model,batch,unit,price,memo",
    "stock": "product_number,warehouse,location,quantity,memo",
    "orders": "number,customer_number,customer_name,ordered_on,address,status,total",
    "order_lines": "order_number,line_no,product_number,product_name,quantity,unit,unit_price",
}
ROWS = {
    "products": ["P1,主轴,ZX-2,A级,套,1000,", "P2,轴承,,,只,12.5,"],
    "stock": ["P1,一号库,A-1,5,", "P2,一号库,A-2,100.5,"],
    "orders": [
        "S1,KH260302000001,,2026-01-05,苏州,已回款,",
        "S2,,泰州知微生物有限公司,2026/2/7,泰州,0,",
        "S3,,没有的公司,2026-02-08,,,100",
    ],
    "order_lines": ["S1,1,P1,,2,套,999.995", "S1,2,P2,,3,只,0.335", "S2,1,P9,外购件,1,件,50"],
}


def forget_trade(app: Flask) -> None:
    """Empty the copies: what the cast ordered goes first."""
    with app.app_context():
        session = db.session()
        session.info["actor"] = SYSTEM
        with copying(session):
            for model in (OrderLine, Order, CustomerMonth, CustomerYear, StockLevel, Product):
                session.execute(delete(model))
            session.execute(update(Customer).values(last_order_on=None))
        session.commit()


class Trade:
    """The folder, whose tables a test changes, and what becomes of them here."""

    def __init__(self, app: Flask, folder: Path, settings: str | None = None) -> None:
        self.app, self.folder = app, folder
        self.rows = {kind: list(rows) for kind, rows in ROWS.items()}
        self.path = folder / "sales.toml"
        text = f'[sources.trade]\nfolder = "{folder.as_posix()}"\n' if settings is None else settings
        self.path.write_text(text, encoding="utf-8")

    def write(self) -> None:
        """Put the tables into the folder."""
        for kind, rows in self.rows.items():
            text = "\n".join([HEADS[kind], *rows]) + "\n"
            (self.folder / f"{kind}.csv").write_text(text, encoding="utf-8")

    def refresh(self, name: str = "trade", **more: Any) -> Refreshed:
        """Write the folder and refresh."""
        self.write()
        settings = SalesSettings(self.path)
        settings.refuse_faults()
        with self.app.app_context(), force_locale("en"):
            return refresh(db.engine, settings.sources[name], Occasion(ZONE, **more))


def counts(outcome: Refreshed) -> dict[str, tuple[int, int, int, int, int]]:
    """By kind: created, updated, skipped, removed, failed."""
    assert outcome.failure is None, str(outcome.failure)
    return {
        key: (one.created, one.updated, one.skipped, outcome.removed[key], one.failed)
        for key, one in outcome.reports.items()
    }


def read_csv(path: Path) -> list[dict[str, str]]:
    """The rows of a file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_csv(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """Write rows into a file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


Rows = Callable[[], Any]
