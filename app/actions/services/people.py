"""Who handles service requests, and how many each has in hand."""

from sqlalchemy import Select, func, select

from app.actions.holdings import enabled_people
from app.models.org import Employee
from app.models.services import ServiceRequest, ServiceStatus
from app.security.actor import Actor, holders_of
from app.security.rights import SERVICES, Verb


def service_managers(by: Actor) -> Select[Employee]:
    """The enabled people who process requests and to whom ``by`` may give one."""
    people = enabled_people(by, ServiceRequest.scope_module)
    return people.where(Employee.id.in_(holders_of(SERVICES.right(Verb.PROCESS))))


def with_in_hand(people: Select[Employee]) -> Select[Employee, int]:
    """The people with how many requests each has to process, who has the fewest first; asked for by the system."""
    mine = select(func.count(ServiceRequest.id)).where(ServiceRequest.assignee_id == Employee.id)
    in_hand = mine.where(ServiceRequest.status == ServiceStatus.ASSIGNED).correlate(Employee).scalar_subquery()
    return people.add_columns(in_hand).order_by(in_hand, Employee.username)
