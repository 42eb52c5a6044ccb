"""客户贡献分析: what each customer bought, the largest first, from the kept totals wherever they know it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from app.i18n import Label, gettext, ngettext
from app.models.orders import OrderStatus
from app.reports.contribution import drawing, explaining, sources
from app.reports.contribution.addresses import orders_href, silent_href
from app.reports.contribution.finding import Found, find
from app.reports.contribution.groups import By, in_words
from app.reports.contribution.sources import Compare
from app.reports.contribution.wording import period_in_words
from app.reports.engine import (
    Asked,
    Chart,
    Column,
    Fact,
    Filter,
    Kind,
    OptionFilter,
    Outcome,
    Period,
    PeriodFilter,
    Report,
    Table,
)
from app.reports.engine.table import Row
from app.security.rights import REPORT_CONTRIBUTION

#: Where the name of a group leads; the others have no page.
PAGES = {By.CUSTOMER: "/customers/show/", By.PARENT: "/customers/show/", By.PRODUCT: "/products/show/"}

FILTERS = (
    Filter("name", Label("Customer name")),
    PeriodFilter("period", Label("Calendar year")),
    OptionFilter("compare", Label("Compare with"), options=tuple(Compare), default=Compare.BEFORE),
    OptionFilter("by", Label("Sum up by"), options=tuple(By), default=By.CUSTOMER),
    OptionFilter("status", Label("Payment"), options=tuple(OrderStatus)),
)


def outcome_of(found: Found, asked: Asked) -> Outcome:
    """The table with what explains it."""
    ranking, told = replace(found.ranking, rows=in_words(found.ranking.rows)), found.comparison
    charts: list[Chart] = [drawing.pareto(asked, ranking, found.basis)] if ranking.count else []
    if told is not None and found.basis_before is not None:
        charts.append(drawing.bridge(asked, told, found.basis, found.basis_before))
    table = Table(tuple(_columns(asked)), ranking.rows, totals=ranking.totals, count=ranking.count, start=ranking.start)
    more = explaining.tables_of(told) if told is not None else ()
    return Outcome(table, tuple(charts), tuple(_facts(found, asked)), more)


def _facts(found: Found, asked: Asked) -> list[Fact]:
    ranking, then = found.ranking, sources.before(asked)
    if then is not None and found.previous is not None:
        facts = [explaining.change_of(asked, then, ranking.total, found.previous)]
        facts += explaining.facts_of(found.comparison) if found.comparison else []
    else:
        facts = [explaining.head_of(asked, ranking.total, found.basis.orders)]
        facts += explaining.concentration_of(ranking) if asked["by"] is By.CUSTOMER else []
    return facts + _silent(found.silent, asked)


def _silent(number: int, asked: Asked) -> list[Fact]:
    """Customers without an order have no row; how many there are is told instead."""
    if not number:
        return []
    counted = f"{number:,}"
    sentence = ngettext(
        "%(count)s customer without an order has no row.",
        "%(count)s customers without an order have no row.",
        number,
        count=counted,
    )
    return [Fact(sentence, {counted: silent_href(asked)})]


# ---- columns ---------------------------------------------------------------------------------------------


def _columns(asked: Asked) -> list[Column]:
    """Those of the specification first, then what is known beside."""
    by, then = asked["by"], sources.before(asked)
    name = Label("Customer name") if by is By.CUSTOMER else by.label
    found = [
        Column("number", Label("No."), Kind.NUMBER),
        Column("name", name, href=_page_of(by)),
        Column(
            "amount", Label("Order amount (yuan)"), Kind.MONEY, is_summed=True, href=_orders_of(asked, asked["period"])
        ),
    ]
    if by is By.CUSTOMER:
        found += [Column("level", Label("Level")), Column("manager", Label("Account manager"))]
    found += [
        Column("share", Label("Share"), Kind.SHARE, is_summed=True),
        Column("cumulative", Label("Cumulative"), Kind.SHARE),
        Column("abc", Label("Class")),
    ]
    return found + (_compared(asked, then) if then else [])


def _compared(asked: Asked, then: Period) -> list[Column]:
    previous, orders = gettext("%(period)s (yuan)", period=period_in_words(then)), _orders_of(asked, then)

    def of_row(row: Row) -> str:  # the total is of those alone who have a row, which no list can ask for
        return orders(row) if "key" in row else ""

    return [
        Column("previous", previous, Kind.MONEY, is_summed=True, href=of_row),
        Column("change", Label("Change (yuan)"), Kind.MONEY_CHANGE, is_summed=True),
        Column("change_share", Label("Change"), Kind.CHANGE),
        Column("rank_change", Label("Rank"), Kind.RANK_CHANGE),
    ]


def _page_of(by: By) -> Callable[[Row], str] | None:
    if by not in PAGES:
        return None
    return lambda row: f"{PAGES[by]}{row['key']}" if row.get("key") else ""


def _orders_of(asked: Asked, period: Period | None) -> Callable[[Row], str]:
    """The orders behind an amount; behind a total those of all rows."""
    return lambda row: orders_href(asked, period, row.get("key"))


REPORT = Report("contribution", REPORT_CONTRIBUTION, FILTERS, find, outcome_of)
