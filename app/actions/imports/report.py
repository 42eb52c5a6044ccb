"""What an import tells: the counts, the rows that did not go in, and why."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from app.errors import DomainError

MOST_TOLD = 1000


class Unusable(DomainError):
    """The file or the map cannot be used at all; the command says so as wrong usage."""

    status = 422
    exit_status = 2


@dataclass(frozen=True)
class Fault:
    """Why a row did not go in: the sheet's number, the field (empty: the whole row), the reason."""

    row: int
    column: str
    reason: str


@dataclass(frozen=True)
class BadRow:
    """A row that did not go in, as it stood in the file."""

    cells: Sequence[str]
    faults: Sequence[Fault]


@dataclass
class Report:
    """The counts of a run, and its first thousand faults. ``failed`` and the other counts are of rows."""

    kind: str
    rows: int = 0
    created: int = 0
    updated: int = 0
    skipped: int = 0
    failed: int = 0
    unmatched: int = 0
    errors: list[Fault] = field(default_factory=list)
    ignored_columns: list[str] = field(default_factory=list)

    @property
    def wrote_nothing(self) -> bool:
        """Whether every row there was failed."""
        return self.failed > 0 and self.failed == self.rows

    def refuse(self, faults: Sequence[Fault]) -> None:
        """Count a row that does not go in, and keep its faults while there is room."""
        self.failed += 1
        self.errors.extend(faults[: MOST_TOLD - len(self.errors)])

    def take_back(self) -> None:
        """Nothing of the run stays: it is undone as a whole."""
        self.created = self.updated = self.unmatched = 0

    def as_json(self) -> dict[str, Any]:
        """The flat object of ``--json``."""
        return asdict(self)
