"""The record of a customer: its checks, its group, its deletion and return, and who sees a deleted one."""

import threading
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from app.actions.alike import alike
from app.actions.customers import customers_named
from app.actions.customers.facts import check_postcode, read_licence, read_website, safe_website
from app.actions.customers.groups import HIGHEST, check_parent
from app.actions.customers.life import LIFE, in_sentences, open_counts
from app.actions.customers.record import edit_customer
from app.clock import now
from app.errors import Forbidden, Invalid, Stale, WrongState
from app.extensions import db
from app.models import (
    AuditEntry,
    AuditKind,
    Contact,
    Customer,
    CustomerMonth,
    CustomerStatus,
    CustomerYear,
    Employee,
    Opportunity,
    Order,
    OrderLine,
    OrderStatus,
    StatusMove,
)
from app.models.customers import NEEDED
from app.security.actor import SYSTEM
from app.security.scope import copying, show_deleted
from tests.integrations.trade import forget_trade

MINE, THEIRS = "镇江岚砺磨具有限公司", "泰州知微生物有限公司"
ACTIVE, LOST, DELETED = CustomerStatus.ACTIVE, CustomerStatus.LOST, CustomerStatus.DELETED


def named(session, name):
    return session.scalars(select(Customer).where(Customer.name == name)).one()


def person(session, username):
    return session.scalars(select(Employee).where(Employee.username == username)).one()


def edit(session, actor, customer, **values):
    edit_customer(session, customer, values, by=actor, at=now(), version=customer.version)


# ---- facts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://example.com", "https://example.com"),
        ("http://example.com/a?b=1#c", "http://example.com/a?b=1#c"),
        ("www.example.com", "https://www.example.com"),
        ("  https://华强.中国 ", "https://华强.中国"),
        ("ｈｔｔｐ：//example.com", "http://example.com"),
        ("https://example.com:8443/", "https://example.com:8443/"),
    ],
)
def test_a_web_address_is_kept_in_one_form(typed, kept):
    assert read_website(typed) == kept == safe_website(typed)


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "javascript:alert(1)",
            "JAVASCRIPT:alert(1)",
            "java\nscript:alert(1)",
            "javascript://example.com/%0aalert(1)",
        ),
        *("data:text/html,x", "ftp://example.com", "https://", "https://localhost", "https://127.0.0.1", "example"),
        *(
            "https://user:password@example.com",
            "https://exa mple.com",
            "//example.com",
            "https://[::1",
            "mailto:a@b.cn",
        ),
    ],
)
def test_whatever_else_is_refused_and_no_link_leads_there(typed):
    with pytest.raises(Invalid):
        read_website(typed)
    assert safe_website(typed) == ""


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("91110000600037341L", "91110000600037341L"),
        (" 91110000 600037341l ", "91110000600037341L"),
        ("Y144030938402318X3", "Y144030938402318X3"),
        ("440301103456789", "440301103456789"),
        ("旧证 1234", "旧证 1234"),
    ],
)
def test_a_licence_number_is_kept(typed, kept):
    assert read_licence(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "91110000600037341M",
        "911100006000373410",
        "91110000-600037341X",
        "O1110000600037341L",
        "Y144030938402318X4",
        "9I110000600037341L",
    ],
)
def test_of_eighteen_letters_it_is_a_credit_code(typed):
    with pytest.raises(Invalid):
        read_licence(typed)


@pytest.mark.parametrize("postcode", ["51800", "5180000", "51800a", "５１８０００"])
def test_a_chinese_address_has_a_postcode_of_six_digits(postcode):
    check_postcode("深圳市福田区", "518000")
    check_postcode("1 Infinite Loop, Cupertino", postcode)
    check_postcode("深圳市福田区", None)
    with pytest.raises(Invalid):
        check_postcode("深圳市福田区", postcode)


# ---- edit ---------------------------------------------------------------------------------------------


def test_the_account_manager_edits_and_nobody_else(session_of):
    with session_of("manager_a") as (session, actor):
        customer = named(session, MINE)
        edit(session, actor, customer, address="镇江市", postcode="212000", phone="0511-85012345")
        assert (customer.address, customer.phone_key) == ("镇江市", "+8651185012345")
        with pytest.raises(Forbidden):
            edit(session, actor, named(session, THEIRS), address="x")
    with session_of("admin") as (session, actor), pytest.raises(Forbidden):
        edit(session, actor, named(session, MINE), address="x")


