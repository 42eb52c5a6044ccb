"""The board: opportunities by status and by how long they are in it, and the moves that lead from one to the next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import render_template, request
from flask_appbuilder.baseviews import BaseView
from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select, union_all
from sqlalchemy.orm import joinedload

from app.actions.marketing import PIPELINE
from app.clock import now
from app.extensions import session
from app.i18n import Label, format_moment, gettext, ngettext
from app.models.basedata import Category
from app.models.marketing import Opportunity, OpportunityStatus
from app.security.rights import OPPORTUNITIES, Verb, module_of
from app.views import listing
from app.views.edge import actor, initials, read_key, zone
from app.views.guards import expose, needs
from app.views.listing import COUNT_CAP, BadAddress, EntryFilter, Filter, PersonFilter
from app.views.marketing import Opportunities
from app.views.pager import list_frame
from app.views.presentation import STATE_LOOKS, Button, Page, text_of
from app.views.range_filter import RangeFilter

CARDS = 20
STATUSES = {status.value: status for status in OpportunityStatus}
#: An open opportunity that waits longer than this stands out.
LONG = timedelta(days=30)
OPEN = (OpportunityStatus.UNASSIGNED, OpportunityStatus.ASSIGNED)
#: Since when an opportunity is in its status; where that was never written, since it was created.
SINCE = {
    OpportunityStatus.UNASSIGNED: "created_on",
    OpportunityStatus.ASSIGNED: "assigned_on",
    OpportunityStatus.SUCCEEDED: "closed_on",
    OpportunityStatus.FAILED: "closed_on",
}


@dataclass(frozen=True)
class Card:
    """One opportunity; ``ways`` are its moves, each with the status it leads to (empty when it stays)."""

    key: int
    name: str
    href: str
    summary: str
    amount: str
    person: str
    initials: str
    age: str
    since: str
    is_long: bool
    ways: list[tuple[Button, str]]


@dataclass(frozen=True)
class Total:
    """How many opportunities a column has, up to the cap, and the sum of their expected amounts."""

    count: int
    amount: str
    exact_href: str

    @property
    def is_capped(self) -> bool:
        """Whether there are more than were counted, so that the sum is not of all."""
        return bool(self.exact_href)

    @property
    def count_text(self) -> str:
        """``128``, or ``10,000+``."""
        return f"{COUNT_CAP:,}+" if self.is_capped else f"{self.count:,}"


@dataclass(frozen=True)
class Lane:
    """A column; ``refusals`` says for each other status why a card that has no move there has none."""

    key: str
    label: Any
    look: str
    total: Total
    cards: list[Card]
    more_href: str
    list_href: str
    refusals: dict[str, str]


class Board(BaseView):  # type: ignore[misc]  # Flask-AppBuilder has no types
    """机会看板."""

    route_base = "/opportunities"
    default_view = "board"
    screen = OPPORTUNITIES
    filters = (
        Filter("customer_name", Label("Customer name")),
        PersonFilter("assignee", Label("Assigned to")),
        EntryFilter("region", Label("Region"), category=Category.REGION),
        RangeFilter("created_on", Label("Created on"), value_kind="moment"),
    )

    def path(self, _rest: str) -> str:
        """Every address of the filter block leads to the board again."""
        return f"{self.route_base}/board"

    @expose("/board")
    @needs(Verb.SEE)
    def board(self) -> Any:
        """The columns, each with its first cards."""
        query = self.query()
        totals = self._totals(query)
        lanes = [self._lane(status, query, totals[status]) for status in OpportunityStatus]
        found = listing.Found([], sum(total.count for total in totals.values()), False)
        found.entries = listing.find_entries(session(), self.filters)
        view = Opportunities.of_application()
        return self.render_template(
            "crm/board.html",
            **list_frame(self, query, found),
            page=Page(Label("Opportunity board"), module_of(OPPORTUNITIES).label, [(Label("Opportunity board"), "")]),
            lanes=lanes,
            orders=[(label, self._href(query, "board", sort=sort), query.sort == sort) for sort, label in ORDERS],
            new=view.new_button(),
            empty=None if found.count or any(query.values.values()) else view.empty(query),
        )

    @expose("/board/cards")
    @needs(Verb.SEE)
    def cards(self) -> Any:
        """The next cards of a column, for a script that adds them to it."""
        query, status = self.query(), self.status()
        lane = self._lane(status, query, Total(0, "", ""), after=request.args.get("after", ""))
        return render_template("crm/board_more.html", lane=lane)

    @expose("/board/total")
    @needs(Verb.SEE)
    def total(self) -> Any:
        """The exact figures of a column that showed ``10,000+``."""
        query, status = self.query(), self.status()
        return render_template("crm/board_total.html", total=self._totals(query, (status,), cap=None)[status])

    # ---- what the address asks --------------------------------------------------------------------------

    def query(self) -> listing.Query:
        """The conditions and the order."""
        return listing.read_query(request.args, self.filters, sortable=("since",), sort="-since", page_size=CARDS)

    def status(self) -> OpportunityStatus:
        """The status of the column that is asked for; raises BadAddress."""
        status = STATUSES.get(request.args.get("status", ""))
        if status is None:
            raise BadAddress(gettext("Status"))
        return status

    def _href(self, query: listing.Query, rest: str, **more: Any) -> str:
        return query.href(f"{self.route_base}/{rest}", **{"page": None, "page_size": None, **more})

    # ---- rows -------------------------------------------------------------------------------------------

    def _conditions(self, query: listing.Query, status: OpportunityStatus) -> list[ColumnElement[bool]]:
        parts = [part for one in self.filters for part in one.conditions(Opportunity, query.values, zone())]
        return [Opportunity.status == status, *parts]

    def _totals(
        self,
        query: listing.Query,
        statuses: Sequence[OpportunityStatus] = tuple(OpportunityStatus),
        cap: int | None = COUNT_CAP,
    ) -> dict[OpportunityStatus, Total]:
        """Count and sum of each column, in one statement that reads at most ``cap`` rows of each."""
        parts = [self._counted(query, status, cap) for status in statuses]
        rows = session().execute(union_all(*parts) if len(parts) > 1 else parts[0])
        return {STATUSES[key]: self._total(query, key, count, amount) for key, count, amount in rows}

    def _counted(self, query: listing.Query, status: OpportunityStatus, cap: int | None) -> Select[Any]:
        inner = select(Opportunity.expected_amount.label("amount")).where(*self._conditions(query, status))
        part = (inner.limit(cap + 1) if cap is not None else inner).subquery()
        columns: tuple[Any, ...] = (literal(status.value), func.count(), func.sum(part.c.amount))
        return select(*columns).select_from(part)

    def _total(self, query: listing.Query, key: str, count: int, amount: Any) -> Total:
        is_exact = count <= COUNT_CAP or request.endpoint == "Board.total"
        href = "" if is_exact else self._href(query, "board/total", status=key)
        return Total(count, text_of(amount or None, "money"), href)

    def _lane(self, status: OpportunityStatus, query: listing.Query, total: Total, after: str = "") -> Lane:
        rows = session().scalars(self._page(status, query, after)).all()
        cards = rows[:CARDS]
        more = self._href(query, "board/cards", status=status.value, after=_mark(cards[-1])) if rows[CARDS:] else ""
        return Lane(
            status.value,
            status.label,
            STATE_LOOKS[status.value],
            total,
            [_card(row) for row in cards],
            more,
            self._href(query, "list/", status=status.value, sort=None),
            {other.value: _refusal(status, other) for other in OpportunityStatus if other is not status},
        )

    def _page(self, status: OpportunityStatus, query: listing.Query, after: str) -> Select[Any]:
        """One card more than a page holds, from the one that ``after`` marks on."""
        since = since_column(status)
        is_down = query.sort.startswith("-")
        conditions = self._conditions(query, status)
        if after:
            moment, key = _read_mark(after)
            later = since < moment if is_down else since > moment
            behind = Opportunity.id < key if is_down else Opportunity.id > key
            conditions.append(or_(later, and_(since == moment, behind)))
        order = (since.desc(), Opportunity.id.desc()) if is_down else (since.asc(), Opportunity.id.asc())
        people = (joinedload(Opportunity.assignee), joinedload(Opportunity.created_by))
        return select(Opportunity).where(*conditions).order_by(*order).limit(CARDS + 1).options(*people)


ORDERS = (("-since", Label("Newest first")), ("since", Label("Oldest first")))


def since_column(status: OpportunityStatus) -> ColumnElement[datetime]:
    """The moment by which the column of a status is in order; an index of the model holds each."""
    column = getattr(Opportunity, SINCE[status])
    return func.coalesce(column, Opportunity.created_on) if SINCE[status] != "created_on" else column


def since_of(row: Opportunity) -> datetime:
    """Since when the opportunity is in its status; one that was reassigned, since its person has it."""
    return getattr(row, SINCE[row.status]) or row.created_on


def _mark(row: Opportunity) -> str:
    """Where a page ends, so that the next begins there whatever moved meanwhile."""
    return f"{since_of(row).isoformat()}~{row.id}"


def _read_mark(text: str) -> tuple[datetime, int]:
    moment, _, key = text.replace(" ", "+").partition("~")
    try:
        since, number = datetime.fromisoformat(moment), read_key(key)
        if since.tzinfo is not None:
            since = since.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadAddress(Label("Page")) from None
    if since.tzinfo is None or number is None:
        raise BadAddress(Label("Page"))
    return since, number


def _refusal(before: OpportunityStatus, after: OpportunityStatus) -> str:
    """Why a card without a move from ``before`` to ``after`` has none."""
    moves = [move for move in PIPELINE.moves if before in move.before and move.after is after]
    if not moves:
        return gettext("“%(before)s” does not lead to “%(after)s”.", before=before.label, after=after.label)
    if not any(actor().may(move.right) for move in moves):
        return gettext("You do not have the right to do this.")
    return gettext("Only the person responsible for this record may do this.")


def _card(row: Opportunity) -> Card:
    since = since_of(row)
    waits = now(zone()).date() - since.astimezone(zone()).date()
    holder = row.assignee or row.created_by
    name = str(holder or "")
    return Card(
        row.id,
        row.customer_name,
        f"{Board.route_base}/show/{row.id}",
        row.summary,
        text_of(row.expected_amount, "money"),
        name if row.assignee else gettext("Created by %(name)s", name=name),
        initials(name),
        _age(waits.days),
        gettext("%(status)s since %(moment)s", status=row.status.label, moment=format_moment(since)),
        row.status in OPEN and waits > LONG,
        _ways(row),
    )


def _age(days: int) -> str:
    return ngettext("%(num)d day so far", "%(num)d days so far", days) if days > 0 else gettext("since today")


def _ways(row: Opportunity) -> list[tuple[Button, str]]:
    view = Opportunities.of_application()
    moves = PIPELINE.allowed(row, actor())
    ways = [
        (view.move_button(move, row), "" if move.after in {None, row.status} else str(move.after)) for move in moves
    ]
    if view.may_edit(row):
        ways.append((Button(Label("Edit"), view.path(f"edit/{row.id}"), "edit", "pencil"), ""))
    return ways
