"""What waits for whom: requests to be assigned, one's own to be processed, and those that wait for feedback."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar
from urllib.parse import urlencode

from flask import flash, redirect, render_template, request
from sqlalchemy.orm import joinedload

from app.actions.services import life
from app.actions.services.people import service_managers, with_in_hand
from app.actions.workflow import Move
from app.extensions import session
from app.i18n import Label, gettext, ngettext
from app.models.org import Employee
from app.models.services import ServiceRequest, ServiceStatus
from app.security.actor import remember_branches
from app.security.rights import Verb
from app.security.scope import system
from app.views import listing
from app.views.edge import actor
from app.views.forms import CrmForm
from app.views.guards import expose, needs
from app.views.lists import Look
from app.views.moves import MovingView, came_from, move_form
from app.views.people_filters import is_called
from app.views.presentation import Button
from app.views.saving import Failure, attempt, refuse_foreign_fields, refused
from app.views.services.desk import ServiceView

#: The addresses that belong to a list and not to its records.
OF_LISTS = ("count", "print/", "columns", "page-size", "filters/")
LONGEST_TYPED = 50
#: How many managers a list offers where no script searches them.
MOST_OFFERED = 50


@dataclass(frozen=True)
class Allotment:
    """One request in its row: to whom it is to be given, why it could not be, or to whom it was."""

    key: int
    version: str = ""
    typed: str = ""
    error: str = ""
    given: str = ""


class ServiceQueue(ServiceView):
    """The requests that wait for one step; everything about a single one has its address below ``/services``."""

    exclude_route_methods = ServiceView.exclude_route_methods | {
        *("show", "history", "print_one", "move", "move_many", "delete")
    }
    list_columns = (*ServiceView.list_columns, "due_on")
    moves_shown: ClassVar[Sequence[str]]

    def path(self, rest: str) -> str:
        """The list is at the very address of the view."""
        if rest == "list/":
            return str(self.route_base)
        return super().path(rest) if rest.startswith(OF_LISTS) else f"/services/{rest}"

    def move_button(self, move: Move, row: Any) -> Button:
        """After the move one is back in the list."""
        button = super().move_button(move, row)
        return replace(button, href=f"{button.href}?{back_here()}")

    def shown_moves(self) -> Sequence[str]:
        """The step that is waited for."""
        return self.moves_shown


def back_here() -> str:
    """What an address carries so that it leads back to this list."""
    return urlencode({"next": came_from() or request.full_path.rstrip("?")})


class ServiceAssignment(ServiceQueue):
    """服务分配."""

    route_base = "/services/assign"
    list_title = Label("Assign requests")
    list_template = "crm/service_assign.html"
    moves_shown = ("allocate",)
    empty_title = Label("Everything is assigned")
    empty_text = Label("New requests of customers appear here until somebody is to process them.")

    def base_conditions(self) -> Sequence[Any]:
        """What nobody was given."""
        return (ServiceRequest.status == ServiceStatus.CREATED,)

    @expose("")
    @needs(Verb.ALLOCATE)
    def list(self) -> Any:
        """The new requests."""
        return super().list()

    def prepare_rows(self, rows: Sequence[Any]) -> None:
        """The departments of the people, in one statement."""
        remember_branches(session(), {row.responsible_id for row in rows if row.responsible_id})

    def more_buttons(self, row: ServiceRequest) -> Any:
        """It is assigned in the row itself."""
        return []

    def may_delete(self, row: ServiceRequest) -> bool:
        """Within the write scope."""
        return life.may_delete(session(), row, actor())

    def buttons(self, row: ServiceRequest) -> Any:
        """After deleting one is back in the list."""
        question = gettext("Delete %(kind)s “%(name)s”?", kind=self.record_label, name=row)
        href = f"{self.path(f'delete/{row.id}')}?{back_here()}"
        delete = Button(Label("Delete"), href, "delete", "trash", is_post=True, is_danger=True, question=question)
        return [delete] if self.may_delete(row) else []

    def list_context(self, look: Look, query: listing.Query, found: listing.Found) -> dict[str, Any]:
        """With whom the requests can be given to."""
        context = super().list_context(look, query, found)
        return {**context, **allot_frame(), "managers": managers("", MOST_OFFERED) if found.rows else []}

    @expose("/managers")
    @needs(Verb.ALLOCATE)
    def managers(self) -> Any:
        """Who processes requests, by a part of the name, the one with the fewest in hand first."""
        return managers(request.args.get("q", "").strip()[:LONGEST_TYPED], 20)

    @expose("/<int:pk>", methods=["POST"])
    @needs(Verb.ALLOCATE)
    def assign(self, pk: int) -> Any:
        """Give a request to somebody, in its row; without a script a refusal brings the page of the move."""
        move, row = self.known_move("allocate"), self.load(pk, self.moved_relations)
        form = move_form(move, self.answer_fields)()
        refuse_foreign_fields(form)
        context = MovingView.move_context(self, move, [row])
        told: list[Any] = []
        failure = refused(lambda: self.flow.check(session(), row, move, by=actor(), version=form.seen_version))
        failure = failure or attempt(form, lambda: told.extend(self._give(move, row, form)))
        if request.headers.get("HX-Request"):
            return _allotted(pk, form, failure, told)
        if failure is None:
            flash(told[0], "success")
            return redirect(came_from() or self.path("list/"))
        return self.move_page(move, form, context, failure), failure.code

    def _give(self, move: Move, row: ServiceRequest, form: CrmForm) -> tuple[Any, str]:
        return self.fire(move, row, form, form.seen_version), str(form["assignee"].data)


def allot_frame() -> dict[str, Any]:
    """What the form in a row needs."""
    label = ServiceRequest.assignee.info["label"]
    return {"row_form": {"label": label, "button": Label("Allocate")}, "allot_next": back_here()}


def _allotted(key: int, form: CrmForm, failure: Failure | None, told: Sequence[Any]) -> Any:
    """The place in the row again, for a script."""
    typed = request.form.get("assignee", "")
    if failure is None:
        one = Allotment(key, given=str(told[1]))
    else:
        error = " ".join(str(error) for error in form["assignee"].errors) or str(failure.notice)
        one = Allotment(key, str(form["version"].data or ""), typed, error)
    return render_template("crm/service_allot.html", one=one, **allot_frame()), failure.code if failure else 200


def managers(text: str, most: int) -> list[dict[str, str]]:
    """Who can be given a request, as choices."""
    people = service_managers(actor()).where(is_called(text)).options(joinedload(Employee.department)).limit(most)
    with system(session(), "how busy people are, as a number, is told to whoever assigns"):
        found = session().execute(with_in_hand(people)).all()
    return [{"value": one.username, "text": one.full_name, "more": _more(one, count)} for one, count in found]


def _more(person: Employee, count: int) -> str:
    """What tells two apart, and why one rather than the other."""
    department = person.department or ""
    return ngettext(
        "%(department)s · %(num)d in hand", "%(department)s · %(num)d in hand", count, department=department
    )


class ServiceProcessing(ServiceQueue):
    """服务处理."""

    route_base = "/services/process"
    list_title = Label("Process requests")
    moves_shown = ("process", "escalate")
    empty_title = Label("Nothing to process")
    empty_text = Label("Requests that are assigned to you appear here.")

    def base_conditions(self) -> Sequence[Any]:
        """One's own."""
        return (ServiceRequest.assignee_id == actor().person_id, ServiceRequest.status == ServiceStatus.ASSIGNED)

    @expose("")
    @needs(Verb.PROCESS)
    def list(self) -> Any:
        """What is to be processed."""
        return super().list()


class ServiceFeedback(ServiceQueue):
    """服务反馈."""

    route_base = "/services/feedback"
    list_title = Label("Service feedback")
    list_columns = (*ServiceView.list_columns, "handled_on")
    moves_shown = ("feedback", "escalate")
    empty_title = Label("Nothing waits for feedback")
    empty_text = Label("Once you have processed a request, ask the customer and write down here what he says.")

    def base_conditions(self) -> Sequence[Any]:
        """What one has processed oneself."""
        return (ServiceRequest.handled_by_id == actor().person_id, ServiceRequest.status == ServiceStatus.PROCESSED)

    @expose("")
    @needs(Verb.FEEDBACK)
    def list(self) -> Any:
        """What waits for the customer's word."""
        return super().list()
