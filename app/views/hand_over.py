"""Handing over what somebody holds: the page that asks to whom, and the record of what was done."""

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, request
from flask_appbuilder.baseviews import BaseView
from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload
from wtforms.validators import Optional

from app.actions import hand_over
from app.actions.hand_over import HOLDINGS, Held, Outcome
from app.clock import now
from app.errors import Invalid
from app.extensions import session
from app.i18n import Label, gettext, listed, ngettext
from app.models.hand_over import HandOver, HandOverLine
from app.models.org import Employee
from app.security.granting import may_give
from app.security.rights import USERS, Verb, module_of
from app.views.choice_fields import PersonField, TickField
from app.views.edge import actor, load, zone
from app.views.forms import CrmForm
from app.views.guards import expose, needs
from app.views.listing import PersonFilter
from app.views.model_view import CrmModelView
from app.views.moves import reason_field
from app.views.people_filters import roles_here
from app.views.presentation import Cell, Column, Page, Row, label_of
from app.views.record_pages import view_of
from app.views.related import related
from app.views.saving import attempt, refuse_foreign_fields

LATEST = 20
LABELS: Mapping[str, Any] = {holding.key: holding.label for holding in HOLDINGS}


def hand_over_form() -> CrmForm:
    """A receiver for all, one for each kind, and why."""
    fields: dict[str, Any] = {
        f"receiver_{one.key}": PersonField(one.label, [Optional()], remote=f"/choices/receivers/{one.key}")
        for one in HOLDINGS
    }
    fields["receiver"] = PersonField(Label("Receiver of everything"), [Optional()])
    fields["reason"] = reason_field(is_required=True)
    fields["is_disabled_too"] = TickField(Label("Disable this person at once"))
    return type("HandOverForm", (CrmForm,), fields)()


class HandingOver(BaseView):  # type: ignore[misc]  # Flask-AppBuilder has no types
    """What somebody holds, and to whom it goes."""

    route_base = "/users"
    default_view = "hand_over"
    screen = USERS

    @expose("/<int:pk>/hand-over", methods=["GET", "POST"])
    @needs(Verb.HAND_OVER)
    def hand_over(self, pk: int) -> Any:
        """Ask to whom, then do it."""
        person = load(Employee, pk)
        form = hand_over_form()
        if request.method == "GET":
            return self._page(person, form)
        refuse_foreign_fields(form)
        done: list[Outcome] = []
        failure = attempt(form, lambda: done.append(_hand_over(person, form)))
        if failure is not None:
            return self._page(person, form, failure.notice), failure.code
        _tell(done[0])
        return redirect(f"/hand-overs/show/{done[0].record.id}")

    def _page(self, person: Employee, form: CrmForm, notice: Any = "") -> str:
        title, href = gettext("Hand over"), f"/users/show/{person.id}"
        crumbs: list[Any] = [(USERS.label, "/users/list/"), (str(person), href), (title, "")]
        held = hand_over.everything_held(session(), person, by=actor())
        may_disable = actor().may(USERS.right(Verb.EDIT)) and may_give(person.roles, roles_here())
        return str(
            self.render_template(
                "crm/hand_over.html",
                page=Page(gettext("Hand over: %(name)s", name=person), module_of(USERS).label, crumbs),
                form=form,
                notice=notice,
                held=[(one, _samples(one)) for one in held],
                holds_something=any(one.count for one in held),
                may_disable=may_disable and person.active and person.id != actor().person_id,
                action_href=f"/users/{person.id}/hand-over",
                cancel_href=href,
            )
        )


def _samples(held: Held) -> list[tuple[str, str]]:
    """The names of some records with their pages, for who may see their screen; else only what is named openly."""
    view = view_of(next(iter(held.samples), None))
    if view is None:
        return []
    if actor().may(view.screen.right(Verb.SEE)):
        return [(str(row), view.path(f"show/{row.id}")) for row in held.samples]
    return [(str(row), "") for row in held.samples] if view.is_named_openly else []


def _hand_over(person: Employee, form: CrmForm) -> Outcome:
    held = hand_over.everything_held(session(), person, by=actor())
    return hand_over.hand_over(
        session(),
        person,
        _receivers(form, held),
        by=actor(),
        at=now(zone()),
        reason=form["reason"].data,
        is_disabled_too=form["is_disabled_too"].data,
    )


