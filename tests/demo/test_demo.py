"""The demo company: everything it should have, and valid by the product's own rules."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, inspect, select
from sqlalchemy.orm import Session
from werkzeug.security import check_password_hash

from app import demo
from app.actions.churn.life import CASES, MOST_LETTERS, OPEN
from app.actions.customers import next_number
from app.actions.marketing import PIPELINE, create_opportunity, is_assignee
from app.actions.phones import mask_phone, read_phone
from app.clock import now
from app.demo.courses import ASSIGNED, FAILED, SUCCEEDED, UNASSIGNED
from app.demo.workdays import is_workday, last_scan
from app.models import (
    ChurnCase,
    ChurnMeasure,
    ChurnStatus,
    Contact,
    Customer,
    CustomerMonth,
    CustomerStatus,
    Department,
    Employee,
    Interaction,
    NumberSeries,
    Opportunity,
    Order,
    OrderLine,
    OrderStatus,
    PlanItem,
    Product,
    Reach,
    Reminder,
    ServiceRequest,
    StatusMove,
    StockLevel,
)
from app.models.names import name_key
from app.models.reminders import NEXT_CONTACT_DUE, OPPORTUNITY_ASSIGNED, PLAN_ITEM_DUE
from app.reports.periods import months_before
from app.security.actor import SYSTEM, load_actor
from tests.demo.databases import PASSWORD

ZONE = ZoneInfo("Asia/Shanghai")
MODELS = (
    *(Customer, Contact, Opportunity, PlanItem, StatusMove, Product, StockLevel, Order, OrderLine, Interaction),
    *(ChurnCase, ChurnMeasure),
)


def today() -> date:
    """The company's day."""
    return now(ZONE).date()


def count(session: Session, model: type) -> int:
    """How many rows there are."""
    return session.scalar(select(func.count()).select_from(model)) or 0


# ---- what is there ----------------------------------------------------------------------------------------


def test_every_state_is_there(session: Session):
    statement = select(Opportunity.status, func.count()).group_by(Opportunity.status)
    found: dict[Any, int] = dict(session.execute(statement).all())
    assert count(session, Customer) == 200
    assert sum(found.values()) == 140
    assert found[UNASSIGNED] >= 8 and found[ASSIGNED] >= 20
    assert found[SUCCEEDED] >= 30 and found[FAILED] >= 20
    assert session.scalar(select(func.count()).where(Opportunity.customer_id.is_not(None))) == found[SUCCEEDED]


def test_something_is_due_today_for_both_managers(session: Session):
    for username in ("jingli1", "jingli2"):
        due = session.scalars(
            select(PlanItem)
            .join(Opportunity)
            .join(Employee, Employee.id == Opportunity.assignee_id)
            .where(Employee.username == username, PlanItem.planned_on == today(), PlanItem.done_on.is_(None))
        ).all()
        assert 1 <= len(due) <= 4, username
    overdue = select(func.count()).where(PlanItem.planned_on < today(), PlanItem.done_on.is_(None))
    assert 2 <= (session.scalar(overdue) or 0) <= 30


def test_both_managers_have_reminders_read_and_unread(session: Session):
    for username in ("jingli1", "jingli2"):
        mine = select(Reminder).join(Employee, Employee.id == Reminder.person_id).where(Employee.username == username)
        told = session.scalars(mine.order_by(Reminder.id)).all()
        assert 4 <= len(told) <= 20
        assert {reminder.kind for reminder in told} == {
            *(OPPORTUNITY_ASSIGNED.key, PLAN_ITEM_DUE.key, NEXT_CONTACT_DUE.key)
        }
        assert 1 <= sum(reminder.read_on is None for reminder in told) <= 9
        moments = [reminder.created_on for reminder in told]
        assert moments == sorted(moments)
        assert moments[-1] <= now()
        assert all(reminder.read_on > reminder.created_on for reminder in told if reminder.read_on)


def test_a_manager_brought_in_unassigned_ones_herself(session: Session):
    people = session.scalars(
        select(Employee.username)
        .join(Opportunity, Opportunity.created_by_id == Employee.id)
        .where(Opportunity.status == UNASSIGNED)
    ).all()
    assert "jingli1" in people and "zhuguan" in people
    first = session.scalar(select(func.min(Opportunity.created_on)).where(Opportunity.status == UNASSIGNED))
    assert first and first > datetime.now(UTC) - timedelta(days=70)