@pytest.mark.parametrize("status", [LOST, DELETED])
def test_only_a_normal_customer_is_edited(session_of, rows, status):
    with rows() as session:
        set_status(session, MINE, status)
    with session_of("manager_a") as (session, actor):
        show_deleted(session)
        with pytest.raises(WrongState):
            edit(session, actor, named(session, MINE), address="x")


def set_status(session, name, status):
    """Put a customer into a state, past its life cycle."""
    from sqlalchemy import update

    session.execute(update(Customer).where(Customer.name == name).values(status=status))


def test_an_edit_of_what_moved_on_is_stale(session_of):
    with session_of("manager_a") as (session, actor):
        customer = named(session, MINE)
        with pytest.raises(Stale):
            edit_customer(session, customer, {"address": "x"}, by=actor, at=now(), version=customer.version - 1)


def test_another_account_manager_is_a_transfer_that_needs_its_right_and_its_reason(session_of, rows):
    with session_of("manager_a") as (session, actor), pytest.raises(Forbidden):
        edit(session, actor, named(session, MINE), manager=person(session, "manager_b"), reason="x")
    with rows() as session:
        named(session, MINE).manager = person(session, "admin")
    with session_of("admin") as (session, actor):
        customer, receiver = named(session, MINE), person(session, "manager_b")
        with pytest.raises(Invalid) as refusal:
            edit(session, actor, customer, manager=receiver, address="镇江市")
        assert set(refusal.value.fields) == {"reason"}
        session.rollback()
        with pytest.raises(Invalid) as refusal:
            edit(session, actor, customer, manager=person(session, "disabled"), reason="调整")
        assert set(refusal.value.fields) == {"manager"}
        session.rollback()
        edit(session, actor, customer, manager=receiver, reason="调整", address="镇江市")
        assert (customer.manager, customer.address) == (receiver, "镇江市")
        told = select(AuditEntry.reason).where(AuditEntry.row_id == customer.id, AuditEntry.kind == AuditKind.CHANGED)
        assert list(session.scalars(told.order_by(AuditEntry.id)))[-2:] == ["", "调整"]


def test_the_same_account_manager_needs_no_right(session_of):
    with session_of("manager_a") as (session, actor):
        customer = named(session, MINE)
        edit(session, actor, customer, manager=customer.manager, address="镇江市")
        assert customer.address == "镇江市"


def test_what_is_missing_is_what_the_form_asks_for(rows):
    with rows() as session:
        customer = named(session, MINE)
        assert customer.is_incomplete
        assert customer.missing == [name.removesuffix("_id") for name in NEEDED if name != "manager_id"]
        found = select(Customer.name).where(Customer.is_incomplete)
        assert set(session.scalars(found)) == {MINE, THEIRS}
        customer.satisfaction = customer.credit = None
        for name in NEEDED:
            value = getattr(customer, name) or (1 if name.endswith("_id") else "x")
            setattr(customer, name, value)
        session.flush()
        assert not customer.is_incomplete and set(session.scalars(found)) == {THEIRS}


def test_the_incomplete_are_found_by_their_index(rows, backend):
    if backend != "sqlite":
        return
    with rows() as session:
        statement = select(Customer.id).where(Customer.is_incomplete).order_by(Customer.id.desc()).limit(26)
        sql = str(statement.compile(session.get_bind(), compile_kwargs={"literal_binds": True}))
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}").all()
        assert "ix_customers_incomplete" in str(plan)


# ---- groups -------------------------------------------------------------------------------------------


def make_customers(rows, count, *, in_chain=False):
    with rows() as session:
        made = [Customer(number=f"KH99{place:08}", name=f"第{place}家") for place in range(count)]
        for one in made:
            one.manager = person(session, "manager_a")
        session.add_all(made)
        session.flush()
        for lower, upper in pairwise(made) if in_chain else ():
            lower.parent = upper
        session.flush()
        return [one.id for one in made]


def is_circle(session):
    above = dict(session.execute(select(Customer.id, Customer.parent_id)).all())
    for key in above:
        seen, place = set(), key
        while place is not None:
            if place in seen:
                return True
            seen.add(place)
            place = above[place]
    return False


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=st.lists(st.tuples(st.integers(0, 4), st.one_of(st.none(), st.integers(0, 4))), max_size=20))
def test_no_sequence_of_edits_makes_a_circle(app, edits):
    with app.app_context():
        session = db.session()
        session.info["actor"] = SYSTEM
        made = [Customer(number=f"KH99{place:08}", name=f"第{place}家") for place in range(5)]
        session.add_all(made)
        session.flush()
        refused = 0
        for lower, upper in edits:
            parent = None if upper is None else made[upper]
            try:
                check_parent(session, made[lower], parent)
            except Invalid:
                refused += 1
                before = made[lower].parent_id
                made[lower].parent_id = parent.id
                session.flush()
                assert is_circle(session)
                made[lower].parent_id = before
            else:
                made[lower].parent_id = parent.id if parent else None
            session.flush()
            assert not is_circle(session)
        session.rollback()


