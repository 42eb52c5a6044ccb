"""Reminders on the screen: the bell's small list, the whole list, and which kinds one wants. Everybody has his own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request
from flask_appbuilder.baseviews import BaseView
from sqlalchemy import ColumnElement, Select, select
from wtforms import SelectField
from wtforms.validators import InputRequired

from app.actions import reminders
from app.clock import now
from app.errors import OutOfSight
from app.extensions import session
from app.i18n import Label, format_moment, gettext
from app.models.reminders import KINDS, Channel, Reminder
from app.views import listing
from app.views.edge import LARGEST_KEY, actor, safe_path, zone
from app.views.forms import REQUIRED, CrmForm
from app.views.guards import expose, signed_in
from app.views.pager import list_frame
from app.views.presentation import Page
from app.views.saving import attempt, refuse_foreign_fields

LATEST = 10
LIST, SETTINGS = Label("Reminders"), Label("Reminder settings")


@dataclass(frozen=True)
class UnreadFilter(listing.Filter):
    """Only what is not read yet."""

    kind = "flag"

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """Takes ``yes``; anything else raises BadAddress."""
        value = values.get(self.name)
        if value not in {None, "", "yes"}:
            raise listing.BadAddress(self.label)
        return [model.read_on.is_(None)] if value else []


@dataclass(frozen=True)
class Line:
    """A reminder as drawn."""

    key: int
    text: str
    icon: str
    moment: str
    is_unread: bool


class Reminders(BaseView):  # type: ignore[misc]  # Flask-AppBuilder has no types
    """提醒."""

    route_base = "/reminders"
    default_view = "list"
    model = Reminder
    filters = (UnreadFilter("unread", Label("Unread")),)

    def path(self, rest: str) -> str:
        """An address of this view."""
        return f"{self.route_base}/{rest}"

    # ---- lists ------------------------------------------------------------------------------------------

    @expose("/list/")
    @signed_in
    def list(self) -> Any:
        """Everything one was told, the newest first."""
        query = self.query()
        keys = self.keys(query)
        found = listing.find(session(), self.model, keys, query, options=())
        found.count = listing.count(session(), keys)
        only_unread = bool(query.values.get("unread"))
        return self.render_template(
            "crm/reminders.html",
            page=Page(LIST, Label("Workbench"), [(LIST, "")]),
            lines=[_line(row) for row in found.rows],
            only_unread=only_unread,
            tabs=[
                (gettext("All"), self.path("list/"), not only_unread),
                (gettext("Unread"), self.path("list/?unread=yes"), only_unread),
            ],
            here=request.full_path,
            **list_frame(self, query, found),
        )

    @expose("/count")
    @signed_in
    def count(self) -> Any:
        """The exact number, for a list that showed ``10,000+``."""
        return f"{listing.count(session(), self.keys(self.query()), cap=None):,}"

    def query(self) -> listing.Query:
        """What the address asks."""
        return listing.read_query(
            request.args, self.filters, sortable=("id",), sort="-id", page_size=listing.PAGE_SIZES[1]
        )

    def keys(self, query: listing.Query) -> Select[int]:
        """The keys of one's own reminders that the query asks for."""
        mine = (Reminder.person_id == actor().person_id,)
        return listing.narrowed(self.model, self.filters, query, zone=zone(), base=mine)

    @expose("/latest")
    @signed_in
    def latest(self) -> Any:
        """The small list below the bell."""
        if not request.headers.get("HX-Request"):
            return redirect(self.path("list/"))
        return self.small_list()

    def small_list(self, **more: Any) -> str:
        """The latest reminders as a part of a page."""
        mine = select(Reminder).where(Reminder.person_id == actor().person_id)
        rows = session().scalars(mine.order_by(Reminder.id.desc()).limit(LATEST))
        return str(render_template("crm/reminders_latest.html", lines=[_line(row) for row in rows], **more))

    # ---- one's own ------------------------------------------------------------------------------------------

    @expose("/open/<int:pk>", methods=["GET", "POST"])
    @signed_in
    def open(self, pk: int) -> Any:
        """Go to the record. A POST marks the reminder read; a GET, as after signing in again, changes nothing."""
        reminder = load(pk)
        address = reminder.address
        if request.method == "POST":
            reminders.mark_read(session(), reminder, at=now())
            session().commit()
        return redirect(address)

    @expose("/read/<int:pk>", methods=["POST"])
    @signed_in
    def read(self, pk: int) -> Any:
        """Mark one read and stay."""
        reminders.mark_read(session(), load(pk), at=now())
        session().commit()
        return redirect(safe_path(request.form.get("next") or self.path("list/")))

    @expose("/read", methods=["POST"])
    @signed_in
    def read_all(self) -> Any:
        """Mark all read; answers the small list with its bell when a script asks from there."""
        reminders.mark_all_read(session(), by=actor(), at=now())
        session().commit()
        if request.headers.get("HX-Request"):
            return self.small_list(is_fresh=True)
        return redirect(safe_path(request.form.get("next") or self.path("list/")))

    @expose("/check", methods=["POST"])
    @signed_in
    def check(self) -> Any:
        """Tell oneself what is due, and answer the bell as it is now."""
        today = now(zone()).date()
        reminders.remind_of_what_is_due(session(), today=today, at=now(), person_id=actor().person_id)
        session().commit()
        return render_template("crm/bell.html")

    # ---- settings -----------------------------------------------------------------------------------------

    @expose("/settings", methods=["GET", "POST"])
    @signed_in
    def settings(self) -> Any:
        """Which kinds of reminders one wants, and where."""
        form = settings_form()(data=reminders.channels_of(session(), by=actor()))
        failure = None
        if request.method == "POST":
            refuse_foreign_fields(form)
            failure = attempt(form, lambda: reminders.choose_channels(session(), _chosen(form), by=actor()))
            if failure is None:
                flash(gettext("Saved."), "success")
                return redirect(self.path("settings"))
        page = Page(SETTINGS, Label("Workbench"), [(LIST, self.path("list/")), (SETTINGS, "")])
        notice = failure.notice if failure else ""
        body = self.render_template(
            "crm/reminder_settings.html", page=page, form=form, kinds=tuple(KINDS), notice=notice
        )
        return body, failure.code if failure else 200


def load(pk: int) -> Reminder:
    """One's own reminder of that key; raises OutOfSight for anybody else's."""
    statement = select(Reminder).where(Reminder.id == pk)
    reminder = session().scalar(statement) if pk <= LARGEST_KEY else None
    if reminder is None:
        raise OutOfSight()
    return reminder


def _line(reminder: Reminder) -> Line:
    known = KINDS.get(reminder.kind)
    moment = format_moment(reminder.created_on)
    return Line(reminder.id, reminder.text, known.icon if known else "bell", moment, reminder.read_on is None)


def settings_form() -> type[CrmForm]:
    """The form with a choice for every kind."""
    choices = [(channel.value, str(channel.label)) for channel in Channel]
    fields = {kind.key: SelectField(kind.label, [InputRequired(REQUIRED)], choices=choices) for kind in KINDS.values()}
    return type("ReminderSettingsForm", (CrmForm,), fields)


def _chosen(form: CrmForm) -> dict[str, Channel]:
    channels = {channel.value: channel for channel in Channel}
    return {name: channels[form[name].data] for name in KINDS}
