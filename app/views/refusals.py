"""Refused access leaves one line in the audit log, in a transaction of its own."""

import logging
from http import HTTPStatus

from flask import g, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from app.extensions import session
from app.models.audit import AuditKind
from app.security.audit import note
from app.views.failures import let_go

log = logging.getLogger(__name__)
REFUSED = {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}


def log_refusal(response: Response) -> Response:
    """Tell who asked for what and why it was refused; an answer is never lost over it.

    A stranger is only asked to sign in and a mistyped address leads nowhere, so neither fills the log.
    """
    is_record_or_right = response.status_code in REFUSED and request.routing_exception is None
    if is_record_or_right and g.get("actor") is not None and request.endpoint != "static":
        try:
            session().rollback()
            path = request.path.replace("\x00", "�")  # which PostgreSQL keeps in no text
            note(session(), AuditKind.REFUSED, reason=f"{request.method} {path}: {g.get('refused_for', '')}")
            session().commit()
        except SQLAlchemyError:
            log.exception("the refusal of request %s is not in the audit log", g.get("request_id", ""))
            let_go()
    return response
