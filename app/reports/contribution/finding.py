"""Step by step: amounts and their order, names, and with a comparison the change and what it is made of."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

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
from app.security.rights import SALES_SYSTEM, Verb
from app.security.scope import actor_of

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class Found:
    """What was read: the rows with their names, on what they stand, and where they are compared, with what."""

    ranking: Ranking
    basis: Basis
    basis_before: Basis
    #: Customers without an order in the period.
    silent: int
    comparison: Comparison | None


def find(session: Session, asked: Asked) -> Found:
    """Read what is asked for; what the wall hides from the session's actor is in no figure."""
    cuts = Cuts(*values_of(session, (ABC_A, ABC_B)).values())
    if asked.part is not None and sources.is_ranked_already(asked):
        return _found(session, asked, read_page(session, asked, asked.part, cuts), None)
    amounts = read_amounts(session, asked)
    return _found(session, asked, ranking_of(amounts, asked, cuts), amounts)


def _found(session: Session, asked: Asked, ranking: Ranking, amounts: DataFrame | None) -> Found:
    then = sources.before(asked)
    is_explained = then is not None and amounts is not None and asked["by"] is By.CUSTOMER
    bridge = bridge_of(amounts) if is_explained and amounts is not None else None
    keys = {*(int(key) for key in ranking.rows["key"]), *(bridge.named if bridge else ())}
    names = called(asked["by"], frame_of(session, names_of(asked["by"], keys)))
    stands = frame_of(session, sources.basis(asked)).iloc[0]
    comparison = None
    if bridge and then and amounts is not None:
        effects = _effects(session, asked, then, _changed(amounts))
        texts = {key: _name_of(key, names) for key in bridge.named}
        comparison = Comparison(asked["period"], then, bridge, amounts, texts, effects)
    return Found(
        replace(ranking, rows=_named(ranking.rows, names)),
        _basis(session, stands, ""),
        _basis(session, stands, "_before"),
        int(stands["customers"]) - (ranking.count if asked["by"] is By.CUSTOMER else 0),
        comparison,
    )


def _basis(session: Session, stands: Any, of: str) -> Basis:
    """With the way to orders of nobody for who may see them."""
    actor = actor_of(session)
    sees_unmatched = actor is not None and actor.may(SALES_SYSTEM.right(Verb.SEE))
    orders, unmatched, without_lines = (int(stands[f"{name}{of}"]) for name in ("orders", "unmatched", "without_lines"))
    return Basis(orders, unmatched, without_lines, sees_unmatched)


Names = Mapping[int, Mapping[str, str | None]]


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
