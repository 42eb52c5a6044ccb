"""客户贡献分析: what each customer bought, the largest first, from the kept month totals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.i18n import Label
from app.models.customers import Customer
from app.models.orders import CustomerMonth
from app.reports.engine import Asked, Column, Filter, Kind, Outcome, PeriodFilter, Report, Table, sum_of
from app.reports.engine.frames import Statement
from app.reports.engine.table import Row
from app.search import found_by
from app.security.rights import REPORT_CONTRIBUTION

if TYPE_CHECKING:
    from pandas import DataFrame


def select_customers(asked: Asked) -> Mapping[str, Statement]:
    """The amount of each customer with an order in the period; a name narrows them as the search does."""
    statement = (
        select(Customer.id, Customer.name, sum_of(CustomerMonth.amount).label("amount"))
        .join(CustomerMonth, CustomerMonth.customer_id == Customer.id)
        .group_by(Customer.id, Customer.name)
    )
    if asked["name"]:
        statement = statement.where(*found_by(Customer, asked["name"]))
    if asked["period"]:
        statement = statement.where(CustomerMonth.month >= asked["period"].first)
        statement = statement.where(CustomerMonth.month < asked["period"].end)
    return {"customers": statement}


def tidy(frames: Mapping[str, DataFrame], asked: Asked) -> Outcome:
    """The largest first, of equal ones the older customer."""
    frame = frames["customers"].sort_values(["amount", "id"], ascending=[False, True])

    def orders(row: Row) -> str:
        return f"/orders/list/?customer_id={row['id']}" if "id" in row else ""

    columns = (
        Column("number", Label("No."), Kind.NUMBER),
        Column("name", Label("Customer name"), href=lambda row: f"/customers/show/{row['id']}" if "id" in row else ""),
        Column("amount", Label("Order amount (yuan)"), Kind.MONEY, is_summed=True, href=orders),
    )
    return Outcome(Table.summed(columns, frame))


REPORT = Report(
    "contribution",
    REPORT_CONTRIBUTION,
    (Filter("name", Label("Customer name")), PeriodFilter("period", Label("Calendar year"))),
    select_customers,
    tidy,
)
