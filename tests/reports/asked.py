"""Asking a report in a test: what it finds for somebody, as plain values."""

import re
from datetime import date
from zoneinfo import ZoneInfo

from app.reports.engine import ask, report_of

ZONE = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 11, 22)


def found(session, report, /, *, today=TODAY, part=None, **given):
    """The outcome of a report for the session's actor."""
    one = report_of(report)
    return one.find(session, ask(one.filters, given, today=today, zone=ZONE).of_page(part))


def values(table, *keys):
    """The rows of a table as tuples of these columns."""
    return [tuple(row[key] for key in keys) for row in table.rows()]


def named(outcome, title):
    """The further table of that English title."""
    return next(one for one in outcome.more if getattr(one.title, "message", one.title) == title)


def links(outcome):
    """Every figure of an outcome with the address it leads to: of the tables, their totals, and the facts."""
    for table in (outcome.table, *outcome.more):
        for row in [*table.rows(), dict(table.totals)]:
            for column in table.columns:
                href = column.href(row) if column.href else ""
                if href and "/show/" not in href and row.get(column.key) is not None and column.key != "year":
                    yield row[column.key], href
    for fact in (*outcome.facts, *(one for chart in outcome.charts for one in chart.basis)):
        for text, href in fact.links.items():
            yield int(text.replace(",", "")), href


def count_at(browser, href):
    """How many rows the list at an address has."""
    path, _, query = href.partition("?")
    page = browser.get(href)
    assert page.status_code == 200, (href, page.status_code)
    head = re.search(r'<span class="count"[^>]*>\s*([\d,]+)', page.get_data(as_text=True))
    assert head, (path, query)
    return int(head[1].replace(",", ""))
