"""Every row of the benchmark: its name, unit and limit, and how it is measured."""

from dataclasses import dataclass
from urllib.parse import urlencode

from bench.analyses import LEAST_CUSTOMERS, report_beside_statements
from bench.charts import SHAPES, beside_bare
from bench.churn import scan_beside_statements
from bench.contribution import LIVE, beside_the_lines
from bench.deeds import assign, create, edit, look
from bench.funnel import funnel_beside_sql
from bench.measures import (
    Measure,
    by,
    kilobytes,
    memory,
    more_statements,
    ours,
    start_times,
    statements,
    stock,
    times,
)
from bench.sales import refresh_beside_insert
from bench.weights import first_visit, next_visit

STATEMENTS, KILOBYTES = "statements", "kB"
TIMES_STOCK, TIMES_SMALL, TIMES_FIRST, TIMES_OPEN = "× stock", "× at 10,000", "× first page", "× without scope"
TIMES_UNLOGGED, TIMES_FLOOR, TIMES_QUIET = "× without log", "× floor", "× with 5 rows"
TIMES_INSERT, TIMES_BARE, TIMES_RAW, TIMES_FIGURE = "× bulk insert", "× bare statements", "× raw", "× bare figure"

#: Our lists are asked for every state, since the plain application has no filter on by default.
FIRST_PAGE, STOCK_FIRST_PAGE = "/opportunities/list/?status=", "/opportunities/list/"
OPPORTUNITIES = look(FIRST_PAGE)
PLANS = look("/plans/list/")
CUSTOMERS = look("/customers/list/")
CONTACTS = look("/contacts/list/")
SERVICES, STOCK_SERVICES = look("/services/archive"), look("/services/list/")
OPPORTUNITY = look("/opportunities/show/{opportunity}")
CUSTOMER = look("/customers/show/{customer}")
#: A part of a few names in ten thousand, as a person types it; the plain application knows no pinyin.
CHINESE, PINYIN, INITIALS = (
    look(f"/customers/list/?{urlencode({'name': text})}") for text in ("雅诺", "yanuo", "ynjx")
)
STOCK_SEARCH = look(f"/customers/list/?{urlencode({'_flt_2_name': '雅诺'})}")
CHOICE = look(f"/choices/customers?{urlencode({'q': '雅诺'})}")
BUSY, QUIET = look("/customers/show/{busy}"), look("/customers/show/{quiet}")
STOCK_OPPORTUNITIES = look(STOCK_FIRST_PAGE)


@dataclass(frozen=True)
class Row:
    """One row; it is measured where the company has at least ``customers``.

    One that ``is_open`` is known to miss its limit: it is told as such and stays red in the JSON, but fails nothing.
    """

    name: str
    unit: str
    limit: float
    measure: Measure
    customers: int = 0
    is_open: bool = False