def _receivers(form: CrmForm, held: list[Held]) -> dict[str, Employee]:
    """Who gets what: the one named for a kind, else the one for everything."""
    found = {}
    for one in held:
        receiver = form[f"receiver_{one.holding.key}"].data or form["receiver"].data
        if one.count and one.may_give and receiver is not None:
            found[one.holding.key] = receiver
    if not found and any(one.count and one.may_give for one in held) and not form["is_disabled_too"].data:
        raise Invalid({"receiver": Label("Choose who shall get it.")})
    return found


def _tell(outcome: Outcome) -> None:
    flash(ngettext("Handed over: %(num)s record.", "Handed over: %(num)s records.", outcome.given), "success")
    if outcome.missed:
        missed = ngettext(
            "%(num)s record was given to somebody else meanwhile and was left there.",
            "%(num)s records were given to somebody else meanwhile and were left there.",
            outcome.missed,
        )
        flash(missed, "error")


# ---- the record ---------------------------------------------------------------------------------------


class HandOvers(CrmModelView):
    """移交记录."""

    route_base = "/hand-overs"
    datamodel = SQLAInterface(HandOver)
    screen = USERS
    list_title = Label("Hand-overs")
    name_column = "person"
    list_columns = ("person", "created_on", "created_by", "is_disabled_too", "reason")
    show_columns = ("person", "created_by", "created_on", "is_disabled_too", "reason")
    order_columns = ("id", "created_on")
    filters = (PersonFilter("person", Label("Handed over from")),)
    empty_title = Label("Nothing was handed over yet")

    def record(self, row: HandOver) -> dict[str, Any]:
        """Called by what it is and whose it was."""
        return {**super().record(row), "name": gettext("Hand over: %(name)s", name=row)}

    def sections(self, row: HandOver) -> list[Any]:
        """What went to whom."""
        found = select(HandOverLine).where(HandOverLine.hand_over_id == row.id).order_by(HandOverLine.id)
        lines = session().scalars(found.options(joinedload(HandOverLine.receiver))).all()
        columns = [
            Column("holding", gettext("What"), "text", is_name=True),
            Column("count", gettext("Number"), "number"),
            Column("receiver", gettext("Receiver"), "text"),
        ]
        return [related(gettext("What went to whom"), columns, [_line_row(line) for line in lines])]


def _line_row(line: HandOverLine) -> Row:
    what = str(LABELS.get(line.holding, line.holding))
    cells = [
        Cell(what),
        Cell(f"{line.count:,}", "number"),
        Cell(str(line.receiver), href=f"/users/show/{line.receiver_id}"),
    ]
    return Row(line.id, 0, what, cells)


def hand_over_section(person: Employee) -> list[Any]:
    """The latest hand-overs of a person; nothing where there is none."""
    statement = select(HandOver).where(HandOver.person_id == person.id).order_by(HandOver.id.desc()).limit(LATEST)
    lines = selectinload(HandOver.lines).joinedload(HandOverLine.receiver)
    found = session().scalars(statement.options(lines, joinedload(HandOver.created_by))).all()
    columns = [
        Column("created_on", label_of(HandOver, "created_on"), "moment", is_name=True),
        Column("lines", gettext("What went to whom"), "text"),
        Column("created_by", label_of(HandOver, "created_by"), "text"),
        Column("reason", label_of(HandOver, "reason"), "text"),
    ]
    return [related(gettext("Hand-overs"), columns, [_record_row(one) for one in found])] if found else []


def _record_row(record: HandOver) -> Row:
    view = HandOvers.of_application()
    went = listed(
        gettext(
            "%(what)s: %(count)s to %(name)s",
            what=LABELS.get(line.holding, line.holding),
            count=f"{line.count:,}",
            name=line.receiver,
        )
        for line in record.lines
    )
    cells = [view.cell(record, "created_on"), Cell(went), view.cell(record, "created_by"), view.cell(record, "reason")]
    return Row(record.id, record.version, str(record), cells, href=view.path(f"show/{record.id}"))
