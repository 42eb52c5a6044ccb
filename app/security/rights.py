"""The catalogue of rights and the default roles; each right is one Flask-AppBuilder permission on a view."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.i18n import Choice, Label, LazyString, gettext
from app.models.org import Reach


class Verb(Choice):
    """What can be done on a screen."""

    SEE = "see", Label("See")
    CREATE = "create", Label("Create")
    EDIT = "edit", Label("Edit")
    DELETE = "delete", Label("Delete")
    IMPORT = "import", Label("Import")
    ASSIGN = "assign", Label("Assign")
    REASSIGN = "reassign", Label("Reassign")
    PLAN = "plan", Label("Make plan")
    CARRY_OUT = "carry_out", Label("Carry out plan")
    PLAN_FOR_OTHERS = "plan_for_others", Label("Plan for others")
    SUCCEED = "succeed", Label("Development succeeded")
    FAIL = "fail", Label("End development")
    SEE_PHONES = "see_phones", Label("See phone numbers")
    PRINT = "print", Label("Print")
    EXPORT = "export", Label("Export")
    HAND_OVER = "hand_over", Label("Hand over")
    SEE_AS = "see_as", Label("See as")
    END_SESSIONS = "end_sessions", Label("End sessions")
    RETRY = "retry", Label("Try again")
    RESTORE = "restore", Label("Restore")
    TRANSFER = "transfer", Label("Transfer")
    REFRESH = "refresh", Label("Refresh now")
    MATCH = "match", Label("Match orders")
    UNDO = "undo", Label("Undo")
    POSTPONE = "postpone", Label("Postpone churn")
    CONFIRM = "confirm", Label("Confirm churn")
    SCAN = "scan", Label("Scan for churn")
    WIN_BACK = "win_back", Label("Win back")
    ALLOCATE = "allocate", Label("Allocate")
    PROCESS = "process", Label("Process service")
    FEEDBACK = "feedback", Label("Give feedback")
    ESCALATE = "escalate", Label("Escalate complaint")
    SUBMIT = "submit", Label("Submit")
    REVIEW = "review", Label("Review")


@dataclass(frozen=True)
class MenuPage:
    """A further page of a screen, for who may do ``verb`` there; ``short`` names it beside the list.

    It stands below the screen's address, unless it has one of its own.
    """

    key: str
    label: LazyString
    short: LazyString
    icon: str
    address: str = ""
    verb: Verb = Verb.SEE


@dataclass(frozen=True)
class Screen:
    """One screen of the menu: its key is the view's permission name and its address.

    ``pages`` show its records in other ways than its list; those of ``menu`` stand in the menu in its place. What
    ``is_personal`` everybody may open, to see his own there; the right to see it shows everybody's. What ``is_open``
    everybody signed in sees, so that there is no right to see it.
    """

    key: str
    label: LazyString
    verbs: tuple[Verb, ...]
    in_menu: bool = True
    pages: tuple[MenuPage, ...] = ()
    menu: tuple[MenuPage, ...] = ()
    is_personal: bool = False
    is_open: bool = False
    address: str = ""

    @property
    def home(self) -> str:
        """The address of its first page: its list, unless it says otherwise."""
        return self.address or f"/{self.key}/list/"

    def right(self, verb: Verb) -> str:
        """The key of the right to do ``verb`` here."""
        return f"{self.key}.{verb.value}"


@dataclass(frozen=True)
class Module:
    """A group of screens; data scope is given per module."""

    key: str
    label: LazyString
    icon: str
    screens: tuple[Screen, ...]


OPPORTUNITIES = Screen(
    "opportunities",
    Label("Sales opportunities"),
    (Verb.SEE, Verb.CREATE, Verb.EDIT, Verb.DELETE, Verb.ASSIGN, Verb.REASSIGN, Verb.IMPORT, Verb.PRINT),
    pages=(MenuPage("board", Label("Opportunity board"), Label("Board"), "layout-kanban"),),
)
PLANS = Screen(
    "plans",
    Label("Development plans"),
    (Verb.SEE, Verb.PLAN, Verb.CARRY_OUT, Verb.PLAN_FOR_OTHERS, Verb.SUCCEED, Verb.FAIL, Verb.PRINT),
    pages=(MenuPage("calendar", Label("Plan calendar"), Label("Calendar"), "calendar"),),
)
_KEEPING = (Verb.SEE, Verb.CREATE, Verb.EDIT, Verb.DELETE)
CUSTOMERS = Screen(
    "customers",
    Label("Customers"),
    (
        *(Verb.SEE, Verb.EDIT, Verb.DELETE, Verb.RESTORE, Verb.TRANSFER, Verb.WIN_BACK),
        *(Verb.IMPORT, Verb.SEE_PHONES, Verb.PRINT),
    ),
)
CONTACTS = Screen("contacts", Label("Contacts"), (*_KEEPING, Verb.IMPORT), in_menu=False)
INTERACTIONS = Screen("interactions", Label("Interactions"), _KEEPING, in_menu=False)
ATTACHMENTS = Screen("attachments", Label("Attachments"), (Verb.SEE, Verb.CREATE, Verb.DELETE), in_menu=False)
ORDERS = Screen("orders", Label("Order history"), (Verb.SEE, Verb.PRINT), in_menu=False)
CHURN = Screen("churn", Label("Customer churn"), (Verb.SEE, Verb.POSTPONE, Verb.CONFIRM, Verb.SCAN, Verb.PRINT))
SERVICES = Screen(
    "services",
    Label("Service requests"),
    (
        *(Verb.SEE, Verb.CREATE, Verb.ALLOCATE, Verb.DELETE, Verb.PROCESS, Verb.FEEDBACK, Verb.ESCALATE),
        *(Verb.IMPORT, Verb.PRINT),
    ),
    menu=(
        MenuPage("create", Label("Create request"), Label("Create"), "plus", verb=Verb.CREATE),
        MenuPage("assign", Label("Assign requests"), Label("Allocate"), "user-check", verb=Verb.ALLOCATE),
        MenuPage("process", Label("Process requests"), Label("Process"), "checks", verb=Verb.PROCESS),
        MenuPage("feedback", Label("Service feedback"), Label("Feedback"), "message-circle", verb=Verb.FEEDBACK),
        MenuPage("archive", Label("Service archive"), Label("Archive"), "archive"),
    ),
    address="/services/archive",
)


def _report(name: str, label: LazyString) -> Screen:
    """The screen of a report; its figures are those of what its reader sees in the modules they come from."""
    return Screen(f"report-{name}", label, (Verb.SEE, Verb.EXPORT), address=f"/reports/{name}")


REPORT_CONTRIBUTION = _report("contribution", Label("Customer contribution"))
REPORT_COMPOSITION = _report("composition", Label("Customer composition"))
REPORT_SERVICE = _report("service", Label("Customer service"))
REPORT_CHURN = _report("churn", Label("Churn analysis"))
REPORTS = (REPORT_CONTRIBUTION, REPORT_COMPOSITION, REPORT_SERVICE, REPORT_CHURN)

MANAGEMENT_REPORTS = Screen(
    "management-reports", Label("Management reports"), (Verb.SEE, Verb.SUBMIT, Verb.REVIEW, Verb.EXPORT)
)

PRODUCTS = Screen("products", Label("Products"), (), is_open=True)
STOCK = Screen("stock", Label("Stock"), (), is_open=True)
DICTIONARY = Screen("dictionary", Label("Data dictionary"), _KEEPING)
SALES_SYSTEM = Screen(
    "sales-system",
    Label("Sales system"),
    (Verb.SEE, Verb.REFRESH, Verb.MATCH, Verb.IMPORT),
    pages=(
        MenuPage("set_aside", Label("Rows set aside"), Label("Set aside"), "alert-triangle", "/set-aside/list/"),
        MenuPage("unmatched", Label("Unmatched orders"), Label("Unmatched"), "link-off", "/unmatched-orders/list/"),
    ),
)
ANNOUNCEMENTS = Screen(
    "announcements", Label("Announcements"), (Verb.SEE, Verb.CREATE, Verb.EDIT, Verb.DELETE), in_menu=False
)
USERS = Screen(
    "users",
    Label("People"),
    (Verb.SEE, Verb.CREATE, Verb.EDIT, Verb.IMPORT, Verb.HAND_OVER, Verb.SEE_AS, Verb.END_SESSIONS),
)
DEPARTMENTS = Screen("departments", Label("Departments"), (Verb.SEE, Verb.CREATE, Verb.EDIT, Verb.DELETE))
ROLES = Screen("roles", Label("Roles and rights"), (Verb.SEE, Verb.CREATE, Verb.EDIT, Verb.DELETE))
AUDIT = Screen("audit", Label("Audit log"), (Verb.SEE, Verb.EXPORT))
SETTINGS = Screen("settings", Label("System settings"), (Verb.SEE, Verb.EDIT), address="/settings")
WORK_CALENDAR = Screen("work-calendar", Label("Work calendar"), _KEEPING)
SERVICE_LIMITS = Screen("service-limits", Label("Service time limits"), _KEEPING)
JOBS = Screen(
    "jobs",
    Label("Jobs"),
    (Verb.SEE, Verb.RETRY),
    pages=(MenuPage("schedule", Label("Schedule"), Label("Schedule"), "clock"),),
    is_personal=True,
)
UNDO = Screen("undo", Label("Bulk changes"), (Verb.SEE, Verb.UNDO), is_personal=True)

CATALOGUE = (
    Module("marketing", Label("Marketing"), "target-arrow", (OPPORTUNITIES, PLANS)),
    Module(
        "customers",
        Label("Customer management"),
        "building",
        (CUSTOMERS, CONTACTS, INTERACTIONS, ATTACHMENTS, ORDERS, CHURN),
    ),
    Module("services", Label("Service management"), "headset", (SERVICES,)),
    Module("reports", Label("Reports"), "chart-bar", (*REPORTS, MANAGEMENT_REPORTS)),
    Module("basedata", Label("Base data"), "database", (PRODUCTS, STOCK, DICTIONARY, SALES_SYSTEM)),
    Module("workbench", Label("Workbench"), "home", (ANNOUNCEMENTS,)),
    Module("access", Label("Access"), "lock", (USERS, DEPARTMENTS, ROLES, AUDIT)),
    Module("system", Label("System"), "settings", (SETTINGS, WORK_CALENDAR, SERVICE_LIMITS, JOBS, UNDO)),
)
#: What everybody signed in may do without being given the right.
OPEN_RIGHTS = frozenset(screen.right(Verb.SEE) for module in CATALOGUE for screen in module.screens if screen.is_open)
SCREENS = {screen.key: screen for module in CATALOGUE for screen in module.screens}


def all_rights() -> Iterator[str]:
    """The key of every right, as ``opportunities.assign``."""
    return (screen.right(verb) for screen in SCREENS.values() for verb in screen.verbs)


@dataclass(frozen=True)
class DefaultRole:
    """A role as ``flask crm init`` writes it once; afterwards the database is the truth."""

    name: str
    rights: frozenset[str]
    writes: Reach
    label: LazyString


def _rights(*groups: tuple[Screen, tuple[Verb, ...]]) -> frozenset[str]:
    return frozenset(screen.right(verb) for screen, verbs in groups for verb in verbs)


_SEES = (
    (OPPORTUNITIES, (Verb.SEE, Verb.PRINT)),
    (PLANS, (Verb.SEE, Verb.PRINT)),
    (CUSTOMERS, (Verb.SEE, Verb.PRINT)),
    (CONTACTS, (Verb.SEE,)),
    (INTERACTIONS, (Verb.SEE,)),
    (ATTACHMENTS, (Verb.SEE,)),
    (ORDERS, (Verb.SEE, Verb.PRINT)),
    (CHURN, (Verb.SEE, Verb.PRINT)),
    (SERVICES, (Verb.SEE, Verb.PRINT)),
    (ANNOUNCEMENTS, (Verb.SEE,)),
)

#: Who leads reads the reports.
_READS = tuple((screen, screen.verbs) for screen in REPORTS)

DEFAULT_ROLES = (
    DefaultRole("Administrator", frozenset(all_rights()), Reach.ALL, Label("Administrator")),
    DefaultRole(
        "Sales supervisor",
        _rights(
            *_SEES,
            *_READS,
            (
                OPPORTUNITIES,
                (Verb.CREATE, Verb.EDIT, Verb.DELETE, Verb.ASSIGN, Verb.REASSIGN, Verb.IMPORT),
            ),
            (PLANS, (Verb.PLAN_FOR_OTHERS,)),
            (CUSTOMERS, (Verb.TRANSFER, Verb.WIN_BACK, Verb.IMPORT, Verb.SEE_PHONES)),
            (CONTACTS, (Verb.IMPORT,)),
            (CHURN, (Verb.SCAN,)),
            (SERVICES, (Verb.CREATE, Verb.ALLOCATE, Verb.DELETE, Verb.ESCALATE, Verb.IMPORT)),
            (MANAGEMENT_REPORTS, (Verb.SEE, Verb.SUBMIT, Verb.EXPORT)),
        ),
        Reach.BELOW,
        Label("Sales supervisor"),
    ),
    DefaultRole(
        "Account manager",
        _rights(
            *_SEES,
            (OPPORTUNITIES, (Verb.CREATE, Verb.EDIT, Verb.DELETE)),
            (PLANS, (Verb.PLAN, Verb.CARRY_OUT, Verb.SUCCEED, Verb.FAIL)),
            (CUSTOMERS, (Verb.EDIT, Verb.DELETE, Verb.SEE_PHONES)),
            (CONTACTS, (Verb.CREATE, Verb.EDIT, Verb.DELETE)),
            (INTERACTIONS, (Verb.CREATE, Verb.EDIT, Verb.DELETE)),
            (ATTACHMENTS, (Verb.CREATE, Verb.DELETE)),
            (CHURN, (Verb.POSTPONE, Verb.CONFIRM)),
            (SERVICES, (Verb.CREATE, Verb.PROCESS, Verb.FEEDBACK, Verb.ESCALATE)),
        ),
        Reach.OWN,
        Label("Account manager"),
    ),
    DefaultRole(
        "Executive",
        _rights(*_SEES, *_READS, (MANAGEMENT_REPORTS, (Verb.SEE, Verb.REVIEW, Verb.EXPORT))),
        Reach.OWN,
        Label("Executive"),
    ),
)


def module_of(screen: Screen) -> Module:
    """The module a screen belongs to."""
    return next(module for module in CATALOGUE if screen in module.screens)


def parts_of(right: str) -> tuple[Screen, Verb]:
    """The screen of a right of the catalogue and what it lets one do there."""
    screen, verb = right.split(".")
    return SCREENS[screen], next(one for one in Verb if one.value == verb)


def name_of_right(right: str) -> str:
    """A right in the reader's language: the screen and what may be done there; one that is no more by its key."""
    if right not in set(all_rights()):
        return right
    screen, verb = parts_of(right)
    return gettext("%(screen)s: %(verb)s", screen=screen.label, verb=verb.label)


def name_of_module(key: str) -> str:
    """A module in the reader's language; one that is no more by its key."""
    return next((str(module.label) for module in CATALOGUE if module.key == key), key)


def permission_of(right: str) -> tuple[str, str]:
    """The Flask-AppBuilder permission and view names of a right."""
    screen, verb = right.split(".")
    return f"can_{verb}", screen


def right_of(permission: str, view: str) -> str:
    """The right that a Flask-AppBuilder permission on a view stands for."""
    return f"{view}.{permission.removeprefix('can_')}"
