"""Which models are walled, and how: by their person, through a parent, or as one person's alone."""

from functools import cache
from typing import Any

from sqlalchemy import Table

from app.models.audit import AuditEntry
from app.models.base import Model, mapper_of
from app.models.history import StatusMove


@cache
def roots() -> tuple[Any, ...]:
    """The walled models that belong to a person."""
    return tuple(m.class_ for m in Model.registry.mappers if hasattr(m.class_, "scope_module"))


@cache
def children() -> tuple[Any, ...]:
    """The walled models seen through a parent."""
    return tuple(m.class_ for m in Model.registry.mappers if hasattr(m.class_, "seen_through"))


@cache
def personal() -> tuple[Any, ...]:
    """The walled models whose rows are one person's alone."""
    return tuple(m.class_ for m in Model.registry.mappers if hasattr(m.class_, "is_personal"))


@cache
def opening_rights() -> frozenset[str]:
    """The rights with which the rows of everybody are seen."""
    return frozenset(filter(None, (getattr(model, "seen_by_all_with", None) for model in personal())))


@cache
def walled() -> tuple[Any, ...]:
    """Every walled model."""
    return (*roots(), *children(), *personal(), StatusMove, AuditEntry)


@cache
def walled_tables() -> frozenset[Table]:
    """Every table whose rows the wall guards."""
    # A model of ours is mapped to a table, never to a join.
    return frozenset(mapper_of(model).local_table for model in walled())  # type: ignore[misc]


def key_of(link: Any) -> str:
    """The attribute that holds the key of a relationship to one."""
    (column,) = link.local_columns
    return str(link.parent.get_property_by_column(column).key)
