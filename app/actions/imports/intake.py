"""What every kind of import declares, and the run that takes the rows of a file in."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Any, ClassVar

from marshmallow import ValidationError
from sqlalchemy.orm import Session

from app.actions.imports.columns import RowSchema
from app.actions.imports.directory import Directory
from app.actions.imports.mapping import Plan, Rule, plan_for
from app.actions.imports.report import BadRow, Fault, Report
from app.errors import DomainError, Invalid
from app.i18n import Label, gettext
from app.security.actor import Actor

BATCH = 1000

Values = dict[str, Any]
#: A hard key in the form in which it is compared; a kind with several says which one it is.
Key = str | tuple[str, str]


class OnDuplicate(StrEnum):
    """What to do with a row whose hard key is there already."""

    SKIP = "skip"
    UPDATE = "update"
    CREATE = "create"


class Intake(ABC):
    """Takes rows of one kind in; one object serves one run.

    A new kind is a subclass and its place in ``KINDS``: its name, the right it needs, its columns, the hard
    key by which a row is recognised, and the methods below. None of them commits.
    """

    kind: ClassVar[str]
    right: ClassVar[str]
    schema: ClassVar[type[RowSchema]]
    hard_key: ClassVar[str]

    def __init__(self, session: Session, directory: Directory, *, by: Actor, at: datetime) -> None:
        self.session = session
        self.directory = directory
        self.by = by
        self.at = at
        self.unmatched = 0

    @classmethod
    def plan(cls, headers: Sequence[str], rules: Mapping[str, Rule]) -> Plan:
        """How to read a file of these headers with the rules of its map. Raises Unusable."""
        columns = cls.schema.columns()
        names = {field: column.heads for field, column in columns.items()}
        needed = [field for field, column in columns.items() if column.required]
        return plan_for(headers, names, rules, needed=needed)

    def key_of(self, values: Values) -> str | None:
        """The hard key of a row in the form in which it is compared."""
        return values.get(self.hard_key)

    def keys_of(self, values: Values) -> Sequence[Key]:
        """All hard keys of a row, where there may be several."""
        key = self.key_of(values)
        return () if key is None else (key,)

    @abstractmethod
    def known(self, keys: Collection[Any]) -> Mapping[Any, int]:
        """Which of the hard keys are there already, in sight or not, and whose they are."""

    def look_up(self, rows: Sequence[Values]) -> None:  # noqa: B027  # a kind that needs it overrides it
        """Ask at once for what the rows of a batch refer to."""

    def is_ready(self, values: Values) -> bool:
        """Whether what the row refers to is there; one that is not yet waits for the end of the file."""
        return True

    def fetch(self, row_ids: Collection[int]) -> None:  # noqa: B027  # a kind that needs it overrides it
        """Load rows that are about to be changed, all at once."""

    def admit(self, values: Values) -> None:  # noqa: B027  # a kind that needs it overrides it
        """Raises DomainError when a new row may not come in."""

    def without_key(self, values: Values) -> Values:
        """The values of a row that shall come in although its hard key is there already."""
        return {field: value for field, value in values.items() if field != self.hard_key}

    @abstractmethod
    def enter(self, rows: Sequence[Values]) -> Sequence[int]:
        """Make the new rows and return their keys in the same order; flushes."""

    @abstractmethod
    def change(self, row_id: int, values: Values) -> bool:
        """Change an existing row; returns whether anything is different now. Raises DomainError."""

    def finish(self) -> None:
        """Raises DomainError when all rows together may not stay; flushes."""
        self.session.flush()


@dataclass(frozen=True)
class CheckedRow:
    """A row whose cells are right."""

    number: int
    cells: list[str]
    values: Values


class Run:
    """One run over one file, batch by batch, so that its memory does not depend on the number of rows."""

    def __init__(
        self,
        intake: Intake,
        plan: Plan,
        *,
        on_duplicate: OnDuplicate = OnDuplicate.SKIP,
        tell_bad: Callable[[BadRow], Any] = lambda _row: None,
    ) -> None:
        self.report = Report(intake.kind, ignored_columns=list(plan.ignored))
        self._intake = intake
        self._plan = plan
        self._schema = intake.schema(intake.directory)
        self._on_duplicate = on_duplicate
        self._tell_bad = tell_bad
        self._known: dict[Key, int] = {}
        self._bad: list[BadRow] = []
        self._waiting: list[CheckedRow] = []
        self._waiting_keys: set[Key] = set()
        self._later: list[CheckedRow] = []

    def take_in(self, rows: Iterator[tuple[int, list[str]]]) -> Iterator[int]:
        """Take every row in; tells after each batch how many rows it had."""
        while batch := list(islice(rows, BATCH)):
            self.report.rows += len(batch)
            self._take([row for row in (self._check(number, cells) for number, cells in batch) if row is not None])
            yield len(batch)
        self._take_those_who_waited()
        self._intake.finish()

    def _take(self, rows: Sequence[CheckedRow], *, is_last: bool = False) -> None:
        """Take the rows in that are ready, the last time all of them."""
        self._intake.look_up([row.values for row in rows])
        ready = [row for row in rows if is_last or self._intake.is_ready(row.values)]
        self._later += [row for row in rows if not is_last and not self._intake.is_ready(row.values)]
        self._place_all(ready)
        self._tell_all_bad()

    def _take_those_who_waited(self) -> None:
        """Rows may wait for rows that wait themselves; who then still waits does so in vain."""
        before = -1
        while self._later and len(self._later) != before:
            before, rows, self._later = len(self._later), self._later, []
            for start in range(0, len(rows), BATCH):
                self._take(rows[start : start + BATCH])
        for start in range(0, len(self._later), BATCH):
            self._take(self._later[start : start + BATCH], is_last=True)

    def _place_all(self, rows: Sequence[CheckedRow]) -> None:
        keys = {key for row in rows for key in self._intake.keys_of(row.values)}
        self._known = dict(self._intake.known(keys)) if keys else {}
        if self._on_duplicate is OnDuplicate.UPDATE:
            self._intake.fetch(set(self._known.values()))
        for row in rows:
            try:
                self._place(row)
            except DomainError as refusal:
                self._refuse(row.number, row.cells, _reasons(refusal))
        self._enter_waiting()

    def _check(self, number: int, cells: list[str]) -> CheckedRow | None:
        """The row with its values, or None when it was refused."""
        if any(cells[len(self._plan.headers) :]):
            self._refuse(number, cells, {"": gettext("This row has more cells than there are headers.")})
            return None
        raw, reasons = self._plan.values(cells)
        values: Values = {}
        try:
            values = self._schema.load(raw)
        except ValidationError as error:
            reasons = {field: " ".join(told) for field, told in error.messages_dict.items()} | reasons
        if reasons:
            self._refuse(number, cells, reasons)
            return None
        return CheckedRow(number, cells, values)

    def _place(self, row: CheckedRow) -> None:
        keys = self._intake.keys_of(row.values)
        if not self._waiting_keys.isdisjoint(keys):
            self._enter_waiting()
        found = {self._known[key] for key in keys if key in self._known}
        if len(found) > 1:
            raise Invalid({"": Label("The keys of this row belong to different records.")})
        if found:
            self._meet(row, found.pop())
        else:
            self._intake.admit(row.values)
            self._wait(row)

    def _meet(self, row: CheckedRow, row_id: int) -> None:
        """A row whose hard key is there already."""
        if self._on_duplicate is OnDuplicate.CREATE:
            values = self._intake.without_key(row.values)
            self._intake.admit(values)
            self._wait(CheckedRow(row.number, row.cells, values))
        elif self._on_duplicate is OnDuplicate.UPDATE and self._intake.change(row_id, row.values):
            self.report.updated += 1
        else:
            self.report.skipped += 1

    def _wait(self, row: CheckedRow) -> None:
        """The row goes in with the others of its batch."""
        self._waiting.append(row)
        self._waiting_keys.update(self._intake.keys_of(row.values))

    def _enter_waiting(self) -> None:
        rows, self._waiting = self._waiting, []
        self._waiting_keys.clear()
        if not rows:
            return
        row_ids = self._intake.enter([row.values for row in rows])
        self.report.created += len(rows)
        self.report.unmatched = self._intake.unmatched
        for row, row_id in zip(rows, row_ids, strict=True):
            self._known.update(dict.fromkeys(self._intake.keys_of(row.values), row_id))

    def _refuse(self, number: int, cells: list[str], reasons: Mapping[str, str]) -> None:
        faults = [Fault(number, column, reason) for column, reason in reasons.items()]
        self._bad.append(BadRow(cells, faults))

    def _tell_all_bad(self) -> None:
        """Tell the bad rows of a batch in the order of the sheet, whichever check found them."""
        for row in sorted(self._bad, key=lambda row: row.faults[0].row):
            self.report.refuse(row.faults)
            self._tell_bad(row)
        self._bad.clear()


def _reasons(refusal: DomainError) -> dict[str, str]:
    """Why, by column; a refusal of the whole row has none."""
    if isinstance(refusal, Invalid):
        return {field: str(reason) for field, reason in refusal.fields.items()}
    return {"": str(refusal)}
