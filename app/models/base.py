"""What every table shares: the metadata, column types, who made and changed a row, and its version."""

from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Any, cast

from flask_appbuilder import Model
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CursorResult,
    Date,
    DateTime,
    Dialect,
    Executable,
    ForeignKey,
    Integer,
    String,
    event,
    func,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import ColumnProperty, Mapped, Mapper, Session, declared_attr, mapped_column
from sqlalchemy.types import TypeDecorator

from app.i18n import Choice, Label, LazyString

# Named constraints: SQLite can only change a constraint in a migration that it can call by its name.
Model.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


#: SQLite would give the key of a deleted row to the next one, which then had its history and its address.
NEVER_REUSED = {"sqlite_autoincrement": True, "extend_existing": True}


@event.listens_for(Model, "attribute_instrument", propagate=True)
def _know_what_it_was(_model: type, _name: str, attribute: Any) -> None:
    """A value that is set is read first, unless it was, so that the audit log can tell what it was."""
    if isinstance(attribute.property, ColumnProperty):
        attribute.impl.active_history = True


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, stored in UTC. Raises ValueError for a naive one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Exact(TypeDecorator[Decimal]):
    """A decimal number of ``scale`` digits after the point, stored as a whole number of its last digit.

    So sums are exact on every database. Raises ValueError for a value that does not fit into it.
    """

    impl = BigInteger
    cache_ok = True

    def __init__(self, precision: int, scale: int) -> None:
        super().__init__()
        self.precision = precision
        self.scale = scale

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        digits = Decimal(value).scaleb(self.scale)
        if digits != digits.to_integral_value() or abs(digits) >= 10**self.precision:
            raise ValueError(f"{value} does not fit into {self.precision} digits, {self.scale} after the point")
        return int(digits)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(int(value)).scaleb(-self.scale)


class ChoiceType(TypeDecorator[Choice]):
    """A member of a ``Choice``, stored by its value."""

    impl = String(20)
    cache_ok = True

    def __init__(self, choices: type[Choice]) -> None:
        super().__init__()
        self.choices = choices

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else self._member(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> Choice | None:
        return None if value is None else self._member(value)

    def _member(self, value: str) -> Choice:
        # The map of an Enum is declared for any Enum.
        return self.choices._value2member_map_[value]  # type: ignore[return-value]


def said(label: LazyString, **more: Any) -> dict[str, Any]:
    """The ``info`` of a column: the words it is shown by, and what its form field needs to know."""
    return {"label": label, **more}


class Recorded:
    """Who made and last changed a row and when, and its version.

    The session fills the four marks from the person it works for (``app.security.scope``); the version
    is checked in every UPDATE, so that a change of a row that moved on meanwhile is refused.
    """

    created_on: Mapped[datetime] = mapped_column(UtcDateTime, info={"label": Label("Created on")})
    changed_on: Mapped[datetime] = mapped_column(UtcDateTime, info={"label": Label("Changed on")})
    version: Mapped[int] = mapped_column(Integer, default=1)

    @declared_attr
    def created_by_id(cls) -> Mapped[int | None]:
        return mapped_column(ForeignKey("ab_user.id"))

    @declared_attr
    def changed_by_id(cls) -> Mapped[int | None]:
        return mapped_column(ForeignKey("ab_user.id"))

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cast(Any, cls).version}


def rows_hit(session: Session, statement: Executable) -> int:
    """Run a statement that writes and tell how many rows it wrote."""
    # Of an INSERT the number is forgotten unless it is asked for beforehand.
    result = session.execute(statement, execution_options={"preserve_rowcount": True})
    return cast("CursorResult[Any]", result).rowcount


def insert_into(session: Session, model: type) -> Any:
    """An INSERT that knows ON CONFLICT, which every database says in words of its own."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(model)


def day_of(moment: ColumnElement[datetime | None], zone: tzinfo | None) -> ColumnElement[date]:
    """The day on which a moment lies in a time zone, reckoned by the database."""
    # SQLite knows no time zones: ``app.database`` gives it this function of PostgreSQL.
    return func.date(func.timezone(str(zone), moment), type_=Date)


def mapper_of(model: type) -> Mapper[Any]:
    """The mapper of a model class."""
    return cast("Mapper[Any]", cast(Any, model).__mapper__)


__all__ = [
    "NEVER_REUSED",
    "ChoiceType",
    "Exact",
    "Model",
    "Recorded",
    "UtcDateTime",
    "day_of",
    "insert_into",
    "mapper_of",
    "rows_hit",
    "said",
]
