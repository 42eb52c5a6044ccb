"""The churn of a customer on its page: its cases, how near it is to being lost, and what happened."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import select

from app.actions.churn.life import CASES, OPEN
from app.actions.customers.life import LOST
from app.extensions import session
from app.i18n import Label, gettext, ngettext
from app.models.churn import ChurnCase
from app.models.customers import Customer
from app.models.history import StatusMove
from app.reports import churn as report
from app.reports.timeline import Source
from app.security.rights import CHURN, Verb
from app.security.scope import ONE_BY_ONE
from app.views.customers.health import CustomerLook, HealthFigure, HealthReading
from app.views.customers.tabs import CustomerTab
from app.views.customers.timeline import Line, TimelineKind, cut
from app.views.edge import zone
from app.views.presentation import EMPTY, Button, Column, kind_of, label_of
from app.views.record_pages import page_of, view_for

SEE = CHURN.right(Verb.SEE)
CASES_SHOWN = 50
NAMES = ("id", "status", "manager", "last_order_on", "confirmed_on", "reason_kind")


# ---- the tab ------------------------------------------------------------------------------------------


def case_section(customer: Customer) -> dict[str, Any]:
    """The latest fifty cases, and the way to all of them."""
    view = view_for(ChurnCase)
    latest = select(ChurnCase).where(ChurnCase.customer_id == customer.id).order_by(ChurnCase.id.desc())
    latest = latest.options(*view.options(NAMES)).limit(CASES_SHOWN + 1)
    rows = session().scalars(latest, execution_options=ONE_BY_ONE).all()
    href = f"{view.path('list/')}?{urlencode({'customer': customer.number})}"
    return {
        "template": "crm/related.html",
        "title": CHURN.label,
        "columns": [
            Column(name, label_of(ChurnCase, name), kind_of(ChurnCase, name), is_name=name == NAMES[0])
            for name in NAMES
        ],
        "rows": [view.row(row, NAMES) for row in rows[:CASES_SHOWN]],
        "more": Button(Label("All churn cases"), href, "all") if len(rows) > CASES_SHOWN else None,
        "empty": Label("This customer was never about to be lost"),
    }


CUSTOMER_TAB = CustomerTab("churn", Label("Churn"), SEE, case_section, place=50)


# ---- how near it is to being lost ---------------------------------------------------------------------


def _churn(look: CustomerLook) -> HealthReading:
    """The state of its open case, or that it is lost; else how long it has been silent."""
    case = report.latest_case_of(session(), look.customer)
    if case is not None and (case.status in OPEN or look.customer.status is LOST):
        since = case.confirmed_on or case.created_on
        note = gettext("since %(day)s", day=since.astimezone(zone()).date())
        state = case.status.label if case.status in OPEN else LOST.label
        return HealthReading(str(state), notes=[note], href=page_of(case), is_word=True)
    return _silence(look)


def _silence(look: CustomerLook) -> HealthReading:
    days = [day for day in (look.customer.last_order_on, look.customer.won_back_on) if day is not None]
    if not days:
        return HealthReading(EMPTY, notes=[gettext("no order yet")])
    silent = max((look.today - max(days)).days, 0)
    is_won_back = look.customer.won_back_on == max(days)
    notes = [gettext("won back on %(day)s", day=max(days))] if is_won_back else []
    return HealthReading(f"{silent:,}", ngettext("day without an order", "days without an order", silent), notes)


CUSTOMER_HEALTH = (HealthFigure("churn", Label("Churn risk"), SEE, _churn, 80),)


# ---- what happened ------------------------------------------------------------------------------------


def case_lines(rows: Sequence[tuple[StatusMove, ChurnCase]]) -> dict[int, Line]:
    """Moves of cases in words, by their keys; what was done to keep the customer is read in one statement."""
    places = {(case.id, move.at) for move, case in rows if move.move == "postpone"}
    measures = report.measures_at(session(), places) if places else {}
    return {move.id: _case_line(move, case, measures.get((case.id, move.at), "")) for move, case in rows}


def _case_line(move: StatusMove, case: ChurnCase, measure: str) -> Line:
    title, what, kind = _words(move, case, measure)
    icon = CASES.move(move.move).icon if move.before else "alert-triangle"
    return Line(icon, title, cut(what), page_of(case), more=[*([kind] if kind else ()), _who(move)])


def _words(move: StatusMove, case: ChurnCase, measure: str) -> tuple[Any, str, str]:
    """The title, what it was, and its kind where it has one."""
    if move.move == "postpone":
        return Label("Churn postponed"), measure, ""
    if move.move == "confirm":
        return Label("Churn confirmed"), case.reason or "", case.reason_kind.text if case.reason_kind else ""
    if move.move == "recover":
        return Label("Customer recovered"), gettext("ordered again"), ""
    return Label("Churn warning"), gettext("no order since %(day)s", day=case.last_order_on or EMPTY), ""


def _who(move: StatusMove) -> str:
    return str(move.by or gettext("the system"))


def _lines(rows: Sequence[Sequence[Any]], _customer: Customer) -> dict[int, Line]:
    of_cases = case_lines([(move, case) for move, case in rows if case is not None])
    return of_cases | {move.id: _return_line(move) for move, case in rows if case is None}


def _return_line(move: StatusMove) -> Line:
    return Line("arrow-back-up", Label("Won back"), move.reason or "", more=[_who(move)])


#: Among everything they stand as status moves, which reads them in the same statement.
CUSTOMER_TIMELINE = (
    TimelineKind(
        Label("Churn"), SEE, Source("churn", StatusMove.at, report.moves_of), _lines, 50, is_told_elsewhere=True
    ),
)