def test_a_circle_is_told_with_its_chain(session_of, rows):
    low, middle, high = make_customers(rows, 3, in_chain=True)
    with session_of("manager_a") as (session, _):
        with pytest.raises(Invalid) as refusal:
            check_parent(session, session.get_one(Customer, high), session.get_one(Customer, low))
        assert "第0家 → 第1家 → 第2家" in str(refusal.value)
        with pytest.raises(Invalid):
            check_parent(session, session.get_one(Customer, low), session.get_one(Customer, low))
        check_parent(session, session.get_one(Customer, low), session.get_one(Customer, high))
        check_parent(session, session.get_one(Customer, middle), None)


def test_a_company_out_of_sight_in_the_chain_is_not_named(session_of, rows):
    low, middle, high = make_customers(rows, 3, in_chain=True)
    with rows() as session:
        for key in (low, high):
            session.get(Customer, key).manager = person(session, "narrow")
    with session_of("narrow") as (session, _):
        assert session.get(Customer, middle) is None
        with pytest.raises(Invalid) as refusal:
            check_parent(session, session.get_one(Customer, high), session.get_one(Customer, low))
        assert "第1家" not in str(refusal.value) and "第0家 →" in str(refusal.value)


def test_a_group_is_not_built_without_end(session_of, rows):
    keys = make_customers(rows, HIGHEST + 1, in_chain=True)
    with session_of("manager_a") as (session, _), pytest.raises(Invalid):
        check_parent(session, named(session, MINE), session.get_one(Customer, keys[0]))


