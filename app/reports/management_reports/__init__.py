"""The management report: the four analyses of a period, frozen for good, read again, compared, and set on paper."""

from app.reports.management_reports.analyses import Analysis, analyses, asked_of, live
from app.reports.management_reports.comparing import Compared, Line, change_since, compare
from app.reports.management_reports.freezing import Frozen, freeze, read_frozen

__all__ = [
    "Analysis",
    "Compared",
    "Frozen",
    "Line",
    "analyses",
    "asked_of",
    "change_since",
    "compare",
    "freeze",
    "live",
    "read_frozen",
]
