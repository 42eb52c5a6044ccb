"""Taking rows of files in: checks per cell, duplicates, the wall, and what is written."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask_babel import force_locale
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.actions.imports import KINDS, Directory, OnDuplicate, Report, Run, open_table
from app.errors import DomainError
from app.extensions import db
from app.models import Customer, Department, Employee, Opportunity, OpportunityStatus, StatusMove
from app.models.org import Role
from app.security.actor import SYSTEM, Actor, load_actor
from app.security.scope import working_as

SHANGHAI = ZoneInfo("Asia/Shanghai")
AT = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
HEAD = "external_id,customer_name,summary,status,assignee"


class Office:
    """The cast's company, into which a test takes files; its sentences are in English."""

    def __init__(self, session: Session, folder: Path) -> None:
        self.session, self.folder = session, folder
        session.info["actor"] = SYSTEM
        self._before: dict[Any, int] = {
            model: self._last(model) for model in (Customer, Department, Employee, Opportunity, StatusMove)
        }

    def _last(self, model: Any) -> int:
        return self.session.scalar(select(func.max(model.id))) or 0

    def new(self, model: Any) -> list[Any]:
        """The rows that were not there at first, as the database has them."""
        self.session.flush()
        self.session.expire_all()
        statement = select(model).where(model.id > self._before[model]).order_by(model.id)
        return list(self.session.scalars(statement))

    def person(self, username: str) -> Employee:
        """Somebody by user name."""
        return self.session.scalars(select(Employee).where(Employee.username == username)).one()

    def hire(self, username: str, role: str, **more: Any) -> None:
        """A new person of a role."""
        roles = [self.session.scalars(select(Role).where(Role.name == role)).one()]
        names = {"first_name": "", "last_name": "", "email": f"{username}@example.com"} | more
        self.session.add(Employee(username=username, roles=roles, **names))
        self.session.flush()

    def actor(self, username: str) -> Actor:
        """The actor of somebody."""
        return load_actor(self.session, self.person(username))

    def take(
        self,
        kind: str,
        content: str | bytes,
        *,
        by: Actor = SYSTEM,
        on_duplicate: str = "skip",
    ) -> Report:
        """Take a file in."""
        path = self.folder / "rows.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        with working_as(self.session, by), open_table(path) as table:
            intake = KINDS[kind](self.session, Directory(self.session, SHANGHAI), by=by, at=AT)
            run = Run(intake, intake.plan(table.headers, {}), on_duplicate=OnDuplicate(on_duplicate))
            assert sum(run.take_in(table.rows)) == run.report.rows
        return run.report


@pytest.fixture
def office(app: Flask, tmp_path: Path) -> Iterator[Office]:
    """The company on a fresh database."""
    with app.app_context(), force_locale("en"):
        yield Office(db.session(), tmp_path)
        db.session.rollback()


def reasons(report: Report) -> list[tuple[int, str, str]]:
    """The faults as plain tuples."""
    return [(fault.row, fault.column, fault.reason) for fault in report.errors]


@contextmanager
def refused(part: str) -> Iterator[None]:
    """The block is refused with a sentence that has ``part`` in it."""
    with pytest.raises(DomainError) as caught:
        yield
    assert part in str(caught.value)


# ---- what goes in -----------------------------------------------------------------------------------------


def test_every_column_is_read(office: Office) -> None:
    head = (
        "外部编号,机会来源,客户名称,成功机率（%）,概要,联系人,联系人电话,机会描述,地区,行业,预计金额（元）,预计成交日期,"
        "创建人,创建时间,指派给,指派时间,状态,终止原因,结束时间,无名"
    )
    row = (
        'X1,展会,华强电子,４０,采购,王芳,138 0013 8000,"多\n行",华南,Manufacturing,"1,234.5",2026/4/1,'
        "supervisor,2026年2月3日,林知远,2026-02-04 09:30,开发失败,太贵,2026-02-05T10:00:00Z,?"
    )
    report = office.take("opportunities", f"{head}\n{row}\n")
    assert (report.created, report.failed, report.ignored_columns) == (1, 0, ["无名"]), report.errors
    [found] = office.new(Opportunity)
    assert (found.external_id, found.source, found.customer_name) == ("X1", "展会", "华强电子")
    assert (found.probability, found.contact_phone, found.description) == (40, "13800138000", "多\n行")
    assert (found.region.item, found.industry.item) == ("华南", "制造")
    assert (found.expected_amount, found.expected_close_on) == (Decimal("1234.50"), date(2026, 4, 1))
    assert (found.created_by.username, found.assignee.username) == ("supervisor", "manager_a")
    assert found.created_on == datetime(2026, 2, 3, tzinfo=SHANGHAI)
    assert found.assigned_on == datetime(2026, 2, 4, 9, 30, tzinfo=SHANGHAI)
    assert found.closed_on == datetime(2026, 2, 5, 10, tzinfo=UTC)
    assert (found.status, found.close_reason) == (OpportunityStatus.FAILED, "太贵")
    assert (found.phone_key, found.name_key) == ("+8613800138000", "华强电子")


