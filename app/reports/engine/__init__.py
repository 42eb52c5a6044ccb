"""What every report is made of: what it may be asked, what it finds, and the way from the one to the other."""

from app.reports.engine.asking import (
    Asked,
    DayFilter,
    EntryFilter,
    Filter,
    OptionFilter,
    Period,
    PeriodFilter,
    PersonFilter,
    Slice,
    Unreadable,
    ask,
)
from app.reports.engine.frames import cents, frame_of, sum_of, word_of
from app.reports.engine.outcome import Chart, Fact, Outcome
from app.reports.engine.report import Report, report_of, reports
from app.reports.engine.shares import shares
from app.reports.engine.table import Column, Kind, Table

__all__ = [
    "Asked",
    "Chart",
    "Column",
    "DayFilter",
    "EntryFilter",
    "Fact",
    "Filter",
    "Kind",
    "OptionFilter",
    "Outcome",
    "Period",
    "PeriodFilter",
    "PersonFilter",
    "Report",
    "Slice",
    "Table",
    "Unreadable",
    "ask",
    "cents",
    "frame_of",
    "report_of",
    "reports",
    "shares",
    "sum_of",
    "word_of",
]
