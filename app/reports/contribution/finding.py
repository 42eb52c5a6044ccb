"""Step by step: amounts and their order, names, and with a comparison the change and what it is made of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.actions.settings import ABC_A, ABC_B, values_of
from app.reports.contribution import sources
from app.reports.contribution.bridge import bridge_of
from app.reports.contribution.drawing import Basis
from app.reports.contribution.explaining import Comparison
from app.reports.contribution.groups import By, called, names_of
from app.reports.contribution.mix import MOST_CUSTOMERS, Effects, bought_products, bought_without_lines, effects_of
from app.reports.contribution.ranking import Cuts, Ranking
from app.reports.contribution.reading import ranking_of, read_amounts, read_page
from app.reports.engine import Asked, Period, frame_of
from app.reports.engine.frames import Statement
from app.security.rights import SALES_SYSTEM, Verb
from app.security.scope import actor_of

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class Found:
    """What was read: the rows with their names, on what they stand, and where they are compared, with what."""

    ranking: Ranking
    basis: Basis
    #: Customers without an order in the period.
    silent: int
    #: What all bought in the period before; None without a comparison.
    previous: int | None = None
    comparison: Comparison | None = None
    basis_before: Basis | None = None


def find(session: Session, asked: Asked) -> Found:
    """Read what is asked for; what the wall hides from the session's actor is in no figure."""
    cuts = Cuts(*values_of(session, (ABC_A, ABC_B)).values())
    if asked.part is not None and sources.is_ranked_already(asked):
        return _found(session, asked, read_page(session, asked, asked.part, cuts))
    amounts = read_amounts(session, asked)
    ranking, then = ranking_of(amounts, asked, cuts), sources.before(asked)
    if then is None:
        return _found(session, asked, ranking)
    previous = sum(int(one) for one in amounts["previous"])
    if asked["by"] is not By.CUSTOMER:
        return replace(_found(session, asked, ranking), previous=previous)
    return replace(_compared(session, asked, then, ranking, amounts=amounts), previous=previous)


def _found(session: Session, asked: Asked, ranking: Ranking) -> Found:
    wanted = _wanted(asked, ranking)
    names = _names(session, asked, ranking.rows["key"])
    return _told(session, asked, ranking, names=names, numbers=_numbers(session, wanted))


def _wanted(asked: Asked, ranking: Ranking) -> dict[str, Statement]:
    counted = {} if ranking.orders is not None else {"orders": sources.orders_in(asked, asked["period"])}
    return {**counted, **sources.basis(asked)}


def _told(session: Session, asked: Asked, ranking: Ranking, *, names: Names, numbers: Mapping[str, int]) -> Found:
    """The rows with their names, on what they stand."""
    orders = numbers["orders"] if ranking.orders is None else ranking.orders
    silent = numbers["customers"] - (ranking.count if asked["by"] is By.CUSTOMER else 0)
    basis = Basis(orders, numbers["unmatched"], numbers.get("without_lines", 0), _sees_unmatched(session))
    return Found(replace(ranking, rows=_named(ranking.rows, names)), basis, silent)


def _compared(session: Session, asked: Asked, then: Period, ranking: Ranking, *, amounts: DataFrame) -> Found:
    """With what made the change; orders without lines are counted where they are part of what it is made of."""
    bridge = bridge_of(amounts)
    effects = _effects(session, asked, then, _changed(amounts))
    wanted = {**_wanted(asked, ranking), "unmatched_before": sources.unmatched(asked, then)}
    if ranking.orders_before is None:
        wanted["orders_before"] = sources.orders_in(asked, then)
    if effects:
        wanted["without_lines"] = sources.orders_in(asked, asked["period"], lines=False)
        wanted["without_lines_before"] = sources.orders_in(asked, then, lines=False)
    numbers = _numbers(session, wanted)
    names = _names(session, asked, (*ranking.rows["key"], *bridge.named))
    found = _told(session, asked, ranking, names=names, numbers=numbers)
    orders = numbers["orders_before"] if ranking.orders_before is None else ranking.orders_before
    without_lines = numbers.get("without_lines_before", 0)
    before = Basis(orders, numbers["unmatched_before"], without_lines, found.basis.sees_unmatched)
    known = {key: names.get(key, {}).get("name") for key in bridge.named}
    comparison = Comparison(asked["period"], then, bridge, amounts, known, effects)
    return replace(found, comparison=comparison, basis_before=before)


def _numbers(session: Session, wanted: Mapping[str, Statement]) -> dict[str, int]:
    """What statements of one number each find, in one statement."""
    together = select(*(statement.scalar_subquery().label(name) for name, statement in wanted.items()))
    return {str(name): int(number) for name, number in frame_of(session, together).iloc[0].items()}


def _sees_unmatched(session: Session) -> bool:
    actor = actor_of(session)
    return actor is not None and actor.may(SALES_SYSTEM.right(Verb.SEE))


Names = Mapping[int, Mapping[str, str | None]]


def _names(session: Session, asked: Asked, keys: Iterable[int]) -> Names:
    return called(asked["by"], frame_of(session, names_of(asked["by"], {int(key) for key in keys})))


def _named(rows: DataFrame, names: Names) -> DataFrame:
    """The rows with the names of their groups, and of customers with level and manager."""
    keys = [int(key) for key in rows["key"]]
    words = ("name", "name_en", "level", "level_en", "manager")
    return rows.assign(**{word: [names.get(key, {}).get(word) for key in keys] for word in words})


def _changed(amounts: DataFrame) -> list[int]:
    """The customers who ordered in both periods, and more or less."""
    ordered = amounts[(amounts["rows"] > 0) & (amounts["rows_before"] > 0)]
    return [int(key) for key in ordered.loc[ordered["amount"] != ordered["previous"], "key"]]


def _effects(session: Session, asked: Asked, then: Period, customers: Collection[int]) -> Mapping[int, Effects] | None:
    from pandas import concat

    if len(customers) > MOST_CUSTOMERS:
        return None
    statements = (one(asked, then, customers) for one in (bought_products, bought_without_lines))
    return effects_of(concat([frame_of(session, statement) for statement in statements]))
