"""Departments on the screen: the tree, and each with its people."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import request
from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy import select

from app.actions import departments
from app.extensions import session
from app.i18n import Label, gettext
from app.models.org import Department, Employee
from app.security.rights import DEPARTMENTS, USERS, Verb
from app.views.edge import actor, read_key
from app.views.forms import CrmForm
from app.views.guards import expose, needs
from app.views.model_view import Buttons, CrmModelView, Parts
from app.views.org import People
from app.views.presentation import Button, Cell, Column, Row, label_of

PEOPLE_SHOWN = 50
#: The tree stands on one page and has neither filters nor columns to choose.
OF_LISTS_WITH_LOOKS = {
    "count",
    "choose_page_size",
    "choose_columns",
    "add_filter",
    "edit_filter",
    "start_with_filter",
    "delete_filter",
}


@dataclass(frozen=True)
class TreeRow:
    """A department as the tree shows it; ``people`` are its own, ``with_below`` those of the whole branch."""

    name: str
    href: str
    depth: int
    head: Cell
    people: int
    with_below: int
    people_href: str
    buttons: list[Button]


class Departments(CrmModelView):
    """部门."""

    route_base = "/departments"
    datamodel = SQLAInterface(Department)
    screen = DEPARTMENTS
    record_label = Label("department")
    is_named_openly = True
    list_columns = ("name",)
    show_columns = ("parent", "head", "position", "created_on", "changed_on")
    order_columns = ()
    add_columns = edit_columns = departments.TYPED_FIELDS
    new_label = Label("New department")
    empty_title = Label("No department yet")
    empty_text = Label("Departments say whose records a head sees, and how far.")
    exclude_route_methods = CrmModelView.exclude_route_methods | OF_LISTS_WITH_LOOKS

    @expose("/list/")
    @needs(Verb.SEE)
    def list(self) -> Any:
        """The whole tree on one page."""
        tree, staff = departments.department_tree(session()), departments.staff(session())
        known = {branch.department.id: branch.department for branch in tree}
        with_below = Counter(dict.fromkeys(known, 0))
        for key, row in known.items():
            with_below.update(dict.fromkeys(keys_of(row), staff.get(key, 0)))
        return self.render_template(
            "crm/departments.html",
            page=self.list_page(),
            rows=[
                TreeRow(
                    branch.department.name,
                    self.path(f"show/{branch.department.id}"),
                    branch.depth,
                    self.cell(branch.department, "head"),
                    staff.get(branch.department.id, 0),
                    with_below[branch.department.id],
                    people_href(branch.department, known),
                    self._tree_buttons(branch.department, with_below[branch.department.id]),
                )
                for branch in tree
            ],
            new=self.new_button(),
            empty={"title": self.empty_title, "text": self.empty_text, "button": self.new_button()},
        )

    def _tree_buttons(self, row: Department, people: int) -> Buttons:
        """Deleting is offered only where nobody is."""
        return [button for button in self.buttons(row) if button.key != "delete" or not people]

    def more_buttons(self, row: Department) -> Buttons:
        """A new one below."""
        if not self.may_create():
            return []
        return [Button(Label("New below"), self.path(f"add?parent={row.id}"), "new_below", "plus")]

    def create(self, values: Mapping[str, Any]) -> Department:
        """A new one."""
        return departments.create_department(session(), values, by=actor())

    def update(self, row: Department, values: Mapping[str, Any], version: int | None) -> None:
        """Change or move one."""
        departments.edit_department(session(), row, values, by=actor(), version=version)

    def remove(self, row: Department) -> None:
        """Delete one that is empty."""
        departments.delete_department(session(), row, by=actor())

    def form(self, kind: type[CrmForm], row: Any) -> CrmForm:
        """A new one begins below the department from which it was asked for."""
        form = super().form(kind, row)
        if row is None and request.method == "GET":
            form["parent"].data = session().get(Department, read_key(request.args.get("parent", "")) or 0)
        return form

    def sections(self, row: Department) -> Parts:
        """Its own people, for who may see people."""
        return [people_section(row)] if actor().may(USERS.right(Verb.SEE)) else []


def keys_of(row: Department) -> list[int]:
    """The keys from the top down to the department itself."""
    return [int(key) for key in row.path.strip("/").split("/")]


def people_href(row: Department, known: Mapping[int, Department]) -> str:
    """The list of the people of a department and below, for who may see people."""
    if not actor().may(USERS.right(Verb.SEE)):
        return ""
    names = [known[key].name for key in keys_of(row)]
    return f"/users/list/?{urlencode({'department': '/'.join(names)})}"


def people_section(row: Department) -> dict[str, Any]:
    """The people of a department, the first fifty."""
    names = ("full_name", "username", "phone", "active")
    view = People.of_application()
    found = select(Employee).where(Employee.department_id == row.id).order_by(Employee.username).limit(PEOPLE_SHOWN)
    rows = [
        Row(one.id, one.version, str(one), [view.cell(one, name) for name in names], [], view.path(f"show/{one.id}"))
        for one in session().scalars(found)
    ]
    columns = [Column(name, label_of(Employee, name), "text", is_name=name == "full_name") for name in names]
    return {
        "template": "crm/related.html",
        "title": gettext("People"),
        "columns": columns,
        "rows": rows,
        "empty": gettext("Nobody belongs to this department"),
    }
