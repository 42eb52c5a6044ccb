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


@cache
def hiding() -> tuple[Any, ...]:
    """The walled models of which rows can be hidden: those with a deleted state, and what is seen through them."""
    return tuple(model for model in (*roots(), *children()) if hasattr(hider_of(model), "deleted_state"))


def hider_of(model: Any) -> Any:
    """The model in whose deleted state a row of ``model`` is hidden: its own, or what it is seen through."""
    while hasattr(model, "seen_through"):
        model = parent_of(model)
    return model


def parent_of(model: Any) -> Any:
    """The model that rows of a child are seen through."""
    return mapper_of(model).relationships[model.seen_through].mapper.class_


def key_of(link: Any) -> str:
    """The attribute that holds the key of a relationship to one."""
    (column,) = link.local_columns
    return str(link.parent.get_property_by_column(column).key)
