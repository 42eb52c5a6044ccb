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
from app.reports.engine.drill import rows_at, within
from app.reports.engine.frames import cents, frame_of, sum_of, whole_numbers, word_of
from app.reports.engine.outcome import Chart, Fact, Outcome
from app.reports.engine.quantiles import medians, quantile, seconds_of
from app.reports.engine.report import Report, Statements, report_of, reports
from app.reports.engine.shares import part_of, shares
from app.reports.engine.table import Column, Kind, Row, Table
from app.reports.engine.wording import percent, yuan

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
    "Row",
    "Slice",
    "Statements",
    "Table",
    "Unreadable",
    "ask",
    "cents",
    "frame_of",
    "medians",
    "part_of",
    "percent",
    "quantile",
    "report_of",
    "reports",
    "rows_at",
    "seconds_of",
    "shares",
    "sum_of",
    "whole_numbers",
    "within",
    "word_of",
    "yuan",
]