def test_people_and_departments(session: Session):
    people = {person.username: person for person in session.scalars(select(Employee))}
    roles = {name: [role.name for role in people[name].roles] for name in demo.ACCOUNTS}
    assert roles == {
        "admin": ["Administrator"],
        "zhuguan": ["Sales supervisor"],
        "jingli1": ["Account manager"],
        "jingli2": ["Account manager"],
        "gaoguan": ["Executive"],
    }
    assert people["jingli1"].department is not people["jingli2"].department
    supervisor = load_actor(session, people["zhuguan"])
    for name in ("jingli1", "jingli2"):
        assert supervisor.includes(Reach.BELOW, people[name].department.path)
    assert people["jingli1"].full_name == "林知远"
    assert people["jingli1"].regions and people["jingli1"].industries
    for department in session.scalars(select(Department)):
        parent = department.parent.path if department.parent else "/"
        assert department.path == f"{parent}{department.id}/"
        assert department.head is not None


def test_only_the_five_accounts_have_a_password(session: Session):
    for person in session.scalars(select(Employee)):
        fits = check_password_hash(person.password, PASSWORD)
        assert fits == (person.username in demo.ACCOUNTS)
        assert person.password.startswith("scrypt:") == fits


# ---- valid by the product's own rules ---------------------------------------------------------------------


def test_every_text_fits_its_column_and_is_whole(session: Session):
    for model in MODELS:
        for row in session.scalars(select(model)):
            for column in inspect(model).columns:
                value, length = getattr(row, column.key), getattr(column.type, "length", None)
                assert value is not None or column.nullable
                if isinstance(value, str):
                    assert value == value.strip() != ""
                    assert length is None or len(value) <= length
                    assert not set("{}") & set(value) and "None" not in value and "  " not in value


def test_phones_and_names_are_as_the_product_writes_them(session: Session):
    for row in session.scalars(select(Opportunity).where(Opportunity.contact_phone.is_not(None))):
        phone = read_phone(str(row.contact_phone))
        assert (row.contact_phone, row.phone_key) == (phone.text, phone.key)
        assert row.name_key == name_key(row.customer_name)
    for contact in session.scalars(select(Contact)):
        number = contact.mobile or contact.office_phone
        phone = read_phone(str(number))
        assert (number, contact.phone_key) == (phone.text, phone.key)
        assert (contact.mobile is not None) == phone.is_mobile
        assert "*" in mask_phone(str(number))
    for customer in session.scalars(select(Customer).where(Customer.phone.is_not(None))):
        assert read_phone(str(customer.phone)).text == customer.phone
        assert customer.name_key == name_key(customer.name)
        assert customer.phone_key == next(c.phone_key for c in customer.contacts if c.is_first)


def test_customer_numbers_go_on(session: Session):
    customers = session.scalars(select(Customer).order_by(Customer.id)).all()
    numbers = [customer.number for customer in customers]
    assert len(set(numbers)) == len(numbers) and numbers == sorted(numbers)
    for customer in customers:
        day = customer.created_on.astimezone(ZONE)
        assert customer.number.startswith(f"KH{day:%y%m%d}") and len(customer.number) == 14
    last = {series.prefix: series.last for series in session.scalars(select(NumberSeries))}
    assert last == Counter(number[:8] for number in numbers)
    newest = customers[-1].created_on.astimezone(ZONE).date()
    assert next_number(session, newest) not in numbers


def test_every_opportunity_keeps_the_rules(session: Session):
    moves: dict[int, list[StatusMove]] = {}
    kinds = set()
    for move in session.scalars(select(StatusMove).order_by(StatusMove.id)):
        kinds.add(move.kind)
        if move.kind == Opportunity.__tablename__:
            moves.setdefault(move.row_id, []).append(move)
    told = (Opportunity, ChurnCase, Customer, ServiceRequest)
    assert kinds == {model.__tablename__ for model in told}
    for row in session.scalars(select(Opportunity)):
        _keeps_the_rules(row, moves[row.id])


