"""No door changes what comes from the sales system, nor what the product stands on in the dictionary."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from app.actions.imports import KINDS
from app.errors import Forbidden, Invalid, WrongState
from app.models import (
    Contact,
    Customer,
    CustomerMonth,
    CustomerYear,
    DictionaryEntry,
    Model,
    Order,
    OrderLine,
    Product,
    StockLevel,
)
from app.models.base import mapper_of
from app.security.actor import SYSTEM
from app.security.scope import WallError, copying, system, working_as
from tests.walk import everything

APP = Path(__file__).resolve().parents[2] / "app"
COPIES = (Product, StockLevel, Order, OrderLine, CustomerMonth, CustomerYear)
#: Who may open the block in which copies are written: the link to the sales system.
COPYISTS = ("security/scope", "integrations", "actions/orders.py", "actions/imports")


def test_the_copies_are_the_models_that_say_so():
    assert {mapper.class_ for mapper in Model.registry.mappers if hasattr(mapper.class_, "is_copied")} == set(COPIES)


def test_only_the_link_to_the_sales_system_copies():
    for path in APP.rglob("*.py"):
        if not path.relative_to(APP).as_posix().startswith(COPYISTS):
            assert "copying(" not in path.read_text(encoding="utf-8"), path


def _changed(row):
    """Another value in some column of a copy."""
    name = {Product: "price", StockLevel: "quantity", Order: "total"}
    return name.get(type(row), "amount"), Decimal("7")


@pytest.mark.parametrize("model", COPIES)
@pytest.mark.parametrize("who", ["manager_a", "admin", "the system"])
def test_no_flush_changes_a_copy(app, session_of, model, who):
    before = everything(app)
    with (
        session_of("admin" if who == "the system" else who) as (session, actor),
        working_as(session, SYSTEM if who == "the system" else actor),
    ):
        name, value = _changed(session.scalars(select(model)).first())
        for is_deleted in (False, True):
            row = session.scalars(select(model)).first()
            if is_deleted:
                session.delete(row)
            else:
                setattr(row, name, value)
            with pytest.raises(Forbidden):
                session.flush()
            session.rollback()
    assert everything(app) == before


@pytest.mark.parametrize("who", ["admin", "the system"])
def test_no_flush_makes_one(app, session_of, who):
    before = everything(app)
    with session_of("admin") as (session, actor), working_as(session, SYSTEM if who == "the system" else actor):
        product, customer = session.scalars(select(Product)).one(), session.scalars(select(Customer)).first()
        for row in (
            Product(number="1", name="假", source="x"),
            StockLevel(product_id=product.id, warehouse="假", location="1", quantity=Decimal(1), source="x"),
            Order(number="1", customer_id=customer.id, ordered_on=date(2026, 1, 1), total=Decimal(1), source="x"),
            CustomerMonth(customer_id=customer.id, month=date(2020, 1, 1), orders=1, amount=Decimal(1)),
            CustomerYear(customer_id=customer.id, year=2020, orders=1, amount=Decimal(1)),
        ):
            session.add(row)
            with pytest.raises(Forbidden):
                session.flush()
            session.rollback()
    assert everything(app) == before


@pytest.mark.parametrize("model", COPIES)
def test_no_statement_in_bulk_does(app, session_of, model):
    before = everything(app)
    table: Any = mapper_of(model).local_table
    statements = (
        update(model).values(source="x") if hasattr(model, "source") else update(model).values(amount=Decimal(1)),
        update(table.alias("other")).values({list(table.c)[-1].name: None}),
        delete(model),
        delete(table),
        insert(model).values(),
        insert(table).from_select([next(iter(table.c)).name], select(Contact.id)),
    )
    with session_of("admin") as (session, actor):
        for as_whom in (actor, SYSTEM):
            with working_as(session, as_whom):
                for statement in statements:
                    with pytest.raises((Forbidden, WallError)):
                        session.execute(statement)
                    session.rollback()
    assert everything(app) == before


def test_the_link_writes_copies_within_its_block_alone(rows):
    with rows() as session:
        with copying(session):
            product = Product(number="3001", name="电表", source="x")
            session.add(product)
            session.execute(update(Product).where(Product.number == "1001").values(memo="新"))
        with copying(session), copying(session):
            session.execute(update(StockLevel).values(memo="新"))
        product.name = "水表"
        with pytest.raises(Forbidden):
            session.flush()
        session.rollback()
        with pytest.raises(RuntimeError), copying(session):
            raise RuntimeError
        with pytest.raises(Forbidden):
            session.execute(update(StockLevel).values(memo="旧"))


def test_who_sees_an_order_does_not_write_it_within_the_block_either(session_of):
    """The block lifts the rule of copies and not the wall: a person's scope stays."""
    with session_of("narrow") as (session, _), copying(session), pytest.raises(WallError):
        session.execute(delete(Order))


def test_no_import_of_another_kind_writes_copies():
    tables = {mapper_of(model).local_table for model in COPIES}
    for kind, intake in KINDS.items():
        if kind not in {"products", "stock", "orders", "order_lines"}:
            assert mapper_of(intake.schema.model).local_table not in tables


# ---- the dictionary --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["admin", "the system"])
def test_no_way_changes_an_entry_that_is_not_editable(app, session_of, who):
    before = everything(app)
    with session_of("admin") as (session, actor), working_as(session, SYSTEM if who == "the system" else actor):
        fixed = select(DictionaryEntry).where(DictionaryEntry.is_editable.is_(False))
        for name, value in (("item", "假"), ("is_editable", True), ("is_active", False), ("position", 9)):
            setattr(session.scalars(fixed).first(), name, value)
            with pytest.raises(WrongState):
                session.flush()
            session.rollback()
        session.delete(session.scalars(fixed).first())
        with pytest.raises(WrongState):
            session.flush()
        session.rollback()
        for statement in (update(DictionaryEntry).values(item="假"), delete(DictionaryEntry)):
            with pytest.raises(WrongState):
                session.execute(statement)
    assert everything(app) == before


def test_counting_uses_leaves_the_wall_where_it_was(session_of):
    from app.actions.basedata import uses_of

    with session_of("narrow") as (session, actor):
        entry = session.scalars(select(DictionaryEntry)).first()
        with system(session, "a test"):
            session.scalars(select(Customer)).first().level = entry
            session.flush()
        assert [use.count for use in uses_of(session, entry)] == [1]
        assert session.info["actor"] is actor and session.scalars(select(Customer)).all() == []


def test_a_second_of_the_same_value_is_told_so_though_nobody_saw_the_first(session_of, monkeypatch):
    from app.actions import basedata
    from app.clock import now

    monkeypatch.setattr(basedata, "_refuse_double", lambda *_: None)
    with session_of("admin") as (session, actor):
        values = {"category": "地区", "item": "港澳", "value": "1", "position": None, "is_active": True}
        with pytest.raises(Invalid) as refusal:
            basedata.create_entry(session, values, by=actor, at=now())
        assert "value" in refusal.value.fields


def test_one_that_is_used_at_the_moment_of_its_deletion_stays(session_of, monkeypatch):
    from app.actions import basedata

    with session_of("admin") as (session, actor):
        entry = session.scalars(select(DictionaryEntry).where(DictionaryEntry.item == "西部")).one()
        session.scalars(select(Customer)).first().region = entry
        session.flush()
        monkeypatch.setattr(basedata, "uses_of", lambda *_: [])
        with pytest.raises(WrongState):
            basedata.delete_entry(session, entry, by=actor)