def test_each_row_begins_its_history(office: Office) -> None:
    office.take("opportunities", f"{HEAD}\n1,A,s,assigned,manager_a\n2,B,s,,\n")
    moves = office.new(StatusMove)
    assert [(move.move, move.before, move.after, move.reason) for move in moves] == [
        ("create", None, "assigned", "Import"),
        ("create", None, "unassigned", "Import"),
    ]
    assert {move.at for move in moves} == {AT}


def test_what_the_file_leaves_out_is_empty_or_of_this_moment(office: Office) -> None:
    office.take("opportunities", f"{HEAD}\n,A,s,assigned,manager_a\n,B,s,succeeded,manager_a\n,C,s,,\n")
    open_one, won, new = office.new(Opportunity)
    assert (open_one.assigned_on, won.assigned_on, new.created_on) == (AT, None, AT)
    assert (new.probability, new.description, new.created_by_id, new.external_id) == (0, "", None, None)


def test_success_links_to_the_one_customer_of_that_name(office: Office) -> None:
    names = enumerate(["One", "Two", "Two"])
    office.session.add_all(Customer(number=str(place), name=name) for place, name in names)
    office.session.flush()
    rows = (("ＯＮＥ", "succeeded"), ("Two", "succeeded"), ("None", "succeeded"), ("One", "failed"))
    lines = "\n".join(f",{name},s,{status},manager_a" for name, status in rows)
    report = office.take("opportunities", f"{HEAD}\n{lines}")
    assert (report.created, report.unmatched) == (4, 2)
    linked = [row.customer.name if row.customer else None for row in office.new(Opportunity)]
    assert linked == ["One", None, None, None]
    assert len(office.new(Customer)) == 3


# ---- what does not ------------------------------------------------------------------------------------------

BAD_CELLS = [
    ("customer_name", "", "This field is required."),
    ("customer_name", "x" * 101, "This is 101 characters long; at most 100 fit."),
    ("customer_name", "<script>alert(1)</script>", "A name cannot hold HTML tags."),
    ("customer_name", "Firma 😀", "A name cannot hold emoji or pictures."),
    ("customer_name", "A\x00B", "This text holds characters that cannot be stored."),
    ("customer_name", '"A\nB"', "This text holds characters that cannot be stored."),
    ("summary", "A\x07", "This text holds characters that cannot be stored."),
    ("description", "A\x1b", "This text holds characters that cannot be stored."),
    ("probability", "101", "This needs a whole number from 0 to 100."),
    ("probability", "-1", "This needs a whole number from 0 to 100."),
    ("probability", "0.5", "This needs a whole number from 0 to 100."),
    ("contact_phone", "12ab", "A phone number has digits only, for example 13800138000 or 0755-26780000."),
    ("region", "Atlantis", "“Atlantis” is not in the dictionary under “Region”."),
    ("expected_amount", "abc", "Not a valid decimal value."),
    ("expected_amount", '"12,34"', "Not a valid decimal value."),
    ("expected_amount", "1E3", "Not a valid decimal value."),
    ("expected_amount", "-1", "This amount cannot be negative."),
    ("expected_amount", "1.234", "This amount has too many decimals."),
    ("expected_amount", "1000000000000", "This amount is too large."),
    ("expected_close_on", "2026-02-30", "This needs a date such as 2026-03-01, with or without a time."),
    ("expected_close_on", "3/1/2026", "This needs a date such as 2026-03-01, with or without a time."),
    ("created_on", "0001-01-01", "This date is too far away."),
    ("created_by", "stranger", "There is no user “stranger”."),
    (
        "status",
        "won",
        "This needs one of: 未指派, unassigned, 已指派, assigned, 开发成功, succeeded, 开发失败, failed",
    ),
    ("status", "assigned", "An opportunity in this status needs an assignee."),
    ("assignee", "manager_a", "This must be empty in this status."),
    ("closed_on", "2026-01-01", "This must be empty in this status."),
    ("close_reason", "why", "This must be empty in this status."),
]


