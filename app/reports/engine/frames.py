"""From a statement to a frame: the database sums up, and amounts come as whole cents, so that all stays exact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import BigInteger, ColumnElement, Select, cast, func, type_coerce
from sqlalchemy.orm import Session

from app.i18n import is_english
from app.security.scope import SUMMED

if TYPE_CHECKING:
    from pandas import DataFrame, Series

Statement: TypeAlias = Select[*tuple[Any, ...]]


def cents(amount: Any) -> ColumnElement[int]:
    """An exact amount as the whole number of cents that it is stored as."""
    return type_coerce(amount, BigInteger)


def sum_of(amount: Any) -> ColumnElement[int]:
    """The sum of exact amounts in whole cents; PostgreSQL would make a decimal of it."""
    return cast(func.coalesce(func.sum(cents(amount)), 0), BigInteger)


def frame_of(session: Session, statement: Statement) -> DataFrame:
    """The rows of a statement as a frame, by the labels of its columns; amounts are whole cents."""
    from pandas import DataFrame

    found = session.execute(statement, execution_options=SUMMED)
    # As tuples, which pandas takes nine times as quickly as rows.
    return DataFrame([tuple(row) for row in found], columns=list(found.keys()))


def whole_numbers(values: Sequence[int | None], index: Any) -> Series[Any]:
    """A column of whole numbers of which some are missing."""
    from pandas import Int64Dtype, Series

    return Series(values, index=index, dtype=Int64Dtype())


def word_of(item: Any, item_en: Any) -> str | None:
    """A dictionary entry in the reader's language; None for none."""
    word = item_en if is_english() and item_en else item
    return str(word) if isinstance(word, str) else None
