"""What somebody may not do with a record and why, for an administrator who looks through his eyes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.errors import DomainError, Forbidden
from app.extensions import session
from app.i18n import Label, gettext
from app.security import reasons
from app.security.rights import Verb
from app.views.edge import actor


@dataclass(frozen=True)
class Refusal:
    """One thing that cannot be done, and the role, scope or state that refuses it."""

    what: Any
    why: str


def refusals(view: Any, row: Any) -> list[Refusal]:
    """Everything on a record's screen that is refused to the watched person; nothing when nobody watches."""
    if not actor().is_watched:
        return []
    found: list[Refusal | None] = []
    if Verb.EDIT in view.screen.verbs and view.edit_columns and not view.may_edit(row):
        found.append(_of_form(view, row, Verb.EDIT, view.check_edit))
    if Verb.DELETE in view.screen.verbs and not view.may_delete(row):
        found.append(_of_form(view, row, Verb.DELETE, view.check_delete))
    if view.workflow is not None:
        found += [_of_move(view.workflow, row, move) for move in view.workflow.moves]
    found += [_of_check(what, check) for what, check in view.further_checks(row)]
    return [refusal for refusal in found if refusal is not None]


def _of_form(view: Any, row: Any, verb: Verb, check: Callable[[Any], None]) -> Refusal:
    why = _said(lambda: actor().must(view.screen.right(verb))) or _said(lambda: check(row))
    return Refusal(verb.label, why or reasons.why_not_writable(session(), actor(), row) or str(BY_STATE))


def _of_move(workflow: Any, row: Any, move: Any) -> Refusal | None:
    why = _said(lambda: workflow.check(session(), row, move, by=actor()))
    if not why and not move.hands_over:
        why = reasons.why_not_writable(session(), actor(), row)
    return Refusal(move.label, why) if why else None


def _of_check(what: Any, check: Callable[[], Any]) -> Refusal | None:
    why = _said(check)
    return Refusal(what, why) if why else None


#: What is left when neither right, person nor scope refuses it.
BY_STATE = Label("Its state or its creator does not allow it.")


def _said(check: Callable[[], Any]) -> str:
    """Why a check refuses; empty when it does not."""
    try:
        check()
    except Forbidden as refusal:
        return reasons.why_no_right(session(), actor(), refusal.right) if refusal.right else str(refusal)
    except DomainError as refusal:
        return gettext("State: %(why)s", why=refusal)
    return ""
