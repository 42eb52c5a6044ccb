"""How a customer is doing, in figures: a module names its own as ``CUSTOMER_HEALTH = (HealthFigure(…),)``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from itertools import chain
from typing import Any

from markupsafe import Markup

from app.extensions import session
from app.i18n import Label, LazyString, format_day, gettext, ngettext
from app.models.customers import Customer
from app.reports.charts import spark
from app.reports.customers import Bought, Trade, trade_of
from app.security.actor import Actor
from app.security.rights import CUSTOMERS, ORDERS, Verb
from app.views.customers.tabs import declared, tab_href, tabs_for
from app.views.edge import actor
from app.views.presentation import EMPTY
from app.views.wording import in_words, short_money, signed, toned

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


@dataclass(frozen=True)
class HealthReading:
    """A figure as it stands, with the way to its rows; ``stars`` are drawn in place of the value."""

    value: str
    unit: str | LazyString = ""
    notes: Sequence[str | Markup] = ()
    href: str = ""
    stars: int | None = None


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


def _orders_href(look: CustomerLook) -> str:
    """Empty for who has no such tab."""
    return tab_href(look.customer, "orders") if any(tab.key == "orders" for tab in tabs_for(actor())) else ""


def _last_order(look: CustomerLook) -> HealthReading:
    last = look.customer.last_order_on
    if last is None:
        return HealthReading(EMPTY, notes=[gettext("no order yet")])
    days = (look.today - last).days
    unit = ngettext("day ago", "days ago", days)
    return HealthReading(f"{days:,}", unit, [last.isoformat()], _orders_href(look))


def _this_year(look: CustomerLook) -> HealthReading:
    bought = look.trade.in_year(look.today.year)
    return _amount(look, bought, [_count(bought), *_comparison(look)])


def _last_year(look: CustomerLook) -> HealthReading:
    bought = look.trade.in_year(look.today.year - 1)
    return _amount(look, bought, [_count(bought)])


def _amount(look: CustomerLook, bought: Bought, notes: Sequence[Any]) -> HealthReading:
    number, unit = short_money(bought.amount)
    return HealthReading(number, unit, notes, _orders_href(look))


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
    return HealthReading(number, unit, href=_orders_href(look))


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