def test_of_two_who_put_each_above_the_other_one_is_refused(app, rows):
    first, second = make_customers(rows, 2)
    begun, outcomes = threading.Barrier(2), []

    def put(lower, upper):
        with app.app_context(), Session(db.engine, info={"actor": SYSTEM}) as session:
            one, other = session.get_one(Customer, lower), session.get_one(Customer, upper)
            session.commit()
            begun.wait(10)
            try:
                check_parent(session, one, other)
                one.parent = other
                session.commit()
                outcomes.append("done")
            except Invalid:
                outcomes.append("refused")

    threads = [threading.Thread(target=put, args=pair) for pair in ((first, second), (second, first))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["done", "refused"]
    with rows() as session:
        assert not is_circle(session)


# ---- deletion and return ------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _nothing_ordered(app):
    forget_trade(app)


def order(session, customer, number, status=OrderStatus.UNPAID):
    from datetime import date

    made = Order(number=number, customer=customer, ordered_on=date(2026, 2, 1), status=status, source="x", total=1)
    made.lines.append(OrderLine(line_no=1, quantity=1, unit_price=1, amount=1))
    with copying(session):
        session.add(made)
        session.flush()


def test_its_manager_deletes_it_and_keeps_everything(session_of, rows):
    with rows() as session:
        order(session, named(session, MINE), "A1")
        before = (session.scalar(select(func.count(Contact.id))), session.scalar(select(func.count(OrderLine.id))))
    with session_of("manager_b") as (session, actor), pytest.raises(Forbidden):
        LIFE.fire(session, named(session, MINE), "delete", by=actor, at=now())
    with session_of("manager_a") as (session, actor):
        LIFE.fire(session, named(session, MINE), "delete", by=actor, at=now())
        session.commit()
    with rows() as session:
        customer = named(session, MINE)
        assert customer.status is DELETED
        move = session.scalars(select(StatusMove).where(StatusMove.kind == "customers")).one()
        assert (move.before, move.after, move.by.username) == ("active", "deleted", "manager_a")
        moved = select(AuditEntry).where(AuditEntry.kind == AuditKind.MOVED, AuditEntry.table_name == "customers")
        assert session.scalars(moved).one().row_id == customer.id
        after = (session.scalar(select(func.count(Contact.id))), session.scalar(select(func.count(OrderLine.id))))
        assert after == before


OTHER = aliased(Customer)
WAYS_TO_IT = {
    "customer": select(Customer.id).where(Customer.name == MINE),
    "alias": select(OTHER.id).where(OTHER.name == MINE),
    "contact": select(Contact.id),
    "contact by alias": select(aliased(Contact).id),
    "contact with customer": select(Contact.id).join(Contact.customer),
    "order": select(Order.id),
    "line": select(OrderLine.id),
    "line through order": select(OrderLine.id).join(OrderLine.order),
    "months": select(CustomerMonth.month),
    "years": select(CustomerYear.year),
    "count": select(func.count(Order.id)).having(func.count(Order.id) > 0),
}


@pytest.mark.parametrize("who", ["admin", "manager_a", "supervisor", "head_a"])
def test_nobody_sees_a_deleted_customer_or_what_belongs_to_it(session_of, rows, who):
    from datetime import date

    with rows() as session:
        customer = named(session, MINE)
        order(session, customer, "A1")
        with copying(session):
            session.add(CustomerMonth(customer=customer, month=date(2026, 2, 1), orders=1, amount=1))
            session.add(CustomerYear(customer=customer, year=2025, orders=1, amount=1))
        for other in session.scalars(select(Contact).where(Contact.customer_id != customer.id)):
            session.delete(other)
    with session_of(who) as (session, _):
        assert all(session.execute(statement).all() for statement in WAYS_TO_IT.values())
    with rows() as session:
        set_status(session, MINE, DELETED)
    with session_of(who) as (session, _):
        found = {way for way, statement in WAYS_TO_IT.items() if session.execute(statement).all()}
        assert found == set()
        assert alike(session, MINE, None) == [] and not customers_named(session, MINE)
        show_deleted(session)
        assert all(session.execute(statement).all() for statement in WAYS_TO_IT.values())


def test_orders_without_a_customer_are_hidden_from_nobody(session_of, rows):
    with rows() as session:
        order(session, None, "U1")
    with session_of("admin") as (session, _):
        assert session.scalars(select(Order.number)).all() == ["U1"]


def test_an_opportunity_of_a_deleted_customer_names_none(session_of, rows):
    with rows() as session:
        row = session.scalars(select(Opportunity).where(Opportunity.customer_name.startswith("绍兴"))).one()
        row.customer = named(session, MINE)
        session.flush()
        set_status(session, MINE, DELETED)
        key = row.id
    with session_of("admin") as (session, _):
        row = session.get(Opportunity, key)
        assert row.customer_id is not None and row.customer is None


@pytest.mark.parametrize("before", [ACTIVE, LOST])
def test_it_comes_back_to_the_state_it_had(session_of, rows, before):
    with rows() as session:
        set_status(session, MINE, before)
    with session_of("manager_a") as (session, actor):
        LIFE.fire(session, named(session, MINE), "delete", by=actor, at=now())
        session.commit()
    with session_of("manager_a") as (session, actor):
        show_deleted(session)
        with pytest.raises(Forbidden):
            LIFE.fire(session, named(session, MINE), "restore", by=actor, at=now())
    with session_of("admin") as (session, actor):
        show_deleted(session)
        customer = named(session, MINE)
        LIFE.fire(session, customer, "restore", by=actor, at=now())
        assert customer.status is before
        with pytest.raises(WrongState):
            LIFE.fire(session, customer, "restore", by=actor, at=now())


def test_a_customer_that_came_in_deleted_becomes_normal(session_of, rows):
    with rows() as session:
        set_status(session, MINE, DELETED)
    with session_of("admin") as (session, actor):
        show_deleted(session)
        customer = named(session, MINE)
        LIFE.fire(session, customer, "restore", by=actor, at=now())
        assert customer.status is ACTIVE


def test_nobody_works_at_what_belongs_to_a_deleted_customer(session_of, rows):
    with session_of("manager_a") as (session, _):
        contact = session.scalars(select(Contact).join(Contact.customer).where(Customer.name == MINE)).one()
        key = contact.id
    with rows() as session:
        set_status(session, MINE, DELETED)
    with session_of("manager_a") as (session, _):
        assert session.get(Contact, key) is None
        session.add(Contact(customer_id=session.info.get("none", 1), name="新"))
        with pytest.raises(Forbidden):
            session.flush()
        session.rollback()


def test_what_is_open_is_told_of_many_at_once(session_of, rows):
    with rows() as session:
        for number in ("A1", "A2"):
            order(session, named(session, MINE), number)
        order(session, named(session, THEIRS), "B1", OrderStatus.PAID)
        mine, theirs = named(session, MINE).id, named(session, THEIRS).id
    with session_of("manager_a") as (session, _):
        found = {key: in_sentences(counts) for key, counts in open_counts(session, [mine, theirs]).items()}
        assert "2" in found[mine][0] and [len(found[one]) for one in (mine, theirs)] == [2, 2]
        assert open_counts(session, []) == {}
