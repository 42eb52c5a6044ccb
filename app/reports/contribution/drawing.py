"""The two charts: who makes up most of it, and how one period's total became the other's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.i18n import gettext, listed, ngettext
from app.reports import charts
from app.reports.contribution.addresses import orders_href, unmatched_href
from app.reports.contribution.bridge import Bridge
from app.reports.contribution.explaining import Comparison
from app.reports.contribution.ranking import Ranking
from app.reports.contribution.wording import money, percent, period_in_words
from app.reports.engine import Asked, Chart, Fact, Period

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
                period=period_in_words(period),
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
        size, unit = charts.money_scale(top["amount"])
        shares = [0.0 if total <= 0 else int(share) / 10 for share in top["cumulative"].fillna(0)]
        hrefs = [orders_href(asked, asked["period"], int(key)) for key in top["key"]]
        values = [int(amount) / size for amount in top["amount"]]
        return charts.pareto(values, shares, unit=str(unit), note=note, highlighted=in_a, hrefs=hrefs)

    title = gettext("Pareto: the first %(count)s and their cumulative share", count=count)
    return Chart("pareto", title, f"{says} {note}".strip(), draw, basis.facts(asked, asked["period"]))


def bridge(asked: Asked, told: Comparison, now: Basis, then: Basis) -> Chart:
    """How new, grown, shrunk and lost customers changed the total."""
    ends = {"before": period_in_words(told.then), "period": period_in_words(told.now)}
    changes = _changes(told.bridge)
    parts = listed([f"{label} {money(amount)}" for label, amount in changes])

    def draw() -> Figure:
        size, unit = charts.money_scale([told.bridge.previous, told.bridge.amount])
        steps = [charts.Step(label, amount / size) for label, amount in changes]
        first, last = (
            charts.Step(ends[name], amount / size, is_total=True, href=orders_href(asked, period))
            for name, amount, period in (
                ("before", told.bridge.previous, told.then),
                ("period", told.bridge.amount, told.now),
            )
        )
        return charts.bridge([first, *steps, last], unit=str(unit))

    title = gettext("Growth bridge: %(before)s → %(period)s", **ends)
    says = gettext("Growth bridge from %(before)s to %(period)s: %(parts)s", **ends, parts=parts)
    return Chart("bridge", title, says, draw, (*now.facts(asked, told.now), *then.facts(asked, told.then)))


def _changes(told: Bridge) -> list[tuple[str, int]]:
    return [
        (gettext("New customers"), told.new.change),
        (gettext("Grown"), told.grown.change),
        (gettext("Shrunk"), told.shrunk.change),
        (gettext("Lost"), told.lost.change),
    ]
