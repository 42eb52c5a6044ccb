"""What was measured, as a table for people and as JSON for programs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.measures import Measured
from bench.rows import Row

HEAD = ("name", "value", "unit", "limit", "ok", "baseline")


@dataclass(frozen=True)
class Line:
    """One row as measured on one kind of database."""

    backend: str
    row: Row
    measured: Measured

    @property
    def name(self) -> str:
        """Which row, and where."""
        return f"{self.backend}: {self.row.name}"

    @property
    def is_ok(self) -> bool:
        """Red only when the figure lies above its limit even at the least."""
        return self.measured.lower <= self.row.limit

    def as_json(self) -> dict[str, Any]:
        """The row for programs."""
        return {
            "name": f"{self.name} ({self.row.unit})",
            "value": round(self.measured.value, 3),
            "unit": self.row.unit,
            "limit": self.row.limit,
            "ok": self.is_ok,
            "baseline": None if self.measured.baseline is None else round(self.measured.baseline, 3),
        }

    def as_cells(self) -> tuple[str, ...]:
        """The row for people; ``near`` is a figure over its limit that the noise of the machine may explain."""
        is_near = self.is_ok and self.measured.value > self.row.limit
        missed = "open" if self.row.is_open else "NO"
        verdict = "near" if is_near else "yes" if self.is_ok else missed
        baseline = "" if self.measured.baseline is None else _short(self.measured.baseline)
        return (
            self.name,
            _short(self.measured.value),
            self.row.unit,
            _short(self.row.limit),
            verdict,
            f"{baseline} {self.measured.baseline_unit or self.row.unit}",
        )


def _short(number: float) -> str:
    return f"{number:.0f}" if number == int(number) else f"{number:.2f}" if number < 10 else f"{number:.1f}"


def table(lines: Sequence[Line]) -> str:
    """The lines under their heads."""
    cells = [HEAD, *(line.as_cells() for line in lines)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(HEAD))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def write_json(lines: Sequence[Line], path: Path) -> None:
    """Keep the lines in a file, whose folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps([line.as_json() for line in lines], ensure_ascii=False, indent=2)
    path.write_text(f"{text}\n", encoding="utf-8")
