"""Choices searched by typing, for fields that would otherwise list everybody."""

from typing import Any

from flask import request
from flask_appbuilder.baseviews import BaseView
from sqlalchemy import or_, select

from app.extensions import session
from app.models.org import Employee
from app.views.guards import expose, signed_in

MOST = 20


class Choices(BaseView):  # type: ignore[misc]
    """Answers with a few choices as JSON: value, text, and what tells two of one name apart."""

    route_base = "/choices"
    default_view = "people"

    @expose("/people")
    @signed_in
    def people(self) -> Any:
        """People by a part of their name or user name."""
        text = request.args.get("q", "").strip()[:50]
        full_name = Employee.last_name + Employee.first_name
        western = Employee.first_name + " " + Employee.last_name
        parts = [part.icontains(text, autoescape=True) for part in (Employee.username, full_name, western)]
        found = session().scalars(select(Employee).where(or_(*parts)).order_by(Employee.username).limit(MOST))
        return [{"value": one.username, "text": one.full_name, "more": one.username} for one in found]