ROWS = (
    Row("list of opportunities", STATEMENTS, 12, statements(ours(OPPORTUNITIES), stock(STOCK_OPPORTUNITIES))),
    Row("list of plans", STATEMENTS, 12, statements(ours(PLANS), stock(PLANS))),
    Row("list of customers", STATEMENTS, 12, statements(ours(CUSTOMERS), stock(CUSTOMERS))),
    Row("list of contacts", STATEMENTS, 12, statements(ours(CONTACTS), stock(CONTACTS))),
    Row("list of services", STATEMENTS, 12, statements(ours(SERVICES), stock(STOCK_SERVICES))),
    Row("page of an opportunity", STATEMENTS, 15, statements(ours(OPPORTUNITY), stock(OPPORTUNITY))),
    Row("page of a customer", STATEMENTS, 15, statements(ours(CUSTOMER), stock(CUSTOMER))),
    Row("create an opportunity", STATEMENTS, 12, statements(ours(create), stock(create))),
    Row("edit an opportunity", STATEMENTS, 12, statements(ours(edit), stock(edit))),
    Row("assign an opportunity", STATEMENTS, 12, statements(ours(assign), stock(edit))),
    Row("list: more than with few rows", STATEMENTS, 0, more_statements(ours(OPPORTUNITIES), by("few", OPPORTUNITIES))),
    Row("page: more than with few rows", STATEMENTS, 0, more_statements(ours(OPPORTUNITY), by("few", OPPORTUNITY))),
    Row("save: more than with few rows", STATEMENTS, 0, more_statements(ours(create), by("few", create))),
    Row("list of opportunities, first page", TIMES_STOCK, 0.6, times(ours(OPPORTUNITIES), stock(STOCK_OPPORTUNITIES))),
    Row("list of plans, first page", TIMES_STOCK, 0.6, times(ours(PLANS), stock(PLANS))),
    Row("list of customers, first page", TIMES_STOCK, 0.6, times(ours(CUSTOMERS), stock(CUSTOMERS))),
    Row("list of contacts, first page", TIMES_STOCK, 0.6, times(ours(CONTACTS), stock(CONTACTS))),
    Row("list of services, first page", TIMES_STOCK, 0.6, times(ours(SERVICES), stock(STOCK_SERVICES))),
    Row(
        "list of opportunities, first page",
        TIMES_SMALL,
        1.25,
        times(ours(OPPORTUNITIES), by("reference", OPPORTUNITIES)),
        50_000,
    ),
    Row("list of customers, first page", TIMES_SMALL, 1.25, times(ours(CUSTOMERS), by("reference", CUSTOMERS)), 50_000),
    Row("list of services, first page", TIMES_SMALL, 1.25, times(ours(SERVICES), by("reference", SERVICES)), 50_000),
    Row(
        "list of opportunities, page 1,000 by jump",
        TIMES_FIRST,
        2,
        times(ours(look("/opportunities/list/?status=&page=1000")), ours(OPPORTUNITIES)),
        1_000,
    ),
    Row(
        "list of customers, page 1,000 by jump",
        TIMES_FIRST,
        2,
        times(ours(look("/customers/list/?page=1000")), ours(CUSTOMERS)),
        26_000,
    ),
    *(
        Row(f"contains-search of {name}", unit, limit, measure, customers)
        for name, search in (("2 Chinese characters", CHINESE), ("pinyin", PINYIN), ("initials", INITIALS))
        for unit, limit, measure, customers in (
            (TIMES_SMALL, 2, times(ours(search), by("reference", search)), 50_000),
            (TIMES_STOCK, 0.2, times(ours(search), stock(STOCK_SEARCH)), 1_000_000),
        )
    ),
    Row("choice search (customer)", TIMES_FLOOR, 2, times(ours(CHOICE), by("floor", CHOICE)), is_open=True),
    Row("page of a customer with contacts, orders, timeline", TIMES_STOCK, 1.0, times(ours(BUSY), stock(BUSY))),
    Row("page of a customer with 5,000 related rows of each kind", TIMES_QUIET, 1.3, times(ours(BUSY), ours(QUIET))),
    Row("page of a customer: more with 5,000 related rows", STATEMENTS, 0, more_statements(ours(BUSY), ours(QUIET))),
    Row("create an opportunity", TIMES_STOCK, 1.3, times(ours(create), stock(create))),
    Row("edit an opportunity", TIMES_STOCK, 1.3, times(ours(edit), stock(edit))),
    Row("assign an opportunity", TIMES_STOCK, 1.3, times(ours(assign), stock(edit))),
    Row("create an opportunity", TIMES_UNLOGGED, 1.15, times(ours(create), by("unlogged", create))),
    Row("edit an opportunity", TIMES_UNLOGGED, 1.15, times(ours(edit), by("unlogged", edit))),
    Row("assign an opportunity", TIMES_UNLOGGED, 1.15, times(ours(assign), by("unlogged", assign))),
    Row(
        "opportunities, scope of 200 departments",
        TIMES_OPEN,
        1.1,
        times(by("wide", OPPORTUNITIES), ours(OPPORTUNITIES)),
        is_open=True,
    ),
    Row(
        "opportunities, scope of 1 of 200",
        TIMES_OPEN,
        1.1,
        times(by("narrow", OPPORTUNITIES), ours(OPPORTUNITIES)),
    ),
    Row(
        "customers, scope of 200 departments",
        TIMES_OPEN,
        1.1,
        times(by("wide", CUSTOMERS), ours(CUSTOMERS)),
    ),
    Row("customers, scope of 1 of 200", TIMES_OPEN, 1.1, times(by("narrow", CUSTOMERS), ours(CUSTOMERS))),
    Row(
        "list of 100 opportunities",
        KILOBYTES,
        150,
        kilobytes(
            ours(look("/opportunities/list/?status=&page_size=100")),
            stock(look("/opportunities/list/?psize_Opportunities=100")),
        ),
    ),
    Row(
        "list of 100 customers",
        KILOBYTES,
        150,
        kilobytes(ours(look("/customers/list/?page_size=100")), stock(look("/customers/list/?psize_Customers=100"))),
    ),
    Row(
        "list with every file it asks for, first visit",
        KILOBYTES,
        300,
        kilobytes(ours(first_visit(FIRST_PAGE)), stock(first_visit(STOCK_FIRST_PAGE))),
    ),
    Row(
        "next page of the list, with a warm cache",
        KILOBYTES,
        30,
        kilobytes(
            ours(next_visit(f"{FIRST_PAGE}&page=2", after=[FIRST_PAGE])),
            stock(next_visit(f"{STOCK_FIRST_PAGE}?page_Opportunities=1", after=[STOCK_FIRST_PAGE])),
        ),
    ),
    Row("first refresh from the sales system", TIMES_INSERT, 4, refresh_beside_insert),
    Row("contribution, live", TIMES_RAW, 1.15, beside_the_lines(**LIVE), 50_000),
    Row("contribution, from kept totals", TIMES_RAW, 0.04, beside_the_lines(), 200_000),
    Row("churn scan", TIMES_BARE, 1.3, scan_beside_statements),
    Row("sales funnel", TIMES_RAW, 1.3, funnel_beside_sql),
    *(
        Row(f"analysis of {name}", TIMES_BARE, 1.3, report_beside_statements(report), LEAST_CUSTOMERS)
        for name, report in (("composition", "composition"), ("services", "service"), ("churn", "churn"))
    ),
    *(Row(f"chart as SVG: {shape}", TIMES_FIGURE, 1.5, beside_bare(shape)) for shape in SHAPES),
    Row("start to first answer", TIMES_STOCK, 1.4, start_times()),
    Row("memory of a process", TIMES_STOCK, 1.5, memory),
)
