"""The work calendar on the screen: the days that do not go by their weekday, and the years nobody knows yet."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from flask_appbuilder.models.sqla.interface import SQLAInterface
from wtforms.validators import Optional

from app.actions import work_calendar
from app.clock import now
from app.extensions import session
from app.i18n import Label, LazyString, format_day, gettext, listed
from app.models.work_calendar import Holiday, SpecialDay
from app.security.rights import WORK_CALENDAR
from app.views import listing
from app.views.days import DayField
from app.views.edge import actor, zone
from app.views.forms import CrmForm, form_class
from app.views.listing import ChoiceFilter
from app.views.lists import Look
from app.views.model_view import CrmModelView
from app.views.presentation import Cell, Column
from app.views.range_filter import RangeFilter

WORKED, OFF = Label("Worked"), Label("Day off")


def _last_day() -> DayField:
    return DayField(Label("Last day"), [Optional()], description=Label("Left empty, it is the one day."))


class WorkCalendarDays(CrmModelView):
    """工作日历."""

    route_base = "/work-calendar"
    datamodel = SQLAInterface(SpecialDay)
    screen = WORK_CALENDAR
    record_label = Label("day")
    list_template = "crm/work_calendar.html"
    name_column = "day"
    list_columns = ("day", "is_working", "holiday", "name", "is_statutory")
    more_columns = ("id", "created_on", "changed_on")
    show_columns = ("day", "is_working", "holiday", "name", "is_statutory", "created_on", "changed_on")
    order_columns = ("id", "day")
    default_sort = "-day"
    filters = (
        RangeFilter("day", Label("Day")),
        ChoiceFilter("holiday", Label("Occasion"), options=tuple(Holiday)),
    )
    add_columns = ("day", "last_day", "is_working", "holiday", "name", "is_statutory")
    edit_columns = work_calendar.TYPED_FIELDS
    new_label = Label("Add days")
    empty_title = Label("No special day yet")
    empty_text = Label("Every day goes by its weekday: Monday to Friday is worked.")

    def _init_forms(self) -> None:
        self.add_form = form_class(self.model, work_calendar.TYPED_FIELDS, beside={"last_day": _last_day})
        self.edit_form = form_class(self.model, self.edit_columns, has_version=True)

    def form(self, kind: type[CrmForm], row: Any) -> CrmForm:
        """Says what is not plain to see."""
        form = super().form(kind, row)
        form["is_working"].description = Label("Without it the day is off.")
        form["is_statutory"].description = Label("Of the official calendar: a year with such days counts as known.")
        return form

    def create(self, values: Mapping[str, Any]) -> SpecialDay:
        """One day or several that follow one another."""
        return work_calendar.create_days(session(), values, by=actor())

    def update(self, row: SpecialDay, values: Mapping[str, Any], version: int | None) -> None:
        """Change one."""
        work_calendar.edit_day(session(), row, values, by=actor(), version=version)

    def remove(self, row: SpecialDay) -> None:
        """Delete one."""
        work_calendar.delete_day(session(), row, by=actor())

    def list_context(self, look: Look, query: listing.Query, found: listing.Found) -> dict[str, Any]:
        """With the years, this and next, that nobody knows yet."""
        this_year = now(zone()).year
        unknown = work_calendar.unknown_years(session(), this_year, this_year + 1)
        return {**super().list_context(look, query, found), "unknown": unknown_in_words(unknown)}

    def column(self, name: str, query: listing.Query) -> Column:
        """Worked or off stands as a state."""
        column = super().column(name, query)
        return replace(column, kind="state", label=Label("Worked or off")) if name == "is_working" else column

    def cell(self, row: SpecialDay, name: str, *, is_wide: bool = False) -> Cell:
        """The day with its weekday, and whether it is worked."""
        cell = super().cell(row, name, is_wide=is_wide)
        if name == "day":
            return replace(cell, text=day_in_words(row.day))
        if name == "is_working":
            words: LazyString = WORKED if row.is_working else OFF
            return replace(cell, text=str(words), kind="state", look="open" if row.is_working else "fail")
        return cell

    def record(self, row: SpecialDay) -> dict[str, Any]:
        """Called by its day and weekday."""
        return {**super().record(row), "name": day_in_words(row.day)}


def day_in_words(day: date) -> str:
    """As 2026-10-01 and its short weekday."""
    return gettext("%(day)s %(weekday)s", day=day.isoformat(), weekday=format_day(day, "EEE"))


def unknown_in_words(years: list[int]) -> str:
    """What is said of years whose statutory holidays nobody knows; empty where there are none."""
    if not years:
        return ""
    return gettext(
        "The statutory holidays of %(years)s are not known yet: it is counted from Monday to Friday.",
        years=listed(years),
    )
