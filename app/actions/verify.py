"""What must be true of a database beyond what its tables enforce, as ``flask crm verify`` checks it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.actions.attachments import check_files
from app.actions.audit import first_break
from app.actions.orders import last_order_of, months, total_of_lines, years
from app.actions.org import has_administrator
from app.i18n import format_moment, gettext, ngettext
from app.models.audit import AuditEntry, AuditKind, AuditSeal
from app.models.customers import Customer
from app.models.history import StatusMove
from app.models.orders import CustomerMonth, CustomerYear, Order
from app.models.search import searched_models
from app.search.upkeep import faults
from app.security.rights import all_rights
from app.security.roles import written_rights
from app.security.scope import children, roots

#: A job seals within a minute; what waits for so long waits in vain.
LONGEST_WAIT = timedelta(hours=1)


@dataclass(frozen=True)
class Check:
    """One thing to check: ``run`` is called with the session and the moment, and tells each fault in a sentence."""

    key: str
    run: Callable[[Session, datetime], Iterator[str]]


def check_chain(session: Session, _at: datetime) -> Iterator[str]:
    """The audit log is what was sealed."""
    broken = first_break(session)
    if broken:
        yield broken


def check_seals(session: Session, at: datetime) -> Iterator[str]:
    """Nothing waits for its seal for long."""
    is_sealed = select(AuditSeal.entry_id).where(AuditSeal.entry_id == AuditEntry.id).exists()
    waiting = select(func.count(), func.min(AuditEntry.at)).where(~is_sealed, AuditEntry.at < at - LONGEST_WAIT)
    number, since = session.execute(waiting).one()
    if number:
        yield ngettext(
            "%(num)d entry of the audit log is not sealed, the oldest since %(time)s: does the job run?",
            "%(num)d entries of the audit log are not sealed, the oldest since %(time)s: does the job run?",
            number,
            time=format_moment(since),
        )


def check_rights(session: Session, _at: datetime) -> Iterator[str]:
    """The rights are those of the catalogue, and somebody can give them."""
    written, known = written_rights(session), set(all_rights())
    for right in sorted(written - known):
        yield gettext("The right %(name)s is not in the catalogue.", name=right)
    for right in sorted(known - written):
        yield gettext("The right %(name)s is missing: run “flask crm init”.", name=right)
    if not has_administrator(session):
        yield gettext("Nobody who can sign in is administrator.")


def check_moves(session: Session, _at: datetime) -> Iterator[str]:
    """Every status move is of a record that is there, or of which the log tells that it was deleted."""
    known = {model.__tablename__: model for model in (*roots(), *children())}
    for kind in session.scalars(select(StatusMove.kind).distinct().order_by(StatusMove.kind)):
        number = session.scalar(_lost_moves(kind, known[kind])) if kind in known else _all_moves(session, kind)
        if number:
            yield ngettext(
                "%(num)d status move is of a record of %(table)s that does not exist.",
                "%(num)d status moves are of records of %(table)s that do not exist.",
                number,
                table=kind,
            )


def _lost_moves(kind: str, model: Any) -> Any:
    is_there = select(model.id).where(model.id == StatusMove.row_id).exists()
    is_of_row = (AuditEntry.root_table == kind, AuditEntry.root_id == StatusMove.row_id)
    was_deleted = select(AuditEntry.id).where(*is_of_row, AuditEntry.kind == AuditKind.DELETED).exists()
    return select(func.count(StatusMove.id)).where(StatusMove.kind == kind, ~is_there, ~was_deleted)


def _all_moves(session: Session, kind: str) -> int:
    return session.scalar(select(func.count(StatusMove.id)).where(StatusMove.kind == kind)) or 0


def check_search(session: Session, _at: datetime) -> Iterator[str]:
    """Every record is found by what it holds, and nothing else is."""
    for model in searched_models():
        wrong = sum(faults(session, model))
        if wrong:
            yield ngettext(
                "The search text of %(num)d record of %(table)s is wrong: run “flask crm reindex”.",
                "The search text of %(num)d records of %(table)s is wrong: run “flask crm reindex”.",
                wrong,
                table=model.__tablename__,
            )


def check_order_totals(session: Session, _at: datetime) -> Iterator[str]:
    """The total of an order is what its lines come to."""
    number = session.scalar(select(func.count(Order.id)).where(Order.total != total_of_lines()))
    if number:
        yield ngettext(
            "The totals of %(num)d order are not what its lines say.",
            "The totals of %(num)d orders are not what their lines say.",
            number,
        )


def check_months(session: Session, _at: datetime) -> Iterator[str]:
    """The month totals of customers are what their orders come to."""
    kept = select(CustomerMonth.customer_id, CustomerMonth.month, CustomerMonth.orders, CustomerMonth.amount)
    worked_out = months(session).subquery()
    owed = select(worked_out.c.customer_id, worked_out.c.month, -worked_out.c.orders, -worked_out.c.amount)
    both = kept.union_all(owed).subquery()
    sums = (func.sum(both.c.orders) != 0, func.sum(both.c.amount) != 0)
    wrong = select(both.c.customer_id).group_by(both.c.customer_id, both.c.month).having(or_(*sums))
    number = session.scalar(select(func.count()).select_from(wrong.subquery()))
    if number:
        yield ngettext(
            "The month totals of %(num)d month of a customer are not what the orders say.",
            "The month totals of %(num)d months of customers are not what the orders say.",
            number,
        )


def check_years(session: Session, _at: datetime) -> Iterator[str]:
    """The year totals of customers are what their orders come to."""
    kept = select(CustomerYear.customer_id, CustomerYear.year, CustomerYear.orders, CustomerYear.amount)
    worked_out = years().subquery()
    owed = select(worked_out.c.customer_id, worked_out.c.year, -worked_out.c.orders, -worked_out.c.amount)
    both = kept.union_all(owed).subquery()
    sums = (func.sum(both.c.orders) != 0, func.sum(both.c.amount) != 0)
    wrong = select(both.c.customer_id).group_by(both.c.customer_id, both.c.year).having(or_(*sums))
    number = session.scalar(select(func.count()).select_from(wrong.subquery()))
    if number:
        yield ngettext(
            "The totals of %(num)d year of a customer are not what the orders say.",
            "The totals of %(num)d years of customers are not what the orders say.",
            number,
        )


def check_last_orders(session: Session, _at: datetime) -> Iterator[str]:
    """The last order of a customer is the last that is no return."""
    is_wrong = Customer.last_order_on.is_distinct_from(last_order_of(Customer.id))
    number = session.scalar(select(func.count(Customer.id)).where(is_wrong))
    if number:
        yield ngettext(
            "The last order of %(num)d customer is not what the orders say.",
            "The last orders of %(num)d customers are not what the orders say.",
            number,
        )


#: Everything that is checked, in this order.
CHECKS = (
    Check("chain", check_chain),
    Check("seals", check_seals),
    Check("rights", check_rights),
    Check("moves", check_moves),
    Check("search", check_search),
    Check("order_totals", check_order_totals),
    Check("months", check_months),
    Check("years", check_years),
    Check("last_orders", check_last_orders),
)


def files_in(folder: Path) -> Check:
    """Every attachment has its file in the folder of files."""
    return Check("files", lambda session, _at: check_files(session, folder))
