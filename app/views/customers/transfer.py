"""Transferring customers on the screen: one, those chosen, or all that a list's conditions find."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from flask import abort, flash, redirect, request
from sqlalchemy import select
from wtforms import HiddenField
from wtforms.validators import InputRequired

from app.actions.customers.transfer import MOST_TRANSFERRED, Transferred, transfer
from app.clock import now
from app.errors import OutOfSight, WrongState
from app.extensions import session
from app.i18n import Label, gettext, ngettext
from app.models.customers import Customer, CustomerStatus
from app.security.rights import CUSTOMERS, SERVICES, Verb
from app.views import listing
from app.views.choice_fields import PersonField, TickField
from app.views.edge import actor, zone
from app.views.forms import REQUIRED, CrmForm
from app.views.guards import expose, needs
from app.views.model_view import CrmModelView
from app.views.moves import NAMES_TOLD, came_from, key_and_version, reason_field
from app.views.presentation import Button
from app.views.saving import attempt, refuse_foreign_fields
from app.views.undo import with_undo_link

TRANSFER = CUSTOMERS.right(Verb.TRANSFER)


def transfer_form() -> CrmForm:
    """To whom, and why."""
    receivers = "/choices/receivers/customers"
    fields: dict[str, Any] = {
        "receiver": PersonField(Label("New account manager"), [InputRequired(REQUIRED)], remote=receivers),
        "reason": reason_field(is_required=True),
        "row": HiddenField(),
    }
    if actor().may(SERVICES.right(Verb.ALLOCATE)):
        fields["with_services"] = TickField(Label("Give the unfinished services along"))
    return type("TransferForm", (CrmForm,), fields)()


class TransferringView(CrmModelView):
    """The customers' screen as far as customers go to somebody else."""

    def transfer_button(self, row: Customer) -> Button:
        """The button that asks to whom one customer shall go."""
        return Button(
            Label("Transfer"), self.path(f"transfer?row={row.id}"), "transfer", "arrows-exchange", is_dialog=True
        )

    def buttons_on_many(self) -> list[Button]:
        """Several can be transferred at once."""
        if not actor().may(TRANSFER):
            return []
        return [Button(Label("Transfer"), self.path("transfer"), "transfer", "arrows-exchange")]

    def transfer_all_button(self, query: listing.Query, found: listing.Found) -> Button | None:
        """The button for all that the conditions find, where they are more than a page and not too many."""
        if not actor().may(TRANSFER) or not len(found.rows) < found.count <= MOST_TRANSFERRED:
            return None
        href = query.href(self.path("transfer"), all="yes", page=None, page_size=None, sort=None)
        return Button(
            gettext("Transfer all %(count)s", count=found.count_text), href, "transfer-all", "arrows-exchange"
        )

    @expose("/transfer", methods=["GET", "POST"])
    @needs(Verb.TRANSFER)
    def transfer(self) -> Any:
        """Ask to whom and why, then transfer all that can be; tell which not and why."""
        form = transfer_form()
        if request.method == "POST":
            refuse_foreign_fields(form)
        versions = self._asked()
        rows = self._rows(list(versions))
        context = self._transfer_context(rows)
        if request.method == "GET":
            return self.render_template("crm/move.html", form=form, notice="", **context)
        done: list[Transferred] = []
        failure = attempt(form, lambda: done.append(_transfer(versions, form)))
        if failure is not None:
            return self.render_template("crm/move.html", form=form, notice=failure.notice, **context), failure.code
        _tell(done[0])
        return redirect(came_from() or self.path("list/"))

    def _asked(self) -> dict[int, int | None]:
        """The keys of the customers with the versions in which they were seen."""
        if "all" in request.args and request.method == "GET":
            keys = self.keys(self.query(self.look())).where(Customer.status != CustomerStatus.DELETED)
            keys = keys.order_by(Customer.id).limit(MOST_TRANSFERRED + 1)
            found: dict[int, int | None] = dict.fromkeys(session().scalars(keys))
        else:
            given = request.values.getlist("row")
            found = dict(key_and_version(text) for text in given[: MOST_TRANSFERRED + 1])
        if len(found) > MOST_TRANSFERRED:
            sentence = gettext(
                "At most %(most)s customers go at once: narrow the conditions.", most=f"{MOST_TRANSFERRED:,}"
            )
            raise WrongState(sentence)
        return found or abort(400)

    def _rows(self, keys: Sequence[int]) -> Sequence[Customer]:
        rows = session().scalars(select(Customer).where(Customer.id.in_(keys)).order_by(Customer.id)).all()
        if len(rows) < len(keys):
            raise OutOfSight(Customer, min(set(keys) - {row.id for row in rows}))
        return rows

    def _transfer_context(self, rows: Sequence[Customer]) -> dict[str, Any]:
        """What the page shows beside its fields, made before anything changes."""
        one = rows[0] if len(rows) == 1 else None
        back, title = came_from(), gettext("Transfer")
        return {
            "page": self.record_page(one, title) if one is not None else self.list_page(title),
            "facts": [self.cell(one, name) for name in ("number", "manager", "status")] if one is not None else [],
            "rows": [] if one is not None else [(str(row), "") for row in rows],
            "row_values": [f"{row.id}:{row.version}" for row in rows],
            "action_href": f"{self.path('transfer')}?{urlencode({'next': back})}" if back else self.path("transfer"),
            "cancel_href": back or self.path(f"show/{one.id}" if one is not None else "list/"),
            "submit_label": title,
        }


def _transfer(versions: dict[int, int | None], form: CrmForm) -> Transferred:
    at, reason = now(zone()), form["reason"].data
    chosen = {"with_services": "with_services" in form and form["with_services"].data}
    return transfer(session(), versions, form["receiver"].data, by=actor(), at=at, reason=reason, **chosen)


def _tell(done: Transferred) -> None:
    said = ngettext("Transferred: %(num)s customer.", "Transferred: %(num)s customers.", done.given)
    if done.services:
        said += " " + ngettext(
            "With them: %(num)s service request.", "With them: %(num)s service requests.", done.services
        )
    flash(with_undo_link(said, done.batch), "success")
    if done.left:
        stayed = ngettext("%(num)s customer stayed.", "%(num)s customers stayed.", len(done.left))
        told = (gettext("%(name)s: %(why)s", name=name, why=why) for name, why in done.left[:NAMES_TOLD])
        flash(" ".join([stayed, *told]), "error")
