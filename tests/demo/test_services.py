"""The service requests of the demo company: in every state, with rounds, deadlines and a history that agrees."""

from collections import Counter
from datetime import datetime, time
from itertools import pairwise
from zoneinfo import ZoneInfo

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from app.clock import now
from app.demo.workdays import is_workday
from app.models import Customer, Employee, Priority, ServiceRequest, ServiceRound, ServiceStatus, StatusMove

ZONE = ZoneInfo("Asia/Shanghai")
CREATED, ASSIGNED = ServiceStatus.CREATED, ServiceStatus.ASSIGNED
PROCESSED, ARCHIVED = ServiceStatus.PROCESSED, ServiceStatus.ARCHIVED
#: What each move leads from; a bad score leads back.
BEFORE = {"allocate": CREATED, "process": ASSIGNED, "feedback": PROCESSED, "escalate": ASSIGNED}


def requests(session: Session) -> list[ServiceRequest]:
    """All of them, the oldest key first."""
    return list(session.scalars(select(ServiceRequest).order_by(ServiceRequest.id)))


def of(session: Session, username: str) -> list[ServiceRequest]:
    """What somebody has in hand."""
    mine = select(ServiceRequest).join(Employee, Employee.id == ServiceRequest.assignee_id)
    return list(session.scalars(mine.where(Employee.username == username, ServiceRequest.status != ARCHIVED)))


def test_there_is_one_for_every_fifth_customer_and_in_every_state(session: Session) -> None:
    found = requests(session)
    customers = len(session.scalars(select(Customer.id)).all())
    assert customers / 5 <= len(found) <= customers / 5 + 14
    assert min(Counter(one.status for one in found)[status] for status in ServiceStatus) >= 2
    assert {one.kind.item for one in found} == {"咨询", "投诉", "建议"}
    assert {one.priority for one in found} == set(Priority)
    assert any(one.round == 2 and one.status is ARCHIVED for one in found)
    assert sum(one.level for one in found) == 2 and all(one.kind.item == "投诉" for one in found if one.level)
    assert len({one.summary for one in found}) >= 12


def test_each_manager_has_something_overdue_due_today_to_ask_for_and_come_back(session: Session) -> None:
    midnight = datetime.combine(now(ZONE).date(), time(), ZONE)
    for username in ("jingli1", "jingli2"):
        mine = of(session, username)
        due = [one.due_on.astimezone(ZONE) for one in mine if one.due_on]
        assert 1 <= sum(one < midnight for one in due) <= 4, username
        if is_workday(now(ZONE).date()):
            assert any(one.date() == now(ZONE).date() for one in due), username
        assert any(one.status is PROCESSED for one in mine)
        assert any(one.round == 2 and one.rounds[0].satisfaction < 3 for one in mine)
        assert len(mine) <= 12
    waiting = [one for one in requests(session) if one.status is CREATED]
    assert any(one.due_on and one.due_on < midnight for one in waiting)
    assert any(one.due_on and one.due_on >= midnight for one in waiting)


def test_every_request_keeps_the_rules(session: Session) -> None:
    history: dict[int, list[StatusMove]] = {}
    moves = select(StatusMove).where(StatusMove.kind == ServiceRequest.__tablename__).order_by(StatusMove.id)
    for move in session.scalars(moves):
        history.setdefault(move.row_id, []).append(move)
    for one in requests(session):
        _keeps_the_rules(one, history[one.id])
        _says_what_its_rounds_say(one)
        for column in inspect(ServiceRequest).columns:
            value = getattr(one, column.key)
            if isinstance(value, str):
                assert value == value.strip() != "" and not set("{}") & set(value)


def _keeps_the_rules(one: ServiceRequest, history: list[StatusMove]) -> None:
    first, last = history[0], history[-1]
    assert (first.move, first.before, first.at, first.by_id) == ("create", None, one.created_on, one.created_by_id)
    assert (last.after, one.version) == (one.status, len(history))
    assert (one.changed_on, one.changed_by_id) == (last.at, last.by_id)
    for before, move in pairwise(history):
        assert move.before == before.after == BEFORE[move.move] and move.at > before.at
        assert (move.reason is not None) == (move.move == "escalate")
    assert (one.status is CREATED) == (one.assignee is None) == (one.assigned_on is None)
    assert one.assignee is None or history[1].note == str(one.assignee)
    assert (one.due_on is not None) == (one.status in {CREATED, ASSIGNED})
    assert one.customer is not None and one.customer.name == one.customer_name
    assert one.created_on >= one.customer.created_on
    for moment in (move.at.astimezone(ZONE) for move in history):
        assert is_workday(moment.date()) and moment.date() < now(ZONE).date()
    due = one.due_on.astimezone(ZONE) if one.due_on else None
    assert due is None or (is_workday(due.date()) and time(9) <= due.time() <= time(18))


def _says_what_its_rounds_say(one: ServiceRequest) -> None:
    judged: list[ServiceRound] = one.rounds
    assert [row.number for row in judged] == list(range(1, len(judged) + 1))
    assert all(row.satisfaction < 3 for row in judged[:-1]) and all(
        row.customer_id == one.customer_id for row in judged
    )
    assert one.round == len(judged) + (one.status is not ARCHIVED)
    assert (one.handling is not None) == (one.handled_on is not None) == (one.status in {PROCESSED, ARCHIVED})
    if one.status is ARCHIVED:
        last = judged[-1]
        assert last.satisfaction >= 3
        assert (one.handling, one.result, one.satisfaction) == (last.handling, last.result, last.satisfaction)
        assert (one.handled_on, one.archived_on) == (last.handled_on, last.judged_on)
        assert len({row.handling for row in judged}) == len(judged)
    else:
        assert (one.result, one.satisfaction, one.archived_on) == (None, None, None)
        assert not judged or one.assigned_on == judged[-1].judged_on
