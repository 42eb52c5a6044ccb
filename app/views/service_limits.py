"""How long each step of a service request may take, by kind and priority, on the screen."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask_appbuilder.models.sqla.interface import SQLAInterface

from app.actions import service_limits
from app.extensions import session
from app.i18n import Label, gettext
from app.models.service_time import ServiceLimit
from app.security.rights import SERVICE_LIMITS
from app.views.durations import working_time_in_words
from app.views.edge import actor
from app.views.forms import CrmForm
from app.views.model_view import CrmModelView
from app.views.presentation import Cell

MINUTES = ("assign_minutes", "process_minutes")


class ServiceLimits(CrmModelView):
    """服务时限."""

    route_base = "/service-limits"
    datamodel = SQLAInterface(ServiceLimit)
    screen = SERVICE_LIMITS
    record_label = Label("time limits")
    name_column = "kind"
    list_columns = ("kind", "priority", *MINUTES)
    show_columns = ("kind", "priority", *MINUTES, "created_on", "changed_on")
    needed_relations = ("kind",)
    order_columns = ("id", *MINUTES)
    default_sort = "id"
    add_columns = edit_columns = service_limits.TYPED_FIELDS
    new_label = Label("New time limits")

    def form(self, kind: type[CrmForm], row: Any) -> CrmForm:
        """Says what is not plain to see."""
        form = super().form(kind, row)
        form["kind"].description = Label("Left empty, they hold for every other kind.")
        for name in MINUTES:
            form[name].description = Label("In working minutes: 60 make an hour.")
        return form

    def cell(self, row: ServiceLimit, name: str, *, is_wide: bool = False) -> Cell:
        """Times as hours and minutes, and no kind as every other."""
        cell = super().cell(row, name, is_wide=is_wide)
        if name in MINUTES:
            return replace(cell, text=working_time_in_words(getattr(row, name)))
        is_any = name == "kind" and row.kind_id is None
        return replace(cell, text=gettext("every other kind")) if is_any else cell

    def may_delete(self, row: ServiceLimit) -> bool:
        """Not those for every other kind."""
        return row.kind_id is not None and super().may_delete(row)

    def check_delete(self, row: ServiceLimit) -> None:
        """Says why not."""
        service_limits.check_deletable(row)

    def create(self, values: Mapping[str, Any]) -> ServiceLimit:
        """For a kind and priority."""
        return service_limits.create_limit(session(), values, by=actor())

    def update(self, row: ServiceLimit, values: Mapping[str, Any], version: int | None) -> None:
        """Change them."""
        service_limits.edit_limit(session(), row, values, by=actor(), version=version)

    def remove(self, row: ServiceLimit) -> None:
        """Delete those of a kind."""
        service_limits.delete_limit(session(), row, by=actor())
