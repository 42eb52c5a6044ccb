"""Takes rows of files in: reads, maps and checks them, meets duplicates, writes in batches, reports."""

from app.actions.imports.contacts import ContactIntake
from app.actions.imports.customers import CustomerIntake
from app.actions.imports.directory import Directory
from app.actions.imports.garbage import few_collections
from app.actions.imports.intake import Intake, OnDuplicate, Run
from app.actions.imports.mapping import read_map
from app.actions.imports.opportunities import OpportunityIntake
from app.actions.imports.report import Fault, Report, Unusable
from app.actions.imports.services import ServiceIntake
from app.actions.imports.tables import Table, bad_rows_file, open_table
from app.actions.imports.users import UserIntake

KINDS: dict[str, type[Intake]] = {
    intake.kind: intake for intake in (UserIntake, CustomerIntake, ContactIntake, OpportunityIntake, ServiceIntake)
}

__all__ = [
    "KINDS",
    "Directory",
    "Fault",
    "Intake",
    "OnDuplicate",
    "Report",
    "Run",
    "Table",
    "Unusable",
    "bad_rows_file",
    "few_collections",
    "open_table",
    "read_map",
]