def _keeps_the_rules(row: Opportunity, history: list[StatusMove]) -> None:
    assert [move.after for move in history][-1] == row.status
    assert (history[0].move, history[0].before, history[0].at) == ("create", None, row.created_on)
    assert row.version == len(history)
    for before, move in pairwise(history):
        rule = PIPELINE.move(move.move)
        assert move.before == before.after and move.at > before.at
        assert move.before in rule.before and move.after == rule.after
        assert (move.reason is not None) == ("reason" in rule.asks)
    given = [move for move in history if move.move in {"assign", "reassign"}]
    assert (row.status is UNASSIGNED) == (row.assignee is None) == (row.assigned_on is None) == (not given)
    if given:
        assert (given[-1].note, given[-1].at) == (str(row.assignee), row.assigned_on)
    is_closed = row.status in (SUCCEEDED, FAILED)
    assert is_closed == (row.closed_on is not None)
    assert (row.status is FAILED) == (row.close_reason is not None)
    assert history[-1].reason == row.close_reason or not is_closed
    assert row.changed_on == history[-1].at and row.changed_by_id == history[-1].by_id


def test_a_won_customer_is_as_success_makes_it(session: Session):
    for row in session.scalars(select(Opportunity).where(Opportunity.status == SUCCEEDED)):
        customer = row.customer
        assert customer is not None and customer.name == row.customer_name
        assert customer.manager_id == row.assignee_id and customer.created_on == row.closed_on
        assert (customer.region_id, customer.industry_id) == (row.region_id, row.industry_id)
        first = customer.contacts[0]
        assert first.is_first and (first.name, first.phone_key) == (row.contact_name, row.phone_key)


def test_every_plan_follows_its_opportunity(session: Session):
    for item in session.scalars(select(PlanItem)):
        row = item.opportunity
        assert row.assigned_on is not None and item.created_on >= row.assigned_on
        assert item.planned_on >= item.created_on.astimezone(ZONE).date()
        assert (item.result is None) == (item.done_on is None)
        if item.done_on is None:
            assert row.status is ASSIGNED
        else:
            assert item.done_on > item.created_on
            assert item.done_on.astimezone(ZONE).date() >= item.planned_on
            assert row.closed_on is None or item.done_on < row.closed_on


def test_everything_happened_in_working_hours_and_before_today(session: Session):
    moments = [
        getattr(row, column.key)
        for model in MODELS
        for row in session.scalars(select(model))
        for column in inspect(model).columns
        if column.key.endswith("_on") or column.key == "at"
    ]
    local = [moment.astimezone(ZONE) for moment in moments if isinstance(moment, datetime)]
    assert len(local) > 2_000
    in_the_night = [moment for moment in local if moment.time() == time(2)]
    for moment in in_the_night:  # when the machine looks for silent customers
        assert moment.weekday() == 5 and moment.date() < today()
    assert 2 * count(session, ChurnCase) < len(in_the_night) < 4 * count(session, ChurnCase)
    for moment in [moment for moment in local if moment.time() != time(2)]:
        assert is_workday(moment.date()) and moment.date() < today()
        assert time(9) <= moment.time() <= time(12) or time(13) <= moment.time() <= time(18)
    assert min(local).date() >= today() - timedelta(days=5 * 366)


def test_figures_tell_a_story(session: Session):
    amounts = [row.expected_amount for row in session.scalars(select(Opportunity)) if row.expected_amount]
    assert Decimal(10_000) < min(amounts) and max(amounts) < Decimal(3_000_000)
    assert len(set(amounts)) > 100
    months = Counter(f"{row.created_on:%Y-%m}" for row in session.scalars(select(Opportunity)))
    assert len(months) >= 12 and min(months.values()) >= 1
    won = select(func.avg(Opportunity.probability)).where(Opportunity.status == SUCCEEDED)
    lost = select(func.avg(Opportunity.probability)).where(Opportunity.status == FAILED)
    assert (session.scalar(won) or 0) > (session.scalar(lost) or 0) + 5
    summaries = Counter(row.summary for row in session.scalars(select(Opportunity)))
    assert len(summaries) > 120 and max(summaries.values()) <= 3


# ---- what customers bought and what was talked about -------------------------------------------------------


def test_products_and_stock(session: Session):
    products = session.scalars(select(Product)).all()
    assert 55 <= len(products) <= 65 and len({str(one) for one in products}) == len(products)
    assert {one.warehouse for one in session.scalars(select(StockLevel))} == {"苏州成品仓", "东莞分拨仓", "天津备件仓"}
    assert any(one.price is not None and one.price != round(one.price, 2) for one in products)
    stored = {one.product_id for one in session.scalars(select(StockLevel))}
    assert 0 < len(products) - len(stored) < 8


