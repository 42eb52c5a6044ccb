"""What the tests of reports share: asking a report, and following its figures to the records behind them."""

from datetime import date
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from app.reports.engine import Kind, ask, report_of

ZONE = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 3, 18)  # a Wednesday


def find(session, name, today=TODAY, **given):
    """The outcome of a report; ``from_`` stands for the parameter of that name."""
    report = report_of(name)
    texts = {key.rstrip("_"): value for key, value in given.items()}
    return report.find(session, ask(report.filters, texts, today=today, zone=ZONE))


def cells(table, *keys):
    """The rows of a table as tuples of some of its columns."""
    return [tuple(row[key] for key in keys) for row in table.rows()]


def counts_behind(table):
    """Every count of a table with the address behind it, the totals last."""
    for row in (*table.rows(), dict(table.totals)):
        for column in table.columns:
            if column.kind is Kind.COUNT and column.href and row.get(column.key) is not None and column.href(row):
                yield row[column.key], column.href(row)


def listed(browser, address):
    """How many records the list at an address has, counted to the end."""
    parts = urlsplit(address)
    page = browser.get(address)
    assert page.status_code == 200, address
    path = parts.path.removesuffix("/").rsplit("/", 1)[0]
    return int(browser.get(f"{path}/count?{parts.query}").get_data(as_text=True).replace(",", ""))


def assert_drills(browser, table):
    """Behind every count of the table stand as many records."""
    found = [(count, listed(browser, address), address) for count, address in counts_behind(table)]
    assert found
    assert [one for one in found if one[0] != one[1]] == []
