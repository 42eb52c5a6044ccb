"""How a customer is doing, in figures: a module names its own as ``CUSTOMER_HEALTH = (HealthFigure(…),)``."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import chain
from urllib.parse import urlencode

from flask import g
from markupsafe import Markup

from app.actions.customers.life import OpenMatter, open_counts
from app.extensions import session
from app.i18n import Label, LazyString, format_day, gettext, ngettext
from app.models.customers import Customer
from app.models.orders import Order
from app.reports.charts import spark
from app.reports.customers import MONTHS_SHOWN, Bought, Trade, trade_of
from app.reports.money import short_money
from app.reports.periods import month_start
from app.security.actor import Actor
from app.security.rights import CUSTOMERS, ORDERS, Verb
from app.views.customers.tabs import declared
from app.views.presentation import EMPTY
from app.views.record_pages import may_open, view_for
from app.views.wording import in_words, signed, toned

#: Width and height of the chart of the strip, in pixels.
CHART = (216, 48)


@dataclass
class CustomerLook:
    """A customer on the day it is looked at, and what several figures need, read once."""

    customer: Customer
    today: date

    @cached_property
    def trade(self) -> Trade:
        """What it bought."""
        return trade_of(session(), self.customer, self.today)

    @cached_property
    def still_open(self) -> Mapping[OpenMatter, int]:
        """How much is open at it, of those kinds that are; who may delete it was told already."""
        key = self.customer.id
        kept = g.get("open_counts", {})
        return kept[key] if key in kept else open_counts(session(), [key])[key]

    @property
    def month_end(self) -> date:
        """The last day of this month, up to which the kept totals count."""
        return month_start(self.today, 1) - timedelta(days=1)


@dataclass(frozen=True)
class HealthReading:
    """A figure as it stands, with the way to its rows; ``stars`` are drawn in place of the value.

    A value that ``is_word`` is drawn smaller than a number.
    """

    value: str
    unit: str | LazyString = ""
    notes: Sequence[str | Markup] = ()
    href: str = ""
    stars: int | None = None
    is_word: bool = False


@dataclass(frozen=True)
class HealthFigure:
    """One figure of the strip, for whoever holds ``right``; the page asks for its ``chart`` when it stands."""

    key: str
    label: Label
    right: str
    read: Callable[[CustomerLook], HealthReading]
    place: int = 50
    chart: Callable[[CustomerLook], Markup] | None = None


def health_of(by: Actor) -> list[HealthFigure]:
    """The figures that somebody may see, in their order."""
    found = chain.from_iterable(declared("CUSTOMER_HEALTH", tuple))
    return sorted((figure for figure in found if by.may(figure.right)), key=lambda figure: figure.place)


# ---- what it bought -----------------------------------------------------------------------------------


def _orders_href(look: CustomerLook, first: date, last: date) -> str:
    """The list of its orders of some days; empty where the reader may open no such list."""
    if not may_open(Order):
        return ""
    asked = {"customer": look.customer.number, "ordered_on_from": first, "ordered_on_to": last}
    return f"{view_for(Order).path('list/')}?{urlencode(asked)}"


def _last_order(look: CustomerLook) -> HealthReading:
    last = look.customer.last_order_on
    if last is None:
        return HealthReading(EMPTY, notes=[gettext("no order yet")])
    days = max((look.today - last).days, 0)  # an order may be dated ahead
    unit = ngettext("day ago", "days ago", days)
    return HealthReading(f"{days:,}", unit, [last.isoformat()], _orders_href(look, last, last))


def _this_year(look: CustomerLook) -> HealthReading:
    return _year(look, 0, _comparison(look))


def _last_year(look: CustomerLook) -> HealthReading:
    return _year(look, 1)


def _year(look: CustomerLook, back: int, more: Sequence[Markup] = ()) -> HealthReading:
    year = look.today.year - back
    bought = look.trade.in_year(year)
    number, unit = short_money(bought.amount)
    href = _orders_href(look, date(year, 1, 1), min(date(year, 12, 31), look.month_end))
    return HealthReading(number, unit, [_count(bought), *more], href)


def _count(bought: Bought) -> str:
    return ngettext("%(num)d order", "%(num)d orders", bought.orders)


def _comparison(look: CustomerLook) -> list[Markup]:
    """The months of this year that have ended with the same months of last year, where both are known."""
    this, last = (look.trade.before_this_month(look.today.year - back).amount for back in (0, 1))
    if last <= 0 or look.today.month == 1:
        return []
    share = round(float((this - last) / last) * 100, 1)
    month = format_day(look.today.replace(day=1, month=look.today.month - 1), "MMM")
    change = toned(f"{signed(share) if share else 0} %", "ok" if share > 0 else "bad" if share else "")
    return [Markup(gettext("%(change)s on last year by the end of %(month)s")) % {"change": change, "month": month}]  # noqa: S704  # Markup escapes whatever is filled in


def _course(look: CustomerLook) -> HealthReading:
    amount = sum(look.trade.course(), Decimal(0))
    number, unit = short_money(amount)
    first = month_start(look.today, 1 - MONTHS_SHOWN)
    return HealthReading(number, unit, href=_orders_href(look, first, look.month_end))


def _course_chart(look: CustomerLook) -> Markup:
    """Empty where nothing was bought."""
    values = [float(amount) for amount in look.trade.course()]
    title = in_words(Label("Amounts of the last 24 months in yuan: %(values)s"), values)
    return spark(values if any(values) else (), title, size=CHART)


# ---- what is thought of it ----------------------------------------------------------------------------


def _satisfaction(look: CustomerLook) -> HealthReading:
    stars = look.customer.satisfaction
    return HealthReading(EMPTY if stars is None else f"{stars}", stars=stars)


SEE_ORDERS = ORDERS.right(Verb.SEE)
CUSTOMER_HEALTH = (
    HealthFigure("last-order", Label("Last order"), SEE_ORDERS, _last_order, 10),
    HealthFigure("this-year", Label("Amount this year"), SEE_ORDERS, _this_year, 20),
    HealthFigure("last-year", Label("Amount last year"), SEE_ORDERS, _last_year, 30),
    HealthFigure("course", Label("Last 24 months"), SEE_ORDERS, _course, 40, _course_chart),
    HealthFigure("satisfaction", Label("Satisfaction"), CUSTOMERS.right(Verb.SEE), _satisfaction, 90),
)
