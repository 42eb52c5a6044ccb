"""Announcements on the screen, and those of today on the workbench."""

from collections.abc import Mapping
from typing import Any

from flask_appbuilder.models.sqla.interface import SQLAInterface

from app.actions import announcements
from app.extensions import session
from app.i18n import Label
from app.models.announcements import Announcement
from app.security.rights import ANNOUNCEMENTS, Verb
from app.views.edge import actor
from app.views.listing import Filter
from app.views.model_view import CrmModelView
from app.views.presentation import Button
from app.views.range_filter import RangeFilter
from app.views.sections import FirstStep, Look, Notice, NoticeSource, Section

SHOWN = 5


class Announcements(CrmModelView):
    """公告."""

    route_base = "/announcements"
    datamodel = SQLAInterface(Announcement)
    screen = ANNOUNCEMENTS
    record_label = Label("announcement")
    list_columns = ("title", "starts_on", "ends_on", "created_by")
    show_columns = ("text", "starts_on", "ends_on", "created_by", "created_on")
    order_columns = ("id", "title", "starts_on", "ends_on")
    default_sort = "-starts_on"
    filters = (Filter("title", Label("Title")), RangeFilter("starts_on", Label("First day")))
    add_columns = edit_columns = announcements.TYPED_FIELDS
    new_label = Label("New announcement")
    empty_title = Label("No announcement yet")
    empty_text = Label("An announcement stands on everybody's workbench from its first day to its last.")

    def create(self, values: Mapping[str, Any]) -> Announcement:
        """A new one."""
        return announcements.create_announcement(session(), values, by=actor())

    def update(self, row: Announcement, values: Mapping[str, Any], version: int | None) -> None:
        """Change one."""
        announcements.edit_announcement(session(), row, values, by=actor(), version=version)


def _of_today(look: Look) -> list[Notice]:
    found = announcements.current_announcements(look.session, look.today, SHOWN)
    return [Notice(one.title, one.starts_on, f"/announcements/show/{one.id}") for one in found]


#: What stands on the workbench.
WORKBENCH = Section(
    notices=(
        NoticeSource(
            ANNOUNCEMENTS.right(Verb.SEE),
            Label("Announcements"),
            _of_today,
            "/announcements/list/",
            empty=Label("No announcement today."),
            new_right=ANNOUNCEMENTS.right(Verb.CREATE),
            new=Button(Label("New announcement"), "/announcements/add", "announce", "plus"),
        ),
    ),
    first_steps=(
        FirstStep(
            ANNOUNCEMENTS.right(Verb.CREATE),
            Label("Write an announcement"),
            Label("Everybody reads it here, on the first page."),
            "/announcements/add",
            place=90,
        ),
    ),
)
