"""Choices searched by typing, for fields that would otherwise list everybody."""

from typing import Any

from flask import abort, request
from flask_appbuilder.baseviews import BaseView
from sqlalchemy import Select, select

from app.actions.hand_over import HOLDINGS
from app.actions.holdings import enabled_people
from app.extensions import session
from app.models.org import Employee
from app.views.edge import actor
from app.views.guards import expose, signed_in
from app.views.people_filters import is_called

MOST = 20


class Choices(BaseView):  # type: ignore[misc]  # Flask-AppBuilder has no types
    """Answers with a few choices as JSON: value, text, and what tells two of one name apart."""

    route_base = "/choices"
    default_view = "people"

    @expose("/people")
    @signed_in
    def people(self) -> Any:
        """People by a part of their name or user name, the disabled ones too."""
        return _found(select(Employee))

    @expose("/colleagues")
    @signed_in
    def colleagues(self) -> Any:
        """The enabled people."""
        return _found(enabled_people(actor()))

    @expose("/receivers/<key>")
    @signed_in
    def receivers(self, key: str) -> Any:
        """The enabled people to whom this person may give what somebody holds of one kind."""
        holding = next((one for one in HOLDINGS if one.key == key), None)
        if holding is None:
            abort(404)
        return _found(holding.receivers(actor()))


def _found(people: Select[Employee]) -> list[dict[str, str]]:
    text = request.args.get("q", "").strip()[:50]
    found = session().scalars(people.where(is_called(text)).order_by(Employee.username).limit(MOST))
    return [{"value": one.username, "text": one.full_name, "more": one.username} for one in found]
