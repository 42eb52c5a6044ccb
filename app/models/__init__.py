"""What is: every table of the product, imported together so that the metadata is whole."""

import importlib
import pkgutil

from app.models.announcements import Announcement
from app.models.attachments import Attachment
from app.models.audit import AuditEntry, AuditKind, AuditSeal
from app.models.base import Model
from app.models.basedata import Category, DictionaryEntry, Product, StockLevel
from app.models.churn import ChurnCase, ChurnMeasure, ChurnStatus
from app.models.customers import Contact, Customer, CustomerStatus, Gender, NumberSeries
from app.models.hand_over import HandOver, HandOverLine
from app.models.history import StatusMove
from app.models.installation import Installation
from app.models.interactions import Interaction
from app.models.jobs import Job, JobState
from app.models.management_reports import (
    ManagementReport,
    ManagementReportComment,
    ManagementReportVersion,
    ReportStatus,
    Rhythm,
)
from app.models.marketing import Opportunity, OpportunityStatus, PlanItem
from app.models.orders import CustomerMonth, CustomerYear, Order, OrderLine, OrderStatus
from app.models.org import Department, Employee, Reach, Role, RoleReach
from app.models.reminders import Reminder, ReminderSetting
from app.models.roles import RoleVersion
from app.models.sales_system import CustomerAlias, Refresh, RefreshState, SetAside
from app.models.service_time import ServiceLimit, ServicePause
from app.models.services import Priority, ServiceRequest, ServiceRound, ServiceStatus
from app.models.sessions import EndReason, SignIn
from app.models.settings import SettingValue
from app.models.sign_in import SignInTry, TryOutcome
from app.models.undo import UndoBatch, UndoLine
from app.models.work_calendar import Holiday, SpecialDay

__all__ = [
    "Announcement",
    "Attachment",
    "AuditEntry",
    "AuditKind",
    "AuditSeal",
    "Category",
    "ChurnCase",
    "ChurnMeasure",
    "ChurnStatus",
    "Contact",
    "Customer",
    "CustomerAlias",
    "CustomerMonth",
    "CustomerStatus",
    "CustomerYear",
    "Department",
    "DictionaryEntry",
    "Employee",
    "EndReason",
    "Gender",
    "HandOver",
    "HandOverLine",
    "Holiday",
    "Installation",
    "Interaction",
    "Job",
    "JobState",
    "ManagementReport",
    "ManagementReportComment",
    "ManagementReportVersion",
    "Model",
    "NumberSeries",
    "Opportunity",
    "OpportunityStatus",
    "Order",
    "OrderLine",
    "OrderStatus",
    "PlanItem",
    "Priority",
    "Product",
    "Reach",
    "Refresh",
    "RefreshState",
    "Reminder",
    "ReminderSetting",
    "ReportStatus",
    "Rhythm",
    "Role",
    "RoleReach",
    "RoleVersion",
    "ServiceLimit",
    "ServicePause",
    "ServiceRequest",
    "ServiceRound",
    "ServiceStatus",
    "SetAside",
    "SettingValue",
    "SignIn",
    "SignInTry",
    "SpecialDay",
    "StatusMove",
    "StockLevel",
    "TryOutcome",
    "UndoBatch",
    "UndoLine",
]

# A table whose module nobody imports would be missing in the metadata, and so in the next migration.
for _module in pkgutil.iter_modules(__path__, f"{__name__}."):
    importlib.import_module(_module.name)
