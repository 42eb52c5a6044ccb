"""The walks: every route of the application with rows in and out of sight, taken from the application itself."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select

from app.actions.hand_over import HOLDINGS
from app.extensions import db
from app.models import AuditEntry, AuditKind, Employee, Model, Role
from app.security.actor import SYSTEM
from app.views.guards import Guard, guard_of
from app.views.moves import MovingView

#: Addresses of files, not of pages.
NOT_PAGES = {"static"}
#: Who reaches as far as whom: the two differ by rights, which are judged before a record is asked for.
SAME_REACH = {
    "manager_b": "manager_a",
    "executive": "manager_a",
    "nobody": "narrow",
    "disabled": "manager_a",
    "made_up_0": "narrow",
}
ANSWERS = {200, 302, 308, 400, 401, 403, 404, 405, 409, 422}


def walkers(names: Iterable[str]) -> list[Any]:
    """The people of a walk, on both databases one of each reach."""
    one = pytest.mark.one_database
    return [pytest.param(name, marks=one if name in SAME_REACH else ()) for name in names]


@dataclass(frozen=True)
class Route:
    """One address with one method, filled with a row."""

    path: str
    method: str
    endpoint: str
    view: Any
    guard: Guard | None
    has_row: bool


def routes(app: Flask, pk: int = 1) -> list[Route]:
    """Every route × method, with ``pk`` as the row and each move as the key."""
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint in NOT_PAGES:
            continue
        handler = app.view_functions[rule.endpoint]
        view = getattr(handler, "__self__", None)
        keys = [move.key for move in view.flow.moves] if isinstance(view, MovingView) else ["assign"]
        if rule.endpoint == "Choices.receivers":
            keys = [holding.key for holding in HOLDINGS]
        for key in keys if "key" in rule.arguments else [""]:
            path = rule.rule.replace("<int:pk>", str(pk)).replace("<key>", key)
            for method in sorted((rule.methods or set()) & {"GET", "POST"}):
                has_row = "pk" in rule.arguments
                found.append(Route(path, method, rule.endpoint, view, guard_of(handler), has_row))
    return found


def model_of(route: Route) -> Any:
    """The model whose key stands in the route's address."""
    if "/filters/" in route.path:
        from app.models.lists import ListView

        return ListView
    if route.endpoint == "PlanItems.block":
        from app.models import Opportunity

        return Opportunity
    screen = getattr(route.view, "screen", None)
    return getattr(route.view, "model", {"roles": Role, "users": Employee}.get(screen.key) if screen else None)


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """The statements sent inside the block."""
    seen: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", listen)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", listen)


def everything(app: Flask, *, with_log: bool = False) -> dict[str, list[Any]]:
    """Every row of every table, to see that nothing changed; but for sessions, since each browser has one.

    The audit log, which tells of refusals, is among them only if asked for.
    """
    with app.app_context():
        db.session.info["actor"] = SYSTEM
        return {
            name: sorted(map(tuple, db.session.execute(select(table)).all()), key=repr)
            for name, table in Model.metadata.tables.items()
            if name != "sign_ins" and (with_log or name != "audit_entries")
        }


def refusals(app: Flask) -> list[str]:
    """What the audit log tells of refused access, the oldest first."""
    with app.app_context():
        db.session.info["actor"] = SYSTEM
        statement = select(AuditEntry.reason).where(AuditEntry.kind == AuditKind.REFUSED).order_by(AuditEntry.id)
        return list(db.session.scalars(statement))
