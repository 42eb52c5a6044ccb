"""What a person can hold: each feature says it once, for the hand-over and for whoever counts what people hold."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from app.i18n import LazyString
from app.models.org import Employee, Reach
from app.security.actor import Actor


@dataclass(frozen=True)
class Giving:
    """Who gives what somebody held to whom, when and why."""

    receiver: Employee
    by: Actor
    at: datetime
    reason: str


@dataclass(frozen=True)
class Holding:
    """One kind of records that a person holds.

    ``held`` is the condition under which a row of ``model`` is a person's, ``receivers`` the enabled people to whom
    an actor may give it, ``right`` what he needs for that. ``give`` changes the rows; it neither checks nor commits.
    """

    key: str
    label: LazyString
    model: Any
    right: str
    held: Callable[[int], ColumnElement[bool]]
    receivers: Callable[[Actor], Select[Employee]]
    give: Callable[[Session, Sequence[Any], Giving], None]


def enabled_people(by: Actor, module: str = "") -> Select[Employee]:
    """The enabled people, and where a ``module`` is given those to whom ``by`` may give its rows."""
    statement = select(Employee).where(Employee.active.is_(True))
    reach = by.write_reach(module) if module else Reach.ALL
    if reach is Reach.ALL:
        return statement
    if reach is Reach.OWN:
        return statement.where(Employee.id == by.person_id)
    return statement.where(by.colleagues(reach))