@pytest.mark.parametrize(("field", "cell", "reason"), BAD_CELLS)
def test_a_bad_cell_keeps_its_row_out(office: Office, field: str, cell: str, reason: str) -> None:
    good = {"customer_name": "A", "summary": "s"}
    fields = good | {field: cell}
    content = f"{','.join(fields)}\n{','.join(fields.values())}\nFine,fine\n"
    report = office.take("opportunities", content)
    column = "assignee" if cell == "assigned" else field
    assert reasons(report) == [(2, column, reason)]
    assert (report.rows, report.created, report.failed) == (2, 1, 1)


def test_an_open_opportunity_goes_to_nobody_disabled(office: Office) -> None:
    report = office.take("opportunities", f"{HEAD}\n1,A,s,assigned,disabled\n2,B,s,failed,disabled\n")
    assert reasons(report) == [(2, "assignee", "This person is disabled.")]
    assert report.created == 1


def test_a_name_that_two_people_have_needs_the_user_name(office: Office) -> None:
    office.hire("manager_c", "Account manager", last_name="林", first_name="知远")
    report = office.take("opportunities", f"{HEAD}\n1,A,s,assigned,林知远\n2,A,s,assigned,MANAGER_A\n")
    assert reasons(report) == [(2, "assignee", "Several people are called “林知远”: give the user name.")]


def test_rows_keep_the_numbers_of_the_sheet(office: Office) -> None:
    report = office.take("opportunities", 'customer_name,summary\n\n"A","x\ny"\n,s\n\nB,s,more\nC,s,,\n')
    assert [(fault.row, fault.column) for fault in report.errors] == [
        (3, "summary"),
        (4, "customer_name"),
        (6, ""),
    ]
    assert (report.rows, report.created) == (4, 1)


# ---- duplicates -----------------------------------------------------------------------------------------------


def test_taken_in_again_nothing_changes(office: Office) -> None:
    content = f"{HEAD}\n1,A,s,assigned,manager_a\n2,B,s,,\n2,C,s,,\n"
    assert office.take("opportunities", content).created == 2
    again = office.take("opportunities", content.replace("A,s", "Z,s"))
    assert (again.created, again.updated, again.skipped, again.failed) == (0, 0, 3, 0)
    assert [row.customer_name for row in office.new(Opportunity)] == ["A", "B"]
    assert len(office.new(StatusMove)) == 2


def test_an_update_changes_only_what_may_still_be_edited(office: Office) -> None:
    office.take("opportunities", f"{HEAD}\n1,A,s,assigned,manager_a\n2,B,s,,\n3,C,s,,\n")
    head = "external_id,customer_name,summary,status,assignee,created_by"
    rows = "1,Z,s,assigned,manager_a,\n2,Z,s,failed,manager_b,manager_b\n3,C,s,,,\n4,D,s,,,\n4,E,s,,,\n"
    report = office.take("opportunities", f"{head}\n{rows}", on_duplicate="update")
    assert (report.created, report.updated, report.skipped) == (1, 2, 1)
    assert reasons(report) == [(2, "", "Only an unassigned opportunity can be changed.")]
    found = office.new(Opportunity)
    assert [row.customer_name for row in found] == ["A", "Z", "C", "E"]
    assert (found[1].status, found[1].assignee_id, found[1].created_by_id) == ("unassigned", None, None)
    assert [row.version for row in found[1:3]] == [2, 1]


def test_create_makes_another_without_the_key(office: Office) -> None:
    office.take("opportunities", f"{HEAD}\n1,A,s,,\n")
    report = office.take("opportunities", f"{HEAD}\n1,A,s,,\n", on_duplicate="create")
    assert report.created == 1
    assert [row.external_id for row in office.new(Opportunity)] == ["1", None]


def test_duplicates_are_found_beyond_one_batch(office: Office) -> None:
    rows = "".join(f"{place % 1500},A,s,,\n" for place in range(3000))
    report = office.take("opportunities", f"{HEAD}\n{rows}")
    assert (report.created, report.skipped) == (1500, 1500)


# ---- in somebody's name -----------------------------------------------------------------------------------------


def test_a_supervisor_hands_out_within_his_scope_only(office: Office) -> None:
    head = office.actor("head_a")
    report = office.take(
        "opportunities", f"{HEAD}\n1,A,s,assigned,manager_a\n2,B,s,assigned,manager_b\n3,C,s,,\n", by=head
    )
    assert reasons(report) == [(3, "assignee", "This person is outside your write scope.")]
    assert {row.created_by_id for row in office.new(Opportunity)} == {head.person_id}
    assert {move.by_id for move in office.new(StatusMove)} == {head.person_id}