def test_every_amount_is_the_exact_sum_of_rounded_lines(session: Session):
    orders = session.scalars(select(Order)).all()
    lines = session.scalars(select(OrderLine)).all()
    assert 4 <= len(orders) / 200 <= 6 and 1.7 <= len(lines) / len(orders) <= 2.3
    total: dict[int, Decimal] = defaultdict(Decimal)
    for line in lines:
        assert line.amount == (line.quantity * line.unit_price).quantize(Decimal("0.01"), ROUND_HALF_UP)
        total[line.order_id] += line.amount
    assert all(order.total == total[order.id] and order.total > 0 for order in orders)


def test_kept_totals_are_those_of_the_orders(session: Session):
    months: dict[tuple[int, date], list[Any]] = defaultdict(lambda: [0, Decimal(0)])
    last: dict[int, date] = {}
    for order in session.scalars(select(Order)):
        assert order.customer is not None and order.customer_name == order.customer.name
        assert order.customer.created_on.astimezone(ZONE).date() <= order.ordered_on < today()
        kept = months[order.customer_id or 0, order.ordered_on.replace(day=1)]
        kept[0] += 1
        kept[1] += order.total
        last[order.customer.id] = max(last.get(order.customer.id, date.min), order.ordered_on)
    assert {
        (one.customer_id, one.month): [one.orders, one.amount] for one in session.scalars(select(CustomerMonth))
    } == months
    for customer in session.scalars(select(Customer)):
        assert customer.last_order_on == last.get(customer.id)


