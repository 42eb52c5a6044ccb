"""The change between two periods in sentences and two tables: who made it, and what it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.i18n import Label, gettext, ngettext
from app.reports.contribution.addresses import orders_href
from app.reports.contribution.bridge import Bridge, Part
from app.reports.contribution.groups import word_for_missing
from app.reports.contribution.mix import MOST_CUSTOMERS, Effects
from app.reports.contribution.ranking import Ranking, relative
from app.reports.contribution.wording import money, percent, period_in_words, signed_percent
from app.reports.engine import Asked, Column, Fact, Kind, Period, Table
from app.reports.engine.table import Row

if TYPE_CHECKING:
    from pandas import DataFrame

#: Of so many customers it is told how much they make up together.
FIRST = 10


@dataclass(frozen=True)
class Comparison:
    """Two periods beside each other, with what is known of each customer."""

    now: Period
    then: Period
    bridge: Bridge
    amounts: DataFrame
    #: None for one that the reader does not see.
    names: Mapping[int, str | None]
    #: By customer; None where too many customers changed to read their lines.
    effects: Mapping[int, Effects] | None


def head_of(asked: Asked, total: int, orders: int) -> Fact:
    """What was bought, without a comparison."""
    number = f"{orders:,}"
    sentence = ngettext(
        "Order amount %(amount)s, from %(count)s order",
        "Order amount %(amount)s, from %(count)s orders",
        orders,
        amount=money(total),
        count=number,
    )
    return Fact(sentence, {money(total): orders_href(asked, asked["period"])}, is_head=True)


def change_of(asked: Asked, then: Period, amount: int, previous: int) -> Fact:
    """What was bought and how much more or less that is than before."""
    links = {money(amount): orders_href(asked, asked["period"]), period_in_words(then): orders_href(asked, then)}
    return Fact(_change(amount, previous, period_in_words(then)), links, is_head=True)


def _change(amount: int, previous: int, period: str) -> str:
    values = {"amount": money(amount), "difference": money(abs(amount - previous)), "period": period}
    share = relative(amount - previous, previous)
    if share is None:
        return _change_from_nothing(amount, previous, values)
    change = signed_percent(share)
    if amount >= previous:
        return gettext(
            "Order amount %(amount)s, %(difference)s more than in %(period)s (%(change)s)", **values, change=change
        )
    return gettext(
        "Order amount %(amount)s, %(difference)s less than in %(period)s (%(change)s)", **values, change=change
    )


def _change_from_nothing(amount: int, previous: int, values: Mapping[str, str]) -> str:
    """Of nothing, or of less, there is no percentage."""
    if amount >= previous:
        return gettext("Order amount %(amount)s, %(difference)s more than in %(period)s", **values)
    return gettext("Order amount %(amount)s, %(difference)s less than in %(period)s", **values)


def facts_of(told: Comparison) -> list[Fact]:
    """What of the change came from whom."""
    return [*_parts(told.bridge, told.names), *_concentration(told), *_too_many_to_explain(told)]


def _parts(bridge: Bridge, names: Mapping[int, str | None]) -> list[Fact]:
    """A sentence for each way in which customers changed; of none there is nothing to tell."""
    found = []
    for part, sentence in (
        (bridge.grown, _grown),
        (bridge.new, _new),
        (bridge.shrunk, _shrunk),
        (bridge.lost, _lost),
    ):
        if part.count and part.first is not None:
            name = names[part.first] or word_for_missing(part.first)
            text = sentence(part, name, money(abs(part.first_change)))
            found.append(Fact(text, {name: f"/customers/show/{part.first}"}))
    return found


def _grown(part: Part, name: str, first: str) -> str:
    return ngettext(
        "%(num)d customer bought %(amount)s more: %(name)s.",
        "%(num)d customers bought %(amount)s more, %(name)s most of all (%(first)s).",
        part.count,
        amount=money(part.change),
        name=name,
        first=first,
    )


def _new(part: Part, name: str, first: str) -> str:
    return ngettext(
        "%(num)d new customer brought %(amount)s: %(name)s.",
        "%(num)d new customers brought %(amount)s, %(name)s most of all (%(first)s).",
        part.count,
        amount=money(part.change),
        name=name,
        first=first,
    )


def _shrunk(part: Part, name: str, first: str) -> str:
    return ngettext(
        "%(num)d customer bought %(amount)s less: %(name)s.",
        "%(num)d customers bought %(amount)s less, %(name)s fell most (%(first)s).",
        part.count,
        amount=money(-part.change),
        name=name,
        first=first,
    )


def _lost(part: Part, name: str, first: str) -> str:
    return ngettext(
        "%(num)d customer ordered nothing any more, %(amount)s less: %(name)s.",
        "%(num)d customers ordered nothing any more, %(amount)s less, %(name)s most of all (%(first)s).",
        part.count,
        amount=money(-part.change),
        name=name,
        first=first,
    )


# ---- how much the first make up ----------------------------------------------------------------------------


def _concentration(told: Comparison) -> list[Fact]:
    now, then = (_share_of_first(told.amounts, name) for name in ("amount", "previous"))
    if now is None or then is None:
        return []
    values = {"count": FIRST, "share": percent(now), "before": percent(then), "period": period_in_words(told.then)}
    points = f"{abs(now - then) / 10:.1f}"
    if now >= then:
        sentence = gettext(
            "The first %(count)s customers make up %(share)s; in %(period)s it was %(before)s: "
            "%(points)s percentage points more concentrated.",
            **values,
            points=points,
        )
    else:
        sentence = gettext(
            "The first %(count)s customers make up %(share)s; in %(period)s it was %(before)s: "
            "%(points)s percentage points less concentrated.",
            **values,
            points=points,
        )
    return [Fact(sentence)]


def _share_of_first(amounts: DataFrame, name: str) -> int | None:
    """Of all in tenths of a percent; None of few customers, or where all is nothing."""
    total = sum(int(amount) for amount in amounts[name])
    first = sum(int(amount) for amount in amounts[name].sort_values(ascending=False).head(FIRST))
    return (first * 2000 + total) // (2 * total) if total > 0 and len(amounts) > FIRST else None


def concentration_of(ranking: Ranking) -> list[Fact]:
    """The same without a comparison."""
    if ranking.count <= FIRST or ranking.total <= 0:
        return []
    share = percent(int(ranking.top["cumulative"].iloc[FIRST - 1]))
    return [Fact(gettext("The first %(count)s customers make up %(share)s.", count=FIRST, share=share))]


# ---- tables ------------------------------------------------------------------------------------------------


def tables_of(told: Comparison) -> tuple[Table, ...]:
    """Who made most of the change, and of the grown and the shrunk what it came from."""
    found = [_most(told)] if told.bridge.most else []
    if told.effects is not None and (told.bridge.grown.count or told.bridge.shrunk.count):
        found.append(_effects(told, told.effects))
    return tuple(found)


def _too_many_to_explain(told: Comparison) -> list[Fact]:
    """That volume, price and mix were not worked out."""
    if told.effects is not None:
        return []
    most = f"{MOST_CUSTOMERS:,}"
    sentence = gettext(
        "Volume, price and mix are worked out for up to %(most)s customers that bought more or less: look for a name.",
        most=most,
    )
    return [Fact(sentence)]


PARTS = (
    Column("volume", Label("From volume (yuan)"), Kind.MONEY_CHANGE, is_summed=True),
    Column("price", Label("From price (yuan)"), Kind.MONEY_CHANGE, is_summed=True),
    Column("mix", Label("From mix (yuan)"), Kind.MONEY_CHANGE, is_summed=True),
)
CHANGE = Column("change", Label("Change (yuan)"), Kind.MONEY_CHANGE, is_summed=True)


def _most(told: Comparison) -> Table:
    from pandas import DataFrame

    def customer(row: Row) -> str:
        return f"/customers/show/{row['key']}" if "key" in row else ""

    effects = told.effects or {}
    rows = [
        {"key": key, "name": told.names[key] or word_for_missing(key), "change": change, **_told(effects.get(key))}
        for key, change in told.bridge.most.items()
    ]
    columns = (Column("name", Label("Customer name"), href=customer), CHANGE, *_unsummed(PARTS))
    frame = DataFrame(rows, dtype=object)
    return Table.summed(columns, frame, title=gettext("Who made most of the change"))


def _unsummed(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """New and lost customers have no such parts."""
    return tuple(Column(one.key, one.label, one.kind) for one in columns)


def _told(one: Effects | None) -> dict[str, int | None]:
    if one is None:
        return {"volume": None, "price": None, "mix": None}
    return {"volume": one.volume, "price": one.price, "mix": one.mix}


def _effects(told: Comparison, effects: Mapping[int, Effects]) -> Table:
    from pandas import DataFrame

    words = ((gettext("Bought more"), told.bridge.grown, 1), (gettext("Bought less"), told.bridge.shrunk, -1))
    rows = []
    for word, part, sign in words:
        of_part = [one for one in effects.values() if one.change * sign > 0]
        sums = {name: sum(getattr(one, name) for one in of_part) for name in ("volume", "price", "mix")}
        rows.append({"name": word, "count": part.count, "change": part.change, **sums})
    columns = (
        Column("name", Label("Customers")),
        Column("count", Label("Number of customers"), Kind.COUNT, is_summed=True),
        *(CHANGE, *PARTS),
    )
    frame = DataFrame(rows, dtype=object)
    return Table.summed(columns, frame, title=gettext("What the change of those who bought more or less is made of"))
