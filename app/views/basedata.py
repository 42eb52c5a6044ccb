"""Base data on the screen: the data dictionary, and the sales system's products and stock to look at."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import flash
from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy import ColumnElement, func, or_, select
from werkzeug.wrappers import Response

from app.actions import basedata
from app.clock import now
from app.errors import WrongState
from app.extensions import appbuilder, session
from app.i18n import Label, gettext
from app.models.basedata import DictionaryEntry, Product, StockLevel
from app.security.rights import DICTIONARY, PRODUCTS, STOCK, Verb
from app.views.categories import CategoryFilter, ItemFilter, category_in_words
from app.views.edge import actor, zone
from app.views.forms import CrmForm
from app.views.guards import expose, needs
from app.views.listing import EntryFilter, Filter
from app.views.model_view import CrmModelView
from app.views.presentation import Button, Cell, Column, Row, cell_of, in_digits, kind_of, label_of

#: The most places of a product that its page shows.
PLACES_SHOWN = 200


class Dictionary(CrmModelView):
    """数据字典."""

    route_base = "/dictionary"
    datamodel = SQLAInterface(DictionaryEntry)
    screen = DICTIONARY
    record_label = Label("Dictionary entry")
    name_column = "item"
    list_columns = ("category", "item", "value", "is_active", "is_editable")
    more_columns = ("position", "id")
    show_columns = ("category", "item", "value", "position", "is_active", "is_editable")
    order_columns = ("id", "category", "item", "value", "position")
    default_sort = "category"
    filters = (
        CategoryFilter("category", Label("Category")),
        ItemFilter("item", Label("Item")),
        Filter("value", Label("Value")),
    )
    add_columns = edit_columns = basedata.TYPED_FIELDS
    new_label = Label("New dictionary entry")
    empty_title = Label("No entry yet")
    empty_text = Label("The entries of a category are what the choice lists of that name offer.")

    def cell(self, row: DictionaryEntry, name: str, *, is_wide: bool = False) -> Cell:
        """Category and item in the reader's language."""
        found = super().cell(row, name, is_wide=is_wide)
        words = {"category": category_in_words(row.category), "item": row.text}
        return replace(found, text=words.get(name, found.text))

    def form(self, kind: type[CrmForm], row: Any) -> CrmForm:
        """Says what is not plain to see."""
        form = super().form(kind, row)
        form["category"].description = Label("A new category may be typed.")
        form["position"].description = Label("Left empty, it comes last.")
        return form

    # ---- who may what -------------------------------------------------------------------------------------

    def may_edit(self, row: DictionaryEntry) -> bool:
        """Not what the product stands on."""
        return row.is_editable and super().may_edit(row)

    def may_delete(self, row: DictionaryEntry) -> bool:
        """Likewise; whether it is in use is looked up when somebody asks for it."""
        return row.is_editable and super().may_delete(row)

    def check_edit(self, row: DictionaryEntry) -> None:
        """Says why not."""
        basedata.check_editable(row)

    def check_delete(self, row: DictionaryEntry) -> None:
        """Says why not, and where it is used."""
        basedata.check_deletable(session(), row)

    def create(self, values: Mapping[str, Any]) -> DictionaryEntry:
        """A new one."""
        return basedata.create_entry(session(), values, by=actor(), at=now(zone()))

    def update(self, row: DictionaryEntry, values: Mapping[str, Any], version: int | None) -> None:
        """Change one."""
        basedata.edit_entry(session(), row, values, by=actor(), at=now(zone()), version=version)

    def remove(self, row: DictionaryEntry) -> None:
        """Delete one that no record has."""
        basedata.delete_entry(session(), row, by=actor())

    # ---- switching off ------------------------------------------------------------------------------------

    def more_buttons(self, row: DictionaryEntry) -> list[Button]:
        """Off, or on again."""
        if not self.may_edit(row):
            return []
        if row.is_active:
            question = gettext("Switch off “%(name)s”? It leaves the choice lists and stays on old records.", name=row)
            href = self.path(f"switch-off/{row.id}")
            return [Button(Label("Switch off"), href, "switch_off", "eye-off", is_post=True, question=question)]
        return [Button(Label("Switch on"), self.path(f"switch-on/{row.id}"), "switch_on", "check", is_post=True)]

    def buttons(self, row: DictionaryEntry) -> list[Button]:
        """Editing first, since it is done most."""
        return sorted(super().buttons(row), key=lambda button: button.key != "edit")

    @expose("/switch-off/<int:pk>", methods=["POST"])
    @needs(Verb.EDIT)
    def switch_off(self, pk: int) -> Response:
        """Take an entry from the choice lists."""
        return self._switch(pk, is_active=False)

    @expose("/switch-on/<int:pk>", methods=["POST"])
    @needs(Verb.EDIT)
    def switch_on(self, pk: int) -> Response:
        """Offer an entry again."""
        return self._switch(pk, is_active=True)

    def _switch(self, pk: int, *, is_active: bool) -> Response:
        row = self.load(pk)
        basedata.switch_entry(session(), row, is_active=is_active, by=actor(), at=now(zone()))
        session().commit()
        return self.saved(row)

    @expose("/delete/<int:pk>", methods=["POST"])
    @needs(Verb.DELETE)
    def delete(self, pk: int) -> Any:
        """Delete an entry; of one that has to stay its page says why, with the button that switches it off."""
        try:
            return super().delete(pk)
        except WrongState as refusal:
            session().rollback()
            flash(str(refusal), "danger")
            row = self.load(pk, self.show_columns)
            return self.render_template(self.show_template, **self.show_context(row)), refusal.status

    # ---- where it is used ---------------------------------------------------------------------------------

    def sections(self, row: DictionaryEntry) -> list[Any]:
        """Where it is used: kinds of records and fields, with the way to those one sees."""
        uses = basedata.uses_of(session(), row)
        titles = {"records": Label("Used in"), "field": Label("Field"), "count": Label("How often")}
        return [
            {
                "template": "crm/related.html",
                "title": Label("Where it is used"),
                "count": in_digits(sum(use.count for use in uses), 0),
                "columns": [
                    Column(key, title, "number" if key == "count" else "text") for key, title in titles.items()
                ],
                "rows": [_use_row(place, row, use) for place, use in enumerate(uses)],
                "empty": Label("No record has this entry."),
            }
        ]


