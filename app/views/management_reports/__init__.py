"""Management reports on the screen: writing, submitting, reading, comparing and commenting on them."""

from app.views.management_reports.record import ManagementReports

__all__ = ["ManagementReports"]
