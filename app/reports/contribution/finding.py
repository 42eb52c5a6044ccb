"""Step by step: amounts and their order, names, and with a comparison the change and what it is made of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from app.actions.settings import ABC_A, ABC_B, values_of
from app.reports.contribution import sources
from app.reports.contribution.bridge import bridge_of
from app.reports.contribution.drawing import Basis
from app.reports.contribution.explaining import Comparison
from app.reports.contribution.groups import By, called, names_of, word_for_missing
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
    names = _names(session, asked, ranking.rows["key"])
    stands = frame_of(session, sources.basis(asked)).iloc[0]
    orders = ranking.orders
    if orders is None:
        orders = _number(session, sources.orders_in(asked, asked["period"]))
    silent = int(stands["customers"]) - (ranking.count if asked["by"] is By.CUSTOMER else 0)
    basis = Basis(orders, int(stands["unmatched"]), 0, _sees_unmatched(session))
    return Found(replace(ranking, rows=_named(ranking.rows, names)), basis, silent)


def _compared(session: Session, asked: Asked, then: Period, ranking: Ranking, *, amounts: DataFrame) -> Found:
    """With what made the change; orders without lines are counted where they are part of what it is made of."""
    found, bridge = _found(session, asked, ranking), bridge_of(amounts)
    names = _names(session, asked, bridge.named)
    effects = _effects(session, asked, then, _changed(amounts))
    known = {key: _name_of(key, names) for key in bridge.named}
    comparison = Comparison(asked["period"], then, bridge, amounts, known, effects)
    now, before = (
        _number(session, sources.orders_in(asked, period, lines=False)) if effects else 0
        for period in (asked["period"], then)
    )
    orders = ranking.orders_before
    if orders is None:
        orders = _number(session, sources.orders_in(asked, then))
    unmatched = _number(session, sources.unmatched(asked, then))
    return replace(
        found,
        comparison=comparison,
        basis=replace(found.basis, without_lines=now),
        basis_before=Basis(orders, unmatched, before, found.basis.sees_unmatched),
    )


def _number(session: Session, statement: Statement) -> int:
    return int(frame_of(session, statement).iloc[0]["number"])


def _sees_unmatched(session: Session) -> bool:
    actor = actor_of(session)
    return actor is not None and actor.may(SALES_SYSTEM.right(Verb.SEE))


Names = Mapping[int, Mapping[str, str | None]]


def _names(session: Session, asked: Asked, keys: Iterable[int]) -> Names:
    return called(asked["by"], frame_of(session, names_of(asked["by"], {int(key) for key in keys})))


def _name_of(key: int, names: Names) -> str:
    return names.get(key, {}).get("name") or word_for_missing(key)


def _named(rows: DataFrame, names: Names) -> DataFrame:
    """The rows with the names of their groups, and of customers with level and manager."""
    keys = [int(key) for key in rows["key"]]
    more = {word: [names.get(key, {}).get(word) for key in keys] for word in ("level", "manager")}
    return rows.assign(name=[_name_of(key, names) for key in keys], **more)


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
