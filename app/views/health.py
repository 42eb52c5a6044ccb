"""Whether the application lives."""

from typing import Any

from flask_appbuilder.baseviews import BaseView
from sqlalchemy import select

from app.extensions import session
from app.views.guards import expose, public


class Health(BaseView):  # type: ignore[misc]  # Flask-AppBuilder has no types
    """Answers for machines, without a sign-in."""

    route_base = ""
    default_view = "healthz"

    @expose("/healthz")
    @public
    def healthz(self) -> Any:
        """200 while the process answers and its database does."""
        session().execute(select(1))
        return {"status": "ok"}
