"""Taking service requests in: states, people, customers by three keys, duplicates, the wall."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale

from app.actions.imports import Report
from app.extensions import db
from app.models import Customer, Priority, ServiceRequest, ServiceRound, ServiceStatus, StatusMove
from tests.actions.test_imports import AT, Office, reasons

KNOWN = "镇江岚砺磨具有限公司"
NUMBER = "KH260302000001"
HEAD = "external_id,customer_number,kind,summary,status,assignee,handling,handled_by,result,satisfaction"
CREATED, ASSIGNED = ServiceStatus.CREATED, ServiceStatus.ASSIGNED
PROCESSED, ARCHIVED = ServiceStatus.PROCESSED, ServiceStatus.ARCHIVED


class Desk(Office):
    """The company, into which a test takes service requests."""

    def __init__(self, session: Any, folder: Path) -> None:
        super().__init__(session, folder)
        self._before |= {model: self._last(model) for model in (ServiceRequest, ServiceRound)}

    def services(self, content: str, **more: Any) -> Report:
        """Take service requests in."""
        return self.take("services", content, **more)


@pytest.fixture
def desk(app: Flask, tmp_path: Path) -> Iterator[Desk]:
    """The company on a fresh database."""
    with app.app_context(), force_locale("en"):
        yield Desk(db.session(), tmp_path)
        db.session.rollback()


def test_every_column_is_read(desk: Desk) -> None:
    head = (
        "外部编号,客户编号,服务类型,概要,服务请求,优先级,状态,创建人,创建时间,分配给,分配时间,服务处理,处理人,处理时间,处理结果,"
        "满意度,归档时间"
    )
    row = (
        f"S1,{NUMBER},投诉,磨具崩边,请派人来看,特急,已归档,supervisor,2026-02-02 09:00,manager_a,2026-02-02 10:00,"
        "更换刀具,manager_a,2026-02-03 15:30,客户认可,★★★★,2026-02-04"
    )
    report = desk.services(f"{head}\n{row}\n")
    assert (report.created, report.failed, report.ignored_columns) == (1, 0, []), report.errors
    [found] = desk.new(ServiceRequest)
    assert (found.external_id, found.customer.number, found.customer_name) == ("S1", NUMBER, KNOWN)
    assert (found.kind.item, found.summary, found.request) == ("投诉", "磨具崩边", "请派人来看")
    assert (found.priority, found.status, found.created_by.username) == (Priority.MOST_URGENT, ARCHIVED, "supervisor")
    assert found.created_on == datetime(2026, 2, 2, 1, tzinfo=UTC)
    assert found.assigned_on == datetime(2026, 2, 2, 2, tzinfo=UTC)
    assert found.handled_on == datetime(2026, 2, 3, 7, 30, tzinfo=UTC)
    assert found.archived_on == datetime(2026, 2, 3, 16, tzinfo=UTC)
    assert (found.assignee.username, found.handled_by.username) == ("manager_a", "manager_a")
    assert (found.handling, found.result, found.satisfaction) == ("更换刀具", "客户认可", 4)
    [judged] = desk.new(ServiceRound)
    assert (judged.request, judged.number, judged.satisfaction) == (found, 1, 4)
    assert (judged.judged_on, judged.handling, judged.result) == (found.archived_on, "更换刀具", "客户认可")


def test_every_status_has_a_history_and_who_has_it(desk: Desk) -> None:
    report = desk.services(
        f"{HEAD}\n"
        f"1,{NUMBER},咨询,a\n"
        f"2,{NUMBER},1,b,assigned,manager_a\n"
        f"3,{NUMBER},建议,c,已处理,,回电说明,manager_a\n"
        f"4,{NUMBER},Complaint,d,archived\n"
        f"5,{NUMBER},咨询,e,Archived,manager_b,上门,,满意,2\n"
    )
    assert (report.created, report.failed) == (5, 0), report.errors
    found = desk.new(ServiceRequest)
    assert [row.status for row in found] == [CREATED, ASSIGNED, PROCESSED, ARCHIVED, ARCHIVED]
    assert [row.assignee and row.assignee.username for row in found] == [None, *["manager_a"] * 2, None, "manager_b"]
    assert [row.handled_by and row.handled_by.username for row in found[2:]] == ["manager_a", None, "manager_b"]
    assert [row.assigned_on for row in found] == [None, AT, AT, None, None]
    assert [row.handled_on for row in found] == [None, None, AT, None, None]
    assert [row.request for row in found] == [""] * 5
    moves = [(move.kind, move.move, move.before, move.after, move.reason) for move in desk.new(StatusMove)]
    assert moves == [("service_requests", "create", None, row.status.value, "Import") for row in found]
    assert desk.new(ServiceRound) == []  # the fifth does not say when it was judged


@pytest.mark.parametrize(
    ("row", "faults"),
    [
        (f"1,{NUMBER},,a", {"kind"}),
        (f"1,{NUMBER},维修,a", {"kind"}),
        (f"1,{NUMBER},咨询,", {"summary"}),
        ("1,,咨询,a", {"customer_number"}),
        ("1,KH0,咨询,a", {"customer_number"}),
        (f"1,{NUMBER},咨询,a,open", {"status"}),
        (f"1,{NUMBER},咨询,a,created,manager_a,x", {"assignee", "handling"}),
        (f"1,{NUMBER},咨询,a,assigned", {"assignee"}),
        (f"1,{NUMBER},咨询,a,assigned,disabled", {"assignee"}),
        (f"1,{NUMBER},咨询,a,assigned,manager_a,x", {"handling"}),
        (f"1,{NUMBER},咨询,a,processed,manager_a", {"handling"}),
        (f"1,{NUMBER},咨询,a,processed,manager_a,x,,好,5", {"result", "satisfaction"}),
        (f"1,{NUMBER},咨询,a,archived,,,,,6", {"satisfaction"}),
        (f"1,{NUMBER},咨询,a,archived,stranger", {"assignee"}),
    ],
)
def test_what_is_wrong_is_told_by_column(desk: Desk, row: str, *, faults: set[str]) -> None:
    report = desk.services(f"{HEAD}\n{row}\n")
    assert (report.failed, {fault.column for fault in report.errors}) == (1, faults), report.errors
    assert desk.new(ServiceRequest) == []


def test_a_customer_is_meant_by_number_then_key_then_exact_name(desk: Desk) -> None:
    known = desk.session.query(Customer).filter_by(number=NUMBER).one()
    known.external_id = "泰州知微生物有限公司"  # the name of the other one, which its own key goes before
    for number in range(2):
        desk.session.add(Customer(number=f"T{number}", name="Twice Ltd"))
    desk.session.flush()
    report = desk.services(
        f"{HEAD}\n1,{NUMBER},咨询,a\n2,泰州知微生物有限公司,咨询,b\n3, ＴＷＩＣＥ  ltd,咨询,c\n4,{KNOWN},咨询,d\n"
    )
    assert [row.customer_id for row in desk.new(ServiceRequest)] == [known.id] * 3
    sentence = "Several customers are called “ＴＷＩＣＥ  ltd”: give the customer number."
    assert reasons(report) == [(4, "customer_number", sentence)]


def test_a_file_taken_in_again_changes_only_what_nobody_has_yet(desk: Desk) -> None:
    desk.services(f"{HEAD}\n1,{NUMBER},咨询,a\n2,{NUMBER},咨询,b,assigned,manager_a\n")
    other = "KH260302000002"
    again = f"{HEAD}\n1,{NUMBER},投诉,a2,archived\n2,{NUMBER},咨询,b\n2,{NUMBER},咨询,b2\n1,{other},咨询,a\n"
    skipped = desk.services(again)
    assert (skipped.skipped, skipped.created) == (4, 0)
    report = desk.services(again, on_duplicate="update")
    assert (report.updated, report.skipped, report.failed) == (1, 1, 2)
    first, second = desk.new(ServiceRequest)
    assert (first.summary, first.kind.item, first.status) == ("a2", "投诉", CREATED)
    assert (second.summary, second.status, second.assignee.username) == ("b", ASSIGNED, "manager_a")
    assert reasons(report) == [
        (4, "", "Only a request that nobody has yet can be changed."),
        (5, "customer_number", "This request belongs to another customer."),
    ]
    assert desk.services(again, on_duplicate="create").created == 4
    assert [row.external_id for row in desk.new(ServiceRequest)] == ["1", "2", None, None, None, None]


def test_who_imports_stays_within_sight_and_write_scope(desk: Desk) -> None:
    head = desk.actor("head_a")  # sees and writes his own department alone
    content = (
        f"{HEAD},created_by\n"
        f"1,{NUMBER},咨询,a\n"
        "2,KH260302000002,咨询,b\n"
        f"3,{NUMBER},咨询,c,assigned,manager_b\n"
        f"4,{NUMBER},咨询,d,created,,,,,,manager_b\n"
        f"5,{NUMBER},咨询,e,assigned,manager_a\n"
    )
    report = desk.services(content, by=head)
    assert (report.created, report.failed) == (2, 3), report.errors
    assert {(fault.row, fault.column) for fault in report.errors} == {
        (3, "customer_number"),
        (4, "assignee"),
        (5, "created_by"),
    }
    assert [row.created_by_id for row in desk.new(ServiceRequest)] == [head.person_id] * 2
