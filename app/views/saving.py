"""Saving: one commit at the edge, and the form back with everything typed when it fails."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import abort, g, request
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from app.errors import DomainError, Forbidden, Invalid, OutOfSight, Stale
from app.extensions import session
from app.i18n import LazyString
from app.views.failures import SENTENCES, failure_code
from app.views.forms import CrmForm

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Failure:
    """Why nothing was saved: the answer's code and the sentence over the form (empty when fields say it)."""

    code: int
    notice: str | LazyString
    #: Somebody else saved the record since this form was opened.
    is_stale: bool = False


def refuse_foreign_fields(form: CrmForm) -> None:
    """400 when a field was posted that is not on the form, JSON in place of one, or a file where none is asked for."""
    if request.is_json or form.foreign_files(request.files) or form.foreign_fields(request.form):
        abort(400)


def attempt(form: CrmForm, act: Callable[[], Any]) -> Failure | None:
    """Check the form, act, commit; None when it is saved. A missing right or a hidden row is raised on."""
    if not form.validate():
        return Failure(422, "")
    try:
        act()
        session().commit()
    except (Forbidden, OutOfSight):
        session().rollback()
        raise
    except Invalid as refusal:
        session().rollback()
        form.accuse(refusal)
        return Failure(refusal.status, "" if set(refusal.fields) & set(form.data) else refusal.sentence)
    except DomainError as refusal:
        session().rollback()
        return Failure(refusal.status, refusal.sentence, isinstance(refusal, Stale))
    except StaleDataError:
        session().rollback()
        return Failure(409, SENTENCES[409], is_stale=True)
    except DBAPIError as error:
        return _broken(error)
    return None


def refused(check: Callable[[], Any]) -> Failure | None:
    """Ask a rule before the form is checked; a missing right or a hidden row is raised on."""
    try:
        check()
    except (Forbidden, OutOfSight):
        raise
    except DomainError as refusal:
        return Failure(refusal.status, refusal.sentence)
    return None


def _broken(error: DBAPIError) -> Failure:
    log.exception("request %s could not save", g.request_id)
    session().rollback()
    if isinstance(error, IntegrityError):
        return Failure(409, SENTENCES[409])
    code = failure_code(error)
    return Failure(code, SENTENCES[code])
