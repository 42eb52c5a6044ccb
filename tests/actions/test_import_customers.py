"""Taking customers and contacts in: keys, groups, states, numbers, the wall, and real files."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale
from sqlalchemy import func, select

from app.actions.customers import next_number
from app.actions.imports import KINDS, Directory, OnDuplicate, Report, Run, open_table, read_map
from app.extensions import db
from app.models import Contact, Customer, CustomerStatus, Gender, NumberSeries, Order, StatusMove
from app.search import found_by
from app.security.actor import SYSTEM, Actor
from app.security.scope import copying, working_as
from tests.actions.test_imports import AT, SHANGHAI, Office, reasons
from tests.conftest import SHARED

CODE, OTHER_CODE = "91110000600037341L", "Y1210703345803917C"


class Desk(Office):
    """The company, into which a test takes customers and contacts."""

    def __init__(self, session: Any, folder: Path) -> None:
        super().__init__(session, folder)
        self._before |= {Contact: self._last(Contact)}

    def customers(self, content: str, **more: Any) -> Report:
        """Take customers in."""
        return self.take("customers", content, **more)

    def mapped(self, kind: str, file: Path, mapping: str, *, on_duplicate: str = "skip", by: Actor = SYSTEM) -> Report:
        """Take a file in by a map."""
        path = self.folder / "map.toml"
        path.write_text(mapping, encoding="utf-8")
        intake = KINDS[kind](self.session, Directory(self.session, SHANGHAI), by=by, at=AT)
        with working_as(self.session, by), open_table(file) as table:
            plan = intake.plan(table.headers, read_map(path, intake.schema.columns()))
            run = Run(intake, plan, on_duplicate=OnDuplicate(on_duplicate))
            assert sum(run.take_in(table.rows)) == run.report.rows
        return run.report


@pytest.fixture
def desk(app: Flask, tmp_path: Path) -> Iterator[Desk]:
    """The company on a fresh database."""
    with app.app_context(), force_locale("en"):
        yield Desk(db.session(), tmp_path)
        db.session.rollback()


# ---- what goes in -----------------------------------------------------------------------------------------

HEAD = (
    "外部编号,客户编号,名称,地区,客户经理,企业客户等级,行业,客户满意度,客户信用度,地址,邮政编码,电话,传真,网址,"
    "营业执照注册号,法人,注册资金（万元）,年营业额（万元）,开户银行,银行账号,地税登记号,国税登记号,状态"
)
ROW = (
    "E1,007,深圳市华强北电子有限公司,华南,manager_a,大客户,Manufacturing,★★★★,５,深圳市福田区１号,518000,"
    '0755-2678 0000,010 6552 9988,www.example.com,9111 0000 6000 37341l,王芳,1234.5678,"2,000",工行深圳分行,'
    "0062,044,055,正常"
)


def test_every_column_is_read(desk: Desk) -> None:
    report = desk.customers(f"{HEAD}\n{ROW}\n")
    assert (report.created, report.failed, report.ignored_columns) == (1, 0, []), report.errors
    [found] = desk.new(Customer)
    assert (found.external_id, found.number, found.name) == ("E1", "007", "深圳市华强北电子有限公司")
    assert (found.region.item, found.level.item, found.industry.item) == ("华南", "大客户", "制造")
    assert (found.manager.username, found.satisfaction, found.credit) == ("manager_a", 4, 5)
    assert (found.postcode, found.phone, found.fax) == ("518000", "0755-26780000", "010-65529988")
    assert (found.phone_key, found.website) == ("+8675526780000", "https://www.example.com")
    assert (found.licence_no, found.legal_representative) == (CODE, "王芳")
    assert (found.registered_capital, found.annual_turnover) == (Decimal("1234.5678"), Decimal(2000))
    assert (found.bank_account, found.local_tax_no, found.national_tax_no) == ("0062", "044", "055")
    assert (found.status, found.created_on) == (CustomerStatus.ACTIVE, AT)


def test_the_english_headers_are_read_too(desk: Desk) -> None:
    fields = "number,name,region,manager,level,satisfaction,credit,address,postcode,phone,fax,website,licence_no"
    more = "legal_representative,registered_capital,annual_turnover,bank,bank_account,local_tax_no,national_tax_no"
    report = desk.customers(f"{fields},{more},industry,parent,status\n1,A\n")
    assert (report.created, report.ignored_columns) == (1, [])
    [found] = desk.new(Customer)
    assert (found.satisfaction, found.credit, found.region_id, found.manager_id) == (3, 3, None, None)


def test_one_is_found_the_moment_it_is_in(desk: Desk) -> None:
    desk.customers("number,name\n1,深圳市华强北电子有限公司\n")
    assert desk.session.scalars(select(Customer.number).where(*found_by(Customer, "hqb"))).all() == ["1"]


def test_states_have_a_history_and_come_only_with_creation(desk: Desk) -> None:
    desk.customers("number,name,status\n1,A,流失\n2,B,deleted\n3,C,\n")
    moves = [(move.kind, move.before, move.after, move.reason) for move in desk.new(StatusMove)]
    assert moves == [("customers", None, after, "Import") for after in ("lost", "deleted", "active")]
    again = desk.customers("number,name,status\n1,Z,正常\n3,Z,流失\n", on_duplicate="update")
    assert (again.updated, again.failed) == (2, 0)
    assert [(row.name, row.status) for row in desk.new(Customer)] == [("Z", "lost"), ("B", "deleted"), ("Z", "active")]


# ---- what does not ----------------------------------------------------------------------------------------

BAD_CELLS = [
    ("name", "", "This field is required."),
    ("name", "x" * 101, "This is 101 characters long; at most 100 fit."),
    ("number", "1" * 18, "This is 18 characters long; at most 17 fit."),
    ("region", "Atlantis", "“Atlantis” is not in the dictionary under “Region”."),
    ("satisfaction", "6", "This needs one of: 1, ★, 2, ★★"),
    ("phone", "123", "This phone number does not exist"),
    ("website", "ftp://x.cn", "A web address begins with"),
    ("licence_no", "911100006000373419", "This is no valid unified social credit code"),
    ("registered_capital", "1.23456", "This amount has too many decimals."),
    ("registered_capital", "-1", "This amount cannot be negative."),
    ("manager", "stranger", "There is no user “stranger”."),
    ("manager", "disabled", "This person is disabled."),
    ("parent", "KH0", "There is no customer KH0"),
    ("status", "gone", "This needs one of: 正常, normal, 流失, lost"),
]


@pytest.mark.parametrize(("field", "cell", "reason"), BAD_CELLS)
def test_a_bad_cell_keeps_its_row_out(desk: Desk, field: str, cell: str, reason: str) -> None:
    fields = {"name": "A", "bank": "B"} | {field: cell}
    report = desk.customers(f"{','.join(fields)}\n{','.join(fields.values())}\nFine\n")
    [(row, column, told)] = reasons(report)
    assert (row, column) == (2, field) and told.startswith(reason)
    assert (report.rows, report.created, report.failed) == (2, 1, 1)


def test_a_chinese_address_needs_six_digits(desk: Desk) -> None:
    report = desk.customers("name,address,postcode\nA,人民路 1 号,5180\nB,Obere Str. 57,05021\nC,,5180\n")
    assert [(row, column) for row, column, _ in reasons(report)] == [(2, "postcode")]
    assert [row.postcode for row in desk.new(Customer)] == ["05021", "5180"]


# ---- keys -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["number", "external_id", "licence_no"])
def test_each_hard_key_recognises_a_customer(desk: Desk, key: str) -> None:
    head, value = f"{key},name", {"licence_no": CODE}.get(key, "K1")
    assert desk.customers(f"{head}\n{value},A\n{value},B\n").skipped == 1
    again = desk.customers(f"{head}\n{value},C\n", on_duplicate="update")
    assert (again.created, again.updated) == (0, 1)
    assert [row.name for row in desk.new(Customer)] == ["C"]
    more = desk.customers(f"{head}\n{value},D\n", on_duplicate="create")
    assert more.created == 1
    assert [(row.name, row.number != "K1") for row in desk.new(Customer)][1] == ("D", True)


def test_an_old_licence_number_is_no_key(desk: Desk) -> None:
    assert desk.customers("licence_no,name\n1234,A\n1234,B\n").created == 2


def test_keys_of_two_customers_are_refused(desk: Desk) -> None:
    desk.customers("number,external_id,name\n1,E1,A\n2,E2,B\n")
    report = desk.customers("number,external_id,name\n1,E2,C\n", on_duplicate="update")
    assert reasons(report) == [(2, "", "The keys of this row belong to different records.")]


def test_an_update_leaves_what_the_file_does_not_tell(desk: Desk) -> None:
    desk.customers("number,name,address,manager,phone\n1,A,Road,manager_a,13800138000\n")
    report = desk.customers(
        "number,name,address,manager,external_id\n1,B,,manager_b,E1\n1,B,,,\n", on_duplicate="update"
    )
    assert (report.updated, report.skipped) == (1, 1)
    [found] = desk.new(Customer)
    assert (found.name, found.address, found.phone, found.external_id) == ("B", "Road", "13800138000", "E1")
    assert (found.manager.username, found.version) == ("manager_a", 2)


# ---- numbers ----------------------------------------------------------------------------------------------


def test_who_has_no_number_gets_the_next_and_a_given_one_is_passed_over(desk: Desk) -> None:
    rows = "KH260301000007,A\n,B\n,C\nKH260301000003,D\nKH250101000009,E\nK-9,F\n,G\n"
    desk.customers(f"number,name\n{rows}")
    numbers = [(row.name, row.number) for row in desk.new(Customer)]
    assert numbers == [
        *(("A", "KH260301000007"), ("B", "KH260301000008"), ("C", "KH260301000009"), ("D", "KH260301000003")),
        *(("E", "KH250101000009"), ("F", "K-9"), ("G", "KH260301000010")),
    ]
    assert next_number(desk.session, date(2026, 3, 1)) == "KH260301000011"
    assert next_number(desk.session, date(2025, 1, 1)) == "KH250101000010"
    assert desk.session.get(NumberSeries, "K-9") is None


# ---- groups -----------------------------------------------------------------------------------------------


def test_a_parent_may_stand_further_down(desk: Desk) -> None:
    desk.customers("number,name\n0,Top\n")
    report = desk.customers("number,name,parent\n3,C,2\n2,B,1\n1,A,0\n4,D,1\n5,E,5\n6,F,7\n7,G,6\n8,H,9\n")
    told = "There is no customer {}, or the companies above it lead back to this one."
    assert reasons(report) == [(row, "parent", told.format(key)) for row, key in ((6, 5), (7, 7), (8, 6), (9, 9))]
    parents = {row.number: row.parent.number if row.parent else None for row in desk.new(Customer)}
    assert parents == {"0": None, "1": "0", "2": "1", "3": "2", "4": "1"}


def test_a_group_is_never_a_circle(desk: Desk) -> None:
    desk.customers("number,name,parent\n1,A,\n2,B,1\n3,C,2\n")
    report = desk.customers("number,name,parent\n1,A,3\n3,C,1\n", on_duplicate="update")
    assert [(row, column) for row, column, _ in reasons(report)] == [(2, "parent")]
    assert report.updated == 1


# ---- in somebody's name -----------------------------------------------------------------------------------


def test_who_imports_is_the_account_manager_unless_another_is_named(desk: Desk) -> None:
    head = desk.actor("head_a")
    rows = "A,\nB,manager_a\nC,manager_b\n"
    report = desk.customers(f"name,manager\n{rows}", by=head)
    assert reasons(report) == [(4, "manager", "This person is outside your write scope.")]
    found = desk.new(Customer)
    assert [(row.manager.username, row.created_by.username) for row in found] == [
        ("head_a", "head_a"),
        ("manager_a", "head_a"),
    ]


def test_an_update_is_for_who_could_edit(desk: Desk) -> None:
    desk.customers("number,name,manager\n1,A,manager_a\n2,B,manager_b\n3,C,manager_a\n")
    supervisor = desk.actor("supervisor")
    report = desk.customers("number,name\n1,Z\n", by=supervisor, on_duplicate="update")
    assert reasons(report) == [(2, "", "You do not have the right to do this.")]
    manager = desk.actor("manager_a")
    mine = desk.customers("number,name\n1,Z\n2,Z\n", by=manager, on_duplicate="update")
    assert (mine.updated, mine.failed) == (1, 1)
    assert [row.name for row in desk.new(Customer)] == ["Z", "B", "C"]


def test_what_is_out_of_sight_is_met_but_neither_told_nor_changed(desk: Desk) -> None:
    desk.customers("number,name,manager\n1,Hidden,manager_b\n")
    head = desk.actor("head_a")
    content = "number,name,parent\n1,Z,\n2,Mine,1\n"
    assert desk.customers(content, by=head).skipped == 1
    report = desk.customers(content, by=head, on_duplicate="update")
    assert [row for row, _, _ in reasons(report)] == [2, 3]
    assert "Hidden" not in str(report.errors)
    assert [row.name for row in desk.new(Customer)] == ["Hidden"]


# ---- contacts ---------------------------------------------------------------------------------------------


def test_every_column_of_a_contact_is_read(desk: Desk) -> None:
    desk.customers("number,name\n007,A\n")
    head = "外部编号,客户编号,姓名,性别,职位,办公电话,手机,邮箱,生日,备注"
    row = "C1,007,王芳,女,采购经理,0755-26780000,138 0013 8000,w@example.com,1990年2月3日,老客户"
    report = desk.take("contacts", f"{head}\n{row}\n,007,李雷,,,,,,,\n")
    assert (report.created, report.failed, report.ignored_columns) == (2, 0, []), report.errors
    first, second = desk.new(Contact)
    assert (first.name, first.gender, first.position, first.birthday) == (
        "王芳",
        Gender.FEMALE,
        "采购经理",
        date(1990, 2, 3),
    )
    assert (first.office_phone, first.mobile, first.phone_key) == ("0755-26780000", "13800138000", "+8613800138000")
    assert (first.email, first.memo, first.external_id) == ("w@example.com", "老客户", "C1")
    assert [row.is_first for row in (first, second)] == [True, False]
    assert (second.gender, second.phone_key) == (Gender.MALE, None)


@pytest.mark.parametrize(
    ("field", "cell"),
    [("customer_number", "9"), ("name", ""), ("mobile", "0755-26780000"), ("email", "x"), ("birthday", "2199-01-01")],
)
def test_a_contact_with_a_bad_cell_stays_out(desk: Desk, field: str, cell: str) -> None:
    desk.customers("number,name\n1,A\n")
    fields = {"customer_number": "1", "name": "王芳"} | {field: cell}
    report = desk.take("contacts", f"{','.join(fields)}\n{','.join(fields.values())}\n")
    assert [(row, column) for row, column, _ in reasons(report)] == [(2, field)]


def test_contacts_are_met_by_their_external_key(desk: Desk) -> None:
    desk.customers("number,name\n1,A\n2,B\n")
    content = "external_id,customer_number,name,office_phone,mobile\nC1,1,王芳,,13800138000\n"
    assert desk.take("contacts", content).created == 1
    assert desk.take("contacts", content).skipped == 1
    update = "external_id,customer_number,name,office_phone\nC1,1,王芳菲,0755-26780000\nC1,2,王芳,\n"
    report = desk.take("contacts", update, on_duplicate="update")
    assert (report.updated, reasons(report)) == (
        1,
        [(3, "customer_number", "This contact belongs to another customer.")],
    )
    [found] = desk.new(Contact)
    assert (found.name, found.mobile, found.phone_key) == ("王芳菲", "13800138000", "+8613800138000")


def test_contacts_come_to_customers_within_the_write_scope(desk: Desk) -> None:
    desk.customers(
        "number,name,manager,status\n1,A,manager_a,\n2,B,manager_b,\n3,C,manager_a,deleted\n4,D,manager_a,lost\n"
    )
    content = "external_id,customer_number,name\n" + "".join(f"C{key},{key},王芳\n" for key in range(1, 5))
    report = desk.take("contacts", content, by=desk.actor("head_a"))
    assert [(row, column) for row, column, _ in reasons(report)] == [(3, "customer_number"), (4, "customer_number")]
    again = desk.take("contacts", content.replace("王芳", "李雷"), by=desk.actor("supervisor"), on_duplicate="update")
    assert (again.created, again.updated) == (1, 0)
    mine = desk.take("contacts", content.replace("王芳", "李雷"), by=desk.actor("manager_a"), on_duplicate="update")
    assert (mine.updated, mine.failed) == (2, 2)


# ---- real files -------------------------------------------------------------------------------------------


def file_of(*parts: str) -> Path:
    """A real file; the test is left out where it is not."""
    path = SHARED.joinpath("data", *parts)
    if not path.exists():
        pytest.skip("the file is not here")
    return path


NORTHWIND = """
number = "CustomerID"
name = "CompanyName"
address = { template = "{Address}, {PostalCode} {City}, {Country}" }
postcode = "PostalCode"
region = { constant = "" }
phone = { constant = "" }
fax = { constant = "" }
"""
PEOPLE = """
external_id = "CustomerID"
customer_number = "CustomerID"
name = "ContactName"
position = "ContactTitle"
"""


def test_northwind(desk: Desk) -> None:
    path = file_of("northwind", "customers.csv")
    report = desk.mapped("customers", path, NORTHWIND)
    assert (report.rows, report.created, report.failed) == (91, 91, 0), report.errors
    people = desk.mapped("contacts", path, PEOPLE)
    assert (people.created, people.failed) == (91, 0), people.errors
    found = {row.number: row for row in desk.new(Customer)}
    assert found["BLONP"].name == "Blondesddsl père et fils"
    assert (found["ANATR"].postcode, found["ANATR"].contacts[0].name) == ("05021", "Ana Trujillo")
    assert found["ANATR"].address == "Avda. de la Constitución 2222, 05021 México D.F., Mexico"
    again = desk.mapped("customers", path, NORTHWIND, on_duplicate="update")
    assert (again.updated, again.skipped) == (0, 91)
    names = desk.session.scalars(select(Customer.name).where(*found_by(Customer, "pere fils"))).all()
    assert names == ["Blondesddsl père et fils"]


def test_five_thousand_chinese_companies(desk: Desk) -> None:
    mapping = 'number = "customer_no"\nlicence_no = "uscc"\nindustry = { constant = "" }\n'
    path = file_of("cn-company-names", "demo_customers.csv")
    report = desk.mapped("customers", path, mapping)
    assert (report.rows, report.created, report.failed) == (5_000, 5_000, 0), report.errors[:3]
    found = desk.session.scalars(select(Customer).where(Customer.licence_no == OTHER_CODE)).one()
    assert (found.number, found.name) == ("C00001", "锦州糖乐乐生物科技有限公司")
    again = desk.mapped("customers", path, mapping.replace('"customer_no"', '{ constant = "" }'))
    assert (again.created, again.skipped) == (0, 5_000)


@pytest.mark.one_database
def test_five_thousand_companies_of_the_world(desk: Desk) -> None:
    mapping = 'external_id = "lei"\nname = "legal_name"\n'
    path = file_of("intl-company-names", "companies.csv")
    report = desk.mapped("customers", path, mapping)
    assert report.rows == 5_000
    assert {fault.reason[:4] for fault in report.errors} <= {"This"}, report.errors[:3]
    assert report.created > 4_980
    held = desk.session.scalar(select(func.count()).select_from(Customer).where(Customer.number.like("KH260301%")))
    assert held == report.created


# ---- orders that waited -----------------------------------------------------------------------------------


def test_orders_that_waited_for_a_customer_join_it(desk: Desk) -> None:
    order = Order(number="O1", customer_number="1", ordered_on=date(2026, 1, 1), source="test")
    with copying(desk.session):
        desk.session.add(order)
    desk.customers("number,name\n1,A\n")
    desk.session.refresh(order)
    assert order.customer_id == desk.new(Customer)[0].id


def test_the_moment_of_the_file_is_that_of_its_customers(desk: Desk) -> None:
    desk.customers("name\nA\n")
    assert desk.new(Customer)[0].created_on == AT == datetime.fromisoformat("2026-03-01T12:00+08:00")
