"""Choices searched by typing, for fields that would otherwise list everybody."""

from functools import cache
from typing import Any

from flask import abort, request
from flask_appbuilder.baseviews import BaseView
from sqlalchemy import Select, func, select

from app.actions.hand_over import HOLDINGS
from app.actions.holdings import enabled_people
from app.extensions import session
from app.models.customers import Customer
from app.models.org import Employee, written_name
from app.search import ranked, ranking, run_count
from app.security.rights import CUSTOMERS, Verb
from app.views.edge import actor
from app.views.guards import expose, needs, signed_in
from app.views.people_filters import is_called

MOST, LONGEST = 20, 50


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


class CustomerChoices(BaseView):  # type: ignore[misc]  # Flask-AppBuilder has no types
    """Customers to choose from, for who may see customers."""

    route_base = "/choices"
    default_view = "customers"
    screen = CUSTOMERS

    @expose("/customers")
    @needs(Verb.SEE)
    def customers(self) -> Any:
        """The customers in sight by a part of the name, by pinyin, initials, number or phone, the best first."""
        text = _typed()
        if text:
            found = session().execute(_best_customers(run_count(text)), ranking(text))
        else:
            found = session().execute(_newest_customers())
        return [{"value": number, "text": name, "more": _more(number, *who)} for number, name, *who in found]


@cache
def _newest_customers() -> Any:
    """The first that are offered, before anything is typed."""
    columns = (Customer.number, Customer.name, Employee.first_name, Employee.last_name)
    statement = select(*columns).outerjoin(Employee, Employee.id == Customer.manager_id)
    return statement.order_by(Customer.id.desc()).limit(MOST)


@cache
def _best_customers(runs: int) -> Any:
    """Made once: to put it together takes longer than to run it."""
    best = ranked(Customer, Customer.number, runs=runs).subquery()
    statement = _newest_customers().join(best, best.c.id == Customer.id)
    return statement.order_by(None).order_by(best.c.place, func.length(Customer.name), Customer.name, Customer.id)


def _more(number: str, first_name: str | None, last_name: str | None) -> str:
    """What tells customers of one name apart."""
    return " · ".join(filter(None, (number, written_name(first_name or "", last_name or ""))))


def _typed() -> str:
    return request.args.get("q", "").strip()[:LONGEST]


def _found(people: Select[Employee]) -> list[dict[str, str]]:
    found = session().scalars(people.where(is_called(_typed())).order_by(Employee.username).limit(MOST))
    return [{"value": one.username, "text": one.full_name, "more": one.username} for one in found]