def test_an_update_needs_the_right_to_edit(office: Office) -> None:
    office.take("opportunities", f"{HEAD}\n1,A,s,,\n")
    supervisor = office.actor("supervisor")
    poor = replace(supervisor, rights=frozenset({"opportunities.import"}))
    report = office.take("opportunities", f"{HEAD}\n1,B,s,,\n", by=poor, on_duplicate="update")
    assert reasons(report) == [(2, "", "You do not have the right to do this.")]


# ---- people -----------------------------------------------------------------------------------------------------


def test_people_come_with_departments_roles_and_territories(office: Office) -> None:
    head = "用户名,姓,名,邮箱,部门,角色,负责分区,行业特长,启用"
    rows = (
        "wang,王,芳,w@example.com,华东/一组,客户经理；销售主管,华南;North China,制造,\n"
        "li,李,雷,,一组,Executive,,,停用\n"
    )
    report = office.take("users", f"{head}\n{rows}".encode("gb18030"))
    assert (report.created, report.failed) == (2, 0), report.errors
    wang, li = office.new(Employee)
    root, team = office.new(Department)
    assert (root.path, team.path, team.parent_id) == (f"/{root.id}/", f"/{root.id}/{team.id}/", root.id)
    assert (wang.full_name, wang.email, wang.department_id) == ("王芳", "w@example.com", team.id)
    assert {role.name for role in wang.roles} == {"Account manager", "Sales supervisor"}
    assert {entry.item for entry in wang.regions} == {"华南", "华北"}
    assert (li.email, li.active, li.department_id) == ("li@localhost.invalid", False, team.id)
    assert li.password == "!"


BAD_PEOPLE = [
    ("username", "a b", "A user name has no spaces."),
    ("username", "a" * 65, "This is 65 characters long; at most 64 fit."),
    ("email", "nomail", "This is not a mail address."),
    ("email", "MANAGER_A@example.com", "Somebody else has this mail address."),
    ("department", "A//B", "A department is at most 10 names"),
    ("roles", "King", "There is no role “King”."),
    ("enabled", "perhaps", "This needs one of: 是, yes, 否, no"),
]


@pytest.mark.parametrize(("field", "cell", "reason"), BAD_PEOPLE)
def test_a_person_with_a_bad_cell_stays_out(office: Office, field: str, cell: str, reason: str) -> None:
    fields = {"username": "new"} | {field: cell}
    report = office.take("users", f"{','.join(fields)}\n{','.join(fields.values())}\n")
    [(row, column, told)] = reasons(report)
    assert (row, column) == (2, field)
    assert told.startswith(reason)


def test_an_update_of_people_leaves_what_the_file_does_not_tell(office: Office) -> None:
    content = "username,email,roles,enabled\nMANAGER_A,a@example.org,,\nmanager_b,,,no\ndisabled,,,\n"
    report = office.take("users", content, on_duplicate="update")
    assert (report.updated, report.skipped) == (2, 1)
    office.session.expire_all()
    first = office.person("manager_a")
    assert (first.email, [role.name for role in first.roles]) == (
        "a@example.org",
        ["Account manager"],
    )
    assert office.person("manager_b").active is False
    again = office.take("users", "username\nmanager_a\n", on_duplicate="create")
    assert reasons(again) == [(2, "username", "This user name is taken.")]


def test_nobody_gives_more_than_he_has(office: Office) -> None:
    rows = "new,Administrator\nmanager_a,Sales supervisor\nnew2,Executive\nnew3,Account manager\n"
    supervisor = office.actor("supervisor")
    report = office.take("users", f"username,roles\n{rows}", by=supervisor, on_duplicate="update")
    beyond = "These roles go beyond your own rights."
    # An executive reviews management reports, which a supervisor does not.
    assert reasons(report) == [(row, "roles", beyond) for row in (2, 3, 4, 5)]


def test_a_refused_person_leaves_nothing_behind(office: Office) -> None:
    bad = "a,x@example.com,King,\nb,manager_a@example.com,,Lost\nc,y@example.com,,A//B\n"
    rows = f"{bad}d,x@example.com,,\ne,y@example.com,,\n"
    report = office.take("users", f"username,email,roles,department\n{rows}")
    assert [fault.row for fault in report.errors] == [2, 3, 4]
    assert [person.username for person in office.new(Employee)] == ["d", "e"]
    assert office.new(Department) == []


def test_the_last_administrator_stays(office: Office) -> None:
    with refused("leave one administrator"):
        office.take("users", "username,enabled\nadmin,no\n", on_duplicate="update")


def test_a_department_name_that_two_have_needs_its_path(office: Office) -> None:
    content = "username,department\na,总部/一部/销售\nb,总部/二部/销售\nc,销售\n"
    report = office.take("users", content)
    assert [fault.column for fault in report.errors] == ["department"]
    assert report.created == 2
