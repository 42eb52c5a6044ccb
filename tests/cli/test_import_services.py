"""The real tickets of a service desk: every one goes in through the example's column map, and keeps its minutes."""

import csv
import gzip
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.models import Customer, Priority, ServiceRequest, ServiceRound
from app.reports.services import Turnaround, turnaround
from tests.cli.test_import import EXAMPLES, Run, run, told
from tests.conftest import SHARED

__all__ = ["run"]

TICKETS = SHARED / "data" / "service-tickets" / "incidents.csv.gz"
PART = 2_000
CUSTOMERS, SERVICES = (EXAMPLES / f"service-tickets{part}.toml" for part in ("-customers", ""))
PRIORITIES = {
    "1": Priority.MOST_URGENT,
    "2": Priority.URGENT,
    "3": Priority.NORMAL,
    "4": Priority.NORMAL,
}

pytestmark = pytest.mark.skipif(not TICKETS.is_file(), reason="shared/data/service-tickets is not beside this checkout")


def tickets() -> Iterator[dict[str, str]]:
    """Every ticket as the source has it."""
    with gzip.open(TICKETS, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def minutes(ticket: dict[str, str], until: str) -> int:
    """The minutes from its opening, by the stamps of the file alone."""
    first, last = (datetime.fromisoformat(ticket[name]) for name in ("opened_at", until))
    return (last - first) // timedelta(minutes=1)


@pytest.mark.one_database
def test_every_ticket_goes_in_and_keeps_its_minutes(run: Run, rows: Any, tmp_path: Path) -> None:
    path = tmp_path / "incidents.csv"
    path.write_bytes(gzip.decompress(TICKETS.read_bytes()))
    wanted = list(tickets())
    assert take_in(run, path) == (5_245, 24_918)
    with rows() as session:
        found = check(session, wanted)
        assert (found.count, found.unhandled) == (24_918, 1_556)
        no_caller = session.scalars(select(Customer).where(Customer.name == "Unknown caller")).one()
        assert (no_caller.external_id, len(requests_of(session, no_caller))) == ("unknown", 3)


def test_a_part_of_them_goes_in_and_again_changes_nothing(run: Run, rows: Any, tmp_path: Path) -> None:
    path, wanted = tmp_path / "incidents.csv", list(tickets())[:PART]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(wanted[0]))
        writer.writeheader()
        writer.writerows(wanted)
    assert take_in(run, path)[1] == PART
    with rows() as session:
        first = check(session, wanted)
    again = told(run("import", "services", path, "--map", SERVICES, "--on-duplicate", "update", "--json"))
    assert (again["created"], again["updated"], again["skipped"], again["failed"]) == (0, 0, PART, 0)
    with rows() as session:
        assert check(session, wanted) == first


def take_in(run: Run, path: Path) -> tuple[int, int]:
    """How many customers and how many tickets the example's two maps make of a file; none fails."""
    customers = told(run("import", "customers", path, "--map", CUSTOMERS, "--json"))
    services = told(run("import", "services", path, "--map", SERVICES, "--json"))
    assert (customers["failed"], services["failed"], services["skipped"]) == (0, 0, 0), services["errors"][:3]
    assert customers["rows"] == services["rows"]
    return customers["created"], services["created"]


def check(session: Any, wanted: list[dict[str, str]]) -> Turnaround:
    """Each ticket and all of them together take as many minutes as by the file."""
    found = {row.external_id: row for row in session.scalars(select(ServiceRequest).where(from_file()))}
    assert found.keys() == {ticket["number"] for ticket in wanted}
    for ticket in wanted:
        row = found[ticket["number"]]
        assert (row.archived_on - row.created_on) // timedelta(minutes=1) == minutes(ticket, "closed_at"), ticket
        assert (row.handled_on is None) == (ticket["resolved_at"] == "")
        assert (row.status.value, row.priority) == ("archived", PRIORITIES[ticket["priority"]])
    handled = [ticket for ticket in wanted if ticket["resolved_at"]]
    to_archived = sum(minutes(ticket, "closed_at") for ticket in wanted)
    to_handled = sum(minutes(ticket, "resolved_at") for ticket in handled)
    result = turnaround(session, from_file())
    assert result == Turnaround(len(wanted), len(wanted) - len(handled), to_handled, to_archived)
    judged = select(ServiceRound.id).join(ServiceRound.request).where(from_file())
    assert session.scalars(judged).all() == []  # nobody judged any of them
    return result


def from_file() -> Any:
    """The condition of what was taken in."""
    return ServiceRequest.external_id.is_not(None)


def requests_of(session: Any, customer: Customer) -> list[ServiceRequest]:
    """The requests of a customer."""
    return list(session.scalars(select(ServiceRequest).where(ServiceRequest.customer_id == customer.id)))
