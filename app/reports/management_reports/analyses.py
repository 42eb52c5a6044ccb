"""One analysis of a management report: what is asked of it, what it finds now, and it in words as JSON keeps it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.i18n import company_zone
from app.models.churn import ChurnCase, ChurnStatus
from app.models.customers import Customer
from app.models.orders import CustomerMonth
from app.models.services import ServiceRequest
from app.reports.analyses.composition.groupings import day_of
from app.reports.charts import svg
from app.reports.engine import (
    Asked,
    Column,
    Fact,
    Kind,
    Outcome,
    Period,
    Report,
    Table,
    ask,
    report_of,
    reports,
)
from app.reports.engine.grouping import plain_key
from app.reports.periods import midnight

if TYPE_CHECKING:
    from pandas import DataFrame

#: The reports that a management report is made of, in this order.
ANALYSES = ("contribution", "composition", "service", "churn")
#: Where a bar leads to, which later are other rows than those it was drawn of.
LINK = re.compile(r"</?a\b[^>]*>")
Frames = Mapping[str, "DataFrame"]
Document = dict[str, Any]


@dataclass(frozen=True)
class FrozenChart:
    """A chart as it was drawn, for a page."""

    key: str
    title: str
    says: str
    svg: str
    basis: tuple[Fact, ...]


@dataclass(frozen=True)
class Analysis:
    """What one report found, in one language: sentences, charts, tables, and the keys of the records behind.

    ``texts`` are the parameters that ask the same of the report of that ``name``.
    """

    name: str
    title: str
    texts: Mapping[str, str]
    facts: tuple[Fact, ...]
    charts: tuple[FrozenChart, ...]
    tables: tuple[Table, ...]
    records: Sequence[int]

    @property
    def table(self) -> Table:
        """The table that the report is; those below it come after it."""
        return self.tables[0]


def analyses() -> tuple[str, ...]:
    """The names of those that there are."""
    return tuple(name for name in ANALYSES if name in reports())


def asked_of(name: str, period: Period, today: date) -> Asked:
    """What is asked of a report about a period; one that shows a state, about its last day that has come."""
    last = min(period.last, today)
    texts = {"from": period.first.isoformat(), "to": period.last.isoformat(), "as_of": last.isoformat()}
    return ask(report_of(name).filters, texts, today=today, zone=company_zone())


def live(session: Session, name: str, asked: Asked, *, with_records: bool = True) -> Analysis:
    """What the report finds now for the session's actor; for figures alone without the keys of the records behind."""
    report = report_of(name)
    outcome = report.find(session, asked)
    records = records_of(session, name, asked) if with_records else []
    return analysis_of({**in_words(report, asked, outcome), "records": records})


# ---- the records behind ---------------------------------------------------------------------------------


def records_of(session: Session, name: str, asked: Asked) -> list[int]:
    """The keys of the records on which the figures stand, in order, as far as the session's actor sees them."""
    statement = BEHIND[name](asked)
    return list(session.scalars(statement).unique()) if statement is not None else []


def _customers_with_orders(asked: Asked) -> Select[int]:
    period = asked["period"]
    ordered = CustomerMonth.month.between(period.first, period.last)
    return (
        select(Customer.id)
        .join(CustomerMonth, CustomerMonth.customer_id == Customer.id)
        .where(ordered)
        .distinct()
        .order_by(Customer.id)
    )


def _customers(asked: Asked) -> Select[int]:
    end = midnight(day_of(asked) + timedelta(days=1), asked.zone)
    return select(Customer.id).where(Customer.created_on < end).order_by(Customer.id)


def _requests(asked: Asked) -> Select[int]:
    begin, end = _moments(asked)
    is_within = (ServiceRequest.created_on >= begin, ServiceRequest.created_on < end)
    return select(ServiceRequest.id).where(*is_within).order_by(ServiceRequest.id)


def _confirmed_cases(asked: Asked) -> Select[int]:
    begin, end = _moments(asked)
    is_within = (ChurnCase.confirmed_on >= begin, ChurnCase.confirmed_on < end)
    return select(ChurnCase.id).where(ChurnCase.status == ChurnStatus.CONFIRMED, *is_within).order_by(ChurnCase.id)


def _moments(asked: Asked) -> tuple[datetime, datetime]:
    period: Period = asked["period"]
    return (datetime.combine(period.first, time(), asked.zone), datetime.combine(period.end, time(), asked.zone))


#: By the name of an analysis: the customers, requests or cases that it counts.
BEHIND: Mapping[str, Callable[[Asked], Select[int]]] = {
    "contribution": _customers_with_orders,
    "composition": _customers,
    "service": _requests,
    "churn": _confirmed_cases,
}


# ---- as JSON keeps it, in the reader's language ------------------------------------------------------------


def in_words(report: Report, asked: Asked, outcome: Outcome) -> Document:
    """An outcome as JSON keeps it, its charts drawn; what it says is in the reader's language."""
    return {
        "name": report.name,
        "title": str(report.label),
        "texts": dict(asked.texts),
        "facts": [_fact(one) for one in outcome.facts],
        "charts": [
            {
                "key": one.key,
                "title": str(one.title),
                "says": one.says,
                "svg": LINK.sub("", svg(one.draw(), one.says)),
                "basis": [_fact(each) for each in one.basis],
            }
            for one in outcome.charts
        ],
        "tables": [_table(one) for one in (outcome.table, *outcome.more)],
    }


def _fact(fact: Fact) -> Document:
    return {"sentence": fact.sentence, "is_head": fact.is_head}


def _table(table: Table) -> Document:
    """Its exact values, row by row; ``keys`` are those of what rows stand for, a record or a group, where they do."""
    keys = [one.key for one in table.columns]
    rows = list(table.rows())
    return {
        "title": str(table.title),
        "columns": [{"key": one.key, "label": str(one.label), "kind": one.kind.value} for one in table.columns],
        "rows": [[_value(row.get(key)) for key in keys] for row in rows],
        "keys": [_key(row) for row in rows],
        "totals": {key: _value(value) for key, value in table.totals.items()},
    }


def _key(row: Mapping[str, Any]) -> int | str | None:
    """What a row stands for, however it is called: the record of a list, else what is summed up by."""
    key = row.get("id") if row.get("id") is not None else row.get("key")
    found = plain_key(_value(key))
    return found if isinstance(found, int | str) else None


def _value(value: Any) -> Any:
    """A value as JSON keeps it: pandas' own numbers and days are none of Python's."""
    if isinstance(value, date):
        return value.isoformat()[:10]
    return value.item() if hasattr(value, "item") else value


def analysis_of(kept: Mapping[str, Any]) -> Analysis:
    """The analysis of what JSON kept in one language."""
    charts = (FrozenChart(**{**one, "basis": _facts(one["basis"])}) for one in kept["charts"])
    tables = tuple(_table_of(one) for one in kept["tables"])
    facts = _facts(kept["facts"])
    return Analysis(kept["name"], kept["title"], kept["texts"], facts, tuple(charts), tables, kept["records"])


def _facts(kept: Sequence[Mapping[str, Any]]) -> tuple[Fact, ...]:
    return tuple(Fact(one["sentence"], is_head=one["is_head"]) for one in kept)


def _table_of(kept: Mapping[str, Any]) -> Table:
    from pandas import DataFrame

    columns = [Column(one["key"], one["label"], Kind(one["kind"])) for one in kept["columns"]]
    frame = DataFrame(kept["rows"], columns=[one.key for one in columns], dtype=object)
    return Table(columns, frame.assign(id=kept["keys"]), kept["totals"], title=kept["title"])
