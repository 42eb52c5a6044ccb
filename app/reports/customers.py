"""A customer in figures, and what happened to it: the statements behind its page, each served by an index."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import BindParameter, String, and_, bindparam, func, literal, select, true, union_all
from sqlalchemy.orm import Session, joinedload

from app.models.audit import AuditEntry, AuditKind
from app.models.churn import ChurnCase
from app.models.customers import Contact, Customer, CustomerStatus
from app.models.history import StatusMove
from app.models.interactions import Interaction
from app.models.marketing import Opportunity
from app.models.orders import CustomerMonth, Order, OrderLine
from app.reports.periods import month_start
from app.reports.timeline import Statement
from app.security.scope import ONE_BY_ONE

#: The months of the small chart; with them every month of last year is known.
MONTHS_SHOWN = 24


# ---- what it bought -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bought:
    """Orders that are no returns, and the sum of all, in yuan."""

    orders: int = 0
    amount: Decimal = Decimal(0)


@dataclass(frozen=True)
class Trade:
    """What a customer bought, by the first days of the last 24 months."""

    today: date
    months: Mapping[date, Bought]

    def within(self, first: date, end: date) -> Bought:
        """From a month to before another."""
        inside = [one for month, one in self.months.items() if first <= month < end]
        return Bought(sum(one.orders for one in inside), sum((one.amount for one in inside), Decimal(0)))

    def in_year(self, year: int) -> Bought:
        """This year or the last one."""
        return self.within(date(year, 1, 1), date(year + 1, 1, 1))

    def before_this_month(self, year: int) -> Bought:
        """The months of a year that have ended this year, which two years can be compared by."""
        return self.within(date(year, 1, 1), date(year, self.today.month, 1))

    def course(self) -> list[Decimal]:
        """The amounts of the 24 months, this one last."""
        firsts = [month_start(self.today, -back) for back in range(MONTHS_SHOWN - 1, -1, -1)]
        return [self.months.get(first, Bought()).amount for first in firsts]


def trade_of(session: Session, customer: Customer, today: date) -> Trade:
    """What a customer bought, from the kept totals."""
    statement = select(CustomerMonth.month, CustomerMonth.orders, CustomerMonth.amount).where(
        CustomerMonth.customer_id == customer.id,
        CustomerMonth.month.between(month_start(today, 1 - MONTHS_SHOWN), month_start(today)),
    )
    found = session.execute(statement, execution_options=ONE_BY_ONE)
    return Trade(today, {month: Bought(orders, amount) for month, orders, amount in found})


# ---- its group ----------------------------------------------------------------------------------------


def subsidiaries(session: Session, customer: Customer, most: int) -> list[Customer]:
    """The first ``most`` companies right below a customer."""
    statement = (
        select(Customer)
        .where(Customer.parent_id == customer.id, Customer.status != CustomerStatus.DELETED)
        .order_by(Customer.id)
        .limit(most)
    )
    return list(session.scalars(statement))


# ---- what happened to it, in no order -----------------------------------------------------------------


def interactions_of(customer: Customer) -> Statement:
    """Each with its kind, contact and author."""
    options = [joinedload(one) for one in (Interaction.kind, Interaction.contact, Interaction.created_by)]
    return select(Interaction).where(Interaction.customer_id == customer.id).options(*options)


def orders_of(customer: Customer) -> Statement:
    """Each with the product of its first line and how many lines there are."""
    lines = select(OrderLine).where(OrderLine.order_id == Order.id)
    product = lines.with_only_columns(OrderLine.product_name).order_by(OrderLine.line_no).limit(1)
    count = lines.with_only_columns(func.count())
    of_customer = Order.customer_id == customer.id
    return select(Order, product.scalar_subquery(), count.scalar_subquery()).where(of_customer)


def moves_of(customer: Customer, *, with_opportunities: bool, with_cases: bool) -> Statement:
    """The status moves of a customer, its opportunities and its churn cases, each with the opportunity or the case.

    That the customer is lost is told by the case where cases are told of.
    """
    records = [select(literal(Customer.__tablename__, String).label("kind"), literal(customer.id).label("row_id"))]
    if with_opportunities:
        of_customer = Opportunity.customer_id == customer.id
        records.append(select(literal(Opportunity.__tablename__, String), Opportunity.id).where(of_customer))
    if with_cases:
        of_customer = ChurnCase.customer_id == customer.id
        records.append(select(literal(ChurnCase.__tablename__, String), ChurnCase.id).where(of_customer))
    # Joined, so that each record's moves are looked up; of a condition on both, SQLite reads every move.
    its = union_all(*records).subquery()
    is_opportunity = and_(StatusMove.kind == Opportunity.__tablename__, Opportunity.id == StatusMove.row_id)
    is_case = and_(StatusMove.kind == ChurnCase.__tablename__, ChurnCase.id == StatusMove.row_id)
    return (
        select(StatusMove, Opportunity, ChurnCase)
        .join(its, and_(StatusMove.kind == its.c.kind, StatusMove.row_id == its.c.row_id))
        .outerjoin(Opportunity, is_opportunity)
        .outerjoin(ChurnCase, is_case)
        .where(StatusMove.move != "lose" if with_cases else true())
        .options(joinedload(StatusMove.by), joinedload(ChurnCase.reason_kind))
    )


def changes_of(customer: Customer, tables: Collection[str]) -> Statement:
    """What the audit log tells of a customer and its contacts, of those ``tables``, each with its person."""
    kinds = (AuditKind.CREATED, AuditKind.CHANGED, AuditKind.DELETED)
    of_both = (Customer.__tablename__, Contact.__tablename__)
    # The words of the index, which serves only a statement that has them in its text; without the table of the
    # history, by which SQLite would read a whole history and sort it.
    indexed = (
        AuditEntry.table_name.in_(_written(AuditEntry.table_name, of_both)),
        AuditEntry.kind.in_(_written(AuditEntry.kind, kinds)),
    )
    return (
        select(AuditEntry)
        .where(*indexed, AuditEntry.root_id == customer.id, AuditEntry.table_name.in_(tables))
        .options(joinedload(AuditEntry.person))
    )


def _written(column: Any, values: Collection[str]) -> BindParameter[Any]:
    """Values that are written into the statement instead of being sent beside it."""
    return bindparam(None, values, type_=column.type, expanding=True, literal_execute=True)
