"""Choices searched by typing, for fields that would otherwise list everybody."""

from typing import Any

from flask import abort, request
from flask_appbuilder.baseviews import BaseView
from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload, load_only

from app.actions.hand_over import HOLDINGS
from app.actions.holdings import enabled_people
from app.extensions import session
from app.models.customers import Customer, CustomerStatus
from app.models.org import Employee
from app.search import ranked
from app.security.rights import CUSTOMERS, Verb
from app.views.edge import actor
from app.views.guards import expose, needs, signed_in
from app.views.people_filters import is_called

MOST, LONGEST = 20, 50
NAMES = (Employee.first_name, Employee.last_name)


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
        found = session().scalars(_best_customers(_typed()))
        return [{"value": one.number, "text": one.name, "more": _more(one)} for one in found]


def _best_customers(text: str) -> Select[Customer]:
    """The newest where nothing is typed."""
    is_there = Customer.status != CustomerStatus.DELETED
    chosen = (
        select(Customer)
        .options(load_only(Customer.number, Customer.name), joinedload(Customer.manager).load_only(*NAMES))
        .limit(MOST)
    )
    if not text:
        return chosen.where(is_there).order_by(Customer.id.desc())
    best = ranked(Customer, text, Customer.number, is_there).subquery()
    order = (best.c.place, func.length(Customer.name), Customer.name, Customer.id)
    return chosen.join(best, best.c.id == Customer.id).order_by(*order)


def _more(customer: Customer) -> str:
    """What tells customers of one name apart."""
    return " · ".join([customer.number, *([customer.manager.full_name] if customer.manager else [])])


def _typed() -> str:
    return request.args.get("q", "").strip()[:LONGEST]


def _found(people: Select[Employee]) -> list[dict[str, str]]:
    found = session().scalars(people.where(is_called(_typed())).order_by(Employee.username).limit(MOST))
    return [{"value": one.username, "text": one.full_name, "more": one.username} for one in found]
