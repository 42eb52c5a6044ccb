"""Attachments on the screen: uploading, downloading and deleting the files of customers and interactions."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from flask import Response, flash, redirect, request, send_file
from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy import Select, select
from wtforms.validators import DataRequired

from app.actions import attachments
from app.actions.attachments import KINDS, Upload, kind_of
from app.actions.settings import LARGEST_ATTACHMENT, value_of
from app.errors import WrongState
from app.extensions import session
from app.i18n import Label, gettext
from app.models.attachments import Attachment
from app.models.customers import Customer
from app.models.interactions import Interaction
from app.security.rights import ATTACHMENTS, INTERACTIONS, Verb
from app.views.customers.parts import CustomerPart, asked_customer, file_store, table_section
from app.views.customers.tabs import CustomerTab
from app.views.edge import actor, load, read_key
from app.views.forms import CrmForm, FilesField
from app.views.guards import expose, needs, takes_files
from app.views.listing import Filter
from app.views.presentation import Button, Cell, Row
from app.views.range_filter import RangeFilter
from app.views.saving import attempt, refuse_foreign_fields, refused
from app.views.search_filters import CustomerFilter
from app.views.wording import size_in_words

#: A downloaded file runs and loads nothing, should a browser show it all the same.
FILE_POLICY = "sandbox; default-src 'none'"


class UploadForm(CrmForm):
    """One or several files."""

    files = FilesField(
        Label("Files"),
        [DataRequired(Label("Choose a file."))],
        render_kw={"accept": ",".join(f".{ending}" for ending in KINDS)},
    )


class Attachments(CustomerPart):
    """附件."""

    route_base = "/attachments"
    datamodel = SQLAInterface(Attachment)
    screen = ATTACHMENTS
    tab = "attachments"
    record_label = Label("attachment")
    list_columns = ("name", "size", "customer", "interaction", "created_by", "created_on")
    show_columns = ("customer", "interaction", "size", "created_by", "created_on", "sha256")
    order_columns = ("id", "name", "size", "created_on")
    filters = (
        Filter("name", Label("File")),
        CustomerFilter("customer", Label("Customer")),
        RangeFilter("created_on", Label("Uploaded on"), value_kind="moment"),
    )
    new_label = Label("Upload")
    empty_title = Label("No attachment yet")
    empty_text = Label("Contracts, drawings and minutes are uploaded on the page of their customer or interaction.")

    def row(self, row: Any, columns: Sequence[str]) -> Row:
        """A click on its name downloads it."""
        return replace(super().row(row, columns), href=self.path(f"download/{row.id}"))

    def cell(self, row: Any, name: str, *, is_wide: bool = False) -> Cell:
        """Its size in a unit that keeps it short."""
        cell = super().cell(row, name, is_wide=is_wide)
        return replace(cell, text=size_in_words(row.size)) if name == "size" else cell

    def more_buttons(self, row: Attachment) -> list[Button]:
        """Its page from a list, its content from its page."""
        if request.endpoint == "Attachments.show":
            return [Button(Label("Download"), self.path(f"download/{row.id}"), "get", "download", is_primary=True)]
        return [Button(Label("Details"), self.path(f"show/{row.id}"), "see", "eye")]

    def buttons(self, row: Attachment) -> list[Button]:
        """Who deletes one stays where he is, unless that is its own page."""
        found = super().buttons(row)
        if request.endpoint == "Attachments.show":
            return found
        back = urlencode({"next": request.full_path.rstrip("?")})
        return [replace(one, href=f"{one.href}?{back}") if one.key == "delete" else one for one in found]

    # ---- uploading and downloading ----------------------------------------------------------------------

    @expose("/add", methods=["GET", "POST"])
    @needs(Verb.CREATE)
    @takes_files
    def add(self) -> Any:
        """Upload files of the customer, or of the interaction, that the address names."""
        form = UploadForm()
        if request.method == "POST":
            refuse_foreign_fields(form)
        owner = asked_owner()
        customer = owner.customer if isinstance(owner, Interaction) else owner
        context = self.upload_context(owner, customer)
        if request.method == "GET":
            self.check_new(customer)
            return self.render_template("crm/upload_page.html", form=form, notice="", **context)
        uploads = [Upload(one.filename, one.stream) for one in form["files"].data]
        failure = refused(lambda: self.check_new(customer)) or attempt(
            form, lambda: attachments.add_attachments(session(), owner, uploads, store=file_store(), by=actor())
        )
        if failure is None:
            flash(gettext("Uploaded."), "success")
            return redirect(context["cancel_href"])
        return self.render_template("crm/upload_page.html", form=form, notice=failure.notice, **context), failure.code

    def upload_context(self, owner: Customer | Interaction, customer: Customer) -> dict[str, Any]:
        """What the page of the form shows beside it, made before anything changes."""
        page = self._page(customer, gettext("Upload attachments"))
        if isinstance(owner, Interaction) and actor().may(INTERACTIONS.right(Verb.SEE)):
            page.crumbs.insert(-1, (str(owner), f"/interactions/show/{owner.id}"))
        return {
            "page": page,
            "action_href": upload_href(owner),
            "cancel_href": page.crumbs[-2][1],
            "limits": limits_in_words(),
        }

    @expose("/download/<int:pk>")
    @needs(Verb.SEE)
    def fetch(self, pk: int) -> Response:
        """The content: to be saved, never to be shown or run here."""
        row: Attachment = self.load(pk)
        path, kind = file_store().path(row.stored_as), kind_of(row.name)
        if not path.is_file():
            raise WrongState(Label("The file of this attachment is missing on the server: tell your administrator."))
        mime = kind.mime if kind else "application/octet-stream"
        answer = send_file(path, mimetype=mime, as_attachment=True, download_name=row.name, etag=row.sha256)
        answer.headers["Content-Security-Policy"] = FILE_POLICY
        return answer

    def take_away(self, row: Attachment) -> Sequence[str]:
        """Delete one."""
        return [attachments.delete_attachment(session(), row, by=actor())]


def asked_owner() -> Customer | Interaction:
    """The interaction, else the customer, that the address names, within sight; raises OutOfSight."""
    if "interaction" in request.args:
        return load(Interaction, read_key(request.args["interaction"]) or 0)
    return asked_customer()


def upload_href(owner: Customer | Interaction) -> str:
    """Where files of a customer or an interaction are sent to."""
    return f"/attachments/add?{'interaction' if isinstance(owner, Interaction) else 'customer'}={owner.id}"


def limits_in_words() -> str:
    """What is accepted."""
    return gettext(
        "PDF, office documents, pictures, texts and archives; each up to %(size)s MB, %(count)s at once.",
        size=value_of(session(), LARGEST_ATTACHMENT),
        count=attachments.MOST_FILES,
    )


# ---- the tab of a customer, and the block below an interaction --------------------------------------------


def attachment_section(customer: Customer) -> dict[str, Any]:
    """The files of a customer and of its interactions, with the form that adds more for who may."""
    return _section(customer, customer, select(Attachment).where(Attachment.customer_id == customer.id))


def attachments_of(interaction: Interaction) -> dict[str, Any]:
    """Likewise of one interaction."""
    statement = select(Attachment).where(Attachment.interaction_id == interaction.id)
    return _section(interaction, interaction.customer, statement)


def _section(owner: Customer | Interaction, customer: Customer, statement: Select[Attachment]) -> dict[str, Any]:
    view = Attachments.of_application()
    is_of_one = isinstance(owner, Interaction)
    names = ("name", "size", *(() if is_of_one else ("interaction",)), "created_by", "created_on")
    upload = {"form": UploadForm(formdata=None), "href": upload_href(owner), "limits": limits_in_words()}
    return table_section(
        view,
        customer,
        statement.options(*view.options(names)).order_by(Attachment.id.desc()),
        names,
        address=f"/interactions/show/{owner.id}" if is_of_one else "",
        new=None,
        upload=upload if view.new_for(customer) else None,
    )


CUSTOMER_TAB = CustomerTab("attachments", Label("Attachments"), ATTACHMENTS.right(Verb.SEE), attachment_section, 70)