def test_customers_grow_shrink_fall_silent_and_never_come(session: Session):
    customers = session.scalars(select(Customer)).all()
    silent = [one for one in customers if one.last_order_on and one.last_order_on < today() - timedelta(days=184)]
    assert 12 <= len(silent) <= 45
    assert {"jingli1", "jingli2"} <= {one.manager.username for one in silent if one.manager}
    old = [one for one in customers if one.created_on.astimezone(ZONE).date() < today() - timedelta(days=400)]
    assert 1 <= sum(one.last_order_on is None for one in old) <= 4
    bought: dict[int, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for month in session.scalars(select(CustomerMonth)):
        bought[month.customer_id][month.month > today() - timedelta(days=365)] += month.amount
    assert sum(after > 2 * before > 0 for before, after in bought.values()) >= 10
    assert sum(before > 2 * after > 0 for before, after in bought.values()) >= 10
    unpaid = session.scalars(select(Order).where(Order.status == OrderStatus.UNPAID)).all()
    recent = [one for one in unpaid if one.ordered_on > today() - timedelta(days=70)]
    assert len(recent) >= 10 and len(recent) > 2 * (len(unpaid) - len(recent))


def test_interactions_are_those_of_the_customer(session: Session):
    rows = session.scalars(select(Interaction)).all()
    assert 2.5 <= len(rows) / 200 <= 3.5
    assert {row.kind.item for row in rows if row.kind} == {"拜访", "电话", "邮件", "会议", "其他"}
    for row in rows:
        assert row.contact is not None and row.contact.customer_id == row.customer_id
        assert row.created_by_id == row.customer.manager_id
        assert (
            row.created_on.astimezone(ZONE).date() == row.happened_on >= row.customer.created_on.astimezone(ZONE).date()
        )
        assert row.next_contact_on is None or row.next_contact_on > row.happened_on or row.is_followed_up
        assert not row.is_followed_up or (row.next_contact_on is not None and row.next_contact_on < today())


def test_next_contacts_are_due_and_overdue_and_not_too_many(session: Session):
    for username in ("jingli1", "jingli2"):
        open_ones = session.scalars(
            select(Interaction.next_contact_on)
            .join(Employee, Employee.id == Interaction.created_by_id)
            .where(
                Employee.username == username,
                Interaction.next_contact_on.is_not(None),
                Interaction.is_followed_up.is_(False),
            )
        ).all()
        days = [one for one in open_ones if one is not None]
        assert 1 <= sum(day == today() for day in days) <= 2, username
        assert 1 <= sum(day < today() for day in days) <= 2, username
        assert 2 <= sum(day > today() for day in days) <= 5, username


# ---- customers about to be lost -----------------------------------------------------------------------------


def test_churn_cases_of_every_state(session: Session):
    cases = session.scalars(select(ChurnCase)).all()
    found = Counter(case.status for case in cases)
    assert set(found) == set(ChurnStatus) and found[ChurnStatus.WARNED] >= 3
    for username in ("jingli1", "jingli2"):
        warned = [one for one in cases if one.manager.username == username and one.status is ChurnStatus.WARNED]
        assert warned and all(one.as_of > today() - timedelta(days=21) for one in warned)
    lost = session.scalars(select(Customer).where(Customer.status == CustomerStatus.LOST)).all()
    won_back = session.scalars(select(Customer).where(Customer.won_back_on.is_not(None))).all()
    confirmed = [case.customer for case in cases if case.status is ChurnStatus.CONFIRMED]
    assert len(lost) >= 2 and len(won_back) >= 1
    assert {one.id for one in (*lost, *won_back)} == {one.id for one in confirmed}
    assert all(one.status is CustomerStatus.ACTIVE for one in won_back)


def test_every_churn_case_keeps_the_rules(session: Session):
    moves: dict[int, list[StatusMove]] = {}
    of_cases = select(StatusMove).where(StatusMove.kind == ChurnCase.__tablename__).order_by(StatusMove.id)
    for move in session.scalars(of_cases):
        moves.setdefault(move.row_id, []).append(move)
    for case in session.scalars(select(ChurnCase)):
        history = moves[case.id]
        assert (history[0].move, history[0].after, history[0].at) == ("create", "warned", case.created_on)
        assert history[-1].after == case.status and case.version == len(history)
        for before, move in pairwise(history):
            rule = CASES.move(move.move)
            assert move.before == before.after in rule.before and move.after == rule.after and move.at > before.at
            assert move.by_id == (None if move.move == "recover" else case.manager_id)
        postponed = [move.at for move in history if move.move == "postpone"]
        assert [one.created_on for one in case.measures] == postponed
        assert sum(len(one.text) for one in case.measures) <= MOST_LETTERS
        assert len({one.text for one in case.measures}) == len(case.measures)
        is_confirmed = case.status is ChurnStatus.CONFIRMED
        assert is_confirmed == (case.reason is not None) == (case.reason_kind is not None) == bool(case.confirmed_on)
        assert case.manager_id == case.customer.manager_id
        _was_silent(session, case)


def _was_silent(session: Session, case: ChurnCase) -> None:
    """The last order before the warning is the one that it names, and it lay more than six months back."""
    days = session.scalars(select(Order.ordered_on).where(Order.customer_id == case.customer_id)).all()
    assert case.last_order_on == max(day for day in days if day <= case.as_of) < months_before(case.as_of, 6)
    came_back = case.recovered_on and case.recovered_on.astimezone(ZONE).date()
    assert came_back == min((day for day in days if day > case.as_of), default=None)


def test_the_latest_scan_found_everybody_silent_and_nobody_else(session: Session):
    last = last_scan(today())
    silent_before = months_before(last, 6)
    open_ones = set(session.scalars(select(ChurnCase.customer_id).where(ChurnCase.status.in_(OPEN))))
    silent = {
        one.id
        for one in session.scalars(select(Customer).where(Customer.status == CustomerStatus.ACTIVE))
        if one.last_order_on and max(one.last_order_on, one.won_back_on or date.min) < silent_before
    }
    assert silent == open_ones


# ---- the product goes on ----------------------------------------------------------------------------------


def test_the_product_goes_on_from_here(session: Session):
    """Keys and numbers are free: an opportunity goes its whole way beside those of the demo."""
    manager = session.scalars(select(Employee).where(Employee.username == "jingli1")).one()
    values = {"customer_name": "新来的公司", "probability": 10, "summary": "咨询", "description": "来电咨询"}
    row = create_opportunity(
        session, values | {"contact_name": "王工", "contact_phone": "13800138000"}, by=SYSTEM, at=now(ZONE)
    )
    PIPELINE.fire(session, row, "assign", by=SYSTEM, at=now(ZONE), assignee=manager)
    actor = load_actor(session, manager)
    assert is_assignee(row, actor)
    session.add(PlanItem(opportunity=row, planned_on=today(), todo="回电话"))
    PIPELINE.fire(session, row, "succeed", by=actor, at=now(ZONE))
    assert row.customer is not None and row.customer.id == 201
