"""The two charts: who makes up most of it, and how one period's total became the other's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.i18n import Label, gettext, ngettext
from app.reports import charts
from app.reports.contribution.addresses import orders_href, unmatched_href
from app.reports.contribution.bridge import Bridge
from app.reports.contribution.explaining import Comparison
from app.reports.contribution.ranking import Ranking
from app.reports.contribution.wording import in_ten_thousands, money, percent
from app.reports.engine import Asked, Chart, Fact, Period

if TYPE_CHECKING:
    from matplotlib.figure import Figure

UNIT = Label("ten thousand yuan")


@dataclass(frozen=True)
class Basis:
    """On what a period's figures stand: orders, those of nobody, which are in no figure, and those without lines."""

    orders: int
    unmatched: int
    without_lines: int
    sees_unmatched: bool

    def facts(self, asked: Asked, period: Period | None) -> tuple[Fact, ...]:
        """How many orders there are, and how many of them are incomplete, each with its address."""
        counted = f"{self.orders:,}"
        text = ngettext("Based on %(count)s order", "Based on %(count)s orders", self.orders, count=counted)
        if period is not None:
            text = ngettext(
                "Based on %(count)s order of %(period)s",
                "Based on %(count)s orders of %(period)s",
                self.orders,
                count=counted,
                period=period,
            )
        found = [Fact(text, {counted: orders_href(asked, period)})]
        if self.unmatched:
            found.append(self._unmatched(asked, period))
        if self.without_lines:
            found.append(self._without_lines(asked, period))
        return tuple(found)

    def _unmatched(self, asked: Asked, period: Period | None) -> Fact:
        number = f"{self.unmatched:,}"
        text = ngettext(
            "%(count)s order of no known customer is not counted",
            "%(count)s orders of no known customer are not counted",
            self.unmatched,
            count=number,
        )
        return Fact(text, {number: unmatched_href(asked, period)} if self.sees_unmatched else {})

    def _without_lines(self, asked: Asked, period: Period | None) -> Fact:
        number = f"{self.without_lines:,}"
        text = ngettext(
            "%(count)s order without lines counts as mix",
            "%(count)s orders without lines count as mix",
            self.without_lines,
            count=number,
        )
        return Fact(text, {number: orders_href(asked, period, lines="without")})


def pareto(asked: Asked, ranking: Ranking, basis: Basis) -> Chart:
    """The largest and what they make up together; those of class A stand out."""
    top, total = ranking.top, ranking.total
    count, in_a = len(top), int((top["abc"] == "A").sum())
    note = ""
    if in_a and total > 0:
        share = percent(int(top["cumulative"].iloc[in_a - 1]))
        note = gettext("The first %(count)s: %(share)s", count=in_a, share=share)
    says = gettext(
        "Pareto chart: the first %(count)s of %(all)s, in all %(amount)s.",
        count=count,
        all=ranking.count,
        amount=money(total),
    )

    def draw() -> Figure:
        shares = [0.0 if total <= 0 else int(share) / 10 for share in top["cumulative"].fillna(0)]
        hrefs = [orders_href(asked, asked["period"], int(key)) for key in top["key"]]
        values = _in_unit([int(amount) for amount in top["amount"]])
        return charts.pareto(values, shares, unit=str(UNIT), note=note, highlighted=in_a, hrefs=hrefs)

    title = gettext("Pareto: the first %(count)s and their cumulative share", count=count)
    return Chart("pareto", title, f"{says} {note}".strip(), draw, basis.facts(asked, asked["period"]))


def bridge(asked: Asked, told: Comparison, now: Basis, then: Basis) -> Chart:
    """How new, grown, shrunk and lost customers changed the total."""
    values = {"before": told.then, "period": told.now}
    steps = _steps(told.bridge)
    parts = "; ".join(f"{label} {money(amount)}" for label, amount in steps)

    def draw() -> Figure:
        ends = (
            charts.Step(str(told.then), _one(told.bridge.previous), is_total=True, href=orders_href(asked, told.then)),
        )
        middle = tuple(charts.Step(label, _one(amount)) for label, amount in steps)
        last = charts.Step(str(told.now), _one(told.bridge.amount), is_total=True, href=orders_href(asked, told.now))
        return charts.bridge((*ends, *middle, last), unit=str(UNIT))

    title = gettext("Growth bridge: %(before)s → %(period)s", **values)
    says = gettext("Growth bridge from %(before)s to %(period)s: %(parts)s", **values, parts=parts)
    return Chart("bridge", title, says, draw, (*now.facts(asked, told.now), *then.facts(asked, told.then)))


def _steps(told: Bridge) -> list[tuple[str, int]]:
    return [
        (gettext("New customers"), told.new.change),
        (gettext("Grown"), told.grown.change),
        (gettext("Shrunk"), told.shrunk.change),
        (gettext("Lost"), told.lost.change),
    ]


def _in_unit(amounts: Sequence[int]) -> list[float]:
    return [_one(amount) for amount in amounts]


def _one(amount: int) -> float:
    return float(in_ten_thousands(amount))
