"""The globals: the database session with the wall around its rows and its log, and the application builder."""

from typing import cast

from flask import current_app
from flask_appbuilder.models.sqla.base import SQLA
from flask_wtf import CSRFProtect
from sqlalchemy.orm import Session

from app.actions.sessions import end_with_change
from app.models import Model
from app.search import keep_search_text
from app.security.changes import keep_log
from app.security.framework import CrmAppBuilder
from app.security.scope import raise_wall

db = SQLA(metadata=Model.metadata)
csrf = CSRFProtect()
raise_wall(Session)
end_with_change(Session)
keep_log(Session)
keep_search_text(Session)


def session() -> Session:
    """The session of this request."""
    return cast(Session, db.session())


def appbuilder() -> CrmAppBuilder:
    """The builder of the running application."""
    return cast(CrmAppBuilder, current_app.extensions["appbuilder"])
