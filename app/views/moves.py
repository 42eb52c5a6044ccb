"""Moves on the screen: their buttons, the page that asks what a move needs, and making it for one row or many."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlencode, urlunsplit

from flask import abort, flash, redirect, request
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from wtforms import HiddenField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, Optional

from app.actions.workflow import Move
from app.clock import now
from app.errors import DomainError, WrongState
from app.extensions import session
from app.i18n import Label, listed, ngettext
from app.models.churn import ChurnCase
from app.security.rights import Verb, module_of
from app.views.edge import MOST_ROWS, actor, read_key, safe_path, zone
from app.views.failures import split_address
from app.views.forms import REQUIRED, CrmForm, field_of, offer_choices, plain_text, storable
from app.views.guards import expose, needs
from app.views.model_view import CrmModelView
from app.views.presentation import Button, Page
from app.views.saving import Failure, attempt, refuse_foreign_fields, refused

#: How many records left out are named afterwards; the page before names them all.
NAMES_TOLD = 5


def reason_field(*, is_required: bool) -> Any:
    """The field for a reason."""
    first = DataRequired(REQUIRED) if is_required else Optional()
    return TextAreaField(Label("Reason"), [first, Length(max=500), storable], filters=[plain_text])


ANSWER_FIELDS: Mapping[str, Any] = {
    "reason": lambda: reason_field(is_required=True),
    "assignee": lambda: StringField(Label("Account manager"), [DataRequired(REQUIRED), Length(max=12)]),
    "customer_choice": lambda: StringField(Label("Customer"), [Optional(), Length(max=12)]),
    # How long it may be hangs on the measures before it.
    "measure": lambda: TextAreaField(
        Label("Further measure"), [DataRequired(REQUIRED), storable], filters=[plain_text]
    ),
    "reason_kind": lambda: field_of(ChurnCase, "reason_kind"),
    "churn_reason": lambda: field_of(ChurnCase, "reason", is_required=True),
}


def move_form(move: Move, answer_fields: Mapping[str, Any] = ANSWER_FIELDS) -> type[CrmForm]:
    """The form of what a move asks; a choice of customer comes with room for a reason."""
    fields: dict[str, Any] = {name: answer_fields[name]() for name in move.asks}
    if "customer_choice" in fields:
        fields["reason"] = reason_field(is_required=False)
    fields["version"] = HiddenField()
    fields["row"] = HiddenField()
    return type("MoveForm", (CrmForm,), fields)


@dataclass(frozen=True)
class Chosen:
    """One of several rows a move is asked for, and why it can not be made on it (empty when it can)."""

    row: Any
    name: str
    version: int | None
    refusal: str


class MovingView(CrmModelView):
    """A screen whose records have a life cycle."""

    #: What makes the field of each answer that a move asks.
    answer_fields: ClassVar[Mapping[str, Any]] = ANSWER_FIELDS
    #: What the page of a move names besides the columns.
    moved_relations: ClassVar[Sequence[str]] = ()

    def shown_moves(self) -> Sequence[str]:
        """The moves this screen's list offers."""
        return [move.key for move in self.flow.moves]

    @property
    def flow(self) -> Any:
        """The life cycle."""
        return self.workflow

    def more_buttons(self, row: Any) -> list[Button]:
        """The moves allowed now, by right, person and state."""
        return [
            self.move_button(move, row) for move in self.flow.allowed(row, actor()) if move.key in self.shown_moves()
        ]

    def move_button(self, move: Move, row: Any) -> Button:
        """The button that leads to the page of a move."""
        href = self.move_path(move, row)
        is_ending = move.is_ending
        return Button(
            move.label, href, move.key, move.icon, is_danger=is_ending, is_primary=not is_ending, is_dialog=True
        )

    def move_path(self, move: Move, row: Any) -> str:
        """The address of a move of one row."""
        return self.path(f"move/{move.key}/{row.id}")

    def buttons_on_many(self) -> list[Button]:
        """The moves that can be made on several rows at once."""
        return [
            Button(move.label, self.path(f"moves/{move.key}"), move.key, move.icon)
            for move in self.flow.moves
            if move.on_many and move.key in self.shown_moves() and actor().may(move.right)
        ]

    def list_of(self, move: Move) -> CrmModelView:
        """The screen on whose list several rows are chosen for a move."""
        return self

    # ---- one row ----------------------------------------------------------------------------------------

    @expose("/move/<key>/<int:pk>", methods=["GET", "POST"])
    @needs(Verb.SEE)
    def move(self, key: str, pk: int) -> Any:
        """Ask for what the move needs, then make it."""
        move = self.known_move(key)
        row = self.load(pk, (*self.show_columns, *self.moved_relations))
        form = move_form(move, self.answer_fields)()
        offer_choices(form, session())
        if request.method == "GET":
            self.flow.check(session(), row, move, by=actor())
            form["version"].data = row.version
            return self.move_page(move, form, self.move_context(move, [row]))
        refuse_foreign_fields(form)
        failure = refused(lambda: self.flow.check(session(), row, move, by=actor(), version=form.seen_version))
        if failure is not None:  # what may not be done tells nothing more than that
            return self.move_page(move, form, MovingView.move_context(self, move, [row]), failure), failure.code
        context = MovingView.move_context(self, move, [row])
        told: list[Any] = []
        failure = attempt(form, lambda: told.append(self.fire(move, row, form, form.seen_version)))
        if failure is None:
            flash(told[0], "success")
            return redirect(came_from() or self.path(f"show/{pk}"))
        return self.move_page(move, form, self.context_again(move, [pk], context), failure), failure.code

    def context_again(self, move: Move, keys: Sequence[int], context: dict[str, Any]) -> dict[str, Any]:
        """What the page of a move shows after a failure; only ``context`` when the database does not answer."""
        try:
            rows = session().scalars(select(self.model).where(self.model.id.in_(keys))).all()
            return {**self.move_context(move, rows), **context} if rows else context
        except DBAPIError:
            session().rollback()
            return context

    def known_move(self, key: str) -> Move:
        """The move of that key; 404 when there is none, Forbidden when the right is missing."""
        if key not in {move.key for move in self.flow.moves}:
            abort(404)
        move: Move = self.flow.move(key)
        actor().must(move.right)
        return move

    def fire(self, move: Move, row: Any, form: CrmForm, version: int | None) -> Any:
        """Make the move with the answers of the form; returns what to say, so that nothing is read after the commit."""
        at = now(zone())
        self.flow.fire(session(), row, move.key, by=actor(), at=at, version=version, **self.answers(move, form))
        return self.done_message(move, row)

    def answers(self, move: Move, form: CrmForm) -> dict[str, Any]:
        """What the person answered, as the move takes it."""
        return form.values([name for name in ("reason", *move.asks) if name in form])

    def done_message(self, move: Move, row: Any) -> Any:
        """What is said after the move."""
        return str(move.done)

    def move_context(self, move: Move, rows: Sequence[Any]) -> dict[str, Any]:
        """What the page of a move shows beside its fields, made before anything changes."""
        one = rows[0] if len(rows) == 1 else None
        href = self.move_path(move, one) if one is not None else self.path(f"moves/{move.key}")
        back = came_from() if one is not None else ""
        return {
            "page": self.record_page(one, move.label) if one is not None else self._many_page(move),
            "facts": self.facts(one) if one is not None else [],
            "rows": [],
            "action_href": f"{href}?{urlencode({'next': back})}" if back else href,
            "cancel_href": back or self.path(f"show/{one.id}" if one is not None else "list/"),
            "submit_label": str(move.label),
            "is_danger": move.is_ending,
            "move": move,
        }

    def _many_page(self, move: Move) -> Page:
        lists = self.list_of(move)
        crumbs = [(lists.list_title, lists.path("list/")), (move.label, "")]
        return Page(move.label, module_of(self.screen).label, crumbs)

    def move_page(self, move: Move, form: CrmForm, context: dict[str, Any], failure: Failure | None = None) -> str:
        """The page of a move."""
        notice = failure.notice if failure else ""
        return str(self.render_template("crm/move.html", form=form, notice=notice, **context))

    # ---- several rows -----------------------------------------------------------------------------------

    @expose("/moves/<key>", methods=["GET", "POST"])
    @needs(Verb.SEE)
    def move_many(self, key: str) -> Any:
        """Say what will happen to how many, then do it; tell which not and why."""
        move = self.known_move(key)
        if not move.on_many:
            abort(404)
        form = move_form(move, self.answer_fields)()
        if request.method == "POST":
            refuse_foreign_fields(form)
        chosen = self.chosen(move, request.values.getlist("row"))
        context = self.many_context(move, chosen)
        keys = [one.row.id for one in chosen if not one.refusal]
        if request.method == "GET":
            return self.move_page(move, form, self.context_again(move, keys, context))
        failure = attempt(form, lambda: self.fire_all(move, chosen, form))
        if failure is None:
            flash(self._many_done(move, chosen), "success")
            return redirect(self.list_of(move).path("list/"))
        return self.move_page(move, form, self.context_again(move, keys, context), failure), failure.code

    def chosen(self, move: Move, given: Sequence[str]) -> list[Chosen]:
        """The rows named as ``key`` or ``key:version``; 404 as soon as one of them is out of sight."""
        versions = dict(key_and_version(text) for text in given[: MOST_ROWS + 1])
        if not versions or len(given) > MOST_ROWS:
            abort(400)
        statement = select(self.model).where(self.model.id.in_(versions)).order_by(self.model.id)
        rows = (
            session()
            .scalars(statement.options(*self.options((*self.list_columns, *self.moved_relations))))
            .unique()
            .all()
        )
        if len(rows) < len(versions):
            abort(404)
        return [self._judged(move, row, versions[row.id]) for row in rows]

    def _judged(self, move: Move, row: Any, version: int | None) -> Chosen:
        try:
            self.flow.check(session(), row, move, by=actor(), version=version)
        except DomainError as refusal:
            return Chosen(row, str(row), row.version, str(refusal))
        return Chosen(row, str(row), row.version, "")

    def many_context(self, move: Move, chosen: Sequence[Chosen]) -> dict[str, Any]:
        """The page of a move on several rows."""
        context = MovingView.move_context(self, move, [one.row for one in chosen])
        context["page"], context["facts"] = self._many_page(move), []
        context["action_href"], context["cancel_href"] = (
            self.path(f"moves/{move.key}"),
            self.list_of(move).path("list/"),
        )
        context["rows"] = [(one.name, one.refusal) for one in chosen]
        context["row_values"] = [f"{one.row.id}:{one.version}" for one in chosen]
        return context

    def fire_all(self, move: Move, chosen: Sequence[Chosen], form: CrmForm) -> None:
        """Make the move on every row that allows it; raises WrongState when none does."""
        possible = [one for one in chosen if not one.refusal]
        if not possible:
            raise WrongState(Label("None of the chosen records allows this."))
        at, answers = now(zone()), self.answers(move, form)
        for one in possible:
            self.flow.fire(session(), one.row, move.key, by=actor(), at=at, version=one.version, **answers)

    def _many_done(self, move: Move, chosen: Sequence[Chosen]) -> str:
        left = [one.name for one in chosen if one.refusal]
        words = {"what": move.done, "names": listed(left[:NAMES_TOLD]), "left": len(left)}
        done = len(chosen) - len(left)
        if not left:
            return ngettext("%(what)s %(num)d record.", "%(what)s %(num)d records.", done, what=move.done)
        if len(left) <= NAMES_TOLD:
            return ngettext(
                "%(what)s %(num)d record. %(left)s left out: %(names)s.",
                "%(what)s %(num)d records. %(left)s left out: %(names)s.",
                done,
                **words,
            )
        return ngettext(
            "%(what)s %(num)d record. %(left)s left out: %(names)s and others.",
            "%(what)s %(num)d records. %(left)s left out: %(names)s and others.",
            done,
            **words,
        )


def came_from() -> str:
    """The address of the page that a dialog stands over, to which its move leads back; empty without a dialog."""
    under = split_address(request.headers.get("HX-Current-URL", ""))
    asked = request.args.get("next", "")
    if not asked and under.netloc == request.host:
        asked = urlunsplit(("", "", under.path, under.query, ""))
    return safe_path(asked) if asked else ""


def key_and_version(text: str) -> tuple[int, int | None]:
    """The key and the version in ``key:version`` or ``key`` alone; 400 for anything else."""
    key, _, version = text.partition(":")
    if read_key(key) is None or (version and read_key(version) is None):
        abort(400)
    return int(key), read_key(version)