def _use_row(place: int, entry: DictionaryEntry, use: basedata.Use) -> Row:
    cells = (
        Cell(str(use.link.records), href=_list_of(entry, use.link)),
        Cell(str(use.link.field)),
        Cell(in_digits(use.count, 0), "number"),
    )
    return Row(place, 0, str(entry), cells)


def _list_of(entry: DictionaryEntry, link: basedata.Link) -> str:
    """The list of the records with the entry, for who may see it; empty where none can be narrowed to them."""
    for view in appbuilder().baseviews:
        if getattr(view, "model", None) is not link.model or not actor().may(view.screen.right(Verb.SEE)):
            continue
        for one in view.filters:
            if isinstance(one, EntryFilter) and one.category.value == entry.category:
                return f"{view.path('list/')}?{urlencode({one.name: entry.text})}"
    return ""


# ---- products and stock ---------------------------------------------------------------------------------


class Products(CrmModelView):
    """产品信息."""

    route_base = "/products"
    datamodel = SQLAInterface(Product)
    screen = PRODUCTS
    is_named_openly = True
    name_column = "name"
    list_columns = ("number", "name", "model", "batch", "unit", "price", "memo")
    show_columns = ("number", "name", "model", "batch", "unit", "price", "memo")
    order_columns = ("id", "number", "name", "price")
    default_sort = "number"
    filters = (
        Filter("name", Label("Name")),
        Filter("model", Label("Model")),
        Filter("batch", Label("Grade / batch")),
    )
    empty_title = Label("No product yet")
    empty_text = Label("Products come from the sales system.")

    def sections(self, row: Product) -> list[Any]:
        """Where how much of it lies."""
        return [stock_section(row)]


@dataclass(frozen=True)
class ProductFilter(Filter):
    """A part of a product's number, or of its name, model and batch as they stand together."""

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """Letter case does not count."""
        value = values.get(self.name)
        if not value:
            return []
        parts = (func.coalesce("-" + part, "") for part in (Product.model, Product.batch))
        called = Product.name.concat(next(parts)).concat(next(parts))
        is_meant = or_(*(text.icontains(value, autoescape=True) for text in (called, Product.number)))
        return [model.product_id.in_(select(Product.id).where(is_meant))]


class Stock(CrmModelView):
    """库存."""

    route_base = "/stock"
    datamodel = SQLAInterface(StockLevel)
    screen = STOCK
    name_column = "product"
    list_columns = ("id", "product", "warehouse", "location", "quantity", "memo")
    needed_relations = ("product",)
    order_columns = ("id", "warehouse", "location", "quantity")
    default_sort = "id"
    filters = (ProductFilter("product", Label("Product")), Filter("warehouse", Label("Warehouse")))
    empty_title = Label("No stock yet")
    empty_text = Label("Stock comes from the sales system.")
    #: A place has nothing to show but what stands in the list; the row leads to its product.
    exclude_route_methods = CrmModelView.exclude_route_methods | {"show"}

    def row(self, row: StockLevel, columns: Any) -> Row:
        """A row that leads to the product."""
        return replace(super().row(row, columns), href=f"/products/show/{row.product_id}")


def stock_section(product: Product) -> dict[str, Any]:
    """Where how much of a product lies, and the sum."""
    names = ("warehouse", "location", "quantity", "memo")
    of_product = StockLevel.product_id == product.id
    places = select(StockLevel).where(of_product).order_by(StockLevel.warehouse, StockLevel.location)
    rows = session().scalars(places.limit(PLACES_SHOWN)).all()
    count, total = session().execute(select(func.count(), func.sum(StockLevel.quantity)).where(of_product)).one()
    foot = (Cell(gettext("Total"), ""), Cell("", ""), Cell(in_digits(total or 0, 0), "number"), Cell("", ""))
    return {
        "template": "crm/related.html",
        "title": Label("Stock"),
        "count": in_digits(count, 0),
        "columns": [Column(name, label_of(StockLevel, name), kind_of(StockLevel, name)) for name in names],
        "rows": [Row(one.id, 0, str(one), [cell_of(one, name) for name in names]) for one in rows],
        "foot": foot if len(rows) > 1 else (),
        "empty": Label("None of it is in stock."),
    }
